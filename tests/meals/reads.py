"""What the tests of meals look at in the database, after a command."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import Refused
from app.i18n import Text, language
from meals.states import MealRefusal
from meals.wording import SENTENCES

SAID: dict[str, str] = {}
"""What the outbox knows each message by → what it is, as the fixture `said` overhears it."""


async def meal(meal_id: int) -> dict[str, Any]:
    return (await run("select * from meal where id = {}", meal_id))[0]


async def entry(meal_id: int) -> dict[str, Any]:
    return (await run("select * from entry where kind = 'meal' and thing_id = {}", meal_id))[0]


async def counts(meal_id: int) -> tuple[int, int]:
    """Seats that are taken and that are waited for, as the meal says, once the calendar says the same."""
    row, kept = await meal(meal_id), await entry(meal_id)
    assert (row["taken"], row["waiting"], row["seats"]) == (kept["taken"], kept["waiting"], kept["seats"])
    return row["taken"], row["waiting"]


async def roles(meal_id: int) -> dict[int, str]:
    """Who takes part in the calendar, and as what."""
    rows = await run(
        "select t.member_id, t.role from taking_part t join entry e on e.id = t.entry_id "
        "where e.kind = 'meal' and e.thing_id = {} and t.left_at is null",
        meal_id,
    )
    return {row["member_id"]: row["role"] for row in rows}


async def booking(booking_id: int) -> dict[str, Any]:
    return (await run("select * from booking where id = {}", booking_id))[0]


async def bookings(meal_id: int) -> list[dict[str, Any]]:
    return await run("select * from booking where meal_id = {} order by id", meal_id)


async def parts(booking_id: int) -> list[dict[str, Any]]:
    return await run("select * from booking_part where booking_id = {} order by id", booking_id)


async def all_parts(meal_id: int) -> list[dict[str, Any]]:
    return await run("select * from booking_part where meal_id = {} order by id", meal_id)


async def stands(booking_id: int) -> dict[str, int]:
    """How many seats of the booking are in each state."""
    found: dict[str, int] = {}
    for part in await parts(booking_id):
        found[part["state"]] = found.get(part["state"], 0) + part["seats"]
    return found


async def diets(booking_id: int) -> dict[str, int]:
    rows = await run("select diet, people from booking_diet where booking_id = {} order by id", booking_id)
    return {row["diet"]: row["people"] for row in rows}


async def pot_lines(booking_id: int) -> list[tuple[str, int]]:
    rows = await run("select kind, cents from pot_line where booking_id = {} order by id", booking_id)
    return [(row["kind"], row["cents"]) for row in rows]


async def mails(*, to: int | None = None, kind: str | None = None, about: str = "") -> list[dict[str, Any]]:
    """What was told, on the site too (`recipient` is empty then). `about` is a word of it: `offer`, `handed`…"""
    rows = await run("select * from outbox order by id")
    return [
        row
        for row in rows
        if to in (None, row["member_id"])
        and kind in (None, row["kind"])
        and (not about or f"-{about}" in SAID[row["dedupe"]])
    ]


async def mailed(**filters: Any) -> set[int]:
    """Which members were told."""
    return {row["member_id"] for row in await mails(**filters)}


async def refused(attempt: Awaitable[object], reason: MealRefusal) -> Refused:
    """The command must be refused, for this reason, with all the details that its sentence asks for."""
    with pytest.raises(Refused) as caught:
        await attempt
    assert caught.value.reason is reason
    said = language("fr").say(Text(SENTENCES[reason], caught.value.details))
    assert "%(" not in said
    return caught.value


async def statements(monkeypatch: pytest.MonkeyPatch, deed: Awaitable[object]) -> list[str]:
    """Which statements this command takes."""
    asked: list[str] = []
    async with transaction() as current:
        kind = type(current)
    fetch = kind.fetch

    async def counted(self: Any, sql: str, *args: Any, **more: Any) -> Any:
        asked.append(sql)
        return await fetch(self, sql, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(kind, "fetch", counted)
        await deed
    return asked
