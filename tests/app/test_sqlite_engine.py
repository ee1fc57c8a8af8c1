"""What SQLite's engine promises while another program holds the file, the disk fails, or a task is cancelled."""

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import Context
from pathlib import Path

import pytest

from app.database import (
    Store,
    TransactionMisuse,
    close_database,
    connect,
    empty_log,
    in_haste,
    open_database,
    run,
    transaction,
)
from app.errors import DatabaseHeld
from app.sqlite_engine import SQLiteStore
from tests.app.shelves import Shelf, make_shelves, names, put, shelves_in

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(";"):
    connection.execute(statement)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shelves.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    """With little patience, so that the tests need none either."""
    async with shelves_in(path, patience=0.3) as engine:
        yield engine


def files_of(path: Path) -> list[str]:
    """The files of this database that the process has open, one for each descriptor: others' come and go meanwhile."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return sorted(each for each in found if each.startswith(str(path)))


@contextmanager
def held(path: Path, how: str = "begin immediate") -> Iterator[Callable[[], None]]:
    """Another program holds the file until the block ends, or until the function that it gets is called."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        keys, screen = program.stdin, program.stdout
        assert keys is not None
        assert screen is not None
        assert screen.readline() == "held\n"

        def let_go() -> None:
            keys.close()
            program.wait()

        yield let_go


async def put_one(name: str) -> None:
    async with transaction():
        await put(name)


def slow_disk(store: SQLiteStore, seconds: float) -> None:
    """What the writer's thread does next comes so much later, as on a disk that takes its time."""
    assert store._thread is not None
    store._thread.submit(time.sleep, seconds)


