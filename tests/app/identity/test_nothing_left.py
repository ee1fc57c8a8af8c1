"""What an erasure leaves nowhere: counted tries, the file as it was before, anything but a number in the list."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.database import Store, engine, run, transaction
from app.erased import beside, read_file
from app.identity import leaving, throttle
from app.main import REGISTRY
from app.notices.delivery import Postman
from app.sqlite_engine import SQLiteStore
from tests.app.identity.lives import CANARIES, LATER, live
from tests.app.identity.steps import PASSWORD
from tests.app.notices.mail_server import MailServer
from tests.client import World
from tests.people import Cast


@pytest.fixture
async def somebody(cast: Cast) -> int:
    return await live(cast)


async def test_no_counted_try_is_left(somebody: int, cast: Cast) -> None:
    limits = [each for each in vars(throttle).values() if isinstance(each, throttle.Limit)]
    theirs = [limit for limit in limits if limit is not throttle.STRANGERS]
    assert len(theirs) >= 6, "that of strangers is a network's"
    async with transaction():
        await run("delete from attempt")
        for limit in limits:
            for subject in (f"member {somebody}", CANARIES["address"], f"member {cast.aicha}"):
                await throttle.note(limit, subject, now=LATER)
    await leaving.erase_for(somebody, REGISTRY.domains, force=False, now=LATER)
    left = {row["key"] for row in await run("select key from attempt")}
    gone = {limit.key(each) for limit in theirs for each in (f"member {somebody}", CANARIES["address"])}
    assert left & gone == set()
    assert {limit.key(f"member {cast.aicha}") for limit in limits} <= left, "those of others stay"


class TestTheFile:
    async def test_what_was_asked_is_there_until_it_is_done(
        self, somebody: int, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def cut() -> None:
            await asked()
            raise asyncio.CancelledError  # as when the server is stopped

        async def asked() -> None:
            there.append(len(await run("select id from to_wipe")))

        there: list[int] = []
        await leaving.erase_for(somebody, REGISTRY.domains, force=False, now=LATER)
        soon = LATER + timedelta(hours=2)
        with monkeypatch.context() as broken:
            broken.setattr(leaving, "write_anew", cut)
            with pytest.raises(asyncio.CancelledError):
                await leaving.wipe(soon)
            broken.setattr(leaving, "write_anew", asked)
            assert await leaving.wipe(soon) == 1
        assert there == [1, 1], "also in the moment in which nothing can be caught any more"
        assert await leaving.wipe(soon) == 0


class TestBesideTheFile:
    """On SQLite alone: PostgreSQL's list stands beside the backups."""

    @pytest.fixture
    async def db(self, sqlite_only_db: Store) -> Store:
        return sqlite_only_db

    async def test_the_list_beside_the_database_has_the_number_and_nothing_else(
        self, somebody: int, cast: Cast
    ) -> None:
        await leaving.erase_for(somebody, REGISTRY.domains, force=False, now=LATER)
        store = engine()
        assert isinstance(store, SQLiteStore)
        path = beside(Path(store.path))
        (line,) = read_file(path)
        assert (line.member_id, line.on) == (somebody, LATER.date())
        assert path.read_text().count(" ") == 2
        assert path.stat().st_mode & 0o777 == 0o600


class TestTheBytes:
    """On SQLite alone: what the running server's own files hold, whatever a statement would say."""

    @pytest.fixture
    async def db(self, sqlite_only_db: Store) -> Store:
        return sqlite_only_db

    async def test_the_address_of_the_last_mail_is_in_no_byte_minutes_after_it_left(
        self, somebody: int, cast: Cast
    ) -> None:
        (wiping,) = [job for job in REGISTRY.jobs if job.name == "identity.wipe"]
        assert wiping.every <= timedelta(minutes=1), "soon after the mail, not when somebody stops the server"
        async with MailServer().running() as server:
            world = World(LATER, smtp_url=server.url, mail_from="Les Tanneurs <bonjour@tanneurs.exemple>")
            browser = await world.browser_of(somebody, place_id=cast.place)
            answer = await browser.post("/moi/donnees/effacement", {"understood": "1", "password": PASSWORD})
            assert answer.status_code == 303
            await wiping.run(world.now)
            await Postman(world.settings, REGISTRY.entry_kinds).deliver(world.later(seconds=2))
            assert CANARIES["address"] in [mail["to"] for mail in server.received]
        assert await run("select id from outbox where forget") == []
        assert in_files(CANARIES["address"]), "the control: deleting the row is not enough"
        await wiping.run(world.later(minutes=1))
        left = [name for name, canary in CANARIES.items() if in_files(canary)]
        assert left == []


def in_files(words: str) -> list[str]:
    """In which of the database's files these words stand."""
    store = engine()
    assert isinstance(store, SQLiteStore)
    path = Path(store.path)
    files = [each for each in path.parent.glob(path.name + "*") if each.is_file()]
    assert {path, path.with_name(path.name + "-wal")} <= set(files)
    return [each.name for each in files if words.encode() in each.read_bytes()]
