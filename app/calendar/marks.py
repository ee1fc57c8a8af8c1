"""Fills in what kept VEVENTs leave open: the site's address, and how kinds and genres are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from icalendar import vCategory, vText
from icalendar.parser import Contentline

from app.contracts import EntryKind
from app.i18n import Language

# A line of our own making: words of people are escaped, and folded lines begin with a space.
_MARK = re.compile(rb"(?<=\r\n)(URL|CATEGORIES):entry:([a-z_]{1,20})/([A-Za-z0-9_-]*)\r\n")

WHOLE = 75
"""Octets that need no folding (RFC 5545, 3.1)."""


class Marks:
    """The installation's own words, ready to be put into feeds."""

    def __init__(self, base_url: str, kinds: Mapping[str, EntryKind], spoken: Language) -> None:
        self._base_url = base_url
        self._kinds = kinds
        self._spoken = spoken
        self._filled: dict[tuple[bytes, ...], bytes] = {}
        said = [(kind.kind, kind.path, kind.label, sorted(kind.genres.items())) for kind in kinds.values()]
        self.fingerprint = hashlib.sha256(repr((base_url, spoken.code, said)).encode()).hexdigest()[:16]
        """Differs whenever the same kept VEVENTs would be filled in otherwise: part of every feed's ETag."""

    def fill(self, feed: bytes) -> bytes:
        """The feed with each mark replaced by its line; a kind that nobody offers any more has none."""
        return _MARK.sub(self._line, feed)

    def _line(self, match: re.Match[bytes]) -> bytes:
        name, kind_name, rest = match.groups()
        kind = self._kinds.get(kind_name.decode())
        if kind is None:
            return b""
        if name == b"URL":
            return _folded("URL:" + self._base_url + kind.path.replace("{id}", rest.decode()))
        key = (kind_name, rest)
        if key not in self._filled:
            words = [self._spoken.gettext(kind.label)]
            if rest and rest.decode() in kind.genres:
                words.append(self._spoken.gettext(kind.genres[rest.decode()][0]))
            category = vCategory([])
            category.cats = [vText(word) for word in words]
            self._filled[key] = _folded("CATEGORIES:" + category.to_ical().decode())
        return self._filled[key]


def _folded(line: str) -> bytes:
    if len(line) <= WHOLE and line.isascii():  # as most are: folding takes longer than all the rest
        return line.encode() + b"\r\n"
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]  # icalendar leaves it bare
    return folded + b"\r\n"
