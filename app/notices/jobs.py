"""What the outbox forgets, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.database import transaction
from app.notices.tables import Outbox

KEEP_WAYS_IN = timedelta(days=1)
KEEP = timedelta(days=30)
WAYS_IN = ("join", "sign_in")


async def forget_mail(now: datetime) -> int:
    """Empty the mails that left, or were given up, 30 days ago; those that let somebody in go after a day, altogether.

    An emptied row stays: it is how the same thing is never told twice. Returns how many mails were forgotten.
    """
    over = Outbox.sent_at.is_not_null() | Outbox.logged_at.is_not_null() | Outbox.set_aside_at.is_not_null()
    ways_in = Outbox.kind.is_in(list(WAYS_IN)) & (Outbox.run_at <= now - KEEP_WAYS_IN)
    old = (Outbox.run_at <= now - KEEP) & (Outbox.recipient != "")
    async with transaction():
        gone = await Outbox.delete().where(over & ways_in).returning(Outbox.id)
        emptied = (
            await Outbox.update(
                {
                    Outbox.recipient: "",
                    Outbox.member_id: None,
                    Outbox.subject: "",
                    Outbox.body: "",
                    Outbox.link: "",
                    Outbox.error: "",
                }
            )
            .where(over & old)
            .returning(Outbox.id)
        )
    return len(gone) + len(emptied)
