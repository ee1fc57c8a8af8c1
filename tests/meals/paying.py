"""Somebody who pays by card, and their bank: a rehearsal of Stripe on its socket, at the hour of the test.

What Stripe has in hand is asked of the rehearsal, what is said of it here of the database: a test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.database import run, transaction
from app.main import REGISTRY
from app.payments import api as payments
from meals import jobs
from meals.commands.card import PAYABLE, pay
from meals.commands.giving_back import answer_offer
from meals.facts import KIND, offer_key
from meals.states import CardSaid, Payment
from rehearsal import Rehearsal
from tests.client import NOON
from tests.meals.make import make_booking

assert KIND in REGISTRY.payables, "the composition root tells payments what is paid for"
MINUTE = timedelta(minutes=1)
__all__ = ["MINUTE", "Bank", "CardSaid"]


@dataclass
class Bank:
    """Stripe, and whoever stands before its page."""

    stripe: Rehearsal
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.stripe.store.clock = lambda: self.now.timestamp()

    def later(self, minutes: float) -> datetime:
        """Move both clocks by this much."""
        self.now += minutes * MINUTE
        return self.now

    async def books(self, meal_id: int, member_id: int, seats: int = 1, **wish: Any) -> int:
        """Book by card, and come to Stripe's page if there is something to pay; the booking's id."""
        made = await make_booking(
            meal_id=meal_id, member_id=member_id, seats=seats, now=self.now, **{"payment": Payment.CARD, **wish}
        )
        if await run("select id from booking_part where booking_id = {} and state = 'held'", made):
            assert await pay(actor=member_id, booking_id=made, now=self.now), "Stripe has a page"
        return made

    async def checkout(self, booking_id: int) -> dict[str, Any]:
        """The newest of this booking."""
        found = await run("select * from checkout where kind = 'meal' and thing_id = {} order by id", booking_id)
        return found[-1]

    async def pays(self, booking_id: int) -> int:
        """At Stripe; nobody has told us yet. How much."""
        session = self.stripe.pay((await self.checkout(booking_id))["session_id"])
        return int(session["amount_total"])

    async def settles(self, booking_id: int) -> payments.State:
        """We ask Stripe what is so."""
        return await payments.settle((await self.checkout(booking_id))["id"], now=self.now)

    async def booked_and_paid(self, meal_id: int, member_id: int, seats: int = 1, **wish: Any) -> int:
        """Seats that are theirs, and paid."""
        made = await self.books(meal_id, member_id, seats, **wish)
        await self.pays(made)
        assert await self.settles(made) is payments.State.PAID
        return made

    async def lapses(self) -> int:
        """The job that ends holds."""
        return await jobs.lapse_held(self.now)

    async def sends(self) -> None:
        """What is to go back is sent, of all that there is."""
        rows = await run("select distinct thing_id from checkout where kind = 'meal' and thing_id is not null")
        await payments.send_refunds_of(kind=KIND, thing_ids=[row["thing_id"] for row in rows], now=self.now)

    def charged(self) -> int:
        """What Stripe took of cards, in all."""
        return sum(each["amount"] for each in self.stripe.charges.values() if each["paid"])

    def given_back(self) -> int:
        """What Stripe gave back, or is about to, in all."""
        return sum(
            each["amount"] for each in self.stripe.refunds.values() if each["status"] in ("succeeded", "pending")
        )

    def open_pages(self) -> int:
        """Pages where somebody could still pay."""
        now = self.now.timestamp()
        return sum(each["status"] == "open" and now < each["expires_at"] for each in self.stripe.sessions.values())


async def answer_by_card(actor: int, booking_id: int, bank: Bank) -> None:
    """Say yes to all that is offered, and come to Stripe's page."""
    kept = await run("select id, offered_at from booking_part where booking_id = {} and state = 'offered'", booking_id)
    offers = [offer_key(part["id"], part["offered_at"]) for part in kept]
    assert await answer_offer(
        actor=actor, booking_id=booking_id, yes=True, offers=offers, payment=Payment.CARD, now=bank.now
    )
    assert await pay(actor=actor, booking_id=booking_id, now=bank.now)


async def wanted_back(booking_id: int) -> list[int]:
    """What goes back of what was paid for this booking, one refund after the other."""
    rows = await run(
        "select r.amount_cents from refund r join checkout c on c.id = r.checkout_id where c.thing_id = {} "
        "and r.state <> 'failed' order by r.id",
        booking_id,
    )
    return [row["amount_cents"] for row in rows]


async def ended_unpaid(booking_id: int, checkout_id: int, bank: Bank) -> None:
    """As if Stripe had said that it is over, while its page can still be paid: what Stripe must not do, and we bear."""
    async with transaction():
        locked = await PAYABLE.lock(booking_id)
        await run("update checkout set state = 'expired', url = '' where id = {}", checkout_id)
        await PAYABLE.ended(locked, checkout_id, bank.now)
