"""What a turn allows whoever holds it: from half an hour before until an hour after, and gone at once with the turn.

Inside the caller's transaction. The source of such a grant is the slot, so that each turn gives back its own alone.
"""

from __future__ import annotations

from datetime import datetime

from app.errors import Refused
from app.identity.api import end_grant, grant, refuse_given_password
from app.identity.states import Act
from rotas.facts import Row
from rotas.rules import allows_from, allows_until


def source_of_grant(slot_id: int) -> str:
    """What a slot's grants are given back by."""
    return f"slot:{slot_id}"


async def allow(slot: Row, member_id: int) -> None:
    """Let this member do what the slot's duty allows, around its hours. Raises `Refused` for whoever signs in with a
    password that somebody gave them."""
    if slot["act"]:
        await grant(
            member_id=member_id,
            place_id=slot["place_id"],
            act=Act(slot["act"]),
            from_at=allows_from(slot["starts_at"]),
            until_at=allows_until(slot["ends_at"]),
            source=source_of_grant(slot["id"]),
        )


async def may_be_allowed(slot: Row, member_id: int) -> bool:
    """Whether `allow` would let them."""
    try:
        if slot["act"]:
            await refuse_given_password(member_id)
    except Refused:
        return False
    return True


async def disallow(slot: Row, member_id: int, *, now: datetime) -> None:
    """End it, at once."""
    await end_grant(member_id=member_id, place_id=slot["place_id"], source=source_of_grant(slot["id"]), now=now)


async def allow_anew(slot: Row, member_id: int, *, now: datetime) -> None:
    """The slot's hours, or what its duty allows, have changed: as they are now, and no more as they were."""
    await disallow(slot, member_id, now=now)
    await allow(slot, member_id)
