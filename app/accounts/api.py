"""What other packages may ask of a place's accounts. What they write, they write in their own transaction."""

from __future__ import annotations

from app.accounts.ledger import add_line
from app.accounts.queries import BudgetSeen, box_cents, budget_of, spent_by_month, spent_on
from app.accounts.states import Account, LedgerKind, Spending

__all__ = [
    "Account",
    "BudgetSeen",
    "LedgerKind",
    "Spending",
    "add_line",
    "box_cents",
    "budget_of",
    "spent_by_month",
    "spent_on",
]
