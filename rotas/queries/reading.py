"""The rows of a week of turns: everybody's part is read once between two writes, one's own each time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from app.clock import YEARS, day_start
from app.database import run, stamp
from app.identity.states import Act
from app.identity.visits import Visit
from app.unchanged import unchanged
from rotas import rules
from rotas.rules import LOAD_OVER
from rotas.states import SKILLED, Level

Row = dict[str, Any]
T = TypeVar("T")
MOST_TOLD = 2000
"""Then it begins anew."""


@dataclass(frozen=True, slots=True)
class PlaceHere:
    """The place whose turns are shown."""

    id: int
    slug: str
    name: str
    quiet: bool


@dataclass(frozen=True, slots=True)
class Week:
    """What is the same for everybody who may see it. Shared by all who read it: nobody changes anything in it."""

    slots: Sequence[Row]
    holdings: dict[int, list[Row]]
    """By slot."""
    swaps: dict[int, list[Row]]
    """Open ones, by slot."""
    levels: dict[tuple[int, int], Level]
    """By duty and member."""
    skilled: dict[int, int]
    """By duty, how many of the place can do it alone."""
    weekly: dict[int, set[int]]
    """By pattern, who holds a place every week."""
    loads: dict[int, int]
    """By member, turns of the last 90 days and those to come."""
    month: dict[int, int]
    """By member, turns of this month."""
    held_by_one: Sequence[str]
    """Names of duties."""
    involved: dict[int, set[int]]
    """By slot, to whom it is not what it is to everybody: who has it, watches, cannot come, or is asked to."""
    told: dict[Hashable, Any] = field(default_factory=dict)
    """What was said of it to readers to whom it is the same, to be said to the next: the one thing that is added to."""

    def once(self, key: Hashable, say: Callable[[], T]) -> T:
        """What `say` gives, or gave to somebody to whom it is the same: `key` holds all that it hangs on besides the
        week."""
        try:
            return cast("T", self.told[key])
        except KeyError:
            if len(self.told) >= MOST_TOLD:
                self.told.clear()
            said = self.told[key] = say()
            return said


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever reads: what rules ask about them, besides what a slot adds."""

    id: int = 0
    belongs: bool = False
    mediator: bool = False
    named: bool = False
    """Whether they are shown names here."""
    acts: frozenset[Act] = frozenset()
    adult_on: date | None = None
    asks: Sequence[Row] = field(default=())
    """Open swaps that this reader may answer."""


_SLOTS = """
select s.id, s.place_id, s.duty_id, s.pattern_id, s.starts_at, s.ends_at, s.people, s.taken, s.state, s.opened_at,
       s.low_load, s.mid_load, s.source_kind, s.source_title, s.source_url, r.name as room,
       d.name as duty, d.icon, d.act, d.opens_place, d.adults_only, d.needs_training,
       p.until_on, p.people as pattern_people
from rota_slot s join duty d on d.id = s.duty_id
left join rota_pattern p on p.id = s.pattern_id left join room r on r.id = s.room_id
where s.place_id = {} and s.state = 'open' and s.starts_at >= {} and s.starts_at < {}
order by s.starts_at, d.name, s.id
"""
_HOLDINGS = """
select h.slot_id, h.member_id, h.first_name, h.came, m.name from rota_holding h
join rota_slot s on s.id = h.slot_id left join member m on m.id = h.member_id
where s.place_id = {} and s.state = 'open' and s.starts_at >= {} and s.starts_at < {} and h.went = ''
order by h.taken_at, h.id
"""
_SWAPS = """
select x.id, x.slot_id, x.from_member, x.to_member, x.wanted_slot_id, x.until_at, m.name from rota_swap x
join rota_slot s on s.id = x.slot_id join member m on m.id = x.from_member
where s.place_id = {} and s.state = 'open' and s.starts_at >= {} and s.starts_at < {} and x.state = 'open'
order by x.id
"""
_DUTIES = """
select d.id, d.name, d.act, d.opens_place, d.needs_training, k.member_id, k.level, b.id as here from duty d
left join rota_practice k on k.duty_id = d.id
left join membership b on b.member_id = k.member_id and b.place_id = d.place_id
where d.place_id = {} and d.retired_at is null order by d.name, d.id
"""
_LOADS = """
select h.member_id, count(*) as load, sum(case when s.starts_at >= {} and s.starts_at < {} then 1 else 0 end) as month
from rota_holding h join rota_slot s on s.id = h.slot_id
where s.place_id = {} and s.state = 'open' and s.starts_at > {} and h.went = '' and h.came <> 'watches'
and h.member_id is not null group by h.member_id
"""
_WEEKLY = """
select w.pattern_id, w.member_id from rota_weekly w join rota_pattern p on p.id = w.pattern_id
where p.place_id = {} and w.ended_at is null
"""
_ASKED = """
select x.id, x.slot_id, x.from_member, x.to_member, x.wanted_slot_id, x.until_at, d.name as duty, s.starts_at, m.name,
       coalesce(x.to_member, h.member_id) as asked
from rota_swap x join rota_slot s on s.id = x.slot_id join duty d on d.id = s.duty_id
join member m on m.id = x.from_member left join rota_holding h on h.slot_id = x.wanted_slot_id
    and x.to_member is null and h.went = '' and h.came <> 'watches'
where x.state = 'open' and x.place_id = {} and (x.to_member is not null or h.member_id is not null)
order by s.starts_at, x.id
"""


