"""What the tests of turns look at in the database, after a command."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import pytest

from app.database import run
from app.errors import Refusal, Refused
from app.i18n import Text, language
from app.identity.states import Act
from rotas.wording import SENTENCES


async def slot(slot_id: int) -> dict[str, Any]:
    return (await run("select * from rota_slot where id = {}", slot_id))[0]


async def holders(slot_id: int) -> list[int | None]:
    """Who has a place of it, in the order of taking; None for a guest."""
    rows = await run(
        "select member_id from rota_holding where slot_id = {} and went = '' and came <> 'watches' order by id", slot_id
    )
    return [row["member_id"] for row in rows]


async def holdings(slot_id: int, member_id: int | None = None) -> list[dict[str, Any]]:
    rows = await run("select * from rota_holding where slot_id = {} order by id", slot_id)
    return [row for row in rows if member_id in (None, row["member_id"])]


async def swap(swap_id: int) -> dict[str, Any]:
    return (await run("select * from rota_swap where id = {}", swap_id))[0]


async def entry(slot_id: int) -> dict[str, Any]:
    return (await run("select * from entry where kind = 'turn' and thing_id = {}", slot_id))[0]


async def parts(slot_id: int) -> dict[int, bool]:
    """Who takes part in the calendar, and whether it takes their time."""
    rows = await run(
        "select t.member_id, t.binding from taking_part t join entry e on e.id = t.entry_id "
        "where e.kind = 'turn' and e.thing_id = {} and t.left_at is null",
        slot_id,
    )
    return {row["member_id"]: bool(row["binding"]) for row in rows}


async def allowed(member_id: int, act: Act, at: datetime) -> bool:
    return bool(
        await run(
            "select 1 as one from granted_act where member_id = {} and act = {} and from_at <= {} "
            "and (until_at is null or until_at > {})",
            member_id,
            act.value,
            at,
            at,
        )
    )


async def refused(attempt: Awaitable[object], reason: Refusal) -> Refused:
    """The command must be refused, for this reason, with all the details that its sentence asks for."""
    with pytest.raises(Refused) as caught:
        await attempt
    assert caught.value.reason is reason
    said = language("fr").say(Text(SENTENCES[reason], caught.value.details))
    assert "%(" not in said
    return caught.value


async def consistent(*only: int) -> None:
    """What must hold of all slots, or of these, whatever happened: numbers are those of the holders; rows, calendar and
    grants say the same; nobody stands on two turns at once; no request is open for a turn that is not its asker's."""
    slots = await run("select s.*, d.act from rota_slot s join duty d on d.id = s.duty_id")
    for each in slots:
        if only and each["id"] not in only:
            continue
        held = await holders(each["id"])
        kept = await entry(each["id"])
        assert len(held) == each["taken"] == kept["taken"] <= each["people"] == kept["seats"]
        members = [member for member in held if member is not None]
        assert len(set(members)) == len(members)
        assert {member for member, binding in (await parts(each["id"])).items() if binding} == set(members)
        granted = await run(
            "select member_id from granted_act where source = {} and until_at > from_at and until_at > {}",
            f"slot:{each['id']}",
            each["ends_at"],
        )
        assert sorted(row["member_id"] for row in granted) == (sorted(members) if each["act"] else [])
    assert not await run(
        "select h.member_id from rota_holding h join rota_slot s on s.id = h.slot_id join rota_holding o on "
        "o.member_id = h.member_id and o.id > h.id join rota_slot t on t.id = o.slot_id "
        "where h.went = '' and o.went = '' and h.came <> 'watches' and o.came <> 'watches' "
        "and s.state = 'open' and t.state = 'open' and s.starts_at < t.ends_at and t.starts_at < s.ends_at"
    )
    assert not await run(
        "select w.id from rota_swap w where w.state = 'open' and not exists (select 1 from rota_holding h "
        "where h.slot_id = w.slot_id and h.member_id = w.from_member and h.went = '' and h.came <> 'watches')"
    )


async def untold() -> list[dict[str, Any]]:
    """Holdings that somebody else's deed ended, and of which nothing was told to whom it concerns."""
    lost = await run(
        "select h.*, coalesce(h.member_id, h.taken_by) as reader from rota_holding h "
        "where h.went not in ('', 'gone') and (h.left_by is null or h.left_by <> coalesce(h.member_id, h.taken_by))"
    )
    told = {(row["member_id"], row["about_id"]) for row in await run("select * from outbox where about_kind = 'turn'")}
    return [each for each in lost if (each["reader"], each["slot_id"]) not in told]
