"""What is bought: written down with its receipt, struck out when it should not be there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.accounts import rules, spending
from app.accounts.commands.parts import buyer_of, enter, known_by, place_of_row, refuse_if, request_moves
from app.accounts.ledger import add_counter_entry, add_line
from app.accounts.pictures import Picture
from app.accounts.queries import Row, box_cents, lines_named
from app.accounts.rules import ACCOUNT_OF, Buyer, PurchaseWords
from app.accounts.states import (
    REQUEST_MOVES,
    AccountsRefusal,
    LedgerKind,
    PaidFrom,
    RequestState,
    Spending,
)
from app.accounts.tables import BudgetRequest, Payee, Purchase, Receipt
from app.clock import local_day
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import who_is_here


@command
async def write_purchase(
    *,
    actor: int,
    place_id: int,
    words: PurchaseWords,
    once: str,
    pictures: Sequence[Picture] = (),
    now: datetime,
) -> int:
    """Write a purchase down, with its pictures; returns its id. The same form again is the same purchase."""
    key = known_by(actor, once)
    async with transaction():
        who = await enter(actor, place_id, now=now)
        again = await run("select id from purchase where once = {}", key)
        if again:
            return int(again[0]["id"])
        wanted = await _request(words.request_id, place_id)
        who = await _standing(who, actor, place_id, words, wanted, now=now)
        kind = Spending(wanted["spending"]) if wanted is not None else words.spending
        refuse_if(rules.why_may_not_buy(who, kind, words.paid_from))
        refuse_if(rules.why_not_cents(words.cents))
        refuse_if(rules.why_not_bought_on(words.bought_on, local_day(now)))
        if wanted is not None and RequestState.BOUGHT not in REQUEST_MOVES[RequestState(wanted["state"])]:
            raise Refused(AccountsRefusal.ANSWERED)
        if words.paid_from is PaidFrom.BOX and words.cents > await box_cents(place_id):
            raise Refused(AccountsRefusal.NOT_IN_BOX)
        for_food = kind is Spending.FOOD and words.about_id is not None
        about, about_id = (words.about, words.about_id) if for_food else ("", None)
        payee_id = await _payee(actor, place_id, words, who, now=now) if words.paid_from is PaidFrom.MEMBER else None
        rows = await Purchase.insert(
            Purchase(
                place_id=place_id,
                spending=kind.value,
                about=about,
                about_id=about_id,
                what=words.what,
                cents=words.cents,
                bought_on=words.bought_on,
                paid_from=words.paid_from.value,
                payee_id=payee_id,
                request_id=wanted["id"] if wanted is not None else None,
                written_by=actor,
                once=key,
                written_at=now,
            )
        ).returning(Purchase.id)
        purchase_id: int = rows[0]["id"]
        await add_line(
            LedgerKind.PURCHASE,
            f"purchase-{purchase_id}",
            -words.cents,
            account=ACCOUNT_OF[words.paid_from],
            place_id=place_id,
            about=about,
            about_id=about_id,
            now=now,
        )
        if wanted is not None:
            await request_moves(wanted, RequestState.BOUGHT)
        await _keep_pictures(purchase_id, actor, pictures, now=now)
        return purchase_id


async def _request(request_id: int | None, place_id: int) -> Row | None:
    """The request of this place, locked. Raises `NotFound` where there is none."""
    if request_id is None:
        return None
    rows = await get_for_update(BudgetRequest, request_id)
    if not rows or rows[0]["place_id"] != place_id:
        raise NotFound
    return rows[0]


async def _standing(
    who: Buyer, actor: int, place_id: int, words: PurchaseWords, wanted: Row | None, *, now: datetime
) -> Buyer:
    """Who they are to what they bought. Raises `NotFound` for what nothing is bought for here."""
    on_team = False
    food = words.spending is Spending.FOOD and (wanted is None or wanted["spending"] == Spending.FOOD)
    if words.about_id is not None and food:
        thing = words.about, words.about_id
        if thing not in [(kind, each.thing_id) for kind, each in await spending.near(place_id, None, now)]:
            raise NotFound
        on_team = thing in [(kind, each.thing_id) for kind, each in await spending.near(place_id, actor, now)]
    told_yes = wanted is not None and wanted["member_id"] == actor
    return Buyer(who.member, who.mediator, who.keeper, on_team=on_team, was_told_yes=told_yes)


async def _payee(actor: int, place_id: int, words: PurchaseWords, who: Buyer, *, now: datetime) -> int:
    """Who advanced it. One's own name stands as one last wrote it."""
    if words.for_other and who.keeper and words.payee:
        return await _new_payee(place_id, words.payee, None, now=now)
    there = await run("select id, name from payee where place_id = {} and member_id = {}", place_id, actor)
    if there:
        if words.payee and words.payee != there[0]["name"]:
            await run("update payee set name = {} where id = {}", words.payee, there[0]["id"])
        return int(there[0]["id"])
    name = words.payee or (await run("select name from member where id = {}", actor))[0]["name"]
    return await _new_payee(place_id, name, actor, now=now)


