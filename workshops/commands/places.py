"""What happens to places when one is freed: offers to those who wait, offers that lapse, and the calendar's numbers.

Inside the caller's transaction, with the workshop's row locked: who is next and how many places there are is only
true under that lock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.calendar.api import Role, leave, take_part
from app.database import run
from app.notices.api import Kind, Part, offer_over
from workshops import rules, wording
from workshops.commands.steps import moment, recount, tell, tell_people, where_is
from workshops.facts import KIND, Row, offer_key, standing_of
from workshops.states import SIGN_UP_MOVES, SignUpState, State
from workshops.tables import SignUp
from workshops.wording import Mail

ACTIVE = (SignUpState.WAITING, SignUpState.OFFERED, SignUpState.CONFIRMED)
"""A person has one such sign-up to a workshop at most."""


async def last_sign_up(row: Row, member_id: int) -> Row | None:
    """The member's last sign-up to this workshop, whatever became of it."""
    found: list[Row] = (
        await SignUp.select()
        .where((SignUp.workshop_id == row["id"]) & (SignUp.member_id == member_id))
        .order_by(SignUp.id, ascending=False)
        .limit(1)
    )
    return found[0] if found else None


async def move_sign_up(sign_up: Row, to: SignUpState, *, now: datetime, **values: Any) -> None:
    """Move a sign-up along the table `SIGN_UP_MOVES`, and write these columns with it. An offer ends with it."""
    assert to in SIGN_UP_MOVES[SignUpState(sign_up["state"])], f"{sign_up['state']} does not become {to}"
    columns: dict[Any, Any] = {"state": to.value, **values}
    moved = (
        await SignUp.update(columns)
        .where((SignUp.id == sign_up["id"]) & (SignUp.state == sign_up["state"]))
        .returning(SignUp.id)
    )
    assert moved, "sign-ups only move under the lock of their workshop"
    await _end_offer(sign_up, now=now)


async def _end_offer(sign_up: Row, *, now: datetime) -> None:
    """What was offered to this sign-up until now, if anything, is nothing to read or to tell any more."""
    if sign_up["state"] == SignUpState.OFFERED:
        await offer_over(sign_up["member_id"], KIND, offer_key(sign_up["id"], sign_up["offered_at"]), now=now)


async def give_place(row: Row, sign_up: Row, *, now: datetime) -> None:
    """This sign-up, just made or just moved, has its place: into the person's calendar, and told."""
    member = sign_up["member_id"]
    if member is None:
        return
    await take_part(KIND, row["id"], member, Role.PARTICIPANT, binding=False, now=now)
    await tell(
        wording.confirmed(row["title"], row["starts_at"], where=await where_is(row), bring=row["bring"]),
        [member],
        row=row,
        kind=Kind.CONFIRMATION,
        what=f"confirmed-{sign_up['id']}-{moment(now)}",
        part=Part.INVITE,
        now=now,
    )


async def end_sign_up(row: Row, sign_up: Row, to: SignUpState, *, now: datetime) -> None:
    """It is withdrawn or lapsed: out of the person's calendar. `offer_freed` comes after."""
    await move_sign_up(sign_up, to, settled_at=now, now=now)
    if sign_up["member_id"] is not None:
        await leave(KIND, row["id"], sign_up["member_id"], now=now)


async def confirm_given_back(row: Row, sign_up: Row, *, now: datetime) -> None:
    """The person left, by themselves: told only if the workshop is to leave their own calendar."""
    if sign_up["member_id"] is not None:
        await tell(
            wording.given_back(row["title"], row["starts_at"]),
            [sign_up["member_id"]],
            row=row,
            kind=Kind.CONFIRMATION,
            what=f"given-back-{sign_up['id']}",
            part=Part.CANCEL,
            quiet=True,
            now=now,
        )


async def offer_freed(row: Row, *, now: datetime) -> None:
    """Offer free places to the first who wait; in the last two hours only say that there are some. Then recount."""
    standing = await standing_of(row)
    count = rules.offers_due(standing, now=now)
    if count:
        until = rules.offer_until(starts_at=row["starts_at"], now=now)
        first = (
            await SignUp.select()
            .where((SignUp.workshop_id == row["id"]) & (SignUp.state == SignUpState.WAITING.value))
            .order_by(SignUp.id)
            .limit(count)
        )
        mail = wording.offer(row["title"], row["starts_at"], where=await where_is(row), until=until)
        for sign_up in first:
            await move_sign_up(sign_up, SignUpState.OFFERED, offered_at=now, offer_until=until, now=now)
            await take_part(KIND, row["id"], sign_up["member_id"], Role.OFFERED, binding=False, now=now)
            await _tell_offer(mail, row, sign_up, what="offer", now=now)
    elif (
        standing.state is State.PUBLISHED
        and standing.taken < standing.capacity
        and standing.waiting
        and now < row["ends_at"]
    ):
        waiting = await run(
            "select member_id from sign_up where workshop_id = {} and state = 'waiting' order by id", row["id"]
        )
        await tell(
            wording.place_free(row["title"], row["starts_at"]),
            [each["member_id"] for each in waiting],
            row=row,
            kind=Kind.OFFER,
            what=f"free-{moment(now)}",
            now=now,
        )
    await recount(row)


