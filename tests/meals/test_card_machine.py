"""Any order of booking by card, paying, paying too late, giving back, leaving to the pot, handing over, choosing anew,
calling off, of Stripe being away and coming back, and of the jobs: played by Hypothesis with a rehearsal of Stripe.

After each step: nobody's money is with us for what is not theirs, nobody got back more than they paid, seats that are
held are nobody else's, and what we say was paid and given back is what Stripe says.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType
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

from app.database import close_database, connect, open_database, run, transaction
from app.errors import NotFound, Refused
from app.identity.leaving import erase_for
from app.main import REGISTRY
from app.payments import api as payments
from app.payments import gateway
from app.payments.refunding import send_all
from meals import jobs
from meals.commands import card, giving_back, money
from meals.commands.booking import add_seats, book, change_choice
from meals.commands.card import PAYABLE, pay, pay_on_site_instead, verify
from meals.commands.giving_back import answer_offer, cancel_seats, hand_over, take_over
from meals.commands.opening import cancel_meal
from meals.facts import offer_key
from meals.states import Payment
from rehearsal import Rehearsal
from rehearsal.errors import Refusal
from tests import stripe_spec
from tests.client import NOON
from tests.meals.laws import nobody_is_asked_twice, seats_agree, the_pot_agrees
from tests.meals.make import a_wish, make_crowd, make_meal, make_turn
from tests.meals.paying import Bank
from tests.meals.plans import edited
from tests.people import make_cast
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

T = TypeVar("T")

people = st.integers(0, 4)
picks = st.integers(0, 9)
HOUR = timedelta(hours=1)
START = NOON + timedelta(days=3)
CLOSES = START - 18 * HOUR
BEGINNINGS = 12
"""Of a control: each notices what is missing every second time or so."""


class OneTill(RuleBasedStateMachine):
    """One meal of five seats, five people who pay by card or on site, and their bank."""

    fresh: ClassVar[Callable[[], Path]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.stripe = Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET).__enter__()
        self.bank = Bank(self.stripe)
        self.gateway = gateway.Gateway(
            SECRET_KEY,
            (WEBHOOK_SECRET,),
            "http://testserver.local",
            api_base=self.stripe.address,
            timeout=5.0,
            retries=0,
        )
        gateway.use(self.gateway)
        self.run(self.begin(type(self).fresh()))

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.loop.run(done())

    async def begin(self, path: Path) -> None:
        connect(f"sqlite:///{path}")
        await open_database()
        self.cast = await make_cast()
        self.people = await make_crowd(self.cast, 5)
        self.made = await make_meal(
            place_id=self.cast.place, opener=self.cast.yann, seats=5, starts_at=START, closes_at=CLOSES, cooks_least=0
        )
        await edited(self.made, actor=self.cast.yann)
        self.turn = await make_turn(meal_id=self.made, people=3, holders=[self.people[0]])

    def teardown(self) -> None:
        try:
            self.run(self.the_end())
        finally:
            self.close()

    async def the_end(self) -> None:
        """Stripe is there, every job was done: all the money is where it belongs."""
        self.stripe.down = False
        self.bank.later(60)
        await self.the_jobs()
        for row in await run("select id, closing_at from checkout where state <> 'paid' order by id"):
            await (payments.close if row["closing_at"] else payments.settle)(row["id"], now=self.bank.now)
        wanted = await run("select id from refund where state = 'wanted' order by id")
        await send_all([row["id"] for row in wanted], now=self.bank.now, seconds=60)
        await self.look()
        assert await run("select id from booking_part where state = 'held'") == []
        assert self.bank.open_pages() == 0
        theirs = [await money.money_of(row["id"]) for row in await run("select id from booking where member_id > 0")]
        (left,) = await run("select coalesce(sum(cents), 0) as cents from pot_line where kind = 'left'")
        assert self.bank.charged() - self.bank.given_back() == sum(each.kept for each in theirs) + left["cents"]

    def close(self) -> None:
        gateway.use(None)
        self.run(self.gateway.aclose())
        self.run(close_database())
        self.loop.close()
        self.stripe.down = False
        self.stripe.__exit__(None, None, None)
        assert self.stripe.faults == []
        stripe_spec.check(self.stripe)

    def attempt(self, work: Awaitable[object]) -> None:
        with suppress(Refused, NotFound):
            self.run(work)
        self.bank.later(1 / 60)

    def whose(self, which: int, *states: str) -> tuple[int, int]:
        """Somebody with seats in such a state, and their booking; perhaps nobody's."""
        marks = ", ".join("{}" for _ in states)
        found = self.run(
            run(
                "select distinct b.member_id, b.id from booking b join booking_part p on p.booking_id = b.id "
                f"where p.state in ({marks}) and b.member_id is not null order by b.id",
                *states,
            )
        )
        return (found[which % len(found)]["member_id"], found[which % len(found)]["id"]) if found else (1, 0)

    # ------------------------------------------------------------------------------------------------------- the moves

    @initialize(firsts=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=2, max_size=4))
    def some_have_booked(self, firsts: list[tuple[int, int]]) -> None:
        for who, (seats, give) in enumerate(firsts):
            self.somebody_books(who, seats, False, give, False, False, Payment.CARD)

    @rule(
        who=people,
        seats=st.integers(1, 3),
        together=st.booleans(),
        give=st.integers(0, 2),
        suspended=st.booleans(),
        team=st.booleans(),
        payment=st.sampled_from([Payment.CARD, Payment.CARD, Payment.ON_SITE]),
    )
    def somebody_books(
        self, who: int, seats: int, together: bool, give: int, suspended: bool, team: bool, payment: Payment
    ) -> None:
        wish = a_wish(
            seats,
            price_cents=(300, 800)[who % 2],
            together=together,
            give=give,
            suspended=suspended,
            team=team,
            payment=payment,
        )
        actor = self.people[who]

        async def books() -> None:
            made = await book(actor=actor, meal_id=self.made, wish=wish, diets={}, now=self.bank.now)
            if made.pays:
                await pay(actor=actor, booking_id=made.id, now=self.bank.now)

        self.attempt(books())

    @rule(which=picks)
    def somebody_asks_for_the_page_again(self, which: int) -> None:
        actor, mine = self.whose(which, "held")
        self.attempt(pay(actor=actor, booking_id=mine, now=self.bank.now))

    @rule(which=picks)
    def somebody_pays_at_stripe(self, which: int) -> None:
        """Also long after they have gone from our pages: whatever page is open is paid."""
        pages = [each["id"] for each in self.stripe.sessions.values() if each["status"] == "open"]
        if pages:
            with suppress(Refusal):  # its hour is over
                self.stripe.pay(pages[which % len(pages)])

    @rule(which=picks)
    def we_hear_of_it(self, which: int) -> None:
        found = self.run(run("select id from checkout order by id"))
        if found:
            self.attempt(payments.settle(found[which % len(found)]["id"], now=self.bank.now))

    @rule(which=picks)
    def somebody_says_that_they_have_paid(self, which: int) -> None:
        actor, mine = self.whose(which, "held", "confirmed", "lapsed")
        self.attempt(verify(actor=actor, booking_id=mine, now=self.bank.now))

    @rule(which=picks)
    def somebody_pays_on_site_instead(self, which: int) -> None:
        actor, mine = self.whose(which, "held")
        self.attempt(pay_on_site_instead(actor=actor, booking_id=mine, now=self.bank.now))

    @rule(which=picks)
    def we_believed_that_it_had_ended(self, which: int) -> None:
        """While its page can still be paid: what comes then is a moment too late."""
        _, mine = self.whose(which, "held")
        found = self.run(run("select id from checkout where thing_id = {} order by id desc", mine))
        if found:
            self.run(self.ended(mine, found[0]["id"]))

    async def ended(self, mine: int, checkout: int) -> None:
        async with transaction():
            locked = await PAYABLE.lock(mine)
            if await run(
                "update checkout set state = 'expired', url = '' where id = {} and state = 'open' returning id",
                checkout,
            ):
                await PAYABLE.ended(locked, checkout, self.bank.now)

    @rule(which=picks, seats=st.sampled_from([None, 1, 1, 2]), leave=st.booleans())
    def somebody_gives_back(self, which: int, seats: int | None, leave: bool) -> None:
        actor, mine = self.whose(which, "held", "confirmed", "offered", "waiting")
        self.attempt(cancel_seats(actor=actor, booking_id=mine, seats=seats, leave=leave, now=self.bank.now))

    @rule(which=picks, seats=st.integers(1, 2))
    def somebody_asks_for_more(self, which: int, seats: int) -> None:
        actor, mine = self.whose(which, "confirmed", "held")
        self.attempt(add_seats(actor=actor, booking_id=mine, seats=seats, children=0, now=self.bank.now))

    @rule(which=picks, team=st.booleans(), take=st.booleans(), back=st.booleans())
    def somebody_chooses_anew(self, which: int, team: bool, take: bool, back: bool) -> None:
        actor, mine = self.whose(which, "confirmed", "held")
        self.attempt(
            change_choice(actor=actor, booking_id=mine, team=team, take=take, pay=back, diets={}, now=self.bank.now)
        )

    @rule(which=picks, payment=st.sampled_from(Payment))
    def somebody_answers(self, which: int, payment: Payment) -> None:
        actor, mine = self.whose(which, "offered")

        async def answers() -> None:
            kept = await run(
                "select id, offered_at from booking_part where booking_id = {} and state = 'offered'", mine
            )
            offers = [offer_key(part["id"], part["offered_at"]) for part in kept]
            if await answer_offer(
                actor=actor, booking_id=mine, yes=True, offers=offers, payment=payment, now=self.bank.now
            ):
                await pay(actor=actor, booking_id=mine, now=self.bank.now)

        self.attempt(answers())

    @precondition(lambda self: self.bank.now >= CLOSES)
    @rule(which=picks, seats=st.integers(1, 2))
    def somebody_hands_over_and_somebody_takes(self, which: int, seats: int) -> None:
        actor, mine = self.whose(which, "confirmed")
        self.attempt(hand_over(actor=actor, booking_id=mine, seats=seats, now=self.bank.now))
        other, _ = self.whose(which, "waiting")
        self.attempt(take_over(actor=other, meal_id=self.made, now=self.bank.now))

    @rule(who=people)
    def somebody_leaves_for_good(self, who: int) -> None:
        self.run(erase_for(self.people[who], REGISTRY.domains, force=True, now=self.bank.now))
        (self.people[who],) = self.run(make_crowd(self.cast, 1))
        self.bank.later(1 / 60)

    @rule(away=st.booleans())
    def stripe_goes_or_comes_back(self, away: bool) -> None:
        self.stripe.down = away

    @rule(minutes=st.sampled_from([1, 5, 36, 41]))
    def time_passes(self, minutes: int) -> None:
        self.bank.later(minutes)
        self.run(self.the_jobs())

    @precondition(lambda self: self.bank.now < CLOSES - HOUR)
    @rule()
    def it_is_soon_closing(self) -> None:
        self.bank.now = CLOSES - HOUR
        self.run(self.the_jobs())

    @precondition(lambda self: CLOSES - HOUR <= self.bank.now < START)
    @rule()
    def the_meal_begins(self) -> None:
        self.bank.now = START
        self.run(self.the_jobs())

    async def the_jobs(self) -> None:
        now = self.bank.now
        for job in (
            jobs.close_due,
            jobs.lapse_offers,
            jobs.lapse_held,
            jobs.end_lists,
            jobs.team_seats,
            jobs.serve_past,
        ):
            await job(now)

    @precondition(lambda self: self.bank.now >= CLOSES - HOUR)
    @rule()
    def it_is_called_off(self) -> None:
        self.attempt(
            cancel_meal(actor=self.cast.yann, meal_id=self.made, reason="Le four est froid.", now=self.bank.now)
        )

    # ------------------------------------------------------------------------------------------- what must always hold

    @invariant()
    def it_all_agrees(self) -> None:
        self.run(self.look())

    async def look(self) -> None:
        await seats_agree(self.made, now=self.bank.now)
        await the_pot_agrees(self.cast.place)
        await nobody_is_asked_twice(self.made)
        await self.money_agrees()
        await self.holds_agree()

    async def money_agrees(self) -> None:
        """Of each booking what is kept pays for what is theirs; of each payment no more goes back than came."""
        for each in await run("select id, payment from booking where member_id is not null"):
            found = await money.money_of(each["id"])
            assert 0 <= found.kept <= found.due, f"{found} of {each}"
            assert found.refunded + found.left <= found.paid
            assert not found.paid or each["payment"] == "card"
        for row in await run(
            "select c.*, coalesce((select sum(r.amount_cents) from refund r where r.checkout_id = c.id), 0) as back "
            "from checkout c"
        ):
            assert row["back"] <= (row["amount_cents"] if row["state"] == "paid" else 0)
            assert row["state"] != "flagged"
            if row["state"] == "paid":
                there = self.stripe.sessions[row["session_id"]]
                assert (there["payment_status"], there["amount_total"]) == ("paid", row["amount_cents"])

    async def holds_agree(self) -> None:
        """What is held is held for a page that somebody may still pay, or of which nobody knows."""
        for part in await run(
            "select p.*, b.unpaid, b.payment from booking_part p join booking b on b.id = p.booking_id "
            "where p.state = 'held'"
        ):
            (checkout,) = await run("select * from checkout where id = {}", part["checkout_id"])
            assert checkout["state"] in ("made", "open")
            assert (checkout["closing_at"], checkout["thing_id"]) == (None, part["booking_id"])
            assert (part["payment"], part["unpaid"]) == ("card", "lapses")
            assert part["held_until"] == checkout["held_until"]


