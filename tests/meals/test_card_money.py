"""What was paid by card for seats that are theirs no more goes back: as much as they owe less, once, whatever was done
and in whichever order. Or it is left to the pot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.payments import api as payments
from meals import jobs
from meals.commands.booking import add_seats, change_choice
from meals.commands.card import pay
from meals.commands.giving_back import answer_offer, cancel_seats, hand_over, take_over
from meals.commands.money import money_of, settle_money
from meals.commands.opening import cancel_meal
from meals.commands.steps import locked
from meals.facts import offer_key, pot_cents
from meals.states import MealRefusal, Payment
from rotas.commands import free
from tests.meals.laws import seats_agree, the_pot_agrees
from tests.meals.make import AFTER_CLOSING, CLOSES, START, answer, make_booking, make_meal, make_turn
from tests.meals.paying import Bank, answer_by_card, wanted_back
from tests.meals.reads import booking, mails, parts, pot_lines, refused, stands
from tests.people import Cast


async def gives_back(bank: Bank, actor: int, booking_id: int, seats: int | None = 1, *, leave: bool = False) -> None:
    bank.later(1)
    await cancel_seats(actor=actor, booking_id=booking_id, seats=seats, leave=leave, now=bank.now)


async def owes(booking_id: int) -> tuple[int, int]:
    """What the booking owes, and what was paid for it less what goes back or was left."""
    money = await money_of(booking_id)
    assert money.over == 0
    return money.due, money.kept


class TestSeatBySeat:
    async def test_each_seat_that_is_given_back_is_refunded(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 3, price_cents=800)
        for left in (2, 1, 0):
            await gives_back(bank, cast.samira, mine)
            assert await owes(mine) == (left * 800, left * 800)
        assert await wanted_back(mine) == [800, 800, 800]
        await bank.sends()
        assert (bank.charged(), bank.given_back()) == (2400, 2400)
        assert await mails(about="refund") == [], "the page has said so"
        (charge,) = bank.stripe.charges.values()
        assert charge["refunded"]

    async def test_the_same_form_twice_is_one_refund(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        for _ in range(2):
            await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, form="one", now=bank.now)
        assert await wanted_back(mine) == [500]

    async def test_settled_anew_nothing_more_goes_back(self, cast: Cast, bank: Bank) -> None:
        """Control: by the seats that are given back instead of what is owed, it would go back twice."""
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        await gives_back(bank, cast.samira, mine)
        for _ in range(3):
            async with transaction():
                assert await settle_money(await locked(made), await booking(mine), now=bank.now) == 0
        assert await wanted_back(mine) == [500]
        async with transaction():
            assert await payments.want_refund(kind="meal", thing_id=mine, cents=500, now=bank.now) == 500, "the control"

    async def test_a_gift_goes_back_with_the_last_seat(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 2, price_cents=300, give=2)
        assert await pot_cents(cast.place) == 1000
        await gives_back(bank, cast.samira, mine)
        assert await wanted_back(mine) == [300]
        await gives_back(bank, cast.samira, mine)
        assert await wanted_back(mine) == [300, 1300]
        assert await pot_cents(cast.place) == 0
        await the_pot_agrees(cast.place)

    async def test_the_own_seat_that_is_free_is_the_last_to_go(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 3, price_cents=800, suspended=True)
        for _ in range(3):
            await gives_back(bank, cast.samira, mine)
        assert await wanted_back(mine) == [800, 800], "for the seat that cost nothing nothing goes back"
        assert bank.charged() == 1600

    async def test_whoever_gave_their_turn_up_owes_the_fair_price_on_site(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        slot = await make_turn(meal_id=made, holders=[cast.karim])
        mine = await bank.booked_and_paid(made, cast.karim, 2, price_cents=800, team=True)
        await free(actor=cast.karim, slot_id=slot, member_id=cast.karim, now=bank.now)
        assert await jobs.team_seats(bank.now) == 1
        assert (await booking(mine))["own"] == "fair"
        assert await owes(mine) == (1300, 800), "5 € into the envelope"
        await gives_back(bank, cast.karim, mine)
        assert await owes(mine) == (500, 500)
        await gives_back(bank, cast.karim, mine)
        assert await wanted_back(mine) == [300, 500]

    async def test_seats_added_are_paid_on_site_and_go_first(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira)
        await add_seats(actor=cast.samira, booking_id=mine, seats=2, children=0, now=bank.now)
        assert await owes(mine) == (1500, 500)
        await gives_back(bank, cast.samira, mine, 2)
        assert (await owes(mine), await wanted_back(mine)) == ((500, 500), [])
        await gives_back(bank, cast.samira, mine)
        assert await wanted_back(mine) == [500]

    async def test_of_two_payments_the_newest_goes_back_first(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        full = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        await cancel_seats(actor=cast.karim, booking_id=full, seats=1, leave=False, now=bank.later(1))
        await answer_by_card(cast.samira, mine, bank)
        assert await bank.pays(mine) == 500
        await bank.settles(mine)
        assert await owes(mine) == (1000, 1000)
        await gives_back(bank, cast.samira, mine, None)
        assert await wanted_back(mine) == [500, 500]
        await bank.sends()
        assert bank.given_back() == 1000


class TestLeftToThePot:
    async def test_what_was_paid_for_it_and_no_more(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira, 3, give=1)
        await gives_back(bank, cast.samira, mine, leave=True)
        assert await pot_lines(mine) == [("given", 500), ("left", 500)]
        await gives_back(bank, cast.samira, mine)
        assert await wanted_back(mine) == [500]
        await gives_back(bank, cast.samira, mine, leave=True)
        assert sorted(await pot_lines(mine)) == sorted(
            [("given", 500), ("left", 500), ("left", 1000), ("taken_back", -500)]
        )
        assert await pot_cents(cast.place) == 1500
        money = await money_of(mine)
        assert (money.paid, money.refunded, money.left) == (2000, 500, 1500)
        await the_pot_agrees(cast.place)

    async def test_nothing_of_what_is_paid_on_site(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.samira)
        await add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, now=bank.now)
        await gives_back(bank, cast.samira, mine, leave=True)
        assert await pot_lines(mine) == []
        assert await owes(mine) == (500, 500)


class TestHandedOver:
    async def test_the_giver_is_refunded_when_somebody_takes_it(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.booked_and_paid(made, cast.samira, 2)
        theirs = await bank.books(made, cast.karim)
        assert (await booking(theirs))["payment"] == "card"
        await jobs.close_due(CLOSES)
        bank.now = AFTER_CLOSING
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=bank.now)
        assert await wanted_back(mine) == [], "it is theirs until somebody takes it"
        await take_over(actor=cast.karim, meal_id=made, now=bank.later(1))
        await take_over(actor=cast.karim, meal_id=made, now=bank.later(1))
        assert await wanted_back(mine) == [500]
        assert await owes(theirs) == (500, 0), "on site"
        assert (await booking(theirs))["payment"] == "on_site"
        (told,) = await mails(about="refund")
        assert (told["member_id"], told["discreet"]) == (cast.samira, True)
        await bank.sends()
        assert bank.given_back() == 500
        await seats_agree(made, now=bank.now)


class TestCalledOff:
    async def test_all_get_back_what_they_paid_and_nobody_pays_any_more(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
        paid = await bank.booked_and_paid(made, cast.samira, 2, give=1)
        paying, paid_unseen = await bank.books(made, cast.karim), await bank.books(made, cast.aicha)
        on_site = await make_booking(meal_id=made, member_id=cast.rosa)
        await bank.pays(paid_unseen)
        await cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=bank.later(1))
        assert [await wanted_back(each) for each in (paid, paying, paid_unseen, on_site)] == [[1500], [], [], []]
        assert await stands(paying) == {"cancelled": 1}
        assert await bank.settles(paid_unseen) is payments.State.PAID
        assert await wanted_back(paid_unseen) == [500]
        assert (await payments.close((await bank.checkout(paying))["id"], now=bank.now)) is payments.Closing.CLOSED
        assert bank.open_pages() == 0
        await bank.sends()
        assert (bank.charged(), bank.given_back()) == (2000, 2000)
        assert {each["member_id"] for each in await mails(about="refund")} == {cast.samira}
        assert {each["member_id"] for each in await mails(about="too-late")} == {cast.aicha}
        assert await pot_cents(cast.place) == 0

    async def test_whoever_is_at_stripes_page_is_waited_for_no_more(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.karim)
        await cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=bank.now)
        assert (await bank.checkout(mine))["closing_at"] == bank.now
        await refused(pay(actor=cast.karim, booking_id=mine, now=bank.now), MealRefusal.NOT_PAYING)


class TestOffers:
    async def offered(self, cast: Cast, bank: Bank, **wish: Any) -> tuple[int, int]:
        """A full meal of one, and somebody whom its seat is offered."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        first = await make_booking(meal_id=made, member_id=cast.samira)
        mine = await make_booking(meal_id=made, member_id=cast.karim, **wish)
        await cancel_seats(actor=cast.samira, booking_id=first, seats=None, leave=False, now=bank.later(1))
        return made, mine

    async def test_answered_by_card_it_is_held_and_then_theirs(self, cast: Cast, bank: Bank) -> None:
        made, mine = await self.offered(cast, bank, give=1)
        await answer_by_card(cast.karim, mine, bank)
        assert await stands(mine) == {"held": 1}
        assert await bank.pays(mine) == 1000
        await bank.settles(mine)
        assert await stands(mine) == {"confirmed": 1}
        assert await pot_cents(cast.place) == 500
        await seats_agree(made, now=bank.now)

    async def test_said_twice_it_is_one_page(self, cast: Cast, bank: Bank) -> None:
        _, mine = await self.offered(cast, bank)
        (part,) = [each for each in await parts(mine) if each["state"] == "offered"]
        for _ in range(2):
            assert await answer_offer(
                actor=cast.karim,
                booking_id=mine,
                yes=True,
                offers=[offer_key(part["id"], part["offered_at"])],
                payment=Payment.CARD,
                now=bank.now,
            )
            await pay(actor=cast.karim, booking_id=mine, now=bank.now)
        assert len(bank.stripe.sessions) == 1

    async def test_answered_on_site_by_whoever_wished_to_pay_by_card(self, cast: Cast, bank: Bank) -> None:
        _, mine = await self.offered(cast, bank, payment=Payment.CARD)
        await answer(actor=cast.karim, booking_id=mine, yes=True, now=bank.now)
        assert await stands(mine) == {"confirmed": 1}
        assert (await booking(mine))["payment"] == "on_site"
        assert bank.stripe.requests == []

    async def test_not_paid_in_time_it_goes_to_the_next(self, cast: Cast, bank: Bank) -> None:
        made, mine = await self.offered(cast, bank)
        theirs = await make_booking(meal_id=made, member_id=cast.aicha)
        await answer_by_card(cast.karim, mine, bank)
        bank.later(40)
        await bank.lapses()
        assert (await stands(mine), await stands(theirs)) == ({"lapsed": 1}, {"offered": 1})

    @pytest.mark.parametrize("why", ["too near closing", "paying already"])
    async def test_a_card_is_refused_and_on_site_is_not(self, cast: Cast, bank: Bank, why: str) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        first = await make_booking(meal_id=made, member_id=cast.samira)
        mine = await bank.books(made, cast.karim, 2)
        if why != "paying already":
            await bank.pays(mine)
            await bank.settles(mine)
            bank.now = CLOSES - timedelta(minutes=39)
        await cancel_seats(actor=cast.samira, booking_id=first, seats=None, leave=False, now=bank.later(0.5))
        (part,) = [each for each in await parts(mine) if each["state"] == "offered"]
        offers = [offer_key(part["id"], part["offered_at"])]
        by_card = answer_offer(
            actor=cast.karim, booking_id=mine, yes=True, offers=offers, payment=Payment.CARD, now=bank.now
        )
        reason = MealRefusal.PAYING if why == "paying already" else MealRefusal.NO_CARD
        await refused(by_card, reason)
        assert not await answer_offer(actor=cast.karim, booking_id=mine, yes=True, offers=offers, now=bank.now)
        assert (await booking(mine))["payment"] == "card", "some of it is, or is about to be"
        await bank.pays(mine) if why == "paying already" else None
        await bank.settles(mine)
        assert await owes(mine) == (1000, 500)


