"""Stripe for tests: `stripe` is a rehearsal of it on a socket, `card` the same with our gateway pointed at it.

At the end of each test everything that was said is held against Stripe's OpenAPI (`tests/stripe_spec.py`).
"""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from app.settings import Settings
from rehearsal import Rehearsal
from tests import stripe_spec
from tests.client import NOON

SECRET_KEY = "sk_test_rehearsal"
WEBHOOK_SECRET = "whsec_rehearsal"


def at(rehearsal: Rehearsal, now: datetime) -> None:
    """Stripe's clock shows this hour, and stands still: the same that the test gives to our commands."""
    rehearsal.clock = now.timestamp


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    """At noon, as the tests' world; move its clock with `at`. Events wait for `letters()`."""
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, clock=NOON.timestamp) as rehearsal:
        yield rehearsal
    assert rehearsal.faults == []
    stripe_spec.check(rehearsal)


@pytest.fixture
async def card(stripe: Rehearsal) -> AsyncIterator[Rehearsal]:
    """The application takes cards in this test. The library tries nothing twice by itself: what fails once is seen."""
    from app.payments import gateway

    own = gateway.Gateway(
        SECRET_KEY, (WEBHOOK_SECRET,), Settings().base_url, api_base=stripe.address, timeout=5.0, retries=0
    )
    gateway.use(own)
    try:
        yield stripe
    finally:
        gateway.use(None)
        await own.aclose()
