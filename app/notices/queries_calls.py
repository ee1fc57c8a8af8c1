"""Whom the welcome turn tells by voice, « À prévenir aujourd’hui ». Three queries, however many there are.

Told by the place that the message is of, if its reader belongs there; else by the places where its reader does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.clock import day_start, local_day
from app.database import run
from app.identity.visits import Visit
from app.notices.queries_mine import shape_of
from app.notices.rules import CALLED_FOR, Block, blocks_of
from app.notices.states import KEPT_FOR, URGENT, Kind
from app.notices.wording import KIND_ICONS

A_PAGE = 20
MOST_TOLD = 100
A_SHEET = 11
"""Lines on one sheet of paper."""

# In the words of the partial indexes `outbox_to_tell` and `outbox_told`.
_KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(URGENT))
_URGENT = f"o.subject <> '' and o.kind in ({_KINDS})"
_CALLED = "o.on_site and not o.stopped and (o.recipient = '' or o.set_aside_at is not null)"
"""Who gets no mail; but neither who stopped that kind, nor everybody while no mail server is set."""
_UNTOLD = f"{_URGENT} and {_CALLED} and o.read_at is null and o.told_at is null"
_TIMELY = "o.created_at > {} and (o.about_at > {} or (o.about_at is null and o.created_at > {}))"
_OF_PLACE = (
    # SQLite keeps the order of a cross join: from the few messages to their readers, not from all members to theirs.
    "from outbox o cross join membership ms cross join member m where ms.place_id = {} and ms.member_id = o.member_id "
    "and m.id = o.member_id and m.erased_at is null and m.id <> {} "
    # Whoever mediates at a place reads nothing of who comes there, at another's door either.
    "and not exists (select 1 from membership asks where asks.member_id = {} and asks.place_id = o.place_id "
    "and asks.mediator) "
    "and (o.place_id is null or o.place_id = ms.place_id or not exists "
    "(select 1 from membership own where own.member_id = o.member_id and own.place_id = o.place_id))"
)
_WAITING = f"{_OF_PLACE} and {_UNTOLD} and {_TIMELY}"


@dataclass(frozen=True, slots=True)
class Call:
    """Something to tell."""

    id: int
    subject: str
    """Empty when nobody else may know it."""
    blocks: Sequence[Block]
    language: str
    at: datetime | None
    """When the thing begins."""
    shape: str
    icon: str
    failed: bool
    """Whether a mail was tried, and did not get through."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to tell."""

    id: int
    name: str
    phone: str
    phone_href: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told today."""

    id: int
    name: str
    subject: str
    language: str
    at: datetime
    by: str
    """Empty when it was oneself."""


@dataclass(frozen=True, slots=True)
class CallsPage:
    """« À prévenir aujourd’hui »."""

    people: Sequence[Person]
    told: Sequence[Told]
    number: int
    before_href: str
    after_href: str


@dataclass(frozen=True, slots=True)
class CallsSheet:
    """The same on paper."""

    place_name: str
    sheets: Sequence[Sequence[tuple[Person, Call]]]
    back: str


async def calls_page(visit: Visit, *, number: int) -> CallsPage:
    """One page of the people to tell at the place of this visit, the soonest thing first, and what was told today."""
    people, more = await _people(visit, number)
    return CallsPage(
        people=people,
        told=await _told_today(visit),
        number=number,
        before_href=f"/a-prevenir?page={number - 1}" if number > 1 else "",
        after_href=f"/a-prevenir?page={number + 1}" if more else "",
    )


async def calls_sheet(visit: Visit, *, number: int) -> CallsSheet:
    """One page of it, for paper."""
    assert visit.place is not None
    people, _ = await _people(visit, number)
    lines = [(person, call) for person in people for call in person.calls]
    return CallsSheet(
        place_name=visit.place.name,
        sheets=[lines[start : start + A_SHEET] for start in range(0, len(lines), A_SHEET)],
        back="/a-prevenir" + (f"?page={number}" if number > 1 else ""),
    )


async def call_of(message_id: int, *, place_id: int, asking: int) -> bool:
    """Whether this message is one that this place tells by voice, told already or not."""
    found = await run(
        f"select o.id {_OF_PLACE} and {_URGENT} and {_CALLED} and o.id = {{}}",
        place_id,
        asking,
        asking,
        message_id,
    )
    return bool(found)


async def _people(visit: Visit, number: int) -> tuple[list[Person], bool]:
    assert visit.member is not None
    assert visit.place is not None
    me = visit.member.id
    waiting = (visit.place.id, me, me, visit.now - KEPT_FOR, visit.now, visit.now - CALLED_FOR)
    people = await run(
        f"select m.id, m.name, m.phone, min(coalesce(o.about_at, {{}})) as soonest {_WAITING} "
        "group by m.id, m.name, m.phone order by soonest, m.id limit {} offset {}",
        visit.now + timedelta(days=4000),
        *waiting,
        A_PAGE + 1,
        (number - 1) * A_PAGE,
    )
    shown = people[:A_PAGE]
    if not shown:
        return [], False
    rows = await run(
        f"select o.* {_WAITING} and o.member_id in ({', '.join('{}' for _ in shown)}) order by o.id",
        *waiting,
        *(person["id"] for person in shown),
    )
    calls: dict[int, list[Call]] = {}
    for row in sorted(rows, key=lambda row: (row["about_at"] is None, row["about_at"] or row["created_at"], row["id"])):
        calls.setdefault(row["member_id"], []).append(_call(row))
    return [
        Person(person["id"], person["name"], person["phone"], phone_href(person["phone"]), calls[person["id"]])
        for person in shown
        if person["id"] in calls  # told meanwhile, between the two queries
    ], len(people) > A_PAGE


async def _told_today(visit: Visit) -> list[Told]:
    assert visit.member is not None
    assert visit.place is not None
    rows = await run(
        "select o.id, m.name, o.subject, o.language, o.discreet, o.told_at, o.told_by, teller.name as teller "
        f"{_OF_PLACE.replace(' where ', ' left join member teller on teller.id = o.told_by where ')} "
        f"and {_URGENT} and o.told_at >= {{}} order by o.told_at desc, o.id desc limit {{}}",
        visit.place.id,
        visit.member.id,
        visit.member.id,
        day_start(local_day(visit.now)),
        MOST_TOLD,
    )
    return [
        Told(
            id=row["id"],
            name=row["name"],
            subject="" if row["discreet"] else row["subject"],
            language=row["language"],
            at=row["told_at"],
            by=row["teller"] or "" if row["told_by"] != visit.member.id else "",
        )
        for row in rows
    ]


def phone_href(written: str) -> str:
    """The number as a telephone dials it; nothing when no number was written."""
    number = re.sub(r"[^\d+]", "", written.replace("(0)", ""), flags=re.ASCII)
    return f"tel:{number}" if sum(sign.isdigit() for sign in number) >= 3 else ""


def _call(row: Mapping[str, Any]) -> Call:
    kind = Kind(row["kind"])
    hidden = bool(row["discreet"])
    return Call(
        id=row["id"],
        subject="" if hidden else row["subject"],
        blocks=() if hidden else blocks_of(row["body"]),
        language=row["language"],
        at=None if hidden else row["about_at"],
        shape="agenda" if hidden else shape_of(row["about_kind"]),
        icon="message-2" if hidden else KIND_ICONS[kind],
        failed=row["set_aside_at"] is not None,
    )
