"""Booking for somebody present who has no account, from the page of a meal."""

from __future__ import annotations

import re

import pytest

from app.contracts import Erasure
from app.database import transaction
from meals import own_data
from tests.client import words
from tests.meals.make import AFTER_CLOSING
from tests.meals.reads import bookings, counts, mailed
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


class TestSomebodyWithoutAnAccount:
    async def test_a_seat_by_first_name(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        form = {"first_name": "Ali", "seats": "2", "children": "1", "price_cents": "0"}
        answer = await browser.post(f"/repas/{meal_id}/invites", form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal_id}#invites")
        page = await browser.get(f"/repas/{meal_id}")
        assert "C’est noté : Ali a sa place." in words(page)
        assert "Ali 2 places Libérer sa place : Ali" in words(page)
        (made,) = await bookings(meal_id)
        assert (made["member_id"], made["first_name"], made["booked_by"]) == (None, "Ali", scene.cast.karim)
        assert made["price_cents"] == 500, "nobody is asked what somebody else pays"
        for other in (scene.cast.aicha, scene.cast.yann, scene.cast.bruno):
            assert "Ali" not in words(await (await scene.as_(other)).get(f"/repas/{meal_id}"))

    async def test_whoever_opened_the_meal_or_keeps_the_place_knows_them_and_frees_their_seats(
        self, scene: Scene
    ) -> None:
        """Also once whoever booked for them is gone."""
        meal_id = await scene.meal(seats=4, cooks_least=0)
        for name in ("Ali", "Nora"):
            await (await scene.as_(scene.cast.karim)).post(f"/repas/{meal_id}/invites", {"first_name": name})
        ali, nora = await bookings(meal_id)
        async with transaction():
            await own_data.erase(Erasure(scene.cast.karim, "Karim", "une personne partie", scene.world.now))
        for member, each, name in ((scene.cast.odile, ali, "Ali"), (scene.cast.rosa, nora, "Nora")):
            browser = await scene.as_(member)
            page = await browser.get(f"/repas/{meal_id}")
            kept = part(page, 'id="tenir"', "</section>")
            assert f"{name} 1 place Libérer sa place : {name}" in said(kept)
            ticket = await browser.get(f"/reservations/{each['id']}")
            assert f"Pour {name} 1 place" in words(ticket)
            assert "/choix" not in ticket.text
            assert (await browser.get(f"/reservations/{each['id']}/choix")).status_code == 404
            assert (await browser.post(f"/reservations/{each['id']}/annulation")).status_code == 303
            assert name not in words(await browser.get(f"/repas/{meal_id}"))
        assert await counts(meal_id) == (0, 0)

    async def test_after_closing_their_seats_are_handed_over(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=1, cooks_least=0)
        await (await scene.as_(scene.cast.karim)).post(f"/repas/{meal_id}/invites", {"first_name": "Ali"})
        (ali,) = await bookings(meal_id)
        await scene.booked(meal_id, scene.cast.samira)
        scene.world.now = AFTER_CLOSING
        browser = await scene.as_(scene.cast.odile)
        kept = part(await browser.get(f"/repas/{meal_id}"), 'id="tenir"', "</section>")
        assert "Ali 1 place" in said(kept)
        assert "Libérer" not in kept
        answer = await browser.post(f"/reservations/{ali['id']}/annulation")
        assert answer.status_code == 409
        assert "Tu peux passer ta place à quelqu’un." in words(answer)
        form = {"seats": "1", "had": "1"}
        assert (await browser.post(f"/reservations/{ali['id']}/passage", form)).status_code == 303
        assert await mailed(about="handed") == {scene.cast.samira}

    async def test_the_form_sent_twice_is_one_of_them_and_six_are_the_most(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        for _ in range(2):
            form = part(await browser.get(f"/repas/{meal_id}"), f'action="/repas/{meal_id}/invites#summary"', "</form>")
            once = re.search(r'name="once" value="([0-9a-f]{32})"', form)
            assert once is not None
            for _ in range(2):
                fields = {"first_name": "Marie", "seats": "3", "once": once[1]}
                assert (await browser.post(f"/repas/{meal_id}/invites", fields)).status_code == 303
        assert len(await bookings(meal_id)) == 2
        assert await counts(meal_id) == (6, 0)
        page = await browser.get(f"/repas/{meal_id}")
        assert f'action="/repas/{meal_id}/invites#summary"' not in page.text
        assert words(page).count("Marie 3 places") == 2
        answer = await browser.post(f"/repas/{meal_id}/invites", {"first_name": "Ali"})
        assert answer.status_code == 409
        assert "Tu as déjà réservé pour six personnes." in words(answer)

    async def test_it_is_freed_by_whoever_booked(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        await browser.post(f"/repas/{meal_id}/invites", {"first_name": "Ali"})
        (made,) = await bookings(meal_id)
        other = await (await scene.as_(scene.cast.yann)).post(f"/reservations/{made['id']}/annulation")
        assert (other.status_code, await counts(meal_id)) == (404, (1, 0))
        answer = await browser.post(f"/reservations/{made['id']}/annulation")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal_id}#invites")
        assert await counts(meal_id) == (0, 0)

    @pytest.mark.parametrize(
        ("fields", "name", "sentence"),
        [
            ({"first_name": " "}, "first_name", "Écris son prénom."),
            ({"first_name": "A" * 41}, "first_name", "C’est trop long : 40 caractères au plus."),
            ({"first_name": "Ali", "seats": "9"}, "seats", "Pas plus de six places par réservation."),
            ({"first_name": "Ali", "children": "1"}, "children", "Un enfant vient avec un adulte"),
        ],
    )
    async def test_a_bad_form(self, scene: Scene, fields: dict[str, str], name: str, sentence: str) -> None:
        meal_id = await scene.meal()
        answer = await (await scene.as_(scene.cast.karim)).post(f"/repas/{meal_id}/invites", fields)
        assert answer.status_code == 422
        assert sentence in said(part(answer, f'id="field-{name}-error"', "</p>"))
        assert f'value="{fields["first_name"].strip()[:40]}' in answer.text or not fields["first_name"].strip()
        assert await bookings(meal_id) == []

    async def test_nobody_waits_by_proxy(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        await scene.booked(meal_id, scene.cast.aicha, 1)
        browser = await scene.as_(scene.cast.karim)
        answer = await browser.post(f"/repas/{meal_id}/invites", {"first_name": "Ali", "seats": "2"})
        assert answer.status_code == 409
        assert "Il n’y a pas assez de places libres." in words(answer)
        assert 'value="Ali"' in answer.text
        await scene.booked(meal_id, scene.cast.yann, 1)
        assert "Quelqu’un sans compte" not in words(await browser.get(f"/repas/{meal_id}"))
