"""The `reseau` command whose requests may say which guard they go without, for the controls of the storms.

`python -m tests.load.unguarded serve …` answers as the real server does, but a request with the header
`X-Without: lock version` is served without these guards, and dawdles between looking and writing as a loaded machine
might: what a storm then breaks is what the guard is for. A request without the header has them all.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from app import cli, serving, transactions
from app.sqlite_engine import SQLiteStore
from workshops.commands import editing, publishing, reading, steps
from workshops.tables import Workshop

HEADER = "X-Without"
LOCK = "lock"
"""No row, no person, no room is locked; on SQLite each statement is a transaction of its own."""
VERSION = "version"
"""A change is written whatever the workshop has become since it was read."""
ONCE = "once"
"""Nothing is said to whoever has a booking at the meal already but what the index says."""
DAWDLE = (0.3, 0.6)
"""Seconds between what a request has read and the first thing that it writes, and before each word about a place or
a diet."""

WITHOUT: ContextVar[frozenset[str]] = ContextVar("without", default=frozenset())
WRITES = re.compile(r"\s*(?:insert|update|delete)\b", re.IGNORECASE)
PLACES = re.compile(r"\s*(?:insert into|update) \"?(?:sign_up|booking_diet)\b", re.IGNORECASE)
LOCKS = re.compile(r"\s+for (?:no key )?update(?: of \w+)?\s*$", re.IGNORECASE)
"""What PostgreSQL is told to lock, at the end of a statement, as `get_for_update` and others word it."""
THERE = " on conflict (meal_id, member_id) where active do nothing"
"""How a booking lets that be that was made meanwhile."""
PROGRAM = (sys.executable, "-m", "tests.load.unguarded")


def lacks(guard: str) -> bool:
    return guard in WITHOUT.get()


class Unguarded:
    """Reads the header of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            headers = dict(scope["headers"])
            WITHOUT.set(frozenset(headers.get(HEADER.lower().encode(), b"").decode().split()))
        await self.app(scope, receive, send)


# ----------------------------------------------------------------------------------------------------------- no locks

_fetch = transactions.Transaction.fetch
_begin, _end, _inside = SQLiteStore.begin, SQLiteStore.end, SQLiteStore.fetch_inside
_loose: dict[int, sqlite3.Connection] = {}
"""The connection of all transactions that are none: by the id of its store."""
_dawdled: ContextVar[object] = ContextVar("dawdled", default=None)


async def fetch(self: transactions.Transaction, sql: str, args: Sequence[Any]) -> list[Any]:
    if lacks(ONCE):
        sql = sql.replace(THERE, "")
    if not lacks(LOCK):
        return await _fetch(self, sql, args)
    if "pg_advisory_xact_lock" in sql:
        return []
    if PLACES.match(sql) or (WRITES.match(sql) and _dawdled.get() is not self):
        _dawdled.set(self)
        await asyncio.sleep(random.uniform(*DAWDLE))  # no secret
    return await _fetch(self, LOCKS.sub("", sql), args)


async def begin(self: SQLiteStore, for_schema: bool) -> sqlite3.Connection:
    if not lacks(LOCK):
        return await _begin(self, for_schema)
    if id(self) not in _loose:
        _loose[id(self)] = self._connected()
    return _loose[id(self)]


async def end(self: SQLiteStore, connection: sqlite3.Connection, *, keep: bool, for_schema: bool) -> None:
    if connection is not _loose.get(id(self)):
        await _end(self, connection, keep=keep, for_schema=for_schema)


async def fetch_inside(self: SQLiteStore, connection: sqlite3.Connection, sql: str, args: Sequence[Any]) -> list[Any]:
    if connection is not _loose.get(id(self)):
        return await _inside(self, connection, sql, args)
    while True:
        try:
            cursor = connection.execute(sql, args)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        await asyncio.sleep(0.01)


# -------------------------------------------------------------------------------------------------------- no versions

_change = steps.change


async def change(row: dict[str, Any], *, now: Any, **values: Any) -> dict[str, Any]:
    if not lacks(VERSION):
        return await _change(row, now=now, **values)
    columns: dict[Any, Any] = {**values, "modified_at": now}
    written: list[dict[str, Any]] = (
        await Workshop.update(columns).where(Workshop.id == row["id"]).returning(*Workshop.all_columns())
    )
    return written[0]


def take_guards_away() -> None:
    """In this process, and in each that it starts: they are forked from it, or import this module where none can be."""
    transactions.Transaction.fetch = fetch  # type: ignore[method-assign]  # that is what it is for
    SQLiteStore.begin, SQLiteStore.end = begin, end  # type: ignore[method-assign]  # the guard that is taken away
    SQLiteStore.fetch_inside = fetch_inside  # type: ignore[method-assign]  # the same
    for module in (steps, editing, publishing, reading):
        module.change = change  # type: ignore[attr-defined]  # as each command has imported it
    make_app: Callable[..., ASGIApp] = vars(serving)["make_app"]
    vars(serving)["make_app"] = lambda *args, **more: Unguarded(make_app(*args, **more))


if __name__ in ("__main__", "__mp_main__"):
    take_guards_away()
if __name__ == "__main__":
    sys.exit(cli.main())
