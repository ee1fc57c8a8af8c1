"""Builders of what a domain plans, for the calendar's own tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from app.calendar.api import Planned, put_entry, take_part
from app.calendar.tables import Entry
from app.clock import from_local
from app.database import transaction
from tests.client import NOON


def at(written: str) -> datetime:
    """The instant of an hour of Paris: `at("2026-11-27T14:00")`."""
    return from_local(written)


def plan(thing_id: int = 1, *, place_id: int, **changes: Any) -> Planned:
    """A workshop on Friday 27 November 2026 from 14 h to 16 h, announced."""
    starts_at = changes.pop("starts_at", at("2026-11-27T14:00"))
    values: dict[str, Any] = {
        "kind": "workshop",
        "room_id": None,
        "ends_at": starts_at + timedelta(hours=2),
        "state": "confirmed",
        "title": "On se relit nos CV",
        "genre": "cv_troc",
        "summary": "Chacun repart avec une correction.",
        "hosts": ("Samira",),
        "seats": 12,
        "taken": 0,
        "waiting": 0,
        "language": "fr",
        "step_free": False,
        "children": False,
        **changes,
    }
    return Planned(thing_id=thing_id, place_id=place_id, starts_at=starts_at, **values)


async def put(planned: Planned, *, now: datetime = NOON, **parts: tuple[int, ...]) -> int:
    """Put it into the calendar, with who takes part: `host=(samira,), participant=(karim, yann)`."""
    async with transaction():
        entry_id = await put_entry(planned, now=now)
        for role, members in parts.items():
            for member_id in members:
                await take_part(planned.kind, planned.thing_id, member_id, role, binding=role == "host", now=now)
    return entry_id


async def entry(thing_id: int = 1, kind: str = "workshop") -> dict[str, Any]:
    """The row as it stands, but for its version, which every write may move."""
    found: list[dict[str, Any]] = await Entry.select().where((Entry.kind == kind) & (Entry.thing_id == thing_id))
    del found[0]["version"]
    return found[0]
