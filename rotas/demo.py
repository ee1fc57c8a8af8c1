"""Plays the turns of the demonstration: some weeks gone by and those to come, through the commands.

What goes round, and who likes to do it, is planned beforehand (`demo_plan`). Whoever is hosting a workshop just then is
refused, as in life, and somebody else takes the turn. A crowd gets ten years of turns in bulk (`demo_years`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from app.clock import at_local, local_day, week_start
from app.database import run
from app.errors import Refused
from rotas import jobs
from rotas.commands import claiming, duties, giving_up, patterns, slots, swapping, weekly
from rotas.demo_plan import (
    CANNOT_WORD,
    COOKING,
    DISHES,
    DOOR,
    GUEST,
    GUESTS_FRIEND,
    KEYS,
    MORNING,
    OBSERVER,
    ROUNDS,
    SWAP_WORD,
    TEA,
    TILL,
    Round,
)
from rotas.demo_years import CROWD, add_years
from rotas.recurring import Weekly
from rotas.states import Level

if TYPE_CHECKING:
    from app.demo import Stage

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEKS_GONE = 4
FIRST_MEALS = timedelta(weeks=8)
"""Before that: duties are there since then, for the turns that meals open. What goes round came later."""
CHANCE = 88
"""What chance begins from here, so that more or fewer workshops change nobody's turns."""
LIVELY = {0: 0.85, 1: 0.6, 2: 0.3}
"""How many of the places to come somebody has, by week; those gone by have nearly all."""
GONE = 0.93
YEARS = 10

Row = dict[str, Any]
Deed = Callable[[datetime], Awaitable[object]]


async def seed(stage: Stage) -> None:
    """Fill the demonstration with turns, up to `stage.now`."""
    await _Play(stage).play()


