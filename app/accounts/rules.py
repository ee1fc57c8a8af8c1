"""What a place's accounts allow: who writes a purchase down, what may be given back, what is corrected and how.

Pure: pages ask them for what they offer, commands again inside their transaction. Money is integer cents of EUR.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.accounts.states import (
    OF_STRIPE,
    REQUEST_MOVES,
    Account,
    AccountsRefusal,
    LedgerKind,
    PaidFrom,
    RequestState,
    Spending,
)

MOST_CENTS = 500_000
"""5 000 €: what is dearer is no purchase for a meal or a shelf, but a slip of the keyboard."""
LONGEST_BACK = timedelta(days=366)
"""So long ago may something have been bought: the accounts of a year are closed in the next."""
MOST_PICTURES = 3
"""Of one purchase's receipt."""
MOST_PICTURES_A_DAY = 30
"""Of one person: who shops for a whole camp sends twenty."""
YEARS_KEPT = 10
"""Code de commerce, art. L123-22: accounts and what proves them are kept ten years, from the end of their year."""
REQUEST_REMEMBERED = timedelta(days=365)
"""So long after a request was answered it is known whose it was."""

LOGISTICS = (Spending.ROOM, Spending.COFFEE, Spending.MATERIAL, Spending.OTHER)
"""The lines of the small budget; the food of meals is paid for by whoever eats."""

ACCOUNT_OF = {PaidFrom.BOX: Account.BOX, PaidFrom.BANK: Account.BANK, PaidFrom.MEMBER: Account.OWED}
"""From where a purchase takes money: what somebody advances is owed to them."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who somebody is to something that is bought."""

    member: bool
    """Of the place."""
    mediator: bool
    keeper: bool
    """Keeps the accounts there."""
    on_team: bool = False
    """Has a turn of the meal, or opened it."""
    was_told_yes: bool = False
    """Asked for it, and it was agreed."""


@dataclass(frozen=True, slots=True)
class PurchaseWords:
    """What somebody says that they bought."""

    what: str
    cents: int
    spending: Spending
    bought_on: date
    paid_from: PaidFrom
    about: str = ""
    about_id: int | None = None
    """What it is for, among those of `spending.near`."""
    request_id: int | None = None
    """The request that was agreed to."""
    payee: str = ""
    """The name that whoever advanced it wants in the accounts; their own if it is empty."""
    for_other: bool = False
    """Whoever keeps the accounts writes it down for somebody of this name, who does not use the site."""


def why_not_here(who: Buyer) -> AccountsRefusal | None:
    """Why somebody has nothing to do with the accounts of this place."""
    if not who.member:
        return AccountsRefusal.NOT_A_MEMBER_HERE
    return AccountsRefusal.MEDIATOR_HERE if who.mediator else None


def why_not_keeper(who: Buyer) -> AccountsRefusal | None:
    """Why somebody does not keep these accounts."""
    return why_not_here(who) or (None if who.keeper else AccountsRefusal.ONLY_KEEPER)


def why_may_not_buy(who: Buyer, spending: Spending, paid_from: PaidFrom) -> AccountsRefusal | None:
    """Why somebody may not write this purchase down. The box and the association's card are in the hands of whoever
    keeps the accounts; what the box holds is told to nobody else, not even by a refusal."""
    if (elsewhere := why_not_here(who)) is not None:
        return elsewhere
    if who.keeper:
        return None
    if paid_from is not PaidFrom.MEMBER:
        return AccountsRefusal.ONLY_KEEPER
    may = who.on_team if spending is Spending.FOOD else who.was_told_yes
    return None if may else AccountsRefusal.MAY_NOT_BUY


def why_not_cents(cents: int) -> AccountsRefusal | None:
    """Why so much is not spent or moved."""
    if cents <= 0:
        return AccountsRefusal.NOT_AN_AMOUNT
    return AccountsRefusal.TOO_MUCH if cents > MOST_CENTS else None


def why_not_bought_on(day: date, today: date) -> AccountsRefusal | None:
    """Why nothing was bought on this day."""
    if day > today:
        return AccountsRefusal.IN_THE_FUTURE
    return AccountsRefusal.TOO_LONG_AGO if day < today - LONGEST_BACK else None


def why_not_strike(who: Buyer, *, wrote: bool, given_back: bool, reason: str) -> AccountsRefusal | None:
    """Why a purchase may not be struck out: whoever wrote it down may, and whoever keeps the accounts."""
    if (elsewhere := why_not_here(who)) is not None:
        return elsewhere
    if not wrote and not who.keeper:
        return AccountsRefusal.ONLY_KEEPER
    if given_back:
        return AccountsRefusal.PAID_BACK
    return None if reason else AccountsRefusal.NO_REASON


def why_not_give_back(
    who: Buyer, *, advanced: bool, struck: bool, own: bool, other_keeper: bool, cents: int, box_cents: int | None
) -> AccountsRefusal | None:
    """Why what somebody advanced is not given back by this person. `own`: it is theirs, which another keeper gives back
    while there is one. `box_cents` is what the box holds, if it comes out of it."""
    if (refusal := why_not_keeper(who)) is not None:
        return refusal
    if not advanced:
        return AccountsRefusal.NOT_ADVANCED
    if struck:
        return AccountsRefusal.STRUCK_OUT
    if own and other_keeper:
        return AccountsRefusal.OWN_MONEY
    return AccountsRefusal.NOT_IN_BOX if box_cents is not None and cents > box_cents else None


def why_not_wanted(spending: Spending) -> AccountsRefusal | None:
    """Why nobody asks the small budget for this: the food of a meal is its team's to buy."""
    return None if spending in LOGISTICS else AccountsRefusal.MAY_NOT_BUY


def why_not_answer(state: RequestState, to: RequestState, reason: str) -> AccountsRefusal | None:
    """Why a request is not answered so."""
    if to not in REQUEST_MOVES[state]:
        return AccountsRefusal.ANSWERED
    return AccountsRefusal.NO_REASON if to is RequestState.REFUSED and not reason else None


def correctable(kind: LedgerKind) -> bool:
    """Whether a line is mended by saying how much it was: what two people counted, what was brought to the bank. A
    purchase is struck out, a reimbursement undone; what Stripe says, Stripe corrects."""
    return kind in (LedgerKind.CASH, LedgerKind.DEPOSIT) and kind not in OF_STRIPE


def why_not_correct(
    who: Buyer, kind: LedgerKind, *, reason: str, box_cents: int, change: int
) -> AccountsRefusal | None:
    """Why a line is not mended so: the box never holds less than nothing."""
    if (refusal := why_not_keeper(who)) is not None:
        return refusal
    if not correctable(kind):
        return AccountsRefusal.NOT_CORRECTABLE
    if not reason:
        return AccountsRefusal.NO_REASON
    return AccountsRefusal.NOT_IN_BOX if box_cents + change < 0 else None


def kept_from(today: date) -> date:
    """The first day whose accounts are still kept."""
    return date(today.year - YEARS_KEPT, 1, 1)
