"""Stripe slow, ill, deaf, away: what the library makes of it, and that nothing is done twice by trying again."""

import asyncio
import time

import httpx
import pytest
import stripe as library

from rehearsal import Rehearsal
from tests.rehearsal.conftest import NOW, Asking, wish


async def test_it_breaks_so_many_times_and_does_nothing(stripe: Rehearsal, api: Asking) -> None:
    for status, error in [(500, library.APIError), (503, library.APIError), (429, library.RateLimitError)]:
        stripe.fail_next(2, status)
        for _ in range(2):
            with pytest.raises(error) as failed:
                await api.session(key="a")
            assert failed.value.http_status == status
    assert stripe.sessions == {}
    assert (await api.session(key="a"))["status"] == "open"


async def test_a_key_that_broke_in_the_midst_stays_broken(stripe: Rehearsal, one_api: Asking) -> None:
    stripe.fail_next(1, kept=True)
    for _ in range(3):
        with pytest.raises(library.APIError):
            await one_api.session(key="a")
    assert (await one_api.session(key="b"))["status"] == "open"
    stripe.clock = lambda: NOW + 86_400
    assert (await one_api.session(key="a"))["status"] == "open"


async def test_it_is_done_and_the_answer_lost(stripe: Rehearsal, api: Asking) -> None:
    stripe.do_but_never_answer(1)
    with pytest.raises(library.APIConnectionError):
        await api.session(key="a")
    assert [asked.status for asked in stripe.requests] == [0]
    (made,) = stripe.sessions.values()
    assert (await api.session(key="a"))["id"] == made["id"]
    assert len(stripe.sessions) == 1


async def test_the_library_tries_again_with_the_same_key_by_itself(stripe: Rehearsal) -> None:
    async with Asking(stripe.address, coroutines=True, max_network_retries=2) as asking:
        stripe.do_but_never_answer(2)
        made = await asking.session()
    assert list(stripe.sessions) == [made["id"]]
    assert [asked.status for asked in stripe.requests] == [0, 0, 200]
    assert len({asked.idempotency_key for asked in stripe.requests}) == 1


async def test_it_is_away(stripe: Rehearsal, api: Asking) -> None:
    await api.session()
    stripe.down = True
    for _ in range(2):
        with pytest.raises(library.APIConnectionError):
            await api.session()
    stripe.down = False
    await api.session()
    assert len(stripe.sessions) == 2


async def test_it_is_slow(stripe: Rehearsal, one_api: Asking) -> None:
    """It was done: whoever asks again with the same key finds it."""
    stripe.delay = 1.0
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(one_api.session(key="a"), 0.3)
    assert len(stripe.sessions) == 1
    await asyncio.sleep(1.0)
    stripe.delay = 0.0
    assert (await one_api.session(key="a"))["id"] in stripe.sessions
    assert len(stripe.sessions) == 1


def test_whoever_waits_when_it_ends_is_let_go() -> None:
    """Also a connection that is kept open and says nothing."""
    with Rehearsal(secret_key="sk_test_x", webhook_secret="whsec_x") as stripe, httpx.Client(trust_env=False) as http:
        assert http.get(f"{stripe.address}/c/page.css").status_code == 200
        began = time.monotonic()
        stripe.delay = 60.0
        stripe.__exit__(None, None, None)
        assert time.monotonic() - began < 5
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{stripe.address}/c/page.css", trust_env=False)
        stripe.__exit__(None, None, None)  # twice is once


async def test_what_a_test_writes_is_what_stripe_says(stripe: Rehearsal, one_api: Asking) -> None:
    made = await one_api.session(1000)
    stripe.sessions[made["id"]] |= {"amount_total": 1, "livemode": True}
    seen = await one_api("checkout.sessions", "retrieve", made["id"])
    assert (seen["amount_total"], seen["livemode"]) == (1, True)
    assert wish(1000)["line_items"][0]["price_data"]["unit_amount"] == 1000


def test_a_fault_of_its_own_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with Rehearsal(secret_key="sk_test_x", webhook_secret="whsec_x") as stripe:
        monkeypatch.setattr(stripe.api, "answer", None)
        answer = httpx.get(f"{stripe.address}/v1/balance", trust_env=False)
        assert answer.status_code == 500
        assert "TypeError" in stripe.faults[0]
