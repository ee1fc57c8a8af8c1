"""What of the money of meals is published, tried by somebody who keeps every page that was ever shown and adds and
subtracts all of them: they never come to a sum of fewer than five bookings. Careless rules are seen to let them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meals.accounts_rules import (
    LEAST_PEOPLE,
    WAITS,
    Figure,
    Moved,
    each_cents,
    may_count,
    month_of,
    months_later,
    publish,
    read_month,
)
from tests.client import NOON

DAY = timedelta(days=1)
Vector = tuple[Fraction, ...]


@dataclass
class Life:
    """What came to a place by one means, in its order: each movement with the bookings that it is of, and how often
    each is in it (-1 for what went back)."""

    moves: list[Moved] = field(default_factory=list)
    of: dict[int, dict[int, int]] = field(default_factory=dict)
    rounds: list[int] = field(default_factory=list)
    """After how many movements the job came round."""
    bookings: int = 0
    at: datetime = NOON

    def _add(self, people: int, of: dict[int, int], late: int = 0, meal_id: int | None = None) -> None:
        number = len(self.moves) + 1
        self.of[number] = of
        self.moves.append(
            Moved(number, self.at.date(), self.at, people, 500 * sum(of.values()), late=late, meal_id=meal_id)
        )

    def meal(self, people: int) -> list[int]:
        fresh = list(range(self.bookings, self.bookings + people))
        self.bookings += people
        self._add(people, dict.fromkeys(fresh, 1), meal_id=len(self.moves) + 1)
        return fresh

    def given_back(self, booking: int) -> None:
        self._add(0, {booking: -1}, late=1)

    def counted_anew(self, bookings: Sequence[int]) -> None:
        """The box of that meal held nothing of what they were said to have put into it."""
        self._add(0, dict.fromkeys(bookings, -1), late=max(1, len(bookings)))


Rule = Callable[[Sequence[Moved], Sequence[Moved]], list[Figure]]


def shown(life: Life, rule: Rule) -> list[Vector]:
    """Every figure that was ever published, as so many times each booking."""
    figures: list[Figure] = []
    waiting: list[Moved] = []
    starts = [0, *life.rounds]
    for start, end in zip(starts, [*life.rounds, len(life.moves)], strict=True):
        coming = life.moves[start:end]
        made = rule(waiting, coming)
        figures += made
        used = {number for figure in made for number in figure.moves}
        waiting = [moved for moved in [*waiting, *coming] if moved.id not in used]
    vectors = []
    for figure in figures:
        counts = [Fraction(0)] * life.bookings
        for number in figure.moves:
            for booking, times in life.of[number].items():
                counts[booking] += times
        vectors.append(tuple(counts))
    return vectors


def few(vectors: Sequence[Vector], least: int = LEAST_PEOPLE) -> set[int] | None:
    """Some bookings, fewer than `least`, whose money can be worked out of these sums together, if there are any: a
    combination that nobody else is in. All others are taken out of the sums at once, so nothing is overlooked."""
    if not vectors:
        return None
    bookings = range(len(vectors[0]))
    alike: dict[Vector, list[int]] = {}
    for booking in bookings:  # who is in the same sums, as often, is not told apart
        column = tuple(vector[booking] for vector in vectors)
        if any(column):
            alike.setdefault(column, []).append(booking)
    groups = [(column, len(people)) for column, people in alike.items()]
    small = [number for number, (_, size) in enumerate(groups) if size < least]
    for many in range(1, least):
        for chosen in combinations(small, many):
            if sum(groups[number][1] for number in chosen) >= least:
                continue
            rest = [column for number, (column, _) in enumerate(groups) if number not in chosen]
            # A combination c of the sums with c·column = 0 for all others, and not for the chosen.
            if rank(rest) < rank([*rest, *(groups[number][0] for number in chosen)]):
                return {booking for number in chosen for booking in alike[groups[number][0]]}
    return None


def rank(rows: Sequence[Vector]) -> int:
    """How many of these are no sum of others."""
    left = [list(row) for row in rows]
    found = 0
    for column in range(len(left[0]) if left else 0):
        pivot = next((row for row in left[found:] if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        left.insert(found, pivot)
        for row in left[found + 1 :]:
            if row[column]:
                share = row[column] / pivot[column]
                for each in range(column, len(row)):
                    row[each] -= share * pivot[each]
        found += 1
    return found


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Months of a place: meals, what is given back of any of them, boxes counted anew, and rounds of the job."""
    life, meals = Life(), list[list[int]]()
    for _ in range(draw(st.integers(1, 14))):
        life.at += draw(st.sampled_from([timedelta(hours=1), DAY, 7 * DAY, 70 * DAY]))
        what = draw(st.sampled_from(["small", "small", "large", "back", "back", "anew"]))
        paid = [booking for fresh in meals for booking in fresh]
        if what == "small":
            meals.append(life.meal(draw(st.integers(0, 4))))
        elif what == "large":
            meals.append(life.meal(draw(st.integers(5, 7))))
        elif what == "back" and paid:
            life.given_back(draw(st.sampled_from(paid)))
        elif what == "anew" and meals:
            life.counted_anew(draw(st.sampled_from(meals)))
        if draw(st.booleans()):
            life.rounds.append(len(life.moves))
    return life