class _Play:
    def __init__(self, stage: Stage) -> None:
        self.stage, self.now = stage, stage.now
        self.chance = Random(CHANCE)  # noqa: S311 - to tell the same story again, not to keep a secret
        self.monday = week_start(local_day(stage.now))
        self.began = at_local(self.monday - timedelta(weeks=WEEKS_GONE, days=3), time(9, 30))
        """On a Friday, before the first of its weeks."""
        self.keeper = self.member("rosa")
        self.duty: dict[str, int] = {}
        self.left_open: set[int] = set()
        """Slots of the next days that lack somebody, whatever chance says."""

    def member(self, key: str) -> int:
        return self.stage.members[key]

    async def play(self) -> None:
        await self._open(ROUNDS, self.stage.place_id, self.keeper, self.began - FIRST_MEALS)
        await self._open((TEA,), self.stage.second_place_id, self.member("leila"), self.began)
        await duties.set_quiet(
            actor=self.member("leila"), place_id=self.stage.second_place_id, quiet=True, now=self.began
        )
        await self._every_week()
        await self._closed_days(self.began + 6 * HOUR)
        for ago in range(WEEKS_GONE, -1, -1):
            at = at_local(self.monday - timedelta(weeks=ago), time(8, 30))
            if at <= self.now:
                await jobs.make_slots(at)
        await jobs.make_slots(self.now)
        rows = await self._slots()
        await self._choose_what_lacks(rows)
        deeds = sorted(self._claims(rows), key=lambda each: each[0])
        for done, (when, deed) in enumerate(deeds):
            await deed(when)
            if done % 25 == 0:
                self.stage.progress("turns", done, len(deeds))
        await self._stories()
        await self._closed_days(self.now)
        self.stage.progress("turns", len(deeds), len(deeds))
        self.stage.deeds["rotas.take_turn"] = self._takes
        self.stage.deeds["rotas.welcome"] = self._welcome
        if len(self.stage.everyone) >= CROWD:
            await add_years(
                place_id=self.stage.place_id,
                duties=[self.duty[each.duty.name] for each in ROUNDS if each.weeks],
                people=self.stage.everyone,
                years=YEARS,
                until=self.began - timedelta(weeks=1),
                chance=self.chance,
                progress=self.stage.progress,
            )

    # ------------------------------------------------------------------------------------------------------- beginning

    async def _open(self, rounds: Sequence[Round], place_id: int, keeper: int, began: datetime) -> None:
        for each in rounds:
            duty_id = await duties.open_duty(actor=keeper, place_id=place_id, duty=each.duty, now=began)
            self.duty[each.duty.name] = duty_id
            for key, teaches in each.can:
                await duties.attest(
                    actor=keeper,
                    duty_id=duty_id,
                    member_id=self.member(key),
                    level=Level.TEACHES if teaches else Level.DOES,
                    now=began,
                )
        for each in rounds:
            for weekdays, starts, ends in each.weeks:
                for weekday in weekdays:
                    await patterns.open_pattern(
                        actor=keeper,
                        duty_id=self.duty[each.duty.name],
                        weekly=Weekly(weekday, starts, ends, local_day(self.began)),
                        people=each.duty.people,
                        room_id=None,
                        now=self.began,
                    )

    async def _every_week(self) -> None:
        for each in ROUNDS:
            for key, weekday in each.every_week:
                found = await run(
                    "select s.id from rota_slot s join rota_pattern p on p.id = s.pattern_id "
                    "where p.duty_id = {} and p.weekday = {} order by s.starts_at limit 1",
                    self.duty[each.duty.name],
                    weekday,
                )
                await weekly.hold_weekly(actor=self.member(key), slot_id=found[0]["id"], now=self.began + 5 * HOUR)

    async def _closed_days(self, at: datetime) -> None:
        """What would be on a day on which the place is closed is off."""
        for first, last in self.stage.closed:
            found = await run(
                "select id from rota_slot where place_id = {} and state = 'open' and starts_at >= {} "
                "and starts_at < {} and ends_at > {} order by id",
                self.stage.place_id,
                at_local(first, time()),
                at_local(last + DAY, time()),
                at,
            )
            for row in found:
                await slots.cancel_slot(actor=self.keeper, slot_id=row["id"], now=at)

    async def _slots(self) -> list[Row]:
        """What is on, but for what is to be called off."""
        rows = await run(
            "select s.id, s.duty_id, s.starts_at, s.ends_at, s.people, s.taken, d.name as duty "
            "from rota_slot s join duty d on d.id = s.duty_id where s.place_id = {} and s.state = 'open' "
            "order by s.starts_at, s.id",
            self.stage.place_id,
        )
        closed = self.stage.closed
        return [row for row in rows if not any(first <= local_day(row["starts_at"]) <= last for first, last in closed)]

    async def _choose_what_lacks(self, rows: Sequence[Row]) -> None:
        """Of the next 48 h, a turn at which nobody is yet; and the next of the keys that nobody has every week."""
        soon = [row for row in rows if self.now + 3 * HOUR < row["starts_at"] and not row["taken"]]
        lacking = [row for row in soon if row["duty"] in (DISHES, COOKING)]
        keys = [row for row in soon if row["duty"] == KEYS and row["starts_at"] > self.now + 3 * DAY]
        self.left_open = {row["id"] for row in (*lacking[:1], *keys[:1])}

    # ------------------------------------------------------------------------------------------------ who takes what

    def _claims(self, rows: Sequence[Row]) -> list[tuple[datetime, Deed]]:
        """Everybody's claims, each at its hour."""
        crews = {self.duty[each.duty.name]: each.crew for each in ROUNDS}
        planned: list[tuple[datetime, Deed]] = []
        for row in rows:
            if row["id"] in self.left_open or row["duty"] == TILL:
                continue
            week = (week_start(local_day(row["starts_at"])) - self.monday).days // 7
            share = GONE if row["ends_at"] <= self.now else LIVELY.get(week, 0.04)
            for _ in range(row["people"] - row["taken"]):
                if self.chance.random() < share:
                    when = self._some_day_before(row["starts_at"])
                    planned.append((when, self._claim(row["id"], self._in_turn(crews[row["duty_id"]]))))
        return planned

    def _in_turn(self, crew: Sequence[str]) -> list[int]:
        """Those of the crew, who do most rather first."""
        keys = sorted(crew, key=lambda key: self.chance.random() * (2 + crew.index(key)))
        return [self.member(key) for key in keys]

    def _some_day_before(self, starts_at: datetime) -> datetime:
        latest = min(self.now, starts_at - 5 * HOUR)
        earliest = max(self.began + DAY, latest - 9 * DAY)
        return earliest + max(latest - earliest, timedelta()) * self.chance.random()

    def _claim(self, slot_id: int, people: Sequence[int]) -> Deed:
        async def claim(at: datetime) -> None:
            for person in people:
                if await self._takes(person, slot_id, at):
                    return

        return claim

    async def _welcome(self, people: Sequence[int], starts_at: datetime, ends_at: datetime, at: datetime) -> bool:
        """Two of these welcome whoever comes to a meal: whether there are two who can."""
        slot_id = await slots.open_slot(
            actor=self.keeper,
            duty_id=self.duty[DOOR],
            starts_at=starts_at,
            ends_at=ends_at,
            people=2,
            room_id=None,
            once=f"welcome-{starts_at:%Y%m%d%H%M}",
            now=at,
        )
        took = 0
        for person in people:
            took += took < 2 and await self._takes(person, slot_id, at)
        return took == 2

    async def _takes(self, member_id: int, slot_id: int, at: datetime) -> bool:
        """Whether they have it now, and had not before: nobody who is busy then, or who has it already, takes it."""
        held = "select 1 as one from rota_holding where slot_id = {} and member_id = {} and went = ''"
        if await run(held, slot_id, member_id):
            return False
        try:
            await claiming.claim(actor=member_id, slot_id=slot_id, sure=True, now=at)
        except Refused:
            return False
        return True

    # --------------------------------------------------------------------------------------------------------- stories

    async def _stories(self) -> None:
        """What goes on just now."""
        await self._samira_washes_up()
        cannot = await self._somebody_cannot_come()
        await self._somebody_would_swap(but=cannot)
        await self._somebody_came_instead()
        await self._somebody_watches()
        await self._a_guest_helps()

    async def _samira_washes_up(self) -> None:
        """She has a turn one of the next days, whatever chance gave her."""
        samira = self.member("samira")
        for row in await self._slots():
            if row["starts_at"] <= self.now + 20 * HOUR or row["duty"] not in (DISHES, COOKING):
                continue
            if row["id"] in self.left_open or row["taken"] >= row["people"]:
                continue
            if await self._takes(samira, row["id"], self.now - 5 * HOUR):
                return

    async def _held(self, name: str, first: datetime) -> list[Row]:
        """Who has which turns of this duty, from then on, the next first."""
        return await run(
            "select s.id, s.starts_at, h.member_id from rota_slot s join rota_holding h on h.slot_id = s.id "
            "where s.duty_id = {} and s.state = 'open' and s.starts_at > {} and h.went = '' and h.came = 'claimed' "
            "and h.member_id <> {} order by s.starts_at, h.id",
            self.duty[name],
            first,
            self.member("samira"),
        )

    async def _somebody_cannot_come(self) -> int:
        """Somebody is looked for in their place. Returns who."""
        (row, *_) = await self._held(MORNING, self.now + 30 * HOUR)
        await giving_up.ask_stand_in(
            actor=row["member_id"],
            slot_id=row["id"],
            member_id=row["member_id"],
            word=CANNOT_WORD,
            now=self.now - 2 * HOUR,
        )
        return int(row["member_id"])

    async def _somebody_would_swap(self, *, but: int) -> None:
        """Of two who cook on different days, one would rather have the other's."""
        cooks = [row for row in await self._held(COOKING, self.now + 30 * HOUR) if row["member_id"] != but]
        for mine in cooks:
            for theirs in cooks:
                if mine["id"] == theirs["id"] or mine["member_id"] == theirs["member_id"]:
                    continue
                try:
                    await giving_up.propose_swap(
                        actor=mine["member_id"],
                        slot_id=mine["id"],
                        member_id=mine["member_id"],
                        wanted_slot_id=theirs["id"],
                        to_member=theirs["member_id"],
                        word=SWAP_WORD,
                        now=self.now - 3 * HOUR,
                    )
                except Refused:  # one of them has both days
                    continue
                return

    async def _somebody_came_instead(self) -> None:
        """Last time somebody could not come, somebody else did."""
        gone = [row for row in await self._held(DISHES, self.began) if row["starts_at"] < self.now - 2 * DAY]
        if not gone:
            return
        row, asked = gone[-1], gone[-1]["starts_at"] - DAY
        swap = await giving_up.ask_stand_in(
            actor=row["member_id"], slot_id=row["id"], member_id=row["member_id"], now=asked
        )
        for key in ("lucie", "boris", "hamid", "julie"):
            try:
                await swapping.settle(actor=self.member(key), swap_id=swap, now=asked + 2 * HOUR)
            except Refused:
                continue
            return

    async def _somebody_watches(self) -> None:
        """Somebody learns the till: last time, and next time."""
        tills = [row for row in await self._slots() if row["duty"] == TILL]
        odile, observer = self.member("odile"), self.member(OBSERVER)
        before = [row for row in tills if row["ends_at"] < self.now and row["taken"]][-1:]
        after = [row for row in tills if row["starts_at"] > self.now + DAY]
        for row in after[:2]:
            if not row["taken"]:
                await self._takes(odile, row["id"], self.now - 4 * HOUR)
        for row in (*before, *[each for each in await self._slots() if each["id"] in {row["id"] for row in after[:2]}]):
            at = min(self.now, row["starts_at"]) - 3 * HOUR
            if row["taken"]:
                try:
                    await claiming.watch(actor=observer, slot_id=row["id"], now=at)
                except Refused:  # they have something else then
                    continue

    async def _a_guest_helps(self) -> None:
        """Somebody without an account washes up."""
        friend = self.member(GUESTS_FRIEND)
        for row in await self._slots():
            free = row["taken"] < row["people"] and row["id"] not in self.left_open
            if free and row["duty"] == DISHES and row["starts_at"] > self.now + DAY:
                await claiming.claim_for_guest(actor=friend, slot_id=row["id"], first_name=GUEST, now=self.now - HOUR)
                return
