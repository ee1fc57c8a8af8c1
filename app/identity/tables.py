"""Rows about places and people. No logic; who may what is decided in `rules`.

Text hours are the place's wall clock, "HH:MM". Columns ending in `_at` are instants in UTC, `_on` are days.
"""

from __future__ import annotations

from piccolo.columns import Boolean, Date, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Place(Table):
    """A place that its users run. One installation may hold several."""

    id: Serial
    slug = Varchar(length=60, unique=True)
    name = Varchar(length=120)
    address = Varchar(length=200)
    about = Text(default="")
    """How to come, in the place's own words."""
    email = Varchar(length=200, default="")
    phone = Varchar(length=40, default="")
    step_free = Boolean(default=False)
    created_at = Timestamptz(default=None)


class Room(Table):
    """A room that one thing at a time may take."""

    id: Serial
    place_id = Integer()
    name = Varchar(length=80)
    seats = Integer()
    step_free = Boolean(default=False)
    retired_at = Timestamptz(null=True, default=None)


class OpeningHours(Table):
    """One stretch of one weekday (0 = Monday) during which somebody opens the place."""

    id: Serial
    place_id = Integer()
    weekday = Integer()
    opens = Varchar(length=5)
    closes = Varchar(length=5)


class Closure(Table):
    """Days, both included, on which the place stays shut whatever the weekday."""

    id: Serial
    place_id = Integer()
    first_on = Date()
    last_on = Date()
    reason = Varchar(length=200, default="")


class Member(Table):
    """An account. A person who left keeps the row, emptied, so that ids are never reused."""

    id: Serial
    name = Varchar(length=60)
    name_key = Varchar(length=90, default="")
    """The name as it is sorted and searched, without accents or capitals (`rules.name_key`)."""
    email = Varchar(length=254, null=True, default=None)
    email_key = Varchar(length=254, null=True, default=None)
    """What one signs in with, unique: the address as it is compared (NFC, casefolded), or without one the sign-in name
    (`slips.make_sign_in_name`), which has no @."""
    kept_name = Varchar(length=254, null=True, default=None)
    """The sign-in name that was theirs until an address took its place…"""
    address_added_at = Timestamptz(null=True, default=None)
    """…at that time: for a while the welcome turn can undo it (`rules.ADDRESS_SETTLES`), then both are emptied."""
    password_hash = Varchar(length=200, null=True, default=None)
    password_given_at = Timestamptz(null=True, default=None)
    """When somebody else gave them this password, on a paper; empty once they have chosen their own."""
    about = Varchar(length=300, default="")
    """One line that the person wrote about themselves. No profession, no situation is asked."""
    phone = Varchar(length=40, default="")
    listed = Boolean(default=False)
    """Whether the person wished to be on the members' list."""
    adult_on = Date(null=True, default=None)
    """The day of their eighteenth birthday, of whoever says that it is to come: nobody else is asked their age."""
    language = Varchar(length=5, default="fr")
    created_at = Timestamptz(default=None)
    erased_at = Timestamptz(null=True, default=None)


class Membership(Table):
    """A member in a place. Whoever mediates there neither proposes nor hosts there."""

    id: Serial
    member_id = Integer()
    place_id = Integer()
    mediator = Boolean(default=False)
    employer = Varchar(length=120, default="")
    """Who pays the mediator: shown to members."""
    joined_at = Timestamptz(default=None)
    met_at = Timestamptz(null=True, default=None)
    """When the welcome turn or two members had met the person: names are shown to them from then on."""
    dues_on = Date(null=True, default=None)
    """Day of the last adhésion, where the place wants it recorded."""


class NameWord(Table, tablename="name_word"):
    """By what somebody who is listed is found at a place: their name's key from one of its words on (`listed`)."""

    id: Serial
    place_id = Integer()
    member_id = Integer()
    key = Text()
    before = Text()
    """What the key says before it; empty for the whole."""


