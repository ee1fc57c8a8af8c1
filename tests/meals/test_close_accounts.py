"""The night after a meal: what it came to is written down once, and then nobody knows any more who came."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.accounts.api import LedgerKind, add_line
from app.clock import PARIS
from app.database import run, transaction
from meals import jobs
from meals.commands.closing import at_table, pledged
from meals.commands.giving_back import cancel_seats
from meals.commands.steps import locked
from meals.rules import MONEY_KEPT
from meals.states import PotKind
from tests.client import NOON
from tests.meals.make import CLOSES, HOUR, START, change_meal, make_booking, make_crowd, make_meal
from tests.meals.paying import Bank
from tests.people import Cast

END = START + 2 * HOUR
NIGHT = datetime(2026, 12, 5, 0, 0, tzinfo=PARIS)
"""The first instant of the day after."""
MINUTE = timedelta(minutes=1)


async def a_meal(cast: Cast, **changes: Any) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, **changes)


async def passes(now: datetime = NIGHT) -> int:
    """The clock goes by: bookings close, the meal is served, its accounts are closed."""
    await jobs.close_due(max(now - 12 * HOUR, CLOSES))
    await jobs.serve_past(now)
    return await jobs.close_accounts(now)


async def account(meal_id: int) -> dict[str, Any]:
    (row,) = await run("select * from meal_account where meal_id = {}", meal_id)
    return row


async def accounts() -> int:
    return len(await run("select 1 as one from meal_account"))


async def tick(booking_id: int, seats: int, *, form: str = "form") -> None:
    """As the door does: the seats that are in are a part of their own."""
    async with transaction():
        (part,) = await run(
            "select * from booking_part where booking_id = {} and state = 'confirmed' order by id", booking_id
        )
        if part["seats"] > seats:
            await run(
                "insert into booking_part (booking_id, meal_id, seats, children, state, queue, asked_at) "
                "values ({}, {}, {}, 0, 'confirmed', {}, {})",
                *(booking_id, part["meal_id"], part["seats"] - seats, part["queue"], part["asked_at"]),
            )
        await run(
            "update booking_part set state = 'attended', attended_at = {}, ticked_by_form = {}, seats = {} "
            "where id = {}",
            *(START, form, seats, part["id"]),
        )


async def parts(booking_id: int) -> list[tuple[str, int, Any, str]]:
    rows = await run(
        "select state, seats, attended_at, ticked_by_form from booking_part where booking_id = {} order by id",
        booking_id,
    )
    return [(row["state"], row["seats"], row["attended_at"], row["ticked_by_form"]) for row in rows]


class TestWhatIsWrittenDown:
    async def test_what_envelopes_should_hold(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2, price_cents=300)
        await make_booking(meal_id=made, member_id=cast.karim, price_cents=800, give=1)
        await make_booking(meal_id=made, member_id=cast.aicha, suspended=True)
        assert await passes() == 1
        found = await account(made)
        assert (found["eaten"], found["pledged_cents"], found["box_people"]) == (4, 600 + 800 + 500, 2)
        assert (found["card_cents"], found["card_people"]) == (0, 0)
        # Karim gives one; Aïcha draws what was there before: nothing, or his.
        lines = await run("select cents, kind from pot_line where meal_id = {}", made)
        assert found["pot_cents"] == sum(each["cents"] for each in lines if each["kind"] != PotKind.BORNE)
        assert (found["place_id"], str(found["day"])) == (cast.place, "2026-12-04")

    async def test_of_those_who_were_ticked_where_anybody_was(self, cast: Cast) -> None:
        made = await a_meal(cast)
        three = await make_booking(meal_id=made, member_id=cast.samira, seats=3, price_cents=300)
        await make_booking(meal_id=made, member_id=cast.karim, price_cents=800)
        await tick(three, 2)
        await passes()
        found = await account(made)
        assert (found["eaten"], found["pledged_cents"], found["box_people"]) == (2, 600, 1)

    async def test_who_had_not_booked_is_counted_in_and_hides_nobody(self, cast: Cast) -> None:
        made = await a_meal(cast)
        booked = [await make_booking(meal_id=made, member_id=member) for member in await make_crowd(cast, 6)]
        async with transaction():
            for booking_id in booked[:2]:
                await run("update booking set walk_in = {}, member_id = null where id = {}", True, booking_id)
        there = await at_table(made)
        assert (pledged(there).cents, pledged(there).people) == (3000, 4)

    async def test_what_was_paid_by_card_less_what_was_given_back(self, cast: Cast, bank: Bank) -> None:
        made = await a_meal(cast)
        two = await bank.booked_and_paid(made, cast.samira, 2)
        await bank.booked_and_paid(made, cast.karim)
        await make_booking(meal_id=made, member_id=cast.yann)
        await cancel_seats(actor=cast.samira, booking_id=two, seats=1, had=2, leave=False, form="f", now=bank.now)
        await bank.sends()
        await passes()
        found = await account(made)
        assert (found["card_cents"], found["card_people"]) == (1000, 2)
        assert (found["pledged_cents"], found["box_people"], found["eaten"]) == (500, 1, 3)
        (last,) = await run("select max(id) as id from ledger_line where kind in ('payment', 'refund')")
        assert found["ledger_line_id"] == last["id"]

    async def test_what_is_called_off_has_none(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_booking(meal_id=made, member_id=cast.samira)
        await change_meal(made, state="cancelled")
        assert await passes() == 0
        assert await accounts() == 0


class TestWhen:
    async def test_not_before_the_night_and_once(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_booking(meal_id=made, member_id=cast.samira)
        assert await passes(NIGHT - MINUTE) == 0
        assert await accounts() == 0
        assert await passes() == 1
        before = await account(made)
        for later in (NIGHT, NIGHT + HOUR, NIGHT + 20 * 24 * HOUR):
            assert await passes(later) == 0
        assert await account(made) == before

    @pytest.mark.parametrize(
        ("starts_at", "night"),
        [
            # 25 October 2026 has 25 hours, 29 March 2026 has 23: its night comes when the day is over there.
            (datetime(2026, 10, 25, 12, 30, tzinfo=PARIS), datetime(2026, 10, 26, 0, 0, tzinfo=PARIS)),
            (datetime(2026, 10, 24, 21, 0, tzinfo=PARIS), datetime(2026, 10, 25, 0, 0, tzinfo=PARIS)),
            (datetime(2027, 3, 28, 12, 30, tzinfo=PARIS), datetime(2027, 3, 29, 0, 0, tzinfo=PARIS)),
            (datetime(2027, 3, 27, 21, 0, tzinfo=PARIS), datetime(2027, 3, 28, 0, 0, tzinfo=PARIS)),
            # Until midnight: the door is open through the day that begins then.
            (datetime(2026, 10, 24, 22, 0, tzinfo=PARIS), datetime(2026, 10, 26, 0, 0, tzinfo=PARIS)),
            # Past midnight, it is the next night.
            (datetime(2026, 10, 24, 23, 0, tzinfo=PARIS), datetime(2026, 10, 26, 0, 0, tzinfo=PARIS)),
        ],
    )
    async def test_whatever_the_clocks_do(self, cast: Cast, starts_at: datetime, night: datetime) -> None:
        made = await a_meal(cast, starts_at=starts_at, state="served")
        await change_meal(made, state="served")
        assert await jobs.close_accounts(night - MINUTE) == 0
        assert await jobs.close_accounts(night) == 1

    async def test_by_two_processes_at_once(self, cast: Cast) -> None:
        made = [await a_meal(cast) for _ in range(6)]
        for each in made:
            await make_booking(meal_id=each, member_id=cast.samira)
        await passes(NIGHT - MINUTE)
        done = await asyncio.gather(*(jobs.close_accounts(NIGHT) for _ in range(4)))
        assert sum(done) == len(made)
        assert await accounts() == len(made)

    async def test_without_the_lock_it_is_written_twice(self, cast: Cast) -> None:
        """The control of the test before: who asks first and writes then meets somebody who did the same."""
        made = await a_meal(cast)
        asked = asyncio.Barrier(2)

        async def naive() -> bool:
            there = await run("select 1 as one from meal_account where meal_id = {}", made)
            await asked.wait()
            if there:
                return False
            async with transaction():
                await run(
                    "insert into meal_account (meal_id, place_id, day, eaten, card_cents, card_people, pledged_cents, "
                    "box_people, pot_cents, pot_people, ledger_line_id, closed_at) "
                    "values ({}, {}, {}, 0, 0, 0, 0, 0, 0, 0, 0, {})",
                    *(made, cast.place, START.date(), NIGHT),
                )
            return True

        ends = await asyncio.gather(naive(), naive(), return_exceptions=True)
        assert [isinstance(end, Exception) for end in ends].count(True) == 1, "both wanted to write it"

    async def test_after_a_month_without_a_clock_it_is_closed_before_it_is_forgotten(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_booking(meal_id=made, member_id=cast.samira, price_cents=800)
        late = END + MONEY_KEPT + HOUR
        await passes(NIGHT - MINUTE)
        assert await jobs.close_accounts(late) == 0
        await jobs.forget_what_was_paid(late)
        assert (await account(made))["pledged_cents"] == 800

    async def test_of_what_was_forgotten_before_there_were_accounts_nothing_is_made_up(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await make_booking(meal_id=made, member_id=cast.samira, price_cents=800)
        late = END + MONEY_KEPT + HOUR
        await passes(NIGHT - MINUTE)
        async with transaction():
            await run("update booking set forgotten_at = {}, price_cents = 0 where meal_id = {}", late, made)
        await jobs.close_accounts(late)
        await jobs.forget_what_was_paid(late)
        assert await accounts() == 0


class TestWhoCameIsForgotten:
    async def test_as_if_nobody_had_been_ticked(self, cast: Cast) -> None:
        made = await a_meal(cast)
        three = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        one = await make_booking(meal_id=made, member_id=cast.karim)
        none = await make_booking(meal_id=made, member_id=cast.yann, seats=2)
        untouched = [await parts(each) for each in (three, one, none)]
        await tick(three, 2)
        await tick(one, 1)
        assert [await parts(each) for each in (three, one)] != untouched[:2]
        await passes()
        assert [await parts(each) for each in (three, one, none)] == untouched
        row = (await run("select taken from meal where id = {}", made))[0]
        assert row["taken"] == 6

    async def test_not_before_the_night(self, cast: Cast) -> None:
        made = await a_meal(cast)
        one = await make_booking(meal_id=made, member_id=cast.karim)
        await tick(one, 1)
        await passes(NIGHT - MINUTE)
        assert (await parts(one))[0][0] == "attended"

    async def test_of_a_meal_called_off_as_well(self, cast: Cast) -> None:
        made = await a_meal(cast)
        one = await make_booking(meal_id=made, member_id=cast.karim)
        await tick(one, 1)
        async with transaction():
            await run("update booking_part set state = 'cancelled' where booking_id = {}", one)
        await change_meal(made, state="cancelled")
        assert await passes() == 1
        assert await parts(one) == [("cancelled", 1, None, "")]
        assert await accounts() == 0


class TestWhoCounted:
    async def counted(self, cast: Cast) -> int:
        made = await a_meal(cast)
        async with transaction():
            await locked(made)
            await run(
                "insert into till_count (meal_id, cents, first_by, second_by, counted_at) values ({}, 5, {}, {}, {})",
                *(made, cast.odile, cast.rosa, END),
            )
        return made

    async def test_who_counted_is_known_for_a_month(self, cast: Cast) -> None:
        made = await self.counted(cast)
        alone = await a_meal(cast)
        async with transaction():
            await run(
                "insert into till_entry (meal_id, member_id, cents, has_till, differs, entered_at) "
                "values ({}, {}, 5, {}, {}, {})",
                *(alone, cast.odile, True, False, END),
            )
        assert await jobs.forget_who_counted(END + MONEY_KEPT - MINUTE) == 0
        assert await jobs.forget_who_counted(END + MONEY_KEPT) == 2
        assert await jobs.forget_who_counted(END + MONEY_KEPT) == 0
        assert await run("select 1 as one from till_entry") == []
        (left,) = await run("select cents, first_by, second_by from till_count where meal_id = {}", made)
        assert left == {"cents": 5, "first_by": None, "second_by": None}

    async def test_a_clock_that_was_ahead_leaves_no_hour_to_come(self, cast: Cast) -> None:
        made = await self.counted(cast)
        await jobs.made_again(NOON, END)
        assert (await run("select counted_at from till_count where meal_id = {}", made))[0]["counted_at"] == NOON


class TestWhatMovesLater:
    async def test_is_not_in_it(self, cast: Cast, bank: Bank) -> None:
        made = await a_meal(cast)
        booking_id = await bank.booked_and_paid(made, cast.samira)
        await passes()
        before = await account(made)
        checkout = await bank.checkout(booking_id)
        async with transaction():
            await add_line(LedgerKind.DISPUTE, "dp_1", -500, now=NIGHT, place_id=cast.place, checkout_id=checkout["id"])
        await passes(NIGHT + HOUR)
        assert await account(made) == before
