"""What may be about meals, and what follows: pure functions of the facts, asked by pages and again by commands.

domain.md « Meals » in one place: who opens, when bookings close, who sits where in the queue, what a seat costs.
Money is integer cents; times are aware.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from meals.states import Job, MealRefusal, MealState, OwnSeat, Payment

MOST_SEATS = 6
"""Of one booking, its suspended gifts too."""
SEATS_OF_A_MEAL = (2, 300)
PRICES = (300, 500, 800)
"""Low, fair, more, in cents, where a place sets no others."""
CLOSES_AT = time(18)
"""Local, the day before."""
LONGEST_OFFER = timedelta(hours=24)
LEAST_OFFER = timedelta(minutes=30)
"""Nobody reads a mail and answers it sooner."""
CALLED_OUT = (timedelta(hours=72), timedelta(hours=48), timedelta(hours=24))
"""How long before closing what is missing in the team is called out."""
MONEY_KEPT = timedelta(days=31)
"""After a meal: how long it is known who paid, gave or was given what. By then the box is counted."""
DOUBT_LASTS = timedelta(hours=2)
"""How long somebody has to say « on le fait quand même »."""
PUT_OFF = timedelta(hours=23)
"""A meal that is put off by so much, a day across any change of clocks, is shopped for anew."""
AT_TABLE = timedelta(minutes=15)
"""So long after it has begun a meal takes place, whatever a job that stood still did not say."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a seat costs, in cents: each pays what they can."""

    low: int
    fair: int
    more: int

    @property
    def all(self) -> tuple[int, int, int]:
        return self.low, self.fair, self.more


@dataclass(frozen=True, slots=True)
class Standing:
    """How a meal stands at this instant."""

    state: MealState
    version: int
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    seats: int
    prices: Prices
    taken: int = 0
    """Seats offered, held, confirmed."""
    waiting: int = 0
    """Seats that are waited for."""
    doubtful_until: datetime | None = None
    released: bool = False
    """After closing its hours changed, or what it holds: seats are given back again."""
    card: bool = False
    """Whether seats can be paid for by card."""

    @property
    def free(self) -> int:
        """Seats that are nobody's."""
        return max(0, self.seats - self.taken)


@dataclass(frozen=True, slots=True)
class Who:
    """The person who asks, seen from one meal."""

    id: int
    belongs: bool = False
    mediator: bool = False
    met: bool = False
    opens: bool = False
    """Holds `Act.OPEN_MEALS` here."""
    keeps_place: bool = False
    checks_in: bool = False
    """Holds `Act.CHECK_IN` here."""
    takes_cash: bool = False
    """Holds `Act.TAKE_CASH` here."""
    keeps_accounts: bool = False
    """Holds `Act.KEEP_ACCOUNTS` here."""
    opener: bool = False
    on_team: bool = False
    """Holds a turn of this meal."""
    cooks: bool = False
    """Holds a turn of it in the kitchen: reads the kitchen sheet's counts."""
    booked: bool = False
    """Has a booking with seats or a place on the list."""
    confirmed: int = 0
    """Seats of it that are theirs."""
    handed: int = 0
    """Of those, the seats that they let somebody on the list have."""
    held: int = 0
    """Seats that are kept until they are paid for by card."""
    waits: int = 0
    together: bool = False
    """All the seats that they wait for, or none."""
    offered: int = 0
    offer_until: datetime | None = None
    guests: int = 0
    """Seats that they booked for people without an account, where that was asked."""
    rank: int = 0
    """Their place on the list, from 1; 0 for whoever does not wait."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for when they book."""

    seats: int
    price_cents: int
    payment: Payment = Payment.ON_SITE
    children: int = 0
    """Of these seats."""
    together: bool = False
    give: int = 0
    suspended: bool = False
    team: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seats on the list, in the order of the list."""

    id: int
    seats: int
    together: bool


# ------------------------------------------------------------------------------------------------------------- opening


def why_cannot_open(who: Who, *, somebody_may: bool) -> MealRefusal | None:
    """Whoever may `open_meals` here opens one; where nobody holds that (`somebody_may` is false), any member."""
    if who.mediator:
        return MealRefusal.MEDIATOR_HERE
    if not who.belongs:
        return MealRefusal.NOT_A_MEMBER_HERE
    return None if who.opens or not somebody_may else MealRefusal.MAY_NOT_OPEN


def closes_at_for(day_before_at_18: datetime, *, starts_at: datetime, now: datetime) -> datetime:
    """When bookings close, unless its opener says otherwise: the day before at 18 h; for a meal that is opened later
    than that, two hours before it begins; when it begins, where that is past too."""
    return next((at for at in (day_before_at_18, starts_at - timedelta(hours=2)) if at > now), starts_at)


def why_not_then(*, starts_at: datetime, closes_at: datetime, now: datetime) -> MealRefusal | None:
    """Whether people can still book, and the team still cook."""
    if starts_at <= now:
        return MealRefusal.IN_THE_PAST
    return MealRefusal.CLOSES_TOO_LATE if not now < closes_at <= starts_at else None


def is_put_off(standing: Standing, *, starts_at: datetime, now: datetime) -> bool:
    """Whether a meal that has not begun is brought to another day to come: then it may be booked again."""
    return now < standing.starts_at and starts_at - standing.starts_at >= PUT_OFF


def why_not_these_seats(*, seats: int, taken: int, room_seats: int | None) -> MealRefusal | None:
    """Fewer than are taken would drop somebody; more than the room holds is not for us to say yes to."""
    if seats < taken:
        return MealRefusal.FEWER_THAN_TAKEN
    return MealRefusal.ROOM_TOO_SMALL if room_seats is not None and seats > room_seats else None


def why_cannot_edit(standing: Standing, who: Who, *, now: datetime) -> MealRefusal | None:
    """Its opener, or whoever may open meals here."""
    if not who.opener and not who.opens:
        return MealRefusal.ONLY_OPENER
    if who.mediator:
        return MealRefusal.MEDIATOR_HERE
    return why_off(standing, now)


def why_cannot_cancel(standing: Standing, who: Who, *, now: datetime) -> MealRefusal | None:
    """The same, and whoever keeps the place: somebody has to, when the opener is ill."""
    if not who.opener and not who.opens and not who.keeps_place:
        return MealRefusal.ONLY_OPENER
    if (reason := why_off(standing, now)) is not None:
        return reason
    return MealRefusal.BEGUN if now >= standing.starts_at else None


def is_eaten(*, starts_at: datetime, now: datetime) -> bool:
    """Whether it is too late to call a meal off for want of cooks: whoever came is at the table."""
    return now >= starts_at + AT_TABLE


def why_off(standing: Standing, now: datetime) -> MealRefusal | None:
    """Why nothing of it can be changed any more."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    return MealRefusal.OVER if standing.state is MealState.SERVED or now >= standing.ends_at else None


