"""What is eaten in the demonstration: the dish book, the menus, who makes the meals and who comes. Data only;
`meals.demo` plays it.

Quantities are for ten portions, as in the book. Allergens are those of what is listed: a stock cube holds celery,
mustard and dried fruit hold sulphites.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meals.kitchen import Amount
from meals.plan import DishWords
from meals.states import Allergen, Diet, Job, Unit


def _of(*listed: tuple[str, int, Unit]) -> tuple[Amount, ...]:
    return tuple(Amount(name, many * 1000, unit) for name, many, unit in listed)


G, ML, PIECE, SPOON, PINCH = Unit.GRAM, Unit.MILLILITRE, Unit.PIECE, Unit.SPOON, Unit.PINCH
SALT = ("Sel et poivre", 0, Unit.TO_TASTE)

MAFE, COUSCOUS, BLANQUETTE, PARMENTIER = "Mafé de poulet", "Couscous de légumes", "Blanquette de veau", "Parmentier"
LENTILS, BRANDADE, QUICHE, RATATOUILLE = (
    "Lentilles aux saucisses",
    "Brandade de morue",
    "Quiche aux poireaux",
    "Ratatouille",
)
SOUP, GRATIN, CARROTS = "Soupe de potiron", "Gratin dauphinois", "Carottes râpées"
TART, CLAFOUTIS, COMPOTE, RICE = "Tarte aux pommes", "Clafoutis aux cerises", "Compote de pommes", "Riz au lait"

BOOK: tuple[DishWords, ...] = (
    DishWords(
        MAFE,
        "On fait dorer le poulet, puis les oignons. La pâte d’arachide se délaie à part, dans l’eau chaude. "
        "Ensuite tout mijote une heure, et on sert avec le riz.",
        frozenset({Allergen.PEANUTS}),
        meat=True,
        ingredients=_of(
            ("Cuisses de poulet", 10, PIECE),
            ("Pâte d’arachide", 350, G),
            ("Tomates concassées", 800, G),
            ("Patates douces", 800, G),
            ("Carottes", 500, G),
            ("Oignons", 3, PIECE),
            ("Riz long", 700, G),
            ("Huile de tournesol", 4, SPOON),
            SALT,
        ),
    ),
    DishWords(
        COUSCOUS,
        "Le bouillon d’abord : les légumes durs, puis les courgettes et les pois chiches. "
        "La semoule se roule à la main, à deux.",
        frozenset({Allergen.GLUTEN, Allergen.CELERY, Allergen.SULPHITES}),
        ingredients=_of(
            ("Semoule de blé moyenne", 900, G),
            ("Pois chiches cuits", 500, G),
            ("Carottes", 600, G),
            ("Navets", 500, G),
            ("Courgettes", 700, G),
            ("Céleri en branches", 200, G),
            ("Tomates concassées", 400, G),
            ("Oignons", 3, PIECE),
            ("Raisins secs", 150, G),
            ("Ras el-hanout", 2, SPOON),
            ("Huile d’olive", 6, SPOON),
            SALT,
        ),
    ),
    DishWords(
        BLANQUETTE,
        "Deux heures à petit feu, sans laisser bouillir. La crème et les jaunes viennent à la fin, hors du feu.",
        frozenset({Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK}),
        meat=True,
        ingredients=_of(
            ("Épaule de veau", 1800, G),
            ("Carottes", 600, G),
            ("Champignons de Paris", 500, G),
            ("Oignons", 2, PIECE),
            ("Beurre", 80, G),
            ("Farine de blé", 80, G),
            ("Crème fraîche", 300, ML),
            ("Œufs", 3, PIECE),
            ("Citrons", 1, PIECE),
            ("Riz long", 700, G),
            SALT,
        ),
    ),
    DishWords(
        PARMENTIER,
        "Une purée bien beurrée sur de la viande bien relevée. Vingt minutes au four, et c’est doré.",
        frozenset({Allergen.MILK}),
        meat=True,
        ingredients=_of(
            ("Bœuf haché", 1200, G),
            ("Pommes de terre", 2000, G),
            ("Lait entier", 400, ML),
            ("Beurre", 100, G),
            ("Emmental râpé", 150, G),
            ("Oignons", 3, PIECE),
            ("Ail", 3, PIECE),
            SALT,
        ),
    ),
    DishWords(
        LENTILS,
        "Les lentilles partent à l’eau froide, avec les carottes. La moutarde à la fin, dans la cocotte.",
        frozenset({Allergen.MUSTARD, Allergen.SULPHITES}),
        meat=True,
        pork=True,
        ingredients=_of(
            ("Lentilles vertes", 700, G),
            ("Saucisses de Toulouse", 10, PIECE),
            ("Carottes", 400, G),
            ("Oignons", 2, PIECE),
            ("Moutarde", 2, SPOON),
            SALT,
        ),
    ),
    DishWords(
        BRANDADE,
        "La morue dessale une nuit, on change l’eau trois fois. On l’effeuille, on cherche les arêtes à deux.",
        frozenset({Allergen.FISH, Allergen.MILK}),
        ingredients=_of(
            ("Morue salée", 1400, G),
            ("Pommes de terre", 1500, G),
            ("Lait entier", 400, ML),
            ("Huile d’olive", 200, ML),
            ("Ail", 5, PIECE),
            ("Persil", 1, PIECE),
            SALT,
        ),
    ),
    DishWords(
        QUICHE,
        "La pâte se fait la veille. Les poireaux fondent doucement, sans couleur. Deux plats pour dix.",
        frozenset({Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK}),
        ingredients=_of(
            ("Poireaux", 1200, G),
            ("Farine de blé", 400, G),
            ("Beurre", 200, G),
            ("Œufs", 7, PIECE),
            ("Crème fraîche", 400, ML),
            ("Emmental râpé", 150, G),
            SALT,
        ),
    ),
    DishWords(
        RATATOUILLE,
        "Chaque légume passe seul à la poêle, puis tous ensemble. Meilleure le lendemain.",
        ingredients=_of(
            ("Aubergines", 900, G),
            ("Courgettes", 900, G),
            ("Poivrons", 600, G),
            ("Tomates concassées", 1000, G),
            ("Oignons", 3, PIECE),
            ("Ail", 4, PIECE),
            ("Huile d’olive", 8, SPOON),
            ("Thym", 3, PINCH),
            SALT,
        ),
    ),
    DishWords(
        SOUP,
        "On garde la peau du potiron, on mixe longtemps.",
        frozenset({Allergen.MILK, Allergen.CELERY}),
        ingredients=_of(
            ("Potiron", 2000, G),
            ("Pommes de terre", 500, G),
            ("Oignons", 2, PIECE),
            ("Bouillon de légumes en cube", 2, PIECE),
            ("Crème fraîche", 200, ML),
            SALT,
        ),
    ),
    DishWords(
        GRATIN,
        "Des tranches fines, qu’on ne rince pas. Une heure et demie à four doux.",
        frozenset({Allergen.MILK}),
        ingredients=_of(
            ("Pommes de terre", 2000, G),
            ("Lait entier", 600, ML),
            ("Crème fraîche", 600, ML),
            ("Ail", 2, PIECE),
            ("Muscade", 2, PINCH),
            SALT,
        ),
    ),
    DishWords(
        CARROTS,
        "Râpées au dernier moment, sinon elles rendent de l’eau.",
        frozenset({Allergen.MUSTARD, Allergen.SULPHITES}),
        ingredients=_of(
            ("Carottes", 1200, G),
            ("Citrons", 2, PIECE),
            ("Moutarde", 1, SPOON),
            ("Huile de tournesol", 6, SPOON),
            SALT,
        ),
    ),
    DishWords(
        TART,
        "La poudre d’amandes sous les pommes boit le jus, et la pâte reste croustillante.",
        frozenset({Allergen.GLUTEN, Allergen.MILK, Allergen.NUTS}),
        ingredients=_of(
            ("Pommes", 1500, G),
            ("Farine de blé", 400, G),
            ("Beurre", 200, G),
            ("Sucre", 150, G),
            ("Poudre d’amandes", 100, G),
        ),
    ),
    DishWords(
        CLAFOUTIS,
        "On laisse les noyaux, et on prévient à table.",
        frozenset({Allergen.GLUTEN, Allergen.EGGS, Allergen.MILK}),
        ingredients=_of(
            ("Cerises", 1000, G),
            ("Œufs", 6, PIECE),
            ("Lait entier", 500, ML),
            ("Farine de blé", 150, G),
            ("Sucre", 150, G),
            ("Beurre", 30, G),
        ),
    ),
    DishWords(
        COMPOTE,
        "Sans sucre : on choisit des pommes bien mûres.",
        ingredients=_of(("Pommes", 2000, G), ("Citrons", 1, PIECE), ("Cannelle", 2, PINCH)),
    ),
    DishWords(
        RICE,
        "Sur le coin du feu, quarante minutes, en remuant.",
        frozenset({Allergen.MILK}),
        ingredients=_of(("Riz rond", 300, G), ("Lait entier", 2000, ML), ("Sucre", 150, G), ("Vanille", 1, PIECE)),
    ),
)


@dataclass(frozen=True, slots=True)
class Menu:
    """A meal, as it is announced. `instead`: of a dish, what is made for whoever does not eat it."""

    title: str
    about: str
    dishes: tuple[str, ...]
    instead: Mapping[str, str] = field(default_factory=dict)


STEW = Menu(
    "Le mafé de Fatou",
    "Fatou mène, tout le monde épluche. On mange à une seule grande table.",
    (CARROTS, MAFE, COMPOTE),
    {MAFE: "un curry de pois chiches, sans viande ni arachide"},
)
FEAST = Menu(
    "Le grand couscous",
    "Celui qu’on attend depuis un mois. On roule la semoule à la main, viens voir.",
    (COUSCOUS, TART),
)
CALLED_OFF = Menu("Brandade et carottes", "Du poisson, pour changer.", (CARROTS, BRANDADE, COMPOTE))
CALLED_OFF_BECAUSE = "Le four est en panne. Le réparateur ne vient que la semaine suivante."
LATER = Menu(
    "Quiche, gratin et fruits", "Rien de compliqué : tu peux venir apprendre la pâte.", (QUICHE, GRATIN, COMPOTE)
)
EVERYDAY: tuple[Menu, ...] = (
    Menu("Blanquette de grand-mère", "On est mieux à plusieurs autour d’une cocotte.", (SOUP, BLANQUETTE, COMPOTE)),
    Menu(
        "Lentilles et clafoutis",
        "Le plat qui tient au corps.",
        (LENTILS, CLAFOUTIS),
        {LENTILS: "des lentilles sans saucisse, cuites à part"},
    ),
    Menu("Parmentier de chez nous", "La recette de Monique, et personne n’y touche.", (CARROTS, PARMENTIER, RICE)),
    Menu("Ratatouille et riz au lait", "Sans viande, et on ne s’en aperçoit pas.", (RATATOUILLE, RICE)),
)
"""Those gone by, in turn."""

DUTY_OF = {Job.SHOP: "Courses", Job.COOK: "Cuisine", Job.SERVE: "Service", Job.WASH: "Vaisselle", Job.TILL: "Caisse"}
"""By the names of the duties that `rotas` opened."""
TEAM: tuple[tuple[Job, int, int, int], ...] = (
    (Job.SHOP, -150, -90, 1),
    (Job.COOK, -120, 0, 3),
    (Job.SERVE, -15, 90, 2),
    (Job.TILL, -15, 30, 1),
    (Job.WASH, 90, 150, 2),
)
"""What for, from and to (minutes after a meal has begun), how many people."""
CREWS: Mapping[Job, tuple[str, ...]] = {
    Job.SHOP: ("gilles", "pascal", "awa", "eric"),
    Job.COOK: ("fatou", "yann", "bao", "mariam", "moussa", "monique"),
    Job.SERVE: ("julie", "sekou", "lucie", "kevin", "duc"),
    Job.TILL: ("odile",),
    Job.WASH: ("boris", "hamid", "vincent", "rachel", "igor"),
}
OPENER = "odile"
"""She opens the meals."""
EATERS = (
    "farida", "chantal", "jean-luc", "leila", "hamid", "anne", "sylvie", "thomas", "patricia", "claire",
    "tarek", "ousmane", "svetlana", "marc", "ines", "paulo", "abdel", "zineb", "brigitte", "aicha", "nadia",
)  # fmt: skip
NEWCOMER = "karim"
SURELY = (("thomas", 1), ("claire", 2))
"""They come to the next one, with how many seats: the kitchen has something to mind."""
WITH_THEM = ("farida", "chantal", "marc")
"""They come too, and eat of everything: the kitchen's paper is one page."""
WAITING: tuple[tuple[str, int, bool], ...] = (
    ("rosa", 1, False),
    ("samira", 1, False),
    ("mehdi", 2, True),
    ("soraya", 3, False),
)
"""At the full one: who, how many seats, whether they sit together. For the first a seat is kept."""
DIETS: Mapping[str, Diet] = {
    "hamid": Diet.NO_PORK,
    "leila": Diet.NO_PORK,
    "sylvie": Diet.NO_GLUTEN,
    "anne": Diet.NO_MILK,
    "aicha": Diet.NO_MEAT,
    "claire": Diet.NO_MEAT,
    "patricia": Diet.NO_NUTS,
    "thomas": Diet.NO_PEANUTS,
}
GUEST, GUESTS_FRIEND = "Marcel", "ousmane"
"""Somebody without an account, and who books for them."""

