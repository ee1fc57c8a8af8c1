"""Fills an empty database with the demonstration: people and places here, everything else by each domain's `seed`.

What is on, and what people do about it, is the domains' own (`workshops.demo`…). No mail of it ever leaves.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib import import_module
from random import Random

from app.clock import at_local, local_day, week_start
from app.contracts import Domain
from app.database import in_haste, run, transaction
from app.demo.bank import Bank, Cards
from app.demo.cast import GERMAINE, GERMAINES_SLIP, NAMED, OTHERS, TANNEURS, WELCOMES
from app.demo.people import CHUNK, add_crowd, address_of, closed_days, open_first, open_second
from app.identity.passwords import hash_password
from app.journal import write_journal
from app.notices.api import Kind
from app.registry import Registry

PASSWORD = "demonstration"  # noqa: S105 - everybody's, and printed at the start
CHANCE = 93200
"""What chance begins from: the same day gives the same story."""
MAILS_LEFT = 12
"""Of everybody's last mails, so many lie in the letter box at the start."""
THEIR_MAILS = timedelta(days=4)
"""With those of the accounts that are named, so far back."""
FINISHED = "demo.seeded"
REMINDING = ("notices.remind", "notices.tell_weeks")
"""Jobs that run at their own hours of the last days, too."""

