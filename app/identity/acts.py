"""The table act × who: which persons may do what, at the place of their visit.

`rules.why_may_not` decides; this table says what it must come to, is shown in docs/permissions.md, and is walked by a
test for each line and column.
"""

from __future__ import annotations

from enum import StrEnum

from app.identity.states import Act


class Who(StrEnum):
    """The sorts of persons that the table tells apart."""

    VISITOR = "visitor"
    """Nobody is signed in."""
    ELSEWHERE = "member elsewhere"
    """Signed in, a member of other places alone."""
    MEMBER = "member"
    """A member of this place."""
    HOLDER = "member with the role"
    """A member of this place whom a grant allows this act now."""
    MEDIATOR = "mediator here"
    """Mediates in this place, whatever grants there are."""


NOBODY_ELSE = frozenset({Who.HOLDER})

MAY: dict[Act, frozenset[Who]] = {
    Act.OPEN_MEALS: NOBODY_ELSE,
    Act.CHECK_IN: NOBODY_ELSE,
    Act.TAKE_CASH: NOBODY_ELSE,
    Act.REGISTER: NOBODY_ELSE,
    Act.INTRODUCE: NOBODY_ELSE,
    Act.KEEP_ACCOUNTS: NOBODY_ELSE,
    Act.KEEP_PLACE: NOBODY_ELSE,
    Act.SAY_YES: NOBODY_ELSE,
}

GRANTED_BY: dict[Act, str] = {
    Act.OPEN_MEALS: "a turn; where nobody holds it, any member",
    Act.CHECK_IN: "a welcome turn; where nobody holds it, the opener of the meal or the host of the workshop",
    Act.TAKE_CASH: "a till turn; where nobody holds it, the opener of the meal",
    Act.REGISTER: "a welcome turn",
    Act.INTRODUCE: "a mandate in the animation team",
    Act.KEEP_ACCOUNTS: "founding the place; passed on to a successor who accepts",
    Act.KEEP_PLACE: "founding the place; passed on to a successor who accepts",
    Act.SAY_YES: "a mandate of the bureau",
}


def as_markdown() -> str:
    """The table, as it stands in docs/permissions.md."""
    head = ["act", *Who, "granted by"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for act, who in MAY.items():
        cells = ["yes" if each in who else "no" for each in Who]
        lines.append("| " + " | ".join([f"`{act}`", *cells, GRANTED_BY[act]]) + " |")
    return "\n".join(lines) + "\n"
