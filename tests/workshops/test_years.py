"""What was: a page of the list is read, however many years went before, on both engines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.database import Store, is_sqlite, run, transaction
from tests.client import NOON, World, words
from tests.people import Cast, make_cast
from workshops import concerns
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


@pytest.mark.parametrize("here", [True, False])
async def test_a_word_that_nobody_wrote_is_looked_for_in_texts_alone(
    sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    """Not in the rows of all years, on SQLite, which reads in the loop of all requests."""
    cast = await make_cast()
    asked: list[tuple[str, Sequence[object]]] = []

    async def overheard(sql: str, *args: object) -> list[dict[str, object]]:
        asked.append((sql, args))
        return await run(sql, *args)

    monkeypatch.setattr(concerns, "run", overheard)
    browser = await World().browser_of(cast.samira, place_id=cast.place if here else None)
    assert (await browser.get("/recherche?q=zzz")).status_code == 200
    to_come, past = [await plan(question, list(args)) for question, args in asked]
    index = "workshop_said_here (place_id=? AND ends_at" if here else "workshop_said (ends_at"
    assert any(f"INDEX {index}>?" in line for line in to_come), to_come
    assert any(f"INDEX {index}<?" in line for line in past), past
    assert not any("TEMP B-TREE" in line for line in past), past
