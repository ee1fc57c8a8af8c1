"""`Rehearsal`: the server, its state, and the knobs with which a test makes Stripe slow, ill, deaf or mistaken."""

import random
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from rehearsal import delivery, happenings, page
from rehearsal.api import Answer, Api, Request, broken, encoded, form_of
from rehearsal.delivery import Letter, Postman
from rehearsal.errors import Refusal
from rehearsal.parameters import Form
from rehearsal.server import Server
from rehearsal.store import Store, Thing, snapshot

Order = Literal["fifo", "reverse", "shuffle"]


@dataclass(frozen=True)
class Asked:
    """A request to the API, and what was answered; `status` 0 if nothing was. `form` is the body, or the query."""

    method: str
    path: str
    form: dict[str, Any]
    idempotency_key: str | None
    status: int
    answer: Thing


@dataclass
class Reply:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Rehearsal:
    """Stripe on this machine, in threads of its own, from `with` to its end.

    `sessions`, `refunds`, … are what is answered: what a test writes there is what Stripe says from then on.
    Knobs that are attributes hold until they are set back:

    - `clock`: gives the seconds since 1970 by which sessions expire and keys are forgotten;
    - `delay`: seconds between doing what was asked and answering it;
    - `down`: every connection is closed without a word;
    - `hold_events`: events wait for `deliver()` or `letters()`;
    - `refunds_wait`: refunds are made `pending`, until `settle_refund()`.
    """

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        webhook_url: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not secret_key.startswith(("sk_test_", "rk_test_")):
            raise ValueError("A rehearsal takes a test key only: sk_test_… or rk_test_…")
        self.secret_key = secret_key
        self.webhook_secret = webhook_secret
        self.store = Store(clock, keep)
        self.api = Api(self.store, secret_key)
        self.postman = Postman(self.store, webhook_url, webhook_secret)
        self.server = Server(host, port, self)
        here = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - only compared
        self.address = self.api.address = f"http://{here}:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), name="rehearsal", daemon=True)
        self.ending = threading.Event()
        self.requests: list[Asked] = []
        # What went wrong in the rehearsal itself, as tracebacks: answered 500, and never meant.
        self.faults: list[str] = []
        self.delay = 0.0
        self.down = False
        self.failing: list[tuple[int, bool]] = []
        self.deaf = 0

    # -------------------------------------------------------------------------------------------- life

    def __enter__(self) -> Self:
        self.thread.start()
        self.postman.start()
        return self

    def __exit__(
        self, type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self.down = True
        self.postman.stop()
        self.server.shutdown()
        self.server.hang_up()
        self.server.server_close()
        self.thread.join()

    def write(self, path: Path) -> None:
        """All that it knows, for another one to begin with (`keep`): of what has happened nobody is told any more."""
        with self.store.lock:
            self.postman.take(list(self.store.waiting))
            self.store.write(path)

    # -------------------------------------------------------------------------------------------- what it knows

    @property
    def sessions(self) -> dict[str, Thing]:
        return self.store.things["checkout.session"]

    @property
    def payment_intents(self) -> dict[str, Thing]:
        return self.store.things["payment_intent"]

    @property
    def charges(self) -> dict[str, Thing]:
        return self.store.things["charge"]

    @property
    def refunds(self) -> dict[str, Thing]:
        return self.store.things["refund"]

    @property
    def disputes(self) -> dict[str, Thing]:
        return self.store.things["dispute"]

    @property
    def payouts(self) -> dict[str, Thing]:
        return self.store.things["payout"]

    @property
    def balance_transactions(self) -> dict[str, Thing]:
        return self.store.things["balance_transaction"]

    @property
    def events(self) -> list[Thing]:
        """All that ever happened, oldest first."""
        return list(self.store.things["event"].values())

    # -------------------------------------------------------------------------------------------- what people do

    def pay(self, session_id: str, *, later: bool = False) -> Thing:
        """Somebody pays; `later`: by a method that takes days, until `arrive()`."""
        with self.acting():
            return snapshot(happenings.pay(self.store, self.session(session_id), later=later))

    def arrive(self, session_id: str, *, came: bool = True) -> Thing:
        """A payment made `later` has come, or never will."""
        with self.acting():
            return snapshot(happenings.arrive(self.store, self.session(session_id), came=came))

    def refuse_card(self, session_id: str) -> Thing:
        """Somebody tries a card, and their bank says no. Answers the payment intent."""
        with self.acting():
            return snapshot(happenings.try_card(self.store, self.session(session_id)))

    def expire(self, session_id: str) -> Thing:
        """As from the dashboard, or before its hour."""
        with self.acting():
            return snapshot(happenings.expire(self.store, self.session(session_id)))

    def refund(self, payment_intent: str, amount: int | None = None) -> Thing:
        """Money given back by hand in the dashboard, all that is left or `amount` cents."""
        asked: dict[str, Any] = {"payment_intent": payment_intent} | ({} if amount is None else {"amount": amount})
        with self.acting():
            return snapshot(happenings.give_back(self.store, asked, later=self.refunds_wait))

    def settle_refund(self, refund_id: str) -> Thing:
        """One that was pending has reached the bank."""
        with self.acting():
            return snapshot(happenings.refund_settles(self.store, self.store.find("refund", refund_id)))

    def fail_refund(self, refund_id: str) -> Thing:
        """The bank sends it back."""
        with self.acting():
            return snapshot(happenings.refund_fails(self.store, self.store.find("refund", refund_id)))

    def dispute(self, payment_intent: str, won: bool | None = None) -> Thing:
        """The payer's bank takes the money back; with `won` it is decided as well, also one that was open already."""
        with self.acting():
            charge = self.store.find("charge", self.store.find("payment_intent", payment_intent)["latest_charge"])
            known = [made for made in self.disputes.values() if made["charge"] == charge["id"]]
            made = known[0] if known and won is not None else happenings.dispute(self.store, charge)
            if won is not None:
                happenings.close_dispute(self.store, made, won=won)
            return snapshot(made)

    def pay_out(self) -> Thing:
        """All that is in the balance goes to the bank, as if the days until it is available had gone by."""
        with self.acting():
            return snapshot(happenings.pay_out(self.store))

    def fail_payout(self, payout_id: str) -> Thing:
        """The bank sends it back."""
        with self.acting():
            return snapshot(happenings.payout_fails(self.store, self.store.find("payout", payout_id)))

    def acting(self) -> Any:
        """The clock first: what has expired cannot be paid any more."""
        with self.store.lock:
            happenings.pass_time(self.store)
        return self.store.changing()

    def session(self, session_id: str) -> Thing:
        return self.store.find("checkout.session", session_id)

    # -------------------------------------------------------------------------------------------- knobs

    def fail_next(self, n: int, status: int = 500, *, kept: bool = False) -> None:
        """The next `n` requests to the API are answered `status` (429, 5xx), and nothing is done.

        With `kept`, an idempotency key remembers it, as Stripe's do when it breaks in the midst of the work: the same
        key is answered the same for 24 hours.
        """
        self.failing += [(status, kept)] * n

    def do_but_never_answer(self, n: int) -> None:
        """The next `n` POST requests to the API are done, and their connection closed without a word.

        A library that tries again by itself uses one of them up each time.
        """
        self.deaf += n

    @property
    def clock(self) -> Callable[[], float]:
        return self.store.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self.store.clock = clock

    @property
    def refunds_wait(self) -> bool:
        return self.api.refunds_wait

    @refunds_wait.setter
    def refunds_wait(self, wait: bool) -> None:
        self.api.refunds_wait = wait

    @property
    def hold_events(self) -> bool:
        return self.postman.held

    @hold_events.setter
    def hold_events(self, held: bool) -> None:
        self.postman.held = held

    # -------------------------------------------------------------------------------------------- events

    def letters(
        self,
        order: Order = "fifo",
        *,
        copies: int = 1,
        timestamp: int | None = None,
        secret: str | None = None,
        mangle: Callable[[bytes], bytes] | None = None,
        keep: bool = False,
    ) -> list[Letter]:
        """The events that wait, as they would be posted, for whoever posts them by another way than a socket.

        They wait no longer, unless `keep`. `timestamp` and `secret` sign them wrongly, `mangle` changes a body after
        it was signed.
        """
        with self.store.lock:
            names = list(self.store.waiting)
            events = [snapshot(self.store.things["event"][name]) for name in names] * copies
            if not keep:
                self.postman.take(names)
        if order == "reverse":
            events.reverse()
        elif order == "shuffle":
            random.shuffle(events)
        at = self.store.now() if timestamp is None else timestamp
        return [delivery.letter(event, secret or self.webhook_secret, at, mangle) for event in events]

    def letter(self, event: Thing, *, timestamp: int | None = None, secret: str | None = None) -> Letter:
        """Any event, also one of `events` that was delivered long ago, or one that never happened."""
        at = self.store.now() if timestamp is None else timestamp
        return delivery.letter(event, secret or self.webhook_secret, at)

    def deliver(
        self,
        order: Order = "fifo",
        *,
        copies: int = 1,
        at_once: int = 1,
        timestamp: int | None = None,
        secret: str | None = None,
        mangle: Callable[[bytes], bytes] | None = None,
    ) -> list[tuple[str, int]]:
        """The events that wait are posted now, `at_once` at a time, and not again: their types and what was answered.

        It blocks: from a test whose loop also serves who listens, `await asyncio.to_thread(stripe.deliver, …)`.
        """
        letters = self.letters(order, copies=copies, timestamp=timestamp, secret=secret, mangle=mangle)
        statuses = self.postman.post_all(letters, at_once)
        return [(sent.type, status) for sent, status in zip(letters, statuses, strict=True)]

    # -------------------------------------------------------------------------------------------- speaking

    def listens(self) -> bool:
        return not self.down

    def speak(self, request: Request) -> Reply | None:
        if self.down:
            return None
        try:
            if request.path.startswith("/v1/"):
                return self.speak_api(request)
            shown = page.answer(self.store, request)
            return Reply(shown.status, shown.headers, shown.body)
        except Exception:
            self.faults.append(traceback.format_exc())
            return Reply(500, {"content-type": "text/plain"}, b"The rehearsal itself is broken: see `faults`.")

    def speak_api(self, request: Request) -> Reply | None:
        with self.store.lock:
            status, kept = self.failing.pop(0) if self.failing else (0, False)
        if status and not kept:
            answer = Answer(status, broken(status).body())
            self.wait()
        else:
            answer = self.api.answer(request, fault=status, settled=self.wait)
        with self.store.lock:
            never = request.method == "POST" and self.deaf > 0
            self.deaf -= never
            self.record(request, answer, 0 if never or self.down else answer.status)
        if never or self.down:
            return None
        return Reply(answer.status, {"content-type": "application/json", **answer.headers}, encoded(answer.thing))

    def wait(self) -> None:
        if self.delay > 0:
            self.ending.wait(self.delay)

    def record(self, request: Request, answer: Answer, status: int) -> None:
        form: Form = {}
        with suppress(Refusal):
            form = form_of(request)
        key = request.headers.get("idempotency-key")
        self.requests.append(Asked(request.method, request.path, form, key, status, answer.thing))
