"""That somebody was here today: sessions are forgotten, the last day is not (`inactivity` asks for it)."""

from __future__ import annotations

from datetime import datetime

from app.clock import local_day
from app.database import run


async def note_presence(member_id: int, *, now: datetime) -> None:
    """This member is here today. Needs the caller's transaction; writes once a day."""
    await run(
        "insert into presence (member_id, active_on) values ({}, {}) on conflict (member_id) do update "
        "set active_on = excluded.active_on where presence.active_on < excluded.active_on",
        member_id,
        local_day(now),
    )
