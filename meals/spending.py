"""What of meals the accounts ask for: the meals that food may be bought for, and who makes them.

Food is bought before the meal, and receipts are found in a pocket weeks after it; a meal that was called off may have
cost something too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.contracts import Spendable, Spends
from app.database import run
from meals.facts import KIND, Row
from rotas.api import made_by

AHEAD = timedelta(days=15)
BACK = timedelta(days=61)
MOST = 60
"""Meals to choose among: two a day for a month."""


def _spendable(row: Row) -> Spendable:
    return Spendable(row["id"], row["title"], row["starts_at"], f"/repas/{row['id']}")


async def near(place_id: int, member_id: int | None, now: datetime) -> Sequence[Spendable]:
    """The meals of the place around this day, those that are past first, the latest of them first."""
    rows = await run(
        "select id, title, starts_at, opener_id from meal where place_id = {} and starts_at > {} and starts_at < {} "
        "order by starts_at desc, id desc limit {}",
        place_id,
        now - BACK,
        now + AHEAD,
        MOST,
    )
    if member_id is not None:
        theirs = await made_by(member_id, KIND, [row["id"] for row in rows])
        rows = [row for row in rows if row["opener_id"] == member_id or row["id"] in theirs]
    past = [row for row in rows if row["starts_at"] <= now]
    coming = [row for row in reversed(rows) if row["starts_at"] > now]
    return [_spendable(row) for row in past + coming]


async def by_id(ids: Sequence[int]) -> Mapping[int, Spendable]:
    """These meals, whenever they are."""
    marks = ", ".join("{}" for _ in ids)
    rows = await run(f"select id, title, starts_at from meal where id in ({marks})", *ids)  # noqa: S608 - marks only
    return {row["id"]: _spendable(row) for row in rows}


SPENDS = Spends(KIND, near, by_id)
