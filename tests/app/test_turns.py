"""Who waits to write: as long as the queue moves, and no longer."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.errors import DatabaseHeld
from app.turns import LONGEST, Turns

PATIENCE = 0.8
BRIEFLY = 0.2
MANY = 10


async def write(turns: Turns, *, moved: bool = True, briefly: float = BRIEFLY) -> float:
    """Wait for a turn, and write; how much patience was left."""
    left = await turns.wait(PATIENCE)
    await asyncio.sleep(briefly)
    turns.end(moved=moved)
    return left


async def ends(turns: Turns, *, moved: bool, briefly: float = BRIEFLY, many: int = MANY) -> list[float | BaseException]:
    return await asyncio.gather(
        *(write(turns, moved=moved, briefly=briefly) for _ in range(many)), return_exceptions=True
    )


class TestAQueue:
    async def test_that_moves_is_stood_to_its_end_and_another_left_when_patience_ends(self) -> None:
        began = time.monotonic()
        # The control too: so it was for all queues, whether they moved or not.
        found = await ends(Turns(), moved=False)
        left_after = time.monotonic() - began
        assert sum(isinstance(each, DatabaseHeld) for each in found) >= MANY / 2
        began = time.monotonic()
        found = await ends(Turns(), moved=True)
        assert [each for each in found if isinstance(each, BaseException)] == []
        assert MANY * BRIEFLY > 2 * PATIENCE
        assert left_after < time.monotonic() - began

    async def test_is_left_in_the_end_however_well_it_moves(self) -> None:
        began = time.monotonic()
        found = await ends(Turns(), moved=True, many=20)
        assert isinstance(found[-1], DatabaseHeld), "it stood there until its turn came"
        assert time.monotonic() - began >= PATIENCE * LONGEST

    async def test_is_first_come_first_served_and_as_many_write_as_may(self) -> None:
        turns, order = Turns(2), []

        async def one(number: int) -> None:
            await turns.wait(PATIENCE)
            order.append(number)
            await asyncio.sleep(0.01)
            turns.end(moved=True)

        await asyncio.gather(*(one(number) for number in range(20)))
        assert order == list(range(20))


class TestPatience:
    async def test_what_is_left_of_it_is_told(self) -> None:
        turns = Turns()
        first = asyncio.create_task(write(turns, moved=False, briefly=0.4))
        await asyncio.sleep(0)
        assert 0 < await write(turns) <= PATIENCE - 0.4 + 0.02
        assert await first == pytest.approx(PATIENCE, abs=0.25)

    async def test_is_whole_again_when_the_queue_has_moved(self) -> None:
        turns = Turns()
        first = asyncio.create_task(write(turns, moved=True, briefly=0.4))
        await asyncio.sleep(0)
        assert await write(turns) == pytest.approx(PATIENCE, abs=0.25)
        await first

    async def test_whoever_goes_away_takes_no_turn(self) -> None:
        turns = Turns()
        first = asyncio.create_task(write(turns))
        await asyncio.sleep(0)
        second = asyncio.create_task(write(turns))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(await write(turns), float)
