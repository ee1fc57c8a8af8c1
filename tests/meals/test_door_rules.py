"""The rules of the door: who, from when until when, and every reason why somebody is not let in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from meals import door_rules
from meals.door_rules import DoorWho, Expected
from meals.rules import Prices, Standing
from meals.states import MealRefusal, MealState
from tests.meals.make import CLOSES, HOUR, START

NIGHT = START + 12 * HOUR
MEAL = Standing(
    state=MealState.CLOSED,
    version=1,
    starts_at=START,
    ends_at=START + 2 * HOUR,
    closes_at=CLOSES,
    seats=10,
    prices=Prices(300, 500, 800),
    taken=8,
)
AT_THE_DOOR = DoorWho(belongs=True, checks_in=True, somebody_checks_in=True)
OPENER = DoorWho(belongs=True, opener=True)


@pytest.mark.parametrize(
    ("who", "theirs"),
    [
        (AT_THE_DOOR, True),
        (OPENER, True),
        (replace(OPENER, somebody_checks_in=True), False),
        (replace(AT_THE_DOOR, mediator=True), False),
        (replace(AT_THE_DOOR, belongs=False), False),
        (DoorWho(belongs=True, on_team=True), False),
        (DoorWho(belongs=True), False),
    ],
)
def test_the_door_is_whose_turn_it_is_and_else_the_openers(who: DoorWho, theirs: bool) -> None:
    assert door_rules.has_door(who) is theirs


def test_it_is_open_from_two_hours_before_until_the_night() -> None:
    def why(hours: float) -> MealRefusal | None:
        return door_rules.why_not_at_the_door(MEAL, AT_THE_DOOR, night=NIGHT, now=START + timedelta(hours=hours))

    assert why(-2.1) is MealRefusal.DOOR_NOT_YET
    assert why(-2) is None
    assert why(11.9) is None
    assert why(12) is MealRefusal.DOOR_OVER
    off = replace(MEAL, state=MealState.CANCELLED)
    assert door_rules.why_not_at_the_door(off, AT_THE_DOOR, night=NIGHT, now=START) is MealRefusal.CANCELLED


def test_on_paper_it_is_the_teams_once_bookings_are_over() -> None:
    team = DoorWho(belongs=True, on_team=True, somebody_checks_in=True)
    for who in (team, replace(OPENER, somebody_checks_in=True)):
        assert not door_rules.may_read_sheet(MEAL, replace(who, mediator=True), night=NIGHT, now=CLOSES)
        assert door_rules.may_read_sheet(MEAL, who, night=NIGHT, now=CLOSES)
        still_open = replace(MEAL, state=MealState.OPEN)
        assert not door_rules.may_read_sheet(still_open, who, night=NIGHT, now=CLOSES - HOUR)
        assert not door_rules.may_read_sheet(MEAL, who, night=NIGHT, now=NIGHT)
    assert not door_rules.may_read_sheet(MEAL, DoorWho(belongs=True), night=NIGHT, now=CLOSES)
    assert door_rules.may_read_sheet(MEAL, AT_THE_DOOR, night=NIGHT, now=START)


@pytest.mark.parametrize(
    ("expected", "seats", "seen", "reason"),
    [
        (Expected(to_come=1), 1, 0, None),
        (Expected(to_come=3), 3, 0, None),
        (Expected(to_come=2, came=1), 2, 1, None),
        (Expected(to_come=2, came=1), 1, 0, MealRefusal.TICKED_MEANWHILE),
        (Expected(came=1), 1, 0, MealRefusal.ALREADY_IN),
        (Expected(came=2), 1, 2, MealRefusal.ALREADY_IN),
        (Expected(to_come=2), 3, 0, MealRefusal.FEWER_TO_COME),
        (Expected(to_come=2), 0, 0, MealRefusal.FEWER_TO_COME),
        (Expected(held=1), 1, 0, MealRefusal.STILL_HELD),
        (Expected(waits=1), 1, 0, MealRefusal.STILL_WAITING),
        (Expected(offered=1), 1, 0, MealRefusal.STILL_WAITING),
        (Expected(), 1, 0, MealRefusal.TICKET_CANCELLED),
    ],
)
def test_why_they_are_not_ticked(expected: Expected, seats: int, seen: int, reason: MealRefusal | None) -> None:
    assert door_rules.why_not_in(expected, seats, seen=seen) is reason


def test_why_they_are_not_unticked() -> None:
    assert door_rules.why_not_out(Expected(came=2), 1, seen=2) is None
    assert door_rules.why_not_out(Expected(came=2), 1, seen=1) is MealRefusal.TICKED_MEANWHILE
    assert door_rules.why_not_out(Expected(came=2), 3, seen=2) is MealRefusal.NOT_IN
    assert door_rules.why_not_out(Expected(to_come=1), 1, seen=0) is MealRefusal.NOT_IN


def test_who_has_not_booked_gets_a_seat_that_is_nobodys() -> None:
    assert door_rules.why_no_walk_in(MEAL, seats=2, children=1) is None
    assert door_rules.why_no_walk_in(MEAL, seats=3, children=0) is MealRefusal.NO_SEAT_LEFT
    assert door_rules.why_no_walk_in(MEAL, seats=2, children=2) is MealRefusal.CHILDREN_ALONE
    assert door_rules.why_no_walk_in(MEAL, seats=7, children=0) is MealRefusal.TOO_MANY_SEATS


@pytest.mark.parametrize(
    ("expected", "seats", "reason"),
    [
        (Expected(waits=2), 2, None),
        (Expected(offered=3), 3, None),
        (Expected(waits=2, offered=2), 4, None),
        (Expected(waits=3), 3, MealRefusal.NO_SEAT_LEFT),
        (Expected(waits=1), 2, MealRefusal.FEWER_TO_COME),
        (Expected(to_come=1), 1, MealRefusal.TICKED_MEANWHILE),
        (Expected(), 1, MealRefusal.TICKET_CANCELLED),
        (Expected(held=1), 1, MealRefusal.STILL_HELD),
    ],
)
def test_who_waits_and_is_there(expected: Expected, seats: int, reason: MealRefusal | None) -> None:
    assert door_rules.why_not_from_the_list(MEAL, expected, seats, seen=0) is reason
