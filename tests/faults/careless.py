"""The `reseau` command without one of its guards, for the controls: `python -m tests.faults.careless HOW serve …`.

Each test of a guarantee is first seen to fail on the server that this starts. `ten_may_wait` takes no guard away, but
puts it where a test reaches it sooner.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

from app import cli, sqlite_engine
from app.identity import passwords
from meals.commands import booking as bookings
from meals.pages import booking as pages
from workshops import commands
from workshops.states import SignUpState

LATER = 1.0
TEN = 10
MODULE = "tests.faults.careless"


def answers_first() -> None:
    """Says that somebody is in, and writes it down a moment later."""
    write = commands.sign_up
    under_way = set()

    async def sign_up(**about: Any) -> SignUpState:
        async def later() -> None:
            await asyncio.sleep(LATER)
            await write(**about)

        task = asyncio.create_task(later())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return SignUpState.CONFIRMED

    commands.sign_up = sign_up


class Undone(Exception):
    """What was written is not to stay."""


def books_later() -> None:
    """The same of seats at a meal: books, undoes it, says that it is noted, and books a moment later."""
    door, room = vars(pages), vars(bookings)  # as each has imported what it calls
    write, begin = door["book"], room["transaction"]
    for_good = ContextVar("for_good", default=True)
    under_way = set()

    @asynccontextmanager
    async def perhaps() -> AsyncIterator[None]:
        with suppress(Undone):
            async with begin():
                yield
                if not for_good.get():
                    raise Undone

    async def book(**about: Any) -> Any:
        async def later() -> None:
            await asyncio.sleep(LATER)
            await write(**about)

        task = asyncio.create_task(later())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        token = for_good.set(False)
        try:
            return await write(**about)
        finally:
            for_good.reset(token)

    async def as_wished(*_: object) -> bool:
        return True

    door["book"], door["is_as_wished"], room["transaction"] = book, as_wished, perhaps


def without_waiting_for_the_disk() -> None:
    """SQLite as most set it: a commit is in the log, which is in the memory of the machine."""
    as_they_are: tuple[str, ...] = sqlite_engine.PRAGMAS
    assert "synchronous=FULL" in as_they_are
    careless = [pragma.replace("synchronous=FULL", "synchronous=NORMAL") for pragma in as_they_are]
    sqlite_engine.PRAGMAS = tuple(careless)  # type: ignore[assignment]  # the same number of them


def hashes_in_the_loop() -> None:
    """Passwords are hashed where everybody waits for it."""

    async def here(work: Callable[[], Any]) -> Any:
        return work()

    passwords._aside = here


def ten_may_wait() -> None:
    """Not a hundred passwords wait to be hashed, but ten."""
    assert passwords._MOST_WAITING > TEN
    passwords._MOST_WAITING = TEN


HOW: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (answers_first, books_later, without_waiting_for_the_disk, hashes_in_the_loop, ten_may_wait)
}


def program(how: Callable[[], None]) -> tuple[str, ...]:
    """For `serving(…, program=…)`."""
    return (sys.executable, "-m", MODULE, how.__name__)


if __name__ == "__main__":
    HOW[sys.argv[1]]()
    sys.exit(cli.main(sys.argv[2:]))
