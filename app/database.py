"""The one way to the database: the engine in use, transactions, and the few queries that Piccolo cannot say neutrally.

Commands open `async with transaction():`, lock what they count with `get_for_update`, ask their rule, write. Queries
just read. How each engine waits, commits and recovers stands in `sqlite_engine` and `postgres_engine`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

from piccolo.table import TABLE_REGISTRY, Table

from app import postgres_engine, sqlite_engine
from app.packages import all_tables
from app.transactions import CURRENT, Brought, RunAgain, Store, Transaction, TransactionMisuse

__all__ = [
    "Brought",
    "RunAgain",
    "Store",
    "TransactionMisuse",
    "close_database",
    "columns_of",
    "command",
    "connect",
    "empty_log",
    "engine",
    "get_for_update",
    "in_haste",
    "in_transaction",
    "is_sqlite",
    "open_database",
    "run",
    "savepoint",
    "stamp",
    "stamp_ahead",
    "stamp_brought",
    "stamp_column",
    "transaction",
    "unique_violation",
    "write_anew",
]

P = ParamSpec("P")
T = TypeVar("T")

_engine: Store | None = None


def connect(url: str, *, patience: float = 8.0) -> Store:
    """Make the engine for this URL and bind every table to it. Opens nothing yet; `patience` is in seconds.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, a bare path, or `postgresql://…`.
    """
    global _engine
    scheme, separator, rest = url.partition("://")
    if not separator:
        made: Store = sqlite_engine.SQLiteStore(url, patience)
    elif scheme == "sqlite" and rest.startswith("/") and rest != "/":
        made = sqlite_engine.SQLiteStore(rest[1:], patience)
    elif scheme in ("postgresql", "postgres"):
        made = postgres_engine.PostgresStore(url, patience)
    else:
        raise ValueError(f"Neither sqlite:///path nor postgresql://…: {scheme}://")
    all_tables()  # so that all are in the registry, where Piccolo's and those of tests are as well
    for table in TABLE_REGISTRY:
        table._meta.db = made
    _engine = made
    return made


def engine() -> Store:
    """The engine in use."""
    if _engine is None:
        raise TransactionMisuse("No database: call connect(url) first.")
    return _engine


def is_sqlite() -> bool:
    """Whether the engine in use is SQLite. For the rare query that must be written twice."""
    return isinstance(engine(), sqlite_engine.SQLiteStore)


async def open_database(*, min_size: int = 1, max_size: int = 10) -> None:
    """Open the connections that are kept while the program runs. The sizes are of PostgreSQL's pool."""
    await engine().open(min_size=min_size, max_size=max_size)


async def close_database() -> None:
    """Close them, after the transaction that is under way."""
    await engine().close()


def transaction() -> Transaction:
    """`async with transaction():` around everything that belongs together. Refuses to be nested; raises `DatabaseHeld`
    when others hold the database for too long. An error inside undoes everything."""
    return engine().transaction()


def in_transaction() -> bool:
    """Whether what is read now may be undone yet."""
    return CURRENT.get() is not None


