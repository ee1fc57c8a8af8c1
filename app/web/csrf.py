"""Our own guard against forged forms: a token bound to the session, and what the browser says of where it comes from.

Each form carries `_csrf_token`, an HMAC of the secret key and of the session (or of an anonymous cookie that pages
with forms set). A stale token from our own pages gets the form back, values kept; anything from another site gets
nothing. OWASP ASVS 5.0, 3.5.
"""

from __future__ import annotations

import hmac
import secrets
import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.handlers import BaseRouteHandler

from app.errors import ForgedForm, SignInNeeded
from app.identity.sessions import session_lasts
from app.identity.visits import Visit
from app.settings import Settings
from app.web.forms import read_form

FIELD = "_csrf_token"
A_WHILE = 1.0
"""Seconds that a form may take to arrive before it is asked whether its session still lasts: who was signed in was read
with its headers, and whoever holds a form back would act after a sign-out."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def token_for(settings: Settings, session_key: str) -> str:
    """The token that belongs in the forms of this session."""
    return _token(settings.secret_key, session_key)


@lru_cache(maxsize=256)  # the same on each page of a session; 20 µs among the rest of an answer, 2 alone
def _token(secret_key: str, session_key: str) -> str:
    return hmac.digest(secret_key.encode(), b"form:" + session_key.encode(), "sha256").hex()


class LazyToken:
    """Given to templates: makes the anonymous cookie only for pages that do have a form."""

    __slots__ = ("_settings", "_token", "_visit", "new_anonymous")

    def __init__(self, settings: Settings, visit: Visit) -> None:
        self._settings = settings
        self._visit = visit
        self._token: str | None = None
        self.new_anonymous: str | None = None
        """The value of the cookie to set, when this page made one."""

    def __str__(self) -> str:
        if self._token is None:
            key = self._visit.session_key
            if not key:
                key = self.new_anonymous = secrets.token_urlsafe(24)
            self._token = token_for(self._settings, key)
        return self._token

    __html__ = __str__


def comes_from_elsewhere(request: Request[Any, Any, Any], settings: Settings) -> bool:
    """Whether the browser says that another site made this request (Fetch Metadata; RFC 6454 for `Origin`)."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    if origin == "null":
        return fetch_site is None
    try:
        return urlsplit(origin).netloc not in (settings.host, request.headers.get("host", ""))
    except ValueError:
        return True


async def refuse_forgery(
    request: Request[Any, Any, Any], handler: BaseRouteHandler, settings: Settings, visit: Visit
) -> None:
    """Let a form through only when it is one of ours, from this session. Raises `ForgedForm`, and
    `SignInNeeded` where the session ended while the form was on its way.

    A handler with `no_csrf` asks for no token: what it does harms nobody, or it proves by other means who sends it.
    A browser that says that another site sent the form is refused there, too; but with `from_anywhere`, where a secret
    address is all the proof, and is kept from other sites by `Referrer-Policy: no-referrer`, which has browsers say
    `Origin: null` with the form.
    """
    if request.method in SAFE_METHODS or handler.opt.get("from_anywhere"):
        return
    if comes_from_elsewhere(request, settings):
        raise ForgedForm(foreign=True)
    if handler.opt.get("no_csrf"):
        return
    began = time.monotonic()
    form = await read_form(request)
    if (
        visit.session_id is not None
        and time.monotonic() - began > A_WHILE
        and not await session_lasts(visit.session_id)
    ):
        raise SignInNeeded
    sent = form.get(FIELD, "")
    expected = token_for(settings, visit.session_key) if visit.session_key else ""
    if not expected or not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), expected.encode()):
        raise ForgedForm(foreign=False)
