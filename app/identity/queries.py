"""What the pages of people show: the members' list, one member, oneself, one's devices. Frozen dataclasses.

Who may see whom is decided here, once: names of listed members are for members whom others have met (`may_see_names`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.database import run
from app.errors import NotFound
from app.identity.listed import count_listed, listed_people
from app.identity.states import Act, Device
from app.identity.visits import SHARED_IDLE, Visit

A_PAGE = 30
MOST_NEWCOMERS = 30
MOST_COUNTED = 300
"""Above it, who is listed is « plus de »: counting everybody takes longer than showing thirty."""


@dataclass(frozen=True, slots=True)
class MemberLine:
    """Somebody on the list."""

    id: int
    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody whom too few have met: only the first name is told."""

    id: int
    first_name: str
    joined_at: datetime
    met_by_me: bool


@dataclass(frozen=True, slots=True)
class MembersPage:
    """« Membres »."""

    place_name: str
    may_see: bool
    me_belong: bool
    met_by: int
    """How many members have said that they have met the asking person."""
    members: Sequence[MemberLine]
    newcomers: Sequence[Newcomer]
    asked: str
    number: int
    more: bool
    me_listed: bool
    total: int
    more_than_total: bool
    """Whether there are more than were counted."""


def may_see_names(visit: Visit) -> bool:
    """Whether names of members are shown to this person at the place of their visit."""
    return visit.member is not None and visit.member.belongs and visit.member.met


async def members_page(visit: Visit, *, asked: str, number: int) -> MembersPage:
    """One page of who wished to be listed at the place of this visit, by name. To others than members whom somebody has
    met, how that comes about."""
    assert visit.member is not None
    me, place = visit.member, visit.place
    place_id = place.id if place else 0
    mine = await run("select listed from member where id = {}", me.id)
    members: list[MemberLine] = []
    newcomers: list[Newcomer] = []
    total = met_by = 0
    more = more_than_total = False
    if may_see_names(visit):
        before = (number - 1) * A_PAGE
        rows = await listed_people(place_id, asked, limit=A_PAGE + 1, offset=before)
        members = [MemberLine(row["id"], row["name"], row["about"]) for row in rows[:A_PAGE]]
        more = len(rows) > A_PAGE
        total = before + len(members)
        more_than_total = more
        if more and not asked:
            total = await count_listed(place_id, MOST_COUNTED + 1)
            more_than_total = total > MOST_COUNTED
            total = min(total, MOST_COUNTED)
        newcomers = await _newcomers(me.id, place_id)
    elif place is not None:
        counted = await run(
            "select count(*) as n from encounter where member_id = {} and place_id = {}", me.id, place_id
        )
        met_by = counted[0]["n"]
    return MembersPage(
        place_name=place.name if place else "",
        may_see=may_see_names(visit),
        me_belong=me.belongs,
        met_by=met_by,
        members=members,
        newcomers=newcomers,
        asked=asked,
        number=number,
        more=more,
        me_listed=bool(mine and mine[0]["listed"]),
        total=total,
        more_than_total=more_than_total,
    )


