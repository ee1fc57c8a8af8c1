"""Events: what is told, how it is signed, when it is brought, and what a test can do to it on the way."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import stripe as library

from rehearsal import Letter, Rehearsal
from rehearsal.happenings import tell
from tests.rehearsal.conftest import NOW, Asking
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def verify(letter: Letter, secret: str = WEBHOOK_SECRET, tolerance: int | None = None) -> None:
    """As whoever receives it does, with Stripe's own library."""
    library.WebhookSignature.verify_header(letter.body, letter.headers["stripe-signature"], secret, tolerance)


async def test_letters_are_signed_as_the_library_expects(stripe: Rehearsal, api: Asking) -> None:
    await api.paid(stripe)
    letters = stripe.letters(keep=True)
    assert [letter.type for letter in letters] == PAID
    for letter in letters:
        verify(letter)
        event: Any = library.Webhook.construct_event(
            letter.body, letter.headers["stripe-signature"], WEBHOOK_SECRET, tolerance=10**9
        )
        assert event.id == letter.event["id"]
    assert f"t={NOW}," in letters[0].headers["stripe-signature"]


async def test_letters_that_must_not_be_believed(stripe: Rehearsal, one_api: Asking) -> None:
    await one_api.paid(stripe)
    stripe.clock = time.time
    for letter in stripe.letters(keep=True):
        verify(letter, tolerance=300)  # the positive control
    for letters in (
        stripe.letters(keep=True, secret="whsec_other"),
        stripe.letters(keep=True, timestamp=int(time.time()) - 301),
        stripe.letters(keep=True, mangle=lambda body: body.replace(b"1000", b"9000", 1)[:-1]),
    ):
        assert len(letters) == 4
        for letter in letters:
            with pytest.raises(library.SignatureVerificationError):
                verify(letter, tolerance=300)


async def test_letters_wait_until_they_are_taken(stripe: Rehearsal, one_api: Asking) -> None:
    await one_api.paid(stripe)
    assert len(stripe.letters(keep=True)) == 4
    assert [letter.type for letter in stripe.letters("reverse", copies=2)] == PAID[::-1] * 2
    assert stripe.letters() == []
    old = stripe.letter(stripe.events[-1])
    verify(old)
    assert old.type == "checkout.session.completed"


async def test_events_can_be_listed(stripe: Rehearsal, one_api: Asking) -> None:
    await one_api.paid(stripe)
    listed = await one_api("events", "list", {"type": "charge.succeeded"})
    assert [event["type"] for event in listed["data"]] == ["charge.succeeded"]
    some = await one_api("events", "list", {"types": PAID[:2]})
    assert [event["type"] for event in some["data"]] == PAID[1::-1]
    one = await one_api("events", "retrieve", listed["data"][0]["id"])
    assert one["data"]["object"]["amount"] == 1000


async def test_an_event_shows_what_was(stripe: Rehearsal, one_api: Asking) -> None:
    intent = await one_api.paid(stripe, 1000)
    await one_api("refunds", "create", {"payment_intent": intent}, key="a-key")
    completed = next(event for event in stripe.events if event["type"] == "charge.succeeded")
    refunded = next(event for event in stripe.events if event["type"] == "charge.refunded")
    assert completed["data"]["object"]["amount_refunded"] == 0
    assert refunded["data"]["object"]["amount_refunded"] == 1000
    assert refunded["data"]["previous_attributes"] == {"amount_refunded": 0}
    assert refunded["request"]["idempotency_key"] == "a-key"


# ------------------------------------------------------------------------------------------------ to somebody


class Listener(BaseHTTPRequestHandler):
    """Writes down what it is told, after having failed so many times."""

    heard: ClassVar[list[dict[str, Any]]]
    fails: ClassVar[int]
    most: ClassVar[int]
    here: ClassVar[int]
    lock = threading.Lock()

    def do_POST(self) -> None:
        sort = type(self)
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.lock:
            sort.here += 1
            sort.most = max(sort.most, sort.here)
            failing = sort.fails > 0
            sort.fails -= failing
        time.sleep(0.1)
        with self.lock:
            sort.here -= 1
            if not failing:
                sort.heard.append({"body": body, "signature": self.headers["stripe-signature"]})
        self.send_response(500 if failing else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, type[Listener]]]:
    class Own(Listener):
        heard: ClassVar[list[dict[str, Any]]] = []
        fails = 0
        most = 0
        here = 0

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", Own
    server.shutdown()
    server.server_close()
    thread.join()


def until(true: Any, seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.05)


async def test_events_are_brought_by_themselves_until_they_are_heard(listener: tuple[str, type[Listener]]) -> None:
    url, own = listener
    own.fails = 2
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=url) as stripe:
        async with Asking(stripe.address, coroutines=True) as asking:
            await asking.paid(stripe)
        until(lambda: len(own.heard) == 4)
        until(lambda: not stripe.store.waiting)
        assert own.fails == 0
        for heard in own.heard:
            library.WebhookSignature.verify_header(heard["body"], heard["signature"], WEBHOOK_SECRET, 300)
        assert stripe.letters() == []
        assert {event["pending_webhooks"] for event in stripe.events} == {0}


async def test_events_are_held_and_brought_as_a_test_wants(listener: tuple[str, type[Listener]]) -> None:
    url, own = listener
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url=url) as stripe:
        stripe.hold_events = True
        async with Asking(stripe.address, coroutines=True) as asking:
            await asking.paid(stripe)
        time.sleep(0.5)
        assert own.heard == []
        answers = stripe.deliver("shuffle", copies=3, at_once=6)
        assert sorted(answers) == sorted((sort, 200) for sort in PAID * 3)
        assert own.most > 1
        assert stripe.deliver() == []


def test_nobody_listens() -> None:
    with Rehearsal(
        secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, webhook_url="http://127.0.0.1:9/hook"
    ) as stripe:
        stripe.hold_events = True
        with stripe.store.changing():
            tell(stripe.store, "payout.paid", {"id": "po_1", "object": "payout"})
        assert stripe.deliver() == [("payout.paid", 0)]
