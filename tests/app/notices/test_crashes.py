"""Processes that die in the middle of a storm of mails, or stand still for longer than a lease: nothing lost, and for
each death at most one mail twice, under the same number."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app import clock
from app.database import Store, is_sqlite, run, transaction
from app.i18n import text
from app.notices.api import Kind, tell
from tests.app.notices.letters import rows, tell_all
from tests.app.notices.mail_server import MailServer
from tests.app.programs import KEY, SENDER, Program, started
from tests.app.runner import READY
from tests.factories import make_member, make_place

RESEAU = Path(sys.executable).with_name("reseau")
KILLS = 10
LEASE = 3.0


def numbers(server: MailServer) -> Counter[str]:
    return Counter(str(mail["Message-ID"]) for mail in server.received)


def twice_without_a_death(order: list[str], deaths: list[tuple[int, int]]) -> list[str]:
    """The mails that came again though no process had died since they had come: `order` is how they came, a death how
    many had come when it struck, and once the server had heard the last of it."""
    before: dict[str, int] = {}
    found = []
    for at, number in enumerate(order):
        if number in before and not any(struck <= at and before[number] < over for struck, over in deaths):
            found.append(number)
        before[number] = at
    return found


def test_a_death_explains_only_what_came_before_it_and_again_after() -> None:
    assert twice_without_a_death(["a", "b", "a"], [(1, 1)]) == []
    assert twice_without_a_death(["a", "b", "a"], [(2, 2)]) == []
    assert twice_without_a_death(["a", "b", "a"], [(3, 3)]) == ["a"], "it died afterwards"
    assert twice_without_a_death(["b", "a", "c", "a"], [(1, 1)]) == ["a"], "it had died before"
    assert twice_without_a_death(["a", "a", "a"], [(1, 1)]) == ["a"], "one death, and two too many"
    assert twice_without_a_death(["b", "a", "c", "a"], [(1, 2)]) == [], "it was on its way when the process died"


async def all_sent(seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while await run("select id from outbox where sent_at is null limit 1"):
            await asyncio.sleep(0.05)


async def doctor(database_url: str, server: MailServer) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(RESEAU),
        "doctor",
        env={
            **os.environ,
            "RESEAU_ENV_FILE": "",
            "RESEAU_DATABASE_URL": database_url,
            "RESEAU_SMTP_URL": server.url,
            "RESEAU_SECRET_KEY": KEY,
            "RESEAU_BASE_URL": "https://reseau.exemple",
            "RESEAU_MAIL_FROM": SENDER,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.slow
async def test_killed_ten_times_in_a_storm(db: Store, database_url: str) -> None:
    place = await make_place(name="Les Tanneurs")
    members = [await make_member(place_id=place) for _ in range(10)]
    server = MailServer(delay=0.003)
    told = 0
    over = asyncio.Event()

    async def storm() -> None:
        """People who do things; every third deed fails in the end, and is rolled back."""
        nonlocal told
        deed = 0
        while not over.is_set():
            deed += 1
            if deed % 3:
                told += await tell_all(members, what=f"deed-{deed}", now=clock.now())
            else:
                with pytest.raises(ZeroDivisionError):
                    async with transaction():
                        subject = text("Ce mail n’existe pas")
                        await tell(
                            members, kind=Kind.CHANGE, what=f"deed-{deed}", subject=subject, body=[], now=clock.now()
                        )
                        raise ZeroDivisionError
            await asyncio.sleep(0.15)

    chance = random.Random(7)
    async with server.running(), AsyncExitStack() as programs:

        async def begin() -> Program:
            arguments = ("mail", database_url, server.url, str(LEASE))
            program = await programs.enter_async_context(started("tests.app.runner", *arguments))
            await program.says(READY)
            return program

        struck: list[int] = []
        deaths: list[tuple[int, int]] = []

        def kill_now(pid: int) -> None:
            struck.append(len(server.received))
            os.kill(pid, signal.SIGKILL)

        running = [await begin() for _ in range(1 if is_sqlite() else 3)]
        storming = asyncio.create_task(storm())
        for kill in range(KILLS):
            victim = running.pop(chance.randrange(len(running)))
            if kill % 2:  # at any moment
                await asyncio.sleep(chance.uniform(0.05, 0.4))
                struck.append(len(server.received))
                await victim.kill()
            else:  # a mail is taken, and nobody can say so any more
                at = len(server.received) + chance.randint(3, 15)
                server.then[at] = lambda pid=victim.pid: kill_now(pid)  # type: ignore[misc]  # bound now
                await victim.end()
            await asyncio.sleep(0.1)  # the server hears the end of what was on its way; its lease is far longer
            deaths.append((struck[-1], len(server.received)))
            running.append(await begin())
        over.set()
        await storming
        await all_sent()
        sent = numbers(server)
        assert told == len(sent) >= 200, "each that was told, and none that was not"
        assert sum(sent.values()) - told <= KILLS
        assert twice_without_a_death([str(mail["Message-ID"]) for mail in server.received], deaths) == []
        if is_sqlite():
            assert max(sent.values()) > 1, "the control: no kill hit the moment that matters"
        assert not [mail for mail in server.received if mail["Subject"] == "Ce mail n’existe pas"]
        for each in running:
            await each.kill()
        code, said = await doctor(database_url, server)
    assert code == 0, said
    assert "set aside" not in said
    assert "0 mails wait" in said
    assert all(row["lease_by"] is None for row in await rows())


@pytest.mark.slow
async def test_one_that_stood_still_for_longer_than_its_lease(db: Store, database_url: str) -> None:
    """A machine that is suspended in the middle of sending: another takes over, and it finds that out by itself."""
    place = await make_place(name="Les Tanneurs")
    members = [await make_member(place_id=place) for _ in range(60)]
    await tell_all(members, now=clock.now())
    server = MailServer(delay=0.003)
    arguments = ("mail", database_url)
    async with server.running(), AsyncExitStack() as programs:

        async def begin() -> Program:
            program = await programs.enter_async_context(started("tests.app.runner", *arguments, server.url, "2"))
            await program.says(READY)
            return program

        stopped = asyncio.Event()
        first: Program | None = None

        def stop() -> None:
            assert first is not None
            first.signal(signal.SIGSTOP)
            stopped.set()

        server.then[13] = stop
        first = await begin()
        await asyncio.wait_for(stopped.wait(), 30)
        assert len(server.received) == 13
        await begin()
        await all_sent()
        assert len(numbers(server)) == 60
        first.signal(signal.SIGCONT)
        await tell_all(members[:5], what="afterwards", now=clock.now())
        await all_sent()
        await asyncio.sleep(1)  # whatever it might still send
        sent = numbers(server)
        assert first.process.returncode is None, "it goes on, and does nothing wrong"
    assert len(sent) == 65
    assert sorted(sent.values())[-2:] == [1, 2], "only the mail that was on its way, which nobody can know of"
