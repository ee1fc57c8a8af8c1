"""What the welcome turn sees of members of its place who have no e-mail, or have added one of late; of nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database import run
from app.errors import NotFound
from app.identity.api import has_role
from app.identity.rules import ADDRESS_SETTLES, name_key, starts_like
from app.identity.slips import read_sign_in_name

SHORTEST = 2
MOST = 10


@dataclass(frozen=True, slots=True)
class WithoutAddress:
    """A member who has no e-mail, or added an address so lately that a new paper takes it off."""

    id: int
    name: str
    sign_in_name: str
    joined_at: datetime
    address_added_at: datetime | None


_NAME = "case when m.email is null then m.email_key else m.kept_name end"
_PEOPLE = (
    "from member m join membership ms on ms.member_id = m.id "
    "where (m.email is null or m.address_added_at > {}) and m.erased_at is null"
)
_PERSON = (
    f"select m.id, m.name, {_NAME} as sign_in_name, ms.joined_at, m.address_added_at {_PEOPLE} and ms.place_id = {{}}"
)


def _person(row: dict[str, Any]) -> WithoutAddress:
    return WithoutAddress(row["id"], row["name"], row["sign_in_name"] or "", row["joined_at"], row["address_added_at"])


async def find_without_address(place_id: int, asked: str, *, now: datetime) -> Sequence[WithoutAddress]:
    """Members of the place without e-mail one of whose names begins so, or whose sign-in name this is; by name."""
    key = name_key(asked)
    if len(key) < SHORTEST:
        return ()
    pattern = starts_like(key)
    rows = await run(
        # The few whom it may be are found in two indexes, so that nobody else is read.
        f"{_PERSON} and m.id in (select id from member where email is null and erased_at is null "  # noqa: S608 - constants of this file
        "union select id from member where address_added_at > {}) "
        f"and (m.name_key like {{}} escape '!' or m.name_key like {{}} escape '!' or {_NAME} = {{}}) "
        "order by m.name_key, m.id limit {}",
        now - ADDRESS_SETTLES,
        place_id,
        now - ADDRESS_SETTLES,
        pattern,
        f"% {pattern}",
        read_sign_in_name(asked) or "",
        MOST,
    )
    return [_person(row) for row in rows]


@dataclass(frozen=True, slots=True)
class LostSlip:
    """Somebody whom the welcome turn may give a new password, or not."""

    person: WithoutAddress
    has_role: bool


async def lost_slip_of(place_id: int, member_id: int, *, now: datetime) -> LostSlip:
    """A member of the place without an address of some age. Raises `NotFound` for all others."""
    rows = await run(f"{_PERSON} and m.id = {{}}", now - ADDRESS_SETTLES, place_id, member_id)
    if not rows:
        raise NotFound
    return LostSlip(_person(rows[0]), await has_role(member_id, now=now))


async def whose_sign_in_name(sign_in_name: str, *, now: datetime) -> tuple[int, int] | None:
    """The member whose sign-in name this is, or was until lately, and the first place that they joined. For whoever
    runs the server."""
    rows = await run(
        f"select m.id, ms.place_id {_PEOPLE} and {_NAME} = {{}} order by ms.id limit 1",
        now - ADDRESS_SETTLES,
        sign_in_name,
    )
    return (rows[0]["id"], rows[0]["place_id"]) if rows else None
