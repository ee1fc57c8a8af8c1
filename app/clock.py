"""What time it is, and what a place's clock on the wall says.

Everything is stored and compared in UTC; people read and write the hours of Europe/Paris. Commands take `now` from
their caller: only the edges (handlers, jobs, the command line) ask `now()`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

YEARS = range(1900, 2200)
"""What people may write: from the ends of the calendar one cannot count a week on, nor a few hours back."""

_WRITTEN = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::\d{2})?")


class ImpossibleHour(ValueError):
    """The clocks jump over this hour on that day (in France: 2 h to 3 h on the last Sunday of March)."""


def now() -> datetime:
    """The current instant, aware, UTC."""
    return datetime.now(UTC)


def local(at: datetime) -> datetime:
    """The same instant as the place's wall clock shows it."""
    return at.astimezone(PARIS)


def local_day(at: datetime) -> date:
    """The place's calendar day at this instant."""
    return at.astimezone(PARIS).date()


def at_local(day: date, hour: time, *, fold: int = 0) -> datetime:
    """The instant (UTC) at which the place's clock shows this hour on this day.

    `fold` tells apart the hour that comes twice in October: 0 the first, 1 the second (PEP 495).
    Raises `ImpossibleHour` for an hour that is jumped over.
    """
    wall = datetime.combine(day, hour.replace(fold=fold), tzinfo=PARIS)
    instant = wall.astimezone(UTC)
    if instant.astimezone(PARIS).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise ImpossibleHour(wall.isoformat())
    return instant


def from_local(written: str, *, fold: int = 0) -> datetime:
    """The instant (UTC) that a person wrote as `YYYY-MM-DDTHH:MM`. Raises `ValueError`, `ImpossibleHour` among them."""
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise ValueError(written)
    year, month, day, hour, minute = map(int, match.groups())
    if year not in YEARS:
        raise ValueError(written)
    return at_local(date(year, month, day), time(hour, minute), fold=fold)


def comes_twice(day: date, hour: time) -> bool:
    """Whether the place's clock shows this hour twice on this day (the last Sunday of October, 2 h to 3 h)."""
    wall = datetime.combine(day, hour, tzinfo=PARIS)
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset() and not _is_jumped(wall)


def _is_jumped(wall: datetime) -> bool:
    return wall.astimezone(UTC).astimezone(PARIS).replace(tzinfo=None) != wall.replace(tzinfo=None)


@lru_cache(maxsize=512)
def day_start(day: date) -> datetime:
    """The instant (UTC) at which this day begins at the place."""
    return at_local(day, time(0))


def week_start(day: date) -> date:
    """The Monday of this day's week."""
    return day - timedelta(days=day.weekday())
