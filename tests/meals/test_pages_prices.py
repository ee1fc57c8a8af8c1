"""The three prices of a place: set by whoever keeps it, for meals to come."""

from __future__ import annotations

import re

import pytest

from app.database import run
from tests.client import words
from tests.factories import make_member, make_place
from tests.meals.reads import meal as meal_row
from tests.meals.scene import Scene
from tests.meals.test_pages_keeping import fields
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


class TestPrices:
    async def test_whoever_keeps_the_place_sets_them_for_meals_to_come(self, scene: Scene) -> None:
        there = await scene.meal()
        rosa = await scene.as_(scene.cast.rosa)
        assert re.search(r'name="fair"[^>]* value="5"', (await rosa.get("/repas/prix")).text)
        for _ in range(2):
            answer = await rosa.post("/repas/prix", {"low": "2", "fair": "4.5", "more": "7 €", "version": "0"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/repas/prix")
        assert "C’est noté : 2 €, 4,50 € ou 7 €" in words(await rosa.get("/repas/prix"))
        (row,) = await run("select * from meal_setting")
        assert (row["low_cents"], row["fair_cents"], row["more_cents"]) == (200, 450, 700)
        assert len(await run("select id from journal_line where act = 'meal.prices'")) == 1
        shown = fields(await (await scene.as_(scene.cast.odile)).get("/repas/nouveau"))
        assert (shown["low"], shown["fair"], shown["more"]) == ("2", "4,50", "7")
        assert (await meal_row(there))["fair_cents"] == 500

    @pytest.mark.parametrize(
        ("changes", "field"), [({"low": ""}, "low"), ({"fair": "1"}, "fair"), ({"more": "-3"}, "more")]
    )
    async def test_what_cannot_be_is_said_beside_the_field(
        self, scene: Scene, changes: dict[str, str], field: str
    ) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.post("/repas/prix", {"low": "2", "fair": "4", "more": "7", **changes})
        assert page.status_code == 422
        assert f'id="field-{field}-error"' in page.text
        assert await run("select * from meal_setting") == []

    async def test_not_over_somebody_else_but_once_it_was_said(self, scene: Scene) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        form = {"low": "2", "fair": "4", "more": "7"}
        assert 'name="version" value="0"' in (await rosa.get("/repas/prix")).text
        assert (await rosa.post("/repas/prix", {**form, "version": "0"})).status_code == 303
        page = await rosa.post("/repas/prix", {**form, "fair": "5", "version": "0"})
        assert page.status_code == 422
        assert "Cela a changé pendant que tu lisais." in words(page)
        assert "Maintenant, c’est : « 4 »." in words(page)
        assert re.search(r'name="fair"[^>]* value="5"', page.text)
        assert (await run("select fair_cents from meal_setting"))[0]["fair_cents"] == 400
        assert 'name="version" value="1"' in page.text
        assert (await rosa.post("/repas/prix", {**form, "fair": "5", "version": "1"})).status_code == 303

    async def test_nobody_else(self, scene: Scene) -> None:
        away = await make_place(slug="ailleurs")
        outside = await scene.world.browser_of(await make_member(name="Zoé", place_id=away), place_id=scene.cast.place)
        form = {"low": "0", "fair": "0", "more": "0"}
        for member in (scene.cast.odile, scene.cast.bruno):
            browser = await scene.as_(member)
            assert (await browser.get("/repas/prix")).status_code == 403
            assert (await browser.post("/repas/prix", form)).status_code == 403
        assert (await outside.get("/repas/prix")).status_code == 404
        assert (await outside.post("/repas/prix", form)).status_code == 404
        assert await run("select * from meal_setting") == []
