"""What the agenda may propose to whom, and how much is left of something. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.calendar.states import MOST_FEEDS, CalendarRefusal, EntryState, Invitation, Role


@dataclass(frozen=True, slots=True)
class FeedWishes:
    """How the owner of a calendar address wants it."""

    name: str
    """Of the device, so that one knows which address to cut."""
    discreet: bool = False
    """« Rendez-vous » stands for every title."""
    private: bool = False
    alarm_minutes: int | None = None


def waiting_first(waiting: int, *, starts_at: datetime, first_come: timedelta, now: datetime) -> int:
    """How many wait whom free seats are kept for: nobody any more once it is first come, first served."""
    return waiting if now < starts_at - first_come else 0


def seats_left(*, seats: int | None, taken: int, waiting: int) -> int | None:
    """How many seats a newcomer may have: while anyone waits, freed ones are theirs. None where none are counted."""
    if seats is None:
        return None
    return 0 if waiting else max(0, seats - taken)


def invitation(
    *,
    state: EntryState,
    ends_at: datetime,
    seats: int | None,
    taken: int,
    waiting: int,
    role: Role | None,
    member: bool,
    now: datetime,
    waits: bool = True,
    joins: bool = True,
) -> Invitation:
    """What to propose; `waits`: whether one may wait for a seat; `joins`: whether one may join still. The thing's own
    domain decides again when somebody accepts."""
    if role is not None:
        return Invitation.MINE
    if not member or state is not EntryState.CONFIRMED or ends_at <= now or not joins:
        return Invitation.CLOSED
    if seats_left(seats=seats, taken=taken, waiting=waiting) != 0:
        return Invitation.JOIN
    return Invitation.WAIT if waits else Invitation.CLOSED


def why_cannot_add_feed(*, feeds: int) -> CalendarRefusal | None:
    """An address for each device, and no more than one person can know apart."""
    return CalendarRefusal.TOO_MANY_FEEDS if feeds >= MOST_FEEDS else None
