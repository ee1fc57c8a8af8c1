"""The clocks of a machine that a test turns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.steady import Clocks
from tests.client import NOON


@dataclass
class Machine:
    """Its wall clock, which anybody may set, and the two that nobody does."""

    wall: datetime = NOON
    steady: float = 1000.0
    awake: float = 900.0

    def clocks(self) -> Clocks:
        return Clocks(wall=lambda: self.wall, steady=lambda: self.steady, awake=lambda: self.awake)

    def passes(self, span: timedelta | None = None, **parts: float) -> None:
        """Time goes by."""
        span = span if span is not None else timedelta(**parts)
        self.wall += span
        self.steady += span.total_seconds()
        self.awake += span.total_seconds()

    def sleeps(self, span: timedelta | None = None, **parts: float) -> None:
        """Time goes by, and no program runs."""
        span = span if span is not None else timedelta(**parts)
        self.wall += span
        self.steady += span.total_seconds()

    def is_set(self, by: timedelta) -> None:
        """Somebody sets the wall clock."""
        self.wall += by
