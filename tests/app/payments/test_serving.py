"""A server as it runs: told by Stripe, it settles at once; told nothing, its jobs do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app import clock
from app.cli.common import with_database
from app.database import run, transaction
from app.main import REGISTRY
from app.payments import api, gateway, payables
from rehearsal import Rehearsal
from tests.app.payments.shop import KIND, Shop
from tests.factories import make_place
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET
from tests.servers import Server, free_port, serving, until

PATH = "/paiements/stripe/webhook"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def stripe(port: int) -> Iterator[Rehearsal]:
    with Rehearsal(
        secret_key=SECRET_KEY,
        webhook_secret=WEBHOOK_SECRET,
        webhook_url=f"http://127.0.0.1:{port}{PATH}",
        clock=time.time,
    ) as rehearsal:
        yield rehearsal
    payables.know(REGISTRY.payables)


def opened(url: str, stripe: Rehearsal) -> str:
    """A checkout whose thing is forgotten: what is paid for it is given back, whoever settles it."""

    async def begun() -> None:
        now = clock.now() - timedelta(minutes=2)
        shop = Shop(await make_place())
        payables.know({KIND: shop.payable})
        gateway.use(gateway.Gateway(SECRET_KEY, (), "http://127.0.0.1:8000", api_base=stripe.address))
        try:
            number = await shop.begin(begun_at=now)
            assert await api.ask(number, now=now) is not None
        finally:
            await gateway.disconnect()
        async with transaction():
            await run("update checkout set thing_id = null")

    with_database(url, begun)
    return next(iter(stripe.sessions))


def given_back(stripe: Rehearsal) -> bool:
    return [refund["status"] for refund in stripe.refunds.values()] == ["succeeded"]


def with_card(stripe: Rehearsal, folder: Path, url: str, port: int, *args: str) -> AbstractContextManager[Server]:
    return serving(
        folder,
        url,
        *args,
        port=port,
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api_base=stripe.address,
    )


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_it_settles(database_url: str, tmp_path: Path, stripe: Rehearsal, port: int, told: bool) -> None:
    stripe.hold_events = not told
    session = opened(database_url, stripe)
    if not told:
        stripe.pay(session)
    with with_card(stripe, tmp_path, database_url, port) as server:
        if told:
            stripe.pay(session)
        until(lambda: given_back(stripe), 30)
        assert httpx.post(server.url + PATH, content=b"{}").status_code == 400
        assert server.stop() == 0
        posted = [line for line in server.requests() if line["path"] == PATH and line["status"] == 200]
        assert bool(posted) == told
        assert [line for line in server.troubles() if line["level"] == "ERROR"] == []


def test_several_processes(postgres_database_url: str, tmp_path: Path, stripe: Rehearsal, port: int) -> None:
    session = opened(postgres_database_url, stripe)
    with with_card(stripe, tmp_path, postgres_database_url, port, "--workers", "2") as server:
        stripe.pay(session)
        until(lambda: given_back(stripe), 30)
        assert server.stop() == 0
        assert [line for line in server.troubles() if line["level"] == "ERROR"] == []
    assert len(stripe.refunds) == 1
