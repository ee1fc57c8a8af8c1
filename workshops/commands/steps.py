"""Steps that the commands share, all inside the caller's transaction: locks, moves along the tables of `states`, the
calendar's entry, mails. What may be is asked of `rules` before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from app.calendar.api import (
    EntryState,
    Planned,
    lock_people_and_rooms,
    put_entry,
    set_counts,
    why_clashes,
)
from app.database import RunAgain, get_for_update, run
from app.errors import NotFound, Refusal, Refused
from app.i18n import Text
from app.identity.api import RoomFacts, members_by_id, rooms_of
from app.journal import write_journal
from app.notices import api as notices
from app.notices.api import Kind, Part
from workshops import rules, wording
from workshops.facts import KIND, Row, standing_and_who, standing_of
from workshops.rules import Proposal, Standing, Who
from workshops.states import FORMATS, MOVES, Format, Need, SignUpState, State, WorkshopRefusal
from workshops.tables import Workshop
from workshops.wording import Mail

IN_CALENDAR = {
    State.PROPOSED: EntryState.TENTATIVE,
    State.SENT_BACK: EntryState.TENTATIVE,
    State.CONTESTED: EntryState.TENTATIVE,
    State.PUBLISHED: EntryState.CONFIRMED,
    State.HELD: EntryState.CONFIRMED,
    State.CANCELLED: EntryState.CANCELLED,
}
"""How each state stands in the calendar; the others are not in it. What is sent back keeps its room and its hour."""


def refuse_if(reason: Refusal | None, **details: Any) -> None:
    """Raise the refusal, if there is one."""
    if reason is not None:
        raise Refused(reason, **details)


def moment(now: datetime) -> int:
    """Milliseconds, for what tells one mail from another."""
    return int(now.timestamp() * 1000)


# ----------------------------------------------------------------------------------------------------- reading, locking


async def locked(workshop_id: int) -> Row:
    """The workshop's row, locked. Raises `NotFound`."""
    rows = await get_for_update(Workshop, workshop_id)
    if not rows:
        raise NotFound
    return rows[0]


async def hosts_of(workshop_id: int) -> list[int]:
    """Who hosts, by id."""
    rows = await run(
        "select member_id from host where workshop_id = {} and state = 'hosting' order by member_id", workshop_id
    )
    return [row["member_id"] for row in rows]


async def invited_to(workshop_id: int) -> list[int]:
    """Who was asked to host and has not answered, by id."""
    rows = await run(
        "select member_id from host where workshop_id = {} and state = 'invited' order by member_id", workshop_id
    )
    return [row["member_id"] for row in rows]


async def locked_with_time(
    workshop_id: int, *, members: Collection[int] = (), rooms: Collection[int] = ()
) -> tuple[Row, list[int]]:
    """The workshop's row and its hosts, after locking them, its rooms, and these members and rooms, in that order."""
    seen = await run("select room_id, wished_room_id from workshop where id = {}", workshop_id)
    if not seen:
        raise NotFound
    people = {*members, *await hosts_of(workshop_id)}
    places = {*rooms, seen[0]["room_id"], seen[0]["wished_room_id"]} - {None}
    await lock_people_and_rooms(members=people, rooms=places)
    row = await locked(workshop_id)
    hosts = await hosts_of(workshop_id)
    if not people.issuperset(hosts) or not places.issuperset({row["room_id"], row["wished_room_id"]} - {None}):
        raise RunAgain("The hosts or the room changed between reading and locking.")
    return row, hosts


async def ask(row: Row, actor: int, *, now: datetime) -> tuple[Standing, Who]:
    """How it stands, and who asks. Raises `NotFound` for whoever may not even know of it."""
    standing, who = await standing_and_who(row, actor, now=now)
    if not rules.may_see(standing, who):
        raise NotFound
    return standing, who


# --------------------------------------------------------------------------------------------------------------- moves


async def change(row: Row, *, now: datetime, **values: Any) -> Row:
    """Write these columns, if state and version are still what was read."""
    columns: dict[Any, Any] = {**values, "modified_at": now}
    changed: list[Row] = (
        await Workshop.update(columns)
        .where((Workshop.id == row["id"]) & (Workshop.state == row["state"]) & (Workshop.version == row["version"]))
        .returning(*Workshop.all_columns())
    )
    if not changed:
        raise Refused(WorkshopRefusal.CHANGED_MEANWHILE)
    return changed[0]


