"""The stamp: whatever is committed moves it, whoever wrote; as long as it is the same, so is what is read."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types
import pytest

from app.database import Store, TransactionMisuse, run, stamp, transaction
from app.postgres_engine import PostgresStore
from app.sqlite_engine import SQLiteStore
from tests.factories import make_place

RENAME = "update place set name = 'Ailleurs'"
OTHER_PROGRAM = """
import asyncio, sqlite3, sys
import asyncpg
async def write(url, sql):
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()
kind, where, sql = sys.argv[1:]
if kind == "sqlite":
    with sqlite3.connect(where) as connection:
        connection.execute(sql)
else:
    asyncio.run(write(where, sql))
"""


async def by_another_program(db: Store, sql: str) -> None:
    """Write from another process, which knows nothing of ours."""
    where = db.path if isinstance(db, SQLiteStore) else db.dsn if isinstance(db, PostgresStore) else ""
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER_PROGRAM, db.engine_type, where, sql)
    assert await program.wait() == 0


class TestStamp:
    async def test_it_stands_still_while_nothing_is_committed(self, db: Store) -> None:
        await make_place()
        taken = await stamp()
        await run("select * from place")
        assert await stamp() == taken

    async def test_a_commit_of_ours_moves_it(self, db: Store) -> None:
        await make_place()
        taken: Any = await stamp()
        async with transaction():
            await run(RENAME)
            within = await asyncio.create_task(fresh())
        assert within[1] == taken[1], "nothing was committed yet"
        assert await stamp() != taken

    async def test_a_commit_of_another_program_moves_it(self, db: Store) -> None:
        await make_place()
        taken = await stamp()
        await by_another_program(db, RENAME)
        assert await stamp() != taken
        assert (await run("select name from place"))[0]["name"] == "Ailleurs"

    async def test_inside_a_transaction_there_is_none(self, db: Store) -> None:
        async with transaction():
            with pytest.raises(TransactionMisuse):
                await stamp()

    async def test_a_database_that_is_opened_anew_has_another(self, db: Store) -> None:
        taken = await stamp()
        await db.close()
        await db.open(min_size=1, max_size=2)
        assert await stamp() != taken


async def fresh() -> Any:
    """The stamp, as another request takes it: without the transaction of the task that starts this."""
    from app.transactions import CURRENT

    CURRENT.set(None)
    return await stamp()


class TestOnSQLite:
    async def test_what_is_rolled_back_does_not_move_it(self, sqlite_only_db: SQLiteStore) -> None:
        await make_place()
        taken = await stamp()
        other = sqlite3.connect(sqlite_only_db.path)
        other.execute(RENAME)
        other.rollback()
        assert await stamp() == taken
        other.execute(RENAME)
        other.commit()
        other.close()
        assert await stamp() != taken


class TestOnPostgreSQL:
    async def test_a_transaction_that_began_before_moves_it_when_it_ends(self, postgres_only_db: PostgresStore) -> None:
        """Also when others began and ended in between."""
        await make_place()
        slow = await asyncpg.connect(postgres_only_db.dsn)
        try:
            begun = slow.transaction()
            await begun.start()
            await slow.execute(RENAME)
            await make_place(slug="autre", name="Autre")
            taken = await stamp()
            assert await stamp() == taken
            await begun.commit()
            assert await stamp() != taken
        finally:
            await slow.close()

    async def test_who_asks_while_a_question_is_under_way_gets_the_next_answer(
        self, postgres_only_db: PostgresStore
    ) -> None:
        """One question for all who came before it began; the one before may have been answered too early."""
        await make_place()
        plain, answered, go_on = postgres_only_db.fetch_outside, asyncio.Event(), asyncio.Event()
        asked = 0

        async def slowly(sql: str, args: Sequence[Any]) -> Any:
            nonlocal asked
            asked += 1
            rows = await plain(sql, args)
            answered.set()
            await go_on.wait()
            return rows

        postgres_only_db.fetch_outside = slowly  # type: ignore[method-assign]  # only slower
        first = asyncio.create_task(stamp())
        await answered.wait()
        async with transaction():
            await run(RENAME)
        later = [asyncio.create_task(fresh()) for _ in range(20)]
        await asyncio.sleep(0)
        go_on.set()
        stamps = await asyncio.gather(*later)
        assert len(set(stamps)) == 1
        assert await first != stamps[0]
        assert asked == 2

    async def test_a_question_that_fails_is_asked_again_by_those_who_wait(
        self, postgres_only_db: PostgresStore
    ) -> None:
        plain, asked = postgres_only_db.fetch_outside, 0

        async def first_fails(sql: str, args: Sequence[Any]) -> Any:
            nonlocal asked
            asked += 1
            number = asked
            await asyncio.sleep(0)
            if number < 3:
                raise OSError("cut")
            return await plain(sql, args)

        postgres_only_db.fetch_outside = first_fails  # type: ignore[method-assign]  # fails at first
        seen = await asyncio.gather(*(stamp() for _ in range(5)), return_exceptions=True)
        assert [isinstance(each, OSError) for each in seen] == [True, True, False, False, False]
        assert len(set(seen[2:])) == 1
