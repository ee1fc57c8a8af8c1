"""One's own calendar addresses, as their page lists them: never with their secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.database import run


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One calendar address of a member, without its secret."""

    id: int
    token_hash: str
    name: str
    discreet: bool
    private: bool
    alarm_minutes: int | None
    created_at: datetime
    read_at: datetime | None


async def my_feeds(member_id: int) -> list[FeedLine]:
    """The member's calendar addresses that open something, the first made first."""
    rows = await run(
        "select id, token_hash, name, discreet, private, alarm_minutes, created_at, read_at from feed "
        "where member_id = {} and revoked_at is null order by id",
        member_id,
    )
    return [FeedLine(**{**row, "discreet": bool(row["discreet"]), "private": bool(row["private"])}) for row in rows]
