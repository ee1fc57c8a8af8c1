"""The rules of paying by card: what goes back follows from what is owed, and a seat from what is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.payments import api as payments
from meals import card_rules
from meals.card_rules import Money
from meals.rules import Prices, Standing, due_cents
from meals.states import MealState, OwnSeat, PartState, Unpaid
from tests.client import NOON

OPEN = Standing(
    state=MealState.OPEN,
    version=1,
    starts_at=NOON + timedelta(days=2),
    ends_at=NOON + timedelta(days=2, hours=2),
    closes_at=NOON + timedelta(days=1),
    seats=4,
    prices=Prices(300, 500, 800),
    taken=2,
)


def buys(standing: Standing = OPEN, **changes: Any) -> bool:
    plain: dict[str, Any] = {
        "state": PartState.HELD,
        "seats": 2,
        "unpaid": Unpaid.LAPSES,
        "booked_anew": False,
        "now": NOON,
    }
    return card_rules.buys_seats(standing, **{**plain, **changes})


class TestWhatIsPaidBuys:
    @pytest.mark.parametrize("unpaid", list(Unpaid))
    def test_what_is_held_unless_it_was_given_up(self, unpaid: Unpaid) -> None:
        assert buys(unpaid=unpaid) is (unpaid is not Unpaid.GIVEN_UP)

    def test_what_is_held_however_full_or_closed_it_is(self) -> None:
        assert buys(replace(OPEN, taken=4))
        assert buys(now=OPEN.closes_at)
        assert buys(replace(OPEN, state=MealState.CLOSED), now=OPEN.starts_at)

    @pytest.mark.parametrize("state", [PartState.HELD, PartState.LAPSED])
    def test_nothing_of_a_meal_that_is_off_or_over(self, state: PartState) -> None:
        assert buys(state=state)
        for other in (MealState.CANCELLED, MealState.SERVED):
            assert not buys(replace(OPEN, state=other), state=state)
        assert not buys(state=state, now=OPEN.ends_at)

    def test_what_lapsed_only_if_it_is_nobodys_and_one_can_still_book(self) -> None:
        lapsed: dict[str, Any] = {"state": PartState.LAPSED}
        assert buys(seats=2, **lapsed)
        assert not buys(seats=3, **lapsed)
        assert not buys(booked_anew=True, **lapsed)
        assert not buys(now=OPEN.closes_at, **lapsed)

    @pytest.mark.parametrize("state", sorted(set(PartState) - {PartState.HELD, PartState.LAPSED}))
    def test_nothing_that_ended_otherwise(self, state: PartState) -> None:
        assert not buys(state=state)


def test_a_card_is_offered_until_forty_minutes_before_closing() -> None:
    last = OPEN.closes_at - timedelta(minutes=40)
    assert card_rules.card_offered(closes_at=OPEN.closes_at, now=last - timedelta(seconds=1))
    assert not card_rules.card_offered(closes_at=OPEN.closes_at, now=last)


def test_seats_are_held_for_longer_than_stripes_page_is_good() -> None:
    assert payments.PAYABLE_FOR < card_rules.HOLD
    assert card_rules.LEAST_CENTS == payments.LEAST_CENTS
    assert [card_rules.by_card(cents) for cents in (0, 49, 50)] == [False, False, True]


cents = st.integers(0, 5000)


@given(due=cents, paid=cents, part=st.integers(0, 100), left=st.integers(0, 100))
def test_what_goes_back_leaves_what_is_owed(due: int, paid: int, part: int, left: int) -> None:
    refunded = paid * part // 100
    left = (paid - refunded) * left // 100
    money = Money(due, paid, refunded, left)
    after = Money(due, paid, refunded + money.over, left)
    assert 0 <= money.over <= money.kept
    assert after.kept <= due
    assert after.over == 0
    assert not (money.over and money.on_site), "nobody gets back and pays"
    assert money.kept - money.over + money.on_site == due


@given(
    low=st.sampled_from([0, 300]),
    own=st.sampled_from(OwnSeat),
    give=st.integers(0, 6),
    order=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    leaves=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_given_back_seat_by_seat_or_at_once_it_is_the_same_sum(
    low: int, own: OwnSeat, give: int, order: list[int], leaves: list[bool]
) -> None:
    """Whatever one's own seat costs, and what is left to the pot on the way."""

    def due(seats: int) -> int:
        if not seats:
            return 0
        return due_cents(seats=seats, price_cents=low, own=own, give=give, fair_cents=500)

    seats = sum(order)
    paid, refunded, left = due(seats), 0, 0
    for count, leave in zip(order, leaves, strict=False):
        seats -= count
        over = Money(due(seats), paid, refunded, left).over
        refunded, left = (refunded, left + over) if leave else (refunded + over, left)
        assert refunded + left <= paid
        assert paid - refunded - left == due(seats)
    assert refunded + left == paid, "all of it, in the end"
