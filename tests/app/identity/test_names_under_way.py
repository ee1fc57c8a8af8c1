"""A name that a request under way is about to set into somebody else's message while its person is erased: the request
holds what the erasure waits for, so the name is there to be found, or is read no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app import database
from app.database import Store, run
from app.identity import commands as identity
from app.identity import leaving
from app.identity.states import Act
from app.identity.wording import NAMING as OF_IDENTITY
from app.main import REGISTRY
from tests.client import NOON
from tests.factories import make_grant, make_member, make_proposal, make_workshop
from tests.people import Cast
from workshops.commands import answer_invitation, hosting, invite_host, inviting, leave_hosting, proposing, take_over
from workshops.commands import withdraw_proposal as withdraw
from workshops.wording import NAMING as OF_WORKSHOPS

NAME = "Zoraïde"
Deed = Callable[[], Awaitable[object]]
TELLING = (
    (identity, "tell"),
    (inviting, "tell"),
    (proposing, "tell"),
    (hosting, "tell"),
    (hosting, "tell_hosts"),
    (hosting, "tell_people"),
)
"""What is called with the name once it has been read."""


async def _offers(cast: Cast, me: int) -> Deed:
    await make_grant(member_id=me, place_id=cast.place, act=Act.KEEP_PLACE, from_at=NOON)

    def deed() -> Awaitable[object]:
        return identity.offer_role(
            actor=me, place_id=cast.place, act=Act.KEEP_PLACE, member_id=cast.odile, shared=True, now=NOON
        )

    return deed


async def _invites(cast: Cast, me: int) -> Deed:
    workshop = await make_workshop(place_id=cast.place, host=me, mediator=cast.bruno)
    return lambda: invite_host(actor=me, workshop_id=workshop, member_id=cast.yann, now=NOON)


async def _answers(cast: Cast, me: int, *, yes: bool) -> Deed:
    workshop = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno)
    await invite_host(actor=cast.aicha, workshop_id=workshop, member_id=me, now=NOON)

    def deed() -> Awaitable[object]:
        return answer_invitation(actor=me, workshop_id=workshop, yes=yes, now=NOON + timedelta(hours=1))

    return deed


async def _leaves(cast: Cast, me: int) -> Deed:
    workshop = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno)
    await invite_host(actor=cast.aicha, workshop_id=workshop, member_id=me, now=NOON)
    await answer_invitation(actor=me, workshop_id=workshop, yes=True, now=NOON)
    return lambda: leave_hosting(actor=me, workshop_id=workshop, now=NOON)


async def _withdraws(cast: Cast, me: int) -> Deed:
    proposal = await make_proposal(place_id=cast.place, host=me)
    await invite_host(actor=me, workshop_id=proposal, member_id=cast.yann, now=NOON)
    return lambda: withdraw(actor=me, workshop_id=proposal, now=NOON)


async def _takes_over(cast: Cast, me: int) -> Deed:
    workshop = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno)
    await leave_hosting(actor=cast.aicha, workshop_id=workshop, now=NOON)
    return lambda: take_over(actor=me, workshop_id=workshop, now=NOON + timedelta(hours=1))


DEEDS: dict[str, Callable[[Cast, int], Awaitable[Deed]]] = {
    "offers a role": _offers,
    "invites": _invites,
    "says yes": partial(_answers, yes=True),
    "says no": partial(_answers, yes=False),
    "leaves": _leaves,
    "withdraws": _withdraws,
    "takes over": _takes_over,
}


async def _at_once(cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Do it, and erase whoever does it once their name has been read; how often the name is left."""
    me = await make_member(name=NAME, place_id=cast.place)
    deed = await DEEDS[name](cast, me)
    has_read, goes_on = asyncio.Event(), asyncio.Event()

    def slow(tell: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def late(*args: Any, **given: Any) -> None:
            if NAME in repr((args, given)):
                has_read.set()
                await goes_on.wait()
            await tell(*args, **given)

        return late

    for module, told in TELLING:
        monkeypatch.setattr(module, told, slow(getattr(module, told)))
    doing, reading = asyncio.ensure_future(deed()), asyncio.create_task(has_read.wait())
    await asyncio.wait([doing, reading], return_when=asyncio.FIRST_COMPLETED)
    assert reading.done(), doing
    erasing = asyncio.create_task(leaving.erase_for(me, REGISTRY.domains, force=True, now=NOON))
    await asyncio.wait([erasing], timeout=0.5)
    goes_on.set()
    await doing
    assert await erasing
    rows = await run("select subject, body, event from outbox") + await run("select hosts, ics_public from entry")
    return sum(NAME in str(row) for row in rows)


@pytest.mark.parametrize("name", DEEDS)
async def test_none_is_left(cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _at_once(cast, name, monkeypatch) == 0


class TestTheControl:
    """On PostgreSQL alone: SQLite has one writer at a time, whatever is locked. The other deeds write a row first that
    the erasure wants, which does the same."""

    @pytest.fixture
    async def db(self, postgres_only_db: Store) -> Store:
        return postgres_only_db

    @pytest.mark.parametrize("name", ["offers a role", "invites", "says yes", "takes over"])
    async def test_without_a_lock_it_is(self, cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        async def unlocked(sql: str, *args: Any) -> list[dict[str, Any]]:
            return await run(sql.replace(" for no key update", ""), *args)

        monkeypatch.setattr(database, "run", unlocked)
        assert await _at_once(cast, name, monkeypatch) > 0


def test_every_sentence_that_says_a_name_is_said_here() -> None:
    assert len(DEEDS) + 1 == len(OF_IDENTITY + OF_WORKSHOPS), "two of them are in one message"
