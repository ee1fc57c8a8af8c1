"""What this Stripe knows: things as plain dictionaries, exactly as they are answered, and what it keeps for itself.

One lock for everything; whoever changes something does it inside `with store.changing():`. With `keep`, the whole
state is written to that file at the end of each change, by a rename, and read again at the next start.
"""

import copy
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.errors import missing

Thing = dict[str, Any]

# Ids start as Stripe's do: they say what they name, and a session's whether the money is real.
PREFIXES = {
    "checkout.session": "cs_test_",
    "payment_intent": "pi_",
    "charge": "ch_",
    "refund": "re_",
    "dispute": "du_",
    "payout": "po_",
    "balance_transaction": "txn_",
    "event": "evt_",
}


@dataclass
class Remembered:
    """What was answered to an idempotency key. `status` 0: it is being answered now."""

    asked: str
    at: int
    status: int = 0
    answer: Thing = field(default_factory=dict)


class Store:
    def __init__(self, clock: Callable[[], float], keep: Path | None = None) -> None:
        self.clock = clock
        self.keep = keep
        self.lock = threading.RLock()
        self.things: dict[str, dict[str, Thing]] = {sort: {} for sort in PREFIXES}
        # By the id of a thing: what Stripe knows of it and tells only when asked for it (a session's lines), or never.
        self.aside: dict[str, Thing] = {}
        self.keys: dict[str, Remembered] = {}
        # Ids of events that are still to be delivered, oldest first.
        self.waiting: list[str] = []
        self.depth = 0
        if keep is not None and keep.exists():
            self.read(json.loads(keep.read_text(encoding="utf-8")))

    def now(self) -> int:
        return int(self.clock())

    @contextmanager
    def changing(self) -> Iterator[None]:
        with self.lock:
            self.depth += 1
            try:
                yield
            finally:
                self.depth -= 1
                if self.depth == 0 and self.keep is not None:
                    self.write(self.keep)

    def make(self, sort: str, **facts: Any) -> Thing:
        """A new thing with an id and the hour, kept at once."""
        thing = {"id": PREFIXES[sort] + secrets.token_hex(12), "object": sort, "created": self.now(), **facts}
        self.things[sort][thing["id"]] = thing
        return thing

    def find(self, sort: str, name: str, *, param: str = "id") -> Thing:
        """Or the refusal that Stripe answers."""
        thing = self.things[sort].get(name)
        if thing is None:
            raise missing(sort, name, param=param)
        return thing

    def any(self, name: str) -> Thing | None:
        """A thing of whatever sort."""
        return next((things[name] for things in self.things.values() if name in things), None)

    # ------------------------------------------------------------------------------------------ over a restart

    def write(self, path: Path) -> None:
        state = {
            "things": self.things,
            "aside": self.aside,
            "keys": {key: asdict(remembered) for key, remembered in self.keys.items() if remembered.status},
            "waiting": self.waiting,
        }
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
        fresh.replace(path)

    def read(self, state: Thing) -> None:
        self.things |= state["things"]
        self.aside = state["aside"]
        self.keys = {key: Remembered(**remembered) for key, remembered in state["keys"].items()}
        self.waiting = state["waiting"]


def snapshot(thing: Thing) -> Thing:
    """As it is now, whatever becomes of it."""
    return copy.deepcopy(thing)
