"""`/tours/roles`: the duties of a place, and one of them for one reader: what it is, who can show it, its turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from app.clock import at_local, local_day
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text, text_n
from app.i18n.text import N_
from app.identity.api import here_at
from app.identity.states import Act
from app.identity.visits import Visit
from app.identity.wording import ACTS
from rotas import rules, views
from rotas.queries.reading import Row
from rotas.states import SKILLED, Level, RotaRefusal

READ_TILL = frozenset({Act.KEEP_PLACE, Act.KEEP_ACCOUNTS})
"""Who holds one of them reads what the box of the till held."""
NEXT_TURNS = 6
"""So many turns to come stand on the page of a duty."""


@dataclass(frozen=True, slots=True)
class DutyLine:
    """A duty among the others."""

    id: int
    name: str
    icon: str
    words: str
    """What to know of it, and who can show it."""
    held_by_one: str


@dataclass(frozen=True, slots=True)
class DutiesPage:
    """All duties of a place."""

    place_name: str
    keeps: bool
    quiet: bool
    duties: Sequence[DutyLine]


@dataclass(frozen=True, slots=True)
class Skilled:
    """Somebody and how far they are, with what the reader may say of them now."""

    id: int
    name: str
    words: str
    next_level: str
    next_words: str


@dataclass(frozen=True, slots=True)
class PatternLine:
    """A weekly pattern, in words."""

    id: int
    words: str
    since: str
    people: str


@dataclass(frozen=True, slots=True)
class NextTurn:
    """A turn to come."""

    id: int
    when: str
    need: str


@dataclass(frozen=True, slots=True)
class DutyPage:
    """One duty."""

    id: int
    name: str
    icon: str
    about: str
    place_name: str
    belongs: bool
    """Whether the reader is a member of its place."""
    keeps: bool
    reads_till: bool
    """Whether the reader may see what its box held."""
    facts: Sequence[tuple[str, str, str]]
    held_by_one: str
    skilled: Sequence[Skilled]
    skilled_words: str
    learners: Sequence[Skilled]
    steps: Sequence[tuple[str, str, str, str]]
    levels: Sequence[tuple[str, str]]
    """What the reader may say of somebody; nothing for whoever may not."""
    patterns: Sequence[PatternLine]
    turns: Sequence[NextTurn]
    values: Mapping[str, str]
    errors: Mapping[str, Text]


_DUTIES = """
select d.id, d.name, d.about, d.icon, d.people, d.act, d.opens_place, d.adults_only, d.needs_training,
       k.member_id, k.level, m.name as who, b.id as here
