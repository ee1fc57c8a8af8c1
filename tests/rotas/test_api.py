"""Turns that a meal or a workshop opens: with it they move, are off, and are on again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from app.calendar.api import Planned, Role, lock_people_and_rooms, put_entry, take_part
from app.database import RunAgain, transaction
from app.errors import NotFound
from rotas import api
from rotas.api import Source, Wanted
from rotas.commands.claiming import claim, claim_for_guest
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_slot
from tests.rotas.reads import consistent, entry, holders, refused, slot, untold
from tests.workshops.reads import mails

HOUR = timedelta(hours=1)
MEAL = Source("meal", 7, "Repas du vendredi", "/repas/7")


async def opened(cast: Cast, *wanted: Wanted, source: Source = MEAL) -> list[int]:
    async with transaction():
        return await api.open_slots(source=source, place_id=cast.place, room_id=None, wanted=wanted, now=NOON)


async def a_team(cast: Cast, people: int = 2) -> tuple[int, int]:
    """Cooking for two hours before, and washing up after."""
    cook = await make_duty(place_id=cast.place, name="Cuisine")
    wash = await make_duty(place_id=cast.place, name="Vaisselle")
    one, two = await opened(
        cast,
        Wanted(cook, SOON - 2 * HOUR, SOON, people),
        Wanted(wash, SOON + HOUR, SOON + 2 * HOUR, 1),
    )
    return one, two


async def moved(
    by: timedelta, *, locked: Sequence[int] = (), source: Source = MEAL, later: timedelta | None = None
) -> int:
    """Its start by so much, and its end too, or by another."""
    async with transaction():
        await lock_people_and_rooms(members=locked)
        return await api.move_slots(
            source=source,
            before=(SOON, SOON + HOUR),
            after=(SOON + by, SOON + HOUR + (by if later is None else later)),
            room_id=None,
            locked=locked,
            now=NOON,
        )


class TestOpening:
    async def test_several_roles_with_the_title_of_what_opened_them(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        assert [(await entry(each))["title"] for each in (one, two)] == [
            "Cuisine · Repas du vendredi",
            "Vaisselle · Repas du vendredi",
        ]
        seen = await api.slots_of(MEAL)
        assert [(each.id, each.duty, each.people, each.free) for each in seen] == [
            (one, "Cuisine", 2, 2),
            (two, "Vaisselle", 1, 1),
        ]
        assert [each.name for each in await api.duties_of(cast.place)] == ["Cuisine", "Vaisselle"]

    async def test_the_same_again_is_the_same_brought_to_so_many_people(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        (one,) = await opened(cast, Wanted(duty, SOON, SOON + HOUR, 2))
        assert await opened(cast, Wanted(duty, SOON, SOON + HOUR, 3)) == [one]
        assert (await slot(one))["people"] == 3
        for member in (cast.samira, cast.karim):
            await claim(actor=member, slot_id=one, sure=True, now=NOON)
        await opened(cast, Wanted(duty, SOON, SOON + HOUR, 1))
        assert (await slot(one))["people"] == 2
        await consistent()

    async def test_duties_of_another_place_are_not_there(self, cast: Cast) -> None:
        with pytest.raises(NotFound):
            await opened(cast, Wanted(999, SOON, SOON + HOUR, 1))

    async def test_the_team_is_read_from_the_turns(self, cast: Cast) -> None:
        one, two = await a_team(cast, people=1)
        assert await api.count_team(MEAL) == api.Team(people=2, taken=0)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        await claim_for_guest(actor=cast.karim, slot_id=two, first_name="Fatou", now=NOON)
        team = await api.count_team(MEAL)
        assert (team.taken, team.complete) == (2, True)
        assert [each.names for each in await api.slots_of(MEAL)] == [("Samira",), ("Fatou",)]
        assert await api.people_of(MEAL) == {cast.samira}


class TestMoving:
    async def test_they_go_with_it_and_people_are_told(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        assert await moved(HOUR, locked=[cast.samira]) == 2
        assert [(await slot(each))["starts_at"] for each in (one, two)] == [SOON - HOUR, SOON + 2 * HOUR]
        assert await holders(one) == [cast.samira]
        assert len(await mails(to=cast.samira, kind="change")) == 1
        await consistent()

    async def test_what_follows_its_end_goes_with_its_end(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        (during,) = await opened(cast, Wanted(await make_duty(place_id=cast.place), SOON, SOON + HOUR, 1))
        assert await moved(timedelta(), later=HOUR) == 2
        spans = [((await slot(each))["starts_at"], (await slot(each))["ends_at"]) for each in (one, during, two)]
        assert spans == [
            (SOON - 2 * HOUR, SOON),
            (SOON, SOON + 2 * HOUR),
            (SOON + 2 * HOUR, SOON + 3 * HOUR),
        ]

    async def test_whoever_came_unlocked_makes_it_run_again(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        with pytest.raises(RunAgain):
            await moved(HOUR)
        assert (await slot(one))["starts_at"] == SOON - 2 * HOUR

    async def test_who_is_busy_then_loses_it_and_is_told(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        other = await make_slot(place_id=cast.place, starts_at=SOON)
        for each in (one, other):
            await claim(actor=cast.samira, slot_id=each, now=NOON)
        await moved(HOUR, locked=[cast.samira])
        assert await holders(one) == []
        assert await untold() == []
        await consistent()

    async def test_called_otherwise_they_are_too_and_nothing_else_changes(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        renamed = Source("meal", 7, "Repas de fête", "/repas/7")
        assert await moved(timedelta(), source=renamed, locked=[cast.samira]) == 2
        assert await moved(timedelta(), source=renamed, locked=[cast.samira]) == 0
        assert (await entry(one))["title"] == "Cuisine · Repas de fête"
        (told,) = await mails(to=cast.samira, kind="change")  # her calendar has the event, under its old name
        assert told["method"] == "REQUEST"

    async def test_its_own_source_never_clashes(self, cast: Cast) -> None:
        (one,) = await opened(cast, Wanted(await make_duty(place_id=cast.place), SOON, SOON + HOUR, 1))
        async with transaction():
            await put_entry(a_meal(cast, SOON), now=NOON)
            await take_part("meal", 7, cast.samira, Role.HOST, binding=True, now=NOON)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        assert await holders(one) == [cast.samira]
        other = await make_slot(place_id=cast.place, starts_at=SOON)
        await refused(claim(actor=cast.samira, slot_id=other, now=NOON), RotaRefusal.CLASH)  # the control


def a_meal(cast: Cast, starts_at: datetime) -> Planned:
    return Planned(
        kind="meal",
        thing_id=7,
        place_id=cast.place,
        room_id=None,
        starts_at=starts_at,
        ends_at=starts_at + HOUR,
        state="confirmed",
        title="Repas du vendredi",
        genre="",
        summary="",
        hosts=(),
        seats=20,
        taken=0,
        waiting=0,
        language="fr",
        step_free=False,
        children=False,
    )


class TestOffAndOnAgain:
    async def test_off_people_are_told_and_on_again_they_are_asked(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        async with transaction():
            assert await api.cancel_slots(source=MEAL, now=NOON + HOUR) == 2
            assert await api.cancel_slots(source=MEAL, now=NOON + HOUR) == 0
        assert await api.slots_of(MEAL) == []
        assert len(await mails(to=cast.samira, kind="cancellation")) == 1
        async with transaction():
            assert await api.reopen_slots(source=MEAL, now=NOON + 2 * HOUR) == 2
            assert await api.reopen_slots(source=MEAL, now=NOON + 2 * HOUR) == 0
        assert [each.free for each in await api.slots_of(MEAL)] == [2, 1]
        assert len(await mails(to=cast.samira, about="on-again")) == 1
        assert [(await entry(each))["state"] for each in (one, two)] == ["confirmed"] * 2
        await claim(actor=cast.samira, slot_id=one, now=NOON + 2 * HOUR)
        await consistent()

    async def test_one_that_was_closed_by_itself_stays_closed(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        async with transaction():
            await api.close_slot(source=MEAL, slot_id=two, now=NOON)
            await api.cancel_slots(source=MEAL, now=NOON)
            await api.reopen_slots(source=MEAL, now=NOON)
        assert [each.id for each in await api.slots_of(MEAL)] == [one]
        other = Source("meal", 8)
        with pytest.raises(NotFound):
            async with transaction():
                await api.close_slot(source=other, slot_id=one, now=NOON)

    async def test_what_is_over_stays_as_it_was(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        async with transaction():
            assert await api.cancel_slots(source=MEAL, now=SOON + timedelta(minutes=30)) == 1
        assert [(await slot(each))["state"] for each in (one, two)] == ["open", "cancelled"]


class TestKeys:
    async def test_a_place_without_such_a_duty_has_other_ways(self, cast: Cast) -> None:
        assert await api.keys_held(cast.place, SOON, SOON + HOUR)

    async def test_somebody_must_have_the_turn_then(self, cast: Cast) -> None:
        keys = await make_duty(place_id=cast.place, name="Ouverture", opens_place=True)
        opening = await make_slot(place_id=cast.place, duty_id=keys, starts_at=SOON, hours=1)
        assert not await api.keys_held(cast.place, SOON, SOON + HOUR)
        await claim(actor=cast.samira, slot_id=opening, now=NOON)
        assert await api.keys_held(cast.place, SOON, SOON + HOUR)
        assert await api.keys_held(cast.place, SOON + timedelta(minutes=90), SOON + 3 * HOUR)
        assert not await api.keys_held(cast.place, SOON + 2 * HOUR, SOON + 3 * HOUR)
        assert not await api.keys_held(cast.place, SOON - HOUR, SOON)
