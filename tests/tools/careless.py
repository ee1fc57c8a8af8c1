"""`reseau` with guards taken away, for the positive controls: what a tool does not see here, it sees nowhere.

`python -m tests.tools.careless escape,policy demo …`, where each word is one of `GUARDS`.
"""

from __future__ import annotations

import sys
from typing import Any

from app.calendar import pages_public
from app.calendar.spans import Days
from app.cli import main
from app.web import rendering, shell
from app.web.rendering import PageEnvironment


def without_api() -> None:
    """The agenda's JSON falls over at some days, and writes numbers as words."""
    entry, read = pages_public._entry, Days.read

    def wrong(*args: Any) -> dict[str, Any]:
        return {**entry(*args), "seats_left": "beaucoup"}

    def falls(params: Any, now: Any) -> Days:
        if params.get("du", "").startswith("2"):
            raise ZeroDivisionError
        return read(params, now)

    vars(pages_public).update(_entry=wrong, Days=type("Days", (), {"read": staticmethod(falls)}))


def without_escape() -> None:
    """What people write reaches the pages and the mails as it is."""

    def careless(**options: Any) -> PageEnvironment:
        return PageEnvironment(**{**options, "autoescape": False})

    vars(rendering).update(PageEnvironment=careless)


def without_policy() -> None:
    """Scripts may stand in pages."""
    vars(shell).update(CONTENT_SECURITY_POLICY="")


def without_fresh() -> None:
    """The database that is there is served as it is."""
    sys.argv.remove("--fresh")


GUARDS = {"api": without_api, "escape": without_escape, "policy": without_policy, "fresh": without_fresh}

if __name__ == "__main__":
    for guard in sys.argv.pop(1).split(","):
        GUARDS[guard]()
    main()
