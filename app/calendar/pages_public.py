"""For other sites and their programs: the agenda as JSON, and its description. Nobody is named in them.

The description is written by hand, since it describes these few addresses and no others.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod

from app.calendar import queries
from app.calendar.conditional import feed_etag, not_modified
from app.calendar.queries import PlaceLine, Strip
from app.calendar.spans import LONGEST_SPAN, Days
from app.clock import local
from app.i18n import language
from app.web.rendering import house_of, visit_of

ANY_REQUEST = Request[Any, Any, Any]
READ = [HttpMethod.GET, HttpMethod.HEAD]
PUBLIC = {"public": True}
MOST = 500
FOR_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=300",
}


@route("/api/agenda", http_method=READ, opt=PUBLIC)
async def agenda_api(request: ANY_REQUEST) -> Response[bytes]:
    """What is announced in a place, or in all, from `du` to `au` (92 days at most)."""
    visit, house, params = visit_of(request), house_of(request), request.query_params
    slug, genre = params.get("lieu", ""), params.get("genre", "")
    places = [place for place in await queries.places() if slug in ("", place.slug)]
    kinds = {name: kind for name, kind in house.registry.entry_kinds.items() if genre in ("", kind.filter)}
    days = Days.read(params, visit.now)
    only = next(iter(kinds), "") if genre else None  # the limit counts this kind alone
    found: list[tuple[PlaceLine, Strip]] = []
    for place in places:
        strips = await queries.strips_between(
            days.starts_at, days.after, place_id=place.id, visit=visit, kinds=kinds, limit=MOST, kind=only
        )
        found += [(place, strip) for strip in strips]
    found.sort(key=lambda pair: (pair[1].starts_at, pair[1].entry_id))
    answer = {
        "from": str(days.first),
        "to": str(days.last),
        "entries": [_entry(place, strip, house.settings.base_url) for place, strip in found[:MOST]],
    }
    return _json(request, answer)


@route("/schema", http_method=READ, opt=PUBLIC, sync_to_thread=False)
def schema(request: ANY_REQUEST) -> Response[bytes]:
    """The description of what other programs may read, as OpenAPI 3.1."""
    filters = sorted(kind.filter for kind in house_of(request).registry.entry_kinds.values())
    return _json(request, _description(house_of(request).settings.base_url, filters))


def _json(request: ANY_REQUEST, answer: dict[str, Any]) -> Response[bytes]:
    body = json.dumps(answer, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    # Weak: the application may compress the same answer.
    etag = "W/" + feed_etag(body)
    headers = {**FOR_ALL, "ETag": etag}
    if not_modified(", ".join(request.headers.getall("if-none-match", [])) or None, None, etag, None):
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, headers=headers, media_type="application/json")


def _entry(place: PlaceLine, strip: Strip, base_url: str) -> dict[str, Any]:
    spoken = language("fr")
    return {
        "url": base_url + strip.href,
        "kind": strip.kind,
        "genre": spoken.gettext(strip.genre),
        "title": strip.title,
        "starts_at": _written(strip.starts_at),
        "ends_at": _written(strip.ends_at),
        "cancelled": strip.cancelled,
        "place": {"slug": place.slug, "name": place.name, "address": place.address},
        "room": strip.room or None,
        "seats": strip.seats,
        "seats_left": strip.left,
        "language": strip.language,
        "step_free": strip.step_free,
        "children_welcome": strip.children,
    }


def _written(at: datetime) -> str:
    return local(at).isoformat(timespec="seconds")


def _description(base_url: str, filters: list[str]) -> dict[str, Any]:
    text = {"type": "string"}
    maybe = {"type": ["integer", "null"]}
    instant = {"type": "string", "format": "date-time"}
    entry = {
        "url": {"type": "string", "format": "uri"},
        "kind": text,
        "genre": {**text, "description": "In French: « Café-débat »."},
        "title": text,
        "starts_at": {**instant, "description": "With the place's offset from UTC."},
        "ends_at": instant,
        "cancelled": {"type": "boolean", "description": "Announced, and will not happen."},
        "place": {"$ref": "#/components/schemas/Place"},
        "room": {"type": ["string", "null"]},
        "seats": {**maybe, "description": "None where they are not counted."},
        "seats_left": maybe,
        "language": {**text, "description": "In which it is held: `fr`, `en`…"},
        "step_free": {"type": "boolean"},
        "children_welcome": {"type": "boolean"},
    }
    agenda = {"from": {**text, "format": "date"}, "to": {**text, "format": "date"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Le Réseau",
            "version": "1",
            "description": "What other sites may show of this place. Public; nobody is named.",
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/api/agenda": {
                "get": {
                    "summary": "What is announced, in time's order",
                    "description": "Without `du`: from today to Sunday, at the week-end to the Sunday after. "
                    "What cannot be read is taken as not given.",
                    "parameters": [
                        _parameter("lieu", text, "Slug of a place; without it all, nothing for one there is not."),
                        _parameter(
                            "genre", {**text, "examples": filters}, "One kind alone; nothing, of one there is not."
                        ),
                        _parameter("du", {**text, "format": "date"}, "First day."),
                        _parameter(
                            "au", {**text, "format": "date"}, f"Last day, at most {LONGEST_SPAN.days} days later."
                        ),
                    ],
                    "responses": {
                        "200": {
                            "description": f"At most {MOST} entries.",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Agenda"}}},
                        },
                        "304": {"description": "As it was when you asked last (`If-None-Match`)."},
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Agenda": _object(
                    {**agenda, "entries": {"type": "array", "items": {"$ref": "#/components/schemas/Entry"}}}
                ),
                "Entry": _object(entry),
                "Place": _object({"slug": text, "name": text, "address": text}),
            }
        },
    }


def _parameter(name: str, schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}
