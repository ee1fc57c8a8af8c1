"""What the tests of workshops look at in the database, after a command."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from app.database import run
from app.errors import Refused
from app.i18n import Text, language
from workshops.states import WorkshopRefusal
from workshops.wording import SENTENCES

SAID: dict[str, str] = {}
"""What the outbox knows each message by → what it is, as the fixture `said` overhears it."""


async def workshop(workshop_id: int) -> dict[str, Any]:
    return (await run("select * from workshop where id = {}", workshop_id))[0]


async def state(workshop_id: int) -> str:
    return str((await workshop(workshop_id))["state"])


async def entry(workshop_id: int) -> dict[str, Any] | None:
    found = await run("select * from entry where kind = 'workshop' and thing_id = {}", workshop_id)
    return found[0] if found else None


async def entry_state(workshop_id: int) -> str | None:
    found = await entry(workshop_id)
    return None if found is None else str(found["state"])


async def parts(workshop_id: int) -> dict[int, str]:
    """Who takes part in the calendar, and as what."""
    rows = await run(
        "select t.member_id, t.role from taking_part t join entry e on e.id = t.entry_id "
        "where e.kind = 'workshop' and e.thing_id = {} and t.left_at is null",
        workshop_id,
    )
    return {row["member_id"]: row["role"] for row in rows}


async def sign_ups(workshop_id: int) -> list[dict[str, Any]]:
    return await run("select * from sign_up where workshop_id = {} order by id", workshop_id)


async def places(workshop_id: int) -> dict[int, str]:
    """The last sign-up of each member: its state."""
    return {row["member_id"]: row["state"] for row in await sign_ups(workshop_id) if row["member_id"]}


async def host_state(workshop_id: int, member_id: int) -> str | None:
    found = await run("select state from host where workshop_id = {} and member_id = {}", workshop_id, member_id)
    return str(found[0]["state"]) if found else None


async def journal(workshop_id: int, *, shown: bool = True) -> list[dict[str, Any]]:
    return await run(
        "select act, voice, actor_id, title, reason from journal_line where kind = 'workshop' and thing_id = {} "
        "and shown = {} order by id",
        workshop_id,
        shown,
    )


async def acts(workshop_id: int, *, shown: bool = True) -> list[str]:
    return [line["act"] for line in await journal(workshop_id, shown=shown)]


async def mails(*, to: int | None = None, kind: str | None = None, about: str = "") -> list[dict[str, Any]]:
    """What was told, on the site too (`recipient` is empty then). `about` is a word of what it is: `offer`, `low`…"""
    rows = await run("select * from outbox order by id")
    return [
        row
        for row in rows
        if to in (None, row["member_id"])
        and kind in (None, row["kind"])
        and (not about or f"-{about}" in SAID[row["dedupe"]])
    ]


async def mailed(**filters: Any) -> set[int]:
    """Which members were told."""
    return {row["member_id"] for row in await mails(**filters)}


async def refused(attempt: Awaitable[object], reason: WorkshopRefusal) -> Refused:
    """The command must be refused, for this reason, with all the details that its sentence asks for."""
    with pytest.raises(Refused) as caught:
        await attempt
    assert caught.value.reason is reason
    said = language("fr").say(Text(SENTENCES[reason], caught.value.details))
    assert "%(" not in said
    return caught.value
