"""Tonight in the demonstration: a meal that begins an hour after its start, whatever the hour. Its door is open, some
are at the table, two welcome those who come, and its box is to be counted by two.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.clock import at_local, local_day
from app.database import run, transaction
from app.identity.api import grant, holders_of
from app.identity.states import Act
from meals.commands import booking
from meals.commands.door import walk_in
from meals.demo_after import bookings_of, tick_all
from meals.demo_plan import (
    FILL_TONIGHT,
    GUEST,
    GUESTS_FRIEND,
    LEFT_TONIGHT,
    TONIGHT,
    TONIGHT_COME,
    TONIGHTS_SEATS,
    WAITS_TONIGHT,
    WELCOME,
    WITHOUT_BOOKING,
    Comes,
)
from meals.demo_play import CLOSES, DAY, HOUR, MINUTE, Deed, Meal
from meals.rules import PRICES, Wish

if TYPE_CHECKING:
    from meals.demo_play import Play

QUARTER = timedelta(minutes=15)
LASTS = timedelta(hours=2)


def an_hour_from(now: datetime) -> datetime:
    """The next quarter of an hour that is at least fifty minutes away."""
    soonest = now + 50 * MINUTE
    whole = soonest.replace(minute=soonest.minute // 15 * 15, second=0, microsecond=0)
    return whole if whole == soonest else whole + QUARTER


class Tonight:
    """The meal, and who comes to it."""

    def __init__(self, play: Play) -> None:
        self.play, self.now = play, play.now
        starts_at = an_hour_from(play.now)
        closes_at = at_local(local_day(starts_at) - DAY, CLOSES)
        self.meal = Meal(
            TONIGHT,
            starts_at,
            starts_at + LASTS,
            closes_at,
            play.opened(local_day(starts_at)),
            room=None,  # in all of them: a meal at any hour, beside whatever there is
            seats=TONIGHTS_SEATS,
        )

    def plan(self) -> None:
        play, meal = self.play, self.meal
        latest = meal.closes_at - 4 * HOUR
        play.at(meal.opened_at, play.open(meal))
        play.team(meal, latest)
        for each in TONIGHT_COME:
            play.at(play.between(meal.opened_at + HOUR, latest), self._book(each))
        play.at(latest + HOUR, self._bring)
        play.at(latest + 80 * MINUTE, self._fill)
        key, seats = WAITS_TONIGHT
        play.at(latest + 90 * MINUTE, play.book(meal, key, Wish(seats, PRICES[1], together=True)))
        play.at(latest + 100 * MINUTE, self._ask_to_welcome)
        play.at(self.now - 12 * MINUTE, self._some_are_in)

    def _book(self, each: Comes) -> Deed:
        wish = Wish(
            each.seats,
            PRICES[each.price],
            self.play.paying(each.card),
            children=each.children,
            together=each.seats > 1,
            give=each.give,
            suspended=each.suspended,
        )
        return self.play.book(self.meal, each.key, wish)

    async def _bring(self, at: datetime) -> None:
        friend = self.play.member(GUESTS_FRIEND)
        await booking.book_for(actor=friend, meal_id=self.meal.id, first_name=GUEST, wish=Wish(1, PRICES[0]), now=at)

    async def _fill(self, at: datetime) -> None:
        """Until so few seats are left that whoever comes last, with others, waits for them."""
        for key in FILL_TONIGHT:
            (row,) = await run("select seats - taken as free from meal where id = {}", self.meal.id)
            if row["free"] <= LEFT_TONIGHT:
                return
            await self.play.book(self.meal, key, Wish(1, PRICES[1]))(at)

    async def _ask_to_welcome(self, at: datetime) -> None:
        """Their turn has begun, and goes on while people arrive. Samira and Zineb can tick whatever else they have to
        do at this hour: whoever looks at the demonstration comes as them."""
        people, place_id = [self.play.member(key) for key in WELCOME], self.play.stage.place_id
        begins, ends = self.now.replace(second=0, microsecond=0) - 30 * MINUTE, self.meal.starts_at + HOUR
        await self.play.stage.deeds["rotas.welcome"](people, begins, ends, at)
        have_it = {each.id for each in await holders_of(place_id, Act.CHECK_IN, begins)}
        async with transaction():
            for member in set(people[:2]) - have_it:
                await grant(
                    member_id=member, place_id=place_id, act=Act.CHECK_IN, from_at=begins, until_at=ends, source="door"
                )

    async def _some_are_in(self, at: datetime) -> None:
        """Who cooked, some who are early, and somebody who had not booked."""
        early = {self.play.member(each.key): each.inside for each in TONIGHT_COME if each.inside}
        (by, *_) = await self._at_the_door(at)
        for row in await bookings_of(self.meal.id):
            if row["member_id"] in early:
                at += MINUTE / 2
                await tick_all(by, row, at, early[row["member_id"]])
        await walk_in(actor=by, meal_id=self.meal.id, name=WITHOUT_BOOKING, seats=1, once="demo", now=at + MINUTE)

    async def _at_the_door(self, at: datetime) -> list[int]:
        """Who ticks: those who have the turn, or Odile."""
        holders = await holders_of(self.play.stage.place_id, Act.CHECK_IN, at)
        return [each.id for each in holders] or [self.play.opener]
