"""« Mes données »: what is kept, a copy of it, and erasing oneself, which says before what becomes of each thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post

from app.clock import local
from app.contracts import Exported, Leaving
from app.errors import Refused, SignInNeeded
from app.i18n import Text, language, text
from app.identity import commands_me, exporting, leaving, queries
from app.identity.cookies import no_session_cookie
from app.identity.pages import NO_ERRORS, AnyRequest
from app.identity.pages_me import signed_in
from app.identity.states import Device, IdentityRefusal
from app.web.answers import came_from, go_to
from app.web.error_pages import refusal_text, sign_in_needed
from app.web.flash import Flash
from app.web.forms import read_form
from app.web.kept import KeptTogether, by_part
from app.web.rendering import environment_of, house_of, render, visit_of

ERASURE = "/moi/donnees/effacement"


@dataclass(frozen=True, slots=True)
class DataPage:
    """« Mes données »."""

    kept: Sequence[KeptTogether]


@dataclass(frozen=True, slots=True)
class ErasurePage:
    """What erasing oneself would do."""

    me: queries.Me
    leaving: Leaving
    errors: Mapping[str, Text]
    understood: bool
    """Whether the box was ticked when the form was sent."""


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table of the copy, in words."""

    title: Text
    headings: Sequence[Text]
    rows: Sequence[Sequence[str]]


@get("/moi/donnees")
async def show_data(request: AnyRequest) -> Response[Any]:
    """What is kept, and what one can do about it."""
    signed_in(request)
    return render(request, "app/identity/data.html", DataPage(by_part(house_of(request).registry.keeps)))


@get("/moi/donnees/copie")
async def take_copy(request: AnyRequest) -> Response[bytes]:
    """The zip with all of one's own."""
    me, visit = signed_in(request), visit_of(request)
    told = await exporting.export_of(me.id, house_of(request).registry.domains)
    tables = [_in_words(table, visit.language) for _, several in told for table in several]
    page = (
        environment_of(visit.language)
        .get_template("app/identity/copy.html")
        .render(tables=tables, name=me.name, made=visit.now, visit=visit, base_url=house_of(request).settings.base_url)
    )
    content = exporting.zipped(page.encode("utf-8", "replace"), exporting.as_json(told, now=visit.now), now=visit.now)
    return Response(
        content=content,
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="mes-donnees-{local(visit.now):%Y-%m-%d}.zip"',
            "Cache-Control": "no-store",
        },
    )


def _in_words(table: Exported, code: str) -> ExportTable:
    spoken = language(code)
    rows = [[exporting.in_words(row.get(name), spoken) for name in table.columns] for row in table.rows]
    return ExportTable(table.title, list(table.columns.values()), rows)


async def _me(request: AnyRequest) -> queries.Me:
    visit = visit_of(request)
    return await queries.me_of(visit, proven=await commands_me.proven_by_session(visit.session_id, now=visit.now))


async def _erasure_page(
    request: AnyRequest,
    *,
    errors: Mapping[str, Text] = NO_ERRORS,
    understood: bool = False,
    flash: Flash | None = None,
    status: int = 200,
) -> Response[Any]:
    me = await _me(request)
    said = await leaving.leaving_of(me.id, house_of(request).registry.domains, now=visit_of(request).now)
    page = ErasurePage(me, said, errors, understood)
    return render(request, "app/identity/erasure.html", page, status=status, flash=flash)


@get(ERASURE)
async def show_erasure(request: AnyRequest) -> Response[Any]:
    """What would become of each thing, and the form that does it."""
    signed_in(request)
    return await _erasure_page(request)


def _nobody_here(request: AnyRequest, error: SignInNeeded) -> Response[Any]:
    """Sent twice, and the first has erased; or the session was over. It is not known which: the answer is true of both.
    The way in would be no place for whoever has just left; others than the page's own form are led there."""
    if came_from(request, "") != ERASURE:
        return sign_in_needed(request, error)
    done = text("Si tu viens d’effacer ton compte, c’est fait. Sinon, rien n’est effacé : entre, puis recommence.")
    return go_to(request, "/", flash=Flash(text("Aucun compte n’est ouvert ici"), done, tone=""))


@post(ERASURE, exception_handlers={SignInNeeded: _nobody_here})
async def erase_me(request: AnyRequest) -> Response[Any]:
    """Erases the account, for good."""
    visit, me = visit_of(request), signed_in(request)
    form = await read_form(request)
    understood, password = form.get("understood", "") == "1", form.get("password", "")
    errors: dict[str, Text] = {}
    if not understood:
        errors["understood"] = text("Coche d’abord la case : on ne peut pas revenir en arrière.")
    if not password:
        mine = await _me(request)
        if mine.has_password and not mine.proven:
            errors["password"] = text("Écris ton mot de passe.")
    if errors:
        return await _erasure_page(request, errors=errors, understood=understood, status=422)
    house = house_of(request)
    try:
        await leaving.erase_me(
            actor=me.id,
            session_id=visit.session_id,
            password=password,
            domains=house.registry.domains,
            now=visit.now,
        )
    except Refused as refused:
        sentence = refusal_text(request, refused)
        if refused.reason is IdentityRefusal.WRONG_PASSWORD:
            return await _erasure_page(request, errors={"password": sentence}, understood=True, status=422)
        return await _erasure_page(request, flash=Flash(sentence, tone="fault"), understood=True, status=409)
    flash = Flash(text("Ton compte est effacé"), text("Merci pour tout. Tu peux revenir quand tu veux."))
    answer = go_to(request, "/", flash=flash, cookies=[no_session_cookie(house.settings)])
    if visit.device is Device.SHARED:
        answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


DATA = [show_data, take_copy, show_erasure, erase_me]
