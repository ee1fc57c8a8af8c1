"""Members and mediators do anything in any order, through the site's own doors, played by Hypothesis on both engines.

Every form may be sent twice, or be stale; after each step the database, the pages and the feeds must agree and keep to
the laws. The order is the same each time, so that what fails can be found again. Each law is first seen to be broken
where the code is.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from icalendar import Calendar

from app.calendar.tables import Feed
from app.database import close_database, connect, open_database, run
from app.identity.visits import hash_token
from app.jobs import run_due
from app.main import REGISTRY
from tests.client import NOON, Browser, World, words
from tests.conftest import Postgres
from tests.factories import make_member, make_place, make_room, writing
from tests.load.scenes import form_of
from tests.workshops import laws
from tests.workshops.reads import sign_ups
from workshops import rules
from workshops.commands import places
from workshops.states import SignUpState

T = TypeVar("T")

HOSTS, MEMBERS, MEDIATORS = 3, 7, 2
"""The first members propose and host; all sign up."""
members, hosts, mediators = st.integers(0, MEMBERS - 1), st.integers(0, HOSTS - 1), st.integers(0, MEDIATORS - 1)
which = st.integers(0, 5)
WORKSHOPS = 4
ANSWERS = {200, 303, 404, 409, 422}
SAYS = {
    "confirmed": "Tu as ta place",
    "offered": "Une place est pour toi",
    "waiting": "Tu es en liste d’attente",
}
IN_CALENDAR = ("proposed", "sent_back", "contested", "published", "held")


class Town(RuleBasedStateMachine):
    """One place; what its people do, and what must hold after each of it."""

    fresh: ClassVar[Callable[[], str]]
    """Gives the address of a new database."""
    acts: ClassVar[list[int]] = []
    """The status of each answer: a game in which nobody gets anything done proves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.world = World()
        self.made: list[int] = []
        self.steps = 0
        self.before: dict[str, list[dict[str, Any]]] = {}
        self.do(self.begin(type(self).fresh()))

    def do(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.loop.run(done())

    @property
    def now(self) -> datetime:
        return self.world.now

    async def begin(self, url: str) -> None:
        connect(url)
        await open_database(min_size=0)
        joined = NOON - timedelta(days=100)
        async with writing():
            self.place = await make_place(now=joined)
            self.room = await make_room(place_id=self.place, seats=15)
            self.people = [await make_member(place_id=self.place, now=joined) for _ in range(MEMBERS)]
            read = [await make_member(place_id=self.place, mediator=True, now=joined) for _ in range(MEDIATORS)]
            for member in self.people:
                feed = Feed(
                    member_id=member,
                    token_hash=hash_token(self.token(member)),
                    name="Téléphone",
                    created_at=joined,
                    modified_at=joined,
                )
                await Feed.insert(feed)
        self.browsers = [await self.world.browser_of(member, place_id=self.place) for member in self.people]
        self.readers = [await self.world.browser_of(member, place_id=self.place) for member in read]
        self.before = await laws.all_rows()

    @staticmethod
    def token(member: int) -> str:
        return f"a-secret-address-of-24-bytes-{member:04}"

    def teardown(self) -> None:
        self.do(close_database())
        self.loop.close()

    # ------------------------------------------------------------------------------------------------------- the moves

    def send(self, browser: Browser, path: str, form: Mapping[str, str] | None = None, *, twice: bool = False) -> int:
        """Send a form: refused, it changes nothing; sent again, nothing either."""
        return self.do(self._sent(browser, path, dict(form or {}), twice))

    async def _sent(self, browser: Browser, path: str, form: dict[str, str], twice: bool) -> int:
        before = await laws.all_rows()
        self.world.later(seconds=1)  # messages are told apart by their moment
        answer = await browser.post(path, form)
        assert answer.status_code in ANSWERS, (answer.status_code, path, form)
        type(self).acts.append(answer.status_code)
        after = await laws.all_rows()
        if answer.status_code != 303:
            assert after == before, f"refused, and done: {path}"
        elif twice:
            self.world.later(seconds=1)
            again = await browser.post(path, form)
            assert again.status_code == 303, (again.status_code, path, form)
            assert await laws.all_rows() == after, f"twice is not once: {path}"
        return answer.status_code

    def chosen(self, number: int) -> int:
        return self.made[number % len(self.made)]

    def row(self, made: int) -> dict[str, Any]:
        return self.do(run("select * from workshop where id = {}", made))[0]

    @initialize(capacity=st.integers(3, 5))
    def some_are_there(self, capacity: int) -> None:
        """One is full, one has places, one waits to be read."""
        self.somebody_proposes(0, 4, 14, capacity, room=True, twice=False)
        self.somebody_proposes(1, 3, 14, capacity, room=True, twice=False)
        for number in (0, 1):
            self.a_mediator_answers(0, number, "approve", stale=False, twice=False)
        self.somebody_proposes(2, 2, 14, capacity, room=True, twice=False)
        self.a_mediator_answers(0, 0, "approve", stale=True, twice=False)
        for who in range(1, MEMBERS):
            self.somebody_signs_up(0, who, twice=False)

    @rule(
        host=hosts,
        days=st.integers(1, 4),
        hour=st.sampled_from([14, 15]),
        capacity=st.integers(3, 5),
        room=st.booleans(),
        twice=st.booleans(),
    )
    def somebody_proposes(self, host: int, days: int, hour: int, capacity: int, *, room: bool, twice: bool) -> None:
        if len(self.made) == WORKSHOPS:
            return
        title = f"Atelier n° {len(self.made)}"
        starts_at = (NOON + timedelta(days=days)).replace(hour=hour - 1)
        form = form_of(starts_at, title=title, capacity=capacity, once=f"form-{self.steps}")
        if room:
            form["room"] = str(self.room)
        if self.send(self.browsers[host], "/ateliers", form, twice=twice) == 303:
            (row,) = self.do(run("select id from workshop where title = {}", title))
            self.made.append(row["id"])

    @rule(
        number=which,
        mediator=mediators,
        decision=st.sampled_from(["approve", "approve", "send_back", "block"]),
        stale=st.booleans(),
        twice=st.booleans(),
    )
    def a_mediator_answers(self, number: int, mediator: int, decision: str, *, stale: bool, twice: bool) -> None:
        """What waits to be read, if anything does."""
        waits = self.do(run("select id from workshop where state in ('proposed', 'contested') order by id"))
        made = waits[number % len(waits)]["id"] if waits else self.chosen(number)
        version = self.row(made)["version"]
        form = {"decision": decision, "version": str(version - stale), "reason": "C’est trop tôt.", "way_out": "Lundi."}
        status = self.send(self.readers[mediator], f"/mediation/ateliers/{made}", form, twice=twice and not stale)
        assert not (stale and status == 303), "decided on what was not read"

    @rule(number=which, capacity=st.integers(3, 7), later=st.sampled_from([0, 0, 1]), stale=st.booleans())
    def its_host_changes_it(self, number: int, capacity: int, later: int, stale: bool) -> None:
        made = self.chosen(number)
        row = self.row(made)
        form = form_of(
            row["starts_at"] + timedelta(hours=later),
            title=row["title"],
            capacity=capacity,
            version=row["version"] - stale,
        )
        if row["room_id"] is not None:
            form["room"] = str(row["room_id"])
        changed = later or capacity != row["capacity"]
        status = self.send(self.host_of(made), f"/ateliers/{made}/modifier", form, twice=True)
        assert not (stale and changed and status == 303), "changed what was not read"

    def host_of(self, made: int) -> Browser:
        return self.browsers[self.people.index(self.row(made)["proposer_id"])]

    @rule(number=which, deed=st.sampled_from(["contestation", "proposition", "retrait"]), twice=st.booleans())
    def its_host_answers_the_reading(self, number: int, deed: str, twice: bool) -> None:
        """Of what was sent back, if anything was."""
        back = self.do(run("select id from workshop where state = 'sent_back' order by id"))
        made = back[number % len(back)]["id"] if back else self.chosen(number)
        self.send(self.host_of(made), f"/ateliers/{made}/{deed}", {"word": "Lisez encore."}, twice=twice)

    @rule(number=which, who=members, twice=st.booleans())
    def somebody_signs_up(self, number: int, who: int, twice: bool) -> None:
        self.send(self.browsers[who], f"/ateliers/{self.chosen(number)}/inscription", twice=twice)

    @rule(number=which, who=members, twice=st.booleans())
    def somebody_withdraws(self, number: int, who: int, twice: bool) -> None:
        self.send(self.browsers[who], f"/ateliers/{self.chosen(number)}/desistement", twice=twice)

    @rule(number=which, who=members, answer=st.sampled_from(["yes", "no"]), twice=st.booleans())
    def somebody_answers_an_offer(self, number: int, who: int, answer: str, twice: bool) -> None:
        """Whoever has one, if anybody has."""
        offers = self.do(run("select member_id, workshop_id from sign_up where state = 'offered' order by id"))
        made = self.chosen(number)
        if offers:
            offer = offers[number % len(offers)]
            who, made = self.people.index(offer["member_id"]), offer["workshop_id"]
        self.send(self.browsers[who], f"/ateliers/{made}/reponse", {"answer": answer}, twice=twice)

    @rule(number=which, who=members, name=st.sampled_from(["Paul", "Nora"]), twice=st.booleans())
    def somebody_brings_a_guest(self, number: int, who: int, name: str, twice: bool) -> None:
        self.send(self.browsers[who], f"/ateliers/{self.chosen(number)}/invites", {"first_name": name}, twice=twice)

    @rule(number=which, twice=st.booleans())
    def a_guest_does_not_come(self, number: int, twice: bool) -> None:
        made = self.chosen(number)
        guests = [row["id"] for row in self.do(sign_ups(made)) if row["member_id"] is None]
        if guests:
            self.send(self.host_of(made), f"/ateliers/{made}/invites/{guests[0]}/retrait", twice=twice)

    @rule(number=which, deed=st.sampled_from(["annulation", "reouverture", "reouverture"]), twice=st.booleans())
    def its_host_calls_it_off_or_on(self, number: int, deed: str, twice: bool) -> None:
        made = self.chosen(number)
        self.send(self.host_of(made), f"/ateliers/{made}/{deed}", {"reason": "Malade."}, twice=twice)

    @rule(hours=st.sampled_from([1, 6, 12]))
    def time_passes(self, hours: int) -> None:
        """Hour by hour: a clock that leaps is not believed."""
        for _ in range(hours):
            self.world.later(hours=1)
            done = self.do(run_due(REGISTRY, self.now))
            assert None not in done.values(), done
        after = self.do(laws.all_rows())
        self.do(run_due(REGISTRY, self.now))
        assert self.do(laws.all_rows()) == after, "the jobs do twice what is due once"

    # ------------------------------------------------------------------------------------------- what must always hold

    @invariant()
    def it_all_agrees(self) -> None:
        self.steps += 1
        if self.made:
            self.do(self.look())

    async def look(self) -> None:
        for made in self.made:
            await laws.places_agree(made, now=self.now)
        await laws.nobody_is_in_two_places()
        await laws.nobody_is_told_twice()
        await self.each_is_told_once_of_what_became_theirs()
        who = self.steps % MEMBERS
        await self.pages_and_feed_agree(who, self.made[self.steps % len(self.made)])

    async def each_is_told_once_of_what_became_theirs(self) -> None:
        after = await laws.all_rows()
        stood = {row["id"]: row["state"] for row in self.before["sign_up"]}
        known = {row["id"] for row in self.before["outbox"]}
        told = [row for row in after["outbox"] if row["id"] not in known]
        self.before = after
        for row in after["sign_up"]:
            if row["member_id"] is None or stood.get(row["id"]) == row["state"]:
                continue
            kind = {"confirmed": "confirmation", "offered": "offer"}.get(row["state"])
            if kind is not None:
                mine = [
                    mail
                    for mail in told
                    if (mail["kind"], mail["about_id"], mail["member_id"])
                    == (kind, row["workshop_id"], row["member_id"])
                ]
                assert len(mine) == 1, f"{len(mine)} messages say that it is {row['state']}"

    async def pages_and_feed_agree(self, who: int, made: int) -> None:
        member, browser = self.people[who], self.browsers[who]
        rows = {row["id"]: row for row in await run("select * from workshop")}
        mine = await run("select workshop_id, state from sign_up where member_id = {} order by id", member)
        hosted = await run("select workshop_id from host where member_id = {} and state = 'hosting'", member)
        signed = {row["workshop_id"]: row["state"] for row in mine}

        own = words(await browser.get("/mes-rendez-vous"))
        page = await browser.get(f"/ateliers/{made}")  # second: the word of what was done has been shown
        if rows[made]["state"] == "published":
            assert page.status_code == 200
            said = [state for state, sentence in SAYS.items() if sentence in words(page)]
            expected = signed.get(made, "")
            free = expected == "waiting" and "Une place est libre" in words(page)
            assert free or said == [state for state in SAYS if state == expected], (said, expected)

        feed = await browser.get(f"/calendriers/perso/{self.token(member)}.ics")
        assert feed.status_code == 200
        events = Calendar.from_ical(feed.content).events
        shown = {str(event["SUMMARY"]) for event in events if str(event.get("STATUS")) != "CANCELLED"}
        theirs = {row["workshop_id"] for row in hosted} | {id_ for id_, state in signed.items() if state == "confirmed"}
        titles = {rows[id_]["title"] for id_ in theirs if rows[id_]["state"] in IN_CALENDAR}
        assert {title for title in shown if title.startswith("Atelier")} == titles

        for row in rows.values():
            if row["state"] == "published" and row["starts_at"] > self.now:
                active = signed.get(row["id"]) in laws.ACTIVE
                hosting = row["id"] in {each["workshop_id"] for each in hosted}
                assert (row["title"] in own) == (active or hosting), row["title"]


# ------------------------------------------------------------------------------------------------------------- playing


def play(fresh: Callable[[], str], *, games: int, steps: int) -> list[int]:
    """So many games; the statuses of all answers."""

    class Here(Town):
        pass

    Here.fresh = staticmethod(fresh)
    Here.acts = []
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=games,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking what fails would take minutes
        ),
    )
    return Here.acts


