"""The ledger is only added to, and says the same as Stripe."""

from __future__ import annotations

import random

import pytest

from app.accounts.api import LedgerKind, add_line
from app.database import Store, is_sqlite, run, transaction
from app.payments import api, jobs
from app.payments.events import handle, receive
from app.payments.signatures import Letter
from app.payments.states import MOVES, REFUND_MOVES, RefundState, State
from rehearsal import Rehearsal
from tests.app.payments.shop import Shop, later, ledger, now


async def line(db: Store) -> None:
    async with transaction():
        await run(
            "insert into ledger_line (kind, ref, cents, at) values ('payout', 'po_1', -500, {})",
            now(),
        )


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_line set cents = 0",
        "update ledger_line set cents = cents",
        "delete from ledger_line",
        "delete from ledger_line where id = 1",
        "insert into ledger_line (kind, ref, cents, at) select kind, ref, 0, at from ledger_line where true "
        "on conflict (kind, ref) do update set cents = excluded.cents",
    ],
)
async def test_it_is_never_changed_nor_deleted(db: Store, statement: str) -> None:
    await line(db)
    with pytest.raises(Exception, match="only added to"):
        async with transaction():
            await run(statement)
    assert await ledger() == [("payout", -500)]


async def test_nor_emptied(postgres_only_db: Store) -> None:
    await line(postgres_only_db)
    with pytest.raises(Exception, match="only added to"):
        async with transaction():
            await run("truncate ledger_line")
    assert await ledger() == [("payout", -500)]


async def test_the_same_line_twice_is_one(db: Store) -> None:
    async with transaction():
        assert await add_line(LedgerKind.PAYOUT, "po_1", -500, now=now())
        assert not await add_line(LedgerKind.PAYOUT, "po_1", -500, now=now())
        assert await add_line(LedgerKind.PAYOUT_FAILED, "po_1", 500, now=now())
    assert await ledger() == [("payout", -500), ("payout_failed", 500)]


async def tell_everything(card: Rehearsal, order: str) -> None:
    events = [event for event in card.events for _ in range(2)]
    if order == "reverse":
        events.reverse()
    elif order == "shuffle":
        random.Random(4).shuffle(events)
    for event in events:
        letter = Letter(event["id"], event["type"], event["data"]["object"].get("id", ""))
        await receive(letter, now=now())
        await handle(letter.id, now=now())


@pytest.mark.parametrize("order", ["fifo", "reverse", "shuffle"])
async def test_it_says_what_stripe_says(shop: Shop, card: Rehearsal, order: str) -> None:
    """Payments, fees, refunds by us and by hand, one that comes back, disputes lost and won, a payout: in any order."""
    for thing in range(1, 7):
        await shop.pay(card, thing, cents=10_000 + thing)
    intents = list(card.payment_intents)
    await shop.want(500, 1)
    await shop.want(200, 2)
    await jobs.send_refunds(now())
    card.fail_refund(next(iter(card.refunds)))
    card.refund(intents[2], 300)
    card.refund(intents[3])
    card.dispute(intents[4], won=False)
    card.dispute(intents[5], won=True)
    card.pay_out()
    await tell_everything(card, order)
    moved = [move for move in card.balance_transactions.values() if move["type"] != "payout"]
    paid_out = [payout["amount"] for payout in card.payouts.values()]
    lines = await ledger()
    assert sum(cents for kind, cents in lines if kind != "payout") == sum(move["net"] for move in moved)
    assert [cents for kind, cents in lines if kind == "payout"] == [-cents for cents in paid_out]
    kinds = sorted({kind for kind, _ in lines})
    assert kinds == ["dispute", "dispute_fee", "dispute_won", "fee", "payment", "payout", "refund", "refund_failed"]
    await tell_everything(card, order)
    assert await ledger() == lines


async def test_a_refund_made_by_hand_counts_as_given_back(shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    (intent,) = card.payment_intents
    card.refund(intent, 400)
    await tell_everything(card, "fifo")
    assert await api.paid_cents("test", 1) == 600
    assert await shop.want(1000) == 600


async def test_the_fee_that_was_not_known_at_once(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    (charge,) = card.charges.values()
    known, charge["balance_transaction"] = charge["balance_transaction"], None
    await api.settle(checkout, now=now())
    assert await ledger() == [("payment", 1000)]
    later(card, minutes=30)
    assert await jobs.settle_open(now()) == 0
    charge["balance_transaction"] = known
    later(card, minutes=45)
    assert await jobs.settle_open(now()) == 1
    assert await ledger() == [("payment", 1000), ("fee", -40)]
    later(card, hours=2)
    assert await jobs.settle_open(now()) == 0


def test_the_moves_name_every_state() -> None:
    assert set(MOVES) == set(State)
    assert set(REFUND_MOVES) == set(RefundState)
    assert MOVES[State.FLAGGED] == {}
    assert MOVES[State.PAID] == {}


@pytest.mark.parametrize(("table", "kind"), [("checkout", State), ("refund", RefundState)], ids=["checkout", "refund"])
async def test_the_database_knows_the_same_states(db: Store, table: str, kind: type[State] | type[RefundState]) -> None:
    (row,) = await run(
        f"select sql as said from sqlite_master where name = '{table}'"
        if is_sqlite()
        else "select string_agg(pg_get_constraintdef(oid), ' ') as said from pg_constraint "
        f"where conrelid = '{table}'::regclass"
    )
    assert all(f"'{state.value}'" in row["said"] for state in kind)
