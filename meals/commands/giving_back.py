"""Giving seats back, handing them over after closing, taking them over, answering an offer.

Seats that wait or are offered are given up at any time; confirmed ones until bookings close, and then handed to
somebody on the list. What comes free is offered to the next at once. The same command twice has the effect of once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from app.database import command, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import who_is_here
from app.identity.states import Act
from app.notices.api import Kind, Part
from meals import rules, wording_booking
from meals.commands.card import give_up_held, hold, to_pay
from meals.commands.money import settle_money
from meals.commands.parts import (
    Held,
    booking_of,
    follow,
    held_of,
    keep_form,
    locked_booking,
    move,
    offer_ended,
    offer_freed,
    sent_before,
    split,
    tell_confirmed,
    tell_list,
)
from meals.commands.steps import locked, moment, recount, refuse_if, tell
from meals.facts import Row, offer_key, standing_of
from meals.rules import Who
from meals.states import MealRefusal, PartState, Payment

GIVEN_UP_FIRST = (PartState.WAITING, PartState.OFFERED, PartState.HELD, PartState.CONFIRMED)
"""Whoever gives back some of their seats gives first what is least theirs."""

SAID = {True: (PartState.HELD, PartState.CONFIRMED, PartState.ATTENDED), False: (PartState.CANCELLED, PartState.LAPSED)}
"""What becomes of seats that are offered, after yes and after no: the same answer again changes nothing."""


async def cancel_seats(
    *,
    actor: int,
    booking_id: int,
    seats: int | None,
    leave: bool,
    had: int | None = None,
    form: str = "",
    now: datetime,
) -> None:
    """Give up all seats of a booking, or so many: those that wait first, then those that are offered. Of somebody
    without an account: whoever booked for them, opened the meal or keeps the place.

    What was paid for them by card goes back, or to the pot (`leave`). `had` is how many seats it had where so many were
    asked for: refused when it has others now, unless this very `form` did that. All of them are all, however many there
    are. While a card is being charged for some, all are given up or those that wait, and Stripe is asked first: not
    inside a transaction.
    """
    await give_up_held(actor=actor, booking_id=booking_id, seats=seats, had=had, form=form, now=now)
    await _cancel(actor, booking_id, seats=seats, leave=leave, had=had, form=form, now=now)


@command
async def _cancel(
    actor: int, booking_id: int, *, seats: int | None, leave: bool, had: int | None, form: str, now: datetime
) -> None:
    async with transaction():
        row, held = await locked_booking(booking_id)
        await _refuse_others(row, held, actor, now=now)
        total = held.seats()
        if not total or sent_before(held, form):
            return
        if seats is not None and had not in (None, total):
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        wanted = total if seats is None else min(seats, total)
        if wanted < 1:
            raise Refused(MealRefusal.TOO_MANY_SEATS)
        if wanted > held.seats(PartState.WAITING, PartState.OFFERED):
            refuse_if(rules.why_cannot_give_back(standing_of(row), now=now))
            if held.of_state(PartState.HELD):  # since a moment ago: their page at Stripe is open
                raise Refused(MealRefusal.PAYING)
        await _give_up(row, held, wanted, now=now)
        await keep_form(held, form, now=now)
        await follow(row, held, now=now)
        await settle_money(row, held.booking, leave=leave, now=now)
        await offer_freed(row, now=now)
        await _tell_given_back(row, held, actor, now=now)


async def _refuse_others(row: Row, held: Held, actor: int, *, now: datetime) -> None:
    """A booking is its person's alone; that of somebody without an account is whose who booked it, and of whoever
    answers for the meal. To others it does not exist."""
    if held.member is not None:
        if held.member != actor:
            raise NotFound
        return
    if actor == held.booking["booked_by"]:
        return
    here = await who_is_here(actor, row["place_id"], at=now)
    if not (here.belongs and actor == row["opener_id"]) and Act.KEEP_PLACE not in here.acts:
        raise NotFound


async def _give_up(row: Row, held: Held, wanted: int, *, now: datetime) -> None:
    """So many seats of this booking are nobody's from now on."""
    for state in GIVEN_UP_FIRST:
        for part in reversed(held.of_state(state)):
            if not wanted:
                return
            given = await split(part, min(wanted, part["seats"]), going=True)
            wanted -= given["seats"]
            await move(row, given, PartState.CANCELLED, now=now)
            await offer_ended(held, given, now=now)


