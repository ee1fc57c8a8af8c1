"""What the check says about the money of meals: nothing while all is well, and each thing that was tampered with."""

from __future__ import annotations

from typing import Any

import pytest

from app.contracts import Difference
from app.database import is_sqlite, run, transaction
from app.identity.leaving import erase_for
from app.main import REGISTRY
from meals import jobs
from meals.checks import differences
from meals.commands.giving_back import cancel_seats
from meals.commands.till import enter_count
from meals.domain import DOMAIN
from tests.meals.make import make_booking
from tests.meals.paying import Bank
from tests.meals.test_close_accounts import END, NIGHT, a_meal, passes
from tests.people import Cast

LINE = (
    "insert into ledger_line (place_id, account, kind, ref, cents, at, about, about_id, words) "
    "values ({}, 'box', 'cash', {}, 700, {}, 'meal', {}, '')"
)


async def an_evening(cast: Cast, bank: Bank) -> int:
    """Three by card, of whom one has a seat given back and one leaves all to the pot; a gift, and who drew it; two who
    counted; and the night after."""
    made = await a_meal(cast)
    two = await bank.booked_and_paid(made, cast.samira, 2)
    await bank.booked_and_paid(made, cast.karim, price_cents=800)
    left = await bank.booked_and_paid(made, cast.newcomer)
    await make_booking(meal_id=made, member_id=cast.yann, give=2)
    await make_booking(meal_id=made, member_id=cast.aicha, suspended=True)
    await cancel_seats(actor=cast.samira, booking_id=two, seats=1, had=2, leave=False, form="f", now=bank.now)
    await cancel_seats(actor=cast.newcomer, booking_id=left, seats=None, leave=True, now=bank.now)
    await bank.sends()
    for actor in (cast.odile, cast.rosa):
        await enter_count(made, actor=actor, cents=1500, now=END)
    assert await passes() == 1
    return made


async def past_the_guards(statement: str, *args: Any) -> None:
    """As whoever has the database open can."""
    tables = ("ledger_line", "pot_line")
    async with transaction():
        if is_sqlite():
            for row in await run("select name from sqlite_master where type = 'trigger' and name like {}", "%_not_%"):
                await run(f"drop trigger {row['name']}")
        else:
            for table in tables:
                await run(f"alter table {table} disable trigger user")
        await run(statement, *args)


def named(found: list[Difference] | Any) -> set[str]:
    return {each.what for each in found}


class TestAllIsWell:
    async def test_with_nothing_and_after_an_evening(self, cast: Cast, bank: Bank) -> None:
        assert await differences(NIGHT) == []
        made = await an_evening(cast, bank)
        assert await differences(NIGHT) == []
        assert (await run("select card_cents from meal_account where meal_id = {}", made))[0]["card_cents"] == 1800
        assert DOMAIN.checks is differences

    async def test_after_somebody_left_and_after_all_is_forgotten(self, cast: Cast, bank: Bank) -> None:
        await an_evening(cast, bank)
        await erase_for(cast.samira, REGISTRY.domains, force=True, now=NIGHT)
        assert await differences(NIGHT) == []
        await jobs.forget_what_was_paid(END + 40 * (NIGHT - END))
        assert await differences(NIGHT) == []


class TestTampering:
    """Each with what was never so; the same without it is the test above."""

    @pytest.mark.parametrize(
        ("what", "statement"),
        [
            ({"pot"}, "update pot set cents = cents + 500"),
            ({"pot_borne"}, "update pot set borne_cents = 500"),
            ({"pot", "meal_pot"}, "update pot_line set cents = cents + 1 where kind = 'given'"),
            ({"pot", "meal_pot"}, "delete from pot_line where kind = 'taken'"),
            ({"pot_without_lines"}, "delete from pot"),
            ({"till_count"}, "update till_count set cents = 1400"),
            ({"cash_of_nothing"}, "delete from till_count"),
            ({"till_count"}, "update ledger_line set cents = 1400 where kind = 'cash'"),
            ({"till_count"}, "update ledger_line set account = 'bank' where kind = 'cash'"),
            ({"till_count"}, "update ledger_line set about_id = null where kind = 'cash'"),
            ({"till_count"}, "delete from ledger_line where kind = 'cash'"),
            ({"meal_card"}, "update meal_account set card_cents = card_cents - 1"),
            ({"meal_card"}, "update ledger_line set cents = cents + 1 where kind = 'payment' and cents = 800"),
            ({"meal_card"}, "delete from ledger_line where kind = 'refund'"),
            ({"meal_pot"}, "update meal_account set pot_cents = pot_cents + 500"),
            ({"meal_sums"}, "update meal_account set box_people = 2, pledged_cents = 0"),
            ({"card_dues"}, "update booking set price_cents = 500 where price_cents = 800"),
            ({"card_dues"}, "delete from refund"),
            ({"card_dues"}, "update booking_part set state = 'cancelled'"),
        ],
    )
    async def test_is_named(self, cast: Cast, bank: Bank, what: set[str], statement: str) -> None:
        made = await an_evening(cast, bank)
        await past_the_guards(statement)
        found = await differences(NIGHT)
        assert named(found) == what, found
        assert {each.about for each in found} <= {f"meal-{made}", f"place-{cast.place}"} | {
            each.about for each in found if each.about.startswith(("pot-", "line-"))
        }
        assert {each.place_id for each in found} == {cast.place}

    async def test_a_line_of_a_box_that_nobody_counted(self, cast: Cast) -> None:
        made = await a_meal(cast)
        await past_the_guards(LINE, cast.place, f"meal-{made}", END, made)
        (found,) = await differences(NIGHT)
        assert (found.what, found.expected_cents, found.found_cents) == ("cash_of_nothing", 0, 700)

    async def test_an_entry_that_stays_beside_the_count(self, cast: Cast, bank: Bank) -> None:
        made = await an_evening(cast, bank)
        await past_the_guards(
            "insert into till_entry (meal_id, member_id, cents, has_till, differs, entered_at) "
            "values ({}, {}, 1500, {}, {}, {})",
            *(made, cast.odile, True, False, END),
        )
        assert named(await differences(NIGHT)) == {"entry_after_count"}
