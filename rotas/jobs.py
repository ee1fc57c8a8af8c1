"""What the clock does about turns: slots made ahead, those that lack somebody called out, requests that lapse, what one
learned by a turn, « on l’enlève ? », first names forgotten.

Each job finds what is due without a lock, then does it one thing a transaction, asking again under the lock: done
twice, or by two processes at once, it is done once. A job returns how many things it did, and raises `SomeFailed` at
its end when one of them fell over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from app.clock import local_day
from app.database import command, get_for_update, run, transaction
from app.identity.api import holders_of
from app.identity.states import Act
from app.notices.api import Kind
from app.one_by_one import OneByOne
from rotas import calling, rules, wording_slots
from rotas.commands.duties import level_of, write_level
from rotas.commands.moving import tell_of_place
from rotas.commands.patterns import make_slots_of
from rotas.commands.steps import close_swap, holdings_of, locked_slots, tell
from rotas.facts import KIND, slot_of, title_of
from rotas.states import SKILLED, Came, SlotState, SwapState
from rotas.tables import Holding, Slot, Swap

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LEARNED_LATE = timedelta(days=30)
"""A turn that ended longer ago, while no job ran, teaches nobody any more."""


async def make_slots(now: datetime) -> int:
    """Make the slots of weekly patterns eight weeks ahead, and give those who hold a place every week theirs."""
    today = local_day(now)
    due = await run(
        "select id from rota_pattern where (until_on is null or (until_on >= {} and until_on >= from_on)) "
        "and (made_until is null or made_until < {} and (until_on is null or made_until < until_on)) order by id",
        today,
        today + rules.MADE_AHEAD,
    )
    things = OneByOne("rotas.make_slots")
    await _each(things, "pattern", _make_slots_of, due, now)
    return things.done()


async def _make_slots_of(pattern_id: int, now: datetime) -> int:
    return await make_slots_of(pattern_id, now=now)


# ------------------------------------------------------------------------------------------------------ swaps, learning


async def lapse_swaps(now: datetime) -> int:
    """Requests for somebody in one's place end when a turn begins: it stayed whose it is, who is told."""
    due = await run("select id from rota_swap where state = 'open' and until_at <= {} order by id", now)
    things = OneByOne("rotas.lapse_swaps")
    await _each(things, "swap", _lapse_swap, due, now)
    return things.done()


@command
async def _lapse_swap(swap_id: int, now: datetime) -> int:
    async with transaction():
        found = await run("select slot_id from rota_swap where id = {}", swap_id)
        if not found:
            return 0
        slot_id = found[0]["slot_id"]
        slot = (await locked_slots(slot_id, now=now))[slot_id]
        (swap,) = await get_for_update(Swap, swap_id)
        if swap["until_at"] > now or not await close_swap(swap, SwapState.LAPSED, now=now):
            return 0
        mail = wording_slots.nobody_came_forward(title_of(slot), slot["starts_at"])
        what = f"swap-lapsed-{swap_id}"
        await tell(mail, [swap["from_member"]], slot=slot, kind=Kind.CHANGE, what=what, now=now)
        return 1


async def learn(now: datetime) -> int:
    """After a turn, those who did it or watched it beside somebody who can are so much further."""
    due = await run(
        "select id from rota_slot where state = {} and learned_at is null and ends_at <= {} and ends_at > {} "
        "order by id",
        SlotState.OPEN.value,
        now,
        now - LEARNED_LATE,
    )
    things = OneByOne("rotas.learn")
    await _each(things, KIND, _learn_of, due, now)
    return things.done()


@command
async def _learn_of(slot_id: int, now: datetime) -> int:
    async with transaction():
        slot = (await locked_slots(slot_id, with_holders=True, now=now))[slot_id]
        if slot["learned_at"] is not None or SlotState(slot["state"]) is not SlotState.OPEN or slot["ends_at"] > now:
            return 0
        there = [each for each in await holdings_of(slot_id) if each["member_id"] is not None]
        levels = {each["member_id"]: await level_of(slot["duty_id"], each["member_id"]) for each in there}
        skilled = {
            each["member_id"] for each in there if each["came"] != Came.WATCHES and levels[each["member_id"]] in SKILLED
        }
        further = 0
        for each in there:
            member, level = each["member_id"], levels[each["member_id"]]
            beside = bool(skilled - {member})
            after = rules.after_turn(level, watched=each["came"] == Came.WATCHES, beside_skilled=beside)
            if after is not level:
                await write_level(slot["duty_id"], member, after, by=None, now=now)
                further += 1
        await Slot.update({Slot.learned_at: now}).where(Slot.id == slot_id)
        return further


