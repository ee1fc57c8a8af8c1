"""Writing time: entries, who takes part in them, and what follows from a renamed room, place or host.

Everything here runs inside the caller's transaction. SEQUENCE and `modified_at` move when the VEVENT would read
differently, and only then; numbers of seats never move them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.calendar.coming import Coming, coming_of
from app.calendar.icalendar import clean_line, clean_text, next_modified
from app.calendar.kept import HOSTS_JOINT, Visible, kept_events
from app.calendar.states import LONGEST, EntryState, Role
from app.calendar.tables import Entry, TakingPart
from app.database import is_sqlite, run

ROWS_AT_ONCE = 400
"""Entries written by one statement: five arguments each, and SQLite takes 32,766."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a domain wants the calendar to say about one of its things."""

    kind: str
    thing_id: int
    place_id: int
    room_id: int | None
    starts_at: datetime
    ends_at: datetime
    state: str
    """`tentative`, `confirmed` or `cancelled` (`EntryState`)."""
    title: str
    genre: str
    summary: str
    hosts: tuple[str, ...]
    """Display names, shown to members only."""
    seats: int | None
    taken: int
    waiting: int
    language: str
    step_free: bool
    children: bool
    listed: bool = True
    """Whether agenda and feeds show it to those who take no part in it."""
    joins_until: datetime | None = None
    """Until when one joins it; none: until its end."""


async def put_entry(planned: Planned, *, now: datetime) -> int:
    """Bring the entry of this thing to what is planned; returns its id. What is the same already is not written.

    A thing that was never announced is not cancelled aloud: its entry is gone. Raises `ValueError` for a time that is
    no span or longer than `LONGEST`, or a room that is not of the place.
    """
    if not planned.starts_at < planned.ends_at <= planned.starts_at + LONGEST:
        raise ValueError(f"not a time for an entry: {planned.starts_at} to {planned.ends_at}")
    old = await _locked_entry(planned.kind, planned.thing_id)
    setting = await _setting(planned.place_id, planned.room_id)
    state = EntryState(planned.state)
    if state is EntryState.CANCELLED and (
        old is None or EntryState(old["state"]) in (EntryState.TENTATIVE, EntryState.GONE)
    ):
        state = EntryState.GONE
    columns: dict[str, Any] = {
        "place_id": planned.place_id,
        "room_id": planned.room_id,
        "starts_at": planned.starts_at,
        "ends_at": planned.ends_at,
        "state": state.value,
        "title": clean_line(planned.title),
        "genre": planned.genre,
        "summary": clean_text(planned.summary),
        "hosts": HOSTS_JOINT.join(name for host in planned.hosts if (name := clean_line(host))),
        "language": planned.language,
        "step_free": planned.step_free,
        "children": planned.children,
    }
    counts: dict[str, Any] = {
        "seats": planned.seats,
        "taken": planned.taken,
        "waiting": planned.waiting,
        "listed": planned.listed,
        "joins_until": planned.joins_until,
    }
    if old is None:
        row = {**columns, "kind": planned.kind, "thing_id": planned.thing_id}
        row |= {"sequence": 0, "modified_at": next_modified(None, now)}
        public, member = kept_events(_visible(row, setting))
        entry = Entry(**row, **counts, ics_public=public, ics_member=member)
        return int((await Entry.insert(entry).returning(Entry.id))[0]["id"])
    changed = {name: value for name, value in (columns | counts).items() if old[name] != value}
    if old["state"] != state.value or kept_events(_visible(old | columns, setting)) != (
        old["ics_public"],
        old["ics_member"],
    ):
        moved = {"sequence": old["sequence"] + 1, "modified_at": next_modified(old["modified_at"], now)}
        public, member = kept_events(_visible(old | columns | moved, setting))
        changed |= moved | {"ics_public": public, "ics_member": member}
    if "listed" in changed:
        changed["listed_at"] = next_modified(old["listed_at"], now)
    if changed:
        changed["version"] = old["version"] + 1
        await Entry.update(changed).where(Entry.id == old["id"])  # type: ignore[arg-type]  # Piccolo takes names as well
    if "starts_at" in changed:
        await TakingPart.update({TakingPart.starts_at: planned.starts_at}).where(TakingPart.entry_id == old["id"])
    return int(old["id"])


