"""People come in: what is written, what is refused, what is done twice, and what two at the door do at once."""

from __future__ import annotations

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.contracts import Erasure
from app.database import Store, run, transaction
from app.errors import NotFound
from app.identity.states import Act
from meals import jobs
from meals.commands.door import let_in_from_list, tick, untick, walk_in
from meals.commands.giving_back import cancel_seats
from meals.commands.opening import cancel_meal
from meals.commands.steps import people_at
from meals.own_data import erase
from meals.states import Job, MealRefusal, Payment
from tests.factories import make_grant
from tests.meals.laws import seats_agree, the_pot_agrees
from tests.meals.make import AFTER_CLOSING, START, change_meal, make_booking, make_crowd, make_meal, make_turn
from tests.meals.paying import Bank
from tests.meals.reads import booking, bookings, counts, meal, parts, pot_lines, refused, roles, stands
from tests.meals.test_races import at_once, errors
from tests.people import Cast

MINUTE = timedelta(minutes=1)
DOOR = START - 10 * MINUTE
_forms = itertools.count(1)


def a_form() -> str:
    return f"form-{next(_forms)}"


async def ticks(
    cast: Cast, booking_id: int, seats: int = 1, *, seen: int = 0, now: datetime = DOOR, **known: Any
) -> None:
    """By Karim, whose turn the door is."""
    await tick(actor=cast.karim, booking_id=booking_id, seats=seats, seen=seen, once=a_form(), now=now, **known)


@pytest.fixture
async def meal_id(cast: Cast) -> int:
    """A meal that Yann opened; Karim has the welcome turn at its hour."""
    await make_grant(
        member_id=cast.karim,
        place_id=cast.place,
        act=Act.CHECK_IN,
        from_at=START - 30 * MINUTE,
        until_at=START + 180 * MINUTE,
    )
    return await make_meal(place_id=cast.place, opener=cast.yann, seats=10)


class TestTicked:
    async def test_seat_by_seat(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=3, children=1)
        await ticks(cast, made)
        assert await stands(made) == {"confirmed": 2, "attended": 1}
        await ticks(cast, made, 2, seen=1, now=DOOR + MINUTE)
        assert await stands(made) == {"attended": 3}
        assert sum(part["children"] for part in await parts(made)) == 1
        assert await counts(meal_id) == (3, 0)
        assert await roles(meal_id) == {cast.samira: "participant"}
        assert (await booking(made))["active"], "it is not over: they are at the table"
        await seats_agree(meal_id, now=DOOR)

    async def test_the_same_form_again_does_nothing_more_however_late(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=3)
        form = {"actor": cast.karim, "booking_id": made, "seats": 1, "seen": 0, "once": "from the tunnel", "now": DOOR}
        await tick(**form)  # type: ignore[arg-type]  # one form, sent several times
        await ticks(cast, made, seen=1)
        await tick(**form)  # type: ignore[arg-type]  # the same again, from a telephone that had no network
        assert await stands(made) == {"confirmed": 1, "attended": 2}

    async def test_by_mistake(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        await ticks(cast, made, 2)
        once = a_form()
        for _ in range(2):
            await untick(actor=cast.karim, booking_id=made, seats=1, seen=2, once=once, now=DOOR)
        assert await stands(made) == {"confirmed": 1, "attended": 1}
        await refused(
            untick(actor=cast.karim, booking_id=made, seats=1, seen=2, once=a_form(), now=DOOR),
            MealRefusal.TICKED_MEANWHILE,
        )
        await untick(actor=cast.karim, booking_id=made, seats=1, seen=1, once=a_form(), now=DOOR)
        assert await stands(made) == {"confirmed": 2}
        assert [part["attended_at"] for part in await parts(made)] == [None, None]
        await refused(
            untick(actor=cast.karim, booking_id=made, seats=1, seen=0, once=a_form(), now=DOOR), MealRefusal.NOT_IN
        )

    async def test_what_was_undone_meanwhile_is_not_done_again_by_a_telephone_without_network(
        self, cast: Cast, meal_id: int
    ) -> None:
        """Its first try did arrive, the answer did not; somebody saw the mistake before it sends the form again."""
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        form: dict[str, Any] = {"booking_id": made, "seats": 1, "seen": 0, "once": "the telephone's", "now": DOOR}
        await tick(actor=cast.karim, **form)
        await untick(actor=cast.karim, booking_id=made, seats=1, seen=1, once=a_form(), now=DOOR)
        await tick(actor=cast.karim, **form)
        assert await stands(made) == {"confirmed": 2}
        await tick(actor=cast.karim, **{**form, "once": a_form()})
        assert await stands(made) == {"confirmed": 1, "attended": 1}

    async def test_the_pot_does_not_move(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2, give=1, suspended=True)
        before = await pot_lines(cast.place)
        await ticks(cast, made, 2)
        await untick(actor=cast.karim, booking_id=made, seats=1, seen=2, once=a_form(), now=DOOR)
        assert await pot_lines(cast.place) == before
        await the_pot_agrees(cast.place)

    async def test_the_rest_is_given_back_and_who_is_in_stays(self, cast: Cast, meal_id: int) -> None:
        await change_meal(meal_id, released_at=AFTER_CLOSING)  # so that seats are given back until it begins
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=3, give=1)
        await ticks(cast, made)
        await cancel_seats(actor=cast.samira, booking_id=made, seats=None, leave=False, now=DOOR)
        assert await stands(made) == {"attended": 1, "cancelled": 2}
        assert (await booking(made))["active"]
        assert await roles(meal_id) == {cast.samira: "participant"}
        await the_pot_agrees(cast.place)
        await seats_agree(meal_id, now=DOOR)


