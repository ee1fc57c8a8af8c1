"""The mediators' doors to a proposal: read it, agree, ask for a change, block, put an edit back to be read."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, text
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render
from workshops import commands, forms, queries
from workshops.pages.shared import AnyRequest, signed_in

SAID: dict[str, Text] = {
    "approve": text("C’est d’accord, et c’est noté."),
    "send_back": text("L’équipe est prévenue, avec tes mots."),
    "block": text("La parution est suspendue. L’équipe est prévenue."),
}


async def _show(
    request: AnyRequest,
    workshop_id: int,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    visit, _ = signed_in(request)
    page = await queries.reading_page(workshop_id, visit=visit, values=values, errors=errors)
    flash = Flash(refusal_text(request, refused), tone="fault") if refused is not None else None
    status = 409 if refused is not None else 422 if errors else 200
    block = "decision" if errors else None
    return render(request, "workshops/read_workshop.html", page, block=block, status=status, flash=flash)


@get("/mediation/ateliers/{workshop_id:int}")
async def read_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """The proposal and the form that answers it."""
    return await _show(request, workshop_id)


@post("/mediation/ateliers/{workshop_id:int}", status_code=303)
async def decide(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """`decision` = `approve`, `send_back` (with `reason`, `way_out`) or `block`, on the `version` that was read."""
    visit, member = signed_in(request)
    form = await read_form(request)
    await queries.reading_page(workshop_id, visit=visit)  # who may not read it learns nothing of it
    read = forms.read_decision(form)
    if read.errors:
        return await _show(request, workshop_id, values=read.values, errors=read.errors)
    try:
        if read.decision == "block":
            await commands.block(
                actor=member.id, workshop_id=workshop_id, reason=read.reason, version=read.version, now=visit.now
            )
        else:
            await commands.decide(
                actor=member.id,
                workshop_id=workshop_id,
                decision=read.decision,
                reason=read.reason,
                way_out=read.way_out,
                version=read.version,
                now=visit.now,
            )
    except Refused as refused:
        return await _show(request, workshop_id, values=read.values, refused=refused)
    return go_to(request, "/mediation", flash=Flash(SAID[read.decision]))


@post("/mediation/ateliers/{workshop_id:int}/relecture", status_code=303)
async def review_again(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Remettre à relire », after an edit of what was read."""
    visit, member = signed_in(request)
    try:
        await commands.review_again(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return go_to(request, f"/mediation/ateliers/{workshop_id}", flash=Flash(text("C’est remis à relire.")))


HANDLERS = [read_workshop, decide, review_again]
