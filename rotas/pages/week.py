"""The doors that are only read: a week of turns, one turn, the sheet of a day."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.web.answers import go_to
from app.web.rendering import render, visit_of
from rotas.pages.shared import PUBLIC, AnyRequest, show
from rotas.queries.day import day_sheet
from rotas.queries.week import week_page


@get("/tours", opt=PUBLIC)
async def show_week(request: AnyRequest) -> Response[Any]:
    """A week: `semaine` (one of its days), `voir` = `manque` or `moi`; visitors of several places: `lieu`."""
    params = request.query_params
    page = await week_page(
        visit_of(request), week=params.get("semaine", ""), chosen=params.get("voir", ""), slug=params.get("lieu", "")
    )
    if page is None:  # nothing has been set up: home says how
        return go_to(request, "/")
    return render(request, "rotas/week.html", page)


@get("/tours/jour")
async def show_day(request: AnyRequest) -> Response[Any]:
    """A day on A4: `jour`; `encre=noir` to print it on coloured paper."""
    params = request.query_params
    black = params.get("encre", "") == "noir"
    page = await day_sheet(visit_of(request), day=params.get("jour", ""), black=black)
    return render(request, "rotas/day_sheet.html", page)


@get("/tours/{slot_id:int}", opt=PUBLIC)
async def show_slot(request: AnyRequest, slot_id: FromPath[int]) -> Response[Any]:
    """One turn; `question=1` asks whether somebody experienced should rather have its last place."""
    return await show(request, slot_id, asks_sure=request.query_params.get("question", "") == "1")


HANDLERS = [show_week, show_day, show_slot]
