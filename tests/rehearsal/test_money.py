"""Refunds, disputes and payouts: no cent comes or goes without a balance transaction, and none twice."""

import pytest
import stripe as library

from rehearsal import Refusal, Rehearsal, objects
from tests.rehearsal.conftest import NOW, Asking


def balance(stripe: Rehearsal) -> int:
    """What is in the account, not yet paid out, in cents."""
    return sum(moved["net"] for moved in stripe.balance_transactions.values())


@pytest.mark.parametrize(("cents", "fee"), [(50, 26), (300, 30), (500, 33), (1000, 40), (1234, 44), (10_000, 175)])
def test_what_stripe_keeps(cents: int, fee: int) -> None:
    assert objects.fee_of(cents) == fee


async def test_money_goes_back_in_parts_and_never_more_than_came(stripe: Rehearsal, api: Asking) -> None:
    intent = await api.paid(stripe, 1000)
    first = await api("refunds", "create", {"payment_intent": intent, "amount": 400, "metadata": {"key": "a"}})
    assert (first["status"], first["amount"], first["payment_intent"]) == ("succeeded", 400, intent)
    with pytest.raises(library.InvalidRequestError, match="greater than unrefunded amount"):
        await api("refunds", "create", {"payment_intent": intent, "amount": 601})
    rest = await api("refunds", "create", {"payment_intent": intent, "reason": "requested_by_customer"})
    assert rest["amount"] == 600
    with pytest.raises(library.InvalidRequestError) as refused:
        await api("refunds", "create", {"payment_intent": intent, "amount": 1})
    assert refused.value.code == "charge_already_refunded"
    charge = next(iter(stripe.charges.values()))
    assert (charge["amount_refunded"], charge["refunded"]) == (1000, True)
    listed = await api("refunds", "list", {"payment_intent": intent})
    assert [one["id"] for one in listed["data"]] == [rest["id"], first["id"]]
    assert (await api("refunds", "retrieve", first["id"]))["metadata"] == {"key": "a"}
    assert balance(stripe) == -40  # the fee is not given back
    told = [event["type"] for event in stripe.events if "refund" in event["type"]]
    assert told == ["refund.created", "charge.refunded"] * 2


async def test_what_cannot_be_given_back(stripe: Rehearsal, one_api: Asking) -> None:
    for asked, status in [
        ({"payment_intent": "pi_none"}, 404),
        ({"charge": "ch_none"}, 404),
        ({}, 400),
        ({"payment_intent": "pi_none", "amount": 0}, 400),
        ({"payment_intent": "pi_none", "reason": "envie"}, 400),
        ({"payment_intent": "pi_none", "nope": "1"}, 400),
    ]:
        with pytest.raises(library.InvalidRequestError) as refused:
            await one_api("refunds", "create", asked)
        assert refused.value.http_status == status
    assert stripe.refunds == {}


async def test_a_refund_that_fails_days_later(stripe: Rehearsal, one_api: Asking) -> None:
    intent = await one_api.paid(stripe, 1000)
    refund = await one_api("refunds", "create", {"payment_intent": intent})
    before = balance(stripe)
    failed = stripe.fail_refund(refund["id"])
    assert (failed["status"], failed["failure_reason"]) == ("failed", "lost_or_stolen_card")
    assert balance(stripe) == before + 1000
    assert [event["type"] for event in stripe.events][-3:] == [
        "refund.failed",
        "refund.updated",
        "charge.refund.updated",
    ]
    with pytest.raises(Refusal):
        stripe.fail_refund(refund["id"])
    seen = await one_api("refunds", "retrieve", refund["id"], {"expand": ["failure_balance_transaction"]})
    assert seen["failure_balance_transaction"]["amount"] == 1000


async def test_a_refund_that_takes_its_time(stripe: Rehearsal, one_api: Asking) -> None:
    intent = await one_api.paid(stripe)
    stripe.refunds_wait = True
    refund = await one_api("refunds", "create", {"payment_intent": intent})
    assert refund["status"] == "pending"
    assert stripe.settle_refund(refund["id"])["status"] == "succeeded"
    with pytest.raises(Refusal):
        stripe.settle_refund(refund["id"])
    stripe.refunds_wait = False
    by_hand = stripe.refund(await one_api.paid(stripe), 100)
    assert (by_hand["status"], by_hand["amount"]) == ("succeeded", 100)
    assert stripe.events[-2]["request"] == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize("won", [True, False])
