"""Rows of workshops. No logic: states and moves are in `states`, reasons in `rules`."""

from __future__ import annotations

from piccolo.columns import Boolean, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class Workshop(Table):
    """A workshop, from draft to held."""

    id: Serial
    place_id = Integer()
    proposer_id = Integer()
    once = Varchar(length=64)
    """What tells one proposal of a person from another: the same form sent twice is one workshop."""
    title = Varchar(length=120)
    format = Varchar(length=20)
    summary = Text(default="")
    search_key = Text(default="")
    """Title and summary as they are searched, without accents or capitals (`facts.search_key`)."""
    bring = Text(default="")
    """What to bring, a line each."""
    language = Varchar(length=5, default="fr")
    step_free = Boolean(default=False)
    children = Boolean(default=False)
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    room_id = Integer(null=True, default=None)
    wished_room_id = Integer(null=True, default=None)
    """The room that somebody else has at that time: it stops the clock (domain.md, the clock)."""
    capacity = Integer()
    speaker = Varchar(length=120, default="")
    """An invited guest without an account, by display name."""
    help_wanted = Boolean(default=False)
    needs = Varchar(length=80, default="")
    """What the bureau must say yes to, comma separated (`Need`)."""
    yes_at = Timestamptz(null=True, default=None)
    yes_by = Integer(null=True, default=None)
    state = Varchar(length=12)
    version = Integer(default=1)
    """Moves with each edit; a decision carries the version that was read."""
    proposed_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    """When silence is assent."""
    decided_at = Timestamptz(null=True, default=None)
    decided_by = Integer(null=True, default=None)
    decided_how = Varchar(length=12, default="")
    """`mediation`, `silence`, `drawn`."""
    agreed_at = Timestamptz(null=True, default=None)
    """When it was agreed, while the yes of the bureau that it needs is missing."""
    reason = Text(default="")
    """Why a change is asked."""
    way_out = Text(default="")
    """What would do."""
    contested_at = Timestamptz(null=True, default=None)
    contest_due_at = Timestamptz(null=True, default=None)
    contest_word = Text(default="")
    blocked_at = Timestamptz(null=True, default=None)
    blocked_until = Timestamptz(null=True, default=None)
    blocked_by = Integer(null=True, default=None)
    blocked_why = Text(default="")
    published_at = Timestamptz(null=True, default=None)
    edited_at = Timestamptz(null=True, default=None)
    """Last edit of title, summary or format after publication: shown on the desk for 48 h."""
    edited_from = Text(default="")
    """What it said before that edit, as `facts.Words` writes it."""
    review_at = Timestamptz(null=True, default=None)
    """When a mediator put that edit back to be read."""
    review_due_at = Timestamptz(null=True, default=None)
    """Until when it may be answered; silence keeps the edit. None when no edit is being read."""
    review_by = Integer(null=True, default=None)
    low_told_at = Timestamptz(null=True, default=None)
    """When its hosts were asked what to do about low numbers."""
    cancelled_at = Timestamptz(null=True, default=None)
    cancelled_by = Integer(null=True, default=None)
    cancel_reason = Text(default="")
    created_at = Timestamptz(default=None)
    modified_at = Timestamptz(default=None)


class Host(Table):
    """A member who hosts, or who was asked to."""

    id: Serial
    workshop_id = Integer()
    member_id = Integer()
    state = Varchar(length=10)
    """`invited`, `hosting`, `declined`, `left`."""
    invited_by = Integer(null=True, default=None)
    since_at = Timestamptz(default=None)
    last_word = Varchar(length=300, default="")
    last_word_shown = Boolean(default=False)


class SignUp(Table):
    """One person's place, or place in the queue. Its id is its order."""

    id: Serial
    workshop_id = Integer()
    member_id = Integer(null=True, default=None)
    first_name = Varchar(length=40, default="")
    """Of a person without an account; erased 30 days after the workshop."""
    signed_by = Integer(null=True, default=None)
    state = Varchar(length=10)
    asked_at = Timestamptz(default=None)
    offered_at = Timestamptz(null=True, default=None)
    offer_until = Timestamptz(null=True, default=None)
    settled_at = Timestamptz(null=True, default=None)
    """When it was confirmed, withdrawn or lapsed."""
    present = Boolean(default=False)
    """Ticked by a host. Absence is never recorded."""
    last_word = Varchar(length=300, default="")
    """« Le mot de la fin »."""
    last_word_shown = Boolean(default=False)


class Juror(Table):
    """One of the three uninvolved members who were drawn to settle a contest or a quarrel."""

    id: Serial
    workshop_id = Integer()
    member_id = Integer()
    matter = Varchar(length=20)
    """What they settle: `contest` or `block`, and the version of the workshop."""
    drawn_at = Timestamptz(default=None)
    vote = Varchar(length=10, default="")
    """`publish`, `send_back` or nothing yet."""
    voted_at = Timestamptz(null=True, default=None)
