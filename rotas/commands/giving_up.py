"""« Je ne peux pas venir » : the turn is freed, or somebody is asked to come instead: for nothing (a stand-in), or for
their own turn (a swap). Until somebody does, the turn stays whose it is.

It may be written down for somebody who is ill and telephones (`rules.may_act_for`): they are told, and may take it
back.
"""

from __future__ import annotations

from datetime import datetime

from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import refuse_given_password
from app.notices.api import Kind
from rotas import grants, rules, wording
from rotas.commands.steps import (
    ask,
    asked_by,
    close_swap,
    holders_but,
    holding_of,
    locked_slots,
    name_for,
    name_of,
    note,
    recount,
    refuse_clash,
    refuse_if,
    take_turn_away,
    tell,
    why_not_free,
)
from rotas.facts import Row, standing_of, title_of
from rotas.rules import Standing, Who
from rotas.states import Came, RotaRefusal, SwapState, Went
from rotas.tables import Swap
from rotas.wording import Mail


@command
async def free(*, actor: int, slot_id: int, member_id: int, now: datetime) -> Came:
    """This member gives the turn up, or does not come to watch; returns how they had come to it. The place is free at
    once, and what the turn allowed is gone with it."""
    async with transaction():
        slot = (await locked_slots(slot_id, members=[member_id], now=now))[slot_id]
        standing, holder = await _whose(slot, actor, member_id, now=now)
        holding = await holding_of(slot_id, member_id)
        if holding is None and (before := await _gave_up(slot_id, member_id)) is not None:
            return before
        await _refuse(rules.why_cannot_give_up(standing, holder, now=now), slot, actor, member_id)
        assert holding is not None
        came, own = Came(holding["came"]), actor == member_id
        told = await _told_freed(slot, came, by=None if own else actor)
        await take_turn_away(slot, holding, Went.FREED, by=actor, told=told, now=now)
        await recount(slot, now=now)
        if not own:
            await note(slot, "freed_for", by=actor, now=now)
        return came


async def _told_freed(slot: Row, came: Came, *, by: int | None) -> Mail:
    """What whoever had the turn, or came to watch it, is told; `by` whoever wrote it down for them."""
    title, starts_at = title_of(slot), slot["starts_at"]
    if came is Came.WATCHES:
        return wording.watches_no_more(title, starts_at, by=None if by is None else await name_of(by))
    if by is None:
        return wording.given_up(title, starts_at)
    return wording.freed_for_you(title, starts_at, by=await name_of(by))


@command
async def ask_stand_in(
    *, actor: int, slot_id: int, member_id: int, to_member: int | None = None, word: str = "", now: datetime
) -> int:
    """Ask everybody who may, or this one person, to come in the member's place; returns the swap's id. What was asked
    for this turn before is taken back by it."""
    async with transaction():
        people = {member_id} | ({to_member} if to_member is not None else set())
        slot = (await locked_slots(slot_id, members=people, now=now))[slot_id]
        standing, holder = await _whose(slot, actor, member_id, now=now)
        await _refuse(rules.why_cannot_ask(standing, holder, now=now), slot, actor, member_id)
        before = await _open_swap(slot_id, member_id)
        if before is not None and (before["to_member"], before["wanted_slot_id"]) == (to_member, None):
            return int(before["id"])
        if to_member is not None:
            await _refuse_to(slot, to_member, actor=actor, now=now)
        await _take_back(slot, before, now=now)
        made = await _insert(slot, member_id, to_member, None, word, actor=actor, until_at=standing.starts_at, now=now)
        if to_member is not None:
            await tell(
                wording.can_you(
                    title_of(slot), slot["starts_at"], slot["ends_at"], name=await name_of(member_id), word=word
                ),
                [to_member],
                slot=slot,
                kind=Kind.DUTY,
                what=f"stand-in-{made}",
                good_until=slot["starts_at"],
                now=now,
            )
        await _tell_whose(slot, actor, member_id, made, now=now)
        return made


