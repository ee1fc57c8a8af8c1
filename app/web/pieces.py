"""The small drawings that a page holds by the dozen: icons, shapes, and the places around a table.

They are functions and not macros because a page asks for the same ones again and again: each is made once and kept.
`templates/components/ui.html` offers them with the other components, as `ui.icon` and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from markupsafe import Markup, escape

from app.web.static import static_files

MOST_SEATS = 40
"""Above that many the places are only said."""


@cache
def _sprite() -> str:
    return static_files().url("icons.svg")


@lru_cache(maxsize=512)
def icon(name: str) -> Markup:
    """An icon, silent: it always stands beside a word."""
    return Markup('<svg class="i" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(_sprite(), name)


@lru_cache(maxsize=512)
def pict(kind: str, icon_name: str) -> Markup:
    """The shape of a kind with an icon in it."""
    return Markup(
        '<svg class="pict" viewBox="0 0 48 48" aria-hidden="true"><use class="f" href="{0}#f-{1}"/>'
        '<use class="g" x="12" y="12" width="24" height="24" href="{0}#i-{2}"/></svg>'
    ).format(_sprite(), kind, icon_name)


@cache
def shape(kind: str) -> Markup:
    """The shape of a kind, the size of the text."""
    return Markup('<svg class="shape" viewBox="0 0 48 48" aria-hidden="true"><use href="{}#f-{}"/></svg>').format(
        _sprite(), kind
    )


def seats(taken: int, total: int, words: str = "", scale: float = 1.25, mine: int = 0) -> Markup:
    """Places around the table, of which so many are marked as the reader's; `words` say the same, so the drawing is
    silent."""
    drawn = _table(min(taken, total), total, scale, mine) if 0 < total <= MOST_SEATS else ""
    said = f"<strong>{escape(words)}</strong>" if words else ""
    return Markup(f'<div class="seats">{drawn}{said}</div>')  # noqa: S704 - what people wrote is escaped above


@lru_cache(maxsize=2048)
def _table(filled: int, total: int, scale: float, mine: int) -> str:
    """Discs for those who sit, outlined squares for free chairs, at the top and at the bottom in turn."""
    width = (total + 1) // 2 * 14 + 8
    discs = "".join(f"M{11 + n // 2 * 14:05.1f} {33.5 if n % 2 else 6.5:04.1f}h0" for n in range(filled))
    chairs = "".join(
        f"M{6.8 + n // 2 * 14:05.1f} {29.3 if n % 2 else 2.3:04.1f}h8.4v8.4h-8.4z" for n in range(filled, total)
    )
    rings = "".join(
        f'<circle class="my-seat" cx="{11 + n // 2 * 14}" cy="{33.5 if n % 2 else 6.5}" r="5"/>'
        for n in range(max(0, filled - mine), filled)
    )
    return (
        f'<svg viewBox="0 0 {width} 40" width="{width * scale // 1.8 / 10}rem" aria-hidden="true">'
        f'<path class="board" d="M0 14.5h{width}v11H0z"/><path class="taken" d="{discs}"/>'
        f'<path class="free" d="{chairs}"/>{rings}</svg>'
    )


PIECES: dict[str, Callable[..., Markup]] = {"icon": icon, "pict": pict, "shape": shape, "seats": seats}
