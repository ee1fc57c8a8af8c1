"""What changing or ending something would do to whoever has a turn, said before it is done. Nothing is locked: it is
said as things stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.calendar.api import bound_times
from app.clock import local_day
from app.database import run
from app.i18n import Text, text, text_n
from rotas import grants, rules
from rotas.facts import KIND, slots_of, standing_of, who_is
from rotas.lines import one_a_week, planned_of
from rotas.queries.lookups import kept_pattern
from rotas.queries.reading import Row
from rotas.recurring import Weekly, same_week
from rotas.rules import DutyWords
from rotas.states import Came

Span = tuple[datetime, datetime]

_SLOTS = """
select s.id, s.starts_at, s.ends_at, s.made_for_on, s.taken, s.state from rota_slot s
where s.state = 'open' and s.made_for_on >= {} and s.starts_at > {} and s.pattern_id in
"""
_ON_PATTERN = """
select h.slot_id, h.member_id, h.id, h.came from rota_holding h join rota_slot s on s.id = h.slot_id
where s.state = 'open' and s.made_for_on >= {} and s.starts_at > {} and h.went = '' and s.pattern_id in
"""
_ON_SLOT = "select slot_id, member_id, id, came from rota_holding where slot_id = {} and went = ''"
_OF_DUTY = """
select s.id, s.taken, s.source_kind from rota_slot s where s.duty_id = {} and s.state = 'open' and s.ends_at > {}
"""
_ON_DUTY = """
select h.slot_id, h.member_id, h.id, h.came from rota_holding h join rota_slot s on s.id = h.slot_id
where s.duty_id = {} and s.state = 'open' and s.ends_at > {} and s.source_kind = '' and h.went = ''
"""


_HELD_OF_DUTY = """
select h.slot_id, h.member_id, h.id, h.came from rota_holding h join rota_slot s on s.id = h.slot_id
where s.duty_id = {} and s.state = 'open' and s.ends_at > {} and h.went = '' and h.came <> 'watches'
order by h.slot_id, h.id
"""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many people and turns are concerned."""

    moved: int = 0
    """People with a turn whose hours change."""
    busy: int = 0
    """Those of them who have something else then."""
    alone: int = 0
    """Turns that somebody has, which stay as they are, once."""
    off: int = 0
    """Turns that end."""
    off_people: int = 0
    """People who have one of those."""
    elsewhere: int = 0
    """Turns that a meal or a workshop opened, which stay."""


async def pattern_change(pattern_id: int, weekly: Weekly, *, now: datetime) -> Foreseen:
    """What changing this pattern from `weekly.from_on` on would do (`commands.patterns.change_pattern`)."""
    planned = await planned_of(pattern_id, today=local_day(now))
    last = planned[-1] if planned else await kept_pattern(pattern_id)
    weekly = replace(weekly, until_on=last["until_on"])
    slots, holdings = await _of_line(pattern_id, planned, weekly.from_on, now=now)
    of_week = one_a_week(slots)
    moves: dict[int, Span] = {}
    alone = off = 0
    for slot in slots:
        day = same_week(slot["made_for_on"], weekly.weekday)
        span = weekly.span_on(day)
        if slot["id"] in of_week and day in weekly.days(day, day) and span[0] > now:
            if span != (slot["starts_at"], slot["ends_at"]):
                moves[slot["id"]] = span
        elif slot["taken"]:
            alone += 1
        else:
            off += 1
    moved, busy = await _moved(moves, holdings)
    return Foreseen(moved=moved, busy=busy, alone=alone, off=off)


async def slot_change(slot: Row, span: Span) -> Foreseen:
    """What giving this slot other hours would do."""
    if span == (slot["starts_at"], slot["ends_at"]):
        return Foreseen()
    moved, busy = await _moved({slot["id"]: span}, await run(_ON_SLOT, slot["id"]))
    return Foreseen(moved=moved, busy=busy)


async def slot_end(slot_id: int) -> Foreseen:
    """What taking this slot off would do."""
    return Foreseen(off=1, off_people=_people(await run(_ON_SLOT, slot_id)))


async def pattern_end(pattern_id: int, from_on: date, *, now: datetime) -> Foreseen:
    """What ending this pattern from this day on would do."""
    planned = await planned_of(pattern_id, today=local_day(now))
    slots, holdings = await _of_line(pattern_id, planned, from_on, now=now)
    return Foreseen(off=len(slots), off_people=_people(holdings))


async def _of_line(
    pattern_id: int, planned: Sequence[Row], first: date, *, now: datetime
) -> tuple[Sequence[Row], Sequence[Row]]:
    """The slots of this pattern from this day on, and of what is planned to come of it; and who has them."""
    ids = [pattern_id, *(each["id"] for each in planned)]
    marks = f"({', '.join('{}' for _ in ids)})"
    return await run(_SLOTS + marks, first, now, *ids), await run(_ON_PATTERN + marks, first, now, *ids)


async def duty_end(duty_id: int, *, now: datetime) -> Foreseen:
    """What retiring this duty would do."""
    slots = await run(_OF_DUTY, duty_id, now)
    elsewhere = sum(bool(slot["source_kind"]) for slot in slots)
    people = _people(await run(_ON_DUTY, duty_id, now))
    return Foreseen(off=len(slots) - elsewhere, off_people=people, elsewhere=elsewhere)


