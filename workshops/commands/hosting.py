"""Who hosts: inviting, saying yes, leaving, taking over; and calling a session off or on again.

Hosting binds a person's time: whoever takes some locks that member first and asks the calendar.
"""

from __future__ import annotations

from datetime import datetime

from app.calendar.api import Role, leave, take_part
from app.database import command, run, transaction
from app.errors import NotFound
from app.identity.api import members_by_id
from app.notices.api import Kind, Part
from rotas.api import cancel_slots, reopen_slots
from workshops import rules, wording
from workshops.commands.inviting import invite, set_host
from workshops.commands.places import ask_again, free_for_hosting, offer_freed
from workshops.commands.proposing import withdraw_proposal
from workshops.commands.steps import (
    ask,
    invited_to,
    locked,
    locked_with_time,
    moment,
    move,
    note,
    refuse_clash,
    refuse_if,
    room_in_use,
    settle_room,
    tell,
    tell_hosts,
    tell_people,
    write_entry,
)
from workshops.facts import KIND, Row, needs_of, source_of
from workshops.states import HostState, State


@command
async def invite_host(*, actor: int, workshop_id: int, member_id: int, now: datetime) -> None:
    """Ask a member of the place to host too. It takes none of their time until they say yes."""
    async with transaction():
        row = await locked(workshop_id)
        _, who = await ask(row, actor, now=now)
        if not await members_by_id([member_id]):
            raise NotFound
        await invite(row, [member_id], who=who, now=now)


@command
async def answer_invitation(*, actor: int, workshop_id: int, yes: bool, now: datetime) -> None:
    """Say yes or no to hosting. Yes takes that time: refused when one is not free."""
    async with transaction():
        row, _ = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        if who.hosting if yes else not who.invited:
            return
        if not who.invited:
            raise NotFound
        refuse_if(rules.why_cannot_answer_invitation(standing, who, yes=yes, now=now))
        if yes:
            await _come_to_host(row, actor, now=now)
        else:
            await set_host(row, actor, HostState.DECLINED, now=now)
        asked_by = await run(
            "select h.invited_by, m.name from host h join member m on m.id = h.member_id "
            "where h.workshop_id = {} and h.member_id = {} and h.invited_by is not null",
            workshop_id,
            actor,
        )
        for each in asked_by:
            mail = wording.invitation_answered(row["title"], name=each["name"], yes=yes)
            what = f"invitation-answered-{actor}-{moment(now)}"
            part = Part.UPDATE if yes else None  # who hosts stands in it
            await tell(mail, [each["invited_by"]], row=row, kind=Kind.HOSTING, what=what, part=part, now=now)


@command
async def leave_hosting(*, actor: int, workshop_id: int, now: datetime) -> None:
    """Host no longer. If nobody is left, people signed up are told that somebody is looked for."""
    async with transaction():
        row, hosts = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        left = await run(
            "select 1 as one from host where workshop_id = {} and member_id = {} and state = 'left'",
            workshop_id,
            actor,
        )
        if left:
            return
        refuse_if(rules.why_cannot_leave_hosting(standing, who, now=now))
        await set_host(row, actor, HostState.LEFT, now=now)
        await note(row, "host_left", voice="host", by=actor, now=now)
        if standing.state is State.DRAFT:
            return
        await leave(KIND, workshop_id, actor, now=now)
        await write_entry(row, now=now)
        title, starts_at = row["title"], row["starts_at"]
        gone, what = wording.hosting_no_more(title, starts_at), f"hosting-no-more-{moment(now)}"
        await tell(gone, [actor], row=row, kind=Kind.CONFIRMATION, what=what, part=Part.CANCEL, quiet=True, now=now)
        if hosts == [actor]:
            mail, what = wording.host_wanted(title, starts_at), f"host-wanted-{moment(now)}"
            await tell_people(mail, row=row, kind=Kind.CHANGE, what=what, part=Part.UPDATE, now=now)
        else:
            names = await members_by_id([actor])
            mail, what = wording.host_left(title, starts_at, name=names[actor].name), f"host-left-{moment(now)}"
            others = set(hosts) - {actor}
            await tell(mail, others, row=row, kind=Kind.HOSTING, what=what, part=Part.UPDATE, now=now)


