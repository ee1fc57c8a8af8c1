"""The team of a meal on its page: who cooks, serves, washes up, what is missing, and for whom there is a button.

Pure, and said in the reader's language. Names are for members whom somebody has met; others read how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.i18n import Language, text, text_n
from meals import rules
from meals.labels import JOB_NAMES
from meals.rules import Standing, Who
from meals.states import Job
from rotas.api import SlotSeen


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A turn of the meal's team."""

    id: int
    job: str
    when: str
    who: str
    lacks: str
    seats_left: int
    take: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class Team:
    """Who cooks, serves, washes up: what is there and what is missing. Hashable."""

    lines: Sequence[TeamLine]
    lacks: str


def team_of(
    turns: Sequence[tuple[Job, SlotSeen]],
    standing: Standing,
    who: Who | None,
    *,
    names: bool,
    now: datetime,
    lang: Language,
) -> Team | None:
    """The turns of the meal, with a button where somebody is missing; none for a meal without turns."""
    if not turns:
        return None
    off = rules.why_off(standing, now) is not None
    lines = tuple(_team_line(job, slot, who, off=off, names=names, now=now, lang=lang) for job, slot in turns)
    lacks = sum(line.seats_left for line in lines)
    said = (
        text_n("Il manque une personne", "Il manque %(n)s personnes", lacks) if lacks else text("L’équipe est complète")
    )
    return Team(lines, "" if off else lang.say(said))


def _team_line(
    job: Job, slot: SlotSeen, who: Who | None, *, off: bool, names: bool, now: datetime, lang: Language
) -> TeamLine:
    mine = who is not None and who.id in slot.member_ids
    missing = 0 if off or slot.starts_at <= now else slot.free
    if names:
        people = lang.joined(slot.names)
    else:
        people = lang.say(text_n("%(n)s personne", "%(n)s personnes", slot.taken)) if slot.taken else ""
    return TeamLine(
        id=slot.id,
        job=lang.gettext(JOB_NAMES[job]),
        when=f"{lang.short_day(slot.starts_at)}, {lang.hours(slot.starts_at, slot.ends_at)}",
        who=people,
        lacks=lang.say(text_n("Besoin d’une personne", "Besoin de %(n)s personnes", missing)) if missing else "",
        seats_left=missing,
        take=bool(missing) and who is not None and who.belongs and not who.mediator and not mine,
        mine=mine,
    )


def cooks_words(turns: Sequence[tuple[Job, SlotSeen]], *, names: bool, lang: Language) -> str:
    """Who is in the kitchen: by name, or only how many for whoever is not shown names."""
    cooks = [slot for job, slot in turns if job is Job.COOK]
    if names:
        return lang.joined(list(dict.fromkeys(name for slot in cooks for name in slot.names)))
    number = len({member for slot in cooks for member in slot.member_ids})
    return lang.say(text_n("%(n)s personne du lieu", "%(n)s personnes du lieu", number)) if number else ""
