"""Rows about money that goes by card: nobody's name, address or card. No logic; what may be is decided in `rules`.

Money is integer cents of EUR (`_cents`, `cents`). Columns ending in `_at`, and `held_until`, are instants in UTC.
"""

from __future__ import annotations

from piccolo.columns import Boolean, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Checkout(Table):
    """One time that somebody is asked to pay for one thing."""

    id: Serial
    place_id = Integer()
    kind = Varchar(length=20)
    """Of what: the `kind` of a `Payable`."""
    thing_id = Integer(null=True, default=None)
    """Its number there; none once that is forgotten."""
    key = Varchar(length=36, unique=True)
    """By which Stripe knows the same request again, and the only thing of ours that it is told."""
    amount_cents = Integer()
    currency = Varchar(length=3, default="eur")
    title = Varchar(length=200)
    """What stands on Stripe's page: the title of the thing, which is public anyway."""
    path = Text(default="")
    """Our page that Stripe's leads back to."""
    language = Varchar(length=5, default="fr")
    state = Varchar(length=10)
    """`states.State`."""
    session_id = Text(null=True, default=None)
    url = Text(default="")
    payment_intent = Text(null=True, default=None)
    made_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    """Until when Stripe's page may be paid: stored, so that the same request is sent again word for word."""
    held_until = Timestamptz(default=None)
    """Until when what is paid for is kept."""
    asked_at = Timestamptz(null=True, default=None)
    """When Stripe was last asked about it."""
    unsure = Boolean(default=False)
    """Whether a request to make its page went out whose answer never came."""
    closing_at = Timestamptz(null=True, default=None)
    """Since when nobody waits for it: it is ended as soon as Stripe answers."""
    settled_at = Timestamptz(null=True, default=None)
    fault = Varchar(length=60, default="")
    """What is wrong with it, in a word of ours or Stripe's code."""
    seen_at = Timestamptz(null=True, default=None)
    """When somebody who keeps the accounts said that they have looked at the fault."""


class Refund(Table):
    """Some of what was paid, given back."""

    id: Serial
    checkout_id = Integer()
    key = Varchar(length=36, unique=True)
    amount_cents = Integer()
    state = Varchar(length=10)
    """`states.RefundState`."""
    stripe_id = Text(null=True, default=None)
    wanted_at = Timestamptz(default=None)
    asked_at = Timestamptz(null=True, default=None)
    settled_at = Timestamptz(null=True, default=None)
    tries = Integer(default=0)
    fault = Varchar(length=60, default="")
    seen_at = Timestamptz(null=True, default=None)


class StripeEvent(Table, tablename="stripe_event"):
    """Something that Stripe told us has happened: a hint to ask what is so now."""

    id: Serial
    event_id = Text(unique=True)
    type = Text()
    object_id = Text()
    received_at = Timestamptz(default=None)
    handled_at = Timestamptz(null=True, default=None)
    tries = Integer(default=0)
