"""Does many things one after the other, so that one that falls over leaves the others alone.

For jobs: each thing in a transaction of its own, what failed in the log, and the job has failed at its end, which is
how `app.jobs` and `reseau doctor` learn of it. What the things are is the job's affair.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable

from app.errors import DatabaseHeld

log = logging.getLogger("reseau.jobs")


class SomeFailed(Exception):
    """Everything was tried. The log says which things could not be done."""

    def __init__(self, done: int, failed: int) -> None:
        super().__init__(f"{failed} failed, {done} done")
        self.done = done
        self.failed = failed


class OneByOne:
    """The things of one run of a job, counted."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._done = 0
        self._failed = 0

    async def try_one(self, kind: str, thing_id: int, do: Callable[[], Awaitable[int]]) -> bool:
        """Do this one thing, which says how many it did; whether it did not fall over. A database that is held is no
        fault of the thing: that goes through."""
        try:
            done = await do()  # first: others may be counted meanwhile
        except DatabaseHeld:
            raise
        except Exception as error:
            self._failed += 1
            # Without what the error says: PostgreSQL quotes the row, with names and addresses.
            where = "".join(traceback.format_tb(error.__traceback__))
            told = {"job": self._job, "kind": kind, "thing": thing_id, "traceback": where}
            log.error("a thing could not be done: %s", type(error).__name__, extra=told)
            return False
        self._done += done
        return True

    def count(self, done: int) -> None:
        """So many more were done."""
        self._done += done

    def done(self) -> int:
        """How many things were done. Raises `SomeFailed` when one fell over."""
        if self._failed:
            raise SomeFailed(self._done, self._failed)
        return self._done
