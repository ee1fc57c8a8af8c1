"""Seats that are paid for by card: held while their person pays, theirs once it is paid, nobody's if it is not.

A booking has one checkout at a time that somebody waits for. Stripe is asked outside of any transaction (`pay`,
`verify`, `pay_on_site_instead`, `give_up_held`), and what it answers is written by `PAYABLE`, in the transaction of
`app.payments` that writes it down. Before seats are freed the page at Stripe is closed; what somebody wants to become
of them then (`Unpaid`) is written before Stripe is asked, so that a process that dies meanwhile loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.contracts import Payable
from app.database import columns_of, command, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import members_by_id
from app.notices.api import Kind
from app.payments import api as payments
from app.payments.api import Closing, State
from meals import card_rules, rules, wording_booking, wording_card
from meals.commands.money import due_for, live_of, money_of
from meals.commands.parts import (
    Held,
    follow,
    locked_booking,
    move,
    offer_ended,
    offer_freed,
    sent_before,
    tell_confirmed,
)
from meals.commands.pot import lock_pots
from meals.commands.steps import tell
from meals.facts import KIND, Row, standing_of
from meals.states import CardSaid, MealRefusal, PartState, Payment, Unpaid
from meals.tables import BookingPart

UNTOLD = (PartState.HELD, PartState.LAPSED)
"""Of seats that a payment may still be for."""


# ------------------------------------------------------------------------------------------------------------- holding


def to_pay(booking: Row, *, confirmed: int, seats: int) -> int:
    """What these seats, beside those that are theirs already, are to be paid with by card; nothing where it is so
    little that it goes into the envelope."""
    cents = due_for(booking, confirmed + seats) - due_for(booking, confirmed)
    return cents if card_rules.by_card(cents) else 0


async def hold(row: Row, held: Held, parts: list[Row], cents: int, *, now: datetime) -> None:
    """These held parts are to be paid for with so much. In the caller's transaction; Stripe is asked after it
    (`pay`)."""
    member = held.member
    if member is None:
        raise RuntimeError("people without an account pay on site")
    until = now + card_rules.HOLD
    checkout_id = await payments.begin(
        place_id=row["place_id"],
        kind=KIND,
        thing_id=held.id,
        amount_cents=cents,
        title=row["title"],
        path=f"/reservations/{held.id}",
        language=(await members_by_id([member]))[member].language,
        held_until=until,
        now=now,
    )
    for part in parts:
        part |= {"held_until": until, "checkout_id": checkout_id}
        await run(
            "update booking_part set held_until = {}, checkout_id = {} where id = {}", until, checkout_id, part["id"]
        )
    await _write(held, payment=Payment.CARD, unpaid=Unpaid.LAPSES)


async def _write(held: Held, *, payment: Payment | None = None, unpaid: Unpaid) -> None:
    payment = payment or Payment(held.booking["payment"])
    held.booking |= {"payment": payment.value, "unpaid": unpaid.value}
    await run("update booking set payment = {}, unpaid = {} where id = {}", payment.value, unpaid.value, held.id)


# -------------------------------------------------------------------------------------------------------------- paying


@dataclass(frozen=True, slots=True)
class _Paying:
    """What somebody is paying for."""

    checkout_id: int
    held_until: datetime
    starts_at: datetime
    """The meal's: until then it stays held as long as nobody knows whether it is paid."""


async def pay(*, actor: int, booking_id: int, now: datetime) -> str | None:
    """The page where these held seats are paid; asked for again if Stripe has not made it yet. None: Stripe does not
    answer, the seats stay held; or it refuses to make one, which is no fault of whoever books: then the seats are
    theirs, and they pay on site. Not inside a transaction. Raises `NotFound`, `Refused`."""
    paying = await _who_pays(actor, booking_id)
    if paying is None:
        raise Refused(MealRefusal.NOT_PAYING)
    return await payments.ask(paying.checkout_id, now=now)


async def verify(*, actor: int, booking_id: int, now: datetime) -> CardSaid:
    """« J’ai payé, je vérifie »: ask Stripe what is so. Not inside a transaction. Raises `NotFound`, `Refused`."""
    await _refuse_others(actor, booking_id)
    checkouts = (await payments.checkouts_of(KIND, [booking_id]))[booking_id]
    if not checkouts:
        raise Refused(MealRefusal.NOT_PAYING)
    last = live_of(checkouts) or checkouts[-1]
    state = last.state if last.closing else await payments.settle(last.id, now=now)
    return await _said(booking_id, last.id, state, waits=not last.closing)


