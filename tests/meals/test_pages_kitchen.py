"""The kitchen sheet: what is on it, how it falls onto A4, and who reads it. Never a name beside a diet."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.database import Store, transaction
from app.identity.states import Act
from meals import paper
from meals.commands.opening import cancel_meal
from meals.states import Allergen, Diet, Job, Unit
from meals.tables import Meal, MealDish
from tests.client import NOON, words
from tests.factories import make_grant, make_member, make_place
from tests.meals.make import AFTER_CLOSING, DAY, START, make_dish
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def soup(scene: Scene, **changes: Any) -> int:
    return await make_dish(
        place_id=scene.cast.place,
        name="Soupe de lentilles corail",
        about="Citron, cumin.\n\nTremper la veille.",
        allergens=[Allergen.CELERY],
        ingredients=[
            ("Lentilles corail", 600_000, Unit.GRAM),
            ("Carottes", 3_000, Unit.PIECE),
            ("Cumin", 0, Unit.TO_TASTE),
            ("Bouillon", 1_500_000, Unit.MILLILITRE),
        ],
        **changes,
    )


async def tart(scene: Scene) -> int:
    return await make_dish(
        place_id=scene.cast.place,
        name="Tarte aux poires",
        allergens=[Allergen.GLUTEN, Allergen.EGGS],
        ingredients=[("Farine", 400_000, Unit.GRAM), ("carottes", 2_000, Unit.PIECE), ("Œufs", 4_000, Unit.PIECE)],
    )


async def cooked(scene: Scene) -> int:
    """Soup and a tart for twelve: Samira and Karim with four seats each, Yann with three, Aïcha who cooks with one."""
    meal = await scene.meal(dishes=[await soup(scene), await tart(scene)])
    await scene.turn(meal, Job.COOK, people=3, holders=[scene.cast.aicha])
    await scene.turn(meal, Job.WASH, people=1, hours_before=-2, holders=[scene.cast.karim])
    await scene.booked(meal, scene.cast.samira, 4, diets={Diet.NO_GLUTEN: 2}, children=1)
    await scene.booked(meal, scene.cast.karim, 4, diets={Diet.NO_GLUTEN: 1, Diet.NO_EGGS: 1})
    await scene.booked(meal, scene.cast.yann, 3)
    await scene.booked(meal, scene.cast.aicha, 1, team=True)
    return meal


async def sheet(scene: Scene, member: int, meal: int, more: str = "") -> httpx.Response:
    return await (await scene.as_(member)).get(f"/repas/{meal}/cuisine{more}")


class TestReading:
    async def test_portions_and_who_is_among_them(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal)
        assert page.status_code == 200
        read = words(page)
        assert "12 à table dont 1 de l’équipe et 1 enfant, 12 places encore libres" in read
        assert "Les nombres changent jusqu’à jeudi 3 décembre à 18 h." in read
        assert "12 portions" in read
        assert 'data-state="open"' in page.text

    async def test_a_little_is_weighed_as_it_is_and_bought_rounded_up(self, scene: Scene) -> None:
        rice = await make_dish(
            place_id=scene.cast.place, name="Riz", ingredients=[("Safran", 300, Unit.GRAM), ("Agar", 4000, Unit.GRAM)]
        )
        meal = await scene.meal(dishes=[rice])
        await scene.booked(meal, scene.cast.samira, 6)
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert "La recette, pour 6 portions Safran 0,2 g Agar 2,4 g" in read
        assert "Courses Safran 0,5 g Agar 2,5 g" in read

    async def test_diets_are_counts_and_no_name_is_near_them(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal)
        counts = said(part(page, '<section class="inverted', "</section>"))
        assert counts.startswith("Attention 3 personnes sans gluten 1 personne sans œuf")
        assert "Samira" not in page.text
        assert "Yann" not in page.text
        assert "Pas pour : 3 personnes sans gluten, 1 personne sans œuf." in words(page)

    async def test_seats_that_wait_are_not_cooked_for(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=[await tart(scene)], seats=3)
        await scene.turn(meal, Job.COOK, holders=[scene.cast.aicha])
        await scene.booked(meal, scene.cast.samira, 2, diets={Diet.NO_EGGS: 2})
        await scene.booked(meal, scene.cast.yann, 3, diets={Diet.NO_EGGS: 3})
        read = words(await sheet(scene, scene.cast.aicha, meal))
        assert "3 à table" in read
        assert "Attention 3 personnes sans œuf" in read  # Samira's two, and the one of Yann's that has a seat

    async def test_what_is_bought_is_scaled_summed_and_said_in_what_one_weighs(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal)
        bought = said(part(page, '<section class="stack" aria-labelledby="courses">', "</section>"))
        # 600 g for ten is 720 g for twelve; three and two carrots are six; four eggs are 4,8, so five
        assert bought == ("Courses Lentilles corail 720 g Carottes 6 Cumin Bouillon 1,8 l Farine 480 g Œufs 5")
        english = await scene.as_(scene.cast.aicha)
        await english.post("/langue", {"language": "en"})
        assert "1.8 l" in words(await english.get(f"/repas/{meal}/cuisine"))

    async def test_portions_of_a_dish_are_those_its_opener_wrote(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=[await tart(scene)])
        async with transaction():
            await MealDish.update({MealDish.portions: 30, MealDish.instead: "une compote"}).where(
                MealDish.meal_id == meal
            )
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert "30 portions" in read
        assert "À la place : une compote" in read
        assert "Farine 1,2 kg" in read

    async def test_of_what_is_made_instead_the_cooks_read_that_nobody_wrote_down_what_it_holds(
        self, scene: Scene
    ) -> None:
        meal = await scene.meal(dishes=[await make_dish(place_id=scene.cast.place, name="Riz")])
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert "Aucun des 14 allergènes à déclarer" in read, "the control"
        async with transaction():
            await MealDish.update({MealDish.instead: "un satay"}).where(MealDish.meal_id == meal)
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert "À la place : un satay (allergènes pas encore notés)" in read
        assert "Pas encore notés pour ce qui est fait à la place de : Riz." in read
        assert "Aucun des 14 allergènes à déclarer" not in read
        printed = words(await sheet(scene, scene.cast.odile, meal, "/feuille"))
        assert "un satay allergènes pas encore notés" in printed

    async def test_what_is_made_instead_is_for_nobody_with_an_allergen(self, scene: Scene) -> None:
        mafe = await make_dish(place_id=scene.cast.place, name="Mafé", allergens=[Allergen.PEANUTS], meat=True)
        meal = await scene.meal(dishes=[mafe])
        await scene.booked(meal, scene.cast.samira, 2, diets={Diet.NO_PEANUTS: 1, Diet.NO_MEAT: 2})
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert "Pas pour : 2 personnes sans viande, 1 personne sans arachides. À la place : à prévoir" in read
        printed = words(await sheet(scene, scene.cast.odile, meal, "/feuille"))
        assert "Arachides À prévoir pour 2 personnes sans viande, 1 personne sans arachides" in printed
        async with transaction():
            await MealDish.update({MealDish.instead: "le même aux pois"}).where(MealDish.meal_id == meal)
        instead = "le même aux pois {}pour 2 personnes sans viande Rien de sûr pour : 1 personne sans arachides"
        read = words(await sheet(scene, scene.cast.odile, meal))
        assert instead.format("(allergènes pas encore notés) ") in read
        printed = words(await sheet(scene, scene.cast.odile, meal, "/feuille"))
        assert instead.format("allergènes pas encore notés ") in printed

    async def test_the_allergens_of_the_menu_are_computed_from_its_dishes(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal)
        listed = said(part(page, '<section class="stack" aria-labelledby="allergenes">', "</section>"))
        assert "Gluten (Tarte aux poires) Œufs (Tarte aux poires) Céleri (Soupe de lentilles corail)" in listed

    async def test_the_day_has_its_turns_in_order_the_meal_and_who_is_missing(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal)
        day = said(part(page, "<tbody>", "</tbody>"))
        assert day.startswith("9 h 30 cook")
        assert "Aïcha Il manque 2 personnes 12 h 30 À table 14 h 30 wash" in day
        assert day.endswith("Karim")

    async def test_a_cancelled_meal_says_so(self, scene: Scene) -> None:
        meal = await cooked(scene)
        await cancel_meal(actor=scene.cast.odile, meal_id=meal, reason="Plus de gaz.", now=NOON)
        page = await sheet(scene, scene.cast.odile, meal)
        assert "Ce repas est annulé." in words(page)
        assert "sans gluten" not in words(page)

    async def test_after_closing_it_says_nothing_more_of_free_seats(self, scene: Scene) -> None:
        meal = await cooked(scene)
        async with transaction():
            await Meal.update({Meal.state: "closed", Meal.closed_at: AFTER_CLOSING}).where(Meal.id == meal)
        scene.world.now = AFTER_CLOSING
        read = words(await sheet(scene, scene.cast.aicha, meal))
        assert "encore libres" not in read
        assert "Les nombres changent" not in read

    async def test_it_is_read_in_as_many_queries_however_many_come(self, scene: Scene, db: Store) -> None:
        small = await scene.meal(dishes=[await soup(scene)])
        large = await scene.meal(
            dishes=[await make_dish(place_id=scene.cast.place, name=f"Plat {n}") for n in range(8)],
            starts_at=START + DAY,
        )
        for number in range(12):
            member = await make_member(name=f"Mange {number}", place_id=scene.cast.place)
            await scene.booked(large, member, 2)
        odile = await scene.as_(scene.cast.odile)
        counts = []
        for meal in (small, large, small, large):
            before = db.query_id
            assert (await odile.get(f"/repas/{meal}/cuisine")).status_code == 200
            counts.append(db.query_id - before)
        assert counts[2] == counts[3]


class TestWhoReads:
    async def test_the_team_its_opener_who_may_open_and_who_keeps_the_place(self, scene: Scene) -> None:
        meal = await cooked(scene)
        await make_grant(member_id=scene.cast.samira, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        for member in (scene.cast.aicha, scene.cast.karim, scene.cast.odile, scene.cast.samira, scene.cast.rosa):
            for more in ("", "/feuille"):
                assert (await sheet(scene, member, meal, more)).status_code == 200

    async def test_whoever_washes_up_reads_no_counts_of_diets(self, scene: Scene) -> None:
        meal = await cooked(scene)
        assert "sans gluten" in words(await sheet(scene, scene.cast.aicha, meal))
        for more in ("", "/feuille"):
            read = words(await sheet(scene, scene.cast.karim, meal, more))
            assert "Fiche cuisine" in read
            assert "sans gluten" not in read
            assert "Attention" not in read

    async def test_other_members_are_told_why_mediators_too_and_the_rest_find_nothing(self, scene: Scene) -> None:
        meal = await cooked(scene)
        away = await make_place(slug="ailleurs")
        stranger = await make_member(name="Zoé", place_id=away)
        for more in ("", "/feuille"):
            for member in (scene.cast.yann, scene.cast.bruno):
                page = await sheet(scene, member, meal, more)
                assert page.status_code == 403
                assert "La fiche cuisine est à qui fait ce repas." in words(page)
            outside = await scene.world.browser_of(stranger, place_id=away)
            assert (await outside.get(f"/repas/{meal}/cuisine{more}")).status_code == 404
            assert (await scene.world.browser().get(f"/repas/{meal}/cuisine{more}")).status_code == 303
        assert (await sheet(scene, scene.cast.odile, 999)).status_code == 404

    async def test_a_turn_that_was_given_up_closes_it(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=[await soup(scene)])
        slot = await scene.turn(meal, Job.COOK, holders=[scene.cast.yann])
        assert (await sheet(scene, scene.cast.yann, meal)).status_code == 200
        await (await scene.as_(scene.cast.yann)).post(f"/tours/{slot}/empechement", {"choice": "free"})
        assert (await sheet(scene, scene.cast.yann, meal)).status_code == 403

    async def test_names_are_for_whom_somebody_has_met(self, scene: Scene) -> None:
        meal = await cooked(scene)
        newcomer = scene.cast.newcomer
        await make_grant(member_id=newcomer, place_id=scene.cast.place, act=Act.KEEP_PLACE, from_at=NOON - DAY)
        assert "Aïcha" in words(await sheet(scene, scene.cast.rosa, meal))
        read = words(await sheet(scene, newcomer, meal))
        assert "Aïcha" not in read
        assert "1 personne Il manque 2 personnes" in read


class TestPaper:
    async def test_it_has_the_day_the_counts_dotted_lines_boxes_and_temperatures(self, scene: Scene) -> None:
        meal = await cooked(scene)
        page = await sheet(scene, scene.cast.aicha, meal, "/feuille")
        read = words(page)
        for expected in (
            "Fiche cuisine : Soupe de lentilles Vendredi 4 décembre 2026, de 12 h 30 à 14 h 30 12 à table",
            "3 personnes sans gluten",
            "Lentilles corail 720 g",
            "Les mains",
            "entre 0 et 3 °C",
            "63 °C au moins",
            "de 63 à 10 °C en 2 heures au plus",
            "Le plat témoin",
            "Imprimé mardi 24 novembre à 12 h. La fiche à jour :",
            f"/repas/{meal}/cuisine",
        ):
            assert expected in read
        assert page.text.count('class="blank"><span class="sr">place libre') == 2
        assert page.text.count('class="tickbox"') == 2 + 2 + 6 + 6  # turns, empty lines, shopping, what is watched
        assert "Samira" not in page.text

    async def test_in_black_for_coloured_paper(self, scene: Scene) -> None:
        meal = await cooked(scene)
        colour = await sheet(scene, scene.cast.aicha, meal, "/feuille")
        black = await sheet(scene, scene.cast.aicha, meal, "/feuille?encre=noir")
        assert 'data-ink="colour"' in colour.text
        assert 'data-ink="black"' in black.text
        assert 'data-ink="colour"' not in black.text

    def test_what_fits_is_one_sheet_and_what_does_not_goes_on(self) -> None:
        def whole(sheets: list[list[paper.Part]], sort: str) -> list[int]:
            return [n for each in sheets for part in each if part.sort == sort for n in range(part.first, part.last)]

        few = paper.sheets_of(60, [("tasks", 30, [10.0] * 5), ("shopping", 20, [8.0] * 3)])
        assert few == [[paper.Part("tasks", 0, 5, goes_on=False), paper.Part("shopping", 0, 3, goes_on=False)]]
        # five millimetres are left below the tasks, too little for a beginning
        next_one = paper.sheets_of(60, [("tasks", 30, [10.0] * 15), ("shopping", 20, [8.0] * 10)])
        assert [[part.sort for part in each] for each in next_one] == [["tasks"], ["shopping"]]
        many = paper.sheets_of(60, [("tasks", 30, [10.0] * 5), ("shopping", 20, [8.0] * 90), ("none", 20, [])])
        assert whole(many, "shopping") == list(range(90))
        assert [part.goes_on for each in many for part in each if part.sort == "shopping"] == [False, True, True, True]
        for each in many[1:]:
            assert sum(20 + 8 * (part.last - part.first) for part in each) <= paper.SHEET
