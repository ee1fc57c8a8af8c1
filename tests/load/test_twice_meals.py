"""Double click, back button, two tabs, two telephones: twenty times the same form about a meal, one effect.

As `test_twice`: each is first seen to have more than one effect, or to fail, where nothing is locked. Only `keep_them`
needs no lock: to say that nothing is handed over says the same twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app import clock
from app.database import run
from app.notices.links import OfferLink, offer_path
from meals.commands.giving_back import cancel_seats, hand_over
from meals.states import MealState
from tests.load.meals import Offer, a_meal, edit_form, offers, told_of, who_sits
from tests.load.scenes import Scene, staged, statuses
from tests.load.test_twice import TIMES, Deed, faults, goes_to
from tests.load.unguarded import LOCK, ONCE
from tests.meals.make import change_meal, make_booking, make_dish
from tests.meals.reads import bookings, diets, meal
from tests.servers import KEY, People, Server, at_once, people

pytestmark = pytest.mark.slow


async def sits(meal_id: int) -> list[dict[str, int]]:
    """How the seats of each booking stand, in the order in which they were booked."""
    return list((await who_sits(meal_id)).values())


async def has_booked(scene: Scene, meal_id: int, number: int, seats: int = 1) -> int:
    """This member has booked so many seats; the booking."""
    return await make_booking(meal_id=meal_id, member_id=scene.members[number], seats=seats, now=clock.now())


async def messages(meal_id: int, kind: str) -> dict[int, int]:
    """How many of this kind each member got."""
    return {member: n for (member, each), n in (await told_of(meal_id)).items() if each == kind}


# ------------------------------------------------------------------------------------------------------------- booking


async def book(scene: Scene) -> Deed:
    made = await a_meal(scene)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        lines = await run("select kind, cents from pot_line where meal_id = {}", made)
        return await sits(made), await told_of(made), [(line["kind"], line["cents"]) for line in lines]

    form = {"seats": "2", "price_cents": "300", "give": "1"}
    wanted = ([{"confirmed": 2}], {(scene.members[0], "confirmation"): 1}, [("given", 500)])
    return Deed(browser, f"/repas/{made}/reservations", form, effects, wanted)


async def wait(scene: Scene) -> Deed:
    made = await a_meal(scene, seats=3)
    await has_booked(scene, made, 1, 2)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await sits(made)

    form = {"seats": "4"}
    return Deed(
        browser, f"/repas/{made}/reservations", form, effects, [{"confirmed": 2}, {"confirmed": 1, "waiting": 3}]
    )


async def bring_a_guest(scene: Scene) -> Deed:
    made = await a_meal(scene)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return [each["first_name"] for each in await bookings(made)], await sits(made)

    form = {"first_name": "Nora", "seats": "2", "once": "form-1"}
    return Deed(browser, f"/repas/{made}/invites", form, effects, (["Nora"], [{"confirmed": 2}]))


async def ask_for_one_more(scene: Scene) -> Deed:
    made = await a_meal(scene)
    mine = await has_booked(scene, made, 0)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await sits(made)

    form = {"seats": "1", "children": "0", "had": "1", "once": "form-1"}
    return Deed(browser, f"/reservations/{mine}/places", form, effects, [{"confirmed": 2}])


async def say_what_one_does_not_eat(scene: Scene) -> Deed:
    dish = await make_dish(place_id=scene.place, declared_at=None)
    made = await a_meal(scene, dishes=[dish])
    mine = await has_booked(scene, made, 0)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await diets(mine)

    return Deed(browser, f"/reservations/{mine}/choix", {"diet": "no_gluten"}, effects, {"no_gluten": 1})


# -------------------------------------------------------------------------------------------------------- giving back


async def full(scene: Scene) -> tuple[int, int]:
    """Two seats of the first member, for which the second and the third wait; the meal, and the booking."""
    made = await a_meal(scene, seats=2)
    mine = await has_booked(scene, made, 0, 2)
    for number in (1, 2):
        await has_booked(scene, made, number)
    return made, mine


async def give_one_back(scene: Scene) -> Deed:
    made, mine = await full(scene)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await sits(made), await messages(made, "offer")

    wanted = ([{"cancelled": 1, "confirmed": 1}, {"offered": 1}, {"waiting": 1}], {scene.members[1]: 1})
    form = {"seats": "1", "had": "2", "once": "form-1"}
    return Deed(browser, f"/reservations/{mine}/annulation", form, effects, wanted)


async def give_all_back(scene: Scene) -> Deed:
    made, mine = await full(scene)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await sits(made), await messages(made, "offer")

    wanted = ([{"cancelled": 2}, {"offered": 1}, {"offered": 1}], {scene.members[1]: 1, scene.members[2]: 1})
    return Deed(browser, f"/reservations/{mine}/annulation", {"had": "2", "once": "form-1"}, effects, wanted)


async def offered(scene: Scene) -> tuple[int, Offer]:
    """One of two seats is kept for the second member."""
    made, mine = await full(scene)
    await cancel_seats(actor=scene.members[0], booking_id=mine, seats=1, leave=False, now=clock.now())
    (offer,) = await offers(made)
    return made, offer


async def answered(scene: Scene, yes: bool) -> Deed:
    made, offer = await offered(scene)
    (browser,) = await scene.browsers([offer.member])
    ask = offer.answer(yes)

    async def effects() -> object:
        return (await sits(made))[1:], await messages(made, "offer"), await messages(made, "confirmation")

    second, third = scene.members[1:3]
    gone = ([{"cancelled": 1}, {"offered": 1}], {second: 1, third: 1}, {scene.members[0]: 1})
    there = ([{"confirmed": 1}, {"waiting": 1}], {second: 1}, {scene.members[0]: 1, second: 1})
    return Deed(browser, ask.path, ask.form, effects, there if yes else gone)


async def say_yes(scene: Scene) -> Deed:
    return await answered(scene, yes=True)


async def say_no(scene: Scene) -> Deed:
    return await answered(scene, yes=False)


async def say_yes_from_the_mail(scene: Scene) -> Deed:
    made, offer = await offered(scene)

    async def effects() -> object:
        return (await sits(made))[1:], await messages(made, "offer")

    path = offer_path(OfferLink(offer.member, "meal", offer.key), KEY)
    wanted = ([{"confirmed": 1}, {"waiting": 1}], {offer.member: 1})
    return Deed(scene.people.stranger(), path, {"answer": "yes"}, effects, wanted)


# -------------------------------------------------------------------------------------------------------- handing over


async def closed(scene: Scene, *, handed: int) -> tuple[int, int]:
    """Four seats of the first member, so many of them handed over; the second waits for two. Bookings are closed."""
    made = await a_meal(scene, seats=4)
    mine = await has_booked(scene, made, 0, 4)
    await has_booked(scene, made, 1, 2)
    await change_meal(made, state=MealState.CLOSED.value, closes_at=clock.now() - timedelta(hours=1))
    if handed:
        await hand_over(actor=scene.members[0], booking_id=mine, seats=handed, now=clock.now())
    return made, mine


async def are_handed(booking_id: int) -> int:
    rows = await run(
        "select coalesce(sum(seats), 0) as seats from booking_part where booking_id = {} and handed_at is not null",
        booking_id,
    )
    return int(rows[0]["seats"])


async def hand_two_over(scene: Scene) -> Deed:
    made, mine = await closed(scene, handed=0)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await are_handed(mine), await sits(made), await messages(made, "offer")

    form = {"seats": "2", "had": "4", "once": "form-1"}
    wanted = (2, [{"confirmed": 4}, {"waiting": 2}], {scene.members[1]: 1})
    return Deed(browser, f"/reservations/{mine}/passage", form, effects, wanted)


async def keep_them(scene: Scene) -> Deed:
    _, mine = await closed(scene, handed=2)
    (browser,) = await scene.browsers(scene.members[:1])

    async def effects() -> object:
        return await are_handed(mine)

    return Deed(browser, f"/reservations/{mine}/passage/retrait", {}, effects, 0)


async def take_them_over(scene: Scene) -> Deed:
    made, _ = await closed(scene, handed=3)
    (browser,) = await scene.browsers(scene.members[1:2])

    async def effects() -> object:
        return await sits(made), await messages(made, "change")

    wanted = ([{"confirmed": 2, "cancelled": 2}, {"confirmed": 2}], {scene.members[0]: 1})
    return Deed(browser, f"/repas/{made}/reprise", {}, effects, wanted)


# ------------------------------------------------------------------------------------------------------- making a meal


async def open_a_meal(scene: Scene) -> Deed:
    form = await edit_form(await a_meal(scene), title="Un autre repas", once="form-1")
    (browser,) = await scene.browsers(scene.hosts[:1])

    async def effects() -> object:
        rows = await run("select title from meal where place_id = {} order by id", scene.place)
        return [row["title"] for row in rows]

    del form["version"]
    return Deed(browser, "/repas", form, effects, ["Soupe de lentilles", "Un autre repas"])


async def change_it(scene: Scene) -> Deed:
    made, _ = await full(scene)
    form = await edit_form(made, seats=3)
    (browser,) = await scene.browsers(scene.hosts[:1])

    async def effects() -> object:
        row = await meal(made)
        return (row["seats"], row["version"]), await sits(made), await messages(made, "offer")

    wanted = ((3, 2), [{"confirmed": 2}, {"offered": 1}, {"waiting": 1}], {scene.members[1]: 1})
    return Deed(browser, f"/repas/{made}/changer", form, effects, wanted)


async def call_it_off(scene: Scene) -> Deed:
    made, _ = await full(scene)
    (browser,) = await scene.browsers(scene.hosts[:1])

    async def effects() -> object:
        return (await meal(made))["state"], await sits(made), await messages(made, "cancellation")

    wanted = ("cancelled", [{"cancelled": 2}, {"lapsed": 1}, {"lapsed": 1}], dict.fromkeys(scene.members[:3], 1))
    return Deed(browser, f"/repas/{made}/annulation", {"reason": "Le four est froid."}, effects, wanted)


DEEDS = [
    book,
    wait,
    bring_a_guest,
    ask_for_one_more,
    say_what_one_does_not_eat,
    give_one_back,
    give_all_back,
    say_yes,
    say_no,
    say_yes_from_the_mail,
    hand_two_over,
    take_them_over,
    open_a_meal,
    change_it,
    call_it_off,
]


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
async def test_without_the_lock_it_is_done_more_than_once_or_fails(
    careless: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(careless.url, X_Without=f"{LOCK} {ONCE}") as crowd, people(careless.url) as calm:
        found = await faults(crowd, calm, deed)
    print(f"without the lock, {deed.__name__}: {found}")
    assert found


@pytest.mark.parametrize("deed", [*DEEDS, keep_them], ids=lambda deed: deed.__name__)
async def test_it_is_done_once_and_all_are_answered_alike(
    server: Server, deed: Callable[[Scene], Awaitable[Deed]]
) -> None:
    async with people(server.url) as crowd:
        assert await faults(crowd, crowd, deed) == []


# ------------------------------------------------------------------------------------------------- two telephones, back


async def two_telephones(crowd: People) -> list[str]:
    """The same person books two seats on one and four on the other, ten times each, and once more after « back »."""
    scene = await staged(crowd, members=1)
    made = await a_meal(scene)
    telephones = await scene.browsers(scene.members * 2)
    path = f"/repas/{made}/reservations"
    forms = [(each, {"seats": seats}) for each, seats in zip(telephones, "24", strict=True)]
    answers = await at_once(each.post(path, form) for each, form in forms * (TIMES // 2))
    found, stands = [], await sits(made)
    if stands not in ([{"confirmed": 2}], [{"confirmed": 4}]):
        found.append(f"booked {stands}")
    answers += [await each.post(path, form) for each, form in forms]
    if statuses(answers) != {303: TIMES + 2}:
        found.append(f"answered {dict(statuses(answers))}")
    if len({goes_to(answer) for answer in answers}) != 1:
        found.append(f"went to {sorted({goes_to(answer) for answer in answers})}")
    if await sits(made) != stands or await told_of(made) != {(scene.members[0], "confirmation"): 1}:
        found.append(f"came to {await sits(made)}, {await told_of(made)}")
    return found


async def test_without_the_lock_two_telephones_book_twice_or_fail(careless: Server) -> None:
    async with people(careless.url, X_Without=f"{LOCK} {ONCE}") as crowd:
        found = await two_telephones(crowd)
    print(f"without the lock: {found}")
    assert found


async def test_two_telephones_are_one_booking_and_one_ticket(server: Server) -> None:
    async with people(server.url) as crowd:
        assert await two_telephones(crowd) == []


async def yes_and_no(crowd: People, calm: People) -> list[str]:
    """Ten times yes on one telephone, and no on the other: the first that comes counts, for good."""
    scene = await staged(crowd, members=5, calm=calm)
    made, offer = await offered(scene)
    yes, no = await scene.browsers([offer.member] * 2)
    asks = [(yes, offer.answer(True)), (no, offer.answer(False))] * (TIMES // 2)
    answers = await at_once(browser.post(ask.path, ask.form) for browser, ask in asks)
    found, stands = [], (await sits(made))[1:]
    there, gone = [{"confirmed": 1}, {"waiting": 1}], [{"cancelled": 1}, {"offered": 1}]
    if stands not in (there, gone):
        found.append(f"came to {stands}")
    # « No » after a yes is too late: it says that nothing is kept any more, and gives nothing back.
    if not {303} <= set(statuses(answers)) <= {303, 409}:
        found.append(f"answered {dict(statuses(answers))}")
    if (await messages(made, "offer")) != dict.fromkeys(scene.members[1 : 2 if stands == there else 3], 1):
        found.append(f"told {await messages(made, 'offer')}")
    return found


async def test_without_the_lock_yes_and_no_at_once_fail(careless: Server) -> None:
    async with people(careless.url, X_Without=LOCK) as crowd, people(careless.url) as calm:
        found = await yes_and_no(crowd, calm)
    print(f"without the lock: {found}")
    assert found


async def test_yes_and_no_at_once_are_one_answer(server: Server) -> None:
    async with people(server.url) as crowd:
        assert await yes_and_no(crowd, crowd) == []