# ------------------------------------------------------------------------------------------------------------- tonight

TONIGHT = Menu(
    "La grande tablée",
    "On sort toutes les tables, jusque dans la cour. Viens comme tu es.",
    (SOUP, RATATOUILLE, TART),
)
TONIGHTS_SEATS = 40
WELCOME = ("samira", "zineb", "brigitte", "nadia", "ines")
"""The first two of these who are free have the turn at its door."""


@dataclass(frozen=True, slots=True)
class Comes:
    """Somebody who booked for tonight. `price`: which of the three."""

    key: str
    seats: int = 1
    price: int = 1
    children: int = 0
    give: int = 0
    card: bool = False
    suspended: bool = False
    inside: int = 0
    """So many of theirs are at the table already."""


TONIGHT_COME: tuple[Comes, ...] = (
    Comes("farida", card=True, inside=1),
    Comes("chantal", 2, 2, card=True),
    Comes("leila", price=0, card=True),
    Comes("jean-luc", give=1, card=True, inside=1),
    Comes("anne", 3, 1, children=1, card=True, inside=2),
    Comes("sylvie", price=2, card=True),
    Comes("aicha", price=0, card=True),
    Comes("thomas", price=0, inside=1),
    Comes("patricia", 2),
    Comes("claire", price=2),
    Comes("tarek", 4, 0, children=2, inside=4),
    Comes("svetlana"),
    Comes("marc", give=1, price=2),
    Comes("nadia", 2),
    Comes("ines", suspended=True),
    Comes("soraya", suspended=True, inside=1),
    Comes("karim", price=0),
    Comes("ines2"),
)
WAITS_TONIGHT = ("mehdi", 4)
"""Together: who waits, for how many seats; fewer are left."""
LEFT_TONIGHT = 3
"""Seats that are nobody's when bookings close: whoever comes without having booked has one."""
FILL_TONIGHT = ("vincent", "rachel", "igor", "kevin", "lucie", "eric", "pascal", "awa", "gilles", "duc", "camille")
"""One seat each, until so many are left."""
WITHOUT_BOOKING = "Kader"
"""Somebody who came by, is at the table, and has no account."""

# ------------------------------------------------------------------------------------------------------------ the box

FIRST_NAMES = ("Kader", "Josiane", "Mamadou", "Denise", "Ali", "Sonia")
"""Of people who come without having booked."""
IN_ENVELOPES = (0, 0, 0, 0, 50, 100, 200, 350, -100, -200)
"""What is found in the box beyond what was to be in it, in cents: people round up, some forget."""
