"""The cookies of getting in: the session, and what binds a code to the browser that asked for it."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from app.identity.entrance import PASSAGE_LIFE
from app.identity.sessions import LIFE, Opened
from app.identity.states import Device
from app.settings import Settings
from app.web.rendering import cookie_name, house_of

SESSION = "session"
WAITING = "attente"
A_YEAR = 365 * 24 * 3600


def session_cookie(settings: Settings, opened: Opened) -> Cookie:
    """Ninety days on one's own device; on a shared one it ends with the browser."""
    life = int(LIFE[Device.MINE].total_seconds()) if opened.device is Device.MINE else None
    return _cookie(settings, cookie_name(settings, SESSION), opened.token, life)


def no_session_cookie(settings: Settings) -> Cookie:
    """Makes the browser forget the session."""
    return _cookie(settings, cookie_name(settings, SESSION), "", 0)


def waiting_cookie(settings: Settings, waiting: str) -> Cookie:
    """Lives as long as the code that it waits for."""
    return _cookie(settings, cookie_name(settings, WAITING), waiting, int(PASSAGE_LIFE.total_seconds()))


def no_waiting_cookie(settings: Settings) -> Cookie:
    """The code has been used."""
    return _cookie(settings, cookie_name(settings, WAITING), "", 0)


def preference_cookie(settings: Settings, name: str, value: str) -> Cookie:
    """A choice of how pages look, kept for a year; an empty one is forgotten."""
    return _cookie(settings, settings.cookie(name), value, A_YEAR if value else 0)


def _cookie(settings: Settings, name: str, value: str, max_age: int | None) -> Cookie:
    return Cookie(name, value=value, path="/", max_age=max_age, secure=settings.secure, httponly=True, samesite="lax")


def session_token(request: Request[Any, Any, Any]) -> str | None:
    """The token that this browser shows, whether or not it opens anything."""
    return request.cookies.get(cookie_name(house_of(request).settings, SESSION)) or None


def waiting_token(request: Request[Any, Any, Any]) -> str | None:
    """What this browser keeps while it waits for a code."""
    return request.cookies.get(cookie_name(house_of(request).settings, WAITING)) or None
