"""SIGTERM while many act: whoever is being answered gets an answer, and what it says stays true.

Adds to `tests/app/test_serving.py`, where one slow form is finished: here many are under way, some wait for the
database, and what they were told is held against what is there afterwards.
"""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.faults.holding import held
from tests.faults.stage import Storm, look, make_town, opened, wrongs
from tests.servers import STOP, Server, at_once, end, people, serving

pytestmark = pytest.mark.slow

STOPS = 2


async def ended(server: Server) -> int:
    """Its exit code, once it has ended by itself."""
    code = await asyncio.to_thread(server.process.wait, STOP)
    end(server.process)
    return code


async def refuses(server: Server) -> None:
    """Wait until nobody listens there any more."""
    async with asyncio.timeout(STOP):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                continue  # it closed while we were being let in: the next one is refused
            writer.close()
            await asyncio.sleep(0.02)


def several(url: str) -> tuple[str, ...]:
    return () if url.startswith("sqlite") else ("--workers", "2")


async def test_in_a_storm_nothing_that_was_acknowledged_is_lost(database_url: str, tmp_path: Path) -> None:
    town = await make_town(database_url)
    with serving(tmp_path, database_url, *several(database_url)) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            for _ in range(STOPS):
                await storm.until_acknowledged(40)
                server.process.send_signal(signal.SIGTERM)
                assert await ended(server) == 0
                await refuses(server)
                await storm.pause()
                assert wrongs(storm.told(), await look(town)) == []
                await asyncio.to_thread(server.start)
                storm.go_on()
            await storm.until_acknowledged(40)
        assert set(storm.answers) == {0, 303}, "an answer that came is an answer"
        assert server.stop() == 0
        assert [line for line in server.lines() if line["level"] == "ERROR"] == []
    assert wrongs(storm.told(), await look(town)) == []
    if database_url.startswith("sqlite"):
        path = Path(database_url.removeprefix("sqlite:///"))
        assert [each.name for each in path.parent.iterdir() if each.name.startswith(path.name)] == [path.name]


@pytest.mark.parametrize("let_go", [True, False], ids=["let go in time", "held to the end"])
async def test_those_that_wait_for_the_database(database_url: str, tmp_path: Path, let_go: bool) -> None:
    """They are under way when it is told to end: let go in time they are done, else they are not, and nobody was told
    that they were."""
    town = await make_town(database_url, people=20, capacity=20)
    with serving(tmp_path, database_url, *several(database_url)) as server:
        async with people(server.url) as crowd:
            async with opened(database_url):
                persons = await crowd.signed_in(town.members, place_id=town.place)
            # Connections are open and everything is warm: what follows is under way at once.
            await at_once(person.get("/agenda") for person in persons)
            async with held(database_url):
                sent = asyncio.gather(
                    *(person.post(f"/ateliers/{town.workshop}/inscription") for person in persons),
                    return_exceptions=True,
                )
                await asyncio.sleep(1)
                server.process.send_signal(signal.SIGTERM)
                await refuses(server)
                await asyncio.sleep(0.5)
                assert server.process.poll() is None, "it ended while requests were under way"
                if not let_go:
                    assert await ended(server) == 0
            answers = await sent
            assert await ended(server) == 0
    told = Counter(each.status_code if isinstance(each, httpx.Response) else type(each).__name__ for each in answers)
    there = sum(bool(rows) for rows in (await look(town)).rows.values())
    if let_go:
        assert told == {303: 20}
        assert there == 20
    else:
        assert told[303] == 0, told
        assert there == 0
