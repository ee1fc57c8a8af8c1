"""The facts that rules ask for, read from the rows: how a slot stands, and who somebody is to it.

Commands read them after locking people and slot, pages without a lock. What follows from them is `rules`' affair.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from app.clock import local_day
from app.database import run
from app.errors import NotFound
from app.identity.api import Here, who_is_here
from app.identity.states import Act
from rotas.rules import LOAD_OVER, Standing, SwapStanding, Who
from rotas.states import Level, SlotState, SwapState

KIND = "turn"
"""`entry.kind` and `journal_line.kind` of slots."""

Row = dict[str, Any]

IN_PLACE = "went = '' and came <> 'watches'"
"""Of a holding: somebody has a place by it."""
_SKILLED = "level in ('does', 'teaches')"
_SLOT = f"""
select s.*, d.name as duty, d.about, d.icon, d.act, d.opens_place, d.adults_only, d.needs_training,
       p.until_on, p.weekday, p.people as pattern_people,
       (select count(*) from rota_practice k join membership b on b.member_id = k.member_id and b.place_id = s.place_id
        where k.duty_id = s.duty_id and k.{_SKILLED}) as trained_here,
       (select count(*) from rota_holding h join rota_practice k on k.member_id = h.member_id and k.duty_id = s.duty_id
        where h.slot_id = s.id and h.went = '' and h.came <> 'watches' and k.{_SKILLED}) as skilled_on_it,
       (select count(*) from rota_holding h where h.slot_id = s.id and h.went = '' and h.came <> 'watches'
        and not exists (select 1 from rota_practice k
                        where k.member_id = h.member_id and k.duty_id = s.duty_id and k.{_SKILLED})
        and not exists (select 1 from rota_holding o join rota_slot t on t.id = o.slot_id
                        where o.member_id = h.member_id and o.went = '' and o.came <> 'watches'
                        and t.duty_id = s.duty_id and t.ends_at <= {{}})) as first_timers,
       (select count(*) from rota_weekly w where w.pattern_id = s.pattern_id and w.ended_at is null) as weekly,
       coalesce((select q.quiet from rota_setting q where q.place_id = s.place_id), {{}}) as quiet
from rota_slot s join duty d on d.id = s.duty_id left join rota_pattern p on p.id = s.pattern_id
"""  # noqa: S608 - constants of this file
_WHO = """
select m.adult_on,
       (select level from rota_practice where duty_id = {} and member_id = {}) as level,
       (select came from rota_holding where slot_id = {} and member_id = {} and went = '') as came,
       case when exists (select 1 from rota_holding h join rota_slot t on t.id = h.slot_id
        where h.member_id = {} and h.went = '' and h.came <> 'watches' and t.duty_id = {} and t.ends_at <= {})
        then 1 else 0 end as did,
       case when {} = 0 then 0 else (select count(*) from rota_holding h join rota_slot t on t.id = h.slot_id
        where h.member_id = {} and h.went = '' and h.came <> 'watches' and t.place_id = {} and t.state = 'open'
        and t.starts_at > {}) end as load,
       (select count(*) from rota_weekly where pattern_id = {} and member_id = {} and ended_at is null) as weekly,
       (select count(*) from rota_swap where slot_id = {} and from_member = {} and state = 'open') as swap
from member m where m.id = {}
"""


async def slot_of(slot_id: int, *, now: datetime) -> Row:
    """The slot with its duty and what is counted of it. Raises `NotFound`."""
    found = await slots_of([slot_id], now=now)
    if not found:
        raise NotFound
    return found[slot_id]


async def slots_of(slot_ids: Collection[int], *, now: datetime) -> dict[int, Row]:
    """The same of several, by id. Unknown ids are left out."""
    if not slot_ids:
        return {}
    wanted = sorted(set(slot_ids))
    found = await run(f"{_SLOT} where s.id in ({', '.join('{}' for _ in wanted)}) order by s.id", now, False, *wanted)
    return {row["id"]: row for row in found}


def title_of(slot: Row) -> str:
    """How calendars and messages call the slot of this row: « Accueil », « Vaisselle · Repas du vendredi »."""
    return f"{slot['duty']} · {slot['source_title']}"[:200] if slot["source_title"] else str(slot["duty"])


def is_listed(slot: Row, *, taken: int) -> bool:
    """Whether agenda and feeds show the slot of this row to those who have no part in it, when so many have: while it
    is on and lacks somebody. Of a quiet place nothing is said to be missing."""
    return slot["state"] == SlotState.OPEN and taken < slot["people"] and not slot["quiet"]


def source_of(slot: Row) -> tuple[str, int] | None:
    """What opened it, as the calendar knows it: its turns never clash with that."""
    return (slot["source_kind"], slot["source_id"]) if slot["source_id"] is not None else None


def standing_of(slot: Row) -> Standing:
    """How the slot of this row (`slot_of`) stands."""
    return Standing(
        state=SlotState(slot["state"]),
        on=local_day(slot["starts_at"]),
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        people=slot["people"],
        taken=slot["taken"],
        act=slot["act"],
        opens_place=bool(slot["opens_place"]),
        adults_only=bool(slot["adults_only"]),
        needs_training=bool(slot["needs_training"]),
        trained_here=slot["trained_here"],
        skilled_on_it=slot["skilled_on_it"],
        first_timers=slot["first_timers"],
        weekly=slot["weekly"],
        has_pattern=slot["pattern_id"] is not None,
        pattern_ended=slot["until_on"] is not None,
        pattern_people=slot["pattern_people"] or 0,
        opened_at=slot["opened_at"],
        low_load=slot["low_load"],
        mid_load=slot["mid_load"],
        source_kind=slot["source_kind"],
    )


async def who_is(slot: Row, member_id: int, *, now: datetime, here: Here | None = None) -> Who:
    """Who this member is to the slot of this row. `here` is what they are at its place, if it is known. Raises
    `NotFound` for no member."""
    me, duty, pattern = member_id, slot["duty_id"], slot["pattern_id"]
    found = await run(
        _WHO,
        *(duty, me),
        *(slot["id"], me),
        *(me, duty, now),
        int(slot["low_load"] is not None),
        *(me, slot["place_id"], now - LOAD_OVER),
        *(pattern, me),
        *(slot["id"], me),
        me,
    )
    if not found:
        raise NotFound
    (row,) = found
    here = here or await who_is_here(member_id, slot["place_id"], at=now)
    return Who(
        id=member_id,
        belongs=here.belongs,
        met=here.met,
        mediator=here.mediator,
        keeps_place=Act.KEEP_PLACE in here.acts,
        welcomes=Act.REGISTER in here.acts,
        adult_on=row["adult_on"],
        level=Level(row["level"] or ""),
        did=row["did"],
        load=row["load"],
        holds=row["came"] not in (None, "watches"),
        watches=row["came"] == "watches",
        weekly=row["weekly"] > 0,
        swap=row["swap"] > 0,
    )


def swap_standing_of(swap: Row) -> SwapStanding:
    """How the swap of this row stands."""
    return SwapStanding(
        state=SwapState(swap["state"]),
        from_member=swap["from_member"],
        to_member=swap["to_member"],
        wants_slot=swap["wanted_slot_id"] is not None,
        until_at=swap["until_at"],
        asked_by=swap["asked_by"],
    )
