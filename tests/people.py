"""The fixed cast of the tests: the same people at the same place, so that a test reads like a story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.identity.states import Act
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place, make_room, writing


@dataclass(frozen=True, slots=True)
class Cast:
    """Ids of everybody, and of the place and its rooms."""

    place: int
    salon: int
    """15 seats, step-free."""
    back_room: int
    """« Salle du fond », 14 seats."""
    samira: int
    karim: int
    aicha: int
    yann: int
    odile: int
    rosa: int
    """Of the bureau: says yes, keeps the place and its accounts."""
    bruno: int
    """Mediator here."""
    helene: int
    """Mediator here."""
    newcomer: int
    """Joined yesterday; nobody has met them."""


async def make_cast(*, now: datetime = NOON) -> Cast:
    """Everybody, at « Les Tanneurs »."""
    async with writing():
        return await _everybody(now)


async def _everybody(now: datetime) -> Cast:
    place = await make_place(slug="les-tanneurs", name="Les Tanneurs", now=now)
    salon = await make_room(place_id=place, name="Salon", seats=15, step_free=True)
    back_room = await make_room(place_id=place, name="Salle du fond", seats=14)
    joined = now - timedelta(days=100)
    people = {
        name.casefold().replace("é", "e").replace("è", "e").replace("ï", "i"): await make_member(
            name=name, place_id=place, now=joined
        )
        for name in ("Samira", "Karim", "Aïcha", "Yann", "Odile", "Rosa")
    }
    bruno = await make_member(name="Bruno", place_id=place, mediator=True, now=joined)
    helene = await make_member(name="Hélène", place_id=place, mediator=True, now=joined)
    newcomer = await make_member(name="Nouvelle", place_id=place, met=False, now=now - timedelta(days=1))
    for act in (Act.SAY_YES, Act.KEEP_PLACE, Act.KEEP_ACCOUNTS):
        await make_grant(member_id=people["rosa"], place_id=place, act=act, from_at=joined)
    return Cast(place=place, salon=salon, back_room=back_room, bruno=bruno, helene=helene, newcomer=newcomer, **people)
