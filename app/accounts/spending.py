"""What money is spent for: told once by the composition root, since the shell knows none of the domains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.contracts import Spendable, Spends

_known: list[Spends] = []


def know(spends: Sequence[Spends]) -> None:
    """These are all."""
    _known[:] = spends


def kinds() -> tuple[str, ...]:
    """What purchases may be about."""
    return tuple(spends.kind for spends in _known)


async def near(place_id: int, member_id: int | None, now: datetime) -> list[tuple[str, Spendable]]:
    """What something may be bought for at this place now, with its kind; of one member, by whom it is made."""
    return [(spends.kind, thing) for spends in _known for thing in await spends.near(place_id, member_id, now)]


async def named(things: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Spendable]:
    """These things, by kind and id. What is unknown is left out."""
    wanted = set(things)
    found: dict[tuple[str, int], Spendable] = {}
    for spends in _known:
        ids = sorted(thing_id for kind, thing_id in wanted if kind == spends.kind)
        if ids:
            found.update({(spends.kind, each.thing_id): each for each in (await spends.by_id(ids)).values()})
    return found
