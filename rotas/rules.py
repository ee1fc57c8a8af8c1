"""What may be, pure: who may take a turn, hold it every week, give it up, swap it; when people are called; what is
fair.

A page asks a rule to show a button or a sentence, a command asks the same rule again inside its transaction. Facts come
in two plain shapes, `Standing` (how the slot stands) and `Who` (who is to have it); `rotas.facts` reads both. Whose
time is taken is the calendar's (`app.calendar.api.why_clashes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from rotas.states import LEVELS, SKILLED, Level, RotaRefusal, SlotState, SwapState

MADE_AHEAD = timedelta(weeks=8)
ACTS_BEFORE = timedelta(minutes=30)
"""What a turn allows begins so long before it…"""
ACTS_AFTER = timedelta(minutes=60)
"""…and ends so long after it (domain.md, « Who may »)."""
CALLED_BEFORE = timedelta(hours=48)
"""A turn that lacks people is called out so long before."""
EXPERIENCED_UNTIL = timedelta(hours=48)
"""Until so long before, the last place beside first-timers waits for somebody experienced."""
ROUND = timedelta(hours=24)
"""A popular turn is for those who did least so long, for those who did less than half the others as long again."""
POPULAR_WITHIN = timedelta(hours=24)
POPULAR_RUN = 2
"""Turns of a pattern that filled up so fast, one after the other, before the next opens in rounds."""
EMPTY_RUN = 4
"""Turns of a pattern that nobody took, one after the other, before « on l’enlève ? » is asked."""
LOAD_OVER = timedelta(days=90)
GUESTS_KEPT_FOR = timedelta(days=30)
COUNTS_KEPT_FOR = timedelta(days=730)
"""So long whoever keeps the place or its accounts reads what the box of the till held."""
FOR_ALL_AGES = frozenset({"check_in", "open_meals"})
"""What a turn may allow somebody under 18: neither keys nor money, and nothing one to one."""
LONGEST_SLOT = timedelta(hours=24)
"""Of what a workshop or a meal opens; what somebody writes is shorter…"""
LONGEST_WRITTEN = timedelta(hours=12)
"""…by the clock on the wall: a night, not the day after by a slip."""
PLANNED_WITHIN = timedelta(days=366)
"""The first day of a pattern is no further ahead."""
MOST_PEOPLE = 40
OPENING, CLOSING = "opening", "closing"
MOMENTS = (OPENING, CLOSING)
"""When the box of a till is counted."""
MOST_CENTS = 10_000_00
LONGEST_WORD = 200
"""Beside a count."""


# ---------------------------------------------------------------------------------------------------------------- facts


@dataclass(frozen=True, slots=True)
class Standing:
    """How a slot stands at this instant."""

    state: SlotState
    on: date
    """The place's day of its start."""
    starts_at: datetime
    ends_at: datetime
    people: int
    taken: int = 0
    act: str = ""
    """What the duty allows."""
    opens_place: bool = False
    """Whether whoever has it opens the place."""
    adults_only: bool = False
    needs_training: bool = False
    trained_here: int = 0
    """How many of the place can do the duty without somebody beside them."""
    skilled_on_it: int = 0
    """How many of them have this turn."""
    first_timers: int = 0
    """How many who have this turn never did the duty."""
    weekly: int = 0
    """Places of its pattern that somebody holds every week."""
    has_pattern: bool = False
    pattern_ended: bool = False
    pattern_people: int = 0
    """How many its pattern wants; one week's turn may want more, or fewer."""
    opened_at: datetime | None = None
    low_load: int | None = None
    mid_load: int | None = None
    source_kind: str = ""

    @property
    def free(self) -> int:
        """Places left."""
        return max(0, self.people - self.taken)


@dataclass(frozen=True, slots=True)
class Who:
    """The member who is to have a turn, seen from one slot."""

    id: int
    belongs: bool = False
    met: bool = False
    """Somebody of the slot's place has met them: names are for them, and what gives keys or allows something. Who
    mediates there is met."""
    mediator: bool = False
    """Mediates at the slot's place."""
    keeps_place: bool = False
    """Holds `Act.KEEP_PLACE` here."""
    welcomes: bool = False
    """Holds `Act.REGISTER` here and now: writes down for people who call or come by."""
    adult_on: date | None = None
    """Day of their eighteenth birthday, of whoever said that it is to come."""
    level: Level = Level.NONE
    did: int = 0
    """0 for whoever never did this duty."""
    load: int = 0
    """Turns of the last 90 days and of those to come; only counted where a slot opens in rounds."""
    holds: bool = False
    watches: bool = False
    weekly: bool = False
    """Holds a place of the slot's pattern every week."""
    swap: bool = False
    """Somebody is wanted in their place."""


