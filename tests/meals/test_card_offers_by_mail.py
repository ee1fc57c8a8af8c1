"""An offer that is answered from its mail is for a seat that is paid on site; one that is paid for was answered."""

from __future__ import annotations

from app.database import run
from meals.commands.giving_back import cancel_seats
from meals.facts import offer_key
from meals.offers import answer, look
from meals.states import Payment
from tests.meals.make import make_booking, make_meal
from tests.meals.paying import Bank, answer_by_card
from tests.meals.reads import booking, stands
from tests.people import Cast


async def offered(cast: Cast, bank: Bank) -> tuple[int, str]:
    """A seat that is kept for Karim, who wished to pay by card; by what his mail answers it."""
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
    first = await make_booking(meal_id=made, member_id=cast.samira)
    mine = await make_booking(meal_id=made, member_id=cast.karim, payment=Payment.CARD)
    await cancel_seats(actor=cast.samira, booking_id=first, seats=None, leave=False, now=bank.now)
    (part,) = await run("select id, offered_at from booking_part where booking_id = {} and state = 'offered'", mine)
    return mine, offer_key(part["id"], part["offered_at"])


async def test_yes_from_the_mail_pays_on_site(cast: Cast, bank: Bank) -> None:
    mine, key = await offered(cast, bank)
    await answer(key, cast.karim, True, bank.now)
    assert await stands(mine) == {"confirmed": 1}
    assert (await booking(mine))["payment"] == "on_site"
    assert bank.stripe.requests == []


async def test_the_mail_says_what_has_become_of_one_that_is_paid_by_card(cast: Cast, bank: Bank) -> None:
    mine, key = await offered(cast, bank)
    seen = await look(key, cast.karim, bank.now)
    assert seen is not None
    assert seen.state == "open"
    await answer_by_card(cast.karim, mine, bank)
    seen = await look(key, cast.karim, bank.now)
    assert seen is not None
    assert seen.state == "taken"
    await answer(key, cast.karim, True, bank.now)
    assert await stands(mine) == {"held": 1}, "yes once more is no other answer"
    bank.later(40)
    await bank.lapses()
    seen = await look(key, cast.karim, bank.now)
    assert seen is not None
    assert seen.state == "over"
