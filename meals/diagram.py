"""Writes `docs/meal-states.md` from the tables of `states`: `python -m meals.diagram`.

A test holds the file and the tables together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from meals.states import MEAL_MOVES, PART_MOVES

PATH = Path(__file__).parents[1] / "docs" / "meal-states.md"

S = TypeVar("S", bound=StrEnum)


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            "# States of meals and of booked seats",
            "",
            "Written by `python -m meals.diagram` from `meals/states.py`: change the tables there.",
            "",
            "## A meal",
            "",
            *_drawn(MEAL_MOVES),
            "",
            "## Seats of a booking",
            "",
            "A booking has one part, or several where some of its seats stand otherwise than the rest.",
            "",
            *_drawn(PART_MOVES),
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
