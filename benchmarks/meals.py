"""The meals of the place that is measured: forty at which seats are booked, one that more people want to come to than
it has seats; and whether anybody got lost or stands on a seat that is not there.

They are opened by whoever opens the demonstration's meals, from its dish book, and lie beyond all the rest, so that
agendas of the next weeks are as they were. The page that is measured is the demonstration's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from app.clock import at_local, local_day
from app.database import run
from benchmarks.programs import Failed
from meals.commands.opening import open_meal
from meals.plan import MealPlan, PlannedDish
from meals.rules import PRICES, SEATS_OF_A_MEAL, Prices

BEYOND = timedelta(days=60)
MEALS = 40
RUSH_SEATS = 24
DISHES = 3
STILL_OPEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking that nobody has made yet."""

    meal_id: int
    session: str


@dataclass(frozen=True, slots=True)
class Meals:
    """What a measure needs to know of them."""

    page_id: int = 0
    """A meal to come with people at its table, a menu, a team that lacks somebody, and seats left."""
    bookings: tuple[Booking, ...] = ()
    """One of each person and meal, in no order."""
    rush_id: int = 0
    rush: tuple[str, ...] = ()
    """The sessions of those who want to come to that one."""


async def to_come(place_id: int, *, now: datetime) -> None:
    """Open them; the last is the one that is too small."""
    (last,) = await run(
        "select opener_id from meal where place_id = {} and opener_id is not null order by id desc limit 1", place_id
    )
    book = await run(
        "select id from dish where place_id = {} and retired_at is null order by id limit {}", place_id, DISHES
    )
    for number in range(MEALS + 1):
        day = local_day(now + BEYOND) + timedelta(days=number)
        plan = MealPlan(
            title=f"On mange à plusieurs, la {number + 1}e fois",
            about="Chacun apporte ce qu’il sait faire, et on lave ensemble.",
            starts_at=at_local(day, time(12, 30)),
            ends_at=at_local(day, time(14)),
            closes_at=at_local(day - timedelta(days=1), time(18)),
            seats=RUSH_SEATS if number == MEALS else SEATS_OF_A_MEAL[1],
            prices=Prices(*PRICES),
            dishes=tuple(PlannedDish(row["id"]) for row in book),
        )
        await open_meal(actor=last["opener_id"], place_id=place_id, plan=plan, once=f"benchmark-meal-{number}", now=now)


async def measured(place_id: int, reader: int, browsers: dict[int, str], *, chance: Random, now: datetime) -> Meals:
    """What was opened, and who of `browsers` (member → session) could book where; the page is one at which this reader
    has no seat."""
    page = await run(
        "select id from meal where place_id = {} and state = 'open' and closes_at > {} and starts_at < {} "
        "and taken > 0 and taken < seats and not exists (select 1 from booking b where b.meal_id = meal.id "
        "and b.member_id = {}) order by taken desc, id limit 1",
        *(place_id, now + STILL_OPEN, now + BEYOND, reader),
    )
    if not page:
        raise RuntimeError("The demonstration has no meal to come that its reader could book.")
    *ids, rush_id = [
        row["id"]
        for row in await run(
            "select id from meal where place_id = {} and starts_at >= {} order by starts_at, id",
            *(place_id, at_local(local_day(now + BEYOND), time())),
        )
    ]
    bookings = [Booking(meal_id, session) for meal_id in ids for session in browsers.values()]
    chance.shuffle(bookings)
    return Meals(page[0]["id"], tuple(bookings), rush_id, tuple(browsers.values()))


async def check_tables(meals: Meals, made_at: datetime, acknowledged: int) -> None:
    """No table may have more people than seats, count others than it has, or lose one who was told yes; raises
    `Failed`. `acknowledged`: bookings since `made_at`."""
    tables = await run(
        "select m.id, m.seats, m.taken, coalesce((select sum(p.seats) from booking_part p where p.meal_id = m.id "
        "and p.state in ('confirmed', 'attended', 'offered', 'held')), 0) as there from meal m order by m.id"
    )
    if over := [row for row in tables if row["there"] > row["seats"]]:
        raise Failed(f"More people than seats: {over}")
    if wrong := [row for row in tables if row["there"] != row["taken"]]:
        raise Failed(f"Seats are counted wrongly: {wrong}")
    (made,) = await run("select count(*) as many from booking where made_at > {} and active = {}", made_at, True)
    if made["many"] != acknowledged:
        raise Failed(f"{acknowledged} bookings were acknowledged, {made['many']} are there.")
    for row in tables:
        if row["id"] == meals.rush_id and row["there"] != row["seats"]:
            raise Failed(f"{row['there']} people on {row['seats']} seats after the rush.")
