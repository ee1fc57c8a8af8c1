"""What other domains may do with time: put their things into the calendar, and ask whether a time is free.

Every write belongs inside the caller's transaction. The order of locks for all domains: `lock_people_and_rooms`, then
one's own thing, then these calls.
"""

from __future__ import annotations

from app.calendar.clashes import (
    Bound,
    Clash,
    FreeRoom,
    Opening,
    bound_times,
    free_hours,
    free_rooms,
    lock_people_and_rooms,
    next_opening,
    opening,
    own_overlaps,
    why_clashes,
)
from app.calendar.coming import Coming, TakesPart, free_between, locked_to_come, own_between, who_comes
from app.calendar.entries import (
    Planned,
    all_take_part,
    host_renamed,
    host_renamed_in,
    leave,
    place_changed,
    put_entry,
    remove_entry,
    room_renamed,
    set_counts,
    set_listed,
    take_part,
)
from app.calendar.invitations import Invitation, Inviting
from app.calendar.mailed import KeptEvent, kept_for
from app.calendar.own_data import forget_entry
from app.calendar.states import LONGEST, EntryState, OpeningState, Role

__all__ = [
    "LONGEST",
    "Bound",
    "Clash",
    "Coming",
    "EntryState",
    "FreeRoom",
    "Invitation",
    "Inviting",
    "KeptEvent",
    "Opening",
    "OpeningState",
    "Planned",
    "Role",
    "TakesPart",
    "all_take_part",
    "bound_times",
    "forget_entry",
    "free_between",
    "free_hours",
    "free_rooms",
    "host_renamed",
    "host_renamed_in",
    "kept_for",
    "leave",
    "lock_people_and_rooms",
    "locked_to_come",
    "next_opening",
    "opening",
    "own_between",
    "own_overlaps",
    "place_changed",
    "put_entry",
    "remove_entry",
    "room_renamed",
    "set_counts",
    "set_listed",
    "take_part",
    "who_comes",
    "why_clashes",
]
