"""What is said about seats that are paid for by card: in time, not in time, too late, and what comes back.

No message says what anybody pays. That somebody paid by card is between them and their bank: these messages are passed
on by nobody (`discreet`).
"""

from __future__ import annotations

from datetime import datetime

from app.i18n import text, text_n
from meals.wording import SEE, Mail

CHOICE = text("Je vois ce que j’ai choisi")
DAYS = text("La banque met cinq à dix jours. Tu n’as rien à faire.")
PAID = text("C’est payé par carte : rien à mettre dans l’enveloppe. À table, personne ne sait ce que tu paies.")
PAID_IN_PART = text(
    "Une partie est payée par carte, le reste va dans l’enveloppe : c’est écrit dans ce que tu as choisi. "
    "À table, personne ne sait ce que tu paies."
)


def not_paid(title: str, starts_at: datetime, *, seats: int, left: int, books: bool) -> Mail:
    """To whoever did not pay in time; `left` are seats that are theirs all the same. `books`: one still can."""
    more = []
    if left:
        more.append(text_n("Tu gardes une place.", "Tu gardes %(n)s places.", left))
    if books:
        more.append(text("Tu peux réserver de nouveau, et payer sur place si tu préfères."))
    return Mail(
        text_n(
            "La place n’est plus gardée : « %(title)s »",
            "Les places ne sont plus gardées : « %(title)s »",
            seats,
            title=title,
        ),
        (
            text_n(
                "Le paiement par carte n’est pas arrivé : la place à « %(title)s », %(starts_at)s, n’est plus gardée.",
                "Le paiement par carte n’est pas arrivé : les %(n)s places à « %(title)s », %(starts_at)s, ne sont "
                "plus gardées.",
                seats,
                title=title,
                starts_at=starts_at,
            ),
            text("Rien n’a été pris sur ta carte."),
            *more,
        ),
        SEE,
    )


def too_late(title: str, starts_at: datetime) -> Mail:
    """To whoever paid when nothing was left for them, or after they had given up."""
    return Mail(
        text("Payé trop tard, tout te revient : « %(title)s »", title=title),
        (
            text(
                "Ton paiement par carte pour « %(title)s », %(starts_at)s, est arrivé quand la place n’était plus à "
                "toi.",
                title=title,
                starts_at=starts_at,
            ),
            text("Tout ce que tu viens de payer te revient sur ta carte."),
            DAYS,
        ),
        SEE,
    )


def given_back(title: str, starts_at: datetime) -> Mail:
    """To whoever gets back what they paid by card for seats that are theirs no more."""
    return Mail(
        text("Ton argent te revient : « %(title)s »", title=title),
        (
            text(
                "Ce que tu avais payé par carte pour ta place à « %(title)s », %(starts_at)s, te revient sur ta carte.",
                title=title,
                starts_at=starts_at,
            ),
            DAYS,
        ),
        CHOICE,
    )
