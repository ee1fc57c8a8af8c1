"""All bookings of a meal at once: nobody waits any more once it begins; nothing is left of them when it is called off.

Inside the caller's transaction, with the meal's row locked.
"""

from __future__ import annotations

from datetime import datetime

from app.database import run
from app.payments import api as payments
from meals.commands.money import settle_money
from meals.commands.parts import follow, held_of, move, offer_ended
from meals.commands.steps import people_at, recount
from meals.facts import KIND, Row
from meals.states import PartState


async def end_list(row: Row, *, now: datetime) -> int:
    """The meal begins: nobody waits any more, and what is still kept for somebody lapses. Returns how many bookings
    that touched."""
    waiting = await run(
        "select distinct booking_id from booking_part where meal_id = {} and state in ('waiting', 'offered') "
        "order by booking_id",
        row["id"],
    )
    ended = await held_of([each["booking_id"] for each in waiting])
    for held in ended:
        for part in held.of_state(PartState.WAITING, PartState.OFFERED):
            await move(row, part, PartState.LAPSED, now=now)
            await offer_ended(held, part, now=now)
        await follow(row, held, now=now)
    if ended:
        await recount(row)
    return len(ended)


async def end_bookings(row: Row, *, now: datetime) -> tuple[list[int], dict[int, list[str]]]:
    """The meal is cancelled: every booking ends, what the pot gave or got goes back, and what was paid by card. Who is
    to be told: the members, and the first names of people without an account by whoever booked for them. In calendars
    it stays, struck out."""
    told = await people_at(row)
    booked = await run(
        "select id from booking where meal_id = {} and active = {} order by id",
        row["id"],
        True,
    )
    ended = await held_of([each["id"] for each in booked])
    paying = [held.id for held in ended if held.of_state(PartState.HELD)]
    for held in ended:
        for part in list(held.parts):
            waits = PartState(part["state"]) is PartState.WAITING
            await move(row, part, PartState.LAPSED if waits else PartState.CANCELLED, now=now)
            await offer_ended(held, part, now=now)
        held.role = None  # whoever would have come still sees what is off
        await follow(row, held, now=now)
    await payments.close_soon(kind=KIND, thing_ids=paying, now=now)
    for held in ended:
        await settle_money(row, held.booking, told=[held.member] if held.member is not None else [], now=now)
    await recount(row)
    return told
