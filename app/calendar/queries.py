"""What the agenda, the month, one's own dates and the public interface read. Each asks the same few questions however
many rows there are; no VEVENT is read here."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

from app.calendar.kept import HOSTS_JOINT
from app.calendar.kept_entries import KeptEntry, entries_of
from app.calendar.rules import invitation, seats_left, waiting_first
from app.calendar.spans import Follow
from app.calendar.states import COMES, LONGEST, NOT_YET, EntryState, Invitation, Role
from app.clock import local_day
from app.contracts import EntryKind
from app.database import run
from app.i18n import Text, text, text_n
from app.identity.visits import Visit, kept_for
from app.unchanged import unchanged

SHOWN = (EntryState.CONFIRMED.value, EntryState.CANCELLED.value)


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A place that may be looked at."""

    id: int
    slug: str
    name: str
    address: str
    about: str
    phone: str
    email: str
    step_free: bool
    open_on: frozenset[int] = frozenset()
    """Weekdays (0 = Monday) with opening hours."""


class Part(NamedTuple):
    """What a member takes part in, without what it is."""

    entry_id: int
    version: int
    role: str
    starts_at: datetime
    state: str
    place_id: int
    kind: str
    ends_at: datetime
    listed: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """One entry of a list, as one person may see it."""

    entry_id: int
    kind: str
    thing_id: int
    starts_at: datetime
    ends_at: datetime
    day: date
    """The place's own, on which it starts."""
    state: EntryState
    title: str
    genre: str
    """French msgid: « Café-débat », or the kind's own name."""
    icon: str
    href: str
    room: str
    place: str
    hosts: tuple[str, ...]
    """Empty for whoever may not know names here."""
    language: str
    step_free: bool
    children: bool
    seats: int | None
    taken: int
    left: int | None
    seats_words: Text | None
    role: Role | None
    mine_words: Text | None
    invitation: Invitation
    join_path: str
    join_label: str
    """French msgid of the button."""
    leave_path: str
    leave_label: str
    """French msgid of the button, empty where there is none for the reader."""
    leave_icon: str
    join_leads: bool
    """Whether joining leads to a page instead of being done at once (`EntryKind`)."""
    lacks_people: bool
    """Whether it is work that people are wanted for (`EntryKind`)."""

    def __hash__(self) -> int:
        return hash((self.entry_id, self.taken))  # of two that are equal the same, and as much as a memory needs

    @property
    def cancelled(self) -> bool:
        return self.state is EntryState.CANCELLED

    @property
    def filled(self) -> bool:
        """Whether it is printed full: mine, and not only waited for."""
        return self.role is not None and self.role not in NOT_YET and not self.cancelled


TICKETS = 3
"""The next of one's own dates that stand beside the agenda."""
EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MOST_PARTS = 200
"""That a person takes part in, to come: more are read when somebody looks that far ahead."""
_LINE = "e.id, e.version, t.role"
"""What tells which entries are shown, and as what to this reader; the rest is kept (`kept_entries`)."""
_MY_PART = "taking_part t on t.entry_id = e.id and t.member_id = {} and t.left_at is null"
# Own proposals show to their hosts alone.
_SEEN = "(e.state in ({}, {}) or e.state = {} and t.role = {})"
_SEEN_ARGS = (*SHOWN, EntryState.TENTATIVE.value, Role.HOST.value)
# Neither is what is listed no more, but to whoever takes part in it.
_SEEN_IN_LISTS = "(e.state in ({}, {}) and (e.listed or t.id is not null) or e.state = {} and t.role = {})"


async def places() -> list[PlaceLine]:
    """All places, the first one first, with the days on which they usually open."""
    rows = await run(
        "select p.id, p.slug, p.name, p.address, p.about, p.phone, p.email, p.step_free, h.weekday from place p "
        "left join opening_hours h on h.place_id = p.id order by p.id"
    )
    found: dict[int, tuple[dict[str, Any], list[int]]] = {}
    for row in rows:
        weekday = row.pop("weekday")
        _, weekdays = found.setdefault(row["id"], (row, []))
        if weekday is not None:
            weekdays.append(weekday)
    return [
        PlaceLine(**{**row, "step_free": bool(row["step_free"])}, open_on=frozenset(weekdays))
        for row, weekdays in found.values()
    ]


async def opening_lines(place_id: int) -> list[tuple[int, time, time]]:
    """Weekday, opening and closing hour, in order."""
    rows = await run(
        "select weekday, opens, closes from opening_hours where place_id = {} order by weekday, opens", place_id
    )
    return [(row["weekday"], time.fromisoformat(row["opens"]), time.fromisoformat(row["closes"])) for row in rows]


