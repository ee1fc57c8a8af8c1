"""What may stand in a mail, who gets one, with which event, and when it is tried again. Pure: no database, no clock."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from app.identity.rules import why_may_not
from app.identity.states import Act
from app.notices.states import STOPPABLE, WAYS_IN, Kind, Lead, Method, NoticeRefusal, Part, Remind

if TYPE_CHECKING:
    from app.identity.visits import Me

TRIES = 8
"""After so many tries a mail is set aside, for the person who keeps the server to look at."""

LONGEST_SUBJECT = 150

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)
# RFC 5321, 4.1.2 (Dot-string) and 4.5.3.1: what every mail server takes before the @, and the name of a host after it.
_LOCAL = re.compile(r"(?=.{1,64}\Z)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}", re.ASCII | re.IGNORECASE)
_LONGEST_ADDRESS = 254
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
# Controls, surrogates, line and paragraph separators; and those marks that turn the direction of what follows.
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def known_by(what: str) -> str:
    """What the outbox keeps of what was told to whom (`outbox.dedupe`): enough to tell nothing twice, for ever, and to
    name the mail; what it was and whose is not to be read from it."""
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()


def one_line(written: str) -> str:
    """The text with everything that could end a line, and so begin another header, made a space."""
    return written.translate(_SIGNS).strip()


def several_lines(written: str) -> str:
    """The text with its line breaks as `\\n` and without any other control character."""
    lines = written.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(line) for line in lines).strip()


def as_quote(written: str) -> str:
    """Somebody's own words as one paragraph of a message, each line marked as mails have always marked them."""
    lines = several_lines(written)
    return "\n".join(f"> {line}".rstrip() for line in lines.split("\n")) if lines else ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of a message."""

    lines: tuple[str, ...]
    quote: bool
    """Whether these are somebody's own words."""
    code: str = ""
    """Six digits that begin it and are shown large, on a line of their own."""


def blocks_of(body: str) -> tuple[Block, ...]:
    """The paragraphs of `outbox.body`, those of `as_quote` told from ours."""
    blocks = []
    for paragraph in body.split("\n\n"):
        lines = paragraph.split("\n")
        quote = all(line.startswith(">") for line in lines)
        if paragraph.strip():
            blocks.append(Block(tuple(line[1:].removeprefix(" ") for line in lines) if quote else tuple(lines), quote))
    return tuple(blocks)


def short_subject(written: str) -> str:
    """One line that a mail program shows whole, or nearly."""
    line = one_line(written)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def is_address(written: str) -> bool:
    """Whether we can send a mail there: one address, nothing that could make it two. For wherever one is entered."""
    return bool(plain_address(written))


def plain_address(written: str) -> str:
    """The address as headers have it, its host in ASCII; empty when no mail can be addressed so."""
    local, _, host = written.rpartition("@")
    if len(written) > _LONGEST_ADDRESS or _LOCAL.fullmatch(local) is None:
        return ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return ""
    plain = f"{local}@{host}"
    return plain if len(plain) <= _LONGEST_ADDRESS and _HOST.fullmatch(host) else ""


def is_path(written: str) -> bool:
    """Whether it is a path on our own site, with nothing that could lead elsewhere or end the line."""
    return _PATH.fullmatch(written) is not None


def pause_after(tries: int) -> timedelta:
    """How long to wait after this many tries: half a minute, then four times as long each time, 6 hours at most."""
    return min(_FIRST_PAUSE * int(4 ** max(0, tries - 1)), _LONGEST_PAUSE)


class _Signs(dict[int, int]):
    """What stands for each sign, looked up once: a space for what nobody sees, else the sign itself."""

    def __missing__(self, code: int) -> int:
        sign = chr(code)
        unseen = unicodedata.category(sign) in _UNSEEN or sign in _TURNING
        if len(self) >= _SIGNS_KEPT:
            self.clear()
        self[code] = 32 if unseen else code
        return self[code]


_SIGNS_KEPT = 2000
_SIGNS = _Signs()


# ----------------------------------------------------------------------------------------------- who gets what, and how

READS_A_FEED = timedelta(days=30)
"""Whoever's feed was read within this has our events on the telephone already (domain.md, « No event twice »)."""


def is_mailed(
    kind: Kind,
    *,
    has_address: bool,
    stopped: Collection[Kind],
    part: Part | None = None,
    requested: bool = False,
) -> bool:
    """Whether it goes out as a mail. What does not is read on the site, but for ways in, which are nothing there.

    What a mail has put into somebody's own calendar is still corrected or taken out by one, whatever they stopped: else
    the telephone rings for what is over. `requested`: it was put there, and not taken back since.
    """
    if not has_address:
        return False
    return kind in WAYS_IN or kind not in stopped or (requested and part in (Part.UPDATE, Part.CANCEL))


def is_news(kind: Kind) -> bool:
    """Whether it counts as something to read on the site. A confirmation answers what its reader has just done."""
    return kind is not Kind.CONFIRMATION


