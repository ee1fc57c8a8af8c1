"""The town, seeded once for each engine, and what the crawler found in it, once for each test process."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.database import close_database, connect, open_database
from app.migrations import migrate
from tests.attack.crawl import Found, RouteTable, crawl
from tests.attack.town import Ground, Town, build, on
from tests.conftest import ENGINES, Postgres, elsewhere


@dataclass
class Template:
    """Where a seeded database is to be copied from, and who is in it."""

    name: str
    town: Town


async def built(url: str, into: list[Town]) -> None:
    connect(url)
    await open_database()
    try:
        await migrate()
        into.append(await build())
    finally:
        await close_database()


@pytest.fixture(scope="session")
def sqlite_town(quick_path: Path) -> Template:
    path, made = str(quick_path / "town.sqlite"), list[Town]()
    elsewhere(built(path, made))
    return Template(path, made[0])


@pytest.fixture(scope="session")
def postgres_town(postgres: Postgres) -> Template:
    name, made = postgres.create(), list[Town]()
    elsewhere(built(postgres.url(name), made))
    return Template(name, made[0])


def sqlite_ground(template: Template, folder: Path) -> Ground:
    path = folder / "ground.sqlite"

    def restored() -> str:
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        shutil.copyfile(template.name, path)
        return f"sqlite:///{path}"

    return Ground(template.town, restored)


@pytest.fixture(scope="session")
def found(sqlite_town: Template, quick_path: Path) -> Found:
    """Everything that the crawler finds."""
    folder, crawled = quick_path / "crawled", list[Found]()
    folder.mkdir()

    async def walk() -> None:
        async with on(sqlite_ground(sqlite_town, folder)) as ground:
            crawled.append(await crawl(ground))

    elsewhere(walk())
    return crawled[0]


READ_OF_EACH = 2
"""So many addresses of each route are read again by each kind of person."""


@dataclass
class Reads:
    """What everybody is answered who reads, over https."""

    found: Found
    gets: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    """By kind of person and address."""
    heads: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    written: list[tuple[str, str, str]] = field(default_factory=list)
    """(Kind, address, method) of what changed the database."""


async def read_all(ground: Ground, found: Found) -> Reads:
    reads, table, world = Reads(found), RouteTable(), ground.town.world("https://reseau.exemple")
    for kind in ground.town.people:
        browser, times = ground.town.browser(kind, world), Counter[object]()
        for address in sorted(found.addresses(kind), key=lambda each: (len(each), each)):
            fits = table.of("GET", address.partition("?")[0])
            shape = (fits and fits[0], "?" in address, found.statuses[address][kind])
            times[shape] += 1
            if times[shape] > READ_OF_EACH:
                continue
            ground.written()
            reads.gets[kind, address] = await browser.get(address)
            if ground.written():
                reads.written.append((kind, address, "GET"))
            reads.heads[kind, address] = await browser.head(address)
            if ground.written():
                reads.written.append((kind, address, "HEAD"))
    return reads


@pytest.fixture(scope="session")
def reads(sqlite_town: Template, found: Found, quick_path: Path) -> Reads:
    """Each kind of address, read by each kind of person with GET and HEAD."""
    folder, made = quick_path / "read", list[Reads]()
    folder.mkdir()

    async def read() -> None:
        async with on(sqlite_ground(sqlite_town, folder)) as ground:
            made.append(await read_all(ground, found))

    elsewhere(read())
    return made[0]


@pytest.fixture
async def ground(sqlite_town: Template, sqlite_folder: Path) -> AsyncIterator[Ground]:
    """The town on the embedded database."""
    async with on(sqlite_ground(sqlite_town, sqlite_folder)) as ground:
        yield ground


@pytest.fixture
def _postgres_names(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        request.getfixturevalue("postgres").drop(name)


@pytest.fixture(params=ENGINES)
async def either_ground(
    request: pytest.FixtureRequest, sqlite_folder: Path, _postgres_names: list[str]
) -> AsyncIterator[Ground]:
    """The town, once for each engine."""
    if request.param == "sqlite":
        made = sqlite_ground(request.getfixturevalue("sqlite_town"), sqlite_folder)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        template: Template = request.getfixturevalue("postgres_town")

        def restored() -> str:
            while _postgres_names:
                server.drop(_postgres_names.pop())
            _postgres_names.append(server.create(template.name))
            return server.url(_postgres_names[-1])

        made = Ground(template.town, restored)
    async with on(made) as ground:
        yield ground
