"""What of the money of meals is published, as it is told of: once, in its order, and for good.

What a meal came to is told when its account is closed, envelopes when they are counted as well; what moves later (the
ledger, the pot) as the next round of the job finds it. `accounts_rules` says what becomes a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.clock import local_day
from app.database import command, run, transaction
from app.one_by_one import OneByOne
from meals.accounts_rules import Means, Moved, publish
from meals.commands.pot import lock_pots
from meals.facts import KIND, Row

LOOKS_BACK = timedelta(days=500)
"""So far back it looks for what is not told yet, and for what moved late: banks may take back a payment for more than
a year, rarely."""
NEWS = timedelta(days=20)
"""What is about a payment that is nobody's any more (a month after the meal) is news for so long. What was known when
that meal's account was closed is older than that by then."""

_TOLD = """
select a.meal_id, a.day, a.card_people, a.card_cents, a.box_people, a.pledged_cents, a.pot_people, a.pot_cents,
       t.cents as counted_cents,
       (select count(*) from money_moved m where m.origin = 'meal' and m.origin_id = a.meal_id and m.means = 'card')
           as card_told,
       (select count(*) from money_moved m where m.origin = 'meal' and m.origin_id = a.meal_id and m.means = 'box')
           as box_told
from meal_account a left join till_count t on t.meal_id = a.meal_id
where a.place_id = {} and a.day > {}
  and (select count(*) from money_moved m where m.origin = 'meal' and m.origin_id = a.meal_id)
      < case when t.id is null then 2 else 3 end
order by a.closed_at, a.id
"""
_LATE_CARD = """
select l.id, l.cents, l.at, b.meal_id
from ledger_line l join checkout c on c.id = l.checkout_id and c.kind = {}
left join booking b on b.id = c.thing_id left join meal_account a on a.meal_id = b.meal_id
where l.place_id = {} and l.at > {} and l.account = 'stripe'
  and ((l.id > a.ledger_line_id and l.kind in ('payment', 'refund', 'refund_failed', 'dispute', 'dispute_won'))
       or (c.thing_id is null and l.at > {} and l.kind in ('refund_failed', 'dispute', 'dispute_won')))
  and not exists (select 1 from money_moved m where m.origin = 'line' and m.origin_id = l.id)
order by l.id
"""
_LATE_BOX = """
with recursive counted (id, meal_id) as (
    select id, about_id from ledger_line
    where place_id = {} and at > {} and account = 'box' and kind = 'cash' and about = {}
    union all select l.id, c.meal_id from ledger_line l join counted c on l.corrects = c.id)
select l.id, l.cents, l.at, c.meal_id, told.people
from counted c join ledger_line l on l.id = c.id
join money_moved told on told.origin = 'meal' and told.origin_id = c.meal_id and told.means = 'box'
where l.kind = 'correction'
  and not exists (select 1 from money_moved m where m.origin = 'line' and m.origin_id = l.id)
order by l.id
"""
_LATE_POT = """
select p.id, p.cents, p.at, p.meal_id
from pot_line p join meal_account a on a.meal_id = p.meal_id
where p.place_id = {} and p.at > {} and p.at > a.closed_at
  and not exists (select 1 from money_moved m where m.origin = 'pot' and m.origin_id = p.id)
order by p.id
"""


async def publish_accounts(now: datetime) -> int:
    """What was told since the last time, of every place; returns how many figures came of it."""
    places = await run("select distinct place_id from meal_account order by place_id")
    things = OneByOne("meals.publish_accounts")
    for row in places:
        await things.try_one("place", row["place_id"], partial(_of_place, row["place_id"], now))
    return things.done()


async def _of_place(place_id: int, now: datetime) -> int:
    return await _publish_one(place_id, now) if await _is_news(place_id, now) else 0


async def _is_news(place_id: int, now: datetime) -> bool:
    return bool(await _untold(place_id, now)) or any([await _late(means, place_id, now) for means in Means])


