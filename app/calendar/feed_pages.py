"""Feeds over HTTP: strong ETags, 304 before anything is read, gzip made once, and no cookie ever.

An ETag belongs to one representation, so the compressed one has its own (RFC 9110, 8.8.3.3); the application's
compression leaves these answers alone.
"""

from __future__ import annotations

import asyncio
import gzip
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from litestar import Request, Response, route
from litestar.background_tasks import BackgroundTask
from litestar.enums import HttpMethod
from litestar.params import FromPath

from app.calendar import feeds
from app.calendar.conditional import feed_etag, http_date, not_modified
from app.calendar.feeds import AGENDA_COLOR, COLORS, Standing, Window
from app.calendar.icalendar import calendar_bytes
from app.calendar.kept import KEPT_LANGUAGE
from app.calendar.marks import Marks
from app.calendar.readings import Readings
from app.i18n import language
from app.web.rendering import house_of, visit_of

ANY_REQUEST = Request[Any, Any, Any]
READ = [HttpMethod.GET, HttpMethod.HEAD]
OPEN = {"public": True, "own_compression": True}
KEPT_BODIES = 32
LONG = 100_000
HEADERS = {
    "Cache-Control": "private, max-age=300",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
_NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


@dataclass(slots=True)
class Kitchen:
    """What feeds need of the application, made at the first reading."""

    marks: Marks
    readings: Readings = field(default_factory=Readings)
    bodies: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    """The last bodies of feeds that everybody may read, by ETag."""

    def keep(self, etag: str, body: bytes) -> None:
        self.bodies[etag] = body
        while len(self.bodies) > KEPT_BODIES:
            self.bodies.popitem(last=False)


def kitchen_of(request: ANY_REQUEST) -> Kitchen:
    """This application's own."""
    found = request.app.state.get("calendar_kitchen")
    if isinstance(found, Kitchen):
        return found
    house = house_of(request)
    marks = Marks(house.settings.base_url, house.registry.entry_kinds, language(KEPT_LANGUAGE))
    kitchen = request.app.state["calendar_kitchen"] = Kitchen(marks)
    return kitchen


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A feed that may be answered: what it is called, how it stands, and how to read its VEVENTs if need be."""

    key: tuple[str | int | datetime | None, ...]
    """What no other feed has in common with it, and what its bytes hang on besides its entries."""
    name: str
    color: str
    page: str
    """The page that shows the same to people."""
    standing: Standing
    today: datetime | None
    """The start of today, where a window moves with it."""
    events: Callable[[], Awaitable[list[bytes]]]
    shared: bool = True
    file_name: str = "reseau.ics"


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] = HEADERS) -> Response[bytes]:
    """An answer of a feed's address."""
    kind = "text/calendar" if status == 200 else "text/plain"
    return Response(body, status_code=status, media_type=kind, headers=headers)


async def serve(request: ANY_REQUEST, offer: Offer) -> Response[bytes]:
    """The feed, or 304 to whoever has it already."""
    kitchen = kitchen_of(request)
    accepted = request.headers.get("accept-encoding", "")
    compress = "gzip" in accepted and not _NO_GZIP.search(accepted)
    standing = offer.standing
    etag = feed_etag(
        *offer.key,
        offer.name,
        kitchen.marks.fingerprint,
        offer.today,
        standing.count,
        standing.ids,
        standing.sequences,
        standing.changed_at,
        "gzip" if compress else "",
    )
    headers = {**HEADERS, "ETag": etag, "Last-Modified": http_date(standing.changed_at)}
    known = ", ".join(request.headers.getall("if-none-match", [])) or None
    if not_modified(known, request.headers.get("if-modified-since"), etag, standing.changed_at):
        return answer(304, headers=headers)
    body = kitchen.bodies.get(etag) if offer.shared else None
    if body is None:
        plain = calendar_bytes(
            offer.name,
            await offer.events(),
            color=offer.color,
            url=house_of(request).settings.base_url + offer.page,
        )
        body = kitchen.marks.fill(plain)
        if compress:
            body = await _compressed(body)
        if offer.shared:
            kitchen.keep(etag, body)
    if compress:
        headers["Content-Encoding"] = "gzip"
    headers["Content-Disposition"] = f'inline; filename="{offer.file_name}"'
    return answer(200, body, headers)


async def _compressed(body: bytes) -> bytes:
    """Always the same bytes for the same feed: no time stands in them. Long feeds are left to a thread."""
    compress = partial(gzip.compress, body, compresslevel=6, mtime=0)
    return compress() if len(body) < LONG else await asyncio.to_thread(compress)


@route("/calendriers/{name:str}", http_method=READ, opt=OPEN)
async def shared_feed(request: ANY_REQUEST, name: FromPath[str]) -> Response[bytes]:
    """Everything in all places, or one kind of it, by the name of its filter."""
    window = Window.at(visit_of(request).now)
    kinds = list(house_of(request).registry.entry_kinds.values())
    title, page, color = "Le Réseau", "/agenda", AGENDA_COLOR
    if name != "agenda.ics":
        kinds = [kind for kind in kinds if name == f"{kind.filter}.ics"]
        if not kinds:
            return answer(404)
        title = f"Le Réseau – {language(KEPT_LANGUAGE).gettext(kinds[0].label)}"
        page = f"/agenda?genre={kinds[0].filter}"
        color = COLORS.get(kinds[0].kind, AGENDA_COLOR)
    names = [kind.kind for kind in kinds]
    offer = Offer(
        key=("shared", *names),
        name=title,
        color=color,
        page=page,
        standing=await feeds.shared_standing(window, names),
        today=window.today,
        events=lambda: feeds.shared_events(window, names),
        file_name=name,
    )
    return await serve(request, offer)


@route("/calendriers/lieux/{name:str}", http_method=READ, opt=OPEN)
async def place_feed(request: ANY_REQUEST, name: FromPath[str]) -> Response[bytes]:
    """Everything in one place."""
    window = Window.at(visit_of(request).now)
    slug = name.removesuffix(".ics")
    found = await feeds.place_standing(window, slug) if name.endswith(".ics") else None
    if found is None:
        return answer(404)
    place_name, standing = found
    offer = Offer(
        key=("place", slug),
        name=f"Le Réseau – {place_name}",
        color=AGENDA_COLOR,
        page=f"/agenda?lieu={slug}",
        standing=standing,
        today=window.today,
        events=lambda: feeds.place_events(window, slug),
    )
    return await serve(request, offer)


@route("/calendriers/evenements/{filter_name:str}/{thing_id:int}", http_method=READ, opt=OPEN)
async def one_event(request: ANY_REQUEST, filter_name: FromPath[str], thing_id: FromPath[int]) -> Response[bytes]:
    """One announced thing, at `/ateliers/12.ics` for those outside (see `app.web.shell`)."""
    found = [kind for kind in house_of(request).registry.entry_kinds.values() if kind.filter == filter_name]
    standing = await feeds.event_standing(found[0].kind, thing_id) if found else None
    if standing is None:
        return answer(404)
    kind = found[0].kind
    offer = Offer(
        key=("event", kind, thing_id),
        name="Le Réseau",
        color=COLORS.get(kind, AGENDA_COLOR),
        page=found[0].path.replace("{id}", str(thing_id)),
        standing=standing,
        today=None,
        events=lambda: feeds.event_events(kind, thing_id),
        file_name=f"{filter_name}-{thing_id}.ics",
    )
    return await serve(request, offer)


@route("/calendriers/perso/{name:str}", http_method=READ, opt=OPEN)
async def personal_feed(request: ANY_REQUEST, name: FromPath[str]) -> Response[bytes]:
    """What the owner of this secret address hosts, attends or holds. 410 once it was cut."""
    now = visit_of(request).now
    window = Window.at(now)
    feed = await feeds.feed_of_token(name.removesuffix(".ics"), window) if name.endswith(".ics") else None
    if feed is None:
        return answer(404)
    if feed.revoked:
        return answer(410)
    offer = Offer(
        key=("personal", feed.id, feed.places_known, feed.chosen_at, feed.joined_or_left_at),
        name=f"Le Réseau – {language(KEPT_LANGUAGE).gettext('Mes rendez-vous')}",
        color=AGENDA_COLOR,
        page="/mes-rendez-vous",
        standing=feed.standing,
        today=window.today,
        events=lambda: feeds.feed_events(feed, window),
        shared=False,
    )
    response = await serve(request, offer)
    readings = kitchen_of(request).readings
    if readings.saw(feed.id, feed.read_at, now):
        response.background = BackgroundTask(readings.write, now)
    return response