async def test_a_dispute_takes_the_money_until_it_is_won(stripe: Rehearsal, one_api: Asking, won: bool) -> None:
    intent = await one_api.paid(stripe, 5000)
    before = balance(stripe)
    dispute = stripe.dispute(intent)
    assert (dispute["status"], dispute["amount"]) == ("needs_response", 5000)
    assert balance(stripe) == before - 5000 - 2000
    with pytest.raises(library.InvalidRequestError) as refused:
        await one_api("refunds", "create", {"payment_intent": intent})
    assert refused.value.code == "charge_disputed"
    closed = stripe.dispute(intent, won=won)
    assert (closed["id"], closed["status"]) == (dispute["id"], "won" if won else "lost")
    assert balance(stripe) == before - 2000 - (0 if won else 5000)
    seen = await one_api("disputes", "retrieve", dispute["id"], {"expand": ["charge"]})
    assert seen["charge"]["disputed"] is True
    assert len(seen["balance_transactions"]) == (2 if won else 1)
    told = [event["type"] for event in stripe.events if "dispute" in event["type"]]
    assert told == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
        *(["charge.dispute.funds_reinstated"] if won else []),
    ]
    with pytest.raises(Refusal):
        stripe.dispute(intent, won=won)


async def test_what_is_paid_out_is_the_sum_of_its_lines(stripe: Rehearsal, one_api: Asking) -> None:
    for cents in (1000, 500):
        await one_api("refunds", "create", {"payment_intent": await one_api.paid(stripe, cents), "amount": 100})
    made = stripe.pay_out()
    assert (made["amount"], made["status"]) == (1000 - 40 - 100 + 500 - 33 - 100, "paid")
    lines = (await one_api("balance_transactions", "list", {"payout": made["id"]}))["data"]
    assert sorted(line["type"] for line in lines) == ["charge", "charge", "payout", "refund", "refund"]
    assert sum(line["net"] for line in lines) == 0
    with pytest.raises(Refusal, match="insufficient"):
        stripe.pay_out()
    await one_api.paid(stripe, 2000)
    again = stripe.pay_out()
    assert again["amount"] == 2000 - 55
    assert [event["type"] for event in stripe.events if "payout" in event["type"]] == [
        "payout.created",
        "payout.paid",
        "payout.reconciliation_completed",
    ] * 2
    assert [one["id"] for one in (await one_api("payouts", "list"))["data"]] == [again["id"], made["id"]]


async def test_a_payout_that_the_bank_sends_back(stripe: Rehearsal, one_api: Asking) -> None:
    await one_api.paid(stripe, 1000)
    before = balance(stripe)
    made = stripe.pay_out()
    assert balance(stripe) == 0
    failed = stripe.fail_payout(made["id"])
    assert (failed["status"], failed["failure_code"]) == ("failed", "account_closed")
    assert balance(stripe) == before
    with pytest.raises(Refusal):
        stripe.fail_payout(made["id"])
    seen = await one_api("payouts", "retrieve", made["id"], {"expand": ["failure_balance_transaction"]})
    assert seen["failure_balance_transaction"]["amount"] == made["amount"]
    assert stripe.events[-1]["type"] == "payout.failed"
    assert stripe.pay_out()["amount"] == made["amount"]


async def test_movements_with_what_moved_them(stripe: Rehearsal, one_api: Asking) -> None:
    """The newest first, a page at a time, each with its source whole, since an instant."""
    intent = await one_api.paid(stripe, 1000)
    await one_api("refunds", "create", {"payment_intent": intent, "amount": 100})
    stripe.pay_out()
    asked = {"limit": 2, "expand": ["data.source"], "created": {"gte": NOW}}
    first = await one_api("balance_transactions", "list", asked)
    assert [each["type"] for each in first["data"]] == ["payout", "refund"]
    assert [each["source"]["object"] for each in first["data"]] == ["payout", "refund"]
    assert first["has_more"] is True
    then = await one_api("balance_transactions", "list", {**asked, "starting_after": first["data"][-1]["id"]})
    assert [each["source"]["payment_intent"] for each in then["data"]] == [intent]
    assert then["has_more"] is False
    none = await one_api("balance_transactions", "list", {**asked, "created": {"gte": NOW + 1}})
    assert none["data"] == []


async def test_the_balance_becomes_available_after_three_days(stripe: Rehearsal, one_api: Asking) -> None:
    def sums(seen: dict[str, list[dict[str, int]]]) -> tuple[int, int]:
        return seen["pending"][0]["amount"], seen["available"][0]["amount"]

    await one_api.paid(stripe, 1000)
    assert sums(await one_api("balance", "retrieve")) == (960, 0)
    stripe.clock = lambda: NOW + 3 * 86_400
    assert sums(await one_api("balance", "retrieve")) == (0, 960)
    account = await one_api("accounts", "retrieve_current")
    assert (account["charges_enabled"], account["country"]) == (True, "FR")
