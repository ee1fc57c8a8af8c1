"""The doors of workshops: each handler reads its form, calls one command or query, and answers.

A refusal shows the same page again (409) with its sentence; a form that cannot be read comes back with a sentence
beside the field (422) and everything that was written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from app.calendar.strips import answer_strip, wants_strip
from app.errors import Forbidden, NotFound, Refused
from app.i18n import Text, language, text
from app.identity.api import find_member_by_name_or_mail, rooms_of
from app.identity.states import IdentityRefusal
from app.identity.visits import Me, Visit
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import clean_line, read_form
from app.web.rendering import house_of, render, visit_of, wants_fragment
from workshops import commands, forms, queries, rules
from workshops.facts import KIND
from workshops.queries.proposing import Sent, proposal_page
from workshops.rules import Proposal
from workshops.states import SignUpState, State, WorkshopRefusal
from workshops.views import CancelPage, ClosedDoorPage, QuestionPage

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}


def signed_in(request: AnyRequest) -> tuple[Visit, Me]:
    """The visit and its member: the guard has seen to it that there is one."""
    visit = visit_of(request)
    assert visit.member is not None
    return visit, visit.member


async def _show(
    request: AnyRequest,
    workshop_id: int,
    *,
    refused: Refused | None = None,
    flash: Flash | None = None,
    values: dict[str, str] | None = None,
    errors: dict[str, Text] | None = None,
    block: str | None = "panel",
) -> Response[Any]:
    page = await queries.workshop_page(
        workshop_id, visit=visit_of(request), values=values, errors=errors, focus=refused is None and flash is not None
    )
    status = 200
    if errors:
        status, block = 422, None
        flash = Flash(next(iter(errors.values())), tone="fault")
    if refused is not None:
        status, flash = 409, Flash(refusal_text(request, refused), tone="fault")
    return render(request, "workshops/show_workshop.html", page, block=block, status=status, flash=flash)


def _done(request: AnyRequest, workshop_id: int, words: Text, more: Text | None = None) -> Response[Any]:
    return go_to(request, f"/ateliers/{workshop_id}", flash=Flash(words, more))


# ----------------------------------------------------------------------------------------------------------- reading


@get("/ateliers", opt=PUBLIC)
async def list_workshops(request: AnyRequest) -> Response[Any]:
    """Workshops to come, or past ones."""
    query = request.query_params
    raw = str(query.get("page", "1"))
    number = min(500, max(1, int(raw))) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 1
    page = await queries.workshops_page(
        visit=visit_of(request), chosen=str(query.get("forme", "")), past=query.get("passes") == "1", number=number
    )
    return render(request, "workshops/list_workshops.html", page)


@get("/ateliers/{workshop_id:int}", opt=PUBLIC)
async def show_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """One workshop."""
    return await _show(request, workshop_id, block=None)


@get("/ateliers/{workshop_id:int}/affiche", opt=PUBLIC)
async def print_poster(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Its poster, on A4: no member's name on it."""
    base_url = house_of(request).settings.base_url
    page = await queries.sheet_page(workshop_id, visit=visit_of(request), base_url=base_url, people=False)
    return render(request, "workshops/workshop_poster.html", page)


