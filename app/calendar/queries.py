"""What the agenda, the month, one's own dates and the public interface read. Each asks the same few questions however
many rows there are; no VEVENT is read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from app.calendar.kept import HOSTS_JOINT
from app.calendar.kept_entries import KeptEntry, entries_of
from app.calendar.rules import invitation, seats_left, waiting_first
from app.calendar.spans import Follow
from app.calendar.states import LONGEST, NOT_YET, EntryState, Invitation, Role
from app.contracts import EntryKind
from app.database import run
from app.i18n import Text, text, text_n
from app.identity.visits import Visit

SHOWN = (EntryState.CONFIRMED.value, EntryState.CANCELLED.value)
COMES_TO_ME = (Role.HOST.value, Role.PARTICIPANT.value, Role.HOLDER.value)


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


@dataclass(frozen=True, slots=True)
class Strip:
    """One entry of a list, as one person may see it."""

    entry_id: int
    kind: str
    thing_id: int
    starts_at: datetime
    ends_at: datetime
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

    def __hash__(self) -> int:
        return hash((self.entry_id, self.taken))  # of two that are equal the same, and as much as a memory needs

    @property
    def cancelled(self) -> bool:
        return self.state is EntryState.CANCELLED

    @property
    def filled(self) -> bool:
        """Whether it is printed full: mine, and not only waited for."""
        return self.role is not None and self.role not in NOT_YET and not self.cancelled


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One calendar address of a member, without its secret."""

    id: int
    token_hash: str
    name: str
    discreet: bool
    private: bool
    alarm_minutes: int | None
    created_at: datetime
    read_at: datetime | None


_LINE = "e.id, e.version, t.role"
"""What tells which entries are shown, and as what to this reader; the rest is kept (`kept_entries`)."""
_MY_PART = "taking_part t on t.entry_id = e.id and t.member_id = {} and t.left_at is null"
# Own proposals show to their hosts alone.
_SEEN = "(e.state in ({}, {}) or e.state = {} and t.role = {})"
_SEEN_ARGS = (*SHOWN, EntryState.TENTATIVE.value, Role.HOST.value)


async def places() -> list[PlaceLine]:
    """All places, the first one first."""
    rows = await run("select id, slug, name, address, about, phone, email, step_free from place order by id")
    return [PlaceLine(**{**row, "step_free": bool(row["step_free"])}) for row in rows]


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
    mine: bool = False,
    not_over_at: datetime | None = None,
    follow: Follow | None = None,
) -> list[Strip]:
    """What happens in a place between two instants, in time's order; at most `limit`.

    `mine` keeps what the visitor takes part in, `not_over_at` what has not ended then, `follow` what comes after.
    """
    where = ["e.place_id = {}", "e.starts_at >= {}", "e.starts_at < {}", _SEEN]
    args: list[Any] = [place_id, starts_at, after, *_SEEN_ARGS]
    if kind is not None:
        where.append("e.kind = {}")
        args.append(kind)
    if not_over_at is not None:
        where.append("e.ends_at > {}")
        args.append(not_over_at)
    if follow is not None:
        where.append("(e.starts_at > {} or e.starts_at = {} and e.id > {})")
        args += [follow.starts_at, follow.starts_at, follow.entry_id]
    rows = await run(
        f"select {_LINE} from entry e {'join' if mine else 'left join'} {_MY_PART} "  # noqa: S608 - constants of this file
        f"where {' and '.join(where)} order by e.starts_at, e.id limit {{}}",
        _me(visit),
        *args,
        limit,
    )
    return await _strips(rows, visit, kinds)


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
    found = await _strips(rows, visit, kinds)
    return found[0] if found else None


async def my_next(
    visit: Visit, *, kinds: Mapping[str, EntryKind], limit: int, waiting: bool, follow: Follow | None = None
) -> list[Strip]:
    """What the member hosts, attends or holds from now on, in all places; `waiting`: and what they wait for.

    What is offered to them is always there: it waits for their answer.
    """
    after = "" if follow is None else "and (t.starts_at > {} or t.starts_at = {} and t.entry_id > {}) "
    after_args = () if follow is None else (follow.starts_at, follow.starts_at, follow.entry_id)
    roles = (*COMES_TO_ME, *sorted(role.value for role in NOT_YET)) if waiting else (*COMES_TO_ME, Role.OFFERED.value)
    offers_first = "" if waiting else f"case when t.role = '{Role.OFFERED.value}' then 0 else 1 end, "
    states = (EntryState.CONFIRMED.value, EntryState.CANCELLED.value if waiting else EntryState.CONFIRMED.value)
    rows = await run(
        f"select {_LINE} from taking_part t join entry e on e.id = t.entry_id "  # noqa: S608 - constants and marks
        f"where t.member_id = {{}} and t.left_at is null and t.role in ({', '.join('{}' for _ in roles)}) "
        "and e.ends_at > {} and t.starts_at > {} and (e.state in ({}, {}) or e.state = {} and t.role = {}) "
        f"{after}order by {offers_first}t.starts_at, t.entry_id limit {{}}",
        _me(visit),
        *roles,
        visit.now,
        visit.now - LONGEST,
        *states,
        EntryState.TENTATIVE.value,
        Role.HOST.value,
        *after_args,
        limit,
    )
    return await _strips(rows, visit, kinds)


