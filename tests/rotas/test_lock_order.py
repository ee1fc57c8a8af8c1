"""One order of locks for whatever is done to turns (`rotas.commands.steps`): what is locked is overheard, on both
engines, and whoever waits with a member's row is let go of.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from inspect import unwrap
from typing import Any

import pytest

from app import database
from app.database import get_for_update, run, transaction
from app.identity.commands import make_mediator
from app.identity.leaving import erase_for
from app.identity.states import Act
from app.identity.tables import Member
from app.main import REGISTRY
from app.transactions import CURRENT
from rotas import jobs
from rotas.calling_out import call_out
from rotas.commands.claiming import claim, claim_for_guest, give_guest_back, watch
from rotas.commands.duties import attest, change_duty, open_duty, retire_duty, set_quiet
from rotas.commands.giving_up import ask_stand_in, free, propose_swap, withdraw_swap
from rotas.commands.moving import Plan
from rotas.commands.moving import make_slot as open_one
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.commands.slots import cancel_slot, change_slot, open_slot, put_back
from rotas.commands.swapping import settle
from rotas.commands.weekly import end_weekly, hold_weekly
from rotas.rules import DutyWords
from rotas.states import Level
from rotas.tables import Duty, Pattern, Slot
from tests.client import NOON
from tests.factories import make_workshop
from tests.people import Cast
from tests.rotas.make import make_duty, make_practice, make_slot
from tests.rotas.reads import slot
from tests.rotas.test_patterns import EVENING, FIRST, WEEK, slots_of
from workshops.commands import cancel, open_turn
from workshops.states import TurnMoment

HOUR = timedelta(hours=1)
ORDER = ("member", "room", "place", "workshop", "rota_slot", "duty", "rota_pattern", "rota_holding", "rota_swap")
_LOCKING = re.compile(r'select .* from "(\w+)" where id in \(')

Locked = dict[int, list[tuple[str, int]]]


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    """What each transaction locks, in its order; what it has already is not locked anew."""
    locks: Locked = {}
    kept: list[object] = []  # else another transaction might come to have the same number

    async def listening(sql: str, *args: Any) -> list[dict[str, Any]]:
        current = CURRENT.get()
        found = _LOCKING.match(sql)
        if current is not None and found and found[1] in ORDER:
            kept.append(current)
            mine = locks.setdefault(id(current), [])
            mine += [(found[1], each) for each in args if (found[1], each) not in mine]
        return await run(sql, *args)

    with monkeypatch.context() as patched:
        patched.setattr(database, "run", listening)
        yield locks


def in_order(locks: Locked) -> bool:
    return all(mine == sorted(mine, key=lambda one: (ORDER.index(one[0]), one[1])) for mine in locks.values())


async def test_what_is_locked_out_of_order_is_heard(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    made = await make_slot(place_id=cast.place)
    with overheard(monkeypatch) as locks:
        async with transaction():
            await get_for_update(Member, cast.karim, cast.samira)
            await get_for_update(Slot, made)
        assert in_order(locks)
        async with transaction():
            await get_for_update(Slot, made)
            await get_for_update(Member, cast.karim)
        assert not in_order(locks)


class Turns:
    """A duty with a weekly pattern, which Samira holds every week but for some turns that she gave up."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast

    async def opened(self) -> Turns:
        cast = self.cast
        self.duty = await make_duty(place_id=cast.place, name="Vaisselle", version=1)
        await make_practice(duty_id=self.duty, member_id=cast.karim)
        self.pattern = await open_pattern(
            actor=cast.rosa, duty_id=self.duty, weekly=EVENING, people=3, room_id=None, now=NOON
        )
        self.slots = [row["id"] for row in await slots_of(self.pattern)]
        await hold_weekly(actor=cast.samira, slot_id=self.slots[0], now=NOON)
        await claim(actor=cast.karim, slot_id=self.slots[1], sure=True, now=NOON)
        self.other = await make_slot(place_id=cast.place, starts_at=NOON + 40 * HOUR)
        await claim(actor=cast.yann, slot_id=self.other, now=NOON)
        return self


Deed = Callable[[Turns], Awaitable[object]]


async def swapped(made: Turns) -> None:
    cast = made.cast
    swap_id = await propose_swap(
        actor=cast.samira, slot_id=made.slots[2], member_id=cast.samira, wanted_slot_id=made.other, now=NOON
    )
    await withdraw_swap(actor=cast.samira, swap_id=swap_id, now=NOON)
    again = await propose_swap(
        actor=cast.samira, slot_id=made.slots[2], member_id=cast.samira, wanted_slot_id=made.other, now=NOON
    )
    await settle(actor=cast.yann, swap_id=again, now=NOON)


