"""Steps that the commands share, all inside the caller's transaction: locks, having a turn and having it no more, the
calendar's entry, messages. What may be is asked of `rules` before.

The order of locks, for every command and job about turns, so that no two wait for each other: members, rooms, the
place, slots, the duty, patterns, holdings, swaps; of each sort by id. What a source opened (a workshop's row) is locked
by the source, between place and slots.

Nobody loses a turn without a word: `take_turn_away` takes the words along with the turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from app.calendar.api import (
    Clash,
    EntryState,
    Planned,
    Role,
    leave,
    lock_people_and_rooms,
    put_entry,
    set_counts,
    set_listed,
    take_part,
    why_clashes,
)
from app.database import RunAgain, columns_of, get_for_update, run, savepoint
from app.errors import NotFound, Refusal, Refused
from app.i18n import Text, text
from app.identity.api import members_by_id, who_is_here
from app.identity.tables import Place
from app.journal import write_journal
from app.notices import api as notices
from app.notices.api import Kind, Part
from rotas import calling, grants, wording
from rotas.facts import IN_PLACE, KIND, Row, is_listed, slot_of, slots_of, source_of, standing_of, title_of, who_is
from rotas.rules import Standing, Who
from rotas.states import Came, RotaRefusal, SlotState, SwapState, Went
from rotas.tables import Holding, Slot, Swap
from rotas.wording import Mail

TRIES = 5
"""How often the people to lock are read again, when others came to the slots meanwhile."""


def refuse_if(reason: Refusal | None, **details: Any) -> None:
    """Raise the refusal, if there is one."""
    if reason is not None:
        raise Refused(reason, **details)


def moment(now: datetime) -> int:
    """Milliseconds, for what tells one message from another."""
    return int(now.timestamp() * 1000)


# ----------------------------------------------------------------------------------------------------- reading, locking


async def locked_slots(
    *slot_ids: int,
    members: Collection[int] = (),
    rooms: Collection[int] = (),
    places: Collection[int] = (),
    with_holders: bool = False,
    now: datetime,
) -> dict[int, Row]:
    """These slots as `facts.slot_of` has them, by id, after locking these members, these rooms, these places and the
    slots, in that order; `with_holders` also everybody who has one of them. Raises `NotFound` if one does not exist."""
    for _ in range(TRIES):
        people = {*members, *(await _who_has(slot_ids) if with_holders else ())}
        try:
            async with savepoint():  # undone, it lets go of what it locked
                await lock_people_and_rooms(members=people, rooms=rooms)
                await get_for_update(Place, *places)
                if len(await get_for_update(Slot, *slot_ids)) < len(set(slot_ids)):
                    raise NotFound
                if with_holders and not people.issuperset(await _who_has(slot_ids)):
                    raise _OthersCame
        except _OthersCame:
            continue
        return await slots_of(slot_ids, now=now)
    raise RunAgain("People came to the slots between reading and locking, again and again.")


class _OthersCame(Exception):
    """Somebody took one of the slots between reading and locking."""


async def _who_has(slot_ids: Collection[int]) -> set[int]:
    """Who has one of these slots, or watches it."""
    if not slot_ids:
        return set()
    rows = await run(
        "select distinct member_id from rota_holding where went = '' and member_id is not null "  # noqa: S608 - marks only
        f"and slot_id in ({', '.join('{}' for _ in slot_ids)})",
        *slot_ids,
    )
    return {row["member_id"] for row in rows}


async def ask(slot: Row, member_id: int, *, now: datetime) -> tuple[Standing, Who]:
    """How the slot stands, and who this member is to it. Raises `NotFound` for no member."""
    return standing_of(slot), await who_is(slot, member_id, now=now)


async def read_again(slot: Row, *, now: datetime) -> Row:
    """The slot as it is after what this transaction did."""
    return await slot_of(slot["id"], now=now)


async def holding_of(slot_id: int, member_id: int) -> Row | None:
    """By what this member has the slot, or watches it, if they do."""
    found = await run(
        f"select {columns_of(Holding)} from rota_holding where slot_id = {{}} and member_id = {{}} and went = ''",  # noqa: S608 - names of ours
        slot_id,
        member_id,
    )
    return found[0] if found else None


async def holdings_of(slot_id: int) -> list[Row]:
    """All who have the slot or watch it, guests among them, by id."""
    return await run(
        f"select {columns_of(Holding)} from rota_holding where slot_id = {{}} and went = '' order by id",  # noqa: S608 - names of ours
        slot_id,
    )


async def name_of(member_id: int) -> str:
    """By which others know this member. Raises `NotFound`."""
    people = await members_by_id([member_id])
    if member_id not in people:
        raise NotFound
    return people[member_id].name


async def name_for(reader: int, slot: Row, member_id: int) -> Text | str:
    """How a refusal calls this member of the slot's place: by their name to whoever has been met there."""
    if (await who_is_here(reader, slot["place_id"])).met:
        return await name_of(member_id)
    return text("Cette personne")


