"""Taking a place, giving it back, answering an offer; for oneself or for a person without an account.

Every command locks the workshop's row, so that counting and taking are one thing. The same command twice has the
effect of once.
"""

from __future__ import annotations

from datetime import datetime

from app.calendar.api import Role, take_part
from app.database import columns_of, command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.notices.api import Kind
from workshops import rules, wording
from workshops.commands.places import (
    confirm_given_back,
    end_sign_up,
    give_place,
    has_place,
    lapse_offers_of,
    last_sign_up,
    move_sign_up,
    offer_freed,
)
from workshops.commands.steps import ask, count_in, locked, note, recount, refuse_if, tell
from workshops.facts import KIND, Row, offer_key
from workshops.states import ACTIVE, SignUpState, WorkshopRefusal
from workshops.tables import SignUp


@command
async def sign_up(*, actor: int, workshop_id: int, now: datetime) -> SignUpState:
    """Take a place, or stand at the end of the queue; says which. Somebody who was offered a place says yes so."""
    async with transaction():
        row = await locked(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if standing.offered and await lapse_offers_of(row, now=now):
            standing, who = await ask(row, actor, now=now)
        if who.sign_up is SignUpState.CONFIRMED:
            return who.sign_up
        refuse_if(rules.why_cannot_sign_up(standing, who, now=now))
        mine = await last_sign_up(row, actor) if who.sign_up is not None else None
        if mine is not None and who.sign_up is SignUpState.OFFERED:
            await _confirm(row, mine, now=now)
            return SignUpState.CONFIRMED
        state = rules.place_or_queue(standing, now=now)
        if mine is not None and who.sign_up is SignUpState.WAITING:
            if state is SignUpState.CONFIRMED:
                await _confirm(row, mine, now=now)
            return state
        mine = await _insert(row, state, member_id=actor, now=now)
        if state is SignUpState.CONFIRMED:
            await give_place(row, mine, now=now)
        else:
            await take_part(KIND, workshop_id, actor, Role.WAITING, binding=False, now=now)
        await count_in(row, standing, state)
        return state


@command
async def sign_up_guest(*, actor: int, workshop_id: int, first_name: str, now: datetime) -> int:
    """Take a place for a person without an account; returns the sign-up's id. Who did it is kept with the name."""
    async with transaction():
        row = await locked(workshop_id)
        await lapse_offers_of(row, now=now)
        standing, who = await ask(row, actor, now=now)
        again = await run(
            "select id from sign_up where workshop_id = {} and signed_by = {} and first_name = {} "
            "and state = 'confirmed' order by id limit 1",
            workshop_id,
            actor,
            first_name,
        )
        if again:
            return int(again[0]["id"])
        refuse_if(rules.why_cannot_sign_up_guest(standing, who, now=now))
        made = await _insert(row, SignUpState.CONFIRMED, first_name=first_name, signed_by=actor, now=now)
        await note(row, "guest_signed_up", voice="member", by=actor, now=now)
        await count_in(row, standing, SignUpState.CONFIRMED)
        return int(made["id"])


@command
async def withdraw(*, actor: int, workshop_id: int, now: datetime) -> SignUpState | None:
    """Give the place, or the place in the queue, back; says what it was. It is free at once, and offered to the first
    who waits."""
    async with transaction():
        row = await locked(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if who.sign_up not in ACTIVE:
            return None
        refuse_if(rules.why_cannot_withdraw(standing, now=now))
        mine = await last_sign_up(row, actor)
        assert mine is not None
        await end_sign_up(row, mine, SignUpState.WITHDRAWN, now=now)
        await confirm_given_back(row, mine, now=now)
        await offer_freed(row, freed=has_place(mine), now=now)
        return who.sign_up


@command
async def withdraw_guest(*, actor: int, workshop_id: int | None = None, sign_up_id: int, now: datetime) -> None:
    """Give back the place of a person without an account: whoever took it, or a host. To others it does not exist, nor
    under another workshop's address (`workshop_id`)."""
    async with transaction():
        found = await run("select workshop_id from sign_up where id = {} and member_id is null", sign_up_id)
        if not found or workshop_id not in (None, found[0]["workshop_id"]):
            raise NotFound
        row = await locked(found[0]["workshop_id"])
        guest = (await get_for_update(SignUp, sign_up_id))[0]
        standing, who = await ask(row, actor, now=now)
        if guest["signed_by"] != actor and rules.why_cannot_read_list(standing, who) is not None:
            raise NotFound
        if guest["state"] not in ACTIVE:
            return
        refuse_if(rules.why_cannot_withdraw(standing, now=now))
        await end_sign_up(row, guest, SignUpState.WITHDRAWN, now=now)
        if guest["signed_by"] not in (None, actor):
            await tell(
                wording.guest_left(row["title"], row["starts_at"], first_name=guest["first_name"]),
                [guest["signed_by"]],
                row=row,
                kind=Kind.CANCELLATION,
                what=f"guest-left-{guest['id']}",
                now=now,
            )
        await offer_freed(row, freed=has_place(guest), now=now)


@command
async def answer_offer(*, actor: int, workshop_id: int, yes: bool, offer: str = "", now: datetime) -> None:
    """Say yes or no to the place that is kept for oneself. No is final; one may sign up again, at the end.

    `offer` is the one that was read (`facts.offer_key`): a later one is not answered by it. Without it, whatever is
    offered now.
    """
    async with transaction():
        row = await locked(workshop_id)
        standing, who = await ask(row, actor, now=now)
        last = await last_sign_up(row, actor)
        mine = await _offered(row, actor, offer) if offer else last
        state = SignUpState(mine["state"]) if mine is not None else None
        if state in ((SignUpState.CONFIRMED,) if yes else (SignUpState.WITHDRAWN, SignUpState.LAPSED)):
            return
        if mine is None or last is None or mine["id"] != last["id"]:
            raise Refused(WorkshopRefusal.NO_OFFER)
        if yes or state is not SignUpState.OFFERED:
            refuse_if(rules.why_cannot_answer_offer(standing, who, now=now))
        if yes:
            await _confirm(row, mine, now=now)
        else:
            await end_sign_up(row, mine, SignUpState.WITHDRAWN, now=now)
            await confirm_given_back(row, mine, now=now)
            await offer_freed(row, freed=has_place(mine), now=now)


async def _offered(row: Row, member_id: int, offer: str) -> Row | None:
    """The sign-up whose last offer this is."""
    offered: list[Row] = await SignUp.select().where(
        (SignUp.workshop_id == row["id"]) & (SignUp.member_id == member_id) & SignUp.offered_at.is_not_null()
    )
    return next((each for each in offered if offer_key(each["id"], each["offered_at"]) == offer), None)


async def _confirm(row: Row, mine: Row, *, now: datetime) -> None:
    await move_sign_up(mine, SignUpState.CONFIRMED, settled_at=now, offer_until=None, now=now)
    await give_place(row, mine, now=now)
    await recount(row)


async def _insert(
    row: Row,
    state: SignUpState,
    *,
    member_id: int | None = None,
    first_name: str = "",
    signed_by: int | None = None,
    now: datetime,
) -> Row:
    made = await run(
        "insert into sign_up (workshop_id, member_id, first_name, signed_by, state, asked_at, settled_at, "  # noqa: S608 - names of ours
        f"present, last_word, last_word_shown) values ({{}}, {{}}, {{}}, {{}}, {{}}, {{}}, {{}}, {{}}, '', {{}}) "
        f"returning {columns_of(SignUp)}",
        row["id"],
        member_id,
        first_name,
        signed_by,
        state.value,
        now,
        now if state is SignUpState.CONFIRMED else None,
        False,
        False,
    )
    return made[0]
