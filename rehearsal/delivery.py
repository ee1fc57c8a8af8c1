"""Events brought to whoever listens, signed (docs.stripe.com/webhooks), in a thread of their own, again until heard.

Stripe tries for three days; here the waits are short enough to be watched.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from rehearsal import happenings
from rehearsal.store import Store, Thing, snapshot

# Seconds after each try that was not answered 2xx; after the last one the event is given up, as Stripe does.
TRY_AGAIN_AFTER = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0)
# How long an answer is waited for, in seconds.
PATIENCE = 20.0


@dataclass(frozen=True)
class Letter:
    """An event as it is posted. `at`: the moment in the signature, in seconds."""

    event: Thing
    body: bytes
    headers: dict[str, str]

    @property
    def type(self) -> str:
        return str(self.event["type"])


def signature(body: bytes, secret: str, at: int) -> str:
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def letter(event: Thing, secret: str, at: int, mangle: Callable[[bytes], bytes] | None = None) -> Letter:
    """`mangle` changes the body after it was signed, as somebody on the way would."""
    body = json.dumps(event, indent=2, ensure_ascii=False).encode()
    headers = {
        "content-type": "application/json; charset=utf-8",
        "stripe-signature": signature(body, secret, at),
        "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    return Letter(event, mangle(body) if mangle else body, headers)


class Postman:
    def __init__(self, store: Store, url: str | None, secret: str) -> None:
        self.store = store
        self.url = url
        self.secret = secret
        self.held = False
        self.stopping = threading.Event()
        self.tries: dict[str, tuple[int, float]] = {}  # by event: how often, and when next, by the monotonic clock
        self.thread = threading.Thread(target=self.run, name="rehearsal-post", daemon=True)
        self.http = httpx.Client(timeout=PATIENCE, trust_env=False)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.http.close()
        self.thread.join()

    def run(self) -> None:
        while not self.stopping.wait(0.1):
            with self.store.lock:
                happenings.pass_time(self.store)
                due = self.due()
            for event in due:
                if self.stopping.is_set() or self.held:
                    break
                self.count(event, self.post(letter(event, self.secret, self.store.now())))

    def due(self) -> list[Thing]:
        if self.held or self.url is None:
            return []
        now = time.monotonic()
        names = [name for name in self.store.waiting if self.tries.get(name, (0, 0.0))[1] <= now]
        return [snapshot(self.store.things["event"][name]) for name in names]

    def count(self, event: Thing, status: int) -> None:
        """It was heard, or is tried again later."""
        name = event["id"]
        with self.store.changing():
            times = self.tries.get(name, (0, 0.0))[0]
            if 200 <= status < 300 or times >= len(TRY_AGAIN_AFTER):
                self.take([name])
            else:
                self.tries[name] = (times + 1, time.monotonic() + TRY_AGAIN_AFTER[times])

    def take(self, names: Iterable[str]) -> None:
        """Nobody needs to bring these any more."""
        with self.store.changing():
            for name in names:
                self.tries.pop(name, None)
                if name in self.store.waiting:
                    self.store.waiting.remove(name)
                    self.store.things["event"][name]["pending_webhooks"] = 0

    def post(self, sent: Letter) -> int:
        """The status that was answered; 0: nobody answered."""
        if self.url is None:
            return 0
        try:
            return self.http.post(self.url, content=sent.body, headers=sent.headers).status_code
        except (httpx.HTTPError, RuntimeError):  # RuntimeError: closed meanwhile
            return 0

    def post_all(self, letters: list[Letter], at_once: int) -> list[int]:
        with ThreadPoolExecutor(max(1, at_once)) as hands:
            return list(hands.map(self.post, letters))