def new_file(template: Path, folder: Path) -> Callable[[], str]:
    """Gives a new SQLite database each time."""
    numbers = iter(range(10_000))

    def fresh() -> str:
        path = folder / f"game-{next(numbers)}.sqlite"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return fresh


GAMES, STEPS = 10, 30


@pytest.mark.slow
class TestAnythingInAnyOrder:
    def check(self, acts: Sequence[int]) -> None:
        beginning = 5 + MEMBERS - 1
        assert acts.count(303) > GAMES * (beginning + STEPS / 8), "hardly anything was done"
        assert acts.count(409) + acts.count(422) > GAMES, "hardly anything was refused"

    def test_keeps_to_the_laws_on_sqlite(self, sqlite_template: Path, sqlite_folder: Path) -> None:
        self.check(play(new_file(sqlite_template, sqlite_folder), games=GAMES, steps=STEPS))

    def test_keeps_to_the_laws_on_postgres(self, postgres: Postgres, postgres_template: str) -> None:
        made: list[str] = []

        def fresh() -> str:
            made.append(postgres.create(postgres_template))
            return postgres.url(made[-1])

        try:
            self.check(play(fresh, games=GAMES, steps=STEPS))
        finally:
            for name in made:
                postgres.drop(name)


# -------------------------------------------------------------------------------------------------------- the controls


