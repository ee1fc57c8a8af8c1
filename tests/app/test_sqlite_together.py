"""What SQLite's engine promises to those who write while others do: one wait for the disk, and each for itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app import sqlite_engine
from app.database import empty_log, run, savepoint, transaction, write_anew
from app.errors import DatabaseHeld
from app.sqlite_engine import SQLiteStore
from tests.app.shelves import names, put, shelves_in
from tests.app.test_sqlite_engine import no_room, put_one, slow_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shelves.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    async with shelves_in(path, patience=2) as engine:
        yield engine


@contextmanager
def counted_commits(store: SQLiteStore) -> Iterator[list[str]]:
    """What the writer commits, told by SQLite itself."""
    seen: list[str] = []
    assert store._writer is not None
    store._writer.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    yield seen
    store._writer.set_trace_callback(None)


async def put_and_fail(name: str) -> None:
    async with transaction():
        await put(name)
        raise LookupError(name)


async def started(store: SQLiteStore, *writes: Coroutine[Any, Any, None]) -> list[asyncio.Task[None]]:
    """All of them wait, in this order, when the first one's turn comes."""
    await store._turns.wait(1)
    tasks = [asyncio.create_task(write) for write in writes]
    await asyncio.sleep(0)
    store._turns.end()
    return tasks


async def at_once(store: SQLiteStore, *writes: Coroutine[Any, Any, None]) -> list[BaseException | None]:
    return await asyncio.gather(*await started(store, *writes), return_exceptions=True)


class TestOneCommitForAll:
    async def test_those_who_wait_share_one(self, store: SQLiteStore) -> None:
        with counted_commits(store) as commits:
            assert await at_once(store, *(put_one(str(number)) for number in range(20))) == [None] * 20
        assert len(commits) == 1
        assert await names() == sorted(map(str, range(20)))

    async def test_but_never_too_many(self, store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_engine, "MOST_TOGETHER", 3)
        with counted_commits(store) as commits:
            assert await at_once(store, *(put_one(str(number)) for number in range(7))) == [None] * 7
        assert len(commits) == 3
        assert len(await names()) == 7

    async def test_who_comes_alone_waits_for_nobody(self, store: SQLiteStore) -> None:
        with counted_commits(store) as commits:
            for number in range(3):
                await put_one(str(number))
        assert len(commits) == 3

    async def test_nobody_is_answered_before_the_disk_has_it(self, store: SQLiteStore) -> None:
        slow_disk(store, 0.3)
        writing = await started(store, *(put_one(name) for name in "abc"))
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in writing)
        assert await names() == []
        await asyncio.gather(*writing)
        assert await names() == ["a", "b", "c"]

    async def test_each_sees_what_those_before_it_wrote(self, store: SQLiteStore) -> None:
        seen: list[int] = []

        async def count_and_put(name: str) -> None:
            async with transaction():
                seen.append((await run("select count(*) as many from test_thing"))[0]["many"])
                await put(name)

        await at_once(store, *(count_and_put(name) for name in "abcd"))
        assert seen == [0, 1, 2, 3]


class TestEachForItself:
    @pytest.mark.parametrize("at_fault", [0, 1, 3], ids=["first", "second", "last"])
    async def test_one_that_fails_is_undone_alone(self, store: SQLiteStore, at_fault: int) -> None:
        writes = [put_and_fail(name) if number == at_fault else put_one(name) for number, name in enumerate("abcd")]
        told = await at_once(store, *writes)
        assert [type(each) for each in told] == [
            LookupError if number == at_fault else type(None) for number in range(4)
        ]
        assert await names() == [name for number, name in enumerate("abcd") if number != at_fault]

    async def test_a_statement_that_was_refused_spoils_nobody_elses(self, store: SQLiteStore) -> None:
        async def put_nowhere() -> None:
            async with transaction():
                await put("b")
                await put("x", shelf=99)

        told = await at_once(store, put_one("a"), put_nowhere(), put_one("c"))
        assert [type(each) for each in told] == [type(None), sqlite3.IntegrityError, type(None)]
        assert await names() == ["a", "c"]

    async def test_a_savepoint_inside_undoes_its_block_only(self, store: SQLiteStore) -> None:
        async def put_half() -> None:
            async with transaction():
                await put("b")
                with pytest.raises(LookupError):
                    async with savepoint():
                        await put("x")
                        raise LookupError
                await put("c")

        assert await at_once(store, put_one("a"), put_half(), put_one("d")) == [None] * 3
        assert await names() == ["a", "b", "c", "d"]


