"""What must always hold of a workshop's places, whatever people have done: asked of the database by every machine."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from app.database import run
from tests.workshops.reads import entry, parts, sign_ups, workshop
from workshops.rules import FIRST_COME

ACTIVE = ("confirmed", "offered", "waiting")


async def places_agree(workshop_id: int, *, now: datetime) -> None:
    """Never more people than places, nobody overtaken, and the calendar says the same."""
    row, rows, kept = await workshop(workshop_id), await sign_ups(workshop_id), await entry(workshop_id) or {}
    active = [each for each in rows if each["state"] in ACTIVE]
    inside = [each for each in active if each["state"] != "waiting"]
    waiting = [each for each in active if each["state"] == "waiting"]
    assert len(inside) <= row["capacity"], "more people than places"
    assert (kept["seats"], kept["taken"], kept["waiting"]) == (row["capacity"], len(inside), len(waiting))
    assert max(Counter(each["member_id"] for each in active if each["member_id"]).values(), default=1) == 1
    roles = {member: role for member, role in (await parts(workshop_id)).items() if role != "host"}
    assert roles == {
        each["member_id"]: "participant" if each["state"] == "confirmed" else each["state"]
        for each in active
        if each["member_id"]
    }, "the calendar says otherwise"
    assert all((each["offer_until"] is not None) for each in active if each["state"] == "offered")
    if row["state"] == "published" and now < row["starts_at"] - FIRST_COME:
        assert not waiting or len(inside) == row["capacity"], "a free place is kept from those who wait"
        order = [each["id"] for each in inside] + [each["id"] for each in waiting]
        assert not waiting or max(order[: len(inside)], default=0) < waiting[0]["id"], "somebody was overtaken"


async def nobody_is_in_two_places() -> None:
    """No room is taken twice at a time, and no host's time."""
    pair = (
        "a.id < b.id and a.starts_at < b.ends_at and b.starts_at < a.ends_at "
        "and a.state in ('tentative', 'confirmed') and b.state in ('tentative', 'confirmed')"
    )
    rooms = await run(
        f"select a.title, b.title as other from entry a join entry b on a.room_id = b.room_id and {pair}"
    )  # a constant
    assert rooms == [], f"one room, two things: {rooms}"
    hosts = await run(
        "select x.member_id, a.title, b.title as other from taking_part x "  # a constant
        "join taking_part y on x.member_id = y.member_id join entry a on a.id = x.entry_id join entry b "
        f"on b.id = y.entry_id and {pair} where x.left_at is null and y.left_at is null and x.binding = {{}} "
        "and y.binding = {}",
        True,
        True,
    )
    assert hosts == [], f"one person, two things: {hosts}"


async def nobody_is_told_twice() -> None:
    """The same words about the same thing at the same moment reach a person once."""
    twice = await run(
        "select member_id, kind, about_id, subject, count(*) as n from outbox "
        "group by member_id, kind, about_id, subject, created_at having count(*) > 1"
    )
    assert twice == [], f"told twice: {twice}"


async def all_rows() -> dict[str, list[dict[str, Any]]]:
    """What deeds change: to see that a refusal changes nothing."""
    tables = ("workshop", "host", "sign_up", "juror", "entry", "taking_part", "outbox", "journal_line")
    return {table: await run(f"select * from {table} order by id") for table in tables}  # constants
