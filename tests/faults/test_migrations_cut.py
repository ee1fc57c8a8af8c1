"""The project's own migrations, the newest among them, cut by `kill -9` between any two statements and at each COMMIT.

Adds to `tests/app/test_migrations.py`, which cuts a migration made for the test at one place.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from app.database import is_sqlite, run
from app.migrations import known_steps, migrate, pending
from tests.conftest import Postgres
from tests.faults import cut
from tests.faults.stage import opened
from tests.servers import ROOT, bare_environ

pytestmark = pytest.mark.slow

CUTS = 7
NEVER = 0
IN_THE_FIRST = 12
"""A point in the middle of the first migration."""


async def cut_at(url: str, point: int, *how: str) -> int:
    """Migrate in a program that dies there; how many points there are when it lived to the end."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", cut.MODULE, url, str(point), *how),
        cwd=ROOT,
        env=bare_environ(),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await program.communicate()
    assert program.returncode == (0 if point == NEVER else -signal.SIGKILL), point
    return int(said or 0)


async def shape(url: str) -> list[Any]:
    """All that was made: tables, columns, indexes, triggers, constraints, and what is recorded."""
    async with opened(url):
        if is_sqlite():
            made = await run("select name, sql from sqlite_master where name not like 'sqlite_%' order by name")
        else:
            made = await run(
                "select table_name, column_name, data_type, is_nullable, column_default "
                "from information_schema.columns where table_schema = 'public' order by 1, 2"
            )
            made += await run("select indexname, indexdef from pg_indexes where schemaname = 'public' order by 1")
            made += await run(
                "select conrelid::regclass::text as owner, conname, pg_get_constraintdef(oid) as says "
                "from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2"
            )
        return [*made, *await run("select app_name, name from migration order by id")]


class Databases:
    """Empty ones, as many as wanted."""

    def __init__(self, request: pytest.FixtureRequest, sort: str) -> None:
        self.folder: Path | None = request.getfixturevalue("sqlite_folder") if sort == "sqlite" else None
        self.postgres: Postgres | None = None if sort == "sqlite" else request.getfixturevalue("postgres")
        self.made: list[str] = []

    def empty(self) -> str:
        if self.postgres is None:
            assert self.folder is not None
            self.made.append(f"cut-{len(self.made)}.sqlite")
            return f"sqlite:///{self.folder / self.made[-1]}"
        self.made.append(self.postgres.create())
        return self.postgres.url(self.made[-1])

    def drop(self) -> None:
        if self.postgres is not None:
            for name in self.made:
                self.postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Any:
    made = Databases(request, request.param)
    yield made
    made.drop()


async def test_without_a_transaction_the_next_run_cannot_go_on(databases: Databases) -> None:
    """The control: cut in the middle of the first migration, where each statement stays by itself."""
    url = databases.empty()
    await cut_at(url, IN_THE_FIRST, "loosely")
    async with opened(url):
        with pytest.raises(Exception, match="exists"):
            await migrate()


async def test_cut_anywhere_the_next_run_finishes(databases: Databases) -> None:
    whole = databases.empty()
    points = await cut_at(whole, NEVER)
    expected = await shape(whole)
    assert points > 3 * len(known_steps())
    chance = random.Random(points)
    newest = range(points - 8, points + 1)  # the newest migration, its record, its COMMIT, and what is asked afterwards
    fatal = [1, *chance.sample(range(2, points - 8), CUTS - 3), *chance.sample(newest, 2)]
    for point in fatal:
        url = databases.empty()
        await cut_at(url, point)
        async with opened(url):
            left = await pending()
            assert await migrate() == left
            assert await pending() == []
        assert await shape(url) == expected, point
