"""Telling people that where they go has another address, or another name: within a minute of the change, soonest first.

A new address is told to everybody who has a place. A new name, of the room or of the place, leads nobody astray: it
only goes to the calendars that hold the event by mail. What is to be told was remembered by `moved.note_moved`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.calendar.api import Coming, locked_to_come, who_comes
from app.clock import local_day
from app.contracts import EntryKind, Job
from app.database import command, run, transaction
from app.i18n import Text, text
from app.notices.api import About, tell
from app.notices.states import Kind, Part

AT_ONCE = 200
"""Things told by one run of the job, so that the other jobs have their turn. The rest is told by the next ones."""

NEXT = (
    "select m.kind, m.thing_id from moved m left join entry e on e.kind = m.kind and e.thing_id = m.thing_id "
    "order by e.starts_at, m.id limit {}"
)


def jobs_about(kinds: Mapping[str, EntryKind]) -> Sequence[Job]:
    """The job that tells where the entries of these kinds are now."""

    async def tell_them(now: datetime) -> int:
        return await tell_moves(kinds, now)

    return (Job("notices.tell_moves", tell_them, timedelta(minutes=1)),)


async def tell_moves(kinds: Mapping[str, EntryKind], now: datetime) -> int:
    """Tell the people of what has moved, a thing a transaction; returns how many messages were told."""
    things = await run(NEXT, AT_ONCE)
    return sum([await _tell_of(kinds.get(each["kind"]), each["kind"], each["thing_id"], now) for each in things])


@command
async def _tell_of(kind: EntryKind | None, name: str, thing_id: int, now: datetime) -> int:
    async with transaction():
        thing = await locked_to_come(name, thing_id, now=now)
        noted = await run(
            "delete from moved where kind = {} and thing_id = {} returning where_before, address_before, noted_at",
            name,
            thing_id,
        )
        if kind is None or thing is None or not noted:  # it has begun, is off, or another process told it
            return 0
        return await _tell(kind, thing, noted[0], now)


async def _tell(kind: EntryKind, thing: Coming, noted: Mapping[str, Any], now: datetime) -> int:
    people = {each.member_id for each in await who_comes(thing.entry_id)}
    if thing.where == noted["where_before"]:  # it was put back: only what left meanwhile is wrong
        people &= await _got_since(thing, noted["noted_at"])
    # An address that is given for the first time, or taken off the site, is nobody's wrong way.
    went = bool(noted["address_before"] and thing.address) and noted["address_before"] != thing.address
    subject, first = _new_address(thing) if went else _new_words(thing)
    return await tell(
        people,
        kind=Kind.CHANGE,
        what=f"moved-{thing.kind}-{thing.thing_id}-{int(noted['noted_at'].timestamp() * 1000)}",
        subject=subject,
        body=[first, text("Où : %(where)s.", where=thing.where)],
        link=kind.path.replace("{id}", str(thing.thing_id)),
        action=text(kind.see_label) if kind.see_label else None,
        place_id=thing.place_id,
        about=About(thing.kind, thing.thing_id, thing.starts_at),
        part=Part.UPDATE,
        discreet=thing.genre in kind.discreet,
        quiet=not went,
        now=now,
    )


async def _got_since(thing: Coming, at: datetime) -> set[int]:
    """Those to whose calendar the event went since then."""
    rows = await run(
        "select member_id from calendar_request where kind = {} and thing_id = {} and sent_at >= {}",
        thing.kind,
        thing.thing_id,
        at,
    )
    return {row["member_id"] for row in rows}


def _new_address(thing: Coming) -> tuple[Text, Text]:
    return (
        text("« %(title)s », %(day)s : nouvelle adresse", title=thing.title, day=local_day(thing.starts_at)),
        text("L’adresse a changé. L’heure reste la même : %(starts_at)s.", starts_at=thing.starts_at),
    )


def _new_words(thing: Coming) -> tuple[Text, Text]:
    return (
        text("« %(title)s », %(day)s : ton calendrier est à jour", title=thing.title, day=local_day(thing.starts_at)),
        text(
            "L’endroit et l’heure restent les mêmes, %(starts_at)s. Le nom ou l’adresse s’écrit autrement.",
            starts_at=thing.starts_at,
        ),
    )
