"""The team of a meal: its turns go with it, what is missing is called out, and « repas de l’équipe »."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.clock import from_local
from app.database import run, transaction
from app.errors import Refused
from meals import jobs
from meals.commands.booking import change_choice
from meals.commands.opening import cancel_meal
from meals.facts import due_of, source_of, turns_of
from meals.states import Job, MealRefusal
from rotas.api import call_for, gave_up
from rotas.calling_out import call_out
from rotas.commands import ask_stand_in, claim, free, settle
from rotas.commands.duties import set_quiet
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.client import words as read
from tests.factories import make_workshop
from tests.meals.make import AFTER_CLOSING, CLOSES, DAY, HOUR, START, make_booking
from tests.meals.plans import edited, moved, opened, plan_of, planned_turns, turns_for, without, words
from tests.meals.reads import booking, counts, mailed, mails, meal, refused
from tests.meals.scene import Scene
from tests.people import Cast
from tests.rotas.make import make_duty
from tests.rotas.reads import consistent, holders, slot, untold
from tests.workshops.test_races import at_once, errors

MINUTE = timedelta(minutes=1)


async def slots(meal_id: int) -> dict[Job, int]:
    return {job: seen.id for job, seen in await turns_of(meal_id, now=NOON)}


async def a_team(cast: Cast, *names: Job, people: int = 2, **changes: Any) -> tuple[int, dict[Job, int]]:
    """A meal with these turns, two people wanted for each."""
    made = await opened(cast, turns=await turns_for(cast, *(names or Job), people=people), **changes)
    return made, await slots(made)


async def span(slot_id: int) -> tuple[datetime, datetime]:
    row = await slot(slot_id)
    return row["starts_at"], row["ends_at"]


async def takes(member_id: int, slot_id: int, *, now: datetime) -> None:
    """Also where somebody experienced would be good to have."""
    await claim(actor=member_id, slot_id=slot_id, sure=True, now=now)


async def gives_up(member_id: int, slot_id: int, *, now: datetime) -> None:
    await free(actor=member_id, slot_id=slot_id, member_id=member_id, now=now)


class TestWithTheMeal:
    async def test_its_turns_move_by_the_same_difference(self, cast: Cast) -> None:
        made, team = await a_team(cast)
        before = {each: await span(each) for each in team.values()}
        await moved(made, DAY + HOUR, actor=cast.odile)
        assert await slots(made) == team
        for each, (starts_at, ends_at) in before.items():
            assert await span(each) == (starts_at + DAY + HOUR, ends_at + DAY + HOUR)
        await consistent()

    async def test_whoever_is_busy_then_loses_theirs_and_is_told(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK)
        for member in (cast.samira, cast.yann):
            await takes(member, team[Job.COOK], now=NOON)
        await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, starts_at=START + DAY - HOUR)
        await moved(made, DAY, actor=cast.odile)
        assert await holders(team[Job.COOK]) == [cast.samira]
        assert await untold() == []
        assert {row["member_id"] for row in await run("select * from outbox where about_kind = 'turn'")} >= {
            cast.samira,
            cast.yann,
        }
        await consistent()

    @pytest.mark.parametrize(
        ("day", "to"), [("2026-03-28", "2026-03-29"), ("2026-10-24", "2026-10-25")], ids=["spring", "autumn"]
    )
    async def test_across_a_clock_change_they_stay_as_long_before_it(self, cast: Cast, day: str, to: str) -> None:
        at, then = from_local(f"{day}T12:30"), from_local(f"{to}T12:30")
        assert then - at != DAY
        now = at - 9 * DAY
        turns = tuple(
            replace(turn, starts_at=turn.starts_at - START + at, ends_at=turn.ends_at - START + at)
            for turn in await turns_for(cast, Job.COOK, Job.WASH)
        )
        made = await opened(
            cast,
            starts_at=at,
            ends_at=at + 2 * HOUR,
            closes_at=from_local(f"{day}T18:00") - DAY,
            turns=turns,
            now=now,
        )
        team = await slots(made)
        await edited(made, actor=cast.odile, now=now, starts_at=then, ends_at=then + 2 * HOUR)
        assert await span(team[Job.COOK]) == (from_local(f"{to}T09:30"), then)
        assert await span(team[Job.WASH]) == (then + 2 * HOUR, then + 3 * HOUR)

    async def test_a_turn_whose_hours_were_written_has_those(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK, Job.WASH)
        await takes(cast.samira, team[Job.COOK], now=NOON)
        plan = await plan_of(made)
        early = START + DAY - 5 * HOUR
        turns = tuple(
            replace(turn, starts_at=early, ends_at=early + 2 * HOUR, people=3) if turn.job is Job.COOK else turn
            for turn in plan.turns or ()
        )
        await moved(made, DAY, actor=cast.odile, turns=turns)
        assert await span(team[Job.COOK]) == (early, early + 2 * HOUR)
        assert (await slot(team[Job.COOK]))["people"] == 3
        assert await span(team[Job.WASH]) == (START + DAY + 2 * HOUR, START + DAY + 3 * HOUR)
        assert len(await mails(to=cast.samira, about="moved")) == 1  # not once with the meal, and once more
        assert await holders(team[Job.COOK]) == [cast.samira]

    async def test_other_people_another_job_a_new_turn_one_less(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK, Job.WASH, Job.SERVE)
        for member in (cast.samira, cast.yann):
            await takes(member, team[Job.COOK], now=NOON)
        await takes(cast.karim, team[Job.WASH], now=NOON)
        plan = await plan_of(made)
        changed = {Job.COOK: {"people": 1}, Job.SERVE: {"job": Job.TILL, "people": 5}}
        kept = [
            replace(turn, **changed.get(turn.job, {}))  # type: ignore[arg-type]  # columns of a turn
            for turn in without(plan.turns or (), Job.WASH)
        ]
        (shop,) = await turns_for(cast, Job.SHOP)
        await edited(made, actor=cast.odile, turns=(*kept, shop))
        after = await slots(made)
        assert after.pop(Job.SHOP) not in team.values()
        assert after == {Job.COOK: team[Job.COOK], Job.TILL: team[Job.SERVE]}
        assert (await slot(team[Job.COOK]))["people"] == 2  # never fewer than it has
        assert (await slot(team[Job.SERVE]))["people"] == 5
        assert (await slot(team[Job.WASH]))["state"] == "cancelled"
        assert cast.karim in {row["member_id"] for row in await run("select * from outbox where kind = 'cancellation'")}
        await consistent()

    async def test_another_duty_is_another_turn(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK)
        (cook,) = await planned_turns(made)
        other = await make_duty(place_id=cast.place, name="Fourneaux")
        await edited(made, actor=cast.odile, turns=(replace(cook, duty_id=other),))
        after = await slots(made)
        assert after[Job.COOK] != team[Job.COOK]
        assert (await slot(team[Job.COOK]))["state"] == "cancelled"

    async def test_nobody_shops_before_closing_however_it_came_to_that(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.SHOP)
        await refused(edited(made, actor=cast.odile, closes_at=CLOSES + 2 * HOUR), MealRefusal.SHOPPING_TOO_EARLY)
        sooner: dict[str, Any] = {"starts_at": START - DAY, "ends_at": START - DAY + 2 * HOUR, "closes_at": START - DAY}
        await refused(edited(made, actor=cast.odile, version=1, **sooner), MealRefusal.SHOPPING_TOO_EARLY)
        assert await span(team[Job.SHOP]) == (CLOSES + HOUR, CLOSES + 2 * HOUR)

    async def test_off_with_it(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK)
        await takes(cast.samira, team[Job.COOK], now=NOON)
        await cancel_meal(actor=cast.odile, meal_id=made, reason="", now=NOON)
        assert (await slot(team[Job.COOK]))["state"] == "cancelled"
        assert await holders(team[Job.COOK]) == []
        assert await untold() == []

    async def test_who_comes_while_it_moves_goes_with_it_or_comes_after(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK, people=6)
        members = (cast.samira, cast.karim, cast.aicha, cast.yann)
        ends = await at_once(
            [
                *(takes(each, team[Job.COOK], now=NOON) for each in members[:2]),
                moved(made, HOUR, actor=cast.odile),
                *(takes(each, team[Job.COOK], now=NOON) for each in members[2:]),
            ]
        )
        assert errors(ends) == []
        assert set(await holders(team[Job.COOK])) == set(members)
        assert await span(team[Job.COOK]) == (START - 2 * HOUR, START + HOUR)
        await consistent()

    async def test_a_turn_cannot_be_moved_into_the_past(self, cast: Cast) -> None:
        made, _ = await a_team(cast, Job.COOK)
        (cook,) = await planned_turns(made)
        with pytest.raises(Refused) as caught:
            await edited(made, actor=cast.odile, turns=(replace(cook, starts_at=NOON - HOUR, ends_at=NOON),))
        assert caught.value.reason is RotaRefusal.OVER


class TestCallingOut:
    async def called(self, cast: Cast, now: datetime) -> int:
        """How many messages leave, once meals have said when and turns have called."""
        before = len(await self.calls())
        await jobs.call_gaps(now)
        await call_out(now)
        return len(await self.calls()) - before

    async def calls(self) -> list[dict[str, Any]]:
        return [
            mail for mail in await run("select * from outbox where kind = 'duty'") if mail["link"].startswith("/tours")
        ]

    async def test_at_72_48_and_24_hours_before_closing_and_not_otherwise(self, cast: Cast) -> None:
        await a_team(cast, Job.COOK)
        assert await self.called(cast, CLOSES - 72 * HOUR - MINUTE) == 0
        everybody = await self.called(cast, CLOSES - 72 * HOUR)
        assert everybody == 8  # all who have been met
        for now, expected in [
            (CLOSES - 72 * HOUR, 0),
            (CLOSES - 71 * HOUR, 0),
            (CLOSES - 48 * HOUR + MINUTE, everybody),
            (CLOSES - 30 * HOUR, 0),
            (CLOSES - 24 * HOUR, everybody),
            (CLOSES - HOUR, 0),
            (CLOSES, 0),
        ]:
            assert await self.called(cast, now) == expected, now

    async def test_turns_leave_it_to_the_meal(self, cast: Cast) -> None:
        """The control: of a workshop's turn at the same hour everybody hears two days before."""
        await a_team(cast, Job.COOK)
        near = START - 3 * HOUR - DAY
        assert await call_out(near) == 0
        async with transaction():
            await run("update rota_slot set source_kind = 'workshop'")
        assert await call_out(near) == 1

    async def test_a_full_team_calls_nobody_until_somebody_falls_ill(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK)
        for member in (cast.samira, cast.karim):
            await takes(member, team[Job.COOK], now=NOON)
        for hours in (72, 48, 24):
            assert await self.called(cast, CLOSES - hours * HOUR) == 0
        await gives_up(cast.karim, team[Job.COOK], now=CLOSES - 10 * HOUR)
        assert await self.called(cast, CLOSES - 10 * HOUR) == 7
        assert await self.called(cast, CLOSES - 9 * HOUR) == 0
        assert (await meal(made))["called_at"] == CLOSES - 10 * HOUR

    async def test_after_closing_what_is_given_up_is_called_out_at_once(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.COOK)
        for member in (cast.samira, cast.karim):
            await takes(member, team[Job.COOK], now=NOON)
        await jobs.close_due(CLOSES)
        assert (await meal(made))["doubtful_until"] is None
        assert await self.called(cast, AFTER_CLOSING) == 0
        for hours in (2, 5):  # twice: once nobody was called for it yet, then it is news again
            await gives_up(cast.karim, team[Job.COOK], now=CLOSES + hours * HOUR)
            assert await self.called(cast, CLOSES + hours * HOUR) == 7
            assert await self.called(cast, CLOSES + hours * HOUR + MINUTE) == 0
            await takes(cast.karim, team[Job.COOK], now=CLOSES + hours * HOUR + 2 * MINUTE)

    async def test_a_stand_in_is_called_for_as_for_any_turn(self, cast: Cast) -> None:
        _, team = await a_team(cast, Job.COOK, people=1)
        await takes(cast.samira, team[Job.COOK], now=NOON)
        near = START - 20 * HOUR
        await ask_stand_in(actor=cast.samira, slot_id=team[Job.COOK], member_id=cast.samira, to_member=None, now=near)
        assert await self.called(cast, near) == 7

    async def test_a_quiet_place_calls_nobody(self, cast: Cast) -> None:
        await a_team(cast, Job.COOK)
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=NOON)
        for hours in (72, 48, 24):
            assert await self.called(cast, CLOSES - hours * HOUR) == 0

    async def test_processes_that_run_at_once_call_once(self, cast: Cast) -> None:
        await a_team(cast, Job.COOK)
        ends = await at_once(jobs.call_gaps(CLOSES - 48 * HOUR) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]

    async def test_the_meal_itself_asks_only_for_what_lacks_somebody_and_is_to_come(self, cast: Cast) -> None:
        made, team = await a_team(cast, Job.SHOP, Job.COOK, Job.SERVE, people=1)
        await takes(cast.samira, team[Job.SERVE], now=NOON)
        now = CLOSES + HOUR  # shopping has begun
        async with transaction():
            assert await call_for(source_of(made), now=now) == 1
        assert [(await slot(each))["call_again_at"] for each in team.values()] == [None, now, None]


