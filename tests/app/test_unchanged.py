"""What is kept between two writes: the next question after any commit reads anew, whoever wrote."""

from __future__ import annotations

import pytest

from app import unchanged as module
from app.database import (
    Brought,
    Store,
    TransactionMisuse,
    connect,
    is_sqlite,
    run,
    stamp,
    stamp_ahead,
    stamp_brought,
    stamp_column,
    transaction,
)
from app.unchanged import unchanged
from tests.factories import make_place


async def names() -> list[str]:
    return [row["name"] for row in await run("select name from place order by id")]


async def asked() -> list[str]:
    """The names, as a request reads them."""
    return await unchanged(await stamp(), "names", names)


async def with_an_answer() -> Brought | None:
    """A stamp that came with the answer to another question, as that of a visit does."""
    (row,) = await run(f"select 1 as one{stamp_column()}")
    return stamp_brought(row) or await stamp_ahead()


class TestStampBrought:
    async def test_it_is_taken_ahead_where_that_is_no_round_trip(self, db: Store) -> None:
        assert (await stamp_ahead() is not None) == is_sqlite()

    async def test_it_spares_a_question(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        first = await asked()
        brought = await with_an_answer()
        before = db.query_id
        assert await unchanged(await stamp(brought), "names", names) is first
        assert db.query_id == before
        assert brought is not None
        assert await stamp(brought) is brought.stamp

    async def test_whoever_has_written_since_reads_what_they_wrote(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        await asked()
        brought = await with_an_answer()
        await make_place(name="Le Canal")
        assert await unchanged(await stamp(brought), "names", names) == ["Les Tanneurs", "Le Canal"]

    async def test_so_does_whoever_wrote_in_vain(self, db: Store) -> None:
        """What they were refused for may have come from another program."""
        brought = await with_an_answer()
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                raise ZeroDivisionError
        assert brought is not None
        assert not db.stands(brought)

    async def test_inside_a_transaction_there_is_none(self, db: Store) -> None:
        brought = await with_an_answer()
        async with transaction():
            assert await with_an_answer() is None
            assert await stamp_ahead() is None
            with pytest.raises(TransactionMisuse):
                await stamp(brought)


class TestUnchanged:
    async def test_it_is_read_once(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        first = await asked()
        before = db.query_id
        again = await asked()
        assert again is first
        assert db.query_id == before, "no statement of ours"

    async def test_a_commit_of_this_process_is_seen_at_once(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        await asked()
        await make_place(name="Le Canal")
        assert await asked() == ["Les Tanneurs", "Le Canal"]

    async def test_with_the_stamp_of_before_it_would_not_be(self, db: Store) -> None:
        """The control: a stamp that stands still."""
        await make_place(name="Les Tanneurs")
        taken = await stamp()
        await unchanged(taken, "names", names)
        await make_place(name="Le Canal")
        assert await unchanged(taken, "names", names) == ["Les Tanneurs"]

    async def test_what_is_undone_is_not_kept(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await run("update place set name = 'Jamais'")
                raise ZeroDivisionError
        assert await asked() == ["Les Tanneurs"]

    async def test_each_name_is_kept_for_itself(self, db: Store) -> None:
        await make_place(name="Les Tanneurs")
        taken = await stamp()
        await unchanged(taken, "names", names)

        async def other() -> int:
            return 7

        assert await unchanged(taken, ("names", 2), other) == 7

    async def test_no_more_than_so_many(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_KEPT", 3)
        taken = await stamp()
        for number in range(9):
            await unchanged(taken, number, names)
        assert list(module._read[db]) == [6, 7, 8]

    async def test_what_is_of_one_reader_pushes_nothing_out_that_all_share(
        self, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_OWN", 3)
        taken = await stamp()
        await unchanged(taken, "names", names)
        for member in range(9):
            await unchanged(taken, member, names, own=True)
        assert list(module._own[db]) == [6, 7, 8]
        assert list(module._read[db]) == ["names"]

    async def test_another_database_is_another_memory(self, sqlite_only_db: Store) -> None:
        await make_place(name="Les Tanneurs")
        await asked()
        other = connect("another.sqlite")
        assert module._read.get(other) is None
