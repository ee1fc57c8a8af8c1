"""Two towns that differ only in who paid what, built by one script at one clock: every id, name and hour is the same.

What one person did in the first, another did in the second, and the other way round (`SWAPPED`); or, where fewer than
five pay for a meal, sums differ as well (`FEWER`), of which nothing may be shown either. Their meals stand at every
stage at `NOW`: a month old, counted and closed by the night's job, counted this morning, not counted yet, at the table,
before it, and called off.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from app.accounts.commands.box import deposit
from app.accounts.commands.budget import answer_request, ask_for, set_budget
from app.accounts.commands.purchases import write_purchase
from app.accounts.commands.repaying import give_back
from app.accounts.rules import PurchaseWords
from app.accounts.states import PaidFrom, Spending
from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.clock import local_day
from app.database import run, transaction
from app.identity.states import Act
from app.main import REGISTRY
from app.payments import gateway
from app.settings import Settings
from app.web.log import JsonLines
from meals.commands.booking import book, book_for
from meals.commands.door import tick, untick
from meals.commands.giving_back import cancel_seats, hand_over, take_over
from meals.commands.opening import cancel_meal
from meals.commands.till import enter_count
from meals.facts import KIND
from meals.queries.door import ticket_code
from meals.rules import Wish
from meals.states import Job, Payment
from rehearsal import Rehearsal
from tests.client import NOON, World
from tests.factories import make_grant, make_member, make_place, make_room, make_workshop, writing
from tests.meals.make import make_meal, make_turn
from tests.meals.paying import Bank
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

NOW = NOON
"""When both towns are read."""
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
LOW, FAIR, MORE = 300, 500, 800

READERS: Mapping[str, str] = {
    "member": "Marius",
    "newcomer": "Nadia",
    "booked": "Boris",
    "handed over": "Denise",
    "host of a guest": "Ivan",
    "cook": "Odile",
    "door": "Prune",
    "till": "Quentin",
    "opener": "Octave",
    "keeper": "Rosa",
    "accounts": "Achille",
    "bureau": "Béatrice",
    "mediator": "Bruno",
    "stranger": "Étienne",
    "elsewhere": "Élodie",
}
"""Who reads, by what they may do here; a visitor beside them. None of them is anybody of whom the towns differ."""
STANDING = {
    "door": Act.CHECK_IN,
    "till": Act.TAKE_CASH,
    "keeper": Act.KEEP_PLACE,
    "accounts": Act.KEEP_ACCOUNTS,
    "bureau": Act.SAY_YES,
}
VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Spends:
    """What one person does about money, at every meal."""

    wish: Wish
    leaves: bool | None = None
    """They give the seat back: to the pot, or to have the money back."""


def _site(price: int, *, give: int = 0, team: bool = False) -> Spends:
    return Spends(Wish(seats=1, price_cents=price, give=give, team=team))


def _card(
    price: int, *, give: int = 0, suspended: bool = False, team: bool = False, leaves: bool | None = None
) -> Spends:
    wish = Wish(seats=1, price_cents=price, payment=Payment.CARD, give=give, suspended=suspended, team=team)
    return Spends(wish, leaves=leaves)


FIRST: Mapping[str, Spends] = {
    "Sylvie": _site(LOW),
    "Simon": _site(MORE),
    "Chloé": _card(LOW),
    "César": _card(MORE),
    "Fanny": _card(FAIR, suspended=True),
    "Farid": _card(FAIR),
    "Théo": _card(FAIR, team=True),
    "Tania": _card(FAIR),
    "Gaëlle": _site(FAIR, give=1),
    "Gilles": _site(FAIR),
    "Hugo": _card(FAIR, give=2),
    "Halima": _card(FAIR),
    "Lila": _card(FAIR, leaves=True),
    "Luc": _card(FAIR, leaves=False),
    "Wanda": _site(LOW),
    "Walid": _site(MORE),
}
"""Two and two: on site and by card a low price and a high one, a suspended meal and a full one, the team's seat and a
paid one, a gift to the pot and none, a seat given back to the pot and one whose money went back, two who took seats
over after closing."""
PAIRS = tuple(zip(list(FIRST)[::2], list(FIRST)[1::2], strict=True))
SWAPPED: Mapping[str, Spends] = {name: FIRST[other] for one, two in PAIRS for name, other in ((one, two), (two, one))}
TEAM = ("Théo", "Tania")
WAIT = ("Wanda", "Walid")

FEW: Mapping[str, Spends] = {name: FIRST[name] for name in ("Sylvie", "Simon", "Chloé", "César", "Fanny", "Théo")}
FEWER: Mapping[str, Spends] = {**FEW, "Sylvie": _site(MORE), "Chloé": _card(MORE), "Fanny": _card(FAIR)}
"""Nobody's swap: a meal of so few, at which one paid more on site, one by card, and one took no suspended meal."""


