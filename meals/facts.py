"""The facts that rules ask for, read from the rows: how a meal stands, and who somebody is to it.

Commands read them after locking the meal's row, pages without a lock. What follows from them is `rules`' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.clock import day_start, local_day
from app.database import run
from app.identity.api import Here, somebody_holds, who_is_here
from app.identity.states import Act
from app.payments import api as payments
from meals.card_rules import card_offered
from meals.door_rules import DoorWho
from meals.kitchen import DishFacts
from meals.rules import Prices, Standing, Who, due_cents, why_cannot_open
from meals.states import Allergen, Job, MealRefusal, MealState, OwnSeat, PartState
from meals.till_rules import Entry
from rotas.api import SlotSeen, Source, slots_of

KIND = "meal"
"""`entry.kind` and `journal_line.kind` of meals."""

Row = dict[str, Any]


def source_of(meal_id: int, title: str = "") -> Source:
    """The meal, as turns know what opened them."""
    return Source(KIND, meal_id, title, f"/repas/{meal_id}")


def prices_of(row: Row) -> Prices:
    """Of a row of `meal` or `meal_setting`."""
    return Prices(row["low_cents"], row["fair_cents"], row["more_cents"])


def standing_of(row: Row, *, now: datetime | None = None) -> Standing:
    """How the meal of this row stands: its counts are written with each part, under its lock. Whether its seats can be
    paid for by card is said where `now` is: without it they cannot."""
    return Standing(
        state=MealState(row["state"]),
        version=row["version"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        closes_at=row["closes_at"],
        seats=row["seats"],
        prices=prices_of(row),
        taken=row["taken"],
        waiting=row["waiting"],
        doubtful_until=row["doubtful_until"],
        released=row["released_at"] is not None,
        card=now is not None and payments.card_taken() and card_offered(closes_at=row["closes_at"], now=now),
    )


async def turns_of(meal_id: int, *, now: datetime) -> list[tuple[Job, SlotSeen]]:
    """The turns of its team that are on, in time's order, with what each is for."""
    jobs = {row["slot_id"]: Job(row["job"]) for row in await run("select * from meal_turn where meal_id = {}", meal_id)}
    return [(jobs[slot.id], slot) for slot in await slots_of(source_of(meal_id)) if slot.id in jobs] if jobs else []


def allergens_in(kept: str) -> frozenset[Allergen]:
    """Of the column `dish.allergens`."""
    return frozenset(Allergen(each) for each in kept.split(",") if each)


def dish_facts(row: Row) -> DishFacts:
    """What a row of `dish` says to whoever eats it, with the `instead` of a menu if that is in it."""
    return DishFacts(
        id=row["id"],
        name=row["name"],
        allergens=allergens_in(row["allergens"]),
        meat=bool(row["meat"]),
        pork=bool(row["pork"]),
        declared=row["declared_at"] is not None,
        instead=row.get("instead", ""),
    )


async def menu_of(meal_id: int) -> list[DishFacts]:
    """The dishes on the menu of a meal, in their order."""
    rows = await run(
        "select d.id, d.name, d.allergens, d.meat, d.pork, d.declared_at, m.instead from meal_dish m "
        "join dish d on d.id = m.dish_id where m.meal_id = {} order by m.rank, m.id",
        meal_id,
    )
    return [dish_facts(row) for row in rows]


def offer_key(part_id: int, offered_at: datetime) -> str:
    """What a message says an offer by: seats that are offered again, later, are another offer."""
    return f"{part_id}-{int(offered_at.timestamp() * 1000)}"


def due_of(booking: Row, seats: int) -> int:
    """What so many seats of this booking cost, in cents, with what it gives; nobody but its owner reads it."""
    return due_cents(
        seats=seats,
        price_cents=booking["price_cents"],
        own=OwnSeat(booking["own"]),
        give=booking["give"],
        fair_cents=booking["fair_cents"],
    )


HAD_SUSPENDED = (
    "(b.suspended and (b.active or exists (select 1 from booking_part e where e.booking_id = b.id "
    "and e.state in ('confirmed', 'attended')) or exists (select 1 from pot_line l where l.booking_id = b.id "
    "and l.kind in ('taken', 'put_back') group by l.booking_id having sum(l.cents) <> 0)))"
)
"""Whether booking `b` is a suspended meal that stands, or was eaten, or was drawn and not put back: not one that they
never had."""


async def pot_cents(place_id: int) -> int:
    """What is in the place's pot."""
    found = await run("select cents from pot where place_id = {}", place_id)
    return int(found[0]["cents"]) if found else 0


