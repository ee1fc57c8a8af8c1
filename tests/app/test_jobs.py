"""What is due is done, whatever fails beside it, and stops when the server stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from app.contracts import Domain, Job
from app.database import Store, run, transaction
from app.errors import DatabaseHeld
from app.i18n import text
from app.jobs import at_work, failed_jobs, run_due
from app.notices.api import Kind, post_mail
from app.notices.tables import Outbox
from app.one_by_one import SomeFailed
from app.registry import Registry
from app.settings import Settings
from app.steady import Clocks
from tests.app.notices.mail_server import MailServer
from tests.client import NOON

Run = Callable[[datetime], Awaitable[int]]


def registry(**jobs: Run) -> Registry:
    return Registry.of(Domain("tests", jobs=[Job(name, run, timedelta(0)) for name, run in jobs.items()]))


async def counts(now: datetime) -> int:
    return now.day


async def falls(now: datetime) -> int:
    raise ZeroDivisionError


async def is_held(now: datetime) -> int:
    raise DatabaseHeld


async def tells(now: datetime) -> int:
    async with transaction():
        await post_mail(
            member_id=None,
            to="samira@exemple.fr",
            kind=Kind.SIGN_IN,
            dedupe="once",
            subject=text("C’est samedi"),
            body=[],
            now=now,
        )
    return 1


def stopped_at(hour: datetime) -> Clocks:
    return Clocks(wall=lambda: hour, steady=lambda: 0.0, awake=lambda: 0.0)


async def eventually(happened: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.005)


class TestRunDue:
    async def test_an_error_in_one_leaves_the_others_alone(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        done = await run_due(registry(falls=falls, held=is_held, counts=counts), NOON)
        assert done == {"falls": None, "held": None, "counts": 24}
        (failed,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert failed.__dict__["job"] == "falls"
        assert failed.exc_info is not None

    async def test_what_a_job_tells_leaves_at_once(self, db: Store) -> None:
        async with MailServer().running() as server:
            done = await run_due(registry(tells=tells), NOON, settings=Settings(smtp_url=server.url))
        assert done == {"tells": 1, "mail": 1}
        assert [mail["To"] for mail in server.received] == ["samira@exemple.fr"]

    async def test_without_settings_mail_stays(self, db: Store) -> None:
        assert await run_due(registry(tells=tells), NOON) == {"tells": 1}
        (row,) = await Outbox.select()
        assert (row["sent_at"], row["logged_at"]) == (None, None)


class TestWhatFailed:
    async def test_it_is_kept_until_it_goes_well(self, db: Store) -> None:
        fails = {"falls": True, "some": True}

        async def maybe(now: datetime) -> int:
            if fails["falls"]:
                raise ZeroDivisionError
            return 0

        async def some(now: datetime) -> int:
            if fails["some"]:
                raise SomeFailed(3, 1)
            return 3

        async def failed() -> dict[str, datetime]:
            return {row["job"]: row["failed_at"] for row in await failed_jobs()}

        jobs, minute = registry(falls=maybe, some=some, held=is_held, counts=counts), timedelta(minutes=1)
        assert await run_due(jobs, NOON) == {"falls": None, "some": None, "held": None, "counts": 24}
        assert await failed() == {"falls": NOON, "some": NOON}, "a database that is held passes by itself"
        fails["falls"] = False
        await run_due(jobs, NOON + minute)
        assert await failed() == {"some": NOON + minute}
        fails["some"] = False
        async with at_work(jobs, Settings(), clocks=stopped_at(NOON + minute), look_every=0.01, post_every=100):
            async with asyncio.timeout(5):
                while await failed():
                    await asyncio.sleep(0.01)

    async def test_a_server_keeps_it_too_and_writes_nothing_while_all_goes_well(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[str] = []

        async def noted(sql: str, *args: object) -> list[dict[str, object]]:
            written.append(sql.split()[0])
            return await run(sql, *args)

        monkeypatch.setattr("app.jobs.run", noted)
        times = 0

        async def ticks(now: datetime) -> int:
            nonlocal times
            times += 1
            return 0

        async with at_work(registry(ticks=ticks), Settings(), look_every=0.01, post_every=0.01):
            await eventually(lambda: times > 4)
        assert written == ["select", "select"], "once for the jobs, once for the mail"
        async with at_work(registry(falls=falls), Settings(), look_every=0.01, post_every=100):
            await eventually(lambda: "insert" in written)
            async with asyncio.timeout(5):
                while not await failed_jobs():
                    await asyncio.sleep(0.01)

    async def test_a_database_that_cannot_keep_it_stops_nothing(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away(sql: str, *args: object) -> list[dict[str, object]]:
            raise ConnectionError

        monkeypatch.setattr("app.jobs.run", away)
        assert await run_due(registry(falls=falls, counts=counts), NOON) == {"falls": None, "counts": 24}


class TestAtWork:
    async def test_jobs_are_done_again_and_again_beside_the_pages(self, db: Store) -> None:
        times: list[datetime] = []

        async def ticks(now: datetime) -> int:
            times.append(now)
            return 0

        async with at_work(
            registry(falls=falls, ticks=ticks), Settings(), clocks=stopped_at(NOON), look_every=0.01, post_every=0.01
        ):
            await eventually(lambda: len(times) >= 3)
        assert set(times) == {NOON}
        done = len(times)
        await asyncio.sleep(0.05)
        assert len(times) == done, "it goes on after the server stopped"

    async def test_each_job_has_its_own_pace(self, db: Store) -> None:
        often, seldom = 0, 0

        async def quick(now: datetime) -> int:
            nonlocal often
            often += 1
            return 0

        async def slow(now: datetime) -> int:
            nonlocal seldom
            seldom += 1
            return 0

        jobs = Registry.of(
            Domain("tests", jobs=[Job("quick", quick, timedelta(0)), Job("slow", slow, timedelta(hours=1))])
        )
        async with at_work(jobs, Settings(), look_every=0.01):
            await eventually(lambda: often >= 5)
        assert seldom == 1

    async def test_mail_leaves_while_a_job_takes_its_time(self, db: Store) -> None:
        await tells(NOON)
        free = asyncio.Event()

        async def long(now: datetime) -> int:
            await free.wait()
            return 0

        async with (
            MailServer().running() as server,
            at_work(
                registry(long=long),
                Settings(smtp_url=server.url),
                clocks=stopped_at(NOON),
                look_every=0.01,
                post_every=0.01,
            ),
        ):
            await eventually(lambda: bool(server.received))
            free.set()

    async def test_a_job_under_way_ends_before_the_database_closes(self, db: Store) -> None:
        begun, ended = asyncio.Event(), False

        async def long(now: datetime) -> int:
            nonlocal ended
            begun.set()
            await asyncio.sleep(0.2)
            await Outbox.select().limit(1)
            ended = True
            return 0

        async with at_work(registry(long=long), Settings(), look_every=0.01):
            await begun.wait()
        assert ended

    async def test_a_job_that_does_not_end_is_cut_and_undone(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.jobs.STOP_PATIENCE", 0.05)
        begun = asyncio.Event()

        async def endless(now: datetime) -> int:
            async with transaction():
                await post_mail(
                    member_id=None, to="a@b.fr", kind=Kind.SIGN_IN, dedupe="d", subject=text("a"), body=[], now=NOON
                )
                begun.set()
                await asyncio.sleep(3600)
            return 0

        async with at_work(registry(endless=endless), Settings(), look_every=0.01, post_every=100):
            await begun.wait()
        assert await Outbox.select() == []
