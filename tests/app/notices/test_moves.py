"""A place that moves, a room with another name: whom it is told, once, and what it does to their calendars."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import Store, run, transaction
from app.identity.commands_places import PlaceWords, RoomWords, edit_place, edit_room
from app.main import REGISTRY
from app.notices import moves
from app.notices.moves import tell_moves
from tests.client import NOON
from tests.factories import make_member, make_workshop
from tests.people import Cast, make_cast
from workshops.commands import cancel, sign_up
from workshops.states import Format

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
START = NOON + 10 * DAY


@pytest.fixture
async def cast(db: Store) -> Cast:
    return await make_cast()


async def workshop(cast: Cast, *people: int, **changes: Any) -> int:
    """Yann hosts, these come."""
    plan: dict[str, Any] = {"starts_at": START, "room_id": cast.salon, **changes}
    made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, **plan)
    for member in people:
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made


async def move_to(cast: Cast, address: str, *, name: str = "Les Tanneurs", now: Any = NOON + DAY, **more: Any) -> None:
    words = {"about": "", "email": "", "phone": "", "step_free": False, **more}
    await edit_place(
        actor=cast.rosa, place_id=cast.place, words=PlaceWords(name=name, address=address, **words), now=now
    )


async def rename(cast: Cast, name: str, *, seats: int = 15, now: Any = NOON + DAY) -> None:
    words = RoomWords(name=name, seats=seats, step_free=True)
    await edit_room(actor=cast.rosa, place_id=cast.place, room_id=cast.salon, words=words, now=now)


async def forget_calendar(member_id: int) -> None:
    """As if the event had not gone to this member's calendar: they read a feed."""
    async with transaction():
        await run("delete from calendar_request where member_id = {}", member_id)


async def address(cast: Cast) -> str:
    return str((await run("select address from place where id = {}", cast.place))[0]["address"])


async def tell(now: Any = NOON + DAY + MINUTE) -> int:
    return await tell_moves(REGISTRY.entry_kinds, now)


async def told(to: int | None = None) -> list[dict[str, Any]]:
    rows = await run("select * from outbox where kind = 'change' order by id")
    return [row for row in rows if to in (None, row["member_id"])]


async def people_told() -> list[int]:
    return sorted(row["member_id"] for row in await told())


