"""SQLite on connections that are kept and read in the event loop's own thread.

An indexed read takes 5 to 60 microseconds; handing it to a thread and back takes 250. COMMIT, which waits for the disk,
goes to a thread of the writer's own, so that a slow disk never stops pages from being read. Writers queue on a lock in
this process; against other processes BEGIN IMMEDIATE is tried without waiting, again and again, up to `patience`.

Those who wait while another one writes share its COMMIT: one wait for the disk for all of them. Each runs alone, after
the one before it, and is undone alone; none is told that it is done before the disk has what it wrote.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import piccolo.engine.sqlite  # noqa: F401 - registers Piccolo's adapters and converters, some of which are replaced below

from app.errors import DatabaseHeld, DiskFull
from app.transactions import Brought, Store, TransactionMisuse, finish
from app.turns import Turns

T = TypeVar("T")

SCHEMA_PATIENCE = 600.0
"""Seconds that a migration waits for another one that is running."""
MOST_TOGETHER = 50
"""Transactions that share one COMMIT, at most: the first of them waits for all the others."""

PRAGMAS = (
    "journal_mode=WAL",  # readers and the one writer do not stop each other
    "synchronous=FULL",  # with NORMAL, a power cut loses what was acknowledged
    "foreign_keys=1",
    "secure_delete=1",  # what a person had erased is overwritten, not only forgotten
    "journal_size_limit=67108864",
)
UNDONE = "The transaction was undone by a fault of the disk."
IN_MEMORY = "temp_store=MEMORY"
"""For the writer: what undoes one transaction among several stays out of files. Not for what sorts whole tables."""
AWAY = {
    sqlite3.SQLITE_BUSY: "The database is held by another program.",
    sqlite3.SQLITE_IOERR: "The disk cannot be read or written.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened.",
    sqlite3.SQLITE_PROTOCOL: "The database is held by another program.",
}


def _time(value: bytes) -> datetime:
    """Piccolo's converter discards an offset; here a time without one is UTC, and any other is brought to UTC."""
    at = datetime.fromisoformat(value.decode())
    if at.tzinfo is UTC:
        return at
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


# Piccolo's own go through Decimal and two function calls: twice as slow on wide lists.
sqlite3.register_converter("INTEGER", int)
sqlite3.register_converter("BOOLEAN", b"1".__eq__)
sqlite3.register_converter("TIMESTAMPTZ", _time)


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 for errors that Python itself raised."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _told(error: sqlite3.Error) -> BaseException:
    """The error as the rest of the program knows it: `DatabaseHeld` when waiting or making room helps."""
    if _code(error) == sqlite3.SQLITE_FULL:
        return DiskFull("The disk is full.")
    sentence = AWAY.get(_code(error))
    return error if sentence is None else DatabaseHeld(sentence)


def unique_violation(error: BaseException) -> bool:
    """Whether SQLite says that a unique index or a primary key has the value already."""
    return isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    )


def _rows(connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, args)
    try:
        found = cursor.fetchall()
        if not found:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in found]
    finally:
        cursor.close()  # a cursor left open by an error would keep its snapshot, and the log could not be emptied


def _data_version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA data_version").fetchall()
    return int(version)


class _Together:
    """Transactions that were carried out one after the other and are committed at once."""

    def __init__(self) -> None:
        self.count = 1
        self.committed = False
        self.fate: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        """Once it is known: why all of them were undone, or nothing."""

    async def wait(self) -> None:
        """Until they are on the disk. Raises what undid them."""
        await finish(self.fate)
        self.tell()

    def tell(self) -> None:
        """Raise what undid them, if they were."""
        if (error := self.fate.result()) is not None:
            raise error


