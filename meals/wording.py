"""What meals say: the sentence of each refusal, and the words of each message about a meal. What is said about seats
of one's own is in `wording_booking`.

Sentences are msgids with the refusal's details in %(…)s; a message is its subject and its paragraphs. Who is told what,
and when, is decided by the commands. No message names a member, or says what somebody pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import local, local_day
from app.errors import Refusal
from app.i18n import Text, text, text_n
from app.i18n.text import N_
from meals.states import MealRefusal

SENTENCES: dict[Refusal, str] = {
    MealRefusal.MAY_NOT_OPEN: N_(
        "Ici, pour ouvrir un repas, il faut un rôle qui le permet. « Les rôles », dans les tours, disent lequel."
    ),
    MealRefusal.MEDIATOR_HERE: N_(
        "Qui fait la médiation ici n’y ouvre pas de repas : ce sont les membres qui cuisinent. Venir manger, oui."
    ),
    MealRefusal.NOT_A_MEMBER_HERE: N_("Les repas de ce lieu sont à ses membres. L’un d’eux peut t’y accueillir."),
    MealRefusal.ONLY_OPENER: N_("C’est à la personne qui a ouvert le repas de le faire."),
    MealRefusal.TAKEN_ON: N_("Quelqu’un s’occupe déjà de ce repas."),
    MealRefusal.ONLY_TEAM: N_("La fiche cuisine est à qui fait ce repas. Prends un tour, et elle s’ouvre."),
    MealRefusal.ONLY_KEEPER: N_("Les prix du lieu sont à qui tient le lieu."),
    MealRefusal.NOT_OPEN: N_("Les réservations sont closes : on cuisine d’après les places prises."),
    MealRefusal.CANCELLED: N_("Ce repas est annulé."),
    MealRefusal.OVER: N_("Ce repas est passé."),
    MealRefusal.BEGUN: N_("Ce repas a commencé : il ne s’annule plus."),
    MealRefusal.IN_THE_PAST: N_("Ce moment est déjà passé. Choisis une heure à venir."),
    MealRefusal.CLOSES_TOO_LATE: N_(
        "Les réservations doivent se clore plus tard que maintenant, et avant que le repas commence."
    ),
    MealRefusal.ROOM_TAKEN: N_(
        "Quelqu’un a déjà la salle à ce moment-là : %(room)s, %(starts_at)s. Prends une autre salle ou une autre heure."
    ),
    MealRefusal.ROOM_TOO_SMALL: N_(
        "Cette salle est trop petite : %(room)s a %(seats)s places. Baisse le nombre de places, ou change de salle."
    ),
    MealRefusal.FEWER_THAN_TAKEN: N_(
        "%(taken)s places sont déjà prises à table : on ne descend pas plus bas, personne n’est laissé de côté."
    ),
    MealRefusal.SHOPPING_TOO_EARLY: N_(
        "Les courses commencent après la fin des réservations : avant, personne ne sait pour combien acheter."
    ),
    MealRefusal.NO_DISHES: N_("Il manque le menu : choisis au moins un plat."),
    MealRefusal.DISH_DOUBLE: N_("Ce plat est déjà là, sous le même nom."),
    MealRefusal.DISH_IN_USE: N_("Ce plat est au menu d’un repas à venir : il reste dans le cahier jusque-là."),
    MealRefusal.CHANGED_MEANWHILE: N_("Cela a changé pendant que tu lisais. Relis ; ce que tu as écrit est gardé."),
    MealRefusal.NOT_DOUBTFUL: N_("Il n’y a rien à confirmer : la question ne se pose pas, ou plus."),
    MealRefusal.FULL_FOR_GUESTS: N_(
        "Il n’y a pas assez de places libres. La liste d’attente est pour les personnes qui ont un compte."
    ),
    MealRefusal.TOO_MANY_SEATS: N_("Une réservation tient de une à six places."),
    MealRefusal.MORE_THAN_IT_HAS: N_(
        "Ce repas n’a pas autant de places : venez moins nombreux, ou ne coche pas « ensemble »."
    ),
    MealRefusal.TOO_MANY_GUESTS: N_("Tu as déjà réservé pour six personnes. Quelqu’un d’autre du lieu peut continuer."),
    MealRefusal.CHILDREN_ALONE: N_("Un enfant vient avec un adulte : garde au moins une place d’adulte."),
    MealRefusal.NOT_A_PRICE: N_("Ce prix n’est pas un de ceux du repas. Choisis-en un."),
    MealRefusal.NO_CARD: N_("La carte n’est pas possible ici. Tu peux payer sur place."),
    MealRefusal.SUSPENDED_ONCE: N_("Tu as déjà pris un repas suspendu pour ce repas : c’est un par personne."),
    MealRefusal.NOT_OF_THE_TEAM: N_("La place de l’équipe est à qui prend un tour de ce repas. Il en reste peut-être."),
    MealRefusal.NO_BOOKING: N_("Tu n’as pas de place à ce repas, ni sur sa liste."),
    MealRefusal.NO_OFFER: N_("Aucune place à table ne t’est gardée pour l’instant."),
    MealRefusal.OFFER_OVER: N_("Le délai est passé : la place à table n’est plus gardée pour toi."),
    MealRefusal.BOOKINGS_CLOSED: N_(
        "Les réservations sont closes, on a fait les courses en te comptant. Tu peux passer ta place à quelqu’un."
    ),
    MealRefusal.NOT_CLOSED_YET: N_("Les réservations sont encore ouvertes : rends ta place, elle ira à qui attend."),
    MealRefusal.NOTHING_TO_TAKE_OVER: N_(
        "Personne ne passe sa place pour l’instant, ou quelqu’un l’a prise avant toi."
    ),
    MealRefusal.ONLY_TILL: N_(
        "La boîte est comptée par qui tient la caisse, et par une personne de l’équipe du repas."
    ),
    MealRefusal.TILL_NOT_YET: N_("La boîte se compte quand le repas a commencé."),
    MealRefusal.TILL_OVER: N_("Ce repas est passé depuis plus d’un mois. Vois cela avec qui tient les comptes."),
    MealRefusal.COUNTED: N_("La boîte est déjà comptée. Une erreur ? Dis-le à qui tient les comptes."),
    MealRefusal.NOT_AN_AMOUNT: N_("Écris une somme en euros, comme 84,50. Une boîte vide, c’est 0."),
    MealRefusal.PAYING: N_(
        "Tu es en train de payer par carte. Paie d’abord, ou choisis de payer sur place : ensuite tu peux changer."
    ),
    MealRefusal.NOT_PAYING: N_("Il n’y a rien à payer par carte, ou plus rien."),
    MealRefusal.BANK_AWAY: N_(
        "Ta banque ne répond pas pour l’instant : on ne sait pas si c’est payé. Réessaie dans un moment. Si rien n’est "
        "payé, ta place se libère toute seule : %(until)s, ou dès que ta banque répond."
    ),
    MealRefusal.ONLY_DOOR: N_(
        "La liste de l’accueil est à qui a ce tour. Quand personne ne l’a, elle est à qui a ouvert le repas."
    ),
    MealRefusal.DOOR_NOT_YET: N_("La liste de l’accueil s’ouvre deux heures avant le repas."),
    MealRefusal.DOOR_OVER: N_("La journée de ce repas est finie. On ne garde pas qui est venu."),
    MealRefusal.NO_SUCH_TICKET: N_("On ne trouve pas ce billet. Cherche le prénom dans la liste."),
    MealRefusal.OTHER_MEAL: N_("Ce billet est pour un autre repas : %(title)s."),
    MealRefusal.TICKET_CANCELLED: N_(
        "Ces places ont été annulées. S’il reste de la place, ajoute la personne sous la liste."
    ),
    MealRefusal.STILL_WAITING: N_("Cette personne est sur la liste d’attente : aucune place n’est encore à elle."),
    MealRefusal.STILL_HELD: N_(
        "Le paiement par carte n’est pas encore arrivé. Sur son billet, la personne peut choisir de payer sur place."
    ),
    MealRefusal.ALREADY_IN: N_("Cette réservation est déjà cochée en entier."),
    MealRefusal.FEWER_TO_COME: N_("Il reste moins de places que ça sur cette réservation."),
    MealRefusal.NOT_IN: N_("Personne n’est coché sur cette réservation."),
    MealRefusal.TICKED_MEANWHILE: N_(
        "Quelqu’un a coché cette réservation en même temps que toi. Regarde la liste, puis recommence s’il le faut."
    ),
    MealRefusal.NO_SEAT_LEFT: N_("Il ne reste pas assez de places libres."),
}


@dataclass(frozen=True, slots=True)
class Mail:
    """What a message says: a plain string among the paragraphs is somebody's own words."""

    subject: Text
    body: tuple[Text | str, ...]
    action: Text
    """What its link does, on its button."""


