"""A table with fewer seats than people, who book, give back and book for others, all at once, while the server fails.

As `stage`, whose storm this is: what people were told is held against what the database says of it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from app import clock
from app.database import run
from tests.faults.stage import Actor, Storm, Town, make_town, opened
from tests.meals.laws import one_message_a_promotion, seats_agree, the_pot_agrees
from tests.meals.make import make_dish, make_meal
from tests.meals.reads import all_parts, bookings
from tests.servers import People

SEATS = 12
LARGE = 300
OTHERS = 10
"""So many large meals: nobody books for more than six people at one of them."""
LIVE = ("waiting", "offered", "confirmed")


@dataclass(frozen=True)
class Table:
    """A meal for which there are too many people, and large ones for those who have no account."""

    town: Town
    meal: int
    others: list[int]


async def make_table(url: str) -> Table:
    """In an empty, migrated database."""
    town = await make_town(url)
    now = clock.now()
    async with opened(url):
        dish = await make_dish(place_id=town.place)
        (opener,) = await run("select min(id) as id from member")
        made = [
            await make_meal(
                place_id=town.place,
                opener=opener["id"],
                seats=LARGE if number else SEATS,
                starts_at=now + timedelta(days=10 + number),
                dishes=[dish],
                now=now,
            )
            for number in range(OTHERS + 1)
        ]
    return Table(town, made[0], made[1:])


class Diners(Storm):
    """Everybody books seats at the meal, gives them back and books again; some book for people without an account."""

    def __init__(self, table: Table, crowd: People) -> None:
        super().__init__(table.town, crowd)
        self.table = table
        self.booked: dict[int, int] = {}
        """Of each member, the booking to which they were led last."""
        self.said_yes: dict[int, int] = {}
        """Of each member, the booking for which it was noted that they take what was kept for them."""

    async def __aenter__(self) -> Diners:
        await super().__aenter__()
        return self

    @staticmethod
    def seats_for(actor: Actor) -> int:
        """How many seats each books, every time."""
        return 1 + actor.member % 3

    async def _sent(self, actor: Actor, act: str) -> httpx.Response:
        if act == "in":
            form = {"seats": str(self.seats_for(actor)), "give": str(actor.member % 2)}
            answer = await actor.person.post(f"/repas/{self.table.meal}/reservations", form)
            if answer.status_code == 303:
                self.booked[actor.member] = int(answer.headers["location"].rpartition("/")[2])
            return answer
        if act == "out":
            if refused := await self._say_yes(actor):
                return refused
            return await actor.person.post(f"/reservations/{self.booked[actor.member]}/annulation")
        other = self.table.others[len(actor.proposed) % OTHERS]
        return await actor.person.post(f"/repas/{other}/invites", {"first_name": act, "once": act})

    async def _say_yes(self, actor: Actor) -> httpx.Response | None:
        """Before they give it all back after all, they take what their ticket keeps for them. The answer, if it is
        another than that it is noted."""
        ticket = f"/reservations/{self.booked[actor.member]}"
        kept = re.findall(r'name="offer" value="(\d+-\d+)"', (await actor.person.get(ticket)).text)
        if not kept:
            return None
        answer = await actor.person.post(f"{ticket}/reponse", {"answer": "yes", "offer": sorted({*kept})})
        if answer.status_code != 303:
            return answer
        self.said_yes[actor.member] = self.booked[actor.member]
        return None

    def seats(self) -> dict[int, int]:
        """How many seats each member books."""
        return {actor.member: self.seats_for(actor) for actor in self.actors}


@dataclass(frozen=True)
class Seated:
    """What the database holds of it."""

    rows: dict[int, list[bool]]
    """Of each member, whether each of their bookings stands, oldest first."""
    seats: dict[int, int]
    """Of each member, how many seats stand: there, kept or waited for."""
    without: set[int]
    """The bookings that stand and have no seat that is theirs: they wait, or have not answered yet."""
    guests: Counter[str]
    broken: list[str]
    """The laws that do not hold."""


async def look(table: Table) -> Seated:
    """Open the database and read. Nobody may be acting."""
    async with opened(table.town.url):
        rows: dict[int, list[bool]] = {member: [] for member in table.town.members}
        whose: dict[int, int] = {}
        for row in await bookings(table.meal):
            rows[row["member_id"]].append(bool(row["active"]))
            whose[row["id"]] = row["member_id"]
        seats: Counter[int] = Counter()
        standing, sitting = set[int](), set[int]()
        for part in await all_parts(table.meal):
            if part["state"] in LIVE:
                seats[whose[part["booking_id"]]] += part["seats"]
                (sitting if part["state"] == "confirmed" else standing).add(part["booking_id"])
        guests = await run("select first_name from booking where member_id is null")
        broken = [said for law in (_seats, _pot, _messages) if (said := await _broken(law, table))]
        names = Counter(str(row["first_name"]) for row in guests)
    return Seated(rows, dict(seats), standing - sitting, names, broken)


async def _seats(table: Table) -> None:
    for meal in (table.meal, *table.others):
        await seats_agree(meal, now=clock.now())


async def _pot(table: Table) -> None:
    await the_pot_agrees(table.town.place)


async def _messages(table: Table) -> None:
    await one_message_a_promotion(table.meal)


async def _broken(law: Any, table: Table) -> str:
    try:
        await law(table)
    except AssertionError as broken:
        return f"{law.__name__}: {broken}"
    return ""


def wrongs(storm: Diners, found: Seated) -> list[str]:
    """What the database does not bear out of what people were told; empty when all is well."""
    told, asked, wrong = storm.told(), storm.seats(), list(found.broken)
    for member, stand in found.rows.items():
        doubt = told.in_doubt[member]
        many, most = told.signed_up[member], told.signed_up[member] + (doubt == "in")
        if not many <= len(stand) <= most:
            wrong.append(f"{member} was told {many} to {most} times that it is noted, and it is {len(stand)} times")
        now_in = bool(stand) and stand[-1]
        if doubt not in ("in", "out") and now_in is not told.is_in[member]:
            wrong.append(f"{member} was told in={told.is_in[member]}, and it is {now_in}")
        if sum(stand) > 1:
            wrong.append(f"{member} is there {sum(stand)} times")
        if found.seats.get(member, 0) != (asked[member] if now_in else 0):
            wrong.append(f"{member} asked for {asked[member]} seats, and has {found.seats.get(member, 0)}")
        if storm.said_yes.get(member) in found.without:
            wrong.append(f"{member} took what was kept for them, and has it not")
    wrong += [f"« {name} » was acknowledged and is not there" for name in told.proposed - set(found.guests)]
    wrong += [f"« {name} » is there {many} times" for name, many in found.guests.items() if many > 1]
    unsent = set(found.guests) - told.proposed - set(told.in_doubt.values())
    return wrong + [f"« {name} » is there, and nobody sent it" for name in unsent]
