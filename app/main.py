"""The composition root: the domains, the shell around them, and the application that a server runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from litestar import Litestar, Request, Response, Router, route
from litestar.config.compression import CompressionConfig
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp

from app import clock
from app.accounts import spending
from app.accounts.domain import DOMAIN as ACCOUNTS
from app.calendar.domain import DOMAIN as CALENDAR
from app.calendar.polling import Polling
from app.database import run
from app.errors import DatabaseHeld, NotFound
from app.identity.domain import DOMAIN as IDENTITY
from app.identity.guards import guard_the_door
from app.mediation.domain import DOMAIN as MEDIATION
from app.notices.domain import DOMAIN as NOTICES
from app.payments import payables
from app.payments.domain import DOMAIN as PAYMENTS
from app.registry import Registry
from app.settings import LANGUAGES, Settings
from app.web.csrf import refuse_forgery
from app.web.domain import DOMAIN as WEB
from app.web.error_pages import ERROR_HANDLERS
from app.web.rendering import House, environment_of, visit_of
from app.web.shell import Shell
from app.web.static import static_files
from meals.domain import DOMAIN as MEALS
from rotas.domain import DOMAIN as ROTAS
from workshops.domain import DOMAIN as WORKSHOPS

REGISTRY = Registry.of(IDENTITY, CALENDAR, WORKSHOPS, MEALS, ROTAS, MEDIATION, NOTICES, PAYMENTS, ACCOUNTS, WEB)
payables.know(REGISTRY.payables)
spending.know(REGISTRY.spends)
LARGEST_BODY = 3 * 1024 * 1024
FOR_EVER = "public, max-age=31536000, immutable"


@route("/healthz", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"public": True})
async def healthz() -> Response[str]:
    """`ok` when the database answers."""
    await run("select 1")
    return Response("ok", media_type="text/plain", headers={"Cache-Control": "no-store"})


@route(
    "/static/{path:path}", http_method=[HttpMethod.GET, HttpMethod.HEAD], opt={"public": True, "own_compression": True}
)
async def static_file(request: Request[Any, Any, Any], path: FromPath[str]) -> Response[bytes]:
    """A static file under its hashed name, compressed as the browser likes."""
    file = static_files().by_name.get(path.lstrip("/"))
    if file is None:
        raise NotFound
    headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    content, encoding = file.as_accepted(request.headers.get("accept-encoding", ""))
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=file.content_type, headers=headers)


class Application(Litestar):
    """Litestar without its plugins for Pydantic and attrs: no model of ours is one of theirs, and Pydantic, which is
    installed because Piccolo could use it, is 7 MiB in every process."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def make_app(
    settings: Settings,
    *,
    now: Callable[[], datetime] = clock.now,
    registry: Registry = REGISTRY,
    lifespan: Any = None,
    routes: Litestar | None = None,
) -> ASGIApp:
    """The whole application. `now` is injected so that tests choose the hour; `routes` are those of `make_routes` for
    the same settings and registry, if they are there already."""
    polling = Polling(settings, registry.entry_kinds, now)
    if routes is None:
        routes = make_routes(settings, registry, lifespan=lifespan, on_shutdown=[polling.tally.tell])
    return Shell(routes, settings, now, before=polling)


def make_routes(
    settings: Settings,
    registry: Registry = REGISTRY,
    *,
    lifespan: Any = None,
    on_shutdown: Sequence[Callable[[], None]] = (),
) -> Litestar:
    """All addresses, and what is asked before any of them answers. They keep nothing of a request or of a clock; making
    them takes half a second, so that many tests use one."""

    async def before_each(request: Request[Any, Any, Any]) -> None:
        # Not among Litestar's `guards`: it copies the handler for each of them, at each request.
        await guard_the_door(request, request.route_handler)
        await refuse_forgery(request, request.route_handler, settings, visit_of(request))

    app = Application(
        route_handlers=[healthz, static_file, *registry.routers],
        before_request=before_each,
        exception_handlers=ERROR_HANDLERS,  # type: ignore[arg-type]  # Litestar wants a wider key type
        compression_config=CompressionConfig(
            backend="brotli", brotli_quality=4, brotli_gzip_fallback=True, exclude_opt_key="own_compression"
        ),
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        lifespan=lifespan or [],
        on_shutdown=list(on_shutdown),
        logging_config=None,
    )
    app.state["house"] = House(settings, registry)
    for code in LANGUAGES:  # compiled before the first request
        environment_of(code)
    return app


__all__ = ["REGISTRY", "DatabaseHeld", "Router", "make_app", "make_routes"]
