"""The three prices of a place: what meals that are opened there cost, unless their opener says otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import holds
from app.identity.states import Act
from app.identity.tables import Place
from app.journal import write_journal
from meals.rules import Prices
from meals.states import MealRefusal
from meals.tables import MealSetting


@command
async def set_prices(*, actor: int, place_id: int, prices: Prices, version: int, now: datetime) -> None:
    """Set what this place takes; `version` is the one that was read, 0 where nobody has set any. Raises `Refused` for
    whoever does not keep it, and where somebody set them meanwhile; the same again changes nothing."""
    if not 0 <= prices.low <= prices.fair <= prices.more:
        raise ValueError(f"no three prices: {prices}")
    async with transaction():
        places = await get_for_update(Place, place_id)
        if not places:
            raise NotFound
        if not await holds(actor, place_id, Act.KEEP_PLACE, now):
            raise Refused(MealRefusal.ONLY_KEEPER)
        columns: dict[Any, Any] = {"low_cents": prices.low, "fair_cents": prices.fair, "more_cents": prices.more}
        found = await run(
            "select low_cents, fair_cents, more_cents, version from meal_setting where place_id = {}", place_id
        )
        stands = dict(found[0]) if found else {"version": 0}
        if columns.items() <= stands.items():
            return
        if version != stands["version"]:
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        columns["version"] = version + 1
        if found:
            await MealSetting.update(columns).where(MealSetting.place_id == place_id)
        else:
            await MealSetting.insert(MealSetting(place_id=place_id, **columns))
        await write_journal(
            place_id=place_id,
            at=now,
            voice="bureau",
            act="meal.prices",
            kind="place",
            thing_id=place_id,
            actor_id=actor,
            title="",
        )
