"""The door of whoever says how far somebody is in a duty."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, text
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render
from rotas import forms_keeping as forms
from rotas.commands.duties import attest
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries.duties import duty_of, duty_page
from rotas.queries.lookups import has_mail, one_person
from rotas.states import Level


@post("/tours/roles/{duty_id:int}/savoir-faire", status_code=303)
async def say_skilled(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """`level` of `member`, or of `who` as one writes it: for whoever can do it, teaches it, or keeps the place."""
    visit, member = signed_in(request)
    duty = await duty_of(duty_id)
    form = forms.read_attest(await read_form(request))
    whose, errors = form.member_id, form.errors
    if not errors and whose is None:
        page = await duty_page(duty_id, visit=visit)
        if page.levels:  # else nobody's name is looked up for them
            whose, fault = await one_person(duty["place_id"], form.who)
            errors = {"who": fault} if fault is not None else {}
        else:
            whose = member.id
    if errors or whose is None:
        return await _show(request, duty_id, form.values, errors, 422)
    try:
        await attest(actor=member.id, duty_id=duty_id, member_id=whose, level=form.level, now=visit.now)
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await _show(request, duty_id, form.values, {}, 409, flash)
    thanks = text("C’est noté, merci de transmettre !") if form.level is Level.TEACHES else text("C’est noté.")
    reached = whose != member.id and await has_mail(whose)
    said = Flash(thanks, text("La personne est prévenue.") if reached else None)
    return go_to(request, f"/tours/roles/{duty_id}", flash=said)


async def _show(
    request: AnyRequest,
    duty_id: int,
    values: Any,
    errors: dict[str, Text],
    status: int,
    flash: Flash | None = None,
) -> Response[Any]:
    visit, _ = signed_in(request)
    page = await duty_page(duty_id, visit=visit, values=values, errors=errors)
    return render(request, "rotas/duty.html", page, status=status, flash=flash)


HANDLERS = [say_skilled]