@command
async def take_over(*, actor: int, workshop_id: int, now: datetime) -> None:
    """Host a published workshop that nobody hosts any more. Takes that time: refused when one is not free."""
    async with transaction():
        row, _ = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        if who.hosting:
            return
        refuse_if(rules.why_cannot_take_over(standing, who, now=now))
        await _come_to_host(row, actor, now=now)
        await note(row, "taken_over", voice="host", by=actor, now=now)
        names = await members_by_id([actor])
        mail = wording.host_found(row["title"], row["starts_at"], name=names[actor].name)
        what = f"host-found-{moment(now)}"
        await tell_people(mail, row=row, kind=Kind.CHANGE, what=what, part=Part.UPDATE, now=now)


async def _come_to_host(row: Row, member_id: int, *, now: datetime) -> None:
    """The member hosts from now on. Their row has been locked."""
    in_calendar = row["state"] != State.DRAFT
    if in_calendar:
        await refuse_clash(
            members=[member_id], actor=member_id, starts_at=row["starts_at"], ends_at=row["ends_at"], but=row["id"]
        )
    await free_for_hosting(row, member_id, now=now)
    await set_host(row, member_id, HostState.HOSTING, now=now)
    if in_calendar:
        await take_part(KIND, row["id"], member_id, Role.HOST, binding=True, now=now)
        await write_entry(row, now=now)
    if row["state"] == State.PUBLISHED:
        mail, what = wording.hosting(row["title"], row["starts_at"]), f"hosting-{moment(now)}"
        await tell(mail, [member_id], row=row, kind=Kind.CONFIRMATION, what=what, part=Part.INVITE, quiet=True, now=now)


@command
async def cancel(*, actor: int, workshop_id: int, reason: str, now: datetime) -> None:
    """Call a published session off: people are told, the list is kept. Before publication: take the proposal back.

    Already called off: nothing happens.
    """
    state = await run("select state from workshop where id = {}", workshop_id)
    if state and state[0]["state"] in (State.PROPOSED, State.SENT_BACK):
        await withdraw_proposal(actor=actor, workshop_id=workshop_id, reason=reason, now=now)
        return
    async with transaction():
        row, hosts = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        if standing.state is State.CANCELLED and (who.hosting or who.keeps_place):
            return
        refuse_if(rules.why_cannot_cancel(standing, who, now=now))
        row = await move(
            row,
            State.CANCELLED,
            now=now,
            cancelled_at=now,
            cancelled_by=actor,
            cancel_reason=reason,
            review_due_at=None,
        )
        await write_entry(row, now=now)
        voice = "host" if who.hosting else "bureau"
        await note(row, "cancelled", voice=voice, by=actor, now=now, reason=reason)
        kind, what = Kind.CANCELLATION, f"cancelled-{moment(now)}"
        mail = wording.cancelled(row["title"], row["starts_at"], reason=reason)
        others = {*hosts, *await invited_to(workshop_id)} - {actor}
        await tell_people(mail, row=row, kind=kind, what=what, hosts={actor, *others}, part=Part.CANCEL, now=now)
        mail = wording.cancelled(row["title"], row["starts_at"], reason=reason, host=True)
        await tell_hosts(mail, others, actor=actor, row=row, kind=kind, what=what, part=Part.CANCEL, now=now)
        await cancel_slots(source=source_of(workshop_id), actor=actor, now=now)


@command
async def reopen(*, actor: int, workshop_id: int, now: datetime) -> None:
    """A session that was called off is on again; people who had a place are asked whether they still come.

    Somebody else may have its room by now: then it is published without one, and gets it back if it comes free.
    """
    async with transaction():
        row, hosts = await locked_with_time(workshop_id, members=[actor])
        standing, who = await ask(row, actor, now=now)
        if standing.state is State.PUBLISHED and who.hosting:
            return
        refuse_if(rules.why_cannot_reopen(standing, who, now=now))
        await refuse_clash(
            members=hosts, actor=actor, starts_at=row["starts_at"], ends_at=row["ends_at"], but=workshop_id
        )
        rooms = await settle_room(
            await room_in_use(row),
            wish=True,
            place_id=row["place_id"],
            capacity=row["capacity"],
            needs=needs_of(row),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            but=workshop_id,
        )
        row = await move(row, State.PUBLISHED, now=now, cancelled_at=None, cancelled_by=None, cancel_reason="", **rooms)
        await write_entry(row, now=now)
        await note(row, "reopened", voice="host", by=actor, now=now)
        await ask_again(row, hosts=hosts, now=now)
        await offer_freed(row, freed=True, now=now)
        mail = wording.on_again(row["title"], row["starts_at"])
        what = f"reopened-{moment(now)}"
        others = set(hosts) - {actor}
        await tell_hosts(mail, others, actor=actor, row=row, kind=Kind.CHANGE, what=what, part=Part.INVITE, now=now)
        await reopen_slots(source=source_of(workshop_id), now=now)
