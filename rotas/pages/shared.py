"""What the doors of turns share: the page shown again after an answer, as the slot of a week, a part, or a whole.

A refusal shows the turn again (409) with its sentence; a form that cannot be read comes back with a sentence beside the
field (422) and everything that was written. A form that comes from a week carries `view=week`, one from a strip of the
agenda `view=strip`: under htmx the answer goes back there. One from the page of what opened the turn says so (`back`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from litestar import Request, Response

from app.calendar.strips import answer_strip, wants_strip
from app.errors import NotFound, Refused
from app.i18n import language
from app.identity.visits import Me, Visit
from app.web.answers import came_from, go_to, own_path
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render, visit_of, wants_fragment
from rotas.facts import KIND
from rotas.queries.one import slot_page
from rotas.queries.week import turn_page

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: the guard has seen to it that there is one."""
    visit = visit_of(request)
    assert visit.member is not None
    return visit, visit.member


def back_to(request: AnyRequest, slot_id: int, asked: str = "") -> str:
    """Where the form asks to go back to (`asked`: the page of what opened the turn); the week that it stood in, at this
    turn; else the turn's own page."""
    if asked:
        return own_path(asked, f"/tours/{slot_id}")
    path = came_from(request, "")
    return f"{path}#tour-{slot_id}" if urlsplit(path).path == "/tours" else f"/tours/{slot_id}"


async def answer(
    request: AnyRequest,
    slot_id: int,
    *,
    flash: Flash | None = None,
    refused: Refused | None = None,
    asks_sure: bool = False,
    just_taken: bool = False,
) -> Response[Any]:
    """After something was done about a turn, or refused, or is asked once more: where the form was sent from."""
    form = await read_form(request)
    view = form.get("view", "")
    status = 200
    if refused is not None:
        status, flash = 409, Flash(refusal_text(request, refused), tone="fault")
    if wants_strip(request, view) and not asks_sure:
        try:
            return await answer_strip(request, KIND, slot_id, flash=flash, status=status)
        except NotFound:  # it has its people meanwhile, and is listed no more
            if refused is None:
                raise
            raise refused from None
    if wants_fragment(request) and view == "week":
        there = parse_qs(urlsplit(came_from(request, "")).query)
        page = await turn_page(
            slot_id,
            visit_of(request),
            chosen=there.get("voir", [""])[0],
            asks_sure=asks_sure,
            just_taken=just_taken,
        )
        if page is not None:
            said = flash.said(language(visit_of(request).language).say) if flash is not None else None
            # A refusal is read out where it stands, once; what was done, in `#avis` as everywhere.
            above = None if refused is not None else flash
            more = {"said": said}
            return render(request, "rotas/turn.html", page, block="turn", status=status, flash=above, extra=more)
    if asks_sure and view in ("week", "strip"):
        return go_to(request, f"/tours/{slot_id}?question=1#tour")
    if refused is None and not asks_sure and not wants_fragment(request):
        path = back_to(request, slot_id, form.get("back", ""))
        # Where the page opens on the slot, what was done is read there as well.
        about = f"tour-{slot_id}" if path.endswith(f"#tour-{slot_id}") else ""
        return go_to(request, path, flash=replace(flash, about=about) if flash is not None else None)
    return await show(request, slot_id, refused=refused, flash=flash, asks_sure=asks_sure, status=status)


async def show(
    request: AnyRequest,
    slot_id: int,
    *,
    refused: Refused | None = None,
    flash: Flash | None = None,
    asks_sure: bool = False,
    status: int = 200,
    **more: Any,
) -> Response[Any]:
    """The page of the turn, or the part of it that changes. What is not there any more leaves the refusal alone."""
    focus = asks_sure or (flash is not None and refused is None)
    try:
        page = await slot_page(slot_id, visit=visit_of(request), asks_sure=asks_sure, focus=focus, **more)
    except NotFound:
        if refused is None:
            raise
        raise refused from None
    return render(request, "rotas/slot.html", page, block="turn", status=status, flash=flash)
