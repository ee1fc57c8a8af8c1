"""The dish book of a place: what its meals are made of. Whoever may open meals writes in it.

A dish that gains an allergen, meat or pork, or of which nobody knows any more what it holds, is told to everybody
booked on a meal to come with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import who_is_here
from app.identity.rules import name_key
from app.identity.tables import Place
from app.journal import write_journal
from app.notices.api import Kind
from meals import rules, wording
from meals.commands.menu import book_of, gained, kept_allergens, write_ingredients, write_search_key
from meals.commands.steps import people_at, refuse_if, tell
from meals.facts import Row, dish_facts, standing_of, why_not_open
from meals.kitchen import Amount, DishFacts
from meals.plan import DishWords
from meals.states import MealRefusal, Unit
from meals.tables import Dish, Ingredient, Meal

KIND = "dish"
"""`journal_line.kind` of dishes."""


@command
async def write_dish(*, actor: int, place_id: int, dish: DishWords, now: datetime) -> int:
    """Write a dish into the place's book; returns its id. The same again is that dish; another of the same name is
    refused."""
    async with transaction():
        await _locked_place(place_id)
        await refuse_unless_opener(actor, place_id, now=now)
        if (there := (await book_of(place_id)).get(name_key(dish.name))) is not None:
            (row,) = await get_for_update(Dish, there)
            if await _reads(row, dish):
                return there
            raise Refused(MealRefusal.DISH_DOUBLE)
        made = await Dish.insert(
            Dish(place_id=place_id, written_by=actor, created_at=now, **_columns(dish), **_declared(dish, now))
        ).returning(Dish.id)
        dish_id = int(made[0]["id"])
        await write_ingredients(dish_id, _ingredients(dish_id, dish))
        await _note(place_id, dish_id, "dish_written", dish.name, by=actor, now=now)
        return dish_id


@command
async def change_dish(*, actor: int, dish_id: int, dish: DishWords, version: int, now: datetime) -> None:
    """Change a dish; `version` is the one that was read, else refused. The same again changes nothing. What it holds
    now and did not before, or that nobody knows it any more, is told to everybody who has seats, or waits, at a meal
    to come with it."""
    async with transaction():
        row = await _kept_dish(actor, dish_id, now=now)
        if row["retired_at"] is not None:
            raise NotFound
        if await _reads(row, dish):
            return
        if version != row["version"]:
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        if (await book_of(row["place_id"])).get(name_key(dish.name), dish_id) != dish_id:
            raise Refused(MealRefusal.DISH_DOUBLE)
        meals = await get_for_update(Meal, *await _meals_to_come(dish_id, now=now))
        columns: dict[Any, Any] = {**_columns(dish), **_declared(dish, now), "version": row["version"] + 1}
        await Dish.update(columns).where(Dish.id == dish_id)
        await write_ingredients(dish_id, _ingredients(dish_id, dish))
        await _note(row["place_id"], dish_id, "dish_changed", dish.name, by=actor, now=now)
        (after,) = await get_for_update(Dish, dish_id)
        eaten, eats = dish_facts(row), dish_facts(after)
        for meal in meals:
            await write_search_key(meal["id"])
            if eats != eaten:  # whoever is about to book, or changes the meal, read another menu
                await run("update meal set version = version + 1 where id = {}", meal["id"])
            await _tell_gained(meal, eaten, eats, version=after["version"], now=now)


@command
async def retire_dish(*, actor: int, dish_id: int, now: datetime) -> None:
    """Take a dish out of the book; meals that were keep it. Refused while it is on the menu of a meal to come. Out
    already: nothing happens."""
    async with transaction():
        row = await _kept_dish(actor, dish_id, now=now)
        if row["retired_at"] is not None:
            return
        if await _meals_to_come(dish_id, now=now):
            raise Refused(MealRefusal.DISH_IN_USE)
        await Dish.update({Dish.retired_at: now, Dish.version: row["version"] + 1}).where(Dish.id == dish_id)
        await _note(row["place_id"], dish_id, "dish_retired", row["name"], by=actor, now=now)


async def refuse_unless_opener(actor: int, place_id: int, *, now: datetime) -> None:
    """Refuse whoever may not open meals at this place."""
    here = await who_is_here(actor, place_id, at=now)
    refuse_if(await why_not_open(actor, place_id, here, now=now))


async def _locked_place(place_id: int) -> None:
    if not await get_for_update(Place, place_id):
        raise NotFound


async def _kept_dish(actor: int, dish_id: int, *, now: datetime) -> Row:
    """The dish of a place whose book this member writes in, the place and it locked."""
    found = await run("select place_id from dish where id = {}", dish_id)
    if not found:
        raise NotFound
    await _locked_place(found[0]["place_id"])
    await refuse_unless_opener(actor, found[0]["place_id"], now=now)
    (row,) = await get_for_update(Dish, dish_id)
    return row


def _columns(dish: DishWords) -> dict[str, Any]:
    return {
        "name": dish.name,
        "search_key": name_key(f"{dish.name}\n{dish.about}"),
        "about": dish.about,
        "allergens": kept_allergens(dish.allergens),
        "meat": dish.meat,
        "pork": dish.pork,
    }


def _declared(dish: DishWords, now: datetime) -> dict[str, Any]:
    return {"declared_at": now if dish.declared else None}


def _ingredients(dish_id: int, dish: DishWords) -> list[Ingredient]:
    return [
        Ingredient(dish_id=dish_id, rank=rank, name=each.name, quantity_milli=each.milli, unit=each.unit.value)
        for rank, each in enumerate(dish.ingredients)
    ]


async def _reads(row: Row, dish: DishWords) -> bool:
    """Whether the book says just this, and that somebody has said so if they did."""
    if (row["declared_at"] is not None) is not dish.declared or any(
        row[name] != value for name, value in _columns(dish).items()
    ):
        return False
    rows = await run("select name, quantity_milli, unit from ingredient where dish_id = {} order by rank", row["id"])
    there = [Amount(each["name"], each["quantity_milli"], Unit(each["unit"])) for each in rows]
    return there == list(dish.ingredients)


async def _meals_to_come(dish_id: int, *, now: datetime) -> list[int]:
    rows = await run(
        "select m.id from meal_dish d join meal m on m.id = d.meal_id where d.dish_id = {} and m.ends_at > {} "
        "and m.state in ('open', 'closed') order by m.id",
        dish_id,
        now,
    )
    return [row["id"] for row in rows]


async def _tell_gained(meal: Row, before: DishFacts, after: DishFacts, *, version: int, now: datetime) -> None:
    new, undone = gained([before], [after]), before.declared and not after.declared
    if not new and not undone:
        return
    if rules.is_closed(standing_of(meal), now=now):  # it is not what they booked
        await run("update meal set released_at = {} where id = {}", now, meal["id"])
        meal["released_at"] = now
    gives_back = rules.why_cannot_give_back(standing_of(meal), now=now) is None
    mail = wording.dish_gained(
        meal["title"], meal["starts_at"], dish=after.name, gained=new, undone=undone, gives_back=gives_back
    )
    members, guests = await people_at(meal)
    also = {member: wording.guests_told(names) for member, names in guests.items()}
    what = f"dish-{after.id}-gained-{version}"
    await tell(mail, {*members, *guests}, row=meal, kind=Kind.CHANGE, what=what, also=also, now=now)


async def _note(place_id: int, dish_id: int, act: str, name: str, *, by: int, now: datetime) -> None:
    """A line of the journal that members do not read."""
    await write_journal(
        place_id=place_id,
        at=now,
        voice="member",
        act=f"meal.{act}",
        kind=KIND,
        thing_id=dish_id,
        actor_id=by,
        title=name,
    )
