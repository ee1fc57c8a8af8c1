"""The doors of the till: the box of a meal, and what somebody found in it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import text
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render
from meals.commands.till import enter_count
from meals.forms_till import read_total
from meals.pages.shared import AnyRequest, signed_in
from meals.queries.till import till_page
from meals.till_rules import Counted

_SAID = {
    Counted.ALONE: text("C’est noté"),
    Counted.DONE: text("C’est compté"),
}
"""What differs is said by the page, until both have counted again."""


@get("/repas/{meal_id:int}/caisse")
async def show_till(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """Whether the box is counted, and the form to enter what one found."""
    visit, _ = signed_in(request)
    return render(request, "meals/till.html", await till_page(meal_id, visit=visit))


@post("/repas/{meal_id:int}/caisse", status_code=303)
async def enter(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """What one found in the box (`total`, in euros); entered again, it is one's last word."""
    visit, member = signed_in(request)
    form = read_total(await read_form(request))
    page = await till_page(meal_id, visit=visit, values=form.values, errors=form.errors)
    if form.errors:
        return render(request, "meals/till.html", page, status=422)
    try:
        outcome = await enter_count(meal_id, actor=member.id, cents=form.cents, now=visit.now)
    except Refused as refused:
        page = await till_page(meal_id, visit=visit, values=form.values)
        flash = Flash(refusal_text(request, refused), tone="fault")
        return render(request, "meals/till.html", page, status=409, flash=flash)
    said = _SAID.get(outcome)
    return go_to(request, f"/repas/{meal_id}/caisse", flash=Flash(said) if said is not None else None)


routes_till = [show_till, enter]