@dataclass
class Dinner:
    """One meal, and when it is."""

    title: str
    starts_at: datetime
    few: bool = True
    """Whether the town of few has it: two that are closed would together be of more than five."""
    id: int = 0
    bookings: dict[str, int] = field(default_factory=dict)


STILL_BOOKED = ("On réserve encore", "Annulé")
QUICK = ("La nuit est passée", "Compté ce matin", "À table", "On réserve encore")
"""The stages of the towns that are read with every run of the tests."""


def dinners() -> list[Dinner]:
    """One for each stage, the oldest first."""
    return [
        Dinner("Un mois après", NOW - 40 * DAY, few=False),
        Dinner("La nuit est passée", NOW - 3 * DAY),
        Dinner("Compté ce matin", NOW - 4 * HOUR),
        Dinner("Pas encore compté", NOW - 3 * HOUR),
        Dinner("À table", NOW + HOUR / 2),
        Dinner("Réservations closes", NOW + 12 * HOUR),
        Dinner("On réserve encore", NOW + 4 * DAY),
        Dinner("Annulé", NOW + 2 * DAY),
    ]


@dataclass
class TwinTown:
    """One of the two."""

    place: int = 0
    there: int = 0
    members: dict[str, int] = field(default_factory=dict)
    """By name."""
    meals: dict[str, Dinner] = field(default_factory=dict)
    """By title."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Of sessions: of the readers by kind, of those who differ by name."""
    log: list[str] = field(default_factory=list)
    """What the log said while it was built."""


Deed = tuple[datetime, int, Callable[..., Awaitable[None]], tuple[Any, ...]]
"""When, in which order, what, and of what; the hour is its last argument."""


