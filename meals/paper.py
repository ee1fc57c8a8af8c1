"""How a kitchen sheet falls onto A4: pure, in millimetres of what the style sheet gives each line.

A section begins where at least a few of its lines fit, and goes on on the next sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHEET = 272
"""Millimetres between the margins, but for the line at the foot; with the space after the last section."""
HEAD = 34.5
TITLE_LINE, LETTERS_OF_TITLE = 8.2, 32
SECTION = 20.4
"""Rule, title, and the space before it."""
TABLE_HEAD = 9.4
MENU_LINE, LETTERS_A_MENU_LINE = 6.2, 40
COUNT_LINE, LETTERS_A_COUNT_LINE = 6.2, 30
ROW, MORE, EMPTY_ROW, WARNING = 10.4, 6.6, 9.8, 11
"""A line of a table, each line more of what stands in it, one to write on; what to know before one begins."""
LETTERS_OF_WHO, LETTERS_OF_A_BLANK, LETTERS_OF_WHAT = 38, 13, 38
SHOPPING_LINE, SHOPPING_MORE, COLUMNS, LETTERS_OF_BOUGHT = 7.9, 5.4, 3, 27
LETTERS_OF_DISH = 26
LINES_OF_UNKNOWN = 2
"""« allergènes pas encore notés », below what is made instead."""
LEAST_LINES = 4
"""Fewer of a section are not left alone at the foot of a sheet."""


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a section that stand on one sheet."""

    sort: str
    """`tasks`, `shopping`, `dishes`, `checks`."""
    first: int
    last: int
    """Not included."""
    goes_on: bool
    """Whether the section has begun on the sheet before."""


def lines(words: str, letters: int) -> int:
    """So many lines hold these words, at least one."""
    return max(1, -(-len(words) // letters))


def head_of(title: str, menu: Sequence[str], counts: Sequence[str]) -> float:
    """What the head of the first sheet takes, with the menu and what to mind beside one another."""
    menu_takes = sum(lines(each, LETTERS_A_MENU_LINE) for each in menu) * MENU_LINE
    counts_take = sum(lines(each, LETTERS_A_COUNT_LINE) for each in counts) * COUNT_LINE
    return (
        HEAD + lines(f"Fiche cuisine : {title}", LETTERS_OF_TITLE) * TITLE_LINE + SECTION + max(menu_takes, counts_take)
    )


def sheets_of(head: float, sections: Sequence[tuple[str, float, Sequence[float]]]) -> list[list[Part]]:
    """On which sheet each part of each section (its sort, what its title takes, what each line takes) stands."""
    sheets: list[list[Part]] = [[]]
    left = SHEET - head
    for sort, title, takes in sections:
        if not takes:
            continue
        if title + sum(takes[:LEAST_LINES]) > left:
            sheets.append([])
            left = SHEET
        first = 0
        left -= title
        for number, line in enumerate(takes):
            if line > left and number > first:
                sheets[-1].append(Part(sort, first, number, goes_on=first > 0))
                sheets.append([])
                first, left = number, SHEET - title
            left -= line
        sheets[-1].append(Part(sort, first, len(takes), goes_on=first > 0))
    return sheets
