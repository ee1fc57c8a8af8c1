"""« Dans mon téléphone »: a member's calendar addresses, one for each device.

An address is shown once. It travels from the POST to the page in a cookie of two minutes, which shows nothing unless it
opens a feed of the person who looks.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath
from markupsafe import Markup

from app.calendar import addresses, commands
from app.calendar.addresses import FeedLine
from app.calendar.forms import ALARMS, read_wishes
from app.calendar.states import MOST_FEEDS, CalendarRefusal
from app.errors import NotFound, Refused, SignInNeeded
from app.i18n import Text, text
from app.i18n.text import N_
from app.identity.visits import Me, hash_token
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.qr import qr_svg
from app.web.rendering import cookie_name, house_of, render, visit_of, words

ANY_REQUEST = Request[Any, Any, Any]
HERE = "/moi/calendrier"
COOKIE = "adresse"
COOKIE_SECONDS = 120
NEW: Mapping[str, str] = {"name": ""}


@dataclass(frozen=True, slots=True)
class FreshAddress:
    """An address that was just made, in all the ways in which a device takes it."""

    name: str
    https: str
    webcal: str
    qr: Markup
    google: str
    """Empty where the site is not reached over https: neither would take it."""
    outlook: str


@dataclass(frozen=True, slots=True)
class FeedsPage:
    """One's calendar addresses."""

    feeds: tuple[FeedLine, ...]
    fresh: FreshAddress | None
    full: bool
    alarms: tuple[tuple[str, str], ...]
    shared: tuple[tuple[str, str], ...]
    """Calendars without a secret: French msgid or name, and address."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    at_fault: int
    """Id of the feed whose form has errors; 0 is the form for a new one."""


@dataclass(frozen=True, slots=True)
class FeedQuestionPage:
    """« Couper ? », « Changer l’adresse ? »."""

    feed: FeedLine
    deed: str
    question: Text
    words: str
    """French msgid, as the next one."""
    yes: str


def _signed_in(request: ANY_REQUEST) -> Me:
    member = visit_of(request).member
    if member is None:
        raise SignInNeeded
    return member


@get(HERE)
async def show_feeds(request: ANY_REQUEST) -> Response[Any]:
    """The addresses, the one that was just made, and how to subscribe."""
    return await _show(request)


@post(HERE, status_code=303)
async def add_feed(request: ANY_REQUEST) -> Response[Any]:
    """A new address."""
    form = await read_form(request)
    wishes, fields = read_wishes(form)
    if fields.errors:
        return await _show(request, values=fields.values, errors=fields.errors)
    token = secrets.token_urlsafe(24)
    try:
        await commands.add_feed(actor=_signed_in(request).id, wishes=wishes, token=token, now=visit_of(request).now)
    except Refused as refused:
        return await _show(request, values=fields.values, refused=refused)
    return _made(request, token, Flash(text("L’adresse est prête."), text("Elle ne s’affiche qu’une fois.")))


@post(HERE + "/{feed_id:int}", status_code=303)
async def change_feed(request: ANY_REQUEST, feed_id: FromPath[int]) -> Response[Any]:
    """Other choices for the same address."""
    wishes, fields = read_wishes(await read_form(request))
    if fields.errors:
        return await _show(request, values=fields.values, errors=fields.errors, at_fault=feed_id)
    await commands.change_feed(actor=_signed_in(request).id, feed_id=feed_id, wishes=wishes, now=visit_of(request).now)
    return go_to(
        request, HERE, flash=Flash(text("C’est changé."), text("Ton téléphone le verra à sa prochaine lecture."))
    )


@get(HERE + "/{feed_id:int}/coupure")
async def ask_cut(request: ANY_REQUEST, feed_id: FromPath[int]) -> Response[Any]:
    """Asked, since the device forgets everything."""
    return await _ask(
        request,
        feed_id,
        "coupure",
        N_("Tu coupes « %(name)s » ?"),
        N_("Tes rendez-vous disparaîtront du calendrier de cet appareil. Ici, rien ne change."),
        N_("Oui, je coupe"),
    )


@post(HERE + "/{feed_id:int}/coupure", status_code=303)
async def cut_feed(request: ANY_REQUEST, feed_id: FromPath[int]) -> Response[Any]:
    """The address opens nothing any more."""
    await commands.cut_feed(actor=_signed_in(request).id, feed_id=feed_id, now=visit_of(request).now)
    return go_to(request, HERE, flash=Flash(text("C’est coupé."), text("Cette adresse ne donne plus rien.")))


@get(HERE + "/{feed_id:int}/adresse")
async def ask_renew(request: ANY_REQUEST, feed_id: FromPath[int]) -> Response[Any]:
    """Asked, since the device must be told the new address."""
    return await _ask(
        request,
        feed_id,
        "adresse",
        N_("Tu changes l’adresse de « %(name)s » ?"),
        N_("L’ancienne s’arrête tout de suite. Il faudra donner la nouvelle à l’appareil."),
        N_("Oui, je la change"),
    )


@post(HERE + "/{feed_id:int}/adresse", status_code=303)
async def renew_feed(request: ANY_REQUEST, feed_id: FromPath[int]) -> Response[Any]:
    """Another address for the same feed."""
    token = secrets.token_urlsafe(24)
    await commands.renew_feed(actor=_signed_in(request).id, feed_id=feed_id, token=token, now=visit_of(request).now)
    return _made(request, token, Flash(text("L’adresse a changé."), text("L’ancienne ne donne plus rien.")))


async def _show(
    request: ANY_REQUEST,
    *,
    values: Mapping[str, str] = NEW,
    errors: Mapping[str, Text] | None = None,
    refused: Refused | None = None,
    at_fault: int = 0,
) -> Response[Any]:
    house, member = house_of(request), _signed_in(request)
    feeds = await addresses.my_feeds(member.id)
    if at_fault and all(feed.id != at_fault for feed in feeds):
        raise NotFound
    full = len(feeds) >= MOST_FEEDS
    if errors and not at_fault and full:  # there is no form any more beside which to say them
        errors, refused = None, Refused(CalendarRefusal.TOO_MANY_FEEDS)
    base = house.settings.base_url
    cookie = cookie_name(house.settings, COOKIE)
    fresh = _fresh(request.cookies.get(cookie, ""), feeds, base)
    page = FeedsPage(
        feeds=tuple(feeds),
        fresh=fresh,
        full=full,
        alarms=tuple((value, words(request, said)) for value, said in ALARMS),
        shared=(
            (N_("Tout, dans tous les lieux"), f"{base}/calendriers/agenda.ics"),
            *((kind.label, f"{base}/calendriers/{kind.filter}.ics") for kind in house.registry.entry_kinds.values()),
        ),
        values=values,
        errors=errors or {},
        at_fault=at_fault,
    )
    flash = Flash(refusal_text(request, refused), tone="fault") if refused else None
    status = 409 if refused else 422 if errors else 200
    response = render(request, "app/calendar/show_feeds.html", page, status=status, flash=flash)
    if cookie in request.cookies:
        response.cookies.append(_cookie(request, "", 0))
    return response


async def _ask(request: ANY_REQUEST, feed_id: int, deed: str, question: str, more: str, yes: str) -> Response[Any]:
    feed = next((feed for feed in await addresses.my_feeds(_signed_in(request).id) if feed.id == feed_id), None)
    if feed is None:
        raise NotFound
    page = FeedQuestionPage(feed, deed, Text(question, {"name": feed.name}), more, yes)
    return render(request, "app/calendar/ask_feed.html", page)


def _made(request: ANY_REQUEST, token: str, flash: Flash) -> Response[Any]:
    return go_to(request, HERE, flash=flash, cookies=[_cookie(request, token, COOKIE_SECONDS)])


def _cookie(request: ANY_REQUEST, value: str, max_age: int) -> Cookie:
    settings = house_of(request).settings
    return Cookie(
        cookie_name(settings, COOKIE),
        value=value,
        path="/",
        max_age=max_age,
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def _fresh(token: str, feeds: list[FeedLine], base_url: str) -> FreshAddress | None:
    """The address that this browser was just given, if it opens one of these feeds."""
    token_hash = hash_token(token) if token else ""
    feed = next((feed for feed in feeds if feed.token_hash == token_hash), None)
    if feed is None:
        return None
    https = f"{base_url}/calendriers/perso/{token}.ics"
    webcal = "webcal://" + https.split("://", 1)[1]
    public = base_url.startswith("https://")
    return FreshAddress(
        name=feed.name,
        https=https,
        webcal=webcal,
        qr=qr_svg(webcal),
        google=f"https://calendar.google.com/calendar/r?cid={quote(webcal, safe='')}" if public else "",
        outlook=f"https://outlook.live.com/calendar/0/addfromweb?url={quote(https, safe='')}" if public else "",
    )
