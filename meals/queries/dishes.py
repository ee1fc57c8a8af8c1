"""The dish book of a place, for its members: what there is to cook, what is in it, and what ten portions need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.database import run
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text
from app.identity.api import here_at
from app.identity.rules import name_key
from app.identity.visits import Visit
from meals.facts import Row, allergens_in
from meals.kitchen import WRITTEN_UNITS, Amount
from meals.labels import ALLERGEN_HINTS, ALLERGEN_NAMES, SOME_ALLERGEN, UNIT_NAMES, amount_words
from meals.queries.keeping import why_not_open
from meals.queries.kitchen import allergens_words, amount_of
from meals.queries.meanwhile import differing
from meals.states import Allergen, Unit

NOTHING_ASKED: Mapping[Allergen, Sequence[str]] = {}
LEAST_ROWS, MORE_ROWS, MOST_ROWS = 6, 6, 40


@dataclass(frozen=True, slots=True)
class DishLine:
    """A dish among the others."""

    id: int
    name: str
    words: str


@dataclass(frozen=True, slots=True)
class BookPage:
    """All dishes of the place that are still made."""

    place_name: str
    dishes: Sequence[DishLine]
    search: str
    writes: bool


@dataclass(frozen=True, slots=True)
class DishPage:
    """One dish."""

    id: int
    name: str
    about: str
    allergens: str
    meat_words: str
    needs: Sequence[tuple[str, str]]
    meals: Sequence[tuple[int, str]]
    """To come, with this dish."""
    writes: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class DishFormPage:
    """A dish as it is written."""

    id: int
    """0 for a new one."""
    name: str
    place_name: str
    action: str
    back: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    ticked: Collection[str]
    version: int
    rows: range
    may_more: bool
    allergens: Sequence[tuple[str, str, str]]
    units: Sequence[tuple[str, str]]
    asked: Sequence[tuple[str, str, str]]
    """Allergens that nobody ticked: value, name, and the ingredients that one usually reads them in."""


async def book_page(visit: Visit, *, search: str) -> BookPage:
    """The book of the place that one looks at. Raises `NotFound` for whoever is no member of it."""
    place = visit.place
    if place is None or visit.member is None or not visit.member.belongs:
        raise NotFound
    lang, wanted = language(visit.language), name_key(search)
    rows = await run(
        "select id, name, allergens, meat, pork, declared_at, search_key from dish where place_id = {} "
        "and retired_at is null order by name, id",
        place.id,
    )
    return BookPage(
        place_name=place.name,
        dishes=[DishLine(row["id"], row["name"], _words(row, lang)) for row in rows if wanted in row["search_key"]],
        search=search,
        writes=await why_not_open(visit, place.id) is None,
    )


async def dish_of(dish_id: int, *, visit: Visit) -> Row:
    """The dish, for a member of its place. Raises `NotFound`."""
    rows = await run(
        "select d.*, p.name as place_name from dish d join place p on p.id = d.place_id where d.id = {}", dish_id
    )
    if not rows or visit.member is None or not (await here_at(visit, rows[0]["place_id"])).belongs:
        raise NotFound
    return rows[0]


async def dish_page(dish_id: int, *, visit: Visit) -> DishPage:
    """One dish of the book, for a member of its place."""
    row, lang = await dish_of(dish_id, visit=visit), language(visit.language)
    meals = await run(
        "select m.id, m.title, m.starts_at from meal_dish e join meal m on m.id = e.meal_id where e.dish_id = {} "
        "and m.ends_at > {} and m.state in ('open', 'closed') order by m.starts_at, m.id limit 6",
        dish_id,
        visit.now,
    )
    return DishPage(
        id=dish_id,
        name=row["name"],
        about=row["about"],
        allergens=_allergens(row, lang),
        meat_words=lang.say(_meat(row)),
        needs=[(each.name, amount_words(each, lang)) for each in await needs_of(dish_id)],
        meals=[(each["id"], f"{each['title']}, {lang.day(each['starts_at'])}") for each in meals],
        writes=row["retired_at"] is None and await why_not_open(visit, row["place_id"]) is None,
        retired=row["retired_at"] is not None,
    )


async def needs_of(dish_id: int) -> list[Amount]:
    """What ten portions need."""
    rows = await run("select * from ingredient where dish_id = {} order by rank, id", dish_id)
    return [amount_of(row) for row in rows]


async def values_of(row: Row) -> dict[str, str]:
    """A dish as the texts of its form."""
    values = {
        "name": row["name"],
        "about": row["about"],
        "meat": "1" if row["meat"] else "",
        "pork": "1" if row["pork"] else "",
        "none": "1" if row["declared_at"] is not None and not row["allergens"] else "",
    }
    for number, each in enumerate(await needs_of(row["id"]), 1):
        values[f"ingredient_{number}"] = each.name
        values[f"quantity_{number}"], values[f"unit_{number}"] = _written(each)
    return values


async def meanwhile(row: Row, *, values: Mapping[str, str], ticked: Collection[str], lang: Language) -> dict[str, Text]:
    """Beside what was written otherwise than the book says now, what it says: nobody unticks an allergen unread."""
    stands = await values_of(row)
    holds = {name: stands.pop(name) for name in ("meat", "pork", "none")}
    found = differing(values, stands)
    kept = {each for each in row["allergens"].split(",") if each}
    if kept != set(ticked) or any(bool(values.get(name)) is not bool(value) for name, value in holds.items()):
        found["allergen"] = text(
            "Maintenant, c’est : « %(words)s ». Ce que tu as écrit est gardé.", words=_words(row, lang)
        )
    return found


def form_page(
    row: Row | None,
    *,
    visit: Visit,
    values: Mapping[str, str],
    ticked: Collection[str],
    errors: Mapping[str, Text],
    version: int = 0,
    rows: int = 0,
    asked: Mapping[Allergen, Sequence[str]] = NOTHING_ASKED,
) -> DishFormPage:
    """The form of a dish, with empty rows for more of what it needs; `rows` were asked for. `asked`: what nobody
    ticked, with the ingredients that say it."""
    assert visit.place is not None
    lang = language(visit.language)
    written = [n for n in range(1, MOST_ROWS + 1) if values.get(f"ingredient_{n}")]
    count = min(MOST_ROWS, max(LEAST_ROWS, max(written, default=0) + 2, rows))
    return DishFormPage(
        id=row["id"] if row is not None else 0,
        name=row["name"] if row is not None else "",
        place_name=row["place_name"] if row is not None else visit.place.name,
        action=f"/repas/plats/{row['id']}/changer" if row is not None else "/repas/plats",
        back=f"/repas/plats/{row['id']}" if row is not None else "/repas/plats",
        values=values,
        errors=errors,
        ticked=ticked,
        version=version,
        rows=range(1, count + 1),
        may_more=count < MOST_ROWS,
        allergens=[(each.value, capital(lang.gettext(ALLERGEN_NAMES[each])), _hint(each, lang)) for each in Allergen],
        units=[(unit, _unit_words(unit, lang)) for unit in WRITTEN_UNITS],
        asked=[
            (each.value, capital(lang.gettext(ALLERGEN_NAMES[each])), _read_words(each, names, lang))
            for each, names in asked.items()
        ],
    )


def _hint(allergen: Allergen, lang: Language) -> str:
    return lang.gettext(ALLERGEN_HINTS[allergen]) if allergen in ALLERGEN_HINTS else ""


def _read_words(allergen: Allergen, names: Sequence[str], lang: Language) -> str:
    return lang.say(
        text(
            "On lit %(names)s : d’habitude, il y a %(allergen)s.",
            names=tuple(text("« %(words)s »", words=name) for name in names),
            allergen=Text(SOME_ALLERGEN[allergen]),
        )
    )


def _unit_words(unit: str, lang: Language) -> str:
    return lang.gettext(UNIT_NAMES[Unit(unit)]) if unit in set(Unit) else unit


def _written(amount: Amount) -> tuple[str, str]:
    """The number and the unit as people write them: 1,2 and kg."""
    if amount.unit is Unit.TO_TASTE:
        return "", amount.unit.value
    milli, unit = amount.milli, amount.unit.value
    if amount.unit in (Unit.GRAM, Unit.MILLILITRE) and milli >= 1_000_000 and milli % 1000 == 0:
        milli, unit = milli // 1000, "kg" if amount.unit is Unit.GRAM else "l"
    whole, rest = divmod(milli, 1000)
    return (f"{whole},{rest:03d}".rstrip("0") if rest else str(whole)), unit


def _allergens(row: Row, lang: Language) -> str:
    if row["declared_at"] is None:
        return lang.say(text("Pas encore notés"))
    return capital(allergens_words(allergens_in(row["allergens"]), lang)) or lang.say(text("Aucun des 14 à déclarer"))


def _words(row: Row, lang: Language) -> str:
    if row["declared_at"] is None:
        unknown = lang.say(text("Allergènes pas encore notés."))
        return f"{unknown} {lang.say(_meat(row))}" if row["meat"] else unknown
    allergens = allergens_words(allergens_in(row["allergens"]), lang)
    said = text("Allergènes : %(names)s.", names=allergens) if allergens else text("Aucun des 14 allergènes.")
    return f"{lang.say(said)} {lang.say(_meat(row))}"


def _meat(row: Row) -> Text:
    if row["pork"]:
        return text("Avec du porc.")
    if row["declared_at"] is None and not row["meat"]:
        return text("Pas encore noté.")
    return text("Avec de la viande.") if row["meat"] else text("Sans viande.")
