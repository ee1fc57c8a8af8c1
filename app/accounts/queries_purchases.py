"""Purchases as they are read: by whoever wrote them down or advanced them, and by whoever keeps the accounts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts import rules, spending
from app.accounts.queries import Row
from app.accounts.rules import Buyer
from app.accounts.states import AccountsRefusal, PaidFrom, RequestState, Spending
from app.accounts.wording import PAID_FROMS, SENTENCES, SPENDINGS
from app.clock import local_day
from app.database import run
from app.errors import Forbidden, NotFound
from app.i18n import Language, Text, language, text
from app.identity.api import Here, here_at, holders_of
from app.identity.states import Act
from app.identity.visits import Visit
from app.web.forms import placed

SHOWN = 60
"""Purchases of one list."""

Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """A purchase among others."""

    id: int
    what: str
    words: str
    """Amount, day, what for."""
    state: tuple[str, str]
    """Icon and words: what becomes of the money."""
    owed: bool


@dataclass(frozen=True, slots=True)
class PurchasesPage:
    """What one bought."""

    place_name: str
    lines: Sequence[PurchaseLine]
    may_buy: bool


@dataclass(frozen=True, slots=True)
class BuyPage:
    """The form for a purchase."""

    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    """`form`: of the whole, or of a field that this person is not asked."""
    once: str
    things: Sequence[Option]
    spendings: Sequence[Option]
    """Nothing where there is one only."""
    paid_froms: Sequence[Option]
    """Nothing where one advances it."""
    request: str
    """What was asked for, in words, if it is for that."""
    keeper: bool
    pictures_lost: bool
    """Pictures were sent with a form that comes back: browsers keep none."""


@dataclass(frozen=True, slots=True)
class ReceiptSeen:
    """A picture of the receipt."""

    href: str
    width: int
    height: int
    words: str


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """One purchase."""

    id: int
    what: str
    amount: str
    facts: Sequence[tuple[str, str, str]]
    thing: Option | None
    """Address and title of what it was for."""
    state: tuple[str, str]
    reason: str
    receipts: Sequence[ReceiptSeen]
    may_add: bool
    may_strike: bool
    may_give_back: bool
    why_not: str
    """Why whoever keeps the accounts gives nothing back here, in a sentence."""
    reimbursement: int
    """The one that may be undone; 0 for none."""
    froms: Sequence[Option]
    once: str
    keeper: bool
    errors: Mapping[str, Text]
    values: Mapping[str, Any]


def who_of(here: Here) -> Buyer:
    """Who this is to the accounts of the place."""
    return Buyer(here.belongs, here.mediator, Act.KEEP_ACCOUNTS in here.acts)


async def here_of_place(visit: Visit) -> tuple[int, str, Here]:
    """The place of the visit, its name, and who they are there. Raises `NotFound` for whoever is no member of it."""
    if visit.place is None:
        raise NotFound
    here = await here_at(visit, visit.place.id)
    if not here.belongs:
        raise NotFound
    return visit.place.id, visit.place.name, here


async def kept_place(visit: Visit) -> tuple[int, str]:
    """The place of the visit, for whoever keeps its accounts. Raises `NotFound`, `Forbidden`."""
    place_id, name, here = await here_of_place(visit)
    refusal = rules.why_not_keeper(who_of(here))
    if refusal is not None:
        raise Forbidden(refusal)
    return place_id, name


# ------------------------------------------------------------------------------------------------------------ the form


async def buy_page(
    visit: Visit,
    *,
    about_id: int | None = None,
    request_id: int | None = None,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
    once: str = "",
    pictures_lost: bool = False,
) -> BuyPage:
    """The form, for whoever has something to buy here. Raises `Forbidden` for others."""
    assert visit.member is not None
    place_id, _, here = await here_of_place(visit)
    who = who_of(here)
    if (refusal := rules.why_not_here(who)) is not None:
        raise Forbidden(refusal)
    lang = language(visit.language)
    wanted = await _agreed(request_id, place_id, visit.member.id, keeper=who.keeper)
    things = [] if wanted else await spending.near(place_id, None if who.keeper else visit.member.id, visit.now)
    if not who.keeper and not things and wanted is None:
        raise Forbidden(AccountsRefusal.MAY_NOT_BUY)
    options = [(str(thing.thing_id), f"{thing.title}, {lang.day(thing.starts_at)}") for _, thing in things]
    chosen = str(about_id or "") if str(about_id) in dict(options) else options[0][0] if len(options) == 1 else ""
    start = {
        "meal": chosen,
        "spending": Spending.FOOD.value,
        "bought_on": local_day(visit.now).isoformat(),
        "paid_from": PaidFrom.MEMBER.value,
        "what": wanted["what"] if wanted else "",
        "payee": await _payee_name(place_id, visit.member.id) or visit.member.name,
        "request": str(wanted["id"]) if wanted else "",
    }
    spendings = [(each.value, lang.say(SPENDINGS[each])) for each in Spending] if who.keeper and not wanted else []
    paid_froms = [(each.value, lang.say(words)) for each, words in PAID_FROMS.items()] if who.keeper else []
    asked = {"meal": options, "spending": spendings, "paid_from": paid_froms}
    return BuyPage(
        values={**start, **(values or {}), "request": start["request"]},
        errors=placed(errors, missing=[name for name, options in asked.items() if not options]),
        once=once or secrets.token_urlsafe(16),
        things=options,
        spendings=spendings,
        paid_froms=paid_froms,
        request=wanted["what"] if wanted else "",
        keeper=who.keeper,
        pictures_lost=pictures_lost,
    )


async def refuse_pictures(visit: Visit) -> None:
    """Before any picture is decoded, which costs a processor: raises `Forbidden` for whoever has nothing to buy here,
    and had not. What they may buy is asked by the command."""
    assert visit.member is not None
    place_id, _, here = await here_of_place(visit)
    who = who_of(here)
    if (refusal := rules.why_not_here(who)) is not None:
        raise Forbidden(refusal)
    if who.keeper or await spending.near(place_id, visit.member.id, visit.now):
        return
    agreed = await run(
        "select 1 as one from budget_request where place_id = {} and member_id = {} and state in ({}, {}) limit 1",
        place_id,
        visit.member.id,
        RequestState.AGREED.value,
        RequestState.BOUGHT.value,  # by the very form that comes once more
    )
    if not agreed:
        raise Forbidden(AccountsRefusal.MAY_NOT_BUY)


async def _agreed(request_id: int | None, place_id: int, member_id: int, *, keeper: bool) -> Row | None:
    if request_id is None:
        return None
    rows = await run(
        "select * from budget_request where id = {} and place_id = {} and state = {}",
        request_id,
        place_id,
        RequestState.AGREED.value,
    )
    return rows[0] if rows and (keeper or rows[0]["member_id"] == member_id) else None


async def _payee_name(place_id: int, member_id: int) -> str:
    rows = await run("select name from payee where place_id = {} and member_id = {}", place_id, member_id)
    return rows[0]["name"] if rows else ""


# ---------------------------------------------------------------------------------------------------------- one of them


_SELECT = (
    "select p.*, y.name as payee, y.member_id as payee_member, r.id as back_id, r.paid_on, r.paid_from as back_from "
    "from purchase p left join payee y on y.id = p.payee_id "
    "left join reimbursement r on r.purchase_id = p.id and r.undone_at is null "
)


async def purchase_row(visit: Visit, purchase_id: int) -> tuple[Row, Buyer]:
    """The purchase, if this person may read it. Raises `NotFound`."""
    assert visit.member is not None
    rows = await run(_SELECT + "where p.id = {}", purchase_id)
    if not rows:
        raise NotFound
    row, here = rows[0], await here_at(visit, rows[0]["place_id"])
    who = who_of(here)
    theirs = visit.member.id in (row["written_by"], row["payee_member"])
    if not who.member or not (theirs or who.keeper):
        raise NotFound
    return row, who


async def purchase_page(
    visit: Visit,
    purchase_id: int,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, Text] | None = None,
) -> PurchasePage:
    """One purchase, with what may be done about it."""
    row, who = await purchase_row(visit, purchase_id)
    assert visit.member is not None
    lang = language(visit.language)
    receipts = await run("select rank, width, height from receipt where purchase_id = {} order by rank", purchase_id)
    thing = (await spending.named([(row["about"], row["about_id"])])).get((row["about"], row["about_id"] or 0))
    wrote = row["written_by"] == visit.member.id
    struck, back = row["struck_at"] is not None, row["back_id"] is not None
    owed = row["paid_from"] == PaidFrom.MEMBER and not struck and not back
    own = visit.member.id == (row["payee_member"] or row["written_by"])
    why_not = None
    if owed and own and who.keeper:
        keepers = await holders_of(row["place_id"], Act.KEEP_ACCOUNTS, visit.now)
        why_not = AccountsRefusal.OWN_MONEY if [each for each in keepers if each.id != visit.member.id] else None
    may_add = not struck and len(receipts) < rules.MOST_PICTURES and (wrote or who.keeper) and not who.mediator
    may_strike = not struck and not back and (wrote or who.keeper) and not who.mediator
    may_give_back = owed and who.keeper and not who.mediator and why_not is None
    asked = {"receipt": may_add, "reason": may_strike, "paid_from": may_give_back}
    facts = [
        ("calendar", lang.say(text("Acheté")), lang.date(row["bought_on"])),
        ("basket", lang.say(text("Pour")), lang.say(SPENDINGS[Spending(row["spending"])])),
        ("coin-euro", lang.say(text("Payé")), _paid(row, lang)),
    ]
    return PurchasePage(
        id=purchase_id,
        what=row["what"],
        amount=lang.euros(row["cents"]),
        facts=facts,
        thing=(thing.href, thing.title) if thing is not None else None,
        state=state_of(row, lang),
        reason=row["reason"],
        receipts=[
            ReceiptSeen(
                f"/comptes/achats/{purchase_id}/recu/{each['rank']}",
                each["width"],
                each["height"],
                lang.say(text("Photo %(n)s du ticket de caisse", n=number)),
            )
            for number, each in enumerate(receipts, start=1)
        ],
        may_add=may_add,
        may_strike=may_strike,
        may_give_back=may_give_back,
        why_not=lang.say(SENTENCES[why_not]) if why_not is not None else "",
        reimbursement=row["back_id"] if back and who.keeper else 0,
        froms=[
            (PaidFrom.BOX.value, lang.say(text("De la boîte"))),
            (PaidFrom.BANK.value, lang.say(text("De la banque, par virement ou chèque"))),
        ],
        once=secrets.token_urlsafe(16),
        keeper=who.keeper,
        errors=placed(errors, missing=[name for name, shown in asked.items() if not shown]),
        values=values or {},
    )


def _paid(row: Row, lang: Language) -> str:
    if row["paid_from"] == PaidFrom.MEMBER:
        return lang.say(text("Avancé par %(name)s", name=row["payee"] or "—"))
    return lang.say(PAID_FROMS[PaidFrom(row["paid_from"])])


def state_of(row: Row, lang: Language) -> tuple[str, str]:
    """What becomes of the money, as icon and words."""
    if row["struck_at"] is not None:
        return "x", lang.say(text("Rayé"))
    if row["paid_from"] != PaidFrom.MEMBER:
        return "check", lang.say(text("Payé par le lieu"))
    if row["back_id"] is not None:
        return "check", lang.say(text("Remboursé le %(day)s", day=lang.date(row["paid_on"])))
    return "hourglass", lang.say(text("À rembourser"))


def line_of(row: Row, lang: Language) -> PurchaseLine:
    """A line of a list."""
    icon, words = state_of(row, lang)
    what_for = lang.say(SPENDINGS[Spending(row["spending"])])
    said = f"{lang.euros(row['cents'])}, {lang.date(row['bought_on'])}, {what_for.lower()}"
    return PurchaseLine(row["id"], row["what"], said, (icon, words), icon == "hourglass")


async def purchases_page(visit: Visit) -> PurchasesPage:
    """What this person bought for the place, the latest first."""
    assert visit.member is not None
    place_id, name, here = await here_of_place(visit)
    rows = await run(
        _SELECT + "where p.place_id = {} and (p.written_by = {} or y.member_id = {}) "
        "order by p.bought_on desc, p.id desc limit {}",
        place_id,
        visit.member.id,
        visit.member.id,
        SHOWN,
    )
    lang = language(visit.language)
    who = who_of(here)
    may = who.keeper or bool(not who.mediator and await spending.near(place_id, visit.member.id, visit.now))
    return PurchasesPage(name, [line_of(row, lang) for row in rows], may)


async def last_purchases(place_id: int, lang: Language, *, most: int, skipped: int = 0) -> list[PurchaseLine]:
    """Those of everybody, for whoever keeps the accounts, without so many of the last."""
    rows = await run(
        _SELECT + "where p.place_id = {} order by p.bought_on desc, p.id desc limit {} offset {}",
        place_id,
        most,
        skipped,
    )
    return [line_of(row, lang) for row in rows]


async def to_give_back(place_id: int, lang: Language, *, most: int) -> list[tuple[PurchaseLine, str]]:
    """What was advanced and is owed, the oldest first, with the name of whoever advanced it."""
    rows = await run(
        _SELECT + "where p.place_id = {} and p.payee_id is not null and p.struck_at is null and r.id is null "
        "order by p.bought_on, p.id limit {}",
        place_id,
        most,
    )
    return [(line_of(row, lang), row["payee"]) for row in rows]