async def strips_between(
    starts_at: datetime,
    after: datetime,
    *,
    place_id: int,
    visit: Visit,
    kinds: Mapping[str, EntryKind],
    limit: int,
    kind: str | None = None,
    without: Collection[str] = (),
    mine: bool = False,
    not_over_at: datetime | None = None,
    follow: Follow | None = None,
    parts: Sequence[Part] | None = None,
    taken: Hashable = None,
) -> list[Strip]:
    """What happens in a place between two instants, in time's order; at most `limit`.

    `kind` keeps one kind alone, `without` leaves some out, `mine` keeps what the visitor takes part in, `not_over_at`
    what has not ended then, `follow` what comes after. `parts` is all that the visitor takes part in then, if that was
    read before; with it and a stamp, `taken`, what everybody may see is read once for all.
    """
    where = ["e.place_id = {}", "e.starts_at >= {}", "e.starts_at < {}"]
    args: list[Any] = [place_id, starts_at, after]
    known = parts is not None and not mine
    if known:
        where.append("e.state in ({}, {}) and e.listed")
        args += SHOWN
        source = "e.id, e.version, e.starts_at from entry e"
    else:
        where.append(_SEEN_IN_LISTS)
        args += _SEEN_ARGS
        source = f"{_LINE} from entry e {'join' if mine else 'left join'} {_MY_PART}"
        args = [_me(visit), *args]
    if kind is not None:
        where.append("e.kind = {}")
        args.append(kind)
    if without:
        where.append(f"e.kind not in ({', '.join('{}' for _ in without)})")
        args += without
    if not_over_at is not None:
        where.append("e.ends_at > {}")
        args.append(not_over_at)
    if follow is not None:
        where.append("(e.starts_at > {} or e.starts_at = {} and e.id > {})")
        args += [follow.starts_at, follow.starts_at, follow.entry_id]
    sql = f"select {source} where {' and '.join(where)} order by e.starts_at, e.id limit {{}}"
    args.append(limit)
    if not known:
        return await _strips(_lines(await run(sql, *args)), visit, kinds)
    if taken is None:
        rows = await run(sql, *args)
    else:
        rows = await unchanged(taken, (sql, *args), partial(run, sql, *args))
    roles = {part.entry_id: part.role for part in parts or ()}
    lines: list[tuple[datetime, int, int, str | None]] = [
        (row["starts_at"], row["id"], row["version"], roles.get(row["id"])) for row in rows
    ]
    own: list[tuple[datetime, int, int, str | None]] = [
        (part.starts_at, part.entry_id, part.version, part.role)
        for part in parts or ()
        if _own_alone(part)
        and part.place_id == place_id
        and kind in (None, part.kind)
        and part.kind not in without
        and (not_over_at is None or part.ends_at > not_over_at)
        and (follow is None or (part.starts_at, part.entry_id) > (follow.starts_at, follow.entry_id))
    ]
    if own:
        lines = sorted(lines + own, key=itemgetter(0, 1))[:limit]
    return await _strips([line[1:] for line in lines], visit, kinds)


def _own_alone(part: Part) -> bool:
    """Whether lists show it to those who take part in it, and to nobody else."""
    if part.state in SHOWN:
        return not part.listed
    return part.state == EntryState.TENTATIVE and part.role == Role.HOST


async def my_parts(visit: Visit) -> tuple[Part, ...]:
    """All that the member takes part in from `LONGEST` ago on, in time's order: the first `MOST_PARTS`."""
    if visit.member is None:
        return ()
    since = visit.now.replace(second=0, microsecond=0) - LONGEST
    return await kept_for(visit, "parts", partial(_parts, visit.member.id, since))


async def _parts(member_id: int, since: datetime) -> tuple[Part, ...]:
    rows = await run(
        "select t.entry_id, e.version, t.role, t.starts_at, e.state, e.place_id, e.kind, e.ends_at, e.listed "
        "from taking_part t "
        "join entry e on e.id = t.entry_id where t.member_id = {} and t.starts_at > {} and t.left_at is null "
        "order by t.starts_at, t.entry_id limit {}",
        member_id,
        since,
        MOST_PARTS,
    )
    return tuple(Part._make(row.values()) for row in rows)


def parts_between(parts: Sequence[Part], visit: Visit, starts_at: datetime, after: datetime) -> Sequence[Part] | None:
    """Those that begin between these instants; nothing when `my_parts` does not tell them all."""
    if starts_at <= visit.now - LONGEST or (len(parts) == MOST_PARTS and parts[-1].starts_at < after):
        return None
    return [part for part in parts if starts_at <= part.starts_at < after]


