"""Pages of the second code: shown at the sign-in, set up the first time, replaced from « Moi ».

Those below `/connexion` are for whoever is half in (`Visit.half_in`), those below `/moi` for whoever is in. A secret is
only shown while it is not in use, recovery codes only in the answer that makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.datastructures import Cookie
from markupsafe import Markup

from app.errors import NotFound, SignInNeeded, TooFast
from app.i18n import Text, text, text_n
from app.identity import commands_second, forms
from app.identity.commands_second import Amiss, Holder, Passed, factor_of, has_shown, recovery_codes_left
from app.identity.cookies import session_cookie
from app.identity.pages import MAX_MINUTES, NO_ERRORS, AnyRequest, _after
from app.identity.second import address_of, in_fours, secret_of
from app.identity.sessions import Opened
from app.identity.states import Device
from app.identity.visits import Me, hash_token
from app.web.answers import go_to
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.qr import qr_svg
from app.web.rendering import house_of, render, visit_of

STEP = "/connexion/deuxieme-code"
MINE = "/moi/deuxieme-code"
HALF_IN = {"before_second": True}
_SECRET = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Telephone:
    """What a telephone reads to give codes from now on."""

    qr: Markup
    link: str
    """Opens the application, where the page is read on that telephone."""
    typed: str


@dataclass(frozen=True, slots=True)
class SecondPage:
    """« Ton deuxième code », and the same with a recovery code."""

    name: str
    after: str
    errors: Mapping[str, Text] = field(default_factory=dict)
    minutes: int = 0
    """How long to wait before the next try, when there were too many."""
    telephone: Telephone | None = None
    """The one to set up, where there is none yet."""


@dataclass(frozen=True, slots=True)
class CodesPage:
    """The ten recovery codes, once."""

    name: str
    host: str
    made_at: datetime
    codes: Sequence[str]
    after: str
    telephone: bool
    """Whether a telephone was set up with them."""


@dataclass(frozen=True, slots=True)
class MinePage:
    """The second code, in « Moi »."""

    since_at: datetime
    left: int
    errors: Mapping[str, Text]
    minutes: int
    telephone: Telephone | None


def step_path(path: str, after: str) -> str:
    """One of these pages, which remembers where to go then."""
    return path + ("" if after == "/" else f"?suite={quote(after, safe='/')}")


# --------------------------------------------------------------------------------------------------------- the sign-in


def _half_in(request: AnyRequest) -> Me | None:
    """Whoever owes the code; none when somebody is in already. Raises `SignInNeeded` for nobody."""
    visit = visit_of(request)
    if visit.half_in is None and visit.member is None:
        raise SignInNeeded
    return visit.half_in


def _holder(request: AnyRequest, member: Me) -> Holder:
    visit = visit_of(request)
    assert visit.session_id is not None
    return Holder(member.id, visit.session_id, visit.session_key, house_of(request).settings.secret_key)


def _telephone(request: AnyRequest, member: Me, factor: dict[str, Any] | None) -> Telephone:
    holder, settings = _holder(request, member), house_of(request).settings
    secret = secret_of(holder.secret_key, commands_second.seed_shown(holder, factor))
    address = address_of(secret, name=member.name, host=settings.host)
    return Telephone(qr_svg(address), address, in_fours(secret))


def _minutes(wait: int) -> int:
    return min(MAX_MINUTES, -(-wait // 60))


def _headers(wait: int) -> dict[str, str]:
    return {**_SECRET, "Retry-After": str(wait)} if wait else _SECRET


async def _step(
    request: AnyRequest, me: Me, after: str, errors: Mapping[str, Text] = NO_ERRORS, *, status: int = 200, wait: int = 0
) -> Response[Any]:
    factor = await factor_of(me.id)
    page = SecondPage(
        name=me.name,
        after=after,
        errors=errors,
        minutes=_minutes(wait),
        telephone=_telephone(request, me, None) if factor is None else None,
    )
    template = "second_code" if factor is not None else "second_set_up"
    # No word of the sign-in is shown: « Te voilà » is for whoever is in.
    extra = {"notice_": None}
    return render(request, f"app/identity/{template}.html", page, status=status, headers=_headers(wait), extra=extra)


def _words(amiss: Amiss) -> Text:
    if amiss is Amiss.USED:
        return text("Ce code a déjà servi. Attends le suivant : il vient dans la demi-minute.")
    return text("Ce n’est pas le code de maintenant. L’application en donne un nouveau toutes les 30 secondes.")


def _renewed(request: AnyRequest, member: Me, passed: Passed) -> Cookie:
    """The session's new cookie; the page that this request still answers is of the session as it is now."""
    visit = visit_of(request)
    request.scope["state"]["visit"] = replace(visit, member=member, half_in=None, session_key=hash_token(passed.token))
    opened = Opened(passed.token, member.id, visit.device or Device.SHARED, member.name)
    return session_cookie(house_of(request).settings, opened)


