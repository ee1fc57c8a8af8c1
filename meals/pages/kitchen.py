"""The doors of the kitchen sheet: on screen, and on A4."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from app.web.rendering import house_of, render, visit_of
from meals.queries.kitchen import KitchenPage, kitchen_page, kitchen_sheet


async def _page(request: Request[Any, Any, Any], meal_id: int) -> KitchenPage:
    address = f"{house_of(request).settings.base_url}/repas/{meal_id}/cuisine"
    return await kitchen_page(meal_id, visit=visit_of(request), address=address)


@get("/repas/{meal_id:int}/cuisine")
async def show_kitchen(request: Request[Any, Any, Any], meal_id: FromPath[int]) -> Response[Any]:
    """What the kitchen of this meal needs to know."""
    return render(request, "meals/kitchen.html", await _page(request, meal_id))


@get("/repas/{meal_id:int}/cuisine/feuille")
async def print_kitchen(request: Request[Any, Any, Any], meal_id: FromPath[int]) -> Response[Any]:
    """The same on A4; `encre=noir` for coloured paper."""
    black = request.query_params.get("encre", "") == "noir"
    return render(request, "meals/kitchen_sheet.html", kitchen_sheet(await _page(request, meal_id), black=black))


routes_kitchen = [show_kitchen, print_kitchen]
