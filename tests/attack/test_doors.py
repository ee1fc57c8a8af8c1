"""Role × route: every cell of the table in doors.py is tried for real, and every route has its line."""

from __future__ import annotations

import pytest

from tests.attack.crawl import Found, Route, routes
from tests.attack.doors import COLUMNS, TABLE, Door, read
from tests.attack.town import VISITOR, Ground
from tests.attack.trying import Example, answers_at

DOORS = read(TABLE)
ADD = "has no line in tests/attack/doors.py: say there what everybody is answered (`python -m tests.attack doors`)"


def without_line(table: list[Door], there: list[Route]) -> list[str]:
    known = {door.route for door in table}
    return [f"{route} {ADD}" for route in there if str(route) not in known]


def test_every_route_has_its_line() -> None:
    assert without_line(DOORS, routes()) == []
    assert {door.route for door in DOORS} <= {str(route) for route in routes()}, "a line of a door that is gone"
    assert len(DOORS) > 110


def test_a_route_without_a_line_is_named() -> None:
    """The positive control."""
    (said,) = without_line(DOORS, [*routes(), Route("POST", "/repas/{meal_id:int}/comptes")])
    assert said.startswith("POST /repas/{meal_id:int}/comptes has no line in tests/attack/doors.py")


def test_a_line_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="GET /x"):
        read("GET /x - ok ok")


def test_a_visitor_is_let_in_where_the_handler_says_so_and_nowhere_else() -> None:
    """The table, and what stands at the handlers themselves."""
    options = {str(route): route.options for route in routes()}
    for door in DOORS:
        assert (door.answers[VISITOR] != "in") == bool(options[door.route].get("public")), door.route


@pytest.mark.slow
async def test_each_cell_is_as_the_table_says(ground: Ground, found: Found) -> None:
    wrong, tried = [], 0
    by_name = {str(route): route for route in routes()}
    for door in DOORS:
        example = Example(found, by_name[door.route], door.whose)
        answers = await answers_at(ground, example)
        tried += len(answers)
        wrong += [
            f"{door.route} on {example.path}, {kind}: {answers[kind]} instead of {door.answers[kind]}"
            for kind in COLUMNS
            if answers[kind] != door.answers[kind]
        ]
    assert wrong == []
    assert tried == len(DOORS) * len(COLUMNS) > 1000


@pytest.mark.slow
async def test_a_guard_taken_away_is_noticed(ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """The positive control: the door of members opens to all, and the desk's own question is not asked."""
    monkeypatch.setattr("app.mediation.pages._desk", lambda *_: None, raising=False)
    monkeypatch.setattr("app.main.guard_the_door", lambda *_: None)
    world = ground.town.world(anew=True)
    desk = Route("GET", "/journal")
    (door,) = [each for each in DOORS if each.route == "GET /journal"]
    answers = await answers_at(ground, Example(found, desk, door.whose), world)
    assert answers[VISITOR] != door.answers[VISITOR] == "in"