class SQLiteStore(Store):
    """One writer, one reader, both kept open. Only one statement is under way on each of them at any time."""

    def __init__(self, path: str, patience: float = 8.0) -> None:
        super().__init__("sqlite", patience)
        self.path = path
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._turns = Turns()
        self._together: _Together | None = None
        """What is done on the writer and not committed, for others than whoever writes now."""
        self._opened = object()

    def get_version_sync(self) -> float:
        """Piccolo writes RETURNING only for SQLite 3.35 and later."""
        major, minor, _ = sqlite3.sqlite_version_info
        return float(f"{major}.{minor}")

    # ------------------------------------------------------------------------------------------------ open and close

    async def open(self, *, min_size: int = 0, max_size: int = 0) -> None:
        """Open the file, which is made if there is none, for its owner only. Sizes are for PostgreSQL."""
        if self._thread is not None:
            raise RuntimeError("The database is already open.")
        self._turns = Turns()
        self._opened = object()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        try:
            self._writer = await self._in_thread(partial(self._connected, IN_MEMORY))
            self._reader = await self._in_thread(partial(self._connected, "query_only=1"))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Wait for the writes that are under way, then close; the last to close empties the log into the file."""
        if self._thread is None:
            return
        await self._turn_alone(self.patience)
        try:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    await self._in_thread(connection.close)
        finally:
            self._thread.shutdown()
            self._thread = self._reader = self._writer = None
            self._turns.end()

    def _connected(self, *pragmas: str) -> sqlite3.Connection:
        """A connection; patiently, since programs that open a new file at once are in each other's way. In a thread."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                # Only if there is none: closing a file that this process has open would give up all its locks on it.
                with suppress(FileExistsError):
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                connection = sqlite3.connect(
                    self.path,
                    timeout=0,
                    isolation_level=None,
                    check_same_thread=False,
                    cached_statements=512,
                    detect_types=sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES,
                )
                try:
                    for pragma in (*PRAGMAS, *pragmas):
                        answer = connection.execute("PRAGMA " + pragma).fetchone()
                        if pragma == "journal_mode=WAL" and answer != ("wal",):
                            raise RuntimeError(f"SQLite cannot keep a write-ahead log beside {self.path}.")
                    return connection
                except BaseException:
                    connection.close()
                    raise
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise _told(error) from error
            time.sleep(0.01)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """`work` in the writer's thread, waited for to its end also when the caller is cancelled."""
        if self._thread is None:
            raise TransactionMisuse("The database is not open: await open_database() first.")
        return await finish(asyncio.get_running_loop().run_in_executor(self._thread, work))

    # --------------------------------------------------------------------------------------------------------- writing

    async def begin(self, for_schema: bool) -> sqlite3.Connection:
        patience = SCHEMA_PATIENCE if for_schema else self.patience
        left = await (self._turn_alone(patience) if for_schema else self._turns.wait(patience))
        deadline = time.monotonic() + left
        try:
            if for_schema:
                # A connection for itself, without foreign keys: a table is changed by making it anew, and dropping the
                # old one would carry out ON DELETE. end() checks them instead.
                connection = await self._in_thread(partial(self._connected, "foreign_keys=0"))
            elif self._writer is None:  # thrown away after a fault
                connection = self._writer = await self._in_thread(partial(self._connected, IN_MEMORY))
            else:
                connection = self._writer
            begin = "BEGIN IMMEDIATE" if self._together is None else "SAVEPOINT mine"
            await self._patiently(partial(connection.execute, begin), deadline)
            return connection
        except BaseException:
            self._turns.end()
            raise

    async def _turn_alone(self, patience: float) -> float:
        """A turn with nothing on the writer that has yet to be committed. `Turns.end` must follow."""
        left = await self._turns.wait(patience)
        try:
            await self._end_together()
        except BaseException:
            self._turns.end()
            raise
        return left

    async def _patiently(self, attempt: Callable[[], T], deadline: float) -> T:
        pause = 0.001
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise _told(error) from error
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)

    async def end(self, connection: sqlite3.Connection, *, keep: bool, for_schema: bool) -> None:
        try:
            if self._together is not None:
                await self._end_with_others(connection, self._together, keep=keep)
            elif keep and not for_schema and self._turns.wanted and connection.in_transaction:
                await self._end_before_others()
            else:
                await self._end_alone(connection, keep=keep, for_schema=for_schema)
        finally:
            self.ended_writes += 1

    async def _end_alone(self, connection: sqlite3.Connection, *, keep: bool, for_schema: bool) -> None:
        kept = False
        try:
            await self._settle(connection, keep=keep, for_schema=for_schema)
            kept = keep
        finally:
            self._turns.end(moved=kept)

    async def _end_before_others(self) -> None:
        """Let those who wait go first; then commit what they did along with one's own. A cancellation waits for it."""
        turns = self._turns
        self._together = together = _Together()
        turns.end()
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await turns.again()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        try:
            if self._together is together:
                await self._end_together()
        finally:
            turns.end(moved=together.committed)
        if cancelled is not None:
            raise cancelled
        together.tell()

    async def _end_with_others(self, connection: sqlite3.Connection, together: _Together, *, keep: bool) -> None:
        """Undo one's own only; or leave it to be committed with what the others did, and wait for that."""
        try:
            if not keep:
                connection.execute("ROLLBACK TO mine")
            connection.execute("RELEASE mine")
            together.count += keep
            if together.count == MOST_TOGETHER:
                await self._end_together()
        except sqlite3.Error:  # also when SQLite has undone everything, after a fault: there is no such savepoint then
            await self._end_together(keep=False)
        finally:
            self._turns.end(moved=together.committed)
        if keep:
            await together.wait()

    async def _end_together(self, *, keep: bool = True) -> None:
        """In a turn: commit what others have left to be committed, if they have. What becomes of it they are told."""
        together, self._together = self._together, None
        if together is None:
            return
        assert self._writer is not None
        fate: BaseException = DatabaseHeld(UNDONE)
        try:
            await self._settle(self._writer, keep=keep, together=together)
        except (sqlite3.Error, DatabaseHeld) as error:
            fate = error
        finally:
            together.fate.set_result(None if together.committed else fate)

    async def _settle(
        self,
        connection: sqlite3.Connection,
        *,
        keep: bool,
        for_schema: bool = False,
        together: _Together | None = None,
    ) -> None:
        """Commit or roll back. Rolled back if COMMIT was refused, too; thrown away if even that fails."""

        def commit() -> None:
            connection.execute("COMMIT")
            if together is not None:
                together.committed = True  # here, since a cancellation would hide from who waits what came of it

        try:
            if keep and not connection.in_transaction:
                raise DatabaseHeld(UNDONE)
            if keep and for_schema and (broken := connection.execute("PRAGMA foreign_key_check").fetchmany(5)):
                raise sqlite3.IntegrityError(f"Rows would point nowhere (table, row, points to, which): {broken}")
            if keep:
                await self._in_thread(commit)
        except sqlite3.Error as error:
            raise _told(error) from error
        finally:
            try:
                if connection.in_transaction:
                    await self._in_thread(connection.rollback)
                if connection is not self._writer:
                    await self._in_thread(connection.close)
            except sqlite3.Error:
                connection.close()
                self._writer = None

    @asynccontextmanager
    async def in_haste(self) -> AsyncIterator[None]:
        """Commits inside do not wait for the disk; at the end everything is brought there at once."""
        await self._set_on_writer("synchronous=OFF")
        try:
            yield
        finally:
            await self._set_on_writer("synchronous=FULL")
            await self.empty_log()

    async def _set_on_writer(self, pragma: str) -> None:
        await self._turn_alone(self.patience)
        try:
            if self._writer is not None:  # thrown away after a fault: the next one begins with PRAGMAS
                await self._in_thread(partial(self._writer.execute, f"PRAGMA {pragma}"))
        finally:
            self._turns.end()

    async def empty_log(self) -> None:
        """Write the log into the file and cut it to nothing, as soon as no other program reads from it."""
        deadline = time.monotonic() + self.patience
        await self._turn_alone(self.patience)
        try:
            while await self._in_thread(self._log_is_busy):
                if time.monotonic() > deadline:
                    raise DatabaseHeld("Another program reads from the log.")
                await asyncio.sleep(0.02)
        finally:
            self._turns.end()

    async def write_anew(self) -> None:
        """Write the whole file anew, and empty the log. `secure_delete` overwrites a row where it stands, but not the
        copies of it that pages keep in their gaps after they were divided. Nobody writes meanwhile."""
        await self._turn_alone(self.patience)
        try:
            await self._in_thread(self._vacuum)
        except sqlite3.Error as error:
            raise _told(error) from error
        finally:
            self._turns.end()
        await self.empty_log()

    def _vacuum(self) -> None:
        with closing(self._connected()) as connection:
            connection.execute("VACUUM")

    def _log_is_busy(self) -> bool:
        assert self._writer is not None
        return bool(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])

    async def fetch_inside(self, connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Any]:
        if not connection.in_transaction:  # SQLite undoes it when the disk is full: what follows would stand alone
            raise DatabaseHeld(UNDONE)
        try:
            return _rows(connection, sql, args)
        except sqlite3.Error as error:
            raise _told(error) from error

    # --------------------------------------------------------------------------------------------------------- reading

    async def fetch_outside(self, sql: str, args: Sequence[Any]) -> list[Any]:
        return await self._read(partial(_rows, sql=sql, args=args))

    async def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        if self._reader is None:
            raise TransactionMisuse("The database is not open: await open_database() first.")
        try:
            return question(self._reader)
        except sqlite3.Error as error:
            if _code(error) != sqlite3.SQLITE_BUSY:
                raise _told(error) from error
        # Rare: another program is repairing or closing the log.
        return await self._patiently(partial(question, self._reader), time.monotonic() + self.patience)

    async def read_stamp(self) -> Hashable:
        """`data_version` of the one connection that reads: it moves when any other commits, the writer or a program
        beside us (https://www.sqlite.org/pragma.html#pragma_data_version). Each connection counts by itself."""
        return self._opened, await self._read(_data_version)

    async def stamp_ahead(self) -> Brought | None:
        return Brought(await self.stamp(), self.ended_writes)