async def _tell_given_back(row: Row, held: Held, actor: int, *, now: datetime) -> None:
    """Whoever gave all their confirmed seats back is told only if the meal is to leave their own calendar; who booked
    for somebody, if another gave those seats back."""
    if held.member is not None:
        if not held.confirmed:
            await tell(
                wording_booking.given_back(row["title"], row["starts_at"]),
                [held.member],
                row=row,
                kind=Kind.CONFIRMATION,
                what=f"given-back-{held.id}-{moment(now)}",
                part=Part.CANCEL,
                quiet=True,
                now=now,
            )
    elif held.booking["booked_by"] not in (None, actor) and not held.seats():
        await tell(
            wording_booking.guest_left(row["title"], row["starts_at"], first_name=held.booking["first_name"]),
            [held.booking["booked_by"]],
            row=row,
            kind=Kind.CANCELLATION,
            what=f"guest-left-{held.id}",
            now=now,
        )


# ------------------------------------------------------------------------------------------------------- handing over


@command
async def hand_over(
    *, actor: int, booking_id: int, seats: int, had: int | None = None, form: str = "", now: datetime
) -> None:
    """After closing: let somebody on the list have so many of one's seats. They stay one's own until somebody takes
    them. `had` is how many seats were not handed over yet where that was asked, `form` as for `cancel_seats`."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        await _refuse_others(row, held, actor, now=now)
        refuse_if(rules.why_cannot_hand_over(standing_of(row), Who(actor, confirmed=held.confirmed), now=now))
        kept = [part for part in held.of_state(PartState.CONFIRMED) if part["handed_at"] is None]
        mine = sum(part["seats"] for part in kept)
        if not mine or sent_before(held, form):
            return
        if had not in (None, mine):
            raise Refused(MealRefusal.CHANGED_MEANWHILE)
        if not 1 <= seats <= mine:
            raise Refused(MealRefusal.TOO_MANY_SEATS)
        before = sum(part["seats"] for part in await _handed(row))
        after = before + seats
        for part in reversed(kept):
            if seats:
                given = await split(part, min(seats, part["seats"]), going=True)
                seats -= given["seats"]
                await run("update booking_part set handed_at = {} where id = {}", now, given["id"])
        await keep_form(held, form, now=now)
        mail = wording_booking.handed(row["title"], row["starts_at"])
        # What was handed over, taken back and handed over again is no news.
        what = f"handed-{booking_id}-{row['waiting']}-{moment(row['closes_at'])}"
        await tell_list(row, mail, what=what, before=before, after=after, but=booking_id, now=now)


async def _handed(row: Row) -> list[Row]:
    """The parts that are handed over, in the order in which they were."""
    return await run(
        "select p.id, p.booking_id, p.seats from booking_part p where p.meal_id = {} and p.state = 'confirmed' "
        "and p.handed_at is not null order by p.handed_at, p.id",
        row["id"],
    )


@command
async def keep_seats(*, actor: int, booking_id: int, now: datetime) -> None:
    """Take back what was handed over and nobody took."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        await _refuse_others(row, held, actor, now=now)
        await run(
            "update booking_part set handed_at = null where booking_id = {} and state = 'confirmed' "
            "and handed_at is not null",
            booking_id,
        )


@command
async def take_over(*, actor: int, meal_id: int, now: datetime) -> int:
    """After closing, whoever waits takes seats that others hand over, or that are nobody's: the first who says so, as
    many as they wait for and there are. Returns their booking's id. Those whose seats these were are told."""
    async with transaction():
        row = await locked(meal_id)
        held = await booking_of(row, actor)
        handed, standing = await _handed(row), standing_of(row)
        who = _who_waits(actor, held)
        if held is not None and not who.waits and held.confirmed:
            return held.id
        there = sum(part["seats"] for part in handed)
        refuse_if(rules.why_cannot_take_over(standing, who, there, now=now))
        if held is None:
            raise Refused(MealRefusal.NO_BOOKING)
        if held.of_state(PartState.HELD):
            raise Refused(MealRefusal.PAYING)
        seats = rules.takeable(standing, who, there)
        await _end_handed(row, [part for part in handed if part["booking_id"] != held.id], seats, now=now)
        first = not held.confirmed
        if first and held.booking["payment"] == Payment.CARD:
            await run("update booking set payment = {} where id = {}", Payment.ON_SITE.value, held.id)
        for part in held.of_state(PartState.WAITING):
            if seats:
                mine = await split(part, min(seats, part["seats"]))
                seats -= mine["seats"]
                await move(row, mine, PartState.CONFIRMED, now=now)
                held.parts += [mine] if mine is not part else []
        await follow(row, held, now=now)
        await recount(row)
        if first:
            await tell_confirmed(row, held, now=now)
        return held.id


