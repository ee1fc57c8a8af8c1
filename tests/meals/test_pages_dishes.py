"""The dish book: read by members of the place, written by whoever may open meals there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.database import run
from app.identity.states import Act
from meals.states import Allergen, Diet, Unit
from tests.client import NOON, words
from tests.factories import make_grant, make_member, make_place
from tests.meals.make import DAY, make_dish
from tests.meals.scene import Scene, part, said
from tests.people import Cast

DISH = {
    "name": "Soupe de lentilles corail",
    "about": "Citron, cumin.",
    "allergen": ["celery", "gluten"],
    "ingredient_1": "Lentilles corail",
    "quantity_1": "1,2",
    "unit_1": "kg",
    "ingredient_2": "Cumin",
    "quantity_2": "",
    "unit_2": "to_taste",
    "ingredient_3": "Citrons",
    "quantity_3": "3",
    "unit_3": "piece",
    "ingredient_4": "",
    "quantity_4": "",
    "unit_4": "g",
}


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def kept() -> list[dict[str, Any]]:
    return await run("select * from dish order by id")


async def needs() -> list[tuple[str, int, str]]:
    rows = await run("select name, quantity_milli, unit from ingredient order by dish_id, rank")
    return [(row["name"], row["quantity_milli"], row["unit"]) for row in rows]


class TestReading:
    async def test_the_book_says_of_each_dish_what_is_in_it(self, scene: Scene) -> None:
        await make_dish(place_id=scene.cast.place, name="Tarte", allergens=[Allergen.EGGS, Allergen.GLUTEN])
        await make_dish(place_id=scene.cast.place, name="Petit salé", meat=True, pork=True)
        await make_dish(place_id=scene.cast.place, name="Vieux gratin", retired_at=NOON)
        await make_dish(place_id=await make_place(slug="ailleurs"), name="D’ailleurs")
        page = await (await scene.as_(scene.cast.karim)).get("/repas/plats")
        assert page.status_code == 200
        read = words(page)
        assert "Tarte Allergènes : gluten, œufs. Sans viande." in read
        assert "Petit salé Aucun des 14 allergènes. Avec du porc." in read
        assert "Vieux gratin" not in read
        assert "D’ailleurs" not in read

    async def test_one_looks_for_a_word_however_it_is_written(self, scene: Scene) -> None:
        karim = await scene.as_(scene.cast.karim)
        for name in ("Crêpes", "Soupe"):
            answer = await karim.post("/repas/plats", {"name": name})
            await karim.get(answer.headers["location"])
        read = words(await karim.get("/repas/plats?q=CRÊP"))
        assert "Crêpes" in read
        assert "Soupe" not in read
        assert "Rien de ce nom dans le cahier." in words(await karim.get("/repas/plats?q=gratin"))

    async def test_an_empty_book_has_one_invitation(self, scene: Scene) -> None:
        page = await (await scene.as_(scene.cast.karim)).get("/repas/plats")
        assert "Le cahier est vide" in words(page)
        assert page.text.count('href="/repas/plats/nouveau"') == 2

    async def test_one_dish_with_what_ten_portions_need_and_its_next_meals(self, scene: Scene) -> None:
        dish = await make_dish(
            place_id=scene.cast.place,
            name="Soupe",
            about="On épluche.\n\nOn mixe.",
            allergens=[Allergen.CELERY],
            ingredients=[
                ("Lentilles", 1_200_000, Unit.GRAM),
                ("Eau", 1_500_000, Unit.MILLILITRE),
                ("Crème", 200_000, Unit.MILLILITRE),
                ("Œufs", 4_000, Unit.PIECE),
                ("Huile", 2_500, Unit.SPOON),
                ("Sel", 2_000, Unit.PINCH),
                ("Poivre", 0, Unit.TO_TASTE),
            ],
        )
        meal = await scene.meal(dishes=[dish])
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/plats/{dish}")
        ten = said(part(page, 'aria-labelledby="dix">', "</section>").split(">", 1)[1])
        assert ten == (
            "Pour dix Lentilles 1,2 kg Eau 1,5 l Crème 20 cl Œufs 4 Huile 2,5 c. à soupe Sel 2 pincées Poivre"
        )
        assert "<p>On mixe.</p>" in page.text
        assert f'href="/repas/{meal}"' in page.text
        assert "Soupe de lentilles, vendredi 4 décembre" in words(page)

    async def test_it_is_for_members_of_the_place(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place)
        away = await make_place(slug="ailleurs")
        stranger = await make_member(name="Zoé", place_id=away)
        outside = await scene.world.browser_of(stranger, place_id=away)
        looking = await scene.world.browser_of(stranger, place_id=scene.cast.place)
        for path in (f"/repas/plats/{dish}", f"/repas/plats/{dish}/changer", f"/repas/plats/{dish}/fin"):
            assert (await outside.get(path)).status_code == 404
        assert (await looking.get("/repas/plats")).status_code == 404
        assert (await scene.world.browser().get("/repas/plats")).status_code == 303
        assert (await (await scene.as_(scene.cast.bruno)).get(f"/repas/plats/{dish}")).status_code == 200


class TestWriting:
    async def test_it_is_written_and_sent_twice_it_is_one(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.get("/repas/plats/nouveau")).status_code == 200
        answer = await odile.post("/repas/plats", DISH)
        assert answer.status_code == 303
        assert (await odile.post("/repas/plats", DISH)).headers["location"] == answer.headers["location"]
        (row,) = await kept()
        assert (row["name"], row["allergens"], bool(row["meat"])) == (DISH["name"], "gluten,celery", False)
        assert await needs() == [
            ("Lentilles corail", 1_200_000, "g"),
            ("Cumin", 0, "to_taste"),
            ("Citrons", 3_000, "piece"),
        ]
        assert "est dans le cahier" in words(await odile.get(answer.headers["location"]))

    @pytest.mark.parametrize(
        ("written", "unit", "milli", "kept_unit"),
        [
            ("1,5", "l", 1_500_000, "ml"),
            ("20", "cl", 200_000, "ml"),
            ("0.5", "spoon", 500, "spoon"),
            ("1 200", "g", 1_200_000, "g"),
            ("2,25", "kg", 2_250_000, "g"),
        ],
    )
    async def test_quantities_as_people_write_them(
        self, scene: Scene, written: str, unit: str, milli: int, kept_unit: str
    ) -> None:
        form = {"name": "Soupe", "ingredient_1": "Eau", "quantity_1": written, "unit_1": unit}
        assert (await (await scene.as_(scene.cast.odile)).post("/repas/plats", form)).status_code == 303
        assert await needs() == [("Eau", milli, kept_unit)]

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"name": " "}, "name", "Il manque le nom du plat."),
            ({"name": "x" * 81}, "name", "C’est trop long"),
            ({"quantity_1": "beaucoup"}, "quantity_1", "Écris un nombre, comme 1,5. Tu as écrit « beaucoup »."),
            ({"quantity_1": ""}, "quantity_1", "Combien pour dix personnes ?"),
            ({"quantity_3": "0"}, "quantity_3", "Il en faut plus que zéro."),
            ({"unit_1": "tonne"}, "unit_1", "Choisis dans la liste."),
            ({"quantity_4": "3"}, "ingredient_4", "Il manque le nom de l’ingrédient."),
        ],
    )
    async def test_what_cannot_be_is_said_beside_the_field_and_the_rest_is_kept(
        self, scene: Scene, changes: dict[str, str], field: str, sentence: str
    ) -> None:
        page = await (await scene.as_(scene.cast.odile)).post("/repas/plats", {**DISH, "pork": "1", **changes})
        assert page.status_code == 422
        assert sentence in words(page)
        assert f'id="field-{field}-error"' in page.text
        assert 'value="Citrons"' in page.text
        assert re.search(r'value="celery" checked', page.text)
        assert re.search(r'name="pork" value="1" checked', page.text)
        assert await kept() == []

    async def test_more_rows_without_a_script_and_nothing_is_lost(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        first = await odile.get("/repas/plats/nouveau")
        assert first.text.count('name="ingredient_') == 6
        page = await odile.post("/repas/plats", {**DISH, "name": "", "add": "rows"})
        assert page.status_code == 200
        assert page.text.count('name="ingredient_') == 4 + 6
        assert 'value="Citrons"' in page.text
        assert 'value="celery" checked' in page.text
        assert "Erreur" not in page.text
        assert await kept() == []
        full = {f"ingredient_{n}": f"Épice {n}" for n in range(1, 41)}
        page = await odile.post("/repas/plats", {**full, "add": "rows"})
        assert page.text.count('name="ingredient_') == 40
        assert "Encore des lignes" not in words(page)

    async def test_pork_is_meat(self, scene: Scene) -> None:
        await (await scene.as_(scene.cast.odile)).post("/repas/plats", {"name": "Petit salé", "pork": "1"})
        (row,) = await kept()
        assert row["meat"]
        assert row["pork"]

    async def test_a_second_of_the_same_name_is_said_beside_the_name(self, scene: Scene) -> None:
        await make_dish(place_id=scene.cast.place, name="SOUPE de lentilles corail")
        page = await (await scene.as_(scene.cast.odile)).post("/repas/plats", DISH)
        assert page.status_code == 422
        assert "Ce plat est déjà là, sous le même nom." in words(page)
        assert 'id="field-name-error"' in page.text

    async def test_what_somebody_else_declared_stands_beside_what_was_ticked(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Soupe", allergens=[Allergen.CELERY])
        odile, karim = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)
        path, form = f"/repas/plats/{dish}/changer", {"name": "Soupe", "allergen": ["celery"], "version": "1"}
        milk = {**form, "allergen": ["celery", "milk"], "pork": "1"}
        assert (await karim.post(path, milk)).status_code == 303
        page = await odile.post(path, {**form, "about": "On mixe."})
        assert page.status_code == 422
        declared = said(part(page, 'id="field-allergen-error"', "</p>"))
        assert "« Allergènes : lait, céleri. Avec du porc. »" in declared
        assert "Maintenant, ce champ est vide." in words(page)
        assert 'id="field-name-error"' not in page.text

    async def test_it_is_changed_as_it_was_read_and_not_over_somebody_else(self, scene: Scene) -> None:
        dish = await make_dish(
            place_id=scene.cast.place, name="Soupe", ingredients=[("Lentilles", 1_250_000, Unit.GRAM)]
        )
        odile, karim = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)
        page = await odile.get(f"/repas/plats/{dish}/changer")
        assert 'value="Lentilles"' in page.text
        assert 'value="1,25"' in page.text
        assert '<option value="kg" selected>' in page.text
        form = {"name": "Soupe verte", "version": "1", "ingredient_1": "Pois", "quantity_1": "2", "unit_1": "kg"}
        assert (await karim.post(f"/repas/plats/{dish}/changer", {**form, "name": "Soupe rouge"})).status_code == 303
        page = await odile.post(f"/repas/plats/{dish}/changer", form)
        assert page.status_code == 422
        assert "Cela a changé pendant que tu lisais." in words(page)
        assert 'value="Soupe verte"' in page.text
        assert (await kept())[0]["name"] == "Soupe rouge"
        again = {**form, "version": "2"}
        assert 'name="version" value="2"' in page.text
        assert (await odile.post(f"/repas/plats/{dish}/changer", again)).status_code == 303
        assert (await kept())[0]["name"] == "Soupe verte"
        assert await needs() == [("Pois", 2_000_000, "g")]

    async def test_what_a_dish_gains_is_told_to_whoever_is_booked(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Soupe")
        meal = await scene.meal(dishes=[dish])
        await scene.booked(meal, scene.cast.samira, diets={})
        odile, samira = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.samira)
        form = {"name": "Soupe", "version": "1", "about": "Meilleure"}
        await odile.post(f"/repas/plats/{dish}/changer", {**form, "none": "1"})
        assert "au menu vendredi 4 décembre" not in words(await samira.get("/messages"))
        await odile.post(f"/repas/plats/{dish}/changer", {**form, "version": "2", "allergen": "peanuts"})
        assert "« Soupe », au menu vendredi 4 décembre à 12 h 30, contient maintenant : arachides." in words(
            await samira.get("/messages")
        )

    async def test_it_leaves_the_book_after_a_question_unless_a_meal_needs_it(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Soupe")
        needed = await make_dish(place_id=scene.cast.place, name="Tarte")
        await scene.meal(dishes=[needed])
        odile = await scene.as_(scene.cast.odile)
        assert "On ne le fait plus ?" in words(await odile.get(f"/repas/plats/{dish}/fin"))
        for _ in range(2):
            answer = await odile.post(f"/repas/plats/{dish}/fin")
            assert (answer.status_code, answer.headers["location"]) == (303, "/repas/plats")
        assert "« Soupe » n’est plus dans le cahier" in words(await odile.get("/repas/plats"))
        assert (await odile.get(f"/repas/plats/{dish}/changer")).status_code == 404
        page = await odile.get(f"/repas/plats/{dish}")
        assert "il n’est plus dans le cahier" in words(page)
        assert "Je change ce plat" not in words(page)
        answer = await odile.post(f"/repas/plats/{needed}/fin")
        assert answer.headers["location"] == f"/repas/plats/{needed}"
        assert "Ce plat est au menu d’un repas à venir" in words(await odile.get(f"/repas/plats/{needed}"))


class TestWhoWrites:
    async def test_any_member_where_nobody_has_the_role_and_then_whoever_has(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place)
        karim = await scene.as_(scene.cast.karim)
        doors = ("/repas/plats/nouveau", f"/repas/plats/{dish}/changer", f"/repas/plats/{dish}/fin")
        for path in doors:
            assert (await karim.get(path)).status_code == 200
        await make_grant(member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        yann = await scene.as_(scene.cast.yann)
        for path in doors:
            assert (await yann.get(path)).status_code == 200
            page = await karim.get(path)
            assert page.status_code == 403
            assert "Ici, pour ouvrir un repas, il faut un rôle qui le permet" in words(page)
        assert "J’ajoute un plat" not in words(await karim.get("/repas/plats"))
        assert "Je change ce plat" not in words(await karim.get(f"/repas/plats/{dish}"))
        for path in ("/repas/plats", f"/repas/plats/{dish}/changer", f"/repas/plats/{dish}/fin"):
            assert (await karim.post(path, {**DISH, "version": "1"})).status_code == 403
        assert len(await kept()) == 1
        assert (await kept())[0]["retired_at"] is None

    async def test_no_mediator(self, scene: Scene) -> None:
        page = await (await scene.as_(scene.cast.bruno)).get("/repas/plats/nouveau")
        assert page.status_code == 403
        assert "Qui fait la médiation ici n’y ouvre pas de repas" in words(page)
        assert (await (await scene.as_(scene.cast.bruno)).post("/repas/plats", DISH)).status_code == 403
        assert await kept() == []

    async def test_no_diet_is_on_any_page_of_the_book(self, scene: Scene) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Tarte", allergens=[Allergen.EGGS])
        meal = await scene.meal(dishes=[dish])
        await scene.booked(meal, scene.cast.samira, diets={Diet.NO_EGGS: 1})
        odile = await scene.as_(scene.cast.odile)
        for path in ("/repas/plats", f"/repas/plats/{dish}", f"/repas/plats/{dish}/changer"):
            read = words(await odile.get(path))
            assert "Tarte" in read
            assert "Samira" not in read
            assert "sans œuf" not in read


class TestWhatNobodyDeclared:
    """A dish that was only named on a menu."""

    async def named(self, scene: Scene) -> tuple[int, int]:
        rice = await make_dish(place_id=scene.cast.place, name="Riz")
        crumble = await make_dish(place_id=scene.cast.place, name="Crumble", declared_at=None)
        return await scene.meal(dishes=[rice, crumble]), crumble

    async def test_the_meal_says_so_and_asks_about_everything(self, scene: Scene) -> None:
        meal_id, crumble = await self.named(scene)
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        read = words(page)
        assert "Allergènes Pas encore notés pour : Crumble." in read
        assert "Sans viande Riz. Pour le reste, pas encore noté." in read
        assert "Aucun des quatorze" not in read
        assert [each for each in Diet if f'name="diet" value="{each.value}"' not in page.text] == []
        assert f"/repas/plats/{crumble}/changer" not in page.text
        assert "pas encore notés" in words(await scene.visitor().get(f"/repas/{meal_id}")).casefold()

    async def test_whoever_opened_it_is_led_to_its_form_until_it_is_written_down(self, scene: Scene) -> None:
        meal_id, crumble = await self.named(scene)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.get(f"/repas/{meal_id}")
        assert "Il manque les allergènes" in words(page)
        form = f"/repas/plats/{crumble}/changer"
        assert f'href="{form}"' in page.text
        assert (await odile.post(form, {"name": "Crumble", "version": "1", "none": "1"})).status_code == 303
        page = await odile.get(f"/repas/{meal_id}")
        assert "Aucun des quatorze" in words(page)
        assert form not in page.text

    async def test_the_book_and_the_kitchen_promise_nothing(self, scene: Scene) -> None:
        meal_id, crumble = await self.named(scene)
        await scene.booked(meal_id, scene.cast.karim, diets={Diet.NO_GLUTEN: 1})
        odile = await scene.as_(scene.cast.odile)
        assert "Crumble Allergènes pas encore notés." in words(await odile.get("/repas/plats"))
        page = words(await odile.get(f"/repas/plats/{crumble}"))
        assert "Allergènes Pas encore notés" in page
        assert "Viande Pas encore noté." in page
        kitchen = words(await odile.get(f"/repas/{meal_id}/cuisine"))
        assert "Pas encore notés pour : Crumble." in kitchen
        assert "Pas pour : 1 personne sans gluten." in kitchen
        assert "Aucun des 14 allergènes" not in kitchen
        assert "Crumble 1 portion Pas encore notés" in words(await odile.get(f"/repas/{meal_id}/cuisine/feuille"))