@command
async def propose_swap(
    *,
    actor: int,
    slot_id: int,
    member_id: int,
    wanted_slot_id: int,
    to_member: int | None = None,
    word: str = "",
    now: datetime,
) -> int:
    """Propose the member's turn to whoever has the wanted one, or to this one person of them; returns the swap's id.
    What was asked for this turn before is taken back by it."""
    refuse_if(RotaRefusal.SAME_SLOT if slot_id == wanted_slot_id else None)
    async with transaction():
        slots = await locked_slots(slot_id, wanted_slot_id, members=[member_id], now=now)
        slot, wanted = slots[slot_id], slots[wanted_slot_id]
        if wanted["place_id"] != slot["place_id"]:
            raise NotFound
        standing, holder = await _whose(slot, actor, member_id, now=now)
        await _refuse(rules.why_cannot_ask(standing, holder, now=now), slot, actor, member_id)
        before = await _open_swap(slot_id, member_id)
        if before is not None and (before["to_member"], before["wanted_slot_id"]) == (to_member, wanted_slot_id):
            return int(before["id"])
        asked = await holders_but(wanted_slot_id, member_id)
        if to_member is not None:
            await _refuse_stranger(slot, to_member, now=now)
            if to_member not in asked:
                raise Refused(RotaRefusal.NOT_THEIRS, name=await name_for(actor, slot, to_member))
            asked = [to_member]
        refuse_if(RotaRefusal.SWAP_NOBODY if not asked else None)
        await _refuse_wanted(slot, wanted, member_id, actor=actor, now=now)
        await _take_back(slot, before, now=now)
        until_at = min(slot["starts_at"], wanted["starts_at"])
        made = await _insert(slot, member_id, to_member, wanted_slot_id, word, actor=actor, until_at=until_at, now=now)
        await tell(
            wording.would_swap(
                title_of(slot),
                slot["starts_at"],
                wanted=title_of(wanted),
                wanted_at=wanted["starts_at"],
                name=await name_of(member_id),
                word=word,
            ),
            asked,
            slot=slot,
            kind=Kind.DUTY,
            what=f"swap-{made}",
            good_until=until_at,
            now=now,
        )
        await _tell_whose(slot, actor, member_id, made, now=now)
        return made


@command
async def withdraw_swap(*, actor: int, swap_id: int, now: datetime) -> None:
    """Whoever cannot come can after all: nobody is asked any more."""
    async with transaction():
        found = await run("select slot_id, from_member from rota_swap where id = {}", swap_id)
        if not found:
            raise NotFound
        member_id, slot_id = found[0]["from_member"], found[0]["slot_id"]
        slot = (await locked_slots(slot_id, members=[member_id], now=now))[slot_id]
        if actor != member_id and not rules.may_act_for((await ask(slot, actor, now=now))[1], member_id):
            raise NotFound  # what others ask of each other is told to nobody else
        await _whose(slot, actor, member_id, now=now)
        (swap,) = await get_for_update(Swap, swap_id)
        if swap["state"] == SwapState.WITHDRAWN:
            return
        refuse_if(RotaRefusal.SWAP_OVER if swap["state"] != SwapState.OPEN else None)
        await _take_back(slot, swap, now=now)
        if actor != member_id:
            told = wording.kept_for_you(title_of(slot), slot["starts_at"], by=await name_of(actor))
            await tell(told, [member_id], slot=slot, kind=Kind.CHANGE, what=f"kept-{swap_id}", now=now)
            await note(slot, "kept_for", by=actor, now=now)


async def _whose(slot: Row, actor: int, member_id: int, *, now: datetime) -> tuple[Standing, Who]:
    """How the slot stands, and who the member is to it, for somebody who may speak for them. Raises `NotFound` for a
    member of another place."""
    standing, holder = await ask(slot, member_id, now=now)
    writer = holder if actor == member_id else (await ask(slot, actor, now=now))[1]
    refuse_if(None if rules.may_act_for(writer, member_id) else RotaRefusal.MAY_NOT)
    if actor != member_id and not holder.belongs:
        raise NotFound
    return standing, holder


async def _refuse(reason: RotaRefusal | None, slot: Row, actor: int, member_id: int) -> None:
    """Refuse, of somebody else by their name."""
    if reason is RotaRefusal.NOT_YOURS and actor != member_id:
        raise Refused(RotaRefusal.NOT_THEIRS, name=await name_for(actor, slot, member_id))
    refuse_if(reason)


async def _refuse_stranger(slot: Row, member_id: int, *, now: datetime) -> Who:
    """Who this member is to the slot. Raises `NotFound` for one of another place: nothing is said of them."""
    _, who = await ask(slot, member_id, now=now)
    if not who.belongs:
        raise NotFound
    return who


