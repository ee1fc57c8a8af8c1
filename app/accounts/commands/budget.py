"""The small budget: what members ask for, what is answered, and how much a month is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.accounts import rules, wording
from app.accounts.commands.parts import buyer_of, enter, known_by, place_of_row, refuse_if
from app.accounts.queries import Row, budget_of
from app.accounts.states import REQUEST_MOVES, AccountsRefusal, RequestState, Spending
from app.accounts.tables import BudgetLine, BudgetRequest
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import who_is_here
from app.notices.api import Kind, tell


@command
async def ask_for(
    *, actor: int, place_id: int, spending: Spending, what: str, why: str, cents: int, once: str, now: datetime
) -> int:
    """« Il nous faudrait… »: returns the request's id. The same form again is the same request."""
    key = known_by(actor, once)
    async with transaction():
        who = await enter(actor, place_id, now=now)
        again = await run("select id from budget_request where once = {}", key)
        if again:
            return int(again[0]["id"])
        refuse_if(rules.why_not_here(who) or rules.why_not_wanted(spending))
        refuse_if(rules.why_not_cents(cents))
        rows = await BudgetRequest.insert(
            BudgetRequest(
                place_id=place_id,
                member_id=actor,
                spending=spending.value,
                what=what,
                why=why,
                cents=cents,
                state=RequestState.OPEN.value,
                once=key,
                asked_at=now,
            )
        ).returning(BudgetRequest.id)
        request_id: int = rows[0]["id"]
        return request_id


@command
async def answer_request(
    *, actor: int, request_id: int, agree: bool, reason: str = "", version: int, now: datetime
) -> None:
    """Yes, or « pas maintenant » with a reason. The same answer again changes nothing. Refused when somebody answered
    otherwise meanwhile (`version`)."""
    to = RequestState.AGREED if agree else RequestState.REFUSED
    row = await _seen_by(actor, request_id, now=now)
    async with transaction():
        who = await enter(actor, row["place_id"], now=now)
        refuse_if(rules.why_not_keeper(who))
        row = (await get_for_update(BudgetRequest, request_id))[0]
        state = RequestState(row["state"])
        if state is to and (agree or row["reason"] == reason):
            return
        refuse_if(rules.why_not_answer(state, to, reason))
        if version != row["version"]:
            raise Refused(AccountsRefusal.CHANGED_MEANWHILE)
        await BudgetRequest.update(
            {
                BudgetRequest.state: to.value,
                BudgetRequest.reason: reason,
                BudgetRequest.version: row["version"] + 1,
                BudgetRequest.answered_at: now,
                BudgetRequest.answered_by: actor,
            }
        ).where(BudgetRequest.id == request_id)
        await _tell(row, agree=agree, reason=reason, actor=actor, now=now)


async def _tell(row: Row, *, agree: bool, reason: str, actor: int, now: datetime) -> None:
    """Tell whoever asked, unless they answered themselves or have left the place."""
    asker = row["member_id"]
    if asker is None or asker == actor or not (await who_is_here(asker, row["place_id"])).belongs:
        return
    subject, body, action = wording.agreed(row["what"]) if agree else wording.refused(row["what"], reason)
    await tell(
        [asker],
        kind=Kind.HOSTING,
        what=f"budget-request-{row['id']}-{row['version'] + 1}",
        subject=subject,
        body=body,
        link=f"/comptes/achats/nouveau?demande={row['id']}" if agree else "/comptes/demandes",
        action=action,
        place_id=row["place_id"],
        discreet=True,
        now=now,
    )


@command
async def take_request_back(*, actor: int, request_id: int, now: datetime) -> None:
    """Whoever asked does not need it any more. Taken back already, it stays so."""
    row = await _seen_by(actor, request_id, now=now)
    if row["member_id"] != actor:
        raise NotFound
    async with transaction():
        await enter(actor, row["place_id"], now=now)
        row = (await get_for_update(BudgetRequest, request_id))[0]
        state = RequestState(row["state"])
        if state is RequestState.WITHDRAWN:
            return
        if RequestState.WITHDRAWN not in REQUEST_MOVES[state]:
            raise Refused(AccountsRefusal.ANSWERED)
        await BudgetRequest.update(
            {BudgetRequest.state: RequestState.WITHDRAWN.value, BudgetRequest.version: row["version"] + 1}
        ).where(BudgetRequest.id == request_id)


async def _seen_by(actor: int, request_id: int, *, now: datetime) -> Row:
    """The request, if this person belongs where it was made. Raises `NotFound`."""
    place_id = await place_of_row("budget_request", request_id)
    if not buyer_of(await who_is_here(actor, place_id, at=now)).member:
        raise NotFound
    return (await run("select * from budget_request where id = {}", request_id))[0]


@command
async def set_budget(
    *,
    actor: int,
    place_id: int,
    amounts: Mapping[Spending, int | None],
    versions: Mapping[Spending, int] | None = None,
    now: datetime,
) -> None:
    """What the place means to spend in a month, by line; none where it says nothing. `versions` are those that were
    read: refused where somebody said otherwise meanwhile."""
    async with transaction():
        who = await enter(actor, place_id, now=now)
        refuse_if(rules.why_not_keeper(who))
        there = await budget_of(place_id)
        for spending in rules.LOGISTICS:
            if spending not in amounts or amounts[spending] == there[spending].month_cents:
                continue
            cents, line = amounts[spending], there[spending]
            if versions is not None and versions.get(spending, 0) != line.version:
                raise Refused(AccountsRefusal.CHANGED_MEANWHILE)
            if cents is not None and not 0 <= cents <= rules.MOST_CENTS:
                raise Refused(AccountsRefusal.TOO_MUCH)
            of_line = (BudgetLine.place_id == place_id) & (BudgetLine.spending == spending.value)
            if cents is None:
                await BudgetLine.delete().where(of_line)
            elif line.version:
                await BudgetLine.update({BudgetLine.month_cents: cents, BudgetLine.version: line.version + 1}).where(
                    of_line
                )
            else:
                await BudgetLine.insert(BudgetLine(place_id=place_id, spending=spending.value, month_cents=cents))
