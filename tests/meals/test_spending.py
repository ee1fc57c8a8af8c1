"""Which meals food may be bought for, and by whom: those around today, by who opened them or has a turn of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import Store
from meals.spending import AHEAD, BACK, SPENDS
from meals.states import Job, MealState
from rotas.commands import claim, free
from tests.client import NOON
from tests.factories import make_place
from tests.meals.make import make_meal, make_turn
from tests.people import Cast, make_cast

HOUR = timedelta(hours=1)


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


async def near(cast: Cast, member_id: int | None = None) -> list[int]:
    return [each.thing_id for each in await SPENDS.near(cast.place, member_id, NOON)]


async def test_those_around_today_the_latest_past_one_first(cast: Cast) -> None:
    starts = {
        "long ago": NOON - BACK,
        "before": NOON - 40 * 24 * HOUR,
        "yesterday": NOON - 24 * HOUR,
        "tomorrow": NOON + 24 * HOUR,
        "next week": NOON + 7 * 24 * HOUR,
        "too far": NOON + AHEAD,
    }
    ids = {
        name: await make_meal(place_id=cast.place, opener=cast.odile, starts_at=at, title=name)
        for name, at in starts.items()
    }
    await make_meal(place_id=await make_place(), opener=cast.odile, starts_at=NOON)
    assert await near(cast) == [ids[name] for name in ("yesterday", "before", "tomorrow", "next week")]
    named = await SPENDS.by_id([ids["long ago"], 999_999])
    assert {key: (each.title, each.href) for key, each in named.items()} == {
        ids["long ago"]: ("long ago", f"/repas/{ids['long ago']}")
    }


async def test_what_was_called_off_may_have_cost_something(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile, state=MealState.CANCELLED.value)
    assert await near(cast, cast.odile) == [meal]


async def test_by_whoever_opened_it_or_has_a_turn_of_it_now(cast: Cast) -> None:
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    slot = await make_turn(meal_id=meal, job=Job.SHOP)
    assert await near(cast, cast.odile) == [meal]
    assert await near(cast, cast.samira) == []
    await claim(actor=cast.samira, slot_id=slot, now=NOON)
    assert await near(cast, cast.samira) == [meal]
    await free(actor=cast.samira, slot_id=slot, member_id=cast.samira, now=NOON)
    assert await near(cast, cast.samira) == []
