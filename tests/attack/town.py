"""The demonstration as a town to be attacked: everybody signed in, its whole state to be compared and put back.

It is seeded once for each engine (the fixtures are in conftest.py). Who walks through it is named here by what they may
do; a role that comes later is one line of `PEOPLE`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

from app.accounts.commands.budget import ask_for
from app.accounts.states import Spending
from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.database import connect, engine, is_sqlite, open_database, run, transaction
from app.demo import seed
from app.errors import Refused
from app.identity.api import Draw, draw_members, grant
from app.identity.commands import add_member, meet
from app.identity.states import Act
from app.main import REGISTRY
from app.payments import gateway
from meals.commands.booking import book
from meals.commands.giving_back import hand_over
from meals.commands.opener import let_go
from meals.commands.opening import open_meal
from meals.demo_plan import LATER
from meals.jobs import close_due
from meals.plan import MealPlan, PlannedDish, PlannedTurn
from meals.queries.door import ticket_code
from meals.rules import PRICES, Prices, Wish
from meals.states import Job, Payment
from rotas.commands.claiming import claim
from rotas.commands.slots import open_slot
from tests.client import NOON, Browser, World
from workshops.commands import invite_host, publishing

VISITOR = "visitor"
BY_ADDRESS = {
    "newcomer": "karim@exemple.fr",
    "member": "samira@exemple.fr",
    "kitchen": "odile@exemple.fr",
    "bureau": "rosa@exemple.fr",
    "mediator": "bruno@exemple.fr",
    "second mediator": "helene@exemple.fr",
    "without e-mail": "germaine-245",
    "stranger": "etranger@exemple.fr",
    "elsewhere": "ailleurs@exemple.fr",
}
"""Somebody of each kind, by what they sign in with; the last two are no part of the demonstration: an account that
belongs to no place, and one that belongs to the other place alone."""
BY_NAME = {"welcome": "Zineb", "offered a role": "Thomas", "keeper elsewhere": "Leïla"}
FEED_TOKEN = "c" * 43
"""Of the member's calendar address: it is shown once, so that no crawl finds it again."""
SECRET_ADDRESSES = [f"/calendriers/perso/{FEED_TOKEN}.ics"]
BY_DEED = {
    "host of a draft": "select proposer_id as id from workshop where state = 'draft' order by id desc limit 1",
    "host of one sent back": "select proposer_id as id from workshop where state = 'sent_back' order by id limit 1",
    "host of a contested one": "select proposer_id as id from workshop where state = 'contested' order by id limit 1",
    "host of a blocked one": "select proposer_id as id from workshop where state = 'proposed' "
    "and blocked_at is not null order by id limit 1",
    "invited to host": "select member_id as id from host where state = 'invited' order by id limit 1",
    "drawn": "select j.member_id as id from juror j join workshop w on w.id = j.workshop_id "
    "where j.vote = '' and w.state in ('contested', 'proposed') order by j.id",
    "host with guests": "select h.member_id as id from host h join sign_up s on s.workshop_id = h.workshop_id "
    "join workshop w on w.id = h.workshop_id where s.member_id is null and s.state = 'confirmed' "
    "and w.state = 'published' and h.state = 'hosting' order by h.id limit 1",
    "host of a cancelled one": "select h.member_id as id from host h join workshop w on w.id = h.workshop_id "
    "where w.state = 'cancelled' and h.state = 'hosting' order by w.id desc limit 1",
    "at the till": "select h.member_id as id from rota_holding h join rota_slot s on s.id = h.slot_id "
    "join duty d on d.id = s.duty_id where d.act = 'take_cash' and h.went = '' and h.came <> 'watches' "
    "and s.starts_at < {} order by s.starts_at desc, h.id limit 1",
    "host of one held": "select h.member_id as id from host h join workshop w on w.id = h.workshop_id "
    "where w.state = 'held' and h.state = 'hosting' order by w.ends_at desc, h.id limit 1",
}
"""Whoever stands in the way of a form that is shown to few. A deed that nobody does is left out, and the test of forms
that nobody was shown says so."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who walks through the town."""

    kind: str
    member_id: int | None
    token: str = ""
    """Of their session."""
    place_id: int | None = None

    @property
    def id(self) -> int:
        assert self.member_id is not None
        return self.member_id


