"""Places of weekly patterns that somebody holds every week: who does, what becomes of it when the pattern changes or
ends. Inside the caller's transaction, which has locked the patterns and those who hold.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import run
from app.notices.api import Kind
from rotas import rules, wording_slots
from rotas.commands.moving import tell_of_place
from rotas.facts import Row
from rotas.tables import WeeklyHold


async def holds_of(*pattern_ids: int) -> list[Row]:
    """What is held every week of these patterns, first by whoever has held it longest."""
    if not pattern_ids:
        return []
    return await run(
        "select id, pattern_id, member_id, since_at from rota_weekly where ended_at is null "  # noqa: S608 - marks only
        f"and pattern_id in ({', '.join('{}' for _ in pattern_ids)}) order by since_at, id",
        *pattern_ids,
    )


async def weekly_holders(*pattern_ids: int) -> list[int]:
    """Who holds one of these patterns every week, each once, whoever has held it longest first."""
    return list(dict.fromkeys(hold["member_id"] for hold in await holds_of(*pattern_ids)))


async def end_holds(pattern_id: int, *, now: datetime) -> None:
    """Nobody holds it every week any more."""
    await WeeklyHold.update({WeeklyHold.ended_at: now}).where(
        (WeeklyHold.pattern_id == pattern_id) & WeeklyHold.ended_at.is_null()
    )


async def pass_on_holds(holds: Collection[Row], new: Row, *, title: str, now: datetime) -> list[int]:
    """Whoever had these holds (`holds_of`) holds the new pattern every week, as many as may; returns who does. The
    others, who came later, are told that they do not."""
    members = list(dict.fromkeys(hold["member_id"] for hold in holds))
    most = rules.most_weekly(new["people"])
    since = {hold["member_id"]: hold["since_at"] for hold in reversed(list(holds))}
    for member in members[:most]:
        await WeeklyHold.insert(WeeklyHold(pattern_id=new["id"], member_id=member, since_at=since[member]))
    await tell_of_place(
        wording_slots.fewer_weekly(title, new["from_on"]),
        members[most:],
        kind=Kind.CANCELLATION,
        what=f"pattern-{new['id']}-fewer",
        place_id=new["place_id"],
        now=now,
    )
    return members[:most]
