"""What is under way or went its own way in the demonstration: proposals in every state, and words. Data only.

Weeks and hours are counted as in `demo_programme`; `workshops.demo` plays how each came where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from workshops.demo_programme import Planned
from workshops.states import Format, Need


class Fate(Enum):
    """What becomes of a proposal before the demonstration begins."""

    READING = auto()
    """It waits for the mediators."""
    CLASH = auto()
    """Somebody has the room that it wishes: the clock stands."""
    NO_ROOM = auto()
    """The same, but a mediator agreed: on, with a room to find."""
    SENT_BACK = auto()
    CONTESTED = auto()
    BLOCKED = auto()
    DRAFT = auto()
    LAPSED = auto()
    """Sent back and left there: its hour has passed."""
    DRAWN = auto()
    """Blocked, and published by three drawn members."""
    REPAIRED = auto()
    """Sent back, changed, proposed again and published."""


@dataclass(frozen=True, slots=True)
class Story:
    """One proposal."""

    fate: Fate
    planned: Planned
    hours_ago: int = 0
    """When it was proposed, counted from now; from its start if that has passed."""
    reason: str = ""
    way_out: str = ""
    word: str = ""
    """Of the host who contests."""
    help_wanted: bool = False


def _one(
    title: str,
    format: Format,
    summary: str,
    host: str,
    when: tuple[int, int, str, int],
    room: str,
    capacity: int,
    people: int = 0,
    needs: tuple[Need, ...] = (),
) -> Planned:
    """`when`: week, weekday, hour, minutes."""
    week, weekday, hour, minutes = when
    return Planned(
        title, format, summary, (host,), weekday, hour, minutes, room, capacity, (week,), people, needs=needs
    )


STORIES: tuple[Story, ...] = (
    Story(
        Fate.READING,
        _one(
            "Allô ? L’entretien au téléphone",
            Format.PRATIQUES,
            "On s’appelle d’une pièce à l’autre. Le ton, les silences, la première phrase.",
            "chantal",
            (3, 1, "14:00", 90),
            "Atelier du haut",
            8,
        ),
        120,
    ),
    Story(
        Fate.READING,
        _one(
            "Le télétravail, chance ou piège ?",
            Format.CAFE_DEBAT,
            "Chez soi ou pas chez soi. On écoute ceux qui l’ont vécu.",
            "vincent",
            (3, 5, "10:30", 90),
            "Salon",
            15,
        ),
        50,
    ),
    Story(
        Fate.READING,
        _one(
            "Écrire à qui ne répond pas",
            Format.PRATIQUES,
            "Une relance polie, courte, qui donne envie. On en écrit trois.",
            "samira",
            (3, 1, "16:00", 90),
            "Atelier du haut",
            10,
        ),
        20,
    ),
    Story(
        Fate.READING,
        _one(
            "Ma première fois devant un groupe",
            Format.LIBRE,
            "J’aimerais raconter mon métier de maçon. Je ne sais pas encore comment m’y prendre.",
            "paulo",
            (4, 3, "14:00", 90),
            "Salle du fond",
            12,
        ),
        10,
        help_wanted=True,
    ),
    Story(
        Fate.READING,
        _one(
            "Marche au canal, jusqu’à Pantin",
            Format.LIBRE,
            "Deux heures à pied, on parle en marchant. Chaussures plates.",
            "gilles",
            (3, 1, "10:00", 180),
            "",
            15,
            needs=(Need.OUTING,),
        ),
        72,
    ),
    Story(
        Fate.CLASH,
        _one(
            "L’oral d’aide-soignante, pour de vrai",
            Format.PRATIQUES,
            "On répète l’oral du concours devant deux personnes bienveillantes.",
            "patricia",
            (3, 4, "14:00", 120),
            "Salle du fond",
            8,
        ),
        30,
    ),
    Story(
        Fate.NO_ROOM,
        _one(
            "Micro ouvert",
            Format.LIBRE,
            "Un poème, une chanson, trois lignes de ta lettre. Cinq minutes chacun.",
            "mariam",
            (3, 1, "14:00", 90),
            "Salon",
            12,
            people=4,
        ),
        70,
    ),
    Story(
        Fate.SENT_BACK,
        _one(
            "Négocier son salaire",
            Format.PRATIQUES,
            "On s’entraîne à deux, avec des chiffres réels. On apprend à ne pas remplir le silence.",
            "samira",
            (3, 3, "10:00", 90),
            "Atelier du haut",
            10,
        ),
        90,
        reason="Beaucoup voudront venir. L’Atelier du haut est petit, et il est à l’étage.",
        way_out="La Grande table, un mercredi après-midi : elle est libre et de plain-pied.",
    ),
    Story(
        Fate.CONTESTED,
        _one(
            "Dire non à une offre",
            Format.CAFE_DEBAT,
            "A-t-on le droit ? Qu’est-ce qu’on risque vraiment ?",
            "ousmane",
            (3, 4, "14:00", 90),
            "Atelier du haut",
            10,
        ),
        100,
        reason="Le titre peut faire croire qu’on donne un conseil juridique.",
        way_out="Un titre en forme de question, ou une juriste invitée.",
        word="Le débat ne donne pas de conseil, il fait parler. Le titre est le nôtre.",
    ),
    Story(
        Fate.BLOCKED,
        _one(
            "Un compost dans la cour",
            Format.LIBRE,
            "On monte le bac, on choisit le coin, on goûte les premières tomates. Un jour.",
            "eric",
            (4, 5, "11:00", 120),
            "",
            12,
        ),
        60,
        reason="Les voisins du rez-de-chaussée demandent à nous voir avant. Je les appelle.",
    ),
    Story(
        Fate.DRAFT,
        _one(
            "Un jeu pour parler d’argent",
            Format.LIBRE,
            "Des cartes, des enveloppes, et personne qui perd. L’idée est encore en vrac.",
            "samira",
            (6, 2, "14:00", 90),
            "Salon",
            12,
        ),
        5,
    ),
    Story(
        Fate.LAPSED,
        _one(
            "Le permis, par où commencer ?",
            Format.LIBRE,
            "On en parle, entre gens qui l’ont et gens qui le passent.",
            "moussa",
            (-1, 1, "14:00", 90),
            "Atelier du haut",
            10,
        ),
        300,
        reason="On ne voit pas encore ce qu’on y fera, ni pour qui.",
        way_out="Trois lignes suffisent : le code, la conduite, ou le prix ?",
    ),
    Story(
        Fate.DRAWN,
        _one(
            "Le bruit dans la salle, on en parle",
            Format.CAFE_DEBAT,
            "Certains viennent pour le calme, d’autres pour le monde. On cherche comment faire.",
            "nadia",
            (-1, 4, "16:30", 90),
            "Salon",
            12,
            people=7,
        ),
        290,
        reason="Deux personnes sont fâchées à ce sujet. J’aimerais les entendre d’abord.",
    ),
    Story(
        Fate.REPAIRED,
        _one(
            "Trois lecteurs pour une lettre",
            Format.PRATIQUES,
            "Tu lis ta lettre, trois personnes disent ce qu’elles ont retenu. C’est tout.",
            "aicha",
            (-2, 2, "16:30", 90),
            "Salle du fond",
            8,
            people=5,
        ),
        310,
        reason="Deux groupes relisent déjà des lettres cette semaine-là.",
        way_out="Dire en une phrase ce que celui-ci a de différent.",
    ),
)
FIRST_SUMMARY = "On se lit nos lettres."
"""Of what was repaired."""

SOON = _one(
    "Mille pièces, une théière",
    Format.LIBRE,
    "Un puzzle de mille pièces, une théière, et on parle de tout. Le coin des bords est pris.",
    "samira",
    (0, 0, "15:00", 120),
    "Salon",
    10,
    people=6,
)
"""Samira's, one of the next days."""
SOON_HOURS = ("15:00", "14:00", "16:00", "10:30", "14:30", "12:30")
SOON_ROOMS = ("Salon", "Atelier du haut", "Salle du fond", "Grande table")