async def _newcomers(me: int, place_id: int) -> list[Newcomer]:
    rows = await run(
        "select m.id, m.name, ms.joined_at, e.id as encounter from membership ms join member m on m.id = ms.member_id "
        "left join encounter e on e.member_id = m.id and e.place_id = ms.place_id and e.met_by = {} "
        "where ms.place_id = {} and ms.met_at is null and ms.mediator = {} and m.erased_at is null "
        "order by ms.joined_at desc, m.id desc limit {}",
        me,
        place_id,
        False,
        MOST_NEWCOMERS,
    )
    return [
        Newcomer(row["id"], row["name"].split(" ")[0], row["joined_at"], row["encounter"] is not None) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One member, as the others may read them."""

    id: int
    name: str
    about: str
    is_me: bool
    mediator: bool
    employer: str
    joined_at: datetime | None


async def member_page(visit: Visit, member_id: int) -> MemberPage:
    """Oneself, or who is listed, mediates or hosts at the place of this visit. Raises `NotFound` for all others."""
    me = visit.member
    rows = await run(
        "select m.id, m.name, m.about, m.listed, ms.mediator, ms.employer, ms.joined_at from member m "
        "left join membership ms on ms.member_id = m.id and ms.place_id = {} where m.id = {} and m.erased_at is null",
        visit.place.id if visit.place else 0,
        member_id,
    )
    if not rows or me is None:
        raise NotFound
    row = rows[0]
    if member_id != me.id and not await _shown_to(visit, row):
        raise NotFound
    return MemberPage(
        row["id"],
        row["name"],
        row["about"] if member_id == me.id or row["listed"] else "",
        member_id == me.id,
        bool(row["mediator"]),
        row["employer"] or "",
        row["joined_at"],
    )


async def _shown_to(visit: Visit, row: dict[str, Any]) -> bool:
    if not may_see_names(visit) or visit.place is None:
        return False
    if row["joined_at"] is not None and (row["listed"] or row["mediator"]):
        return True
    hosting = await run(
        "select 1 as one from taking_part t join entry e on e.id = t.entry_id "
        "where t.member_id = {} and t.role = 'host' and t.left_at is null "
        "and e.place_id = {} and e.state = 'confirmed' limit 1",
        row["id"],
        visit.place.id,
    )
    return bool(hosting)


# ---------------------------------------------------------------------------------------------------------- oneself


@dataclass(frozen=True, slots=True)
class MyPlace:
    """A place that one is a member of."""

    id: int
    slug: str
    name: str
    mediator: bool
    met: bool
    dues_on: date | None
    acts: Sequence[Act]


@dataclass(frozen=True, slots=True)
class OfferedRole:
    """A standing role that somebody offers."""

    id: int
    act: Act
    place: str
    giver: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Me:
    """One's own account."""

    id: int
    name: str
    email: str
    sign_in_name: str
    """What whoever has no address signs in with; empty for the others."""
    about: str
    phone: str
    listed: bool
    language: str
    has_password: bool
    given_password: bool
    """Whether somebody gave them this password, on a paper."""
    proven: bool
    """Whether a code by mail has just opened this session, which stands for the password."""
    second_code: bool
    """Whether their telephone gives a second code."""
    adult_on: date | None
    """Day of their eighteenth birthday, if they said that they are under 18."""
    places: Sequence[MyPlace]
    offers: Sequence[OfferedRole]
    devices: int


async def me_of(visit: Visit, *, proven: bool) -> Me:
    """The account of whoever is signed in."""
    assert visit.member is not None
    me = visit.member.id
    row = (await run("select * from member where id = {}", me))[0]
    return Me(
        id=me,
        name=row["name"],
        email=row["email"] or "",
        sign_in_name="" if row["email"] else row["email_key"] or "",
        about=row["about"],
        phone=row["phone"],
        listed=bool(row["listed"]),
        language=row["language"],
        has_password=row["password_hash"] is not None,
        given_password=row["password_given_at"] is not None,
        proven=proven,
        second_code=bool(await run("select 1 as one from second_factor where member_id = {}", me)),
        adult_on=row["adult_on"],
        places=await _my_places(me, visit.now),
        offers=await _offers_to(me),
        devices=len(await my_devices(visit)),
    )


async def _my_places(me: int, now: datetime) -> list[MyPlace]:
    rows = await run(
        "select p.id, p.slug, p.name, ms.mediator, ms.met_at, ms.dues_on, g.act from membership ms "
        "join place p on p.id = ms.place_id "
        "left join granted_act g on g.member_id = ms.member_id and g.place_id = p.id and g.from_at <= {} "
        "and (g.until_at is null or g.until_at > {}) where ms.member_id = {} order by p.name, p.id",
        now,
        now,
        me,
    )
    first = {row["id"]: row for row in reversed(rows)}
    places = []
    for place_id in dict.fromkeys(row["id"] for row in rows):
        row = first[place_id]
        acts = {Act(each["act"]) for each in rows if each["id"] == place_id and each["act"]}
        mediator = bool(row["mediator"])
        places.append(
            MyPlace(
                place_id,
                row["slug"],
                row["name"],
                mediator,
                row["met_at"] is not None or mediator,
                row["dues_on"],
                [] if mediator else sorted(acts),
            )
        )
    return places


async def _offers_to(me: int) -> list[OfferedRole]:
    rows = await run(
        "select h.id, h.act, h.shared, p.name as place, m.name as giver from handover h "
        "join place p on p.id = h.place_id join member m on m.id = h.from_member "
        "where h.to_member = {} and h.answered_at is null order by h.id",
        me,
    )
    return [OfferedRole(row["id"], Act(row["act"]), row["place"], row["giver"], bool(row["shared"])) for row in rows]


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A device on which one is signed in."""

    id: int
    label: str
    """French msgid."""
    shared: bool
    this: bool
    since: datetime
    seen_at: datetime


async def my_devices(visit: Visit) -> list[DeviceLine]:
    """One's signed-in devices: this one, then the last used first. Shared ones that were left idle are out already."""
    assert visit.member is not None
    rows = await run(
        "select id, label, device, created_at, seen_at from session where member_id = {} and expires_at > {} "
        "and (device <> {} or seen_at > {}) order by seen_at desc, id desc",
        visit.member.id,
        visit.now,
        Device.SHARED.value,
        visit.now - SHARED_IDLE,
    )
    lines = [
        DeviceLine(
            row["id"],
            row["label"],
            row["device"] == Device.SHARED,
            row["id"] == visit.session_id,
            row["created_at"],
            row["seen_at"],
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: not line.this)
