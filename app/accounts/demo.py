"""The money of the demonstration: what is bought and given back, the small budget, the way to the bank.

Accounts have no days of their own: whoever plays the days of the story tells what was bought for it
(`stage.deeds["accounts.bought"]`), and that an evening has come (`stage.deeds["accounts.evening"]`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from app.accounts.commands import (
    PurchaseWords,
    answer_request,
    ask_for,
    deposit,
    give_back,
    set_budget,
    strike_purchase,
    take_request_back,
    write_purchase,
)
from app.accounts.demo_plan import (
    ASKED,
    BUDGET,
    KEEPER,
    KEEPERS,
    SHOPS,
    STRUCK_BECAUSE,
    Asked,
    Bought,
    Paper,
)
from app.accounts.demo_receipts import draw_receipt
from app.accounts.drawing import draw_anew
from app.accounts.pictures import Picture
from app.accounts.queries import box_cents
from app.accounts.states import PaidFrom, RequestState, Spending
from app.clock import local_day
from app.database import run

if TYPE_CHECKING:
    from app.demo import Stage

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
CHANCE = 84
"""What chance begins from here, so that nobody else's story changes what is bought."""
BACK_AFTER = timedelta(days=8)
"""Advances are given back then: what was bought since still waits."""
A_PLATE = (220, 300)
"""What the food of one seat costs, in cents, from and to."""
STAYS_IN_BOX, FULL_BOX = 5_000, 20_000
"""Once the box holds so much, all but so much is brought to the bank."""

Planned = tuple[datetime, Callable[[datetime], Awaitable[object]]]


async def seed(stage: Stage) -> None:
    """Lets those who play the days of the demonstration have money spent."""
    books = _Books(stage)
    stage.deeds["accounts.bought"] = books.bought
    stage.deeds["accounts.evening"] = books.evening


