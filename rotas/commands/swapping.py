"""Saying yes or no to whoever cannot come.

Both people and both turns are locked; first both leave, then each is asked anew whether they may have the other turn
and are free, then both come: a no to either undoes all of it, so that nobody is left with none or two.
"""

from __future__ import annotations

from datetime import datetime

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.notices.api import Kind
from rotas import grants, rules, wording
from rotas.commands.steps import (
    ask,
    asked_by,
    close_swap,
    give_turn,
    holding_of,
    locked_slots,
    name_for,
    name_of,
    read_again,
    recount,
    refuse_clash,
    refuse_if,
    take_turn_away,
    tell,
    where_is,
)
from rotas.facts import Row, swap_standing_of, title_of
from rotas.states import Came, RotaRefusal, SwapState, Went
from rotas.tables import Swap
from rotas.wording import Mail

_HAD = "select 1 from rota_holding where slot_id = {} and member_id = {} and came <> 'watches' limit 1"


@command
async def settle(*, actor: int, swap_id: int, now: datetime) -> None:
    """Say yes: take the turn, or give one's own for it."""
    async with transaction():
        swap, slots = await _locked(swap_id, actor, now=now)
        slot = slots[swap["slot_id"]]
        if swap["state"] == SwapState.TAKEN and swap["taken_by"] == actor:
            return
        refuse_if(rules.why_cannot_settle(swap_standing_of(swap), actor, now=now))
        refuse_if(None if await close_swap(swap, SwapState.TAKEN, taken_by=actor, now=now) else RotaRefusal.SWAP_OVER)
        if swap["wanted_slot_id"] is None:
            await _stand_in(swap, slot, actor, now=now)
        else:
            await _exchange(swap, slot, slots[swap["wanted_slot_id"]], actor, now=now)


@command
async def decline(*, actor: int, swap_id: int, now: datetime) -> None:
    """Say no, as the one person who was asked, by name or as whoever alone has the wanted turn. Whoever asked is told,
    and may ask somebody else."""
    async with transaction():
        swap, slots = await _locked(swap_id, actor, now=now)
        if await asked_by(swap) != [actor]:
            raise Refused(RotaRefusal.SWAP_OTHERS)
        if swap["state"] == SwapState.WITHDRAWN:
            return
        refuse_if(None if await close_swap(swap, SwapState.WITHDRAWN, now=now) else RotaRefusal.SWAP_OVER)
        slot = slots[swap["slot_id"]]
        told = wording.said_no(title_of(slot), slot["starts_at"], name=await name_of(actor))
        await tell(told, [swap["from_member"]], slot=slot, kind=Kind.CHANGE, what=f"said-no-{swap_id}", now=now)


async def _locked(swap_id: int, actor: int, *, now: datetime) -> tuple[Row, dict[int, Row]]:
    """The swap and its slots, after locking both people, the slots and the swap. Raises `NotFound` for whoever is not
    of that place, or is not told of this swap."""
    found = await run("select from_member, slot_id, wanted_slot_id from rota_swap where id = {}", swap_id)
    if not found:
        raise NotFound
    ids = [found[0]["slot_id"]] + ([found[0]["wanted_slot_id"]] if found[0]["wanted_slot_id"] is not None else [])
    slots = await locked_slots(*ids, members=[actor, found[0]["from_member"]], now=now)
    (swap,) = await get_for_update(Swap, swap_id)
    _, who = await ask(slots[ids[0]], actor, now=now)
    wanted = swap["wanted_slot_id"]
    had_wanted = wanted is not None and bool(await run(_HAD, wanted, actor))
    if not who.belongs or not rules.knows_of(swap_standing_of(swap), who, had_wanted=had_wanted):
        raise NotFound
    return swap, slots


async def _stand_in(swap: Row, slot: Row, actor: int, *, now: datetime) -> None:
    member_id = swap["from_member"]
    told = wording.stood_in(title_of(slot), slot["starts_at"], name=await name_of(actor))
    await _leave(slot, member_id, actor=actor, told=told, now=now)
    slot = await _may_come(slot, actor, actor=actor, now=now)
    yours = wording.yours(title_of(slot), slot["starts_at"], slot["ends_at"], where=await where_is(slot))
    await give_turn(slot, actor, Came.STOOD_IN, told=yours, now=now)
    await recount(slot, now=now)


async def _exchange(swap: Row, slot: Row, wanted: Row, actor: int, *, now: datetime) -> None:
    member_id = swap["from_member"]
    names = {each: await name_of(each) for each in (member_id, actor)}
    await _leave(slot, member_id, actor=actor, told=_gave(slot, wanted, names[actor]), now=now)
    await _leave(wanted, actor, actor=actor, told=_gave(wanted, slot, names[member_id]), now=now)
    for each, member in ((slot, actor), (wanted, member_id)):
        refuse_if(RotaRefusal.OVER if each["starts_at"] <= now else None)
        each = await _may_come(each, member, actor=actor, now=now)
        yours = wording.yours(title_of(each), each["starts_at"], each["ends_at"], where=await where_is(each))
        # What the other gave for it has been told already: this is for calendars alone.
        await give_turn(each, member, Came.SWAPPED, told=yours, quiet=True, now=now)
    for each in (slot, wanted):
        await recount(each, now=now)


def _gave(slot: Row, other: Row, name: str) -> Mail:
    return wording.swapped(
        title_of(slot), slot["starts_at"], name=name, other=title_of(other), other_at=other["starts_at"]
    )


async def _leave(slot: Row, member_id: int, *, actor: int, told: Mail, now: datetime) -> None:
    """The member's turn goes to somebody else. Refused if it is not theirs any more."""
    holding = await holding_of(slot["id"], member_id)
    if holding is None or holding["came"] == Came.WATCHES:
        raise Refused(RotaRefusal.NOT_YOURS if member_id == actor else RotaRefusal.SWAP_OVER)
    await take_turn_away(slot, holding, Went.REPLACED, by=actor, told=told, kind=Kind.CHANGE, now=now)


async def _may_come(slot: Row, member_id: int, *, actor: int, now: datetime) -> Row:
    """Refuse when this member may not have the place that has just come free, or is not free then; of somebody else
    than the actor only the name is told. Returns the slot as it is without whoever left."""
    slot = await read_again(slot, now=now)
    standing, who = await ask(slot, member_id, now=now)
    reason = rules.why_cannot_replace(standing, who, now=now)
    if reason is not None and member_id != actor:
        theirs = RotaRefusal.ALREADY_THEIRS if reason is RotaRefusal.ALREADY_YOURS else RotaRefusal.NOT_FOR_THEM
        raise Refused(theirs, name=await name_for(actor, slot, member_id))
    refuse_if(reason)
    if member_id != actor and not await grants.may_be_allowed(slot, member_id):
        raise Refused(RotaRefusal.NOT_FOR_THEM, name=await name_for(actor, slot, member_id))
    await refuse_clash(slot, member_id, actor=actor)
    watching = await holding_of(slot["id"], member_id)
    if watching is not None:
        await take_turn_away(slot, watching, Went.FREED, by=member_id, told=None, now=now)
    return slot
