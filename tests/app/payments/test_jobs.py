"""What the clock does: whatever nobody came back to tell comes to its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from app.database import run, transaction
from app.one_by_one import SomeFailed
from app.payments import api, jobs, payables
from app.payments.states import State
from rehearsal import Rehearsal
from tests.app.payments.shop import KIND, Shop, later, ledger, now, row_of


async def state_of(checkout: int) -> str:
    return str((await row_of(checkout))["state"])


async def test_paid_and_nobody_came_back(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    assert await jobs.settle_open(now()) == 0  # whoever pays is most likely on the way back
    later(card, minutes=2)
    assert await jobs.settle_open(now()) == 1
    assert shop.told == [("paid", checkout)]
    assert await jobs.settle_open(now()) == 0


async def test_its_time_is_over(shop: Shop, card: Rehearsal) -> None:
    checkout, _ = await shop.open()
    later(card, minutes=37)
    assert await jobs.settle_open(now()) == 1
    assert await state_of(checkout) == "expired"
    assert shop.told == [("ended", checkout)]


async def test_stripe_was_never_reached(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.down = True
    await api.ask(checkout, now=now())
    later(card, minutes=2)
    assert await jobs.settle_open(now()) == 0
    card.down = False
    later(card, minutes=10)  # 25 minutes are left, and Stripe wants 30: there is no page, and will be none
    assert await jobs.settle_open(now()) == 1
    assert await state_of(checkout) == "expired"
    assert shop.told == [("ended", checkout)]
    assert card.sessions == {}


async def test_back_soon_enough_it_has_a_page(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.down = True
    await api.ask(checkout, now=now())
    card.down = False
    later(card, minutes=2)
    await jobs.settle_open(now())
    assert await state_of(checkout) == "open"
    assert await api.ask(checkout, now=now()) in [session["url"] for session in card.sessions.values()]


async def test_what_nobody_waits_for_is_ended_at_once(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=[1], now=now())
    (seen,) = (await api.checkouts_of(KIND, [1]))[1]
    assert seen.closing
    later(card, minutes=1)
    assert await jobs.settle_open(now()) == 1
    assert card.sessions[session]["status"] == "expired"
    assert shop.told == [("ended", checkout)]


async def test_what_nobody_waits_for_was_paid_all_the_same(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=[1], now=now())
    card.pay(session)
    shop.back = -1  # as who sells what is called off says
    later(card, minutes=1)
    assert await jobs.settle_open(now()) == 1
    assert shop.told == [("paid", checkout)]
    await jobs.send_refunds(now())
    assert await api.paid_cents(KIND, 1) == 0
    assert sum(refund["amount"] for refund in card.refunds.values()) == 1000


async def test_what_was_called_off_before_stripe_was_asked_asks_nothing(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=[1], now=now())
    assert await jobs.settle_open(now()) == 1
    assert await state_of(checkout) == "expired"
    assert card.requests == []


async def test_a_page_that_nobody_has_is_ended_at_stripe(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    await api.ask(checkout, now=now())
    await api.close(checkout, now=now())
    later(card, minutes=1)
    await jobs.settle_open(now())
    (session,) = card.sessions.values()
    assert session["status"] == "expired"
    assert await state_of(checkout) == "expired"
    assert {what for what, _ in shop.told} == {"ended"}


async def test_closing_ones_come_first_and_a_run_is_bounded(shop: Shop, card: Rehearsal) -> None:
    for thing in range(1, 26):
        await shop.open(thing)
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=[24, 25], now=now())
    later(card, minutes=2)
    asked = len(card.requests)
    assert await jobs.settle_open(now()) == 2
    paths = {request.path for request in card.requests[asked:]}
    assert len(paths) == jobs.MOST
    assert sum(path.endswith("/expire") for path in paths) == 2
    later(card, minutes=1)
    asked = len(card.requests)
    await jobs.settle_open(now())
    assert len({request.path for request in card.requests[asked:]} - paths) == 5  # those that had to wait


async def test_twenty_that_cannot_be_ended_do_not_starve_the_others(
    shop: Shop, card: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for thing in range(1, jobs.MOST + 2):
        await shop.open(thing)
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=range(1, jobs.MOST + 1), now=now())
    checkouts = sorted(each.id for found in (await api.checkouts_of(KIND, [jobs.MOST + 1])).values() for each in found)
    asked: list[int] = []

    async def unknown(checkout_id: int, **_: Any) -> api.Closing:
        asked.append(checkout_id)
        return api.Closing.UNKNOWN

    async def still_open(checkout_id: int, **_: Any) -> State:
        asked.append(checkout_id)
        return State.OPEN

    monkeypatch.setattr(jobs, "close", unknown)
    monkeypatch.setattr(jobs, "settle", still_open)
    later(card, minutes=2)
    await jobs.settle_open(now())
    assert len(asked) == jobs.MOST
    assert checkouts[0] not in asked
    later(card, minutes=1)
    await jobs.settle_open(now())
    assert checkouts[0] in asked


async def test_two_processes_at_once_settle_once(shop: Shop, card: Rehearsal) -> None:
    for thing in range(1, 6):
        _, session = await shop.open(thing)
        card.pay(session)
    later(card, minutes=2)
    await asyncio.gather(*(jobs.settle_open(now()) for _ in range(3)))
    assert sorted(shop.told) == sorted({("paid", checkout) for _, checkout in shop.told})
    assert len(shop.told) == 5
    assert (await ledger()).count(("payment", 1000)) == 5


async def test_a_slow_stripe_holds_up_nobody(shop: Shop, card: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "TIMEOUT", 0.3)
    for thing in range(1, 11):
        await shop.open(thing)
    later(card, minutes=2)
    card.delay = 5.0
    began = time.monotonic()
    assert await jobs.settle_open(now()) == 0
    assert time.monotonic() - began < 2.0  # ten of them, five at once


async def test_one_that_falls_over_leaves_the_others_alone(shop: Shop, card: Rehearsal) -> None:
    first, session = await shop.open(1)
    second, another = await shop.open(2)
    card.pay(session)
    card.pay(another)
    whole = shop.payable.paid

    async def paid(locked: Any, checkout_id: int, cents: int, at: Any) -> int:
        if checkout_id == first:
            raise ZeroDivisionError
        return await whole(locked, checkout_id, cents, at)

    payables.know({KIND: replace(shop.payable, paid=paid)})
    later(card, minutes=2)
    with pytest.raises(SomeFailed):
        await jobs.settle_open(now())
    assert shop.told == [("paid", second)]
    assert await state_of(first) == "open"
    assert await ledger() == [("payment", 1000), ("fee", -40)]
    payables.know({KIND: shop.payable})
    later(card, minutes=2)
    assert await jobs.settle_open(now()) == 1
    assert await api.settle(first, now=now()) is State.PAID


async def test_without_a_key_nothing_is_done(shop: Shop) -> None:
    await shop.begin()
    assert [await job(now()) for job in (jobs.settle_open, jobs.send_refunds, jobs.handle_events)] == [0, 0, 0]


async def test_events_are_forgotten_after_a_month(shop: Shop, card: Rehearsal) -> None:
    async with transaction():
        await run(
            "insert into stripe_event (event_id, type, object_id, received_at, tries) values ('evt_1', 'x', '', {}, 0)",
            now(),
        )
    later(card, days=29)
    assert await jobs.forget_events(now()) == 0
    later(card, days=2)
    assert await jobs.forget_events(now()) == 1
