"""Each migration once, whole or not at all: also with several programs at once, killed midway, or on real rows."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from piccolo.columns import BigInt, Boolean, Bytea, Column, Date, Integer, Serial, Text, Timestamptz, Varchar

from app import packages
from app.database import Store, TransactionMisuse, close_database, connect, is_sqlite, open_database, run, transaction
from app.migrations import MigrationRefused, ddl, migrate, pending, statements, translated
from app.packages import Package, all_tables
from tests.app.shelves import CONSTRAINT_ERRORS

ROOT = Path(__file__).parents[2]

BOOKS = """
    await ddl("create table book (id {id}, title {text} not null); insert into book (title) values ('first');")
"""
PAGES = """
    await ddl("create table page (id {id}, book_id {ref} not null references book (id) on delete cascade);")
    await run("insert into page (book_id) values ({})", 1)
"""

Write = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of the only package there is."""
    made = tmp_path / "migrations"
    made.mkdir()
    monkeypatch.setattr(packages, "PACKAGES", (Package("library", made),))
    return made


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Store]:
    engine = connect(empty_database_url)
    await open_database(min_size=0)
    yield engine
    await close_database()


def write(folder: Path, name: str, body: str) -> None:
    """A migration file as people write them."""
    (folder / f"{name}.py").write_text(
        "import os, time\nfrom app.database import is_sqlite, run\nfrom app.migrations import ddl\n"
        f"ID = {name!r}\nVERSION = '1.38.0'\nDESCRIPTION = 'for a test'\n"
        f"async def forwards() -> None:\n{body}\n"
    )


async def recorded() -> list[str]:
    return [row["name"] for row in await run("select name from migration order by id")]


