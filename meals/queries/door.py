"""`/repas/{id}/accueil`: who is expected at the door of a meal, and who is in. First names, seats, and whether an
envelope is to be put into the box; no amount, and nothing of why there is none.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.rules import name_key
from app.identity.visits import Visit
from app.payments.api import State, checkouts_of
from meals import door_rules
from meals.door_rules import DoorWho
from meals.facts import KIND, Row, door_who, due_of, night_of, standing_of
from meals.rules import MOST_SEATS, Standing
from meals.states import MealRefusal, PartState, PotKind
from meals.views_form import Option

CODE_LETTERS = 10
"""Of a ticket's code, five bits each: one of a number is guessed in 35,000 million million tries."""
BLANKS = 6
"""Lines to write on, on paper."""
LINES_OF_FIRST, LINES = 15, 18
"""So many lines stand on a sheet of A4, below the title of the first."""

_MEAL = """
select m.*, p.name as place_name, r.name as room_name from meal m join place p on p.id = m.place_id
left join room r on r.id = m.room_id where m.id = {}
"""
_PARTS = """
select b.id, b.member_id, coalesce(m.name, b.first_name) as name, b.walk_in, b.price_cents, b.own, b.give, b.fair_cents,
       p.state, p.seats, p.children, p.attended_at,
       (select coalesce(sum(l.cents), 0) from pot_line l where l.booking_id = b.id and l.kind = {}) as left_cents
from booking b join booking_part p on p.booking_id = b.id left join member m on m.id = b.member_id
where b.meal_id = {} and p.state in ('waiting', 'offered', 'held', 'confirmed', 'attended') order by b.id, p.id
"""


@dataclass(frozen=True, slots=True)
class Guest:
    """One booking at the door."""

    id: int
    name: str
    hint: str
    """Of somebody without an account, or who came without having booked."""
    to_come: int
    came: int
    waits: int
    """Seats that they wait for, or that are kept for them."""
    lets_in: int
    """Of those, how many there are for them now."""
    children: int
    envelope: bool
    """Something is to be put into an envelope."""
    words: str
    paid_words: str
    came_words: str
    once: str
    error: Text | None = None


@dataclass(frozen=True, slots=True)
class DoorPage:
    """The list, for whoever is at the door."""

    id: int
    title: str
    when_words: str
    state: str
    came: int
    expected: int
    count_words: str
    free: int
    free_words: str
    query: str
    to_come: Sequence[Guest]
    inside: Sequence[Guest]
    waiting: Sequence[Guest]
    seat_options: Sequence[Option]
    child_options: Sequence[Option]
    once: str
    fault: Text | None = None
    """What is the matter with a form of a booking that is not on the list: said above it."""
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TicketAtDoor:
    """One ticket that was scanned."""

    meal_id: int
    title: str
    when_words: str
    guest: Guest | None
    why_not: Text | None
    href: str
    """The list."""


