"""One order of locks for whatever is done to a meal (`meals.commands.steps`): members, rooms, places, meals, checkouts,
turns. What is locked is overheard, on both engines; who does it the other way round waits for one who waits for them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app import database
from app.database import get_for_update, run, transaction
from app.identity.commands_places import RoomWords, edit_room, retire_room
from app.identity.leaving import erase_for
from app.identity.tables import Place, Room
from app.main import REGISTRY
from app.transactions import CURRENT
from meals import jobs
from meals.commands.booking import book_for
from meals.commands.giving_back import cancel_seats
from meals.commands.opener import let_go, take_on
from meals.commands.opening import cancel_meal, go_ahead
from meals.facts import turns_of
from meals.states import Job
from rotas.commands import claim
from tests.client import NOON
from tests.meals.make import CLOSES, START, a_wish, make_booking
from tests.meals.plans import edited, moved, opened, turns_for
from tests.people import Cast

MINUTE = timedelta(minutes=1)
ORDER = ("member", "room", "place", "meal", "checkout", "rota_slot")
_LOCKING = re.compile(r'select .* from "(\w+)" where id in \(')

Locked = dict[int, list[tuple[str, int]]]


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    """What each transaction locks, in its order; what it has already is not locked anew."""
    locks: Locked = {}
    kept: list[object] = []  # else another transaction might come to have the same number

    async def listening(sql: str, *args: Any) -> list[dict[str, Any]]:
        current, found = CURRENT.get(), _LOCKING.match(sql)
        if current is not None and found and found[1] in ORDER:
            kept.append(current)
            mine = locks.setdefault(id(current), [])
            mine += [(found[1], each) for each in args if (found[1], each) not in mine]
        return await run(sql, *args)

    with monkeypatch.context() as patched:
        patched.setattr(database, "run", listening)
        yield locks


def in_order(locks: Locked) -> bool:
    return all(mine == sorted(mine, key=lambda one: (ORDER.index(one[0]), one[1])) for mine in locks.values())


async def test_what_is_locked_out_of_order_is_heard(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    with overheard(monkeypatch) as locks:
        async with transaction():
            await get_for_update(Room, cast.salon)
            await get_for_update(Place, cast.place)
        assert in_order(locks)
        async with transaction():
            await get_for_update(Place, cast.place)
            await get_for_update(Room, cast.salon)
        assert not in_order(locks)


@dataclass(frozen=True)
class There:
    """Two meals in one room that Odile opened, the first with a team; Karim cooks, eats at both, and booked for Momo.
    `mine` is his booking of the second."""

    cast: Cast
    meal: int
    mine: int


Deed = Callable[[There], Awaitable[object]]


async def passed_on(there: There) -> None:
    await let_go(actor=there.cast.odile, meal_id=there.meal, now=NOON)
    await take_on(actor=there.cast.karim, meal_id=there.meal, now=NOON)


async def in_doubt(there: There) -> None:
    await jobs.close_due(CLOSES)
    await go_ahead(actor=there.cast.odile, meal_id=there.meal, now=CLOSES)
    await jobs.cancel_doubtful(CLOSES + timedelta(hours=2))


async def room_renamed(there: There) -> None:
    words = RoomWords(name="Grand salon", seats=15, step_free=True)
    await edit_room(actor=there.cast.rosa, place_id=there.cast.place, room_id=there.cast.salon, words=words, now=NOON)


DEEDS: dict[str, Deed] = {
    "opened": lambda there: opened(there.cast, room_id=there.cast.back_room, seats=10, once="other"),
    "edited": lambda there: edited(there.meal, actor=there.cast.odile, room_id=there.cast.back_room, seats=10),
    "moved": lambda there: moved(there.meal, timedelta(days=1), actor=there.cast.odile),
    "called off": lambda there: cancel_meal(actor=there.cast.odile, meal_id=there.meal, reason="", now=NOON),
    "passed on": passed_on,
    "in doubt": in_doubt,
    "booked": lambda there: make_booking(meal_id=there.meal, member_id=there.cast.yann, give=1, seats=2),
    "booked for": lambda there: book_for(
        actor=there.cast.yann, meal_id=there.meal, first_name="Monique", wish=a_wish(), now=NOON
    ),
    "given back": lambda there: cancel_seats(
        actor=there.cast.karim, booking_id=there.mine, seats=None, leave=False, now=NOON
    ),
    "erased": lambda there: erase_for(there.cast.karim, REGISTRY.domains, force=True, now=NOON),
    "whoever opened them is erased": lambda there: erase_for(there.cast.odile, REGISTRY.domains, force=True, now=NOON),
    "a room is called otherwise": room_renamed,
    "a room is not offered any more": lambda there: retire_room(
        actor=there.cast.rosa, place_id=there.cast.place, room_id=there.cast.back_room, now=NOON
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_people_then_rooms_then_places_then_meals_then_turns(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    turns = await turns_for(cast, Job.COOK, Job.WASH)
    meal, other = [
        await opened(cast, room_id=cast.salon, seats=10, turns=turns, once="one"),
        await opened(
            cast,
            starts_at=CLOSES - timedelta(hours=3),
            ends_at=CLOSES,
            closes_at=CLOSES - timedelta(hours=4),
            room_id=cast.salon,
            seats=10,
            once="two",
        ),
    ]
    for _, slot in await turns_of(meal, now=NOON):
        await claim(actor=cast.karim, slot_id=slot.id, sure=True, now=NOON)
    for each in (meal, other):
        mine = await make_booking(meal_id=each, member_id=cast.karim, give=1)
        await book_for(actor=cast.karim, meal_id=each, first_name="Momo", wish=a_wish(), now=NOON)
    with overheard(monkeypatch) as locks:
        await DEEDS[deed](There(cast, meal, mine))
    assert locks
    assert in_order(locks), locks


async def test_whoever_is_erased_has_all_their_meals_locked_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are over, and those of their guests: jobs lock a meal, then write its bookings. Who wrote the
    bookings first, and then the meal, would wait for them, and they for them."""
    meals = [await opened(cast, actor=each, once=str(each)) for each in (cast.karim, cast.odile, cast.yann, cast.aicha)]
    await make_booking(meal_id=meals[1], member_id=cast.karim)
    await book_for(actor=cast.karim, meal_id=meals[2], first_name="Momo", wish=a_wish(), now=NOON)
    with overheard(monkeypatch) as locks:
        await erase_for(cast.karim, REGISTRY.domains, force=True, now=START + timedelta(days=9))
    mine = next(each for each in locks.values() if ("member", cast.karim) in each)
    assert [each for each in mine if each[0] == "meal"] == [("meal", each) for each in meals[:3]]
