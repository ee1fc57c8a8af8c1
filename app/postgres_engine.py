"""PostgreSQL through a pool of asyncpg connections, whose errors are told apart for the rest of the program.

A lock that is held too long, a server that is away or full: `DatabaseHeld`. A deadlock: `RunAgain`. Everything else is
raised as it came. Time-outs stand in the session, so that nothing waits for ever, whoever wrote the query.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types

from app.errors import DatabaseHeld, DiskFull, MaybeWritten
from app.transactions import Brought, RunAgain, Store, TransactionMisuse, finish
from app.turns import Turns

SCHEMA_LOCK = 0x5E5EA0
"""Key of the advisory lock that a migration holds until it is committed."""

SCHEMA_PATIENCE = 600
"""Seconds that a migration waits for another one that is running, or for readers to let a table go."""

STATEMENT_TIMEOUT = 30
"""Seconds. No page needs so long; a migration has no limit."""

ONLY_READ = 4
"""One in so many connections is kept for reading: writes that wait for a lock do not keep pages from being read."""

THROUGH_THE_POOL = 1000
"""One in so many reads gives its connection back to the pool, which renews those that were used for long."""

AGAIN = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,  # a migration changed a table while the server was running
)
AWAY = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # the server cut the connection and asyncpg has not seen it yet
    OSError,  # refused, reset, no such socket; TimeoutError is one of them
)
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
    OSError,
)
"""After which nobody can say whether what was asked for was done."""


GONE = re.compile("clos|released back")
"""What asyncpg's InterfaceError says when the connection or the pool is gone; else it tells of a mistake."""

SNAPSHOT = "pg_current_snapshot()::text"


def _told(error: BaseException) -> BaseException:
    """The error as the rest of the program knows it."""
    if isinstance(error, AGAIN):
        return RunAgain("Two writes were in each other's way.")
    if isinstance(error, asyncpg.DiskFullError):
        return DiskFull("The disk of PostgreSQL is full.")
    if isinstance(error, AWAY) or (isinstance(error, asyncpg.InterfaceError) and GONE.search(str(error))):
        return DatabaseHeld(f"The database is held or away: {error or type(error).__name__}")
    return error


def unique_violation(error: BaseException) -> bool:
    """Whether PostgreSQL says that a unique index or a primary key has the value already."""
    return isinstance(error, asyncpg.UniqueViolationError)


def _cut(connection: Any) -> bool:
    """Whether nobody is at its other end; the pool may have noticed, and taken it back by itself."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


async def _nothing(connection: Any) -> None:
    """In place of asyncpg's RESET ALL, a round trip after each query: our sessions hold no state of their own."""


