"""Reads a town as everybody, and holds two readings together: whatever differs tells its reader what differs in town.

Chance is taken out of the reading instead of out of what was read (`without_chance`): nothing is normalised, and one
letter more on any page, in any header, in any mail is seen.
"""

from __future__ import annotations

import difflib
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from unittest import mock

import httpx

from app.cli.accounts import check, line_of
from app.database import run
from app.identity.exporting import as_json, export_of
from app.main import REGISTRY
from app.settings import Settings
from tests.attack.crawl import Found, RouteTable, _unlinked, _walk
from tests.attack.two_towns import NOW, VISITOR, TwinTown, codes_of, feed_token, overheard
from tests.client import Browser, World

SOUGHT = ("Sylvie", "Farid", "suspendu", "800", "8 €", "soupe", "carte", "Réservations closes")
"""What a curious reader looks for."""
MONEY = (
    "/repas/comptes?mois=2026-10",
    "/repas/comptes?mois=2026-11",
    "/comptes/export.csv?du=2026-10-01&au=2026-11-30",
)
WRITTEN_TO_SOMEBODY = (
    "member_id", "recipient", "kind", "language", "subject", "body", "link", "signature", "place_id", "place_email",
    "action", "about_kind", "about_id", "about_at", "method", "event", "sequence", "offer_key", "on_site", "stopped",
    "discreet", "created_at", "run_at", "sent_at", "logged_at", "good_until",
)  # fmt: skip
"""All of a message but its number and the digest of what it is about, which nobody is shown."""


ELSEWHERE = (
    "/connexion",
    "/inscription",
    "/static",
    "/demo",
    "/healthz",
    "/robots.txt",
    "/courrier",
    "/offres",
    "/erreur",
)
"""Pages of no money at all, which the quick reading passes over; the crawl does not."""


