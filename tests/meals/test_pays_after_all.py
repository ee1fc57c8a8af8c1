"""A suspended meal that was taken is given back: one pays what one chose, and the pot has it for somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import run
from meals.commands.booking import change_choice
from meals.commands.giving_back import cancel_seats
from meals.facts import due_of, pot_cents
from meals.rules import pays_after_all
from meals.states import MealRefusal, OwnSeat
from tests.client import NOON, words
from tests.meals.laws import nobody_eats_for_nothing_twice, the_pot_agrees
from tests.meals.make import START, make_booking, make_meal, make_turn
from tests.meals.reads import booking, pot_lines, refused
from tests.meals.scene import Scene, part, said
from tests.people import Cast

LATER = NOON + timedelta(minutes=1)


async def choose(cast: Cast, booking_id: int, *, take: bool = False, pay: bool = False) -> None:
    await change_choice(actor=cast.karim, booking_id=booking_id, team=False, take=take, pay=pay, diets={}, now=LATER)


@pytest.mark.parametrize(
    ("own", "suspended", "may"),
    [(OwnSeat.FREE, True, True), (OwnSeat.FREE, False, False), (OwnSeat.CHOSEN, False, False)],
)
def test_only_a_suspended_meal_is_given_back(own: OwnSeat, suspended: bool, may: bool) -> None:
    assert pays_after_all(own, suspended=suspended) is may


class TestThePot:
    async def test_it_has_the_meal_again(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim, seats=2, suspended=True, price_cents=300)
        for _ in range(2):  # sent twice it is once
            await choose(cast, mine, pay=True)
            row = await booking(mine)
            assert (row["own"], bool(row["suspended"]), due_of(row, 2)) == ("chosen", False, 600)
            assert await pot_lines(mine) == [("taken", -500), ("put_back", 500)]
        assert await pot_cents(cast.place) == 500
        await choose(cast, mine, take=True)
        assert await pot_cents(cast.place) == 0, "it may be taken again: never two"
        await the_pot_agrees(cast.place)
        await nobody_eats_for_nothing_twice(made)
        await cancel_seats(actor=cast.karim, booking_id=mine, seats=None, leave=False, now=LATER)
        assert await pot_cents(cast.place) == 500
        await the_pot_agrees(cast.place)

    async def test_what_was_never_drawn_is_not_put_back(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        await choose(cast, mine, pay=True)
        assert (await pot_lines(mine), await pot_cents(cast.place)) == ([], 0)

    async def test_the_place_has_back_first_what_it_bore(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        gave = await make_booking(meal_id=made, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        await cancel_seats(actor=cast.samira, booking_id=gave, seats=None, leave=False, now=LATER)
        await choose(cast, mine, pay=True)
        assert await pot_lines(mine) == [("taken", -500), ("put_back", 500), ("borne", -500)]
        assert await run("select cents, borne_cents from pot") == [{"cents": 0, "borne_cents": 0}]
        await the_pot_agrees(cast.place)

    async def test_the_teams_seat_is_none(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_turn(meal_id=made, holders=[cast.karim])
        mine = await make_booking(meal_id=made, member_id=cast.karim, team=True)
        await choose(cast, mine, pay=True)
        assert ((await booking(mine))["own"], await pot_lines(mine)) == ("free", [])

    async def test_not_once_it_has_begun(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        late = change_choice(actor=cast.karim, booking_id=mine, team=False, pay=True, diets={}, now=START)
        await refused(late, MealRefusal.OVER)
        assert (await booking(mine))["own"] == "free"


class TestThePage:
    async def test_it_says_what_becomes_of_it(self, cast: Cast) -> None:
        scene = Scene(cast)
        made = await scene.booked(await scene.meal(), cast.karim, 2, suspended=True, price_cents=800)
        browser = await scene.as_(cast.karim)
        way = f"/reservations/{made}/choix"
        form = part(await browser.get(way), 'id="changer"', "</form>")
        assert 'name="pay" value="1"' in form
        assert "checked" not in form
        assert "Finalement, je mets 8 € pour ma place" in said(form)
        assert "Tu peux en reprendre un jusqu’au repas : un seul par personne." in said(form)
        assert (await browser.post(way, {})).status_code == 303
        assert "Ta place : repas suspendu" in words(await browser.get(way)), "who ticks nothing keeps it"
        assert (await browser.post(way, {"pay": "1"})).status_code == 303
        page = await browser.get(way)
        assert "Dans l’enveloppe : 16 € 2 places à 8 €" in words(page)
        assert 'name="pay"' not in page.text
        assert 'name="take"' in page.text
