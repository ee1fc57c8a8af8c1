"""Hours on the place's clock: which spans overlap, when a place is open, which hours are near a wished one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from app.calendar.states import OpeningState
from app.clock import ImpossibleHour, at_local, local

Span = tuple[datetime, datetime]
Week = Mapping[int, Sequence[tuple[time, time]]]
"""Weekday (0 = Monday) → when somebody opens and closes."""

NEAR_DAYS = 7
NEXT_DAYS = 28


def overlap(one: Span, other: Span) -> bool:
    """Whether two half-open spans share an instant: what ends at 16 h leaves 16 h free."""
    return one[0] < other[1] and other[0] < one[1]


def opening_state(span: Span, week: Week, closures: Sequence[tuple[date, date]]) -> OpeningState:
    """Whether the whole span lies in one opening stretch of a day that is not closed. No written hours: open."""
    starts, ends = local(span[0]), local(span[1])
    if any(first <= ends.date() and starts.date() <= last for first, last in closures):
        return OpeningState.CLOSED_DAYS
    if not week:
        return OpeningState.OPEN
    until = ends.time() if ends.date() == starts.date() else None
    for opens, closes in week.get(starts.weekday(), ()):
        if until is not None and opens <= starts.time() and until <= closes:
            return OpeningState.OPEN
    return OpeningState.CLOSED_HOURS


def next_opening(week: Week, closures: Sequence[tuple[date, date]], after: datetime) -> Span | None:
    """The first opening stretch that begins after this instant, in the next four weeks; none where no hours are
    written."""
    first = local(after).date()
    for distance in range(NEXT_DAYS):
        day = first + timedelta(days=distance)
        if any(shuts <= day <= opens_again for shuts, opens_again in closures):
            continue
        for opens, closes in sorted(week.get(day.weekday(), ())):
            try:
                span = at_local(day, opens), at_local(day, closes)
            except ImpossibleHour:
                continue
            if span[0] >= after:
                return span
    return None


def near_spans(starts_at: datetime, ends_at: datetime) -> Iterator[Span]:
    """Spans of the same length: the same wall hour within a week, nearest day first, then the same day's half hours,
    nearest hour first. Hours that a clock change jumps over are left out."""
    wall, length = local(starts_at), ends_at - starts_at
    for distance in range(1, NEAR_DAYS + 1):
        for day in (wall.date() + timedelta(days=distance), wall.date() - timedelta(days=distance)):
            yield from _span(day, wall.time(), length)
    hours = [time(half // 2, half % 2 * 30) for half in range(48)]
    for hour in sorted(hours, key=lambda hour: (abs(_minutes(hour) - _minutes(wall.time())), hour)):
        yield from _span(wall.date(), hour, length)


def choose_near(spans: Sequence[Span], starts_at: datetime, count: int) -> list[Span]:
    """The first `count`, of which one at least is another hour of the same day when there is one."""
    wished = local(starts_at).date()
    other_days = [span for span in spans if local(span[0]).date() != wished]
    same_day = [span for span in spans if local(span[0]).date() == wished]
    kept = other_days[: count - min(1, len(same_day))]
    return (kept + same_day[: count - len(kept)] + other_days[len(kept) :])[:count]


def _span(day: date, hour: time, length: timedelta) -> Iterator[Span]:
    try:
        at = at_local(day, hour)
    except ImpossibleHour:
        return
    yield at, at + length


def _minutes(hour: time) -> int:
    return hour.hour * 60 + hour.minute
