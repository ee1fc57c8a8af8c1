"""What the agenda proposes to whom, and which days it shows: no database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar.rules import invitation, seats_left, waiting_first, why_cannot_add_feed
from app.calendar.spans import Days, Follow, Month, read_day, read_month
from app.calendar.states import CalendarRefusal, EntryState, Invitation, Role
from app.clock import at_local, local_day
from tests.calendar.plans import at
from tests.client import NOON


class TestInvitation:
    def invite(self, **changes: Any) -> Invitation:
        values: dict[str, Any] = {
            "state": EntryState.CONFIRMED,
            "ends_at": NOON + timedelta(hours=2),
            "seats": 12,
            "taken": 3,
            "waiting": 0,
            "role": None,
            "member": True,
            "now": NOON,
        }
        return invitation(**{**values, **changes})

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, Invitation.JOIN),
            ({"seats": None}, Invitation.JOIN),
            ({"taken": 12}, Invitation.WAIT),
            ({"taken": 14}, Invitation.WAIT),
            ({"taken": 11, "waiting": 1}, Invitation.WAIT),
            ({"role": Role.PARTICIPANT}, Invitation.MINE),
            ({"role": Role.WAITING, "taken": 12}, Invitation.MINE),
            ({"member": False}, Invitation.CLOSED),
            ({"state": EntryState.CANCELLED}, Invitation.CLOSED),
            ({"state": EntryState.TENTATIVE}, Invitation.CLOSED),
            ({"ends_at": NOON}, Invitation.CLOSED),
            ({"joins": False}, Invitation.CLOSED),
            ({"joins": False, "taken": 12}, Invitation.CLOSED),
            ({"joins": False, "role": Role.PARTICIPANT}, Invitation.MINE),
        ],
    )
    def test_who_is_invited_to_what(self, changes: dict[str, Any], expected: Invitation) -> None:
        assert self.invite(**changes) is expected

    def test_freed_seats_belong_to_those_who_wait(self) -> None:
        assert seats_left(seats=12, taken=10, waiting=0) == 2
        assert seats_left(seats=12, taken=10, waiting=3) == 0
        assert seats_left(seats=12, taken=13, waiting=0) == 0
        assert seats_left(seats=None, taken=13, waiting=0) is None

    def test_they_are_kept_for_those_who_wait_until_it_is_first_come(self) -> None:
        two_hours = timedelta(hours=2)
        kept = [
            waiting_first(3, starts_at=NOON, first_come=two_hours, now=NOON - two_hours - before)
            for before in (timedelta(seconds=1), timedelta(), timedelta(hours=-1))
        ]
        assert kept == [3, 0, 0]
        assert waiting_first(3, starts_at=NOON, first_come=timedelta(), now=NOON - timedelta(seconds=1)) == 3

    def test_ten_addresses_and_no_more(self) -> None:
        assert why_cannot_add_feed(feeds=9) is None
        assert why_cannot_add_feed(feeds=10) is CalendarRefusal.TOO_MANY_FEEDS


class TestDays:
    @pytest.mark.parametrize(
        ("now", "first", "last"),
        [
            ("2026-11-24T12:00", "2026-11-24", "2026-11-29"),
            ("2026-11-23T00:00", "2026-11-23", "2026-11-29"),
            ("2026-11-28T09:00", "2026-11-28", "2026-12-06"),
            ("2026-11-29T23:59", "2026-11-29", "2026-12-06"),
            ("2026-10-25T00:30", "2026-10-25", "2026-11-01"),
        ],
    )
    def test_what_comes_now(self, now: str, first: str, last: str) -> None:
        days = Days.read({}, at(now))
        assert (str(days.first), str(days.last), days.chosen, days.this_week) == (first, last, False, True)

    @pytest.mark.parametrize(
        ("params", "first", "last"),
        [
            ({"du": "2026-12-07"}, "2026-12-07", "2026-12-13"),
            ({"du": "2026-12-09"}, "2026-12-09", "2026-12-13"),
            ({"du": "2026-12-09", "au": "2026-12-09"}, "2026-12-09", "2026-12-09"),
            ({"du": "2026-12-09", "au": "2026-12-24"}, "2026-12-09", "2026-12-24"),
            ({"du": "2026-12-09", "au": "2026-12-08"}, "2026-12-09", "2026-12-13"),
            ({"du": "2026-12-09", "au": "2036-12-08"}, "2026-12-09", "2026-12-13"),
            ({"au": "2026-12-08"}, "2026-11-24", "2026-11-29"),
            ({"du": "hier"}, "2026-11-24", "2026-11-29"),
            ({"du": "2026-02-30"}, "2026-11-24", "2026-11-29"),
            ({"du": "9999-12-31"}, "2026-11-24", "2026-11-29"),
            ({"du": "٢٠٢٦-١١-٢٤"}, "2026-11-24", "2026-11-29"),
        ],
    )
    def test_what_an_address_asks_for(self, params: dict[str, str], first: str, last: str) -> None:
        days = Days.read(params, NOON)
        assert (str(days.first), str(days.last)) == (first, last)

    def test_before_and_after(self) -> None:
        days = Days.read({}, NOON)
        assert (str(days.previous_first), str(days.next_first)) == ("2026-11-23", "2026-11-30")
        week = Days.read({"du": "2026-11-30"}, NOON)
        assert (str(week.previous_first), str(week.next_first), week.next_week) == ("2026-11-23", "2026-12-07", True)

    @pytest.mark.parametrize(("du", "hours"), [("2026-10-19", 7 * 24 + 1), ("2027-03-22", 7 * 24 - 1)])
    def test_a_week_with_a_clock_change_is_whole(self, du: str, hours: int) -> None:
        days = Days.read({"du": du}, NOON)
        assert days.after - days.starts_at == timedelta(hours=hours)

    @given(st.text(max_size=12), st.text(max_size=12))
    def test_no_address_breaks_it(self, du: str, au: str) -> None:
        days = Days.read({"du": du, "au": au}, NOON)
        assert days.first <= days.last
        Month.read(du, NOON)
        Follow.read(du)


class TestMonth:
    @given(st.dates(date(2000, 1, 1), date(2199, 12, 31)))
    def test_each_day_stands_once_under_its_weekday(self, day: date) -> None:
        month = Month(day.replace(day=1), day)
        weeks = month.weeks()
        found = [cell for week in weeks for cell in week if cell is not None]
        assert found == [month.first + timedelta(days=n) for n in range((month.next_first - month.first).days)]
        assert all(len(week) == 7 for week in weeks)
        assert all(cell.weekday() == n for week in weeks for n, cell in enumerate(week) if cell is not None)
        assert all(any(week) for week in weeks)

    @pytest.mark.parametrize(("month", "days"), [("2026-10", 31), ("2027-03", 31)])
    def test_both_ends_are_local_midnights(self, month: str, days: int) -> None:
        shown = Month.read(month, NOON)
        assert local_day(shown.starts_at) == shown.first
        assert local_day(shown.after - timedelta(seconds=1)) == shown.first + timedelta(days=days - 1)

    @pytest.mark.parametrize("written", ["", "2026-13", "2026-11-24", "novembre", "0001-01"])
    def test_anything_else_is_this_month(self, written: str) -> None:
        assert Month.read(written, NOON).first == date(2026, 11, 1)
        assert read_month(written) is None
        assert read_day("2026-11-24") == date(2026, 11, 24)


class TestFollow:
    def test_it_comes_back_as_it_went(self) -> None:
        follow = Follow(at("2026-10-25T02:30"), 12)
        assert Follow.read(str(follow)) == follow

    @pytest.mark.parametrize("written", ["", "-1", "1764000000-", "9" * 11 + "-1", "1764000000-9999999999", "a-b"])
    def test_anything_else_is_the_beginning(self, written: str) -> None:
        assert Follow.read(written) is None


def test_the_second_of_two_like_hours_follows_the_first() -> None:
    from datetime import time

    first, second = (at_local(date(2026, 10, 25), time(2, 30), fold=fold) for fold in (0, 1))
    assert str(Follow(first, 1)) < str(Follow(second, 1))
