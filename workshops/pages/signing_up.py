"""The doors of whoever comes: a place, the queue, an offer, a place for somebody without an account."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.calendar.strips import answer_strip, wants_strip
from app.errors import Refused
from app.i18n import Text, language, text
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import wants_fragment
from workshops import commands, forms, queries
from workshops.facts import KIND
from workshops.pages.shared import AnyRequest, ask, carry_out, done, show, signed_in
from workshops.states import ACTIVE, SignUpState


async def _after_sign_up(request: AnyRequest, workshop_id: int, words: Text, more: Text | None = None) -> Response[Any]:
    """The strip of the agenda when it was sent from there, the panel for htmx, else the page."""
    if wants_strip(request, (await read_form(request)).get("view", "")):
        return await answer_strip(request, KIND, workshop_id, flash=Flash(words, more))
    if wants_fragment(request):
        return await show(request, workshop_id, flash=Flash(words, more))
    return done(request, workshop_id, words, more)


@post("/ateliers/{workshop_id:int}/inscription", status_code=303)
async def sign_up(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Je m’inscris », or « J’attends une place »."""
    visit, member = signed_in(request)
    try:
        state = await commands.sign_up(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _refused_sign_up(request, workshop_id, refused)
    if state is SignUpState.CONFIRMED:
        day = language(visit.language).day(await queries.starts_at(workshop_id))
        return await _after_sign_up(request, workshop_id, text("C’est noté, à %(day)s !", day=day))
    return await _after_sign_up(
        request,
        workshop_id,
        text("Tu es en liste d’attente"),
        text("Si une place se libère, on te prévient, dans l’ordre d’arrivée."),
    )


async def _refused_sign_up(request: AnyRequest, workshop_id: int, refused: Refused) -> Response[Any]:
    if wants_strip(request, (await read_form(request)).get("view", "")):
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await answer_strip(request, KIND, workshop_id, flash=flash, status=409)
    return await show(request, workshop_id, refused=refused)


@get("/ateliers/{workshop_id:int}/desistement")
async def ask_withdraw(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Asked only when somebody waits: then the place is gone for good."""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    if found.who is None or found.who.sign_up not in ACTIVE:  # the back button, after having left
        return done(request, workshop_id, text("Tu n’as pas de place ici."))
    return ask(
        request,
        found.row,
        text("Tu laisses ta place ?"),
        text("Elle ira à la première personne en attente. Pas besoin de te justifier."),
        "desistement",
        text("Oui, je laisse ma place"),
        text("Non, je la garde"),
    )


@post("/ateliers/{workshop_id:int}/desistement", status_code=303)
async def withdraw(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Leave; the place is free at once."""
    visit, member = signed_in(request)
    try:
        was = await commands.withdraw(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _refused_sign_up(request, workshop_id, refused)
    said = {
        None: text("Tu n’as pas de place ici."),
        SignUpState.WAITING: text("C’est fait, tu n’attends plus."),
    }.get(was, text("C’est fait, ta place est libre."))
    return await _after_sign_up(request, workshop_id, said)


@post("/ateliers/{workshop_id:int}/reponse", status_code=303)
async def answer_offer(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Yes or no to a place that came free."""
    visit, member = signed_in(request)
    answer = (await read_form(request)).get("answer", "")
    if answer not in ("yes", "no"):
        return await show(request, workshop_id, errors={"answer": text("Choisis une réponse.")})
    try:
        await commands.answer_offer(actor=member.id, workshop_id=workshop_id, yes=answer == "yes", now=visit.now)
    except Refused as refused:
        return await show(request, workshop_id, refused=refused)
    said = (
        text("C’est noté : la place est à toi !")
        if answer == "yes"
        else text("C’est noté : la place va à la personne suivante.")
    )
    return await _after_sign_up(request, workshop_id, said)


@post("/ateliers/{workshop_id:int}/invites", status_code=303)
async def sign_up_guest(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """A place for somebody without an account, by first name."""
    visit, member = signed_in(request)
    form = await read_form(request)
    name = forms.read_sentence(form, "first_name", longest=40, required=text("Écris son prénom."))
    if name.errors:
        return await show(request, workshop_id, values=dict(form), errors=name.errors)
    deed = commands.sign_up_guest(actor=member.id, workshop_id=workshop_id, first_name=name.value, now=visit.now)
    return await carry_out(
        request,
        workshop_id,
        deed,
        text("C’est noté : %(name)s a sa place.", name=name.value),
    )


@post("/ateliers/{workshop_id:int}/invites/{sign_up_id:int}/retrait", status_code=303)
async def withdraw_guest(request: AnyRequest, workshop_id: FromPath[int], sign_up_id: FromPath[int]) -> Response[Any]:
    """Free the place of somebody one had signed up."""
    visit, member = signed_in(request)
    deed = commands.withdraw_guest(actor=member.id, workshop_id=workshop_id, sign_up_id=sign_up_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Sa place est libre."))


HANDLERS = [
    sign_up,
    ask_withdraw,
    withdraw,
    answer_offer,
    sign_up_guest,
    withdraw_guest,
]
