"""`kill -9` of the server, ten times on one database, in a storm of sign-ups, withdrawals and proposals.

Adds to `tests/app/notices/test_crashes.py`, where processes die that only send mail: here it is the server that people
talk to, and what each of them was told is what counts.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from statistics import median

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import pytest

from tests.app.cli.kept import program
from tests.faults import careless
from tests.faults.stage import Storm, look, make_town, wrongs
from tests.servers import Server, people, serving

pytestmark = pytest.mark.slow

KILLS = 10
UP_AGAIN = 10.0


async def nobody_left(url: str) -> None:
    """Until PostgreSQL has seen that the server is dead: what it was committing is committed, or undone."""
    if url.startswith("sqlite"):
        return
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(20):
            while await connection.fetchval(
                "select count(*) from pg_stat_activity "
                "where application_name = 'reseau' and datname = current_database()"
            ):
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def killed(server: Server, storm: Storm) -> float:
    """Kill it, start it again while nobody acts, and say how long that took."""
    server.kill()
    await storm.pause()
    await nobody_left(server.database)
    began = time.monotonic()
    await asyncio.to_thread(server.start)
    return time.monotonic() - began


async def test_a_server_that_answers_before_it_writes_is_found_out(database_url: str, tmp_path: Path) -> None:
    """The control: the same check, on a server that loses what it had acknowledged."""
    town = await make_town(database_url)
    with serving(tmp_path, database_url, program=careless.program(careless.answers_first)) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            await storm.until_acknowledged(20)
            await killed(server, storm)
            lost = wrongs(storm.told(), await look(town))
            assert any("was told" in wrong for wrong in lost), lost


async def test_killed_ten_times_nothing_that_was_acknowledged_is_lost(database_url: str, tmp_path: Path) -> None:
    town = await make_town(database_url)
    chance = random.Random(11)
    took = []
    with serving(tmp_path, database_url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            for kill in range(KILLS):
                await storm.until_acknowledged(25)
                await asyncio.sleep(chance.uniform(0, 0.3))
                took.append(await killed(server, storm))
                assert wrongs(storm.told(), await look(town)) == [], f"after kill {kill + 1}"
                storm.go_on()
            await storm.until_acknowledged(25)
            await storm.end()
        assert storm.acknowledged > 25 * KILLS
        assert storm.answers[0] >= KILLS, "each kill struck somebody who was waiting for an answer"
        assert set(storm.answers) == {0, 303}
        assert median(took) < UP_AGAIN
        assert max(took) < 2 * UP_AGAIN, "or the machine has other things to do"
        assert [line for line in server.lines() if line["level"] == "ERROR"] == []
        assert server.stop() == 0
    told, found = storm.told(), await look(town)
    assert wrongs(told, found) == []
    assert len(told.proposed) >= KILLS // 2
    assert any(len(states) > 1 for states in found.rows.values()), "somebody came back"
    looked = program(database_url, "doctor", base_url="https://reseau.exemple")
    assert looked.returncode == 0, looked.stdout.decode()
    print(f"{storm.acknowledged} acknowledged, {storm.answers[0]} without an answer, up in {max(took):.1f} s at most")
