"""Two things at once about seats that are being paid for, a bank that is away for long, and money that a person gave
back: what was said first, or by somebody else, is not undone."""

from __future__ import annotations

from typing import Any

import pytest

from app.database import run, transaction
from app.main import REGISTRY
from app.payments import api as payments
from app.payments import jobs as payment_jobs
from meals import jobs
from meals.commands.card import pay, pay_on_site_instead
from meals.commands.giving_back import cancel_seats
from meals.own_data import export_of
from meals.states import CardSaid, MealRefusal, Payment
from tests.factories import make_member
from tests.meals.make import START, make_booking, make_meal
from tests.meals.paying import MINUTE, Bank, ended_unpaid, wanted_back
from tests.meals.reads import booking, mails, refused, stands
from tests.people import Cast

WHILE_CLOSING = ("pay", "gives_up")


class TestTwoAtOnce:
    @pytest.mark.parametrize("other", WHILE_CLOSING)
    async def test_on_site_stays_said(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch, other: str
    ) -> None:
        """While their page is being closed, a second tab asks to pay, or cannot give up."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)
        close, meanwhile = payments.close, [other]

        async def slowly(checkout_id: int, **known: Any) -> payments.Closing:
            if not meanwhile:
                return payments.Closing.UNKNOWN  # the second does not hear from Stripe
            if meanwhile.pop() == "pay":
                await refused(pay(actor=cast.samira, booking_id=mine, now=bank.now), MealRefusal.NOT_PAYING)
            else:
                deed = cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
                await refused(deed, MealRefusal.BANK_AWAY)
                async with transaction():  # the first, as it is tried again
                    await run("update booking set unpaid = 'on_site' where id = {}", mine)
            return await close(checkout_id, **known)

        monkeypatch.setattr(payments, "close", slowly)
        said = await pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        assert said is CardSaid.ON_SITE
        assert await stands(mine) == {"confirmed": 1}

    async def test_who_heard_nothing_takes_back_their_own_word_alone(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)

        async def nothing_heard(*_: object, **__: object) -> payments.Closing:
            async with transaction():  # another tab: sur place
                await run("update booking set unpaid = 'on_site' where id = {}", mine)
            return payments.Closing.UNKNOWN

        monkeypatch.setattr(payments, "close", nothing_heard)
        deed = cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
        await refused(deed, MealRefusal.BANK_AWAY)
        assert (await booking(mine))["unpaid"] == "on_site"

    async def test_seats_that_are_held_since_a_moment_are_not_given_up_with_their_page_open(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)

        async def too_soon(**_: object) -> None:
            """Before they were held, nothing was to be closed."""

        monkeypatch.setattr("meals.commands.giving_back.give_up_held", too_soon)
        deed = cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
        await refused(deed, MealRefusal.PAYING)
        assert (await stands(mine), bank.open_pages()) == ({"held": 1}, 1)


class TestStripeMakesNoPage:
    @pytest.mark.parametrize("who", ["the job", "they"])
    async def test_away_for_ten_minutes_the_seat_is_theirs_on_site(self, cast: Cast, bank: Bank, who: str) -> None:
        """Whoever asks again first: too late for a page, and too soon to lose the seat."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        bank.stripe.down = True
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        bank.later(10)
        bank.stripe.down = False
        if who == "they":
            assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        else:
            await payment_jobs.settle_open(bank.now)
        assert await stands(mine) == {"confirmed": 1}
        assert (await booking(mine))["payment"] == "on_site"
        (told,) = await mails(to=cast.samira)
        assert "enveloppe" in told["body"]

    async def test_away_until_their_time_is_over_it_is_free(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        bank.stripe.down = True
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        bank.later(40)
        await bank.lapses()
        assert await stands(mine) == {"lapsed": 1}

    async def test_set_aside_before_its_page_was_known_it_ends_all_the_same(self, cast: Cast, bank: Bank) -> None:
        for ends in ("given up", "begins"):
            made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
            mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
            async with transaction():
                await run(
                    "update checkout set state = 'flagged', fault = 'idempotency_error' where thing_id = {}", mine
                )
            if ends == "given up":
                await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
                assert await stands(mine) == {"cancelled": 1}
            else:
                await jobs.lapse_held(START)
                assert await stands(mine) == {"lapsed": 1}


class TestOthersWait:
    async def test_eight_of_whom_nobody_knows_keep_no_others_waiting(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=20)
        theirs = [
            await bank.books(made, await make_member(name=f"Mai {number}", place_id=cast.place)) for number in range(10)
        ]
        bank.later(41)
        asked: list[int] = []

        async def unknown(booking_id: int, *_: object, **__: object) -> payments.Closing:
            asked.append(booking_id)
            return payments.Closing.UNKNOWN

        monkeypatch.setattr(jobs, "end_unpaid", unknown)
        for _ in range(2):
            await bank.lapses()
            bank.later(1)
        assert set(asked) == set(theirs)


class TestMoney:
    async def test_what_a_person_gave_back_is_not_given_back_twice(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=bank.now)
        await bank.sends()
        (refund,) = bank.stripe.refunds
        bank.stripe.fail_refund(refund)
        bank.later(70)
        await payment_jobs.send_refunds(bank.now)
        async with transaction():  # as the bank's letter says it
            await run("update refund set state = 'failed' where stripe_id = {}", refund)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=bank.now)
        assert await wanted_back(mine) == [500], "the other seat alone"

    async def test_paid_after_all_though_it_was_to_be_on_site_it_goes_back_with_the_seats(
        self, cast: Cast, bank: Bank
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira, 2)
        checkout = (await bank.checkout(mine))["id"]
        async with transaction():
            await run("update booking set unpaid = 'on_site' where id = {}", mine)
        await ended_unpaid(mine, checkout, bank)
        assert await stands(mine) == {"confirmed": 2}
        await bank.pays(mine)
        assert await bank.settles(mine) is payments.State.PAID
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
        assert (bank.charged(), await wanted_back(mine)) == (1000, [1000])

    async def test_what_was_paid_by_card_is_in_ones_copy_however_the_rest_is_paid(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira)
        async with transaction():
            await run("update booking set payment = 'on_site' where id = {}", mine)
        tables = {table.key: table.rows for table in await export_of(cast.samira)}
        assert [row["amount_cents"] for row in tables["meal_cards"]] == [500]

    async def test_a_clock_that_is_set_back_holds_no_refund_up(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
        ahead = bank.now + 30 * 24 * 60 * MINUTE
        bank.stripe.down = True
        await payment_jobs.send_refunds(ahead)
        bank.stripe.down = False
        for set_back in REGISTRY.set_back:
            await set_back(bank.now, ahead, True)
        bank.later(5)
        await payment_jobs.send_refunds(bank.now)
        assert bank.given_back() == 500