@dataclass
class Town:
    """The people of one seeded database, and the application over it."""

    people: dict[str, Person]
    known: dict[str, list[str]] = field(default_factory=dict)
    """Addresses that no page leads to, by the kind of person who knows them."""
    demo: bool = True
    """Whether the application is the demonstration, which asks nobody for a second code."""

    _worlds: dict[str, World] = field(default_factory=dict)

    def world(self, base_url: str = "http://127.0.0.1:8000", *, anew: bool = False) -> World:
        """The application, at the hour of the seed. The letter box of the demonstration is part of what is attacked."""
        if base_url not in self._worlds or anew:
            self._worlds[base_url] = World(NOON, demo=self.demo, base_url=base_url)
        return self._worlds[base_url]

    def browser(self, kind: str, world: World | None = None) -> Browser:
        """This person's browser, signed in."""
        browser = (world or self.world()).browser()
        if token := self.people[kind].token:
            browser.http.cookies.set(browser.session_cookie, token, domain=browser.http.base_url.host)
        return browser


async def build() -> Town:
    """Seed the database that is open, and sign everybody in."""
    with nobody_named_is_drawn():
        await seed(REGISTRY, now=NOON, members=None, progress=lambda what, done, total: None)
    here, there = (int(row["id"]) for row in await run("select id from place order by id"))
    keeper = await one("select id from member where name = {}", BY_NAME["keeper elsewhere"])
    joined = NOON - timedelta(days=40)
    await add_member(name="Étranger", email=BY_ADDRESS["stranger"], place_id=None, password_hash=None, now=joined)
    outsider = await add_member(
        name="Ailleurs", email=BY_ADDRESS["elsewhere"], place_id=there, password_hash=None, now=joined
    )
    await meet(actor=keeper, member_id=outsider, place_id=there, now=joined)
    people = {VISITOR: Person(VISITOR, None)}
    for kind, key in BY_ADDRESS.items():
        people[kind] = await signed_in(kind, await one("select id from member where email_key = {}", key), here, there)
    for kind, name in BY_NAME.items():
        people[kind] = await signed_in(kind, await one("select id from member where name = {}", name), here, there)
    with nobody_named_is_drawn():
        await more_deeds(people, here)
    for kind, sql in BY_DEED.items():
        named = {each.member_id for each in people.values()}
        ids = [int(row["id"]) for row in await run(sql, *([NOON] if "{}" in sql else []))]
        if free := [each for each in ids if each not in named]:
            people[kind] = await signed_in(kind, free[0], here, there)
    await signed_in("another device", people["member"].id, here, there)
    await add_feed(
        actor=people["member"].id, wishes=FeedWishes("Téléphone", False, False, None), token=FEED_TOKEN, now=NOON
    )
    return Town(people, {VISITOR: SECRET_ADDRESSES, "member": [await a_ticket_at_the_door(people["member"])]})


async def a_ticket_at_the_door(who: Person) -> str:
    """What the QR code of somebody's ticket leads to, for the meal at whose door this person stands."""
    booking_id = await one(
        "select b.id from booking b join meal m on m.id = b.meal_id where b.active and b.member_id <> {} "
        "and m.state = 'closed' and m.starts_at > {} and m.place_id = {} order by m.starts_at, b.id limit 1",
        *(who.id, NOON, who.place_id),
    )
    return f"/entree/{ticket_code(booking_id, secret_key=World(NOON).settings.secret_key)}"


@contextmanager
def nobody_named_is_drawn() -> Iterator[None]:
    """The lot may fall on whoever is somebody else here: a member is a member and nothing more. And it falls on the
    same ones each time."""

    def newest(numbers: Sequence[int], count: int) -> list[int]:
        return sorted(numbers, reverse=True)[:count]

    async def drawn(place_id: int, most: int, *, without: Collection[int], draw: Draw) -> list[int]:
        named = {*BY_ADDRESS.values(), *BY_NAME.values()}
        rows = await run("select id, name, email_key from member")
        others = {row["id"] for row in rows if named & {row["name"], row["email_key"]}}
        return await draw_members(place_id, most, without={*without, *others}, draw=newest)

    with mock.patch.object(publishing, "draw_members", drawn):
        yield


