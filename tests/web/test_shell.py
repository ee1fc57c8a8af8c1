"""What every answer has: its headers, its language, its number; and ids that no row can have."""

from __future__ import annotations

import time

import pytest

from app.database import Store
from app.web.shell import CONTENT_SECURITY_POLICY, preferred_language, without_nulls
from app.web.static import BUNDLE, static_files
from tests.client import words
from tests.people import make_cast
from tests.web.probe import world

EVERYWHERE = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class TestHeaders:
    @pytest.mark.parametrize(
        "path",
        ["/essai", "/essai/panne/broken", "/nulle-part", "/essai/chez-moi", "/static/x", static_files().url(BUNDLE)],
    )
    async def test_they_are_on_everything(self, path: str) -> None:
        answer = await world().browser().get(path)
        for name, value in EVERYWHERE.items():
            assert answer.headers[name] == value
        assert len(answer.headers["x-request-id"]) == 10
        assert "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers

    async def test_over_https_browsers_are_told_to_stay_there(self) -> None:
        answer = await world(base_url="https://reseau.example").browser().get("/essai")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"

    def test_the_policy_lets_nothing_in_from_elsewhere(self) -> None:
        parts = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))
        assert parts["default-src"] == "'none'"
        assert "unsafe" not in CONTENT_SECURITY_POLICY
        assert {value for name, value in parts.items() if name != "img-src"} == {"'none'", "'self'"}

    async def test_pages_vary_and_compress(self) -> None:
        answer = await world().browser().get("/essai", Accept_Encoding="br")
        vary = {each.strip().lower() for each in answer.headers["vary"].split(",")}
        assert vary == {"accept-encoding", "accept-language", "cookie", "hx-request", "hx-request-type"}
        assert answer.headers["content-encoding"] == "br"
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"

    async def test_a_member_s_pages_are_kept_nowhere(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        browser = await world().browser_of(cast.samira, place_id=cast.place)
        for path in ("/essai/chez-moi", "/essai", "/nulle-part", "/essai/panne/broken"):
            assert (await browser.get(path)).headers["cache-control"] == "no-store"

    async def test_head_has_the_headers_of_get_and_no_body(self) -> None:
        browser = world().browser()
        for path in ("/essai", "/nulle-part", "/essai/chez-moi"):
            asked, had = await browser.head(path), await browser.get(path)
            assert (asked.status_code, asked.content) == (had.status_code, b"")
            assert asked.headers["content-length"] == had.headers["content-length"]


class TestLanguage:
    @pytest.mark.parametrize(
        ("accepted", "code"),
        [
            ("", "fr"),
            ("en", "en"),
            ("en-GB,en;q=0.9,fr;q=0.8", "en"),
            ("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", "fr"),
            ("es, en;q=0.5", "en"),
            ("ar;q=0.9, fr;q=0.2, en;q=0.5", "en"),
            ("en;q=0, fr;q=0.1", "fr"),
            ("en;q=0", "fr"),
            ("*", "fr"),
            ("en;q=banana", "fr"),
            (";;,,;q=1", "fr"),
            ("en" * 5000, "fr"),
        ],
    )
    def test_the_browser_s_wishes_are_read(self, accepted: str, code: str) -> None:
        assert preferred_language(accepted, "fr") == code

    async def test_a_chosen_language_comes_first(self) -> None:
        browser = world().browser()
        assert '<html lang="en">' in (await browser.get("/essai", Accept_Language="en-GB")).text
        browser.http.cookies.set("langue", "fr")
        assert '<html lang="fr">' in (await browser.get("/essai", Accept_Language="en-GB")).text
        browser.http.cookies.set("langue", "xx")
        assert '<html lang="en">' in (await browser.get("/essai", Accept_Language="en-GB")).text

    async def test_the_house_has_its_own(self) -> None:
        assert '<html lang="en">' in (await world(locale="en").browser().get("/essai")).text

    @pytest.mark.parametrize(("theme", "shown"), [("dark", True), ("light", True), ('"><script>', False), ("", False)])
    async def test_a_theme_is_one_of_two(self, theme: str, shown: bool) -> None:
        answer = await world().browser().http.get("/essai", headers={"Cookie": f"theme={theme}"})
        assert (f'data-theme="{theme}"' in answer.text) is shown
        assert "<script>" not in answer.text


class TestCookies:
    @pytest.mark.parametrize(
        "others",
        ['prefs={"a":1,"b":[2]}', "a=b=c", "=", ";;;", "naïve=é", "x", 'quoted="a b"', "x" * 5000, "\x7f=1"],
        ids=lambda others: others[:12],
    )
    async def test_odd_ones_of_other_programs_hide_none_of_ours(self, others: str) -> None:
        cookie = f"{others}; langue=en; theme=dark".encode()
        answer = await world().browser().http.get("/essai", headers=[(b"Cookie", cookie)])
        assert answer.status_code == 200
        assert '<html lang="en" data-theme="dark">' in answer.text

    @pytest.mark.parametrize("token", ["", "nothing", "é", "\x00", "x" * 5000])
    async def test_a_session_that_is_none_is_a_visitor(self, sqlite_only_db: Store, token: str) -> None:
        browser = world().browser()
        cookie = b"session=" + token.encode("latin-1")
        answer = await browser.http.get("/essai", headers=[(b"Cookie", cookie)])
        assert (answer.status_code, "J’entre" in words(answer)) == (200, True)


class TestWhatNoRowCanHave:
    @pytest.mark.parametrize("number", ["0", "-1", "2147483648", "9" * 25, "1" + "0" * 300, "1.0", "0x1"])
    async def test_such_an_id_is_unknown(self, number: str) -> None:
        answer = await world().browser().get(f"/essai/choses/{number}")
        assert (answer.status_code, "Cette page n’existe pas" in words(answer)) == (404, True)

    async def test_the_largest_id_is_asked_for(self) -> None:
        assert (await world().browser().get("/essai/choses/2147483647")).text == "2147483647"

    async def test_a_null_character_names_nothing(self) -> None:
        browser = world().browser()
        assert (await browser.get("/essai/noms/caf%C3%A9")).text == "café"
        assert (await browser.get("/essai/noms/a%00b")).status_code == 404

    @pytest.mark.parametrize(
        ("query", "read"),
        [("a%00b", "ab"), ("%0%000", ""), ("%ED%A0%80", "\ufffd" * 3), ("%FF", "\ufffd"), ("caf%C3%A9", "café")],
    )
    async def test_a_query_holds_text_without_null_characters(self, query: str, read: str) -> None:
        answer = await world().browser().get(f"/essai/recherche?q={query}")
        assert (answer.status_code, answer.json()) == (200, read)

    def test_a_long_query_holds_nobody_up(self) -> None:
        nested = b"q=" + b"%" * 20_000 + b"00" * 20_000  # each one that is taken away makes another
        started = time.perf_counter()
        assert without_nulls(nested) == b"q="
        assert time.perf_counter() - started < 1  # 7 s by replacing again and again