class TestAPlaceThatMoves:
    async def test_whoever_has_a_place_is_told_once(self, cast: Cast) -> None:
        here = await address(cast)
        assert here
        await workshop(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
        await move_to(cast, "7 rue du Pont, 67000 Strasbourg")
        assert await told() == [], "in the transaction of the deed, only that it is to be told"
        assert await tell() == 4
        assert await people_told() == sorted([cast.yann, cast.samira, cast.karim, cast.odile]), "not who waits"
        (mail,) = await told(cast.samira)
        assert (mail["kind"], mail["method"], mail["action"]) == ("change", "REQUEST", "Je vois l’atelier")
        assert "nouvelle adresse" in mail["subject"]
        assert "Salon, Les Tanneurs, 7 rue du Pont, 67000 Strasbourg" in mail["body"]
        assert "7 rue du Pont" in mail["event"]
        assert here not in mail["event"]
        (first,) = await run("select * from outbox where kind = 'confirmation' and member_id = {}", cast.samira)
        assert mail["sequence"] > first["sequence"]
        assert await tell(NOON + 2 * DAY) == 0
        assert await run("select id from moved") == []

    async def test_whoever_has_no_mail_is_on_the_call_list(self, cast: Cast) -> None:
        voice = await make_member(name="Zoé", place_id=cast.place, email=None, now=NOON - 9 * DAY)
        await workshop(cast, voice)
        await move_to(cast, "7 rue du Pont")
        await tell()
        (message,) = await told(voice)
        assert message["on_site"]
        assert not message["method"]

    async def test_soonest_first_and_no_more_than_a_run_may(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        later = await workshop(cast, starts_at=START + DAY)
        sooner = await workshop(cast)
        await move_to(cast, "7 rue du Pont")
        monkeypatch.setattr(moves, "AT_ONCE", 1)
        await tell()
        assert [row["about_id"] for row in await told()] == [sooner]
        await tell()
        assert [row["about_id"] for row in await told()] == [sooner, later]

    async def test_a_talking_group_stays_discreet(self, cast: Cast) -> None:
        await workshop(cast, cast.samira, format=Format.PAROLE, speaker="Mme Diallo", capacity=8)
        await move_to(cast, "7 rue du Pont")
        await tell()
        assert [row["discreet"] for row in await told(cast.samira)] == [True]

    async def test_what_is_off_or_has_begun_tells_nobody(self, cast: Cast) -> None:
        off, begun = await workshop(cast, cast.samira), await workshop(cast, cast.karim, starts_at=START - 5 * DAY)
        await move_to(cast, "7 rue du Pont", now=START - 5 * DAY - MINUTE)
        assert {row["thing_id"] for row in await run("select thing_id from moved")} == {off, begun}
        await cancel(actor=cast.yann, workshop_id=off, reason="", now=START - 5 * DAY)
        assert await tell(START - 5 * DAY) == 0
        assert await run("select id from moved") == []
        await move_to(cast, "8 rue du Pont", now=START - 5 * DAY + MINUTE)
        assert await run("select id from moved") == [], "nothing is to come any more"

    async def test_twice_in_a_minute_is_one_message_with_the_last(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        await move_to(cast, "7 rue du Pont")
        await move_to(cast, "9 rue du Pont")
        await tell()
        (mail,) = await told(cast.samira)
        assert "9 rue du Pont" in mail["body"]
        await move_to(cast, "11 rue du Pont", now=NOON + 2 * DAY)
        await tell(NOON + 2 * DAY)
        assert len(await told(cast.samira)) == 2

    async def test_put_back_only_those_hear_whose_calendar_got_it(self, cast: Cast) -> None:
        here = await address(cast)
        made = await workshop(cast, cast.samira)
        await move_to(cast, "7 rue du Pont")
        await sign_up(actor=cast.karim, workshop_id=made, now=NOON + DAY + MINUTE)
        await move_to(cast, here, now=NOON + DAY + MINUTE)
        await tell(NOON + DAY + MINUTE)
        assert await people_told() == [cast.karim]
        assert here in (await told())[0]["body"]


class TestAnotherName:
    async def test_only_calendars_hear_of_it(self, cast: Cast) -> None:
        await workshop(cast, cast.samira, cast.karim)
        await forget_calendar(cast.karim)
        await rename(cast, "Grand salon")
        await tell()
        assert await people_told() == sorted([cast.yann, cast.samira])
        (mail,) = await told(cast.samira)
        assert "ton calendrier est à jour" in mail["subject"]
        assert "LOCATION:Grand salon" in mail["event"]
        assert mail["method"] == "REQUEST"

    async def test_of_the_place_as_well(self, cast: Cast) -> None:
        await workshop(cast, cast.samira)
        await forget_calendar(cast.samira)
        await move_to(cast, await address(cast), name="Les Tanneries")
        await tell()
        assert await people_told() == [cast.yann]

    async def test_an_address_for_the_first_time(self, cast: Cast) -> None:
        await move_to(cast, "")
        await workshop(cast, cast.samira)
        await forget_calendar(cast.samira)
        await move_to(cast, "7 rue du Pont", now=NOON + 2 * DAY)
        await tell(NOON + 2 * DAY)
        assert await people_told() == [cast.yann]

    async def test_a_room_where_it_is_not(self, cast: Cast) -> None:
        await workshop(cast, cast.samira, room_id=cast.back_room)
        await rename(cast, "Grand salon")
        assert await tell() == 0


async def test_nothing_changed_tells_nobody(cast: Cast) -> None:
    await workshop(cast, cast.samira)
    await move_to(cast, await address(cast), phone="03 88 00 00 00")
    await rename(cast, "Salon", seats=12)
    assert await run("select id from moved") == []
    assert await tell() == 0


async def test_as_many_queries_for_one_thing_as_for_thirty(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for module in ("app.notices.moved", "app.calendar.entries"):

        async def counted(sql: str, *args: Any, name: str = module) -> Any:
            asked.append(name)
            return await run(sql, *args)

        monkeypatch.setattr(f"{module}.run", counted)
    await workshop(cast)
    asked.clear()
    await move_to(cast, "1 rue du Pont")
    one = list(asked)
    assert one
    for number in range(1, 30):
        await workshop(cast, starts_at=START + number * DAY)
    asked.clear()
    await move_to(cast, "2 rue du Pont")
    assert asked == one
    assert len(await run("select id from moved")) == 30
