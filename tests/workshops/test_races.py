"""Many at once, on both engines. Each guarantee is first seen to fail without its guard: the same scenario by a naive
version that asks, and then writes, everybody having asked before anyone writes (a barrier makes sure of it). Without
that, a test of the guarded version would prove nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from datetime import timedelta

import pytest

from app.calendar.api import Planned, Role, put_entry, take_part, why_clashes
from app.database import run, transaction, unique_violation
from app.errors import Refused
from app.journal import write_journal
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import entry, journal, mails, places, sign_ups, state
from workshops import jobs
from workshops.commands import answer_invitation, decide, edit, propose, sign_up, withdraw
from workshops.states import SignUpState, WorkshopRefusal
from workshops.tables import SignUp

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOON + 10 * DAY
PEOPLE, PLACES = 60, 12


async def at_once(attempts: Iterable[Awaitable[object]]) -> list[object]:
    """What each came to: its answer, the reason of its refusal, or the error that no person should ever see."""
    await asyncio.gather(*(run("select 1 as one") for _ in range(10)))  # connections are open: nobody waits for one
    ends = await asyncio.gather(*attempts, return_exceptions=True)
    return [end.reason if isinstance(end, Refused) else end for end in ends]


def errors(ends: Sequence[object]) -> list[object]:
    return [end for end in ends if isinstance(end, BaseException)]


async def crowd(cast: Cast, count: int) -> list[int]:
    return [await make_member(place_id=cast.place) for _ in range(count)]


# ------------------------------------------------------------------------------------------------------------- places


async def naive_sign_up(member_id: int, workshop_id: int, asked: asyncio.Barrier) -> None:
    """Counts, then inserts."""
    (row,) = await run(
        "select capacity, (select count(*) from sign_up s where s.workshop_id = w.id and s.state = 'confirmed') "
        "as taken from workshop w where w.id = {}",
        workshop_id,
    )
    await asked.wait()
    await insert_sign_up(member_id, workshop_id, "confirmed" if row["taken"] < row["capacity"] else "waiting")


async def insert_sign_up(member_id: int, workshop_id: int, state: str) -> None:
    async with transaction():
        await SignUp.insert(SignUp(workshop_id=workshop_id, member_id=member_id, state=state, asked_at=NOON))


class TestTwelvePlaces:
    async def test_without_the_lock_there_are_more_people_than_places(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=PLACES)
        asked = asyncio.Barrier(PEOPLE)
        await at_once([naive_sign_up(member, made, asked) for member in await crowd(cast, PEOPLE)])
        assert Counter(row["state"] for row in await sign_ups(made))["confirmed"] > PLACES

    async def test_sixty_people_at_once_fill_them_and_wait_in_order(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=PLACES)
        people = await crowd(cast, PEOPLE)
        ends = await at_once(sign_up(actor=member, workshop_id=made, now=NOON) for member in people)
        assert errors(ends) == []
        assert Counter(ends) == {SignUpState.CONFIRMED: PLACES, SignUpState.WAITING: PEOPLE - PLACES}
        rows = await sign_ups(made)
        assert [row["state"] for row in rows] == ["confirmed"] * PLACES + ["waiting"] * (PEOPLE - PLACES)
        ranks = await run(
            "select row_number() over (order by id) as place from sign_up where workshop_id = {} and state = 'waiting' "
            "order by id",
            made,
        )
        assert [row["place"] for row in ranks] == list(range(1, PEOPLE - PLACES + 1))
        kept = await entry(made) or {}
        assert (kept["taken"], kept["waiting"]) == (PLACES, PEOPLE - PLACES)

    async def test_whoever_was_answered_before_another_asked_ranks_before(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=3)
        waves = [await crowd(cast, 6) for _ in range(3)]
        for wave in waves:
            await at_once(sign_up(actor=member, workshop_id=made, now=NOON) for member in wave)
        order = [row["member_id"] for row in await sign_ups(made)]
        assert [set(order[start : start + 6]) for start in (0, 6, 12)] == [set(wave) for wave in waves]


class TestTwentyTimesTheSame:
    async def test_without_the_lock_most_of_them_fail(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)

        asked = asyncio.Barrier(20)

        async def naive() -> None:
            mine = await run("select id from sign_up where workshop_id = {} and member_id = {}", made, cast.samira)
            await asked.wait()
            if not mine:
                await insert_sign_up(cast.samira, made, "confirmed")

        failed = errors(await at_once(naive() for _ in range(20)))
        assert failed
        assert all(isinstance(error, BaseException) and unique_violation(error) for error in failed)

    async def test_it_is_one_sign_up_and_one_mail(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        ends = await at_once(sign_up(actor=cast.samira, workshop_id=made, now=NOON) for _ in range(20))
        assert ends == [SignUpState.CONFIRMED] * 20
        assert len(await sign_ups(made)) == len(await mails(kind="confirmation")) == 1

    async def test_and_one_proposal(self, cast: Cast) -> None:
        ends = await at_once(
            propose(actor=cast.yann, place_id=cast.place, proposal=a_proposal(), draft=False, once="form-1", now=NOON)
            for _ in range(20)
        )
        assert len(set(ends)) == 1
        assert errors(ends) == []


class TestFreedPlaces:
    async def prepare(self, cast: Cast) -> tuple[int, list[int], list[int]]:
        """Full, with six who wait."""
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=4)
        inside, waiting = await crowd(cast, 4), await crowd(cast, 6)
        for member in (*inside, *waiting):
            await sign_up(actor=member, workshop_id=made, now=NOON)
        return made, inside, waiting

    async def test_without_the_lock_the_same_person_is_offered_both(self, cast: Cast) -> None:
        made, inside, _ = await self.prepare(cast)

        asked = asyncio.Barrier(2)

        async def naive(member: int) -> int:
            first = await run(
                "select id from sign_up where workshop_id = {} and state = 'waiting' order by id limit 1", made
            )
            await asked.wait()
            async with transaction():
                await run(
                    "update sign_up set state = 'withdrawn' where workshop_id = {} and member_id = {}", made, member
                )
                await run("update sign_up set state = 'offered' where id = {}", first[0]["id"])
            return int(first[0]["id"])

        offered = await at_once(naive(member) for member in inside[:2])
        assert len(set(offered)) == 1

    async def test_each_is_offered_once_to_the_first_who_wait(self, cast: Cast) -> None:
        made, inside, waiting = await self.prepare(cast)
        ends = await at_once(
            [
                *(withdraw(actor=member, workshop_id=made, now=NOON) for member in inside[:2] * 5),
                *(jobs.lapse_offers(NOON) for _ in range(5)),
            ]
        )
        assert errors(ends) == []
        states = await places(made)
        assert [states[member] for member in waiting] == ["offered"] * 2 + ["waiting"] * 4
        assert sorted(mail["member_id"] for mail in await mails(kind="offer")) == sorted(waiting[:2])

    async def test_leaving_coming_and_lowering_at_once_never_exceed_the_capacity(self, cast: Cast) -> None:
        made, inside, waiting = await self.prepare(cast)
        newcomers = await crowd(cast, 6)
        await at_once(
            [
                *(withdraw(actor=member, workshop_id=made, now=NOON) for member in inside),
                *(sign_up(actor=member, workshop_id=made, now=NOON) for member in (*newcomers, *waiting)),
                edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(capacity=3), version=1, now=NOON),
            ]
        )
        kept = await entry(made) or {}
        taken = sum(row["state"] in ("confirmed", "offered") for row in await sign_ups(made))
        assert taken == kept["taken"] <= kept["seats"]
        assert (await places(made))[newcomers[0]] == "waiting"


# ---------------------------------------------------------------------------------------------------------- decisions


class TestTwoMediators:
    async def test_without_the_version_both_decide(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)

        asked = asyncio.Barrier(2)

        async def naive(mediator: int) -> None:
            stands = await state(made)
            await asked.wait()
            if stands == "proposed":
                async with transaction():
                    await run("update workshop set state = 'published' where id = {}", made)
                    await write_journal(
                        place_id=cast.place,
                        at=NOON,
                        voice="mediation",
                        act="workshop.published",
                        kind="workshop",
                        thing_id=made,
                        actor_id=mediator,
                        shown=True,
                    )

        await at_once(naive(mediator) for mediator in (cast.bruno, cast.helene))
        assert len(await journal(made)) == 2

    @pytest.mark.parametrize("other", ["approve", "send_back"])
    async def test_one_decides_and_the_other_is_told(self, cast: Cast, other: str) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        ends = await at_once(
            decide(actor=mediator, workshop_id=made, decision=decision, reason="Non.", version=1, now=NOON)
            for mediator, decision in ((cast.bruno, "approve"), (cast.helene, other))
        )
        assert sorted(ends, key=str) == [None, WorkshopRefusal.ALREADY_DECIDED]
        assert len(await journal(made)) == len(await mails(kind="hosting")) == 1

    async def test_silence_in_two_processes_and_a_mediator_publish_once(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        due = NOON + 7 * DAY
        ends = await at_once(
            [
                *(jobs.publish_silent(due) for _ in range(4)),
                decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=due),
            ]
        )
        assert errors(ends) == []
        assert len(await journal(made)) == len(await mails(kind="hosting")) == 1


# --------------------------------------------------------------------------------------------------- rooms and people


async def naive_booking(cast: Cast, member: int, number: int, room_id: int | None, asked: asyncio.Barrier) -> bool:
    """Asks the calendar, then takes room and time."""
    clash = await why_clashes(starts_at=START, ends_at=START + HOUR, room_id=room_id, member_ids=[member])
    await asked.wait()
    if clash:
        return False
    async with transaction():
        await put_entry(
            Planned(
                kind="workshop",
                thing_id=number,
                place_id=cast.place,
                room_id=room_id,
                starts_at=START,
                ends_at=START + HOUR,
                state="tentative",
                title="Naïf",
                genre="libre",
                summary="",
                hosts=(),
                seats=5,
                taken=0,
                waiting=0,
                language="fr",
                step_free=False,
                children=False,
            ),
            now=NOON,
        )
        await take_part("workshop", number, member, Role.HOST, binding=True, now=NOON)
    return True


class TestOneRoom:
    async def test_without_the_lock_two_have_it(self, cast: Cast) -> None:
        asked = asyncio.Barrier(2)
        ends = await at_once(
            [naive_booking(cast, member, 900 + member, cast.salon, asked) for member in (cast.yann, cast.aicha)]
        )
        assert ends == [True, True]

    async def test_one_has_it_and_the_other_is_told(self, cast: Cast) -> None:
        ends = await at_once(
            make_proposal(place_id=cast.place, host=host, room_id=cast.salon)
            for host in (cast.yann, cast.aicha, cast.odile)
        )
        assert ends.count(WorkshopRefusal.ROOM_TAKEN) == 2
        assert len(await run("select id from entry where room_id = {}", cast.salon)) == 1
        assert len(await run("select id from workshop")) == 1

    async def test_of_those_who_move_into_it_one_has_it(self, cast: Cast) -> None:
        hosts = (cast.yann, cast.aicha, cast.odile, cast.karim)
        made = [await make_proposal(place_id=cast.place, host=host) for host in hosts]
        ends = await at_once(
            edit(actor=host, workshop_id=each, proposal=a_proposal(room_id=cast.salon), version=1, now=NOON)
            for host, each in zip(hosts, made, strict=True)
        )
        assert Counter(ends) == {None: 1, WorkshopRefusal.ROOM_TAKEN: 3}

    async def test_two_who_change_rooms_with_each_other_do_not_wait_for_ever(self, cast: Cast) -> None:
        one = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        two = await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.back_room)
        ends = await at_once(
            [
                edit(
                    actor=cast.yann,
                    workshop_id=one,
                    proposal=a_proposal(room_id=cast.back_room),
                    version=1,
                    now=NOON,
                ),
                edit(actor=cast.aicha, workshop_id=two, proposal=a_proposal(room_id=cast.salon), version=1, now=NOON),
            ]
        )
        assert ends == [WorkshopRefusal.ROOM_TAKEN] * 2


class TestOnePerson:
    async def test_without_the_lock_they_are_in_two_places(self, cast: Cast) -> None:
        asked = asyncio.Barrier(2)
        ends = await at_once([naive_booking(cast, cast.yann, 900 + number, None, asked) for number in range(2)])
        assert ends == [True, True]

    async def test_of_two_overlapping_proposals_one_is_theirs(self, cast: Cast) -> None:
        ends = await at_once(
            make_proposal(place_id=cast.place, host=cast.yann, starts_at=START + number * HOUR) for number in range(2)
        )
        assert ends.count(WorkshopRefusal.HOST_NOT_FREE) == 1
        assert len(await run("select id from taking_part where member_id = {}", cast.yann)) == 1

    async def test_nor_are_two_overlapping_invitations_accepted(self, cast: Cast) -> None:
        invited = [
            await make_proposal(place_id=cast.place, host=host, cohost_ids=(cast.yann,))
            for host in (cast.aicha, cast.odile, cast.samira, cast.karim)
        ]
        ends = await at_once(
            answer_invitation(actor=cast.yann, workshop_id=made, yes=True, now=NOON) for made in invited
        )
        assert Counter(ends) == {None: 1, WorkshopRefusal.HOST_NOT_FREE: 3}
