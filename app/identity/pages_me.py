"""« Moi »: how one appears, password and address, offered roles, devices; and the language and the look of pages."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.clock import local_day
from app.errors import NotFound, Refused, SignInNeeded
from app.i18n import LANGUAGES, Text, text, text_n
from app.identity import commands, commands_me, forms, queries
from app.identity.cookies import no_waiting_cookie, preference_cookie, waiting_cookie, waiting_token
from app.identity.entrance import Asking, find_waiting
from app.identity.forms_days import read_age
from app.identity.pages import EVEN_HALF_IN, NO_ERRORS, AnyRequest, _network, wrong_code_words
from app.identity.rules import email_key
from app.identity.sessions import device_mark
from app.identity.states import IdentityRefusal, Purpose
from app.identity.visits import Me as MeHere
from app.identity.wording import ACTS, DEVICE_ICONS, UNKNOWN_DEVICE
from app.web.answers import came_from, go_to, own_path
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import house_of, render, visit_of

BESIDE_PASSWORD = (IdentityRefusal.WRONG_PASSWORD,)


@dataclass(frozen=True, slots=True)
class MePage:
    """« Moi »."""

    me: queries.Me
    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    part: str
    """Which form the errors belong to: `profile`, `age`, `address`, `password`."""
    acts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AddressCodePage:
    """The code that was sent to the new address."""

    email: str
    errors: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class DevicesPage:
    """« Mes appareils »."""

    devices: Sequence[queries.DeviceLine]
    marks: Mapping[int, str]
    icons: Mapping[str, str]
    unknown: str


@dataclass(frozen=True, slots=True)
class LanguagePage:
    """The language and the look of pages."""

    languages: Sequence[str]
    after: str


def signed_in(request: Request[Any, Any, Any]) -> MeHere:
    """Whoever is signed in: pages behind the guard have one."""
    member = visit_of(request).member
    if member is None:
        raise SignInNeeded
    return member


async def _me_page(
    request: AnyRequest,
    *,
    part: str = "",
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] = NO_ERRORS,
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    visit = visit_of(request)
    proven = await commands_me.proven_by_session(visit.session_id, now=visit.now)
    me = await queries.me_of(visit, proven=proven)
    own: dict[str, Any] = {"name": me.name, "about": me.about, "phone": me.phone, "listed": me.listed, "email": ""}
    own |= {"minor": me.adult_on is not None, "adult_on": me.adult_on or ""}
    if part == "profile" and values is not None:
        own = {**own, "listed": False, **values}
    elif part == "age" and values is not None:
        own = {**own, "minor": False, **values}
    elif values is not None:
        own = {**own, "email": values.get("email", "")}
    page = MePage(me, own, errors, part, {act.value: words for act, words in ACTS.items()})
    return render(request, "app/identity/me.html", page, status=status, flash=flash)


@get("/moi")
async def me(request: AnyRequest) -> Response[Any]:
    """Everything that is one's own."""
    return await _me_page(request)


@post("/moi")
async def edit_me(request: AnyRequest) -> Response[Any]:
    """How one appears to the others."""
    form = forms.read_profile(await read_form(request))
    if form.errors:
        return await _me_page(request, part="profile", values=form.values, errors=form.errors, status=422)
    await commands_me.edit_me(
        actor=signed_in(request).id,
        profile=form.profile,
        domains=house_of(request).registry.domains,
        now=visit_of(request).now,
    )
    return go_to(request, "/moi", flash=Flash(text("C’est noté")))


@post("/moi/age")
async def set_age(request: AnyRequest) -> Response[Any]:
    """Under 18 (`minor=1`) until `adult_on`; without the box, no more."""
    form = read_age(await read_form(request), today=local_day(visit_of(request).now))
    if form.errors:
        return await _me_page(request, part="age", values=form.values, errors=form.errors, status=422)
    await commands_me.set_age(
        actor=signed_in(request).id,
        adult_on=form.adult_on,
        domains=house_of(request).registry.domains,
        now=visit_of(request).now,
    )
    return go_to(request, "/moi#age", flash=Flash(text("C’est noté")))


