"""What whoever keeps the place writes about turns: duties, weekly patterns, slots; what somebody can do; and what the
box of the till holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.clock import ImpossibleHour, from_local
from app.i18n import Text, text
from app.identity.states import STANDING, Act
from app.web.forms import Fields, clean_line
from rotas.recurring import Weekly
from rotas.rules import LONGEST_WORD, LONGEST_WRITTEN, MOMENTS, MOST_CENTS, MOST_PEOPLE, PLANNED_WITHIN, DutyWords
from rotas.states import Level

LONGEST_NAME = 60
LONGEST_ABOUT = 2000
ICONS: dict[str, Text] = {
    "refresh": text("Un tour, tout simplement"),
    "door": text("La porte"),
    "key": text("Les clés"),
    "coffee": text("Le café"),
    "chef-hat": text("La cuisine"),
    "tools-kitchen-2": text("Le service"),
    "wash": text("La vaisselle"),
    "basket": text("Les courses"),
    "coin-euro": text("La caisse"),
    "leaf": text("Le jardin"),
    "book": text("Les livres"),
    "device-desktop": text("Les machines"),
    "heart-handshake": text("L’accueil"),
}
"""Pictures that a duty may have, with their words."""
TURN_ACTS = tuple(act for act in Act if act not in STANDING)
"""What a turn may allow: nothing that is a mandate."""
_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DutyForm:
    """A duty, as it was written."""

    words: DutyWords
    version: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_duty(form: Mapping[str, str], *, icon: str = "refresh") -> DutyForm:
    """All of it is sent each time; a box that is not ticked is not sent. `icon`: the one that it has, of whatever
    choice it was."""
    fields = Fields(form)
    words = DutyWords(
        name=fields.line("name", longest=LONGEST_NAME, required=text("Il manque le nom du rôle.")),
        about=fields.paragraph("about", longest=LONGEST_ABOUT),
        icon=fields.choice("icon", (*ICONS, icon)) or icon,
        people=_people(fields),
        act=fields.choice("act", TURN_ACTS) or "",
        opens_place=fields.box("opens_place"),
        adults_only=fields.box("adults_only"),
        needs_training=fields.box("needs_training"),
    )
    return DutyForm(words, _version(fields), fields.values, fields.errors)


@dataclass(frozen=True, slots=True)
class WeeklyForm:
    """A weekly pattern, as it was written; its day, hours and first day only where nothing is at fault."""

    weekly: Weekly | None
    people: int
    room_id: int | None
    once: str
    version: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_weekly(form: Mapping[str, str], *, today: date) -> WeeklyForm:
    """`weekday`, `starts`, `ends` (earlier than the start: on the next day), `people`, `room`, `from_on`, `once`."""
    fields = Fields(form)
    weekday = fields.choice("weekday", [str(day) for day in range(7)], required=text("Choisis un jour de la semaine."))
    starts = _hour(fields, "starts", text("Il manque l’heure du début."))
    ends = _hour(fields, "ends", text("Il manque l’heure de la fin."))
    _check_length(fields, starts, ends)
    people, room_id = _people(fields), _id(fields, "room")
    from_on = read_from(fields, today=today)
    if from_on is not None and from_on > today + PLANNED_WITHIN:
        fields.fault("from_on", text("C’est dans plus d’un an : choisis un jour plus proche."))
    weekly = None
    if not fields.errors:
        assert weekday is not None and starts and ends and from_on is not None  # noqa: PT018 - each missing one is at fault
        weekly = Weekly(int(weekday), starts, ends, from_on)
    return WeeklyForm(weekly, people, room_id, _once(form), _version(fields), fields.values, fields.errors)


@dataclass(frozen=True, slots=True)
class EndForm:
    """From which day a pattern is no more."""

    from_on: date | None
    version: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_end(form: Mapping[str, str], *, today: date) -> EndForm:
    """`from_on`."""
    fields = Fields(form)
    return EndForm(read_from(fields, today=today), _version(fields), fields.values, fields.errors)


def read_from(fields: Fields, *, today: date) -> date | None:
    """« À partir du » : today at the earliest."""
    day = _day(fields, "from_on", text("À partir de quel jour ?"))
    if day is not None and day < today:
        fields.fault("from_on", text("Ce jour est passé. Au plus tôt : aujourd’hui."))
        return None
    return day


@dataclass(frozen=True, slots=True)
class SlotForm:
    """One turn, as it was written; its hours only where nothing is at fault."""

    span: tuple[datetime, datetime] | None
    people: int
    room_id: int | None
    once: str
    version: int
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_slot(form: Mapping[str, str], *, now: datetime) -> SlotForm:
    """`day`, `starts`, `ends` (not later than the start: on the next day), `people`, `room`, `once`."""
    fields = Fields(form)
    day = _day(fields, "day", text("Il manque le jour."))
    starts = _hour(fields, "starts", text("Il manque l’heure du début."))
    ends = _hour(fields, "ends", text("Il manque l’heure de la fin."))
    people, room_id = _people(fields), _id(fields, "room")
    span = None
    if day is not None and starts and ends:
        starts_at = _instant(fields, "starts", day, starts)
        ends_at = _instant(fields, "ends", day if ends > starts else day + timedelta(days=1), ends)
        if starts_at is not None and starts_at <= now:
            fields.fault("day", text("C’est déjà passé."))
        _check_length(fields, starts, ends)
        if starts_at is not None and ends_at is not None:
            if starts_at >= ends_at:  # in the hour that comes twice, or not at all
                fields.fault("ends", text("La fin tombe à l’heure du début."))
            span = (starts_at, ends_at)
    return SlotForm(
        span=None if fields.errors else span,
        people=people,
        room_id=room_id,
        once=_once(form),
        version=_version(fields),
        values=fields.values,
        errors=fields.errors,
    )


@dataclass(frozen=True, slots=True)
class AttestForm:
    """How far somebody is in a duty."""

    member_id: int | None
    who: str
    level: Level
    values: Mapping[str, str]
    errors: dict[str, Text]


def read_attest(form: Mapping[str, str]) -> AttestForm:
    """`member`, or `who` as somebody writes it; `level`."""
    fields = Fields(form)
    member_id = _id(fields, "member")
    required = text("Il manque son nom.") if member_id is None else None
    who = fields.line("who", longest=120, required=required)
    level = fields.choice(
        "level", [each.value or "none" for each in Level], required=text("Choisis où en est cette personne.")
    )
    return AttestForm(
        member_id, who, Level("" if level in (None, "none") else level), fields.values, dict(fields.errors)
    )


@dataclass(frozen=True, slots=True)
class CountForm:
    """What the box holds."""

    moment: str
    cents: int
    word: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_count(form: Mapping[str, str]) -> CountForm:
    """`moment` = `opening` or `closing`; `amount`, as one writes it: « 132,50 »; `word`."""
    fields = Fields(form)
    moment = fields.choice("moment", MOMENTS, required=text("Au début, ou à la fin ?")) or MOMENTS[0]
    cents = _cents(fields, "amount")
    return CountForm(moment, cents, fields.line("word", longest=LONGEST_WORD), fields.values, fields.errors)


def _cents(fields: Fields, name: str) -> int:
    raw = clean_line(fields.form.get(name, "")).removesuffix("€").replace(" ", "")
    if not raw:
        fields.fault(name, text("Il manque la somme. Une caisse vide, c’est 0."))
        return 0
    written = _AMOUNT.fullmatch(raw)
    if written is None:
        fields.fault(name, text("Écris une somme, comme 132,50."))
        return 0
    cents = int(written[1]) * 100 + int((written[2] or "").ljust(2, "0"))
    if cents > MOST_CENTS:
        fields.fault(name, text("C’est plus de %(most)s € : compte encore une fois.", most=MOST_CENTS // 100))
    return cents


def _people(fields: Fields) -> int:
    return fields.whole("people", least=1, most=MOST_PEOPLE, required=text("Il manque le nombre de personnes.")) or 1


def _id(fields: Fields, name: str) -> int | None:
    return fields.whole(name, least=1, most=2_147_483_647)


def _version(fields: Fields) -> int:
    """Of the thing that was read; a form without it is of none, and refused where something has changed."""
    raw = fields.form.get("version", "")
    return int(raw) if re.fullmatch(r"\d{1,9}", raw, re.ASCII) else -1


def _once(form: Mapping[str, str]) -> str:
    """What tells this sending of the form from others."""
    return clean_line(form.get("once", ""))[:40]


def _check_length(fields: Fields, starts: str, ends: str) -> None:
    """As hours are written: an end that is not later than the start is the next day's."""
    if not starts or not ends:
        return
    if starts == ends:
        fields.fault("ends", text("La fin tombe à l’heure du début."))
        return
    first, last = (timedelta(hours=int(hour[:2]), minutes=int(hour[3:])) for hour in (starts, ends))
    if (last - first) % timedelta(days=1) > LONGEST_WRITTEN:
        fields.fault(
            "ends", text("Un tour dure 12 heures au plus. Une fin plus tôt que le début est celle du lendemain.")
        )


def _hour(fields: Fields, name: str, required: Text) -> str:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        fields.fault(name, required)
        return ""
    written = _HOUR.fullmatch(raw)
    if written is None:
        fields.fault(name, text("Cette heure n’existe pas. Exemple : 14:30."))
        return ""
    return f"{int(written[1]):02d}:{written[2]}"


def _day(fields: Fields, name: str, required: Text) -> date | None:
    raw = clean_line(fields.form.get(name, ""))
    if not raw:
        fields.fault(name, required)
        return None
    try:
        day = date.fromisoformat(raw)
    except ValueError:
        fields.fault(name, text("Ce jour n’existe pas. Exemple : 24/11/2026."))
        return None
    if not 2000 <= day.year <= 2190:
        fields.fault(name, text("Ce jour est trop loin."))
        return None
    return day


def _instant(fields: Fields, name: str, day: date, hour: str) -> datetime | None:
    try:
        return from_local(f"{day.isoformat()}T{hour}")
    except ImpossibleHour:
        fields.fault(name, text("Cette heure n’existe pas ce jour-là : on passe à l’heure d’été."))
        return None
