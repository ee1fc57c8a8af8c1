"""People come in: ticked, ticked by mistake, come without having booked, let in from the list.

All under the meal's lock, so that two people at the door tick nobody twice. A form that was sent before, however much
has been ticked since, does nothing more: a telephone that had no network sends it again.
"""

from __future__ import annotations

from datetime import datetime

from app.database import command, run, transaction
from app.errors import NotFound, Refused
from meals import door_rules
from meals.commands.booking import insert_booking
from meals.commands.parts import (
    Held,
    add_parts,
    follow,
    keep_form,
    locked_booking,
    move,
    offer_ended,
    sent_before,
    split,
)
from meals.commands.steps import locked, recount, refuse_if
from meals.door_rules import Expected
from meals.facts import Row, door_who, night_of, standing_of
from meals.rules import Wish
from meals.states import MealRefusal, PartState, Payment


@command
async def tick(
    *, actor: int, booking_id: int, seats: int, seen: int, once: str, meal_id: int | None = None, now: datetime
) -> None:
    """So many people of this booking come in; `seen` were in when the list was read. `once` is what tells the form from
    others, `meal_id` the meal at whose door it was sent. Raises `NotFound`, `Refused`."""
    async with transaction():
        row, held = await _at_the_door(booking_id, actor, meal_id, now=now)
        if _ticked_before(held, once):
            return
        expected = expected_of(held)
        refuse_if(door_rules.why_not_in(expected, seats, seen=seen))
        await _come_in(row, held, seats, once=once, now=now)


@command
async def untick(
    *, actor: int, booking_id: int, seats: int, seen: int, once: str, meal_id: int | None = None, now: datetime
) -> None:
    """So many people of this booking were ticked by mistake, the last first; whoever had not booked was never there."""
    async with transaction():
        row, held = await _at_the_door(booking_id, actor, meal_id, now=now)
        if sent_before(held, once):
            return
        expected = expected_of(held)
        refuse_if(door_rules.why_not_out(expected, seats, seen=seen))
        to = PartState.CANCELLED if held.booking["walk_in"] else PartState.CONFIRMED
        came = sorted(held.of_state(PartState.ATTENDED), key=lambda part: (part["attended_at"], part["id"]))
        for part in reversed(came):
            if not seats:
                break
            one = await _take(held, part, min(seats, part["seats"]))
            seats -= one["seats"]
            await move(row, one, to, now=now, attended_at=None)
        await keep_form(held, once, now=now)
        await follow(row, held, now=now)
        await recount(row)


@command
async def walk_in(
    *, actor: int, meal_id: int, name: str, seats: int, children: int = 0, once: str, now: datetime
) -> int:
    """Somebody comes without having booked, and there are seats that are nobody's: they are at the table at once, and
    put into an envelope what they choose; the accounts expect the price of the meal. Returns the booking's id. Who
    ticked them is not kept."""
    async with transaction():
        row = await locked(meal_id)
        await _refuse_unless_at_the_door(row, actor, now=now)
        again = await run(
            "select id from booking where meal_id = {} and walk_in = {} and once = {}", meal_id, True, once
        )
        if once and again:
            return int(again[0]["id"])
        standing = standing_of(row)
        refuse_if(door_rules.why_no_walk_in(standing, seats=seats, children=children))
        wish = Wish(seats=seats, children=children, price_cents=row["fair_cents"])
        booking_id = await insert_booking(row, wish, first_name=name, once=once, now=now)
        if booking_id is None:
            raise RuntimeError("only members have one booking")
        await run("update booking set walk_in = {} where id = {}", True, booking_id)
        (part,) = await add_parts(row, booking_id, [(PartState.CONFIRMED, seats, children)], now=now)
        await move(row, part, PartState.ATTENDED, now=now, attended_at=now, ticked_by_form=once)
        await recount(row)
        return booking_id


@command
async def let_in_from_list(
    *, actor: int, booking_id: int, seats: int, seen: int, once: str, meal_id: int | None = None, now: datetime
) -> None:
    """Somebody who waits is there: so many seats that are kept for them, or nobody's, are theirs, and they pay on
    site."""
    async with transaction():
        row, held = await _at_the_door(booking_id, actor, meal_id, now=now)
        if _ticked_before(held, once):
            return
        expected = expected_of(held)
        refuse_if(door_rules.why_not_from_the_list(standing_of(row), expected, seats, seen=seen))
        left = seats
        for part in [*held.of_state(PartState.OFFERED), *held.of_state(PartState.WAITING)]:
            if not left:
                break
            one = await _take(held, part, min(left, part["seats"]))
            left -= one["seats"]
            await move(row, one, PartState.CONFIRMED, now=now)
            await offer_ended(held, one, now=now)
        if not expected.came and not expected.to_come:
            await run("update booking set payment = {} where id = {}", Payment.ON_SITE.value, held.id)
        await follow(row, held, now=now)
        await _come_in(row, held, seats, once=once, now=now)
        await recount(row)


# --------------------------------------------------------------------------------------------------------------- steps


async def _at_the_door(booking_id: int, actor: int, meal_id: int | None, *, now: datetime) -> tuple[Row, Held]:
    row, held = await locked_booking(booking_id)
    if meal_id is not None and row["id"] != meal_id:
        here = await run("select * from meal where id = {}", meal_id)  # unlocked: only whether they may is asked
        if not here or here[0]["place_id"] != row["place_id"]:
            raise NotFound
        await _refuse_unless_at_the_door(here[0], actor, now=now)
        raise Refused(MealRefusal.OTHER_MEAL, title=row["title"])
    await _refuse_unless_at_the_door(row, actor, now=now)
    return row, held


async def _refuse_unless_at_the_door(row: Row, actor: int, *, now: datetime) -> None:
    who = await door_who(row, actor, now=now)
    if not who.belongs:
        raise NotFound
    refuse_if(door_rules.why_not_at_the_door(standing_of(row), who, night=night_of(row), now=now))


def expected_of(held: Held) -> Expected:
    """Its seats, as the door sees them."""
    return Expected(
        to_come=held.seats(PartState.CONFIRMED),
        came=held.seats(PartState.ATTENDED),
        held=held.seats(PartState.HELD),
        offered=held.seats(PartState.OFFERED),
        waits=held.seats(PartState.WAITING),
    )


def _ticked_before(held: Held, once: str) -> bool:
    """Those who were un-ticked since are not ticked again by it."""
    theirs = [*held.of_state(PartState.ATTENDED), *held.of_state(PartState.CONFIRMED)]
    return bool(once) and any(part["ticked_by_form"] == once for part in theirs)


async def _come_in(row: Row, held: Held, seats: int, *, once: str, now: datetime) -> None:
    """Those that were handed over come last: somebody on the list may have them still."""
    theirs = sorted(held.of_state(PartState.CONFIRMED), key=lambda part: part["handed_at"] is not None)
    for part in theirs:
        if not seats:
            break
        one = await _take(held, part, min(seats, part["seats"]))
        seats -= one["seats"]
        await move(row, one, PartState.ATTENDED, now=now, attended_at=now, ticked_by_form=once, handed_at=None)


async def _take(held: Held, part: Row, seats: int) -> Row:
    """So many seats of a part of this booking, as a part of their own."""
    one = await split(part, seats)
    if one is not part:
        if part["attended_at"] is not None:
            kept = (part["attended_at"], part["ticked_by_form"])
            await run("update booking_part set attended_at = {}, ticked_by_form = {} where id = {}", *kept, one["id"])
            one |= {"attended_at": kept[0], "ticked_by_form": kept[1]}
        held.parts.append(one)
    return one
