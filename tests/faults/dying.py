"""Does deeds about paying by card, each in a process of its own, which may be killed between any two of its steps.

`python -m tests.faults.dying` reads one order a line, forks, and answers in a line which steps were come to and how it
ended. A step is what another process may see: something was written, or is about to be, or Stripe has done it and
nobody here knows yet. Nothing in the program knows of steps: the child puts them around it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.contracts import Payable
from app.database import close_database, connect, engine, open_database, run
from app.errors import Refused
from app.main import REGISTRY
from app.payments import api as payments
from app.payments import events, gateway, payables, settling
from app.payments.gateway import Gateway
from app.payments.signatures import Letter
from meals import card_rules
from meals.commands import card
from meals.commands.booking import book
from meals.commands.giving_back import answer_offer, cancel_seats
from meals.commands.opening import cancel_meal
from meals.facts import KIND, offer_key
from meals.states import PART_MOVES, PartState, Payment
from tests.meals.make import a_wish
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

NEVER = -1
ROUNDS = 12
"""So often are the jobs of one minute done again, at most, until nothing is due."""

# ------------------------------------------------------------------------------------------------------------ the deeds


async def books(now: datetime, meal: int, member: int, **_: Any) -> None:
    wish = a_wish(2, payment=Payment.CARD)
    made = await book(actor=member, meal_id=meal, wish=wish, diets={}, now=now)
    if made.pays:
        await card.pay(actor=member, booking_id=made.id, now=now)


async def accepts(now: datetime, member: int, booking: int, **_: Any) -> None:
    kept = await run(
        "select id, offered_at from booking_part where booking_id = {} and offered_at is not null", booking
    )
    offers = [offer_key(part["id"], part["offered_at"]) for part in kept]
    if await answer_offer(actor=member, booking_id=booking, yes=True, offers=offers, payment=Payment.CARD, now=now):
        await card.pay(actor=member, booking_id=booking, now=now)


async def opens_page(now: datetime, member: int, booking: int, **_: Any) -> None:
    await card.pay(actor=member, booking_id=booking, now=now)


async def verifies(now: datetime, member: int, booking: int, **_: Any) -> None:
    await card.verify(actor=member, booking_id=booking, now=now)


async def pays_on_site(now: datetime, member: int, booking: int, **_: Any) -> None:
    await card.pay_on_site_instead(actor=member, booking_id=booking, now=now)


async def cancels(now: datetime, member: int, booking: int, **_: Any) -> None:
    await cancel_seats(actor=member, booking_id=booking, seats=None, leave=False, now=now)
    await sends(now, booking)


async def sends(now: datetime, booking: int, **_: Any) -> None:
    await payments.send_refunds_of(kind=KIND, thing_ids=[booking], now=now)


async def calls_off(now: datetime, meal: int, opener: int, booking: int, **_: Any) -> None:
    await cancel_meal(actor=opener, meal_id=meal, reason="Plus de gaz.", now=now)
    await sends(now, booking)


async def hears(now: datetime, checkout: int, **_: Any) -> None:
    """Stripe tells us that it is paid."""
    (row,) = await run("select session_id from checkout where id = {}", checkout)
    letter = Letter(f"evt_{checkout}", "checkout.session.completed", row["session_id"])
    if await events.receive(letter, now=now):
        await events.handle(letter.id, now=now)


async def settles(now: datetime, checkout: int, **_: Any) -> None:
    await payments.settle(checkout, now=now)


async def lapses(now: datetime, booking: int, checkout: int, **_: Any) -> None:
    await card.end_unpaid(booking, checkout, now=now)


async def in_turn(now: datetime, what: str, meals: list[dict[str, int]]) -> None:
    """The same deed of several people."""
    for about in meals:
        with suppress(Refused):
            await DEEDS[what](now, **about)


async def jobs(now: datetime, in_vain: bool = False, **_: Any) -> None:
    """Everything of meals and payments that is due, until nothing is; `in_vain`: it may be that there always is."""
    mine = [job for job in REGISTRY.jobs if job.name.startswith(("payments.", "meals."))]
    for _again in range(2 if in_vain else ROUNDS):
        if not sum([await job.run(now) for job in mine]):
            return
    if not in_vain:
        raise RuntimeError("the jobs do something again and again")


DEEDS: dict[str, Callable[..., Awaitable[None]]] = {
    each.__name__: each
    for each in (
        books, accepts, opens_page, verifies, pays_on_site, cancels, sends, calls_off, hears, settles, lapses,
        in_turn, jobs,
    )
}  # fmt: skip


# --------------------------------------------------------------------------------------------------------- the controls


def forgets_its_key() -> None:
    """The key is not stored before Stripe is asked: each try has another."""
    make = Gateway.make_session

    async def made(self: Gateway, **asked: Any) -> Any:
        return replace(await make(self, **{**asked, "key": str(uuid4())}), key=asked["key"])

    Gateway.make_session = made  # type: ignore[method-assign]  # that is what it is for


def confirms_later() -> None:
    """What is paid is confirmed after the commit that says so, and not in it."""

    def of(kind: str) -> Payable:
        async def later(*_: Any) -> int:
            return 0

        return replace(payables.payable_of(kind), paid=later)

    vars(settling)["payable_of"] = of


def never_looks() -> None:
    """Settles what Stripe says is paid without looking whether it was settled already, and seats whoever paid without
    looking what became of their seats."""
    locked = settling._locked

    async def as_if_open(row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        found, row = await locked(row)
        return found, row | {"state": "open"}

    vars(settling)["_locked"] = as_if_open
    vars(card_rules)["buys_seats"] = lambda *_, **__: True
    vars(card)["UNTOLD"] = tuple(PartState)
    PART_MOVES[PartState.CANCELLED] = {PartState.CONFIRMED: "without looking"}


WITHOUT: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (forgets_its_key, confirms_later, never_looks)
}


# ----------------------------------------------------------------------------------------------------------- the child


class Steps:
    """Counts them aloud, and dies at one."""

    def __init__(self, end: int, cut: int) -> None:
        self.end = end
        self.cut = cut
        self.count = 0

    def come(self, name: str) -> None:
        os.write(self.end, f"{name}\n".encode())
        if self.count == self.cut:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1

    def put(self) -> None:
        store: Any = type(engine())
        end, ask = store.end, Gateway._ask

        async def ended(me: Any, connection: Any, *, keep: bool, for_schema: bool) -> None:
            self.come("about to commit" if keep else "about to undo")
            await end(me, connection, keep=keep, for_schema=for_schema)
            self.come("committed" if keep else "undone")

        async def asked(me: Gateway, call: Any, read: Any, within: float) -> Any:
            seen = await ask(me, call, read, within)
            self.come(f"Stripe has answered with {type(seen).__name__}")
            return seen

        store.end = ended
        Gateway._ask = asked  # type: ignore[method-assign,assignment]  # in this child alone


async def _do(order: dict[str, Any], steps: Steps) -> None:
    connect(order["url"])
    await open_database(min_size=0)
    own = _way_to(order["stripe"])
    gateway.use(own)
    if order["without"]:
        WITHOUT[order["without"]]()
    steps.put()
    try:
        await DEEDS[order["deed"]](datetime.fromisoformat(order["now"]), **order["about"])
    except Refused:
        os.write(steps.end, b"refused\n")
    await own.aclose()
    await close_database()


@cache
def _way_to(address: str) -> Gateway:
    """Made before the children are, who connect by themselves: loading certificates takes longer than a deed."""
    return Gateway(SECRET_KEY, (WEBHOOK_SECRET,), "http://testserver.local", address, timeout=20.0, retries=0)


def _fork(order: dict[str, Any]) -> dict[str, Any]:
    _way_to(order["stripe"])
    begin, end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(begin)
            asyncio.run(_do(order, Steps(end, order["cut"])))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(end)
    with os.fdopen(begin) as told:
        steps = told.read().splitlines()
    return {"steps": steps, "code": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}


def main() -> None:
    gateway.load()
    for line in sys.stdin:
        print(json.dumps(_fork(json.loads(line))), flush=True)


# ------------------------------------------------------------------------------------------------------- for the tests


@dataclass
class Launcher:
    """The program that forks, and where it writes what went wrong."""

    program: subprocess.Popen[str]
    errors: Path

    def do(
        self, deed: str, *, url: str, stripe: str, now: datetime, cut: int = NEVER, without: str = "", **about: Any
    ) -> list[str]:
        """Do this deed; the steps it came to. Fails when it ends otherwise than it was ordered to."""
        order = {"url": url, "stripe": stripe, "now": now.isoformat(), "deed": deed, "about": about}
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(json.dumps(order | {"cut": cut, "without": without}) + "\n")
        self.program.stdin.flush()
        said = self.program.stdout.readline()
        assert said, self.errors.read_text()
        ended: dict[str, Any] = json.loads(said)
        wanted = 0 if cut == NEVER else -signal.SIGKILL
        assert ended["code"] == wanted, f"{deed}, {ended}: {self.errors.read_text()}"
        return list(ended["steps"])


@contextmanager
def launching(folder: Path) -> Iterator[Launcher]:
    """It has imported everything once, so that each process is there at once."""
    errors = folder / "dying.log"
    with errors.open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.dying"],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")},
            cwd=Path(__file__).resolve().parents[2],
        )
    with program:
        try:
            yield Launcher(program, errors)
        finally:
            assert program.stdin is not None
            program.stdin.close()
            program.wait(20)


if __name__ == "__main__":
    main()
