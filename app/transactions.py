"""What both engines share: one transaction of one task, and what is refused around it.

Nothing is written outside a transaction; a transaction is never nested and never handed to another task, because
Piccolo's own would do all three silently. How a transaction begins and ends is the engine's affair (`sqlite_engine`,
`postgres_engine`); where commands open one is theirs.
"""

from __future__ import annotations

import asyncio
import re
from abc import abstractmethod
from collections.abc import Awaitable, Hashable, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from types import TracebackType
from typing import Any, Literal, NoReturn, Self, TypeVar

from piccolo.engine.base import BaseTransaction, Engine
from piccolo.querystring import QueryString

from app.errors import DatabaseHeld

T = TypeVar("T")

READS = re.compile(r"\s*(?:select|values|pragma|show)\b", re.IGNORECASE)
MAY_READ = re.compile(r"\s*(?:with|explain)\b", re.IGNORECASE)
WRITES = re.compile(r"\b(?:insert|update|delete|merge|replace)\b", re.IGNORECASE)


# Taking a statement apart costs as much as running it, and the same few hundred come again and again.
@lru_cache(maxsize=1024)
def _marked(sql: str) -> str:
    return sql.replace("{}", "?")


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    first, *rest = sql.split("{}")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, start=1))


class TransactionMisuse(RuntimeError):
    """The program is wrong: a write outside a transaction, a nested transaction, one used by another task, or what
    Piccolo has and this engine does not offer."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A stamp that one request takes once and goes by, as long as nothing was written meanwhile."""

    stamp: Hashable
    ended_writes: int


class RunAgain(DatabaseHeld):
    """This transaction fell so that another could end (a deadlock). Nothing was written; run again, it may pass."""


def _tell(ended: asyncio.Future[None], _: object) -> None:
    if not ended.done():
        ended.set_result(None)


