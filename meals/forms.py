"""Reading the forms of bookings: raw text in; a wish, or one sentence for each field, out.

Bounds and prices are judged here, so that a fault stands beside its field. What depends on seats, people or the hour
is asked of `rules` by the commands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.i18n import Text, text
from app.web.forms import Fields, Form, clean_line
from meals import rules
from meals.rules import Prices, Wish
from meals.states import Diet, Payment
from meals.views import BookingRead


def read_booking(form: Form, prices: Prices, *, asked: Collection[Diet]) -> BookingRead:
    """`seats`, `children`, `together`, `price_cents`, `payment`, `give`, `take`, `team`, `diet` (several) with
    `people_…` of each. What is not sent is one seat at the fair price, paid on site; whether a card is taken is asked
    of `rules`. `asked` are the diets that the
    menu conflicts with: another is passed over, since nothing there is against it (any more). `version` is the meal's
    as it was read beside the form."""
    fields = Fields(form)
    seats, children = _read_seats(fields)
    price = _read_price(fields, prices)
    payment = _read_payment(fields)
    give = _whole(fields, "give", least=0, most=rules.MOST_SEATS, otherwise=0)
    diets = _read_diets(form, fields, seats, asked)
    team = fields.box("team")
    wish = None
    if not fields.errors:
        wish = Wish(
            seats=seats,
            price_cents=price,
            payment=payment,
            children=children,
            together=fields.box("together") and seats > 1,
            give=give,
            suspended=fields.box("take") and not team,
            team=team,
        )
    return BookingRead(fields.values, fields.errors, wish, frozenset(form.all("diet")), diets, version=_version(form))


def read_guest(form: Form, prices: Prices) -> BookingRead:
    """`first_name`, `seats`, `children`, `version`, `once` of somebody without an account. What they pay is between
    them and the envelope: the fair price stands."""
    fields = Fields(form)
    name = fields.line("first_name", longest=40, required=text("Écris son prénom."))
    seats, children = _read_seats(fields)
    wish = None if fields.errors else Wish(seats=seats, price_cents=prices.fair, children=children)
    return BookingRead(fields.values, fields.errors, wish, first_name=name, version=_version(form), once=_once(form))


@dataclass(frozen=True, slots=True)
class ChoiceRead:
    """What is not eaten, and whether one's own seat is the team's, a suspended meal, or none any more: after having
    booked."""

    values: dict[str, str]
    errors: dict[str, Text]
    team: bool
    take: bool
    pay: bool
    chosen: frozenset[str]
    diets: dict[Diet, int]


def read_choice(form: Form, *, seats: int, asked: Collection[Diet]) -> ChoiceRead:
    """`team`, `take`, `pay`, `diet` (several) with `people_…` of each, as `read_booking` has them."""
    fields = Fields(form)
    diets = _read_diets(form, fields, seats, asked)
    team, take, pay = (fields.box(name) for name in ("team", "take", "pay"))
    return ChoiceRead(fields.values, fields.errors, team, take, pay, frozenset(form.all("diet")), diets)


@dataclass(frozen=True, slots=True)
class TickRead:
    """A line of the door's list that was pressed."""

    booking_id: int
    seats: int
    seen: int
    once: str
    from_list: bool
    errors: dict[str, Text]


def read_tick(form: Form) -> TickRead:
    """`booking`, `seats` (how many come in now), `seen` (how many were in), `once`; `from_list` of whoever waits."""
    fields = Fields(form)
    seats = _whole(fields, "seats", least=1, most=rules.MOST_SEATS, otherwise=1)
    seen = _whole(fields, "seen", least=0, most=rules.MOST_SEATS, otherwise=0)
    booking = _whole(fields, "booking", least=1, most=2_000_000_000, otherwise=0)
    if not booking:
        fields.fault("booking", text("On ne trouve pas ce billet. Cherche le prénom dans la liste."))
    return TickRead(booking, seats, seen, _once(form), fields.box("from_list"), fields.errors)


@dataclass(frozen=True, slots=True)
class WalkInRead:
    """Somebody who comes without having booked."""

    values: dict[str, str]
    errors: dict[str, Text]
    name: str
    seats: int
    children: int
    once: str


