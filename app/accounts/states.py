"""The words of accounts: why money moves, where it is, what it is spent on, and why something cannot be."""

from __future__ import annotations

from enum import StrEnum

from app.errors import Refusal


class Account(StrEnum):
    """Where money is."""

    STRIPE = "stripe"
    """At Stripe, until it is paid out."""
    BOX = "box"
    """The box of the meals: what envelopes held."""
    BANK = "bank"
    """The association's account at its bank, as far as it is about the place: its balance is the bank's to say."""
    OWED = "owed"
    """Advanced by somebody and not given back yet: below zero while the place owes."""


class LedgerKind(StrEnum):
    """Why money moved into an account, or out of it (negative)."""

    # At Stripe, one line for each number of Stripe's.
    PAYMENT = "payment"
    FEE = "fee"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    """What was refunded came back."""
    DISPUTE = "dispute"
    """Somebody told their bank that they had not paid: the bank takes it back, until it has decided."""
    DISPUTE_FEE = "dispute_fee"
    DISPUTE_WON = "dispute_won"
    PAYOUT = "payout"
    """What Stripe pays to the association's bank account."""
    PAYOUT_FAILED = "payout_failed"
    # Of the place.
    CASH = "cash"
    """What two people counted in the box after a meal."""
    PURCHASE = "purchase"
    REIMBURSEMENT = "reimbursement"
    """What somebody advanced is given back: two lines, out of the box or the bank, and out of what is owed."""
    DEPOSIT = "deposit"
    """Brought from the box to the bank, or fetched from there: two lines."""
    CORRECTION = "correction"
    """A counter-entry: what another line said is not so."""


OF_STRIPE = frozenset(
    {
        LedgerKind.PAYMENT,
        LedgerKind.FEE,
        LedgerKind.REFUND,
        LedgerKind.REFUND_FAILED,
        LedgerKind.DISPUTE,
        LedgerKind.DISPUTE_FEE,
        LedgerKind.DISPUTE_WON,
        LedgerKind.PAYOUT,
        LedgerKind.PAYOUT_FAILED,
    }
)
"""Kinds that only Stripe tells of."""


class Spending(StrEnum):
    """On what money is spent: the food of meals, or a line of the logistics budget."""

    FOOD = "food"
    ROOM = "room"
    COFFEE = "coffee"
    MATERIAL = "material"
    OTHER = "other"


class PaidFrom(StrEnum):
    """With whose money something was bought."""

    BOX = "box"
    BANK = "bank"
    """The association's card or cheque."""
    MEMBER = "member"
    """Somebody advanced it."""


class RequestState(StrEnum):
    """Where a request to the logistics budget stands."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    """« Pas maintenant », with a reason."""
    BOUGHT = "bought"
    WITHDRAWN = "withdrawn"


REQUEST_MOVES: dict[RequestState, dict[RequestState, str]] = {
    RequestState.OPEN: {
        RequestState.AGREED: "whoever keeps the accounts agrees",
        RequestState.REFUSED: "whoever keeps the accounts says « pas maintenant », with a reason",
        RequestState.WITHDRAWN: "whoever asked takes it back",
    },
    RequestState.AGREED: {
        RequestState.BOUGHT: "a purchase for it is written down",
        RequestState.WITHDRAWN: "whoever asked takes it back",
    },
    RequestState.REFUSED: {RequestState.AGREED: "whoever keeps the accounts agrees after all"},
    RequestState.BOUGHT: {RequestState.AGREED: "the purchase is struck out"},
    RequestState.WITHDRAWN: {},
}


class AccountsRefusal(Refusal):
    """Why something about the accounts cannot be."""

    NOT_A_MEMBER_HERE = "accounts_not_a_member_here"
    MEDIATOR_HERE = "accounts_mediator_here"
    ONLY_KEEPER = "accounts_only_keeper"
    """The accounts of a place are kept by whoever holds `keep_accounts` there."""
    MAY_NOT_BUY = "accounts_may_not_buy"
    """Purchases are written down by the team of the meal, by whoever was told yes, and by who keeps the accounts."""
    NOT_AN_AMOUNT = "accounts_not_an_amount"
    TOO_MUCH = "accounts_too_much"
    IN_THE_FUTURE = "accounts_in_the_future"
    TOO_LONG_AGO = "accounts_too_long_ago"
    STRUCK_OUT = "accounts_struck_out"
    PAID_BACK = "accounts_paid_back"
    """It is given back already."""
    NOT_ADVANCED = "accounts_not_advanced"
    """Nobody advanced it: there is nothing to give back."""
    OWN_MONEY = "accounts_own_money"
    """Nobody gives money back to themselves alone: another keeper of the accounts does, or somebody else is there."""
    NOT_IN_BOX = "accounts_not_in_box"
    """There is not so much in the box."""
    ANSWERED = "accounts_answered"
    """The request was answered already."""
    NO_REASON = "accounts_no_reason"
    CHANGED_MEANWHILE = "accounts_changed_meanwhile"
    NOT_A_PICTURE = "accounts_not_a_picture"
    PICTURE_TOO_LARGE = "accounts_picture_too_large"
    TOO_MANY_PICTURES = "accounts_too_many_pictures"
    NOT_CORRECTABLE = "accounts_not_correctable"
    """What Stripe says is corrected by Stripe alone."""
