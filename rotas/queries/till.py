"""The till of a turn, for whoever holds it and may take cash now; for everybody else there is none. And what was
counted of late, for whoever keeps the place or its accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.contracts import GONE
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, capital, language, text
from app.identity.api import here_at, holds
from app.identity.states import Act
from app.identity.visits import Visit
from rotas import rules
from rotas.queries.duties import READ_TILL, duty_of
from rotas.queries.reading import Row
from rotas.rules import CLOSING, MOMENTS, OPENING
from rotas.states import RotaRefusal

TITLES = {OPENING: text("Au début"), CLOSING: text("À la fin")}


@dataclass(frozen=True, slots=True)
class Count:
    """What the box held at one moment of the turn."""

    moment: str
    title: str
    said: str
    """What was counted, and when; nothing yet."""
    word: str
    amount: str
    """As a field shows it."""
    others: Sequence[str] = ()
    """What others who have the turn counted."""


@dataclass(frozen=True, slots=True)
class TillPage:
    """The box of one turn."""

    id: int
    duty: str
    source_title: str
    """What opened the turn, if anything did: a meal, whose envelopes are counted there."""
    source_url: str
    when_words: str
    until_words: str
    counts: Sequence[Count]
    part: str
    """Which count the values and errors belong to."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]


_HELD = """
select s.id, s.place_id, s.starts_at, s.ends_at, s.source_title, s.source_url, d.name as duty from rota_slot s
join duty d on d.id = s.duty_id and d.act = 'take_cash'
join rota_holding h on h.slot_id = s.id and h.member_id = {} and h.went = '' and h.came <> 'watches'
where s.state = 'open' and s.starts_at <= {} and s.ends_at > {}"""
_COUNTS = """
select c.moment, c.cents, c.word, c.counted_at, c.counted_by, m.name from rota_till_count c
left join member m on m.id = c.counted_by where c.slot_id = {} order by c.counted_at, c.id
"""
_LAST = """
select s.id, s.starts_at, s.ends_at, c.moment, c.cents, c.word, c.counted_at, m.name from rota_till_count c
join (select t.id, t.starts_at, t.ends_at from rota_slot t where t.duty_id = {}
      and exists (select 1 from rota_till_count k where k.slot_id = t.id)
      order by t.starts_at desc, t.id desc limit {}) s on s.id = c.slot_id
left join member m on m.id = c.counted_by order by s.starts_at desc, s.id desc, c.counted_at, c.id
"""


async def _held(visit: Visit, where: str, argument: int) -> list[Row]:
    assert visit.member is not None
    now = visit.now
    rows = await run(
        f"{_HELD} and {where} order by s.starts_at, s.id",
        visit.member.id,
        now + rules.ACTS_BEFORE,
        now - rules.ACTS_AFTER,
        argument,
    )
    open_now = [row for row in rows if rules.allows_at(row["starts_at"], row["ends_at"], now)]
    if not open_now or not await holds(visit.member.id, open_now[0]["place_id"], Act.TAKE_CASH, now):
        raise NotFound
    return open_now


async def till_now(visit: Visit) -> int:
    """The turn whose box the visit's member has now, at the place that they look at: the one that goes on, else the
    first. Raises `NotFound`."""
    rows = await _held(visit, "s.place_id = {}", visit.place.id if visit.place is not None else 0)
    going_on = [row for row in rows if row["starts_at"] <= visit.now < row["ends_at"]]
    return int((going_on or rows)[0]["id"])


