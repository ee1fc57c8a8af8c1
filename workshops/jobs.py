"""What the clock does about workshops: silence that publishes, offers and drafts that lapse, sessions that are over.

Each job finds what is due without a lock, then does it one workshop a transaction, asking again under the lock: done
twice, or by two processes at once, it is done once. A job returns how many things it did, and raises `SomeFailed` at
its end when one of them fell over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any

from app.calendar.api import remove_entry, why_clashes
from app.database import command, run, transaction
from app.identity.api import Draw
from app.notices.api import Kind, Part
from app.one_by_one import OneByOne
from workshops import rules, wording
from workshops.commands.places import lapse_offers_of
from workshops.commands.publishing import agree, draw_jury, freed_room, plain_draw
from workshops.commands.steps import (
    change,
    locked,
    locked_with_time,
    moment,
    move,
    note,
    room_of,
    tell,
    tell_people,
    write_entry,
)
from workshops.commands.turns import follow_room
from workshops.facts import KIND, Row, matter_of, standing_of
from workshops.states import FORMATS, Format, SignUpState, State
from workshops.tables import Juror, SignUp


async def publish_silent(now: datetime) -> int:
    """Silence is assent: publish the proposals whose reading is over, and keep the edits that nobody answered."""
    things = OneByOne("workshops.publish_silent")
    await _each(
        things,
        _publish_one,
        await run(
            "select id from workshop where state = {} and agreed_at is null and due_at <= {} order by due_at, id",
            State.PROPOSED.value,
            now,
        ),
        now,
    )
    await _each(
        things,
        _keep_edit,
        await run("select id from workshop where state = {} and review_due_at <= {}", State.PUBLISHED.value, now),
        now,
    )
    return things.done()


@command
async def _publish_one(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row, _ = await locked_with_time(workshop_id)
        if row["state"] != State.PROPOSED or row["agreed_at"] is not None or row["due_at"] > now:
            return False
        await agree(row, how="silence", by=None, now=now)
        return True


@command
async def _keep_edit(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row = await locked(workshop_id)
        if row["state"] != State.PUBLISHED or row["review_due_at"] is None or row["review_due_at"] > now:
            return False
        await change(row, now=now, review_due_at=None, edited_at=None, edited_from="")
        return True


async def settle_contests(now: datetime, *, draw: Draw = plain_draw) -> int:
    """Publish the contested that nobody settled in time; draw members where a block has lasted its 72 h."""
    things = OneByOne("workshops.settle_contests")
    await _each(
        things,
        _settle_one,
        await run(
            "select id from workshop where state = {} and agreed_at is null and contest_due_at <= {} order by id",
            State.CONTESTED.value,
            now,
        ),
        now,
    )

    async def draw_one(workshop_id: int, now: datetime) -> bool:
        return await _draw_one(workshop_id, now, draw)

    blocked = await run(
        "select w.id from workshop w where w.state = {} and w.agreed_at is null and w.blocked_until <= {} "
        "and w.due_at > {} and not exists (select 1 from juror j where j.workshop_id = w.id "
        "and j.matter like 'block:%' and j.drawn_at >= w.blocked_at) order by w.id",
        State.PROPOSED.value,
        now,
        now,
    )
    await _each(things, draw_one, blocked, now)
    return things.done()


@command
async def _settle_one(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row, _ = await locked_with_time(workshop_id)
        if row["state"] != State.CONTESTED or row["agreed_at"] is not None or row["contest_due_at"] > now:
            return False
        await agree(row, how="silence", by=None, now=now)
        return True


@command
async def _draw_one(workshop_id: int, now: datetime, draw: Draw) -> bool:
    async with transaction():
        row = await locked(workshop_id)
        if row["state"] != State.PROPOSED or row["blocked_until"] is None or row["blocked_until"] > now:
            return False
        drawn = await run(
            "select 1 as one from juror where workshop_id = {} and matter = {}", workshop_id, matter_of(row)
        )
        if drawn or row["agreed_at"] is not None:
            return False
        return bool(await draw_jury(row, due_at=row["due_at"], draw=draw, now=now))


async def lapse_offers(now: datetime) -> int:
    """A place that was kept for somebody who did not answer goes to the next who waits."""
    due = await run(
        "select distinct w.id from sign_up s join workshop w on w.id = s.workshop_id "
        "where s.state = {} and s.offer_until <= {} and w.state = {} order by w.id",
        SignUpState.OFFERED.value,
        now,
        State.PUBLISHED.value,
    )
    things = OneByOne("workshops.lapse_offers")
    await _each(things, _lapse_offers_of, due, now)
    return things.done()


@command
async def _lapse_offers_of(workshop_id: int, now: datetime) -> int:
    async with transaction():
        return await lapse_offers_of(await locked(workshop_id), now=now)


async def lapse_past(now: datetime) -> int:
    """Drafts and what was sent back, once their start has passed; and what waited in vain for the bureau's yes."""
    due = await run(
        "select id from workshop where starts_at <= {} and (state in ({}, {}) "
        "or (state in ({}, {}) and needs <> '' and yes_at is null)) order by id",
        now,
        State.DRAFT.value,
        State.SENT_BACK.value,
        State.PROPOSED.value,
        State.CONTESTED.value,
    )
    things = OneByOne("workshops.lapse_past")
    await _each(things, _lapse_one, due, now)
    return things.done()


