"""What of the money that people bring to meals may be read by every member, so that nobody learns what one of them
paid.

A sum over few bookings tells what they paid, and so does the difference of two sums that differ by few: a total beside
its parts, a month beside its meals, a page before and after something came in. Therefore what is published is made of
*figures* that have no booking in common. A figure is published once, in whole, and stands as it is for good; every
total is a sum of whole figures, of one means of payment or of several.

A figure is of `LEAST_PEOPLE` bookings at least, that no figure before it was of. A meal that so many paid for by one
means has its own. What fewer paid goes into the place's pool of that means, which becomes a figure with the meal that
makes it large enough.

What moves afterwards (a refund, a dispute, a box that was counted anew) goes into the pool as well, but makes it no
larger: it is of bookings that an older figure may be of, and the older figure less the newer one would be what the
others of them paid. It may even take bookings out of the pool that waits there (a refund one, a new count as many as
had put something into that box), so it asks for as many more. Then no sum and no difference of figures, however many
times each is taken, is of fewer than `LEAST_PEOPLE` bookings: the newest figure in it has so many of its own, which no
other one can take out.

What has waited for long is taken along by the next meal, however many paid for that one: where all meals are large,
small sums would wait for ever.

Fees are published nowhere: each is a share of what one person paid, so that their sum, beside the sum of what was paid,
would tell of whatever is in one and not in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

LEAST_PEOPLE = 5
"""Nothing is shown that is of fewer people; a booking counts for one, however many seats it has."""

WAITS = timedelta(days=62)
"""So long what is of too few waits for others of its kind; then it goes along with whatever comes next."""


class Means(StrEnum):
    """How money comes: each is published for itself."""

    CARD = "card"
    BOX = "box"
    """Envelopes, as two people counted them; only once they did."""
    POT = "pot"
    """Into the pot of suspended meals, less what was drawn."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that came to a meal, in the order in which it was told; or that went, or came, after that."""

    id: int
    day: date
    """Of the meal; of the movement, if it is late."""
    at: datetime
    """When it was told."""
    people: int
    """How many bookings it is of that no figure is of yet; 0 of what is late."""
    cents: int
    pledged: int = 0
    """Of envelopes: what should be in them."""
    late: int = 0
    """It moved after the meal's own: how many bookings it may have taken out of what waits."""
    meal_id: int | None = None

    @property
    def is_nothing(self) -> bool:
        """Nobody's, and no money."""
        return not (self.people or self.cents or self.pledged)


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that may be published: of these movements, and of all that they are of."""

    day: date
    """In whose month it stands."""
    cents: int
    pledged: int
    meal_id: int | None
    """The meal it is of; none for what came together in the pool."""
    moves: tuple[int, ...]


def publish(waiting: Sequence[Moved], coming: Iterable[Moved]) -> list[Figure]:
    """What becomes of one means of one place, as `coming` is told after what is `waiting` already, both in their order.
    What is in no figure waits on."""
    figures: list[Figure] = []
    pool = [moved for moved in waiting if not moved.is_nothing]
    for moved in coming:
        if moved.is_nothing:
            continue
        overdue = bool(pool) and pool[0].at + WAITS <= moved.at
        if not moved.late and moved.people >= LEAST_PEOPLE and not overdue:
            figures.append(_figure([moved], moved.meal_id))
            continue
        pool.append(moved)
        if not moved.late and is_enough(pool):
            figures.append(_figure(pool, None))
            pool = []
    return figures


def is_enough(pool: Iterable[Moved]) -> bool:
    """Whether nobody is among few in it, whatever the late ones took out of it."""
    pool = list(pool)
    return sum(moved.people for moved in pool) >= LEAST_PEOPLE + sum(moved.late for moved in pool)


def _figure(moves: Sequence[Moved], meal_id: int | None) -> Figure:
    return Figure(
        day=moves[-1].day,
        cents=sum(moved.cents for moved in moves),
        pledged=sum(moved.pledged for moved in moves),
        meal_id=meal_id,
        moves=tuple(moved.id for moved in moves),
    )


def may_count(people: int) -> bool:
    """Whether one may be told how many there were, and what the meal was for each of them."""
    return people >= LEAST_PEOPLE


# ------------------------------------------------------------------------------------------------------------- months


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def months_later(month: date, months: int) -> date:
    """The first day of the month that is so many later; earlier if negative. Stays within what people write of."""
    number = month.year * 12 + month.month - 1 + months
    number = max(1900 * 12, min(2200 * 12 - 1, number))
    return date(number // 12, number % 12 + 1, 1)


def read_month(written: str, *, today: date) -> date:
    """`2026-11`, or this month for what is none or is still to come."""
    this = month_of(today)
    year, _, month = written.partition("-")
    if len(year) != 4 or len(month) != 2 or not (written.isascii() and year.isdigit() and month.isdigit()):
        return this
    if not (1900 <= int(year) < 2200 and 1 <= int(month) <= 12):
        return this
    return min(date(int(year), int(month), 1), this)


def each_cents(cents: int, people: int) -> int:
    """What it is for each of them, to the cent, halves upwards."""
    return (2 * cents + people) // (2 * people)
