"""A town whose people sign up, give places back and propose, all at once, while the server fails under them.

`Storm` remembers what each was told, and `wrongs` says what of it the database does not bear out. An act that got no
answer may be there or not; whoever got none does it again, as people do, and is told in the end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from app import clock
from app.database import close_database, connect, open_database, run, transaction
from app.identity.states import Act
from tests.factories import make_grant, make_member, make_place, make_workshop
from tests.servers import People, Person

CAPACITY = 8
SOMETIMES = 4
"""Each so many of a proposer's turns is a proposal."""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[None]:
    """The database, in this process, no longer than needed: a server that dies must mend it by itself."""
    connect(url)
    await open_database(min_size=0)
    try:
        yield
    finally:
        await close_database()


@dataclass
class Actor:
    """One person of the storm, and what they know."""

    person: Person
    member: int
    proposes: bool
    signed_up: int = 0
    """How many times they were told that they are in."""
    is_in: bool = False
    """Whether they were told so last."""
    in_doubt: str = ""
    """The act that was not acknowledged: `in`, `out`, or the title of a proposal…"""
    refused: bool = False
    """…because each answer was that nothing was written down."""
    unanswered: bool = False
    proposed: list[str] = field(default_factory=list)
    turns: int = 0


class Town:
    """A workshop with fewer places than people, who are all signed in."""

    def __init__(self, url: str, place: int, workshop: int, members: list[int]) -> None:
        self.url = url
        self.place = place
        self.workshop = workshop
        self.members = members


async def make_town(url: str, *, people: int = 24, capacity: int = CAPACITY) -> Town:
    """In an empty, migrated database, such that `reseau doctor` has nothing to say against it."""
    now = clock.now()
    async with opened(url), transaction():
        place = await make_place(now=now)
        host, bruno, _ = [await make_member(place_id=place, mediator=number > 0, now=now) for number in range(3)]
        for act in (Act.SAY_YES, Act.KEEP_PLACE, Act.KEEP_ACCOUNTS):
            await make_grant(member_id=host, place_id=place, act=act, from_at=now)
        members = [await make_member(place_id=place, now=now) for _ in range(people)]
    async with opened(url):
        workshop = await make_workshop(
            place_id=place,
            host=host,
            mediator=bruno,
            now=now,
            starts_at=now + timedelta(days=10),
            capacity=capacity,
        )
    return Town(url, place, workshop, members)


class Storm:
    """Everybody acts, again and again, until it is over. Opened with `async with`."""

    def __init__(self, town: Town, people: People) -> None:
        self.town = town
        self.people = people
        self.actors: list[Actor] = []
        self.acknowledged = 0
        self.answers: Counter[int] = Counter()
        """How often each status came; 0 for none at all."""
        self.refusals: list[httpx.Response] = []
        """What came instead of 303."""
        self.slowest = 0.0
        self._may_go = asyncio.Event()
        self._may_go.set()
        self._waiting = 0
        self._over = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Storm:
        async with opened(self.town.url):
            persons = await self.people.signed_in(self.town.members, place_id=self.town.place)
        self.actors = [
            Actor(person, member, proposes=number % 4 == 0)
            for number, (person, member) in enumerate(zip(persons, self.town.members, strict=True))
        ]
        self._tasks = [asyncio.create_task(self._acts(actor)) for actor in self.actors]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def end(self) -> None:
        """Let everybody finish what they are at."""
        self._over = True
        self._may_go.set()
        await asyncio.gather(*self._tasks)

    async def pause(self) -> None:
        """Nobody begins anything more; returns when nothing is under way."""
        self._may_go.clear()
        async with asyncio.timeout(60):
            while self._waiting < sum(not task.done() for task in self._tasks):
                await asyncio.sleep(0.005)

    def go_on(self) -> None:
        self._may_go.set()

    async def until_acknowledged(self, more: int, seconds: float = 60) -> None:
        """Wait until so many more acts were acknowledged."""
        goal = self.acknowledged + more
        async with asyncio.timeout(seconds):
            while self.acknowledged < goal:
                await asyncio.sleep(0.005)

    async def _acts(self, actor: Actor) -> None:
        while True:
            self._waiting += 1
            await self._may_go.wait()
            self._waiting -= 1
            if self._over:
                return
            await self._one_act(actor)

    async def _one_act(self, actor: Actor) -> None:
        act = actor.in_doubt or self._next(actor)
        actor.in_doubt, actor.refused = act, False
        began = asyncio.get_running_loop().time()
        try:
            answer = await self._sent(actor, act)
        except httpx.TransportError:
            self.answers[0] += 1
            actor.unanswered = True
            await asyncio.sleep(0.02)
            return
        finally:
            self.slowest = max(self.slowest, asyncio.get_running_loop().time() - began)
        self.answers[answer.status_code] += 1
        if answer.status_code != 303:
            self.refusals.append(answer)
            if "Rien n’a été enregistré" not in answer.text:
                actor.unanswered = True
            actor.refused = not actor.unanswered
            await asyncio.sleep(0.02)
            return
        self.acknowledged += 1
        actor.in_doubt, actor.unanswered = "", False
        if act == "in":
            actor.signed_up += 1
            actor.is_in = True
        elif act == "out":
            actor.is_in = False
        else:
            actor.proposed.append(act)

    def _next(self, actor: Actor) -> str:
        actor.turns += 1
        if actor.proposes and actor.turns % SOMETIMES == 0:
            return f"Idée {actor.member} {actor.turns}"
        return "out" if actor.is_in else "in"

    async def _sent(self, actor: Actor, act: str) -> httpx.Response:
        if act == "in":
            return await actor.person.post(f"/ateliers/{self.town.workshop}/inscription")
        if act == "out":
            return await actor.person.post(f"/ateliers/{self.town.workshop}/desistement")
        return await actor.person.post("/ateliers", a_form(act, day=20 + len(actor.proposed)))

    # -------------------------------------------------------------------------------------------------- what was told

    def told(self) -> Told:
        """What was acknowledged up to now. « Rien n’a été enregistré » leaves no doubt."""
        return Told(
            {actor.member: actor.signed_up for actor in self.actors},
            {actor.member: actor.is_in for actor in self.actors},
            {actor.member: "" if actor.refused else actor.in_doubt for actor in self.actors},
            {title for actor in self.actors for title in actor.proposed},
        )


