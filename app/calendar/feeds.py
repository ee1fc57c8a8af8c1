"""What each feed holds, and by what it is known to be unchanged: one indexed query that reads no VEVENT.

Feeds for everybody hold what is listed (`entry.listed`), one's own all that one has a part in.

Windows, what stays when cancelled, and whose names show are decided here; HTTP is `feed_pages`' affair, the bytes of a
calendar `icalendar`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.calendar.icalendar import Personal, personal_bytes
from app.calendar.kept import KEPT_LANGUAGE, kept_words
from app.calendar.states import COMES, EntryState, Role
from app.clock import day_start, local_day
from app.database import run
from app.i18n import language
from app.identity.visits import hash_token

DAYS_BEFORE = 30
DAYS_AFTER = 365
COLORS = {
    "workshop": "royalblue",
    "meal": "tomato",
    "turn": "mediumseagreen",
    "committee": "rebeccapurple",
}
AGENDA_COLOR = "gold"
"""Names of CSS (RFC 7986, 5.9), near the design language's."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days that a feed covers, as instants: the first, the one after the last, and the start of today and of
    tomorrow, when it moves on."""

    first: datetime
    after: datetime
    today: datetime
    tomorrow: datetime

    @classmethod
    def at(cls, now: datetime) -> Window:
        day = local_day(now)
        return cls(
            day_start(day - timedelta(days=DAYS_BEFORE)),
            day_start(day + timedelta(days=DAYS_AFTER + 1)),
            day_start(day),
            day_start(day + timedelta(days=1)),
        )

    def holds(self, now: datetime) -> bool:
        """Whether it is the window of this hour."""
        return self.today <= now < self.tomorrow


@dataclass(frozen=True, slots=True)
class Standing:
    """How the entries of a feed stand: it is the same feed as long as this is the same."""

    count: int
    ids: int
    """Their sum: one that leaves and another that comes within a second make another feed."""
    sequences: int
    changed_at: datetime
    """Last change; the start of today at least where a window moves, since things leave it without a change."""


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A personal feed, as its address was asked for."""

    id: int
    member_id: int
    discreet: bool
    private: bool
    alarm_minutes: int | None
    created_at: datetime
    chosen_at: datetime
    """When its choices were last changed."""
    read_at: datetime | None
    revoked: bool
    joined_or_left_at: datetime | None
    places_known: int
    """In how many places hosts' names are shown to its owner."""
    standing: Standing

    @property
    def personal(self) -> Personal | None:
        """The owner's choices; nothing for a feed that is as all are and always was."""
        plain = not (self.discreet or self.private) and self.alarm_minutes is None
        if plain and self.chosen_at == self.created_at:
            return None
        return Personal(
            discreet_title=language(KEPT_LANGUAGE).gettext("Rendez-vous") if self.discreet else None,
            private=self.private,
            alarm_minutes=self.alarm_minutes,
            changed_at=self.chosen_at,
        )


_STANDING = (
    "count(e.id) as n, coalesce(sum(e.id), 0) as ids, coalesce(sum(e.sequence), 0) as sequences, "
    "max(e.modified_at) as changed_at"
)
# What is listed no more is asked for as well: by its hour the feed is known to be another one.
_STANDING_LISTED = (
    "count(case when e.listed then e.id end) as n, coalesce(sum(case when e.listed then e.id end), 0) as ids, "
    "coalesce(sum(case when e.listed then e.sequence end), 0) as sequences, "
    "max(case when e.listed then e.modified_at end) as changed_at, max(e.listed_at) as listed_at"
)
_IN_WINDOW = "e.starts_at >= {} and e.starts_at < {} and (e.state <> {} or e.ends_at > {})"


def _in_window(window: Window) -> tuple[Any, ...]:
    return window.first, window.after, EntryState.CANCELLED.value, window.today


_SHOWN = "e.state in ({}, {}) and " + _IN_WINDOW


def _shown(window: Window) -> tuple[Any, ...]:
    return EntryState.CONFIRMED.value, EntryState.CANCELLED.value, *_in_window(window)


def _instant(value: Any) -> datetime | None:
    """SQLite gives `max(…)` of times as text."""
    if isinstance(value, str):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return value  # type: ignore[no-any-return]  # a time or nothing


def _standing(row: dict[str, Any], *changes: Any, since: datetime) -> Standing:
    times = [at for value in (row["changed_at"], *changes) if (at := _instant(value)) is not None]
    return Standing(int(row["n"]), int(row["ids"]), int(row["sequences"]), max([*times, since]))


# ------------------------------------------------------------------------------------------------------ for everybody


async def shared_standing(window: Window, kinds: Sequence[str]) -> Standing:
    """How the feed of these kinds stands, in all places."""
    rows = await run(
        f"select {_STANDING_LISTED} from entry e where e.kind in ({_marks(kinds)}) and {_SHOWN}",  # noqa: S608 - constants and marks
        *kinds,
        *_shown(window),
    )
    return _standing(rows[0], rows[0]["listed_at"], since=window.today)


