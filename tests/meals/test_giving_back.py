"""Giving seats back while bookings are open, handing them over afterwards, and what becomes of a whole meal's seats."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import run, transaction
from app.errors import NotFound
from meals import jobs
from meals.commands.booking import add_seats, book_for
from meals.commands.ending import end_bookings, end_list
from meals.commands.giving_back import cancel_seats, hand_over, keep_seats, take_over
from meals.commands.steps import locked
from meals.states import MealRefusal, MealState
from tests.client import NOON
from tests.meals.make import AFTER_CLOSING, CLOSES, START, a_wish, change_meal, make_booking, make_crowd, make_meal
from tests.meals.reads import booking, counts, mailed, mails, parts, refused, roles, stands
from tests.people import Cast

MINUTE = timedelta(minutes=1)


async def give_back(
    actor: int, booking_id: int, seats: int | None = None, *, had: int | None = None, form: str = ""
) -> None:
    await cancel_seats(
        actor=actor, booking_id=booking_id, seats=seats, leave=False, had=had, form=form, now=NOON + MINUTE
    )


async def close(meal_id: int) -> None:
    await change_meal(meal_id, state=MealState.CLOSED.value)


class TestGivingBack:
    async def test_all(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        await give_back(cast.samira, mine)
        assert await stands(mine) == {"cancelled": 3}
        assert await counts(made) == (0, 0)
        assert await roles(made) == {}
        assert not (await booking(mine))["active"]
        assert [mail["method"] for mail in await mails(to=cast.samira)] == ["REQUEST", "CANCEL"]
        await give_back(cast.samira, mine)
        assert len(await mails()) == 2

    async def test_some(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3, children=2)
        await give_back(cast.samira, mine, 1)
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}
        assert [part["children"] for part in await parts(mine) if part["state"] == "confirmed"] == [1]
        assert await counts(made) == (2, 0)
        assert await roles(made) == {cast.samira: "participant"}
        assert len(await mails()) == 1

    async def test_the_same_form_twice_gives_back_once(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        for _ in range(2):
            await give_back(cast.samira, mine, 1, had=3, form="this one")
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}

    async def test_a_form_that_was_written_for_other_seats_is_refused_but_all_is_all(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        for form in ("", "another"):
            await refused(give_back(cast.samira, mine, 1, had=4, form=form), MealRefusal.CHANGED_MEANWHILE)
        assert await stands(mine) == {"confirmed": 3}
        await give_back(cast.samira, mine, had=4)
        assert await stands(mine) == {"cancelled": 3}

    async def test_what_waits_is_given_up_first(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=4)
        await give_back(cast.samira, mine, 1)
        assert await stands(mine) == {"confirmed": 2, "waiting": 1, "cancelled": 1}
        await give_back(cast.samira, mine, 2)
        assert await stands(mine) == {"confirmed": 1, "cancelled": 3}

    async def test_after_closing_only_what_is_not_theirs_yet(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        late = cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=CLOSES)
        await refused(late, MealRefusal.BOOKINGS_CLOSED)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=CLOSES)
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}
        assert await counts(made) == (2, 0)

    async def test_nobody_elses(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        for other in (cast.yann, cast.rosa, cast.karim):
            with pytest.raises(NotFound):
                await give_back(other, mine)
        with pytest.raises(NotFound):
            await give_back(cast.samira, 99)

    async def test_no_seat_is_none(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        await refused(give_back(cast.samira, mine, 0), MealRefusal.TOO_MANY_SEATS)

    async def test_somebody_without_an_account(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)

        async def guest() -> int:
            return await book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)

        mine = await guest()
        with pytest.raises(NotFound):
            await give_back(cast.samira, mine)
        for actor in (cast.karim, cast.yann, cast.rosa):
            mine = await guest()
            await give_back(actor, mine)
            assert await stands(mine) == {"cancelled": 1}
        told = await mails(to=cast.karim, about="guest-left")
        assert len(told) == 2, "of what they did themselves they know"
        assert all("Paul" in mail["subject"] for mail in told)


class TestHandingOver:
    async def full(self, cast: Cast, *, seats: int = 3) -> tuple[int, int]:
        """A closed meal at which Samira has all the seats."""
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=seats)
        return made, await make_booking(meal_id=made, member_id=cast.samira, seats=seats)

    async def test_it_is_told_to_all_who_wait_and_is_the_first_ones(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        odiles = await make_booking(meal_id=made, member_id=cast.odile, seats=2)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert await mailed(about="handed") == {cast.karim, cast.odile}
        assert await take_over(actor=cast.odile, meal_id=made, now=AFTER_CLOSING + MINUTE) == odiles
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}
        assert await stands(odiles) == {"confirmed": 1, "waiting": 1}
        assert await counts(made) == (3, 2)
        late = take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + MINUTE)
        await refused(late, MealRefusal.NOTHING_TO_TAKE_OVER)
        assert await stands(karims) == {"waiting": 1}
        (told,) = await mails(to=cast.samira, about="taken-over")
        assert (told["kind"], told["method"]) == ("change", "")
        assert "Tu gardes 2 places." in told["body"]
        assert [mail["method"] for mail in await mails(to=cast.odile, kind="confirmation")] == ["REQUEST"]

    async def test_whoever_hands_all_over_is_out_once_somebody_took_it(self, cast: Cast) -> None:
        made, mine = await self.full(cast, seats=1)
        await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert await roles(made) == {cast.samira: "participant", cast.karim: "waiting"}
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        assert await roles(made) == {cast.karim: "participant"}
        assert not (await booking(mine))["active"]
        (told,) = await mails(to=cast.samira, about="taken-over")
        assert told["method"] == "CANCEL"
        assert "Tu n’as plus rien à faire" in told["body"]

    async def test_it_is_told_once_while_there_are_some(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING + MINUTE)
        assert len(await mails(about="handed")) == 1
        for minutes in (2, 4, 6):  # there and back again is no news
            await keep_seats(actor=cast.samira, booking_id=mine, now=AFTER_CLOSING + minutes * MINUTE)
            now = AFTER_CLOSING + (minutes + 1) * MINUTE
            await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=now)
        assert len(await mails(about="handed")) == 1
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + 2 * MINUTE)
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}

    async def test_the_same_form_twice_hands_over_once(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        await close(made)
        for _ in range(2):
            await hand_over(actor=cast.samira, booking_id=mine, seats=1, had=3, form="this", now=AFTER_CLOSING)
        assert [part["seats"] for part in await parts(mine) if part["handed_at"]] == [1]
        other = hand_over(actor=cast.samira, booking_id=mine, seats=1, had=3, form="other", now=AFTER_CLOSING)
        await refused(other, MealRefusal.CHANGED_MEANWHILE)

    async def test_it_may_be_taken_back(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=3, now=AFTER_CLOSING)
        await keep_seats(actor=cast.samira, booking_id=mine, now=AFTER_CLOSING)
        late = take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        await refused(late, MealRefusal.NOTHING_TO_TAKE_OVER)
        assert await stands(mine) == {"confirmed": 3}

    async def test_those_handed_over_first_go_first(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        first = await make_booking(meal_id=made, member_id=cast.samira)
        second = await make_booking(meal_id=made, member_id=cast.aicha)
        await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.aicha, booking_id=second, seats=1, now=AFTER_CLOSING)
        await hand_over(actor=cast.samira, booking_id=first, seats=1, now=AFTER_CLOSING + MINUTE)
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING + 2 * MINUTE)
        assert (await stands(first), await stands(second)) == ({"confirmed": 1}, {"cancelled": 1})

    async def test_those_who_sit_together_take_all_or_none(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        group = await make_booking(meal_id=made, member_id=cast.karim, seats=2, together=True)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        attempt = take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        await refused(attempt, MealRefusal.NOTHING_TO_TAKE_OVER)
        assert await mails(about="handed") == [], "it is nothing to them yet"
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert await mailed(about="handed") == {cast.karim}
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        assert await stands(group) == {"confirmed": 2}

    async def test_twice_is_once(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=2, now=AFTER_CLOSING)
        for _ in range(2):
            assert await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING) == karims
        assert await stands(karims) == {"confirmed": 1}
        assert await stands(mine) == {"confirmed": 2, "cancelled": 1}

    async def test_what_is_nobodys_after_closing_is_there_too(self, cast: Cast) -> None:
        """Nobody answered an offer until the very end: the seat is free, and two wait."""
        made, mine = await self.full(cast)
        await make_booking(meal_id=made, member_id=cast.karim)
        group = await make_booking(meal_id=made, member_id=cast.odile, seats=2, together=True)
        yanns = await make_booking(meal_id=made, member_id=cast.yann)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=CLOSES - timedelta(minutes=20))
        for _ in range(2):
            assert await jobs.close_due(CLOSES) in (0, 1)
        assert await counts(made) == (2, 3)
        assert await mailed(about="left-free") == {cast.yann}, "for two who come together it is too little"
        attempt = take_over(actor=cast.odile, meal_id=made, now=AFTER_CLOSING)
        await refused(attempt, MealRefusal.NOTHING_TO_TAKE_OVER)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert await mailed(about="handed") == {cast.odile}, "now there are two"
        assert await take_over(actor=cast.odile, meal_id=made, now=AFTER_CLOSING) == group
        assert (await stands(mine), await stands(group)) == ({"confirmed": 1, "cancelled": 2}, {"confirmed": 2})
        assert await counts(made) == (3, 1)
        await refused(take_over(actor=cast.yann, meal_id=made, now=AFTER_CLOSING), MealRefusal.NOTHING_TO_TAKE_OVER)
        assert await stands(yanns) == {"waiting": 1}

    async def test_nobody_takes_over_their_own(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=mine, seats=1, now=AFTER_CLOSING)
        attempt = take_over(actor=cast.samira, meal_id=made, now=AFTER_CLOSING)
        await refused(attempt, MealRefusal.NOTHING_TO_TAKE_OVER)

    async def test_why_not(self, cast: Cast) -> None:
        made, mine = await self.full(cast)
        early = hand_over(actor=cast.samira, booking_id=mine, seats=1, now=NOON)
        await refused(early, MealRefusal.NOT_CLOSED_YET)
        await make_booking(meal_id=made, member_id=cast.karim)
        await refused(take_over(actor=cast.karim, meal_id=made, now=NOON), MealRefusal.NOT_CLOSED_YET)
        await close(made)
        for seats in (0, 4):
            attempt = hand_over(actor=cast.samira, booking_id=mine, seats=seats, now=AFTER_CLOSING)
            await refused(attempt, MealRefusal.TOO_MANY_SEATS)
        with pytest.raises(NotFound):
            await hand_over(actor=cast.karim, booking_id=mine, seats=1, now=AFTER_CLOSING)
        with pytest.raises(NotFound):
            await keep_seats(actor=cast.karim, booking_id=mine, now=AFTER_CLOSING)
        await refused(take_over(actor=cast.odile, meal_id=made, now=AFTER_CLOSING), MealRefusal.NO_BOOKING)
        for deed in (
            take_over(actor=cast.karim, meal_id=made, now=START),
            hand_over(actor=cast.samira, booking_id=mine, seats=1, now=START),
        ):
            await refused(deed, MealRefusal.OVER)

    async def test_the_seats_of_a_guest_by_whoever_booked_them(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        guests = await book_for(actor=cast.samira, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)
        await make_booking(meal_id=made, member_id=cast.karim)
        await close(made)
        await hand_over(actor=cast.samira, booking_id=guests, seats=1, now=AFTER_CLOSING)
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        assert await stands(guests) == {"cancelled": 1}
        assert await mailed(about="taken-over") == {cast.samira}


class TestAWholeMeal:
    async def test_when_it_begins_nobody_waits_any_more(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        first = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        second = await make_booking(meal_id=made, member_id=cast.karim)
        for ended in (2, 0):
            async with transaction():
                assert await end_list(await locked(made), now=START) == ended
        assert await stands(first) == {"confirmed": 1, "lapsed": 1}
        assert await stands(second) == {"lapsed": 1}
        assert (await booking(first))["active"]
        assert not (await booking(second))["active"]
        assert await counts(made) == (1, 0)
        assert await roles(made) == {cast.samira: "participant"}

    async def test_when_it_is_cancelled_all_of_it_ends_and_everybody_is_known(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        await make_booking(meal_id=made, member_id=cast.samira)
        await book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)
        gone = await make_booking(meal_id=made, member_id=cast.rosa)
        await make_booking(meal_id=made, member_id=cast.odile)
        await give_back(cast.rosa, gone)
        async with transaction():
            row = await locked(made)
            told = await end_bookings(row, now=NOON)
        assert told == ([cast.samira, cast.odile], {cast.karim: ["Paul"]})
        assert await counts(made) == (0, 0)
        assert set(await roles(made)) == {cast.samira, cast.odile}, "it stays in their calendar, struck out"
        assert await run("select id from booking where active = {}", True) == []

    async def test_seats_given_back_by_many_leave_no_trace_in_the_numbers(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=10)
        people = await make_crowd(cast, 8)
        ids = [await make_booking(meal_id=made, member_id=each, seats=2) for each in people]
        for member, mine in zip(people, ids, strict=True):
            await give_back(member, mine, 1)
        await add_seats(actor=people[0], booking_id=ids[0], seats=1, children=0, now=NOON)
        inside = await run(
            "select coalesce(sum(case when state = 'waiting' then 0 else seats end), 0) as taken, "
            "coalesce(sum(case when state = 'waiting' then seats else 0 end), 0) as waiting from booking_part "
            "where meal_id = {} and state in ('waiting', 'offered', 'held', 'confirmed')",
            made,
        )
        assert (inside[0]["taken"], inside[0]["waiting"]) == await counts(made)
