"""`stripe` is the rehearsal; `api` asks it through Stripe's own library, once as threads do and once as coroutines do.

Both are asked with `await`, and answer plain dictionaries.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import httpx
import pytest
import stripe as library

from rehearsal import Rehearsal
from tests.client import NOON
from tests.rehearsing import SECRET_KEY, stripe

__all__ = ["stripe"]

Thing = dict[str, Any]
NOW = int(NOON.timestamp())


def wish(cents: int = 1000, **more: Any) -> Thing:
    """What is asked for a session."""
    line = {"price_data": {"currency": "eur", "unit_amount": cents, "product_data": {"name": "Soupe"}}, "quantity": 1}
    return {
        "mode": "payment",
        "line_items": [line],
        "success_url": "http://127.0.0.1:9/retour?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/abandon",
        **more,
    }


class Asking:
    """Stripe's library, asked by the name of a service: `await api("checkout.sessions", "create", {…})`."""

    def __init__(self, address: str, *, coroutines: bool = False, key: str = SECRET_KEY, **more: Any) -> None:
        self.coroutines = coroutines
        self.http: Any = library.HTTPXClient(timeout=10)  # typed only in part
        chosen = {"http_client": self.http} if coroutines else {}
        self.client = library.StripeClient(
            key, base_addresses={"api": address}, **{"max_network_retries": 0, **chosen, **more}
        )

    async def __call__(self, service: str, verb: str, *asked: Any, key: str | None = None) -> Thing:
        place: Any = self.client.v1
        for step in service.split("."):
            place = getattr(place, step)
        if key is not None:
            asked = (*asked, {"idempotency_key": key})
        if self.coroutines:
            answer = await getattr(place, f"{verb}_async")(*asked)
        else:
            answer = getattr(place, verb)(*asked)
        return dict(answer.to_dict())

    async def session(self, cents: int = 1000, *, key: str | None = None, **more: Any) -> Thing:
        return await self("checkout.sessions", "create", wish(cents, **more), key=key)

    async def paid(self, stripe: Rehearsal, cents: int = 1000) -> str:
        """The payment intent of a session that somebody paid."""
        session = await self.session(cents)
        return str(stripe.pay(session["id"])["payment_intent"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.coroutines:
            await self.http.close_async()
        self.http.close()


@pytest.fixture(params=["threads", "coroutines"])
async def api(stripe: Rehearsal, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    async with Asking(stripe.address, coroutines=request.param == "coroutines") as asking:
        yield asking


@pytest.fixture
async def one_api(stripe: Rehearsal) -> AsyncIterator[Asking]:
    """The same by coroutines alone, where both would show the same."""
    async with Asking(stripe.address, coroutines=True) as asking:
        yield asking


@pytest.fixture
def raw(stripe: Rehearsal) -> Callable[..., httpx.Response]:
    """A request without Stripe's library, with the right key unless told otherwise."""

    def ask(method: str, path: str, data: Thing | None = None, **headers: str) -> httpx.Response:
        sent = {"authorization": f"Bearer {SECRET_KEY}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return httpx.request(method, stripe.address + path, data=data, headers=sent, trust_env=False, timeout=10)

    return ask
