"""What `reseau doctor` finds: one thing each, and how to mend it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `sort` is `ok`, `warn` or `fault`."""

    sort: str
    what: str
    mend: str = ""


Findings = AsyncIterator[Finding]


def ok(what: str) -> Finding:
    """All is well here."""
    return Finding("ok", what)


def warn(what: str, mend: str) -> Finding:
    """It works, but it should be looked at."""
    return Finding("warn", what, mend)


def fault(what: str, mend: str) -> Finding:
    """It does not work."""
    return Finding("fault", what, mend)