@get(STEP, opt=HALF_IN)
async def second_code(request: AnyRequest) -> Response[Any]:
    """Where the code of the telephone is written; for whoever has none yet, how to get it."""
    me, after = _half_in(request), _after(request.query_params.get("suite"))
    return await _step(request, me, after) if me is not None else go_to(request, after)


@post(STEP, opt=HALF_IN)
async def show_second_code(request: AnyRequest) -> Response[Any]:
    """The right code lets in. Without a telephone yet, it makes the one that shows it theirs, and says ten codes."""
    me, raw = _half_in(request), await read_form(request)
    form, after = forms.read_second(raw), _after(raw.get("suite"))
    if me is None:
        return go_to(request, after)
    if form.errors:
        return await _step(request, me, after, form.errors, status=422)
    first = raw.get("first", "") == "1"
    take = commands_second.set_up if first else commands_second.show_code
    try:
        passed = await take(holder=_holder(request, me), code=form.code, now=visit_of(request).now)
    except TooFast as fast:
        return await _step(request, me, after, status=429, wait=fast.retry_after)
    except NotFound:  # it was set up, or taken off, since the page was shown
        return await _again(request, after, first=first)
    if isinstance(passed, Amiss):
        if await has_shown(visit_of(request).session_id):
            return go_to(request, after)
        return await _step(request, me, after, {"code": _words(passed)}, status=422)
    cookies = [_renewed(request, me, passed)]
    if first:
        return _codes(request, me, passed.codes, after, cookies, telephone=True)
    return go_to(request, after, flash=Flash(text("Te voilà, %(name)s", name=me.name)), cookies=cookies)


async def _again(request: AnyRequest, after: str, *, first: bool = False) -> Response[Any]:
    """On to where the form would have led if it was sent twice, else to it once more."""
    if not await has_shown(visit_of(request).session_id):
        return go_to(request, step_path(STEP, after))
    if not first:
        return go_to(request, after)
    unseen = text("Tu n’as pas vu tes codes de secours ? Fais-en dix autres ici.")
    return go_to(request, MINE, flash=Flash(text("Ton téléphone est relié"), unseen))


def _codes(
    request: AnyRequest, me: Me, codes: Sequence[str], after: str, cookies: Sequence[Cookie], *, telephone: bool
) -> Response[Any]:
    now, host = visit_of(request).now, house_of(request).settings.host
    page = CodesPage(me.name, host, now, codes, after, telephone)
    answer = render(request, "app/identity/second_codes.html", page, headers=_SECRET)
    answer.cookies.extend(cookies)
    return answer


@get(f"{STEP}/secours", opt=HALF_IN)
async def recovery(request: AnyRequest) -> Response[Any]:
    """For whoever has no telephone at hand: a code on paper."""
    me, after = _half_in(request), _after(request.query_params.get("suite"))
    if me is None:
        return go_to(request, after)
    return render(request, "app/identity/second_recovery.html", SecondPage(me.name, after), headers=_SECRET)


