"""A migration that dies: `python -m tests.faults.cut URL POINT [loosely]` migrates, and kills itself at this point.

Points are the moments after each statement, and before and after each COMMIT; it says how many there are when it lives
to the end. `loosely` takes the transaction away: every statement stays by itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from inspect import isawaitable
from typing import Any

from app.database import close_database, connect, open_database
from app.migrations import migrate
from app.transactions import Store, Transaction

MODULE = "tests.faults.cut"


class Points:
    """Counts them."""

    def __init__(self, fatal: int) -> None:
        self.fatal = fatal
        self.passed = 0

    def pass_one(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def with_points(store: Store, points: Points, *, loosely: bool) -> None:
    fetch, end = Transaction.fetch, store.end

    async def fetched(self: Transaction, sql: str, args: Sequence[Any]) -> list[Any]:
        rows = await fetch(self, sql, args)
        if loosely:
            for word in ("COMMIT", "BEGIN"):
                done = self.connection.execute(word)
                if isawaitable(done):
                    await done
        points.pass_one()
        return rows

    async def ended(connection: Any, *, keep: bool, for_schema: bool) -> None:
        points.pass_one()
        await end(connection, keep=keep, for_schema=for_schema)
        points.pass_one()

    Transaction.fetch = fetched  # type: ignore[method-assign]  # what this program is for
    store.end = ended  # type: ignore[method-assign]  # the same


async def main(url: str, fatal: str, *how: str) -> None:
    store = connect(url)
    await open_database(min_size=0)
    points = Points(int(fatal))
    with_points(store, points, loosely="loosely" in how)
    await migrate()
    print(points.passed, flush=True)
    await close_database()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
