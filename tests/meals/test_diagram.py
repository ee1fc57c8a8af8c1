"""The page of states says what the tables say."""

from meals.diagram import PATH, page
from meals.states import MEAL_MOVES, PART_MOVES


def test_the_page_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "run `python -m meals.diagram`"


def test_it_shows_every_move() -> None:
    lines = page().splitlines()
    for moves in (MEAL_MOVES, PART_MOVES):
        for one, others in moves.items():
            for other, when in others.items():
                assert f"    {one} --> {other}" in lines
                assert f"| `{one}` | `{other}` | {when} |" in lines
