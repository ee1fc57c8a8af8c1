"""What somebody may not have any more, because they may less than when they took it: they mediate in a place, belong to
it no more, or are said to be under age; or because what they took allows more than it did.

Inside the transaction that changed it (`Domain.may_less`, `duties.change_duty`), which holds the members' rows: so they
take nothing meanwhile. No turn is lost without a word, and whoever lacks then is called out to anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from app.clock import local_day
from app.database import get_for_update, run
from app.i18n import Text
from app.identity.api import who_is_here
from app.notices.api import Kind
from rotas import rules, wording
from rotas.commands.moving import tell_of_place
from rotas.commands.steps import ask, holding_of, locked_slots, moment, name_of, recount, take_turn_away
from rotas.facts import Row, standing_of, title_of
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
    weekly = await _held_weekly("w.member_id = {}", member_id)
    await get_for_update(Pattern, *(hold["pattern_id"] for hold in weekly))
    for slot in slots.values():
        await take_back_one(slot, member_id, now=now)
    await _end_barred(weekly, now=now)


async def take_back_one(slot: Row, member_id: int, *, now: datetime) -> bool:
    """Free this locked slot, or what of it they watch, if it is not for this member any more; whether it was so."""
    standing, who = await ask(slot, member_id, now=now)
    why = rules.why_no_more(standing, who)
    holding = await holding_of(slot["id"], member_id)
    if why is None or holding is None:
        return False
    await free_for(slot, holding, why=Text(wording.SENTENCES[why], {}), now=now)
    return True


async def free_for(slot: Row, holding: Row, *, why: Text, now: datetime) -> None:
    """Free this locked slot of a member who may not have it, who is told why."""
    told = wording.yours_no_more(title_of(slot), slot["starts_at"], why=why)
    await take_turn_away(slot, holding, Went.FREED, by=None, told=told, now=now)
    await recount(slot, now=now)


async def take_guest_back(slot: Row, holding: Row, *, by: int, now: datetime) -> None:
    """Free this locked slot of somebody without an account, if what it allows now is not for whom nobody knows;
    whoever took it for them is told."""
    if not rules.bars_guests(standing_of(slot)):
        return
    told = wording.guest_gone(title_of(slot), slot["starts_at"], first_name=holding["first_name"], by=await name_of(by))
    await take_turn_away(slot, holding, Went.FREED, by=by, told=told, now=now)
    await recount(slot, now=now)


async def end_weekly_of(duty_id: int, *, now: datetime) -> None:
    """What this duty allows has changed: who may not have such turns holds them every week no more. Inside the
    caller's transaction, which has locked the duty's patterns and who holds them."""
    await _end_barred(await _held_weekly("p.duty_id = {}", duty_id), now=now)


async def _held_weekly(of: str, which: int) -> list[Row]:
    return await run(
        "select w.id, w.pattern_id, w.member_id, p.place_id, d.name as duty, d.act, d.opens_place, d.adults_only, "  # noqa: S608 - words of this file
        "m.adult_on from rota_weekly w join rota_pattern p on p.id = w.pattern_id join duty d on d.id = p.duty_id "
        f"join member m on m.id = w.member_id where {of} and w.ended_at is null order by w.pattern_id, w.id",
        which,
    )


async def _end_barred(weekly: Iterable[Row], *, now: datetime) -> None:
    """End what of these is not for whoever holds it every week, and tell them why: once of each duty."""
    told: set[tuple[int, int, str]] = set()
    for hold in weekly:
        why = await _why_not_weekly(hold, now=now)
        if why is None:
            continue
        await WeeklyHold.update({WeeklyHold.ended_at: now}).where(WeeklyHold.id == hold["id"])
        who_of_what = (hold["member_id"], hold["place_id"], hold["duty"])
        if who_of_what in told:
            continue
        told.add(who_of_what)
        await tell_of_place(
            wording.weekly_no_more(hold["duty"], why=why),
            [hold["member_id"]],
            kind=Kind.CANCELLATION,
            what=f"weekly-over-{hold['id']}-{moment(now)}",
            place_id=hold["place_id"],
            now=now,
        )


async def _why_not_weekly(hold: Row, *, now: datetime) -> RotaRefusal | None:
    """Why this member may not hold it every week. Who is of age by when the next turns are made holds it still, and
    misses those before."""
    here = await who_is_here(hold["member_id"], hold["place_id"], at=now)
    standing = Standing(
        state=SlotState.OPEN,
        on=local_day(now) + rules.MADE_AHEAD,
        starts_at=now,
        ends_at=now,
        people=1,
        act=hold["act"],
        opens_place=bool(hold["opens_place"]),
        adults_only=bool(hold["adults_only"]),
    )
    who = Who(
        hold["member_id"],
        belongs=here.belongs,
        met=here.met,
        mediator=here.mediator,
        adult_on=hold["adult_on"],
        holds=True,
    )
    return rules.why_no_more(standing, who)