SEE = text("Je vois le repas")


# ---------------------------------------------------------------------------------------- those who come, or would like


GIVE_BACK = text("Si cela ne te va plus, rends ta place en un geste.")
HAND_OVER = text("Si tu ne peux plus venir, passe ta place à quelqu’un : c’est sur ton billet.")


def changed(title: str, changes: Sequence[Text], *, until: datetime | None = None, way_out: Text | None = None) -> Mail:
    """To everybody who has seats or waits. `until`: to those whose offer ends sooner than was said. `way_out`: what can
    be done about one's seat now, if anything."""
    more = way_out
    if until is not None:
        more = text("Ta place t’est gardée jusqu’au %(until)s. Dis oui ou non.", until=until)
    return Mail(
        text("« %(title)s » a changé", title=title),
        (*changes, *([more] if more is not None else [])),
        SEE if until is None else text("Je réponds"),
    )


def too_many_together(title: str, starts_at: datetime, *, seats: int, books: bool) -> Mail:
    """To whoever waited for so many seats together: the meal has fewer now. `books`: one still can."""
    more = text("Tu peux réserver de nouveau, pour moins de monde ou sans cocher « ensemble ».")
    return Mail(
        text("« %(title)s » : plus assez de places pour venir ensemble", title=title),
        (
            text(
                "Tu attendais %(seats)s places ensemble. Le repas du %(starts_at)s n’en a plus autant : tu n’es plus "
                "sur la liste d’attente.",
                seats=seats,
                starts_at=starts_at,
            ),
            *([more] if books else []),
        ),
        SEE,
    )


