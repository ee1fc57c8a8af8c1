"""How a row of the outbox becomes a mail: words, page, event, headers.

Nothing is asked of the database: the row has it all. When mails leave is up to `app.notices.delivery`. Whatever names
and titles hold, one mail has one reader, the headers written here and no address but our own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueAddressHeader, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import urlsplit

from app.calendar.api import Invitation, Inviting
from app.contracts import EntryKind
from app.i18n import Language, language, text
from app.i18n.text import N_
from app.notices.links import OfferLink, StopLink, offer_path, stop_path
from app.notices.rules import Block, blocks_of, is_path, one_line, plain_address, short_subject
from app.notices.states import STOPPABLE, WAYS_IN, Kind
from app.notices.wording import KIND_NAMES
from app.settings import Settings
from app.web.rendering import environment_of

Row = Mapping[str, Any]

_OPEN = N_("J’ouvre la page")
_ENTER = N_("J’entre")
_ASK = N_("Une question ? Tu peux répondre à ce mail.")
_PART_OF = N_("Ce mail fait partie de « %(kind)s ».")
_STOP = N_("Ne plus recevoir ce genre de mail")
_BEFORE_LINK = N_("%(words)s :")
_HARMLESS = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]*")
_CODE = re.compile(r"(\d{6})(?!\d)[\s\u202f\u00a0]*:?[\s\u202f\u00a0]*")


class _Plain(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc]  # max_count: as the library does
    """A header of ours that stays on its line: folded, a long address in it would be encoded, and no program read it.

    RFC 5322, 2.1.1 allows 998 characters.
    """

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Words(BaseHeader):
    """A header of somebody's words. The library would take words like `=?utf-8?q?=0ABcc:?=` for encoded ones, decode
    them, and write the line end that they hide (CPython before 3.11.10, gh-121650)."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds.update(decoded=one_line(value), parse_tree=None)

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {_encoded(str(self), policy.linesep)}{policy.linesep}"


class _OneAddress(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]  # max_count: as the library does
    """From, Reply-To, To. The library loses the quotation marks of a long name, and with them the address."""

    def fold(self, *, policy: Policy[Any]) -> str:
        (address,) = self.addresses
        name = _encoded(one_line(address.display_name), policy.linesep)
        return f"{self.name}: {f'{name} <{address.addr_spec}>' if name else address.addr_spec}{policy.linesep}"


def _encoded(words: str, linesep: str) -> str:
    """As they are if nothing in them means anything in a header, else as encoded words (RFC 2047, 2 and 5)."""
    if _HARMLESS.fullmatch(words) and len(words) < 60:
        return words
    chunks = [""]
    for sign in words:
        if len((chunks[-1] + sign).encode()) > 42:  # 75 signs at most, with what stands around
            chunks.append("")
        chunks[-1] += sign
    return f"{linesep} ".join(f"=?utf-8?b?{b64encode(chunk.encode()).decode()}?=" for chunk in chunks) if words else ""


_HEADERS = HeaderRegistry()
for _kind, _name in (
    (_Plain, "list-unsubscribe"),
    (_Plain, "message-id"),
    (_Words, "subject"),
    (_OneAddress, "from"),
    (_OneAddress, "reply-to"),
    (_OneAddress, "to"),
):
    _HEADERS.map_to_type(_name, _kind)
POLICY = SMTP.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Paper:
    """The colours of a mail's page, light or dark: those of app/static/css/20-tokens.css, which mails cannot fetch."""

    flat: str
    on_flat: str
    ground: str
    ink: str
    soft: str


