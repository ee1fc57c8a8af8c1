"""What accounts forget in time: receipts and names after ten years, who asked for something after one."""

from __future__ import annotations

from datetime import datetime

from app.accounts.rules import REQUEST_REMEMBERED, kept_from
from app.accounts.states import RequestState
from app.clock import local_day
from app.database import command, run, transaction

OVER = (RequestState.REFUSED, RequestState.BOUGHT, RequestState.WITHDRAWN)


@command
async def forget_after_ten_years(now: datetime) -> int:
    """Pictures of receipts, the names of whoever advanced money, and who wrote it down: of years whose accounts need
    not be kept any more. What was bought and for how much stays, of nobody."""
    day = kept_from(local_day(now))
    old = "select id from purchase where bought_on < {}"
    async with transaction():
        pictures = await run(f"delete from receipt where purchase_id in ({old}) returning id", day)  # noqa: S608 - a constant
        names = await run(
            "update payee set name = '', member_id = null where (name <> '' or member_id is not null) and not exists "
            "(select 1 from purchase p where p.payee_id = payee.id and p.bought_on >= {}) returning id",
            day,
        )
        await run(
            "update purchase set written_by = null, struck_by = null where bought_on < {} "
            "and (written_by is not null or struck_by is not null)",
            day,
        )
        await run(
            "update reimbursement set paid_by = null, undone_by = null where paid_on < {} "
            "and (paid_by is not null or undone_by is not null)",
            day,
        )
    return len(pictures) + len(names)


@command
async def forget_who_asked(now: datetime) -> int:
    """Whose request it was, a year after it came to its end, and who answered."""
    async with transaction():
        forgotten = await run(
            "update budget_request set member_id = null, answered_by = null "
            "where (member_id is not null or answered_by is not null) and state in ({}, {}, {}) "
            "and coalesce(answered_at, asked_at) < {} returning id",
            *(state.value for state in OVER),
            now - REQUEST_REMEMBERED,
        )
    return len(forgotten)
