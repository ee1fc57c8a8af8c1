"""What forms hand to commands: a meal as its opener plans it, and a dish as somebody writes it into the book.

Plain words and numbers; what may be of them is decided by `rules` and the commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from meals.kitchen import Amount
from meals.rules import Prices
from meals.states import Allergen, Job


@dataclass(frozen=True, slots=True)
class PlannedDish:
    """A dish on the menu: one of the book by its id, or a new one by its name alone."""

    dish_id: int | None
    portions: int | None = None
    """None: one for each seat."""
    instead: str = ""
    """What is made instead for whoever does not eat it."""
    name: str = ""
    """Of a dish that is not in the book yet (`dish_id` is None); the place's dish of that name if it has one."""


@dataclass(frozen=True, slots=True)
class PlannedTurn:
    """People wanted for one of the jobs."""

    job: Job
    duty_id: int
    starts_at: datetime
    ends_at: datetime
    people: int
    """0: nobody is."""
    slot_id: int | None = None
    """The turn that the meal has for this already; its hours here are those the form showed, unless somebody wrote
    others: left alone, it goes with the meal."""


@dataclass(frozen=True, slots=True)
class MealPlan:
    """A meal, as its opener wishes it."""

    title: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    """Until when seats are booked."""
    seats: int
    prices: Prices
    dishes: tuple[PlannedDish, ...]
    about: str = ""
    room_id: int | None = None
    cooks_least: int = 2
    turns: tuple[PlannedTurn, ...] | None = ()
    """All that the meal is to have: what it had and is not here is wanted no more. None: what it had."""


@dataclass(frozen=True, slots=True)
class DishWords:
    """A dish, as somebody writes it into the book."""

    name: str
    about: str = ""
    allergens: frozenset[Allergen] = frozenset()
    meat: bool = False
    pork: bool = False
    declared: bool = True
    """Whether somebody said which allergens it holds, if only that it holds none; without, there are none here."""
    ingredients: tuple[Amount, ...] = ()
    """What ten portions need, in their order."""
