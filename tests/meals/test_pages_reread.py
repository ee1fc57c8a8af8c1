"""Whoever books a meal has read what it holds: one that changed meanwhile is read again, and nothing is lost."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.client import words
from tests.meals.reads import bookings, stands
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


def version_of(page: httpx.Response) -> str:
    """Of the meal, as its forms say it."""
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None, words(page)[:2000]
    return found[1]


class TestAMenuThatChanged:
    """Nobody books a menu that they have not seen."""

    async def test_what_was_written_is_kept_and_what_it_holds_now_is_said(self, scene: Scene) -> None:
        menu = await scene.menu()
        meal_id = await scene.meal(dishes=menu)
        karim = await scene.as_(scene.cast.karim)
        version = version_of(await karim.get(f"/repas/{meal_id}"))
        odile = await scene.as_(scene.cast.odile)
        nuts = {"name": "Soupe de lentilles corail", "allergen": ["nuts"], "version": "1"}
        assert (await odile.post(f"/repas/plats/{menu[0]}/changer", nuts)).status_code == 303
        path, form = f"/repas/{meal_id}/reservations", {"seats": "3", "children": "1", "diet": ["no_gluten"]}
        for header in ({}, {"HX_Request": "true"}):
            answer = await karim.post(path, {**form, "version": version}, **header)
            assert answer.status_code == 409
            assert "Relis ; ce que tu as écrit est gardé." in words(answer)
            assert "Fruits à coque (Soupe de lentilles corail)" in said(part(answer, 'id="maintenant"', "</div>"))
            assert 'value="3" selected' in answer.text
            assert re.search(r'value="no_gluten"[^>]* checked', answer.text)
        assert await bookings(meal_id) == []
        again = {**form, "version": version_of(answer)}
        assert (await karim.post(path, again)).status_code == 303
        (made,) = await bookings(meal_id)
        assert await stands(made["id"]) == {"confirmed": 3}
        assert (await karim.post(path, {**form, "version": version})).status_code == 303  # they are booked already

    async def test_for_somebody_without_an_account_too(self, scene: Scene) -> None:
        menu = await scene.menu()
        meal_id = await scene.meal(dishes=menu)
        karim = await scene.as_(scene.cast.karim)
        version = version_of(await karim.get(f"/repas/{meal_id}"))
        odile = await scene.as_(scene.cast.odile)
        await odile.post(f"/repas/plats/{menu[0]}/changer", {"name": "Soupe", "allergen": ["nuts"], "version": "1"})
        form = {"first_name": "Monique", "seats": "1", "version": version}
        answer = await karim.post(f"/repas/{meal_id}/invites", form)
        assert answer.status_code == 409
        assert 'value="Monique"' in answer.text
        assert await bookings(meal_id) == []
        form["version"] = version_of(answer)
        assert (await karim.post(f"/repas/{meal_id}/invites", form)).status_code == 303