def a_form(title: str, *, day: int) -> dict[str, str]:
    """A proposal for the day in so many days; its title tells it from others."""
    return {
        "title": title,
        "format": "libre",
        "summary": "On verra bien.",
        "day": f"{clock.local(clock.now() + timedelta(days=day)):%Y-%m-%d}",
        "from": "14:00",
        "to": "15:00",
        "capacity": "6",
        "once": title,
    }


@dataclass(frozen=True)
class Told:
    """What people were told, at one moment."""

    signed_up: dict[int, int]
    is_in: dict[int, bool]
    in_doubt: dict[int, str]
    proposed: set[str]


@dataclass(frozen=True)
class Found:
    """What the database holds of it."""

    rows: dict[int, list[str]]
    """Of each member, the states of the sign-ups, oldest first."""
    titles: Counter[str]
    taken: int
    capacity: int
    entry: tuple[int, int]
    """How many places are taken and how many wait, as the agenda has it."""


async def look(town: Town) -> Found:
    """Open the database and read. Nobody may be acting."""
    async with opened(town.url):
        rows: dict[int, list[str]] = {member: [] for member in town.members}
        for row in await run(
            "select member_id, state from sign_up where workshop_id = {} and member_id is not null order by id",
            town.workshop,
        ):
            rows[row["member_id"]].append(row["state"])
        titles = Counter(str(row["title"]) for row in await run("select title from workshop"))
        (workshop,) = await run("select capacity from workshop where id = {}", town.workshop)
        (entry,) = await run(
            "select taken, waiting from entry where kind = 'workshop' and thing_id = {}", town.workshop
        )
    states = Counter(state for each in rows.values() for state in each)
    return Found(
        rows,
        titles,
        states["confirmed"] + states["offered"],
        int(workshop["capacity"]),
        (int(entry["taken"]), int(entry["waiting"])),
    )


ENDED = {"withdrawn", "lapsed"}


def wrongs(told: Told, found: Found) -> list[str]:
    """What the database does not bear out of what people were told; empty when all is well."""
    wrong = []
    for member, states in found.rows.items():
        doubt = told.in_doubt[member]
        many, most = told.signed_up[member], told.signed_up[member] + (doubt == "in")
        if not many <= len(states) <= most:
            wrong.append(f"{member} was told {many} to {most} times to be in, and there are {len(states)}")
        now_in = bool(states) and states[-1] not in ENDED
        if doubt not in ("in", "out") and now_in is not told.is_in[member]:
            wrong.append(f"{member} was told in={told.is_in[member]}, and is {states[-1:]}")
        if any(state not in ENDED for state in states[:-1]):
            wrong.append(f"{member} is there twice: {states}")
    doubtful = set(told.in_doubt.values())
    wrong += [f"« {title} » was acknowledged and is not there" for title in told.proposed - set(found.titles)]
    wrong += [f"« {title} » is there {many} times" for title, many in found.titles.items() if many > 1]
    wrong += [
        f"« {title} » is there, and nobody sent it"
        for title in found.titles
        if title.startswith("Idée") and title not in told.proposed | doubtful
    ]
    if found.taken > found.capacity:
        wrong.append(f"{found.taken} have one of {found.capacity} places")
    waiting = sum(state == "waiting" for states in found.rows.values() for state in states)
    if found.entry != (found.taken, waiting):
        wrong.append(f"the agenda says {found.entry}, the list {(found.taken, waiting)}")
    return wrong


def floor(told: Told, found: Found) -> list[str]:
    """What is missing of what had been told before, in a state that may be later than that."""
    missing = [
        f"{member} had signed up {many} times, and there are {len(found.rows[member])}"
        for member, many in told.signed_up.items()
        if len(found.rows[member]) < many
    ]
    return missing + [f"« {title} » is missing" for title in told.proposed - set(found.titles)]
