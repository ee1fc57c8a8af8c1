"""What is asked of whoever books: the form of a meal's page, said in the reader's language.

Pure: whether it is there is decided by `rules`, what was sent is read by `forms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.i18n import Language, capital, text, text_n
from meals import kitchen, rules, views_card
from meals.kitchen import DishFacts
from meals.labels import DIET_NAMES
from meals.rules import Prices, Standing, Who
from meals.states import Diet
from meals.views_card import Choice

Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DietBox:
    """Something that whoever books may say they do not eat."""

    value: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class BookingForm:
    """What is asked of whoever books. The form of those who are asked the same is drawn once: what makes it gives them
    the same one, which is not compared word for word with each page."""

    version: int
    """Of the meal as it is read beside the form."""
    waits: bool
    """Nothing is free: they get on the list."""
    seats_hint: str
    price_hint: str
    prices: Sequence[tuple[str, str, str]]
    price: str
    """Preset: the fair one."""
    seats: Sequence[Option]
    children: Sequence[Option]
    pot_title: str
    pot_words: str
    take_words: str
    """Nothing for whoever had one of this meal already."""
    give_words: str
    team_words: str
    payments: Sequence[Choice]
    """The ways to pay, where there are several and something is free."""
    pay_words: str
    """How it is paid, where nothing is to be chosen."""
    diets: Sequence[DietBox]
    hint: str


def booking_form(
    standing: Standing,
    who: Who,
    dishes: Sequence[DishFacts],
    *,
    pot_cents: int,
    suspended_before: bool,
    lang: Language,
) -> BookingForm:
    """What is asked of this member, who may book."""
    return _form(
        standing.version,
        standing.prices,
        standing.closes_at,
        min(rules.MOST_SEATS, standing.seats),
        min(rules.MOST_SEATS, standing.free),
        pot_holds_one=rules.pot_holds_one(balance_cents=pot_cents, fair_cents=standing.prices.fair),
        suspended_before=suspended_before,
        on_team=who.on_team,
        card=standing.card,
        diets=tuple(kitchen.diets_asked(dishes)),
        lang=lang,
    )


@lru_cache(maxsize=500)
def _form(
    version: int,
    prices: Prices,
    closes_at: datetime,
    most: int,
    free: int,
    *,
    pot_holds_one: bool,
    suspended_before: bool,
    on_team: bool,
    card: bool,
    diets: tuple[Diet, ...],
    lang: Language,
) -> BookingForm:
    """All that the form says, from all that it goes by: many are asked the same. `free` seats are one's own at most."""
    say = lang.say
    hint = text("S’il n’y en a pas assez, tu attends le reste.") if 0 < free < rules.MOST_SEATS else None
    if not free:
        hint = text("Si une place se libère, on te prévient, dans l’ordre d’arrivée.")
    return BookingForm(
        version=version,
        waits=not free,
        seats_hint=say(hint) if hint is not None else "",
        price_hint=say(
            text(
                "Le repas coûte %(price)s à faire. C’est le prix de chaque place, enfant ou adulte. À table, personne "
                "ne sait ce que tu paies.",
                price=lang.euros(prices.fair),
            )
        ),
        prices=tuple(price_options(prices, lang)),
        price=str(prices.fair),
        seats=tuple((str(n), say(text_n("%(n)s place", "%(n)s places", n))) for n in range(1, most + 1)),
        children=tuple((str(n), str(n) if n else say(text("aucun"))) for n in range(most)),
        pot_title=say(text("Des repas sont déjà payés") if pot_holds_one else text("La semaine est dure ?")),
        pot_words=say(
            text("Prends-en un, sans expliquer.")
            if pot_holds_one
            else text("Mange sans payer, sans expliquer. On s’arrange.")
        ),
        take_words="" if suspended_before else take_words(pot_holds_one=pot_holds_one, lang=lang),
        give_words=say(text("J’offre un repas, + %(price)s", price=lang.euros(prices.fair))),
        team_words=say(text("Je suis de l’équipe : mon repas est compris, %(price)s", price=lang.euros(0)))
        if on_team
        else "",
        payments=views_card.payments(lang) if card and free > 0 else (),
        pay_words=say(
            text("Quand une place est pour toi, tu choisis : par carte, ou sur place.")
            if card
            else text("Tu paies sur place, dans une enveloppe.")
        ),
        diets=tuple(_diet_box(diet, lang) for diet in diets),
        hint=say(text("Tu peux annuler jusqu’à %(when)s.", when=closes_at)),
    )


def take_words(*, pot_holds_one: bool, lang: Language) -> str:
    """Asked for without a word; it costs nothing where the pot is empty, too."""
    if pot_holds_one:
        return lang.say(text("Je prends un repas suspendu pour ma place, %(price)s", price=lang.euros(0)))
    return lang.say(text("Je mange sans payer, pour ma place : %(price)s", price=lang.euros(0)))


def price_options(prices: Prices, lang: Language) -> list[tuple[str, str, str]]:
    """The three coins: value, price, words. Where a place has the same price twice it is one coin."""
    names = (text("Petit budget"), text("Prix du repas"), text("J’ajoute pour quelqu’un"))
    found: dict[int, str] = {}
    for cents, name in zip(prices.all, names, strict=True):
        found.setdefault(cents, lang.say(name))
    return [(str(cents), lang.euros(cents), name) for cents, name in found.items()]


def prices_words(prices: Prices, lang: Language, *, short: bool = False, card: bool = False) -> str:
    """What a seat costs, for whoever has none yet: « 3 €, 5 € ou 8 €, comme tu peux ; 0 € si tu ne peux pas. »; `short`
    in a list. `card`: it may be paid by card."""
    words = _prices_words(prices, lang, short=short)
    if not card or not any(prices.all):
        return words
    return lang.say(text("%(prices)s Par carte ou sur place.", prices=words if words.endswith(".") else f"{words}."))


def _prices_words(prices: Prices, lang: Language, *, short: bool) -> str:
    say = lang.say
    known = sorted(set(prices.all))
    *some, last = [lang.euros(cents) for cents in known]
    if known == [0]:
        return say(text("Gratuit"))
    amounts = say(text("%(some)s ou %(last)s", some=", ".join(some), last=last)) if some else last
    if some:
        amounts = say(text("%(amounts)s, comme tu peux", amounts=amounts))
    if short or 0 in known:
        return amounts
    return say(text("%(amounts)s ; %(nothing)s si tu ne peux pas.", amounts=amounts, nothing=lang.euros(0)))


def diet_boxes(dishes: Sequence[DishFacts], lang: Language) -> list[DietBox]:
    """Only what this menu conflicts with is asked."""
    return [_diet_box(diet, lang) for diet in kitchen.diets_asked(dishes)]


def _diet_box(diet: Diet, lang: Language) -> DietBox:
    return DietBox(diet.value, capital(lang.gettext(DIET_NAMES[diet])))
