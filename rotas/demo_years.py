"""Years of turns in bulk, as commands and jobs would have left them: slots, who had them, entries in the calendar.

For a demonstration with a crowd, and for what is measured. Hundreds of rows a statement; nothing of it is to come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from piccolo.table import Table

from app.calendar.kept import Visible, kept_events
from app.calendar.states import EntryState, Role
from app.calendar.tables import Entry, TakingPart
from app.clock import at_local, local_day, week_start
from app.database import run, transaction
from rotas.facts import KIND
from rotas.states import Came, SlotState
from rotas.tables import Holding, Slot

CROWD = 5_000
"""A place with so many members has had turns for years."""
WEEKS_AT_ONCE = 26
"""In one transaction."""
VALUES = 8_000
"""In one statement, of the 32,766 that both engines take."""
HOURS = ((9, 4), (10, 2), (12, 2), (13, 4), (14, 1), (17, 1))
"""When the duties begin, one after the other, and how long they last."""
DAYS = range(1, 6)
EMPTY = 0.07
"""Of the places, nobody had so many."""

Row = dict[str, Any]
Progress = Callable[[str, int, int], None]


async def add_years(
    *,
    place_id: int,
    duties: Sequence[int],
    people: Sequence[int],
    years: int,
    until: datetime,
    chance: Random,
    progress: Progress,
    regular: int | None = None,
) -> None:
    """So many years of turns up to then, each of these duties every day from Tuesday to Saturday. `regular` had one
    every week."""
    (setting,) = await run(
        "select p.name as place, p.address, i.name as installation from place p cross join installation i "
        "where p.id = {} limit 1",
        place_id,
    )
    known = {
        row["id"]: row
        for row in await run("select id, name, about, people from duty where place_id = {} order by id", place_id)
    }
    crowd = [member for member in people if member != regular]
    last = week_start(local_day(until))
    weeks = [last - timedelta(weeks=back) for back in range(round(years * 52.18), 0, -1)]
    for first in range(0, len(weeks), WEEKS_AT_ONCE):
        progress("years of turns", first, len(weeks))
        turns = [
            _turn(known[duty], day, hours, place_id=place_id)
            for monday in weeks[first : first + WEEKS_AT_ONCE]
            for day in (monday + timedelta(days=number) for number in DAYS)
            for duty, hours in zip(duties, _hours(len(duties)), strict=True)
        ]
        async with transaction():
            await _write(turns, _holders(turns, crowd, regular, chance), setting)
    progress("years of turns", len(weeks), len(weeks))


def _hours(many: int) -> list[tuple[int, int]]:
    return [HOURS[number % len(HOURS)] for number in range(many)]


def _turn(duty: Row, day: date, hours: tuple[int, int], *, place_id: int) -> Row:
    """The columns that a slot and its entry share, and what else they are made of."""
    starts_at = at_local(day, time(hours[0]))
    return {
        "place_id": place_id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=hours[1]),
        "day": day,
        "duty": duty,
        "opened_at": starts_at - timedelta(weeks=8),
    }


def _holders(turns: Sequence[Row], crowd: Sequence[int], regular: int | None, chance: Random) -> list[list[int]]:
    """Who had each; on one day nobody has two."""
    found: list[list[int]] = []
    day, busy = None, set[int]()
    for number, turn in enumerate(turns):
        if turn["day"] != day:
            day, busy = turn["day"], set()
        there = [] if regular is None or number % (len(DAYS) * len(HOURS)) else [regular]
        for _ in range(turn["duty"]["people"] - len(there)):
            member = crowd[chance.randrange(len(crowd))]
            if member not in busy and chance.random() >= EMPTY:
                there.append(member)
                busy.add(member)
        found.append(there)
    return found


async def _write(turns: Sequence[Row], holders: Sequence[Sequence[int]], setting: Row) -> None:
    slots = await _insert(Slot, [_slot(turn, len(there)) for turn, there in zip(turns, holders, strict=True)])
    entries = await _insert(
        Entry,
        [
            _entry(turn, slot_id, len(there), setting)
            for turn, slot_id, there in zip(turns, slots, holders, strict=True)
        ],
    )
    had = [
        (turn, slot_id, entry_id, member)
        for turn, slot_id, entry_id, there in zip(turns, slots, entries, holders, strict=True)
        for member in there
    ]
    await _insert(
        Holding,
        [
            {"slot_id": slot_id, "member_id": member, "came": Came.CLAIMED.value, "taken_at": _taken_at(turn)}
            for turn, slot_id, _, member in had
        ],
    )
    await _insert(
        TakingPart,
        [
            {
                "entry_id": entry_id,
                "member_id": member,
                "role": Role.HOLDER.value,
                "binding": True,
                "starts_at": turn["starts_at"],
                "modified_at": _taken_at(turn),
            }
            for turn, _, entry_id, member in had
        ],
    )


def _taken_at(turn: Row) -> datetime:
    at: datetime = turn["starts_at"] - timedelta(days=3)
    return at


def _slot(turn: Row, taken: int) -> Row:
    people = turn["duty"]["people"]
    return {
        "place_id": turn["place_id"],
        "duty_id": turn["duty"]["id"],
        "starts_at": turn["starts_at"],
        "ends_at": turn["ends_at"],
        "people": people,
        "taken": taken,
        "state": SlotState.OPEN.value,
        "opened_at": turn["opened_at"],
        "filled_at": _taken_at(turn) if taken >= people else None,
        "learned_at": turn["ends_at"],
        "version": 1,
        "modified_at": turn["opened_at"],
    }


def _entry(turn: Row, slot_id: int, taken: int, setting: Row) -> Row:
    said = {
        "kind": KIND,
        "thing_id": slot_id,
        "sequence": 0,
        "modified_at": turn["opened_at"].replace(microsecond=0),
        "starts_at": turn["starts_at"],
        "ends_at": turn["ends_at"],
        "title": turn["duty"]["name"],
        "genre": "",
        "summary": turn["duty"]["about"],
        "hosts": "",
        "language": "fr",
        "step_free": False,
        "children": False,
    }
    state = EntryState.CONFIRMED
    public, named = kept_events(Visible(**said, **setting, state=state, room=None))
    counts = {"seats": turn["duty"]["people"], "taken": taken, "ics_public": public, "ics_member": named}
    return {**said, **counts, "place_id": turn["place_id"], "state": state.value}


async def _insert(table: type[Table], rows: Sequence[Row]) -> list[int]:
    """Insert them, with the table's defaults for what they do not say; their ids, in the same order."""
    if not rows:
        return []
    defaults = {
        column._meta.name: column.get_default_value() for column in table._meta.columns if column._meta.name != "id"
    }
    marks = f"({', '.join('{}' for _ in defaults)})"
    each = VALUES // len(defaults)
    ids: list[int] = []
    for first in range(0, len(rows), each):
        some = rows[first : first + each]
        made = await run(
            f"insert into {table._meta.tablename} ({', '.join(defaults)}) "  # noqa: S608 - names of ours, and marks
            f"values {', '.join([marks] * len(some))} returning id",
            *(value for row in some for value in (defaults | row).values()),
        )
        ids += sorted(row["id"] for row in made)
    return ids
