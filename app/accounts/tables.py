"""Rows about the money of a place. No logic; what may be is decided in `rules`.

Money is integer cents of EUR (`_cents`, `cents`). Columns ending in `_at` are instants in UTC, `_on` days of the place.
"""

from __future__ import annotations

from piccolo.columns import Bytea, Date, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class LedgerLine(Table, tablename="ledger_line"):
    """One movement of money in one account. The database refuses to change or delete one; a correction is another
    line."""

    id: Serial
    place_id = Integer(null=True, default=None)
    """None for what is of the whole account at Stripe, as payouts are."""
    account = Varchar(length=10, default="stripe")
    """`states.Account`."""
    kind = Varchar(length=20)
    """`states.LedgerKind`."""
    reference = Text(db_column_name="ref")
    """What it is the movement of, once for each kind: Stripe's number, `meal-12`, `purchase-3`… Noted twice, it is one
    line."""
    cents = Integer()
    at = Timestamptz(default=None)
    checkout_id = Integer(null=True, default=None)
    about = Varchar(length=20, default="")
    """The kind of entry that it is about, `meal`; empty for the place as a whole."""
    about_id = Integer(null=True, default=None)
    corrects = Integer(null=True, default=None)
    """The line that is not as it should be."""
    words = Text(default="")
    """Why, of a correction; nobody's name."""


class Payee(Table):
    """Somebody who advanced money, as long as accounts must be kept: apart from what members are known by."""

    id: Serial
    place_id = Integer()
    name = Varchar(length=120)
    member_id = Integer(null=True, default=None)
    """Their account, until they erase it."""
    created_at = Timestamptz(default=None)


class Purchase(Table):
    """Something that was bought for a meal, or out of the logistics budget."""

    id: Serial
    place_id = Integer()
    spending = Varchar(length=10)
    """`states.Spending`."""
    about = Varchar(length=20, default="")
    about_id = Integer(null=True, default=None)
    """The meal that it was for, if it was for one."""
    what = Varchar(length=120)
    cents = Integer()
    bought_on = Date(default=None)
    paid_from = Varchar(length=10)
    """`states.PaidFrom`."""
    payee_id = Integer(null=True, default=None)
    """Who advanced it."""
    request_id = Integer(null=True, default=None)
    written_by = Integer(null=True, default=None)
    once = Varchar(length=64)
    """What tells one form from another: the same sent twice is one purchase."""
    written_at = Timestamptz(default=None)
    struck_at = Timestamptz(null=True, default=None)
    """When it was said that it should not be here: the ledger has a counter-entry."""
    struck_by = Integer(null=True, default=None)
    reason = Text(default="")


class Receipt(Table):
    """A picture of a receipt, made anew from what was sent: nothing of the telephone or the place is left in it."""

    id: Serial
    purchase_id = Integer()
    rank = Integer()
    picture = Bytea()
    """JPEG."""
    width = Integer()
    height = Integer()
    digest = Varchar(length=64)
    """SHA-256 of the picture, in hexadecimal: the same one sent twice is one."""
    added_at = Timestamptz(default=None)


class Reimbursement(Table):
    """What somebody advanced was given back to them."""

    id: Serial
    place_id = Integer()
    purchase_id = Integer()
    payee_id = Integer()
    cents = Integer()
    paid_from = Varchar(length=10)
    """`box` or `bank`."""
    paid_on = Date(default=None)
    paid_by = Integer(null=True, default=None)
    once = Varchar(length=64)
    """What tells one form from another: sent again after it was undone, it gives nothing back."""
    paid_at = Timestamptz(default=None)
    undone_at = Timestamptz(null=True, default=None)
    """When it was said that it was not so: the ledger has counter-entries."""
    undone_by = Integer(null=True, default=None)


class BudgetLine(Table, tablename="budget_line"):
    """What a place means to spend on something in a month. Without a row: nothing was said."""

    id: Serial
    place_id = Integer()
    spending = Varchar(length=10)
    month_cents = Integer()
    version = Integer(default=1)


class BudgetRequest(Table, tablename="budget_request"):
    """« Il nous faudrait… »: a member asks for something out of the logistics budget."""

    id: Serial
    place_id = Integer()
    member_id = Integer(null=True, default=None)
    spending = Varchar(length=10)
    what = Varchar(length=120)
    why = Text(default="")
    cents = Integer()
    state = Varchar(length=10)
    """`states.RequestState`."""
    reason = Text(default="")
    once = Varchar(length=64)
    version = Integer(default=1)
    asked_at = Timestamptz(default=None)
    answered_at = Timestamptz(null=True, default=None)
    answered_by = Integer(null=True, default=None)
