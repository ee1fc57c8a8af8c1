"""A season of evenings at one place, each drawn by Hypothesis: what people do with the money of a meal, in any order.

Everything is done by the commands and jobs that pages and the clock call, and Stripe's library asks a rehearsal of
Stripe; only the socket between the two is left out, which a thousand evenings would mostly wait for.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import stripe as library
from hypothesis import strategies as st

from app.accounts.commands import (
    PurchaseWords,
    correct_line,
    deposit,
    give_back,
    strike_purchase,
    undo_give_back,
    write_purchase,
)
from app.accounts.states import PaidFrom, Spending
from app.clock import local_day
from app.contracts import Difference
from app.database import run
from app.errors import NotFound, Refused
from app.identity.leaving import erase_for
from app.identity.states import Act
from app.main import REGISTRY
from app.payments import api as payments
from app.payments import gateway
from app.payments.comparing import compare
from app.payments.events import handle, receive
from app.payments.signatures import Letter
from meals.commands import door
from meals.commands.booking import add_seats, book, change_choice
from meals.commands.card import pay, pay_on_site_instead, verify
from meals.commands.giving_back import answer_offer, cancel_seats, hand_over, take_over
from meals.commands.opening import cancel_meal
from meals.commands.till import enter_count
from meals.facts import offer_key
from meals.states import Payment
from rehearsal import Rehearsal
from rehearsal.api import Request
from rehearsal.errors import Refusal
from tests.client import NOON
from tests.factories import make_grant
from tests.meals.make import a_wish, make_crowd, make_meal, make_turn
from tests.meals.paying import Bank, ended_unpaid
from tests.people import Cast, make_cast
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SEATS = 5
PEOPLE = 6
COUNTED = (0, 1250, 2000)
"""What somebody finds in the box, as people are: two of them often find the same."""
TOLD = ("charge.dispute.", "payout.", "refund.failed")
"""Of what Stripe tells: what we hear of no other way, besides refunds by hand and what is paid after its end."""

_numbers = itertools.count(1)
Deed = tuple[str, int, int]
"""What is done, by or about whom, and how much of it."""


class _Beside(library.HTTPClient):
    """Stripe's library asks the rehearsal without a socket between them."""

    name = "beside"

    def __init__(self, rehearsal: Rehearsal) -> None:
        super().__init__()
        self.rehearsal = rehearsal

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts = urlsplit(url)
        body = (post_data or "").encode()
        named = {name.lower(): value for name, value in headers.items()}
        asked = Request(method.upper(), parts.path, parts.query, body, named)
        reply = self.rehearsal.speak(asked) if self.rehearsal.listens() else None
        if reply is None:
            raise library.APIConnectionError("nobody is there")  # type: ignore[no-untyped-call]  # Stripe's own
        return reply.body, reply.status, reply.headers

    async def close_async(self) -> None:
        """There is nothing to close."""


def beside(rehearsal: Rehearsal) -> gateway.Gateway:
    """Our gateway, that asks this rehearsal."""
    made = gateway.Gateway(SECRET_KEY, (WEBHOOK_SECRET,), "http://testserver.local", timeout=5.0, retries=0)
    made._client = library.StripeClient(SECRET_KEY, http_client=_Beside(rehearsal), max_network_retries=0)
    return made


# ------------------------------------------------------------------------------------------------- what may be played

whom, how_much = st.integers(0, 11), st.integers(0, 7)


def some(of: Sequence[str], most: int, least: int = 0) -> st.SearchStrategy[list[Deed]]:
    return st.lists(st.tuples(st.sampled_from(of), whom, how_much), min_size=least, max_size=most)


BOOKING = (
    *("books", "books", "books", "books", "books", "books", "pays", "pays", "hears", "hears"),
    *("gives_back", "leaves_to_the_pot", "asks_for_more", "chooses_anew", "on_site_instead", "says_paid"),
    *("answers", "answers", "gives_back"),
    *("stripe_goes", "stripe_comes", "stripe_comes", "a_moment_too_late", "waits_a_while", "refunds_wait"),
)
CLOSED = ("hands_over", "hands_over", "takes_over", "takes_over", "pays", "hears", "says_paid")
DOOR = ("ticks", "ticks", "ticks", "unticks", "walks_in", "from_the_list")
TILL = ("counts", "counts", "counts")
ACCOUNTS = (
    *("buys", "buys", "advances", "advances", "gives_money_back", "undoes", "strikes", "corrects", "deposits"),
    *("disputes", "wins_or_loses", "refunds_by_hand", "refund_fails", "refund_arrives", "refund_arrives"),
    *("pays_out", "payout_fails", "leaves_for_good"),
)


