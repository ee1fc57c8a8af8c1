"""`kill -9` between each two steps of everything that is done about a card; then the jobs, in a process of their own.

Each deed is done once to its end, which counts its steps, then as often as it has steps, each time at a meal of its own
and killed at another one. What people do at Stripe they do there all the same; nobody tells us of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.database import run
from rehearsal import Rehearsal
from tests.client import NOON
from tests.factories import make_member, make_place, writing
from tests.faults.dying import NEVER, Launcher, launching
from tests.faults.stage import opened
from tests.faults.till import wrongs
from tests.meals.make import make_booking, make_meal
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET, at

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)
AFTERWARDS = (1.5, 3, 41, 43, 110)
"""Minutes after the deed at which the jobs are done: the hold is over after 40, and what fails is put off for an
hour."""
MOST_STEPS = 40


@dataclass(frozen=True)
class Flow:
    """What came before, what is done and cut, what follows, and what may become of the seats."""

    before: tuple[str, ...]
    deed: str
    ends: frozenset[str]
    then: tuple[str, ...] = ()
    minutes: float = 1
    alone: bool = False
    """Whether nobody else wants these seats."""


def flow(before: str, deed: str, ends: str, then: str = "", *, minutes: float = 1, alone: bool = False) -> Flow:
    return Flow(tuple(before.split()), deed, frozenset(ends.split()), tuple(then.split()), minutes, alone)


FLOWS = {
    "books and never pays": flow("", "books", "lapsed"),
    "books, comes back and pays": flow("", "books", "confirmed", "books opens_page PAYS"),
    "takes what was offered, comes back and pays": flow("WAITS", "accepts", "confirmed", "accepts opens_page PAYS"),
    "says that it is paid": flow("books PAYS", "verifies", "confirmed"),
    "Stripe says that it is paid": flow("books PAYS", "hears", "confirmed", "hears"),
    "a job looks whether it is paid": flow("books PAYS", "settles", "confirmed"),
    "on site instead": flow("books", "pays_on_site", "confirmed lapsed"),
    "on site instead, tried again": flow("books", "pays_on_site", "confirmed", "pays_on_site"),
    "on site instead, and had paid": flow("books PAYS", "pays_on_site", "confirmed"),
    "gives up what is held": flow("books", "cancels", "cancelled lapsed"),
    "gives up what is held and had paid": flow("books PAYS", "cancels", "cancelled confirmed"),
    "gives up what is held and had paid, tried again": flow("books PAYS", "cancels", "cancelled", "cancels"),
    "gives back what is paid": flow("books PAYS settles", "cancels", "cancelled confirmed"),
    "the hold is over": flow("books", "lapses", "lapsed", minutes=41),
    "the hold is over, and it was paid": flow("books PAYS", "lapses", "confirmed", minutes=41),
    "the hold is over before Stripe's page is": flow("books", "lapses", "lapsed"),
    "called off while it is held": flow("books", "calls_off", "cancelled lapsed"),
    "called off while it is paid": flow("books PAYS", "calls_off", "cancelled confirmed"),
    "called off after it was paid": flow("books PAYS settles", "calls_off", "cancelled confirmed"),
}  # fmt: skip

LATE_LETTER = flow("books PAYS settles cancels", "hears", "cancelled", alone=True)


class Till:
    """Meals of two seats, one for each time that somebody is killed."""

    def __init__(self, url: str, rehearsal: Rehearsal, launcher: Launcher) -> None:
        self.url = url
        self.stripe = rehearsal
        self.launcher = launcher
        self.meals: list[dict[str, int]] = []
        self.now = NOON

    async def begin(self) -> None:
        async with opened(self.url), writing():
            self.place = await make_place(now=NOON)
            self.opener = await make_member(place_id=self.place, now=NOON)

    async def more(self, count: int, *, waits: bool) -> None:
        """Somebody else waits for a seat at each of them; or they had both, and it is our member who waits."""
        async with opened(self.url):
            async with writing():
                people = [await make_member(place_id=self.place, now=NOON) for _ in range(2 * count)]
            for member, other in zip(people[::2], people[1::2], strict=True):
                made = await make_meal(place_id=self.place, opener=self.opener, seats=2)
                about = {"meal": made, "opener": self.opener, "member": member, "other": other}
                if waits:
                    theirs = await make_booking(meal_id=made, member_id=other, seats=2)
                    about["booking"] = await make_booking(meal_id=made, member_id=member, seats=2)
                    about["others"] = theirs
                self.meals.append(about)

    async def look_up(self) -> None:
        """The numbers of what was made meanwhile."""
        async with opened(self.url):
            for about in self.meals:
                found = await run(
                    "select id from booking where meal_id = {} and member_id = {} order by id desc",
                    about["meal"],
                    about["member"],
                )
                if found:
                    about["booking"] = found[0]["id"]
                    made = await run("select id from checkout where thing_id = {} order by id desc", found[0]["id"])
                    if made:
                        about["checkout"] = made[0]["id"]

    async def others_wait(self, way: Flow) -> None:
        """Somebody else comes to each meal, where both seats may be taken."""
        if way.alone:
            return
        async with opened(self.url):
            for about in self.meals:
                if "others" not in about:
                    about["others"] = await make_booking(meal_id=about["meal"], member_id=about["other"], now=self.now)

    def at(self, minutes: float) -> None:
        self.now = NOON + minutes * MINUTE
        at(self.stripe, self.now)

    def do(self, deed: str, about: dict[str, int], *, cut: int = NEVER, without: str = "") -> list[str]:
        return self.launcher.do(
            deed, url=self.url, stripe=self.stripe.address, now=self.now, cut=cut, without=without, **about
        )

    async def act(self, deeds: tuple[str, ...], meals: list[dict[str, int]]) -> None:
        for deed in deeds:
            await self.look_up()
            if deed == "PAYS":
                await self.pay(meals)
            elif deed == "WAITS":
                self.all("cancels", [{"member": each["other"], "booking": each["others"]} for each in meals])
            else:
                self.all(deed, meals)

    def all(self, deed: str, meals: list[dict[str, int]]) -> None:
        """By one process, which nobody kills."""
        self.launcher.do("in_turn", url=self.url, stripe=self.stripe.address, now=self.now, what=deed, meals=meals)

    async def pay(self, meals: list[dict[str, int]]) -> None:
        """At Stripe, on the page that we know of."""
        async with opened(self.url):
            for about in meals:
                (row,) = await run("select session_id from checkout where id = {}", about["checkout"])
                if self.stripe.sessions[row["session_id"]]["status"] == "open":
                    self.stripe.pay(row["session_id"])

    async def parts(self, about: dict[str, int]) -> set[str]:
        """What became of the member's seats; nothing where they never booked."""
        rows = await run(
            "select p.state from booking_part p join booking b on b.id = p.booking_id "
            "where p.meal_id = {} and b.member_id = {}",
            about["meal"],
            about["member"],
        )
        return {row["state"] for row in rows}

    async def cut_everywhere(self, way: Flow, *, without: str = "") -> tuple[list[str], list[str]]:
        """Each step's name, and what is wrong at the end."""
        await self.begin()
        waits = "WAITS" in way.before
        await self.more(1, waits=waits)
        await self.act(way.before, self.meals)
        await self.look_up()
        if way.before and not waits:
            await self.others_wait(way)
        self.at(way.minutes)
        steps = self.do(way.deed, self.meals[0], without=without)
        assert 2 <= len(steps) <= MOST_STEPS, steps
        first, self.meals = self.meals[0], []

        self.at(0)
        await self.more(len(steps), waits=waits)
        await self.act(way.before, self.meals)
        await self.look_up()
        if way.before and not waits:
            await self.others_wait(way)
        self.at(way.minutes)
        for cut, about in enumerate(self.meals):
            self.do(way.deed, about, cut=cut, without=without)
        self.meals.insert(0, first)
        await self.come_to_an_end(way, without=without)
        return steps, await self.look(way, steps)

    async def come_to_an_end(self, way: Flow, *, without: str = "") -> None:
        self.at(way.minutes + 0.5)
        await self.act(way.then, self.meals)
        await self.others_wait(way)
        for minutes in AFTERWARDS:
            self.at(way.minutes + minutes)
            self.do("jobs", {"in_vain": int(bool(without))})

    async def look(self, way: Flow, steps: list[str]) -> list[str]:
        async with opened(self.url):
            found = await wrongs(self.stripe, [about["meal"] for about in self.meals])
            for about, cut in zip(self.meals, ("never", *enumerate(steps)), strict=True):
                came_to = await self.parts(about)
                if not came_to <= way.ends or (not came_to and way.before):
                    found.append(f"killed at {cut}: the seats are {came_to}")
        return found


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with launching(tmp_path_factory.mktemp("dying")) as found:
        yield found