async def taking_on(row: Row, *, now: datetime) -> tuple[bool, bool]:
    """Whether nobody answers for the meal of this row, and whether somebody at its place may open meals."""
    return row["opener_id"] is None, await somebody_holds(row["place_id"], Act.OPEN_MEALS, now)


async def why_not_open(member_id: int, place_id: int, here: Here, *, now: datetime) -> MealRefusal | None:
    """Why this member, who is that at this place, cannot open a meal there, or write in its book of dishes."""
    opens = Act.OPEN_MEALS in here.acts
    who = Who(member_id, belongs=here.belongs, mediator=here.mediator, opens=opens)
    somebody_may = opens or await somebody_holds(place_id, Act.OPEN_MEALS, now)
    return why_cannot_open(who, somebody_may=somebody_may)


_WHO = """
select p.state, p.seats, p.offer_until, p.queue, p.handed_at, b.together,
       case when p.state = 'waiting' then
           (select count(distinct q.queue) from booking_part q
            where q.meal_id = {} and q.state = 'waiting' and q.queue <= p.queue)
       else 0 end as rank
from booking b join booking_part p on p.booking_id = b.id
where b.meal_id = {} and b.member_id = {} and b.active
and p.state in ('waiting', 'offered', 'held', 'confirmed', 'attended')
"""


async def who_is(
    row: Row,
    member_id: int,
    *,
    now: datetime,
    here: Here | None = None,
    turns: Sequence[tuple[Job, SlotSeen]] = (),
    may_have_booked: bool = True,
) -> Who:
    """Who this member is to the meal of this row. `here` is what they are at its place, if it is known; `turns` are
    those of its team (`turns_of`): without them nobody is on it. Their seats are not asked for where it is known that
    they have no booking."""
    parts = await run(_WHO, row["id"], row["id"], member_id) if may_have_booked else []
    here = here or await who_is_here(member_id, row["place_id"], at=now)
    return Who(
        id=member_id,
        belongs=here.belongs,
        mediator=here.mediator,
        met=here.met,
        opens=Act.OPEN_MEALS in here.acts,
        keeps_place=Act.KEEP_PLACE in here.acts,
        checks_in=Act.CHECK_IN in here.acts,
        takes_cash=Act.TAKE_CASH in here.acts,
        keeps_accounts=Act.KEEP_ACCOUNTS in here.acts,
        opener=here.belongs and row["opener_id"] == member_id,
        on_team=any(member_id in slot.member_ids for _, slot in turns),
        cooks=any(job is Job.COOK and member_id in slot.member_ids for job, slot in turns),
        booked=bool(parts),
        confirmed=sum(part["seats"] for part in parts if part["state"] == PartState.CONFIRMED),
        handed=sum(part["seats"] for part in parts if part["handed_at"] is not None),
        held=sum(part["seats"] for part in parts if part["state"] == PartState.HELD),
        waits=sum(part["seats"] for part in parts if part["state"] == PartState.WAITING),
        together=any(bool(part["together"]) for part in parts),
        offered=sum(part["seats"] for part in parts if part["state"] == PartState.OFFERED),
        offer_until=min((part["offer_until"] for part in parts if part["state"] == PartState.OFFERED), default=None),
        rank=min((part["rank"] for part in parts if part["rank"]), default=0),
    )


def night_of(row: Row) -> datetime:
    """When the day on which the meal ends is over."""
    return day_start(local_day(row["ends_at"]) + timedelta(days=1))


async def door_who(row: Row, member_id: int, *, now: datetime) -> DoorWho:
    """Who this member is to the door of this meal."""
    here = await who_is_here(member_id, row["place_id"], at=now)
    turns = await turns_of(row["id"], now=now)
    checks_in = Act.CHECK_IN in here.acts
    return DoorWho(
        belongs=here.belongs,
        mediator=here.mediator,
        checks_in=checks_in,
        somebody_checks_in=checks_in or await somebody_holds(row["place_id"], Act.CHECK_IN, now),
        opener=here.belongs and row["opener_id"] == member_id,
        on_team=any(member_id in slot.member_ids for _, slot in turns),
    )


async def entries_of(meal_id: int) -> list[Entry]:
    """What people found in the box of a meal, the first first."""
    rows = await run(
        "select member_id, cents, has_till, differs from till_entry where meal_id = {} order by entered_at, id",
        meal_id,
    )
    return [Entry(each["member_id"], each["cents"], bool(each["has_till"]), bool(each["differs"])) for each in rows]
