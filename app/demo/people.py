"""Places, people and roles of the demonstration, and the crowd around them when one is asked for.

The fifty who have a name go through the commands of identity, at the hours when they would have come. A crowd is
written many rows at once: it is there to be large.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from app.clock import at_local, local_day
from app.database import run, transaction
from app.demo.cast import (
    CANAL,
    CLOSURES,
    EMPLOYERS,
    FIRST_NAMES,
    GERMAINE,
    GERMAINES_PHONE,
    GERMAINES_SLIP,
    NAMED,
    NOT_MET,
    OTHERS,
    TANNEURS,
    WELCOMES,
    DemoPerson,
    DemoPlace,
)
from app.identity.api import grant
from app.identity.commands import add_member, found_place, join_place, make_mediator, meet, offer_role
from app.identity.commands_places import RoomWords, Stretch, add_closure, add_room, set_hours
from app.identity.commands_welcome import register_without_email
from app.identity.listed import list_again
from app.identity.rules import email_key, name_key
from app.identity.states import Act

CHUNK = 500
"""Accounts of a crowd that one statement writes."""
MANDATE = timedelta(days=180)
FOUNDER, SECOND_FOUNDER = "rosa", "leila"
AT_THE_CANAL = ("bruno", "moussa", "zineb", "boris", "farida", "anne", "paulo")
"""Who goes to the second place too."""


def address_of(person: DemoPerson) -> str:
    """Where mail reaches them, and what they sign in with."""
    return f"membre{OTHERS.index(person) + 1}@exemple.fr" if person in OTHERS else f"{person.key}@exemple.fr"


def closed_days(now: datetime) -> Iterator[tuple[date, date, str]]:
    """First and last day of each closure around this time, and why."""
    today = local_day(now)
    for year in (today.year - 1, today.year):
        for month, day, last_month, last_day, reason in CLOSURES:
            first, last = date(year, month, day), date(year + (last_month < month), last_month, last_day)
            if last > today - timedelta(days=60):
                yield first, last, reason


def came(person: DemoPerson, *, chance: Random, now: datetime) -> datetime:
    """When this person first came: in the afternoon, as many days ago as the cast says."""
    days = person.days or chance.randrange(80, 190)
    return at_local(local_day(now) - timedelta(days=days), time(chance.randrange(14, 17), chance.randrange(60)))


async def add_person(
    person: DemoPerson, *, place_id: int | None, password_hash: str, chance: Random, now: datetime
) -> int:
    """The account of somebody who has a name; its id."""
    return await add_member(
        name=person.name,
        email=address_of(person),
        place_id=place_id,
        password_hash=password_hash,
        about=person.about,
        listed=person.listed,
        language=person.language,
        met=person.key not in NOT_MET,
        now=came(person, chance=chance, now=now),
    )


async def open_place(place: DemoPlace, *, founder: int, now: datetime) -> int:
    """Found the place and write down its hours."""
    place_id = await found_place(
        founder_id=founder,
        slug=place.slug,
        name=place.name,
        address=place.address,
        about=place.about,
        email=place.email,
        phone=place.phone,
        step_free=place.step_free,
        now=now,
    )
    await set_hours(
        actor=founder, place_id=place_id, week=[Stretch(weekday, *hours) for weekday, *hours in place.hours], now=now
    )
    return place_id


async def add_rooms(place: DemoPlace, place_id: int, *, keeper: int, now: datetime) -> dict[str, int]:
    """The rooms' ids, by name."""
    return {
        name: await add_room(
            actor=keeper, place_id=place_id, words=RoomWords(name=name, seats=seats, step_free=step_free), now=now
        )
        for name, seats, step_free in place.rooms
    }


async def open_first(
    *, password_hash: str, chance: Random, now: datetime
) -> tuple[int, dict[str, int], dict[str, int]]:
    """The place with its people, rooms and roles: its id, everybody's ids by key, and the rooms' by name."""
    cast = {person.key: person for person in (*NAMED, *OTHERS)}
    founder = await add_person(cast[FOUNDER], place_id=None, password_hash=password_hash, chance=chance, now=now)
    founded = now - timedelta(days=205)
    place_id = await open_place(TANNEURS, founder=founder, now=founded)
    rooms = await add_rooms(TANNEURS, place_id, keeper=founder, now=founded)
    for first_on, last_on, reason in closed_days(now):
        await add_closure(
            actor=founder, place_id=place_id, first_on=first_on, last_on=last_on, reason=reason, now=founded
        )
    members = {FOUNDER: founder}
    for person in cast.values():
        if person.key != FOUNDER:
            members[person.key] = await add_person(
                person, place_id=place_id, password_hash=password_hash, chance=chance, now=now
            )
    for key, employer in EMPLOYERS.items():
        await make_mediator(
            member_id=members[key],
            place_id=place_id,
            employer=employer,
            domains=(),  # nobody has anything yet
            now=now - timedelta(days=cast[key].days),
        )
    await meet(actor=members["zineb"], member_id=members["karim"], place_id=place_id, now=now - timedelta(hours=8))
    await give_roles(members, place_id, now=now)
    members[GERMAINE.key] = await welcome_germaine(
        members[WELCOMES], place_id, password_hash=password_hash, chance=chance, now=now
    )
    return place_id, members, rooms


