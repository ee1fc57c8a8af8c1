"""When reminders and « Ta semaine » leave: the place's clock decides, on the days when it is changed too."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import PARIS, at_local, local, local_day, week_start
from app.notices import rules
from app.notices.states import Kind, Lead, Remind

FORWARD, BACK = date(2027, 3, 28), date(2026, 10, 25)
"""The Sundays on which the clocks are changed."""
HOUR = timedelta(hours=1)
instants = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2028, 12, 31), timezones=st.just(UTC))
near_a_change = st.one_of(
    instants,
    st.builds(
        lambda day, seconds: datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds),
        st.sampled_from([FORWARD, BACK]),
        st.integers(-2 * 86400, 3 * 86400),
    ),
)


class TestReminders:
    @pytest.mark.parametrize("day", [FORWARD, BACK, FORWARD + timedelta(days=1), BACK + timedelta(days=1)])
    @pytest.mark.parametrize("hour", [time(0, 30), time(10), time(23, 30)])
    def test_the_evening_before_is_at_18_h_on_the_wall(self, day: date, hour: time) -> None:
        due = rules.reminder_due_at(Lead.EVE, at_local(day, hour), PARIS)
        assert local(due).replace(tzinfo=None) == datetime.combine(day - timedelta(days=1), time(18))

    def test_the_night_of_a_change_is_an_hour_longer_or_shorter(self) -> None:
        def before(day: date) -> timedelta:
            starts_at = at_local(day, time(10))
            return starts_at - rules.reminder_due_at(Lead.EVE, starts_at, PARIS)

        assert [before(day) for day in (FORWARD, BACK, date(2026, 11, 24))] == [15 * HOUR, 17 * HOUR, 16 * HOUR]

    def test_two_hours_before_are_two_hours_that_pass(self) -> None:
        starts_at = at_local(FORWARD, time(4))
        assert local(rules.reminder_due_at(Lead.SOON, starts_at, PARIS)).time() == time(1)
        second = at_local(BACK, time(2, 30), fold=1)
        assert rules.reminder_due_at(Lead.SOON, second, PARIS) == at_local(BACK, time(1, 30))

    @given(starts_at=near_a_change, now=near_a_change)
    def test_what_the_query_leaves_out_is_not_due(self, starts_at: datetime, now: datetime) -> None:
        due = rules.leads_due(starts_at, now, PARIS)
        if starts_at <= now or starts_at >= rules.nothing_due_from(now, PARIS):
            assert not due
        else:
            assert Lead.EVE in due
        assert (Lead.SOON in due) == (now < starts_at <= now + rules.SOON_BEFORE)

    @given(starts_at=near_a_change, wish=st.sampled_from(Remind), since=near_a_change)
    def test_each_wish_is_told_so_often(self, starts_at: datetime, wish: Remind, since: datetime) -> None:
        """Minute by minute, each lead once: nobody is told more often than they asked, nor of what they came after."""
        told = [lead for lead in Lead if rules.is_reminded(wish, [lead], since=since, starts_at=starts_at, zone=PARIS)]
        wished = {Remind.NEVER: [], Remind.EVE: [Lead.EVE], Remind.SOON: [Lead.SOON], Remind.BOTH: list(Lead)}[wish]
        assert told == [lead for lead in wished if since <= rules.reminder_due_at(lead, starts_at, PARIS)]

    def test_whoever_chose_nothing_is_reminded_the_evening_before(self) -> None:
        assert rules.read_wish(None, None) is Remind.EVE
        assert rules.read_wish("soon", "") is Remind.SOON
        assert rules.read_wish("once upon a time", "") is Remind.EVE
        assert rules.read_wish("both", rules.write_stopped({Kind.REMINDER, Kind.OFFER})) is Remind.NEVER


class TestTheWeek:
    @pytest.mark.parametrize("monday", [FORWARD + timedelta(days=1), BACK + timedelta(days=1), date(2026, 11, 23)])
    def test_it_is_told_from_8_h_on_monday_to_tuesday_night(self, monday: date) -> None:
        for at, told in (
            (at_local(monday, time(7, 59)), None),
            (at_local(monday, time(8)), monday),
            (at_local(monday + timedelta(days=1), time(23, 59)), monday),
            (at_local(monday + timedelta(days=2), time(0)), None),
            (at_local(monday - timedelta(days=1), time(12)), None),
        ):
            assert rules.digest_monday(at, PARIS) == told

    @given(now=near_a_change)
    def test_it_is_always_the_week_that_one_is_in(self, now: datetime) -> None:
        monday = rules.digest_monday(now, PARIS)
        assert monday in (None, week_start(local_day(now)))
