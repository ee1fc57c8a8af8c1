"""The pot of « repas suspendus »: what was given and drawn follows what stands, and comes back when it does not."""

from __future__ import annotations

from datetime import timedelta

from app.database import run, transaction
from meals import jobs, rules
from meals.commands.booking import book_for, change_choice
from meals.commands.ending import end_bookings
from meals.commands.giving_back import cancel_seats, hand_over, take_over
from meals.commands.steps import locked
from meals.facts import due_of, pot_cents
from meals.own_data import export_of
from meals.states import MealRefusal, MealState, Payment
from rotas.commands import free
from tests.client import NOON
from tests.meals.laws import the_pot_agrees
from tests.meals.make import AFTER_CLOSING, START, a_wish, answer, change_meal, make_booking, make_meal, make_turn
from tests.meals.reads import booking, pot_lines, refused
from tests.people import Cast

MINUTE = timedelta(minutes=1)


async def give_back(actor: int, booking_id: int, seats: int | None = None, *, leave: bool = False) -> None:
    await cancel_seats(actor=actor, booking_id=booking_id, seats=seats, leave=leave, now=NOON + MINUTE)


async def lines_agree(place_id: int) -> int:
    """What is in the pot, which is the sum of its lines."""
    (found,) = await run("select coalesce(sum(cents), 0) as cents from pot_line where place_id = {}", place_id)
    assert found["cents"] == await pot_cents(place_id)
    return int(found["cents"])