async def finish(work: Awaitable[T]) -> T:
    """Wait until `work` has ended, even if the caller is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        ended = task.get_loop().create_future()
        task.add_done_callback(partial(_tell, ended))
        try:
            await ended
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it as forgotten: the cancellation goes first
        raise cancelled
    return task.result()


class Transaction(BaseTransaction):
    """One transaction, from `async with` to its end, on a connection that nobody else uses meanwhile."""

    __slots__ = ("_engine", "_for_schema", "_owner", "_savepoints", "_token", "connection", "failed")

    def __init__(self, engine: Store, *, for_schema: bool = False) -> None:
        self._engine = engine
        self._for_schema = for_schema
        self.connection: Any = None
        self.failed = False
        """Whether a statement failed that no savepoint undid: PostgreSQL would then keep nothing, SQLite the rest."""
        self._owner: asyncio.Task[Any] | None = None
        self._token: Token[Transaction | None] | None = None
        self._savepoints = 0

    async def __aenter__(self) -> Self:
        if CURRENT.get() is not None:
            raise TransactionMisuse(
                "A transaction is already open here. Transactions are not nested: the outer command opens the only one."
            )
        self.connection = await self._engine.begin(self._for_schema)
        self._owner = asyncio.current_task()
        self._token = CURRENT.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        assert self._token is not None
        CURRENT.reset(self._token)
        connection, self.connection = self.connection, None
        keep = error is None and not self.failed
        await self._engine.end(connection, keep=keep, for_schema=self._for_schema)
        if error is None and not keep:
            raise TransactionMisuse(
                "A statement failed and its error was swallowed: nothing is written. Use savepoint()."
            )
        return False

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[Any]:
        """Rows of one statement, inside this transaction."""
        if asyncio.current_task() is not self._owner:
            raise TransactionMisuse(
                "This task was started inside another task's transaction and must not use the database. "
                "Start it before or after; inside one, await one query after the other: no gather, no wait_for."
            )
        try:
            return await self._engine.fetch_inside(self.connection, sql, args)
        except BaseException:
            self.failed = True
            raise

    def savepoint_name(self) -> str:
        """A name for the next savepoint of this transaction."""
        self._savepoints += 1
        return f"savepoint_{self._savepoints}"


# One for all engines: only one engine is in use at a time.
CURRENT: ContextVar[Transaction | None] = ContextVar("current_transaction", default=None)


class Store(Engine[Transaction]):
    """What Piccolo and `app.database` ask of an engine. Piccolo's own engine classes are not inherited from: they open
    a connection (and an event loop) when they are made, and leak connections when BEGIN or COMMIT is refused."""

    patience: float
    """Seconds that a write waits for others before `DatabaseHeld`."""

    def __init__(self, engine_type: str, patience: float) -> None:
        # Not super().__init__(): it would run an event loop of its own to ask the server for its version.
        self.engine_type = engine_type
        self.min_version_number = 0
        self.log_queries = self.log_responses = False
        self.query_id = 0
        self.current_transaction = CURRENT
        self.patience = patience
        self.ended_writes = 0
        """How many transactions of this process have ended, whatever became of them."""

    @abstractmethod
    async def open(self, *, min_size: int, max_size: int) -> None:
        """Open what is kept open while the program runs."""

    @abstractmethod
    async def close(self) -> None:
        """Let everything go: afterwards no thread and no file descriptor is left."""

    @abstractmethod
    async def begin(self, for_schema: bool) -> Any:
        """A connection with a transaction begun on it, for the caller alone. Leaves nothing behind when it fails."""

    @abstractmethod
    async def end(self, connection: Any, *, keep: bool, for_schema: bool) -> None:
        """Commit or roll back, and take the connection back whatever happens, a cancellation too."""

    @abstractmethod
    async def fetch_inside(self, connection: Any, sql: str, args: Sequence[Any]) -> list[Any]:
        """Rows of one statement on the connection of a transaction."""

    @abstractmethod
    async def fetch_outside(self, sql: str, args: Sequence[Any]) -> list[Any]:
        """Rows of one reading statement, as of the last commit."""

    @abstractmethod
    async def read_stamp(self) -> Hashable:
        """How this engine makes a `stamp`."""

    async def stamp(self) -> Hashable:
        """Whatever is committed, by whomever, moves it: what is read after a stamp stands until there is another one.

        It may move for nothing. Inside a transaction there is none, since what is read there may be undone.
        """
        if CURRENT.get() is not None:
            raise TransactionMisuse("A stamp says what was committed: it is taken outside any transaction.")
        return await self.read_stamp()

    async def stamp_ahead(self) -> Brought | None:
        """A stamp for the whole of a request, where taking one is no round trip; elsewhere nothing."""
        return None

    def stands(self, brought: Brought) -> bool:
        """Whether nothing was written through this engine since: who has written reads what they wrote."""
        return brought.ended_writes == self.ended_writes

    async def fetch(self, sql: str, args: Sequence[Any] = ()) -> list[Any]:
        """Rows of one statement: in the transaction of this task if there is one; else it may only read."""
        self.query_id += 1
        for value in args:
            if isinstance(value, datetime) and value.tzinfo is None:
                raise ValueError(f"A naive time went to the database: {value!r}. Times are aware and in UTC.")
        transaction = CURRENT.get()
        if transaction is not None:
            return await transaction.fetch(sql, args)
        if not READS.match(sql) and (not MAY_READ.match(sql) or WRITES.search(sql)):
            raise TransactionMisuse(f"Writes are done inside `async with transaction():` only, not so: {sql[:60]}…")
        return await self.fetch_outside(sql, args)

    # ------------------------------------------------------------------------------------- what Piccolo's queries call

    def worded(self, sql: str) -> str:
        """A statement written with `{}` for each argument, with the marks of this engine."""
        return _numbered(sql) if self.engine_type == "postgres" else _marked(sql)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> list[Any]:
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self.fetch(sql, args)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> list[Any]:
        return await self.fetch(ddl)

    def transaction(self, *, for_schema: bool = False) -> Transaction:
        return Transaction(self, for_schema=for_schema)

    async def get_version(self) -> float:
        return self.get_version_sync()

    def get_version_sync(self) -> float:
        return 0.0

    async def prep_database(self) -> None:
        """Nothing: no extension is needed."""

    async def batch(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TransactionMisuse("Not offered: page with limit, or select the columns that are needed.")

    def atomic(self) -> NoReturn:
        raise TransactionMisuse("Not offered: use `async with transaction():`.")
