"""Whether a time is free: rooms, people, opening hours; and the hours and rooms that are.

Intervals are half open: what ends at 16 h leaves 16 h free. What to make of a clash is for each domain to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from app.calendar import hours
from app.calendar.hours import Span
from app.calendar.states import LONGEST, EntryState, OpeningState, Role
from app.clock import local_day
from app.database import get_for_update, run
from app.i18n import Text, text
from app.identity.tables import Member, Room

TAKES_TIME = (EntryState.TENTATIVE.value, EntryState.CONFIRMED.value)


@dataclass(frozen=True, slots=True)
class Clash:
    """What has the room, or the person, at that time. To others than the person only the name may be told."""

    sort: str
    """`room` or `person`."""
    room_id: int | None
    member_id: int | None
    member_name: str
    title: str
    kind: str
    thing_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """A room that nothing has at that time."""

    id: int
    name: str
    seats: int
    step_free: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether the place is usually open at that time. Never a refusal: a host may have the keys."""

    state: OpeningState
    words: Text
    """The hours of that day: « de 9 h à 18 h », « fermé »."""
    reason: str
    """Why those days are closed, in the place's words."""


async def lock_people_and_rooms(*, members: Iterable[int] = (), rooms: Iterable[int] = ()) -> None:
    """Lock whose time and which rooms are about to be taken, in the order that every domain keeps."""
    await get_for_update(Member, *members)
    await get_for_update(Room, *rooms)


_CLASH = "e.title, e.kind, e.thing_id, e.starts_at, e.ends_at"
_OVERLAPS = "e.starts_at < {} and e.starts_at > {} and e.ends_at > {} and e.state in ({}, {})"


def _overlaps(starts_at: datetime, ends_at: datetime) -> tuple[Any, ...]:
    return (ends_at, starts_at - LONGEST, starts_at, *TAKES_TIME)


def _but(*except_for: tuple[str, int] | None) -> tuple[str, tuple[Any, ...]]:
    things = [thing for thing in except_for if thing is not None]
    return " and not (e.kind = {} and e.thing_id = {})" * len(things), tuple(part for thing in things for part in thing)


async def why_clashes(
    *,
    starts_at: datetime,
    ends_at: datetime,
    room_id: int | None = None,
    member_ids: Iterable[int] = (),
    except_for: tuple[str, int] | None = None,
    part_of: tuple[str, int] | None = None,
) -> Clash | None:
    """What already has the room, or binds one of these people, at that time; the room first. `except_for` is the thing
    itself, as (kind, id), `part_of` what it belongs to: a meal's turns never clash with that meal."""
    but, but_args = _but(except_for, part_of)
    if room_id is not None:
        found = await run(
            f"select {_CLASH} from entry e "  # noqa: S608 - constants of this file
            f"where e.room_id = {{}} and {_OVERLAPS}{but} order by e.starts_at, e.id limit 1",
            room_id,
            *_overlaps(starts_at, ends_at),
            *but_args,
        )
        if found:
            return Clash(sort="room", room_id=room_id, member_id=None, member_name="", **found[0])
    people = sorted(set(member_ids))
    if not people:
        return None
    found = await run(
        f"select t.member_id, m.name as member_name, {_CLASH} from taking_part t "  # noqa: S608 - constants and marks
        "join entry e on e.id = t.entry_id join member m on m.id = t.member_id "
        f"where t.member_id in ({', '.join('{}' for _ in people)}) and t.binding = {{}} and t.left_at is null "
        f"and t.starts_at > {{}} and t.starts_at < {{}} and {_OVERLAPS}{but} order by e.starts_at, e.id limit 1",
        *people,
        True,
        starts_at - LONGEST,
        ends_at,
        *_overlaps(starts_at, ends_at),
        *but_args,
    )
    return Clash(sort="person", room_id=None, **found[0]) if found else None


@dataclass(frozen=True, slots=True)
class Bound:
    """A time that somebody has given to something."""

    member_id: int
    kind: str
    thing_id: int
    starts_at: datetime
    ends_at: datetime


async def bound_times(member_ids: Iterable[int], starts_at: datetime, ends_at: datetime) -> list[Bound]:
    """All that binds these people between two instants: to foresee many clashes at once. Never to be shown."""
    people = sorted(set(member_ids))
    if not people:
        return []
    found = await run(
        "select t.member_id, e.kind, e.thing_id, e.starts_at, e.ends_at from taking_part t "  # noqa: S608 - constants and marks
        f"join entry e on e.id = t.entry_id where t.member_id in ({', '.join('{}' for _ in people)}) "
        f"and t.binding = {{}} and t.left_at is null and t.starts_at > {{}} and t.starts_at < {{}} and {_OVERLAPS}",
        *people,
        True,
        starts_at - LONGEST,
        ends_at,
        *_overlaps(starts_at, ends_at),
    )
    return [Bound(**row) for row in found]