@pytest.fixture
def played(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> Callable[[int], None]:
    """Plays it so often, on a new database each time."""
    caplog.set_level(logging.CRITICAL, "reseau.payments")  # it says each time that Stripe is away

    def fresh() -> Path:
        path = tmp_path_factory.mktemp("till") / "test.sqlite"
        shutil.copyfile(sqlite_template, path)
        return path

    class Here(OneTill):
        pass

    Here.fresh = staticmethod(fresh)
    return lambda times: run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=times,
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],  # shrinking what fails would take minutes
        ),
    )


def notices(played: Callable[[int], None]) -> bool:
    """Whether something is found in forty of its lives. Where one beginning stays among what shows nothing, more of the
    same would; another does not."""
    try:
        played(40)
    except AssertionError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("where", [(giving_back, "settle_money"), (card, "_give_all_back")], ids=lambda it: it[1])
def test_it_is_noticed_when_money_is_kept(
    played: Callable[[int], None], where: tuple[ModuleType, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def nothing(*_: object, **__: object) -> int:
        return 0

    monkeypatch.setattr(*where, nothing)
    assert any(notices(played) for _ in range(BEGINNINGS)), "it is noticed from every second beginning or so"


@pytest.mark.slow
def test_nothing_that_people_do_in_any_order_takes_or_keeps_too_much(played: Callable[[int], None]) -> None:
    played(30)
