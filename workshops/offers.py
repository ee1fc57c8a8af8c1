"""Places that are kept for people, answered from the mail that offers them: what became of an offer, and yes or no.

A key names one offer of one sign-up (`facts.offer_key`), so that an older mail answers no newer offer. Who may answer,
and until when, is asked of the same rules by the same command as on the workshop's page.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from app.contracts import Offers, OfferSeen
from app.database import run
from app.errors import NotFound
from workshops import commands
from workshops.facts import KIND, offer_key
from workshops.labels import FORMAT_ICONS
from workshops.states import Format, SignUpState, State

_KEY = re.compile(r"([1-9]\d{0,9})-\d{1,15}", re.ASCII)
_ANSWERED = {SignUpState.CONFIRMED: "taken", SignUpState.WITHDRAWN: "declined"}


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
        href=f"/ateliers/{row['workshop_id']}",
        icon=FORMAT_ICONS[Format(row["format"])],
    )


async def answer(key: str, member_id: int, yes: bool, now: datetime) -> None:
    """Say yes or no to it. The same answer again changes nothing. Raises `Refused`, `NotFound`."""
    row = await _offered(key, member_id)
    if row is None:
        raise NotFound
    await commands.answer_offer(actor=member_id, workshop_id=row["workshop_id"], yes=yes, offer=key, now=now)


def _became(row: dict[str, Any], now: datetime) -> str:
    state = SignUpState(row["sign_up"])
    if row["state"] != State.PUBLISHED or now >= row["ends_at"]:
        return "over"
    if state is SignUpState.OFFERED:
        return "open" if now < row["offer_until"] else "over"
    return _ANSWERED.get(state, "over")


async def _offered(key: str, member_id: int) -> dict[str, Any] | None:
    """The sign-up of this offer, with its workshop. None if it is another's, or was offered again since."""
    match = _KEY.fullmatch(key)
    if match is None or int(match[1]) >= 2**31:
        return None
    rows = await run(
        "select s.workshop_id, s.state as sign_up, s.offered_at, s.offer_until, w.title, w.format, w.state, "
        "w.starts_at, w.ends_at, r.name as room, p.name as place from sign_up s "
        "join workshop w on w.id = s.workshop_id join place p on p.id = w.place_id "
        "left join room r on r.id = w.room_id where s.id = {} and s.member_id = {} and s.offered_at is not null",
        int(match[1]),
        member_id,
    )
    return rows[0] if rows and offer_key(int(match[1]), rows[0]["offered_at"]) == key else None


OFFERS = Offers(kind=KIND, look=look, answer=answer)
