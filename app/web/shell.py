"""The shell around every request, outside Litestar: its number, its visit, its headers, its line in the log.

It stands outside so that a page which does not exist has them as well. It loads the session for pages only: static
files, feeds and the health check never touch it.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from app.identity.over import delete_found, finding
from app.identity.sessions import touch_session
from app.identity.visits import Visit, visit_of_session
from app.settings import LANGUAGES, Settings
from app.web.log import path_without_secret

log = logging.getLogger("reseau.requests")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
_WITHOUT_SESSION = ("/static/", "/calendriers/", "/healthz", "/api/", "/courrier/", "/offres/", "/paiements/")
_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)")
# Litestar cannot tell `/ateliers/12.ics` from `/ateliers/{id}`: its router has one parameter at a place in a path.
_ONE_EVENT = re.compile(r"/([a-z-]{1,30})/([0-9]{1,10})\.ics")


Before = Callable[[HTTPScope, Send], Awaitable[bool]]
"""Asked before anything else is done for a request: whether it has answered it, with all that belongs to an answer."""


def security_headers(settings: Settings) -> list[tuple[bytes, bytes]]:
    """What every answer has, unless it has its own under the same name."""
    common = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        "X-Frame-Options": "DENY",
    }
    if settings.secure:
        common["Strict-Transport-Security"] = "max-age=31536000"
    return [(name.lower().encode(), value.encode()) for name, value in common.items()]


def new_reference() -> str:
    """The number of a request."""
    return secrets.token_hex(5)


class Shell:
    """Wraps the application."""

    def __init__(
        self, app: ASGIApp, settings: Settings, clock: Callable[[], datetime], before: Before | None = None
    ) -> None:
        self.app = app
        self.before = before
        self.settings = settings
        self.clock = clock
        self._session_cookie = settings.cookie("session")
        self._anonymous_cookie = settings.cookie("visite")
        self._headers = security_headers(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        if self.before is not None and await self.before(scope, send):
            return
        with finding() as over:
            visit = await self._answer(scope, receive, send)
        await delete_found(over)  # after the answer, as what follows: no page waits for it
        if visit.touch_due and visit.session_id is not None:
            try:
                await touch_session(visit.session_id, now=visit.now)
            except Exception:
                log.exception("session not touched", extra={"reference": visit.reference})

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> Visit:
        started = time.perf_counter()
        reference = new_reference()
        path, method = scope["path"], scope["method"]
        state: dict[str, Any] = scope.setdefault("state", {})
        status = 0
        if one_event := _ONE_EVENT.fullmatch(path):
            path = scope["path"] = "/calendriers/evenements/{}/{}".format(*one_event.groups())
        if b"%00" in scope["query_string"]:
            scope["query_string"] = without_nulls(scope["query_string"])
        head = method == "HEAD"
        if head:  # answered as GET, without its body: Litestar's own @get says 405 (RFC 9110, 9.3.2)
            scope = cast("HTTPScope", {**scope, "method": "GET"})

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in self._headers if name not in present),
                    (b"x-request-id", reference.encode()),
                ]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        visit = state["visit"] = await self._visit(scope, path, reference)
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("the page of the error failed, too", extra={"reference": reference})
            if status:
                raise
            await _bare_answer(send_with_headers, reference)
        finally:
            if not path.startswith("/static/"):
                log.info(
                    "request",
                    extra={
                        "reference": reference,
                        "method": method,
                        "path": path_without_secret(path),
                        "status": status,
                        "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                    },
                )
        return visit

    async def _visit(self, scope: Scope, path: str, reference: str) -> Visit:
        now = self.clock()
        if path.startswith(_WITHOUT_SESSION):
            return Visit(now=now, language=self.settings.locale, reference=reference)
        cookies, accepted = _cookies_and_language(scope)
        theme = cookies.get(self.settings.cookie("theme"))
        theme = theme if theme in ("light", "dark") else None
        token = cookies.get(self._session_cookie)
        if token:
            try:
                visit = await visit_of_session(
                    token, now=now, theme=theme, reference=reference, second=not self.settings.demo
                )
            except Exception as error:  # raised again by the guard at the door, where it becomes a page
                visit, scope["state"]["shell_error"] = None, error
            if visit is not None:
                return visit
        chosen = cookies.get(self.settings.cookie("langue"))
        return Visit(
            now=now,
            language=chosen if chosen in LANGUAGES else preferred_language(accepted, self.settings.locale),
            theme=theme,
            session_key=cookies.get(self._anonymous_cookie, ""),
            reference=reference,
            stale_cookie=bool(token),
        )


async def _bare_answer(send: Send, reference: str) -> None:
    """The last resort when even the page of a 500 cannot be made."""
    body = f"Quelque chose s’est cassé. Something broke. {reference}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def without_nulls(query: bytes) -> bytes:
    """The query without null characters, as in forms: PostgreSQL refuses them in any text.

    In one pass, since what stands around a removed one may close up to the next: replacing again and again takes the
    square of the length, and anybody may send a long query.
    """
    kept = bytearray()
    for byte in query:
        kept.append(byte)
        if kept.endswith(b"%00"):
            del kept[-3:]
    return bytes(kept)


def preferred_language(accepted: str, default: str) -> str:
    """The first of our languages that the browser asks for (RFC 9110, 12.5.4)."""
    wishes: list[tuple[float, int, str]] = []
    for place, each in enumerate(accepted.split(",")[:20]):
        tag, _, parameter = each.partition(";")
        weight = _WEIGHT.fullmatch(parameter.strip())
        code = tag.strip().lower().partition("-")[0]
        if code in LANGUAGES and (not parameter.strip() or weight):
            wishes.append((-float(weight[1]) if weight else -1.0, place, code))
    best = min(wishes, default=(0.0, 0, default))
    return best[2] if best[0] < 0 else default


def _cookies_and_language(scope: Scope) -> tuple[dict[str, str], str]:
    cookies: dict[str, str] = {}
    accepted = ""
    for name, value in scope["headers"]:
        if name == b"cookie":
            # By hand: one cookie of another program on this host that Python finds odd would hide ours.
            for pair in value.decode("latin-1").split(";"):
                key, equals, content = pair.partition("=")
                if equals:
                    cookies.setdefault(key.strip(), content.strip().strip('"'))
        elif name == b"accept-language":
            accepted = value.decode("latin-1")
    return cookies, accepted
