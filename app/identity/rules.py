"""What identity decides without looking anything up: how names and addresses are compared, and who may do which act.

Who holds a role is read by `queries` and `visits`; what the domains let anybody do is theirs.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.identity.states import Act, IdentityRefusal

if TYPE_CHECKING:
    from app.identity.visits import Me

MAIL_PROVES_FOR = timedelta(minutes=30)
ADDRESS_SETTLES = timedelta(days=30)
"""So long after somebody without an address got one, a new paper takes it off: whoever found a lost paper may have
added it."""


def email_key(written: str) -> str:
    """The address as it is compared: NFC, casefolded, no space around (`member.email_key`)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", written.strip()).casefold())


def name_key(written: str) -> str:
    """The name as it is sorted and searched: « Élodie N’Guessan » gives `elodie n'guessan` (`member.name_key`)."""
    folded = unicodedata.normalize("NFKD", written).casefold().replace("’", "'")
    split = unicodedata.normalize("NFKD", folded).casefold()
    bare = "".join(letter for letter in split if not unicodedata.combining(letter))
    return " ".join(bare.replace("œ", "oe").replace("æ", "ae").split())


def starts_like(key: str) -> str:
    """The pattern, for `like … escape '!'`, of texts that begin so."""
    return key.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def why_may_not(member: Me | None, act: Act) -> IdentityRefusal | None:
    """Why this person may not do this act at the place of their visit; none when a role allows it.

    Whoever mediates in a place holds no role there, whatever a grant says.
    """
    if member is None or not member.belongs:
        return IdentityRefusal.NOT_OF_THIS_PLACE
    if member.mediator:
        return IdentityRefusal.MEDIATOR_HERE
    if act not in member.acts:
        return IdentityRefusal.NEEDS_ACT
    return None


def needs_second_factor(*, mediates: bool, keeps_accounts: bool) -> bool:
    """Whether a password or a mail alone opens nothing: whoever mediates, or keeps accounts, in any place at all, also
    shows a code of their telephone (OWASP ASVS 5.0, 6.3.3)."""
    return mediates or keeps_accounts


def why_cannot_meet(*, themselves: bool, belongs: bool, met: bool) -> IdentityRefusal | None:
    """Why somebody may not say that they have met a newcomer: they must be a member there whom others have met."""
    if themselves:
        return IdentityRefusal.THEMSELVES
    if not belongs:
        return IdentityRefusal.NOT_OF_THIS_PLACE
    return None if met else IdentityRefusal.NOT_MET


def why_cannot_receive(*, themselves: bool, belongs: bool, mediator: bool, holds: bool) -> IdentityRefusal | None:
    """Why a standing role cannot be offered to this person."""
    if themselves:
        return IdentityRefusal.THEMSELVES
    if not belongs:
        return IdentityRefusal.NOT_OF_THIS_PLACE
    if mediator:
        return IdentityRefusal.PERSON_IS_MEDIATOR
    return IdentityRefusal.ALREADY_HOLDS if holds else None


def why_no_new_password(*, themselves: bool, has_address: bool, has_role: bool) -> IdentityRefusal | None:
    """Why the welcome turn may not give this person a new password: nobody comes by a role, or past a mail, so."""
    if themselves:
        return IdentityRefusal.THEMSELVES
    if has_address:
        return IdentityRefusal.HAS_ADDRESS
    return IdentityRefusal.HOLDS_A_ROLE if has_role else None


def address_settled(added_at: datetime | None, now: datetime) -> bool:
    """Whether only the person can take the account's address off; `added_at` is none where it always had one."""
    return added_at is None or added_at + ADDRESS_SETTLES <= now


def proves_by_mail(*, by_mail: bool, opened_at: datetime, now: datetime) -> bool:
    """Whether this session stands for the password: a code by mail opened it less than half an hour ago."""
    return by_mail and now - opened_at < MAIL_PROVES_FOR
