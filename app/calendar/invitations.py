"""The part of a mail that puts an event into its reader's own calendar, or takes it out (iTIP, RFC 5546).

It is made of the VEVENT that the calendar keeps, so that mail and feeds say the same under the same UID. Which mail has
one is decided by `app.notices.rules`. Numbers of sections are RFC 5546's unless another is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from icalendar.parser import Contentline

from app.calendar.icalendar import PRODUCT, clean_line
from app.calendar.kept import KEPT_LANGUAGE
from app.calendar.marks import Marks
from app.contracts import EntryKind
from app.i18n import language

_NEXT_PROPERTY = re.compile(rb"\r\n(?! )")
_END = b"END:VEVENT"
_SAID_HERE = (b"DTSTAMP", b"SEQUENCE")
_SAID_OF_CANCELLED = (b"LAST-MODIFIED", b"STATUS", b"TRANSP")
# What stands in a mailto address as it is (RFC 6068, 2).
_ADDRESS_SAFE = "!$'*+-./=_~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a calendar part says besides its event. One person is told, and nobody is asked for an answer."""

    method: str
    """REQUEST or CANCEL."""
    sequence: int
    """For this reader it rises with each part (2.1.4)."""
    made_at: datetime
    organizer: str
    """The place's name…"""
    organizer_address: str
    """…and its address."""
    sent_by: str
    """The address that the mail is from; programs ask that it be the organizer's or stand beside it (RFC 6047, 3)."""
    attendee_address: str


class Inviting:
    """Makes calendar parts as this installation sends them. `kinds` are the registry's."""

    def __init__(self, base_url: str, kinds: Mapping[str, EntryKind]) -> None:
        self._marks = Marks(base_url, kinds, language(KEPT_LANGUAGE))

    def part(self, kept: str, invitation: Invitation) -> str:
        """The whole iCalendar object of a mail: `kept` is a VEVENT as the calendar keeps it."""
        return self._marks.fill(invitation_bytes(kept.encode(), invitation)).decode()


def invitation_bytes(kept: bytes, invitation: Invitation) -> bytes:
    """The same, with the marks of the kept VEVENT still in it.

    Made again it is the same bytes: it says when the message was made, never now. A CANCEL carries STATUS:CANCELLED
    also when only this reader is out of it: in the copy that mails keep up, the reader is the only attendee (3.2.5).
    """
    lines = _NEXT_PROPERTY.split(kept.removesuffix(b"\r\n"))
    if lines[-1] != _END:
        raise ValueError("not a VEVENT of event_bytes")
    made_at = f"{invitation.made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}".encode()
    cancel = invitation.method == "CANCEL"
    event = [
        line
        for line in lines[:-1]
        if _name(line) not in _SAID_HERE and not (cancel and _name(line) in _SAID_OF_CANCELLED)
    ]
    event += [
        b"DTSTAMP:" + made_at,
        b"SEQUENCE:%d" % invitation.sequence,
        _organizer(invitation),
        _attendee(invitation),
    ]
    if cancel:
        event += [b"LAST-MODIFIED:" + made_at, b"STATUS:CANCELLED", b"TRANSP:TRANSPARENT"]
    calendar = [
        b"BEGIN:VCALENDAR",
        b"PRODID:" + PRODUCT.encode(),
        b"VERSION:2.0",
        b"CALSCALE:GREGORIAN",
        b"METHOD:" + invitation.method.encode(),
        *event,
        _END,
        b"END:VCALENDAR",
    ]
    return b"\r\n".join(calendar) + b"\r\n"


def _organizer(invitation: Invitation) -> bytes:
    organizer, sender = _mailto(invitation.organizer_address), _mailto(invitation.sent_by)
    by = f';SENT-BY="{sender}"' if sender != organizer else ""
    return _folded(f"ORGANIZER;CN={_quoted(invitation.organizer)}{by}:{organizer}")


def _attendee(invitation: Invitation) -> bytes:
    how = "CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE"
    # The address stands for the name: programs show the reader's own anyway.
    name = _quoted(invitation.attendee_address)
    return _folded(f"ATTENDEE;{how};CN={name}:{_mailto(invitation.attendee_address)}")


def _mailto(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"mailto:{quote(local, safe=_ADDRESS_SAFE)}@{quote(domain, safe='.-[]:')}"


def _quoted(value: str) -> str:
    """A parameter's value: no quotation mark in it (RFC 5545, 3.2); a circumflex would begin an escape (RFC 6868)."""
    return '"' + clean_line(value).replace('"', "’").replace("^", "^^") + '"'


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].partition(b";")[0]


def _folded(line: str) -> bytes:
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]  # icalendar leaves it bare
    return folded
