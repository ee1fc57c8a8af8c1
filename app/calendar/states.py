"""The words of the calendar: what an entry may be, and as what a member takes part in it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from app.errors import Refusal


class EntryState(StrEnum):
    """How an entry stands in the calendar."""

    TENTATIVE = "tentative"
    """Takes its room and its hosts' time; shown to its hosts alone."""
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    """Was announced and will not happen: shown struck out until its day has passed."""
    GONE = "gone"
    """Shown to nobody. The row stays, so that UID and SEQUENCE go on if it comes back."""


class Role(StrEnum):
    """As what a member takes part."""

    HOST = "host"
    PARTICIPANT = "participant"
    WAITING = "waiting"
    OFFERED = "offered"
    """A place is kept for them until they have answered."""
    HELD = "held"
    """Theirs once they have paid for it."""
    HOLDER = "holder"
    WATCHER = "watcher"
    """Comes to learn, beside those whose turn it is."""


COMES = (Role.HOST.value, Role.PARTICIPANT.value, Role.HOLDER.value, Role.WATCHER.value)
"""Roles of whoever comes: nobody is reminded of what they only wait for."""

NOT_YET = frozenset({Role.WAITING, Role.OFFERED, Role.HELD})
"""Roles of whoever has no place yet: nothing of it is theirs, and no feed tells it."""


class OpeningState(StrEnum):
    """Whether somebody usually has the keys at that time."""

    OPEN = "open"
    CLOSED_HOURS = "closed_hours"
    CLOSED_DAYS = "closed_days"


class Invitation(StrEnum):
    """What the agenda proposes about an entry to the person who reads it."""

    JOIN = "join"
    WAIT = "wait"
    """All seats are taken, or kept for those who wait already."""
    MINE = "mine"
    CLOSED = "closed"
    """Over, cancelled, or the reader has no account."""


class CalendarRefusal(Refusal):
    """Why something about one's own calendar cannot be."""

    TOO_MANY_FEEDS = "too_many_feeds"


MOST_FEEDS = 10
"""Calendar addresses that one person may have at once."""
LONGEST = timedelta(days=14)
"""Longest entry. A question about a time looks back no further than this, so that ten years of rows cost nothing."""
