"""The slots of a weekly pattern, eight weeks ahead: made by the command that opens or changes it, and by a job.

Whoever holds the pattern every week gets their turns with them. A popular pattern's next slots open in rounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.clock import local_day
from app.database import run
from rotas import rules
from rotas.commands.holds import end_holds
from rotas.commands.moving import Plan, give_weekly_turn, make_slot
from rotas.commands.steps import recount
from rotas.facts import Row
from rotas.recurring import Weekly
from rotas.tables import Pattern

DAY = timedelta(days=1)


async def make_due(pattern: Row, *, holders: Iterable[int], now: datetime) -> int:
    """Make the slots of this locked pattern up to eight weeks ahead, but those that are; returns how many. `holders`
    have a place of it every week, and are locked: they get their turns, or are told why not. When it has no more to
    come, nobody holds it every week any more."""
    today = local_day(now)
    last = today + rules.MADE_AHEAD
    until_on = pattern["until_on"]
    upto = last if until_on is None else min(last, until_on)
    made_until = pattern["made_until"]
    first = today if made_until is None else max(today, made_until + DAY)
    there = {
        row["made_for_on"]
        for row in await run(
            "select made_for_on from rota_slot where pattern_id = {} and made_for_on >= {}", pattern["id"], first
        )
    }
    weekly = weekly_of(pattern)
    low, mid = await _rounds(pattern, now=now)
    made = 0
    for day in weekly.days(first, last):
        starts_at, ends_at = weekly.span_on(day)
        if day in there or starts_at <= now:
            continue
        slot = await make_slot(
            Plan(
                pattern["place_id"],
                pattern["duty_id"],
                starts_at,
                ends_at,
                pattern["people"],
                room_id=pattern["room_id"],
                pattern_id=pattern["id"],
                made_for_on=day,
                low_load=low,
                mid_load=mid,
            ),
            now=now,
        )
        for member in holders:  # counted after each: the next asks whether there is a place left
            if await give_weekly_turn(slot, member, now=now):
                slot = await recount(slot, now=now)
        made += 1
    if made_until is None or made_until < upto:  # never beyond its end, which may be put off
        await Pattern.update({Pattern.made_until: upto}).where(Pattern.id == pattern["id"])
    if until_on is not None and until_on <= last:
        await end_holds(pattern["id"], now=now)
    return made


def weekly_of(pattern: Row) -> Weekly:
    """When the pattern of this row has its slots."""
    return Weekly(pattern["weekday"], pattern["starts"], pattern["ends"], pattern["from_on"], pattern["until_on"])


async def _rounds(pattern: Row, *, now: datetime) -> tuple[int | None, int | None]:
    """Up to which load one comes first, and second, to the slots that are made now; none where nobody waits."""
    last = await run(
        "select opened_at, filled_at from rota_slot where pattern_id in ({}, {}) and state = 'open' "
        "and starts_at <= {} order by starts_at desc limit 2",
        pattern["id"],
        pattern["follows_id"],
        now,
    )
    if not rules.is_popular([(row["opened_at"], row["filled_at"]) for row in last]):
        return None, None
    loads = await run(
        "select count(*) as turns from rota_holding h join rota_slot t on t.id = h.slot_id "
        "where h.member_id is not null and h.went = '' and h.came <> 'watches' and t.place_id = {} "
        "and t.state = 'open' and t.starts_at > {} group by h.member_id",
        pattern["place_id"],
        now - rules.LOAD_OVER,
    )
    return rules.round_limits([row["turns"] for row in loads])
