"""The words of messages: what they are about, what a mail does to a calendar, when one is reminded."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from app.errors import Refusal


class Kind(StrEnum):
    """What a message is about, as its reader tells messages apart. Those in `STOPPABLE` can be stopped."""

    JOIN = "join"
    SIGN_IN = "sign_in"
    """A way in that somebody asked for just now: always a mail, never shown on the site."""
    CONFIRMATION = "confirmation"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    OFFER = "offer"
    """A place is kept until the person has answered."""
    REMINDER = "reminder"
    HOSTING = "hosting"
    """What becomes of what one proposes or hosts, and invitations to host."""
    DUTY = "duty"
    """What waits for this person's word: to read, to say yes, to rule as one of the drawn, a role that is offered."""
    DIGEST = "digest"
    """« Ta semaine », for those who asked for it."""
    ACCOUNT = "account"
    """What somebody else did to this person's way in: nobody stops hearing of that."""


KEPT_FOR = timedelta(days=30)
"""So long are messages kept, to be read again and counted while they are unread."""
WAYS_IN = frozenset({Kind.JOIN, Kind.SIGN_IN})
STOPPABLE = tuple(kind for kind in Kind if kind not in WAYS_IN and kind is not Kind.ACCOUNT)
URGENT = frozenset({Kind.CHANGE, Kind.CANCELLATION, Kind.OFFER})
"""What somebody without e-mail is telephoned about (« À prévenir aujourd’hui »)."""


IN_CALENDARS = frozenset({Kind.CONFIRMATION, Kind.CHANGE, Kind.CANCELLATION, Kind.OFFER, Kind.HOSTING})
"""Kinds whose mails may change what stands in their reader's own calendar."""


class Part(StrEnum):
    """What a message does to its reader's own calendar, if it may (`rules.calendar_method`)."""

    INVITE = "invite"
    """The person has a place, or hosts: the event goes with the mail."""
    UPDATE = "update"
    """The event has changed."""
    CANCEL = "cancel"
    """The event will not be, or not for this person."""


class Method(StrEnum):
    """iTIP methods (RFC 5546, 3.2) that a mail may carry."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


class Remind(StrEnum):
    """When a person wishes to be reminded."""

    NEVER = "never"
    EVE = "eve"
    """The evening before, at 18 h."""
    SOON = "soon"
    """Two hours before."""
    BOTH = "both"


class Lead(StrEnum):
    """One moment at which reminders of a thing leave."""

    EVE = "eve"
    SOON = "soon"


class NoticeRefusal(Refusal):
    """Why something about messages cannot be."""

    ONLY_WELCOME = "only_welcome"
    TOLD_ANOTHER_DAY = "told_another_day"
