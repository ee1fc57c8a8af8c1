"""What becomes of the money of meals between the night after and the page: told once, in its order, for good."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from functools import partial

import pytest

from app.accounts.api import add_line
from app.accounts.states import Account, LedgerKind
from app.clock import at_local
from app.database import run
from app.payments.tables import Checkout
from meals.accounts_rules import LEAST_PEOPLE, WAITS
from meals.commands.publishing import publish_accounts
from meals.facts import KIND
from tests.client import NOON
from tests.factories import make_place, writing
from tests.meals.kept_accounts import count, past_meal
from tests.meals.make import make_booking, make_meal
from tests.people import Cast

DAY = timedelta(days=1)


async def figures() -> list[tuple[str, int | None, int, int]]:
    rows = await run("select means, meal_id, cents, pledged_cents from published_figure order by id")
    return [(row["means"], row["meal_id"], row["cents"], row["pledged_cents"]) for row in rows]


class TestOnce:
    async def test_the_same_night_twice_is_once(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 11, 3), box=(6, 3000), card=(7, 4200), pot=(5, 500), counted=2950)
        assert await publish_accounts(NOON) == 3
        assert await publish_accounts(NOON) == 0
        assert sorted(await figures()) == [
            ("box", meal_id, 2950, 3000),
            ("card", meal_id, 4200, 0),
            ("pot", meal_id, 500, 0),
        ]

    async def test_two_processes_at_once(self, cast: Cast) -> None:
        for day in range(1, 8):
            await past_meal(cast, date(2026, 11, day), box=(day, 500 * day), card=(3, 1500))
        made = await asyncio.gather(*(publish_accounts(NOON) for _ in range(4)))
        assert sum(made) == len(await figures()) == 3 + 1 + 3
        (told,) = await run("select count(*) as n from money_moved")
        assert told["n"] == 21

    async def test_no_account_nothing_to_tell(self, cast: Cast) -> None:
        assert await publish_accounts(NOON) == 0

    async def test_each_place_has_its_own_pool(self, cast: Cast) -> None:
        elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
        await past_meal(cast, date(2026, 11, 3), box=(3, 1500))
        await past_meal(cast, date(2026, 11, 3), box=(3, 1500), place=elsewhere)
        assert await publish_accounts(NOON) == 0


class TestForGood:
    @pytest.mark.parametrize(
        "deed",
        [
            "update published_figure set cents = 1",
            "delete from published_figure",
            "update money_moved set cents = 1",
            "update money_moved set people = 9",
            "update money_moved set figure_id = null where figure_id is not null",
            "delete from money_moved",
        ],
    )
    async def test_the_database_refuses_to_take_it_back(self, cast: Cast, deed: str) -> None:
        await past_meal(cast, date(2026, 11, 3), box=(6, 3000))
        await past_meal(cast, date(2026, 11, 4), box=(2, 1000))
        await publish_accounts(NOON)
        before = await figures(), await run("select * from money_moved order by id")
        with pytest.raises(Exception, match="what was published stands"):
            async with writing():
                await run(deed)
        assert (await figures(), await run("select * from money_moved order by id")) == before

    async def test_what_was_told_stays_when_the_account_changes(self, cast: Cast) -> None:
        """Whatever else becomes of the rows that it came from."""
        await past_meal(cast, date(2026, 11, 3), box=(6, 3000))
        await publish_accounts(NOON)
        async with writing():
            await run("update meal_account set box_people = 1")
            await run("update till_count set cents = 1")
        before = await figures()
        await publish_accounts(NOON + DAY)
        assert await figures() == before


class TestTheBox:
    async def test_it_is_told_when_it_is_counted(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 11, 3), box=(6, 3000), card=(6, 100), counted=-1)
        await publish_accounts(NOON - 10 * DAY)
        assert await figures() == [("card", meal_id, 100, 0)]
        await count(meal_id, 3100, at=NOON)
        await publish_accounts(NOON)
        assert (await figures())[1:] == [("box", meal_id, 3100, 3000)]

    async def test_counted_anew_goes_along_with_others(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 9, 3), box=(6, 3000))
        await publish_accounts(NOON - 70 * DAY)
        async with writing():
            when = NOON - 69 * DAY
            box = partial(add_line, now=when, account=Account.BOX, place_id=cast.place, about=KIND, about_id=meal_id)
            await box(LedgerKind.CASH, f"meal-{meal_id}", 3000)
            (cash,) = await run("select id from ledger_line")
            await box(LedgerKind.CORRECTION, "correction-1", -700, corrects=cash["id"])
            (wrong,) = await run("select id from ledger_line where kind = 'correction'")
            await box(LedgerKind.CORRECTION, "correction-2", 200, corrects=wrong["id"])
            await box(LedgerKind.PURCHASE, "purchase-1", -500)
            (bought,) = await run("select id from ledger_line where kind = 'purchase'")
            await box(LedgerKind.CORRECTION, "correction-3", 500, corrects=bought["id"])
        assert await publish_accounts(NOON - 68 * DAY) == 0, "a correction is nobody's, and no figure"
        waits = await run("select cents, late from money_moved where origin = 'line' order by id")
        assert [(row["cents"], row["late"]) for row in waits] == [(-700, 6), (200, 6)], "a purchase is no envelope"
        await past_meal(cast, date(2026, 11, 20), box=(4, 2000))
        assert await publish_accounts(NOON) == 0, "four, and twelve may be gone from them"
        await past_meal(cast, date(2026, 11, 21), box=(13, 6500))
        assert await publish_accounts(NOON) == 1
        assert (await figures())[1:] == [("box", None, 2000 + 6500 - 500, 2000 + 6500)]


class TestTheCard:
    async def moved(self, cast: Cast, meal_id: int, *, kind: LedgerKind, cents: int, ref: str, at: datetime) -> None:
        member = cast.aicha if kind is LedgerKind.FEE else cast.karim
        booking = await make_booking(meal_id=await self.open_meal(cast), member_id=member, now=NOON)
        async with writing():
            await run("update booking set meal_id = {} where id = {}", meal_id, booking)
            (made,) = await Checkout.insert(
                Checkout(
                    place_id=cast.place,
                    kind=KIND,
                    thing_id=booking,
                    key=ref,
                    amount_cents=abs(cents),
                    state="paid",
                    session_id=ref,
                    payment_intent=ref,
                    settled_at=at,
                    made_at=at,
                    title="",
                    expires_at=at,
                    held_until=at,
                )
            ).returning(Checkout.id)
            await add_line(kind, ref, cents, now=at, place_id=cast.place, checkout_id=made["id"])

    async def open_meal(self, cast: Cast) -> int:
        return await make_meal(place_id=cast.place, opener=cast.odile)

    async def test_what_goes_back_later_goes_along_with_others(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 11, 3), card=(6, 3000))
        await publish_accounts(NOON - 3 * DAY)
        at = NOON - 2 * DAY
        await self.moved(cast, meal_id, kind=LedgerKind.REFUND, cents=-500, ref="re_1", at=at)
        await self.moved(cast, meal_id, kind=LedgerKind.FEE, cents=-40, ref="fee_1", at=at)
        assert await publish_accounts(NOON - DAY) == 0
        (late,) = await run("select cents, late from money_moved where origin = 'line'")
        assert (late["cents"], late["late"]) == (-500, 1), "a fee is a share of what one person paid: nobody reads it"
        await past_meal(cast, date(2026, 11, 20), card=(4, 2000))
        assert await publish_accounts(NOON) == 0
        await past_meal(cast, date(2026, 11, 21), card=(2, 1000))
        assert await publish_accounts(NOON) == 1
        assert (await figures())[1:] == [("card", None, 2500, 0)]

    async def test_where_all_meals_are_large_it_waits_no_longer_than_it_must(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 9, 3), card=(6, 3000))
        begins = NOON - WAITS - 5 * DAY
        await publish_accounts(begins)
        await self.moved(cast, meal_id, kind=LedgerKind.DISPUTE, cents=-500, ref="dp_1", at=begins)
        await publish_accounts(begins)
        large = await past_meal(cast, date(2026, 10, 3), card=(7, 3500))
        await publish_accounts(begins + 30 * DAY)
        assert (await figures())[1:] == [("card", large, 3500, 0)]
        await past_meal(cast, date(2026, 11, 23), card=(6, 3000))
        await publish_accounts(NOON)
        assert (await figures())[2:] == [("card", None, 2500, 0)]

    async def test_a_dispute_about_what_is_nobodys_any_more(self, cast: Cast) -> None:
        meal_id = await past_meal(cast, date(2026, 9, 3), card=(6, 3000))
        await publish_accounts(NOON - 60 * DAY)
        await self.moved(cast, meal_id, kind=LedgerKind.DISPUTE, cents=-500, ref="dp_1", at=NOON)
        async with writing():
            await run("update checkout set thing_id = null")
        await publish_accounts(NOON + DAY)
        await publish_accounts(NOON + 2 * DAY)
        (late,) = await run("select cents, meal_id from money_moved where origin = 'line'")
        assert (late["cents"], late["meal_id"]) == (-500, None)


class TestTheClocks:
    async def test_nights_of_both_changes(self, cast: Cast) -> None:
        """Meals of the days on which the clocks change stand on those days."""
        for day in (date(2026, 3, 29), date(2026, 10, 25)):
            await past_meal(cast, day, box=(LEAST_PEOPLE, 2500), closed_at=at_local(day + DAY, time(2, 30)))
        await publish_accounts(NOON)
        rows = await run("select day from published_figure order by day")
        assert [row["day"] for row in rows] == [date(2026, 3, 29), date(2026, 10, 25)]
