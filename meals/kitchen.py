"""What a kitchen reckons with, pure: which allergens a menu has, whom it is not for, how much to buy and how to say it.

The allergens are those of Regulation (EU) No 1169/2011, annex II; the temperatures stand on the kitchen sheet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from app.identity.rules import name_key
from meals.states import Allergen, Diet, Unit

PORTIONS = 10
"""For so many an ingredient is written down."""
WRITTEN_UNITS: dict[str, tuple[Unit, int]] = {
    "g": (Unit.GRAM, 1),
    "kg": (Unit.GRAM, 1000),
    "ml": (Unit.MILLILITRE, 1),
    "cl": (Unit.MILLILITRE, 10),
    "l": (Unit.MILLILITRE, 1000),
    "piece": (Unit.PIECE, 1),
    "spoon": (Unit.SPOON, 1),
    "pinch": (Unit.PINCH, 1),
    "to_taste": (Unit.TO_TASTE, 1),
}
"""As people write them, and how many of the unit that is kept make one."""
AVOIDS = {Diet(f"no_{allergen.value}"): allergen for allergen in Allergen}
"""Diets that are about an allergen."""
USUALLY: Mapping[Allergen, str] = {
    Allergen.GLUTEN: "farine, ble, pain, pates, pate brisee, pate feuilletee, pate sablee, pate a pizza, pate a tarte, "
    "semoule, boulgour, couscous, seigle, orge, avoine, epeautre, kamut, seitan, nouille, vermicelle, spaghetti, "
    "macaroni, coquillette, penne, tagliatelle, lasagne, ravioli, gnocchi, chapelure, biscuit, biscotte, brioche, "
    "baguette, croissant, biere, sauce soja",
    Allergen.CRUSTACEANS: "crevette, crabe, gambas, homard, langouste, langoustine, ecrevisse, tourteau",
    Allergen.EGGS: "oeuf, mayonnaise, omelette, meringue",
    Allergen.FISH: "poisson, thon, saumon, cabillaud, morue, colin, merlu, merlan, lieu noir, lieu jaune, haddock, "
    "eglefin, sardine, anchois, maquereau, hareng, truite, dorade, daurade, sole, raie, lotte, turbot, limande, "
    "tilapia, brochet, surimi, tarama, nuoc mam, oeuf de lump",
    Allergen.PEANUTS: "arachide, cacahuete, cacahouete",
    Allergen.SOYBEANS: "soja, tofu, tempeh, miso, edamame, tamari",
    Allergen.MILK: "lait, beurre, creme, fromage, yaourt, yogourt, faisselle, emmental, gruyere, comte, parmesan, "
    "mozzarella, feta, ricotta, mascarpone, cheddar, cantal, camembert, brie, roquefort, reblochon, raclette, skyr, "
    "bechamel, chantilly",
    Allergen.NUTS: "noix, amande, noisette, cajou, pistache, pecan, macadamia, pralin, praline, frangipane, massepain",
    Allergen.CELERY: "celeri",
    Allergen.MUSTARD: "moutarde",
    Allergen.SESAME: "sesame, tahini, tahin, houmous, gomasio",
    Allergen.LUPIN: "lupin",
    Allergen.MOLLUSCS: "moule, huitre, calamar, calmar, encornet, seiche, poulpe, palourde, petoncle, bulot, escargot, "
    "saint jacques",
}
"""Words of ingredients that usually mean an allergen, as `name_key` writes them, in the singular. What is not sure is
left out: nobody reads on who is asked for nothing. Of sulphites no word says enough."""
BEGIN_OTHERS = (
    "ble noir, farine de ble noir, farine de sarrasin, farine de riz, farine de mais, farine de manioc, farine de mil, "
    "farine de millet, farine de teff, farine de chataigne, farine de coco, farine de lupin, farine de soja, "
    "farine d amande, farine de pois, farine de lentille, pates de fruit, pates de riz, pates de mais, "
    "pates de lentille, pates de curry, semoule de riz, semoule de mais, semoule de manioc, nouille de riz, "
    "vermicelle de riz, vermicelle de soja, noix de coco, noix de muscade, noix de veau, noix de jambon, "
    "noix de boeuf, noix de saint jacques, noix de petoncle, lait de coco, lait de riz, "
    "lait de soja, lait d amande, lait d avoine, lait de noisette, lait d epeautre, lait vegetal, creme de coco, "
    "creme de soja, creme de riz, creme d avoine, creme d amande, creme de cassis, creme de marron, creme de tartre, "
    "creme de balsamique, creme vegetale, beurre de cacahuete, beurre de cacahouete, beurre d arachide, "
    "beurre de cacao, beurre de karite, beurre d amande, beurre de cajou, beurre vegetal, fromage vegetal, "
    "yaourt vegetal, yaourt au soja, yaourt de soja, oeuf de lump, oeuf de saumon, oeuf de truite"
)
"""What begins with such a word and is something else: coconut milk is no milk, almond milk holds almonds."""
END_OTHERS = "haricot beurre, beurre noisette, pomme noisette, pousse de soja, germe de soja"
"""What ends with one."""


@dataclass(frozen=True, slots=True)
class DishFacts:
    """What a dish holds, as far as it matters to whoever eats it."""

    id: int
    name: str
    allergens: frozenset[Allergen] = frozenset()
    meat: bool = False
    pork: bool = False
    declared: bool = True
    """Whether somebody wrote down what it holds: of others nobody knows, and nothing is promised."""
    instead: str = ""
    """What is made instead: a word on the menu, of which nobody knows what it holds."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something. `milli` is thousandths of the unit."""

    name: str
    milli: int
    unit: Unit


