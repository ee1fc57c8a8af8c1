"""What the clock does about meals, each thing once: twice in a row, by several processes, across both clock changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import from_local
from app.database import run, transaction
from app.journal import write_journal
from meals import jobs
from meals.commands.opening import edit_meal, go_ahead
from meals.plan import PlannedDish
from meals.states import Allergen, Diet, Job, MealRefusal, PartState
from rotas.commands import claim, claim_for_guest
from tests.client import NOON
from tests.meals.make import (
    CLOSES,
    DAY,
    HOUR,
    START,
    make_booking,
    make_crowd,
    make_dish,
    make_meal,
    make_turn,
)
from tests.meals.plans import edited, opened, plan_of, turns_for, words
from tests.meals.reads import bookings, counts, diets, entry, mailed, mails, meal, parts, refused, stands
from tests.people import Cast
from tests.workshops.test_races import at_once, errors

Run = Callable[[datetime], Awaitable[int]]
MINUTE = timedelta(minutes=1)
DOUBT = CLOSES + 2 * HOUR
END = START + 2 * HOUR


async def a_meal(cast: Cast, **changes: Any) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, **changes)


async def with_cooks(cast: Cast, *members: int, **changes: Any) -> int:
    """A meal whose kitchen wants three, and these are there."""
    made = await a_meal(cast, **changes)
    slot_id = await make_turn(meal_id=made, people=3)
    for member in members:
        await claim(actor=member, slot_id=slot_id, sure=True, now=NOON)
    return made


async def state(meal_id: int) -> str:
    return str((await meal(meal_id))["state"])


async def acts(meal_id: int) -> list[str]:
    rows = await run("select act from journal_line where kind = 'meal' and thing_id = {} order by id", meal_id)
    return [row["act"] for row in rows]


class TestClosing:
    async def test_at_its_hour_and_not_before(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira, cast.karim)
        assert await jobs.close_due(CLOSES - MINUTE) == 0
        assert [await jobs.close_due(CLOSES + n * MINUTE) for n in range(2)] == [1, 0]
        row = await meal(made)
        assert (row["state"], row["closed_at"], row["doubtful_until"]) == ("closed", CLOSES, None)
        assert await mails(to=cast.odile) == []

    async def test_offers_that_nobody_answered_end_with_it(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira, cast.karim, seats=2)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        waits = await make_booking(meal_id=made, member_id=cast.yann)
        await edited(made, actor=cast.odile, seats=3, now=CLOSES - HOUR)
        assert await stands(waits) == {PartState.OFFERED: 1}
        await jobs.close_due(CLOSES)
        assert await stands(waits) == {PartState.LAPSED: 1}
        assert await counts(made) == (2, 0)
        assert await mailed(about="lapsed") == {cast.yann}

    async def test_whoever_waits_stays_on_the_list(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira, cast.karim, seats=2)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        waits = await make_booking(meal_id=made, member_id=cast.yann)
        await jobs.close_due(CLOSES)
        assert await stands(waits) == {PartState.WAITING: 1}

    async def test_without_the_lock_it_is_closed_twice(self, cast: Cast) -> None:
        """The control: two processes that ask, and then write."""
        made = await a_meal(cast)
        both = asyncio.Barrier(2)

        async def naive() -> None:
            (row,) = await run("select state, place_id from meal where id = {}", made)
            await both.wait()
            if row["state"] == "open":
                async with transaction():
                    await run("update meal set state = 'closed' where id = {}", made)
                    await write_journal(
                        place_id=row["place_id"],
                        at=CLOSES,
                        voice="clock",
                        act="meal.closed",
                        kind="meal",
                        thing_id=made,
                    )

        await asyncio.gather(naive(), naive())
        assert await acts(made) == ["meal.closed", "meal.closed"]

    async def test_by_several_processes_it_is_closed_once(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_turn(meal_id=made)
        ends = await at_once(jobs.close_due(CLOSES) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]
        assert await acts(made) == ["meal.closed"]
        assert len(await mails(about="too-few")) == 1

    async def test_nobody_books_once_it_is_closed(self, cast: Cast) -> None:
        made = await a_meal(cast, seats=100)
        crowd = await make_crowd(cast, 10)
        ends = await at_once(
            [
                *(make_booking(meal_id=made, member_id=each, now=CLOSES - MINUTE) for each in crowd[:5]),
                jobs.close_due(CLOSES),
                *(make_booking(meal_id=made, member_id=each, now=CLOSES - MINUTE) for each in crowd[5:]),
            ]
        )
        assert errors(ends) == []
        assert len(await bookings(made)) + ends.count(MealRefusal.NOT_OPEN) == 10
        assert await counts(made) == (len(await bookings(made)), 0)

    async def test_edited_at_the_same_time_nobody_is_lost(self, cast: Cast) -> None:
        made = await a_meal(cast)
        plan = await plan_of(made)
        edit = edit_meal(actor=cast.odile, meal_id=made, plan=plan, version=1, now=CLOSES - MINUTE)
        ends = await at_once([jobs.close_due(CLOSES), edit])
        assert errors(ends) == []
        assert ends[0] == 1
        row = await meal(made)
        assert (row["state"], row["version"]) == ("closed", 2 if ends[1] is None else 1)

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["spring", "autumn"])
    async def test_on_the_nights_when_clocks_change_the_wall_says_when(self, cast: Cast, day: str) -> None:
        starts = from_local(f"{day}T12:30")
        for closes in (from_local(f"{day}T01:30"), from_local(f"{day}T03:30")):
            made = await a_meal(cast, starts_at=starts, closes_at=closes, cooks_least=0)
            assert await jobs.close_due(closes - MINUTE) == 0
            assert await jobs.close_due(closes) == 1
            assert await state(made) == "closed"
            assert await jobs.serve_past(starts + 2 * HOUR - MINUTE) == 0
            assert await jobs.serve_past(starts + 2 * HOUR) == 1


class TestTooFewCooks:
    async def test_whoever_opened_it_is_asked_at_once_and_has_two_hours(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira)
        await make_booking(meal_id=made, member_id=cast.yann)
        await jobs.close_due(CLOSES)
        assert (await meal(made))["doubtful_until"] == DOUBT
        (mail,) = await mails(about="too-few")
        assert mail["member_id"] == cast.odile
        assert "En cuisine, il y a 1 personne ; il en faut 2." in words(mail)
        assert "jusqu’au jeudi 3 décembre à 20 h" in words(mail)
        assert await jobs.cancel_doubtful(DOUBT - MINUTE) == 0
        assert await state(made) == "closed"

    async def test_without_an_answer_it_is_off_and_everybody_is_told(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira)
        booked = await make_booking(meal_id=made, member_id=cast.yann, seats=2)
        await jobs.close_due(CLOSES)
        assert [await jobs.cancel_doubtful(DOUBT + n * MINUTE) for n in range(2)] == [1, 0]
        row = await meal(made)
        assert (row["state"], row["cancelled_by"], row["doubtful_until"]) == ("cancelled", None, None)
        assert await stands(booked) == {PartState.CANCELLED: 2}
        assert (await entry(made))["state"] == "cancelled"
        told = await mails(about="cancelled")
        assert {mail["member_id"] for mail in told} == {cast.yann, cast.odile}
        assert all("pas assez de monde pour cuisiner" in words(mail) for mail in told)
        assert cast.samira in {mail["member_id"] for mail in await mails(kind="cancellation")}  # her turn is off

    async def test_said_that_it_takes_place_it_does(self, cast: Cast) -> None:
        made = await with_cooks(cast)
        await jobs.close_due(CLOSES)
        await go_ahead(actor=cast.odile, meal_id=made, now=CLOSES + HOUR)
        assert await jobs.cancel_doubtful(DOUBT) == 0
        assert await state(made) == "closed"

    async def test_said_at_the_last_moment_it_is_one_or_the_other(self, cast: Cast) -> None:
        made = await with_cooks(cast)
        await make_booking(meal_id=made, member_id=cast.yann)
        await jobs.close_due(CLOSES)
        ends = await at_once(
            [
                jobs.cancel_doubtful(DOUBT),
                go_ahead(actor=cast.odile, meal_id=made, now=DOUBT - MINUTE),
                jobs.cancel_doubtful(DOUBT),
            ]
        )
        assert errors(ends) == []
        off = await state(made) == "cancelled"
        assert ends[1] == (MealRefusal.CANCELLED if off else None)
        assert len(await mails(to=cast.yann, about="cancelled")) == off

    async def test_somebody_came_to_cook_meanwhile(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira)
        await jobs.close_due(CLOSES)
        (slot,) = await run("select slot_id from meal_turn where meal_id = {}", made)
        await claim(actor=cast.karim, slot_id=slot["slot_id"], sure=True, now=CLOSES + HOUR)
        assert [await jobs.cancel_doubtful(DOUBT + n * MINUTE) for n in range(2)] == [1, 0]
        assert ((await meal(made))["state"], (await meal(made))["doubtful_until"]) == ("closed", None)
        assert await mailed(about="enough") == {cast.odile}

    async def test_a_guest_cooks_as_well_as_anybody_a_dishwasher_does_not(self, cast: Cast) -> None:
        made = await with_cooks(cast, cast.samira)
        await make_turn(meal_id=made, job=Job.WASH, hours_before=-2, holders=[cast.karim, cast.yann])
        await jobs.close_due(CLOSES)
        assert (await meal(made))["doubtful_until"] == DOUBT
        other = await with_cooks(cast, cast.aicha, starts_at=START + 7 * DAY)
        (slot,) = await run("select slot_id from meal_turn where meal_id = {}", other)
        await claim_for_guest(actor=cast.aicha, slot_id=slot["slot_id"], first_name="Monique", now=NOON)
        await jobs.close_due(CLOSES + 7 * DAY)
        assert (await meal(other))["doubtful_until"] is None

    async def test_a_meal_that_needs_none_is_never_in_doubt(self, cast: Cast) -> None:
        made = await a_meal(cast, cooks_least=0)
        await jobs.close_due(CLOSES)
        assert (await meal(made))["doubtful_until"] is None

    async def test_what_nobody_was_asked_for_is_not_lacking(self, cast: Cast) -> None:
        """The form presets two cooks; of this meal one opens no turn in the kitchen, or one with one place."""
        made = await a_meal(cast)
        await make_turn(meal_id=made, job=Job.WASH, hours_before=-2)
        one = await a_meal(cast)
        await make_turn(meal_id=one, people=1, holders=[cast.samira])
        none = await a_meal(cast)
        await make_turn(meal_id=none, people=1)
        await jobs.close_due(CLOSES)
        assert [(await meal(each))["doubtful_until"] for each in (made, one, none)] == [None, None, DOUBT]
        (mail,) = await mails(about="too-few")
        assert "En cuisine, il y a 0 personne ; il en faut 1." in words(mail)
        assert await jobs.cancel_doubtful(DOUBT) == 1
        assert [await state(each) for each in (made, one, none)] == ["closed", "closed", "cancelled"]

    async def test_closed_shortly_before_it_begins_it_is_in_doubt_until_then_only(self, cast: Cast) -> None:
        made = await with_cooks(cast, closes_at=START - HOUR)
        await jobs.close_due(START - HOUR)
        assert (await meal(made))["doubtful_until"] == START

    async def test_jobs_that_stood_still_call_off_nothing_that_is_over(self, cast: Cast) -> None:
        late = await with_cooks(cast)
        assert await jobs.close_due(START + MINUTE) == 1  # it has begun: who is to be asked what?
        assert (await meal(late))["doubtful_until"] is None
        doubtful = await with_cooks(cast, starts_at=START + DAY)
        await jobs.close_due(CLOSES + DAY)
        assert await jobs.cancel_doubtful(END + DAY) == 1
        assert (await state(doubtful), await mails(about="cancelled")) == ("closed", [])
        assert await jobs.serve_past(END + DAY) == 2

    async def test_jobs_that_stood_still_call_off_nothing_that_is_being_eaten(self, cast: Cast) -> None:
        made = await with_cooks(cast)
        await jobs.close_due(CLOSES)
        assert await jobs.cancel_doubtful(START + HOUR) == 1
        assert await state(made) == "closed"
        assert await mails(about="cancelled") == []


class TestServed:
    async def test_at_its_end(self, cast: Cast) -> None:
        made = await a_meal(cast, cooks_least=0)
        booked = await make_booking(meal_id=made, member_id=cast.samira)
        assert await jobs.serve_past(END) == 0  # it is still open: it closes first
        await jobs.close_due(CLOSES)
        assert [await jobs.serve_past(at) for at in (END - MINUTE, END, END)] == [0, 1, 0]
        assert ((await meal(made))["state"], (await meal(made))["served_at"]) == ("served", END)
        assert await stands(booked) == {PartState.CONFIRMED: 1}  # who came is written at the door
        assert (await entry(made))["state"] == "confirmed"

    async def test_by_several_processes_once(self, cast: Cast) -> None:
        await a_meal(cast, cooks_least=0)
        await jobs.close_due(CLOSES)
        ends = await at_once(jobs.serve_past(END) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]


class TestOffersAndTheList:
    async def test_what_was_not_answered_goes_to_the_next(self, cast: Cast) -> None:
        made = await a_meal(cast, seats=2)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        first, second = [await make_booking(meal_id=made, member_id=each) for each in (cast.karim, cast.yann)]
        await edited(made, actor=cast.odile, seats=3)
        until = NOON + DAY
        assert await jobs.lapse_offers(until - MINUTE) == 0
        ends = await at_once(jobs.lapse_offers(until) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]
        assert (await stands(first), await stands(second)) == ({PartState.LAPSED: 1}, {PartState.OFFERED: 1})
        assert await counts(made) == (3, 0)
        assert len(await mails(to=cast.yann, about="offer")) == 1

    async def test_when_the_meal_begins_nobody_waits_any_more(self, cast: Cast) -> None:
        made = await a_meal(cast, seats=2, cooks_least=0)
        await make_booking(meal_id=made, member_id=cast.samira)
        some = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        none = await make_booking(meal_id=made, member_id=cast.yann)
        await jobs.close_due(CLOSES)
        assert await jobs.end_lists(START - MINUTE) == 0
        assert [await jobs.end_lists(START + n * MINUTE) for n in range(2)] == [2, 0]
        assert await stands(some) == {PartState.CONFIRMED: 1, PartState.LAPSED: 1}
        assert [part["state"] for part in await parts(none)] == ["lapsed"]
        active = {row["id"]: bool(row["active"]) for row in await bookings(made)}
        assert (active[some], active[none]) == (True, False)
        assert await counts(made) == (2, 0)


class TestForgetting:
    async def eaten(self, cast: Cast, **changes: Any) -> tuple[int, int, int]:
        """A meal with bread, somebody who eats no gluten, and Monique, for whom Yann booked."""
        bread = await make_dish(place_id=cast.place, name="Pain", allergens=[Allergen.GLUTEN])
        made = await a_meal(cast, dishes=[bread], cooks_least=0, **changes)
        now = changes.get("closes_at", CLOSES) - DAY
        own = await make_booking(meal_id=made, member_id=cast.samira, diets={Diet.NO_GLUTEN: 1}, now=now)
        guest = await make_booking(meal_id=made, member_id=cast.karim, diets={Diet.NO_GLUTEN: 1}, now=now)
        async with transaction():
            await run(
                "update booking set member_id = null, first_name = 'Monique', booked_by = {} where id = {}",
                cast.yann,
                guest,
            )
        return made, own, guest

    async def test_names_and_diets_the_night_after(self, cast: Cast) -> None:
        made, own, guest = await self.eaten(cast)
        midnight = from_local("2026-12-05T00:00")
        assert await jobs.forget_guests_and_diets(midnight - MINUTE) == 0
        assert await diets(own) == {"no_gluten": 1}
        assert [await jobs.forget_guests_and_diets(midnight + n * MINUTE) for n in range(2)] == [3, 0]
        assert await diets(own) == await diets(guest) == {}
        rows = {row["id"]: row for row in await bookings(made)}
        assert (rows[guest]["first_name"], rows[guest]["booked_by"]) == ("", None)
        assert rows[own]["member_id"] == cast.samira

    async def test_of_a_meal_that_ends_at_midnight_the_night_after(self, cast: Cast) -> None:
        midnight = from_local("2026-12-05T00:00")
        made, own, _ = await self.eaten(cast)
        async with transaction():
            await run("update meal set ends_at = {} where id = {}", midnight, made)
        assert await jobs.forget_guests_and_diets(midnight + MINUTE) == 0
        assert await diets(own) == {"no_gluten": 1}
        assert await jobs.forget_guests_and_diets(midnight + DAY) == 3

    async def test_of_other_meals_they_stay(self, cast: Cast) -> None:
        _, own, _ = await self.eaten(cast)
        _, later, _ = await self.eaten_later(cast)
        await jobs.forget_guests_and_diets(from_local("2026-12-05T03:00"))
        assert (await diets(own), await diets(later)) == ({}, {"no_gluten": 1})

    async def eaten_later(self, cast: Cast) -> tuple[int, int, int]:
        async with transaction():
            await run("update dish set name = 'Pain de seigle'")
        return await self.eaten(cast, starts_at=START + DAY, closes_at=CLOSES + DAY)

    @pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["spring", "autumn"])
    async def test_the_night_after_the_clocks_changed(self, cast: Cast, day: str) -> None:
        starts = from_local(f"{day}T12:30")
        _, own, _ = await self.eaten(cast, starts_at=starts, closes_at=starts - 18 * HOUR)
        midnight = from_local(f"{day}T00:00") + (23 if day.startswith("2026-03") else 25) * HOUR
        assert await jobs.forget_guests_and_diets(midnight - MINUTE) == 0
        assert await jobs.forget_guests_and_diets(midnight) == 3
        assert await diets(own) == {}

    async def test_by_several_processes_once(self, cast: Cast) -> None:
        await self.eaten(cast)
        ends = await at_once(jobs.forget_guests_and_diets(END + DAY) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "3"]


class TestAClockThatWasSetBack:
    async def test_nothing_waits_for_an_hour_that_comes_much_later(self, cast: Cast) -> None:
        made = await a_meal(cast, called_at=NOON + DAY, doubtful_until=NOON + 3 * DAY)
        other = await a_meal(cast, called_at=NOON - HOUR, doubtful_until=NOON + HOUR)
        for _ in range(2):
            await jobs.made_again(NOON, NOON + DAY)
        assert ((await meal(made))["called_at"], (await meal(made))["doubtful_until"]) == (None, NOON + 2 * HOUR)
        row = await meal(other)
        assert (row["called_at"], row["doubtful_until"]) == (NOON - HOUR, NOON + HOUR)


async def test_a_day_of_a_meal_from_opened_to_forgotten(cast: Cast) -> None:
    made = await opened(
        cast,
        turns=await turns_for(cast, Job.COOK),
        dishes=(PlannedDish(None, name="Mafé"),),
        seats=2,
    )
    await refused(edited(made, actor=cast.samira), MealRefusal.ONLY_OPENER)
    one = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
    two = await make_booking(meal_id=made, member_id=cast.karim)
    everything: tuple[Run, ...] = (
        jobs.close_due,
        jobs.cancel_doubtful,
        jobs.call_gaps,
        jobs.lapse_offers,
        jobs.team_seats,
        jobs.end_lists,
        jobs.serve_past,
        jobs.forget_guests_and_diets,
    )
    did: dict[str, datetime] = {}
    now = CLOSES - 73 * HOUR
    while now < END + DAY:
        for job in everything:
            if await job(now):
                did.setdefault(job.__name__, now)
        if (await meal(made))["doubtful_until"] == now + 2 * HOUR:
            await go_ahead(actor=cast.odile, meal_id=made, now=now)
        now += HOUR if now < START - HOUR else HOUR / 2
    assert did == {
        "call_gaps": CLOSES - 72 * HOUR,
        "close_due": CLOSES,
        "end_lists": START,
        "serve_past": END,
    }
    assert await state(made) == "served"
    assert (await stands(one), await stands(two)) == ({PartState.CONFIRMED: 2}, {PartState.LAPSED: 1})
    assert (await meal(made))["goes_ahead_by"] == cast.odile
