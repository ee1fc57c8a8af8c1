"""The letter box of the demonstration, where nothing leaves for real. Elsewhere these pages do not exist."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from app.errors import NotFound
from app.notices import queries
from app.notices.composing import Composer
from app.web.rendering import house_of, render, visit_of

_NAME = re.compile(r"([0-9]{1,10})(\.eml)?")


def _only_in_the_demonstration(request: Request[Any, Any, Any]) -> Composer:
    """What the mails would have been written by."""
    house = house_of(request)
    if not house.settings.demo:
        raise NotFound
    return Composer(house.settings, house.registry.entry_kinds)


@get("/", opt={"public": True})
async def show_demo_mails(request: Request[Any, Any, Any]) -> Response[Any]:
    """The mails that would have been sent, newest first."""
    composer = _only_in_the_demonstration(request)
    written = request.query_params.get("avant", "")
    before = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None
    page = await queries.mails_page(before=before, composer=composer, now=visit_of(request).now)
    return render(request, "app/notices/show_demo_mails.html", page)


@get("/{name:str}", opt={"public": True})
async def show_demo_mail(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
    """One of them, whose links work; or, at `12.eml`, the file that a mail program opens."""
    composer = _only_in_the_demonstration(request)
    asked = _NAME.fullmatch(name)
    if asked is None:
        raise NotFound
    mail_id, now = int(asked[1]), visit_of(request).now
    if asked[2]:
        content = await queries.mail_file(mail_id, composer=composer, now=now)
        return Response(
            content,
            media_type="message/rfc822",
            headers={"Content-Disposition": f'attachment; filename="{mail_id}.eml"', "Cache-Control": "no-store"},
        )
    page = await queries.mail_page(mail_id, composer=composer, now=now)
    return render(request, "app/notices/show_demo_mail.html", page)