async def _not_proven(
    request: AnyRequest, part: str, refused: Refused, values: Mapping[str, Any] | None = None
) -> Response[Any]:
    """The same page, and what is missing as a proof: beside the password if that is wrong."""
    sentence = refusal_text(request, refused)
    if refused.reason is IdentityRefusal.SAME_PASSWORD:
        return await _me_page(request, part=part, errors={"new_password": sentence}, status=422)
    if refused.reason in BESIDE_PASSWORD:
        return await _me_page(request, part=part, values=values, errors={"password": sentence}, status=422)
    return await _me_page(request, part=part, values=values, flash=Flash(sentence, tone="fault"), status=409)


@post("/moi/mot-de-passe")
async def set_password(request: AnyRequest) -> Response[Any]:
    """A first password, or another one."""
    visit, me = visit_of(request), signed_in(request)
    account = await queries.me_of(visit, proven=False)
    form = forms.read_password(await read_form(request), name=account.name, email=account.email or account.sign_in_name)
    if form.errors:
        return await _me_page(request, part="password", errors=form.errors, status=422)
    try:
        await commands_me.set_password(
            actor=me.id,
            session_id=visit.session_id,
            password=form.password,
            new_password=form.new_password,
            now=visit.now,
        )
    except Refused as refused:
        return await _not_proven(request, "password", refused)
    flash = Flash(text("Ton mot de passe est changé"), text("Tes autres appareils sont déconnectés."))
    return go_to(request, "/moi", flash=flash)


@post("/moi/adresse")
async def change_address(request: AnyRequest) -> Response[Any]:
    """Sends a code to the new address."""
    visit, me = visit_of(request), signed_in(request)
    form = forms.read_address(await read_form(request))
    account = await queries.me_of(visit, proven=False)
    errors = dict(form.errors)
    if not errors and email_key(form.email) == email_key(account.email):
        errors["email"] = text("C’est déjà ton adresse.")
    if errors:
        return await _me_page(request, part="address", values=form.values, errors=errors, status=422)
    try:
        waiting = await commands_me.ask_for_address(
            actor=me.id,
            session_id=visit.session_id,
            password=form.password,
            email=form.email,
            asking=Asking(visit.language, _network(request)),
            now=visit.now,
        )
    except Refused as refused:
        return await _not_proven(request, "address", refused, form.values)
    if waiting is None:
        flash = Flash(text("Plusieurs mails sont déjà partis"), text("Attends dix minutes, puis recommence."), "fault")
        return go_to(request, "/moi", flash=flash)
    return go_to(request, "/moi/adresse", cookies=[waiting_cookie(house_of(request).settings, waiting)])


async def _address_code(
    request: AnyRequest, errors: Mapping[str, Text], status: int = 200, flash: Flash | None = None
) -> Response[Any]:
    found = await find_waiting(waiting_token(request), Purpose.ADDRESS, now=visit_of(request).now)
    mine = found is not None and found["member_id"] == signed_in(request).id
    page = AddressCodePage(found["email"] if found is not None and mine else "", errors)
    return render(request, "app/identity/address_code.html", page, status=status, flash=flash)


@get("/moi/adresse")
async def address_code(request: AnyRequest) -> Response[Any]:
    """Where the code of the new address is written."""
    return await _address_code(request, NO_ERRORS)


@post("/moi/adresse/code")
async def take_address(request: AnyRequest) -> Response[Any]:
    """The right code changes the address."""
    visit, me = visit_of(request), signed_in(request)
    form = forms.read_code(await read_form(request), with_device=False)
    if form.errors:
        return await _address_code(request, form.errors, 422)
    before = await queries.me_of(visit, proven=False)
    try:
        wrong = await commands_me.take_address(
            actor=me.id,
            session_id=visit.session_id,
            waiting=waiting_token(request),
            code=form.code,
            now=visit.now,
        )
    except Refused as refused:
        return await _address_code(request, NO_ERRORS, 409, Flash(refusal_text(request, refused), tone="fault"))
    if wrong is not None and wrong.left == 0:
        return await _address_code(request, NO_ERRORS, 422, Flash(wrong_code_words(wrong), tone="fault"))
    if wrong is not None:
        return await _address_code(request, {"code": wrong_code_words(wrong)}, 422)
    flash = (
        Flash(text("Ton adresse est changée"), text("Tes autres appareils sont déconnectés."))
        if before.email
        else Flash(
            text("Ton adresse est ajoutée"),
            text("Maintenant, tu entres avec cette adresse. Le mot de passe reste le même."),
        )
    )
    return go_to(request, "/moi", flash=flash, cookies=[no_waiting_cookie(house_of(request).settings)])


