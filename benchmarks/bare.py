"""The bare server: the same pages from the same templates, but with constants, no session and no database.

It is told (a line of JSON) which addresses of which database to ask once, through the real application, and keeps what
their templates were given. From then on each of them is a handler that renders the page's own template with it, in the
frame that every answer of ours has: its number, the headers that protect it, its line in the log. Beside them stand, of
Litestar alone, the same pages without that frame, a bare answer (a short text), and the bytes of feeds, kept in memory.
It is served as the place is.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import contextmanager
from typing import Any
from unittest import mock

import httpx
from jinja2 import Template
from litestar import Litestar, Response, get
from litestar.config.compression import CompressionConfig
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send
from markupsafe import Markup

from app import clock
from app.database import close_database, connect, open_database
from app.main import make_app
from app.serving import address_of, listen, serve_until_stopped
from app.settings import Settings
from app.web.error_pages import ERROR_HANDLERS
from app.web.log import start_logging
from app.web.rendering import VARY
from app.web.shell import Shell
from benchmarks.programs import answer

TEXT = "bonjour"
PAGE_HEADERS = {"Vary": VARY, "Cache-Control": "no-store"}


class Caught:
    """What the template of an answer was given."""

    def __init__(self) -> None:
        self.rendered: list[tuple[Template, dict[str, Any]]] = []


@contextmanager
def catching(caught: Caught) -> Any:
    """Whole pages that are rendered inside are noted."""
    real = Template.render

    def render(template: Template, *args: Any, **kwargs: Any) -> str:
        caught.rendered.append((template, dict(*args, **kwargs)))
        return real(template, *args, **kwargs)

    with mock.patch.object(Template, "render", render):
        yield


async def ask_once(settings: Settings, asked: dict[str, dict[str, str]]) -> dict[str, tuple[Caught, httpx.Response]]:
    """Each address, asked as it says who is asking: what was rendered, and the answer."""
    connect(settings.database_url)
    await open_database()
    try:
        transport: Any = httpx.ASGITransport(app=make_app(settings))  # type: ignore[arg-type]  # httpx spells the same type its own way
        found = {}
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            for name, each in asked.items():
                caught = Caught()
                with catching(caught):
                    answer = await client.get(
                        each["path"], headers={"cookie": each["cookie"], "accept-encoding": "identity"}
                    )
                if answer.status_code != 200:
                    raise RuntimeError(f"{each['path']} answers {answer.status_code}")
                found[name] = caught, answer
        return found
    finally:
        await close_database()


def bare_page(where: str, name: str, caught: Caught) -> HTTPRouteHandler:
    """The handler of a page that is rendered from what was caught."""
    ((template, context),) = caught.rendered
    # The token of the forms as it stands in the page: making it is the session's affair.
    context = {**context, "csrf_token": Markup(str(context["csrf_token"]))}  # noqa: S704 - ours, hexadecimal
    environment, template_name = template.environment, template.name
    assert template_name is not None

    @get(f"/{where}/{name}")
    async def handler() -> Response[bytes]:
        body: str = environment.get_template(template_name).render(context)
        return Response(body.encode(), media_type="text/html", headers=PAGE_HEADERS)

    return handler


def kept_bytes(name: str, body: bytes) -> HTTPRouteHandler:
    """The handler of bytes from memory."""

    @get(f"/bytes/{name}")
    async def handler() -> Response[bytes]:
        return Response(body, media_type="text/calendar")

    return handler


@get("/text")
async def bare_text() -> Response[str]:
    """The least that Litestar answers."""
    return Response(TEXT, media_type="text/plain")


def both(bare: ASGIApp, framed: ASGIApp) -> ASGIApp:
    """Pages in our frame, all else bare."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == ScopeType.HTTP and scope["path"].startswith("/pages/")
        await (framed if page else bare)(scope, receive, send)

    return served


def main() -> None:
    """Ask, then serve until stopped."""
    asked = json.loads(sys.stdin.readline())
    settings = Settings(
        database_url=asked["database"], secret_key=asked["secret_key"], base_url=asked["base_url"], locale="fr"
    )
    pages = asyncio.run(ask_once(settings, asked["pages"]))
    feeds = asyncio.run(ask_once(settings, asked["feeds"]))
    bare = Litestar(
        [
            bare_text,
            *(kept_bytes(name, answer.content) for name, (_, answer) in feeds.items()),
            *(bare_page("alone", name, caught) for name, (caught, _) in pages.items()),
        ],
        openapi_config=None,
        logging_config=None,
    )
    framed = Litestar(
        [bare_page("pages", name, caught) for name, (caught, _) in pages.items()],
        exception_handlers=ERROR_HANDLERS,  # type: ignore[arg-type]  # Litestar wants a wider key type
        compression_config=CompressionConfig(backend="brotli", brotli_quality=4, brotli_gzip_fallback=True),
        openapi_config=None,
        logging_config=None,
    )
    start_logging()
    listening = listen("127.0.0.1", 0)
    answer({"port": int(address_of(listening).rpartition(":")[2])})
    serve_until_stopped(listening, both(bare, Shell(framed, settings, clock.now)))


if __name__ == "__main__":
    main()
