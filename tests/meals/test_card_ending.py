"""Held seats that are not paid in time, or a moment too late, or given up, or paid on site after all: before they are
anybody else's, Stripe's page is closed; and who does not know whether it is paid frees nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.one_by_one import SomeFailed
from app.payments import api as payments
from meals import jobs
from meals.commands import card
from meals.commands.card import PAYABLE, pay, pay_on_site_instead, verify
from meals.commands.giving_back import cancel_seats
from meals.commands.opening import cancel_meal
from meals.states import CardSaid, MealRefusal, Payment
from tests.meals.laws import seats_agree
from tests.meals.make import CLOSES, START, make_booking, make_crowd, make_meal
from tests.meals.paying import Bank, answer_by_card, ended_unpaid, wanted_back
from tests.meals.reads import booking, mails, meal, refused, roles, stands
from tests.people import Cast


class TestNotPaidInTime:
    async def test_the_page_is_closed_then_the_seats_are_offered_on(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        mine = await bank.books(made, cast.samira, 4)
        theirs = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        assert await stands(mine) == {"held": 3, "waiting": 1}
        bank.later(39)
        assert await bank.lapses() == 0
        bank.later(1)
        assert await bank.lapses() == 1
        assert bank.open_pages() == 0, "nobody pays for what is somebody else's"
        assert await stands(mine) == {"lapsed": 4}, "nobody is asked twice for what they asked for once"
        assert await stands(theirs) == {"offered": 2}
        assert await roles(made) == {cast.karim: "offered"}
        (told,) = await mails(to=cast.samira)
        assert "n’est pas arrivé" in told["body"]
        assert told["discreet"]
        assert await bank.lapses() == 0
        assert (bank.charged(), await wanted_back(mine)) == (0, [])
        await seats_agree(made, now=bank.now)
        again = await bank.books(made, cast.samira)
        assert again != mine, "they may book again"

    async def test_the_page_is_closed_before_the_seats_are_freed(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Control: freed first, the seat would be another's while its page can still be paid."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)
        pages: list[int] = []
        free_held = card.free_held

        async def watched(*args: Any, **kwargs: Any) -> None:
            pages.append(bank.open_pages())
            await free_held(*args, **kwargs)

        monkeypatch.setattr(card, "free_held", watched)
        await ended_unpaid(mine, (await bank.checkout(mine))["id"], bank)
        assert pages == [1], "the control: what is watched tells the two apart"
        bank.stripe.expire((await bank.checkout(mine))["session_id"])
        other = await bank.books(made, cast.karim)
        async with transaction():  # sooner than Stripe closes it by itself
            await run("update booking_part set held_until = {} where state = 'held'", bank.now)
        assert await bank.lapses() == 1
        assert pages[1:] == [0]
        assert await stands(other) == {"lapsed": 1}

    async def test_stripe_ends_its_page_by_itself_and_seats_are_free_at_once(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)
        bank.later(36)
        assert await bank.settles(mine) is payments.State.EXPIRED
        assert await stands(mine) == {"lapsed": 1}
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.ENDED
        assert (await meal(made))["taken"] == 0

    async def test_paid_in_the_last_minute_it_is_theirs(self, cast: Cast, bank: Bank) -> None:
        """Nobody told us; the job asks before it frees."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)
        bank.later(34)
        await bank.pays(mine)
        bank.later(10)
        assert await bank.lapses() == 1
        assert await stands(mine) == {"confirmed": 1}
        assert await wanted_back(mine) == []

    async def test_who_has_seats_already_keeps_them(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        mine = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        other = (await run("select id from booking where member_id = {}", cast.samira))[0]["id"]
        await cancel_seats(actor=cast.samira, booking_id=other, seats=1, leave=False, now=bank.now)
        await answer_by_card(cast.karim, mine, bank)
        assert await stands(mine) == {"confirmed": 1, "held": 1}
        bank.later(40)
        await bank.lapses()
        assert await stands(mine) == {"confirmed": 1, "lapsed": 1}
        assert await roles(made) == {cast.samira: "participant", cast.karim: "participant"}
        (told,) = await mails(to=cast.karim, about="not-paid")
        assert "Tu gardes une place" in told["body"]


class TestStripeIsAwayWhenItLapses:
    async def test_the_hold_stands_until_it_answers(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        paid, not_paid = await bank.books(made, cast.samira), await bank.books(made, cast.aicha)
        theirs = await make_booking(meal_id=made, member_id=cast.karim)
        await bank.pays(paid)
        bank.stripe.down = True
        for _ in range(3):
            bank.later(40)
            assert await bank.lapses() == 0
        assert (await stands(paid), await stands(not_paid)) == ({"held": 1}, {"held": 1})
        assert await stands(theirs) == {"waiting": 1}
        await seats_agree(made, now=bank.now)
        bank.stripe.down = False
        assert await bank.lapses() == 2
        assert (await stands(paid), await stands(not_paid)) == ({"confirmed": 1}, {"lapsed": 1})
        assert await stands(theirs) == {"offered": 1}

    async def test_until_the_meal_begins_and_what_was_paid_goes_back(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        bank.now = CLOSES - timedelta(hours=1)
        mine = await bank.books(made, cast.samira)
        await bank.pays(mine)
        bank.stripe.down = True
        bank.now = START - timedelta(minutes=1)
        assert await bank.lapses() == 0
        bank.now = START
        assert await bank.lapses() == 1
        assert await stands(mine) == {"lapsed": 1}
        assert await bank.lapses() == 0
        bank.stripe.down = False
        assert await bank.settles(mine) is payments.State.PAID
        assert await stands(mine) == {"lapsed": 1}
        assert await wanted_back(mine) == [500]
        assert (bank.charged(), bank.given_back()) == (500, 500)
        assert len(await mails(to=cast.samira, about="too-late")) == 1

    async def test_many_holds_ask_it_a_few_at_a_time_and_then_no_more(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=30)
        for member in await make_crowd(cast, 12):
            await bank.books(made, member)
        asked = len(bank.stripe.requests)
        bank.later(40)
        bank.stripe.fail_next(1000)
        assert await bank.lapses() == 0
        assert len(bank.stripe.requests) - asked <= jobs._AT_ONCE * 2, "each with one more try of Stripe's library"
        bank.stripe.failing.clear()
        assert await bank.lapses() == 12
        assert (await meal(made))["taken"] == 0

    async def test_one_that_falls_over_leaves_the_others_alone(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=9)
        bad, good = await bank.books(made, cast.samira), await bank.books(made, cast.karim)
        end_unpaid = card.end_unpaid

        async def falls(booking_id: int, checkout_id: int, *, now: datetime) -> payments.Closing:
            if booking_id == bad:
                raise RuntimeError("of this one")
            return await end_unpaid(booking_id, checkout_id, now=now)

        monkeypatch.setattr(jobs, "end_unpaid", falls)
        bank.later(40)
        with pytest.raises(SomeFailed) as caught:
            await bank.lapses()
        assert (caught.value.done, caught.value.failed) == (1, 1)
        assert (await stands(bad), await stands(good)) == ({"held": 1}, {"lapsed": 1})


class TestPaidAMomentTooLate:
    async def test_with_a_seat_left_it_is_theirs_again(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        mine = await bank.books(made, cast.samira, 2, give=1)
        await ended_unpaid(mine, (await bank.checkout(mine))["id"], bank)
        assert await stands(mine) == {"lapsed": 2}
        await bank.pays(mine)
        for _ in range(2):
            assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID
        assert await stands(mine) == {"confirmed": 2}
        assert await roles(made) == {cast.samira: "participant"}
        assert (await booking(mine))["active"]
        assert await wanted_back(mine) == []
        await seats_agree(made, now=bank.now)

    @pytest.mark.parametrize("why", ["taken", "booked anew", "closed", "off"])
    async def test_with_none_left_all_of_it_goes_back(self, cast: Cast, bank: Bank, why: str) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        mine = await bank.books(made, cast.samira, 2)
        await ended_unpaid(mine, (await bank.checkout(mine))["id"], bank)
        if why == "taken":
            await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        elif why == "booked anew":
            await make_booking(meal_id=made, member_id=cast.samira)
        elif why == "closed":
            bank.stripe.store.clock = lambda: bank.now.timestamp() - 10 * 86400  # its page lasts for this test
            bank.now = CLOSES
        else:
            await cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=bank.now)
        await bank.pays(mine)
        for _ in range(2):
            assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.TOO_LATE
        assert await stands(mine) == {"lapsed": 2}
        assert await wanted_back(mine) == [1000]
        assert bank.given_back() == 1000
        (told,) = await mails(to=cast.samira, about="too-late")
        assert told["discreet"]
        await seats_agree(made, now=bank.now)

    async def test_told_twice_nothing_is_theirs_that_went_back(self, cast: Cast, bank: Bank) -> None:
        """A seat that comes free afterwards is not bought with money that is on its way back."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await bank.books(made, cast.samira)
        checkout = (await bank.checkout(mine))["id"]
        await ended_unpaid(mine, checkout, bank)
        theirs = await make_booking(meal_id=made, member_id=cast.karim)
        await bank.pays(mine)
        await bank.settles(mine)
        await cancel_seats(actor=cast.karim, booking_id=theirs, seats=None, leave=False, now=bank.now)
        async with transaction():
            assert await PAYABLE.paid(await PAYABLE.lock(mine), checkout, 500, bank.now) == 0
        assert await stands(mine) == {"lapsed": 1}
        assert await wanted_back(mine) == [500]


class TestGivenUpWhilePaying:
    async def give_up(self, cast: Cast, mine: int, bank: Bank) -> None:
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)

    async def test_the_page_is_closed_and_the_seats_are_free(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 3)
        theirs = await make_booking(meal_id=made, member_id=cast.karim)
        for _ in range(2):
            await self.give_up(cast, mine, bank)
        assert bank.open_pages() == 0
        assert await stands(mine) == {"cancelled": 3}
        assert await stands(theirs) == {"offered": 1}
        assert await mails(to=cast.samira) == [], "the page has said so"
        await seats_agree(made, now=bank.now)

    async def test_what_was_paid_meanwhile_goes_back(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 2, give=1)
        await bank.pays(mine)
        for _ in range(2):
            await self.give_up(cast, mine, bank)
        assert await stands(mine) == {"cancelled": 2}
        assert await wanted_back(mine) == [1500]
        assert (bank.charged(), bank.given_back()) == (1500, 1500)
        assert (await meal(made))["taken"] == 0
        assert await run("select coalesce(sum(cents), 0) as cents from pot_line") == [{"cents": 0}]

    async def test_when_stripe_does_not_answer_nothing_changes(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 3)
        bank.stripe.down = True
        told = await refused(self.give_up(cast, mine, bank), MealRefusal.BANK_AWAY)
        assert told.details["until"] == bank.now + timedelta(minutes=40)
        assert await stands(mine) == {"held": 2, "waiting": 1}
        assert (await booking(mine))["unpaid"] == "lapses", "whoever pays now comes"
        bank.stripe.down = False
        await bank.pays(mine)
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID

    async def test_what_waits_is_given_up_without_asking_anybody(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 3)
        bank.stripe.down = True
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, had=3, now=bank.now)
        assert await stands(mine) == {"held": 2, "cancelled": 1}

    async def test_a_process_that_dies_after_asking_stripe_loses_nothing(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was said beforehand what becomes of the seats; whoever hears from Stripe does it."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 2)

        class Killed(BaseException):
            pass

        async def dies(checkout_id: int, **_: object) -> None:
            bank.stripe.expire((await bank.checkout(mine))["session_id"])
            raise Killed

        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(payments, "close", dies)
            await self.give_up(cast, mine, bank)
        assert await stands(mine) == {"held": 2}
        await bank.settles(mine)
        assert await stands(mine) == {"cancelled": 2}
        assert await mails(to=cast.samira) == []


class TestOnSiteInstead:
    async def test_the_page_is_closed_and_the_seats_are_theirs(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 3)
        said = await pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        assert said is CardSaid.ON_SITE
        assert bank.open_pages() == 0
        assert await stands(mine) == {"confirmed": 2, "waiting": 1}
        assert (await booking(mine))["payment"] == "on_site"
        (told,) = await mails(to=cast.samira)
        assert "une enveloppe" in told["body"]
        again = pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        await refused(again, MealRefusal.NOT_PAYING)
        await seats_agree(made, now=bank.now)

    async def test_what_was_paid_meanwhile_stays_paid(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        await bank.pays(mine)
        assert await pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID
        assert await stands(mine) == {"confirmed": 1}
        assert await wanted_back(mine) == []
        assert len(await mails(to=cast.samira)) == 1

    async def test_when_stripe_does_not_answer_nothing_changes(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        bank.stripe.down = True
        deed = pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        await refused(deed, MealRefusal.BANK_AWAY)
        assert await stands(mine) == {"held": 1}
        bank.later(41)
        deed = pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        assert (await refused(deed, MealRefusal.BANK_AWAY)).details["until"] == START, "an hour to come"
        bank.stripe.down = False
        await bank.lapses()
        assert await stands(mine) == {"lapsed": 1}

    async def test_before_there_is_a_page_it_needs_no_stripe(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        bank.stripe.down = True
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        assert await pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.ON_SITE
        assert await stands(mine) == {"confirmed": 1}


async def test_the_clock_was_set_back_and_no_hold_lasts_for_longer_than_it_would(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann)
    mine = await bank.books(made, cast.samira)
    earlier = bank.now - timedelta(hours=3)
    await jobs.made_again(earlier, bank.now)
    (part,) = await run("select held_until from booking_part where booking_id = {}", mine)
    assert part["held_until"] == earlier + timedelta(minutes=40)