async def place_here(visit: Visit, slug: str, *, taken: Hashable | None = None) -> tuple[PlaceHere | None, list[Row]]:
    """The place of the visit, else the one that the address names, else the first; and all places, for whoever is
    signed in nowhere. `taken`, here and below: the stamp that this request took before, if it did."""
    asked = "select p.id, p.slug, p.name, q.quiet from place p left join rota_setting q on q.place_id = p.id"
    if visit.place is not None:
        query = partial(run, f"{asked} where p.id = {{}}", visit.place.id)
    else:
        query = partial(run, f"{asked} order by p.id")
    rows = await unchanged(taken or await stamp(), ("places of turns", visit.place and visit.place.id), query)
    if not rows:
        return None, []
    row = next((each for each in rows if each["slug"] == slug), rows[0])
    return PlaceHere(row["id"], row["slug"], row["name"], bool(row["quiet"])), rows


async def reader_of(visit: Visit, place_id: int, *, now: datetime, taken: Hashable | None = None) -> Reader:
    """What this visit's member is here; nobody in particular for visitors."""
    me = visit.member
    if me is None:
        return Reader()
    asked = await asked_here(place_id, taken=taken or await stamp(visit.taken))
    asks = [row for row in asked.get(me.id, ()) if row["until_at"] > now]
    here = visit.place is not None and visit.place.id == place_id
    return Reader(
        id=me.id,
        belongs=here and me.belongs,
        mediator=here and me.mediator,
        named=here and me.met,
        acts=frozenset() if me.mediator or not here else me.acts,
        adult_on=me.adult_on,
        asks=asks,
    )


async def asked_here(place_id: int, *, taken: Hashable) -> dict[int, list[Row]]:
    """Open swaps of the place, by whoever is asked in person, or has the turn that is wanted; what is soonest first."""
    return await unchanged(taken, ("asked for turns", place_id), partial(_asked, place_id))


async def _asked(place_id: int) -> dict[int, list[Row]]:
    found = defaultdict[int, list[Row]](list)
    for row in await run(_ASKED, place_id):
        if row["asked"] != row["from_member"]:
            found[row["asked"]].append(row)
    return dict(found)


async def read_week(place_id: int, monday: date, today: date, *, taken: Hashable | None = None) -> Week:
    """A week as everybody sees it, kept until something is written."""
    return await unchanged(
        taken or await stamp(), ("week of turns", place_id, monday, today), partial(_read, place_id, monday, today)
    )


async def _read(place_id: int, monday: date, today: date) -> Week:
    span = (place_id, day_start(monday), day_start(monday + timedelta(days=7)))
    month = today.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    slots = await run(_SLOTS, *span)
    holdings, swaps = defaultdict[int, list[Row]](list), defaultdict[int, list[Row]](list)
    for row in await run(_HOLDINGS, *span):
        holdings[row["slot_id"]].append(row)
    for row in await run(_SWAPS, *span):
        swaps[row["slot_id"]].append(row)
    practice = await run(_DUTIES, place_id)
    skilled = Counter(row["id"] for row in practice if row["here"] is not None and row["level"] in SKILLED)
    matter = {
        row["id"]: (row["name"], bool(row["needs_training"] or row["opens_place"] or row["act"])) for row in practice
    }
    loads = await run(_LOADS, day_start(month), day_start(after), place_id, day_start(today) - LOAD_OVER)
    weekly = defaultdict[int, set[int]](set)
    for row in await run(_WEEKLY, place_id):
        weekly[row["pattern_id"]].add(row["member_id"])
    involved = defaultdict[int, set[int]](set)
    for slot in slots:
        involved[slot["id"]] |= weekly.get(slot["pattern_id"], set())
    for rows in holdings.values():
        for row in rows:
            involved[row["slot_id"]].add(row["member_id"])
    for rows in swaps.values():
        for row in rows:
            involved[row["slot_id"]] |= {row["from_member"], row["to_member"]}
    return Week(
        involved=dict(involved),
        slots=slots,
        holdings=dict(holdings),
        swaps=dict(swaps),
        levels={(row["id"], row["member_id"]): Level(row["level"]) for row in practice if row["here"] is not None},
        skilled=dict(skilled),
        weekly=dict(weekly),
        loads={row["member_id"]: row["load"] for row in loads},
        month={row["member_id"]: row["month"] for row in loads},
        held_by_one=[
            name for duty, (name, matters) in matter.items() if rules.held_by_one(skilled[duty], matters=matters)
        ],
    )


def read_day(written: str, default: date) -> date:
    """The day of an address, `YYYY-MM-DD`; the default for what is none, or too far off to count from."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return default
    return day if YEARS.start < day.year < YEARS.stop - 1 else default