async def _refuse_to(slot: Row, to_member: int, *, actor: int, now: datetime) -> None:
    """Refuse when that one person could not come in their place: asking would only make two people lose time."""
    who = await _refuse_stranger(slot, to_member, now=now)
    reason = rules.why_cannot_replace(standing_of(slot), who, now=now)
    if to_member == actor:
        refuse_if(reason)
    if reason is RotaRefusal.ALREADY_YOURS:
        raise Refused(RotaRefusal.ALREADY_THEIRS, name=await name_for(actor, slot, to_member))
    if reason is not None or not await grants.may_be_allowed(slot, to_member):
        raise Refused(RotaRefusal.NOT_FOR_THEM, name=await name_for(actor, slot, to_member))
    await refuse_clash(slot, to_member, actor=actor)


async def _refuse_wanted(slot: Row, wanted: Row, member_id: int, *, actor: int, now: datetime) -> None:
    """Refuse when the member could not have the turn that they want: then nobody can say yes."""
    standing, who = await ask(wanted, member_id, now=now)
    reason = rules.why_cannot_replace(standing, who, now=now)
    if reason is None and standing.starts_at <= now:
        reason = RotaRefusal.OVER
    if reason is not None and actor != member_id:
        theirs = RotaRefusal.ALREADY_THEIRS if reason is RotaRefusal.ALREADY_YOURS else RotaRefusal.NOT_FOR_THEM
        raise Refused(theirs, name=await name_for(actor, slot, member_id))
    refuse_if(reason)
    if not await grants.may_be_allowed(wanted, member_id):
        if actor != member_id:
            raise Refused(RotaRefusal.NOT_FOR_THEM, name=await name_for(actor, slot, member_id))
        await refuse_given_password(member_id)
    clash = await why_not_free(wanted, member_id, but=slot)
    if clash is not None:
        if member_id == actor:
            raise Refused(RotaRefusal.CLASH, title=clash.title, when=clash.starts_at)
        raise Refused(RotaRefusal.THEIR_CLASH, name=await name_for(actor, slot, member_id))


async def _gave_up(slot_id: int, member_id: int) -> Came | None:
    """How they had come to it, if freeing it is why they have it no more."""
    last = await run(
        "select went, came from rota_holding where slot_id = {} and member_id = {} order by id desc limit 1",
        slot_id,
        member_id,
    )
    return Came(last[0]["came"]) if last and last[0]["went"] == Went.FREED else None


async def _open_swap(slot_id: int, member_id: int) -> Row | None:
    found = await run(
        "select id from rota_swap where slot_id = {} and from_member = {} and state = 'open'", slot_id, member_id
    )
    return (await get_for_update(Swap, found[0]["id"]))[0] if found else None


async def _take_back(slot: Row, swap: Row | None, *, now: datetime) -> None:
    """Nobody is asked by this any more; who was asked by name is told."""
    if swap is None:
        return
    await close_swap(swap, SwapState.WITHDRAWN, now=now)
    await tell(
        wording.asked_no_more(title_of(slot), slot["starts_at"], name=await name_of(swap["from_member"])),
        await asked_by(swap),
        slot=slot,
        kind=Kind.DUTY,
        what=f"swap-withdrawn-{swap['id']}",
        now=now,
    )


async def _insert(
    slot: Row,
    member_id: int,
    to_member: int | None,
    wanted_slot_id: int | None,
    word: str,
    *,
    actor: int,
    until_at: datetime,
    now: datetime,
) -> int:
    made = await Swap.insert(
        Swap(
            place_id=slot["place_id"],
            slot_id=slot["id"],
            from_member=member_id,
            to_member=to_member,
            wanted_slot_id=wanted_slot_id,
            word=word,
            state=SwapState.OPEN.value,
            asked_by=actor,
            asked_at=now,
            until_at=until_at,
        )
    ).returning(Swap.id)
    return int(made[0]["id"])


async def _tell_whose(slot: Row, actor: int, member_id: int, swap_id: int, *, now: datetime) -> None:
    """Somebody wrote it down for the member: they are told."""
    if actor == member_id:
        return
    told = wording.asked_for_you(title_of(slot), slot["starts_at"], by=await name_of(actor))
    await tell(told, [member_id], slot=slot, kind=Kind.CHANGE, what=f"asked-for-{swap_id}", now=now)
    await note(slot, "asked_for", by=actor, now=now)
