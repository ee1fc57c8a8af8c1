"""Plays the meals of the demonstration: the dish book, some weeks of meals gone by and those to come, through the
commands.

What is on the menu and who comes is planned beforehand (`demo_plan`); the jobs of the clock run along, so that bookings
close, meals are served and gaps of the team are called out at their hours. Duties are those that `rotas` opened.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from app.calendar.api import why_clashes
from app.clock import at_local, local_day, week_start
from app.database import run
from meals import jobs
from meals.commands import booking, dishes, giving_back, opening
from meals.demo_plan import (
    BOOK,
    CALLED_OFF,
    CALLED_OFF_BECAUSE,
    CREWS,
    DIETS,
    DUTY_OF,
    EATERS,
    EVERYDAY,
    FEAST,
    GUEST,
    GUESTS_FRIEND,
    LATER,
    NEWCOMER,
    OPENER,
    STEW,
    SURELY,
    TEAM,
    WAITING,
    Menu,
)
from meals.facts import turns_of
from meals.plan import MealPlan, PlannedDish, PlannedTurn
from meals.rules import PRICES, Prices, Wish
from meals.states import Diet, Job
from rotas.api import duties_of

if TYPE_CHECKING:
    from app.demo import Stage

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHANCE = 40
"""What chance begins from here, so that more or fewer turns change nobody's meal."""
ROOM = "Grande table"
SEATS = 24
WEEKDAYS = (0, 5)
"""Mondays and Saturdays."""
FROM, TO, CLOSES = time(12, 30), time(14), time(18)
WEEKS_GONE, DAYS_AHEAD = 3, 45
OPENED_BEFORE = timedelta(days=12)
STILL_TIME = timedelta(hours=12)
"""Before bookings close, at the next two."""
JOBS_AT = (time(8, 30), time(13), time(CLOSES.hour), time(21))
JOBS = (
    jobs.call_gaps,
    jobs.close_due,
    jobs.cancel_doubtful,
    jobs.serve_past,
    jobs.team_seats,
    jobs.lapse_offers,
    jobs.end_lists,
    jobs.forget_guests_and_diets,
)
QUIET_WEEK = 2
"""In which nothing is on but a coffee."""

Deed = Callable[[datetime], Awaitable[object]]


@dataclass(slots=True)
class _Meal:
    """A meal of the story, on its day."""

    menu: Menu
    day: date
    opened_at: datetime
    eaters: int
    """Of those who are not of the team, so many come."""
    gifts: int = 1
    missing: tuple[Job, ...] = ()
    """Jobs that lack somebody."""
    settled_by: datetime | None = None
    """Whoever comes has said so by then."""
    id: int = 0

    @property
    def starts_at(self) -> datetime:
        return at_local(self.day, FROM)

    @property
    def closes_at(self) -> datetime:
        return at_local(self.day - DAY, CLOSES)


async def seed(stage: Stage) -> None:
    """Fill the demonstration with meals, up to `stage.now`. Turns have been played before."""
    await _Play(stage).play()


