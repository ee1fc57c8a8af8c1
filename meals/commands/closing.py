"""The night after a meal its accounts are closed: what it came to, in sums that are nobody's, is written down once;
then it is forgotten who came.

Inside the caller's transaction, with the meal's row locked; the meal's checkouts are locked after it, so that nothing
is given back between reading and writing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from app.accounts.api import LedgerKind
from app.clock import local_day
from app.database import run
from app.payments import api as payments
from app.payments.api import State
from meals.commands.money import due_for
from meals.facts import KIND, Row
from meals.states import PotKind

BY_CARD = (
    LedgerKind.PAYMENT,
    LedgerKind.REFUND,
    LedgerKind.REFUND_FAILED,
    LedgerKind.DISPUTE,
    LedgerKind.DISPUTE_WON,
)
"""What a meal brought by card, less what was given back or taken back; what the bank takes for it is the place's."""


@dataclass(frozen=True, slots=True)
class AtTable:
    """One booking whose people were at the table."""

    booking_id: int
    walk_in: bool
    seats: int
    envelope_cents: int
    """What its envelope should hold: what it costs, less what was paid by card."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Money of so many bookings."""

    cents: int = 0
    people: int = 0


_BOOKINGS = """
select b.id, b.walk_in, b.price_cents, b.own, b.give, b.fair_cents, b.forgotten_at,
       sum(p.seats) as theirs, sum(case when p.state = 'attended' then p.seats else 0 end) as came,
       (select coalesce(sum(l.cents), 0) from pot_line l where l.booking_id = b.id and l.kind = {}) as left_cents
from booking b join booking_part p on p.booking_id = b.id
where b.meal_id = {} and p.state in ('confirmed', 'attended')
group by b.id, b.walk_in, b.price_cents, b.own, b.give, b.fair_cents, b.forgotten_at order by b.id
"""


async def at_table(meal_id: int) -> list[AtTable]:
    """Who was there, a booking each: those who were ticked at the door, with as many seats; all who had theirs, where
    nobody ticked anybody."""
    rows = await run(_BOOKINGS, PotKind.LEFT.value, meal_id)
    seats_of = "came" if any(row["came"] for row in rows) else "theirs"
    there = [row for row in rows if row[seats_of]]
    paid = await payments.checkouts_of(KIND, [row["id"] for row in there])
    return [
        AtTable(
            booking_id=row["id"],
            walk_in=bool(row["walk_in"]),
            seats=int(row[seats_of]),
            envelope_cents=max(
                0,
                due_for(row, int(row[seats_of]))
                + int(row["left_cents"])
                - sum(each.amount_cents - each.refunded_cents for each in paid[row["id"]] if each.state is State.PAID),
            ),
        )
        for row in there
    ]


def pledged(there: Iterable[AtTable]) -> Sums:
    """What envelopes should hold, and of how many bookings that is: those of people who had not booked are counted in,
    at the price of the meal, which is no secret; so they hide nobody else's."""
    puts = [each for each in there if each.envelope_cents]
    return Sums(sum(each.envelope_cents for each in puts), sum(not each.walk_in for each in puts))


async def close_accounts_of(row: Row, *, now: datetime) -> int:
    """What the meal of this row came to, unless it is written down already; then who came is forgotten. How much was
    done."""
    written = 0
    if not await run("select 1 as one from meal_account where meal_id = {}", row["id"]):
        written = await _write_down(row, now=now)
    return written + await forget_who_came(row["id"], now=now)


async def _write_down(row: Row, *, now: datetime) -> int:
    bookings = [each["id"] for each in await run("select id from booking where meal_id = {} order by id", row["id"])]
    await payments.close_soon(kind=KIND, thing_ids=bookings, now=now)  # locks them: the meal is over
    there = await at_table(row["id"])
    (card, last_line), box, pot = await _by_card(row["id"]), pledged(there), await _pot(row["id"])
    await run(
        "insert into meal_account (meal_id, place_id, day, eaten, card_cents, card_people, pledged_cents, box_people, "
        "pot_cents, pot_people, ledger_line_id, closed_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        *(row["id"], row["place_id"], local_day(row["starts_at"]), sum(each.seats for each in there)),
        *(card.cents, card.people, box.cents, box.people, pot.cents, pot.people, last_line, now),
    )
    return 1


_KINDS = ", ".join(f"'{kind.value}'" for kind in BY_CARD)
_OF_STRIPE = (
    "select c.thing_id, sum(l.cents) as cents, max(l.id) as last from ledger_line l "  # noqa: S608 - words of ours
    "join checkout c on c.id = l.checkout_id where c.kind = {} and c.thing_id in "
    f"(select id from booking where meal_id = {{}}) and l.kind in ({_KINDS}) "
    "group by c.thing_id"
)


async def _by_card(meal_id: int) -> tuple[Sums, int]:
    rows = await run(_OF_STRIPE, KIND, meal_id)
    cents = sum(int(each["cents"]) for each in rows)
    return Sums(cents, sum(each["cents"] != 0 for each in rows)), max((each["last"] for each in rows), default=0)


async def _pot(meal_id: int) -> Sums:
    """What people put into the pot, less what was drawn; not what the place puts in itself."""
    by_booking: dict[int, int] = defaultdict(int)
    for each in await run(
        "select booking_id, cents from pot_line where meal_id = {} and kind <> {}", meal_id, PotKind.BORNE.value
    ):
        by_booking[each["booking_id"]] += each["cents"]
    return Sums(sum(by_booking.values()), sum(cents != 0 for cents in by_booking.values()))


# ---------------------------------------------------------------------------------------------------------- forgetting


async def forget_who_came(meal_id: int, *, now: datetime) -> int:
    """Nobody was ticked: all who had seats had them, in one part as before the door took it apart. How many parts said
    something else."""
    ticked = await run(
        "update booking_part set state = case when state = 'attended' then 'confirmed' else state end, "
        "attended_at = null, ticked_by_form = '' where meal_id = {} "
        "and (state = 'attended' or attended_at is not null or ticked_by_form <> '') returning id",
        meal_id,
    )
    if ticked:
        await _put_together(meal_id)
    return len(ticked)


async def _put_together(meal_id: int) -> None:
    parts = await run(
        "select id, booking_id, asked_at, queue, seats, children from booking_part where meal_id = {} "
        "and state = 'confirmed' order by booking_id, asked_at, queue, id",
        meal_id,
    )
    for _, group in groupby(parts, key=lambda part: (part["booking_id"], part["asked_at"], part["queue"])):
        first, *others = list(group)
        if others:
            await _into_one(first, others)


async def _into_one(first: Row, others: Sequence[Row]) -> None:
    marks = ", ".join("{}" for _ in others)
    await run(f"delete from booking_part where id in ({marks})", *(each["id"] for each in others))  # noqa: S608 - marks only
    await run(
        "update booking_part set seats = {}, children = {}, handed_at = null where id = {}",
        first["seats"] + sum(each["seats"] for each in others),
        first["children"] + sum(each["children"] for each in others),
        first["id"],
    )
