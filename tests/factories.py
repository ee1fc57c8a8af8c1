"""Builders of what a test starts from, keyword-only, with plain defaults."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from app.database import transaction
from app.identity.listed import list_again
from app.identity.rules import name_key
from app.identity.states import Act
from app.identity.tables import Closure, Grant, Member, Membership, OpeningHours, Place, Room
from app.transactions import CURRENT
from tests.client import NOON
from workshops.commands import decide, propose
from workshops.rules import Proposal
from workshops.states import Format

_numbers = itertools.count(1)


@asynccontextmanager
async def writing() -> AsyncIterator[None]:
    """One transaction around several builders, or each in its own: a durable commit costs more than its rows."""
    if CURRENT.get() is not None:
        yield
        return
    async with transaction():
        yield


async def make_place(*, slug: str | None = None, name: str = "Les Tanneurs", now: datetime = NOON) -> int:
    """A place at 14 rue des Tanneurs, open on weekdays from 9 h to 18 h."""
    async with writing():
        row = await Place.insert(
            Place(
                slug=slug or f"lieu-{next(_numbers)}",
                name=name,
                address="14 rue des Tanneurs, 93200 Saint-Denis",
                about="Métro 13, arrêt Basilique. Sonner à « Réseau ».",
                email="bonjour@tanneurs.exemple",
                step_free=True,
                created_at=now,
            )
        ).returning(Place.id)
        place_id = int(row[0]["id"])
        await OpeningHours.insert(
            *(OpeningHours(place_id=place_id, weekday=day, opens="09:00", closes="18:00") for day in range(5))
        )
    return place_id


async def make_closure(*, place_id: int, first_on: object, last_on: object, reason: str = "Congés") -> None:
    """Days on which the place stays shut."""
    async with writing():
        await Closure.insert(Closure(place_id=place_id, first_on=first_on, last_on=last_on, reason=reason))


async def make_room(*, place_id: int, name: str = "Salon", seats: int = 15, step_free: bool = False) -> int:
    """A room."""
    async with writing():
        row = await Room.insert(Room(place_id=place_id, name=name, seats=seats, step_free=step_free)).returning(Room.id)
    return int(row[0]["id"])


async def make_member(
    *,
    name: str | None = None,
    place_id: int | None = None,
    mediator: bool = False,
    met: bool = True,
    listed: bool = False,
    email: str | None = "",
    language: str = "fr",
    now: datetime = NOON,
) -> int:
    """An account without a password, and its membership of the place. `email=None` for a person without mail."""
    number = next(_numbers)
    name = name or f"Membre {number}"
    if email == "":
        email = f"membre{number}@exemple.fr"
    async with writing():
        row = await Member.insert(
            Member(
                name=name,
                name_key=name_key(name),
                email=email,
                email_key=email.casefold() if email else None,
                listed=listed,
                language=language,
                created_at=now,
            )
        ).returning(Member.id)
        member_id = int(row[0]["id"])
        if place_id is not None:
            await Membership.insert(
                Membership(
                    member_id=member_id,
                    place_id=place_id,
                    mediator=mediator,
                    joined_at=now,
                    met_at=now if met else None,
                )
            )
            if listed:
                await list_again(member_id)
    return member_id


async def make_grant(
    *, member_id: int, place_id: int, act: Act, from_at: datetime = NOON, until_at: datetime | None = None
) -> None:
    """A role's right."""
    async with writing():
        await Grant.insert(
            Grant(
                member_id=member_id,
                place_id=place_id,
                act=act.value,
                from_at=from_at,
                until_at=until_at,
                source="test",
            )
        )


def a_proposal(*, starts_at: datetime = NOON + timedelta(days=10), hours: float = 2, **changes: Any) -> Proposal:
    """What somebody would propose: « On se relit nos CV », in ten days, twelve places, no room."""
    plain: dict[str, Any] = {
        "title": "On se relit nos CV",
        "format": Format.LIBRE,
        "summary": "On lit à voix haute, on se dit ce qui accroche.",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=hours),
        "capacity": 12,
    }
    return Proposal(**{**plain, **changes})


async def make_proposal(*, place_id: int, host: int, now: datetime = NOON, **changes: Any) -> int:
    """A workshop that waits to be read."""
    proposal = a_proposal(**changes)
    once = f"once-{next(_numbers)}"
    return await propose(actor=host, place_id=place_id, proposal=proposal, draft=False, once=once, now=now)


async def make_workshop(*, place_id: int, host: int, mediator: int, now: datetime = NOON, **changes: Any) -> int:
    """A published workshop."""
    workshop_id = await make_proposal(place_id=place_id, host=host, now=now, **changes)
    await decide(actor=mediator, workshop_id=workshop_id, decision="approve", version=1, now=now)
    return workshop_id
