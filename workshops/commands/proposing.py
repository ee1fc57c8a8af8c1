"""A workshop from its author's side: draft, proposal, proposing again, taking back. Edits are in `editing`.

A proposal takes its room and its hosts' time at once, so that two proposals cannot have the same; what is decided
about it is in `reading`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.calendar.api import Role, lock_people_and_rooms, remove_entry, take_part
from app.database import command, run, transaction
from app.identity.api import members_by_id
from app.notices.api import Kind, Part
from workshops import rules, wording
from workshops.commands.inviting import invite, set_host, tell_invited
from workshops.commands.publishing import ask_the_bureau
from workshops.commands.steps import (
    ask,
    draft_room,
    hosts_of,
    invited_to,
    locked_with_time,
    move,
    note,
    refuse_clash,
    refuse_if,
    room_in_use,
    settle_room,
    tell,
    write_entry,
)
from workshops.facts import KIND, Row, columns_of, needs_of, stranger, who_is
from workshops.rules import Proposal, Standing, Who
from workshops.states import HostState, State
from workshops.tables import Host, Workshop


@command
async def propose(*, actor: int, place_id: int, proposal: Proposal, draft: bool, once: str, now: datetime) -> int:
    """Propose a workshop, or keep it as a draft that only its author sees; returns its id.

    `once` tells one sending of the form from another: the same again returns the same id. A room that is free and the
    author's time are taken at once. Refused when the room is taken (unless the wish is kept) or the start too near.
    """
    async with transaction():
        await lock_people_and_rooms(members=[actor], rooms=_rooms(proposal))
        again = await run("select id from workshop where proposer_id = {} and once = {}", actor, once)
        if again:
            return int(again[0]["id"])
        refuse_if(rules.why_cannot_propose(await stranger(actor, place_id)))
        values: dict[str, Any]
        if draft:
            values = {"state": State.DRAFT.value, **await draft_room(proposal, place_id)}
        else:
            refuse_if(rules.why_not_then(starts_at=proposal.starts_at, now=now), earliest=rules.earliest_start(now))
            await refuse_clash(members=[actor], actor=actor, starts_at=proposal.starts_at, ends_at=proposal.ends_at)
            rooms = await settle_room(
                proposal.room_id,
                wish=proposal.keep_room_wish,
                place_id=place_id,
                capacity=proposal.capacity,
                needs=proposal.needs,
                starts_at=proposal.starts_at,
                ends_at=proposal.ends_at,
            )
            reading = _reading_begins(proposal.starts_at, rooms, now=now)
            values = {"state": State.PROPOSED.value, **rooms, **reading}
        made: list[Row] = await Workshop.insert(
            Workshop(
                place_id=place_id,
                proposer_id=actor,
                once=once,
                **columns_of(proposal),
                **values,
                created_at=now,
                modified_at=now,
            )
        ).returning(*Workshop.all_columns())
        row = made[0]
        await set_host(row, actor, HostState.HOSTING, now=now)
        if not draft:
            await _enter_calendar(row, now=now)
            await note(row, "proposed", voice="member", by=actor, now=now)
            await ask_the_bureau(row, now=now)
        await invite(row, proposal.cohost_ids, who=await who_is(row, actor, now=now), now=now)
        return int(row["id"])


@command
async def submit(*, actor: int, workshop_id: int, now: datetime) -> None:
    """Propose a draft, or propose again what was sent back: the clock starts anew. Already proposed: fine."""
    async with transaction():
        row, hosts = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        if standing.state is State.PROPOSED and who.hosting:
            return
        await submit_row(row, standing, who, hosts=hosts, now=now)


async def submit_row(row: Row, standing: Standing, who: Who, *, hosts: list[int], now: datetime) -> None:
    """The same inside the caller's transaction, people, rooms and workshop locked."""
    refuse_if(rules.why_cannot_submit(standing, who, now=now), earliest=rules.earliest_start(now))
    await refuse_clash(members=hosts, actor=who.id, starts_at=row["starts_at"], ends_at=row["ends_at"], but=row["id"])
    rooms = await settle_room(
        await room_in_use(row),
        wish=row["room_id"] is None,
        place_id=row["place_id"],
        capacity=row["capacity"],
        needs=needs_of(row),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        but=row["id"],
    )
    again = standing.state is State.SENT_BACK
    row = await move(
        row,
        State.PROPOSED,
        now=now,
        version=row["version"] + (1 if again else 0),
        **rooms,
        **_reading_begins(row["starts_at"], rooms, now=now),
    )
    await _enter_calendar(row, now=now)
    await note(row, "proposed_again" if again else "proposed", voice="member", by=who.id, now=now)
    await ask_the_bureau(row, now=now)
    await tell_invited(row, now=now)


@command
async def withdraw_proposal(*, actor: int, workshop_id: int, reason: str = "", now: datetime) -> None:
    """Take a proposal back before it is published; a draft is thrown away for good. Already taken back: fine."""
    async with transaction():
        row, hosts = await locked_with_time(workshop_id)
        standing, who = await ask(row, actor, now=now)
        if standing.state is State.CANCELLED and who.hosting:
            return
        refuse_if(rules.why_cannot_withdraw_proposal(standing, who))
        if standing.state is State.DRAFT:
            await Host.delete().where(Host.workshop_id == workshop_id)
            await Workshop.delete().where(Workshop.id == workshop_id)
            return
        row = await move(row, State.CANCELLED, now=now, cancelled_at=now, cancelled_by=actor, cancel_reason=reason)
        await remove_entry(KIND, workshop_id, now=now)
        await note(row, "withdrawn", voice="host", by=actor, now=now)
        names = await members_by_id([actor])
        await tell(
            wording.withdrawn(row["title"], by=names[actor].name),
            {*hosts, *await invited_to(workshop_id)} - {actor},
            row=row,
            kind=Kind.CANCELLATION,
            what="withdrawn",
            part=Part.CANCEL,
            now=now,
        )


def _rooms(proposal: Proposal) -> list[int]:
    return [] if proposal.room_id is None else [proposal.room_id]


def _reading_begins(starts_at: datetime, rooms: dict[str, int | None], *, now: datetime) -> dict[str, Any]:
    """The columns of a reading that begins now, nothing left of the one before but what it asked for."""
    return {
        "proposed_at": now,
        "due_at": rules.due_at(proposed_at=now, starts_at=starts_at, room_wished=bool(rooms["wished_room_id"])),
        "decided_at": None,
        "decided_by": None,
        "decided_how": "",
        "agreed_at": None,
        "contested_at": None,
        "contest_due_at": None,
        "contest_word": "",
        "blocked_at": None,
        "blocked_until": None,
        "blocked_by": None,
        "blocked_why": "",
    }


async def _enter_calendar(row: Row, *, now: datetime) -> None:
    """Its room and the time of those who host are taken from now on."""
    await write_entry(row, now=now)
    for member in await hosts_of(row["id"]):
        await take_part(KIND, row["id"], member, Role.HOST, binding=True, now=now)
