"""Pages of getting in and out: joining, the code, signing in, the link of a mail, signing out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post, route
from litestar.datastructures import Cookie
from litestar.enums import HttpMethod
from litestar.params import FromPath

from app.errors import Refused, TooFast
from app.i18n import Text, text
from app.identity import entrance, forms
from app.identity.api import PlaceFacts, places
from app.identity.cookies import (
    no_session_cookie,
    no_waiting_cookie,
    session_cookie,
    session_token,
    waiting_cookie,
    waiting_token,
)
from app.identity.sessions import Opened
from app.identity.slips import is_sign_in_name
from app.identity.states import Device, IdentityRefusal, Purpose
from app.identity.throttle import network_of
from app.identity.wording import device_label
from app.web.answers import go_to, own_path
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import house_of, render, visit_of

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}
EVEN_HALF_IN = {"public": True, "before_second": True}
"""Pages that also open to whoever owes a second code."""
NO_ERRORS: Mapping[str, Text] = {}
MAX_MINUTES = 99


@dataclass(frozen=True, slots=True)
class JoinPage:
    """« Rejoindre Le Réseau »."""

    values: Mapping[str, str]
    errors: Mapping[str, Text]
    places: Sequence[PlaceFacts]


@dataclass(frozen=True, slots=True)
class CodePage:
    """« Le code est parti »."""

    email: str
    """Where the mail went, as this browser wrote it; empty when it waits for none."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    back: str
    after: str
    """Where to go then."""
    joining: bool
    mailed: bool
    """Whether a mail went out at all: none does to a sign-in name."""


@dataclass(frozen=True, slots=True)
class SignInPage:
    """« J’entre »."""

    values: Mapping[str, str]
    errors: Mapping[str, Text]
    after: str
    minutes: int = 0
    """How long to wait before the next try, when there were too many."""
    over: bool = False
    """Whether this browser had a session that has ended."""
    named: bool = False
    """Whether a sign-in name was written, to which no mail can go."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """The link of a mail: nothing happens before the button is pressed."""

    name: str
    joining: bool
    token: str
    errors: Mapping[str, Text] = field(default_factory=dict)


def _asking(request: AnyRequest, device: str = "") -> entrance.Asking:
    return entrance.Asking(visit_of(request).language, _network(request), device)


def _network(request: AnyRequest) -> str:
    return network_of(request.client.host if request.client else None)


def _label(request: AnyRequest) -> str:
    return device_label(request.headers.get("user-agent", ""))


def _after(written: str | None) -> str:
    """Where to go after signing in: one of our paths, and not out again."""
    path = own_path(written)
    return "/" if path.startswith(("/connexion", "/deconnexion", "/inscription")) else path


def code_path(after: str) -> str:
    """The code's page, which remembers where to go then."""
    return "/inscription/code" + ("" if after == "/" else f"?suite={quote(after, safe='/')}")


# ------------------------------------------------------------------------------------------------------------ joining


@get("/inscription", opt=PUBLIC)
async def join(request: AnyRequest) -> Response[Any]:
    """The form for whoever joins."""
    if visit_of(request).member is not None:
        return go_to(request, "/")
    chosen = request.query_params.get("lieu", "")
    there = await places()
    values = {"place": next((str(place.id) for place in there if place.slug == chosen), "")}
    return render(request, "app/identity/join.html", JoinPage(values, NO_ERRORS, there))


@post("/inscription", opt=PUBLIC)
async def ask_to_join(request: AnyRequest) -> Response[Any]:
    """One mail to whatever address; always on to the code's page."""
    there = await places()
    form = forms.read_join(await read_form(request), [place.id for place in there])
    if form.errors:
        page = JoinPage(form.values, form.errors, there)
        return render(request, "app/identity/join.html", page, status=422)
    asked = await entrance.ask_to_join(
        name=form.name,
        email=form.email,
        password=form.password,
        place_id=form.place_id,
        asking=_asking(request),
        now=visit_of(request).now,
    )
    return _to_code(request, asked, "/")