class TestChosenAnew:
    async def test_a_suspended_meal_after_having_paid_is_refunded(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.karim, give=1)
        mine = await bank.booked_and_paid(made, cast.samira, 2, price_cents=800)
        for _ in range(2):
            await change_choice(actor=cast.samira, booking_id=mine, team=False, take=True, diets={}, now=bank.later(1))
        assert await wanted_back(mine) == [800]
        assert await owes(mine) == (800, 800)
        assert await pot_cents(cast.place) == 0
        await change_choice(actor=cast.samira, booking_id=mine, team=False, pay=True, diets={}, now=bank.later(1))
        assert await wanted_back(mine) == [800], "and now it is paid on site"
        assert await owes(mine) == (1600, 800)
        await gives_back(bank, cast.samira, mine, None)
        assert sum(await wanted_back(mine)) == 1600 == bank.charged()

    async def test_a_turn_of_the_team_after_having_paid_too(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.booked_and_paid(made, cast.karim, give=1)
        await make_turn(meal_id=made, holders=[cast.karim])
        await change_choice(actor=cast.karim, booking_id=mine, team=True, diets={}, now=bank.now)
        assert await wanted_back(mine) == [500]
        assert await owes(mine) == (500, 500), "what they give stays given"


async def test_after_a_month_nothing_goes_back_by_mistake(cast: Cast, bank: Bank) -> None:
    """Nobody knows then what they owed; and of whom the payment was."""
    made = await make_meal(place_id=cast.place, opener=cast.yann)
    mine = await bank.booked_and_paid(made, cast.samira, 2)
    late = await bank.books(made, cast.karim)
    checkout = await bank.checkout(mine)
    await jobs.close_due(CLOSES)
    await jobs.serve_past(START + timedelta(hours=3))
    assert await jobs.forget_what_was_paid(START + timedelta(days=40)) == 2
    (row,) = await run("select thing_id, path, amount_cents from checkout where id = {}", checkout["id"])
    assert (row["thing_id"], row["path"], row["amount_cents"]) == (None, "", 1000)
    async with transaction():
        assert await settle_money(await locked(made), await booking(mine), now=bank.now) == 0
    assert await wanted_back(mine) == []
    await bank.pays(late)
    assert await bank.settles(late) is payments.State.PAID
    assert await wanted_back(late) == [500], "paid for what is forgotten: all of it"