# ----------------------------------------------------------------------------------------------- empty runs, forgetting


async def empty_runs(now: datetime) -> int:
    """Ask whoever keeps the place about patterns that nobody took four times running: once for each such run. Of a
    quiet place nothing is said to be missing."""
    due = await run(
        "select p.id from rota_pattern p left join rota_setting q on q.place_id = p.place_id "
        "where (p.until_on is null or p.until_on >= {}) and (q.quiet is null or q.quiet = {}) order by p.id",
        local_day(now),
        False,
    )
    things = OneByOne("rotas.empty_runs")
    await _each(things, "pattern", _ask_about_run, due, now)
    return things.done()


@command
async def _ask_about_run(pattern_id: int, now: datetime) -> int:
    async with transaction():
        run_of = await run_without_anybody(pattern_id, now=now)
        if not run_of:
            return 0
        slot = await slot_of(run_of[0], now=now)
        keepers = await holders_of(slot["place_id"], Act.KEEP_PLACE, now)
        return await tell_of_place(
            wording_slots.empty_run(title_of(slot), slot["starts_at"], len(run_of)),
            [person.id for person in keepers],
            kind=Kind.DUTY,
            what=f"pattern-{pattern_id}-empty-since-{run_of[-1]}",
            place_id=slot["place_id"],
            now=now,
        )


async def run_without_anybody(pattern_id: int, *, now: datetime) -> list[int]:
    """The pattern's last slots that are over and that nobody took, the latest first, if they are so many that « on
    l’enlève ? » is asked; else none."""
    rows = await run(
        "select id from rota_slot where pattern_id = {} and state = 'open' and ends_at <= {} and starts_at > coalesce("
        "(select t.starts_at from rota_slot t where t.pattern_id = {} and t.state = 'open' and t.ends_at <= {} "
        "and t.taken > 0 order by t.starts_at desc limit 1), {}) order by starts_at desc",
        pattern_id,
        now,
        pattern_id,
        now,
        LONG_AGO,
    )
    return [row["id"] for row in rows] if rules.asks_to_remove([0] * len(rows)) else []


async def forget_guests(now: datetime) -> int:
    """Forget the first names of people without an account, and who took the turn for them, 30 days after; in the
    journal too, where members read nothing of it."""
    due = await run(
        "select distinct h.slot_id as id from rota_holding h join rota_slot s on s.id = h.slot_id "
        "where h.came = 'guest' and (h.first_name <> '' or h.taken_by is not null) and s.ends_at <= {} "
        "order by h.slot_id",
        now - rules.GUESTS_KEPT_FOR,
    )
    things = OneByOne("rotas.forget_guests")
    await _each(things, KIND, _forget_guests_of, due, now)
    return things.done()


@command
async def _forget_guests_of(slot_id: int, now: datetime) -> int:
    async with transaction():
        await get_for_update(Slot, slot_id)
        forgotten = (
            await Holding.update({Holding.first_name: "", Holding.taken_by: None, Holding.left_by: None})
            .where(
                (Holding.slot_id == slot_id)
                & Holding.member_id.is_null()
                & ((Holding.first_name != "") | Holding.taken_by.is_not_null())
            )
            .returning(Holding.id)
        )
        await run(
            "update journal_line set actor_id = null where kind = {} and thing_id = {} and act = {}",
            KIND,
            slot_id,
            "turn.guest_taken",
        )
        return len(forgotten)


async def made_again(now: datetime, latest: datetime, believed: bool = True) -> None:
    """The clock was set back: weeks that were passed over are made after all, what was called out by the clock that was
    ahead is called out again in its time, and nobody waits for a round that opens only then."""
    async with transaction():
        ahead = local_day(now) + rules.MADE_AHEAD
        await run("update rota_pattern set made_until = null where made_until > {}", ahead)
        await run("update rota_slot set called_at = null where called_at > {} and starts_at > {}", now, now)
        soon = now + calling.CALLED_AGAIN
        await run("update rota_slot set call_again_at = {} where call_again_at > {} and starts_at > {}", now, soon, now)
        await run("update rota_swap set called_at = null where called_at > {} and until_at > {}", now, now)
        await run("update rota_slot set learned_at = null where learned_at > {} and ends_at > {}", now, now)
        await run("update rota_slot set opened_at = {} where opened_at > {} and starts_at > {}", now, now, now)


async def _each(
    things: OneByOne,
    kind: str,
    do: Callable[[int, datetime], Awaitable[int]],
    due: Collection[dict[str, Any]],
    now: datetime,
) -> None:
    for each in due:
        await things.try_one(kind, each["id"], partial(do, each["id"], now))
