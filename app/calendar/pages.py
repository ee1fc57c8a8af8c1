"""The agenda, the month, one's own dates and the home page. Nothing here writes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from litestar import Request, Response, get

from app.calendar import queries
from app.calendar.queries import PlaceLine
from app.calendar.spans import Days, Follow, Month
from app.calendar.views import (
    MINE,
    MONDAY,
    MONTH_STRIPS,
    PAST_A_PAGE,
    STRIPS_A_PAGE,
    AgendaPage,
    HomePage,
    Wish,
    agenda_page,
    by_day,
    hours_lines,
    mine_page,
    month_page,
    place_chips,
)
from app.contracts import Asked
from app.database import stamp
from app.i18n import language
from app.identity.visits import Visit, kept_for
from app.registry import Registry
from app.unchanged import unchanged
from app.web.rendering import house_of, nav_for, render, visit_of

ANY_REQUEST = Request[Any, Any, Any]
PUBLIC = {"public": True}
HOME_STRIPS = 8
PLACES = "places"
"""Under what name they are kept (`app.unchanged`)."""


@get("/", opt=PUBLIC)
async def show_home(request: ANY_REQUEST) -> Response[Any]:
    """The agenda for members; for visitors what the place is, what is on and how to come."""
    visit = visit_of(request)
    taken = await stamp(visit.taken)
    places = await unchanged(taken, PLACES, queries.places)
    if not places:
        return render(request, "app/calendar/first_run.html", None)
    if visit.member is not None:
        return await _agenda(request, places, taken)
    place = _place(places, visit, request.query_params.get("lieu", ""))
    kinds = house_of(request).registry.entry_kinds
    strips = await queries.strips_between(
        visit.now,
        visit.now + timedelta(days=7),
        place_id=place.id,
        visit=visit,
        kinds=kinds,
        # What a newcomer may come to: whom the members still look for, they see in the agenda.
        without=[kind.kind for kind in kinds.values() if kind.lacks_people],
        limit=HOME_STRIPS,
    )
    spoken = language(visit.language)
    weekdays = [spoken.weekday(MONDAY + timedelta(days=number)) for number in range(7)]
    page = HomePage(
        place=place,
        places=place_chips(places, place, "/"),
        shown=by_day(strips),
        today=Days.read({}, visit.now).today,
        hours=hours_lines(await queries.opening_lines(place.id), weekdays),
        webcal_href=_webcal(request, f"/calendriers/lieux/{place.slug}.ics"),
    )
    return render(request, "app/calendar/show_home.html", page)


@get("/agenda", opt=PUBLIC)
async def show_agenda(request: ANY_REQUEST) -> Response[Any]:
    """Everything to come in a place, a week at a time."""
    taken = await stamp(visit_of(request).taken)
    places = await unchanged(taken, PLACES, queries.places)
    if not places:
        return render(request, "app/calendar/first_run.html", None)
    return await _agenda(request, places, taken)


@get("/agenda/mois", opt=PUBLIC)
async def show_month(request: ANY_REQUEST) -> Response[Any]:
    """A month of a place as a grid, to look at or to print."""
    visit, slug = visit_of(request), request.query_params.get("lieu", "")
    places = await queries.places()
    if not places:
        return render(request, "app/calendar/first_run.html", None)
    place = _place(places, visit, slug)
    month = Month.read(request.query_params.get("mois", ""), visit.now)
    strips = await queries.strips_between(
        month.starts_at,
        month.after,
        place_id=place.id,
        visit=visit,
        kinds=house_of(request).registry.entry_kinds,
        limit=MONTH_STRIPS + 1,
    )
    page = month_page(month, place=place, places=places, slug=_known(places, slug), strips=strips)
    return render(request, "app/calendar/show_month.html", page)


@get("/mes-rendez-vous")
async def show_mine(request: ANY_REQUEST) -> Response[Any]:
    """What the member hosts, attends and waits for in all places; what is over, a page at a time."""
    visit, registry, params = visit_of(request), house_of(request).registry, request.query_params
    kinds = registry.entry_kinds
    before, after = Follow.read(params.get("avant", "")), Follow.read(params.get("apres", ""))
    coming, past = [], []
    if before is None:
        coming = await queries.my_next(visit, kinds=kinds, limit=STRIPS_A_PAGE + 1, follow=after)
    if after is None:
        past = await queries.my_past(visit, kinds=kinds, limit=PAST_A_PAGE + 1, follow=before)
    page = mine_page(
        coming,
        past,
        leafing=before is not None or after is not None,
        today=Days.read({}, visit.now).today,
        propose_href=_propose(visit, registry),
        asks=await _asks(visit, registry) if before is None and after is None else (),
    )
    return render(request, "app/calendar/show_mine.html", page)


async def _agenda(request: ANY_REQUEST, places: Sequence[PlaceLine], taken: Hashable) -> Response[Any]:
    """The agenda; read once for whoever comes back to it from what it names."""
    name = "agenda", request.scope["query_string"]
    page = await kept_for(visit_of(request), name, partial(_agenda_page, request, places, taken))
    return render(request, "app/calendar/show_agenda.html", page)


async def _agenda_page(request: ANY_REQUEST, places: Sequence[PlaceLine], taken: Hashable) -> AgendaPage:
    visit, registry, params = visit_of(request), house_of(request).registry, request.query_params
    kinds = registry.entry_kinds
    place = _place(places, visit, params.get("lieu", ""))
    wish = _wish(params, places, visit, registry)
    starts_at, after = wish.days.starts_at, wish.days.after
    parts = await queries.my_parts(visit)
    strips = await queries.strips_between(
        starts_at,
        after,
        place_id=place.id,
        visit=visit,
        kinds=kinds,
        limit=STRIPS_A_PAGE + 1,
        kind=wish.kind.kind if wish.kind else None,
        mine=wish.mine,
        # To the minute, so that it is the same question for everybody who asks within it.
        not_over_at=None if wish.days.chosen else visit.now.replace(second=0, microsecond=0),
        follow=wish.follow,
        parts=queries.parts_between(parts, visit, starts_at, after),
        taken=taken,
    )
    signed_in = visit.member is not None
    return agenda_page(
        wish,
        place=place,
        places=places,
        kinds=kinds.values(),
        strips=strips,
        asks=await _asks(visit, registry),
        tickets=await queries.tickets(parts, visit, kinds=kinds, limit=queries.TICKETS),
        member=signed_in,
        propose_href=_propose(visit, registry),
        spoken=language(visit.language),
        feed_href="/moi/calendrier" if signed_in else _webcal(request, f"/calendriers/lieux/{place.slug}.ics"),
    )


def _wish(params: Any, places: Sequence[PlaceLine], visit: Visit, registry: Registry) -> Wish:
    genre = params.get("genre", "")
    kind = next((kind for kind in registry.entry_kinds.values() if kind.filter == genre), None)
    known = kind is not None or (genre == MINE and visit.member is not None)
    return Wish(
        days=Days.read(params, visit.now),
        genre=genre if known else "",
        kind=kind,
        follow=Follow.read(params.get("apres", "")),
        slug=_known(places, params.get("lieu", "")),
    )


def _place(places: Sequence[PlaceLine], visit: Visit, slug: str) -> PlaceLine:
    """The place that the address names, else the one of the visit, else the first."""
    by_slug = next((place for place in places if place.slug == slug), None)
    here = visit.place.id if visit.place is not None else None
    return by_slug or next((place for place in places if place.id == here), places[0])


def _known(places: Sequence[PlaceLine], slug: str) -> str:
    return slug if any(place.slug == slug for place in places) else ""


async def _asks(visit: Visit, registry: Registry) -> list[Asked]:
    """What the member is asked in person, by the people of all domains."""
    return [each for asks in registry.asks for each in await asks(visit)] if visit.member is not None else []


def _propose(visit: Visit, registry: Registry) -> str:
    """Where this visitor may propose something, if a domain offers it."""
    return next((item.href for item in nav_for(visit, registry) if item.key == "propose"), "")


def _webcal(request: ANY_REQUEST, path: str) -> str:
    return f"webcal://{house_of(request).settings.host}{path}"