@dataclass(frozen=True)
class Evening:
    """What happens around one meal."""

    booking: list[Deed]
    closed: list[Deed]
    door: list[Deed]
    till: list[Deed]
    accounts: list[Deed]
    called_off: str
    """Before bookings close, after, or not at all."""
    cooks: bool
    """Whether somebody has a turn of the team, and may eat for it."""
    nights: int
    """Days until the next one is opened."""


EVENINGS = st.builds(
    Evening,
    booking=some(BOOKING, 14, 6),
    closed=some(CLOSED, 4),
    door=some(DOOR, 5, 1),
    till=some(TILL, 4, 1),
    accounts=some(ACCOUNTS, 7, 1),
    called_off=st.sampled_from([*[""] * 10, "before", "after"]),
    cooks=st.sampled_from([False, False, True]),
    nights=st.sampled_from([0, 0, 0, 1, 40]),
)


# ------------------------------------------------------------------------------------------------------- playing it


@dataclass
class Season:
    """A place, six people, and Stripe; one meal after the other."""

    stripe: Rehearsal
    bank: Bank = field(init=False)
    cast: Cast = field(init=False)
    people: list[int] = field(init=False)
    meal: int = 0
    cook: int | None = None
    told: int = 0
    """How many of Stripe's events have been looked at."""
    done: Counter[str] = field(default_factory=Counter)
    """How often each deed was not refused."""
    story: list[str] = field(default_factory=list)
    """What was done, the last of it last."""

    async def begin(self) -> None:
        """In an empty database that is open, with the gateway in use."""
        self.bank = Bank(self.stripe)
        self.bank.now = NOON
        self.cast = await make_cast()
        self.people = await make_crowd(self.cast, PEOPLE)
        for member_id, act in (
            (self.cast.odile, Act.CHECK_IN),
            (self.cast.odile, Act.TAKE_CASH),
            (self.cast.karim, Act.TAKE_CASH),
            (self.cast.aicha, Act.KEEP_ACCOUNTS),
        ):
            await make_grant(member_id=member_id, place_id=self.cast.place, act=act)

    async def play(self, evening: Evening) -> None:
        """From opening the meal to the night after, or the months."""
        opened = self.bank.now
        self.meal = await make_meal(
            place_id=self.cast.place,
            opener=self.cast.yann,
            seats=SEATS,
            starts_at=opened + 30 * HOUR,
            closes_at=opened + 12 * HOUR,
            cooks_least=0,
            now=opened,
        )
        self.cook = self.people[0] if evening.cooks else None
        if self.cook is not None:
            await make_turn(meal_id=self.meal, people=1, holders=[self.cook], now=opened)
        await self.do(evening.booking)
        if evening.called_off == "before":
            await self.call_off()
        self.stripe.down = False
        await self.until(opened + 12 * HOUR)
        await self.do(evening.closed)
        if evening.called_off == "after":
            await self.call_off()
        await self.until(opened + 29 * HOUR)
        await self.do(evening.door)
        await self.until(opened + 32 * HOUR)
        await self.do(evening.till)
        await self.do(evening.accounts)
        self.stripe.down = False
        self.stripe.refunds_wait = False
        await self.hear_what_stripe_tells()
        await self.until(opened + 57 * HOUR)
        await self.until(self.bank.now + evening.nights * DAY + 3 * HOUR)

    async def do(self, deeds: Sequence[Deed]) -> None:
        for name, who, much in deeds:
            with suppress(Refused, NotFound, Refusal):
                await getattr(self, name)(who, much)
                self.done[name] += 1
                self.story.append(f"{self.bank.now:%d %H:%M} meal {self.meal}: {name} {who} {much}")
            self.bank.later(1)

    async def until(self, then: Any) -> None:
        """It is so late, and the clock has done what was due."""
        self.bank.now = max(self.bank.now, then)
        for job in JOBS:
            await job(self.bank.now)

    async def differences(self) -> list[Difference]:
        """What every domain finds."""
        return [each for checks in REGISTRY.checks.values() for each in await checks(self.bank.now)]

    async def differences_at_stripe(self) -> list[Difference]:
        """What Stripe finds, some hours later: by then we know all of it."""
        asked = gateway.in_use()
        assert asked is not None
        return list((await compare(asked, self.bank.now + 3 * HOUR)).differences)

    async def hear_what_stripe_tells(self) -> None:
        events = self.stripe.events
        over = {row["session_id"] for row in await run("select session_id from checkout where state = 'expired'")}
        for event in events[self.told :]:
            by_hand = event["type"] == "refund.created" and event["request"]["id"] is None
            too_late = event["type"] == "checkout.session.completed" and event["data"]["object"]["id"] in over
            if by_hand or too_late or event["type"].startswith(TOLD):
                await receive(Letter(event["id"], event["type"], event["data"]["object"]["id"]), now=self.bank.now)
                await handle(event["id"], now=self.bank.now)
        self.told = len(events)

    async def whose(self, which: int, *states: str) -> tuple[int, int]:
        """Somebody with seats in such a state at this meal, and their booking. Raises `NotFound`."""
        marks = ", ".join("{}" for _ in states)
        found = await run(
            "select distinct b.member_id, b.id from booking b join booking_part p on p.booking_id = b.id "
            f"where p.meal_id = {{}} and p.state in ({marks}) and b.member_id is not null order by b.id",
            self.meal,
            *states,
        )
        row = _one(which, found)
        return row["member_id"], row["id"]

    # ----------------------------------------------------------------------------------------------------- bookings

    async def books(self, who: int, much: int) -> None:
        """Somebody who has no seat here; most of those who go to Stripe's page pay there at once."""
        theirs = await run("select member_id from booking where meal_id = {} and active = {}", self.meal, True)
        actor = _one(who, [each for each in self.people if each not in {row["member_id"] for row in theirs}])
        wish = a_wish(
            1 + much % 3,
            price_cents=(300, 500, 800)[who % 3],
            together=much == 7,
            give=(0, 0, 2, 0, 1)[much % 5],
            suspended=much in (3, 6),
            team=much == 5 and actor == self.cook,
            payment=Payment.ON_SITE if who in (1, 4, 9) else Payment.CARD,
        )
        made = await book(actor=actor, meal_id=self.meal, wish=wish, diets={}, now=self.bank.now)
        if made.pays and await pay(actor=actor, booking_id=made.id, now=self.bank.now) and much % 4:
            await self.bank.pays(made.id)
            if much % 4 > 1:
                await self.bank.settles(made.id)

    async def pays(self, who: int, _: int) -> None:
        pages = [each["id"] for each in self.stripe.sessions.values() if each["status"] == "open"]
        if who == 11:
            self.stripe.refuse_card(_one(who, pages))
        else:
            self.stripe.pay(_one(who, pages))

    async def hears(self, who: int, _: int) -> None:
        rows = await run("select id from checkout where state in ('open', 'made') order by id")
        await payments.settle(_one(who, rows)["id"], now=self.bank.now)

    async def gives_back(self, who: int, much: int, *, leave: bool = False) -> None:
        actor, mine = await self.whose(who, "held", "confirmed", "offered", "waiting")
        seats = None if much % 2 else 1 + much % 3
        await cancel_seats(actor=actor, booking_id=mine, seats=seats, leave=leave, now=self.bank.now)

    async def leaves_to_the_pot(self, who: int, much: int) -> None:
        await self.gives_back(who, much, leave=True)

    async def asks_for_more(self, who: int, much: int) -> None:
        actor, mine = await self.whose(who, "confirmed", "held")
        await add_seats(actor=actor, booking_id=mine, seats=1 + much % 2, children=0, now=self.bank.now)

    async def chooses_anew(self, who: int, much: int) -> None:
        actor, mine = await self.whose(who, "confirmed", "held")
        team, take, back = (much == 1, much in (2, 3), much in (4, 5))
        await change_choice(actor=actor, booking_id=mine, team=team, take=take, pay=back, diets={}, now=self.bank.now)

    async def on_site_instead(self, who: int, _: int) -> None:
        actor, mine = await self.whose(who, "held")
        await pay_on_site_instead(actor=actor, booking_id=mine, now=self.bank.now)

    async def answers(self, who: int, much: int) -> None:
        actor, mine = await self.whose(who, "offered")
        kept = await run("select id, offered_at from booking_part where booking_id = {} and state = 'offered'", mine)
        offers = [offer_key(part["id"], part["offered_at"]) for part in kept]
        how = Payment.CARD if much % 2 else Payment.ON_SITE
        if await answer_offer(
            actor=actor, booking_id=mine, yes=much < 6, offers=offers, payment=how, now=self.bank.now
        ):
            await pay(actor=actor, booking_id=mine, now=self.bank.now)

    async def says_paid(self, who: int, _: int) -> None:
        actor, mine = await self.whose(who, "held", "confirmed", "lapsed")
        await verify(actor=actor, booking_id=mine, now=self.bank.now)

    async def stripe_goes(self, *_: int) -> None:
        self.stripe.down = True

    async def stripe_comes(self, *_: int) -> None:
        self.stripe.down = False

    async def a_moment_too_late(self, who: int, _: int) -> None:
        """We believed that its page had ended, while it can still be paid."""
        rows = await run("select id, thing_id from checkout where state = 'open' and thing_id is not null order by id")
        row = _one(who, rows)
        await ended_unpaid(row["thing_id"], row["id"], self.bank)

    async def waits_a_while(self, *_: int) -> None:
        await self.until(self.bank.now + timedelta(minutes=41))

    async def call_off(self) -> None:
        with suppress(Refused):
            await cancel_meal(actor=self.cast.yann, meal_id=self.meal, reason="Le four est froid.", now=self.bank.now)

    async def hands_over(self, who: int, much: int) -> None:
        actor, mine = await self.whose(who, "confirmed")
        await hand_over(actor=actor, booking_id=mine, seats=1 + much % 2, now=self.bank.now)

    async def takes_over(self, who: int, _: int) -> None:
        actor, _ = await self.whose(who, "waiting")
        await take_over(actor=actor, meal_id=self.meal, now=self.bank.now)

    # ------------------------------------------------------------------------------------------------------- door, till

    async def ticks(self, who: int, much: int) -> None:
        await self._at_the_door(door.tick, who, much, "confirmed", "attended")

    async def unticks(self, who: int, much: int) -> None:
        await self._at_the_door(door.untick, who, much, "attended")

    async def from_the_list(self, who: int, much: int) -> None:
        await self._at_the_door(door.let_in_from_list, who, much, "waiting")

    async def _at_the_door(self, deed: Callable[..., Awaitable[None]], who: int, much: int, *states: str) -> None:
        _, booking = await self.whose(who, *states)
        (row,) = await run(
            "select coalesce(sum(seats), 0) as n from booking_part where booking_id = {} and state = 'attended'",
            booking,
        )
        said = {"actor": self.cast.odile, "booking_id": booking, "seats": 1 + much % 2, "seen": int(row["n"])}
        once = f"door-{next(_numbers)}"
        for _ in range(1 + (much == 7)):  # the network: sent twice
            await deed(**said, once=once, now=self.bank.now)

    async def walks_in(self, _: int, much: int) -> None:
        await door.walk_in(
            actor=self.cast.odile,
            meal_id=self.meal,
            name="Nour",
            seats=1 + much % 2,
            once=f"walk-{next(_numbers)}",
            now=self.bank.now,
        )

    async def counts(self, who: int, much: int) -> None:
        actor = (self.cast.odile, self.cast.karim, self.cast.yann)[who % 3]
        await enter_count(self.meal, actor=actor, cents=COUNTED[much % 3], now=self.bank.now)

    # --------------------------------------------------------------------------------------------------------- accounts

    async def buys(self, who: int, much: int) -> None:
        await self._buys(self.cast.rosa, PaidFrom.BOX if who % 2 else PaidFrom.BANK, who, much)

    async def advances(self, who: int, much: int) -> None:
        await self._buys((self.cast.yann, self.cast.rosa)[who % 2], PaidFrom.MEMBER, who, much)

    async def _buys(self, actor: int, paid_from: PaidFrom, who: int, much: int) -> None:
        for_meal = much % 2 == 0 or actor == self.cast.yann
        words = PurchaseWords(
            what="Carottes",
            cents=450 + 100 * who,
            spending=Spending.FOOD if for_meal else Spending.COFFEE,
            bought_on=local_day(self.bank.now),
            paid_from=paid_from,
            about="meal" if for_meal else "",
            about_id=self.meal if for_meal else None,
        )
        once = f"buy-{next(_numbers)}"
        for _ in range(1 + (much == 7)):
            await write_purchase(actor=actor, place_id=self.cast.place, words=words, once=once, now=self.bank.now)

    async def gives_money_back(self, who: int, much: int) -> None:
        rows = await run("select id from purchase where paid_from = 'member' order by id desc limit 6")
        said = {"actor": (self.cast.rosa, self.cast.aicha)[who % 2], "purchase_id": _one(much, rows)["id"]}
        paid_from = PaidFrom.BOX if much % 2 else PaidFrom.BANK
        await give_back(**said, paid_from=paid_from, once=f"back-{next(_numbers)}", now=self.bank.now)

    async def undoes(self, who: int, much: int) -> None:
        rows = await run("select id from reimbursement order by id desc limit 6")
        await undo_give_back(actor=self.cast.rosa, reimbursement_id=_one(who, rows)["id"], now=self.bank.now)

    async def strikes(self, who: int, much: int) -> None:
        rows = await run("select id from purchase order by id desc limit 6")
        said = {"actor": self.cast.rosa, "purchase_id": _one(who, rows)["id"]}
        await strike_purchase(**said, reason="Deux fois le même ticket.", now=self.bank.now)

    async def corrects(self, who: int, much: int) -> None:
        rows = await run(
            "select id from ledger_line where kind in ('cash', 'deposit', 'correction', 'purchase') "
            "order by id desc limit 8"
        )
        said = {"actor": self.cast.rosa, "line_id": _one(who, rows)["id"], "cents": 300 * much - 600}
        await correct_line(**said, reason="Recompté.", now=self.bank.now)

    async def deposits(self, who: int, much: int) -> None:
        await deposit(
            actor=self.cast.rosa,
            place_id=self.cast.place,
            cents=200 + 300 * much,
            fetched=who % 3 == 0,
            once=f"deposit-{next(_numbers)}",
            now=self.bank.now,
        )

    # ----------------------------------------------------------------------------------------------------------- Stripe

    async def disputes(self, who: int, _: int) -> None:
        self.stripe.dispute(self._a_paid_one(who))

    async def wins_or_loses(self, who: int, much: int) -> None:
        open_still = [each for each in self.stripe.disputes.values() if each["status"] == "needs_response"]
        self.stripe.dispute(_one(who, open_still)["payment_intent"], won=much % 2 == 0)

    async def refunds_by_hand(self, who: int, much: int) -> None:
        self.stripe.refund(self._a_paid_one(who), 50 + 50 * much)

    def _a_paid_one(self, who: int) -> str:
        paid = [each["payment_intent"] for each in self.stripe.charges.values() if each["paid"]]
        return str(_one(who, paid[-6:]))

    async def refunds_wait(self, *_: int) -> None:
        self.stripe.refunds_wait = True

    async def refund_fails(self, who: int, _: int) -> None:
        self.stripe.fail_refund(_one(who, list(self.stripe.refunds)[-6:]))

    async def refund_arrives(self, who: int, _: int) -> None:
        waiting = [each["id"] for each in self.stripe.refunds.values() if each["status"] == "pending"]
        self.stripe.settle_refund(_one(who, waiting))

    async def pays_out(self, *_: int) -> None:
        self.stripe.pay_out()

    async def payout_fails(self, who: int, _: int) -> None:
        self.stripe.fail_payout(_one(who, list(self.stripe.payouts)[-2:]))

    async def leaves_for_good(self, who: int, _: int) -> None:
        await erase_for(self.people[who % PEOPLE], REGISTRY.domains, force=True, now=self.bank.now)
        (self.people[who % PEOPLE],) = await make_crowd(self.cast, 1)


def _one(which: int, of: Sequence[Any]) -> Any:
    """One of these. Raises `NotFound` where there is none."""
    if not of:
        raise NotFound
    return of[which % len(of)]


JOBS = [job.run for domain in REGISTRY.domains if domain.name in ("meals", "payments") for job in domain.jobs]
DEEDS = sorted({*BOOKING, *CLOSED, *DOOR, *TILL, *ACCOUNTS})
