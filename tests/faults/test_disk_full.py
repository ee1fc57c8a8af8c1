"""The disk is full while people act, and has room again later; the server is not started anew.

Adds to `tests/app/test_sqlite_engine.py`, which fills the disk under the engine: here it is what people are told, that
it is true, and that they can go on reading. PostgreSQL's disk is filled by its own word for it, without its disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import words
from tests.faults import careless
from tests.faults.counting import back_to, held_by
from tests.faults.filling import Disk, FullPostgres, SmallDisk, SmallFiles, mounted
from tests.faults.stage import Storm, Town, look, make_town, wrongs
from tests.servers import People, people, serving

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("linux")]

REFUSED = 40
READ_WITHIN = 2.0


@pytest.fixture(params=["a small disk", "a limit of the process", "postgres"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Disk, str]]:
    """What is full, and the database on it."""
    if request.param == "postgres":
        yield FullPostgres(), request.getfixturevalue("postgres_database_url")
        return
    made = Path(request.getfixturevalue("sqlite_database_url").removeprefix("sqlite:///"))
    if request.param == "a limit of the process":
        yield SmallFiles(made.parent), f"sqlite:///{made}"
        return
    with mounted(tmp_path / "disk", "16m") as folder:
        (folder / "place.sqlite").write_bytes(made.read_bytes())
        yield SmallDisk(folder), f"sqlite:///{folder / 'place.sqlite'}"


def pages_of(town: Town) -> tuple[str, ...]:
    """What visitors go on reading."""
    return "/agenda", f"/ateliers/{town.workshop}", "/lieux"


async def read(crowd: People, path: str) -> float:
    """How long a visitor waited for this page."""
    reader, began = crowd.stranger(), time.monotonic()
    assert (await reader.get(path)).status_code == 200
    return time.monotonic() - began


async def test_a_server_that_says_yes_all_the_same_is_found_out(sqlite_database_url: str, tmp_path: Path) -> None:
    """The control: the same check, on a server that answers before it knows whether there is room."""
    full = SmallFiles(tmp_path)
    town = await make_town(sqlite_database_url)
    with serving(tmp_path, sqlite_database_url, program=careless.program(careless.answers_first)) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            await full.fill(server)
            await storm.until_acknowledged(len(town.members) // 2)
            await storm.pause()
            await asyncio.sleep(3 * careless.LATER)
            await full.free(server)
            lost = wrongs(storm.told(), await look(town))
            assert any("was told" in wrong for wrong in lost), lost


async def test_nothing_is_acknowledged_that_is_not_there_and_it_mends_itself(
    disk: tuple[Disk, str], tmp_path: Path
) -> None:
    full, url = disk
    town = await make_town(url)
    with serving(tmp_path, url) as server:
        async with people(server.url) as crowd, Storm(town, crowd) as storm:
            await storm.until_acknowledged(50)
            before = held_by(server.process.pid)
            # How long reading takes in the same storm while there is room: the machine may be busy with other things.
            usual = max([await read(crowd, path) for path in pages_of(town) for _ in range(3)])
            for time_round in (1, 2):
                await full.fill(server)
                seen = len(storm.refusals)
                async with asyncio.timeout(60):
                    while len(storm.refusals) < seen + REFUSED:
                        await asyncio.sleep(0.01)
                for path in pages_of(town):
                    assert await read(crowd, path) < max(READ_WITHIN, 5 * usual)
                assert (await storm.actors[0].person.get("/moi")).status_code == 200
                await storm.pause()
                assert wrongs(storm.told(), await look(town)) == [], "as it was, though nothing could be written"
                await full.free(server)
                storm.go_on()
                await storm.until_acknowledged(50)
                await storm.pause()
                assert wrongs(storm.told(), await look(town)) == [], f"time {time_round}"
                storm.go_on()
            assert await back_to(before, lambda: held_by(server.process.pid)) == []
        assert set(storm.answers) == {303, 503}
        pages = [answer for answer in storm.refusals if answer.status_code == 503]
        assert all("Rien n’a été enregistré." in words(page) for page in pages)
        if not isinstance(full, SmallFiles):  # which the system calls a write that failed
            assert all("Il n’y a plus de place sur le site" in words(page) for page in pages)
        assert all("Retry-After" in page.headers for page in pages)
        assert not any("Traceback" in page.text or "sqlite" in page.text.casefold() for page in pages)
        told = {line.get("reference") for line in server.troubles()}
        heard = [page.headers["X-Request-Id"] for page in pages]
        if not isinstance(full, SmallFiles):  # there the log may be cut as well
            assert set(heard) <= told
        assert server.stop() == 0
    assert wrongs(storm.told(), await look(town)) == []
