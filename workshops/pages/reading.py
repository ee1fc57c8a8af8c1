"""The doors that only show: lists, one workshop, and what is printed."""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from app.web.rendering import house_of, render, visit_of
from workshops import queries
from workshops.pages.shared import PUBLIC, AnyRequest, show


@get("/ateliers", opt=PUBLIC)
async def list_workshops(request: AnyRequest) -> Response[Any]:
    """Workshops to come, or past ones."""
    query = request.query_params
    raw = str(query.get("page", "1"))
    number = min(500, max(1, int(raw))) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 1
    page = await queries.workshops_page(
        visit=visit_of(request), chosen=str(query.get("forme", "")), past=query.get("passes") == "1", number=number
    )
    return render(request, "workshops/list_workshops.html", page)


@get("/ateliers/{workshop_id:int}", opt=PUBLIC)
async def show_workshop(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """One workshop."""
    return await show(request, workshop_id, block=None)


@get("/ateliers/{workshop_id:int}/affiche", opt=PUBLIC)
async def print_poster(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """Its poster, on A4: no member's name on it."""
    base_url = house_of(request).settings.base_url
    page = await queries.sheet_page(workshop_id, visit=visit_of(request), base_url=base_url, people=False)
    return render(request, "workshops/workshop_poster.html", page)


@get("/ateliers/{workshop_id:int}/liste")
async def print_list(request: AnyRequest, workshop_id: FromPath[int]) -> Response[Any]:
    """First names to tick on paper, for its hosts."""
    base_url = house_of(request).settings.base_url
    page = await queries.sheet_page(workshop_id, visit=visit_of(request), base_url=base_url, people=True)
    return render(request, "workshops/workshop_list_sheet.html", page)


HANDLERS = [
    list_workshops,
    show_workshop,
    print_poster,
    print_list,
]
