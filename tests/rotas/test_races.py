"""Many at once, on both engines. Each guarantee is first seen to fail without its guard: the same scenario by a naive
version that asks, and then writes, everybody having asked before anyone writes (a barrier makes sure of it). Without
that, a test of the guarded version would prove nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence

import pytest

from app.calendar.api import Role, take_part
from app.database import run, transaction
from app.errors import Refused
from rotas.commands import (
    ClaimResult,
    ask_stand_in,
    claim,
    claim_for_guest,
    end_weekly,
    free,
    hold_weekly,
    propose_swap,
    settle,
    withdraw_swap,
)
from rotas.commands.steps import why_not_free
from rotas.facts import KIND, slot_of
from rotas.states import Came, RotaRefusal
from rotas.tables import Holding
from tests.client import NOON
from tests.factories import make_member
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_slot, make_weeks
from tests.rotas.reads import consistent, holders, holdings, slot, swap, untold
from tests.workshops.reads import mails

CROWD = 20


async def at_once(attempts: Iterable[Awaitable[object]]) -> list[object]:
    """What each came to: its answer, the reason of its refusal, or the error that no person should ever see."""
    await asyncio.gather(*(run("select 1 as one") for _ in range(10)))  # connections are open: nobody waits for one
    ends = await asyncio.gather(*attempts, return_exceptions=True)
    return [end.reason if isinstance(end, Refused) else end for end in ends]


def errors(ends: Sequence[object]) -> list[object]:
    return [end for end in ends if isinstance(end, BaseException)]


async def crowd(cast: Cast, count: int = CROWD) -> list[int]:
    return [await make_member(place_id=cast.place) for _ in range(count)]


async def held(cast: Cast, member: int, *, day: int = 0, hour: int = 0, people: int = 1) -> int:
    """A turn that this member has; `day` and `hour` say when."""
    made = await make_slot(place_id=cast.place, starts_at=SOON + day * DAY + hour * HOUR, people=people)
    await claim(actor=member, slot_id=made, now=NOON)
    return made


async def insert_holding(slot_id: int, member_id: int) -> None:
    async with transaction():
        await write_holding(slot_id, member_id)


async def write_holding(slot_id: int, member_id: int) -> None:
    await Holding.insert(
        Holding(slot_id=slot_id, member_id=member_id, came="claimed", taken_at=NOON, went="", taken_by=None)
    )
    await take_part(KIND, slot_id, member_id, Role.HOLDER, binding=True, now=NOON)


async def holds(slot_id: int, member_id: int) -> bool:
    return member_id in await holders(slot_id)


# ------------------------------------------------------------------------------------------------------ the last place


class TestTheLastPlace:
    async def test_without_the_lock_there_are_more_people_than_places(self, cast: Cast) -> None:
        made = await held(cast, cast.samira, people=2)
        asked = asyncio.Barrier(CROWD)

        async def naive(member: int) -> None:
            row = await slot(made)
            await asked.wait()
            if row["taken"] < row["people"]:
                await insert_holding(made, member)

        await at_once([naive(member) for member in await crowd(cast)])
        assert len(await holders(made)) > 2

    async def test_of_twenty_who_claim_it_one_has_it_and_the_others_are_told(self, cast: Cast) -> None:
        made = await held(cast, cast.samira, people=2)
        people = await crowd(cast)
        ends = await at_once(claim(actor=member, slot_id=made, sure=True, now=NOON) for member in people)
        assert Counter(ends) == {ClaimResult.TAKEN: 1, RotaRefusal.FULL: CROWD - 1}
        assert await holders(made) == [cast.samira, people[ends.index(ClaimResult.TAKEN)]]
        assert len(await mails(kind="confirmation")) == 2
        await consistent()

    async def test_guests_and_members_share_the_places(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=5)
        people = await crowd(cast, 10)
        ends = await at_once(
            [
                *(claim(actor=member, slot_id=made, sure=True, now=NOON) for member in people),
                *(claim_for_guest(actor=member, slot_id=made, first_name="Monique", now=NOON) for member in people),
            ]
        )
        assert errors(ends) == []
        assert ends.count(RotaRefusal.FULL) == 15
        assert len(await holders(made)) == 5
        await consistent()

    async def test_twenty_times_the_same_is_once(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        ends = await at_once(claim(actor=cast.samira, slot_id=made, now=NOON) for _ in range(CROWD))
        assert ends == [ClaimResult.TAKEN] * CROWD
        assert len(await holdings(made)) == len(await mails()) == 1
        ends = await at_once(
            free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON) for _ in range(CROWD)
        )
        assert ends == [Came.CLAIMED] * CROWD
        assert await holders(made) == []
        await consistent()


class TestTwoTurnsAtTheSameHour:
    async def test_without_the_lock_they_stand_on_both(self, cast: Cast) -> None:
        slots = [await make_slot(place_id=cast.place, starts_at=SOON + number * HOUR) for number in range(2)]
        asked = asyncio.Barrier(2)

        async def naive(slot_id: int) -> None:
            clash = await why_not_free(await slot_of(slot_id, now=NOON), cast.samira)
            await asked.wait()
            if clash is None:
                await insert_holding(slot_id, cast.samira)

        await at_once([naive(slot_id) for slot_id in slots])
        assert [await holders(each) for each in slots] == [[cast.samira]] * 2

    async def test_one_is_theirs_and_of_the_others_they_are_told_why(self, cast: Cast) -> None:
        slots = [await make_slot(place_id=cast.place, starts_at=SOON + number * HOUR / 4) for number in range(6)]
        ends = await at_once(claim(actor=cast.samira, slot_id=each, now=NOON) for each in slots)
        assert Counter(ends) == {ClaimResult.TAKEN: 1, RotaRefusal.CLASH: 5}
        await consistent()


# --------------------------------------------------------------------------------------------------------------- swaps


async def proposed(member: int, slot_id: int, wanted: int, to: int | None = None) -> int:
    return await propose_swap(
        actor=member, slot_id=slot_id, member_id=member, wanted_slot_id=wanted, to_member=to, now=NOON
    )


async def naive_exchange(swap_id: int, actor: int, asked: asyncio.Barrier) -> None:
    """Looks whether it is open and both have their turns, then moves both."""
    row = await swap(swap_id)
    one, two, member = row["slot_id"], row["wanted_slot_id"], row["from_member"]
    fine = row["state"] == "open" and await holds(one, member) and await holds(two, actor)
    await asked.wait()
    if not fine:
        return
    async with transaction():
        await run("update rota_swap set state = 'taken' where id = {}", swap_id)
        for slot_id, leaves, comes in ((one, member, actor), (two, actor, member)):
            await run(
                "update rota_holding set went = 'replaced' where slot_id = {} and member_id = {} and went = ''",
                slot_id,
                leaves,
            )
            await write_holding(slot_id, comes)


class TestTwoSwapsAcceptedTogether:
    """Samira wants Karim's turn, and so does Odile: he has one to give."""

    async def prepare(self, cast: Cast) -> tuple[list[int], list[int]]:
        slots = [await held(cast, member, day=day) for day, member in enumerate((cast.samira, cast.odile, cast.karim))]
        swaps = [
            await proposed(cast.samira, slots[0], slots[2]),
            await proposed(cast.odile, slots[1], slots[2]),
        ]
        return slots, swaps

    async def test_without_the_locks_one_turn_is_given_twice(self, cast: Cast) -> None:
        slots, swaps = await self.prepare(cast)
        asked = asyncio.Barrier(2)
        ends = await at_once([naive_exchange(each, cast.karim, asked) for each in swaps])
        assert errors(ends) == []
        assert sorted(map(str, await holders(slots[2]))) == sorted(map(str, [cast.samira, cast.odile]))

    async def test_one_goes_through_and_the_other_lapses_and_is_told(self, cast: Cast) -> None:
        slots, swaps = await self.prepare(cast)
        ends = await at_once(settle(actor=cast.karim, swap_id=each, now=NOON) for each in swaps)
        assert sorted(ends, key=str) == [None, RotaRefusal.SWAP_OVER]
        assert sorted([(await swap(each))["state"] for each in swaps]) == ["lapsed", "taken"]
        assert [len(await holders(each)) for each in slots] == [1, 1, 1]
        assert {(await holders(each))[0] for each in slots} == {cast.samira, cast.odile, cast.karim}
        loser = (cast.samira, cast.odile)[ends.index(RotaRefusal.SWAP_OVER)]
        assert len(await mails(to=loser, about="swap-gone")) == 1
        assert await untold() == []
        await consistent()

    async def test_two_who_wanted_each_others_turn_swap_once(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, day=1)
        swaps = [await proposed(cast.samira, one, two), await proposed(cast.karim, two, one)]
        ends = await at_once(
            [
                settle(actor=cast.karim, swap_id=swaps[0], now=NOON),
                settle(actor=cast.samira, swap_id=swaps[1], now=NOON),
            ]
        )
        assert sorted(ends, key=str) == [None, RotaRefusal.SWAP_OVER]
        assert (await holders(one), await holders(two)) == ([cast.karim], [cast.samira])
        await consistent()

    async def test_a_ring_of_three_does_not_wait_for_ever(self, cast: Cast) -> None:
        people = (cast.samira, cast.odile, cast.karim)
        slots = [await held(cast, member, day=day) for day, member in enumerate(people)]
        swaps = [await proposed(people[n], slots[n], slots[(n + 1) % 3]) for n in range(3)]
        ends = await at_once(
            settle(actor=people[(n + 1) % 3], swap_id=swaps[n], now=NOON) for n in range(3) for _ in range(3)
        )
        assert errors(ends) == []
        assert ends.count(None) == 3  # one swap, said yes to three times
        assert {(await holders(each))[0] for each in slots} == set(people)
        await consistent()

    async def test_twenty_who_would_stand_in_and_one_who_can_come_after_all(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        people = await crowd(cast)
        ends = await at_once(
            [
                *(settle(actor=member, swap_id=asked, now=NOON) for member in people),
                withdraw_swap(actor=cast.samira, swap_id=asked, now=NOON),
            ]
        )
        assert ends.count(None) == 1
        assert ends.count(RotaRefusal.SWAP_OVER) == CROWD
        state = (await swap(asked))["state"]
        assert await holders(made) == [cast.samira if state == "withdrawn" else people[ends.index(None)]]
        assert await untold() == []
        await consistent()


class TestSwapWhileAThirdClaims:
    """Samira and Karim swap while Aïcha claims: the place beside Karim, and a turn at the hour of Samira's."""

    async def prepare(self, cast: Cast) -> tuple[int, int, int]:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, day=1, people=2)
        return one, two, await proposed(cast.samira, one, two)

    async def test_without_the_lock_whoever_leaves_a_turn_gives_a_place_that_is_none(self, cast: Cast) -> None:
        one, two, asked = await self.prepare(cast)
        barrier = asyncio.Barrier(3)

        async def naive(member: int) -> None:
            row = await slot(two)
            await barrier.wait()
            if row["taken"] < row["people"]:
                await insert_holding(two, member)

        await at_once([naive_exchange(asked, cast.karim, barrier), naive(cast.aicha), naive(cast.yann)])
        assert len(await holders(two)) > 2
        assert await holders(one) == [cast.karim]

    async def test_the_swap_and_one_claim_go_through(self, cast: Cast) -> None:
        one, two, asked = await self.prepare(cast)
        ends = await at_once(
            [
                settle(actor=cast.karim, swap_id=asked, now=NOON),
                *(claim(actor=each, slot_id=two, sure=True, now=NOON) for each in (cast.aicha, cast.yann)),
                *(claim(actor=each, slot_id=one, sure=True, now=NOON) for each in (cast.aicha, cast.rosa)),
            ]
        )
        assert errors(ends) == []
        assert ends[0] is None
        assert await holders(one) == [cast.karim]
        assert Counter(ends) == {None: 1, ClaimResult.TAKEN: 1, RotaRefusal.FULL: 3}
        assert len(await holders(two)) == 2
        assert cast.samira in await holders(two)
        await consistent()

    async def test_while_karim_claims_at_the_hour_of_hers_it_is_one_or_the_other(self, cast: Cast) -> None:
        one, two, asked = await self.prepare(cast)
        other = await make_slot(place_id=cast.place, starts_at=SOON + HOUR)
        ends = await at_once(
            [settle(actor=cast.karim, swap_id=asked, now=NOON), claim(actor=cast.karim, slot_id=other, now=NOON)]
        )
        assert ends in ([None, RotaRefusal.CLASH], [RotaRefusal.CLASH, ClaimResult.TAKEN])
        swapped = ends[0] is None
        assert await holders(one) == [cast.karim if swapped else cast.samira]
        assert await holders(two) == [cast.samira if swapped else cast.karim]
        await consistent()

    async def test_while_karim_frees_his_it_is_one_or_the_other(self, cast: Cast) -> None:
        one, two, asked = await self.prepare(cast)
        ends = await at_once(
            [
                settle(actor=cast.karim, swap_id=asked, now=NOON),
                free(actor=cast.karim, slot_id=two, member_id=cast.karim, now=NOON),
            ]
        )
        assert ends in ([None, RotaRefusal.NOT_YOURS], [RotaRefusal.SWAP_OVER, Came.CLAIMED])
        swapped = ends[0] is None
        assert await holders(one) == [cast.karim if swapped else cast.samira]
        assert await holders(two) == ([cast.samira] if swapped else [])
        await consistent()


