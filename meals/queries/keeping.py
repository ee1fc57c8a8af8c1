"""The pages of whoever opens, changes or calls off a meal. Each asks the rules who may; commands ask again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.calendar import api as calendar
from app.clock import local, local_day
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.api import RoomFacts, here_at, rooms_of
from app.identity.rules import name_key
from app.identity.visits import Visit
from meals import facts, rules
from meals.facts import KIND, Row, prices_of, standing_of, turns_of, who_is
from meals.forms_team import MOST_TURNS, proposed
from meals.labels import JOB_ICONS, JOB_NAMES
from meals.queries.meanwhile import differing
from meals.queries.prices import price_values, prices_of_place
from meals.rules import Standing, Who
from meals.states import Job, MealRefusal
from rotas.api import DutySeen, SlotSeen, duties_of

WEEK = timedelta(days=7)
LEAST_DISH_ROWS, MORE_DISH_ROWS = 4, 4

USUAL = {
    Job.SHOP: ("08:30", "10:00", 2),
    Job.COOK: ("09:30", "12:30", 3),
    Job.SERVE: ("12:00", "14:00", 2),
    Job.WASH: ("14:00", "15:30", 2),
    Job.TILL: ("12:00", "13:00", 1),
}
"""Hours and people that an empty form proposes, for a meal at half past twelve."""


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A turn on the form of a meal."""

    number: int
    job: str
    name: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A button that sends the form again with something free instead."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class MealFormPage:
    """A meal as it is written: empty, filled from another one, or as it stands."""

    id: int
    """0 for a new one."""
    title: str
    when_words: str
    place_name: str
    action: str
    back: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]
    once: str
    version: int
    first_day: str
    last_day: str
    rooms: Sequence[tuple[str, str]]
    free_rooms: Sequence[Repair]
    dishes: range
    dish_book: Sequence[str]
    turns: Sequence[TurnRow]
    duties: Sequence[tuple[str, str]]
    hint: str
    asks: Mapping[str, Text]
    """What is asked about its turns, by field, before it is done."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form that comes back holds."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, Text] = field(default_factory=dict)
    once: str = ""
    version: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    asks: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """A meal, with what rules ask of it and of the reader."""

    row: Row
    standing: Standing
    who: Who
    turns: Sequence[tuple[Job, SlotSeen]]


@dataclass(frozen=True, slots=True)
class CancelPage:
    """The question before a meal is called off."""

    id: int
    title: str
    when_words: str
    words: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


# -------------------------------------------------------------------------------------------------------------- who may


async def why_not_open(visit: Visit, place_id: int) -> MealRefusal | None:
    """Why the reader cannot open a meal at this place, or write in its dish book."""
    assert visit.member is not None
    return await facts.why_not_open(visit.member.id, place_id, await here_at(visit, place_id), now=visit.now)


async def refuse_unless_opens(visit: Visit, place_id: int) -> None:
    """Raises `Forbidden` with why."""
    if (reason := await why_not_open(visit, place_id)) is not None:
        raise Forbidden(reason)


async def kept_meal(meal_id: int, *, visit: Visit) -> Kept:
    """The meal, for a member of its place; for the rest there is none to be changed (`NotFound`)."""
    rows = await run(
        "select m.*, r.name as room_name from meal m left join room r on r.id = m.room_id where m.id = {}", meal_id
    )
    if not rows or visit.member is None:
        raise NotFound
    (row,) = rows
    here = await here_at(visit, row["place_id"])
    if not here.belongs:
        raise NotFound
    turns = await turns_of(meal_id, now=visit.now)
    who = await who_is(row, visit.member.id, now=visit.now, here=here, turns=turns)
    return Kept(row, standing_of(row), who, turns)


# ------------------------------------------------------------------------------------------------------------- the form


async def menu_of(meal_id: int) -> list[Row]:
    """The dishes of a meal, in its order."""
    return await run(
        "select d.id, d.name, d.retired_at, e.portions, e.instead from meal_dish e join dish d on d.id = e.dish_id "
        "where e.meal_id = {} order by e.rank, e.id",
        meal_id,
    )


def keys_of(menu: Sequence[Row]) -> dict[str, int]:
    """Of these dishes, those that the book has no more, by their names as names are compared: it finds the others, and
    a form that is sent twice stays the same."""
    return {name_key(row["name"]): row["id"] for row in menu if row["retired_at"] is not None}


async def new_page(*, visit: Visit, place_id: int, like: str = "", sent: Sent | None = None) -> MealFormPage:
    """The form of a new meal; `like` is the id of one that it is to be like, a week later."""
    duties = await duties_of(place_id)
    if sent is None:
        sent = Sent(proposed(await _values_like(like, visit, place_id) or await _usual_values(place_id, duties)))
    return await _page(visit, place_id, sent, duties, None)


async def edit_page(kept: Kept, *, visit: Visit, sent: Sent | None = None) -> MealFormPage:
    """The form of a meal that there is."""
    duties = await duties_of(kept.row["place_id"])
    if sent is None:
        values = values_of(kept.row, await menu_of(kept.row["id"]), kept.turns)
        sent = Sent(values, version=kept.standing.version)
    elif not any(name.startswith("turn_") for name in sent.values):  # the form that is shown has them
        team = values_of(kept.row, (), kept.turns)
        sent = replace(sent, values={**{name: team[name] for name in team if name.startswith("turn_")}, **sent.values})
    return await _page(visit, kept.row["place_id"], sent, duties, kept.row)


async def _page(visit: Visit, place_id: int, sent: Sent, duties: Sequence[DutySeen], row: Row | None) -> MealFormPage:
    lang = language(visit.language)
    rooms = await rooms_of(place_id)
    book = await run("select name from dish where place_id = {} and retired_at is null order by name, id", place_id)
    (place,) = await run("select name from place where id = {}", place_id)
    today = local_day(visit.now)
    return MealFormPage(
        id=row["id"] if row is not None else 0,
        title=row["title"] if row is not None else "",
        when_words=_when(row, lang) if row is not None else "",
        place_name=place["name"],
        action=f"/repas/{row['id']}/changer" if row is not None else "/repas",
        back=f"/repas/{row['id']}" if row is not None else "/repas",
        values=sent.values,
        errors=sent.errors,
        once=sent.once or secrets.token_urlsafe(12),
        version=sent.version,
        first_day=today.isoformat(),
        last_day=(today + timedelta(days=366)).isoformat(),
        rooms=[(str(room.id), _room_words(room, lang)) for room in rooms],
        free_rooms=await _free_rooms(place_id, sent, row, lang),
        dishes=range(1, _dish_rows(sent.values) + 1),
        dish_book=[each["name"] for each in book],
        turns=_turn_rows(sent.values, lang),
        duties=[(str(duty.id), duty.name) for duty in duties],
        hint=_hint(row, visit.now, lang) if row is not None else "",
        asks=sent.asks,
    )


def _hint(row: Row, now: datetime, lang: Language) -> str:
    """What an edit means; of a closed meal how it is booked again."""
    said = [text("Les personnes qui ont une place sont prévenues de ce qui change.")]
    if rules.is_closed(standing_of(row), now=now) and now < row["starts_at"]:
        said.append(
            text(
                "Les réservations sont closes. Si tu reportes le repas à un autre jour, tu peux les rouvrir : change "
                "aussi « On réserve jusqu’à »."
            )
        )
    return " ".join(lang.say(each) for each in said)


def _when(row: Row, lang: Language) -> str:
    return f"{capital(lang.day(row['starts_at']))}, {lang.hours(row['starts_at'], row['ends_at'])}"


def _room_words(room: RoomFacts, lang: Language) -> str:
    return lang.say(text_n("%(room)s (%(n)s place)", "%(room)s (%(n)s places)", room.seats, room=room.name))


async def _free_rooms(place_id: int, sent: Sent, row: Row | None, lang: Language) -> list[Repair]:
    """Where the room is taken, those that are not."""
    if "room" not in sent.errors or sent.starts_at is None or sent.ends_at is None:
        return []
    but = (KIND, int(row["id"])) if row is not None else None
    free = await calendar.free_rooms(place_id, sent.starts_at, sent.ends_at, seats=1, except_for=but)
    return [Repair(str(room.id), lang.say(text("Prendre : %(room)s", room=room.name))) for room in free[:3]]


def _dish_rows(values: Mapping[str, str]) -> int:
    """Rows for the dishes there are, and one that is empty; more when more were asked for."""
    written = [n for n in range(1, 13) if values.get(f"dish_{n}")]
    asked = int(values["dish_rows"]) if values.get("dish_rows", "").isdecimal() and len(values["dish_rows"]) < 3 else 0
    return min(12, max(LEAST_DISH_ROWS, max(written, default=0) + 1, asked))


def _turn_rows(values: Mapping[str, str], lang: Language) -> list[TurnRow]:
    rows = []
    for number in range(1, MOST_TURNS + 1):
        job = values.get(f"turn_job_{number}", "")
        if job in set(Job):
            rows.append(TurnRow(number, job, lang.gettext(JOB_NAMES[Job(job)])))
    return rows


# ----------------------------------------------------------------------------------------------------------- its values


def values_of(
    row: Row, menu: Sequence[Row], turns: Sequence[tuple[Job, SlotSeen]], *, later: timedelta = timedelta(0)
) -> dict[str, str]:
    """A meal as the texts of its form; of another one like it that much `later`, its turns are not the same turns, and
    dishes that are not made any more are left out."""
    values = {
        "title": row["title"],
        "about": row["about"],
        "room": str(row["room_id"] or ""),
        "seats": str(row["seats"]),
        "cooks_least": str(row["cooks_least"]),
        **price_values(prices_of(row)),
    }
    values["day"], values["from"] = _local(row["starts_at"], later)
    _, values["to"] = _local(row["ends_at"], later)
    values["closes_day"], values["closes_hour"] = _local(row["closes_at"], later)
    made = [dish for dish in menu if dish["retired_at"] is None] if later else menu
    for number, dish in enumerate(made, 1):
        values[f"dish_{number}"] = dish["name"]
        values[f"portions_{number}"] = str(dish["portions"] or "")
        values[f"instead_{number}"] = dish["instead"]
    number = 0
    for number, (job, slot) in enumerate(turns, 1):
        day, begins = _local(slot.starts_at, later)
        values |= {
            f"turn_job_{number}": job.value,
            f"turn_slot_{number}": "" if later else str(slot.id),
            f"turn_duty_{number}": str(slot.duty_id),
            f"turn_day_{number}": day,
            f"turn_from_{number}": begins,
            f"turn_to_{number}": _local(slot.ends_at, later)[1],
            f"turn_people_{number}": str(slot.people),
        }
    there = {job for job, _ in turns}
    for job in Job:
        if job not in there:
            number += 1
            values[f"turn_job_{number}"] = job.value
    return values


def _local(at: datetime, later: timedelta) -> tuple[str, str]:
    wall = local(at)
    return f"{wall.date() + later:%Y-%m-%d}", f"{wall:%H:%M}"


async def meanwhile(kept: Kept, sent: Sent) -> Sent:
    """The form that comes back where somebody else changed the meal: what was written, beside it what stands now, and
    the turns that were opened meanwhile, which are nobody's to take off unread."""
    row = kept.row
    stands = values_of(row, await menu_of(row["id"]), kept.turns)
    values = dict(sent.values)
    slots = {value for name, value in values.items() if name.startswith("turn_slot_")}
    numbers = [int(name.rpartition("_")[2]) for name in stands if name.startswith("turn_job_")]
    theirs = {values.get(f"turn_slot_{n}"): n for n in range(1, MOST_TURNS + 1) if f"turn_job_{n}" in values}
    last = max(theirs.values(), default=0)
    compared = {name: value for name, value in stands.items() if not name.startswith("turn_")}
    for number in numbers:
        slot = stands.get(f"turn_slot_{number}", "")
        if not slot:
            continue
        if slot not in slots:
            last += 1
        place = theirs.get(slot, last)
        for field_name in ("job", "slot", "duty", "day", "from", "to", "people"):
            value = stands[f"turn_{field_name}_{number}"]
            if slot in slots:
                compared[f"turn_{field_name}_{place}"] = value
            else:
                values[f"turn_{field_name}_{place}"] = value
    called: dict[str, object] = {
        "room": row["room_name"] or "",
        "day": local_day(row["starts_at"]),
        "closes_day": local_day(row["closes_at"]),
    }
    duties = {str(duty.id): duty.name for duty in await duties_of(row["place_id"])}
    called |= {name: duties.get(value, "") for name, value in compared.items() if name.startswith("turn_duty_")}
    errors = {**sent.errors, **differing(values, compared, called=called)}
    return replace(sent, values=values, errors=errors, version=kept.standing.version)


