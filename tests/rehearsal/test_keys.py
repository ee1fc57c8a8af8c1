"""Who asks, and how often: the secret key, and idempotency keys under which a thing is done once."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import stripe as library

from rehearsal import Rehearsal
from tests.rehearsal.conftest import NOW, Asking, wish
from tests.rehearsing import SECRET_KEY

Raw = Callable[..., httpx.Response]
SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "500",
    "line_items[0][price_data][product_data][name]": "Soupe",
}


async def test_the_same_key_does_it_once(stripe: Rehearsal, api: Asking) -> None:
    first = await api.session(key="a")
    stripe.pay(first["id"])
    again = await api.session(key="a")
    assert again == first  # as it was then, whatever became of it
    assert (await api.session(key="b"))["id"] != first["id"]
    intent = stripe.sessions[first["id"]]["payment_intent"]
    one = await api("refunds", "create", {"payment_intent": intent, "amount": 100}, key="r")
    two = await api("refunds", "create", {"payment_intent": intent, "amount": 100}, key="r")
    three = await api("refunds", "create", {"payment_intent": intent, "amount": 100}, key="s")
    assert one["id"] == two["id"] != three["id"]
    assert next(iter(stripe.charges.values()))["amount_refunded"] == 200


async def test_the_same_key_for_something_else_is_refused(stripe: Rehearsal, one_api: Asking) -> None:
    first = await one_api.session(500, key="a")
    with pytest.raises(library.IdempotencyError) as refused:
        await one_api.session(600, key="a")
    assert refused.value.http_status == 400
    with pytest.raises(library.IdempotencyError):
        await one_api("checkout.sessions", "expire", first["id"], {}, key="a")
    assert [session["status"] for session in stripe.sessions.values()] == ["open"]


async def test_a_key_is_forgotten_after_a_day(stripe: Rehearsal, one_api: Asking) -> None:
    first = await one_api.session(key="a")
    stripe.clock = lambda: NOW + 86_399
    assert (await one_api.session(key="a"))["id"] == first["id"]
    stripe.clock = lambda: NOW + 86_400
    assert (await one_api.session(key="a"))["id"] != first["id"]


async def test_a_refusal_is_remembered_only_if_it_was_begun(stripe: Rehearsal, one_api: Asking) -> None:
    with pytest.raises(library.InvalidRequestError):
        await one_api.session(key="a", expires_at=NOW + 60)
    assert (await one_api.session(key="a"))["status"] == "open"
    intent = await one_api.paid(stripe, 500)
    for _ in range(2):
        with pytest.raises(library.InvalidRequestError, match="greater than unrefunded"):
            await one_api("refunds", "create", {"payment_intent": intent, "amount": 600}, key="b")
    with pytest.raises(library.IdempotencyError):
        await one_api("refunds", "create", {"payment_intent": intent, "amount": 500}, key="b")


def test_two_at_once_with_one_key(stripe: Rehearsal, raw: Raw) -> None:
    """The second is told that the first is under way, and finds its answer later."""
    stripe.delay = 1.0
    with ThreadPoolExecutor(2) as hands:
        asked = [hands.submit(raw, "POST", "/v1/checkout/sessions", SESSION, idempotency_key="a") for _ in range(2)]
        answers = sorted((one.result() for one in asked), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["error"]["code"] == "idempotency_key_in_use"
    stripe.delay = 0.0
    later = raw("POST", "/v1/checkout/sessions", SESSION, idempotency_key="a")
    assert later.headers["idempotent-replayed"] == "true"
    assert later.json() == answers[0].json()
    assert len(stripe.sessions) == 1
    # the same, in another order
    turned = raw("POST", "/v1/checkout/sessions", dict(reversed(SESSION.items())), idempotency_key="a")
    assert turned.json() == answers[0].json()
    assert raw("POST", "/v1/checkout/sessions", SESSION, idempotency_key="k" * 256).status_code == 400


def test_only_the_right_key_is_let_in(stripe: Rehearsal, raw: Raw) -> None:
    def basic(words: str) -> str:
        return "Basic " + base64.b64encode(words.encode()).decode()

    for right in (f"Bearer {SECRET_KEY}", basic(f"{SECRET_KEY}:")):
        assert raw("GET", "/v1/balance", authorization=right).status_code == 200
    for wrong in ("", "Bearer", "Bearer sk_test_other", basic("sk_test_other:"), "Basic ?", "Digest x"):
        answer = raw("GET", "/v1/balance", authorization=wrong)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"
        assert SECRET_KEY not in answer.text


async def test_the_library_says_that_the_key_is_wrong(stripe: Rehearsal) -> None:
    async with Asking(stripe.address, coroutines=True, key="sk_test_other") as asking:
        with pytest.raises(library.AuthenticationError):
            await asking.session()


def test_another_version_of_the_api_is_not_rehearsed(stripe: Rehearsal, raw: Raw) -> None:
    assert raw("GET", "/v1/balance", stripe_version="2026-11-25.endive").status_code == 200
    assert raw("GET", "/v1/balance", stripe_version="2024-06-20").status_code == 400


def test_what_is_not_rehearsed_is_not_found(stripe: Rehearsal, raw: Raw) -> None:
    for method, path in [
        ("GET", "/v1/customers"),
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/"),
        ("POST", "/v1/balance"),
    ]:
        answer = raw(method, path)
        assert answer.status_code == 404
        assert "Unrecognized request URL" in answer.json()["error"]["message"]
    assert raw("GET", "/v1/balance?nope=1").status_code == 400
    assert raw("GET", "/v1/events?limit=0").status_code == 400
    assert raw("GET", "/v1/events?limit=101").status_code == 400


@pytest.mark.parametrize("key", ["sk_live_x", "pk_test_x", "", "whsec_x"])
def test_a_rehearsal_takes_no_key_for_real_money(key: str) -> None:
    with pytest.raises(ValueError, match="test key"):
        Rehearsal(secret_key=key, webhook_secret="whsec_x")


def test_what_was_asked_can_be_read(stripe: Rehearsal, raw: Raw) -> None:
    raw("POST", "/v1/checkout/sessions", SESSION, idempotency_key="a")
    asked = stripe.requests[-1]
    assert (asked.method, asked.path, asked.idempotency_key, asked.status) == (
        "POST",
        "/v1/checkout/sessions",
        "a",
        200,
    )
    assert asked.form["line_items"]["0"]["price_data"]["product_data"] == {"name": "Soupe"}
    assert wish()["mode"] == asked.form["mode"]