async def _new_payee(place_id: int, name: str, member_id: int | None, *, now: datetime) -> int:
    rows = await Payee.insert(Payee(place_id=place_id, name=name, member_id=member_id, created_at=now)).returning(
        Payee.id
    )
    payee_id: int = rows[0]["id"]
    return payee_id


# ------------------------------------------------------------------------------------------------------------ receipts


@command
async def add_receipt(*, actor: int, purchase_id: int, pictures: Sequence[Picture], now: datetime) -> None:
    """More pictures of the receipt, by whoever wrote the purchase down or keeps the accounts. One that is there
    already is not added."""
    async with transaction():
        row, who = await _entered(actor, purchase_id, now=now)
        refuse_if(rules.why_not_here(who))
        if row["struck_at"] is not None:
            raise Refused(AccountsRefusal.STRUCK_OUT)
        await _keep_pictures(purchase_id, actor, pictures, now=now)


async def _keep_pictures(purchase_id: int, actor: int, pictures: Sequence[Picture], *, now: datetime) -> None:
    there = await run("select rank, digest from receipt where purchase_id = {}", purchase_id)
    known = {row["digest"] for row in there}
    fresh = list({each.digest: each for each in pictures if each.digest not in known}.values())
    if not fresh:
        return
    lately = await run(
        "select count(*) as n from receipt r join purchase p on p.id = r.purchase_id "
        "where p.written_by = {} and r.added_at > {}",
        actor,
        now - timedelta(days=1),
    )
    if len(there) + len(fresh) > rules.MOST_PICTURES or lately[0]["n"] + len(fresh) > rules.MOST_PICTURES_A_DAY:
        raise Refused(AccountsRefusal.TOO_MANY_PICTURES)
    first = max((row["rank"] for row in there), default=0) + 1
    for rank, picture in enumerate(fresh, start=first):
        await Receipt.insert(
            Receipt(
                purchase_id=purchase_id,
                rank=rank,
                picture=picture.jpeg,
                width=picture.width,
                height=picture.height,
                digest=picture.digest,
                added_at=now,
            )
        )


# ---------------------------------------------------------------------------------------------------------- struck out


@command
async def strike_purchase(*, actor: int, purchase_id: int, reason: str, now: datetime) -> None:
    """Say that a purchase should not be there: a counter-entry takes it out of the accounts, and what was asked for is
    still to be bought. Struck out already, it stays as it is."""
    async with transaction():
        row, who = await _entered(actor, purchase_id, now=now)
        if row["struck_at"] is not None:
            return
        given_back = await run(
            "select 1 as one from reimbursement where purchase_id = {} and undone_at is null", purchase_id
        )
        wrote = row["written_by"] == actor
        refuse_if(rules.why_not_strike(who, wrote=wrote, given_back=bool(given_back), reason=reason))
        await Purchase.update({Purchase.struck_at: now, Purchase.struck_by: actor, Purchase.reason: reason}).where(
            Purchase.id == purchase_id
        )
        await counter(LedgerKind.PURCHASE, [f"purchase-{purchase_id}"], reason, now=now)
        if row["request_id"] is not None:
            wanted = await get_for_update(BudgetRequest, row["request_id"])
            if wanted[0]["state"] == RequestState.BOUGHT:
                await request_moves(wanted[0], RequestState.AGREED)


async def counter(kind: LedgerKind, refs: Sequence[str], reason: str, *, now: datetime) -> None:
    """A counter-entry for each of these lines, once."""
    for line in (await lines_named(kind, refs)).values():
        await add_counter_entry(line, -line["cents"], reason, now=now)


async def _entered(actor: int, purchase_id: int, *, now: datetime) -> tuple[Row, Buyer]:
    """The purchase, locked after the person and the place, if they may read it. Raises `NotFound`."""
    place_id = await place_of_row("purchase", purchase_id)
    await enter(actor, place_id, now=now)
    row = (await get_for_update(Purchase, purchase_id))[0]
    who = buyer_of(await who_is_here(actor, place_id, at=now))
    if not who.keeper and row["written_by"] != actor:
        raise NotFound
    return row, who
