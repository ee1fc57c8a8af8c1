"""What can go wrong in a way that a person should read about.

Commands and queries raise these; `app.web.error_pages` turns each into an answer. Anything else is a 500.
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class NotFound(Exception):
    """There is no such thing, or its existence is nobody else's business (404)."""


class Forbidden(Exception):
    """The thing exists and is known to the person, who may not do this with it (403)."""

    def __init__(self, reason: Refusal | None = None) -> None:
        super().__init__(reason)
        self.reason = reason


class SignInNeeded(Exception):
    """The page is for members: signing in comes first, then back here (303)."""


class SecondCodeNeeded(Exception):
    """The person has signed in, and has yet to show a second code: that comes first, then back here (303)."""


class ForgedForm(Exception):
    """The form did not come from one of our pages, or from a session that is over (403)."""

    def __init__(self, *, foreign: bool) -> None:
        super().__init__(foreign)
        self.foreign = foreign
        """True when the browser says that another site sent it: then nothing of it is shown again."""


class BadRequest(Exception):
    """The request itself cannot be read: no browser of ours sends this (400)."""


class TooFast(Exception):
    """Too many tries in too short a time (429)."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after
        """Seconds."""


class DatabaseHeld(Exception):
    """The database could not be written for too long, or is away (503 with Retry-After)."""


class DiskFull(DatabaseHeld):
    """There is no room to write. Reading goes on; only whoever hosts can mend it (503)."""


class MaybeWritten(DatabaseHeld):
    """The database went away while it was writing: whether it is written, nobody can say (503)."""


class Refusal(Enum):
    """A reason why something cannot be. Each domain has its own; each member of it has a sentence in each language."""


class Refused(Exception):
    """A rule says no, for this reason (409). `details` fill in the sentence."""

    def __init__(self, reason: Refusal, **details: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details