# ----------------------------------------------------------------------------------------------------------- every week


class TestEveryWeek:
    async def test_without_the_lock_more_hold_it_than_half(self, cast: Cast) -> None:
        pattern, _ = await make_weeks(place_id=cast.place, people=2)
        asked = asyncio.Barrier(6)

        async def naive(member: int) -> None:
            held_so = await run("select id from rota_weekly where pattern_id = {}", pattern)
            await asked.wait()
            if not held_so:
                async with transaction():
                    await run(
                        "insert into rota_weekly (pattern_id, member_id, since_at) values ({}, {}, {})",
                        pattern,
                        member,
                        NOON,
                    )

        await at_once([naive(member) for member in await crowd(cast, 6)])
        assert len(await run("select id from rota_weekly")) > 1

    async def test_half_of_the_places_are_held_and_the_others_claimed(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place, people=2)
        people = await crowd(cast, 6)
        ends = await at_once(
            [
                *(hold_weekly(actor=member, slot_id=slots[0], now=NOON) for member in people),
                *(claim(actor=member, slot_id=each, sure=True, now=NOON) for each in slots for member in people[:2]),
            ]
        )
        assert errors(ends) == []
        assert ends.count(RotaRefusal.WEEKLY_FULL) == 5
        assert len(await run("select id from rota_weekly where ended_at is null")) == 1
        await consistent()

    async def test_beginning_and_ending_at_once(self, cast: Cast) -> None:
        pattern, slots = await make_weeks(place_id=cast.place)
        await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON)
        ends = await at_once(
            [
                *(end_weekly(actor=cast.samira, pattern_id=pattern, now=NOON + HOUR) for _ in range(3)),
                *(claim(actor=cast.karim, slot_id=each, now=NOON + HOUR) for each in slots),
            ]
        )
        assert errors(ends) == []
        assert [len(end) for end in ends if isinstance(end, list)] == [4]
        await consistent()


# ------------------------------------------------------------------------------------------ on behalf, at the same time


@pytest.mark.parametrize("act", ["", "take_cash"])
async def test_freed_by_two_taken_by_many(cast: Cast, act: str) -> None:
    """She telephones, and frees it herself as well; meanwhile others want it. She is told once, and one has it."""
    duty = await make_duty(place_id=cast.place, act=act)
    made = await make_slot(place_id=cast.place, duty_id=duty)
    await claim(actor=cast.samira, slot_id=made, now=NOON)
    people = await crowd(cast, 6)
    ends = await at_once(
        [
            free(actor=cast.rosa, slot_id=made, member_id=cast.samira, now=NOON),
            free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON),
            *(claim(actor=member, slot_id=made, now=NOON) for member in people),
        ]
    )
    assert errors(ends) == []
    assert ends[:2] == [Came.CLAIMED, Came.CLAIMED]
    assert len(await mails(to=cast.samira, about="gone")) == 1
    assert ends.count(ClaimResult.TAKEN) <= 1
    assert await untold() == []
    await consistent()
