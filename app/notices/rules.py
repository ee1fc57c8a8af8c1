"""What may stand in a mail, and when one that did not leave is tried again. Pure: no database, no clock."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

TRIES = 8
"""After so many tries a mail is set aside, for the person who keeps the server to look at."""

LONGEST_SUBJECT = 150

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]+")
_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")
# Controls, surrogates, line and paragraph separators; and those marks that turn the direction of what follows.
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(written: str) -> str:
    """The text with everything that could end a line, and so begin another header, made a space."""
    return "".join(" " if _is_unseen(sign) else sign for sign in written).strip()


def several_lines(written: str) -> str:
    """The text with its line breaks as `\\n` and without any other control character."""
    lines = written.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(line) for line in lines).strip()


def short_subject(written: str) -> str:
    """One line that a mail program shows whole, or nearly."""
    line = one_line(written)
    return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1].rstrip() + "…"


def is_address(written: str) -> bool:
    """Whether a mail can be addressed so: one address, with nothing that could make it two."""
    return len(written) <= 254 and _ADDRESS.fullmatch(written) is not None


def is_path(written: str) -> bool:
    """Whether it is a path on our own site, with nothing that could lead elsewhere or end the line."""
    return _PATH.fullmatch(written) is not None


def pause_after(tries: int) -> timedelta:
    """How long to wait after this many tries: half a minute, then four times as long each time, 6 hours at most."""
    return min(_FIRST_PAUSE * int(4 ** max(0, tries - 1)), _LONGEST_PAUSE)


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in _UNSEEN or sign in _TURNING