class TestNobodyIsWorkedOut:
    @settings(max_examples=150)
    @given(lives())
    def test_whatever_happens_no_sum_of_fewer_than_five_comes_out(self, life: Life) -> None:
        assert few(shown(life, publish)) is None

    @settings(max_examples=60)
    @given(lives())
    def test_what_is_published_stands(self, life: Life) -> None:
        """What comes later changes no figure: those of the first half are those of the whole, as far as they go."""
        half = Life(life.moves[: len(life.moves) // 2], life.of, [], life.bookings)
        half.rounds = [each for each in life.rounds if each <= len(half.moves)]
        before, after = shown(half, publish), shown(life, publish)
        assert after[: len(before)] == before

    @settings(max_examples=60)
    @given(lives())
    def test_nothing_is_lost_or_counted_twice(self, life: Life) -> None:
        figures = publish([], life.moves)
        used = [number for figure in figures for number in figure.moves]
        assert len(used) == len(set(used))
        waits = [moved for moved in life.moves if moved.id not in used]
        everything = sum(moved.cents for moved in life.moves)
        assert sum(figure.cents for figure in figures) + sum(moved.cents for moved in waits) == everything


def each_meal_its_own(waiting: Sequence[Moved], coming: Sequence[Moved]) -> list[Figure]:
    """No pool at all."""
    return [Figure(m.day, m.cents, 0, m.meal_id, (m.id,)) for m in coming if m.people]


def totals_of_all(waiting: Sequence[Moved], coming: Sequence[Moved]) -> list[Figure]:
    """Meals of five, and each time the total of everything, small ones too."""
    large = [Figure(m.day, m.cents, 0, m.meal_id, (m.id,)) for m in coming if m.people >= LEAST_PEOPLE]
    everything = [*waiting, *coming]
    return [*large, Figure(everything[0].day, 0, 0, None, tuple(m.id for m in everything))] if everything else large


def late_ones_count(waiting: Sequence[Moved], coming: Sequence[Moved]) -> list[Figure]:
    """As the rule, but five refunds are five bookings too."""
    figures, pool = [], list(waiting)
    for moved in coming:
        if moved.people >= LEAST_PEOPLE:
            figures.append(Figure(moved.day, moved.cents, 0, moved.meal_id, (moved.id,)))
            continue
        pool.append(moved)
        if sum(m.people + m.late for m in pool) >= LEAST_PEOPLE:
            figures.append(Figure(moved.day, 0, 0, None, tuple(m.id for m in pool)))
            pool = []
    return figures


def late_ones_ask_for_nothing(waiting: Sequence[Moved], coming: Sequence[Moved]) -> list[Figure]:
    """As the rule, but what is late asks for nobody more."""
    figures, pool = [], list(waiting)
    for moved in coming:
        if moved.people >= LEAST_PEOPLE:
            figures.append(Figure(moved.day, moved.cents, 0, moved.meal_id, (moved.id,)))
            continue
        pool.append(moved)
        if sum(m.people for m in pool) >= LEAST_PEOPLE:
            figures.append(Figure(moved.day, 0, 0, None, tuple(m.id for m in pool)))
            pool = []
    return figures


class TestTheOneWhoSubtracts:
    """The controls: careless rules are caught by the same adding and subtracting."""

    def test_a_meal_of_three_shown_by_itself(self) -> None:
        life = Life()
        assert len(life.meal(3)) == 3
        assert few(shown(life, each_meal_its_own)) == {0, 1, 2}
        assert few(shown(life, publish)) is None

    def test_a_total_beside_its_parts(self) -> None:
        life = Life()
        life.meal(6)
        small = life.meal(2)
        assert few(shown(life, totals_of_all)) == set(small)
        assert few(shown(life, publish)) is None

    def test_a_page_before_and_after(self) -> None:
        life = Life()
        life.meal(6)
        life.rounds.append(1)
        one = life.meal(1)
        assert few(shown(life, totals_of_all)) == set(one)
        assert few(shown(life, publish)) is None

    def test_refunds_of_all_but_one_of_a_meal(self) -> None:
        life = Life()
        fresh, other = life.meal(5), life.meal(5)
        for booking in [*fresh[:4], other[0]]:
            life.given_back(booking)
        assert few(shown(life, late_ones_count)) == {fresh[4], other[0]}
        assert few(shown(life, publish)) is None

    def test_somebody_leaves_the_pool_before_it_is_shown(self) -> None:
        life = Life()
        waits = life.meal(3)
        life.given_back(waits[0])
        more = life.meal(2)
        assert few(shown(life, late_ones_ask_for_nothing)) == {*waits[1:], *more}
        assert few(shown(life, publish)) is None

    def test_a_box_that_held_nothing_after_all(self) -> None:
        life = Life()
        life.meal(2)
        life.counted_anew([0, 1])
        life.meal(4)
        assert few(shown(life, late_ones_ask_for_nothing)) == {2, 3, 4, 5}
        assert few(shown(life, publish)) is None

    @pytest.mark.parametrize("rule", [each_meal_its_own, totals_of_all, late_ones_count, late_ones_ask_for_nothing])
    def test_some_life_betrays_each_of_them(self, rule: Rule) -> None:
        """The lives that hypothesis plays are lively enough to catch each."""
        caught: list[set[int]] = []

        @settings(max_examples=300, database=None, derandomize=True)
        @given(lives())
        def play(life: Life) -> None:
            found = few(shown(life, rule))
            if found is not None:
                caught.append(found)

        play()
        assert caught


class TestThePool:
    def test_five_come_together(self) -> None:
        life = Life()
        for people in (2, 0, 2, 1):
            life.meal(people)
            life.at += DAY
        (figure,) = publish([], life.moves)
        assert (figure.meal_id, figure.cents, figure.moves) == (None, 2500, (1, 3, 4))
        assert figure.day == life.moves[3].day

    def test_four_wait(self) -> None:
        life = Life()
        life.meal(4)
        assert publish([], life.moves) == []

    def test_what_waited_for_long_goes_along_with_a_large_one(self) -> None:
        life = Life()
        life.meal(1)
        life.at += WAITS - DAY
        life.meal(6)
        life.at += DAY
        life.meal(7)
        own, together = publish([], life.moves)
        assert (own.meal_id, own.moves) == (2, (2,))
        assert (together.meal_id, together.moves) == (None, (1, 3))

    def test_a_refund_is_no_meal_and_goes_along_in_time(self) -> None:
        life = Life()
        fresh = life.meal(6)
        life.given_back(fresh[0])
        assert [figure.moves for figure in publish([], life.moves)] == [(1,)]
        life.at += WAITS
        life.meal(6)
        assert [(f.moves, f.cents) for f in publish([], life.moves)] == [((1,), 3000), ((2, 3), 2500)]

    def test_in_rounds_or_at_once_it_is_the_same(self) -> None:
        life = Life()
        for people in (2, 2, 6, 1, 3, 3):
            life.meal(people)
        at_once = shown(life, publish)
        life.rounds = [1, 2, 3, 4, 5]
        assert shown(life, publish) == at_once
        assert len(at_once) == 3


class TestMonths:
    def test_how_many_may_be_told(self) -> None:
        assert [people for people in range(8) if may_count(people)] == [5, 6, 7]

    @pytest.mark.parametrize(
        ("written", "month"),
        [
            ("2026-10", date(2026, 10, 1)),
            ("2026-11", date(2026, 11, 1)),
            ("2026-12", date(2026, 11, 1)),
            ("9999-12", date(2026, 11, 1)),
            ("1900-01", date(1900, 1, 1)),
            ("0001-01", date(2026, 11, 1)),
            ("2026-13", date(2026, 11, 1)),
            ("2026-1", date(2026, 11, 1)),
            ("٢٠٢٦-١٠", date(2026, 11, 1)),
            ("", date(2026, 11, 1)),
            ("novembre", date(2026, 11, 1)),
        ],
    )
    def test_a_month_as_it_is_written(self, written: str, month: date) -> None:
        assert read_month(written, today=date(2026, 11, 24)) == month

    def test_later_and_earlier(self) -> None:
        november = month_of(date(2026, 11, 30))
        assert [months_later(november, n) for n in (-11, -1, 0, 1, 2, 14)] == [
            date(2025, 12, 1),
            date(2026, 10, 1),
            date(2026, 11, 1),
            date(2026, 12, 1),
            date(2027, 1, 1),
            date(2028, 1, 1),
        ]
        assert months_later(date(1900, 1, 1), -1) == date(1900, 1, 1)
        assert months_later(date(2199, 12, 1), 1) == date(2199, 12, 1)

    def test_for_each_of_them(self) -> None:
        assert [each_cents(*each) for each in ((4100, 10), (100, 3), (50, 4), (51, 2))] == [410, 33, 13, 26]
