"""Two telephones at one door, over HTTP: they tick the same list at once, and let in whoever has not booked.

Each storm is first seen to break the server whose lock was taken away. The same commands raced in one process are in
`tests/meals/test_door.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

import pytest

from app import clock
from app.identity.states import Act
from tests.factories import make_grant
from tests.load.meals import Ask, rush, seats_of, who_sits
from tests.load.scenes import Scene, staged, statuses
from tests.load.test_twice import Deed, faults
from tests.load.unguarded import LOCK
from tests.meals.laws import seats_agree
from tests.meals.make import make_booking, make_meal
from tests.meals.reads import bookings, counts
from tests.servers import Server, people

pytestmark = pytest.mark.slow

GUESTS, FREE, ENTERING = 40, 6, 20
HOUR = timedelta(hours=1)


async def a_door(scene: Scene, *, seats: int) -> int:
    """A meal that begins in half an hour, and can be booked until then; the first two members have the welcome turn."""
    now = clock.now()
    for member in scene.members[:2]:
        await make_grant(
            member_id=member, place_id=scene.place, act=Act.CHECK_IN, from_at=now - HOUR, until_at=now + 5 * HOUR
        )
    starts_at = now + HOUR / 2
    return await make_meal(
        place_id=scene.place, opener=scene.hosts[0], seats=seats, starts_at=starts_at, closes_at=starts_at, now=now
    )


async def booked(scene: Scene, meal_id: int, number: int, seats: int = 1) -> int:
    return await make_booking(meal_id=meal_id, member_id=scene.members[number], seats=seats, now=clock.now())


def a_tick(meal_id: int, member: int, booking_id: int, seats: int, **form: object) -> Ask:
    """As the line of that booking sends it, on a list that was read before anybody was in."""
    plain = {"booking": booking_id, "seats": seats, "seen": 0, "once": f"tick-{member}-{booking_id}"}
    return Ask(member, f"/repas/{meal_id}/accueil", {name: str(value) for name, value in (plain | form).items()})


def an_entry(meal_id: int, member: int, number: int) -> Ask:
    form = {"name": "", "seats": "1", "children": "0", "once": f"entry-{member}-{number}"}
    return Ask(member, f"/repas/{meal_id}/accueil/sans-reservation", form)


async def the_evening(scene: Scene, *, guests: int, entering: int) -> tuple[int, dict[int, int], list[Ask]]:
    """The meal, its bookings with their seats, and what both telephones send in an order of their own: each line, the
    first ones twice as a thumb does, and each person who has not booked once."""
    sizes = {number: 1 + number % 3 for number in range(guests)}
    meal_id = await a_door(scene, seats=sum(sizes.values()) + FREE)
    made = {await booked(scene, meal_id, number, seats): seats for number, seats in sizes.items()}
    asks: list[list[Ask]] = []
    for telephone in scene.members[:2]:
        lines = [a_tick(meal_id, telephone, each, seats) for each, seats in made.items()]
        mine = [*lines, *lines[: guests // 4], *(an_entry(meal_id, telephone, n) for n in range(entering // 2))]
        Random(telephone).shuffle(mine)
        asks.append(mine)
    return meal_id, made, [ask for pair in zip(*asks, strict=True) for ask in pair]


class TestTwoTelephones:
    async def test_without_the_lock_more_come_in_than_there_are_seats(self, careless: Server) -> None:
        async with people(careless.url, X_Without=LOCK) as crowd:
            scene = await staged(crowd, members=4)
            meal_id, _, _ = await the_evening(scene, guests=4, entering=0)
            asks = [an_entry(meal_id, member, number) for number in range(10) for member in scene.members[:2]]
            turns = await rush(scene, asks, first=ENTERING)
        inside = await seats_of(meal_id, "attended")
        print(f"without the lock: {inside} on {FREE} seats, {statuses([turn.answer for turn in turns])}")
        assert inside > FREE

    async def test_without_the_lock_somebody_is_ticked_by_both(self, careless: Server) -> None:
        async with people(careless.url, X_Without=LOCK) as crowd:
            scene = await staged(crowd, members=8)
            _, made, asks = await the_evening(scene, guests=8, entering=0)
            turns = await rush(scene, asks, first=len(asks))
        answered = statuses([turn.answer for turn in turns])
        print(f"without the lock: {answered}")
        assert answered[409] < len(made), "not each of the second telephone is told"

    async def test_each_is_ticked_by_one_and_the_last_seats_are_given_once(self, server: Server) -> None:
        async with people(server.url) as crowd:
            scene = await staged(crowd, members=GUESTS)
            meal_id, made, asks = await the_evening(scene, guests=GUESTS, entering=ENTERING)
            turns = await rush(scene, asks)
        answers: dict[str, set[int]] = {}
        for ask, turn in zip(asks, turns, strict=True):
            answers.setdefault(ask.form["once"], set()).add(turn.answer.status_code)
        assert {len(each) for each in answers.values()} == {1}, "sent twice, it is answered alike"
        said = {once: status for once, (status,) in answers.items()}
        for booking_id in made:
            both = sorted(said[f"tick-{member}-{booking_id}"] for member in scene.members[:2])
            assert both == [303, 409], "one of the two telephones ticks them, and the other is told"
        entered = Counter(status for once, status in said.items() if once.startswith("entry-"))
        assert entered == {303: FREE, 409: ENTERING - FREE}
        sits = await who_sits(meal_id)
        assert {booking_id: sits[booking_id] for booking_id in made} == {
            booking_id: {"attended": seats} for booking_id, seats in made.items()
        }
        assert sum(states.get("attended", 0) for states in sits.values()) == sum(made.values()) + FREE
        assert await counts(meal_id) == (sum(made.values()) + FREE, 0)
        await seats_agree(meal_id, now=clock.now())


# ------------------------------------------------------------------------------------------------ twenty times the same


async def tick_two(scene: Scene) -> Deed:
    meal_id = await a_door(scene, seats=10)
    made = await booked(scene, meal_id, 2, 4)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return (await who_sits(meal_id))[made]

    ask = a_tick(meal_id, scene.members[0], made, 2)
    return Deed(browser, ask.path, ask.form, effects, {"attended": 2, "confirmed": 2})


async def untick_one(scene: Scene) -> Deed:
    meal_id = await a_door(scene, seats=10)
    made = await booked(scene, meal_id, 2, 4)
    (browser,) = await scene.browsers(scene.members[:1])
    before = a_tick(meal_id, scene.members[0], made, 4)
    browser.people = scene.calm
    assert (await browser.post(before.path, before.form)).status_code == 303
    browser.people = scene.people

    async def effects() -> object:
        return (await who_sits(meal_id))[made]

    ask = a_tick(meal_id, scene.members[0], made, 1, seen=4, once="back")
    return Deed(browser, f"{ask.path}/retrait", ask.form, effects, {"attended": 3, "confirmed": 1})


async def enter(scene: Scene) -> Deed:
    meal_id = await a_door(scene, seats=10)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        rows = await bookings(meal_id)
        return [row["walk_in"] for row in rows], await counts(meal_id)

    ask = an_entry(meal_id, scene.members[0], 1)
    return Deed(browser, ask.path, ask.form, effects, ([True], (1, 0)))


DEEDS = [tick_two, untick_one, enter]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_without_the_lock_it_is_done_more_than_once_or_fails(
    careless: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(careless.url, X_Without=LOCK) as crowd, people(careless.url) as calm:
        found = await faults(crowd, calm, deed)
    print(f"without the lock, {deed.__name__}: {found}")
    assert found


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_it_is_done_once_and_all_are_answered_alike(
    server: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(server.url) as crowd:
        assert await faults(crowd, crowd, deed) == []
