"""What may be, pure: the clock of a reading, who may do what, who gets a place. Each `why_cannot_…` returns its reason.

A page asks a rule to show a button or a sentence, a command asks the same rule again inside its transaction. Facts come
in two plain shapes, `Standing` (how the workshop stands) and `Who` (who asks); `workshops.facts` reads both. Rooms and
people's time are the calendar's (`app.calendar.api.why_clashes`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workshops.states import FORMATS, Format, Need, SignUpState, State, TurnMoment, WorkshopRefusal

LONGEST_READING = timedelta(days=7)
SHORTEST_READING = timedelta(hours=4)
BEFORE_START = timedelta(hours=24)
BLOCKED_FOR = timedelta(hours=72)
JURY_HAS = timedelta(hours=72)
CONTEST_LASTS = timedelta(days=5)
LONGEST_OFFER = timedelta(hours=24)
FIRST_COME = timedelta(hours=2)
DOORS = timedelta(minutes=30)
"""How long before the start hosts may begin to tick who is there."""
FEW_ASKED_AT = timedelta(hours=48)
"""How long before the start hosts are asked what to do about low numbers."""
EDIT_SHOWN_FOR = timedelta(hours=48)
GUESTS_KEPT_FOR = timedelta(days=30)
JURORS = 3
STEP = timedelta(minutes=15)
"""Hours that are suggested fall on quarters."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person writes to propose or edit a workshop; `forms` has checked lengths and the format's bounds."""

    title: str
    format: Format
    summary: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    bring: str = ""
    """What to bring, a line each."""
    language: str = "fr"
    step_free: bool = False
    children: bool = False
    room_id: int | None = None
    keep_room_wish: bool = False
    """« Je garde mon souhait » : though the room is taken, propose, and wait for it to come free."""
    speaker: str = ""
    help_wanted: bool = False
    needs: frozenset[Need] = frozenset()
    cohost_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workshop stands at this instant."""

    state: State
    version: int
    starts_at: datetime
    ends_at: datetime
    format: Format
    capacity: int
    taken: int = 0
    """Places confirmed or offered."""
    offered: int = 0
    """Of these, kept for somebody who has to answer."""
    waiting: int = 0
    hosts: int = 1
    needs: frozenset[Need] = frozenset()
    said_yes: bool = False
    agreed: bool = False
    """Read and agreed (by a mediator, silence or the drawn): only the bureau's yes is missing."""
    announced: bool = False
    """Whether it has ever been published."""
    decided: bool = False
    """Whether its last reading has ended in a decision."""
    blocked_until: datetime | None = None
    contested: bool = False
    """Whether its last reading has been contested, settled or not: once is enough."""
    jury_sits: bool = False
    """Whether members have been drawn for the present contest or quarrel, and rule alone."""
    edited_at: datetime | None = None
    review_due_at: datetime | None = None
    """A mediator put an edit back to be read: until when."""


@dataclass(frozen=True, slots=True)
class Who:
    """The person who asks, seen from one workshop."""

    id: int
    belongs: bool = False
    """Member of the workshop's place."""
    mediator: bool = False
    """Mediates at the workshop's place."""
    met: bool = False
    """Somebody at that place has met them: they are shown names."""
    proposer: bool = False
    hosting: bool = False
    invited: bool = False
    juror: bool = False
    """Drawn for the present matter."""
    voted: bool = False
    decided_before: bool = False
    """Asked for the change that is contested."""
    says_yes: bool = False
    """Holds `Act.SAY_YES` here."""
    keeps_place: bool = False
    """Holds `Act.KEEP_PLACE` here."""
    sign_up: SignUpState | None = None
    """Their last sign-up: it may be over (withdrawn, lapsed); none if they never asked."""
    offer_until: datetime | None = None
    rank: int = 0
    """Their place in the queue, from 1; 0 for whoever does not wait."""
    guests: int = 0
    """How many without an account they ever signed up to it."""

    @property
    def concerned(self) -> bool:
        """Nobody decides on what concerns them."""
        return self.proposer or self.hosting or self.invited or self.juror


