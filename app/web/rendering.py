"""From a template and a page's dataclass to an answer.

One Jinja environment per language, so that a page never asks which language it is in. A fragment is a named block of
the whole page's template, and is answered only to `HX-Request-Type: partial`.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.compiler import CodeGenerator
from jinja2_fragments import render_block
from litestar import Request, Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from app.contracts import NavItem
from app.i18n import Text, capital, language
from app.identity.visits import Visit
from app.registry import Registry
from app.settings import Settings
from app.web.csrf import LazyToken
from app.web.flash import Flash, SaidFlash, no_flash_header, read_flash
from app.web.folding import FoldingGenerator
from app.web.pieces import PIECES
from app.web.remembering import Remember
from app.web.static import static_files

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
VARY = "Accept-Language, Cookie, HX-Request, HX-Request-Type"
ANY_REQUEST = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class House:
    """What every request needs of the application: kept in its state."""

    settings: Settings
    registry: Registry


def house_of(request: ANY_REQUEST) -> House:
    """The application's settings and registry."""
    house: House = request.app.state["house"]
    return house


def visit_of(request: ANY_REQUEST) -> Visit:
    """Who is asking."""
    visit: Visit = request.scope["state"]["visit"]
    return visit


class PageEnvironment(Environment):
    """Where templates are compiled with their constants folded."""

    code_generator_class: type[CodeGenerator] = FoldingGenerator

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Those of the environment as they are, where a template has none of its own: Jinja's chain of two would be
        copied for each rendering, in Python."""
        return super().make_globals(d) if d else self.globals


@cache
def environment_of(code: str) -> Environment:
    """The templates in this language, compiled once each."""
    spoken = language(code)
    environment = PageEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", Remember],
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        spoken.gettext, spoken.ngettext, newstyle=True
    )
    environment.globals.update(
        static=static_files().url,
        lang=spoken,
        say=spoken.say,
        paragraphs=paragraphs,
        pieces=PIECES,
    )
    environment.filters["capital"] = capital
    environment.globals["ui"] = environment.get_template("components/ui.html").module
    return environment


def paragraphs(written: str) -> Markup:
    """A member's text of several lines as paragraphs; everything in it is escaped."""
    blocks = [block for block in written.split("\n\n") if block.strip()]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(line for line in block.split("\n"))) for block in blocks
    )


def wants_fragment(request: ANY_REQUEST) -> bool:
    """Whether htmx asks for a part of the page. `HX-Request` alone also comes with the Back button."""
    return request.headers.get("hx-request-type") == "partial"


def nav_for(visit: Visit, registry: Registry) -> tuple[NavItem, ...]:
    """The contents list of this person; none for whoever owes a second code, to whom its pages are closed."""
    if visit.half_in is not None:
        return ()
    member = visit.member
    return tuple(
        item
        for item in registry.nav
        if (not item.for_members or member is not None)
        and (not item.for_mediators or visit.mediator)
        and not (item.not_for_mediators and visit.mediator)
        and (item.for_act is None or (visit.may(item.for_act) and not visit.mediator))
    )


def page_context(
    page: object, visit: Visit, registry: Registry, token: LazyToken, said: SaidFlash | None
) -> dict[str, Any]:
    """What every template may read besides the globals of `environment_of`."""
    return {
        "page": page,
        "visit": visit,
        "nav": nav_for(visit, registry),
        "notice_": said,
        "csrf_token": token,
    }


def render(
    request: ANY_REQUEST,
    template: str,
    page: object,
    *,
    block: str | Sequence[str] | None = None,
    status: int = 200,
    flash: Flash | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    cookies: bool = True,
) -> Response[bytes]:
    """The answer that shows this page; or, when htmx asks for a part and `block` names one (or several), only that.

    `flash` is shown at once (for answers that are not redirects); otherwise the one left by the last redirect is.
    `cookies` false is for pages without our forms that know nobody: none is read, none is set.
    """
    house, visit = house_of(request), visit_of(request)
    environment = environment_of(visit.language)
    token = LazyToken(house.settings, visit)
    partial = block is not None and wants_fragment(request)
    left = None if flash is not None or partial or not cookies else read_flash(request, house.settings)
    shown = flash or left
    said = shown.said(language(visit.language).say) if shown else None
    context = {**page_context(page, visit, house.registry, token, said), **(extra or {})}
    if partial and block is not None:
        names = [block] if isinstance(block, str) else list(block)
        body = "".join(render_block(environment, template, name, context) for name in names)
        if shown is not None:
            body += render_block(environment, "components/flash.html", "flash_out_of_band", context)
    else:
        body = environment.get_template(template).render(context)
    response = Response(
        content=body.encode("utf-8", "replace"),
        status_code=status,
        media_type="text/html",
        headers={
            "Vary": VARY,
            "Cache-Control": "no-store" if visit.member is not None else "private, no-cache",
            **({"Set-Cookie": no_flash_header(house.settings)} if left is not None else {}),
            **(headers or {}),
        },
    )
    if token.new_anonymous is not None:
        response.cookies.append(anonymous_cookie(house.settings, token.new_anonymous))
    return response


def cookie_name(settings: Settings, name: str) -> str:
    """`__Host-` over https; plain on the local network."""
    return settings.cookie(name)


def anonymous_cookie(settings: Settings, value: str) -> Cookie:
    """What binds a visitor's forms to their browser; it ends with the browser."""
    return Cookie(
        cookie_name(settings, "visite"), value=value, path="/", secure=settings.secure, httponly=True, samesite="lax"
    )


def words(request: ANY_REQUEST, message: Text | str) -> str:
    """A text said in the language of this request."""
    return language(visit_of(request).language).say(message)
