"""What the pages of places show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.clock import at_local, local_day
from app.database import run
from app.errors import NotFound
from app.identity.api import Person, PlaceFacts, RoomFacts, holders_of, holds, places, rooms_of
from app.identity.states import HANDED_OVER, Act
from app.identity.visits import Visit

MONDAY = date(2026, 1, 5)
"""Any Monday: to name the days of the week."""


@dataclass(frozen=True, slots=True)
class DayHours:
    """The openings of one weekday."""

    weekday: int
    day: date
    """A date on that weekday, for its name."""
    stretches: Sequence[tuple[datetime, datetime]]
    """From when to when, on that date."""
    written: Sequence[tuple[str, str]]
    """The same, as the form has it: "09:00"."""
    today: bool


@dataclass(frozen=True, slots=True)
class ClosureLine:
    """Closed days to come."""

    id: int
    first_on: date
    last_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class MediatorLine:
    """Who mediates there, and who pays them."""

    id: int
    name: str
    employer: str


@dataclass(frozen=True, slots=True)
class PlacePage:
    """The public page of a place."""

    place: PlaceFacts
    week: Sequence[DayHours]
    closures: Sequence[ClosureLine]
    rooms: Sequence[RoomFacts]
    mediators: Sequence[MediatorLine]
    """For members of the place alone."""
    me_belong: bool
    may_join: bool
    looked_at: bool
    """Whether this is the place of the visit."""
    may_keep: bool
    is_open: bool
    """Whether any hours are written."""


async def place_by(written: str) -> PlaceFacts:
    """The place with this short name or id. Raises `NotFound`."""
    for place in await places():
        if written in (place.slug, str(place.id)):
            return place
    raise NotFound


async def place_page(visit: Visit, slug: str) -> PlacePage:
    """What everybody may read of a place, and for its members who mediates. Raises `NotFound`."""
    place = await place_by(slug)
    belongs = False
    mediators: list[MediatorLine] = []
    may_keep = False
    if visit.member is not None:
        belongs = bool(
            await run(
                "select 1 as one from membership where member_id = {} and place_id = {}", visit.member.id, place.id
            )
        )
        may_keep = await holds(visit.member.id, place.id, Act.KEEP_PLACE, visit.now)
    if belongs:
        mediators = await _mediators(place.id)
    week = await week_of(place.id, today=local_day(visit.now))
    return PlacePage(
        place=place,
        week=week,
        closures=await closures_of(place.id, local_day(visit.now)),
        rooms=await rooms_of(place.id),
        mediators=mediators,
        me_belong=belongs,
        may_join=visit.member is not None and not belongs,
        looked_at=visit.place is not None and visit.place.id == place.id,
        may_keep=may_keep,
        is_open=any(day.stretches for day in week),
    )


async def _mediators(place_id: int) -> list[MediatorLine]:
    rows = await run(
        "select m.id, m.name, ms.employer from membership ms join member m on m.id = ms.member_id "
        "where ms.place_id = {} and ms.mediator = {} and m.erased_at is null order by m.name_key, m.id",
        place_id,
        True,
    )
    return [MediatorLine(row["id"], row["name"], row["employer"]) for row in rows]


async def week_of(place_id: int, *, today: date) -> list[DayHours]:
    """The hours of the seven days, Monday first."""
    rows = await run(
        "select weekday, opens, closes from opening_hours where place_id = {} order by weekday, opens", place_id
    )
    week = []
    for weekday in range(7):
        day = MONDAY + timedelta(days=weekday)
        written = [(row["opens"], row["closes"]) for row in rows if row["weekday"] == weekday]
        stretches = [(_on(day, opens), _on(day, closes)) for opens, closes in written]
        week.append(DayHours(weekday, day, stretches, written, today.weekday() == weekday))
    return week


def _on(day: date, written: str) -> datetime:
    return at_local(day, time.fromisoformat(written))


async def closures_of(place_id: int, today: date) -> list[ClosureLine]:
    """The closed days that are not past, the next first."""
    rows = await run(
        "select id, first_on, last_on, reason from closure where place_id = {} and last_on >= {} "
        "order by first_on, id limit 50",
        place_id,
        today,
    )
    return [ClosureLine(row["id"], row["first_on"], row["last_on"], row["reason"]) for row in rows]


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A standing role, and who holds it."""

    act: Act
    holders: Sequence[Person]
    mine: bool
    offered_to: Sequence[str]


async def roles_of(place_id: int, visit: Visit) -> list[RoleLine]:
    """Who holds the roles that are handed over, and to whom they are offered."""
    assert visit.member is not None
    offers = await run(
        "select h.act, m.name from handover h join member m on m.id = h.to_member "
        "where h.place_id = {} and h.answered_at is null order by h.id",
        place_id,
    )
    lines = []
    for act in sorted(HANDED_OVER):
        holders = await holders_of(place_id, act, visit.now)
        lines.append(
            RoleLine(
                act,
                holders,
                visit.member.id in [person.id for person in holders],
                [row["name"] for row in offers if row["act"] == act],
            )
        )
    return lines
