"""`/repas/{id}/cuisine`: what the kitchen of a meal needs to know, for one reader: portions, allergens, how many do not
eat what, who does what when, what to buy. No name is ever beside what somebody does not eat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import local, local_day
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import here_at
from app.identity.visits import Visit
from meals import kitchen, paper, rules
from meals.facts import Row, dish_facts, standing_of, turns_of, who_is
from meals.kitchen import Amount, DishFacts
from meals.labels import ALLERGEN_NAMES, DIET_NAMES, amount_words
from meals.rules import Standing
from meals.states import TAKES_SEATS, Allergen, Diet, Job, MealRefusal, MealState, Unit
from rotas.api import SlotSeen

MOST_BLANKS = 6
EMPTY_LINES = 2
"""To write on, below what is done when."""
_TAKEN = ", ".join(f"'{state.value}'" for state in TAKES_SEATS)

_MEAL = """
select m.*, p.name as place_name, r.name as room_name from meal m join place p on p.id = m.place_id
left join room r on r.id = m.room_id where m.id = {}
"""
_DISHES = """
select d.id, d.name, d.about, d.allergens, d.meat, d.pork, d.declared_at, e.portions, e.instead
from meal_dish e join dish d on d.id = e.dish_id where e.meal_id = {} order by e.rank, e.id
"""
_INGREDIENTS = """
select i.dish_id, i.name, i.quantity_milli, i.unit from ingredient i join meal_dish e on e.dish_id = i.dish_id
where e.meal_id = {} order by e.rank, i.rank, i.id
"""
_EATING = f"""
select b.team, sum(p.seats) as seats, sum(p.children) as children from booking_part p
join booking b on b.id = p.booking_id where p.meal_id = {{}} and p.state in ({_TAKEN}) group by b.id, b.team
"""  # noqa: S608 - constants of ours
_DIETS = f"""
select d.diet, d.people, sum(p.seats) as seats from booking_diet d
join booking_part p on p.booking_id = d.booking_id where p.meal_id = {{}} and p.state in ({_TAKEN})
group by d.id, d.diet, d.people
"""  # noqa: S608 - constants of ours


@dataclass(frozen=True, slots=True)
class Bought:
    """Something that is needed, and how much in words; nothing for what is added to taste."""

    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class KitchenDish:
    """A dish of the menu, as it is cooked."""

    id: int
    name: str
    portions: str
    allergens: str
    not_for: str
    """« 2 personnes sans gluten »: of those who are booked."""
    instead: str
    instead_for: str
    """For whom of them something is made instead, or is to be."""
    unsure_for: str
    """For whom of them nothing is sure: of what is made instead nobody wrote down what it holds."""
    needs: Sequence[Bought]
    about: str


@dataclass(frozen=True, slots=True)
class Task:
    """A line of the day: a turn, or the meal itself."""

    hour: str
    what: str
    who: str
    blanks: Sequence[int]
    """A dotted line for each place that nobody has yet."""
    done: bool = True
    """Whether it is ticked when it is done."""


@dataclass(frozen=True, slots=True)
class Check:
    """A box to tick, and what is written down beside it."""

    what: str
    notes: Sequence[str]
    """Each before a dotted line."""


@dataclass(frozen=True, slots=True)
class KitchenPage:
    """The sheet, on screen and on paper."""

    id: int
    title: str
    state: str
    place_name: str
    day: str
    month: str
    """« décembre, de 12 h 30 à 14 h »."""
    when_words: str
    taken: int
    at_table: str
    among: str
    tone: str
    warning: str
    dishes: Sequence[KitchenDish]
    allergens: Sequence[tuple[str, str]]
    """In words, with the dishes."""
    undeclared: str
    """Of which dishes nobody wrote down what they hold."""
    counts: Sequence[str]
    reads_counts: bool
    tasks: Sequence[Task]
    shopping: Sequence[Bought]
    checks: Sequence[Check]
    printed: str


async def kitchen_page(meal_id: int, *, visit: Visit, address: str) -> KitchenPage:
    """The sheet of this meal. Raises `NotFound` for whoever is no member of its place, `Forbidden` for other members
    than those who make the meal or answer for it."""
    rows = await run(_MEAL, meal_id)
    if not rows or visit.member is None:
        raise NotFound
    (row,) = rows
    lang = language(visit.language)
    turns = await turns_of(meal_id, now=visit.now)
    here = await here_at(visit, row["place_id"])
    if not here.belongs:
        raise NotFound
    who = await who_is(row, visit.member.id, now=visit.now, here=here, turns=turns)
    if not rules.may_read_kitchen(who):
        raise Forbidden(MealRefusal.ONLY_TEAM)
    standing = standing_of(row)
    dishes = await run(_DISHES, meal_id)
    needs = await _needs(meal_id)
    eating = await run(_EATING, meal_id)
    counts = await _counts(meal_id) if rules.may_read_diets(who) else Counter[Diet]()
    facts = [dish_facts(dish) for dish in dishes]
    tone, warning = _warning(standing, visit.now)
    return KitchenPage(
        id=meal_id,
        title=row["title"],
        state=row["state"],
        place_name=row["place_name"],
        day=capital(lang.weekday_number(local(row["starts_at"]).date())),
        month=f"{lang.month(local(row['starts_at']).date())}, {lang.hours(row['starts_at'], row['ends_at'])}",
        when_words=_when(row, lang),
        taken=standing.taken,
        at_table=lang.say(text_n("à table", "à table", standing.taken)),
        among=_among(standing, eating, lang),
        tone=tone,
        warning=lang.say(warning) if warning is not None else "",
        dishes=[_dish(dish, needs[dish["id"]], counts, standing.taken, lang) for dish in dishes],
        allergens=[
            (capital(lang.gettext(ALLERGEN_NAMES[each])), ", ".join(names))
            for each, names in kitchen.allergens_of(facts).items()
        ],
        undeclared=undeclared_words(facts, lang),
        counts=[diet_words(diet, counts[diet], lang) for diet in Diet if counts[diet]],
        reads_counts=rules.may_read_diets(who),
        tasks=_tasks(row, turns, named=here.met, lang=lang),
        shopping=_bought(
            kitchen.shopping((needs[dish["id"]], portions_of(dish, standing.taken)) for dish in dishes), lang
        ),
        checks=[Check(lang.say(what), [lang.say(each) for each in notes]) for what, notes in CHECKS],
        printed=lang.say(
            text("Imprimé %(when)s. La fiche à jour : %(address)s", when=visit.now, address=address.split("://", 1)[-1])
        ),
    )


@dataclass(frozen=True, slots=True)
class KitchenSheet:
    """The same on A4."""

    kitchen: KitchenPage
    sheets: Sequence[Sequence[paper.Part]]
    tasks: Sequence[Task]
    """With lines to write on."""
    black: bool
    other_ink: str


def kitchen_sheet(page: KitchenPage, *, black: bool) -> KitchenSheet:
    """The sheet, laid out on as many papers as it takes."""
    head = paper.head_of(page.title, [dish.name for dish in page.dishes], page.counts)
    head += paper.WARNING if page.warning else 0
    tasks = [*page.tasks, *[Task("", "", "", ())] * EMPTY_LINES]
    sections = (
        ("tasks", paper.SECTION + paper.TABLE_HEAD, [_takes_of_task(task) for task in tasks]),
        ("shopping", paper.SECTION, _takes_of_shopping(page.shopping)),
        ("dishes", paper.SECTION + paper.TABLE_HEAD, [_takes_of_dish(dish) for dish in page.dishes]),
        ("checks", paper.SECTION, [paper.ROW] * len(page.checks)),
    )
    href = f"/repas/{page.id}/cuisine/feuille"
    return KitchenSheet(
        kitchen=page,
        sheets=paper.sheets_of(head, sections),
        tasks=tasks,
        black=black,
        other_ink=href if black else f"{href}?encre=noir",
    )


def _takes_of_task(task: Task) -> float:
    if not task.what:
        return paper.EMPTY_ROW
    who = len(task.who) + len(task.blanks) * paper.LETTERS_OF_A_BLANK
    more = max(-(-who // paper.LETTERS_OF_WHO), paper.lines(task.what, paper.LETTERS_OF_WHAT)) - 1
    return paper.ROW + max(0, more) * paper.MORE


def _takes_of_shopping(bought: Sequence[Bought]) -> list[float]:
    """Each row of three columns takes what its longest takes; the second and third of it take nothing more."""
    takes = []
    for first in range(0, len(bought), paper.COLUMNS):
        row = bought[first : first + paper.COLUMNS]
        lines = max(paper.lines(f"{each.name} {each.amount}", paper.LETTERS_OF_BOUGHT) for each in row)
        takes += [paper.SHOPPING_LINE + (lines - 1) * paper.SHOPPING_MORE] + [0.0] * (len(row) - 1)
    return takes


def _takes_of_dish(dish: KitchenDish) -> float:
    name, allergens = (paper.lines(cell, paper.LETTERS_OF_DISH) for cell in (dish.name, dish.allergens))
    instead = paper.lines(dish.instead, paper.LETTERS_OF_DISH) + paper.LINES_OF_UNKNOWN * bool(dish.instead)
    instead += sum(-(-len(people) // paper.LETTERS_OF_DISH) for people in (dish.instead_for, dish.unsure_for))
    instead += bool(dish.unsure_for)
    return paper.ROW + (max(name + 1, allergens, instead) - 1) * paper.MORE


# ----------------------------------------------------------------------------------------------------------- the dishes


def allergens_words(allergens: Collection[Allergen], lang: Language) -> str:
    """« gluten, lait », in the order of the annex."""
    return ", ".join(lang.gettext(ALLERGEN_NAMES[each]) for each in Allergen if each in allergens)


def undeclared_words(dishes: Sequence[DishFacts], lang: Language) -> str:
    """Of which dishes nobody wrote down what they hold, or what is made instead holds; nothing where that is known of
    all."""
    said = []
    if names := kitchen.undeclared(dishes):
        said.append(text("Pas encore notés pour : %(dishes)s.", dishes=tuple(names)))
    if names := kitchen.replaced(dishes):
        said.append(text("Pas encore notés pour ce qui est fait à la place de : %(dishes)s.", dishes=tuple(names)))
    return " ".join(lang.say(each) for each in said)


def portions_of(dish: Row, taken: int) -> int:
    """How many portions of it are cooked: one for each seat that is taken, unless its opener says otherwise."""
    return int(dish["portions"] or taken)


def amount_of(row: Row) -> Amount:
    """What a row of `ingredient` says."""
    return Amount(row["name"], row["quantity_milli"], Unit(row["unit"]))


def diet_words(diet: Diet, people: int, lang: Language) -> str:
    """« 2 personnes sans gluten »."""
    said = text_n("%(n)s personne %(diet)s", "%(n)s personnes %(diet)s", people, diet=Text(DIET_NAMES[diet]))
    return lang.say(said)


async def _needs(meal_id: int) -> dict[int, list[Amount]]:
    """Ten portions of each dish."""
    found = defaultdict[int, list[Amount]](list)
    for row in await run(_INGREDIENTS, meal_id):
        found[row["dish_id"]].append(amount_of(row))
    return found


async def _counts(meal_id: int) -> Counter[Diet]:
    """How many of those who have a seat do not eat what."""
    counts = Counter[Diet]()
    for row in await run(_DIETS, meal_id):
        counts[Diet(row["diet"])] += min(row["people"], row["seats"])
    return counts


def _dish(dish: Row, needs: Sequence[Amount], counts: Counter[Diet], taken: int, lang: Language) -> KitchenDish:
    facts, portions = dish_facts(dish), portions_of(dish, taken)
    against = [diet for diet in Diet if counts[diet] and kitchen.conflicts(diet, facts)]
    unsure = [diet for diet in against if facts.instead and not kitchen.may_eat_instead(diet)]

    def people(diets: Sequence[Diet]) -> str:
        return ", ".join(diet_words(diet, counts[diet], lang) for diet in diets)

    return KitchenDish(
        id=facts.id,
        name=facts.name,
        portions=lang.say(text_n("%(n)s portion", "%(n)s portions", portions)),
        allergens=capital(allergens_words(facts.allergens, lang))
        if facts.declared
        else lang.say(text("Pas encore notés")),
        not_for=people(against),
        instead=facts.instead,
        instead_for=people([diet for diet in against if diet not in unsure]),
        unsure_for=people(unsure),
        needs=_bought(kitchen.recipe(needs, portions), lang),
        about=dish["about"],
    )


def _bought(amounts: Sequence[Amount], lang: Language) -> list[Bought]:
    return [Bought(each.name, amount_words(each, lang)) for each in amounts]


# -------------------------------------------------------------------------------------------------------------- the day


def _when(row: Row, lang: Language) -> str:
    words = f"{capital(lang.day(row['starts_at']))}, {lang.hours(row['starts_at'], row['ends_at'])}"
    return f"{words}, {row['room_name']}" if row["room_name"] else words


def _among(standing: Standing, eating: Sequence[Row], lang: Language) -> str:
    """« dont 4 de l’équipe et 2 enfants, 5 places encore libres »."""
    team, children = sum(bool(row["team"]) for row in eating), sum(row["children"] for row in eating)
    parts = []
    if team:
        parts.append(text_n("%(n)s de l’équipe", "%(n)s de l’équipe", team))
    if children:
        parts.append(text_n("%(n)s enfant", "%(n)s enfants", children))
    said = [lang.say(text("dont %(parts)s", parts=tuple(lang.say(part) for part in parts)))] if parts else []
    if standing.state is MealState.OPEN and standing.free:
        said.append(lang.say(text_n("%(n)s place encore libre", "%(n)s places encore libres", standing.free)))
    return ", ".join(said)


def _warning(standing: Standing, now: datetime) -> tuple[str, Text | None]:
    """What to know before one begins to cook."""
    if standing.state is MealState.CANCELLED:
        return "fault", text("Ce repas est annulé.")
    if (until := rules.in_doubt(standing, now)) is not None:
        return "", text("Il manque du monde en cuisine : on saura avant %(hour)s.", hour=until)
    if standing.state is MealState.OPEN and now < standing.closes_at:
        return "", text("Les nombres changent jusqu’à %(when)s.", when=standing.closes_at)
    return "", None


def _tasks(row: Row, turns: Sequence[tuple[Job, SlotSeen]], *, named: bool, lang: Language) -> list[Task]:
    """The turns in time’s order, and among them the meal."""
    day = local_day(row["starts_at"])

    def hour(at: datetime) -> str:
        return lang.hour(at) if local_day(at) == day else f"{lang.short_day(at)}, {lang.hour(at)}"

    found = [(slot.starts_at, 0, _task(slot, hour(slot.starts_at), named=named, lang=lang)) for _, slot in turns]
    table = Task(hour(row["starts_at"]), lang.say(text("À table")), "", (), done=False)
    found.append((row["starts_at"], 1, table))
    return [task for _, _, task in sorted(found, key=lambda each: each[:2])]


def _task(slot: SlotSeen, hour: str, *, named: bool, lang: Language) -> Task:
    who = ", ".join(slot.names)
    if not named and slot.taken:
        who = lang.say(text_n("%(n)s personne", "%(n)s personnes", slot.taken))
    return Task(hour, slot.duty, who, range(min(slot.free, MOST_BLANKS)))


_HOUR, _DEGREES = text("Heure"), text("°C")
CHECKS: tuple[tuple[Text, tuple[Text, ...]], ...] = (
    (text("Les mains : lavées en arrivant, et après chaque produit cru"), ()),
    (text("Le froid : entre 0 et 3 °C"), (_HOUR, _DEGREES)),
    (text("Le chaud : 63 °C au moins, jusqu’au service"), (_HOUR, _DEGREES)),
    (text("Refroidi : de 63 à 10 °C en 2 heures au plus"), (text("De"), text("À"))),
    (text("Le plat témoin : une part de chaque plat, datée, au froid 5 jours"), (_HOUR,)),
    (text("Les allergènes : écrits devant chaque plat"), (text("Relu par"),)),
)
"""What is watched in a kitchen, and ticked on paper."""
