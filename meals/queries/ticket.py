"""A booking, for whoever made it: the ticket. What they chose stands on a page of its own (`choice`).

The ticket looks the same whatever the seats cost: it is shown at the door, so no amount is on it, but for seats that
are only kept until they are paid for.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from app.database import run
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.visits import Visit
from app.payments.api import State
from meals import rules, views, views_card, views_ticket
from meals.facts import Row, offer_key, standing_of, who_is
from meals.queries.card import Cards, cards_of
from meals.rules import Standing, Who
from meals.states import MealState, PartState, Payment, Unpaid
from meals.views import Fact
from meals.views_card import Back, Choice, Paying
from meals.views_form import Option
from meals.views_ticket import TicketWords, ToDo


@dataclass(frozen=True, slots=True)
class TicketMay:
    """Which buttons the ticket has: each answer comes from a rule."""

    answer: bool = False
    cancel: bool = False
    give_one: bool = False
    give_one_asks: bool = False
    """What was paid for it is asked about first, on a page of its own."""
    stop_waiting: bool = False
    hand_over: bool = False
    keep: bool = False
    add: bool = False
    book_again: bool = False


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One booking. What is drawn once for all who read the same of it is hashable."""

    id: int
    code: str
    scanned: bool
    """Whether it has a code that is scanned at the door."""
    meal_id: int
    title: str
    for_whom: str
    """Of somebody without an account."""
    day: str
    when_words: str
    state: str
    icon: str
    heading: str
    lines: Sequence[str]
    says: TicketWords
    to_do: Sequence[ToDo]
    facts: Sequence[Fact]
    mine: bool
    seats: int
    """Seats that are theirs."""
    had: int
    """All that the booking asks for: what a form was written for."""
    keeps: int
    """Seats that are theirs and not handed over."""
    not_yet: int
    """Seats that wait or are offered."""
    offered: int
    rank: int
    may: TicketMay
    once: str
    """What tells the forms of this page from those of another."""
    offers: Sequence[str] = ()
    """By which keys the seats that are kept are answered."""
    hand_options: Sequence[Option] = ()
    add_options: Sequence[Option] = ()
    children_options: Sequence[Option] = ()
    ics: str = ""
    own: bool = True
    """The reader booked it, and it stands or was eaten, or was paid for: what was chosen is theirs to read."""
    paying: Paying | None = None
    """Seats that are kept until they are paid for."""
    paid_now: bool = False
    """They come back from Stripe's page, and it is paid."""
    payments: Sequence[Choice] = ()
    """The ways to pay for seats that are offered, where there are several."""
    focus: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)


