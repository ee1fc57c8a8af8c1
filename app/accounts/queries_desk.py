"""The desk of whoever keeps the accounts: where the money is, what waits, and the lines that can be mended."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from app.accounts import rules, spending
from app.accounts.queries import Row, balances, chain_of, purchases_of
from app.accounts.queries_purchases import (
    PurchaseLine,
    kept_place,
    last_purchases,
    to_give_back,
)
from app.accounts.queries_requests import amount_written, open_requests
from app.accounts.states import Account, LedgerKind
from app.accounts.wording import LINES
from app.database import run
from app.errors import NotFound
from app.i18n import Language, Text, language, text, text_n
from app.identity.visits import Visit

OWED_SHOWN = 100
LAST_SHOWN = 12
LINES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class BoxLine:
    """A movement of the box."""

    id: int
    what: str
    when: str
    amount: str
    corrected: bool
    href: str


@dataclass(frozen=True, slots=True)
class Leaves:
    """Which page of each list of the desk is open, from 1."""

    box: int = 1
    purchases: int = 1

    def href(self, part: str, **opened: int) -> str:
        """The desk with another page of one of them, at that part of it."""
        other = replace(self, **opened)
        query = {"boite": other.box, "achats": other.purchases}
        asked = urlencode({name: number for name, number in query.items() if number > 1})
        return f"/comptes{'?' if asked else ''}{asked}#{part}"


@dataclass(frozen=True, slots=True)
class Turning:
    """The way to newer and to older ones; empty where there are none."""

    newer_href: str = ""
    older_href: str = ""


@dataclass(frozen=True, slots=True)
class DeskPage:
    """`/comptes`."""

    place_name: str
    box: str
    owed: str
    stripe: str
    to_give_back: Sequence[tuple[PurchaseLine, str]]
    requests: str
    """How many wait, in words; nothing when none does."""
    last: Sequence[PurchaseLine]
    turn_last: Turning
    lines: Sequence[BoxLine]
    turn_lines: Turning
    once: str
    values: Mapping[str, Any]
    errors: Mapping[str, Text]


@dataclass(frozen=True, slots=True)
class LinePage:
    """A movement of the box, to be mended."""

    id: int
    what: str
    when: str
    amount: str
    corrections: Sequence[tuple[str, str, str]]
    """Day, by how much, why."""
    seen: int
    value: str
    values: Mapping[str, Any]
    errors: Mapping[str, Text]


async def desk_page(
    visit: Visit,
    *,
    leaves: Leaves | None = None,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
    once: str = "",
) -> DeskPage:
    """Raises `NotFound`, `Forbidden`. Costs the same number of questions however much was bought."""
    place_id, name = await kept_place(visit)
    lang = language(visit.language)
    held = await balances(place_id)
    waiting = await open_requests(place_id)
    at = leaves or Leaves()
    last = await last_purchases(place_id, lang, most=LAST_SHOWN + 1, skipped=(at.purchases - 1) * LAST_SHOWN)
    lines = await _box_lines(place_id, lang, most=LINES_SHOWN + 1, skipped=(at.box - 1) * LINES_SHOWN)
    return DeskPage(
        place_name=name,
        box=lang.euros(held.box),
        owed=lang.euros(held.owed),
        stripe=lang.euros(await _at_stripe()),
        to_give_back=await to_give_back(place_id, lang, most=OWED_SHOWN),
        requests=lang.say(text_n("%(n)s demande attend une réponse", "%(n)s demandes attendent une réponse", waiting))
        if waiting
        else "",
        last=last[:LAST_SHOWN],
        turn_last=Turning(
            at.href("achats", purchases=at.purchases - 1) if at.purchases > 1 else "",
            at.href("achats", purchases=at.purchases + 1) if len(last) > LAST_SHOWN else "",
        ),
        lines=lines[:LINES_SHOWN],
        turn_lines=Turning(
            at.href("boite", box=at.box - 1) if at.box > 1 else "",
            at.href("boite", box=at.box + 1) if len(lines) > LINES_SHOWN else "",
        ),
        once=once or secrets.token_urlsafe(16),
        values=values or {},
        errors=errors or {},
    )


PAYMENTS_TOGETHER = 5
"""Nobody learns what fewer paid, not even by reading a sum twice."""
_AT_STRIPE = """
select coalesce(sum(cents), 0) as cents from ledger_line where account = {} and id <= coalesce((
    select id from ledger_line where kind = {}
    order by id desc limit 1 offset (select count(*) % {} from ledger_line where kind = {})
), 0)
"""


async def _at_stripe() -> int:
    """What Stripe held for the association, of all its places, when the last full five payments were in: what it pays
    out is of no place."""
    payment = LedgerKind.PAYMENT.value
    rows = await run(_AT_STRIPE, Account.STRIPE.value, payment, PAYMENTS_TOGETHER, payment)
    return int(rows[0]["cents"])


async def _box_lines(place_id: int, lang: Language, *, most: int, skipped: int) -> list[BoxLine]:
    """The last movements of the box but for so many, with what they come to now. What was bought or given back is
    mended on the page of its purchase, what two people counted or brought to the bank on its own."""
    rows = await run(
        "with recursive last (id, root, cents) as ("
        "select id, id, cents from (select id, cents from ledger_line where place_id = {} and account = {} "
        "and kind in ({}, {}, {}, {}) order by at desc, id desc limit {} offset {}) lately "
        "union all select l.id, p.root, l.cents from ledger_line l join last p on l.corrects = p.id) "
        "select r.id, r.kind, r.ref, r.cents as first, r.at, r.about, r.about_id, sum(p.cents) as cents, count(*) as n "
        "from last p join ledger_line r on r.id = p.root "
        "group by r.id, r.kind, r.ref, r.cents, r.at, r.about, r.about_id order by r.at desc, r.id desc",
        place_id,
        Account.BOX.value,
        LedgerKind.CASH.value,
        LedgerKind.DEPOSIT.value,
        LedgerKind.PURCHASE.value,
        LedgerKind.REIMBURSEMENT.value,
        most,
        skipped,
    )
    bought = await purchases_of([row["ref"] for row in rows])
    things = await spending.named((row["about"], row["about_id"]) for row in rows if row["about_id"] is not None)
    return [
        BoxLine(
            row["id"],
            _what(row, things.get((row["about"], row["about_id"] or 0)), lang, bought.get(row["ref"])),
            lang.date(row["at"]),
            _moved(int(row["cents"]), lang),
            row["n"] > 1,
            f"/comptes/achats/{bought[row['ref']]['id']}" if row["ref"] in bought else f"/comptes/lignes/{row['id']}",
        )
        for row in rows
    ]


def _what(row: Row, thing: Any, lang: Language, bought: Row | None = None) -> str:
    kind = LedgerKind(row["kind"])
    if bought is not None:
        words = bought["what"]
        if kind is LedgerKind.PURCHASE:
            return lang.say(text("Acheté : %(what)s", what=words))
        return lang.say(text("Remboursé : %(what)s", what=words))
    if kind is LedgerKind.DEPOSIT:
        to_bank = row["first"] < 0
        return lang.say(text("Porté à la banque")) if to_bank else lang.say(text("Retiré de la banque"))
    if thing is None:
        return lang.say(LINES[kind])
    return lang.say(text("Boîte comptée : %(thing)s", thing=thing.title))


def _moved(cents: int, lang: Language) -> str:
    if not cents:
        return lang.euros(0)
    return f"+ {lang.euros(cents)}" if cents > 0 else f"− {lang.euros(-cents)}"


async def line_page(
    visit: Visit,
    line_id: int,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> LinePage:
    """A movement of the box that can be mended. Raises `Forbidden` for whoever does not keep the accounts, whatever the
    number: which lines there are tells when somebody paid. Raises `NotFound` for any other line."""
    place_id, _ = await kept_place(visit)
    chain = await chain_of(line_id)
    if not chain or chain[0]["place_id"] != place_id:
        raise NotFound
    first = chain[0]
    if not rules.correctable(LedgerKind(first["kind"])) or first["account"] != Account.BOX:
        raise NotFound
    lang = language(visit.language)
    things = await spending.named([(first["about"], first["about_id"])] if first["about_id"] is not None else [])
    comes_to = sum(line["cents"] for line in chain)
    return LinePage(
        id=first["id"],
        what=_what({**first, "first": first["cents"]}, things.get((first["about"], first["about_id"] or 0)), lang),
        when=lang.date(first["at"]),
        amount=lang.euros(abs(comes_to)),
        corrections=[(lang.date(line["at"]), _moved(line["cents"], lang), line["words"]) for line in chain[1:]],
        seen=chain[-1]["id"],
        value=amount_written(comes_to),
        values=values or {},
        errors=errors or {},
    )


async def signed_amount(line_id: int, cents: int) -> int:
    """What is written without a sign, with the sign of the line: what left the box is below nothing."""
    chain = await chain_of(line_id)
    return -cents if chain and chain[0]["cents"] < 0 else cents
