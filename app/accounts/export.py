"""A place's accounts as a table for the association's accounting: CSV (RFC 4180) as spreadsheets in France open it.

What people brought is what every member may read of it (`Domain.takings`), so that this file and the page, one before
the other or beside it, tell no more than either. What is bought, given back, brought to the bank and corrected is told
line by line, by number and without anybody's name.

Stripe's fees are not in it: each is a share of what one person paid, so their sum would tell, beside the sums of what
was paid, of whatever is in one and not in the other. Stripe's own invoice says them, once a month. What Stripe pays out
stands on the bank's statement, and here where the installation has one place only: it is of the whole account.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.accounts import spending
from app.accounts.rules import ACCOUNT_OF
from app.accounts.states import Account, LedgerKind, PaidFrom, Spending
from app.clock import day_start, local_day
from app.contracts import Taking
from app.database import run
from app.i18n import Language, Text, text

LONGEST = 3 * 366
"""Days in one file."""
BOM = "\ufeff"
"""By which spreadsheets know UTF-8."""

HEADS = (
    text("Date"),
    text("Quoi"),
    text("Libellé"),
    text("Poste"),
    text("Repas"),
    text("Compte"),
    text("Montant"),
    text("Numéro"),
)
TAKEN, BOUGHT, BACK, DEPOSITED = text("Apporté"), text("Achat"), text("Remboursement"), text("Boîte et banque")
CORRECTED, PAID_OUT = text("Correction"), text("Versement de Stripe")
ACCOUNTS = {
    Account.BOX: text("Boîte"),
    Account.BANK: text("Banque"),
    Account.STRIPE: text("Stripe"),
    Account.OWED: text("Avancé par quelqu’un"),
}
SPENT_ON = {
    Spending.FOOD: text("Nourriture"),
    Spending.ROOM: text("Salle"),
    Spending.COFFEE: text("Café"),
    Spending.MATERIAL: text("Matériel"),
    Spending.OTHER: text("Autre"),
}

FORMULA = re.compile(
    r"[\s\x00-\x1f\x7f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff'\"]*[=+\-@＝＋－＠﹢﹣﹦﹫−]"
)
"""What a spreadsheet may take for a formula: after spaces, tabs, line ends and what is not seen, also full-width."""
OPENS = re.compile(r"[\t\r\n\x00]")
"""OWASP: a cell does not begin with these either, whatever follows."""

Takings = Sequence[Callable[[int, date, date], Awaitable[Sequence[Taking]]]]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file, before it is said."""

    day: date
    what: Text
    words: str
    spending: Text | None
    thing: str
    account: Account
    cents: int
    number: str


def harmless(words: str) -> str:
    """The words as a cell that no spreadsheet computes: after an apostrophe where they might be a formula."""
    return f"'{words}" if FORMULA.match(words) or OPENS.match(words) else words


