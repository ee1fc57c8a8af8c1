"""What the pages of mediation show: the desk, what waits for the bureau, the journal. A fixed number of queries each.

What waits is told by the domains (`Domain.concerns`); here it is put in order. Nobody's attendance is ever asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any

from app.clock import day_start, local, local_day, week_start
from app.contracts import Concern
from app.database import run
from app.i18n import Language, Text, language, text, text_n
from app.i18n.text import N_
from app.identity.visits import Visit
from app.registry import Registry

A_PAGE = 30
MOST_PAGES = 1000
RECENT_MONTHS = 12
"""So many are each a choice of the journal; before them, years are."""


# ------------------------------------------------------------------------------------------------------- the desk


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of concern: how its section is called, and what time does to it."""

    slug: str
    """In the address and in the page's anchors."""
    title: str
    chip: str
    icon: str
    until: str
    """What `due_at` means, with `%(when)s`."""
    deed: str = ""
    """The button of a concern that has a deed."""


SORTS: Mapping[str, Sort] = {
    "reading": Sort(
        "a-relire", N_("À relire"), N_("À relire, %(n)s"), "eye-check", N_("Sans réponse %(when)s, c’est oui")
    ),
    "clash": Sort(
        "salle-prise",
        N_("Salle prise"),
        N_("Salle prise, %(n)s"),
        "door",
        N_("L’horloge attend. Sans réponse %(when)s, ça paraît, salle à trouver"),
    ),
    "block": Sort(
        "bloques",
        N_("Bloqués"),
        N_("Bloqués, %(n)s"),
        "hand-stop",
        N_("Au plus tard %(when)s, trois membres tirés au sort décident"),
    ),
    "contest": Sort(
        "contestes", N_("Contestés"), N_("Contestés, %(n)s"), "scale", N_("Sans réponse %(when)s, c’est oui")
    ),
    "edit": Sort(
        "modifications",
        N_("Modifications récentes"),
        N_("Modifications, %(n)s"),
        "pencil",
        N_("Déjà paru. Tu peux le remettre à relire jusqu’au %(when)s"),
        N_("Remettre à relire"),
    ),
    "help": Sort(
        "coups-de-main",
        N_("Coups de main demandés"),
        N_("Coups de main, %(n)s"),
        "lifebuoy",
        N_("C’est pour %(when)s"),
    ),
    "yes": Sort(
        "oui-du-bureau",
        N_("Le bureau doit dire oui"),
        N_("Oui du bureau, %(n)s"),
        "key",
        N_("Sans leur oui avant %(when)s, ça ne paraît pas"),
    ),
    "uncovered": Sort(
        "tours",
        N_("Il manque du monde"),
        N_("Il manque du monde, %(n)s"),
        "users-plus",
        N_("Ça commence %(when)s"),
    ),
    "empty": Sort(
        "vides",
        N_("Personne ne les prend : on les enlève ?"),
        N_("Tours vides, %(n)s"),
        "refresh",
        N_("Jusqu’au %(when)s"),
    ),
}
"""In the order of the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that waits, as a page shows it."""

    kind: str
    id: int
    title: str
    who: str
    what: str
    until: str
    icon: str
    href: str
    since: str
    deed: str = ""
    deed_words: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What waits of one sort, oldest first."""

    slug: str
    sort: str
    title: str
    icon: str
    note: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """« À régler »."""

    chips: Sequence[tuple[str, str, bool, str]]
    """Address, words, whether it is chosen, icon."""
    sections: Sequence[Section]
    first: Line | None
    """The first to read, shown large."""
    settled: str


@dataclass(frozen=True, slots=True)
class BureauPage:
    """« Le bureau dit oui »."""

    lines: Sequence[Line]
    empty: Sequence[Line]
    """Turns that nobody takes, for whoever keeps the place."""


async def desk_page(visit: Visit, registry: Registry, *, chosen: str) -> DeskPage:
    """The mediators' desk at the place of this visit; `chosen` is the slug of a sort, or anything else for all."""
    lang = language(visit.language)
    concerns = await _concerns(visit, registry)
    by_sort: dict[str, list[Concern]] = {}
    for concern in concerns:
        by_sort.setdefault(concern.sort, []).append(concern)
    there = {name: sort for name, sort in SORTS.items() if name in by_sort}
    slug = chosen if any(sort.slug == chosen for sort in there.values()) else ""
    sections = [
        _section(name, by_sort[name], visit.now, lang) for name, sort in there.items() if not slug or sort.slug == slug
    ]
    chips = [
        (
            f"/mediation?voir={sort.slug}",
            lang.say(text(sort.chip, n=len(by_sort[name]))),
            sort.slug == slug,
            sort.icon,
        )
        for name, sort in there.items()
    ]
    if len(chips) > 1:
        chips.insert(0, ("/mediation", lang.say(text("Tout, %(n)s", n=len(concerns))), not slug, "list-check"))
    return DeskPage(
        chips=chips if len(chips) > 1 else [],
        sections=sections,
        first=sections[0].lines[0] if sections else None,
        settled=_settled_words(await _settled(visit, registry), lang),
    )