async def guest(made: Turns) -> None:
    holding = await claim_for_guest(actor=made.cast.aicha, slot_id=made.slots[0], first_name="Fatou", now=NOON)
    await give_guest_back(actor=made.cast.rosa, holding_id=holding, now=NOON)


async def changed_once(made: Turns) -> None:
    row = await slot(made.slots[1])
    await change_slot(
        actor=made.cast.rosa,
        slot_id=row["id"],
        starts_at=row["starts_at"] + HOUR,
        ends_at=row["ends_at"] + HOUR,
        people=4,
        room_id=None,
        version=row["version"],
        now=NOON,
    )
    await cancel_slot(actor=made.cast.rosa, slot_id=made.slots[2], now=NOON)


async def mediates(made: Turns) -> None:
    await change_duty(
        actor=made.cast.rosa, duty_id=made.duty, duty=DutyWords("Caisse", act=Act.TAKE_CASH.value), version=1, now=NOON
    )
    await make_mediator(member_id=made.cast.samira, place_id=made.cast.place, domains=REGISTRY.domains, now=NOON)


async def of_a_workshop(made: Turns) -> None:
    cast = made.cast
    session = await make_workshop(
        place_id=cast.place,
        host=cast.samira,
        mediator=cast.bruno,
        starts_at=NOON + 10 * WEEK,
        ends_at=NOON + 10 * WEEK + 2 * HOUR,
    )
    for moment in (TurnMoment.BEFORE, TurnMoment.DURING):
        opened = await open_turn(
            actor=cast.samira, workshop_id=session, duty_id=made.duty, moment=moment, minutes=60, people=2, now=NOON
        )
        await claim(actor=cast.aicha, slot_id=opened, sure=True, now=NOON)
    await cancel(actor=cast.samira, workshop_id=session, reason="Panne", now=NOON)


async def retired_with_somebody_waiting(made: Turns) -> None:
    for each in made.slots:
        await free(actor=made.cast.samira, slot_id=each, member_id=made.cast.samira, now=NOON)
    await retire_duty(actor=made.cast.rosa, duty_id=made.duty, now=NOON)


async def opened_once(made: Turns) -> None:
    await open_slot(
        actor=made.cast.rosa,
        duty_id=made.duty,
        starts_at=NOON + HOUR,
        ends_at=NOON + 2 * HOUR,
        people=1,
        room_id=None,
        once="one",
        now=NOON,
    )
    await open_duty(actor=made.cast.rosa, place_id=made.cast.place, duty=DutyWords("Plantes"), now=NOON)


async def asked_then_called(made: Turns) -> None:
    await ask_stand_in(actor=made.cast.yann, slot_id=made.other, member_id=made.cast.yann, now=NOON)
    await call_out(NOON)
    await jobs.lapse_swaps(NOON + 41 * HOUR)
    await jobs.learn(NOON + 60 * HOUR)


async def put_back_again(made: Turns) -> None:
    await cancel_slot(actor=made.cast.rosa, slot_id=made.slots[1], now=NOON)
    await put_back(actor=made.cast.rosa, slot_id=made.slots[1], now=NOON)


