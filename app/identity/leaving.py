"""Erasing a person: by themselves, after long absence, or once more over an older state. What becomes of each thing is
its domain's affair (`Domain.erase`); here is what holds it together.

One transaction holds the member's row and the places where they may be needed, asks every domain what must be done
first, then lets each forget. Rows that a request under way wrote of them meanwhile are forgotten right after, and
looked for again for an hour. At the end the number goes to the list of erased people, and the file is written anew.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from app.clock import local
from app.contracts import GONE, Domain, Erasure, Leaving
from app.database import command, get_for_update, run, transaction, write_anew
from app.erased import beside_database, note_beside_database
from app.errors import DatabaseHeld, NotFound, Refused
from app.i18n import language, text
from app.identity.commands_me import prove
from app.identity.data_states import DataRefusal
from app.identity.tables import Member, Place
from app.notices.api import Kind, forget_address, post_mail
from app.one_by_one import OneByOne

log = logging.getLogger("reseau.own_data")

STRAGGLERS = timedelta(hours=1)
"""How long after an erasure rows are looked for that a slow request wrote."""
MAIL_TRIED_FOR = timedelta(days=3)
SMALL = 256 * 1024 * 1024
"""Bytes of a SQLite file that is written anew at once; a larger one waits for the night."""
NIGHT = (2, 6)
LONGEST_WAIT = timedelta(days=1)


async def leaving_of(member_id: int, domains: Sequence[Domain], *, now: datetime) -> Leaving:
    """What this member has to do first, and what erasing would do: what all domains say of it."""
    said = [await domain.leaving(member_id, now) for domain in domains if domain.leaving is not None]
    return Leaving([one for each in said for one in each.first], [one for each in said for one in each.then])


async def erase_me(
    *, actor: int, session_id: int | None, password: str, domains: Sequence[Domain], now: datetime
) -> None:
    """Erase oneself, for good. Raises `Refused` without a proof, or while something is to be done first."""
    await prove(actor, session_id, password, now=now)
    await _erase(actor, domains, now=now)
    await _after(actor, domains, now=now)


async def erase_for(member_id: int, domains: Sequence[Domain], *, force: bool, now: datetime) -> bool:
    """Erase somebody who asked whoever runs the server to. Raises `Refused` while something is to be done first, unless
    by `force`. False for whoever is erased already."""
    if not await _erase(member_id, domains, now=now, forced=force):
        return False
    await _after(member_id, domains, now=now)
    return True


async def erase_absent(
    member_id: int, domains: Sequence[Domain], *, still: Callable[[], Awaitable[bool]], now: datetime
) -> bool:
    """Erase somebody of whom nothing has been heard, unless they are needed. Whether it was done.

    `still` is asked once more when nobody else can change them: they may have come back, or mediate since.
    """
    with suppress(Refused):
        if await _erase(member_id, domains, now=now, still=still):
            await _after(member_id, domains, now=now)
            return True
    return False


@command
async def _erase(
    member_id: int,
    domains: Sequence[Domain],
    *,
    now: datetime,
    still: Callable[[], Awaitable[bool]] | None = None,
    forced: bool = False,
) -> bool:
    async with transaction():
        rows = await get_for_update(Member, member_id)
        if not rows:
            raise NotFound
        if rows[0]["erased_at"] is not None:
            return False
        await _hold_places(member_id)
        if still is not None and not await still():
            return False
        if not forced and (await leaving_of(member_id, domains, now=now)).first:
            raise Refused(DataRefusal.SOMETHING_FIRST)
        await _forget(member_id, domains, name=rows[0]["name"], now=now)
        address = rows[0]["email"]
        if address:
            await forget_address(address)
        if address:
            await post_mail(
                member_id=None,
                to=address,
                spoken=rows[0]["language"],
                kind=Kind.SIGN_IN,
                dedupe=f"erased:{member_id}",
                subject=text("Ton compte est effacé"),
                body=[
                    text(
                        "C’est fait : ton compte et ce qui disait ton nom sont effacés. "
                        "On ne peut pas revenir en arrière."
                    ),
                    text("Ce mail est le dernier. Ton adresse est oubliée dès qu’il est parti."),
                    text("Tu peux revenir quand tu veux, avec un nouveau compte. Merci pour tout."),
                ],
                good_until=now + MAIL_TRIED_FOR,
                forget=True,
                now=now,
            )
        for at in (now, now + STRAGGLERS):
            await run("insert into to_wipe (asked_at) values ({})", at)
        return True


async def _hold_places(member_id: int) -> None:
    """Nobody else who mediates, or keeps a place, leaves it in the same moment."""
    rows = await run(
        "select place_id from membership where member_id = {} union select place_id from granted_act "
        "where member_id = {}",
        member_id,
        member_id,
    )
    await get_for_update(Place, *(row["place_id"] for row in rows))


async def _forget(member_id: int, domains: Sequence[Domain], *, name: str, now: datetime) -> None:
    erasure = Erasure(member_id, name, language("fr").say(GONE), now)
    for domain in domains:
        if domain.erase is not None:
            await domain.erase(erasure)


async def _after(member_id: int, domains: Sequence[Domain], *, now: datetime) -> None:
    """What must be so, and does not undo the erasure when it cannot be done at once: jobs do it again."""
    try:
        await forget_again(member_id, domains, now=now)
        await note_beside_database()
        await wipe(now)
    except (DatabaseHeld, OSError, ValueError) as error:
        log.warning("an erasure is finished later: %s", type(error).__name__)


# ---------------------------------------------------------------------------------------------------------- once more


@command
async def forget_again(member_id: int, domains: Sequence[Domain], *, now: datetime) -> None:
    """Forget once more the rows that are left, or came since, of somebody who is erased.

    Their name is known no more, and in nobody else's message: whatever sets one there holds a row that the erasure
    waited for. One that they gave themselves since is taken out.
    """
    async with transaction():
        rows = await get_for_update(Member, member_id)
        if rows and rows[0]["erased_at"] is not None:
            await _forget(member_id, domains, name=rows[0]["name"], now=now)


async def finish_erasures(now: datetime, domains: Sequence[Domain]) -> int:
    """A job: what slow requests wrote of somebody who was erased, and the list beside the database."""
    things = OneByOne("identity.finish_erasures")
    rows = await run(
        "select id from member where erased_at is not null and erased_at > {} and erased_at <= {} order by id",
        now - STRAGGLERS,
        now,
    )
    for row in rows:

        async def again(member_id: int = row["id"]) -> int:
            await forget_again(member_id, domains, now=now)
            return 0

        await things.try_one("member", row["id"], again)
    things.count(await erase_again(domains, now=now))
    things.count(await note_beside_database())
    return things.done()


async def erase_again(domains: Sequence[Domain], *, now: datetime) -> int:
    """Erase whom a restored, older state brought back: before anything of it is served. Returns how many."""
    done = 0
    for row in await run("select member_id from erase_again order by member_id"):
        done += await _erase_again(row["member_id"], domains, now=now)
    return done


@command
async def _erase_again(member_id: int, domains: Sequence[Domain], *, now: datetime) -> int:
    async with transaction():
        members = await get_for_update(Member, member_id)
        due = await run("select erased_on from erase_again where member_id = {}", member_id)
        if members and due:
            email = members[0]["email"]
            await _forget(member_id, domains, name=members[0]["name"], now=now)
            if email:
                await forget_address(email)
            await run("insert into to_wipe (asked_at) values ({})", now)
        await run("delete from erase_again where member_id = {}", member_id)
        return len(due) if members else 0


# ---------------------------------------------------------------------------------------------------------- the file


async def wipe(now: datetime) -> int:
    """A job: write SQLite's file anew after something personal was erased; a large one at night. Returns whether."""
    asked = await run("select id, asked_at from to_wipe where asked_at <= {} order by id", now)
    if not asked:
        return 0
    beside = beside_database()
    if beside is not None:
        large = _size_of(beside.with_name(beside.name.removesuffix(".erased"))) > SMALL
        waits = now - asked[0]["asked_at"] < LONGEST_WAIT and not NIGHT[0] <= local(now).hour < NIGHT[1]
        if large and waits:
            return 0
    await write_anew()
    async with transaction():  # last: whoever is cut off before does it again
        for each in asked:
            await run("delete from to_wipe where id = {}", each["id"])
    return 1


def _size_of(path: Path) -> int:
    with suppress(OSError):
        return os.stat(path).st_size
    return 0
