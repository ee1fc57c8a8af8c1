"""The past of a place, written in bulk: workshops that were held, who was there, what the journal and the outbox keep.

Rows are made here as the commands and the jobs would have left them, and go to the database by its own driver's way for
many rows (`executemany`, COPY). So ten years take seconds.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, Protocol

import asyncpg  # type: ignore[import-untyped] # asyncpg comes without types
from piccolo.table import Table

from app.calendar.kept import HOSTS_JOINT, Visible, kept_events
from app.calendar.states import EntryState
from app.calendar.tables import Entry, Feed, TakingPart
from app.clock import at_local, local_day
from app.database import run
from app.identity.tables import Session
from app.journal import JournalLine
from app.notices.tables import Outbox
from workshops.facts import search_key
from workshops.states import FORMATS
from workshops.tables import Host, SignUp, Workshop

A_DAY = 3
"""Workshops on a day of the past."""
RECENT_DAYS = 29
PEOPLE = 8
"""Who came to each…"""
MAILS = 2
"""…and the messages that each of them had of it."""
HOURS = ((9, 30), (10, 0), (11, 0), (13, 30), (14, 0), (15, 0), (16, 0), (16, 30), (17, 0))
TITLES = (
    "On se relit nos CV", "Lettre de motivation : la jeter ou la garder ?", "Mon téléphone sans stress",
    "Conversation en français", "Parler de soi en deux minutes", "Le tableur, pour les comptes de la maison",
    "Une situation, six regards", "Réparer les vélos dans la cour", "Café ouvert", "Papiers en ligne",
)  # fmt: skip
SUMMARY = "On lit à voix haute, on se dit ce qui accroche, et chacun repart avec une chose faite."


class Rows:
    """Rows of one table, with ids of our own and the table's defaults for what is not said."""

    def __init__(self, table: type[Table], last_id: int) -> None:
        self.name: str = table._meta.tablename
        self.defaults = {column._meta.db_column_name: column.get_default_value() for column in table._meta.columns}
        self.next_id = last_id + 1
        self.values: list[tuple[Any, ...]] = []

    def add(self, **values: Any) -> int:
        """Add one; its id."""
        number = self.next_id
        self.next_id += 1
        row = {**self.defaults, **values, "id": number}
        assert len(row) == len(self.defaults), f"{self.name} has no such column: {set(row) - set(self.defaults)}"
        self.values.append(tuple(row.values()))
        return number

    @property
    def columns(self) -> list[str]:
        return list(self.defaults)


