"""Holding a place every week: at most half of a pattern's places are held so, the others go round."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import RunAgain, command, get_for_update, run, savepoint, transaction
from app.errors import NotFound
from app.notices.api import Kind
from rotas import rules, wording
from rotas.commands.claiming import stop_watching
from rotas.commands.steps import (
    TRIES,
    ask,
    give_turn,
    locked_slots,
    recount,
    refuse_if,
    take_turn_away,
    tell,
    why_not_free,
)
from rotas.facts import Row, title_of
from rotas.lines import line_of
from rotas.states import Came, RotaRefusal, Went
from rotas.tables import Holding, Pattern, WeeklyHold


@command
async def hold_weekly(*, actor: int, slot_id: int, now: datetime) -> int:
    """Hold a place of this turn's pattern every week from this one on; returns how many turns that gave. A week whose
    turn is full, or at which they are not free, goes without them."""
    async with transaction():
        pattern_id, to_come, slots = await _locked_weeks(slot_id, actor, now=now)
        standing, who = await ask(slots[slot_id], actor, now=now)
        if who.weekly:
            return 0
        refuse_if(rules.why_cannot_hold_weekly(standing, who))
        await WeeklyHold.insert(WeeklyHold(pattern_id=pattern_id, member_id=actor, since_at=now))
        given = [each for each in to_come if await _give(slots[each], actor, now=now)]
        slot = slots[given[0]] if given else slots[slot_id]
        await tell(
            wording.weekly(title_of(slot), slot["starts_at"], taken=len(given)),
            [actor],
            slot=slot,
            kind=Kind.CONFIRMATION,
            what=f"weekly-{pattern_id}-{int(now.timestamp())}",
            now=now,
        )
        return len(given)


async def _locked_weeks(slot_id: int, actor: int, *, now: datetime) -> tuple[int, list[int], dict[int, Row]]:
    """The slot's pattern, its slots to come from this one on, and all of them by id, after locking the member, the
    slots and the pattern."""
    for _ in range(TRIES):
        found = await run("select pattern_id, starts_at from rota_slot where id = {}", slot_id)
        if not found:
            raise NotFound
        pattern_id, first = found[0]["pattern_id"], found[0]["starts_at"]
        refuse_if(RotaRefusal.NOT_WEEKLY if pattern_id is None else None)
        to_come = await _to_come(pattern_id, first, now=now)
        try:
            async with savepoint():  # undone, it lets go of what it locked
                slots = await locked_slots(slot_id, *to_come, members=[actor], now=now)
                await get_for_update(Pattern, pattern_id)
                if slots[slot_id]["pattern_id"] != pattern_id or await _to_come(pattern_id, first, now=now) != to_come:
                    raise _Changed
        except _Changed:
            continue
        return pattern_id, to_come, slots
    raise RunAgain("The pattern changed, or had slots made, between reading and locking, again and again.")


class _Changed(Exception):
    """The pattern changed, or had slots made, between reading and locking."""


async def _give(slot: Row, member_id: int, *, now: datetime) -> bool:
    if not await _may_have(slot, member_id, now=now):
        return False
    await stop_watching(slot, member_id, by=member_id, now=now)
    await give_turn(slot, member_id, Came.WEEKLY, told=None, now=now)
    await recount(slot, now=now)
    return True


async def _may_have(slot: Row, member_id: int, *, now: datetime) -> bool:
    """Whether this member may be given a place of the slot as whoever holds it every week: there is one, it is for
    them, they are free, and they have not given it up before. Their time and the slot are locked."""
    standing, who = await ask(slot, member_id, now=now)
    if rules.why_cannot_take(standing, who, now=now) is not None or standing.starts_at <= now:
        return False
    # What ended with the holding every week was not given up by itself: whoever begins anew has it again.
    freed = await run(
        "select 1 as one from rota_holding h where h.slot_id = {} and h.member_id = {} "
        "and h.went in ('freed', 'replaced') and h.came <> 'watches' and not exists (select 1 from rota_weekly w "
        "where w.pattern_id = {} and w.member_id = h.member_id and w.ended_at = h.left_at)",
        slot["id"],
        member_id,
        slot["pattern_id"],
    )
    return not freed and await why_not_free(slot, member_id) is None


@command
async def end_weekly(*, actor: int, pattern_id: int, now: datetime) -> list[int] | None:
    """Hold it no more, nor what it was changed into or came from: the turns to come that it gave are free again, at
    once; those that one took oneself stay. Returns the slots that are free again, in time's order; none at all for
    whoever did not hold it."""
    async with transaction():
        line = await line_of(pattern_id)
        if not line:
            raise NotFound
        mine = await _given(actor, line, now=now)
        slots = await locked_slots(*(row["slot_id"] for row in mine), members=[actor], now=now)
        await get_for_update(Pattern, *line)
        if await line_of(pattern_id) != line or await _given(actor, line, now=now) != mine:
            raise RunAgain("The turns that it gave changed between reading and locking.")
        ended = (
            await WeeklyHold.update({WeeklyHold.ended_at: now})
            .where(WeeklyHold.pattern_id.is_in(line) & (WeeklyHold.member_id == actor) & WeeklyHold.ended_at.is_null())
            .returning(WeeklyHold.id)
        )
        if not ended and not mine:
            return None
        for holding in await get_for_update(Holding, *(row["id"] for row in mine)):
            slot = slots[holding["slot_id"]]
            told = wording.given_up(title_of(slot), slot["starts_at"])
            await take_turn_away(slot, holding, Went.FREED, by=actor, told=told, now=now)
            await recount(slot, now=now)
        return [row["slot_id"] for row in mine]


async def _given(member_id: int, pattern_ids: Collection[int], *, now: datetime) -> list[Row]:
    """The holdings to come that holding these patterns every week gave this member."""
    return await run(
        "select h.id, h.slot_id from rota_holding h join rota_slot s on s.id = h.slot_id where h.member_id = {} "  # noqa: S608 - marks only
        f"and h.went = '' and h.came = 'weekly' and s.pattern_id in ({', '.join('{}' for _ in pattern_ids)}) "
        "and s.starts_at > {} order by s.starts_at, h.id",
        member_id,
        *pattern_ids,
        now,
    )


async def _to_come(pattern_id: int, first: datetime, *, now: datetime) -> list[int]:
    """The pattern's slots that are on and yet to begin, from the first on, in time's order."""
    rows = await run(
        "select id from rota_slot where pattern_id = {} and state = 'open' and starts_at >= {} and starts_at > {} "
        "order by starts_at, id",
        pattern_id,
        first,
        now,
    )
    return [row["id"] for row in rows]
