"""Whom a lot falls on: members of a place, each as likely as the others, without reading all of them.

Numbers are drawn among those that memberships have, and those kept that belong to somebody it may fall on, in the order
in which they came. Where that finds too few (a small place among large ones), all of the place are read and drawn from.
Neither favours anybody, and which of the two it is does not depend on who they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from app.database import run

Draw = Callable[[Sequence[int], int], list[int]]
"""Takes that many out of these, each order as likely as the others."""

AT_ONCE = 300
"""Numbers drawn. Of a place that has a thirtieth of all members, that is ten people."""

_MAY_BE_DRAWN = (
    "select ms.id, ms.member_id from membership ms join member m on m.id = ms.member_id where ms.place_id = {} "
    "and ms.met_at is not null and ms.mediator = {} and m.erased_at is null"
)


async def draw_members(place_id: int, most: int, *, without: Collection[int], draw: Draw) -> list[int]:
    """Ids of so many of the place's members who have been met and do not mediate there; fewer where there are fewer."""
    found = await _met_by_chance(place_id, without, draw)
    if len(found) >= most:
        return found[:most]
    eligible = await _all_of(place_id, without)
    return draw(eligible, min(most, len(eligible)))


async def _met_by_chance(place_id: int, without: Collection[int], draw: Draw) -> list[int]:
    (given,) = await run(
        "select (select min(id) from membership) as lowest, (select max(id) from membership) as highest"
    )  # as two: for both in one, SQLite reads them all
    if given["lowest"] is None:
        return []
    numbers = range(given["lowest"], given["highest"] + 1)
    drawn = draw(numbers, min(AT_ONCE, len(numbers)))
    rows = await run(
        f"{_MAY_BE_DRAWN} and ms.id in ({', '.join('{}' for _ in drawn)})",
        place_id,
        False,
        *drawn,
    )
    member_of = {row["id"]: row["member_id"] for row in rows if row["member_id"] not in without}
    return [member_of[number] for number in drawn if number in member_of]


async def _all_of(place_id: int, without: Collection[int]) -> list[int]:
    rows = await run(f"{_MAY_BE_DRAWN} order by ms.member_id", place_id, False)
    return [row["member_id"] for row in rows if row["member_id"] not in without]
