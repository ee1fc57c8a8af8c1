"""What the pages of meals and bookings show: frozen dataclasses, and the sentences that say how things stand.

Pure: rows come from `queries`, permissions from `rules`. Everything here is already said in the reader's language, so
that a template only places it. No price of anybody is among it, but for one's own choice on its own page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.i18n import Language, Text, capital, text, text_n
from meals import kitchen, rules
from meals.kitchen import DishFacts
from meals.labels import ALLERGEN_NAMES
from meals.rules import Standing, Who, Wish
from meals.states import Diet, MealState
from meals.views_card import Choice
from meals.views_form import BookingForm
from meals.views_team import Team

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class BookingRead:
    """The form of a booking as it was sent: what to show again, what is wrong, and the wish when nothing is."""

    values: dict[str, str]
    errors: dict[str, Text]
    wish: Wish | None
    chosen: frozenset[str] = frozenset()
    """Diets that were ticked."""
    diets: Mapping[Diet, int] = field(default_factory=dict)
    first_name: str = ""
    version: int | None = None
    """Of the meal, as it was read beside the form; none from a program that read no form."""
    once: str = ""
    """What tells this form from others, for somebody without an account."""


@dataclass(frozen=True, slots=True)
class Banner:
    """A word above everything: cancelled, over, in doubt."""

    tone: str
    strong: str
    words: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class DishLine:
    """A dish of the menu."""

    name: str
    instead: str


@dataclass(frozen=True, slots=True)
class AllergenLine:
    """An allergen on the menu, and in which dishes."""

    allergen: str
    name: str
    dishes: str


@dataclass(frozen=True, slots=True)
class OtherMeal:
    """Another meal of the same week."""

    id: int
    title: str
    day: str
    taken: int
    seats: int
    seats_left: int
    words: str
    full: bool


@dataclass(frozen=True, slots=True)
class MealPanel:
    """How things stand between the reader and the seats: one heading, at most one main act."""

    title: str
    icon: str = ""
    lines: Sequence[str] = ()
    mine: bool = False
    seated: int = 0
    """How many seats of the drawing are the reader's."""
    state: str = ""
    """Of the reader's own seats, for programs."""
    rank: int = 0
    sign_in: bool = False
    offer: bool = False
    take_over: str = ""
    """Words of the button that takes seats which are handed over."""


@dataclass(frozen=True, slots=True)
class GuestLine:
    """Somebody without an account whom the reader booked for."""

    id: int
    name: str
    seats: str
    frees: bool


@dataclass(frozen=True, slots=True)
class MealMay:
    """Which ways lead on from the page: each answer comes from a rule."""

    edit: bool = False
    cancel: bool = False
    go_ahead: bool = False
    duplicate: bool = False
    kitchen: bool = False
    bring_guest: bool = False
    let_go: bool = False
    take_on: bool = False
    count: bool = False
    """Its box."""
    door: bool = False
    """Tick people in."""
    door_sheet: bool = False
    """The same on paper."""


@dataclass(frozen=True, slots=True, eq=False)
class Menu:
    """What is eaten, where and when. It is drawn once for all who read the same: what makes it gives them the same one,
    which is not compared word for word with each page."""

    about: str
    dishes: tuple[DishLine, ...]
    allergens: tuple[AllergenLine, ...]
    no_allergens: str
    """Said where the menu has dishes and none of the fourteen."""
    undeclared: str
    """Said where nobody wrote down what a dish holds."""
    facts: tuple[Fact, ...]
    ics: str


@dataclass(frozen=True, slots=True)
class MealPage:
    """The page of one meal, for one reader."""

    id: int
    title: str
    state: str
    day: str
    when_words: str
    banner: Banner | None
    menu: Menu
    seats: int
    taken: int
    seats_left: int
    panel: MealPanel
    form: BookingForm | None
    team: Team | None
    may: MealMay
    others: tuple[OtherMeal, ...]
    version: int
    """What forms about it say they were read from."""
    reread: bool = False
    """The meal is not as it was read: what matters of it stands beside the form."""
    to_declare: Sequence[tuple[int, str]] = ()
    """For whoever may change it: dishes of which nobody wrote down what they hold."""
    accounts_href: str = ""
    """What it came to, for members, once it is over."""
    ticket: str = ""
    """Address of the reader's own booking."""
    booking_id: int = 0
    offers: Sequence[str] = ()
    """By which keys the seats that are kept for the reader are answered."""
    payments: Sequence[Choice] = ()
    """The ways to pay for them, where there are several."""
    guests: Sequence[GuestLine] = ()
    kept_guests: Sequence[GuestLine] = ()
    """For whoever opened it or keeps the place: those whom others booked for."""
    to_count: bool = False
    """For whoever has the till: the meal is over, and its box is not counted."""
    overlap: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    """Diets that were ticked, when the form is shown again."""
    errors: Mapping[str, Text] = field(default_factory=dict)
    guest_values: Mapping[str, str] = field(default_factory=dict)
    guest_errors: Mapping[str, Text] = field(default_factory=dict)

    @property
    def guest_once(self) -> str:
        """What tells the form for somebody without an account from another of them: anew whenever it is drawn, from a
        page that was kept as well."""
        return secrets.token_hex(16)


