"""The cast, the application and a browser for each of them: what the tests of the pages of turns start from."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx

from app.database import transaction
from rotas.commands.claiming import claim
from rotas.tables import RotaSetting
from tests.client import NOON, Browser, World
from tests.people import Cast
from tests.rotas.make import make_duty, make_slot

HOUR = timedelta(hours=1)
TOMORROW = NOON + timedelta(days=1)
"""Wednesday 25 November 2026, noon in Paris."""


class Scene:
    """Les Tanneurs at noon on Tuesday 24 November 2026."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.world = World()

    async def as_(self, member_id: int) -> Browser:
        return await self.world.browser_of(member_id, place_id=self.cast.place)

    async def slot(self, name: str = "Accueil", *, people: int = 2, who: tuple[int, ...] = (), **changes: Any) -> int:
        """A turn, tomorrow at noon, of a duty of this name of its own, taken by these people."""
        duty = {
            key: changes.pop(key) for key in ("act", "opens_place", "adults_only", "needs_training") if key in changes
        }
        duty_id = changes.pop("duty_id", None) or await make_duty(
            place_id=self.cast.place, name=name, icon="door", about="On ouvre, on dit bonjour.", **duty
        )
        slot_id = await make_slot(
            place_id=self.cast.place,
            duty_id=duty_id,
            people=people,
            starts_at=changes.pop("starts_at", TOMORROW),
            **changes,
        )
        for member_id in who:
            await claim(actor=member_id, slot_id=slot_id, sure=True, now=self.world.now - 4 * timedelta(days=1))
        return slot_id

    async def quiet(self) -> None:
        """The place says nothing of what is missing."""
        async with transaction():
            await RotaSetting.insert(RotaSetting(place_id=self.cast.place, quiet=True))


def turn(page: httpx.Response, slot_id: int) -> str:
    """The markup of one slot of a week."""
    found = re.search(rf'<li class="turn[^>]*data-id="{slot_id}".*?</li>', page.text, re.DOTALL)
    assert found is not None, f"turn {slot_id} is not on the page"
    return found[0]


def said(markup: str) -> str:
    """What a person reads of it."""
    plain = unescape(re.sub(r"<[^>]+>", " ", markup)).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", plain).strip()
