"""What may be and what must be about paying by card: pure decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.payments.seen import SessionSeen

LEAST_CENTS = 50
"""Stripe charges no less in EUR."""
PAYABLE_FOR = timedelta(minutes=35)
"""So long is Stripe's page good. Stripe allows no less than 30 minutes, counted when it is asked."""


@dataclass(frozen=True, slots=True)
class Refundable:
    """A paid checkout, and what of it is given back already, or wanted back."""

    id: int
    amount_cents: int
    refunded_cents: int


def fault_of(asked: Mapping[str, Any], seen: SessionSeen, *, livemode: bool) -> str:
    """What Stripe says otherwise than was asked, in a word; empty when it is the session that we asked for."""
    if asked["session_id"] is not None and seen.id != asked["session_id"]:
        return "session"
    if seen.key != asked["key"]:
        return "key"
    if seen.amount_cents != asked["amount_cents"]:
        return "amount"
    if seen.currency != asked["currency"]:
        return "currency"
    if seen.livemode is not livemode:
        return "livemode"
    if seen.mode != "payment":
        return "mode"
    return ""


def given_back(paid: Sequence[Refundable], cents: int) -> list[tuple[int, int]]:
    """How much of which checkout, to give back so much in all, or what is left: of the newest first."""
    found = []
    for each in sorted(paid, key=lambda one: one.id, reverse=True):
        part = min(cents, each.amount_cents - each.refunded_cents)
        if part > 0:
            found.append((each.id, part))
            cents -= part
    return found


def expires_at(now: datetime) -> datetime:
    """Until when a checkout that is begun now may be paid, in whole seconds as Stripe counts them."""
    return (now + PAYABLE_FOR).replace(microsecond=0)
