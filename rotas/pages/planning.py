"""The doors of a place's weekly patterns and single turns, for whoever keeps it. What a change means for people is said
before it is done: the form comes back with the sentences and one more button, which sends `sure=1`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.clock import local, local_day
from app.errors import NotFound, Refused
from app.i18n import Text, capital, language, text
from app.identity.api import rooms_of
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import Form, read_form
from app.web.rendering import render, visit_of
from rotas import forms_keeping as forms
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.commands.slots import cancel_slot, change_slot, open_slot
from rotas.facts import Row, slot_of, title_of
from rotas.pages.keeping import NOTHING, SurePage, kept_duty
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries import foreseen
from rotas.queries.duties import pattern_words, refuse_unless_keeps
from rotas.queries.lookups import kept_pattern
from rotas.states import RotaRefusal, SlotState

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A weekly pattern, or one turn, as it is written."""

    title: str
    duty_id: int
    duty: str
    now_words: str
    """How it is until then."""
    action: str
    weekly: bool
    changes: bool
    ends: bool
    """Only the day is asked from which it is no more."""
    weekdays: Sequence[tuple[str, str]]
    rooms: Sequence[tuple[str, str]]
    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    meant: Sequence[str]
    """What it will mean for people; said, it waits for a yes."""
    question: str
    yes: str
    today: str
    end_href: str
    back_href: str


