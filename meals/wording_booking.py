"""What is said about one's own seats at a meal: that they are there, are kept, went to somebody else, came back.

No message says what anybody pays: the same words reach whoever pays nothing and whoever pays more.
"""

from __future__ import annotations

from datetime import datetime

from app.i18n import Text, text, text_n
from meals.wording import GIVE_BACK, SEE, Mail

TICKET = text("Je vois mon billet")
ANSWER = text("Je réponds")
TAKE = text("Je prends la place")
ENVELOPE = text("Sur place, une enveloppe : tu y mets ce que tu as choisi. À table, personne ne sait ce que tu paies.")


def confirmed(
    title: str,
    starts_at: datetime,
    *,
    seats: int,
    waiting: int,
    where: str,
    envelope: Text = ENVELOPE,
    way_out: Text | None = GIVE_BACK,
) -> Mail:
    """To whoever has seats now; `waiting` are those that they still wait for. `envelope`: how they pay. `way_out`: what
    can be done about them then, if anything."""
    if way_out is GIVE_BACK:
        way_out = text("Si tu ne peux pas venir, rends ta place en un geste : quelqu’un l’attend peut-être.")
    more = (
        (
            text_n(
                "Une place de plus est en attente : on t’écrit dès qu’elle est pour toi.",
                "%(n)s places de plus sont en attente : on t’écrit dès qu’elles sont pour toi.",
                waiting,
            ),
        )
        if waiting
        else ()
    )
    return Mail(
        text("À table : « %(title)s »", title=title),
        (
            text_n(
                "Ta place est réservée : « %(title)s », %(starts_at)s.",
                "Tes %(n)s places sont réservées : « %(title)s », %(starts_at)s.",
                seats,
                title=title,
                starts_at=starts_at,
            ),
            text("C’est ici : %(where)s.", where=where),
            *more,
            envelope,
            *([way_out] if way_out is not None else []),
        ),
        TICKET,
    )


def given_back(title: str, starts_at: datetime) -> Mail:
    """To whoever gave all their seats back."""
    return Mail(
        text("Tu ne viens plus : « %(title)s »", title=title),
        (text("Ta place à « %(title)s », %(starts_at)s, est rendue.", title=title, starts_at=starts_at),),
        SEE,
    )


def offer(title: str, starts_at: datetime, *, seats: int, until: datetime) -> Mail:
    """To whoever waited: seats are kept for them."""
    return Mail(
        text_n("Une place pour toi : « %(title)s »", "%(n)s places pour toi : « %(title)s »", seats, title=title),
        (
            text_n(
                "Une place s’est libérée à « %(title)s », %(starts_at)s. Elle est gardée pour toi jusqu’au %(until)s.",
                "%(n)s places se sont libérées à « %(title)s », %(starts_at)s. "
                "Elles sont gardées pour toi jusqu’au %(until)s.",
                seats,
                title=title,
                starts_at=starts_at,
                until=until,
            ),
            text("Dis oui ou non : sans réponse, ce sera au tour de la personne suivante."),
        ),
        ANSWER,
    )


def offer_lapsed(title: str) -> Mail:
    """To whoever did not answer in time."""
    return Mail(
        text("La place n’est plus gardée : « %(title)s »", title=title),
        (
            text("Le délai est passé : la place a été proposée à la personne suivante."),
            text("Tu peux te remettre sur la liste tant que les réservations sont ouvertes."),
        ),
        SEE,
    )


def handed(title: str, starts_at: datetime) -> Mail:
    """To everybody on the list, after closing: somebody lets them have a seat."""
    return Mail(
        text("Une place à prendre : « %(title)s »", title=title),
        (
            text(
                "Quelqu’un ne peut pas venir et passe sa place à « %(title)s », %(starts_at)s.",
                title=title,
                starts_at=starts_at,
            ),
            text("Elle est à la première personne de la liste qui dit oui."),
        ),
        TAKE,
    )


def left_free(title: str, starts_at: datetime) -> Mail:
    """To everybody on the list, after closing: seats are nobody's."""
    return Mail(
        text("Il reste de la place : « %(title)s »", title=title),
        (
            text(
                "Il reste de la place à « %(title)s », %(starts_at)s, et tu es sur la liste d’attente.",
                title=title,
                starts_at=starts_at,
            ),
            text("Elle est à la première personne de la liste qui dit oui."),
        ),
        TAKE,
    )


def taken_over(title: str, starts_at: datetime, *, seats: int, left: int) -> Mail:
    """To whoever handed seats over that somebody took; `left` are those they still have."""
    still = (
        text_n("Tu gardes une place.", "Tu gardes %(n)s places.", left)
        if left
        else text("Tu n’as plus rien à faire, ni à payer.")
    )
    return Mail(
        text("Ta place est passée : « %(title)s »", title=title),
        (
            text_n(
                "Quelqu’un de la liste prend ta place à « %(title)s », %(starts_at)s.",
                "Quelqu’un de la liste prend %(n)s de tes places à « %(title)s », %(starts_at)s.",
                seats,
                title=title,
                starts_at=starts_at,
            ),
            still,
        ),
        SEE,
    )


def guest_left(title: str, starts_at: datetime, *, first_name: str) -> Mail:
    """To whoever booked for somebody whose seats are given back."""
    return Mail(
        text("%(first_name)s n’a plus de place : « %(title)s »", first_name=first_name, title=title),
        (
            text(
                "La place de %(first_name)s à « %(title)s », %(starts_at)s, a été rendue. Préviens cette personne : "
                "tu avais réservé pour elle.",
                first_name=first_name,
                title=title,
                starts_at=starts_at,
            ),
        ),
        SEE,
    )