_LIGHT = ("#191632", "#474263")
_DARK = ("#f5f2ff", "#c9c4e4")
PAPERS = {
    "agenda": (Paper("#ffc61a", "#191632", "#ffe98a", *_LIGHT), Paper("#ffd35c", "#191632", "#1c1836", *_DARK)),
    "workshop": (Paper("#2446d8", "#fff", "#cbdbff", *_LIGHT), Paper("#7f98ff", "#191632", "#121b4d", *_DARK)),
    "meal": (Paper("#d0331a", "#fff", "#ffd0c0", *_LIGHT), Paper("#ff7d5e", "#191632", "#3d150c", *_DARK)),
    "turn": (Paper("#1ea65a", "#191632", "#c4edcd", *_LIGHT), Paper("#4fd486", "#191632", "#0c2f1b", *_DARK)),
    "committee": (Paper("#6b33b8", "#fff", "#e0d2fb", *_LIGHT), Paper("#b892f7", "#191632", "#281648", *_DARK)),
    "exchange": (Paper("#ff86ac", "#191632", "#ffd0de", *_LIGHT), Paper("#ff9dbb", "#191632", "#401328", *_DARK)),
    "care": (Paper("#1fb8ac", "#191632", "#bdeee7", *_LIGHT), Paper("#4fd6ca", "#191632", "#07302d", *_DARK)),
    "path": (Paper("#45b8ea", "#191632", "#c5eafc", *_LIGHT), Paper("#74cff5", "#191632", "#08293a", *_DARK)),
    "mediation": (Paper("#191632", "#fff", "#dfe1ea", *_LIGHT), Paper("#d9d6ea", "#191632", "#1d1b2b", *_DARK)),
}
"""By the kind of what the mail is about."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its reader sees it, in the reader's language."""

    language: str
    kind: str
    """Colour and shape: agenda, workshop, …"""
    sender: str
    subject: str
    blocks: tuple[Block, ...]
    path: str
    """The one link, a path on our site; empty if there is none."""
    action: str
    """What it does."""
    reply_to: str
    """The place's address, if mail can be sent there…"""
    ask: str
    """…and that one may answer."""
    part_of: str
    """Which kind of mail this is, in a sentence, if that kind can be stopped…"""
    stop_path: str
    """…and where."""
    stop: str

    @property
    def begins(self) -> str:
        """What a list of mails shows after the subject."""
        return " ".join(" ".join((block.code, *block.lines)).strip() for block in self.blocks)[:140]


