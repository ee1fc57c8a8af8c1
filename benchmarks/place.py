"""The place that is measured: the demonstration, its crowd, 200 events to come with people signed up, and sessions.

What is to come goes through the commands, as it would with people; the past, which is many times larger, is written in
bulk (`benchmarks.history`). The story is the same whatever the number of members, so that pages are the same too.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any

from app import clock
from app.calendar.feeds import Window, shared_standing
from app.clock import at_local, local_day
from app.database import close_database, connect, in_haste, open_database, run, transaction
from app.demo import PASSWORD, seed
from app.demo.cast import NAMED, OTHERS
from app.demo.people import CHUNK, add_crowd, address_of
from app.errors import Refused
from app.identity.passwords import hash_password
from app.identity.visits import hash_token
from app.main import REGISTRY
from app.migrations import migrate
from benchmarks import accounts, history, meals, turns
from benchmarks.accounts import Door
from benchmarks.meals import Meals
from workshops import commands
from workshops.rules import Proposal
from workshops.states import Format

TO_COME = 200
TOLD = 500
"""Events in the feed of all."""
CAPACITY = 16
SIGNED_UP = 6
"""People who have a place in each event that is added."""
WEEKS = 7
HOURS = (9, 10, 11, 12, 14, 15, 16, 17, 18)
SESSIONS = 256
"""Members who sign up in the measure, each in a browser of their own."""
CHANCE = 93200

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up that nobody has done yet."""

    workshop_id: int
    session: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a measure needs to know of what was made."""

    database: str
    members: int
    years: int
    slug: str
    workshop_id: int
    """A workshop to come, with people and seats left."""
    reading_id: int
    """A proposal that waits for the mediators."""
    week: str
    """The day on which a week of 40 turns begins…"""
    turn_id: int
    """…and one of them, with somebody who has it and a place left."""
    feed: str
    """The secret of Samira's calendar."""
    sessions: dict[str, str] = field(default_factory=dict)
    """By name, the secret in the cookie of somebody who is signed in."""
    sign_ups: tuple[SignUp, ...] = ()
    rush_id: int = 0
    """A workshop which more people want to come to than it has seats…"""
    rush: tuple[str, ...] = ()
    """…and the sessions of those people."""
    meals: Meals = field(default_factory=Meals)
    door: Door = field(default_factory=Door)
    made_at: datetime = datetime(1, 1, 1, tzinfo=UTC)


async def make_place(database: str, *, members: int, years: int, progress: Progress, to_come: int = TO_COME) -> Place:
    """Fill this empty database, which ends closed."""
    connect(database)
    await open_database()
    try:
        await migrate()
        now = clock.now()
        await seed(REGISTRY, now=now, members=None, progress=progress)
        chance = Random(CHANCE)  # noqa: S311 - to make the same place again, not to keep a secret
        async with in_haste():
            place = (await run("select id, slug from place order by id limit 1"))[0]
            await _more_members(place["id"], members=members, chance=chance, now=now, progress=progress)
            await meals.to_come(place["id"], now=now)
            door = await accounts.open_door(place["id"], now=now)
            await _more_to_come(place["id"], to_come, chance=chance, now=now, progress=progress)
            await _past(database, place["id"], years=years, chance=chance, now=now, progress=progress)
            await history.write(database, await accounts.past_meals(place["id"], chance=chance, now=now))
            await turns.past(place["id"], years=years, chance=chance, now=now, progress=progress)
            await turns.full_week(place["id"], chance=chance, now=now)
            described = await _described(database, place, members=members, years=years, chance=chance, now=now)
            month = local_day(now - timedelta(days=400))
            return replace(described, door=Door(door, f"{month:%Y-%m}"))
    finally:
        await close_database()


async def _more_members(place_id: int, *, members: int, chance: Random, now: datetime, progress: Progress) -> None:
    """The crowd around those who have a name."""
    password_hash = await hash_password(PASSWORD)
    crowd = max(members - len(NAMED) - len(OTHERS) - 1, 0)
    for first in range(len(OTHERS) + 1, len(OTHERS) + crowd + 1, CHUNK):
        last = min(first + CHUNK - 1, len(OTHERS) + crowd)
        await add_crowd(first, last, place_id=place_id, password_hash=password_hash, chance=chance, now=now)
        progress("crowd", last - len(OTHERS), crowd)


