"""Rows that stand in for an evening that is over: what a meal came to, and what two people counted."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from app.accounts.states import PaidFrom, Spending
from app.accounts.tables import Purchase
from app.clock import at_local, local_day
from app.database import run
from meals.states import MealState
from meals.tables import MealAccount, TillCount
from tests.factories import writing
from tests.meals.make import make_meal
from tests.people import Cast

HALF_PAST_TWELVE = time(12, 30)


async def past_meal(
    cast: Cast,
    day: date,
    *,
    title: str = "Couscous",
    eaten: int = 10,
    box: tuple[int, int] = (0, 0),
    card: tuple[int, int] = (0, 0),
    pot: tuple[int, int] = (0, 0),
    counted: int | None = None,
    place: int | None = None,
    closed_at: datetime | None = None,
) -> int:
    """A meal whose account is closed: for each means how many bookings, and how much. Counted as pledged, unless it
    was not (`-1`), or otherwise."""
    starts_at = at_local(day, HALF_PAST_TWELVE)
    meal_id = await make_meal(
        place_id=place or cast.place,
        opener=cast.odile,
        title=title,
        starts_at=starts_at,
        state=MealState.SERVED.value,
        now=starts_at - timedelta(days=9),
    )
    closed_at = closed_at or at_local(day + timedelta(days=1), time(3, 0))
    async with writing():
        (line,) = await run("select coalesce(max(id), 0) as id from ledger_line")
        await MealAccount.insert(
            MealAccount(
                meal_id=meal_id,
                place_id=place or cast.place,
                day=local_day(starts_at),
                eaten=eaten,
                card_people=card[0],
                card_cents=card[1],
                box_people=box[0],
                pledged_cents=box[1],
                pot_people=pot[0],
                pot_cents=pot[1],
                ledger_line_id=line["id"],
                closed_at=closed_at,
            )
        )
    if counted != -1:
        await count(meal_id, box[1] if counted is None else counted, at=starts_at + timedelta(hours=3))
    return meal_id


async def count(meal_id: int, cents: int, *, at: datetime) -> None:
    async with writing():
        await TillCount.insert(TillCount(meal_id=meal_id, cents=cents, counted_at=at))


_once = iter(range(1, 1_000_000))


async def bought(
    place_id: int, cents: int, day: date, *, spending: Spending = Spending.FOOD, meal_id: int | None = None
) -> int:
    """Something that the association's card paid."""
    async with writing():
        made = await Purchase.insert(
            Purchase(
                place_id=place_id,
                spending=spending.value,
                about="meal" if meal_id else "",
                about_id=meal_id,
                what="Au marché",
                cents=cents,
                bought_on=day,
                paid_from=PaidFrom.BANK.value,
                once=f"bought-{next(_once)}",
                written_at=at_local(day, HALF_PAST_TWELVE),
                reason="",
            )
        ).returning(Purchase.id)
    return int(made[0]["id"])
