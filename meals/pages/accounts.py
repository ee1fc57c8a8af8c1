"""The door of open accounts."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from app.web.rendering import render, visit_of
from meals.pages.shared import AnyRequest
from meals.queries.accounts import accounts_page


@get("/repas/comptes")
async def show_accounts(request: AnyRequest) -> Response[Any]:
    """What meals cost and brought in a month; `mois` says which one."""
    page = await accounts_page(visit_of(request), written=str(request.query_params.get("mois", "")))
    return render(request, "meals/accounts.html", page)


routes_accounts = [show_accounts]