class _Play:
    def __init__(self, stage: Stage) -> None:
        self.stage, self.now = stage, stage.now
        self.chance = Random(CHANCE)  # noqa: S311 - to tell the same story again, not to keep a secret
        self.monday = week_start(local_day(stage.now))
        self.began = at_local(self.monday - timedelta(weeks=WEEKS_GONE, days=6), time(9, 40))
        """On a Tuesday, before the first of its weeks."""
        self.opener = self.member(OPENER)
        self.take_turn = stage.deeds["rotas.take_turn"]
        self.dish: dict[str, int] = {}
        self.duty: dict[str, int] = {}
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._number = count()

    def member(self, key: str) -> int:
        return self.stage.members[key]

    def at(self, when: datetime, deed: Deed) -> None:
        """Somebody does this then, if that is not to come."""
        if when <= self.now:
            heapq.heappush(self._deeds, (when, next(self._number), deed))

    async def play(self) -> None:
        self.duty = {duty.name: duty.id for duty in await duties_of(self.stage.place_id)}
        self.at(self.began, self._write_the_book)
        gone: list[date] = []
        coming: list[date] = []
        async for day in self._days():
            (coming if at_local(day - DAY, CLOSES) > self.now + STILL_TIME else gone).append(day)
        for number, day in enumerate(gone):
            gifts = 3 if number == 0 else 1
            menu = EVERYDAY[number % len(EVERYDAY)]
            self._plan(_Meal(menu, day, self._opened(day), self.chance.randint(8, 12), gifts))
        nearest, full, off, later = coming[:4]
        stew = _Meal(STEW, nearest, self._opened(nearest), 3, missing=(Job.WASH,))
        self._plan(stew)
        self._come_to_the_stew(stew)
        feast = _Meal(FEAST, full, self._opened(full), 9, settled_by=self.now - 28 * HOUR)
        self._plan(feast)
        self._fill(feast)
        called_off = _Meal(CALLED_OFF, off, self.now - 3 * DAY, 5, 0, settled_by=self.now - 7 * HOUR)
        self._plan(called_off)
        self.at(self.now - 5 * HOUR, self._call_off(called_off))
        self._plan(_Meal(LATER, later, self.now - 30 * HOUR, 3, 0, missing=(Job.SERVE, Job.WASH, Job.SHOP)))
        await self._run()

    async def _run(self) -> None:
        for day in range((local_day(self.now) - local_day(self.began)).days + 1):
            for hour in JOBS_AT:
                self.at(at_local(local_day(self.began) + day * DAY, hour), self._jobs)
        total = len(self._deeds)
        while self._deeds:
            when, _, deed = heapq.heappop(self._deeds)
            await deed(when)
            if len(self._deeds) % 25 == 0:
                self.stage.progress("meals", max(0, total - len(self._deeds) - 1), total)
        self.stage.progress("meals", total, total)

    async def _jobs(self, at: datetime) -> None:
        for job in JOBS:
            await job(at)

    # --------------------------------------------------------------------------------------------------------- the days

    async def _days(self) -> AsyncIterator[date]:
        """Those on which there is a meal: the place is open, the table is free."""
        first = local_day(self.began) + DAY
        for number in range((local_day(self.now) - first).days + DAYS_AHEAD):
            day = first + number * DAY
            if (
                day.weekday() in WEEKDAYS
                and (week_start(day) - self.monday).days // 7 != QUIET_WEEK
                and not any(begins <= day <= over for begins, over in self.stage.closed)
                and await why_clashes(
                    starts_at=at_local(day, FROM), ends_at=at_local(day, TO), room_id=self.stage.rooms[ROOM]
                )
                is None
            ):
                yield day

    def _opened(self, day: date) -> datetime:
        """When the meal of that day is opened."""
        return max(self.began + 2 * HOUR, min(at_local(day, time(10)) - OPENED_BEFORE, self.now - 50 * HOUR))

    # ------------------------------------------------------------------------------------------------------------ deeds

    async def _write_the_book(self, at: datetime) -> None:
        for number, dish in enumerate(BOOK):
            self.dish[dish.name] = await dishes.write_dish(
                actor=self.opener, place_id=self.stage.place_id, dish=dish, now=at + timedelta(minutes=4 * number)
            )

    def _plan(self, meal: _Meal) -> None:
        """It is opened; its team finds itself; people book, some give, somebody has a suspended meal."""
        self.at(meal.opened_at, self._open(meal))
        latest = min(self.now - 2 * HOUR, meal.closes_at - 3 * HOUR, meal.settled_by or self.now)
        missing = list(meal.missing)
        for job, _, _, people in TEAM:
            lacking = missing.count(job)
            for _ in range(people - lacking):
                self.at(self._between(meal.opened_at + HOUR, latest), self._join_team(meal, job))
        eaters = self.chance.sample(EATERS, meal.eaters)
        hours = sorted(self._between(meal.opened_at + HOUR, latest) for _ in eaters)
        for number, (key, when) in enumerate(zip(eaters, hours, strict=True)):
            gives, helped = number < meal.gifts, bool(meal.gifts) and number == meal.gifts
            self.at(when, self._book(meal, key, self._wish(give=int(gives), suspended=helped)))
        if meal.gifts and meal.settled_by is None:
            self.at(latest + HOUR, self._give_back(meal, eaters[meal.gifts + 1 :], 1))

    def _between(self, earliest: datetime, latest: datetime) -> datetime:
        return earliest + max(latest - earliest, timedelta()) * self.chance.random()

    def _wish(self, *, give: int = 0, suspended: bool = False) -> Wish:
        seats = 1 if suspended else self.chance.choices((1, 2, 3), (7, 2, 1))[0]
        return Wish(
            seats,
            self.chance.choices(PRICES, (4, 5, 2))[0],
            children=1 if seats == 3 else 0,
            together=seats > 1,
            give=give,
            suspended=suspended,
        )

    def _open(self, meal: _Meal) -> Deed:
        async def deed(at: datetime) -> None:
            turns = [
                PlannedTurn(
                    job,
                    self.duty[DUTY_OF[job]],
                    at_local(meal.day, time.fromisoformat(starts)),
                    at_local(meal.day, time.fromisoformat(ends)),
                    people,
                )
                for job, starts, ends, people in TEAM
            ]
            plan = MealPlan(
                title=meal.menu.title,
                about=meal.menu.about,
                starts_at=meal.starts_at,
                ends_at=at_local(meal.day, TO),
                closes_at=meal.closes_at,
                seats=SEATS,
                prices=Prices(*PRICES),
                dishes=tuple(
                    PlannedDish(self.dish[name], instead=meal.menu.instead.get(name, "")) for name in meal.menu.dishes
                ),
                room_id=self.stage.rooms[ROOM],
                turns=tuple(turns),
            )
            once = f"{meal.day}"
            meal.id = await opening.open_meal(
                actor=self.opener, place_id=self.stage.place_id, plan=plan, once=once, now=at
            )

        return deed

    def _join_team(self, meal: _Meal, job: Job) -> Deed:
        """Somebody of the crew takes a turn of it, and eats with the others."""

        async def deed(at: datetime) -> None:
            crew = CREWS[job]
            for key in self.chance.sample(crew, len(crew)):
                slots = [slot for each, slot in await turns_of(meal.id, now=at) if each is job]
                if slots and await self.take_turn(self.member(key), slots[0].id, at):
                    wish = Wish(1, PRICES[1], team=True)
                    self.at(at + timedelta(minutes=20), self._book(meal, key, wish))
                    return

        return deed

    def _book(self, meal: _Meal, key: str, wish: Wish) -> Deed:
        async def deed(at: datetime) -> None:
            diets: dict[Diet, int] = {DIETS[key]: 1} if key in DIETS else {}
            await booking.book(actor=self.member(key), meal_id=meal.id, wish=wish, diets=diets, now=at)

        return deed

    def _give_back(self, meal: _Meal, people: Sequence[str], seats: int) -> Deed:
        """The first of these who has a seat, and that alone, cannot come."""

        async def deed(at: datetime) -> None:
            for key in people:
                found = await run(
                    "select b.id from booking b join booking_part p on p.booking_id = b.id where b.meal_id = {} "
                    "and b.member_id = {} and b.give = 0 and b.suspended = {} and p.state = 'confirmed' "
                    "group by b.id having sum(p.seats) = {}",
                    meal.id,
                    self.member(key),
                    False,
                    seats,
                )
                if found:
                    await giving_back.cancel_seats(
                        actor=self.member(key), booking_id=found[0]["id"], seats=None, leave=False, now=at
                    )
                    return

        return deed

    # ---------------------------------------------------------------------------------------------------------- stories

    def _come_to_the_stew(self, meal: _Meal) -> None:
        """Samira comes, the newcomer too, somebody without an account, and who does not eat of everything."""
        self.at(self.now - 24 * HOUR, self._book(meal, "samira", Wish(1, PRICES[1])))
        for key, seats in SURELY:
            self.at(self.now - 20 * HOUR, self._book(meal, key, Wish(seats, PRICES[1], together=seats > 1)))
        self.at(self.now - 3 * HOUR, self._book(meal, NEWCOMER, Wish(1, PRICES[0])))

        async def bring(at: datetime) -> None:
            friend = self.member(GUESTS_FRIEND)
            await booking.book_for(actor=friend, meal_id=meal.id, first_name=GUEST, wish=Wish(1, PRICES[0]), now=at)

        self.at(self.now - 6 * HOUR, bring)

    def _fill(self, meal: _Meal) -> None:
        """The last seats go, four wait, somebody cannot come: the seat is kept for whoever is first on the list."""

        async def take_what_is_left(at: datetime) -> None:
            for key in EATERS:
                (row,) = await run("select seats - taken as free from meal where id = {}", meal.id)
                if not row["free"]:
                    return
                if key not in {each for each, _, _ in WAITING}:
                    await self._book(meal, key, Wish(1, PRICES[1]))(at)

        self.at(self.now - 26 * HOUR, take_what_is_left)
        for number, (key, seats, together) in enumerate(WAITING):
            wish = Wish(seats, PRICES[1], together=together)
            self.at(self.now - 24 * HOUR + number * 2 * HOUR, self._book(meal, key, wish))
        self.at(self.now - HOUR, self._give_back(meal, EATERS[::-1], 1))

    def _call_off(self, meal: _Meal) -> Deed:
        async def deed(at: datetime) -> None:
            await opening.cancel_meal(actor=self.opener, meal_id=meal.id, reason=CALLED_OFF_BECAUSE, now=at)

        return deed
