"""The form of « je ne peux pas venir »."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.calendar.api import LONGEST, Bound, bound_times
from app.clock import local_day, week_start
from app.database import run
from app.errors import NotFound, Refused
from app.i18n import Language, Text, capital, language, text
from app.identity.api import here_of
from app.identity.visits import Visit
from rotas import rules, views
from rotas.facts import KIND, Row, slot_of, source_of, standing_of, who_is
from rotas.queries.lookups import one_person
from rotas.states import RotaRefusal

SWAPS_WITHIN = timedelta(weeks=6)
"""How far ahead turns are offered to be swapped for."""
MOST_TO_SWAP = 400


@dataclass(frozen=True, slots=True)
class CannotPage:
    """« Je ne peux pas venir », its three ways."""

    id: int
    title: str
    question: str
    when_words: str
    member_id: int
    own: bool
    watches: bool
    """They only watch: nothing comes free, and nobody comes in their place."""
    may_ask: bool
    may_name: bool
    """Whether the reader may write down whom to ask: somebody has met them here."""
    options: Sequence[tuple[str, Sequence[tuple[int, str]]]]
    """Turns that may be swapped for: a week, and those of it."""
    values: Mapping[str, str]
    errors: Mapping[str, Text]


_TO_SWAP = """
select s.id, s.starts_at, s.ends_at, s.source_kind, s.source_id, d.name as duty, m.name
from rota_slot s join duty d on d.id = s.duty_id
join rota_holding h on h.slot_id = s.id and h.went = '' and h.came <> 'watches' join member m on m.id = h.member_id
where s.place_id = {} and s.state = 'open' and s.starts_at > {} and s.starts_at < {}
and not exists (select 1 from rota_holding o where o.slot_id = s.id and o.member_id = {} and o.went = '')
order by s.starts_at, s.id, h.id limit {}
"""


async def whom_to_ask(
    slot_id: int, written: str, *, visit: Visit, member_id: int | None
) -> tuple[int | None, Text | None]:
    """Whom somebody means to ask in the place of this member, or why nobody: looked up only for whoever may ask, and
    has been met there. Raises `NotFound`, `Refused`."""
    assert visit.member is not None
    slot = await slot_of(slot_id, now=visit.now)
    me = await who_is(slot, visit.member.id, now=visit.now, here=here_of(visit, slot["place_id"]))
    whose = member_id or me.id
    if not rules.may_act_for(me, whose):
        raise Refused(RotaRefusal.MAY_NOT)
    holder = me if whose == me.id else await who_is(slot, whose, now=visit.now)
    reason = rules.why_cannot_ask(standing_of(slot), holder, now=visit.now)
    if reason is RotaRefusal.NOT_YOURS and whose != me.id:
        raise Refused(RotaRefusal.CHANGED_MEANWHILE)
    if reason is not None:
        raise Refused(reason)
    if not me.met:
        return None, text("Il faut d’abord que deux membres, ou l’accueil, t’aient rencontré ici.")
    return await one_person(slot["place_id"], written)


async def cannot_page(
    slot_id: int,
    *,
    visit: Visit,
    member_id: int | None = None,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> CannotPage | None:
    """The form of « je ne peux pas venir », for oneself or for a member one may speak for; none when the turn is not
    theirs (any more). Raises `NotFound`."""
    assert visit.member is not None
    lang, now = language(visit.language), visit.now
    slot = await slot_of(slot_id, now=now)
    standing = standing_of(slot)
    me = await who_is(slot, visit.member.id, now=now, here=here_of(visit, slot["place_id"]))
    whose = member_id or me.id
    if not rules.may_act_for(me, whose):
        raise NotFound
    holder = me if whose == me.id else await who_is(slot, whose, now=now)
    if rules.why_cannot_give_up(standing, holder, now=now) is not None:
        return None
    found = await run(_TO_SWAP, slot["place_id"], now, now + SWAPS_WITHIN, whose, MOST_TO_SWAP)
    bound = await bound_times([whose], now, now + SWAPS_WITHIN + LONGEST)
    rows = [row for row in found if not _clashes(row, bound, given=slot_id)]
    own = whose == me.id
    name = "" if own else (await run("select name from member where id = {}", whose))[0]["name"]
    if holder.watches:
        question = text("Tu ne viens plus regarder ?") if own else text("%(name)s ne vient plus regarder ?", name=name)
    else:
        question = text("Tu ne peux pas venir ?") if own else text("%(name)s ne peut pas venir ?", name=name)
    return CannotPage(
        id=slot_id,
        title=slot["duty"],
        question=lang.say(question),
        when_words=capital(views.span_words(slot["starts_at"], slot["ends_at"], lang)),
        member_id=whose,
        own=own,
        watches=holder.watches,
        may_name=me.met,
        may_ask=rules.why_cannot_ask(standing, holder, now=now) is None,
        options=_by_week(rows, named=me.met, lang=lang),
        values=values or {},
        errors=errors or {},
    )


def _clashes(row: Row, bound: Sequence[Bound], *, given: int) -> bool:
    """Whether something binds its reader at the hours of the turn of this row; not the one that they would give for it,
    nor what opened it."""
    return any(
        each.starts_at < row["ends_at"]
        and row["starts_at"] < each.ends_at
        and (each.kind, each.thing_id) not in ((KIND, given), source_of(row))
        for each in bound
    )


def _by_week(rows: Sequence[Row], *, named: bool, lang: Language) -> list[tuple[str, list[tuple[int, str]]]]:
    """These turns, one line each with all who have it, under their weeks."""
    names: dict[int, list[str]] = {}
    for row in rows:
        names.setdefault(row["id"], []).append(row["name"])
    weeks: dict[date, dict[int, str]] = {}
    for row in rows:
        who = f" ({', '.join(names[row['id']])})" if named else ""
        line = f"{capital(lang.day(row['starts_at']))}, {lang.hour(row['starts_at'])} · {row['duty']}{who}"
        weeks.setdefault(week_start(local_day(row["starts_at"])), {})[row["id"]] = line
    return [
        (lang.say(text("La semaine du %(day)s", day=lang.date(monday))), list(lines.items()))
        for monday, lines in weeks.items()
    ]
