"""`reseau accounts check`, and what `reseau doctor` says of the accounts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from app import clock
from app.accounts.api import Account, LedgerKind, add_line
from app.cli.common import with_database
from app.database import transaction
from app.main import REGISTRY
from app.payments import api, gateway, payables
from rehearsal import Rehearsal
from tests.app.cli.said import Said, rows
from tests.app.payments.shop import KIND, Shop, session_of
from tests.factories import make_place
from tests.people import make_cast
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

AGO = timedelta(days=2)
AWAY = "http://127.0.0.1:9"


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    """Two days ago: what was paid then is known everywhere by now."""
    with Rehearsal(
        secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, clock=lambda: time.time() - AGO.total_seconds()
    ) as rehearsal:
        yield rehearsal
    payables.know(REGISTRY.payables)


async def paid(stripe: Rehearsal) -> None:
    """Somebody paid two days ago."""
    asked = gateway.Gateway(SECRET_KEY, (WEBHOOK_SECRET,), "http://testserver.local", api_base=stripe.address)
    gateway.use(asked)
    try:
        then = clock.now() - AGO
        shop = Shop(await make_place(slug="halles", name="Les Halles"))
        payables.know({KIND: shop.payable})
        checkout = await shop.begin(begun_at=then)
        await api.ask(checkout, now=then)
        stripe.pay(await session_of(checkout))
        assert await api.settle(checkout, now=then) is api.State.PAID
    finally:
        await gateway.disconnect()


async def a_purchase_that_nobody_made() -> None:
    cast = await make_cast()
    async with transaction():
        await add_line(
            LedgerKind.PURCHASE,
            "purchase-77",
            -1234,
            account=Account.BANK,
            place_id=cast.place,
            now=clock.now() - AGO,
        )


def test_nothing_yet(reseau: Callable[..., Said], installed: str) -> None:
    code, out, err = reseau("accounts", "check")
    assert (code, err) == (0, "")
    assert out == "Everything agrees. There is no key of Stripe: what it has moved was not compared.\n"


def test_a_difference_is_named_in_a_line(reseau: Callable[..., Said], installed: str) -> None:
    with_database(installed, a_purchase_that_nobody_made)
    code, out, err = reseau("accounts", "check")
    assert code == 1
    (line,) = out.splitlines()
    assert " ".join(line.split()) == (
        "purchase_of_nothing line-1 should be 0.00 €, is -12.34 €: "
        "a line of the ledger about a purchase that nobody wrote down."
    )
    assert err.startswith("One thing does not agree.")
    assert reseau("accounts", "check", "--place", "les-tanneurs")[0] == 1


def test_one_place_alone(reseau: Callable[..., Said], installed: str) -> None:
    with_database(installed, a_purchase_that_nobody_made)

    async def another() -> int:
        return await make_place(slug="halles", name="Les Halles")

    with_database(installed, another)
    code, out, _ = reseau("accounts", "check", "--place", "halles")
    assert (code, out.partition(".")[0]) == (0, "Everything agrees at Les Halles")
    assert reseau("accounts", "check", "--place", "nowhere") == (1, "", "There is no place nowhere.\n")


def test_it_changes_nothing(reseau: Callable[..., Said], installed: str) -> None:
    with_database(installed, a_purchase_that_nobody_made)
    before = rows(installed, "select * from ledger_line order by id")
    reseau("accounts", "check")
    assert rows(installed, "select * from ledger_line order by id") == before


class TestStripe:
    def keys(self, stripe: Rehearsal) -> dict[str, str]:
        return {"stripe_secret_key": SECRET_KEY, "stripe_api_base": stripe.address}

    def test_all_is_well(self, reseau: Callable[..., Said], installed: str, stripe: Rehearsal) -> None:
        with_database(installed, lambda: paid(stripe))
        code, out, err = reseau("accounts", "check", **self.keys(stripe))
        assert (code, out, err) == (0, "Everything agrees. Stripe told of one movement.\n", "")
        assert not api.card_taken()

    def test_what_stripe_says_otherwise(self, reseau: Callable[..., Said], installed: str, stripe: Rehearsal) -> None:
        with_database(installed, lambda: paid(stripe))
        (moved,) = stripe.balance_transactions.values()
        moved["fee"] += 5
        code, out, _ = reseau("accounts", "check", **self.keys(stripe))
        assert code == 1
        assert out.startswith("stripe_fee ")
        assert "should be -0.45 €, is -0.40 €" in out

    def test_stripe_away(self, reseau: Callable[..., Said], installed: str, stripe: Rehearsal) -> None:
        """What is kept here agrees: that is said, and that no more is known."""
        with_database(installed, lambda: paid(stripe))
        code, out, err = reseau("accounts", "check", stripe_secret_key=SECRET_KEY, stripe_api_base=AWAY)
        assert (code, out) == (1, "All that is kept here agrees.\n")
        assert err.startswith("Stripe does not answer (")

    def test_a_key_that_is_not_taken(self, reseau: Callable[..., Said], installed: str, stripe: Rehearsal) -> None:
        with_database(installed, lambda: paid(stripe))
        keys = {**self.keys(stripe), "stripe_secret_key": "sk_test_of_another"}
        code, _, err = reseau("accounts", "check", **keys)
        assert code == 1
        assert err.startswith("Stripe does not take the key")


class TestDoctor:
    def test_all_is_well(self, reseau: Callable[..., Said], installed: str) -> None:
        assert "The accounts agree with themselves." in reseau("doctor")[1]

    def test_what_does_not_agree(self, reseau: Callable[..., Said], installed: str) -> None:
        with_database(installed, a_purchase_that_nobody_made)
        code, out, _ = reseau("doctor")
        assert code == 1
        assert "One thing in the accounts does not agree." in out
        assert "`reseau accounts check` names them." in out