from duty d left join rota_practice k on k.duty_id = d.id
left join membership b on b.member_id = k.member_id and b.place_id = d.place_id
left join member m on m.id = k.member_id and m.erased_at is null
where d.place_id = {} and d.retired_at is null order by d.name, d.id, m.name, m.id
"""
_DUTY = """
select d.*, p.name as place_name, q.quiet from duty d join place p on p.id = d.place_id
left join rota_setting q on q.place_id = d.place_id where d.id = {} and d.retired_at is null
"""
_PRACTICE = """
select k.member_id, k.level, m.name from rota_practice k
join member m on m.id = k.member_id and m.erased_at is null
join membership b on b.member_id = k.member_id and b.place_id = {}
where k.duty_id = {} order by m.name, m.id
"""
_PATTERNS = """
select p.id, p.weekday, p.starts, p.ends, p.people, p.from_on, p.until_on, r.name as room from rota_pattern p
left join room r on r.id = p.room_id
where p.duty_id = {} and (p.until_on is null or (p.until_on >= {} and p.until_on >= p.from_on))
order by p.weekday, p.starts, p.id
"""
_TURNS = """
select id, starts_at, ends_at, people, taken from rota_slot
where duty_id = {} and state = 'open' and ends_at > {} order by starts_at, id limit {}
"""

LEVEL_WORDS: dict[Level, Text] = {
    Level.NONE: text("Ne le fait plus"),
    Level.WATCHED: text("A regardé"),
    Level.DID_WITH: text("L’a fait avec quelqu’un"),
    Level.DOES: text("Sait faire"),
    Level.TEACHES: text("Peut transmettre"),
}


# ------------------------------------------------------------------------------------------------------------ who reads


async def refuse_unless_keeps(visit: Visit, place_id: int) -> None:
    """Raise `NotFound` for whoever is no member of this place, `Forbidden` for whoever does not keep it."""
    here = await here_at(visit, place_id)
    if not here.belongs:
        raise NotFound
    if Act.KEEP_PLACE not in here.acts:
        raise Forbidden(RotaRefusal.MAY_NOT)


# ------------------------------------------------------------------------------------------------------------ the pages


async def duties_page(visit: Visit) -> DutiesPage:
    """The duties of the place of this visit. Raises `NotFound` where there is none."""
    assert visit.member is not None
    if visit.place is None:
        raise NotFound
    lang, place = language(visit.language), visit.place
    here = await here_at(visit, place.id)
    rows = await run(_DUTIES, place.id)
    setting = await run("select quiet from rota_setting where place_id = {}", place.id)
    by_duty: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_duty[row["id"]].append(row)
    return DutiesPage(
        place_name=place.name,
        keeps=Act.KEEP_PLACE in here.acts,
        quiet=bool(setting and setting[0]["quiet"]),
        duties=[_line(each, named=here.met, lang=lang) for each in by_duty.values()],
    )


def _line(rows: Sequence[Row], *, named: bool, lang: Language) -> DutyLine:
    row = rows[0]
    names = [each["who"] for each in rows if each["here"] is not None and each["who"] and each["level"] in SKILLED]
    sentences = [
        lang.say(_people(row["people"])),
        lang.say(text("Qui le tient a les clés")) if row["opens_place"] else "",
        lang.gettext(ACTS[Act(row["act"])]) if row["act"] else "",
        _who_shows(names, named, lang),
    ]
    one = rules.held_by_one(len(names), matters=_matters(row))
    return DutyLine(
        id=row["id"],
        name=row["name"],
        icon=row["icon"],
        words=" ".join(f"{sentence}." for sentence in sentences if sentence),
        held_by_one=lang.say(text("Une seule personne sait faire")) if one else "",
    )


def _who_shows(names: Sequence[str], named: bool, lang: Language) -> str:
    if not names:
        return ""
    if not named:
        return lang.say(text_n("%(n)s personne sait faire", "%(n)s personnes savent faire", len(names)))
    return lang.say(text_n("%(names)s sait faire", "%(names)s savent faire", len(names), names=lang.joined(names)))


def _people(number: int) -> Text:
    return text_n("%(n)s personne", "%(n)s personnes", number)


def _matters(row: Row) -> bool:
    return bool(row["needs_training"] or row["opens_place"] or row["act"])


async def duty_page(
    duty_id: int,
    *,
    visit: Visit,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> DutyPage:
    """One duty. Raises `NotFound` for one that is not, or not any more."""
    assert visit.member is not None
    lang, now, me = language(visit.language), visit.now, visit.member.id
    duty = await duty_of(duty_id)
    here = await here_at(visit, duty["place_id"])
    named = here.met
    practice = await run(_PRACTICE, duty["place_id"], duty_id)
    patterns = await run(_PATTERNS, duty_id, local_day(now))
    turns = await run(_TURNS, duty_id, now, NEXT_TURNS)
    mine = next((Level(row["level"]) for row in practice if row["member_id"] == me), Level.NONE)
    skilled = [row for row in practice if row["level"] in SKILLED]
    keeps = Act.KEEP_PLACE in here.acts
    says = _Says(me, mine, keeps) if here.belongs else None
    learners = [row for row in practice if Level(row["level"]) in (Level.WATCHED, Level.DID_WITH)]
    levels = says.levels() if says is not None else ()
    return DutyPage(
        id=duty_id,
        name=duty["name"],
        icon=duty["icon"],
        about=duty["about"],
        place_name=duty["place_name"],
        belongs=here.belongs,
        keeps=keeps,
        reads_till=duty["act"] == Act.TAKE_CASH and not READ_TILL.isdisjoint(here.acts),
        facts=_facts(duty, len(skilled), lang),
        held_by_one=lang.say(text("Un savoir-faire tenu par une seule personne"))
        if rules.held_by_one(len(skilled), matters=_matters(duty))
        else "",
        skilled=[_skilled(row, says, lang) for row in skilled] if named else (),
        skilled_words=_skilled_words(len(skilled), named, lang),
        learners=[_skilled(row, says, lang) for row in learners if row["member_id"] != me] if named and levels else (),
        steps=views.learning_steps(mine, lang)
        if here.belongs and (duty["needs_training"] or mine is not Level.NONE)
        else (),
        levels=[(level.value or "none", lang.say(LEVEL_WORDS[level])) for level in levels],
        patterns=[_pattern(row, local_day(now), lang) for row in patterns],
        turns=[_next(row, duty, lang) for row in turns],
        values=values or {},
        errors=errors or {},
    )


async def duty_of(duty_id: int) -> Row:
    """The row of a duty in use, with its place's name. Raises `NotFound`."""
    found = await run(_DUTY, duty_id)
    if not found:
        raise NotFound
    return found[0]


