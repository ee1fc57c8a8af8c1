"""Searching for words, whatever their accents and capitals: how a query is read, compared and shown in what was found.

Rows keep a key made by `app.identity.rules.name_key`; domains compare it with `pattern(word) … escape '!'`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from markupsafe import Markup, escape

from app.identity.rules import name_key

LONGEST_QUERY = 100
MOST_WORDS = 6
LEAST_LETTERS = 2
BEFORE_MATCH = 60
"""How much of a long text is shown before its first match."""


def search_words(written: str) -> tuple[str, ...]:
    """The words to look for: without accents or capitals, six at most; none when there are not two letters in all."""
    words = tuple(dict.fromkeys(name_key(written[:LONGEST_QUERY]).split()))[:MOST_WORDS]
    return words if sum(letter.isalnum() for word in words for letter in word) >= LEAST_LETTERS else ()


def pattern(word: str) -> str:
    """For `key like … escape '!'`: keys that contain the word, whatever it is made of."""
    return "%" + word.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def answers(written: str, words: Sequence[str]) -> bool:
    """Whether this text contains all the words: for the few texts that have no kept key."""
    key = _key(written)
    return all(word in key for word in words)


_key = lru_cache(512)(name_key)


def marked(written: str, words: Sequence[str], *, longest: int = 0) -> Markup:
    """The text with what was found in `<mark>`; everything in it is escaped.

    With `longest`, a longer text is cut to about that many characters around the first match.
    """
    spans = _matches(written, words)
    start, end = 0, len(written)
    if longest and end > longest:
        first = spans[0][0] if spans else 0
        start = _word_start(written, max(0, min(first - BEFORE_MATCH, end - longest)))
        end = _word_end(written, start + longest)
    pieces = ["… " if start else ""]
    cuts = sorted({start, end, *(edge for span in spans for edge in span if start < edge < end)})
    for left, right in pairwise(cuts):
        inside = any(span[0] <= left and right <= span[1] for span in spans)
        piece = str(escape(written[left:right]))
        pieces.append(f"<mark>{piece}</mark>" if inside else piece)
    if end < len(written):
        pieces.append(" …")
    return Markup("".join(pieces))  # noqa: S704 - each piece is escaped above


@lru_cache(4096)
def _folded(character: str) -> str:
    """One letter without accent or capital. Kept: a page of results asks for some thousands, mostly the same."""
    return " " if character.isspace() else name_key(character)


def _matches(written: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand in the text, without overlaps, in order."""
    letters = list(map(_folded, written))
    key = "".join(letters)
    if not any(word in key for word in words if word):
        return []
    origin = [position for position, folded in enumerate(letters) for _ in folded]
    found: list[tuple[int, int]] = []
    for word in filter(None, words):
        at = key.find(word)
        while at >= 0:
            last = origin[at + len(word) - 1] + 1
            while last < len(written) and not letters[last]:
                last += 1  # an accent that stands apart belongs to the letter before it
            found.append((origin[at], last))
            at = key.find(word, at + len(word))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _word_start(written: str, at: int) -> int:
    """The beginning of the word at this position, if it is near."""
    if at == 0:
        return 0
    space = written.rfind(" ", max(0, at - 20), at + 1)
    return space + 1 if space >= 0 else at


def _word_end(written: str, at: int) -> int:
    """The end of the word at this position, if it is near."""
    if at >= len(written):
        return len(written)
    space = written.find(" ", at, at + 20)
    return space if space >= 0 else at
