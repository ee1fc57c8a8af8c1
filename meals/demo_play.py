"""The stage on which the meals of the demonstration are played: who is there, what they do at which hour, and how
people open a meal, join its team, book, pay and come.

Deeds wait in the order of their hours; the jobs of the clock run along. What happens is planned in `demo` (weeks of
meals), `demo_evening` (tonight) and `demo_after` (what is counted and written down afterwards).
"""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from app.clock import at_local, local_day, week_start
from app.database import run
from app.payments import api as payments
from meals import jobs
from meals.commands import booking, card, giving_back, opening
from meals.commands.publishing import publish_accounts
from meals.demo_plan import CREWS, DIETS, DUTY_OF, EATERS, OPENER, TEAM, Menu
from meals.facts import KIND, turns_of
from meals.plan import MealPlan, PlannedDish, PlannedTurn
from meals.rules import PRICES, Prices, Wish
from meals.states import Diet, Job, Payment
from rotas.api import duties_of

if TYPE_CHECKING:
    from app.demo import Stage

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CHANCE = 40
"""What chance begins from here, so that more or fewer turns change nobody's meal."""
ROOM = "Grande table"
SEATS = 24
FROM, LASTS, CLOSES = time(12, 30), timedelta(minutes=90), time(18)
WEEKS_GONE = 9
JOBS_AT = (time(8, 30), time(13), time(CLOSES.hour), time(21))
JOBS = (
    jobs.call_gaps,
    jobs.close_due,
    jobs.cancel_doubtful,
    jobs.serve_past,
    jobs.team_seats,
    jobs.lapse_offers,
    jobs.end_lists,
)
IN_THE_MORNING = (
    jobs.close_accounts,
    jobs.forget_guests_and_diets,
    publish_accounts,
    jobs.forget_what_was_paid,
    jobs.forget_who_counted,
)
"""What is done about the day before."""
BY_CARD = 0.45
"""Of those who pay, so many do by card."""

Deed = Callable[[datetime], Awaitable[object]]


@dataclass(slots=True)
class Meal:
    """A meal of the story."""

    menu: Menu
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    opened_at: datetime
    eaters: int = 0
    """Of those who are not of the team, so many come…"""
    who: tuple[str, ...] = ()
    """…these, or whomever chance sends."""
    gifts: int = 1
    missing: tuple[Job, ...] = ()
    """Jobs that lack somebody."""
    settled_by: datetime | None = None
    """Whoever comes has said so by then."""
    room: str | None = ROOM
    seats: int = SEATS
    id: int = 0

    @property
    def day(self) -> date:
        return local_day(self.starts_at)


def at_noon(menu: Menu, day: date, opened_at: datetime, eaters: int, gifts: int = 1) -> Meal:
    """A meal from half past twelve to two."""
    starts_at = at_local(day, FROM)
    return Meal(menu, starts_at, starts_at + LASTS, at_local(day - DAY, CLOSES), opened_at, eaters, gifts=gifts)


