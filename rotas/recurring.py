"""On which days a pattern has its slots, and at which instants: local hours stay put across clock changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.clock import PARIS, local_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Weekly:
    """When a pattern has its slots."""

    weekday: int
    starts: str
    ends: str
    from_on: date
    until_on: date | None = None

    def length(self) -> timedelta:
        """How long a slot is by the clock on the wall; it ends on the next day if its end is not later than its
        start."""
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return (timedelta() if ends > starts else DAY) + timedelta(
            hours=ends.hour - starts.hour, minutes=ends.minute - starts.minute
        )

    def span_on(self, day: date) -> tuple[datetime, datetime]:
        """The instants of that day's slot. Local hours stay put across clock changes: one that is jumped over is as
        far after the change as it would have been, one that comes twice is the first (RFC 5545, section 3.3.5). What
        would end before it began, because the clock jumped in between, is as long as ever."""
        starts, ends = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        starts_at = _instant(day, starts)
        ends_at = _instant(day if ends > starts else day + DAY, ends)
        return starts_at, ends_at if ends_at > starts_at else starts_at + self.length()

    def days(self, first: date, last: date) -> list[date]:
        """Its days from the first to the last, both included."""
        first, last = max(first, self.from_on), min(last, self.until_on or last)
        day = first + timedelta(days=(self.weekday - first.weekday()) % 7)
        found = []
        while day <= last:
            found.append(day)
            day += timedelta(days=7)
        return found


def ends_next_day(starts_at: datetime, ends_at: datetime) -> bool:
    """Whether a turn ends on another day than it begins; midnight is still of the first."""
    return local_day(starts_at) != local_day(ends_at - timedelta(minutes=1))


def _instant(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=PARIS).astimezone(UTC)


def same_week(day: date, weekday: int) -> date:
    """That weekday of the same week, Monday first: where a slot goes when its pattern moves to another day."""
    return day + timedelta(days=weekday - day.weekday())
