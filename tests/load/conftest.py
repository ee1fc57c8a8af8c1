"""For each engine, the real server and the one whose guards can be taken away; a test acts on one of them at a time.

SQLite is served by one process, PostgreSQL by four. Both servers live as long as the tests of this folder: what a test
needs it makes for itself, in a database that others have used before.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import ENGINES, opened
from tests.load import unguarded
from tests.servers import RESEAU, Server, serving

WORKERS = {"sqlite": 1, "postgres": 4}


class Servers:
    """Started when they are first asked for."""

    def __init__(self, request: pytest.FixtureRequest, engine: str, folder: Path, stack: ExitStack) -> None:
        self._request = request
        self._engine = engine
        self._folder = folder
        self._stack = stack
        self._started: dict[str, Server] = {}

    def of(self, name: str, *program: str, workers: int) -> Server:
        if name not in self._started:
            folder = self._folder / name
            folder.mkdir()
            args = ("--workers", str(workers)) if workers > 1 else ()
            server = serving(folder, self._database(folder), *args, program=program)
            self._started[name] = self._stack.enter_context(server)
        return self._started[name]

    def _database(self, folder: Path) -> str:
        if self._engine == "sqlite":
            path = folder / "load.sqlite"
            shutil.copyfile(self._request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        postgres = self._request.getfixturevalue("postgres")
        name = postgres.create(self._request.getfixturevalue("postgres_template"))
        self._stack.callback(postgres.drop, name)
        return str(postgres.url(name))


@pytest.fixture(scope="package", params=ENGINES)
def servers(request: pytest.FixtureRequest, quick_path: Path) -> Iterator[Servers]:
    if request.param == "postgres":  # asked for first: it ends last
        request.getfixturevalue("postgres_template")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=quick_path))
        yield Servers(request, request.param, Path(folder), stack)


@pytest.fixture
async def server(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """The real one, whose database is open in this process too."""
    name = request.node.callspec.params["servers"]
    found = servers.of("real", str(RESEAU), workers=WORKERS[name])
    async for _ in opened(found.database):
        yield found


@pytest.fixture
async def careless(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """The one that goes without the guards that a request names (`tests.load.unguarded`)."""
    name = request.node.callspec.params["servers"]
    found = servers.of("careless", *unguarded.PROGRAM, workers=min(2, WORKERS[name]))
    async for _ in opened(found.database):
        yield found
