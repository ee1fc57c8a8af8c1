"""What those who keep a place change of it: its facts, rooms, hours and closed days.

Each deed asks again inside its transaction whether the role still holds. What is planned there follows: calendars are
told of new names by `app.calendar.api`, people by `app.notices.api`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.calendar.api import place_changed, room_renamed, why_clashes
from app.database import command, get_for_update, run, transaction
from app.errors import NotFound, Refused
from app.identity.api import holds
from app.identity.rules import name_key
from app.identity.states import Act, IdentityRefusal
from app.identity.tables import Closure, OpeningHours, Place, Room
from app.notices.api import note_moved

FAR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """What a place says of itself."""

    name: str
    address: str
    about: str
    email: str
    phone: str
    step_free: bool


@dataclass(frozen=True, slots=True)
class RoomWords:
    """What is said of a room."""

    name: str
    seats: int
    step_free: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """An opening on one weekday (0 = Monday), "HH:MM" on the place's clock."""

    weekday: int
    opens: str
    closes: str


async def _kept_place(actor: int, place_id: int, now: datetime) -> dict[str, Any]:
    """The place, locked, if this person keeps it."""
    places = await get_for_update(Place, place_id)
    if not places:
        raise NotFound
    if not await holds(actor, place_id, Act.KEEP_PLACE, now):
        raise Refused(IdentityRefusal.NEEDS_ACT)
    return places[0]


@command
async def edit_place(*, actor: int, place_id: int, words: PlaceWords, now: datetime) -> None:
    """Change what the place says of itself."""
    async with transaction():
        before = await _kept_place(actor, place_id, now)
        await Place.update(
            {
                Place.name: words.name,
                Place.address: words.address,
                Place.about: words.about,
                Place.email: words.email,
                Place.phone: words.phone,
                Place.step_free: words.step_free,
            }
        ).where(Place.id == place_id)
        if (before["name"], before["address"]) != (words.name, words.address):
            things = await place_changed(place_id, now=now)
            await note_moved(things, place=before["name"], address=before["address"], now=now)


@command
async def add_room(*, actor: int, place_id: int, words: RoomWords, now: datetime) -> int:
    """A new room. Sending the same again gives the room that is there. Raises `Refused` for a name in use otherwise."""
    async with transaction():
        await _kept_place(actor, place_id, now)
        namesake = await _room_named(place_id, words.name)
        if namesake is not None:
            if (namesake["seats"], bool(namesake["step_free"])) == (words.seats, words.step_free):
                return int(namesake["id"])
            raise Refused(IdentityRefusal.ROOM_NAME_TAKEN, room=words.name)
        rows = await Room.insert(
            Room(place_id=place_id, name=words.name, seats=words.seats, step_free=words.step_free)
        ).returning(Room.id)
        room_id: int = rows[0]["id"]
    return room_id


async def _room_named(place_id: int, name: str, *, but: int = 0) -> dict[str, Any] | None:
    rows = await run(
        "select id, name, seats, step_free from room where place_id = {} and retired_at is null and id <> {}",
        place_id,
        but,
    )
    return next((row for row in rows if name_key(row["name"]) == name_key(name)), None)


async def _room_in_use(place_id: int, room_id: int) -> dict[str, Any]:
    rooms = await get_for_update(Room, room_id)
    if not rooms or rooms[0]["place_id"] != place_id:
        raise NotFound
    return rooms[0]


@command
async def edit_room(*, actor: int, place_id: int, room_id: int, words: RoomWords, now: datetime) -> None:
    """Change a room. What is planned in it keeps it, whatever its new size; calendars say its new name."""
    async with transaction():
        await get_for_update(Room, room_id)  # before its place, as everybody locks both
        await _kept_place(actor, place_id, now)
        before = await _room_in_use(place_id, room_id)
        if before["retired_at"] is not None:
            raise NotFound
        if await _room_named(place_id, words.name, but=room_id) is not None:
            raise Refused(IdentityRefusal.ROOM_NAME_TAKEN, room=words.name)
        await Room.update({Room.name: words.name, Room.seats: words.seats, Room.step_free: words.step_free}).where(
            Room.id == room_id
        )
        if before["name"] != words.name:
            await note_moved(await room_renamed(room_id, now=now), room=before["name"], now=now)


@command
async def retire_room(*, actor: int, place_id: int, room_id: int, now: datetime) -> None:
    """Offer this room no more. Raises `Refused` while something to come has it; retiring twice changes nothing."""
    async with transaction():
        await get_for_update(Room, room_id)  # before its place, as everybody locks both
        await _kept_place(actor, place_id, now)
        room = await _room_in_use(place_id, room_id)
        if room["retired_at"] is not None:
            return
        taken = await why_clashes(starts_at=now, ends_at=now + FAR, room_id=room_id)
        if taken is not None:
            raise Refused(IdentityRefusal.ROOM_IN_USE, room=room["name"], when=taken.starts_at)
        await Room.update({Room.retired_at: now}).where(Room.id == room_id)


@command
async def set_hours(*, actor: int, place_id: int, week: Sequence[Stretch], now: datetime) -> None:
    """Write the hours of the week anew."""
    async with transaction():
        await _kept_place(actor, place_id, now)
        await OpeningHours.delete().where(OpeningHours.place_id == place_id)
        if week:
            await OpeningHours.insert(
                *(
                    OpeningHours(place_id=place_id, weekday=each.weekday, opens=each.opens, closes=each.closes)
                    for each in week
                )
            )


@command
async def add_closure(*, actor: int, place_id: int, first_on: date, last_on: date, reason: str, now: datetime) -> None:
    """Days on which the place stays shut, both included. The same days again only change the reason."""
    async with transaction():
        await _kept_place(actor, place_id, now)
        renewed = (
            await Closure.update({Closure.reason: reason})
            .where((Closure.place_id == place_id) & (Closure.first_on == first_on) & (Closure.last_on == last_on))
            .returning(Closure.id)
        )
        if not renewed:
            await Closure.insert(Closure(place_id=place_id, first_on=first_on, last_on=last_on, reason=reason))


@command
async def remove_closure(*, actor: int, place_id: int, closure_id: int, now: datetime) -> None:
    """Open on these days after all. It is no error if they are gone already."""
    async with transaction():
        await _kept_place(actor, place_id, now)
        await Closure.delete().where((Closure.id == closure_id) & (Closure.place_id == place_id))