async def welcome_germaine(welcomes: int, place_id: int, *, password_hash: str, chance: Random, now: datetime) -> int:
    """Somebody without e-mail; her id. In the demonstration her slip is the same each time, and so is the password."""
    registered = await register_without_email(
        actor=welcomes,
        place_id=place_id,
        name=GERMAINE.name,
        phone=GERMAINES_PHONE,
        now=came(GERMAINE, chance=chance, now=now),
    )
    async with transaction():
        await run(
            "update member set email_key = {}, password_hash = {} where id = {}",
            GERMAINES_SLIP,
            password_hash,
            registered.member_id,
        )
    return registered.member_id


async def open_second(members: dict[str, int], *, chance: Random, now: datetime) -> tuple[int, dict[str, int]]:
    """A small place that has no mediator, and where Bruno is a member like the others: its id, its rooms by name."""
    founder, founded = members[SECOND_FOUNDER], now - timedelta(days=75)
    place_id = await open_place(CANAL, founder=founder, now=founded)
    rooms = await add_rooms(CANAL, place_id, keeper=founder, now=founded)
    async with transaction():
        await grant(
            member_id=founder,
            place_id=place_id,
            act=Act.REGISTER,
            from_at=founded,
            until_at=founded + MANDATE,
            source="welcome",
        )
    for key in AT_THE_CANAL:
        at = founded + timedelta(days=chance.randrange(1, 15))
        await join_place(actor=members[key], place_id=place_id, session_id=None, now=at)
        await meet(actor=founder, member_id=members[key], place_id=place_id, now=at)
    return place_id, rooms


async def give_roles(members: dict[str, int], place_id: int, *, now: datetime) -> None:
    """The bureau's mandates, the kitchen, and the accounts that Rosa would like to share."""
    began = now - timedelta(days=40)
    async with transaction():
        for key, act, source in (
            ("rosa", Act.SAY_YES, "bureau"),
            ("brigitte", Act.SAY_YES, "bureau"),
            ("odile", Act.OPEN_MEALS, "kitchen"),
            (WELCOMES, Act.REGISTER, "welcome"),
        ):
            await grant(
                member_id=members[key],
                place_id=place_id,
                act=act,
                from_at=began,
                until_at=began + MANDATE,
                source=source,
            )
    await offer_role(
        actor=members["rosa"],
        place_id=place_id,
        act=Act.KEEP_ACCOUNTS,
        member_id=members["thomas"],
        shared=True,
        now=now - timedelta(days=2),
    )


def crowd(first: int, last: int, chance: Random) -> Iterator[tuple[int, str]]:
    """Number and name of each of the crowd."""
    for number in range(first, last + 1):
        yield number, f"{chance.choice(FIRST_NAMES)} {chance.choice('ABCDEFGHKLMNPRSTVZ')}."


async def add_crowd(
    first: int, last: int, *, place_id: int, password_hash: str, chance: Random, now: datetime
) -> list[int]:
    """The accounts membre{first} to membre{last}, members of this place whom others have met: their ids."""
    values: list[Any] = []
    for number, name in crowd(first, last, chance):
        email = f"membre{number}@exemple.fr"
        joined = now - timedelta(days=chance.randrange(1, 200), minutes=chance.randrange(1440))
        listed = chance.random() < 0.3
        values += [name, name_key(name), email, email_key(email), password_hash, "", "", listed, "fr", joined]
    row = "({}, {}, {}, {}, {}, {}, {}, {}, {}, {})"
    async with transaction():
        made = await run(
            "insert into member (name, name_key, email, email_key, password_hash, about, phone, listed, language, "  # noqa: S608 - marks only
            f"created_at) values {', '.join([row] * (last - first + 1))} returning id",
            *values,
        )
        ids = sorted(row["id"] for row in made)
        await run(
            "insert into membership (member_id, place_id, mediator, employer, joined_at, met_at) "
            "select id, {}, {}, '', created_at, created_at from member where id between {} and {}",
            place_id,
            False,
            ids[0],
            ids[-1],
        )
        await list_again(*ids)
    return ids
