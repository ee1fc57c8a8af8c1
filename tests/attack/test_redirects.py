"""Redirects stay on our own paths, whatever a form or an address asks for, also those that htmx follows."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from app.web.answers import own_path
from app.web.csrf import FIELD
from tests.attack.crawl import Found, arrive
from tests.attack.town import VISITOR, Ground

pytestmark = pytest.mark.slow

EVIL = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "http:/evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "/ok\r\nLocation: https://evil.example",
    "/%0d%0aSet-Cookie:evil=1",
    " //evil.example",
    "/\u2028/evil.example",
    "evil.example",
    "@evil.example",
    "/.//evil.example\\",
)
LEADS_ON = ("suite", "next", "to", "url", "return", "redirect", "back")
"""Names by which programs ask where to go on; `suite` is ours."""


def stays(where: str) -> bool:
    """Whether a browser that reads this stays on our site."""
    plain = where.replace("\\", "/").replace("\t", "").replace("\r", "").replace("\n", "").strip()
    return plain.startswith("/") and not plain.startswith("//") and "\r" not in where and "\n" not in where


async def leads(ground: Ground, found: Found, evil: str) -> tuple[int, list[str]]:
    """How many redirects were seen, and which of them leave."""
    seen, wrong = 0, []
    for wanted in found.one_of_each():
        for htmx in (False, True):
            browser = await arrive(ground, wanted)
            fields: dict[str, Any] = dict(wanted.form.as_sent(wanted.form.pressed[-1], filled=True))
            fields |= dict.fromkeys(LEADS_ON, evil)
            fields[FIELD] = browser.csrf_token()
            headers = {"HX-Request": "true", "HX-Request-Type": "partial"} if htmx else {}
            answer = await browser.http.post(
                f"{wanted.path}?suite={quote(evil)}",
                data=fields,
                headers={**headers, "Referer": "https://evil.example/x"},
            )
            for name in ("location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url", "refresh"):
                if name in answer.headers:
                    seen += 1
                    if not stays(answer.headers[name]):
                        wrong.append(f"{wanted}: {name}: {answer.headers[name]}")
            if "evil" in answer.headers.get("set-cookie", "") and "evil=1" in answer.headers["set-cookie"]:
                wrong.append(f"{wanted}: {answer.headers['set-cookie']}")
            if ground.written():
                await ground.restore()
    return seen, wrong


@pytest.mark.parametrize("evil", ["//evil.example", "/\\evil.example", "/ok\r\nLocation: https://evil.example"])
async def test_every_form_leads_on_to_paths_of_ours(ground: Ground, found: Found, evil: str) -> None:
    seen, wrong = await leads(ground, found, evil)
    assert wrong == []
    assert seen > 60


async def test_without_the_guard_it_leaves(ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control."""

    def any_path(written: str | None, default: str = "/") -> str:
        return written or default

    monkeypatch.setattr("app.web.answers.own_path", any_path)
    monkeypatch.setattr("app.identity.pages_me.own_path", any_path)
    _, wrong = await leads(ground, found, "//evil.example")
    assert any("POST /langue" in each for each in wrong)


@pytest.mark.parametrize("evil", EVIL)
async def test_pages_that_lead_on_stay_as_well(ground: Ground, evil: str) -> None:
    assert stays(own_path(evil))
    for kind in (VISITOR, "member"):
        browser = ground.town.browser(kind)
        for path in ("/connexion", "/langue", "/inscription", "/moi"):
            answer = await browser.get(f"{path}?suite={quote(evil)}", Referer="https://evil.example/x")
            assert stays(answer.headers.get("location", "/")), path
            if not stays(evil):
                assert f'value="{evil}"' not in answer.text, path
                assert f'href="{evil}"' not in answer.text, path


@pytest.mark.parametrize("good", ["/agenda?du=2026-11-24", "/ateliers/3#inscription", "/lieux/é"])
def test_paths_of_ours_are_kept(good: str) -> None:
    assert own_path(good) == good
