"""What Stripe said when it was asked, as we use it: nothing of Stripe's library goes further than the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A page where somebody pays, paid or not."""

    id: str
    key: str
    """What stands in its metadata; empty when it is not one of ours."""
    url: str
    """Where it is paid; empty once that is over."""
    status: str
    """`open`, `complete` or `expired`."""
    paid: bool
    failed: bool
    """Whether it is complete, and the bank has said no since."""
    amount_cents: int
    currency: str
    livemode: bool
    mode: str
    payment_intent: str | None = None
    fee_ref: str = ""
    """Stripe's number of the movement that the fee was taken with; empty as long as that is not known."""
    fee_cents: int = 0


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """Money on its way back, or not."""

    id: str
    key: str
    status: str
    """`pending`, `requires_action`, `succeeded`, `failed` or `canceled`."""
    amount_cents: int
    payment_intent: str | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class DisputeSeen:
    """A payment that its payer's bank takes back."""

    id: str
    status: str
    amount_cents: int
    payment_intent: str | None
    livemode: bool
    fees: tuple[tuple[str, int], ...] = ()
    """Stripe's number of each movement, and what it cost."""


@dataclass(frozen=True, slots=True)
class PayoutSeen:
    """What Stripe pays to the bank."""

    id: str
    status: str
    amount_cents: int
    livemode: bool


@dataclass(frozen=True, slots=True)
class MovementSeen:
    """Money that came into the account at Stripe, or went out of it: « balance transaction »."""

    id: str
    type: str
    """`charge`, `refund`, `refund_failure`, `adjustment`, `payout`, `stripe_fee`…"""
    cents: int
    """Before the fee; negative out of it."""
    fee_cents: int
    currency: str
    made_at: datetime
    source: str = ""
    """Stripe's number of what moved it; empty where nothing did."""
    sort: str = ""
    """What that is: `charge`, `refund`, `dispute`, `payout`…"""
    status: str = ""
    """How that stands now."""
    payment_intent: str | None = None
    key: str = ""
    """What stands in the metadata of a charge, or of a refund; empty when it is not one of ours."""
