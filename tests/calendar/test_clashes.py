"""Rooms, people and hours: what has them, and what is free."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from app.calendar.api import (
    OpeningState,
    free_hours,
    free_rooms,
    lock_people_and_rooms,
    opening,
    own_overlaps,
    put_entry,
    take_part,
    why_clashes,
)
from app.calendar.clashes import Clash
from app.clock import local
from app.database import Store, run, transaction
from app.i18n import language
from app.identity.tables import OpeningHours
from tests.calendar.plans import at, plan, put
from tests.client import NOON
from tests.factories import make_closure, make_place, make_room
from tests.people import Cast, make_cast

FRIDAY_14, FRIDAY_16 = at("2026-11-27T14:00"), at("2026-11-27T16:00")


def hours(spans: list[tuple[datetime, datetime]]) -> list[str]:
    return [f"{local(start):%d %H:%M}" for start, _ in spans]


class TestWhyClashes:
    @pytest.fixture
    async def cast(self, db: Store) -> Cast:
        cast = await make_cast()
        await put(plan(place_id=cast.place, room_id=cast.salon), host=(cast.samira,), participant=(cast.karim,))
        return cast

    @pytest.mark.parametrize(
        ("start", "end", "taken"),
        [
            ("12:00", "14:00", False),
            ("12:00", "14:01", True),
            ("14:00", "16:00", True),
            ("14:30", "15:00", True),
            ("13:00", "17:00", True),
            ("15:59", "18:00", True),
            ("16:00", "18:00", False),
        ],
    )
    async def test_what_ends_leaves_its_end_free(self, cast: Cast, start: str, end: str, taken: bool) -> None:
        starts_at, ends_at = at(f"2026-11-27T{start}"), at(f"2026-11-27T{end}")
        room = await why_clashes(starts_at=starts_at, ends_at=ends_at, room_id=cast.salon)
        person = await why_clashes(starts_at=starts_at, ends_at=ends_at, member_ids=[cast.yann, cast.samira])
        assert (room is not None, person is not None) == (taken, taken)

    async def test_it_names_the_room_s_thing_and_the_person(self, cast: Cast) -> None:
        clash = await why_clashes(
            starts_at=FRIDAY_14, ends_at=FRIDAY_16, room_id=cast.salon, member_ids=[cast.samira, cast.karim]
        )
        thing = ("On se relit nos CV", "workshop", 1, FRIDAY_14, FRIDAY_16)
        assert clash == Clash("room", cast.salon, None, "", *thing)
        clash = await why_clashes(starts_at=FRIDAY_14, ends_at=FRIDAY_16, member_ids=[cast.karim, cast.samira])
        assert clash == Clash("person", None, cast.samira, "Samira", *thing)

    async def test_the_thing_itself_is_no_clash(self, cast: Cast) -> None:
        assert None is await why_clashes(
            starts_at=FRIDAY_14,
            ends_at=FRIDAY_16,
            room_id=cast.salon,
            member_ids=[cast.samira],
            except_for=("workshop", 1),
        )

    async def test_attending_does_not_bind_but_warns_its_owner(self, cast: Cast) -> None:
        assert await why_clashes(starts_at=FRIDAY_14, ends_at=FRIDAY_16, member_ids=[cast.karim]) is None
        warned = await own_overlaps(cast.karim, FRIDAY_14, FRIDAY_16)
        assert warned is not None
        assert (warned.title, warned.member_id) == ("On se relit nos CV", cast.karim)
        assert await own_overlaps(cast.karim, FRIDAY_16, FRIDAY_16 + timedelta(hours=1)) is None
        assert await own_overlaps(cast.karim, FRIDAY_14, FRIDAY_16, except_for=("workshop", 1)) is None

    async def test_who_waits_or_has_left_is_free(self, cast: Cast) -> None:
        async with transaction():
            await take_part("workshop", 1, cast.yann, "waiting", binding=False, now=NOON)
        assert await own_overlaps(cast.yann, FRIDAY_14, FRIDAY_16) is None

    @pytest.mark.parametrize(("state", "taken"), [("tentative", True), ("confirmed", True), ("cancelled", False)])
    async def test_what_is_cancelled_frees_its_room_and_people(self, cast: Cast, state: str, taken: bool) -> None:
        await put(plan(place_id=cast.place, room_id=cast.salon, state=state))
        room = await why_clashes(starts_at=FRIDAY_14, ends_at=FRIDAY_16, room_id=cast.salon)
        person = await why_clashes(starts_at=FRIDAY_14, ends_at=FRIDAY_16, member_ids=[cast.samira])
        assert (room is not None, person is not None) == (taken, taken)

    async def test_a_thing_of_several_days_is_seen_from_its_last(self, cast: Cast) -> None:
        await put(plan(2, place_id=cast.place, room_id=cast.back_room, ends_at=FRIDAY_14 + timedelta(days=14)))
        late = FRIDAY_14 + timedelta(days=13, hours=23)
        found = await why_clashes(starts_at=late, ends_at=late + timedelta(minutes=30), room_id=cast.back_room)
        assert found is not None
        assert found.thing_id == 2

    async def test_it_asks_one_question_for_the_room_and_one_for_everybody(self, db: Store, cast: Cast) -> None:
        before = db.query_id
        ids = [cast.samira, cast.karim, cast.yann, cast.odile]
        await why_clashes(starts_at=FRIDAY_16, ends_at=at("2026-11-27T17:00"), room_id=cast.salon, member_ids=ids)
        assert db.query_id - before == 2


class TestLocks:
    """Two people take the same room at once: with the locks one of them is told."""

    async def book(self, cast: Cast, thing_id: int, *, lock: bool) -> bool:
        clash = None
        async with transaction():
            if lock:
                await lock_people_and_rooms(members=[cast.samira, cast.karim], rooms=[cast.salon])
            clash = await why_clashes(starts_at=FRIDAY_14, ends_at=FRIDAY_16, room_id=cast.salon)
            await asyncio.sleep(0.05)
            if clash is None:
                await put_entry(plan(thing_id, place_id=cast.place, room_id=cast.salon), now=NOON)
        return clash is None

    async def test_without_them_both_get_it(self, postgres_only_db: Store) -> None:
        cast = await make_cast()
        got = await asyncio.gather(*(self.book(cast, number, lock=False) for number in (1, 2)))
        assert got == [True, True]

    async def test_with_them_one_gets_it(self, db: Store) -> None:
        cast = await make_cast()
        got = await asyncio.gather(*(self.book(cast, number, lock=True) for number in (1, 2)))
        assert sorted(got) == [False, True]


class TestFreeRooms:
    async def test_the_smallest_that_holds_everybody_comes_first(self, db: Store) -> None:
        cast = await make_cast()
        await make_room(place_id=await make_place(), name="Ailleurs")
        names = [room.name for room in await free_rooms(cast.place, FRIDAY_14, FRIDAY_16, seats=14)]
        assert names == ["Salle du fond", "Salon"]
        assert [room.name for room in await free_rooms(cast.place, FRIDAY_14, FRIDAY_16, seats=15)] == ["Salon"]

    async def test_a_taken_or_retired_room_is_not_offered(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place, room_id=cast.salon))
        async with transaction():
            await run("update room set retired_at = {} where id = {}", NOON, cast.back_room)
        assert await free_rooms(cast.place, FRIDAY_14, FRIDAY_16, seats=1) == []
        (own,) = await free_rooms(cast.place, FRIDAY_14, FRIDAY_16, seats=1, except_for=("workshop", 1))
        assert (own.id, own.seats, own.step_free) == (cast.salon, 15, True)


class TestFreeHours:
    async def test_the_same_hour_on_near_days_then_another_hour_that_day(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place, room_id=cast.salon))
        found = await free_hours(cast.place, cast.salon, FRIDAY_14, FRIDAY_16, now=NOON)
        # Saturday and Sunday are closed; Thursday and Wednesday come before.
        assert hours(found) == ["26 14:00", "25 14:00", "27 12:00"]
        assert all(end - start == timedelta(hours=2) for start, end in found)

    async def test_it_skips_what_is_taken_past_or_closed(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(1, place_id=cast.place, room_id=cast.salon))
        await put(plan(2, place_id=cast.place, room_id=cast.salon, starts_at=at("2026-11-26T15:59")))
        await make_closure(place_id=cast.place, first_on=date(2026, 11, 30), last_on=date(2026, 12, 1))
        now = at("2026-11-25T14:00")
        found = await free_hours(cast.place, cast.salon, FRIDAY_14, FRIDAY_16, now=now, count=4)
        assert hours(found) == ["02 14:00", "03 14:00", "04 14:00", "27 12:00"]

    async def test_the_wall_hour_stays_across_a_clock_change(self, db: Store) -> None:
        cast = await make_cast()
        saturday = at("2027-03-27T10:00")
        found = await free_hours(cast.place, None, saturday, saturday + timedelta(hours=2), now=NOON)
        assert hours(found) == ["26 10:00", "29 10:00", "25 10:00"]
        assert found[1][0] - saturday == timedelta(days=2, hours=-1)

    async def test_an_hour_that_is_jumped_over_is_not_offered(self, db: Store) -> None:
        place = await make_place()
        async with transaction():
            await OpeningHours.delete().where(OpeningHours.place_id == place)
        night = at("2027-03-27T02:30")
        found = await free_hours(place, None, night, night + timedelta(hours=1), now=NOON, count=2)
        assert hours(found) == ["26 02:30", "27 02:00"]


class TestOpening:
    @pytest.mark.parametrize(
        ("start", "end", "state"),
        [
            ("2026-11-27T09:00", "2026-11-27T18:00", OpeningState.OPEN),
            ("2026-11-27T08:59", "2026-11-27T10:00", OpeningState.CLOSED_HOURS),
            ("2026-11-27T17:00", "2026-11-27T18:01", OpeningState.CLOSED_HOURS),
            ("2026-11-28T10:00", "2026-11-28T12:00", OpeningState.CLOSED_HOURS),
            ("2026-12-24T10:00", "2026-12-24T12:00", OpeningState.CLOSED_DAYS),
            ("2026-12-23T10:00", "2026-12-24T12:00", OpeningState.CLOSED_DAYS),
            ("2027-01-04T10:00", "2027-01-04T12:00", OpeningState.OPEN),
        ],
    )
    async def test_hours_and_closures(self, db: Store, start: str, end: str, state: OpeningState) -> None:
        place = await make_place()
        await make_closure(
            place_id=place, first_on=date(2026, 12, 24), last_on=date(2027, 1, 3), reason="Congés d’hiver"
        )
        found = await opening(place, at(start), at(end))
        assert found.state is state
        assert found.reason == ("Congés d’hiver" if state is OpeningState.CLOSED_DAYS else "")

    async def test_it_says_the_hours_of_the_day(self, db: Store) -> None:
        place = await make_place()
        async with transaction():
            await run("update opening_hours set closes = '12:30' where weekday = 4 and place_id = {}", place)
            await OpeningHours.insert(OpeningHours(place_id=place, weekday=4, opens="14:00", closes="19:00"))
        french, english = language("fr"), language("en")
        thursday = (await opening(place, at("2026-11-26T20:00"), at("2026-11-26T21:00"))).words
        friday = (await opening(place, at("2026-11-27T12:00"), at("2026-11-27T15:00"))).words
        saturday = (await opening(place, at("2026-11-28T12:00"), at("2026-11-28T15:00"))).words
        said = [french.say(words).replace("\u00a0", " ") for words in (thursday, friday, saturday)]
        assert said == ["de 9 h à 18 h", "de 9 h à 12 h 30 et de 14 h à 19 h", "fermé"]
        assert "9" in english.say(thursday)

    async def test_a_place_without_written_hours_counts_as_open(self, db: Store) -> None:
        place = await make_place()
        async with transaction():
            await OpeningHours.delete().where(OpeningHours.place_id == place)
        night = at("2026-11-28T23:00")
        assert (await opening(place, night, night + timedelta(hours=5))).state is OpeningState.OPEN