class TestFaults:
    async def test_a_refused_commit_is_told_to_all_and_keeps_nothing(self, path: Path, store: SQLiteStore) -> None:
        await put_one("before")
        with no_room(path):
            told = await at_once(store, *(put_one(name) for name in "abc"))
        assert [isinstance(each, DatabaseHeld) for each in told] == [True] * 3
        assert await names() == ["before"]
        await put_one("then")
        assert await names() == ["before", "then"]

    async def test_what_sqlite_undid_is_told_to_those_before_and_not_to_those_after(self, store: SQLiteStore) -> None:
        async def put_and_lose(name: str) -> None:
            async with transaction():
                await put(name)
                assert store._writer is not None
                store._writer.execute("rollback")

        told = await at_once(store, put_one("a"), put_and_lose("b"), put_one("c"))
        assert [type(each) for each in told] == [DatabaseHeld, DatabaseHeld, type(None)]
        assert await names() == ["c"]

    async def test_a_writer_that_is_beyond_help_is_replaced(self, store: SQLiteStore) -> None:
        async def put_and_close() -> None:
            async with transaction():
                assert store._writer is not None
                store._writer.close()

        told = await at_once(store, put_one("a"), put_and_close(), put_one("c"))
        assert told[0] is not None
        assert told[1] is not None
        assert told[2] is None
        assert await names() == ["c"]


class TestCancelling:
    @pytest.mark.parametrize("gone", [0, 1, 2], ids=["first", "second", "last"])
    async def test_whoever_goes_away_while_it_is_committed_has_written(self, store: SQLiteStore, gone: int) -> None:
        slow_disk(store, 0.3)
        writing = await started(store, *(put_one(name) for name in "abc"))
        await asyncio.sleep(0.1)
        for _ in range(3):
            writing[gone].cancel()
            await asyncio.sleep(0.01)
        told = await asyncio.gather(*writing, return_exceptions=True)
        assert isinstance(told.pop(gone), asyncio.CancelledError)
        assert told == [None, None]
        assert await names() == ["a", "b", "c"]

    async def test_a_refused_commit_that_nobody_waits_for_is_told_to_the_others(
        self, path: Path, store: SQLiteStore
    ) -> None:
        with no_room(path):
            slow_disk(store, 0.2)
            writing = await started(store, *(put_one(name) for name in "abc"))
            await asyncio.sleep(0.1)
            writing[0].cancel()
            told = await asyncio.gather(*writing, return_exceptions=True)
        assert [type(each) for each in told] == [asyncio.CancelledError, DatabaseHeld, DatabaseHeld]
        assert await names() == []

    @pytest.mark.parametrize("steps", range(12))
    async def test_wherever_it_strikes_nobody_is_left_waiting(self, store: SQLiteStore, steps: int) -> None:
        writing = await started(store, *(put_one(name) for name in "abcd"))
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in writing[::2]:
            task.cancel()
        told = await asyncio.wait_for(asyncio.gather(*writing, return_exceptions=True), 5)
        assert told[1::2] == [None, None]
        assert {"b", "d"} <= set(await names())
        await put_one("then")


class TestThoseWhoWantTheFileAlone:
    async def test_they_wait_until_it_is_committed(self, store: SQLiteStore) -> None:
        assert await at_once(store, put_one("a"), put_one("b"), empty_log(), write_anew(), put_one("c")) == [None] * 5
        assert await names() == ["a", "b", "c"]

    async def test_a_change_of_the_tables_too(self, store: SQLiteStore) -> None:
        async def add_column() -> None:
            async with store.transaction(for_schema=True):
                await run("alter table test_thing add column colour text")

        assert await at_once(store, put_one("a"), put_one("b"), add_column(), put_one("c")) == [None] * 4
        assert await names() == ["a", "b", "c"]

    async def test_closing_loses_nothing(self, path: Path) -> None:
        engine = SQLiteStore(str(path), patience=2)
        await engine.open()
        async with engine.transaction():
            await engine.fetch("create table word (word text)")

        async def write(word: str) -> None:
            async with engine.transaction():
                await engine.fetch("insert into word values (?)", (word,))

        writing = await started(engine, write("a"), write("b"))
        await engine.close()
        await asyncio.gather(*writing)
        with sqlite3.connect(path) as connection:
            assert connection.execute("select word from word order by word").fetchall() == [("a",), ("b",)]
        connection.close()
