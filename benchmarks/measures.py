"""What is measured, and in which order: every page beside its bare page, feeds, sign-ups, bookings, memory.

Rounds are short and take turns (page, bare page, the same of the next place…), so that whatever else the machine does
falls upon all alike. Each figure is a median of rounds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from app.database import close_database, connect, open_database, run
from app.identity.visits import hash_token
from app.settings import Settings
from app.web.csrf import FIELD, token_for
from benchmarks.figures import Round
from benchmarks.meals import Booking, check_tables
from benchmarks.place import TOLD, Place, SignUp
from benchmarks.programs import KEY, Failed, Program, Server, memory, processor_seconds

CONNECTIONS = 4
AT_ONCE = (1, 8, 32)
MOST_SIGN_UPS = 200
"""In a round."""
WAYS_AT_ONCE = 8
"""Of those who read a meal's page, book and read their ticket."""
VISITOR = "visite=a-visitor-who-was-here-before"
FEED_500 = "/calendriers/agenda.ics"


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is measured."""

    name: str
    path: str
    """With {workshop}, {reading}, {week}, {turn}, {meal}, {door} and {month} where these stand."""
    who: str = "samira"
    """Empty for a visitor."""
    but: str = ""
    """What is drawn anew for each answer: a pattern."""

    def path_at(self, place: Place) -> str:
        return self.path.format(
            workshop=place.workshop_id,
            reading=place.reading_id,
            week=place.week,
            turn=place.turn_id,
            meal=place.meals.page_id,
            door=place.door.meal_id,
            month=place.door.month,
        )

    @property
    def key(self) -> str:
        """What it is called in an address."""
        return quote(self.name.replace(" ", "-").replace(",", ""))


AGENDA = "agenda"
WORKSHOP = "workshop"
TURNS = "week of 40 turns"
MEAL = "meal"
DOOR = "door of 120 bookings"
ACCOUNTS = "open accounts, three years of them"
ONCE = 'name="once" value="[0-9a-f]+"'
"""What tells a form from the same form in another tab."""
PAGES = (
    Page(AGENDA, "/agenda"),
    Page("agenda, visitor", "/agenda", ""),
    Page("home, visitor", "/", ""),
    Page("month", "/agenda/mois"),
    Page(WORKSHOP, "/ateliers/{workshop}"),
    Page("workshop, visitor", "/ateliers/{workshop}", ""),
    Page(TURNS, "/tours?semaine={week}"),
    Page(f"{TURNS}, visitor", "/tours?semaine={week}", ""),
    Page("one turn", "/tours/{turn}", but=ONCE),  # a form for a guest, unless the turn begins too soon
    Page("one turn, visitor", "/tours/{turn}", ""),
    Page(MEAL, "/repas/{meal}", but=ONCE),
    Page(f"{MEAL}, visitor", "/repas/{meal}", ""),
    Page("meals", "/repas"),
    Page(DOOR, "/repas/{door}/accueil", but=ONCE),
    Page(ACCOUNTS, "/repas/comptes?mois={month}"),
    Page("workshops", "/ateliers"),
    Page("my appointments", "/mes-rendez-vous"),
    Page("messages", "/messages"),
    Page("search", "/recherche?q=cv"),
    Page("members", "/membres"),
    Page("journal", "/journal"),
    Page("desk, mediator", "/mediation", "bruno"),
    Page("reading, mediator", "/mediation/ateliers/{reading}", "bruno"),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a measure takes."""

    rounds: int
    seconds: float


QUICK = Pace(3, 0.25)
USUAL = Pace(5, 0.5)


@dataclass(slots=True)
class Seen:
    """The rounds of everything at one place: (what, yardstick) → rounds; sign-ups by how many at once."""

    pages: dict[str, tuple[list[Round], list[Round]]] = field(default_factory=dict)
    alone: dict[str, list[Round]] = field(default_factory=dict)
    """Bare pages without the frame."""
    feeds: dict[str, tuple[list[Round], list[Round]]] = field(default_factory=dict)
    sign_ups: dict[int, tuple[list[Round], list[Round]]] = field(default_factory=dict)
    bookings: dict[int, tuple[list[Round], list[Round]]] = field(default_factory=dict)
    whole_bookings: tuple[list[Round], list[Round]] = field(default_factory=lambda: ([], []))
    """The page, the booking, the ticket."""
    memory: dict[int, float] = field(default_factory=dict)
    """By workers."""


def cookie(place: Place, who: str) -> str:
    """What the browser of this person sends."""
    return f"session={place.sessions[who]}" if who else VISITOR