class _Books:
    def __init__(self, stage: Stage) -> None:
        self.stage, self.now = stage, stage.now
        self.chance = Random(CHANCE)  # noqa: S311 - to tell the same story again, not to keep a secret
        self.keeper = stage.members[KEEPER]
        self.planned = sorted(self._plan(), key=lambda each: each[0])
        self.twice = False
        """Whether somebody has written a purchase down twice."""

    # ------------------------------------------------------------------------------------------------- food, of meals

    async def bought(self, kind: str, thing_id: int, member_id: int, seats: int, at: datetime) -> bool:
        """Somebody has done the shopping for this, with their own money, and sends the receipt."""
        shop = self.chance.choice(SHOPS)
        cents = seats * self.chance.randint(*A_PLATE)
        words = PurchaseWords(shop.what, cents, Spending.FOOD, local_day(at), PaidFrom.MEMBER, kind, thing_id)
        made = await self._write(member_id, words, shop, f"food-{kind}-{thing_id}", at)
        if not self.twice:
            self.twice = True
            other = await self._write(member_id, words, shop, f"again-{kind}-{thing_id}", at + 10 * HOUR / 60)
            await strike_purchase(actor=member_id, purchase_id=other, reason=STRUCK_BECAUSE, now=at + 12 * HOUR / 60)
        return bool(made)

    async def _write(self, actor: int, words: PurchaseWords, paper: Paper | None, once: str, at: datetime) -> int:
        return await write_purchase(
            actor=actor,
            place_id=self.stage.place_id,
            words=words,
            once=f"demo-{once}",
            pictures=[] if paper is None else [self._picture(paper, words, at)],
            now=at,
        )

    def _picture(self, paper: Paper, words: PurchaseWords, at: datetime) -> Picture:
        """Made anew like one that a telephone sent."""
        return draw_anew(draw_receipt(paper, cents=words.cents, at=at, chance=self.chance))

    # -------------------------------------------------------------------------------------------------- each evening

    async def evening(self, at: datetime) -> bool:
        """What was planned until then happens, in its order; then whoever keeps the accounts sits down with the box."""
        while self.planned and self.planned[0][0] <= at:
            when, deed = self.planned.pop(0)
            await deed(when)
        await self._give_back(at)
        await self._to_the_bank(at)
        return True

    async def _give_back(self, at: datetime) -> None:
        """Every other one from the box, if it holds so much, else from the bank."""
        owed = await run(
            "select p.id, p.cents from purchase p where p.place_id = {} and p.paid_from = 'member' "
            "and p.struck_at is null and p.written_at <= {} and not exists "
            "(select 1 from reimbursement r where r.purchase_id = p.id and r.undone_at is null) order by p.id",
            self.stage.place_id,
            at - BACK_AFTER,
        )
        for row in owed:
            holds = await box_cents(self.stage.place_id)
            from_box = row["id"] % 2 and holds >= row["cents"] + STAYS_IN_BOX
            paid_from = PaidFrom.BOX if from_box else PaidFrom.BANK
            await give_back(
                actor=self.keeper, purchase_id=row["id"], paid_from=paid_from, once=f"demo-{row['id']}", now=at
            )

    async def _to_the_bank(self, at: datetime) -> None:
        holds = await box_cents(self.stage.place_id)
        if holds >= FULL_BOX:
            cents = (holds - STAYS_IN_BOX) // 500 * 500
            await deposit(
                actor=self.keeper, place_id=self.stage.place_id, cents=cents, once=f"demo-{local_day(at)}", now=at
            )

    # ----------------------------------------------------------------------------------------------- the small budget

    def _plan(self) -> list[Planned]:
        began = self.now - 62 * DAY

        async def budget(at: datetime) -> None:
            amounts = dict(BUDGET)
            await set_budget(actor=self.keeper, place_id=self.stage.place_id, amounts=amounts, now=at)

        async def to_the_bank(at: datetime) -> None:
            cents = await box_cents(self.stage.place_id) // 2 // 500 * 500
            if cents:
                await deposit(actor=self.keeper, place_id=self.stage.place_id, cents=cents, once="demo", now=at)

        planned: list[Planned] = [(began, budget), (self.now - 20 * DAY, to_the_bank)]
        planned += [(self.now - each.days * DAY, self._ask(each, number)) for number, each in enumerate(ASKED)]
        planned += [(self.now - each.days * DAY, self._buy(each, number)) for number, each in enumerate(KEEPERS)]
        return planned

    def _buy(self, each: Bought, number: int) -> Callable[[datetime], Awaitable[object]]:
        """Whoever keeps the accounts buys it, from the box or by the association's card."""

        async def deed(at: datetime) -> None:
            enough = await box_cents(self.stage.place_id) >= each.cents
            paid_from = PaidFrom.BOX if each.from_box and enough else PaidFrom.BANK
            words = PurchaseWords(each.paper.what, each.cents, each.spending, local_day(at), paid_from)
            await self._write(self.keeper, words, each.paper, f"keeper-{number}", at)

        return deed

    def _ask(self, each: Asked, number: int) -> Callable[[datetime], Awaitable[object]]:
        """It is asked for; what becomes of it follows in the next days."""

        async def deed(at: datetime) -> None:
            actor = self.stage.members[each.key]
            request = await ask_for(
                actor=actor,
                place_id=self.stage.place_id,
                spending=each.spending,
                what=each.what,
                why=each.why,
                cents=each.cents,
                once=f"demo-{number}",
                now=at,
            )
            if each.becomes is RequestState.WITHDRAWN:
                await take_request_back(actor=actor, request_id=request, now=at + DAY)
            elif each.becomes is not RequestState.OPEN:
                await answer_request(
                    actor=self.keeper,
                    request_id=request,
                    agree=each.becomes is not RequestState.REFUSED,
                    reason=each.reason,
                    version=1,
                    now=at + DAY,
                )
            if each.becomes is RequestState.BOUGHT:
                paper = Paper(each.what, each.shop, (each.what,))
                words = PurchaseWords(
                    each.what, each.cents, each.spending, local_day(at + 2 * DAY), PaidFrom.MEMBER, request_id=request
                )
                await self._write(actor, words, paper, f"asked-{number}", at + 2 * DAY)

        return deed
