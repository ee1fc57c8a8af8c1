"""What is remembered when a place moves or something there has another name: each thing to come, as it was told before.

Written in the transaction of the change, thousands at once; `moves` tells the people, soon after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.calendar.api import Coming
from app.database import run

ROWS_AT_ONCE = 400


async def note_moved(
    things: Sequence[Coming],
    *,
    room: str | None = None,
    place: str | None = None,
    address: str | None = None,
    now: datetime,
) -> None:
    """The people of these things are to be told where they are now. Needs the caller's transaction.

    `room`, `place`, `address`: what has changed, as it was. Another change before people are told adds no message.
    """
    was: dict[str, Any] = {
        name: words for name, words in (("room", room), ("place", place), ("address", address)) if words is not None
    }
    for start in range(0, len(things), ROWS_AT_ONCE):
        values: list[Any] = []
        for thing in things[start : start + ROWS_AT_ONCE]:
            before = replace(thing, **was)
            values += [thing.kind, thing.thing_id, before.where, before.address, now]
        marks = ", ".join(["({}, {}, {}, {}, {})"] * (len(values) // 5))
        await run(
            f"insert into moved (kind, thing_id, where_before, address_before, noted_at) values {marks} "  # noqa: S608 - marks only
            "on conflict (kind, thing_id) do nothing",
            *values,
        )
