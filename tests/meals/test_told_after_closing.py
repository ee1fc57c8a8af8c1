"""What those on the list are told once bookings are closed: of each seat that they can take now and could not before;
and what whoever took one can do about it then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.database import run
from app.i18n import language
from meals import jobs
from meals.commands.giving_back import cancel_seats, hand_over, keep_seats, take_over
from meals.wording import GIVE_BACK, HAND_OVER
from tests.meals.make import AFTER_CLOSING, CLOSES, change_meal, make_booking, make_meal
from tests.meals.plans import edited, moved
from tests.meals.reads import counts, mailed, mails, stands
from tests.people import Cast

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
EARLY = 20 * MINUTE
"""Before closing: so short before it nobody else is offered what nobody answered for."""


async def told(about: str) -> list[int]:
    """Whom messages of this kind went to, each time."""
    return sorted(mail["member_id"] for mail in await mails(about=about))


class TestHandedOver:
    async def test_the_second_seat_of_the_same_person_is_told_of_too(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3, cooks_least=0)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        await make_booking(meal_id=made, member_id=cast.karim)
        await make_booking(meal_id=made, member_id=cast.aicha)
        await jobs.close_due(CLOSES)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert await told("handed") == sorted([cast.karim, cast.aicha])
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + MINUTE)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING + 2 * MINUTE)
        assert await told("handed") == sorted([cast.karim, cast.aicha, cast.aicha])
        for minutes in (3, 5):  # there and back again is no news
            await keep_seats(actor=cast.samira, booking_id=mine, now=AFTER_CLOSING + minutes * MINUTE)
            now = AFTER_CLOSING + (minutes + 1) * MINUTE
            await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=now)
        assert len(await told("handed")) == 3

    async def test_for_a_meal_that_was_put_off_it_is_news_again(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2, cooks_least=0)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        await make_booking(meal_id=made, member_id=cast.karim)
        for weeks in (0, 1):
            closes_at = CLOSES + weeks * WEEK
            await jobs.close_due(closes_at)
            await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=closes_at + MINUTE)
            assert await told("handed") == [cast.karim] * (weeks + 1)
            await moved(made, WEEK, actor=cast.yann, now=closes_at + 2 * MINUTE)


class TestLeftFree:
    async def a_seat_nobody_answered_for(self, cast: Cast) -> tuple[int, int]:
        """Three seats, one of them nobody's at closing; Aïcha and Yann are on the list."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3, cooks_least=0)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        for member in (cast.karim, cast.aicha, cast.yann):
            await make_booking(meal_id=made, member_id=member)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=CLOSES - EARLY)
        await jobs.close_due(CLOSES)
        assert await counts(made) == (2, 2)
        return made, mine

    async def test_the_second_seat_that_comes_free_is_told_of_too(self, cast: Cast) -> None:
        made, mine = await self.a_seat_nobody_answered_for(cast)
        assert await told("left-free") == sorted([cast.aicha, cast.yann])
        await take_over(actor=cast.yann, meal_id=made, now=AFTER_CLOSING)
        await change_meal(made, released_at=AFTER_CLOSING)  # its hour changed: seats are given back again
        later = AFTER_CLOSING + MINUTE
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=later)
        assert await told("left-free") == sorted([cast.aicha, cast.yann, cast.aicha])
        assert await counts(made) == (2, 1)

    async def test_whoever_waits_no_more_is_no_news_to_the_others(self, cast: Cast) -> None:
        made, _ = await self.a_seat_nobody_answered_for(cast)
        (yanns,) = [each for each in await self.waiting(made) if each["member_id"] == cast.yann]
        await cancel_seats(actor=cast.yann, booking_id=yanns["id"], seats=None, leave=False, now=AFTER_CLOSING)
        assert await counts(made) == (2, 1)
        assert await told("left-free") == sorted([cast.aicha, cast.yann])

    async def test_a_second_one_beside_the_first_is_news_only_to_who_can_come_now(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3, cooks_least=0)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        two = await make_booking(meal_id=made, member_id=cast.karim, seats=2, together=True)
        await make_booking(meal_id=made, member_id=cast.aicha)
        await jobs.close_due(CLOSES)
        await change_meal(made, released_at=AFTER_CLOSING)
        for minutes, everybody in ((1, {cast.aicha}), (2, {cast.aicha, cast.karim})):
            now = AFTER_CLOSING + minutes * MINUTE
            await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=now)
            assert await mailed(about="left-free") == everybody
        assert len(await told("left-free")) == 2
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + 3 * MINUTE)
        assert await stands(two) == {"confirmed": 2}

    async def test_so_are_seats_that_the_meal_has_more(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2, cooks_least=0)
        await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        await make_booking(meal_id=made, member_id=cast.karim)
        await jobs.close_due(CLOSES)
        for seats in (3, 4):
            await edited(made, actor=cast.yann, seats=seats, now=AFTER_CLOSING)
            assert await told("left-free") == [cast.karim]

    async def waiting(self, meal_id: int) -> list[dict[str, Any]]:
        return await run("select id, member_id from booking where meal_id = {} and active = {}", meal_id, True)


class TestWhatToDoWithIt:
    async def said(self, member_id: int) -> str:
        (mail,) = await mails(to=member_id, about="confirmed")
        return str(mail["body"])

    async def test_seats_taken_after_closing_are_handed_over_not_given_back(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1, cooks_least=0)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        await make_booking(meal_id=made, member_id=cast.karim)
        french = language("fr")
        assert "rends ta place en un geste" in await self.said(cast.samira)
        await jobs.close_due(CLOSES)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + MINUTE)
        words = await self.said(cast.karim)
        assert french.say(HAND_OVER) in words
        assert "rends ta place" not in words
        assert french.say(GIVE_BACK) not in words
