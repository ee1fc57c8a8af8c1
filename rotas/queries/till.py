"""The till of a turn, for whoever holds it and may take cash now; for everybody else there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.database import run
from app.errors import NotFound
from app.i18n import Language, Text, capital, language, text
from app.identity.api import holds
from app.identity.states import Act
from app.identity.visits import Visit
from rotas import rules
from rotas.queries.reading import Row
from rotas.rules import CLOSING, MOMENTS, OPENING


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


@dataclass(frozen=True, slots=True)
class TillPage:
    """The box of one turn."""

    id: int
    duty: str
    when_words: str
    until_words: str
    counts: Sequence[Count]
    part: str
    """Which count the values and errors belong to."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]


_HELD = """
select s.id, s.place_id, s.starts_at, s.ends_at, d.name as duty from rota_slot s
join duty d on d.id = s.duty_id and d.act = 'take_cash'
join rota_holding h on h.slot_id = s.id and h.member_id = {} and h.went = '' and h.came <> 'watches'
where s.state = 'open' and s.starts_at <= {} and s.ends_at > {}"""
_COUNTS = "select moment, cents, word, counted_at from rota_till_count where slot_id = {}"


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
    counted = {row["moment"]: row for row in await run(_COUNTS, slot_id)}
    titles = {OPENING: text("Au début"), CLOSING: text("À la fin")}
    return TillPage(
        id=slot_id,
        duty=slot["duty"],
        when_words=f"{capital(lang.day(slot['starts_at']))}, {lang.hours(slot['starts_at'], slot['ends_at'])}",
        until_words=lang.say(text("Cette page est à toi jusqu’à %(hour)s.", hour=_until(slot, lang))),
        counts=[_count(moment, titles[moment], counted.get(moment), lang) for moment in MOMENTS],
        part=part,
        values=values or {},
        errors=errors or {},
    )


def _until(slot: Row, lang: Language) -> str:
    return lang.hour(rules.allows_until(slot["ends_at"]))


def _count(moment: str, title: Text, row: Row | None, lang: Language) -> Count:
    if row is None:
        return Count(moment, lang.say(title), "", "", "")
    whole, cents = divmod(row["cents"], 100)
    amount = f"{whole},{cents:02d}" if cents else str(whole)
    said = text("%(amount)s €, compté à %(hour)s", amount=amount, hour=lang.hour(row["counted_at"]))
    return Count(moment, lang.say(title), lang.say(said), row["word"], amount)
