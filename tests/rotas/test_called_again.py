"""Called out once more when somebody is missing anew, but not for whoever takes a turn and gives it up: nobody can mail
the whole place again and again. And some at a time: what was begun goes on where it was.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import is_sqlite, run, transaction
from app.one_by_one import SomeFailed
from rotas import calling, calling_out, jobs
from rotas.calling_out import call_out
from rotas.commands.claiming import claim, claim_for_guest, give_guest_back
from rotas.commands.giving_up import ask_stand_in, free, withdraw_swap
from rotas.commands.moving import tell_of_place
from rotas.commands.slots import change_slot
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import make_duty, make_slot
from tests.rotas.reads import slot, swap
from tests.workshops.reads import mailed, mails
from tests.workshops.test_races import at_once, errors

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NEAR = NOON + 40 * HOUR
EARLIER = NOON - 24 * HOUR


async def given_up(cast: Cast, made: int, *, at: datetime) -> None:
    """Samira takes it, and thinks better of it."""
    await claim(actor=cast.samira, slot_id=made, sure=True, now=at)
    await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=at + MINUTE)


async def calls(first: datetime, hours: int) -> list[int]:
    """After how many hours of so many people were called out to; the job runs four times an hour."""
    return [n // 4 for n in range(4 * hours) if await call_out(first + n * 15 * MINUTE)]


class TestTheRule:
    @pytest.mark.parametrize(
        ("called_at", "was_there", "now", "again"),
        [
            (NOON, True, NOON + MINUTE, NOON + MINUTE),
            (NOON, False, NOON + MINUTE, NOON + 3 * HOUR),
            (NOON, False, NOON + 3 * HOUR, NOON + 3 * HOUR),
            (NOON, False, NOON + 20 * HOUR, NOON + 20 * HOUR),
            (NEAR - 3 * HOUR, False, NEAR - 2 * HOUR, NEAR - HOUR),
            (NEAR - 3 * HOUR, False, NEAR - 20 * MINUTE, NEAR - 20 * MINUTE),
            (NEAR - 30 * MINUTE, False, NEAR - 20 * MINUTE, NEAR + 150 * MINUTE),
        ],
    )
    def test_at_once_for_who_was_there_else_hours_later_but_once_before_it_begins(
        self, called_at: datetime, was_there: bool, now: datetime, again: datetime
    ) -> None:
        assert calling.again_at(called_at, starts_at=NEAR, was_there=was_there, now=now) == again


class TestGivenUp:
    async def test_taken_and_given_up_again_and_again_it_is_called_some_hours_later(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        called = 0
        for n in range(8):
            called += await call_out(NOON + 10 * n * MINUTE)
            await given_up(cast, made, at=NOON + 10 * n * MINUTE + MINUTE)
        assert called == 1
        assert await calls(NOON + 80 * MINUTE, 12) == [1]  # three hours after the first
        assert len(await mails(to=cast.karim, about="called")) == 2

    async def test_by_whoever_had_it_when_people_were_called_it_is_called_at_once_and_but_once(
        self, cast: Cast
    ) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR, people=2)
        await claim(actor=cast.samira, slot_id=made, now=EARLIER)
        assert await call_out(NOON) == 1
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON + 10 * MINUTE)
        assert [await call_out(NOON + n * MINUTE) for n in (11, 12)] == [1, 0]
        await given_up(cast, made, at=NOON + 20 * MINUTE)
        assert [await call_out(NOON + n * MINUTE) for n in (22, 23)] == [0, 0]

    async def test_never_called_for_it_is_called_at_once(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        await given_up(cast, made, at=NOON)
        assert [await call_out(NOON + n * MINUTE) for n in (2, 3)] == [1, 0]

    async def test_a_guest_who_does_not_come_is_somebody_who_gives_it_up(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR, people=2)
        await claim_for_guest(actor=cast.aicha, slot_id=made, first_name="Fatou", now=EARLIER)
        assert await call_out(NOON) == 1
        (row,) = await run("select id from rota_holding where slot_id = {}", made)
        await give_guest_back(actor=cast.aicha, holding_id=row["id"], now=NOON + MINUTE)
        assert await call_out(NOON + 2 * MINUTE) == 1

    async def test_a_clock_set_back_puts_it_off_no_further(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        assert await call_out(NOON) == 1
        await given_up(cast, made, at=NOON + 30 * HOUR)
        await jobs.made_again(NOON + HOUR, NOON + 31 * HOUR)
        assert await call_out(NOON + HOUR) == 1


class TestStandIns:
    async def test_asked_for_again_and_again_they_are_called_some_hours_later(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        await claim(actor=cast.samira, slot_id=made, now=EARLIER)
        called = 0
        for n in range(6):
            at = NOON + 10 * n * MINUTE
            asked = await ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, now=at)
            called += await call_out(at)
            if n < 5:
                await withdraw_swap(actor=cast.samira, swap_id=asked, now=at + MINUTE)
        assert called == 1
        assert (await swap(asked))["called_at"] is None
        assert await calls(NOON + HOUR, 12) == [2]
        assert len(await mails(to=cast.karim, about="called")) == 2


class TestMorePeople:
    @pytest.mark.parametrize(("people", "called"), [(1, 0), (3, 1)], ids=["control", "more"])
    async def test_more_people_wanted_are_called_for(self, cast: Cast, people: int, called: int) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        assert await call_out(NOON) == 1
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        row = await slot(made)
        await change_slot(
            actor=cast.rosa,
            slot_id=made,
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            people=people,
            room_id=None,
            version=row["version"],
            now=NOON + 4 * HOUR,
        )
        assert [await call_out(NOON + 4 * HOUR + n * MINUTE) for n in (1, 2)] == [called, 0]

    @pytest.mark.parametrize("moved", [False, True], ids=["more", "moved"])
    async def test_whoever_changes_it_again_and_again_has_people_called_some_hours_later(
        self, cast: Cast, moved: bool
    ) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        called = 0
        for n in range(6):
            at = NOON + 10 * n * MINUTE
            called += await call_out(at)
            row = await slot(made)
            await change_slot(
                actor=cast.rosa,
                slot_id=made,
                starts_at=row["starts_at"] + moved * MINUTE,
                ends_at=row["ends_at"],
                people=row["people"] + (not moved),
                room_id=None,
                version=row["version"],
                now=at + MINUTE,
            )
        assert called == 1
        assert await calls(NOON + HOUR, 12) == [2]


class TestSomeAtATime:
    async def test_what_falls_over_in_between_goes_on_where_it_was(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calling_out, "PEOPLE_AT_ONCE", 3)
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        told = 0

        async def falls(*args: Any, **each: Any) -> int:
            nonlocal told
            told += 1
            if told == 2:
                raise RuntimeError("no more")
            return await tell_of_place(*args, **each)

        with monkeypatch.context() as patched:
            patched.setattr(calling_out, "tell_of_place", falls)
            with pytest.raises(SomeFailed):
                await call_out(NOON)
        first = await mailed(about="called")
        assert len(first) == 3
        assert (await slot(made))["called_at"] is None
        later = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=NEAR + 3 * HOUR
        )
        assert [await call_out(NOON + HOUR * n) for n in range(1, 6)] == [2, 0, 0, 0, 0]
        everybody = {cast.samira, cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa, cast.bruno, cast.helene}
        assert await mailed(about="called") == everybody
        for member in everybody:
            links = [row["link"] for row in await mails(to=member, about="called")]
            assert links == ([f"/tours/{made}", f"/tours/{later}"] if member in first else ["/tours?voir=manque"])

    async def test_one_that_is_begun_meets_one_that_is_not(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calling_out, "PEOPLE_AT_ONCE", 2)
        begun = await make_slot(place_id=cast.place, starts_at=NEAR)
        async with transaction():
            await run("update rota_slot set called_to = {} where id = {}", cast.yann, begun)
        other = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=NEAR + HOUR
        )
        assert await call_out(NOON) == 2
        for member in (cast.samira, cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa, cast.bruno, cast.helene):
            (mail,) = await mails(to=member, about="called")
            assert mail["link"] == (f"/tours/{other}" if member <= cast.yann else "/tours?voir=manque")
        for each in (begun, other):
            assert ((await slot(each))["called_at"], (await slot(each))["called_to"]) == (NOON, None)

    async def test_several_processes_tell_each_once(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calling_out, "PEOPLE_AT_ONCE", 2)
        await make_slot(place_id=cast.place, starts_at=NEAR)
        ends = await at_once(call_out(NOON + n * MINUTE) for n in range(4))
        assert errors(ends) == []
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]
        assert len(await mails(about="called")) == len(await mailed(about="called")) == 8


@pytest.mark.parametrize(
    ("job", "module", "index"),
    [(call_out, calling_out, "rota_slot_wanting"), (jobs.forget_guests, jobs, "rota_holding_named")],
)
async def test_each_minute_no_table_is_read_from_end_to_end(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, job: Any, module: Any, index: str
) -> None:
    asked: list[tuple[str, tuple[Any, ...]]] = []

    async def listening(sql: str, *args: Any) -> list[dict[str, Any]]:
        asked.append((sql, args))
        return await run(sql, *args)

    monkeypatch.setattr(module, "run", listening)
    await job(NOON)
    (sql, args) = asked[0]
    if is_sqlite():
        plan = " ".join(row["detail"] for row in await run(f"explain query plan {sql}", *args))
        assert "SCAN s" not in plan, plan
    else:
        async with transaction():
            await run("set local enable_seqscan = off")
            await run("set local enable_bitmapscan = off")
            plan = " ".join(str(row) for row in await run(f"explain {sql}", *args))
    assert index in plan, plan