class Composer:
    """Makes mails as this installation sends them. `kinds` are the registry's, by the kind of entry."""

    def __init__(self, settings: Settings, kinds: Mapping[str, EntryKind]) -> None:
        self.settings = settings
        self.kinds = kinds
        self._inviting = Inviting(settings.base_url, kinds)
        self._own_name, address = parseaddr(settings.mail_from)
        self._sender = _plain_domain(address)

    def message(self, row: Row, at: datetime) -> EmailMessage:
        """A row of the outbox as the mail that goes out. Raises `ValueError` when no mail can be made of it."""
        recipient = plain_address(row["recipient"])
        if not recipient:
            raise ValueError("not the address of one person")
        letter = self.letter(row)
        message = EmailMessage(policy=POLICY)
        # Whoever reads knows the place, not the address that machines send from.
        message["From"] = Address(one_line(letter.sender or self._own_name), addr_spec=self._sender)
        if letter.reply_to:
            message["Reply-To"] = Address(one_line(letter.sender), addr_spec=letter.reply_to)
        message["To"] = Address(addr_spec=recipient)
        message["Subject"] = short_subject(letter.subject)
        message["Date"] = format_datetime(at)
        # From what the mail is about, not from its number: the same for ever, also after a restore.
        message["Message-ID"] = f"<{row['dedupe'][:32]}@{urlsplit(self.settings.base_url).hostname or 'localhost'}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply comes back
        if letter.stop_path:
            message["List-Unsubscribe"] = f"<{self.settings.base_url}{letter.stop_path}>"  # RFC 2369, 3.2
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058, 3.1
        message.set_content(self._text(row, letter), cte="quoted-printable")
        message.add_alternative(self._html(letter), subtype="html", cte="quoted-printable")
        if row["event"]:  # not where it was emptied, of somebody's name (`own_data.unsay`): `method` says what left
            # The last and richest way to say it; base64, so that nothing on the way touches its line ends.
            message.add_alternative(
                self._event(row, letter, recipient),
                subtype="calendar",
                charset="utf-8",
                cte="base64",
                params={"method": row["method"]},
            )
        message["Content-Language"] = row["language"]
        return message

    def text(self, row: Row) -> str:
        """The plain words: what is told, the one link, who it is from, how to stop this kind."""
        return self._text(row, self.letter(row))

    def html(self, row: Row) -> str:
        """The page that most programs show."""
        return self._html(self.letter(row))

    def letter(self, row: Row) -> Letter:
        """What the reader gets to see. Raises `ValueError` when no mail can be made of it."""
        kind, spoken = Kind(row["kind"]), language(row["language"])
        blocks = blocks_of(row["body"])
        path, stop, reply_to = self.path(row), self._stop_path(row, kind), plain_address(row["place_email"])
        action = row["action"] or spoken.gettext(_ENTER if kind in WAYS_IN else _OPEN)
        return Letter(
            language=row["language"],
            kind=self._look(row, kind),
            sender=row["signature"],
            subject=row["subject"],
            blocks=tuple(_with_code(block) for block in blocks) if kind in WAYS_IN else blocks,
            path=path,
            action=action if path else "",
            reply_to=reply_to,
            ask=spoken.gettext(_ASK) if reply_to else "",
            part_of=_part_of(kind, spoken) if stop else "",
            stop_path=stop,
            stop=spoken.gettext(_STOP) if stop else "",
        )

    def path(self, row: Row) -> str:
        """The one link of this mail, on our own site: an offer's is answered without signing in. Empty if none."""
        if row["offer_key"] and row["member_id"] is not None and self.settings.secret_key:
            link = OfferLink(row["member_id"], row["about_kind"], row["offer_key"])
            return offer_path(link, self.settings.secret_key)
        return row["link"] if is_path(row["link"]) else ""

    def _stop_path(self, row: Row, kind: Kind) -> str:
        if kind not in STOPPABLE or row["member_id"] is None or not self.settings.secret_key:
            return ""
        return stop_path(StopLink(row["member_id"], kind), self.settings.secret_key)

    def _look(self, row: Row, kind: Kind) -> str:
        """Whose paper it is printed on."""
        if row["about_kind"] in PAPERS:
            return str(row["about_kind"])
        for each in self.kinds.values():
            if each.kind in PAPERS and row["link"].startswith(each.path.partition("{id}")[0]):
                return each.kind
        return "mediation" if row["link"].startswith("/mediation") else "agenda"

    def _text(self, row: Row, letter: Letter) -> str:
        base, spoken = self.settings.base_url, language(letter.language)
        parts = [row["body"]]
        if letter.path:
            # A button needs words; a plain address after the last sentence needs none of ours.
            before = f"{spoken.say(text(_BEFORE_LINK, words=letter.action))}\n" if row["action"] else ""
            parts.append(f"{before}{base}{letter.path}")
        foot = f"-- \n{letter.sender}"
        if letter.ask:
            foot += f"\n{letter.ask}"
        if letter.stop_path:
            stop = spoken.say(text(_BEFORE_LINK, words=letter.stop))
            foot += f"\n\n{letter.part_of}\n{stop}\n{base}{letter.stop_path}"
        return "\n\n".join([*parts, foot]) + "\n"

    def _html(self, letter: Letter) -> str:
        light, dark = PAPERS[letter.kind]
        template = environment_of(letter.language).get_template("emails/mail.html")
        return template.render(letter=letter, base_url=self.settings.base_url, light=light, dark=dark)

    def _event(self, row: Row, letter: Letter, recipient: str) -> str:
        return self._inviting.part(
            row["event"],
            Invitation(
                method=row["method"],
                sequence=row["sequence"],
                made_at=row["created_at"],
                organizer=letter.sender,
                organizer_address=letter.reply_to or self._sender,
                sent_by=self._sender,
                attendee_address=recipient,
            ),
        )


def _part_of(kind: Kind, spoken: Language) -> str:
    return spoken.say(text(_PART_OF, kind=spoken.gettext(KIND_NAMES[kind])))


def _with_code(block: Block) -> Block:
    """The block, with the code of a way in taken out of the words about it if they begin with it."""
    found = None if block.quote else _CODE.match(block.lines[0])
    if found is None:
        return block
    return Block((block.lines[0][found.end() :], *block.lines[1:]), quote=False, code=found[1])


def _plain_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain.encode('idna').decode()}"
