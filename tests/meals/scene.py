"""The cast, the application, a browser for each of them, and meals: what the tests of the pages of meals start from."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import httpx

from meals.states import Allergen, Job
from tests.client import Browser, World
from tests.meals.make import make_booking, make_dish, make_meal, make_turn
from tests.people import Cast


class Scene:
    """Les Tanneurs at noon on Tuesday 24 November 2026; its meals are on Friday 4 December at half past twelve."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.world = World()

    async def as_(self, member_id: int) -> Browser:
        return await self.world.browser_of(member_id, place_id=self.cast.place)

    def visitor(self) -> Browser:
        return self.world.browser(Accept_Language="fr")

    async def meal(self, **changes: Any) -> int:
        """A meal that Odile opened, with 24 seats."""
        return await make_meal(place_id=self.cast.place, opener=self.cast.odile, **changes)

    async def menu(self) -> list[int]:
        """Soup without anything; bread and a tart with gluten; the tart with eggs and milk too."""
        place = self.cast.place
        return [
            await make_dish(place_id=place, name="Soupe de lentilles corail"),
            await make_dish(place_id=place, name="Pain maison", allergens=[Allergen.GLUTEN]),
            await make_dish(
                place_id=place, name="Tarte aux poires", allergens=[Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK]
            ),
        ]

    async def booked(self, meal_id: int, member_id: int, seats: int = 1, **wish: Any) -> int:
        return await make_booking(meal_id=meal_id, member_id=member_id, seats=seats, now=self.world.now, **wish)

    async def turn(self, meal_id: int, job: Job = Job.COOK, **changes: Any) -> int:
        return await make_turn(meal_id=meal_id, job=job, **changes)


def part(page: httpx.Response, opening: str, closing: str) -> str:
    """The markup from the element that begins so to the next end that is written so."""
    found = re.search(rf"{re.escape(opening)}.*?{re.escape(closing)}", page.text, re.DOTALL)
    assert found is not None, f"{opening} is not on the page"
    return found[0]


def said(markup: str) -> str:
    """What a person reads of it."""
    plain = unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", plain).strip()
