"""The journal: who did what, written in the same transaction as the deed.

Members read the lines that are `shown`; the others are for whoever keeps the place running.
"""

from __future__ import annotations

from datetime import datetime

from piccolo.columns import Boolean, Integer, Serial, Text, Timestamptz, Varchar
from piccolo.table import Table


class JournalLine(Table):
    """One deed."""

    id: Serial
    place_id = Integer()
    at = Timestamptz(default=None)
    actor_id = Integer(null=True, default=None)
    voice = Varchar(length=12)
    """As whom it was done: `member`, `host`, `mediation`, `bureau`, `drawn`, `silence`, `clock`."""
    act = Varchar(length=40)
    """`workshop.published`, `workshop.sent_back`…"""
    kind = Varchar(length=20)
    thing_id = Integer(null=True, default=None)
    title = Varchar(length=200, default="")
    reason = Text(default="")
    shown = Boolean(default=False)


async def write_journal(
    *,
    place_id: int,
    at: datetime,
    voice: str,
    act: str,
    kind: str,
    thing_id: int | None,
    actor_id: int | None = None,
    title: str = "",
    reason: str = "",
    shown: bool = False,
) -> None:
    """Add a line. To be called inside the transaction of the deed."""
    await JournalLine.insert(
        JournalLine(
            place_id=place_id,
            at=at,
            actor_id=actor_id,
            voice=voice,
            act=act,
            kind=kind,
            thing_id=thing_id,
            title=title,
            reason=reason,
            shown=shown,
        )
    )
