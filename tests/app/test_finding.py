"""Words are found whatever their accents, and shown without becoming markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from app.finding import LONGEST_QUERY, MOST_WORDS, answers, marked, pattern, search_words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("CV", ("cv",)),
        ("  Élodie   N’GUESSAN ", ("elodie", "n'guessan")),
        ("cœur", ("coeur",)),
        ("cv CV Cv", ("cv",)),
        ("", ()),
        ("a", ()),
        ("é", ()),
        ("%", ()),
        ("%_", ()),
        ("'--;", ()),
        ("x'", ()),
        ("100 %", ("100", "%")),
        ("a b c d e f g h", ("a", "b", "c", "d", "e", "f")),
    ],
)
def test_a_query_is_read_without_accents_and_needs_two_letters(written: str, words: tuple[str, ...]) -> None:
    assert search_words(written) == words


def test_a_query_is_bounded() -> None:
    assert search_words("z" * 1_000_000) == ("z" * LONGEST_QUERY,)
    assert len(search_words(" ".join(f"mot{n}" for n in range(100)))) == MOST_WORDS


@pytest.mark.parametrize(
    ("word", "made"), [("cv", "%cv%"), ("100%", "%100!%%"), ("a_b", "%a!_b%"), ("oh!", "%oh!!%"), ("\\", "%\\%")]
)
def test_a_pattern_takes_wildcards_as_they_are_written(word: str, made: str) -> None:
    assert pattern(word) == made


def test_all_words_must_be_there() -> None:
    assert answers("Élections au café", search_words("cafe elec"))
    assert not answers("Élections au café", search_words("cafe sel"))


@pytest.mark.parametrize(
    ("written", "query", "shown"),
    [
        ("Café-débat", "debat", "Café-<mark>débat</mark>"),
        ("Un œuf", "oeuf", "Un <mark>œuf</mark>"),
        ("cafe\u0301 noir", "café", "<mark>cafe\u0301</mark> noir"),
        ("N’Guessan", "n'g", "<mark>N’G</mark>uessan"),
        ("aaa", "aa aaa", "<mark>aaa</mark>"),
        ("<b>gras</b>", "<b gras", "<mark>&lt;b</mark>&gt;<mark>gras</mark>&lt;/b&gt;"),
        ("rien", "autre", "rien"),
    ],
)
def test_what_was_found_is_marked_and_the_rest_escaped(written: str, query: str, shown: str) -> None:
    assert str(marked(written, search_words(query))) == shown


def test_a_long_text_is_cut_around_its_first_match() -> None:
    written = "avant " * 100 + "ici le café attend " + "après " * 100
    shown = marked(written, ("cafe",), longest=100)
    assert "<mark>café</mark>" in shown
    assert shown.startswith("… avant ")
    assert shown.endswith(" …")
    assert len(shown.striptags()) < 150


def test_a_long_text_without_match_begins_at_its_beginning() -> None:
    assert str(marked("mot " * 100, ("absent",), longest=20)).startswith("mot mot ")


@given(st.text(max_size=200), st.text(max_size=30), st.sampled_from([0, 20, 60]))
def test_marks_change_nothing_of_the_words(written: str, query: str, longest: int) -> None:
    shown = marked(written, search_words(query), longest=longest)
    assert isinstance(shown, Markup)
    bare = str(shown).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    if not longest:
        assert bare == str(escape(written))


@given(st.text(max_size=300))
def test_whatever_is_written_makes_a_query(written: str) -> None:
    words = search_words(written)
    assert len(words) <= MOST_WORDS
    assert all(word and word == word.strip() for word in words)
