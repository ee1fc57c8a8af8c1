"""What reminders and the week's message need of the calendar: one thing to come with those who take part, and a week.

When who is told is decided by `app.notices`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.calendar.states import COMES, EntryState, Role
from app.database import is_sqlite, run

_COMES = ", ".join("{}" for _ in COMES)

_THING = (
    "e.id as entry_id, e.kind, e.thing_id, e.place_id, e.genre, e.title, e.starts_at, e.ends_at, r.name as room, "
    "p.name as place, p.address"
)
_AROUND = "join place p on p.id = e.place_id left join room r on r.id = e.room_id"


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that is on."""

    entry_id: int
    kind: str
    thing_id: int
    place_id: int
    genre: str
    title: str
    starts_at: datetime
    ends_at: datetime
    room: str
    """Empty if it has none."""
    place: str
    address: str

    @property
    def where(self) -> str:
        """Room, place and address in one line, as calendars have them."""
        return ", ".join(name for name in (self.room, self.place, self.address) if name)


@dataclass(frozen=True, slots=True)
class TakesPart:
    """Somebody who has a place in it, or whose doing it is."""

    member_id: int
    role: Role
    since: datetime
    """When they came to it as this."""


async def locked_to_come(kind: str, thing_id: int, *, now: datetime) -> Coming | None:
    """This thing, if it is on and yet to begin; locked until the caller's transaction ends."""
    rows = await run(
        f"select {_THING} from entry e {_AROUND} where e.kind = {{}} and e.thing_id = {{}} and e.state = {{}} "  # noqa: S608 - constants of this file
        "and e.starts_at > {}" + ("" if is_sqlite() else " for no key update of e"),
        kind,
        thing_id,
        EntryState.CONFIRMED.value,
        now,
    )
    return coming_of(rows[0]) if rows else None


async def who_comes(entry_id: int) -> list[TakesPart]:
    """Those who take part in this entry now, by id."""
    rows = await run(
        "select member_id, role, modified_at from taking_part where entry_id = {} and left_at is null "  # noqa: S608 - constants of this file
        f"and role in ({_COMES}) order by member_id",
        entry_id,
        *COMES,
    )
    return [TakesPart(row["member_id"], Role(row["role"]), row["modified_at"]) for row in rows]


def _own(members: int) -> str:
    """`cross join` and the order in it are SQLite's: from the week's entries, not from all that these members ever did.
    `state` is written out, as the partial index `entry_to_come` has it."""
    return (
        f"select {_THING}, t.member_id from entry e cross join taking_part t {_AROUND} "  # noqa: S608 - constants and marks
        "where e.state = 'confirmed' and e.starts_at >= {} and e.starts_at < {} and t.entry_id = e.id "
        f"and t.member_id in ({', '.join('{}' for _ in range(members))}) and t.left_at is null "
        f"and t.role in ({_COMES}) order by e.starts_at, e.id"
    )


async def own_between(members: Collection[int], first: datetime, after: datetime) -> dict[int, list[Coming]]:
    """What each of these members hosts, attends or holds that begins between these instants, in time's order."""
    if not members:
        return {}
    rows = await run(_own(len(members)), first, after, *members, *COMES)
    found: dict[int, list[Coming]] = {}
    for row in rows:
        found.setdefault(row["member_id"], []).append(coming_of(row))
    return found


async def free_between(places: Collection[int], first: datetime, after: datetime) -> list[Coming]:
    """What begins between these instants at these places, is listed and has a free seat for whoever asks then, in
    order."""
    if not places:
        return []
    rows = await run(
        f"select {_THING} from entry e {_AROUND} where e.place_id in ({', '.join('{}' for _ in places)}) "  # noqa: S608 - constants and marks
        "and e.starts_at >= {} and e.starts_at < {} and e.state = {} and e.listed "
        "and (e.joins_until is null or e.joins_until > {}) "
        "and (e.seats is null or (e.waiting = 0 and e.taken < e.seats)) order by e.starts_at, e.id",
        *places,
        first,
        after,
        EntryState.CONFIRMED.value,
        first,
    )
    return [coming_of(row) for row in rows]


def coming_of(row: dict[str, Any]) -> Coming:
    """From a row with these columns."""
    return Coming(
        entry_id=row["entry_id"],
        kind=row["kind"],
        thing_id=row["thing_id"],
        place_id=row["place_id"],
        genre=row["genre"],
        title=row["title"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        room=row["room"] or "",
        place=row["place"],
        address=row["address"],
    )
