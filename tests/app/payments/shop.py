"""Somebody who sells: a `Payable` that remembers what it was told, and what tests ask of the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.contracts import Payable
from app.database import in_transaction, run, transaction
from app.payments import api
from app.payments.states import State
from rehearsal import Rehearsal
from tests.client import NOON
from tests.rehearsing import at

KIND = "test"
HOLD = timedelta(minutes=40)


class Clock:
    """What time it is, for us and for Stripe."""

    now = NOON


def now() -> datetime:
    """Noon, until it is later."""
    return Clock.now


def later(stripe: Rehearsal, **span: float) -> datetime:
    """Time goes by (`minutes=3`), at Stripe as well."""
    Clock.now += timedelta(**span)
    at(stripe, Clock.now)
    return Clock.now


class Shop:
    """Sells things by their numbers."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.told: list[tuple[str, int]] = []
        """`paid` or `ended`, and which checkout, in the order in which it was told."""
        self.locks: list[int] = []
        self.back = 0
        """How many cents it gives back at once when it is paid; negative for all."""
        self.payable = Payable(KIND, self._lock, self._paid, self._ended)

    async def _lock(self, thing_id: int) -> Any:
        assert in_transaction()
        self.locks.append(thing_id)
        return ("locked", thing_id)

    async def _paid(self, locked: Any, checkout_id: int, cents: int, _: datetime) -> int:
        assert in_transaction()
        assert locked[0] == "locked"
        self.told.append(("paid", checkout_id))
        return cents if self.back < 0 else self.back

    async def _ended(self, locked: Any, checkout_id: int, _: datetime) -> None:
        assert in_transaction()
        assert locked[0] == "locked"
        self.told.append(("ended", checkout_id))

    async def begin(self, thing: int = 1, *, cents: int = 1000, begun_at: datetime | None = None) -> int:
        """Somebody is to pay for this thing."""
        begun_at = begun_at or now()
        async with transaction():
            return await api.begin(
                place_id=self.place,
                kind=KIND,
                thing_id=thing,
                amount_cents=cents,
                title="Soupe de courge",
                path=f"/choses/{thing}",
                language="fr",
                held_until=begun_at + HOLD,
                now=begun_at,
            )

    async def open(self, thing: int = 1, *, cents: int = 1000) -> tuple[int, str]:
        """A checkout that Stripe has a page for, and Stripe's number of it."""
        checkout = await self.begin(thing, cents=cents)
        assert await api.ask(checkout, now=now()) is not None
        return checkout, await session_of(checkout)

    async def pay(self, stripe: Rehearsal, thing: int = 1, *, cents: int = 1000) -> int:
        """One that is paid, and settled."""
        checkout, session = await self.open(thing, cents=cents)
        stripe.pay(session)
        assert await api.settle(checkout, now=now()) is State.PAID
        return checkout

    async def want(self, cents: int, thing: int = 1) -> int:
        """So much is to go back."""
        async with transaction():
            return await api.want_refund(kind=KIND, thing_id=thing, cents=cents, now=now())


async def row_of(checkout: int) -> dict[str, Any]:
    (row,) = await run("select * from checkout where id = {}", checkout)
    return row


async def session_of(checkout: int) -> str:
    return str((await row_of(checkout))["session_id"])


async def refunds() -> list[dict[str, Any]]:
    return await run("select * from refund order by id")


async def ledger() -> list[tuple[str, int]]:
    """Kinds and cents, in the order in which they were written."""
    return [(row["kind"], row["cents"]) for row in await run("select kind, cents from ledger_line order by id")]
