"""When each personal feed was last read: remembered at most hourly, after the answer, many in one write.

Ten thousand telephones asking within a minute cost one commit, and never the person who asks.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from app.database import run, transaction
from app.errors import DatabaseHeld

log = logging.getLogger("reseau.feeds")

REMEMBERED = timedelta(hours=1)
BETWEEN_WRITES = timedelta(minutes=1)
ROWS_AT_ONCE = 1000


class Readings:
    """What this process has seen and not yet written."""

    def __init__(self) -> None:
        self._seen: dict[int, datetime] = {}
        self._written_at: datetime | None = None

    def saw(self, feed_id: int, read_at: datetime | None, now: datetime) -> bool:
        """This feed is read now, and was last at `read_at` as far as the database knows. Whether a write is due."""
        if read_at is None or now - read_at >= REMEMBERED:
            self._seen[feed_id] = now
        return bool(self._seen) and (self._written_at is None or now - self._written_at >= BETWEEN_WRITES)

    async def write(self, now: datetime) -> None:
        """Write what was seen. When the database is held, the next reading tries again."""
        seen, self._seen, self._written_at = self._seen, {}, now
        ids = sorted(seen)
        try:
            async with transaction():
                for start in range(0, len(ids), ROWS_AT_ONCE):
                    some = ids[start : start + ROWS_AT_ONCE]
                    marks = ", ".join("{}" for _ in some)
                    await run(f"update feed set read_at = {{}} where id in ({marks})", now, *some)  # noqa: S608 - marks only
        except DatabaseHeld:
            self._seen = seen | self._seen
            log.warning("readings not written: the database is held")
