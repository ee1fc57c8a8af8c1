"""The doors of single turns, for whoever keeps the place: opened once, changed, taken off. What that means for whoever
has one is said before it is done."""

from __future__ import annotations

import secrets
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.clock import local
from app.errors import Forbidden, NotFound, Refused
from app.i18n import capital, language, text
from app.web.answers import go_to
from app.web.flash import Flash, Undo
from app.web.forms import read_form
from app.web.rendering import render, visit_of
from rotas import forms_keeping as forms
from rotas import views
from rotas.commands.slots import cancel_slot, change_slot, open_slot, put_back
from rotas.facts import Row, slot_of, title_of
from rotas.pages.keeping import SurePage, kept_duty
from rotas.pages.planning import fault, is_sure, plan
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries import foreseen
from rotas.queries.duties import refuse_unless_keeps
from rotas.states import RotaRefusal, SlotState


async def _once_form(request: AnyRequest, duty: Row, **more: Any) -> Response[Any]:
    more.setdefault("values", {"people": duty["people"], "once": secrets.token_hex(16)})
    action = f"/tours/roles/{duty['id']}/une-fois"
    return await plan(request, duty, title=text("Un tour, une seule fois"), action=action, **more)


@get("/tours/roles/{duty_id:int}/une-fois")
async def new_slot(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """The empty form of one turn."""
    return await _once_form(request, await kept_duty(request, duty_id))


@post("/tours/roles/{duty_id:int}/une-fois", status_code=303)
async def add_slot(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """Opens it; the same form sent twice is one turn."""
    visit, member = signed_in(request)
    duty = await kept_duty(request, duty_id)
    form = forms.read_slot(await read_form(request), now=visit.now)
    if form.span is None:
        return await _once_form(request, duty, values=form.values, errors=form.errors, status=422)
    try:
        made = await open_slot(
            actor=member.id,
            duty_id=duty_id,
            starts_at=form.span[0],
            ends_at=form.span[1],
            people=form.people,
            room_id=form.room_id,
            once=form.once,
            now=visit.now,
        )
    except Refused as refused:
        values = dict(form.values)
        if refused.reason is RotaRefusal.ALREADY_SENT:  # sent from the page before, changed: it is another turn
            values["once"] = secrets.token_hex(16)
        return await _once_form(request, duty, values=values, flash=fault(request, refused), status=409)
    lang = language(visit.language)
    said = text("Le tour est ouvert : %(when)s.", when=views.span_words(*form.span, lang))
    return go_to(request, f"/tours/{made}", flash=Flash(said))


async def _kept_slot(request: AnyRequest, slot_id: int) -> tuple[Row, Row]:
    """The slot and its duty, for whoever keeps its place. What is over, off or opened by something else is not changed
    here: a turn's own page says how it stands."""
    slot = await slot_of(slot_id, now=visit_of(request).now)
    await refuse_unless_keeps(visit_of(request), slot["place_id"])
    return slot, {"id": slot["duty_id"], "name": title_of(slot), "place_id": slot["place_id"]}


async def _slot_form(request: AnyRequest, slot: Row, duty: Row, **more: Any) -> Response[Any]:
    starts, ends = local(slot["starts_at"]), local(slot["ends_at"])
    lang = language(visit_of(request).language)
    more.setdefault(
        "values",
        {
            "day": starts.date().isoformat(),
            "starts": f"{starts:%H:%M}",
            "ends": f"{ends:%H:%M}",
            "people": slot["people"],
            "room": slot["room_id"] or "",
            "version": slot["version"],
        },
    )
    return await plan(
        request,
        duty,
        title=text("Changer ce tour"),
        action=f"/tours/{slot['id']}/changer",
        changes=True,
        now_words=capital(lang.when(slot["starts_at"])),
        end_href=f"/tours/{slot['id']}/annulation",
        back_href=f"/tours/{slot['id']}",
        **more,
    )


@get("/tours/{slot_id:int}/changer")
async def edit_slot(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """The form of one turn, as it stands."""
    slot, duty = await _kept_slot(request, slot_id)
    if SlotState(slot["state"]) is SlotState.CANCELLED or slot["source_kind"]:
        raise NotFound
    return await _slot_form(request, slot, duty)


@post("/tours/{slot_id:int}/changer", status_code=303)
async def keep_slot(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Gives it other hours, another room, other numbers; once what that means has been said, if somebody has it."""
    visit, member = signed_in(request)
    slot, duty = await _kept_slot(request, slot_id)
    sent = await read_form(request)
    form = forms.read_slot(sent, now=visit.now)
    if form.span is None:
        return await _slot_form(request, slot, duty, values=form.values, errors=form.errors, status=422)
    meant = await foreseen.slot_change(slot, form.span)
    if meant.moved and not is_sure(sent):
        question = text("Le tour passe à %(when)s ?", when=form.span[0])
        more = {"meant": foreseen.change_words(meant), "question": question, "yes": text("Oui, on change")}
        return await _slot_form(request, slot, duty, values=form.values, **more)
    try:
        await change_slot(
            actor=member.id,
            slot_id=slot_id,
            starts_at=form.span[0],
            ends_at=form.span[1],
            people=form.people,
            room_id=form.room_id,
            version=form.version,
            now=visit.now,
        )
    except Refused as refused:
        more = {} if refused.reason is RotaRefusal.CHANGED_MEANWHILE else {"values": form.values}
        slot = await slot_of(slot_id, now=visit.now)
        return await _slot_form(request, slot, duty, flash=fault(request, refused), status=409, **more)
    return go_to(request, f"/tours/{slot_id}", flash=Flash(text("C’est changé")))


@get("/tours/{slot_id:int}/annulation")
async def ask_cancel(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """What taking one turn off would do."""
    slot, duty = await _kept_slot(request, slot_id)
    if SlotState(slot["state"]) is SlotState.CANCELLED or slot["source_kind"]:
        raise NotFound
    lang = language(visit_of(request).language)
    page = SurePage(
        question=lang.say(text("Ce tour n’a plus lieu ?")),
        kind=duty["name"],
        when=capital(lang.when(slot["starts_at"])),
        lines=[lang.say(each) for each in foreseen.end_words(await foreseen.slot_end(slot_id))],
        action=f"/tours/{slot_id}/annulation",
        yes=lang.say(text("Oui, on l’enlève")),
        no=lang.say(text("Non, il a lieu")),
        no_href=f"/tours/{slot_id}",
    )
    return render(request, "rotas/sure.html", page)


@post("/tours/{slot_id:int}/annulation", status_code=303)
async def take_off(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Takes it off; whoever has it is told. `back=1` puts it on again, with whoever had it."""
    visit, member = signed_in(request)
    back = (await read_form(request)).get("back", "") == "1"
    try:
        if back:
            await put_back(actor=member.id, slot_id=slot_id, now=visit.now)
        else:
            await cancel_slot(actor=member.id, slot_id=slot_id, now=visit.now)
    except Refused as refused:
        if refused.reason is RotaRefusal.MAY_NOT:
            raise Forbidden(refused.reason) from None
        return go_to(request, f"/tours/{slot_id}", flash=fault(request, refused))
    if back:
        said = Flash(text("C’est fait, ce tour a lieu."), text("Qui l’avait et peut encore venir l’a de nouveau."))
    else:
        undo = Undo(f"/tours/{slot_id}/annulation", "back", "1")
        said = Flash(text("C’est fait, ce tour n’a plus lieu"), undo=undo)
    return go_to(request, f"/tours/{slot_id}", flash=said)


HANDLERS = [new_slot, add_slot, edit_slot, keep_slot, ask_cancel, take_off]
