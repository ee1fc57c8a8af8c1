"""Rules of workshops: no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshops import rules
from workshops.rules import Standing, Who
from workshops.states import MOVES, SIGN_UP_MOVES, Format, Need, SignUpState, State, WorkshopRefusal

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
H = timedelta(hours=1)
D = timedelta(days=1)

PROPOSED = Standing(
    state=State.PROPOSED,
    version=1,
    starts_at=NOW + 10 * D,
    ends_at=NOW + 10 * D + 2 * H,
    format=Format.LIBRE,
    capacity=12,
)
PUBLISHED = replace(PROPOSED, state=State.PUBLISHED, announced=True, decided=True)
HOST = Who(1, belongs=True, proposer=True, hosting=True)
MEMBER = Who(2, belongs=True)
MEDIATOR = Who(3, belongs=True, mediator=True)
BUREAU = Who(4, belongs=True, says_yes=True, keeps_place=True)
STRANGER = Who(5)


class TestTheClock:
    @pytest.mark.parametrize(
        ("ahead", "due"),
        [
            (30 * D, 7 * D),
            (8 * D, 7 * D),
            (7 * D, 6 * D),
            (2 * D, 1 * D),
            (28 * H, 4 * H),
            (27 * H, 4 * H),
            (4 * H, 4 * H),
        ],
    )
    def test_silence_comes_after_a_week_or_a_day_before_but_never_within_four_hours(
        self, ahead: timedelta, due: timedelta
    ) -> None:
        assert rules.due_at(proposed_at=NOW, starts_at=NOW + ahead) == NOW + due

    def test_a_wished_room_that_is_taken_stops_it_until_a_day_before(self) -> None:
        assert rules.due_at(proposed_at=NOW, starts_at=NOW + 30 * D, room_wished=True) == NOW + 29 * D

    def test_a_start_within_four_hours_is_too_soon(self) -> None:
        assert rules.why_not_then(starts_at=NOW + 4 * H, now=NOW) is None
        assert rules.why_not_then(starts_at=NOW + 4 * H - timedelta(minutes=1), now=NOW) is (
            WorkshopRefusal.STARTS_TOO_SOON
        )

    def test_the_past_has_its_own_sentence(self) -> None:
        assert rules.why_not_then(starts_at=NOW, now=NOW) is WorkshopRefusal.IN_THE_PAST

    @given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
    def test_the_earliest_start_is_the_first_quarter_that_works(self, now: datetime) -> None:
        earliest = rules.earliest_start(now)
        assert rules.why_not_then(starts_at=earliest, now=now) is None
        assert rules.why_not_then(starts_at=earliest - rules.STEP, now=now) is not None
        assert (earliest.minute % 15, earliest.second, earliest.microsecond) == (0, 0, 0)

    @given(ahead=st.timedeltas(4 * H, 90 * D), later=st.timedeltas(timedelta(0), 90 * D))
    def test_nothing_ever_ends_after_the_start(self, ahead: timedelta, later: timedelta) -> None:
        starts_at, then = NOW + ahead, NOW + later
        assert NOW < rules.due_at(proposed_at=NOW, starts_at=starts_at) <= starts_at
        assert rules.contest_due_at(now=NOW, starts_at=starts_at) <= starts_at
        if then < starts_at:
            assert then <= rules.due_after_edit(now=then, starts_at=starts_at) <= starts_at
            until = rules.blocked_until(now=then, starts_at=starts_at)
            assert then <= until <= starts_at
            assert until <= rules.jury_due_at(drawn_at=until, starts_at=starts_at) <= starts_at

    def test_a_block_lasts_72_hours_and_then_the_drawn_have_as_long(self) -> None:
        until = rules.blocked_until(now=NOW, starts_at=NOW + 30 * D)
        assert until == NOW + 72 * H
        assert rules.jury_due_at(drawn_at=until, starts_at=NOW + 30 * D) == NOW + 144 * H

    def test_a_contest_lasts_five_days(self) -> None:
        assert rules.contest_due_at(now=NOW, starts_at=NOW + 30 * D) == NOW + 5 * D
        assert rules.contest_due_at(now=NOW, starts_at=NOW + 3 * D) == NOW + 2 * D


class TestMediators:
    def test_they_propose_nothing_where_they_mediate(self) -> None:
        assert rules.why_cannot_propose(MEDIATOR) is WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE
        assert rules.why_cannot_propose(MEMBER) is None
        assert rules.why_cannot_propose(STRANGER) is WorkshopRefusal.NOT_A_MEMBER_HERE

    def test_no_door_leads_them_to_hosting(self) -> None:
        refusal = WorkshopRefusal.MEDIATOR_CANNOT_HOST
        nobody = replace(PUBLISHED, hosts=0)
        assert rules.why_cannot_invite(PROPOSED, HOST, MEDIATOR, now=NOW) is refusal
        assert rules.why_cannot_answer_invitation(PROPOSED, MEDIATOR, yes=True, now=NOW) is refusal
        assert rules.why_cannot_take_over(nobody, MEDIATOR, now=NOW) is refusal
        became = replace(HOST, mediator=True)
        assert rules.why_cannot_edit(PROPOSED, became, now=NOW) is refusal
        cancelled = replace(PUBLISHED, state=State.CANCELLED)
        assert rules.why_cannot_reopen(cancelled, became, now=NOW) is refusal

    def test_they_decide_where_they_mediate_only(self) -> None:
        assert rules.why_cannot_decide(PROPOSED, MEDIATOR, version=1) is None
        assert rules.why_cannot_decide(PROPOSED, MEMBER, version=1) is WorkshopRefusal.ONLY_MEDIATORS

    @pytest.mark.parametrize("part", ["proposer", "hosting", "invited", "juror"])
    def test_nobody_decides_on_what_concerns_them(self, part: str) -> None:
        concerned = replace(MEDIATOR, **{part: True})  # type: ignore[arg-type]  # one of the four, all bool
        edited = replace(PUBLISHED, edited_at=NOW)
        assert rules.why_cannot_decide(PROPOSED, concerned, version=1) is WorkshopRefusal.CONCERNED
        assert rules.why_cannot_block(PROPOSED, concerned) is WorkshopRefusal.CONCERNED
        assert rules.why_cannot_review_again(edited, concerned, now=NOW) is WorkshopRefusal.CONCERNED

    def test_another_settles_a_contest(self) -> None:
        contested = replace(PROPOSED, state=State.CONTESTED, decided=True)
        assert rules.why_cannot_decide(contested, MEDIATOR, version=1) is None
        first = replace(MEDIATOR, decided_before=True)
        assert rules.why_cannot_decide(contested, first, version=1) is WorkshopRefusal.CONCERNED

    def test_a_decision_is_about_the_version_that_was_read(self) -> None:
        edited = replace(PROPOSED, version=2)
        assert rules.why_cannot_decide(edited, MEDIATOR, version=1) is WorkshopRefusal.CHANGED_MEANWHILE

    def test_the_second_is_told_that_it_is_decided(self) -> None:
        assert rules.why_cannot_decide(PUBLISHED, MEDIATOR, version=1) is WorkshopRefusal.ALREADY_DECIDED
        agreed = replace(PROPOSED, agreed=True, decided=True)
        assert rules.why_cannot_decide(agreed, MEDIATOR, version=1) is WorkshopRefusal.ALREADY_DECIDED
        draft = replace(PROPOSED, state=State.DRAFT)
        assert rules.why_cannot_decide(draft, MEDIATOR, version=1) is WorkshopRefusal.WRONG_STATE

    def test_once_members_are_drawn_they_rule_alone(self) -> None:
        drawn = replace(PROPOSED, jury_sits=True)
        assert rules.why_cannot_decide(drawn, MEDIATOR, version=1) is WorkshopRefusal.DRAWN_RULE
        assert rules.why_cannot_edit(drawn, HOST, now=NOW) is WorkshopRefusal.DRAWN_RULE
        assert rules.why_cannot_vote(drawn, MEMBER) is WorkshopRefusal.NOT_DRAWN
        assert rules.why_cannot_vote(drawn, replace(MEMBER, juror=True)) is None

    def test_a_block_is_laid_once(self) -> None:
        assert rules.why_cannot_block(PROPOSED, MEDIATOR) is None
        blocked = replace(PROPOSED, blocked_until=NOW + D)
        assert rules.why_cannot_block(blocked, MEDIATOR) is WorkshopRefusal.ALREADY_BLOCKED

    def test_an_edit_is_put_back_to_be_read_within_48_hours(self) -> None:
        edited = replace(PUBLISHED, edited_at=NOW - 47 * H)
        assert rules.why_cannot_review_again(edited, MEDIATOR, now=NOW) is None
        assert rules.why_cannot_review_again(edited, MEMBER, now=NOW) is WorkshopRefusal.ONLY_MEDIATORS
        late = replace(PUBLISHED, edited_at=NOW - 48 * H)
        assert rules.why_cannot_review_again(late, MEDIATOR, now=NOW) is WorkshopRefusal.ALREADY_DECIDED


class TestTheBureau:
    NEEDY = replace(PROPOSED, needs=frozenset({Need.FLAME}))

    def test_it_says_yes_to_what_needs_it(self) -> None:
        assert rules.why_cannot_say_yes(self.NEEDY, BUREAU, now=NOW) is None
        assert rules.why_cannot_say_yes(PROPOSED, BUREAU, now=NOW) is WorkshopRefusal.WRONG_STATE
        assert rules.why_cannot_say_yes(self.NEEDY, MEMBER, now=NOW) is WorkshopRefusal.NEEDS_THE_BUREAU

    def test_never_the_proposer(self) -> None:
        for own in (replace(BUREAU, proposer=True), replace(BUREAU, hosting=True)):
            assert rules.why_cannot_say_yes(self.NEEDY, own, now=NOW) is WorkshopRefusal.CONCERNED

    def test_a_crowd_may_be_more_than_the_room_holds(self) -> None:
        too_small = WorkshopRefusal.ROOM_TOO_SMALL
        assert rules.why_not_this_room(capacity=15, seats=14, needs=()) is too_small
        assert rules.why_not_this_room(capacity=14, seats=14, needs=()) is None
        assert rules.why_not_this_room(capacity=15, seats=14, needs={Need.CROWD}) is None


class TestVerdict:
    @pytest.mark.parametrize(
        ("votes", "verdict"),
        [
            (["", "", ""], None),
            (["publish", "", ""], None),
            (["publish", "publish", ""], "publish"),
            (["send_back", "publish", "send_back"], "send_back"),
            (["send_back", "publish", ""], None),
            (["send_back", "publish"], "publish"),
            (["send_back"], "send_back"),
            ([], None),
        ],
    )
    def test_a_majority_of_the_drawn(self, votes: list[str], verdict: str | None) -> None:
        assert rules.verdict(votes) == verdict


class TestPlaces:
    def test_a_free_place_is_taken_and_a_full_house_waits(self) -> None:
        assert rules.place_or_queue(replace(PUBLISHED, taken=11), now=NOW) is SignUpState.CONFIRMED
        assert rules.place_or_queue(replace(PUBLISHED, taken=12), now=NOW) is SignUpState.WAITING

    def test_while_anyone_waits_freed_places_are_theirs(self) -> None:
        freed = replace(PUBLISHED, taken=11, waiting=1)
        assert rules.place_or_queue(freed, now=NOW) is SignUpState.WAITING
        assert rules.why_cannot_sign_up_guest(freed, MEMBER, now=NOW) is WorkshopRefusal.WAITING_COME_FIRST

    def test_in_the_last_two_hours_first_come(self) -> None:
        freed = replace(PUBLISHED, taken=11, waiting=1)
        late = freed.starts_at - 2 * H
        assert rules.place_or_queue(freed, now=late) is SignUpState.CONFIRMED
        assert rules.why_cannot_sign_up_guest(freed, MEMBER, now=late) is None
        assert rules.offers_due(freed, now=late) == 0
        assert rules.offers_due(freed, now=late - timedelta(seconds=1)) == 1

    def test_as_many_offers_as_places_and_people(self) -> None:
        assert rules.offers_due(replace(PUBLISHED, taken=10, waiting=5), now=NOW) == 2
        assert rules.offers_due(replace(PUBLISHED, taken=2, waiting=5), now=NOW) == 5
        assert rules.offers_due(replace(PUBLISHED, taken=13, waiting=5), now=NOW) == 0
        cancelled = replace(PUBLISHED, state=State.CANCELLED, taken=2, waiting=5)
        assert rules.offers_due(cancelled, now=NOW) == 0

    @pytest.mark.parametrize(("ahead", "kept"), [(30 * D, 24 * H), (4 * D, 24 * H), (2 * D, 12 * H), (4 * H, H)])
    def test_an_offer_lasts_a_day_or_a_quarter_of_the_time_left(self, ahead: timedelta, kept: timedelta) -> None:
        assert rules.offer_until(starts_at=NOW + ahead, now=NOW) == NOW + kept

    def test_an_offer_is_answered_in_time(self) -> None:
        asked = replace(MEMBER, sign_up=SignUpState.OFFERED, offer_until=NOW + H)
        assert rules.why_cannot_answer_offer(PUBLISHED, asked, now=NOW) is None
        assert rules.why_cannot_answer_offer(PUBLISHED, asked, now=NOW + H) is WorkshopRefusal.OFFER_OVER
        assert rules.why_cannot_answer_offer(PUBLISHED, MEMBER, now=NOW) is WorkshopRefusal.NO_OFFER

    def test_hosts_have_their_place_already(self) -> None:
        assert rules.why_cannot_sign_up(PUBLISHED, HOST, now=NOW) is WorkshopRefusal.HOST_CANNOT_SIGN_UP

    def test_only_what_is_published_and_not_over_takes_people(self) -> None:
        assert rules.why_cannot_sign_up(PROPOSED, MEMBER, now=NOW) is WorkshopRefusal.NOT_OPEN
        assert rules.why_cannot_sign_up(PUBLISHED, MEMBER, now=PUBLISHED.ends_at) is WorkshopRefusal.OVER
        held = replace(PUBLISHED, state=State.HELD)
        assert rules.why_cannot_sign_up(held, MEMBER, now=NOW) is WorkshopRefusal.OVER

    def test_people_without_an_account_come_through_members_of_the_place(self) -> None:
        assert rules.why_cannot_sign_up_guest(PUBLISHED, STRANGER, now=NOW) is WorkshopRefusal.NOT_A_MEMBER_HERE
        talking = replace(PUBLISHED, format=Format.PAROLE)
        assert rules.why_cannot_sign_up_guest(talking, MEMBER, now=NOW) is WorkshopRefusal.NO_LIST

    def test_places_left_are_those_that_one_would_get(self) -> None:
        freed = replace(PUBLISHED, taken=11, waiting=1)
        assert rules.seats_left_of(freed, now=NOW) == 0
        assert rules.seats_left_of(freed, now=freed.starts_at - 2 * H) == 1
        assert rules.seats_left_of(replace(PUBLISHED, taken=4), now=NOW) == 8
        assert rules.seats_left_of(replace(PUBLISHED, taken=13), now=NOW) == 0

    def test_lowering_a_capacity_drops_nobody(self) -> None:
        assert rules.why_not_this_capacity(capacity=7, taken=8) is WorkshopRefusal.FEWER_THAN_TAKEN
        assert rules.why_not_this_capacity(capacity=8, taken=8) is None


class TestDuringAndAfter:
    def test_hosts_tick_from_half_an_hour_before(self) -> None:
        early = PUBLISHED.starts_at - timedelta(minutes=31)
        assert rules.why_cannot_tick(PUBLISHED, HOST, now=early) is WorkshopRefusal.NOT_STARTED
        assert rules.why_cannot_tick(PUBLISHED, HOST, now=early + timedelta(minutes=1)) is None
        assert rules.why_cannot_tick(PUBLISHED, MEMBER, now=PUBLISHED.starts_at) is WorkshopRefusal.ONLY_HOSTS

    def test_a_mediator_never_reads_who_comes(self) -> None:
        became = replace(HOST, mediator=True)
        assert rules.why_cannot_read_list(PUBLISHED, became) is WorkshopRefusal.ONLY_HOSTS
        assert rules.why_cannot_tick(PUBLISHED, became, now=PUBLISHED.starts_at) is WorkshopRefusal.ONLY_HOSTS

    def test_a_talking_group_keeps_no_list(self) -> None:
        talking = replace(PUBLISHED, format=Format.PAROLE)
        assert rules.why_cannot_tick(talking, HOST, now=talking.starts_at) is WorkshopRefusal.NO_LIST

    def test_the_last_word_comes_after_the_end_from_those_who_had_a_place(self) -> None:
        had = replace(MEMBER, sign_up=SignUpState.CONFIRMED)
        after = PUBLISHED.ends_at
        assert rules.why_cannot_say_last_word(PUBLISHED, had, now=after) is None
        assert rules.why_cannot_say_last_word(PUBLISHED, HOST, now=after) is None
        assert rules.why_cannot_say_last_word(PUBLISHED, MEMBER, now=after) is WorkshopRefusal.NOT_THERE
        assert rules.why_cannot_say_last_word(PUBLISHED, had, now=after - H) is WorkshopRefusal.NOT_STARTED

    def test_low_numbers_are_those_under_the_formats_minimum_48_hours_before(self) -> None:
        few = replace(PUBLISHED, format=Format.CV_TROC, taken=5)
        assert rules.is_low(few, now=few.starts_at - 48 * H)
        assert not rules.is_low(few, now=few.starts_at - 49 * H)
        assert not rules.is_low(replace(few, taken=6), now=few.starts_at - 48 * H)


class TestHosts:
    def test_the_last_host_leaves_what_is_published_but_not_a_proposal(self) -> None:
        assert rules.why_cannot_leave_hosting(PROPOSED, HOST, now=NOW) is WorkshopRefusal.LAST_HOST
        assert rules.why_cannot_leave_hosting(PUBLISHED, HOST, now=NOW) is None
        assert rules.why_cannot_leave_hosting(replace(PROPOSED, hosts=2), HOST, now=NOW) is None

    def test_anyone_of_the_place_takes_over_what_nobody_hosts(self) -> None:
        nobody = replace(PUBLISHED, hosts=0)
        assert rules.why_cannot_take_over(nobody, MEMBER, now=NOW) is None
        assert rules.why_cannot_take_over(nobody, STRANGER, now=NOW) is WorkshopRefusal.NOT_A_MEMBER_HERE
        assert rules.why_cannot_take_over(PUBLISHED, MEMBER, now=NOW) is WorkshopRefusal.HAS_HOSTS

    def test_whoever_keeps_the_place_cancels_only_what_nobody_hosts(self) -> None:
        assert rules.why_cannot_cancel(PUBLISHED, BUREAU, now=NOW) is WorkshopRefusal.ONLY_HOSTS
        assert rules.why_cannot_cancel(replace(PUBLISHED, hosts=0), BUREAU, now=NOW) is None
        assert rules.why_cannot_cancel(PUBLISHED, MEDIATOR, now=NOW) is WorkshopRefusal.ONLY_HOSTS

    def test_the_drawn_are_not_invited(self) -> None:
        drawn = replace(MEMBER, juror=True)
        assert rules.why_cannot_invite(PROPOSED, HOST, drawn, now=NOW) is WorkshopRefusal.DRAWN_CANNOT_HOST
        assert rules.why_cannot_invite(PROPOSED, HOST, MEMBER, now=NOW) is None
        assert rules.why_cannot_invite(PROPOSED, HOST, STRANGER, now=NOW) is WorkshopRefusal.NOT_A_MEMBER_HERE


ALL = set(State)
ALIVE = {State.DRAFT, State.PROPOSED, State.SENT_BACK, State.CONTESTED, State.PUBLISHED}
IN_STATES: dict[str, tuple[Callable[[Standing], WorkshopRefusal | None], set[State]]] = {
    "edit": (lambda it: rules.why_cannot_edit(it, HOST, now=NOW), ALIVE - {State.CONTESTED}),
    "submit": (lambda it: rules.why_cannot_submit(it, HOST, now=NOW), {State.DRAFT, State.SENT_BACK}),
    "withdraw the proposal": (
        lambda it: rules.why_cannot_withdraw_proposal(it, HOST),
        {State.DRAFT, State.PROPOSED, State.SENT_BACK},
    ),
    "decide": (lambda it: rules.why_cannot_decide(it, MEDIATOR, version=1), {State.PROPOSED, State.CONTESTED}),
    "block": (lambda it: rules.why_cannot_block(it, MEDIATOR), {State.PROPOSED}),
    "review again": (
        lambda it: rules.why_cannot_review_again(replace(it, edited_at=NOW), MEDIATOR, now=NOW),
        {State.PUBLISHED},
    ),
    "say yes": (
        lambda it: rules.why_cannot_say_yes(replace(it, needs=frozenset({Need.FLAME})), BUREAU, now=NOW),
        {State.PROPOSED, State.SENT_BACK, State.CONTESTED},
    ),
    "contest": (lambda it: rules.why_cannot_contest(it, HOST, now=NOW), {State.SENT_BACK}),
    "invite": (lambda it: rules.why_cannot_invite(it, HOST, MEMBER, now=NOW), ALIVE),
    "accept": (lambda it: rules.why_cannot_answer_invitation(it, MEMBER, yes=True, now=NOW), ALIVE),
    "decline": (lambda it: rules.why_cannot_answer_invitation(it, MEMBER, yes=False, now=NOW), ALL),
    "leave": (lambda it: rules.why_cannot_leave_hosting(replace(it, hosts=2), HOST, now=NOW), ALIVE),
    "take over": (lambda it: rules.why_cannot_take_over(replace(it, hosts=0), MEMBER, now=NOW), {State.PUBLISHED}),
    "cancel": (lambda it: rules.why_cannot_cancel(it, HOST, now=NOW), {State.PUBLISHED}),
    "reopen": (lambda it: rules.why_cannot_reopen(it, HOST, now=NOW), {State.CANCELLED}),
    "sign up": (lambda it: rules.why_cannot_sign_up(it, MEMBER, now=NOW), {State.PUBLISHED}),
    "sign up a guest": (lambda it: rules.why_cannot_sign_up_guest(it, MEMBER, now=NOW), {State.PUBLISHED}),
    "withdraw": (lambda it: rules.why_cannot_withdraw(it, now=NOW), ALL - {State.HELD}),
    "tick": (lambda it: rules.why_cannot_tick(it, HOST, now=it.starts_at), {State.PUBLISHED, State.HELD}),
    "last word": (lambda it: rules.why_cannot_say_last_word(it, HOST, now=it.ends_at), {State.PUBLISHED, State.HELD}),
}


@pytest.mark.parametrize("deed", IN_STATES)
def test_what_may_be_done_in_which_state(deed: str) -> None:
    why_not, allowed = IN_STATES[deed]
    assert {state for state in State if why_not(replace(PROPOSED, state=state, announced=True)) is None} == allowed


def test_only_hosts_do_what_is_the_hosts() -> None:
    for why_not in (
        rules.why_cannot_edit(PROPOSED, MEMBER, now=NOW),
        rules.why_cannot_submit(PROPOSED, MEMBER, now=NOW),
        rules.why_cannot_withdraw_proposal(PROPOSED, MEMBER),
        rules.why_cannot_invite(PROPOSED, MEMBER, MEMBER, now=NOW),
        rules.why_cannot_leave_hosting(PROPOSED, MEMBER, now=NOW),
        rules.why_cannot_reopen(PROPOSED, MEMBER, now=NOW),
        rules.why_cannot_contest(PROPOSED, MEDIATOR, now=NOW),
    ):
        assert why_not is WorkshopRefusal.ONLY_HOSTS


class TestWhoSees:
    def test_a_draft_is_its_hosts_own(self) -> None:
        for state in (State.DRAFT, State.LAPSED):
            draft = replace(PROPOSED, state=state, needs=frozenset({Need.FLAME}))
            assert rules.may_see(draft, HOST)
            invited = replace(MEMBER, invited=True)
            assert not any(rules.may_see(draft, who) for who in (MEMBER, MEDIATOR, BUREAU, STRANGER, invited, None))

    def test_a_proposal_is_for_those_who_read_it(self) -> None:
        invited, drawn = replace(MEMBER, invited=True), replace(MEMBER, juror=True)
        assert all(rules.may_see(PROPOSED, who) for who in (HOST, MEDIATOR, invited, drawn))
        assert not any(rules.may_see(PROPOSED, who) for who in (MEMBER, BUREAU, None))

    def test_and_for_the_bureau_where_its_yes_is_wanted(self) -> None:
        assert rules.may_see(replace(PROPOSED, needs=frozenset({Need.FLAME})), BUREAU)

    def test_what_was_published_is_everybodys_even_cancelled(self) -> None:
        for state in (State.PUBLISHED, State.HELD, State.CANCELLED):
            assert rules.may_see(replace(PUBLISHED, state=state), None)

    def test_what_lapsed_is_its_hosts_own_again(self) -> None:
        lapsed = replace(PROPOSED, state=State.LAPSED)
        assert rules.may_see(lapsed, HOST)
        assert not any(rules.may_see(lapsed, who) for who in (MEMBER, MEDIATOR, None))


def test_every_state_is_reached_from_a_draft() -> None:
    seen, todo = set(), [State.DRAFT]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += MOVES[here]
    assert seen == set(State) == set(MOVES)
    assert set(SIGN_UP_MOVES) == set(SignUpState)
