"""The doors of a workshop's turns: its hosts ask for people to help, or need them no more."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from app.i18n import text
from app.web.forms import read_form
from workshops import commands, forms
from workshops.pages.shared import AnyRequest, carry_out, show, signed_in


@post("/ateliers/{workshop_id:int}/tours", status_code=303)
async def open_turn(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Il me faut deux personnes pour les tables »."""
    visit, member = signed_in(request)
    form = await read_form(request)
    wish = forms.read_turn(form)
    if wish.errors:
        return await show(request, workshop_id, values=dict(form), errors=wish.errors)
    deed = commands.open_turn(
        actor=member.id,
        workshop_id=workshop_id,
        duty_id=wish.duty_id,
        moment=wish.moment,
        minutes=wish.minutes,
        people=wish.people,
        now=visit.now,
    )
    said = text("Le tour est ouvert : il est dans l’agenda.")
    return await carry_out(request, workshop_id, deed, said, then=f"/ateliers/{workshop_id}#tours")


@post("/ateliers/{workshop_id:int}/tours/{slot_id:int}/retrait", status_code=303)
async def close_turn(request: AnyRequest, workshop_id: FromPath[int], slot_id: FromPath[int]) -> Response[Any]:
    """It is wanted no more."""
    visit, member = signed_in(request)
    deed = commands.close_turn(actor=member.id, workshop_id=workshop_id, slot_id=slot_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("C’est noté. Qui l’avait pris est prévenu."))


HANDLERS = [open_turn, close_turn]