def cancelled(title: str, starts_at: datetime, *, reason: str, too_few_cooks: bool = False) -> Mail:
    """To everybody who has seats or waits."""
    why = [text("Il n’y avait pas assez de monde pour cuisiner.")] if too_few_cooks else []
    return Mail(
        text("« %(title)s » est annulé", title=title),
        (
            text("Le repas du %(starts_at)s n’aura pas lieu.", starts_at=starts_at),
            *why,
            *([reason] if reason else []),
            text("Tu n’as rien à faire, ni rien à payer."),
        ),
        text("Je vois les autres repas"),
    )


def guests_off(names: Sequence[str]) -> Text:
    """One more paragraph for whoever is to tell these people, who have no account."""
    return text_n(
        "Préviens %(names)s : cette personne n’a pas de compte, aucun message ne lui arrive.",
        "Préviens %(names)s : ces personnes n’ont pas de compte, aucun message ne leur arrive.",
        len(names),
        names=tuple(names),
    )


def guests_told(names: Sequence[str]) -> Text:
    """The same, when something has changed."""
    return text_n(
        "Dis-le à %(names)s : cette personne n’a pas de compte, aucun message ne lui arrive.",
        "Dis-le à %(names)s : ces personnes n’ont pas de compte, aucun message ne leur arrive.",
        len(names),
        names=tuple(names),
    )


