"""Rules of turns: no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotas import calling, rules
from rotas.rules import Lack, Pace, Standing, SwapStanding, Who
from rotas.states import LEVELS, SLOT_MOVES, SWAP_MOVES, Level, RotaRefusal, SlotState, SwapState
from rotas.wording import SENTENCES

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
H = timedelta(hours=1)
D = timedelta(days=1)
MINUTE = timedelta(minutes=1)
START = NOW + 10 * D

OPEN = Standing(
    state=SlotState.OPEN,
    on=START.date(),
    starts_at=START,
    ends_at=START + 2 * H,
    people=2,
    opened_at=NOW - D,
)
FULL = replace(OPEN, taken=2)
TILL = replace(OPEN, act="take_cash", adults_only=True)
TRAINED = replace(OPEN, needs_training=True, trained_here=2)
WEEKLY = replace(OPEN, has_pattern=True, pattern_people=2)
POPULAR = replace(OPEN, opened_at=NOW, low_load=1, mid_load=3)
MEMBER = Who(1, belongs=True, met=True)
HOLDER = replace(MEMBER, holds=True)
STRANGER = Who(2)
SWAP = SwapStanding(SwapState.OPEN, from_member=1, to_member=None, wants_slot=False, until_at=START, asked_by=1)

WHO_MAY = [
    (OPEN, MEMBER, None),
    (OPEN, STRANGER, RotaRefusal.NOT_OF_THIS_PLACE),
    (OPEN, HOLDER, RotaRefusal.ALREADY_YOURS),
    (replace(OPEN, state=SlotState.CANCELLED), MEMBER, RotaRefusal.CANCELLED),
    (replace(OPEN, ends_at=NOW), MEMBER, RotaRefusal.OVER),
    (replace(OPEN, starts_at=NOW - H, ends_at=NOW + MINUTE), MEMBER, None),
    (FULL, MEMBER, RotaRefusal.FULL),
    (replace(OPEN, act="take_cash"), replace(MEMBER, mediator=True), RotaRefusal.MEDIATOR_HERE),
    (OPEN, replace(MEMBER, mediator=True), None),
    (TILL, replace(MEMBER, adult_on=START.date() + D), RotaRefusal.UNDER_AGE),
    (TILL, replace(MEMBER, adult_on=START.date()), None),
    (TILL, MEMBER, None),
    (OPEN, replace(MEMBER, adult_on=date(2030, 1, 1)), None),
    (TRAINED, MEMBER, RotaRefusal.NEEDS_TRAINING),
    (TILL, replace(MEMBER, met=False), RotaRefusal.NOT_MET),
    (TILL, replace(MEMBER, met=False, adult_on=START.date() + D), RotaRefusal.UNDER_AGE),
    (replace(OPEN, opens_place=True), replace(MEMBER, met=False), RotaRefusal.NOT_MET),
    (replace(OPEN, opens_place=True), MEMBER, None),
    (OPEN, replace(MEMBER, met=False), None),
    (TRAINED, replace(MEMBER, level=Level.WATCHED), RotaRefusal.NOBODY_BESIDE),
    (TRAINED, replace(MEMBER, level=Level.DID_WITH), RotaRefusal.NOBODY_BESIDE),
    (replace(TRAINED, skilled_on_it=1), MEMBER, RotaRefusal.NEEDS_TRAINING),
    (replace(TRAINED, skilled_on_it=1), replace(MEMBER, level=Level.WATCHED), None),
    (TRAINED, replace(MEMBER, level=Level.DOES), None),
    (TRAINED, replace(MEMBER, level=Level.TEACHES), None),
    (replace(TRAINED, trained_here=0), MEMBER, None),
    (POPULAR, replace(MEMBER, load=2), RotaRefusal.NOT_YET_ROUND),
    (POPULAR, replace(MEMBER, load=1), None),
]


class TestWhoMayTake:
    @pytest.mark.parametrize(("standing", "who", "reason"), WHO_MAY)
    def test_each_reason_of_its_own(self, standing: Standing, who: Who, reason: RotaRefusal | None) -> None:
        assert rules.why_cannot_take(standing, who, now=NOW) is reason

    def test_in_somebodys_place_a_full_turn_is_open_and_nobody_waits_for_a_round(self) -> None:
        assert rules.why_cannot_replace(FULL, MEMBER, now=NOW) is None
        assert rules.why_cannot_replace(POPULAR, replace(MEMBER, load=9), now=NOW) is None

    @pytest.mark.parametrize(("standing", "who", "reason"), WHO_MAY)
    def test_in_somebodys_place_all_the_rest_holds(
        self, standing: Standing, who: Who, reason: RotaRefusal | None
    ) -> None:
        if reason not in (RotaRefusal.FULL, RotaRefusal.NOT_YET_ROUND):
            assert rules.why_cannot_replace(standing, who, now=NOW) is reason

    def test_to_watch_one_needs_somebody_who_can(self) -> None:
        taught = replace(TRAINED, skilled_on_it=1)
        assert rules.why_cannot_watch(taught, MEMBER, now=NOW) is None
        assert rules.why_cannot_watch(replace(taught, taken=2), MEMBER, now=NOW) is None
        assert rules.why_cannot_watch(TRAINED, MEMBER, now=NOW) is RotaRefusal.NOBODY_TO_WATCH
        assert rules.why_cannot_watch(taught, STRANGER, now=NOW) is RotaRefusal.NOT_OF_THIS_PLACE
        assert rules.why_cannot_watch(taught, HOLDER, now=NOW) is RotaRefusal.ALREADY_YOURS
        assert rules.why_cannot_watch(taught, replace(MEMBER, watches=True), now=NOW) is RotaRefusal.ALREADY_YOURS
        assert rules.why_cannot_watch(replace(taught, ends_at=NOW), MEMBER, now=NOW) is RotaRefusal.OVER

    @pytest.mark.parametrize(
        ("standing", "reason"),
        [
            (OPEN, None),
            (FULL, RotaRefusal.FULL),
            (replace(OPEN, act="register"), RotaRefusal.NO_GUESTS),
            (replace(OPEN, adults_only=True), RotaRefusal.NO_GUESTS),
            (TRAINED, RotaRefusal.NO_GUESTS),
            (replace(TRAINED, trained_here=0), None),
            (replace(OPEN, ends_at=NOW), RotaRefusal.OVER),
        ],
    )
    def test_for_somebody_without_an_account(self, standing: Standing, reason: RotaRefusal | None) -> None:
        assert rules.why_cannot_take_for_guest(standing, MEMBER, now=NOW) is reason

    def test_and_only_members_write_them_down(self) -> None:
        reason = rules.why_cannot_take_for_guest(OPEN, STRANGER, now=NOW)
        assert reason is RotaRefusal.NOT_OF_THIS_PLACE


class TestRounds:
    @pytest.mark.parametrize(
        ("load", "after", "open_to_them"),
        [
            (1, 0 * H, True),
            (2, 0 * H, False),
            (2, 24 * H - MINUTE, False),
            (2, 24 * H, True),
            (4, 24 * H, False),
            (4, 48 * H, True),
        ],
    )
    def test_first_who_did_least_then_half_then_all(self, load: int, after: timedelta, open_to_them: bool) -> None:
        who = replace(MEMBER, load=load)
        assert rules.in_round(POPULAR, who, now=NOW + after) is open_to_them

    def test_a_turn_that_is_near_and_whoever_holds_it_weekly_wait_for_none(self) -> None:
        busy = replace(MEMBER, load=9)
        near = replace(POPULAR, starts_at=NOW + 48 * H)
        assert rules.in_round(near, busy, now=NOW)
        assert not rules.in_round(replace(near, starts_at=NOW + 48 * H + MINUTE), busy, now=NOW)
        assert rules.in_round(POPULAR, replace(busy, weekly=True), now=NOW)

    @given(load=st.integers(0, 8), ahead=st.integers(1, 200), after=st.integers(0, 199))
    def test_what_is_said_of_when_is_when(self, load: int, ahead: int, after: int) -> None:
        standing, who = replace(POPULAR, starts_at=NOW + ahead * H), replace(MEMBER, load=load)
        opens_at = rules.round_opens_at(standing, who)
        assert opens_at is not None
        assert rules.in_round(standing, who, now=NOW + after * H) is (NOW + after * H >= opens_at)

    def test_without_rounds_nothing_is_said(self) -> None:
        assert rules.in_round(OPEN, replace(MEMBER, load=99), now=NOW)
        assert rules.round_opens_at(OPEN, MEMBER) is None

    def test_popular_is_full_within_a_day_twice_running(self) -> None:
        fast, slow = (NOW, NOW + 24 * H), (NOW, NOW + 24 * H + MINUTE)
        assert rules.is_popular([fast, fast])
        assert rules.is_popular([fast, fast, slow])
        assert not rules.is_popular([fast, slow, fast])
        assert not rules.is_popular([slow, fast])
        assert not rules.is_popular([fast])
        assert not rules.is_popular([fast, (NOW, None)])

    @given(st.lists(st.integers(0, 30), max_size=30))
    def test_limits_are_a_quarter_and_a_half_of_those_who_did_any(self, loads: list[int]) -> None:
        low, mid = rules.round_limits(loads)
        assert low <= mid
        if loads:
            assert sum(load <= low for load in loads) * 4 >= len(loads)
            assert sum(load <= mid for load in loads) * 2 >= len(loads)
            assert sum(load < low for load in loads) * 4 < len(loads)
        else:
            assert (low, mid) == (0, 0)


class TestTheLastPlace:
    LAST = replace(OPEN, taken=1, first_timers=1)

    @pytest.mark.parametrize(
        ("standing", "who", "asks"),
        [
            (LAST, MEMBER, True),
            (LAST, replace(MEMBER, did=1), False),
            (LAST, replace(MEMBER, level=Level.DOES), False),
            (LAST, replace(MEMBER, level=Level.DID_WITH), True),
            (replace(LAST, first_timers=0), MEMBER, False),
            (replace(LAST, people=3), MEMBER, False),
            (replace(LAST, people=3, taken=2, first_timers=1), MEMBER, False),
            (replace(LAST, starts_at=NOW + 48 * H), MEMBER, False),
            (replace(LAST, starts_at=NOW + 48 * H + MINUTE), MEMBER, True),
            (replace(OPEN, people=1), MEMBER, False),
        ],
    )
    def test_waits_for_somebody_experienced_until_two_days_before(
        self, standing: Standing, who: Who, asks: bool
    ) -> None:
        assert rules.asks_for_experience(standing, who, now=NOW) is asks
        assert rules.why_cannot_take(standing, who, now=NOW) is None, "it asks, and never refuses"


class TestGivingUp:
    def test_only_what_one_has_and_until_its_end(self) -> None:
        assert rules.why_cannot_give_up(OPEN, HOLDER, now=NOW) is None
        assert rules.why_cannot_give_up(OPEN, replace(MEMBER, watches=True), now=NOW) is None
        assert rules.why_cannot_give_up(OPEN, MEMBER, now=NOW) is RotaRefusal.NOT_YOURS
        assert rules.why_cannot_give_up(OPEN, HOLDER, now=START + H) is None
        assert rules.why_cannot_give_up(OPEN, HOLDER, now=START + 2 * H) is RotaRefusal.OVER

    def test_somebody_is_asked_to_come_instead_before_it_begins(self) -> None:
        assert rules.why_cannot_ask(OPEN, HOLDER, now=START - MINUTE) is None
        assert rules.why_cannot_ask(OPEN, HOLDER, now=START) is RotaRefusal.OVER
        assert rules.why_cannot_ask(OPEN, replace(MEMBER, watches=True), now=NOW) is RotaRefusal.NOT_YOURS
        cancelled = replace(OPEN, state=SlotState.CANCELLED)
        assert rules.why_cannot_ask(cancelled, HOLDER, now=NOW) is RotaRefusal.CANCELLED

    def test_for_others_speak_the_welcome_turn_and_whoever_keeps_the_place(self) -> None:
        assert rules.may_act_for(MEMBER, MEMBER.id)
        assert not rules.may_act_for(MEMBER, 9)
        assert not rules.may_act_for(replace(MEMBER, mediator=True), 9)
        assert rules.may_act_for(replace(MEMBER, welcomes=True), 9)
        assert rules.may_act_for(replace(MEMBER, keeps_place=True), 9)

    @pytest.mark.parametrize(
        ("swap", "actor", "reason"),
        [
            (SWAP, 2, None),
            (SWAP, 1, RotaRefusal.ALREADY_YOURS),
            (replace(SWAP, to_member=2), 2, None),
            (replace(SWAP, to_member=2), 3, RotaRefusal.SWAP_OTHERS),
            (replace(SWAP, until_at=NOW), 2, RotaRefusal.SWAP_OVER),
            *((replace(SWAP, state=state), 2, RotaRefusal.SWAP_OVER) for state in SwapState if state != SwapState.OPEN),
        ],
    )
    def test_who_says_yes(self, swap: SwapStanding, actor: int, reason: RotaRefusal | None) -> None:
        assert rules.why_cannot_settle(swap, actor, now=NOW) is reason

    @pytest.mark.parametrize(
        ("swap", "who", "had_wanted", "told"),
        [
            (SWAP, replace(MEMBER, id=2), False, True),
            (replace(SWAP, to_member=2), replace(MEMBER, id=2), False, True),
            (replace(SWAP, to_member=2), replace(MEMBER, id=1), False, True),
            (replace(SWAP, to_member=2), replace(MEMBER, id=3), False, False),
            (replace(SWAP, to_member=2), replace(MEMBER, id=3, welcomes=True), False, True),
            (replace(SWAP, wants_slot=True), replace(MEMBER, id=3), False, False),
            (replace(SWAP, wants_slot=True), replace(MEMBER, id=3), True, True),
            (replace(SWAP, wants_slot=True, to_member=2), replace(MEMBER, id=3), True, False),
        ],
    )
    def test_who_is_told_of_it(self, swap: SwapStanding, who: Who, had_wanted: bool, told: bool) -> None:
        assert rules.knows_of(swap, who, had_wanted=had_wanted) is told


class TestEveryWeek:
    @pytest.mark.parametrize(("people", "most"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
    def test_half_of_the_places_rounded_up(self, people: int, most: int) -> None:
        assert rules.most_weekly(people) == most
        full = replace(WEEKLY, pattern_people=people, people=10, weekly=most)
        assert rules.why_cannot_hold_weekly(full, MEMBER) is RotaRefusal.WEEKLY_FULL
        assert rules.why_cannot_hold_weekly(replace(full, weekly=most - 1), MEMBER) is None

    @pytest.mark.parametrize(
        ("standing", "who", "reason"),
        [
            (OPEN, MEMBER, RotaRefusal.NOT_WEEKLY),
            (replace(WEEKLY, pattern_ended=True), MEMBER, RotaRefusal.PATTERN_ENDED),
            (WEEKLY, replace(MEMBER, weekly=True), RotaRefusal.ALREADY_YOURS),
            (WEEKLY, STRANGER, RotaRefusal.NOT_OF_THIS_PLACE),
            (replace(WEEKLY, taken=2), MEMBER, None),
            (replace(WEEKLY, needs_training=True, trained_here=1), MEMBER, RotaRefusal.NEEDS_TRAINING),
        ],
    )
    def test_what_comes_back_for_whom_it_is(self, standing: Standing, who: Who, reason: RotaRefusal | None) -> None:
        assert rules.why_cannot_hold_weekly(standing, who) is reason


def test_a_turn_allows_from_half_an_hour_before_until_an_hour_after() -> None:
    assert rules.allows_from(START) == START - 30 * MINUTE
    assert rules.allows_until(START) == START + 60 * MINUTE


class TestWhatAPlaceIsTold:
    @pytest.mark.parametrize(
        ("people", "taken", "opens", "lack"),
        [
            (2, 2, True, None),
            (1, 3, True, None),
            (2, 1, True, Lack.SOMEBODY),
            (2, 0, False, Lack.EVERYBODY),
            (2, 0, True, Lack.KEYS),
        ],
    )
    def test_what_is_missing(self, people: int, taken: int, opens: bool, lack: Lack | None) -> None:
        assert rules.lack_of(people=people, taken=taken, opens_place=opens) is lack

    @pytest.mark.parametrize(
        ("standing", "called_at", "quiet", "calls"),
        [
            (replace(OPEN, starts_at=NOW + 48 * H), None, False, True),
            (replace(OPEN, starts_at=NOW + 48 * H + MINUTE), None, False, False),
            (replace(OPEN, starts_at=NOW), None, False, False),
            (replace(OPEN, starts_at=NOW + H), NOW - H, False, False),
            (replace(OPEN, starts_at=NOW + H), None, True, False),
            (replace(FULL, starts_at=NOW + H), None, False, False),
            (replace(OPEN, starts_at=NOW + H, state=SlotState.CANCELLED), None, False, False),
        ],
    )
    def test_called_out_once_within_two_days_and_never_in_quiet_mode(
        self, standing: Standing, called_at: datetime | None, quiet: bool, calls: bool
    ) -> None:
        assert calling.calls_now(standing, called_at=called_at, quiet=quiet, now=NOW) is calls

    def test_empty_four_times_running(self) -> None:
        assert rules.asks_to_remove([0, 0, 0, 0, 5])
        assert not rules.asks_to_remove([0, 0, 0])
        assert not rules.asks_to_remove([0, 0, 1, 0, 0])

    def test_what_one_person_alone_can_do(self) -> None:
        assert rules.held_by_one(1, matters=True)
        assert not rules.held_by_one(1, matters=False)
        assert not rules.held_by_one(0, matters=True)
        assert not rules.held_by_one(2, matters=True)

    @pytest.mark.parametrize(
        ("loads", "few"),
        [
            ([], None),
            ([9], None),
            ([1] * 40, None),
            ([10, *[1] * 20], 1),
            ([5, 5, 5, *[1] * 40], 3),
            ([5, 5, 5, *[1] * 10], None),
            ([3, 3, 3, 3, *[1] * 39], None),
        ],
    )
    def test_few_who_carry_more_than_a_quarter(self, loads: list[int], few: int | None) -> None:
        assert rules.carries_most(loads) == few

    @given(st.lists(st.integers(0, 12), max_size=60))
    def test_they_do_carry_it_and_fewer_would_not(self, loads: list[int]) -> None:
        few = rules.carries_most(loads)
        if few is not None:
            ordered = sorted(loads, reverse=True)
            assert sum(ordered[:few]) * 4 > sum(loads) >= sum(ordered[: few - 1]) * 4
            assert few <= 3

    @pytest.mark.parametrize(
        ("mine", "others", "said"),
        [
            (0, [1, 2, 3, 4], Pace.NONE),
            (1, [2, 3], Pace.MOST),
            (1, [2, 2, 4, 4], Pace.LESS),
            (2, [2, 2, 4, 4], Pace.MOST),
            (5, [2, 2, 4, 4], Pace.MORE),
            (3, [0, 0, 0, 2, 2, 4, 4], Pace.MOST),
        ],
    )
    def test_ones_own_load_beside_the_others(self, mine: int, others: list[int], said: Pace) -> None:
        assert rules.pace(mine, others) is said


class TestLearning:
    @pytest.mark.parametrize("level", LEVELS)
    @pytest.mark.parametrize("watched", [True, False])
    def test_no_turn_leads_further_than_the_second_step_nor_back(self, level: Level, watched: bool) -> None:
        assert rules.after_turn(level, watched=watched, beside_skilled=False) is level
        reached = rules.after_turn(level, watched=watched, beside_skilled=True)
        assert LEVELS.index(reached) >= LEVELS.index(level)
        assert reached is level or reached is (Level.WATCHED if watched else Level.DID_WITH)

    @pytest.mark.parametrize(
        ("actor_level", "keeps", "member", "to", "reason"),
        [
            (Level.DOES, False, 2, Level.DOES, None),
            (Level.DOES, False, 2, Level.TEACHES, RotaRefusal.NOT_SKILLED),
            (Level.TEACHES, False, 2, Level.TEACHES, None),
            (Level.DID_WITH, False, 2, Level.DOES, RotaRefusal.NOT_SKILLED),
            (Level.TEACHES, False, 1, Level.TEACHES, RotaRefusal.MAY_NOT),
            (Level.NONE, True, 1, Level.DOES, None),
            (Level.NONE, True, 2, Level.TEACHES, None),
        ],
    )
    def test_who_says_that_somebody_can(
        self, actor_level: Level, keeps: bool, member: int, to: Level, reason: RotaRefusal | None
    ) -> None:
        said = rules.why_cannot_attest(actor=1, actor_level=actor_level, keeps_place=keeps, member=member, to=to)
        assert said is reason


def test_every_refusal_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(RotaRefusal)
    assert len(set(SENTENCES.values())) == len(SENTENCES)


def test_every_state_has_its_moves() -> None:
    assert set(SLOT_MOVES) == set(SlotState)
    assert set(SWAP_MOVES) == set(SwapState)
    assert SWAP_MOVES[SwapState.TAKEN] == {}
