"""A mail server that puts each person's mail into a letter box of their own (a Maildir), and how such a box is read."""

from __future__ import annotations

import mailbox
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import icalendar
from aiosmtpd.smtp import Envelope

from tests.app.notices.mail_server import MailServer


@dataclass
class PostOffice(MailServer):
    """Delivers on a real socket; keeps nothing itself."""

    folder: Path = field(default_factory=Path)

    async def delivered(self, message: EmailMessage, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        for address in envelope.rcpt_tos:
            box_of(self.folder, address).add(envelope.content)


def box_of(folder: Path, address: str) -> mailbox.Maildir:
    """The letter box of this address, made if there is none."""
    return mailbox.Maildir(folder / address)


@dataclass(frozen=True)
class Letter:
    """A mail as its reader has it."""

    message: EmailMessage

    @property
    def number(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return _spaces(str(self.message["Subject"]))

    @property
    def words(self) -> str:
        plain = self.message.get_body(("plain",))
        assert plain is not None
        return _spaces(str(plain.get_content()))

    @property
    def event(self) -> icalendar.Event | None:
        """The one event that goes with it, if there is one."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                calendar = icalendar.Calendar.from_ical(content)
                (event,) = calendar.walk("VEVENT")
                assert isinstance(event, icalendar.Event)
                assert str(calendar["METHOD"]) == part.get_param("method")
                return event
        return None

    @property
    def method(self) -> str:
        """What it does to its reader's calendar: REQUEST, CANCEL, or nothing."""
        for part in self.message.walk():
            if part.get_content_type() == "text/calendar":
                return str(part.get_param("method"))
        return ""


def read_box(folder: Path, address: str) -> list[Letter]:
    """Everything in it, the oldest first, as the mails themselves say when they were sent."""
    letters = []
    for key in (box := box_of(folder, address)).iterkeys():
        message = message_from_bytes(box.get_bytes(key), policy=policy.default)
        assert isinstance(message, EmailMessage)
        letters.append(Letter(message))
    return sorted(letters, key=lambda letter: (letter.message["Date"].datetime, letter.number))


def _spaces(words: str) -> str:
    return words.replace("\u00a0", " ").replace("\u202f", " ").replace("\r\n", "\n")
