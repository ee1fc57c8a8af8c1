"""The wall clock is watched by one that nobody sets."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from app.steady import Clocks, Moved, Watch
from tests.app.machine import Machine


class TestWatch:
    @pytest.mark.parametrize("span", [timedelta(0), timedelta(seconds=5), timedelta(days=400)])
    def test_time_that_passes_is_nothing(self, span: timedelta) -> None:
        machine = Machine()
        watch = Watch(machine.clocks())
        machine.passes(span)
        assert watch.look() is None

    @pytest.mark.parametrize("by", [timedelta(seconds=6), timedelta(hours=1), timedelta(days=-365)])
    def test_a_clock_that_is_set_is_told_once_and_by_how_much(self, by: timedelta) -> None:
        machine = Machine()
        watch = Watch(machine.clocks())
        machine.passes(timedelta(minutes=3))
        machine.is_set(by)
        assert watch.look() == Moved(by=by)
        machine.passes(timedelta(minutes=3))
        assert watch.look() is None

    def test_sleep_is_told_from_a_clock_that_was_set(self) -> None:
        machine = Machine()
        watch = Watch(machine.clocks())
        machine.sleeps(timedelta(hours=8))
        assert watch.look() == Moved(slept=timedelta(hours=8))
        machine.sleeps(timedelta(hours=8))
        machine.is_set(timedelta(hours=1))
        assert watch.look() == Moved(by=timedelta(hours=1), slept=timedelta(hours=8))

    def test_what_ntp_does_each_day_is_nothing(self) -> None:
        machine = Machine()
        watch = Watch(machine.clocks())
        for _ in range(1000):
            machine.passes(timedelta(seconds=5))
            machine.is_set(timedelta(milliseconds=2.5))  # 500 millionths: the fastest that ntp slews
            assert watch.look() is None
        machine.is_set(timedelta(seconds=-1))  # a leap second
        assert watch.look() is None

    def test_a_process_held_up_between_two_clocks_reads_them_again(self) -> None:
        machine = Machine()
        watch = Watch(machine.clocks())
        held_up = 1

        def wall() -> datetime:
            nonlocal held_up
            if held_up:
                held_up -= 1
                machine.passes(timedelta(minutes=5))  # stopped after the steady clock was read, before this one
            return machine.wall

        watch.clocks = Clocks(wall=wall, steady=lambda: machine.steady, awake=lambda: machine.awake)
        assert watch.look() is None
        assert not held_up

    def test_this_machines_own_clocks(self) -> None:
        watch = Watch()
        time.sleep(0.05)
        assert watch.look() is None
        clocks = Clocks()
        assert clocks.steady() >= clocks.awake() - 1
