"""The menu of a meal: its dishes in order, those of the book and new ones, and what is searched for it.

Inside the caller's transaction, which has locked the place's row: a dish and the menus that it is on change one after
the other, so that nobody who booked misses what a dish gains.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from app.database import run
from app.errors import NotFound, Refused
from app.i18n import Text, text
from app.identity.rules import name_key
from meals import wording
from meals.facts import Row, menu_of
from meals.kitchen import DishFacts, allergens_of
from meals.labels import ALLERGEN_NAMES
from meals.plan import PlannedDish
from meals.states import Allergen, MealRefusal
from meals.tables import Dish, Ingredient, Meal, MealDish


def kept_allergens(allergens: Collection[Allergen]) -> str:
    """For the column `dish.allergens`, in the order of the annex."""
    return ",".join(each.value for each in Allergen if each in allergens)


def gained(before: Iterable[DishFacts], after: Iterable[DishFacts]) -> list[Text]:
    """What these dishes hold that those did not, in words: allergens, meat, pork."""
    before, after = list(before), list(after)
    known = allergens_of(before)
    found = [text(ALLERGEN_NAMES[each]) for each in allergens_of(after) if each not in known]
    if any(dish.pork for dish in after) and not any(dish.pork for dish in before):
        found.append(wording.PORK)
    if any(dish.meat for dish in after) and not any(dish.meat or dish.pork for dish in before):
        found.append(wording.MEAT)
    return found


async def book_of(place_id: int) -> dict[str, int]:
    """The place's dishes that are still made: id by name, as names are compared."""
    rows = await run("select id, name from dish where place_id = {} and retired_at is null order by id", place_id)
    return {name_key(row["name"]): row["id"] for row in rows}


async def settle_menu(
    dishes: Sequence[PlannedDish], *, place_id: int, actor: int, now: datetime, kept: Collection[int] = ()
) -> list[int]:
    """The ids of these dishes, new ones written into the book by their names alone: what they hold is not declared yet.
    One that is not made any more only where it is `kept`. Refused without any, or with one twice."""
    if not dishes:
        raise Refused(MealRefusal.NO_DISHES)
    book = await book_of(place_id)
    made = {*book.values(), *kept}
    ids: list[int] = []
    for each in dishes:
        dish_id = book.get(name_key(each.name)) if each.dish_id is None else each.dish_id
        if dish_id is None:
            dish_id = await _new_dish(each.name, place_id=place_id, actor=actor, now=now)
            book[name_key(each.name)] = dish_id
        elif dish_id not in made:
            raise NotFound
        if dish_id in ids:
            raise Refused(MealRefusal.DISH_DOUBLE)
        ids.append(dish_id)
    return ids


async def _new_dish(name: str, *, place_id: int, actor: int, now: datetime) -> int:
    if not name.strip():
        raise ValueError("a dish without a name")
    made = await Dish.insert(
        Dish(place_id=place_id, name=name, search_key=name_key(name), written_by=actor, created_at=now)
    ).returning(Dish.id)
    return int(made[0]["id"])


async def write_menu(meal: Row, dishes: Sequence[PlannedDish], ids: Sequence[int]) -> bool:
    """Bring the menu to these dishes (`ids`, as `settle_menu` gives them), and what is searched of the meal; whether
    anything changed."""
    planned = zip(ids, dishes, strict=True)
    wanted = [(dish_id, rank, each.portions, each.instead) for rank, (dish_id, each) in enumerate(planned)]
    there = await run("select * from meal_dish where meal_id = {} order by rank, id", meal["id"])
    changed = [(row["dish_id"], row["rank"], row["portions"], row["instead"]) for row in there] != wanted
    if changed:
        await MealDish.delete().where(MealDish.meal_id == meal["id"])
        await MealDish.insert(
            *(
                MealDish(meal_id=meal["id"], dish_id=dish_id, rank=rank, portions=portions, instead=instead)
                for dish_id, rank, portions, instead in wanted
            )
        )
    await write_search_key(meal["id"])
    return changed


async def write_search_key(meal_id: int) -> None:
    """Title, words and dishes, as they are searched."""
    (row,) = await run("select title, about from meal where id = {}", meal_id)
    names = [dish.name for dish in await menu_of(meal_id)]
    await Meal.update({Meal.search_key: name_key("\n".join([row["title"], row["about"], *names]))}).where(
        Meal.id == meal_id
    )


async def write_ingredients(dish_id: int, rows: Sequence[Ingredient]) -> None:
    """These, in place of what the dish needed."""
    await Ingredient.delete().where(Ingredient.dish_id == dish_id)
    if rows:
        await Ingredient.insert(*rows)
