"""A form that was begun before its session ended, and arrives after: it does nothing, and brings nothing back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlencode

import httpx
import pytest

from app.database import run, transaction
from app.identity.commands import unmake_mediator
from app.identity.sessions import end_sessions
from app.web import csrf
from app.web.csrf import FIELD
from tests.app.identity.steps import is_in, sessions_of, set_cookies
from tests.client import NOON, Browser, World
from tests.people import Cast

Deed = Callable[[], Awaitable[object]]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def world() -> World:
    return World()


async def send_in_two(browser: Browser, fields: dict[str, str], meanwhile: Deed) -> httpx.Response:
    """The profile, of which half arrives, then a pause in which something happens, then the rest."""
    body = urlencode({FIELD: browser.csrf_token(), **fields}).encode()

    async def halves() -> AsyncIterator[bytes]:
        yield body[:40]
        await asyncio.sleep(0)
        await meanwhile()
        await asyncio.sleep(csrf.A_WHILE + 0.1)
        yield body[40:]

    return await browser.http.post("/moi", content=halves(), headers=FORM)


async def about(member_id: int) -> str:
    return str((await run("select about from member where id = {}", member_id))[0]["about"])


WORDS = {"name": "Samira", "about": "Écrit après le départ."}


class TestSignedOutMeanwhile:
    async def test_it_does_nothing_and_the_session_stays_dead(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        other = world.browser()
        other.http.cookies.update(browser.http.cookies)

        async def sign_out() -> None:
            assert (await other.post("/deconnexion")).status_code == 303

        answer = await send_in_two(browser, WORDS, sign_out)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/connexion")
        assert browser.session_cookie not in set_cookies(answer)
        assert await about(cast.samira) != WORDS["about"]
        assert await sessions_of(cast.samira) == []
        assert not await is_in(browser)

    async def test_who_has_not_left_is_heard_however_slowly(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        answer = await send_in_two(browser, WORDS, lambda: asyncio.sleep(0))
        assert (answer.status_code, answer.headers["location"]) == (303, "/moi")
        assert await about(cast.samira) == WORDS["about"]

    async def test_without_asking_again_it_would_be_done(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The positive control."""

        async def lasts(_: int) -> bool:
            return True

        monkeypatch.setattr(csrf, "session_lasts", lasts)
        browser = await world.browser_of(cast.samira, place_id=cast.place)

        async def end() -> None:
            async with transaction():
                await end_sessions(cast.samira)

        await send_in_two(browser, WORDS, end)
        assert await about(cast.samira) == WORDS["about"]
        assert not await is_in(browser), "even then it opens nothing"


async def test_a_mediator_who_is_one_no_more_is_out_in_the_middle_of_a_form(cast: Cast, world: World) -> None:
    browser = await world.browser_of(cast.bruno, place_id=cast.place)

    async def dismiss() -> None:
        await unmake_mediator(member_id=cast.bruno, place_id=cast.place, now=NOON)

    answer = await send_in_two(browser, {"name": "Bruno", "about": WORDS["about"]}, dismiss)
    assert answer.headers["location"].partition("?")[0] == "/connexion"
    assert await about(cast.bruno) != WORDS["about"]
