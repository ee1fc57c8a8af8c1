"""Who is asking: the visit that each request makes, read from its session in one query.

The shell makes a `Visit` before any handler runs; handlers and templates read it and never ask the session again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

from app.database import Brought, run, stamp, stamp_ahead, stamp_brought, stamp_column
from app.identity.over import is_of_the_future, session_is_over
from app.identity.rules import needs_second_factor
from app.identity.states import SECOND_FOR, Act, Device
from app.notices.states import KEPT_FOR, WAYS_IN
from app.unchanged import unchanged

T = TypeVar("T")

SHARED_IDLE = timedelta(minutes=15)
TOUCH_EVERY = {Device.MINE: timedelta(days=1), Device.SHARED: timedelta(minutes=1)}


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in member, at the place that they look at."""

    id: int
    name: str
    mediator: bool
    """In the place of this visit."""
    met: bool
    """Whether names of members are shown to this person here."""
    belongs: bool
    """Whether the person is a member of the place of this visit."""
    acts: frozenset[Act] = frozenset()
    """What a role allows at this place at this instant."""
    adult_on: date | None = None
    """The day of their 18 years, if it is to come."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The place whose lists are shown."""

    id: int
    slug: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's who, where and when."""

    now: datetime
    language: str = "fr"
    theme: str | None = None
    member: Me | None = None
    half_in: Me | None = None
    """Who has signed in without the second code that they owe: nobody at all, but for the pages that ask for it."""
    place: Spot | None = None
    session_id: int | None = None
    session_key: str = ""
    """What the token against forgery is bound to: the session's hash, or an anonymous cookie's value."""
    device: Device | None = None
    unread: int = 0
    """How many messages wait on the site to be read (`app.notices`)."""
    idle_until: datetime | None = None
    """When a shared device signs out by itself, if nothing is done after this request."""
    reference: str = ""
    """The request's number, as the log has it."""
    stale_cookie: bool = field(default=False, compare=False)
    """A session cookie came that opens nothing (any more)."""
    touch_due: bool = field(default=False, compare=False)
    taken: Brought | None = field(default=None, compare=False)
    """The stamp that was taken with the session (`app.database.stamp`)."""

    @property
    def mediator(self) -> bool:
        return self.member is not None and self.member.mediator

    @property
    def shared_device(self) -> bool:
        return self.device is Device.SHARED

    def may(self, act: Act) -> bool:
        """Whether a role allows this act here and now."""
        return self.member is not None and act in self.member.acts


def hash_token(token: str) -> str:
    """How a secret is kept: SHA-256, hexadecimal. Enough for tokens of 128 random bits and more."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


_WAYS_IN = ", ".join(f"'{kind.value}'" for kind in sorted(WAYS_IN))
_SECOND_FOR = ", ".join(f"'{act.value}'" for act in sorted(SECOND_FOR))
_VISIT = f"""
select s.id as session_id, s.device, s.created_at, s.seen_at, s.expires_at, s.second_at, m.id as member_id, m.name,
       m.language, m.adult_on, p.id as place_id, p.slug, p.name as place_name, p.address, ms.id as membership_id,
       ms.mediator, ms.met_at, g.act,
       case when s.second_at is null then exists (
           select 1 from membership any_ms where any_ms.member_id = m.id and any_ms.mediator
       ) end as mediates,
       case when s.second_at is null then exists (
           select 1 from granted_act any_g where any_g.member_id = m.id and any_g.act in ({_SECOND_FOR})
           and any_g.from_at <= {{}} and (any_g.until_at is null or any_g.until_at > {{}})
       ) end as keeps_accounts,
       (select count(*) from outbox o where o.member_id = m.id and o.on_site and o.read_at is null
        and o.subject <> '' and o.kind not in ({_WAYS_IN}) and o.created_at > {{}}) as unread%s
from session s
join member m on m.id = s.member_id and m.erased_at is null
left join place p on p.id = s.place_id
left join membership ms on ms.member_id = m.id and ms.place_id = s.place_id
left join granted_act g on g.member_id = m.id and g.place_id = s.place_id
     and g.from_at <= {{}} and (g.until_at is null or g.until_at > {{}})
where s.token_hash = {{}}
"""  # noqa: S608 - constants of ours


@cache
def _visit(besides: str) -> str:
    return _VISIT % besides


async def visit_of_session(
    token: str, *, now: datetime, theme: str | None, reference: str, second: bool = True
) -> Visit | None:
    """The visit of this session's token, or nothing when it opens none: unknown, over, or idle too long. With `second`
    false nobody owes a second code.
    """
    token_hash = hash_token(token)
    rows, taken = await _rows_of(token_hash, now)
    if not rows:
        return None
    row = rows[0]
    device = Device(row["device"])
    shared = device is Device.SHARED
    if is_of_the_future(row["created_at"], now):
        return None
    if row["expires_at"] <= now or (shared and row["seen_at"] + SHARED_IDLE <= now):
        session_is_over(row["session_id"])
        return None
    touch_due = now - row["seen_at"] >= TOUCH_EVERY[device]
    seen_at = now if touch_due else row["seen_at"]
    me = Me(
        id=row["member_id"],
        name=row["name"],
        mediator=bool(row["mediator"]),
        met=row["met_at"] is not None or bool(row["mediator"]),
        belongs=row["membership_id"] is not None,
        acts=frozenset(Act(each["act"]) for each in rows if each["act"]),
        adult_on=row["adult_on"],
    )
    owes_second = second and needs_second_factor(
        mediates=bool(row["mediates"]), keeps_accounts=bool(row["keeps_accounts"])
    )
    place = None
    if row["place_id"] is not None and not owes_second:
        place = Spot(row["place_id"], row["slug"], row["place_name"], row["address"])
    return Visit(
        now=now,
        language=row["language"],
        theme=theme,
        member=None if owes_second else me,
        half_in=me if owes_second else None,
        place=place,
        session_id=row["session_id"],
        session_key=token_hash,
        device=device,
        unread=0 if owes_second else row["unread"],
        idle_until=min(seen_at + SHARED_IDLE, row["expires_at"]) if shared else None,
        reference=reference,
        touch_due=touch_due,
        taken=taken,
    )


async def _rows_of(token_hash: str, now: datetime) -> tuple[list[dict[str, Any]], Brought | None]:
    """What the database says of this session, and the stamp at which it does. Where a stamp costs less than the
    question it is asked once a minute, as long as nothing is committed: whoever reads, reads several pages, and goes
    back and forth between them. What a role allows begins and ends on the minute."""
    ask = partial(run, _visit(stamp_column()), now, now, now - KEPT_FOR, now, now, token_hash)
    taken = await stamp_ahead()
    if taken is None:
        rows = await ask()
        return rows, stamp_brought(rows[0]) if rows else None
    at = taken.stamp, now.replace(second=0, microsecond=0)
    return await unchanged(at, ("session", token_hash), ask, own=True), taken


async def kept_for(visit: Visit, name: Hashable, read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives this reader, or gave them under this name in the same minute, nothing being committed since.

    A session at one stamp is one person, in one language, at one place, who may do the same. What is read goes by no
    part of the hour smaller than the minute: starts, ends and terms are written to the minute.
    """
    if visit.session_id is None:
        return await read()
    at = await stamp(visit.taken), visit.now.replace(second=0, microsecond=0)
    return await unchanged(at, (name, visit.session_key), read, own=True)