@dataclass(slots=True)
class Tables:
    """All that the past is written into."""

    workshop: Rows
    host: Rows
    sign_up: Rows
    entry: Rows
    taking_part: Rows
    journal: Rows
    outbox: Rows
    session: Rows
    feed: Rows

    @classmethod
    async def begin(cls) -> Tables:
        """After the rows that are there."""
        made = []
        for table in (Workshop, Host, SignUp, Entry, TakingPart, JournalLine, Outbox, Session, Feed):
            (row,) = await run(f"select coalesce(max(id), 0) as last from {table._meta.tablename}")  # noqa: S608 - names of ours
            made.append(Rows(table, int(row["last"])))
        return cls(*made)

    def all(self) -> Sequence[Rows]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the past happened, and who was there."""

    place_id: int
    place: str
    address: str
    installation: str
    mediator: int
    hosts: Sequence[tuple[int, str]]
    """Id and name."""
    people: Sequence[int]
    regular: int
    """Comes every week."""


def past_days(now: datetime, years: int) -> Iterable[datetime]:
    """When something began, the last day first, `A_DAY` a day but on Sundays."""
    today = local_day(now)
    for back in range(RECENT_DAYS + 2, round(years * 365.25)):
        day = today - timedelta(days=back)
        if day.weekday() < 6:
            for number in range(A_DAY):
                yield at_local(day, time(*HOURS[(back + 3 * number) % len(HOURS)]))


def recent_days(now: datetime, many: int) -> Iterable[datetime]:
    """So many hours within the last month, which feeds still tell."""
    today = local_day(now)
    for number in range(many):
        day = today - timedelta(days=1 + number % RECENT_DAYS)
        yield at_local(day, time(*HOURS[number // RECENT_DAYS % len(HOURS)]))


def held(tables: Tables, scene: Scene, starts_at: datetime, *, chance: Random, comes: bool) -> None:
    """One workshop that was held, with all its traces. `comes`: the regular one too."""
    number = len(tables.workshop.values)
    ends_at, asked, published = (
        starts_at + timedelta(minutes=90),
        starts_at - timedelta(days=12),
        starts_at - timedelta(days=10),
    )
    host, name = scene.hosts[number % len(scene.hosts)]
    people = chance.sample(scene.people, min(PEOPLE, len(scene.people)))
    people = [member for member in people if member not in (host, scene.regular)]
    people += [scene.regular] * (comes and host != scene.regular)
    title, form = TITLES[number % len(TITLES)], list(FORMATS)[number % len(FORMATS)].value
    common = {
        "place_id": scene.place_id,
        "title": title,
        "summary": SUMMARY,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
    workshop = tables.workshop.add(
        **common,
        proposer_id=host,
        once=f"past-{number}",
        format=form,
        search_key=search_key(title, SUMMARY),
        capacity=12,
        state="held",
        proposed_at=asked,
        due_at=asked + timedelta(days=7),
        decided_at=published,
        decided_by=scene.mediator,
        decided_how="mediation",
        published_at=published,
        created_at=asked,
        modified_at=ends_at,
    )
    tables.host.add(workshop_id=workshop, member_id=host, state="hosting", since_at=asked)
    public, named = kept_events(
        Visible(
            installation=scene.installation,
            kind="workshop",
            thing_id=workshop,
            sequence=1,
            modified_at=published.replace(microsecond=0),
            starts_at=starts_at,
            ends_at=ends_at,
            state=EntryState.CONFIRMED,
            title=title,
            genre=form,
            summary=SUMMARY,
            hosts=HOSTS_JOINT.join([name]),
            language="fr",
            step_free=False,
            children=False,
            room=None,
            place=scene.place,
            address=scene.address,
        )
    )
    entry = tables.entry.add(
        **common,
        kind="workshop",
        thing_id=workshop,
        state=EntryState.CONFIRMED.value,
        genre=form,
        hosts=name,
        seats=12,
        taken=len(people),
        sequence=1,
        modified_at=published.replace(microsecond=0),
        ics_public=public,
        ics_member=named,
    )
    tables.taking_part.add(
        entry_id=entry, member_id=host, role="host", binding=True, starts_at=starts_at, modified_at=asked
    )
    for member in people:
        at = published + (starts_at - published) * chance.random()
        tables.sign_up.add(
            workshop_id=workshop, member_id=member, state="confirmed", asked_at=at, settled_at=at, present=True
        )
        tables.taking_part.add(
            entry_id=entry, member_id=member, role="participant", starts_at=starts_at, modified_at=at
        )
        for mail in range(MAILS):
            dedupe = hashlib.sha256(f"{workshop}-{member}-{mail}".encode()).hexdigest()
            kind = ("confirmation", "reminder")[mail % 2]
            sent = at if mail == 0 else starts_at
            tables.outbox.add(
                dedupe=dedupe, kind=kind, recipient="", subject="", body="", created_at=sent, run_at=sent, sent_at=sent
            )
    for at, actor, voice, act in (
        (asked, host, "member", "workshop.proposed"),
        (published, scene.mediator, "mediation", "workshop.published"),
    ):
        tables.journal.add(
            place_id=scene.place_id, at=at, actor_id=actor, voice=voice, act=act, kind="workshop", thing_id=workshop,
            title=title, shown=True,
        )  # fmt: skip


def devices(tables: Tables, scene: Scene, now: datetime, *, chance: Random) -> None:
    """One in three of the crowd is signed in somewhere, one in five reads a calendar."""
    for member in scene.people:
        seen = now - timedelta(minutes=chance.randrange(60, 60 * 24 * 80))
        secret = hashlib.sha256(f"crowd-{member}".encode()).hexdigest()
        if member % 3 == 0:
            tables.session.add(
                token_hash=secret, member_id=member, place_id=scene.place_id, device="mine", label="", by_mail=False,
                created_at=seen, seen_at=seen, expires_at=seen + timedelta(days=90),
            )  # fmt: skip
        if member % 5 == 0:
            tables.feed.add(
                token_hash=secret, member_id=member, name="téléphone", created_at=seen, modified_at=seen, read_at=seen
            )


class Written(Protocol):
    """Tables to be written."""

    def all(self) -> Sequence[Rows]:
        """Each of them."""


async def write(database: str, tables: Written) -> None:
    """All of it, in one transaction, by the driver's own way."""
    if database.startswith("sqlite"):
        connection = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
        try:
            connection.execute("pragma synchronous=off")
            connection.execute("begin immediate")
            for rows in tables.all():
                marks = ", ".join("?" for _ in rows.columns)
                connection.executemany(
                    f"insert into {rows.name} ({', '.join(rows.columns)}) values ({marks})",  # noqa: S608 - names of ours
                    rows.values,
                )
            connection.execute("commit")
        finally:
            connection.close()
        return
    connection = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            for rows in tables.all():
                await connection.copy_records_to_table(rows.name, records=rows.values, columns=rows.columns)
                await connection.execute(f"select setval(pg_get_serial_sequence('{rows.name}', 'id'), {rows.next_id})")
        await connection.execute("vacuum analyze")  # as the server does by itself within minutes
    finally:
        await connection.close()
