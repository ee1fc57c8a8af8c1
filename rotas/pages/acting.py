"""The doors of whoever does something about a turn: taking it, not being able to come, answering somebody."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Refused
from app.i18n import Text, language, text, text_n
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash, Undo
from app.web.forms import Form, read_form
from app.web.rendering import render, visit_of
from rotas import forms
from rotas.commands.claiming import ClaimResult, claim, claim_for_guest, give_guest_back, watch
from rotas.commands.giving_up import ask_stand_in, free, propose_swap, withdraw_swap
from rotas.commands.swapping import decline, settle
from rotas.commands.weekly import end_weekly, hold_weekly
from rotas.forms import Cannot
from rotas.pages.shared import AnyRequest, answer, show, signed_in
from rotas.queries import lookups
from rotas.queries.cannot import cannot_page, whom_to_ask
from rotas.states import Came

LEAVES_WATCHING = text("C’est noté, tu ne viens plus regarder.")


def _give_up(slot_id: int) -> Undo:
    return Undo(f"/tours/{slot_id}/empechement", "choice", "free")


def _ticked(form: Form, name: str) -> bool:
    return form.get(name, "") in ("1", "on", "true")


async def _carry_out(request: AnyRequest, slot_id: int, deed: Awaitable[object], said: Flash) -> Response[Any]:
    try:
        await deed
    except Refused as refused:
        return await answer(request, slot_id, refused=refused)
    return await answer(request, slot_id, flash=said)


@post("/tours/{slot_id:int}/prise", status_code=303)
async def take(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Take it; `sure=1` after the question. `watch=1` to look on, `weekly=1` every week (`weekly_from` another turn
    than this), `first_name` for somebody without an account."""
    visit, member = signed_in(request)
    form = await read_form(request)
    if "first_name" in form:
        return await _take_for_guest(request, slot_id, form)
    if _ticked(form, "watch"):
        said = Flash(text("C’est noté, tu viens regarder."), undo=_give_up(slot_id))
        return await _carry_out(request, slot_id, watch(actor=member.id, slot_id=slot_id, now=visit.now), said)
    if _ticked(form, "weekly") or "weekly_from" in form:
        return await _hold_weekly(request, slot_id, first=forms.read_id(form, "weekly_from") or slot_id)
    try:
        result = await claim(actor=member.id, slot_id=slot_id, sure=_ticked(form, "sure"), now=visit.now)
    except Refused as refused:
        return await answer(request, slot_id, refused=refused)
    if result is ClaimResult.ASKED:
        return await answer(request, slot_id, asks_sure=True)
    day = language(visit.language).day(await lookups.starts_at(slot_id))
    said = Flash(text("C’est noté, à %(day)s !", day=day), undo=_give_up(slot_id))
    return await answer(request, slot_id, flash=said, just_taken=True)


async def _take_for_guest(request: AnyRequest, slot_id: int, form: Form) -> Response[Any]:
    visit, member = signed_in(request)
    read = forms.read_guest(form)
    if read.errors:
        return await show(request, slot_id, status=422, values=read.values, errors=read.errors)
    try:
        made = await claim_for_guest(
            actor=member.id, slot_id=slot_id, first_name=read.first_name, once=read.once, now=visit.now
        )
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await show(request, slot_id, refused=refused, flash=flash, status=409, values=read.values)
    said = text("C’est noté : %(name)s a sa place.", name=read.first_name)
    return await answer(request, slot_id, flash=Flash(said, undo=Undo(f"/tours/invites/{made}/retrait")))


