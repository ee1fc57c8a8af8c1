"""The words of turns: what a slot and a swap may be, how somebody came to a turn, and why something cannot be.

A « rôle » is a duty, a « tour » a slot. The tables of moves are data: commands move along them, docs/turn-states.md is
drawn from them, and a test holds both together.
"""

from __future__ import annotations

from enum import StrEnum

from app.errors import Refusal


class SlotState(StrEnum):
    """Where a slot stands. Whether it is full, or over, is read from its people and its hours, never stored."""

    OPEN = "open"
    CANCELLED = "cancelled"


SLOT_MOVES: dict[SlotState, dict[SlotState, str]] = {
    SlotState.OPEN: {
        SlotState.CANCELLED: "its duty or its pattern ends, what opened it is cancelled, or whoever keeps the place "
        "takes it off"
    },
    SlotState.CANCELLED: {SlotState.OPEN: "what opened it is on again, or whoever keeps the place puts it back"},
}


class Came(StrEnum):
    """How somebody came to a turn."""

    CLAIMED = "claimed"
    WEEKLY = "weekly"
    """They hold it every week."""
    STOOD_IN = "stood_in"
    """They took it from somebody who cannot come."""
    SWAPPED = "swapped"
    GUEST = "guest"
    """Without an account: somebody took it for them."""
    WATCHES = "watches"
    """To learn it: takes no place."""


class Went(StrEnum):
    """How a turn ended for whoever had it."""

    NOT_YET = ""
    FREED = "freed"
    REPLACED = "replaced"
    """A stand-in took it, or it was swapped."""
    MOVED = "moved"
    """The slot's hours changed, and at the new ones they are busy."""
    CANCELLED = "cancelled"
    """The slot is off."""
    GONE = "gone"
    """They left the place."""


class SwapState(StrEnum):
    """Where « je ne peux pas venir » stands, when somebody is to come instead."""

    OPEN = "open"
    TAKEN = "taken"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


SWAP_MOVES: dict[SwapState, dict[SwapState, str]] = {
    SwapState.OPEN: {
        SwapState.TAKEN: "somebody takes the turn, or gives theirs for it",
        SwapState.LAPSED: "one of the two turns has begun, or is no longer theirs",
        SwapState.WITHDRAWN: "whoever cannot come can after all, or frees the turn",
    },
    SwapState.TAKEN: {},
    SwapState.LAPSED: {},
    SwapState.WITHDRAWN: {},
}


class Level(StrEnum):
    """How far somebody is in learning a duty: watch → do with somebody → do → teach."""

    NONE = ""
    WATCHED = "watched"
    DID_WITH = "did_with"
    DOES = "does"
    TEACHES = "teaches"


SKILLED = frozenset({Level.DOES, Level.TEACHES})
"""Who can do it without somebody beside them."""
LEVELS = tuple(Level)
"""In the order of the path."""


class RotaRefusal(Refusal):
    """Why something about a turn cannot be."""

    NOT_OF_THIS_PLACE = "rota_not_of_this_place"
    FULL = "rota_full"
    OVER = "rota_over"
    CANCELLED = "rota_cancelled"
    CLASH = "rota_clash"
    THEIR_CLASH = "rota_their_clash"
    """Of somebody else, of whom only the name may be told."""
    NEEDS_TRAINING = "rota_needs_training"
    NOBODY_BESIDE = "rota_nobody_beside"
    """They have watched it, or done it with somebody; nobody who can do it has this turn yet."""
    NOT_YET_ROUND = "rota_not_yet_round"
    UNDER_AGE = "rota_under_age"
    NOT_MET = "rota_not_met"
    MEDIATOR_HERE = "rota_mediator_here"
    NO_GUESTS = "rota_no_guests"
    ALREADY_YOURS = "rota_already_yours"
    ALREADY_THEIRS = "rota_already_theirs"
    NOT_YOURS = "rota_not_yours"
    NOT_THEIRS = "rota_not_theirs"
    NOT_FOR_THEM = "rota_not_for_them"
    """Somebody else may not have it; why is their own business."""
    NOBODY_TO_WATCH = "rota_nobody_to_watch"
    SWAP_OVER = "rota_swap_over"
    SWAP_OTHERS = "rota_swap_others"
    """The swap was proposed to somebody else."""
    SAME_SLOT = "rota_same_slot"
    SWAP_NOBODY = "rota_swap_nobody"
    """Nobody has the turn that is wanted."""
    NOT_WEEKLY = "rota_not_weekly"
    WEEKLY_FULL = "rota_weekly_full"
    MAY_NOT = "rota_may_not"
    CHANGED_MEANWHILE = "rota_changed_meanwhile"
    ALREADY_SENT = "rota_already_sent"
    """The same form opened a turn already, and says something else now."""
    PATTERN_SENT = "rota_pattern_sent"
    """The same form opened a pattern already, and says something else now."""
    PATTERN_ENDED = "rota_pattern_ended"
    PATTERN_DOUBLE = "rota_pattern_double"
    DUTY_DOUBLE = "rota_duty_double"
    NOT_SKILLED = "rota_not_skilled"
    FROM_SOURCE = "rota_from_source"
    """A meal's or a workshop's slot is changed there."""
