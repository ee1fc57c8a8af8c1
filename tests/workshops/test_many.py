"""Many people in one workshop: what is told to all of them takes as many queries as for a few, under its lock; and a
place is said to be free only when one came free."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_room, make_workshop, writing
from tests.people import Cast
from tests.workshops.reads import mailed, mails, places
from workshops import jobs
from workshops.commands import answer_offer, cancel, edit, reopen, sign_up, sign_up_guest, withdraw, withdraw_guest

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = NOON + 10 * DAY
LATE = START - HOUR


async def queries(monkeypatch: pytest.MonkeyPatch, deed: Awaitable[object]) -> int:
    """How many statements this command takes."""
    asked = 0
    async with transaction() as current:
        kind = type(current)
    fetch = kind.fetch

    async def counted(self: Any, *args: Any, **more: Any) -> Any:
        nonlocal asked
        asked += 1
        return await fetch(self, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(kind, "fetch", counted)
        await deed
    return asked


async def crowd(cast: Cast, number: int) -> tuple[int, list[int]]:
    """So many have places, and have brought as many guests, and as many wait."""
    async with writing():
        people = [await make_member(place_id=cast.place, now=NOON - 9 * DAY) for _ in range(number * 2)]
        room = await make_room(place_id=cast.place, name=f"Halle {number}", seats=200)
    start = START + number * DAY
    made = await make_workshop(
        place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=number * 2, room_id=room, starts_at=start
    )
    for number_, member in enumerate(people[:number]):
        await sign_up(actor=member, workshop_id=made, now=NOON)
        await sign_up_guest(actor=member, workshop_id=made, first_name=f"Jo {number_}", now=NOON)
    for member in people[number:]:
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made, people


async def test_as_many_queries_for_three_as_for_thirty(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[int, dict[str, int]] = {}
    for number in (3, 30):
        made, people = await crowd(cast, number)
        start, here = START + number * DAY, people[:number]
        row = (await run("select room_id from workshop where id = {}", made))[0]
        proposal: dict[str, Any] = {"room_id": row["room_id"], "capacity": number * 2, "starts_at": start}
        asked = taken[number] = {}

        async def act(name: str, deed: Awaitable[object], asked: dict[str, int] = asked) -> None:
            asked[name] = await queries(monkeypatch, deed)

        moved = a_proposal(**proposal | {"starts_at": start + HOUR})
        await act("edit", edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON))
        more = a_proposal(**proposal | {"starts_at": start + HOUR, "capacity": number * 3})
        await act("offer", edit(actor=cast.yann, workshop_id=made, proposal=more, version=2, now=NOON))
        assert list((await places(made)).values()).count("offered") == number
        near = a_proposal(**proposal | {"starts_at": NOON + 5 * HOUR, "capacity": number * 3})
        await act("hurry", edit(actor=cast.yann, workshop_id=made, proposal=near, version=3, now=NOON))
        await act("cancel", cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON))
        await act("reopen", reopen(actor=cast.yann, workshop_id=made, now=NOON + timedelta(seconds=1)))
        assert list((await places(made)).values()).count("offered") == number * 2
        await act("lapse", jobs.lapse_offers(NOON + 3 * HOUR))
        assert await mailed(about="lapsed") >= set(people)
        for kind in ("changed", "cancelled", "reopened"):
            warned = {mail["member_id"] for mail in await mails(about=kind) if "Préviens Jo" in mail["body"]}
            assert warned >= set(here)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON + 3 * HOUR)
    assert taken[3] == taken[30]
    assert all(count > 3 for count in taken[3].values())


class TestGuestsOfOne:
    async def test_one_message_names_them_all(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        for name in ("Paul", "Fatou"):
            await sign_up_guest(actor=cast.samira, workshop_id=made, first_name=name, now=NOON)
        await sign_up_guest(actor=cast.karim, workshop_id=made, first_name="Jo", now=NOON)
        await sign_up(actor=cast.karim, workshop_id=made, now=NOON)
        await sign_up(actor=cast.odile, workshop_id=made, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        (samira,), (karim,), (odile,) = [
            await mails(to=member, kind="cancellation") for member in (cast.samira, cast.karim, cast.odile)
        ]
        assert samira["body"].endswith("Préviens Paul et Fatou, que tu avais inscrit·e·s.")
        assert karim["body"].endswith("Préviens Jo, que tu avais inscrit·e.")
        assert (samira["method"], karim["method"]) == ("", "CANCEL"), "her calendar never had it"
        assert "Préviens" not in odile["body"]

    async def test_to_a_host_it_comes_with_what_hosts_are_told(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await sign_up_guest(actor=cast.yann, workshop_id=made, first_name="Jo", now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        told = await mails(to=cast.yann, kind="cancellation")
        assert [("Préviens Jo" in mail["body"], mail["method"]) for mail in told] == [(True, "CANCEL")]


class TestAPlaceIsFree:
    """In the last two hours, to all who wait: when one came free by what was done, and not at every deed after it."""

    async def full(self, cast: Cast) -> int:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=3)
        await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Jo", now=NOON)
        for member in (cast.samira, cast.karim, cast.odile, cast.aicha):
            await sign_up(actor=member, workshop_id=made, now=NOON)
        return made

    async def free(self) -> list[int]:
        return sorted(mail["member_id"] for mail in await mails(about="free"))

    async def test_a_place_given_back(self, cast: Cast) -> None:
        made = await self.full(cast)
        await withdraw(actor=cast.karim, workshop_id=made, now=LATE)
        assert await self.free() == sorted([cast.odile, cast.aicha])

    async def test_a_guests(self, cast: Cast) -> None:
        made = await self.full(cast)
        (guest,) = await run("select id from sign_up where workshop_id = {} and first_name = 'Jo'", made)
        await withdraw_guest(actor=cast.samira, workshop_id=made, sign_up_id=guest["id"], now=LATE)
        assert await self.free() == sorted([cast.odile, cast.aicha])

    async def test_one_that_was_offered(self, cast: Cast) -> None:
        made = await self.full(cast)
        await withdraw(actor=cast.karim, workshop_id=made, now=START - 2 * HOUR - timedelta(minutes=5))
        await answer_offer(actor=cast.odile, workshop_id=made, yes=False, now=LATE)
        assert await self.free() == [cast.aicha]

    async def test_an_edit_that_frees_nothing_says_nothing(self, cast: Cast) -> None:
        made = await self.full(cast)
        await withdraw(actor=cast.karim, workshop_id=made, now=LATE)
        once = await self.free()
        words = a_proposal(capacity=3, summary="On apporte un stylo.")
        await edit(actor=cast.yann, workshop_id=made, proposal=words, version=1, now=LATE + timedelta(minutes=5))
        assert await self.free() == once
        more = a_proposal(capacity=4, summary="On apporte un stylo.")
        await edit(actor=cast.yann, workshop_id=made, proposal=more, version=2, now=LATE + timedelta(minutes=9))
        assert await self.free() == sorted(once * 2)

    async def test_somebody_who_waits_no_longer_frees_nothing(self, cast: Cast) -> None:
        made = await self.full(cast)
        await withdraw(actor=cast.karim, workshop_id=made, now=LATE)
        once = await self.free()
        await withdraw(actor=cast.aicha, workshop_id=made, now=LATE + timedelta(minutes=5))
        assert await self.free() == once