async def _more_to_come(place_id: int, wanted: int, *, chance: Random, now: datetime, progress: Progress) -> None:
    """Workshops until so many are to come, spread over the weeks, hosted and attended by those with a name."""
    regulars = [await _member(address_of(person)) for person in OTHERS]
    mediator = await _member("bruno@exemple.fr")
    asked = now - timedelta(days=9)
    tried = 0
    while (there := await _to_come(place_id, now)) < wanted:
        progress("events to come", there, wanted)
        for _ in range(wanted - there):
            tried += 1
            day = local_day(now) + timedelta(days=2 + tried % (7 * WEEKS))
            starts_at = at_local(day, time(chance.choice(HOURS), chance.choice((0, 30))))
            host, *people = chance.sample(regulars, 1 + SIGNED_UP)
            await _add(place_id, host, people, mediator, starts_at=starts_at, number=tried, asked=asked)
    progress("events to come", wanted, wanted)


async def _add(
    place_id: int, host: int, people: list[int], mediator: int, *, starts_at: datetime, number: int, asked: datetime
) -> None:
    """One more; nothing when its host has something else to do then."""
    formats = list(Format)
    proposal = Proposal(
        title=f"On s’y met à plusieurs, la {number}e fois",
        format=Format.LIBRE if number % 3 else formats[number % len(formats)],
        summary="Chacun apporte ce qu’il sait, on commence par un tour de table, et on repart avec une chose faite.",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        capacity=CAPACITY,
        children=number % 4 == 0,
        step_free=number % 2 == 0,
        language="en" if number % 11 == 0 else "fr",
    )
    try:
        workshop_id = await commands.propose(
            actor=host, place_id=place_id, proposal=proposal, draft=False, once=f"benchmark-{number}", now=asked
        )
    except Refused:
        return
    await commands.decide(
        actor=mediator, workshop_id=workshop_id, decision="approve", version=1, now=asked + timedelta(hours=5)
    )
    for member in people:
        await commands.sign_up(actor=member, workshop_id=workshop_id, now=asked + timedelta(hours=6))


async def _past(database: str, place_id: int, *, years: int, chance: Random, now: datetime, progress: Progress) -> None:
    """So many years; and whatever their number a last month after which the feed of all tells `TOLD` events."""
    (place,) = await run("select name, address from place where id = {}", place_id)
    (installation,) = await run("select name from installation")
    members = await run(
        "select m.id, m.name from member m join membership ms on ms.member_id = m.id where ms.place_id = {} "
        "and ms.mediator = {} and ms.met_at is not null order by m.id",
        place_id,
        False,
    )
    named, crowd = members[: len(OTHERS)], [row["id"] for row in members[len(OTHERS) :]]
    scene = history.Scene(
        place_id=place_id,
        place=place["name"],
        address=place["address"],
        installation=installation["name"],
        mediator=await _member("bruno@exemple.fr"),
        hosts=[(row["id"], row["name"]) for row in named],
        people=crowd if len(crowd) > history.PEOPLE else [row["id"] for row in named],
        regular=await _member("samira@exemple.fr"),
    )
    tables = await history.Tables.begin()
    window = Window.at(now)
    told = (await shared_standing(window, list(REGISTRY.entry_kinds))).count
    for starts_at in history.recent_days(now, TOLD - told):
        history.held(tables, scene, starts_at, chance=chance, comes=False)
    hours = list(history.past_days(now, years))
    for number, starts_at in enumerate(hours):
        comes = starts_at.weekday() == 0 and number % history.A_DAY == 0
        history.held(tables, scene, starts_at, chance=chance, comes=comes)
        if number % 500 == 0:
            progress("years gone by", number, len(hours))
    if years:
        history.devices(tables, scene, now, chance=chance)
    progress("writing them down", 0, 1)
    await history.write(database, tables)
    progress("writing them down", 1, 1)


async def _to_come(place_id: int, now: datetime) -> int:
    rows = await run(
        "select count(*) as many from entry where place_id = {} and state = 'confirmed' and starts_at > {}",
        place_id,
        now,
    )
    return int(rows[0]["many"])


async def _member(email: str) -> int:
    return int((await run("select id from member where email_key = {}", email))[0]["id"])


