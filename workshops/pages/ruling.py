"""The doors of a contest: another opinion, the drawn members’ votes, the bureau’s yes."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.params import FromPath

from app.i18n import text
from app.web.forms import read_form
from workshops import commands, forms
from workshops.pages.shared import AnyRequest, carry_out, show, signed_in


@post("/ateliers/{workshop_id:int}/contestation", status_code=303)
async def contest(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Ask for another opinion."""
    visit, member = signed_in(request)
    form = await read_form(request)
    word = forms.read_sentence(
        form, "word", longest=1500, required=text("Dis pourquoi, en une phrase ou deux : on le lira avant de décider.")
    )
    if word.errors:
        return await show(request, workshop_id, values=dict(form), errors=word.errors)
    deed = commands.contest(actor=member.id, workshop_id=workshop_id, word=word.value, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Un autre avis est demandé."))


@post("/ateliers/{workshop_id:int}/vote", status_code=303)
async def vote(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """One of the three who were drawn."""
    visit, member = signed_in(request)
    said = (await read_form(request)).get("vote", "")
    if said not in commands.VOTES:
        return await show(request, workshop_id, errors={"vote": text("Choisis une réponse.")})
    deed = commands.vote(actor=member.id, workshop_id=workshop_id, vote=said, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Ton avis est noté. Merci !"), then="/agenda")


@post("/ateliers/{workshop_id:int}/oui", status_code=303)
async def say_yes(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """The bureau's explicit yes, to the `version` that was read."""
    visit, member = signed_in(request)
    version = forms.read_version(await read_form(request))
    deed = commands.say_yes(actor=member.id, workshop_id=workshop_id, version=version, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Le bureau a dit oui."))


HANDLERS = [
    contest,
    vote,
    say_yes,
]