async def more_deeds(people: dict[str, Person], place_id: int) -> None:
    """What the demonstration does not show at this hour: somebody is asked to host, three are drawn, a meal is in
    doubt, another nobody’s, an account is kept by two, a way in is on its way."""
    samira = people["member"].id
    hers = await one(
        "select w.id from workshop w join host h on h.workshop_id = w.id where h.member_id = {} "
        "and h.state = 'hosting' and w.state = 'published' and w.starts_at > {} order by w.starts_at desc limit 1",
        samira,
        NOON + timedelta(days=2),
    )
    await invite_host(
        actor=samira, workshop_id=hers, member_id=await one("select id from member where name = 'Abdel'"), now=NOON
    )
    await ask_for(
        actor=samira, place_id=place_id, spending=Spending.ROOM, what="Une bouilloire", why="L’autre fuit.",
        cents=2500, once="kettle-of-the-town", now=NOON,
    )  # fmt: skip
    await somebody_at_the_till(people, place_id)
    await a_meal_in_doubt(people, place_id)
    async with transaction():
        brigitte = await one("select id from member where name = 'Brigitte'")
        for act in (Act.KEEP_ACCOUNTS, Act.KEEP_PLACE):
            await grant(member_id=brigitte, place_id=place_id, act=act, from_at=NOON, until_at=None, source="handover")
        await run("update workshop set blocked_until = {} where blocked_until > {}", NOON, NOON)
    for job in REGISTRY.jobs:
        await job.run(NOON)
    asked = await World(NOON).browser().post("/connexion", {"email": "samira@exemple.fr", "way": "mail"})
    assert asked.status_code == 303


async def somebody_at_the_till(people: dict[str, Person], place_id: int) -> None:
    """Somebody who can do it, and is nobody else here, holds the till at this hour."""
    hour = timedelta(hours=1)
    duty_id = await one("select id from duty where place_id = {} and act = 'take_cash' order by id limit 1", place_id)
    keeper = people["bureau"].id
    slot_id = await open_slot(
        actor=keeper,
        duty_id=duty_id,
        starts_at=NOON - hour,
        ends_at=NOON + hour,
        people=1,
        room_id=None,
        once="till-of-the-town",
        now=NOON - 2 * hour,
    )
    named = {each.member_id for each in people.values()}
    others = await run(
        "select member_id as id from membership where place_id = {} and met_at is not null "
        "and member_id not in (select member_id from host) and member_id not in (select member_id from juror) "
        "order by member_id desc",
        place_id,
    )
    for each in others:
        if each["id"] in named:
            continue
        async with transaction():
            await run("delete from rota_practice where duty_id = {} and member_id = {}", duty_id, each["id"])
            await run(
                "insert into rota_practice (duty_id, member_id, level, since_at) values ({}, {}, 'does', {})",
                *(duty_id, each["id"], NOON),
            )
        with suppress(Refused):
            await claim(actor=each["id"], slot_id=slot_id, sure=True, now=NOON - 2 * hour)
            return
    raise AssertionError("nobody can hold the till")


async def a_meal_in_doubt(people: dict[str, Person], place_id: int) -> None:
    """A meal that too few would cook, closed a moment ago: of its two seats one is handed over, and somebody waits.
    For another one nobody answers any more."""
    minute = timedelta(minutes=1)
    opened, booked = NOON - 300 * minute, NOON - 200 * minute
    duty_id = await one("select id from duty where place_id = {} and act = '' order by id limit 1", place_id)
    plan = MealPlan(
        title="Une soupe à deux",
        starts_at=NOON + 180 * minute,
        ends_at=NOON + 240 * minute,
        closes_at=NOON - 20 * minute,
        seats=2,
        prices=Prices(*PRICES),
        dishes=(PlannedDish(None, name="Soupe du jour"),),
        turns=(PlannedTurn(Job.COOK, duty_id, NOON + 60 * minute, NOON + 180 * minute, 2),),
    )
    meal_id = await open_meal(
        actor=people["kitchen"].id, place_id=place_id, plan=plan, once="soup-of-the-town", now=opened
    )
    bookings = {
        kind: (
            await book(
                actor=people[kind].id, meal_id=meal_id, wish=Wish(1, PRICES[0]), diets={}, now=booked + number * minute
            )
        ).id
        for number, kind in enumerate(("welcome", "offered a role", "member"))
    }
    await close_due(NOON - 10 * minute)
    nobodys = await one("select id from meal where title = {} and state = 'open'", LATER.title)
    await let_go(actor=people["kitchen"].id, meal_id=nobodys, now=NOON - 5 * minute)
    await hand_over(actor=people["welcome"].id, booking_id=bookings["welcome"], seats=1, now=NOON - 5 * minute)
    await two_who_pay_by_card(people, nobodys)


