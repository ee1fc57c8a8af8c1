"""What the calendar forgets by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.calendar.tables import Feed
from app.contracts import About, Kept
from app.database import transaction
from app.i18n import text, text_n

CUT_KEPT_FOR = timedelta(days=400)
"""How long a device that goes on asking a cut address hears « gone »: more than a year without it being looked at."""


async def forget_cut_feeds(now: datetime) -> int:
    """Addresses that were cut long ago; afterwards they are as if they had never been. Returns how many."""
    where = Feed.revoked_at < now - CUT_KEPT_FOR
    if not await Feed.exists().where(where):
        return 0
    async with transaction():
        return len(await Feed.delete().where(where).returning(Feed.id))


KEEPS = (
    Kept(
        About.MESSAGES,
        text("Les adresses du calendrier : le nom de l’appareil, les choix faits, la dernière lecture"),
        text("Personne"),
        text_n(
            "Jusqu’à ce qu’on les coupe, puis %(n)s jour",
            "Jusqu’à ce qu’on les coupe, puis %(n)s jours",
            CUT_KEPT_FOR.days,
        ),
        job="calendar.forget_cut_feeds",
    ),
)