def size_of_log(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


@contextmanager
def no_room(path: Path) -> Iterator[None]:
    """The log cannot grow: writing to it fails, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_of_log(path) + 100, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestHeldByAnotherProgram:
    async def test_reads_go_on_and_a_write_waits_until_it_is_let_go(self, path: Path, store: SQLiteStore) -> None:
        store.patience = 5
        with held(path) as let_go:
            writing = asyncio.create_task(put_one("x"))
            start, reads = time.monotonic(), 0
            while time.monotonic() - start < 0.3:
                assert await names() == []
                await asyncio.sleep(0)
                reads += 1
            assert not writing.done()
            assert reads > 20
            await asyncio.to_thread(let_go)
            await writing
        assert await names() == ["x"]

    async def test_past_patience_it_is_refused_and_works_again_afterwards(self, path: Path, store: SQLiteStore) -> None:
        with held(path):
            start = time.monotonic()
            with pytest.raises(DatabaseHeld, match="another program"):
                await put_one("x")
            assert 0.25 < time.monotonic() - start < 4
        await put_one("y")
        assert await names() == ["y"]

    async def test_fifty_refused_writes_leave_nothing_behind(self, path: Path, store: SQLiteStore) -> None:
        await put_one("the thread runs")
        threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
        with held(path):
            during = len(os.listdir("/proc/self/fd"))
            refused = await asyncio.gather(*(put_one("x") for _ in range(50)), return_exceptions=True)
            assert [type(answer) for answer in refused] == [DatabaseHeld] * 50
            assert len(os.listdir("/proc/self/fd")) == during
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, files)
        await put_one("y")
        assert await names() == ["the thread runs", "y"]

    async def test_what_waits_in_this_process_is_counted_too(self, path: Path, store: SQLiteStore) -> None:
        """All fifty are answered when patience ends, not each after the one before it."""
        with held(path):
            start = time.monotonic()
            await asyncio.gather(*(put_one("x") for _ in range(50)), return_exceptions=True)
            assert time.monotonic() - start < 5

    async def test_a_slow_writer_here_makes_the_next_one_give_up(self, store: SQLiteStore) -> None:
        async with transaction():
            # A task that was not started inside the transaction, as a request of somebody else would be.
            other = asyncio.get_running_loop().create_task(put_one("x"), context=Context())
            with pytest.raises(DatabaseHeld, match="took too long"):
                await other
            await put("mine")
        await put_one("then")
        assert await names() == ["mine", "then"]

    async def test_writers_are_served_in_the_order_they_came(self, store: SQLiteStore) -> None:
        await asyncio.gather(*(put_one(str(number)) for number in range(20)))
        assert [row["name"] for row in await run("select name from test_thing order by id")] == list(
            map(str, range(20))
        )

    async def test_a_reader_elsewhere_does_not_stop_writes(self, path: Path, store: SQLiteStore) -> None:
        with held(path, "begin"):
            await put_one("x")
        assert await names() == ["x"]


class TestCommitInItsThread:
    async def test_a_slow_disk_does_not_stop_reading(self, store: SQLiteStore) -> None:
        slow_disk(store, 0.3)
        writing = asyncio.create_task(put_one("x"))
        reads, start = 0, time.monotonic()
        while not writing.done():
            assert await names() in ([], ["x"])
            reads += 1
            await asyncio.sleep(0)
        assert time.monotonic() - start > 0.25
        assert reads > 20
        assert await names() == ["x"]

    async def test_cancelled_during_commit_it_is_kept_and_the_next_one_waits_for_its_end(
        self, store: SQLiteStore
    ) -> None:
        store.patience = 5
        slow_disk(store, 0.6)
        first = asyncio.create_task(put_one("x"))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(put_one("y"))
        start = time.monotonic()
        for _ in range(3):
            first.cancel()
            await asyncio.sleep(0.02)
            assert not first.done()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert time.monotonic() - start > 0.1
        await second
        assert await names() == ["x", "y"]

    async def test_a_program_that_ends_during_commit_has_kept_it(self, path: Path, store: SQLiteStore) -> None:
        """asyncio.run() cancels every task at its end, also those that look after others."""

        inner = SQLiteStore(str(path))

        async def ends() -> None:
            await inner.open()

            async def write() -> None:
                async with inner.transaction():
                    await inner.fetch("insert into test_thing (shelf_id, name) values (1, 'x')")
                    slow_disk(inner, 0.5)
                    committing.set()

            committing = asyncio.Event()
            task = asyncio.create_task(write())
            await committing.wait()
            await asyncio.sleep(0.05)
            assert not task.done()

        await asyncio.to_thread(asyncio.run, ends())
        assert inner._thread is not None
        inner._thread.shutdown()  # which the tests after this one would count, until it is collected
        await put_one("y")
        assert await names() == ["x", "y"]


class TestFaultsOfTheDisk:
    async def test_a_full_database_refuses_and_works_again_when_there_is_room(self, store: SQLiteStore) -> None:
        assert store._writer is not None
        pages = store._writer.execute("pragma page_count").fetchone()[0]
        store._writer.execute(f"pragma max_page_count={pages + 1}")
        with pytest.raises(DatabaseHeld, match="full"):
            async with transaction():
                for _ in range(20):
                    await put("x" * 4000)
        assert await names() == []
        assert store._writer is not None
        store._writer.execute("pragma max_page_count=1000000")
        await put_one("y")
        assert await names() == ["y"]

    async def test_a_refused_commit_keeps_nothing_and_gives_the_lock_back(self, path: Path, store: SQLiteStore) -> None:
        await put_one("before")
        for attempt in range(3):
            with no_room(path), pytest.raises(DatabaseHeld):
                await put_one("x")
            assert await names() == ["before"], attempt
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            other.execute("begin immediate")
        thread, held = store._thread, files_of(path)
        assert held, "the control: it has its own files open"
        await put_one("after")
        assert await names() == ["after", "before"]
        assert (store._thread, files_of(path)) == (thread, held)

    async def test_after_sqlite_undid_it_nothing_more_is_written(self, store: SQLiteStore) -> None:
        """SQLite ends the transaction by itself after some faults: a statement after that would stand alone."""
        with pytest.raises(DatabaseHeld, match="undone"):
            async with transaction():
                await put("x")
                assert store._writer is not None
                store._writer.execute("rollback")
                await put("y")
        with pytest.raises(DatabaseHeld, match="undone"):
            async with transaction():
                await put("x")
                assert store._writer is not None
                store._writer.execute("rollback")
        assert await names() == []

    async def test_a_writer_that_is_beyond_help_is_replaced(self, store: SQLiteStore) -> None:
        with pytest.raises(sqlite3.ProgrammingError):
            async with transaction():
                assert store._writer is not None
                store._writer.close()
                await put("x")
        await put_one("y")
        assert await names() == ["y"]

    async def test_a_deferred_foreign_key_is_refused_at_commit(self, store: SQLiteStore) -> None:
        with pytest.raises(sqlite3.IntegrityError):
            async with transaction():
                await run("pragma defer_foreign_keys=1")
                await put("x", shelf=99)
        await put_one("y")
        assert await names() == ["y"]


class TestTheFile:
    async def test_it_is_made_for_its_owner_only(self, path: Path, store: SQLiteStore) -> None:
        await put_one("x")
        modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
        assert modes == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}

    async def test_a_commit_is_flushed_to_the_disk(self, store: SQLiteStore) -> None:
        """With synchronous=NORMAL (1), a power cut lost 300 of 300 acknowledged writes."""
        assert store._writer is not None
        assert store._writer.execute("pragma synchronous").fetchone() == (2,)
        assert store._writer.execute("pragma journal_mode").fetchone() == ("wal",)

    async def test_in_haste_it_is_flushed_once_at_the_end(self, path: Path, store: SQLiteStore) -> None:
        async def waits_for_the_disk() -> int:
            async with transaction():
                return int((await run("pragma synchronous"))[0]["synchronous"])

        with pytest.raises(RuntimeError, match="a mistake meanwhile"):
            async with in_haste():
                assert await waits_for_the_disk() == 0
                await put_one("in haste")
                raise RuntimeError("a mistake meanwhile")
        assert await waits_for_the_disk() == 2
        assert not Path(f"{path}-wal").read_bytes(), "all of it is in the file itself"
        assert await names() == ["in haste"]

    async def test_the_reading_connection_cannot_write_whatever_it_is_asked(self, store: SQLiteStore) -> None:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store.fetch_outside("delete from test_shelf", ())
        assert await Shelf.count() == 3

    async def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        connect(str(tmp_path / "nowhere" / "x.sqlite"))
        with pytest.raises(FileNotFoundError, match="nowhere"):
            await open_database()
        with pytest.raises(TransactionMisuse):
            await run("select 1")

    async def test_it_waits_for_who_holds_the_file_alone(self, path: Path, store: SQLiteStore) -> None:
        await close_database()
        before = threading.active_count()
        with closing(sqlite3.connect(path, isolation_level=None)) as alone:
            alone.execute("pragma locking_mode=exclusive")
            alone.execute("delete from test_thing")
            with pytest.raises(DatabaseHeld, match="another program"):
                await open_database()
            assert threading.active_count() == before
        await open_database()
        assert await Shelf.count() == 3

    async def test_its_locks_outlive_a_migration(self, path: Path, store: SQLiteStore) -> None:
        """POSIX takes all of a program's locks on a file away when it closes the file once, by whatever handle."""
        async with store.transaction(for_schema=True):
            await run("delete from test_thing")
        with pytest.raises(AssertionError), held(path, "pragma locking_mode=exclusive; delete from test_thing"):
            pass

    async def test_the_log_is_not_emptied_under_a_reader(self, path: Path, store: SQLiteStore) -> None:
        await put_one("x")
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("begin")
            reader.execute("select * from test_thing").fetchall()
            await put_one("y")
            with pytest.raises(DatabaseHeld, match="log"):
                await empty_log()
        await empty_log()
        assert size_of_log(path) == 0
        await put_one("z")
        assert await names() == ["x", "y", "z"]

    async def test_closing_leaves_no_thread_and_no_file(self, path: Path) -> None:
        threads, files = threading.active_count(), sorted(os.listdir("/proc/self/fd"))
        engine: Store = connect(f"sqlite:///{path}")
        await open_database()
        await make_shelves()
        await put_one("x")
        await engine.close()
        await engine.close()
        assert (threading.active_count(), sorted(os.listdir("/proc/self/fd"))) == (threads, files)
        assert [found.name for found in path.parent.iterdir()] == [path.name]
