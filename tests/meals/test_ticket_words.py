"""What a ticket says is so: when the meal has begun, when one waited in vain, when several seats are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meals import jobs
from meals.commands.giving_back import hand_over
from tests.client import words
from tests.meals.make import AFTER_CLOSING, CLOSES, START, make_booking
from tests.meals.scene import Scene
from tests.people import Cast

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def read(scene: Scene, member_id: int, way: str) -> str:
    return words(await (await scene.as_(member_id)).get(way))


async def kept_for_karim(scene: Scene, seats: int, *, waits: int = 0) -> tuple[int, int]:
    """So many seats are kept for Karim, who waits for others: the meal and his booking."""
    meal_id = await scene.meal(seats=6, cooks_least=0)
    await make_booking(meal_id=meal_id, member_id=scene.cast.aicha, seats=6 - seats)
    there = await make_booking(meal_id=meal_id, member_id=scene.cast.samira, seats=seats)
    mine = await make_booking(meal_id=meal_id, member_id=scene.cast.karim, seats=seats + waits)
    await make_booking(meal_id=meal_id, member_id=scene.cast.yann)
    await (await scene.as_(scene.cast.samira)).post(f"/reservations/{there}/annulation")
    return meal_id, mine


class TestOnceItHasBegun:
    async def test_nobody_is_asked_to_pass_a_seat_that_nobody_can_take(self, scene: Scene) -> None:
        meal_id = await scene.meal(cooks_least=0)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        scene.world.now = AFTER_CLOSING
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "On a fait les courses en te comptant." in page
        assert "Passe ta place" not in page, "nobody waits for it"
        await hand_over(actor=scene.cast.karim, booking_id=mine, seats=1, now=AFTER_CLOSING)
        assert "1 place est à prendre" in await read(scene, scene.cast.karim, f"/reservations/{mine}")
        scene.world.now = START
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "Tu as 2 places" in page
        assert "Passe ta place" not in page
        assert "à prendre" not in page


class TestInVain:
    async def test_whoever_waited_until_it_began(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=1, cooks_least=0)
        await scene.booked(meal_id, scene.cast.aicha)
        mine = await scene.booked(meal_id, scene.cast.karim)
        await jobs.close_due(CLOSES)
        assert await jobs.end_lists(START) == 1
        scene.world.now = START + MINUTE
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "Il n’y a pas eu de place pour toi" in page
        assert "Le repas a commencé : plus personne n’attend." in page
        assert "annulée" not in page
        assert "Tes places sont libres" not in page

    @pytest.mark.parametrize(
        ("seats", "heading"),
        [(1, "La place n’est plus gardée pour toi"), (2, "Les 2 places ne sont plus gardées pour toi")],
    )
    async def test_whoever_did_not_answer_in_time(self, scene: Scene, seats: int, heading: str) -> None:
        _, mine = await kept_for_karim(scene, seats, waits=1)
        later = scene.world.now + timedelta(days=2)
        assert await jobs.lapse_offers(later) == 1
        scene.world.now = later
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert heading in page
        assert "Le délai est passé : c’est au tour de la personne suivante." in page
        assert "annulée" not in page
        assert "Je réserve de nouveau" in page

    async def test_whoever_gave_theirs_back(self, scene: Scene) -> None:
        mine = await scene.booked(await scene.meal(), scene.cast.karim)
        await (await scene.as_(scene.cast.karim)).post(f"/reservations/{mine}/annulation")
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "Cette réservation est annulée" in page
        assert "Tes places sont libres pour les autres." in page


class TestSeatsThatAreKept:
    @pytest.mark.parametrize(
        ("seats", "after", "question"),
        [
            (1, "Après, elle va à la personne suivante.", "Tu laisses la place gardée pour toi ? Elle ira"),
            (2, "Après, elles vont à qui attend ensuite.", "Tu laisses les 2 places gardées pour toi ? Elles iront"),
        ],
    )
    async def test_one_or_several(self, scene: Scene, seats: int, after: str, question: str) -> None:
        meal_id, mine = await kept_for_karim(scene, seats)
        for way in (f"/reservations/{mine}", f"/repas/{meal_id}"):
            assert after in await read(scene, scene.cast.karim, way), way
        asked = await read(scene, scene.cast.karim, f"/reservations/{mine}/annulation")
        assert question in asked
        assert "Tu n’attends plus" not in asked

    async def test_what_else_is_waited_for_ends_with_it(self, scene: Scene) -> None:
        _, mine = await kept_for_karim(scene, 2, waits=1)
        asked = await read(scene, scene.cast.karim, f"/reservations/{mine}/annulation")
        assert "Tu laisses les 2 places gardées pour toi ?" in asked
        assert "Tu n’attends plus les autres." in asked

    async def test_no_is_said_of_all_of_them(self, scene: Scene) -> None:
        _, mine = await kept_for_karim(scene, 2)
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get(f"/reservations/{mine}")
        (offer,) = [each.split('"')[0] for each in page.text.split('name="offer" value="')[1:]]
        answer = await browser.post(f"/reservations/{mine}/reponse", {"answer": "no", "offer": offer})
        assert answer.status_code == 303
        page = await browser.get(f"/reservations/{mine}")
        assert "C’est noté : c’est au tour de la personne suivante." in words(page)

    async def test_several_seats_that_are_given_back(self, scene: Scene) -> None:
        mine = await scene.booked(await scene.meal(), scene.cast.karim, 2)
        asked = await read(scene, scene.cast.karim, f"/reservations/{mine}/annulation")
        assert "Tu annules tes 2 places ? Elles iront à qui attend." in asked
