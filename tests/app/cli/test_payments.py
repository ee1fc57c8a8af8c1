"""`reseau payments`, what `reseau doctor` says of Stripe, and `reseau jobs` with a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.cli import doctor_stripe
from app.cli.common import with_database
from app.cli.findings import Finding
from app.database import Store, run, transaction
from app.main import REGISTRY
from app.payments import api, gateway, payables
from app.settings import Settings
from rehearsal import Rehearsal
from tests.app.cli.said import Said, rows
from tests.app.payments.shop import KIND, Shop
from tests.factories import make_place
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

AWAY = "http://127.0.0.1:9"


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    """At the machine's hour, as the commands."""
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, clock=time.time) as rehearsal:
        yield rehearsal
    payables.know(REGISTRY.payables)


async def checkout(state: str, *, minutes: int = 5, fault: str = "") -> int:
    """One that was begun so long ago, and stands so."""
    now = clock.now() - timedelta(minutes=minutes)
    shop = Shop(await make_place())
    payables.know({KIND: shop.payable})
    number = await shop.begin(begun_at=now)
    async with transaction():
        await run(
            "update checkout set state = {}, fault = {}, session_id = {}, payment_intent = {}, settled_at = {} "
            "where id = {}",
            state,
            fault,
            f"cs_{number}",
            f"pi_{number}",
            now,
            number,
        )
    return number


async def refund(state: str, *, hours: int = 0) -> None:
    number = await checkout("paid")
    async with transaction():
        await api.want_refund(kind=KIND, thing_id=1, cents=1000, now=clock.now() - timedelta(hours=hours))
        await run(
            "update refund set state = {}, fault = 'expired_or_canceled_card' where checkout_id = {}", state, number
        )


class TestPayments:
    def test_nothing(self, reseau: Callable[..., Said], installed: str) -> None:
        assert reseau("payments") == (0, "Nothing is open, and nothing needs anybody.\n", "")

    def test_what_is_under_way_needs_nobody(self, reseau: Callable[..., Said], installed: str) -> None:
        with_database(installed, lambda: checkout("open"))
        code, out, err = reseau("payments")
        assert (code, err) == (0, "")
        assert "checkout-1" in out
        assert "10.00 €" in out
        assert "Soupe" not in out

    @pytest.mark.parametrize("state", ["made", "open"])
    def test_open_for_too_long(self, reseau: Callable[..., Said], installed: str, state: str) -> None:
        with_database(installed, lambda: checkout(state, minutes=90))
        code, _, err = reseau("payments")
        assert code == 1
        assert err.startswith("checkout-1: ")

    def test_flagged_until_somebody_has_seen_it(self, reseau: Callable[..., Said], installed: str) -> None:
        with_database(installed, lambda: checkout("flagged", fault="amount"))
        code, out, err = reseau("payments")
        assert code == 1
        assert "amount" in out
        assert "cs_1" in out
        assert err.startswith("checkout-1: look at it on Stripe's dashboard")
        assert reseau("payments", "--seen", "checkout-1") == (0, "checkout-1 is noted as looked at.\n", "")
        assert reseau("payments")[0] == 0
        assert reseau("payments", "--seen", "checkout-1") == (1, "", "checkout-1 waits for nobody.\n")

    def test_a_refund_that_failed(self, reseau: Callable[..., Said], installed: str) -> None:
        with_database(installed, lambda: refund("failed"))
        code, out, err = reseau("payments")
        assert code == 1
        assert "expired_or_canceled_card" in out
        assert err.startswith("refund-1: ")
        assert reseau("payments", "--seen", "refund-1")[0] == 0
        assert reseau("payments")[0] == 0

    @pytest.mark.parametrize(("hours", "code"), [(1, 0), (30, 1)])
    def test_a_refund_that_waits(self, reseau: Callable[..., Said], installed: str, hours: int, code: int) -> None:
        with_database(installed, lambda: refund("wanted", hours=hours))
        assert reseau("payments")[0] == code

    def test_a_name_that_is_none(self, reseau: Callable[..., Said], installed: str) -> None:
        assert reseau("payments", "--seen", "member-1")[0] == 2


async def findings(settings: Settings) -> list[tuple[str, str]]:
    return [(each.sort, each.what) async for each in doctor_stripe.of_stripe(settings)]


class TestDoctor:
    here = Settings(base_url="https://reseau.exemple", stripe_webhook_secrets=(WEBHOOK_SECRET,))

    async def test_no_key(self) -> None:
        assert await findings(Settings()) == [("ok", "Nothing is paid by card: there is no key of Stripe.")]

    async def test_all_is_well(self, stripe: Rehearsal) -> None:
        found = await findings(replace(self.here, stripe_secret_key=SECRET_KEY, stripe_api_base=stripe.address))
        assert found[-1] == ("ok", "Stripe answers, and takes the key.")
        assert [sort for sort, _ in found] == ["warn", "warn", "ok"]  # a key for tests, and a stand-in
        assert {asked.method for asked in stripe.requests} == {"GET"}
        assert not api.card_taken()

    async def test_a_key_that_is_not_taken(self, stripe: Rehearsal) -> None:
        wrong = replace(self.here, stripe_secret_key="sk_test_of_another", stripe_api_base=stripe.address)
        assert (await findings(wrong))[-1] == ("fault", "Stripe does not take the key.")

    async def test_stripe_away(self) -> None:
        sort, what = (await findings(replace(self.here, stripe_secret_key=SECRET_KEY, stripe_api_base=AWAY)))[-1]
        assert sort == "fault"
        assert what.startswith("Stripe does not answer")

    async def test_no_webhook(self, stripe: Rehearsal) -> None:
        found = await findings(
            replace(self.here, stripe_secret_key=SECRET_KEY, stripe_api_base=stripe.address, stripe_webhook_secrets=())
        )
        assert any(sort == "warn" and what.startswith("Stripe tells us nothing") for sort, what in found)

    async def test_a_live_key_in_clear(self) -> None:
        live = replace(self.here, base_url="http://reseau.exemple", stripe_secret_key="sk_live_51Habcdef")
        found = await findings(
            replace(live, stripe_api_base=AWAY)
        )  # as no setting says it: nothing leaves this machine
        assert found[0][0] == "fault"
        assert found[0][1].startswith("Stripe's key is a live one")

    async def test_what_needs_a_person(self, db: Store) -> None:
        async def seen() -> list[Finding]:
            return [each async for each in doctor_stripe.of_payments()]

        assert await seen() == []
        await checkout("flagged", fault="amount")
        await refund("failed")
        assert [each.what for each in await seen()] == [
            "1 payments by card are doubtful.",
            "1 refunds could not be given back.",
        ]


def test_jobs_settle_what_is_paid(reseau: Callable[..., Said], installed: str, stripe: Rehearsal) -> None:
    async def begun() -> str:
        now = clock.now() - timedelta(minutes=2)
        shop = Shop(await make_place())
        payables.know({KIND: shop.payable})
        gateway.use(gateway.Gateway(SECRET_KEY, (), "http://127.0.0.1:8000", api_base=stripe.address))
        try:
            number = await shop.begin(begun_at=now)
            assert await api.ask(number, now=now) is not None
        finally:
            await gateway.disconnect()
        return next(iter(stripe.sessions))

    stripe.pay(with_database(installed, begun))
    settings: dict[str, Any] = {"stripe_secret_key": SECRET_KEY, "stripe_api_base": stripe.address}
    code, out, _ = reseau("jobs", **settings)
    assert code == 0
    assert "payments.settle_open" in out
    assert rows(installed, "select state from checkout") == [{"state": "paid"}]
    assert not api.card_taken()
