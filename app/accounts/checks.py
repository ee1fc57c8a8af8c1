"""Whether a place's accounts agree with themselves: each purchase, reimbursement and deposit with its lines of the
ledger, each line with what it is the movement of, what is owed with what was advanced, the box with what it can hold.

Only reads. What is compared is read in one statement each, so that what somebody writes meanwhile is no difference.
Nobody's name is in any answer. What Stripe moves is `app.payments`' to check, what was counted `meals`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.accounts.rules import kept_from
from app.clock import local_day
from app.contracts import Difference
from app.database import run


async def differences(now: datetime) -> Sequence[Difference]:
    """All that does not agree."""
    day = kept_from(local_day(now))
    # What is no more kept than the law wants leaves lines behind that are of nothing.
    kept = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    found = []
    for what, words, statement in _COMPARED:
        found += await _of(what, words, statement)
    for what, words, statement in _OF_NOTHING:
        found += await _of(what, words, statement, kept)
    return found


async def _of(what: str, words: str, statement: str, *args: Any) -> list[Difference]:
    return [
        Difference(what, row["about"], int(row["expected"]), int(row["found"]), words, row["place_id"])
        for row in await run(statement, *args)
    ]


_COMPARED = (
    (
        "purchase_line",
        "what was bought, and what the ledger says of it",
        "select p.place_id, 'purchase-' || p.id as about, "
        "case when p.struck_at is null then -p.cents else 0 end as expected, "
        "coalesce(l.cents, 0) + coalesce(k.cents, 0) as found from purchase p "
        "left join ledger_line l on l.kind = 'purchase' and l.ref = 'purchase-' || p.id "
        "left join ledger_line k on k.corrects = l.id "
        "where l.id is null or l.cents <> -p.cents or l.place_id <> p.place_id "
        "or l.account <> case p.paid_from when 'member' then 'owed' else p.paid_from end "
        "or l.about <> p.about or coalesce(l.about_id, 0) <> coalesce(p.about_id, 0) "
        "or (p.struck_at is null) <> (k.id is null) or coalesce(k.cents, p.cents) <> p.cents order by p.id",
    ),
    (
        "reimbursement_line",
        "what was given back to somebody, and what the ledger says of it",
        "select p.place_id, 'reimbursement-' || p.id as about, "
        "case when p.undone_at is null then -p.cents else 0 end as expected, "
        "coalesce(l.cents, 0) + coalesce(k.cents, 0) as found from reimbursement p "
        "left join ledger_line l on l.kind = 'reimbursement' and l.ref = 'reimbursement-' || p.id "
        "left join ledger_line k on k.corrects = l.id "
        "where l.id is null or l.cents <> -p.cents or l.account <> p.paid_from or l.place_id <> p.place_id "
        "or (p.undone_at is null) <> (k.id is null) or coalesce(k.cents, p.cents) <> p.cents order by p.id",
    ),
    (
        "reimbursement_owed",
        "what was given back to somebody, and what is owed less for it",
        "select p.place_id, 'reimbursement-' || p.id as about, "
        "case when p.undone_at is null then p.cents else 0 end as expected, "
        "coalesce(l.cents, 0) + coalesce(k.cents, 0) as found from reimbursement p "
        "left join ledger_line l on l.kind = 'reimbursement' and l.ref = 'reimbursement-' || p.id || '-owed' "
        "left join ledger_line k on k.corrects = l.id "
        "where l.id is null or l.cents <> p.cents or l.account <> 'owed' or l.place_id <> p.place_id "
        "or (p.undone_at is null) <> (k.id is null) or coalesce(k.cents, -p.cents) <> -p.cents order by p.id",
    ),
    (
        "reimbursement",
        "what is given back is what was advanced, once, to whoever advanced it",
        "select r.place_id, 'reimbursement-' || r.id as about, "
        "case when p.struck_at is null and p.payee_id is not null then p.cents else 0 end as expected, "
        "r.cents as found from reimbursement r join purchase p on p.id = r.purchase_id where r.undone_at is null "
        "and (r.cents <> p.cents or p.struck_at is not null or p.payee_id is null or p.payee_id <> r.payee_id "
        "or p.place_id <> r.place_id or exists (select 1 from reimbursement o where o.purchase_id = r.purchase_id "
        "and o.id < r.id and o.undone_at is null)) order by r.id",
    ),
    (
        "owed",
        "what somebody advanced and has not back, and what the ledger says is owed",
        "select s.id as place_id, 'place-' || s.id as about, coalesce(a.cents, 0) as expected, "
        "coalesce(-l.cents, 0) as found from place s "
        "left join (select p.place_id, sum(p.cents) as cents from purchase p where p.paid_from = 'member' "
        "and p.struck_at is null and not exists (select 1 from reimbursement r where r.purchase_id = p.id "
        "and r.undone_at is null) group by p.place_id) a on a.place_id = s.id "
        "left join (select place_id, sum(cents) as cents from ledger_line where account = 'owed' group by place_id) l "
        "on l.place_id = s.id where coalesce(a.cents, 0) <> coalesce(-l.cents, 0) order by s.id",
    ),
    (
        "deposit",
        "what was brought from the box to the bank, and what came there",
        "with recursive moved (root, ref, place_id, account, id, cents) as ("
        "select id, ref, place_id, account, id, cents from ledger_line where kind = 'deposit' "
        "union all select m.root, m.ref, m.place_id, l.account, l.id, l.cents from ledger_line l "
        "join moved m on l.corrects = m.id), "
        "summed as (select root, ref, place_id, min(account) as account, sum(cents) as cents from moved "
        "group by root, ref, place_id) "
        "select a.place_id, 'line-' || a.root as about, -a.cents as expected, coalesce(b.cents, 0) as found "
        "from summed a left join summed b on b.ref = a.ref || '-bank' where a.account = 'box' "
        "and (b.root is null or b.cents <> -a.cents or b.account <> 'bank' or b.place_id <> a.place_id) "
        "union all select b.place_id, 'line-' || b.root, 0, b.cents from summed b where b.account <> 'box' "
        "and not exists (select 1 from summed a where a.account = 'box' and b.ref = a.ref || '-bank') order by 2",
    ),
    (
        "correction",
        "a counter-entry is of one line, in the same account of the same place, and says why it is there",
        "select k.place_id, 'line-' || k.id as about, 0 as expected, k.cents as found from ledger_line k "
        "left join ledger_line l on l.id = k.corrects where (k.kind = 'correction') <> (k.corrects is not null) "
        "or (k.kind = 'correction' and (l.id is null or l.id >= k.id or k.ref <> 'correction-' || l.id "
        "or l.account <> k.account or coalesce(l.place_id, 0) <> coalesce(k.place_id, 0) or l.about <> k.about "
        "or coalesce(l.about_id, 0) <> coalesce(k.about_id, 0) or l.account = 'stripe')) order by k.id",
    ),
    (
        "account",
        "a line stands in an account that its kind does not move, or of no place",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where (l.account = 'stripe') <> (l.kind in ('payment', 'fee', 'refund', 'refund_failed', 'dispute', "
        "'dispute_fee', 'dispute_won', 'payout', 'payout_failed')) "
        "or (l.kind = 'cash' and l.account <> 'box') or (l.kind = 'deposit' and l.account = 'owed') "
        "or (l.place_id is null) <> (l.kind in ('payout', 'payout_failed')) order by l.id",
    ),
    (
        "box",
        "the box holds less than nothing",
        "select place_id, 'place-' || place_id as about, 0 as expected, sum(cents) as found from ledger_line "
        "where account = 'box' and place_id is not null group by place_id having sum(cents) < 0 order by place_id",
    ),
)
"""`(what, words, statement)`: the statement names each difference by `place_id`, `about`, `expected`, `found`."""

_OF_NOTHING = (
    (
        "purchase_of_nothing",
        "a line of the ledger about a purchase that nobody wrote down",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where l.kind = 'purchase' and l.at >= {} and l.ref not in (select 'purchase-' || id from purchase) "
        "order by l.id",
    ),
    (
        "reimbursement_of_nothing",
        "a line of the ledger about a reimbursement that nobody wrote down",
        "select l.place_id, 'line-' || l.id as about, 0 as expected, l.cents as found from ledger_line l "
        "where l.kind = 'reimbursement' and l.at >= {} "
        "and l.ref not in (select 'reimbursement-' || id from reimbursement) "
        "and l.ref not in (select 'reimbursement-' || id || '-owed' from reimbursement) order by l.id",
    ),
)
"""The same, of what was written since this instant."""