async def shared_events(window: Window, kinds: Sequence[str]) -> list[bytes]:
    """The VEVENTs of that feed, in time's order."""
    return _kept(
        await run(
            f"select e.ics_public as kept from entry e where e.kind in ({_marks(kinds)}) and {_SHOWN} "  # noqa: S608 - constants and marks
            "and e.listed order by e.starts_at, e.id",
            *kinds,
            *_shown(window),
        )
    )


async def place_standing(window: Window, slug: str) -> tuple[str, Standing] | None:
    """The name of the place and how its feed stands; nothing for an unknown place."""
    rows = await run(
        f"select p.name, {_STANDING_LISTED} from place p left join entry e on e.place_id = p.id and {_SHOWN} "  # noqa: S608 - constants of this file
        "where p.slug = {} group by p.id, p.name",
        *_shown(window),
        slug,
    )
    if not rows:
        return None
    return rows[0]["name"], _standing(rows[0], rows[0]["listed_at"], since=window.today)


async def place_events(window: Window, slug: str) -> list[bytes]:
    """The VEVENTs of a place's feed."""
    return _kept(
        await run(
            "select e.ics_public as kept from entry e join place p on p.id = e.place_id "  # noqa: S608 - constants of this file
            f"where p.slug = {{}} and {_SHOWN} and e.listed order by e.starts_at, e.id",
            slug,
            *_shown(window),
        )
    )


async def event_standing(kind: str, thing_id: int) -> Standing | None:
    """How one announced thing stands, whatever its day; nothing for what is not announced."""
    rows = await run(
        "select 1 as n, id as ids, sequence as sequences, modified_at as changed_at from entry "
        "where kind = {} and thing_id = {} and state in ({}, {})",
        kind,
        thing_id,
        EntryState.CONFIRMED.value,
        EntryState.CANCELLED.value,
    )
    return _standing(rows[0], since=rows[0]["changed_at"]) if rows else None


async def event_events(kind: str, thing_id: int) -> list[bytes]:
    """Its VEVENT."""
    return _kept(await run("select ics_public as kept from entry where kind = {} and thing_id = {}", kind, thing_id))


# ----------------------------------------------------------------------------------------------------- for one person

_MINE = (
    f"t.left_at is null and (e.state in ({{}}, {{}}) and t.role in ({', '.join('{}' for _ in COMES)}) "
    "or e.state = {} and t.role = {}) and " + _IN_WINDOW
)


def _mine(window: Window) -> tuple[Any, ...]:
    return (
        EntryState.CONFIRMED.value,
        EntryState.CANCELLED.value,
        *COMES,
        EntryState.TENTATIVE.value,
        Role.HOST.value,
        *_in_window(window),
    )


async def feed_of_token(token: str, window: Window) -> FeedRow | None:
    """The personal feed at this address, and how it stands; nothing for an address that never was."""
    rows = await run(
        "select f.id, f.member_id, f.discreet, f.private, f.alarm_minutes, f.created_at, f.modified_at as chosen_at, "  # noqa: S608 - constants of this file
        "f.read_at, f.revoked_at, "
        "(select count(*) from membership ms where ms.member_id = f.member_id "
        "and (ms.met_at is not null or ms.mediator = {})) as places_known, "
        f"max(t.modified_at) as joined_or_left_at, {_STANDING} from feed f "
        "left join taking_part t on t.member_id = f.member_id and f.revoked_at is null "
        "and t.starts_at >= {} and t.starts_at < {} "
        f"left join entry e on e.id = t.entry_id and {_MINE} where f.token_hash = {{}} group by f.id",
        True,
        window.first,
        window.after,
        *_mine(window),
        hash_token(token),
    )
    if not rows:
        return None
    row = rows[0]
    return FeedRow(
        id=row["id"],
        member_id=row["member_id"],
        discreet=bool(row["discreet"]),
        private=bool(row["private"]),
        alarm_minutes=row["alarm_minutes"],
        created_at=row["created_at"],
        chosen_at=row["chosen_at"],
        read_at=row["read_at"],
        revoked=row["revoked_at"] is not None,
        joined_or_left_at=_instant(row["joined_or_left_at"]),
        places_known=int(row["places_known"]),
        standing=_standing(row, row["joined_or_left_at"], row["chosen_at"], since=window.today),
    )


async def feed_events(feed: FeedRow, window: Window) -> list[bytes]:
    """What its owner hosts, attends or holds, with hosts' names in the places where the owner is known."""
    rows = await run(
        "select case when ms.met_at is not null or ms.mediator = {} then e.ics_member else e.ics_public end as kept "  # noqa: S608 - constants of this file
        "from taking_part t join entry e on e.id = t.entry_id "
        "left join membership ms on ms.member_id = t.member_id and ms.place_id = e.place_id "
        f"where t.member_id = {{}} and t.starts_at >= {{}} and t.starts_at < {{}} and {_MINE} "
        "order by t.starts_at, t.entry_id",
        True,
        feed.member_id,
        window.first,
        window.after,
        *_mine(window),
    )
    kept = _kept(rows)
    personal = feed.personal
    if personal is None:
        return kept
    words = kept_words()
    return [personal_bytes(event, words, personal) for event in kept]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("{}" for _ in values) or "null"


def _kept(rows: Iterable[dict[str, Any]]) -> list[bytes]:
    return [row["kept"].encode() for row in rows]
