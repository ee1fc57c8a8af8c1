"""Builders of what a test of turns starts from, keyword-only, with plain defaults."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from app.clock import local_day
from rotas.commands.steps import write_entry
from rotas.facts import slot_of
from rotas.states import Level, SlotState
from rotas.tables import Duty, Pattern, Practice, Slot
from tests.client import NOON
from tests.factories import writing

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SOON = NOON + 10 * DAY
"""When turns of the tests begin: in ten days, so that nothing is near."""


async def make_duty(*, place_id: int, name: str = "Accueil", **changes: Any) -> int:
    """A kind of work that anybody may do and that allows nothing."""
    async with writing():
        made = await Duty.insert(Duty(place_id=place_id, name=name, created_at=NOON, **changes)).returning(Duty.id)
    return int(made[0]["id"])


async def make_slot(
    *,
    place_id: int,
    duty_id: int | None = None,
    starts_at: datetime = SOON,
    hours: float = 2,
    people: int = 1,
    now: datetime = NOON,
    **changes: Any,
) -> int:
    """A turn that nobody has yet, in the calendar; of a duty of its own if none is given."""
    async with writing():
        made = await Slot.insert(
            Slot(
                place_id=place_id,
                duty_id=duty_id if duty_id is not None else await make_duty(place_id=place_id),
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=hours),
                people=people,
                state=SlotState.OPEN.value,
                opened_at=now,
                modified_at=now,
                **changes,
            )
        ).returning(Slot.id)
        slot_id = int(made[0]["id"])
        await write_entry(await slot_of(slot_id, now=now), now=now)
    return slot_id


async def make_weeks(
    *, place_id: int, duty_id: int | None = None, people: int = 1, count: int = 4, starts_at: datetime = SOON
) -> tuple[int, list[int]]:
    """A pattern and its next slots, a week from one to the next: their ids."""
    async with writing():
        duty_id = duty_id if duty_id is not None else await make_duty(place_id=place_id)
        first: date = local_day(starts_at)
        made = await Pattern.insert(
            Pattern(
                place_id=place_id,
                duty_id=duty_id,
                weekday=first.weekday(),
                starts="12:00",
                ends="14:00",
                people=people,
                from_on=first,
                created_at=NOON,
            )
        ).returning(Pattern.id)
        pattern_id = int(made[0]["id"])
        slots = [
            await make_slot(
                place_id=place_id,
                duty_id=duty_id,
                starts_at=starts_at + week * 7 * DAY,
                people=people,
                pattern_id=pattern_id,
                made_for_on=first + week * 7 * DAY,
            )
            for week in range(count)
        ]
    return pattern_id, slots


async def make_practice(*, duty_id: int, member_id: int, level: Level = Level.DOES) -> None:
    """How far the member is in the duty."""
    async with writing():
        await Practice.insert(Practice(duty_id=duty_id, member_id=member_id, level=level.value, since_at=NOON))
