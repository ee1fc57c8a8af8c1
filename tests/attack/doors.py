"""Who may what, door by door: the table role × route, read by people and tried for real (test_doors.py).

Each line is a method, an address, whose thing it is tried on (a kind of person of `tests.attack.town`, « - » where
there is none), and what each kind of person is answered:

    in    asked to sign in               ok    the page, or done (200, 303)
    403   not with this account          404   as if it were not there
    409   not now, by a rule             422   something is missing in the form
    410   over                           500   /erreur alone, where an accident leads

`own` is the person whose thing it is. A form is sent as its page shows it, filled in with anything. A route that comes
later needs a line here, and what it answers has to be what docs/permissions.md says.
`python -m tests.attack doors` prints what is answered now, to be judged and then pasted.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("visitor", "stranger", "elsewhere", "newcomer", "kitchen", "welcome", "bureau", "mediator", "own")
ANSWERS = ("in", "ok", "403", "404", "409", "410", "422", "500")


@dataclass(frozen=True, slots=True)
class Door:
    """One line of the table."""

    method: str
    path: str
    whose: str
    answers: dict[str, str]

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


def read(table: str) -> list[Door]:
    """The lines of a table. Raises `ValueError` for one that cannot be read."""
    doors = []
    for line in table.strip().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, path, whose, *answers = line.split()
        if len(answers) != len(COLUMNS) or not set(answers) <= set(ANSWERS):
            raise ValueError(line)
        doors.append(Door(method, path, whose.replace("_", " "), dict(zip(COLUMNS, answers, strict=True))))
    return doors


def write(doors: list[Door]) -> str:
    """The table again, in columns."""
    head = [["#", "", "of", *COLUMNS]]
    rows = [
        [door.method, door.path, door.whose.replace(" ", "_"), *(door.answers[each] for each in COLUMNS)]
        for door in doors
    ]
    widths = [max(len(row[place]) for row in head + rows) for place in range(len(head[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in head + rows
    )


TABLE = """
"""