def dish_gained(
    title: str,
    starts_at: datetime,
    *,
    dish: str,
    gained: Sequence[Text],
    undone: bool = False,
    gives_back: bool = True,
) -> Mail:
    """To everybody booked on a meal to come with this dish: it holds more than it did when they booked, or (`undone`)
    what it holds is noted no more. `gives_back`: not once it has begun."""
    held = text(
        "« %(dish)s », au menu %(starts_at)s, contient maintenant : %(gained)s.",
        dish=dish,
        starts_at=starts_at,
        gained=tuple(gained),
    )
    unknown = text(
        "« %(dish)s », au menu %(starts_at)s : ses allergènes ne sont plus notés.", dish=dish, starts_at=starts_at
    )
    return Mail(
        text("« %(title)s » : un plat a changé", title=title),
        (
            *([held] if gained else []),
            *([unknown] if undone else []),
            text("Si tu ne peux pas en manger, dis-le à la cuisine, ou rends ta place en un geste.")
            if gives_back
            else text("Si tu ne peux pas en manger, dis-le à la cuisine."),
        ),
        SEE,
    )


def off_the_team(title: str, starts_at: datetime, *, way_out: Text | None = None) -> Mail:
    """To somebody who had « repas de l’équipe » and gave their turn up. `way_out` as for `changed`."""
    return Mail(
        text("« %(title)s » : ta place reste à toi", title=title),
        (
            text(
                "Tu n’as plus de tour au repas du %(starts_at)s. Ta place n’est donc plus un repas de l’équipe : elle "
                "est au prix du repas.",
                starts_at=starts_at,
            ),
            text(
                "Un repas suspendu reste possible, sans expliquer : sur ton billet, « Ce que je paie, ce que je ne "
                "mange pas »."
            ),
            *([way_out] if way_out is not None else []),
        ),
        SEE,
    )


# ---------------------------------------------------------------------------------------------- whoever opened the meal


def too_few_cooks(title: str, starts_at: datetime, *, cooks: int, least: int, until: datetime) -> Mail:
    """To whoever opened it, when bookings close."""
    return Mail(
        text("« %(title)s » : on le fait quand même ?", title=title),
        (
            text_n(
                "Les réservations pour %(starts_at)s sont closes. En cuisine, il y a %(n)s personne ; il en faut "
                "%(least)s.",
                "Les réservations pour %(starts_at)s sont closes. En cuisine, il y a %(n)s personnes ; il en faut "
                "%(least)s.",
                cooks,
                starts_at=starts_at,
                least=least,
            ),
            text(
                "Tu as jusqu’au %(until)s pour dire « on le fait quand même ». Sans réponse, et si personne d’autre ne "
                "vient cuisiner, le repas est annulé et tout le monde est prévenu.",
                until=until,
            ),
        ),
        text("Je réponds"),
    )


def _still_on(until: datetime | None) -> Text:
    """Whether it takes place; `until` is when a meal in doubt is called off."""
    if until is None:
        return text("Il a toujours lieu.")
    return text("Il manque du monde en cuisine : sans réponse avant le %(until)s, il est annulé.", until=until)


def opener_wanted(title: str, starts_at: datetime, *, until: datetime | None = None) -> Mail:
    """To its team, to whoever may open meals and to whoever keeps the place: nobody answers for it any more. `until`:
    it is in doubt, and called off then."""
    if until is not None:
        return Mail(
            text("« %(title)s » : qui s’en occupe ?", title=title),
            (
                text("La personne qui a ouvert le repas du %(starts_at)s passe la main.", starts_at=starts_at),
                _still_on(until),
                text(
                    "Si tu veux t’en occuper, dis « on le fait quand même » : la première personne qui le dit le prend."
                ),
            ),
            text("Je réponds"),
        )
    return Mail(
        text("« %(title)s » : qui s’en occupe ?", title=title),
        (
            text("La personne qui a ouvert le repas du %(starts_at)s passe la main.", starts_at=starts_at),
            _still_on(until),
            text("Si tu veux t’en occuper, dis-le sur sa page : la première personne qui le dit le prend."),
        ),
        SEE,
    )


