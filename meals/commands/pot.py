"""The place's pot of « repas suspendus », which follows what stands: a booking gives and takes with its first seat that
is confirmed, and takes that back with its last.

Inside the caller's transaction, with the meal's row locked; the pot's own row is locked after it, so that two meals of
a place do not draw the same five euros.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.database import run
from meals import rules
from meals.facts import Row
from meals.states import PotKind


async def pot_follows(row: Row, booking: Row, *, stands: bool, now: datetime) -> None:
    """The booking has its first confirmed seat (`stands`), or has none any more."""
    if not booking["give"] and not booking["suspended"]:
        return
    if stands:
        if booking["suspended"]:
            await draw_from_pot(row, booking, now=now)
        await _put(row, booking, PotKind.GIVEN, booking["give"] * booking["fair_cents"], now=now)
        return
    sums = {
        each["kind"]: int(each["cents"])
        for each in await run(
            "select kind, sum(cents) as cents from pot_line where booking_id = {} group by kind", booking["id"]
        )
    }
    taken = sums.get(PotKind.TAKEN, 0) + sums.get(PotKind.PUT_BACK, 0)
    given = sums.get(PotKind.GIVEN, 0) + sums.get(PotKind.TAKEN_BACK, 0)
    pot = await _locked_pot(row["place_id"])
    borne = rules.borne_by_place(in_pot=pot["cents"], borne=pot["borne_cents"], put_back=-taken, taken_back=given)
    await _put(row, booking, PotKind.PUT_BACK, -taken, now=now)
    await _put(row, booking, PotKind.BORNE, borne, now=now)
    await _put(row, booking, PotKind.TAKEN_BACK, -given, now=now)


async def draw_from_pot(row: Row, booking: Row, *, now: datetime) -> None:
    """A suspended meal of a booking that has a confirmed seat."""
    there = (await _locked_pot(row["place_id"]))["cents"]
    drawn = rules.from_pot(balance_cents=there, fair_cents=booking["fair_cents"])
    await _put(row, booking, PotKind.TAKEN, -drawn, now=now)


async def put_back_to_pot(row: Row, booking: Row, *, now: datetime) -> None:
    """The suspended meal of a booking that goes on is given back: what it drew, if anything."""
    (found,) = await run(
        "select coalesce(sum(cents), 0) as cents from pot_line where booking_id = {} and kind in ('taken', 'put_back')",
        booking["id"],
    )
    drawn, pot = -int(found["cents"]), await _locked_pot(row["place_id"])
    borne = rules.borne_by_place(in_pot=pot["cents"], borne=pot["borne_cents"], put_back=drawn, taken_back=0)
    await _put(row, booking, PotKind.PUT_BACK, drawn, now=now)
    await _put(row, booking, PotKind.BORNE, borne, now=now)


async def leave_to_pot(row: Row, booking: Row, cents: int, *, now: datetime) -> None:
    """What was paid for seats that are given back goes to the pot."""
    await _put(row, booking, PotKind.LEFT, cents, now=now)


async def lock_pots(place_ids: Iterable[int]) -> None:
    """Lock the pots of these places, in their order: of whoever has seats at several, before the first of them moves.
    The meals' rows have been locked."""
    for place_id in sorted(set(place_ids)):
        await _locked_pot(place_id)


async def _locked_pot(place_id: int) -> Row:
    """What is in it, and what of that the place bears, which nobody changes before the end of this transaction."""
    found = await run(
        "insert into pot (place_id, cents, borne_cents) values ({}, 0, 0) "
        "on conflict (place_id) do update set cents = pot.cents returning cents, borne_cents",
        place_id,
    )
    return found[0]


async def _put(row: Row, booking: Row, kind: PotKind, cents: int, *, now: datetime) -> None:
    if not cents:
        return
    await run(
        "insert into pot_line (place_id, meal_id, booking_id, kind, cents, at) values ({}, {}, {}, {}, {}, {})",
        row["place_id"],
        row["id"],
        booking["id"],
        kind.value,
        cents,
        now,
    )
    await _locked_pot(row["place_id"])
    await run(
        "update pot set cents = cents + {}, borne_cents = borne_cents + {} where place_id = {}",
        cents,
        cents if kind is PotKind.BORNE else 0,
        row["place_id"],
    )
