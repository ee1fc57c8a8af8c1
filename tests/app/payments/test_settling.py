"""From « I pay by card » to paid, ended or flagged: what Stripe says when it is asked is all that counts."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import timedelta
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import pytest

from app.database import run, transaction
from app.payments import api
from app.payments.states import Closing, State
from app.settings import Settings
from rehearsal import Rehearsal
from tests.app.payments.shop import KIND, Shop, ledger, now, refunds, row_of, session_of


async def test_from_the_page_to_the_ledger(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    assert (await row_of(checkout))["state"] == "made"
    assert card.requests == []
    url = await api.ask(checkout, now=now())
    assert url == card.sessions[await session_of(checkout)]["url"]
    assert await api.settle(checkout, now=now()) is State.OPEN
    assert shop.told == []

    card.pay(await session_of(checkout))
    assert await api.settle(checkout, now=now()) is State.PAID
    assert shop.told == [("paid", checkout)]
    assert await ledger() == [("payment", 1000), ("fee", -40)]
    seen = (await api.checkouts_of(KIND, [1, 2]))[1]
    assert [(each.state, each.amount_cents, each.url) for each in seen] == [(State.PAID, 1000, "")]
    assert await api.paid_cents(KIND, 1) == 1000

    assert await api.settle(checkout, now=now()) is State.PAID
    assert shop.told == [("paid", checkout)]
    assert len(await ledger()) == 2


async def test_what_stripe_is_told(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    row = await row_of(checkout)
    (asked,) = card.requests
    assert asked.idempotency_key == row["key"]
    assert asked.form == {
        "mode": "payment",
        "payment_method_types": {"0": "card"},
        "line_items": {
            "0": {
                "price_data": {"currency": "eur", "unit_amount": "1000", "product_data": {"name": "Soupe de courge"}},
                "quantity": "1",
            }
        },
        "success_url": f"{Settings().base_url}/choses/1?carte=retour",
        "cancel_url": f"{Settings().base_url}/choses/1?carte=abandon",
        "expires_at": str(int(row["expires_at"].timestamp())),
        "locale": "fr",
        "metadata": {"key": row["key"]},
        "payment_intent_data": {"metadata": {"key": row["key"]}},
    }
    assert row["expires_at"] - row["made_at"] > timedelta(minutes=34, seconds=59)
    assert card.sessions[session]["status"] == "open"


async def test_a_thing_has_one_checkout_that_somebody_waits_for(shop: Shop) -> None:
    await shop.begin(1)
    await shop.begin(2)
    with pytest.raises((sqlite3.IntegrityError, asyncpg.UniqueViolationError)):
        await shop.begin(1)
    async with transaction():
        await api.close_soon(kind=KIND, thing_ids=[1], now=now())
    await shop.begin(1)


async def test_less_than_stripe_charges_is_never_begun(shop: Shop) -> None:
    with pytest.raises(ValueError, match="no less"):
        await shop.begin(cents=api.LEAST_CENTS - 1)
    await shop.begin(cents=api.LEAST_CENTS)


# ------------------------------------------------------------------------------------------------ what is not believed

WRONG: dict[str, dict[str, Any]] = {
    "amount": {"amount_total": 999},
    "currency": {"currency": "usd"},
    "livemode": {"livemode": True},
    "mode": {"mode": "setup"},
    "key": {"metadata": {"key": "another"}},
    "session": {"id": "cs_test_another"},
    "payment_intent": {"payment_intent": None},
}


@pytest.mark.parametrize("fault", WRONG)
async def test_what_is_otherwise_than_asked_is_flagged_and_confirms_nothing(
    shop: Shop, card: Rehearsal, fault: str
) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    told = card.sessions[session]
    right = {name: told[name] for name in WRONG[fault]}
    told.update(WRONG[fault])
    assert await api.settle(checkout, now=now()) is State.FLAGGED
    row = await row_of(checkout)
    assert (row["state"], row["fault"]) == ("flagged", fault)
    assert shop.told == []
    assert await ledger() == []
    assert await api.paid_cents(KIND, 1) == 0

    told.update(right)  # once flagged, a person looks: nothing makes it good by itself
    assert await api.settle(checkout, now=now()) is State.FLAGGED
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert shop.told == [("ended", checkout)]
    assert (await row_of(checkout))["state"] == "flagged"


async def test_the_same_without_anything_wrong_is_paid(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    assert await api.settle(checkout, now=now()) is State.PAID


async def test_a_session_that_stripe_does_not_know_is_flagged(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    del card.sessions[session]
    assert await api.settle(checkout, now=now()) is State.FLAGGED
    assert (await row_of(checkout))["fault"] == "no_session"


# --------------------------------------------------------------------------------------------------- answers that fail


async def test_an_answer_that_is_lost_makes_no_second_session(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    assert await api.ask(checkout, now=now()) is None
    row = await row_of(checkout)
    assert (row["state"], row["session_id"], row["unsure"]) == ("made", None, True)
    assert len(card.sessions) == 1

    assert await api.ask(checkout, now=now()) is not None
    assert len(card.sessions) == 1
    assert [asked.idempotency_key for asked in card.requests] == [row["key"]] * 2
    assert len({str(asked.form) for asked in card.requests}) == 1
    assert await session_of(checkout) in card.sessions


async def test_an_answer_too_slow_is_not_waited_for(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.delay = 1.0
    began = time.monotonic()
    assert await api.ask(checkout, now=now(), seconds=0.3) is None
    assert time.monotonic() - began < 0.9
    card.delay = 0.0
    await asyncio.sleep(1.2)  # until Stripe is done with the first request: a second meanwhile is told 409
    assert await api.ask(checkout, now=now()) is not None
    assert len(card.sessions) == 1


async def test_two_who_ask_at_once_get_one_page(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    pages = await asyncio.gather(*(api.ask(checkout, now=now()) for _ in range(5)))
    assert len(card.sessions) == 1
    assert set(pages) - {None} == {card.sessions[await session_of(checkout)]["url"]}


async def test_paid_where_the_number_of_the_session_was_lost(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    assert await api.ask(checkout, now=now()) is None
    (session,) = card.sessions
    card.pay(session)
    assert await api.settle(checkout, now=now()) is State.PAID
    assert await session_of(checkout) == session
    assert shop.told == [("paid", checkout)]


async def test_stripe_away_settles_nothing_and_raises_nothing(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    card.down = True
    assert await api.settle(checkout, now=now()) is State.OPEN
    assert await api.close(checkout, now=now()) is Closing.UNKNOWN
    assert shop.told == []
    card.down = False
    assert await api.close(checkout, now=now()) is Closing.PAID
    assert shop.told == [("paid", checkout)]


@pytest.mark.parametrize("status", [500, 503, 429, 409])
async def test_an_ill_stripe_is_one_that_is_away(shop: Shop, card: Rehearsal, status: int) -> None:
    checkout, _ = await shop.open()
    card.fail_next(1, status)
    assert await api.settle(checkout, now=now()) is State.OPEN
    assert shop.told == []


async def test_a_key_that_is_refused_ends_what_was_never_asked(shop: Shop, card: Rehearsal) -> None:
    card.api.secret_key = "sk_test_another_one"
    checkout = await shop.begin()
    assert await api.ask(checkout, now=now()) is None
    assert (await row_of(checkout))["fault"] == "key_refused"
    assert shop.told == [("ended", checkout)]


async def test_a_key_that_is_refused_ends_nothing_of_which_an_answer_was_lost(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    await api.ask(checkout, now=now())
    card.api.secret_key = "sk_test_another_one"
    assert await api.ask(checkout, now=now()) is None
    assert (await row_of(checkout))["state"] == "made"
    assert shop.told == []


async def test_what_stripe_refuses_to_make_has_ended(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin(begun_at=now() - timedelta(minutes=10))  # 25 are left, and Stripe wants 30
    assert await api.ask(checkout, now=now()) is None
    row = await row_of(checkout)
    assert row["state"] == "expired"
    assert row["fault"] != ""
    assert shop.told == [("ended", checkout)]
    assert card.sessions == {}


async def test_another_address_of_ours_meanwhile_is_flagged(shop: Shop, card: Rehearsal) -> None:
    """The same key with another body: Stripe may have made a page under it."""
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    assert await api.ask(checkout, now=now()) is None
    async with transaction():
        await run("update checkout set path = '/autre' where id = {}", checkout)
    assert await api.ask(checkout, now=now()) is None
    assert (await row_of(checkout))["fault"] == "idempotency_error"
    assert (await row_of(checkout))["state"] == "flagged"


# ---------------------------------------------------------------------------------------------------- no key, no card


async def test_without_a_key_nothing_is_asked(shop: Shop) -> None:
    assert not api.card_taken()
    checkout = await shop.begin()
    assert await api.ask(checkout, now=now()) is None
    assert await api.settle(checkout, now=now()) is State.MADE
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert shop.told == [("ended", checkout)]


# ------------------------------------------------------------------------------------------------------------- closing


async def test_closed_cannot_be_paid(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert card.sessions[session]["status"] == "expired"
    assert shop.told == [("ended", checkout)]
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert await api.ask(checkout, now=now()) is None
    assert shop.told == [("ended", checkout)]


async def test_paid_before_it_could_be_closed(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    assert await api.close(checkout, now=now()) is Closing.PAID
    assert shop.told == [("paid", checkout)]


async def test_expired_at_stripe_before_it_could_be_closed(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.expire(session)
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert shop.told == [("ended", checkout)]


async def test_what_nobody_has_the_page_of_is_closed_though_stripe_is_away(shop: Shop, card: Rehearsal) -> None:
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    assert await api.ask(checkout, now=now()) is None
    card.down = True
    assert await api.close(checkout, now=now()) is Closing.CLOSED
    assert shop.told == [("ended", checkout)]
    card.down = False
    assert await api.ask(checkout, now=now()) is None  # nobody gets its page any more
    assert (await row_of(checkout))["state"] == "made"  # and the job ends it at Stripe: test_jobs


# ---------------------------------------------------------------------------------------------- a bank that takes days


async def test_a_payment_on_its_way_is_waited_for(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session, later=True)
    assert await api.settle(checkout, now=now()) is State.OPEN
    assert await api.close(checkout, now=now()) is Closing.UNKNOWN
    assert shop.told == []
    card.arrive(session)
    assert await api.settle(checkout, now=now()) is State.PAID
    assert shop.told == [("paid", checkout)]


async def test_a_payment_on_its_way_that_does_not_come_has_ended(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session, later=True)
    card.arrive(session, came=False)
    assert await api.settle(checkout, now=now()) is State.EXPIRED
    assert shop.told == [("ended", checkout)]


# ------------------------------------------------------------------------------------------------------ what comes back


async def test_what_is_not_to_be_had_any_more_is_given_back_at_once(shop: Shop, card: Rehearsal) -> None:
    shop.back = -1
    checkout = await shop.pay(card)
    assert [(row["amount_cents"], row["state"]) for row in await refunds()] == [(1000, "succeeded")]
    assert await ledger() == [("payment", 1000), ("fee", -40), ("refund", -1000)]
    assert await api.paid_cents(KIND, 1) == 0
    await api.settle(checkout, now=now())
    assert len(card.refunds) == 1


async def test_paid_for_what_is_forgotten_is_given_back(shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    async with transaction():
        await run("update checkout set thing_id = null where id = {}", checkout)
    assert await api.settle(checkout, now=now()) is State.PAID
    assert shop.told == []
    assert [(row["amount_cents"], row["state"]) for row in await refunds()] == [(1000, "succeeded")]


async def test_only_what_has_ended_is_forgotten(shop: Shop, card: Rehearsal) -> None:
    paid = await shop.pay(card, 1)
    open_still, _ = await shop.open(2)
    async with transaction():
        await api.forget_whose(kind=KIND, thing_ids=[1, 2])
    row = await row_of(paid)
    assert (row["thing_id"], row["path"], row["url"]) == (None, "", "")
    assert (await row_of(open_still))["thing_id"] == 2
