"""Whether what is kept about payments by card agrees with the ledger: each line one way, each payment the other.

Only reads. What is compared is read in one statement each, so that what somebody pays meanwhile is no difference.
Nobody's name is in any answer. What Stripe has in hand is compared in `comparing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.contracts import Difference
from app.database import run


async def differences(now: datetime) -> Sequence[Difference]:
    """All that does not agree."""
    return [found for what, words, statement in _COMPARED for found in await _of(what, words, statement)]


async def _of(what: str, words: str, statement: str) -> list[Difference]:
    return [
        Difference(what, row["about"], int(row["expected"]), int(row["found"]), words, row["place_id"])
        for row in await run(statement)
    ]


_COMPARED = (
    (
        "payment_line",
        "it is paid, and the ledger has no one line of that",
        "select c.place_id, 'checkout-' || c.id as about, c.amount_cents as expected, coalesce(l.cents, 0) as found "
        "from checkout c left join (select checkout_id, count(*) as many, sum(cents) as cents, min(ref) as ref, "
        "min(place_id) as place_id from ledger_line where kind = 'payment' group by checkout_id) l "
        "on l.checkout_id = c.id where c.state = 'paid' and (l.many is null or l.many <> 1 "
        "or l.cents <> c.amount_cents or c.payment_intent is null or l.ref <> c.payment_intent "
        "or l.place_id <> c.place_id) order by c.id",
    ),
    (
        "line_of_nothing",
        "a line of the ledger about a payment that nobody made",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where l.kind in ('payment', 'fee', 'refund', 'refund_failed', 'dispute', 'dispute_fee', 'dispute_won') "
        "and not exists (select 1 from checkout c where c.id = l.checkout_id and c.state = 'paid' "
        "and c.place_id = l.place_id) order by l.id",
    ),
    (
        "refund_line",
        "what was given back, and what the ledger says of it",
        "select c.place_id, 'refund-' || r.id as about, "
        "case when r.state = 'succeeded' then -r.amount_cents else 0 end as expected, "
        "coalesce(l.cents, 0) as found from refund r join checkout c on c.id = r.checkout_id "
        "left join (select ref, checkout_id, sum(cents) as cents from ledger_line "
        "where kind in ('refund', 'refund_failed') group by ref, checkout_id) l "
        "on l.ref = r.stripe_id and l.checkout_id = r.checkout_id "
        "where coalesce(l.cents, 0) <> case when r.state = 'succeeded' then -r.amount_cents else 0 end order by r.id",
    ),
    (
        "refund_of_nothing",
        "a line of the ledger about a refund that nobody wanted",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where l.kind in ('refund', 'refund_failed') and not exists (select 1 from refund r "
        "where r.stripe_id = l.ref and r.checkout_id = l.checkout_id) order by l.id",
    ),
    (
        "refunds_of_payment",
        "more was given back than was paid",
        "select c.place_id, 'checkout-' || c.id as about, "
        "case when c.state = 'paid' then c.amount_cents else 0 end as expected, sum(r.amount_cents) as found "
        "from checkout c join refund r on r.checkout_id = c.id where r.state in ('sent', 'succeeded') "
        "group by c.id, c.place_id, c.state, c.amount_cents "
        "having sum(r.amount_cents) > case when c.state = 'paid' then c.amount_cents else 0 end order by c.id",
    ),
    (
        "dispute_line",
        "what a bank took back is no more than was paid, and comes back whole or not at all",
        "select d.place_id, 'line-' || d.id as about, -d.cents as expected, coalesce(w.cents, 0) as found "
        "from ledger_line d left join ledger_line w on w.kind = 'dispute_won' and w.ref = d.ref "
        "left join checkout c on c.id = d.checkout_id where d.kind = 'dispute' "
        "and (d.cents > 0 or w.cents <> -d.cents or -d.cents > c.amount_cents) "
        "union all select w.place_id, 'line-' || w.id, 0, w.cents from ledger_line w where w.kind = 'dispute_won' "
        "and not exists (select 1 from ledger_line d where d.kind = 'dispute' and d.ref = w.ref) order by 2",
    ),
    (
        "payout_line",
        "what came back from the bank is what went there",
        "select f.place_id, 'line-' || f.id as about, coalesce(-p.cents, 0) as expected, f.cents as found "
        "from ledger_line f left join ledger_line p on p.kind = 'payout' and p.ref = f.ref "
        "where f.kind = 'payout_failed' and (p.id is null or p.cents <> -f.cents) order by f.id",
    ),
)
"""`(what, words, statement)`: the statement names each difference by `place_id`, `about`, `expected`, `found`."""
