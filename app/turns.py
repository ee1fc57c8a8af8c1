"""Whose turn it is to write, first come, first served.

A queue that moves is no reason to give up: three hundred people who want a place at the same instant are all answered,
in their order. A queue in which nothing moves is: whoever holds the database may do so for long.
"""

from __future__ import annotations

import asyncio

from app.errors import DatabaseHeld

LONGEST = 4
"""So many times their patience people wait in all, however well the queue moves: then their browser would give up."""
TOLD_EVERY = 0.05
"""Seconds between two words to those who wait that the queue has moved."""


class Turns:
    """So many may write at once; the others wait, as long as somebody who wrote has ended within their patience."""

    def __init__(self, places: int = 1) -> None:
        self._free = asyncio.Semaphore(places)
        self._waiting: dict[asyncio.Timeout, tuple[float, float]] = {}
        """Who waits, with their patience, and until when at the latest."""
        self._moved_at = float("-inf")

    async def wait(self, patience: float) -> float:
        """Until it is the caller's turn; `end` must follow. Returns how much of their patience is left, in seconds.
        Raises `DatabaseHeld`."""
        if not self._free.locked():  # nobody has to be waited for
            await self._free.acquire()
            return patience
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(patience) as limit:
                self._waiting[limit] = (patience, began + LONGEST * patience)
                try:
                    await self._free.acquire()
                finally:
                    del self._waiting[limit]
        except TimeoutError:
            raise DatabaseHeld("Other writes took too long.") from None
        return max(began, self._moved_at) + patience - clock()

    @property
    def wanted(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    async def again(self) -> None:
        """The caller's turn once more, after all who wait now, however long that takes; `end` must follow."""
        await self._free.acquire()

    def end(self, *, moved: bool = False) -> None:
        """It is the next one's turn. `moved` when something was written: nothing is held, so who waits may go on."""
        self._free.release()
        now = asyncio.get_running_loop().time()
        if not moved or now - self._moved_at < TOLD_EVERY:
            return
        self._moved_at = now
        for limit, (patience, latest) in self._waiting.items():
            if not limit.expired():
                limit.reschedule(min(now + patience, latest))
