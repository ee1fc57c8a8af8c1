"""What is forgotten, and only that."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.calendar.jobs import CUT_KEPT_FOR, forget_cut_feeds
from app.calendar.tables import Feed
from app.database import Store, transaction
from tests.client import NOON
from tests.people import make_cast


async def test_addresses_that_were_cut_long_ago_are_forgotten_once(db: Store) -> None:
    cast = await make_cast()
    cut: dict[str, datetime | None] = {
        "alive": None,
        "yesterday": NOON - timedelta(days=1),
        "just within": NOON - CUT_KEPT_FOR,
        "long ago": NOON - CUT_KEPT_FOR - timedelta(seconds=1),
    }
    async with transaction():
        for name, revoked_at in cut.items():
            created_at = NOON - timedelta(days=900)
            await Feed.insert(
                Feed(
                    member_id=cast.karim,
                    token_hash=name,
                    name=name,
                    created_at=created_at,
                    modified_at=created_at,
                    revoked_at=revoked_at,
                )
            )
    assert await forget_cut_feeds(NOON) == 1
    assert await forget_cut_feeds(NOON) == 0
    left = await Feed.select(Feed.name).order_by(Feed.id)
    assert [row["name"] for row in left] == ["alive", "yesterday", "just within"]
