"""What links in mails lead to: stopping a kind of mail, answering an offer. Without signing in, without a cookie.

The token is all the proof there is (`links`), and whoever has it may send the form from wherever: these pages ask for
no token of ours, nor where they are opened from. Looking changes nothing, however often; only POST does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.contracts import Offers, OfferSeen
from app.errors import NotFound, Refused
from app.i18n import Text, text
from app.notices import commands, forms
from app.notices.links import OfferLink, StopLink, read_offer, read_stop
from app.notices.queries_mine import chosen_by, language_of, shape_of
from app.notices.states import IN_CALENDARS, Kind
from app.notices.wording import KIND_NAMES, KIND_WORDS
from app.web.answers import go_to
from app.web.error_pages import refusal_text
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.rendering import house_of, render, visit_of

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}
BY_ADDRESS = {"public": True, "no_csrf": True, "from_anywhere": True}
SECRET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}


@dataclass(frozen=True, slots=True)
class StopPage:
    """« Ne plus recevoir : Rappels »."""

    token: str
    name: str
    """French msgid."""
    words: str
    """French msgid."""
    stopped: bool
    kept: bool
    """Whether it is read on the site instead."""
    in_calendars: bool
    """Whether mails of this kind correct what an earlier one has put into the reader's calendar."""


@dataclass(frozen=True, slots=True)
class OfferPage:
    """A place that is kept for whoever has the link."""

    token: str
    seen: OfferSeen
    shape: str
    error: Text | None = None


async def _in_the_language_of(request: AnyRequest, member_id: int) -> None:
    """Say this page in the language of whom the mail was for. Raises `NotFound` for somebody who is gone."""
    state = request.scope["state"]
    state["visit"] = replace(visit_of(request), language=await language_of(member_id))


# ------------------------------------------------------------------------------------------------ stopping a kind


def _stop_link(request: AnyRequest, token: str) -> StopLink:
    link = read_stop(token, house_of(request).settings.secret_key)
    if link is None:
        raise NotFound
    return link


async def _show_stop(request: AnyRequest, token: str, link: StopLink) -> Response[Any]:
    await _in_the_language_of(request, link.member_id)
    chosen = await chosen_by(link.member_id)
    page = StopPage(
        token=token,
        name=KIND_NAMES[link.kind],
        words=KIND_WORDS[link.kind],
        stopped=link.kind in chosen.stopped or (link.kind is Kind.DIGEST and not chosen.digest),
        kept=link.kind not in (Kind.DIGEST, Kind.REMINDER),
        in_calendars=link.kind in IN_CALENDARS,
    )
    return render(request, "app/notices/stop_mail.html", page, headers=SECRET, cookies=False)


@get("/courrier/{token:str}/stop", opt=PUBLIC)
async def show_stop(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Asks."""
    return await _show_stop(request, token, _stop_link(request, token))


@post("/courrier/{token:str}/stop", opt=BY_ADDRESS)
async def stop_mail(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Stops mails of this kind, or sends them again (`again=1`). A mail program's one click is answered at once."""
    link, form = _stop_link(request, token), await read_form(request)
    await language_of(link.member_id)
    now = visit_of(request).now
    if forms.is_one_click(form):
        await commands.stop_mail(link, now=now)
        return await _show_stop(request, token, link)
    deed = commands.resume_mail if form.get("again", "") == "1" else commands.stop_mail
    await deed(link, now=now)
    return _back(request, f"/courrier/{token}/stop")


# -------------------------------------------------------------------------------------------- answering an offer


async def _offer(request: AnyRequest, token: str) -> tuple[OfferLink, Offers]:
    house = house_of(request)
    link = read_offer(token, house.settings.secret_key)
    offers = house.registry.offers.get(link.kind) if link is not None else None
    if link is None or offers is None:
        raise NotFound
    await _in_the_language_of(request, link.member_id)
    return link, offers


async def _show_offer(
    request: AnyRequest,
    token: str,
    link: OfferLink,
    offers: Offers,
    *,
    error: Text | None = None,
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    seen = await offers.look(link.key, link.member_id, visit_of(request).now)
    if seen is None:
        raise NotFound
    page = OfferPage(token, seen, shape_of(link.kind), error)
    return render(
        request, "app/notices/show_offer.html", page, status=status, flash=flash, headers=SECRET, cookies=False
    )


@get("/offres/{token:str}", opt=PUBLIC)
async def show_offer(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """What is offered, until when; or what became of it."""
    return await _show_offer(request, token, *await _offer(request, token))


@post("/offres/{token:str}", opt=BY_ADDRESS)
async def answer_offer(request: AnyRequest, token: FromPath[str]) -> Response[Any]:
    """Says yes or no (`answer`)."""
    link, offers = await _offer(request, token)
    now = visit_of(request).now
    yes = forms.read_answer(await read_form(request))
    if yes is None:
        sentence = text("Dis oui ou non, avec un des deux boutons.")
        return await _show_offer(request, token, link, offers, error=sentence, status=422)
    try:
        await offers.answer(link.key, link.member_id, yes, now)
    except Refused as refused:
        flash = Flash(refusal_text(request, refused), tone="fault")
        return await _show_offer(request, token, link, offers, flash=flash, status=409)
    return _back(request, f"/offres/{token}")


def _back(request: AnyRequest, path: str) -> Response[Any]:
    """303 to the same page, with as little said about it as by the page itself."""
    answer = go_to(request, path)
    answer.headers.update(SECRET)
    return answer


LINKS = [show_stop, stop_mail, show_offer, answer_offer]
