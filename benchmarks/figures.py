"""What is wanted of each figure, and how figures are made of rounds. No program is started here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

STEADY = 0.10
"""So much may a figure move from the smallest place to the largest."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round saw."""

    requests: int
    seconds: float
    processor: float
    """Seconds that the serving processes had of the processor."""
    p50: float = 0.0
    p95: float = 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """The middle of several rounds."""

    per_second: float
    """Answers a second."""
    processor: float
    """Milliseconds of the processor for an answer."""
    p50: float
    p95: float


def speed_of(rounds: Sequence[Round]) -> Speed:
    """The medians. A round without an answer is a mistake of the caller."""
    return Speed(
        per_second=median(each.requests / each.seconds for each in rounds),
        processor=median(each.processor / each.requests * 1000 for each in rounds),
        p50=median(each.p50 for each in rounds),
        p95=median(each.p95 for each in rounds),
    )


def share(of: Sequence[Round], against: Sequence[Round]) -> float:
    """How much of the yardstick's speed is reached: the median of pairs, since both of a pair ran side by side."""
    pairs = zip(of, against, strict=True)
    return median((one.requests / one.seconds) / (other.requests / other.seconds) for one, other in pairs)


def processor_share(of: Sequence[Round], against: Sequence[Round]) -> float:
    """The same by time of the processor: what other programs on the machine hardly change."""
    pairs = zip(of, against, strict=True)
    return median((other.processor / other.requests) / (one.processor / one.requests) for one, other in pairs)


@dataclass(frozen=True, slots=True)
class Aim:
    """A bound."""

    bound: float
    least: bool = True
    """Whether it is the least that will do; else the most."""

    def met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


PAGE = Aim(0.70)
BARE_AGENDA = Aim(900)
FEED = Aim(0.60)
UNCHANGED = Aim(0.75)
SIGN_UPS = Aim(300)
"""On SQLite."""
OF_COMMITS = Aim(0.25)
BOOKINGS = Aim(900)
WHOLE_BOOKINGS = Aim(300)
"""The meal's page, the booking, the ticket. Both on SQLite."""
P50 = Aim(10.0, least=False)
P95 = Aim(25.0, least=False)
MEMORY = {("sqlite", 1): Aim(85.0, least=False), ("postgresql", 2): Aim(136.0, least=False)}
"""By engine and workers."""


def steady(figures: Sequence[float]) -> bool:
    """Whether none is further from the first than `STEADY`."""
    return all(abs(each / figures[0] - 1) <= STEADY for each in figures)
