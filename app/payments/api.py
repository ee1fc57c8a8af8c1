"""What other domains may ask of paying by card.

What they write, they write in their own transaction; Stripe is only ever asked outside of any (`ask`, `settle`,
`close`, `send_refunds_of`), in a bounded time, and its silence is an answer.
"""

from __future__ import annotations

from app.payments.gateway import card_taken
from app.payments.keeping import (
    CheckoutSeen,
    begin,
    checkouts_of,
    close_soon,
    forget_whose,
    look_at,
    paid_cents,
    want_refund,
)
from app.payments.patience import PATIENCE
from app.payments.refunding import send_refunds_of
from app.payments.rules import LEAST_CENTS, PAYABLE_FOR
from app.payments.settling import ask, close, settle
from app.payments.states import ENDED, LIVE, Closing, State

__all__ = [
    "ENDED",
    "LEAST_CENTS",
    "LIVE",
    "PATIENCE",
    "PAYABLE_FOR",
    "CheckoutSeen",
    "Closing",
    "State",
    "ask",
    "begin",
    "card_taken",
    "checkouts_of",
    "close",
    "close_soon",
    "forget_whose",
    "look_at",
    "paid_cents",
    "send_refunds_of",
    "settle",
    "want_refund",
]
