"""Twenty times the same form at the same moment, as an impatient thumb sends it: one effect, and the same answer.

Each is first seen to have more than one effect, or to fail, where nothing is locked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest

from app.database import run
from app.identity.throttle import MAIL
from tests.load.scenes import Scene, form_of, staged, statuses, told
from tests.load.unguarded import LOCK, VERSION
from tests.servers import People, Person, Server, at_once, people
from tests.workshops.reads import journal, sign_ups, state

pytestmark = pytest.mark.slow

TIMES = 20


@dataclass(frozen=True)
class Deed:
    """Who sends what where, and what must be so afterwards."""

    browser: Person
    path: str
    form: Mapping[str, str]
    effects: Callable[[], Awaitable[object]]
    wanted: object
    """What `effects` gives when it was done once."""


async def sign_up(scene: Scene) -> Deed:
    made = await scene.workshop()
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return [row["state"] for row in await sign_ups(made)], await told(made)

    mails = {(scene.hosts[0], "hosting"): 1, (scene.members[0], "confirmation"): 1}
    return Deed(browser, f"/ateliers/{made}/inscription", {}, effects, (["confirmed"], mails))


async def withdraw(scene: Scene) -> Deed:
    """From a workshop with three places for which five asked."""
    made = await scene.workshop(capacity=3)
    browsers = await scene.browsers(scene.members[:5])
    for each in browsers:
        each.people = scene.calm
        assert (await each.post(f"/ateliers/{made}/inscription")).status_code == 303
    browsers[0].people = scene.people

    async def effects() -> object:
        offers = {one: n for one, n in (await told(made)).items() if one[1] == "offer"}
        return [row["state"] for row in await sign_ups(made)], offers

    states = ["withdrawn", "confirmed", "confirmed", "offered", "waiting"]
    wanted = (states, {(scene.members[3], "offer"): 1})
    return Deed(browsers[0], f"/ateliers/{made}/desistement", {}, effects, wanted)


async def bring_a_guest(scene: Scene) -> Deed:
    made = await scene.workshop()
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return [(row["state"], row["first_name"]) for row in await sign_ups(made)]

    return Deed(browser, f"/ateliers/{made}/invites", {"first_name": "Nora"}, effects, [("confirmed", "Nora")])


async def propose(scene: Scene) -> Deed:
    (browser,) = await scene.browsers(scene.hosts[:1])

    async def effects() -> object:
        made = await run("select state from workshop where place_id = {}", scene.place)
        return [row["state"] for row in made], len(await run("select id from entry where place_id = {}", scene.place))

    return Deed(browser, "/ateliers", form_of(once="form-1"), effects, (["proposed"], 1))


async def approve(scene: Scene) -> Deed:
    made = await scene.proposal()
    (browser,) = await scene.browsers(scene.mediators[:1])

    async def effects() -> object:
        return await state(made), len(await journal(made)), await told(made)

    form = {"decision": "approve", "version": "1"}
    wanted = ("published", 1, {(scene.hosts[0], "hosting"): 1})
    return Deed(browser, f"/mediation/ateliers/{made}", form, effects, wanted)


async def call_it_off(scene: Scene) -> Deed:
    made = await scene.workshop()
    (browser,) = await scene.browsers(scene.hosts[:1])

    async def effects() -> object:
        return await state(made), len(await journal(made, shown=False)) - before

    before = len(await journal(made, shown=False))
    wanted = ("cancelled", 1)
    return Deed(browser, f"/ateliers/{made}/annulation", {"reason": "Je suis malade."}, effects, wanted)


async def ask_for_a_link(scene: Scene) -> Deed:
    """A mail each time that it is asked for, but a few in an hour: the limit holds in a storm too."""
    (row,) = await run("select email from member where id = {}", scene.members[0])

    async def effects() -> object:
        return len(await run("select id from outbox where recipient = {}", row["email"]))

    form = {"email": row["email"], "way": "mail", "device": "mine"}
    return Deed(scene.people.stranger(), "/connexion", form, effects, MAIL.most)


async def ask_to_join(scene: Scene) -> Deed:
    """The same steps, after a password has been hashed: they come one by one."""
    email = f"nouvelle-{scene.place}@exemple.fr"
    form = {"name": "Nouvelle", "email": email, "place": str(scene.place), "charter": "1"}

    async def effects() -> object:
        return len(await run("select id from outbox where recipient = {}", email))

    return Deed(scene.people.stranger(), "/inscription", form, effects, MAIL.most)


async def enter_the_code(scene: Scene) -> Deed:
    """The code of a mail opens one account and one session."""
    asked = await ask_to_join(scene)
    browser = scene.calm.stranger()
    assert (await browser.post(asked.path, asked.form)).status_code == 303
    email = asked.form["email"]
    (mail,) = await run("select subject from outbox where recipient = {}", email)
    browser.people = scene.people

    async def effects() -> object:
        members = await run("select id from member where email = {}", email)
        sessions = await run("select s.id from session s join member m on m.id = s.member_id where m.email = {}", email)
        return len(members), len(sessions)

    form = {"code": mail["subject"][-6:], "device": "mine"}
    return Deed(browser, "/inscription/code", form, effects, (1, 1))


DEEDS = [sign_up, withdraw, bring_a_guest, propose, approve, call_it_off, ask_for_a_link, enter_the_code]


async def faults(crowd: People, calm: People, deed: Callable[[Scene], Awaitable[Deed]]) -> list[str]:
    """What is not as it should be after the same form was sent twenty times."""
    done = await deed(await staged(crowd, members=5, calm=calm))
    answers = await at_once(done.browser.post(done.path, done.form) for _ in range(TIMES))
    found = []
    if statuses(answers) != {303: TIMES}:
        found.append(f"answered {dict(statuses(answers))}")
    if len({goes_to(answer) for answer in answers}) != 1:
        found.append(f"went to {sorted({goes_to(answer) for answer in answers})}")
    if (after := await done.effects()) != done.wanted:
        found.append(f"came to {after}")
    return found


def goes_to(answer: httpx.Response) -> str:
    return str(answer.headers.get("location", ""))


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_without_the_lock_it_is_done_more_than_once_or_fails(
    careless: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(careless.url, X_Without=f"{LOCK} {VERSION}") as crowd, people(careless.url) as calm:
        found = await faults(crowd, calm, deed)
    print(f"without the lock, {deed.__name__}: {found}")
    assert found


@pytest.mark.parametrize("deed", [*DEEDS, ask_to_join], ids=lambda deed: deed.__name__)
async def test_it_is_done_once_and_all_are_answered_alike(
    server: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(server.url) as crowd:
        assert await faults(crowd, crowd, deed) == []