async def pay_on_site_instead(*, actor: int, booking_id: int, now: datetime) -> CardSaid:
    """« Je paie plutôt sur place »: the page at Stripe is closed first, then the seats are theirs (`ON_SITE`). What was
    paid meanwhile stays paid (`PAID`). Not inside a transaction. Raises `NotFound`, `Refused`."""
    paying = await _say(actor, booking_id, Unpaid.ON_SITE)
    if paying is None:
        raise Refused(MealRefusal.NOT_PAYING)
    closing = await _close(actor, booking_id, paying, Unpaid.ON_SITE, now=now)
    state = State.PAID if closing is Closing.PAID else State.EXPIRED
    return await _said(booking_id, paying.checkout_id, state)


async def _said(booking_id: int, checkout_id: int, state: State, *, waits: bool = False) -> CardSaid:
    """What that means for the seats. `waits`: somebody waits for it, if it is not over."""
    parts = {PartState(each["state"]) for each in await _parts_of(booking_id, checkout_id)}
    if waits and state in payments.LIVE:
        return CardSaid.NOT_YET
    if state is State.FLAGGED:
        return CardSaid.LOOKED_AT
    theirs = bool(parts & {PartState.CONFIRMED, PartState.ATTENDED})
    if state is State.PAID:
        return CardSaid.PAID if theirs else CardSaid.TOO_LATE
    return CardSaid.ON_SITE if theirs else CardSaid.ENDED


async def give_up_held(
    *, actor: int, booking_id: int, seats: int | None, had: int | None, form: str, now: datetime
) -> None:
    """Before all seats of a booking are given up: those that are held for a card are freed, once its page at Stripe is
    closed. What was paid meanwhile is given back. Some of them cannot be given up, only all. Not inside a
    transaction."""
    paying = await _gives_up_held(actor, booking_id, seats=seats, had=had, form=form)
    if paying is not None:
        await _close(actor, booking_id, paying, Unpaid.GIVEN_UP, now=now)


async def _close(actor: int, booking_id: int, paying: _Paying, said: Unpaid, *, now: datetime) -> Closing:
    """Raises `Refused` if nobody knows whether it is paid: then it is all as it was before they `said` so."""
    closing = await end_unpaid(booking_id, paying.checkout_id, now=now)
    if closing is Closing.UNKNOWN:
        await _say(actor, booking_id, Unpaid.LAPSES, instead_of=said)
        until = paying.held_until if now < paying.held_until else paying.starts_at
        raise Refused(MealRefusal.BANK_AWAY, until=until)
    return closing


async def end_unpaid(booking_id: int, checkout_id: int, *, now: datetime) -> Closing:
    """Close the page at Stripe, then free what was held for it; or settle it, if it is paid. Not inside a
    transaction."""
    closing = await payments.close(checkout_id, now=now)
    if closing is Closing.CLOSED:
        await _free(booking_id, checkout_id, now)
    return closing


@command
async def _free(booking_id: int, checkout_id: int, now: datetime) -> None:
    """It is certain that it is not paid: nothing more to do, unless that was known before seats were held no more."""
    async with transaction():
        await _ended(await _lock(booking_id), checkout_id, now)


