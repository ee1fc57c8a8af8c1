"""The doors of a place's duties: all of them for members; opening, changing and retiring them for whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.errors import Forbidden, NotFound, Refused
from app.i18n import Text, language, text
from app.identity.wording import ACTS
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash, Undo
from app.web.forms import read_form
from app.web.rendering import render, visit_of
from rotas import forms_keeping as forms
from rotas.commands.duties import change_duty, open_duty, retire_duty, set_quiet
from rotas.pages.shared import AnyRequest, signed_in
from rotas.queries import foreseen
from rotas.queries.duties import duties_page, duty_of, duty_page, refuse_unless_keeps
from rotas.queries.reading import Row
from rotas.states import RotaRefusal

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class DutyFormPage:
    """A duty as it is written."""

    id: int
    """0 for a new one."""
    name: str
    place_name: str
    action: str
    icons: Sequence[tuple[str, str]]
    acts: Sequence[tuple[str, str]]
    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    meant: Sequence[str]
    """What it will mean for people; said, it waits for a yes."""


@dataclass(frozen=True, slots=True)
class SurePage:
    """A question before something that cannot be undone."""

    question: str
    kind: str
    when: str
    lines: Sequence[str]
    action: str
    yes: str
    no: str
    no_href: str


# ------------------------------------------------------------------------------------------------------- for members


@get("/tours/roles")
async def show_duties(request: AnyRequest) -> Response[Any]:
    """What there is to do at the place that one looks at."""
    return render(request, "rotas/duties.html", await duties_page(visit_of(request)))


@get("/tours/roles/{duty_id:int}")
async def show_duty(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """One duty: what it is, who can show it, its turns."""
    return render(request, "rotas/duty.html", await duty_page(duty_id, visit=visit_of(request)))


# ----------------------------------------------------------------------------------------- for whoever keeps the place


async def _form(
    request: AnyRequest,
    duty: Row | None,
    *,
    values: Mapping[str, Any] = NOTHING,
    errors: Mapping[str, Text] = NOTHING,
    meant: Sequence[Text] = (),
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    """The form of a duty, with what was written, or as it stands."""
    visit = visit_of(request)
    assert visit.place is not None
    lang = language(visit.language)
    if not values:
        values = duty if duty is not None else {"icon": "refresh", "people": 1}
    icons = [(name, lang.say(words)) for name, words in forms.ICONS.items()]
    if duty is not None and duty["icon"] not in forms.ICONS:
        icons.insert(0, (duty["icon"], lang.say(text("Comme maintenant"))))
    page = DutyFormPage(
        id=duty["id"] if duty is not None else 0,
        name=duty["name"] if duty is not None else "",
        place_name=duty["place_name"] if duty is not None else visit.place.name,
        action=f"/tours/roles/{duty['id']}/changer" if duty is not None else "/tours/roles",
        icons=icons,
        acts=[(act.value, lang.gettext(ACTS[act])) for act in forms.TURN_ACTS],
        values=values,
        errors=errors,
        meant=[lang.say(each) for each in meant],
    )
    return render(request, "rotas/duty_form.html", page, status=status, flash=flash)


async def _refused(request: AnyRequest, duty: Row | None, refused: Refused, values: Mapping[str, Any]) -> Response[Any]:
    """The form again: beside the name if that is what stands against it, else above; what has changed is read anew."""
    sentence = refusal_text(request, refused)
    if refused.reason is RotaRefusal.DUTY_DOUBLE:
        return await _form(request, duty, values=values, errors={"name": sentence}, status=422)
    if refused.reason is RotaRefusal.CHANGED_MEANWHILE and duty is not None:
        duty, values = await duty_of(duty["id"]), NOTHING
    return await _form(request, duty, values=values, flash=Flash(sentence, tone="fault"), status=409)


@get("/tours/roles/nouveau")
async def new_duty(request: AnyRequest) -> Response[Any]:
    """The empty form."""
    await refuse_unless_keeps(visit_of(request), _place(request))
    return await _form(request, None)


@post("/tours/roles", status_code=303)
async def add_duty(request: AnyRequest) -> Response[Any]:
    """Opens it; the same sent twice is one."""
    visit, member = signed_in(request)
    place_id = _place(request)
    await refuse_unless_keeps(visit, place_id)
    form = forms.read_duty(await read_form(request))
    if form.errors:
        return await _form(request, None, values=form.values, errors=form.errors, status=422)
    try:
        made = await open_duty(actor=member.id, place_id=place_id, duty=form.words, now=visit.now)
    except Refused as refused:
        return await _refused(request, None, refused, form.values)
    said = Flash(text("« %(duty)s » est ouvert", duty=form.words.name), text("Il lui faut maintenant des tours."))
    return go_to(request, f"/tours/roles/{made}", flash=said)


def _place(request: AnyRequest) -> int:
    place = visit_of(request).place
    if place is None:
        raise NotFound
    return place.id


async def kept_duty(request: AnyRequest, duty_id: int) -> Row:
    """The duty, for whoever keeps its place."""
    duty = await duty_of(duty_id)
    await refuse_unless_keeps(visit_of(request), duty["place_id"])
    return duty


@get("/tours/roles/{duty_id:int}/changer")
async def edit_duty(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """The form, as it stands."""
    return await _form(request, await kept_duty(request, duty_id))


@post("/tours/roles/{duty_id:int}/changer", status_code=303)
async def keep_duty(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """Says it differently; once what that means has been said (`sure=1`), if it asks more of whoever has its turns."""
    visit, member = signed_in(request)
    duty = await kept_duty(request, duty_id)
    sent = await read_form(request)
    form = forms.read_duty(sent, icon=duty["icon"])
    if form.errors:
        return await _form(request, duty, values=form.values, errors=form.errors, status=422)
    if sent.get("sure", "") != "1":
        means = await foreseen.duty_change(duty, form.words, now=visit.now)
        if means is not None:
            return await _form(request, duty, values=form.values, meant=foreseen.asks_more_words(*means))
    try:
        await change_duty(actor=member.id, duty_id=duty_id, duty=form.words, version=form.version, now=visit.now)
    except Refused as refused:
        return await _refused(request, duty, refused, form.values)
    return go_to(request, f"/tours/roles/{duty_id}", flash=Flash(text("C’est changé")))


@get("/tours/roles/{duty_id:int}/fin")
async def ask_retire(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """What ending a duty would do."""
    duty, visit = await kept_duty(request, duty_id), visit_of(request)
    lang = language(visit.language)
    meant = foreseen.end_words(await foreseen.duty_end(duty_id, now=visit.now))
    page = SurePage(
        question=lang.say(text("On arrête « %(duty)s » ?", duty=duty["name"])),
        kind=lang.say(text("Un rôle")),
        when="",
        lines=[lang.say(text("Ce rôle ne sera plus proposé. Ça ne se reprend pas.")), *map(lang.say, meant)],
        action=f"/tours/roles/{duty_id}/fin",
        yes=lang.say(text("Oui, on arrête")),
        no=lang.say(text("Non, on le garde")),
        no_href=f"/tours/roles/{duty_id}",
    )
    return render(request, "rotas/sure.html", page)


@post("/tours/roles/{duty_id:int}/fin", status_code=303)
async def end_duty(request: AnyRequest, duty_id: FromPath[int]) -> Response[Any]:
    """Retires it; sent again, it is retired already."""
    visit, member = signed_in(request)
    try:
        await retire_duty(actor=member.id, duty_id=duty_id, now=visit.now)
    except Refused as refused:
        if refused.reason is RotaRefusal.MAY_NOT:
            raise Forbidden(refused.reason) from None
        flash = Flash(refusal_text(request, refused), tone="fault")
        return go_to(request, f"/tours/roles/{duty_id}", flash=flash)
    return go_to(request, "/tours/roles", flash=Flash(text("C’est fait, ce rôle est fini")))


@post("/tours/calme", status_code=303)
async def quiet(request: AnyRequest) -> Response[Any]:
    """`quiet=1`: the place calls nobody, and says of nothing that it is missing; `quiet=0`: it does again."""
    visit, member = signed_in(request)
    place_id = _place(request)
    await refuse_unless_keeps(visit, place_id)
    wanted = (await read_form(request)).get("quiet", "") == "1"
    await set_quiet(actor=member.id, place_id=place_id, quiet=wanted, now=visit.now)
    said = (
        text("Le lieu est au calme : il n’appelle personne")
        if wanted
        else text("Le lieu dit de nouveau où il manque du monde")
    )
    return go_to(request, "/tours/roles", flash=Flash(said, undo=Undo("/tours/calme", "quiet", "0" if wanted else "1")))


HANDLERS = [
    show_duties,
    show_duty,
    new_duty,
    add_duty,
    edit_duty,
    keep_duty,
    ask_retire,
    end_duty,
    quiet,
]