@dataclass(frozen=True, slots=True)
class SwapStanding:
    """How a swap stands at this instant."""

    state: SwapState
    from_member: int
    to_member: int | None
    wants_slot: bool
    until_at: datetime
    asked_by: int


@dataclass(frozen=True, slots=True)
class DutyWords:
    """What whoever keeps the place says of a duty."""

    name: str
    about: str = ""
    icon: str = "refresh"
    people: int = 1
    act: str = ""
    """`identity.states.Act`, or nothing."""
    opens_place: bool = False
    adults_only: bool = False
    needs_training: bool = False

    @property
    def for_adults(self) -> bool:
        """Keys, tills and what is done one to one are for adults, whatever was ticked."""
        return self.adults_only or self.opens_place or bool(self.act and self.act not in FOR_ALL_AGES)


# --------------------------------------------------------------------------------------------------------- who may take


def why_cannot_take(standing: Standing, who: Who, *, now: datetime) -> RotaRefusal | None:
    """Why this member may not have a place of this turn; their own time is asked of the calendar."""
    if who.holds:
        return RotaRefusal.ALREADY_YOURS
    return (
        why_off(standing, now)
        or (RotaRefusal.FULL if standing.free == 0 else None)
        or why_not_for(standing, who)
        or (RotaRefusal.NOT_YET_ROUND if not in_round(standing, who, now=now) else None)
    )


def why_cannot_replace(standing: Standing, who: Who, *, now: datetime) -> RotaRefusal | None:
    """Why this member may not have this turn in somebody's place: as above, but a full one has that place, and
    nobody waits for a round."""
    if who.holds:
        return RotaRefusal.ALREADY_YOURS
    return why_off(standing, now) or why_not_for(standing, who)


def why_not_for(standing: Standing, who: Who) -> RotaRefusal | None:
    """What about the person stands against this duty at that time, whatever places there are."""
    if (barred := _why_barred(standing, who)) is not None:
        return barred
    if not demands_training(standing) or _may_do(standing, who):
        return None
    return RotaRefusal.NEEDS_TRAINING if who.level is Level.NONE else RotaRefusal.NOBODY_BESIDE


def why_no_more(standing: Standing, who: Who) -> RotaRefusal | None:
    """Why somebody who has this turn, or would watch it, cannot have it any more, now that they may less than before.
    What they know how to do was asked when they took it, and is not asked again."""
    if who.belongs and not who.holds:
        return None
    return _why_barred(standing, who)


def _why_barred(standing: Standing, who: Who) -> RotaRefusal | None:
    """What stands against it whatever the person can do."""
    if not who.belongs:
        return RotaRefusal.NOT_OF_THIS_PLACE
    if who.mediator and standing.act:
        return RotaRefusal.MEDIATOR_HERE
    if too_young(standing, who):
        return RotaRefusal.UNDER_AGE
    return RotaRefusal.NOT_MET if asks_to_be_met(standing) and not who.met else None


def asks_to_be_met(standing: Standing) -> bool:
    """Whether the turn is for members whom somebody there has met: it allows something, or opens the place."""
    return bool(standing.act) or standing.opens_place


def too_young(standing: Standing, who: Who) -> bool:
    """Whether the turn is for adults, and this member is none yet on its day."""
    return standing.adults_only and who.adult_on is not None and standing.on < who.adult_on


def demands_training(standing: Standing) -> bool:
    """Training that nobody there holds is not demanded."""
    return standing.needs_training and standing.trained_here > 0


def _may_do(standing: Standing, who: Who) -> bool:
    """Alone if they can do it; beside somebody who can, if they have watched it."""
    return who.level in SKILLED or (who.level is not Level.NONE and standing.skilled_on_it > 0)


def in_round(standing: Standing, who: Who, *, now: datetime) -> bool:
    """Whether it is this member's round of a popular turn: first for whoever did least, then for whoever did less than
    most, then for all. Who holds it every week, and a turn that is near, wait for no round."""
    if standing.low_load is None or standing.mid_load is None or standing.opened_at is None:
        return True
    if who.weekly or standing.starts_at - now <= CALLED_BEFORE or now >= standing.opened_at + 2 * ROUND:
        return True
    limit = standing.low_load if now < standing.opened_at + ROUND else standing.mid_load
    return who.load <= limit


def round_opens_at(standing: Standing, who: Who) -> datetime | None:
    """When a popular turn opens to this member, if it waits for them."""
    if standing.low_load is None or standing.mid_load is None or standing.opened_at is None:
        return None
    if who.load <= standing.low_load:
        return standing.opened_at
    opens_at = standing.opened_at + (ROUND if who.load <= standing.mid_load else 2 * ROUND)
    return min(opens_at, standing.starts_at - CALLED_BEFORE)