async def set_counts(kind: str, thing_id: int, *, taken: int, waiting: int, seats: int | None = None) -> None:
    """How many seats are taken and how many people wait; `seats` when their number changes too. Moves no SEQUENCE."""
    await run(
        "update entry set taken = {}, waiting = {}, seats = coalesce({}, seats), version = version + 1 "
        "where kind = {} and thing_id = {}",
        taken,
        waiting,
        seats,
        kind,
        thing_id,
    )


async def set_listed(kind: str, things: Collection[int], listed: bool, *, now: datetime) -> None:
    """Agenda and feeds show these things to those who take no part in them, or no more. Moves no SEQUENCE."""
    rows = await run(
        "select id, listed_at from entry where kind = {} and listed <> {} "  # noqa: S608 - marks only
        f"and thing_id in ({', '.join('{}' for _ in things) or 'null'}) order by id",
        kind,
        listed,
        *things,
    )
    for row in rows:
        await run(
            "update entry set listed = {}, listed_at = {}, version = version + 1 where id = {}",
            listed,
            next_modified(row["listed_at"], now),
            row["id"],
        )


async def remove_entry(kind: str, thing_id: int, *, now: datetime) -> None:
    """Take the thing out of everybody's calendar without a word (a draft, a lapsed proposal). Twice is once."""
    old = await _locked_entry(kind, thing_id)
    if old is None or old["state"] == EntryState.GONE:
        return
    await Entry.update(
        {
            Entry.state: EntryState.GONE.value,
            Entry.sequence: old["sequence"] + 1,
            Entry.modified_at: next_modified(old["modified_at"], now),
            Entry.version: old["version"] + 1,
        }
    ).where(Entry.id == old["id"])


async def take_part(
    kind: str, thing_id: int, member_id: int, role: Role | str, *, binding: bool, now: datetime
) -> None:
    """This member takes part in the thing, as this; or comes back. `binding` takes the person's time from others."""
    await all_take_part(kind, thing_id, [member_id], role, binding=binding, now=now)


async def all_take_part(
    kind: str, thing_id: int, members: Collection[int], role: Role | str, *, binding: bool, now: datetime
) -> None:
    """These members do, all as this: as many queries as for one. Raises `ValueError` where one of them is not there."""
    if not members:
        return
    everybody = sorted(set(members))
    touched = await run(
        "insert into taking_part (entry_id, member_id, role, binding, starts_at, modified_at) "  # noqa: S608 - marks only
        "select e.id, m.id, {}, {}, e.starts_at, {} from entry e cross join member m "
        f"where e.kind = {{}} and e.thing_id = {{}} and m.id in ({', '.join('{}' for _ in everybody)}) "
        "order by m.id on conflict (entry_id, member_id) do update set "
        "role = excluded.role, binding = excluded.binding, modified_at = excluded.modified_at, left_at = null "
        "where taking_part.role <> excluded.role or taking_part.binding <> excluded.binding "
        "or taking_part.left_at is not null returning entry_id",
        Role(role).value,
        binding,
        now,
        kind,
        thing_id,
        *everybody,
    )
    if len(touched) < len(everybody):  # some did already, as this
        await _nobody_missing(kind, thing_id, everybody)


