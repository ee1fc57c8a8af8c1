"""What mails need of the calendar: an entry's VEVENT as one of its people may read it, and who reads a feed anyway.

Which mail carries an event is decided by `app.notices.rules`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.database import run


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """A VEVENT as the calendar keeps it, with its marks (`app.calendar.marks`)."""

    ics: str
    sequence: int


async def kept_for(kind: str, thing_id: int, members: Collection[int]) -> dict[int, KeptEvent]:
    """This entry's VEVENT for each of these members: with its hosts' names for those whom names are shown to there.

    Empty when there is no such entry.
    """
    if not members:
        return {}
    rows = await run(
        "select m.id as member_id, e.sequence, "  # noqa: S608 - marks only
        "case when ms.met_at is not null or ms.mediator = {} then e.ics_member else e.ics_public end as ics "
        "from entry e cross join member m left join membership ms on ms.member_id = m.id and ms.place_id = e.place_id "
        f"where e.kind = {{}} and e.thing_id = {{}} and m.id in ({_marks(members)})",
        True,
        kind,
        thing_id,
        *members,
    )
    return {row["member_id"]: KeptEvent(row["ics"], row["sequence"]) for row in rows}


async def who_reads_a_feed(members: Collection[int], *, since: datetime) -> set[int]:
    """Those of these members one of whose feeds was read since then, and is not cut."""
    if not members:
        return set()
    rows = await run(
        f"select distinct member_id from feed where revoked_at is null and read_at >= {{}} "  # noqa: S608 - marks only
        f"and member_id in ({_marks(members)})",
        since,
        *members,
    )
    return {row["member_id"] for row in rows}


def _marks(values: Collection[int]) -> str:
    return ", ".join("{}" for _ in values)
