"""Stripe for tests: `stripe` is a rehearsal of it on a socket, `card` the same with our gateway pointed at it.

At the end of each test everything that was said is held against Stripe's OpenAPI (`tests/stripe_spec.py`).
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from rehearsal import Rehearsal
from tests import stripe_spec

SECRET_KEY = "sk_test_rehearsal"
WEBHOOK_SECRET = "whsec_rehearsal"


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    """Events wait for `letters()`: post them with the test's client."""
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET) as rehearsal:
        yield rehearsal
    assert rehearsal.faults == []
    stripe_spec.check(rehearsal)


@pytest.fixture
async def card(stripe: Rehearsal) -> AsyncIterator[Rehearsal]:
    """The application takes cards in this test."""
    from app.payments import gateway

    own = gateway.Gateway(
        SECRET_KEY, (WEBHOOK_SECRET,), "http://testserver.local", api_base=stripe.address, timeout=5.0, retries=1
    )
    gateway.use(own)
    try:
        yield stripe
    finally:
        gateway.use(None)
        await own.aclose()
