"""Rows about messages: what waits to go out or went, what each person chose, what was reminded. No logic."""

from __future__ import annotations

from piccolo.columns import Boolean, Date, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Outbox(Table):
    """One message to one person: a mail, or (`on_site`) something to read on the site alone. `dedupe` says what it is
    about (`rules.known_by`): the same thing is never told twice."""

    id: Serial
    dedupe = Varchar(length=120, unique=True)
    kind = Varchar(length=30)
    """`states.Kind`."""
    member_id = Integer(null=True, default=None)
    recipient = Varchar(length=254)
    """The address it goes to; empty when it is for the site alone."""
    language = Varchar(length=5, default="fr")
    subject = Varchar(length=250)
    body = Text()
    """Plain text, ready to read."""
    link = Varchar(length=300, default="")
    """The one address that does the thing; a path of ours, completed with the base URL when it goes out."""
    signature = Varchar(length=120, default="")
    """Who it is from, at its foot: the place's name."""
    place_id = Integer(null=True, default=None)
    place_email = Varchar(length=200, default="")
    """Where answers go, and who organises the event: the place's address, if it has one."""
    action = Varchar(length=80, default="")
    """What the link does, in the reader's words: « Je réponds »."""
    about_kind = Varchar(length=30, default="")
    about_id = Integer(null=True, default=None)
    """The entry of the calendar that it is about (`entry.kind`, `entry.thing_id`), if there is one…"""
    about_at = Timestamptz(null=True, default=None)
    """…and when that begins: nobody is telephoned about what is over."""
    method = Varchar(length=10, default="")
    """`states.Method`, when the event goes with the mail…"""
    event = Text(default="")
    """…as the calendar keeps it (`app.calendar.kept`)…"""
    sequence = Integer(default=0)
    """…with this SEQUENCE, which rises for this reader with each part sent."""
    offer_key = Varchar(length=60, default="")
    """What the domain knows the offer by, when the mail can be answered without signing in."""
    on_site = Boolean(default=False)
    """Whether the person learns of it on the site: no address, mail of this kind stopped, or it could not leave."""
    stopped = Boolean(default=False)
    """Whether its reader, who has an address, wants no mail of this kind: nobody is telephoned about it."""
    discreet = Boolean(default=False)
    """Whether nobody may be told what it is about when somebody else passes it on."""
    read_at = Timestamptz(null=True, default=None)
    """When the person said on the site that they had read it."""
    told_at = Timestamptz(null=True, default=None)
    told_by = Integer(null=True, default=None)
    """Who told the person by telephone or in the flesh."""
    created_at = Timestamptz(default=None)
    run_at = Timestamptz(default=None)
    lease_until = Timestamptz(null=True, default=None)
    lease_by = Varchar(length=60, null=True, default=None)
    tries = Integer(default=0)
    sent_at = Timestamptz(null=True, default=None)
    logged_at = Timestamptz(null=True, default=None)
    """When it was its turn and no mail server was set: it goes nowhere, the demonstration shows it."""
    set_aside_at = Timestamptz(null=True, default=None)
    """When it was given up, after `rules.TRIES` tries or a refusal for good."""
    error = Text(default="")
    perhaps_at = Timestamptz(null=True, default=None)
    """When its end went out to the server and no answer came: it may have arrived."""
    good_until = Timestamptz(null=True, default=None)
    """From when on it is no longer true: it does not leave any more, and nobody is telephoned about it."""
    forget = Boolean(default=False)
    """Whether the row goes as soon as its mail has left, or cannot: it is to an address that is kept nowhere else."""


class MailChoice(Table):
    """What a person wishes to receive. Whoever never chose has no row: nothing stopped, reminded the evening before."""

    id: Serial
    member_id = Integer(unique=True)
    stopped = Varchar(length=200, default="")
    """Kinds of mail that the person stopped, comma separated."""
    remind = Varchar(length=10, default="eve")
    digest = Boolean(default=False)
    """Whether « Ta semaine » comes on Mondays."""
    digest_on = Date(null=True, default=None)
    """The Monday of the last one."""


class CalendarRequest(Table):
    """An event that went to a person's own calendar with a mail, so that changes and the end of it can follow."""

    id: Serial
    member_id = Integer()
    kind = Varchar(length=30)
    thing_id = Integer()
    sequence = Integer()
    """Of the last part sent to this reader."""
    sent_at = Timestamptz(default=None)
    cancelled_at = Timestamptz(null=True, default=None)


class Reminded(Table):
    """Reminders of this thing at this hour have left, at this lead: they leave once."""

    id: Serial
    kind = Varchar(length=30)
    thing_id = Integer()
    starts_at = Timestamptz(default=None)
    lead = Varchar(length=10)
    reminded_at = Timestamptz(default=None)


class Moved(Table):
    """Something to come whose place or room has other words than its people were told: they are, soon (`moves`)."""

    id: Serial
    kind = Varchar(length=30)
    thing_id = Integer()
    where_before = Text()
    """Room, place and address in one line, as they were told last…"""
    address_before = Varchar(length=200)
    """…and the address alone."""
    noted_at = Timestamptz(default=None)


class ClockSeen(Table):
    """One row: the latest hour that a job of this installation has seen. The system's clock may be set back."""

    id: Serial
    latest_at = Timestamptz(default=None)
    doubt_until = Timestamptz(null=True, default=None)
    """Until when, by that clock, jobs that cannot be undone wait."""


class FailedJob(Table):
    """A job that failed when it was last done."""

    id: Serial
    job = Varchar(length=60, unique=True)
    failed_at = Timestamptz(default=None)