# ----------------------------------------------------------------------------------------------------------- the turns


async def give_turn(
    slot: Row,
    member_id: int,
    came: Came,
    *,
    told: Mail | None,
    quiet: bool = False,
    taken_by: int | None = None,
    now: datetime,
) -> Row:
    """This member has the slot from now on, or watches it: into their calendar, with what it allows; returns the
    holding. Their time and the slot are locked, and `recount` comes after.

    `told` is what they are told, nothing if another message says it; `quiet` as in `tell`.
    """
    watches = came is Came.WATCHES
    made = await run(
        "insert into rota_holding (slot_id, member_id, first_name, taken_by, came, taken_at, went) "  # noqa: S608 - names of ours
        f"values ({{}}, {{}}, '', {{}}, {{}}, {{}}, '') returning {columns_of(Holding)}",
        slot["id"],
        member_id,
        taken_by,
        came.value,
        now,
    )
    role = Role.WATCHER if watches else Role.HOLDER
    await take_part(KIND, slot["id"], member_id, role, binding=not watches, now=now)
    if not watches:
        await grants.allow(slot, member_id)
    if told is not None:
        what = f"given-{made[0]['id']}"
        await tell(
            told,
            [member_id],
            slot=slot,
            kind=Kind.CONFIRMATION,
            what=what,
            part=Part.INVITE,
            quiet=quiet,
            now=now,
        )
    return made[0]


async def take_turn_away(
    slot: Row,
    holding: Row,
    went: Went,
    *,
    by: int | None,
    told: Mail | None,
    kind: Kind = Kind.CANCELLATION,
    now: datetime,
) -> None:
    """This holding ends, and what it allowed with it: out of the person's calendar, and nobody is asked to come in
    their place any more. `recount` comes after.

    `told` is what its holder is told, or of a guest whoever took it for them; whoever did it themselves (`by`) only if
    their own calendar changes by it. Only of those who left the place, and where another message says it, it is none.
    """
    ended = (
        await Holding.update({Holding.went: went.value, Holding.left_at: now, Holding.left_by: by})
        .where((Holding.id == holding["id"]) & (Holding.went == Went.NOT_YET.value))
        .returning(Holding.id)
    )
    assert ended, "holdings only end under the lock of their slot"
    member = holding["member_id"]
    if member is None:
        reader, own = holding["taken_by"], by == holding["taken_by"]
        if told is not None and reader is not None and not own:
            await tell(told, [reader], slot=slot, kind=kind, what=f"gone-{holding['id']}", now=now)
        return
    await leave(KIND, slot["id"], member, now=now)
    await grants.disallow(slot, member, now=now)
    await _close_swaps(slot, member, SwapState.WITHDRAWN if went is Went.FREED else SwapState.LAPSED, now=now)
    if told is not None:
        own = by == member
        await tell(
            told,
            [member],
            slot=slot,
            kind=Kind.CONFIRMATION if own else kind,
            what=f"gone-{holding['id']}",
            part=Part.CANCEL,
            quiet=own,
            now=now,
        )


