"""What meals and workshops may do with turns: open some for what they are, and move, cancel and reopen them with it.

A slot that a *source* opened is changed there alone. Every write belongs inside the caller's transaction, which has
locked people and rooms, then its own thing, before: a move takes the time of those who hold the turns, so the caller
locks `people_of` with its own people (`app.calendar.api.lock_people_and_rooms`) and says whom it locked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.database import run
from rotas.rules import ACTS_AFTER

__all__ = [
    "DutySeen",
    "SlotSeen",
    "Source",
    "Team",
    "Wanted",
    "count_team",
    "duties_of",
    "keys_held",
    "people_of",
    "slots_of",
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
        "select id, name, icon, people from duty where place_id = {} and retired_at is null order by name, id", place_id
    )
    return [DutySeen(row["id"], row["name"], row["icon"], row["people"]) for row in rows]


async def slots_of(source: Source) -> list[SlotSeen]:
    """The turns that this opened and that are on, in time's order, with who has them."""
    rows = await run(
        "select s.id, s.duty_id, d.name, d.icon, s.starts_at, s.ends_at, s.people, s.taken from rota_slot s "
        "join duty d on d.id = s.duty_id where s.source_kind = {} and s.source_id = {} and s.state = 'open' "
        "order by s.starts_at, s.id",
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
    what it allows when it begins. A place without such a duty has other ways."""
    duties = await run(
        "select id from duty where place_id = {} and opens_place = {} and retired_at is null", place_id, True
    )
    if not duties:
        return True
    held = await run(
        "select 1 as one from rota_slot where place_id = {} and state = 'open' and taken > 0 and starts_at < {} "  # noqa: S608 - marks only
        f"and ends_at > {{}} and duty_id in ({_marks(duties)}) limit 1",
        place_id,
        ends_at,
        starts_at - ACTS_AFTER,
        *(duty["id"] for duty in duties),
    )
    return bool(held)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("{}" for _ in values)
