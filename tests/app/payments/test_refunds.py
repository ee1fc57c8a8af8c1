"""Money given back: once, whatever becomes of the answer."""

from __future__ import annotations

import asyncio

import pytest

from app.database import TransactionMisuse, run, transaction
from app.payments import api, jobs
from app.payments.gateway import in_use
from app.payments.refunding import note_refund
from app.payments.states import State
from rehearsal import Rehearsal
from tests.app.payments.shop import KIND, Shop, later, ledger, now, refunds


async def states() -> list[tuple[int, str]]:
    return [(row["amount_cents"], row["state"]) for row in await refunds()]


async def test_given_back_by_a_job(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    assert await shop.want(300) == 300
    assert await states() == [(300, "wanted")]
    assert await api.paid_cents(KIND, 1) == 700
    assert card.refunds == {}
    assert await jobs.send_refunds(now()) == 1
    assert await states() == [(300, "succeeded")]
    assert await ledger() == [("payment", 1000), ("fee", -40), ("refund", -300)]
    assert await jobs.send_refunds(now()) == 0
    assert [made["amount"] for made in card.refunds.values()] == [300]
    (seen,) = (await api.checkouts_of(KIND, [1]))[1]
    assert (seen.refunded_cents, seen.refunded_at, seen.failed_cents) == (300, now(), 0)


async def test_no_more_than_was_paid(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    assert await shop.want(800) == 800
    assert await shop.want(800) == 200
    assert await shop.want(1) == 0
    await jobs.send_refunds(now())
    assert sum(made["amount"] for made in card.refunds.values()) == 1000
    assert await api.paid_cents(KIND, 1) == 0


async def test_the_newest_payment_first(shop: Shop, card: Rehearsal) -> None:
    first = await shop.pay(card, cents=1000)
    second = await shop.pay(card, cents=500)
    assert await shop.want(700) == 700
    assert [(row["checkout_id"], row["amount_cents"]) for row in await refunds()] == [(second, 500), (first, 200)]
    await jobs.send_refunds(now())
    assert sorted(made["amount"] for made in card.refunds.values()) == [200, 500]


async def test_only_what_is_paid(shop: Shop, card: Rehearsal) -> None:
    await shop.open()
    assert await shop.want(100) == 0


async def test_an_answer_that_is_lost_gives_nothing_back_twice(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.do_but_never_answer(1)
    assert await jobs.send_refunds(now()) == 0
    assert await states() == [(300, "wanted")]
    assert len(card.refunds) == 1
    later(card, minutes=2)
    assert await jobs.send_refunds(now()) == 1
    assert await states() == [(300, "succeeded")]
    assert len(card.refunds) == 1
    assert (await ledger()).count(("refund", -300)) == 1


@pytest.mark.parametrize("made", [True, False])
async def test_once_stripe_has_forgotten_the_key_it_looks_first(shop: Shop, card: Rehearsal, made: bool) -> None:
    """Stripe keeps keys for a day: the same one would give back a second time."""
    await shop.pay(card)
    await shop.want(300)
    if made:
        card.do_but_never_answer(1)
    else:
        card.fail_next(1, kept=True)
    assert await jobs.send_refunds(now()) == 0
    later(card, hours=30)
    assert await jobs.send_refunds(now()) == 1
    assert [refund["amount"] for refund in card.refunds.values()] == [300]
    assert await states() == [(300, "succeeded")]


async def test_a_backup_from_before_it_was_tried_gives_nothing_back_twice(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    await jobs.send_refunds(now())
    async with transaction():
        await run("update refund set state = 'wanted', tries = 0, asked_at = null, stripe_id = null")
    later(card, hours=50)
    assert await jobs.send_refunds(now()) == 1
    assert len(card.refunds) == 1
    assert await states() == [(300, "succeeded")]


async def test_two_processes_at_once(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    await asyncio.gather(*(jobs.send_refunds(now()) for _ in range(4)))
    assert len(card.refunds) == 1
    assert (await ledger()).count(("refund", -300)) == 1


async def test_stripe_away(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.down = True
    for _ in range(3):
        assert await jobs.send_refunds(now()) == 0
        later(card, minutes=10)
    card.down = False
    assert await jobs.send_refunds(now()) == 1


async def test_it_is_asked_less_and_less(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.fail_next(1000)
    tries = []
    for minute in range(240):
        before = (await refunds())[0]["tries"]
        await jobs.send_refunds(now())
        if (await refunds())[0]["tries"] > before:
            tries.append(minute)
        later(card, minutes=1)
    card.failing.clear()
    assert tries[:4] == [0, 1, 3, 7]
    assert len(tries) < 12


async def test_sent_at_once_after_the_transaction(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    assert await api.send_refunds_of(kind=KIND, thing_ids=[1], now=now()) == 1
    assert await states() == [(300, "succeeded")]


async def test_at_once_waits_for_nobody(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.delay = 1.0
    assert await api.send_refunds_of(kind=KIND, thing_ids=[1], now=now(), seconds=0.2) == 0
    card.delay = 0.0
    await asyncio.sleep(1.1)
    later(card, minutes=2)
    assert await jobs.send_refunds(now()) == 1
    assert len(card.refunds) == 1


async def test_on_its_way_then_there(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.refunds_wait = True
    assert await jobs.send_refunds(now()) == 1
    assert await states() == [(300, "sent")]
    (refund,) = card.refunds
    card.settle_refund(refund)
    assert await jobs.send_refunds(now()) == 0  # looked at every hour
    later(card, hours=1, minutes=1)
    assert await jobs.send_refunds(now()) == 1
    assert await states() == [(300, "succeeded")]


async def test_refused_for_good_waits_for_a_person(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    (intent,) = card.payment_intents
    card.refund(intent)  # by hand, before we hear of it
    await shop.want(300)
    assert await jobs.send_refunds(now()) == 1
    (row,) = await refunds()
    assert (row["state"], row["fault"]) == ("failed", "charge_already_refunded")
    assert await api.paid_cents(KIND, 1) == 700  # a person looks, and it is not asked for again
    later(card, hours=2)
    assert await jobs.send_refunds(now()) == 0


async def test_nothing_is_sent_while_a_transaction_is_open(shop: Shop, card: Rehearsal) -> None:
    """The gateway itself refuses: whoever locks rows never waits for Stripe."""
    gateway = in_use()
    assert gateway is not None
    await gateway.answers()
    with pytest.raises(TransactionMisuse, match="never asked"):
        async with transaction():
            await gateway.answers()
    checkout, _ = await shop.open()
    with pytest.raises(TransactionMisuse, match="never asked"):
        async with transaction():
            await api.settle(checkout, now=now())


async def test_others_write_while_stripe_is_slow(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    card.delay = 1.0
    settling = asyncio.create_task(api.settle(checkout, now=now()))
    await asyncio.sleep(0.2)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await shop.begin(2)
    assert loop.time() - began < 0.5
    assert not settling.done()
    assert await settling is State.PAID


async def test_a_bank_that_sends_it_back(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    await jobs.send_refunds(now())
    (refund,) = card.refunds
    card.fail_refund(refund)

    gateway = in_use()
    assert gateway is not None
    assert await note_refund(await gateway.refund_seen(refund), now=now())
    assert not await note_refund(await gateway.refund_seen(refund), now=now())
    assert await states() == [(300, "failed")]
    assert (await ledger())[-2:] == [("refund", -300), ("refund_failed", 300)]
    # A person gives it back: it is not asked for a second time, whatever else is given back.
    assert await api.paid_cents(KIND, 1) == 700
    (seen,) = (await api.checkouts_of(KIND, [1]))[1]
    assert (seen.refunded_cents, seen.failed_cents) == (300, 300)
    assert await shop.want(1000) == 700


async def test_the_key_is_stored_before_stripe_is_asked(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    (row,) = await refunds()
    await jobs.send_refunds(now())
    asked = card.requests[-1]
    assert asked.idempotency_key == row["key"]
    assert asked.form["metadata"] == {"key": row["key"]}