class TestRunning:
    async def test_each_runs_once_in_order_and_is_recorded(self, folder: Path, empty: Store) -> None:
        write(folder, "m0002_pages", PAGES)
        write(folder, "m0001_books", BOOKS)
        assert await pending() == ["library/m0001_books", "library/m0002_pages"]
        assert await migrate() == ["library/m0001_books", "library/m0002_pages"]
        assert await migrate() == []
        assert await pending() == []
        assert await recorded() == ["m0001_books", "m0002_pages"]
        assert await run("select title, page.id from page join book on book.id = book_id") == [
            {"title": "first", "id": 1}
        ]

    async def test_packages_come_in_their_order(
        self, tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = []
        for name, file, body in (("base", "m0009_books", BOOKS), ("above", "m0001_pages", PAGES)):
            (tmp_path / name).mkdir()
            write(tmp_path / name, file, body)
            found.append(Package(name, tmp_path / name))
        monkeypatch.setattr(packages, "PACKAGES", tuple(found))
        assert await migrate() == ["base/m0009_books", "above/m0001_pages"]

    async def test_one_that_fails_leaves_nothing_of_itself(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        write(folder, "m0002_pages", PAGES + "    raise KeyError('halfway')")
        with pytest.raises(KeyError, match="halfway"):
            await migrate()
        assert await recorded() == ["m0001_books"]
        with pytest.raises(Exception, match="page"):
            await run("select * from page")
        write(folder, "m0002_pages", PAGES)
        assert await migrate() == ["library/m0002_pages"]

    async def test_a_newer_database_is_refused_in_a_sentence(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        write(folder, "m0002_pages", PAGES)
        await migrate()
        (folder / "m0002_pages.py").unlink()
        write(folder, "m0003_other", "    await ddl('create table other (id {id});')")
        for refused in (migrate, pending):
            with pytest.raises(MigrationRefused, match=r"newer version.*library/m0002_pages"):
                await refused()
        with pytest.raises(Exception, match="other"):
            await run("select * from other")

    async def test_a_file_whose_id_is_not_its_name_is_refused(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        (folder / "m0001_books.py").rename(folder / "m0002_books.py")
        with pytest.raises(MigrationRefused, match="m0002_books"):
            await migrate()

    async def test_its_rows_are_written_in_the_same_transaction(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_nested", "    from app.database import transaction\n    async with transaction(): pass")
        with pytest.raises(TransactionMisuse, match="nested"):
            await migrate()


class TestOnADatabaseWithData:
    async def test_a_column_is_added_and_filled(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        await migrate()
        async with transaction():
            await run("insert into book (title) values ('second')")
        write(
            folder,
            "m0002_shown",
            "    await ddl('alter table book add column shown {bool} not null default false;')\n"
            "    await run('update book set shown = {} where title = {}', True, 'second')",
        )
        assert await migrate() == ["library/m0002_shown"]
        rows = await run("select title, shown from book order by id")
        assert [(row["title"], row["shown"]) for row in rows] == [("first", False), ("second", True)]

    async def test_making_a_table_anew_keeps_the_rows_that_point_to_it(self, folder: Path, empty: Store) -> None:
        """As SQLite's manual says to change a table: a new one, the rows over, the old one dropped, renamed."""
        write(folder, "m0001_books", BOOKS)
        write(folder, "m0002_pages", PAGES)
        await migrate()
        write(folder, "m0003_longer", ANEW)
        await migrate()
        assert len(await run("select * from page")) == 1
        with pytest.raises(CONSTRAINT_ERRORS):
            async with transaction():
                await run("insert into page (book_id) values (99)")
        async with transaction():
            await run("delete from book")
        assert await run("select * from page") == []

    def test_which_sqlite_would_not_do_by_itself(self) -> None:
        """The positive control: with foreign keys on, dropping the old table deletes what points to it."""
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as memory:
            memory.executescript(
                "pragma foreign_keys=1; create table book (id integer primary key);"
                "create table page (book_id integer references book (id) on delete cascade);"
                "insert into book values (1); insert into page values (1);"
                "begin; create table book_new (id integer primary key); insert into book_new select * from book;"
                "drop table book; alter table book_new rename to book; commit;"
            )
            assert memory.execute("select count(*) from page").fetchone() == (0,)

    async def test_rows_left_pointing_nowhere_are_refused(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        write(folder, "m0002_pages", PAGES)
        write(folder, "m0003_broken", "    await run('update page set book_id = 99')")
        with pytest.raises(CONSTRAINT_ERRORS):
            await migrate()
        assert await recorded() == ["m0001_books", "m0002_pages"]
        assert await run("select book_id from page") == [{"book_id": 1}]

    async def test_writes_of_the_server_are_checked_as_before(self, folder: Path, empty: Store) -> None:
        write(folder, "m0001_books", BOOKS)
        write(folder, "m0002_pages", PAGES)
        await migrate()
        with pytest.raises(CONSTRAINT_ERRORS):
            async with transaction():
                await run("insert into page (book_id) values (99)")


ANEW = """
    if is_sqlite():
        await ddl('''
            create table book_new (id {id}, title varchar(200) not null check (title <> ''));
            insert into book_new select id, title from book;
            drop table book;
            alter table book_new rename to book;
        ''')
    else:
        await ddl("alter table book alter column title type varchar(200), add check (title <> '');")
"""


class TestDdl:
    async def test_tokens_are_of_the_engine(self, empty: Store) -> None:
        told = translated("{id} {ref} {int} {text} {bool} {ts} {date} {blob}")
        if is_sqlite():
            assert told == "integer primary key autoincrement integer integer text boolean timestamptz date blob"
        else:
            assert told == (
                "integer generated by default as identity primary key"
                " integer integer text boolean timestamptz date bytea"
            )

    async def test_an_unknown_token_is_named(self, empty: Store) -> None:
        with pytest.raises(ValueError, match=r"\{serial\}"):
            translated("create table x (id {serial});")

    async def test_braces_that_are_no_token_stay(self, empty: Store) -> None:
        assert translated("details text not null default '{}'") == "details text not null default '{}'"

    def test_statements_are_divided_where_they_end(self) -> None:
        trigger = "create trigger t after insert on a begin update a set n = 1; update a set n = 2; end"
        assert list(statements(f"insert into a values (';'); {trigger}; -- a; b\ndrop table b;\n\n")) == [
            "insert into a values (';')",
            trigger,
            "-- a; b\ndrop table b",
        ]

    def test_one_that_does_not_end_is_refused(self) -> None:
        with pytest.raises(ValueError, match="does not end"):
            list(statements("create table a (id integer); insert into a values ('x"))

    def test_the_last_semicolon_may_be_left_out(self) -> None:
        assert list(statements("drop table a; drop table b")) == ["drop table a", "drop table b"]

    async def test_it_is_for_migrations_only(self, empty: Store) -> None:
        with pytest.raises(TransactionMisuse):
            await ddl("create table x (id {id});")


# ---------------------------------------------------------------------------------------------------- several programs

PROGRAM = """
import asyncio, sys
from pathlib import Path
from piccolo.columns import BigInt, Boolean, Bytea, Column, Date, Integer, Serial, Text, Timestamptz, Varchar
from app import packages
from app.database import close_database, connect, open_database
from app.migrations import migrate

async def main(url, folder):
    packages.PACKAGES = (packages.Package("library", Path(folder)),)
    connect(url)
    await open_database(min_size=0)
    print("ready", flush=True)
    sys.stdin.readline()
    for name in await migrate():
        print(name, flush=True)
    await close_database()

asyncio.run(main(*sys.argv[1:]))
"""


def started(url: str, folder: Path) -> "subprocess.Popen[str]":
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    return program


async def opened_rows(url: str, sql: str) -> list[dict[str, Any]]:
    connect(url)
    await open_database(min_size=0)
    try:
        return await run(sql)
    finally:
        await close_database()


async def test_programs_that_start_at_once_share_the_work(empty_database_url: str, folder: Path) -> None:
    write(folder, "m0001_books", BOOKS)
    write(folder, "m0002_pages", PAGES)
    for number in range(3, 9):
        write(folder, f"m000{number}_more", "    await run(\"insert into book (title) values ('more')\")")
    programs = [started(empty_database_url, folder) for _ in range(3)]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    told = [program.communicate(timeout=60)[0].split() for program in programs]
    assert [program.returncode for program in programs] == [0, 0, 0]
    assert sorted(chain.from_iterable(told)) == [f"library/{path.stem}" for path in sorted(folder.glob("m*.py"))]
    assert await opened_rows(empty_database_url, "select count(*) as n from book") == [{"n": 7}]


async def test_killed_midway_the_next_one_finishes(empty_database_url: str, folder: Path, tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    write(folder, "m0001_books", BOOKS)
    write(folder, "m0002_pages", f"{PAGES}\n    open({str(reached)!r}, 'w').close()\n    time.sleep(60)")
    program = started(empty_database_url, folder)
    assert program.stdin is not None
    program.stdin.write("go\n")
    program.stdin.flush()
    deadline = time.monotonic() + 20
    while not reached.exists():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    program.send_signal(signal.SIGKILL)
    assert program.wait() == -signal.SIGKILL
    program.communicate()
    assert await opened_rows(empty_database_url, "select name from migration") == [{"name": "m0001_books"}]

    write(folder, "m0002_pages", PAGES)
    connect(empty_database_url)
    await open_database(min_size=0)
    assert await migrate() == ["library/m0002_pages"]
    assert await run("select id, book_id from page") == [{"id": 1, "book_id": 1}]
    await close_database()


# ----------------------------------------------------------------------------------------- the project's own migrations


KINDS: dict[type[Column], str] = {
    Serial: "integer",
    Integer: "integer",
    BigInt: "integer",
    Varchar: "text",
    Text: "text",
    Boolean: "boolean",
    Timestamptz: "timestamptz",
    Date: "date",
    Bytea: "blob",
}
SAME = {"bigint": "integer", "timestamp with time zone": "timestamptz", "bytea": "blob"}


def declared(column: Column) -> tuple[str, bool]:
    """Its kind, and whether it may be null."""
    return next(kind for known, kind in KINDS.items() if isinstance(column, known)), column._meta.null


async def found(table: str) -> dict[str, tuple[str, bool]]:
    """The same, of each column, as the database has it."""
    if is_sqlite():
        sql = 'select name, lower(type) as kind, "notnull" = 0 and pk = 0 as nullable from pragma_table_info({})'
    else:
        sql = (
            "select column_name as name, data_type as kind, is_nullable = 'YES' as nullable"
            " from information_schema.columns where table_name = {} and table_schema = 'public'"
        )
    return {row["name"]: (SAME.get(row["kind"], row["kind"]), bool(row["nullable"])) for row in await run(sql, table)}


async def test_the_tables_of_the_code_are_those_of_the_database(db: Store) -> None:
    """Also in their kinds: by the type's name SQLite's engine knows which numbers are booleans, which texts times."""
    tables = all_tables()
    assert tables
    for table in tables:
        expected = {column._meta.db_column_name: declared(column) for column in table._meta.columns}
        assert await found(table._meta.tablename) == expected, table.__name__


async def test_a_migrated_database_has_nothing_left_to_do(db: Store) -> None:
    assert await pending() == []
    assert await migrate() == []