async def recount(slot: Row, *, now: datetime) -> Row:
    """Bring the slot's numbers and its entry's to those of its holdings; returns the slot as it is now.

    Lists show it, or no more, from then on. What somebody gave up is called out anew (`calling.again_at`).
    """
    (counted,) = await run(
        f"select count(*) as taken from rota_holding where slot_id = {{}} and {IN_PLACE}",  # noqa: S608 - a constant of ours
        slot["id"],
    )
    taken, people = counted["taken"], slot["people"]
    columns: dict[Any, Any] = {Slot.taken: taken}
    if taken >= people and slot["filled_at"] is None:
        columns[Slot.filled_at] = now
    if taken >= people:
        columns[Slot.called_to] = None
    if taken < min(people, slot["taken"]) and slot["called_at"] is not None:
        columns[Slot.call_again_at] = await _call_again_at(slot, now=now)
    await Slot.update(columns).where(Slot.id == slot["id"])
    await set_counts(KIND, slot["id"], taken=taken, waiting=0, seats=people)
    await set_listed(KIND, [slot["id"]], is_listed(slot, taken=taken), now=now)
    return await read_again(slot, now=now)


async def _call_again_at(slot: Row, *, now: datetime) -> datetime:
    """When people are called out to once more for what somebody has just given up."""
    gone = "select id from rota_holding where slot_id = {} and came <> 'watches' and left_at = {} and taken_at < {}"
    were_there = bool(await run(gone, slot["id"], now, slot["called_at"]))
    again = calling.again_at(slot["called_at"], starts_at=slot["starts_at"], was_there=were_there, now=now)
    return min(again, slot["call_again_at"] or again)


async def why_not_free(slot: Row, member_id: int, *, but: Row | None = None) -> Clash | None:
    """What else this member does at the slot's hours, if anything; what opened the slot is no hindrance, nor is the
    slot `but`, which they would give for it."""
    return await why_clashes(
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        member_ids=[member_id],
        except_for=(KIND, (but or slot)["id"]),
        part_of=source_of(slot),
    )


async def refuse_clash(slot: Row, member_id: int, *, actor: int) -> None:
    """Refuse when this member is taken then. Of somebody else than the actor only the name is told."""
    clash = await why_not_free(slot, member_id)
    if clash is None:
        return
    if member_id == actor:
        raise Refused(RotaRefusal.CLASH, title=clash.title, when=clash.starts_at)
    raise Refused(RotaRefusal.THEIR_CLASH, name=await name_for(actor, slot, member_id))


# --------------------------------------------------------------------------------------------------------------- swaps


async def close_swap(swap: Row, to: SwapState, *, now: datetime, taken_by: int | None = None) -> bool:
    """Settle a swap that is open; false if it is no more."""
    closed = (
        await Swap.update({Swap.state: to.value, Swap.settled_at: now, Swap.taken_by: taken_by})
        .where((Swap.id == swap["id"]) & (Swap.state == SwapState.OPEN.value))
        .returning(Swap.id)
    )
    return bool(closed)


async def holders_but(slot_id: int, member_id: int) -> list[int]:
    """Who has a place of the slot besides this member, guests left out."""
    rows = await run(
        f"select member_id from rota_holding where slot_id = {{}} and {IN_PLACE} "  # noqa: S608 - a constant of ours
        "and member_id is not null and member_id <> {} order by member_id",
        slot_id,
        member_id,
    )
    return [row["member_id"] for row in rows]


async def asked_by(swap: Row) -> list[int]:
    """Who was written to about this swap: one person, or all who have the wanted turn; nobody about a turn that
    anybody may take."""
    if swap["to_member"] is not None:
        return [swap["to_member"]]
    return await holders_but(swap["wanted_slot_id"], swap["from_member"]) if swap["wanted_slot_id"] else []