Progress = Callable[[str, int, int], None]
Deed = Callable[..., Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Account:
    """One may sign in as this person."""

    address: str
    name: str
    who: str
    """In French, to be printed beside the address."""


_WHO = {
    "samira": "membre : anime, attend une place, propose",
    "karim": "membre depuis hier",
    "odile": "cuisine : peut ouvrir des repas",
    "rosa": "bureau : dit oui, garde le lieu et les comptes",
    "bruno": "médiateur aux Tanneurs, membre au Canal",
    "helene": "médiatrice",
}
ACCOUNTS = (
    *(Account(address_of(person), person.name, _WHO[person.key]) for person in NAMED),
    *(
        Account(address_of(person), person.name, "accueil : appelle qui n’a pas de mail")
        for person in OTHERS
        if person.key == WELCOMES
    ),
    Account(GERMAINES_SLIP, GERMAINE.name, "membre sans adresse mail"),
)
"""Whom one may sign in as by name, all with `PASSWORD`."""


class NotEmpty(Exception):
    """The database holds something already. Its text is a sentence."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a domain finds when it is its turn to play."""

    now: datetime
    place_id: int
    second_place_id: int
    """A small place without a mediator."""
    rooms: Mapping[str, int]
    """Of both places, by name."""
    members: Mapping[str, int]
    """Those who have a name, by key (`cast`)."""
    everyone: tuple[int, ...]
    """All members of the first place, the crowd among them."""
    closed: tuple[tuple[date, date], ...]
    """First and last day of each closure of the first place."""
    hours: Mapping[int, tuple[str, str]]
    """Weekday (0 = Monday) → when the first place opens and closes, "HH:MM"."""
    chance: Random
    progress: Progress
    bank: Bank | None = None
    """Where people pay by card, if there is one."""
    deeds: dict[str, Deed] = field(default_factory=dict)
    """What a domain that has played lets those after it have people do, by name (`rotas.take_turn`)."""


async def accounts() -> tuple[Account, ...]:
    """Whom one may sign in as; the last line stands for everybody else, up to the last of this database."""
    numbered = "membre[1-9][0-9]*@exemple[.]fr"
    rows = await run("select email from member where email like 'membre%' order by length(email) desc, email desc")
    addresses = (row["email"] for row in rows if re.fullmatch(numbered, row["email"]))
    last = next(addresses, f"membre{len(OTHERS)}@exemple.fr")
    return (*ACCOUNTS, Account(f"membre1@exemple.fr … {last}", "les autres", "membres"))


async def is_seeded() -> bool:
    """Whether the whole demonstration is in this database."""
    return bool(await run("select 1 as one from journal_line where act = {} limit 1", FINISHED))


async def seed(
    registry: Registry, *, now: datetime, members: int | None, progress: Progress, cards: Cards | None = None
) -> None:
    """Fill this migrated, empty database with the demonstration as of `now`.

    `members` asks for accounts membre1 to membre{members} (never fewer than the 44 who have a name). `progress` is
    told what is being done, how many of how many. `cards` is the rehearsal of Stripe that the gateway in use asks: with
    it, some pay by card, and its clock is left at `now`. Raises `NotEmpty`.
    """
    if await run("select 1 as one from place limit 1") or await run("select 1 as one from member limit 1"):
        raise NotEmpty("The database is not empty: the demonstration only begins in an empty one.")
    async with in_haste():
        await _fill(registry, now=now, members=members, progress=progress, cards=cards)


async def _fill(
    registry: Registry, *, now: datetime, members: int | None, progress: Progress, cards: Cards | None
) -> None:
    chance = Random(CHANCE)  # noqa: S311 - to tell the same story again, not to keep a secret
    password_hash = await hash_password(PASSWORD)
    named = len(NAMED) + 1  # with Germaine
    total = named + max(members or 0, len(OTHERS))

    progress("members", 0, total)
    place_id, cast, rooms = await open_first(password_hash=password_hash, chance=chance, now=now)
    second_place_id, more_rooms = await open_second(cast, chance=chance, now=now)
    everyone = list(cast.values())
    progress("members", len(everyone), total)
    for first in range(len(OTHERS) + 1, total - named + 1, CHUNK):
        last = min(first + CHUNK - 1, total - named)
        everyone += await add_crowd(first, last, place_id=place_id, password_hash=password_hash, chance=chance, now=now)
        progress("members", len(everyone), total)

    stage = Stage(
        now=now,
        place_id=place_id,
        second_place_id=second_place_id,
        rooms=rooms | more_rooms,
        members=cast,
        everyone=tuple(everyone),
        closed=tuple((first_on, last_on) for first_on, last_on, _ in closed_days(now)),
        hours={weekday: (opens, closes) for weekday, opens, closes in TANNEURS.hours},
        chance=chance,
        progress=progress,
        bank=None if cards is None else Bank(cards),
    )
    for domain in in_playing_order(registry.domains):
        if domain.demo:
            await import_module(domain.demo).seed(stage)
    if stage.bank is not None:
        stage.bank.at(now)
    for at in reminding_moments(now):
        for job in registry.jobs:
            if job.name in REMINDING:
                await job.run(at)
    await _calm_the_outbox(now)
    for job in registry.jobs:
        await job.run(now)
    await _calm_the_outbox(now)
    async with transaction():
        await write_journal(
            place_id=place_id, at=now, voice="clock", act=FINISHED, kind="demo", thing_id=None, shown=False
        )


def in_playing_order(domains: Sequence[Domain]) -> list[Domain]:
    """As registered, but that whoever needs what another one plays comes right after it."""
    ordered = list(domains)
    for domain in domains:
        before = next((each for each in domains if each.name == domain.demo_after), None)
        if before is not None and ordered.index(before) > ordered.index(domain):
            ordered.remove(domain)
            ordered.insert(ordered.index(before) + 1, domain)
    return ordered


def reminding_moments(now: datetime) -> list[datetime]:
    """The last Monday morning and the last two evenings: what left then lies in the letter box."""
    today = local_day(now)
    moments = [at_local(week_start(today - timedelta(days=7 * weeks)), time(8, 5)) for weeks in (1, 0)]
    moments += [at_local(today - timedelta(days=days), time(18, 5)) for days in (2, 1, 0)]
    return sorted(at for at in moments if now - timedelta(days=7) < at <= now)


async def _calm_the_outbox(now: datetime) -> None:
    """Nothing of the story leaves; what is worth reading lies in the letter box, the rest was thrown away long ago.

    What is read on the site stays.
    """
    waiting = "recipient <> '' and sent_at is null and logged_at is null"
    async with transaction():
        await run(f"update outbox set sent_at = run_at where {waiting} and run_at < {{}}", now - timedelta(hours=1))  # noqa: S608 - constant condition
        await run(f"update outbox set logged_at = {{}} where {waiting} and set_aside_at is null", now)  # noqa: S608 - constant condition
        marks = ", ".join("{}" for _ in NAMED)
        await run(
            "update outbox set recipient = '', member_id = null, subject = '', body = '', link = '', action = '', "  # noqa: S608 - marks only
            "event = '', method = '', offer_key = '' where not on_site and id not in "
            f"(select id from outbox where recipient in ({marks}) and (created_at > {{}} or kind in ({{}}, {{}}))) "
            "and id not in (select id from outbox where recipient <> '' order by id desc limit {})",
            *(address_of(person) for person in NAMED),
            now - THEIR_MAILS,
            Kind.DIGEST.value,
            Kind.REMINDER.value,
            MAILS_LEFT,
        )
