"""Entries in the database: what is written, when SEQUENCE moves, and what follows from a renamed room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from app.calendar.api import (
    LONGEST,
    all_take_part,
    host_renamed,
    leave,
    place_changed,
    put_entry,
    remove_entry,
    room_renamed,
    set_counts,
    take_part,
)
from app.calendar.icalendar import calendar_bytes
from app.calendar.tables import Entry, TakingPart
from app.database import Store, run, transaction
from app.identity.tables import Place, Room
from tests.calendar.plans import at, entry, plan, put
from tests.client import NOON
from tests.factories import make_member, make_place, make_room
from tests.people import make_cast

LATER = NOON + timedelta(hours=1)


def said(kept: str) -> Any:
    """The one event of a kept text, read by a calendar program."""
    calendar = Calendar.from_ical(calendar_bytes("x", [kept.encode()], color="gold", url="https://example.org/"))
    assert calendar.errors == []
    (event,) = calendar.events
    assert event.errors == []
    return event


def counted(db: Store) -> int:
    """How many statements the engine has run."""
    return int(db.query_id)


class TestPuttingAnEntry:
    async def test_it_keeps_the_event_for_everybody_and_for_members(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place, room_id=cast.salon, hosts=("Samira", "Karim"), step_free=True))
        row = await entry()
        public, member = said(row["ics_public"]), said(row["ics_member"])
        assert public["SUMMARY"] == "On se relit nos CV"
        assert public["LOCATION"] == "Salon, Les Tanneurs, 14 rue des Tanneurs, 93200 Saint-Denis"
        assert public["DESCRIPTION"] == "Chacun repart avec une correction.\n\nAccessible sans marche."
        assert "Samira" not in row["ics_public"]
        assert member["DESCRIPTION"].endswith("Avec Samira, Karim")
        assert public["DTSTART"].dt == at("2026-11-27T14:00")
        assert (row["sequence"], row["modified_at"]) == (0, NOON)

    async def test_what_is_the_same_already_is_not_written(self, db: Store) -> None:
        cast = await make_cast()
        planned = plan(place_id=cast.place)
        first = await put(planned)
        before = await entry()
        assert await put(planned, now=LATER) == first
        assert await entry() == before

    async def test_each_visible_change_moves_sequence_and_time_by_one(self, db: Store) -> None:
        cast = await make_cast()
        planned = plan(place_id=cast.place)
        await put(planned)
        changes: list[dict[str, Any]] = [
            {"title": "On se relit"},
            {"summary": "Autrement."},
            {"room_id": cast.salon},
            {"starts_at": at("2026-11-27T14:30")},
            {"ends_at": at("2026-11-27T17:00")},
            {"hosts": ("Samira", "Yann")},
            {"genre": "libre"},
            {"children": True},
            {"state": "cancelled"},
            {"state": "confirmed"},
        ]
        for sequence, change in enumerate(changes, start=1):
            planned = replace(planned, **change)
            now = NOON + timedelta(minutes=sequence)
            await put(planned, now=now)
            row = await entry()
            assert (row["sequence"], row["modified_at"]) == (sequence, now), change
            assert said(row["ics_public"])["SEQUENCE"] == sequence
            assert said(row["ics_public"])["LAST-MODIFIED"].dt == now

    async def test_two_changes_within_a_second_have_two_times(self, db: Store) -> None:
        cast = await make_cast()
        planned = plan(place_id=cast.place)
        await put(planned)
        await put(replace(planned, title="B"))
        assert (await entry())["modified_at"] == NOON + timedelta(seconds=1)

    async def test_counts_move_nothing(self, db: Store) -> None:
        cast = await make_cast()
        planned = plan(place_id=cast.place)
        await put(planned)
        before = await entry()
        await put(replace(planned, taken=3, waiting=1, seats=10), now=LATER)
        assert await entry() == before | {"taken": 3, "waiting": 1, "seats": 10}
        async with transaction():
            await set_counts("workshop", 1, taken=4, waiting=0)
        assert await entry() == before | {"taken": 4, "waiting": 0, "seats": 10}

    async def test_the_uid_outlives_everything(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place))
        uid = said((await entry())["ics_public"])["UID"]
        (installation,) = await run("select name from installation")
        assert uid == f"workshop-1@{installation['name']}"
        async with transaction():
            await remove_entry("workshop", 1, now=LATER)
        other = await make_place(name="Ailleurs")
        await put(plan(place_id=other, title="Autre", starts_at=at("2027-01-05T10:00")))
        row = await entry()
        assert said(row["ics_public"])["UID"] == uid
        assert row["sequence"] == 2

    async def test_what_was_never_announced_is_not_cancelled_aloud(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place, state="tentative"))
        await put(plan(place_id=cast.place, state="cancelled"))
        assert (await entry())["state"] == "gone"
        await put(plan(2, place_id=cast.place, state="confirmed"))
        await put(plan(2, place_id=cast.place, state="cancelled"))
        row = await entry(2)
        assert row["state"] == "cancelled"
        assert said(row["ics_public"])["SUMMARY"] == "ANNULÉ – On se relit nos CV"

    @pytest.mark.parametrize("length", [timedelta(0), timedelta(hours=-1), LONGEST + timedelta(seconds=1)])
    async def test_it_refuses_what_is_no_span(self, db: Store, length: timedelta) -> None:
        cast = await make_cast()
        starts_at = at("2026-11-27T14:00")
        with pytest.raises(ValueError, match="not a time"):
            await put(plan(place_id=cast.place, ends_at=starts_at + length))

    async def test_it_refuses_a_room_of_another_place(self, db: Store) -> None:
        cast = await make_cast()
        elsewhere = await make_room(place_id=await make_place())
        with pytest.raises(ValueError, match="no room"):
            await put(plan(place_id=cast.place, room_id=elsewhere))

    async def test_hostile_words_stay_inside_their_event(self, db: Store) -> None:
        cast = await make_cast()
        nasty = "A\r\nEND:VEVENT\r\nBEGIN:VEVENT\x00\u2028URL:entry:meal/9\ud800"
        await put(plan(place_id=cast.place, title=nasty, summary=nasty * 3, hosts=(nasty,)))
        row = await entry()
        assert said(row["ics_public"])["SUMMARY"].startswith("A END:VEVENT BEGIN:VEVENT")
        assert said(row["ics_member"])["UID"]

    async def test_an_undone_transaction_leaves_no_entry(self, db: Store) -> None:
        cast = await make_cast()
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await put_entry(plan(place_id=cast.place), now=NOON)
                raise ZeroDivisionError
        assert await run("select id from entry") == []


class TestRemovingAnEntry:
    async def test_it_is_gone_once(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place))
        for now in (LATER, LATER + timedelta(hours=1)):
            async with transaction():
                await remove_entry("workshop", 1, now=now)
        row = await entry()
        assert (row["state"], row["sequence"], row["modified_at"]) == ("gone", 1, LATER)

    async def test_what_never_was_is_no_fault(self, db: Store) -> None:
        async with transaction():
            await remove_entry("workshop", 99, now=NOON)


class TestTakingPart:
    async def test_one_joins_leaves_and_comes_back_in_one_row(self, db: Store) -> None:
        cast = await make_cast()
        entry_id = await put(plan(place_id=cast.place), participant=(cast.karim,))
        rows = TakingPart.select(TakingPart.role, TakingPart.binding, TakingPart.modified_at, TakingPart.left_at)
        rows = rows.where(TakingPart.entry_id == entry_id)
        async with transaction():
            await leave("workshop", 1, cast.karim, now=LATER)
        assert await rows == [{"role": "participant", "binding": False, "modified_at": LATER, "left_at": LATER}]
        again = LATER + timedelta(hours=1)
        async with transaction():
            await take_part("workshop", 1, cast.karim, "host", binding=True, now=again)
            await take_part("workshop", 1, cast.karim, "host", binding=True, now=again + timedelta(hours=1))
        assert await rows == [{"role": "host", "binding": True, "modified_at": again, "left_at": None}]

    async def test_leaving_what_one_does_not_attend_changes_nothing(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place), participant=(cast.karim,))
        before = await TakingPart.select()
        async with transaction():
            await leave("workshop", 1, cast.samira, now=LATER)
            await leave("workshop", 2, cast.karim, now=LATER)
        assert await TakingPart.select() == before

    async def test_a_member_who_is_not_there_is_not_passed_over_in_silence(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place))

        async def joins(*members: int) -> None:
            async with transaction():
                await all_take_part("workshop", 1, members, "offered", binding=False, now=NOON)

        with pytest.raises(ValueError, match="no such member"):
            await joins(cast.karim, 9999)
        assert await TakingPart.select() == []
        for _ in range(2):  # there already, as this: none of them is missing
            await joins(cast.karim, cast.samira)
        with pytest.raises(ValueError, match="no such member"):
            await joins(cast.karim, 9999)

    async def test_the_entry_comes_first(self, db: Store) -> None:
        cast = await make_cast()
        with pytest.raises(ValueError, match="put_entry comes first"):
            async with transaction():
                await take_part("workshop", 5, cast.karim, "host", binding=True, now=NOON)


@asynccontextmanager
async def heartbeat() -> AsyncIterator[list[int]]:
    """How often somebody else had a turn while this lasted."""
    beats: list[int] = []

    async def beat() -> None:
        while True:
            await asyncio.sleep(0.005)
            beats.append(1)

    task = asyncio.create_task(beat())
    try:
        yield beats
    finally:
        task.cancel()


class TestRenaming:
    async def test_a_renamed_room_reaches_what_is_to_come_there(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(1, place_id=cast.place, room_id=cast.salon, starts_at=at("2026-11-20T14:00")))
        await put(plan(2, place_id=cast.place, room_id=cast.salon))
        await put(plan(3, place_id=cast.place, room_id=cast.back_room))
        past, other = await entry(1), await entry(3)
        async with transaction():
            await Room.update({Room.name: "Grand salon"}).where(Room.id == cast.salon)
            await room_renamed(cast.salon, now=LATER)
        row = await entry(2)
        assert said(row["ics_public"])["LOCATION"].startswith("Grand salon, ")
        assert said(row["ics_member"])["SEQUENCE"] == row["sequence"] == 1
        assert said(row["ics_public"])["LAST-MODIFIED"].dt == row["modified_at"] == LATER
        assert (await entry(1), await entry(3)) == (past, other)

    async def test_an_unchanged_name_moves_nothing(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place, room_id=cast.salon))
        before = await entry()
        async with transaction():
            await room_renamed(cast.salon, now=LATER)
            await place_changed(cast.place, now=LATER)
        assert await entry() == before

    async def test_a_place_with_five_hundred_entries_takes_few_statements(self, db: Store) -> None:
        cast = await make_cast()
        async with transaction():
            for number in range(1, 501):
                starts_at = at("2026-11-27T14:00") + timedelta(hours=number)
                await put_entry(plan(number, place_id=cast.place, starts_at=starts_at), now=NOON)
        async with transaction():
            await Place.update({Place.address: "1 place du Marché"}).where(Place.id == cast.place)
            before = counted(db)
            async with heartbeat() as beats:
                await place_changed(cast.place, now=LATER)
            assert counted(db) - before <= 4
            assert len(beats) > 10, "meanwhile no page is answered"
        rows = await Entry.select(Entry.thing_id, Entry.sequence, Entry.ics_public)
        assert {row["sequence"] for row in rows} == {1}
        assert all(f"UID:workshop-{row['thing_id']}@" in row["ics_public"] for row in rows)
        assert all("1 place du Marché" in row["ics_public"] for row in rows)

    async def test_a_host_changes_name_everywhere(self, db: Store) -> None:
        cast = await make_cast()
        other = await make_member(name="Samira", place_id=cast.place)
        await put(plan(1, place_id=cast.place, hosts=("Samira", "Yann")), host=(cast.samira, cast.yann))
        await put(plan(2, place_id=cast.place, hosts=("Samira",)), host=(other,))
        async with transaction():
            await host_renamed(cast.samira, old="Samira", new="Sam", now=LATER)
        first, second = await entry(1), await entry(2)
        assert (first["hosts"], second["hosts"]) == ("Sam\nYann", "Samira")
        assert "Avec Sam\\, Yann" in first["ics_member"]
        assert (first["sequence"], second["sequence"]) == (1, 0)

    async def test_another_host_of_the_same_name_keeps_theirs(self, db: Store) -> None:
        cast = await make_cast()
        other = await make_member(name="Samira", place_id=cast.place)
        await put(plan(1, place_id=cast.place, hosts=("Samira", "Samira")), host=(cast.samira, other))
        async with transaction():
            await host_renamed(cast.samira, old="Samira", new="Sam", now=LATER)
        after = await entry(1)
        assert after["hosts"] == "Sam\nSamira"
        assert "Avec Sam\\, Samira" in after["ics_member"]
