"""What openers of the tests wish: a plan of a meal, and the same plan changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.database import run
from meals.commands.opening import edit_meal, open_meal
from meals.facts import turns_of
from meals.plan import MealPlan, PlannedDish, PlannedTurn
from meals.rules import Prices
from meals.states import Job
from tests.client import NOON
from tests.meals.make import CLOSES, START
from tests.people import Cast
from tests.rotas.make import make_duty

HOUR = timedelta(hours=1)
SOUP = PlannedDish(None, name="Soupe de lentilles")


def a_plan(**changes: Any) -> MealPlan:
    """Soup for 24 in ten days at half past twelve, closed the day before at 18 h, nobody wanted to help."""
    plain: dict[str, Any] = {
        "title": "Soupe de lentilles",
        "starts_at": START,
        "ends_at": START + 2 * HOUR,
        "closes_at": CLOSES,
        "seats": 24,
        "prices": Prices(300, 500, 800),
        "dishes": (SOUP,),
    }
    return MealPlan(**{**plain, **changes})


async def turns_for(cast: Cast, *jobs: Job, people: int = 2) -> tuple[PlannedTurn, ...]:
    """People wanted for these jobs, each of a duty of its own: shopping the evening before, cooking for the three hours
    before the meal, serving during it, washing up after."""
    spans = {
        Job.SHOP: (CLOSES + HOUR, CLOSES + 2 * HOUR),
        Job.COOK: (START - 3 * HOUR, START),
        Job.SERVE: (START, START + 2 * HOUR),
        Job.WASH: (START + 2 * HOUR, START + 3 * HOUR),
        Job.TILL: (START, START + HOUR),
    }
    return tuple(
        [
            PlannedTurn(job, await make_duty(place_id=cast.place, name=f"Rôle {job.value}"), *spans[job], people)
            for job in jobs
        ]
    )


async def opened(cast: Cast, *, actor: int | None = None, once: str = "", now: datetime = NOON, **changes: Any) -> int:
    """A meal that Odile opened."""
    plan = a_plan(**changes)
    return await open_meal(
        actor=actor or cast.odile, place_id=cast.place, plan=plan, once=once or repr(plan)[-60:], now=now
    )


async def plan_of(meal_id: int, *, now: datetime = NOON) -> MealPlan:
    """The meal as its editing form shows it, with a soup where it has no menu yet."""
    (row,) = await run("select * from meal where id = {}", meal_id)
    dishes = await run("select * from meal_dish where meal_id = {} order by rank", meal_id)
    return MealPlan(
        title=row["title"],
        about=row["about"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        closes_at=row["closes_at"],
        room_id=row["room_id"],
        seats=row["seats"],
        prices=Prices(row["low_cents"], row["fair_cents"], row["more_cents"]),
        cooks_least=row["cooks_least"],
        dishes=tuple(PlannedDish(each["dish_id"], each["portions"], each["instead"]) for each in dishes) or (SOUP,),
        turns=tuple(
            PlannedTurn(job, slot.duty_id, slot.starts_at, slot.ends_at, slot.people, slot.id)
            for job, slot in await turns_of(meal_id, now=now)
        ),
    )


async def planned_turns(meal_id: int) -> tuple[PlannedTurn, ...]:
    """Its team, as its editing form shows it."""
    turns = (await plan_of(meal_id)).turns
    assert turns is not None
    return turns


async def edited(meal_id: int, *, actor: int, now: datetime = NOON, version: int | None = None, **changes: Any) -> None:
    """As it is, but for these."""
    (row,) = await run("select version from meal where id = {}", meal_id)
    plan = replace(await plan_of(meal_id, now=now), **changes)
    await edit_meal(
        actor=actor, meal_id=meal_id, plan=plan, version=row["version"] if version is None else version, now=now
    )


async def moved(meal_id: int, by: timedelta, *, actor: int, now: datetime = NOON, **changes: Any) -> None:
    """So much later, and closed so much later."""
    plan = await plan_of(meal_id)
    hours = {"starts_at": plan.starts_at + by, "ends_at": plan.ends_at + by, "closes_at": plan.closes_at + by}
    await edited(meal_id, actor=actor, now=now, **{**hours, **changes})


def without(turns: Sequence[PlannedTurn], job: Job) -> tuple[PlannedTurn, ...]:
    return tuple(turn for turn in turns if turn.job is not job)


def words(mail: dict[str, Any]) -> str:
    """What a message says, with ordinary spaces."""
    return str(mail["body"]).replace("\u00a0", " ").replace("\u202f", " ")
