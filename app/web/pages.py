"""Pages of the house itself: search, the rules, help, what the law asks for, and where an accident leads.

What they tell about data is what the software does today: each domain says what it keeps (`Domain.keeps`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, Router, get, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from app.identity.api import PlaceFacts, places
from app.web.error_pages import accident
from app.web.kept import KeptTogether, by_part
from app.web.rendering import house_of, render, visit_of
from app.web.search import search_page

AnyRequest = Request[Any, Any, Any]
PUBLIC = {"public": True}
EVEN_HALF_IN = {"public": True, "before_second": True}
"""Also for whoever owes a second code: help, and what the law asks to be reachable from every page."""
READ = [HttpMethod.GET, HttpMethod.HEAD]
_REFERENCE = re.compile(r"[0-9a-f]{10}")
ROBOTS = """User-agent: *
Disallow: /connexion
Disallow: /courrier/
Disallow: /erreur/
Disallow: /inscription
Disallow: /langue
Disallow: /offres/
Disallow: /recherche
"""
"""Feeds are not among them: Google refuses to subscribe to what robots.txt names. They say `noindex` themselves."""


@dataclass(frozen=True, slots=True)
class HousePage:
    """A page that tells of the house: which places it has, and who answers for it."""

    places: Sequence[PlaceFacts]
    publisher: str
    hosted_by: str
    address: str
    """The site's own."""
    kept: Sequence[KeptTogether]
    """What all domains keep about people."""


@get("/recherche", opt=PUBLIC)
async def search(request: AnyRequest) -> Response[Any]:
    """What answers `q` among all that one may see."""
    page = await search_page(visit_of(request), house_of(request).registry, request.query_params.get("q", ""))
    return render(request, "app/web/search.html", page)


async def _tell(request: AnyRequest, template: str) -> Response[Any]:
    house = house_of(request)
    settings = house.settings
    kept = by_part(house.registry.keeps)
    page = HousePage(await places(), settings.publisher, settings.hosted_by, settings.base_url, kept)
    return render(request, f"app/web/{template}.html", page)


@get("/confidentialite", opt=EVEN_HALF_IN)
async def privacy(request: AnyRequest) -> Response[Any]:
    """What is kept, how long, and who sees it."""
    return await _tell(request, "privacy")


@get("/mentions-legales", opt=EVEN_HALF_IN)
async def legal(request: AnyRequest) -> Response[Any]:
    """Who publishes and who hosts."""
    return await _tell(request, "legal")


@get("/accessibilite", opt=EVEN_HALF_IN)
async def accessibility(request: AnyRequest) -> Response[Any]:
    """What was checked, what was not, and whom to tell."""
    return await _tell(request, "accessibility")


@get("/charte", opt=EVEN_HALF_IN)
async def charter(request: AnyRequest) -> Response[Any]:
    """The rules of the house, which one accepts when joining."""
    return await _tell(request, "charter")


@get("/aide", opt=EVEN_HALF_IN)
async def help_page(request: AnyRequest) -> Response[Any]:
    """What people ask, in short answers."""
    return await _tell(request, "help")


@get("/erreur/{reference:str}", opt=EVEN_HALF_IN)
async def after_an_accident(request: AnyRequest, reference: FromPath[str]) -> Response[Any]:
    """Where htmx leads after a 500. Only what looks like a number of ours is shown."""
    return accident(request, reference if _REFERENCE.fullmatch(reference) else "")


@route("/robots.txt", http_method=READ, opt=PUBLIC)
async def robots() -> Response[str]:
    """What search engines may leave alone."""
    return Response(ROBOTS, media_type="text/plain", headers={"Cache-Control": "public, max-age=86400"})


ROUTER = Router(
    path="",
    route_handlers=[search, privacy, legal, accessibility, charter, help_page, after_an_accident, robots],
)
