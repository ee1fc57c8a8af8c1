"""Which weekly patterns were changed into which: a change « à partir de » ends one and begins another, and they are one
line. Reads only; what a change or an end does is decided by `commands.patterns`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from app.database import run
from rotas.facts import Row
from rotas.recurring import same_week
from rotas.states import SlotState

_OF_DUTY = """
select p.* from rota_pattern p join rota_pattern o on o.duty_id = p.duty_id where o.id = {} order by p.from_on, p.id
"""


async def line_of(pattern_id: int) -> list[int]:
    """The pattern, those that it came from and those that it became, by id; nothing for none."""
    rows = await run(_OF_DUTY, pattern_id)
    before = {row["id"]: row["follows_id"] for row in rows}
    root = pattern_id
    while before.get(root) is not None:
        root = before[root]
    return sorted(row["id"] for row in rows if row["id"] == root or row["id"] in _after(root, rows))


async def followers_of(pattern_id: int) -> list[Row]:
    """What the pattern was changed into, and that in its turn, in time's order; without those that were changed again
    before they had a day."""
    rows = await run(_OF_DUTY, pattern_id)
    later = _after(pattern_id, rows)
    return [row for row in rows if row["id"] in later and has_a_day(row)]


async def planned_of(pattern_id: int, *, today: date) -> list[Row]:
    """Those of them that have not begun."""
    return [row for row in await followers_of(pattern_id) if row["from_on"] > today]


def one_a_week(slots: Collection[Row]) -> set[int]:
    """One of these slots of each week, by id: where a pattern and what is planned after it both have one, that which
    more people have."""
    best: dict[date, int] = {}
    for slot in sorted(slots, key=lambda each: (each["state"] == SlotState.OPEN, each["taken"], each["id"])):
        best[same_week(slot["made_for_on"], 0)] = slot["id"]
    return set(best.values())


def has_a_day(pattern: Row) -> bool:
    """Whether the pattern of this row has any day at all."""
    return pattern["until_on"] is None or bool(pattern["until_on"] >= pattern["from_on"])


def _after(pattern_id: int, rows: list[Row]) -> set[int]:
    found, known = {pattern_id}, 0
    while len(found) > known:
        known = len(found)
        found |= {row["id"] for row in rows if row["follows_id"] in found}
    return found - {pattern_id}
