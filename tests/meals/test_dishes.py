"""The dish book: written, changed, taken out; and whoever booked hears what a dish gains."""

from __future__ import annotations

import asyncio
from contextvars import Context
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from meals.commands import dishes, steps
from meals.commands.dishes import change_dish, retire_dish, write_dish
from meals.commands.menu import gained
from meals.commands.opening import cancel_meal
from meals.facts import menu_of
from meals.kitchen import Amount, DishFacts, diets_asked
from meals.plan import DishWords, PlannedDish
from meals.states import Allergen, Diet, MealRefusal, Unit
from meals.tables import Dish
from tests.client import NOON
from tests.factories import make_grant, make_member
from tests.meals.make import DAY, HOUR, START, make_booking, make_dish, make_meal
from tests.meals.plans import edited, opened, plan_of, words
from tests.meals.reads import mailed, mails, meal, refused
from tests.people import Cast
from tests.workshops.test_races import at_once, errors

TART = DishWords(
    "Tarte aux poires",
    about="On étale, on garnit.",
    allergens=frozenset({Allergen.GLUTEN}),
    ingredients=(Amount("Farine", 300_000, Unit.GRAM), Amount("Poires", 6000, Unit.PIECE)),
)


async def written(cast: Cast, dish: DishWords = TART, *, actor: int | None = None) -> int:
    return await write_dish(actor=actor or cast.odile, place_id=cast.place, dish=dish, now=NOON)


async def changed(
    cast: Cast, dish_id: int, dish: DishWords, *, version: int = 1, actor: int | None = None, now: datetime = NOON
) -> None:
    await change_dish(actor=actor or cast.odile, dish_id=dish_id, dish=dish, version=version, now=now)


def gains(*allergens: Allergen, **changes: Any) -> DishWords:
    return replace(TART, allergens=TART.allergens | set(allergens), **changes)


async def a_meal_with(cast: Cast, dish_id: int, **changes: Any) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, dishes=[dish_id], **changes)


async def row(dish_id: int) -> dict[str, Any]:
    return (await run("select * from dish where id = {}", dish_id))[0]


class TestTheBook:
    async def test_what_is_written_is_there(self, cast: Cast) -> None:
        made = await written(cast)
        kept = await row(made)
        assert (kept["name"], kept["allergens"], kept["written_by"]) == ("Tarte aux poires", "gluten", cast.odile)
        assert kept["search_key"] == "tarte aux poires on etale, on garnit."
        rows = await run("select name, quantity_milli, unit from ingredient where dish_id = {} order by rank", made)
        assert [tuple(each.values()) for each in rows] == [("Farine", 300_000, "g"), ("Poires", 6000, "piece")]

    async def test_the_same_twice_is_one_dish_another_of_its_name_is_refused(self, cast: Cast) -> None:
        ends = await at_once(written(cast) for _ in range(4))
        assert errors(ends) == []
        assert len(set(ends)) == 1
        await refused(written(cast, replace(TART, name="TARTE aux  poires")), MealRefusal.DISH_DOUBLE)
        await refused(written(cast, gains(Allergen.EGGS)), MealRefusal.DISH_DOUBLE)

    async def test_without_the_lock_on_the_place_two_of_one_name_are_written(self, cast: Cast) -> None:
        """The control: names are compared without capitals, which the index does not do."""
        both = asyncio.Barrier(2)

        async def naive(name: str) -> None:
            found = await run("select id from dish where place_id = {}", cast.place)
            await both.wait()
            if not found:
                async with transaction():
                    await Dish.insert(Dish(place_id=cast.place, name=name, created_at=NOON))

        await asyncio.gather(naive("Tarte"), naive("TARTE"))
        assert len(await run("select id from dish")) == 2

    async def test_whoever_may_open_meals_writes_in_it(self, cast: Cast) -> None:
        assert await written(cast, actor=cast.samira)
        await refused(written(cast, actor=cast.bruno), MealRefusal.MEDIATOR_HERE)
        await refused(written(cast, actor=await make_member()), MealRefusal.NOT_A_MEMBER_HERE)
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.OPEN_MEALS)
        soup = replace(TART, name="Soupe")
        await refused(written(cast, soup, actor=cast.samira), MealRefusal.MAY_NOT_OPEN)
        made = await written(cast, soup)
        await refused(changed(cast, made, TART, actor=cast.samira), MealRefusal.MAY_NOT_OPEN)
        await refused(retire_dish(actor=cast.samira, dish_id=made, now=NOON), MealRefusal.MAY_NOT_OPEN)

    async def test_changed_by_whoever_read_it_as_it_is(self, cast: Cast) -> None:
        made = await written(cast)
        await changed(cast, made, replace(TART, ingredients=(Amount("Sel", 0, Unit.TO_TASTE),)))
        assert (await row(made))["version"] == 2
        assert len(await run("select id from ingredient where dish_id = {}", made)) == 1
        await refused(changed(cast, made, replace(TART, name="Tourte")), MealRefusal.CHANGED_MEANWHILE)
        await changed(cast, made, replace(TART, ingredients=(Amount("Sel", 0, Unit.TO_TASTE),)))  # it says so already
        assert (await row(made))["version"] == 2
        await written(cast, replace(TART, name="Soupe"))
        await refused(changed(cast, made, replace(TART, name="soupe"), version=2), MealRefusal.DISH_DOUBLE)
        await refused(changed(cast, made, TART, actor=await make_member()), MealRefusal.NOT_A_MEMBER_HERE)
        with pytest.raises(NotFound):
            await changed(cast, 999, TART)

    async def test_a_new_name_is_found_on_its_meals_to_come(self, cast: Cast) -> None:
        made = await written(cast)
        dinner = await a_meal_with(cast, made)
        await changed(cast, made, replace(TART, name="Crumble"))
        assert (await meal(dinner))["search_key"] == "soupe de lentilles crumble"

    async def test_out_of_the_book_but_not_of_a_meal_to_come(self, cast: Cast) -> None:
        made = await written(cast)
        dinner = await a_meal_with(cast, made)
        await refused(retire_dish(actor=cast.odile, dish_id=made, now=NOON), MealRefusal.DISH_IN_USE)
        await retire_dish(actor=cast.odile, dish_id=made, now=START + 2 * HOUR)
        await retire_dish(actor=cast.odile, dish_id=made, now=START + DAY)
        assert (await row(made))["retired_at"] == START + 2 * HOUR
        assert [dish.name for dish in await menu_of(dinner)] == ["Tarte aux poires"]
        with pytest.raises(NotFound):
            await changed(cast, made, TART, version=2)
        assert await written(cast) != made

    async def test_a_meal_that_is_off_does_not_keep_its_dishes(self, cast: Cast) -> None:
        made = await written(cast)
        dinner = await a_meal_with(cast, made)
        await cancel_meal(actor=cast.odile, meal_id=dinner, reason="", now=NOON)
        await retire_dish(actor=cast.odile, dish_id=made, now=NOON)
        assert (await row(made))["retired_at"] == NOON