def command(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Decorates a command that opens its own `transaction()`: after a deadlock (`RunAgain`) it runs again, once.

    What the command does outside its transaction must bear being done twice.
    """

    @wraps(function)
    async def once_more(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await function(*args, **kwargs)
        except RunAgain:
            if CURRENT.get() is not None:  # part of a greater transaction, which has fallen with it
                raise
        return await function(*args, **kwargs)

    return once_more


@asynccontextmanager
async def savepoint() -> AsyncIterator[None]:
    """Inside a transaction: an error in the block undoes the block only, and goes on to whoever may catch it."""
    current = _inside("savepoint()")
    name = current.savepoint_name()
    await current.fetch(f"SAVEPOINT {name}", ())
    try:
        yield
    except BaseException:
        await current.fetch(f"ROLLBACK TO SAVEPOINT {name}", ())
        await current.fetch(f"RELEASE SAVEPOINT {name}", ())
        current.failed = False
        raise
    await current.fetch(f"RELEASE SAVEPOINT {name}", ())


async def get_for_update(table: type[Table], *ids: int, besides: str = "") -> list[dict[str, Any]]:
    """These rows, in the order of their ids, locked against other transactions until this one ends.

    `besides` are columns that other tables say of them, which are not locked. Missing rows are left out. The order of
    locking is what keeps two commands from waiting for each other.
    """
    _inside("get_for_update()")
    if not ids:
        return []
    # NO KEY: excludes everyone who updates or locks the row, but not who merely points at it with a foreign key.
    # With FOR UPDATE, two commands whose journal lines name each other's member would deadlock.
    lock = "" if is_sqlite() else " for no key update"
    wanted = sorted(set(ids))
    marks = ", ".join("{}" for _ in wanted)
    columns = f"{columns_of(table)}, {besides}" if besides else columns_of(table)
    return await run(
        f'select {columns} from "{table._meta.tablename}" where id in ({marks}) order by id{lock}',  # noqa: S608 - names of ours and marks
        *wanted,
    )


@cache
def columns_of(table: type[Table]) -> str:
    """All columns of a table, for statements by hand: Piccolo takes longer to word one than SQLite to run it."""
    return ", ".join(f'"{column._meta.db_column_name}"' for column in table._meta.columns)


async def run(sql: str, *args: Any) -> list[dict[str, Any]]:
    """Rows of a statement written by hand, with `{}` for each argument. Writes need a transaction around them."""
    current = engine()
    found = await current.fetch(current.worded(sql), args)
    return current.transform_response_to_dicts(found)


async def stamp(brought: Brought | None = None) -> Hashable:
    """Take it before reading: as long as the next one is equal, nothing was committed, and what was read stands.

    `brought` is the one that came with the visit (`stamp_ahead`, `stamp_brought`): it stands for another question, as
    long as this process has written nothing since.
    """
    current = engine()
    if brought is None or in_transaction() or not current.stands(brought):
        return await current.stamp()
    return brought.stamp


async def stamp_ahead() -> Brought | None:
    """A stamp for a whole request, before its first question; nothing on PostgreSQL, where it is a round trip and so
    comes with that question's answer (`stamp_brought`)."""
    return None if in_transaction() else await engine().stamp_ahead()


def stamp_column() -> str:
    """What a statement selects besides, as `stamp`, to bring one with its answer; nothing on SQLite, where it is no
    round trip."""
    return "" if is_sqlite() else f", {postgres_engine.SNAPSHOT} as stamp"


def stamp_brought(row: dict[str, Any]) -> Brought | None:
    """The stamp in an answer that has just come."""
    current = engine()
    if in_transaction() or not isinstance(current, postgres_engine.PostgresStore):
        return None
    return current.brought(row["stamp"])


@asynccontextmanager
async def in_haste() -> AsyncIterator[None]:
    """Around filling a new database: SQLite does not wait for the disk at each commit, but once, at the end.

    A power cut meanwhile may spoil the file, so nothing that anybody would miss may be in it yet.
    """
    current = engine()
    if isinstance(current, sqlite_engine.SQLiteStore):
        async with current.in_haste():
            yield
    else:
        yield


async def empty_log() -> None:
    """Bring what was written into the database file itself, so that nothing erased is left in the log beside it.

    Erasing a person ends with `write_anew`, which does this too. PostgreSQL does so by itself.
    """
    current = engine()
    if isinstance(current, sqlite_engine.SQLiteStore):
        await current.empty_log()


async def write_anew() -> None:
    """Write SQLite's file anew, so that nothing erased is left anywhere in it or in the log beside it.

    It takes a second for some hundred megabytes, in which nobody writes. PostgreSQL sweeps by itself (autovacuum).
    """
    current = engine()
    if isinstance(current, sqlite_engine.SQLiteStore):
        await current.write_anew()


def unique_violation(error: BaseException) -> bool:
    """Whether this error says that a unique index or a primary key has the value already."""
    return sqlite_engine.unique_violation(error) or postgres_engine.unique_violation(error)


def _inside(what: str) -> Transaction:
    current = CURRENT.get()
    if current is None:
        raise TransactionMisuse(f"{what} only means something inside `async with transaction():`.")
    return current
