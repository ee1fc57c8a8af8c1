"""`/repas/comptes`: what meals cost and brought in a month, in words, for every member, and nobody's money."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from html import unescape

import pytest

from app.accounts.states import Spending
from app.accounts.tables import BudgetLine
from app.clock import at_local
from app.database import Store, is_sqlite, run
from meals.commands.publishing import publish_accounts
from tests.client import NOON, words
from tests.factories import make_member, make_place, writing
from tests.meals.kept_accounts import bought, count, past_meal
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def page(scene: Scene, month: str = "2026-11", member: int | None = None) -> str:
    browser = await scene.as_(member or scene.cast.karim)
    answer = await browser.get(f"/repas/comptes?mois={month}")
    assert answer.status_code == 200
    return words(answer)


class TestWhoReadsIt:
    async def test_members_and_mediators_of_the_place_and_nobody_else(self, scene: Scene) -> None:
        cast = scene.cast
        for member in (cast.karim, cast.helene, cast.rosa):
            assert (await (await scene.as_(member)).get("/repas/comptes")).status_code == 200
        elsewhere = await make_member(name="Zoé", place_id=await make_place(slug="ailleurs", name="Ailleurs"))
        here = await scene.world.browser_of(elsewhere, place_id=cast.place)
        refused = await here.get("/repas/comptes")
        assert refused.status_code == 403
        assert "Les repas de ce lieu sont à ses membres" in words(refused)
        visitor = await scene.visitor().get("/repas/comptes")
        assert visitor.status_code == 303
        assert visitor.headers["location"].startswith("/connexion")

    async def test_the_way_there(self, scene: Scene) -> None:
        front = await (await scene.as_(scene.cast.karim)).get("/repas")
        assert front.text.count('href="/repas/comptes"') == 2, "in the contents, and on the page"
        assert '"/repas/comptes"' not in (await scene.visitor().get("/repas")).text

    async def test_from_a_meal_that_is_over_to_its_accounts(self, scene: Scene) -> None:
        meal_id = await past_meal(scene.cast, date(2026, 10, 31), box=(6, 3000))
        karim = await scene.as_(scene.cast.karim)
        assert f'href="/repas/comptes?mois=2026-10#repas-{meal_id}"' in (await karim.get(f"/repas/{meal_id}")).text
        assert "/repas/comptes?mois" not in (await scene.visitor().get(f"/repas/{meal_id}")).text
        to_come = await scene.meal()
        assert "/repas/comptes?mois" not in (await karim.get(f"/repas/{to_come}")).text


class TestTheMonth:
    async def test_what_a_meal_cost_each_of_them(self, scene: Scene) -> None:
        one = await past_meal(scene.cast, date(2026, 11, 3), eaten=20, box=(12, 6150), card=(6, 4000), counted=6350)
        two = await past_meal(scene.cast, date(2026, 11, 10), title="Dahl", eaten=12, box=(8, 4000), card=(2, 1077))
        await bought(scene.cast.place, 8000, date(2026, 11, 2), meal_id=one)
        await bought(scene.cast.place, 5120, date(2026, 11, 9), meal_id=two)
        assert await publish_accounts(NOON) == 3
        seen = await page(scene)
        assert "Ce mois-ci, chaque repas a coûté 4,10 € par personne." in seen
        assert "2 repas, 32 personnes à table." in seen
        assert "Les courses : 131,20 €." in seen
        assert "Ce qu’on a mis : 143,50 €, dont 103,50 € dans la boîte et 40 € par carte." in seen
        assert "On a mis 143,50 €, pour 131,20 € de courses" in seen
        assert (
            "Mardi 3 novembre Couscous À table 20 personnes Les courses 80 € soit 4 € par personne "
            "Dans la boîte 63,50 € 2 € de plus que prévu Par carte 40 €"
        ) in seen
        assert (
            "Mardi 10 novembre Dahl À table 12 personnes Les courses 51,20 € soit 4,27 € par personne "
            "Dans la boîte 40 € juste ce qui était prévu Par carte compté avec d’autres repas"
        ) in seen
        assert "10,77" not in seen, "what two people paid by card"

    async def test_what_is_bought_ahead_is_told_apart(self, scene: Scene) -> None:
        one = await past_meal(scene.cast, date(2026, 11, 3), eaten=20)
        await bought(scene.cast.place, 8000, date(2026, 11, 2), meal_id=one)
        await bought(scene.cast.place, 1500, date(2026, 11, 12), meal_id=await scene.meal())
        assert "Les courses : 95 €. Pour les repas comptés ici : 80 €." in await page(scene)

    async def test_another_month_says_which(self, scene: Scene) -> None:
        meal_id = await past_meal(scene.cast, date(2026, 10, 20), eaten=10)
        await bought(scene.cast.place, 4500, date(2026, 10, 19), meal_id=meal_id)
        seen = await page(scene, "2026-10")
        assert "En octobre 2026, chaque repas a coûté 4,50 € par personne." in seen

    async def test_nothing_happened(self, scene: Scene) -> None:
        seen = await page(scene)
        assert "Ce mois-ci, pas encore de quoi dire ce qu’un repas coûte." in seen
        assert "Pas de repas dans ces comptes Un repas s’y lit dès le lendemain." in seen
        assert "Rien n’a été acheté pour le lieu ce mois-ci, et rien n’était prévu." in seen
        assert "Ce qu’on a choisi de ne pas compter" in seen
        assert "0 €" not in seen

    async def test_english(self, scene: Scene) -> None:
        meal_id = await past_meal(scene.cast, date(2026, 11, 3), eaten=20, box=(12, 6150))
        await bought(scene.cast.place, 8000, date(2026, 11, 2), meal_id=meal_id)
        await publish_accounts(NOON)
        karim = await scene.as_(scene.cast.karim)
        async with writing():
            await run("update member set language = 'en' where id = {}", scene.cast.karim)
        answer = await karim.get("/repas/comptes")
        assert "€61.50" in answer.text
        assert "Tuesday 3 November" in unescape(answer.text)

    async def test_months_before_and_after(self, scene: Scene) -> None:
        await past_meal(scene.cast, date(2026, 9, 20))
        karim = await scene.as_(scene.cast.karim)

        async def ways(month: str) -> list[str]:
            found = (await karim.get(f"/repas/comptes?mois={month}")).text
            around = ("2026-08", "2026-09", "2026-10", "2026-11", "2026-12")
            return [each for each in around if f'href="/repas/comptes?mois={each}"' in found]

        assert await ways("2026-11") == ["2026-10"]
        assert await ways("2026-10") == ["2026-09", "2026-11"]
        assert await ways("2026-09") == ["2026-10"]
        assert await ways("2027-05") == ["2026-10"], "what is to come is this month"

    @pytest.mark.parametrize("month", ["", "x", "2026-13", "0000-00", "99999-01", "2026-11-01", "%00", "٢٠٢٦-١٠"])
    async def test_a_month_that_is_none_is_this_one(self, scene: Scene, month: str) -> None:
        answer = await (await scene.as_(scene.cast.karim)).get(f"/repas/comptes?mois={month}")
        assert (answer.status_code, 'data-month="2026-11"' in answer.text) == (200, True)

    @pytest.mark.parametrize(
        ("at", "month"),
        [
            (datetime(2026, 10, 31, 22, 59, tzinfo=UTC), "2026-10"),
            (at_local(date(2026, 11, 1), time(0, 0)), "2026-11"),
            (at_local(date(2026, 10, 31), time(23, 59)), "2026-10"),
            (at_local(date(2026, 4, 1), time(0, 0)), "2026-04"),
            (at_local(date(2026, 3, 31), time(23, 59)), "2026-03"),
        ],
    )
    async def test_months_are_those_of_the_wall_clock(self, scene: Scene, at: datetime, month: str) -> None:
        scene.world.now = at
        answer = await (await scene.as_(scene.cast.karim)).get("/repas/comptes")
        assert f'data-month="{month}"' in answer.text

    async def test_a_meal_of_the_last_night_is_of_its_month(self, scene: Scene) -> None:
        for day in (date(2026, 10, 25), date(2026, 10, 31), date(2026, 11, 1)):
            await past_meal(scene.cast, day, title=f"Repas du {day.day}.", box=(5, 2500))
        await publish_accounts(NOON)
        october, november = await page(scene, "2026-10"), await page(scene)
        assert ["Repas du 25." in october, "Repas du 31." in october, "Repas du 1." in october] == [True, True, False]
        assert "Ce qu’on a mis : 50 €." in october
        assert "Ce qu’on a mis : 25 €." in november


class TestFewerThanFive:
    async def test_no_sum_of_four(self, scene: Scene) -> None:
        for day in (3, 10):
            await past_meal(scene.cast, date(2026, 11, day), eaten=4, box=(2, 700 + day), card=(0, 0), pot=(1, 500))
        assert await publish_accounts(NOON) == 0
        seen = await page(scene)
        assert "À table moins de cinq personnes" in seen
        assert "Dans la boîte compté avec d’autres repas" in seen
        assert "Par carte" not in seen, "where nobody pays by card, nothing says so"
        assert "cagnotte" not in seen
        for sum_ in ("7,03", "7,10", "14,13", "5 €", "10 €"):
            assert sum_ not in seen

    async def test_none_and_four_read_alike(self, scene: Scene) -> None:
        nobody = await past_meal(scene.cast, date(2026, 11, 3), box=(0, 0), card=(6, 3000))
        some = await past_meal(scene.cast, date(2026, 11, 3), box=(4, 2000), card=(6, 3000))
        await publish_accounts(NOON)
        answer = await (await scene.as_(scene.cast.karim)).get("/repas/comptes")
        of = [said(part(answer, f'<li id="repas-{each}"', "</li>")) for each in (nobody, some)]
        assert of[0] == of[1]

    async def test_five_of_two_meals_are_counted_together(self, scene: Scene) -> None:
        await past_meal(scene.cast, date(2026, 11, 3), box=(2, 1000))
        await past_meal(scene.cast, date(2026, 11, 10), box=(3, 1900), counted=1850)
        assert await publish_accounts(NOON) == 1
        seen = await page(scene)
        assert "Petits repas et corrections Comptés ensemble Dans la boîte 28,50 € 0,50 € de moins que prévu" in seen
        assert "10 €" not in seen

    async def test_the_pot(self, scene: Scene) -> None:
        await past_meal(scene.cast, date(2026, 11, 3), pot=(5, 1500))
        await publish_accounts(NOON)
        assert "Repas suspendus : 15 € de plus dans la cagnotte." in await page(scene)
        await past_meal(scene.cast, date(2026, 11, 4), pot=(6, -2500))
        await publish_accounts(NOON)
        assert "Repas suspendus : 10 € pris dans la cagnotte." in await page(scene)

    async def test_a_box_that_is_not_counted_yet(self, scene: Scene) -> None:
        meal_id = await past_meal(scene.cast, date(2026, 11, 3), box=(7, 3500), counted=-1)
        await publish_accounts(NOON)
        assert "Dans la boîte pas encore comptée" in await page(scene)
        await count(meal_id, 3600, at=NOON)
        assert await publish_accounts(NOON) == 1
        assert "Dans la boîte 36 € 1 € de plus que prévu" in await page(scene)


class TestThePlace:
    async def test_what_is_spent_against_what_is_meant(self, scene: Scene) -> None:
        place = scene.cast.place
        async with writing():
            for spending, cents in ((Spending.COFFEE, 3000), (Spending.ROOM, 0)):
                await BudgetLine.insert(
                    BudgetLine(place_id=place, spending=spending.value, month_cents=cents, version=1)
                )
        await bought(place, 1850, date(2026, 11, 5), spending=Spending.COFFEE)
        await bought(place, 400, date(2026, 11, 30), spending=Spending.MATERIAL)
        await bought(place, 999, date(2026, 10, 31), spending=Spending.MATERIAL)
        await bought(place, 777, date(2026, 12, 1), spending=Spending.MATERIAL)
        seen = await page(scene)
        assert "22,50 € pour le lieu : salle, café, matériel" in seen
        assert "Le café 18,50 € sur 30 €" in seen
        assert "Le matériel 4 €" in seen
        assert "9,99" not in seen
        assert "7,77" not in seen
        assert "Le reste" not in seen

    async def test_the_drawing_says_all_that_its_table_says(self, scene: Scene) -> None:
        meal_id = await past_meal(scene.cast, date(2026, 9, 8), box=(5, 2500))
        await bought(scene.cast.place, 3000, date(2026, 9, 7), meal_id=meal_id)
        await publish_accounts(NOON)
        answer = await (await scene.as_(scene.cast.karim)).get("/repas/comptes")
        figure = part(answer, '<section class="figure-card" aria-labelledby="six-mois">', "</section>")
        label = unescape(figure.split('aria-label="')[1].split('"')[0]).replace("\u202f", " ").replace("\u00a0", " ")
        assert "Septembre 2026 : 30 € de courses, 25 € apportés." in label
        assert label.count(" : ") == 3
        assert "Septembre 2026 30 € 25 €" in said(figure)
        assert figure.count("<rect") == 2

    async def test_other_places_are_theirs(self, scene: Scene) -> None:
        elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
        await past_meal(scene.cast, date(2026, 11, 3), title="Là-bas", box=(6, 6666), place=elsewhere)
        await bought(elsewhere, 5555, date(2026, 11, 3), spending=Spending.COFFEE)
        await publish_accounts(NOON)
        seen = await page(scene)
        for theirs in ("Là-bas", "66,66", "55,55"):
            assert theirs not in seen


class TestManyMeals:
    async def test_the_same_questions_however_many(self, db: Store, scene: Scene) -> None:
        karim = await scene.as_(scene.cast.karim)

        async def asked() -> int:
            await karim.get("/repas/comptes?mois=2026-10")
            before = db.query_id
            assert (await karim.get("/repas/comptes")).status_code == 200
            return db.query_id - before

        await past_meal(scene.cast, date(2026, 11, 1), box=(6, 3000), card=(6, 3000))
        await publish_accounts(NOON)
        await karim.get("/repas/comptes")
        await past_meal(scene.cast, date(2026, 11, 2), box=(6, 3000), card=(6, 3000))
        await publish_accounts(NOON)
        few = await asked()
        for day in range(3, 20):
            meal_id = await past_meal(scene.cast, date(2026, 11, day), box=(6, 3000), card=(6, 3000), pot=(5, 100))
            await bought(scene.cast.place, 3000, date(2026, 11, day), meal_id=meal_id)
        await publish_accounts(NOON)
        assert await asked() == few <= 10

    async def test_years_are_read_by_an_index(self, scene: Scene) -> None:
        await past_meal(scene.cast, date(2026, 11, 1), box=(6, 3000))
        for table, index in (("meal_account", "meal_account_of"), ("published_figure", "published_figure_of")):
            question = f"select day from {table} where place_id = {{}} and day >= {{}} and day < {{}}"
            if not is_sqlite():
                pytest.skip("PostgreSQL reads a table of few rows as a whole")
            plan = await run(f"explain query plan {question}", 1, date(2026, 11, 1), date(2026, 12, 1))
            assert index in " ".join(row["detail"] for row in plan)
