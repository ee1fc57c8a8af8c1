"""Pages of mediation: the desk, what waits for the bureau's yes, and the journal that members read.

The deeds are done on the domains' own pages.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get

from app.errors import Forbidden
from app.identity.api import why_may_not
from app.identity.states import Act
from app.mediation.queries import MOST_PAGES, bureau_page, desk_page, journal_page
from app.mediation.states import MediationRefusal
from app.web.rendering import house_of, render, visit_of

AnyRequest = Request[Any, Any, Any]


@get("/mediation")
async def desk(request: AnyRequest) -> Response[Any]:
    """What waits for a mediator of the place of the visit."""
    visit = visit_of(request)
    if not visit.mediator:
        raise Forbidden(MediationRefusal.ONLY_MEDIATORS)
    chosen = request.query_params.get("voir", "")
    page = await desk_page(visit, house_of(request).registry, chosen=chosen)
    return render(request, "app/mediation/desk.html", page)


@get("/bureau")
async def bureau(request: AnyRequest) -> Response[Any]:
    """What waits for the explicit yes of whoever may say it here."""
    visit = visit_of(request)
    if why_may_not(visit.member, Act.SAY_YES) is not None:
        raise Forbidden(MediationRefusal.ONLY_BUREAU)
    page = await bureau_page(visit, house_of(request).registry)
    return render(request, "app/mediation/bureau.html", page)


@get("/journal")
async def journal(request: AnyRequest) -> Response[Any]:
    """What was decided at the place of the visit, for its members."""
    visit = visit_of(request)
    if visit.member is None or not visit.member.belongs:
        raise Forbidden(MediationRefusal.ONLY_MEMBERS)
    page = await journal_page(
        visit,
        house_of(request).registry,
        month=request.query_params.get("mois", ""),
        number=page_number(request.query_params.get("page", "")),
    )
    return render(request, "app/mediation/journal.html", page)


def page_number(written: str) -> int:
    """The page that an address asks for; the first when it cannot be understood."""
    if not written.isascii() or not written.isdigit() or len(written) > 4:
        return 1
    return min(max(int(written), 1), MOST_PAGES)


ROUTER = Router(path="", route_handlers=[desk, bureau, journal])
