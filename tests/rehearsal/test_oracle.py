"""The oracle can say no: each sort of wrong request, answer and event is seen."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Asked, Rehearsal
from rehearsal.happenings import tell
from tests import stripe_spec
from tests.rehearsal.conftest import Asking

Thing = dict[str, Any]


async def test_the_positive_control(stripe: Rehearsal, one_api: Asking) -> None:
    """Nothing changed, nothing found: all things there are."""
    intent = await one_api.paid(stripe, 9000)
    await one_api("refunds", "create", {"payment_intent": intent, "amount": 100})
    stripe.pay_out()
    stripe.dispute(intent, won=True)
    for things in stripe.store.things.values():
        assert things
    stripe_spec.check(stripe)


WRONG: list[tuple[str, Callable[[Thing], Any]]] = [
    ("a field is missing", lambda it: it.pop("payment_status")),
    ("a word of no enumeration", lambda it: it.update(status="finished")),
    ("text for a number", lambda it: it.update(amount_total="1000")),
    ("null where none is", lambda it: it.update(payment_method_types=None)),
    ("a misspelt field", lambda it: it.update(payement_intent="pi_1")),
    ("deep inside", lambda it: it["automatic_tax"].update(enabled="no")),
    ("another thing", lambda it: it.update(object="charge")),
]


@pytest.mark.parametrize(("name", "spoil"), WRONG, ids=[name for name, _ in WRONG])
async def test_a_wrong_answer_is_seen(
    stripe: Rehearsal, one_api: Asking, name: str, spoil: Callable[[Thing], Any]
) -> None:
    made = await one_api.session()
    right = copy.deepcopy(stripe.sessions[made["id"]])
    stripe_spec.check_thing("checkout.session", right)
    spoil(stripe.sessions[made["id"]])
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check_thing("checkout.session", stripe.sessions[made["id"]])
    asked = stripe.requests.pop()  # the same as an answer to a request, and in an event
    stripe.requests.append(Asked(asked.method, asked.path, asked.form, None, 200, stripe.sessions[made["id"]]))
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check(stripe)
    stripe.requests[-1] = asked
    with stripe.store.changing():
        tell(stripe.store, "checkout.session.expired", stripe.sessions[made["id"]])
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check(stripe)
    stripe.store.things["event"].clear()


@pytest.mark.parametrize(
    "form",
    [
        {"nope": "1"},
        {"mode": "paiement"},
        {"expires_at": "demain"},
        {"line_items": {"0": {"price_data": {"unit_amount": "5"}}}},
        {"metadata": "text"},
    ],
)
def test_a_wrong_request_is_seen(form: Thing) -> None:
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check_asked("POST", "/v1/checkout/sessions", form)


def test_a_wrong_query_and_a_wrong_error_are_seen() -> None:
    stripe_spec.check_asked("GET", "/v1/refunds", {"limit": "3"})
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check_asked("GET", "/v1/refunds", {"limit": "three"})
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check_asked("GET", "/v1/refunds", {"nope": "1"})
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.check_thing("error", {"error": {"type": "some_error"}})
