"""The box of a meal: who counts it, when two have found the same, and what of it may be said. Pure functions of the
facts, asked by the page and again by the command.

Two people count, each for themselves: neither reads what the other found, and one of the two has the till. Money is
integer cents; times are aware.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meals.accounts_rules import LEAST_PEOPLE
from meals.rules import MONEY_KEPT, Standing, Who
from meals.states import MealRefusal, MealState

MOST_CENTS = 1_000_000
"""10 000 €: what is more is a slip of the keyboard."""


class Counted(StrEnum):
    """What came of what somebody entered."""

    ALONE = "alone"
    """Nobody with whom it can be compared has counted yet."""
    DIFFERS = "differs"
    """Others found something else: both count again."""
    DONE = "done"
    """Two people found the same: it is written down."""


@dataclass(frozen=True, slots=True)
class TillWho:
    """Somebody, seen from the box of one meal."""

    belongs: bool = False
    mediator: bool = False
    takes_cash: bool = False
    """Holds `Act.TAKE_CASH` here now."""
    somebody_takes_cash: bool = False
    """Anybody does."""
    keeps_accounts: bool = False
    opener: bool = False
    checks_in: bool = False
    """Holds `Act.CHECK_IN` here now."""
    on_team: bool = False
    """Has a turn of this meal."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person found."""

    member: int
    cents: int
    has_till: bool
    differs: bool = False
    """Somebody else has found something else since: it counts no more."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a new entry means beside those that are there."""

    outcome: Counted
    other: int | None = None
    """Who found the same."""


def seen(who: Who, *, somebody_takes_cash: bool) -> TillWho:
    """Who somebody is to the meal, as its box asks."""
    return TillWho(
        belongs=who.belongs,
        mediator=who.mediator,
        takes_cash=who.takes_cash,
        somebody_takes_cash=somebody_takes_cash,
        keeps_accounts=who.keeps_accounts,
        opener=who.opener,
        checks_in=who.checks_in,
        on_team=who.on_team,
    )


def has_till(who: TillWho) -> bool:
    """Whether somebody answers for the box now: whoever takes cash; where nobody does, whoever opened the meal; and
    whoever keeps the place's accounts."""
    if not who.belongs or who.mediator:
        return False
    return who.takes_cash or who.keeps_accounts or (who.opener and not who.somebody_takes_cash)


def may_count(who: TillWho) -> bool:
    """Whether somebody is one of the two: who has the till, opened the meal, ticks people in, or has a turn of it."""
    if not who.belongs or who.mediator:
        return False
    return has_till(who) or who.opener or who.checks_in or who.on_team


def why_not_now(standing: Standing, *, now: datetime) -> MealRefusal | None:
    """From when the meal begins, as long as it is known who put what in."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if now < standing.starts_at:
        return MealRefusal.TILL_NOT_YET
    return MealRefusal.TILL_OVER if now >= standing.ends_at + MONEY_KEPT else None


def why_cannot_count(standing: Standing, who: TillWho, *, now: datetime) -> MealRefusal | None:
    """Whether somebody can enter what they found now."""
    return why_not_now(standing, now=now) if may_count(who) else MealRefusal.ONLY_TILL


def why_not_cents(cents: int) -> MealRefusal | None:
    """An empty box is 0."""
    return None if 0 <= cents <= MOST_CENTS else MealRefusal.NOT_AN_AMOUNT


def compare(new: Entry, others: Iterable[Entry]) -> Verdict:
    """Whether somebody else found the same, one of the two having the till: the first who did.

    Whoever found something else makes both count again: so nobody finds the other's figure out by trying.
    """
    stands = [each for each in others if each.member != new.member and not each.differs]
    for each in stands:
        if each.cents == new.cents and (each.has_till or new.has_till):
            return Verdict(Counted.DONE, each.member)
    differs = any(each.cents != new.cents for each in stands)
    return Verdict(Counted.DIFFERS if differs else Counted.ALONE)


def is_to_count(standing: Standing, *, counted: bool, now: datetime) -> bool:
    """Whether whoever has the till is reminded of the box: once the meal is over, if anybody had a seat. Not only where
    somebody was to put something in: that would say how they pay."""
    return standing.taken > 0 and not counted and now >= standing.ends_at and why_not_now(standing, now=now) is None


def difference_cents(*, counted: int, pledged: int, people: int) -> int | None:
    """What was found beyond what was pledged (below zero: what is missing), if it is of enough people to be said. Read
    of accounts that are closed: as long as they are not, who comes in moves what is pledged, and with it the figure by
    what one person pays."""
    return counted - pledged if people >= LEAST_PEOPLE else None


def cash_ref(meal_id: int) -> str:
    """What the ledger knows the count of a meal's box by: written twice, it is one line."""
    return f"meal-{meal_id}"
