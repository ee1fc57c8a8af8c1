"""A member's own calendar addresses: one for each device, ten at most, each to be cut or changed at any moment.

Only a hash of the secret is kept. A cut address keeps its row, so that the device hears « gone » rather than « never
heard of it ».
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.calendar.rules import FeedWishes, why_cannot_add_feed
from app.calendar.tables import Feed
from app.database import command, get_for_update, transaction
from app.errors import NotFound, Refused
from app.identity.tables import Member
from app.identity.visits import hash_token


@command
async def add_feed(*, actor: int, wishes: FeedWishes, token: str, now: datetime) -> int:
    """A new address, opened by this token; returns the feed's id. Refused beyond ten."""
    async with transaction():
        await get_for_update(Member, actor)
        refusal = why_cannot_add_feed(feeds=await Feed.count().where(_living(actor)))
        if refusal is not None:
            raise Refused(refusal)
        return await _insert(actor, wishes, token, now)
    raise AssertionError  # mypy thinks that a transaction may swallow an error


@command
async def renew_feed(*, actor: int, feed_id: int, token: str, now: datetime) -> int:
    """The same feed at another address; the old one is cut at once. Raises `NotFound` for one that is cut already."""
    async with transaction():
        await get_for_update(Member, actor)
        old = await _revoked(actor, feed_id, now)
        if not old:
            raise NotFound
        row = old[0]
        wishes = FeedWishes(row["name"], bool(row["discreet"]), bool(row["private"]), row["alarm_minutes"])
        return await _insert(actor, wishes, token, now)
    raise AssertionError  # mypy thinks that a transaction may swallow an error


@command
async def change_feed(*, actor: int, feed_id: int, wishes: FeedWishes, now: datetime) -> None:
    """Other choices for the same address. `modified_at` moves, so that devices take them over. Raises `NotFound`."""
    async with transaction():
        found = await get_for_update(Feed, feed_id)
        if not found or found[0]["member_id"] != actor or found[0]["revoked_at"] is not None:
            raise NotFound
        row = found[0]
        values: dict[Any, Any] = {
            Feed.name: wishes.name,
            Feed.discreet: wishes.discreet,
            Feed.private: wishes.private,
            Feed.alarm_minutes: wishes.alarm_minutes,
        }
        told = (bool(row["discreet"]), bool(row["private"]), row["alarm_minutes"])
        if told != (wishes.discreet, wishes.private, wishes.alarm_minutes):
            values[Feed.modified_at] = now
        await Feed.update(values).where(Feed.id == feed_id)


@command
async def cut_feed(*, actor: int, feed_id: int, now: datetime) -> None:
    """This address opens nothing any more. Cutting twice is cutting once; raises `NotFound` for another's."""
    async with transaction():
        if not await _revoked(actor, feed_id, now) and not await Feed.exists().where(
            (Feed.id == feed_id) & (Feed.member_id == actor)
        ):
            raise NotFound


def _living(member_id: int) -> Any:
    return (Feed.member_id == member_id) & Feed.revoked_at.is_null()


async def _revoked(actor: int, feed_id: int, now: datetime) -> list[dict[str, Any]]:
    where = _living(actor) & (Feed.id == feed_id)
    return await Feed.update({Feed.revoked_at: now}).where(where).returning(*Feed.all_columns())


async def _insert(actor: int, wishes: FeedWishes, token: str, now: datetime) -> int:
    rows = await Feed.insert(
        Feed(
            member_id=actor,
            token_hash=hash_token(token),
            name=wishes.name,
            discreet=wishes.discreet,
            private=wishes.private,
            alarm_minutes=wishes.alarm_minutes,
            created_at=now,
            modified_at=now,
        )
    ).returning(Feed.id)
    return int(rows[0]["id"])
