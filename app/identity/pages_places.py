"""Places: the public page of each, joining and looking at it, and the settings for those who keep it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from app.clock import local_day
from app.errors import Forbidden, Refused
from app.i18n import Text, text
from app.identity import commands, commands_places, forms
from app.identity.api import PlaceFacts, RoomFacts, find_member_by_name_or_mail, holds, places, rooms_of
from app.identity.pages import NO_ERRORS, PUBLIC, AnyRequest
from app.identity.pages_me import signed_in
from app.identity.queries_places import (
    ClosureLine,
    DayHours,
    RoleLine,
    closures_of,
    place_by,
    place_page,
    roles_of,
    week_of,
)
from app.identity.states import Act, IdentityRefusal
from app.identity.visits import Visit
from app.identity.wording import ACTS
from app.web.answers import go_to, own_path
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import render, visit_of


@dataclass(frozen=True, slots=True)
class PlacesPage:
    """All places."""

    places: Sequence[PlaceFacts]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What those who keep a place change of it."""

    place: PlaceFacts
    rooms: Sequence[RoomFacts]
    week: Sequence[DayHours]
    stretches: Sequence[int]
    closures: Sequence[ClosureLine]
    roles: Sequence[RoleLine]
    acts: Mapping[str, str]
    part: str
    """Which form the errors and values belong to: `facts`, `room-3`, `room-new`, `hours`, `closure`, `role`."""
    values: Mapping[str, Any]
    errors: Mapping[str, Text]

    def value(self, part: str, name: str, stands: Any) -> Any:
        """What the field shows: what was just written if this is the form that was sent, else what stands."""
        return self.values.get(name, "") if part == self.part else stands

    def error(self, part: str, name: str) -> Text | None:
        """The sentence beside a field of this form."""
        return self.errors.get(name) if part == self.part else None


# ------------------------------------------------------------------------------------------------------- for everybody


@get("/lieux", opt=PUBLIC)
async def list_places(request: AnyRequest) -> Response[Any]:
    """All places."""
    return render(request, "app/identity/places.html", PlacesPage(await places()))


