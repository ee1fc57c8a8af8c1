"""Asking members to host, inside the caller's transaction: at a proposal, an edit, or later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.database import run
from app.identity.api import members_by_id
from app.notices.api import Kind
from workshops import rules, wording
from workshops.commands.steps import moment, refuse_if, tell
from workshops.facts import Row, standing_of, who_is
from workshops.rules import Who
from workshops.states import HostState, State
from workshops.tables import Host


async def set_host(row: Row, member_id: int, state: HostState, *, invited_by: int | None = None, now: datetime) -> None:
    """Where this member stands as a host, from now on."""
    await run(
        "insert into host (workshop_id, member_id, state, invited_by, since_at, last_word, last_word_shown) "
        "values ({}, {}, {}, {}, {}, '', {}) on conflict (workshop_id, member_id) do update "
        "set state = excluded.state, since_at = excluded.since_at, "
        "invited_by = coalesce(excluded.invited_by, host.invited_by)",
        row["id"],
        member_id,
        state.value,
        invited_by,
        now,
        False,
    )


async def invite(row: Row, members: Iterable[int], *, who: Who, now: datetime) -> None:
    """Ask these members to host. Who is invited already is not asked twice. A draft tells nobody yet."""
    standing = await standing_of(row)
    for member_id in dict.fromkeys(members):
        invited = await who_is(row, member_id, now=now)
        if invited.invited or member_id == who.id:
            continue
        refuse_if(rules.why_cannot_invite(standing, who, invited, now=now))
        await set_host(row, member_id, HostState.INVITED, invited_by=who.id, now=now)
    if standing.state is not State.DRAFT:
        await tell_invited(row, now=now)


async def tell_invited(row: Row, *, now: datetime) -> None:
    """Mail those who are invited and were not told yet."""
    invited = await Host.select(Host.member_id, Host.invited_by, Host.since_at).where(
        (Host.workshop_id == row["id"]) & (Host.state == HostState.INVITED.value)
    )
    names = await members_by_id(each["invited_by"] for each in invited if each["invited_by"])
    for each in invited:
        by = names[each["invited_by"]].name if each["invited_by"] in names else ""
        await tell(
            wording.invitation(row["title"], row["starts_at"], by=by),
            [each["member_id"]],
            row=row,
            kind=Kind.HOSTING,
            what=f"invited-{moment(each['since_at'])}",
            now=now,
        )
