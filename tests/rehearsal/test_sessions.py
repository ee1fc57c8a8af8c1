"""Sessions of Checkout: made as asked, refused as Stripe refuses, paid, expired, found again."""

from typing import Any

import pytest
import stripe as library

from rehearsal import Refusal, Rehearsal, happenings
from tests.rehearsal.conftest import NOW, Asking, wish


def types(stripe: Rehearsal) -> list[str]:
    return [event["type"] for event in stripe.events]


def test_the_version_is_that_of_the_library() -> None:
    """A new library may speak a new version: what changed is to be read, then this constant set."""
    assert library.api_version == happenings.API_VERSION


async def test_a_session_is_made_as_asked_and_paid(stripe: Rehearsal, api: Asking) -> None:
    made = await api.session(
        1000,
        locale="fr",
        expires_at=NOW + 35 * 60,
        metadata={"key": "a-key"},
        payment_intent_data={"metadata": {"key": "a-key"}},
        payment_method_types=["card"],
    )
    assert made["url"] == f"{stripe.address}/c/pay/{made['id']}"
    assert (made["status"], made["payment_status"], made["payment_intent"]) == ("open", "unpaid", None)
    assert (made["amount_total"], made["currency"], made["livemode"], made["mode"]) == (1000, "eur", False, "payment")
    assert (made["metadata"], made["expires_at"]) == ({"key": "a-key"}, NOW + 35 * 60)
    stripe.pay(made["id"])
    all_of_it = ["payment_intent.latest_charge.balance_transaction", "line_items"]
    seen = await api("checkout.sessions", "retrieve", made["id"], {"expand": all_of_it})
    assert (seen["status"], seen["payment_status"], seen["url"]) == ("complete", "paid", None)
    intent = seen["payment_intent"]
    assert (intent["status"], intent["amount_received"], intent["metadata"]) == ("succeeded", 1000, {"key": "a-key"})
    moved = intent["latest_charge"]["balance_transaction"]
    assert (moved["amount"], moved["fee"], moved["net"]) == (1000, 40, 960)  # 1.5 % and 25 cents
    assert [(line["description"], line["amount_total"]) for line in seen["line_items"]["data"]] == [("Soupe", 1000)]
    plain = await api("checkout.sessions", "retrieve", made["id"])
    assert plain["payment_intent"] == intent["id"]
    assert "line_items" not in plain
    told = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]
    assert types(stripe) == told


async def test_lines_are_added_up_and_listed(stripe: Rehearsal, api: Asking) -> None:
    lines = [
        {"price_data": {"currency": "eur", "unit_amount": cents, "product_data": {"name": name}}, "quantity": quantity}
        for name, cents, quantity in [("Soupe", 500, 2), ("Tarte", 350, 1)]
    ]
    made = await api("checkout.sessions", "create", wish() | {"line_items": lines})
    assert made["amount_total"] == 1350
    listed = await api("checkout.sessions.line_items", "list", made["id"], {"limit": 1})
    assert ([line["description"] for line in listed["data"]], listed["has_more"]) == (["Soupe"], True)


async def test_a_card_that_is_refused_leaves_it_open(stripe: Rehearsal, api: Asking) -> None:
    made = await api.session()
    stripe.refuse_card(made["id"])
    seen = await api("checkout.sessions", "retrieve", made["id"])
    assert (seen["status"], seen["payment_status"], seen["payment_intent"]) == ("open", "unpaid", None)
    stripe.refuse_card(made["id"])
    stripe.pay(made["id"])
    assert types(stripe).count("charge.failed") == 2
    assert len(stripe.payment_intents) == 1  # the same one is tried again
    charges = await api("charges", "list", {"payment_intent": next(iter(stripe.payment_intents))})
    assert [charge["status"] for charge in charges["data"]] == ["succeeded", "failed", "failed"]


async def test_it_expires_when_asked(stripe: Rehearsal, api: Asking) -> None:
    made = await api.session()
    ended = await api("checkout.sessions", "expire", made["id"])
    assert (ended["status"], ended["url"]) == ("expired", None)
    with pytest.raises(library.InvalidRequestError, match="can be expired"):
        await api("checkout.sessions", "expire", made["id"])
    with pytest.raises(Refusal, match="can be paid"):
        stripe.pay(made["id"])
    assert types(stripe) == ["checkout.session.expired"]
    assert stripe.events[0]["request"]["id"].startswith("req_")


async def test_what_is_paid_cannot_expire(stripe: Rehearsal, api: Asking) -> None:
    made = await api.session()
    stripe.pay(made["id"])
    with pytest.raises(library.InvalidRequestError, match="`complete`"):
        await api("checkout.sessions", "expire", made["id"])
    stripe.clock = lambda: NOW + 2 * 86_400
    assert (await api("checkout.sessions", "retrieve", made["id"]))["status"] == "complete"


async def test_it_expires_by_the_clock(stripe: Rehearsal, one_api: Asking) -> None:
    made = await one_api.session(expires_at=NOW + 1800)
    stripe.clock = lambda: NOW + 1799
    assert (await one_api("checkout.sessions", "retrieve", made["id"]))["status"] == "open"
    stripe.clock = lambda: NOW + 1800
    assert (await one_api("checkout.sessions", "retrieve", made["id"]))["status"] == "expired"
    assert types(stripe) == ["checkout.session.expired"]


