"""Making a slot, moving it, taking it off and on again: the steps that whoever keeps the place, patterns, the clock and
what opened a slot have in common.

Inside the caller's transaction, which holds the slot's lock, and for a move its holders'. Nobody loses a turn by them
without being told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from app.database import columns_of, run, savepoint
from app.errors import NotFound, Refused
from app.i18n import Text
from app.identity.api import belongs, holds, rooms_of
from app.identity.states import Act
from app.journal import write_journal
from app.notices import api as notices
from app.notices.api import Kind, Part
from rotas import calling, grants, rules, wording, wording_slots
from rotas.commands.steps import (
    ask,
    give_turn,
    holdings_of,
    moment,
    read_again,
    recount,
    take_turn_away,
    tell,
    where_is,
    why_not_free,
    write_entry,
)
from rotas.facts import Row, slot_of, standing_of, title_of
from rotas.states import SLOT_MOVES, Came, RotaRefusal, SlotState, Went
from rotas.tables import Holding, Slot
from rotas.wording import Mail

Told = Callable[[Row], Mail]


@dataclass(frozen=True, slots=True)
class Plan:
    """A slot to be."""

    place_id: int
    duty_id: int
    starts_at: datetime
    ends_at: datetime
    people: int
    room_id: int | None = None
    pattern_id: int | None = None
    made_for_on: date | None = None
    once: str | None = None
    source_kind: str = ""
    source_id: int | None = None
    source_title: str = ""
    source_url: str = ""
    low_load: int | None = None
    mid_load: int | None = None


async def refuse_unless_keeper(actor: int, place_id: int, *, now: datetime) -> None:
    """Refuse whoever does not keep the place; for whoever is no member of it, there is nothing here."""
    if await holds(actor, place_id, Act.KEEP_PLACE, now):
        return
    if not await belongs(actor, place_id):
        raise NotFound
    raise Refused(RotaRefusal.MAY_NOT)


async def refuse_foreign_room(place_id: int, room_id: int | None) -> None:
    """Raise `NotFound` for a room that is not one of this place, or not used any more."""
    if room_id is not None and room_id not in {room.id for room in await rooms_of(place_id)}:
        raise NotFound


def check_span(starts_at: datetime, ends_at: datetime, people: int) -> None:
    """Raise `ValueError` for what no form lets through."""
    if not starts_at < ends_at <= starts_at + rules.LONGEST_SLOT or not 1 <= people <= rules.MOST_PEOPLE:
        raise ValueError(f"not a turn: {starts_at} to {ends_at}, {people} people")


async def place_of_duty(duty_id: int) -> int:
    """The place of a duty that is in use. Raises `NotFound`."""
    found = await run("select place_id from duty where id = {} and retired_at is null", duty_id)
    if not found:
        raise NotFound
    return int(found[0]["place_id"])


async def note_of_place(
    act: str, *, kind: str, thing_id: int, place_id: int, title: str, by: int, now: datetime
) -> None:
    """A line of the journal that members do not read: what whoever keeps the place did."""
    await write_journal(
        place_id=place_id,
        at=now,
        voice="bureau",
        act=f"turn.{act}",
        kind=kind,
        thing_id=thing_id,
        actor_id=by,
        title=title,
    )


async def tell_of_place(
    mail: Mail,
    members: Iterable[int],
    *,
    kind: Kind,
    what: str,
    place_id: int,
    link: str = "/tours",
    good_until: datetime | None = None,
    now: datetime,
) -> int:
    """Tell each of these members, once for each `what`, something that is not about one slot alone; how many were told
    just now."""
    return await notices.tell(
        members,
        kind=kind,
        what=f"turns-{place_id}-{what}",
        subject=mail.subject,
        body=mail.body,
        link=link,
        action=mail.action,
        place_id=place_id,
        good_until=good_until,
        now=now,
    )


async def make_slot(plan: Plan, *, now: datetime) -> Row:
    """Open this slot, with its entry in the calendar. Nobody has it yet."""
    made = await Slot.insert(
        Slot(
            place_id=plan.place_id,
            duty_id=plan.duty_id,
            pattern_id=plan.pattern_id,
            made_for_on=plan.made_for_on,
            once=plan.once,
            source_kind=plan.source_kind,
            source_id=plan.source_id,
            source_title=plan.source_title[:200],
            source_url=plan.source_url,
            room_id=plan.room_id,
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            people=plan.people,
            taken=0,
            state=SlotState.OPEN.value,
            opened_at=now,
            low_load=plan.low_load,
            mid_load=plan.mid_load,
            version=1,
            modified_at=now,
        )
    ).returning(Slot.id)
    slot = await slot_of(int(made[0]["id"]), now=now)
    await write_entry(slot, now=now)
    return slot


async def give_weekly_turn(slot: Row, member_id: int, *, now: datetime) -> bool:
    """Give this new slot to a member who holds its pattern every week; or tell them why they cannot have it. Their
    time is locked. `recount` comes after."""
    standing, who = await ask(slot, member_id, now=now)
    if who.holds:
        return True
    if not who.belongs:
        return False  # they left the place: no news for them
    why = await _why_not_theirs(slot, member_id, rules.why_cannot_take(standing, who, now=now))
    if why is None:
        mail = wording_slots.weekly_given(title_of(slot), slot["starts_at"], where=await where_is(slot))
        try:
            async with savepoint():
                await give_turn(slot, member_id, Came.WEEKLY, told=mail, quiet=True, now=now)
            return True
        except Refused:  # a role is not for whoever signs in with a password that somebody gave them
            why = wording_slots.ROLE_REFUSED
    await tell(
        wording_slots.weekly_missed(title_of(slot), slot["starts_at"], why),
        [member_id],
        slot=slot,
        kind=Kind.CHANGE,
        what="weekly-missed",
        now=now,
    )
    return False


async def move_slot(
    slot: Row,
    *,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    room_id: int | None,
    by: int | None,
    now: datetime,
    told_otherwise: Collection[int] = (),
    **columns: Any,
) -> Row:
    """Bring the slot to these hours, this room, and so many people, but never fewer than it has; returns it as it is
    then. Whoever has something else at its new hours has it no more, and is told so; the others are told their hours.

    `told_otherwise` are those to whom the caller says it in one message about several slots: of this one alone they
    hear only if their own calendar changes with it. `columns` are others to be written with it.
    """
    written: dict[Any, Any] = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "people": max(people, slot["taken"]),
        "room_id": room_id,
        "version": slot["version"] + 1,
        "modified_at": now,
        **columns,
    }
    moves = (starts_at, ends_at) != (slot["starts_at"], slot["ends_at"])
    if moves or people > slot["people"]:  # others are free then, or so many were not missing when people were called
        written |= {"called_to": None, "call_again_at": _called_again(slot, starts_at, now=now)}
    await Slot.update(written).where(Slot.id == slot["id"])
    after = await read_again(slot, now=now)
    await write_entry(after, now=now)
    if moves:
        await _settle_holders(slot, after, by=by, told_otherwise=told_otherwise, now=now)
        await _settle_swaps(after["id"])
    elif title_of(after) != title_of(slot):
        await tell_renamed(after, now=now)
    return await recount(after, now=now)


def _called_again(slot: Row, starts_at: datetime, *, now: datetime) -> datetime | None:
    """When people are called out to anew for a slot that was changed; nobody was yet: as for any other."""
    if slot["called_at"] is None:
        return None
    again = calling.again_at(slot["called_at"], starts_at=starts_at, was_there=False, now=now)
    return min(again, slot["call_again_at"] or again)


async def tell_renamed(slot: Row, *, now: datetime) -> None:
    """The slot is called otherwise: into the calendars of those who have it there, without another word."""
    members = [each["member_id"] for each in await holdings_of(slot["id"]) if each["member_id"] is not None]
    mail = wording_slots.renamed(title_of(slot), slot["starts_at"])
    what = f"renamed-{moment(now)}"
    await tell(mail, members, slot=slot, kind=Kind.CHANGE, what=what, part=Part.UPDATE, quiet=True, now=now)


async def _settle_holders(
    before: Row, after: Row, *, by: int | None, told_otherwise: Collection[int], now: datetime
) -> None:
    """Those who are free at the new hours keep the turn, with what it allows then; the others lose it."""
    title = title_of(after)
    update = wording_slots.moved(title, before["starts_at"], after["starts_at"], after["ends_at"])
    what = f"moved-{after['version']}"
    for holding in await holdings_of(after["id"]):
        member = holding["member_id"]
        if member is None:
            if holding["taken_by"] is not None:
                mail = wording_slots.guest_moved(
                    title, before["starts_at"], after["starts_at"], first_name=holding["first_name"]
                )
                about = f"{what}-guest-{holding['id']}"
                await tell(mail, [holding["taken_by"]], slot=after, kind=Kind.CHANGE, what=about, now=now)
            continue
        why = None if holding["came"] == Came.WATCHES else await _why_not_kept(after, member, now=now)
        if why is not None:
            mail = wording_slots.moved_away(title, before["starts_at"], after["starts_at"], why)
            await take_turn_away(after, holding, Went.MOVED, by=by, told=mail, kind=Kind.CHANGE, now=now)
            continue
        quiet = member in told_otherwise or member == by
        await tell(update, [member], slot=after, kind=Kind.CHANGE, what=what, part=Part.UPDATE, quiet=quiet, now=now)


async def _why_not_kept(slot: Row, member_id: int, *, now: datetime) -> Text | None:
    """Why this holder cannot have the slot at its new hours, if anything is against it; else what it allows them has
    moved with it."""
    _, who = await ask(slot, member_id, now=now)
    too_young = rules.too_young(standing_of(slot), who)
    why = await _why_not_theirs(slot, member_id, RotaRefusal.UNDER_AGE if too_young else None)
    if why is None:
        try:
            async with savepoint():
                await grants.allow_anew(slot, member_id, now=now)
        except Refused:
            return wording_slots.ROLE_REFUSED
    return why


async def _why_not_theirs(slot: Row, member_id: int, reason: RotaRefusal | None) -> Text | None:
    if reason is not None:
        return Text(wording.SENTENCES[reason], {})
    clash = await why_not_free(slot, member_id)
    return None if clash is None else wording_slots.busy(clash.title)


async def _settle_swaps(slot_id: int) -> None:
    """What is asked for the slot, or for another in exchange, ends at the start of the earlier of both."""
    await run(
        "update rota_swap set until_at = (select min(t.starts_at) from rota_slot t "
        "where t.id = rota_swap.slot_id or t.id = rota_swap.wanted_slot_id) "
        "where state = 'open' and (slot_id = {} or wanted_slot_id = {})",
        slot_id,
        slot_id,
    )


async def cancel_steps(slot: Row, *, by: int | None, told: Told | None = None, now: datetime) -> Row:
    """Take the slot off: out of everybody's calendar, and whoever has it is told (`told`, or that it is off)."""
    assert SlotState.CANCELLED in SLOT_MOVES[SlotState(slot["state"])]
    written: dict[Any, Any] = {
        "state": SlotState.CANCELLED.value,
        "version": slot["version"] + 1,
        "modified_at": now,
    }
    await Slot.update(written).where(Slot.id == slot["id"])
    after = await read_again(slot, now=now)
    await write_entry(after, now=now)
    mail = wording_slots.off(title_of(after), after["starts_at"]) if told is None else told(after)
    for holding in await holdings_of(after["id"]):
        await take_turn_away(after, holding, Went.CANCELLED, by=by, told=mail, now=now)
    return await recount(after, now=now)


