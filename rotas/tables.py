"""Rows about turns. No logic; what may be is decided in `rules`.

Text hours are the place's wall clock, "HH:MM". Columns ending in `_at` are instants in UTC, `_on` are the place's days.
"""

from __future__ import annotations

from piccolo.columns import Boolean, Date, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class RotaSetting(Table, tablename="rota_setting"):
    """How turns go at one place. Without a row: as the defaults."""

    id: Serial
    place_id = Integer(unique=True)
    quiet = Boolean(default=False)
    """Nobody is called out to, nothing is said to be missing: a place may run on one coffee a week."""


class Duty(Table):
    """A kind of work that goes round: « rôle »."""

    id: Serial
    place_id = Integer()
    name = Varchar(length=60)
    about = Text(default="")
    """What one does, in the place's words."""
    icon = Varchar(length=30, default="refresh")
    people = Integer(default=1)
    """How many are wanted, unless a pattern or a slot says otherwise."""
    act = Varchar(length=30, default="")
    """What it allows during a turn (`identity.states.Act`), if anything."""
    opens_place = Boolean(default=False)
    """Whether whoever holds it has the keys: without them nobody gets in."""
    adults_only = Boolean(default=False)
    """Keys, till, one to one: not for whoever is under 18."""
    needs_training = Boolean(default=False)
    """Asked only while somebody of the place has it (`rules.demands_training`)."""
    version = Integer(default=0)
    created_at = Timestamptz(default=None)
    retired_at = Timestamptz(null=True, default=None)


class Pattern(Table, tablename="rota_pattern"):
    """A duty every week at the same local hours, from a day on. What is changed « à partir de » ends, and another goes
    on from it."""

    id: Serial
    place_id = Integer()
    duty_id = Integer()
    room_id = Integer(null=True, default=None)
    weekday = Integer()
    """0 = Monday."""
    starts = Varchar(length=5)
    ends = Varchar(length=5)
    """May be earlier than `starts`: then on the next day."""
    people = Integer()
    from_on = Date()
    until_on = Date(null=True, default=None)
    """Last day that may have one."""
    follows_id = Integer(null=True, default=None)
    """The pattern that this one changed."""
    made_until = Date(null=True, default=None)
    """Up to which day its slots have been made."""
    once = Varchar(length=64, null=True, default=None)
    """What told this sending of the form from others."""
    version = Integer(default=0)
    created_at = Timestamptz(default=None)


class WeeklyHold(Table, tablename="rota_weekly"):
    """A member who holds a place of a pattern every week."""

    id: Serial
    pattern_id = Integer()
    member_id = Integer()
    since_at = Timestamptz(default=None)
    ended_at = Timestamptz(null=True, default=None)


class Slot(Table, tablename="rota_slot"):
    """A duty at one time: « tour »."""

    id: Serial
    place_id = Integer()
    duty_id = Integer()
    pattern_id = Integer(null=True, default=None)
    made_for_on = Date(null=True, default=None)
    """The week's day that the pattern made it for: with the pattern, once."""
    once = Varchar(length=64, null=True, default=None)
    """What told this sending of the form from others."""
    source_kind = Varchar(length=20, default="")
    """`meal`, `workshop`: what opened it, if anything did (`api.Source`)…"""
    source_id = Integer(null=True, default=None)
    source_title = Varchar(length=200, default="")
    source_url = Varchar(length=200, default="")
    source_closed = Boolean(default=False)
    """Taken off by itself: it is not on again with what opened it."""
    room_id = Integer(null=True, default=None)
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    people = Integer()
    taken = Integer(default=0)
    """Places that somebody has, counted in the transaction that changes them."""
    state = Varchar(length=12)
    opened_at = Timestamptz(default=None)
    filled_at = Timestamptz(null=True, default=None)
    """When it first was full."""
    low_load = Integer(null=True, default=None)
    """In rounds: who has done no more than so many turns in 90 days comes first…"""
    mid_load = Integer(null=True, default=None)
    """…and no more than so many, second. None where everybody may come at once."""
    called_at = Timestamptz(null=True, default=None)
    """When people were last called out to for it."""
    call_again_at = Timestamptz(null=True, default=None)
    """When they are once more, somebody having given it up since."""
    called_to = Integer(null=True, default=None)
    """Up to which member they are being called just now, some at a time."""
    learned_at = Timestamptz(null=True, default=None)
    """When what people learned by it was written down (`jobs.learn`)."""
    version = Integer(default=0)
    modified_at = Timestamptz(default=None)


class Holding(Table, tablename="rota_holding"):
    """Somebody's turn. Giving it up keeps the row."""

    id: Serial
    slot_id = Integer()
    member_id = Integer(null=True, default=None)
    first_name = Varchar(length=60, default="")
    """Of somebody without an account, erased thirty days after."""
    taken_by = Integer(null=True, default=None)
    """Who took it for them, if it was somebody else."""
    came = Varchar(length=12)
    once = Varchar(length=64, null=True, default=None)
    """Of somebody without an account: what told this sending of the form from others."""
    taken_at = Timestamptz(default=None)
    went = Varchar(length=12, default="")
    """Empty while they have it."""
    left_at = Timestamptz(null=True, default=None)
    left_by = Integer(null=True, default=None)


class Swap(Table, tablename="rota_swap"):
    """« Je ne peux pas venir » : somebody is to come instead, for nothing (a stand-in) or for another turn. Until then
    the turn stays whose it is."""

    id: Serial
    place_id = Integer()
    slot_id = Integer()
    from_member = Integer()
    to_member = Integer(null=True, default=None)
    """Who is asked; none when anybody may."""
    wanted_slot_id = Integer(null=True, default=None)
    """The turn of `to_member` that is wanted for it; none for a stand-in."""
    word = Varchar(length=200, default="")
    state = Varchar(length=12)
    asked_by = Integer()
    """Who wrote it down: the person, or somebody for them."""
    asked_at = Timestamptz(default=None)
    until_at = Timestamptz(default=None)
    """Start of the earlier of the two turns."""
    called_at = Timestamptz(null=True, default=None)
    """When everybody who may was called out to for it, the turn being near."""
    called_to = Integer(null=True, default=None)
    """As of a slot."""
    settled_at = Timestamptz(null=True, default=None)
    taken_by = Integer(null=True, default=None)


class Practice(Table, tablename="rota_practice"):
    """How far a member is in a duty."""

    id: Serial
    duty_id = Integer()
    member_id = Integer()
    level = Varchar(length=12)
    since_at = Timestamptz(default=None)
    said_by = Integer(null=True, default=None)
    """Who attested it; none when the turn itself did."""


class TillCount(Table, tablename="rota_till_count"):
    """What the box held at the beginning or the end of a till turn, as one of its holders counted."""

    id: Serial
    slot_id = Integer()
    moment = Varchar(length=8)
    """`opening` or `closing`."""
    cents = Integer()
    word = Varchar(length=200, default="")
    counted_by = Integer(null=True, default=None)
    counted_at = Timestamptz(default=None)