async def _nobody_missing(kind: str, thing_id: int, members: Collection[int]) -> None:
    """A statement that finds its rows passes over what is not there; this does not."""
    there = await run(
        "select e.id, (select count(*) from taking_part t where t.entry_id = e.id and t.left_at is null "  # noqa: S608 - marks only
        f"and t.member_id in ({', '.join('{}' for _ in members)})) as people "
        "from entry e where e.kind = {} and e.thing_id = {}",
        *members,
        kind,
        thing_id,
    )
    if not there:
        raise ValueError(f"put_entry comes first: {kind} {thing_id}")
    if there[0]["people"] < len(members):
        raise ValueError(f"no such member: one of {members}")


async def leave(kind: str, thing_id: int, *members: int, now: datetime) -> None:
    """These do not take part any more. The rows stay, so that the personal feeds see that something moved."""
    if not members:
        return
    await run(
        "update taking_part set left_at = {}, modified_at = {}, binding = {} "  # noqa: S608 - marks only
        f"where member_id in ({', '.join('{}' for _ in members)}) and left_at is null "
        "and entry_id in (select id from entry where kind = {} and thing_id = {})",
        now,
        now,
        False,
        *members,
        kind,
        thing_id,
    )


async def room_renamed(room_id: int, *, now: datetime) -> list[Coming]:
    """A room has another name: what is to come there says so. After the room's own row was written.

    Returns what is on, not begun, and reads differently now: its people are to be told.
    """
    await run("update entry set version = version + 1 where room_id = {}", room_id)  # also what is over is shown
    where = "e.room_id = {} and e.starts_at > {} and e.ends_at > {}"
    return _to_come(await _rewrite(where, room_id, now - LONGEST, now, now=now), now)


async def place_changed(place_id: int, *, now: datetime) -> list[Coming]:
    """A place has another name or address: what is to come there says so. After the place's own row was written.

    Returns what is on, not begun, and reads differently now: its people are to be told.
    """
    await run("update entry set version = version + 1 where place_id = {}", place_id)  # also what is over is shown
    where = "e.place_id = {} and e.starts_at > {} and e.ends_at > {}"
    return _to_come(await _rewrite(where, place_id, now - LONGEST, now, now=now), now)


async def host_renamed(member_id: int, *, old: str, new: str, now: datetime) -> None:
    """A member has another name, or none any more: it changes in everything that they host or hosted.

    Once in each: somebody else of the same name who hosts it too keeps theirs.
    """
    await _rewrite(
        "e.id in (select t.entry_id from taking_part t where t.member_id = {} and t.role = {}) and e.hosts <> ''",
        member_id,
        Role.HOST.value,
        now=now,
        hosts=_renaming(old, new),
    )


async def host_renamed_in(kind: str, things: Sequence[int], *, old: str, new: str, now: datetime) -> None:
    """The same in these things, whose host takes no part in them in the calendar."""
    for start in range(0, len(things), ROWS_AT_ONCE):
        some = things[start : start + ROWS_AT_ONCE]
        await _rewrite(
            f"e.kind = {{}} and e.thing_id in ({', '.join('{}' for _ in some)}) and e.hosts <> ''",
            kind,
            *some,
            now=now,
            hosts=_renaming(old, new),
        )


def _renaming(old: str, new: str) -> Callable[[str], str]:
    def renamed(hosts: str) -> str:
        names = hosts.split(HOSTS_JOINT)
        if clean_line(old) in names:
            names[names.index(clean_line(old))] = clean_line(new)
        return HOSTS_JOINT.join(names)

    return renamed


# ------------------------------------------------------------------------------------------------------------ within


async def _locked_entry(kind: str, thing_id: int) -> dict[str, Any] | None:
    query = Entry.select().where((Entry.kind == kind) & (Entry.thing_id == thing_id))
    if not is_sqlite():
        query = query.lock_rows("NO KEY UPDATE")
    found: list[dict[str, Any]] = await query
    return found[0] if found else None


async def _setting(place_id: int, room_id: int | None) -> dict[str, Any]:
    found = await run(
        "select i.name as installation, p.name as place, p.address, r.name as room from place p "
        "cross join installation i left join room r on r.place_id = p.id and r.id = {} where p.id = {}",
        room_id,
        place_id,
    )
    if not found or (room_id is not None and found[0]["room"] is None):
        raise ValueError(f"no room {room_id} in place {place_id}")
    return found[0]


