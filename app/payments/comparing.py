"""Whether the ledger says what Stripe says: each movement in the account at Stripe with its line, and each line with
its movement, by Stripe's numbers.

Stripe is asked page by page, outside of any transaction; what it tells is compared and kept nowhere. What is so young
that a job has yet to hear of it is no difference; nor is what somebody else does with the same account at Stripe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.accounts.api import LedgerKind
from app.contracts import Difference
from app.database import run
from app.payments.gateway import Gateway
from app.payments.seen import MovementSeen

Row = dict[str, Any]
Known = tuple[str, str]
"""What a movement is of, and its number at Stripe: `("refund", "re_…")`."""

YOUNG = timedelta(hours=2)
"""So long may it take until we have heard of it: what is refunded is asked about each hour."""
BEFORE = timedelta(days=14)
"""What is paid out arrives some days after it left: a line may be that much younger than its movement."""

_OF_KIND = {
    LedgerKind.PAYMENT: "payment",
    LedgerKind.REFUND: "refund",
    LedgerKind.REFUND_FAILED: "refund",
    LedgerKind.DISPUTE: "dispute",
    LedgerKind.DISPUTE_WON: "dispute",
    LedgerKind.PAYOUT: "payout",
    LedgerKind.PAYOUT_FAILED: "payout",
    LedgerKind.FEE: "fee",
    LedgerKind.DISPUTE_FEE: "fee",
}
_OF_SORT = {"charge": "payment", "refund": "refund", "dispute": "dispute", "payout": "payout"}
_UNDER_WAY = frozenset({"pending", "requires_action", "in_transit"})
"""A refund or a payout that has not arrived: the ledger has its line when it has."""
_WORDS = {
    "payment": "what was paid, at Stripe and in the ledger",
    "refund": "what was given back, at Stripe and in the ledger",
    "dispute": "what a bank took back, at Stripe and in the ledger",
    "payout": "what went to the bank, at Stripe and in the ledger",
    "fee": "what it cost, at Stripe and in the ledger",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of asking Stripe."""

    differences: Sequence[Difference]
    movements: int
    """How many Stripe told of."""
    others: int
    """Of them, how many are no affair of this site: the same account at Stripe is used for something else too."""
    others_cents: int


@dataclass(slots=True)
class _Moved:
    """What Stripe says of one thing, all its movements together."""

    cents: int
    first_at: datetime
    last_at: datetime
    under_way: bool


async def compare(gateway: Gateway, now: datetime, told: Callable[[int], None] = lambda _: None) -> Compared:
    """Ask Stripe for all that moved since the first payment, and compare. `told` hears how many there are so far.
    Raises `StripeAway` and `StripeRefused`."""
    first = await _first()
    if first is None:
        return Compared((), 0, 0, 0)
    movements = await _all(gateway, first - BEFORE, told)
    # After Stripe was asked: what it told of may have been written meanwhile, never the other way round.
    lines, checkouts = await _lines(), await _checkouts()
    ours, others = _sorted_out(movements, checkouts)
    found = _differences(_moved(ours), lines, _places(ours, checkouts), since=first, now=now)
    return Compared(found, len(movements), len(others), sum(each.cents - each.fee_cents for each in others))


async def _first() -> datetime | None:
    """When the first thing began that Stripe may know of."""
    rows = await run("select made_at as at from checkout order by id limit 1")
    rows += await run("select at from ledger_line where account = 'stripe' order by id limit 1")
    return min((row["at"] for row in rows), default=None)


async def _all(gateway: Gateway, since: datetime, told: Callable[[int], None]) -> list[MovementSeen]:
    found: dict[str, MovementSeen] = {}
    after, more = "", True
    while more:
        page, more = await gateway.movements(since=since, after=after)
        found.update((each.id, each) for each in page)
        told(len(found))
        if not page:
            break
        after = page[-1].id
    return list(found.values())


async def _lines() -> dict[Known, Row]:
    """What the ledger says of each thing at Stripe: `cents`, and of which place."""
    found: dict[Known, Row] = {}
    for row in await run("select kind, ref, cents, at, place_id from ledger_line where account = 'stripe' order by id"):
        thing = (_OF_KIND[LedgerKind(row["kind"])], row["ref"])
        line = found.setdefault(thing, {"cents": 0, "at": row["at"], "place_id": row["place_id"]})
        line["cents"] += row["cents"]
        line["at"] = max(line["at"], row["at"])
    return found


