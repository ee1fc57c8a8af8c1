"""How a title fills a poster: its lines, whole words, as large as they fit beside or above the drawing.

Pure. Widths are those of the titles' face, in em: a narrow one, where seven letters are not always as wide as seven
others. The sizes stand in the style sheet of the sheets (`.poster-sheet`), in millimetres.
"""

from __future__ import annotations

import unicodedata
from itertools import chain, repeat

WIDTHS = {
    " ,;'.’:": 0.17,
    "lijI!/-()": 0.24,
    "1Jtf": 0.3,
    "?r": 0.34,
    "–LF7z": 0.39,
    "EZs«»": 0.42,
    "aceTo235kvgx": 0.45,
    "mwMœW&": 0.76,
}
"""Of letters, rounded up; the others are `COMMON`, capitals `CAPITAL`."""
COMMON, CAPITAL = 0.47, 0.52
EM_OF = {letter: em for letters, em in WIDTHS.items() for letter in letters}
LARGE = (2.48, 2.48, 3.4)
"""The room for each of the largest lines, in em of 54 mm: the drawing stands at the right of the first two."""
MEDIUM = (5.0, 5.0, 5.0)
"""The width of the paper, in em of 37 mm: the drawing stands below."""
LONG = (7.4,)
"""The same in em of 25 mm, on as many lines as it takes."""


def poster_title(title: str) -> tuple[list[str], str]:
    """A title cut into lines, and the class of its size: "" (the largest), `medium` or `long`."""
    for room, size in ((LARGE, ""), (MEDIUM, "medium")):
        lines = _lines(title, room)
        if len(lines) <= len(room) and all(width(line) <= most for line, most in zip(lines, room, strict=False)):
            return lines, size
    return _lines(title, LONG), "long"


def width(line: str) -> float:
    """How wide a line is, at most, in em."""
    return sum(map(_em, unicodedata.normalize("NFC", line)))


def _em(letter: str) -> float:
    bare = unicodedata.normalize("NFD", letter)[0]  # an accent takes no room
    return EM_OF.get(bare) or (CAPITAL if bare.isupper() else COMMON)


def _lines(title: str, room: tuple[float, ...]) -> list[str]:
    """As many words on each line as it has room for, at least one; lines after the last of `room` have as much."""
    lines: list[str] = []
    most = chain(room, repeat(room[-1]))
    left = next(most)
    for word in title.split():
        if lines and width(f"{lines[-1]} {word}") <= left:
            lines[-1] += f" {word}"
        else:
            left = next(most) if lines else left
            lines.append(word)
    return lines