async def two_who_pay_by_card(people: dict[str, Person], meal_id: int) -> None:
    """Their seats are kept: of one Stripe has made the page, of the other it did not answer. Nobody answers for Stripe
    in the town: no card is taken there any more."""
    gateway.use(gateway.Gateway("sk_test_town", (), "http://127.0.0.1:8000"))
    try:
        paying = [
            await book(
                actor=people[kind].id,
                meal_id=meal_id,
                wish=Wish(2, PRICES[0], payment=Payment.CARD),
                diets={},
                now=NOON - timedelta(minutes=2),
            )
            for kind in ("second mediator", "offered a role")
        ]
    finally:
        await gateway.disconnect()
    async with transaction():
        await run(
            "update checkout set state = 'open', session_id = 'cs_test_town', url = {} where thing_id = {}",
            "https://checkout.stripe.com/c/pay/cs_test_town",
            paying[0].id,
        )


async def one(sql: str, *args: Any) -> int:
    (row,) = await run(sql, *args)
    return int(row["id"])


async def signed_in(kind: str, member_id: int, here: int, there: int) -> Person:
    place = {"stranger": None, "elsewhere": there, "keeper elsewhere": there}.get(kind, here)
    browser = World(NOON).browser()
    await browser.sign_in(member_id, place_id=place)
    token = browser.http.cookies[browser.session_cookie]
    return Person(kind, member_id, token, place)


# ------------------------------------------------------------------------------------------------ what is written in it

State = dict[str, list[tuple[Any, ...]]]


def changes(before: State, after: State) -> list[str]:
    """What is no longer as it was, in words for whoever reads a failed test."""
    said: list[str] = []
    for table in sorted(before.keys() | after.keys()):
        was, now = set(before.get(table, ())), set(after.get(table, ()))
        said += [f"- {table} {dict(row)}" for row in sorted(was - now, key=repr)]
        said += [f"+ {table} {dict(row)}" for row in sorted(now - was, key=repr)]
    return said


class Watch:
    """Whether anything was committed to the embedded database: SQLite tells whoever asks from another connection.

    Asking takes microseconds, where reading all rows takes a tenth of a second.
    """

    def __init__(self, path: str) -> None:
        self._line = sqlite3.connect(path)
        self._seen = self._version()

    def _version(self) -> int:
        (version,) = self._line.execute("pragma data_version").fetchone()
        return int(version)

    def written(self) -> bool:
        """Whether something was committed since this was last asked."""
        before, self._seen = self._seen, self._version()
        return self._seen != before

    def rows(self, skipped: Callable[[str], bool]) -> State:
        """Every row of every table, without the columns of these names."""
        found: State = {}
        names = self._line.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in names:
            cursor = self._line.execute(f'select * from "{table}"')
            kept = [(place, column[0]) for place, column in enumerate(cursor.description) if not skipped(column[0])]
            found[table] = [tuple((name, row[place]) for place, name in kept) for row in cursor]
        return found

    def close(self) -> None:
        self._line.close()


class Ground:
    """A town on a database that can be put back as it was, as often as a test likes."""

    def __init__(self, town: Town, restored: Callable[[], str]) -> None:
        self.town = town
        self._restored = restored
        """Makes the database anew and says where it is."""
        self._watch: Watch | None = None
        self._open = False

    async def restore(self) -> None:
        """Everything as it was when the town was built."""
        await self.close()
        url = self._restored()
        connect(url)
        await open_database(min_size=0)
        self._open = True
        if is_sqlite():
            self._watch = Watch(url.removeprefix("sqlite:///"))

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._open:
            await engine().close()
            self._open = False

    def rows(self, skipped: Callable[[str], bool] = lambda column: False) -> State:
        """Every row of every table, without the columns of these names."""
        assert self._watch is not None
        return self._watch.rows(skipped)

    def written(self) -> bool:
        """Whether anything was committed since this was last asked. The embedded database alone can tell."""
        assert self._watch is not None
        return self._watch.written()


@asynccontextmanager
async def on(ground: Ground) -> AsyncIterator[Ground]:
    """The ground, open until the block ends."""
    await ground.restore()
    try:
        yield ground
    finally:
        await ground.close()
