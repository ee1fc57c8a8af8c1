"""Which feed stands at which address, under which name, and how its VEVENTs are read if need be.

Whoever asks is answered by `app.calendar.polling`, before Litestar: what comes through to the pages is no feed, or one
that cannot be read now.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod

from app.calendar import feeds
from app.calendar.feeds import AGENDA_COLOR, COLORS, FeedRow, Standing, Window
from app.calendar.kept import KEPT_LANGUAGE
from app.contracts import EntryKind
from app.i18n import language
from app.identity.guards import LARGEST_ID

HEADERS = {
    "Cache-Control": "private, max-age=300",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
}
_SHARED = re.compile(r"/calendriers/([a-z-]{1,30})\.ics")
_PLACE = re.compile(r"/calendriers/lieux/([^/\0]{1,60})\.ics")
_PERSONAL = re.compile(r"/calendriers/perso/([^/]{1,200})\.ics")
_ONE_EVENT = re.compile(r"/([a-z-]{1,30})/([0-9]{1,10})\.ics")


class FeedCut(Exception):
    """There was a personal feed at this address; its owner has cut it."""


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
    personal: FeedRow | None = None
    file_name: str = "reseau.ics"


class Feeds:
    """All feeds of an installation with these kinds of things in its calendar."""

    def __init__(self, kinds: Iterable[EntryKind]) -> None:
        self._kinds = {kind.filter: kind for kind in kinds}

    async def at(self, path: str, window: Window) -> Offer | None:
        """The feed at this address; nothing where there is none. Raises `FeedCut`."""
        if personal := _PERSONAL.fullmatch(path):
            return await self._personal(personal[1], window)
        if shared := _SHARED.fullmatch(path):
            return await self._shared(shared[1], window)
        if place := _PLACE.fullmatch(path):
            return await self._place(place[1], window)
        if event := _ONE_EVENT.fullmatch(path):
            return await self._event(event[1], int(event[2]))
        return None

    async def _shared(self, name: str, window: Window) -> Offer | None:
        """Everything in all places, or one kind of it, by the name of its filter."""
        kind = self._kinds.get(name)
        if name == "agenda":
            names = [each.kind for each in self._kinds.values()]
            title, page, color = "Le Réseau", "/agenda", AGENDA_COLOR
        elif kind is not None:
            names = [kind.kind]
            title = f"Le Réseau – {language(KEPT_LANGUAGE).gettext(kind.label)}"
            page = f"/agenda?genre={kind.filter}"
            color = COLORS.get(kind.kind, AGENDA_COLOR)
        else:
            return None
        return Offer(
            key=("shared", *names),
            name=title,
            color=color,
            page=page,
            standing=await feeds.shared_standing(window, names),
            today=window.today,
            events=lambda: feeds.shared_events(window, names),
            file_name=f"{name}.ics",
        )

    async def _place(self, slug: str, window: Window) -> Offer | None:
        """Everything in one place."""
        found = await feeds.place_standing(window, slug)
        if found is None:
            return None
        place_name, standing = found
        return Offer(
            key=("place", slug),
            name=f"Le Réseau – {place_name}",
            color=AGENDA_COLOR,
            page=f"/agenda?lieu={slug}",
            standing=standing,
            today=window.today,
            events=lambda: feeds.place_events(window, slug),
        )

    async def _event(self, filter_name: str, thing_id: int) -> Offer | None:
        """One announced thing."""
        entry_kind = self._kinds.get(filter_name)
        if entry_kind is None or not 0 < thing_id <= LARGEST_ID:
            return None
        kind = entry_kind.kind
        standing = await feeds.event_standing(kind, thing_id)
        if standing is None:
            return None
        return Offer(
            key=("event", kind, thing_id),
            name="Le Réseau",
            color=COLORS.get(kind, AGENDA_COLOR),
            page=entry_kind.path.replace("{id}", str(thing_id)),
            standing=standing,
            today=None,
            events=lambda: feeds.event_events(kind, thing_id),
            file_name=f"{filter_name}-{thing_id}.ics",
        )

    async def _personal(self, token: str, window: Window) -> Offer | None:
        """What the owner of this secret address hosts, attends or holds."""
        feed = await feeds.feed_of_token(token, window)
        if feed is None:
            return None
        if feed.revoked:
            raise FeedCut
        return Offer(
            key=("personal", feed.id, feed.places_known, feed.chosen_at, feed.joined_or_left_at),
            name=f"Le Réseau – {language(KEPT_LANGUAGE).gettext('Mes rendez-vous')}",
            color=AGENDA_COLOR,
            page="/mes-rendez-vous",
            standing=feed.standing,
            today=window.today,
            events=lambda: feeds.feed_events(feed, window),
            personal=feed,
        )


@route(
    [
        "/calendriers/{name:str}",
        "/calendriers/lieux/{name:str}",
        "/calendriers/evenements/{filter_name:str}/{thing_id:int}",  # so does `app.web.shell` call `/ateliers/12.ics`
        "/calendriers/perso/{name:str}",
    ],
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    opt={"public": True, "own_compression": True},
)
async def no_feed(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Where feeds are, and there is none. An error of reading one becomes a page at the door, before this."""
    return Response(b"", status_code=404, media_type="text/plain", headers=HEADERS)
