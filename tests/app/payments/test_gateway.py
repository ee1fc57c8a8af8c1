"""The way to Stripe: what is known after each way of not answering, and that nobody waits longer than was said."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.payments.gateway import Gateway, KeyRefused, NoSuchThing, StripeAway, StripeRefused
from rehearsal import Rehearsal
from tests.client import NOON
from tests.rehearsing import SECRET_KEY, stripe

__all__ = ["stripe"]


@pytest.fixture
async def gateway(stripe: Rehearsal) -> AsyncIterator[Gateway]:
    made = Gateway(SECRET_KEY, (), "http://x.example", api_base=stripe.address, retries=1)
    yield made
    await made.aclose()


async def make(gateway: Gateway, key: str = "a key", cents: int = 1000, within: float = 5.0) -> str:
    seen = await gateway.make_session(
        key=key,
        amount_cents=cents,
        currency="eur",
        title="Repas",
        path="/billet?a=1",
        language="en",
        expires_at=NOON + timedelta(minutes=35),
        within=within,
    )
    assert (seen.key, seen.amount_cents, seen.status, seen.paid) == (key, cents, "open", False)
    return seen.id


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503])
async def test_an_ill_stripe_is_away(stripe: Rehearsal, gateway: Gateway, status: int) -> None:
    stripe.fail_next(2, status)
    with pytest.raises(StripeAway) as away:
        await make(gateway)
    assert not isinstance(away.value, KeyRefused)


async def test_a_stripe_that_is_ill_once_is_asked_again(stripe: Rehearsal, gateway: Gateway) -> None:
    stripe.fail_next(1, 503)
    assert await make(gateway) in stripe.sessions


async def test_nobody_there_is_away(stripe: Rehearsal, gateway: Gateway) -> None:
    stripe.down = True
    with pytest.raises(StripeAway):
        await make(gateway)


async def test_nobody_waits_longer_than_was_said(stripe: Rehearsal, gateway: Gateway) -> None:
    stripe.delay = 3.0
    began = time.monotonic()
    with pytest.raises(StripeAway):
        await make(gateway, within=0.2)
    assert time.monotonic() - began < 1.5


async def test_no_time_is_no_answer(stripe: Rehearsal, gateway: Gateway) -> None:
    with pytest.raises(StripeAway):
        await make(gateway, within=0.0)


async def test_another_key(stripe: Rehearsal) -> None:
    other = Gateway("sk_test_of_somebody_else", (), "http://x.example", api_base=stripe.address)
    with pytest.raises(KeyRefused):
        await make(other)
    await other.aclose()


async def test_what_is_refused_did_not_happen(stripe: Rehearsal, gateway: Gateway) -> None:
    with pytest.raises(StripeRefused) as refused:
        await gateway.refund(key="k", payment_intent="pi_none", amount_cents=100)
    assert refused.value.code == "resource_missing"
    session = await make(gateway)
    stripe.pay(session)
    (intent,) = stripe.payment_intents
    with pytest.raises(StripeRefused):
        await gateway.refund(key="k2", payment_intent=intent, amount_cents=1001)
    with pytest.raises(StripeRefused):
        await gateway.expire(session)
    assert stripe.refunds == {}


async def test_the_same_key_with_another_body(stripe: Rehearsal, gateway: Gateway) -> None:
    await make(gateway)
    with pytest.raises(StripeRefused) as refused:
        await make(gateway, cents=999)
    assert refused.value.code == "idempotency_error"


@pytest.mark.parametrize("sort", ["session", "refund_seen", "dispute", "payout", "key_of_intent"])
async def test_what_is_not_there(gateway: Gateway, sort: str) -> None:
    with pytest.raises(NoSuchThing):
        await getattr(gateway, sort)("x_none")


async def test_an_answer_that_cannot_be_read_is_none(stripe: Rehearsal, gateway: Gateway) -> None:
    session = await make(gateway)
    kept = stripe.sessions[session].pop("payment_status")
    with pytest.raises(StripeAway, match="cannot be read"):
        await gateway.session(session)
    stripe.requests.clear()  # what was said there is nothing of Stripe's
    stripe.sessions[session]["payment_status"] = kept
    assert (await gateway.session(session)).id == session


async def test_the_way_back_keeps_what_stands_in_the_path(stripe: Rehearsal, gateway: Gateway) -> None:
    session = stripe.sessions[await make(gateway)]
    assert session["success_url"] == "http://x.example/billet?a=1&carte=retour"
    assert session["cancel_url"] == "http://x.example/billet?a=1&carte=abandon"
    assert session["locale"] == "en"


async def test_nothing_of_it_is_in_the_log(
    stripe: Rehearsal, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await make(gateway, key="the key of it")
        stripe.down = True
        with pytest.raises(StripeAway):
            await make(gateway, key="another")
    assert caplog.text == ""


def test_which_money_it_is() -> None:
    assert Gateway("sk_live_51Habcdef", (), "").livemode
    assert not Gateway("rk_test_51Habcdef", (), "").livemode