@pytest.fixture
def stripe() -> Iterator[Rehearsal]:
    """What is asked of it is held against Stripe's own description elsewhere."""
    with Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, clock=NOON.timestamp) as rehearsal:
        yield rehearsal
    assert rehearsal.faults == []


@pytest.fixture
def till(database_url: str, stripe: Rehearsal, launcher: Launcher) -> Till:
    return Till(database_url, stripe, launcher)


class TestWithoutAGuard:
    """The controls: the same cuts of a program that lacks what makes them harmless."""

    async def test_a_key_that_is_not_stored_makes_two_sessions(self, till: Till) -> None:
        _, found = await till.cut_everywhere(FLOWS["books, comes back and pays"], without="forgets_its_key")
        assert any("a session of nobody" in wrong for wrong in found), found

    async def test_what_is_confirmed_after_the_commit_is_paid_and_not_there(self, till: Till) -> None:
        _, found = await till.cut_everywhere(FLOWS["says that it is paid"], without="confirms_later")
        assert any("1000 are kept, and 0 are due" in wrong for wrong in found), found

    async def test_what_is_settled_without_looking_is_settled_twice(self, till: Till) -> None:
        """They have paid, given back, and been given their money back; then Stripe's letter comes."""
        _, found = await till.cut_everywhere(LATE_LETTER, without="never_looks")
        assert any("0 are kept, and 1000 are due" in wrong for wrong in found), found


@pytest.mark.parametrize("name", FLOWS)
async def test_killed_between_each_two_steps(till: Till, name: str) -> None:
    steps, found = await till.cut_everywhere(FLOWS[name])
    assert found == []
    print(f"{name}: killed at {len(steps)} steps: {', '.join(steps)}")


async def test_a_letter_that_comes_late_changes_nothing(till: Till) -> None:
    """What the last control breaks."""
    _, found = await till.cut_everywhere(LATE_LETTER)
    assert found == []
