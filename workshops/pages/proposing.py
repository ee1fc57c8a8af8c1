"""The doors of whoever proposes: the form, drafts, edits, taking it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Forbidden, Refused
from app.i18n import Text, language, text
from app.identity.api import rooms_of
from app.identity.states import IdentityRefusal
from app.identity.visits import Me, Visit
from app.web.error_pages import refusal_text
from app.web.forms import read_form
from app.web.rendering import render, visit_of
from workshops import commands, forms, queries, rules
from workshops.pages.shared import AnyRequest, ask, carry_out, demand, done, one_person, signed_in
from workshops.queries.proposing import Sent, proposal_page
from workshops.rules import Proposal
from workshops.states import WorkshopRefusal
from workshops.views import ClosedDoorPage


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
        page = await proposal_page(visit=visit, place_id=place_id, sent=replace(sent, errors={}))
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
            return done(request, workshop_id, said)
    page = await proposal_page(visit=visit, place_id=place_id, sent=replace(sent, errors=errors))
    return render(request, "workshops/propose_workshop.html", page, block="form", status=422)


@get("/ateliers/{workshop_id:int}/modifier")
async def edit_form(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """The form, filled."""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    demand(rules.why_cannot_edit(found.standing, found.who, now=visit.now) if found.who else None)
    page = await proposal_page(visit=visit, place_id=found.row["place_id"], editing=found.row)
    return render(request, "workshops/propose_workshop.html", page)


@post("/ateliers/{workshop_id:int}/modifier", status_code=303)
async def edit_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Change it; what was sent back is proposed again with it."""
    visit, member = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    demand(rules.why_cannot_edit(found.standing, found.who, now=visit.now) if found.who else None)
    place_id = found.row["place_id"]
    form = await read_form(request)
    rooms = [room.id for room in await rooms_of(place_id)]
    read = forms.read_proposal(form, now=visit.now, rooms=rooms, starts=found.row["starts_at"])
    sent = Sent(read.values, read.needs, read.errors, "", read.version, read.starts_at, read.ends_at)
    errors = dict(read.errors)
    if form.get("look") == "1":
        page = await proposal_page(visit=visit, place_id=place_id, editing=found.row, sent=replace(sent, errors={}))
        return render(request, "workshops/propose_workshop.html", page, block="form")
    if read.proposal is not None and not errors:
        try:
            await commands.edit(
                actor=member.id, workshop_id=workshop_id, proposal=read.proposal, version=read.version, now=visit.now
            )
        except Refused as refusal:
            errors = _beside_its_field(request, refusal)
            if refusal.reason is WorkshopRefusal.CHANGED_MEANWHILE:  # told once; sent again, it is meant
                found = await queries.seen(workshop_id, visit)
                sent = replace(sent, version=found.standing.version)
        else:
            return done(request, workshop_id, text("C’est changé."))
    page = await proposal_page(visit=visit, place_id=place_id, editing=found.row, sent=replace(sent, errors=errors))
    return render(request, "workshops/propose_workshop.html", page, block="form", status=422)


def _beside_its_field(request: AnyRequest, refusal: Refused) -> dict[str, Text]:
    assert isinstance(refusal.reason, WorkshopRefusal)
    return {forms.FIELD_OF_REFUSAL.get(refusal.reason, "form"): refusal_text(request, refusal)}


async def _with_cohosts(
    proposal: Proposal | None, names: tuple[str, ...], place_id: int, member: Me
) -> tuple[Proposal | None, dict[str, Text]]:
    """Look up « J’anime avec »; a name that is nobody's, or several people's, is a fault of the field."""
    ids: list[int] = []
    for name in names:
        person, fault = await one_person(place_id, name)
        if fault is not None:
            return None, {"cohosts": fault}
        if person is not None and person != member.id:
            ids.append(person)
    return (replace(proposal, cohost_ids=tuple(ids)) if proposal else None), {}


@post("/ateliers/{workshop_id:int}/proposition", status_code=303)
async def submit_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Propose a draft, or what was sent back."""
    visit, member = signed_in(request)
    deed = commands.submit(actor=member.id, workshop_id=workshop_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("C’est proposé. Merci !"))


@get("/ateliers/{workshop_id:int}/retrait")
async def ask_withdraw_proposal(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Sure?"""
    visit, _ = signed_in(request)
    found = await queries.seen(workshop_id, visit)
    demand(rules.why_cannot_withdraw_proposal(found.standing, found.who) if found.who else None)
    return ask(
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
    deed = commands.withdraw_proposal(actor=member.id, workshop_id=workshop_id, now=visit.now)
    return await carry_out(request, workshop_id, deed, text("Ta proposition est retirée."), then="/ateliers")


HANDLERS = [
    new_workshop,
    propose_workshop,
    edit_form,
    edit_workshop,
    submit_workshop,
    ask_withdraw_proposal,
    withdraw_proposal,
]