def calendar_method(part: Part | None, *, mailed: bool, reads_a_feed: bool, requested: bool) -> Method | None:
    """What the mail does to its reader's own calendar (RFC 5546, 3.2.2 and 3.2.5).

    An event is first sent only to whoever reads no feed; changes and its end only to whom it was sent, so that no
    telephone shows it twice and none keeps what is over. `requested`: it was sent, and not taken back since.
    """
    if part is None or not mailed:
        return None
    if part is Part.CANCEL:
        return Method.CANCEL if requested else None
    if part is Part.UPDATE:
        return Method.REQUEST if requested else None
    return Method.REQUEST if requested or not reads_a_feed else None


def next_sequence(entry_sequence: int, last_sent: int | None) -> int:
    """SEQUENCE of a part for one reader: the entry's, or higher, since it must rise with each (RFC 5546, 2.1.4).

    Whoever gives a place back and takes it again has been sent more than the entry has changed.
    """
    return entry_sequence if last_sent is None else max(entry_sequence, last_sent + 1)


def read_stopped(written: str) -> frozenset[Kind]:
    """The kinds in `mail_choice.stopped`; one that there is no more is passed over."""
    known = {kind.value: kind for kind in STOPPABLE}
    return frozenset(known[name] for name in written.split(",") if name in known)


def write_stopped(kinds: Collection[Kind]) -> str:
    """As it stands in `mail_choice.stopped`."""
    return ",".join(kind.value for kind in STOPPABLE if kind in kinds)


# ------------------------------------------------------------------------------------- read here, or told by voice

CALLED_FOR = timedelta(days=7)
"""So long is somebody telephoned about what has no hour of its own."""


def why_no_calls(member: Me | None) -> NoticeRefusal | None:
    """Why this person does not see whom to call at the place of their visit: it is for who holds the welcome turn."""
    return NoticeRefusal.ONLY_WELCOME if why_may_not(member, Act.REGISTER) is not None else None


def why_told_stays(told_on: date, today: date) -> NoticeRefusal | None:
    """Why « C’est dit » can no longer be taken back: it is, on the day itself."""
    return NoticeRefusal.TOLD_ANOTHER_DAY if told_on != today else None


# ------------------------------------------------------------------------------------------- reminders, « Ta semaine »

EVENING = time(18)
"""When reminders of the day after leave, on the place's clock."""
SOON_BEFORE = timedelta(hours=2)
MORNING = time(8)
"""From when on « Ta semaine » leaves, on Mondays."""
ABOUT_KEPT_FOR = timedelta(days=30)
"""How long after its end it is kept whose calendar got a thing, and what was reminded."""

WISHED: dict[Remind, frozenset[Lead]] = {
    Remind.NEVER: frozenset(),
    Remind.EVE: frozenset({Lead.EVE}),
    Remind.SOON: frozenset({Lead.SOON}),
    Remind.BOTH: frozenset(Lead),
}


def reminder_due_at(lead: Lead, starts_at: datetime, zone: tzinfo) -> datetime:
    """When reminders of what begins then leave; `zone` is the place's."""
    if lead is Lead.SOON:
        return starts_at - SOON_BEFORE
    eve = starts_at.astimezone(zone).date() - timedelta(days=1)
    return datetime.combine(eve, EVENING, tzinfo=zone).astimezone(UTC)


def leads_due(starts_at: datetime, now: datetime, zone: tzinfo) -> frozenset[Lead]:
    """The moments that have come, as long as the start is ahead: a machine that was off reminds late."""
    if now >= starts_at:
        return frozenset()
    return frozenset(lead for lead in Lead if reminder_due_at(lead, starts_at, zone) <= now)


def nothing_due_from(now: datetime, zone: tzinfo) -> datetime:
    """What begins then, or later, is not to be reminded of yet."""
    here = now.astimezone(zone)
    days = 2 if here.time() >= EVENING else 1
    return datetime.combine(here.date() + timedelta(days=days), time(0), tzinfo=zone).astimezone(UTC)


def with_wish(stopped: Collection[Kind], remind: Remind) -> frozenset[Kind]:
    """The kinds that somebody stopped who wishes to be reminded so: never, and no other wish, stops reminders."""
    others = frozenset(stopped) - {Kind.REMINDER}
    return others | {Kind.REMINDER} if remind is Remind.NEVER else others


def read_wish(remind: str | None, stopped: str | None) -> Remind:
    """When a person wishes to be reminded, from `mail_choice`; stopped reminders are not shown on the site either."""
    if Kind.REMINDER in read_stopped(stopped or ""):
        return Remind.NEVER
    return Remind(remind) if remind in {each.value for each in Remind} else Remind.EVE


def is_reminded(wish: Remind, due: Collection[Lead], *, since: datetime, starts_at: datetime, zone: tzinfo) -> bool:
    """Whether this person is reminded at these moments, which have just come: once, however many they are.

    `since` is when they came to take part: whoever came after a moment knows, and is not reminded of it.
    """
    return any(lead in WISHED[wish] and since <= reminder_due_at(lead, starts_at, zone) for lead in due)


def digest_monday(now: datetime, zone: tzinfo) -> date | None:
    """The Monday of the week that is told now: on Mondays from 8 h; on Tuesdays still, if the machine was off."""
    here = now.astimezone(zone)
    if here.weekday() > 1 or (here.weekday() == 0 and here.time() < MORNING):
        return None
    return here.date() - timedelta(days=here.weekday())
