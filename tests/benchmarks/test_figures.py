"""What is made of rounds: medians, ratios, and whether an aim is met."""

from __future__ import annotations

from io import StringIO
from typing import cast

import pytest
from rich.console import Console

from benchmarks.figures import Aim, Round, processor_share, share, speed_of, steady
from benchmarks.measures import AGENDA, Seen
from benchmarks.place import Place
from benchmarks.report import Judged, lines_of, show

FAST = [Round(1000, 1.0, 0.5), Round(3000, 1.0, 1.5), Round(2000, 1.0, 1.0)]
SLOW = [Round(500, 1.0, 0.5), Round(600, 1.0, 1.5), Round(1600, 1.0, 1.0)]
HERE = Place("sqlite:///x", 50, 0, "ici", 1, 2, "2026-11-23", 3, "secret")
THERE = Place("sqlite:///y", 100_000, 10, "ici", 1, 2, "2026-11-23", 3, "secret")


def test_a_speed_is_the_middle_of_its_rounds() -> None:
    speed = speed_of([Round(100, 2.0, 1.0, 1.0, 9.0), Round(300, 1.0, 0.3, 3.0, 7.0), Round(90, 1.0, 0.9, 2.0, 8.0)])
    assert speed.per_second == 90
    assert speed.processor == pytest.approx(10.0), "milliseconds for an answer"
    assert (speed.p50, speed.p95) == (2.0, 8.0)


def test_a_ratio_compares_rounds_that_ran_side_by_side() -> None:
    assert share(SLOW, FAST) == pytest.approx(0.5)
    assert processor_share(SLOW, FAST) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="shorter"):
        share(SLOW, FAST[:2])


def test_an_aim_is_the_least_or_the_most() -> None:
    assert Aim(0.7).met(0.7)
    assert not Aim(0.7).met(0.69)
    assert Aim(85, least=False).met(85)
    assert not Aim(85, least=False).met(85.1)
    assert Judged(0.71, "share", Aim(0.7)).judged() == "≥ 70% met"
    assert "not met" in Judged(90.0, "MiB", Aim(85, least=False)).judged()
    assert Judged(0.71, "share").judged() == ""


def test_steady_looks_at_the_first_of_all() -> None:
    assert steady([100, 109, 91])
    assert not steady([100, 95, 111])
    assert not steady([100, 89])


def seen(share_of_bare: float) -> Seen:
    each = Seen()
    ours = [Round(int(1000 * share_of_bare), 1.0, 1.0)] * 3
    each.pages[AGENDA] = (ours, [Round(1000, 1.0, 1.0)] * 3)
    each.alone[AGENDA] = [Round(1000, 1.0, 0.5)] * 3
    each.feeds["feed of all, 304"] = (ours, [Round(1000, 1.0, 1.0)] * 3)
    each.sign_ups[1] = ([Round(400, 1.0, 1.0, 2.0, 30.0)] * 3, [Round(1000, 1.0, 1.0)] * 3)
    each.memory[1] = 80.0
    return each


def test_each_line_says_whether_its_aims_are_met() -> None:
    lines = {line.what: line for line in lines_of("sqlite", [(HERE, seen(0.72))])}
    assert [value.met for value in lines[AGENDA].values] == [True, None, True]
    assert [value.met for value in lines["feed of all, 304"].values] == [False, None, None]
    assert [value.met for value in lines["sign-ups, 1 at once"].values] == [True, True, None]
    assert lines["sign-up alone, p50"].values[0].met is True
    assert lines["sign-up alone, p95"].values[0].met is False
    assert lines["memory, 1 worker"].values[0].met is True
    told = lines[AGENDA].told()
    assert told["by_processor"] == pytest.approx(0.72)
    assert told["of_alone"] == pytest.approx(0.36)
    assert told["values"][0]["met"] is True  # type: ignore[index]  # as JSON has it


def test_the_tables_show_figures_aims_and_what_moved() -> None:
    console = Console(width=160, file=StringIO())
    show(lines_of("sqlite", [(HERE, seen(0.72)), (THERE, seen(0.5))]), console)
    text = cast("StringIO", console.file).getvalue()
    assert "sqlite, 100,000 members" in text
    assert "≥ 70% met" in text
    assert "≥ 70% not met" in text
    assert "not met (-31%)" in text
    memory = next(line for line in text.splitlines() if "memory" in line and "80.0 MiB │ 80.0 MiB" in line)
    assert "not met" not in memory
