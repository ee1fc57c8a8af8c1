"""How allergens, diets, units and jobs are called on screen: French msgids; and an amount in words."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_decimal

from app.i18n import Language, text, text_n
from app.i18n.text import N_
from meals.kitchen import Amount, in_words_of
from meals.states import Allergen, Diet, Job, Unit

ALLERGEN_NAMES: dict[Allergen, str] = {
    Allergen.GLUTEN: N_("gluten"),
    Allergen.CRUSTACEANS: N_("crustacés"),
    Allergen.EGGS: N_("œufs"),
    Allergen.FISH: N_("poisson"),
    Allergen.PEANUTS: N_("arachides"),
    Allergen.SOYBEANS: N_("soja"),
    Allergen.MILK: N_("lait"),
    Allergen.NUTS: N_("fruits à coque"),
    Allergen.CELERY: N_("céleri"),
    Allergen.MUSTARD: N_("moutarde"),
    Allergen.SESAME: N_("sésame"),
    Allergen.SULPHITES: N_("sulfites"),
    Allergen.LUPIN: N_("lupin"),
    Allergen.MOLLUSCS: N_("mollusques"),
}

ALLERGEN_HINTS: dict[Allergen, str] = {
    Allergen.GLUTEN: N_("blé, seigle, orge, avoine, épeautre"),
    Allergen.CRUSTACEANS: N_("crevettes, crabe"),
    Allergen.PEANUTS: N_("cacahuètes"),
    Allergen.SOYBEANS: N_("tofu, sauce soja"),
    Allergen.MILK: N_("beurre, crème, fromage"),
    Allergen.NUTS: N_("noix, noisettes, amandes, cajou, pistaches"),
    Allergen.CELERY: N_("bouillon cube aussi"),
    Allergen.SESAME: N_("tahini, houmous"),
    Allergen.SULPHITES: N_("vin, vinaigre, fruits secs"),
    Allergen.LUPIN: N_("certaines farines"),
    Allergen.MOLLUSCS: N_("moules, huîtres, calamar"),
}
"""Where it hides, for whoever writes a dish down."""

SOME_ALLERGEN: dict[Allergen, str] = {
    Allergen.GLUTEN: N_("du gluten"),
    Allergen.CRUSTACEANS: N_("des crustacés"),
    Allergen.EGGS: N_("des œufs"),
    Allergen.FISH: N_("du poisson"),
    Allergen.PEANUTS: N_("des arachides"),
    Allergen.SOYBEANS: N_("du soja"),
    Allergen.MILK: N_("du lait"),
    Allergen.NUTS: N_("des fruits à coque"),
    Allergen.CELERY: N_("du céleri"),
    Allergen.MUSTARD: N_("de la moutarde"),
    Allergen.SESAME: N_("du sésame"),
    Allergen.SULPHITES: N_("des sulfites"),
    Allergen.LUPIN: N_("du lupin"),
    Allergen.MOLLUSCS: N_("des mollusques"),
}
"""As a dish holds it."""

DIET_NAMES: dict[Diet, str] = {
    Diet.NO_GLUTEN: N_("sans gluten"),
    Diet.NO_CRUSTACEANS: N_("sans crustacés"),
    Diet.NO_EGGS: N_("sans œuf"),
    Diet.NO_FISH: N_("sans poisson"),
    Diet.NO_PEANUTS: N_("sans arachides"),
    Diet.NO_SOYBEANS: N_("sans soja"),
    Diet.NO_MILK: N_("sans lait"),
    Diet.NO_NUTS: N_("sans fruits à coque"),
    Diet.NO_CELERY: N_("sans céleri"),
    Diet.NO_MUSTARD: N_("sans moutarde"),
    Diet.NO_SESAME: N_("sans sésame"),
    Diet.NO_SULPHITES: N_("sans sulfites"),
    Diet.NO_LUPIN: N_("sans lupin"),
    Diet.NO_MOLLUSCS: N_("sans mollusques"),
    Diet.NO_MEAT: N_("sans viande"),
    Diet.NO_PORK: N_("sans porc"),
}

JOB_NAMES: dict[Job, str] = {
    Job.SHOP: N_("Les courses"),
    Job.COOK: N_("La cuisine"),
    Job.SERVE: N_("Le service"),
    Job.WASH: N_("La vaisselle"),
    Job.TILL: N_("La caisse"),
}

JOB_ICONS: dict[Job, str] = {
    Job.SHOP: "basket",
    Job.COOK: "chef-hat",
    Job.SERVE: "tools-kitchen-2",
    Job.WASH: "wash",
    Job.TILL: "coin-euro",
}

UNIT_NAMES: dict[Unit, str] = {
    Unit.GRAM: N_("g"),
    Unit.MILLILITRE: N_("ml"),
    Unit.PIECE: N_("pièces"),
    Unit.SPOON: N_("c. à soupe"),
    Unit.PINCH: N_("pincées"),
    Unit.TO_TASTE: N_("selon le goût"),
}


def amount_words(amount: Amount, lang: Language) -> str:
    """« 1,2 kg », « 8 », « 2 pincées »; nothing for what is added to taste."""
    value, unit = in_words_of(amount)
    if unit == Unit.TO_TASTE or not value:
        return ""
    number = lang.number(value)
    if unit == Unit.PIECE:
        return number
    if unit == Unit.PINCH:
        return lang.say(text_n("%(n)s pincée", "%(n)s pincées", int(value)))
    if unit == Unit.SPOON:
        return lang.say(text("%(number)s c. à soupe", number=number))
    return f"{number}\u00a0{unit}"


def to_the_cent(cents: int, lang: Language) -> str:
    """« 10,00 € »: of what goes through a bank, written as the bank writes it."""
    amount = format_decimal(Decimal(cents) / 100, format="#,##0.00", locale="fr" if lang.code == "fr" else "en_GB")
    return f"{amount}\u00a0€" if lang.code == "fr" else f"€{amount}"
