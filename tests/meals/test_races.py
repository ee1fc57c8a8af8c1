"""Many at once, on both engines. Each guarantee is first seen to fail without its guard: the same scenario by a naive
version that asks, and then writes, everybody having asked before anyone writes (a barrier makes sure of it). Without
that, a test of the guarded version would prove nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from datetime import datetime, timedelta

from app.database import command, run, transaction, unique_violation
from app.errors import Refused
from meals import rules
from meals.commands.booking import add_seats, book_for
from meals.commands.giving_back import cancel_seats, hand_over, take_over
from meals.commands.parts import lapse_offers_of, offer_freed
from meals.commands.steps import locked
from meals.facts import pot_cents
from meals.states import MealRefusal, MealState
from tests.client import NOON
from tests.meals.laws import one_message_a_promotion, seats_agree, the_pot_agrees
from tests.meals.make import AFTER_CLOSING, a_wish, answer, change_meal, make_booking, make_crowd, make_meal
from tests.meals.reads import all_parts, bookings, counts, mails, pot_lines, stands
from tests.people import Cast

MINUTE = timedelta(minutes=1)
PEOPLE, SEATS = 300, 40


async def at_once(attempts: Iterable[Awaitable[object]]) -> list[object]:
    """What each came to: its answer, the reason of its refusal, or the error that no person should ever see."""
    await asyncio.gather(*(run("select 1 as one") for _ in range(10)))  # connections are open: nobody waits for one
    ends = await asyncio.gather(*attempts, return_exceptions=True)
    return [end.reason if isinstance(end, Refused) else end for end in ends]


def errors(ends: Sequence[object]) -> list[object]:
    return [end for end in ends if isinstance(end, BaseException)]


async def everything_agrees(cast: Cast, meal_id: int) -> None:
    await seats_agree(meal_id, now=NOON)
    await the_pot_agrees(cast.place)
    await one_message_a_promotion(meal_id)


async def naive_booking(member_id: int, meal_id: int, seats: int, state: str) -> None:
    """As it is without a lock, once it has been decided."""
    async with transaction():
        made = await run(
            "insert into booking (meal_id, member_id, first_name, together, price_cents, fair_cents, own, payment, "
            "give, suspended, team, active, once, last_form, made_at, modified_at) "
            "values ({}, {}, '', {}, 500, 500, 'chosen', 'on_site', 0, {}, {}, {}, '', '', {}, {}) returning id",
            *(meal_id, member_id, False, False, False, True, NOON, NOON),
        )
        await run(
            "insert into booking_part (booking_id, meal_id, seats, children, state, asked_at) "
            "values ({}, {}, {}, 0, {}, {})",
            *(made[0]["id"], meal_id, seats, state, NOON),
        )


async def seats_of(meal_id: int, *states: str) -> int:
    return sum(part["seats"] for part in await all_parts(meal_id) if part["state"] in states)


class TestFortySeats:
    async def test_without_the_lock_there_are_more_people_than_seats(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=SEATS)
        asked = asyncio.Barrier(60)

        async def naive(member_id: int) -> None:
            free = SEATS - await seats_of(made, "confirmed")
            await asked.wait()
            await naive_booking(member_id, made, 1, "confirmed" if free > 0 else "waiting")

        await at_once(naive(member) for member in await make_crowd(cast, 60))
        assert await seats_of(made, "confirmed") > SEATS

    async def test_three_hundred_at_once_fill_them_and_wait_in_order(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=SEATS)
        people = await make_crowd(cast, PEOPLE)
        ends = await at_once(
            make_booking(meal_id=made, member_id=member, seats=1 + number % 3, together=number % 5 == 0)
            for number, member in enumerate(people)
        )
        assert errors(ends) == []
        assert len(set(ends)) == PEOPLE
        assert await seats_of(made, "confirmed") == SEATS
        wished = sum(1 + number % 3 for number in range(PEOPLE))
        assert await counts(made) == (SEATS, wished - SEATS)
        waiting = [part for part in await all_parts(made) if part["state"] == "waiting"]
        ranks = await run(
            "select (select count(distinct q.queue) from booking_part q where q.meal_id = p.meal_id "
            "and q.state = 'waiting' and q.queue <= p.queue) as place from booking_part p "
            "where p.meal_id = {} and p.state = 'waiting' order by p.queue",
            made,
        )
        assert [each["place"] for each in ranks] == list(range(1, len(waiting) + 1))
        await everything_agrees(cast, made)

    async def test_whoever_was_answered_before_another_asked_ranks_before(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        waves = [await make_crowd(cast, 6) for _ in range(3)]
        for wave in waves:
            await at_once(make_booking(meal_id=made, member_id=member) for member in wave)
        order = [each["member_id"] for each in await bookings(made)]
        assert [set(order[start : start + 6]) for start in (0, 6, 12)] == [set(wave) for wave in waves]


class TestTwentyTimesTheSame:
    async def test_without_the_lock_most_of_them_fail(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        asked = asyncio.Barrier(20)

        async def naive() -> None:
            mine = await bookings(made)
            await asked.wait()
            if not mine:
                await naive_booking(cast.samira, made, 1, "confirmed")

        failed = errors(await at_once(naive() for _ in range(20)))
        assert failed
        assert all(isinstance(error, BaseException) and unique_violation(error) for error in failed)

    async def test_it_is_one_booking_and_one_mail(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        ends = await at_once(make_booking(meal_id=made, member_id=cast.samira, seats=2, give=1) for _ in range(20))
        assert len(set(ends)) == 1
        assert len(await bookings(made)) == len(await mails()) == 1
        assert await counts(made) == (2, 0)
        await everything_agrees(cast, made)

    async def test_one_seat_more_and_one_less(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        more = (
            add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, had=1, form="more", now=NOON)
            for _ in range(10)
        )
        assert errors(await at_once(more)) == []
        assert await stands(mine) == {"confirmed": 2}
        less = (
            cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, had=2, form="less", now=NOON)
            for _ in range(10)
        )
        assert errors(await at_once(less)) == []
        assert await stands(mine) == {"confirmed": 1, "cancelled": 1}
        everything = (
            cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=NOON) for _ in range(10)
        )
        assert errors(await at_once(everything)) == []
        assert len(await mails(to=cast.samira)) == 2
        await everything_agrees(cast, made)

    async def test_one_guest(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        ends = await at_once(
            book_for(actor=cast.samira, meal_id=made, first_name="Paul", wish=a_wish(), form="this", now=NOON)
            for _ in range(20)
        )
        assert len(set(ends)) == 1
        assert await counts(made) == (1, 0)


class TestFreedSeats:
    async def prepare(self, cast: Cast) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """Full, with eight who wait: members and their bookings."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=6)
        people = await make_crowd(cast, 14)
        pairs = [(member, await make_booking(meal_id=made, member_id=member)) for member in people]
        return made, pairs[:6], pairs[6:]

    async def test_without_the_lock_the_same_person_is_offered_both(self, cast: Cast) -> None:
        made, inside, _ = await self.prepare(cast)
        asked = asyncio.Barrier(2)

        async def naive(booking_id: int) -> int:
            first = await run(
                "select id from booking_part where meal_id = {} and state = 'waiting' order by queue limit 1", made
            )
            await asked.wait()
            async with transaction():
                await run("update booking_part set state = 'cancelled' where booking_id = {}", booking_id)
                await run("update booking_part set state = 'offered' where id = {}", first[0]["id"])
            return int(first[0]["id"])

        offered = await at_once(naive(mine) for _, mine in inside[:2])
        assert len(set(offered)) == 1

    async def test_each_is_offered_once_to_the_first_who_wait(self, cast: Cast) -> None:
        made, inside, waiting = await self.prepare(cast)
        ends = await at_once(
            [
                *(
                    cancel_seats(actor=member, booking_id=mine, seats=None, leave=False, now=NOON)
                    for member, mine in inside[:3] * 4
                ),
                *(lapse(made) for _ in range(4)),
            ]
        )
        assert errors(ends) == []
        offered = [mine for _, mine in waiting if await stands(mine) == {"offered": 1}]
        assert offered == [mine for _, mine in waiting[:3]]
        assert sorted(mail["member_id"] for mail in await mails(about="offer")) == sorted(
            member for member, _ in waiting[:3]
        )
        await everything_agrees(cast, made)

    async def test_yes_and_no_and_too_late_at_once_are_one_answer(self, cast: Cast) -> None:
        made, inside, waiting = await self.prepare(cast)
        await cancel_seats(actor=inside[0][0], booking_id=inside[0][1], seats=None, leave=False, now=NOON)
        member, mine = waiting[0]
        ends = await at_once(
            [
                *(answer(actor=member, booking_id=mine, yes=bool(number % 2), now=NOON) for number in range(8)),
                *(lapse(made, now=NOON + timedelta(days=1)) for _ in range(3)),
            ]
        )
        assert errors(ends) == []
        assert await stands(mine) in ({"confirmed": 1}, {"cancelled": 1}, {"lapsed": 1})
        await everything_agrees(cast, made)

    async def test_a_storm_of_everything_keeps_the_laws(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=SEATS)
        people = await make_crowd(cast, 100)
        ids = [
            await make_booking(meal_id=made, member_id=member, seats=1 + number % 3, together=number % 4 == 0, give=1)
            for number, member in enumerate(people[:60])
        ]
        storm: list[Awaitable[object]] = []
        for number, member in enumerate(people):
            if number < 60 and number % 3 == 0:
                some = None if number % 2 else 1
                storm.append(cancel_seats(actor=member, booking_id=ids[number], seats=some, leave=False, now=NOON))
            elif number < 60 and number % 3 == 1:
                storm.append(answer(actor=member, booking_id=ids[number], yes=number % 2 == 0, now=NOON))
            elif number < 60:
                storm.append(add_seats(actor=member, booking_id=ids[number], seats=1, children=0, now=NOON))
            else:
                storm.append(make_booking(meal_id=made, member_id=member, seats=2, suspended=number % 2 == 0))
            if number % 10 == 0:
                storm += [lapse(made), resize(made, SEATS - number // 10), resize(made, SEATS)]
        ends = await at_once(storm)
        assert errors(ends) == []
        await everything_agrees(cast, made)


@command
async def lapse(meal_id: int, *, now: datetime = NOON) -> int:
    """As the job does."""
    async with transaction():
        return await lapse_offers_of(await locked(meal_id), now=now)


@command
async def resize(meal_id: int, seats: int) -> None:
    """As whoever changes the meal does."""
    async with transaction():
        row = await locked(meal_id)
        if rules.why_not_these_seats(seats=seats, taken=row["taken"], room_seats=None) is not None:
            raise Refused(MealRefusal.FEWER_THAN_TAKEN)
        await run("update meal set seats = {} where id = {}", seats, meal_id)
        row["seats"] = seats
        await offer_freed(row, now=NOON)


class TestHandingOver:
    async def prepare(self, cast: Cast) -> tuple[int, int, list[int]]:
        """After closing: two seats of Samira's are handed over, six wait."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=4)
        people = await make_crowd(cast, 6)
        for member in people:
            await make_booking(meal_id=made, member_id=member)
        await change_meal(made, state=MealState.CLOSED.value)
        await hand_over(actor=cast.samira, booking_id=mine, seats=2, now=AFTER_CLOSING)
        return made, mine, people

    async def test_without_the_lock_everybody_takes_them(self, cast: Cast) -> None:
        made, _, people = await self.prepare(cast)
        asked = asyncio.Barrier(len(people))

        async def naive(member_id: int) -> None:
            handed = await run("select id from booking_part where meal_id = {} and handed_at is not null", made)
            await asked.wait()
            if handed:
                async with transaction():
                    await run(
                        "update booking_part set state = 'confirmed' where booking_id = "
                        "(select id from booking where meal_id = {} and member_id = {})",
                        made,
                        member_id,
                    )

        await at_once(naive(member) for member in people)
        assert await seats_of(made, "confirmed") > 4

    async def test_the_first_two_have_them(self, cast: Cast) -> None:
        made, mine, people = await self.prepare(cast)
        ends = await at_once(take_over(actor=member, meal_id=made, now=AFTER_CLOSING) for member in people * 2)
        assert errors(ends) == []
        assert ends.count(MealRefusal.NOTHING_TO_TAKE_OVER) == 8, (
            "the two who had them have them still when asked again"
        )
        assert await stands(mine) == {"confirmed": 2, "cancelled": 2}
        assert await counts(made) == (4, 4)
        await everything_agrees(cast, made)


class TestThePot:
    async def test_without_the_lock_the_same_meal_is_drawn_twice_but_for_the_database(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=1)
        asked = asyncio.Barrier(2)

        async def naive() -> None:
            drawn = rules.from_pot(balance_cents=await pot_cents(cast.place), fair_cents=500)
            await asked.wait()
            async with transaction():
                await run("update pot set cents = cents - {} where place_id = {}", drawn, cast.place)

        assert len(errors(await at_once(naive() for _ in range(2)))) == 1, "what holds less than nothing is no pot"

    async def test_at_two_meals_at_once_it_is_drawn_once(self, cast: Cast) -> None:
        meals = [await make_meal(place_id=cast.place, opener=cast.yann) for _ in range(2)]
        await make_booking(meal_id=meals[0], member_id=cast.samira, give=3)
        people = await make_crowd(cast, 10)
        ends = await at_once(
            make_booking(meal_id=meals[number % 2], member_id=member, suspended=True)
            for number, member in enumerate(people)
        )
        assert errors(ends) == []
        assert await pot_cents(cast.place) == 0
        drawn = [await pot_lines(each) for each in ends if isinstance(each, int)]
        assert sorted(drawn) == [[]] * 7 + [[("taken", -500)]] * 3
        await the_pot_agrees(cast.place)