async def bureau_page(visit: Visit, registry: Registry) -> BureauPage:
    """What waits for the yes of the asking person, who may say it here; and what only whoever keeps the place ends."""
    lang = language(visit.language)
    by_sort: dict[str, list[Line]] = {"yes": [], "empty": []}
    for concern in await _concerns(visit, registry):
        if concern.sort in by_sort:
            by_sort[concern.sort].append(_line(concern, visit.now, lang))
    return BureauPage(by_sort["yes"], by_sort["empty"])


async def _concerns(visit: Visit, registry: Registry) -> list[Concern]:
    """What waits for this person in all domains, oldest first."""
    found: list[Concern] = []
    for domain in registry.domains:
        if domain.concerns is not None:
            found.extend(await domain.concerns(visit))
    return sorted(found, key=lambda concern: (concern.since, concern.kind, concern.thing_id))


async def _settled(visit: Visit, registry: Registry) -> int:
    """How much was settled this week, since Monday, without a mediator."""
    assert visit.place is not None
    monday = day_start(week_start(local_day(visit.now)))
    return sum(
        [await domain.settled(visit.place.id, monday) for domain in registry.domains if domain.settled is not None]
    )


def _settled_words(number: int, lang: Language) -> str:
    if not number:
        return ""
    return lang.say(
        text_n(
            "%(n)s chose s’est réglée sans toi cette semaine.",
            "%(n)s choses se sont réglées sans toi cette semaine.",
            number,
        )
    )


def _section(name: str, concerns: Iterable[Concern], now: datetime, lang: Language) -> Section:
    sort = SORTS[name]
    lines = [_line(concern, now, lang) for concern in concerns]
    return Section(
        slug=sort.slug,
        sort=name,
        title=lang.gettext(sort.title),
        icon=sort.icon,
        note=lang.say(text("Le plus ancien d’abord")) if len(lines) > 1 else "",
        lines=lines,
    )


def _line(concern: Concern, now: datetime, lang: Language) -> Line:
    sort = SORTS[concern.sort]
    return Line(
        kind=concern.kind,
        id=concern.thing_id,
        title=concern.title,
        who=lang.say(text("Par %(who)s.", who=concern.who)) if concern.who else "",
        what=_closed(lang.say(concern.what)),
        until=lang.say(Text(sort.until, {"when": concern.due_at})) if concern.due_at else "",
        icon=concern.icon,
        href=concern.href,
        since=_since(concern.since, now, lang),
        deed=concern.deed,
        deed_words=lang.gettext(sort.deed) if concern.deed else "",
    )


def _closed(sentence: str) -> str:
    """With a full stop, unless what somebody wrote ends it already."""
    return sentence if sentence.endswith((".", "!", "?", "…", "»")) else sentence + "."


def _since(since: datetime, now: datetime, lang: Language) -> str:
    """« attend depuis hier »."""
    days = (local_day(now) - local_day(since)).days
    if days <= 0:
        return lang.say(text("Attend depuis aujourd’hui, %(hour)s", hour=lang.hour(since)))
    if days == 1:
        return lang.say(text("Attend depuis hier, %(hour)s", hour=lang.hour(since)))
    return lang.say(text_n("Attend depuis %(n)s jour", "Attend depuis %(n)s jours", days))


# --------------------------------------------------------------------------------------------------- the journal

