"""Saying texts, days and hours in French and in English."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

import pytest

from app.i18n import Language, Text, language, text, text_n
from app.i18n.typography import NARROW, WIDE

FRENCH = language("fr")
ENGLISH = Language(
    "en",
    {
        "Bonjour %(name)s": "Hello %(name)s",
        "%(n)s place": ("%(n)s seat", "%(n)s seats"),
        "C’est %(when)s": "It is %(when)s",
        "sans pluriel": ("",),
        "oublié": "",
        "moitié": ("half", ""),
    },
)


def plain(said: str) -> str:
    return said.replace(WIDE, " ").replace(NARROW, " ")


class TestSay:
    def test_details_fill_in(self) -> None:
        message = text("Bonjour %(name)s", name="Odile")
        assert FRENCH.say(message) == "Bonjour Odile"
        assert ENGLISH.say(message) == "Hello Odile"

    def test_what_people_wrote_keeps_its_own_spaces_and_percent_signs(self) -> None:
        assert FRENCH.say(text("Bonjour %(name)s", name="100 % %(x)s ?")) == "Bonjour 100 % %(x)s ?"

    def test_a_percent_sign_is_written_twice_with_or_without_details(self) -> None:
        assert FRENCH.say(text("50 %% des places")) == f"50{WIDE}% des places"
        assert FRENCH.say(text("%(n)s %% des places", n=50)) == f"50{WIDE}% des places"

    def test_texts_days_and_hours_inside_are_said_in_the_same_language(self) -> None:
        at = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)
        assert plain(FRENCH.say(text("C’est %(when)s", when=at))) == "C’est mardi 24 novembre à 14 h 30"
        assert plain(ENGLISH.say(text("C’est %(when)s", when=at))) == "It is Tuesday 24 November at 2.30 pm"
        assert plain(ENGLISH.say(text("C’est %(when)s", when=at.date()))) == "It is Tuesday 24 November"
        assert plain(ENGLISH.say(text("C’est %(when)s", when=time(9)))) == "It is 9 am"
        inner = text_n("%(n)s place", "%(n)s places", 3)
        assert ENGLISH.say(text("C’est %(when)s", when=inner)) == "It is 3 seats"
        assert ENGLISH.say(text("C’est %(when)s", when=text("Bonjour %(name)s", name=inner))) == "It is Hello 3 seats"

    def test_plain_words_are_taken_as_a_text(self) -> None:
        assert ENGLISH.say("Bonjour %(name)s") == "Hello %(name)s"

    def test_what_is_counted_up_is_said_one_by_one(self) -> None:
        assert FRENCH.say(text("Avec %(all)s", all=(text("lait"), "Bao", date(2026, 12, 1)))) == (
            f"Avec {FRENCH.joined(['lait', 'Bao', FRENCH.day(date(2026, 12, 1))])}"
        )

    @pytest.mark.parametrize("msgid", ["jamais vu ?", "oublié", "sans pluriel"])
    def test_what_is_not_translated_is_said_in_french(self, msgid: str) -> None:
        assert ENGLISH.say(Text(msgid)) == FRENCH.say(Text(msgid))

    def test_words_that_are_also_counted_elsewhere_are_translated(self) -> None:
        assert ENGLISH.say(text("moitié")) == "half"
        assert ENGLISH.say(text_n("moitié", "moitiés", 2)) == "moitiés"


class TestPlural:
    @pytest.mark.parametrize(
        ("n", "french", "english"),
        [(0, "0 place", "0 seats"), (1, "1 place", "1 seat"), (2, "2 places", "2 seats"), (-1, "-1 place", "-1 seats")],
    )
    def test_each_language_counts_its_own_way(self, n: int, french: str, english: str) -> None:
        message = text_n("%(n)s place", "%(n)s places", n)
        assert FRENCH.say(message) == french
        assert ENGLISH.say(message) == english

    def test_an_untranslated_count_is_said_in_french(self) -> None:
        assert ENGLISH.ngettext("%(n)s chaise", "%(n)s chaises", 1) == "%(n)s chaise"
        assert ENGLISH.ngettext("%(n)s chaise", "%(n)s chaises", 2) == "%(n)s chaises"


class TestDays:
    def test_the_first_of_the_month_has_its_ordinal_in_french(self) -> None:
        day = date(2026, 12, 1)
        assert plain(FRENCH.day(day)) == "mardi 1er décembre"
        assert plain(FRENCH.short_day(day)) == "mar. 1er"
        assert plain(FRENCH.date(day)) == "1er décembre 2026"
        assert ENGLISH.day(day) == "Tuesday 1 December"
        assert ENGLISH.short_day(day) == "Tue 1"
        assert ENGLISH.date(day) == "1 December 2026"

    def test_months_and_weekdays(self) -> None:
        assert FRENCH.month(date(2026, 8, 3)) == "août 2026"
        assert ENGLISH.month(date(2026, 8, 3)) == "August 2026"
        assert FRENCH.weekday(date(2026, 8, 3)) == "lundi"
        assert ENGLISH.weekday(date(2026, 8, 3)) == "Monday"

    def test_an_instant_has_the_day_of_the_wall_clock(self) -> None:
        late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
        assert plain(FRENCH.day(late)) == "mercredi 25 novembre"
        assert plain(FRENCH.date(late)) == "25 novembre 2026"


class TestHours:
    @pytest.mark.parametrize(
        ("hour", "minute", "french", "english"),
        [
            (0, 0, "0 h", "12 am"),
            (9, 5, "9 h 05", "9.05 am"),
            (12, 0, "12 h", "12 pm"),
            (14, 30, "14 h 30", "2.30 pm"),
            (23, 59, "23 h 59", "11.59 pm"),
        ],
    )
    def test_each_language_writes_hours_its_own_way(self, hour: int, minute: int, french: str, english: str) -> None:
        at = datetime(2026, 1, 15, tzinfo=UTC) + timedelta(hours=hour - 1, minutes=minute)
        assert plain(FRENCH.hour(at)) == french
        assert plain(ENGLISH.hour(at)) == english
        assert " " not in FRENCH.hour(at) + ENGLISH.hour(at), "an hour must not break at the end of a line"

    def test_in_spring_the_clock_goes_from_two_to_three(self) -> None:
        before = datetime(2027, 3, 28, 0, 59, tzinfo=UTC)
        assert plain(FRENCH.hour(before)) == "1 h 59"
        assert plain(FRENCH.hour(before + timedelta(minutes=1))) == "3 h"

    def test_in_autumn_the_clock_goes_back_from_three_to_two(self) -> None:
        before = datetime(2026, 10, 25, 0, 59, tzinfo=UTC)
        assert plain(FRENCH.hour(before)) == "2 h 59"
        assert plain(FRENCH.hour(before + timedelta(minutes=1))) == "2 h"
        assert plain(FRENCH.when(before + timedelta(hours=24))) == "lundi 26 octobre à 1 h 59"

    def test_from_one_hour_to_another(self) -> None:
        starts = datetime(2026, 11, 24, 13, tzinfo=UTC)
        assert plain(FRENCH.hours(starts, starts + timedelta(hours=2, minutes=30))) == "de 14 h à 16 h 30"
        assert plain(ENGLISH.hours(starts, starts + timedelta(hours=2, minutes=30))) == "2 pm to 4.30 pm"

    @pytest.mark.parametrize(
        ("span", "french", "english"),
        [
            (timedelta(minutes=-5), "0 min", "0 min"),
            (timedelta(minutes=45), "45 min", "45 min"),
            (timedelta(hours=2), "2 h", "2 h"),
            (timedelta(minutes=65), "1 h 05", "1 h 05"),
            (timedelta(hours=47), "47 h", "47 h"),
            (timedelta(hours=73), "3 jours", "3 days"),
        ],
    )
    def test_how_long(self, span: timedelta, french: str, english: str) -> None:
        assert plain(FRENCH.lasting(span)) == french
        assert plain(ENGLISH.lasting(span)) == english


def test_an_unknown_language_is_french() -> None:
    assert language("xx").code == "fr"
    assert plain(language("xx").gettext("Ça va ?")) == "Ça va ?"


@pytest.mark.parametrize(
    ("code", "said"),
    [("fr", ["1,2", "1\u202f200", "0,333", "12"]), ("en", ["1.2", "1,200", "0.333", "12"])],
)
def test_numbers_are_written_as_their_language_does(code: str, said: list[str]) -> None:
    assert [language(code).number(value) for value in (Fraction(6, 5), 1200, Fraction(1, 3), Fraction(12))] == said


@pytest.mark.parametrize(
    ("code", "said"), [("fr", ["5\u00a0€", "4,50\u00a0€", "0\u00a0€"]), ("en", ["€5", "€4.50", "€0"])]
)
def test_money_leaves_out_cents_that_there_are_not(code: str, said: list[str]) -> None:
    assert [language(code).euros(cents) for cents in (500, 450, 0)] == said