def everybody_has_a_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "place_or_queue", lambda standing, *, now: SignUpState.CONFIRMED)


def versions_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    def why_cannot_decide(standing: Any, who: Any, *, version: int) -> Any:
        return decide(standing, who, version=standing.version)

    decide = rules.why_cannot_decide
    patch.setattr(rules, "why_cannot_decide", why_cannot_decide)


def who_left_stays_in_the_calendar(patch: pytest.MonkeyPatch) -> None:
    async def stay(*_: object, **__: object) -> None:
        """Nobody leaves."""

    patch.setattr(places, "leave", stay)


def what_is_freed_stays_free(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "offers_due", lambda standing, *, now: 0)


BROKEN: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (everybody_has_a_place, "more people than places"),
    (versions_are_not_looked_at, "decided on what was not read"),
    (who_left_stays_in_the_calendar, "the calendar says otherwise"),
    (what_is_freed_stays_free, "a free place is kept"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "law"), BROKEN, ids=[how.__name__ for how, _ in BROKEN])
def test_a_broken_rule_is_found(
    how: Callable[[pytest.MonkeyPatch], None],
    law: str,
    sqlite_template: Path,
    sqlite_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    how(monkeypatch)
    with pytest.raises(AssertionError, match=law):  # it ends with the first that fails
        play(new_file(sqlite_template, sqlite_folder), games=10 * GAMES, steps=STEPS)