def seats_words(left: int, seats: int, waiting: int, lang: Language) -> str:
    """« Il reste 5 places sur 24 », « Complet. 6 places demandées en liste d’attente »: seats, not people."""
    if left:
        return lang.say(
            text_n("Il reste %(n)s place sur %(all)s", "Il reste %(n)s places sur %(all)s", left, all=seats)
        )
    if waiting:
        return lang.say(
            text_n(
                "Complet. %(n)s place demandée en liste d’attente",
                "Complet. %(n)s places demandées en liste d’attente",
                waiting,
            )
        )
    return lang.say(text("Complet"))


def allergen_lines(dishes: Sequence[DishFacts], lang: Language) -> list[AllergenLine]:
    """« Gluten (pain, tarte) »."""
    return [
        AllergenLine(each.value, capital(lang.gettext(ALLERGEN_NAMES[each])), ", ".join(names))
        for each, names in kitchen.allergens_of(dishes).items()
    ]


def meat_words(dishes: Sequence[DishFacts], lang: Language) -> Fact | None:
    """What whoever eats no meat, or no pork, wants to know first; nothing of an empty menu."""
    if not dishes:
        return None
    without, pork = lang.say(text("Sans viande")), lang.say(text("Porc"))
    meaty = [dish for dish in dishes if kitchen.conflicts(Diet.NO_MEAT, dish)]
    instead = kitchen.replaced(dishes)
    if not meaty and not instead:
        return "leaf", without, lang.say(text("Tout le repas."))
    porky = [dish.name for dish in dishes if dish.pork]
    if porky:
        return "alert-triangle", pork, lang.say(text("Il y en a : %(dishes)s.", dishes=", ".join(porky)))
    others = [dish.name for dish in dishes if dish not in meaty]
    if kitchen.undeclared(dishes):
        known = text("%(dishes)s. Pour le reste, pas encore noté.", dishes=", ".join(others))
        return "leaf", without, lang.say(known if others else text("Pas encore noté."))
    if instead:
        known = text("%(dishes)s. Pour ce qui est fait à la place, pas encore noté.", dishes=tuple(others))
        return "leaf", without, lang.say(known if others else text("Pour ce qui est fait à la place, pas encore noté."))
    said = text("%(dishes)s. Pas de porc.", dishes=", ".join(others)) if others else text("Rien. Pas de porc.")
    return "leaf", without, lang.say(said)


def panel_of(standing: Standing, who: Who | None, *, handed: int, now: datetime, lang: Language) -> MealPanel:
    """The heading beside the drawing of the seats, what it means for the reader, and what they may do at once."""
    say = lang.say
    if standing.state is MealState.CANCELLED:
        return MealPanel(say(text("Ce repas n’a pas lieu")), "ban")
    if standing.state is MealState.SERVED or now >= standing.ends_at:
        return MealPanel(say(text_n("%(n)s place à table", "%(n)s places à table", standing.taken)))
    if who is not None and who.booked:
        return _own_panel(standing, who, handed=handed, now=now, lang=lang)
    free = standing.free
    title = seats_words(free, standing.seats, standing.waiting, lang)
    reason = rules.why_cannot_book(standing, now=now)
    if reason is not None:
        closed = say(text("Les réservations sont closes depuis %(when)s.", when=standing.closes_at))
        return MealPanel(title, lines=[closed])
    if who is None:
        return MealPanel(title, sign_in=True)
    if not who.on_team:
        return MealPanel(title)
    team = (
        text("Tu es de l’équipe : réserve ta place, ton repas est compris.")
        if free
        else text("Tu es de l’équipe : ton repas est compris. Mets-toi en attente d’une place.")
    )
    return MealPanel(title, lines=[say(team)])


