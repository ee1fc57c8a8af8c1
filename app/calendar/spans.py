"""Which days the agenda and the month show: what an address asks for, read leniently, and the days before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.clock import day_start, local_day, week_start

LONGEST_SPAN = timedelta(days=92)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_FOLLOW = re.compile(r"(\d{9,11})-(\d{1,10})", re.ASCII)
_YEARS = range(2000, 2200)


def read_day(written: str) -> date | None:
    """A day as `2026-11-24`, or nothing for anything else."""
    match = _DAY.fullmatch(written.strip())
    if match is None or int(match[1]) not in _YEARS:
        return None
    try:
        return date(*map(int, match.groups()))
    except ValueError:
        return None


def read_month(written: str) -> date | None:
    """The first day of a month written as `2026-11`, or nothing."""
    match = _MONTH.fullmatch(written.strip())
    return read_day(f"{match[0]}-01") if match else None


@dataclass(frozen=True, slots=True)
class Follow:
    """Where a long list goes on: after this entry."""

    starts_at: datetime
    entry_id: int

    def __str__(self) -> str:
        return f"{int(self.starts_at.timestamp())}-{self.entry_id}"

    @classmethod
    def read(cls, written: str) -> Follow | None:
        match = _FOLLOW.fullmatch(written.strip())
        if match is None or int(match[2]) >= 2**31 or int(match[1]) >= 7_000_000_000:
            return None
        return cls(datetime.fromtimestamp(int(match[1]), UTC), int(match[2]))


@dataclass(frozen=True, slots=True)
class Days:
    """Days from the first to the last, both shown."""

    first: date
    last: date
    today: date
    chosen: bool
    """Whether somebody asked for them; otherwise it is « what comes now »."""

    @property
    def starts_at(self) -> datetime:
        return day_start(self.first)

    @property
    def after(self) -> datetime:
        return day_start(self.last + timedelta(days=1))

    @property
    def next_first(self) -> date:
        return self.last + timedelta(days=1)

    @property
    def previous_first(self) -> date:
        """The Monday of the week before, or of this one when it has days before these."""
        return week_start(self.first - timedelta(days=1))

    @property
    def this_week(self) -> bool:
        return self.first <= self.today <= self.last

    @property
    def next_week(self) -> bool:
        monday = week_start(self.today) + timedelta(days=7)
        return (self.first, self.last) == (monday, monday + timedelta(days=6))

    def all(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @classmethod
    def read(cls, params: Mapping[str, str], now: datetime) -> Days:
        """From `du` and `au`. Without them: from today to Sunday, at the week-end to the next Sunday."""
        today = local_day(now)
        first, last = read_day(params.get("du", "")), read_day(params.get("au", ""))
        if first is None:
            sunday = week_start(today) + timedelta(days=6 if today.weekday() < 5 else 13)
            return cls(today, sunday, today, chosen=False)
        if last is None or not first <= last <= first + LONGEST_SPAN:
            last = week_start(first) + timedelta(days=6)
        return cls(first, last, today, chosen=True)


@dataclass(frozen=True, slots=True)
class Month:
    """A month as a grid of whole weeks, Monday first."""

    first: date
    today: date

    @property
    def next_first(self) -> date:
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def previous_first(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def starts_at(self) -> datetime:
        return day_start(self.first)

    @property
    def after(self) -> datetime:
        return day_start(self.next_first)

    def weeks(self) -> list[list[date | None]]:
        """Rows of seven days; nothing where a neighbouring month stands."""
        start = week_start(self.first)
        count = (week_start(self.next_first - timedelta(days=1)) - start).days // 7 + 1
        return [
            [
                day if day.month == self.first.month else None
                for day in (start + timedelta(days=7 * week + n) for n in range(7))
            ]
            for week in range(count)
        ]

    @classmethod
    def read(cls, written: str, now: datetime) -> Month:
        today = local_day(now)
        return cls(read_month(written) or today.replace(day=1), today)