async def _tell_offer(mail: Mail, row: Row, sign_up: Row, *, what: str, now: datetime) -> None:
    """Tell whom a place is kept for from now on; the mail can be answered."""
    await tell(
        mail,
        [sign_up["member_id"]],
        row=row,
        kind=Kind.OFFER,
        what=f"{what}-{sign_up['id']}-{moment(now)}",
        offer_key=offer_key(sign_up["id"], now),
        now=now,
    )


async def lapse_offers_of(row: Row, *, now: datetime) -> int:
    """End the offers that nobody answered in time, tell whom they were for, offer again. Returns how many lapsed.

    A cancelled session keeps its list: whoever had an offer is asked again if it reopens.
    """
    if row["state"] != State.PUBLISHED:
        return 0
    over = (
        await SignUp.select()
        .where(
            (SignUp.workshop_id == row["id"])
            & (SignUp.state == SignUpState.OFFERED.value)
            & (SignUp.offer_until <= now)
        )
        .order_by(SignUp.id)
    )
    for sign_up in over:
        await end_sign_up(row, sign_up, SignUpState.LAPSED, now=now)
        await tell(
            wording.offer_lapsed(row["title"]),
            [sign_up["member_id"]],
            row=row,
            kind=Kind.OFFER,
            what=f"lapsed-{sign_up['id']}",
            part=Part.CANCEL,
            now=now,
        )
    if over:
        await offer_freed(row, now=now)
    return len(over)


async def ask_again(row: Row, *, now: datetime) -> None:
    """A cancelled session is on again: each place that somebody had is kept until they have said yes once more.

    A person without an account cannot be asked and keeps it; whoever signed them up is told, and those who wait.
    """
    until = rules.offer_until(starts_at=row["starts_at"], now=now)
    kept = (
        await SignUp.select()
        .where(
            (SignUp.workshop_id == row["id"])
            & SignUp.state.is_in([SignUpState.CONFIRMED.value, SignUpState.OFFERED.value])
            & SignUp.member_id.is_not_null()
        )
        .order_by(SignUp.id)
    )
    mail = wording.asked_again(row["title"], row["starts_at"], where=await where_is(row), until=until)
    for sign_up in kept:
        if sign_up["state"] == SignUpState.CONFIRMED:
            await move_sign_up(
                sign_up, SignUpState.OFFERED, offered_at=now, offer_until=until, settled_at=None, now=now
            )
            await take_part(KIND, row["id"], sign_up["member_id"], Role.OFFERED, binding=False, now=now)
        else:
            await _end_offer(sign_up, now=now)
            await SignUp.update({SignUp.offered_at: now, SignUp.offer_until: until}).where(SignUp.id == sign_up["id"])
        await _tell_offer(mail, row, sign_up, what="again", now=now)
    asked = [sign_up["member_id"] for sign_up in kept]
    on_again = wording.on_again(row["title"], row["starts_at"])
    what = f"reopened-{moment(now)}"
    await tell_people(on_again, row=row, kind=Kind.CHANGE, what=what, now=now, but=asked)


async def shorten_offers(row: Row, *, now: datetime) -> list[Row]:
    """The start came nearer: no offer lasts longer than one made now would. Those that end sooner than was told."""
    until = rules.offer_until(starts_at=row["starts_at"], now=now)
    where = (
        (SignUp.workshop_id == row["id"]) & (SignUp.state == SignUpState.OFFERED.value) & (SignUp.offer_until > until)
    )
    hurried: list[Row] = await SignUp.update({SignUp.offer_until: until}).where(where).returning(*SignUp.all_columns())
    return sorted(hurried, key=lambda each: each["id"])


async def free_for_hosting(row: Row, member_id: int, *, now: datetime) -> None:
    """Somebody who comes to host gives their participant's place back: hosts have theirs."""
    mine = await last_sign_up(row, member_id)
    if mine is not None and mine["state"] in ACTIVE:
        await end_sign_up(row, mine, SignUpState.WITHDRAWN, now=now)
        await offer_freed(row, now=now)