@dataclass(frozen=True, slots=True)
class OwnTicket:
    """It was scanned by whose it is."""

    href: str


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A booking on paper: a box for each seat; a line to write on has no name."""

    name: str
    boxes: range
    words: str
    paid_words: str


@dataclass(frozen=True, slots=True)
class DoorSheet:
    """The list on A4."""

    id: int
    title: str
    when_words: str
    state: str
    sheets: Sequence[Sequence[SheetLine]]
    waiting: Sequence[str]
    count_words: str
    free_words: str
    black: bool
    other_ink: str


# ---------------------------------------------------------------------------------------------------------------- codes


def ticket_code(booking_id: int, *, secret_key: str) -> str:
    """What the QR code of a ticket says: its number, and letters that nobody guesses. Nothing is stored."""
    digest = hmac.digest(secret_key.encode(), b"ticket:%d" % booking_id, "sha256")
    return f"{booking_id}-{b32encode(digest).decode().lower()[:CODE_LETTERS]}"


def read_ticket_code(code: str, *, secret_key: str) -> int | None:
    """The booking that this code is of, if it is one."""
    number, _, letters = code.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 10 and letters.isascii()):
        return None
    right = ticket_code(int(number), secret_key=secret_key)
    return int(number) if hmac.compare_digest(right, code.lower()) else None


# -------------------------------------------------------------------------------------------------------------- reading


async def door_page(
    meal_id: int,
    *,
    visit: Visit,
    query: str = "",
    wrong: tuple[int, Text] | None = None,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> DoorPage:
    """The list of this meal. `wrong` is what is the matter with a form of a booking. Raises `NotFound`, `Forbidden`
    with why."""
    row, standing, _ = await _at_the_door(meal_id, visit)
    lang = language(visit.language)
    guests = await _guests(row, standing, lang)
    shown = [guest for guest in guests if name_key(query) in name_key(guest.name)]
    fault = None
    if wrong is not None:
        at_fault, why = wrong
        fault = why if all(guest.id != at_fault for guest in shown) else None
        shown = [_with(guest, why) if guest.id == at_fault else guest for guest in shown]
    came = sum(guest.came for guest in guests)
    expected = came + sum(guest.to_come for guest in guests)
    most = min(MOST_SEATS, standing.free)
    return DoorPage(
        id=meal_id,
        title=row["title"],
        when_words=_when(row, lang),
        state=row["state"],
        came=came,
        expected=expected,
        count_words=lang.say(_count(came, expected)),
        free=standing.free,
        free_words=lang.say(_free(standing.free)),
        query=query,
        to_come=[guest for guest in shown if guest.to_come],
        inside=[guest for guest in shown if guest.came],
        waiting=[guest for guest in shown if guest.waits],
        seat_options=[(str(n), lang.say(text_n("%(n)s place", "%(n)s places", n))) for n in range(1, most + 1)],
        child_options=[("0", lang.say(text("aucun"))), *((str(n), str(n)) for n in range(1, most))],
        once=secrets.token_hex(16),
        fault=fault,
        values=values or {},
        errors=errors or {},
    )


async def ticket_at_door(booking_id: int, *, visit: Visit) -> TicketAtDoor | OwnTicket:
    """A ticket that was scanned, for whoever is at the door of its meal; whose it is is led to it. Raises `NotFound`
    for everybody else."""
    found = await run("select meal_id, member_id, booked_by from booking where id = {}", booking_id)
    if not found or visit.member is None:
        raise NotFound
    mine = visit.member.id == (found[0]["member_id"] or found[0]["booked_by"])
    meal_id, lang = found[0]["meal_id"], language(visit.language)
    try:
        row, standing, _ = await _at_the_door(meal_id, visit)
    except Forbidden as why:
        if mine:
            return OwnTicket(f"/reservations/{booking_id}")
        if why.reason is MealRefusal.ONLY_DOOR:
            raise NotFound from None
        raise
    except NotFound:
        if mine:
            return OwnTicket(f"/reservations/{booking_id}")
        raise
    guests = await _guests(row, standing, lang)
    guest = next((each for each in guests if each.id == booking_id), None)
    why_not = None
    if guest is None:
        why_not = text("Ces places ont été annulées.")
    elif not guest.to_come and not guest.waits:
        why_not = text("Déjà là : cette réservation est cochée en entier.") if guest.came else None
        if why_not is None:
            why_not = text("Le paiement par carte n’est pas encore arrivé.")
    return TicketAtDoor(meal_id, row["title"], _when(row, lang), guest, why_not, f"/repas/{meal_id}/accueil")


async def door_sheet(meal_id: int, *, visit: Visit, black: bool = False) -> DoorSheet:
    """The list on A4. Raises `NotFound`, `Forbidden`."""
    row, standing, who = await _meal(meal_id, visit)
    now = visit.now
    if not door_rules.may_read_sheet(standing, who, night=night_of(row), now=now):
        raise Forbidden(
            door_rules.why_not_at_the_door(standing, who, night=night_of(row), now=now) or MealRefusal.ONLY_DOOR
        )
    lang = language(visit.language)
    guests = await _guests(row, standing, lang)
    coming = [guest for guest in guests if guest.to_come or guest.came]
    expected = sum(guest.to_come + guest.came for guest in coming)
    blank = SheetLine("", range(1), "", lang.say(text("Enveloppe")))
    lines = [
        SheetLine(guest.name, range(guest.to_come + guest.came), _children(guest.children, lang), guest.paid_words)
        for guest in coming
    ]
    path = f"/repas/{meal_id}/accueil/feuille"
    return DoorSheet(
        id=meal_id,
        title=row["title"],
        when_words=_when(row, lang),
        state=row["state"],
        sheets=_on_sheets([*lines, *[blank] * min(BLANKS, standing.free)]),
        waiting=[guest.name for guest in guests if guest.waits],
        count_words=lang.say(text_n("%(n)s personne attendue", "%(n)s personnes attendues", expected)),
        free_words=lang.say(_free(standing.free)),
        black=black,
        other_ink=path if black else f"{path}?encre=noir",
    )


def _on_sheets(lines: Sequence[SheetLine]) -> list[Sequence[SheetLine]]:
    """At least one, however few there are."""
    first, others = lines[:LINES_OF_FIRST], lines[LINES_OF_FIRST:]
    return [first, *(others[start : start + LINES] for start in range(0, len(others), LINES))]


async def _at_the_door(meal_id: int, visit: Visit) -> tuple[Row, Standing, DoorWho]:
    row, standing, who = await _meal(meal_id, visit)
    reason = door_rules.why_not_at_the_door(standing, who, night=night_of(row), now=visit.now)
    if reason is not None:
        raise Forbidden(reason)
    return row, standing, who


async def _meal(meal_id: int, visit: Visit) -> tuple[Row, Standing, DoorWho]:
    rows = await run(_MEAL, meal_id)
    if not rows or visit.member is None:
        raise NotFound
    who = await door_who(rows[0], visit.member.id, now=visit.now)
    if not who.belongs:
        raise NotFound
    return rows[0], standing_of(rows[0]), who


async def _guests(row: Row, standing: Standing, lang: Language) -> list[Guest]:
    """All bookings that stand, by first name. Two questions, however many there are."""
    parts = await run(_PARTS, PotKind.LEFT.value, row["id"])
    of_booking: dict[int, list[Row]] = defaultdict(list)
    for part in parts:
        of_booking[part["id"]].append(part)
    paid = await checkouts_of(KIND, of_booking)
    called = first_names({booking_id: mine[0]["name"] or "" for booking_id, mine in of_booking.items()})
    guests = []
    for booking_id, mine in of_booking.items():
        charged = sum(each.amount_cents - each.refunded_cents for each in paid[booking_id] if each.state is State.PAID)
        name = called[booking_id] or lang.say(text("Quelqu’un"))
        guests.append(_guest(booking_id, name, mine, charged, standing, lang))
    return sorted(guests, key=lambda guest: (name_key(guest.name), guest.id))


def _guest(booking_id: int, name: str, mine: list[Row], charged: int, standing: Standing, lang: Language) -> Guest:
    def seats(*states: PartState) -> int:
        return sum(part["seats"] for part in mine if part["state"] in states)

    to_come, came = seats(PartState.CONFIRMED), seats(PartState.ATTENDED)
    offered, waits = seats(PartState.OFFERED), seats(PartState.WAITING)
    children = sum(part["children"] for part in mine if part["state"] in (PartState.CONFIRMED, PartState.ATTENDED))
    coming = sum(part["children"] for part in mine if part["state"] == PartState.CONFIRMED)
    theirs = to_come + came
    envelope = due_of(mine[0], theirs) + int(mine[0]["left_cents"]) > charged if theirs else True
    since = max((part["attended_at"] for part in mine if part["attended_at"]), default=None)
    return Guest(
        id=booking_id,
        name=name,
        hint=lang.say(_hint(mine[0])) if mine[0]["member_id"] is None else "",
        to_come=to_come,
        came=came,
        waits=offered + waits,
        lets_in=min(offered + waits, offered + standing.free),
        children=children,
        envelope=envelope,
        words=_seats_words(to_come, coming, came=came, lang=lang),
        paid_words=lang.say(text("Enveloppe") if envelope else text("Réglé")),
        came_words=lang.say(_came(came, theirs, since, lang)) if came else "",
        once=secrets.token_hex(16),
    )


def _with(guest: Guest, error: Text) -> Guest:
    return Guest(**{name: getattr(guest, name) for name in Guest.__slots__ if name != "error"}, error=error)


def first_names(names: Mapping[int, str]) -> dict[int, str]:
    """By first name; two of one first name with the first letter of their family name, and whole if that is one letter
    too."""
    found = {key: (name.split() or [""])[0] for key, name in names.items()}
    for longer in (_with_initial, lambda name: name):
        several = _several(found.values())
        found = {key: longer(names[key]) if name_key(short) in several else short for key, short in found.items()}
    return found


def _several(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(name_key(each) for each in names).items() if count > 1}


def _with_initial(name: str) -> str:
    words = name.split()
    return f"{words[0]} {words[-1][0]}." if len(words) > 1 else name


# -------------------------------------------------------------------------------------------------------------- wording


def _when(row: Row, lang: Language) -> str:
    where = f", {row['room_name']}" if row["room_name"] else ""
    return f"{capital(lang.day(row['starts_at']))}, {lang.hour(row['starts_at'])}{where}"


def _hint(row: Row) -> Text:
    return text("sans réservation") if row["walk_in"] else text("sans compte")


def _seats_words(to_come: int, children: int, *, came: int, lang: Language) -> str:
    if not to_come or (to_come, came, children) == (1, 0, 0):  # most are one person: that is not said each time
        return ""
    words = (
        text_n("Encore %(n)s personne", "Encore %(n)s personnes", to_come)
        if came
        else text_n("%(n)s personne", "%(n)s personnes", to_come)
    )
    return ", ".join(part for part in (lang.say(words), _children(children, lang)) if part)


def _children(children: int, lang: Language) -> str:
    return lang.say(text_n("dont %(n)s enfant", "dont %(n)s enfants", children)) if children else ""


def _came(came: int, theirs: int, since: datetime | None, lang: Language) -> Text:
    hour = lang.hour(since) if since is not None else ""
    if came < theirs:
        return text("%(came)s sur %(all)s, à %(hour)s", came=came, all=theirs, hour=hour)
    if came == 1:
        return text("À %(hour)s", hour=hour)
    return text_n("%(n)s personne, à %(hour)s", "%(n)s personnes, à %(hour)s", came, hour=hour)


def _count(came: int, expected: int) -> Text:
    return text("%(came)s sur %(expected)s à table", came=came, expected=expected)


def _free(free: int) -> Text:
    return text_n("Il reste %(n)s place.", "Il reste %(n)s places.", free) if free else text("C’est complet.")
