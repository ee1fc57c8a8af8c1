"""Three hundred people at forty seats, over HTTP: nobody without a chair, nobody overtaken, nobody told twice.

Each storm is first seen to break the server whose lock was taken away. What must hold whatever people do is asked of
`tests.meals.laws`; the same commands raced in one process are in `tests/meals/test_races.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import httpx
import pytest

from app import clock
from app.database import run
from app.errors import DatabaseHeld
from meals import jobs
from tests.client import words
from tests.load.meals import (
    LIVE,
    Ask,
    a_booking,
    a_meal,
    offers,
    resized,
    rush,
    seats_of,
    time_is_up,
    told_of,
    who_sits,
)
from tests.load.scenes import Scene, staged, statuses
from tests.load.test_places import FIRST, TRIES, overtaken
from tests.load.unguarded import LOCK
from tests.meals.laws import one_message_a_promotion, seats_agree, the_pot_agrees
from tests.meals.reads import all_parts, bookings, counts, meal
from tests.servers import Server, at_once, people

pytestmark = pytest.mark.slow

PEOPLE, SEATS = 300, 40


def party(number: int) -> tuple[int, bool]:
    """How many come with the person of this number, who included, and whether they come together or not at all."""
    return 1 + number % 3, number % 3 > 0 and number % 5 == 0


def booking_of(meal_id: int, member: int, number: int, **form: object) -> Ask:
    """The form of that person."""
    seats, together = party(number)
    return a_booking(meal_id, member, seats=seats, **({"together": 1} if together else {}), **form)


async def everything_agrees(scene: Scene, meal_id: int) -> None:
    """The laws, whatever people have done."""
    await seats_agree(meal_id, now=clock.now())
    await the_pot_agrees(scene.place)
    await one_message_a_promotion(meal_id)


class TestThreeHundredAtFortySeats:
    async def test_without_the_lock_there_are_more_people_than_seats(self, careless: Server) -> None:
        async with people(careless.url, X_Without=LOCK) as crowd:
            scene = await staged(crowd, members=60)
            made = await a_meal(scene, seats=SEATS)
            asks = [booking_of(made, member, number) for number, member in enumerate(scene.members)]
            turns = await rush(scene, asks, first=40)
        taken = await seats_of(made, "confirmed")
        print(f"without the lock: {taken} at {SEATS} seats, {statuses([turn.answer for turn in turns])}")
        assert taken > SEATS

    async def test_all_forty_are_taken_and_the_others_wait_in_the_order_of_the_answers(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=PEOPLE)
            made = await a_meal(scene, seats=SEATS)
            numbers = {member: number for number, member in enumerate(scene.members)}
            began = time.monotonic()
            turns = await rush(scene, [booking_of(made, member, number) for member, number in numbers.items()])
            slowest = max(turn.answered - turn.asked for turn in turns)
            print(f"{PEOPLE} bookings in {time.monotonic() - began:.1f} s, the slowest {slowest:.1f} s")
            assert statuses([turn.answer for turn in turns]) == {303: PEOPLE}

            rows = await bookings(made)
            order = [row["member_id"] for row in rows]
            assert sorted(order) == sorted(scene.members)
            after, wrong = overtaken(turns, rows)
            assert after >= PEOPLE - FIRST
            assert wrong == 0
            went_to = {turn.member: turn.answer.headers["location"] for turn in turns}
            assert went_to == {row["member_id"]: f"/reservations/{row['id']}" for row in rows}

            sits = list((await who_sits(made)).values())
            assert sits == as_they_came([party(numbers[member]) for member in order])
            wished = sum(party(number)[0] for number in numbers.values())
            assert await counts(made) == (SEATS, wished - SEATS)
            told = await told_of(made)
            inside = [member for member, states in zip(order, sits, strict=True) if "confirmed" in states]
            assert told == {(member, "confirmation"): 1 for member in inside}
            await everything_agrees(scene, made)

            member_of = {row["id"]: row["member_id"] for row in rows}
            waiting = [part for part in await all_parts(made) if part["state"] == "waiting"]
            queue = [part["booking_id"] for part in sorted(waiting, key=lambda part: part["queue"])]
            assert queue == sorted(queue), "who came first waits first"
            await self.tickets_say_the_same(scene, [(member_of[one], one) for one in queue])

    @staticmethod
    async def tickets_say_the_same(scene: Scene, queue: Sequence[tuple[int, int]]) -> None:
        """What every twentieth of the list reads on the ticket, and the first, and the last: no rank is left out."""
        ranks = sorted({0, 1, 2, *range(0, len(queue), 20), len(queue) - 1})
        browsers = await scene.browsers([queue[rank][0] for rank in ranks])
        asked = zip(browsers, ranks, strict=True)
        tickets = await at_once(browser.get(f"/reservations/{queue[rank][1]}") for browser, rank in asked)
        for rank, ticket in zip(ranks, tickets, strict=True):
            if rank == 0:
                assert "Tu es en tête de la liste." in words(ticket)
            else:
                assert f"Il y a {rank} réservation{'s' if rank > 1 else ''} avant toi." in words(ticket)


def as_they_came(parties: Sequence[tuple[int, bool]]) -> list[dict[str, int]]:
    """How each of these sits, or waits, when they are let in one after the other: said here once more."""
    free, found = SEATS, []
    for seats, together in parties:
        inside = min(seats, free) if not together or seats <= free else 0
        free -= inside
        found.append({state: n for state, n in (("confirmed", inside), ("waiting", seats - inside)) if n})
    return found


class TestSeatsThatComeAndGo:
    async def full(self, scene: Scene, *, seats: int, waiting: int) -> int:
        """A meal without a free seat, and so many who wait for one."""
        made = await a_meal(scene, seats=seats)
        for some in filter(None, (scene.members[:seats], scene.members[seats : seats + waiting])):
            turns = await rush(scene, [a_booking(made, member, give=1) for member in some])
            assert statuses([turn.answer for turn in turns]) == {303: len(some)}
        return made

    async def freed(self, scene: Scene, made: int, leaving: Sequence[int]) -> list[str]:
        """These give their seat back at once, each twice; what is not as it should be afterwards."""
        booked = {row["member_id"]: row["id"] for row in await bookings(made)}
        queue = [member for member, mine in booked.items() if "waiting" in (await who_sits(made))[mine]]
        asks = [Ask(member, f"/reservations/{booked[member]}/annulation", {"once": f"{member}"}) for member in leaving]
        answers = [turn.answer for turn in await rush(scene, asks * 2)]
        sits = await who_sits(made)
        found = []
        if statuses(answers) != {303: len(answers)}:
            found.append(f"answered {statuses(answers)}")
        if any(sits[booked[member]] != {"cancelled": 1} for member in leaving):
            found.append("somebody who left is still there")
        first = queue[: len(leaving)]
        kept_for = {one: n for one, n in (await told_of(made)).items() if one[1] == "offer"}
        if [member for member in queue if sits[booked[member]] == {"offered": 1}] != first:
            found.append("not as many offers as seats, or not to the first")
        if kept_for != {(member, "offer"): 1 for member in first}:
            found.append("not one message to each for whom a seat is kept")
        try:
            await everything_agrees(scene, made)
        except AssertionError as broken:
            found.append(f"a law is broken: {str(broken).partition(chr(10))[0]}")
        return found

    async def test_without_the_lock_a_freed_seat_goes_astray(self, careless: Server) -> None:
        async with people(careless.url) as crowd:
            scene = await staged(crowd, members=30)
            made = await self.full(scene, seats=15, waiting=15)
            crowd.headers["X-Without"] = LOCK
            found = await self.freed(scene, made, scene.members[:10])
        print(f"without the lock: {found}")
        assert found

    async def test_each_freed_seat_is_offered_once_to_the_first_who_wait(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=30)
            made = await self.full(scene, seats=15, waiting=15)
            assert await self.freed(scene, made, scene.members[:10]) == []

    async def fewer(self, scene: Scene, *headers: str) -> int:
        """Ten at twenty seats; ten more come while their opener says that there are twelve. The meal."""
        made = await self.full(scene, seats=10, waiting=0)
        assert (await resized(scene, made, 20)).status_code == 303
        scene.people.headers.update(dict.fromkeys(headers, LOCK))
        turns, answer = await asyncio.gather(
            rush(scene, [a_booking(made, member) for member in scene.members[10:]]), resized(scene, made, 12)
        )
        print(f"twelve seats: {answer.status_code}; {statuses([turn.answer for turn in turns])}")
        return made

    async def test_without_the_lock_there_are_fewer_seats_than_are_taken(self, careless: Server) -> None:
        """They have to meet: it is played again until they did."""
        seen = []
        for _ in range(TRIES):
            async with people(careless.url) as crowd:
                made = await self.fewer(await staged(crowd, members=20), "X-Without")
            seen.append((await seats_of(made, "confirmed"), (await meal(made))["seats"]))
            if seen[-1][0] > seen[-1][1]:
                break
        print(f"without the lock, people and seats: {seen}")
        assert seen[-1][0] > seen[-1][1]

    async def test_there_are_never_fewer_seats_than_are_taken(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=20)
            made = await self.fewer(scene)
            assert (await meal(made))["seats"] in (12, 20)
            await everything_agrees(scene, made)


class TestAllOfItAtOnce:
    async def test_without_the_lock_it_is_seen_at_once(self, careless: Server) -> None:
        async with people(careless.url, X_Without=LOCK) as crowd:
            storm = Mixed(await staged(crowd, members=PEOPLE))
            with pytest.raises(ExceptionGroup) as broken:
                await storm.blow()
        print(f"without the lock: {broken.value.exceptions}")
        assert broken.group_contains(AssertionError)

    async def test_it_never_has_more_people_than_seats_and_keeps_the_laws(self, server: Server) -> None:
        """People come, leave, give one seat back, ask for one more, say yes, no or nothing; its opener changes the
        number of seats; the jobs of two programs run."""
        async with people(server.url) as crowd:
            storm = Mixed(await staged(crowd, members=PEOPLE))
            await storm.blow()
            await storm.settled()
        assert [line for line in server.lines() if line["level"] == "ERROR"] == []


class Mixed:
    """The storm of everything, and what it must come to."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.meal = 0
        self.asked: dict[int, int] = {}
        """For how many seats each member has asked so far."""
        self.answers: list[httpx.Response] = []
        self.resized: Counter[tuple[int, int]] = Counter()
        self.seen: list[int] = []
        self.over = asyncio.Event()

    async def blow(self) -> None:
        began = time.monotonic()
        self.meal = await a_meal(self.scene, seats=60)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watch())
            tasks.create_task(self.run_jobs())
            try:
                # Sixty seats become forty while the first come, who sit on thirty.
                await asyncio.gather(self.come(0, 15), self.resize(SEATS))
                await self.come(15, 100)
                await asyncio.gather(self.waves(), self.resize(45, 30, 50, 41, 48, 39, 52))
            finally:
                self.over.set()
        print(f"{len(self.answers)} answers in {time.monotonic() - began:.1f} s: {dict(statuses(self.answers))}")
        print(f"seats: {dict(self.resized)}, {len(self.seen)} looks")

    async def waves(self) -> None:
        """Each time ten leave, ten more give one back, ten ask for one more, and sixty-six come."""
        for number in range(3):
            start = 30 * number
            await asyncio.gather(
                self.leave(start, start + 10),
                self.give_one_back(start + 10, start + 20),
                self.ask_for_one_more(start + 20, start + 30),
                self.come(100 + 66 * number, 166 + 66 * number),
                self.answer_offers(),
            )
            await asyncio.gather(self.answer_offers(), self.answer_offers())

    # ------------------------------------------------------------------------------------------------------- who does

    async def send(self, asks: Sequence[Ask]) -> dict[int, set[int]]:
        """Each form twice, some at a time; how each member was answered."""
        turns = await rush(self.scene, [*asks, *asks], first=15)
        self.answers += [turn.answer for turn in turns]
        found: dict[int, set[int]] = {}
        for turn in turns:
            found.setdefault(turn.member, set()).add(turn.answer.status_code)
        return found

    async def come(self, start: int, stop: int) -> None:
        asks = []
        for number in range(start, stop):
            member = self.scene.members[number]
            self.asked[member] = party(number)[0]
            pot = {"take": 1} if number % 7 == 0 else {"give": number % 2}
            asks.append(booking_of(self.meal, member, number, **pot))
        await self.send(asks)

    async def booked(self, start: int, stop: int) -> list[tuple[int, int, int]]:
        """Members, their bookings, and how many seats of each stand."""
        members = {member: number for number, member in enumerate(self.scene.members[start:stop])}
        sits = await who_sits(self.meal)
        mine = {row["member_id"]: row["id"] for row in await bookings(self.meal) if row["member_id"] in members}
        return [(member, one, sum(sits[one].get(state, 0) for state in LIVE)) for member, one in mine.items()]

    async def leave(self, start: int, stop: int) -> None:
        await self.send(
            [Ask(member, f"/reservations/{one}/annulation") for member, one, _ in await self.booked(start, stop)]
        )

    async def give_one_back(self, start: int, stop: int) -> None:
        asks = []
        for member, one, had in await self.booked(start, stop):
            form = {"seats": "1", "had": f"{had}", "once": f"less-{one}"}
            asks.append(Ask(member, f"/reservations/{one}/annulation", form))
        await self.send(asks)

    async def ask_for_one_more(self, start: int, stop: int) -> None:
        """Those who do not come together: of them, who waits for more waits anew for all."""
        asks = []
        for member, one, had in await self.booked(start, stop):
            if not party(self.scene.members.index(member))[1]:
                form = {"seats": "1", "had": f"{had}", "once": f"more-{one}"}
                asks.append(Ask(member, f"/reservations/{one}/places", form))
        for member, answered in (await self.send(asks)).items():
            assert len(answered) == 1, "the same form is answered alike"
            self.asked[member] += 303 in answered

    async def answer_offers(self) -> None:
        """A third says yes, a third no, a third nothing until it is too late."""
        kept = await offers(self.meal)
        await self.send([*(offer.answer(True) for offer in kept[::3]), *(offer.answer(False) for offer in kept[1::3])])
        with suppress(DatabaseHeld):  # others write: they stay open
            await time_is_up(self.meal, [offer.member for offer in kept[2::3]])

    async def resize(self, *numbers: int) -> None:
        for seats in numbers:
            answer = await resized(self.scene, self.meal, seats)
            self.resized[seats, answer.status_code] += 1

    async def run_jobs(self) -> None:
        """In this program, beside those of the server."""
        while not self.over.is_set():
            await do_jobs()
            await asyncio.sleep(0.1)

    async def watch(self) -> None:
        """Nobody ever sees more people than seats, or another number than that of the parts."""
        while not self.over.is_set():
            (row,) = await run(
                "select seats, taken, waiting, "
                "(select coalesce(sum(p.seats), 0) from booking_part p where p.meal_id = m.id "
                "and p.state in ('confirmed', 'offered')) as sits, "
                "(select coalesce(sum(p.seats), 0) from booking_part p where p.meal_id = m.id "
                "and p.state = 'waiting') as waits from meal m where m.id = {}",
                self.meal,
            )
            assert row["sits"] <= row["seats"]
            assert (row["taken"], row["waiting"]) == (row["sits"], row["waits"])
            self.seen.append(row["sits"])
            await asyncio.sleep(0.01)

    # ------------------------------------------------------------------------------------------------ what it comes to

    async def settled(self) -> None:
        assert set(statuses(self.answers)) <= {303, 409}, "409: an offer, or seats, that were not there any more"
        assert statuses(self.answers)[303] >= len(self.answers) * 0.75
        assert {status for _, status in self.resized} <= {303, 422}
        assert self.resized[SEATS, 303] == 1, "while people came there were fewer seats"
        assert self.resized[52, 303] == 1
        assert any(status == 422 for _, status in self.resized), "fewer than are taken are refused"
        assert len(set(self.seen)) > 3, "nothing was watched"

        await do_jobs()
        row, sits = await meal(self.meal), await who_sits(self.meal)
        assert row["taken"] == row["seats"] == 52, "a seat is kept from those who wait"
        await everything_agrees(self.scene, self.meal)
        parts = await all_parts(self.meal)
        offered = [part for part in parts if part["offered_at"] is not None]
        became = Counter(part["state"] for part in offered)
        print(f"offered: {dict(became)}")
        assert len(offered) >= 30
        assert {"confirmed", "cancelled", "lapsed"} <= set(became), "offers were answered, and left"
        for mine in await bookings(self.meal):
            states = sits[mine["id"]]
            assert sum(states.values()) == self.asked[mine["member_id"]], "a seat that nobody asked for, or one lost"
            if mine["together"]:
                assert len({*LIVE} & {*states}) <= 1, "those who come together are parted"


async def do_jobs() -> None:
    """What the clock does about meals that are to come."""
    for job in (jobs.close_due, jobs.lapse_offers, jobs.team_seats, jobs.end_lists):
        with suppress(DatabaseHeld):  # others write: done the next time
            await job(clock.now())