async def move(row: Row, to: State, *, now: datetime, **values: Any) -> Row:
    """Move along the table `MOVES`, and write these columns with it."""
    if to not in MOVES[State(row["state"])]:
        raise Refused(WorkshopRefusal.WRONG_STATE)
    return await change(row, now=now, state=to.value, **values)


# ------------------------------------------------------------------------------------------------------- time and rooms


async def room_of(place_id: int, room_id: int) -> RoomFacts:
    """The room, if it is one of this place and still in use. Raises `NotFound`."""
    for room in await rooms_of(place_id):
        if room.id == room_id:
            return room
    raise NotFound


async def room_in_use(row: Row) -> int | None:
    """The room that this workshop has or wishes; none if it is no longer used."""
    wanted = row["room_id"] or row["wished_room_id"]
    return wanted if wanted in {room.id for room in await rooms_of(row["place_id"])} else None


async def where_is(row: Row) -> str:
    """Room, place and address in one line, as calendars have them."""
    found = await run(
        "select p.name as place, p.address, r.name as room from place p left join room r on r.id = {} where p.id = {}",
        row["room_id"],
        row["place_id"],
    )
    return ", ".join(part for part in (found[0]["room"], found[0]["place"], found[0]["address"]) if part)


async def refuse_clash(
    *, members: Collection[int], actor: int, starts_at: datetime, ends_at: datetime, but: int | None = None
) -> None:
    """Refuse when one of these people is taken then. Of others than the actor only the name is told."""
    clash = await why_clashes(starts_at=starts_at, ends_at=ends_at, member_ids=members, except_for=_itself(but))
    if clash is None:
        return
    if clash.member_id == actor:
        who = Text(wording.NOT_FREE_YOURSELF, {"title": clash.title, "starts_at": clash.starts_at})
    else:
        who = Text(wording.NOT_FREE, {"name": clash.member_name})
    raise Refused(WorkshopRefusal.HOST_NOT_FREE, who=who)


async def settle_room(
    room_id: int | None,
    *,
    wish: bool,
    place_id: int,
    capacity: int,
    needs: Collection[Need],
    starts_at: datetime,
    ends_at: datetime,
    but: int | None = None,
) -> dict[str, int | None]:
    """`room_id` and `wished_room_id`: the room if it is free; a wish if it is not and `wish` says so; else refused.

    The room has been locked by the caller.
    """
    if room_id is None:
        return {"room_id": None, "wished_room_id": None}
    room = await room_of(place_id, room_id)
    refuse_if(
        rules.why_not_this_room(capacity=capacity, seats=room.seats, needs=needs), room=room.name, seats=room.seats
    )
    clash = await why_clashes(starts_at=starts_at, ends_at=ends_at, room_id=room_id, except_for=_itself(but))
    if clash is None:
        return {"room_id": room_id, "wished_room_id": None}
    if not wish:
        raise Refused(
            WorkshopRefusal.ROOM_TAKEN,
            room=room.name,
            starts_at=clash.starts_at,
            ends_at=clash.ends_at,
            room_id=room_id,
        )
    return {"room_id": None, "wished_room_id": room_id}


async def draft_room(proposal: Proposal, place_id: int) -> dict[str, int | None]:
    """The same for a draft, which takes no room yet: only what its author would like."""
    if proposal.room_id is not None:
        room = await room_of(place_id, proposal.room_id)
        refuse_if(
            rules.why_not_this_room(capacity=proposal.capacity, seats=room.seats, needs=proposal.needs),
            room=room.name,
            seats=room.seats,
        )
    wish = proposal.keep_room_wish
    return {
        "room_id": None if wish else proposal.room_id,
        "wished_room_id": proposal.room_id if wish else None,
    }


def _itself(workshop_id: int | None) -> tuple[str, int] | None:
    return None if workshop_id is None else (KIND, workshop_id)