@post(f"{STEP}/secours", opt=HALF_IN)
async def show_recovery(request: AnyRequest) -> Response[Any]:
    """A recovery code lets in, once; on to « Moi », where another telephone can be set up."""
    me, raw = _half_in(request), await read_form(request)
    form, after = forms.read_recovery(raw), _after(raw.get("suite"))
    if me is None:
        return go_to(request, after)
    errors, status, wait = form.errors, 422, 0
    if not errors:
        try:
            passed = await commands_second.show_recovery_code(
                holder=_holder(request, me), code=form.code, now=visit_of(request).now
            )
        except TooFast as fast:
            status, wait = 429, fast.retry_after
        except NotFound:
            return await _again(request, after)
        else:
            if isinstance(passed, Passed):
                left = text_n(
                    "Il te reste %(n)s code de secours.", "Il te reste %(n)s codes de secours.", passed.left or 0
                )
                cookies = [_renewed(request, me, passed)]
                return go_to(
                    request, MINE, flash=Flash(text("Te voilà, %(name)s", name=me.name), left), cookies=cookies
                )
            if await has_shown(visit_of(request).session_id):
                return go_to(request, MINE)
            errors = {"code": text("Ce n’est pas un de tes codes de secours, ou il a déjà servi.")}
    page = SecondPage(me.name, after, errors, _minutes(wait))
    return render(request, "app/identity/second_recovery.html", page, status=status, headers=_headers(wait))


# ------------------------------------------------------------------------------------------------------------- « Moi »


def _in(request: AnyRequest) -> Me:
    member = visit_of(request).member
    if member is None:
        raise SignInNeeded
    return member


async def _mine(
    request: AnyRequest,
    errors: Mapping[str, Text] = NO_ERRORS,
    *,
    template: str = "second_mine",
    status: int = 200,
    wait: int = 0,
) -> Response[Any]:
    me = _in(request)
    factor = await factor_of(me.id)
    if factor is None:
        raise NotFound
    page = MinePage(
        since_at=factor["since_at"],
        left=await recovery_codes_left(me.id),
        errors=errors,
        minutes=_minutes(wait),
        telephone=_telephone(request, me, factor) if template == "second_change" else None,
    )
    return render(request, f"app/identity/{template}.html", page, status=status, headers=_headers(wait))


def _proof_words(amiss: Amiss) -> dict[str, Text]:
    if amiss is Amiss.WRONG_NEW:
        return {"code": _words(Amiss.WRONG)}
    if amiss is Amiss.USED:
        return {"current": _words(amiss)}
    return {"current": text("Ce n’est ni le code de maintenant, ni un de tes codes de secours.")}


@get(MINE)
async def my_second_code(request: AnyRequest) -> Response[Any]:
    """Since when, and how many recovery codes are left."""
    return await _mine(request)


@post(f"{MINE}/secours")
async def new_recovery_codes(request: AnyRequest) -> Response[Any]:
    """Ten other recovery codes, for a code that is right."""
    me, form = _in(request), forms.read_second(await read_form(request), code=False, current=True)
    if form.errors:
        return await _mine(request, form.errors, status=422)
    try:
        codes = await commands_second.renew_recovery_codes(
            holder=_holder(request, me), current=form.current, now=visit_of(request).now
        )
    except TooFast as fast:
        return await _mine(request, status=429, wait=fast.retry_after)
    if isinstance(codes, Amiss):
        return await _mine(request, _proof_words(codes), status=422)
    return _codes(request, me, codes, MINE, [], telephone=False)


@get(f"{MINE}/telephone")
async def other_telephone(request: AnyRequest) -> Response[Any]:
    """What another telephone reads."""
    return await _mine(request, template="second_change")


@post(f"{MINE}/telephone")
async def change_telephone(request: AnyRequest) -> Response[Any]:
    """Another telephone in the place of the old one: a code of each, or a recovery code for the old one."""
    me, form = _in(request), forms.read_second(await read_form(request), current=True)
    if form.errors:
        return await _mine(request, form.errors, template="second_change", status=422)
    try:
        passed = await commands_second.change_telephone(
            holder=_holder(request, me), current=form.current, code=form.code, now=visit_of(request).now
        )
    except TooFast as fast:
        return await _mine(request, template="second_change", status=429, wait=fast.retry_after)
    if isinstance(passed, Amiss):
        return await _mine(request, _proof_words(passed), template="second_change", status=422)
    return _codes(request, me, passed.codes, MINE, [_renewed(request, me, passed)], telephone=True)


SECOND = [
    second_code,
    show_second_code,
    recovery,
    show_recovery,
    my_second_code,
    new_recovery_codes,
    other_telephone,
    change_telephone,
]