async def duty_change(duty: Row, words: DutyWords, *, now: datetime) -> tuple[int, int] | None:
    """What it would mean that this duty asks more than it did (`commands.duties.change_duty`): how many of its turns
    to come somebody has, and how many people may not have theirs any more. None where it asks no more, or nobody has
    one."""
    asks_more = (
        (words.act and words.act != duty["act"])
        or (words.opens_place and not duty["opens_place"])
        or (words.for_adults and not duty["adults_only"])
        or (words.needs_training and not duty["needs_training"])
    )
    holdings = await run(_HELD_OF_DUTY, duty["id"], now) if asks_more else []
    if not holdings:
        return None
    after = {"act": words.act, "opens_place": words.opens_place, "adults_only": words.for_adults}
    slots = await slots_of([row["slot_id"] for row in holdings], now=now)
    lose = [row for row in holdings if not await _keeps({**slots[row["slot_id"]], **after}, row["member_id"], now=now)]
    return len({row["slot_id"] for row in holdings}), _people(lose)


async def _keeps(slot: Row, member_id: int | None, *, now: datetime) -> bool:
    """Whether somebody who has this slot may have it still; none: somebody without an account."""
    standing = standing_of(slot)
    if member_id is None:
        return not rules.bars_guests(standing)
    who = await who_is(slot, member_id, now=now)
    return rules.why_no_more(standing, who) is None and await grants.may_be_allowed(slot, member_id)


def asks_more_words(turns: int, lose: int) -> list[Text]:
    """What it means for people that a duty asks more, in sentences."""
    said = text_n("%(n)s tour à venir est déjà pris.", "%(n)s tours à venir sont déjà pris.", turns)
    if not lose:
        return [said, text("Qui a déjà un tour le garde.")]
    lost = text_n(
        "%(n)s personne ne pourra plus avoir ses tours : elle les perd, et le saura.",
        "%(n)s personnes ne pourront plus avoir leurs tours : elles les perdent, et le sauront.",
        lose,
    )
    return [said, lost]


async def _moved(moves: dict[int, Span], holdings: Sequence[Row]) -> tuple[int, int]:
    """How many people move with these slots, and how many of them cannot."""
    held: dict[int, list[Span]] = defaultdict(list)
    for row in holdings:
        if row["slot_id"] in moves and row["member_id"] is not None and row["came"] != Came.WATCHES:
            held[row["member_id"]].append(moves[row["slot_id"]])
    busy = set()
    if held:
        spans = [span for each in held.values() for span in each]
        for bound in await bound_times(held, min(each[0] for each in spans), max(each[1] for each in spans)):
            if bound.kind == KIND and bound.thing_id in moves:
                continue  # it moves itself
            if any(bound.starts_at < ends and starts < bound.ends_at for starts, ends in held[bound.member_id]):
                busy.add(bound.member_id)
    return _people([row for row in holdings if row["slot_id"] in moves]), len(busy)


def _people(holdings: Sequence[Row]) -> int:
    """How many they are; each without an account for themselves."""
    seated = [row for row in holdings if row["came"] != Came.WATCHES]
    return len({("member", row["member_id"]) if row["member_id"] else ("guest", row["id"]) for row in seated})


def change_words(foreseen: Foreseen) -> list[Text]:
    """What a change means for people, in sentences."""
    said = [
        text_n(
            "%(n)s personne a un tour qui change d’heure. On le lui dit.",
            "%(n)s personnes ont un tour qui change d’heure. On le leur dit.",
            foreseen.moved,
        )
        if foreseen.moved
        else text("Personne n’a de tour qui change d’heure.")
    ]
    if foreseen.busy:
        said.append(
            text_n(
                "%(n)s personne a déjà autre chose à la nouvelle heure : elle perd ce tour, et le saura.",
                "%(n)s personnes ont déjà autre chose à la nouvelle heure : elles perdent ce tour, et le sauront.",
                foreseen.busy,
            )
        )
    if foreseen.alone:
        said.append(
            text_n(
                "%(n)s tour déjà pris reste à son heure d’avant, une seule fois.",
                "%(n)s tours déjà pris restent à leur heure d’avant, une seule fois.",
                foreseen.alone,
            )
        )
    if foreseen.off:
        said.append(
            text_n(
                "%(n)s tour que personne n’a pris s’en va.",
                "%(n)s tours que personne n’a pris s’en vont.",
                foreseen.off,
            )
        )
    return said


def end_words(foreseen: Foreseen) -> list[Text]:
    """What ending means for people, in sentences."""
    said = [
        text_n("%(n)s tour prévu n’aura pas lieu.", "%(n)s tours prévus n’auront pas lieu.", foreseen.off)
        if foreseen.off
        else text("Aucun tour prévu n’est concerné.")
    ]
    if foreseen.off:
        said.append(
            text_n(
                "%(n)s personne y est : elle le saura.",
                "%(n)s personnes y sont : elles le sauront.",
                foreseen.off_people,
            )
            if foreseen.off_people
            else text("Personne ne les a pris.")
        )
    if foreseen.elsewhere:
        said.append(
            text_n(
                "%(n)s tour vient d’un repas ou d’un atelier : il reste, et se change là-bas.",
                "%(n)s tours viennent de repas ou d’ateliers : ils restent, et se changent là-bas.",
                foreseen.elsewhere,
            )
        )
    return said
