"""Time's one owner: what happens, and who takes part in it.

Every domain writes these rows through `app.calendar.api` in its own transaction; agenda, feeds, ETags and clashes
read only them. `kind` and `thing_id` say whose thing it is; nothing here points back into a domain.
"""

from __future__ import annotations

from piccolo.columns import Boolean, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Installation(Table):
    """One row, made with the database: the name that keeps its events apart from any other installation's."""

    name = Varchar(length=40)


class Entry(Table):
    """One thing at one time in one place."""

    id: Serial
    kind = Varchar(length=20)
    """`workshop`, `meal`, `turn`, `committee`…"""
    thing_id = Integer()
    place_id = Integer()
    room_id = Integer(null=True, default=None)
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    state = Varchar(length=12)
    """`tentative` (takes its room and its hosts' time, shown to nobody else), `confirmed`, `cancelled`, `gone`."""
    title = Varchar(length=200)
    genre = Varchar(length=30, default="")
    """What sort within its kind: the format of a workshop."""
    summary = Text(default="")
    hosts = Varchar(length=300, default="")
    """Display names, a line each, for members only."""
    seats = Integer(null=True, default=None)
    taken = Integer(default=0)
    waiting = Integer(default=0)
    language = Varchar(length=5, default="fr")
    step_free = Boolean(default=False)
    children = Boolean(default=False)
    listed = Boolean(default=True)
    """Whether it is shown to those who take no part in it: a turn that has all its people is not."""
    listed_at = Timestamptz(null=True, default=None)
    """When that last changed: feeds that hold it, or do not any more, are others from then on."""
    joins_until = Timestamptz(null=True, default=None)
    """Until when one joins it; none: until its end."""
    sequence = Integer(default=0)
    modified_at = Timestamptz(default=None)
    version = Integer(default=0)
    """Goes up whenever anything in the row changes: what was read of it is as good as this (`kept_entries`)."""
    ics_public = Text(default="")
    """The VEVENT as kept bytes, without any name."""
    ics_member = Text(default="")
    """The same with the hosts' display names."""


class TakingPart(Table):
    """A member in an entry. Leaving keeps the row, so that feeds see that something changed."""

    id: Serial
    entry_id = Integer()
    member_id = Integer()
    role = Varchar(length=12)
    """`host`, `participant`, `waiting`, `holder`…"""
    binding = Boolean(default=False)
    """Whether this takes the person's time: two such things at once clash."""
    starts_at = Timestamptz(null=True, default=None)
    """The entry's own, so that ten years of one person's doings are not read to find what is to come."""
    modified_at = Timestamptz(default=None)
    left_at = Timestamptz(null=True, default=None)


class Feed(Table):
    """A secret calendar address of one device. Only a hash of its token is kept."""

    id: Serial
    member_id = Integer()
    token_hash = Varchar(length=64, unique=True)
    name = Varchar(length=60)
    discreet = Boolean(default=False)
    private = Boolean(default=False)
    alarm_minutes = Integer(null=True, default=None)
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)
    read_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
