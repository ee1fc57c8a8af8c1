"""What forms are sent that no page of ours sends: fields of nobody's, and in each field what nobody would write."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import httpx
import pytest

from app.accounts.pages import LARGEST_FORM
from app.main import LARGEST_BODY
from app.web.csrf import FIELD
from app.web.error_pages import SECRET_FIELDS
from tests.attack.crawl import Found, FoundForm, arrive
from tests.attack.reading import Field, Page
from tests.attack.timing import over_in_time
from tests.attack.town import Ground, State, changes
from tests.client import Browser
from tests.web import probe

pytestmark = pytest.mark.slow

NOT_THEIRS = {
    "id": "1", "role": "mediator", "roles": "keep_accounts", "state": "published", "status": "confirmed", "price": "0",
    "price_cents": "0", "member": "1", "member_id": "1", "user_id": "1", "actor": "1", "proposer_id": "1",
    "host_id": "1", "place_id": "2", "mediator": "1", "is_admin": "1", "admin": "true", "paid": "1",
    "approved_by": "1", "decided_by": "1", "decided_how": "mediation", "published_at": "2026-01-01T00:00",
    "due_at": "2020-01-01T00:00", "yes_at": "2026-01-01T00:00", "met_at": "2026-01-01T00:00", "seats_left": "99",
    "present_all": "1", "token": "x", "token_hash": "x", "session_id": "1", "now": "2030-01-01",
    "_method": "DELETE", "__class__": "x", "email_key": "samira@exemple.fr", "password_hash": "x", "erased_at": "1",
}  # fmt: skip
WITH_PICTURES = ("/comptes/achats", "/comptes/achats/{purchase_id:int}/recus")
CHANCE = re.compile(r"dedupe|token_hash|once_hash|password_hash|code_hash|waiting_hash|link_hash|link_key|salt")
"""Columns that hold something drawn by lot: two runs differ in them."""


def drawn_by_lot(column: str) -> bool:
    """Texts of mails carry codes and links, too."""
    return bool(CHANCE.search(column)) or column in ("body", "link", "subject", "key")


async def press(ground: Ground, wanted: FoundForm, button: Field | None, more: dict[str, str]) -> tuple[int, State]:
    await ground.restore()
    browser = await arrive(ground, wanted)
    fields: dict[str, Any] = {**more, **wanted.form.as_sent(button, filled=True), FIELD: browser.csrf_token()}
    answer = await browser.http.post(wanted.path, data=fields)
    rows = ground.rows(drawn_by_lot) if ground.written() else {}
    if wanted.route.path == "/accueil":  # a sign-in name is drawn by lot
        rows["member"] = [tuple(pair for pair in row if pair[0] != "email_key") for row in rows.get("member", [])]
    return answer.status_code, rows


async def test_fields_that_no_form_has_change_nothing(ground: Ground, found: Found) -> None:
    tried, written, wrong = 0, 0, []
    for wanted in found.one_of_each():
        # what the route reads in another of its forms is no foreign field
        names = {name for each in found.by_route()[wanted.route] for name in each.form.names}
        more = {name: value for name, value in NOT_THEIRS.items() if name not in names}
        button = wanted.form.pressed[-1]
        plain_status, plain = await press(ground, wanted, button, {})
        status, more_state = await press(ground, wanted, button, more)
        tried += 1
        written += bool(plain)
        differs = changes(plain, more_state)
        if status != plain_status or differs:
            wrong.append((str(wanted), plain_status, status, differs))
    assert wrong == []
    assert tried > 50
    assert written > 35, "nothing is compared where nothing is written"


async def test_a_field_that_is_taken_is_noticed(ground: Ground, found: Found) -> None:
    """The positive control: a field that the form does have, sent otherwise, is a difference."""
    wanted = next(each for each in found.one_of_each() if each.route.path == "/moi")
    _, plain = await press(ground, wanted, None, {})
    wanted.form.fields.append(Field("about", "hidden", "Autre chose"))
    try:
        _, other = await press(ground, wanted, None, {})
    finally:
        wanted.form.fields.pop()
    assert changes(plain, other) != []


# ------------------------------------------------------------------------------------------------------- bad contents

LONG = "a" * 10_240
RAW = {
    "bad UTF-8": b"%ff%fe%c3",
    "a lone surrogate": b"%ed%a0%80",
    "raw bytes": b"\xff\xfe",
}
HARMLESS = {200, 303, 403, 404, 409, 410, 422, 429}


def kept_words(answer: httpx.Response, wanted: FoundForm) -> dict[str, list[str]]:
    """What the form of a 422 holds."""
    for form in Page(answer.text).forms:
        if set(form.names) & set(wanted.form.names) - {FIELD} and form.method == "post" and form.action == wanted.path:
            return form.as_sent()
    return {}


async def send(ground: Ground, browser: Browser, wanted: FoundForm, field: Field, bad: Any) -> httpx.Response:
    fields: dict[str, Any] = {
        **wanted.form.as_sent(wanted.form.pressed[-1], filled=True), field.name: bad, FIELD: browser.csrf_token()
    }  # fmt: skip
    with over_in_time((str(wanted), field.name)):
        return await browser.http.post(wanted.path, data=fields)


async def test_bytes_that_are_no_text_are_400(ground: Ground, found: Found) -> None:
    tried = 0
    for wanted in found.one_of_each():
        if not wanted.form.names:
            continue  # it reads no field
        browser = ground.town.browser(wanted.kind)
        for name, bad in RAW.items():
            body = f"{FIELD}={browser.csrf_token()}&{wanted.form.names[0]}=".encode() + bad
            answer = await browser.http.post(
                wanted.path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            assert answer.status_code in (400, 404), (str(wanted), name, answer.status_code)
            tried += 1
        assert not ground.written(), wanted
    assert tried > 150


async def test_a_file_where_text_is_expected_is_no_text(ground: Ground, found: Found) -> None:
    tried = 0
    for wanted in found.one_of_each():
        await ground.restore()
        browser = await arrive(ground, wanted)
        sent = wanted.form.as_sent(wanted.form.pressed[-1], filled=True)
        texts = {name: values for name, values in sent.items() if name != FIELD}
        files = [(name, ("x.txt", b"\0\xff" * 50, "text/plain")) for name in texts]
        answer = await browser.http.post(
            wanted.path, data={FIELD: browser.csrf_token()}, files=files or [("x", ("x", b"x"))]
        )
        assert answer.status_code in HARMLESS | {400}, (str(wanted), answer.status_code)
        token = await browser.http.post(wanted.path, data=texts, files=[(FIELD, ("t", browser.csrf_token().encode()))])
        if not wanted.route.options.get("no_csrf"):
            signed_out = token.headers.get("location", "").startswith("/connexion")  # by the first of the two
            assert token.status_code == 403 or signed_out, (str(wanted), "a file is no token")
        tried += 1
    assert tried > 50


async def test_what_works_or_waits_too_long_is_noticed() -> None:
    """The positive controls."""
    with pytest.raises(AssertionError, match="s of work"), over_in_time("busy", work=0.05):
        until = time.process_time() + 0.06
        while time.process_time() < until:
            pass
    with pytest.raises(AssertionError, match="idle"), over_in_time("idle", at_all=0.05):
        await asyncio.sleep(0.06)


class TestTooMuch:
    """Limits of Litestar and ours, at every form."""

    async def test_more_than_a_body_may_hold(self, ground: Ground, found: Found) -> None:
        for wanted in found.one_of_each():
            with_pictures = wanted.route.path in WITH_PICTURES
            huge = b"a=" + b"x" * ((LARGEST_FORM if with_pictures else LARGEST_BODY) + 1024 * 1024)
            browser = ground.town.browser(wanted.kind)
            for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                with over_in_time(str(wanted)):
                    answer = await browser.http.post(wanted.path, content=huge, headers={"Content-Type": kind})
                assert answer.status_code in (400, 413), (str(wanted), answer.status_code)
            assert not ground.written()

    async def test_two_hundred_thousand_fields(self, ground: Ground, found: Found) -> None:
        urlencoded = "&".join(f"f{number}=1" for number in range(200_000)).encode()
        part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
        multipart = part * 40_000 + b"--x--\r\n"
        for wanted in found.one_of_each():
            browser = ground.town.browser(wanted.kind)
            for content, kind in (
                (urlencoded, "application/x-www-form-urlencoded"),
                (multipart, "multipart/form-data; boundary=x"),
            ):
                with over_in_time((str(wanted), kind)):
                    answer = await browser.http.post(wanted.path, content=content, headers={"Content-Type": kind})
                assert answer.status_code in (400, 413), (str(wanted), kind, answer.status_code)
            assert not ground.written()

    async def test_without_the_limit_it_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The positive control."""
        monkeypatch.setattr("app.web.forms.MOST_FIELDS", 10_000)
        browser = probe.world().browser()
        fields = {f"f{number}": "1" for number in range(2000)}
        assert (await browser.post("/essai", fields)).status_code == 200
        monkeypatch.undo()
        assert (await browser.post("/essai", fields)).status_code == 400

    @pytest.mark.parametrize(
        "kind",
        [
            "",
            "text/plain",
            "application/json",
            "application/xml",
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=" + "b" * 5000,
            "application/x-www-form-urlencoded; charset=utf-7",
            "x" * 5000,
        ],
        ids=lambda kind: kind[:40] or "none",
    )
    async def test_bodies_of_other_kinds(self, ground: Ground, found: Found, kind: str) -> None:
        for wanted in found.one_of_each():
            if wanted.route.options.get("no_csrf"):
                continue
            browser = ground.town.browser(wanted.kind)
            answer = await browser.http.post(
                wanted.path, content=b'{"a": [1, {"b": 2}]}', headers={"Content-Type": kind}
            )
            assert answer.status_code in (400, 403), (str(wanted), answer.status_code)
            assert not ground.written(), wanted


async def test_what_was_written_is_kept_beside_the_fault(ground: Ground, found: Found) -> None:
    """One field at fault, all the others as they were."""
    shown, wrong = 0, []
    for wanted in found.one_of_each():
        if SECRET_FIELDS & set(wanted.form.names) - {FIELD}:
            continue
        await ground.restore()
        browser = await arrive(ground, wanted)
        for field in wanted.form.fields:
            if field.kind not in ("text", "textarea", "number", "tel", "email") or not field.name:
                continue
            answer = await send(ground, browser, wanted, field, LONG)
            if answer.status_code != 422:
                continue
            kept = kept_words(answer, wanted)
            sent = wanted.form.as_sent(filled=True)
            for other in wanted.form.fields:
                if other is not field and other.written and other.name in sent and other.name in kept:
                    if [each.replace("\r\n", "\n") for each in kept[other.name]] != sent[other.name]:
                        wrong.append((str(wanted), field.name, other.name, kept[other.name][:1]))
                    shown += 1
            await ground.restore()
    assert wrong == []
    assert shown > 30
