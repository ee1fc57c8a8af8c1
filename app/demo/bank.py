"""Cards of the demonstration: whoever pays, and what Stripe's rehearsal makes of it, at the hours of the story.

The rehearsal is handed in (`reseau demo`, tests): nothing here knows where it comes from. Without one, everybody of the
story pays on site.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.database import run
from app.payments.gateway import in_use
from app.payments.noting import note_payout


class Cards(Protocol):
    """What is asked of the rehearsal beside what our own gateway asks of it."""

    clock: Callable[[], float]

    def pay(self, session_id: str) -> Any:
        """Somebody pays there."""

    def pay_out(self) -> Any:
        """All that is there goes to the association's bank; what it is called."""


@dataclass(frozen=True, slots=True)
class Bank:
    """Stripe, as the story needs it."""

    cards: Cards

    def at(self, when: datetime) -> None:
        """It is this hour there."""
        self.cards.clock = when.timestamp

    async def pays(self, kind: str, thing_id: int) -> None:
        """Whoever is led to Stripe's page for this pays there."""
        found = await run(
            "select session_id from checkout where kind = {} and thing_id = {} order by id desc limit 1", kind, thing_id
        )
        self.cards.pay(found[0]["session_id"])

    async def pays_out(self, now: datetime) -> None:
        """What Stripe has in hand goes to the association's bank, if it has anything."""
        (held,) = await run("select coalesce(sum(cents), 0) as cents from ledger_line where account = 'stripe'")
        if held["cents"] <= 0:
            return
        gateway = in_use()
        assert gateway is not None, "whoever hands in a rehearsal connects to it"
        self.at(now)
        await note_payout(await gateway.payout(self.cards.pay_out()["id"]), now=now)
