"""Many at once about money, on both engines: whoever hears of a payment, whoever gives seats back, whoever books what a
hold frees. Each guarantee is first seen to fail by a naive version that asks, and then writes."""

from __future__ import annotations

import asyncio

import pytest

from app.database import run, transaction
from app.identity.leaving import erase_for
from app.main import REGISTRY
from app.payments import api as payments
from meals.commands.booking import book
from meals.commands.card import pay_on_site_instead, verify
from meals.commands.giving_back import cancel_seats
from meals.commands.money import money_of
from meals.commands.opening import cancel_meal
from meals.facts import KIND
from meals.states import CardSaid, Payment
from tests.meals.laws import seats_agree, the_pot_agrees
from tests.meals.make import a_wish, make_crowd, make_meal
from tests.meals.paying import Bank, wanted_back
from tests.meals.reads import mails, meal, pot_lines, stands
from tests.meals.test_lock_order import in_order, overheard
from tests.meals.test_races import at_once, errors
from tests.people import Cast


async def test_ten_who_hear_of_it_at_once_confirm_it_once(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
    mine = await bank.books(made, cast.samira, 2, give=1)
    await bank.pays(mine)
    ends = await at_once(verify(actor=cast.samira, booking_id=mine, now=bank.now) for _ in range(10))
    assert ends == [CardSaid.PAID] * 10
    assert await stands(mine) == {"confirmed": 2}
    assert await pot_lines(mine) == [("given", 500)]
    assert len(await mails(to=cast.samira)) == 1
    assert [row["cents"] for row in await run("select cents from ledger_line where kind = 'payment'")] == [1500]
    await seats_agree(made, now=bank.now)
    await the_pot_agrees(cast.place)


async def test_seats_given_back_at_once_are_refunded_once(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=6)
    control = await bank.booked_and_paid(made, cast.karim, 2)
    everybody = asyncio.Barrier(4)

    async def naively() -> None:
        """As it is without a lock: what is owed is asked, then that much is wanted."""
        cents = (await money_of(control)).kept // 4
        await everybody.wait()
        async with transaction():
            await payments.want_refund(kind=KIND, thing_id=control, cents=cents + 250, now=bank.now)

    await at_once(naively() for _ in range(4))
    assert sum(await wanted_back(control)) == 1000 > 500, "the control: by what was asked before, too much goes back"

    mine = await bank.booked_and_paid(made, cast.samira, 4)
    deeds = [
        cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, form="one", had=4, now=bank.now)
        for _ in range(10)
    ]
    assert errors(await at_once(deeds)) == []
    assert await stands(mine) == {"confirmed": 3, "cancelled": 1}
    assert await wanted_back(mine) == [500]


async def test_paid_while_it_is_given_up_or_paid_on_site_or_ends(cast: Cast, bank: Bank) -> None:
    """Whoever is first: the seats are theirs and paid, or free and the money goes back; never both, never neither."""
    for round_ in range(6):
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await bank.books(made, cast.samira, 2)
        await bank.pays(mine) if round_ % 2 else None
        deeds = [
            cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now),
            pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now),
            verify(actor=cast.samira, booking_id=mine, now=bank.now),
            bank.settles(mine),
        ]
        ends = await at_once(deeds[round_ % 3 :] + deeds[: round_ % 3])
        assert errors(ends) == []
        money, there = await money_of(mine), await stands(mine)
        theirs = there.get("confirmed", 0)
        assert theirs in (0, 2)
        assert (money.over, money.kept) == (0, money.paid if theirs else 0)
        assert "held" not in there
        assert (await meal(made))["taken"] == theirs
        await seats_agree(made, now=bank.now)


async def test_many_book_the_seats_that_holds_take_and_free(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=6)
    people = await make_crowd(cast, 12)
    deeds = [
        book(actor=each, meal_id=made, wish=a_wish(2, payment=Payment.CARD), diets={}, now=bank.now) for each in people
    ]
    assert errors(await at_once(deeds)) == []
    (held,) = await run("select coalesce(sum(seats), 0) as seats from booking_part where state = 'held'")
    assert held["seats"] == 6
    await seats_agree(made, now=bank.now)
    bank.later(40)
    assert errors(await at_once(bank.lapses() for _ in range(4))) == []
    (left,) = await run("select coalesce(sum(seats), 0) as seats from booking_part where state = 'offered'")
    assert left["seats"] == 6
    await seats_agree(made, now=bank.now)


async def test_called_off_while_they_pay(cast: Cast, bank: Bank) -> None:
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=9)
    people = await make_crowd(cast, 4)
    mine = [await bank.books(made, each, 2) for each in people]
    for each in mine:
        await bank.pays(each)
    deeds = [bank.settles(each) for each in mine]
    off = cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=bank.now)
    assert errors(await at_once([*deeds[:2], off, *deeds[2:]])) == []
    for each in mine:
        assert await bank.settles(each) is payments.State.PAID
        assert await wanted_back(each) == [1000]
        assert set(await stands(each)) == {"cancelled"}
    await bank.sends()
    assert (bank.charged(), bank.given_back()) == (4000, 4000)


@pytest.mark.parametrize(
    "deed", ["heard of", "given back", "given up", "on site", "called off", "erased", "not in time"]
)
async def test_the_meal_is_locked_before_what_it_is_paid_with(
    cast: Cast, bank: Bank, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by whoever writes what Stripe said. The other way round, two would wait for each other."""
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
    mine = await bank.books(made, cast.samira, 2, give=1)
    if deed not in ("given up", "on site", "not in time"):
        await bank.pays(mine)
    if deed in ("given back", "called off", "erased"):
        await bank.settles(mine)
    with overheard(monkeypatch) as locks:
        if deed == "heard of":
            await bank.settles(mine)
        elif deed in ("given back", "given up"):
            await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=bank.now)
        elif deed == "on site":
            await pay_on_site_instead(actor=cast.samira, booking_id=mine, now=bank.now)
        elif deed == "called off":
            await cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=bank.now)
        elif deed == "erased":
            await erase_for(cast.samira, REGISTRY.domains, force=True, now=bank.now)
        else:
            bank.later(40)
            await bank.lapses()
    assert any(("meal", made) in each and "checkout" in dict(each) for each in locks.values()), "both were locked"
    assert in_order(locks), locks
