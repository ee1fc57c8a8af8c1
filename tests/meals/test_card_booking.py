"""Booked by card: held, paid, theirs; nothing to pay, nothing held; and who is told what."""

from __future__ import annotations

import pytest

from app.database import run
from app.payments import api as payments
from meals.commands.booking import add_seats, book, book_for, change_choice
from meals.commands.card import pay, pay_on_site_instead, verify
from meals.commands.giving_back import cancel_seats
from meals.facts import pot_cents, standing_of
from meals.states import CardSaid, MealRefusal, Payment
from tests.client import NOON
from tests.meals.laws import seats_agree, the_pot_agrees
from tests.meals.make import CLOSES, a_wish, make_booking, make_meal, make_turn
from tests.meals.paying import MINUTE, Bank, wanted_back
from tests.meals.reads import booking, mails, meal, pot_lines, refused, roles, stands
from tests.people import Cast


async def test_seats_are_held_until_they_are_paid_then_they_are_theirs(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
    mine = await bank.books(made, cast.samira, 2, children=1, give=1)
    assert await stands(mine) == {"held": 2}
    assert (await meal(made))["taken"] == 2, "nobody else's"
    assert await roles(made) == {cast.samira: "held"}
    assert await mails(to=cast.samira) == [], "nothing is theirs yet"
    assert await pot_cents(cast.place) == 0
    assert await bank.settles(mine) is payments.State.OPEN
    assert await stands(mine) == {"held": 2}
    (session,) = bank.stripe.sessions.values()
    assert (session["amount_total"], session["currency"]) == (1500, "eur"), "two seats and a gift at 5 €"
    assert await bank.pays(mine) == 1500
    for _ in range(3):
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID
    assert await stands(mine) == {"confirmed": 2}
    assert await roles(made) == {cast.samira: "participant"}
    assert await pot_lines(mine) == [("given", 500)]
    assert await wanted_back(mine) == []
    (told,) = await mails(to=cast.samira)
    assert "payé par carte" in told["body"]
    assert "15" not in told["body"].replace("15 h", ""), "no message says what anybody pays"
    await seats_agree(made, now=bank.now)
    await the_pot_agrees(cast.place)


async def test_stripe_hears_a_title_and_a_key_and_nobodys_name(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, title="Couscous du vendredi")
    mine = await bank.books(made, cast.samira, give=1, suspended=False)
    asked = [str(each.form) for each in bank.stripe.requests]
    assert any("Couscous du vendredi" in each for each in asked), "it hears something at all"
    me = (await run("select name, email from member where id = {}", cast.samira))[0]
    for word in (me["name"], me["email"], "suspend", "give", "budget"):
        assert not any(word in each for each in asked)
    (session,) = bank.stripe.sessions.values()
    assert set(session["metadata"]) == {"key"}
    assert session["metadata"]["key"] == (await bank.checkout(mine))["key"]


async def test_what_is_free_is_held_and_the_rest_waits(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
    mine = await bank.books(made, cast.samira, 3)
    assert await stands(mine) == {"held": 2, "waiting": 1}
    assert await bank.pays(mine) == 1000, "for what is held alone"
    await bank.settles(mine)
    assert await stands(mine) == {"confirmed": 2, "waiting": 1}
    await seats_agree(made, now=bank.now)


async def test_together_is_all_held_or_all_waiting(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
    mine = await bank.books(made, cast.samira, 3, together=True)
    assert await stands(mine) == {"held": 3}
    theirs = await bank.books(made, cast.karim, 2, together=True)
    assert await stands(theirs) == {"waiting": 2}
    assert await run("select id from checkout where thing_id = {}", theirs) == [], "nothing is paid for waiting"
    await bank.pays(mine)
    await bank.settles(mine)
    assert await stands(mine) == {"confirmed": 3}


class TestNothingToPay:
    async def test_a_suspended_meal_needs_no_card(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira, suspended=True)
        assert await stands(mine) == {"confirmed": 1}
        assert bank.stripe.requests == []
        assert len(await mails(to=cast.samira, about="confirmed")) == 1

    async def test_nor_does_the_teams(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_turn(meal_id=made, holders=[cast.karim])
        assert await stands(await bank.books(made, cast.karim, team=True)) == {"confirmed": 1}
        assert bank.stripe.requests == []

    async def test_nor_a_price_of_nothing_or_less_than_stripe_charges(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, low_cents=0, fair_cents=49, more_cents=50)
        for member, cents in ((cast.samira, 0), (cast.karim, 49)):
            assert await stands(await bank.books(made, member, price_cents=cents)) == {"confirmed": 1}
        assert bank.stripe.requests == []
        assert await stands(await bank.books(made, cast.aicha, price_cents=50)) == {"held": 1}

    async def test_others_of_the_booking_are_paid_all_the_same(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.karim, give=1)
        mine = await bank.books(made, cast.samira, 3, price_cents=800, suspended=True)
        assert await pot_cents(cast.place) == 500, "it is drawn with the seat"
        assert await bank.pays(mine) == 1600
        await bank.settles(mine)
        assert await pot_lines(mine) == [("taken", -500)]
        await the_pot_agrees(cast.place)


class TestWhenACardIsTaken:
    async def test_not_without_a_key(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        assert not standing_of(await meal(made), now=NOON).card
        wish = a_wish(payment=Payment.CARD)
        await refused(book(actor=cast.samira, meal_id=made, wish=wish, diets={}, now=NOON), MealRefusal.NO_CARD)

    @pytest.mark.parametrize(("before", "taken"), [(41, True), (40, False), (1, False)])
    async def test_until_forty_minutes_before_closing(self, cast: Cast, bank: Bank, before: int, taken: bool) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        bank.now = CLOSES - before * MINUTE
        assert standing_of(await meal(made), now=bank.now).card is taken
        assert not standing_of(await meal(made)).card, "nobody said when"
        wish = a_wish(payment=Payment.CARD)
        attempt = book(actor=cast.samira, meal_id=made, wish=wish, diets={}, now=bank.now)
        if taken:
            assert (await attempt).pays
        else:
            await refused(attempt, MealRefusal.NO_CARD)

    async def test_not_for_somebody_without_an_account(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        wish = a_wish(payment=Payment.CARD)
        guest = book_for(actor=cast.samira, meal_id=made, first_name="Paul", wish=wish, now=bank.now)
        await refused(guest, MealRefusal.NO_CARD)


class TestWhilePaying:
    async def test_the_form_twice_is_one_booking_and_one_page(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        again = await book(
            actor=cast.samira, meal_id=made, wish=a_wish(payment=Payment.CARD), diets={}, now=bank.later(1)
        )
        assert (again.id, again.anew, again.pays) == (mine, False, True)
        first = await pay(actor=cast.samira, booking_id=mine, now=bank.now)
        assert first == await pay(actor=cast.samira, booking_id=mine, now=bank.now)
        assert len(bank.stripe.sessions) == 1

    async def test_the_rest_waits(self, cast: Cast, bank: Bank) -> None:
        """Another sum would be another page."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        mine = await bank.books(made, cast.samira, 3)
        more = add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, now=bank.now)
        await refused(more, MealRefusal.PAYING)
        some = cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=bank.now)
        await refused(some, MealRefusal.PAYING)
        for how in ({"take": True}, {"pay": True}, {"team": True}):
            choice = change_choice(actor=cast.samira, booking_id=mine, diets={}, now=bank.now, **{"team": False, **how})
            await refused(choice, MealRefusal.PAYING)
        assert await stands(mine) == {"held": 3}
        assert bank.open_pages() == 1
        await change_choice(actor=cast.samira, booking_id=mine, team=False, diets={}, now=bank.now)

    async def test_nobody_else_sees_or_does_anything(self, cast: Cast, bank: Bank) -> None:
        from app.errors import NotFound

        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        asked = len(bank.stripe.requests)
        for deed in (pay, verify, pay_on_site_instead):
            for actor in (cast.karim, cast.yann, cast.rosa):
                with pytest.raises(NotFound):
                    await deed(actor=actor, booking_id=mine, now=bank.now)
            with pytest.raises(NotFound):
                await deed(actor=cast.samira, booking_id=999, now=bank.now)
        with pytest.raises(NotFound):
            await cancel_seats(actor=cast.karim, booking_id=mine, seats=None, leave=False, now=bank.now)
        assert len(bank.stripe.requests) == asked
        assert await stands(mine) == {"held": 1}

    async def test_whoever_does_not_pay_by_card_has_nothing_to_ask(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        for deed in (pay, verify, pay_on_site_instead):
            await refused(deed(actor=cast.samira, booking_id=mine, now=bank.now), MealRefusal.NOT_PAYING)

    async def test_a_card_that_is_refused_then_another(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await bank.books(made, cast.samira)
        bank.stripe.refuse_card((await bank.checkout(mine))["session_id"])
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.NOT_YET
        assert await stands(mine) == {"held": 1}
        await bank.pays(mine)
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID


class TestStripeIsAway:
    async def test_the_seats_stay_held_and_the_page_is_asked_for_again(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        bank.stripe.down = True
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        assert await stands(mine) == {"held": 1}
        bank.stripe.down = False
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.later(1)) is not None
        await bank.pays(mine)
        assert await verify(actor=cast.samira, booking_id=mine, now=bank.now) is CardSaid.PAID

    async def test_its_answer_was_lost_and_there_is_one_page(self, cast: Cast, bank: Bank) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        bank.stripe.do_but_never_answer(9)
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        bank.stripe.deaf = 0
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.later(1)) is not None
        assert len(bank.stripe.sessions) == 1

    async def test_it_refuses_our_key_and_they_pay_on_site(
        self, cast: Cast, bank: Bank, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No fault of whoever books. Without a word beforehand (`pay`), the seat would be lost."""
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        bank.stripe.api.secret_key = "sk_test_another"
        mine = await make_booking(meal_id=made, member_id=cast.samira, payment=Payment.CARD, now=bank.now)
        assert await pay(actor=cast.samira, booking_id=mine, now=bank.now) is None
        assert await stands(mine) == {"confirmed": 1}
        assert (await booking(mine))["payment"] == "on_site"
        (told,) = await mails(to=cast.samira)
        assert "une enveloppe" in told["body"]
        assert await roles(made) == {cast.samira: "participant"}
