"""What happens to places when one is freed: offers to those who wait, offers that lapse, and the calendar's numbers.

Inside the caller's transaction, with the workshop's row locked: who is next and how many places there are is only
true under that lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.calendar.api import Role, all_take_part, leave, take_part
from app.database import columns_of, run
from app.notices.api import Kind, Part, offers_over
from workshops import rules, wording
from workshops.commands.steps import moment, recount, tell, tell_people, where_is
from workshops.facts import KIND, Row, offer_key, standing_of
from workshops.states import ACTIVE, SIGN_UP_MOVES, SignUpState, State
from workshops.tables import SignUp
from workshops.wording import Mail


async def last_sign_up(row: Row, member_id: int) -> Row | None:
    """The member's last sign-up to this workshop, whatever became of it."""
    found = await run(
        f"select {columns_of(SignUp)} from sign_up "  # noqa: S608 - names of ours
        "where workshop_id = {} and member_id = {} order by id desc limit 1",
        row["id"],
        member_id,
    )
    return found[0] if found else None


async def move_sign_up(sign_up: Row, to: SignUpState, *, now: datetime, **values: Any) -> None:
    """Move a sign-up along the table `SIGN_UP_MOVES`, and write these columns with it. An offer ends with it."""
    await move_sign_ups([sign_up], to, now=now, **values)


async def move_sign_ups(sign_ups: Sequence[Row], to: SignUpState, *, now: datetime, **values: Any) -> None:
    """Move sign-ups of one workshop that stand alike, all as `move_sign_up` does one."""
    if not sign_ups:
        return
    (state,) = {each["state"] for each in sign_ups}
    assert to in SIGN_UP_MOVES[SignUpState(state)], f"{state} does not become {to}"
    columns: dict[Any, Any] = {"state": to.value, **values}
    moved = (
        await SignUp.update(columns)
        .where(SignUp.id.is_in([each["id"] for each in sign_ups]) & (SignUp.state == state))
        .returning(SignUp.id)
    )
    assert len(moved) == len(sign_ups), "sign-ups only move under the lock of their workshop"
    await _end_offers(sign_ups, now=now)


async def _end_offers(sign_ups: Sequence[Row], *, now: datetime) -> None:
    """What was offered to these sign-ups until now, if anything, is nothing to read or to tell any more."""
    offered = [each for each in sign_ups if each["state"] == SignUpState.OFFERED]
    await offers_over(KIND, {each["member_id"]: offer_key(each["id"], each["offered_at"]) for each in offered}, now=now)


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
    await _end_sign_ups(row, [sign_up], to, now=now)


async def _end_sign_ups(row: Row, sign_ups: Sequence[Row], to: SignUpState, *, now: datetime) -> None:
    await move_sign_ups(sign_ups, to, settled_at=now, now=now)
    members = [each["member_id"] for each in sign_ups if each["member_id"] is not None]
    await leave(KIND, row["id"], *members, now=now)


def has_place(sign_up: Row) -> bool:
    """Whether a place is free once this sign-up has ended; whoever waits has none to give back."""
    return sign_up["state"] in (SignUpState.CONFIRMED, SignUpState.OFFERED)


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


async def offer_freed(row: Row, *, freed: bool, now: datetime) -> None:
    """Offer free places to the first who wait; in the last two hours only say that there are some. Then recount.

    `freed` is whether a place came free by what was just done: one that was free before has been told.
    """
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
        await move_sign_ups(first, SignUpState.OFFERED, offered_at=now, offer_until=until, now=now)
        mail = wording.offer(row["title"], row["starts_at"], where=await where_is(row), until=until)
        await _tell_offers(mail, row, first, what="offer", until=until, now=now)
    elif (
        freed
        and standing.state is State.PUBLISHED
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
            good_until=row["ends_at"],
            now=now,
        )
    await recount(row)


async def _tell_offers(
    mail: Mail, row: Row, sign_ups: Sequence[Row], *, what: str, until: datetime, now: datetime
) -> None:
    """Tell those for whom a place is kept from now on; each mail can be answered."""
    if not sign_ups:
        return
    members = [each["member_id"] for each in sign_ups]
    await all_take_part(KIND, row["id"], members, Role.OFFERED, binding=False, now=now)
    await tell(
        mail,
        members,
        row=row,
        kind=Kind.OFFER,
        what=f"{what}-{sign_ups[-1]['id']}-{moment(now)}",
        offer_keys={each["member_id"]: offer_key(each["id"], now) for each in sign_ups},
        good_until=until,
        now=now,
    )


async def lapse_offers_of(row: Row, *, now: datetime) -> int:
    """End the offers that nobody answered in time, tell whom they were for, offer again. Returns how many lapsed.

    A cancelled session keeps its list: whoever had an offer is asked again if it reopens.
    """
    if row["state"] != State.PUBLISHED:
        return 0
    over = await run(
        f"select {columns_of(SignUp)} from sign_up "  # noqa: S608 - names of ours
        "where workshop_id = {} and state = 'offered' and offer_until <= {} order by id",
        row["id"],
        now,
    )
    if not over:
        return 0
    await _end_sign_ups(row, over, SignUpState.LAPSED, now=now)
    await tell(
        wording.offer_lapsed(row["title"]),
        [each["member_id"] for each in over],
        row=row,
        kind=Kind.OFFER,
        what=f"lapsed-{over[-1]['id']}",
        part=Part.CANCEL,
        now=now,
    )
    await offer_freed(row, freed=True, now=now)
    return len(over)


async def ask_again(row: Row, *, hosts: Sequence[int], now: datetime) -> None:
    """A cancelled session is on again: each place that somebody had is kept until they have said yes once more.

    A person without an account cannot be asked and keeps it; whoever signed them up is told, and those who wait. The
    caller tells the hosts.
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
    confirmed = [each for each in kept if each["state"] == SignUpState.CONFIRMED]
    await move_sign_ups(confirmed, SignUpState.OFFERED, offered_at=now, offer_until=until, settled_at=None, now=now)
    offered = [each for each in kept if each["state"] == SignUpState.OFFERED]
    if offered:
        await _end_offers(offered, now=now)
        again: dict[Any, Any] = {SignUp.offered_at: now, SignUp.offer_until: until}
        await SignUp.update(again).where(SignUp.id.is_in([each["id"] for each in offered]))
    mail = wording.asked_again(row["title"], row["starts_at"], where=await where_is(row), until=until)
    await _tell_offers(mail, row, kept, what="again", until=until, now=now)
    asked = [sign_up["member_id"] for sign_up in kept]
    on_again = wording.on_again(row["title"], row["starts_at"])
    what = f"reopened-{moment(now)}"
    await tell_people(on_again, row=row, kind=Kind.CHANGE, what=what, now=now, but=asked, hosts=hosts)


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
        await offer_freed(row, freed=has_place(mine), now=now)