class Encounter(Table):
    """Somebody says that they have met a newcomer in the flesh."""

    id: Serial
    member_id = Integer()
    place_id = Integer()
    met_by = Integer()
    met_at = Timestamptz(default=None)


class Grant(Table, tablename="granted_act"):
    """A member may do this act at this place from then until then. Written by roles, given back with them."""

    id: Serial
    member_id = Integer()
    place_id = Integer()
    act = Varchar(length=30)
    from_at = Timestamptz(default=None)
    until_at = Timestamptz(null=True, default=None)
    source = Varchar(length=60)


class Handover(Table):
    """Whoever holds a standing role offers it to another member, who accepts or declines."""

    id: Serial
    place_id = Integer()
    act = Varchar(length=30)
    from_member = Integer()
    to_member = Integer()
    shared = Boolean(default=False)
    """Whether the person who offers keeps the role as well."""
    offered_at = Timestamptz(default=None)
    answered_at = Timestamptz(null=True, default=None)
    accepted = Boolean(default=False)


class Session(Table):
    """One signed-in device. Only a hash of its token is kept."""

    id: Serial
    token_hash = Varchar(length=64, unique=True)
    member_id = Integer()
    place_id = Integer(null=True, default=None)
    """The place whose lists are shown."""
    device = Varchar(length=10)
    """`mine` (90 days) or `shared` (15 min idle, 2 h at most)."""
    label = Varchar(length=80, default="")
    by_mail = Boolean(default=False)
    """Whether a code or a link sent by mail opened it: for a while that stands for the password."""
    created_at = Timestamptz(default=None)
    seen_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    second_at = Timestamptz(null=True, default=None)
    """When the second code was shown on it, by somebody who needs one (`rules.needs_second_factor`)."""


class SecondFactor(Table, tablename="second_factor"):
    """A telephone that gives codes (RFC 6238). Its secret is kept nowhere: it is made of the installation's secret key
    and of the seed, each time (`second.secret_of`)."""

    id: Serial
    member_id = Integer(unique=True)
    seed = Varchar(length=64)
    made_with = Varchar(length=16)
    """Tells which secret key it goes with (`second.mark_of`)."""
    last_step = Integer()
    """The thirty seconds of the last code that was taken: no code of theirs, nor any before, is taken again."""
    since_at = Timestamptz(default=None)


class RecoveryCode(Table, tablename="recovery_code"):
    """What replaces a code once, when the telephone is lost. The row goes when it is used."""

    id: Serial
    member_id = Integer()
    code_hash = Varchar(length=64)


class Passage(Table):
    """A way in that was sent by mail: a link and a six-digit code, once, for ten minutes."""

    id: Serial
    purpose = Varchar(length=10, default="enter")
    """`enter`: join or sign in; `address`: prove a member's new address (by its code alone)."""
    token_hash = Varchar(length=64, unique=True)
    """Hash of the link's token."""
    waiting_hash = Varchar(length=64, unique=True)
    """Hash of what the asking browser keeps, so that the code works there only."""
    code_hash = Varchar(length=64)
    email_key = Varchar(length=254)
    member_id = Integer(null=True, default=None)
    """The account that it opens; none while somebody joins."""
    name = Varchar(length=60, default="")
    email = Varchar(length=254, default="")
    password_hash = Varchar(length=200, null=True, default=None)
    language = Varchar(length=5, default="fr")
    place_id = Integer(null=True, default=None)
    device = Varchar(length=10, default="")
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    tries = Integer(default=0)
    used_at = Timestamptz(null=True, default=None)


class HandedSlip(Table):
    """The welcome turn gave somebody a password: so that the same form, sent twice, gives one."""

    id: Serial
    once_hash = Varchar(length=64, unique=True)
    """Hash of who gave it and of what told this sending of the form from others."""
    member_id = Integer()
    given_at = Timestamptz(default=None)


class Attempt(Table):
    """A try at something that is throttled. The key is a hash of the action and of whom it aims at."""

    id: Serial
    key = Varchar(length=64)
    tried_at = Timestamptz(default=None)
