"""Three hundred people on forty places, over HTTP: nobody too many, nobody overtaken, nobody told twice.

Each storm is first seen to break the server whose guard it is about was taken away.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.database import run
from tests.client import words
from tests.load.scenes import Scene, form_of, staged, statuses, told
from tests.load.unguarded import LOCK
from tests.servers import Person, Server, at_once, people
from tests.workshops.reads import entry, parts, sign_ups, workshop

pytestmark = pytest.mark.slow

PEOPLE, PLACES = 300, 40
HALF = PEOPLE // 2
"""As many break it where nothing is locked."""
TRIES = 8
"""So often may what goes wrong without a guard go right by chance."""
FIRST = 260
"""So many come at the same moment; each of the others when one more of them has been answered."""


@dataclass(frozen=True)
class Turn:
    """One person's request: when it was sent, when answered, and how."""

    member: int
    asked: float
    answered: float
    answer: httpx.Response


async def rush(scene: Scene, members: list[int], path: str, *, first: int = FIRST) -> list[Turn]:
    """All of them send this form: so many at the same moment, the others on their heels."""
    may_come = asyncio.Semaphore(first)

    async def one(member: int, browser: Person) -> Turn:
        await may_come.acquire()
        asked = time.monotonic()
        answer = await browser.post(path)
        may_come.release()
        return Turn(member, asked, time.monotonic(), answer)

    browsers = zip(members, await scene.browsers(members), strict=True)
    return await asyncio.gather(*[one(member, browser) for member, browser in browsers])


def overtaken(turns: list[Turn], rows: list[dict[str, Any]]) -> tuple[int, int]:
    """How many came after somebody who was answered before they asked, and how many of them rank before that one."""
    number = {row["member_id"]: row["id"] for row in rows}
    answered = sorted(turns, key=lambda turn: turn.answered)
    after = wrong = before = latest = 0
    for turn in sorted(turns, key=lambda turn: turn.asked):
        while before < len(answered) and answered[before].answered < turn.asked:
            latest = max(latest, number[answered[before].member])
            before += 1
        after += before > 0
        wrong += number[turn.member] < latest
    return after, wrong


class TestThreeHundredOnForty:
    async def test_without_the_lock_there_are_more_people_than_places(self, careless: Server) -> None:
        async with people(careless.url, X_Without=LOCK) as crowd:
            scene = await staged(crowd, members=PEOPLE)
            made = await scene.workshop(capacity=PLACES)
            turns = await rush(scene, scene.members[:HALF], f"/ateliers/{made}/inscription", first=30)
        states = Counter(row["state"] for row in await sign_ups(made))
        print(f"without the lock: {states}, {statuses([turn.answer for turn in turns])}")
        assert states["confirmed"] > PLACES

    async def test_forty_have_a_place_and_the_others_wait_in_the_order_of_the_answers(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=PEOPLE)
            made = await scene.workshop(capacity=PLACES)
            began = time.monotonic()
            turns = await rush(scene, scene.members, f"/ateliers/{made}/inscription")
            slowest = max(turn.answered - turn.asked for turn in turns)
            print(f"{PEOPLE} sign-ups in {time.monotonic() - began:.1f} s, the slowest {slowest:.1f} s")
            assert statuses([turn.answer for turn in turns]) == {303: PEOPLE}

            rows = await sign_ups(made)
            assert [row["state"] for row in rows] == ["confirmed"] * PLACES + ["waiting"] * (PEOPLE - PLACES)
            assert sorted(row["member_id"] for row in rows) == sorted(scene.members)
            after, wrong = overtaken(turns, rows)
            assert after >= PEOPLE - FIRST
            assert wrong == 0

            kept = await entry(made) or {}
            assert (kept["taken"], kept["waiting"]) == (PLACES, PEOPLE - PLACES)
            roles = Counter(role for role in (await parts(made)).values())
            assert roles == {"host": 1, "participant": PLACES, "waiting": PEOPLE - PLACES}
            messages = await told(made)
            assert {one: n for one, n in messages.items() if one[1] == "confirmation"} == {
                (row["member_id"], "confirmation"): 1 for row in rows[:PLACES]
            }
            await self.pages_say_the_same(scene, made, [row["member_id"] for row in rows])

    @staticmethod
    async def pages_say_the_same(scene: Scene, made: int, order: list[int]) -> None:
        """What every twentieth reads on the page, from the first to the last."""
        ranks = [*range(0, PEOPLE, 20), PLACES - 1, PLACES, PLACES + 1, PEOPLE - 1]
        browsers = await scene.browsers([order[rank] for rank in dict.fromkeys(ranks)])
        pages = await at_once(browser.get(f"/ateliers/{made}") for browser in browsers)
        for rank, page in zip(dict.fromkeys(ranks), pages, strict=True):
            said = words(page)
            before = rank - PLACES
            if rank < PLACES:
                assert "Tu as ta place" in said
            elif before == 0:
                assert "Tu es en liste d’attente" in said
                assert "avant toi" not in said
            else:
                assert f"Il y a {before} personne{'s' if before > 1 else ''} avant toi." in said