def read_walk_in(form: Form) -> WalkInRead:
    """`name` (may be empty), `seats`, `children`, `once`."""
    fields = Fields(form)
    name = fields.line("name", longest=40)
    seats, children = _read_seats(fields)
    return WalkInRead(fields.values, fields.errors, name, seats, children, _once(form))


def _version(form: Form) -> int | None:
    raw = clean_line(form.get("version", ""))
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None


@dataclass(frozen=True, slots=True)
class SeatsRead:
    """How many seats something is about, and what is wrong with it."""

    values: dict[str, str]
    errors: dict[str, Text]
    seats: int | None
    """None: all of them."""
    children: int = 0
    had: int | None = None
    """How many there were where the form was read."""
    leave: bool = False
    once: str = ""
    """What tells this form from others."""


def read_seats(form: Form, *, required: bool = False) -> SeatsRead:
    """`seats` (all when empty, unless `required`), `children`, `had`, `leave`, `once`."""
    fields = Fields(form)
    seats = fields.whole(
        "seats",
        least=1,
        most=rules.MOST_SEATS,
        required=text("Choisis combien de places.") if required else None,
        too_few=text("Il faut au moins une place."),
        too_many=text("Pas plus de six places par réservation."),
    )
    children = _whole(fields, "children", least=0, most=rules.MOST_SEATS, otherwise=0)
    if seats is not None and children > seats:
        fields.fault("children", text("Il y a plus d’enfants que de places. Ajoute des places, ou vérifie le nombre."))
    raw = clean_line(form.get("had", ""))
    had = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 4 else None
    return SeatsRead(fields.values, fields.errors, seats, children, had, fields.box("leave"), _once(form))


def _once(form: Form) -> str:
    return clean_line(form.get("once", ""))[:64]


def _whole(fields: Fields, name: str, *, least: int, most: int, otherwise: int) -> int:
    found = fields.whole(name, least=least, most=most)
    return otherwise if found is None else found


def _read_seats(fields: Fields) -> tuple[int, int]:
    seats = fields.whole(
        "seats",
        least=1,
        most=rules.MOST_SEATS,
        too_few=text("Il faut au moins une place."),
        too_many=text("Pas plus de six places par réservation."),
    )
    children = _whole(fields, "children", least=0, most=rules.MOST_SEATS, otherwise=0)
    if "seats" not in fields.errors and children >= (seats or 1):
        fields.fault("children", text("Un enfant vient avec un adulte : garde au moins une place d’adulte."))
    return seats or 1, children


def _read_price(fields: Fields, prices: Prices) -> int:
    known = {str(cents): cents for cents in prices.all}
    raw = clean_line(fields.form.get("price_cents", ""))
    if raw and raw not in known:
        fields.fault("price_cents", text("Ce prix n’est pas un de ceux du repas. Choisis-en un."))
    return known.get(raw, prices.fair)


def read_payment(form: Mapping[str, str]) -> Payment | None:
    """How they pay; on site where nothing is said, none for what is neither."""
    raw = clean_line(form.get("payment", "")) or Payment.ON_SITE.value
    return Payment(raw) if raw in set(Payment) else None


def _read_payment(fields: Fields) -> Payment:
    payment = read_payment(fields.form)
    if payment is None:
        fields.fault("payment", text("Choisis comment tu paies : sur place, ou par carte."))
    return payment or Payment.ON_SITE


def _read_diets(form: Form, fields: Fields, seats: int, asked: Collection[Diet]) -> dict[Diet, int]:
    found = {}
    for raw in form.all("diet"):
        if raw not in set(Diet):
            fields.fault("diet", text("Choisis dans la liste."))
            continue
        name = f"people_{raw}"
        written = clean_line(form.get(name, ""))
        people = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else 0 if written else 1
        if people < 1:
            fields.fault("diet", text("Choisis pour combien de personnes."))
        elif people > seats:
            fields.fault("diet", text("Il y a plus de personnes que de places. Vérifie les nombres."))
        elif Diet(raw) in asked:
            found[Diet(raw)] = people
    return found
