"""To which turn a swap, a pattern or a guest's place belongs; where and when a turn is. Each raises `NotFound`. And who
is meant by a name."""

from __future__ import annotations

from datetime import datetime

from app.database import run
from app.errors import NotFound
from app.i18n import Text, text
from app.identity.api import find_member_by_name_or_mail, members_by_id
from rotas.facts import IN_PLACE, Row


async def starts_at(slot_id: int) -> datetime:
    """When it begins, for whoever has just taken it."""
    found = await run("select starts_at from rota_slot where id = {}", slot_id)
    if not found:
        raise NotFound
    at: datetime = found[0]["starts_at"]
    return at


async def slot_of_swap(swap_id: int) -> int:
    """The turn that somebody is wanted for. Raises `NotFound`."""
    found = await run("select slot_id from rota_swap where id = {}", swap_id)
    if not found:
        raise NotFound
    return int(found[0]["slot_id"])


async def asker_of_swap(swap_id: int) -> int:
    """Who cannot come. Raises `NotFound`."""
    found = await run("select from_member from rota_swap where id = {}", swap_id)
    if not found:
        raise NotFound
    return int(found[0]["from_member"])


async def is_theirs(slot_id: int, member_id: int) -> bool:
    """Whether this member has a place of the turn."""
    return bool(
        await run(
            f"select 1 as one from rota_holding where slot_id = {{}} and member_id = {{}} and {IN_PLACE}",  # noqa: S608 - a constant of ours
            slot_id,
            member_id,
        )
    )


async def has_mail(member_id: int) -> bool:
    """Whether this member is told by mail: to others somebody says it."""
    people = await members_by_id([member_id])
    return member_id in people and bool(people[member_id].email)


async def pattern_of(slot_id: int) -> int:
    """The pattern of this turn. Raises `NotFound` for none."""
    found = await run("select pattern_id from rota_slot where id = {} and pattern_id is not null", slot_id)
    if not found:
        raise NotFound
    return int(found[0]["pattern_id"])


async def comes_back(slot_id: int) -> bool:
    """Whether its pattern has no end, so that one may hold it every week."""
    return bool(
        await run(
            "select 1 as one from rota_slot s join rota_pattern p on p.id = s.pattern_id "
            "where s.id = {} and p.until_on is null",
            slot_id,
        )
    )


async def place_of_slot(slot_id: int) -> int:
    """Where it is. Raises `NotFound`."""
    found = await run("select place_id from rota_slot where id = {}", slot_id)
    if not found:
        raise NotFound
    return int(found[0]["place_id"])


async def slot_of_guest(holding_id: int) -> int:
    """The turn that somebody without an account has a place of. Raises `NotFound`."""
    found = await run("select slot_id from rota_holding where id = {} and member_id is null", holding_id)
    if not found:
        raise NotFound
    return int(found[0]["slot_id"])


async def kept_pattern(pattern_id: int) -> Row:
    """The row of a pattern. Raises `NotFound`."""
    found = await run("select * from rota_pattern where id = {}", pattern_id)
    if not found:
        raise NotFound
    return found[0]


async def one_person(place_id: int, name: str) -> tuple[int | None, Text | None]:
    """The one member of this place who is meant; or why nobody is."""
    found = await find_member_by_name_or_mail(place_id, name)
    exact = [person for person in found if person.name.casefold() == name.casefold()]
    found = exact or found
    if not found:
        return None, text("On ne connaît personne ici qui s’appelle « %(name)s ».", name=name[:60])
    if len(found) > 1:
        return None, text("Plusieurs personnes s’appellent « %(name)s ». Écris son adresse mail.", name=name[:60])
    return found[0].id, None
