"""What those who make a meal write: the meal as they plan it, a dish of the book, the prices of the place, why a meal
is called off. Raw text in; what `plan` hands to commands, or one sentence for each field, out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.clock import ImpossibleHour, from_local, local, local_day
from app.i18n import Text, text
from app.identity.rules import name_key
from app.web.forms import Fields, Form, clean_line, read_cents
from meals import rules
from meals.forms_team import beside_the_meal, gone_with_the_meal, has_turns, turn_rows
from meals.kitchen import WRITTEN_UNITS, Amount, unticked
from meals.plan import DishWords, MealPlan, PlannedDish, PlannedTurn
from meals.rules import SEATS_OF_A_MEAL, Prices
from meals.states import Allergen, Job, MealRefusal, Unit
from meals.wording import SENTENCES
from rotas.api import Span

LONGEST_TITLE, LONGEST_NAME, LONGEST_ABOUT, LONGEST_REASON, LONGEST_INSTEAD = 80, 60, 3000, 500, 120
MOST_DISHES, MOST_INGREDIENTS = 12, 40
MOST_CENTS, MOST_PEOPLE, MOST_PORTIONS = 10_000, 40, 600
LONGEST, FURTHEST = timedelta(hours=12), timedelta(days=366)
DAY = timedelta(days=1)
_NUMBER = re.compile(r"(\d{1,6})(?:[.,](\d{1,3}))?", re.ASCII)

FIELD_OF_REFUSAL: dict[MealRefusal, str] = {
    MealRefusal.IN_THE_PAST: "day",
    MealRefusal.CLOSES_TOO_LATE: "closes_day",
    MealRefusal.NOT_OPEN: "closes_day",
    MealRefusal.ROOM_TAKEN: "room",
    MealRefusal.ROOM_TOO_SMALL: "seats",
    MealRefusal.FEWER_THAN_TAKEN: "seats",
    MealRefusal.NO_DISHES: "dish_1",
    MealRefusal.DISH_DOUBLE: "dish_1",
}
"""Where on the form of a meal a refusal is shown."""


@dataclass(frozen=True, slots=True)
class MealForm:
    """A meal, as it was written."""

    plan: MealPlan | None
    """Where nothing is at fault."""
    values: Mapping[str, str]
    errors: dict[str, Text]
    once: str
    version: int
    starts_at: datetime | None
    ends_at: datetime | None
    asks: Mapping[str, Text]
    """What is asked before it is done, by field."""


def read_meal(
    form: Form,
    *,
    now: datetime,
    rooms: Collection[int],
    duties: Collection[int],
    menu: Mapping[str, int],
    starts: datetime | None = None,
    stands: Mapping[int, Span] | None = None,
) -> MealForm:
    """`title`, `day`, `from`, `to`, `closes_day` and `closes_hour` (without them: the day before at 18 h), `room`,
    `seats`, `about`, `low`, `fair`, `more`, `cooks_least`; `dish_1`… with `portions_1`, `instead_1`; `turn_job_1`… with
    `turn_duty_1`, `turn_day_1` (without it: the meal’s), `turn_from_1`, `turn_to_1`, `turn_people_1`, `turn_slot_1`;
    `turns=1` where the form has those: one that says nothing of them leaves them as they are.
    `menu`: dishes that are not in the book, by their names’ keys; `starts`: its hour, which may have passed; `stands`:
    the hours of the turns that it has. Turns that a form proposed go with the meal (`forms_team`)."""
    form = gone_with_the_meal(form)
    fields = Fields(form)
    title = fields.line("title", longest=LONGEST_TITLE, required=text("Il manque le nom du repas."))
    about = fields.paragraph("about", longest=LONGEST_ABOUT)
    starts_at, ends_at = _hours(fields, now)
    if starts_at is not None and starts_at <= now and starts_at != starts:
        fields.fault("day", text(SENTENCES[MealRefusal.IN_THE_PAST]))
    closes_at = _closes(fields, starts_at, now)
    room_id = fields.whole("room", least=1, most=2_147_483_647)
    if room_id is not None and room_id not in rooms:
        fields.fault("room", text("Cette salle n’est pas dans la liste. Choisis-en une autre."))
    least, most = SEATS_OF_A_MEAL
    seats = fields.whole("seats", least=least, most=most, required=text("Il manque le nombre de places."))
    cooks = fields.whole("cooks_least", least=0, most=MOST_PEOPLE)
    prices = read_three(fields)
    dishes = _dishes(fields, menu)
    turns = _turns(fields, starts_at, closes_at, duties=duties, now=now)
    plan = None
    if not fields.errors and starts_at and ends_at and closes_at and seats and prices:
        plan = MealPlan(
            title=title,
            starts_at=starts_at,
            ends_at=ends_at,
            closes_at=closes_at,
            seats=seats,
            prices=prices,
            dishes=dishes,
            about=about,
            room_id=room_id,
            cooks_least=2 if cooks is None else cooks,
            turns=tuple(turn for _, turn in turns) if has_turns(form) else None,
        )
    once = clean_line(form.get("once", ""))[:64]
    return MealForm(
        plan=plan,
        values=fields.values,
        errors=fields.errors,
        once=once or (hashlib.sha256(repr(plan).encode()).hexdigest() if plan is not None else ""),
        version=read_version(form),
        starts_at=starts_at,
        ends_at=ends_at,
        asks=beside_the_meal(
            turns, (starts_at, ends_at) if starts_at and ends_at else None, stands=stands or {}, form=form
        ),
    )


def _hours(fields: Fields, now: datetime) -> tuple[datetime | None, datetime | None]:
    needed = text("Choisis un jour et une heure.")
    starts_at = fields.moment("starts_at", day="day", hour="from", required=needed)
    ends_at = fields.moment("ends_at", day="day", hour="to", required=text("À quelle heure ça finit ?"))
    for asked, shown in (("starts_at", "day"), ("ends_at", "to")):
        if asked in fields.errors:
            fields.fault(shown, fields.errors.pop(asked))
    if starts_at is None or ends_at is None:
        return None, None
    if ends_at <= starts_at:
        fields.fault("to", text("La fin vient avant le début. Vérifie les deux heures."))
    elif ends_at - starts_at > LONGEST:
        fields.fault("to", text("Un repas dure douze heures au plus."))
    if starts_at - now > FURTHEST:
        fields.fault("day", text("C’est dans plus d’un an. Choisis un jour plus proche."))
    return starts_at, ends_at


def _closes(fields: Fields, starts_at: datetime | None, now: datetime) -> datetime | None:
    if fields.form.get("closes_day") or fields.form.get("closes_hour"):
        needed = text("Choisis un jour et une heure, ou laisse les deux vides.")
        return fields.moment("closes_at", day="closes_day", hour="closes_hour", required=needed)
    return None if starts_at is None else default_closing(starts_at, now=now)


def default_closing(starts_at: datetime, *, now: datetime) -> datetime:
    """The day before at 18 h, if that is to come."""
    eve = local_day(starts_at) - DAY
    return rules.closes_at_for(from_local(f"{eve}T{rules.CLOSES_AT:%H:%M}"), starts_at=starts_at, now=now)


def _dishes(fields: Fields, menu: Mapping[str, int]) -> tuple[PlannedDish, ...]:
    found: list[PlannedDish] = []
    keys = set[str]()
    for number in range(1, MOST_DISHES + 1):
        name = fields.line(f"dish_{number}", longest=LONGEST_TITLE)
        instead = fields.line(f"instead_{number}", longest=LONGEST_INSTEAD)
        portions = fields.whole(f"portions_{number}", least=1, most=MOST_PORTIONS)
        if not name:
            if instead or portions:
                fields.fault(f"dish_{number}", text("Il manque le nom du plat."))
            continue
        if name_key(name) in keys:
            fields.fault(f"dish_{number}", text(SENTENCES[MealRefusal.DISH_DOUBLE]))
        keys.add(name_key(name))
        found.append(PlannedDish(menu.get(name_key(name)), portions, instead, name))
    if not found:
        fields.fault("dish_1", text(SENTENCES[MealRefusal.NO_DISHES]))
    return tuple(found)


def field_of(reason: object, form: Mapping[str, str]) -> str:
    """Beside which field of a meal’s form this refusal is said; that of the whole form for the rest."""
    if reason is MealRefusal.SHOPPING_TOO_EARLY:
        shop = [number for number in turn_rows(form) if form[f"turn_job_{number}"] == Job.SHOP]
        return f"turn_from_{shop[0]}" if shop else "form"
    return FIELD_OF_REFUSAL.get(reason, "form") if isinstance(reason, MealRefusal) else "form"


def _turns(
    fields: Fields, starts_at: datetime | None, closes_at: datetime | None, *, duties: Collection[int], now: datetime
) -> list[tuple[int, PlannedTurn]]:
    """The turns that want somebody, with their numbers on the form."""
    found = []
    for number in turn_rows(fields.form):
        job = fields.choice(f"turn_job_{number}", Job)
        people = fields.whole(f"turn_people_{number}", least=0, most=MOST_PEOPLE)
        if job is None or not people:
            continue
        duty = fields.whole(f"turn_duty_{number}", least=1, most=2_147_483_647)
        if duty is None or duty not in duties:
            fields.fault(f"turn_duty_{number}", text("Choisis le rôle dans la liste."))
        day = _day(fields, f"turn_day_{number}") or (local_day(starts_at) if starts_at is not None else None)
        begins = _hour(fields, f"turn_from_{number}", text("Il manque l’heure du début."))
        ends = _hour(fields, f"turn_to_{number}", text("Il manque l’heure de la fin."))
        slot = fields.whole(f"turn_slot_{number}", least=1, most=2_147_483_647)
        if day is None or begins is None or ends is None:
            continue
        at = _instant(fields, f"turn_from_{number}", day, begins)
        until = _instant(fields, f"turn_to_{number}", day + DAY if ends <= begins else day, ends)
        if at is None or until is None:
            continue
        if slot is None and at <= now and "day" not in fields.errors:
            fields.fault(f"turn_from_{number}", text("Ce tour serait déjà passé."))
        # A turn that there is, and that nobody touches, goes with the meal: the command looks where to.
        if (
            slot is None
            and closes_at is not None
            and (reason := rules.why_not_this_turn(job, starts_at=at, closes_at=closes_at))
        ):
            fields.fault(f"turn_from_{number}", text(SENTENCES[reason]))
        if until - at > LONGEST:
            fields.fault(f"turn_to_{number}", text("Un tour dure douze heures au plus."))
        if duty is not None:
            found.append((number, PlannedTurn(job, duty, at, until, people, slot)))
    return found


def _day(fields: Fields, name: str) -> date | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        return None
    try:
        day = date.fromisoformat(raw)
        if 2000 <= day.year <= 2190:
            return day
    except ValueError:
        pass
    fields.fault(name, text("Ce jour n’existe pas. Exemple : 24/11/2026."))
    return None


def _hour(fields: Fields, name: str, required: Text) -> time | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        fields.fault(name, required)
        return None
    try:
        return time.fromisoformat(raw.zfill(5)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        fields.fault(name, text("Cette heure n’existe pas. Exemple : 14:30."))
        return None


def _instant(fields: Fields, name: str, day: date, hour: time) -> datetime | None:
    try:
        return from_local(f"{day}T{hour:%H:%M}")
    except ImpossibleHour:
        fields.fault(name, text("Cette heure n’existe pas ce jour-là : on passe à l’heure d’été."))
        return None


# --------------------------------------------------------------------------------------------------------------- prices


@dataclass(frozen=True, slots=True)
class PricesForm:
    """The prices of the place, as they were written."""

    prices: Prices | None
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_prices(form: Form) -> PricesForm:
    """`low`, `fair`, `more`."""
    fields = Fields(form)
    prices = read_three(fields)
    return PricesForm(None if fields.errors else prices, fields.values, fields.errors)


def read_three(fields: Fields) -> Prices | None:
    """`low`, `fair`, `more`, each at least the one before; none where one is at fault."""
    read = [_cents(fields, name) for name in ("low", "fair", "more")]
    low, fair, more = read
    if low is None or fair is None or more is None:
        return None
    if fair < low:
        fields.fault("fair", text("Le prix du repas ne peut pas être plus bas que le petit budget."))
    if more < fair:
        fields.fault("more", text("Qui ajoute pour quelqu’un met au moins le prix du repas."))
    return Prices(low, fair, more)


def _cents(fields: Fields, name: str) -> int | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        fields.fault(name, text("Il manque un prix. Gratuit, c’est 0."))
        return None
    cents = read_cents(raw)
    if cents is None:
        fields.fault(name, text("Écris un prix, comme 5 ou 4,50."))
        return None
    if cents > MOST_CENTS:
        fields.fault(name, text("C’est plus de %(most)s € : c’est un repas à partager.", most=MOST_CENTS // 100))
        return None
    return cents


# ------------------------------------------------------------------------------------------------------------- the book


@dataclass(frozen=True, slots=True)
class DishForm:
    """A dish, as it was written."""

    words: DishWords
    version: int
    values: Mapping[str, str]
    ticked: frozenset[str]
    """Allergens."""
    missing: Mapping[Allergen, Sequence[str]]
    """Those that are not ticked and usually are in these ingredients."""
    rows: int
    """Of ingredients, that the form showed."""
    errors: Mapping[str, Text]


def read_dish(form: Form) -> DishForm:
    """`name`, `about`, `allergen` (several) or `none`, `meat`, `pork`; `ingredient_1`… with `quantity_1`, `unit_1`, for
    ten. Whoever was asked about what nobody ticked (`asked`) answers with a tick: a `none` of before counts no more."""
    fields = Fields(form)
    ticked = frozenset(value for value in form.all("allergen") if value in set(Allergen))
    values, none = fields.values, fields.box("none")
    if none and ticked and form.get("asked", ""):
        none, values["none"] = False, ""
    elif none and ticked:
        fields.fault("allergen", text("C’est l’un ou l’autre : des allergènes, ou aucun de ces quatorze."))
    written = [n for n in range(1, MOST_INGREDIENTS + 1) if f"ingredient_{n}" in form]
    words = DishWords(
        name=fields.line("name", longest=LONGEST_TITLE, required=text("Il manque le nom du plat.")),
        about=fields.paragraph("about", longest=LONGEST_ABOUT),
        allergens=frozenset(Allergen(value) for value in ticked),
        meat=fields.box("meat") or fields.box("pork"),
        pork=fields.box("pork"),
        declared=none or bool(ticked),
        ingredients=tuple(each for n in written if (each := _ingredient(fields, n)) is not None),
    )
    missing = unticked((each.name for each in words.ingredients), words.allergens)
    return DishForm(words, read_version(form), values, ticked, missing, max(written, default=0), fields.errors)


def _ingredient(fields: Fields, number: int) -> Amount | None:
    name = fields.line(f"ingredient_{number}", longest=LONGEST_NAME)
    raw = clean_line(fields.form.get(f"quantity_{number}", "")).replace(" ", "")
    unit, makes = WRITTEN_UNITS.get(fields.choice(f"unit_{number}", WRITTEN_UNITS) or "g", (Unit.GRAM, 1))
    if not name:
        if raw:
            fields.fault(f"ingredient_{number}", text("Il manque le nom de l’ingrédient."))
        return None
    if unit is Unit.TO_TASTE:
        return Amount(name, 0, unit)
    written = _NUMBER.fullmatch(raw)
    if written is None:
        sentence = (
            text("Écris un nombre, comme 1,5. Tu as écrit « %(value)s ».", value=raw[:40])
            if raw
            else text("Combien pour dix personnes ? Ou choisis « selon le goût ».")
        )
        fields.fault(f"quantity_{number}", sentence)
        return None
    milli = (int(written[1]) * 1000 + int((written[2] or "").ljust(3, "0"))) * makes
    if not milli:
        fields.fault(f"quantity_{number}", text("Il en faut plus que zéro."))
    return Amount(name, milli, unit)


# ------------------------------------------------------------------------------------------------------------- the rest


@dataclass(frozen=True, slots=True)
class ReasonForm:
    """Why a meal is called off."""

    reason: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_reason(form: Form) -> ReasonForm:
    """`reason`."""
    fields = Fields(form)
    needed = text("Dis pourquoi : tout le monde lira ces mots.")
    return ReasonForm(fields.paragraph("reason", longest=LONGEST_REASON, required=needed), fields.values, fields.errors)


def read_version(form: Mapping[str, str]) -> int:
    """Of the thing that was read; a form without it is of none, and refused where something has changed."""
    raw = form.get("version", "")
    return int(raw) if re.fullmatch(r"\d{1,9}", raw, re.ASCII) else -1


def local_fields(at: datetime) -> tuple[str, str]:
    """The day and the hour of an instant, as fields have them."""
    wall = local(at)
    return f"{wall:%Y-%m-%d}", f"{wall:%H:%M}"