async def _usual_values(place_id: int, duties: Sequence[DutySeen]) -> dict[str, str]:
    """An empty form: the usual hours, the prices of the place, its duties by their pictures."""
    values: dict[str, Any] = {"from": "12:30", "to": "14:30", "seats": "24"}
    values |= price_values(await prices_of_place(place_id))
    for number, job in enumerate(Job, 1):
        duty = next((each for each in duties if each.icon == JOB_ICONS[job]), None)  # guessed by its picture
        begins, ends, people = USUAL[job]
        values |= {
            f"turn_job_{number}": job.value,
            f"turn_duty_{number}": str(duty.id) if duty is not None else "",
            f"turn_from_{number}": begins,
            f"turn_to_{number}": ends,
            f"turn_people_{number}": str(people if duty is not None else 0),
        }
        if job is Job.COOK:
            values["cooks_least"] = "2" if duty is not None else "0"
    return values


async def _values_like(like: str, visit: Visit, place_id: int) -> dict[str, str] | None:
    """Those of another meal of the place, so many weeks later that it is to come, at what the place asks now; none for
    what is no such meal."""
    if not (like.isascii() and like.isdecimal() and len(like) < 10):
        return None
    rows = await run("select * from meal where id = {} and place_id = {}", int(like), place_id)
    if not rows:
        return None
    (row,) = rows
    later = WEEK
    while row["closes_at"] + later <= visit.now:  # what is booked until then begins later still
        later += WEEK
    values = values_of(row, await menu_of(row["id"]), await turns_of(row["id"], now=visit.now), later=later)
    return values | price_values(await prices_of_place(place_id))


