"""What a ticket says of the meal, of what is left of it, and of whom it is: a guest is spoken of by name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meals.commands.booking import book_for
from meals.commands.giving_back import cancel_seats, hand_over
from meals.states import Diet, Job
from tests.client import words
from tests.meals.make import AFTER_CLOSING, a_wish, change_meal
from tests.meals.reads import diets
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def read(scene: Scene, member_id: int, way: str) -> str:
    return words(await (await scene.as_(member_id)).get(way))


async def guest(scene: Scene, meal_id: int, seats: int = 1) -> int:
    wish = a_wish(seats)
    return await book_for(actor=scene.cast.karim, meal_id=meal_id, first_name="Josette", wish=wish, now=scene.world.now)


class TestInDoubt:
    async def test_the_ticket_says_so_and_by_when(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        mine = await scene.booked(meal_id, scene.cast.karim)
        scene.world.now = AFTER_CLOSING
        until = AFTER_CLOSING + timedelta(hours=1)
        await change_meal(meal_id, state="closed", doubtful_until=until)
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        doubt = "Il manque du monde en cuisine. On te dit avant jeudi 3 décembre à 20 h si le repas a lieu."
        assert doubt in page
        assert "On a fait les courses" not in page
        opener = await read(scene, scene.cast.odile, f"/repas/{meal_id}")
        assert "Sans réponse avant jeudi 3 décembre à 20 h, le repas est annulé. On le fait quand même" in opener
        other = await read(scene, scene.cast.yann, f"/repas/{meal_id}")
        assert "On saura avant jeudi 3 décembre à 20 h si le repas a lieu." in other
        scene.world.now = until
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "Il manque du monde" not in page
        assert "On a fait les courses en te comptant." in page


class TestWhenNobodyWaits:
    async def test_no_queue_is_promised(self, scene: Scene) -> None:
        meal_id = await scene.meal(cooks_least=0)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        scene.world.now = AFTER_CLOSING
        browser = await scene.as_(scene.cast.karim)
        page = words(await browser.get(f"/reservations/{mine}"))
        assert "Personne n’attend de place en ce moment." in page
        assert "On prévient" not in page
        await browser.post(f"/reservations/{mine}/passage", {"seats": "1", "had": "2"})
        page = words(await browser.get(f"/reservations/{mine}"))
        assert "C’est noté. Pour l’instant, personne n’attend de place." in page
        assert "1 place est à prendre, mais personne n’attend en ce moment." in page

    async def test_where_somebody_does_they_are_told(self, scene: Scene) -> None:
        meal_id = await scene.meal(cooks_least=0, seats=2)
        mine = await scene.booked(meal_id, scene.cast.karim, 2)
        await scene.booked(meal_id, scene.cast.aicha)
        scene.world.now = AFTER_CLOSING
        browser = await scene.as_(scene.cast.karim)
        page = words(await browser.get(f"/reservations/{mine}"))
        assert "On prévient les personnes qui attendent." in page
        assert "Tu ne peux plus venir ? Passe ta place." in page
        await browser.post(f"/reservations/{mine}/passage", {"seats": "1", "had": "2"})
        assert "C’est noté. On prévient les personnes" in words(await browser.get(f"/reservations/{mine}"))


class TestWhatIsLeft:
    @pytest.mark.parametrize(
        ("seats", "children", "left"),
        [
            (3, 1, "Il te reste 2 places, dont 1 enfant."),
            (3, 0, "Il te reste 2 places."),
            (2, 0, "Il te reste 1 place."),
        ],
    )
    async def test_it_is_said(self, scene: Scene, seats: int, children: int, left: str) -> None:
        mine = await scene.booked(await scene.meal(), scene.cast.karim, seats, children=children)
        browser = await scene.as_(scene.cast.karim)
        await browser.post(f"/reservations/{mine}/annulation", {"seats": "1", "had": str(seats)})
        page = await browser.get(f"/reservations/{mine}")
        assert f"C’est fait, la place est libre. {left}" in said(part(page, 'id="avis"', "</main>"))

    async def test_of_those_that_wait_too(self, scene: Scene) -> None:
        mine = await scene.booked(await scene.meal(seats=2), scene.cast.karim, 4)
        browser = await scene.as_(scene.cast.karim)
        await browser.post(f"/reservations/{mine}/annulation", {"seats": "1", "had": "4"})
        page = words(await browser.get(f"/reservations/{mine}"))
        assert "Tes places : 2 à table, 1 en attente." in page

    async def test_no_diet_is_of_more_people_than_there_are_seats(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        wish = {Diet.NO_MILK: 3, Diet.NO_EGGS: 1}
        mine = await scene.booked(meal_id, scene.cast.karim, 3, diets=wish)
        await cancel_seats(actor=scene.cast.karim, booking_id=mine, seats=1, leave=False, now=scene.world.now)
        assert await diets(mine) == {"no_milk": 2, "no_eggs": 1}
        assert "Sans lait : 2 personnes" in await read(scene, scene.cast.karim, f"/reservations/{mine}/choix")


class TestWhatLeadsOn:
    async def test_a_booking_that_is_cancelled_leads_to_no_calendar_and_no_choice(self, scene: Scene) -> None:
        mine = await scene.booked(await scene.meal(), scene.cast.karim)
        way = f"/reservations/{mine}"
        links = ("Dans mon calendrier", "Ce que je paie, ce que je ne mange pas")
        assert [link in await read(scene, scene.cast.karim, way) for link in links] == [True, True]
        await cancel_seats(actor=scene.cast.karim, booking_id=mine, seats=None, leave=False, now=scene.world.now)
        assert [link in await read(scene, scene.cast.karim, way) for link in links] == [False, False]

    async def test_whoever_only_waits_has_nothing_for_a_calendar(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        await scene.booked(meal_id, scene.cast.aicha, 2)
        mine = await scene.booked(meal_id, scene.cast.karim)
        page = await read(scene, scene.cast.karim, f"/reservations/{mine}")
        assert "Dans mon calendrier" not in page
        assert "Ce que je paie" in page


class TestAGuest:
    async def test_they_are_spoken_of_by_name(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu(), cooks_least=0)
        made = await guest(scene, meal_id)
        way = f"/reservations/{made}"
        page = await read(scene, scene.cast.karim, way)
        for sentence in (
            "Pour Josette 1 place",
            "Tu peux annuler pour Josette jusqu’à jeudi 3 décembre à 18 h.",
            "J’annule pour Josette",
            "À l’accueil, Josette dit son prénom.",
            "Josette paie sur place, dans une enveloppe.",
            "Ce que Josette ne mange pas",
        ):
            assert sentence in page, sentence
        for sentence in ("ton prénom", "Tu paies", "J’annule ma", "Ce que je"):
            assert sentence not in page, sentence
        assert "Tu annules pour Josette ?" in await read(scene, scene.cast.karim, f"{way}/annulation")
        assert "Ce que Josette ne mange pas" in await read(scene, scene.cast.karim, f"{way}/choix")
        scene.world.now = AFTER_CLOSING
        page = await read(scene, scene.cast.karim, way)
        assert "On a fait les courses en comptant Josette." in page
        assert "Je passe sa place" in page
        await hand_over(actor=scene.cast.karim, booking_id=made, seats=1, now=scene.world.now)
        assert "Finalement, Josette vient" in await read(scene, scene.cast.karim, way)

    async def test_what_is_left_of_theirs(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        made = await guest(scene, meal_id, 3)
        browser = await scene.as_(scene.cast.karim)
        await browser.post(f"/reservations/{made}/annulation", {"seats": "1", "had": "3"})
        assert "Il reste 2 places pour Josette." in words(await browser.get(f"/repas/{meal_id}"))
        await browser.post(f"/reservations/{made}/annulation")
        page = await read(scene, scene.cast.karim, f"/reservations/{made}")
        assert "Ce qui était réservé est libre pour les autres." in page
        assert "Tes places" not in page


class TestTheTeam:
    @pytest.mark.parametrize(
        ("seats", "sentence"),
        [
            (24, "Tu es de l’équipe : réserve ta place, ton repas est compris."),
            (2, "Tu es de l’équipe : ton repas est compris. Mets-toi en attente d’une place."),
        ],
    )
    async def test_whoever_has_a_turn_and_no_seat_is_told(self, scene: Scene, seats: int, sentence: str) -> None:
        meal_id = await scene.meal(seats=seats)
        await scene.turn(meal_id, Job.COOK, holders=[scene.cast.karim])
        await scene.booked(meal_id, scene.cast.aicha, 2)
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        assert sentence in said(part(page, 'id="reserver"', "</section>"))
        assert "Tu es de l’équipe" not in await read(scene, scene.cast.yann, f"/repas/{meal_id}")
        await scene.booked(meal_id, scene.cast.karim, team=True)
        assert "Tu es de l’équipe" not in await read(scene, scene.cast.karim, f"/repas/{meal_id}")
