"""The letter box of the demonstration, where nothing leaves for real. Elsewhere these pages do not exist."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from app.errors import NotFound
from app.notices import queries
from app.web.rendering import house_of, render, visit_of


def _only_in_the_demonstration(request: Request[Any, Any, Any]) -> None:
    if not house_of(request).settings.demo:
        raise NotFound


@get("/", opt={"public": True})
async def show_demo_mails(request: Request[Any, Any, Any]) -> Response[Any]:
    """The mails that would have been sent, newest first."""
    _only_in_the_demonstration(request)
    written = request.query_params.get("avant", "")
    before = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    page = await queries.mails_page(before=before, now=visit_of(request).now)
    return render(request, "app/notices/show_demo_mails.html", page)


@get("/{mail_id:int}", opt={"public": True})
async def show_demo_mail(request: Request[Any, Any, Any], mail_id: FromPath[int]) -> Response[Any]:
    """One of them, whose link works."""
    _only_in_the_demonstration(request)
    page = await queries.mail_page(mail_id, now=visit_of(request).now)
    return render(request, "app/notices/show_demo_mail.html", page)
