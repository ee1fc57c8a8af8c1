"""The team of a meal: the turns that it opens, what each is for, and how they go with it.

Inside the caller's transaction. Once opened they are turns like others (`rotas`); whoever has one is told there what
becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from app.calendar.api import lock_people_and_rooms
from app.database import RunAgain, get_for_update, run, savepoint
from app.errors import NotFound
from app.identity.tables import Place
from meals import rules
from meals.commands.steps import locked, refuse_if
from meals.facts import Row, source_of, turns_of
from meals.plan import PlannedTurn
from meals.states import Job
from meals.tables import MealTurn
from rotas.api import SlotSeen, Wanted, change_slot, close_slot, move_slots, nobody_came, open_slots, people_of

TRIES = 5
"""How often the people to lock are read again, when others came to its turns meanwhile."""


async def locked_with_team(
    meal_id: int, *, members: Collection[int], rooms: Collection[int] = (), now: datetime
) -> tuple[Row, set[int]]:
    """The meal's row, after locking these members and whoever has one of its turns, its room and these, and its place,
    in that order; and whom it locked. Raises `NotFound`."""
    source = source_of(meal_id)
    for _ in range(TRIES):
        people = {*members, *await people_of(source)}
        seen = await run("select place_id, room_id from meal where id = {}", meal_id)
        if not seen:
            raise NotFound
        try:
            async with savepoint():  # undone, it lets go of what it locked
                await lock_people_and_rooms(members=people, rooms={*rooms, seen[0]["room_id"]} - {None})
                await get_for_update(Place, seen[0]["place_id"])
                row = await locked(meal_id)
                if row["room_id"] != seen[0]["room_id"] or not await nobody_came(source, locked=people, now=now):
                    raise _Changed
        except _Changed:
            continue
        return row, people
    raise RunAgain("The room or the team changed between reading and locking, again and again.")


class _Changed(Exception):
    """The meal has another room, or somebody took one of its turns, between reading and locking."""


def refuse_early_shopping(turns: Sequence[tuple[Job, datetime]], *, closes_at: datetime) -> None:
    """Refuse turns, as (job, start), that begin before anybody knows for how many."""
    for job, starts_at in turns:
        refuse_if(rules.why_not_this_turn(job, starts_at=starts_at, closes_at=closes_at))


async def open_team(row: Row, turns: Sequence[PlannedTurn], *, now: datetime) -> None:
    """Open these turns of the meal, those that want nobody left out."""
    there = [each["slot_id"] for each in await run("select slot_id from meal_turn where meal_id = {}", row["id"])]
    for turn in turns:
        if not turn.people:
            continue
        (slot_id,) = await open_slots(
            source=source_of(row["id"], row["title"]),
            place_id=row["place_id"],
            room_id=row["room_id"],
            wanted=[_wanted(turn)],
            but=there,
            now=now,
        )
        await MealTurn.insert(MealTurn(meal_id=row["id"], slot_id=slot_id, job=turn.job.value))
        there.append(slot_id)


async def team_as_it_is(meal_id: int, *, now: datetime) -> list[PlannedTurn]:
    """The turns of this meal, as a form that nobody touched says them."""
    return [
        PlannedTurn(job, slot.duty_id, slot.starts_at, slot.ends_at, slot.people, slot.id)
        for job, slot in await turns_of(meal_id, now=now)
    ]


async def bring_team(
    before: Row, after: Row, turns: Sequence[PlannedTurn], *, locked: Collection[int], actor: int, now: datetime
) -> bool:
    """The meal was edited: its turns go with it, but those whose hours somebody wrote; those that are
    not among these are wanted no more. Whoever is not free any more is told by rotas, as everybody who has one is.
    Returns whether anything changed."""
    source = source_of(after["id"], after["title"])
    there = {slot.id: (job, slot) for job, slot in await turns_of(after["id"], now=now)}
    kept, new = _told_apart(turns, there)
    gone = [slot_id for slot_id in there if slot_id not in kept]
    for slot_id in gone:
        await close_slot(source=source, slot_id=slot_id, actor=actor, now=now)
    own_hours = {slot_id for slot_id, turn in kept.items() if not _left_alone(turn, there[slot_id][1])}
    changed = await move_slots(
        source=source,
        before=(before["starts_at"], before["ends_at"]),
        after=(after["starts_at"], after["ends_at"]),
        room_id=after["room_id"],
        locked=locked,
        but=own_hours,
        actor=actor,
        now=now,
    )
    moved = {slot.id: slot for _, slot in await turns_of(after["id"], now=now)}
    for slot_id, turn in kept.items():
        job, _ = there[slot_id]
        if job is not turn.job:
            await MealTurn.update({MealTurn.job: turn.job.value}).where(MealTurn.slot_id == slot_id)
            changed += 1
        slot = moved[slot_id]
        wanted = _wanted(turn)
        if slot_id not in own_hours:
            wanted = Wanted(slot.duty_id, slot.starts_at, slot.ends_at, max(turn.people, slot.taken))
        if (wanted.starts_at, wanted.ends_at, wanted.people) == (slot.starts_at, slot.ends_at, slot.people):
            continue
        await change_slot(
            source=source,
            slot_id=slot_id,
            wanted=wanted,
            room_id=after["room_id"],
            locked=locked,
            actor=actor,
            now=now,
        )
        changed += 1
    await open_team(after, new, now=now)
    team = await turns_of(after["id"], now=now)
    to_come = [(job, slot.starts_at) for job, slot in team if slot.starts_at > now]
    refuse_early_shopping(to_come, closes_at=after["closes_at"])
    return bool(changed or gone or any(turn.people for turn in new))


def _told_apart(
    turns: Sequence[PlannedTurn], there: dict[int, tuple[Job, SlotSeen]]
) -> tuple[dict[int, PlannedTurn], list[PlannedTurn]]:
    """Which of these the meal has already, by slot, and which are new. One for another duty is another turn."""
    kept: dict[int, PlannedTurn] = {}
    new: list[PlannedTurn] = []
    for turn in turns:
        slot_id = turn.slot_id
        if slot_id is None or slot_id not in there or slot_id in kept or there[slot_id][1].duty_id != turn.duty_id:
            new.append(turn)
        elif turn.people:
            kept[slot_id] = turn
    return kept, new


def _left_alone(turn: PlannedTurn, slot: SlotSeen) -> bool:
    """Whether nobody wrote other hours for it than it has: then it goes with the meal."""
    return (turn.starts_at, turn.ends_at) == (slot.starts_at, slot.ends_at)


def _wanted(turn: PlannedTurn) -> Wanted:
    return Wanted(turn.duty_id, turn.starts_at, turn.ends_at, turn.people)