def _to_code(request: AnyRequest, asked: entrance.Asked, after: str, *, mailed: bool = True) -> Response[Any]:
    flash = None
    cookies: list[Cookie] = []
    if asked.waiting is not None:
        cookies.append(waiting_cookie(house_of(request).settings, asked.waiting))
    if not mailed:
        return go_to(request, code_path(after), cookies=cookies)
    if asked.waiting is None:
        flash = Flash(
            text("Un mail est déjà parti"), text("Il y en a eu plusieurs. Le lien du dernier marche partout."), ""
        )
    if asked.crowded:
        flash = Flash(
            text("Beaucoup de demandes viennent de cette connexion"),
            text("Si le mail n’arrive pas : réessayer dans une heure, ou avec un autre réseau."),
            "",
        )
    return go_to(request, code_path(after), flash=flash, cookies=cookies)


# ----------------------------------------------------------------------------------------------------------- the code


async def _code_page(
    request: AnyRequest,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] = NO_ERRORS,
    flash: Flash | None = None,
    status: int = 200,
    after: str,
) -> Response[Any]:
    waited = await entrance.find_waiting(waiting_token(request), Purpose.ENTER, now=visit_of(request).now)
    page = CodePage(
        email=waited["email"] if waited else "",
        values=values if values is not None else {"device": waited["device"] if waited else ""},
        errors=errors,
        back="/inscription" if waited and waited["name"] else "/connexion",
        after=after,
        joining=bool(waited and waited["name"]),
        mailed=not (waited and is_sign_in_name(waited["email"])),
    )
    return render(request, "app/identity/code.html", page, status=status, flash=flash)


@get("/inscription/code", opt=PUBLIC)
async def code(request: AnyRequest) -> Response[Any]:
    """Where the six digits are written; also by whoever is in already, to prove once more who they are."""
    visit, after = visit_of(request), _after(request.query_params.get("suite"))
    if visit.member and await entrance.find_waiting(waiting_token(request), Purpose.ENTER, now=visit.now) is None:
        return go_to(request, after)
    return await _code_page(request, after=after)


@post("/inscription/code", opt=PUBLIC)
async def enter_code(request: AnyRequest) -> Response[Any]:
    """The right code opens the session, in the browser that asked for it."""
    visit, raw, waiting = visit_of(request), await read_form(request), waiting_token(request)
    form, after = forms.read_code(raw), _after(raw.get("suite"))
    if form.device is None or form.errors:
        return await _code_page(request, values=form.values, errors=form.errors, status=422, after=after)
    try:
        opened = await entrance.open_with_code(
            waiting=waiting,
            code=form.code,
            device=form.device,
            label=_label(request),
            old_token=session_token(request),
            now=visit.now,
        )
    except Refused as refused:
        if await entrance.just_used(waiting, form.code, now=visit.now):
            return go_to(request, after)
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await _code_page(request, values=form.values, flash=flash, status=409, after=after)
    if isinstance(opened, entrance.WrongCode):
        said = wrong_code_words(opened)
        if opened.left == 0:  # no field is left to say it beside
            return await _code_page(request, flash=Flash(said, tone="fault"), status=422, after=after)
        return await _code_page(request, values=form.values, errors={"code": said}, status=422, after=after)
    return _let_in(request, opened, after)


def wrong_code_words(wrong: entrance.WrongCode) -> Text:
    """How many tries are left."""
    if wrong.left == 0:
        return text("Ce n’est pas ce code. Il faut maintenant demander un autre mail.")
    if wrong.left == 1:
        return text("Ce n’est pas ce code. Il reste un essai.")
    return text("Ce n’est pas ce code. Il reste %(left)s essais.", left=wrong.left)


def _let_in(request: AnyRequest, opened: Opened, after: str) -> Response[Any]:
    settings = house_of(request).settings
    strong = (
        text("Bienvenue, %(name)s !", name=opened.name)
        if opened.joined
        else text("Te voilà, %(name)s", name=opened.name)
    )
    more = None
    if opened.password_dropped:
        more = text("Ton mot de passe n’a pas suivi sur cet appareil : choisis-en un dans « Moi » quand tu veux.")
    elif opened.joined:
        more = text("Ton compte est ouvert. Tu peux déjà t’inscrire à ce qui te plaît.")
    cookies = [session_cookie(settings, opened), no_waiting_cookie(settings)]
    return go_to(request, after, flash=Flash(strong, more), cookies=cookies)


# --------------------------------------------------------------------------------------------------------- signing in


@get("/connexion", opt=PUBLIC)
async def sign_in(request: AnyRequest) -> Response[Any]:
    """The form for whoever comes back."""
    visit, after = visit_of(request), _after(request.query_params.get("suite"))
    if visit.member is not None:
        return go_to(request, after)
    page = SignInPage({}, NO_ERRORS, after, over=visit.stale_cookie)
    return render(request, "app/identity/sign_in.html", page)


