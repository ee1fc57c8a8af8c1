"""A browser without a screen, for tests of pages: real HTTP semantics over the real application, at an hour of our own.

`World` holds the clock that the application reads; `Browser` keeps cookies, and puts the right token into its forms
unless told not to.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from litestar import Litestar

from app.database import transaction
from app.identity.tables import Session
from app.identity.visits import hash_token
from app.main import REGISTRY, make_app, make_routes
from app.registry import Registry
from app.settings import Settings
from app.web.csrf import FIELD, token_for

NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
"""Tuesday 24 November 2026, noon in Paris."""

MOST_MADE = 8
"""Applications that are kept for other tests; the first makes room."""

FormData = Mapping[str, str | Sequence[str]]


_made: dict[tuple[Settings, int], tuple[Registry, Litestar]] = {}


def routes_of(settings: Settings, registry: Registry) -> Litestar:
    """The routes for these, made once: they take longer than most tests."""
    known = _made.get((settings, id(registry)))
    if known is None:
        while len(_made) >= MOST_MADE:
            del _made[next(iter(_made))]
        known = _made[settings, id(registry)] = registry, make_routes(settings, registry)
    return known[1]


class World:
    """The application under test and its clock."""

    def __init__(self, now: datetime = NOON, registry: Registry = REGISTRY, **settings: Any) -> None:
        self.now = now
        defaults: dict[str, Any] = {"secret_key": "a secret for tests, long enough to serve"}
        self.settings = Settings(**{**defaults, **settings})
        routes = routes_of(self.settings, registry)
        self.app = make_app(self.settings, now=lambda: self.now, registry=registry, routes=routes)

    def later(self, **span: float) -> datetime:
        """Move the clock by this much (`hours=3`) and give the new hour."""
        self.now += timedelta(**span)
        return self.now

    def browser(self, **headers: str) -> Browser:
        """A fresh browser without any cookie."""
        return Browser(self, headers)

    async def browser_of(
        self, member_id: int, *, place_id: int | None, device: str = "mine", second: bool = True
    ) -> Browser:
        """A browser in which this member is signed in, with the second code as well unless `second` is false."""
        browser = Browser(self, {})
        await browser.sign_in(member_id, place_id=place_id, device=device, second=second)
        return browser


class Browser:
    """One browser. Use as `async with`, or just call: nothing stays open."""

    def __init__(self, world: World, headers: Mapping[str, str]) -> None:
        self.world = world
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=world.app),  # type: ignore[arg-type]  # httpx spells the same type its own way
            base_url=world.settings.base_url,
            headers=dict(headers),
        )

    @property
    def session_cookie(self) -> str:
        return "__Host-session" if self.world.settings.secure else "session"

    async def sign_in(self, member_id: int, *, place_id: int | None, device: str = "mine", second: bool = True) -> None:
        """Open a session as the sign-in page does; `second`: and as the page of the second code does."""
        token = secrets.token_urlsafe(32)
        now = self.world.now
        life = timedelta(days=90) if device == "mine" else timedelta(hours=2)
        async with transaction():
            await Session.insert(
                Session(
                    token_hash=hash_token(token),
                    member_id=member_id,
                    place_id=place_id,
                    device=device,
                    created_at=now,
                    seen_at=now,
                    expires_at=now + life,
                    second_at=now if second else None,
                )
            )
        # of this host, as if it had come from there: another session's cookie then takes its place
        self.http.cookies.set(self.session_cookie, token, domain=self.http.base_url.host)

    def csrf_token(self) -> str:
        """The token that this browser's forms carry now."""
        session = self.http.cookies.get(self.session_cookie)
        if session:
            return token_for(self.world.settings, hash_token(session))
        name = "__Host-visite" if self.world.settings.secure else "visite"
        if not self.http.cookies.get(name):
            self.http.cookies.set(name, secrets.token_urlsafe(24))
        return token_for(self.world.settings, self.http.cookies.get(name) or "")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=_dashed(headers))

    async def head(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.head(path, headers=_dashed(headers))

    async def post(
        self, path: str, data: FormData | None = None, *, token: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form. `token=""` sends none; any other text is sent as it is."""
        fields: dict[str, str | Sequence[str]] = dict(data or {})
        if token is None:
            token = self.csrf_token()
        if token:
            fields[FIELD] = token
        return await self.http.post(path, data=fields, headers=_dashed(headers))

    async def partial(self, path: str, data: FormData | None = None, **headers: str) -> httpx.Response:
        """Send a form as htmx does when it wants a fragment."""
        return await self.post(path, data, HX_Request="true", HX_Request_Type="partial", **headers)


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def words(response: httpx.Response) -> str:
    """What a person reads: tags gone, entities and special spaces made ordinary."""
    from html import unescape

    plain = unescape(re.sub(r"<[^>]+>", " ", response.text)).replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\s+", " ", plain)