_BOOKING = """
select b.id as booking_id, b.member_id, b.first_name, b.together, b.active, b.price_cents, b.give, b.suspended, b.team,
       b.own, b.fair_cents as booked_fair_cents, b.forgotten_at, b.payment, b.unpaid,
       m.*, r.name as room_name, r.step_free as room_step_free, p.name as place_name, p.address as place_address
from booking b join meal m on m.id = b.meal_id join place p on p.id = m.place_id left join room r on r.id = m.room_id
where b.id = {} and """
_MINE = "(b.member_id = {} or (b.member_id is null and b.booked_by = {}))"
_A_GUESTS = "b.member_id is null"
_PARTS = """
select p.id, p.state, p.seats, p.children, p.offered_at, p.offer_until, p.handed_at, p.settled_at,
       case when p.state = 'waiting' then
           (select count(distinct q.queue) from booking_part q
            where q.meal_id = p.meal_id and q.state = 'waiting' and q.queue <= p.queue)
       else 0 end as rank
from booking_part p where p.booking_id = {} order by p.id
"""


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a booking, by how they stand."""

    confirmed: int
    handed: int
    """Of the confirmed ones."""
    held: int
    """Kept until they are paid for."""
    offered: int
    waits: int
    children: int
    attended: int
    offer_until: datetime | None
    offers: list[str]
    rank: int
    late: int
    """Of a booking that is over: seats that were kept, and not answered for in time."""
    in_vain: int
    """Of a booking that is over: seats that were waited for until the meal began."""

    @property
    def all(self) -> int:
        return self.confirmed + self.held + self.offered + self.waits


async def own_booking(booking_id: int, visit: Visit) -> Row:
    """A booking with its meal, for whoever booked. Raises `NotFound`."""
    me = visit.member.id if visit.member is not None else 0
    rows = await run(_BOOKING + _MINE, booking_id, me, me)
    if not rows:
        raise NotFound
    return rows[0]


async def shown_booking(booking_id: int, visit: Visit) -> tuple[Row, bool]:
    """A booking with its meal, for whoever booked; that of somebody without an account for whoever opened the meal or
    keeps the place, too. And whether the reader booked it. Raises `NotFound`."""
    try:
        return await own_booking(booking_id, visit), True
    except NotFound:
        if visit.member is None:
            raise
        for row in await run(_BOOKING + _A_GUESTS, booking_id):
            who = await who_is(row, visit.member.id, now=visit.now, may_have_booked=False)
            if who.opener or who.keeps_place:
                return row, False
        raise


async def seats_of(booking_id: int) -> Seats:
    """Its seats, by how they stand."""
    parts = await run(_PARTS, booking_id)

    def seats(*states: PartState) -> list[Row]:
        return [part for part in parts if part["state"] in states]

    confirmed = seats(PartState.CONFIRMED)
    held = seats(PartState.HELD)
    offered = seats(PartState.OFFERED)
    waits = seats(PartState.WAITING)
    standing = [*confirmed, *held, *offered, *waits]
    ended = max((part["settled_at"] for part in parts if part["settled_at"]), default=None)
    lapsed = [part for part in seats(PartState.LAPSED) if not standing and part["settled_at"] == ended]
    late = sum(part["seats"] for part in lapsed if part["offered_at"] is not None)
    return Seats(
        confirmed=sum(part["seats"] for part in confirmed),
        handed=sum(part["seats"] for part in confirmed if part["handed_at"] is not None),
        held=sum(part["seats"] for part in held),
        offered=sum(part["seats"] for part in offered),
        waits=sum(part["seats"] for part in waits),
        children=sum(part["children"] for part in standing),
        attended=sum(part["seats"] for part in seats(PartState.ATTENDED)),
        offer_until=min((part["offer_until"] for part in offered if part["offer_until"]), default=None),
        offers=[offer_key(part["id"], part["offered_at"]) for part in offered],
        rank=min((part["rank"] for part in waits), default=0),
        late=late,
        in_vain=0 if late else sum(part["seats"] for part in lapsed),
    )


async def ticket_page(
    booking_id: int,
    *,
    visit: Visit,
    focus: bool = False,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
    back: Back | None = None,
    asked: int = 0,
) -> TicketPage:
    """The ticket, for whoever booked; of somebody without an account for whoever answers for the meal, too. Raises
    `NotFound`. `back`: they come from Stripe's page, so; `asked`: the page has asked so many times by itself since."""
    row, own = await shown_booking(booking_id, visit)
    held = await seats_of(booking_id)
    lang, now = language(visit.language), visit.now
    standing = standing_of(row, now=now)
    by_card = own and (held.held > 0 or row["payment"] == Payment.CARD)
    cards = await cards_of(booking_id) if by_card else Cards()
    paying = _paying(row, held, cards, back=back, asked=asked, now=now, lang=lang)
    may = _may(row, standing, held, cards, now=now)
    state, icon, heading = _heading(row, standing, held, paying, now=now, lang=lang)
    more, name = rules.MOST_SEATS - held.all, for_whom(row, lang)
    says = views_ticket.ticket_words(name, somebody_waits=standing.waiting > held.waits, lang=lang)
    return TicketPage(
        id=booking_id,
        code=_code(booking_id),
        scanned=bool(held.confirmed) and rules.why_off(standing, now) is None,
        meal_id=row["id"],
        title=row["title"],
        for_whom=name,
        day=lang.day(row["starts_at"]),
        when_words=f"{capital(lang.day(row['starts_at']))}, {lang.hour(row['starts_at'])}",
        state=state,
        icon=icon,
        heading=heading,
        lines=_lines(row, standing, held, may, paying, name, back=cards.refunded > 0, now=now, lang=lang),
        says=says,
        to_do=says.to_do if held.confirmed and rules.why_off(standing, now) is None else (),
        facts=tuple(_facts(row, held, lang)),
        mine=bool(held.confirmed or held.held or held.offered or held.attended)
        and standing.state is not MealState.CANCELLED,
        seats=held.confirmed + held.held + held.offered + held.attended,
        had=held.all,
        keeps=held.confirmed - held.handed,
        not_yet=held.waits + held.offered,
        offered=held.offered,
        rank=held.rank,
        may=may,
        once=secrets.token_hex(16),
        offers=held.offers,
        hand_options=_numbers(held.confirmed - held.handed, lang) if may.hand_over else (),
        add_options=_numbers(more, lang) if may.add else (),
        children_options=_children(more, lang) if may.add else (),
        ics=f"/repas/{row['id']}.ics"
        if standing.state is not MealState.CANCELLED and (held.confirmed or held.attended)
        else "",
        own=own and bool(held.all or held.attended or cards.paid),
        paying=paying,
        paid_now=back is Back.PAID and held.confirmed > 0 and paying is None and cards.paid > cards.refunded,
        payments=views_card.payments(lang) if may.answer and standing.card else (),
        focus=focus,
        values=values or {},
        errors=errors or {},
    )