def why_cannot_let_go(standing: Standing, who: Who, *, now: datetime) -> MealRefusal | None:
    """Only whoever answers for it can stop doing so."""
    return why_off(standing, now) if who.opener else MealRefusal.ONLY_OPENER


def why_cannot_take_on(
    standing: Standing, who: Who, *, wanted: bool, somebody_may: bool, now: datetime
) -> MealRefusal | None:
    """A meal that nobody answers for (`wanted`): whoever could have opened it, has a turn of it or keeps the place."""
    if (reason := why_off(standing, now)) is not None:
        return reason
    reason = why_cannot_open(who, somebody_may=somebody_may)
    if reason is not None and not (reason is MealRefusal.MAY_NOT_OPEN and (who.on_team or who.keeps_place)):
        return reason
    return None if wanted else MealRefusal.TAKEN_ON


def why_cannot_go_ahead(
    standing: Standing, who: Who, *, wanted: bool = False, somebody_may: bool = True, now: datetime
) -> MealRefusal | None:
    """« On le fait quand même », within two hours: its opener, or whoever may open meals here; where nobody answers for
    it (`wanted`) whoever may take it on, and does so by saying it."""
    reason = why_cannot_edit(standing, who, now=now)
    if reason is MealRefusal.ONLY_OPENER and wanted:
        reason = why_cannot_take_on(standing, who, wanted=True, somebody_may=somebody_may, now=now)
    if reason is not None:
        return reason
    return MealRefusal.NOT_DOUBTFUL if in_doubt(standing, now) is None else None


def may_read_kitchen(who: Who) -> bool:
    """The kitchen sheet: whoever has a turn of the team, opened the meal, may open meals or keeps the place."""
    return not who.mediator and (who.on_team or who.opener or who.opens or who.keeps_place)


def may_read_diets(who: Who) -> bool:
    """How many do not eat what: whoever cooks, opened the meal, may open meals or keeps the place."""
    return not who.mediator and (who.cooks or who.opener or who.opens or who.keeps_place)


def cooks_wanted(*, least: int, places: int) -> int:
    """How many must be there to cook: never more than its turns in the kitchen have places. Nobody could come."""
    return min(least, places)


def is_doubtful(*, cooks: int, wanted: int) -> bool:
    """Whether too few are there to cook."""
    return cooks < wanted


def in_doubt(standing: Standing, now: datetime) -> datetime | None:
    """Until when it is in doubt whether it takes place, if it is."""
    until = standing.doubtful_until
    return until if until is not None and now < until else None


