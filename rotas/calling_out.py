"""Calling people out to turns that are near and lack somebody: the job. When, `rotas.calling` says.

Some members at a time, each in one message of all that they may take and are free for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.calendar.api import why_clashes
from app.database import command, get_for_update, run, transaction
from app.notices.api import Kind
from app.one_by_one import OneByOne
from rotas import calling, rules, wording_slots
from rotas.commands.duties import level_of
from rotas.commands.moving import tell_of_place
from rotas.commands.steps import locked_slots, moment
from rotas.facts import KIND, Row, source_of, standing_of, swap_standing_of, title_of
from rotas.rules import Lack, Who
from rotas.states import SKILLED, Came, Level
from rotas.tables import Slot, Swap
from rotas.wanted import wanted_stand_ins

PEOPLE_AT_ONCE = 500
"""In one transaction, and one question: a place may have so many members that others would wait for too long, and
databases take some 32,000 arguments."""
FAR = timedelta(days=365)
"""No turn that somebody is called for begins later."""


async def call_out(now: datetime) -> int:
    """Call for whoever lacks in the turns of the next 48 h: once, and once more when somebody gives one up; and once
    for each who asks everybody to come in their place. Each member of the place hears in one message of those that they
    may take and are free for. A quiet place calls nobody."""
    named = ", ".join("{}" for _ in calling.SAY_WHEN)
    due = [
        *await _lacking(
            f"s.source_kind not in ({named}) and (s.called_at is null or s.call_again_at <= {{}})",
            now + rules.CALLED_BEFORE,
            now=now,
        ),
        *await _lacking(f"s.source_kind in ({named}) and s.call_again_at <= {{}}", now + FAR, now=now),
    ]
    of_place: dict[int, list[int]] = defaultdict(list)
    stand_ins: dict[int, dict[int, int]] = defaultdict(dict)
    for each in due:
        of_place[each["place_id"]].append(each["id"])
    for each in await wanted_stand_ins(now=now):
        if each["called_at"] is None:
            stand_ins[each["place_id"]][each["swap_id"]] = each["id"]
    things = OneByOne("rotas.call_out")
    for place_id in sorted({*of_place, *stand_ins}):
        await things.try_one(
            "place", place_id, partial(_call_out_at, place_id, of_place[place_id], stand_ins[place_id], now)
        )
    return things.done()


async def _lacking(which: str, until: datetime, *, now: datetime) -> list[Row]:
    """The slots that lack somebody and begin from now until then, of places that are not quiet."""
    return await run(
        "select s.id, s.place_id from rota_slot s left join rota_setting q on q.place_id = s.place_id "  # noqa: S608 - words of ours
        "where s.state = 'open' and s.taken < s.people and s.starts_at > {} and s.starts_at <= {} "
        f"and {which} and (q.quiet is null or q.quiet = {{}}) order by s.id",
        now,
        until,
        *calling.SAY_WHEN,
        now,
        False,
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """A turn that is called out: for whoever lacks, or for who comes in somebody's place."""

    slot: Row
    swap: Row | None = None

    @property
    def key(self) -> str:
        return f"{self.slot['id']}" + ("" if self.swap is None else f"s{self.swap['id']}")

    @property
    def called_to(self) -> int:
        """Up to which member it is called out."""
        row = self.slot if self.swap is None else self.swap
        return row["called_to"] or 0

    @property
    def lack(self) -> tuple[str, datetime, int, Lack]:
        slot, opens_place = self.slot, bool(self.slot["opens_place"])
        if self.swap is not None:
            return title_of(slot), slot["starts_at"], 1, calling.lack_of_stand_in(opens_place=opens_place)
        lack = rules.lack_of(people=slot["people"], taken=slot["taken"], opens_place=opens_place)
        assert lack is not None, "only turns that lack somebody are called out"
        return title_of(slot), slot["starts_at"], slot["people"] - slot["taken"], lack


async def _call_out_at(place_id: int, slot_ids: list[int], stand_ins: dict[int, int], now: datetime) -> int:
    """Some members in one transaction: nobody else waits for the whole of a large place. How far it is stands with the
    slots and requests, so that what falls over goes on there, and two processes do half each."""
    called = 0
    while True:
        done, more = await _call_some(place_id, slot_ids, stand_ins, now)
        called += done
        if not more:
            return called