class TestTeamSeat:
    async def seat(self, cast: Cast, *, seats: int = 1, **wish: Any) -> tuple[int, int, int]:
        """Samira cooks and has her seat for it."""
        made, team = await a_team(cast, Job.COOK, people=3)
        await takes(cast.samira, team[Job.COOK], now=NOON)
        booked = await make_booking(meal_id=made, member_id=cast.samira, seats=seats, team=True, **wish)
        return made, team[Job.COOK], booked

    async def test_whoever_gives_the_turn_up_keeps_the_seat_at_the_fair_price_and_is_told(self, cast: Cast) -> None:
        made, turn, booked = await self.seat(cast, price_cents=300)
        assert await jobs.team_seats(NOON) == 0
        await gives_up(cast.samira, turn, now=NOON)
        assert [await jobs.team_seats(NOON + n * MINUTE) for n in range(3)] == [1, 0, 0]
        row = await booking(booked)
        assert (bool(row["team"]), row["own"], bool(row["active"])) == (False, "fair", True)
        assert due_of(row, 1) == 500
        assert await counts(made) == (1, 0)
        (mail,) = await mails(about="off-the-team")
        assert (mail["member_id"], mail["link"]) == (cast.samira, f"/reservations/{booked}")
        assert "€" not in words(mail)
        assert mail["discreet"], "nobody reads it aloud at the door"

    async def test_whoever_came_back_and_gave_it_up_again_is_told_again(self, cast: Cast) -> None:
        _, turn, booked = await self.seat(cast)
        for hours in (1, 3):
            await gives_up(cast.samira, turn, now=NOON + hours * HOUR)
            assert await jobs.team_seats(NOON + hours * HOUR) == 1
            assert (await booking(booked))["own"] == "fair"
            await takes(cast.samira, turn, now=NOON + (hours + 1) * HOUR)
            at = NOON + (hours + 1) * HOUR
            await change_choice(actor=cast.samira, booking_id=booked, team=True, diets={}, now=at)
            assert (await booking(booked))["own"] == "free"
        assert len(await mails(about="off-the-team")) == 2

    async def test_of_several_seats_the_others_are_at_the_price_that_was_chosen(self, cast: Cast) -> None:
        _, turn, booked = await self.seat(cast, seats=3, price_cents=300)
        await gives_up(cast.samira, turn, now=NOON)
        await jobs.team_seats(NOON)
        row = await booking(booked)
        assert (bool(row["team"]), row["price_cents"], due_of(row, 3)) == (False, 300, 1100)

    async def test_whoever_took_another_turn_of_it_keeps_it_at_nothing(self, cast: Cast) -> None:
        made, turn, booked = await self.seat(cast)
        (cook,) = await planned_turns(made)
        await edited(made, actor=cast.odile, turns=(cook, *await turns_for(cast, Job.WASH)))
        await gives_up(cast.samira, turn, now=NOON)
        await takes(cast.samira, (await slots(made))[Job.WASH], now=NOON)
        assert await jobs.team_seats(NOON) == 0
        assert bool((await booking(booked))["team"])

    async def test_so_does_whoever_lost_theirs_by_somebody_elses_deed(self, cast: Cast) -> None:
        made, _, booked = await self.seat(cast)
        await edited(made, actor=cast.odile, turns=())
        assert await jobs.team_seats(NOON) == 0
        assert bool((await booking(booked))["team"])

    async def test_a_stand_in_who_came_counts_as_given_up(self, cast: Cast) -> None:
        made, turn, booked = await self.seat(cast)
        swap_id = await ask_stand_in(actor=cast.samira, slot_id=turn, member_id=cast.samira, to_member=None, now=NOON)
        await settle(actor=cast.yann, swap_id=swap_id, now=NOON)
        assert await gave_up(source_of(made)) == {cast.samira}
        assert await jobs.team_seats(NOON) == 1
        assert not (await booking(booked))["team"]

    async def test_settled_when_bookings_close_at_the_latest(self, cast: Cast) -> None:
        _, turn, booked = await self.seat(cast)
        await gives_up(cast.samira, turn, now=CLOSES - HOUR)
        await jobs.close_due(CLOSES)
        assert not (await booking(booked))["team"]
        assert await jobs.team_seats(CLOSES) == 0
        assert await mailed(about="off-the-team") == {cast.samira}

    async def test_after_the_meal_has_begun_nothing_changes(self, cast: Cast) -> None:
        _, turn, booked = await self.seat(cast)
        await gives_up(cast.samira, turn, now=NOON)
        assert await jobs.team_seats(START) == 0
        assert bool((await booking(booked))["team"])
        assert await jobs.close_due(START) == 1, "nothing ran before"
        assert bool((await booking(booked))["team"])
        assert await mails(about="off-the-team") == []

    async def test_the_page_says_what_it_costs_as_long_as_the_job_would_write_it(self, cast: Cast) -> None:
        _, turn, booked = await self.seat(cast)
        await gives_up(cast.samira, turn, now=NOON)
        scene = Scene(cast)
        browser = await scene.as_(cast.samira)
        for now, due in ((START - MINUTE, "5 €"), (START, "0 €")):
            scene.world.now = now
            page = await browser.get(f"/reservations/{booked}/choix")
            assert f"Dans l’enveloppe : {due}" in read(page), now

    async def test_processes_that_run_at_once_tell_once(self, cast: Cast) -> None:
        _, turn, _ = await self.seat(cast)
        await gives_up(cast.samira, turn, now=NOON)
        ends = await at_once(jobs.team_seats(NOON) for _ in range(4))
        assert sorted(str(end) for end in ends) == ["0", "0", "0", "1"]
        assert len(await mails(about="off-the-team")) == 1