DEEDS: dict[str, Deed] = {
    "claim": lambda made: claim(actor=made.cast.aicha, slot_id=made.slots[0], sure=True, now=NOON),
    "watch": lambda made: watch(actor=made.cast.aicha, slot_id=made.slots[1], now=NOON),
    "guest": guest,
    "free": lambda made: free(actor=made.cast.samira, slot_id=made.slots[1], member_id=made.cast.samira, now=NOON),
    "swap": swapped,
    "hold_weekly": lambda made: hold_weekly(actor=made.cast.aicha, slot_id=made.slots[1], now=NOON),
    "end_weekly": lambda made: end_weekly(actor=made.cast.samira, pattern_id=made.pattern, now=NOON),
    "change_slot": changed_once,
    "change_pattern": lambda made: change_pattern(
        actor=made.cast.rosa,
        pattern_id=made.pattern,
        from_on=FIRST + WEEK,
        weekly=replace(EVENING, starts="17:00"),
        people=3,
        room_id=None,
        version=1,
        now=NOON,
    ),
    "end_pattern": lambda made: end_pattern(
        actor=made.cast.rosa, pattern_id=made.pattern, last_on=FIRST, version=1, now=NOON
    ),
    "make_slots": lambda made: jobs.make_slots(NOON + 2 * WEEK),
    "change_duty": lambda made: change_duty(
        actor=made.cast.rosa, duty_id=made.duty, duty=DutyWords("Plonge", opens_place=True), version=1, now=NOON
    ),
    "retire_duty": lambda made: retire_duty(actor=made.cast.rosa, duty_id=made.duty, now=NOON),
    "retire_duty-holder-without-a-turn": retired_with_somebody_waiting,
    "open_slot": opened_once,
    "put_back": put_back_again,
    "workshop": of_a_workshop,
    "erase": lambda made: erase_for(made.cast.samira, REGISTRY.domains, force=True, now=NOON),
    "set_quiet": lambda made: set_quiet(actor=made.cast.rosa, place_id=made.cast.place, quiet=True, now=NOON),
    "attest": lambda made: attest(
        actor=made.cast.karim, duty_id=made.duty, member_id=made.cast.yann, level=Level.DOES, now=NOON
    ),
    "make_mediator": mediates,
    "jobs": asked_then_called,
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_everything_locks_in_one_order(cast: Cast, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    made = await Turns(cast).opened()
    await free(actor=cast.samira, slot_id=made.slots[0], member_id=cast.samira, now=NOON)
    with overheard(monkeypatch) as locks:
        await DEEDS[deed](made)
    assert any(locks.values()), "it locks something"
    assert in_order(locks), [mine for mine in locks.values() if not in_order({0: mine})]


@pytest.mark.parametrize("people_first", [False, True], ids=["control", "retire_duty"])
async def test_nobody_waits_for_a_duty_that_is_retired_and_it_for_them(
    cast: Cast, database_url: str, people_first: bool
) -> None:
    """Who holds every week has none of the turns just now. Somebody locks their time, then one of the slots; without
    the order PostgreSQL ends one of both, SQLite has one writer at a time."""
    made = await Turns(cast).opened()
    for each in made.slots:
        await free(actor=cast.samira, slot_id=each, member_id=cast.samira, now=NOON)
    ready, begun = asyncio.Event(), asyncio.Event()

    async def takes_one() -> None:
        async with transaction():
            await get_for_update(Member, cast.samira)
            ready.set()
            await asyncio.sleep(0.3)
            await get_for_update(Slot, made.slots[0])

    async def naive() -> None:
        async with transaction():
            await get_for_update(Slot, *made.slots)
            await get_for_update(Member, cast.samira)
            await get_for_update(Pattern, made.pattern)

    async def retires() -> None:
        await ready.wait()
        begun.set()
        if people_first:  # without `@command`, which would do it again after a deadlock
            await unwrap(retire_duty)(actor=cast.rosa, duty_id=made.duty, now=NOON)
        else:
            await naive()

    ends = await asyncio.gather(takes_one(), retires(), return_exceptions=True)
    fell = [end for end in ends if end is not None]
    assert begun.is_set()
    assert len(fell) == (0 if people_first or database_url.startswith("sqlite") else 1), ends


async def test_what_is_opened_while_its_duty_is_retired_is_off_with_it(cast: Cast) -> None:
    """Whoever opens a turn holds the duty: it was not there when those that are to end were read."""
    made = await Turns(cast).opened()
    ready = asyncio.Event()

    async def opens() -> int:
        async with transaction():
            await get_for_update(Duty, made.duty)
            ready.set()
            await asyncio.sleep(0.3)
            at = NOON + 5 * HOUR
            return int((await open_one(Plan(cast.place, made.duty, at, at + HOUR, 1), now=NOON))["id"])

    async def retires() -> None:
        await ready.wait()
        await retire_duty(actor=cast.rosa, duty_id=made.duty, now=NOON)

    opened, _ = await asyncio.gather(opens(), retires())
    assert (await slot(opened))["state"] == "cancelled"
    assert await run("select id from rota_slot where duty_id = {} and state = 'open'", made.duty) == []


@pytest.mark.parametrize("deed", ["open_slot", "workshop", "make_slots", "change_pattern"])
async def test_whatever_opens_turns_holds_their_duty(cast: Cast, monkeypatch: pytest.MonkeyPatch, deed: str) -> None:
    made = await Turns(cast).opened()
    with overheard(monkeypatch) as locks:
        await DEEDS[deed](made)
    assert any(("duty", made.duty) in mine for mine in locks.values())