def allergens_of(dishes: Iterable[DishFacts]) -> dict[Allergen, list[str]]:
    """Each allergen on the menu, in the order of the annex, with the dishes that hold it."""
    dishes = list(dishes)
    found = {each: [dish.name for dish in dishes if each in dish.allergens] for each in Allergen}
    return {each: names for each, names in found.items() if names}


def undeclared(dishes: Iterable[DishFacts]) -> list[str]:
    """The names of those of which nobody wrote down what they hold."""
    return [dish.name for dish in dishes if not dish.declared]


def may_eat_instead(diet: Diet) -> bool:
    """Whether what is made instead is for whoever has this diet: a free word is trusted with meat and pork, never with
    an allergen."""
    return diet not in AVOIDS


def replaced(dishes: Iterable[DishFacts]) -> list[str]:
    """The names of those for which something else is made."""
    return [dish.name for dish in dishes if dish.instead]


def read_in(ingredient: str) -> set[Allergen]:
    """What usually is in something that is called so: « Farine de blé » holds gluten, « lait de coco » no milk. « Sans
    gluten » holds none."""
    words = [word for word in _WORD.findall(name_key(ingredient)) if word not in _SMALL_WORDS]
    others = [(at, end) for phrase in _BEGIN_OTHERS for at, end in _places(phrase, words)]
    ends = [end for phrase in _END_OTHERS for _, end in _places(phrase, words)]
    found: set[Allergen] = set()
    for allergen, phrases in _USUALLY.items():
        for phrase in phrases:
            for at, end in _places(phrase, words):
                other = end in ends or any(at == first and end < last for first, last in others)
                if not other and "sans" not in words[max(0, at - 1) : at]:
                    found.add(allergen)
    return found - {Allergen.GLUTEN} if _places(("sans", "gluten"), words) else found


def unticked(ingredients: Iterable[str], ticked: Collection[Allergen]) -> dict[Allergen, list[str]]:
    """Each allergen that nobody ticked and that usually is in one of these, with their names, in the annex's order."""
    read = [(name, read_in(name)) for name in dict.fromkeys(ingredients)]
    found = {each: [name for name, holds in read if each in holds] for each in Allergen if each not in ticked}
    return {each: names for each, names in found.items() if names}


_WORD = re.compile(r"[a-z0-9]+|[,;/+&()]")
_SMALL_WORDS = {"a", "au", "aux", "d", "de", "des", "du", "en", "l", "la", "le", "les"}


def _phrases(listed: str) -> list[tuple[str, ...]]:
    return [tuple(word for word in each.split() if word not in _SMALL_WORDS) for each in listed.split(", ")]