def asks_for_experience(standing: Standing, who: Who, *, now: datetime) -> bool:
    """Whether the last place would be better for somebody experienced: all the others, and this member, do the duty for
    the first time, and there is time yet. It asks, and never refuses."""
    return (
        standing.people > 1
        and standing.free == 1
        and standing.first_timers == standing.taken
        and who.did == 0
        and who.level not in SKILLED
        and standing.starts_at - now > EXPERIENCED_UNTIL
    )


def why_cannot_watch(standing: Standing, who: Who, *, now: datetime) -> RotaRefusal | None:
    """Why this member may not come to watch: there must be somebody who can do it."""
    if who.holds or who.watches:
        return RotaRefusal.ALREADY_YOURS
    if (off := why_off(standing, now)) is not None:
        return off
    if not who.belongs:
        return RotaRefusal.NOT_OF_THIS_PLACE
    return None if standing.skilled_on_it else RotaRefusal.NOBODY_TO_WATCH


def why_cannot_take_for_guest(standing: Standing, who: Who, *, now: datetime) -> RotaRefusal | None:
    """Why this member may not write down somebody without an account: nothing that a role allows, and no key, goes to
    whom nobody knows by name."""
    if (off := why_off(standing, now)) is not None:
        return off
    if not who.belongs:
        return RotaRefusal.NOT_OF_THIS_PLACE
    if bars_guests(standing) or demands_training(standing):
        return RotaRefusal.NO_GUESTS
    return RotaRefusal.FULL if standing.free == 0 else None


def bars_guests(standing: Standing) -> bool:
    """Whether the turn allows something, or is for adults: it is not for somebody without an account."""
    return bool(standing.act) or standing.adults_only


def why_off(standing: Standing, now: datetime) -> RotaRefusal | None:
    """Why nothing about this turn changes hands any more, whoever asks."""
    if standing.state is SlotState.CANCELLED:
        return RotaRefusal.CANCELLED
    return RotaRefusal.OVER if standing.ends_at <= now else None


# -------------------------------------------------------------------------------------------------- giving it up, swaps


def may_act_for(actor: Who, member_id: int) -> bool:
    """Whether this person writes « je ne peux pas venir » down for that member: oneself, the welcome turn, or whoever
    keeps the place. The member is told, and may take it back."""
    return actor.id == member_id or actor.welcomes or actor.keeps_place


def why_cannot_give_up(standing: Standing, holder: Who, *, now: datetime) -> RotaRefusal | None:
    """Why this member cannot free the turn, or ask for somebody in their place."""
    if not (holder.holds or holder.watches):
        return RotaRefusal.NOT_YOURS
    return why_off(standing, now)


def why_cannot_ask(standing: Standing, holder: Who, *, now: datetime) -> RotaRefusal | None:
    """Why nobody can be asked in their place: that is for those who have a place, before it begins."""
    if not holder.holds:
        return RotaRefusal.NOT_YOURS
    return why_off(standing, now) or (RotaRefusal.OVER if standing.starts_at <= now else None)


def knows_of(swap: SwapStanding, who: Who, *, had_wanted: bool) -> bool:
    """Whether this member is told of the swap at all: what some ask of each other is nobody else's affair.

    `had_wanted`: they have the turn that is wanted, or had it.
    """
    if may_act_for(who, swap.from_member) or swap.to_member == who.id:
        return True
    return swap.to_member is None and (had_wanted or not swap.wants_slot)


def why_cannot_settle(swap: SwapStanding, actor: int, *, now: datetime) -> RotaRefusal | None:
    """Why this member cannot say yes to the swap."""
    if swap.from_member == actor:
        return RotaRefusal.ALREADY_YOURS
    if swap.state is not SwapState.OPEN or swap.until_at <= now:
        return RotaRefusal.SWAP_OVER
    return RotaRefusal.SWAP_OTHERS if swap.to_member not in (None, actor) else None


# ----------------------------------------------------------------------------------------------------------- every week


def most_weekly(people: int) -> int:
    """Places that may be held every week: half, rounded up; the others go round."""
    return (people + 1) // 2


def why_cannot_hold_weekly(standing: Standing, who: Who) -> RotaRefusal | None:
    """Why this member may not hold a place of the slot's pattern every week."""
    if not standing.has_pattern:
        return RotaRefusal.NOT_WEEKLY
    if standing.pattern_ended:
        return RotaRefusal.PATTERN_ENDED
    if who.weekly:
        return RotaRefusal.ALREADY_YOURS
    if (reason := why_not_for(standing, who)) is not None:
        return reason
    return RotaRefusal.WEEKLY_FULL if standing.weekly >= most_weekly(standing.pattern_people) else None