async def _hold_weekly(request: AnyRequest, slot_id: int, *, first: int) -> Response[Any]:
    visit, member = signed_in(request)
    try:
        given = await hold_weekly(actor=member.id, slot_id=first, now=visit.now)
    except Refused as refused:
        return await answer(request, slot_id, refused=refused)
    if not given:
        more = text("Ceux qui s’ouvriront seront à toi. Tu arrêtes quand tu veux.")
    elif await lookups.is_theirs(first, member.id):
        more = text_n(
            "%(n)s tour est à toi. Tu arrêtes quand tu veux.",
            "%(n)s tours sont à toi. Tu arrêtes quand tu veux.",
            given,
        )
    else:
        more = text_n(
            "%(n)s tour à venir est à toi, mais pas celui-ci. Tu arrêtes quand tu veux.",
            "%(n)s tours à venir sont à toi, mais pas celui-ci. Tu arrêtes quand tu veux.",
            given,
        )
    undo = Undo(f"/tours/{slot_id}/chaque-semaine/fin")
    return await answer(request, slot_id, flash=Flash(text("C’est noté, chaque semaine."), more, undo=undo))


@post("/tours/{slot_id:int}/chaque-semaine/fin", status_code=303)
async def stop_weekly(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """No more every week: what it gave is free again, what one took oneself stays. Undone, it is held anew from the
    first of those turns on."""
    visit, member = signed_in(request)
    pattern_id = await lookups.pattern_of(slot_id)
    try:
        freed = await end_weekly(actor=member.id, pattern_id=pattern_id, now=visit.now)
    except Refused as refused:
        return await answer(request, slot_id, refused=refused)
    if freed is None:
        said = text("Tu ne tiens pas ce tour chaque semaine : rien ne change.")
        return await answer(request, slot_id, flash=Flash(said, tone=""))
    first = freed[0] if freed else slot_id
    again = Undo(f"/tours/{slot_id}/prise", "weekly_from", str(first))
    undo = again if await lookups.comes_back(first) else None
    said = text("C’est fait : ce tour ne te revient plus chaque semaine.")
    return await answer(request, slot_id, flash=Flash(said, undo=undo))


@get("/tours/{slot_id:int}/empechement")
async def ask_cannot(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """« Je ne peux pas venir » : its three ways. `pour`: a member one writes it down for."""
    written = request.query_params.get("pour", "")
    whose = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    return await _show_cannot(request, slot_id, whose)


async def _show_cannot(
    request: AnyRequest,
    slot_id: int,
    whose: int | None,
    *,
    read: Cannot | None = None,
    errors: dict[str, Text] | None = None,
    refused: Refused | None = None,
) -> Response[Any]:
    flash = Flash(refusal_text(request, refused), tone="fault") if refused is not None else None
    page = await cannot_page(
        slot_id,
        visit=visit_of(request),
        member_id=whose,
        values=read.values if read is not None else None,
        errors=errors,
    )
    if page is None:
        if refused is not None:
            return await show(request, slot_id, refused=refused, flash=flash, status=409)
        return go_to(request, f"/tours/{slot_id}", flash=Flash(text("Ce tour n’est pas à toi, ou plus."), tone=""))
    status = 409 if refused is not None else 422 if errors else 200
    return render(request, "rotas/cannot.html", page, block="cannot", status=status, flash=flash)


@post("/tours/{slot_id:int}/empechement", status_code=303)
async def cannot(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Free it, ask for a stand-in or propose a swap (`choice`), for oneself or for `member`."""
    visit, member = signed_in(request)
    form = await read_form(request)
    read = forms.read_cannot(form)
    to_member, errors = read.to_member, read.errors
    try:
        if not errors and read.who and to_member is None and read.way != "free":
            to_member, fault = await whom_to_ask(slot_id, read.who, visit=visit, member_id=read.member_id)
            errors = {"who": fault} if fault is not None else {}
        if errors:
            return await _show_cannot(request, slot_id, read.member_id, read=read, errors=errors)
        said = await _write_down(request, slot_id, read, read.member_id or member.id, to_member)
    except Refused as refused:
        if form.get("view", "") == "cannot":
            return await _show_cannot(request, slot_id, read.member_id, read=read, refused=refused)
        return await answer(request, slot_id, refused=refused)
    return await answer(request, slot_id, flash=said)


async def _write_down(request: AnyRequest, slot_id: int, read: Cannot, whose: int, to_member: int | None) -> Flash:
    """Do what was chosen; what to say of it, and how it is taken back."""
    visit, member = signed_in(request)
    own = whose == member.id
    reached = not own and await lookups.has_mail(whose)
    told = text("La personne pour qui tu l’as écrit est prévenue.") if reached else None
    if read.way == "free":
        came = await free(actor=member.id, slot_id=slot_id, member_id=whose, now=visit.now)
        if came is Came.WATCHES:
            again = Undo(f"/tours/{slot_id}/prise", "watch", "1")
            return Flash(LEAVES_WATCHING, undo=again) if own else Flash(text("C’est noté."), told)
        return Flash(
            text("C’est fait, la place est libre."), told, undo=Undo(f"/tours/{slot_id}/prise") if own else None
        )
    if read.way == "stand_in":
        swap_id = await ask_stand_in(
            actor=member.id, slot_id=slot_id, member_id=whose, to_member=to_member, word=read.word, now=visit.now
        )
        said = text("C’est demandé.")
    else:
        assert read.wanted is not None  # the form sees to it
        swap_id = await propose_swap(
            actor=member.id,
            slot_id=slot_id,
            member_id=whose,
            wanted_slot_id=read.wanted,
            to_member=to_member,
            word=read.word,
            now=visit.now,
        )
        said = text("L’échange est proposé.")
    stays = text("Tant que personne n’a dit oui, le tour reste à toi.") if own else told
    return Flash(said, stays, undo=Undo(f"/tours/echanges/{swap_id}/retrait"))


@post("/tours/echanges/{swap_id:int}/reponse", status_code=303)
async def answer_swap(request: AnyRequest, swap_id: FromPath[int]) -> Response[Any]:
    """`yes=1` takes the turn, or gives one's own for it; `yes=0` says no, as the one person who was asked."""
    visit, member = signed_in(request)
    slot_id = await lookups.slot_of_swap(swap_id)
    yes = (await read_form(request)).get("yes", "")
    if yes not in ("0", "1"):
        return await show(request, slot_id, status=422, flash=Flash(text("Choisis une réponse."), tone="fault"))
    if yes == "0":
        said = Flash(text("C’est dit, merci d’avoir répondu."))
        return await _carry_out(request, slot_id, decline(actor=member.id, swap_id=swap_id, now=visit.now), said)
    day = language(visit.language).day(await lookups.starts_at(slot_id))
    reached = await lookups.has_mail(await lookups.asker_of_swap(swap_id))
    told = text("La personne qui ne pouvait pas venir est prévenue.") if reached else None
    said = Flash(text("C’est noté, à %(day)s !", day=day), told)
    return await _carry_out(request, slot_id, settle(actor=member.id, swap_id=swap_id, now=visit.now), said)


@post("/tours/echanges/{swap_id:int}/retrait", status_code=303)
async def keep_turn(request: AnyRequest, swap_id: FromPath[int]) -> Response[Any]:
    """« Finalement, je viens » : nobody is asked any more."""
    visit, member = signed_in(request)
    slot_id = await lookups.slot_of_swap(swap_id)
    deed = withdraw_swap(actor=member.id, swap_id=swap_id, now=visit.now)
    return await _carry_out(request, slot_id, deed, Flash(text("C’est noté, on ne cherche plus personne.")))


@post("/tours/invites/{holding_id:int}/retrait", status_code=303)
async def free_guest(request: AnyRequest, holding_id: FromPath[int]) -> Response[Any]:
    """Give back the place of somebody without an account."""
    visit, member = signed_in(request)
    slot_id = await lookups.slot_of_guest(holding_id)
    deed = give_guest_back(actor=member.id, holding_id=holding_id, now=visit.now)
    return await _carry_out(request, slot_id, deed, Flash(text("C’est fait, la place est libre.")))


HANDLERS = [take, stop_weekly, ask_cannot, cannot, answer_swap, keep_turn, free_guest]
