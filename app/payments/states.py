"""The words of paying by card: what a checkout and a refund may be.

The tables of moves are data: what is done moves along them, and a test holds both together.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a checkout stands, as far as Stripe has told us."""

    MADE = "made"
    """Stored here. Stripe was not asked yet, or its answer did not arrive: nobody has its page."""
    OPEN = "open"
    """Stripe has a page for it, where somebody may pay."""
    PAID = "paid"
    EXPIRED = "expired"
    """It ended without payment."""
    FLAGGED = "flagged"
    """What Stripe says of it is not what was asked: nothing is confirmed, a person must look."""


MOVES: dict[State, dict[State, str]] = {
    State.MADE: {
        State.OPEN: "Stripe has made its page",
        State.PAID: "Stripe's first answer was lost, and it was paid",
        State.EXPIRED: "Stripe says that there is none, or that it is over",
        State.FLAGGED: "what Stripe made is not what was asked",
    },
    State.OPEN: {
        State.PAID: "Stripe says that it is paid",
        State.EXPIRED: "it was ended, or its time was over, and nothing was paid",
        State.FLAGGED: "what Stripe says of it is not what was asked",
    },
    State.PAID: {},
    State.EXPIRED: {
        State.PAID: "Stripe says that it was paid after all",
        State.FLAGGED: "what Stripe says of it is not what was asked",
    },
    State.FLAGGED: {},
}
LIVE = (State.MADE, State.OPEN)
"""It may still be paid. A thing has one such checkout that somebody waits for, at most."""
ENDED = tuple(state for state in State if state not in LIVE)


class RefundState(StrEnum):
    """Where a refund stands."""

    WANTED = "wanted"
    """Stored here. Stripe was not asked yet, or its answer did not arrive."""
    SENT = "sent"
    """Stripe has it, and it is on its way."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Stripe or the bank did not do it: a person must look."""


REFUND_MOVES: dict[RefundState, dict[RefundState, str]] = {
    RefundState.WANTED: {
        RefundState.SENT: "Stripe has it, and the bank has not answered",
        RefundState.SUCCEEDED: "Stripe has done it",
        RefundState.FAILED: "Stripe refuses it",
    },
    RefundState.SENT: {
        RefundState.SUCCEEDED: "the bank has taken it",
        RefundState.FAILED: "the bank has not",
    },
    RefundState.SUCCEEDED: {RefundState.FAILED: "the bank has sent it back"},
    RefundState.FAILED: {},
}


class Closing(StrEnum):
    """What became of ending a checkout that nobody is to pay any more."""

    CLOSED = "closed"
    """It cannot be paid any more; what it held was freed."""
    PAID = "paid"
    """It had been paid: that was settled instead."""
    UNKNOWN = "unknown"
    """Stripe does not answer, or the bank is still at it: what is held stays held."""
