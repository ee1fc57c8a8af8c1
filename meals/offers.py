"""Seats that are kept for people, answered from the mail that offers them: what became of an offer, and yes or no.

A key names one offer of one part of a booking (`facts.offer_key`), so that an older mail answers no newer offer. Who
may answer, and until when, is asked of the same rules by the same command as on the site.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from app.contracts import Offers, OfferSeen
from app.database import run
from app.errors import NotFound
from meals.commands.giving_back import answer_offer
from meals.facts import KIND, offer_key
from meals.states import MealState, PartState

ICON = "soup"
_KEY = re.compile(r"([1-9]\d{0,9})-\d{1,15}", re.ASCII)
_ANSWERED = {
    PartState.HELD: "taken",
    PartState.CONFIRMED: "taken",
    PartState.ATTENDED: "taken",
    PartState.CANCELLED: "declined",
}


async def look(key: str, member_id: int, now: datetime) -> OfferSeen | None:
    """What this offer to this member is now; nothing for one that never was, or gave way to another."""
    row = await _offered(key, member_id)
    if row is None:
        return None
    return OfferSeen(
        title=row["title"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        where=", ".join(name for name in (row["room"], row["place"]) if name),
        until=row["offer_until"],
        state=_became(row, now),
        href=f"/repas/{row['meal_id']}",
        icon=ICON,
    )


async def answer(key: str, member_id: int, yes: bool, now: datetime) -> None:
    """Say yes or no to it. The same answer again changes nothing. Raises `Refused`, `NotFound`."""
    row = await _offered(key, member_id)
    if row is None:
        raise NotFound
    await answer_offer(actor=member_id, booking_id=row["booking_id"], yes=yes, offers=[key], now=now)


def _became(row: dict[str, Any], now: datetime) -> str:
    if row["state"] == MealState.CANCELLED or now >= row["ends_at"]:
        return "over"
    part = PartState(row["part"])
    if part is PartState.OFFERED:
        return "open" if now < row["offer_until"] else "over"
    return _ANSWERED.get(part, "over")


async def _offered(key: str, member_id: int) -> dict[str, Any] | None:
    """The part of this offer, with its meal. None if it is another's."""
    match = _KEY.fullmatch(key)
    if match is None or int(match[1]) >= 2**31:
        return None
    rows = await run(
        "select q.meal_id, q.booking_id, q.state as part, q.offered_at, q.offer_until, m.title, m.state, m.starts_at, "
        "m.ends_at, r.name as room, p.name as place from booking_part q join booking b on b.id = q.booking_id "
        "join meal m on m.id = q.meal_id join place p on p.id = m.place_id left join room r on r.id = m.room_id "
        "where q.id = {} and b.member_id = {} and q.offered_at is not null",
        int(match[1]),
        member_id,
    )
    return rows[0] if rows and offer_key(int(match[1]), rows[0]["offered_at"]) == key else None


OFFERS = Offers(kind=KIND, look=look, answer=answer)