class Play:
    """Who is there, and what they are about to do."""

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

    def between(self, earliest: datetime, latest: datetime) -> datetime:
        return earliest + max(latest - earliest, timedelta()) * self.chance.random()

    def opened(self, day: date) -> datetime:
        """When the meal of that day is opened."""
        return max(self.began + 2 * HOUR, min(at_local(day, time(10)) - timedelta(days=12), self.now - 50 * HOUR))

    async def duties(self) -> None:
        self.duty = {duty.name: duty.id for duty in await duties_of(self.stage.place_id)}

    async def run(self) -> None:
        """All that was planned, and the jobs of the clock."""
        for day in range((local_day(self.now) - local_day(self.began)).days + 1):
            for hour in JOBS_AT:
                self.at(at_local(local_day(self.began) + day * DAY, hour), partial(self._jobs, JOBS))
            self.at(at_local(local_day(self.began) + day * DAY, JOBS_AT[0]), partial(self._jobs, IN_THE_MORNING))
        total = len(self._deeds)
        while self._deeds:
            when, _, deed = heapq.heappop(self._deeds)
            await deed(when)
            if len(self._deeds) % 25 == 0:
                self.stage.progress("meals", max(0, total - len(self._deeds) - 1), total)
        self.stage.progress("meals", total, total)

    async def _jobs(self, every: Sequence[Callable[[datetime], Awaitable[int]]], at: datetime) -> None:
        for job in every:
            await job(at)

    # ------------------------------------------------------------------------------------------------------------ deeds

    def plan(self, meal: Meal) -> None:
        """It is opened; its team finds itself; people book, some give, somebody has a suspended meal."""
        self.at(meal.opened_at, self.open(meal))
        latest = min(self.now - 2 * HOUR, meal.closes_at - 3 * HOUR, meal.settled_by or self.now)
        self.team(meal, latest)
        eaters = list(meal.who) or self.chance.sample(EATERS, meal.eaters)
        hours = sorted(self.between(meal.opened_at + HOUR, latest) for _ in eaters)
        for number, (key, when) in enumerate(zip(eaters, hours, strict=True)):
            gives, helped = number < meal.gifts, bool(meal.gifts) and number == meal.gifts
            self.at(when, self.book(meal, key, self._wish(give=int(gives), suspended=helped)))
        if meal.gifts and meal.settled_by is None:
            self.at(latest + HOUR, self.give_back(meal, eaters[meal.gifts + 1 :], 1))

    def team(self, meal: Meal, latest: datetime) -> None:
        missing = list(meal.missing)
        for job, _, _, people in TEAM:
            for _ in range(people - missing.count(job)):
                self.at(self.between(meal.opened_at + HOUR, latest), self._join_team(meal, job))

    def _wish(self, *, give: int = 0, suspended: bool = False) -> Wish:
        seats = 1 if suspended else self.chance.choices((1, 2, 3), (10, 2, 1))[0]
        by_card = self.chance.random() < BY_CARD
        return Wish(
            seats,
            self.chance.choices(PRICES, (4, 5, 2))[0],
            self.paying(by_card and not suspended),
            children=1 if seats == 3 else 0,
            together=seats > 1,
            give=give,
            suspended=suspended,
        )

    def paying(self, by_card: bool) -> Payment:
        """By card where the story has a bank."""
        return Payment.CARD if by_card and self.stage.bank is not None else Payment.ON_SITE

    def open(self, meal: Meal) -> Deed:
        async def deed(at: datetime) -> None:
            turns = [
                PlannedTurn(
                    job,
                    self.duty[DUTY_OF[job]],
                    meal.starts_at + starts * MINUTE,
                    meal.starts_at + ends * MINUTE,
                    people,
                )
                for job, starts, ends, people in TEAM
            ]
            plan = MealPlan(
                title=meal.menu.title,
                about=meal.menu.about,
                starts_at=meal.starts_at,
                ends_at=meal.ends_at,
                closes_at=meal.closes_at,
                seats=meal.seats,
                prices=Prices(*PRICES),
                dishes=tuple(
                    PlannedDish(self.dish[name], instead=meal.menu.instead.get(name, "")) for name in meal.menu.dishes
                ),
                room_id=None if meal.room is None else self.stage.rooms[meal.room],
                turns=tuple(turns),
            )
            once = f"{meal.starts_at:%Y-%m-%d %H:%M}"
            meal.id = await opening.open_meal(
                actor=self.opener, place_id=self.stage.place_id, plan=plan, once=once, now=at
            )

        return deed

    def _join_team(self, meal: Meal, job: Job) -> Deed:
        """Somebody of the crew takes a turn of it, and eats with the others."""

        async def deed(at: datetime) -> None:
            crew = CREWS[job]
            for key in self.chance.sample(crew, len(crew)):
                slots = [slot for each, slot in await turns_of(meal.id, now=at) if each is job]
                if slots and await self.take_turn(self.member(key), slots[0].id, at):
                    wish = Wish(1, PRICES[1], team=True)
                    self.at(at + 20 * MINUTE, self.book(meal, key, wish))
                    return

        return deed

    def book(self, meal: Meal, key: str, wish: Wish) -> Deed:
        async def deed(at: datetime) -> None:
            diets: dict[Diet, int] = {DIETS[key]: 1} if key in DIETS else {}
            member = self.member(key)
            made = await booking.book(actor=member, meal_id=meal.id, wish=wish, diets=diets, now=at)
            if made.pays and self.stage.bank is not None:
                self.stage.bank.at(at)
                await card.pay(actor=member, booking_id=made.id, now=at)
                await self.stage.bank.pays(KIND, made.id)
                await card.verify(actor=member, booking_id=made.id, now=at)

        return deed

    def give_back(self, meal: Meal, people: Sequence[str], seats: int) -> Deed:
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
                    await self.money_goes_back([found[0]["id"]], at)
                    return

        return deed

    async def money_goes_back(self, bookings: Sequence[int], at: datetime) -> None:
        """What was paid by card for these and is wanted back is given back now."""
        if self.stage.bank is not None:
            self.stage.bank.at(at)
            await payments.send_refunds_of(kind=KIND, thing_ids=bookings, now=at)