@dataclass(frozen=True, slots=True)
class _Says:
    """Whoever reads, as somebody who may say how far others are."""

    id: int
    level: Level
    keeps: bool

    def may(self, member: int, to: Level) -> bool:
        return (
            rules.why_cannot_attest(actor=self.id, actor_level=self.level, keeps_place=self.keeps, member=member, to=to)
            is None
        )

    def levels(self) -> list[Level]:
        offered = list(Level) if self.keeps else [Level.DOES, Level.TEACHES]
        return [level for level in offered if self.may(0, level)]


def _skilled(row: Row, says: _Says | None, lang: Language) -> Skilled:
    level = Level(row["level"])
    after = Level.TEACHES if level is Level.DOES else Level.DOES
    offered = says is not None and level is not Level.TEACHES and says.may(row["member_id"], after)
    return Skilled(
        id=row["member_id"],
        name=row["name"],
        words=lang.say(LEVEL_WORDS[level]),
        next_level=after.value if offered else "",
        next_words=lang.say(
            text("Je dis : peut transmettre") if after is Level.TEACHES else text("Je dis : sait faire")
        )
        if offered
        else "",
    )


def _skilled_words(number: int, named: bool, lang: Language) -> str:
    if not number:
        return lang.say(text("Personne ne l’a encore appris aux autres. Un premier tour suffit pour commencer."))
    if named:
        return ""
    return lang.say(text_n("%(n)s personne sait faire.", "%(n)s personnes savent faire.", number))


def _facts(duty: Row, skilled: int, lang: Language) -> list[tuple[str, str, str]]:
    say = lang.say
    found = [("users", say(text("Combien")), say(_people(duty["people"])))]
    if duty["opens_place"]:
        found.append(("door", say(text("Les clés")), say(text("Qui tient ce tour ouvre le lieu"))))
    if duty["act"]:
        allowed = text("%(act)s, pendant le tour", act=lang.gettext(ACTS[Act(duty["act"])]))
        found.append(("key", say(text("Ce que ça permet")), say(allowed)))
    if duty["adults_only"]:
        found.append(("user-check", say(text("Qui")), say(text("À partir de 18 ans"))))
    if duty["needs_training"]:
        words = (
            text("Ça s’apprend avec quelqu’un qui sait")
            if skilled
            else text("Ça s’apprendra, quand quelqu’un saura faire. D’ici là, tout le monde peut venir")
        )
        found.append(("school", say(text("Savoir-faire")), say(words)))
    return found


def pattern_words(weekday: int, starts: str, ends: str, lang: Language) -> str:
    """« Le mardi, de 9 h à 13 h »."""
    day = date(2024, 1, 1 + weekday)  # a Monday, and the days after it
    said = (
        N_("le %(weekday)s, de %(starts)s à %(ends)s")
        if ends > starts or ends == "00:00"
        else N_("le %(weekday)s, de %(starts)s à %(ends)s le lendemain")
    )
    hours = {"starts": lang.hour(_at(day, starts)), "ends": lang.hour(_at(day, ends))}
    return lang.say(Text(said, {"weekday": lang.weekday(day), **hours}))


def _at(day: date, hour: str) -> datetime:
    return at_local(day, time.fromisoformat(hour))


def _pattern(row: Row, today: date, lang: Language) -> PatternLine:
    since = []
    if row["from_on"] > today:
        since.append(lang.say(text("à partir du %(day)s", day=lang.date(row["from_on"]))))
    if row["until_on"] is not None:
        since.append(lang.say(text("jusqu’au %(day)s", day=lang.date(row["until_on"]))))
    people = lang.say(_people(row["people"]))
    return PatternLine(
        id=row["id"],
        words=capital(pattern_words(row["weekday"], row["starts"], row["ends"], lang)),
        since=", ".join(since),
        people=f"{people}, {row['room']}" if row["room"] else people,
    )


def _next(row: Row, duty: Row, lang: Language) -> NextTurn:
    lack = rules.lack_of(people=row["people"], taken=row["taken"], opens_place=bool(duty["opens_place"]))
    need = views.need_words(lack, row["people"] - row["taken"], quiet=bool(duty["quiet"]), lang=lang)
    when = capital(views.span_words(row["starts_at"], row["ends_at"], lang))
    return NextTurn(row["id"], when, need or lang.say(text("Complet")))