# ------------------------------------------------------------------------------------------------------- what it allows


def allows_from(starts_at: datetime) -> datetime:
    """From when a turn allows what its duty does."""
    return starts_at - ACTS_BEFORE


def allows_until(ends_at: datetime) -> datetime:
    """Until when."""
    return ends_at + ACTS_AFTER


def allows_at(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Whether a turn allows it at this instant."""
    return allows_from(starts_at) <= now < allows_until(ends_at)


# ------------------------------------------------------------------------------------------------------------ patterns


def is_popular(filled: Sequence[tuple[datetime, datetime | None]]) -> bool:
    """Whether the next slot of a pattern opens in rounds; from its last slots, the latest first, when each opened and
    when it was full."""
    last = filled[:POPULAR_RUN]
    return len(last) == POPULAR_RUN and all(
        at is not None and at - opened_at <= POPULAR_WITHIN for opened_at, at in last
    )


def round_limits(loads: Sequence[int]) -> tuple[int, int]:
    """From the turns of everybody who did any: how many the quarter that did least did at most, and the half."""
    if not loads:
        return 0, 0
    ordered = sorted(loads)
    return ordered[(len(ordered) - 1) // 4], ordered[(len(ordered) - 1) // 2]


# ------------------------------------------------------------------------------------------------- what a place is told


class Lack(StrEnum):
    """What a slot lacks, the gravest first."""

    KEYS = "keys"
    """« Personne n’a encore les clés »: nobody gets in."""
    EVERYBODY = "everybody"
    SOMEBODY = "somebody"
    STAND_IN = "stand-in"
    """Whoever has it cannot come, and asks everybody: the place is taken, and yet somebody is wanted."""
    KEYS_STAND_IN = "keys-stand-in"
    """The same where it is they who open the place."""


def lack_of(*, people: int, taken: int, opens_place: bool) -> Lack | None:
    """What is missing; none when all places are taken."""
    if taken >= people:
        return None
    if taken == 0:
        return Lack.KEYS if opens_place else Lack.EVERYBODY
    return Lack.SOMEBODY


def asks_to_remove(takens: Sequence[int]) -> bool:
    """Whether « on l’enlève ? » is asked: the last turns of a pattern, the latest first, that nobody took."""
    return len(takens) >= EMPTY_RUN and not any(takens[:EMPTY_RUN])


def held_by_one(skilled: int, *, matters: bool) -> bool:
    """« Savoir-faire tenu par une seule personne »: of duties that ask for training or open something."""
    return matters and skilled == 1


def carries_most(loads: Iterable[int]) -> int | None:
    """How few people carry more than a quarter of the turns, if that is worth saying: fewer than a tenth of those who
    take any, and at most three. Nobody is named."""
    ordered = sorted((load for load in loads if load), reverse=True)
    whole, some = sum(ordered), 0
    for count, load in enumerate(ordered, start=1):
        some += load
        if some * 4 > whole:
            return count if count <= 3 and count * 10 < len(ordered) else None
    return None


class Pace(StrEnum):
    """One's own load beside the others', in words. No points, no ranking."""

    NONE = "none"
    LESS = "less"
    MOST = "most"
    """As most people do."""
    MORE = "more"


def pace(mine: int, others: Sequence[int]) -> Pace:
    """How one's turns of a month stand beside those of the others who took any."""
    if mine == 0:
        return Pace.NONE
    took = sorted(load for load in others if load)
    if len(took) < 4:
        return Pace.MOST
    low, high = took[len(took) // 4], took[(3 * len(took)) // 4]
    return Pace.LESS if mine < low else Pace.MORE if mine > high else Pace.MOST


# ------------------------------------------------------------------------------------------------------------- learning


def after_turn(level: Level, *, watched: bool, beside_skilled: bool) -> Level:
    """How far somebody is after a turn: the path is watch → do with somebody → do → teach, and no turn leads further
    than the second step. The third and the fourth somebody says (`why_cannot_attest`)."""
    reached = Level.WATCHED if watched else Level.DID_WITH
    if not beside_skilled:
        return level
    return max(level, reached, key=LEVELS.index)


def why_cannot_attest(
    *, actor: int, actor_level: Level, keeps_place: bool, member: int, to: Level
) -> RotaRefusal | None:
    """Why somebody may not say that this member can do a duty, or teach it: nobody says it of themselves, but whoever
    keeps the place, where somebody has to begin."""
    if keeps_place:
        return None
    if actor == member:
        return RotaRefusal.MAY_NOT
    allowed = actor_level is Level.TEACHES or (actor_level is Level.DOES and to is not Level.TEACHES)
    return None if allowed else RotaRefusal.NOT_SKILLED