class TestPlacesThatComeAndGo:
    async def full(self, scene: Scene, *, places: int, waiting: int) -> int:
        """A workshop without a free place, and so many who wait."""
        made = await scene.workshop(capacity=places)
        for some in filter(None, (scene.members[:places], scene.members[places : places + waiting])):
            turns = await rush(scene, some, f"/ateliers/{made}/inscription")
            assert statuses([turn.answer for turn in turns]) == {303: len(some)}
        return made

    async def freed(self, scene: Scene, made: int, leaving: list[int]) -> list[str]:
        """These leave at once, each twice; what is not as it should be afterwards."""
        before = await sign_ups(made)
        queue = [row["member_id"] for row in before if row["state"] == "waiting"]
        turns = await rush(scene, leaving * 2, f"/ateliers/{made}/desistement")
        rows = await sign_ups(made)
        states = {row["member_id"]: row["state"] for row in rows}
        faults = []
        if statuses([turn.answer for turn in turns]) != {303: len(leaving) * 2}:
            faults.append(f"answered {statuses([turn.answer for turn in turns])}")
        if any(states[member] != "withdrawn" for member in leaving):
            faults.append("somebody who left is still there")
        offered = [member for member in queue if states[member] == "offered"]
        if offered != queue[: len(leaving)]:
            faults.append(f"{len(offered)} offers for {len(leaving)} places, or not to the first")
        offers = {one: n for one, n in (await told(made)).items() if one[1] == "offer"}
        if offers != {(member, "offer"): 1 for member in queue[: len(leaving)]}:
            faults.append("not one message to each who was offered a place")
        return faults

    async def test_without_the_lock_a_freed_place_goes_astray(self, careless: Server) -> None:
        async with people(careless.url) as crowd:
            scene = await staged(crowd, members=30)
            made = await self.full(scene, places=15, waiting=15)
            crowd.headers["X-Without"] = LOCK
            faults = await self.freed(scene, made, scene.members[:10])
        print(f"without the lock: {faults}")
        assert faults

    async def test_each_freed_place_is_offered_once_to_the_first_who_wait(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=30)
            made = await self.full(scene, places=15, waiting=15)
            assert await self.freed(scene, made, scene.members[:10]) == []

    async def test_without_the_lock_a_room_is_made_smaller_than_who_is_in_it(self, careless: Server) -> None:
        """They have to meet: it is played again until they did."""
        seen = []
        for _ in range(TRIES):
            async with people(careless.url) as crowd:
                scene = await staged(crowd, members=20)
                made = await self.full(scene, places=10, waiting=0)
                await self.resized(scene, made, 20)
                crowd.headers["X-Without"] = LOCK
                await asyncio.gather(
                    rush(scene, scene.members[10:], f"/ateliers/{made}/inscription"),
                    self.resized(scene, made, 12),
                )
            seen.append((len(await sign_ups(made)), (await workshop(made))["capacity"]))
            if seen[-1][0] > seen[-1][1]:
                break
        print(f"without the lock, people and places: {seen}")
        assert seen[-1][0] > seen[-1][1]

    @staticmethod
    async def resized(scene: Scene, made: int, capacity: int) -> httpx.Response:
        (host,) = await scene.browsers(scene.hosts[:1])
        row = await workshop(made)
        return await host.post(f"/ateliers/{made}/modifier", form_of(capacity=capacity, version=row["version"]))

    async def test_all_of_it_at_once_never_exceeds_the_capacity(self, server: Server) -> None:
        """Forty inside, forty waiting; people leave, come, say yes and no, while the host changes his mind."""
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=160)
            made = await self.full(scene, places=PLACES, waiting=40)
            path = f"/ateliers/{made}"
            answers: list[httpx.Response] = []
            resized: Counter[tuple[int, int]] = Counter()
            seen: list[int] = []
            over = asyncio.Event()

            async def watch() -> None:
                """Nobody ever sees more people than places."""
                while not over.is_set():
                    (row,) = await run(
                        "select capacity, (select count(*) from sign_up s where s.workshop_id = w.id "
                        "and s.state in ('confirmed', 'offered')) as taken from workshop w where w.id = {}",
                        made,
                    )
                    assert row["taken"] <= row["capacity"]
                    seen.append(row["taken"])
                    await asyncio.sleep(0.01)

            async def resize() -> None:
                for capacity in (45, 30, 50, 41, 48, 39, 52):
                    answer = await self.resized(scene, made, capacity)
                    resized[capacity, answer.status_code] += 1

            async def say(members: list[int], yes: bool) -> None:
                for browser in await scene.browsers(members):
                    form = {"answer": "yes" if yes else "no"}
                    answers.extend(await at_once([browser.post(f"{path}/reponse", form) for _ in range(2)]))

            async def storm(leave: list[int], come: list[int]) -> None:
                offered = [row["member_id"] for row in await sign_ups(made) if row["state"] == "offered"]
                turns = await asyncio.gather(
                    rush(scene, leave * 2, f"{path}/desistement", first=15),
                    rush(scene, come * 2, f"{path}/inscription", first=15),
                )
                answers.extend(turn.answer for each in turns for turn in each)
                await asyncio.gather(say(offered[::2], True), say(offered[1::2], False))

            async def storms() -> None:
                for number in range(3):
                    inside, newcomers = scene.members[number * 10 : number * 10 + 10], 80 + 20 * number
                    await storm(inside, scene.members[newcomers : newcomers + 20])
                    await asyncio.sleep(0.2)

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(watch())
                await asyncio.gather(storms(), resize())
                over.set()

            assert statuses(answers)[303] >= len(answers) * 0.9
            assert set(statuses(answers)) <= {303, 409}, "409: an offer that was not there any more"
            assert {status for _, status in resized} <= {303, 422}
            assert resized[52, 303] == 1
            assert len(set(seen)) > 3, "nothing was watched"
            await self.settled(made)

    @staticmethod
    async def settled(made: int) -> None:
        row, rows, kept = await workshop(made), await sign_ups(made), await entry(made) or {}
        inside = [each for each in rows if each["state"] in ("confirmed", "offered")]
        waiting = [each for each in rows if each["state"] == "waiting"]
        assert len(inside) <= row["capacity"]
        assert len(inside) == row["capacity"] or not waiting, "a free place is kept from those who wait"
        assert (kept["seats"], kept["taken"], kept["waiting"]) == (row["capacity"], len(inside), len(waiting))
        asked = [each for each in rows if each["offered_at"] is not None]
        assert len(asked) >= 30
        assert not waiting or max(each["id"] for each in asked) < waiting[0]["id"], "somebody was overtaken"
        offers = {member: n for (member, kind), n in (await told(made)).items() if kind == "offer"}
        assert offers == Counter(each["member_id"] for each in asked), "one message for each offer"
        roles = {member: role for member, role in (await parts(made)).items() if role != "host"}
        assert roles == {
            each["member_id"]: "participant" if each["state"] == "confirmed" else each["state"]
            for each in [*inside, *waiting]
        }