# ------------------------------------------------------------------------------------------------------ other questions


def cancel_page(
    kept: Kept, *, visit: Visit, values: Mapping[str, str] | None = None, errors: Mapping[str, Text] | None = None
) -> CancelPage:
    """The question, with what it means."""
    lang = language(visit.language)
    seats = kept.standing.taken
    told = text_n(
        "%(n)s place est prise : on prévient.", "%(n)s places sont prises : on prévient tout le monde.", seats
    )
    return CancelPage(
        id=kept.row["id"],
        title=kept.row["title"],
        when_words=_when(kept.row, lang),
        words=lang.say(told if seats else text("Personne n’a encore de place. L’équipe est prévenue.")),
        values=values or {},
        errors=errors or {},
    )


async def may_go_ahead(meal_id: int, *, visit: Visit) -> partial[MealRefusal | None]:
    """The rule that says who says « on le fait quand même » of this meal."""
    rows = await run("select opener_id, place_id from meal where id = {}", meal_id)
    wanted, somebody_may = await facts.taking_on(rows[0], now=visit.now) if rows else (False, True)
    return partial(rules.why_cannot_go_ahead, wanted=wanted, somebody_may=somebody_may)


@dataclass(frozen=True, slots=True)
class GoAheadPage:
    """« On le fait quand même ? »"""

    id: int
    title: str
    when_words: str
    lines: Sequence[str]


def go_ahead_page(kept: Kept, *, lang: Language) -> GoAheadPage:
    """The question, with who is there."""
    cooks = sum(slot.taken for job, slot in kept.turns if job is Job.COOK)
    lines = [
        text_n("%(n)s personne est là pour cuisiner.", "%(n)s personnes sont là pour cuisiner.", cooks)
        if cooks
        else text("Personne n’est encore là pour cuisiner."),
        text_n("%(n)s place est prise.", "%(n)s places sont prises.", kept.standing.taken),
        text("Sans réponse avant %(until)s, le repas est annulé.", until=kept.standing.doubtful_until),
    ]
    if kept.row["opener_id"] is None:
        lines.append(text("Personne ne s’occupe de ce repas pour l’instant. En le disant, tu t’en occupes."))
    return GoAheadPage(kept.row["id"], kept.row["title"], _when(kept.row, lang), [lang.say(each) for each in lines])