# ------------------------------------------------------------------------------------------------------------- booking


def why_cannot_book(standing: Standing, *, now: datetime) -> MealRefusal | None:
    """Whether anybody can book at all; where nothing is free they wait."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if standing.state is MealState.SERVED or now >= standing.ends_at:
        return MealRefusal.OVER
    closed = standing.state is MealState.CLOSED or now >= standing.closes_at
    return MealRefusal.NOT_OPEN if closed else None


def why_not_this_wish(standing: Standing, who: Who, wish: Wish, *, suspended_before: bool) -> MealRefusal | None:
    """What is wrong with what somebody asks for. `suspended_before`: they had a suspended meal of this meal already."""
    if not 1 <= wish.seats <= MOST_SEATS or not 0 <= wish.give <= MOST_SEATS:
        return MealRefusal.TOO_MANY_SEATS
    if not 0 <= wish.children < wish.seats:
        return MealRefusal.CHILDREN_ALONE
    if (reason := why_too_many_for_it(standing, wish.seats, together=wish.together)) is not None:
        return reason
    if wish.price_cents not in standing.prices.all:
        return MealRefusal.NOT_A_PRICE
    if wish.payment is Payment.CARD and not standing.card:
        return MealRefusal.NO_CARD
    if wish.suspended and suspended_before:
        return MealRefusal.SUSPENDED_ONCE
    return MealRefusal.NOT_OF_THE_TEAM if wish.team and not who.on_team else None


def why_too_many_for_it(standing: Standing, seats: int, *, together: bool) -> MealRefusal | None:
    """Who comes together waits for all of these seats at once: for more than the meal has, for ever."""
    return MealRefusal.MORE_THAN_IT_HAS if together and seats > standing.seats else None


def why_cannot_book_for(standing: Standing, who: Who, seats: int, *, now: datetime) -> MealRefusal | None:
    """For somebody present who has no account: any member of the place, seats that are free, as many as of a booking in
    all; nobody waits by proxy."""
    if (reason := why_cannot_book(standing, now=now)) is not None:
        return reason
    if not who.belongs:
        return MealRefusal.NOT_A_MEMBER_HERE
    if who.guests and who.guests + seats > MOST_SEATS:
        return MealRefusal.TOO_MANY_GUESTS
    return MealRefusal.FULL_FOR_GUESTS if seats > standing.free else None


def seats_now(*, free: int, seats: int, together: bool) -> int:
    """How many of these seats there are at once; the rest waits. All or none for those who sit together."""
    return seats if seats <= free else 0 if together else max(0, free)


def children_now(*, children: int, now: int, later: int) -> int:
    """How many of the children's seats are among those that there are now: no child is left without a grown-up, now or
    later, if that can be."""
    return max(children - later, min(children, max(0, now - 1)))


def why_not_more(*, seats: int, children: int, more: int, more_children: int) -> MealRefusal | None:
    """Why a booking of so many seats, so many of them children's, cannot have more of both."""
    if more < 1 or seats + more > MOST_SEATS:
        return MealRefusal.TOO_MANY_SEATS
    alone = not 0 <= more_children <= more or children + more_children >= seats + more
    return MealRefusal.CHILDREN_ALONE if alone else None


def promotions(queue: Iterable[Waiting], free: int) -> list[tuple[int, int]]:
    """Who is offered how many of the seats that are free: (id, seats), in the order of the list. Whoever sits together
    and is too many for what is free is passed over and keeps their place on it."""
    found = []
    for each in queue:
        if free <= 0:
            break
        if count := seats_now(free=free, seats=each.seats, together=each.together):
            found.append((each.id, count))
            free -= count
    return found


def offer_until(*, closes_at: datetime, now: datetime, next_opening_ends: datetime | None = None) -> datetime:
    """How long offered seats are kept: min(24 h, a quarter of the time left), but half an hour if there is so much; for
    people without e-mail until one opening has passed (`next_opening_ends`). Never past closing."""
    left = max(closes_at - now, timedelta(0))
    quarter = now + max(min(LONGEST_OFFER, left / 4), min(LEAST_OFFER, left))
    return quarter if next_opening_ends is None else min(max(quarter, next_opening_ends), max(closes_at, now))


def why_cannot_answer_offer(standing: Standing, who: Who, *, now: datetime) -> MealRefusal | None:
    """Why somebody cannot say yes to the seats that are kept for them."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if not who.offered or who.offer_until is None:
        return MealRefusal.NO_OFFER
    return MealRefusal.OFFER_OVER if now >= who.offer_until else None


def why_cannot_give_back(standing: Standing, *, now: datetime) -> MealRefusal | None:
    """Seats that are one's own are given back until closing; then they are handed over, unless the meal is not any more
    what was booked. Whoever waits or was offered seats gives up at any time."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if standing.state is MealState.SERVED or now >= standing.starts_at:
        return MealRefusal.OVER
    return MealRefusal.BOOKINGS_CLOSED if is_closed(standing, now=now) and not standing.released else None


