"""« Accueillir quelqu’un »: the welcome turn opens accounts for people without e-mail, and renews a lost password.

What is to be handed over is the answer of the POST itself and of no other address: nothing that could show a password
again is kept, not even in the browser. The same form sent again leads to where a new one can be given.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from markupsafe import Markup

from app.clock import local_day
from app.errors import Forbidden, Refused
from app.i18n import LANGUAGES, Text
from app.identity import commands_welcome, forms, queries_welcome
from app.identity.commands_welcome import Registered
from app.identity.pages import NO_ERRORS, AnyRequest
from app.identity.queries_welcome import LostSlip, WithoutAddress
from app.identity.rules import why_may_not
from app.identity.states import Act, IdentityRefusal
from app.identity.visits import Spot
from app.identity.wording import LANGUAGE_NAMES
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import clean_line, read_form
from app.web.qr import qr_svg
from app.web.rendering import environment_of, house_of, render, visit_of


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """« Accueillir quelqu’un »."""

    place_name: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    once: str
    languages: Sequence[tuple[str, str]]
    asked: str
    too_short: bool
    found: Sequence[WithoutAddress]


@dataclass(frozen=True, slots=True)
class LostPage:
    """« Un papier perdu »."""

    lost: LostSlip
    once: str


@dataclass(frozen=True, slots=True)
class Slip:
    """The paper that is handed over, in the language of whoever gets it."""

    name: str
    place_name: str
    sign_in_name: str
    words: Sequence[str]
    address: str
    """Where to sign in, as one writes it into a browser."""
    qr: Markup


@dataclass(frozen=True, slots=True)
class SlipPage:
    """The paper, shown once."""

    name: str
    first: bool
    slip: Markup


def _desk(request: AnyRequest) -> tuple[int, Spot]:
    """Who holds the welcome turn, and where. Raises `Forbidden` for everybody else."""
    visit = visit_of(request)
    reason = why_may_not(visit.member, Act.REGISTER)
    if reason is not None or visit.member is None or visit.place is None:
        raise Forbidden(reason or IdentityRefusal.NOT_OF_THIS_PLACE)
    return visit.member.id, visit.place


async def _welcome(
    request: AnyRequest,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] = NO_ERRORS,
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    _, place = _desk(request)
    asked = clean_line(request.query_params.get("q", ""))[:60]
    page = WelcomePage(
        place_name=place.name,
        values=values if values is not None else {"language": visit_of(request).language},
        errors=errors,
        once=(values or {}).get("once") or secrets.token_hex(16),
        languages=[(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        asked=asked,
        too_short=0 < len(asked) < queries_welcome.SHORTEST,
        found=await queries_welcome.find_without_address(place.id, asked, now=visit_of(request).now),
    )
    return render(request, "app/identity/welcome.html", page, status=status, flash=flash)


@get("/accueil")
async def welcome(request: AnyRequest) -> Response[Any]:
    """The form for somebody without e-mail; whose paper is lost is looked for by name (`q`)."""
    return await _welcome(request)


@post("/accueil")
async def register(request: AnyRequest) -> Response[Any]:
    """Opens the account and shows its paper, once."""
    actor, place = _desk(request)
    form = forms.read_welcome(await read_form(request), today=local_day(visit_of(request).now))
    if form.errors:
        return await _welcome(request, values=form.values, errors=form.errors, status=422)
    try:
        slip = await commands_welcome.register_without_email(
            actor=actor,
            place_id=place.id,
            name=form.name,
            phone=form.phone,
            language=form.language,
            adult_on=form.adult_on,
            once=form.once,
            now=visit_of(request).now,
        )
    except Refused as refused:
        if refused.reason is IdentityRefusal.SLIP_GIVEN:
            return _given_already(request, refused)
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await _welcome(request, values=form.values, flash=flash, status=409)
    return _slip(request, slip, place, first=True)


def _given_already(request: AnyRequest, refused: Refused) -> Response[Any]:
    flash = Flash(refusal_text(request, refused))
    return go_to(request, f"/accueil/{refused.details['member_id']}", flash=flash)


async def _lost(request: AnyRequest, member_id: int, *, flash: Flash | None = None, status: int = 200) -> Response[Any]:
    _, place = _desk(request)
    lost = await queries_welcome.lost_slip_of(place.id, member_id, now=visit_of(request).now)
    page = LostPage(lost, secrets.token_hex(16))
    return render(request, "app/identity/lost_slip.html", page, status=status, flash=flash)


@get("/accueil/{member_id:int}")
async def lost_slip(request: AnyRequest, member_id: FromPath[int]) -> Response[Any]:
    """Asks whether somebody shall have a new password; 404 for whoever has an address, as for nobody."""
    return await _lost(request, member_id)


@post("/accueil/{member_id:int}/mot-de-passe")
async def renew(request: AnyRequest, member_id: FromPath[int]) -> Response[Any]:
    """Gives a new password and shows its paper, once."""
    actor, place = _desk(request)
    once = forms.read_once(await read_form(request))
    try:
        slip = await commands_welcome.give_new_password(
            actor=actor, place_id=place.id, member_id=member_id, once=once, now=visit_of(request).now
        )
    except Refused as refused:
        if refused.reason is IdentityRefusal.SLIP_GIVEN:
            return _given_already(request, refused)
        flash = Flash(refusal_text(request, refused), tone="fault")
        if refused.reason is IdentityRefusal.HAS_ADDRESS:  # no page of the desk shows them
            return await _welcome(request, flash=flash, status=409)
        return await _lost(request, member_id, flash=flash, status=409)
    return _slip(request, slip, place, first=False)


def _slip(request: AnyRequest, given: Registered, place: Spot, *, first: bool) -> Response[Any]:
    settings = house_of(request).settings
    shown = Slip(
        name=given.name,
        place_name=place.name,
        sign_in_name=given.sign_in_name,
        words=given.password.split(" "),
        address=f"{settings.host}/connexion",
        qr=qr_svg(f"{settings.base_url}/connexion"),
    )
    template = environment_of(given.language).get_template("app/identity/_slip.html")
    paper = Markup(template.render({"slip": shown, "spoken": given.language}))  # noqa: S704 - our own template, escaped
    page = SlipPage(given.name, first, paper)
    return render(request, "app/identity/slip.html", page, headers={"Cache-Control": "no-store"})


WELCOME = [welcome, register, lost_slip, renew]
