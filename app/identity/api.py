"""What other packages may ask of people and places: who somebody is, who mediates, who holds a role.

Reads are free; `grant` and `end_grant` are called inside the caller's transaction. How an account is opened, changed or
closed is identity's own affair (`commands`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database import run
from app.errors import NotFound, Refused
from app.identity.listed import WHOLE_NAMES, whole_names
from app.identity.lots import Draw, draw_members
from app.identity.rules import email_key, name_key, starts_like, why_may_not
from app.identity.sessions import end_sessions
from app.identity.states import STANDING, Act, IdentityRefusal
from app.identity.tables import Grant
from app.identity.visits import Visit

__all__ = [
    "Draw",
    "Here",
    "Person",
    "PlaceFacts",
    "RoomFacts",
    "belongs",
    "draw_members",
    "end_grant",
    "find_member_by_name_or_mail",
    "grant",
    "has_role",
    "holders_of",
    "holds",
    "is_mediator",
    "mediators_of",
    "member_by_email",
    "members_by_id",
    "place_of",
    "places",
    "refuse_given_password",
    "rooms_of",
    "somebody_holds",
    "who_is_here",
    "why_may_not",
]


@dataclass(frozen=True, slots=True)
class Person:
    """A member, as another domain needs them. The address is for mails, never for pages."""

    id: int
    name: str
    email: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Here:
    """What a person is at one place at one instant."""

    belongs: bool = False
    mediator: bool = False
    acts: frozenset[Act] = frozenset()
    """What a role allows them; nothing while they mediate there."""
    met: bool = False
    """Whether somebody there has met them: then they are shown names."""


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A place, as posters and calendars show it."""

    id: int
    slug: str
    name: str
    address: str
    about: str
    email: str
    phone: str
    step_free: bool


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """A room that may be taken."""

    id: int
    name: str
    seats: int
    step_free: bool


_PERSON = "m.id, m.name, m.email, m.language"
MOST_LOOKED_AT = 100
"""Of listed names that begin alike: the ten that are told are of these."""


def _person(row: dict[str, Any]) -> Person:
    return Person(row["id"], row["name"], row["email"], row["language"])


def _place(row: dict[str, Any]) -> PlaceFacts:
    return PlaceFacts(
        row["id"],
        row["slug"],
        row["name"],
        row["address"],
        row["about"],
        row["email"],
        row["phone"],
        bool(row["step_free"]),
    )


async def members_by_id(ids: Iterable[int]) -> dict[int, Person]:
    """The members with these ids, those who left among them (nameless by then). Unknown ids are left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await run(f"select {_PERSON} from member m where m.id in ({_marks(wanted)})", *wanted)  # noqa: S608 - marks only
    return {row["id"]: _person(row) for row in rows}


async def member_by_email(written: str) -> Person | None:
    """Whose account this address opens, however it is written. For commands: pages never tell."""
    rows = await run(
        f"select {_PERSON} from member m where m.email_key = {{}} and m.email is not null and m.erased_at is null",  # noqa: S608 - constant columns
        email_key(written),
    )
    return _person(rows[0]) if rows else None


async def mediators_of(place_id: int) -> list[Person]:
    """Who mediates in this place, by id."""
    rows = await run(
        f"select {_PERSON} from membership ms join member m on m.id = ms.member_id "  # noqa: S608 - constant columns
        "where ms.place_id = {} and ms.mediator = {} and m.erased_at is null order by m.id",
        place_id,
        True,
    )
    return [_person(row) for row in rows]


async def place_of(place_id: int) -> PlaceFacts:
    """The place with this id. Raises `NotFound`."""
    rows = await run("select * from place where id = {}", place_id)
    if not rows:
        raise NotFound
    return _place(rows[0])


async def places() -> list[PlaceFacts]:
    """All places, by name."""
    return [_place(row) for row in await run("select * from place order by name, id")]


async def rooms_of(place_id: int) -> list[RoomFacts]:
    """The rooms of a place that are still in use, by name."""
    rows = await run(
        "select id, name, seats, step_free from room where place_id = {} and retired_at is null order by name, id",
        place_id,
    )
    return [RoomFacts(row["id"], row["name"], row["seats"], bool(row["step_free"])) for row in rows]


async def who_is_here(member_id: int, place_id: int, *, at: datetime | None = None) -> Here:
    """What this person is at this place; without `at` their acts are left out."""
    rows = await run(
        "select ms.mediator, ms.met_at, g.act from membership ms left join granted_act g on g.member_id = ms.member_id "
        "and g.place_id = ms.place_id and g.from_at <= {} and (g.until_at is null or g.until_at > {}) "
        "where ms.member_id = {} and ms.place_id = {}",
        at,
        at,
        member_id,
        place_id,
    )
    if not rows:
        return Here()
    mediator = bool(rows[0]["mediator"])
    acts = frozenset[Act]() if mediator else frozenset(Act(row["act"]) for row in rows if row["act"])
    return Here(True, mediator, acts, met=mediator or rows[0]["met_at"] is not None)


def here_of(visit: Visit, place_id: int) -> Here | None:
    """What the visit knows already of its member, when this is the place that they look at."""
    me = visit.member
    if me is None or visit.place is None or visit.place.id != place_id:
        return None
    return Here(me.belongs, me.mediator, frozenset() if me.mediator else me.acts, me.met)


async def here_at(visit: Visit, place_id: int) -> Here:
    """What the visit's member is at this place."""
    assert visit.member is not None
    return here_of(visit, place_id) or await who_is_here(visit.member.id, place_id, at=visit.now)


