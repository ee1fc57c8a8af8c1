"""What these tests pay for: a thing of their own, at a place, and Stripe in rehearsal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.main import REGISTRY
from app.payments import payables
from tests.app.payments.shop import Clock, Shop
from tests.client import NOON
from tests.factories import make_place
from tests.rehearsing import card, stripe

__all__ = ["card", "shop", "stripe"]


@pytest.fixture
async def shop(db: Any) -> AsyncIterator[Shop]:
    """Nothing is paid for in these tests but what this sells."""
    Clock.now = NOON
    place = await make_place()
    shop = Shop(place)
    payables.know({shop.payable.kind: shop.payable})
    yield shop
    payables.know(REGISTRY.payables)
