"""Any order of signing up, leaving, answering, changing the capacity, cancelling and waiting, played by Hypothesis.

One published workshop, seven people, one hour after another; after each step what must always hold is looked at.
SQLite only: what both engines do differently under load is in `test_races`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.database import close_database, connect, open_database
from app.errors import NotFound, Refused
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_workshop
from tests.people import Cast, make_cast
from tests.workshops.laws import places_agree
from tests.workshops.reads import sign_ups, workshop
from workshops import jobs
from workshops.commands import (
    answer_offer,
    cancel,
    edit,
    reopen,
    sign_up,
    sign_up_guest,
    tick_present,
    withdraw,
    withdraw_guest,
)

T = TypeVar("T")

people = st.integers(0, 6)
START = NOON + timedelta(days=4)


class OneWorkshop(RuleBasedStateMachine):
    """Every answer is allowed, but a refusal changes nothing, and nothing ever breaks."""

    fresh: ClassVar[Callable[[], Path]]
    """Gives the path of a new database."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.now = NOON
        self.run(self.begin(type(self).fresh()))

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.loop.run(done())

    async def begin(self, path: Path) -> None:
        connect(f"sqlite:///{path}")
        await open_database()
        self.cast: Cast = await make_cast()
        self.people = [await make_member(place_id=self.cast.place) for _ in range(7)]
        self.made = await make_workshop(
            place_id=self.cast.place, host=self.cast.yann, mediator=self.cast.bruno, capacity=3, starts_at=START
        )

    def teardown(self) -> None:
        self.run(close_database())
        self.loop.close()

    def attempt(self, work: Awaitable[object]) -> None:
        before = self.run(sign_ups(self.made))
        try:
            self.run(work)
        except (Refused, NotFound):
            assert self.run(sign_ups(self.made)) == before

    # ------------------------------------------------------------------------------------------------------- the moves

    @initialize(count=st.integers(3, 7))
    def some_have_signed_up(self, count: int) -> None:
        for who in range(count):
            self.somebody_signs_up(who)

    @rule(who=people)
    def somebody_signs_up(self, who: int) -> None:
        self.attempt(sign_up(actor=self.people[who], workshop_id=self.made, now=self.now))

    @rule(who=people)
    def somebody_withdraws(self, who: int) -> None:
        self.attempt(withdraw(actor=self.people[who], workshop_id=self.made, now=self.now))

    @rule(who=people, yes=st.booleans())
    def somebody_answers(self, who: int, yes: bool) -> None:
        self.attempt(answer_offer(actor=self.people[who], workshop_id=self.made, yes=yes, now=self.now))

    @rule(who=people, name=st.sampled_from(["Paul", "Nora"]))
    def somebody_brings_a_guest(self, who: int, name: str) -> None:
        self.attempt(sign_up_guest(actor=self.people[who], workshop_id=self.made, first_name=name, now=self.now))

    @rule(which=st.integers(0, 30))
    def a_guest_does_not_come(self, which: int) -> None:
        self.attempt(withdraw_guest(actor=self.cast.yann, sign_up_id=which, now=self.now))

    @rule(capacity=st.integers(1, 6), later=st.sampled_from([0, 0, 24]))
    def the_host_changes_it(self, capacity: int, later: int) -> None:
        row = self.run(workshop(self.made))
        proposal = a_proposal(capacity=capacity, starts_at=row["starts_at"] + timedelta(hours=later))
        self.attempt(
            edit(
                actor=self.cast.yann,
                workshop_id=self.made,
                proposal=proposal,
                version=row["version"],
                now=self.now,
            )
        )

    @rule(who=people, reopens=st.sampled_from([True, True, True, False]))
    def the_host_cancels_and_perhaps_reopens(self, who: int, reopens: bool) -> None:
        self.attempt(cancel(actor=self.cast.yann, workshop_id=self.made, reason="Malade", now=self.now))
        self.somebody_withdraws(who)
        if reopens:
            self.attempt(reopen(actor=self.cast.yann, workshop_id=self.made, now=self.now))

    @rule(ids=st.sets(st.integers(1, 12), max_size=3))
    def the_host_ticks(self, ids: set[int]) -> None:
        self.attempt(tick_present(actor=self.cast.yann, workshop_id=self.made, sign_up_ids=ids, now=self.now))

    @rule(hours=st.sampled_from([1, 4, 24]))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.now < START + timedelta(days=3))
    @rule()
    def the_jobs_run(self) -> None:
        self.run(jobs.lapse_offers(self.now))
        self.run(jobs.hold_past(self.now))

    # ------------------------------------------------------------------------------------------- what must always hold

    @invariant()
    def it_all_agrees(self) -> None:
        self.run(self.look())

    async def look(self) -> None:
        await places_agree(self.made, now=self.now)


@pytest.mark.slow
def test_nothing_that_people_do_in_any_order_breaks_the_places(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def fresh() -> Path:
        path = tmp_path_factory.mktemp("machine") / "test.sqlite"
        shutil.copyfile(sqlite_template, path)
        return path

    class Here(OneWorkshop):
        pass

    Here.fresh = staticmethod(fresh)
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking what fails would take minutes
        ),
    )
