"""A pattern changed while people claim its slots, and its slots made by several processes at once: on both engines,
each with the same thing done without the guard."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

from app.database import run, transaction
from app.notices.api import Kind
from rotas import jobs
from rotas.commands.claiming import claim
from rotas.commands.giving_up import free
from rotas.commands.moving import Plan, make_slot
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.commands.steps import tell
from rotas.commands.weekly import hold_weekly
from rotas.facts import slot_of
from rotas.recurring import Weekly
from rotas.states import RotaRefusal
from rotas.tables import Slot
from rotas.wording_slots import moved
from tests.client import NOON
from tests.factories import make_member
from tests.people import Cast
from tests.rotas.make import make_duty
from tests.rotas.reads import consistent, holders, slot, untold
from tests.rotas.test_patterns import EVENING, FIRST, THURSDAY, WEEK, slots_of
from tests.workshops.test_races import at_once, errors

HOUR = timedelta(hours=1)
PEOPLE = 8


async def opened(cast: Cast, people: int = PEOPLE) -> int:
    duty = await make_duty(place_id=cast.place, name="Vaisselle")
    return await open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=people, room_id=None, now=NOON)


async def crowd(cast: Cast, count: int = PEOPLE) -> list[int]:
    return [await make_member(place_id=cast.place) for _ in range(count)]


async def told_of(slot_id: int, member: int, kind: str) -> bool:
    """Whether this member was told something of this sort about the slot, or about the pattern's turns together."""
    found = await run(
        "select about_id from outbox where member_id = {} and kind = {} and (about_id = {} or about_id is null)",
        member,
        kind,
        slot_id,
    )
    return bool(found)