@post("/moi/roles/{handover_id:int}")
async def answer_role(request: AnyRequest, handover_id: FromPath[int]) -> Response[Any]:
    """Says yes (`answer=yes`) or no to a role that was offered."""
    yes = (await read_form(request)).get("answer", "") == "yes"
    try:
        await commands.answer_role(
            actor=signed_in(request).id, handover_id=handover_id, yes=yes, now=visit_of(request).now
        )
    except Refused as refused:
        return await _me_page(request, flash=Flash(refusal_text(request, refused), tone="fault"), status=409)
    said = text("C’est noté. Merci de t’en occuper !") if yes else text("C’est noté : tu ne le prends pas.")
    return go_to(request, "/moi", flash=Flash(said))


# -------------------------------------------------------------------------------------------------------- the devices


@get("/moi/appareils")
async def devices(request: AnyRequest) -> Response[Any]:
    """Where one is signed in."""
    key, me = house_of(request).settings.secret_key, signed_in(request).id
    mine = await queries.my_devices(visit_of(request))
    marks = {device.id: device_mark(key, me, device.id) for device in mine}
    page = DevicesPage(mine, marks, DEVICE_ICONS, UNKNOWN_DEVICE)
    return render(request, "app/identity/devices.html", page)


@post("/moi/appareils/{session_id:int}/retrait")
async def end_device(request: AnyRequest, session_id: FromPath[int]) -> Response[Any]:
    """Signs one device out; one of one's own that is out already is no error."""
    me, mark = signed_in(request).id, (await read_form(request)).get("mine", "")
    known = device_mark(house_of(request).settings.secret_key, me, session_id)
    ended = await commands_me.end_device(actor=me, session_id=session_id)
    if not ended and not hmac.compare_digest(mark.encode("utf-8", "surrogatepass"), known.encode()):
        raise NotFound
    return go_to(request, "/moi/appareils", flash=Flash(text("Cet appareil est déconnecté")))


@post("/moi/appareils/ailleurs")
async def end_other_devices(request: AnyRequest) -> Response[Any]:
    """Signs all the others out."""
    visit = visit_of(request)
    ended = await commands_me.end_other_devices(actor=signed_in(request).id, session_id=visit.session_id)
    said = text_n("%(n)s appareil déconnecté", "%(n)s appareils déconnectés", ended)
    return go_to(request, "/moi/appareils", flash=Flash(said))


# ----------------------------------------------------------------------------------------------- language and look


@get("/langue", opt=EVEN_HALF_IN)
async def language(request: AnyRequest) -> Response[Any]:
    """Both choices on one page."""
    page = LanguagePage(LANGUAGES, own_path(request.query_params.get("suite") or came_from(request), "/langue"))
    return render(request, "app/identity/language.html", page)


@post("/langue", opt=EVEN_HALF_IN)
async def set_language(request: AnyRequest) -> Response[Any]:
    """Keeps what is sent of `language` and `theme`; for a member the language goes with the account."""
    form, settings, visit = await read_form(request), house_of(request).settings, visit_of(request)
    cookies = []
    chosen, theme = forms.read_language(form), forms.read_theme(form)
    if chosen is not None:
        cookies.append(preference_cookie(settings, "langue", chosen))
        if (member := visit.member or visit.half_in) is not None:
            await commands_me.set_language(actor=member.id, language=chosen)
    if theme is not None:
        cookies.append(preference_cookie(settings, "theme", theme))
    return go_to(request, own_path(form.get("suite") or came_from(request)), cookies=cookies)


ME = [
    me,
    edit_me,
    set_age,
    set_password,
    change_address,
    address_code,
    take_address,
    answer_role,
    devices,
    end_device,
    end_other_devices,
    language,
    set_language,
]
