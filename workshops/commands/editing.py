"""Changing a workshop, in any state that can still change: what it asks of the reading, the calendar and people.

Each edit moves the version, so that nobody decides on what they have not read. Before publication an edit of words or
start begins the reading anew; after it people are told, and the desk shows changed words for 48 h.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.database import command, run, transaction
from app.errors import Refused
from app.i18n import Text
from app.notices.api import Kind, Part
from workshops import rules, wording
from workshops.commands.inviting import invite
from workshops.commands.places import offer_freed, shorten_offers
from workshops.commands.proposing import submit_row
from workshops.commands.publishing import ask_the_bureau
from workshops.commands.steps import (
    ask,
    change,
    draft_room,
    invited_to,
    note,
    refuse_clash,
    refuse_if,
    room_of,
    settle_room,
    tell,
    tell_hosts,
    tell_people,
    write_entry,
)
from workshops.commands.turns import locked_with_helpers, move_turns
from workshops.facts import Row, Words, columns_of, needs_of, offer_key, standing_of
from workshops.rules import Proposal, Standing
from workshops.states import State, WorkshopRefusal

IN_CALENDARS = (
    "title", "summary", "format", "starts_at", "ends_at", "room_id", "language", "step_free", "children",
)  # fmt: skip
"""Of what people are told of, what their calendars show too."""
READ = ("title", "format", "summary", "speaker", "needs")
"""What a reading is about: changed before publication, it begins anew."""


@command
async def edit(*, actor: int, workshop_id: int, proposal: Proposal, version: int, now: datetime) -> None:
    """Change a draft, a proposal or a published workshop. `version` is the one that was edited: else refused.

    What was sent back is proposed again with it, or nothing is changed. Sending the same again changes nothing. Raising
    the capacity offers places to those who wait.
    """
    async with transaction():
        rooms = [] if proposal.room_id is None else [proposal.room_id]
        row, hosts, helpers = await locked_with_helpers(workshop_id, members=[actor], rooms=rooms, now=now)
        standing, who = await ask(row, actor, now=now)
        refuse_if(rules.why_cannot_edit(standing, who, now=now))
        values = columns_of(proposal)
        changed = {name for name, value in values.items() if row[name] != value}
        if (row["room_id"] or row["wished_room_id"]) != proposal.room_id:
            changed.add("room")
        if not changed and await _all_asked(workshop_id, proposal):
            if standing.state is State.SENT_BACK:
                await submit_row(row, standing, who, hosts=hosts, now=now)
            return
        if version != row["version"]:
            raise Refused(WorkshopRefusal.CHANGED_MEANWHILE)
        if standing.state is State.DRAFT:
            values |= await draft_room(proposal, row["place_id"])
        else:
            values |= await _in_time(row, standing, proposal, changed, actor=actor, hosts=hosts, now=now)
        after = await change(row, now=now, version=row["version"] + 1, **values)
        if standing.state is not State.DRAFT:
            await write_entry(after, now=now)
            await note(after, "edited", voice="host", by=actor, now=now)
        invited = await invited_to(workshop_id)  # those who knew it as it was
        await invite(after, proposal.cohost_ids, who=who, now=now)
        if standing.state in (State.PROPOSED, State.SENT_BACK):
            others = {*hosts, *invited} - {actor}
            await _tell_changes(row, after, kind=Kind.HOSTING, others=others, now=now)
        if standing.state is State.SENT_BACK:
            await submit_row(after, await standing_of(after), who, hosts=hosts, now=now)
        elif standing.state is State.PROPOSED and proposal.needs - standing.needs:
            await ask_the_bureau(after, now=now)
        elif standing.state is State.PUBLISHED:
            hurried = await shorten_offers(after, now=now) if "starts_at" in changed else []
            others = {*hosts, *invited} - {actor}
            await _tell_changes(row, after, kind=Kind.CHANGE, others=others, actor=actor, hurried=hurried, now=now)
            await move_turns(row, after, locked={actor, *helpers, *hosts}, actor=actor, now=now)
            await offer_freed(after, freed=after["capacity"] > row["capacity"], now=now)


async def _all_asked(workshop_id: int, proposal: Proposal) -> bool:
    known = await run(
        "select member_id from host where workshop_id = {} and state in ('invited', 'hosting')", workshop_id
    )
    return {each["member_id"] for each in known}.issuperset(proposal.cohost_ids)


async def _in_time(
    row: Row,
    standing: Standing,
    proposal: Proposal,
    changed: set[str],
    *,
    actor: int,
    hosts: list[int],
    now: datetime,
) -> dict[str, Any]:
    """Refuse what cannot be, and give the columns of room and reading that follow from this edit."""
    starts_at, published = proposal.starts_at, standing.state is State.PUBLISHED
    if "starts_at" in changed:
        refusal = rules.why_not_then(starts_at=starts_at, now=now)
        if refusal is WorkshopRefusal.STARTS_TOO_SOON and published:
            refusal = None  # it has been read: only the past is impossible
        refuse_if(refusal, earliest=now if published else rules.earliest_start(now))
    if published:
        if proposal.needs - standing.needs:
            raise Refused(WorkshopRefusal.NEEDS_THE_BUREAU)
        refuse_if(rules.why_not_this_capacity(capacity=proposal.capacity, taken=standing.taken), taken=standing.taken)
    if changed & {"starts_at", "ends_at"}:
        await refuse_clash(members=hosts, actor=actor, starts_at=starts_at, ends_at=proposal.ends_at, but=row["id"])
    values: dict[str, Any] = {}
    if changed & {"room", "starts_at", "ends_at", "capacity", "needs"}:
        wished = proposal.room_id == row["wished_room_id"] and not changed & {"starts_at", "ends_at"}
        values |= await settle_room(
            proposal.room_id,
            wish=wished or proposal.keep_room_wish,
            place_id=row["place_id"],
            capacity=proposal.capacity,
            needs=proposal.needs,
            starts_at=starts_at,
            ends_at=proposal.ends_at,
            but=row["id"],
        )
    if proposal.needs - needs_of(row):
        values |= {"yes_at": None, "yes_by": None}  # the bureau said yes to less
    if "starts_at" in changed:
        values["low_told_at"] = None
    if standing.state is State.PROPOSED:
        values |= _reading_after(row, values, proposal, changed, now=now)
    if published and changed & {"title", "format", "summary"}:
        shown = row["edited_at"] is not None and now < row["edited_at"] + rules.EDIT_SHOWN_FOR
        unread = shown or row["review_due_at"] is not None  # the words of before are those that were read
        before = row["edited_from"] if unread and row["edited_from"] else Words.of(row).kept()
        values |= {"edited_at": now, "edited_from": before}
    return values


def _reading_after(
    row: Row, settled: dict[str, Any], proposal: Proposal, changed: set[str], *, now: datetime
) -> dict[str, Any]:
    """The clock of a proposal after this edit. A block that holds is not shortened by it."""
    starts_at, wished = proposal.starts_at, bool(settled.get("wished_room_id", row["wished_room_id"]))
    values: dict[str, Any] = {}
    if "starts_at" in changed:
        values = {"proposed_at": now, "due_at": rules.due_at(proposed_at=now, starts_at=starts_at, room_wished=wished)}
    elif changed & set(READ):
        due = rules.due_after_edit(now=now, starts_at=starts_at, room_wished=wished)
        values = {"proposed_at": now, "due_at": due}
    elif wished != (row["wished_room_id"] is not None):
        values = {"due_at": rules.due_after_edit(now=row["proposed_at"], starts_at=starts_at, room_wished=wished)}
    if "proposed_at" in values:
        values |= {"agreed_at": None, "decided_at": None, "decided_by": None, "decided_how": ""}
    if "due_at" in values and row["blocked_until"] is not None:
        # A start that came nearer shortens the block, as it would have when it was laid: no quarrel outlasts the start.
        until = max(now, min(row["blocked_until"], rules.blocked_until(now=now, starts_at=starts_at)))
        jury = rules.jury_due_at(drawn_at=until, starts_at=starts_at)
        values |= {"blocked_until": until, "due_at": max(values["due_at"], jury)}
    return values


async def _tell_changes(
    row: Row,
    after: Row,
    *,
    kind: Kind,
    others: set[int],
    actor: int | None = None,
    hurried: Sequence[Row] = (),
    now: datetime,
) -> None:
    """Tell what is not as it was: the other hosts and those who are asked to be; once it is published, people too.

    `hurried` are offers that end sooner than was told: they are told until when. `actor` knows, but for their calendar.
    """
    changes = await _changes(row, after)
    if not changes:
        return
    what, title = f"changed-{after['version']}", row["title"]
    part = Part.UPDATE if any(row[name] != after[name] for name in IN_CALENDARS) else None
    for_hosts = wording.changed(title, changes, host=True)
    if after["state"] != State.PUBLISHED:
        await tell(for_hosts, others, row=after, kind=kind, what=what, part=part, now=now)
        return
    await tell_hosts(for_hosts, others, actor=actor, row=after, kind=kind, what=what, part=part, now=now)
    if hurried:  # all until the same moment
        mail = wording.changed(title, changes, until=hurried[0]["offer_until"])
        keys = {offer["member_id"]: offer_key(offer["id"], offer["offered_at"]) for offer in hurried}
        await tell(mail, keys, row=after, kind=kind, what=what, part=part, offer_keys=keys, now=now)
    told = {offer["member_id"] for offer in hurried}
    hosts = {*others, *([] if actor is None else [actor])}
    mail = wording.changed(title, changes)
    await tell_people(mail, row=after, kind=kind, what=what, part=part, but=told, hosts=hosts, now=now)


async def _changes(row: Row, after: Row) -> list[Text]:
    changes: list[Text] = []
    before = (row["starts_at"], row["ends_at"])
    if (after["starts_at"], after["ends_at"]) != before:
        changes.append(wording.new_hours(after["starts_at"], after["ends_at"], before=before))
    if after["room_id"] != row["room_id"]:
        room = "" if after["room_id"] is None else (await room_of(after["place_id"], after["room_id"])).name
        changes.append(wording.new_room(room))
    if after["capacity"] != row["capacity"]:
        changes.append(wording.new_capacity(after["capacity"]))
    if after["title"] != row["title"]:
        changes.append(wording.new_title(after["title"]))
    if after["format"] != row["format"]:
        changes.append(wording.new_format())
    if after["summary"] != row["summary"]:
        changes.append(wording.new_summary())
    if after["speaker"] != row["speaker"]:
        changes.append(wording.new_speaker(after["speaker"]))
    if after["language"] != row["language"]:
        changes.append(wording.new_language(after["language"]))
    if after["step_free"] != row["step_free"]:
        changes.append(wording.new_access(bool(after["step_free"])))
    if after["children"] != row["children"]:
        changes.append(wording.new_children(bool(after["children"])))
    return changes
