"""When a place calls people out to a turn that is near, pure like `rotas.rules`, which has what its parts are.

For a place that nobody has, or for somebody who cannot come and asks everybody: once each. Who takes a turn and gives
it up, or asks and takes it back, has nobody called for it again at once: else one member could mail the whole place
again and again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rotas.rules import CALLED_BEFORE, Lack, Standing, SwapStanding
from rotas.states import SlotState, SwapState

CALLED_AGAIN = timedelta(hours=3)
"""From one call for the same to the next."""
LAST_CALL = timedelta(hours=1)
"""So long before a turn people are called once more, however short after the call before."""
SAY_WHEN = ("meal",)
"""Kinds of sources that say themselves when people are called for their turns (`api.call_for`): a meal counts its cooks
when bookings close, not two days before each turn."""


def calls_now(
    standing: Standing,
    *,
    called_at: datetime | None,
    call_again_at: datetime | None = None,
    source_kind: str = "",
    quiet: bool,
    now: datetime,
) -> bool:
    """Whether people are called out to for this turn now: it lacks somebody, begins within 48 h, and nobody was called
    for it yet, or it is time to call again (`again_at`); for those of `SAY_WHEN`, only when it is time to call, however
    far off it is. A place in quiet mode calls nobody."""
    again = call_again_at is not None and call_again_at <= now
    if source_kind in SAY_WHEN:
        due = again and now < standing.starts_at
    else:
        due = is_near(standing.starts_at, now=now) and (called_at is None or again)
    return not quiet and standing.state is SlotState.OPEN and standing.free > 0 and due


def again_at(called_at: datetime, *, starts_at: datetime, was_there: bool, now: datetime) -> datetime:
    """When people are called out to again, for whom somebody is missing anew now: at once if whoever is missing was
    there when they were called, so that it is news; else some hours after that call, or shortly before it begins."""
    if was_there:
        return now
    again, last = called_at + CALLED_AGAIN, starts_at - LAST_CALL
    return max(now, min(again, last) if called_at < last else again)


def is_near(starts_at: datetime, *, now: datetime) -> bool:
    """Whether a turn is yet to begin, and so soon that whoever lacks is called out to."""
    return now < starts_at <= now + CALLED_BEFORE


def lack_of_stand_in(*, opens_place: bool) -> Lack:
    """What is missing where whoever has the turn asks everybody to come in their place."""
    return Lack.KEYS_STAND_IN if opens_place else Lack.STAND_IN


def calls_stand_in(
    standing: Standing,
    swap: SwapStanding,
    *,
    called_at: datetime | None,
    called_before: datetime | None = None,
    quiet: bool,
    now: datetime,
) -> bool:
    """Whether people are called out to now for somebody who cannot come: they ask everybody, for nothing in return, the
    turn begins within 48 h, and nobody was called for this request yet, nor just before (`called_before`) for another
    that they took back. A place in quiet mode calls nobody."""
    return (
        not quiet
        and standing.state is SlotState.OPEN
        and swap.state is SwapState.OPEN
        and swap.to_member is None
        and not swap.wants_slot
        and is_near(standing.starts_at, now=now)
        and called_at is None
        and (
            called_before is None
            or again_at(called_before, starts_at=standing.starts_at, was_there=False, now=now) <= now
        )
    )
