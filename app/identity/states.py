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


class Device(StrEnum):
    """« Cet appareil est à toi ? »"""

    MINE = "mine"
    SHARED = "shared"


class IdentityRefusal(Refusal):
    """Why a person may not, whatever the thing."""

    NEEDS_ACT = "needs_act"
    MEDIATOR_HERE = "mediator_here"
    NOT_OF_THIS_PLACE = "not_of_this_place"
    LAST_KEEPER = "last_keeper"
    ALREADY_MEMBER = "already_member"
    THEMSELVES = "themselves"
    PERSON_IS_MEDIATOR = "person_is_mediator"