async def till_page(
    slot_id: int,
    *,
    visit: Visit,
    part: str = "",
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> TillPage:
    """The box of this turn. Raises `NotFound` for everybody but its holder, and at any other time."""
    (slot,) = await _held(visit, "s.id = {}", slot_id)
    lang = language(visit.language)
    assert visit.member is not None
    me, rows = visit.member.id, await run(_COUNTS, slot_id)
    named = (await here_at(visit, slot["place_id"])).met
    counted = {row["moment"]: row for row in rows if row["counted_by"] == me}
    others = {
        moment: [_by(row, lang, named=named) for row in rows if row["moment"] == moment and row["counted_by"] != me]
        for moment in MOMENTS
    }
    return TillPage(
        id=slot_id,
        duty=slot["duty"],
        source_title=slot["source_title"],
        source_url=slot["source_url"],
        when_words=f"{capital(lang.day(slot['starts_at']))}, {lang.hours(slot['starts_at'], slot['ends_at'])}",
        until_words=lang.say(text("Cette page est à toi jusqu’à %(hour)s.", hour=_until(slot, lang))),
        counts=[_count(moment, counted.get(moment), others[moment], lang) for moment in MOMENTS],
        part=part,
        values=values or {},
        errors=errors or {},
    )


def _until(slot: Row, lang: Language) -> str:
    return lang.hour(rules.allows_until(slot["ends_at"]))


def _count(moment: str, row: Row | None, others: Sequence[str], lang: Language) -> Count:
    title = lang.say(TITLES[moment])
    if row is None:
        return Count(moment, title, "", "", "", others)
    amount = _amount(row["cents"])
    said = text("%(amount)s €, compté à %(hour)s", amount=amount, hour=lang.hour(row["counted_at"]))
    return Count(moment, title, lang.say(said), row["word"], amount, others)


def _amount(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{whole},{rest:02d}" if rest else str(whole)


def _by(row: Row, lang: Language, *, named: bool) -> str:
    """What somebody else counted."""
    name = (row["name"] or GONE) if named else text("quelqu’un")
    said = text(
        "%(amount)s €, compté à %(hour)s par %(name)s",
        amount=_amount(row["cents"]),
        hour=lang.hour(row["counted_at"]),
        name=name,
    )
    return lang.say(said)


# ----------------------------------------------------------------------------------------------------------- its counts

MOST_TURNS = 60
"""So many turns of which something was counted, the latest first."""


@dataclass(frozen=True, slots=True)
class CountLine:
    """What somebody counted."""

    moment: str
    title: str
    said: str
    word: str


@dataclass(frozen=True, slots=True)
class CountedTurn:
    """A turn at the till, and what its holders counted."""

    id: int
    when_words: str
    counts: Sequence[CountLine]


@dataclass(frozen=True, slots=True)
class TillBook:
    """What the box of a duty held of late."""

    id: int
    duty: str
    place_name: str
    turns: Sequence[CountedTurn]


async def till_book(duty_id: int, *, visit: Visit) -> TillBook:
    """The last counts of a duty's box. Raises `Forbidden` for whoever keeps neither the place nor its accounts,
    `NotFound` for whoever is no member of it, and for a duty without a till."""
    duty = await duty_of(duty_id)
    here = await here_at(visit, duty["place_id"])
    if not here.belongs or duty["act"] != Act.TAKE_CASH:
        raise NotFound
    if READ_TILL.isdisjoint(here.acts):
        raise Forbidden(RotaRefusal.MAY_NOT)
    lang = language(visit.language)
    by_turn: dict[int, list[Row]] = defaultdict(list)
    for row in await run(_LAST, duty_id, MOST_TURNS):
        by_turn[row["id"]].append(row)
    return TillBook(
        id=duty_id,
        duty=duty["name"],
        place_name=duty["place_name"],
        turns=[_counted_turn(rows, lang) for rows in by_turn.values()],
    )


def _counted_turn(rows: Sequence[Row], lang: Language) -> CountedTurn:
    first = rows[0]
    return CountedTurn(
        id=first["id"],
        when_words=f"{capital(lang.day(first['starts_at']))}, {lang.hours(first['starts_at'], first['ends_at'])}",
        counts=[
            CountLine(moment, lang.say(TITLES[moment]), _by(row, lang, named=True), row["word"])
            for moment in MOMENTS
            for row in rows
            if row["moment"] == moment
        ],
    )
