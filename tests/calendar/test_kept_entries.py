"""What is read once and kept: whoever writes an entry, the next list shows it as it stands now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.calendar import kept_entries
from app.calendar.api import host_renamed, place_changed, put_entry, remove_entry, room_renamed, set_counts
from app.calendar.queries import Strip, strip_of
from app.calendar.tables import Entry
from app.database import Store, engine, transaction
from app.identity.tables import Place, Room
from app.identity.visits import Me, Spot, Visit
from app.main import REGISTRY
from tests.calendar.plans import at, plan, put
from tests.client import NOON
from tests.people import Cast, make_cast

LATER = NOON + timedelta(hours=1)
KINDS = REGISTRY.entry_kinds


async def shown(cast: Cast, *, hours: float = 0, thing_id: int = 1) -> Strip | None:
    """The strip as Samira sees it."""
    me = Me(id=cast.samira, name="Samira", mediator=False, met=True, belongs=True)
    spot = Spot(cast.place, "tanneurs", "Les Tanneurs", "")
    visit = Visit(now=NOON + timedelta(hours=hours), member=me, place=spot)
    return await strip_of("workshop", thing_id, visit=visit, kinds=KINDS)


async def shown_anew(cast: Cast) -> Strip | None:
    """The same when nothing is kept."""
    kept_entries.forget()
    return await shown(cast)


async def another_title(cast: Cast) -> None:
    await put_entry(plan(place_id=cast.place, room_id=cast.salon, title="On se relit"), now=LATER)


async def another_hour(cast: Cast) -> None:
    planned = plan(place_id=cast.place, room_id=cast.salon, starts_at=at("2026-11-28T10:00"))
    await put_entry(planned, now=LATER)


async def one_more_comes(cast: Cast) -> None:
    await set_counts("workshop", 1, taken=1, waiting=0)


async def fewer_seats(cast: Cast) -> None:
    await set_counts("workshop", 1, taken=0, waiting=0, seats=6)


async def gone(cast: Cast) -> None:
    await remove_entry("workshop", 1, now=LATER)


async def another_room_name(cast: Cast) -> None:
    await Room.update({Room.name: "Petit salon"}).where(Room.id == cast.salon)
    await room_renamed(cast.salon, now=LATER)


async def another_room_name_when_it_is_over(cast: Cast) -> None:
    await Room.update({Room.name: "Petit salon"}).where(Room.id == cast.salon)
    await room_renamed(cast.salon, now=LATER + timedelta(days=30))


async def another_place_name(cast: Cast) -> None:
    await Place.update({Place.name: "La Tannerie"}).where(Place.id == cast.place)
    await place_changed(cast.place, now=LATER + timedelta(days=30))


async def another_host_name(cast: Cast) -> None:
    await host_renamed(cast.samira, old="Samira", new="Sam", now=LATER)


async def written_past_its_version(cast: Cast) -> None:
    """The control: what no function of ours does."""
    await Entry.update({Entry.title: "On se relit"}).where(Entry.thing_id == 1)


Write = Callable[[Cast], Awaitable[None]]
WRITES: tuple[Write, ...] = (
    another_title,
    another_hour,
    one_more_comes,
    fewer_seats,
    gone,
    another_room_name,
    another_room_name_when_it_is_over,
    another_place_name,
    another_host_name,
)


async def before_and_after(write: Write) -> tuple[Strip | None, Strip | None, Strip | None]:
    """What is shown before, after it with what is kept, and after it with nothing kept."""
    cast = await make_cast()
    await put(plan(place_id=cast.place, room_id=cast.salon), host=(cast.samira,))
    before = await shown(cast)
    async with transaction():
        await write(cast)
    return before, await shown(cast), await shown_anew(cast)


class TestEveryWriteIsSeen:
    @pytest.mark.parametrize("write", WRITES, ids=lambda write: str(write.__name__))
    async def test_at_once(self, db: Store, write: Write) -> None:
        before, after, anew = await before_and_after(write)
        assert before != anew
        assert after == anew

    async def test_but_for_one_that_moves_no_version(self, db: Store) -> None:
        """The control."""
        before, after, anew = await before_and_after(written_past_its_version)
        assert before == after != anew


class TestWhatIsKept:
    async def test_an_unchanged_entry_is_read_once(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place))
        first = await shown(cast)
        before = engine().query_id
        assert await shown(cast) is first
        assert engine().query_id - before == 1

    async def test_the_hour_changes_what_is_proposed(self, db: Store) -> None:
        """It is made anew, from the same reading, when the last hours come and when it is over."""
        cast = await make_cast()
        await put(replace(plan(place_id=cast.place), seats=1, taken=0, waiting=3))
        days = [await shown(cast, hours=hours) for hours in (0, 24 * 3 + 1.5, 24 * 3 + 9)]
        assert [strip.invitation.value if strip else None for strip in days] == ["wait", "join", "closed"]

    async def test_what_was_undone_is_not_kept(self, db: Store) -> None:
        cast = await make_cast()
        await put(plan(place_id=cast.place))
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await put_entry(plan(place_id=cast.place, title="Jamais écrit"), now=LATER)
                inside = await shown(cast)
                assert inside is not None
                assert inside.title == "Jamais écrit"
                raise ZeroDivisionError
        async with transaction():  # the same version again, with other words
            await put_entry(plan(place_id=cast.place, title="Bien écrit"), now=LATER)
        after = await shown(cast)
        assert after is not None
        assert after.title == "Bien écrit"

    async def test_no_more_than_so_many(self, db: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept_entries, "MOST_KEPT", 3)
        cast = await make_cast()
        for number in range(1, 6):
            await put(plan(number, place_id=cast.place, starts_at=at("2026-11-27T14:00") + timedelta(hours=number)))
            await shown(cast, thing_id=number)
        assert len(kept_entries.kept()) == 3
