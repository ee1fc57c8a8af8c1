"""Builders of what a test of meals starts from, keyword-only, with plain defaults."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.database import run, transaction
from meals.commands.booking import book
from meals.commands.giving_back import answer_offer
from meals.commands.steps import locked, write_entry
from meals.facts import offer_key, source_of
from meals.rules import Wish
from meals.states import Allergen, Diet, Job, MealState, Unit
from meals.tables import Dish, Ingredient, Meal, MealDish, MealTurn
from rotas.api import Wanted, open_slots
from rotas.commands import claim
from tests.client import NOON
from tests.factories import make_member, writing
from tests.people import Cast
from tests.rotas.make import make_duty

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOON + 10 * DAY + HOUR / 2
"""When meals of the tests begin: in ten days, at half past twelve in Paris."""
CLOSES = NOON + 9 * DAY + 6 * HOUR
"""The day before, at 18 h."""
AFTER_CLOSING = CLOSES + HOUR

_numbers = itertools.count(1)


async def make_meal(
    *,
    place_id: int,
    opener: int,
    title: str = "Soupe de lentilles",
    seats: int = 24,
    starts_at: datetime = START,
    hours: float = 2,
    closes_at: datetime | None = None,
    dishes: Sequence[int] = (),
    now: datetime = NOON,
    **changes: Any,
) -> int:
    """An open meal in the calendar, with these dishes on its menu and nobody at its table."""
    plain: dict[str, Any] = {
        "once": f"once-{next(_numbers)}",
        "low_cents": 300,
        "fair_cents": 500,
        "more_cents": 800,
        "state": MealState.OPEN.value,
        "created_at": now,
        "modified_at": now,
    }
    async with writing():
        made = await Meal.insert(
            Meal(
                place_id=place_id,
                opener_id=opener,
                title=title,
                seats=seats,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=hours),
                closes_at=closes_at if closes_at is not None else starts_at - (START - CLOSES),
                **{**plain, **changes},
            )
        ).returning(Meal.id)
        meal_id = int(made[0]["id"])
        for rank, dish_id in enumerate(dishes):
            await MealDish.insert(MealDish(meal_id=meal_id, dish_id=dish_id, rank=rank))
        await write_entry(await locked(meal_id), now=now)
    return meal_id


async def make_dish(
    *,
    place_id: int,
    name: str = "Soupe de lentilles corail",
    allergens: Collection[Allergen] = (),
    ingredients: Sequence[tuple[str, int, Unit]] = (),
    **changes: Any,
) -> int:
    """A dish of the book. `ingredients`: name, thousandths of the unit for ten portions, unit."""
    async with writing():
        made = await Dish.insert(
            Dish(
                place_id=place_id,
                name=name,
                search_key=name.casefold(),
                allergens=",".join(each.value for each in Allergen if each in allergens),
                created_at=NOON,
                **{"declared_at": NOON, **changes},
            )
        ).returning(Dish.id)
        dish_id = int(made[0]["id"])
        for rank, (what, milli, unit) in enumerate(ingredients):
            await Ingredient.insert(
                Ingredient(dish_id=dish_id, rank=rank, name=what, quantity_milli=milli, unit=unit.value)
            )
    return dish_id


async def make_turn(
    *,
    meal_id: int,
    job: Job = Job.COOK,
    duty_id: int | None = None,
    hours_before: float = 3,
    hours: float = 2,
    people: int = 2,
    holders: Sequence[int] = (),
    now: datetime = NOON,
) -> int:
    """A turn of the meal's team that these people have taken; returns the slot's id."""
    async with writing():
        row = await locked(meal_id)
        duty_id = duty_id or await make_duty(place_id=row["place_id"], name=f"{job.value} {next(_numbers)}")
        starts_at = row["starts_at"] - timedelta(hours=hours_before)
        (slot_id,) = await open_slots(
            source=source_of(meal_id, row["title"]),
            place_id=row["place_id"],
            room_id=None,
            wanted=[Wanted(duty_id, starts_at, starts_at + timedelta(hours=hours), people)],
            now=now,
        )
        await MealTurn.insert(MealTurn(meal_id=meal_id, slot_id=slot_id, job=job.value))
    for member_id in holders:
        await claim(actor=member_id, slot_id=slot_id, now=now)
    return slot_id


def a_wish(seats: int = 1, **changes: Any) -> Wish:
    """So many seats at the fair price, paid on site."""
    return Wish(**{"seats": seats, "price_cents": 500, **changes})


async def make_booking(
    *,
    meal_id: int,
    member_id: int,
    seats: int = 1,
    diets: Mapping[Diet, int] | None = None,
    now: datetime = NOON,
    **wish: Any,
) -> int:
    """Seats of a member at the meal, or on its list if there are none."""
    made = await book(actor=member_id, meal_id=meal_id, wish=a_wish(seats, **wish), diets=diets or {}, now=now)
    return made.id


async def answer(
    *, actor: int, booking_id: int, yes: bool, offers: Collection[str] | None = None, now: datetime
) -> None:
    """Say yes or no to these offers, or to all that the booking was made."""
    if offers is None:
        kept = await run(
            "select id, offered_at from booking_part where booking_id = {} and offered_at is not null", booking_id
        )
        offers = [offer_key(part["id"], part["offered_at"]) for part in kept]
    await answer_offer(actor=actor, booking_id=booking_id, yes=yes, offers=offers, now=now)


async def make_crowd(cast: Cast, count: int, **changes: Any) -> list[int]:
    """So many members of the place."""
    async with writing():
        return [await make_member(place_id=cast.place, **changes) for _ in range(count)]


async def change_meal(meal_id: int, **columns: Any) -> None:
    """Write these columns of the meal, as if it had come to this."""
    async with transaction():
        values: dict[Any, Any] = columns
        await Meal.update(values).where(Meal.id == meal_id)
