"""What somebody advanced is given back to them, once; and what is said of it when it was a mistake."""

from __future__ import annotations

from datetime import datetime

from app.accounts import rules, wording
from app.accounts.commands.parts import enter, known_by, place_of_row, refuse_if
from app.accounts.commands.purchases import counter
from app.accounts.ledger import add_line
from app.accounts.queries import Row, box_cents
from app.accounts.states import Account, AccountsRefusal, LedgerKind, PaidFrom
from app.accounts.tables import Purchase, Reimbursement
from app.clock import local_day
from app.database import command, get_for_update, run, transaction
from app.errors import Refused
from app.i18n import Text
from app.identity.api import holders_of
from app.identity.states import Act
from app.notices.api import Kind, tell

BACK_FROM = {PaidFrom.BOX: Account.BOX, PaidFrom.BANK: Account.BANK}
"""Out of what money is given back."""


@command
async def give_back(*, actor: int, purchase_id: int, paid_from: PaidFrom, once: str, now: datetime) -> int:
    """Say that what was advanced is given back; returns the reimbursement's id. The same form again is the same one,
    even after it was undone."""
    account = BACK_FROM[paid_from]
    key = known_by(actor, once)
    place_id = await place_of_row("purchase", purchase_id)
    async with transaction():
        who = await enter(actor, place_id, now=now)
        refuse_if(rules.why_not_keeper(who))
        again = await run("select id from reimbursement where once = {}", key)
        if again:
            return int(again[0]["id"])
        purchase = (await get_for_update(Purchase, purchase_id))[0]
        if await run("select 1 as one from reimbursement where purchase_id = {} and undone_at is null", purchase_id):
            raise Refused(AccountsRefusal.PAID_BACK)
        payee = await _payee_of(purchase)
        own = payee is not None and actor == (payee["member_id"] or purchase["written_by"])
        others = [each.id for each in await holders_of(place_id, Act.KEEP_ACCOUNTS, now) if each.id != actor]
        refuse_if(
            rules.why_not_give_back(
                who,
                advanced=payee is not None,
                struck=purchase["struck_at"] is not None,
                own=own,
                other_keeper=bool(others),
                cents=purchase["cents"],
                box_cents=await box_cents(place_id) if account is Account.BOX else None,
            )
        )
        rows = await Reimbursement.insert(
            Reimbursement(
                place_id=place_id,
                purchase_id=purchase_id,
                payee_id=purchase["payee_id"],
                cents=purchase["cents"],
                paid_from=paid_from.value,
                paid_on=local_day(now),
                paid_by=actor,
                once=key,
                paid_at=now,
            )
        ).returning(Reimbursement.id)
        reimbursement_id: int = rows[0]["id"]
        for ref, where, cents in (
            (f"reimbursement-{reimbursement_id}", account, -purchase["cents"]),
            (f"reimbursement-{reimbursement_id}-owed", Account.OWED, purchase["cents"]),
        ):
            await add_line(
                LedgerKind.REIMBURSEMENT,
                ref,
                cents,
                account=where,
                place_id=place_id,
                about=purchase["about"],
                about_id=purchase["about_id"],
                now=now,
            )
        await _tell(wording.given_back(purchase["what"]), purchase, payee, f"given-back-{reimbursement_id}", actor, now)
        return reimbursement_id


@command
async def undo_give_back(*, actor: int, reimbursement_id: int, reason: str = "", now: datetime) -> None:
    """Say that it was not given back: counter-entries, and it is owed again. Undone already, it stays so."""
    place_id = await place_of_row("reimbursement", reimbursement_id)
    async with transaction():
        who = await enter(actor, place_id, now=now)
        refuse_if(rules.why_not_keeper(who))
        row = (await get_for_update(Reimbursement, reimbursement_id))[0]
        if row["undone_at"] is not None:
            return
        await Reimbursement.update({Reimbursement.undone_at: now, Reimbursement.undone_by: actor}).where(
            Reimbursement.id == reimbursement_id
        )
        refs = [f"reimbursement-{reimbursement_id}", f"reimbursement-{reimbursement_id}-owed"]
        await counter(LedgerKind.REIMBURSEMENT, refs, reason, now=now)
        purchase = (await run("select * from purchase where id = {}", row["purchase_id"]))[0]
        payee = await _payee_of(purchase)
        what = f"not-given-back-{reimbursement_id}"
        await _tell(wording.not_given_back(purchase["what"]), purchase, payee, what, actor, now)


async def _payee_of(purchase: Row) -> Row | None:
    rows = await run("select id, member_id from payee where id = {}", purchase["payee_id"] or 0)
    return rows[0] if rows else None


async def _tell(
    mail: tuple[Text, list[Text | str], Text],
    purchase: Row,
    payee: Row | None,
    what: str,
    actor: int,
    now: datetime,
) -> None:
    """Tell whoever advanced it, unless they did it themselves or have left the place."""
    if payee is None or payee["member_id"] is None or payee["member_id"] == actor:
        return
    if not await run(
        "select 1 as one from membership where member_id = {} and place_id = {}",
        payee["member_id"],
        purchase["place_id"],
    ):
        return
    subject, body, action = mail
    await tell(
        [payee["member_id"]],
        kind=Kind.HOSTING,
        what=what,
        subject=subject,
        body=body,
        link=f"/comptes/achats/{purchase['id']}",
        action=action,
        place_id=purchase["place_id"],
        discreet=True,
        now=now,
    )