def _code(booking_id: int) -> str:
    """« 1 204 »: short enough to be said at the door."""
    return f"{booking_id:,}".replace(",", "\u202f")


def for_whom(row: Row, lang: Language) -> str:
    """Of somebody without an account: their first name, while it is known; nothing on one's own."""
    if row["member_id"] is not None:
        return ""
    return row["first_name"] or lang.say(text("Une personne sans compte"))


@cache  # of six seats at most
def _numbers(most: int, lang: Language) -> tuple[Option, ...]:
    return tuple((str(n), lang.say(text_n("%(n)s place", "%(n)s places", n))) for n in range(1, most + 1))


@cache
def _children(most: int, lang: Language) -> tuple[Option, ...]:
    return ("0", lang.say(text("aucun"))), *((str(n), str(n)) for n in range(1, most + 1))


def _paying(
    row: Row, held: Seats, cards: Cards, *, back: Back | None, asked: int, now: datetime, lang: Language
) -> Paying | None:
    """What is to be paid now, while seats are kept for that."""
    checkout = cards.to_pay if held.held else None
    if checkout is None:
        return None
    return views_card.paying(
        seats=held.held,
        cents=checkout.amount_cents,
        url=checkout.url,
        until=checkout.expires_at,
        flagged=checkout.state is State.FLAGGED,
        unpaid=Unpaid(row["unpaid"]),
        back=back,
        asked=asked,
        now=now,
        lang=lang,
    )


def _may(row: Row, standing: Standing, held: Seats, cards: Cards, *, now: datetime) -> TicketMay:
    on = rules.why_off(standing, now) is None
    books = rules.why_cannot_book(standing, now=now) is None
    gives_back = rules.why_cannot_give_back(standing, now=now) is None
    who = Who(row["member_id"] or 0, confirmed=held.confirmed)
    passes = rules.why_cannot_hand_over(standing, who, now=now) is None
    own = row["member_id"] is not None
    return TicketMay(
        answer=own and on and held.offered > 0 and held.offer_until is not None and now < held.offer_until,
        cancel=gives_back and held.all > 0,
        give_one=gives_back and held.all > 1 and not held.held,
        give_one_asks=cards.paid > cards.refunded and not held.waits and not held.offered,
        stop_waiting=on and not gives_back and held.waits + held.offered > 0,
        hand_over=passes and not gives_back and held.confirmed > held.handed,
        keep=passes and held.handed > 0,
        add=books and own and not held.held and 0 < held.all < rules.MOST_SEATS,
        book_again=books and own and not row["active"],
    )


def _heading(
    row: Row, standing: Standing, held: Seats, paying: Paying | None, *, now: datetime, lang: Language
) -> tuple[str, str, str]:
    """State for programs, icon, and the sentence that says it."""
    say, other = lang.say, row["member_id"] is None
    if standing.state is MealState.CANCELLED:
        return "cancelled", "ban", say(text("Ce repas est annulé"))
    if held.confirmed or held.attended:
        seats = held.confirmed or held.attended
        said = (
            text_n("%(n)s place", "%(n)s places", seats)
            if other
            else text_n("Tu as ta place", "Tu as %(n)s places", seats)
        )
        return ("confirmed" if held.confirmed else "attended"), "check", say(said)
    if held.held:
        icon, words = views_card.heading(held.held, waits=paying is not None and paying.waits, lang=lang)
        return "held", icon, words
    if held.offered:
        said = text_n("%(n)s place est pour toi", "%(n)s places sont pour toi", held.offered)
        return "offered", "hand-stop", say(said)
    if held.waits:
        return "waiting", "hourglass", say(text("Tu es en liste d’attente"))
    if rules.why_off(standing, now) is not None:
        return "lapsed", "check", say(text("Ce repas est passé"))
    if held.late:
        said = text_n(
            "La place n’est plus gardée pour toi", "Les %(n)s places ne sont plus gardées pour toi", held.late
        )
        return "lapsed", "hourglass", say(said)
    if held.in_vain:
        return "lapsed", "hourglass", say(text("Il n’y a pas eu de place pour toi"))
    return "cancelled", "x", say(text("Cette réservation est annulée"))


