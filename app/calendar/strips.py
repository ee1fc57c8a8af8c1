"""One strip of the agenda, read again: what a domain answers when somebody joins from there.

A form that comes from a strip carries `view=strip`; under htmx its answer takes the strip's place, says there what
happened, and brings one's own dates beside the agenda along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from app.calendar.queries import TICKETS, Strip, my_parts, strip_of, tickets
from app.calendar.views import beside
from app.errors import NotFound
from app.i18n import language
from app.web.flash import Flash, SaidFlash
from app.web.rendering import house_of, render, visit_of, wants_fragment

ANY_REQUEST = Request[Any, Any, Any]
TEMPLATE = "app/calendar/strip.html"
BLOCK = "strip"


@dataclass(frozen=True, slots=True)
class StripPage:
    """One entry, to be put where it stood."""

    strip: Strip
    said: SaidFlash | None
    """What came of it, to be read where it was pressed."""
    tickets: tuple[Strip, ...]
    offers: tuple[Strip, ...]
    """One's own next dates and offers, as they stand beside the agenda."""


def wants_strip(request: ANY_REQUEST, view: str) -> bool:
    """Whether this form was sent from a strip and its answer goes back there; `view` is the form's field."""
    return view == "strip" and wants_fragment(request)


async def answer_strip(
    request: ANY_REQUEST, kind: str, thing_id: int, *, flash: Flash | None = None, status: int = 200
) -> Response[Any]:
    """The strip of this thing as it stands now, with a word into `#avis`. Raises `NotFound` for what is not shown."""
    visit, kinds = visit_of(request), house_of(request).registry.entry_kinds
    strip = await strip_of(kind, thing_id, visit=visit, kinds=kinds)
    if strip is None:
        raise NotFound
    said = flash.said(language(visit.language).say) if flash is not None else None
    mine = await tickets(await my_parts(visit), visit, kinds=kinds, limit=TICKETS)
    page = StripPage(strip, said, **beside(mine))
    # A refusal is read out where it stands, once; what was done, in `#avis` as everywhere.
    above = None if said is not None and said.tone == "fault" else flash
    return render(request, TEMPLATE, page, block=BLOCK, status=status, flash=above)