class TestWhatADishGains:
    async def test_everybody_booked_on_a_meal_to_come_with_it_is_told(self, cast: Cast) -> None:
        tart, other = await written(cast), await make_dish(place_id=cast.place)
        dinner = await a_meal_with(cast, tart, seats=2)
        await make_booking(meal_id=dinner, member_id=cast.samira, seats=2)
        await make_booking(meal_id=dinner, member_id=cast.karim)
        later = await a_meal_with(cast, tart, starts_at=START + 7 * DAY)
        await make_booking(meal_id=later, member_id=cast.samira)
        without = await a_meal_with(cast, other, starts_at=START + DAY)
        await make_booking(meal_id=without, member_id=cast.yann)
        await changed(cast, tart, gains(Allergen.MILK, Allergen.EGGS))
        assert await mailed(about="dish") == {cast.samira, cast.karim}
        told = await mails(to=cast.samira, about="dish")
        assert [each["about_id"] for each in told] == [dinner, later]
        assert "« Tarte aux poires », au menu vendredi 4 décembre à 12 h 30, contient maintenant : œufs et lait." in (
            words(told[0])
        )

    async def test_not_whoever_gave_up_nor_for_meals_that_are_over_or_off(self, cast: Cast) -> None:
        tart = await written(cast)
        over, off = await a_meal_with(cast, tart), await a_meal_with(cast, tart, starts_at=START + 9 * DAY)
        for each in (over, off):
            await make_booking(meal_id=each, member_id=cast.samira)
        await cancel_meal(actor=cast.odile, meal_id=off, reason="", now=NOON)
        await changed(cast, tart, gains(Allergen.MILK), now=START + 2 * HOUR)
        assert await mails(about="dish") == []

    async def test_also_after_closing(self, cast: Cast) -> None:
        tart = await written(cast)
        dinner = await a_meal_with(cast, tart)
        await make_booking(meal_id=dinner, member_id=cast.samira)
        await changed(cast, tart, gains(Allergen.MILK), now=START + HOUR)
        assert await mailed(about="dish") == {cast.samira}

    async def test_meat_and_pork_are_told_too_what_it_loses_is_not(self, cast: Cast) -> None:
        tart = await written(cast)
        dinner = await a_meal_with(cast, tart)
        await make_booking(meal_id=dinner, member_id=cast.samira)
        await changed(cast, tart, replace(TART, allergens=frozenset()))
        assert await mails(about="dish") == []
        await changed(cast, tart, replace(TART, allergens=frozenset(), pork=True, meat=True), version=2)
        (mail,) = await mails(about="dish")
        assert "contient maintenant : porc et viande." in words(mail)
        await changed(cast, tart, TART, version=3)
        assert "gluten" in words((await mails(about="dish"))[-1])

    async def test_nobody_books_between_who_is_told_and_the_change(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tart = await written(cast)
        dinner = await a_meal_with(cast, tart)
        meanwhile: list[asyncio.Task[int]] = []

        async def read_slowly(row: dict[str, Any]) -> Any:
            found = await steps.people_at(row)
            books = make_booking(meal_id=dinner, member_id=cast.samira)
            meanwhile.append(asyncio.create_task(books, context=Context()))  # not in this transaction
            await asyncio.sleep(0.2)
            assert not meanwhile[0].done()
            return found

        monkeypatch.setattr(dishes, "people_at", read_slowly)
        await changed(cast, tart, gains(Allergen.MILK))
        assert await meanwhile[0]
        assert Allergen.MILK in (await menu_of(dinner))[0].allergens

    async def test_a_dish_that_comes_onto_the_menu_is_told_with_it(self, cast: Cast) -> None:
        dinner = await a_meal_with(cast, await make_dish(place_id=cast.place))
        await make_booking(meal_id=dinner, member_id=cast.samira)
        tart = await written(cast)
        await edited(dinner, actor=cast.odile, dishes=(*(await plan_of(dinner)).dishes, PlannedDish(tart)))
        (mail,) = await mails(about="changed")
        assert "Le menu contient maintenant : gluten." in words(mail)

    async def test_what_the_menu_held_already_is_no_news(self) -> None:
        bread = DishFacts(1, "Pain", frozenset({Allergen.GLUTEN}), meat=True)
        tart = DishFacts(2, "Tarte", frozenset({Allergen.GLUTEN, Allergen.MILK}), meat=True)
        assert [each.msgid for each in gained([bread], [bread, tart])] == ["lait"]
        assert gained([tart], [bread]) == []


class TestWhatNobodyDeclared:
    """A dish that was only named on a menu: nobody knows what it holds, and nothing promises that it holds nothing."""

    async def test_it_is_promised_to_nobody_until_somebody_says_what_it_holds(self, cast: Cast) -> None:
        dinner = await opened(cast, dishes=(PlannedDish(None, name="Crumble"),))
        (crumble,) = await menu_of(dinner)
        assert not crumble.declared
        assert diets_asked([crumble]) == list(Diet)
        nothing = DishWords("Crumble")
        before = (await meal(dinner))["version"]
        await changed(cast, crumble.id, nothing)
        assert (await row(crumble.id))["declared_at"] == NOON
        assert diets_asked(await menu_of(dinner)) == []
        assert (await meal(dinner))["version"] == before + 1
        await changed(cast, crumble.id, nothing)  # sent again
        assert (await meal(dinner))["version"] == before + 1

    async def test_written_into_the_book_it_is_declared(self, cast: Cast) -> None:
        assert (await row(await written(cast)))["declared_at"] == NOON

    async def test_what_it_turns_out_to_hold_is_told_to_whoever_booked(self, cast: Cast) -> None:
        dinner = await opened(cast, dishes=(PlannedDish(None, name="Crumble"),))
        await make_booking(meal_id=dinner, member_id=cast.samira)
        (crumble,) = await menu_of(dinner)
        await changed(cast, crumble.id, DishWords("Crumble", allergens=frozenset({Allergen.NUTS})))
        (mail,) = await mails(about="dish")
        assert "contient maintenant : fruits à coque." in words(mail)

    async def test_on_the_menu_of_a_meal_that_people_booked_it_is_told_as_such(self, cast: Cast) -> None:
        dinner = await a_meal_with(cast, await make_dish(place_id=cast.place))
        await make_booking(meal_id=dinner, member_id=cast.samira)
        menu = (*(await plan_of(dinner)).dishes, PlannedDish(None, name="Crumble"))
        await edited(dinner, actor=cast.odile, dishes=menu)
        (mail,) = await mails(about="changed")
        assert "Allergènes pas encore notés pour : Crumble." in words(mail)

    async def test_only_what_somebody_eats_makes_another_version_of_the_meal(self, cast: Cast) -> None:
        tart = await written(cast)
        dinner = await a_meal_with(cast, tart)
        await changed(cast, tart, replace(TART, about="On étale mieux."))
        assert (await meal(dinner))["version"] == 1
        await changed(cast, tart, gains(Allergen.MILK, about="On étale mieux."), version=2)
        assert (await meal(dinner))["version"] == 2
