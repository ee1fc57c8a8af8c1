"""Asks Stripe for a page to pay at, and settles what has become of it. There is one `settle`: whoever hears that a
payment may have been made calls it, and it believes nothing but what Stripe answers to our own question.

Each function asks Stripe outside of any transaction, then writes in one, which locks what is paid for, then the
checkout, and looks again at what it locked: done twice, or by two processes at once, it is done once.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from app.accounts.api import LedgerKind, add_line
from app.database import columns_of, command, get_for_update, run, transaction
from app.errors import NotFound
from app.payments import rules
from app.payments.gateway import Gateway, KeyRefused, NoSuchThing, StripeAway, StripeRefused, in_use
from app.payments.keeping import refund_from
from app.payments.patience import PATIENCE, Patience
from app.payments.payables import payable_of
from app.payments.refunding import send_all
from app.payments.seen import SessionSeen
from app.payments.states import LIVE, Closing, State
from app.payments.tables import Checkout

Row = dict[str, Any]

log = logging.getLogger("reseau.payments")

ENDED_AT_ONCE = 1.0
"""Seconds that are kept for sending refunds."""


async def ask(checkout_id: int, *, now: datetime, seconds: float = PATIENCE) -> str | None:
    """The page where this is paid; made with the stored key if it is not known. Nothing when Stripe does not answer in
    time, when it refuses, or when nobody is to pay this any more."""
    row = await _row(checkout_id)
    if State(row["state"]) is State.MADE and row["closing_at"] is None:
        row = await _make(row, now=now, patience=Patience(seconds))
    return row["url"] or None if State(row["state"]) is State.OPEN and row["closing_at"] is None else None


async def settle(checkout_id: int, *, now: datetime, seconds: float = PATIENCE) -> State:
    """Ask Stripe what has become of it, and write it down: what is paid is confirmed, what ended frees what was held.

    Stripe's silence changes nothing. What is refunded at once is sent at once, as far as the time allows.
    """
    patience, gateway = Patience(seconds), in_use()
    row = await _row(checkout_id)
    state = State(row["state"])
    if gateway is None or state in (State.PAID, State.FLAGGED):
        return state
    if state is State.MADE:
        if row["closing_at"] is not None and not row["unsure"]:  # Stripe was never asked: there is nothing to end there
            return await _end(row, "", now=now)
        row = await _make(row, now=now, patience=patience)
        state = State(row["state"])
    if row["session_id"] is None or state is State.FLAGGED:
        return state
    try:
        seen = await gateway.session(row["session_id"], within=patience.left())
    except NoSuchThing:
        return await _flag(row, "no_session", now=now)
    except (StripeAway, StripeRefused) as away:
        log.warning("a payment waits to be settled: %s", away, extra={"kind": "checkout", "thing": checkout_id})
        return state
    state = await write(row, seen, now=now)
    await _send_at_once(checkout_id, now=now, patience=patience)
    return state


async def settle_session(session_id: str, *, now: datetime, seconds: float = PATIENCE) -> State | None:
    """The same of what Stripe calls so, when it told us of it; nothing when it is not ours. Raises `StripeAway`."""
    patience, gateway = Patience(seconds), in_use()
    if gateway is None:
        raise StripeAway("no key")
    try:
        seen = await gateway.session(session_id, within=patience.left())
    except NoSuchThing:
        return None
    # By our key: its number may have been lost with Stripe's first answer.
    found = await run(
        f"select {columns_of(Checkout)} from checkout where session_id = {{}} or key = {{}} order by id",  # noqa: S608 - names of ours
        seen.id,
        seen.key,
    )
    if not found:
        return None
    row = found[0]
    state = await write(row, seen, now=now)
    await _send_at_once(row["id"], now=now, patience=patience)
    return state


async def close(checkout_id: int, *, now: datetime, seconds: float = PATIENCE) -> Closing:
    """Nobody is to pay this any more: end it at Stripe, unless it is paid. When it says `CLOSED`, what was held for it
    is free."""
    patience, gateway = Patience(seconds), in_use()
    row = await _row(checkout_id)
    if State(row["state"]) is State.MADE:
        if (ended := await _close_made(row, now=now)) is not Closing.UNKNOWN:
            return ended
        row = await _row(checkout_id)
    state = State(row["state"])
    if state is State.PAID:
        return Closing.PAID
    if state is State.EXPIRED:
        return Closing.CLOSED
    if gateway is None:
        return Closing.UNKNOWN
    if row["session_id"] is None:  # set aside before its page was known: there is none to end
        return await _close_flagged(row, "", now=now)
    try:
        seen = await gateway.expire(row["session_id"], within=patience.left())
    except NoSuchThing:
        return await _close_flagged(row, "no_session", now=now)
    except StripeAway as away:
        log.warning("a payment waits to be ended: %s", away, extra={"kind": "checkout", "thing": checkout_id})
        return Closing.UNKNOWN if state is State.OPEN else await _close_flagged(row, "", now=now)
    except StripeRefused:  # it is not open there: paid, or over already
        if state is State.FLAGGED:
            return await _close_flagged(row, "", now=now)
        state = await settle(checkout_id, now=now, seconds=patience.left())
    else:
        state = await write(row, seen, now=now)
    if state is State.FLAGGED:
        return await _close_flagged(row, "", now=now)
    return {State.PAID: Closing.PAID, State.EXPIRED: Closing.CLOSED}.get(state, Closing.UNKNOWN)


# ------------------------------------------------------------------------------------------------------- Stripe's page


async def _make(row: Row, *, now: datetime, patience: Patience) -> Row:
    """Have Stripe make its page, or say again which it made. The row as it is then."""
    gateway = in_use()
    before = await _about_to_make(row["id"], now=now) if gateway is not None else None
    if gateway is None or before is None:
        return await _row(row["id"])
    try:
        seen = await _made_by(gateway, before, patience)
    except StripeAway as away:
        if isinstance(away, KeyRefused) and not before["unsure"]:  # it never got as far as making one
            await _end(before, "key_refused", now=now)
        log.warning("Stripe made no page: %s", away, extra={"kind": "checkout", "thing": row["id"]})
    except StripeRefused as refused:
        log.warning("Stripe made no page: %s", refused.code, extra={"kind": "checkout", "thing": row["id"]})
        if refused.code == "idempotency_error":  # there may be one, made with what our settings said then
            await _flag(before, refused.code, now=now)
        else:
            await _end(before, refused.code, now=now)
    else:
        await write(before, seen, now=now, anew=True)
    return await _row(row["id"])


async def _made_by(gateway: Gateway, row: Row, patience: Patience) -> SessionSeen:
    return await gateway.make_session(
        key=row["key"],
        amount_cents=row["amount_cents"],
        currency=row["currency"],
        title=row["title"],
        path=row["path"],
        language=row["language"],
        expires_at=row["expires_at"],
        within=patience.left(),
    )


@command
async def _about_to_make(checkout_id: int, *, now: datetime) -> Row | None:
    """The row as it was, with a note beforehand that a request is on its way: a crash leaves one without an answer."""
    async with transaction():
        (row,) = await get_for_update(Checkout, checkout_id)
        if State(row["state"]) is not State.MADE:
            return None
        await run("update checkout set asked_at = {}, unsure = {} where id = {}", now, True, checkout_id)
        return row


# ------------------------------------------------------------------------------------------------------ what was found


@command
async def write(row: Row, seen: SessionSeen, *, now: datetime, anew: bool = False) -> State:
    """Write down what Stripe says of it. `anew` is its answer to making it, which says nothing of what came after."""
    gateway = in_use()
    if gateway is None:
        raise StripeAway("no key")
    async with transaction():
        locked, row = await _locked(row)
        state = State(row["state"])
        if state in (State.PAID, State.FLAGGED):
            return state
        if fault := rules.fault_of(row, seen, livemode=gateway.livemode):
            return await _flag_locked(row, fault, session_id=seen.id, now=now)
        if seen.paid and not anew:
            return await _paid(row, locked, seen, now=now)
        if not anew and (seen.status == "expired" or seen.failed):
            return await _end_locked(row, locked, "", session_id=seen.id, now=now)
        if state is State.EXPIRED or (state is State.OPEN and row["url"] == seen.url):
            return state
        await run(
            "update checkout set state = 'open', session_id = {}, url = {}, asked_at = {}, unsure = {} where id = {}",
            seen.id,
            seen.url,
            now,
            False,
            row["id"],
        )
        return State.OPEN


async def _paid(row: Row, locked: Any, seen: SessionSeen, *, now: datetime) -> State:
    """It is paid: the ledger says so, what is paid for is confirmed, and what is not to be had is given back."""
    if seen.payment_intent is None:
        return await _flag_locked(row, "payment_intent", session_id=seen.id, now=now)
    await run(
        "update checkout set state = 'paid', session_id = {}, url = '', payment_intent = {}, asked_at = {}, "
        "settled_at = {}, unsure = {} where id = {}",
        seen.id,
        seen.payment_intent,
        now,
        now,
        False,
        row["id"],
    )
    cents = seen.amount_cents
    await add_line(
        LedgerKind.PAYMENT,
        seen.payment_intent,
        cents,
        now=now,
        place_id=row["place_id"],
        checkout_id=row["id"],
    )
    await _add_fee(row, seen, now=now)
    back = cents
    if row["thing_id"] is not None:
        back = await payable_of(row["kind"]).paid(locked, row["id"], cents, now)
    await refund_from([row["id"]], min(back, cents), now=now)
    return State.PAID


async def _add_fee(row: Row, seen: SessionSeen, *, now: datetime) -> bool:
    if not seen.fee_ref:
        return False
    return await add_line(
        LedgerKind.FEE, seen.fee_ref, -seen.fee_cents, now=now, place_id=row["place_id"], checkout_id=row["id"]
    )


@command
async def note_fee(checkout_id: int, *, now: datetime, seconds: float) -> bool:
    """Stripe did not know yet what this payment cost: ask again. Whether it knows now."""
    gateway, row = in_use(), await _row(checkout_id)
    if gateway is None or row["session_id"] is None:
        return False
    try:
        seen = await gateway.session(row["session_id"], within=seconds)
    except (StripeAway, StripeRefused):
        return False
    async with transaction():
        return await _add_fee(row, seen, now=now)


async def _send_at_once(checkout_id: int, *, now: datetime, patience: Patience) -> None:
    """Refunds that settling wanted, as far as the time allows; a job sends the others."""
    if patience.left() < ENDED_AT_ONCE:
        return
    wanted = await run(
        "select id from refund where checkout_id = {} and state = 'wanted' and tries = 0 order by id", checkout_id
    )
    if wanted:
        await send_all([each["id"] for each in wanted], now=now, seconds=patience.left())


# ------------------------------------------------------------------------------------------------------- other endings


@command
async def _end(row: Row, fault: str, *, now: datetime) -> State:
    """There is no page for it, and will be none."""
    async with transaction():
        locked, row = await _locked(row)
        if State(row["state"]) is not State.MADE:
            return State(row["state"])
        return await _end_locked(row, locked, fault, session_id=None, now=now)


async def _end_locked(row: Row, locked: Any, fault: str, *, session_id: str | None, now: datetime) -> State:
    if State(row["state"]) is State.EXPIRED:
        return State.EXPIRED
    await run(
        "update checkout set state = 'expired', session_id = {}, url = '', settled_at = {}, fault = {}, unsure = {} "
        "where id = {}",
        session_id,
        now,
        fault,
        False,
        row["id"],
    )
    if row["thing_id"] is not None:
        await payable_of(row["kind"]).ended(locked, row["id"], now)
    return State.EXPIRED


@command
async def _flag(row: Row, fault: str, *, now: datetime) -> State:
    async with transaction():
        _, row = await _locked(row)
        if State(row["state"]) in (State.PAID, State.FLAGGED):
            return State(row["state"])
        return await _flag_locked(row, fault, session_id=row["session_id"], now=now)


async def _flag_locked(row: Row, fault: str, *, session_id: str | None, now: datetime) -> State:
    """A person must look: nothing is confirmed, and nothing more is believed of it."""
    taken = await run("select id from checkout where session_id = {} and id <> {}", session_id, row["id"])
    await run(
        "update checkout set state = 'flagged', session_id = coalesce(session_id, {}), url = '', settled_at = {}, "
        "fault = {} where id = {}",
        None if taken else session_id,
        now,
        fault,
        row["id"],
    )
    log.error("Stripe says something else than was asked: %s", fault, extra={"kind": "checkout", "thing": row["id"]})
    return State.FLAGGED


@command
async def _close_made(row: Row, *, now: datetime) -> Closing:
    """Nobody has its page, and nobody is given it from now on. Whether Stripe made one all the same, a job finds out,
    and ends it there."""
    async with transaction():
        locked, row = await _locked(row)
        state = State(row["state"])
        if state not in LIVE:
            return Closing.PAID if state is State.PAID else Closing.CLOSED
        if state is State.OPEN:
            return Closing.UNKNOWN
        if not row["unsure"]:
            await _end_locked(row, locked, "", session_id=None, now=now)
            return Closing.CLOSED
        await run("update checkout set closing_at = coalesce(closing_at, {}) where id = {}", now, row["id"])
        if row["thing_id"] is not None:
            await payable_of(row["kind"]).ended(locked, row["id"], now)
        return Closing.CLOSED


@command
async def _close_flagged(row: Row, fault: str, *, now: datetime) -> Closing:
    """What is wrong with it waits for a person; what was held for it does not."""
    async with transaction():
        locked, row = await _locked(row)
        if State(row["state"]) is State.PAID:
            return Closing.PAID
        if State(row["state"]) is not State.FLAGGED:
            await _flag_locked(row, fault, session_id=row["session_id"], now=now)
        if row["thing_id"] is not None:
            await payable_of(row["kind"]).ended(locked, row["id"], now)
        return Closing.CLOSED


async def _locked(row: Row) -> tuple[Any, Row]:
    """What its thing's lock gave, and the row as it is, locked after it."""
    locked = await payable_of(row["kind"]).lock(row["thing_id"]) if row["thing_id"] is not None else None
    (row,) = await get_for_update(Checkout, row["id"])
    return locked, row


async def _row(checkout_id: int) -> Row:
    found = await run(f"select {columns_of(Checkout)} from checkout where id = {{}}", checkout_id)  # noqa: S608 - names of ours
    if not found:
        raise NotFound
    return found[0]