async def _checkouts() -> list[Row]:
    return await run("select id, place_id, key, state, seen_at, payment_intent from checkout order by id")


def _sorted_out(
    movements: Iterable[MovementSeen], checkouts: Iterable[Row]
) -> tuple[list[MovementSeen], list[MovementSeen]]:
    """Those that are ours, and the others. A payment is ours that carries a key, known or not: what an older backup
    knows nothing of is missing. What a person has looked at and seen to is not."""
    everyone = list(movements)
    seen_to = {row["key"] for row in checkouts if row["state"] == "flagged" and row["seen_at"] is not None}
    intents = {row["payment_intent"] for row in checkouts if row["payment_intent"] is not None}
    for each in everyone:
        if each.sort == "charge" and each.key and each.key not in seen_to and each.payment_intent:
            intents.add(each.payment_intent)
    ours: list[MovementSeen] = []
    others: list[MovementSeen] = []
    for each in everyone:
        known = each.sort == "payout" or (each.sort in _OF_SORT and each.payment_intent in intents)
        (ours if known else others).append(each)
    return ours, others


def _moved(movements: Iterable[MovementSeen]) -> dict[Known, _Moved]:
    found: dict[Known, _Moved] = {}
    for each in movements:
        what = _OF_SORT[each.sort]
        number = each.payment_intent if what == "payment" else each.source
        things = [((what, number or ""), each.cents)]
        if each.fee_cents:
            things.append((("fee", each.id), -each.fee_cents))
        for thing, cents in things:
            moved = found.setdefault(thing, _Moved(0, each.made_at, each.made_at, under_way=False))
            moved.cents += cents
            moved.first_at, moved.last_at = min(moved.first_at, each.made_at), max(moved.last_at, each.made_at)
            moved.under_way = moved.under_way or (what in ("refund", "payout") and each.status in _UNDER_WAY)
    return found


def _places(movements: Iterable[MovementSeen], checkouts: Iterable[Row]) -> dict[Known, int]:
    """Of which place each movement is, as far as that is known."""
    by_intent, by_key = {}, {}
    for row in checkouts:
        by_key[row["key"]] = row["place_id"]
        if row["payment_intent"] is not None:
            by_intent[row["payment_intent"]] = row["place_id"]
    found: dict[Known, int] = {}
    for each in movements:
        place_id = by_intent.get(each.payment_intent, by_key.get(each.key))
        if place_id is not None:
            number = each.payment_intent if each.sort == "charge" else each.source
            found[_OF_SORT[each.sort], number or ""] = found["fee", each.id] = place_id
    return found


def _differences(
    moved: Mapping[Known, _Moved],
    lines: Mapping[Known, Row],
    places: Mapping[Known, int],
    *,
    since: datetime,
    now: datetime,
) -> list[Difference]:
    found = []
    for thing, at_stripe in moved.items():
        line = lines.get(thing)
        if line is None and (at_stripe.under_way or not at_stripe.cents or at_stripe.first_at < since):
            continue
        if _young(line, at_stripe, now) or (line is not None and line["cents"] == at_stripe.cents):
            continue
        place_id = line["place_id"] if line is not None else places.get(thing)
        found.append(_difference(thing, at_stripe.cents, line["cents"] if line is not None else 0, place_id))
    for thing, line in lines.items():
        if thing not in moved and line["cents"] and not _young(line, None, now):
            found.append(_difference(thing, 0, line["cents"], line["place_id"]))
    return sorted(found, key=lambda each: (each.what, each.about))


def _young(line: Row | None, at_stripe: _Moved | None, now: datetime) -> bool:
    """Whether it moved so lately that the other side need not know of it yet."""
    ages: list[datetime] = [line["at"]] if line is not None else []
    ages += [at_stripe.last_at] if at_stripe is not None else []
    return max(ages) > now - YOUNG


def _difference(thing: Known, expected: int, found: int, place_id: int | None) -> Difference:
    what, number = thing
    return Difference(f"stripe_{what}", number, expected, found, _WORDS[what], place_id)