async def test_a_delayed_method_is_complete_before_it_is_paid(stripe: Rehearsal, one_api: Asking) -> None:
    for came, status, last in [
        (True, "paid", "checkout.session.async_payment_succeeded"),
        (False, "unpaid", "checkout.session.async_payment_failed"),
    ]:
        made = await one_api.session(payment_method_types=["sepa_debit"])
        seen = stripe.pay(made["id"], later=True)
        assert (seen["status"], seen["payment_status"]) == ("complete", "unpaid")
        with pytest.raises(library.InvalidRequestError, match="does not have a successful charge"):
            await one_api("refunds", "create", {"payment_intent": seen["payment_intent"]})
        assert stripe.arrive(made["id"], came=came)["payment_status"] == status
        assert types(stripe)[-1] == last
        with pytest.raises(Refusal):
            stripe.arrive(made["id"])


REFUSED: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({"mode": None}, "parameter_missing", "mode"),
    ({"mode": "paiement"}, None, "mode"),
    ({"mode": "subscription"}, None, "mode"),
    ({"success_url": None}, "parameter_missing", "success_url"),
    ({"success_url": "retour"}, "url_invalid", "success_url"),
    ({"cancel_url": ""}, "parameter_invalid_empty", "cancel_url"),
    ({"line_items": None}, "parameter_missing", "line_items"),
    ({"nope": "1"}, "parameter_unknown", "nope"),
    ({"payment_intent_data": {"nope": "1"}}, "parameter_unknown", "payment_intent_data[nope]"),
    ({"line_items": [{"price_data": {"currency": "eur", "unit_amount": 5}}]}, "parameter_missing", None),
    ({"line_items": [{"price": "price_1"}]}, "parameter_unknown", None),
    ({"expires_at": "demain"}, "parameter_invalid_integer", "expires_at"),
    ({"expires_at": NOW + 1799}, None, "expires_at"),
    ({"expires_at": NOW + 86_401}, None, "expires_at"),
    ({"locale": "xx"}, None, "locale"),
    ({"payment_method_types": ["cheque"]}, None, "payment_method_types[0]"),
    ({"metadata": {"k" * 41: "v"}}, None, None),
    ({"metadata": {"key": "v" * 501}}, None, "metadata[key]"),
    ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
    ({"expand": ["customer"]}, None, "expand"),
    ({"expand": ["payment_intent.nope"]}, None, "expand"),
    ({"expand": ["a.b.c.d.e"]}, None, "expand"),
]


@pytest.mark.parametrize(("change", "code", "param"), REFUSED, ids=[str(row[0])[:60] for row in REFUSED])
async def test_what_stripe_does_not_take_is_refused(
    stripe: Rehearsal, one_api: Asking, change: dict[str, Any], code: str | None, param: str | None
) -> None:
    asked = {name: value for name, value in (wish() | change).items() if value is not None}
    with pytest.raises(library.InvalidRequestError) as refused:
        await one_api("checkout.sessions", "create", asked)
    assert refused.value.http_status == 400
    assert refused.value.code == code
    if param is not None:
        assert refused.value.param == param
    assert stripe.sessions == {}


@pytest.mark.parametrize(
    ("cents", "code"), [(49, "amount_too_small"), (50, None), (99_999_999, None), (100_000_000, None)]
)
async def test_the_least_and_the_most(stripe: Rehearsal, one_api: Asking, cents: int, code: str | None) -> None:
    if 50 <= cents <= 99_999_999:
        assert (await one_api.session(cents))["amount_total"] == cents
        return
    with pytest.raises(library.InvalidRequestError) as refused:
        await one_api.session(cents)
    assert refused.value.code == code


async def test_who_is_not_known_is_not_found(stripe: Rehearsal, one_api: Asking) -> None:
    for service in ("checkout.sessions", "refunds", "payment_intents", "charges", "disputes", "payouts", "events"):
        with pytest.raises(library.InvalidRequestError) as refused:
            await one_api(service, "retrieve", "nobody_1")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


async def test_lists_are_of_the_newest_first_a_page_at_a_time(stripe: Rehearsal, one_api: Asking) -> None:
    made = [(await one_api.session(100 * (n + 1)))["id"] for n in range(12)][::-1]
    first = await one_api("checkout.sessions", "list")
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (made[:10], True)
    rest = await one_api("checkout.sessions", "list", {"starting_after": made[9]})
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (made[10:], False)
    back = await one_api("checkout.sessions", "list", {"ending_before": made[10], "limit": 3})
    assert ([one["id"] for one in back["data"]], back["has_more"]) == (made[7:10], True)
    stripe.pay(made[0])
    complete = await one_api("checkout.sessions", "list", {"status": "complete", "expand": ["data.payment_intent"]})
    assert [one["payment_intent"]["status"] for one in complete["data"]] == ["succeeded"]
    assert (await one_api("checkout.sessions", "list", {"created": {"gt": NOW}}))["data"] == []