async def _plan(
    request: AnyRequest,
    duty: Row,
    *,
    title: Text,
    action: str,
    values: Mapping[str, Any],
    errors: Mapping[str, Text] = NOTHING,
    weekly: bool = False,
    changes: bool = False,
    ends: bool = False,
    now_words: str = "",
    meant: Sequence[Text] = (),
    question: Text | None = None,
    yes: Text | None = None,
    end_href: str = "",
    back_href: str = "",
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    visit = visit_of(request)
    lang = language(visit.language)
    page = PlanPage(
        title=lang.say(title),
        duty_id=duty["id"],
        duty=duty["name"],
        now_words=now_words,
        action=action,
        weekly=weekly,
        changes=changes,
        ends=ends,
        weekdays=[(str(day), capital(lang.weekday(date(2024, 1, 1 + day)))) for day in range(7)] if weekly else (),
        rooms=[(str(room.id), room.name) for room in await rooms_of(duty["place_id"])],
        values=values,
        errors=errors,
        meant=[lang.say(each) for each in meant],
        question=lang.say(question) if question is not None else "",
        yes=lang.say(yes) if yes is not None else "",
        today=local_day(visit.now).isoformat(),
        end_href=end_href,
        back_href=back_href or f"/tours/roles/{duty['id']}",
    )
    return render(request, "rotas/pattern.html", page, status=status, flash=flash)


def _sure(form: Form) -> bool:
    return form.get("sure", "") == "1"


def _fault(request: AnyRequest, refused: Refused) -> Flash:
    return Flash(refusal_text(request, refused), tone="fault")


# ------------------------------------------------------------------------------------------------------- every week


async def _weekly_form(request: AnyRequest, duty: Row, **more: Any) -> Response[Any]:
    more.setdefault("values", {"people": duty["people"], "from_on": local_day(visit_of(request).now).isoformat()})
    return await _plan(
        request,
        duty,
        title=text("Chaque semaine"),
        action=f"/tours/roles/{duty['id']}/semaine",
        weekly=True,
        **more,
    )


@get("/tours/roles/{duty_id:int}/semaine")
async def new_pattern(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """The empty form of a weekly pattern."""
    return await _weekly_form(request, await kept_duty(request, duty_id))


@post("/tours/roles/{duty_id:int}/semaine", status_code=303)
async def add_pattern(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """Opens it, with its turns of the next eight weeks."""
    visit, member = signed_in(request)
    duty = await kept_duty(request, duty_id)
    form = forms.read_weekly(await read_form(request), today=local_day(visit.now))
    if form.weekly is None:
        return await _weekly_form(request, duty, values=form.values, errors=form.errors, status=422)
    try:
        await open_pattern(
            actor=member.id,
            duty_id=duty_id,
            weekly=form.weekly,
            people=form.people,
            room_id=form.room_id,
            now=visit.now,
        )
    except Refused as refused:
        if refused.reason is RotaRefusal.PATTERN_DOUBLE:
            errors = {"starts": refusal_text(request, refused)}
            return await _weekly_form(request, duty, values=form.values, errors=errors, status=422)
        return await _weekly_form(request, duty, values=form.values, flash=_fault(request, refused), status=409)
    said = Flash(text("C’est ouvert"), text("Les tours des huit prochaines semaines sont à prendre."))
    return go_to(request, f"/tours/roles/{duty_id}", flash=said)


async def _kept_pattern(request: AnyRequest, pattern_id: int) -> tuple[Row, Row]:
    """The pattern and its duty, for whoever keeps their place."""
    pattern = await kept_pattern(pattern_id)
    return pattern, await kept_duty(request, pattern["duty_id"])


async def _change_form(request: AnyRequest, pattern: Row, duty: Row, **more: Any) -> Response[Any]:
    today = local_day(visit_of(request).now)
    lang = language(visit_of(request).language)
    more.setdefault(
        "values",
        {
            **pattern,
            "room": pattern["room_id"] or "",
            "from_on": max(today, pattern["from_on"]).isoformat(),
        },
    )
    return await _plan(
        request,
        duty,
        title=text("Changer chaque semaine"),
        action=f"/tours/semaines/{pattern['id']}",
        weekly=True,
        changes=True,
        now_words=capital(pattern_words(pattern["weekday"], pattern["starts"], pattern["ends"], lang)),
        end_href=f"/tours/semaines/{pattern['id']}/fin",
        **more,
    )


@get("/tours/semaines/{pattern_id:int}")
async def edit_pattern(request: AnyRequest, pattern_id: FromPath[int]) -> Response[Any]:
    """The form, as it stands."""
    return await _change_form(request, *await _kept_pattern(request, pattern_id))


@post("/tours/semaines/{pattern_id:int}", status_code=303)
async def keep_pattern(request: AnyRequest, pattern_id: FromPath[int]) -> Response[Any]:
    """Changes it « à partir de », once what that means has been said (`sure=1`)."""
    visit, member = signed_in(request)
    pattern, duty = await _kept_pattern(request, pattern_id)
    sent = await read_form(request)
    form = forms.read_weekly(sent, today=local_day(visit.now))
    if form.weekly is None:
        return await _change_form(request, pattern, duty, values=form.values, errors=form.errors, status=422)
    if not _sure(sent):
        weekly = replace(form.weekly, until_on=pattern["until_on"])
        meant = foreseen.change_words(await foreseen.pattern_change(pattern_id, weekly, now=visit.now))
        words = pattern_words(weekly.weekday, weekly.starts, weekly.ends, language(visit.language))
        question = text("À partir du %(day)s : %(words)s ?", day=weekly.from_on, words=words)
        yes = text("Oui, on change")
        return await _change_form(request, pattern, duty, values=form.values, meant=meant, question=question, yes=yes)
    try:
        await change_pattern(
            actor=member.id,
            pattern_id=pattern_id,
            from_on=form.weekly.from_on,
            weekly=form.weekly,
            people=form.people,
            room_id=form.room_id,
            version=form.version,
            now=visit.now,
        )
    except Refused as refused:
        if refused.reason is RotaRefusal.PATTERN_DOUBLE:
            errors = {"starts": refusal_text(request, refused)}
            return await _change_form(request, pattern, duty, values=form.values, errors=errors, status=422)
        more = {} if refused.reason is RotaRefusal.CHANGED_MEANWHILE else {"values": form.values}
        pattern = await kept_pattern(pattern_id)
        return await _change_form(request, pattern, duty, flash=_fault(request, refused), status=409, **more)
    said = Flash(text("C’est changé, à partir du %(day)s", day=form.weekly.from_on))
    return go_to(request, f"/tours/roles/{duty['id']}", flash=said)


async def _end_form(request: AnyRequest, pattern: Row, duty: Row, **more: Any) -> Response[Any]:
    visit = visit_of(request)
    more.setdefault("values", {"from_on": local_day(visit.now).isoformat(), "version": pattern["version"]})
    words = pattern_words(pattern["weekday"], pattern["starts"], pattern["ends"], language(visit.language))
    return await _plan(
        request,
        duty,
        title=text("Arrêter chaque semaine"),
        action=f"/tours/semaines/{pattern['id']}/fin",
        ends=True,
        now_words=capital(words),
        back_href=f"/tours/semaines/{pattern['id']}",
        **more,
    )


@get("/tours/semaines/{pattern_id:int}/fin")
async def ask_end(request: AnyRequest, pattern_id: FromPath[int]) -> Response[Any]:
    """From which day it shall be no more."""
    return await _end_form(request, *await _kept_pattern(request, pattern_id))


@post("/tours/semaines/{pattern_id:int}/fin", status_code=303)
async def stop_pattern(request: AnyRequest, pattern_id: FromPath[int]) -> Response[Any]:
    """Ends it, once what that means has been said (`sure=1`)."""
    visit, member = signed_in(request)
    pattern, duty = await _kept_pattern(request, pattern_id)
    sent = await read_form(request)
    form = forms.read_end(sent, today=local_day(visit.now))
    if form.from_on is None:
        return await _end_form(request, pattern, duty, values=form.values, errors=form.errors, status=422)
    if not _sure(sent):
        meant = foreseen.end_words(await foreseen.pattern_end(pattern_id, form.from_on, now=visit.now))
        question = text("Plus de tour à partir du %(day)s ?", day=form.from_on)
        yes = text("Oui, on arrête")
        return await _end_form(request, pattern, duty, values=form.values, meant=meant, question=question, yes=yes)
    try:
        await end_pattern(
            actor=member.id,
            pattern_id=pattern_id,
            last_on=form.from_on - DAY,
            version=form.version,
            now=visit.now,
        )
    except Refused as refused:
        pattern = await kept_pattern(pattern_id)
        return await _end_form(request, pattern, duty, flash=_fault(request, refused), status=409)
    said = Flash(text("C’est noté : plus de tour à partir du %(day)s", day=form.from_on))
    return go_to(request, f"/tours/roles/{duty['id']}", flash=said)


# ---------------------------------------------------------------------------------------------------------- one turn


async def _once_form(request: AnyRequest, duty: Row, **more: Any) -> Response[Any]:
    more.setdefault("values", {"people": duty["people"], "once": secrets.token_hex(16)})
    action = f"/tours/roles/{duty['id']}/une-fois"
    return await _plan(request, duty, title=text("Une seule fois"), action=action, **more)


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
        return await _once_form(request, duty, values=form.values, flash=_fault(request, refused), status=409)
    return go_to(request, f"/tours/{made}", flash=Flash(text("Le tour est ouvert")))


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
    return await _plan(
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
    if meant.moved and not _sure(sent):
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
        return await _slot_form(request, slot, duty, flash=_fault(request, refused), status=409, **more)
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
    """Takes it off; whoever has it is told."""
    visit, member = signed_in(request)
    try:
        await cancel_slot(actor=member.id, slot_id=slot_id, now=visit.now)
    except Refused as refused:
        return go_to(request, f"/tours/{slot_id}", flash=_fault(request, refused))
    return go_to(request, f"/tours/{slot_id}", flash=Flash(text("C’est fait, ce tour n’a plus lieu")))


HANDLERS = [
    new_pattern,
    add_pattern,
    edit_pattern,
    keep_pattern,
    ask_end,
    stop_pattern,
    new_slot,
    add_slot,
    edit_slot,
    keep_slot,
    ask_cancel,
    take_off,
]
