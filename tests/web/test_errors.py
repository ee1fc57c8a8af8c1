"""What goes wrong, as people read it: in their language, with a way out, and nothing about the inside."""

from __future__ import annotations

import logging
import re

import httpx
import pytest

from app.contracts import Domain, NavItem
from app.database import Store, run, transaction
from app.registry import Registry
from app.web.log import JsonLines
from tests.client import NOON, World, words
from tests.people import make_cast
from tests.web.probe import world

TITLES = {
    "not-found": (404, "Cette page n’existe pas", "This page does not exist"),
    "forbidden": (403, "Ce n’est pas possible avec ce compte", "This account cannot do that"),
    "forbidden-because": (403, "Ce n’est pas possible avec ce compte", "This account cannot do that"),
    "refused": (409, "Ce n’est plus possible", "It is no longer possible"),
    "bad-request": (400, "On n’a pas compris cet envoi", "We did not understand what was sent"),
    "too-fast": (429, "Un peu de patience", "A little patience"),
    "held": (503, "Ça bouchonne un peu", "There is a bit of a queue"),
    "broken": (500, "Quelque chose s’est cassé", "Something broke"),
    "teapot": (400, "On n’a pas compris cet envoi", "We did not understand what was sent"),
    "unprocessable": (400, "On n’a pas compris cet envoi", "We did not understand what was sent"),
}


def reference_in(answer: httpx.Response) -> str:
    found = re.search(r'<b class="reference">([0-9a-f]{10})</b>', answer.text)
    assert found is not None
    return found[1]


