"""Reading forms: what people write, what browsers send, and what neither would."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.i18n import language, text
from app.identity.rules import name_key
from app.web.forms import ABSURDLY_LONG, MOST_FIELDS, Fields, Form, clean_line, clean_paragraph
from tests.client import Browser, words
from tests.web.probe import world

NEEDED = text("Il manque ça.")
FORM = "application/x-www-form-urlencoded"


def fields(*pairs: tuple[str, str], **values: str) -> Fields:
    return Fields(Form([*pairs, *values.items()]))


def said(read: Fields) -> dict[str, str]:
    return {
        name: language("fr").say(error).replace("\u00a0", " ").replace("\u202f", " ")
        for name, error in read.errors.items()
    }


class TestCleaning:
    @pytest.mark.parametrize(
        ("written", "line"),
        [
            ("  Café \u00a0 débat\t\tdu\u202fsoir ", "Café débat du soir"),
            ("deux\r\nlignes\rou trois\n", "deux lignes ou trois"),
            ("nul\x00 cloche\x07 sortie\x1b[31m", "nul cloche sortie[31m"),
            ("à l’\u202eenvers\u202c \u2066isolé\u2069", "à l’envers isolé"),
            ("in\u200bvi\ufeffsible \u2028 et \u2029 saut", "invisible et saut"),
            ("e\u0301crit", "\u00e9crit"),
            ("moitié \ud800 de signe", "moitié de signe"),
            ("👩‍🍳 cuisine 👨‍👩‍👧", "👩‍🍳 cuisine 👨‍👩‍👧"),
            ("سلام שלום", "سلام שלום"),
            ("", ""),
        ],
    )
    def test_a_line_keeps_what_can_be_read(self, written: str, line: str) -> None:
        assert clean_line(written) == line

    def test_of_what_needs_no_cleaning_no_more_is_kept_than_of_the_rest(self) -> None:
        """Letters and digits alone are not looked at one by one; a space more, and they are."""
        for written in ("a" * (ABSURDLY_LONG + 1), "b" * ABSURDLY_LONG + " c"):
            assert clean_line(written) == clean_paragraph(written) == written[:ABSURDLY_LONG]
        assert clean_line("Odile2") == clean_line(" Odile2") == clean_paragraph("Odile2") == "Odile2"

    def test_a_paragraph_keeps_its_lines_and_one_empty_one_between(self) -> None:
        assert clean_paragraph(" Un \r\n\r\n\r\n\r\n deux\x00 \rtrois\n\n") == "Un\n\ndeux\ntrois"

    @given(st.text())
    def test_cleaning_twice_changes_nothing_more(self, written: str) -> None:
        line, paragraph = clean_line(written), clean_paragraph(written)
        assert clean_line(line) == line
        assert clean_paragraph(paragraph) == paragraph
        assert "\n" not in line
        line.encode("utf-8")

    def test_piled_marks_are_cut_and_hold_nobody_up(self) -> None:
        started = time.perf_counter()
        line = clean_line("a" + "\u0315\u0300" * 49_000 + "b")
        assert time.perf_counter() - started < 2, "putting marks in order takes the square of their number"
        assert len(line) <= 10
        assert line.startswith("\u00e0")
        assert line.endswith("b")
        assert clean_line("q\u0323\u0307\u0301") == "q\u0323\u0307\u0301", "honest letters keep theirs"


class TestTexts:
    def test_what_is_given_is_cleaned(self) -> None:
        read = fields(title=" Café  débat ", about="Un\n\n\nDeux ")
        assert read.line("title", longest=20) == "Café débat"
        assert read.paragraph("about", longest=20) == "Un\n\nDeux"
        assert read.errors == {}

    @pytest.mark.parametrize("written", ["", "   ", "\u200b\x00", "\u00a0"])
    def test_nothing_that_can_be_seen_is_nothing(self, written: str) -> None:
        read = fields(title=written)
        assert read.line("title", longest=20, required=NEEDED) == ""
        assert said(read) == {"title": "Il manque ça."}

    def test_a_missing_field_is_an_empty_one(self) -> None:
        read = fields()
        assert read.line("title", longest=20) == ""
        assert read.paragraph("about", longest=20, shortest=5) == ""
        assert read.errors == {}

    def test_too_long_and_too_short_are_counted_after_cleaning(self) -> None:
        read = fields(long="a" * 21, fits=" " * 50 + "a" * 20, short="ab", million="é" * 1_000_000)
        read.line("long", longest=20)
        read.line("fits", longest=20)
        read.line("short", longest=20, shortest=3)
        read.paragraph("million", longest=1)
        assert said(read) == {
            "long": "C’est trop long : 20 caractères au plus. Il y en a 21.",
            "short": "Il faut au moins 3 lettres.",
            "million": f"C’est trop long : 1 caractère au plus. Il y en a {ABSURDLY_LONG}.",
        }

    def test_what_is_too_long_comes_back_cut(self) -> None:
        read = fields(long="a" * 21, million="é" * 1_000_000)
        assert read.line("long", longest=20) == "a" * 20
        assert read.paragraph("million", longest=7) == "é" * 7

    @pytest.mark.parametrize("letter", ["\ufb2c", "\ufdfa", "a"])
    def test_three_megabytes_hold_nobody_up(self, letter: str) -> None:
        read = fields(name=letter * (3_000_000 // len(letter.encode())))
        started = time.perf_counter()
        name_key(read.line("name", longest=60))
        assert time.perf_counter() - started < 0.5  # 5 s for the name of whoever joins, when all of it was folded

    def test_the_first_sentence_about_a_field_stays(self) -> None:
        read = fields()
        read.fault("title", NEEDED)
        read.fault("title", text("Autre chose"))
        assert said(read) == {"title": "Il manque ça."}

    def test_what_was_written_is_shown_again_but_the_token(self) -> None:
        read = fields(title="a\x00b\u202e", about="x" * 30_000, _csrf_token="secret")
        assert read.values == {"title": "ab", "about": "x" * 20_000}


class TestNumbers:
    @pytest.mark.parametrize(("written", "number"), [("12", 12), (" 3 ", 3), ("+7", 7), ("007", 7)])
    def test_digits_are_a_number(self, written: str, number: int) -> None:
        assert fields(n=written).whole("n", least=3, most=40) == number

    @pytest.mark.parametrize(
        "written", ["douze", "1,5", "1.5", "1e3", "٣", "²", "0x10", "12 personnes", "9" * 10, "--1"]
    )
    def test_the_rest_is_not(self, written: str) -> None:
        read = fields(n=written)
        assert read.whole("n", least=3, most=40) is None
        assert said(read)["n"].startswith("Écris un nombre, comme 12. Tu as écrit «")

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [("2", "Il faut au moins 3. Tu as écrit 2."), ("-1", "Il faut au moins 3. Tu as écrit -1."),
         ("41", "Pas plus de 40. Tu as écrit 41.")],
    )  # fmt: skip
    def test_bounds_are_told(self, written: str, sentence: str) -> None:
        read = fields(n=written)
        assert read.whole("n", least=3, most=40) is None
        assert said(read) == {"n": sentence}

    def test_the_page_may_say_it_better(self) -> None:
        read = fields(few="1", many="99")
        read.whole("few", least=3, most=40, too_few=text("Toi compris, il faut être 3."))
        read.whole("many", least=3, most=40, too_many=text("La salle est petite."))
        read.whole("none", least=3, most=40, required=NEEDED)
        read.whole("free", least=3, most=40)
        assert said(read) == {
            "few": "Toi compris, il faut être 3.",
            "many": "La salle est petite.",
            "none": "Il manque ça.",
        }


class TestChoicesAndBoxes:
    def test_a_choice_is_one_of_the_options(self) -> None:
        read = fields(format=" codev ", other="rien", none="")
        assert read.choice("format", ["libre", "codev"]) == "codev"
        assert read.choice("other", ["libre", "codev"]) is None
        assert read.choice("none", ["libre"]) is None
        assert read.choice("missing", ["libre"], required=NEEDED) is None
        assert said(read) == {"other": "Choisis dans la liste.", "missing": "Il manque ça."}

    @pytest.mark.parametrize(("sent", "ticked"), [("1", True), ("on", True), ("", False), ("0", False), ("2", False)])
    def test_a_ticked_box_sends_one(self, sent: str, ticked: bool) -> None:
        assert fields(box=sent).box("box") is ticked
        assert fields().box("box") is False

    def test_a_doubled_name_keeps_its_last_text_and_shows_all(self) -> None:
        form = Form([("a", "1"), ("b", "2"), ("a", "3")])
        assert (form["a"], form.all("a"), form.all("c"), len(form)) == ("3", ["1", "3"], [], 2)
        assert form.pairs() == [("a", "1"), ("a", "3"), ("b", "2")]

    def test_null_characters_never_reach_anyone(self) -> None:
        assert Form([("a\0b", "c\0d")]).pairs() == [("ab", "cd")]


class TestMoments:
    def test_one_box_or_two(self) -> None:
        at = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
        assert fields(at="2026-11-24T14:30").moment("at") == at
        assert fields(day="2026-11-24", hour="14:30").moment("at", day="day", hour="hour") == at

    def test_the_hour_that_comes_twice_is_the_first_unless_said(self) -> None:
        twice = "2026-10-25T02:30"
        assert fields(at=twice).moment("at") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert fields(at=twice, at_fold="1").moment("at") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("pairs", "field"),
        [
            ({"at": "2027-03-28T02:30"}, "at"),
            ({"day": "2027-03-28", "hour": "02:30"}, "hour"),
        ],
    )
    def test_the_hour_that_is_jumped_over_is_told_at_its_box(self, pairs: dict[str, str], field: str) -> None:
        read = fields(**pairs)
        assert read.moment("at", day="day", hour="hour") is None
        assert said(read) == {field: "Cette heure n’existe pas ce jour-là : on passe à l’heure d’été."}

    @pytest.mark.parametrize(
        "written",
        ["demain", "2026-02-30T10:00", "2026-11-24T25:00", "2026-11-24", "0000-01-01T00:00", "9999-99-99T99:99",
         "0001-01-01T00:00", "0001-01-01T12:00", "9999-12-31T12:00", "1899-12-31T12:00", "2200-01-01T12:00",
         "2026-11-24T10:00Z", "2026-11-24T10:00+14:00"],
    )  # fmt: skip
    def test_what_is_no_moment_is_told_with_an_example(self, written: str) -> None:
        read = fields(at=written)
        assert read.moment("at") is None
        assert said(read)["at"].startswith("Ce jour ou cette heure n’existe pas.")

    def test_half_a_moment_asks_for_the_other_half(self) -> None:
        for half, missing in ({"day": "2026-11-24"}, "hour"), ({"hour": "14:30"}, "day"):
            read = fields(**half)
            assert read.moment("at", day="day", hour="hour", required=NEEDED) is None
            assert said(read) == {missing: "Il manque ça."}

    def test_no_moment_at_all_is_fine_unless_needed(self) -> None:
        read = fields()
        assert read.moment("at") is None
        assert read.errors == {}
        assert read.moment("at", required=NEEDED) is None
        assert said(read) == {"at": "Il manque ça."}


class TestOverHttp:
    async def sent(self, body: bytes, kind: str = FORM, *, browser: Browser | None = None) -> Any:
        browser = browser or world().browser()
        start = urlencode({"_csrf_token": browser.csrf_token()}).encode()
        content = start + b"&" + body if kind == FORM else body
        return await browser.http.post("/essai", content=content, headers={"Content-Type": kind})

    async def test_names_and_texts_come_through(self) -> None:
        answer = await self.sent(b"a=caf%C3%A9+d%C3%A9bat&b=&a=2&%3C=%26")
        assert answer.json() == [["a", "café débat"], ["a", "2"], ["b", ""], ["<", "&"]]

    async def test_null_characters_are_left_out(self) -> None:
        assert (await self.sent(b"a=x%00y")).json() == [["a", "xy"]]

    @pytest.mark.parametrize(
        "body",
        [b"a=%ED%A0%80", b"a=%FF", b"a=\xff\xfe", b"a=%C3", b"a=%C0%80", b"%ED%B0%80=a"],
        ids=["surrogate", "byte", "raw bytes", "cut", "overlong", "name"],
    )
    async def test_what_is_no_text_is_not_understood(self, body: bytes) -> None:
        answer = await self.sent(body)
        assert answer.status_code == 400
        assert "On n’a pas compris cet envoi" in words(answer)

    async def test_a_long_text_is_read(self) -> None:
        answer = await self.sent(b"a=" + b"x" * 1024 * 1024)
        assert len(answer.json()[0][1]) == 1024 * 1024

    async def test_too_long_a_body_is_refused_whatever_its_kind(self) -> None:
        for kind in (FORM, "multipart/form-data; boundary=b"):
            body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 3 * 1024 * 1024 + b"\r\n--b--"
            answer = await self.sent(body if "multi" in kind else b"a=" + body, kind)
            assert answer.status_code == 413, kind
            assert "C’est trop long" in words(answer)

    @pytest.mark.parametrize("count", [MOST_FIELDS, 200_000])
    async def test_no_form_of_ours_has_so_many_fields(self, count: int) -> None:
        started = time.perf_counter()
        assert (await self.sent(b"&".join([b"a=1"] * count))).status_code == 400
        assert time.perf_counter() - started < 3

    async def test_as_many_as_allowed_are_read(self) -> None:
        assert len((await self.sent(b"&".join([b"a=1"] * (MOST_FIELDS - 1)))).json()) == MOST_FIELDS - 1

    async def test_a_form_in_parts_is_read_without_its_files(self) -> None:
        browser = world().browser()
        parts = {"_csrf_token": (None, browser.csrf_token()), "a": (None, "é"), "file": ("x.txt", b"bytes")}
        answer = await browser.http.post("/essai", files=parts)  # type: ignore[arg-type]  # httpx takes (None, text)
        assert answer.json() == [["a", "é"]]

    async def test_a_form_in_too_many_parts_is_not_understood(self) -> None:
        browser = world().browser()
        parts = [("_csrf_token", (None, browser.csrf_token())), *[("a", (None, "1"))] * MOST_FIELDS]
        answer = await browser.http.post("/essai", files=parts)
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("multipart/form-data", b"without a boundary"),
            ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
            (
                "multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--',
            ),
        ],
    )
    async def test_parts_that_cannot_be_read_are_not_understood(self, kind: str, body: bytes) -> None:
        assert (await self.sent(body, kind)).status_code == 400