async def own_overlaps(
    member_id: int, starts_at: datetime, ends_at: datetime, *, except_for: tuple[str, int] | None = None
) -> Clash | None:
    """What this member already does at that time, binding or not: a warning for that member alone, who is not named."""
    but, but_args = _but(except_for)
    found = await run(
        f"select {_CLASH} from taking_part t join entry e on e.id = t.entry_id "  # noqa: S608 - constants of this file
        f"where t.member_id = {{}} and t.left_at is null and t.role not in ({{}}, {{}}, {{}}) "
        f"and t.starts_at < {{}} and t.starts_at > {{}} and e.ends_at > {{}} and e.state in ({{}}, {{}}){but} "
        "order by t.starts_at, t.entry_id limit 1",
        member_id,
        Role.WAITING.value,
        Role.OFFERED.value,
        Role.HELD.value,
        *_overlaps(starts_at, ends_at),
        *but_args,
    )
    return Clash(sort="person", room_id=None, member_id=member_id, member_name="", **found[0]) if found else None


async def free_rooms(
    place_id: int,
    starts_at: datetime,
    ends_at: datetime,
    *,
    seats: int,
    except_for: tuple[str, int] | None = None,
) -> list[FreeRoom]:
    """The rooms with that many seats that nothing has at that time, the smallest first."""
    but, but_args = _but(except_for)
    found = await run(
        "select r.id, r.name, r.seats, r.step_free from room r "  # noqa: S608 - constants of this file
        "where r.place_id = {} and r.retired_at is null and r.seats >= {} and not exists "
        f"(select 1 from entry e where e.room_id = r.id and {_OVERLAPS}{but}) order by r.seats, r.id",
        place_id,
        seats,
        *_overlaps(starts_at, ends_at),
        *but_args,
    )
    return [FreeRoom(row["id"], row["name"], row["seats"], bool(row["step_free"])) for row in found]


async def free_hours(
    place_id: int,
    room_id: int | None,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    count: int = 3,
) -> list[Span]:
    """When the same could happen in this room, within the place's hours: the same hour on near days, then other hours
    of the same day. The length stays the same; nothing in the past."""
    wished = list(hours.near_spans(starts_at, ends_at))
    first, last = min(span[0] for span in wished), max(span[1] for span in wished)
    taken: list[Span] = []
    if room_id is not None:
        rows = await run(
            f"select e.starts_at, e.ends_at from entry e where e.room_id = {{}} and {_OVERLAPS}",  # noqa: S608 - constants of this file
            room_id,
            *_overlaps(first, last),
        )
        taken = [(row["starts_at"], row["ends_at"]) for row in rows]
    week = await _week(place_id)
    closures = await _closures(place_id, local_day(first), local_day(last))
    fit = [
        span
        for span in wished
        if span[0] > now
        and span != (starts_at, ends_at)
        and not any(hours.overlap(span, other) for other in taken)
        and hours.opening_state(span, week, [(first_on, last_on) for first_on, last_on, _ in closures])
        is OpeningState.OPEN
    ]
    return hours.choose_near(fit, starts_at, count)


async def opening(place_id: int, starts_at: datetime, ends_at: datetime) -> Opening:
    """Whether somebody usually opens the place at that time. A place without written hours counts as open."""
    first, last = local_day(starts_at), local_day(ends_at)
    week = await _week(place_id)
    closures = await _closures(place_id, first, last)
    state = hours.opening_state((starts_at, ends_at), week, [(first_on, last_on) for first_on, last_on, _ in closures])
    reason = closures[0][2] if state is OpeningState.CLOSED_DAYS else ""
    return Opening(state, _hours_words(week.get(first.weekday(), ())), reason)


async def next_opening(place_id: int, *, after: datetime) -> Span | None:
    """The place's first opening that begins after this instant; none if it writes no hours, or stays shut for long."""
    day = local_day(after)
    closures = await _closures(place_id, day, day + timedelta(days=hours.NEXT_DAYS))
    return hours.next_opening(await _week(place_id), [(first, last) for first, last, _ in closures], after)


def _hours_words(stretches: Sequence[tuple[time, time]]) -> Text:
    match stretches:
        case []:
            return text("fermé")
        case [(opens, closes)]:
            return text("de %(opens)s à %(closes)s", opens=opens, closes=closes)
        case [(opens, closes), *_, (again, at_last)]:
            return text(
                "de %(opens)s à %(closes)s et de %(again)s à %(at_last)s",
                opens=opens,
                closes=closes,
                again=again,
                at_last=at_last,
            )
    raise AssertionError(stretches)


async def _week(place_id: int) -> hours.Week:
    rows = await run(
        "select weekday, opens, closes from opening_hours where place_id = {} order by weekday, opens", place_id
    )
    week: dict[int, list[tuple[time, time]]] = {}
    for row in rows:
        week.setdefault(row["weekday"], []).append(
            (time.fromisoformat(row["opens"]), time.fromisoformat(row["closes"]))
        )
    return week


async def _closures(place_id: int, first: date, last: date) -> list[tuple[date, date, str]]:
    rows = await run(
        "select first_on, last_on, reason from closure where place_id = {} and last_on >= {} and first_on <= {} "
        "order by first_on, id",
        place_id,
        first,
        last,
    )
    return [(row["first_on"], row["last_on"], row["reason"]) for row in rows]
