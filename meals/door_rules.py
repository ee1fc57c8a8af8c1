"""The door of a meal: who ticks people in, from when until when, and why somebody is not let in. Pure functions of the
facts, asked by the page and again by the command.

Nobody is asked what they pay, and nothing says who did not come. Times are aware.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from meals import rules
from meals.rules import MOST_SEATS, Standing, Who
from meals.states import MealRefusal, MealState

OPENS_BEFORE = timedelta(hours=2)
"""So long before the meal whoever is at the door may begin: cooks eat first, children come early."""


@dataclass(frozen=True, slots=True)
class DoorWho:
    """Somebody, seen from the door of one meal."""

    belongs: bool = False
    mediator: bool = False
    checks_in: bool = False
    """Holds `Act.CHECK_IN` here now."""
    somebody_checks_in: bool = False
    """Anybody does."""
    opener: bool = False
    on_team: bool = False
    """Has a turn of this meal."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The seats of one booking, as the door sees them."""

    to_come: int = 0
    """Theirs, and not in yet."""
    came: int = 0
    held: int = 0
    offered: int = 0
    waits: int = 0


def seen(who: Who, *, somebody_checks_in: bool) -> DoorWho:
    """Whoever reads the meal's page, as its door sees them."""
    return DoorWho(
        belongs=who.belongs,
        mediator=who.mediator,
        checks_in=who.checks_in,
        somebody_checks_in=somebody_checks_in or who.checks_in,
        opener=who.opener,
        on_team=who.on_team,
    )


def has_door(who: DoorWho) -> bool:
    """Whoever has the welcome turn now; where nobody has it, whoever opened the meal. No mediator of the place."""
    if not who.belongs or who.mediator:
        return False
    return who.checks_in or (who.opener and not who.somebody_checks_in)


def why_not_at_the_door(standing: Standing, who: DoorWho, *, night: datetime, now: datetime) -> MealRefusal | None:
    """Whether somebody can tick people in now. `night` is when its day is over: a list on paper is typed in until then;
    after it nobody knows any more who came."""
    return why_not_now(standing, night=night, now=now) if has_door(who) else MealRefusal.ONLY_DOOR


def why_not_now(standing: Standing, *, night: datetime, now: datetime) -> MealRefusal | None:
    """Whether this is the hour of its door."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if now < standing.starts_at - OPENS_BEFORE:
        return MealRefusal.DOOR_NOT_YET
    return MealRefusal.DOOR_OVER if now >= night else None


def may_read_sheet(standing: Standing, who: DoorWho, *, night: datetime, now: datetime) -> bool:
    """The list on A4: whoever is at the door; once bookings are over, whoever opened the meal or has a turn of it."""
    if why_not_at_the_door(standing, who, night=night, now=now) is None:
        return True
    theirs = who.belongs and not who.mediator and (who.opener or who.on_team)
    off = standing.state is MealState.CANCELLED
    return theirs and not off and rules.is_closed(standing, now=now) and now < night


def why_not_in(expected: Expected, seats: int, *, seen: int) -> MealRefusal | None:
    """Why so many people of a booking are not ticked. `seen` is how many were in when the list was read: two people at
    the door who see the same guest tick them once."""
    if expected.came != seen:
        return MealRefusal.TICKED_MEANWHILE if expected.to_come else MealRefusal.ALREADY_IN
    if not expected.to_come:
        return why_none_to_come(expected)
    return None if 1 <= seats <= expected.to_come else MealRefusal.FEWER_TO_COME


def why_none_to_come(expected: Expected) -> MealRefusal:
    """Why nobody of a booking is expected, or not any more."""
    if expected.came:
        return MealRefusal.ALREADY_IN
    if expected.held:
        return MealRefusal.STILL_HELD
    return MealRefusal.STILL_WAITING if expected.waits or expected.offered else MealRefusal.TICKET_CANCELLED


def why_not_out(expected: Expected, seats: int, *, seen: int) -> MealRefusal | None:
    """Why so many are not un-ticked."""
    if expected.came != seen:
        return MealRefusal.TICKED_MEANWHILE
    return None if 1 <= seats <= expected.came else MealRefusal.NOT_IN


def why_no_walk_in(standing: Standing, *, seats: int, children: int) -> MealRefusal | None:
    """Somebody who comes without having booked: for seats that are nobody's. Those of people who are late stay theirs:
    to free them would be to write down who is not there."""
    if not 1 <= seats <= MOST_SEATS:
        return MealRefusal.TOO_MANY_SEATS
    if not 0 <= children < seats:
        return MealRefusal.CHILDREN_ALONE
    return None if seats <= standing.free else MealRefusal.NO_SEAT_LEFT


def why_not_from_the_list(standing: Standing, expected: Expected, seats: int, *, seen: int) -> MealRefusal | None:
    """Somebody who waits, and is there: what is kept for them is theirs, and what is nobody's."""
    if expected.came != seen:
        return MealRefusal.TICKED_MEANWHILE
    if not expected.waits and not expected.offered:
        return why_none_to_come(expected) if not expected.to_come else MealRefusal.TICKED_MEANWHILE
    if not 1 <= seats <= expected.waits + expected.offered:
        return MealRefusal.FEWER_TO_COME
    return None if seats <= expected.offered + standing.free else MealRefusal.NO_SEAT_LEFT