def may_see(standing: Standing, who: Who | None) -> bool:
    """Whether this reader (none: a visitor) may know of the workshop.

    What was published is everybody's. Before, it is its hosts'; once proposed also whoever is asked to host, mediators,
    the drawn, and the bureau where its yes is wanted. What lapsed may never have been proposed: its hosts' again.
    """
    if standing.announced:
        return True
    if who is None:
        return False
    if who.proposer or who.hosting:
        return True
    if standing.state in (State.DRAFT, State.LAPSED):
        return False
    return who.invited or who.mediator or who.juror or (who.says_yes and bool(standing.needs))


# ------------------------------------------------------------------------------------------------------- the clock


def due_at(*, proposed_at: datetime, starts_at: datetime, room_wished: bool = False) -> datetime:
    """When silence is assent. While a wished room is taken, the clock stands until 24 h before the start."""
    soonest = max(starts_at - BEFORE_START, proposed_at + SHORTEST_READING)
    return soonest if room_wished else min(proposed_at + LONGEST_READING, soonest)


def due_after_edit(*, now: datetime, starts_at: datetime, room_wished: bool = False) -> datetime:
    """The same after words were changed and the start was not: at the start at the latest."""
    return min(due_at(proposed_at=now, starts_at=starts_at, room_wished=room_wished), max(starts_at, now))


def earliest_start(now: datetime) -> datetime:
    """The first quarter of an hour at which something proposed now may start."""
    least = now + SHORTEST_READING
    since = timedelta(minutes=least.minute % 15, seconds=least.second, microseconds=least.microsecond)
    return least if not since else least - since + STEP


def contest_due_at(*, now: datetime, starts_at: datetime) -> datetime:
    """When a contest that nobody settled publishes: after five days, but 24 h before the start if that is sooner."""
    return min(now + CONTEST_LASTS, max(starts_at - BEFORE_START, now + SHORTEST_READING))


def blocked_until(*, now: datetime, starts_at: datetime) -> datetime:
    """Until when « bloque la parution » holds: 72 h, less when the start is near."""
    return min(now + BLOCKED_FOR, max(starts_at - BEFORE_START, now + SHORTEST_READING), max(starts_at, now))


def jury_due_at(*, drawn_at: datetime, starts_at: datetime) -> datetime:
    """Until when drawn members may rule on a quarrel; then it is published."""
    return min(
        drawn_at + JURY_HAS, max(starts_at - BEFORE_START, drawn_at + SHORTEST_READING), max(starts_at, drawn_at)
    )


# ------------------------------------------------------------------------------------------ proposing and hosting


def why_cannot_propose(who: Who) -> WorkshopRefusal | None:
    """At the place in question."""
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE
    return None if who.belongs else WorkshopRefusal.NOT_A_MEMBER_HERE


def why_not_then(*, starts_at: datetime, now: datetime) -> WorkshopRefusal | None:
    """Whether a reading that begins now would still be open at the start."""
    if starts_at <= now:
        return WorkshopRefusal.IN_THE_PAST
    too_soon = starts_at < due_at(proposed_at=now, starts_at=starts_at)
    return WorkshopRefusal.STARTS_TOO_SOON if too_soon else None


def why_not_this_room(*, capacity: int, seats: int, needs: Collection[Need]) -> WorkshopRefusal | None:
    """More people than the room holds is one of the things that the bureau may say yes to."""
    return WorkshopRefusal.ROOM_TOO_SMALL if capacity > seats and Need.CROWD not in needs else None


