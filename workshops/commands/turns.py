"""Turns that a workshop opens: its hosts ask for people to help before, during or after it.

Once opened they are turns like others (`rotas`); they go with the workshop when it moves, is cancelled, is on again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import RunAgain, command, savepoint, transaction
from rotas.api import Wanted, close_slot, move_slots, nobody_came, open_slots, people_of
from workshops import rules
from workshops.commands.steps import ask, locked_with_time, note, refuse_if
from workshops.facts import Row, source_of
from workshops.states import State, TurnMoment

TRIES = 5
"""How often the people to lock are read again, when others came to its turns meanwhile."""


@command
async def open_turn(
    *, actor: int, workshop_id: int, duty_id: int, moment: TurnMoment, minutes: int, people: int, now: datetime
) -> int:
    """Ask for so many people, so long before or after it, or during it; returns the turn's id. The same again is that
    turn, brought to so many people. Refused when the turn would have begun already."""
    async with transaction():
        row, _ = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_open_turns(standing, who, now=now))
        starts_at, ends_at = rules.turn_span(row["starts_at"], row["ends_at"], moment, minutes)
        (slot_id,) = await open_slots(
            source=source_of(workshop_id, row["title"]),
            place_id=row["place_id"],
            room_id=row["room_id"],
            wanted=[Wanted(duty_id, starts_at, ends_at, people)],
            now=now,
        )
        await note(row, "turn_opened", voice="host", by=actor, now=now)
        return slot_id


@command
async def close_turn(*, actor: int, workshop_id: int, slot_id: int, now: datetime) -> None:
    """One of its turns is wanted no more: whoever has it is told. Closed already: nothing happens."""
    async with transaction():
        row, _ = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_open_turns(standing, who, now=now))
        await close_slot(source=source_of(workshop_id), slot_id=slot_id, actor=actor, now=now)
        await note(row, "turn_closed", voice="host", by=actor, now=now)


async def locked_with_helpers(
    workshop_id: int, *, members: Collection[int], rooms: Collection[int], now: datetime
) -> tuple[Row, list[int], set[int]]:
    """As `locked_with_time`, and locked with them whoever has one of its turns, who are the third."""
    source = source_of(workshop_id)
    for _ in range(TRIES):
        helpers = await people_of(source)
        try:
            async with savepoint():  # undone, it lets go of what it locked
                row, hosts = await locked_with_time(workshop_id, members={*members, *helpers}, rooms=rooms)
                if not await nobody_came(source, locked=helpers, now=now):
                    raise _OthersCame
        except _OthersCame:
            continue
        return row, hosts, helpers
    raise RunAgain("People came to the turns between reading and locking, again and again.")


class _OthersCame(Exception):
    """Somebody took one of its turns between reading and locking."""


async def move_turns(before: Row, after: Row, *, locked: Collection[int], actor: int | None, now: datetime) -> None:
    """The workshop was edited: its turns are as long before or after it as they were. Inside the caller's transaction,
    which has locked these members."""
    await move_slots(
        source=source_of(after["id"], after["title"]),
        before=(before["starts_at"], before["ends_at"]),
        after=(after["starts_at"], after["ends_at"]),
        room_id=after["room_id"],
        locked=locked,
        actor=actor,
        now=now,
    )


async def follow_room(row: Row, *, now: datetime) -> None:
    """The workshop has another room: so have its turns."""
    if row["state"] == State.PUBLISHED:
        await move_turns(row, row, locked=(), actor=None, now=now)
