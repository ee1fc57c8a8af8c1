"""Role × route: every cell of the table in doors.py is tried for real, and every route has its line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.calendar.addresses import FeedLine, my_feeds
from app.identity.visits import Visit
from app.web.rendering import visit_of
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


async def wrong_cells(ground: Ground, found: Found, doors: list[Door]) -> list[tuple[str, str, str, str]]:
    """(Route, kind of person, what is answered, what the table says), where the two differ."""
    wrong = []
    by_name = {str(route): route for route in routes()}
    for door in doors:
        answers = await answers_at(ground, Example(found, by_name[door.route], door.whose))
        wrong += [(door.route, kind, answers[kind], door.answers[kind]) for kind in COLUMNS]
    return [each for each in wrong if each[2] != each[3]]


@pytest.mark.slow
async def test_each_cell_is_as_the_table_says(ground: Ground, found: Found) -> None:
    wrong = await wrong_cells(ground, found, DOORS)
    assert wrong == [], "\n".join(map(str, wrong))


def line_of(route: str) -> Door:
    (door,) = [each for each in DOORS if each.route == route]
    return door


NO_DESK = (VISITOR, "stranger", "mediator", "own")
"""Who cannot be taken for a mediator: without an account, without a place; one already; whoever `own` is."""


@pytest.mark.slow
class TestADoorLeftOpenIsNoticed:
    """The positive controls: a door that stands open to one kind of person is that cell, and no other."""

    @pytest.mark.parametrize("kind", [each for each in COLUMNS if each not in NO_DESK])
    async def test_to_somebody_taken_for_a_mediator(
        self, ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        def careless(request: Any) -> Visit:
            visit = visit_of(request)
            if visit.member is None or visit.member.id != ground.town.people[kind].id:
                return visit
            return replace(visit, member=replace(visit.member, mediator=True))

        door = line_of("GET /mediation")
        assert await wrong_cells(ground, found, [door]) == []
        monkeypatch.setattr("app.mediation.pages.visit_of", careless)
        assert await wrong_cells(ground, found, [door]) == [(door.route, kind, "ok", "403")]

    async def test_to_visitors(self, ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
        async def nobody_stands_there(*_: object) -> None:
            """Asks nobody anything."""

        door = line_of("GET /mes-rendez-vous")
        monkeypatch.setattr("app.main.guard_the_door", nobody_stands_there)
        wrong = await wrong_cells(ground, found, [door])
        assert [(route, kind, said) for route, kind, _, said in wrong] == [(door.route, VISITOR, "in")]

    async def test_to_whoever_asks_for_what_is_anothers(
        self, ground: Ground, found: Found, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = await my_feeds(ground.town.people["member"].id)

        async def of_anybody(_: int) -> list[FeedLine]:
            return theirs

        door = line_of("GET /moi/calendrier/{feed_id:int}/coupure")
        monkeypatch.setattr("app.calendar.addresses.my_feeds", of_anybody)
        others = [kind for kind in COLUMNS if kind not in (VISITOR, "own")]
        assert await wrong_cells(ground, found, [door]) == [(door.route, kind, "ok", "404") for kind in others]
