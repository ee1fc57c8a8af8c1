"""Every form that the crawler finds refuses what another site, another session or nobody could have sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from app.web.csrf import FIELD
from app.web.error_pages import SECRET_FIELDS
from tests.attack.crawl import Found, FoundForm, arrive
from tests.attack.reading import Page
from tests.attack.town import VISITOR, Ground
from tests.client import Browser

pytestmark = pytest.mark.slow

FOREIGN: dict[str, dict[str, str]] = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "another origin": {"Origin": "https://evil.example"},
    "our address in theirs": {"Origin": "http://127.0.0.1:8000.evil.example"},
}
"""What a browser says of a form that another site sends; all of them carry the right token."""


EASY = {
    "POST /ateliers",
    "POST /ateliers/{workshop_id:int}/inscription",
    "POST /mediation/ateliers/{workshop_id:int}",
    "POST /moi",
    "POST /moi/courrier",
    "POST /deconnexion",
    "POST /lieux/{slug:str}/salles",
}
"""What is done without more ado when the guard is away."""


async def tokens(ground: Ground, wanted: FoundForm, browser: Browser) -> dict[str, str]:
    """Tokens that are not this browser's, by name."""
    other = "kitchen" if wanted.kind != "kitchen" else "member"
    visitor = ground.town.browser(VISITOR)
    found = {
        "none": "",
        "of another member": ground.town.browser(other).csrf_token(),
        "of a visitor": visitor.csrf_token(),
        "not ASCII": "é" * 64,
    }
    assert browser.csrf_token() not in found.values()
    return found


async def send(browser: Browser, wanted: FoundForm, token: str, headers: dict[str, str]) -> httpx.Response:
    fields: dict[str, Any] = {**wanted.form.as_sent(wanted.form.pressed[-1], filled=True), FIELD: token}
    if not token:
        del fields[FIELD]
    return await browser.http.post(wanted.path, data=fields, headers=headers)


async def forge(ground: Ground, forms: Iterable[FoundForm]) -> tuple[int, list[str], set[str]]:
    """Send everything that must be refused: how much was tried, what was wrong, and what was written into."""
    tried, wrong, written = 0, [], set()
    for wanted in forms:
        await ground.restore()
        browser = await arrive(ground, wanted)
        right = browser.csrf_token()
        attempts: dict[str, tuple[str, dict[str, str]]] = {}
        if not wanted.route.options.get("no_csrf"):
            attempts |= {name: (token, {}) for name, token in (await tokens(ground, wanted, browser)).items()}
        if not wanted.route.options.get("from_anywhere"):
            attempts |= {name: (right, headers) for name, headers in FOREIGN.items()}
        ground.written()
        for name, (token, headers) in attempts.items():
            tried += 1
            answer = await send(browser, wanted, token, headers)
            if answer.status_code != 403:
                wrong.append(f"{wanted}, {name}: {answer.status_code}")
            if ground.written():
                wrong.append(f"{wanted}, {name}: the database has changed")
                written.add(str(wanted.route))
                await ground.restore()
    return tried, wrong, written


async def test_what_others_send_changes_nothing(ground: Ground, found: Found) -> None:
    forms = list(found.one_of_each())
    tried, wrong, _ = await forge(ground, forms)
    assert wrong == []
    assert tried > 5 * len(forms) > 250


async def test_without_the_guard_nearly_all_of_it_is_done(
    ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control."""

    async def lets_everything_in(*_: object) -> None:
        return

    monkeypatch.setattr("app.main.refuse_forgery", lets_everything_in)
    some = [each for each in found.one_of_each() if str(each.route) in EASY]
    _, wrong, written = await forge(ground, some)
    assert len(wrong) > 5 * len(EASY)
    assert written >= EASY


async def test_a_form_of_a_session_that_is_over_comes_back_with_what_was_written(ground: Ground, found: Found) -> None:
    kept, secret = 0, 0
    for wanted in found.one_of_each():
        if wanted.route.options.get("no_csrf"):
            continue
        await ground.restore()
        browser = await arrive(ground, wanted)
        sent = wanted.form.as_sent(wanted.form.pressed[-1], filled=True)
        sent.pop(FIELD, None)
        ground.written()
        answer = await send(browser, wanted, "0" * 64, {})
        assert answer.status_code == 403, wanted
        again = [form for form in Page(answer.text).forms if form.action == wanted.path]
        if SECRET_FIELDS & set(sent):
            assert again == [], wanted
            assert "demonstration" not in answer.text
            secret += 1
            continue
        shown = [form.as_sent() for form in again]
        tokens = [form.pop(FIELD) for form in shown]
        kept_as_sent = [{name: values for name, values in form.items() if name} == sent for form in shown]
        assert any(kept_as_sent), wanted
        token = tokens[kept_as_sent.index(True)]
        assert not ground.written(), wanted
        pressed = await send(browser, wanted, token[0], {})
        assert pressed.status_code != 403 or "Cette page était ouverte" not in pressed.text, wanted
        kept += 1
    assert kept > 40
    assert secret > 3


UNKNOWN = (
    {"session": "unknown"},
    {"session": "unknown", "visite": "x"},
    {"visite": "é"},
    {"visite": '"'},
)


@pytest.mark.parametrize("cookies", UNKNOWN, ids=["session", "both", "not ASCII", "a quote"])
async def test_a_cookie_that_opens_nothing_heals_by_itself(
    ground: Ground, found: Found, cookies: dict[str, str]
) -> None:
    tried = 0
    for wanted in found.one_of_each():
        if wanted.kind != VISITOR or wanted.after or FIELD not in wanted.form.names:
            continue
        browser, jar = ground.town.browser(VISITOR), dict(cookies)
        page = await browser.http.get(wanted.page, headers=in_header(jar))
        for each in page.headers.get_list("set-cookie"):
            name, _, value = each.partition(";")[0].partition("=")
            jar[name] = value
        browser.http.cookies.clear()
        form = next(each for each in Page(page.text).forms if each.names == wanted.form.names)
        answer = await browser.http.post(wanted.path, data=form.as_sent(filled=True), headers=in_header(jar))
        assert answer.status_code in (303, 409, 422), (wanted, answer.status_code)
        tried += 1
    assert tried > 2


def in_header(jar: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(b"Cookie", "; ".join(f"{name}={value}" for name, value in jar.items()).encode())]
