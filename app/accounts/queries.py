"""What a place's accounts come to: the box, what was spent, what is owed, the small budget. Reads, and nobody's name.

Sums are of the ledger wherever it says them; of purchases where only they know on what money was spent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.accounts.rules import LOGISTICS
from app.accounts.states import Account, LedgerKind, Spending
from app.database import run

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BudgetSeen:
    """A line of the small budget."""

    spending: Spending
    month_cents: int | None
    """What the place means to spend in a month; nothing where nothing was said."""
    version: int
    """0 where nothing was said."""


@dataclass(frozen=True, slots=True)
class Balances:
    """Where the money of a place is, in cents."""

    box: int
    bank: int
    """What went to the bank and out of it as far as it is known here: no balance."""
    owed: int
    """To whoever advanced money: never below zero."""
    stripe: int
    """At Stripe, for this place's meals: before what Stripe pays out, which is of the whole account."""


async def spent_on(about: str, ids: Iterable[int]) -> dict[int, int]:
    """What was spent for each of these things, in cents, without what was struck out. Who got nothing is left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await run(
        f"select about_id, sum(cents) as cents from purchase where about = {{}} and about_id in ({marks(wanted)}) "  # noqa: S608 - marks only
        "and struck_at is null group by about_id",
        about,
        *wanted,
    )
    return {row["about_id"]: int(row["cents"]) for row in rows}


async def spent_by_month(place_id: int, from_day: date, to_day: date) -> dict[tuple[int, int], dict[Spending, int]]:
    """What a place spent from the first day to the last, both of them included, by `(year, month)` and by what it was
    spent on, in cents, without what was struck out. A month in which nothing was bought is left out."""
    rows = await run(
        "select bought_on, spending, sum(cents) as cents from purchase "
        "where place_id = {} and bought_on >= {} and bought_on <= {} and struck_at is null "
        "group by bought_on, spending order by bought_on, spending",
        place_id,
        from_day,
        to_day,
    )
    months: dict[tuple[int, int], dict[Spending, int]] = {}
    for row in rows:
        day: date = row["bought_on"]
        month = months.setdefault((day.year, day.month), {})
        spending = Spending(row["spending"])
        month[spending] = month.get(spending, 0) + int(row["cents"])
    return months


async def box_cents(place_id: int) -> int:
    """What the box of the meals holds, in cents."""
    rows = await run(
        "select coalesce(sum(cents), 0) as cents from ledger_line where place_id = {} and account = {}",
        place_id,
        Account.BOX.value,
    )
    return int(rows[0]["cents"])


async def balances(place_id: int) -> Balances:
    """Where the money of the place is."""
    rows = await run(
        "select account, sum(cents) as cents from ledger_line where place_id = {} group by account", place_id
    )
    by = {row["account"]: int(row["cents"]) for row in rows}
    return Balances(
        box=by.get(Account.BOX, 0),
        bank=by.get(Account.BANK, 0),
        owed=-by.get(Account.OWED, 0),
        stripe=by.get(Account.STRIPE, 0),
    )


async def budget_of(place_id: int) -> dict[Spending, BudgetSeen]:
    """The lines of the small budget, all of them, in their order."""
    rows = await run("select spending, month_cents, version from budget_line where place_id = {}", place_id)
    by = {row["spending"]: row for row in rows}
    return {
        spending: BudgetSeen(
            spending,
            by[spending]["month_cents"] if spending in by else None,
            by[spending]["version"] if spending in by else 0,
        )
        for spending in LOGISTICS
    }


async def chain_of(line_id: int) -> list[Row]:
    """A line of the ledger with all its corrections, the first first, whichever of them was asked for; nothing where
    there is none."""
    rows = await run(
        "with recursive root (id, corrects) as ("
        "select id, corrects from ledger_line where id = {} "
        "union all select l.id, l.corrects from ledger_line l join root r on l.id = r.corrects), "
        "chain (id) as (select id from root where corrects is null "
        "union all select l.id from ledger_line l join chain c on l.corrects = c.id) "
        "select l.* from ledger_line l join chain c on c.id = l.id order by l.id",
        line_id,
    )
    return rows


async def lines_named(kind: LedgerKind, refs: Collection[str]) -> dict[str, Row]:
    """Lines of the ledger of this kind, by what they are the movement of."""
    if not refs:
        return {}
    rows = await run(
        f"select * from ledger_line where kind = {{}} and ref in ({marks(refs)})",  # noqa: S608 - marks only
        kind.value,
        *refs,
    )
    return {row["ref"]: row for row in rows}


async def purchases_of(refs: Collection[str]) -> dict[str, Row]:
    """The purchase, `id` and `what`, that each of these lines of the ledger pays or gives back; others are left out."""
    numbered = [ref.split("-") for ref in refs]
    of = {
        kind: sorted(int(ref[1]) for ref in numbered if ref[0] == kind) or [0] for kind in ("purchase", "reimbursement")
    }
    rows = await run(
        f"select 'purchase-' || id as ref, id, what from purchase where id in ({marks(of['purchase'])}) "  # noqa: S608 - marks only
        "union all select 'reimbursement-' || r.id, p.id, p.what from reimbursement r "
        f"join purchase p on p.id = r.purchase_id where r.id in ({marks(of['reimbursement'])})",
        *of["purchase"],
        *of["reimbursement"],
    )
    return {row["ref"]: row for row in rows}


def marks(values: Collection[object]) -> str:
    """As many `{}` as there are values."""
    return ", ".join("{}" for _ in values)
