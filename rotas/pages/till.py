"""The doors of the till: for whoever holds the turn, and while it allows it. For everybody else they do not exist. And
what was counted, for whoever keeps the place or its accounts."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.i18n import text
from app.web.answers import go_to
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render
from rotas.commands.till import count_till
from rotas.forms_keeping import read_count
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries.till import till_book, till_now, till_page


@get("/tours/caisse")
async def my_till(request: AnyRequest) -> Response[Any]:
    """The box that one has now."""
    visit, _ = signed_in(request)
    return go_to(request, f"/tours/{await till_now(visit)}/caisse")


@get("/tours/{slot_id:int}/caisse")
async def show_till(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """What the box held, and the forms to write it down."""
    visit, _ = signed_in(request)
    return render(request, "rotas/till.html", await till_page(slot_id, visit=visit))


@post("/tours/{slot_id:int}/caisse", status_code=303)
async def count(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Writes a count down (`moment`, `amount`, `word`); counted again, it is the last."""
    visit, member = signed_in(request)
    form = read_count(await read_form(request))
    page = await till_page(slot_id, visit=visit, part=form.moment, values=form.values, errors=form.errors)
    if form.errors:
        return render(request, "rotas/till.html", page, status=422)
    await count_till(
        actor=member.id, slot_id=slot_id, moment=form.moment, cents=form.cents, word=form.word, now=visit.now
    )
    return go_to(request, f"/tours/{slot_id}/caisse", flash=Flash(text("C’est noté dans la caisse")))


@get("/tours/roles/{duty_id:int}/caisse")
async def show_book(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """What the box held of late, for whoever keeps the place or its accounts."""
    visit, _ = signed_in(request)
    return render(request, "rotas/till_book.html", await till_book(duty_id, visit=visit))


HANDLERS = [my_till, show_till, count, show_book]
