"""What is kept about people, for the pages on personal data: the shell's own part of it, and the words around what all
domains tell. Durations come from where they are kept to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.contracts import About, Kept
from app.i18n import Text, text, text_n
from app.identity import throttle
from app.identity.commands_welcome import SLIPS_KEPT
from app.identity.entrance import PASSAGE_LIFE
from app.identity.inactivity import MONTHS_TO_ASK, MONTHS_TO_ERASE
from app.identity.sessions import LIFE
from app.identity.states import Device
from app.identity.visits import SHARED_IDLE


@dataclass(frozen=True, slots=True)
class KeptTogether:
    """What is kept for one reason: a part that one opens."""

    title: Text
    icon: str
    why: Text
    things: Sequence[Kept]


_PARTS = {
    About.ACCOUNT: (
        text("Le nom, l’adresse, les lieux"),
        "user",
        text("Pour se reconnaître, et pour savoir qui tient quel rôle"),
    ),
    About.DATES: (
        text("Les ateliers, les repas, les tours, les places prises"),
        "ticket",
        text("Pour savoir ce qui se passe, qui anime, qui vient, et s’il reste de la place"),
    ),
    About.MESSAGES: (
        text("Les messages et le calendrier"),
        "mail",
        text("Pour prévenir quand quelque chose change"),
    ),
    About.WAY_IN: (
        text("Les appareils et les codes pour entrer"),
        "key",
        text("Pour que personne n’entre dans le compte d’un autre"),
    ),
    About.HOUSE: (
        text("Le journal et l’entretien du site"),
        "archive",
        text("Pour que chacun voie ce qui a été décidé, et pour réparer ce qui casse"),
    ),
}


def by_part(keeps: Sequence[Kept]) -> list[KeptTogether]:
    """All that is kept, in parts that begin with what people know best."""
    return [
        KeptTogether(title, icon, why, [kept for kept in keeps if kept.about is about])
        for about, (title, icon, why) in _PARTS.items()
    ]


KEEPS = (
    Kept(
        About.ACCOUNT,
        text(
            "Le nom affiché, l’adresse mail ou le nom d’entrée, la langue, le mot de passe (brouillé, donc illisible)"
        ),
        text("Le nom : les membres. Le nom d’entrée : l’accueil du lieu. L’adresse et le mot de passe : personne"),
        text(
            "Jusqu’au jour où l’on efface son compte. Sans nouvelles pendant %(first)s mois : un mail. "
            "Pendant %(last)s mois : le compte est effacé. Sans adresse mail, il reste",
            first=MONTHS_TO_ASK,
            last=MONTHS_TO_ERASE,
        ),
        job="identity.end_inactive",
    ),
    Kept(
        About.ACCOUNT,
        text("Une ligne sur soi et un téléphone, pour qui veut"),
        text(
            "La ligne : les membres, si l’on est dans la liste ou si l’on anime un atelier. "
            "Le téléphone : l’accueil du lieu, pour prévenir qui n’a pas reçu de mail"
        ),
        text("Jusqu’au jour où on les efface"),
    ),
    Kept(
        About.ACCOUNT,
        text("Le jour des 18 ans, pour qui dit en avoir moins"),
        text("Personne. D’ici là, les clés, la caisse et ce qui se fait seul à seul ne sont pas proposés"),
        text("Jusqu’à ce jour, ou jusqu’à ce que l’on décoche la case"),
        job="identity.forget_ages",
    ),
    Kept(
        About.ACCOUNT,
        text("Dans chaque lieu : le jour d’arrivée, la rencontre et avec qui, les rôles"),
        text("Les rôles : les membres du lieu. Le reste : personne"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.ACCOUNT,
        text("Le dernier jour de passage"),
        text("Personne"),
        text("Tant que le compte existe"),
    ),
    Kept(
        About.WAY_IN,
        text("Les appareils ouverts : quel appareil, le jour d’ouverture, le dernier passage"),
        text("Personne"),
        text(
            "%(days)s jours au plus sur un appareil à soi, %(hours)s h au plus sur un appareil partagé "
            "(%(minutes)s min sans rien faire)",
            days=LIFE[Device.MINE].days,
            hours=int(LIFE[Device.SHARED].total_seconds() // 3600),
            minutes=int(SHARED_IDLE.total_seconds() // 60),
        ),
        job="identity.forget_expired",
    ),
    Kept(
        About.WAY_IN,
        text(
            "Le deuxième code, pour qui fait la médiation ou tient les comptes : depuis quand, de quoi vérifier les "
            "codes du téléphone, et les codes de secours (brouillés, donc illisibles)"
        ),
        text("Personne"),
        text("Jusqu’à un autre téléphone, et tant que le compte existe"),
    ),
    Kept(
        About.WAY_IN,
        text("Le papier donné par l’accueil : une marque, pour qu’il ne serve qu’une fois. Jamais le mot de passe"),
        text("Personne"),
        text_n("%(n)s jour", "%(n)s jours", SLIPS_KEPT.days),
        job="identity.forget_slips",
    ),
    Kept(
        About.WAY_IN,
        text("Les codes et les liens pour entrer, avec ce qui a été écrit pour s’inscrire"),
        text("Personne"),
        text(
            "%(minutes)s min, puis effacés dans la demi-heure",
            minutes=int(PASSAGE_LIFE.total_seconds() // 60),
        ),
        job="identity.forget_expired",
    ),
    Kept(
        About.WAY_IN,
        text("Les essais pour entrer, et de quelle adresse internet (IP) ils viennent, brouillés"),
        text("Personne"),
        text_n("%(n)s jour", "%(n)s jours", throttle.KEPT.days),
        job="identity.forget_tries",
    ),
    Kept(
        About.HOUSE,
        text("Le journal : ce qui a été décidé, quand, par qui"),
        text("Les membres du lieu, sans les noms"),
        text("Sans limite. Une fois le compte effacé, le journal ne dit plus par qui"),
    ),
    Kept(
        About.HOUSE,
        text("Quand un compte est effacé : un numéro sans nom, et le jour"),
        text("Personne"),
        text("Sans limite : ainsi, une copie de secours ne fait revenir personne"),
    ),
    Kept(
        About.HOUSE,
        text("Les notes du serveur : l’heure, la page demandée, la durée. Ni nom, ni mail, ni adresse"),
        text("La personne qui héberge le site"),
        text("Aussi longtemps qu’elle les garde"),
    ),
)
