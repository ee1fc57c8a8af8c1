"""What the clock does about turns, once and only once, by however many processes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.calendar.api import why_clashes
from app.database import run, transaction
from rotas import calling_out, jobs
from rotas.calling_out import call_out
from rotas.commands.claiming import claim, claim_for_guest, give_guest_back, watch
from rotas.commands.duties import set_quiet
from rotas.commands.giving_up import ask_stand_in, free
from rotas.commands.moving import tell_of_place
from rotas.commands.slots import cancel_slot, change_slot
from rotas.states import Level
from tests.client import NOON
from tests.factories import make_member
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_practice, make_slot, make_weeks
from tests.rotas.reads import holders, slot, swap
from tests.workshops.reads import mailed, mails
from tests.workshops.test_races import at_once, errors

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NEAR = NOON + 40 * HOUR
AFTER = SOON + 3 * HOUR


async def level(duty_id: int, member_id: int) -> str:
    found = await run("select level from rota_practice where duty_id = {} and member_id = {}", duty_id, member_id)
    return str(found[0]["level"]) if found else ""


@pytest.mark.parametrize(
    "job", [jobs.make_slots, call_out, jobs.lapse_swaps, jobs.learn, jobs.empty_runs, jobs.forget_guests]
)
async def test_by_two_processes_at_once_and_again_each_is_done_once(
    cast: Cast, job: Callable[[datetime], Awaitable[int]]
) -> None:
    duty = await make_duty(place_id=cast.place, name="Plantes")
    await make_practice(duty_id=duty, member_id=cast.karim)
    _, (first, *_) = await make_weeks(place_id=cast.place, duty_id=duty, people=3, count=5)
    await claim(actor=cast.karim, slot_id=first, now=NOON)
    await claim(actor=cast.samira, slot_id=first, sure=True, now=NOON)
    await claim_for_guest(actor=cast.karim, slot_id=first, first_name="Fatou", now=NOON)
    await ask_stand_in(actor=cast.samira, slot_id=first, member_id=cast.samira, to_member=None, word="", now=NOON)
    now = SOON + 5 * 7 * DAY + HOUR
    if job in (call_out, jobs.learn):
        now = SOON + 3 * HOUR
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + DAY)
    ends = await at_once([job(now), job(now), job(now)])
    assert errors(ends) == []
    assert sorted(ends, key=str)[:2] == [0, 0]
    assert max(int(str(end)) for end in ends) > 0
    before = len(await mails())
    assert await job(now + timedelta(minutes=1)) == 0
    assert len(await mails()) == before


class TestCallingOut:
    async def test_those_who_may_and_are_free_are_called_once(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR, people=2)
        busy = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=NEAR + HOUR
        )
        await claim(actor=cast.karim, slot_id=busy, now=NOON)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        stranger = await make_member()
        assert [await call_out(NOON) for _ in range(2)] == [1, 0]
        called = await mailed(about="called")
        assert called == {cast.aicha, cast.yann, cast.odile, cast.rosa, cast.bruno, cast.helene}
        assert not called & {cast.karim, cast.samira, cast.newcomer, stranger}
        assert (await slot(made))["called_at"] == NOON

    async def test_a_large_place_is_called_some_at_a_time(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        """As many as are asked about in one question: with all of 100,000 members in it databases refuse it."""
        asked: list[int] = []
        told: list[int] = []

        async def ask(**each: Any) -> Any:
            asked.append(len(each["member_ids"]))
            return await why_clashes(**each)

        async def tell(mail: Any, members: Any, **each: Any) -> int:
            told.append(len(members))
            return await tell_of_place(mail, members, **each)

        monkeypatch.setattr(calling_out, "why_clashes", ask)
        monkeypatch.setattr(calling_out, "tell_of_place", tell)
        duty = await make_duty(place_id=cast.place)
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=NEAR)
        await call_out(NOON)
        everybody = await mailed(about="called")
        assert max(asked + told) == len(everybody) > 4, "all at once, where there are few"
        asked.clear()
        told.clear()
        monkeypatch.setattr(calling_out, "PEOPLE_AT_ONCE", 2)
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=NEAR + HOUR)
        assert await call_out(NOON + HOUR) == 1
        assert max(asked + told) == 2
        assert sum(told) == len(everybody)

    async def test_not_before_48_hours_nor_when_it_has_begun_nor_when_it_is_full(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=SOON)
        assert await call_out(SOON - 49 * HOUR) == 0
        assert await call_out(SOON) == 0
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert await call_out(SOON - 40 * HOUR) == 0

    async def test_again_when_somebody_gives_it_up(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        assert await call_out(NOON) == 1
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON + 4 * HOUR)
        assert [await call_out(NOON + 4 * HOUR) for _ in range(2)] == [1, 0]
        assert len(await mails(to=cast.karim, about="called")) == 2

    async def test_also_of_one_that_lacked_somebody_already(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR, people=3)
        for member in (cast.samira, cast.karim):
            await claim(actor=member, slot_id=made, sure=True, now=NOON - HOUR)
        assert await call_out(NOON) == 1
        await claim_for_guest(actor=cast.rosa, slot_id=made, first_name="Fatou", now=NOON)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON + HOUR)
        await free(actor=cast.karim, slot_id=made, member_id=cast.karim, now=NOON + HOUR)
        assert [await call_out(NOON + 2 * HOUR) for _ in range(2)] == [1, 0]

    async def test_what_needs_a_role_or_a_skill_is_not_for_all(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place, act="take_cash", adults_only=True, needs_training=True)
        await make_practice(duty_id=duty, member_id=cast.karim)
        await make_practice(duty_id=duty, member_id=cast.bruno)
        await make_practice(duty_id=duty, member_id=cast.aicha)
        async with transaction():
            await run("update member set adult_on = {} where id = {}", date(2027, 5, 1), cast.aicha)
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=NEAR)
        await call_out(NOON)
        assert await mailed(about="called") == {cast.karim}

    async def test_several_are_one_message_and_keys_are_said(self, cast: Cast) -> None:
        keys = await make_duty(place_id=cast.place, name="Ouverture", opens_place=True)
        await make_slot(place_id=cast.place, duty_id=keys, starts_at=NEAR)
        await make_slot(place_id=cast.place, duty_id=await make_duty(place_id=cast.place), starts_at=NEAR, people=2)
        assert await call_out(NOON) == 2
        (told,) = await mails(to=cast.samira, about="called")
        assert "les clés" in told["body"]
        assert told["link"] == "/tours?voir=manque"
        assert told["good_until"] == NEAR

    async def test_a_quiet_place_calls_nobody(self, cast: Cast) -> None:
        await make_slot(place_id=cast.place, starts_at=NEAR)
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        assert await call_out(NOON) == 0
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=False, now=NOON)
        assert await call_out(NOON) == 1  # the control

    async def test_moved_to_another_hour_it_is_called_for_again(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, starts_at=NEAR)
        await call_out(NOON)
        await change_slot(
            actor=cast.rosa,
            slot_id=made,
            starts_at=NEAR + HOUR,
            ends_at=NEAR + 3 * HOUR,
            people=1,
            room_id=None,
            version=(await slot(made))["version"],
            now=NOON,
        )
        assert [await call_out(NOON + n * HOUR) for n in (2, 3, 4)] == [0, 1, 0]


class TestSwaps:
    async def test_a_request_nobody_answered_lapses_at_the_start_and_the_turn_stays(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        asked = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=None, word="", now=NOON
        )
        assert await jobs.lapse_swaps(SOON - HOUR) == 0
        assert await jobs.lapse_swaps(SOON) == 1
        assert (await swap(asked))["state"] == "lapsed"
        assert await holders(made) == [cast.samira]
        assert len(await mails(to=cast.samira, about="swap-lapsed")) == 1


class TestLearning:
    async def prepare(self, cast: Cast) -> tuple[int, int]:
        """Karim can do it and Aïcha teaches it; Samira does it with them, Yann watches."""
        duty = await make_duty(place_id=cast.place)
        await make_practice(duty_id=duty, member_id=cast.karim)
        made = await make_slot(place_id=cast.place, duty_id=duty, people=3)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        await claim(actor=cast.samira, slot_id=made, sure=True, now=NOON)
        await watch(actor=cast.yann, slot_id=made, now=NOON)
        return duty, made

    async def test_who_did_it_with_somebody_and_who_watched_are_further(self, cast: Cast) -> None:
        duty, made = await self.prepare(cast)
        assert await jobs.learn(SOON + HOUR) == 0
        assert await jobs.learn(AFTER) == 2
        found = [await level(duty, member) for member in (cast.samira, cast.yann, cast.karim)]
        assert found == ["did_with", "watched", "does"]
        assert (await slot(made))["learned_at"] == AFTER

    async def test_what_somebody_took_back_afterwards_stays_taken_back(self, cast: Cast) -> None:
        duty, _ = await self.prepare(cast)
        await jobs.learn(AFTER)
        async with transaction():
            await run("delete from rota_practice where member_id = {}", cast.samira)
        assert await jobs.learn(AFTER + HOUR) == 0
        assert await level(duty, cast.samira) == ""

    async def test_alone_one_learns_nothing_that_others_would_say(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        made = await make_slot(place_id=cast.place, duty_id=duty)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert await jobs.learn(AFTER) == 0
        assert await level(duty, cast.samira) == Level.NONE.value

    async def test_nor_by_a_turn_that_was_off(self, cast: Cast) -> None:
        _, made = await self.prepare(cast)
        await cancel_slot(actor=cast.rosa, slot_id=made, now=NOON)
        assert await jobs.learn(AFTER) == 0


class TestEmptyRuns:
    END = SOON + 4 * 7 * DAY

    async def test_four_times_running_whoever_keeps_the_place_is_asked_once(self, cast: Cast) -> None:
        await make_weeks(place_id=cast.place, count=6)
        assert await jobs.empty_runs(SOON + 2 * 7 * DAY + DAY) == 0  # three
        fourth = SOON + 3 * 7 * DAY + DAY
        assert [await jobs.empty_runs(fourth) for _ in range(2)] == [1, 0]
        assert await jobs.empty_runs(fourth + 7 * DAY) == 0  # the same run
        (told,) = await mails(about="pattern")
        assert (told["member_id"], told["kind"]) == (cast.rosa, "duty")
        assert "on l’enlève" in told["subject"]

    async def test_however_long_it_is_it_is_one_run(self, cast: Cast) -> None:
        """Longer than anybody looks at once."""
        _, slots = await make_weeks(place_id=cast.place, count=70)
        week = 7 * DAY
        assert await jobs.empty_runs(SOON + 3 * week + DAY) == 1
        assert [await jobs.empty_runs(SOON + each * week + DAY) for each in (59, 60, 61, 69)] == [0] * 4
        await claim(actor=cast.samira, slot_id=slots[65], now=NOON)
        assert [await jobs.empty_runs(SOON + each * week + DAY) for each in (68, 69)] == [0, 1]

    async def test_somebody_in_between_breaks_the_run(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place, count=5)
        await claim(actor=cast.samira, slot_id=slots[2], now=NOON)
        assert await jobs.empty_runs(self.END + DAY) == 0

    async def test_a_quiet_place_is_not_asked(self, cast: Cast) -> None:
        await make_weeks(place_id=cast.place, count=5)
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        assert await jobs.empty_runs(self.END + DAY) == 0


class TestClockSetBack:
    """It was a year ahead for an hour, and the jobs were done by it."""

    async def test_nothing_is_passed_over_nor_silent_for_a_year(self, cast: Cast) -> None:
        pattern, _ = await make_weeks(place_id=cast.place, count=1)
        near = await make_slot(place_id=cast.place, starts_at=NOON + 366 * DAY)
        ahead = NOON + 365 * DAY
        assert await jobs.make_slots(ahead) > 0
        assert await call_out(ahead) > 0
        assert await jobs.make_slots(NOON) == 0  # the control: by the mark alone they would be passed over
        await jobs.made_again(NOON, ahead, True)
        assert await jobs.make_slots(NOON) > 0
        rows = await run(
            "select made_for_on from rota_slot where pattern_id = {} and starts_at < {} order by starts_at",
            pattern,
            NOON + 56 * DAY,
        )
        days = [row["made_for_on"] for row in rows]
        assert days == [days[0] + week * 7 * DAY for week in range(7)]
        assert (await slot(near))["called_at"] is None
        assert await call_out(NOON + 365 * DAY) == 2


class TestGuests:
    async def test_first_names_are_forgotten_after_thirty_days(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        await claim_for_guest(actor=cast.karim, slot_id=made, first_name="Fatou", now=NOON)
        gone = await claim_for_guest(actor=cast.karim, slot_id=made, first_name="Malik", now=NOON)
        await give_guest_back(actor=cast.karim, holding_id=gone, now=NOON)
        ended = SOON + 2 * HOUR
        assert await jobs.forget_guests(ended + 30 * DAY - timedelta(seconds=1)) == 0
        assert [await jobs.forget_guests(ended + 30 * DAY) for _ in range(2)] == [2, 0]
        rows: list[dict[str, Any]] = await run("select first_name, taken_by, left_by from rota_holding")
        assert rows == [{"first_name": "", "taken_by": None, "left_by": None}] * 2
        assert await run("select id from journal_line where act = 'turn.guest_taken' and actor_id is not null") == []
