"""The doors of hosts: inviting, handing over, cancelling, ticking who is there, the last word."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, capital, language, text
from app.web.answers import go_to
from app.web.flash import Flash
from app.web.forms import clean_line, read_form
from app.web.rendering import render
from workshops import commands, forms, queries, rules
from workshops.pages.shared import AnyRequest, ask, carry_out, demand, done, one_person, show, signed_in
from workshops.views import CancelPage


@post("/ateliers/{workshop_id:int}/invitations", status_code=303)
async def invite_host(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Ask somebody to host too."""
    visit, member = signed_in(request)
    form = await read_form(request)
    name = clean_line(form.get("who", ""))[:120]
    found = await queries.seen(workshop_id, visit)
    person, fault = (None, text("Écris un prénom ou une adresse mail."))
    if name:
        person, fault_or_none = await one_person(found.row["place_id"], name)
        if fault_or_none is not None:
            fault = fault_or_none
    if person is None:
        return await show(request, workshop_id, values=dict(form), errors={"who": fault})
    deed = commands.invite_host(actor=member.id, workshop_id=workshop_id, member_id=person, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("L’invitation est partie."))


@post("/ateliers/{workshop_id:int}/invitation", status_code=303)
async def answer_invitation(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« J’en suis », or « Non merci »."""
    visit, member = signed_in(request)
    answer = (await read_form(request)).get("answer", "")
    if answer not in ("yes", "no"):
        return await show(request, workshop_id, errors={"answer": text("Choisis une réponse.")})
    try:
        await commands.answer_invitation(actor=member.id, workshop_id=workshop_id, yes=answer == "yes", now=visit.now)
    except Refused as refused:
        return await show(request, workshop_id, refused=refused)
    if answer == "no":
        return go_to(request, "/agenda", flash=Flash(text("C’est noté. Une autre fois peut-être.")))
    return done(request, workshop_id, text("C’est noté : tu animes avec l’équipe !"))


@get("/ateliers/{workshop_id:int}/depart")
async def ask_leave_hosting(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Sure?"""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    demand(rules.why_cannot_leave_hosting(found.standing, found.who, now=visit.now) if found.who else None)
    words = (
        text("L’équipe continue sans toi.")
        if found.standing.hosts > 1
        else text("Les personnes inscrites seront prévenues, et on cherchera quelqu’un pour animer.")
    )
    return ask(
        request,
        found.row,
        text("Tu n’animes plus cet atelier ?"),
        words,
        "depart",
        text("Oui, je passe la main"),
        text("Non, j’anime"),
    )


@post("/ateliers/{workshop_id:int}/depart", status_code=303)
async def leave_hosting(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Stop hosting; without any host left, one is looked for."""
    visit, member = signed_in(request)
    deed = commands.leave_hosting(actor=member.id, workshop_id=workshop_id, now=visit.now)
    return await carry_out(
        request,
        workshop_id,
        deed,
        text("C’est noté : tu n’animes plus cet atelier."),
        then="/ateliers",
    )


@post("/ateliers/{workshop_id:int}/reprise", status_code=303)
async def take_over(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Any member may take what nobody hosts any more."""
    visit, member = signed_in(request)
    deed = commands.take_over(actor=member.id, workshop_id=workshop_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Merci ! L’atelier a lieu, grâce à toi."))


@get("/ateliers/{workshop_id:int}/annulation")
async def cancel_form(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Why, and sure?"""
    return await _cancel_page(request, workshop_id)


async def _cancel_page(
    request: AnyRequest, workshop_id: int, values: dict[str, str] | None = None, errors: dict[str, Text] | None = None
) -> Response[Any]:
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    demand(rules.why_cannot_cancel(found.standing, found.who, now=visit.now) if found.who else None)
    lang = language(visit.language)
    page = CancelPage(
        id=workshop_id,
        title=found.row["title"],
        when_words=capital(lang.when(found.row["starts_at"])),
        words=lang.say(
            text("Les personnes inscrites sont prévenues tout de suite. Tu pourras le rouvrir jusqu’à son début.")
        ),
        values=values or {},
        errors=errors or {},
    )
    return render(request, "workshops/cancel_workshop.html", page, status=422 if errors else 200)


@post("/ateliers/{workshop_id:int}/annulation", status_code=303)
async def cancel(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Cancel, with a reason that people will read."""
    visit, member = signed_in(request)
    form = await read_form(request)
    reason = forms.read_sentence(
        form, "reason", longest=600, required=text("Dis pourquoi, en une phrase : les personnes inscrites la liront.")
    )
    if reason.errors:
        return await _cancel_page(request, workshop_id, dict(form), reason.errors)
    deed = commands.cancel(actor=member.id, workshop_id=workshop_id, reason=reason.value, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("L’atelier est annulé. Tout le monde est prévenu."))


@post("/ateliers/{workshop_id:int}/reouverture", status_code=303)
async def reopen(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Open a cancelled session again; people are asked again."""
    visit, member = signed_in(request)
    deed = commands.reopen(actor=member.id, workshop_id=workshop_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("L’atelier est rouvert."))


@post("/ateliers/{workshop_id:int}/presences", status_code=303)
async def tick_present(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Who is there. Who is not is noted nowhere."""
    visit, member = signed_in(request)
    form = await read_form(request)
    here = forms.read_ids(form, "present")
    before = forms.read_ids(form, "before") if form.get("view") == "page" else None
    deed = commands.tick_present(
        actor=member.id, workshop_id=workshop_id, sign_up_ids=here, before=before, now=visit.now
    )
    return await carry_out(request, workshop_id, deed, text("C’est noté."))


@post("/ateliers/{workshop_id:int}/mot", status_code=303)
async def last_word(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Le mot de la fin »."""
    visit, member = signed_in(request)
    form = await read_form(request)
    word = forms.read_sentence(form, "words", longest=300)
    if word.errors:
        return await show(request, workshop_id, values=dict(form), errors=word.errors)
    deed = commands.last_word(
        actor=member.id, workshop_id=workshop_id, words=word.value, shown=word.shown, now=visit.now
    )
    said = text("Merci pour ce mot.") if word.value else text("C’est fait, ton mot est retiré.")
    return await carry_out(request, workshop_id, deed, said)


HANDLERS = [
    invite_host,
    answer_invitation,
    ask_leave_hosting,
    leave_hosting,
    take_over,
    cancel_form,
    cancel,
    reopen,
    tick_present,
    last_word,
]
