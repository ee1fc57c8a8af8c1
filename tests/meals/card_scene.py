"""Members who pay by card, over the socket of the rehearsal, at the hour of the scene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import httpx

from rehearsal import Rehearsal
from tests.client import Browser, words
from tests.meals.scene import Scene
from tests.people import Cast

PAID = "C’est payé. À table !"


class CardScene(Scene):
    """A scene in which a card is taken; Stripe's clock is the scene's."""

    def __init__(self, cast: Cast, stripe: Rehearsal) -> None:
        super().__init__(cast)
        self.stripe = stripe
        stripe.store.clock = lambda: self.world.now.timestamp()

    async def books(self, browser: Browser, meal_id: int, **fields: Any) -> int:
        """By card, through the form; the booking's id."""
        sent: Mapping[str, Any] = {"seats": "2", "price_cents": "500", "payment": "card", **fields}
        answer = await browser.post(f"/repas/{meal_id}/reservations", sent)
        assert answer.status_code == 303, words(answer)[:1500]
        return int(answer.headers["location"].rpartition("/")[2])

    async def paid(self, browser: Browser, meal_id: int, **fields: Any) -> int:
        """The same, paid, and known to be."""
        made = await self.books(browser, meal_id, **fields)
        self.pay(await browser.get(f"/reservations/{made}"))
        answer = await browser.post(f"/reservations/{made}/verification")
        assert answer.status_code == 303, words(answer)[:1500]
        assert PAID in words(await browser.get(f"/reservations/{made}"))
        return made

    def pay(self, ticket: httpx.Response) -> None:
        """On Stripe's page, to which the ticket leads."""
        self.stripe.pay(session_of(ticket))

    def sent(self, path: str) -> list[Mapping[str, Any]]:
        """What was asked of Stripe at this address, which is about no one thing."""
        return [each.form for each in self.stripe.requests if (each.method, each.path) == ("POST", path)]


def session_of(ticket: httpx.Response) -> str:
    """The session to whose page the ticket leads."""
    return link_on(ticket).rpartition("/")[2]


def link_on(ticket: httpx.Response) -> str:
    found = re.search(r'<a class="button [a-z]+" href="([^"]+/c/pay/[^"]+)"', ticket.text)
    assert found is not None, words(ticket)[:2500]
    return unescape(found[1])