async def tickets(parts: Sequence[Part], visit: Visit, *, kinds: Mapping[str, EntryKind], limit: int) -> list[Strip]:
    """Of these parts what is offered to the member or held until they pay, then what they host, attend or hold."""
    ahead = [part for part in parts if part.ends_at > visit.now]
    offered = [part for part in ahead if part.role in (Role.OFFERED, Role.HELD) and part.state == EntryState.CONFIRMED]
    others = [
        part
        for part in ahead
        if part.role in COMES
        and (part.state == EntryState.CONFIRMED or (part.state == EntryState.TENTATIVE and part.role == Role.HOST))
    ]
    found: list[Strip] = []
    for these in (offered, others):
        for start in range(0, len(these), limit):
            wanted = these[start : start + limit]
            lines = [(part.entry_id, part.version, part.role) for part in wanted]
            found += [strip for strip in await _strips(lines, visit, kinds) if strip.ends_at > visit.now]
            if len(found) >= limit:
                return found[:limit]
    return found


async def strip_of(kind: str, thing_id: int, *, visit: Visit, kinds: Mapping[str, EntryKind]) -> Strip | None:
    """One entry, as this visitor may see it."""
    rows = await run(
        f"select {_LINE} from entry e left join {_MY_PART} "  # noqa: S608 - constants of this file
        f"where e.kind = {{}} and e.thing_id = {{}} and {_SEEN}",
        _me(visit),
        kind,
        thing_id,
        *_SEEN_ARGS,
    )
    found = await _strips(_lines(rows), visit, kinds)
    return found[0] if found else None


async def my_next(
    visit: Visit, *, kinds: Mapping[str, EntryKind], limit: int, follow: Follow | None = None
) -> list[Strip]:
    """What the member hosts, attends, holds or waits for from now on, in all places.

    What is offered to them is always there: it waits for their answer.
    """
    after = "" if follow is None else "and (t.starts_at > {} or t.starts_at = {} and t.entry_id > {}) "
    after_args = () if follow is None else (follow.starts_at, follow.starts_at, follow.entry_id)
    roles = (*COMES, *sorted(role.value for role in NOT_YET))
    rows = await run(
        f"select {_LINE} from taking_part t join entry e on e.id = t.entry_id "  # noqa: S608 - constants and marks
        f"where t.member_id = {{}} and t.left_at is null and t.role in ({', '.join('{}' for _ in roles)}) "
        "and e.ends_at > {} and t.starts_at > {} and (e.state in ({}, {}) or e.state = {} and t.role = {}) "
        f"{after}order by t.starts_at, t.entry_id limit {{}}",
        _me(visit),
        *roles,
        visit.now,
        visit.now - LONGEST,
        *SHOWN,
        EntryState.TENTATIVE.value,
        Role.HOST.value,
        *after_args,
        limit,
    )
    return await _strips(_lines(rows), visit, kinds)


async def my_past(
    visit: Visit, *, kinds: Mapping[str, EntryKind], limit: int, follow: Follow | None = None
) -> list[Strip]:
    """What the member hosted, attended or held, the last first; `follow` is where the page before ended."""
    before = "" if follow is None else "and (t.starts_at < {} or t.starts_at = {} and t.entry_id < {}) "
    args = () if follow is None else (follow.starts_at, follow.starts_at, follow.entry_id)
    rows = await run(
        f"select {_LINE} from taking_part t join entry e on e.id = t.entry_id "  # noqa: S608 - constants of this file
        f"where t.member_id = {{}} and t.left_at is null and t.role in ({', '.join('{}' for _ in COMES)}) "
        "and t.starts_at < {} and e.ends_at <= {} and e.state = {} "
        f"{before}order by t.starts_at desc, t.entry_id desc limit {{}}",
        _me(visit),
        *COMES,
        visit.now,
        visit.now,
        EntryState.CONFIRMED.value,
        *args,
        limit,
    )
    return await _strips(_lines(rows), visit, kinds)


def _me(visit: Visit) -> int:
    return visit.member.id if visit.member is not None else 0


Line = tuple[int, int, str | None]
"""An entry's id and version, and the reader's role in it."""


def _lines(rows: Sequence[dict[str, Any]]) -> list[Line]:
    return [(row["id"], row["version"], row["role"]) for row in rows]


async def _strips(lines: Sequence[Line], visit: Visit, kinds: Mapping[str, EntryKind]) -> list[Strip]:
    entries = await entries_of(lines)
    me, spot, now = visit.member, visit.place, visit.now
    place_known = spot.id if me is not None and me.met and spot is not None else None
    found = []
    for entry_id, _, role in lines:
        entry = entries.get(entry_id)
        kind = kinds.get(entry.kind) if entry is not None else None
        if entry is not None and kind is not None:
            found.append(_seen(entry, role, kind, entry.place_id == place_known, me is not None, now))
    return found


