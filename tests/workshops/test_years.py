"""What was: a page of the list is read, however many years went before, on both engines."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from app.database import Store, is_sqlite, run, transaction
from tests.client import NOON, World, words
from tests.people import Cast
from workshops.queries import lists
from workshops.tables import Workshop

HELD = 1500
HERE, LIBRE = "w.place_id = {} and ", " and w.format = {}"
ASKED = list(itertools.product(("", HERE), ("", LIBRE)))


@pytest.fixture
async def years(cast: Cast) -> Cast:
    """One workshop a day, and as many that were never held."""
    async with transaction():
        for first in range(0, HELD, 50):
            rows = [
                Workshop(
                    place_id=cast.place, proposer_id=cast.yann, once=f"{state}{day}", title=f"Le jour {day}",
                    format="libre", summary="", capacity=9, state=state, starts_at=at, ends_at=at + timedelta(hours=1),
                    published_at=at if state == "held" else None, created_at=at, modified_at=at,
                )
                for day in range(first, first + 50)
                for at in [NOON - timedelta(days=1 + day)]
                for state in ("held", "lapsed")
            ]  # fmt: skip
            await Workshop.insert(*rows)
    if not is_sqlite():
        async with transaction():
            await run("analyze workshop")  # as the server does by itself within minutes
    return cast


def page_of(in_place: str, chosen_format: str, offset: int = 0) -> tuple[str, list[object]]:
    args = [*([1] if in_place else []), NOON, *(["libre"] if chosen_format else []), lists.PAGE + 1, offset, 0]
    return lists._past(in_place, chosen_format), args


async def plan(question: str, args: list[object]) -> list[str]:
    if is_sqlite():
        return [row["detail"] for row in await run(f"explain query plan {question}", *args)]
    return [row["QUERY PLAN"] for row in await run(f"explain (analyze, timing off) {question}", *args)]


async def test_a_page_is_what_came_last(years: Cast) -> None:
    browser = await World().browser_of(years.samira, place_id=years.place)
    first = words(await browser.get("/ateliers?passes=1"))
    last = words(await browser.get(f"/ateliers?passes=1&page={HELD // lists.PAGE}"))
    assert [f"Le jour {number} " in first for number in (0, lists.PAGE - 1, lists.PAGE)] == [True, True, False]
    assert [f"Le jour {number} " in last for number in (HELD - lists.PAGE - 1, HELD - 1)] == [False, True]


@pytest.mark.parametrize(("in_place", "chosen_format"), ASKED)
async def test_no_more_than_the_page_is_read(years: Cast, in_place: str, chosen_format: str) -> None:
    detail = await plan(*page_of(in_place, chosen_format))
    (index,) = [line for line in detail if "workshop_was" in line]
    if is_sqlite():
        assert "COVERING INDEX workshop_was" in index, detail
        assert "ends_at<?" in index, detail
        assert len([line for line in detail if "TEMP B-TREE" in line]) <= 1, "only the page's own rows are put in order"
    else:
        assert f"rows={lists.PAGE + 1}" in index.replace(".00", "").split("actual")[1], detail


async def test_without_being_told_sqlite_reads_a_state_of_all_years(sqlite_only_db: Store) -> None:
    """The control."""
    question, args = page_of("", "")
    detail = await plan(question.replace("indexed by workshop_was", ""), args)
    assert not any("workshop_was" in line for line in detail), detail