def is_closed(standing: Standing, *, now: datetime) -> bool:
    """Whether the hour at which bookings close has come, even if no job has said so yet."""
    return standing.state is MealState.CLOSED or now >= standing.closes_at


def why_cannot_hand_over(standing: Standing, who: Who, *, now: datetime) -> MealRefusal | None:
    """After closing, somebody on the list may have one's seats."""
    if (reason := why_not_between(standing, now)) is not None:
        return reason
    return None if who.confirmed else MealRefusal.NO_BOOKING


def takeable(standing: Standing, who: Who, handed: int) -> int:
    """How many seats whoever waits may take after closing: of those that others hand over (`handed` are all that are
    handed over, their own too), and of those that are nobody's; all that they wait for, or none, if they come
    together."""
    return seats_now(free=handed - who.handed + standing.free, seats=who.waits, together=who.together)


def why_cannot_take_over(standing: Standing, who: Who, handed: int, *, now: datetime) -> MealRefusal | None:
    """Whoever waits takes what is `takeable`, and pays on site: the first who says so."""
    if (reason := why_not_between(standing, now)) is not None:
        return reason
    if not who.waits:
        return MealRefusal.NO_BOOKING
    return None if takeable(standing, who, handed) else MealRefusal.NOTHING_TO_TAKE_OVER


def why_not_between(standing: Standing, now: datetime) -> MealRefusal | None:
    """Between closing and the meal."""
    if standing.state is MealState.CANCELLED:
        return MealRefusal.CANCELLED
    if standing.state is MealState.SERVED or now >= standing.starts_at:
        return MealRefusal.OVER
    return None if is_closed(standing, now=now) else MealRefusal.NOT_CLOSED_YET


def why_cannot_change_choice(standing: Standing, *, now: datetime) -> MealRefusal | None:
    """Until it begins one says what one does not eat, and that one's own seat is the team's."""
    reason = why_not_between(standing, now)
    return None if reason is MealRefusal.NOT_CLOSED_YET else reason


# --------------------------------------------------------------------------------------------------------------- money


def due_cents(*, seats: int, price_cents: int, own: OwnSeat, give: int, fair_cents: int) -> int:
    """What a booking costs: one's own seat, the others at the price that was chosen, and what it gives."""
    mine = {OwnSeat.CHOSEN: price_cents, OwnSeat.FREE: 0, OwnSeat.FAIR: fair_cents}[own] if seats else 0
    return mine + max(0, seats - 1) * price_cents + give * fair_cents


def from_pot(*, balance_cents: int, fair_cents: int) -> int:
    """What a suspended meal draws from the pot: the fair price; nothing when that is not in it: the place bears it."""
    return fair_cents if balance_cents >= fair_cents else 0


def borne_by_place(*, in_pot: int, borne: int, put_back: int, taken_back: int) -> int:
    """What the place puts into the pot, in cents, when a booking that ends puts back what it drew and takes back what
    it gave: what was drawn already by others is borne, so that nothing is below zero. What is put back ends first what
    the place bears (negative)."""
    repaid = min(borne, put_back)
    return max(0, taken_back - (in_pot + put_back - repaid)) - repaid


def pays_after_all(own: OwnSeat, *, suspended: bool) -> bool:
    """Whether whoever took a suspended meal may put what they chose all the same: the meal goes back to the pot."""
    return suspended and own is OwnSeat.FREE


def pot_holds_one(*, balance_cents: int, fair_cents: int) -> bool:
    """Whether there is a suspended meal in the pot. How many is nobody's to read: who counts before and after somebody
    has booked knows what they pay."""
    return from_pot(balance_cents=balance_cents, fair_cents=fair_cents) > 0


# ------------------------------------------------------------------------------------------------------------ the team


def call_due(*, closes_at: datetime, called_at: datetime | None, now: datetime) -> bool:
    """Whether what is missing in the team is to be called out now: 72, 48 and 24 h before closing, each once; hours
    that went by while nothing ran are not made up for one by one."""
    if now >= closes_at:
        return False
    passed = [closes_at - before for before in CALLED_OUT if closes_at - before <= now]
    return bool(passed) and (called_at is None or called_at < max(passed))


def why_not_this_turn(job: Job, *, starts_at: datetime, closes_at: datetime) -> MealRefusal | None:
    """Shopping starts after bookings close: before, nobody knows for how many."""
    return MealRefusal.SHOPPING_TOO_EARLY if job is Job.SHOP and starts_at < closes_at else None