@get("/lieux/{slug:str}", opt=PUBLIC)
async def place(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Address, hours, closed days, rooms; for members who mediates."""
    return render(request, "app/identity/place.html", await place_page(visit_of(request), slug))


@post("/lieu", opt=PUBLIC)
async def look_at(request: AnyRequest) -> Response[Any]:
    """Chooses the place (`place`: id or short name) whose lists are shown."""
    form, visit = await read_form(request), visit_of(request)
    chosen = await place_by(form.get("place", ""))
    if visit.session_id is None:
        return go_to(request, f"/agenda?lieu={chosen.slug}")
    await commands.look_at_place(session_id=visit.session_id, place_id=chosen.id)
    return go_to(request, own_path(form.get("suite")))


@post("/lieux/{slug:str}/rejoindre")
async def join_place(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Becomes a member of one more place."""
    visit, chosen = visit_of(request), await place_by(slug)
    await commands.join_place(
        actor=signed_in(request).id, place_id=chosen.id, session_id=visit.session_id, now=visit.now
    )
    return go_to(request, f"/lieux/{slug}", flash=Flash(text("Bienvenue à %(place)s !", place=chosen.name)))


# --------------------------------------------------------------------------------------------- for those who keep it


async def _kept(request: AnyRequest, slug: str) -> PlaceFacts:
    """The place, for whoever keeps it; `Forbidden` for others, since everybody knows that the place is there."""
    chosen, visit = await place_by(slug), visit_of(request)
    if not await holds(signed_in(request).id, chosen.id, Act.KEEP_PLACE, visit.now):
        raise Forbidden(IdentityRefusal.NEEDS_ACT)
    return chosen


async def _settings(
    request: AnyRequest,
    chosen: PlaceFacts,
    *,
    part: str = "",
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] = NO_ERRORS,
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    visit = visit_of(request)
    today = local_day(visit.now)
    page = SettingsPage(
        place=chosen,
        rooms=await rooms_of(chosen.id),
        week=await week_of(chosen.id, today=today),
        stretches=range(forms.STRETCHES_A_DAY),
        closures=await closures_of(chosen.id, today),
        roles=await roles_of(chosen.id, visit),
        acts={act.value: words for act, words in ACTS.items()},
        part=part,
        values=values or {},
        errors=errors,
    )
    return render(request, "app/identity/settings.html", page, flash=flash, status=status)


async def _do(
    request: AnyRequest,
    chosen: PlaceFacts,
    deed: Awaitable[object],
    said: Text,
    *,
    part: str = "",
    values: Mapping[str, Any] | None = None,
    anchor: str = "",
) -> Response[Any]:
    """Does it and goes back to the settings; or shows them again with the sentence of the refusal."""
    try:
        await deed
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await _settings(request, chosen, part=part, values=values, flash=flash, status=409)
    return go_to(request, f"/lieux/{chosen.slug}/reglages{anchor}", flash=Flash(said))


def _me(request: AnyRequest) -> tuple[int, Visit]:
    return signed_in(request).id, visit_of(request)


@get("/lieux/{slug:str}/reglages")
async def settings(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """All settings of a place."""
    return await _settings(request, await _kept(request, slug))


@post("/lieux/{slug:str}/reglages")
async def edit_place(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Name, address, how to come."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    form = forms.read_place(await read_form(request))
    if form.errors:
        return await _settings(request, chosen, part="facts", values=form.values, errors=form.errors, status=422)
    deed = commands_places.edit_place(actor=me, place_id=chosen.id, words=form.words, now=visit.now)
    return await _do(request, chosen, deed, text("C’est noté"))


@post("/lieux/{slug:str}/salles")
async def add_room(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """One more room."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    form = forms.read_room(await read_form(request))
    part = "room-new"
    if form.words is None:
        return await _settings(request, chosen, part=part, values=form.values, errors=form.errors, status=422)
    deed = commands_places.add_room(actor=me, place_id=chosen.id, words=form.words, now=visit.now)
    said = text("« %(room)s » est dans la liste", room=form.words.name)
    return await _do(request, chosen, deed, said, part=part, values=form.values, anchor="#salles")


@post("/lieux/{slug:str}/salles/{room_id:int}")
async def edit_room(request: AnyRequest, slug: FromPath[str], room_id: FromPath[int]) -> Response[Any]:
    """Another name, another size."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    form = forms.read_room(await read_form(request))
    part = f"room-{room_id}"
    if form.words is None:
        return await _settings(request, chosen, part=part, values=form.values, errors=form.errors, status=422)
    deed = commands_places.edit_room(actor=me, place_id=chosen.id, room_id=room_id, words=form.words, now=visit.now)
    said = text("C’est noté. Les calendriers suivent.")
    return await _do(request, chosen, deed, said, part=part, values=form.values, anchor="#salles")


@post("/lieux/{slug:str}/salles/{room_id:int}/retrait")
async def retire_room(request: AnyRequest, slug: FromPath[str], room_id: FromPath[int]) -> Response[Any]:
    """A room that is offered no more."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    deed = commands_places.retire_room(actor=me, place_id=chosen.id, room_id=room_id, now=visit.now)
    return await _do(request, chosen, deed, text("Cette salle n’est plus proposée"), anchor="#salles")


@post("/lieux/{slug:str}/horaires")
async def set_hours(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """The hours of the week."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    form = forms.read_hours(await read_form(request))
    if form.errors:
        return await _settings(request, chosen, part="hours", values=form.values, errors=form.errors, status=422)
    deed = commands_places.set_hours(actor=me, place_id=chosen.id, week=form.week, now=visit.now)
    return await _do(request, chosen, deed, text("Les horaires sont notés"), anchor="#horaires")


@post("/lieux/{slug:str}/fermetures")
async def add_closure(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Closed days."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    form = forms.read_closure(await read_form(request))
    if form.errors or form.first_on is None or form.last_on is None:
        return await _settings(request, chosen, part="closure", values=form.values, errors=form.errors, status=422)
    deed = commands_places.add_closure(
        actor=me,
        place_id=chosen.id,
        first_on=form.first_on,
        last_on=form.last_on,
        reason=form.reason,
        now=visit.now,
    )
    return await _do(request, chosen, deed, text("C’est noté : le lieu sera fermé"), anchor="#fermetures")


@post("/lieux/{slug:str}/fermetures/{closure_id:int}/retrait")
async def remove_closure(request: AnyRequest, slug: FromPath[str], closure_id: FromPath[int]) -> Response[Any]:
    """Open after all."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    deed = commands_places.remove_closure(actor=me, place_id=chosen.id, closure_id=closure_id, now=visit.now)
    return await _do(request, chosen, deed, text("C’est noté : le lieu sera ouvert"), anchor="#fermetures")


# ------------------------------------------------------------------------------------------------------ standing roles


@post("/lieux/{slug:str}/roles")
async def offer_role(request: AnyRequest, slug: FromPath[str]) -> Response[Any]:
    """Offers a role that one holds to somebody else, by name or address."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    held = [line.act for line in await roles_of(chosen.id, visit) if line.mine]
    form = forms.read_role(await read_form(request), held)
    errors = dict(form.errors)
    found = await find_member_by_name_or_mail(chosen.id, form.who) if form.who else []
    if form.who and len(found) != 1:
        errors.setdefault(
            "who",
            text("Plusieurs personnes s’appellent ainsi : écris le nom entier, ou l’adresse mail.")
            if found
            else text("Personne de ce nom ici. Écris le début de son nom, ou son adresse mail."),
        )
    if errors or form.act is None:
        return await _settings(request, chosen, part="role", values=form.values, errors=errors, status=422)
    deed = commands.offer_role(
        actor=me, place_id=chosen.id, act=form.act, member_id=found[0].id, shared=form.shared, now=visit.now
    )
    said = text("C’est proposé à %(name)s. Rien ne change avant sa réponse.", name=found[0].name)
    return await _do(request, chosen, deed, said, part="role", values=form.values, anchor="#roles")


@post("/lieux/{slug:str}/roles/{act:str}/fin")
async def lay_down_role(request: AnyRequest, slug: FromPath[str], act: FromPath[str]) -> Response[Any]:
    """Gives up a role that others hold too; one signs in again afterwards."""
    chosen, (me, visit) = await _kept(request, slug), _me(request)
    held = next((line.act for line in await roles_of(chosen.id, visit) if line.mine and line.act == act), None)
    if held is None:
        raise Forbidden(IdentityRefusal.NEEDS_ACT)
    deed = commands.lay_down_role(actor=me, place_id=chosen.id, act=held, now=visit.now)
    said = text("C’est noté, merci pour ce que tu as fait. Par sécurité, il faut entrer de nouveau.")
    return await _do(request, chosen, deed, said)


PLACES = [
    list_places,
    place,
    look_at,
    join_place,
    settings,
    edit_place,
    add_room,
    edit_room,
    retire_room,
    set_hours,
    add_closure,
    remove_closure,
    offer_role,
    lay_down_role,
]
