"""What the clock does about payments: asks Stripe what has become of what is open, sends refunds, handles what Stripe
told us while it did not answer.

Each job asks for a few things at once, outside of any transaction, and a bounded time: when Stripe is slow, the other
jobs wait for a minute at most. What is asked is marked beforehand, so that two processes seldom ask the same; if they
do, it is done once all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.database import command, run, transaction
from app.one_by_one import OneByOne
from app.payments.events import handle
from app.payments.gateway import TIMEOUT, in_use
from app.payments.patience import Patience
from app.payments.refunding import send_one
from app.payments.settling import close, note_fee, settle
from app.payments.states import Closing, State

MOST = 20
"""Things of one run."""
AT_ONCE = 5
A_MINUTE = timedelta(minutes=1)
ASKED_LATELY = timedelta(seconds=50)
"""Whoever was asked about so lately, by whatever process, is left for the next minute."""
GRACE = timedelta(minutes=1)
"""After its time, Stripe has a moment to end a page by itself."""
FEES_UNTIL = timedelta(days=3)
LOOK_AGAIN = timedelta(hours=1)
"""So often is a refund looked at that is on its way."""
LONGEST_WAIT = timedelta(hours=1)
TAKEN_IN = timedelta(seconds=20)
"""An event that came just now is being handled where it came in."""
KEPT_FOR = timedelta(days=30)


async def settle_open(now: datetime) -> int:
    """Ask what has become of what may be paid: what nobody waits for any more is ended first, once; then what was asked
    about the longest ago, so that nothing starves. How many came to an end, or whose
    fee is known now."""
    if in_use() is None:
        return 0
    chosen = await _choose_open(now)
    every = [(row["id"], row["state"], _is_over(row, now)) for row in chosen]

    async def one(checkout_id: int, state: str, over: bool) -> int:
        if state == State.PAID.value:
            return int(await note_fee(checkout_id, now=now, seconds=TIMEOUT))
        patience = Patience(TIMEOUT)
        after = State(state)
        if not over or after is State.MADE:
            after = await settle(checkout_id, now=now, seconds=patience.left())
        if over and after is State.OPEN:
            return int(await close(checkout_id, now=now, seconds=patience.left()) is not Closing.UNKNOWN)
        return int(after not in (State.MADE, State.OPEN))

    return await _at_once("payments.settle_open", "checkout", every, one)


def _is_over(row: dict[str, object], now: datetime) -> bool:
    """Whether nobody is to pay it any more."""
    expires_at = row["expires_at"]
    assert isinstance(expires_at, datetime)
    return row["closing_at"] is not None or expires_at + GRACE <= now


async def _choose_open(now: datetime) -> list[dict[str, object]]:
    """What is to be asked about in this run, marked as asked about now."""
    rows = await run(
        "select id, state, expires_at, closing_at from checkout where state in ('made', 'open') "
        "and (closing_at is not null or made_at <= {}) and (asked_at is null or asked_at <= {}) "
        "order by case when closing_at is not null and (asked_at is null or asked_at <= closing_at) then 0 else 1 end, "
        "coalesce(asked_at, made_at), id limit {}",
        now - A_MINUTE,
        now - ASKED_LATELY,
        MOST,
    )
    rows += await run(
        "select c.id, c.state, c.expires_at, c.closing_at from checkout c where c.state = 'paid' "
        "and c.settled_at > {} and c.asked_at <= {} and not exists "
        "(select 1 from ledger_line l where l.checkout_id = c.id and l.kind = 'fee') order by c.asked_at limit {}",
        now - FEES_UNTIL,
        now - LOOK_AGAIN,
        AT_ONCE,
    )
    if rows:  # each commit has pages read anew, and most minutes there is nothing
        await _mark("update checkout set asked_at = {} where id = {}", [(now, row["id"]) for row in rows])
    return rows


async def _mark(statement: str, every: list[tuple[Any, ...]]) -> None:
    for what in every:
        await _mark_one(statement, what)


@command
async def _mark_one(statement: str, what: tuple[Any, ...]) -> None:
    """One a transaction: whoever has locked what these are paid for locks them in an order of theirs."""
    async with transaction():
        await run(statement, *what)


async def send_refunds(now: datetime) -> int:
    """Send what is wanted back, and look at what is on its way. How many of them are news."""
    if in_use() is None:
        return 0
    waiting = await run(
        "select id, state, asked_at, tries from refund where state in ('wanted', 'sent') "
        "order by coalesce(asked_at, wanted_at), id limit {}",
        10 * MOST,
    )
    due = [
        (row["id"],)
        for row in waiting
        if row["asked_at"] is None or row["asked_at"] <= now - _pause(row["state"], row["tries"])
    ]

    async def one(refund_id: int) -> int:
        return int(await send_one(refund_id, now=now, patience=Patience(TIMEOUT)))

    return await _at_once("payments.send_refunds", "refund", due[:MOST], one)


def _pause(state: str, tries: int) -> timedelta:
    """Until it is asked about again: longer from time to time."""
    if state == "sent":
        return LOOK_AGAIN
    return min(LONGEST_WAIT, ASKED_LATELY * 2 ** min(tries - 1, 10)) if tries > 0 else timedelta()


async def handle_events(now: datetime) -> int:
    """Handle what Stripe told us, and could not be asked about then. How many are done."""
    if in_use() is None:
        return 0
    due = await _choose_events(now)

    async def one(_: int, event_id: str) -> int:
        return int(await handle(event_id, now=now, seconds=TIMEOUT))

    return await _at_once("payments.handle_events", "event", due, one)


async def _choose_events(now: datetime) -> list[tuple[int, str]]:
    rows = await run(
        "select id, event_id from stripe_event where handled_at is null and received_at <= {} "
        "order by tries, id limit {}",
        now - TAKEN_IN,
        MOST,
    )
    if rows:
        await _mark("update stripe_event set tries = tries + 1 where id = {}", [(row["id"],) for row in rows])
    return [(row["id"], row["event_id"]) for row in rows]


@command
async def set_back(now: datetime, latest: datetime, believed: bool = True) -> None:
    """The clock was set back: what was asked about by the clock that was ahead is asked about again now. A page at
    Stripe goes by Stripe's clock."""
    for statement in (
        "update checkout set asked_at = {} where asked_at > {}",
        "update checkout set made_at = {} where made_at > {} and state in ('made', 'open')",
        "update refund set asked_at = {} where asked_at > {}",
        "update refund set wanted_at = {} where wanted_at > {}",
        "update stripe_event set received_at = {} where received_at > {}",
    ):
        await _mark_one(statement, (now, now))


async def forget_events(now: datetime) -> int:
    """What Stripe told us is forgotten after a month, handled or not: by then every open payment was asked about."""
    async with transaction():
        gone = await run("delete from stripe_event where received_at <= {} returning id", now - KEPT_FOR)
        return len(gone)


async def _at_once(
    job: str, kind: str, every: Sequence[tuple[int, ...] | tuple[object, ...]], do: Callable[..., Awaitable[int]]
) -> int:
    """Do these, a few at once; one that falls over leaves the others alone."""
    each, gate = OneByOne(job), asyncio.Semaphore(AT_ONCE)

    async def one(what: tuple[object, ...]) -> None:
        async with gate:
            await each.try_one(kind, int(str(what[0])), lambda: do(*what))

    await asyncio.gather(*(one(what) for what in every))
    return each.done()
