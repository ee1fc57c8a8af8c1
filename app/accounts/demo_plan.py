"""What is bought and asked for in the demonstration, and where. Data only; `accounts.demo` plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.accounts.states import RequestState, Spending

KEEPER = "rosa"
"""She keeps the accounts."""
STRUCK_BECAUSE = "Je l’ai écrit deux fois."
BUDGET: Mapping[Spending, int] = {Spending.ROOM: 4_000, Spending.COFFEE: 4_500, Spending.MATERIAL: 6_000}
"""What the place means to spend in a month, in cents; of other things nothing was said."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A receipt: what is written down, the shop's name, and what stands on it."""

    what: str
    shop: str
    lines: tuple[str, ...]


SHOPS = (
    Paper(
        "Courses au marché",
        "Marché de la Basilique",
        ("Légumes de saison", "Oignons, ail, herbes", "Pommes", "Citrons"),
    ),
    Paper(
        "Courses pour le repas",
        "Épicerie des Tanneurs",
        ("Riz et semoule", "Légumes", "Crème et beurre", "Huile", "Fruits"),
    ),
    Paper(
        "Légumes, épicerie et pain",
        "Primeur du canal",
        ("Légumes", "Œufs", "Farine et sucre", "Pain de campagne"),
    ),
)


@dataclass(frozen=True, slots=True)
class Bought:
    """Something that whoever keeps the accounts buys, so many days before today."""

    days: int
    spending: Spending
    cents: int
    paper: Paper
    from_box: bool = False


CLEANING = Paper("Savon, éponges, sacs", "Droguerie Centrale", ("Savon noir", "Éponges", "Sacs de 50 litres"))
COFFEE = Paper("Café et thé", "Torréfaction Nord", ("Café moulu 2 kg", "Thé vert", "Sucre"))
KEEPERS = (
    Bought(58, Spending.COFFEE, 3_180, COFFEE),
    Bought(52, Spending.ROOM, 2_245, CLEANING, from_box=True),
    Bought(33, Spending.COFFEE, 3_420, COFFEE, from_box=True),
    Bought(29, Spending.OTHER, 990, Paper("Timbres", "La Poste", ("Carnet de timbres",)), from_box=True),
    Bought(17, Spending.ROOM, 2_610, CLEANING),
    Bought(8, Spending.COFFEE, 2_960, COFFEE, from_box=True),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """« Il nous faudrait… »: who asks for what, so many days before today, and what becomes of it."""

    days: int
    key: str
    spending: Spending
    what: str
    cents: int
    why: str
    becomes: RequestState
    reason: str = ""
    shop: str = "Bazar du marché"


ASKED = (
    Asked(
        48,
        "fatou",
        Spending.MATERIAL,
        "Une grande passoire",
        2_490,
        "La nôtre a perdu une anse, et l’eau est brûlante.",
        RequestState.BOUGHT,
    ),
    Asked(
        30,
        "yann",
        Spending.MATERIAL,
        "Deux marmites de vingt litres",
        13_900,
        "À trente couverts, on cuit en deux fois.",
        RequestState.REFUSED,
        "On a déjà dépassé le matériel ce mois-ci. On en reparle en janvier.",
    ),
    Asked(
        21,
        "samira",
        Spending.MATERIAL,
        "Des feutres pour le tableau",
        1_260,
        "Les anciens sont secs, on n’arrive plus à lire.",
        RequestState.BOUGHT,
        shop="Papeterie Lumière",
    ),
    Asked(
        9,
        "claire",
        Spending.MATERIAL,
        "Une nappe cirée pour la grande table",
        2_800,
        "Elle se lave d’un coup d’éponge.",
        RequestState.AGREED,
    ),
    Asked(
        6,
        "monique",
        Spending.MATERIAL,
        "Un four à micro-ondes",
        6_900,
        "Pour réchauffer les restes le midi.",
        RequestState.WITHDRAWN,
    ),
    Asked(
        2,
        "boris",
        Spending.ROOM,
        "Une rallonge et deux ampoules",
        1_850,
        "On ne voit plus rien au fond de l’atelier.",
        RequestState.OPEN,
    ),
)
