"""Fifty random orders of claiming, giving up, asking, swapping, saying yes and no, several at once, drawn by
Hypothesis, on both engines. After each wave what must always hold is looked at: each slot has its holders, nobody
stands on two turns at once, and a swap leaves nobody with none or two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import run
from app.errors import NotFound, Refused
from rotas.commands import (
    ask_stand_in,
    claim,
    claim_for_guest,
    claiming,
    decline,
    free,
    propose_swap,
    settle,
    swapping,
    withdraw_swap,
)
from tests.client import NOON
from tests.factories import make_member
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_slot
from tests.rotas.reads import consistent, untold

PEOPLE, SLOTS = 5, 5

whose = st.integers(0, PEOPLE - 1)
which = st.integers(0, SLOTS - 1)
nth = st.integers(0, 3)
deeds = st.one_of(
    st.tuples(st.just("claim"), whose, which, nth),
    st.tuples(st.just("free"), whose, which, nth),
    st.tuples(st.just("guest"), whose, which, nth),
    st.tuples(st.just("stand_in"), whose, which, whose),
    st.tuples(st.just("propose"), whose, which, which),
    st.tuples(st.just("propose"), whose, which, which),
    st.tuples(st.just("settle"), whose, which, nth),
    st.tuples(st.sampled_from(["settle", "settle", "settle", "settle", "decline", "withdraw"]), whose, which, nth),
)
waves = st.lists(st.lists(deeds, min_size=1, max_size=4), min_size=8, max_size=14)
Deed = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Week:
    """Five people and five turns: two at overlapping hours, two places in one of them, one that allows something."""

    people: Sequence[int]
    slots: Sequence[int]

    @classmethod
    async def made(cls, cast: Cast) -> Week:
        till = await make_duty(place_id=cast.place, act="take_cash")
        people = [await make_member(place_id=cast.place) for _ in range(PEOPLE)]
        slots = [
            await make_slot(place_id=cast.place),
            await make_slot(place_id=cast.place, starts_at=SOON + HOUR, people=2),
            await make_slot(place_id=cast.place, starts_at=SOON + DAY, duty_id=till),
            await make_slot(place_id=cast.place, starts_at=SOON + DAY + HOUR),
            await make_slot(place_id=cast.place, starts_at=SOON + 2 * DAY, people=3),
        ]
        for number in range(4):  # so that there is something to swap from the beginning
            await claim(actor=people[number], slot_id=slots[number], sure=True, now=NOON)
        return cls(people, slots)

    async def play(self, wave: Sequence[Deed]) -> None:
        """These deeds, all at once. Every answer is allowed, but nothing ever breaks."""
        before = await self.turns()
        swaps = await run("select * from rota_swap where state = 'open' and slot_id >= {} order by id", self.slots[0])
        ends = await asyncio.gather(*(self._do(deed, swaps) for deed in wave), return_exceptions=True)
        broken = [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Refused | NotFound)]
        assert broken == []
        await consistent(*self.slots)
        await self.swaps_are_whole()
        if len(wave) == 1 and wave[0][0] == "settle" and ends[0] is None:
            gave, took = before, await self.turns()
            given = {member: took[member] - gave[member] for member in self.people if took[member] != gave[member]}
            assert given == {} or sorted(given.values()) == [-1, 1]
        if len(wave) == 1 and isinstance(ends[0], Refused):
            assert await self.turns() == before

    async def _do(self, deed: Deed, swaps: Sequence[dict[str, Any]]) -> object:
        name, person, slot, other = deed
        actor, slot_id = self.people[person], self.slots[slot]
        if name in ("free", "stand_in", "propose"):
            actor = await self.one_who_has(slot_id, person) or actor
        swap = swaps[other % len(swaps)] if swaps else None
        work: Awaitable[object]
        match name:
            case "claim":
                work = claim(actor=actor, slot_id=slot_id, sure=True, now=NOON)
            case "free":
                work = free(actor=actor, slot_id=slot_id, member_id=actor, now=NOON)
            case "guest":
                work = claim_for_guest(actor=actor, slot_id=slot_id, first_name=f"Monique {other}", now=NOON)
            case "stand_in":
                to = None if other == person or other % 2 else self.people[other]
                work = ask_stand_in(actor=actor, slot_id=slot_id, member_id=actor, to_member=to, now=NOON)
            case "propose":
                work = propose_swap(
                    actor=actor, slot_id=slot_id, member_id=actor, wanted_slot_id=self.slots[other], now=NOON
                )
            case _ if swap is None:
                return None
            case "settle":
                work = settle(actor=await self.asked_by(swap, actor), swap_id=swap["id"], now=NOON)
            case "decline":
                work = decline(actor=swap["to_member"] or actor, swap_id=swap["id"], now=NOON)
            case _:
                work = withdraw_swap(actor=swap["from_member"], swap_id=swap["id"], now=NOON)
        return await work

    async def asked_by(self, swap: dict[str, Any], anybody: int) -> int:
        """Somebody who may say yes to it."""
        if swap["wanted_slot_id"] is None:
            return int(swap["to_member"] or anybody)
        return await self.one_who_has(swap["wanted_slot_id"], 0, but=swap["from_member"]) or anybody

    async def one_who_has(self, slot_id: int, number: int, *, but: int = 0) -> int | None:
        """Of those who have this turn, one."""
        rows = await run(
            "select member_id from rota_holding where slot_id = {} and went = '' and member_id <> {} order by id",
            slot_id,
            but,
        )
        return int(rows[number % len(rows)]["member_id"]) if rows else None

    async def turns(self) -> Counter[int]:
        """How many turns each of them has."""
        rows = await run(
            "select member_id, count(*) as turns from rota_holding where went = '' and slot_id >= {} "
            "and member_id is not null group by member_id",
            self.slots[0],
        )
        return Counter({row["member_id"]: row["turns"] for row in rows})

    async def swaps_are_whole(self) -> None:
        """Each swap that was taken moved both turns, or for a stand-in the one, and nothing else moved any."""
        taken = await run(
            "select slot_id, wanted_slot_id, from_member, taken_by from rota_swap where state = 'taken' "
            "and slot_id >= {}",
            self.slots[0],
        )
        gone: Counter[tuple[int, int]] = Counter()
        come: Counter[tuple[int, int]] = Counter()
        for swap in taken:
            gone[swap["slot_id"], swap["from_member"]] += 1
            come[swap["slot_id"], swap["taken_by"]] += 1
            if swap["wanted_slot_id"] is not None:
                gone[swap["wanted_slot_id"], swap["taken_by"]] += 1
                come[swap["wanted_slot_id"], swap["from_member"]] += 1
        rows = await run("select slot_id, member_id, came, went from rota_holding where slot_id >= {}", self.slots[0])
        assert gone == Counter((row["slot_id"], row["member_id"]) for row in rows if row["went"] == "replaced")
        assert come == Counter(
            (row["slot_id"], row["member_id"]) for row in rows if row["came"] in ("swapped", "stood_in")
        )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(orders=waves)
async def test_fifty_orders_several_at_once(cast: Cast, orders: list[list[Deed]]) -> None:
    week = await Week.made(cast)
    for wave in orders:
        await week.play(wave)
    assert await untold() == []


class TestWithoutAGuard:
    """The controls: what the orders look at is seen to be wrong."""

    async def test_without_asking_the_calendar_somebody_stands_on_two_turns(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def asks_nobody(slot: Any, member_id: int, *, actor: int) -> None:
            del slot, member_id, actor

        week = await Week.made(cast)
        monkeypatch.setattr(claiming, "refuse_clash", asks_nobody)
        with pytest.raises(AssertionError):
            await week.play([("claim", 0, 1, 0)])

    async def test_without_leaving_first_a_swap_leaves_somebody_with_two(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        leave = swapping._leave

        async def only_the_first(slot: Any, member_id: int, *, actor: int, **details: Any) -> None:
            if member_id != actor:
                await leave(slot, member_id, actor=actor, **details)

        week = await Week.made(cast)
        await week.play([("propose", 0, 0, 2)])
        monkeypatch.setattr(swapping, "_leave", only_the_first)
        with pytest.raises(AssertionError):
            await week.play([("settle", 2, 0, 0)])

    async def test_and_with_it_the_same_deeds_hold(self, cast: Cast) -> None:
        week = await Week.made(cast)
        await week.play([("claim", 0, 1, 0)])
        await week.play([("propose", 0, 0, 2)])
        before = await week.turns()
        await week.play([("settle", 2, 0, 0)])
        assert await week.turns() == before
        assert len(await run("select id from rota_swap where state = 'taken'")) == 1
