"""A weekly pattern over its changes: whoever holds it every week, what is planned for later, what is put off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.clock import local
from app.database import run, transaction
from rotas import jobs
from rotas.commands.claiming import claim
from rotas.commands.duties import retire_duty
from rotas.commands.patterns import change_pattern, end_pattern, open_pattern
from rotas.commands.slots import change_slot
from rotas.commands.taking_back import take_back
from rotas.commands.weekly import end_weekly, hold_weekly
from rotas.lines import followers_of, line_of
from rotas.queries.foreseen import pattern_change, pattern_end
from rotas.recurring import Weekly
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.reads import consistent, holders, refused, slot, untold
from tests.rotas.test_patterns import EVENING, FIRST, FRIDAY, THURSDAY, WEEK, changed, opened, run_free, slots_of
from tests.workshops.reads import mails
from tests.workshops.test_races import at_once, errors

DAY = timedelta(days=1)
EARLIER = Weekly(FRIDAY, "17:00", "19:00", FIRST)


async def weekly_of(pattern_id: int) -> list[int]:
    rows = await run(
        "select member_id from rota_weekly where pattern_id = {} and ended_at is null order by since_at, id", pattern_id
    )
    return [row["member_id"] for row in rows]


async def held_weekly(cast: Cast, pattern_id: int, *members: int) -> None:
    first = (await slots_of(pattern_id))[0]["id"]
    for minutes, member in enumerate(members):
        await hold_weekly(actor=member, slot_id=first, now=NOON + timedelta(minutes=minutes))


async def days_of(*pattern_ids: int) -> list[date]:
    return [row["made_for_on"] for each in pattern_ids for row in await slots_of(each) if row["state"] == "open"]


class TestFewerPlacesThanWeeklyHolders:
    async def test_changed_to_fewer_people_whoever_held_it_longest_holds_it(self, cast: Cast) -> None:
        pattern = await opened(cast, people=4)
        await held_weekly(cast, pattern, cast.karim, cast.samira)
        new = await changed(cast, pattern, from_on=FIRST, weekly=EARLIER, people=1)
        assert await weekly_of(new) == [cast.karim]
        assert [await jobs.make_slots(NOON + week * WEEK) for week in (1, 2)] == [1, 1]
        made = await slots_of(new)
        assert {each["people"] for each in made[:8]} == {2}, "nobody loses what they have"
        assert [await holders(each["id"]) for each in made] == [[cast.karim, cast.samira]] * 8 + [[cast.karim]] * 2
        (told,) = await mails(to=cast.samira, about=f"pattern-{new}-fewer")
        assert "tu ne le tiens plus chaque semaine" in told["subject"]
        assert await mails(to=cast.karim, about=f"pattern-{new}-fewer") == []
        await consistent()

    async def test_on_a_day_that_has_no_slot_yet_too(self, cast: Cast) -> None:
        """Its first slot is then made by the change itself."""
        pattern = await opened(cast, people=4)
        await held_weekly(cast, pattern, cast.karim, cast.samira)
        new = await changed(
            cast, pattern, from_on=NOON.date(), weekly=Weekly(2, "17:00", "19:00", FIRST), people=1, now=NOON + DAY / 24
        )
        assert await weekly_of(new) == [cast.karim]
        assert await untold() == []
        await consistent()

    async def test_a_week_that_wants_more_leaves_the_pattern_its_half(self, cast: Cast) -> None:
        pattern = await opened(cast)
        third = (await slots_of(pattern))[2]
        await change_slot(
            actor=cast.rosa,
            slot_id=third["id"],
            starts_at=third["starts_at"],
            ends_at=third["ends_at"],
            people=10,
            room_id=None,
            version=third["version"],
            now=NOON,
        )
        assert await hold_weekly(actor=cast.karim, slot_id=third["id"], now=NOON) == 6
        await refused(hold_weekly(actor=cast.samira, slot_id=third["id"], now=NOON), RotaRefusal.WEEKLY_FULL)
        assert await jobs.make_slots(NOON + WEEK) == 1

    async def test_were_there_more_of_them_still_the_next_week_is_made_and_the_last_is_told(self, cast: Cast) -> None:
        pattern = await opened(cast, people=1)
        await held_weekly(cast, pattern, cast.karim)
        await run_free(
            "insert into rota_weekly (pattern_id, member_id, since_at) values ({}, {}, {})",
            pattern,
            cast.samira,
            NOON + DAY,
        )
        assert await jobs.make_slots(NOON + WEEK) == 1
        last = (await slots_of(pattern))[-1]
        assert await holders(last["id"]) == [cast.karim]
        assert len(await mails(to=cast.samira, about="weekly-missed")) == 1
        await consistent()


class TestPutOff:
    async def test_after_the_job_ran_no_week_is_left_out(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + WEEK, version=1, now=NOON)
        assert [await jobs.make_slots(NOON) for _ in range(2)] == [0, 0]
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + 20 * WEEK, version=2, now=NOON)
        assert await jobs.make_slots(NOON) == 6
        assert await jobs.make_slots(NOON + 2 * WEEK) == 2
        assert await days_of(pattern) == [FIRST + week * WEEK for week in range(10)]

    async def test_an_end_far_away_ends_what_is_held_when_the_last_is_made(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await held_weekly(cast, pattern, cast.karim)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + 9 * WEEK, version=1, now=NOON)
        assert await weekly_of(pattern) == [cast.karim]
        for week in range(1, 4):
            await jobs.make_slots(NOON + week * WEEK)
        assert [await holders(each["id"]) for each in await slots_of(pattern)] == [[cast.karim]] * 10
        assert await weekly_of(pattern) == []


class TestPlannedFarAhead:
    async def test_whoever_holds_it_has_every_week_in_between(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await held_weekly(cast, pattern, cast.karim)
        new = await changed(cast, pattern, from_on=FIRST + 11 * WEEK, weekly=EARLIER)
        for week in range(1, 6):
            await jobs.make_slots(NOON + week * WEEK)
        assert await days_of(pattern, new) == [FIRST + week * WEEK for week in range(13)]
        made = [*await slots_of(pattern), *await slots_of(new)]
        assert [await holders(each["id"]) for each in made] == [[cast.karim]] * 13
        assert (await weekly_of(pattern), await weekly_of(new)) == ([], [cast.karim])
        await consistent()

    async def test_who_stops_meanwhile_stops_with_both(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await held_weekly(cast, pattern, cast.karim)
        new = await changed(cast, pattern, from_on=FIRST + 11 * WEEK, weekly=EARLIER)
        assert len(await end_weekly(actor=cast.karim, pattern_id=pattern, now=NOON + DAY) or ()) == 8
        assert (await weekly_of(pattern), await weekly_of(new)) == ([], [])


class TestStopping:
    async def test_what_it_gave_before_a_planned_change_is_free_too(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await held_weekly(cast, pattern, cast.karim)
        new = await changed(cast, pattern, from_on=FIRST + 3 * WEEK, weekly=EARLIER)
        before = [each["id"] for each in [*await slots_of(pattern), *await slots_of(new)]]
        assert await end_weekly(actor=cast.karim, pattern_id=new, now=NOON + DAY) == before
        assert [await holders(each) for each in before] == [[]] * 8
        assert await end_weekly(actor=cast.karim, pattern_id=new, now=NOON + DAY) is None
        await consistent()

    async def test_another_pattern_of_the_duty_is_another_affair(self, cast: Cast) -> None:
        pattern = await opened(cast)
        ((duty,),) = [[row["duty_id"] for row in await run("select duty_id from rota_pattern where id = {}", pattern)]]
        other = await open_pattern(
            actor=cast.rosa,
            duty_id=duty,
            weekly=Weekly(0, "09:00", "10:00", FIRST),
            people=2,
            room_id=None,
            now=NOON,
        )
        await held_weekly(cast, other, cast.karim)
        await held_weekly(cast, pattern, cast.karim)
        assert len(await end_weekly(actor=cast.karim, pattern_id=pattern, now=NOON + DAY) or ()) == 8
        assert await weekly_of(other) == [cast.karim]
        assert (await line_of(pattern), await line_of(other), await line_of(9999)) == ([pattern], [other], [])


class TestPlannedAndChangedAgain:
    async def planned(self, cast: Cast, **changes: Any) -> tuple[int, int]:
        """On Fridays; on Thursdays from the sixth week on. Karim holds it every week."""
        pattern = await opened(cast)
        await held_weekly(cast, pattern, cast.karim)
        wanted: dict[str, Any] = {"from_on": date(2026, 12, 28), "weekly": Weekly(THURSDAY, "17:00", "19:00", FIRST)}
        return pattern, await changed(cast, pattern, **(wanted | changes))

    async def test_an_earlier_change_is_made_of_both(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast)
        ids = [each["id"] for each in [*await slots_of(pattern), *await slots_of(later)]]
        newest = await changed(cast, pattern, from_on=FIRST + WEEK, weekly=EARLIER, version=2)
        assert [each["id"] for each in await slots_of(newest)] == ids[1:]
        assert await days_of(pattern, newest) == [FIRST + week * WEEK for week in range(8)]
        assert {local(each["starts_at"]).strftime("%a %H:%M") for each in await slots_of(newest)} == {"Fri 17:00"}
        assert [await holders(each) for each in ids] == [[cast.karim]] * 8
        assert [row["id"] for row in await followers_of(pattern)] == [newest]
        assert (await weekly_of(later), await weekly_of(newest)) == ([], [cast.karim])
        again = await changed(cast, pattern, from_on=FIRST + WEEK, weekly=EARLIER, version=2)
        assert again == newest
        assert await jobs.make_slots(NOON + WEEK) == 1
        assert await untold() == []
        await consistent()

    async def test_planned_for_the_same_day_it_is_planned_otherwise(self, cast: Cast) -> None:
        pattern, _ = await self.planned(cast)
        newest = await changed(cast, pattern, from_on=date(2026, 12, 28), weekly=EARLIER, version=2)
        assert await days_of(pattern, newest) == [FIRST + week * WEEK for week in range(8)]
        await consistent()

    async def test_back_to_what_it_is_now_nothing_is_planned_any_more(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast)
        newest = await changed(cast, pattern, from_on=date(2026, 12, 28), weekly=EVENING, version=2)
        assert await days_of(pattern, newest) == [FIRST + week * WEEK for week in range(8)]
        assert {local(each["starts_at"]).strftime("%a %H:%M") for each in await slots_of(newest)} == {"Fri 18:00"}
        assert await slots_of(later) == []

    async def test_two_of_one_week_become_one_and_who_has_the_other_keeps_it_once(self, cast: Cast) -> None:
        """Changed on a Wednesday from Mondays to Thursdays, that week has both."""
        pattern = await opened(cast, weekly=Weekly(0, "18:00", "20:00", FIRST))
        middle = date(2026, 12, 16)
        later = await changed(cast, pattern, from_on=middle, weekly=Weekly(THURSDAY, "17:00", "19:00", FIRST))
        monday = next(each for each in await slots_of(pattern) if each["made_for_on"] == date(2026, 12, 14))
        thursday = next(each for each in await slots_of(later) if each["made_for_on"] == date(2026, 12, 17))
        for member in (cast.karim, cast.samira):
            await claim(actor=member, slot_id=thursday["id"], sure=True, now=NOON)
        await claim(actor=cast.odile, slot_id=monday["id"], now=NOON)
        foreseen = await pattern_change(pattern, Weekly(5, "10:00", "12:00", date(2026, 12, 14)), now=NOON)
        assert (foreseen.moved, foreseen.alone, foreseen.off) == (2, 1, 0)
        newest = await changed(
            cast, pattern, from_on=date(2026, 12, 14), weekly=Weekly(5, "10:00", "12:00", FIRST), version=2
        )
        assert (await slot(thursday["id"]))["made_for_on"] == date(2026, 12, 19)
        alone = await slot(monday["id"])
        assert (alone["pattern_id"], alone["state"], alone["starts_at"]) == (None, "open", monday["starts_at"])
        assert len(await mails(to=cast.odile, about="stays")) == 1
        days = await days_of(newest)
        assert len(set(days)) == len(days)
        await consistent()

    async def test_an_earlier_end_ends_what_was_planned_with_it(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast)
        assert (await pattern_end(pattern, FIRST + DAY, now=NOON)).off == 7
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST, version=2, now=NOON)
        assert await days_of(pattern, later) == [FIRST]
        assert (await weekly_of(pattern), await weekly_of(later)) == ([], [])
        assert len(await mails(to=cast.karim, about=f"pattern-{pattern}-over")) == 1
        assert await jobs.make_slots(NOON + 6 * WEEK) == 0
        assert await untold() == []
        await consistent()

    async def test_on_its_last_day_as_planned_too(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast)
        last_on = date(2026, 12, 27)
        for _ in range(2):
            await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=last_on, version=2, now=NOON)
        assert await followers_of(pattern) == []
        assert await days_of(pattern, later) == [FIRST + week * WEEK for week in range(5)]

    async def test_what_it_is_to_become_is_changed_there(self, cast: Cast) -> None:
        """After that day it is the other pattern, and so it is once that has begun."""
        pattern, later = await self.planned(cast)
        after = FIRST + 6 * WEEK
        await refused(changed(cast, pattern, from_on=after, weekly=EARLIER, version=2), RotaRefusal.PATTERN_ENDED)
        end = end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=after, version=2, now=NOON)
        await refused(end, RotaRefusal.PATTERN_ENDED)
        begun = NOON + 5 * WEEK
        for wish in (
            changed(cast, pattern, from_on=FIRST, weekly=EARLIER, version=2, now=begun),
            end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST, version=2, now=begun),
        ):
            await refused(wish, RotaRefusal.PATTERN_ENDED)
        assert await weekly_of(later) == [cast.karim]

    async def test_what_is_planned_no_more_never_comes_back(self, cast: Cast) -> None:
        """From a page that somebody still has open, or goes back to."""
        pattern, later = await self.planned(cast)
        await changed(cast, pattern, from_on=FIRST + WEEK, weekly=EARLIER, version=2)
        thursdays = Weekly(THURSDAY, "17:00", "19:00", FIRST)
        await refused(changed(cast, later, weekly=thursdays, version=2), RotaRefusal.PATTERN_ENDED)
        wish = end_pattern(actor=cast.rosa, pattern_id=later, last_on=date(2027, 6, 1), version=2, now=NOON)
        await refused(wish, RotaRefusal.PATTERN_ENDED)
        await jobs.make_slots(NOON + 8 * WEEK)
        assert await days_of(later) == []

    async def test_an_end_that_was_fixed_stays(self, cast: Cast) -> None:
        pattern = await opened(cast)
        await end_pattern(actor=cast.rosa, pattern_id=pattern, last_on=FIRST + 6 * WEEK, version=1, now=NOON)
        await changed(cast, pattern, from_on=FIRST + 4 * WEEK, weekly=EARLIER, version=2)
        newest = await changed(cast, pattern, from_on=FIRST + 2 * WEEK, weekly=EARLIER, people=3, version=3)
        assert await days_of(pattern, newest) == [FIRST + week * WEEK for week in range(7)]

    async def test_with_its_duty_all_of_it_ends(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast)
        (row,) = await run("select duty_id from rota_pattern where id = {}", pattern)
        await retire_duty(actor=cast.rosa, duty_id=row["duty_id"], now=NOON)
        assert await days_of(pattern, later) == []
        assert (await weekly_of(pattern), await weekly_of(later)) == ([], [])
        await consistent()

    async def test_and_whoever_holds_it_before_and_after_hears_it_once(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast, from_on=FIRST + 11 * WEEK)
        assert (await weekly_of(pattern), await weekly_of(later)) == ([cast.karim], [cast.karim])
        (row,) = await run("select duty_id from rota_pattern where id = {}", pattern)
        await retire_duty(actor=cast.rosa, duty_id=row["duty_id"], now=NOON)
        assert (await weekly_of(pattern), await weekly_of(later)) == ([], [])
        assert len(await mails(to=cast.karim, about="pattern-")) == 1

    async def test_as_does_who_may_not_have_it_any_more(self, cast: Cast) -> None:
        pattern, later = await self.planned(cast, from_on=FIRST + 11 * WEEK)
        async with transaction():
            await run("update duty set adults_only = {}", True)
            await run("update member set adult_on = {} where id = {}", date(2030, 1, 1), cast.karim)
            await take_back(cast.karim, NOON)
        assert (await weekly_of(pattern), await weekly_of(later)) == ([], [])
        assert len(await mails(to=cast.karim, about="weekly-over")) == 1


@pytest.mark.parametrize("weeks", [2, 11])
async def test_what_is_planned_is_changed_in_its_own_place_too(cast: Cast, weeks: int) -> None:
    pattern = await opened(cast)
    await held_weekly(cast, pattern, cast.karim)
    first = await changed(cast, pattern, from_on=FIRST + weeks * WEEK, weekly=EARLIER)
    newest = await change_pattern(
        actor=cast.rosa,
        pattern_id=first,
        from_on=FIRST + weeks * WEEK,
        weekly=Weekly(FRIDAY, "16:00", "18:00", FIRST),
        people=2,
        room_id=None,
        version=1,
        now=NOON,
    )
    assert await line_of(newest) == await line_of(pattern) == [pattern, first, newest]
    assert [row["id"] for row in await followers_of(pattern)] == [newest]


async def test_changed_again_while_people_hold_it_stop_and_claim_nobody_loses_a_turn_silently(cast: Cast) -> None:
    pattern = await opened(cast, people=6)
    await held_weekly(cast, pattern, cast.karim, cast.samira)
    later = await changed(cast, pattern, from_on=FIRST + 3 * WEEK, weekly=EARLIER, people=6)
    ids = [each["id"] for each in [*await slots_of(pattern), *await slots_of(later)]]
    ends = await at_once(
        [
            *(claim(actor=cast.odile, slot_id=each, sure=True, now=NOON) for each in ids[1:5]),
            end_weekly(actor=cast.samira, pattern_id=later, now=NOON + DAY),
            changed(cast, pattern, from_on=FIRST + WEEK, weekly=Weekly(THURSDAY, "17:00", "19:00", FIRST), version=2),
            changed(cast, pattern, from_on=FIRST + WEEK, weekly=Weekly(THURSDAY, "09:00", "11:00", FIRST), version=2),
            hold_weekly(actor=cast.yann, slot_id=ids[5], now=NOON),
        ]
    )
    assert errors(ends) == []
    (follower,) = await followers_of(pattern)
    assert follower["id"] != later
    assert await weekly_of(later) == []
    assert await weekly_of(follower["id"]) == [cast.karim], "two people, so one holds it every week: the first who did"
    made = await days_of(pattern, follower["id"])
    assert len(set(made)) == len(made)
    assert cast.samira not in [member for each in ids for member in await holders(each)]
    assert await untold() == []
    await consistent()