_USUALLY = {allergen: _phrases(listed) for allergen, listed in USUALLY.items()}
_BEGIN_OTHERS, _END_OTHERS = _phrases(BEGIN_OTHERS), _phrases(END_OTHERS)


def _places(phrase: Sequence[str], words: Sequence[str]) -> list[tuple[int, int]]:
    """From where to where the phrase stands among these words, in the singular or in the plural."""
    many = len(phrase)
    return [
        (at, at + many)
        for at in range(len(words) - many + 1)
        if all(words[at + n] in (word, f"{word}s", f"{word}x") for n, word in enumerate(phrase))
    ]


def conflicts(diet: Diet, dish: DishFacts) -> bool:
    """Whether whoever has this diet does not eat this dish, or cannot know whether they do. Pork is meat."""
    if not dish.declared:
        return True
    if diet is Diet.NO_MEAT:
        return dish.meat or dish.pork
    if diet is Diet.NO_PORK:
        return dish.pork
    return AVOIDS[diet] in dish.allergens


def diets_asked(dishes: Iterable[DishFacts]) -> list[Diet]:
    """What whoever books is asked: only what something on this menu conflicts with, and the two plain choices where
    there is meat or pork; everything where nobody wrote down what a dish holds, or where something else is made of
    which nobody knows."""
    dishes = list(dishes)
    if replaced(dishes):
        return list(Diet)
    return [diet for diet in Diet if any(conflicts(diet, dish) for dish in dishes)]


def shopping(needs: Iterable[tuple[Sequence[Amount], int]]) -> list[Amount]:
    """One list of all that is to be bought: the ingredients of each dish (for ten), scaled to its portions and summed
    by name and unit, in the order in which they first come. Rounded up: nobody buys a third of an egg."""
    sums: dict[tuple[str, Unit], tuple[str, Fraction]] = {}
    for ingredients, portions in needs:
        for each in ingredients:
            key = each.name.casefold(), each.unit
            name, before = sums.get(key, (each.name, Fraction()))
            sums[key] = name, before + Fraction(each.milli * portions, PORTIONS)
    return [Amount(name, _rounded(total, unit), unit) for (_, unit), (name, total) in sums.items()]


def recipe(ingredients: Sequence[Amount], portions: int) -> list[Amount]:
    """What so many portions of a dish need, in its own order, to what one can weigh: nearest, not up, or five grams
    would become of a little saffron."""
    scaled = ((each, Fraction(each.milli * portions, PORTIONS)) for each in ingredients)
    return [Amount(each.name, _weighed(total, each.unit), each.unit) for each, total in scaled]


def _rounded(milli: Fraction, unit: Unit) -> int:
    """Up to what one buys: whole pieces, half spoons, five grams, ten above a hundred, fifty above a kilo; of what is
    bought by the gram, one gram, or half of one."""
    step = {Unit.PIECE: 1000, Unit.SPOON: 500, Unit.PINCH: 1000}.get(unit)
    if step is None:
        above = ((1_000_000, 50_000), (100_000, 10_000), (20_000, 5000), (5000, 1000))
        step = next((step for least, step in above if milli > least), 500)
    return -(-milli // step) * step


def _weighed(milli: Fraction, unit: Unit) -> int:
    """To the nearest half of a piece or of a spoon, pinch, gram; tenth of a gram below twenty. Never to nothing."""
    step = {Unit.PIECE: 500, Unit.SPOON: 500, Unit.PINCH: 1000}.get(unit, 1000 if milli >= 20_000 else 100)
    return max(round(milli / step), 1) * step if milli else 0


def in_words_of(amount: Amount) -> tuple[Fraction, str]:
    """The number and the unit to say it in: 1,2 kg, not 1200 g; 1,5 l, not 1500 ml. The unit is a code: `kg`, `g`,
    `l`, `cl`, `ml`, `piece`, `spoon`, `pinch`, `to_taste`."""
    value = Fraction(amount.milli, 1000)
    if amount.unit is Unit.GRAM and value >= 1000:
        return value / 1000, "kg"
    if amount.unit is Unit.MILLILITRE:
        if value >= 1000:
            return value / 1000, "l"
        if value >= 10 and value % 10 == 0:
            return value / 10, "cl"
    return value, amount.unit.value