VOICES: Mapping[str, tuple[str, str]] = {
    "mediation": (N_("La médiation"), "scale"),
    "silence": (N_("Le silence : personne n’a répondu à temps, et c’est oui"), "hourglass"),
    "drawn": (N_("Trois membres tirés au sort"), "users-group"),
    "bureau": (N_("Le bureau"), "key"),
    "host": (N_("L’équipe"), "users"),
    "member": (N_("Un membre"), "user"),
    "clock": (N_("L’horloge"), "clock"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A line of the journal."""

    id: int
    hour: str
    datetime: str
    voice: str
    icon: str
    what: str
    title: str
    """Empty when the thing has not been published."""
    href: str
    reason: str


@dataclass(frozen=True, slots=True)
class JournalDay:
    """What was decided on one day."""

    words: str
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True)
class JournalPage:
    """« Journal »."""

    place_name: str
    days: Sequence[JournalDay]
    months: Sequence[tuple[str, str]]
    month: str
    number: int
    before_href: str
    after_href: str


async def journal_page(visit: Visit, registry: Registry, *, month: str, number: int) -> JournalPage:
    """One page of what was decided at the place of this visit, newest first, of all times, of a month or of a year."""
    assert visit.place is not None
    lang = language(visit.language)
    oldest = await run(
        "select at from journal_line where place_id = {} and shown = {} order by at limit 1", visit.place.id, True
    )
    months = _months(oldest[0]["at"], visit.now) if oldest else []
    chosen = [each for each in months if month in (f"{each:%Y-%m}", f"{each:%Y}")] if month else []
    where = "place_id = {} and shown = {}"
    args: list[Any] = [visit.place.id, True]
    if chosen:
        where += " and at >= {} and at < {}"
        args += [day_start(chosen[-1]), day_start(_next_month(chosen[0]))]
    rows = await run(
        # The page is looked up in the index; of what comes before it no line is read.
        f"select j.* from (select id, at from journal_line where {where} order by at desc, id desc limit {{}} "  # noqa: S608 - constant conditions
        "offset {}) page join journal_line j on j.id = page.id order by j.at desc, j.id desc",
        *args,
        A_PAGE + 1,
        (number - 1) * A_PAGE,
    )
    base = "/journal?" + (f"mois={month}&" if chosen else "")
    return JournalPage(
        place_name=visit.place.name,
        days=[
            JournalDay(lang.date(day), [_decision(row, registry, lang) for row in lines])
            for day, lines in groupby(rows[:A_PAGE], lambda row: local_day(row["at"]))
        ],
        months=_choices(tuple(months), chosen[0].year if chosen else 0, visit.language),
        month=month if chosen else "",
        number=number,
        before_href=f"{base}page={number - 1}" if number > 1 else "",
        after_href=f"{base}page={number + 1}" if len(rows) > A_PAGE and number < MOST_PAGES else "",
    )


def _decision(row: Mapping[str, Any], registry: Registry, lang: Language) -> Decision:
    voice, icon = VOICES.get(row["voice"], VOICES["clock"])
    kind = registry.entry_kinds.get(row["kind"])
    linked = kind is not None and row["title"] and row["thing_id"] is not None
    return Decision(
        id=row["id"],
        hour=lang.hour(row["at"]),
        datetime=local(row["at"]).isoformat(timespec="minutes"),
        voice=lang.gettext(voice),
        icon=icon,
        what=lang.gettext(registry.journal_acts.get(row["act"], N_("Décidé"))),
        title=row["title"],
        href=kind.path.replace("{id}", str(row["thing_id"])) if linked and kind is not None else "",
        reason=row["reason"],
    )


def _months(oldest: datetime, now: datetime) -> list[date]:
    """First days of the months from now back to the oldest line."""
    last = local_day(oldest).replace(day=1)
    months = [local_day(now).replace(day=1)]
    while months[-1] > last:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


@lru_cache(64)
def _choices(months: tuple[date, ...], year: int, code: str) -> tuple[tuple[str, str], ...]:
    """What there is to choose from, as an address and as people say it: the last months and those of the chosen year,
    then the years before. All the months of ten years would be longer than the page."""
    lang = language(code)
    shown = [each for number, each in enumerate(months) if number < RECENT_MONTHS or each.year == year]
    years = dict.fromkeys(str(each.year) for each in months[RECENT_MONTHS:])
    return (*((f"{each:%Y-%m}", lang.month(each)) for each in shown), *((each, each) for each in years))


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
