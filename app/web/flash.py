"""A word left for the next page: what was just done, shown once.

It travels in a short-lived signed cookie, so that reading a page writes nothing in the database.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from app.i18n import Text
from app.settings import Settings

NAME = "annonce"
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes back what was just done: a form with one button, « J’annule »."""

    action: str
    """Path it is posted to."""
    name: str = ""
    value: str = ""
    """The one field it sends, if any."""


@dataclass(frozen=True, slots=True)
class Flash:
    """A notice: its tone (`ok`, `fault`, or nothing), what it says, what it adds, and how it is undone."""

    strong: Text
    words: Text | None = None
    tone: str = "ok"
    undo: Undo | None = None
    about: str = ""
    """The id of what it is about, where the page opens on that, out of sight of its own head."""

    def said(self, say: Callable[[Text], str]) -> SaidFlash:
        """The notice in a language."""
        return SaidFlash(self.tone, say(self.strong), say(self.words) if self.words else "", self.undo, self.about)


@dataclass(frozen=True, slots=True)
class SaidFlash:
    """A notice as the layout shows it."""

    tone: str
    strong: str
    words: str
    undo: Undo | None = None
    about: str = ""


def _sign(settings: Settings, payload: str) -> str:
    return hmac.digest(settings.secret_key.encode(), b"flash:" + payload.encode(), "sha256").hex()[:32]


def _packed(message: Text | None) -> list[Any] | None:
    return None if message is None else [message.msgid, dict(message.details), message.plural, message.n]


def _unpacked(packed: list[Any] | None) -> Text | None:
    return None if packed is None else Text(packed[0], packed[1], packed[2], packed[3])


def flash_cookie(settings: Settings, flash: Flash) -> Cookie:
    """The cookie that carries it. Details must be plain strings and numbers."""
    undo = [flash.undo.action, flash.undo.name, flash.undo.value] if flash.undo else None
    parts = [flash.tone, _packed(flash.strong), _packed(flash.words), undo, *([flash.about] if flash.about else [])]
    data = json.dumps(parts, ensure_ascii=False)
    payload = base64.urlsafe_b64encode(data.encode()).decode()
    return _cookie(settings, f"{payload}.{_sign(settings, payload)}", SECONDS)


def flash_header(settings: Settings, flash: Flash) -> str:
    """The same as a `Set-Cookie`: Litestar writes one out by `http.cookies`, longer than all else of an answer."""
    return _written(flash_cookie(settings, flash))


def no_flash_header(settings: Settings) -> str:
    """It has been shown: its `Set-Cookie`, written so for the same reason."""
    return _written(_cookie(settings, "", 0))


def _written(cookie: Cookie) -> str:
    secure = "; Secure" if cookie.secure else ""
    return f"{cookie.key}={cookie.value}; HttpOnly; Max-Age={cookie.max_age}; Path=/; SameSite=lax{secure}"


def _cookie(settings: Settings, value: str, max_age: int) -> Cookie:
    return Cookie(
        settings.cookie(NAME),
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=settings.secure,
    )


def read_flash(request: Request[Any, Any, Any], settings: Settings) -> Flash | None:
    """The notice that the last redirect left, if it is one of ours."""
    payload, _, signature = request.cookies.get(settings.cookie(NAME), "").partition(".")
    if not payload or not hmac.compare_digest(_sign(settings, payload).encode(), signature.encode()):
        return None
    tone, strong, words, *more = json.loads(base64.urlsafe_b64decode(payload))
    said = _unpacked(strong)
    undo = Undo(*more[0]) if more and more[0] else None
    about = more[1] if len(more) > 1 else ""
    return None if said is None else Flash(said, _unpacked(words), tone, undo, about)
