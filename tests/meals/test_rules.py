"""What may be about meals, in every case: pure functions of the facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meals import rules
from meals.rules import MOST_SEATS, Prices, Standing, Waiting, Who, Wish
from meals.states import (
    ACTIVE,
    MEAL_MOVES,
    PART_MOVES,
    TAKES_SEATS,
    Job,
    MealRefusal,
    MealState,
    OwnSeat,
    PartState,
    Payment,
)
from tests.client import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = NOON + 3 * DAY
CLOSES = NOON + 2 * DAY
MEAL = Standing(
    state=MealState.OPEN,
    version=1,
    starts_at=START,
    ends_at=START + 2 * HOUR,
    closes_at=CLOSES,
    seats=24,
    prices=Prices(300, 500, 800),
)
CLOSED = replace(MEAL, state=MealState.CLOSED)
FULL = replace(CLOSED, taken=24)
SERVED = replace(MEAL, state=MealState.SERVED)
OFF = replace(MEAL, state=MealState.CANCELLED)
MEMBER = Who(1, belongs=True)
OPENER = replace(MEMBER, opener=True)
OPENS = replace(MEMBER, opens=True)
KEEPS = replace(MEMBER, keeps_place=True)
MEDIATOR = Who(2, belongs=True, mediator=True)
PLAIN = Wish(1, 500)


class TestOpening:
    @pytest.mark.parametrize(
        ("who", "somebody_may", "reason"),
        [
            (OPENS, True, None),
            (MEMBER, False, None),
            (MEMBER, True, MealRefusal.MAY_NOT_OPEN),
            (Who(3), False, MealRefusal.NOT_A_MEMBER_HERE),
            (MEDIATOR, False, MealRefusal.MEDIATOR_HERE),
        ],
    )
    def test_who(self, who: Who, somebody_may: bool, reason: MealRefusal | None) -> None:
        assert rules.why_cannot_open(who, somebody_may=somebody_may) is reason

    def test_bookings_close_the_day_before_unless_that_is_over(self) -> None:
        assert rules.closes_at_for(CLOSES, starts_at=START, now=NOON) == CLOSES
        assert rules.closes_at_for(NOON - HOUR, starts_at=START, now=NOON) == START - 2 * HOUR
        assert rules.closes_at_for(NOON, starts_at=NOON + HOUR, now=NOON) == NOON + HOUR

    @pytest.mark.parametrize(
        ("starts_at", "closes_at", "reason"),
        [
            (START, CLOSES, None),
            (START, START, None),
            (NOON, NOON, MealRefusal.IN_THE_PAST),
            (START, NOON, MealRefusal.CLOSES_TOO_LATE),
            (START, START + HOUR, MealRefusal.CLOSES_TOO_LATE),
        ],
    )
    def test_when(self, starts_at: Any, closes_at: Any, reason: MealRefusal | None) -> None:
        assert rules.why_not_then(starts_at=starts_at, closes_at=closes_at, now=NOON) is reason

    @pytest.mark.parametrize(
        ("seats", "taken", "room", "reason"),
        [
            (10, 10, 10, None),
            (10, 0, None, None),
            (9, 10, None, MealRefusal.FEWER_THAN_TAKEN),
            (11, 0, 10, MealRefusal.ROOM_TOO_SMALL),
        ],
    )
    def test_how_many(self, seats: int, taken: int, room: int | None, reason: MealRefusal | None) -> None:
        assert rules.why_not_these_seats(seats=seats, taken=taken, room_seats=room) is reason

    @pytest.mark.parametrize(
        ("who", "edits", "cancels"),
        [
            (OPENER, None, None),
            (OPENS, None, None),
            (KEEPS, MealRefusal.ONLY_OPENER, None),
            (MEMBER, MealRefusal.ONLY_OPENER, MealRefusal.ONLY_OPENER),
            (replace(OPENER, mediator=True), MealRefusal.MEDIATOR_HERE, None),
        ],
    )
    def test_who_changes_it(self, who: Who, edits: MealRefusal | None, cancels: MealRefusal | None) -> None:
        assert rules.why_cannot_edit(MEAL, who, now=NOON) is edits
        assert rules.why_cannot_cancel(MEAL, who, now=NOON) is cancels

    @pytest.mark.parametrize(
        ("standing", "now", "reason"),
        [
            (CLOSED, NOON, None),
            (OFF, NOON, MealRefusal.CANCELLED),
            (SERVED, NOON, MealRefusal.OVER),
            (MEAL, MEAL.ends_at, MealRefusal.OVER),
        ],
    )
    def test_what_is_off_is_changed_no_more(self, standing: Standing, now: Any, reason: MealRefusal | None) -> None:
        assert rules.why_cannot_edit(standing, OPENER, now=now) is reason
        assert rules.why_cannot_cancel(standing, KEEPS, now=now) is reason

    def test_it_goes_ahead_within_two_hours(self) -> None:
        doubtful = replace(CLOSED, doubtful_until=NOON + HOUR)
        assert rules.why_cannot_go_ahead(doubtful, OPENER, now=NOON) is None
        assert rules.why_cannot_go_ahead(doubtful, KEEPS, now=NOON) is MealRefusal.ONLY_OPENER
        assert rules.why_cannot_go_ahead(doubtful, OPENER, now=NOON + HOUR) is MealRefusal.NOT_DOUBTFUL
        assert rules.why_cannot_go_ahead(CLOSED, OPENER, now=NOON) is MealRefusal.NOT_DOUBTFUL

    @pytest.mark.parametrize(
        ("cooks", "least", "places", "lack"),
        [(1, 2, 3, 2), (2, 2, 3, 0), (0, 0, 3, 0), (0, 2, 0, 0), (0, 2, 1, 1), (1, 2, 1, 0), (1, 5, 3, 3)],
    )
    def test_it_never_lacks_cooks_that_nobody_asked_for(self, cooks: int, least: int, places: int, lack: int) -> None:
        wanted = rules.cooks_wanted(least=least, places=places)
        assert rules.is_doubtful(cooks=cooks, wanted=wanted) is bool(lack)
        assert wanted == (lack or wanted)

    def test_where_nobody_answers_for_it_whoever_may_take_it_on_says_so(self) -> None:
        doubtful = replace(CLOSED, doubtful_until=NOON + HOUR)

        def why(who: Who, *, wanted: bool = True, somebody_may: bool = True) -> MealRefusal | None:
            return rules.why_cannot_go_ahead(doubtful, who, wanted=wanted, somebody_may=somebody_may, now=NOON)

        assert why(KEEPS) is None
        assert why(KEEPS, wanted=False) is MealRefusal.ONLY_OPENER
        assert why(replace(KEEPS, keeps_place=False)) is MealRefusal.MAY_NOT_OPEN
        assert why(replace(KEEPS, keeps_place=False), somebody_may=False) is None
        assert why(replace(KEEPS, keeps_place=False, on_team=True)) is None
        assert why(replace(KEEPS, mediator=True)) is MealRefusal.MEDIATOR_HERE


class TestBooking:
    @pytest.mark.parametrize(
        ("standing", "now", "reason"),
        [
            (MEAL, CLOSES - HOUR, None),
            (MEAL, CLOSES, MealRefusal.NOT_OPEN),
            (CLOSED, NOON, MealRefusal.NOT_OPEN),
            (SERVED, NOON, MealRefusal.OVER),
            (CLOSED, MEAL.ends_at, MealRefusal.OVER),
            (OFF, NOON, MealRefusal.CANCELLED),
        ],
    )
    def test_when(self, standing: Standing, now: Any, reason: MealRefusal | None) -> None:
        assert rules.why_cannot_book(standing, now=now) is reason
        assert rules.why_cannot_book_for(standing, MEMBER, 1, now=now) is reason

    @pytest.mark.parametrize(
        ("wish", "reason"),
        [
            (PLAIN, None),
            (Wish(6, 300, children=5, give=6), None),
            (Wish(0, 500), MealRefusal.TOO_MANY_SEATS),
            (Wish(7, 500), MealRefusal.TOO_MANY_SEATS),
            (Wish(1, 500, give=-1), MealRefusal.TOO_MANY_SEATS),
            (Wish(1, 500, children=1), MealRefusal.CHILDREN_ALONE),
            (Wish(1, 500, children=-1), MealRefusal.CHILDREN_ALONE),
            (Wish(1, 0), MealRefusal.NOT_A_PRICE),
            (Wish(1, 500, Payment.CARD), MealRefusal.NO_CARD),
            (Wish(1, 500, team=True), MealRefusal.NOT_OF_THE_TEAM),
        ],
    )
    def test_what(self, wish: Wish, reason: MealRefusal | None) -> None:
        assert rules.why_not_this_wish(MEAL, MEMBER, wish, suspended_before=False) is reason

    def test_what_is_for_some(self) -> None:
        once = Wish(1, 500, suspended=True)
        assert rules.why_not_this_wish(MEAL, MEMBER, once, suspended_before=False) is None
        assert rules.why_not_this_wish(MEAL, MEMBER, once, suspended_before=True) is MealRefusal.SUSPENDED_ONCE
        cook = replace(MEMBER, on_team=True)
        assert rules.why_not_this_wish(MEAL, cook, Wish(1, 500, team=True), suspended_before=True) is None
        card = replace(MEAL, card=True)
        assert rules.why_not_this_wish(card, MEMBER, Wish(1, 500, Payment.CARD), suspended_before=False) is None

    def test_for_somebody_else(self) -> None:
        full = replace(MEAL, taken=23)
        assert rules.why_cannot_book_for(full, MEMBER, 1, now=NOON) is None
        assert rules.why_cannot_book_for(full, MEMBER, 2, now=NOON) is MealRefusal.FULL_FOR_GUESTS
        assert rules.why_cannot_book_for(MEAL, Who(3), 1, now=NOON) is MealRefusal.NOT_A_MEMBER_HERE
        brought = replace(MEMBER, guests=4)
        assert rules.why_cannot_book_for(MEAL, brought, 2, now=NOON) is None
        assert rules.why_cannot_book_for(MEAL, brought, 3, now=NOON) is MealRefusal.TOO_MANY_GUESTS

    @pytest.mark.parametrize(
        ("standing", "now", "reason"),
        [
            (MEAL, NOON, None),
            (CLOSED, START - HOUR, None),
            (CLOSED, START, MealRefusal.OVER),
            (SERVED, NOON, MealRefusal.OVER),
            (OFF, NOON, MealRefusal.CANCELLED),
        ],
    )
    def test_what_is_chosen_may_change_until_it_begins(
        self, standing: Standing, now: Any, reason: MealRefusal | None
    ) -> None:
        assert rules.why_cannot_change_choice(standing, now=now) is reason

    @pytest.mark.parametrize(
        ("seats", "children", "more", "more_children", "reason"),
        [
            (1, 0, 5, 5, None),
            (1, 0, 6, 0, MealRefusal.TOO_MANY_SEATS),
            (1, 0, 0, 0, MealRefusal.TOO_MANY_SEATS),
            (1, 0, 1, 2, MealRefusal.CHILDREN_ALONE),
            (1, 0, 1, -1, MealRefusal.CHILDREN_ALONE),
        ],
    )
    def test_more(self, seats: int, children: int, more: int, more_children: int, reason: MealRefusal | None) -> None:
        assert rules.why_not_more(seats=seats, children=children, more=more, more_children=more_children) is reason

    @given(st.integers(1, 6).flatmap(lambda seats: st.tuples(st.just(seats), st.integers(0, seats), st.integers(0, 6))))
    def test_children_fit_on_both_sides_and_have_a_grown_up_if_that_can_be(self, case: tuple[int, int, int]) -> None:
        seats, children, free = case
        now = rules.seats_now(free=free, seats=seats, together=False)
        inside = rules.children_now(children=children, now=now, later=seats - now)
        assert 0 <= inside <= now
        assert 0 <= children - inside <= seats - now
        possible = [
            each
            for each in range(children + 1)
            if each <= max(0, now - 1) and children - each <= max(0, seats - now - 1)
        ]
        assert not possible or inside in possible


class TestTheList:
    @given(
        st.lists(st.tuples(st.integers(1, MOST_SEATS), st.booleans()), max_size=8),
        st.integers(0, 12),
    )
    def test_in_order_as_many_as_there_are_groups_all_or_none(self, wishes: list[tuple[int, bool]], free: int) -> None:
        queue = [Waiting(number, seats, together) for number, (seats, together) in enumerate(wishes)]
        promoted = rules.promotions(queue, free)
        got = dict(promoted)
        assert list(got) == sorted(got)
        assert sum(got.values()) <= free
        left = free
        for each in queue:
            if each.together:
                assert got.get(each.id, 0) == (each.seats if each.seats <= left else 0)
            else:
                assert got.get(each.id, 0) == min(each.seats, left)
            left -= got.get(each.id, 0)

    def test_an_offer_lasts_a_day_or_a_quarter_and_never_past_closing(self) -> None:
        def until(closes_in: timedelta, opening: timedelta | None = None) -> timedelta:
            ends = None if opening is None else NOON + opening
            return rules.offer_until(closes_at=NOON + closes_in, now=NOON, next_opening_ends=ends) - NOON

        assert until(10 * DAY) == DAY
        assert until(8 * HOUR) == 2 * HOUR
        assert until(HOUR) == HOUR / 2, "nobody answers in a quarter of an hour"
        assert until(HOUR / 4) == HOUR / 4
        assert until(-HOUR) == timedelta()
        assert until(10 * DAY, 3 * DAY) == 3 * DAY
        assert until(10 * DAY, HOUR) == DAY
        assert until(8 * HOUR, DAY) == 8 * HOUR

    @pytest.mark.parametrize(
        ("standing", "who", "now", "reason"),
        [
            (MEAL, replace(MEMBER, offered=1, offer_until=NOON + HOUR), NOON, None),
            (MEAL, replace(MEMBER, offered=1, offer_until=NOON), NOON, MealRefusal.OFFER_OVER),
            (MEAL, MEMBER, NOON, MealRefusal.NO_OFFER),
            (OFF, replace(MEMBER, offered=1, offer_until=NOON + HOUR), NOON, MealRefusal.CANCELLED),
        ],
    )
    def test_answering(self, standing: Standing, who: Who, now: Any, reason: MealRefusal | None) -> None:
        assert rules.why_cannot_answer_offer(standing, who, now=now) is reason

    @pytest.mark.parametrize(
        ("standing", "now", "gives", "hands"),
        [
            (MEAL, NOON, None, MealRefusal.NOT_CLOSED_YET),
            (MEAL, CLOSES, MealRefusal.BOOKINGS_CLOSED, None),
            (CLOSED, NOON, MealRefusal.BOOKINGS_CLOSED, None),
            (CLOSED, START, MealRefusal.OVER, MealRefusal.OVER),
            (CLOSED, MEAL.ends_at, MealRefusal.OVER, MealRefusal.OVER),
            (SERVED, NOON, MealRefusal.OVER, MealRefusal.OVER),
            (OFF, NOON, MealRefusal.CANCELLED, MealRefusal.CANCELLED),
        ],
    )
    def test_given_back_before_closing_handed_over_after(
        self, standing: Standing, now: Any, gives: MealRefusal | None, hands: MealRefusal | None
    ) -> None:
        assert rules.why_cannot_give_back(standing, now=now) is gives
        sits, waits = replace(MEMBER, confirmed=1), replace(MEMBER, waits=1)
        assert rules.why_cannot_hand_over(standing, sits, now=now) is hands
        assert rules.why_cannot_take_over(standing, waits, 1, now=now) is hands

    def test_handing_over_takes_two(self) -> None:
        assert rules.why_cannot_hand_over(CLOSED, MEMBER, now=NOON) is MealRefusal.NO_BOOKING
        assert rules.why_cannot_take_over(CLOSED, MEMBER, 1, now=NOON) is MealRefusal.NO_BOOKING
        waits = replace(MEMBER, waits=1)
        assert rules.why_cannot_take_over(FULL, waits, 0, now=NOON) is MealRefusal.NOTHING_TO_TAKE_OVER

    @pytest.mark.parametrize(
        ("free", "handed", "who", "count"),
        [
            (0, 0, {"waits": 2}, 0),
            (0, 1, {"waits": 2}, 1),
            (1, 0, {"waits": 2}, 1),
            (1, 1, {"waits": 2}, 2),
            (5, 5, {"waits": 2}, 2),
            (1, 0, {"waits": 2, "together": True}, 0),
            (1, 1, {"waits": 2, "together": True}, 2),
            (0, 2, {"waits": 2, "handed": 2}, 0),
            (0, 3, {"waits": 2, "handed": 2}, 1),
        ],
    )
    def test_what_is_handed_over_by_others_or_nobodys_is_there_to_take(
        self, free: int, handed: int, who: dict[str, Any], count: int
    ) -> None:
        standing, waits = replace(FULL, taken=24 - free), replace(MEMBER, **who)
        assert rules.takeable(standing, waits, handed) == count
        refused = rules.why_cannot_take_over(standing, waits, handed, now=NOON)
        assert refused is (None if count else MealRefusal.NOTHING_TO_TAKE_OVER)


class TestMoney:
    def test_what_a_booking_costs(self) -> None:
        def due(own: OwnSeat = OwnSeat.CHOSEN, **changes: int) -> int:
            plain: dict[str, Any] = {"seats": 2, "price_cents": 300, "own": own, "give": 0, "fair_cents": 500}
            return rules.due_cents(**{**plain, **changes})

        assert due() == 600
        assert due(OwnSeat.FREE) == 300
        assert due(OwnSeat.FAIR) == 800
        assert due(give=2) == 1600
        assert due(OwnSeat.FAIR, seats=1) == 500
        assert [due(each, seats=0, give=1) for each in OwnSeat] == [500] * 3

    def test_the_pot_gives_a_whole_meal_or_nothing(self) -> None:
        assert rules.from_pot(balance_cents=500, fair_cents=500) == 500
        assert rules.from_pot(balance_cents=499, fair_cents=500) == 0
        assert rules.pot_holds_one(balance_cents=500, fair_cents=500)
        assert not rules.pot_holds_one(balance_cents=499, fair_cents=500)
        assert not rules.pot_holds_one(balance_cents=500, fair_cents=0)

    @pytest.mark.parametrize(
        ("in_pot", "borne", "put_back", "taken_back", "bears"),
        [
            (1000, 0, 0, 500, 0),
            (0, 0, 0, 500, 500),
            (200, 0, 0, 500, 300),
            (0, 500, 500, 0, -500),
            (0, 500, 0, 500, 500),
            (0, 0, 500, 1000, 500),
            (700, 200, 500, 0, -200),
            (0, 300, 500, 500, 0),
        ],
    )
    def test_what_was_given_and_drawn_already_is_borne_until_it_is_put_back(
        self, in_pot: int, borne: int, put_back: int, taken_back: int, bears: int
    ) -> None:
        found = rules.borne_by_place(in_pot=in_pot, borne=borne, put_back=put_back, taken_back=taken_back)
        assert found == bears
        assert borne + found >= 0
        assert in_pot + put_back + found - taken_back >= 0


class TestTheTeam:
    @pytest.mark.parametrize(
        ("before", "called", "due"),
        [
            (80, None, False),
            (72, None, True),
            (60, 72, False),
            (48, 72, True),
            (20, 72, True),
            (20, 23, False),
            (0, None, False),
        ],
    )
    def test_gaps_are_called_out_three_times(self, before: int, called: int | None, due: bool) -> None:
        called_at = None if called is None else CLOSES - called * HOUR
        assert rules.call_due(closes_at=CLOSES, called_at=called_at, now=CLOSES - before * HOUR) is due

    def test_nobody_shops_before_they_know_for_how_many(self) -> None:
        assert rules.why_not_this_turn(Job.SHOP, starts_at=CLOSES, closes_at=CLOSES) is None
        early = rules.why_not_this_turn(Job.SHOP, starts_at=CLOSES - HOUR, closes_at=CLOSES)
        assert early is MealRefusal.SHOPPING_TOO_EARLY
        assert rules.why_not_this_turn(Job.COOK, starts_at=NOON, closes_at=CLOSES) is None


class TestTheTables:
    def test_what_is_over_moves_no_more(self) -> None:
        assert [state for state, moves in MEAL_MOVES.items() if not moves] == [MealState.SERVED, MealState.CANCELLED]
        over = set(PartState) - set(ACTIVE)
        assert {state for state, moves in PART_MOVES.items() if not moves} == over - {PartState.LAPSED}
        assert set(PART_MOVES[PartState.LAPSED]) == {PartState.CONFIRMED}, "paid a moment too late"

    def test_nobody_who_sits_is_sent_back_to_the_list(self) -> None:
        assert not any(PartState.WAITING in PART_MOVES[state] for state in TAKES_SEATS)

    def test_free_seats_are_those_of_nobody(self) -> None:
        assert replace(MEAL, taken=20).free == 4
        assert replace(MEAL, seats=10, taken=20).free == 0
