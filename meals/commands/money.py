"""What a booking owes, and what of it was paid by card: said once, and asked after every change of its seats.

Inside the caller's transaction, with the meal's row locked. The pot's row is locked before checkouts and refunds are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.database import run
from app.notices.api import Kind
from app.payments import api as payments
from app.payments.api import CheckoutSeen, State
from meals import wording_card
from meals.card_rules import Money
from meals.commands.pot import leave_to_pot
from meals.commands.steps import moment, tell
from meals.facts import KIND, Row, due_of
from meals.states import PotKind

_OWES = (
    "select b.price_cents, b.own, b.give, b.fair_cents, b.forgotten_at, "
    "(select coalesce(sum(p.seats), 0) from booking_part p where p.booking_id = b.id "
    "and p.state in ('confirmed', 'attended')) as seats, "
    "(select coalesce(sum(l.cents), 0) from pot_line l where l.booking_id = b.id and l.kind = {}) as left_cents "
    "from booking b where b.id = {}"
)


def due_for(booking: Row, seats: int) -> int:
    """What so many seats of it cost, with what it gives; who has none gives nothing."""
    return due_of(booking, seats) if seats else 0


async def money_of(booking_id: int, *, paid_now: int | None = None) -> Money:
    """What a booking owes for the seats that are theirs now, and what was paid by card for it. `paid_now` is a checkout
    that was paid, whether it says so itself or not yet. Nothing is known of one that is forgotten."""
    (row,) = await run(_OWES, PotKind.LEFT.value, booking_id)
    if row["forgotten_at"] is not None:
        return Money(0, 0, 0, 0)
    checkouts = await payments.checkouts_of(KIND, [booking_id])
    paid = [each for each in checkouts[booking_id] if each.state is State.PAID or each.id == paid_now]
    return Money(
        due=due_for(row, row["seats"]),
        paid=sum(each.amount_cents for each in paid),
        refunded=sum(each.refunded_cents for each in paid),
        left=int(row["left_cents"]),
    )


async def settle_money(row: Row, booking: Row, *, leave: bool = False, told: Iterable[int] = (), now: datetime) -> int:
    """What was paid by card for seats that are theirs no more goes back, or to the pot if they `leave` it there; how
    much that is, in cents. It follows from what they owe now: done twice, it is done once. After `follow`. `told` are
    to be told: those who did not do it themselves."""
    over = (await money_of(booking["id"])).over
    if not over:
        return 0
    if leave:
        await leave_to_pot(row, booking, over, now=now)
        return over
    wanted = await payments.want_refund(kind=KIND, thing_id=booking["id"], cents=over, now=now)
    if wanted:
        await tell_refund(row, booking["id"], told, now=now)
    return wanted


async def tell_refund(row: Row, booking_id: int, members: Iterable[int], *, now: datetime) -> None:
    """What they paid by card comes back: to them alone, and passed on by nobody who could read it."""
    await tell(
        wording_card.given_back(row["title"], row["starts_at"]),
        members,
        row=row,
        kind=Kind.CHANGE,
        what=f"refund-{booking_id}-{moment(now)}",
        link=f"/reservations/{booking_id}/choix",
        discreet=True,
        now=now,
    )


def live_of(checkouts: Iterable[CheckoutSeen]) -> CheckoutSeen | None:
    """The one that may still be paid, and that somebody waits for."""
    return next((each for each in checkouts if each.state in payments.LIVE and not each.closing), None)