@command
async def _lapse_one(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        state = State(row["state"])
        for_the_yes = state in (State.PROPOSED, State.CONTESTED) and bool(row["needs"]) and row["yes_at"] is None
        if row["starts_at"] > now or not (state in (State.DRAFT, State.SENT_BACK) or for_the_yes):
            return False
        row = await move(row, State.LAPSED, now=now)
        await remove_entry(KIND, workshop_id, now=now)
        if state is not State.DRAFT:
            await note(row, "lapsed", voice="clock", by=None, now=now)
            mail = wording.lapsed(row["title"], for_the_yes=for_the_yes)
            await tell(mail, hosts, row=row, kind=Kind.HOSTING, what="lapsed", part=Part.CANCEL, now=now)
        return True


async def hold_past(now: datetime) -> int:
    """What is published and has ended was held."""
    due = await run(
        "select id from workshop where state = {} and ends_at <= {} order by id", State.PUBLISHED.value, now
    )
    things = OneByOne("workshops.hold_past")
    await _each(things, _hold_one, due, now)
    return things.done()


@command
async def _hold_one(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row = await locked(workshop_id)
        if row["state"] != State.PUBLISHED or row["ends_at"] > now:
            return False
        await move(row, State.HELD, now=now, review_due_at=None)
        return True


async def room_to_find(now: datetime) -> int:
    """Give a wished room that has come free; before publication the clock goes on from where it would be."""
    wishes = await run(
        "select id, wished_room_id, starts_at, ends_at from workshop where wished_room_id is not null "
        "and room_id is null and starts_at > {} and state in ({}, {}, {}, {}) order by proposed_at, id",
        now,
        State.PROPOSED.value,
        State.SENT_BACK.value,
        State.CONTESTED.value,
        State.PUBLISHED.value,
    )
    of_id = {wish["id"]: wish for wish in wishes}

    async def give_if_free(workshop_id: int, now: datetime) -> bool:
        wish = of_id[workshop_id]
        taken = await why_clashes(
            starts_at=wish["starts_at"],
            ends_at=wish["ends_at"],
            room_id=wish["wished_room_id"],
            except_for=(KIND, workshop_id),
        )
        return not taken and await _give_room(workshop_id, now)

    things = OneByOne("workshops.room_to_find")
    await _each(things, give_if_free, wishes, now)
    return things.done()


@command
async def _give_room(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        state = State(row["state"])
        alive = state in (State.PROPOSED, State.SENT_BACK, State.CONTESTED, State.PUBLISHED)
        room = await freed_room(row)
        if not room or not alive or row["starts_at"] <= now:
            return False
        values: dict[str, Any] = dict(room)
        if state is State.PROPOSED:
            values["due_at"] = _due_with_room(row)
        matter = matter_of(row)
        row = await change(row, now=now, version=row["version"] + 1, **values)
        if matter is not None:  # whoever has been drawn goes on ruling: nobody's words have changed
            sitting = (Juror.workshop_id == workshop_id) & (Juror.matter == matter)
            await Juror.update({Juror.matter: matter_of(row)}).where(sitting)
        await write_entry(row, now=now)
        await note(row, "room_found", voice="clock", by=None, now=now)
        name = (await room_of(row["place_id"], row["room_id"])).name
        await follow_room(row, now=now)
        mail = wording.room_found(row["title"], room=name, starts_at=row["starts_at"])
        what = f"room-{moment(now)}"
        kind = Kind.CHANGE if state is State.PUBLISHED else Kind.HOSTING
        await tell(mail, hosts, row=row, kind=kind, what=what, part=Part.UPDATE, now=now)
        if state is State.PUBLISHED:
            await tell_people(mail, row=row, kind=kind, what=what, part=Part.UPDATE, now=now)
        return True


def _due_with_room(row: Row) -> datetime:
    """The clock as if the room had never been taken; a block that holds keeps it."""
    due = rules.due_after_edit(now=row["proposed_at"], starts_at=row["starts_at"])
    return due if row["blocked_until"] is None else max(due, row["due_at"])


async def low_numbers(now: datetime) -> int:
    """48 h before, ask the hosts of sessions under their format's minimum: keep, move or cancel? Once."""
    soon = await run(
        "select w.id, w.format, (select count(*) from sign_up s where s.workshop_id = w.id "
        "and s.state in ('confirmed', 'offered')) as taken from workshop w where w.state = {} "
        "and w.low_told_at is null and w.starts_at > {} and w.starts_at <= {} order by w.id",
        State.PUBLISHED.value,
        now,
        now + rules.FEW_ASKED_AT,
    )
    few = [each for each in soon if each["taken"] < FORMATS[Format(each["format"])].least]
    things = OneByOne("workshops.low_numbers")
    await _each(things, _ask_about_numbers, few, now)
    return things.done()


@command
async def _ask_about_numbers(workshop_id: int, now: datetime) -> bool:
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        standing = await standing_of(row)
        published_late = row["published_at"] > row["starts_at"] - rules.FEW_ASKED_AT
        if row["low_told_at"] is not None or published_late or not rules.is_low(standing, now=now):
            return False
        row = await change(row, now=now, low_told_at=now)
        least = FORMATS[standing.format].least
        mail = wording.low_numbers(row["title"], row["starts_at"], taken=standing.taken, least=least)
        await tell(mail, hosts, row=row, kind=Kind.HOSTING, what=f"low-{moment(row['starts_at'])}", now=now)
        return True


async def erase_guests(now: datetime) -> int:
    """Forget the first names of people without an account, and who brought them, 30 days after the end; in the journal
    too, where members read nothing of it."""
    due = await run(
        "select id from workshop w where ends_at <= {} and exists (select 1 from sign_up s where s.workshop_id = w.id "
        "and s.member_id is null and (s.first_name <> '' or s.signed_by is not null)) order by id",
        now - rules.GUESTS_KEPT_FOR,
    )
    things = OneByOne("workshops.erase_guests")
    await _each(things, _erase_guests_of, due, now)
    return things.done()


@command
async def _erase_guests_of(workshop_id: int, now: datetime) -> int:
    async with transaction():
        await locked(workshop_id)
        erased = (
            await SignUp.update({SignUp.first_name: "", SignUp.signed_by: None})
            .where(
                (SignUp.workshop_id == workshop_id)
                & SignUp.member_id.is_null()
                & ((SignUp.first_name != "") | SignUp.signed_by.is_not_null())
            )
            .returning(SignUp.id)
        )
        await run(
            "update journal_line set actor_id = null where kind = {} and thing_id = {} and act = {}",
            KIND,
            workshop_id,
            "workshop.guest_signed_up",
        )
        return len(erased)


async def _each(
    things: OneByOne, do: Callable[[int, datetime], Awaitable[int]], due: Collection[dict[str, Any]], now: datetime
) -> None:
    for each in due:
        await things.try_one(KIND, each["id"], partial(do, each["id"], now))
