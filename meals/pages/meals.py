"""The doors that only show: the list of meals, and one meal."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.web.rendering import render, visit_of
from meals.pages.shared import PUBLIC, AnyRequest, show
from meals.queries.lists import meals_page


@get("/repas", opt=PUBLIC)
async def list_meals(request: AnyRequest) -> Response[Any]:
    """Meals to come, and past ones."""
    query = request.query_params
    raw = str(query.get("page", "1"))
    number = min(500, max(1, int(raw))) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 1
    page = await meals_page(visit=visit_of(request), past=query.get("passes") == "1", number=number)
    return render(request, "meals/meals.html", page)


@get("/repas/{meal_id:int}", opt=PUBLIC)
async def show_meal(request: AnyRequest, meal_id: FromPath[int]) -> Response[Any]:
    """One meal."""
    return await show(request, meal_id)


HANDLERS = [list_meals, show_meal]