class TestRefused:
    async def test_each_for_its_reason(self, cast: Cast, meal_id: int, bank: Bank) -> None:
        members = await make_crowd(cast, 3)
        all_others = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=6)
        held = await bank.books(meal_id, members[0], 4)
        waits = await make_booking(meal_id=meal_id, member_id=members[1])
        gone = await make_booking(meal_id=meal_id, member_id=members[2])
        await cancel_seats(actor=members[2], booking_id=gone, seats=None, leave=False, now=bank.now)
        await refused(ticks(cast, held), MealRefusal.STILL_HELD)
        await refused(ticks(cast, waits), MealRefusal.STILL_WAITING)
        await refused(ticks(cast, gone), MealRefusal.TICKET_CANCELLED)
        await refused(ticks(cast, all_others, 7 - 1, seen=1), MealRefusal.TICKED_MEANWHILE)
        await ticks(cast, all_others, 6)
        await refused(ticks(cast, all_others, 1), MealRefusal.ALREADY_IN)
        await refused(ticks(cast, all_others, 1, seen=6), MealRefusal.ALREADY_IN)

    async def test_a_ticket_of_another_meal_says_of_which(self, cast: Cast, meal_id: int) -> None:
        other = await make_meal(place_id=cast.place, opener=cast.yann, title="Le couscous", starts_at=START)
        made = await make_booking(meal_id=other, member_id=cast.samira)
        said = await refused(ticks(cast, made, meal_id=meal_id), MealRefusal.OTHER_MEAL)
        assert said.details["title"] == "Le couscous"

    async def test_who_is_not_at_the_door(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira)
        form: dict[str, Any] = {"booking_id": made, "seats": 1, "seen": 0, "now": DOOR}
        for actor in (cast.samira, cast.yann, cast.rosa, cast.bruno):
            await refused(tick(actor=actor, once=a_form(), **form), MealRefusal.ONLY_DOOR)
        (stranger,) = await make_crowd(cast, 1)
        async with transaction():
            await run("delete from membership where member_id = {}", stranger)
        with pytest.raises(NotFound):
            await tick(actor=stranger, once=a_form(), **form)
        assert await stands(made) == {"confirmed": 1}

    async def test_where_nobody_has_the_turn_it_is_the_openers(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        await tick(actor=cast.yann, booking_id=mine, seats=1, seen=0, once=a_form(), now=DOOR)
        assert await stands(mine) == {"attended": 1}

    async def test_at_no_other_hour(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira)
        early = tick(actor=cast.yann, booking_id=mine, seats=1, seen=0, once=a_form(), now=START - 121 * MINUTE)
        await refused(early, MealRefusal.DOOR_NOT_YET)
        late = tick(actor=cast.yann, booking_id=mine, seats=1, seen=0, once=a_form(), now=START + timedelta(hours=12))
        await refused(late, MealRefusal.DOOR_OVER)


class TestWithoutABooking:
    async def enters(self, cast: Cast, meal_id: int, seats: int = 1, **known: Any) -> int:
        form: dict[str, Any] = {"name": "Fanny", "once": a_form(), "now": DOOR} | known
        return await walk_in(actor=cast.karim, meal_id=meal_id, seats=seats, **form)

    async def test_they_sit_at_once_at_the_price_of_the_meal(self, cast: Cast, meal_id: int) -> None:
        made = await self.enters(cast, meal_id, 2, children=1, once="once")
        assert await self.enters(cast, meal_id, 2, children=1, once="once") == made
        assert await stands(made) == {"attended": 2}
        row = await booking(made)
        assert (row["first_name"], row["walk_in"], row["price_cents"]) == ("Fanny", True, 500)
        assert row["booked_by"] is None, "who ticked them is nobody's to know"
        assert await counts(meal_id) == (2, 0)

    async def test_never_more_than_there_are_seats(self, cast: Cast, meal_id: int) -> None:
        await make_booking(meal_id=meal_id, member_id=cast.samira, seats=6)
        await refused(self.enters(cast, meal_id, 5), MealRefusal.NO_SEAT_LEFT)
        await self.enters(cast, meal_id, 4)
        await refused(self.enters(cast, meal_id, 1), MealRefusal.NO_SEAT_LEFT)
        assert await counts(meal_id) == (10, 0)

    async def test_by_mistake_they_were_never_there(self, cast: Cast, meal_id: int) -> None:
        made = await self.enters(cast, meal_id, 2)
        await untick(actor=cast.karim, booking_id=made, seats=2, seen=2, once=a_form(), now=DOOR)
        assert await counts(meal_id) == (0, 0)
        assert not (await booking(made))["active"]


class TestFromTheList:
    async def full(self, cast: Cast, meal_id: int) -> tuple[int, int]:
        """Samira has eight of the ten seats, in two bookings of hers and a friend; Aïcha waits for four."""
        (friend,) = await make_crowd(cast, 1)
        await make_booking(meal_id=meal_id, member_id=cast.samira, seats=4)
        mine = await make_booking(meal_id=meal_id, member_id=friend, seats=6)
        waits = await make_booking(meal_id=meal_id, member_id=cast.aicha, seats=4)
        await change_meal(meal_id, state="closed")
        return mine, waits

    async def test_as_many_as_there_are_seats_for(self, cast: Cast, meal_id: int) -> None:
        mine, waits = await self.full(cast, meal_id)
        form: dict[str, Any] = {"actor": cast.karim, "booking_id": waits, "seen": 0, "now": DOOR}
        await refused(let_in_from_list(seats=1, once=a_form(), **form), MealRefusal.NO_SEAT_LEFT)
        await change_meal(meal_id, seats=12)
        await let_in_from_list(seats=2, once="once", **form)
        await let_in_from_list(seats=2, once="once", **form)
        assert await stands(waits) == {"attended": 2, "waiting": 2}
        assert await counts(meal_id) == (12, 2)
        assert (await roles(meal_id))[cast.aicha] == "participant"
        assert (await booking(waits))["payment"] == Payment.ON_SITE
        assert await stands(mine) == {"confirmed": 6}
        await seats_agree(meal_id, now=DOOR)

    async def test_what_is_kept_for_them_is_theirs(self, cast: Cast, meal_id: int) -> None:
        mine, waits = await self.full(cast, meal_id)
        await change_meal(meal_id, state="open")
        (owner,) = [each["member_id"] for each in await bookings(meal_id) if each["id"] == mine]
        await cancel_seats(actor=owner, booking_id=mine, seats=2, leave=False, now=AFTER_CLOSING - 120 * MINUTE)
        assert await stands(waits) == {"offered": 2, "waiting": 2}
        await change_meal(meal_id, state="closed")
        await let_in_from_list(actor=cast.karim, booking_id=waits, seats=2, seen=0, once=a_form(), now=DOOR)
        assert await stands(waits) == {"attended": 2, "waiting": 2}
        assert await counts(meal_id) == (10, 2)


class TestAtOnce:
    async def test_without_the_lock_they_are_ticked_twice(self, cast: Cast, meal_id: int) -> None:
        """As it is when each asks, and then writes."""
        made = await make_booking(meal_id=meal_id, member_id=cast.samira)
        asked = asyncio.Barrier(2)
        done: list[int] = []

        async def naive() -> None:
            (row,) = await run("select state from booking_part where booking_id = {}", made)
            await asked.wait()
            if row["state"] == "confirmed":
                async with transaction():
                    await run("update booking_part set state = 'attended' where booking_id = {}", made)
                done.append(made)

        await asyncio.gather(naive(), naive())
        assert len(done) == 2

    async def test_two_at_the_door_tick_nobody_twice(self, cast: Cast, meal_id: int) -> None:
        people = await make_crowd(cast, 10)
        made = [await make_booking(meal_id=meal_id, member_id=member) for member in people]
        ends = await at_once([ticks(cast, each) for each in made for _ in range(2)])
        assert errors(ends) == []
        assert ends.count(MealRefusal.ALREADY_IN) == 10
        assert ends.count(None) == 10
        assert [await stands(each) for each in made] == [{"attended": 1}] * 10

    async def test_a_form_twenty_times_at_once_is_one_tick(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=4)
        form: dict[str, Any] = {"booking_id": made, "seats": 1, "seen": 0, "once": "the same", "now": DOOR}
        ends = await at_once([tick(actor=cast.karim, **form) for _ in range(20)])
        assert ends == [None] * 20
        assert await stands(made) == {"confirmed": 3, "attended": 1}

    async def test_the_last_seats_are_not_given_twice(self, cast: Cast, meal_id: int) -> None:
        await make_booking(meal_id=meal_id, member_id=cast.samira, seats=6)
        entering = [
            walk_in(actor=cast.karim, meal_id=meal_id, name="", seats=1, once=a_form(), now=DOOR) for _ in range(12)
        ]
        ends = await at_once(entering)
        assert errors(ends) == []
        assert ends.count(MealRefusal.NO_SEAT_LEFT) == 8
        assert await counts(meal_id) == (10, 0)


class TestAfterwards:
    async def test_a_meal_that_is_called_off_after_all_ends_every_booking(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        await ticks(cast, made)
        await cancel_meal(actor=cast.yann, meal_id=meal_id, reason="Plus de gaz", now=DOOR)
        assert await stands(made) == {"cancelled": 2}

    async def test_the_night_after_nobody_knows_who_came(self, cast: Cast, meal_id: int) -> None:
        came = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        away = await make_booking(meal_id=meal_id, member_id=cast.aicha, seats=1)
        await ticks(cast, came)
        await jobs.close_due(START)
        await jobs.serve_past(START + timedelta(hours=3))
        await jobs.close_accounts(START + timedelta(hours=14))
        assert await stands(came) == {"confirmed": 2}
        assert await stands(away) == {"confirmed": 1}
        rows = [*await parts(came), *await parts(away)]
        assert {(row["attended_at"], row["ticked_by_form"]) for row in rows} == {(None, "")}

    @pytest.mark.parametrize("undone", [False, True], ids=["ticked", "ticked by mistake"])
    async def test_nor_who_came_to_one_that_was_called_off(self, cast: Cast, meal_id: int, undone: bool) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        await ticks(cast, made)
        if undone:
            await untick(actor=cast.karim, booking_id=made, seats=1, seen=1, once=a_form(), now=DOOR)
        assert any(part["ticked_by_form"] for part in await parts(made))
        await cancel_meal(actor=cast.yann, meal_id=meal_id, reason="Plus de gaz", now=DOOR)
        await jobs.close_accounts(START + timedelta(hours=14))
        assert {(row["attended_at"], row["ticked_by_form"]) for row in await parts(made)} == {(None, "")}

    async def test_whoever_erases_their_account_at_the_table_stays_counted(self, cast: Cast, meal_id: int) -> None:
        made = await make_booking(meal_id=meal_id, member_id=cast.samira, seats=2)
        await ticks(cast, made)
        async with transaction():
            await erase(Erasure(member_id=cast.samira, name="Samira", shown_as="une personne partie", now=DOOR))
        assert await stands(made) == {"attended": 1, "cancelled": 1}
        assert (await booking(made))["member_id"] is None


async def test_a_turn_of_the_team_is_no_turn_at_the_door(db: Store, cast: Cast, meal_id: int) -> None:
    await make_turn(meal_id=meal_id, job=Job.COOK, holders=[cast.odile])
    made = await make_booking(meal_id=meal_id, member_id=cast.samira)
    await refused(
        tick(actor=cast.odile, booking_id=made, seats=1, seen=0, once=a_form(), now=DOOR), MealRefusal.ONLY_DOOR
    )


async def test_who_paid_by_card_and_leaves_for_good_at_the_table_is_in_the_meals_accounts(
    cast: Cast, meal_id: int, bank: Bank
) -> None:
    made = await bank.booked_and_paid(meal_id, cast.samira, 1)
    await ticks(cast, made)
    async with transaction():
        await erase(Erasure(member_id=cast.samira, name="Samira", shown_as="une personne partie", now=DOOR))
    await jobs.close_due(START)
    await jobs.serve_past(START + timedelta(hours=3))
    await jobs.close_accounts(START + timedelta(hours=14))
    (account,) = await run(
        "select card_cents, card_people, pledged_cents from meal_account where meal_id = {}", meal_id
    )
    assert account == {"card_cents": 500, "card_people": 1, "pledged_cents": 0}
    await jobs.forget_what_was_paid(START + timedelta(days=40))
    assert [row["thing_id"] for row in await run("select thing_id from checkout")] == [None]


async def test_who_is_at_the_table_is_told_what_becomes_of_the_meal(cast: Cast, meal_id: int) -> None:
    made = await make_booking(meal_id=meal_id, member_id=cast.samira)
    await ticks(cast, made)
    await walk_in(actor=cast.karim, meal_id=meal_id, name="Fanny", seats=1, once=a_form(), now=DOOR)
    members, guests = await people_at(await meal(meal_id))
    assert (members, guests) == ([cast.samira], {})
