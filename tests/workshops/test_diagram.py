"""The page of states says what the tables say."""

from workshops.diagram import PATH, page
from workshops.states import MOVES, SIGN_UP_MOVES


def test_the_page_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "run `python -m workshops.diagram`"


def test_it_shows_every_move() -> None:
    lines = page().splitlines()
    for moves in (MOVES, SIGN_UP_MOVES):
        for one, others in moves.items():
            for other, when in others.items():
                assert f"    {one} --> {other}" in lines
                assert f"| `{one}` | `{other}` | {when} |" in lines
