"""What whoever writes a dish says of its allergens: some, none of them, or nothing yet; and what is asked where the
ingredients say otherwise."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.database import run, transaction
from meals.states import Allergen, Diet
from tests.client import NOON, Browser, words
from tests.meals.make import AFTER_CLOSING, make_dish
from tests.meals.scene import Scene, part, said
from tests.people import Cast

TART = {
    "name": "Tarte",
    "ingredient_1": "Farine de blé",
    "quantity_1": "400",
    "unit_1": "g",
    "ingredient_2": "Beurre",
    "quantity_2": "200",
    "unit_2": "g",
}
ASKED = '<section class="inset stack" id="question"'


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def kept() -> list[tuple[str, bool]]:
    """Of each dish what it holds, and whether anybody said so."""
    rows = await run("select allergens, declared_at from dish order by id")
    return [(row["allergens"], row["declared_at"] is not None) for row in rows]


async def sent(scene: Scene, path: str = "/repas/plats", **form: Any) -> tuple[Browser, httpx.Response]:
    odile = await scene.as_(scene.cast.odile)
    return odile, await odile.post(path, {"name": "Riz au thym", **form})


class TestSaying:
    async def test_none_of_them_is_said_and_not_left_out(self, scene: Scene) -> None:
        odile, answer = await sent(scene, none="1")
        assert answer.status_code == 303
        assert await kept() == [("", True)]
        page = await odile.get(answer.headers["location"])
        assert "Aucun des 14 à déclarer" in words(page)
        assert "Ses allergènes" not in words(page)
        form = await odile.get(f"{answer.headers['location']}/changer")
        assert 'name="none" value="1" checked' in form.text

    async def test_without_a_word_it_is_kept_and_promises_nothing(self, scene: Scene) -> None:
        odile, answer = await sent(scene)
        assert answer.status_code == 303
        assert await kept() == [("", False)]
        page = await odile.get(answer.headers["location"])
        assert "« Riz au thym » est dans le cahier Ses allergènes ne sont pas encore notés." in words(page)
        assert "Aucun des 14" not in words(page)
        assert (await sent(scene))[1].headers["location"] == answer.headers["location"], "the same again is that dish"
        form = await odile.get(f"{answer.headers['location']}/changer")
        assert 'name="none" value="1"' in form.text
        assert 'name="none" value="1" checked' not in form.text

    async def test_both_cannot_be_and_it_is_said_beside_the_boxes(self, scene: Scene) -> None:
        _, page = await sent(scene, none="1", allergen=["milk"])
        assert page.status_code == 422
        assert "C’est l’un ou l’autre" in said(part(page, 'id="field-allergen-error"', "</p>"))
        assert 'value="milk" checked' in page.text
        assert 'name="none" value="1" checked' in page.text
        assert await kept() == []

    async def test_of_pork_whoever_reads_knows_though_nobody_noted_the_allergens(self, scene: Scene) -> None:
        odile, answer = await sent(scene, pork="1")
        assert "Viande Avec du porc." in words(await odile.get(answer.headers["location"]))
        assert "Allergènes pas encore notés. Avec du porc." in words(await odile.get("/repas/plats"))

    async def test_one_reads_what_goes_in_before_one_says_what_it_holds(self, scene: Scene) -> None:
        page = (await (await scene.as_(scene.cast.odile)).get("/repas/plats/nouveau")).text
        assert page.index('name="ingredient_6"') < page.index('name="allergen"') < page.index('name="none"')


class TestUndone:
    async def test_what_is_noted_no_more_is_told_to_whoever_booked_and_promised_to_nobody(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Riz au thym", allergens=[Allergen.CELERY])
        meal = await scene.meal(dishes=[dish])
        await scene.booked(meal, scene.cast.samira, diets={Diet.NO_CELERY: 1})
        path = f"/repas/plats/{dish}/changer"
        odile, answer = await sent(scene, path, version="1")
        assert answer.status_code == 303
        assert await kept() == [("", False)]
        assert "Pas encore notés pour : Riz au thym." in words(await odile.get(f"/repas/{meal}"))
        samira = await scene.as_(scene.cast.samira)
        told = "« Riz au thym », au menu vendredi 4 décembre à 12 h 30 : ses allergènes ne sont plus notés."
        assert told in words(await samira.get("/messages"))
        assert (await odile.post(path, {"name": "Riz au thym", "version": "1"})).status_code == 303  # again: nothing
        assert words(await samira.get("/messages")).count(told) == 1

    async def test_after_closing_seats_can_be_given_back_then(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Riz au thym")
        meal = await scene.meal(dishes=[dish])
        await scene.booked(meal, scene.cast.samira)
        scene.world.now = AFTER_CLOSING
        async with transaction():
            await run("update meal set state = 'closed', closed_at = {} where id = {}", NOON, meal)
        await sent(scene, f"/repas/plats/{dish}/changer", version="1")
        (row,) = await run("select released_at from meal where id = {}", meal)
        assert row["released_at"] == AFTER_CLOSING

    async def test_somebody_who_read_it_otherwise_is_shown_what_stands(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Riz au thym", allergens=[Allergen.CELERY])
        path = f"/repas/plats/{dish}/changer"
        assert (await sent(scene, path, version="1", none="1"))[1].status_code == 303
        _, page = await sent(scene, path, version="1", allergen=["celery"])
        assert page.status_code == 422
        assert "« Aucun des 14 allergènes. Sans viande. »" in said(part(page, 'id="field-allergen-error"', "</p>"))


class TestAsked:
    async def test_flour_and_butter_are_asked_about_once_with_their_boxes_beside(self, scene: Scene) -> None:
        odile, page = await sent(scene, **TART, none="1")
        assert page.status_code == 200
        question = part(page, ASKED, "</section>")
        assert "On lit « Farine de blé » : d’habitude, il y a du gluten." in said(question)
        assert "On lit « Beurre » : d’habitude, il y a du lait." in said(question)
        assert [each.value for each in Allergen if f'value="{each.value}"' in question] == ["gluten", "milk"]
        assert page.text.count('name="allergen" value="gluten"') == 1
        assert 'name="sure" value="1"' in question
        assert 'value="Farine de blé"' in page.text
        assert await kept() == []
        answer = await odile.post("/repas/plats", {**TART, "asked": "1", "none": "1", "allergen": ["gluten", "milk"]})
        assert answer.status_code == 303, "what is ticked now answers, not the « none » of before"
        assert await kept() == [("gluten,milk", True)]

    async def test_only_about_what_is_not_ticked(self, scene: Scene) -> None:
        odile, page = await sent(scene, **TART, allergen=["gluten"])
        question = said(part(page, ASKED, "</section>"))
        assert "il y a du lait" in question
        assert "gluten" not in question
        assert 'value="gluten" checked' in page.text
        answer = await odile.post("/repas/plats", {**TART, "allergen": ["gluten", "milk"]})
        assert answer.status_code == 303, "nothing is left to ask"

    async def test_it_can_be_right_as_it_is(self, scene: Scene) -> None:
        _, answer = await sent(scene, **TART, none="1", asked="1", sure="1")
        assert answer.status_code == 303
        assert await kept() == [("", True)]

    async def test_what_is_wrong_is_said_first(self, scene: Scene) -> None:
        _, page = await sent(scene, **{**TART, "quantity_1": "beaucoup"}, none="1", sure="1")
        assert page.status_code == 422
        assert ASKED not in page.text

    async def test_a_dish_that_is_changed_is_asked_about_too_and_keeps_its_version(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Tarte")
        path = f"/repas/plats/{dish}/changer"
        odile, page = await sent(scene, path, **TART, none="1", version="1")
        assert page.status_code == 200
        assert ASKED in page.text
        assert 'name="version" value="1"' in page.text
        sure = {**TART, "none": "1", "asked": "1", "version": "1", "sure": "1"}
        assert (await odile.post(path, sure)).status_code == 303

    async def test_without_the_whole_page_it_is_the_form_that_comes_back(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        page = await odile.partial("/repas/plats", {**TART, "none": "1"})
        assert page.text.strip().startswith("<form")
        assert ASKED in page.text
        assert "data-focus" in part(page, ASKED, ">")
