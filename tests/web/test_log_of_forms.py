"""The log that a real server writes, while people with hostile names fill in real forms: each line is one event."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from app.database import Store, run
from app.web.log import JsonLines
from tests.client import World
from tests.people import make_cast

FORGED = '{"at": "2026-11-24", "level": "ERROR", "event": "forged"}'
NAMES = {
    "JSON": f'Odile"}}\n{FORGED}',
    "carriage returns": f"Odile\r\n{FORGED}\r",
    "other ends of lines": f"Odile\u2028{FORGED}\u2029{FORGED}\u0085{FORGED}\x0b\x0c\x1c\x1d\x1e",
    "escapes of a terminal": "Odile\x1b[2J\x1b[31m\x1b]0;title\x07\x9b31m\x7f",
    "right to left": "\u202eelidO\u2066",
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as `app.web.log` writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def lines_of(written: str) -> list[dict[str, Any]]:
    """Its events; fails when a program that reads lines, of whatever kind, would see others."""
    lines = written.splitlines()  # at every end of line that Unicode knows
    assert lines == written.split("\n")[:-1]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", written)
    return [json.loads(each) for each in lines]


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_forges_no_line(db: Store, log: io.StringIO, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cast, world = await make_cast(), World()
    samira = await world.browser_of(cast.samira, place_id=cast.place)
    written = NAMES[name]
    assert (await samira.post("/moi", {"name": written, "about": written})).status_code in (303, 422)
    assert (await samira.get("/lieux/" + quote(written, safe=""))).status_code == 404
    await world.browser().post("/connexion", {"email": written, "password": written, "device": "mine"})

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"cannot keep {written}")

    monkeypatch.setattr("app.identity.commands_me.edit_me", broken)
    answer = await samira.post("/moi", {"name": "Samira", "about": written})
    assert answer.status_code == 500
    events = lines_of(log.getvalue())
    assert "forged" not in {each["event"] for each in events}
    (accident,) = [each for each in events if each["event"] == "unexpected"]
    assert accident["reference"] == answer.headers["x-request-id"]
    assert "RuntimeError" in accident["traceback"]
    assert len([each for each in events if each["event"] == "request"]) >= 3


async def test_an_accident_tells_neither_who_nor_with_what(
    db: Store, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast, world = await make_cast(), World()
    samira = await world.browser_of(cast.samira, place_id=cast.place)
    email = (await run("select email from member where id = {}", cast.samira))[0]["email"]
    token = samira.http.cookies[samira.session_cookie]

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"no mail for {email} with the session {token}")

    monkeypatch.setattr("app.identity.commands_me.edit_me", broken)
    answer = await samira.post("/moi", {"name": "Samira", "about": ""})
    assert answer.status_code == 500
    for told in (answer.text, log.getvalue()):
        assert email not in told
        assert token not in told
    (accident,) = [each for each in lines_of(log.getvalue()) if each["event"] == "unexpected"]
    assert "no mail for …@… with the session …" in accident["traceback"]
    assert answer.headers["x-request-id"] in answer.text


def test_a_form_of_log_that_escapes_less_is_noticed() -> None:
    """The positive control."""
    plain = "\n".join(f'{{"event": "{name}"}}' for name in NAMES.values()) + "\n"
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        lines_of(plain)
