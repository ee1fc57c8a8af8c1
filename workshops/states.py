"""The words of workshops: states and what each becomes, formats and their bounds, and why something cannot be.

The transition table is data: commands move along it with a conditional update, `docs/workshop-states.md` is drawn from
it, and a test holds both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.errors import Refusal


class State(StrEnum):
    """Where a workshop stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    SENT_BACK = "sent_back"
    CONTESTED = "contested"
    PUBLISHED = "published"
    HELD = "held"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


MOVES: dict[State, dict[State, str]] = {
    State.DRAFT: {State.PROPOSED: "its author proposes it", State.LAPSED: "its start has passed"},
    State.PROPOSED: {
        State.PUBLISHED: "a mediator agrees, or silence",
        State.SENT_BACK: "a mediator asks for a change",
        State.CANCELLED: "its hosts withdraw it",
        State.LAPSED: "its start has passed without the yes of the bureau that it needs",
    },
    State.SENT_BACK: {
        State.PROPOSED: "changed and proposed again: the clock restarts",
        State.CONTESTED: "its author contests",
        State.LAPSED: "its start has passed",
        State.CANCELLED: "its hosts withdraw it",
    },
    State.CONTESTED: {
        State.PUBLISHED: "another mediator or three drawn members agree, or silence",
        State.SENT_BACK: "another mediator or three drawn members ask for the change too",
        State.LAPSED: "its start has passed without the yes of the bureau that it needs",
    },
    State.PUBLISHED: {State.HELD: "its end has passed", State.CANCELLED: "its hosts cancel it, with a reason"},
    State.HELD: {},
    State.CANCELLED: {State.PUBLISHED: "its hosts reopen it: people are asked again"},
    State.LAPSED: {},
}


class SignUpState(StrEnum):
    """Where a person's sign-up stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


ACTIVE = (SignUpState.WAITING, SignUpState.OFFERED, SignUpState.CONFIRMED)
"""A person has one such sign-up to a workshop at most."""

SIGN_UP_MOVES: dict[SignUpState, dict[SignUpState, str]] = {
    SignUpState.WAITING: {
        SignUpState.OFFERED: "a place is free and it is their turn",
        SignUpState.CONFIRMED: "first come, in the last two hours",
        SignUpState.WITHDRAWN: "they give up",
    },
    SignUpState.OFFERED: {
        SignUpState.CONFIRMED: "they say yes",
        SignUpState.LAPSED: "no answer in time",
        SignUpState.WITHDRAWN: "they say no",
    },
    SignUpState.CONFIRMED: {
        SignUpState.WITHDRAWN: "they leave",
        SignUpState.OFFERED: "the session was cancelled and reopened: they are asked again",
    },
    SignUpState.WITHDRAWN: {},
    SignUpState.LAPSED: {},
}
TAKES_A_PLACE = (SignUpState.CONFIRMED, SignUpState.OFFERED)
"""`offered` seats are taken: they are kept for whoever is asked."""


class HostState(StrEnum):
    """Where a host stands."""

    INVITED = "invited"
    HOSTING = "hosting"
    DECLINED = "declined"
    LEFT = "left"


class Need(StrEnum):
    """What the association answers for in law: it waits for the bureau's explicit yes (mission.md, rule 3)."""

    OUTING = "outing"
    ALCOHOL = "alcohol"
    MINORS = "minors"
    FLAME = "flame"
    CROWD = "crowd"


class Format(StrEnum):
    """What sort of workshop. For now a choice with its bounds; the behaviour of each comes with its own issue."""

    CV_TROC = "cv_troc"
    CODEV = "codev"
    CAFE_DEBAT = "cafe_debat"
    TABLE_RONDE = "table_ronde"
    CHAMBOULE_TOUT = "chamboule_tout"
    FORMATION = "formation"
    ACCUEIL = "accueil"
    RENCONTRE = "rencontre"
    PRATIQUES = "pratiques"
    PAROLE = "parole"
    LIBRE = "libre"


@dataclass(frozen=True, slots=True)
class FormatBounds:
    """What a format asks for."""

    least: int
    """People under which its hosts are asked, 48 h before, to keep, move or cancel; and the smallest capacity."""
    most: int
    """Largest capacity."""
    minutes: int
    """Length offered while proposing."""
    needs_speaker: bool = False
    lists_participants: bool = True


FORMATS: dict[Format, FormatBounds] = {
    Format.CV_TROC: FormatBounds(6, 12, 90),
    Format.CODEV: FormatBounds(4, 10, 90),
    Format.CAFE_DEBAT: FormatBounds(4, 30, 90),
    Format.TABLE_RONDE: FormatBounds(5, 40, 120),
    Format.CHAMBOULE_TOUT: FormatBounds(4, 30, 90),
    Format.FORMATION: FormatBounds(3, 20, 180),
    Format.ACCUEIL: FormatBounds(2, 30, 90),
    Format.RENCONTRE: FormatBounds(3, 60, 120),
    Format.PRATIQUES: FormatBounds(3, 15, 120),
    Format.PAROLE: FormatBounds(3, 12, 90, needs_speaker=True, lists_participants=False),
    Format.LIBRE: FormatBounds(3, 60, 120),
}


class TurnMoment(StrEnum):
    """When a turn is that a workshop opens, beside its own hours."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class WorkshopRefusal(Refusal):
    """Why something about a workshop cannot be. Each has its sentence in `workshops.wording`."""

    MEDIATOR_CANNOT_PROPOSE = "mediator_cannot_propose"
    MEDIATOR_CANNOT_HOST = "mediator_cannot_host"
    NOT_A_MEMBER_HERE = "not_a_member_here"
    ONLY_HOSTS = "only_hosts"
    ONLY_MEDIATORS = "only_mediators"
    CONCERNED = "concerned"
    NEEDS_THE_BUREAU = "needs_the_bureau"
    STARTS_TOO_SOON = "starts_too_soon"
    IN_THE_PAST = "in_the_past"
    ROOM_TAKEN = "room_taken"
    ROOM_TOO_SMALL = "room_too_small"
    HOST_NOT_FREE = "host_not_free"
    WRONG_STATE = "wrong_state"
    ALREADY_DECIDED = "already_decided"
    CHANGED_MEANWHILE = "changed_meanwhile"
    ALREADY_CONTESTED = "already_contested"
    NOT_DRAWN = "not_drawn"
    NOT_OPEN = "not_open"
    OVER = "over"
    FULL = "full"
    WAITING_COME_FIRST = "waiting_come_first"
    OFFER_OVER = "offer_over"
    NO_OFFER = "no_offer"
    SAID_YES = "said_yes"
    HOST_CANNOT_SIGN_UP = "host_cannot_sign_up"
    FEWER_THAN_TAKEN = "fewer_than_taken"
    NOT_STARTED = "not_started"
    NOT_THERE = "not_there"
    ALREADY_HOST = "already_host"
    DRAWN_CANNOT_HOST = "drawn_cannot_host"
    LAST_HOST = "last_host"
    HAS_HOSTS = "has_hosts"
    ALREADY_BLOCKED = "already_blocked"
    DRAWN_RULE = "drawn_rule"
    NO_LIST = "no_list"
