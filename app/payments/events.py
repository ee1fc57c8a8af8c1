"""What Stripe tells us: each event is stored once, and handled by asking what is so now.

Events come twice, late, in any order, or not at all; nothing is believed of them but that something may have happened.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from app.database import command, run, transaction
from app.payments.gateway import Gateway, NoSuchThing, StripeAway, StripeRefused, in_use
from app.payments.noting import note_dispute, note_payout
from app.payments.patience import PATIENCE, Patience
from app.payments.refunding import note_refund
from app.payments.seen import RefundSeen
from app.payments.settling import settle, settle_session
from app.payments.signatures import Letter
from app.payments.states import LIVE

log = logging.getLogger("reseau.payments")


@command
async def receive(letter: Letter, *, now: datetime) -> bool:
    """Store it. False when it is there already, and was handled."""
    async with transaction():
        await run(
            "insert into stripe_event (event_id, type, object_id, received_at, tries) values ({}, {}, {}, {}, 0) "
            "on conflict (event_id) do nothing",
            letter.id,
            letter.type,
            letter.object_id,
            now,
        )
        (row,) = await run("select handled_at from stripe_event where event_id = {}", letter.id)
        return row["handled_at"] is None


async def handle(event_id: str, *, now: datetime, seconds: float = PATIENCE) -> bool:
    """Ask what has become of what it is about, and write that down. Whether it is done: when Stripe does not answer, it
    is not, and a job tries again."""
    (row,) = await run("select type, object_id from stripe_event where event_id = {}", event_id)
    handler = next((do for start, do in HANDLERS.items() if row["type"].startswith(start)), None)
    if handler is not None:
        try:
            await handler(row["object_id"], now, Patience(seconds))
        except NoSuchThing:  # asked again, Stripe would say the same: it is over
            log.info("an event is about nothing that Stripe knows", extra={"kind": row["type"]})
        except (StripeAway, StripeRefused) as away:
            log.warning("an event waits: %s", away, extra={"kind": row["type"]})
            return False
    await _handled(event_id, now=now)
    return True


@command
async def _handled(event_id: str, *, now: datetime) -> None:
    async with transaction():
        await run("update stripe_event set handled_at = {} where event_id = {} and handled_at is null", now, event_id)


async def _session(object_id: str, now: datetime, patience: Patience) -> None:
    await settle_session(object_id, now=now, seconds=patience.left())


async def _refund(object_id: str, now: datetime, patience: Patience) -> None:
    await _note_refund(await _gateway().refund_seen(object_id, within=patience.left()), now, patience)


async def _charge(object_id: str, now: datetime, patience: Patience) -> None:
    for seen in await _gateway().refunds_of(charge=object_id, within=patience.left()):
        await _note_refund(seen, now, patience)


async def _note_refund(seen: RefundSeen, now: datetime, patience: Patience) -> None:
    await _settled_first(seen.payment_intent, now, patience)
    await note_refund(seen, now=now)


async def _dispute(object_id: str, now: datetime, patience: Patience) -> None:
    seen = await _gateway().dispute(object_id, within=patience.left())
    await _settled_first(seen.payment_intent, now, patience)
    await note_dispute(seen, now=now)


async def _payout(object_id: str, now: datetime, patience: Patience) -> None:
    await note_payout(await _gateway().payout(object_id, within=patience.left()), now=now)


async def _settled_first(payment_intent: str | None, now: datetime, patience: Patience) -> None:
    """What is given back, or taken, was paid: if we have not heard of that yet, it is settled before."""
    if payment_intent is None or await run("select id from checkout where payment_intent = {}", payment_intent):
        return
    key = await _gateway().key_of_intent(payment_intent, within=patience.left())
    found = await run("select id from checkout where key = {}", key)
    if found and await settle(found[0]["id"], now=now, seconds=patience.left()) in LIVE:
        raise StripeAway("it is not settled yet")


def _gateway() -> Gateway:
    gateway = in_use()
    if gateway is None:
        raise StripeAway("no key")
    return gateway


HANDLERS: dict[str, Callable[[str, datetime, Patience], Awaitable[None]]] = {
    "checkout.session.": _session,
    "refund.": _refund,
    "charge.refund.": _refund,
    "charge.refunded": _charge,
    "charge.dispute.": _dispute,
    "payout.": _payout,
}
"""By how the type of an event begins. Others are stored, and that is all."""