async def my_past(
    visit: Visit, *, kinds: Mapping[str, EntryKind], limit: int, follow: Follow | None = None
) -> list[Strip]:
    """What the member hosted, attended or held, the last first; `follow` is where the page before ended."""
    before = "" if follow is None else "and (t.starts_at < {} or t.starts_at = {} and t.entry_id < {}) "
    args = () if follow is None else (follow.starts_at, follow.starts_at, follow.entry_id)
    rows = await run(
        f"select {_LINE} from taking_part t join entry e on e.id = t.entry_id "  # noqa: S608 - constants of this file
        f"where t.member_id = {{}} and t.left_at is null and t.role in ({{}}, {{}}, {{}}) "
        "and t.starts_at < {} and e.ends_at <= {} and e.state = {} "
        f"{before}order by t.starts_at desc, t.entry_id desc limit {{}}",
        _me(visit),
        *COMES_TO_ME,
        visit.now,
        visit.now,
        EntryState.CONFIRMED.value,
        *args,
        limit,
    )
    return await _strips(rows, visit, kinds)


async def my_feeds(member_id: int) -> list[FeedLine]:
    """The member's calendar addresses that open something, the first made first."""
    rows = await run(
        "select id, token_hash, name, discreet, private, alarm_minutes, created_at, read_at from feed "
        "where member_id = {} and revoked_at is null order by id",
        member_id,
    )
    return [FeedLine(**{**row, "discreet": bool(row["discreet"]), "private": bool(row["private"])}) for row in rows]


def _me(visit: Visit) -> int:
    return visit.member.id if visit.member is not None else 0


async def _strips(lines: Sequence[dict[str, Any]], visit: Visit, kinds: Mapping[str, EntryKind]) -> list[Strip]:
    entries = await entries_of((line["id"], line["version"]) for line in lines)
    shown = [(entries[line["id"]], line["role"]) for line in lines if line["id"] in entries]
    return [_seen(entry, role, visit, kinds[entry.kind]) for entry, role in shown if entry.kind in kinds]


def _seen(entry: KeptEntry, role: str | None, visit: Visit, kind: EntryKind) -> Strip:
    """The strip, made once for all who see the same of this version of it until the hour changes what they see."""
    member, spot, now = visit.member, visit.place, visit.now
    knows_names = member is not None and member.met and spot is not None and spot.id == entry.row["place_id"]
    first_come_at = entry.row["starts_at"] - kind.first_come
    seen_as = (role, knows_names, member is not None, now >= first_come_at, now >= entry.row["ends_at"], id(kind))
    strip: Strip | None = entry.shown.get(seen_as)
    if strip is None:
        strip = entry.shown[seen_as] = _strip(
            entry.row, Role(role) if role else None, kind, knows_names=knows_names, member=member is not None, now=now
        )
    return strip


def _strip(
    row: dict[str, Any], role: Role | None, kind: EntryKind, *, knows_names: bool, member: bool, now: datetime
) -> Strip:
    genre, icon = kind.genres.get(row["genre"], (kind.label, kind.icon))
    state = EntryState(row["state"])
    seats, taken = row["seats"], row["taken"]
    waiting = waiting_first(row["waiting"], starts_at=row["starts_at"], first_come=kind.first_come, now=now)
    offered = invitation(
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
        left=seats_left(seats=seats, taken=taken, waiting=waiting),
        seats_words=_seats_words(seats, taken, waiting),
        role=role,
        mine_words=_mine_words(state, role),
        invitation=offered,
        join_path=kind.join_path.replace("{id}", thing),
        join_label=kind.join_label,
    )


def _seats_words(seats: int | None, taken: int, waiting: int) -> Text | None:
    if seats is None:
        return text_n("%(n)s personne vient", "%(n)s personnes viennent", taken) if taken else None
    if waiting:
        return text_n("Complet. %(n)s personne attend", "Complet. %(n)s personnes attendent", waiting)
    left = seats - taken
    return text_n("Il reste %(n)s place", "Il reste %(n)s places", left) if left > 0 else text("Complet")


def _mine_words(state: EntryState, role: Role | None) -> Text | None:
    if role is None:
        return None
    if state is EntryState.TENTATIVE:
        return text("Attend une réponse")
    return {
        Role.HOST: text("Tu animes"),
        Role.PARTICIPANT: text("Tu as ta place"),
        Role.HOLDER: text("C’est ton tour"),
        Role.WAITING: text("Tu attends une place"),
        Role.OFFERED: text("Une place est pour toi : réponds"),
    }[role]
