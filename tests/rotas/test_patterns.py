"""Weekly patterns: made eight weeks ahead, changed « à partir de », ended; nobody loses a turn without being told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from app.clock import at_local, local, local_day
from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from rotas import jobs
from rotas.commands.claiming import claim, claim_for_guest
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.commands.slots import cancel_slot, change_slot
from rotas.commands.weekly import hold_weekly
from rotas.recurring import Weekly
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import make_duty, make_slot
from tests.rotas.reads import allowed, consistent, entry, holders, holdings, refused, slot, untold
from tests.workshops.reads import mails

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
FRIDAY, THURSDAY = 4, 3
FIRST = date(2026, 11, 27)
"""The first Friday after `NOON`, a Tuesday."""
EVENING = Weekly(FRIDAY, "18:00", "20:00", FIRST)


async def opened(cast: Cast, *, now: datetime = NOON, weekly: Weekly = EVENING, people: int = 2, **duty: Any) -> int:
    duty_id = await make_duty(place_id=cast.place, name="Vaisselle", **duty)
    return await open_pattern(actor=cast.rosa, duty_id=duty_id, weekly=weekly, people=people, room_id=None, now=now)


async def slots_of(pattern_id: int) -> list[dict[str, Any]]:
    return await run("select * from rota_slot where pattern_id = {} order by starts_at", pattern_id)


async def changed(cast: Cast, pattern_id: int, **changes: Any) -> int:
    """To Thursdays from 17 h to 19 h, from the second week on, if nothing else is said."""
    wanted: dict[str, Any] = {
        "actor": cast.rosa,
        "pattern_id": pattern_id,
        "from_on": date(2026, 11, 30),
        "weekly": Weekly(THURSDAY, "17:00", "19:00", FIRST),
        "people": 2,
        "room_id": None,
        "version": 1,
        "now": NOON,
    }
    return await change_pattern(**(wanted | changes))


class TestOpening:
    async def test_its_slots_are_made_eight_weeks_ahead_with_their_entries(self, cast: Cast) -> None:
        made = await slots_of(await opened(cast))
        assert [row["made_for_on"] for row in made] == [FIRST + week * WEEK for week in range(8)]
        assert {local(row["starts_at"]).strftime("%a %H:%M") for row in made} == {"Fri 18:00"}
        kept = await entry(made[0]["id"])
        assert (kept["title"], kept["state"], kept["seats"], kept["taken"]) == ("Vaisselle", "confirmed", 2, 0)

    @pytest.mark.parametrize(
        ("now", "change"),
        [
            (datetime(2027, 2, 20, tzinfo=UTC), date(2027, 3, 28)),
            (datetime(2027, 9, 25, tzinfo=UTC), date(2027, 10, 31)),
        ],
    )
    async def test_hours_stay_put_across_both_clock_changes(self, cast: Cast, now: datetime, change: date) -> None:
        made = await slots_of(await opened(cast, now=now, weekly=Weekly(6, "14:00", "16:00", local_day(now))))
        days = [row["made_for_on"] for row in made]
        assert change in days
        assert days[0] < change < days[-1]
        assert {local(row["starts_at"]).strftime("%H:%M") for row in made} == {"14:00"}
        assert len({(row["starts_at"] - made[0]["starts_at"]) % WEEK for row in made}) == 2  # the control: UTC moves

    async def test_a_night_crosses_the_change_too(self, cast: Cast) -> None:
        now = datetime(2027, 3, 20, tzinfo=UTC)
        made = await slots_of(await opened(cast, now=now, weekly=Weekly(5, "22:00", "02:30", local_day(now))))
        night = next(row for row in made if row["made_for_on"] == date(2027, 3, 27))
        assert local(night["ends_at"]).strftime("%F %H:%M") == "2027-03-28 03:30"
        assert all(row["starts_at"] < row["ends_at"] for row in made)

    async def test_not_in_the_past_of_today(self, cast: Cast) -> None:
        tuesday = Weekly(1, "09:00", "11:00", local_day(NOON) - 30 * DAY)
        made = await slots_of(await opened(cast, weekly=tuesday))
        assert made[0]["made_for_on"] == local_day(NOON) + WEEK

    async def test_the_same_form_twice_is_one_pattern(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        ids = {
            await open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=2, room_id=None, now=NOON)
            for _ in range(2)
        }
        assert len(ids) == 1
        assert len(await slots_of(ids.pop())) == 8

    async def test_another_at_the_same_hour_is_refused(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        await open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=2, room_id=None, now=NOON)
        again = open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=3, room_id=None, now=NOON)
        await refused(again, RotaRefusal.PATTERN_DOUBLE)

    async def test_only_whoever_keeps_the_place(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        for member in (cast.samira, cast.bruno):
            wish = open_pattern(actor=member, duty_id=duty, weekly=EVENING, people=2, room_id=None, now=NOON)
            await refused(wish, RotaRefusal.MAY_NOT)
        with pytest.raises(NotFound):
            await open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=2, room_id=999, now=NOON)


class TestMadeAhead:
    async def test_a_week_later_there_is_one_more_and_twice_is_once(self, cast: Cast) -> None:
        pattern = await opened(cast)
        assert await jobs.make_slots(NOON) == 0
        assert [await jobs.make_slots(NOON + WEEK) for _ in range(2)] == [1, 0]
        assert [row["made_for_on"] for row in await slots_of(pattern)][-1] == FIRST + 8 * WEEK

    async def test_after_a_year_without_the_job_nothing_is_made_for_the_past(self, cast: Cast) -> None:
        pattern = await opened(cast)
        later = NOON + 52 * WEEK
        assert await jobs.make_slots(later) == 8
        assert all(row["starts_at"] > later for row in (await slots_of(pattern))[8:])

    async def test_who_holds_it_every_week_has_the_new_ones(self, cast: Cast) -> None:
        pattern = await opened(cast)
        first = (await slots_of(pattern))[0]["id"]
        await hold_weekly(actor=cast.samira, slot_id=first, now=NOON)
        await jobs.make_slots(NOON + WEEK)
        last = (await slots_of(pattern))[-1]
        assert await holders(last["id"]) == [cast.samira]
        assert (await entry(last["id"]))["taken"] == 1
        await consistent()

    async def test_and_is_told_when_something_else_has_their_time(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[0]["id"], now=NOON)
        starts_at = at_local(FIRST + 8 * WEEK, time(19))
        other = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=starts_at
        )
        await claim(actor=cast.samira, slot_id=other, now=NOON)
        assert await jobs.make_slots(NOON + WEEK) == 1
        last = (await slots_of(pattern))[-1]
        assert await holders(last["id"]) == []
        (told,) = await mails(to=cast.samira, about="weekly-missed")
        assert "Caisse" in told["body"]

    async def test_a_pattern_that_ended_has_no_more(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + WEEK, version=1, now=NOON)
        assert await jobs.make_slots(NOON + WEEK) == 0

    async def test_a_slot_that_was_taken_off_is_not_made_again(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await cancel_slot(actor=cast.rosa, slot_id=(await slots_of(pattern))[2]["id"], now=NOON)
        await run_free("update rota_pattern set made_until = null where id = {}", pattern)
        assert await jobs.make_slots(NOON) == 0

    async def test_a_popular_pattern_opens_in_rounds(self, cast: Cast) -> None:
        pattern = await opened(cast, people=1)
        first, second = (await slots_of(pattern))[:2]
        later = NOON + 2 * WEEK
        await claim(actor=cast.samira, slot_id=first["id"], now=NOON)
        await jobs.make_slots(NOON + WEEK)
        assert (await slots_of(pattern))[-1]["low_load"] is None  # the control: one that filled up fast is not enough
        await run_free("update rota_slot set filled_at = opened_at where id = {}", second["id"])
        await jobs.make_slots(later)
        newest = (await slots_of(pattern))[-1]
        assert (newest["low_load"], newest["mid_load"]) == (1, 1)


async def run_free(sql: str, *args: Any) -> None:
    async with transaction():
        await run(sql, *args)


class TestChanging:
    async def test_slots_move_in_their_week_with_whoever_has_them(self, cast: Cast) -> None:
        pattern = await opened(cast)
        before = await slots_of(pattern)
        await claim(actor=cast.samira, slot_id=before[1]["id"], now=NOON)
        await claim(actor=cast.karim, slot_id=before[0]["id"], now=NOON)
        new = await changed(cast, pattern)
        after = await slots_of(new)
        assert [row["id"] for row in await slots_of(pattern)] == [before[0]["id"]]  # before that day nothing moves
        assert [row["id"] for row in after][:7] == [row["id"] for row in before[1:]]
        assert {local(row["starts_at"]).strftime("%a %H:%M") for row in after} == {"Thu 17:00"}
        assert [row["made_for_on"] for row in after] == [date(2026, 12, 3) + week * WEEK for week in range(7)]
        assert await holders(before[1]["id"]) == [cast.samira]
        kept = await entry(before[1]["id"])
        assert (kept["starts_at"], kept["sequence"]) == (after[0]["starts_at"], 1)
        (told,) = await mails(to=cast.samira, kind="change")
        assert "17 h" in told["subject"].replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
        assert await mails(to=cast.karim, kind="change") == []
        await consistent()

    async def test_it_moves_what_the_turn_allows(self, cast: Cast) -> None:
        pattern = await opened(cast, act=Act.TAKE_CASH.value)
        second = (await slots_of(pattern))[1]
        await claim(actor=cast.samira, slot_id=second["id"], now=NOON)
        assert await allowed(cast.samira, Act.TAKE_CASH, second["starts_at"])
        await changed(cast, pattern)
        assert not await allowed(cast.samira, Act.TAKE_CASH, second["starts_at"])
        assert await allowed(cast.samira, Act.TAKE_CASH, (await slot(second["id"]))["starts_at"])
        await consistent()

    async def test_who_is_busy_at_the_new_hour_loses_it_and_is_told_so(self, cast: Cast) -> None:
        pattern = await opened(cast)
        before = await slots_of(pattern)
        other = await make_slot(
            place_id=cast.place,
            duty_id=await make_duty(place_id=cast.place, name="Caisse"),
            starts_at=datetime(2026, 12, 3, 16, 30, tzinfo=UTC),
        )
        for each in (before[1]["id"], before[2]["id"], other):
            await claim(actor=cast.samira, slot_id=each, now=NOON)
        await claim(actor=cast.karim, slot_id=before[1]["id"], sure=True, now=NOON)
        await changed(cast, pattern)
        assert await holders(before[1]["id"]) == [cast.karim]
        assert await holders(before[2]["id"]) == [cast.samira]
        assert (await holdings(before[1]["id"], cast.samira))[0]["went"] == "moved"
        (told,) = await mails(to=cast.samira, about="gone")
        assert "Caisse" in told["body"]
        assert told["kind"] == "change"
        assert await untold() == []
        await consistent()

    async def test_who_has_several_is_told_once_of_all(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[1]["id"], now=NOON)
        new = await changed(cast, pattern)
        (told,) = await mails(to=cast.samira, about=f"pattern-{new}-moved")
        assert told["body"].count("→") == 7

    async def test_weekly_holders_hold_the_new_one(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[1]["id"], now=NOON)
        new = await changed(cast, pattern)
        await jobs.make_slots(NOON + 2 * WEEK)
        assert await holders((await slots_of(new))[-1]["id"]) == [cast.samira]
        assert await jobs.make_slots(NOON + 2 * WEEK) == 0

    async def test_a_held_slot_that_it_has_no_more_stays_and_an_empty_one_goes(self, cast: Cast) -> None:
        """From a Friday on, it is on Wednesdays: that of the Friday's week is over by then."""
        pattern = await opened(cast)
        held, empty = (await slots_of(pattern))[:2]
        await claim(actor=cast.samira, slot_id=held["id"], now=NOON)
        await changed(cast, pattern, from_on=FIRST, weekly=Weekly(2, "17:00", "19:00", FIRST))
        stays = await slot(held["id"])
        assert (stays["pattern_id"], stays["state"], stays["starts_at"]) == (None, "open", held["starts_at"])
        assert len(await mails(to=cast.samira, about="stays")) == 1
        assert (await slot(empty["id"]))["state"] == "open"

    async def test_an_empty_one_that_it_has_no_more_is_off_without_a_word(self, cast: Cast) -> None:
        pattern = await opened(cast)
        first = (await slots_of(pattern))[0]
        await changed(cast, pattern, from_on=FIRST, weekly=Weekly(2, "17:00", "19:00", FIRST))
        assert (await slot(first["id"]))["state"] == "cancelled"
        assert await mails() == []

    async def test_people_never_fall_below_those_who_have_it(self, cast: Cast) -> None:
        pattern = await opened(cast)
        full, one = (await slots_of(pattern))[1:3]
        for member in (cast.samira, cast.karim):
            await claim(actor=member, slot_id=full["id"], sure=True, now=NOON)
        await changed(cast, pattern, people=1)
        assert ((await slot(full["id"]))["people"], (await slot(one["id"]))["people"]) == (2, 1)
        await consistent()

    async def test_a_week_off_stays_off(self, cast: Cast) -> None:
        pattern = await opened(cast)
        off = (await slots_of(pattern))[2]
        await cancel_slot(actor=cast.rosa, slot_id=off["id"], now=NOON)
        new = await changed(cast, pattern)
        assert [row["id"] for row in await slots_of(new) if row["state"] == "cancelled"] == [off["id"]]
        assert len(await slots_of(new)) == 7

    async def test_whoever_took_it_for_a_guest_is_told(self, cast: Cast) -> None:
        pattern = await opened(cast)
        second = (await slots_of(pattern))[1]
        await claim_for_guest(actor=cast.karim, slot_id=second["id"], first_name="Fatou", now=NOON)
        await changed(cast, pattern)
        (told,) = await mails(to=cast.karim)
        assert "Fatou" in told["subject"]

    async def test_the_same_change_twice_is_once_and_an_older_page_is_told(self, cast: Cast) -> None:
        pattern = await opened(cast)
        new = await changed(cast, pattern)
        assert await changed(cast, pattern) == new
        await refused(changed(cast, pattern, people=3), RotaRefusal.CHANGED_MEANWHILE)
        await refused(changed(cast, new, people=3, version=0), RotaRefusal.CHANGED_MEANWHILE)
        await refused(changed(cast, new, people=3, actor=cast.samira), RotaRefusal.MAY_NOT)
        newest = await changed(cast, new, people=3)
        assert {row["people"] for row in await slots_of(newest)} == {3}

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (Weekly(0, "08:00", "10:00", FIRST), Weekly(6, "20:00", "09:00", FIRST)),
            (Weekly(6, "20:00", "09:00", FIRST), Weekly(0, "08:00", "10:00", FIRST)),
        ],
    )
    async def test_whoever_has_them_all_never_comes_upon_their_own_next_one(
        self, cast: Cast, before: Weekly, after: Weekly
    ) -> None:
        pattern = await opened(cast, weekly=before)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[1]["id"], now=NOON)
        new = await changed(cast, pattern, weekly=after)
        moved = (await slots_of(new))[1:]
        assert len(moved) >= 6
        assert [await holders(row["id"]) for row in moved] == [[cast.samira]] * len(moved)

    async def test_what_began_never_moves(self, cast: Cast) -> None:
        pattern = await opened(cast)
        first = (await slots_of(pattern))[0]
        now = first["starts_at"] + timedelta(minutes=5)
        await changed(cast, pattern, from_on=FIRST, weekly=Weekly(FRIDAY, "21:00", "22:00", FIRST), now=now)
        assert (await slot(first["id"]))["starts_at"] == first["starts_at"]


