"""Any order of booking, giving back, answering, handing over, changing the seats, helping in the kitchen, saying anew
what one chose, leaving for good, and waiting, played by Hypothesis.

One meal, seven people, one hour after another; after each step what must always hold is looked at. SQLite only: what
both engines do differently under load is in `test_races`.
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

from app.database import close_database, connect, open_database, run
from app.errors import NotFound, Refused
from app.identity.leaving import erase_for
from app.main import REGISTRY
from meals import jobs
from meals.commands.booking import add_seats, book, book_for, change_choice
from meals.commands.giving_back import cancel_seats, hand_over, keep_seats, take_over
from meals.commands.opening import cancel_meal
from meals.facts import source_of
from meals.rules import Prices
from rotas.api import people_of
from rotas.commands import claim, free
from tests.client import NOON
from tests.meals.laws import (
    all_rows,
    nobody_eats_for_nothing_twice,
    nobody_is_asked_twice,
    one_message_a_promotion,
    seats_agree,
    the_pot_agrees,
    whoever_gave_their_turn_up_pays,
)
from tests.meals.make import a_wish, answer, make_crowd, make_meal, make_turn
from tests.meals.plans import edited, plan_of
from tests.people import make_cast

T = TypeVar("T")

people = st.integers(0, 6)
picks = st.integers(1, 9)
states = st.sampled_from(["confirmed", "waiting", "offered"])
HOUR = timedelta(hours=1)
START = NOON + timedelta(days=3)
CLOSES = START - 18 * HOUR


class OneMeal(RuleBasedStateMachine):
    """Every deed is allowed, but a refusal changes nothing, and nothing ever breaks."""

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
        self.cast = await make_cast()
        self.people = [*await make_crowd(self.cast, 5), *await make_crowd(self.cast, 2, email=None)]
        self.made = await make_meal(
            place_id=self.cast.place, opener=self.cast.yann, seats=6, starts_at=START, closes_at=CLOSES, cooks_least=0
        )
        await edited(self.made, actor=self.cast.yann)  # from now on it has a menu, as each edit finds one
        self.turn = await make_turn(meal_id=self.made, people=3)

    def teardown(self) -> None:
        self.run(close_database())
        self.loop.close()

    def attempt(self, work: Awaitable[object]) -> None:
        before = self.run(all_rows())
        try:
            self.run(work)
        except (Refused, NotFound):
            assert self.run(all_rows()) == before
        self.now += timedelta(seconds=1)

    def whose(self, state: str, which: int) -> tuple[int, int]:
        """Somebody with seats in this state, and their booking; anybody, and perhaps nobody's, if there is none."""
        found = self.run(
            run(
                "select distinct b.member_id, b.id from booking b join booking_part p on p.booking_id = b.id "
                "where p.state = {} and b.member_id is not null order by b.id",
                state,
            )
        )
        if not found:
            return self.people[which % 7], which
        return found[which % len(found)]["member_id"], found[which % len(found)]["id"]

    def a_guest(self, which: int) -> tuple[int, int]:
        """A booking of somebody without an account, and who made it; no booking, if there is none."""
        found = self.run(run("select id, booked_by from booking where booked_by is not null order by id"))
        return (
            (found[which % len(found)]["id"], found[which % len(found)]["booked_by"]) if found else (0, self.people[0])
        )

    # ------------------------------------------------------------------------------------------------------- the moves

    @initialize(
        wishes=st.lists(
            st.tuples(st.integers(1, 4), st.booleans(), st.integers(0, 2), st.booleans()), min_size=1, max_size=5
        )
    )
    def some_have_booked(self, wishes: list[tuple[int, bool, int, bool]]) -> None:
        for who, (seats, together, give, suspended) in enumerate(wishes):
            self.somebody_books(who, seats, together, give, suspended)

    @rule(
        who=people,
        seats=st.integers(1, 4),
        together=st.booleans(),
        give=st.integers(0, 2),
        suspended=st.booleans(),
    )
    def somebody_books(self, who: int, seats: int, together: bool, give: int, suspended: bool) -> None:
        wish = a_wish(seats, price_cents=300, together=together, give=give, suspended=suspended, children=seats // 2)
        self.attempt(book(actor=self.people[who], meal_id=self.made, wish=wish, diets={}, now=self.now))

    @rule(
        who=people,
        name=st.sampled_from(["Paul", "Nora"]),
        seats=st.integers(1, 2),
        form=st.sampled_from("ab"),
        team=st.booleans(),
    )
    def somebody_books_for_a_guest(self, who: int, name: str, seats: int, form: str, team: bool) -> None:
        """And tries to have them eat for nothing."""
        actor, wish = self.people[who], a_wish(seats, price_cents=300)
        form = f"{actor}{form}"
        self.attempt(book_for(actor=actor, meal_id=self.made, first_name=name, wish=wish, form=form, now=self.now))
        guest, actor = self.a_guest(who)
        deed = change_choice(actor=actor, booking_id=guest, team=team, take=not team, diets={}, now=self.now)
        self.attempt(deed)

    @rule(who=people, seats=st.integers(1, 3))
    def somebody_comes_to_help(self, who: int, seats: int) -> None:
        actor, wish = self.people[who], a_wish(seats, price_cents=300, team=True, give=seats % 2)
        self.attempt(claim(actor=actor, slot_id=self.turn, sure=True, now=self.now))
        self.attempt(book(actor=actor, meal_id=self.made, wish=wish, diets={}, now=self.now))

    @rule(who=people)
    def somebody_gives_their_turn_up(self, who: int) -> None:
        held = self.run(people_of(source_of(self.made)))
        actor = sorted(held)[who % len(held)] if held else self.people[who]
        self.attempt(free(actor=actor, slot_id=self.turn, member_id=actor, now=self.now))
        self.run(self.the_jobs())

    @rule(which=picks, state=states, team=st.booleans(), take=st.booleans(), pay=st.booleans())
    def somebody_chooses_anew(self, which: int, state: str, team: bool, take: bool, pay: bool) -> None:
        actor, mine = self.whose(state, which)
        deed = change_choice(actor=actor, booking_id=mine, team=team, take=take, pay=pay, diets={}, now=self.now)
        self.attempt(deed)

    @rule(who=people)
    def somebody_leaves_for_good(self, who: int) -> None:
        self.run(erase_for(self.people[who], REGISTRY.domains, force=True, now=self.now))
        (self.people[who],) = self.run(make_crowd(self.cast, 1, **({"email": None} if who > 4 else {})))
        self.now += timedelta(seconds=1)

    @rule(which=picks, state=states, seats=st.integers(1, 3), children=st.integers(0, 2))
    def somebody_asks_for_more(self, which: int, state: str, seats: int, children: int) -> None:
        actor, mine = self.whose(state, which)
        self.attempt(add_seats(actor=actor, booking_id=mine, seats=seats, children=children, now=self.now))

    @rule(which=picks, state=states, seats=st.sampled_from([None, 1, 2]))
    def somebody_gives_back(self, which: int, state: str, seats: int | None) -> None:
        actor, mine = self.whose(state, which)
        self.attempt(cancel_seats(actor=actor, booking_id=mine, seats=seats, leave=False, now=self.now))

    @rule(which=picks)
    def a_guest_does_not_come(self, which: int) -> None:
        guest, _ = self.a_guest(which)
        self.attempt(cancel_seats(actor=self.cast.yann, booking_id=guest, seats=None, leave=False, now=self.now))

    @rule(which=picks, yes=st.booleans())
    def somebody_answers(self, which: int, yes: bool) -> None:
        actor, mine = self.whose("offered", which)
        self.attempt(answer(actor=actor, booking_id=mine, yes=yes, now=self.now))

    @precondition(lambda self: self.now >= CLOSES)
    @rule(which=picks, seats=st.integers(1, 3))
    def somebody_hands_over(self, which: int, seats: int) -> None:
        actor, mine = self.whose("confirmed", which)
        self.attempt(hand_over(actor=actor, booking_id=mine, seats=seats, now=self.now))

    @precondition(lambda self: self.now >= CLOSES)
    @rule(which=picks)
    def somebody_comes_after_all(self, which: int) -> None:
        actor, mine = self.whose("confirmed", which)
        self.attempt(keep_seats(actor=actor, booking_id=mine, now=self.now))

    @precondition(lambda self: self.now >= CLOSES)
    @rule(which=picks)
    def somebody_takes_over(self, which: int) -> None:
        actor, _ = self.whose("waiting", which)
        self.attempt(take_over(actor=actor, meal_id=self.made, now=self.now))

    @rule(seats=st.integers(2, 9))
    def there_are_other_seats(self, seats: int) -> None:
        self.attempt(edited(self.made, actor=self.cast.yann, seats=seats, now=self.now))

    @rule(fair=st.sampled_from([400, 500, 600]))
    def there_are_other_prices(self, fair: int) -> None:
        self.attempt(edited(self.made, actor=self.cast.yann, prices=Prices(300, fair, 800), now=self.now))

    @precondition(lambda self: self.now < CLOSES)
    @rule(hours=st.sampled_from([0, 2, 30]))
    def bookings_close_sooner(self, hours: int) -> None:
        self.attempt(edited(self.made, actor=self.cast.yann, closes_at=CLOSES - hours * HOUR, now=self.now))

    @precondition(lambda self: self.now >= CLOSES)
    @rule(minutes=st.sampled_from([-30, 30]))
    def it_is_at_another_hour(self, minutes: int) -> None:
        """After closing: its seats are given back again."""
        plan = self.run(plan_of(self.made))
        by = timedelta(minutes=minutes)
        starts_at, ends_at = plan.starts_at + by, plan.ends_at + by
        self.attempt(edited(self.made, actor=self.cast.yann, starts_at=starts_at, ends_at=ends_at, now=self.now))

    @precondition(lambda self: self.now < CLOSES)
    @rule()
    def bookings_close(self) -> None:
        self.now = CLOSES
        self.run(self.the_jobs())

    @rule(hours=st.sampled_from([1, 4, 12]))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR
        self.run(self.the_jobs())

    async def the_jobs(self) -> None:
        for job in (jobs.close_due, jobs.lapse_offers, jobs.end_lists, jobs.team_seats, jobs.serve_past):
            await job(self.now)
        await whoever_gave_their_turn_up_pays(self.made, now=self.now)

    @precondition(lambda self: self.now >= START - 6 * HOUR)
    @rule()
    def it_is_cancelled(self) -> None:
        deed = cancel_meal(actor=self.cast.yann, meal_id=self.made, reason="Le four est froid.", now=self.now)
        self.attempt(deed)

    # ------------------------------------------------------------------------------------------- what must always hold

    @invariant()
    def it_all_agrees(self) -> None:
        self.run(self.look())

    async def look(self) -> None:
        await seats_agree(self.made, now=self.now)
        await the_pot_agrees(self.cast.place)
        await one_message_a_promotion(self.made)
        await nobody_is_asked_twice(self.made)
        await nobody_eats_for_nothing_twice(self.made)


@pytest.mark.slow
def test_nothing_that_people_do_in_any_order_breaks_the_seats(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def fresh() -> Path:
        path = tmp_path_factory.mktemp("machine") / "test.sqlite"
        shutil.copyfile(sqlite_template, path)
        return path

    class Here(OneMeal):
        pass

    Here.fresh = staticmethod(fresh)
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking what fails would take minutes
        ),
    )
