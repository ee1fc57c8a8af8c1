"""Writes `docs/turn-states.md` from the tables of `states`: `python -m rotas.diagram`.

A test holds the file and the tables together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from rotas.states import SLOT_MOVES, SWAP_MOVES

PATH = Path(__file__).parents[1] / "docs" / "turn-states.md"

S = TypeVar("S", bound=StrEnum)


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# States of turns and swaps",
            "",
            "Written by `python -m rotas.diagram` from `rotas/states.py`: change the tables there.",
            "",
            "## A turn",
            "",
            *_drawn(SLOT_MOVES),
            "",
            "## « Je ne peux pas venir »: a stand-in or a swap",
            "",
            *_drawn(SWAP_MOVES),
            "",
        ]
    )


def _drawn(moves: Mapping[S, Mapping[S, str]]) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {one} --> {other}" for one, others in moves.items() for other in others]
    lines += ["```", "", "| from | to | when |", "|---|---|---|"]
    lines += [f"| `{one}` | `{other}` | {when} |" for one, others in moves.items() for other, when in others.items()]
    return lines


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
