"""What is done to a place’s accounts. Each deed asks its rule again in its transaction, and is safely done twice."""

from __future__ import annotations

from app.accounts.commands.box import correct_line, deposit
from app.accounts.commands.budget import answer_request, ask_for, set_budget, take_request_back
from app.accounts.commands.purchases import add_receipt, strike_purchase, write_purchase
from app.accounts.commands.repaying import give_back, undo_give_back
from app.accounts.rules import PurchaseWords

__all__ = [
    "PurchaseWords",
    "add_receipt",
    "answer_request",
    "ask_for",
    "correct_line",
    "deposit",
    "give_back",
    "set_budget",
    "strike_purchase",
    "take_request_back",
    "undo_give_back",
    "write_purchase",
]