async def had_when_off(slot: Row) -> list[Row]:
    """By what people had this slot, or watched it, when it was taken off."""
    return await run(
        f"select {columns_of(Holding)} from rota_holding where slot_id = {{}} and went = {{}} and left_at = {{}} "  # noqa: S608 - names of ours
        "order by id",
        slot["id"],
        Went.CANCELLED.value,
        slot["modified_at"],
    )


async def reopen_steps(slot: Row, *, give_back: bool = False, now: datetime) -> Row:
    """The slot is on again, free for all; those who had it when it was taken off are told. `give_back`: it is theirs
    again, of those who may have it still and are free; their time is locked."""
    assert SlotState.OPEN in SLOT_MOVES[SlotState(slot["state"])]
    had = await had_when_off(slot)
    written: dict[Any, Any] = {
        "state": SlotState.OPEN.value,
        "version": slot["version"] + 1,
        "modified_at": now,
        "opened_at": now,
        "filled_at": None,
        "called_at": None,
        "call_again_at": None,
        "called_to": None,
        "low_load": None,
        "mid_load": None,
    }
    await Slot.update(written).where(Slot.id == slot["id"])
    after = await read_again(slot, now=now)
    await write_entry(after, now=now)
    back = [each["id"] for each in had if give_back and await _give_back(after, each, now=now)]
    mail = wording_slots.on_again(title_of(after), after["starts_at"])
    members = [
        each["member_id"]
        for each in had
        if each["member_id"] is not None and each["came"] != Came.WATCHES and each["id"] not in back
    ]
    await tell(mail, members, slot=after, kind=Kind.CHANGE, what=f"on-again-{moment(now)}", now=now)
    return await recount(after, now=now) if back else after


async def _give_back(slot: Row, holding: Row, *, now: datetime) -> bool:
    """Give the slot, which is on again, to whoever had it by this holding, if they may have it; whether they do."""
    member, came = holding["member_id"], Came(holding["came"])
    if member is None:
        if not holding["first_name"] or rules.bars_guests(standing_of(slot)):
            return False
        guest = {name: holding[name] for name in ("slot_id", "first_name", "taken_by", "came", "once")}
        await Holding.insert(Holding(**guest, taken_at=now, went=Went.NOT_YET.value))
        return True
    standing, who = await ask(slot, member, now=now)
    if who.holds or who.watches:
        return False
    if rules.why_no_more(standing, replace(who, holds=came is not Came.WATCHES)) is not None:
        return False
    if came is not Came.WATCHES and await why_not_free(slot, member) is not None:
        return False
    told = wording_slots.yours_again(title_of(slot), slot["starts_at"])
    try:
        async with savepoint():
            await give_turn(slot, member, came, told=told, taken_by=holding["taken_by"], now=now)
    except Refused:  # a role is not for whoever signs in with a password that somebody gave them
        return False
    return True