@contextmanager
def without_chance() -> Iterator[None]:
    """Tokens of forms, cookies and references are the same each time: none of what is read depends on another one."""
    with (
        mock.patch("secrets.token_hex", lambda size=32: "0f" * size),
        mock.patch("secrets.token_urlsafe", lambda size=32: ("chance-" * size)[: size * 4 // 3]),
        mock.patch("secrets.choice", lambda some: some[0]),
        mock.patch("secrets.randbelow", return_value=0),
    ):
        yield


class Reader(Browser):
    """A browser that keeps every answer."""

    def __init__(self, world: World, kind: str, seen: dict[tuple[str, str], str]) -> None:
        super().__init__(world, {"Accept-Language": "fr"})
        self.kind, self.seen = kind, seen

    async def get(self, path: str, **headers: str) -> httpx.Response:
        answer = await super().get(path, **headers)
        self.seen[self.kind, path] = told_by(answer)
        return answer


_NUMBERED = (
    ('class="letter ', re.compile(r'(data-id="|id="m|aria-labelledby="m|/messages/|/a-prevenir/)[0-9]+')),
    ('class="call ', re.compile(r'(data-id="|/a-prevenir/)[0-9]+')),
    ("/comptes/lignes/", re.compile(r'(data-id="|/comptes/lignes/|name="seen" value=")[0-9]+')),
)
"""Where running numbers stand, by what tells such a page."""


def told_by(answer: httpx.Response) -> str:
    """All that an answer tells: its status, every header, every letter; of an archive, all that is in it.

    But for one thing: messages and lines of the ledger are numbered through all people, so that whoever reads two of
    theirs sees how many there were between them, whatever these said. Where they are listed the number is left out, and
    the length with it.
    """
    said = plain = _text(answer)
    for mark, numbers in _NUMBERED:
        if mark in plain:
            plain = numbers.sub(r"\1…", plain)
    headers = [
        f"{name}: {value}"
        for name, value in sorted(answer.headers.multi_items())
        if plain == said or name != "content-length"
    ]
    return "\n".join([str(answer.status_code), *headers, "", plain])


def _text(answer: httpx.Response) -> str:
    if answer.headers.get("content-type", "").startswith("application/zip"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return "\n".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())
    return answer.text


@dataclass
class Reading:
    """One town, read."""

    pages: dict[tuple[str, str], str] = field(default_factory=dict)
    """By reader and address: what they were answered."""
    mails: list[dict[str, Any]] = field(default_factory=list)
    """What was written to whoever is not one of those who differ."""
    takings: dict[str, str] = field(default_factory=dict)
    """What each reader takes along."""
    log: list[str] = field(default_factory=list)
    check: list[str] = field(default_factory=list)
    """What `reseau accounts check` says, of all that is kept here."""


class Reads:
    """The application over a town, and who reads it."""

    def __init__(self, town: TwinTown, world: World | None = None) -> None:
        self.town = town
        self.world = world or World(NOW)
        self.seen: dict[tuple[str, str], str] = {}

    def reader(self, kind: str) -> Reader:
        reader = Reader(self.world, kind, self.seen)
        if kind != VISITOR:
            host = reader.http.base_url.host
            reader.http.cookies.set(reader.session_cookie, self.town.tokens[kind], domain=host)
        return reader

    def begin(self, kind: str) -> list[str]:
        """Where each reader begins: what no page leads to is tried all the same."""
        things = [f"/repas/{each.id}" for each in self.town.meals.values()]
        own = [] if kind == VISITOR else [f"/calendriers/perso/{feed_token(kind)}.ics", "/moi/donnees/copie"]
        return ["/", *MONEY, *things, *own, *(f"/recherche?q={each}" for each in SOUGHT)]

    async def ask(self, kinds: Collection[str], addresses: Collection[str]) -> None:
        """These addresses; `{…}` is the number of the meal of that title."""
        numbers = {title: dinner.id for title, dinner in self.town.meals.items()}
        for kind in kinds:
            reader = self.reader(kind)
            for address in addresses:
                answer = await reader.get(address.format_map(numbers))
                assert answer.status_code == 200, (kind, address, answer.status_code)

    async def knock(self, kinds: Collection[str], bookings_of: Collection[str] = ()) -> None:
        """Ask for every address of the route table as these, filled in with the meals and some bookings of the town."""
        dinners = self.town.meals.values()
        values = {
            "meal_id": [str(each.id) for each in dinners],
            "booking_id": [str(each.bookings[name]) for each in dinners for name in bookings_of],
            "member_id": [str(self.town.members[name]) for name in bookings_of],
            "slug": ["les-tanneurs"],
            "filter_name": ["repas"],
            "thing_id": [str(each.id) for each in dinners],
            "name": ["agenda.ics", "repas.ics", "les-tanneurs.ics"],
            "code": codes_of(self.town, bookings_of),
        }
        for kind in kinds:
            reader, asked = self.reader(kind), dict.fromkeys(self.begin(kind))
            for route in RouteTable(self.world).all:
                if route.method != "GET" or route.path.startswith(ELSEWHERE):
                    continue
                each = [values.get(name, ["1"]) for name in route.parameters]
                asked |= {
                    route.filled(dict(zip(route.parameters, chosen, strict=True))): None for chosen in product(*each)
                }
            for address in asked:
                await reader.get(address)

    async def crawl(self, kinds: Collection[str]) -> Found:
        """Walk through everything as these, follow every link, and try every address of the route table."""
        found, table = Found(), RouteTable(self.world)
        tickets = [f"/reservations/{number}" for each in self.town.meals.values() for number in each.bookings.values()]
        readers = {kind: self.reader(kind) for kind in kinds}
        for kind, reader in readers.items():
            await _walk(reader, kind, [*self.begin(kind), *tickets], found, table)
        for kind, reader in readers.items():
            await _walk(reader, kind, _unlinked(found, table), found, table)
        return found


async def mails_to(members: Collection[int]) -> list[dict[str, Any]]:
    """All that was written to these, in the order in which it was."""
    rows = await run("select * from outbox order by id")
    return [
        {name: each[name] for name in WRITTEN_TO_SOMEBODY}
        for each in rows
        if each["member_id"] in members or each["member_id"] is None
    ]


async def read_town(
    town: TwinTown,
    kinds: Collection[str],
    differ: Collection[str],
    *,
    following: bool = False,
    only: Collection[str] | None = None,
) -> Reading:
    """What these readers can learn in the town whose database is open. `differ`: who is another in the other town.
    `following`: every link, too, which takes minutes; `only`: these addresses and no more."""
    reading = Reading()
    others = {member_id for name, member_id in town.members.items() if name not in differ}
    with without_chance(), overheard() as log:
        reads = Reads(town)
        if only is not None:
            await reads.ask(kinds, only)
        elif following:
            await reads.crawl(kinds)
        else:
            await reads.knock(kinds, ("Boris", *list(differ)[:2]))
        reading.pages, reading.log = reads.seen, [*town.log, *log]
    reading.mails = await mails_to(others)
    checked = await check(Settings(), None, now=NOW)
    reading.check = [*map(line_of, checked.differences), checked.silence]
    for member_id in sorted(others):
        taken = await export_of(member_id, REGISTRY.domains)
        reading.takings[str(member_id)] = as_json(taken, now=NOW).decode()
    return reading


def differences(one: Reading, other: Reading) -> list[str]:
    """What tells the two towns apart, in words for whoever reads a failed test."""
    said = _of_pages(_ranked(one.pages), _ranked(other.pages))
    for name, mine, theirs in (
        ("mails", list(map(str, one.mails)), list(map(str, other.mails))),
        ("log", _unnumbered(one.log), _unnumbered(other.log)),
        ("check", one.check, other.check),
    ):
        said += [f"{name}: {line}" for line in _changed(mine, theirs)]
    for whose, taken in one.takings.items():
        said += [f"copy of {whose}: {line}" for line in _changed(taken.splitlines(), other.takings[whose].splitlines())]
    return said


_RUNNING = re.compile(r"/(comptes/lignes|messages|a-prevenir)/([0-9]+)")


def _ranked(pages: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """The same, whose running numbers are no part of any address: the first of them is the first."""
    numbers = sorted({int(found[2]) for _, address in pages if (found := _RUNNING.search(address))})
    rank = {str(number): str(place) for place, number in enumerate(numbers)}
    return {
        (kind, _RUNNING.sub(lambda found: f"/{found[1]}/n{rank[found[2]]}", address)): told
        for (kind, address), told in pages.items()
    }


def _unnumbered(lines: list[str]) -> list[str]:
    return [_RUNNING.sub(r"/\1/…", line) for line in lines]


def _of_pages(one: Mapping[tuple[str, str], str], other: Mapping[tuple[str, str], str]) -> list[str]:
    said = []
    for key in sorted(one.keys() | other.keys()):
        mine, theirs = one.get(key), other.get(key)
        if mine is None or theirs is None:
            said.append(f"{key}: only in {'the other' if mine is None else 'the first'} town")
        elif mine != theirs:
            said += [f"{key}: {line}" for line in _changed(mine.splitlines(), theirs.splitlines())]
    return said


def _changed(one: list[str], other: list[str]) -> list[str]:
    if one == other:
        return []
    lines = difflib.unified_diff(one, other, lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))]
