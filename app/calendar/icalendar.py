"""What calendar programs read: one VEVENT per happening, and a whole calendar joined from VEVENTs that were kept.

Every text, whatever it holds, gives a feed that parses, with no line of its own making; the same happening gives the
same bytes for ever. When a happening changes, who may see it and what is kept where is decided by the callers.
Numbers of sections are RFC 5545's unless another is named. What was tried on which programs: docs/calendars.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote

from icalendar import Calendar, Component, Event, vCategory, vDuration, vText, vUri
from icalendar.parser import Contentline

FORMAT = 1
"""Goes up when these functions write the same happenings in other bytes: it is part of every feed's ETag."""

PRODUCT = "-//Le Reseau//Agenda//FR"
ZONE = "Europe/Paris"

_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_LINE_END = re.compile(" *\n[ \n]*")
_UID_KIND = re.compile(r"[a-z][a-z_]{0,29}")
_UID_INSTALLATION = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,98}[a-z0-9])?")
_CSS_COLOR = re.compile(r"[a-z]{3,30}")
# What a URI may hold as it is (RFC 3986, 2.2 and 2.3), and the sign of what is already encoded.
_URI_SAFE = ":/?#[]@!$&'()*+,;=-._~%"
_NEXT_PROPERTY = re.compile(rb"\r\n(?! )")
_EVENT_END = b"END:VEVENT\r\n"
_CALENDAR_END = b"END:VCALENDAR\r\n"

