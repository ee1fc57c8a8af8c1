"""Nobody learns who paid what (mission, rule 7): two towns that differ in nothing else are one and the same to
everybody but those few.

Every page, list, feed, file and answer for machines, every mail to others, what others take along, and the log are
held together letter by letter (`tests/attack/alike.py`), in the towns of `tests/attack/two_towns.py`. A page that comes
later is read by itself: addresses are those of the route table and of the links on pages.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from app.accounts import queries_desk
from app.accounts.api import add_line
from app.accounts.states import LedgerKind
from app.database import close_database, connect, open_database, run, transaction
from app.identity import listed
from meals.queries import door, lists, one
from tests.attack.alike import Reading, Reads, differences, mails_to, read_town, told_by, without_chance
from tests.attack.two_towns import (
    FEW,
    FEWER,
    FIRST,
    NOW,
    QUICK,
    READERS,
    SWAPPED,
    VISITOR,
    Spends,
    TwinTown,
    build_twin,
    overheard,
)
from tests.conftest import Postgres, elsewhere

EVERYBODY = (VISITOR, *READERS)
QUICK_READERS = (VISITOR, "member", "booked", "cook", "door", "till", "opener", "accounts", "mediator")
PAIRS: Mapping[str, tuple[Mapping[str, Spends], Mapping[str, Spends]]] = {
    "swapped": (FIRST, SWAPPED),
    "few": (FEW, FEWER),
}


Undo = Callable[[], Awaitable[None]]
Careless = Callable[[TwinTown], Awaitable[Undo | None]]


@dataclass
class Twins:
    """Two towns, each in its database."""

    differ: Collection[str]
    """Who paid otherwise in the other town."""
    urls: list[str] = field(default_factory=list)
    towns: list[TwinTown] = field(default_factory=list)

    async def build(self, url: str, spends: Mapping[str, Spends], *, few: bool, stages: Collection[str]) -> None:
        """One more town in this database, which has tables and no rows."""
        connect(url)
        await open_database(min_size=0)
        try:
            self.towns.append(await build_twin(spends, few=few, stages=stages))
            self.urls.append(url)
        finally:
            await close_database()

    @asynccontextmanager
    async def each(self, number: int) -> AsyncIterator[TwinTown]:
        """One of them, its database open."""
        connect(self.urls[number])
        await open_database(min_size=0)
        try:
            yield self.towns[number]
        finally:
            await close_database()

    async def read(
        self, kinds: Collection[str], *only: str, following: bool = False, careless: Careless | None = None
    ) -> list[Reading]:
        """Both, read by these: everything, or only these addresses. `careless` leaks something of each first, and takes
        it back."""
        readings = []
        for number in range(2):
            async with self.each(number) as town:
                undo = await careless(town) if careless is not None else None
                readings.append(await read_town(town, kinds, self.differ, following=following, only=only or None))
                if undo is not None:
                    await undo()
        return readings

    async def told(self, kind: str, *addresses: str, careless: Careless | None = None) -> list[str]:
        """What tells the towns apart for this reader of these pages."""
        return differences(*await self.read([kind], *addresses, careless=careless))


def made(pair: str, fresh: Callable[[], str], stages: Collection[str] = QUICK) -> Twins:
    """Both towns of a pair."""
    one, other = PAIRS[pair]
    twins = Twins(list(one))

    async def build() -> None:
        for spends in (one, other):
            await twins.build(fresh(), spends, few=pair == "few", stages=stages)

    elsewhere(build())
    return twins


@pytest.fixture(scope="session")
def fresh(quick_path: Path, sqlite_template: Path) -> Callable[[], str]:
    """Another clean database on SQLite."""
    folder, numbers = quick_path / "twins", iter(range(1000))
    folder.mkdir()

    def copied() -> str:
        path = folder / f"{next(numbers)}.sqlite"
        shutil.copyfile(sqlite_template, path)
        return f"sqlite:///{path}"

    return copied


@pytest.fixture(scope="session")
def swapped(fresh: Callable[[], str]) -> Twins:
    return made("swapped", fresh)


@pytest.fixture(scope="session")
def few(fresh: Callable[[], str]) -> Twins:
    return made("few", fresh)


def said(found: list[str]) -> str:
    return "\n".join([f"{len(found)} differences", *found[:40]])


async def test_what_two_people_paid_could_be_swapped(swapped: Twins) -> None:
    one, other = await swapped.read(QUICK_READERS)
    assert (found := differences(one, other)) == [], said(found)
    holds_something(one)


async def test_of_fewer_than_five_not_even_sums_are_shown(few: Twins) -> None:
    one, other = await few.read([kind for kind in QUICK_READERS if kind not in ("booked", "opener")])
    assert (found := but_for_stripe(differences(one, other))) == [], said(found)
    holds_something(one)


def but_for_stripe(found: list[str]) -> list[str]:
    """What is at Stripe is a sum of five payments at least (`TestTheDesk`), of all meals: only whoever keeps the
    accounts reads it."""
    return [line for line in found if not (line.startswith("('accounts") and AT_STRIPE.search(line))]


AT_STRIPE = re.compile(r"\): [-+]<div><dt>Chez Stripe[^<]*</dt><dd>[^<]*</dd></div>$")
"""The one line of the desk that says it."""


def holds_something(reading: Reading) -> None:
    """Nothing is compared where nothing is read."""
    opened = [key for key, told in reading.pages.items() if told.startswith("200")]
    assert len(opened) > 300
    assert {kind for kind, _ in opened} == {kind for kind, _ in reading.pages}
    assert len(reading.mails) > 50
    assert len(reading.log) > 700
    assert len(reading.takings) >= len(READERS)
    assert any("Sylvie" in told for told in reading.pages.values())


class TestTheDesk:
    """Whoever keeps the accounts reads sums that move; read before and after, they would say what one person paid."""

    async def test_what_is_at_stripe_moves_by_five_payments(self, few: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        sums = await self.while_paying(few)
        assert len(set(sums)) in (2, 3)
        moves = [number for number, (before, now) in enumerate(pairwise(sums)) if before != now]
        assert all(later - sooner == 5 for sooner, later in pairwise(moves))

    async def test_without_that_each_payment_would_be_seen(self, few: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        """The positive control."""
        monkeypatch.setattr(queries_desk, "PAYMENTS_TOGETHER", 1)
        assert len(set(await self.while_paying(few))) == 12

    async def while_paying(self, few: Twins) -> list[str]:
        """What the desk says before eleven payments, and after each. All is put back."""
        path = Path(few.urls[0].removeprefix("sqlite:///"))
        before = path.read_bytes()
        try:
            async with few.each(0) as town:
                reader = Reads(town).reader("accounts")
                shown = [at_stripe(await reader.get("/comptes"))]
                for number in range(11):
                    async with transaction():
                        for kind, cents in (("payment", 300 + 7 * number), ("fee", -30 - number)):
                            await add_line(LedgerKind(kind), f"{kind}-{number}", cents, place_id=town.place, now=NOW)
                    shown.append(at_stripe(await reader.get("/comptes")))
        finally:
            for beside in ("-wal", "-shm"):
                path.with_name(path.name + beside).unlink(missing_ok=True)
            path.write_bytes(before)
        return shown


def at_stripe(desk: Response) -> str:
    found = re.search(r"<dt>Chez Stripe[^<]*</dt><dd>([^<]+)</dd>", desk.text)
    assert found is not None
    return found[1]


@pytest.mark.slow
class TestAtEveryStage:
    """Every link and every form, and the other engine: meals of a month ago, called off, closed, too."""

    @pytest.mark.timeout(1800)
    @pytest.mark.parametrize("pair", list(PAIRS))
    async def test_every_link_leads_to_the_same(self, fresh: Callable[[], str], pair: str) -> None:
        one, other = await made(pair, fresh, ()).read(EVERYBODY, following=True)
        assert (found := but_for_stripe(differences(one, other))) == [], said(found)
        assert len(one.pages) > 3000

    @pytest.mark.timeout(1800)
    @pytest.mark.parametrize("pair", list(PAIRS))
    async def test_every_button_is_answered_with_the_same(self, fresh: Callable[[], str], pair: str) -> None:
        """Refusals, too: what somebody may not do could say why by what others paid."""
        twins = made(pair, fresh)
        one, other = [await answers(twins, number) for number in range(2)]
        assert (found := but_for_stripe(differences(one, other))) == [], said(found)
        assert len(one.pages) > 100

    @pytest.mark.parametrize("pair", list(PAIRS))
    async def test_on_the_other_engine(self, postgres: Postgres, postgres_template: str, pair: str) -> None:
        names: list[str] = []

        def fresh() -> str:
            names.append(postgres.create(postgres_template))
            return str(postgres.url(names[-1]))

        try:
            one, other = await made(pair, fresh, ()).read(EVERYBODY)
            assert (found := but_for_stripe(differences(one, other))) == [], said(found)
            holds_something(one)
        finally:
            for name in names:
                postgres.drop(name)


async def answers(twins: Twins, number: int) -> Reading:
    """What every form answers that anybody is shown, filled in and sent, and the page that this leads to; what is
    written to others then. The town is put back after each."""
    reading, url = Reading(), twins.urls[number]
    path = Path(url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    with without_chance(), overheard() as log:
        async with twins.each(number) as town:
            forms = (await Reads(town).crawl(EVERYBODY)).forms
        town = twins.towns[number]
        others = {member_id for name, member_id in town.members.items() if name not in twins.differ}
        for each in forms:
            for button in each.form.pressed:
                async with twins.each(number):
                    reader = Reads(town).reader(each.kind)
                    answer = await reader.post(each.path, each.form.as_sent(button, filled=True))
                    key = (f"{each.kind} presses {button and button.value}", f"{each.route} {each.page}")
                    reading.pages[key] = told_by(answer)
                    if "location" in answer.headers and answer.headers["location"].startswith("/"):
                        reading.pages[key] += told_by(await reader.get(answer.headers["location"]))
                    mails = await mails_to(others)
                    reading.pages[key] += "\n".join(map(str, mails))
                for beside in ("-wal", "-shm"):
                    path.with_name(path.name + beside).unlink(missing_ok=True)
                path.write_bytes(before)
    reading.log = list(log)
    return reading


class TestWhatDiffersIsSeen:
    """The positive controls: that the towns differ, and that each way of telling it is noticed."""

    @pytest.mark.parametrize("name", list(FIRST))
    async def test_each_of_those_who_differ_reads_another_booking(self, swapped: Twins, name: str) -> None:
        shown = []
        for number in range(2):
            async with swapped.each(number) as town:
                booking = town.meals["La nuit est passée"].bookings[name]
                with without_chance():
                    answer = await Reads(town).reader(name).get("/moi/donnees/copie")
                    own = await Reads(town).reader(name).get(f"/reservations/{booking}/choix")
                shown.append((answer.content, own.text))
        assert shown[0] != shown[1]

    async def test_a_price_on_a_page(self, swapped: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        meal = "/repas/{À table}"
        assert await swapped.told("member", meal) == []
        price = "(select b.price_cents || ' c' from booking b where b.meal_id = m.id and b.price_cents <> 500 limit 1)"
        leaky = one._MEAL.replace("p.name as place_name", f"{price} as place_name")
        assert leaky != one._MEAL
        monkeypatch.setattr(one, "_MEAL", leaky)
        assert [line for line in await swapped.told("member", meal) if "300 c" in line]

    async def test_a_price_on_the_list_at_the_door(self, swapped: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        lists_at = ("/repas/{À table}/accueil", "/repas/{À table}/accueil/feuille")
        assert await swapped.told("door", *lists_at) == []
        leaky = door._PARTS.replace("b.first_name) as name", "b.first_name) || b.price_cents as name")
        assert leaky != door._PARTS
        monkeypatch.setattr(door, "_PARTS", leaky)
        for address in lists_at:
            assert await swapped.told("door", address) != []

    async def test_how_much_is_in_the_pot(self, few: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        meal = "/repas/{On réserve encore}"
        assert await few.told("member", meal) == []
        monkeypatch.setattr("meals.rules.pot_holds_one", lambda balance_cents, fair_cents: balance_cents > 9500)
        assert await few.told("member", meal) != []

    async def test_a_count_of_those_who_took_a_suspended_meal(
        self, few: Twins, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert await few.told("keeper", "/repas") == []
        count = "(select count(*) from booking b where b.meal_id = m.id and b.suspended)"
        leaky = lists._LIST.replace("m.waiting,", f"m.waiting + {count} as waiting,")
        assert leaky != lists._LIST
        monkeypatch.setattr(lists, "_LIST", leaky)
        assert await few.told("keeper", "/repas") != []

    async def test_an_order(self, swapped: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first of the list is whoever paid least."""
        assert await swapped.told("member", "/membres") == []
        least = "(select min(b.price_cents) from booking b where b.member_id = m.id)"
        leaky = listed._PAGE.replace("order by page.key, m.id", f"order by {least}, page.key, m.id")
        assert leaky != listed._PAGE
        monkeypatch.setattr(listed, "_PAGE", leaky)
        assert await swapped.told("member", "/membres") != []

    async def test_an_hour(self, swapped: Twins) -> None:
        """The calendar's entry was last changed when somebody paid."""
        feed = "/calendriers/agenda.ics"
        assert await swapped.told(VISITOR, feed) == []

        async def touched(town: TwinTown) -> Undo:
            (entry,) = await run(_ENTRY, town.meals["On réserve encore"].id)
            price = await price_of(town, "Sylvie")

            async def write(at: datetime) -> None:
                async with transaction():
                    await run("update entry set modified_at = {} where id = {}", at, entry["id"])

            await write(NOW - timedelta(seconds=price))
            return lambda: write(entry["modified_at"])

        assert await swapped.told(VISITOR, feed, careless=touched) != []
        assert await swapped.told(VISITOR, feed) == []

    async def test_a_mail_to_somebody_else(self, swapped: Twins) -> None:
        async def written(town: TwinTown) -> Undo:
            (mail,) = await run(_MAIL, town.members["Octave"])
            price = await price_of(town, "Sylvie")

            async def write(body: str) -> None:
                async with transaction():
                    await run("update outbox set body = {} where id = {}", body, mail["id"])

            await write(f"{mail['body']} {price} c")
            return lambda: write(mail["body"])

        found = await swapped.told("opener", "/repas", careless=written)
        assert any(line.startswith("mails: ") for line in found)

    async def test_a_line_of_the_log(self, swapped: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        shown = one._shown

        async def talkative(meal_id: int, now: datetime) -> Any:
            rows = await run("select price_cents from booking where meal_id = {} order by id", meal_id)
            logging.getLogger("reseau.meals").info("prices %s", [row["price_cents"] for row in rows])
            return await shown(meal_id, now)

        monkeypatch.setattr(one, "_shown", talkative)
        found = await swapped.told("member", "/repas/{À table}")
        assert [line for line in found if line.startswith("log: ") and "prices" in line]
        assert [line for line in found if not line.startswith("log: ")] == []

    async def test_what_others_take_along(self, swapped: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
        async def dishes(_: int) -> list[dict[str, Any]]:
            rows = await run("select price_cents from booking order by id")
            return [{"dish": str([row["price_cents"] for row in rows])}]

        monkeypatch.setattr("meals.own_data._dishes", dishes)
        found = await swapped.told("member", "/repas")
        assert [line for line in found if line.startswith("copy of ")]

    def test_a_header(self) -> None:
        one_more, other = (told_by(Response(200, headers={"ETag": tag}, text="x")) for tag in ('"1"', '"2"'))
        assert one_more != other


async def price_of(town: TwinTown, name: str) -> int:
    """What a seat costs them."""
    booking = town.meals["On réserve encore"].bookings[name]
    return int((await run("select price_cents from booking where id = {}", booking))[0]["price_cents"])


_ENTRY = "select id, modified_at from entry where kind = 'meal' and thing_id = {}"
_MAIL = "select id, body from outbox where member_id = {} order by id limit 1"
