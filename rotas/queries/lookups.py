"""To which turn a swap, a pattern or a guest's place belongs; where and when a turn is. Each raises `NotFound`."""

from __future__ import annotations

from datetime import datetime

from app.database import run
from app.errors import NotFound


async def starts_at(slot_id: int) -> datetime:
    """When it begins, for whoever has just taken it."""
    found = await run("select starts_at from rota_slot where id = {}", slot_id)
    if not found:
        raise NotFound
    at: datetime = found[0]["starts_at"]
    return at


async def slot_of_swap(swap_id: int) -> int:
    """The turn that somebody is wanted for. Raises `NotFound`."""
    found = await run("select slot_id from rota_swap where id = {}", swap_id)
    if not found:
        raise NotFound
    return int(found[0]["slot_id"])


async def pattern_of(slot_id: int) -> int:
    """The pattern of this turn. Raises `NotFound` for none."""
    found = await run("select pattern_id from rota_slot where id = {} and pattern_id is not null", slot_id)
    if not found:
        raise NotFound
    return int(found[0]["pattern_id"])


async def place_of_slot(slot_id: int) -> int:
    """Where it is. Raises `NotFound`."""
    found = await run("select place_id from rota_slot where id = {}", slot_id)
    if not found:
        raise NotFound
    return int(found[0]["place_id"])


async def slot_of_guest(holding_id: int) -> int:
    """The turn that somebody without an account has a place of. Raises `NotFound`."""
    found = await run("select slot_id from rota_holding where id = {} and member_id is null", holding_id)
    if not found:
        raise NotFound
    return int(found[0]["slot_id"])
