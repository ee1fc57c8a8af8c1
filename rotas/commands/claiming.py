"""Taking a turn: for oneself, for somebody present without an account, or to watch how it is done.

Every command locks whose time it takes and the slot, so that counting and taking are one thing. The same command twice
has the effect of once.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from app.database import command, run, transaction
from app.errors import NotFound
from rotas import rules, wording
from rotas.commands.steps import (
    ask,
    give_turn,
    holding_of,
    locked_slots,
    name_of,
    note,
    recount,
    refuse_clash,
    refuse_if,
    take_turn_away,
    where_is,
)
from rotas.facts import Row, title_of
from rotas.rules import Standing, Who
from rotas.states import Came, RotaRefusal, Went


class ClaimResult(Enum):
    """What became of a claim."""

    TAKEN = "taken"
    ASKED = "asked"
    """Nothing is written: the last place would be better for somebody experienced. Being sure takes it."""


@command
async def claim(*, actor: int, slot_id: int, sure: bool = False, now: datetime) -> ClaimResult:
    """Take a place of this turn."""
    async with transaction():
        slot = (await locked_slots(slot_id, members=[actor], now=now))[slot_id]
        standing, who = await ask(slot, actor, now=now)
        if who.holds:
            return ClaimResult.TAKEN
        refuse_to_take(standing, who, now=now)
        await refuse_clash(slot, actor, actor=actor)
        if not sure and rules.asks_for_experience(standing, who, now=now):
            return ClaimResult.ASKED
        await stop_watching(slot, actor, by=actor, now=now)
        told = wording.yours(title_of(slot), slot["starts_at"], slot["ends_at"], where=await where_is(slot))
        await give_turn(slot, actor, Came.CLAIMED, told=told, now=now)
        await recount(slot, now=now)
        return ClaimResult.TAKEN


def refuse_to_take(standing: Standing, who: Who, *, now: datetime) -> None:
    """Refuse whoever may not have a place; with when it opens to them, if it is only that."""
    reason = rules.why_cannot_take(standing, who, now=now)
    if reason is RotaRefusal.NOT_YET_ROUND:
        refuse_if(reason, when=rules.round_opens_at(standing, who))
    refuse_if(reason)


async def stop_watching(slot: Row, member_id: int, *, by: int, now: datetime) -> None:
    """Whoever only watched the slot is to have a place of it."""
    watching = await holding_of(slot["id"], member_id)
    if watching is not None:
        await take_turn_away(slot, watching, Went.FREED, by=by, told=None, now=now)


@command
async def claim_for_guest(*, actor: int, slot_id: int, first_name: str, once: str = "", now: datetime) -> int:
    """Take a place for somebody without an account; returns the holding's id. Who did it is kept with the name.
    `once` tells this sending of the form from others: two people may have one first name. Without it the same name
    again is the same person."""
    async with transaction():
        slot = (await locked_slots(slot_id, now=now))[slot_id]
        standing, who = await ask(slot, actor, now=now)
        again = await run(
            "select id from rota_holding where slot_id = {} and taken_by = {} and first_name = {} and went = '' "
            "and member_id is null and ({} = '' or once = {}) order by id limit 1",
            slot_id,
            actor,
            first_name,
            once,
            once,
        )
        if again:
            return int(again[0]["id"])
        refuse_if(rules.why_cannot_take_for_guest(standing, who, now=now))
        made = await run(
            "insert into rota_holding (slot_id, first_name, taken_by, came, once, taken_at, went) "
            "values ({}, {}, {}, {}, {}, {}, '') returning id",
            slot_id,
            first_name,
            actor,
            Came.GUEST.value,
            once or None,
            now,
        )
        await note(slot, "guest_taken", by=actor, now=now)
        await recount(slot, now=now)
        return int(made[0]["id"])


@command
async def give_guest_back(*, actor: int, holding_id: int, now: datetime) -> None:
    """Give back the place of somebody without an account: whoever took it, or keeps the place. To others it does not
    exist."""
    async with transaction():
        found = await run("select slot_id from rota_holding where id = {} and member_id is null", holding_id)
        if not found:
            raise NotFound
        slot_id = found[0]["slot_id"]
        slot = (await locked_slots(slot_id, now=now))[slot_id]
        (guest,) = await run("select * from rota_holding where id = {}", holding_id)
        standing, who = await ask(slot, actor, now=now)
        if guest["taken_by"] != actor and not who.keeps_place:
            raise NotFound
        if guest["went"]:
            return
        refuse_if(rules.why_off(standing, now))
        told = wording.guest_gone(
            title_of(slot), slot["starts_at"], first_name=guest["first_name"], by=await name_of(actor)
        )
        await take_turn_away(slot, guest, Went.FREED, by=actor, told=told, now=now)
        await recount(slot, now=now)


@command
async def watch(*, actor: int, slot_id: int, now: datetime) -> None:
    """Come to watch how it is done: takes no place, and no time from anything else. Whoever has something else to do
    then cannot."""
    async with transaction():
        slot = (await locked_slots(slot_id, members=[actor], now=now))[slot_id]
        standing, who = await ask(slot, actor, now=now)
        if who.watches:
            return
        refuse_if(rules.why_cannot_watch(standing, who, now=now))
        await refuse_clash(slot, actor, actor=actor)
        told = wording.you_watch(title_of(slot), slot["starts_at"], slot["ends_at"], where=await where_is(slot))
        await give_turn(slot, actor, Came.WATCHES, told=told, now=now)
