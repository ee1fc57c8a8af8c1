"""What accounts keep about somebody: told to them, kept ten years as the law asks, then of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.accounts import jobs, own_data, spending
from app.accounts.commands import answer_request, ask_for, give_back, strike_purchase, undo_give_back
from app.accounts.drawing import draw_anew
from app.accounts.states import PaidFrom, Spending
from app.clock import local_day
from app.contracts import Erasure
from app.database import Store, run, transaction
from app.main import REGISTRY
from tests.app.accounts.shopping import bought, lines, once, one_more_keeper, photo
from tests.client import NOON
from tests.meals.make import make_meal
from tests.people import Cast, make_cast

PEOPLE = {
    "payee": ("member_id",),
    "purchase": ("written_by", "struck_by"),
    "reimbursement": ("paid_by", "undone_by"),
    "budget_request": ("member_id", "answered_by"),
}


@pytest.fixture
async def cast(db: Store) -> Cast:
    spending.know(REGISTRY.spends)
    return await make_cast()


async def asked(cast: Cast, actor: int, now: datetime = NOON) -> int:
    return await ask_for(
        actor=actor,
        place_id=cast.place,
        spending=Spending.COFFEE,
        what="Du café",
        why="Celui de Odile est meilleur.",
        cents=1200,
        once=once(),
        now=now,
    )


async def a_life(cast: Cast) -> None:
    """Odile, who keeps the accounts with Rosa, has done everything that leaves her number somewhere."""
    await one_more_keeper(cast, cast.odile)
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    kept = await bought(cast.odile, cast, meal=meal, payee="Odile Martin", pictures=[draw_anew(photo())])
    back = await give_back(actor=cast.rosa, purchase_id=kept, paid_from=PaidFrom.BANK, once=once(), now=NOON)
    await undo_give_back(actor=cast.odile, reimbursement_id=back, now=NOON)
    struck = await bought(cast.odile, cast, meal=meal)
    await strike_purchase(actor=cast.odile, purchase_id=struck, reason="En double", now=NOON)
    others = await bought(cast.rosa, cast)
    await give_back(actor=cast.odile, purchase_id=others, paid_from=PaidFrom.BANK, once=once(), now=NOON)
    await asked(cast, cast.odile)
    request = await asked(cast, cast.samira)
    await answer_request(actor=cast.odile, request_id=request, agree=True, version=1, now=NOON)


async def pointing_to(member_id: int) -> set[str]:
    """Columns in which this member stands."""
    return {
        f"{table}.{column}"
        for table, columns in PEOPLE.items()
        for column in columns
        if await run(f"select 1 as one from {table} where {column} = {{}} limit 1", member_id)
    }


async def test_all_of_it_is_in_ones_copy(cast: Cast) -> None:
    await a_life(cast)
    purchases, requests = await own_data.export_of(cast.odile)
    assert [row["what"] for row in purchases.rows] == ["Carottes et lentilles"] * 2
    assert [row["pictures"] for row in purchases.rows] == [1, 0]
    assert {row["payee"] for row in purchases.rows} == {"Odile Martin"}
    assert [row["reason"] for row in purchases.rows] == ["", "En double"]
    assert [row["what"] for row in requests.rows] == ["Du café"]
    for table in (purchases, requests):
        for row in table.rows:
            assert set(row) == set(table.columns)
    assert [len(table.rows) for table in await own_data.export_of(cast.karim)] == [0, 0]


async def test_erased_the_accounts_stay_and_lead_to_nobody(cast: Cast) -> None:
    await a_life(cast)
    before = await lines()
    everywhere = {f"{table}.{column}" for table, columns in PEOPLE.items() for column in columns}
    assert await pointing_to(cast.odile) == everywhere  # the control: there is something to forget in each
    for _ in range(2):
        async with transaction():
            await own_data.erase(Erasure(cast.odile, "Odile", "une personne partie", NOON))
    assert await pointing_to(cast.odile) == set()
    assert await lines() == before
    names = [row["name"] for row in await run("select name from payee order by id")]
    assert names == ["Odile Martin", "Rosa"]
    assert [row["why"] for row in await run("select why from budget_request where member_id is null")] == [""]


async def test_whoever_leaves_is_told_what_stays_and_what_is_owed(cast: Cast) -> None:
    assert not (await own_data.leaving(cast.odile, NOON)).then
    await a_life(cast)
    told = await own_data.leaving(cast.odile, NOON)
    assert not told.first
    assert len(told.then) == 3
    rosa = await own_data.leaving(cast.rosa, NOON)
    assert ["pas encore remboursé" in each.msgid for each in rosa.then] == [False]


async def test_ten_years_after_its_year_names_and_receipts_go_and_sums_stay(cast: Cast) -> None:
    await a_life(cast)
    before = await lines()
    year = local_day(NOON).year
    last_day = datetime(year + 10, 12, 31, 12, tzinfo=UTC)
    assert await jobs.forget_after_ten_years(last_day) == 0
    assert [row["name"] for row in await run("select name from payee order by id")] == ["Odile Martin", "Rosa"]
    assert await jobs.forget_after_ten_years(last_day + timedelta(days=1)) == 3
    assert await jobs.forget_after_ten_years(last_day + timedelta(days=1)) == 0
    assert await run("select id from receipt") == []
    assert {row["name"] for row in await run("select name from payee")} == {""}
    assert await pointing_to(cast.odile) == {"budget_request.member_id", "budget_request.answered_by"}
    assert await lines() == before


async def test_who_bought_something_since_stays_known(cast: Cast) -> None:
    await bought(cast.rosa, cast)
    later = datetime(local_day(NOON).year + 11, 1, 1, 12, tzinfo=UTC)
    await bought(cast.rosa, cast, bought_on=local_day(later), now=later)
    await jobs.forget_after_ten_years(later)
    assert await run("select name, member_id from payee") == [{"name": "Rosa", "member_id": cast.rosa}]
    rows = await run("select written_by from purchase order by id")
    assert [row["written_by"] for row in rows] == [None, cast.rosa]


async def test_a_year_after_its_answer_nobody_knows_who_asked(cast: Cast) -> None:
    answer: dict[str, Any] = {"actor": cast.rosa, "agree": False, "reason": "Non", "version": 1, "now": NOON}
    await answer_request(request_id=await asked(cast, cast.samira), **answer)
    still_open = await asked(cast, cast.samira)
    assert await jobs.forget_who_asked(NOON + timedelta(days=365)) == 0
    assert await jobs.forget_who_asked(NOON + timedelta(days=366)) == 1
    rows = await run("select id, answered_by from budget_request where member_id is not null")
    assert [row["id"] for row in rows] == [still_open]
