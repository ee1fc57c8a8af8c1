"""Booking seats: what is free at once, what waits, one booking a person, for somebody present, more seats, diets."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from meals import jobs
from meals.commands.booking import add_seats, book, book_for, change_choice
from meals.commands.giving_back import cancel_seats
from meals.facts import due_of
from meals.rules import MOST_SEATS
from meals.states import Allergen, Diet, Job, MealRefusal, MealState, Payment
from tests.client import NOON
from tests.meals.make import (
    AFTER_CLOSING,
    CLOSES,
    START,
    a_wish,
    make_booking,
    make_crowd,
    make_dish,
    make_meal,
    make_turn,
)
from tests.meals.reads import (
    all_parts,
    booking,
    bookings,
    counts,
    diets,
    mails,
    parts,
    refused,
    roles,
    stands,
    statements,
)
from tests.people import Cast

MINUTE = timedelta(minutes=1)


class TestBook:
    async def test_what_is_free_is_theirs_at_once(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3, children=1)
        assert await stands(mine) == {"confirmed": 3}
        assert await counts(made) == (3, 0)
        assert await roles(made) == {cast.samira: "participant"}
        assert (await parts(mine))[0]["children"] == 1
        (told,) = await mails(to=cast.samira)
        assert (told["kind"], told["method"], told["link"]) == ("confirmation", "REQUEST", f"/reservations/{mine}")
        assert "€" not in told["body"]

    async def test_the_rest_waits(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        assert await stands(mine) == {"confirmed": 2, "waiting": 1}
        assert await counts(made) == (2, 1)
        assert "en attente" in (await mails(to=cast.samira))[0]["body"]
        second = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        assert await stands(second) == {"waiting": 2}
        assert await roles(made) == {cast.samira: "participant", cast.karim: "waiting"}
        assert await mails(to=cast.karim) == []
        queues = [part["queue"] for part in await all_parts(made) if part["state"] == "waiting"]
        assert queues == sorted(queues)
        assert None not in queues

    async def test_together_is_all_or_none(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        await make_booking(meal_id=made, member_id=cast.odile)
        group = await make_booking(meal_id=made, member_id=cast.samira, seats=3, together=True)
        assert await stands(group) == {"waiting": 3}
        alone = await make_booking(meal_id=made, member_id=cast.karim)
        assert await stands(alone) == {"confirmed": 1}, "what is too little for the group is for the next"

    async def test_no_child_sits_or_waits_without_a_grown_up(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=4, children=2)
        assert [(part["seats"], part["children"]) for part in await parts(mine)] == [(2, 1), (2, 1)]

    async def test_twice_is_one_booking(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        first = await make_booking(meal_id=made, member_id=cast.samira, suspended=True)
        again = await make_booking(meal_id=made, member_id=cast.samira, seats=2, suspended=True, now=NOON + MINUTE)
        late = await make_booking(meal_id=made, member_id=cast.samira, now=AFTER_CLOSING)
        assert first == again == late
        assert len(await bookings(made)) == len(await mails()) == 1
        assert await counts(made) == (1, 0)

    async def test_after_giving_all_back_it_is_another(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        first = await make_booking(meal_id=made, member_id=cast.samira)
        await cancel_seats(actor=cast.samira, booking_id=first, seats=None, leave=False, now=NOON)
        assert await make_booking(meal_id=made, member_id=cast.samira, now=NOON + MINUTE) != first
        assert await counts(made) == (1, 0)

    async def test_it_takes_as_many_statements_when_a_hundred_have_booked(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=101)
        people = await make_crowd(cast, 102)
        first = await statements(monkeypatch, book(actor=people[0], meal_id=made, wish=a_wish(), diets={}, now=NOON))
        assert len(first) <= 10, first
        for member in people[1:100]:
            await make_booking(meal_id=made, member_id=member)
        last = await statements(monkeypatch, book(actor=people[100], meal_id=made, wish=a_wish(), diets={}, now=NOON))
        assert last == first
        waits = await statements(monkeypatch, book(actor=people[101], meal_id=made, wish=a_wish(2), diets={}, now=NOON))
        assert len(waits) <= len(first)


class TestWhyNot:
    @pytest.mark.parametrize(
        ("columns", "now", "reason"),
        [
            ({}, CLOSES, MealRefusal.NOT_OPEN),
            ({"state": MealState.CLOSED.value}, NOON, MealRefusal.NOT_OPEN),
            ({"state": MealState.CANCELLED.value}, NOON, MealRefusal.CANCELLED),
            ({"state": MealState.SERVED.value}, NOON, MealRefusal.OVER),
            ({}, START + timedelta(hours=3), MealRefusal.OVER),
        ],
    )
    async def test_the_meal(self, cast: Cast, columns: dict[str, Any], now: Any, reason: MealRefusal) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, **columns)
        await refused(make_booking(meal_id=made, member_id=cast.samira, now=now), reason)
        assert await bookings(made) == []

    @pytest.mark.parametrize(
        ("wish", "reason"),
        [
            (a_wish(0), MealRefusal.TOO_MANY_SEATS),
            (a_wish(MOST_SEATS + 1), MealRefusal.TOO_MANY_SEATS),
            (a_wish(give=7), MealRefusal.TOO_MANY_SEATS),
            (a_wish(2, children=2), MealRefusal.CHILDREN_ALONE),
            (a_wish(price_cents=400), MealRefusal.NOT_A_PRICE),
            (a_wish(payment=Payment.CARD), MealRefusal.NO_CARD),
            (a_wish(team=True), MealRefusal.NOT_OF_THE_TEAM),
        ],
    )
    async def test_the_wish(self, cast: Cast, wish: Any, reason: MealRefusal) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await refused(book(actor=cast.samira, meal_id=made, wish=wish, diets={}, now=NOON), reason)
        assert await bookings(made) == []

    async def test_a_suspended_meal_is_once_for_each_meal(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        first = await make_booking(meal_id=made, member_id=cast.samira, suspended=True)
        async with transaction():  # as the door will have it
            await run("update booking_part set state = 'attended' where booking_id = {}", first)
            await run("update booking set active = {} where id = {}", False, first)
        again = make_booking(meal_id=made, member_id=cast.samira, suspended=True)
        await refused(again, MealRefusal.SUSPENDED_ONCE)
        other = await make_meal(place_id=cast.place, opener=cast.yann)
        assert await make_booking(meal_id=other, member_id=cast.samira, suspended=True)

    async def test_one_that_was_given_back_or_never_came_is_none(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        full = await make_booking(meal_id=made, member_id=cast.odile)
        waits = await make_booking(meal_id=made, member_id=cast.samira, suspended=True)
        await cancel_seats(actor=cast.odile, booking_id=full, seats=None, leave=False, now=NOON)
        assert await jobs.lapse_offers(NOON + timedelta(days=1)) == 1
        assert await stands(waits) == {"lapsed": 1}
        for _ in range(2):
            mine = await make_booking(meal_id=made, member_id=cast.samira, suspended=True)
            assert await stands(mine) == {"confirmed": 1}
            await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=NOON)

    async def test_the_seat_of_the_team_is_for_who_has_a_turn(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.samira])
        mine = await make_booking(meal_id=made, member_id=cast.samira, team=True, suspended=True)
        assert (await booking(mine))["team"]
        assert not (await booking(mine))["suspended"], "it is at 0 € already"

    async def test_a_meal_that_is_not(self, cast: Cast) -> None:
        with pytest.raises(NotFound):
            await make_booking(meal_id=99, member_id=cast.samira)


class TestDiets:
    async def test_only_what_the_menu_conflicts_with_is_kept(self, cast: Cast) -> None:
        bread = await make_dish(place_id=cast.place, allergens=[Allergen.GLUTEN])
        made = await make_meal(place_id=cast.place, opener=cast.yann, dishes=[bread])
        wished = {Diet.NO_GLUTEN: 5, Diet.NO_MILK: 1}
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2, diets=wished)
        assert await diets(mine) == {"no_gluten": 2}, "of two people no five"

    async def test_they_go_with_the_booking(self, cast: Cast) -> None:
        stew = await make_dish(place_id=cast.place, meat=True)
        made = await make_meal(place_id=cast.place, opener=cast.yann, dishes=[stew])
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2, diets={Diet.NO_MEAT: 1})
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=NOON)
        assert await diets(mine) == {"no_meat": 1}
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=NOON)
        assert await diets(mine) == {}

    async def test_they_are_said_anew_after_booking(self, cast: Cast) -> None:
        bread = await make_dish(place_id=cast.place, allergens=[Allergen.GLUTEN, Allergen.EGGS])
        made = await make_meal(place_id=cast.place, opener=cast.yann, dishes=[bread])
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2, diets={Diet.NO_GLUTEN: 1})

        def change(actor: int, *, now: datetime = AFTER_CLOSING, **diets: int) -> Awaitable[None]:
            asked = {Diet(diet): people for diet, people in diets.items()}
            return change_choice(actor=actor, booking_id=mine, team=False, diets=asked, now=now)

        await change(cast.samira, no_eggs=5, no_milk=1)
        assert await diets(mine) == {"no_eggs": 2}, "what the menu conflicts with, of two people"
        with pytest.raises(NotFound):
            await change(cast.yann, no_eggs=1)
        await refused(change(cast.samira, now=START), MealRefusal.OVER)
        assert await diets(mine) == {"no_eggs": 2}
        await change(cast.samira)
        assert await diets(mine) == {}
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=NOON)
        await refused(change(cast.samira, no_eggs=1), MealRefusal.NO_BOOKING)


class TestATurnAfterBooking:
    async def test_ones_own_seat_is_the_teams_then(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2, price_cents=300)

        def change() -> Awaitable[None]:
            return change_choice(actor=cast.samira, booking_id=mine, team=True, diets={}, now=NOON)

        await refused(change(), MealRefusal.NOT_OF_THE_TEAM)
        assert due_of(await booking(mine), 2) == 600
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.samira])
        for _ in range(2):
            await change()
        row = await booking(mine)
        assert (bool(row["team"]), row["own"], due_of(row, 2)) == (True, "free", 300)

    async def test_a_turn_feeds_whoever_has_it_and_nobody_they_booked_for(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_turn(meal_id=made, job=Job.WASH, holders=[cast.samira])
        guest = await book_for(actor=cast.samira, meal_id=made, first_name="Paul", wish=a_wish(2), now=NOON)
        attempt = change_choice(actor=cast.samira, booking_id=guest, team=True, diets={}, now=NOON)
        await refused(attempt, MealRefusal.NOT_OF_THE_TEAM)
        row = await booking(guest)
        assert (bool(row["team"]), row["own"], due_of(row, 2)) == (False, "chosen", 1000)


class TestBookFor:
    async def test_somebody_present_has_seats(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        guest = await book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(2), now=NOON)
        row = await booking(guest)
        assert (row["member_id"], row["first_name"], row["booked_by"]) == (None, "Paul", cast.karim)
        assert await counts(made) == (2, 0)
        assert await mails() == []

    async def test_two_people_may_have_one_name_but_a_form_is_one_of_them(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)

        async def marie(form: str) -> int:
            return await book_for(
                actor=cast.karim, meal_id=made, first_name="Marie", wish=a_wish(), form=form, now=NOON
            )

        first = await marie("one")
        assert await marie("one") == first
        assert await counts(made) == (1, 0)
        assert len({first, await marie("two"), await marie("")}) == 3
        assert await counts(made) == (3, 0)

    async def test_a_form_sent_again_after_a_seat_was_given_back_books_no_second_time(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)

        def ali() -> Awaitable[int]:
            return book_for(actor=cast.karim, meal_id=made, first_name="Ali", wish=a_wish(2), form="this", now=NOON)

        first = await ali()
        await cancel_seats(actor=cast.karim, booking_id=first, seats=1, leave=False, form="other", now=NOON)
        assert await ali() == first
        assert await counts(made) == (1, 0)
        await cancel_seats(actor=cast.karim, booking_id=first, seats=None, leave=False, form="another", now=NOON)
        await refused(ali(), MealRefusal.CHANGED_MEANWHILE)
        assert await counts(made) == (0, 0)

    async def test_nobody_brings_a_whole_table(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        guests = [
            await book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(3), now=NOON)
            for _ in range(2)
        ]
        more = book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)
        await refused(more, MealRefusal.TOO_MANY_GUESTS)
        assert await book_for(actor=cast.samira, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)
        await cancel_seats(actor=cast.karim, booking_id=guests[0], seats=1, leave=False, now=NOON)
        assert await book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)

    async def test_nobody_waits_by_proxy(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=2)
        too_many = book_for(actor=cast.karim, meal_id=made, first_name="Paul", wish=a_wish(3), now=NOON)
        await refused(too_many, MealRefusal.FULL_FOR_GUESTS)

    async def test_only_members_of_the_place_do(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        (stranger,) = await make_crowd(cast, 1)
        async with transaction():
            await run("delete from membership where member_id = {}", stranger)
        attempt = book_for(actor=stranger, meal_id=made, first_name="Paul", wish=a_wish(), now=NOON)
        await refused(attempt, MealRefusal.NOT_A_MEMBER_HERE)


class TestMoreSeats:
    async def test_what_is_free_is_theirs_and_the_rest_waits_at_the_end(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        await add_seats(actor=cast.samira, booking_id=mine, seats=2, children=1, now=NOON)
        assert await stands(mine) == {"confirmed": 3, "waiting": 1}
        assert await counts(made) == (3, 1)
        assert len(await mails(to=cast.samira)) == 1, "the page has said it"

    async def test_the_same_form_twice_adds_once(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        for _ in range(2):
            await add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, had=1, form="this", now=NOON)
        assert await stands(mine) == {"confirmed": 2}
        other = add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, had=1, form="other", now=NOON)
        await refused(other, MealRefusal.CHANGED_MEANWHILE)

    async def test_those_who_sit_together_wait_together(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=4)
        await make_booking(meal_id=made, member_id=cast.karim, seats=3)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3, together=True)
        await add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, now=NOON)
        assert await stands(mine) == {"cancelled": 3, "waiting": 4}
        assert [part["seats"] for part in await parts(mine) if part["state"] == "waiting"] == [4], "all four, or none"
        assert await counts(made) == (3, 4)

    async def test_whoever_asks_for_more_together_is_after_those_who_asked_before_that(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=6)
        full = await make_booking(meal_id=made, member_id=cast.samira, seats=6)
        group = await make_booking(meal_id=made, member_id=cast.karim, seats=2, together=True)
        four = await make_booking(meal_id=made, member_id=cast.odile, seats=4)
        await add_seats(actor=cast.karim, booking_id=group, seats=4, children=0, now=NOON)
        await cancel_seats(actor=cast.samira, booking_id=full, seats=None, leave=False, now=NOON + MINUTE)
        assert await stands(four) == {"offered": 4}
        assert await stands(group) == {"cancelled": 2, "waiting": 6}

    async def test_nobody_waits_together_for_more_than_the_meal_has(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3)
        await make_booking(meal_id=made, member_id=cast.samira)
        never = make_booking(meal_id=made, member_id=cast.karim, seats=4, together=True)
        await refused(never, MealRefusal.MORE_THAN_IT_HAS)
        group = await make_booking(meal_id=made, member_id=cast.karim, seats=3, together=True)
        more = add_seats(actor=cast.karim, booking_id=group, seats=1, children=0, now=NOON)
        await refused(more, MealRefusal.MORE_THAN_IT_HAS)
        assert await stands(group) == {"waiting": 3}

    async def test_six_at_most_and_a_grown_up_among_them(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3, children=2)

        async def attempt(seats: int, children: int, reason: MealRefusal) -> None:
            await refused(
                add_seats(actor=cast.samira, booking_id=mine, seats=seats, children=children, now=NOON), reason
            )

        await attempt(4, 0, MealRefusal.TOO_MANY_SEATS)
        await attempt(0, 0, MealRefusal.TOO_MANY_SEATS)
        await attempt(1, 2, MealRefusal.CHILDREN_ALONE)
        await add_seats(actor=cast.samira, booking_id=mine, seats=2, children=2, now=NOON)
        assert await stands(mine) == {"confirmed": 5}

    async def test_it_is_their_own_and_while_it_is_open(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        with pytest.raises(NotFound):
            await add_seats(actor=cast.yann, booking_id=mine, seats=1, children=0, now=NOON)
        late = add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, now=CLOSES)
        await refused(late, MealRefusal.NOT_OPEN)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=None, leave=False, now=NOON)
        over = add_seats(actor=cast.samira, booking_id=mine, seats=1, children=0, now=NOON)
        await refused(over, MealRefusal.NO_BOOKING)
