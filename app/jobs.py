"""Does what is due: the domains' jobs, and the mail.

Every server process does it beside its pages, and `reseau jobs` once: a job is therefore safe when several do it at
once, and an error in one leaves the others alone. Which failed last is kept (`failed_job`), for `reseau doctor`. What
each job does is its domain's affair; whether the hour can be believed, `timekeeping`'s.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from app.contracts import Job
from app.database import run, transaction
from app.errors import DatabaseHeld
from app.identity.leaving import erase_again
from app.notices.delivery import Postman
from app.one_by_one import SomeFailed
from app.registry import Registry
from app.settings import Settings
from app.steady import Clocks
from app.timekeeping import Timekeeper

log = logging.getLogger("reseau.jobs")

LOOK_EVERY = 5.0
POST_EVERY = 2.0
"""Seconds between two looks. Somebody waits for a mail with a code in it."""
STOP_PATIENCE = 5.0
"""Seconds that a job, or a mail, under way has to end when the server stops. Then it is undone, and done after the next
start. With the requests' own (`serving.GRACE`) less than the 10 that containers are given."""

_chance = secrets.SystemRandom()
MAIL = "mail"


async def run_due(
    registry: Registry, now: datetime, *, settings: Settings | None = None, clocks: Clocks | None = None
) -> dict[str, int | None]:
    """Do everything that is due at this instant, once: how many things by job, `None` for a job that failed.

    What waits because the hour is in doubt is not among them. Mail goes last, so that what the jobs tell leaves at
    once; without `settings` it stays in the outbox. Raises `DatabaseHeld` when the clock was set back and that cannot
    be seen to.
    """
    keeper = Timekeeper(registry, clocks or Clocks(wall=lambda: now), once=True)
    await keeper.look()
    failures = Failures()
    done = {job.name: await _run_one(job, now, failures) for job in registry.jobs if keeper.may_do(job)}
    if settings is not None:
        done[MAIL] = await post_due(registry, settings, now)
    return done


async def post_due(
    registry: Registry, settings: Settings, now: datetime | None = None, *, settled: Callable[[], None] = lambda: None
) -> int | None:
    """Send the mail that is due: how many left, `None` when it failed. `settled` is called after each."""
    postman = Postman(settings, registry.entry_kinds)

    async def deliver(_: datetime) -> int:
        return await postman.deliver(now, settled=settled)

    return await _run_one(Job(MAIL, deliver), now or postman.clocks.wall(), Failures())


class Failures:
    """Which jobs failed when they were last done, as the database has it."""

    def __init__(self) -> None:
        self._known: set[str] | None = None
        """Those that stand there, as far as this process knows: so that a job that goes well writes nothing."""

    async def note(self, job: str, now: datetime, *, failed: bool) -> None:
        """Write down how it went, if that is news. Without the database it is said the next time."""
        try:
            if self._known is None:
                self._known = {row["job"] for row in await run("select job from failed_job")}
            if failed:
                async with transaction():
                    await run(
                        "insert into failed_job (job, failed_at) values ({}, {}) "
                        "on conflict (job) do update set failed_at = excluded.failed_at",
                        job,
                        now,
                    )
                self._known.add(job)
            elif job in self._known:
                async with transaction():
                    await run("delete from failed_job where job = {}", job)
                self._known.remove(job)
        except Exception as error:
            log.warning("it was not noted how the job went: %s", type(error).__name__, extra={"job": job})


async def failed_jobs() -> list[dict[str, Any]]:
    """`job` and `failed_at` of those that failed when they were last done."""
    return await run("select job, failed_at from failed_job order by job")


async def _run_one(job: Job, now: datetime, failures: Failures) -> int | None:
    try:
        count = await job.run(now)
    except DatabaseHeld as held:  # passes by itself
        log.warning("job put off: %s", type(held).__name__, extra={"job": job.name})
        return None
    except SomeFailed as some:  # each was told
        log.error("job failed: %s", some, extra={"job": job.name})
        await failures.note(job.name, now, failed=True)
        return None
    except Exception:
        log.exception("job failed", extra={"job": job.name})
        await failures.note(job.name, now, failed=True)
        return None
    await failures.note(job.name, now, failed=False)
    if count:
        log.info("job done", extra={"job": job.name, "count": count})
    return count


@asynccontextmanager
async def at_work(
    registry: Registry,
    settings: Settings,
    *,
    clocks: Clocks | None = None,
    look_every: float = LOOK_EVERY,
    post_every: float = POST_EVERY,
) -> AsyncIterator[None]:
    """While this lasts, jobs are done when they are due and mail leaves; what is due already, at once.

    Needs the open database. It has seen to a clock that was set back before it begins, and erased again whom a restored
    state brought back. A demonstration never waits for
    an hour to be sure.
    """
    clocks = clocks or Clocks()
    stop = asyncio.Event()
    keeper = Timekeeper(registry, clocks, waits=not settings.demo)
    await keeper.look()
    await erase_again(registry.domains, now=clocks.wall())
    tasks = [
        asyncio.create_task(_keep_doing(registry, keeper, stop, look_every)),
        asyncio.create_task(_keep_posting(Postman(settings, registry.entry_kinds, clocks=clocks), stop, post_every)),
    ]
    try:
        yield
    finally:
        stop.set()
        _, pending = await asyncio.wait(tasks, timeout=STOP_PATIENCE)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_doing(registry: Registry, keeper: Timekeeper, stop: asyncio.Event, look_every: float) -> None:
    steady = keeper.clocks.steady
    last: dict[str, float] = {}
    failures = Failures()
    while not stop.is_set():
        for job in registry.jobs:
            try:
                now = await keeper.look()
            except DatabaseHeld as held:
                log.warning("jobs put off: %s", type(held).__name__)
                break
            except Exception:
                log.exception("jobs put off")
                break
            if stop.is_set():
                return
            due = steady() - last.get(job.name, float("-inf")) >= job.every.total_seconds()
            if due and keeper.may_do(job):
                await _run_one(job, now, failures)
                last[job.name] = steady()
        await _stopped_within(stop, look_every)


async def _keep_posting(postman: Postman, stop: asyncio.Event, post_every: float) -> None:
    async def deliver(_: datetime) -> int:
        return await postman.deliver(stop=stop)

    job = Job(MAIL, deliver)
    failures = Failures()
    while not stop.is_set():
        await _run_one(job, postman.clocks.wall(), failures)
        await _stopped_within(stop, post_every)


async def _stopped_within(stop: asyncio.Event, seconds: float) -> None:
    """Sleep until it is time to stop; a third more or less, so that processes started together drift apart."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds * _chance.uniform(0.67, 1.33)):
            await stop.wait()
