"""Letters from Stripe, and letters that are not: each true one once, in any order, and nothing on their word alone."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.database import run
from app.payments import api, gateway, jobs, payables
from app.payments.states import State
from rehearsal import Letter, Rehearsal
from tests.app.payments.shop import Shop, later, ledger, now, refunds, row_of
from tests.client import World
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

PATH = "/paiements/stripe/webhook"


@pytest.fixture
def world(shop: Shop) -> World:
    return World()


async def post(world: World, letter: Letter | bytes, header: str | None = None) -> httpx.Response:
    world.now = now()
    body = letter if isinstance(letter, bytes) else letter.body
    told = dict(letter.headers) if isinstance(letter, Letter) else {"Content-Type": "application/json"}
    if header is not None:
        told["Stripe-Signature"] = header
    headers = {name.encode(): value.encode("latin-1") for name, value in told.items()}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=world.app),  # type: ignore[arg-type]  # httpx spells the same type its own way
        base_url=world.settings.base_url,
    ) as http:
        return await http.post(PATH, content=body, headers=headers)


async def events() -> list[dict[str, Any]]:
    return await run("select * from stripe_event order by id")


def signed(body: bytes, secret: str = WEBHOOK_SECRET, *, at: int | None = None, scheme: str = "v1") -> str:
    at = int(now().timestamp()) if at is None else at
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},{scheme}={digest}"


async def paid(shop: Shop, card: Rehearsal) -> tuple[int, Letter]:
    """A checkout that is paid at Stripe, and the letter that says so."""
    checkout, session = await shop.open()
    card.pay(session)
    (letter,) = (letter for letter in card.letters() if letter.type == "checkout.session.completed")
    return checkout, letter


async def test_a_letter_settles(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, letter = await paid(shop, card)
    response = await post(world, letter)
    assert (response.status_code, response.text) == (200, "ok")
    assert "set-cookie" not in response.headers
    assert shop.told == [("paid", checkout)]
    (event,) = await events()
    assert event["type"] == "checkout.session.completed"
    assert event["handled_at"] == now()


# -------------------------------------------------------------------------------------------------- what is refused

BAD: dict[str, Callable[[bytes], tuple[bytes, str | None]]] = {
    "forged": lambda body: (body, f"t={int(now().timestamp())},v1={'0' * 64}"),
    "another secret": lambda body: (body, signed(body, "whsec_of_somebody_else")),
    "v0 only": lambda body: (body, signed(body, scheme="v0")),
    "stale": lambda body: (body, signed(body, at=int(now().timestamp()) - 301)),
    "of the future": lambda body: (body, signed(body, at=int(now().timestamp()) + 301)),
    "truncated": lambda body: (body[:-10], signed(body)),
    "truncated and signed": lambda body: (body[:-10], signed(body[:-10])),
    "changed": lambda body: (body.replace(b"evt_", b"evt-"), signed(body)),
    "not UTF-8": lambda body: (b"\xff\xfe" + body, signed(b"\xff\xfe" + body)),
    "no header": lambda body: (body, None),
    "an empty header": lambda body: (body, ""),
    "no time": lambda body: (body, signed(body).partition(",")[2]),
    "a time that is no number": lambda body: (body, "t=noon,v1=" + "0" * 64),
    "a time of 5000 digits": lambda body: (body, f"t={'9' * 5000},v1={'0' * 64}"),
    "letters of no alphabet of ours": lambda body: (body, signed(body) + "é"),
    "no JSON": lambda _: (b"hello", signed(b"hello")),
    "JSON of another sort": lambda _: (b"[]", signed(b"[]")),
    "no event": lambda _: (b"{}", signed(b"{}")),
    "deep": lambda _: (b"[" * 100_000, signed(b"[" * 100_000)),
    "nothing": lambda _: (b"", signed(b"")),
    "of the other mode": lambda body: _of_live(body),
    "a number with a null": lambda _: _event(id="evt_\0"),
    "a number too long": lambda _: _event(id="evt_" + "x" * 300),
    "a number that is one": lambda _: _event(id=12),
}


def _of_live(body: bytes) -> tuple[bytes, str]:
    told = json.loads(body)
    told["livemode"] = True
    return _signed(told)


def _event(**facts: Any) -> tuple[bytes, str]:
    told = {"id": "evt_1", "type": "x", "livemode": False, "data": {"object": {"id": "cs_1"}}}
    return _signed({**told, **facts})


def _signed(told: Any) -> tuple[bytes, str]:
    body = json.dumps(told).encode()
    return body, signed(body)


@pytest.mark.parametrize("how", BAD)
async def test_what_is_not_from_stripe_changes_nothing(world: World, shop: Shop, card: Rehearsal, how: str) -> None:
    _, letter = await paid(shop, card)
    asked = len(card.requests)
    body, header = BAD[how](letter.body)
    response = await post(world, body, header)
    assert response.status_code == 400
    assert await events() == []
    assert shop.told == []
    assert len(card.requests) == asked


@pytest.mark.parametrize("seconds", [-299, 0, 299])
async def test_the_same_signed_by_stripe_is_taken(world: World, shop: Shop, card: Rehearsal, seconds: int) -> None:
    checkout, letter = await paid(shop, card)
    response = await post(world, letter.body, signed(letter.body, at=int(now().timestamp()) + seconds))
    assert response.status_code == 200
    assert shop.told == [("paid", checkout)]


async def test_either_of_two_secrets(world: World, shop: Shop, card: Rehearsal) -> None:
    old = gateway.in_use()
    both = gateway.Gateway(SECRET_KEY, ("whsec_new_one", WEBHOOK_SECRET), "http://x", api_base=card.address)
    checkout, letter = await paid(shop, card)
    gateway.use(both)
    try:
        body, _ = _event(id="evt_new")
        assert (await post(world, body, signed(body, "whsec_new_one"))).status_code == 200
        assert (await post(world, letter)).status_code == 200
        assert (await post(world, body, signed(body, "whsec_third"))).status_code == 400
        assert shop.told == [("paid", checkout)]
    finally:
        gateway.use(old)
        await both.aclose()


async def test_without_a_key_there_is_no_such_page(world: World, shop: Shop) -> None:
    body, header = _event()
    assert (await post(world, body, header)).status_code == 404


async def test_without_a_secret_nothing_is_taken(world: World, shop: Shop, card: Rehearsal) -> None:
    old = gateway.in_use()
    none = gateway.Gateway(SECRET_KEY, (), "http://x", api_base=card.address)
    gateway.use(none)
    try:
        body, header = _event()
        assert (await post(world, body, header)).status_code == 400
    finally:
        gateway.use(old)
        await none.aclose()


async def test_it_is_only_posted_to(world: World, shop: Shop, card: Rehearsal) -> None:
    assert (await world.browser().get(PATH)).status_code == 405


# ------------------------------------------------------------------------------------------- again, at once, reversed


async def test_twenty_copies(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, letter = await paid(shop, card)
    for _ in range(20):
        assert (await post(world, letter)).status_code == 200
    assert len(await events()) == 1
    assert shop.told == [("paid", checkout)]
    assert await ledger() == [("payment", 1000), ("fee", -40)]


async def test_ten_at_once(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, letter = await paid(shop, card)
    answers = await asyncio.gather(*(post(world, letter) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await events()) == 1
    assert shop.told == [("paid", checkout)]
    assert await ledger() == [("payment", 1000), ("fee", -40)]


@pytest.mark.parametrize("order", ["fifo", "reverse", "shuffle"])
async def test_in_any_order(world: World, shop: Shop, card: Rehearsal, order: Any) -> None:
    checkout, session = await shop.open()
    card.pay(session)
    (intent,) = card.payment_intents
    card.refund(intent, 300)
    for letter in card.letters(order, copies=2):
        assert (await post(world, letter)).status_code == 200
    await jobs.handle_events(later(card, minutes=1))
    assert shop.told == [("paid", checkout)]
    assert sorted(await ledger()) == [("fee", -40), ("payment", 1000), ("refund", -300)]
    assert [(row["amount_cents"], row["state"]) for row in await refunds()] == [(300, "succeeded")]


async def test_an_event_is_a_hint(world: World, shop: Shop, card: Rehearsal) -> None:
    """Signed and false: Stripe is asked, and says that nothing is paid."""
    _, session = await shop.open()
    told = {"id": session, "payment_status": "paid", "status": "complete"}
    body, header = _event(type="checkout.session.completed", data={"object": told})
    assert (await post(world, body, header)).status_code == 200
    assert shop.told == []


async def test_unknown_types_and_things(world: World, shop: Shop, card: Rehearsal) -> None:
    asked = len(card.requests)
    body, header = _event(type="customer.created", data={"object": {"id": "cus_1"}})
    assert (await post(world, body, header)).status_code == 200
    body, header = _event(id="evt_2", type="balance.available", data={"object": {}})
    assert (await post(world, body, header)).status_code == 200
    assert len(card.requests) == asked
    for number, (sort, name) in enumerate(
        [
            ("checkout.session.completed", "cs_x"),
            ("refund.created", "re_x"),
            ("charge.refunded", "ch_x"),
            ("charge.dispute.created", "du_x"),
            ("payout.paid", "po_x"),
        ]
    ):
        body, header = _event(id=f"evt_x{number}", type=sort, data={"object": {"id": name}})
        assert (await post(world, body, header)).status_code == 200
    assert all(event["handled_at"] is not None for event in await events())
    assert await ledger() == []


async def test_somebody_elses_payment_on_the_same_account(world: World, shop: Shop, card: Rehearsal) -> None:
    own = gateway.in_use()
    assert own is not None
    seen = await own.make_session(
        key="another-program",
        amount_cents=700,
        currency="eur",
        title="Tee-shirt",
        path="/",
        language="fr",
        expires_at=now() + timedelta(hours=1),
    )
    card.pay(seen.id)
    card.refund(next(iter(card.payment_intents)))
    for letter in card.letters():
        assert (await post(world, letter)).status_code == 200
    assert await ledger() == []
    assert await refunds() == []


# ----------------------------------------------------------------------------------------------- Stripe away meanwhile


async def test_what_could_not_be_asked_is_handled_later(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, letter = await paid(shop, card)
    card.down = True
    assert (await post(world, letter)).status_code == 200
    (event,) = await events()
    assert event["handled_at"] is None
    assert shop.told == []
    assert await jobs.handle_events(later(card, minutes=1)) == 0
    card.down = False
    assert await jobs.handle_events(later(card, minutes=1)) == 1
    assert shop.told == [("paid", checkout)]
    assert await jobs.handle_events(later(card, minutes=1)) == 0


async def test_what_falls_over_is_tried_again(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, letter = await paid(shop, card)

    async def paid_badly(*_: Any) -> int:
        raise ZeroDivisionError

    payables.know({"test": replace(shop.payable, paid=paid_badly)})
    assert (await post(world, letter)).status_code == 200
    assert (await row_of(checkout))["state"] == "open"
    payables.know({"test": shop.payable})
    assert await jobs.handle_events(later(card, minutes=1)) == 1
    assert shop.told == [("paid", checkout)]


async def test_an_answer_lost_and_the_letter_first(world: World, shop: Shop, card: Rehearsal) -> None:
    """The letter names a session whose number never reached us: it is known by our key."""
    checkout = await shop.begin()
    card.do_but_never_answer(1)
    await api.ask(checkout, now=now())
    (session,) = card.sessions
    card.pay(session)
    for letter in card.letters():
        assert (await post(world, letter)).status_code == 200
    assert shop.told == [("paid", checkout)]
    assert await api.settle(checkout, now=now()) is State.PAID


async def test_a_refund_whose_answer_was_lost_and_the_letter_first(world: World, shop: Shop, card: Rehearsal) -> None:
    await shop.pay(card)
    await shop.want(300)
    card.letters()
    card.do_but_never_answer(1)
    assert await jobs.send_refunds(now()) == 0
    for letter in card.letters(copies=3):
        assert (await post(world, letter)).status_code == 200
    assert [(row["amount_cents"], row["state"]) for row in await refunds()] == [(300, "succeeded")]
    assert await jobs.send_refunds(later(card, minutes=5)) == 0
    assert len(card.refunds) == 1


# ----------------------------------------------------------------------------------------------------- the other events


@pytest.mark.parametrize("came", [True, False])
async def test_a_bank_that_takes_days(world: World, shop: Shop, card: Rehearsal, came: bool) -> None:
    checkout, session = await shop.open()
    card.pay(session, later=True)
    for letter in card.letters():
        assert (await post(world, letter)).status_code == 200
    assert shop.told == []
    assert (await row_of(checkout))["state"] == "open"
    card.arrive(session, came=came)
    for letter in card.letters("reverse", copies=2):
        assert (await post(world, letter)).status_code == 200
    assert shop.told == [("paid" if came else "ended", checkout)]


async def test_expired(world: World, shop: Shop, card: Rehearsal) -> None:
    checkout, session = await shop.open()
    card.expire(session)
    for letter in card.letters(copies=2):
        assert (await post(world, letter)).status_code == 200
    assert shop.told == [("ended", checkout)]


@pytest.mark.parametrize("won", [True, False])
async def test_disputes_and_payouts_are_noted_once(world: World, shop: Shop, card: Rehearsal, won: bool) -> None:
    await shop.pay(card, 1)
    await shop.pay(card, 2, cents=5000)
    card.dispute(next(iter(card.payment_intents)), won=won)
    card.pay_out()
    for letter in card.letters("shuffle", copies=3):
        assert (await post(world, letter)).status_code == 200
    (payout,) = card.payouts.values()
    lines = [line for line in await ledger() if line[0] not in ("payment", "fee")]
    expected = [("dispute", -1000), ("dispute_fee", -2000), ("payout", -payout["amount"])]
    assert sorted(lines) == sorted(expected + ([("dispute_won", 1000)] if won else []))