class PostgresStore(Store):
    """A pool that is opened with the program and closed with it."""

    def __init__(self, dsn: str, patience: float = 8.0) -> None:
        super().__init__("postgres", patience)
        self.dsn = dsn
        self._pool: Any = None
        self._turns = Turns()
        self._opened = object()
        self._asking: asyncio.Future[Hashable] | None = None
        self._at_hand: list[Any] = []
        """Connections of the pool that were read with last: taking one from the pool and giving it back costs two tasks
        and a timer, as much as the question itself."""
        self._most_at_hand = 0
        self._awaited = 0
        """How many ask the pool for a connection now."""

    # ------------------------------------------------------------------------------------------------ open and close

    async def open(self, *, min_size: int = 1, max_size: int = 10) -> None:
        if self._pool is not None:
            raise RuntimeError("The database is already open.")
        self._turns = Turns(max_size - max_size // ONLY_READ)
        try:
            self._pool = await asyncpg.create_pool(
                self.dsn,
                min_size=min(min_size, max_size),
                max_size=max_size,
                init=self._noted,
                reset=_nothing,
                timeout=self.patience,
                command_timeout=None,
                server_settings={
                    "application_name": "reseau",
                    "timezone": "UTC",
                    "lock_timeout": f"{int(self.patience * 1000)}ms",
                    "statement_timeout": f"{STATEMENT_TIMEOUT}s",
                    "idle_in_transaction_session_timeout": f"{STATEMENT_TIMEOUT}s",
                },
            )
        except Exception as error:
            raise _told(error) from error
        self._most_at_hand = max_size // ONLY_READ

    async def close(self) -> None:
        """Wait for what is under way, though not for ever, then close."""
        if self._pool is None:
            return
        self._most_at_hand = 0
        try:
            async with asyncio.timeout(self.patience):
                while self._at_hand:
                    await self._pool.release(self._at_hand.pop())
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
        finally:
            self._pool = None
            self._at_hand.clear()

    async def _noted(self, connection: Any) -> None:
        """A connection of the pool was opened."""
        self._opened = object()

    async def _acquired(self, patience: float) -> Any:
        if self._pool is None:
            raise TransactionMisuse("The database is not open: await open_database() first.")
        while self._at_hand:
            connection = self._at_hand.pop()
            if not _cut(connection):
                return connection
            await self._pool.release(connection)
        self._awaited += 1
        try:
            return await self._pool.acquire(timeout=patience)
        except Exception as error:
            raise _told(error) from error
        finally:
            self._awaited -= 1

    # --------------------------------------------------------------------------------------------------------- writing

    async def begin(self, for_schema: bool) -> Any:
        deadline = time.monotonic() + await self._turns.wait(self.patience)
        try:
            return await self._begun(for_schema, deadline)
        except BaseException:
            self._turns.end()
            raise

    async def _begun(self, for_schema: bool, deadline: float) -> Any:
        connection = await self._acquired(max(0.05, deadline - time.monotonic()))
        try:
            await connection.execute("BEGIN")
            if for_schema:
                await connection.execute(f"SET LOCAL lock_timeout = '{SCHEMA_PATIENCE}s'")
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.execute(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
            elif (left := deadline - time.monotonic()) < self.patience * 7 / 8:  # the rest was waiting, too
                await connection.execute(f"SET LOCAL lock_timeout = '{max(50, int(left * 1000))}ms'")
            return connection
        except BaseException as error:
            await finish(self._given_back(connection))
            raise _told(error) from error

    async def end(self, connection: Any, *, keep: bool, for_schema: bool) -> None:
        kept = False
        try:
            await finish(self._ended(connection, keep))
            kept = keep
        finally:
            self.ended_writes += 1
            self._turns.end(moved=kept)

    async def _ended(self, connection: Any, keep: bool) -> None:
        try:
            if keep:
                await connection.execute("COMMIT", timeout=STATEMENT_TIMEOUT)
        except LOST as error:
            raise MaybeWritten(f"The answer to COMMIT was lost: {error or type(error).__name__}") from error
        except Exception as error:
            raise _told(error) from error
        finally:
            await self._given_back(connection)

    async def _given_back(self, connection: Any) -> None:
        """Whatever state it is in: rolled back if it can be, thrown away if not."""
        try:
            if not connection.is_closed() and connection.is_in_transaction():
                await connection.execute("ROLLBACK", timeout=STATEMENT_TIMEOUT)
        except Exception:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
        finally:
            # Closing the database in the middle has taken it back already.
            if self._pool is not None:
                with suppress(asyncpg.InterfaceError):
                    await self._pool.release(connection)

    async def fetch_inside(self, connection: Any, sql: str, args: Sequence[Any]) -> list[Any]:
        try:
            found: list[Any] = await connection.fetch(sql, *args)
        except Exception as error:
            raise _told(error) from error
        return found

    # --------------------------------------------------------------------------------------------------------- reading

    async def fetch_outside(self, sql: str, args: Sequence[Any]) -> list[Any]:
        connection = await self._acquired(self.patience)
        try:
            found: list[Any] = await connection.fetch(sql, *args)
        except BaseException as error:
            if isinstance(error, asyncpg.InternalClientError):
                connection.terminate()
            await self._pool.release(connection)
            if isinstance(error, Exception):
                raise _told(error) from error
            raise
        if self._awaited or len(self._at_hand) >= self._most_at_hand or self.query_id % THROUGH_THE_POOL == 0:
            await self._pool.release(connection)
        else:
            self._at_hand.append(connection)
        return found

    async def read_stamp(self) -> Hashable:
        """The snapshot that a statement reads by, as text: which transactions had ended when it began. Of those there
        are only ever more, and one that wrote is among them from the instant in which what it wrote is seen; so two
        equal snapshots see the same rows, and so does all that was read between them. (This holds on a server that
        writes; the text of a standby does not tell what is under way.)

        After a crash, numbers of transactions that came to nothing may be given to new ones. All connections were cut
        then: what was read before the last one was opened counts no more.
        """
        too_early = self._asking
        while (asking := self._asking) is not None:  # one question for all who came before it began
            stamp = await asyncio.shield(asking)
            if stamp is not None and asking is not too_early:
                return stamp
        self._asking = asking = asyncio.get_running_loop().create_future()
        stamp = None
        try:
            rows = await self.fetch_outside(f"select {SNAPSHOT}", ())
            stamp = self._opened, rows[0][0]
            return stamp
        finally:
            self._asking = None
            asking.set_result(stamp)

    def brought(self, snapshot: str) -> Brought:
        """The stamp of a statement that has just been read and selected `SNAPSHOT` besides."""
        return Brought((self._opened, snapshot), self.ended_writes)

    def transform_response_to_dicts(self, results: list[Any]) -> list[dict[str, Any]]:
        return [dict(row) for row in results]