class TestPages:
    @pytest.mark.parametrize("which", TITLES)
    async def test_each_has_its_status_and_its_words_in_both_languages(self, which: str) -> None:
        status, french, english = TITLES[which]
        browser = world().browser()
        answer = await browser.get(f"/essai/panne/{which}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert '<html lang="fr">' in answer.text
        assert french in words(answer)
        browser.http.cookies.set("langue", "en")
        answer = await browser.get(f"/essai/panne/{which}")
        assert (answer.status_code, '<html lang="en">' in answer.text) == (status, True)
        assert english in words(answer)
        assert french not in words(answer)

    @pytest.mark.parametrize("which", TITLES)
    async def test_each_has_a_way_out_and_one_heading(self, which: str) -> None:
        answer = await world().browser().get(f"/essai/panne/{which}")
        assert 'href="/agenda"' in answer.text
        assert answer.text.count("<h1>") == 1

    async def test_an_unknown_address(self) -> None:
        for path in ("/nulle-part", "/essai/choses/abc", "/%F0%9F%8D%B2", "/a//b"):
            answer = await world().browser().get(path)
            assert (answer.status_code, "Cette page n’existe pas" in words(answer)) == (404, True), path

    async def test_a_wrong_method_tells_the_right_ones(self) -> None:
        browser = world().browser()
        answer = await browser.post("/essai/formulaire")
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
        assert (await browser.http.put("/essai")).status_code == 405
        assert (await browser.http.request("BREW", "/essai")).status_code == 405

    async def test_the_refusal_says_its_sentence_with_its_details(self) -> None:
        answer = await world().browser().get("/essai/panne/refused")
        assert "Il n’y a plus de place dans &lt;Salon&gt;." in answer.text

    async def test_when_to_come_back_is_told_to_programs_too(self) -> None:
        browser = world().browser()
        fast, held = await browser.get("/essai/panne/too-fast"), await browser.get("/essai/panne/held")
        assert fast.headers["retry-after"] == "150"
        assert "Réessaie dans 2 min." in words(fast)
        assert held.headers["retry-after"] == "10"

    async def test_a_full_disk_and_a_lost_answer_are_told_as_what_they_are(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser = world().browser()
        full, maybe = await browser.get("/essai/panne/full"), await browser.get("/essai/panne/maybe-written")
        assert (full.status_code, full.headers["retry-after"]) == (503, "120")
        assert "Rien n’a été enregistré. On peut toujours lire." in words(full)
        assert (maybe.status_code, maybe.headers["retry-after"]) == (503, "10")
        assert "On ne sait pas si c’est enregistré." in words(maybe)
        assert "Rien n’a été enregistré" not in words(maybe)
        told = {record.reference: record for record in caplog.records if hasattr(record, "reference")}
        assert told[reference_in(full)].levelname == "ERROR"
        partly = await browser.get("/essai/panne/full", HX_Request="true", HX_Request_Type="partial")
        assert (partly.status_code, partly.headers["hx-retarget"]) == (503, "#avis")

    async def test_too_large_a_body(self) -> None:
        answer = await world().browser().http.post("/essai", content=b"x" * 4_000_000)
        assert (answer.status_code, "C’est trop long" in words(answer)) == (413, True)

    async def test_a_form_with_faults_is_422(self) -> None:
        assert (await world().browser().post("/essai/morceau")).status_code == 422

    async def test_members_only_pages_ask_for_a_sign_in_and_come_back(self) -> None:
        browser = world().browser()
        answer = await browser.get("/essai/chez-moi?du=2026-11-24&q=%C3%A9")
        assert answer.status_code == 303
        back = httpx.URL(answer.headers["location"])
        assert (back.path, back.params["suite"]) == ("/connexion", "/essai/chez-moi?du=2026-11-24&q=%C3%A9")
        assert (await browser.post("/essai/chez-moi")).headers["location"] == "/connexion"
        for page, there in (
            ("http://127.0.0.1:8000/essai?du=1", "/connexion?suite=/essai%3Fdu%3D1"),
            ("https://evil.example/essai", "/connexion"),
            ("http://[", "/connexion"),
        ):
            sent = await browser.post("/essai/chez-moi", Referer=page)
            assert sent.headers["location"] == there
            part = await browser.partial("/essai/chez-moi", Referer=page)
            assert part.headers["hx-redirect"] == there
        assert (await browser.get("/essai/panne/sign-in")).headers["location"].startswith("/connexion?suite=")


class TestBroken:
    async def test_it_shows_a_number_that_the_log_has_and_nothing_else(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "reseau"):
            answer = await world().browser().get("/essai/panne/broken")
        reference = reference_in(answer)
        assert answer.headers["x-request-id"] == reference
        for inside in ("RuntimeError", "secret", "Traceback", "probe.py", "aicha"):
            assert inside not in answer.text
        (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
        line = JsonLines().format(record)
        assert reference in line
        assert "RuntimeError" in line
        assert "probe.py" in line
        assert "aicha@" not in line
        assert "\n" not in line

    async def test_a_page_of_an_error_that_fails_is_broken_too(self) -> None:
        answer = await world().browser().get("/essai/panne/refused-without-words")
        assert answer.status_code == 500
        assert reference_in(answer) == answer.headers["x-request-id"]

    async def test_even_when_no_page_at_all_can_be_made(self, caplog: pytest.LogCaptureFixture) -> None:
        unsayable = NavItem("x", "Cent %", "/", "agenda", "search", 1)
        answer = await World(NOON, Registry.of(Domain(name="unsayable", nav=(unsayable,)))).browser().get("/")
        assert answer.status_code == 500
        assert answer.text == f"Quelque chose s’est cassé. Something broke. {answer.headers['x-request-id']}\n"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert any("failed, too" in each.message and each.exc_info for each in caplog.records)

    async def test_a_session_that_cannot_be_read_gives_a_page(self, sqlite_only_db: Store) -> None:
        cast = await make_cast()
        browser = await world().browser_of(cast.samira, place_id=cast.place)
        browser.http.cookies.set("langue", "en")
        async with transaction():
            await run("alter table session rename to elsewhere")
        answer = await browser.get("/essai")
        assert (answer.status_code, '<html lang="en">' in answer.text) == (500, True)
        assert reference_in(answer) == answer.headers["x-request-id"]


class TestFragments:
    @pytest.mark.parametrize("which", [name for name, (status, *_) in TITLES.items() if status != 500])
    async def test_the_words_go_into_the_notice_and_nothing_else_changes(self, which: str) -> None:
        status, french, _ = TITLES[which]
        answer = await world().browser().partial(f"/essai/panne/{which}")
        assert answer.status_code == status
        assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#avis", "innerHTML")
        assert answer.text.strip().startswith('<div class="notice" data-tone="fault">')
        assert french in words(answer)
        assert "<html" not in answer.text

    async def test_a_broken_one_leads_to_a_page_with_the_number(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = await world().browser().partial("/essai/panne/broken")
        assert answer.status_code == 200, "htmx follows HX-Redirect whatever the status; proxies keep their own pages"
        assert answer.headers["hx-redirect"] == "/erreur/" + answer.headers["x-request-id"]
        assert answer.content == b""

    async def test_signing_in_takes_the_whole_page(self) -> None:
        answer = await world().browser().partial("/essai/panne/sign-in")
        assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/connexion")

    async def test_the_back_button_gets_a_whole_page(self) -> None:
        answer = await world().browser().get("/essai/panne/refused", HX_Request="true", HX_Request_Type="full")
        assert "<html" in answer.text
        assert "hx-retarget" not in answer.headers
