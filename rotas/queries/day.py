"""`/tours/jour`: the turns of a day on A4, to be hung up where they are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import local_day, week_start
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.identity.visits import Visit
from rotas import views
from rotas.queries.reading import Row, Week, place_here, read_day, read_week
from rotas.queries.telling import name_of
from rotas.states import Came

LINES_A_SHEET = 13
NAMES_A_LINE = 30
"""Letters, at the size of the sheet."""
MOST_BLANKS = 6


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One turn on paper."""

    hours: str
    duty: str
    source: str
    names: Sequence[str]
    blanks: Sequence[int]
    """A dotted line for each place that is free."""
    more: str
    """How many more, where they are too many."""
    notes: Sequence[str]
    """Who comes to watch, and for whom somebody else is wanted."""


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The day."""

    place_name: str
    title: str
    day: str
    sheets: Sequence[Sequence[SheetLine]]
    lack: str
    thrown_away: str
    black: bool
    back: str
    other_ink: str
    before: str
    after: str


async def day_sheet(visit: Visit, *, day: str, black: bool) -> DaySheet:
    """The sheet of that day, today's without one. Raises `NotFound` for whoever is not shown names here."""
    member = visit.member
    if member is None or visit.place is None or not member.belongs or not member.met:
        raise NotFound
    place, _ = await place_here(visit, "")
    assert place is not None  # the visit's own
    lang = language(visit.language)
    today = local_day(visit.now)
    on = max(read_day(day, today), today)
    week = await read_week(place.id, week_start(on), today)
    slots = [slot for slot in week.slots if local_day(slot["starts_at"]) == on]
    missing = sum(slot["people"] - slot["taken"] for slot in slots)
    ink = "&encre=noir" if black else ""
    return DaySheet(
        place_name=place.name,
        title=lang.say(text("Tours du %(day)s", day=on)),
        day=capital(lang.day(on)),
        sheets=_sheets([_line(slot, week, visit.now, lang) for slot in slots]),
        lack="" if place.quiet or not missing else lang.say(_lack(missing)),
        thrown_away=lang.weekday(on),
        black=black,
        back=f"/tours?semaine={week_start(on)}",
        other_ink=f"/tours/jour?jour={on}{'' if black else '&encre=noir'}",
        before=f"/tours/jour?jour={on - timedelta(days=1)}{ink}" if on > today else "",
        after=f"/tours/jour?jour={on + timedelta(days=1)}{ink}",
    )


def _lack(missing: int) -> Text:
    return text_n(
        "Il manque une personne. Écris ton prénom, et merci !",
        "Il manque %(n)s personnes. Écris ton prénom, et merci !",
        missing,
    )


def _line(slot: Row, week: Week, now: datetime, lang: Language) -> SheetLine:
    free = slot["people"] - slot["taken"]
    return SheetLine(
        hours=views.hours_words(slot["starts_at"], slot["ends_at"], lang),
        duty=slot["duty"],
        source=slot["source_title"],
        names=[name_of(row, lang) for row in week.holdings.get(slot["id"], ()) if row["came"] != Came.WATCHES],
        blanks=range(min(free, MOST_BLANKS)),
        notes=_notes(slot, week, now, lang),
        more=lang.say(text_n("et %(n)s autre", "et %(n)s autres", free - MOST_BLANKS)) if free > MOST_BLANKS else "",
    )


def _notes(slot: Row, week: Week, now: datetime, lang: Language) -> list[str]:
    """What else is good to know there; whom somebody asks in person stays between the two."""
    watching = [name_of(row, lang) for row in week.holdings.get(slot["id"], ()) if row["came"] == Came.WATCHES]
    wanted = [
        swap["name"]
        for swap in week.swaps.get(slot["id"], ())
        if swap["to_member"] is None and swap["wanted_slot_id"] is None and swap["until_at"] > now
    ]
    said = []
    if watching:
        names = lang.joined(watching)
        watch = text_n("%(names)s vient regarder", "%(names)s viennent regarder", len(watching), names=names)
        said.append(lang.say(watch))
    return said + [lang.say(text("%(name)s cherche quelqu’un à sa place", name=name)) for name in wanted]


def _sheets(lines: Sequence[SheetLine]) -> list[list[SheetLine]]:
    """What fits on each sheet, counted in lines."""
    sheets: list[list[SheetLine]] = [[]]
    room = LINES_A_SHEET
    for line in lines:
        written = -(-len(", ".join(line.names)) // NAMES_A_LINE) + -(-len(line.blanks) // 2) + bool(line.more)
        written += sum(-(-len(note) // NAMES_A_LINE) for note in line.notes)
        needs = max(1, written, 1 + bool(line.source))
        if needs > room and sheets[-1]:
            sheets.append([])
            room = LINES_A_SHEET
        sheets[-1].append(line)
        room -= needs
    return sheets
