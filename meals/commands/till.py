"""The box of a meal is counted: each of two people enters what they found, and what both found is written down once."""

from __future__ import annotations

from datetime import datetime

from app.accounts.api import Account, LedgerKind, add_line
from app.database import command, run, transaction
from app.errors import Refused
from app.identity.api import somebody_holds
from app.identity.states import Act
from meals import till_rules
from meals.commands.steps import locked, refuse_if
from meals.facts import KIND, Row, entries_of, standing_of, turns_of, who_is
from meals.states import MealRefusal
from meals.till_rules import Counted, Entry, TillWho


@command
async def enter_count(meal_id: int, *, actor: int, cents: int, now: datetime) -> Counted:
    """Somebody found so much in the box. Entered again it is their last word, and the same twice is one; after two have
    found the same, only what both found is still taken.

    Raises `NotFound`, `Refused`.
    """
    async with transaction():
        row = await locked(meal_id)
        who = await till_who(row, actor, now=now)
        refuse_if(till_rules.why_cannot_count(standing_of(row), who, now=now))
        refuse_if(till_rules.why_not_cents(cents))
        done = await run("select cents, first_by, second_by from till_count where meal_id = {}", meal_id)
        if done:
            if done[0]["cents"] != cents or actor not in (done[0]["first_by"], done[0]["second_by"]):
                raise Refused(MealRefusal.COUNTED)
            return Counted.DONE
        return await _enter(row, Entry(actor, cents, till_rules.has_till(who)), now=now)


async def _enter(row: Row, entry: Entry, *, now: datetime) -> Counted:
    verdict = till_rules.compare(entry, await entries_of(row["id"]))
    if verdict.other is not None:
        await _write_down(row, entry.cents, (verdict.other, entry.member), now=now)
        return verdict.outcome
    differs = verdict.outcome is Counted.DIFFERS
    if differs:
        await run("update till_entry set differs = {} where meal_id = {}", True, row["id"])
    await run(
        "insert into till_entry (meal_id, member_id, cents, has_till, differs, entered_at) "
        "values ({}, {}, {}, {}, {}, {}) on conflict (meal_id, member_id) do update set cents = excluded.cents, "
        "has_till = excluded.has_till, differs = excluded.differs, entered_at = excluded.entered_at",
        *(row["id"], entry.member, entry.cents, entry.has_till, differs, now),
    )
    return verdict.outcome


async def _write_down(row: Row, cents: int, by: tuple[int, int], *, now: datetime) -> None:
    """Two people found the same: who they are, and the line of the place's accounts; what each entered is forgotten."""
    await run(
        "insert into till_count (meal_id, cents, first_by, second_by, counted_at) values ({}, {}, {}, {}, {})",
        *(row["id"], cents, *by, now),
    )
    await run("delete from till_entry where meal_id = {}", row["id"])
    await add_line(
        LedgerKind.CASH,
        till_rules.cash_ref(row["id"]),
        cents,
        now=now,
        account=Account.BOX,
        place_id=row["place_id"],
        about=KIND,
        about_id=row["id"],
    )


async def till_who(row: Row, member_id: int, *, now: datetime) -> TillWho:
    """Who this member is to the box of this meal."""
    turns = await turns_of(row["id"], now=now)
    who = await who_is(row, member_id, now=now, turns=turns, may_have_booked=False)
    return till_rules.seen(who, somebody_takes_cash=await somebody_holds(row["place_id"], Act.TAKE_CASH, now))
