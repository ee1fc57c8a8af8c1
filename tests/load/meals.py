"""What storms at meals begin with, what people send, and what is looked at afterwards.

The meal stands in the place of a `Scene`, which no other storm looks at; its bookings are told apart by their ids.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from app import clock
from app.database import run, transaction
from meals.commands.steps import locked
from meals.facts import offer_key
from meals.forms_keeping import local_fields
from tests.load.scenes import Scene, in_ten_days
from tests.load.test_places import FIRST, Turn
from tests.meals.make import make_dish, make_meal
from tests.meals.reads import all_parts, bookings, meal
from tests.servers import Person

LIVE = ("confirmed", "offered", "waiting")


async def a_meal(scene: Scene, *, seats: int = 40, dishes: Sequence[int] = (), **changes: Any) -> int:
    """One of the first host, in ten days at half past twelve, with a soup if it has no other menu; bookings close the
    day before at 18 h."""
    return await make_meal(
        place_id=scene.place,
        opener=scene.hosts[0],
        seats=seats,
        starts_at=in_ten_days(12) + timedelta(minutes=30),
        dishes=dishes or [await make_dish(place_id=scene.place)],
        now=clock.now(),
        **changes,
    )


# ---------------------------------------------------------------------------------------------------- what people send


@dataclass(frozen=True)
class Ask:
    """A form that somebody sends."""

    member: int
    path: str
    form: Mapping[str, str] = field(default_factory=dict)


def a_booking(meal_id: int, member: int, **form: Any) -> Ask:
    """As the form of the meal's page sends it."""
    return Ask(member, f"/repas/{meal_id}/reservations", {name: str(value) for name, value in form.items()})


async def rush(scene: Scene, asks: Sequence[Ask], *, first: int = FIRST) -> list[Turn]:
    """All are sent: so many at the same moment, each of the others when one more of them has been answered."""
    may_come = asyncio.Semaphore(first)

    async def one(ask: Ask, browser: Person) -> Turn:
        await may_come.acquire()
        asked = time.monotonic()
        answer = await browser.post(ask.path, ask.form)
        may_come.release()
        return Turn(ask.member, asked, time.monotonic(), answer)

    browsers = await scene.browsers([ask.member for ask in asks])
    return await asyncio.gather(*[one(ask, browser) for ask, browser in zip(asks, browsers, strict=True)])


async def resized(scene: Scene, meal_id: int, seats: int) -> httpx.Response:
    """Its opener says how many seats it has, and leaves everything else as the form showed it."""
    (opener,) = await scene.browsers(scene.hosts[:1])
    return await opener.post(f"/repas/{meal_id}/changer", await edit_form(meal_id, seats=seats))


async def edit_form(meal_id: int, **changes: object) -> dict[str, str]:
    """The form that changes it, as it stands but for these."""
    row = await meal(meal_id)
    day, begins = local_fields(row["starts_at"])
    closes_day, closes_hour = local_fields(row["closes_at"])
    dishes = await run(
        "select d.name from meal_dish m join dish d on d.id = m.dish_id where m.meal_id = {} order by m.rank", meal_id
    )
    plain = {
        "title": row["title"],
        "day": day,
        "from": begins,
        "to": local_fields(row["ends_at"])[1],
        "closes_day": closes_day,
        "closes_hour": closes_hour,
        "seats": row["seats"],
        "about": row["about"],
        **{name: f"{row[f'{name}_cents'] // 100}" for name in ("low", "fair", "more")},
        "cooks_least": row["cooks_least"],
        **{f"dish_{number}": dish["name"] for number, dish in enumerate(dishes, 1)},
        "version": row["version"],
    }
    return {name: str(value) for name, value in (plain | changes).items()}


@dataclass(frozen=True)
class Offer:
    """Seats that are kept for somebody."""

    member: int
    booking: int
    key: str

    def answer(self, yes: bool) -> Ask:
        """As the ticket's form sends it."""
        form = {"answer": "yes" if yes else "no", "offer": self.key}
        return Ask(self.member, f"/reservations/{self.booking}/reponse", form)


async def offers(meal_id: int) -> list[Offer]:
    """Those that nobody answered yet, in the order of the list."""
    rows = await run(
        "select p.id, p.offered_at, b.id as booking_id, b.member_id from booking_part p "
        "join booking b on b.id = p.booking_id where p.meal_id = {} and p.state = 'offered' order by p.queue, p.id",
        meal_id,
    )
    return [Offer(row["member_id"], row["booking_id"], offer_key(row["id"], row["offered_at"])) for row in rows]


async def time_is_up(meal_id: int, members: Sequence[int]) -> None:
    """What is kept for these should have been answered by now."""
    async with transaction():
        await locked(meal_id)
        for member in members:
            await run(
                "update booking_part set offer_until = {} where meal_id = {} and state = 'offered' "
                "and booking_id in (select id from booking where meal_id = {} and member_id = {})",
                *(clock.now(), meal_id, meal_id, member),
            )


# --------------------------------------------------------------------------------------------------- what is looked at


async def who_sits(meal_id: int) -> dict[int, dict[str, int]]:
    """How many seats of each booking are in each state, in the order in which they were booked."""
    found: dict[int, dict[str, int]] = {each["id"]: {} for each in await bookings(meal_id)}
    for part in await all_parts(meal_id):
        states = found[part["booking_id"]]
        states[part["state"]] = states.get(part["state"], 0) + part["seats"]
    return found


async def seats_of(meal_id: int, *states: str) -> int:
    """How many seats are in one of these states."""
    return sum(part["seats"] for part in await all_parts(meal_id) if part["state"] in states)


async def told_of(meal_id: int) -> Counter[tuple[int, str]]:
    """How many messages about this meal each member got, by kind."""
    rows = await run("select member_id, kind from outbox where about_kind = 'meal' and about_id = {}", meal_id)
    return Counter((row["member_id"], row["kind"]) for row in rows)
