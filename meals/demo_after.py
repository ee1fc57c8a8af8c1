"""What is done around a meal of the demonstration beside eating: who comes in is ticked, the food is paid for, the box
is counted by two.

What is bought is written down by the place's accounts, which played before and say how (`stage.deeds`).
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from app.clock import at_local, local_day
from app.database import run
from meals.commands.closing import at_table, pledged
from meals.commands.door import tick, walk_in
from meals.commands.till import enter_count
from meals.demo_plan import FIRST_NAMES, IN_ENVELOPES
from meals.demo_play import DAY, HOUR, MINUTE, Meal
from meals.facts import KIND, Row, turns_of
from meals.rules import PRICES
from meals.states import Job

if TYPE_CHECKING:
    from meals.demo_play import Play

SITS_DOWN = time(20, 30)
"""Whoever keeps the accounts, in the evening."""
PAID_OUT_ON, PAID_OUT = 4, time(6)
"""On Fridays what Stripe holds goes to the association's bank."""
DROPS_IN = 0.5
"""So often somebody comes who had not booked, where a seat is left."""


async def bookings_of(meal_id: int) -> list[Row]:
    """Who is expected: the bookings with seats of their own, and how many these are."""
    return await run(
        "select b.id, b.member_id, b.first_name, sum(p.seats) as seats from booking b join booking_part p "
        "on p.booking_id = b.id where b.meal_id = {} and p.state = 'confirmed' "
        "group by b.id, b.member_id, b.first_name order by b.id",
        meal_id,
    )


async def tick_all(by: int, row: Row, at: datetime, seats: int | None = None) -> None:
    """They come in, all of them or so many."""
    await tick(actor=by, booking_id=row["id"], seats=seats or row["seats"], seen=0, once=f"demo-{row['id']}", now=at)


class Afterwards:
    """The money of meals."""

    def __init__(self, play: Play) -> None:
        self.play, self.stage = play, play.stage

    def plan_evenings(self) -> None:
        """Accounts have their hour every day."""
        first = local_day(self.play.began)
        for number in range((local_day(self.play.now) - first).days + 1):
            day = first + number * DAY
            self.play.at(at_local(day, SITS_DOWN), self.stage.deeds["accounts.evening"])
            if day.weekday() == PAID_OUT_ON and self.stage.bank is not None:
                self.play.at(at_local(day, PAID_OUT), self.stage.bank.pays_out)

    def plan(self, meal: Meal, *, looked: bool = True, agreed: bool = True, ticked: bool = True) -> None:
        """A meal that is over. Who came was `ticked`, or the list was lost. Somebody has looked into its box, or will
        (`looked`); the two found the same, or have to count again (`agreed`)."""

        async def buy(at: datetime) -> None:
            shopper = (await self._turns(meal, Job.SHOP, at) or [self.play.opener])[0]
            (row,) = await run("select taken from meal where id = {}", meal.id)
            await self.stage.deeds["accounts.bought"](KIND, meal.id, shopper, row["taken"], at)

        async def count(at: datetime) -> None:
            others = await self._turns(meal, Job.WASH, at) or await self._turns(meal, Job.SERVE, at)
            cents = max(0, await self._pledged(meal) + self.play.chance.choice(IN_ENVELOPES))
            found = cents if agreed else cents + PRICES[1]
            await enter_count(meal.id, actor=self.play.opener, cents=found, now=at)
            await enter_count(meal.id, actor=others[0], cents=cents, now=at + MINUTE)

        async def welcome(at: datetime) -> None:
            """All but one who did not come, of which nothing stays; and somebody who had not booked."""
            rows = await bookings_of(meal.id)
            absent = self.play.chance.choice(rows)["id"]
            for row in rows:
                if row["id"] != absent:
                    at += MINUTE / 2
                    await tick_all(self.play.opener, row, at)
            (row,) = await run("select seats - taken as free from meal where id = {}", meal.id)
            if row["free"] and self.play.chance.random() < DROPS_IN:
                name = self.play.chance.choice(FIRST_NAMES)
                await walk_in(actor=self.play.opener, meal_id=meal.id, name=name, seats=1, once="demo", now=at + MINUTE)

        self.play.at(meal.starts_at + 5 * HOUR, buy)
        if ticked:
            self.play.at(meal.starts_at, welcome)
        if looked:
            self.play.at(meal.ends_at + 20 * MINUTE, count)

    async def _turns(self, meal: Meal, job: Job, at: datetime) -> list[int]:
        """Who has these turns of the team."""
        return [member for each, slot in await turns_of(meal.id, now=at) if each is job for member in slot.member_ids]

    async def _pledged(self, meal: Meal) -> int:
        return pledged(await at_table(meal.id)).cents
