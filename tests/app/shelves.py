"""Two tables for the tests of the database layer: shelves with a number of places, and the things that take a place."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types
from piccolo.columns import Boolean, Integer, Timestamptz, Varchar
from piccolo.table import Table

from app.database import close_database, connect, engine, open_database, run, transaction
from app.migrations import ddl
from app.sqlite_engine import SQLiteStore

CONSTRAINT_ERRORS = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)


class Shelf(Table, tablename="test_shelf"):
    name = Varchar()
    places = Integer()
    shown = Boolean()
    made_at = Timestamptz(null=True, default=None)


class Thing(Table, tablename="test_thing"):
    shelf_id = Integer()
    name = Varchar()


@asynccontextmanager
async def shelves_in(path: Path, *, patience: float) -> AsyncIterator[SQLiteStore]:
    """A SQLite database with shelves, open until the block ends; `patience` is seconds."""
    store = connect(f"sqlite:///{path}", patience=patience)
    assert isinstance(store, SQLiteStore)
    await open_database()
    await make_shelves()
    yield store
    await close_database()


async def make_shelves() -> None:
    """The tables, and three shelves with one place each, numbered 1 to 3."""
    Shelf._meta.db = Thing._meta.db = engine()
    async with engine().transaction(for_schema=True):
        await ddl("""
            create table test_shelf (
                id {id},
                name {text} not null unique,
                places integer not null,
                shown {bool} not null default true,
                made_at {ts}
            );
            create table test_thing (
                id {id},
                shelf_id {ref} not null references test_shelf (id) on delete cascade,
                name {text} not null
            );
        """)
    async with transaction():
        for name in ("a", "b", "c"):
            await run("insert into test_shelf (name, places) values ({}, 1)", name)


async def names() -> list[str]:
    """Names of all things, sorted."""
    return [row["name"] for row in await run("select name from test_thing order by name")]


async def put(name: str, shelf: int = 1) -> None:
    """A thing on a shelf, in the caller's transaction."""
    await Thing.insert(Thing(shelf_id=shelf, name=name))
