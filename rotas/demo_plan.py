"""What goes round in the demonstration: duties, their weeks, and who does what. Data only; `rotas.demo` plays it."""

from __future__ import annotations

from dataclasses import dataclass

from app.identity.states import Act
from rotas.rules import DutyWords


@dataclass(frozen=True, slots=True)
class Round:
    """A duty, when it comes round, and those who like to do it."""

    duty: DutyWords
    weeks: tuple[tuple[tuple[int, ...], str, str], ...]
    """Weekdays (0 = Monday), from, to."""
    crew: tuple[str, ...]
    """Keys of people, those who do most first."""
    every_week: tuple[tuple[str, int], ...] = ()
    """Who has it every week, on which weekday."""
    can: tuple[tuple[str, bool], ...] = ()
    """Who can do it, and whether they teach it."""


MORNING, AFTERNOON, COOKING = "Accueil du matin", "Accueil de l’après-midi", "Cuisine"
DISHES, KEYS, TILL = "Vaisselle", "Clés et fermeture", "Caisse"
DOOR = "Accueil des repas"

ROUNDS: tuple[Round, ...] = (
    Round(
        DutyWords(
            MORNING,
            "On ouvre, on fait le café, on dit bonjour à qui entre, et on montre les lieux.",
            "door",
            2,
            Act.REGISTER,
            opens_place=True,
        ),
        (((0, 1, 2, 3, 4), "09:00", "13:00"), ((5,), "10:00", "13:00")),
        ("zineb", "brigitte", "chantal", "jean-luc", "claire", "eric", "duc"),
        every_week=(("zineb", 0), ("brigitte", 3)),
        can=(("zineb", True), ("brigitte", False)),
    ),
    Round(
        DutyWords(
            AFTERNOON,
            "On est là, près de la porte. On répond, on oriente, on note ce qu’on ne sait pas.",
            "door",
            2,
            Act.REGISTER,
            opens_place=True,
        ),
        (((0, 1, 2, 3, 4, 5), "13:00", "17:00"),),
        ("farida", "svetlana", "ines", "anne", "mehdi", "zineb", "vincent"),
        every_week=(("farida", 1),),
        can=(("farida", False), ("zineb", True)),
    ),
    Round(
        DutyWords(COOKING, "On épluche, on goûte, on met la table. Odile dit quoi faire.", "chef-hat", 3),
        (((1, 2, 3, 4), "10:00", "12:30"),),
        ("odile", "fatou", "yann", "mariam", "bao", "moussa", "sylvie", "monique"),
        every_week=(("fatou", 3),),
        can=(("odile", True), ("yann", True), ("fatou", False)),
    ),
    Round(
        DutyWords(DISHES, "On lave, on essuie, on range. À plusieurs, c’est une demi-heure.", "wash", 3),
        (((1, 2, 3, 4), "14:00", "15:00"),),
        ("abdel", "ousmane", "julie", "hamid", "kevin", "sekou", "boris", "samira", "lucie"),
        every_week=(("abdel", 2),),
    ),
    Round(
        DutyWords(
            KEYS, "On fait le tour des fenêtres, on éteint, on ferme. Les clés passent par là.", "key", 1, "", True
        ),
        (((0, 1, 2, 4), "17:30", "18:30"), ((3,), "19:30", "20:30"), ((5,), "16:00", "17:00")),
        ("pascal", "gilles", "marc", "awa"),
        every_week=(("marc", 1), ("nadia", 4)),
        can=(("marc", True), ("nadia", False), ("pascal", False)),
    ),
    Round(
        DutyWords(
            TILL,
            "On tient la boîte : on la compte en arrivant et en partant.",
            "coin-euro",
            1,
            Act.TAKE_CASH,
            needs_training=True,
        ),
        (((1, 4), "12:30", "14:00"),),
        ("odile",),
        every_week=(("odile", 4),),
        can=(("odile", True),),
    ),
    Round(DutyWords("Courses", "On va au marché avec la liste et le caddie.", "basket", 1), (), ("gilles", "pascal")),
    Round(
        DutyWords("Service", "On dresse, on porte les plats, on veille aux carafes.", "tools-kitchen-2", 2),
        (),
        ("julie", "sekou"),
    ),
    Round(
        DutyWords(
            DOOR,
            "On dit bonjour à qui vient manger, on coche la liste, et on montre où poser l’enveloppe.",
            "door",
            2,
            Act.CHECK_IN,
        ),
        (),
        ("samira", "zineb"),
    ),
)
"""At the first place. The till is what one person alone can do; the last three come round with meals alone."""
OBSERVER = "thomas"
"""Comes to watch the till."""
GUEST, GUESTS_FRIEND = "Marcel", "ousmane"
"""Somebody without an account, and who takes the turn for them."""
CANNOT_WORD = "J’ai rendez-vous à l’hôpital, je ne peux pas le déplacer."
SWAP_WORD = "Ce jour-là, ma fille arrive. Ça t’irait ?"
TEA = Round(
    DutyWords("Le thé", "On met l’eau à chauffer et on sort les tasses.", "coffee", 1),
    (((1,), "10:00", "12:00"),),
    ("leila", "farida", "anne"),
)
"""At the second place, which calls nobody."""
