"""The turns of the place that is measured: years of them, and a week to come with forty.

The demonstration's own duties and people; what is to come goes through the commands.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from app.clock import at_local, local_day, week_start
from app.database import run, transaction
from app.demo.cast import OTHERS
from app.demo.people import address_of
from app.errors import Refused
from rotas.commands.claiming import claim
from rotas.commands.slots import open_slot
from rotas.demo import WEEKS_GONE
from rotas.demo_years import add_years

A_WEEK = 40
HOURS = ((9, 13), (13, 17), (10, 12), (14, 15), (17, 18), (12, 13))
"""From, to, of the duties of the demonstration in their order."""

Progress = Callable[[str, int, int], None]


def monday_after(now: datetime) -> datetime:
    """When the week that is measured begins: wholly to come, whatever today is."""
    return at_local(week_start(local_day(now)) + timedelta(days=7), time())


async def past(place_id: int, *, years: int, chance: Random, now: datetime, progress: Progress) -> None:
    """So many years of turns before those of the demonstration; Samira had one every week."""
    if not years:
        return
    people = await run(
        "select member_id from membership where place_id = {} and mediator = {} and met_at is not null "
        "order by member_id",
        place_id,
        False,
    )
    await add_years(
        place_id=place_id,
        duties=[row["id"] for row in await _duties(place_id)],
        people=[row["member_id"] for row in people],
        years=years,
        until=now - timedelta(weeks=WEEKS_GONE + 2),
        chance=chance,
        progress=progress,
        regular=await _member("samira@exemple.fr"),
    )


async def full_week(place_id: int, *, chance: Random, now: datetime) -> None:
    """The week after this one has forty turns in six columns, most of them with somebody."""
    monday = monday_after(now)
    there = {(row["duty_id"], local_day(row["starts_at"])) for row in await _week(place_id, monday)}
    keeper = await _member("rosa@exemple.fr")
    missing = A_WEEK - len(there)
    for number in range(7):
        day = local_day(monday) + timedelta(days=number)
        for duty, (begins, ends) in zip(await _duties(place_id), HOURS, strict=True):
            if missing > 0 and (duty["id"], day) not in there:
                await open_slot(
                    actor=keeper,
                    duty_id=duty["id"],
                    starts_at=at_local(day, time(begins)),
                    ends_at=at_local(day, time(ends)),
                    people=duty["people"],
                    room_id=None,
                    once=f"benchmark-{day}-{duty['id']}",
                    now=now,
                )
                missing -= 1
    regulars = [await _member(address_of(person)) for person in OTHERS]
    for row in await _week(place_id, monday):
        for member in chance.sample(regulars, 4) if row["taken"] == 0 else ():
            try:
                await claim(actor=member, slot_id=row["id"], sure=True, now=now)
            except Refused:
                continue
            break
    async with transaction():  # a call in the middle of a measure would be a new message on every page
        await run("update rota_slot set called_at = {} where called_at is null and starts_at > {}", now, now)
        await run("update rota_swap set called_at = {} where called_at is null and state = 'open'", now)


async def measured(place_id: int, reader: int, *, now: datetime) -> tuple[str, int]:
    """The day on which that week begins, and a turn of it that lacks somebody and is not this reader's."""
    monday = monday_after(now)
    slots = await _week(place_id, monday)
    if len(slots) != A_WEEK:
        raise RuntimeError(f"The week has {len(slots)} turns, not {A_WEEK}.")
    theirs = await run("select slot_id from rota_holding where member_id = {} and went = ''", reader)
    but = {row["slot_id"] for row in theirs}
    turn = next(row for row in slots if 0 < row["taken"] < row["people"] and row["id"] not in but)
    return local_day(monday).isoformat(), int(turn["id"])


async def _week(place_id: int, monday: datetime) -> list[dict[str, Any]]:
    return await run(
        "select id, duty_id, starts_at, people, taken from rota_slot where place_id = {} and state = 'open' "
        "and starts_at >= {} and starts_at < {} order by starts_at, id",
        place_id,
        monday,
        at_local(local_day(monday) + timedelta(days=7), time()),
    )


async def _duties(place_id: int) -> list[dict[str, Any]]:
    return await run(
        "select id, people from duty where place_id = {} and retired_at is null order by id limit {}",
        place_id,
        len(HOURS),
    )


async def _member(email: str) -> int:
    return int((await run("select id from member where email_key = {}", email))[0]["id"])
