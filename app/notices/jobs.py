"""What the outbox forgets, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.database import run, transaction
from app.notices.states import WAYS_IN

KEEP_WAYS_IN = timedelta(days=1)
KEEP = timedelta(days=30)

# As the partial index has it: the emptied rows, which are nearly all in the tenth year, are not read each hour.
_OVER = (
    "subject <> '' and run_at <= {} "
    "and (recipient = '' or sent_at is not null or logged_at is not null or set_aside_at is not null)"
)
FORGET_WAYS_IN = f"delete from outbox where {_OVER} and kind in ({{}}, {{}}) returning id"  # noqa: S608 - constants of this file
EMPTY = (
    "update outbox set recipient = '', member_id = null, subject = '', body = '', link = '', action = '', "  # noqa: S608 - constants of this file
    "event = '', method = '', offer_key = '', error = '', told_by = null "
    f"where {_OVER} returning id"
)


async def forget_mail(now: datetime) -> int:
    """Empty the messages of 30 days ago and more; those that let somebody in go after a day, altogether.

    An emptied row stays: it is how the same thing is never told twice. Returns how many mails were forgotten.
    """
    async with transaction():
        gone = await run(FORGET_WAYS_IN, now - KEEP_WAYS_IN, *sorted(WAYS_IN))
        emptied = await run(EMPTY, now - KEEP)
    return len(gone) + len(emptied)
