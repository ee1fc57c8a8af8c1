"""Forged forms are refused, old ones given back, and nobody gets a cookie for reading."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from app.database import Store
from app.web.csrf import FIELD, token_for
from tests.client import Browser, words
from tests.people import make_cast
from tests.web.probe import world


def forms_of(answer: httpx.Response, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes there."""
    form = re.search(rf'<form method="post" action="{action}">(.*?)</form>', answer.text, re.DOTALL)
    assert form is not None, f"no form goes to {action}"
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[1]))


async def with_cookie() -> Browser:
    browser = world().browser()
    await browser.get("/essai/formulaire")
    return browser


class TestTokens:
    async def test_a_form_of_ours_goes_through(self) -> None:
        browser = world().browser()
        shown = await browser.get("/essai/formulaire")
        fields = forms_of(shown, "/essai")
        assert fields[FIELD] == token_for(browser.world.settings, browser.http.cookies["visite"])
        answer = await browser.http.post("/essai", data=fields)
        assert answer.json() == [["x", "1"]]

    @pytest.mark.parametrize("token", ["", "0" * 64, "é", "x" * 10_000], ids=["none", "zeros", "odd", "long"])
    async def test_without_the_right_token_it_is_given_back_with_what_was_written(self, token: str) -> None:
        browser = await with_cookie()
        written = {"title": 'Un "titre" <b>', "about": "Deux\nlignes", "day": ["1", "2"]}
        answer = await browser.post("/essai", written, token=token)
        assert answer.status_code == 403
        assert "Rien n’est perdu. Appuie encore une fois pour envoyer." in words(answer)
        assert "<b>" not in answer.text
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
        kept = [(name, unescape(value)) for name, value in fields if name != FIELD]
        assert kept == [("title", 'Un "titre" <b>'), ("about", "Deux\nlignes"), ("day", "1"), ("day", "2")]
        again = await browser.http.post("/essai", data=forms_of(answer, "/essai"))
        assert again.status_code == 200, "the second press works"

    async def test_a_token_of_another_browser_is_no_good(self) -> None:
        here, elsewhere = await with_cookie(), await with_cookie()
        assert (await here.post("/essai", {"a": "1"}, token=elsewhere.csrf_token())).status_code == 403

    async def test_a_token_without_its_cookie_is_no_good(self) -> None:
        browser = await with_cookie()
        token = browser.csrf_token()
        browser.http.cookies.clear()
        assert (await browser.post("/essai", {"a": "1"}, token=token)).status_code == 403
        assert (await world().browser().post("/essai", {}, token=token_for(world().settings, ""))).status_code == 403

    @pytest.mark.parametrize("secret", ["password", "new_password", "code"])
    async def test_passwords_and_codes_are_never_shown_again(self, secret: str) -> None:
        browser = await with_cookie()
        answer = await browser.post("/essai", {"email": "a@exemple.fr", secret: "hunter2"}, token="old")
        assert answer.status_code == 403
        assert "hunter2" not in answer.text
        assert "a@exemple.fr" not in answer.text, "half a form would be sent for a whole one"
        assert "Reviens en arrière et recommence." in words(answer)

    async def test_a_member_s_token_is_of_the_session(self, sqlite_only_db: Store) -> None:
        cast, here = await make_cast(), world()
        first = await here.browser_of(cast.samira, place_id=cast.place)
        second = await here.browser_of(cast.samira, place_id=cast.place)
        assert first.csrf_token() != second.csrf_token()
        assert (await first.post("/essai/chez-moi")).status_code == 303
        assert (await first.post("/essai/chez-moi", token=second.csrf_token())).status_code == 403

    async def test_signed_out_meanwhile_one_is_asked_to_sign_in(self) -> None:
        browser = await with_cookie()
        answer = await browser.post("/essai/chez-moi", {"a": "1"}, token="of a session that is over")
        assert (answer.status_code, answer.headers["location"]) == (303, "/connexion")


class TestWhereItComesFrom:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Sec_Fetch_Site": "nonsense"},
            {"Origin": "https://evil.example"},
            {"Origin": "http://127.0.0.1:8001"},
            {"Origin": "http://127.0.0.1:8000.evil.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Origin": ""},
            {"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("path", ["/essai", "/essai/libre"])
    async def test_what_another_site_sends_is_refused_and_not_shown(self, headers: dict[str, str], path: str) -> None:
        browser = await with_cookie()
        answer = await browser.post(path, {"about": "trap"}, **headers)
        assert answer.status_code == 403
        assert "Cet envoi vient d’un autre site" in words(answer)
        assert "trap" not in answer.text

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://127.0.0.1:8000"},
            {"Sec_Fetch_Site": "same-origin", "Origin": "http://127.0.0.1:8000"},
            {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
            {"Sec_Fetch_Site": "none"},
            {"Host": "reseau.local", "Origin": "http://reseau.local"},
        ],
        ids=str,
    )
    async def test_what_our_own_pages_send_goes_through(self, headers: dict[str, str]) -> None:
        browser = await with_cookie()
        assert (await browser.post("/essai", {"a": "1"}, **headers)).status_code == 200

    async def test_where_no_token_is_asked_for_none_is_needed(self) -> None:
        browser = world().browser()
        assert (await browser.post("/essai/libre", token="")).status_code == 200
        assert (await browser.post("/essai/libre", token="", Sec_Fetch_Site="same-origin")).status_code == 200


class TestCookies:
    async def test_reading_a_page_without_forms_sets_no_cookie(self) -> None:
        answer = await world().browser().get("/essai")
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers

    async def test_a_page_with_a_form_sets_one_that_ends_with_the_browser(self) -> None:
        browser = world().browser()
        answer = await browser.get("/essai/formulaire")
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(r"visite=[\w-]{32}; HttpOnly; Path=/; SameSite=lax", cookie)
        assert "set-cookie" not in (await browser.get("/essai/formulaire")).headers

    async def test_over_https_it_belongs_to_this_host_alone(self) -> None:
        answer = await world(base_url="https://reseau.example").browser().get("/essai/formulaire")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-visite=")
        assert "; Secure" in cookie
        assert "Domain" not in cookie

    async def test_a_member_gets_none(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        browser = await world().browser_of(cast.samira, place_id=cast.place)
        answer = await browser.get("/essai/chez-moi")
        assert browser.csrf_token() in answer.text
        assert "set-cookie" not in answer.headers
