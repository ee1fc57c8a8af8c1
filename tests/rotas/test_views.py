"""The sentences and the chart of one's own share, said from numbers alone."""

from __future__ import annotations

import pytest

from app.i18n import language
from rotas.rules import Lack
from rotas.states import Level
from rotas.views import DOTS_A_COLUMN, LEAST_FOR_A_CHART, chart, learning_steps, need_words, sharing

FR = language("fr")


def plain(said: str) -> str:
    return said.replace("\u00a0", " ").replace("\u202f", " ")


def test_each_person_is_a_dot_and_one_of_them_is_mine() -> None:
    drawn = chart(3, [1, 1, 2, 3, 9], lang=FR)
    assert drawn is not None
    assert len(drawn.dots) == 6
    assert [dot.x // 66 for dot in drawn.dots if dot.mine] == [2]
    assert plain(drawn.label) == (
        "Tours de ce mois-ci. 2 personnes : 1 tour. 1 personne : 2 tours. "
        "2 personnes : 3 tours. 1 personne : 4 et plus."
    )
    assert drawn.scale == ""


def test_dots_stay_in_the_drawing_and_apart() -> None:
    drawn = chart(1, [1] * 23, lang=FR)
    assert drawn is not None
    places = {(dot.x, dot.y) for dot in drawn.dots}
    assert len(places) == DOTS_A_COLUMN
    assert all(0 <= dot.y <= drawn.height and 0 <= dot.x <= 264 for dot in drawn.dots)


def test_of_many_people_a_dot_stands_for_several() -> None:
    drawn = chart(0, [1] * 100, lang=FR)
    assert drawn is not None
    assert len(drawn.dots) == 20
    assert plain(drawn.scale) == "Un rond : 5 personnes."
    assert "100 personnes" in plain(drawn.label)
    assert not any(dot.mine for dot in drawn.dots)


def test_too_few_people_could_be_told() -> None:
    assert chart(5, [1] * (LEAST_FOR_A_CHART - 1), lang=FR) is None
    assert chart(5, [1] * (LEAST_FOR_A_CHART - 1) + [0] * 9, lang=FR) is None
    assert chart(0, [1] * LEAST_FOR_A_CHART, lang=FR) is not None


@pytest.mark.parametrize(
    ("mine", "title", "words"),
    [
        (0, "Pas encore de tour pour toi ce mois-ci", "Un seul suffit pour commencer."),
        (1, "Tu as 1 tour ce mois-ci", "C’est un peu moins que la plupart."),
        (3, "Tu as 3 tours ce mois-ci", "C’est le rythme de la plupart."),
        (9, "Tu as 9 tours ce mois-ci", "C’est plus que la plupart, merci."),
    ],
)
def test_ones_own_load_is_said_in_words(mine: int, title: str, words: str) -> None:
    shared = sharing(mine, [2, 2, 3, 3, 4, 4], [2, 2, 3, 3, 4, 4], lang=FR)
    assert plain(shared.title) == title
    assert plain(shared.words).startswith(words)
    assert shared.most == ""


@pytest.mark.parametrize(
    ("heavy", "said"),
    [
        ([30], "Une personne porte plus du quart des tours."),
        ([10, 10], "Deux personnes portent plus du quart des tours."),
        ([5, 5, 5], "Trois personnes portent plus du quart des tours."),
        ([], ""),
    ],
)
def test_how_few_carry_much(heavy: list[int], said: str) -> None:
    assert plain(sharing(1, [1], heavy + [1] * 31, lang=FR).most) == said


def test_what_is_missing_in_words_and_in_quiet() -> None:
    assert plain(need_words(Lack.SOMEBODY, 1, quiet=False, lang=FR)) == "Il manque une personne"
    assert plain(need_words(Lack.EVERYBODY, 3, quiet=False, lang=FR)) == "Il manque 3 personnes"
    assert plain(need_words(Lack.KEYS, 1, quiet=False, lang=FR)) == "Personne n’a encore les clés"
    assert need_words(None, 0, quiet=False, lang=FR) == ""
    assert need_words(Lack.KEYS, 1, quiet=True, lang=FR) == "Libre"


@pytest.mark.parametrize(
    ("level", "states"),
    [
        (Level.NONE, ["now", "", "", ""]),
        (Level.WATCHED, ["done", "now", "", ""]),
        (Level.DID_WITH, ["done", "done", "now", ""]),
        (Level.DOES, ["done", "done", "done", "now"]),
        (Level.TEACHES, ["done"] * 4),
    ],
)
def test_what_comes_next_is_where_one_stands(level: Level, states: list[str]) -> None:
    assert [step[0] for step in learning_steps(level, FR)] == states
