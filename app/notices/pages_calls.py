"""« À prévenir aujourd’hui »: for whoever holds the welcome turn, on the screen and on paper."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.errors import Forbidden, Refused
from app.i18n import Text, text
from app.identity.visits import Visit
from app.notices import commands, forms
from app.notices.queries_calls import calls_page, calls_sheet
from app.notices.rules import why_no_calls
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.rendering import render, visit_of, wants_fragment

AnyRequest = Request[Any, Any, Any]


def _welcoming(request: AnyRequest) -> tuple[Visit, int, int]:
    """The visit of whoever welcomes here now, with the ids of the person and the place. Raises `Forbidden`."""
    visit = visit_of(request)
    reason = why_no_calls(visit.member)
    if reason is not None or visit.member is None or visit.place is None:
        raise Forbidden(reason)
    return visit, visit.member.id, visit.place.id


def _number(request: AnyRequest) -> int:
    return forms.read_number(request.query_params.get("page", ""))


@get("/a-prevenir")
async def show_calls(request: AnyRequest) -> Response[Any]:
    """Who is to be told, and what was told today."""
    visit, _, _ = _welcoming(request)
    return render(request, "app/notices/show_calls.html", await calls_page(visit, number=_number(request)))


@get("/a-prevenir/feuille")
async def show_calls_sheet(request: AnyRequest) -> Response[Any]:
    """The same, on A4."""
    visit, _, _ = _welcoming(request)
    return render(request, "app/notices/calls_sheet.html", await calls_sheet(visit, number=_number(request)))


@post("/a-prevenir/{message_id:int}/dit")
async def note_told(request: AnyRequest, message_id: FromPath[int]) -> Response[Any]:
    """« C’est dit »."""
    visit, me, place = _welcoming(request)
    await commands.note_told(actor=me, place_id=place, message_id=message_id, now=visit.now)
    return await _done(request, visit, text("C’est noté, merci"))


@post("/a-prevenir/{message_id:int}/pas-dit")
async def take_back_told(request: AnyRequest, message_id: FromPath[int]) -> Response[Any]:
    """« En fait non »."""
    visit, me, place = _welcoming(request)
    try:
        await commands.take_back_told(actor=me, place_id=place, message_id=message_id, now=visit.now)
    except Refused as refused:
        page = await calls_page(visit, number=1)
        flash = Flash(refusal_text(request, refused), tone="fault")
        return render(request, "app/notices/show_calls.html", page, block="calls", status=409, flash=flash)
    return await _done(request, visit, text("C’est noté : la personne reste à prévenir"))


async def _done(request: AnyRequest, visit: Visit, said: Text) -> Response[Any]:
    if not wants_fragment(request):
        return go_to(request, "/a-prevenir", flash=Flash(said))
    page = await calls_page(visit, number=1)
    return render(request, "app/notices/show_calls.html", page, block="calls", flash=Flash(said))


CALLS = [show_calls, show_calls_sheet, note_told, take_back_told]
