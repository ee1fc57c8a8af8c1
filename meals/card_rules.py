"""What may be about paying a meal by card, and what follows: pure functions of the facts.

domain.md « Card »: seats are held while a card is being charged; what a booking owes follows from its seats alone, so
what is given back follows from what it owes, and never from what somebody asks for. Money is integer cents of EUR.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from meals import rules
from meals.rules import Standing
from meals.states import MealState, PartState, Unpaid

HOLD = timedelta(minutes=40)
"""How long seats are held for a card. Stripe's page closes five minutes sooner, so that its answer comes in time."""
LEAST_CENTS = 50
"""Stripe charges no less in euros (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""


@dataclass(frozen=True, slots=True)
class Money:
    """What a booking owes, and what became of what was paid by card for it, in cents."""

    due: int
    """For the seats that are theirs, and what they give."""
    paid: int
    """By card, in all."""
    refunded: int
    """Of it, what was given back, or is on its way."""
    left: int
    """Of it, what they left to the pot."""

    @property
    def kept(self) -> int:
        """What of their money pays for their seats."""
        return self.paid - self.refunded - self.left

    @property
    def over(self) -> int:
        """What was paid for nothing that is theirs: it is given back, or left to the pot."""
        return max(0, self.kept - self.due)

    @property
    def on_site(self) -> int:
        """What is still to be put into the envelope."""
        return max(0, self.due - self.kept)


def card_offered(*, closes_at: datetime, now: datetime) -> bool:
    """Whether a card may be asked for: what is held is settled by the time bookings close."""
    return now < closes_at - HOLD


def by_card(cents: int) -> bool:
    """Whether so little can go by card at all; else it goes into the envelope."""
    return cents >= LEAST_CENTS


def buys_seats(
    standing: Standing, *, state: PartState, seats: int, unpaid: Unpaid, booked_anew: bool, now: datetime
) -> bool:
    """Whether what was paid buys these seats: those that are held, and those whose time was over a moment ago if so
    many are nobody's and people may still book. Not those that they gave up; `booked_anew`: nor those that they have
    booked again since."""
    if standing.state in (MealState.CANCELLED, MealState.SERVED) or now >= standing.ends_at:
        return False
    if state is PartState.HELD:
        return unpaid is not Unpaid.GIVEN_UP
    open_still = rules.why_cannot_book(standing, now=now) is None
    return state is PartState.LAPSED and open_still and not booked_anew and seats <= standing.free


def is_held_in_vain(standing: Standing, *, now: datetime) -> bool:
    """Whether seats are freed although nobody knows if they are paid: the meal begins. What is paid after all is given
    back."""
    return now >= standing.starts_at
