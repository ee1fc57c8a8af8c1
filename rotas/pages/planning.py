"""The doors of a place's weekly patterns, for whoever keeps it. What a change means for people is said before it is
done: the form comes back with the sentences and one more button, which sends `sure=1`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.clock import local_day
from app.errors import Refused
from app.i18n import Language, Text, capital, language, text
from app.identity.api import rooms_of
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import Form, read_form
from app.web.rendering import render, visit_of
from rotas import forms_keeping as forms
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.facts import Row
from rotas.pages.keeping import NOTHING, kept_duty
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries import foreseen
from rotas.queries.duties import pattern_words
from rotas.queries.lookups import kept_pattern
from rotas.recurring import Weekly
from rotas.rules import MADE_AHEAD
from rotas.states import RotaRefusal

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


async def plan(
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
    """The form, with what it will mean once something was written."""
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


def is_sure(form: Form) -> bool:
    """Whether what it means was read."""
    return form.get("sure", "") == "1"


def fault(request: AnyRequest, refused: Refused) -> Flash:
    """The sentence of a refusal, above the page."""
    return Flash(refusal_text(request, refused), tone="fault")


# ------------------------------------------------------------------------------------------------------- every week


async def _weekly_form(request: AnyRequest, duty: Row, **more: Any) -> Response[Any]:
    today = local_day(visit_of(request).now).isoformat()
    more.setdefault("values", {"people": duty["people"], "from_on": today, "once": secrets.token_hex(16)})
    return await plan(
        request,
        duty,
        title=text("Un tour chaque semaine"),
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
            once=form.once,
            now=visit.now,
        )
    except Refused as refused:
        if refused.reason is RotaRefusal.PATTERN_DOUBLE:
            errors = {"starts": refusal_text(request, refused)}
            return await _weekly_form(request, duty, values=form.values, errors=errors, status=422)
        values = dict(form.values)
        if refused.reason is RotaRefusal.PATTERN_SENT:  # sent from the page before, changed: it is another pattern
            values["once"] = secrets.token_hex(16)
        return await _weekly_form(request, duty, values=values, flash=fault(request, refused), status=409)
    said = _opened(form.weekly, local_day(visit.now), language(visit.language))
    return go_to(request, f"/tours/roles/{duty_id}", flash=Flash(text("C’est ouvert"), said))


def _opened(weekly: Weekly, today: date, lang: Language) -> Text:
    """Which turns there are now to be taken."""
    (first,) = weekly.days(weekly.from_on, weekly.from_on + 6 * DAY)
    if first > today + MADE_AHEAD:
        return text("Le premier tour sera le %(day)s. Il sera à prendre huit semaines avant.", day=lang.date(first))
    return text("Les tours des huit prochaines semaines sont à prendre.")


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
    return await plan(
        request,
        duty,
        title=text("Changer le tour de chaque semaine"),
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
    if not is_sure(sent):
        weekly = form.weekly
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
        return await _change_form(request, pattern, duty, flash=fault(request, refused), status=409, **more)
    day = language(visit.language).date(form.weekly.from_on)
    said = Flash(text("C’est changé, à partir du %(day)s", day=day))
    return go_to(request, f"/tours/roles/{duty['id']}", flash=said)


async def _end_form(request: AnyRequest, pattern: Row, duty: Row, **more: Any) -> Response[Any]:
    visit = visit_of(request)
    more.setdefault("values", {"from_on": local_day(visit.now).isoformat(), "version": pattern["version"]})
    words = pattern_words(pattern["weekday"], pattern["starts"], pattern["ends"], language(visit.language))
    return await plan(
        request,
        duty,
        title=text("Arrêter le tour de chaque semaine"),
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
    if not is_sure(sent):
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
        return await _end_form(request, pattern, duty, flash=fault(request, refused), status=409)
    day = language(visit.language).date(form.from_on)
    said = Flash(text("C’est noté : plus de tour à partir du %(day)s", day=day))
    return go_to(request, f"/tours/roles/{duty['id']}", flash=said)


HANDLERS = [new_pattern, add_pattern, edit_pattern, keep_pattern, ask_end, stop_pattern]