# A calendar needs a component (3.4), and an emptied one an event: GNOME (evolution-data-server, e-cal-backend-http.c)
# takes no notice of a feed without VEVENT and shows the last ones for ever, and vdirsyncer refuses to sync it; both
# were seen. A lone VTIMEZONE satisfies the format (collective/icalendar#251) but neither of these. So what is empty
# holds one event, named like the calendar, at an hour where nobody looks.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Words:
    """The few words that a VEVENT adds by itself, in the reader's language."""

    cancelled: str
    """Goes before the title of what is cancelled, with its own space: `ANNULÉ – `."""
    hosted_by: str
    """Ends the description when hosts are given: `Avec %(names)s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """All that one VEVENT says. Times are aware and lose their fraction of a second; `hosts` stays empty in public."""

    uid: str
    sequence: int
    modified_at: datetime
    starts_at: datetime
    ends_at: datetime
    title: str
    description: str = ""
    location: str = ""
    """Room and the place's address, in one text."""
    url: str = ""
    categories: tuple[str, ...] = ()
    cancelled: bool = False
    tentative: bool = False
    organizer_name: str | None = None
    """The place or the association, never a person."""
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for at in (self.modified_at, self.starts_at, self.ends_at):
            if at.tzinfo is None:
                raise ValueError(f"a time without a time zone: {at!r}")
        if _whole(self.ends_at) <= _whole(self.starts_at):
            raise ValueError("the end does not come after the start (3.6.1 demands it)")
        if self.sequence < 0:
            raise ValueError(f"a sequence below zero: {self.sequence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What the owner of a personal feed chose for it."""

    discreet_title: str | None = None
    """Stands for every title; description, place, address, categories and contact are left out with it."""
    private: bool = False
    alarm_minutes: int | None = None
    changed_at: datetime | None = None
    """When these choices last changed. Programs skip an event whose LAST-MODIFIED did not move (ICSx5 compares it), so
    a feed that becomes discreet would stay readable on the telephone without this."""

    def __post_init__(self) -> None:
        if self.alarm_minutes is not None and self.alarm_minutes < 0:
            raise ValueError(f"an alarm after the start: {self.alarm_minutes}")
        if self.changed_at is not None and self.changed_at.tzinfo is None:
            raise ValueError(f"a time without a time zone: {self.changed_at!r}")


def uid(kind: str, thing_id: int, installation: str) -> str:
    """The name of a happening for ever, in every feed and mail: `workshop-12@4f0c….reseau`.

    `installation` is chosen at random when a database is made and lives in it. It must not be the site's host: that
    changes (a new domain, http to https, a test on localhost), and each event would then be there twice on every
    telephone; RFC 7986, 5.3 also asks that no host name be in it. Two installations never share one, so a member of
    both has no two events with one name. Raises `ValueError` on anything that would need quoting somewhere.
    """
    if not _UID_KIND.fullmatch(kind) or not _UID_INSTALLATION.fullmatch(installation) or thing_id < 1:
        raise ValueError(f"not the parts of a UID: {kind!r}, {thing_id!r}, {installation!r}")
    return f"{kind}-{thing_id}@{installation}"


def next_modified(previous: datetime | None, now: datetime) -> datetime:
    """When a visible change counts as made: `now` in whole seconds, and always later than the change before.

    LAST-MODIFIED and the HTTP header of that name know no fractions; two changes within one second would look like one,
    and the second would never reach those who fetched in between.
    """
    at = _whole(now)
    return at if previous is None else max(at, _whole(previous) + timedelta(seconds=1))


def clean_text(value: str) -> str:
    """The same text without what no calendar may hold: control characters, NUL, lone surrogates, byte order marks.

    Every way to end a line becomes LF, U+2028, U+2029 and U+0085 too: vdirsyncer cuts a feed with `str.splitlines`,
    which takes them for line ends, so that a title holding one could begin an event of its own.
    """
    return _FORBIDDEN.sub("", _BREAKS.sub("\n", value).replace("\t", " "))


def clean_line(value: str) -> str:
    """`clean_text` on one line: what stands in a title, a place, a name."""
    return _LINE_END.sub(" ", clean_text(value)).strip(" ")


def event_bytes(happening: Happening, words: Words, personal: Personal | None = None) -> bytes:
    """One VEVENT, folded, CRLF at each end: what is kept and given to `calendar_bytes`."""
    event = Event()
    title = clean_line(happening.title)
    event.add("SUMMARY", _Text(clean_text(words.cancelled) + title if happening.cancelled else title))
    event.add("DTSTART", _whole(happening.starts_at))
    event.add("DTEND", _whole(happening.ends_at))
    # Without METHOD, DTSTAMP is the last revision (3.8.7.2); "now" would make each answer different.
    event.add("DTSTAMP", _whole(happening.modified_at))
    event.add("LAST-MODIFIED", _whole(happening.modified_at))
    event.add("UID", _Text(clean_line(happening.uid)))
    event.add("SEQUENCE", happening.sequence)
    if happening.cancelled:
        event.add("STATUS", "CANCELLED")
        event.add("TRANSP", "TRANSPARENT")
    else:
        event.add("STATUS", "TENTATIVE" if happening.tentative else "CONFIRMED")
    if description := _description(happening, words):
        event.add("DESCRIPTION", _Text(description))
    if location := clean_line(happening.location):
        event.add("LOCATION", _Text(location))
    if url := clean_line(happening.url):
        event.add("URL", _uri(url))
    if categories := [_Text(cleaned) for category in happening.categories if (cleaned := clean_line(category))]:
        event.add("CATEGORIES", _categories(categories))
    if happening.organizer_name and (organizer := clean_line(happening.organizer_name)):
        # Not ORGANIZER: that needs an address, and must not stand where nobody is invited (3.8.4.3).
        event.add("CONTACT", _Text(organizer))
    written = _written(event)
    return written if personal is None else personal_bytes(written, words, personal)


def personal_bytes(kept: bytes, words: Words, personal: Personal) -> bytes:
    """A kept VEVENT as the owner of a personal feed wants it, without writing it anew (a few microseconds).

    `words` are those that the VEVENT was made with. A cancelled thing rings no alarm.
    """
    if not kept.endswith(_EVENT_END):
        raise ValueError("not a VEVENT of event_bytes")
    lines = _NEXT_PROPERTY.split(kept[: -len(_EVENT_END)].removesuffix(b"\r\n"))
    cancelled = b"STATUS:CANCELLED" in lines
    if personal.changed_at is not None:
        lines = [_moved(line, personal.changed_at) for line in lines]
    if personal.discreet_title is not None:
        title = clean_line(personal.discreet_title)
        summary = _Text(clean_text(words.cancelled) + title if cancelled else title)
        lines = [_folded(b"SUMMARY:" + summary.to_ical()) if _is(line, b"SUMMARY") else line for line in lines]
        lines = [line for line in lines if not _is(line, *_TELLING)]
    if personal.private:
        lines.append(b"CLASS:PRIVATE")
    if personal.alarm_minutes is not None and not cancelled:
        summary_line = next(line for line in lines if _is(line, b"SUMMARY"))
        spoken = summary_line.replace(b"\r\n ", b"").removeprefix(b"SUMMARY:")
        lines += [
            b"BEGIN:VALARM",
            b"ACTION:DISPLAY",
            _folded(b"DESCRIPTION:" + spoken),
            b"TRIGGER:-PT%dM" % personal.alarm_minutes,
            b"END:VALARM",
        ]
    return b"\r\n".join(lines) + b"\r\n" + _EVENT_END


def calendar_bytes(
    name: str,
    events: Iterable[bytes],
    *,
    color: str,
    url: str,
    refresh: timedelta = timedelta(hours=1),
    description: str | None = None,
) -> bytes:
    """A whole calendar: its name, its colour (a CSS name), how often to ask again, and the VEVENTs as they were kept.

    `url` is the page that shows the same to people, never the secret address. There is no METHOD (it would make each
    event a message, which needs an ORGANIZER, RFC 5546, 3.2.1) and no UID on the calendar: vdirsyncer would take it
    for the UID of every event and keep one of them (pimutils/vdirsyncer#1222). Without events there is one, long past,
    for the programs that would otherwise keep what they had.
    """
    kept = tuple(events) or (_nothing_yet(name),)
    return b"".join((_header(name, color, url, refresh, description), *kept, _CALENDAR_END))


@lru_cache(maxsize=256)
def _header(name: str, color: str, url: str, refresh: timedelta, description: str | None) -> bytes:
    if not _CSS_COLOR.fullmatch(color):
        raise ValueError(f"not the name of a CSS colour (RFC 7986, 5.9): {color!r}")
    if refresh < timedelta(minutes=1):
        raise ValueError(f"too short to ask again: {refresh}")
    # Not Calendar.new(): it adds a random UID.
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", PRODUCT)
    calendar.add("CALSCALE", "GREGORIAN")
    for property_name in ("NAME", "X-WR-CALNAME"):
        calendar.add(property_name, _Text(clean_line(name)))
    if description and (text := clean_text(description).strip()):
        for property_name in ("DESCRIPTION", "X-WR-CALDESC"):
            calendar.add(property_name, _Text(text))
    calendar.add("X-WR-TIMEZONE", _Text(ZONE))
    calendar.add("COLOR", _Text(color))
    # RFC 7986, 5.7 demands the VALUE, which icalendar leaves out.
    calendar.add("REFRESH-INTERVAL", vDuration(refresh), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(refresh))
    calendar.add("URL", _uri(clean_line(url)))
    return _written(calendar).removesuffix(_CALENDAR_END)


@lru_cache(maxsize=256)
def _nothing_yet(name: str) -> bytes:
    stand_in = Happening(
        uid="nothing-yet@reseau",
        sequence=0,
        modified_at=_LONG_AGO,
        starts_at=_LONG_AGO,
        ends_at=_LONG_AGO + timedelta(minutes=1),
        title=name,
    )
    return event_bytes(stand_in, Words(cancelled="", hosted_by=""))


# The lines that tell what a discreet event is about, or lead to it.
_TELLING = (b"DESCRIPTION", b"LOCATION", b"URL", b"CATEGORIES", b"CONTACT")


class _Text(vText):
    r"""TEXT that comes back as it was: icalendar 7.3 makes a line end of the two characters `\N`, as in `C:\Notes`."""

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
        return escaped.encode()


def _categories(texts: list[_Text]) -> vCategory:
    categories = vCategory([])
    categories.cats = list(texts)
    return categories


def _uri(url: str) -> vUri:
    return vUri(quote(url, safe=_URI_SAFE))


def _description(happening: Happening, words: Words) -> str:
    description = clean_text(happening.description).strip("\n ")
    names = ", ".join(cleaned for host in happening.hosts if (cleaned := clean_line(host)))
    hosted = clean_text(words.hosted_by % {"names": names}) if names else ""
    return "\n\n".join(part for part in (description, hosted) if part)


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _written(component: Component) -> bytes:
    written: bytes = component.to_ical()
    return written


def _is(line: bytes, *names: bytes) -> bool:
    """Whether this is a line of one of these properties (those that matter here carry no parameters)."""
    return line.partition(b":")[0] in names


def _moved(line: bytes, changed_at: datetime) -> bytes:
    """DTSTAMP and LAST-MODIFIED, brought up to a later change. Written alike in UTC, they compare as text."""
    if not _is(line, b"DTSTAMP", b"LAST-MODIFIED"):
        return line
    name, _, value = line.partition(b":")
    return name + b":" + max(value, f"{_whole(changed_at):%Y%m%dT%H%M%SZ}".encode())


def _folded(line: bytes) -> bytes:
    folded: bytes = Contentline(line.decode()).to_ical()  # type: ignore[no-untyped-call]  # icalendar leaves it bare
    return folded
