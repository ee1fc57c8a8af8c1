"""Two who decide, or claim, at the same moment: one stands, the other is told why not.

Each is first seen to go to both where nothing is locked and nobody looks at versions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from app.database import run
from tests.client import words
from tests.load.scenes import Scene, form_of, in_ten_days, staged, told
from tests.load.unguarded import LOCK, VERSION
from tests.servers import People, Server, at_once, people
from tests.workshops.reads import journal

pytestmark = pytest.mark.slow

ROUNDS = 5


@dataclass
class Outcome:
    """What two at once came to."""

    answers: Sequence[httpx.Response]
    stand: int
    """How many of the two stand in the database."""
    loser: int = 409
    """The status of the one who is told no; 303 where both are well, but one has less."""
    sentence: str = ""
    wrong: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        found = list(self.wrong)
        statuses = sorted(answer.status_code for answer in self.answers)
        if statuses != [303, self.loser]:
            found.append(f"answered {statuses}")
        elif self.loser != 303:
            (told_no,) = (answer for answer in self.answers if answer.status_code == self.loser)
            if self.sentence not in words(told_no):
                found.append(f"not told « {self.sentence} »")
        if self.stand != 1:
            found.append(f"{self.stand} stand")
        return found


async def two_mediators(scene: Scene, other: str) -> Outcome:
    made = await scene.proposal()
    approve = {"decision": "approve", "version": "1"}
    second = approve if other == "approve" else {**approve, "decision": other, "reason": "Non.", "way_out": "Oui."}
    browsers = await scene.browsers(scene.mediators)
    path = f"/mediation/ateliers/{made}"
    answers = await at_once([browsers[0].post(path, approve), browsers[1].post(path, second)])
    lines, messages = await journal(made), await told(made)
    wrong = [] if messages == {(scene.hosts[0], "hosting"): 1} else [f"told {dict(messages)}"]
    return Outcome(answers, len(lines), sentence="C’est déjà réglé : quelqu’un a répondu avant toi.", wrong=wrong)


async def both_approve(scene: Scene) -> Outcome:
    return await two_mediators(scene, "approve")


async def one_approves_and_one_sends_back(scene: Scene) -> Outcome:
    return await two_mediators(scene, "send_back")


async def one_room(scene: Scene) -> Outcome:
    """Two propose for the same room at the same hour."""
    browsers = await scene.browsers(scene.hosts[:2])
    answers = await at_once(browser.post("/ateliers", form_of(room=scene.room, once="a")) for browser in browsers)
    rows = await run("select id from entry where room_id = {}", scene.room)
    return Outcome(answers, len(rows), loser=422, sentence="Quelqu’un a déjà la salle à ce moment-là : Salon")


async def one_room_that_comes_free(scene: Scene) -> Outcome:
    """Two who wished for the room that a third had are published at the same moment, by two mediators."""
    third = await scene.proposal(2, room_id=scene.room)
    wishes = [await scene.proposal(host, room_id=scene.room, keep_room_wish=True) for host in (0, 1)]
    (leaving,) = await scene.browsers(scene.hosts[2:])
    leaving.people = scene.calm
    assert (await leaving.post(f"/ateliers/{third}/retrait")).status_code == 303
    form = {"decision": "approve", "version": "1"}
    deciding = zip(await scene.browsers(scene.mediators), wishes, strict=True)
    answers = await at_once([browser.post(f"/mediation/ateliers/{made}", form) for browser, made in deciding])
    rows = await run("select state, room_id from workshop where place_id = {} and state = 'published'", scene.place)
    wrong = [] if len(rows) == 2 else [f"{len(rows)} were published"]
    return Outcome(answers, sum(row["room_id"] is not None for row in rows), loser=303, wrong=wrong)


async def one_person(scene: Scene) -> Outcome:
    """One proposes two that overlap, from two windows."""
    (browser,) = await scene.browsers(scene.hosts[:1])
    forms = [form_of(in_ten_days(hour), once=f"{hour}") for hour in (14, 15)]
    answers = await at_once(browser.post("/ateliers", form) for form in forms)
    rows = await run("select id from taking_part where member_id = {}", scene.hosts[0])
    return Outcome(answers, len(rows), loser=422, sentence="Ce n’est pas possible à ce moment-là : tu as déjà")


async def one_guest_of_two_teams(scene: Scene) -> Outcome:
    """One says yes to two invitations that overlap."""
    invited = scene.members[0]
    made = [await scene.proposal(host, cohost_ids=(invited,)) for host in (0, 1)]
    (browser,) = await scene.browsers([invited])
    answers = await at_once(browser.post(f"/ateliers/{each}/invitation", {"answer": "yes"}) for each in made)
    rows = await run("select id from taking_part where member_id = {}", invited)
    return Outcome(answers, len(rows), sentence="Ce n’est pas possible à ce moment-là : tu as déjà")


CASES = [
    both_approve,
    one_approves_and_one_sends_back,
    one_room,
    one_room_that_comes_free,
    one_person,
    one_guest_of_two_teams,
]


async def rounds(crowd: People, calm: People, case: Callable[[Scene], Awaitable[Outcome]]) -> list[list[str]]:
    found = []
    for _ in range(ROUNDS):
        outcome = await case(await staged(crowd, members=1, hosts=3, calm=calm))
        found.append(outcome.faults())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_without_the_guards_it_goes_to_both(
    careless: Server, case: Callable[[Scene], Awaitable[Outcome]]
) -> None:
    async with people(careless.url, X_Without=f"{LOCK} {VERSION}") as crowd, people(careless.url) as calm:
        found = await rounds(crowd, calm, case)
    print(f"without the guards, {case.__name__}: {found}")
    assert any("2 stand" in faults for faults in found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_one_stands_and_the_other_is_told(server: Server, case: Callable[[Scene], Awaitable[Outcome]]) -> None:
    async with people(server.url) as crowd:
        assert await rounds(crowd, crowd, case) == [[]] * ROUNDS
