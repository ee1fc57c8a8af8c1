"""What the storms begin with: a place of their own with its people, now, and a browser for each of them.

Several storms share a database, so that each makes a place for itself and looks only there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import httpx

from app import clock
from app.clock import at_local, local, local_day
from app.database import run
from tests.factories import make_member, make_place, make_proposal, make_room, make_workshop, writing
from tests.servers import People, Person


@dataclass(frozen=True)
class Scene:
    """A place, who is there, and their browsers by what they do."""

    people: People
    calm: People
    """The same, whose requests go without no guard: for what comes before a storm."""
    place: int
    room: int
    hosts: list[int]
    mediators: list[int]
    members: list[int]

    async def browsers(self, members: Iterable[int]) -> list[Person]:
        return await self.people.signed_in(members, place_id=self.place)

    async def workshop(self, **changes: Any) -> int:
        """A published one, of the first host."""
        return await make_workshop(
            place_id=self.place, host=self.hosts[0], mediator=self.mediators[0], **_when(changes), now=clock.now()
        )

    async def proposal(self, host: int = 0, **changes: Any) -> int:
        """One that waits to be read."""
        return await make_proposal(place_id=self.place, host=self.hosts[host], **_when(changes), now=clock.now())


async def staged(people: People, *, members: int = 0, hosts: int = 2, calm: People | None = None) -> Scene:
    """A place with a room, its hosts, two mediators, and so many members more."""
    now = clock.now()
    async with writing():
        place = await make_place(now=now)
        room = await make_room(place_id=place, seats=60)
        return Scene(
            people,
            calm or people,
            place,
            room,
            [await make_member(place_id=place, now=now) for _ in range(hosts)],
            [await make_member(place_id=place, mediator=True, now=now) for _ in range(2)],
            [await make_member(place_id=place, now=now) for _ in range(members)],
        )


def in_ten_days(hour: int = 14) -> datetime:
    """That hour of the day, in Paris."""
    return at_local(local_day(clock.now()) + timedelta(days=10), time(hour))


def _when(changes: dict[str, Any]) -> dict[str, Any]:
    return {"starts_at": in_ten_days(), **changes}


def form_of(starts_at: datetime | None = None, *, hours: float = 2, **changes: Any) -> dict[str, str]:
    """What a browser sends of `factories.a_proposal`."""
    starts_at = starts_at or in_ten_days()
    plain = {
        "title": "On se relit nos CV",
        "format": "libre",
        "summary": "On lit à voix haute, on se dit ce qui accroche.",
        "day": f"{local(starts_at):%Y-%m-%d}",
        "from": f"{local(starts_at):%H:%M}",
        "to": f"{local(starts_at + timedelta(hours=hours)):%H:%M}",
        "capacity": "12",
        "language": "fr",
    }
    return plain | {name.rstrip("_"): str(value) for name, value in changes.items()}


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    """How many answers of each status."""
    return Counter(answer.status_code for answer in answers)


async def told(workshop_id: int) -> Counter[tuple[int, str]]:
    """How many messages about this workshop each member got, by kind."""
    rows = await run(
        "select member_id, kind from outbox where about_kind = 'workshop' and about_id = {} order by id", workshop_id
    )
    return Counter((row["member_id"], row["kind"]) for row in rows)
