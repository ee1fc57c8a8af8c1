"""What is written and read of checkouts and refunds inside the transactions of those that are paid for.

Nothing here asks Stripe: what is wanted is stored first, under a key of its own, and asked for afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

from app.database import command, get_for_update, run, transaction
from app.payments import rules
from app.payments.payables import payable_of
from app.payments.states import RefundState, State
from app.payments.tables import Checkout

Row = dict[str, Any]

_GIVEN_BACK = "coalesce((select sum(r.amount_cents) from refund r where r.checkout_id = c.id), 0)"
"""Of a checkout `c`: in cents, wanted or more. What failed too: a person gives it back, not Stripe."""


@dataclass(frozen=True, slots=True)
class CheckoutSeen:
    """How one checkout stands, for whoever it is about."""

    id: int
    state: State
    amount_cents: int
    refunded_cents: int
    """Wanted, on its way or given back; or failed, and then given back by a person."""
    url: str
    """Where it is paid; empty as long as Stripe has not answered, and once it has ended."""
    had_page: bool
    """Whether Stripe ever made a page for it."""
    expires_at: datetime
    closing: bool
    """Whether nobody waits for it any more."""
    made_at: datetime
    settled_at: datetime | None
    refunded_at: datetime | None
    """When money was last wanted back."""
    failed_cents: int
    """Of what is given back: what Stripe could not, and a person does."""


async def begin(
    *,
    place_id: int,
    kind: str,
    thing_id: int,
    amount_cents: int,
    title: str,
    path: str,
    language: str,
    held_until: datetime,
    now: datetime,
) -> int:
    """Somebody is to pay so much for this thing. The checkout's number; nothing of it is told to Stripe yet.

    `title` is what Stripe's page says, and public; `path` is our page that it leads back to. A thing has one checkout
    that somebody waits for: a second one violates a unique index.
    """
    payable_of(kind)
    if amount_cents < rules.LEAST_CENTS:
        raise ValueError(f"Stripe charges no less than {rules.LEAST_CENTS} cents.")
    (made,) = await run(
        "insert into checkout (place_id, kind, thing_id, key, amount_cents, currency, title, path, language, state, "
        "url, made_at, expires_at, held_until, unsure, fault) "
        "values ({}, {}, {}, {}, {}, 'eur', {}, {}, {}, 'made', '', {}, {}, {}, {}, '') returning id",
        place_id,
        kind,
        thing_id,
        str(uuid4()),
        amount_cents,
        title,
        path,
        language,
        now,
        rules.expires_at(now),
        held_until,
        False,
    )
    return int(made["id"])


async def want_refund(*, kind: str, thing_id: int, cents: int, now: datetime) -> int:
    """So much of what was paid for this thing is to go back, the newest payment first. How much is wanted now: no more
    than is left of what was paid."""
    ids = await run(
        "select id from checkout where kind = {} and thing_id = {} and state = 'paid' order by id", kind, thing_id
    )
    return await refund_from([row["id"] for row in ids], cents, now=now)


async def refund_from(checkout_ids: Sequence[int], cents: int, *, now: datetime) -> int:
    """So much of these paid checkouts is to go back. How much is wanted now."""
    if cents <= 0 or not checkout_ids:
        return 0
    await get_for_update(Checkout, *checkout_ids)
    marks = ", ".join("{}" for _ in checkout_ids)
    paid = await run(
        f"select c.id, c.amount_cents, {_GIVEN_BACK} as refunded_cents from checkout c "  # noqa: S608 - names of ours and marks
        f"where c.id in ({marks}) and c.state = 'paid'",
        *checkout_ids,
    )
    parts = rules.given_back(
        [rules.Refundable(row["id"], row["amount_cents"], int(row["refunded_cents"])) for row in paid], cents
    )
    for checkout_id, part in parts:
        await run(
            "insert into refund (checkout_id, key, amount_cents, state, wanted_at, tries, fault) "
            "values ({}, {}, {}, 'wanted', {}, 0, '')",
            checkout_id,
            str(uuid4()),
            part,
            now,
        )
    return sum(part for _, part in parts)


async def close_soon(*, kind: str, thing_ids: Collection[int], now: datetime) -> None:
    """Nobody waits for these any more: what is still open is ended as soon as Stripe answers, and what was paid all the
    same is settled, as late as it is."""
    if not thing_ids:
        return
    marks = ", ".join("{}" for _ in thing_ids)
    theirs = await run(
        f"select id from checkout where kind = {{}} and thing_id in ({marks}) order by id",  # noqa: S608 - names of ours and marks
        kind,
        *thing_ids,
    )
    if not theirs:
        return
    ids = [row["id"] for row in theirs]
    await get_for_update(Checkout, *ids)  # all of them, in their order: what was paid of them is given back next
    await run(
        f"update checkout set closing_at = {{}} where id in ({', '.join('{}' for _ in ids)}) "  # noqa: S608 - names of ours and marks
        "and state in ('made', 'open') and closing_at is null",
        now,
        *ids,
    )


async def forget_whose(*, kind: str, thing_ids: Collection[int]) -> None:
    """What has ended points at nothing any more. What has not is left: it is ended first (`close_soon`)."""
    if not thing_ids:
        return
    marks = ", ".join("{}" for _ in thing_ids)
    await run(
        "update checkout set thing_id = null, path = '', url = '' "  # noqa: S608 - names of ours and marks
        f"where kind = {{}} and thing_id in ({marks}) and state in ('paid', 'expired', 'flagged')",
        kind,
        *thing_ids,
    )


async def checkouts_of(kind: str, thing_ids: Collection[int]) -> dict[int, list[CheckoutSeen]]:
    """Every checkout of these things, the oldest first; of each thing, whether it has any or not. One question."""
    found: dict[int, list[CheckoutSeen]] = {thing_id: [] for thing_id in thing_ids}
    if not found:
        return found
    marks = ", ".join("{}" for _ in found)
    rows = await run(
        "select c.id, c.thing_id, c.state, c.amount_cents, c.session_id, c.url, c.expires_at, "  # noqa: S608 - names of ours and marks
        "c.closing_at, c.made_at, c.settled_at, "
        "r.amount_cents as back_cents, r.state as back_state, r.wanted_at as back_at "
        "from checkout c left join refund r on r.checkout_id = c.id "
        f"where c.kind = {{}} and c.thing_id in ({marks}) order by c.id, r.id",
        kind,
        *found,
    )
    for _, group in groupby(rows, key=itemgetter("id")):
        own = list(group)
        row, state = own[0], State(own[0]["state"])
        back = [each for each in own if each["back_state"] is not None]
        found[row["thing_id"]].append(
            CheckoutSeen(
                id=row["id"],
                state=state,
                amount_cents=row["amount_cents"],
                refunded_cents=min(row["amount_cents"], sum(each["back_cents"] for each in back)),
                url=row["url"] if state is State.OPEN else "",
                had_page=row["session_id"] is not None,
                expires_at=row["expires_at"],
                closing=row["closing_at"] is not None,
                made_at=row["made_at"],
                settled_at=row["settled_at"],
                refunded_at=back[-1]["back_at"] if back else None,
                failed_cents=sum(each["back_cents"] for each in own if each["back_state"] == RefundState.FAILED.value),
            )
        )
    return found


async def paid_cents(kind: str, thing_id: int) -> int:
    """What was paid for this thing, less what is given back or wanted back, or is to be given back by a person."""
    rows = await run(
        f"select c.amount_cents - {_GIVEN_BACK} as cents from checkout c "  # noqa: S608 - names of ours
        "where c.kind = {} and c.thing_id = {} and c.state = 'paid'",
        kind,
        thing_id,
    )
    return sum(max(0, int(row["cents"])) for row in rows)  # by hand at Stripe, and refused to us: twice the same


@command
async def look_at(what: str, number: int, *, now: datetime) -> bool:
    """Somebody has looked at this `checkout` or `refund`, and seen to it. False when nothing waits there."""
    table, waits = {
        "checkout": ("checkout", "(state = 'flagged' or (state = 'expired' and fault <> ''))"),
        "refund": ("refund", "state = 'failed'"),
    }[what]
    async with transaction():
        seen = await run(
            f"update {table} set seen_at = {{}} where id = {{}} and seen_at is null and {waits} returning id",  # noqa: S608 - words of ours
            now,
            number,
        )
        return bool(seen)
