"""How long somebody who sits before a page is made to wait for Stripe, all questions together."""

from __future__ import annotations

import time

PATIENCE = 8.0
"""Seconds. What is not known by then, a job finds out."""


class Patience:
    """Seconds that are left of some."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Never negative."""
        return max(0.0, self._ends - time.monotonic())
