"""Local hours stay put: across both clock changes, over midnight, in the hour that is jumped or comes twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import PARIS, local
from rotas.recurring import Weekly, same_week

SUNDAY = 6
SPRING = date(2027, 3, 28)
"""2 h becomes 3 h."""
AUTUMN = date(2027, 10, 31)
"""3 h becomes 2 h."""


def weekly(starts: str, ends: str, weekday: int = SUNDAY) -> Weekly:
    return Weekly(weekday, starts, ends, date(2027, 1, 1))


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class TestHours:
    @pytest.mark.parametrize("change", [SPRING, AUTUMN])
    def test_an_hour_is_the_same_on_the_wall_before_and_after(self, change: date) -> None:
        pattern = weekly("14:00", "16:30")
        for day in (change - timedelta(days=7), change, change + timedelta(days=7)):
            starts_at, ends_at = pattern.span_on(day)
            assert local(starts_at).strftime("%F %H:%M") == f"{day} 14:00"
            assert local(ends_at).strftime("%F %H:%M") == f"{day} 16:30"

    def test_counting_weeks_in_instants_would_not_do(self) -> None:
        """The control: what is so many hours later is another hour on the wall."""
        starts_at, _ = weekly("14:00", "16:30").span_on(SPRING - timedelta(days=7))
        assert local(starts_at + timedelta(days=7)).hour == 15

    def test_over_midnight_it_ends_on_the_next_day(self) -> None:
        starts_at, ends_at = weekly("22:00", "01:00").span_on(date(2027, 6, 6))
        assert (starts_at, ends_at) == (utc(date(2027, 6, 6), 20), utc(date(2027, 6, 6), 23))
        assert local(ends_at).strftime("%F %H:%M") == "2027-06-07 01:00"

    def test_over_the_midnight_before_a_change(self) -> None:
        saturday = weekly("22:00", "05:00", weekday=5)
        shorter = saturday.span_on(SPRING - timedelta(days=1))
        longer = saturday.span_on(AUTUMN - timedelta(days=1))
        assert shorter[1] - shorter[0] == timedelta(hours=6)
        assert longer[1] - longer[0] == timedelta(hours=8)
        assert local(shorter[1]).hour == local(longer[1]).hour == 5

    def test_a_start_in_the_hour_that_is_jumped_is_as_far_after_the_change(self) -> None:
        starts_at, ends_at = weekly("02:30", "04:00").span_on(SPRING)
        assert (starts_at, ends_at) == (utc(SPRING, 1, 30), utc(SPRING, 2))
        assert local(starts_at).strftime("%H:%M") == "03:30"

    @pytest.mark.parametrize(("starts", "ends", "minutes"), [("02:15", "02:45", 30), ("02:30", "03:10", 40)])
    def test_what_lies_in_the_jumped_hour_keeps_its_length(self, starts: str, ends: str, minutes: int) -> None:
        starts_at, ends_at = weekly(starts, ends).span_on(SPRING)
        assert ends_at - starts_at == timedelta(minutes=minutes)

    def test_an_hour_that_comes_twice_is_the_first(self) -> None:
        starts_at, ends_at = weekly("02:30", "03:30").span_on(AUTUMN)
        assert (starts_at, ends_at) == (utc(AUTUMN, 0, 30), utc(AUTUMN, 2, 30))
        assert weekly("02:15", "02:45").span_on(AUTUMN) == (utc(AUTUMN, 0, 15), utc(AUTUMN, 0, 45))

    def test_the_same_hour_twice_is_a_whole_day(self) -> None:
        assert weekly("09:00", "09:00").length() == timedelta(days=1)

    @given(
        day=st.dates(date(2024, 1, 1), date(2034, 12, 31)),
        starts=st.times().map(lambda hour: hour.strftime("%H:%M")),
        ends=st.times().map(lambda hour: hour.strftime("%H:%M")),
    )
    def test_every_span_goes_forward_and_lasts_as_on_the_wall_but_for_a_change(
        self, day: date, starts: str, ends: str
    ) -> None:
        pattern = weekly(starts, ends)
        starts_at, ends_at = pattern.span_on(day)
        assert starts_at < ends_at
        assert abs((ends_at - starts_at) - pattern.length()) <= timedelta(hours=1)
        wall = datetime.combine(day, datetime.min.time(), tzinfo=PARIS)
        assert abs(local(starts_at) - wall) <= timedelta(hours=25)


class TestDays:
    def test_every_week_on_its_day_within_its_bounds(self) -> None:
        pattern = Weekly(4, "18:00", "20:00", date(2026, 12, 1), date(2026, 12, 18))
        assert pattern.days(date(2026, 11, 1), date(2027, 1, 31)) == [
            date(2026, 12, 4),
            date(2026, 12, 11),
            date(2026, 12, 18),
        ]

    def test_none_between_two_days_that_are_too_near(self) -> None:
        assert weekly("10:00", "11:00").days(date(2027, 3, 1), date(2027, 3, 6)) == []

    @given(day=st.dates(date(2024, 1, 1), date(2034, 12, 31)), weekday=st.integers(0, 6))
    def test_the_same_week_is_monday_to_sunday(self, day: date, weekday: int) -> None:
        there = same_week(day, weekday)
        assert there.weekday() == weekday
        assert there.isocalendar()[:2] == day.isocalendar()[:2]
