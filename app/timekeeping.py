"""What a clock that is set may not do: bring back what had expired, or let what cannot be undone happen too soon.

The latest hour that was seen stands in the database, so that it outlasts the process. What had expired by then is ended
by the domains (`Domain.set_back`), before any job goes on; afterwards the clock is followed again, whatever it shows.
`app.jobs` asks before each job, a server before it takes requests.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from app.contracts import Job
from app.database import run, transaction
from app.errors import DatabaseHeld
from app.registry import Registry
from app.steady import NOTICED, Clocks, Watch

log = logging.getLogger("reseau.clock")

DOUBTFUL = timedelta(minutes=15)
"""A clock that is set by more than this may be wrong, and put right in a moment…"""
DOUBT = timedelta(minutes=10)
"""…for which jobs that cannot be undone wait so long, by the steady clock."""
NOTE_EVERY = timedelta(minutes=1)


class Timekeeper:
    """Minds the clock for one process."""

    def __init__(self, registry: Registry, clocks: Clocks | None = None) -> None:
        self.clocks = clocks or Clocks()
        self._registry = registry
        self._watch = Watch(self.clocks)
        self._latest: datetime | None = None
        """The latest hour that this process knows of; none before it has asked the database."""
        self._noted = float("-inf")
        self._doubt_until = float("-inf")

    async def look(self) -> datetime:
        """What time it is, after what follows from it has been seen to. Raises `DatabaseHeld` when that cannot be."""
        moved = self._watch.look()
        now = self.clocks.wall()
        latest = self._latest or await latest_seen() or now
        if moved is not None and moved.by >= DOUBTFUL:
            log.warning("the clock was set forward by %s: jobs that cannot be undone wait", _span(moved.by))
            self._be_in_doubt()
        if now <= latest - NOTICED:
            if latest - now >= DOUBTFUL:
                self._be_in_doubt()
            log.warning("the clock was set back by %s: what had expired stays so", _span(latest - now))
            for end_expired in self._registry.set_back:
                await end_expired(now, latest)
            await _note(now, lower=True)
            latest = now
            self._noted = self.clocks.steady()
        self._latest = max(latest, now)
        if self.clocks.steady() - self._noted >= NOTE_EVERY.total_seconds():
            try:
                await _note(now)
                self._noted = self.clocks.steady()
            except DatabaseHeld:  # a minute later, then
                log.info("the hour was not noted")
        return now

    def may_do(self, job: Job) -> bool:
        """Whether this job may be done at the hour that the clock shows."""
        return job.in_doubt or self.clocks.steady() >= self._doubt_until

    def _be_in_doubt(self) -> None:
        self._doubt_until = self.clocks.steady() + DOUBT.total_seconds()


async def latest_seen() -> datetime | None:
    """The latest hour that any process of this installation noted, about a minute old while one runs."""
    rows = await run("select latest_at from clock_seen where id = 1")
    return rows[0]["latest_at"] if rows else None


async def _note(now: datetime, *, lower: bool = False) -> None:
    """Write it down; never a lower hour than another process has, but after a clock that was ahead was put right."""
    only_higher = "" if lower else " where clock_seen.latest_at < excluded.latest_at"
    async with transaction():
        await run(
            "insert into clock_seen (id, latest_at) values (1, {}) "  # noqa: S608 - constants of this function
            f"on conflict (id) do update set latest_at = excluded.latest_at{only_higher}",
            now,
        )


def _span(by: timedelta) -> timedelta:
    return timedelta(seconds=round(by.total_seconds()))
