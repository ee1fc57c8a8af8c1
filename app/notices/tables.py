"""Mail that waits to go out, or went."""

from __future__ import annotations

from piccolo.columns import Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Outbox(Table):
    """One mail to one person. `dedupe` says what it is about: the same thing is never told twice."""

    id: Serial
    dedupe = Varchar(length=120, unique=True)
    kind = Varchar(length=30)
    member_id = Integer(null=True, default=None)
    recipient = Varchar(length=254)
    language = Varchar(length=5, default="fr")
    subject = Varchar(length=250)
    body = Text()
    """Plain text, ready to read."""
    link = Varchar(length=300, default="")
    """The one address that does the thing; a path of ours, completed with the base URL when it goes out."""
    signature = Varchar(length=120, default="")
    """Who it is from, at its foot: the place's name."""
    created_at = Timestamptz(default=None)
    run_at = Timestamptz(default=None)
    lease_until = Timestamptz(null=True, default=None)
    lease_by = Varchar(length=60, null=True, default=None)
    tries = Integer(default=0)
    sent_at = Timestamptz(null=True, default=None)
    logged_at = Timestamptz(null=True, default=None)
    """When it was its turn and no mail server was set: it goes nowhere, the demonstration shows it."""
    set_aside_at = Timestamptz(null=True, default=None)
    """When it was given up, after `rules.TRIES` tries or a refusal for good."""
    error = Text(default="")
