"""What the check says of purchases, what is given back, deposits and corrections: nothing while all is well, and each
thing that was tampered with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.accounts import checks, spending
from app.accounts.commands import correct_line, deposit, give_back, strike_purchase, undo_give_back
from app.accounts.domain import DOMAIN
from app.accounts.rules import kept_from
from app.accounts.states import PaidFrom
from app.clock import local_day
from app.contracts import Difference
from app.database import Store, run
from app.main import REGISTRY
from tests.app.accounts.shopping import bought, fill_box, once, one_more_keeper
from tests.client import NOON
from tests.meals.make import make_meal
from tests.people import Cast, make_cast
from tests.tampering import tamper, tampered


@pytest.fixture
async def year(db: Store) -> Cast:
    """Counted boxes, one of them corrected twice; bought from the box, with the card, by people; given back, undone,
    given back again; struck out; brought to the bank, fetched from there, and mended."""
    spending.know(REGISTRY.spends)
    cast = await make_cast()
    meal = await make_meal(place_id=cast.place, opener=cast.odile)
    await one_more_keeper(cast, cast.aicha)
    box = await fill_box(cast, 20_000)
    await correct_line(actor=cast.rosa, line_id=box, cents=19_000, reason="Recompté.", now=NOON)
    await correct_line(actor=cast.rosa, line_id=box, cents=19_500, reason="Encore.", now=NOON)
    await bought(cast.rosa, cast, cents=1500, paid_from=PaidFrom.BOX)  # 1
    await bought(cast.rosa, cast, cents=2500, paid_from=PaidFrom.BANK)  # 2
    advanced = await bought(cast.odile, cast, meal=meal, cents=3500)  # 3
    twice = await bought(cast.odile, cast, meal=meal, cents=4500)  # 4
    struck = await bought(cast.odile, cast, meal=meal, cents=5500)  # 5
    await bought(cast.odile, cast, meal=meal, cents=6500)  # 6, owed still
    back: dict[str, Any] = {"actor": cast.rosa, "now": NOON}
    await give_back(purchase_id=advanced, paid_from=PaidFrom.BOX, once=once(), **back)  # 1
    undone = await give_back(purchase_id=twice, paid_from=PaidFrom.BANK, once=once(), **back)  # 2
    await undo_give_back(reimbursement_id=undone, **back)
    await give_back(purchase_id=twice, paid_from=PaidFrom.BOX, once=once(), **back)  # 3
    await strike_purchase(purchase_id=struck, reason="Deux fois.", **back)
    await deposit(place_id=cast.place, cents=5000, once=once(), **back)
    await deposit(place_id=cast.place, cents=1000, once=once(), fetched=True, **back)
    (line,) = await run("select min(id) as id from ledger_line where kind = 'deposit' and account = 'box'")
    await correct_line(line_id=line["id"], cents=-4800, reason="Un billet de moins.", **back)
    return cast


async def here() -> list[Difference]:
    return list(await checks.differences(NOON))


A_LINE = (
    "insert into ledger_line (place_id, account, kind, ref, cents, at, corrects, words) "
    "select place_id, {account}, '{kind}', '{ref}', {cents}, at, {corrects}, '' from ledger_line where ref = '{of}'"
)


def a_line(
    kind: str, ref: str, *, of: str, account: str = "account", cents: str = "-100", corrects: str = "null"
) -> str:
    """One made up, at the place of another."""
    return A_LINE.format(kind=kind, ref=ref, of=of, account=account, cents=cents, corrects=corrects)


DEPOSIT = "select ref from ledger_line where kind = 'deposit' and account = 'box' order by id limit 1"
TAMPERED = [
    ("purchase_line", "update ledger_line set cents = cents - 1 where ref = 'purchase-1'"),
    ("purchase_line", "update ledger_line set account = 'bank' where ref = 'purchase-1'"),
    ("purchase_line", "update ledger_line set about_id = 77 where ref = 'purchase-3'"),
    ("purchase_line", "delete from ledger_line where ref = 'purchase-2'"),
    ("purchase_line", "update purchase set cents = cents + 1 where id = 2"),
    ("purchase_line", "update purchase set struck_at = written_at where id = 2"),
    ("purchase_line", "update purchase set struck_at = null where id = 5"),
    ("purchase_line", "update ledger_line set cents = 1 where kind = 'correction' and cents = 5500"),
    ("reimbursement_line", "update ledger_line set cents = cents + 1 where ref = 'reimbursement-1'"),
    ("reimbursement_line", "update ledger_line set account = 'bank' where ref = 'reimbursement-1'"),
    ("reimbursement_line", "delete from ledger_line where ref = 'reimbursement-1'"),
    ("reimbursement_line", "update reimbursement set undone_at = paid_at where id = 1"),
    ("reimbursement_owed", "update ledger_line set cents = cents - 1 where ref = 'reimbursement-1-owed'"),
    ("reimbursement_owed", "delete from ledger_line where ref = 'reimbursement-3-owed'"),
    ("reimbursement", "update reimbursement set cents = cents - 1 where id = 1"),
    ("reimbursement", "update purchase set struck_at = written_at where id = 3"),
    ("owed", "update ledger_line set cents = cents + 500 where ref = 'purchase-6'"),
    ("owed", "delete from ledger_line where ref = 'reimbursement-1-owed'"),
    ("owed", a_line("purchase", "purchase-99", of="purchase-6")),
    ("deposit", f"update ledger_line set cents = cents - 1 where ref in ({DEPOSIT})"),
    ("deposit", "delete from ledger_line where kind = 'correction' and account = 'bank' and cents = -200"),
    ("deposit", a_line("deposit", "deposit-alone", of="purchase-1")),
    ("deposit", a_line("deposit", "deposit-alone-bank", of="purchase-2")),
    ("correction", "update ledger_line set corrects = null where kind = 'correction'"),
    ("correction", "update ledger_line set account = 'bank' where kind = 'correction' and cents = -1000"),
    ("correction", "update ledger_line set ref = 'correction-0' where kind = 'correction' and cents = -1000"),
    ("correction", a_line("correction", "correction-alone", of="purchase-1")),
    ("account", a_line("deposit", "deposit-owed", of="purchase-6")),
    ("account", a_line("cash", "meal-77", of="purchase-2")),
    ("account", a_line("payout", "po_box", of="purchase-1")),
    ("account", "update ledger_line set place_id = null where ref = 'purchase-1'"),
    ("box", a_line("purchase", "purchase-98", of="purchase-1", cents="-50000")),
    ("purchase_of_nothing", a_line("purchase", "purchase-97", of="purchase-1")),
    ("reimbursement_of_nothing", a_line("reimbursement", "reimbursement-97", of="reimbursement-1")),
    ("reimbursement_of_nothing", a_line("reimbursement", "reimbursement-97-owed", of="reimbursement-1-owed")),
]


async def test_all_is_well_and_each_thing_that_was_tampered_with_is_named(year: Cast) -> None:
    assert await here() == [], "the control"
    for what, statement in TAMPERED:
        found = await tampered(here, statement)
        assert what in {each.what for each in found}, statement
        assert all(each.about and each.words for each in found)
    assert await here() == [], "all was undone"


def test_each_sort_of_difference_is_tampered_with() -> None:
    known = {what for what, _, _ in (*checks._COMPARED, *checks._OF_NOTHING)}
    assert {what for what, _ in TAMPERED} == known
    assert DOMAIN.checks is checks.differences


async def test_a_difference_says_where_and_how_much(year: Cast) -> None:
    await tamper("update ledger_line set cents = -1400 where ref = 'purchase-1'")
    (found,) = await here()
    assert (found.what, found.about, found.expected_cents, found.found_cents) == (
        "purchase_line",
        "purchase-1",
        -1500,
        -1400,
    )
    assert found.place_id == year.place


async def test_what_is_not_kept_any_more_leaves_lines_of_nothing(year: Cast) -> None:
    """Ten years on purchases are forgotten, and the ledger is not."""
    await tamper(a_line("purchase", "purchase-96", of="purchase-2"))
    assert {each.what for each in await here()} == {"purchase_of_nothing"}
    later = NOON + timedelta(days=11 * 366)
    assert kept_from(local_day(later)) > local_day(NOON)
    assert list(await checks.differences(later)) == []


async def test_it_asks_a_fixed_number_of_questions(year: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def counted(sql: str, *args: object) -> list[dict[str, object]]:
        asked.append(sql)
        return await run(sql, *args)

    monkeypatch.setattr(checks, "run", counted)
    await here()
    assert len(asked) == len(checks._COMPARED) + len(checks._OF_NOTHING)