def amount(cents: int) -> str:
    """« -12,50 »: a number, in France."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100},{abs(cents) % 100:02}"


def written(lines: Iterable[Line], lang: Language) -> str:
    """The file."""
    out = io.StringIO()
    out.write(BOM)
    table = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    table.writerow([lang.say(head) for head in HEADS])
    for line in lines:
        said = (
            lang.say(line.what),
            line.words,
            lang.say(line.spending) if line.spending is not None else "",
            line.thing,
            lang.say(ACCOUNTS[line.account]),
        )
        table.writerow(
            [line.day.isoformat(), *(harmless(each) for each in said), amount(line.cents), harmless(line.number)]
        )
    return out.getvalue()


async def lines_of(place_id: int, from_day: date, to_day: date, *, takings: Takings, lang: Language) -> list[Line]:
    """All lines of a place from the first day to the last, both included, by day. As many questions however many."""
    found = [
        *await _taken(place_id, from_day, to_day, takings, lang),
        *await _bought(place_id, from_day, to_day),
        *await _given_back(place_id, from_day, to_day),
        *await _moved(place_id, from_day, to_day),
        *await _paid_out(from_day, to_day),
    ]
    return sorted(found, key=lambda line: line.day)


async def _taken(place_id: int, from_day: date, to_day: date, takings: Takings, lang: Language) -> list[Line]:
    together = lang.say(text("Plusieurs repas, comptés ensemble"))
    return [
        Line(
            taking.day,
            TAKEN,
            "" if taking.title else together,
            None,
            taking.title,
            Account(taking.account),
            taking.cents,
            "",
        )
        for of in takings
        for taking in await of(place_id, from_day, to_day)
    ]


async def _bought(place_id: int, from_day: date, to_day: date) -> list[Line]:
    rows = await run(
        "select id, bought_on, what, spending, cents, paid_from, about, about_id from purchase "
        "where place_id = {} and bought_on >= {} and bought_on <= {} order by bought_on, id",
        place_id,
        from_day,
        to_day,
    )
    named = await spending.named((row["about"], row["about_id"]) for row in rows if row["about_id"] is not None)
    titles = {key: thing.title for key, thing in named.items()}
    return [
        Line(
            row["bought_on"],
            BOUGHT,
            row["what"],
            SPENT_ON[Spending(row["spending"])],
            titles.get((row["about"], row["about_id"]), ""),
            ACCOUNT_OF[PaidFrom(row["paid_from"])],
            -row["cents"],
            _purchase(row["id"]),
        )
        for row in rows
    ]


async def _given_back(place_id: int, from_day: date, to_day: date) -> list[Line]:
    rows = await run(
        "select id, purchase_id, cents, paid_from, paid_on from reimbursement "
        "where place_id = {} and paid_on >= {} and paid_on <= {} order by paid_on, id",
        place_id,
        from_day,
        to_day,
    )
    return [
        Line(row["paid_on"], BACK, "", None, "", account, cents, _purchase(row["purchase_id"]))
        for row in rows
        for account, cents in ((Account(row["paid_from"]), -row["cents"]), (Account.OWED, row["cents"]))
    ]


_MOVED = """
with recursive rooted (id, root) as (
    select l.id, l.corrects from ledger_line l
    where l.place_id = {} and l.at >= {} and l.at < {} and l.kind = 'correction'
    union all select r.id, l.corrects from rooted r join ledger_line l on l.id = r.root where l.corrects is not null)
select l.id, l.at, l.kind, l.account, l.cents, l.words, l.corrects, root.kind as root_kind, root.ref as root_ref
from ledger_line l
left join rooted r on r.id = l.id left join ledger_line root on root.id = r.root and root.corrects is null
where l.place_id = {} and l.at >= {} and l.at < {} and l.account in ('box', 'bank', 'owed')
  and (l.kind = 'deposit' or (l.kind = 'correction' and root.kind <> 'cash'))
order by l.id
"""
"""What was counted anew is part of what people brought: it is told when it may be (`Domain.takings`)."""


async def _moved(place_id: int, from_day: date, to_day: date) -> list[Line]:
    span = place_id, day_start(from_day), day_start(to_day + timedelta(days=1))
    rows = await run(_MOVED, *span, *span)
    return [
        Line(
            local_day(row["at"]),
            DEPOSITED if row["kind"] == LedgerKind.DEPOSIT else CORRECTED,
            row["words"],
            None,
            "",
            Account(row["account"]),
            row["cents"],
            _about(row),
        )
        for row in rows
    ]


async def _paid_out(from_day: date, to_day: date) -> list[Line]:
    (places,) = await run("select count(*) as n from place")
    if places["n"] != 1:
        return []
    rows = await run(
        "select at, cents, ref from ledger_line where place_id is null and at >= {} and at < {} "
        "and kind in ('payout', 'payout_failed') order by id",
        day_start(from_day),
        day_start(to_day + timedelta(days=1)),
    )
    return [
        Line(local_day(row["at"]), PAID_OUT, "", None, "", account, cents, row["ref"])
        for row in rows
        for account, cents in ((Account.STRIPE, row["cents"]), (Account.BANK, -row["cents"]))
    ]


def _purchase(number: int) -> str:
    return f"A{number}"


def _about(row: Row) -> str:
    """The number of the purchase that a correction is of."""
    kind, _, rest = (row["root_ref"] or "").partition("-")
    number = rest.partition("-")[0]
    return _purchase(int(number)) if kind == "purchase" and number.isdecimal() else ""