class TestEnding:
    async def test_slots_after_its_last_day_are_off_and_people_are_told(self, cast: Cast) -> None:
        pattern = await opened(cast, act=Act.CHECK_IN.value)
        second, third = (await slots_of(pattern))[1:3]
        await claim(actor=cast.samira, slot_id=third["id"], now=NOON)
        await claim(actor=cast.samira, slot_id=second["id"], now=NOON)
        await end_pattern(
            actor=cast.rosa, pattern_id=pattern, last_on=second["made_for_on"], version=1, now=NOON + timedelta(hours=1)
        )
        assert (await slot(second["id"]))["state"] == "open"
        assert (await slot(third["id"]))["state"] == "cancelled"
        assert not await allowed(cast.samira, Act.CHECK_IN, third["starts_at"])
        (told,) = await mails(to=cast.samira, kind="cancellation")
        assert told["about_id"] == third["id"]
        assert (await entry(third["id"]))["state"] == "cancelled"
        await consistent()

    async def test_twice_is_once_and_put_off_they_are_made_again(self, cast: Cast) -> None:
        pattern = await opened(cast)
        for _ in range(2):
            await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST, version=1, now=NOON)
        assert len(await slots_of(pattern)) == 1
        late = end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + WEEK, version=1, now=NOON)
        await refused(late, RotaRefusal.CHANGED_MEANWHILE)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + 2 * WEEK, version=2, now=NOON)
        assert await jobs.make_slots(NOON) == 2
        assert [row["made_for_on"] for row in await slots_of(pattern)] == [FIRST + week * WEEK for week in range(3)]

    async def test_put_off_it_never_meets_another_at_the_same_hour(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        ids = []
        for first in (FIRST, FIRST + 2 * WEEK):
            weekly = Weekly(FRIDAY, "18:00", "20:00", first)
            ids.append(
                await open_pattern(actor=cast.rosa, duty_id=duty, weekly=weekly, people=2, room_id=None, now=NOON)
            )
            if first == FIRST:
                await end_pattern(actor=cast.rosa, pattern_id=ids[0], last_on=FIRST + WEEK, version=1, now=NOON)
        late = end_pattern(actor=cast.rosa, pattern_id=ids[0], last_on=FIRST + 3 * WEEK, version=2, now=NOON)
        await refused(late, RotaRefusal.PATTERN_DOUBLE)

    async def test_who_held_it_every_week_is_told(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[0]["id"], now=NOON)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST, version=1, now=NOON)
        assert len(await mails(to=cast.samira, about=f"pattern-{pattern}-over")) == 1
        assert await run("select id from rota_weekly where ended_at is null") == []


class TestOneOfItsSlots:
    async def test_moved_alone_it_is_not_made_again(self, cast: Cast) -> None:
        pattern = await opened(cast)
        second = (await slots_of(pattern))[1]
        await change_slot(
            actor=cast.rosa,
            slot_id=second["id"],
            starts_at=second["starts_at"] - DAY,
            ends_at=second["ends_at"] - DAY,
            people=2,
            room_id=None,
            version=1,
            now=NOON,
        )
        await run_free("update rota_pattern set made_until = null where id = {}", pattern)
        assert await jobs.make_slots(NOON) == 0