@command
async def _call_some(place_id: int, slot_ids: list[int], stand_ins: dict[int, int], now: datetime) -> tuple[int, bool]:
    """The next members; how many calls are through with it, and whether there are others to call."""
    async with transaction():
        slots = await locked_slots(*slot_ids, *stand_ins.values(), now=now)
        setting = await run("select quiet from rota_setting where place_id = {}", place_id)
        quiet = bool(setting and setting[0]["quiet"])
        calls = [
            _Call(slots[each])
            for each in slot_ids
            if calling.calls_now(
                standing_of(slots[each]),
                called_at=slots[each]["called_at"],
                call_again_at=slots[each]["call_again_at"],
                source_kind=slots[each]["source_kind"],
                quiet=quiet,
                now=now,
            )
        ]
        for swap in await get_for_update(Swap, *stand_ins):
            slot = slots[swap["slot_id"]]
            if calling.calls_stand_in(
                standing_of(slot),
                swap_standing_of(swap),
                called_at=swap["called_at"],
                called_before=await _called_before(swap),
                quiet=quiet,
                now=now,
            ):
                calls.append(_Call(slot, swap))
        if not calls:
            return 0, False
        members = await _next_of(place_id, min(call.called_to for call in calls))
        more = len(members) == PEOPLE_AT_ONCE
        may_take: dict[int, list[_Call]] = defaultdict(list)
        for call in sorted(calls, key=lambda each: each.slot["starts_at"]):
            for member in await _who_may(call, [each for each in members if each > call.called_to], now=now):
                may_take[member].append(call)
            await _note_called(call, members[-1] if more else None, now=now)
        groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for member, theirs in may_take.items():
            groups[tuple(call.key for call in theirs)].append(member)
        for keys, some in groups.items():
            theirs = may_take[some[0]]
            await tell_of_place(
                wording_slots.called([call.lack for call in theirs]),
                some,
                kind=Kind.DUTY,
                what=f"called-{'-'.join(keys)}-{moment(now)}",
                place_id=place_id,
                link=_link(theirs),
                good_until=min(call.slot["starts_at"] for call in theirs),
                now=now,
            )
        return (0 if more else len(calls)), more


async def _called_before(swap: Row) -> datetime | None:
    """When people were last called for this member to be stood in for, whatever became of what they asked then."""
    found = await run(
        "select called_at from rota_swap where slot_id = {} and from_member = {} and called_at is not null "
        "order by called_at desc limit 1",
        swap["slot_id"],
        swap["from_member"],
    )
    return found[0]["called_at"] if found else None


async def _next_of(place_id: int, after: int) -> list[int]:
    """The next of those who have been met at the place."""
    rows = await run(
        "select member_id from membership where place_id = {} and met_at is not null and member_id > {} "
        "order by member_id limit {}",
        place_id,
        after,
        PEOPLE_AT_ONCE,
    )
    return [row["member_id"] for row in rows]


async def _note_called(call: _Call, up_to: int | None, *, now: datetime) -> None:
    """So far it is called out; without a member, it is through."""
    written: dict[Any, Any]
    if up_to is not None:
        written = {"called_to": max(up_to, call.called_to)}
    elif call.swap is None:
        written = {"called_to": None, "called_at": now, "call_again_at": None}
    else:
        written = {"called_to": None, "called_at": now}
    if call.swap is None:
        await Slot.update(written).where(Slot.id == call.slot["id"])
    else:
        await Swap.update(written).where(Swap.id == call.swap["id"])


def _link(calls: list[_Call]) -> str:
    """Where they are all found: those that only lack somebody are a choice of the week."""
    if len({call.slot["id"] for call in calls}) == 1:
        return f"/tours/{calls[0].slot['id']}"
    return "/tours?voir=manque" if all(call.swap is None for call in calls) else "/tours"


async def _who_may(call: _Call, members: Sequence[int], *, now: datetime) -> list[int]:
    """Who of these of the place might take this turn now, and is free: those who have been met."""
    if not members:
        return []
    slot = call.slot
    rows = await run(
        "select ms.member_id, ms.mediator, m.adult_on, k.level, h.came from membership ms "
        "join member m on m.id = ms.member_id "
        "left join rota_practice k on k.member_id = ms.member_id and k.duty_id = {} "
        "left join rota_holding h on h.member_id = ms.member_id and h.slot_id = {} and h.went = '' "
        "where ms.place_id = {} and ms.member_id between {} and {} and ms.met_at is not null "
        "and m.erased_at is null order by ms.member_id",
        slot["duty_id"],
        slot["id"],
        slot["place_id"],
        members[0],
        members[-1],
    )
    standing, why_cannot = standing_of(slot), rules.why_cannot_take
    if call.swap is not None:
        leaving = await level_of(slot["duty_id"], call.swap["from_member"])
        beside = standing.skilled_on_it - (leaving in SKILLED)  # whoever cannot come shows nobody how it is done
        standing, why_cannot = replace(standing, skilled_on_it=beside), rules.why_cannot_replace
    may = [row["member_id"] for row in rows if why_cannot(standing, _as_who(row), now=now) is None]
    return await _free_of(slot, may)


async def _free_of(slot: Row, members: Sequence[int]) -> list[int]:
    """Those of these members whose time the slot's hours take from nothing else."""
    free = set(members)
    while free:  # one question for each who is busy, and one more
        clash = await why_clashes(
            starts_at=slot["starts_at"],
            ends_at=slot["ends_at"],
            member_ids=free,
            except_for=(KIND, slot["id"]),
            part_of=source_of(slot),
        )
        if clash is None or clash.member_id is None:
            break
        free.discard(clash.member_id)
    return sorted(free)


def _as_who(row: Row) -> Who:
    return Who(
        id=row["member_id"],
        belongs=True,
        met=True,  # others are not read
        mediator=bool(row["mediator"]),
        adult_on=row["adult_on"],
        level=Level(row["level"] or ""),
        holds=row["came"] not in (None, Came.WATCHES.value),
    )