def until_words(offered: int, until: datetime, lang: Language) -> str:
    """Until when so many seats are kept for the reader, and whose they are then."""
    return lang.say(
        text_n(
            "Dis oui avant %(until)s. Après, elle va à la personne suivante.",
            "Dis oui avant %(until)s. Après, elles vont à qui attend ensuite.",
            offered,
            until=until,
        )
    )


def _own_panel(standing: Standing, who: Who, *, handed: int, now: datetime, lang: Language) -> MealPanel:
    say = lang.say
    if who.offered and who.offer_until is not None:
        return MealPanel(
            say(text_n("%(n)s place est pour toi", "%(n)s places sont pour toi", who.offered)),
            "hand-stop",
            [until_words(who.offered, who.offer_until, lang)]
            + ([_seats_of(who.confirmed, lang)] if who.confirmed else []),
            mine=True,
            seated=who.confirmed + who.offered,
            state="offered",
            offer=True,
        )
    if who.held:
        to_pay = text("Il reste à payer par carte : c’est sur ton billet.")
        return MealPanel(
            say(text_n("Ta place est gardée", "Tes %(n)s places sont gardées", who.held)),
            "credit-card",
            ([_seats_of(who.confirmed, lang)] if who.confirmed else []) + [say(to_pay)],
            mine=True,
            seated=who.confirmed + who.held,
            state="held",
        )
    lines = []
    if who.waits:
        lines.append(waiting_words(who.waits, who.rank, lang))
    closed = rules.why_cannot_book(standing, now=now) is not None
    take_over = ""
    if who.waits and rules.why_cannot_take_over(standing, who, handed, now=now) is None:
        there = rules.takeable(standing, who, handed)
        lines.append(
            say(
                text_n(
                    "%(n)s place est à prendre. Elle va à qui la prend en premier.",
                    "%(n)s places sont à prendre. Elles vont à qui les prend en premier.",
                    there,
                )
            )
        )
        take_over = say(text_n("Je prends la place", "Je prends %(n)s places", there))
    if who.confirmed:
        return MealPanel(
            _seats_of(who.confirmed, lang),
            "check",
            [*lines, say(text("C’est dans tes rendez-vous. Si l’heure change, on te le dit."))],
            mine=True,
            seated=who.confirmed,
            state="confirmed",
            rank=who.rank,
            take_over=take_over,
        )
    if not closed:
        lines.append(say(text("Si une place se libère, on te prévient, dans l’ordre d’arrivée.")))
    elif not take_over:
        lines.append(say(text("C’est clos, mais quelqu’un peut encore passer sa place : on te préviendrait.")))
    return MealPanel(
        say(text("Tu es en liste d’attente")),
        "hourglass",
        lines,
        mine=True,
        state="waiting",
        rank=who.rank,
        take_over=take_over,
    )


def _seats_of(seats: int, lang: Language) -> str:
    return lang.say(text_n("Tu as ta place", "Tu as %(n)s places", seats))


def waiting_words(waits: int, rank: int, lang: Language) -> str:
    """« Tu attends 2 places. Il y a 3 réservations avant toi. »."""
    waits_for = text_n("Tu attends %(n)s place.", "Tu attends %(n)s places.", waits)
    if rank <= 1:
        return lang.say(text("%(waits)s Tu es en tête de la liste.", waits=waits_for))
    before = text_n("Il y a %(n)s réservation avant toi.", "Il y a %(n)s réservations avant toi.", rank - 1)
    return lang.say(text("%(waits)s %(before)s", waits=waits_for, before=before))


def banner_of(
    standing: Standing, reason: str, *, named: bool, answers: bool = False, now: datetime, lang: Language
) -> Banner | None:
    """What to know first. The reason of a cancellation is a member's text: for members. Who `answers` for a meal in
    doubt reads what silence does."""
    say = lang.say
    if standing.state is MealState.CANCELLED:
        return Banner("fault", say(text("Ce repas est annulé")), reason if named else "", "ban")
    if standing.state is MealState.SERVED or now >= standing.ends_at:
        return Banner("", say(text("Ce repas est passé")), icon="check")
    if (until := rules.in_doubt(standing, now)) is not None:
        silence = text("Sans réponse avant %(until)s, le repas est annulé.", until=until)
        return Banner(
            "",
            say(text("Il manque du monde en cuisine")),
            say(silence if answers else text("On saura avant %(when)s si le repas a lieu.", when=until)),
            "hourglass",
        )
    return None