async def _untold(place_id: int, now: datetime) -> list[Row]:
    return await run(_TOLD, place_id, local_day(now - LOOKS_BACK))


@command
async def _publish_one(place_id: int, now: datetime) -> int:
    async with transaction():
        await lock_pots([place_id])
        waiting = {means: await _waiting(place_id, means) for means in Means}
        for row in await _untold(place_id, now):
            await _tell_meal(place_id, row, now)
        for means in Means:
            for row in await _late(means, place_id, now):
                await _tell_late(place_id, means, row, now)
        return sum([await _publish(place_id, means, waiting[means], now) for means in Means])


async def _waiting(place_id: int, means: Means) -> list[Moved]:
    rows = await run(
        "select id, day, told_at, people, cents, pledged_cents, late, meal_id from money_moved "
        "where place_id = {} and means = {} and figure_id is null "
        "and (people > 0 or cents <> 0 or pledged_cents <> 0) order by id",
        place_id,
        means.value,
    )
    return [
        Moved(
            id=row["id"],
            day=row["day"],
            at=row["told_at"],
            people=row["people"],
            cents=row["cents"],
            pledged=row["pledged_cents"],
            late=row["late"],
            meal_id=row["meal_id"],
        )
        for row in rows
    ]


async def _late(means: Means, place_id: int, now: datetime) -> list[Row]:
    since = now - LOOKS_BACK
    if means is Means.CARD:
        return await run(_LATE_CARD, KIND, place_id, since, now - NEWS)
    if means is Means.BOX:
        return await run(_LATE_BOX, place_id, since, KIND)
    return await run(_LATE_POT, place_id, since)


async def _tell_meal(place_id: int, row: Row, now: datetime) -> None:
    came: dict[Means, tuple[int, int, int]] = {}
    if not row["card_told"]:
        came[Means.CARD] = row["card_people"], row["card_cents"], 0
        came[Means.POT] = row["pot_people"], row["pot_cents"], 0
    if row["counted_cents"] is not None and not row["box_told"]:
        came[Means.BOX] = row["box_people"], row["counted_cents"], row["pledged_cents"]
    for means, (people, cents, pledged) in came.items():
        moved = {"origin": "meal", "origin_id": row["meal_id"], "meal_id": row["meal_id"], "day": row["day"]}
        await _tell(place_id, means, moved | {"people": people, "late": 0, "cents": cents, "pledged": pledged}, now)


async def _tell_late(place_id: int, means: Means, row: Row, now: datetime) -> None:
    origin = "pot" if means is Means.POT else "line"
    moved = {"origin": origin, "origin_id": row["id"], "meal_id": row["meal_id"], "day": local_day(row["at"])}
    late = max(1, row["people"]) if means is Means.BOX else 1
    await _tell(place_id, means, moved | {"people": 0, "late": late, "cents": row["cents"], "pledged": 0}, now)


async def _tell(place_id: int, means: Means, moved: Mapping[str, Any], now: datetime) -> None:
    await run(
        "insert into money_moved (place_id, means, origin, origin_id, meal_id, day, people, late, cents, "
        "pledged_cents, told_at) values ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        place_id,
        means.value,
        *(moved[name] for name in ("origin", "origin_id", "meal_id", "day", "people", "late", "cents", "pledged")),
        now,
    )


async def _publish(place_id: int, means: Means, waiting: list[Moved], now: datetime) -> int:
    known = {moved.id for moved in waiting}
    coming = [moved for moved in await _waiting(place_id, means) if moved.id not in known]
    figures = publish(waiting, coming)
    for figure in figures:
        (row,) = await run(
            "insert into published_figure (place_id, means, day, meal_id, cents, pledged_cents, published_at) "
            "values ({}, {}, {}, {}, {}, {}, {}) returning id",
            place_id,
            means.value,
            figure.day,
            figure.meal_id,
            figure.cents,
            figure.pledged,
            now,
        )
        for moved in figure.moves:
            await run("update money_moved set figure_id = {} where id = {}", row["id"], moved)
    return len(figures)