@post("/connexion", opt=PUBLIC)
async def enter(request: AnyRequest) -> Response[Any]:
    """By password, or (`way=mail`) by a mail. Whatever is wrong, the answer is the same."""
    raw = await read_form(request)
    form, after, now = forms.read_sign_in(raw), _after(raw.get("suite")), visit_of(request).now
    if form.errors:
        return _sign_in_again(request, SignInPage(form.values, form.errors, after), 422)
    if form.by_mail or form.device is None:
        device = form.device.value if form.device else ""
        asked = await entrance.ask_by_mail(email=form.email, asking=_asking(request, device), now=now)
        return _to_code(request, asked, after, mailed=not is_sign_in_name(form.email))
    try:
        opened = await entrance.sign_in(
            email=form.email,
            password=form.password,
            device=form.device,
            label=_label(request),
            network=_network(request),
            old_token=session_token(request),
            now=now,
        )
    except TooFast as fast:
        minutes = min(MAX_MINUTES, -(-fast.retry_after // 60))
        page = SignInPage(form.values, NO_ERRORS, after, minutes, named=is_sign_in_name(form.email))
        return _sign_in_again(request, page, 429, fast.retry_after)
    if opened is None:
        sentence = (
            text("Ce nom d’entrée et ce mot de passe ne vont pas ensemble. L’accueil donne un autre mot de passe.")
            if is_sign_in_name(form.email)
            else text("Cette adresse et ce mot de passe ne vont pas ensemble.")
        )
        return _sign_in_again(request, SignInPage(form.values, {"password": sentence}, after), 422)
    return _let_in(request, opened, after)


def _sign_in_again(request: AnyRequest, page: SignInPage, status: int, wait: int = 0) -> Response[Any]:
    headers = {"Retry-After": str(wait)} if wait else None
    return render(request, "app/identity/sign_in.html", page, status=status, headers=headers)


# ----------------------------------------------------------------------------------------------------------- the link


@route("/connexion/lien/{token:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt=PUBLIC)
async def link(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """What the link of a mail shows: a button. Programs that read mails may look as often as they like."""
    return await _link_page(request, token, NO_ERRORS, 200)


async def _link_page(request: AnyRequest, token: str, errors: Mapping[str, Text], status: int) -> Response[Any]:
    found = await entrance.find_link(token, now=visit_of(request).now)
    if found is None:
        return _link_over(request)
    page = LinkPage(found["member_name"] or found["name"], found["member_id"] is None, token, errors)
    return render(request, "app/identity/link.html", page, status=status, headers=_SECRET)


# The address is secret, but `no-referrer` would make browsers send `Origin: null` with the form: same-origin it stays.
_SECRET = {"Cache-Control": "no-store"}


def _link_over(request: AnyRequest) -> Response[Any]:
    page = refusal_text(request, Refused(IdentityRefusal.LINK_OVER))
    return render(request, "app/identity/link_over.html", page, status=410, headers=_SECRET)


@post("/connexion/lien/{token:str}", opt={"public": True, "no_csrf": True})
async def enter_by_link(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Opens the session in whatever browser, once. Needs no token of ours; `app.web.csrf` asks where it comes from."""
    form = forms.read_device(await read_form(request))
    if form.device is None:
        return await _link_page(request, token, form.errors, 422)
    try:
        opened = await entrance.open_with_link(
            token=token,
            waiting=waiting_token(request),
            device=form.device,
            label=_label(request),
            old_token=session_token(request),
            now=visit_of(request).now,
        )
    except Refused:
        return _link_over(request)
    return _let_in(request, opened, "/")


# -------------------------------------------------------------------------------------------------------- signing out


@post("/deconnexion", opt=EVEN_HALF_IN)
async def sign_out(request: AnyRequest) -> Response[Any]:
    """Ends the session. On a shared device the browser is asked to forget everything of ours."""
    visit = visit_of(request)
    if visit.session_id is not None:
        await entrance.sign_out(session_id=visit.session_id)
    answer = go_to(request, "/", cookies=[no_session_cookie(house_of(request).settings)])
    if visit.device is Device.SHARED:
        answer.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return answer


ENTRANCE = [join, ask_to_join, code, enter_code, sign_in, enter, link, enter_by_link, sign_out]
