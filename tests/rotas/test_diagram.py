"""The page of states says what the tables say."""

from rotas.diagram import PATH, page
from rotas.states import SLOT_MOVES, SWAP_MOVES


def test_the_page_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == page(), "run `python -m rotas.diagram`"


def test_it_shows_every_move() -> None:
    lines = page().splitlines()
    for moves in (SLOT_MOVES, SWAP_MOVES):
        for one, others in moves.items():
            for other, when in others.items():
                assert f"    {one} --> {other}" in lines
                assert f"| `{one}` | `{other}` | {when} |" in lines
