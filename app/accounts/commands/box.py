"""The box of the meals: brought to the bank, and counted lines that are not as they should be."""

from __future__ import annotations

from datetime import datetime

from app.accounts import rules
from app.accounts.commands.parts import enter, known_by, refuse_if
from app.accounts.ledger import add_counter_entry, add_line
from app.accounts.queries import box_cents, chain_of, lines_named
from app.accounts.states import Account, AccountsRefusal, LedgerKind
from app.database import command, transaction
from app.errors import NotFound, Refused

LONGEST_ONCE = 32
"""Letters of what a deposit is known by: its two lines say it."""


@command
async def deposit(*, actor: int, place_id: int, cents: int, once: str, fetched: bool = False, now: datetime) -> bool:
    """So much was brought from the box to the bank; `fetched`, from the bank to the box. Whether this was new: the same
    form again changes nothing."""
    known = f"deposit-{known_by(actor, once)[:LONGEST_ONCE]}"
    async with transaction():
        who = await enter(actor, place_id, now=now)
        refuse_if(rules.why_not_keeper(who))
        if await lines_named(LedgerKind.DEPOSIT, [known]):
            return False
        refuse_if(rules.why_not_cents(cents))
        if not fetched and cents > await box_cents(place_id):
            raise Refused(AccountsRefusal.NOT_IN_BOX)
        into_bank = -cents if fetched else cents
        for ref, account, moved in ((known, Account.BOX, -into_bank), (f"{known}-bank", Account.BANK, into_bank)):
            await add_line(LedgerKind.DEPOSIT, ref, moved, account=account, place_id=place_id, now=now)
    return True


@command
async def correct_line(
    *, actor: int, line_id: int, cents: int, reason: str, seen: int | None = None, now: datetime
) -> None:
    """This line of the box is `cents` and not what it says: the difference is a line of its own. Of what went between
    the box and the bank, the bank's line follows. `seen` is the last line that was there when the page was read.

    The same again changes nothing: it is as much already.
    """
    found = await chain_of(line_id)
    if not found or found[0]["place_id"] is None:
        raise NotFound
    async with transaction():
        who = await enter(actor, found[0]["place_id"], now=now)
        if not who.member:
            raise NotFound
        refuse_if(rules.why_not_keeper(who))
        chain = await chain_of(line_id)
        first = chain[0]
        change = cents - sum(line["cents"] for line in chain)
        kind = LedgerKind(first["kind"])
        if first["account"] != Account.BOX:
            raise Refused(AccountsRefusal.NOT_CORRECTABLE)
        refuse_if(
            rules.why_not_correct(who, kind, reason=reason, box_cents=await box_cents(first["place_id"]), change=change)
        )
        if abs(cents) > rules.MOST_CENTS * 2:
            raise Refused(AccountsRefusal.TOO_MUCH)
        if change == 0:
            return
        if seen is not None and seen != chain[-1]["id"]:
            raise Refused(AccountsRefusal.CHANGED_MEANWHILE)
        await add_counter_entry(chain[-1], change, reason, now=now)
        if kind is LedgerKind.DEPOSIT:
            mate = (await lines_named(kind, [f"{first['ref']}-bank"]))[f"{first['ref']}-bank"]
            await add_counter_entry((await chain_of(mate["id"]))[-1], -change, reason, now=now)
