"""The till: what its box holds at the beginning and the end of a turn, as whoever has the turn counted.

Only that person, and only while the turn allows it; to anybody else there is nothing here. Two who have the turn count
each for themselves: neither overwrites what the other saw.
"""

from __future__ import annotations

from datetime import datetime

from app.database import command, run, transaction
from app.errors import NotFound
from app.identity.api import holds
from app.identity.states import Act
from rotas import rules
from rotas.commands.steps import holding_of, locked_slots, note
from rotas.states import Came, SlotState


@command
async def count_till(*, actor: int, slot_id: int, moment: str, cents: int, word: str, now: datetime) -> None:
    """Write down what the box holds, with a word if something is odd. Counted again, it is their last count."""
    if moment not in rules.MOMENTS or not 0 <= cents <= rules.MOST_CENTS or len(word) > rules.LONGEST_WORD:
        raise ValueError("not a count")
    async with transaction():
        slot = (await locked_slots(slot_id, members=[actor], now=now))[slot_id]
        holding = await holding_of(slot_id, actor)
        if (
            slot["act"] != Act.TAKE_CASH
            or SlotState(slot["state"]) is not SlotState.OPEN
            or holding is None
            or holding["came"] == Came.WATCHES
            or not rules.allows_at(slot["starts_at"], slot["ends_at"], now)
            or not await holds(actor, slot["place_id"], Act.TAKE_CASH, now)
        ):
            raise NotFound
        found = await run(
            "select cents, word from rota_till_count where slot_id = {} and moment = {} and counted_by = {}",
            slot_id,
            moment,
            actor,
        )
        if found and (found[0]["cents"], found[0]["word"]) == (cents, word):
            return
        await run(
            "insert into rota_till_count (slot_id, moment, cents, word, counted_by, counted_at) "
            "values ({}, {}, {}, {}, {}, {}) on conflict (slot_id, moment, counted_by) do update set "
            "cents = excluded.cents, word = excluded.word, counted_at = excluded.counted_at",
            slot_id,
            moment,
            cents,
            word,
            actor,
            now,
        )
        await note(slot, "till_counted", by=actor, now=now)


@command
async def forget_counts(now: datetime) -> int:
    """Forget what the box held two years ago and before; how many counts went."""
    async with transaction():
        gone = await run("delete from rota_till_count where counted_at <= {} returning id", now - rules.COUNTS_KEPT_FOR)
        return len(gone)
