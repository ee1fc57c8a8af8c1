"""What does not agree about payments by card is named: each sort of tampering, here and at Stripe."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.accounts.states import OF_STRIPE
from app.contracts import Difference
from app.database import Store
from app.payments import checks, comparing, gateway, jobs
from app.payments.comparing import Compared, compare
from app.payments.gateway import StripeAway
from rehearsal import Rehearsal, objects
from tests import stripe_spec
from tests.app.payments.shop import Shop, later, now, row_of
from tests.app.payments.test_ledger import tell_everything
from tests.tampering import tamper, tampered

LONG = timedelta(hours=3)


async def a_year(shop: Shop, card: Rehearsal) -> None:
    """Payments, fees, refunds by us and by hand, one that came back, disputes lost and won, payouts, one of which the
    bank sent back: and all of it known here."""
    for thing in range(1, 9):
        await shop.pay(card, thing, cents=10_000 + thing)
    intents = list(card.payment_intents)
    for cents, thing in ((500, 1), (200, 2), (300, 2), (10_007, 7)):
        await shop.want(cents, thing)
        await jobs.send_refunds(now())
    card.fail_refund(next(iter(card.refunds)))
    card.refund(intents[2], 300)
    card.refund(intents[3])
    card.dispute(intents[4], won=False)
    card.dispute(intents[5], won=True)
    card.fail_payout(card.pay_out()["id"])
    card.pay_out()
    await tell_everything(card, "fifo")
    later(card, hours=3)


@pytest.fixture
async def year(shop: Shop, card: Rehearsal) -> Rehearsal:
    await a_year(shop, card)
    return card


def kinds(found: list[Difference]) -> set[str]:
    return {each.what for each in found}


async def here() -> list[Difference]:
    return list(await checks.differences(now()))


async def at_stripe() -> Compared:
    asked = gateway.in_use()
    assert asked is not None
    return await compare(asked, now())


async def test_nothing_at_all(db: Store, card: Rehearsal) -> None:
    """Stripe is not even asked."""
    assert await here() == []
    assert await at_stripe() == Compared((), 0, 0, 0)
    assert card.requests == []


async def test_everything_agrees(year: Rehearsal) -> None:
    """The control of all below."""
    assert await here() == []
    compared = await at_stripe()
    assert list(compared.differences) == []
    assert compared.movements == len(year.balance_transactions) > 20
    assert (compared.others, compared.others_cents) == (0, 0)


HERE = [
    ("payment_line", "update ledger_line set cents = cents + 1 where kind = 'payment' and checkout_id = 1"),
    ("payment_line", "delete from ledger_line where kind = 'payment' and checkout_id = 1"),
    ("payment_line", "update ledger_line set ref = 'pi_other' where kind = 'payment' and checkout_id = 1"),
    ("payment_line", "update ledger_line set checkout_id = 2 where kind = 'payment' and checkout_id = 1"),
    ("payment_line", "update checkout set amount_cents = 1 where id = 8"),
    (
        "payment_line",
        "insert into ledger_line (place_id, kind, ref, cents, at, checkout_id) "
        "select place_id, kind, 'pi_twice', cents, at, checkout_id from ledger_line "
        "where kind = 'payment' and checkout_id = 1",
    ),
    ("line_of_nothing", "update checkout set state = 'expired' where id = 1"),
    ("line_of_nothing", "update ledger_line set checkout_id = null where kind = 'fee' and checkout_id = 1"),
    ("line_of_nothing", "update ledger_line set place_id = null where kind = 'payment' and checkout_id = 1"),
    ("refund_line", "update ledger_line set cents = -1 where kind = 'refund' and checkout_id = 2"),
    ("refund_line", "delete from ledger_line where kind = 'refund' and checkout_id = 3"),
    ("refund_line", "delete from ledger_line where kind = 'refund_failed'"),
    ("refund_line", "update refund set state = 'succeeded' where state = 'failed'"),
    ("refund_line", "update refund set state = 'wanted' where checkout_id = 2"),
    ("refund_line", "update refund set amount_cents = amount_cents + 1 where checkout_id = 3"),
    ("refund_of_nothing", "delete from refund where checkout_id = 3"),
    ("refund_of_nothing", "update refund set stripe_id = null where checkout_id = 3"),
    ("refunds_of_payment", "update refund set amount_cents = 20000 where checkout_id = 3"),
    ("dispute_line", "update ledger_line set cents = -20000 where kind = 'dispute'"),
    ("dispute_line", "update ledger_line set cents = 1 where kind = 'dispute_won'"),
    ("dispute_line", "delete from ledger_line where kind = 'dispute'"),
    ("payout_line", "update ledger_line set cents = cents + 1 where kind = 'payout_failed'"),
    ("payout_line", "delete from ledger_line where kind = 'payout'"),
]


async def test_what_was_tampered_with_here_is_named(year: Rehearsal) -> None:
    for what, statement in HERE:
        found = await tampered(here, statement)
        assert what in kinds(found), statement
        assert all(each.about and each.words for each in found)
        assert await here() == [], "it was undone"


def test_each_sort_of_difference_is_tampered_with() -> None:
    assert {what for what, _ in HERE} == {what for what, _, _ in checks._COMPARED}


async def test_a_difference_says_how_much(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card, cents=10_001)
    await tamper("update ledger_line set cents = 9000 where kind = 'payment' and checkout_id = 1")
    (found,) = await here()
    place = (await row_of(1))["place_id"]
    assert (found.about, found.expected_cents, found.found_cents) == ("checkout-1", 10_001, 9000)
    assert found.place_id == place


AGAINST_STRIPE = [
    ("stripe_payment", "update ledger_line set cents = cents + 1 where kind = 'payment' and checkout_id = 1"),
    ("stripe_payment", "delete from ledger_line where kind = 'payment' and checkout_id = 1"),
    ("stripe_payment", "update ledger_line set ref = 'pi_other' where kind = 'payment' and checkout_id = 1"),
    ("stripe_fee", "update ledger_line set cents = 0 where kind = 'fee' and checkout_id = 1"),
    ("stripe_fee", "delete from ledger_line where kind = 'fee' and checkout_id = 1"),
    ("stripe_fee", "delete from ledger_line where kind = 'dispute_fee'"),
    ("stripe_refund", "update ledger_line set cents = -1 where kind = 'refund' and checkout_id = 2"),
    ("stripe_refund", "delete from ledger_line where kind = 'refund_failed'"),
    ("stripe_dispute", "delete from ledger_line where kind = 'dispute'"),
    ("stripe_dispute", "delete from ledger_line where kind = 'dispute_won'"),
    ("stripe_payout", "delete from ledger_line where kind = 'payout_failed'"),
    ("stripe_payout", "update ledger_line set cents = cents - 1 where kind = 'payout'"),
    (
        "stripe_payout",
        "insert into ledger_line (kind, ref, cents, at) select 'payout', 'po_never', -500, at from ledger_line "
        "where id = 1",
    ),
    ("stripe_payment", "delete from ledger_line"),
]


async def test_what_stripe_says_otherwise_is_named(year: Rehearsal) -> None:
    asked = gateway.in_use()
    assert asked is not None
    told = await asked.movements(since=now() - 10 * LONG)

    class Remembered:
        """Nobody asks Stripe inside a transaction."""

        async def movements(self, **_: object) -> object:
            return told

    async def look() -> list[Difference]:
        return list((await compare(Remembered(), now())).differences)  # type: ignore[arg-type]  # as much of a gateway as is asked

    assert await look() == []
    for what, statement in AGAINST_STRIPE:
        assert what in kinds(await tampered(look, statement)), statement


async def test_what_an_older_backup_knows_nothing_of_is_named(shop: Shop, card: Rehearsal) -> None:
    """Payments whose checkout is not there any more, whole."""
    await shop.pay(card, 1)
    await shop.pay(card, 2, cents=10_008)
    later(card, hours=3)
    for statement in (
        "delete from ledger_line where checkout_id = 2",
        "delete from refund where checkout_id = 2",
        "delete from checkout where id = 2",
    ):
        await tamper(statement)
    assert await here() == []
    found = list((await at_stripe()).differences)
    assert sorted(each.what for each in found) == ["stripe_fee", "stripe_payment"]
    assert [each.expected_cents for each in found if each.what == "stripe_payment"] == [10_008]


async def test_movements_made_up_at_stripe_are_named(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card, cents=10_001)
    later(card, hours=3)
    (moved,) = card.balance_transactions.values()
    moved["amount"] = 10_002
    (found,) = (await at_stripe()).differences
    assert (found.what, found.expected_cents, found.found_cents) == ("stripe_payment", 10_002, 10_001)


async def test_what_others_do_with_the_same_account_is_theirs(shop: Shop, card: Rehearsal) -> None:
    """A shop, a gift page: payments without a key of ours, what is given back of them, what Stripe bills."""
    await shop.pay(card)
    year = card
    charge = next(iter(year.charges.values()))
    alien = {**charge, "id": "ch_alien", "payment_intent": "pi_alien", "metadata": {}}
    year.charges["ch_alien"] = alien
    year.payment_intents["pi_alien"] = {"id": "pi_alien"}
    with year.store.changing():
        objects.move(year.store, "charge", 700, "ch_alien", fee=30)
        objects.move(year.store, "stripe_fee", -200, "ch_alien")
    later(year, hours=3)
    compared = await at_stripe()
    assert list(compared.differences) == []
    assert (compared.others, compared.others_cents) == (2, 470)
    alien["metadata"] = {"key": "a key of ours that nobody here knows"}
    assert kinds(list((await at_stripe()).differences)) == {"stripe_payment", "stripe_fee"}
    for name, things in (("ch_alien", year.charges), ("pi_alien", year.payment_intents)):
        del things[name]


async def test_what_a_person_has_seen_to_is_theirs(shop: Shop, card: Rehearsal) -> None:
    """Stripe took something else than was asked: it is flagged, and named until somebody has looked at it."""
    checkout, session = await shop.open(1)
    await shop.pay(card, 2)
    card.pay(session)
    await tamper("update checkout set state = 'flagged', fault = 'amount' where id = {}", checkout)
    later(card, hours=3)
    assert kinds(list((await at_stripe()).differences)) == {"stripe_payment", "stripe_fee"}
    await tamper("update checkout set seen_at = {} where id = {}", now(), checkout)
    assert list((await at_stripe()).differences) == []


async def test_what_we_have_yet_to_hear_of_is_no_difference(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open(1)
    await shop.pay(card, 2)
    card.pay(session)
    later(card, minutes=30)
    assert list((await at_stripe()).differences) == []
    later(card, hours=3)
    found = list((await at_stripe()).differences)
    assert kinds(found) == {"stripe_payment", "stripe_fee"}
    assert {each.place_id for each in found} == {(await row_of(checkout))["place_id"]}


async def test_what_is_under_way_is_no_difference(shop: Shop, card: Rehearsal) -> None:
    """A refund that the bank has not taken, nor refused; and one that it refuses in the end."""
    await shop.pay(card)
    card.refunds_wait = True
    await shop.want(400)
    await jobs.send_refunds(now())
    later(card, hours=30)
    assert list((await at_stripe()).differences) == []
    (refund,) = card.refunds
    card.fail_refund(refund)
    later(card, hours=3)
    await jobs.send_refunds(now())
    assert await here() == []
    assert list((await at_stripe()).differences) == []


async def test_it_is_read_page_by_page(year: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PAGE", 4)
    told: list[int] = []
    asked = gateway.in_use()
    assert asked is not None
    before = len(year.requests)
    compared = await compare(asked, now(), told.append)
    assert list(compared.differences) == []
    pages = year.requests[before:]
    assert {(each.method, each.path) for each in pages} == {("GET", "/v1/balance_transactions")}
    assert len(pages) == len(told) == -(-compared.movements // 4)
    assert told[-1] == compared.movements == len(year.balance_transactions)
    assert "starting_after" not in pages[0].form
    assert all("starting_after" in each.form for each in pages[1:])


async def test_what_moves_while_it_is_read_is_no_difference(
    shop: Shop, year: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody pays between two pages, and we hear of it at once."""
    monkeypatch.setattr(gateway, "PAGE", 10)
    asked = gateway.in_use()
    assert asked is not None
    real, more = asked.movements, iter(range(20, 40))

    async def movements(**told: object) -> object:
        page = await real(**told)  # type: ignore[arg-type]  # what was asked, passed on
        await shop.pay(year, next(more))
        return page

    monkeypatch.setattr(asked, "movements", movements)
    compared = await compare(asked, now())
    assert len(year.charges) >= 11
    assert list(compared.differences) == []