def get(path: str, port: int, *, cookie: str = "", **headers: str) -> str:
    """The request of a page."""
    more = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    more += [f"Cookie: {cookie}"] if cookie else []
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *more, "", ""])


def post(path: str, port: int, *, session: str, **fields: str) -> str:
    """The request that sends a form of ours."""
    body = urlencode({FIELD: token_for(Settings(secret_key=KEY), hash_token(session)), **fields})
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: session={session}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


class Bench:
    """The programs around one place: its server, its bare server; the load is shared."""

    def __init__(self, place: Place, folder: Path, stack: ExitStack, load: Program) -> None:
        self.place = place
        self.load = load
        self.seen = Seen()
        self.folder = folder
        self.server = stack.enter_context(Server(place.database, folder))
        self.bare = stack.enter_context(Program.module("benchmarks.bare", folder / "bare.log"))
        told = self.bare.ask(
            {
                "database": place.database,
                "secret_key": KEY,
                "base_url": self.server.base_url,
                "pages": {page.key: {"path": page.path_at(place), "cookie": cookie(place, page.who)} for page in PAGES},
                "feeds": {
                    "agenda": {"path": FEED_500, "cookie": ""},
                    "personal": {"path": self.personal_feed, "cookie": ""},
                },
            }
        )
        self.bare_port = int(told["port"])

    @property
    def personal_feed(self) -> str:
        return f"/calendriers/perso/{self.place.feed}.ics"

    def drive(self, program: Program, **job: Any) -> tuple[Round, dict[str, Any]]:
        """One round of load on this program. Raises `Failed` at a wrong answer."""
        before = processor_seconds(program.pid)
        answer = self.load.ask({"connections": CONNECTIONS, "status": 200, **job})
        spent = processor_seconds(program.pid) - before
        if answer["wrongs"] or not answer["requests"]:
            (first, *_) = job["requests"] or [""]
            first = (first if isinstance(first, str) else first[0]).split("\r\n")[0]
            raise Failed(f"{first}: {answer['wrongs']} wrong answers, the first: {answer['wrong'][:3]}")
        return Round(answer["requests"], answer["seconds"], spent, answer["p50"], answer["p95"]), answer

    def once(self, program: Program, port: int, request: str) -> str:
        """The body of one answer."""
        _, answer = self.drive(program, port=port, requests=[request], connections=1, show=True)
        return str(answer["body"])

    # ------------------------------------------------------------------------------------------------------------ pages

    def page_request(self, page: Page) -> str:
        return get(page.path_at(self.place), self.server.port, cookie=cookie(self.place, page.who))

    def bare_request(self, path: str) -> str:
        return get(path, self.bare_port)

    def check_page(self, page: Page) -> None:
        """The bare page must be the page, byte for byte."""
        whole = self.once(self.server, self.server.port, self.page_request(page))
        bare = self.once(self.bare, self.bare_port, self.bare_request(f"/pages/{page.key}"))
        if page.but:
            whole, bare = re.sub(page.but, "", whole), re.sub(page.but, "", bare)
        if whole != bare:
            at = next(
                (i for i, (a, b) in enumerate(zip(whole, bare, strict=False)) if a != b), min(len(whole), len(bare))
            )
            raise Failed(
                f"The bare page of {page.path} is not the page: "
                f"{whole[at - 60 : at + 60]!r} is {bare[at - 60 : at + 60]!r}"
            )

    def page_round(self, page: Page, pace: Pace) -> None:
        """The page, then its bare page, then that one without the frame that every answer has."""
        ours, theirs = self.seen.pages.setdefault(page.name, ([], []))
        ours.append(self._get(self.server, self.server.port, self.page_request(page), pace, but=page.but))
        alone = self.seen.alone.setdefault(page.name, [])
        for where, rounds in (("pages", theirs), ("alone", alone)):
            asked = self.bare_request(f"/{where}/{page.key}")
            rounds.append(self._get(self.bare, self.bare_port, asked, pace, but=page.but))

    def _get(self, program: Program, port: int, request: str, pace: Pace, status: int = 200, but: str = "") -> Round:
        return self.drive(program, port=port, requests=[request], seconds=pace.seconds, status=status, but=but)[0]

    # ------------------------------------------------------------------------------------------------------------ feeds

    def feed_rounds(self) -> Iterator[tuple[str, Callable[[Pace], tuple[Round, Round]]]]:
        """Each measure of feeds: its name, and what does one round of it and of its yardstick."""
        port, bare = self.server.port, self.bare_port
        text = self.bare_request("/text")

        def whole(path: str, kept: str) -> Callable[[Pace], tuple[Round, Round]]:
            return lambda pace: (
                self._get(self.server, port, get(path, port), pace),
                self._get(self.bare, bare, self.bare_request(f"/bytes/{kept}"), pace),
            )

        def unchanged(path: str) -> Callable[[Pace], tuple[Round, Round]]:
            request = get(path, port, If_None_Match=self.etag(path))
            return lambda pace: (
                self._get(self.server, port, request, pace, 304),
                self._get(self.bare, bare, text, pace),
            )

        yield "feed of all, 200", whole(FEED_500, "agenda")
        yield "feed of all, 304", unchanged(FEED_500)
        yield "personal feed, 200", whole(self.personal_feed, "personal")
        yield "personal feed, 304", unchanged(self.personal_feed)

    def etag(self, path: str) -> str:
        """The ETag of a feed."""
        _, answer = self.drive(
            self.server, port=self.server.port, requests=[get(path, self.server.port)], connections=1
        )
        for line in answer["head"].split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "etag":
                return str(value.strip())
        raise Failed(f"{path} has no ETag.")

    def feed_round(self, pace: Pace) -> None:
        for name, measured in self.feed_rounds():
            ours, theirs = self.seen.feeds.setdefault(name, ([], []))
            one, other = measured(pace)
            ours.append(one)
            theirs.append(other)

    def check_events(self) -> None:
        """The feed of all must be as long as it is said to be; some may have begun or left since it was made."""
        body = self.once(self.server, self.server.port, get(FEED_500, self.server.port))
        if not 0.9 * TOLD <= (events := body.count("BEGIN:VEVENT")) <= 1.1 * TOLD:
            raise Failed(f"{FEED_500} has {events} events, not {TOLD}.")

    # --------------------------------------------------------------------------------------------------------- sign-ups

    def sign_up_rounds(self, rounds: int, commits: Program) -> None:
        """Sign-ups and bare commits take turns; afterwards nothing may hold more people than it has seats."""
        waiting = list(self.place.sign_ups)
        each = min(MOST_SIGN_UPS, len(waiting) // (rounds * len(AT_ONCE)))
        done = 0
        for _ in range(rounds):
            for at_once in AT_ONCE:
                batch, waiting = waiting[:each], waiting[each:]
                ours, theirs = self.seen.sign_ups.setdefault(at_once, ([], []))
                ours.append(self._sign_up(batch, at_once))
                done += len(batch)
                theirs.append(self._commit(commits, at_once, each))
        self._sign_up(rush := [SignUp(self.place.rush_id, session) for session in self.place.rush], max(AT_ONCE))
        asyncio.run(check_places(self.place, done + len(rush)))

    def _sign_up(self, batch: Sequence[SignUp], at_once: int) -> Round:
        requests = [
            post(f"/ateliers/{each.workshop_id}/inscription", self.server.port, session=each.session) for each in batch
        ]
        return self.drive(
            self.server, port=self.server.port, requests=requests, connections=at_once, status=303, same=False
        )[0]

    def _commit(self, commits: Program, at_once: int, count: int) -> Round:
        told = commits.ask({"database": commits_beside(self.place.database), "at_once": at_once, "count": count})
        return Round(told["commits"], told["seconds"], told["processor"])

    # --------------------------------------------------------------------------------------------------------- bookings

    def booking_rounds(self, rounds: int, commits: Program) -> None:
        """Bookings, the whole way to a ticket, and bare commits take turns; afterwards no table may have more people
        than seats."""
        waiting = list(self.place.meals.bookings)
        each = min(MOST_SIGN_UPS, len(waiting) // (rounds * (len(AT_ONCE) + 1)))
        done = 0
        for _ in range(rounds):
            for at_once in AT_ONCE:
                batch, waiting = waiting[:each], waiting[each:]
                ours, theirs = self.seen.bookings.setdefault(at_once, ([], []))
                ours.append(self._book(batch, at_once))
                theirs.append(self._commit(commits, at_once, each))
                done += len(batch)
            batch, waiting = waiting[:each], waiting[each:]
            ours, theirs = self.seen.whole_bookings
            ours.append(self._book_wholly(batch))
            theirs.append(self._commit(commits, WAYS_AT_ONCE, each))
            done += len(batch)
        rush = [Booking(self.place.meals.rush_id, session) for session in self.place.meals.rush]
        self._book(rush, max(AT_ONCE))
        asyncio.run(check_bookings(self.place, done + len(rush)))

    def _booking(self, each: Booking) -> str:
        return post(f"/repas/{each.meal_id}/reservations", self.server.port, session=each.session, seats="1")

    def _book(self, batch: Sequence[Booking], at_once: int) -> Round:
        requests = [self._booking(each) for each in batch]
        return self.drive(
            self.server, port=self.server.port, requests=requests, connections=at_once, status=303, same=False
        )[0]

    def _book_wholly(self, batch: Sequence[Booking]) -> Round:
        """The page of the meal, the booking, and the ticket where it leads."""
        port = self.server.port
        ways = [
            [
                get(f"/repas/{each.meal_id}", port, cookie=f"session={each.session}"),
                self._booking(each),
                get("{location}", port, cookie=f"session={each.session}; {{cookie}}"),
            ]
            for each in batch
        ]
        return self.drive(
            self.server, port=port, requests=ways, connections=WAYS_AT_ONCE, status=[200, 303, 200], same=False
        )[0]

    # ----------------------------------------------------------------------------------------------------------- memory

    def measure_memory(self, workers: int, pace: Pace) -> None:
        """PSS of the server that has answered all that; for several workers, of a fresh one that answers the pages."""
        if workers == 1:
            self.seen.memory[1] = memory(self.server.pid)
            return
        with Server(self.place.database, self.folder, workers=workers) as server:
            for page in PAGES:
                request = get(page.path_at(self.place), server.port, cookie=cookie(self.place, page.who))
                self.drive(
                    server, port=server.port, requests=[request], seconds=pace.seconds, connections=8, but=page.but
                )
            for path in (FEED_500, self.personal_feed):
                self.drive(
                    server, port=server.port, requests=[get(path, server.port)], seconds=pace.seconds, connections=8
                )
            self.seen.memory[workers] = memory(server.pid)


async def check_places(place: Place, acknowledged: int) -> None:
    """Nothing may hold more people than it has seats, nor lose one who was told yes; raises `Failed`."""
    connect(place.database)
    await open_database()
    try:
        over = await run(
            "select w.id, w.capacity, count(*) as taken from workshop w join sign_up s on s.workshop_id = w.id "
            "where s.state in ('confirmed', 'offered') group by w.id, w.capacity having count(*) > w.capacity"
        )
        if over:
            raise Failed(f"More people than seats: {over}")
        (made,) = await run(
            "select count(*) as many from sign_up where asked_at > {} and state in ('confirmed', 'waiting')",
            place.made_at,
        )
        if made["many"] != acknowledged:
            raise Failed(f"{acknowledged} sign-ups were acknowledged, {made['many']} are there.")
        (rushed,) = await run(
            "select w.capacity, count(*) as taken from workshop w join sign_up s on s.workshop_id = w.id "
            "where w.id = {} and s.state = 'confirmed' group by w.id, w.capacity",
            place.rush_id,
        )
        if rushed["taken"] != rushed["capacity"]:
            raise Failed(f"{rushed['taken']} people on {rushed['capacity']} seats after the rush.")
    finally:
        await close_database()


async def check_bookings(place: Place, acknowledged: int) -> None:
    """The same of meals; raises `Failed`."""
    connect(place.database)
    await open_database()
    try:
        await check_tables(place.meals, place.made_at, acknowledged)
    finally:
        await close_database()


def commits_beside(database: str) -> str:
    """Where bare commits go: on SQLite a file beside the place's, since two writers of one file would wait."""
    return database.replace(".sqlite", ".commits.sqlite") if database.startswith("sqlite") else database


def measure_all(
    benches: Sequence[Bench], *, only: set[str], pace: Pace, commits: Program, tell: Callable[[str], None]
) -> None:
    """Everything that was asked for, at all places in turns."""
    if "pages" in only:
        for bench in benches:
            for page in PAGES:
                bench.check_page(page)
        for number in range(pace.rounds):
            tell(f"pages, round {number + 1} of {pace.rounds}")
            for page in PAGES:
                for bench in benches:
                    bench.page_round(page, pace)
    if "feeds" in only:
        for bench in benches:
            bench.check_events()
        for number in range(pace.rounds):
            tell(f"feeds, round {number + 1} of {pace.rounds}")
            for bench in benches:
                bench.feed_round(pace)
    if "signups" in only:
        for bench in benches:
            tell(f"sign-ups, {bench.place.members} members")
            bench.sign_up_rounds(pace.rounds, commits)
    if "bookings" in only:
        for bench in benches:
            tell(f"bookings, {bench.place.members} members")
            bench.booking_rounds(pace.rounds, commits)
    if "memory" in only:
        for bench in benches:
            bench.measure_memory(1, pace)
            if not bench.place.database.startswith("sqlite"):
                tell("memory of two workers")
                bench.measure_memory(2, pace)