async def _described(
    database: str, place: dict[str, Any], *, members: int, years: int, chance: Random, now: datetime
) -> Place:
    """What was made; with sessions for those who look at pages, and for those who will sign up."""
    people = {key: await _member(f"{key}@exemple.fr") for key in ("samira", "bruno", "rosa")}
    sessions = {key: await _session(member_id, place["id"], now) for key, member_id in people.items()}
    workshop = await run(
        "select e.thing_id from entry e where e.place_id = {} and e.kind = 'workshop' and e.state = 'confirmed' "
        "and e.starts_at > {} and e.taken between 4 and e.seats - 4 and not exists (select 1 from taking_part t "
        "where t.entry_id = e.id and t.member_id in ({}, {}, {})) order by e.starts_at, e.id limit 1",
        place["id"],
        now + timedelta(days=3),
        *people.values(),
    )
    reading = await run(
        "select id from workshop where place_id = {} and state = 'proposed' order by due_at, id limit 1", place["id"]
    )
    feed = await _feed(people["samira"], now)
    week, turn_id = await turns.measured(place["id"], people["samira"], now=now)
    browsers = await _browsers(place["id"], now=now)
    sign_ups, (rush_id, rush) = await _sign_ups(place["id"], workshop[0]["thing_id"], browsers, chance=chance, now=now)
    tables = await meals.measured(place["id"], people["samira"], browsers, chance=chance, now=now)
    return Place(
        database=database,
        members=members,
        years=years,
        slug=place["slug"],
        workshop_id=workshop[0]["thing_id"],
        reading_id=reading[0]["id"],
        week=week,
        turn_id=turn_id,
        feed=feed,
        sessions=sessions,
        sign_ups=tuple(sign_ups),
        rush_id=rush_id,
        rush=rush,
        meals=tables,
        made_at=clock.now(),
    )


async def _session(member_id: int, place_id: int, now: datetime) -> str:
    """Sign somebody in, as the page does."""
    token = secrets.token_urlsafe(32)
    opened: dict[str, Any] = {
        "token_hash": hash_token(token),
        "member_id": member_id,
        "place_id": place_id,
        "device": "mine",
        "label": "",
        "by_mail": False,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + timedelta(days=90),
        "second_at": now,
    }
    async with transaction():
        await run(
            f"insert into session ({', '.join(opened)}) values ({', '.join('{}' for _ in opened)})",  # noqa: S608 - names of ours
            *opened.values(),
        )
    return token


async def _feed(member_id: int, now: datetime) -> str:
    """A calendar's address of this member's own."""
    token = secrets.token_urlsafe(24)
    async with transaction():
        await run(
            "insert into feed (member_id, token_hash, name, discreet, private, created_at, modified_at, read_at) "
            "values ({}, {}, {}, {}, {}, {}, {}, {})",
            member_id,
            hash_token(token),
            "mesure",
            False,
            False,
            now,
            now,
            now,
        )
    return token


async def _browsers(place_id: int, *, now: datetime) -> dict[int, str]:
    """Members, each with the session in which they sign up or book."""
    rows = await run(
        "select m.id from member m join membership ms on ms.member_id = m.id and ms.place_id = {} "
        "and ms.mediator = {} and ms.met_at is not null order by m.id desc limit {}",
        place_id,
        False,
        SESSIONS,
    )
    return {row["id"]: await _session(row["id"], place_id, now) for row in rows}


async def _sign_ups(
    place_id: int, without: int, browsers: dict[int, str], *, chance: Random, now: datetime
) -> tuple[list[SignUp], tuple[int, tuple[str, ...]]]:
    """Who could still sign up where: never two of a person and a thing, never more than the seats that are left.

    And a workshop that is left out of it, with everybody who could come to that one."""
    there = {
        (row["thing_id"], row["member_id"])
        for row in await run(
            "select e.thing_id, t.member_id from taking_part t join entry e on e.id = t.entry_id "
            "where e.place_id = {} and e.starts_at > {}",
            place_id,
            now,
        )
    }
    open_ones = await run(
        "select thing_id, seats - taken as free from entry where place_id = {} and kind = 'workshop' "
        "and state = 'confirmed' and waiting = 0 and seats > taken and starts_at > {} and thing_id <> {} order by id",
        place_id,
        now + timedelta(days=2),
        without,
    )
    found = []
    *usual, rushed = open_ones
    for each in usual:
        could = [member for member in browsers if (each["thing_id"], member) not in there]
        chosen = chance.sample(could, min(each["free"], len(could)))
        found += [SignUp(each["thing_id"], browsers[member]) for member in chosen]
    chance.shuffle(found)
    rush = tuple(token for member, token in browsers.items() if (rushed["thing_id"], member) not in there)
    return found, (rushed["thing_id"], rush)