@get("/ateliers/{workshop_id:int}/liste")
async def print_list(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """First names to tick on paper, for its hosts."""
    base_url = house_of(request).settings.base_url
    page = await queries.sheet_page(workshop_id, visit=visit_of(request), base_url=base_url, people=True)
    return render(request, "workshops/workshop_list_sheet.html", page)


# ------------------------------------------------------------------------------------------------ proposing, editing


def _proposing_place(visit: Visit, member: Me) -> int:
    if visit.place is None or not member.belongs:
        raise Forbidden(IdentityRefusal.NOT_OF_THIS_PLACE)
    return visit.place.id


@get("/ateliers/nouveau")
async def new_workshop(request: AnyRequest) -> Response[Any]:
    """The empty form; for who mediates here, why there is none."""
    visit, member = signed_in(request)
    if member.mediator:
        return _closed_door(request)
    page = await proposal_page(visit=visit, place_id=_proposing_place(visit, member))
    return render(request, "workshops/propose_workshop.html", page)


def _closed_door(request: AnyRequest) -> Response[Any]:
    refused = Refused(WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE)
    page = ClosedDoorPage(language(visit_of(request).language).say(refusal_text(request, refused)))
    return render(request, "workshops/cannot_propose.html", page, status=403)


@post("/ateliers", status_code=303)
async def propose_workshop(request: AnyRequest) -> Response[Any]:
    """Propose, keep as a draft, or look which rooms are free."""
    visit, member = signed_in(request)
    if member.mediator:
        return _closed_door(request)
    place_id = _proposing_place(visit, member)
    form = await read_form(request)
    read = forms.read_proposal(form, now=visit.now, rooms=[room.id for room in await rooms_of(place_id)])
    sent = Sent(read.values, read.needs, read.errors, read.once, 0, read.starts_at, read.ends_at)
    if form.get("look") == "1":
        page = await proposal_page(visit=visit, place_id=place_id, sent=replace(sent, errors={}, look=True))
        return render(request, "workshops/propose_workshop.html", page, block="form")
    proposal, faults = await _with_cohosts(read.proposal, read.cohosts, place_id, member)
    errors = {**read.errors, **faults}
    if proposal is not None and not errors:
        try:
            workshop_id = await commands.propose(
                actor=member.id, place_id=place_id, proposal=proposal, draft=read.draft, once=read.once, now=visit.now
            )
        except Refused as refusal:
            errors = _beside_its_field(request, refusal)
        else:
            said = text("C’est gardé en brouillon.") if read.draft else text("C’est proposé. Merci !")
            return _done(request, workshop_id, said)
    page = await proposal_page(visit=visit, place_id=place_id, sent=replace(sent, errors=errors))
    return render(request, "workshops/propose_workshop.html", page, block="form", status=422)


@get("/ateliers/{workshop_id:int}/modifier")
async def edit_form(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """The form, filled."""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    _demand(rules.why_cannot_edit(found.standing, found.who, now=visit.now) if found.who else None)
    page = await proposal_page(visit=visit, place_id=found.row["place_id"], editing=found.row)
    return render(request, "workshops/propose_workshop.html", page)


@post("/ateliers/{workshop_id:int}/modifier", status_code=303)
async def edit_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Change it; what was sent back is proposed again with it."""
    visit, member = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    _demand(rules.why_cannot_edit(found.standing, found.who, now=visit.now) if found.who else None)
    place_id = found.row["place_id"]
    form = await read_form(request)
    read = forms.read_proposal(form, now=visit.now, rooms=[room.id for room in await rooms_of(place_id)])
    sent = Sent(read.values, read.needs, read.errors, "", read.version, read.starts_at, read.ends_at)
    errors = dict(read.errors)
    if form.get("look") == "1":
        page = await proposal_page(
            visit=visit, place_id=place_id, editing=found.row, sent=replace(sent, errors={}, look=True)
        )
        return render(request, "workshops/propose_workshop.html", page, block="form")
    if read.proposal is not None and not errors:
        try:
            await commands.edit(
                actor=member.id, workshop_id=workshop_id, proposal=read.proposal, version=read.version, now=visit.now
            )
            if found.standing.state is State.SENT_BACK:
                await commands.submit(actor=member.id, workshop_id=workshop_id, now=visit.now)
        except Refused as refusal:
            errors = _beside_its_field(request, refusal)
        else:
            return _done(request, workshop_id, text("C’est changé."))
    page = await proposal_page(visit=visit, place_id=place_id, editing=found.row, sent=replace(sent, errors=errors))
    return render(request, "workshops/propose_workshop.html", page, block="form", status=422)


def _demand(refusal: WorkshopRefusal | None) -> None:
    if refusal is WorkshopRefusal.ONLY_HOSTS:
        raise NotFound
    if refusal is not None:
        raise Refused(refusal)


def _beside_its_field(request: AnyRequest, refusal: Refused) -> dict[str, Text]:
    assert isinstance(refusal.reason, WorkshopRefusal)
    return {forms.FIELD_OF_REFUSAL.get(refusal.reason, "form"): refusal_text(request, refusal)}


async def _with_cohosts(
    proposal: Proposal | None, names: tuple[str, ...], place_id: int, member: Me
) -> tuple[Proposal | None, dict[str, Text]]:
    """Look up « J’anime avec »; a name that is nobody's, or several people's, is a fault of the field."""
    ids: list[int] = []
    for name in names:
        person, fault = await _one_person(place_id, name)
        if fault is not None:
            return None, {"cohosts": fault}
        if person is not None and person != member.id:
            ids.append(person)
    return (replace(proposal, cohost_ids=tuple(ids)) if proposal else None), {}


async def _one_person(place_id: int, name: str) -> tuple[int | None, Text | None]:
    found = await find_member_by_name_or_mail(place_id, name)
    exact = [person for person in found if person.name.casefold() == name.casefold()]
    found = exact or found
    if not found:
        return None, text("On ne connaît personne ici qui s’appelle « %(name)s ».", name=name[:60])
    if len(found) > 1:
        return None, text("Plusieurs personnes s’appellent « %(name)s ». Écris son adresse mail.", name=name[:60])
    return found[0].id, None


@post("/ateliers/{workshop_id:int}/proposition", status_code=303)
async def submit_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Propose a draft, or what was sent back."""
    visit, member = signed_in(request)
    try:
        await commands.submit(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("C’est proposé. Merci !"))


@get("/ateliers/{workshop_id:int}/retrait")
async def ask_withdraw_proposal(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Sure?"""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    _demand(rules.why_cannot_withdraw_proposal(found.standing, found.who) if found.who else None)
    return _ask(
        request,
        found.row,
        text("Tu retires ta proposition ?"),
        text("Elle ne sera plus relue, et ne paraîtra pas. On ne peut pas revenir en arrière."),
        "retrait",
        text("Oui, je la retire"),
        text("Non, je la garde"),
    )


@post("/ateliers/{workshop_id:int}/retrait", status_code=303)
async def withdraw_proposal(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Take a proposal back before it is published."""
    visit, member = signed_in(request)
    try:
        await commands.withdraw_proposal(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return go_to(request, "/ateliers", flash=Flash(text("Ta proposition est retirée.")))


def _ask(
    request: AnyRequest, row: dict[str, Any], question: Text, words: Text, action: str, yes: Text, no: Text
) -> Response[Any]:
    lang = language(visit_of(request).language)
    page = QuestionPage(
        id=row["id"],
        title=row["title"],
        when_words=lang.when(row["starts_at"]),
        question=lang.say(question),
        words=lang.say(words),
        action=f"/ateliers/{row['id']}/{action}",
        yes=lang.say(yes),
        no=lang.say(no),
    )
    return render(request, "workshops/withdraw_sign_up.html", page)


# ---------------------------------------------------------------------------------------- contested, drawn, the bureau


@post("/ateliers/{workshop_id:int}/contestation", status_code=303)
async def contest(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Ask for another opinion."""
    visit, member = signed_in(request)
    form = await read_form(request)
    word = forms.read_sentence(
        form, "word", longest=1500, required=text("Dis pourquoi, en une phrase ou deux : on le lira avant de décider.")
    )
    if word.errors:
        return await _show(request, workshop_id, values=dict(form), errors=word.errors)
    try:
        await commands.contest(actor=member.id, workshop_id=workshop_id, word=word.value, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("Un autre avis est demandé."))


@post("/ateliers/{workshop_id:int}/vote", status_code=303)
async def vote(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """One of the three who were drawn."""
    visit, member = signed_in(request)
    said = (await read_form(request)).get("vote", "")
    if said not in ("publish", "send_back"):
        return await _show(request, workshop_id, errors={"vote": text("Choisis une réponse.")})
    try:
        await commands.vote(actor=member.id, workshop_id=workshop_id, vote=said, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return go_to(request, "/agenda", flash=Flash(text("Ton avis est noté. Merci !")))


@post("/ateliers/{workshop_id:int}/oui", status_code=303)
async def say_yes(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """The bureau's explicit yes."""
    visit, member = signed_in(request)
    try:
        await commands.say_yes(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("Le bureau a dit oui."))


# ------------------------------------------------------------------------------------------------------- signing up


async def _after_sign_up(request: AnyRequest, workshop_id: int, words: Text, more: Text | None = None) -> Response[Any]:
    """The strip of the agenda when it was sent from there, the panel for htmx, else the page."""
    if wants_strip(request, (await read_form(request)).get("view", "")):
        return await answer_strip(request, KIND, workshop_id, flash=Flash(words, more))
    if wants_fragment(request):
        return await _show(request, workshop_id, flash=Flash(words, more))
    return _done(request, workshop_id, words, more)


@post("/ateliers/{workshop_id:int}/inscription", status_code=303)
async def sign_up(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Je m’inscris », or « J’attends une place »."""
    visit, member = signed_in(request)
    try:
        state = await commands.sign_up(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _refused_sign_up(request, workshop_id, refused)
    found = await queries.seen(workshop_id, visit)
    if state is SignUpState.CONFIRMED:
        day = language(visit.language).day(found.row["starts_at"])
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
    return await _show(request, workshop_id, refused=refused)


@get("/ateliers/{workshop_id:int}/desistement")
async def ask_withdraw(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Asked only when somebody waits: then the place is gone for good."""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    return _ask(
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
        await commands.withdraw(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _refused_sign_up(request, workshop_id, refused)
    return await _after_sign_up(request, workshop_id, text("C’est fait, ta place est libre."))


@post("/ateliers/{workshop_id:int}/reponse", status_code=303)
async def answer_offer(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Yes or no to a place that came free."""
    visit, member = signed_in(request)
    answer = (await read_form(request)).get("answer", "")
    if answer not in ("yes", "no"):
        return await _show(request, workshop_id, errors={"answer": text("Choisis une réponse.")})
    try:
        await commands.answer_offer(actor=member.id, workshop_id=workshop_id, yes=answer == "yes", now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    said = (
        text("C’est noté, la place est à toi !") if answer == "yes" else text("C’est noté, la place passe à la suite.")
    )
    return await _after_sign_up(request, workshop_id, said)


@post("/ateliers/{workshop_id:int}/invites", status_code=303)
async def sign_up_guest(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """A place for somebody without an account, by first name."""
    visit, member = signed_in(request)
    form = await read_form(request)
    name = forms.read_sentence(form, "first_name", longest=40, required=text("Écris son prénom."))
    if name.errors:
        return await _show(request, workshop_id, values=dict(form), errors=name.errors)
    try:
        await commands.sign_up_guest(actor=member.id, workshop_id=workshop_id, first_name=name.value, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("C’est noté : %(name)s a sa place.", name=name.value))


@post("/ateliers/{workshop_id:int}/invites/{sign_up_id:int}/retrait", status_code=303)
async def withdraw_guest(request: AnyRequest, workshop_id: FromPath[int], sign_up_id: FromPath[int]) -> Response[Any]:
    """Free the place of somebody one had signed up."""
    visit, member = signed_in(request)
    try:
        await commands.withdraw_guest(actor=member.id, sign_up_id=sign_up_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("Sa place est libre."))


# ----------------------------------------------------------------------------------------------------------- hosting


@post("/ateliers/{workshop_id:int}/invitations", status_code=303)
async def invite_host(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Ask somebody to host too."""
    visit, member = signed_in(request)
    form = await read_form(request)
    name = clean_line(form.get("who", ""))[:120]
    found = await queries.seen(workshop_id, visit)
    person, fault = (None, text("Écris un prénom ou une adresse mail."))
    if name:
        person, fault_or_none = await _one_person(found.row["place_id"], name)
        if fault_or_none is not None:
            fault = fault_or_none
    if person is None:
        return await _show(request, workshop_id, values=dict(form), errors={"who": fault})
    try:
        await commands.invite_host(actor=member.id, workshop_id=workshop_id, member_id=person, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("L’invitation est partie."))


@post("/ateliers/{workshop_id:int}/invitation", status_code=303)
async def answer_invitation(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« J’en suis », or « Non merci »."""
    visit, member = signed_in(request)
    answer = (await read_form(request)).get("answer", "")
    if answer not in ("yes", "no"):
        return await _show(request, workshop_id, errors={"answer": text("Choisis une réponse.")})
    try:
        await commands.answer_invitation(actor=member.id, workshop_id=workshop_id, yes=answer == "yes", now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    if answer == "no":
        return go_to(request, "/agenda", flash=Flash(text("C’est noté. Une autre fois peut-être.")))
    return _done(request, workshop_id, text("C’est noté, tu animes avec l’équipe !"))


@get("/ateliers/{workshop_id:int}/depart")
async def ask_leave_hosting(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Sure?"""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    _demand(rules.why_cannot_leave_hosting(found.standing, found.who, now=visit.now) if found.who else None)
    words = (
        text("L’équipe continue sans toi.")
        if found.standing.hosts > 1
        else text("Les personnes inscrites seront prévenues, et on cherchera quelqu’un pour animer.")
    )
    return _ask(
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
    try:
        await commands.leave_hosting(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return go_to(request, "/ateliers", flash=Flash(text("C’est noté, tu n’animes plus cet atelier.")))


@post("/ateliers/{workshop_id:int}/reprise", status_code=303)
async def take_over(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Any member may take what nobody hosts any more."""
    visit, member = signed_in(request)
    try:
        await commands.take_over(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("Merci ! L’atelier a lieu, grâce à toi."))


@get("/ateliers/{workshop_id:int}/annulation")
async def cancel_form(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Why, and sure?"""
    return await _cancel_page(request, workshop_id)


async def _cancel_page(
    request: AnyRequest, workshop_id: int, values: dict[str, str] | None = None, errors: dict[str, Text] | None = None
) -> Response[Any]:
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    _demand(rules.why_cannot_cancel(found.standing, found.who, now=visit.now) if found.who else None)
    lang = language(visit.language)
    page = CancelPage(
        id=workshop_id,
        title=found.row["title"],
        when_words=lang.when(found.row["starts_at"]),
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
    try:
        await commands.cancel(actor=member.id, workshop_id=workshop_id, reason=reason.value, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("L’atelier est annulé. Tout le monde est prévenu."))


@post("/ateliers/{workshop_id:int}/reouverture", status_code=303)
async def reopen(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Open a cancelled session again; people are asked again."""
    visit, member = signed_in(request)
    try:
        await commands.reopen(actor=member.id, workshop_id=workshop_id, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("L’atelier est rouvert."))


@post("/ateliers/{workshop_id:int}/presences", status_code=303)
async def tick_present(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Who is there. Who is not is noted nowhere."""
    visit, member = signed_in(request)
    ticked = {
        int(value)
        for value in (await read_form(request)).all("present")
        if value.isascii() and value.isdigit() and len(value) < 10
    }
    try:
        await commands.tick_present(actor=member.id, workshop_id=workshop_id, sign_up_ids=ticked, now=visit.now)
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("C’est noté."))


@post("/ateliers/{workshop_id:int}/mot", status_code=303)
async def last_word(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """« Le mot de la fin »."""
    visit, member = signed_in(request)
    form = await read_form(request)
    word = forms.read_sentence(form, "words", longest=300, required=text("Écris une phrase, même courte."))
    if word.errors:
        return await _show(request, workshop_id, values=dict(form), errors=word.errors)
    try:
        await commands.last_word(
            actor=member.id, workshop_id=workshop_id, words=word.value, shown=word.shown, now=visit.now
        )
    except Refused as refused:
        return await _show(request, workshop_id, refused=refused)
    return _done(request, workshop_id, text("Merci pour ce mot."))


router = Router(
    path="",
    route_handlers=[
        list_workshops,
        new_workshop,
        propose_workshop,
        show_workshop,
        print_poster,
        print_list,
        edit_form,
        edit_workshop,
        submit_workshop,
        ask_withdraw_proposal,
        withdraw_proposal,
        contest,
        vote,
        say_yes,
        sign_up,
        ask_withdraw,
        withdraw,
        answer_offer,
        sign_up_guest,
        withdraw_guest,
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
    ],
)
