"""What the commands on accounts share: who somebody is there, locks, and one way to write a movement of the box."""

from __future__ import annotations

import hashlib
from datetime import datetime

from app.accounts.queries import Row
from app.accounts.rules import Buyer
from app.accounts.states import AccountsRefusal, RequestState
from app.accounts.tables import BudgetRequest
from app.database import get_for_update, run
from app.errors import NotFound, Refused
from app.identity.api import Here, who_is_here
from app.identity.states import Act
from app.identity.tables import Member, Place


async def enter(actor: int, place_id: int, *, now: datetime) -> Buyer:
    """Lock the person, then the place, whose accounts are then written by nobody else; and who they are there."""
    members = await get_for_update(Member, actor)
    if not members or members[0]["erased_at"] is not None or not await get_for_update(Place, place_id):
        raise NotFound
    return buyer_of(await who_is_here(actor, place_id, at=now))


def buyer_of(here: Here, *, on_team: bool = False, was_told_yes: bool = False) -> Buyer:
    """Who somebody is to the accounts of a place."""
    keeper = Act.KEEP_ACCOUNTS in here.acts
    return Buyer(here.belongs, here.mediator, keeper, on_team=on_team, was_told_yes=was_told_yes)


def known_by(actor: int, once: str) -> str:
    """What one sending of a form is known by: nobody comes by another's."""
    return hashlib.sha256(f"{actor}:{once}".encode("utf-8", "surrogatepass")).hexdigest()


def refuse_if(refusal: AccountsRefusal | None) -> None:
    """Raises `Refused`."""
    if refusal is not None:
        raise Refused(refusal)


async def place_of_row(table: str, thing_id: int) -> int:
    """The place of a purchase or a request: it never changes. Raises `NotFound`."""
    rows = await run(f"select place_id from {table} where id = {{}}", thing_id)  # noqa: S608 - names of ours
    if not rows:
        raise NotFound
    place_id: int = rows[0]["place_id"]
    return place_id


async def request_moves(row: Row, to: RequestState) -> None:
    """The request's state and version; the row is locked."""
    await BudgetRequest.update({BudgetRequest.state: to.value, BudgetRequest.version: row["version"] + 1}).where(
        BudgetRequest.id == row["id"]
    )