class Builder:
    """Everybody does at their hour what they do; then the jobs."""

    def __init__(self, spends: Mapping[str, Spends], stripe: Rehearsal, *, few: bool, stages: Collection[str]) -> None:
        self.spends, self.few, self.stages = spends, few, stages
        self.bank = Bank(stripe)
        self.town = TwinTown()
        self._deeds: list[Deed] = []
        self._numbers = itertools.count()

    def at(self, at: datetime, deed: Callable[..., Awaitable[None]], *about: Any) -> None:
        self._deeds.append((at, next(self._numbers), deed, about))

    async def build(self) -> TwinTown:
        await self._everybody()
        for dinner in dinners():
            if (dinner.few or not self.few) and (not self.stages or dinner.title in self.stages):
                self.town.meals[dinner.title] = dinner
                self._plan(dinner)
        for at, _, deed, about in sorted(self._deeds, key=lambda each: each[:2]):
            if at <= NOW:
                self.bank.now = at
                await deed(*about, at)
        await self._logistics()
        await self._jobs(NOW)
        await self._sign_in()
        return self.town

    # ------------------------------------------------------------------------------------------------------- people

    async def _everybody(self) -> None:
        town, joined = self.town, NOW - 100 * DAY
        async with writing():
            town.place = await make_place(slug="les-tanneurs", name="Les Tanneurs", now=joined)
            town.there = await make_place(slug="ailleurs", name="Ailleurs", now=joined)
            await make_room(place_id=town.place, name="Salon", seats=60)
            for kind, name in READERS.items():
                where = {"stranger": None, "elsewhere": town.there}.get(kind, town.place)
                when = NOW - DAY if kind == "newcomer" else joined
                town.members[name] = await make_member(
                    name=name,
                    place_id=where,
                    mediator=kind == "mediator",
                    met=kind != "newcomer",
                    email=f"lecture{len(town.members)}@exemple.fr",
                    now=when,
                )
                if kind in STANDING:
                    await make_grant(
                        member_id=town.members[name], place_id=town.place, act=STANDING[kind], from_at=joined
                    )
            for name in FIRST:
                email = f"quelquun{len(town.members)}@exemple.fr"
                town.members[name] = await make_member(
                    name=name, place_id=town.place, listed=True, email=email, now=joined
                )
        await make_workshop(
            place_id=town.place, host=self._id("Marius"), mediator=self._id("Bruno"), now=NOW - 8 * DAY,
            starts_at=NOW + 3 * DAY,
        )  # fmt: skip
        async with transaction():  # suspended meals are there, in both
            await run(
                "insert into pot_line (place_id, kind, cents, at) values ({}, 'given', 10000, {})", town.place, joined
            )
            await run("insert into pot (place_id, cents, borne_cents) values ({}, 10000, 0)", town.place)

    def _id(self, name: str) -> int:
        return self.town.members[name]

    async def _sign_in(self) -> None:
        world = World(NOW)
        for kind, name in {**READERS, **{name: name for name in self.spends}}.items():
            member_id = self._id(name)
            place_id = {"stranger": None, "elsewhere": self.town.there}.get(kind, self.town.place)
            self.town.tokens[kind] = f"session-of-{member_id:032}"
            with mock.patch("secrets.token_urlsafe", return_value=self.town.tokens[kind]):
                await world.browser_of(member_id, place_id=place_id)
            if kind in READERS:
                wishes = FeedWishes("Téléphone", False, False, None)
                await add_feed(actor=member_id, wishes=wishes, token=feed_token(kind), now=NOW)

    # -------------------------------------------------------------------------------------------------------- a meal

    def _plan(self, dinner: Dinner) -> None:
        starts = dinner.starts_at
        later = dinner.title in STILL_BOOKED
        closes = starts - DAY if later else min(starts - 18 * HOUR, NOW - HOUR)
        opened = NOW - 3 * DAY if later else closes - 6 * DAY
        moments = (opened + HOUR + number * 5 * MINUTE for number in itertools.count())
        keep = [name for name, spends in self.spends.items() if spends.leaves is None and name not in WAIT]
        leave = [name for name, spends in self.spends.items() if spends.leaves is not None]
        wait = [name for name in WAIT if name in self.spends]
        readers = ["Odile", "Boris"] if self.few else ["Odile", "Boris", "Denise"]

        self.at(opened, self._opens, dinner, closes, len(keep) + len(readers) + 1)
        self.at(next(moments), self._guest, dinner)
        for name in (*readers, *leave):
            self.at(next(moments), self._books, dinner, name)
        for name in leave:
            self.at(next(moments), self._gives_back, dinner, name)
        for name in (*keep, *wait):
            self.at(next(moments), self._books, dinner, name)
        if dinner.title == "Annulé":
            self.at(NOW - 5 * HOUR, self._calls_off, dinner)
        for at in (closes, starts + MINUTE, starts + HOUR, (starts + DAY).replace(hour=4), starts + 33 * DAY):
            self.at(at, self._jobs)
        if wait and not later:
            self.at(closes + 10 * MINUTE, self._handed, dinner)
        if dinner.title not in (*STILL_BOOKED, "Réservations closes"):
            self.at(starts - 40 * MINUTE, self._comes_in, dinner)
            self.at(starts + HOUR + 10 * MINUTE, self._counts, dinner)

    async def _opens(self, dinner: Dinner, closes: datetime, seats: int, at: datetime) -> None:
        dinner.id = await make_meal(
            place_id=self.town.place, opener=self._id("Octave"), title=dinner.title, seats=seats,
            starts_at=dinner.starts_at, closes_at=closes, hours=1, now=at,
        )  # fmt: skip
        team = [self._id(name) for name in ("Odile", *TEAM) if name == "Odile" or name in self.spends]
        await make_turn(meal_id=dinner.id, job=Job.COOK, hours_before=1, hours=0.5, people=4, holders=team, now=at)

    async def _comes_in(self, dinner: Dinner, at: datetime) -> None:
        """Prune ticks who is there: half of those who are expected at the meal that is about to begin, else all but
        Boris; Odile by mistake."""
        names = [
            name for name in dinner.bookings if name != "Boris" and (self.few or name not in ("Denise", "Gustave"))
        ]
        names = [name for name in names if name not in self.spends or self.spends[name].leaves is None]
        there = ["Odile", *names[::2]] if dinner.title == "À table" else ["Odile", *names]
        there = list(dict.fromkeys(there))
        prune = {"actor": self._id("Prune"), "seats": 1, "now": at}
        for number, name in enumerate(there):
            await tick(booking_id=dinner.bookings[name], seen=0, once=f"in {number}", **prune)  # type: ignore[arg-type]  # one form, sent on
        await untick(booking_id=dinner.bookings[there[0]], seen=1, once="out", **prune)  # type: ignore[arg-type]  # one form, sent on

    async def _counts(self, dinner: Dinner, at: datetime) -> None:
        """Two find as much in the box, whatever was promised; or one has not counted yet."""
        await enter_count(dinner.id, actor=self._id("Quentin"), cents=4200, now=at)
        if dinner.title != "Pas encore compté":
            await enter_count(dinner.id, actor=self._id("Odile"), cents=4200, now=at + MINUTE)

    async def _logistics(self) -> None:
        """What the place spends is nobody's secret, and the same in both."""
        place_id, achille = self.town.place, self._id("Achille")
        amounts = {Spending.FOOD: 20000, Spending.COFFEE: 3000}
        await set_budget(actor=achille, place_id=place_id, amounts=amounts, now=NOW - 5 * DAY)
        wish = {"spending": Spending.ROOM, "what": "Une bouilloire", "why": "L’autre fuit.", "cents": 2500}
        asked = await ask_for(
            actor=self._id("Marius"), place_id=place_id, once="kettle", now=NOW - 5 * DAY, **wish,  # type: ignore[arg-type]  # one form, sent on
        )  # fmt: skip
        await answer_request(actor=achille, request_id=asked, agree=True, version=1, now=NOW - 4 * DAY)
        dinner = self.town.meals["La nuit est passée"]
        bought = PurchaseWords(
            "Légumes", 2400, Spending.FOOD, local_day(dinner.starts_at), PaidFrom.MEMBER, KIND, dinner.id
        )
        purchase_id = await write_purchase(
            actor=self._id("Odile"), place_id=place_id, words=bought, once="greens", now=NOW - 2 * DAY
        )
        await give_back(
            actor=achille, purchase_id=purchase_id, paid_from=PaidFrom.BOX, once="greens back", now=NOW - HOUR
        )
        await deposit(actor=achille, place_id=place_id, cents=1000, once="to the bank", now=NOW - HOUR)

    async def _calls_off(self, dinner: Dinner, at: datetime) -> None:
        await cancel_meal(actor=self._id("Octave"), meal_id=dinner.id, reason="Plus de gaz.", now=at)

    async def _jobs(self, at: datetime) -> None:
        for job in REGISTRY.jobs:
            await job.run(at)

    async def _books(self, dinner: Dinner, name: str, at: datetime) -> None:
        member_id = self._id(name)
        wish = self.spends[name].wish if name in self.spends else _site(FAIR, team=name == "Odile").wish
        if wish.payment is Payment.CARD and not wish.team and not wish.suspended:
            dinner.bookings[name] = await self.bank.booked_and_paid(
                dinner.id, member_id, price_cents=wish.price_cents, give=wish.give
            )
            return
        made = await book(actor=member_id, meal_id=dinner.id, wish=wish, diets={}, now=at)
        dinner.bookings[name] = made.id

    async def _guest(self, dinner: Dinner, at: datetime) -> None:
        dinner.bookings["Gustave"] = await book_for(
            actor=self._id("Ivan"), meal_id=dinner.id, first_name="Gustave", wish=Wish(1, FAIR), now=at
        )

    async def _gives_back(self, dinner: Dinner, name: str, at: datetime) -> None:
        booking_id, leave = dinner.bookings[name], bool(self.spends[name].leaves)
        await cancel_seats(actor=self._id(name), booking_id=booking_id, seats=None, leave=leave, now=at)

    async def _handed(self, dinner: Dinner, at: datetime) -> None:
        """Denise and the guest's host cannot come: two who wait take the seats over."""
        await hand_over(actor=self._id("Denise"), booking_id=dinner.bookings["Denise"], seats=1, now=at)
        await take_over(actor=self._id("Wanda"), meal_id=dinner.id, now=at + MINUTE)
        await hand_over(actor=self._id("Ivan"), booking_id=dinner.bookings["Gustave"], seats=1, now=at + 2 * MINUTE)
        await take_over(actor=self._id("Walid"), meal_id=dinner.id, now=at + 3 * MINUTE)