async def is_mediator(member_id: int, place_id: int) -> bool:
    """Whether this person mediates in this place."""
    rows = await run(
        "select 1 as one from membership where member_id = {} and place_id = {} and mediator = {}",
        member_id,
        place_id,
        True,
    )
    return bool(rows)


async def belongs(member_id: int, place_id: int) -> bool:
    """Whether this person is a member of this place."""
    rows = await run("select 1 as one from membership where member_id = {} and place_id = {}", member_id, place_id)
    return bool(rows)


async def holds(member_id: int, place_id: int, act: Act, at: datetime) -> bool:
    """Whether a role allows this person this act at this place at this instant."""
    return member_id in [person.id for person in await holders_of(place_id, act, at)]


async def somebody_holds(place_id: int, act: Act, at: datetime) -> bool:
    """Whether a role allows anybody this act at this place at this instant."""
    return bool(await holders_of(place_id, act, at))


async def has_role(member_id: int, *, now: datetime) -> bool:
    """Whether this person mediates anywhere, or a role allows them any act, now or later, at whatever place; or would
    once they say yes to an offer that stands."""
    return bool(
        await run(
            "select 1 as one from membership where member_id = {} and mediator = {} union all "
            "select 1 as one from granted_act where member_id = {} and (until_at is null or until_at > {}) union all "
            "select 1 as one from handover h join granted_act g on g.member_id = h.from_member "
            "and g.place_id = h.place_id and g.act = h.act and (g.until_at is null or g.until_at > {}) "
            "where h.to_member = {} and h.answered_at is null",
            member_id,
            True,
            member_id,
            now,
            now,
            member_id,
        )
    )


async def refuse_given_password(member_id: int) -> None:
    """Raises `Refused` for whoever signs in with the words of a paper still: others have seen them, so they must not
    lead to a role."""
    if await run("select 1 as one from member where id = {} and password_given_at is not null", member_id):
        raise Refused(IdentityRefusal.GIVEN_PASSWORD)


async def holders_of(place_id: int, act: Act, at: datetime) -> list[Person]:
    """Whom a role allows this act at this place at this instant, by id. Nobody who mediates there is among them."""
    rows = await run(
        f"select distinct {_PERSON} from granted_act g join member m on m.id = g.member_id "  # noqa: S608 - constant columns
        "join membership ms on ms.member_id = g.member_id and ms.place_id = g.place_id "
        "where g.place_id = {} and g.act = {} and g.from_at <= {} and (g.until_at is null or g.until_at > {}) "
        "and ms.mediator = {} and m.erased_at is null order by m.id",
        place_id,
        act.value,
        at,
        at,
        False,
    )
    return [_person(row) for row in rows]


async def find_member_by_name_or_mail(place_id: int, written: str) -> list[Person]:
    """Members of the place who have been met and whose address or name is this one; at most ten.

    The beginning of a name finds only whoever is on the members' list, which is by choice. An empty text finds nobody.
    Who mediates there is found too: the caller says why not.
    """
    key, mail = name_key(written), email_key(written)
    if not key:
        return []
    rows = await run(
        f"select {_PERSON} from member m join membership ms on ms.member_id = m.id and ms.place_id = {{}} "  # noqa: S608 - constant columns
        "where m.erased_at is null and (ms.met_at is not null or ms.mediator = {}) "
        "and (m.email is not null and m.email_key = {} or m.name_key = {} "
        "or m.listed = {} and m.name_key like {} escape '!') "
        # Who it may be is looked up in three indexes, so that a hundred thousand members are not read for one.
        "and m.id in (select id from member where email_key = {} union select id from member where name_key = {} "
        f"union select member_id from ({WHOLE_NAMES}) listed) "
        "order by m.name_key, m.id limit 10",
        place_id,
        True,
        mail,
        key,
        True,
        starts_like(key),
        mail,
        key,
        *whole_names(place_id, key, limit=MOST_LOOKED_AT),
    )
    return [_person(row) for row in rows]


async def grant(
    *, member_id: int, place_id: int, act: Act, from_at: datetime, until_at: datetime | None, source: str
) -> None:
    """Let this member do this act there from then until then. `source` names the role, to give it back by.

    Raises `Refused` while their password is one that somebody gave them.
    """
    await refuse_given_password(member_id)
    await Grant.insert(
        Grant(
            member_id=member_id,
            place_id=place_id,
            act=act.value,
            from_at=from_at,
            until_at=until_at,
            source=source,
        )
    )


async def end_grant(*, member_id: int, place_id: int, source: str, act: Act | None = None, now: datetime) -> int:
    """End what this role allowed this member, at once; all its acts, or this one. Returns how many grants ended.

    Whoever loses a standing act (`states.STANDING`) by it is signed out everywhere.
    """
    where = (
        (Grant.member_id == member_id)
        & (Grant.place_id == place_id)
        & (Grant.source == source)
        & (Grant.until_at.is_null() | (Grant.until_at > now))
    )
    if act is not None:
        where = where & (Grant.act == act.value)
    ended = await Grant.update({Grant.until_at: now}).where(where).returning(Grant.act)
    if any(row["act"] in STANDING for row in ended):
        await end_sessions(member_id)
    return len(ended)


def _marks(values: Collection[int]) -> str:
    return ", ".join("{}" for _ in values)
