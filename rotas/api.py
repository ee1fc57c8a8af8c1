"""What meals and workshops may do with turns: open some for what they are, and move, cancel and reopen them with it.

A slot that a *source* opened is changed there alone. Every write belongs inside the caller's transaction, which has
locked people and rooms, then its own thing, before: a move takes the time of those who hold the turns, so the caller
locks `people_of` with its own people (`app.calendar.api.lock_people_and_rooms`) and says whom it locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database import RunAgain, get_for_update, run
from app.errors import NotFound, Refused
from rotas import rules
from rotas.commands.moving import Plan, cancel_steps, check_span, make_slot, move_slot, reopen_steps
from rotas.commands.steps import locked_slots
from rotas.facts import Row
from rotas.states import RotaRefusal, SlotState, Went
from rotas.tables import Duty, Slot

Span = tuple[datetime, datetime]

__all__ = [
    "DutySeen",
    "SlotSeen",
    "Source",
    "Span",
    "Team",
    "Wanted",
    "call_for",
    "cancel_slots",
    "change_slot",
    "close_slot",
    "count_team",
    "duties_of",
    "gave_up",
    "keys_held",
    "made_by",
    "move_slots",
    "nobody_came",
    "open_slots",
    "people_of",
    "reopen_slots",
    "slots_of",
    "with_it",
]


@dataclass(frozen=True, slots=True)
class Source:
    """What opens turns: a meal, a workshop."""

    kind: str
    """`entry.kind` of the thing in the calendar."""
    id: int
    title: str = ""
    url: str = ""
    """Path of its page."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A turn that somebody is wanted for."""

    duty_id: int
    starts_at: datetime
    ends_at: datetime
    people: int


@dataclass(frozen=True, slots=True)
class DutySeen:
    """A duty of the place, to choose from."""

    id: int
    name: str
    icon: str
    people: int
    act: str = ""
    """What it allows during a turn (`identity.states.Act`), if anything."""


@dataclass(frozen=True, slots=True)
class SlotSeen:
    """A turn, as the page of what opened it shows it."""

    id: int
    duty_id: int
    duty: str
    icon: str
    starts_at: datetime
    ends_at: datetime
    people: int
    taken: int
    names: tuple[str, ...]
    """Of those who have it: for members' eyes only."""
    member_ids: tuple[int, ...]
    called: bool = False
    """Whether people were called out for it, or are to be."""
    quiet: bool = False
    """Whether its place says of nothing that it is missing."""

    @property
    def free(self) -> int:
        """Places left."""
        return max(0, self.people - self.taken)


@dataclass(frozen=True, slots=True)
class Team:
    """How many are wanted, and how many there are."""

    people: int
    taken: int

    @property
    def complete(self) -> bool:
        """Whether nobody is missing; nothing that was never wanted is."""
        return self.taken >= self.people


async def duties_of(place_id: int) -> list[DutySeen]:
    """The place's duties, by name."""
    rows = await run(
        "select id, name, icon, people, act from duty where place_id = {} and retired_at is null order by name, id",
        place_id,
    )
    return [DutySeen(row["id"], row["name"], row["icon"], row["people"], row["act"]) for row in rows]