def _who_waits(actor: int, held: Held | None) -> Who:
    if held is None:
        return Who(actor)
    return Who(
        actor,
        handed=sum(part["seats"] for part in held.parts if part["handed_at"] is not None),
        waits=held.seats(PartState.WAITING),
        together=bool(held.booking["together"]),
    )


async def _end_handed(row: Row, handed: list[Row], seats: int, *, now: datetime) -> None:
    """So many of these seats, or all of them, are somebody else's: those that were handed over first."""
    wanted: dict[int, int] = {}
    for part in handed:
        if seats:
            wanted[part["id"]] = min(seats, part["seats"])
            seats -= wanted[part["id"]]
    givers = await held_of({part["booking_id"] for part in handed if part["id"] in wanted})
    for giver in givers:
        gone = 0
        for part in giver.of_state(PartState.CONFIRMED):
            if part["id"] in wanted:
                given = await split(part, wanted[part["id"]], going=True)
                await move(row, given, PartState.CANCELLED, now=now)
                gone += given["seats"]
        await follow(row, giver, now=now)
        told = giver.member or giver.booking["booked_by"]
        if told is not None:
            await tell(
                wording_booking.taken_over(row["title"], row["starts_at"], seats=gone, left=giver.confirmed),
                [told],
                row=row,
                kind=Kind.CHANGE,
                what=f"taken-over-{giver.id}-{moment(now)}",
                link=f"/reservations/{giver.id}",
                part=Part.CANCEL if giver.member is not None and not giver.confirmed else None,
                now=now,
            )
    for giver in givers:
        await settle_money(row, giver.booking, told=[giver.member] if giver.member else [], now=now)


# -------------------------------------------------------------------------------------------------------------- offers


@command
async def answer_offer(
    *,
    actor: int,
    booking_id: int,
    yes: bool,
    offers: Collection[str],
    payment: Payment = Payment.ON_SITE,
    now: datetime,
) -> bool:
    """Say yes or no to seats that are kept for oneself. No is final, for what else one waits for too; one may ask for
    more again, at the end of the list. `offers` are those that were read (`facts.offer_key`): no other is answered.
    Whether they are held now until they are paid for by card: then Stripe is to be asked for its page (`card.pay`)."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        if held.member != actor:
            raise NotFound
        before = {part["state"] for part in await _offers(booking_id, offers)}
        kept = [part for part in held.of_state(PartState.OFFERED) if _key(part) in offers]
        if before and before <= set(SAID[yes]):
            return PartState.HELD in before
        alive = [part for part in kept if now < part["offer_until"]]
        if yes or not kept:
            who = Who(
                actor,
                offered=sum(part["seats"] for part in kept),
                offer_until=max((part["offer_until"] for part in kept), default=None),
            )
            reason = rules.why_cannot_answer_offer(standing_of(row), who, now=now)
            late = reason is MealRefusal.NO_OFFER and PartState.LAPSED in before
            refuse_if(MealRefusal.OFFER_OVER if late else reason)
        first = not held.confirmed
        cents = _by_card(row, held, alive, now=now) if yes and payment is Payment.CARD else 0
        theirs = PartState.HELD if cents else PartState.CONFIRMED
        for part in alive if yes else kept:
            await move(row, part, theirs if yes else PartState.CANCELLED, now=now)
            await offer_ended(held, part, now=now)
        if cents:
            await hold(row, held, alive, cents, now=now)
        elif yes and first and not held.of_state(PartState.HELD):
            await run("update booking set payment = {} where id = {}", Payment.ON_SITE.value, held.id)
        if not yes:
            for part in held.of_state(PartState.WAITING):
                await move(row, part, PartState.CANCELLED, now=now)
        await follow(row, held, now=now)
        await offer_freed(row, now=now)
        if first and held.confirmed:
            await tell_confirmed(row, held, now=now)
        return cents > 0


def _by_card(row: Row, held: Held, alive: list[Row], *, now: datetime) -> int:
    """What these seats are to be paid for with; nothing where a card cannot be asked for so little. Refused where it
    cannot be asked for at all."""
    if not standing_of(row, now=now).card:
        raise Refused(MealRefusal.NO_CARD)
    if held.of_state(PartState.HELD):
        raise Refused(MealRefusal.PAYING)
    return to_pay(held.booking, confirmed=held.confirmed, seats=sum(part["seats"] for part in alive))


async def _offers(booking_id: int, offers: Collection[str]) -> list[Row]:
    """Which of these this booking was ever made."""
    found = await run(
        "select id, state, offered_at from booking_part where booking_id = {} and offered_at is not null", booking_id
    )
    return [part for part in found if _key(part) in offers]


def _key(part: Row) -> str:
    return offer_key(part["id"], part["offered_at"])