class TestThePot:
    async def test_what_is_given_is_at_the_fair_price(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, price_cents=800, give=2)
        assert await pot_lines(mine) == [("given", 1000)]
        await give_back(cast.samira, mine)
        assert await pot_lines(mine) == [("given", 1000), ("taken_back", -1000)]
        assert await lines_agree(cast.place) == 0

    async def test_a_suspended_meal_draws_one_and_puts_it_back(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=2)
        mine = await make_booking(meal_id=made, member_id=cast.karim, seats=2, suspended=True)
        assert await pot_lines(mine) == [("taken", -500)]
        await give_back(cast.karim, mine, 1)
        assert await lines_agree(cast.place) == 500, "one seat is theirs still"
        await give_back(cast.karim, mine)
        assert await pot_lines(mine) == [("taken", -500), ("put_back", 500)]
        assert await lines_agree(cast.place) == 1000

    async def test_from_an_empty_pot_nothing_is_drawn(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        assert (await booking(mine))["suspended"]
        assert await pot_lines(mine) == []
        assert due_of(await booking(mine), 1) == 0
        await give_back(cast.karim, mine)
        assert await pot_lines(mine) == []

    async def test_it_moves_with_the_first_seat_not_while_it_waits(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        first = await make_booking(meal_id=made, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim, give=1, suspended=True)
        assert await pot_lines(mine) == []
        await give_back(cast.samira, first)
        assert await pot_lines(mine) == [], "an offer is not a yes"
        await answer(actor=cast.karim, booking_id=mine, yes=True, now=NOON + MINUTE)
        assert await pot_lines(mine) == [("given", 500)], "nobody draws what they give"
        assert await lines_agree(cast.place) == 500

    async def test_a_seat_that_is_handed_over_takes_its_gift_with_it(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        first = await make_booking(meal_id=made, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim, give=3)
        await change_meal(made, state=MealState.CLOSED.value)
        await hand_over(actor=cast.samira, booking_id=first, seats=1, now=AFTER_CLOSING)
        assert await lines_agree(cast.place) == 500
        await take_over(actor=cast.karim, meal_id=made, now=AFTER_CLOSING)
        assert await pot_lines(first) == [("given", 500), ("taken_back", -500)]
        assert await pot_lines(mine) == [("given", 1500)]

    async def test_what_was_given_counts_as_it_was_when_the_price_changes(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        first = await make_booking(meal_id=made, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim, give=2)
        await change_meal(made, fair_cents=600)
        assert due_of(await booking(mine), 1) == 1500, "another price is for bookings to come"
        await give_back(cast.samira, first)
        assert await lines_agree(cast.place) == 0
        await answer(actor=cast.karim, booking_id=mine, yes=True, now=NOON + MINUTE)
        assert await pot_lines(mine) == [("given", 1000)]

    async def test_a_gift_that_somebody_ate_from_is_borne_by_the_place(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        gave = await make_booking(meal_id=made, member_id=cast.samira, give=2)
        ate = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        await give_back(cast.samira, gave)
        assert await pot_lines(gave) == [("given", 1000), ("borne", 500), ("taken_back", -1000)]
        assert await lines_agree(cast.place) == 0, "never below zero"
        await give_back(cast.karim, ate)
        assert await pot_lines(ate) == [("taken", -500), ("put_back", 500), ("borne", -500)]
        assert await lines_agree(cast.place) == 0, "the place has back what it bore: nobody gave it"

    async def test_a_meal_that_is_cancelled_gives_back_all_of_it(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=2)
        await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        assert await lines_agree(cast.place) == 500
        async with transaction():
            await end_bookings(await locked(made), now=NOON)
        assert await lines_agree(cast.place) == 0

    async def test_it_is_the_places_and_for_all_its_meals(self, cast: Cast) -> None:
        one = await make_meal(place_id=cast.place, opener=cast.yann)
        other = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=one, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=other, member_id=cast.karim, suspended=True)
        assert await pot_lines(mine) == [("taken", -500)]
        assert await lines_agree(cast.place) == 0


class TestAskedForAfterBooking:
    async def take(self, cast: Cast, booking_id: int, *, team: bool = False) -> None:
        await change_choice(actor=cast.karim, booking_id=booking_id, team=team, take=True, diets={}, now=NOON)

    async def test_it_is_drawn_once_and_put_back_with_the_seat(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=2)
        mine = await make_booking(meal_id=made, member_id=cast.karim, seats=2, price_cents=300)
        for _ in range(2):
            await self.take(cast, mine)
        row = await booking(mine)
        assert (bool(row["suspended"]), row["own"], due_of(row, 2)) == (True, "free", 300)
        assert await pot_lines(mine) == [("taken", -500)]
        assert await lines_agree(cast.place) == 500
        await the_pot_agrees(cast.place)
        await give_back(cast.karim, mine)
        assert await lines_agree(cast.place) == 1000

    async def test_whoever_waits_draws_it_with_their_seat(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=1)
        there = await make_booking(meal_id=made, member_id=cast.samira, give=1)
        other = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=other, member_id=cast.samira, give=1)
        mine = await make_booking(meal_id=made, member_id=cast.karim)
        await self.take(cast, mine)
        assert await pot_lines(mine) == []
        await give_back(cast.samira, there)
        await answer(actor=cast.karim, booking_id=mine, yes=True, now=NOON + 2 * MINUTE)
        assert await pot_lines(mine) == [("taken", -500)]
        await the_pot_agrees(cast.place)

    async def test_with_a_turn_it_is_the_teams_and_nothing_is_drawn(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=1)
        slot = await make_turn(meal_id=made, holders=[cast.karim])
        mine = await make_booking(meal_id=made, member_id=cast.karim)
        await self.take(cast, mine, team=True)
        row = await booking(mine)
        assert (bool(row["suspended"]), bool(row["team"]), await pot_lines(mine)) == (False, True, [])
        await self.take(cast, mine)
        assert await pot_lines(mine) == [], "their seat is free already"
        await free(actor=cast.karim, slot_id=slot, member_id=cast.karim, now=NOON)
        await self.take(cast, mine)  # before the job has said what it costs now
        row = await booking(mine)
        assert (bool(row["suspended"]), bool(row["team"]), row["own"]) == (True, False, "free")
        assert await pot_lines(mine) == [("taken", -500)]
        assert await jobs.team_seats(NOON + MINUTE) == 0

    async def test_nobody_takes_one_for_a_guest_or_a_second_one(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        guest = await book_for(actor=cast.karim, meal_id=made, first_name="Ali", wish=a_wish(), now=NOON)
        await refused(self.take(cast, guest), MealRefusal.SUSPENDED_ONCE)
        assert due_of(await booking(guest), 1) == 500
        eaten = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        async with transaction():
            await run("update booking_part set state = 'attended' where booking_id = {}", eaten)
            await run("update booking set active = {} where id = {}", False, eaten)
        again = await make_booking(meal_id=made, member_id=cast.karim)
        await refused(self.take(cast, again), MealRefusal.SUSPENDED_ONCE)


class TestAMonthLater:
    async def test_what_anybody_paid_gave_or_was_given_is_forgotten_and_the_sum_stays(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        gave = await make_booking(meal_id=made, member_id=cast.samira, price_cents=800, give=2)
        ate = await make_booking(meal_id=made, member_id=cast.karim, suspended=True)
        month = START + timedelta(hours=2) + rules.MONEY_KEPT
        assert await jobs.forget_what_was_paid(month - MINUTE) == 0
        assert due_of(await booking(gave), 1) == 1800
        assert [await jobs.forget_what_was_paid(month + n * MINUTE) for n in range(2)] == [2, 0]
        for each, member in ((gave, cast.samira), (ate, cast.karim)):
            row = await booking(each)
            assert (row["member_id"], row["price_cents"], row["give"], bool(row["suspended"])) == (member, 0, 0, False)
            assert await pot_lines(each) == []
        assert await lines_agree(cast.place) == 500
        told = {each.key: each.rows for each in await export_of(cast.samira)}
        assert [(row["price_cents"], row["give"], row["payment"]) for row in told["meal_bookings"]] == [(None,) * 3]
        assert told["suspended_meals"] == []

    async def test_no_hour_says_whose_a_line_was(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        await make_booking(meal_id=made, member_id=cast.samira, give=2, now=NOON + MINUTE)
        await make_booking(meal_id=made, member_id=cast.karim, suspended=True, now=NOON + 2 * MINUTE)
        back = await make_booking(meal_id=made, member_id=cast.aicha, give=1, now=NOON + 3 * MINUTE)
        await cancel_seats(actor=cast.aicha, booking_id=back, seats=None, leave=False, now=NOON + 4 * MINUTE)
        same_hour = (
            "select l.id from pot_line l join booking b on b.meal_id = l.meal_id "
            "join booking_part p on p.booking_id = b.id "
            "where l.at in (b.made_at, b.modified_at, p.asked_at, p.settled_at)"
        )
        assert await run(same_hour) != []
        end = START + timedelta(hours=2)
        await jobs.forget_what_was_paid(end + rules.MONEY_KEPT)
        assert await run(same_hour) == []
        assert {row["at"] for row in await run("select at from pot_line")} == {end}
        assert await lines_agree(cast.place) == 500

    async def test_of_other_meals_it_stays(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        later = await make_meal(place_id=cast.place, opener=cast.yann, starts_at=START + timedelta(days=1))
        for each in (made, later):
            await make_booking(meal_id=each, member_id=cast.samira, give=1)
        assert await jobs.forget_what_was_paid(START + timedelta(hours=2) + rules.MONEY_KEPT) == 1
        kept = await run("select meal_id, give from booking order by id")
        assert [(row["meal_id"], row["give"]) for row in kept] == [(made, 0), (later, 1)]


class TestWhatIsPaid:
    async def paid(self, cast: Cast, seats: int) -> int:
        """Seats that were paid for by card."""
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=seats, give=1)
        async with transaction():
            await run("update booking set payment = {} where id = {}", Payment.CARD.value, mine)
            await run(
                "insert into checkout (place_id, kind, thing_id, key, amount_cents, currency, title, path, language, "
                "state, session_id, url, payment_intent, made_at, expires_at, held_until, unsure, fault) values "
                "({}, 'meal', {}, 'key', {}, 'eur', '', '', 'fr', 'paid', 'cs_1', '', 'pi_1', {}, {}, {}, {}, '')",
                *(cast.place, mine, (seats + 1) * 500, NOON, NOON, NOON, False),
            )
        return mine

    async def test_it_may_be_left_to_the_pot(self, cast: Cast) -> None:
        mine = await self.paid(cast, 3)
        await give_back(cast.samira, mine, 1, leave=True)
        assert await pot_lines(mine) == [("given", 500), ("left", 500)]
        await give_back(cast.samira, mine, leave=True)
        assert sorted(await pot_lines(mine)) == sorted(
            [("given", 500), ("left", 500), ("left", 1500), ("taken_back", -500)]
        )
        assert await lines_agree(cast.place) == 2000, "all that was paid"

    async def test_nothing_is_left_where_nothing_was_paid(self, cast: Cast) -> None:
        made = await make_meal(place_id=cast.place, opener=cast.yann)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2)
        await give_back(cast.samira, mine, leave=True)
        assert await pot_lines(mine) == []
