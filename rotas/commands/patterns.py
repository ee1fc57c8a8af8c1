"""Weekly patterns: opened, changed « à partir de », ended; and their slots, made eight weeks ahead.

A change ends the old pattern and begins another, to which the slots to come move with whoever has them: nobody loses a
turn by it without being told. Locks are in the order of `steps`; making slots locks the pattern too, so that two
processes make each of them once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from app.clock import local_day
from app.database import RunAgain, command, get_for_update, run, savepoint, transaction
from app.errors import NotFound, Refused
from app.identity.tables import Member
from app.notices.api import Kind
from rotas import rules, wording_slots
from rotas.commands.holds import end_holds, holds_of, pass_on_holds, weekly_holders
from rotas.commands.making import make_due, weekly_of
from rotas.commands.moving import (
    cancel_steps,
    check_span,
    move_slot,
    note_of_place,
    place_of_duty,
    refuse_foreign_room,
    refuse_unless_keeper,
    tell_of_place,
)
from rotas.commands.steps import TRIES, holdings_of, locked_slots, refuse_if, tell
from rotas.facts import Row, title_of
from rotas.lines import followers_of, has_a_day, one_a_week, planned_of
from rotas.recurring import Weekly, same_week
from rotas.states import Came, RotaRefusal, SlotState
from rotas.tables import Duty, Pattern, Slot

DAY = timedelta(days=1)
KIND = "pattern"
"""`journal_line.kind` of patterns."""


# ------------------------------------------------------------------------------------------------------------ commands


@command
async def open_pattern(
    *, actor: int, duty_id: int, weekly: Weekly, people: int, room_id: int | None, once: str = "", now: datetime
) -> int:
    """Have this duty every week from a day on, today at the earliest, and make its slots of the next eight weeks;
    returns its id. `once` tells this sending of the form from others: the same again is one pattern, anything else
    under it is refused, and so is the same pattern of another form. Without it the same again is that pattern."""
    weekly = replace(weekly, from_on=max(weekly.from_on, local_day(now)))
    _check(weekly, people)
    async with transaction():
        await get_for_update(Member, actor)
        place_id = await place_of_duty(duty_id)
        await refuse_unless_keeper(actor, place_id, now=now)
        await get_for_update(Duty, duty_id)  # the same form sent twice at once waits here
        await refuse_foreign_room(place_id, room_id)
        key = f"{actor}:{once}"[:64] if once else None
        again = await run("select * from rota_pattern where once = {}", key) if key else []
        if again:
            sent = again[0]["duty_id"] == duty_id and again[0]["from_on"] == weekly.from_on
            refuse_if(None if sent and _same(again[0], weekly, people, room_id) else RotaRefusal.PATTERN_SENT)
            return int(again[0]["id"])
        double = await _double(duty_id, weekly)
        if double is not None:
            if key is None and _same(double, weekly, people, room_id):
                return int(double["id"])
            raise Refused(RotaRefusal.PATTERN_DOUBLE)
        pattern = await _insert(
            duty_id, place_id, weekly, people=people, room_id=room_id, follows_id=None, once=key, now=now
        )
        await make_due(pattern, holders=(), now=now)
        await _note(pattern, "opened", by=actor, now=now)
        return int(pattern["id"])


@command
async def change_pattern(
    *,
    actor: int,
    pattern_id: int,
    from_on: date,
    weekly: Weekly,
    people: int,
    room_id: int | None,
    version: int,
    now: datetime,
) -> int:
    """From this day on, today at the earliest, the pattern is this one; returns its id. Slots to come move to it, in
    their week, with whoever has them; who is busy at the new hour loses theirs and is told so; a held slot that the
    new pattern does not have stays, once. What was planned to come of it after this day, and has not begun, is planned
    no more. The same change again is that change."""
    from_on = max(from_on, local_day(now))
    async with transaction():
        (pattern, *planned), slots, _ = await _locked_line(pattern_id, from_on, actor=actor, now=now)
        await refuse_unless_keeper(actor, pattern["place_id"], now=now)
        weekly = replace(weekly, from_on=from_on, until_on=(planned or [pattern])[-1]["until_on"])
        followers = await followers_of(pattern_id)
        after = followers[0] if followers else None
        if after is not None and after["from_on"] == from_on and _same(after, weekly, people, room_id):
            return int(after["id"])
        over = pattern["until_on"] is not None and pattern["until_on"] < from_on
        if after is None and (over or not has_a_day(pattern)):
            raise Refused(RotaRefusal.PATTERN_ENDED)
        if after is None and _same(pattern, weekly, people, room_id):
            return pattern_id
        if followers != planned or (after is not None and after["from_on"] < from_on):
            raise Refused(RotaRefusal.PATTERN_ENDED)  # what it became is another pattern by then
        if version != pattern["version"]:
            raise Refused(RotaRefusal.CHANGED_MEANWHILE)
        _check(weekly, people)
        await refuse_foreign_room(pattern["place_id"], room_id)
        await _unplan(planned)
        if await _double(pattern["duty_id"], weekly, but=pattern_id) is not None:
            raise Refused(RotaRefusal.PATTERN_DOUBLE)
        new = await _insert(
            pattern["duty_id"],
            pattern["place_id"],
            weekly,
            people=people,
            room_id=room_id,
            follows_id=pattern_id,
            now=now,
        )
        await _write_end(pattern, from_on - DAY)
        await _move_slots(new, slots, by=actor, now=now)
        holds = await holds_of(pattern_id, *(each["id"] for each in planned))
        await _end_holds_of(pattern, planned, from_on - DAY, now=now)
        title = await _duty_name(new["duty_id"])
        holders = await pass_on_holds(holds, new, title=title, now=now)
        await make_due(new, holders=holders, now=now)
        await _note(new, "changed", by=actor, now=now)
        return int(new["id"])


@command
async def end_pattern(*, actor: int, pattern_id: int, last_on: date, version: int, now: datetime) -> None:
    """The pattern has no slot after this day, which is yesterday at the earliest; whoever has one is told. What it was
    to become later ends with it. Ended on this day already: nothing happens. An end is put off in the same way."""
    last_on = max(last_on, local_day(now) - DAY)
    async with transaction():
        (pattern, *planned), slots, holders = await _locked_line(pattern_id, last_on + DAY, actor=actor, now=now)
        await refuse_unless_keeper(actor, pattern["place_id"], now=now)
        followers = await followers_of(pattern_id)
        if pattern["until_on"] == last_on and not followers:
            return
        if followers != planned or (planned and planned[0]["from_on"] <= last_on) or not has_a_day(pattern):
            raise Refused(RotaRefusal.PATTERN_ENDED)
        if version != pattern["version"]:
            raise Refused(RotaRefusal.CHANGED_MEANWHILE)
        await _unplan(planned)
        longer = replace(weekly_of(pattern), until_on=last_on)
        if await _double(pattern["duty_id"], longer, but=pattern_id) is not None:
            raise Refused(RotaRefusal.PATTERN_DOUBLE)
        await _end(pattern, slots, holders, last_on, by=actor, planned=planned, now=now)


async def end_patterns_of(duty_id: int, *, by: int, now: datetime) -> None:
    """End all patterns of a duty at once. Inside the caller's transaction, which has locked all that `reach_of` says:
    what is locked here it holds."""
    last_on = local_day(now) - DAY

    async def ids() -> list[int]:
        found = await run(
            "select id from rota_pattern where duty_id = {} and (until_on is null or until_on > {}) order by id",
            duty_id,
            last_on,
        )
        return [row["id"] for row in found]

    patterns, slots, _ = await _locked_patterns(ids, last_on + DAY, members=[by], now=now)
    told: set[int] = set()
    for pattern in patterns:
        own = [slot for slot in slots if slot["pattern_id"] == pattern["id"]]
        holders = await weekly_holders(pattern["id"])
        await _end(pattern, own, set(holders) - told, last_on, by=by, now=now)
        told.update(holders)  # of the same duty they would read the same again


async def reach_of(duty_id: int, *, now: datetime) -> tuple[list[int], list[int], list[int]]:
    """The duty's patterns that are not over or that somebody holds every week, who holds one, and their slots to come:
    all that is locked before something is done to all of them."""
    today = local_day(now)
    found = await run(
        "select id from rota_pattern p where duty_id = {} and (until_on is null or until_on >= {} "
        "or exists (select 1 from rota_weekly w where w.pattern_id = p.id and w.ended_at is null)) order by id",
        duty_id,
        today,
    )
    patterns = [row["id"] for row in found]
    return patterns, sorted(await weekly_holders(*patterns)), await _to_come(patterns, today, now=now)


@command
async def make_slots_of(pattern_id: int, *, now: datetime) -> int:
    """Make what is due of this pattern; returns how many slots. For the job."""

    async def ids() -> list[int]:
        return [pattern_id]

    async with transaction():
        (pattern,), _, holders = await _locked_patterns(ids, None, members=[], now=now)
        return await make_due(pattern, holders=holders, now=now)


# ------------------------------------------------------------------------------------------------------ locking, rows


async def _locked_patterns(
    ids: Callable[[], Awaitable[list[int]]], first: date | None, *, members: Collection[int], now: datetime
) -> tuple[list[Row], list[Row], list[int]]:
    """The patterns of these ids in that order, their slots to come that were made for this day or later (none without
    a day), and who holds them every week, after locking these members, those who hold, the slots with whoever has
    them, the duty, and the patterns."""
    for _ in range(TRIES):
        wanted = await ids()
        holders, seen = await weekly_holders(*wanted), await _to_come(wanted, first, now=now)
        try:
            async with savepoint():  # undone, it lets go of what it locked
                slots = await locked_slots(*seen, members={*members, *holders}, with_holders=True, now=now)
                await get_for_update(Duty, *await _duties_of(wanted))  # who changes it sees the slots that come
                rows = {row["id"]: row for row in await get_for_update(Pattern, *wanted)}
                if len(rows) < len(wanted):
                    raise NotFound
                then = await ids(), await weekly_holders(*wanted), await _to_come(wanted, first, now=now)
                if then != (wanted, holders, seen):
                    raise _OthersCame
        except _OthersCame:
            continue
        return [rows[each] for each in wanted], [slots[each] for each in seen], holders
    raise RunAgain("Slots or weekly holders came to the pattern between reading and locking, again and again.")


class _OthersCame(Exception):
    """Somebody held, stopped, changed or made something between reading and locking."""


async def _duties_of(pattern_ids: Collection[int]) -> list[int]:
    if not pattern_ids:
        return []
    marks = ", ".join("{}" for _ in pattern_ids)
    rows = await run(f"select distinct duty_id from rota_pattern where id in ({marks})", *pattern_ids)  # noqa: S608 - marks only
    return [row["duty_id"] for row in rows]


async def _locked_line(
    pattern_id: int, first: date, *, actor: int, now: datetime
) -> tuple[list[Row], list[Row], list[int]]:
    """The pattern, then what it is planned to become and is not yet, with all their slots from this day on and their
    holders, locked as above."""

    async def ids() -> list[int]:
        return [pattern_id, *(each["id"] for each in await planned_of(pattern_id, today=local_day(now)))]

    return await _locked_patterns(ids, first, members=[actor], now=now)


async def _to_come(pattern_ids: Collection[int], first: date | None, *, now: datetime) -> list[int]:
    if first is None or not pattern_ids:
        return []
    rows = await run(
        f"select id from rota_slot where pattern_id in ({', '.join('{}' for _ in pattern_ids)}) "  # noqa: S608 - marks only
        "and made_for_on >= {} and starts_at > {} order by id",
        *pattern_ids,
        first,
        now,
    )
    return [row["id"] for row in rows]


def _check(weekly: Weekly, people: int) -> None:
    starts_at, ends_at = Weekly(weekly.weekday, weekly.starts, weekly.ends, date(2027, 6, 7)).span_on(date(2027, 6, 7))
    check_span(starts_at, ends_at, people)
    if weekly.weekday not in range(7):
        raise ValueError(f"not a weekday: {weekly.weekday}")


def _same(pattern: Row, weekly: Weekly, people: int, room_id: int | None) -> bool:
    return (pattern["weekday"], pattern["starts"], pattern["ends"], pattern["people"], pattern["room_id"]) == (
        weekly.weekday,
        weekly.starts,
        weekly.ends,
        people,
        room_id,
    )


async def _double(duty_id: int, weekly: Weekly, *, but: int = 0) -> Row | None:
    """A pattern of the duty at the same hour of the same weekday, some week at least."""
    rows = await run(
        "select * from rota_pattern where duty_id = {} and weekday = {} and starts = {} and id <> {} "
        "and (until_on is null or (until_on >= from_on and until_on >= {})) order by id",
        duty_id,
        weekly.weekday,
        weekly.starts,
        but,
        weekly.from_on,
    )
    return next((row for row in rows if weekly.until_on is None or row["from_on"] <= weekly.until_on), None)


async def _insert(
    duty_id: int,
    place_id: int,
    weekly: Weekly,
    *,
    people: int,
    room_id: int | None,
    follows_id: int | None,
    once: str | None = None,
    now: datetime,
) -> Row:
    rows: list[Row] = await Pattern.insert(
        Pattern(
            place_id=place_id,
            duty_id=duty_id,
            room_id=room_id,
            weekday=weekly.weekday,
            starts=weekly.starts,
            ends=weekly.ends,
            people=people,
            from_on=weekly.from_on,
            until_on=weekly.until_on,
            follows_id=follows_id,
            once=once,
            version=1,
            created_at=now,
        )
    ).returning(*Pattern.all_columns())
    return rows[0]


# ----------------------------------------------------------------------------------------------------- changing, ending


async def _move_slots(new: Row, slots: Collection[Row], *, by: int, now: datetime) -> None:
    """Bring these slots of the pattern before to the new one; those that it does not have end, or stay on their own."""
    weekly = weekly_of(new)
    held: dict[int, list[Row]] = {slot["id"]: await holdings_of(slot["id"]) for slot in slots}
    turns: dict[int, int] = defaultdict(int)
    for holding in (each for holdings in held.values() for each in holdings if each["member_id"] is not None):
        turns[holding["member_id"]] += 1
    several = {member for member, count in turns.items() if count > 1}
    kept: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    of_week = one_a_week(slots)
    for slot in _in_order(slots, weekly):
        day = same_week(slot["made_for_on"], weekly.weekday)
        starts_at, ends_at = weekly.span_on(day)
        there = day in weekly.days(day, day) and starts_at > now and slot["id"] in of_week
        if SlotState(slot["state"]) is SlotState.CANCELLED:
            if there:  # the week off stays off
                await Slot.update({Slot.pattern_id: new["id"], Slot.made_for_on: day}).where(Slot.id == slot["id"])
        elif there:
            await move_slot(
                slot,
                starts_at=starts_at,
                ends_at=ends_at,
                people=new["people"],
                room_id=new["room_id"],
                by=by,
                told_otherwise=several,
                now=now,
                pattern_id=new["id"],
                made_for_on=day,
            )
            if starts_at != slot["starts_at"] or ends_at != slot["ends_at"]:
                for holding in await holdings_of(slot["id"]):
                    if holding["member_id"] in several - {by}:
                        kept[holding["member_id"]].append((slot["starts_at"], starts_at))
        else:
            await _leave_behind(slot, held[slot["id"]], now=now)
    title = await _duty_name(new["duty_id"])
    for member, spans in kept.items():
        await tell_of_place(
            wording_slots.moved_all(title, sorted(spans)),
            [member],
            kind=Kind.CHANGE,
            what=f"pattern-{new['id']}-moved",
            place_id=new["place_id"],
            now=now,
        )


def _in_order(slots: Collection[Row], weekly: Weekly) -> list[Row]:
    """So that none comes upon the next one of the pattern, which is to move yet: the last first if they go later."""
    ordered = sorted(slots, key=lambda each: each["starts_at"])
    moves_later = bool(ordered) and (
        weekly.span_on(same_week(ordered[0]["made_for_on"], weekly.weekday))[1] > ordered[0]["ends_at"]
    )
    return ordered[::-1] if moves_later else ordered


async def _leave_behind(slot: Row, holdings: Collection[Row], *, now: datetime) -> None:
    """The pattern has this slot no more: without anybody on it, it is off; else it stays, on its own."""
    await _let_go(slot)
    if not slot["taken"]:
        await cancel_steps(slot, by=None, now=now)
        return
    mail = wording_slots.stays_once(title_of(slot), slot["starts_at"])
    people = {each["member_id"] or each["taken_by"] for each in holdings if each["came"] != Came.WATCHES} - {None}
    await tell(mail, people, slot=slot, kind=Kind.CHANGE, what=f"stays-{slot['version']}", now=now)


async def _let_go(slot: Row) -> None:
    columns: dict[Any, Any] = {Slot.pattern_id: None, Slot.made_for_on: None}
    await Slot.update(columns).where(Slot.id == slot["id"])


async def _unplan(planned: Collection[Row]) -> None:
    """These patterns, which have not begun, have no day any more."""
    for each in planned:
        await _write_end(each, each["from_on"] - DAY)


async def _end_holds_of(pattern: Row, planned: Collection[Row], last_on: date, *, now: datetime) -> None:
    """Nobody holds what is planned no more; nor the pattern, once all that it will have is made (`making.make_due`
    ends it then, if weeks are to come)."""
    for each in planned:
        await end_holds(each["id"], now=now)
    if last_on <= local_day(now) + rules.MADE_AHEAD:
        await end_holds(pattern["id"], now=now)


async def _end(
    pattern: Row,
    slots: Collection[Row],
    holders: Collection[int],
    last_on: date,
    *,
    by: int,
    planned: Collection[Row] = (),
    now: datetime,
) -> None:
    """End this locked pattern, with these locked slots, which come after its last day, and what was planned of it."""
    for slot in slots:
        if SlotState(slot["state"]) is SlotState.OPEN:
            await cancel_steps(slot, by=by, now=now)
        await _let_go(slot)
    await _write_end(pattern, last_on)
    await _end_holds_of(pattern, planned, last_on, now=now)
    mail = wording_slots.pattern_over(await _duty_name(pattern["duty_id"]), last_on)
    others = set(holders) - {by}
    what = f"pattern-{pattern['id']}-over-{last_on}"
    await tell_of_place(mail, others, kind=Kind.CHANGE, what=what, place_id=pattern["place_id"], now=now)
    await _note(pattern, "ended", by=by, now=now)


async def _write_end(pattern: Row, last_on: date) -> None:
    """What would be made after that day is made again if the end is put off."""
    made_until = None if pattern["made_until"] is None else min(pattern["made_until"], last_on)
    columns: dict[Any, Any] = {"until_on": last_on, "made_until": made_until, "version": pattern["version"] + 1}
    await Pattern.update(columns).where(Pattern.id == pattern["id"])


async def _duty_name(duty_id: int) -> str:
    (row,) = await run("select name from duty where id = {}", duty_id)
    return str(row["name"])


async def _note(pattern: Row, act: str, *, by: int, now: datetime) -> None:
    title = await _duty_name(pattern["duty_id"])
    await note_of_place(
        f"pattern_{act}", kind=KIND, thing_id=pattern["id"], place_id=pattern["place_id"], title=title, by=by, now=now
    )