CANCELLED = Planned(
    "Initiation au montage vidéo",
    Format.FORMATION,
    "Couper, coller, mettre une musique. On part d’un film de vacances.",
    ("kevin",),
    4,
    "14:00",
    120,
    "Atelier du haut",
    8,
    (1,),
    6,
)
CANCEL_REASON = "Je suis pris ailleurs pendant quatre semaines. On en refait un à mon retour, promis."

LAST_WORDS = (
    "Je suis reparti avec une phrase de moins et un rendez-vous de plus.",
    "On m’a écoutée jusqu’au bout.",
    "J’ai ri, ça faisait longtemps.",
    "Trois corrections, toutes justes.",
    "J’ai compris que je n’étais pas le seul.",
    "Je reviens avec ma sœur.",
    "Je n’avais jamais parlé devant huit personnes. Maintenant, si.",
)
HOST_WORD = "Merci à vous. La prochaine fois, quelqu’un d’autre tient la montre ?"
BY_TELEPHONE = "germaine"
"""She has no e-mail, and a place in what was cancelled: somebody has to tell her."""
GUESTS = ("Marcel", "Aminata", "Jo")
"""People without an account."""

NEWCOMERS = {
    "karim": ("Bienvenue, on te fait visiter", "Se faire photographier pour son CV"),
    "camille": ("Bienvenue, on te fait visiter", "Café ouvert"),
}
"""Who came these days, and what they come to next."""
HANDED_OVER = ("Réviser un CAP à plusieurs", "pascal")
"""Its host asked somebody else to host it, then left."""
NOBODY_HOSTS = ("Parler de soi en deux minutes", "English, with the accent you have", "Mon téléphone sans stress")
"""The first of these that is far enough has lost its host."""
AT_THE_CANAL = ("leila", "bruno", "moussa", "zineb", "boris", "farida", "anne", "paulo")

PREFERRED = (
    "Reprendre après 55 ans",
    "Une situation, six regards",
    "Faut-il accepter n’importe quel emploi ?",
    "Le tableur, pour les comptes de la maison",
    "Conversation en français",
    "English, with the accent you have",
)
"""Where Samira likes best to have a place."""
FULL = (
    "On se relit nos CV",
    "L’entretien, côté recruteur",
    "Mon téléphone sans stress",
    "Parler de soi en deux minutes",
    "Se faire photographier pour son CV",
    "Recoudre, retoucher, réparer",
    "Lettre de motivation : la jeter ou la garder ?",
)
"""Where there are soon more people than places; the first for waiting, the last for an offer."""
