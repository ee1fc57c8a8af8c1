"""A word for the next page: signed, shown once, kept in the browser alone."""

from __future__ import annotations

import base64
import json
from http.cookies import SimpleCookie
from typing import Any

import pytest
from litestar import Request

from app.database import Store, run
from app.i18n import language, text, text_n
from app.settings import Settings
from app.web.flash import NAME, SECONDS, Flash, Undo, flash_cookie, flash_header, read_flash
from app.web.rendering import environment_of
from tests.client import Browser, words
from tests.people import make_cast
from tests.web.probe import world

SAID = "C’est noté, Odile !"


async def left() -> Browser:
    """A browser in which something was just done."""
    browser = world().browser()
    answer = await browser.post("/essai/mot", {"name": "Odile"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/essai")
    return browser


async def test_it_is_shown_on_the_next_page_and_only_there() -> None:
    browser = await left()
    shown = await browser.get("/essai")
    assert SAID in words(shown)
    assert "Et voilà" in words(shown)
    assert 'data-tone="ok"' in shown.text
    assert SAID not in words(await browser.get("/essai"))


async def test_a_fragment_leaves_it_for_the_page() -> None:
    browser = await left()
    assert SAID not in words(await browser.partial("/essai/morceau"))
    assert SAID in words(await browser.get("/essai"))


async def test_it_is_said_in_the_language_of_the_page() -> None:
    browser = await left()
    browser.http.cookies.set("langue", "en")
    assert 'lang="en"' in (await browser.get("/essai")).text


async def test_what_people_wrote_in_it_stays_words() -> None:
    browser = world().browser()
    await browser.post("/essai/mot", {"name": "<script>alert(1)</script> 100 %"})
    shown = await browser.get("/essai")
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 100 %" in shown.text


def test_its_cookie_is_short_lived_and_closed_to_scripts() -> None:
    cookie = flash_cookie(Settings(secret_key="k" * 32, base_url="https://r.example"), Flash(text("Oui")))
    assert (cookie.max_age, cookie.httponly, cookie.secure, cookie.samesite, cookie.path) == (
        SECONDS,
        True,
        True,
        "lax",
        "/",
    )
    assert cookie.value is not None
    assert cookie.value.isascii()


@pytest.mark.parametrize("base_url", ["https://r.example", "http://127.0.0.1:8000"])
def test_written_by_hand_it_is_the_same_cookie(base_url: str) -> None:
    settings = Settings(secret_key="k" * 32, base_url=base_url)
    flash = Flash(text("C’est noté, %(name)s !", name="Odile; Path=/ailleurs"), text("Et voilà"))
    by_hand, by_python = SimpleCookie(flash_header(settings, flash)), SimpleCookie()
    by_python.load(flash_cookie(settings, flash).to_header(header=""))
    assert len(by_hand) == 1
    assert by_hand == by_python


async def test_over_https_no_other_host_may_set_it() -> None:
    browser = world(base_url="https://r.example").browser()
    answer = await browser.post("/essai/mot", {"name": "Odile"})
    assert "__Host-annonce=" in answer.headers["set-cookie"]
    shown = await browser.get("/essai")
    assert SAID in words(shown)
    gone = shown.headers["set-cookie"]
    assert gone.startswith("__Host-annonce=;")
    assert {"Max-Age=0", "Path=/", "Secure"} <= set(gone.split("; "))
    assert SAID not in words(await browser.get("/essai"))


@pytest.mark.parametrize(
    "flash",
    [
        Flash(text("Simple")),
        Flash(text("Avec %(what)s", what="quelqu’un"), text("et 50 %%"), "fault"),
        Flash(text_n("%(n)s place", "%(n)s places", 3), None, ""),
    ],
)
async def test_it_comes_back_as_it_left(flash: Flash) -> None:
    browser = world().browser()
    browser.http.cookies.set(NAME, str(flash_cookie(browser.world.settings, flash).value))
    said = flash.said(language("fr").say)
    shown = words(await browser.get("/essai"))
    for each in (said.strong, said.words):
        assert each.replace("\u00a0", " ") in shown


def _forged(key: str) -> str:
    cookie = flash_cookie(Settings(secret_key=key), Flash(text("Forgé")))
    return str(cookie.value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "abc",
        "abc.def",
        "é.é",
        _forged("another key that is long enough"),
        base64.urlsafe_b64encode(json.dumps(["ok", ["Forgé", {}, "", 0], None]).encode()).decode() + "." + "0" * 32,
    ],
)
async def test_a_forged_one_is_not_shown(value: str) -> None:
    browser = world().browser()
    answer = await browser.http.get("/essai", headers=[(b"Cookie", f"{NAME}={value}".encode())])
    assert answer.status_code == 200
    assert "Forgé" not in answer.text
    assert '<div id="avis" role="status"></div>' in answer.text


async def test_reading_it_writes_nothing(sqlite_only_db: Store) -> None:
    cast = await make_cast()
    browser = await world().browser_of(cast.samira, place_id=cast.place)
    await browser.post("/essai/mot", {"name": "Odile"})

    before = await run("select * from session"), await run("select * from journal_line")
    assert SAID in words(await browser.get("/essai/chez-moi"))
    assert (await run("select * from session"), await run("select * from journal_line")) == before


async def test_with_a_fragment_it_comes_out_of_band_into_the_region_that_stays() -> None:
    answer = await world().browser().partial("/essai/morceau")
    assert answer.status_code == 422
    assert '<div hx-swap-oob="innerHTML:#avis"><div class="notice" data-tone="fault">' in answer.text
    assert "À revoir" in words(answer)
    assert "<html" not in answer.text


@pytest.mark.parametrize("undo", [None, Undo("/essai/annuler"), Undo("/essai/annuler", "choice", "free")])
def test_how_it_is_undone_goes_with_it(undo: Undo | None) -> None:
    settings = Settings(secret_key="k" * 32)
    left = Flash(text("C’est noté"), undo=undo)
    scope: Any = {"type": "http", "headers": [(b"cookie", cookie_line(settings, left))]}
    request = Request[Any, Any, Any](scope)
    assert read_flash(request, settings) == left


def cookie_line(settings: Settings, left: Flash) -> bytes:
    cookie = flash_cookie(settings, left)
    return f"{cookie.key}={cookie.value}".encode()


def test_its_button_undoes_with_the_token_of_the_forms() -> None:
    ui: Any = environment_of("fr").globals["ui"]
    said = Flash(text("C’est noté"), undo=Undo("/essai/annuler", "choice", "free")).said(language("fr").say)
    shown = str(ui.flash(said, "jeton"))
    assert '<form class="buttons" method="post" action="/essai/annuler">' in shown
    assert '<input type="hidden" name="_csrf_token" value="jeton">' in shown
    assert 'name="choice" value="free">' in shown
    assert "J’annule" in shown
    assert "<form" not in str(ui.flash(said)), "without a token there is no form that could be sent"
