"""How a row of the outbox becomes a mail: words, page, event, headers.

Nothing is asked of the database: the row has it all. When mails leave is up to `app.notices.delivery`. Whatever names
and titles hold, one mail has one reader, the headers written here and no address but our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import urlsplit

from app.contracts import EntryKind
from app.notices.links import OfferLink, offer_path
from app.notices.rules import is_path, one_line, short_subject
from app.settings import Settings

Row = Mapping[str, Any]


class Composer:
    """Makes mails as this installation sends them. `kinds` are the registry's, by the kind of entry."""

    def __init__(self, settings: Settings, kinds: Mapping[str, EntryKind]) -> None:
        self.settings = settings
        self.kinds = kinds

    def message(self, row: Row, at: datetime) -> EmailMessage:
        """A row of the outbox as the mail that goes out. Raises `ValueError` when no mail can be made of it."""
        message = EmailMessage()
        name, sender = parseaddr(self.settings.mail_from)
        message["From"] = Address(one_line(name), addr_spec=_plain_domain(sender))
        message["To"] = Address(addr_spec=_plain_domain(row["recipient"]))
        message["Subject"] = short_subject(row["subject"])
        message["Date"] = format_datetime(at)
        # From what the mail is about, not from its number: the same for ever, also after a restore.
        stable = hashlib.sha256(row["dedupe"].encode("utf-8", "replace")).hexdigest()[:32]
        message["Message-ID"] = f"<{stable}@{urlsplit(self.settings.base_url).hostname or 'localhost'}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
        message.set_content(self.text(row), cte="quoted-printable")
        message["Content-Language"] = row["language"]
        return message

    def text(self, row: Row) -> str:
        """The plain words: what is told, the one link, who it is from."""
        parts = [row["body"]]
        if path := self.path(row):
            parts.append(self.settings.base_url + path)
        return "\n\n".join([*parts, f"-- \n{row['signature']}"]) + "\n"

    def path(self, row: Row) -> str:
        """The one link of this mail, on our own site: an offer's is answered without signing in. Empty if none."""
        if row["offer_key"] and row["member_id"] is not None:
            link = OfferLink(row["member_id"], row["about_kind"], row["offer_key"])
            return offer_path(link, self.settings.secret_key)
        return row["link"] if is_path(row["link"]) else ""


def _plain_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"
