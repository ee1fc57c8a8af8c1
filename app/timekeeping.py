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
"""A clock that is set by more than this may be wrong, and put right in a moment; so may the one that a machine starts
with, when nobody has seen the hour for as long…"""
DOUBT = timedelta(minutes=10)
"""…for which jobs that cannot be undone wait so long, by the steady clock."""
NOTE_EVERY = timedelta(minutes=1)


class Timekeeper:
    """Minds the clock for one process.

    `once` is for a process that looks once and ends: between two of them there is always a gap. It is in doubt only if
    the machine was started since the last, and never twice in a row. Nothing waits if not `waits`.
    """

    def __init__(
        self, registry: Registry, clocks: Clocks | None = None, *, once: bool = False, waits: bool = True
    ) -> None:
        self.clocks = clocks or Clocks()
        self._registry = registry
        self._once = once
        self._waits = waits
        self._watch = Watch(self.clocks)
        self._latest: datetime | None = None
        """The latest hour that this process knows of; none before it has asked the database."""
        self._noted = float("-inf")
        self._doubt_until = float("-inf")
        """By the steady clock…"""
        self._doubt_to_note: datetime | None = None
        """…and by the one on the wall, for processes that start meanwhile; none when they know already."""

    async def look(self) -> datetime:
        """What time it is, after what follows from it has been seen to. Raises `DatabaseHeld` when that cannot be."""
        moved = self._watch.look()
        now = self.clocks.wall()
        if self._latest is None:
            latest, believed = await self._begin(now)
        else:
            latest, believed = self._latest, not self._in_doubt()
        if moved is not None and moved.by >= DOUBTFUL:
            log.warning("the clock was set forward by %s: jobs that cannot be undone wait", _span(moved.by))
            self._be_in_doubt(now)
        if now <= latest - NOTICED:
            log.warning("the clock was set back by %s: what had expired stays so", _span(latest - now))
            for end_expired in self._registry.set_back:
                await end_expired(now, latest, believed)
            if latest - now >= DOUBTFUL:
                self._be_in_doubt(now)
            await self._note(now, lower=True)
            latest = now
        self._latest = max(latest, now)
        if self._doubt_to_note is not None or self.clocks.steady() - self._noted >= NOTE_EVERY.total_seconds():
            try:
                await self._note(now)
            except DatabaseHeld:  # at the next look or a minute later, then
                log.info("the hour was not noted")
        return now

    def may_do(self, job: Job) -> bool:
        """Whether this job may be done at the hour that the clock shows."""
        return job.in_doubt or not self._waits or not self._in_doubt()

    async def _begin(self, now: datetime) -> tuple[datetime, bool]:
        """The latest hour that anybody has seen, and whether it was believed; a doubt goes on, or a gap makes one."""
        rows = await run("select latest_at, doubt_until from clock_seen where id = 1")
        if not rows:
            return now, True
        latest, until = rows[0]["latest_at"], rows[0]["doubt_until"]
        believed = until is None or until <= latest
        gap = now - latest
        if not believed and now < until:
            self._doubt_until = self.clocks.steady() + min(DOUBT, until - now).total_seconds()
        elif gap >= DOUBTFUL and (not self._once or (believed and self._started_within(gap))):
            log.warning("nobody has seen the hour for %s: jobs that cannot be undone wait", _span(gap))
            self._be_in_doubt(now)
        return latest, believed

    def _started_within(self, gap: timedelta) -> bool:
        """The steady clock counts from the start of the machine."""
        return self.clocks.steady() < gap.total_seconds()

    def _in_doubt(self) -> bool:
        return self.clocks.steady() < self._doubt_until

    def _be_in_doubt(self, now: datetime) -> None:
        self._doubt_until = self.clocks.steady() + DOUBT.total_seconds()
        self._doubt_to_note = now + DOUBT

    async def _note(self, now: datetime, *, lower: bool = False) -> None:
        await _note(now, lower=lower, doubt_until=self._doubt_to_note)
        self._noted = self.clocks.steady()
        self._doubt_to_note = None


async def latest_seen() -> datetime | None:
    """The latest hour that any process of this installation noted, about a minute old while one runs."""
    rows = await run("select latest_at from clock_seen where id = 1")
    return rows[0]["latest_at"] if rows else None


async def _note(now: datetime, *, lower: bool = False, doubt_until: datetime | None = None) -> None:
    """Write it down; never a lower hour than another process has, but after a clock that was ahead was put right."""
    only_higher = "" if lower else " where clock_seen.latest_at < excluded.latest_at"
    async with transaction():
        await run(
            "insert into clock_seen (id, latest_at) values (1, {}) "  # noqa: S608 - constants of this function
            f"on conflict (id) do update set latest_at = excluded.latest_at{only_higher}",
            now,
        )
        if doubt_until is not None:
            await run("update clock_seen set doubt_until = {} where id = 1", doubt_until)


def _span(by: timedelta) -> timedelta:
    return timedelta(seconds=round(by.total_seconds()))
