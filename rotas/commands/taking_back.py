"""What somebody may not have any more, because they may less than when they took it: they mediate in a place, belong to
it no more, or are said to be under age.

Inside the transaction that changed it (`Domain.may_less`), which holds the member's row: so they take nothing
meanwhile. No turn is lost without a word, and whoever lacks then is called out to anew.
"""

from __future__ import annotations

from datetime import datetime

from app.clock import local_day
from app.database import get_for_update, run
from app.identity.api import who_is_here
from app.notices.api import Kind
from rotas import rules, wording
from rotas.commands.moving import tell_of_place
from rotas.commands.steps import ask, holding_of, locked_slots, moment, recount, take_turn_away
from rotas.facts import Row, title_of
from rotas.rules import Standing, Who
from rotas.states import RotaRefusal, SlotState, Went
from rotas.tables import Pattern, WeeklyHold


async def take_back(member_id: int, now: datetime) -> None:
    """Free the turns of this member that are not over and not for them any more, and end what they may not hold every
    week. What they may keep stays theirs."""
    coming = await run(
        "select h.slot_id from rota_holding h join rota_slot s on s.id = h.slot_id "
        "where h.member_id = {} and h.went = '' and s.ends_at > {} order by h.slot_id",
        member_id,
        now,
    )
    slots = await locked_slots(*(row["slot_id"] for row in coming), members=[member_id], now=now)
    weekly = await _not_weekly_any_more(member_id, now=now)
    await get_for_update(Pattern, *(hold["pattern_id"] for hold, _ in weekly))
    for slot in slots.values():
        await _take_back_one(slot, member_id, now=now)
    for hold, why in weekly:
        await WeeklyHold.update({WeeklyHold.ended_at: now}).where(WeeklyHold.id == hold["id"])
        await tell_of_place(
            wording.weekly_no_more(hold["duty"], why=why),
            [member_id],
            kind=Kind.CANCELLATION,
            what=f"weekly-over-{hold['id']}-{moment(now)}",
            place_id=hold["place_id"],
            now=now,
        )


async def _take_back_one(slot: Row, member_id: int, *, now: datetime) -> None:
    standing, who = await ask(slot, member_id, now=now)
    why = rules.why_no_more(standing, who)
    holding = await holding_of(slot["id"], member_id)
    if why is None or holding is None:
        return
    told = wording.yours_no_more(title_of(slot), slot["starts_at"], why=why)
    await take_turn_away(slot, holding, Went.FREED, by=None, told=told, now=now)
    await recount(slot, now=now)


async def _not_weekly_any_more(member_id: int, *, now: datetime) -> list[tuple[Row, RotaRefusal]]:
    """What this member holds every week and may not, with why. Who is of age by when the next turns are made holds it
    still, and misses those before."""
    rows = await run(
        "select w.id, w.pattern_id, p.place_id, d.name as duty, d.act, d.adults_only, m.adult_on from rota_weekly w "
        "join rota_pattern p on p.id = w.pattern_id join duty d on d.id = p.duty_id "
        "join member m on m.id = w.member_id where w.member_id = {} and w.ended_at is null order by w.pattern_id",
        member_id,
    )
    found = []
    for row in rows:
        here = await who_is_here(member_id, row["place_id"], at=now)
        standing = Standing(
            state=SlotState.OPEN,
            on=local_day(now) + rules.MADE_AHEAD,
            starts_at=now,
            ends_at=now,
            people=1,
            act=row["act"],
            adults_only=bool(row["adults_only"]),
        )
        who = Who(member_id, belongs=here.belongs, mediator=here.mediator, adult_on=row["adult_on"], holds=True)
        why = rules.why_no_more(standing, who)
        if why is not None:
            found.append((row, why))
    return found
