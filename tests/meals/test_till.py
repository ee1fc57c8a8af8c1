"""The box of a meal: two people count it, each for themselves, and what both found is written down once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound, Refused
from app.identity.states import Act
from meals import till_rules
from meals.commands.till import enter_count
from meals.facts import entries_of
from meals.rules import MONEY_KEPT
from meals.states import Job, MealRefusal
from meals.till_rules import Counted, Entry, TillWho
from tests.client import NOON
from tests.factories import make_grant, writing
from tests.meals.make import DAY, HOUR, START, change_meal, make_meal, make_turn
from tests.people import Cast

END = START + 2 * HOUR
LATER = END + HOUR


async def a_meal(cast: Cast, **changes: Any) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, **changes)


async def with_till(cast: Cast, *members: int, act: Act = Act.TAKE_CASH) -> None:
    async with writing():
        for member in members:
            await make_grant(member_id=member, place_id=cast.place, act=act, from_at=NOON)


async def the_count(meal_id: int) -> list[dict[str, Any]]:
    return await run("select cents, first_by, second_by, counted_at from till_count where meal_id = {}", meal_id)


async def entries(meal_id: int) -> list[tuple[int, int]]:
    rows = await run("select member_id, cents from till_entry where meal_id = {} order by id", meal_id)
    return [(row["member_id"], row["cents"]) for row in rows]


async def the_lines(meal_id: int) -> list[tuple[str, str, int]]:
    rows = await run(
        "select kind, account, cents from ledger_line where about = 'meal' and about_id = {} order by id", meal_id
    )
    return [(row["kind"], row["account"], row["cents"]) for row in rows]


async def refused(reason: MealRefusal, meal_id: int, actor: int, cents: int = 100, now: Any = LATER) -> None:
    with pytest.raises(Refused) as caught:
        await enter_count(meal_id, actor=actor, cents=cents, now=now)
    assert caught.value.reason is reason


class TestTwoPeople:
    async def test_the_same_from_two_is_written_down_once(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.karim])
        assert await enter_count(made, actor=cast.odile, cents=8450, now=LATER) is Counted.ALONE
        assert await the_count(made) == []
        assert await the_lines(made) == []
        assert await enter_count(made, actor=cast.karim, cents=8450, now=LATER + HOUR) is Counted.DONE
        (count,) = await the_count(made)
        assert count == {
            "cents": 8450,
            "first_by": cast.odile,
            "second_by": cast.karim,
            "counted_at": LATER + HOUR,
        }
        assert await the_lines(made) == [("cash", "box", 8450)]
        assert await entries(made) == []

    async def test_the_same_person_twice_is_one(self, cast: Cast) -> None:
        made = await a_meal(cast)
        for _ in range(3):
            assert await enter_count(made, actor=cast.odile, cents=100, now=LATER) is Counted.ALONE
        assert await entries(made) == [(cast.odile, 100)]
        assert await the_count(made) == []

    async def test_not_the_same_both_count_again(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await with_till(cast, cast.karim)
        await enter_count(made, actor=cast.odile, cents=8450, now=LATER)
        assert await enter_count(made, actor=cast.karim, cents=8400, now=LATER) is Counted.DIFFERS
        # What the first had found counts no more: nobody finds it out by trying.
        assert await enter_count(made, actor=cast.karim, cents=8450, now=LATER) is Counted.ALONE
        assert await the_count(made) == []
        assert await enter_count(made, actor=cast.odile, cents=8450, now=LATER) is Counted.DONE
        assert await the_lines(made) == [("cash", "box", 8450)]

    async def test_one_of_the_two_has_the_till(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.karim])
        await make_turn(meal_id=made, job=Job.SERVE, holders=[cast.samira])
        assert await enter_count(made, actor=cast.karim, cents=500, now=LATER) is Counted.ALONE
        assert await enter_count(made, actor=cast.samira, cents=500, now=LATER) is Counted.ALONE
        assert await enter_count(made, actor=cast.odile, cents=500, now=LATER) is Counted.DONE
        (count,) = await the_count(made)
        assert (count["first_by"], count["second_by"]) == (cast.karim, cast.odile)

    async def test_where_somebody_takes_cash_the_opener_is_the_second(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await with_till(cast, cast.yann)
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.karim])
        await enter_count(made, actor=cast.odile, cents=500, now=LATER)
        assert await enter_count(made, actor=cast.karim, cents=500, now=LATER) is Counted.ALONE
        assert await enter_count(made, actor=cast.yann, cents=500, now=LATER) is Counted.DONE

    async def test_an_empty_box_is_counted_as_well(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await enter_count(made, actor=cast.odile, cents=0, now=LATER)
        await enter_count(made, actor=cast.rosa, cents=0, now=LATER)
        assert await the_lines(made) == [("cash", "box", 0)]

    async def test_once_it_is_counted_only_what_both_found_is_taken(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await with_till(cast, cast.karim)
        await enter_count(made, actor=cast.odile, cents=8450, now=LATER)
        await enter_count(made, actor=cast.karim, cents=8450, now=LATER)
        for actor in (cast.odile, cast.karim):
            assert await enter_count(made, actor=actor, cents=8450, now=LATER + DAY) is Counted.DONE
        await refused(MealRefusal.COUNTED, made, cast.odile, 8400)
        await refused(MealRefusal.COUNTED, made, cast.rosa, 8450)
        assert await the_lines(made) == [("cash", "box", 8450)]
        assert await entries(made) == []


class TestWhoAndWhen:
    async def test_others_are_refused(self, cast: Cast) -> None:
        made = await a_meal(cast)
        for nobody in (cast.samira, cast.newcomer):
            await refused(MealRefusal.ONLY_TILL, made, nobody)

    async def test_never_a_mediator_whatever_they_hold(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await with_till(cast, cast.bruno)
        await refused(MealRefusal.ONLY_TILL, made, cast.bruno)

    async def test_no_meal_of_that_number(self, cast: Cast) -> None:
        with pytest.raises(NotFound):
            await enter_count(9999, actor=cast.odile, cents=0, now=LATER)

    async def test_from_its_beginning_on_for_a_month(self, cast: Cast) -> None:
        made = await a_meal(cast)
        minute = timedelta(minutes=1)
        await refused(MealRefusal.TILL_NOT_YET, made, cast.odile, now=START - minute)
        await refused(MealRefusal.TILL_OVER, made, cast.odile, now=END + MONEY_KEPT)
        assert await enter_count(made, actor=cast.odile, cents=1, now=START) is Counted.ALONE
        assert await enter_count(made, actor=cast.rosa, cents=1, now=END + MONEY_KEPT - minute) is Counted.DONE

    async def test_what_was_called_off_has_no_box(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await change_meal(made, state="cancelled")
        await refused(MealRefusal.CANCELLED, made, cast.odile)

    @pytest.mark.parametrize("cents", [-1, till_rules.MOST_CENTS + 1])
    async def test_what_is_no_sum_for_a_box(self, cast: Cast, cents: int) -> None:
        await refused(MealRefusal.NOT_AN_AMOUNT, await a_meal(cast), cast.odile, cents)


class TestRules:
    ME = TillWho(belongs=True)

    @pytest.mark.parametrize(
        ("who", "has", "counts"),
        [
            (TillWho(belongs=True, takes_cash=True, somebody_takes_cash=True), True, True),
            (TillWho(belongs=True, keeps_accounts=True), True, True),
            (TillWho(belongs=True, opener=True), True, True),
            (TillWho(belongs=True, opener=True, somebody_takes_cash=True), False, True),
            (TillWho(belongs=True, checks_in=True), False, True),
            (TillWho(belongs=True, on_team=True), False, True),
            (TillWho(belongs=True), False, False),
            (TillWho(opener=True, on_team=True), False, False),
            (TillWho(belongs=True, mediator=True, opener=True, on_team=True), False, False),
        ],
    )
    def test_who(self, who: TillWho, has: bool, counts: bool) -> None:
        assert (till_rules.has_till(who), till_rules.may_count(who)) == (has, counts)

    def test_what_differs_counts_no_more(self) -> None:
        mine = Entry(1, 500, has_till=True)
        assert till_rules.compare(mine, [Entry(2, 500, has_till=False, differs=True)]).outcome is Counted.ALONE
        assert till_rules.compare(mine, [Entry(2, 400, has_till=False, differs=True)]).outcome is Counted.ALONE

    def test_ones_own_is_nobody_elses(self) -> None:
        assert till_rules.compare(Entry(1, 500, True), [Entry(1, 500, True)]).outcome is Counted.ALONE
        assert till_rules.compare(Entry(1, 500, True), [Entry(1, 400, True)]).outcome is Counted.ALONE

    def test_a_third_who_found_what_the_first_did(self) -> None:
        others = [Entry(2, 400, has_till=False), Entry(3, 500, has_till=False)]
        found = till_rules.compare(Entry(1, 500, has_till=True), others)
        assert (found.outcome, found.other) == (Counted.DONE, 3)

    @pytest.mark.parametrize(("people", "said"), [(0, None), (4, None), (5, -50), (60, -50)])
    def test_the_difference_is_said_of_five(self, people: int, said: int | None) -> None:
        assert till_rules.difference_cents(counted=2450, pledged=2500, people=people) == said


class TestAtTheSameMoment:
    async def naive(self, meal_id: int, actor: int, asked: asyncio.Barrier) -> Counted:
        """As it is without the lock: what the others found is read first, and one's own is written then."""
        found = Entry(actor, 500, has_till=True)
        verdict = till_rules.compare(found, await entries_of(meal_id))
        await asked.wait()
        async with transaction():
            if verdict.other is not None:
                await run(
                    "insert into till_count (meal_id, cents, first_by, second_by, counted_at) "
                    "values ({}, 500, {}, {}, {})",
                    *(meal_id, verdict.other, actor, LATER),
                )
            else:
                await run(
                    "insert into till_entry (meal_id, member_id, cents, has_till, differs, entered_at) "
                    "values ({}, {}, 500, {}, {}, {})",
                    *(meal_id, actor, True, False, LATER),
                )
        return verdict.outcome

    async def test_without_the_lock_two_wait_for_each_other(self, cast: Cast) -> None:
        made, asked = await a_meal(cast), asyncio.Barrier(2)
        ends = await asyncio.gather(*(self.naive(made, actor, asked) for actor in (cast.odile, cast.rosa)))
        assert ends == [Counted.ALONE, Counted.ALONE]
        assert await the_count(made) == [], "both found the same, and nothing is written down"

    async def test_two_who_found_the_same_make_one_line(self, cast: Cast) -> None:
        for _ in range(5):
            made = await a_meal(cast)
            ends = await asyncio.gather(
                *(enter_count(made, actor=actor, cents=500, now=LATER) for actor in (cast.odile, cast.rosa))
            )
            assert sorted(ends) == [Counted.ALONE, Counted.DONE]
            assert len(await the_count(made)) == 1
            assert await the_lines(made) == [("cash", "box", 500)]

    async def test_two_who_found_something_else_both_count_again(self, cast: Cast) -> None:
        made = await a_meal(cast)
        ends = await asyncio.gather(
            enter_count(made, actor=cast.odile, cents=500, now=LATER),
            enter_count(made, actor=cast.rosa, cents=600, now=LATER),
        )
        assert sorted(ends) == [Counted.ALONE, Counted.DIFFERS]
        rows = await run("select differs from till_entry where meal_id = {}", made)
        assert [bool(row["differs"]) for row in rows] == [True, True]

    async def test_one_person_twenty_times_is_one_person(self, cast: Cast) -> None:
        made = await a_meal(cast)
        ends = await asyncio.gather(*(enter_count(made, actor=cast.odile, cents=500, now=LATER) for _ in range(20)))
        assert set(ends) == {Counted.ALONE}
        assert await entries(made) == [(cast.odile, 500)]
        assert await the_count(made) == []

    async def test_many_at_once_are_one_count(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await with_till(cast, cast.yann, cast.karim, cast.samira)
        people = [cast.odile, cast.rosa, cast.yann, cast.karim, cast.samira] * 4
        ends = await asyncio.gather(
            *(enter_count(made, actor=actor, cents=500, now=LATER) for actor in people), return_exceptions=True
        )
        assert all(end in set(Counted) or isinstance(end, Refused) for end in ends), ends
        assert len(await the_count(made)) == 1
        assert await the_lines(made) == [("cash", "box", 500)]
        assert await entries(made) == []
