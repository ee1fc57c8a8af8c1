"""`python -m benchmarks` as people run it, on a small place; and that it fails at a wrong answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from app import clock
from app.database import run, transaction
from benchmarks.meals import Meals
from benchmarks.measures import PAGES, QUICK, Bench, Seen, check_bookings, check_places
from benchmarks.place import Place
from benchmarks.programs import ROOT, Failed, Program, memory, processor_seconds, tree
from tests.conftest import Postgres, opened
from tests.factories import make_member, make_place, make_workshop
from tests.meals.make import make_booking, make_meal
from workshops.tables import SignUp


def benchmarks(kept: Path, *args: str) -> tuple[str, list[dict[str, Any]]]:
    """What a run prints, and the figures that it keeps."""
    command = [sys.executable, "-m", "benchmarks", "--events", "80", "--rounds", "2", "--seconds", "0.05"]
    with subprocess.Popen(
        [*command, "--json", str(kept), *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(kept.parent), "PYTHONFAULTHANDLER": "1"},
        start_new_session=True,
    ) as run:
        try:
            printed, errors = run.communicate(timeout=300)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGABRT)  # each of its programs says where it stands
            printed, errors = run.communicate()
    assert run.returncode == 0, errors[-3000:] + printed[-1000:]
    return printed, json.loads(kept.read_text())


@pytest.mark.slow
def test_everything_on_the_embedded_database_after_a_year(tmp_path: Path) -> None:
    printed, figures = benchmarks(tmp_path / "figures.json", "--members", "120", "--years", "1", "--engine", "sqlite")
    by_name = {line["what"]: line for line in figures}
    assert {page.name for page in PAGES} < set(by_name)
    for name in ("agenda", "workshop", "feed of all, 200", "feed of all, 304", "personal feed, 304"):
        line = by_name[name]
        assert line["ours"]["per_second"] > 0
        assert line["theirs"]["per_second"] > 0
        assert 0 < line["by_processor"] < 3, "time of the processor was seen"
        assert name in printed
    for at_once in (1, 8, 32):
        assert by_name[f"sign-ups, {at_once} at once"]["ours"]["per_second"] > 0
        assert by_name[f"bookings, {at_once} at once"]["ours"]["per_second"] > 0
    assert by_name["page, booking, ticket, 8 at once"]["ours"]["per_second"] > 0
    assert by_name["booking alone, p95"]["values"][0]["value"] > 0
    assert 20 < by_name["memory, 1 worker"]["values"][0]["value"] < 500
    assert "≥ 70%" in printed
    assert "…" not in printed, "no name is cut where there is no terminal"
    assert "mean little" not in printed
    assert "≥ 300/s" in printed
    assert "≥ 900/s" in printed
    assert "≤ 85.0 MiB" in printed


@pytest.mark.slow
def test_sign_ups_and_workers_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    printed, figures = benchmarks(
        tmp_path / "figures.json", "--quick", "--engine", "postgresql",
        "--postgresql", postgres.url(), "--only", "signups", "--only", "memory",
    )  # fmt: skip
    assert {line["what"] for line in figures} >= {"sign-ups, 32 at once", "memory, 1 worker", "memory, 2 workers"}
    assert {(line["engine"], line["members"]) for line in figures} == {("postgresql", 50)}
    assert "≤ 136.0 MiB" in printed
    assert "these ratios mean little" in printed


# ------------------------------------------------------------------------------------------------- what must not pass


def bench(load: Program, place: Place) -> Bench:
    """One whose programs are not started."""
    made = object.__new__(Bench)
    made.load, made.place, made.seen = load, place, Seen()
    return made


A_PLACE = Place("sqlite:///nowhere", 50, 0, "ici", 1, 2, "2026-11-23", 3, "secret", {"samira": "s", "bruno": "b"})


class SaysTo:
    """A load that has seen this."""

    pid = 1

    def __init__(self, **answer: Any) -> None:
        self.answer = {"wrongs": 0, "wrong": [], "requests": 5, "seconds": 1.0, "p50": 1.0, "p95": 2.0, **answer}

    def ask(self, _: dict[str, Any]) -> dict[str, Any]:
        return self.answer


@pytest.mark.parametrize("seen", [{"wrongs": 1, "wrong": ["500 instead of 200"]}, {"requests": 0}])
def test_a_wrong_answer_is_an_error(seen: dict[str, Any]) -> None:
    made = bench(SaysTo(**seen), A_PLACE)  # type: ignore[arg-type]  # all that is asked of it
    program: Any = SaysTo()
    with pytest.raises(Failed, match="wrong answers"):
        made.drive(program, port=1, requests=["GET / HTTP/1.1"], seconds=QUICK.seconds)
    made = bench(SaysTo(), A_PLACE)  # type: ignore[arg-type]  # all that is asked of it
    assert made.drive(program, port=1, requests=["GET / HTTP/1.1"])[0].requests == 5


def test_a_bare_page_that_is_another_page_is_an_error() -> None:
    made = bench(SaysTo(), A_PLACE)  # type: ignore[arg-type]  # all that is asked of it
    made.server = made.bare = mock.Mock(port=1)
    made.bare_port = 1
    with mock.patch.object(Bench, "once", side_effect=["the page", "the page"]):
        made.check_page(PAGES[0])
    with (
        mock.patch.object(Bench, "once", side_effect=["the page", "the pages"]),
        pytest.raises(Failed, match="is not the page"),
    ):
        made.check_page(PAGES[0])


async def test_one_too_many_and_one_that_is_lost_are_errors(sqlite_database_url: str) -> None:
    now = clock.now()
    async for _ in opened(sqlite_database_url):
        place = await make_place(now=now)
        host, mediator = await make_member(place_id=place, now=now), await make_member(place_id=place, mediator=True)
        people = [await make_member(place_id=place, now=now) for _ in range(3)]
        workshop = await make_workshop(
            place_id=place, host=host, mediator=mediator, now=now, capacity=2, starts_at=now + timedelta(days=10)
        )

    async def signs_up(member: int) -> None:
        async for _ in opened(sqlite_database_url):
            async with transaction():
                await SignUp.insert(
                    SignUp(workshop_id=workshop, member_id=member, state="confirmed", asked_at=clock.now())
                )

    made = Place(sqlite_database_url, 50, 0, "ici", 1, 2, "2026-11-23", 3, "secret", rush_id=workshop, made_at=now)
    await signs_up(people[0])
    with pytest.raises(Failed, match="1 people on 2 seats"):
        await check_places(made, 1)
    await signs_up(people[1])
    await check_places(made, 2)
    with pytest.raises(Failed, match="3 sign-ups were acknowledged, 2 are there"):
        await check_places(made, 3)
    await signs_up(people[2])
    with pytest.raises(Failed, match="More people than seats"):
        await check_places(made, 3)


async def test_the_same_of_tables(sqlite_database_url: str) -> None:
    now = clock.now()
    async for _ in opened(sqlite_database_url):
        place = await make_place(now=now)
        opener = await make_member(place_id=place, now=now)
        people = [await make_member(place_id=place, now=now) for _ in range(3)]
        starts_at = now + timedelta(days=10)
        meal = await make_meal(
            place_id=place, opener=opener, seats=2, starts_at=starts_at, now=now - timedelta(hours=1)
        )
    meals = Meals(meal, (), meal, ())
    made = Place(sqlite_database_url, 50, 0, "ici", 1, 2, "2026-11-23", 3, "secret", meals=meals, made_at=now)

    async def is_written(sql: str, *args: Any) -> None:
        async for _ in opened(sqlite_database_url):
            async with transaction():
                await run(sql, *args)

    async for _ in opened(sqlite_database_url):
        await make_booking(meal_id=meal, member_id=people[0], now=clock.now())
    with pytest.raises(Failed, match="1 people on 2 seats"):
        await check_bookings(made, 1)
    async for _ in opened(sqlite_database_url):
        for member in people[1:]:
            await make_booking(meal_id=meal, member_id=member, now=clock.now())
    await check_bookings(made, 3)
    with pytest.raises(Failed, match="4 bookings were acknowledged, 3 are there"):
        await check_bookings(made, 4)
    await is_written("update meal set taken = 1 where id = {}", meal)
    with pytest.raises(Failed, match="counted wrongly"):
        await check_bookings(made, 3)
    await is_written("update booking_part set state = 'confirmed' where meal_id = {}", meal)
    with pytest.raises(Failed, match="More people than seats"):
        await check_bookings(made, 3)


SAYS = """
import signal, sys
from benchmarks.programs import answer

signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
told = {"told": "x" * 1_000_000}
HOW
"""
NOT_BUFFERED = "import json; sys.stdout.write(json.dumps(told) + chr(10)); sys.stdout.flush()"


@pytest.mark.parametrize(("how", "whole"), [("answer(told)", True), (NOT_BUFFERED, False)])
def test_an_answer_is_told_whole_also_where_python_does_not_buffer(how: str, whole: bool) -> None:
    """The second is the control: a program that waited for the rest of such an answer waited for good."""
    code = SAYS.replace("HOW", how)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as program:
        assert program.stdout is not None
        time.sleep(0.5)  # the pipe is full, and signals come
        said = program.stdout.read()
    assert (len(said) == len('{"told": ""}\n') + 1_000_000) is whole


def test_time_and_memory_of_a_program_and_what_it_started() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'])"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            before = processor_seconds(process.pid)
            while processor_seconds(process.pid) < before + 0.2:
                pass
            found = tree(process.pid)
            assert len(found) == 2, "its child works"
            assert 2 < memory(process.pid) < 200
        finally:
            for pid in reversed(tree(process.pid)):
                subprocess.run(["kill", "-9", str(pid)], check=True)
