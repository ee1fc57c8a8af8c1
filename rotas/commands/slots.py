"""Slots that whoever keeps the place opens once, changes or takes off.

What a pattern makes may be changed one slot at a time; what a meal or a workshop opened is changed there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import RunAgain, command, get_for_update, run, transaction
from app.errors import Refused
from app.identity.tables import Member
from rotas.commands.moving import (
    Plan,
    cancel_steps,
    check_span,
    had_when_off,
    make_slot,
    move_slot,
    place_of_duty,
    refuse_foreign_room,
    refuse_unless_keeper,
    reopen_steps,
)
from rotas.commands.steps import locked_slots, note
from rotas.facts import Row, slot_of
from rotas.states import RotaRefusal, SlotState
from rotas.tables import Duty


@command
async def open_slot(
    *,
    actor: int,
    duty_id: int,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    room_id: int | None,
    once: str,
    now: datetime,
) -> int:
    """Open one slot; returns its id. `once` tells this sending of the form from others: the same again is one slot,
    anything else under it is refused."""
    check_span(starts_at, ends_at, people)
    async with transaction():
        await get_for_update(Member, actor)  # the same form sent twice at once waits here
        await get_for_update(Duty, duty_id)  # who changes it sees this slot too
        place_id = await place_of_duty(duty_id)
        await refuse_unless_keeper(actor, place_id, now=now)
        key = f"{actor}:{once}"[:64] if once else None
        again = await run("select * from rota_slot where once = {}", key) if key else []
        if again:
            wanted = (duty_id, starts_at, ends_at, people, room_id)
            if wanted != tuple(again[0][name] for name in ("duty_id", "starts_at", "ends_at", "people", "room_id")):
                raise Refused(RotaRefusal.ALREADY_SENT)
            return int(again[0]["id"])
        await refuse_foreign_room(place_id, room_id)
        if starts_at <= now:
            raise Refused(RotaRefusal.OVER)
        slot = await make_slot(Plan(place_id, duty_id, starts_at, ends_at, people, room_id=room_id, once=key), now=now)
        await note(slot, "opened", by=actor, voice="bureau", now=now)
        return int(slot["id"])


@command
async def change_slot(
    *,
    actor: int,
    slot_id: int,
    starts_at: datetime,
    ends_at: datetime,
    people: int,
    room_id: int | None,
    version: int,
    now: datetime,
) -> None:
    """Give one slot other hours, another room, or more or fewer people; never fewer than it has. `version` is the one
    that was read: else refused. The same again changes nothing."""
    check_span(starts_at, ends_at, people)
    async with transaction():
        slot = await _kept_slot(actor, slot_id, now=now)
        if SlotState(slot["state"]) is SlotState.CANCELLED:
            raise Refused(RotaRefusal.CANCELLED)
        people = max(people, slot["taken"])
        wanted = (starts_at, ends_at, people, room_id)
        if wanted == (slot["starts_at"], slot["ends_at"], slot["people"], slot["room_id"]):
            return
        if version != slot["version"]:
            raise Refused(RotaRefusal.CHANGED_MEANWHILE)
        if slot["starts_at"] <= now or starts_at <= now:
            raise Refused(RotaRefusal.OVER)
        await refuse_foreign_room(slot["place_id"], room_id)
        after = await move_slot(
            slot, starts_at=starts_at, ends_at=ends_at, people=people, room_id=room_id, by=actor, now=now
        )
        await note(after, "changed", by=actor, voice="bureau", now=now)


@command
async def cancel_slot(*, actor: int, slot_id: int, now: datetime) -> None:
    """Take one slot off: whoever has it is told. Already off: nothing happens."""
    async with transaction():
        slot = await _kept_slot(actor, slot_id, now=now)
        if SlotState(slot["state"]) is SlotState.CANCELLED:
            return
        if slot["ends_at"] <= now:
            raise Refused(RotaRefusal.OVER)
        after = await cancel_steps(slot, by=actor, now=now)
        await note(after, "cancelled", by=actor, voice="bureau", now=now)


@command
async def put_back(*, actor: int, slot_id: int, now: datetime) -> None:
    """Put one slot that was taken off on again: who had it has it again, if they may and are free; else they are told
    that it is on. Already on: nothing happens."""
    async with transaction():
        had = await had_when_off(await slot_of(slot_id, now=now))
        people = {row["member_id"] for row in had if row["member_id"] is not None}
        slot = await _kept_slot(actor, slot_id, people=people, now=now)
        if SlotState(slot["state"]) is SlotState.OPEN:
            return
        if slot["starts_at"] <= now:
            raise Refused(RotaRefusal.OVER)
        await place_of_duty(slot["duty_id"])  # it is not done any more: nothing to put back
        if not people.issuperset(row["member_id"] for row in await had_when_off(slot) if row["member_id"] is not None):
            raise RunAgain("The turn was put back and taken off again between reading and locking.")
        after = await reopen_steps(slot, give_back=True, now=now)
        await note(after, "reopened", by=actor, voice="bureau", now=now)


async def _kept_slot(actor: int, slot_id: int, *, people: Collection[int] = (), now: datetime) -> Row:
    """The slot, locked with its holders and these people, if this member keeps its place and nothing else opened it."""
    slot = (await locked_slots(slot_id, members=[actor, *people], with_holders=True, now=now))[slot_id]
    await refuse_unless_keeper(actor, slot["place_id"], now=now)
    if slot["source_kind"]:
        raise Refused(RotaRefusal.FROM_SOURCE, title=slot["source_title"])
    return slot
