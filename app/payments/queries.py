"""What whoever keeps the accounts, or hosts, asks of payments. Nothing of a person is in any answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import run

STUCK = timedelta(minutes=30)
"""After its time, nothing should be open any more for so long."""
LATE = timedelta(hours=26)
"""A refund that is not done by then waits for something: Stripe forgets a request after a day."""
SHOWN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Standing:
    """Something about money that is not done yet, or needs somebody."""

    what: str
    """`checkout`, `refund` or `dispute`."""
    id: int
    state: str
    cents: int
    since: datetime
    fault: str
    stripe_id: str
    needs_somebody: bool


async def standing(now: datetime) -> list[Standing]:
    """All that is open, flagged, to be given back, failed or disputed, the oldest first; and what Stripe refused to
    make within a week."""
    checkouts = await run(
        "select id, state, amount_cents, made_at, expires_at, settled_at, fault, session_id, closing_at from checkout "
        "where state in ('made', 'open') or (state = 'flagged' and seen_at is null) "
        "or (state = 'expired' and fault <> '' and seen_at is null and settled_at > {}) order by id",
        now - SHOWN,
    )
    found = [
        Standing(
            what="checkout",
            id=row["id"],
            state=row["state"],
            cents=row["amount_cents"],
            since=row["made_at"],
            fault=row["fault"],
            stripe_id=row["session_id"] or "",
            needs_somebody=row["state"] == "flagged"
            or (row["state"] in ("made", "open") and row["expires_at"] + STUCK <= now),
        )
        for row in checkouts
    ]
    refunds = await run(
        "select id, state, amount_cents, wanted_at, tries, fault, stripe_id from refund "
        "where state in ('wanted', 'sent') or (state = 'failed' and seen_at is null) order by id"
    )
    found += [
        Standing(
            what="refund",
            id=row["id"],
            state=row["state"],
            cents=row["amount_cents"],
            since=row["wanted_at"],
            fault=row["fault"],
            stripe_id=row["stripe_id"] or "",
            needs_somebody=row["state"] == "failed" or (row["state"] == "wanted" and row["wanted_at"] + LATE <= now),
        )
        for row in refunds
    ]
    disputes = await run(
        "select d.id, d.cents, d.at, d.ref from ledger_line d where d.kind = 'dispute' and d.at > {} and not exists "
        "(select 1 from ledger_line w where w.kind = 'dispute_won' and w.ref = d.ref) order by d.id",
        now - SHOWN,
    )
    found += [
        Standing("dispute", row["id"], "open", row["cents"], row["at"], "", row["ref"], needs_somebody=True)
        for row in disputes
    ]
    return sorted(found, key=lambda each: each.since)


async def ledger_sums() -> dict[str, int]:
    """What moved at Stripe since the beginning, in cents by kind."""
    rows = await run("select kind, sum(cents) as cents from ledger_line group by kind order by kind")
    return {row["kind"]: int(row["cents"]) for row in rows}
