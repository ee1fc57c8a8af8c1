"""« Membres »: who wished to be on the list, newcomers to meet, one member."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import NotFound, Refused
from app.i18n import text
from app.identity import commands, queries
from app.identity.pages import AnyRequest
from app.identity.pages_me import signed_in
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import clean_line
from app.web.rendering import render, visit_of

LAST_PAGE = 10_000


def _number(written: str) -> int:
    return min(int(written), LAST_PAGE) if written.isascii() and written.isdigit() and len(written) < 6 else 1


async def _members(request: AnyRequest, *, flash: Flash | None = None, status: int = 200) -> Response[Any]:
    asked = clean_line(request.query_params.get("q", ""))[:60]
    number = max(1, _number(request.query_params.get("page", "")))
    page = await queries.members_page(visit_of(request), asked=asked, number=number)
    return render(request, "app/identity/members.html", page, flash=flash, status=status)


@get("/membres")
async def members(request: AnyRequest) -> Response[Any]:
    """The list; for whom nobody has met yet, how that comes about."""
    return await _members(request)


@get("/membres/{member_id:int}")
async def member(request: AnyRequest, member_id: FromPath[int]) -> Response[Any]:
    """One member; 404 for whoever did not wish to be shown, as for nobody."""
    page = await queries.member_page(visit_of(request), member_id)
    return render(request, "app/identity/member.html", page)


@post("/membres/{member_id:int}/rencontre")
async def meet(request: AnyRequest, member_id: FromPath[int]) -> Response[Any]:
    """« J’ai rencontré cette personne »."""
    visit = visit_of(request)
    if visit.place is None:
        raise NotFound
    try:
        met = await commands.meet(
            actor=signed_in(request).id, member_id=member_id, place_id=visit.place.id, now=visit.now
        )
    except Refused as refused:
        return await _members(request, flash=Flash(refusal_text(request, refused), tone="fault"), status=409)
    more = (
        text("Cette personne voit maintenant les noms des membres.")
        if met
        else text("Encore une rencontre avec quelqu’un d’autre, et elle verra les noms des membres.")
    )
    return go_to(request, "/membres", flash=Flash(text("C’est noté, merci"), more))


MEMBERS = [members, member, meet]
