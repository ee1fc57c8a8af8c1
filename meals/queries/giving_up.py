"""The question before seats are given up: who has them then, and what becomes of what was paid for them."""

from __future__ import annotations

from dataclasses import dataclass

from app.i18n import Text, language, text, text_n
from app.identity.visits import Visit
from meals import views_card, views_ticket
from meals.queries.card import money_of
from meals.queries.ticket import TicketPage, shown_booking, ticket_page
from meals.states import Payment


@dataclass(frozen=True, slots=True)
class GiveUpPage:
    """Are you sure? Asked on a page of its own."""

    id: int
    title: str
    when_words: str
    question: str
    words: str
    yes: str
    no: str
    seats: int | None
    """So many, where the others stay; none for all."""
    had: int
    once: str
    leave_words: str = ""
    """Beside giving back what was paid by card: it may be left to the pot."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked before seats are given up, what becomes of them then, and the two answers."""

    question: Text
    words: tuple[Text, ...]
    yes: Text
    no: Text


def _asked(page: TicketPage, seats: int | None) -> _Asked:
    """Before all is given up, or `seats` of those that are theirs."""
    if seats is not None:
        return _Asked(
            views_ticket.give_back_question(seats),
            (views_ticket.whose_then(seats),),
            text_n("Oui, je rends une place", "Oui, je rends %(n)s places", seats),
            text_n("Non, je garde ma place", "Non, je garde mes places", page.seats),
        )
    if page.may.cancel and page.not_yet < page.had:
        name = page.for_whom
        return _Asked(
            views_ticket.give_up_question(name, page.had),
            (views_ticket.whose_then(page.had),),
            text("Oui, j’annule pour %(name)s", name=name) if name else text("Oui, j’annule ma réservation"),
            text("Non, %(name)s vient", name=name)
            if name
            else text_n("Non, je garde ma place", "Non, je garde mes places", page.had),
        )
    if page.offered:
        others = page.not_yet - page.offered
        return _Asked(
            text_n(
                "Tu laisses la place gardée pour toi ?", "Tu laisses les %(n)s places gardées pour toi ?", page.offered
            ),
            (views_ticket.whose_then(page.offered), *([text("Tu n’attends plus les autres.")] if others else ())),
            text_n("Oui, je laisse la place", "Oui, je laisse les %(n)s places", page.offered),
            text_n("Non, je la garde", "Non, je les garde", page.offered),
        )
    return _Asked(
        text("Tu n’attends plus ?"),
        (text("Ta place sur la liste va à la personne suivante."),),
        text("Oui, je quitte la liste"),
        text("Non, j’attends encore"),
    )


async def give_up_page(booking_id: int, *, visit: Visit, seats: int | None = None) -> GiveUpPage | None:
    """The question before everything is given up, or so many `seats` that were paid for; none where there is nothing
    to give up any more. Raises `NotFound`."""
    page = await ticket_page(booking_id, visit=visit)
    if not (page.may.cancel or page.may.stop_waiting):
        return None
    if seats is not None and not (page.may.give_one and page.may.give_one_asks and seats < page.seats):
        return None
    lang, asked = language(visit.language), _asked(page, seats)
    words = [lang.say(each) for each in asked.words]
    if page.paying is not None:
        words.append(lang.say(text("Si tu viens de payer, tout t’est rendu.")))
    row, own = await shown_booking(booking_id, visit)
    over = 0
    if own and page.may.cancel and row["payment"] == Payment.CARD:
        over = (await money_of(row, 0 if seats is None else page.seats - seats)).over
    if over:
        words.append(views_card.comes_back(over, lang))
    return GiveUpPage(
        id=booking_id,
        title=page.title,
        when_words=page.when_words,
        question=lang.say(asked.question),
        words=" ".join(words),
        yes=lang.say(asked.yes),
        no=lang.say(asked.no),
        seats=seats if seats is not None else None if page.may.cancel else page.not_yet,
        had=page.had,
        once=page.once,
        leave_words=views_card.leave_words(over, lang) if over else "",
    )
