"""What Stripe tells the ledger of by itself: disputes and payouts, a line each, however often we are told of it."""

from __future__ import annotations

from datetime import datetime

from app.accounts.api import LedgerKind, add_line
from app.database import command, run, transaction
from app.payments.seen import DisputeSeen, PayoutSeen


@command
async def note_dispute(seen: DisputeSeen, *, now: datetime) -> bool:
    """A payer's bank takes a payment back, or gives it up. Whether anything of it is news. What is not ours is left."""
    if seen.status.startswith("warning"):  # the bank only asks: no money has moved
        return False
    async with transaction():
        found = await run("select id, place_id from checkout where payment_intent = {}", seen.payment_intent)
        if not found:
            return False
        place_id, checkout_id = found[0]["place_id"], found[0]["id"]
        lines = [(LedgerKind.DISPUTE, seen.id, -seen.amount_cents)]
        lines += [(LedgerKind.DISPUTE_FEE, ref, -cents) for ref, cents in seen.fees]
        if seen.status == "won":
            lines.append((LedgerKind.DISPUTE_WON, seen.id, seen.amount_cents))
        added = [
            await add_line(kind, ref, cents, now=now, place_id=place_id, checkout_id=checkout_id)
            for kind, ref, cents in lines
        ]
        return any(added)


@command
async def note_payout(seen: PayoutSeen, *, now: datetime) -> bool:
    """Stripe paid to the bank, or the bank sent it back. Whether that is news."""
    async with transaction():
        if seen.status == "paid":
            return await add_line(LedgerKind.PAYOUT, seen.id, -seen.amount_cents, now=now)
        if seen.status == "failed":  # it may have counted as paid for some days
            went = await add_line(LedgerKind.PAYOUT, seen.id, -seen.amount_cents, now=now)
            came_back = await add_line(LedgerKind.PAYOUT_FAILED, seen.id, seen.amount_cents, now=now)
            return went or came_back
        return False
