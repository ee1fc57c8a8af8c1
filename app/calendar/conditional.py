"""Whether a program that asks for a feed again already has it (RFC 9110, 13.1 and 13.2.2), and the two dates and names.

Text in, text out: which parts make a feed's ETag, and when it last changed, is the caller's to say.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b

from app.calendar.icalendar import FORMAT

Part = str | int | bytes | datetime | None

# entity-tag = [ W/ ] opaque-tag (8.8.3). A comma may stand inside the quotes, so the list is not to be split at commas.
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_HTTP_DATE = re.compile(
    r"""[A-Z][a-z]{2},\ [0-9]{2}\ [A-Z][a-z]{2}\ [0-9]{4}\ [0-9:]{8}\ GMT  # IMF-fixdate
    | [A-Z][a-z]{5,8},\ [0-9]{2}-[A-Z][a-z]{2}-[0-9]{2}\ [0-9:]{8}\ GMT  # RFC 850
    | [A-Z][a-z]{2}\ [A-Z][a-z]{2}\ [ 0-9][0-9]\ [0-9:]{8}\ [0-9]{4}  # asctime""",
    re.VERBOSE,
)


def feed_etag(*parts: Part) -> str:
    """A strong ETag, quoted, that is the same for the same parts and differs when one of them does.

    Give it all that the bytes hang on: which feed, its name and choices, the day on which its window begins, and for
    the entries their number, the sum of their sequences and the latest change; or simply the feed's bytes.
    """
    digest = blake2b(digest_size=16)
    for part in (FORMAT, *parts):
        written = _written(part)
        digest.update(len(written).to_bytes(8))
        digest.update(written)
    return f'"{digest.hexdigest()}"'


def _written(part: Part) -> bytes:
    match part:
        case bytes():
            return b"b" + part
        case datetime():
            return b"d" + part.astimezone(UTC).isoformat().encode()
        case str():
            return b"s" + part.encode("utf-8", "surrogatepass")
        case _:
            return repr(part).encode()


def http_date(at: datetime) -> str:
    """An instant as HTTP headers write it, in whole seconds: `Sun, 28 Mar 2027 01:00:00 GMT`."""
    if at.tzinfo is None:
        raise ValueError(f"a time without a time zone: {at!r}")
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def parse_http_date(written: str) -> datetime | None:
    """The instant that a header names, in any of the three forms of RFC 9110, 5.6.7; None when it is none of them."""
    if not _HTTP_DATE.fullmatch(written.strip()):
        return None
    try:
        # The form of asctime has no zone; HTTP dates are all in UTC.
        return parsedate_to_datetime(written.strip()).replace(tzinfo=UTC)
    except ValueError:
        return None


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, etag: str, last_modified: datetime | None
) -> bool:
    """Whether a GET or HEAD with these headers is to be answered 304.

    If-None-Match decides alone where it is given, by weak comparison; several such header lines are to be joined with
    commas. If-Modified-Since is asked only without it, and ignored when it is no date. `last_modified` must also move
    when something leaves the feed (given up, out of the window): then the latest change of what is left does not.
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        return etag.removeprefix("W/") in _ENTITY_TAG.findall(if_none_match)
    if if_modified_since is None or last_modified is None:
        return False
    since = parse_http_date(if_modified_since)
    return since is not None and last_modified.astimezone(UTC).replace(microsecond=0) <= since
