"""Plays the meals of the demonstration: the dish book, some weeks of meals gone by, the one whose door is open just now
and those to come, through the commands.

What is on the menu and who comes is planned beforehand (`demo_plan`); the jobs of the clock run along, so that bookings
close, meals are served and gaps of the team are called out at their hours. Duties are those that `rotas` opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from app.calendar.api import why_clashes
from app.clock import at_local, local_day, week_start
from app.database import run
from meals.commands import booking, dishes, opening
from meals.demo_after import Afterwards
from meals.demo_evening import Tonight
from meals.demo_plan import (
    BOOK,
    CALLED_OFF,
    CALLED_OFF_BECAUSE,
    EATERS,
    EVERYDAY,
    FEAST,
    GUEST,
    GUESTS_FRIEND,
    LATER,
    NEWCOMER,
    STEW,
    SURELY,
    WAITING,
    WITH_THEM,
)
from meals.demo_play import CLOSES, DAY, FROM, HOUR, LASTS, MINUTE, ROOM, Deed, Meal, Play, at_noon
from meals.rules import PRICES, Wish
from meals.states import Job

if TYPE_CHECKING:
    from app.demo import Stage

WEEKDAYS = (0, 5)
"""Mondays and Saturdays."""
DAYS_AHEAD = 45
STILL_TIME = timedelta(hours=12)
"""Before bookings close, at the next two."""
FEW = 4
"""So many came to one of them, beside the team: too few for what they brought to be told."""
QUIET_WEEK = 2
"""In which nothing is on but a coffee."""


async def seed(stage: Stage) -> None:
    """Fill the demonstration with meals, up to `stage.now`. Turns have been played before."""
    await _Story(stage).tell()


class _Story(Play):
    """Weeks of meals."""

    async def tell(self) -> None:
        await self.duties()
        self.at(self.began, self._write_the_book)
        tonight, afterwards = Tonight(self), Afterwards(self)
        gone: list[date] = []
        coming: list[date] = []
        async for day in self._days(but=tonight.meal.day):
            (coming if at_local(day - DAY, CLOSES) > self.now + STILL_TIME else gone).append(day)
        for number, day in enumerate(gone):
            gifts = 3 if number == 0 else 1
            menu = EVERYDAY[number % len(EVERYDAY)]
            eaters = FEW if number == len(gone) // 2 else self.chance.randint(11, 14)
            meal = at_noon(menu, day, self.opened(day), eaters, gifts)
            self.plan(meal)
            looked, agreed = day != gone[-1], day not in gone[-2:]
            afterwards.plan(meal, looked=looked, agreed=agreed, ticked=number != 2)
        afterwards.plan_evenings()
        tonight.plan()
        nearest, full, off, later = coming[:4]
        stew = at_noon(STEW, nearest, self.opened(nearest), 3)
        stew.missing, stew.who = (Job.WASH,), WITH_THEM
        self.plan(stew)
        self._come_to_the_stew(stew)
        feast = at_noon(FEAST, full, self.opened(full), 7)
        feast.settled_by = self.now - 28 * HOUR
        self.plan(feast)
        self._fill(feast)
        called_off = at_noon(CALLED_OFF, off, self.now - 3 * DAY, 5, 0)
        called_off.settled_by = self.now - 7 * HOUR
        self.plan(called_off)
        self.at(self.now - 5 * HOUR, self._call_off(called_off))
        at_last = at_noon(LATER, later, self.now - 30 * HOUR, 3, 0)
        at_last.missing = (Job.SERVE, Job.WASH, Job.SHOP)
        self.plan(at_last)
        await self.run()

    async def _days(self, *, but: date) -> AsyncIterator[date]:
        """Those on which there is a meal: the place is open, the table is free, and it is not the day of that other
        meal."""
        first = local_day(self.began) + DAY
        for number in range((local_day(self.now) - first).days + DAYS_AHEAD):
            day = first + number * DAY
            starts_at = at_local(day, FROM)
            if (
                day.weekday() in WEEKDAYS
                and day != but
                and (week_start(day) - self.monday).days // 7 != QUIET_WEEK
                and not any(begins <= day <= over for begins, over in self.stage.closed)
                and await why_clashes(starts_at=starts_at, ends_at=starts_at + LASTS, room_id=self.stage.rooms[ROOM])
                is None
            ):
                yield day

    async def _write_the_book(self, at: datetime) -> None:
        for number, dish in enumerate(BOOK):
            self.dish[dish.name] = await dishes.write_dish(
                actor=self.opener, place_id=self.stage.place_id, dish=dish, now=at + 4 * number * MINUTE
            )

    # ---------------------------------------------------------------------------------------------------------- stories

    def _come_to_the_stew(self, meal: Meal) -> None:
        """Samira comes, the newcomer too, somebody without an account, and who does not eat of everything."""
        self.at(self.now - 24 * HOUR, self.book(meal, "samira", Wish(1, PRICES[1])))
        for key, seats in SURELY:
            self.at(self.now - 20 * HOUR, self.book(meal, key, Wish(seats, PRICES[1], together=seats > 1)))
        self.at(self.now - 3 * HOUR, self.book(meal, NEWCOMER, Wish(1, PRICES[0])))

        async def bring(at: datetime) -> None:
            friend = self.member(GUESTS_FRIEND)
            await booking.book_for(actor=friend, meal_id=meal.id, first_name=GUEST, wish=Wish(1, PRICES[0]), now=at)

        self.at(self.now - 6 * HOUR, bring)

    def _fill(self, meal: Meal) -> None:
        """The last seats go, four wait, somebody cannot come: the seat is kept for whoever is first on the list."""

        async def take_what_is_left(at: datetime) -> None:
            for key in EATERS:
                (row,) = await run("select seats - taken as free from meal where id = {}", meal.id)
                if not row["free"]:
                    return
                if key not in {each for each, _, _ in WAITING}:
                    await self.book(meal, key, Wish(1, PRICES[1]))(at)

        self.at(self.now - 26 * HOUR, take_what_is_left)
        for number, (key, seats, together) in enumerate(WAITING):
            wish = Wish(seats, PRICES[1], together=together)
            self.at(self.now - 24 * HOUR + number * 2 * HOUR, self.book(meal, key, wish))
        self.at(self.now - HOUR, self.give_back(meal, EATERS[::-1], 1))

    def _call_off(self, meal: Meal) -> Deed:
        async def deed(at: datetime) -> None:
            await opening.cancel_meal(actor=self.opener, meal_id=meal.id, reason=CALLED_OFF_BECAUSE, now=at)
            found = await run("select id from booking where meal_id = {} order by id", meal.id)
            await self.money_goes_back([row["id"] for row in found], at)

        return deed