def why_cannot_edit(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_HOST
    if standing.jury_sits:
        return WorkshopRefusal.DRAWN_RULE
    if standing.state not in (State.DRAFT, State.PROPOSED, State.SENT_BACK, State.PUBLISHED):
        return WorkshopRefusal.WRONG_STATE
    if standing.state is State.PUBLISHED and now >= standing.ends_at:
        return WorkshopRefusal.OVER
    return None


def why_cannot_submit(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE
    if standing.state not in (State.DRAFT, State.SENT_BACK):
        return WorkshopRefusal.WRONG_STATE
    return why_not_then(starts_at=standing.starts_at, now=now)


def why_cannot_withdraw_proposal(standing: Standing, who: Who) -> WorkshopRefusal | None:
    """Before publication; what is published is cancelled."""
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if standing.state not in (State.DRAFT, State.PROPOSED, State.SENT_BACK):
        return WorkshopRefusal.WRONG_STATE
    return None


def why_cannot_invite(standing: Standing, who: Who, invited: Who, *, now: datetime) -> WorkshopRefusal | None:
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if invited.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_HOST
    if not invited.belongs:
        return WorkshopRefusal.NOT_A_MEMBER_HERE
    if invited.juror:  # said so that it does not tell on whom the lot fell
        return WorkshopRefusal.DRAWN_CANNOT_HOST
    if invited.hosting:
        return WorkshopRefusal.ALREADY_HOST
    return why_not_alive(standing, now)


def why_cannot_answer_invitation(standing: Standing, who: Who, *, yes: bool, now: datetime) -> WorkshopRefusal | None:
    """Saying no is always possible. Time is asked of the calendar besides."""
    if not yes:
        return None
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_HOST
    if not who.belongs:
        return WorkshopRefusal.NOT_A_MEMBER_HERE
    if who.juror:
        return WorkshopRefusal.CONCERNED
    return why_not_alive(standing, now)


def why_cannot_leave_hosting(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """The last host of a proposal withdraws it instead; the last of a published one may go, and one is looked for."""
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if standing.state is not State.PUBLISHED and standing.hosts <= 1:
        return WorkshopRefusal.LAST_HOST
    return why_not_alive(standing, now)


def why_cannot_take_over(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """Any member of the place, when nobody hosts any more."""
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_HOST
    if not who.belongs:
        return WorkshopRefusal.NOT_A_MEMBER_HERE
    if standing.state is not State.PUBLISHED:
        return WorkshopRefusal.NOT_OPEN
    if now >= standing.ends_at:
        return WorkshopRefusal.OVER
    return WorkshopRefusal.HAS_HOSTS if standing.hosts else None


def why_cannot_cancel(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """Its hosts; where none is left, whoever keeps the place."""
    if not who.hosting and (standing.hosts or not who.keeps_place):
        return WorkshopRefusal.ONLY_HOSTS
    if standing.state is not State.PUBLISHED:
        return WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.OVER if now >= standing.ends_at else None


def why_cannot_reopen(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """A cancelled session, as long as it has not begun; a withdrawn proposal is proposed anew."""
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if who.mediator:
        return WorkshopRefusal.MEDIATOR_CANNOT_HOST
    if standing.state is not State.CANCELLED or not standing.announced:
        return WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.OVER if now >= standing.starts_at else None


def why_cannot_open_turns(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """Its hosts may have people help with it, once it is in the agenda and until it begins."""
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if standing.state is not State.PUBLISHED:
        return WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.OVER if now >= standing.starts_at else None


def turn_span(starts_at: datetime, ends_at: datetime, moment: TurnMoment, minutes: int) -> tuple[datetime, datetime]:
    """The hours of a turn so long before or after a workshop, or during it."""
    length = timedelta(minutes=minutes)
    match moment:
        case TurnMoment.BEFORE:
            return starts_at - length, starts_at
        case TurnMoment.AFTER:
            return ends_at, ends_at + length
    return starts_at, ends_at


def why_not_alive(standing: Standing, now: datetime) -> WorkshopRefusal | None:
    """Whether its time is still to come, or under way."""
    if standing.state in (State.HELD, State.CANCELLED, State.LAPSED):
        return WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.OVER if now >= standing.ends_at else None


# ---------------------------------------------------------------------------------------------- reading and ruling


def why_cannot_decide(standing: Standing, who: Who, *, version: int) -> WorkshopRefusal | None:
    """A mediator on a proposal, on a contest of somebody else's decision, or on an edit put back to be read."""
    if not who.mediator:
        return WorkshopRefusal.ONLY_MEDIATORS
    if who.concerned or (standing.state is State.CONTESTED and who.decided_before):
        return WorkshopRefusal.CONCERNED
    reviewed = standing.state is State.PUBLISHED and standing.review_due_at is not None
    if standing.agreed or (standing.state not in (State.PROPOSED, State.CONTESTED) and not reviewed):
        return WorkshopRefusal.ALREADY_DECIDED if standing.decided else WorkshopRefusal.WRONG_STATE
    if standing.jury_sits:
        return WorkshopRefusal.DRAWN_RULE
    return WorkshopRefusal.CHANGED_MEANWHILE if version != standing.version else None


def why_cannot_block(standing: Standing, who: Who) -> WorkshopRefusal | None:
    """« Bloque la parution »: once for each reading."""
    if not who.mediator:
        return WorkshopRefusal.ONLY_MEDIATORS
    if who.concerned:
        return WorkshopRefusal.CONCERNED
    if standing.state is not State.PROPOSED or standing.agreed:
        return WorkshopRefusal.ALREADY_DECIDED if standing.decided else WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.ALREADY_BLOCKED if standing.blocked_until is not None else None


def why_cannot_review_again(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """« Remettre à relire », within 48 h of an edit of title, summary or format."""
    if not who.mediator:
        return WorkshopRefusal.ONLY_MEDIATORS
    if who.concerned:
        return WorkshopRefusal.CONCERNED
    if standing.state is not State.PUBLISHED or now >= standing.starts_at:
        return WorkshopRefusal.WRONG_STATE
    if standing.edited_at is None or now >= standing.edited_at + EDIT_SHOWN_FOR:
        return WorkshopRefusal.ALREADY_DECIDED
    return None


def why_cannot_say_yes(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """The bureau's explicit yes, never by whoever proposed or hosts."""
    if not who.says_yes:
        return WorkshopRefusal.NEEDS_THE_BUREAU
    if who.proposer or who.hosting or who.invited:
        return WorkshopRefusal.CONCERNED
    if not standing.needs or standing.state not in (State.PROPOSED, State.SENT_BACK, State.CONTESTED):
        return WorkshopRefusal.WRONG_STATE
    return WorkshopRefusal.OVER if now >= standing.starts_at else None


def why_cannot_contest(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """Its hosts, once for what was sent back; a start too near to be settled before is moved first."""
    if not who.hosting:
        return WorkshopRefusal.ONLY_HOSTS
    if standing.state is State.CONTESTED or (standing.state is State.SENT_BACK and standing.contested):
        return WorkshopRefusal.ALREADY_CONTESTED
    if standing.state is not State.SENT_BACK:
        return WorkshopRefusal.WRONG_STATE
    return why_not_then(starts_at=standing.starts_at, now=now)


def why_cannot_vote(standing: Standing, who: Who) -> WorkshopRefusal | None:
    if not who.juror:
        return WorkshopRefusal.NOT_DRAWN
    return None if standing.jury_sits else WorkshopRefusal.ALREADY_DECIDED


def verdict(votes: Sequence[str]) -> str | None:
    """`publish` or `send_back` once a majority of those drawn has said so, `publish` when all have and none prevails.

    One item for each person drawn, empty while they have not voted.
    """
    for said in ("publish", "send_back"):
        if 2 * votes.count(said) > len(votes):
            return said
    return "publish" if votes and all(votes) else None


# ------------------------------------------------------------------------------------------------------ signing up


def why_cannot_sign_up(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """For oneself. Full is no reason: there is the waiting list."""
    if who.hosting:
        return WorkshopRefusal.HOST_CANNOT_SIGN_UP
    return _why_not_open(standing, now)


def why_cannot_sign_up_guest(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """For a person without an account, who cannot be asked and so does not wait. By a member of the place; where no
    list of participants is kept, no first name is either."""
    if not who.belongs:
        return WorkshopRefusal.NOT_A_MEMBER_HERE
    if not FORMATS[standing.format].lists_participants:
        return WorkshopRefusal.NO_LIST
    refusal = _why_not_open(standing, now)
    if refusal is not None:
        return refusal
    if standing.taken >= standing.capacity:
        return WorkshopRefusal.FULL
    if standing.waiting and not first_come(starts_at=standing.starts_at, now=now):
        return WorkshopRefusal.WAITING_COME_FIRST
    return None


def seats_left(*, capacity: int, taken: int, waiting: int, starts_at: datetime, now: datetime) -> int:
    """Places for whoever asks now: while anyone waits, freed places are theirs, but for the last two hours."""
    if waiting and not first_come(starts_at=starts_at, now=now):
        return 0
    return max(0, capacity - taken)


def seats_left_of(standing: Standing, *, now: datetime) -> int:
    """The same of a workshop as it stands."""
    return seats_left(
        capacity=standing.capacity,
        taken=standing.taken,
        waiting=standing.waiting,
        starts_at=standing.starts_at,
        now=now,
    )


def place_or_queue(standing: Standing, *, now: datetime) -> SignUpState:
    """What somebody who asks now gets."""
    return SignUpState.CONFIRMED if seats_left_of(standing, now=now) else SignUpState.WAITING


def why_cannot_withdraw(standing: Standing, *, now: datetime) -> WorkshopRefusal | None:
    """Any time before the end."""
    return WorkshopRefusal.OVER if standing.state is State.HELD or now >= standing.ends_at else None


def why_cannot_answer_offer(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    refusal = _why_not_open(standing, now)
    if refusal is not None:
        return refusal
    if who.sign_up is SignUpState.LAPSED:
        return WorkshopRefusal.OFFER_OVER
    if who.sign_up is SignUpState.CONFIRMED:
        return WorkshopRefusal.SAID_YES
    if who.sign_up is not SignUpState.OFFERED or who.offer_until is None:
        return WorkshopRefusal.NO_OFFER
    return WorkshopRefusal.OFFER_OVER if now >= who.offer_until else None


def first_come(*, starts_at: datetime, now: datetime) -> bool:
    """Whether the last two hours have begun, when places are no longer kept for anyone."""
    return now >= starts_at - FIRST_COME


def offer_until(*, starts_at: datetime, now: datetime) -> datetime:
    """How long a freed place is kept for whoever is asked: min(24 h, a quarter of the time left)."""
    return now + min(LONGEST_OFFER, max(starts_at - now, timedelta(0)) / 4)


def offers_due(standing: Standing, *, now: datetime) -> int:
    """How many of those who wait are to be offered a place now."""
    if standing.state is not State.PUBLISHED or first_come(starts_at=standing.starts_at, now=now):
        return 0
    return max(0, min(standing.capacity - standing.taken, standing.waiting))


def why_not_this_capacity(*, capacity: int, taken: int) -> WorkshopRefusal | None:
    """Lowering a capacity drops nobody."""
    return WorkshopRefusal.FEWER_THAN_TAKEN if capacity < taken else None


def _why_not_open(standing: Standing, now: datetime) -> WorkshopRefusal | None:
    if standing.state is State.HELD or (standing.state is State.PUBLISHED and now >= standing.ends_at):
        return WorkshopRefusal.OVER
    return None if standing.state is State.PUBLISHED else WorkshopRefusal.NOT_OPEN


# ------------------------------------------------------------------------------------------------- during and after


def why_cannot_read_list(standing: Standing, who: Who) -> WorkshopRefusal | None:
    """Who comes and who was there: for its hosts, where the format keeps a list. Mediators never read it, not even of
    what they hosted before they were mediators."""
    if not who.hosting or who.mediator:
        return WorkshopRefusal.ONLY_HOSTS
    return None if FORMATS[standing.format].lists_participants else WorkshopRefusal.NO_LIST


def why_cannot_tick(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """Whoever reads the list, from half an hour before the start."""
    refusal = why_cannot_read_list(standing, who)
    if refusal is not None:
        return refusal
    if standing.state not in (State.PUBLISHED, State.HELD):
        return WorkshopRefusal.NOT_OPEN
    return WorkshopRefusal.NOT_STARTED if now < standing.starts_at - DOORS else None


def why_cannot_say_last_word(standing: Standing, who: Who, *, now: datetime) -> WorkshopRefusal | None:
    """« Le mot de la fin », by those who had a place and by hosts, after the end."""
    if standing.state not in (State.PUBLISHED, State.HELD):
        return WorkshopRefusal.NOT_OPEN
    if not who.hosting and who.sign_up is not SignUpState.CONFIRMED:
        return WorkshopRefusal.NOT_THERE
    return WorkshopRefusal.NOT_STARTED if now < standing.ends_at else None


def is_low(standing: Standing, *, now: datetime) -> bool:
    """Whether its hosts are to be asked to keep, move or cancel: under the format's minimum, 48 h before."""
    near = standing.starts_at - FEW_ASKED_AT <= now < standing.starts_at
    return near and standing.state is State.PUBLISHED and standing.taken < FORMATS[standing.format].least