def opener_no_more(title: str, starts_at: datetime, *, until: datetime | None = None) -> Mail:
    """To whoever opened it, and mediates there now or belongs to the place no more. `until` as for `opener_wanted`."""
    return Mail(
        text("« %(title)s » : quelqu’un d’autre va s’en occuper", title=title),
        (
            text(
                "Tu ne peux plus t’occuper du repas du %(starts_at)s : c’est aux membres du lieu, sans la médiation.",
                starts_at=starts_at,
            ),
            _still_on(until),
            text(
                "On demande à l’équipe, et à qui tient le lieu, qui s’en occupe. Si tu as une place, elle reste à toi."
            ),
        ),
        SEE,
    )


def enough_cooks(title: str, starts_at: datetime) -> Mail:
    """To whoever opened it: somebody came to cook before they had answered."""
    return Mail(
        text("« %(title)s » a lieu", title=title),
        (text("Il y a maintenant assez de monde en cuisine pour %(starts_at)s.", starts_at=starts_at),),
        SEE,
    )


def off_for_opener(title: str, starts_at: datetime, *, reason: str, too_few_cooks: bool = False) -> Mail:
    """To whoever opened it, when somebody else or the clock called it off."""
    why = [text("Il n’y avait pas assez de monde pour cuisiner.")] if too_few_cooks else []
    return Mail(
        text("« %(title)s » est annulé", title=title),
        (
            text("Le repas du %(starts_at)s n’aura pas lieu.", starts_at=starts_at),
            *why,
            *([reason] if reason else []),
            text("Toutes les personnes qui avaient réservé sont prévenues."),
        ),
        SEE,
    )


# ----------------------------------------------------------------------------------------------------- what has changed


def new_hours(starts_at: datetime, ends_at: datetime, *, before: tuple[datetime, datetime]) -> Text:
    """When it is now, and when it was."""
    details = {
        "day": local_day(starts_at),
        "start": local(starts_at).time(),
        "end": local(ends_at).time(),
        "old_day": local_day(before[0]),
        "old_start": local(before[0]).time(),
        "old_end": local(before[1]).time(),
    }
    if local_day(starts_at) == local_day(before[0]):
        return text(
            "Nouvelle heure : %(day)s, de %(start)s à %(end)s, au lieu de %(old_start)s à %(old_end)s.", **details
        )
    return text(
        "Nouvelle date : %(day)s, de %(start)s à %(end)s, au lieu du %(old_day)s, de %(old_start)s à %(old_end)s.",
        **details,
    )


def new_room(room: str) -> Text:
    return text("Nouvelle salle : %(room)s.", room=room) if room else text("La salle reste à trouver.")


def new_title(title: str) -> Text:
    return text("Nouveau titre : « %(title)s ».", title=title)


def new_closing(closes_at: datetime) -> Text:
    return text("On réserve, et on rend sa place, jusqu’au %(closes_at)s.", closes_at=closes_at)


def new_menu(dishes: Sequence[str]) -> Text:
    return text("Au menu maintenant : %(dishes)s.", dishes=tuple(dishes))


def menu_gained(gained: Sequence[Text]) -> Text:
    """The menu holds what it did not."""
    return text("Le menu contient maintenant : %(gained)s.", gained=tuple(gained))


def menu_undeclared(dishes: Sequence[str]) -> Text:
    """Of these, nobody wrote down what they hold."""
    return text("Allergènes pas encore notés pour : %(dishes)s.", dishes=tuple(dishes))


def instead_now(dish: str, instead: str) -> Text:
    """What is made for whoever does not eat this dish."""
    if not instead:
        return text("Rien n’est plus prévu à la place de « %(dish)s ».", dish=dish)
    return text("À la place de « %(dish)s », pour qui n’en mange pas : %(instead)s.", dish=dish, instead=instead)


MEAT = text("viande")
PORK = text("porc")