def _visible(row: dict[str, Any], setting: dict[str, Any]) -> Visible:
    return Visible(
        installation=setting["installation"],
        kind=row["kind"],
        thing_id=row["thing_id"],
        sequence=row["sequence"],
        modified_at=row["modified_at"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        state=EntryState(row["state"]),
        title=row["title"],
        genre=row["genre"],
        summary=row["summary"],
        hosts=row["hosts"],
        language=row["language"],
        step_free=bool(row["step_free"]),
        children=bool(row["children"]),
        room=setting["room"],
        place=setting["place"],
        address=setting["address"],
    )


def _to_come(rows: list[dict[str, Any]], now: datetime) -> list[Coming]:
    return [coming_of(row) for row in rows if row["state"] == EntryState.CONFIRMED and row["starts_at"] > now]


async def _rewrite(
    where: str, *args: Any, now: datetime, hosts: Callable[[str], str] | None = None
) -> list[dict[str, Any]]:
    """Serialise anew the entries that `where` finds and that read differently now: these.

    A place in its tenth year has thousands to come: they are written out in a thread, so that pages are answered
    meanwhile.
    """
    rows = await run(
        "select e.id, e.id as entry_id, e.kind, e.thing_id, e.place_id, e.sequence, e.modified_at, "  # noqa: S608 - conditions of this file only
        "e.starts_at, e.ends_at, e.state, e.title, e.genre, e.summary, e.hosts, e.language, e.step_free, e.children, "
        "e.ics_public, e.ics_member, "
        "i.name as installation, p.name as place, p.address, r.name as room "
        "from entry e join place p on p.id = e.place_id cross join installation i left join room r on r.id = e.room_id "
        f"where {where} order by e.id" + ("" if is_sqlite() else " for no key update of e"),
        *args,
    )
    changed = await asyncio.to_thread(_reading_differently, rows, hosts)
    if not changed:
        return []
    at = max(next_modified(row["modified_at"], now) for row in changed)
    for start in range(0, len(changed), ROWS_AT_ONCE):
        await _write_kept(changed[start : start + ROWS_AT_ONCE], at)
    return changed


def _reading_differently(rows: list[dict[str, Any]], hosts: Callable[[str], str] | None) -> list[dict[str, Any]]:
    changed = []
    for row in rows:
        after = row | {"hosts": hosts(row["hosts"]) if hosts else row["hosts"]}
        if kept_events(_visible(after, row)) != (row["ics_public"], row["ics_member"]):
            changed.append(after)
    return changed


async def _write_kept(rows: list[dict[str, Any]], at: datetime) -> None:
    columns = await asyncio.to_thread(_moved_columns, rows, at)
    case = "case id " + "when {} then {} " * len(rows) + "end"
    await run(
        f"update entry set sequence = sequence + 1, version = version + 1, modified_at = {{}}, "  # noqa: S608 - marks only
        f"ics_public = {case}, ics_member = {case}, hosts = {case} "
        f"where id in ({', '.join('{}' for _ in rows)})",
        at,
        *columns["ics_public"],
        *columns["ics_member"],
        *columns["hosts"],
        *(row["id"] for row in rows),
    )


def _moved_columns(rows: list[dict[str, Any]], at: datetime) -> dict[str, list[Any]]:
    """For each column the ids and new values, one after the other."""
    columns: dict[str, list[Any]] = {"ics_public": [], "ics_member": [], "hosts": []}
    for row in rows:
        public, member = kept_events(_visible(row | {"sequence": row["sequence"] + 1, "modified_at": at}, row))
        for name, value in (("ics_public", public), ("ics_member", member), ("hosts", row["hosts"])):
            columns[name] += [row["id"], value]
    return columns