def _seen(entry: KeptEntry, role: str | None, kind: EntryKind, knows_names: bool, member: bool, now: datetime) -> Strip:
    """The strip, made once for all who see the same of this version of it until the hour changes what they see."""
    seen_as = role, knows_names, member, id(kind)
    kept: _Seen | None = entry.shown.get(seen_as)
    if kept is not None and kept.since <= now < kept.until:
        return kept.strip
    strip = _strip(entry.row, Role(role) if role else None, kind, knows_names=knows_names, member=member, now=now)
    entry.shown[seen_as] = _Seen(strip, *_same_from_to(entry.row, kind, now))
    return strip


class _Seen(NamedTuple):
    """A strip, and from when to when it says the same."""

    strip: Strip
    since: datetime
    until: datetime


def _same_from_to(row: dict[str, Any], kind: EntryKind, now: datetime) -> tuple[datetime, datetime]:
    """Between which two of the instants that change a strip this one is: seats are kept for nobody any more; nobody
    joins any more; it is over."""
    until = row["joins_until"]
    changes = sorted({row["starts_at"] - kind.first_come, row["ends_at"], *([until] if until is not None else [])})
    return max((at for at in changes if at <= now), default=EVER[0]), min(
        (at for at in changes if now < at), default=EVER[1]
    )


def _strip(
    row: dict[str, Any], role: Role | None, kind: EntryKind, *, knows_names: bool, member: bool, now: datetime
) -> Strip:
    genre, icon = kind.genres.get(row["genre"], (kind.label, kind.icon))
    state = EntryState(row["state"])
    seats, taken = row["seats"], row["taken"]
    waiting = waiting_first(row["waiting"], starts_at=row["starts_at"], first_come=kind.first_come, now=now)
    over = row["ends_at"] <= now
    joins = row["joins_until"] is None or now < row["joins_until"]
    offered = invitation(
        waits=not kind.lacks_people,
        joins=joins,
        state=state,
        ends_at=row["ends_at"],
        seats=seats,
        taken=taken,
        waiting=waiting,
        role=role,
        member=member,
        now=now,
    )
    thing = str(row["thing_id"])
    return Strip(
        entry_id=row["entry_id"],
        kind=row["kind"],
        thing_id=row["thing_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        day=local_day(row["starts_at"]),
        state=state,
        title=row["title"],
        genre=genre,
        icon=icon,
        href=kind.path.replace("{id}", thing),
        room=row["room"] or "",
        place=row["place"],
        hosts=tuple(row["hosts"].split(HOSTS_JOINT)) if knows_names and row["hosts"] else (),
        language=row["language"],
        step_free=bool(row["step_free"]),
        children=bool(row["children"]),
        seats=seats,
        taken=taken,
        left=seats_left(seats=seats, taken=taken, waiting=waiting) if joins else 0,
        seats_words=_lack_words(seats, taken, over or not row["listed"])
        if kind.lacks_people
        else _seats_words(seats if joins else None, taken, waiting),
        role=role,
        mine_words=_mine_words(state, role),
        invitation=offered,
        join_path=kind.join_path.replace("{id}", thing),
        join_label=kind.join_label,
        leave_path=kind.leave_path.replace("{id}", thing),
        leave_label=kind.leave_label if role in COMES and state is EntryState.CONFIRMED and not over else "",
        leave_icon=kind.leave_icon,
        join_leads=kind.join_leads,
        lacks_people=kind.lacks_people,
    )


def _seats_words(seats: int | None, taken: int, waiting: int) -> Text | None:
    if seats is None:
        return text_n("%(n)s personne vient", "%(n)s personnes viennent", taken) if taken else None
    if waiting:
        return text_n("Complet. %(n)s personne attend", "Complet. %(n)s personnes attendent", waiting)
    left = seats - taken
    return text_n("Il reste %(n)s place", "Il reste %(n)s places", left) if left > 0 else text("Complet")


def _lack_words(people: int | None, taken: int, unsaid: bool) -> Text | None:
    """What is missing, unless nothing is to be said of it: it is over, or not listed, as in a quiet place."""
    missing = (people or 0) - taken
    if missing <= 0 or unsaid:
        return None
    return text_n("Il manque une personne", "Il manque %(n)s personnes", missing)


def _mine_words(state: EntryState, role: Role | None) -> Text | None:
    if role is None:
        return None
    if state is EntryState.TENTATIVE:
        return text("Attend une réponse")
    return {
        Role.HOST: text("Tu animes"),
        Role.PARTICIPANT: text("Tu as ta place"),
        Role.HOLDER: text("C’est ton tour"),
        Role.WATCHER: text("Tu viens regarder"),
        Role.WAITING: text("Tu es en liste d’attente"),
        Role.OFFERED: text("Une place est pour toi : réponds"),
        Role.HELD: text("Ta place est gardée : il reste à la payer"),
    }[role]
