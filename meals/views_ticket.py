"""The words of a ticket that depend on whose it is: one's own, or that of somebody without an account whom one booked
for, who is spoken of by first name; and on whether anybody waits for a seat.

Pure, and said in the reader's language; no amount is among it: a ticket is shown at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.i18n import Language, Text, text, text_n

ToDo = tuple[str, str]
"""Icon and sentence."""


@dataclass(frozen=True, slots=True)
class TicketWords:
    """What stands on its buttons and around them. Hashable."""

    title: str
    cancel: str
    give_one: str
    keep: str
    hand_over: str
    """Its heading, and its button."""
    hand_over_words: str
    choice: str
    to_do: tuple[ToDo, ...]


@lru_cache(maxsize=500)
def ticket_words(name: str, *, somebody_waits: bool, lang: Language) -> TicketWords:
    """`name` is empty on one's own ticket. `somebody_waits`: others are on the list."""
    say = lang.say
    give_one = say(text("Je rends une place"))
    if name:
        passes = (
            text("On prévient les personnes qui attendent. Qui la prend paie sur place, et celle-ci est rendue.")
            if somebody_waits
            else text("Personne n’attend de place en ce moment. Si celle-ci reste vide, dis-le aussi à l’équipe.")
        )
        return TicketWords(
            title=say(text("Le billet pour %(name)s", name=name)),
            cancel=say(text("J’annule pour %(name)s", name=name)),
            give_one=give_one,
            keep=say(text("Finalement, %(name)s vient", name=name)),
            hand_over=say(text("Je passe sa place")),
            hand_over_words=say(passes),
            choice=say(text("Ce que %(name)s ne mange pas", name=name)),
            to_do=(
                ("ticket", say(text("À l’accueil, %(name)s dit son prénom.", name=name))),
                ("mail", say(text("%(name)s paie sur place, dans une enveloppe.", name=name))),
            ),
        )
    passes = (
        text("On prévient les personnes qui attendent. Qui la prend paie sur place, et la tienne est rendue.")
        if somebody_waits
        else text("Personne n’attend de place en ce moment. Si la tienne reste vide, dis-le aussi à l’équipe.")
    )
    paid = text("Sur place, on paie dans une enveloppe. « Ce que je paie » te dit ce qui reste à payer.")
    return TicketWords(
        title=say(text("Mon billet")),
        cancel=say(text("J’annule ma réservation")),
        give_one=give_one,
        keep=say(text("Finalement, je viens")),
        hand_over=say(text("Je passe ma place")),
        hand_over_words=say(passes),
        choice=say(text("Ce que je paie, ce que je ne mange pas")),
        to_do=(("ticket", say(text("À l’accueil, montre cette page, ou dis ton prénom."))), ("mail", say(paid))),
    )


def last_hour(name: str, when: datetime) -> Text:
    """Until when the seats are given back."""
    if name:
        return text("Tu peux annuler pour %(name)s jusqu’à %(when)s.", name=name, when=when)
    return text("Tu peux annuler jusqu’à %(when)s.", when=when)


def counted_in(name: str, *, somebody_waits: bool) -> Text:
    """Bookings are closed, and seats are not given back any more."""
    if name:
        return text("On a fait les courses en comptant %(name)s.", name=name)
    if somebody_waits:
        return text("On a fait les courses en te comptant. Tu ne peux plus venir ? Passe ta place.")
    return text("On a fait les courses en te comptant.")


def in_doubt(until: datetime) -> Text:
    """Too few are there to cook: whether it takes place is said until then."""
    return text("Il manque du monde en cuisine. On te dit avant %(until)s si le repas a lieu.", until=until)


def to_take(name: str, handed: int, *, somebody_waits: bool) -> Text:
    """So many seats are handed over, and nobody took them yet."""
    if not somebody_waits:
        return text_n(
            "%(n)s place est à prendre, mais personne n’attend en ce moment.",
            "%(n)s places sont à prendre, mais personne n’attend en ce moment.",
            handed,
        )
    if name:
        return text_n(
            "%(n)s place est à prendre par qui attend. Tant que personne ne la prend, elle reste à %(name)s.",
            "%(n)s places sont à prendre par qui attend. Tant que personne ne les prend, elles restent à %(name)s.",
            handed,
            name=name,
        )
    return text_n(
        "%(n)s place est à prendre par qui attend. Tant que personne ne la prend, elle reste à toi.",
        "%(n)s places sont à prendre par qui attend. Tant que personne ne les prend, elles restent à toi.",
        handed,
    )


def given_up(name: str) -> Text:
    """Of a booking of which nothing is left."""
    if name:
        return text("Ce qui était réservé est libre pour les autres.")
    return text("Tes places sont libres pour les autres. Pas besoin de te justifier.")


def give_up_question(name: str, seats: int) -> Text:
    """Asked before all is given up."""
    if name:
        return text_n("Tu annules pour %(name)s ?", "Tu annules les %(n)s places pour %(name)s ?", seats, name=name)
    return text_n("Tu annules ta place ?", "Tu annules tes %(n)s places ?", seats)


def give_back_question(seats: int) -> Text:
    """Asked before some seats are given back that were paid for."""
    return text_n("Tu rends une place ?", "Tu rends %(n)s places ?", seats)


def whose_then(seats: int) -> Text:
    """Who has seats that are given up."""
    return text_n(
        "Elle ira à la première personne en attente. Pas besoin de te justifier.",
        "Elles iront à qui attend. Pas besoin de te justifier.",
        seats,
    )


def party(seats: int, children: int) -> Text:
    """« 3 places, dont 1 enfant »: what a booking is for, where children come with it."""
    places = text_n("%(n)s place", "%(n)s places", seats)
    return text_n("%(seats)s, dont %(n)s enfant", "%(seats)s, dont %(n)s enfants", children, seats=places)


def left(name: str, seats: int, children: int, waits: int) -> Text | None:
    """What is left of a booking after some of its seats were given back. `children` are those of all of them."""
    if name:
        plain = text_n("Il reste %(n)s place pour %(name)s.", "Il reste %(n)s places pour %(name)s.", seats, name=name)
        return plain if seats else None
    if waits:
        return text("Tes places : %(seats)s à table, %(waits)s en attente.", seats=seats, waits=waits)
    if not seats:
        return None
    if children:
        return text_n(
            "Il te reste %(seats)s places, dont %(n)s enfant.",
            "Il te reste %(seats)s places, dont %(n)s enfants.",
            children,
            seats=seats,
        )
    return text_n("Il te reste %(n)s place.", "Il te reste %(n)s places.", seats)