async def test_stripes_silence_is_no_answer(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    card.down = True
    with pytest.raises(StripeAway):
        await at_stripe()
    card.down = False


async def test_movements_are_read_as_stripe_writes_them(year: Rehearsal) -> None:
    asked = gateway.in_use()
    assert asked is not None
    found, more = await asked.movements(since=now() - 10 * LONG)
    assert not more
    by_sort = {
        sort: [each for each in found if each.sort == sort] for sort in ("charge", "refund", "dispute", "payout")
    }
    assert sum(map(len, by_sort.values())) == len(found) == len(year.balance_transactions)
    assert all(each.payment_intent and each.key and each.fee_cents > 0 for each in by_sort["charge"])
    assert all(each.payment_intent and each.source.startswith("re_") for each in by_sort["refund"])
    assert {each.status for each in by_sort["payout"]} == {"paid", "failed"}
    assert sum(each.cents - each.fee_cents for each in found) == 0  # all of it is at the bank
    for thing in year.balance_transactions.values():
        stripe_spec.check_thing("balance_transaction", thing)
    assert (await asked.movements(since=now() + LONG))[0] == []


def test_all_kinds_of_stripes_are_compared() -> None:
    assert set(comparing._OF_KIND) == OF_STRIPE
    assert set(comparing._WORDS) == set(comparing._OF_KIND.values())
