"""When a place calls people out to a turn that is near, pure like `rotas.rules`, which has what its parts are.

For a place that nobody has, or for somebody who cannot come and asks everybody: once each.
"""

from __future__ import annotations

from datetime import datetime

from rotas.rules import CALLED_BEFORE, Lack, Standing, SwapStanding
from rotas.states import SlotState, SwapState


def calls_now(standing: Standing, *, called_at: datetime | None, quiet: bool, now: datetime) -> bool:
    """Whether people are called out to for this turn now: it lacks somebody, begins within 48 h, and nobody was called
    for it yet. A place in quiet mode calls nobody."""
    return (
        not quiet
        and standing.state is SlotState.OPEN
        and standing.free > 0
        and is_near(standing.starts_at, now=now)
        and called_at is None
    )


def is_near(starts_at: datetime, *, now: datetime) -> bool:
    """Whether a turn is yet to begin, and so soon that whoever lacks is called out to."""
    return now < starts_at <= now + CALLED_BEFORE


def lack_of_stand_in(*, opens_place: bool) -> Lack:
    """What is missing where whoever has the turn asks everybody to come in their place."""
    return Lack.KEYS_STAND_IN if opens_place else Lack.STAND_IN


def calls_stand_in(
    standing: Standing, swap: SwapStanding, *, called_at: datetime | None, quiet: bool, now: datetime
) -> bool:
    """Whether people are called out to now for somebody who cannot come: they ask everybody, for nothing in return, the
    turn begins within 48 h, and nobody was called for this request yet. A place in quiet mode calls nobody."""
    return (
        not quiet
        and standing.state is SlotState.OPEN
        and swap.state is SwapState.OPEN
        and swap.to_member is None
        and not swap.wants_slot
        and is_near(standing.starts_at, now=now)
        and called_at is None
    )
