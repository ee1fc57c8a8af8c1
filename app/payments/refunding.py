"""Gives money back: what is wanted is asked of Stripe, once, and what has become of it is written down.

A refund's key is stored with it before Stripe is asked, and sent again with each try. Stripe forgets keys after a day:
from then on it is looked up among the payment's refunds first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from app.accounts.api import LedgerKind, add_line
from app.database import command, get_for_update, run, transaction
from app.payments.gateway import Gateway, StripeAway, StripeRefused, in_use
from app.payments.patience import Patience
from app.payments.seen import RefundSeen
from app.payments.states import RefundState
from app.payments.tables import Checkout, Refund

log = logging.getLogger("reseau.payments")

KEYS_KEPT = timedelta(hours=20)
"""So long are keys surely known to Stripe: it keeps them « at least 24 hours »."""
FOR_NOW = frozenset({"balance_insufficient", "insufficient_funds", "lock_timeout"})
"""Refusals of Stripe that are none for good."""
MOST_AT_ONCE = 4
_OUTCOME = {
    "pending": RefundState.SENT,
    "requires_action": RefundState.SENT,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}


async def send_refunds_of(*, kind: str, thing_ids: Collection[int], now: datetime, seconds: float = 4.0) -> int:
    """Send at once what is wanted of these things, after the transaction that wanted it. How many Stripe has; the
    others are sent by a job. Never raises because Stripe is away."""
    if in_use() is None or not thing_ids:
        return 0
    marks = ", ".join("{}" for _ in thing_ids)
    wanted = await run(
        "select r.id from refund r join checkout c on c.id = r.checkout_id "  # noqa: S608 - names of ours and marks
        f"where c.kind = {{}} and c.thing_id in ({marks}) and r.state = 'wanted' and r.tries = 0 "
        "order by r.id limit 20",
        kind,
        *thing_ids,
    )
    return await send_all([row["id"] for row in wanted], now=now, seconds=seconds)


async def send_all(refund_ids: list[int], *, now: datetime, seconds: float) -> int:
    """Some at once, none for longer than so many seconds. How many Stripe has."""
    patience, gate = Patience(seconds), asyncio.Semaphore(MOST_AT_ONCE)

    async def one(refund_id: int) -> bool:
        async with gate:
            return patience.left() > 0 and await send_one(refund_id, now=now, patience=patience)

    return sum(await asyncio.gather(*(one(refund_id) for refund_id in refund_ids)))


async def send_one(refund_id: int, *, now: datetime, patience: Patience) -> bool:
    """Ask Stripe for this refund, or what has become of it. Whether it is news."""
    gateway = in_use()
    row = await _about_to_ask(refund_id, now=now) if gateway is not None else None
    if gateway is None or row is None:
        return False
    try:
        seen = await _ask(gateway, row, now=now, patience=patience)
    except StripeAway as away:
        log.warning("a refund waits: %s", away, extra={"kind": "refund", "thing": refund_id})
        return False
    except StripeRefused as refused:
        if refused.code in FOR_NOW:
            log.warning("a refund waits: %s", refused.code, extra={"kind": "refund", "thing": refund_id})
            return False
        log.error("a refund was refused: %s", refused.code, extra={"kind": "refund", "thing": refund_id})
        return await _refused(refund_id, refused.code, now=now)
    return await note_refund(seen, now=now)


@command
async def _about_to_ask(refund_id: int, *, now: datetime) -> dict[str, Any] | None:
    """The row with its payment, as it was before this try, which is counted first: a crash is a try without answer."""
    async with transaction():
        found = await run(
            "select r.id, r.key, r.amount_cents, r.state, r.stripe_id, r.wanted_at, r.asked_at, r.tries, "
            "c.payment_intent from refund r join checkout c on c.id = r.checkout_id "
            "where r.id = {} and r.state in ('wanted', 'sent')",
            refund_id,
        )
        if found:
            await run("update refund set tries = tries + 1, asked_at = {} where id = {}", now, refund_id)
        return found[0] if found else None


async def _ask(gateway: Gateway, row: dict[str, Any], *, now: datetime, patience: Patience) -> RefundSeen:
    if row["stripe_id"] is not None:
        return await gateway.refund_seen(row["stripe_id"], within=patience.left())
    intent = row["payment_intent"]
    if now - row["wanted_at"] > KEYS_KEPT:  # tried or not, as far as we know: an older backup knows less
        for each in await gateway.refunds_of(payment_intent=intent, within=patience.left()):
            if each.key == row["key"]:
                return each
    return await gateway.refund(
        key=row["key"], payment_intent=intent, amount_cents=row["amount_cents"], within=patience.left()
    )


@command
async def _refused(refund_id: int, code: str, *, now: datetime) -> bool:
    async with transaction():
        done = await run(
            "update refund set state = 'failed', fault = {}, settled_at = {} where id = {} and state = 'wanted' "
            "returning id",
            code,
            now,
            refund_id,
        )
        return bool(done)


@command
async def note_refund(seen: RefundSeen, *, now: datetime) -> bool:
    """Write down how this refund stands. One that somebody made at Stripe is taken in; what is not ours is left.
    Whether it is news."""
    async with transaction():
        paid = await run("select id from checkout where payment_intent = {}", seen.payment_intent)
        if not paid:
            return False
        (checkout,) = await get_for_update(Checkout, paid[0]["id"])
        row = await _row_of(seen, checkout["id"], now=now)
        before, after = RefundState(row["state"]), _OUTCOME.get(seen.status, RefundState.SENT)
        if before is RefundState.FAILED or (before is RefundState.SUCCEEDED and after is not RefundState.FAILED):
            return False
        place_id, checkout_id = checkout["place_id"], checkout["id"]
        if after is RefundState.SUCCEEDED:
            await add_line(
                LedgerKind.REFUND, seen.id, -seen.amount_cents, now=now, place_id=place_id, checkout_id=checkout_id
            )
        elif after is RefundState.FAILED:
            if before is RefundState.SUCCEEDED:
                await add_line(
                    LedgerKind.REFUND_FAILED,
                    seen.id,
                    seen.amount_cents,
                    now=now,
                    place_id=place_id,
                    checkout_id=checkout_id,
                )
            log.error("a refund failed at Stripe", extra={"kind": "refund", "thing": row["id"]})
        await run(
            "update refund set state = {}, stripe_id = {}, settled_at = {}, fault = {} where id = {}",
            after.value,
            seen.id,
            None if after is RefundState.SENT else now,
            (seen.fault or seen.status) if after is RefundState.FAILED else "",
            row["id"],
        )
        return before is not after


async def _row_of(seen: RefundSeen, checkout_id: int, *, now: datetime) -> dict[str, Any]:
    """Its row, locked; made anew for one that somebody made at Stripe by hand."""
    found = await run(
        "select id from refund where checkout_id = {} and (stripe_id = {} or (stripe_id is null and key = {}))",
        checkout_id,
        seen.id,
        seen.key,
    )
    if not found:
        found = await run(
            "insert into refund (checkout_id, key, amount_cents, state, stripe_id, wanted_at, tries, fault) "
            "values ({}, {}, {}, 'sent', {}, {}, 0, '') returning id",
            checkout_id,
            str(uuid4()),
            seen.amount_cents,
            seen.id,
            now,
        )
    (row,) = await get_for_update(Refund, found[0]["id"])
    return row
