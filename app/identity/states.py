"""The words of identity: acts that a role allows, devices, and why something is refused to a person."""

from __future__ import annotations

from enum import StrEnum

from app.errors import Refusal


class Act(StrEnum):
    """What a grant allows, at one place, from then until then (domain.md, « Who may »)."""

    OPEN_MEALS = "open_meals"
    CHECK_IN = "check_in"
    TAKE_CASH = "take_cash"
    REGISTER = "register"
    INTRODUCE = "introduce"
    KEEP_ACCOUNTS = "keep_accounts"
    KEEP_PLACE = "keep_place"
    SAY_YES = "say_yes"


STANDING = frozenset({Act.KEEP_ACCOUNTS, Act.KEEP_PLACE, Act.SAY_YES})
"""Acts of a mandate rather than of a turn: whoever loses one is signed out everywhere."""

HANDED_OVER = frozenset({Act.KEEP_ACCOUNTS, Act.KEEP_PLACE})
"""Acts that their holder passes on to a successor who accepts."""


SECOND_FOR = frozenset({Act.KEEP_ACCOUNTS})
"""Acts whose holders show a second code when they sign in, as mediators do."""


class Device(StrEnum):
    """« Cet appareil est à toi ? »"""

    MINE = "mine"
    SHARED = "shared"


class Purpose(StrEnum):
    """What a code sent by mail is for."""

    ENTER = "enter"
    ADDRESS = "address"


class IdentityRefusal(Refusal):
    """Why a person may not, whatever the thing."""

    NEEDS_ACT = "needs_act"
    MEDIATOR_HERE = "mediator_here"
    NOT_OF_THIS_PLACE = "not_of_this_place"
    NOT_MET = "not_met"
    LAST_KEEPER = "last_keeper"
    ALREADY_MEMBER = "already_member"
    THEMSELVES = "themselves"
    PERSON_IS_MEDIATOR = "person_is_mediator"
    HOSTS_HERE = "hosts_here"
    ALREADY_HOLDS = "already_holds"
    OFFER_OVER = "offer_over"
    CODE_OVER = "code_over"
    CODE_CLOSED = "code_closed"
    LINK_OVER = "link_over"
    NOT_PROVEN = "not_proven"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, not a password
    ADDRESS_TAKEN = "address_taken"
    HAS_ADDRESS = "has_address"
    HOLDS_A_ROLE = "holds_a_role"
    GIVEN_PASSWORD = "given_password"  # noqa: S105 - a reason, not a password
    SAME_PASSWORD = "same_password"  # noqa: S105 - a reason, not a password
    SLIP_GIVEN = "slip_given"
    ROOM_IN_USE = "room_in_use"
    ROOM_NAME_TAKEN = "room_name_taken"
    SLUG_TAKEN = "slug_taken"