class TestChangedWhilePeopleClaim:
    async def test_without_the_locks_whoever_came_meanwhile_is_not_told(self, cast: Cast) -> None:
        """The control: who has it is read, then it moves, and those who were read are told."""
        pattern = await opened(cast)
        second = (await slots_of(pattern))[1]
        read, claimed = asyncio.Event(), asyncio.Event()

        async def naive_move() -> None:
            known = [member for member in await holders(second["id"]) if member is not None]
            read.set()
            await claimed.wait()
            async with transaction():
                await Slot.update({Slot.starts_at: second["starts_at"] - HOUR}).where(Slot.id == second["id"])
                after = await slot_of(second["id"], now=NOON)
                mail = moved("Vaisselle", second["starts_at"], after["starts_at"], after["ends_at"])
                await tell(mail, known, slot=after, kind=Kind.CHANGE, what="moved", now=NOON)

        async def claims() -> None:
            await read.wait()
            await claim(actor=cast.samira, slot_id=second["id"], now=NOON)
            claimed.set()

        await asyncio.gather(naive_move(), claims())
        assert not await told_of(second["id"], cast.samira, "change")

    async def test_everybody_who_claims_has_it_at_the_new_hour_and_knows_it(self, cast: Cast) -> None:
        pattern = await opened(cast)
        ids = [row["id"] for row in await slots_of(pattern)][1:4]
        people = await crowd(cast)
        ends = await at_once(
            [
                *(claim(actor=each, slot_id=slot_id, sure=True, now=NOON) for each in people[:5] for slot_id in ids),
                change_pattern(
                    actor=cast.rosa,
                    pattern_id=pattern,
                    from_on=date(2026, 11, 30),
                    weekly=Weekly(THURSDAY, "17:00", "19:00", FIRST),
                    people=4,
                    room_id=None,
                    version=1,
                    now=NOON,
                ),
                *(claim(actor=each, slot_id=slot_id, sure=True, now=NOON) for each in people[5:] for slot_id in ids),
            ]
        )
        assert errors(ends) == []
        for slot_id in ids:
            after = await slot(slot_id)
            held = [member for member in await holders(slot_id) if member is not None]
            assert after["people"] >= len(held)
            assert after["starts_at"].hour == 16
            for member in held:  # whoever came before was told of the change, whoever came after of the hour it is at
                said = await run(
                    "select kind, about_at from outbox where member_id = {} and about_id = {}", member, slot_id
                )
                new_hour = [row for row in said if row["about_at"] == after["starts_at"]]
                assert new_hour or await told_of(slot_id, member, "change")
        assert await untold() == []
        await consistent()

    async def test_nobody_who_frees_holds_or_loses_it_meanwhile_loses_it_silently(self, cast: Cast) -> None:
        pattern = await opened(cast)
        ids = [row["id"] for row in await slots_of(pattern)][1:5]
        people = await crowd(cast)
        for each in people[:4]:
            for slot_id in ids:
                await claim(actor=each, slot_id=slot_id, sure=True, now=NOON)
        ends = await at_once(
            [
                *(free(actor=each, slot_id=ids[0], member_id=each, now=NOON) for each in people[:2]),
                hold_weekly(actor=people[4], slot_id=ids[1], now=NOON),
                change_pattern(
                    actor=cast.rosa,
                    pattern_id=pattern,
                    from_on=date(2026, 12, 1),
                    weekly=Weekly(THURSDAY, "17:00", "19:00", FIRST),
                    people=5,
                    room_id=None,
                    version=1,
                    now=NOON,
                ),
                *(free(actor=each, slot_id=ids[2], member_id=each, now=NOON) for each in people[:2]),
                *(claim(actor=each, slot_id=ids[3], sure=True, now=NOON) for each in people[5:]),
                jobs.make_slots(NOON + WEEK),
            ]
        )
        assert errors(ends) == []
        assert await untold() == []
        for each in people[2:4]:
            assert [each in await holders(slot_id) for slot_id in ids] == [True] * 4
        await consistent()

    async def test_of_several_who_change_it_one_does_and_the_others_are_told(self, cast: Cast) -> None:
        pattern = await opened(cast)
        ends = await at_once(
            change_pattern(
                actor=cast.rosa,
                pattern_id=pattern,
                from_on=date(2026, 11, 30),
                weekly=Weekly(THURSDAY, f"{hour}:00", "22:00", FIRST),
                people=PEOPLE,
                room_id=None,
                version=1,
                now=NOON,
            )
            for hour in (15, 16, 17)
        )
        assert errors(ends) == []
        assert ends.count(RotaRefusal.CHANGED_MEANWHILE) == 2
        assert len(await run("select id from rota_pattern")) == 2

    async def test_ended_while_people_claim_nobody_has_what_is_off(self, cast: Cast) -> None:
        pattern = await opened(cast)
        ids = [row["id"] for row in await slots_of(pattern)]
        people = await crowd(cast)
        ends = await at_once(
            [
                *(claim(actor=each, slot_id=ids[2], sure=True, now=NOON) for each in people[:4]),
                end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST, version=1, now=NOON),
                *(claim(actor=each, slot_id=ids[2], sure=True, now=NOON) for each in people[4:]),
            ]
        )
        assert errors(ends) == []
        assert await holders(ids[2]) == []
        assert await untold() == []
        await consistent()


class TestMadeAtOnce:
    async def test_without_the_lock_the_same_week_is_made_twice(self, cast: Cast) -> None:
        """The control: what is there is read, then the rest is made. Only the index stands against it."""
        pattern = await opened(cast)
        due: datetime = (await slots_of(pattern))[-1]["starts_at"] + WEEK
        asked = asyncio.Barrier(2)

        async def naive() -> None:
            (there,) = await run("select count(*) as n from rota_slot where pattern_id = {}", pattern)
            await asked.wait()
            if there["n"] == 8:
                async with transaction():
                    (duty,) = await run("select duty_id from rota_pattern where id = {}", pattern)
                    plan = Plan(cast.place, duty["duty_id"], due, due + HOUR, 1, None, pattern, due.date())
                    await make_slot(plan, now=NOON)

        assert len(errors(await at_once([naive(), naive()]))) == 1

    async def test_four_processes_make_each_slot_once(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[0]["id"], now=NOON)
        ends = await at_once(jobs.make_slots(NOON + 3 * WEEK) for _ in range(4))
        assert errors(ends) == []
        assert sorted(ends, key=str) == [0, 0, 0, 3]
        made = await slots_of(pattern)
        assert [row["made_for_on"] for row in made] == [FIRST + week * WEEK for week in range(11)]
        assert [await holders(row["id"]) for row in made] == [[cast.samira]] * 11
        await consistent()
