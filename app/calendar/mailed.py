"""What mails need of the calendar: an entry's VEVENT as one of its people may read it, and whether they read a feed.

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
    reads_a_feed: bool
    """Whether it reaches its reader by a feed anyway: one that is not cut, and was read lately."""


async def kept_for(
    kind: str, thing_id: int, members: Collection[int], *, lately: datetime | None = None
) -> dict[int, KeptEvent]:
    """This entry's VEVENT for each of these members: with its hosts' names for those whom names are shown to there.

    Empty when there is no such entry. `lately` is since when a feed that was read counts; without it none does.
    """
    if not members:
        return {}
    rows = await run(
        "select m.id as member_id, e.sequence, "  # noqa: S608 - marks only
        "case when ms.met_at is not null or ms.mediator = {} then e.ics_member else e.ics_public end as ics, "
        "exists (select 1 from feed f where f.member_id = m.id and f.revoked_at is null and f.read_at >= {}) as reads "
        "from entry e cross join member m left join membership ms on ms.member_id = m.id and ms.place_id = e.place_id "
        f"where e.kind = {{}} and e.thing_id = {{}} and m.id in ({', '.join('{}' for _ in members)})",
        True,
        lately,
        kind,
        thing_id,
        *members,
    )
    return {row["member_id"]: KeptEvent(row["ics"], row["sequence"], bool(row["reads"])) for row in rows}