@command
async def _who_pays(actor: int, booking_id: int) -> _Paying | None:
    """What this member is to pay by card; nothing once they said something else."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        if held.member != actor:
            raise NotFound
        return _paying(row, held) if Unpaid(held.booking["unpaid"]) is Unpaid.LAPSES else None


@command
async def _say(actor: int, booking_id: int, unpaid: Unpaid, *, instead_of: Unpaid | None = None) -> _Paying | None:
    """What becomes of the held seats if they are not paid; nothing where none is held. `instead_of`: unless something
    else was said meanwhile."""
    async with transaction():
        row, held = await locked_booking(booking_id)
        if held.member != actor:
            raise NotFound
        paying = _paying(row, held)
        before = Unpaid(held.booking["unpaid"])
        if paying is not None and before is not unpaid and instead_of in (None, before):
            await _write(held, unpaid=unpaid)
        return paying


@command
async def _gives_up_held(
    actor: int, booking_id: int, *, seats: int | None, had: int | None, form: str
) -> _Paying | None:
    async with transaction():
        row, held = await locked_booking(booking_id)
        paying, total = _paying(row, held), held.seats()
        if paying is None or held.member != actor or sent_before(held, form):
            return None
        if seats is not None and had not in (None, total):
            return None  # it is refused with the others
        wanted = total if seats is None else seats
        if wanted < total:
            if wanted > held.seats(PartState.WAITING, PartState.OFFERED):
                raise Refused(MealRefusal.PAYING)
            return None
        await _write(held, unpaid=Unpaid.GIVEN_UP)
        return paying


def _paying(row: Row, held: Held) -> _Paying | None:
    for part in held.of_state(PartState.HELD):
        return _Paying(part["checkout_id"], part["held_until"], row["starts_at"])
    return None


async def _refuse_others(actor: int, booking_id: int) -> None:
    if not await run("select id from booking where id = {} and member_id = {}", booking_id, actor):
        raise NotFound


async def _parts_of(booking_id: int, checkout_id: int) -> list[Row]:
    """The parts that are, or were, paid with this checkout."""
    return await run(
        f"select {columns_of(BookingPart)} from booking_part where booking_id = {{}} and checkout_id = {{}} "  # noqa: S608 - names of ours
        "order by id",
        booking_id,
        checkout_id,
    )


# ----------------------------------------------------------------------------------------------------- what Stripe said

Locked = tuple[Row, Held]


async def _lock(booking_id: int) -> Locked | None:
    """The meal's row, then its pot's if the booking moves it; nothing where the booking is gone."""
    try:
        row, held = await locked_booking(booking_id)
    except NotFound:
        return None
    if held.booking["give"] or held.booking["suspended"]:
        await lock_pots([row["place_id"]])
    return row, held


async def _paid(locked: Locked | None, checkout_id: int, cents: int, now: datetime) -> int:
    """It is paid: the seats are theirs, or all of it goes back."""
    if locked is None or locked[1].booking["forgotten_at"] is not None or locked[1].member is None:
        return cents
    row, held = locked
    parts = await _parts_of(held.id, checkout_id)
    open_yet = [part for part in parts if PartState(part["state"]) in UNTOLD]
    if not open_yet and any(PartState(part["state"]) is PartState.CONFIRMED for part in parts):
        await _write(held, payment=Payment.CARD, unpaid=Unpaid(held.booking["unpaid"]))
        return min(cents, (await money_of(held.id, paid_now=checkout_id)).over)
    bought = await _seat(row, held, open_yet, now=now)
    await _write(held, payment=Payment.CARD, unpaid=Unpaid.LAPSES)
    await follow(row, held, now=now)
    await offer_freed(row, now=now)
    if not bought:
        return await _give_all_back(row, held, checkout_id, cents, now=now)
    money = await money_of(held.id, paid_now=checkout_id)
    if held.seats(PartState.CONFIRMED) == bought:
        words = wording_card.PAID_IN_PART if money.on_site else wording_card.PAID
        await tell_confirmed(row, held, envelope=words, now=now)
    return min(cents, money.over)


async def _seat(row: Row, held: Held, parts: list[Row], *, now: datetime) -> int:
    """How many of these seats are theirs from now on: all that were paid for, or none."""
    seats = sum(part["seats"] for part in parts)
    unpaid, anew = Unpaid(held.booking["unpaid"]), await _booked_anew(row, held)
    buys = bool(parts) and all(
        card_rules.buys_seats(
            standing_of(row),
            state=PartState(part["state"]),
            seats=seats,
            unpaid=unpaid,
            booked_anew=anew,
            now=now,
        )
        for part in parts
    )
    for part in _same(held, parts):
        if buys:
            if PartState(part["state"]) is PartState.LAPSED:
                held.parts.append(part)
            await move(row, part, PartState.CONFIRMED, now=now, settled_at=None)
        elif PartState(part["state"]) is PartState.HELD:
            await move(row, part, PartState.CANCELLED, now=now)
    if unpaid is Unpaid.GIVEN_UP:
        await _give_up_others(row, held, now=now)
    if buys and not held.booking["active"]:
        held.booking["active"] = True
        await run("update booking set active = {}, modified_at = {} where id = {}", True, now, held.id)
    return seats if buys else 0


def _same(held: Held, parts: list[Row]) -> list[Row]:
    """The same parts, as the booking has them."""
    own = {part["id"]: part for part in held.parts}
    return [own.get(part["id"], part) for part in parts]


async def _booked_anew(row: Row, held: Held) -> bool:
    """Whether they have another booking of this meal since."""
    found = await run(
        "select id from booking where meal_id = {} and member_id = {} and active = {} and id <> {}",
        *(row["id"], held.member, True, held.id),
    )
    return bool(found)


async def _give_all_back(row: Row, held: Held, checkout_id: int, cents: int, *, now: datetime) -> int:
    """Nothing is theirs for it, now or later. What of it goes back that does not yet."""
    await run("update booking_part set checkout_id = null where checkout_id = {}", checkout_id)
    if held.member is not None:
        await tell(
            wording_card.too_late(row["title"], row["starts_at"]),
            [held.member],
            row=row,
            kind=Kind.CHANGE,
            what=f"too-late-{checkout_id}",
            discreet=True,
            now=now,
        )
    there = (await payments.checkouts_of(KIND, [held.id]))[held.id]
    return cents - sum(each.refunded_cents for each in there if each.id == checkout_id)


async def _ended(locked: Locked | None, checkout_id: int, now: datetime) -> None:
    """It ended without payment: the seats become what their person wanted, or are nobody's."""
    if locked is None:
        return
    row, held = locked
    parts = [part for part in held.of_state(PartState.HELD) if part["checkout_id"] == checkout_id]
    if not parts:
        return
    first = not held.confirmed
    if await _pays_on_site(held, checkout_id, now=now) and rules.why_off(standing_of(row), now) is None:
        paid = (await money_of(held.id)).paid
        for part in parts:
            await move(row, part, PartState.CONFIRMED, now=now)
        await _write(held, payment=Payment.CARD if paid else Payment.ON_SITE, unpaid=Unpaid.LAPSES)
        await follow(row, held, now=now)
        await offer_freed(row, now=now)
        if first:
            await tell_confirmed(row, held, envelope=wording_booking.ENVELOPE, now=now)
        return
    given_up = Unpaid(held.booking["unpaid"]) is Unpaid.GIVEN_UP
    await free_held(row, held, parts, given_up=given_up, now=now)


