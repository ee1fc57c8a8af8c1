"""Whether the hour can be believed: the wall clock beside one that nobody sets.

A wall clock is set by hand, by ntp, by a virtual machine that wakes. A `Watch` compares it with the machine's steady
clock from look to look and says what happened in between; what follows from it is for `app.timekeeping` and
`app.notices.delivery` to decide. It knows nothing about the time before its own first look.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import clock

NOTICED = timedelta(seconds=5)
"""Less than this is ntp keeping the clock right."""
AT_ONCE = 0.05
"""Seconds within which the clocks are read together; a process that is held up between them reads them again."""


def _since_boot() -> float:
    """Seconds, those that the machine slept included (on Linux; elsewhere CLOCK_MONOTONIC has them mostly)."""
    kind = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if kind is None else time.clock_gettime(kind)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of a machine; tests have their own."""

    wall: Callable[[], datetime] = clock.now
    """What time it is, as far as anybody knows."""
    steady: Callable[[], float] = _since_boot
    """Seconds that nobody sets, and that go on while the machine sleeps."""
    awake: Callable[[], float] = time.monotonic
    """Seconds that nobody sets, of which the machine has none while it sleeps."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to the clock since the last look: at least one of the two."""

    by: timedelta = timedelta()
    """How far the wall clock was set: forward, or back when it is negative. Sleep does not count."""
    slept: timedelta = timedelta()
    """How long the machine slept."""


@dataclass(frozen=True, slots=True)
class _Reading:
    wall: datetime
    steady: float
    awake: float


class Watch:
    """Tells from look to look whether the clock was set, or the machine slept. Each who must know has one."""

    def __init__(self, clocks: Clocks | None = None) -> None:
        self.clocks = clocks or Clocks()
        self._last = self._read()

    def look(self) -> Moved | None:
        """What happened since the last look; nothing when time just passed, however long that was."""
        last, self._last = self._last, self._read()
        steadily = timedelta(seconds=self._last.steady - last.steady)
        by = self._last.wall - last.wall - steadily
        slept = steadily - timedelta(seconds=self._last.awake - last.awake)
        if abs(by) < NOTICED and slept < NOTICED:
            return None
        return Moved(
            by=by if abs(by) >= NOTICED else timedelta(),
            slept=slept if slept >= NOTICED else timedelta(),
        )

    def _read(self) -> _Reading:
        for _ in range(10):
            before = self.clocks.steady()
            reading = _Reading(self.clocks.wall(), before, self.clocks.awake())
            if self.clocks.steady() - before <= AT_ONCE:
                break
        return reading
