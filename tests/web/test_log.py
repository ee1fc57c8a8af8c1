"""The log: one line an event, numbers and addresses, nobody's name, mail or secret."""

from __future__ import annotations

import json
import logging
import sys
import time

import pytest

from app.web.log import JsonLines, path_without_secret
from tests.web.probe import world


def line_of(message: str, *arguments: object, **extra: object) -> str:
    record = logging.getLogger("reseau.test").makeRecord(
        "reseau.test", logging.INFO, __file__, 1, message, arguments, None, extra=extra
    )
    return JsonLines().format(record)


@pytest.mark.parametrize("name", ['Odile\n{"event": "forged"}', "a\r\nb", "a\u2028b\u2029c\u0085d", "\x00\x1b[2J", '"'])
def test_a_name_cannot_forge_a_line(name: str) -> None:
    line = line_of("joined %s", name, path="/" + name)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["event"] == "joined " + name
    assert not any(ord(character) < 32 for character in line)


def test_it_has_the_number_and_the_facts_but_not_what_else_was_given() -> None:
    line = json.loads(line_of("request", reference="0123456789", status=200, email="a@b.fr", who="Odile"))
    assert line["reference"] == "0123456789"
    assert line["status"] == 200
    assert "a@b.fr" not in str(line)
    assert "Odile" not in str(line)


TOKEN = "kP3xQ-" + "aB4_" * 9
QUOTED = {
    'DETAIL:  Key (email)=(aicha.b+1@exemple.fr) exists, "Yann" <yann@exemple.fr>': "Key (email)=…",
    "null value\nDETAIL:  Failing row contains (7, Aïcha\nArachide, 12,50 €).": "Failing row contains …",
    "refused\nDETAIL:  Key (a, b)=(Aïcha, Arachide) is there.\nHINT:  Ask again.": "HINT:  Ask again.",
    "invalid input for query argument $2: 'Aïcha, Arachide' (expected int)": "query argument $2: …",
    f"no session {TOKEN} of aicha@exemple.fr": "no session … of …@…",
    f"no calendar {TOKEN[:32]}": "no calendar …",
}


def written_of(error: Exception) -> str:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("reseau", logging.ERROR, __file__, 1, "unexpected", (), sys.exc_info())
    return JsonLines().format(record)


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_an_error_quotes_is_blotted_out(quoted: str) -> None:
    told = json.loads(written_of(ValueError(quoted)))["traceback"]
    assert QUOTED[quoted] in told
    assert "test_log.py" in told
    for known in ("exemple.fr", "Aïcha", "Arachide", "12,50", TOKEN[:20]):
        assert known not in told, known


def test_what_comes_after_a_quoted_row_is_told() -> None:
    try:
        try:
            raise ValueError("DETAIL:  Failing row contains (Aïcha).")
        except ValueError as first:
            raise RuntimeError("the second error") from first
    except RuntimeError as error:
        told = json.loads(written_of(error))["traceback"]
    assert "Aïcha" not in told
    assert "the second error" in told


def test_names_in_a_program_are_told_however_long() -> None:
    name = "a_function_with_a_very_long_name_indeed"
    assert name in json.loads(written_of(RuntimeError(name)))["traceback"]


def test_a_long_word_in_an_error_holds_nobody_up() -> None:
    try:
        int("é" * 100_000)
    except ValueError as error:
        record = logging.LogRecord("reseau", logging.ERROR, __file__, 1, "unexpected", (), None)
        record.exc_info = (type(error), error, error.__traceback__)
    started = time.perf_counter()
    assert "invalid literal" in JsonLines().format(record)
    assert time.perf_counter() - started < 2  # more than half a minute with an unbounded pattern


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/calendriers/perso/abcdef.ics", "/calendriers/perso/…"),
        ("/connexion/lien/abcdef", "/connexion/lien/…"),
        ("/connexion/lien/abc/def", "/connexion/lien/…/def"),
        ("//calendriers/perso/abcdef.ics", "//calendriers/perso/…"),
        ("/calendriers//perso//abcdef.ics", "/calendriers//perso//…"),
        ("/reseau/Calendriers/Perso/abcdef.ics", "/reseau/Calendriers/Perso/…"),
        ("/ateliers/12", "/ateliers/12"),
        ("/" + "a" * 500, "/" + "a" * 199),
    ],
)
def test_secret_addresses_are_cut(path: str, written: str) -> None:
    assert path_without_secret(path) == written


async def test_a_request_is_one_line_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "reseau.requests"):
        answer = await world().browser().get("/essai/noms/Odile%0A?email=a@b.fr")
    lines = [JsonLines().format(each) for each in caplog.records if each.name == "reseau.requests"]
    assert len(lines) == 1
    line = json.loads(lines[0])
    assert (line["method"], line["status"], line["reference"]) == ("GET", 200, answer.headers["x-request-id"])
    assert line["path"] == "/essai/noms/Odile\n"
    assert "\n" not in lines[0]
    assert "a@b.fr" not in lines[0]


async def test_static_files_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "reseau.requests"):
        await world().browser().get("/static/nothing.css")
    assert caplog.records == []
