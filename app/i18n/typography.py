"""French spacing: what keeps « 14 h 30 » on one line and a question mark with its question."""

from __future__ import annotations

import re

NARROW = "\u202f"
WIDE = "\u00a0"

_BEFORE_NARROW = re.compile(r" ([;?!])")
_BEFORE_WIDE = re.compile(r" ([:»€%])(?!\()")
_HOUR = re.compile(r"(\d) h(?: (\d\d))?\b")


def typo(written: str) -> str:
    """The same text with the spaces that must not break (Imprimerie nationale, Lexique des règles typographiques)."""
    spaced = _BEFORE_NARROW.sub(NARROW + r"\1", written)
    spaced = _BEFORE_WIDE.sub(WIDE + r"\1", spaced)
    spaced = spaced.replace("« ", "«" + WIDE)
    return _HOUR.sub(lambda match: f"{match[1]}{WIDE}h" + (f"{WIDE}{match[2]}" if match[2] else ""), spaced)
