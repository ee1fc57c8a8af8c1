"""What a booking has to do with a card, for whoever booked: what they are to pay now, what was paid and given back."""

from __future__ import annotations

from dataclasses import dataclass

from app.database import run
from app.payments.api import CheckoutSeen, State, checkouts_of
from meals.card_rules import Money
from meals.facts import KIND, Row, due_of
from meals.states import PotKind

_LEFT = "select coalesce(sum(cents), 0) as cents from pot_line where booking_id = {} and kind = {}"


@dataclass(frozen=True, slots=True)
class Cards:
    """The checkouts of one booking, the oldest first."""

    all: tuple[CheckoutSeen, ...] = ()

    @property
    def to_pay(self) -> CheckoutSeen | None:
        """What its owner is to pay now; or what was paid otherwise than was asked, where a person has to look."""
        live = [each for each in self.all if each.state in (State.MADE, State.OPEN, State.FLAGGED)]
        return live[-1] if live else None

    @property
    def paid(self) -> int:
        return sum(each.amount_cents for each in self.all if each.state is State.PAID)

    @property
    def refunded(self) -> int:
        return sum(each.refunded_cents for each in self.all if each.state is State.PAID)

    @property
    def failed(self) -> int:
        return sum(each.failed_cents for each in self.all)


async def cards_of(booking_id: int) -> Cards:
    """Of one booking. One question."""
    return Cards(tuple((await checkouts_of(KIND, [booking_id]))[booking_id]))


async def money_of(row: Row, seats: int, cards: Cards | None = None) -> Money:
    """What the booking of this row (`own_booking`) owes for so many seats, and what was paid by card for it. Two
    questions at most, or one with its `cards`."""
    due = due_of(row | {"fair_cents": row["booked_fair_cents"]}, seats) if seats else 0
    cards = cards if cards is not None else await cards_of(row["booking_id"])
    if not cards.paid:
        return Money(due=due, paid=0, refunded=0, left=0)
    return Money(due=due, paid=cards.paid, refunded=cards.refunded, left=await _left(row["booking_id"]))


async def _left(booking_id: int) -> int:
    (pot,) = await run(_LEFT, booking_id, PotKind.LEFT.value)
    return int(pot["cents"])


async def money_back(booking_id: int) -> tuple[int, int]:
    """In cents, what is given back of this booking, or wanted back, and what was left to the pot."""
    cards = await cards_of(booking_id)
    return cards.refunded, await _left(booking_id) if cards.paid else 0