async def slots_of(source: Source) -> list[SlotSeen]:
    """The turns that this opened and that are on, in time's order, with who has them."""
    rows = await run(
        "select s.id, s.duty_id, d.name, d.icon, s.starts_at, s.ends_at, s.people, s.taken, s.called_at, "
        "s.call_again_at, q.quiet from rota_slot s join duty d on d.id = s.duty_id "
        "left join rota_setting q on q.place_id = s.place_id "
        "where s.source_kind = {} and s.source_id = {} and s.state = 'open' order by s.starts_at, s.id",
        source.kind,
        source.id,
    )
    if not rows:
        return []
    held: dict[int, list[tuple[int | None, str]]] = defaultdict(list)
    for each in await run(
        "select h.slot_id, h.member_id, coalesce(m.name, h.first_name) as name from rota_holding h "  # noqa: S608 - constants and marks
        "left join member m on m.id = h.member_id "
        f"where h.slot_id in ({_marks(rows)}) and h.went = '' and h.came <> 'watches' order by h.id",
        *(row["id"] for row in rows),
    ):
        held[each["slot_id"]].append((each["member_id"], each["name"]))
    return [
        SlotSeen(
            id=row["id"],
            duty_id=row["duty_id"],
            duty=row["name"],
            icon=row["icon"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            people=row["people"],
            taken=row["taken"],
            names=tuple(name for _, name in held[row["id"]] if name),
            member_ids=tuple(member for member, _ in held[row["id"]] if member is not None),
            called=row["called_at"] is not None or row["call_again_at"] is not None,
            quiet=bool(row["quiet"]),
        )
        for row in rows
    ]


async def people_of(source: Source) -> set[int]:
    """Whose time the turns of this take: to be locked with its own people before it is moved."""
    rows = await run(
        "select distinct h.member_id from rota_holding h join rota_slot s on s.id = h.slot_id "
        "where s.source_kind = {} and s.source_id = {} and h.went = '' and h.member_id is not null",
        source.kind,
        source.id,
    )
    return {row["member_id"] for row in rows}


async def made_by(member_id: int, kind: str, ids: Sequence[int]) -> set[int]:
    """Of these things, those of which this person has a turn, or had it when it was done."""
    if not ids:
        return set()
    rows = await run(
        "select distinct s.source_id from rota_holding h join rota_slot s on s.id = h.slot_id "  # noqa: S608 - marks only
        f"where h.member_id = {{}} and h.went = '' and s.source_kind = {{}} and s.source_id in ({_marks(ids)})",
        member_id,
        kind,
        *ids,
    )
    return {row["source_id"] for row in rows}


async def nobody_came(source: Source, *, locked: Collection[int], now: datetime) -> bool:
    """Lock the source's turns, after its people; whether all of `people_of` are among those locked before. Else the
    caller lets go of what it locked, and reads them again: nobody takes a turn once this is true."""
    await _locked(source, SlotState.OPEN, now=now)
    return set(locked).issuperset(await people_of(source))


async def gave_up(source: Source) -> set[int]:
    """Who had a turn of this and has none of it any more by their own deed, or because somebody came in their place:
    not whoever lost theirs because it was moved, or taken off."""
    rows = await run(
        "select h.member_id, h.went from rota_holding h join rota_slot s on s.id = h.slot_id "
        "where s.source_kind = {} and s.source_id = {} and h.came <> 'watches' and h.member_id is not null "
        "order by h.left_at, h.id",
        source.kind,
        source.id,
    )
    last = {row["member_id"]: row["went"] for row in rows}
    there = {row["member_id"] for row in rows if row["went"] == Went.NOT_YET}
    return {member for member, went in last.items() if went in (Went.FREED, Went.REPLACED) and member not in there}


async def count_team(source: Source) -> Team:
    """How many this wants, and how many it has."""
    rows = await run(
        "select people, taken from rota_slot where source_kind = {} and source_id = {} and state = 'open'",
        source.kind,
        source.id,
    )
    return Team(sum(row["people"] for row in rows), sum(row["taken"] for row in rows))


async def keys_held(place_id: int, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether somebody gets the others in at that time: a turn with the keys begins before it ends, and still allows
    what it allows when it begins. A place without such a duty has other ways, and of a quiet one nothing is said to be
    missing."""
    duties = await run(
        "select d.id from duty d left join rota_setting q on q.place_id = d.place_id where d.place_id = {} "
        "and d.opens_place = {} and d.retired_at is null and (q.quiet is null or q.quiet = {})",
        place_id,
        True,
        False,
    )
    if not duties:
        return True
    held = await run(
        "select 1 as one from rota_slot where place_id = {} and state = 'open' and taken > 0 and starts_at < {} "  # noqa: S608 - marks only
        f"and ends_at > {{}} and duty_id in ({_marks(duties)}) limit 1",
        place_id,
        ends_at,
        starts_at - rules.ACTS_AFTER,
        *(duty["id"] for duty in duties),
    )
    return bool(held)


# ------------------------------------------------------------------------------------------------------------- writing


async def open_slots(
    *,
    source: Source,
    place_id: int,
    room_id: int | None,
    wanted: Sequence[Wanted],
    but: Collection[int] = (),
    now: datetime,
) -> list[int]:
    """Open these turns for the source; returns their ids. A turn of the same duty and hours that it opened already is
    that turn, brought to so many people, and never fewer than it has; `but` are those that are something else. Raises
    `Refused` for one that has begun, `NotFound` for a duty that the place does not have, `ValueError` for what is no
    turn."""
    there = [found for each in wanted if (found := await _opened(source, each, but)) is not None]
    await locked_slots(*there, now=now)
    await get_for_update(Duty, *(each.duty_id for each in wanted))  # who changes it sees these slots too
    duties = {duty.id for duty in await duties_of(place_id)}
    ids = []
    for each in wanted:
        check_span(each.starts_at, each.ends_at, each.people)
        if each.duty_id not in duties:
            raise NotFound
        if each.starts_at <= now:
            raise Refused(RotaRefusal.OVER)
        found = await _opened(source, each, but)
        if found is not None:
            await _bring_to(found, each.people, now=now)
            ids.append(found)
            continue
        slot = await make_slot(
            Plan(
                place_id,
                each.duty_id,
                each.starts_at,
                each.ends_at,
                each.people,
                room_id=room_id,
                source_kind=source.kind,
                source_id=source.id,
                source_title=source.title,
                source_url=source.url,
            ),
            now=now,
        )
        ids.append(int(slot["id"]))
    return ids


async def _opened(source: Source, wanted: Wanted, but: Collection[int]) -> int | None:
    """The turn of the same duty and hours that the source opened already."""
    found = await run(
        "select id from rota_slot where source_kind = {} and source_id = {} and duty_id = {} "
        "and starts_at = {} and ends_at = {} and state = {}",
        source.kind,
        source.id,
        wanted.duty_id,
        wanted.starts_at,
        wanted.ends_at,
        SlotState.OPEN.value,
    )
    return next((int(row["id"]) for row in found if row["id"] not in but), None)


async def _bring_to(slot_id: int, people: int, *, now: datetime) -> None:
    slot = (await locked_slots(slot_id, now=now))[slot_id]
    if max(people, slot["taken"]) != slot["people"]:
        await move_slot(
            slot,
            starts_at=slot["starts_at"],
            ends_at=slot["ends_at"],
            people=people,
            room_id=slot["room_id"],
            by=None,
            now=now,
        )


async def move_slots(
    *,
    source: Source,
    before: Span,
    after: Span,
    room_id: int | None,
    locked: Collection[int],
    but: Collection[int] = (),
    actor: int | None = None,
    now: datetime,
) -> int:
    """The source has other hours (`before`, `after`), is elsewhere, or called otherwise: its turns that have not begun
    go with it, `but` these, what follows its end with its end; returns how many changed. Whoever is not free then loses
    theirs, and everybody is told, but for the `actor`.

    `locked` are the members whom the caller has locked, `people_of` among them if the hours change: whoever took a turn
    since makes the command run again. Turns that would have begun by then stay where they are.
    """
    changed = 0
    for slot in await _locked(source, SlotState.OPEN, now=now):
        if slot["starts_at"] <= now or slot["id"] in but:
            continue
        starts_at, ends_at = with_it((slot["starts_at"], slot["ends_at"]), before, after)
        if starts_at <= now:
            starts_at, ends_at = slot["starts_at"], slot["ends_at"]
        moves = (starts_at, ends_at) != (slot["starts_at"], slot["ends_at"])
        if moves and not await _holders_among(slot["id"], locked):
            raise RunAgain("People came to the turns between reading and locking.")
        same = (slot["source_title"], slot["source_url"], slot["room_id"]) == (source.title, source.url, room_id)
        if same and not moves:
            continue
        await move_slot(
            slot,
            starts_at=starts_at,
            ends_at=ends_at,
            people=slot["people"],
            room_id=room_id,
            by=actor,
            now=now,
            source_title=source.title[:200],
            source_url=source.url,
        )
        changed += 1
    return changed


def with_it(span: Span, before: Span, after: Span) -> Span:
    """Where a turn goes with its source, from `before` to `after`: what begins or ends with its end, or after it, moves
    as the end does."""

    def moved(at: datetime) -> datetime:
        place = 1 if at >= before[1] else 0
        return at + (after[place] - before[place])

    starts_at, ends_at = moved(span[0]), moved(span[1])
    if starts_at < ends_at <= starts_at + rules.LONGEST_SLOT:
        return starts_at, ends_at
    return starts_at, starts_at + (span[1] - span[0])


async def change_slot(
    *,
    source: Source,
    slot_id: int,
    wanted: Wanted,
    room_id: int | None,
    locked: Collection[int],
    actor: int | None = None,
    now: datetime,
) -> None:
    """One turn of the source has these hours now, and so many people, never fewer than it has; its duty stays.
    `locked`, `actor` and who is told are as in `move_slots`. Raises `NotFound` for one that is not on, or of something
    else, `Refused` when it has begun or would have, `ValueError` for what is no turn."""
    check_span(wanted.starts_at, wanted.ends_at, wanted.people)
    slot = next((each for each in await _locked(source, SlotState.OPEN, now=now) if each["id"] == slot_id), None)
    if slot is None:
        raise NotFound
    moves = (wanted.starts_at, wanted.ends_at) != (slot["starts_at"], slot["ends_at"])
    people = max(wanted.people, slot["taken"])
    named = (slot["source_title"], slot["room_id"]) == (source.title[:200], room_id)
    if named and not moves and people == slot["people"]:
        return
    if moves and (slot["starts_at"] <= now or wanted.starts_at <= now):
        raise Refused(RotaRefusal.OVER)
    if moves and not await _holders_among(slot_id, locked):
        raise RunAgain("People came to the turns between reading and locking.")
    await move_slot(
        slot,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        people=people,
        room_id=room_id,
        by=actor,
        now=now,
        source_title=source.title[:200],
        source_url=source.url,
    )


async def call_for(source: Source, *, anew: bool = True, now: datetime) -> int:
    """People are to be called out now for the source's turns that lack somebody and have not begun, again too if it is
    `anew`: the job that calls for any other does it. Returns for how many. For a source that says when by itself
    (`calling.SAY_WHEN`) nobody is called otherwise, but anew when somebody gives up a turn after a call."""
    asked = 0
    for slot in await _locked(source, SlotState.OPEN, now=now):
        called = slot["called_at"] is not None or slot["call_again_at"] is not None
        if slot["starts_at"] > now and slot["taken"] < slot["people"] and (anew or not called):
            await Slot.update({Slot.call_again_at: now}).where(Slot.id == slot["id"])
            asked += 1
    return asked


async def cancel_slots(*, source: Source, actor: int | None = None, now: datetime) -> int:
    """The source is off: its turns that are not over are too, and whoever has one is told, but for the `actor`; returns
    how many."""
    cancelled = 0
    for slot in await _locked(source, SlotState.OPEN, now=now):
        if slot["ends_at"] > now:
            await cancel_steps(slot, by=actor, now=now)
            cancelled += 1
    return cancelled


async def close_slot(*, source: Source, slot_id: int, actor: int | None = None, now: datetime) -> None:
    """One turn of the source is wanted no more: whoever has it is told. Raises `NotFound` for one of something else;
    closed already, or over: nothing happens."""
    found = await run(
        "select id from rota_slot where id = {} and source_kind = {} and source_id = {}",
        slot_id,
        source.kind,
        source.id,
    )
    if not found:
        raise NotFound
    slot = (await locked_slots(slot_id, now=now))[slot_id]
    if SlotState(slot["state"]) is SlotState.OPEN and slot["ends_at"] > now:
        await cancel_steps(slot, by=actor, now=now)
        # Not with the source: what was closed by itself is not reopened with it.
        await Slot.update({Slot.source_closed: True}).where(Slot.id == slot_id)


async def reopen_slots(*, source: Source, now: datetime) -> int:
    """The source is on again: its turns that were off with it and have not begun are open, free for all; those who had
    one are told. Returns how many."""
    opened = 0
    for slot in await _locked(source, SlotState.CANCELLED, now=now):
        if slot["starts_at"] > now and not slot["source_closed"]:
            await reopen_steps(slot, now=now)
            opened += 1
    return opened


async def _locked(source: Source, state: SlotState, *, now: datetime) -> list[Row]:
    """The source's slots in this state, locked, by id."""
    found = await run(
        "select id from rota_slot where source_kind = {} and source_id = {} order by id", source.kind, source.id
    )
    slots = await locked_slots(*(row["id"] for row in found), now=now)
    return [slot for _, slot in sorted(slots.items()) if SlotState(slot["state"]) is state]


async def _holders_among(slot_id: int, locked: Collection[int]) -> bool:
    rows = await run(
        "select member_id from rota_holding where slot_id = {} and went = '' and member_id is not null", slot_id
    )
    return set(locked).issuperset(row["member_id"] for row in rows)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("{}" for _ in values)