def _lines(
    row: Row,
    standing: Standing,
    held: Seats,
    may: TicketMay,
    paying: Paying | None,
    name: str,
    *,
    back: bool,
    now: datetime,
    lang: Language,
) -> list[str]:
    say, somebody_waits = lang.say, standing.waiting > held.waits
    if standing.state is MealState.CANCELLED:
        nothing = text("Il n’y a rien à faire, et rien à payer.")
        if back:
            nothing = text("Il n’y a rien à faire. Ce que tu as payé t’est rendu, sous 5 à 10 jours.")
        return [line for line in (row["reason"], say(nothing)) if line]
    if rules.why_off(standing, now) is not None:
        return []
    lines = []
    if held.all and (until := rules.in_doubt(standing, now)) is not None:
        lines.append(say(views_ticket.in_doubt(until)))
    if paying is not None:
        if held.confirmed:
            said = text_n("%(n)s place de plus est gardée.", "%(n)s places de plus sont gardées.", held.held)
            lines.append(say(said))
        lines += paying.lines
    if held.offered and held.offer_until is not None:
        if held.confirmed:
            said = text_n("%(n)s place de plus est pour toi.", "%(n)s places de plus sont pour toi.", held.offered)
            lines.append(say(said))
        lines.append(views.until_words(held.offered, held.offer_until, lang))
    if held.waits:
        lines.append(views.waiting_words(held.waits, held.rank, lang))
        if row["together"]:
            lines.append(say(text("Vous venez ensemble : toutes les places, ou aucune.")))
    if may.keep:
        lines.append(say(views_ticket.to_take(name, held.handed, somebody_waits=somebody_waits)))
    if held.all and not held.held and rules.why_cannot_give_back(standing, now=now) is None:
        last = standing.starts_at if standing.released else standing.closes_at
        lines.append(say(views_ticket.last_hour(name, last)))
    elif may.hand_over and rules.in_doubt(standing, now) is None:
        lines.append(say(views_ticket.counted_in(name, somebody_waits=somebody_waits)))
    if held.late:
        lines.append(say(text("Le délai est passé : c’est au tour de la personne suivante.")))
    elif held.in_vain:
        lines.append(say(text("Le repas a commencé : plus personne n’attend.")))
    elif not held.all:
        lines.append(say(views_ticket.given_up(name)))
    return lines


def _facts(row: Row, held: Seats, lang: Language) -> list[Fact]:
    say = lang.say
    where = ", ".join(filter(None, (row["room_name"], row["place_name"], row["place_address"])))
    rows = [
        ("clock", say(text("Quand")), capital(lang.hours(row["starts_at"], row["ends_at"]))),
        ("map-pin", say(text("Où")), where),
    ]
    if row["room_step_free"]:
        rows.append(("wheelchair", say(text("Accès")), say(text("De plain-pied"))))
    if held.children:
        rows.append(("users", say(text("Places")), say(views_ticket.party(held.all, held.children))))
    return rows


async def left_of(booking_id: int, *, visit: Visit) -> Text | None:
    """What is left of a booking, said after some of its seats were given back; nothing of one that is over."""
    row, _ = await shown_booking(booking_id, visit)
    held, lang = await seats_of(booking_id), language(visit.language)
    taken = held.confirmed + held.held + held.offered
    return views_ticket.left(for_whom(row, lang), taken, held.children, held.waits)


async def somebody_waits(booking_id: int) -> bool:
    """Whether anybody else is on the list of this booking's meal."""
    others = await run(
        "select 1 as one from booking b join booking_part p on p.meal_id = b.meal_id and p.booking_id <> b.id "
        "where b.id = {} and p.state = 'waiting' limit 1",
        booking_id,
    )
    return bool(others)
