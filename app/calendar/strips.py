"""One strip of the agenda, read again: what a domain answers when somebody joins from there.

A form that comes from a strip carries `view=strip`; under htmx its answer takes the strip's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from app.calendar.queries import Strip, strip_of
from app.errors import NotFound
from app.web.flash import Flash
from app.web.rendering import house_of, render, visit_of, wants_fragment

ANY_REQUEST = Request[Any, Any, Any]
TEMPLATE = "app/calendar/strip.html"
BLOCK = "strip"


@dataclass(frozen=True, slots=True)
class StripPage:
    """One entry, to be put where it stood."""

    strip: Strip


def wants_strip(request: ANY_REQUEST, view: str) -> bool:
    """Whether this form was sent from a strip and its answer goes back there; `view` is the form's field."""
    return view == "strip" and wants_fragment(request)


async def answer_strip(
    request: ANY_REQUEST, kind: str, thing_id: int, *, flash: Flash | None = None, status: int = 200
) -> Response[Any]:
    """The strip of this thing as it stands now, with a word into `#avis`. Raises `NotFound` for what is not shown."""
    kinds = house_of(request).registry.entry_kinds
    strip = await strip_of(kind, thing_id, visit=visit_of(request), kinds=kinds)
    if strip is None:
        raise NotFound
    return render(request, TEMPLATE, StripPage(strip), block=BLOCK, status=status, flash=flash)
