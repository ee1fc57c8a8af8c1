"""Rows about one's own data: when somebody was last here, and what an erasure has still to do. No logic."""

from __future__ import annotations

from piccolo.columns import Date, Integer, Serial, Timestamptz
from piccolo.table import Table


class Presence(Table):
    """The last day on which a person opened a session or used one: sessions themselves are forgotten."""

    id: Serial
    member_id = Integer(unique=True)
    active_on = Date()
    warned_on = Date(null=True, default=None)
    """When they were written to because nothing had been heard of them for a year."""


class EraseAgain(Table):
    """Somebody whom a restored, older state knows, and who had been erased since: `leaving.erase_again` does it."""

    member_id = Integer(primary_key=True)
    erased_on = Date()


class ToWipe(Table):
    """Something personal was erased: the file is to be written anew, since SQLite leaves copies of rows that moved."""

    id: Serial
    asked_at = Timestamptz(default=None)
