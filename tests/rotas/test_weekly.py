"""Holding a place every week: at most half of them, and one week's turn may be given up without the others."""

from __future__ import annotations

from app.database import run
from rotas.commands import claim, end_weekly, free, hold_weekly
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot, make_weeks
from tests.rotas.reads import consistent, holders, holdings, refused, slot
from tests.workshops.reads import mails


async def held_by(slots: list[int]) -> list[list[int | None]]:
    return [await holders(each) for each in slots]


class TestHolding:
    async def test_every_turn_from_that_one_on_is_theirs_and_one_message_says_so(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place)
        assert await hold_weekly(actor=cast.samira, slot_id=slots[1], now=NOON) == 3
        assert await held_by(slots) == [[], *[[cast.samira]] * 3]
        assert await hold_weekly(actor=cast.samira, slot_id=slots[1], now=NOON) == 0
        (mail,) = await mails(to=cast.samira)
        assert (mail["kind"], mail["method"]) == ("confirmation", "")
        assert len(await run("select id from rota_weekly where ended_at is null")) == 1
        await consistent()

    async def test_a_week_that_is_full_or_not_free_or_already_theirs_is_left_as_it_is(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place)
        await claim(actor=cast.karim, slot_id=slots[0], now=NOON)
        elsewhere = await make_slot(place_id=cast.place, starts_at=SOON + 7 * DAY + HOUR)
        await claim(actor=cast.samira, slot_id=elsewhere, now=NOON)
        await claim(actor=cast.samira, slot_id=slots[2], now=NOON)
        assert await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON) == 1
        assert await held_by(slots) == [[cast.karim], [], [cast.samira], [cast.samira]]
        assert [row["came"] for row in await holdings(slots[2])] == ["claimed"]
        await consistent()

    async def test_what_has_begun_is_not_given(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place)
        assert await hold_weekly(actor=cast.samira, slot_id=slots[0], now=SOON) == 3
        assert await holders(slots[0]) == []

    async def test_nor_is_a_turn_that_they_had_given_up(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=slots[1], now=NOON)
        await free(actor=cast.samira, slot_id=slots[1], member_id=cast.samira, now=NOON)
        assert await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON) == 3
        assert await holders(slots[1]) == []

    async def test_at_most_half_of_the_places_rounded_up(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place, people=3)
        for member in (cast.samira, cast.karim):
            await hold_weekly(actor=member, slot_id=slots[0], now=NOON)
        attempt = hold_weekly(actor=cast.odile, slot_id=slots[0], now=NOON)
        await refused(attempt, RotaRefusal.WEEKLY_FULL)
        await claim(actor=cast.odile, slot_id=slots[0], sure=True, now=NOON)
        await consistent()

    async def test_only_what_comes_back_every_week_and_only_for_whom_the_duty_is(self, cast: Cast) -> None:
        once = await make_slot(place_id=cast.place)
        await refused(hold_weekly(actor=cast.samira, slot_id=once, now=NOON), RotaRefusal.NOT_WEEKLY)
        duty = await make_duty(place_id=cast.place, needs_training=True)
        await make_practice(duty_id=duty, member_id=cast.odile)
        _, slots = await make_weeks(place_id=cast.place, duty_id=duty)
        await refused(hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON), RotaRefusal.NEEDS_TRAINING)
        assert await run("select id from rota_weekly") == []


class TestNoMore:
    async def test_the_turns_to_come_that_it_gave_are_free_and_the_others_stay(self, cast: Cast) -> None:
        pattern, slots = await make_weeks(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=slots[3], now=NOON)
        await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON)
        during = SOON + HOUR
        assert await end_weekly(actor=cast.samira, pattern_id=pattern, now=during) == slots[1:3]
        assert await end_weekly(actor=cast.samira, pattern_id=pattern, now=during) is None
        assert await end_weekly(actor=cast.karim, pattern_id=pattern, now=during) is None
        assert await held_by(slots) == [[cast.samira], [], [], [cast.samira]]
        assert [(await slot(each))["taken"] for each in slots] == [1, 0, 0, 1]
        assert await run("select id from rota_weekly where ended_at is null") == []
        await consistent()

    async def test_one_week_given_up_leaves_the_others(self, cast: Cast) -> None:
        _, slots = await make_weeks(place_id=cast.place)
        await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON)
        await free(actor=cast.samira, slot_id=slots[1], member_id=cast.samira, now=NOON)
        assert await held_by(slots) == [[cast.samira], [], [cast.samira], [cast.samira]]
        assert len(await run("select id from rota_weekly where ended_at is null")) == 1

    async def test_and_they_may_begin_anew_or_another(self, cast: Cast) -> None:
        pattern, slots = await make_weeks(place_id=cast.place)
        await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON)
        await free(actor=cast.samira, slot_id=slots[1], member_id=cast.samira, now=NOON)
        await end_weekly(actor=cast.samira, pattern_id=pattern, now=NOON + HOUR)
        assert await hold_weekly(actor=cast.samira, slot_id=slots[0], now=NOON + 2 * HOUR) == 3
        assert await held_by(slots) == [[cast.samira], [], [cast.samira], [cast.samira]]
        await end_weekly(actor=cast.samira, pattern_id=pattern, now=NOON + 3 * HOUR)
        assert await hold_weekly(actor=cast.karim, slot_id=slots[0], now=NOON + 3 * HOUR) == 4
        await consistent()
