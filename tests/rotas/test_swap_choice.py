"""Turns that are proposed for a swap: under their weeks, and only those at whose hours one may come."""

from __future__ import annotations

import re

from app.database import Store
from tests.factories import make_workshop
from tests.people import Cast
from tests.rotas.make import DAY, make_duty
from tests.rotas.scene import HOUR, TOMORROW, Scene


async def test_turns_at_hours_when_one_is_busy_are_not_proposed(cast: Cast, db: Store) -> None:
    scene = Scene(cast)
    slot_id = await scene.slot(people=1, who=(cast.karim,))
    beside = await scene.slot("Courses", people=1, who=(cast.aicha,), starts_at=TOMORROW + HOUR)
    await make_workshop(place_id=cast.place, host=cast.karim, mediator=cast.bruno, starts_at=TOMORROW + DAY)
    await scene.slot("Cuisine", people=1, who=(cast.aicha,), starts_at=TOMORROW + DAY)
    karim = await scene.as_(cast.karim)
    path = f"/tours/{slot_id}/empechement"

    async def proposed() -> tuple[list[int], int]:
        await make_duty(place_id=cast.place, name="Autre")  # so that nothing that was read is kept
        before = db.query_id
        page = await karim.get(path)
        asked = int(db.query_id - before)
        return [int(found) for found in re.findall(r'<option value="(\d+)"', page.text)], asked

    found, asked = await proposed()
    assert found == [beside], "the turn that one gives for it is no hindrance"
    later = [
        await scene.slot(f"Rôle {n}", people=1, who=(cast.aicha,), starts_at=TOMORROW + (n + 2) * DAY) for n in range(9)
    ]
    assert await proposed() == ([beside, *later], asked)