async def _close_swaps(slot: Row, member_id: int, to: SwapState, *, now: datetime) -> None:
    """The member has the slot no more: what they asked for it is over, and so is what others wanted of them with it;
    those are told."""
    found = await run(
        "select id from rota_swap where state = 'open' and slot_id = {} and from_member = {} "
        "union select id from rota_swap s where state = 'open' and wanted_slot_id = {} and (to_member = {} "
        "or to_member is null and not exists (select 1 from rota_holding h where h.slot_id = {} and h.went = '' "
        "and h.came <> 'watches' and h.member_id is not null and h.member_id <> s.from_member))",
        slot["id"],
        member_id,
        slot["id"],
        member_id,
        slot["id"],
    )
    for swap in await get_for_update(Swap, *(row["id"] for row in found)):
        own = swap["slot_id"] == slot["id"] and swap["from_member"] == member_id
        if not await close_swap(swap, to if own else SwapState.LAPSED, now=now):
            continue
        if not own:
            asked = await slot_of(swap["slot_id"], now=now)
            await tell(
                wording.wanted_gone(title_of(asked), asked["starts_at"], wanted=title_of(slot)),
                [swap["from_member"]],
                slot=asked,
                kind=Kind.CHANGE,
                what=f"swap-gone-{swap['id']}",
                now=now,
            )
        else:
            await tell(
                wording.asked_no_more(title_of(slot), slot["starts_at"], name=await name_of(member_id)),
                await asked_by(swap),
                slot=slot,
                kind=Kind.DUTY,
                what=f"swap-withdrawn-{swap['id']}",
                now=now,
            )


# -------------------------------------------------------------------------------------------------- calendar, messages


async def write_entry(slot: Row, *, now: datetime) -> None:
    """Bring the calendar's entry to what the slot says now."""
    on = SlotState(slot["state"]) is SlotState.OPEN
    await put_entry(
        Planned(
            kind=KIND,
            thing_id=slot["id"],
            place_id=slot["place_id"],
            room_id=None,  # where a turn happens is taken from nobody: dishes are done beside those who eat
            starts_at=slot["starts_at"],
            ends_at=slot["ends_at"],
            state=(EntryState.CONFIRMED if on else EntryState.CANCELLED).value,
            title=title_of(slot),
            genre="",
            summary=slot["about"],
            hosts=(),
            seats=slot["people"],
            taken=slot["taken"],
            waiting=0,
            language="fr",
            step_free=False,
            children=False,
            listed=is_listed(slot, taken=slot["taken"]),
        ),
        now=now,
    )


async def where_is(slot: Row) -> str:
    """Room, place and address in one line, as calendars have them."""
    found = await run(
        "select p.name as place, p.address, r.name as room from place p left join room r on r.id = {} where p.id = {}",
        slot["room_id"],
        slot["place_id"],
    )
    return ", ".join(part for part in (found[0]["room"], found[0]["place"], found[0]["address"]) if part)


async def note(slot: Row, act: str, *, by: int | None, now: datetime, voice: str = "member") -> None:
    """A line of the journal that members do not read: who did it, for whom it is not."""
    await write_journal(
        place_id=slot["place_id"],
        at=now,
        voice=voice,
        act=f"turn.{act}",
        kind=KIND,
        thing_id=slot["id"],
        actor_id=by,
        title=title_of(slot),
    )


async def tell(
    mail: Mail,
    members: Iterable[int],
    *,
    slot: Row,
    kind: Kind,
    what: str,
    now: datetime,
    part: Part | None = None,
    also: Mapping[int, Text] | None = None,
    quiet: bool = False,
    good_until: datetime | None = None,
) -> None:
    """Tell each of these members, once for each `what`. The calendar's entry is already as the message says it is.

    `quiet` tells only those whose own calendar changes with it: what somebody did themselves, the page has said.
    """
    await notices.tell(
        members,
        kind=kind,
        what=f"turn-{slot['id']}-{what}",
        subject=mail.subject,
        body=mail.body,
        link=f"/tours/{slot['id']}",
        action=mail.action,
        place_id=slot["place_id"],
        about=notices.About(KIND, slot["id"], slot["starts_at"]),
        part=part,
        also=also,
        quiet=quiet,
        good_until=good_until,
        now=now,
    )
