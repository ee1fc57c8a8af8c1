"""`kill -9` of the server, ten times on one database, in a storm at a meal: people who book, give back, bring others.

SQLite is served by one process, PostgreSQL by four, which all die at once. As `test_killed`, for seats.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from statistics import median

import pytest

from tests.app.cli.kept import program
from tests.faults import careless
from tests.faults.table import Diners, look, make_table, wrongs
from tests.faults.test_killed import KILLS, UP_AGAIN, killed
from tests.servers import people, serving

pytestmark = pytest.mark.slow


def workers(url: str) -> tuple[str, ...]:
    return () if url.startswith("sqlite") else ("--workers", "4")


async def test_a_server_that_answers_before_it_writes_is_found_out(database_url: str, tmp_path: Path) -> None:
    """The control: the same check, on a server that loses bookings that it had acknowledged."""
    table = await make_table(database_url)
    with serving(tmp_path, database_url, program=careless.program(careless.books_later)) as server:
        async with people(server.url) as crowd, Diners(table, crowd) as storm:
            await storm.until_acknowledged(20)
            await killed(server, storm)
            lost = wrongs(storm, await look(table))
            assert any("that it is noted" in wrong for wrong in lost), lost


async def test_killed_ten_times_no_seat_that_was_acknowledged_is_lost(database_url: str, tmp_path: Path) -> None:
    table = await make_table(database_url)
    chance = random.Random(11)
    took = []
    with serving(tmp_path, database_url, *workers(database_url)) as server:
        async with people(server.url) as crowd, Diners(table, crowd) as storm:
            for kill in range(KILLS):
                await storm.until_acknowledged(25)
                await asyncio.sleep(chance.uniform(0, 0.3))
                took.append(await killed(server, storm))
                assert wrongs(storm, await look(table)) == [], f"after kill {kill + 1}"
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
    found = await look(table)
    assert wrongs(storm, found) == []
    assert len(found.guests) >= KILLS // 2
    assert storm.said_yes, "somebody took what was kept for them"
    assert any(len(stand) > 1 for stand in found.rows.values()), "somebody came back"
    looked = program(database_url, "doctor", base_url="https://reseau.exemple")
    assert looked.returncode == 0, looked.stdout.decode()
    print(
        f"{storm.acknowledged} acknowledged, {storm.answers[0]} without an answer, "
        f"{len(storm.said_yes)} took what was kept for them; up in {max(took):.1f} s at most"
    )