async def write_entry(row: Row, *, now: datetime) -> None:
    """Bring the calendar's entry to what the row says now."""
    people = await members_by_id(await hosts_of(row["id"]))
    standing = await standing_of(row)
    await put_entry(
        Planned(
            kind=KIND,
            thing_id=row["id"],
            place_id=row["place_id"],
            room_id=row["room_id"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            state=IN_CALENDAR[standing.state].value,
            title=row["title"],
            genre=row["format"],
            summary=row["summary"],
            hosts=tuple(people[member].name for member in sorted(people)),
            seats=row["capacity"],
            taken=standing.taken,
            waiting=standing.waiting,
            language=row["language"],
            step_free=bool(row["step_free"]),
            children=bool(row["children"]),
        ),
        now=now,
    )


async def recount(row: Row) -> None:
    """Bring the entry's numbers to those of the sign-ups."""
    standing = await standing_of(row)
    await set_counts(KIND, row["id"], taken=standing.taken, waiting=standing.waiting, seats=standing.capacity)


async def count_in(row: Row, standing: Standing, state: SignUpState) -> None:
    """As `recount`, when one sign-up in this state is all that has come since `standing` was read under the lock."""
    waits = state is SignUpState.WAITING
    taken, waiting = standing.taken + (not waits), standing.waiting + waits
    await set_counts(KIND, row["id"], taken=taken, waiting=waiting, seats=standing.capacity)


# ------------------------------------------------------------------------------------------------------ journal, mails


async def note(
    row: Row,
    act: str,
    *,
    voice: str,
    by: int | None,
    now: datetime,
    shown: bool = False,
    reason: str = "",
) -> None:
    """A line of the journal. Members read a title only once the workshop has been published."""
    titled = not shown or row["published_at"] is not None
    await write_journal(
        place_id=row["place_id"],
        at=now,
        voice=voice,
        act=f"workshop.{act}",
        kind=KIND,
        thing_id=row["id"],
        actor_id=by,
        title=row["title"] if titled else "",
        reason=reason,
        shown=shown,
    )


async def tell(
    mail: Mail,
    members: Iterable[int],
    *,
    row: Row,
    kind: Kind,
    what: str,
    now: datetime,
    link: str = "",
    part: Part | None = None,
    offer_keys: Mapping[int, str] | None = None,
    also: Mapping[int, Text] | None = None,
    quiet: bool = False,
    good_until: datetime | None = None,
) -> None:
    """Tell each of these members, once for each `what`. The calendar's entry is already as the mail says it is.

    `quiet` tells only those whose own calendar changes with it: what somebody did themselves, the page has said.
    """
    await notices.tell(
        members,
        kind=kind,
        what=f"workshop-{row['id']}-{what}",
        subject=mail.subject,
        body=mail.body,
        link=link or f"/ateliers/{row['id']}",
        action=mail.action,
        place_id=row["place_id"],
        about=notices.About(KIND, row["id"], row["starts_at"]),
        part=part,
        offer_keys=offer_keys,
        also=also,
        discreet=not FORMATS[Format(row["format"])].lists_participants,
        quiet=quiet,
        good_until=good_until,
        now=now,
    )


async def tell_people(
    mail: Mail,
    *,
    row: Row,
    kind: Kind,
    what: str,
    now: datetime,
    but: Collection[int] = (),
    hosts: Collection[int] = (),
    part: Part | None = None,
) -> None:
    """Tell everybody who has a place or waits, `but` these; for people without an account, whoever signed them up.

    `hosts` are told as such (`tell_hosts`), of those whom they signed up too.
    """
    people = await run(
        "select member_id from sign_up where workshop_id = {} and member_id is not null "
        "and state in ('confirmed', 'offered', 'waiting') order by id",
        row["id"],
    )
    members = {each["member_id"] for each in people}.difference(but)
    also = await _guests_to_warn(row)
    await tell(mail, members, row=row, kind=kind, what=what, part=part, also=also, now=now)
    signers = also.keys() - members - set(hosts)
    await tell(mail, signers, row=row, kind=kind, what=f"{what}-guests", also=also, now=now)


async def tell_hosts(
    mail: Mail,
    others: Collection[int],
    *,
    actor: int | None,
    row: Row,
    kind: Kind,
    what: str,
    now: datetime,
    part: Part | None = None,
) -> None:
    """Tell these hosts, each in one message, of those whom they signed up too. The actor knows, but for these and for
    their calendar."""
    also = await _guests_to_warn(row)
    await tell(mail, others, row=row, kind=kind, what=what, part=part, also=also, now=now)
    if actor is not None:
        quiet = actor not in also
        await tell(mail, [actor], row=row, kind=kind, what=what, part=part, also=also, quiet=quiet, now=now)


async def _guests_to_warn(row: Row) -> dict[int, Text]:
    """What whoever signed up people without an account is told besides."""
    found = await run(
        "select first_name, signed_by from sign_up where workshop_id = {} and member_id is null "
        "and signed_by is not null and state in ('confirmed', 'offered', 'waiting') order by id",
        row["id"],
    )
    guests: dict[int, list[str]] = {}
    for each in found:
        guests.setdefault(each["signed_by"], []).append(each["first_name"])
    return {member: wording.warn_guests(names) for member, names in guests.items()}