def codes_of(town: TwinTown, names: Collection[str]) -> list[str]:
    """What the tickets of these say at the door."""
    secret_key = World(NOW).settings.secret_key
    numbers = [dinner.bookings[name] for dinner in town.meals.values() for name in names]
    return [ticket_code(number, secret_key=secret_key) for number in numbers]


def feed_token(kind: str) -> str:
    """Of the calendar address of this reader."""
    return ("feed-of-" + "".join(each for each in kind if each.isascii() and each.isalpha())).ljust(43, "x")


class Overheard(logging.Handler):
    """Every line of the log as it would be written, but for its hour and how long it took."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        record.created, record.milliseconds = 0.0, None
        self.lines.append(self.format(record))


@contextmanager
def overheard(level: int = logging.INFO) -> Iterator[list[str]]:
    """What is logged, as `reseau serve` would write it; not what the test itself asks for."""
    handler, root = Overheard(), logging.getLogger()
    handler.addFilter(lambda record: not record.name.startswith(("httpx", "asyncio")))
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


async def build_twin(spends: Mapping[str, Spends], *, few: bool = False, stages: Collection[str] = ()) -> TwinTown:
    """A town in the database that is open and empty, with meals at these stages, or at all."""
    with (
        Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, clock=NOW.timestamp) as stripe,
        mock.patch("tests.factories._numbers", itertools.count(1)),
        mock.patch("tests.meals.make._numbers", itertools.count(1)),
        overheard() as log,
    ):
        way = gateway.Gateway(
            SECRET_KEY, (WEBHOOK_SECRET,), Settings().base_url, api_base=stripe.address, timeout=5.0, retries=0
        )
        gateway.use(way)
        try:
            town = await Builder(spends, stripe, few=few, stages=stages).build()
        finally:
            gateway.use(None)
            await way.aclose()
        town.log = list(log)
        return town