async def _pays_on_site(held: Held, checkout_id: int, *, now: datetime) -> bool:
    """Whether they said so; or Stripe would not make a page to pay at, which is no fault of theirs, and their time is
    not over."""
    unpaid, paying = Unpaid(held.booking["unpaid"]), held.of_state(PartState.HELD)
    if unpaid is not Unpaid.LAPSES or any(part["held_until"] <= now for part in paying):
        return unpaid is Unpaid.ON_SITE
    checkouts = (await payments.checkouts_of(KIND, [held.id]))[held.id]
    return not any(each.had_page for each in checkouts if each.id == checkout_id)


async def free_held(row: Row, held: Held, parts: list[Row], *, given_up: bool = False, now: datetime) -> None:
    """These held seats are nobody's. Whoever did not pay in time waits for no others either: nobody is asked twice for
    what they asked for once."""
    for part in parts:
        await move(row, part, PartState.CANCELLED if given_up else PartState.LAPSED, now=now)
    if given_up:
        await _give_up_others(row, held, now=now)
    else:
        for part in held.of_state(PartState.WAITING):
            await move(row, part, PartState.LAPSED, now=now)
    await _write(held, unpaid=Unpaid.LAPSES)
    await follow(row, held, now=now)
    await offer_freed(row, now=now)
    if not given_up and held.member is not None:
        mail = wording_card.not_paid(
            row["title"],
            row["starts_at"],
            seats=sum(part["seats"] for part in parts),
            left=held.confirmed,
            books=rules.why_cannot_book(standing_of(row), now=now) is None,
        )
        what = f"not-paid-{parts[-1]['id']}"
        await tell(mail, [held.member], row=row, kind=Kind.OFFER, what=what, discreet=True, now=now)


async def _give_up_others(row: Row, held: Held, *, now: datetime) -> None:
    """Whoever gives all up does not wait either, and is offered nothing of what they have just freed."""
    for part in held.of_state(PartState.WAITING, PartState.OFFERED):
        await move(row, part, PartState.CANCELLED, now=now)
        await offer_ended(held, part, now=now)


PAYABLE = Payable(KIND, lock=_lock, paid=_paid, ended=_ended)
