"""The page of a meal's box: who sees it, what it says to whom, and what is entered there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import engine, run, transaction
from app.identity.states import Act
from meals import jobs
from meals.commands.publishing import publish_accounts
from meals.states import Job
from meals.tables import Meal
from tests.client import Browser, words
from tests.factories import make_grant, make_member, make_place, writing
from tests.meals.make import HOUR, START, change_meal, make_crowd
from tests.meals.scene import Scene
from tests.people import Cast
from tests.rotas.make import make_duty

END = START + 2 * HOUR
NIGHT = END + 12 * HOUR


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def over(scene: Scene, *, envelopes: int = 0) -> int:
    """A meal that is over, with so many who pay on site; Karim washes up."""
    meal = await scene.meal()
    await scene.turn(meal, Job.WASH, people=1, hours_before=-2, holders=[scene.cast.karim])
    for member in await make_crowd(scene.cast, envelopes):
        await scene.booked(meal, member)
    await scene.booked(meal, scene.cast.samira, suspended=False, price_cents=800)
    scene.world.now = END + HOUR
    return meal


async def enters(browser: Browser, meal: int, total: str) -> int:
    answer = await browser.post(f"/repas/{meal}/caisse", {"total": total})
    return answer.status_code


async def says(browser: Browser, meal: int) -> str:
    page = await browser.get(f"/repas/{meal}/caisse")
    assert page.status_code == 200
    return words(page)


class TestWho:
    async def test_visitors_members_elsewhere_others_here(self, scene: Scene) -> None:
        meal = await over(scene)
        path = f"/repas/{meal}/caisse"
        assert (await scene.visitor().get(path)).status_code in (302, 303, 401)
        async with writing():
            elsewhere = await make_member(place_id=await make_place(slug="ailleurs"))
        expected = {
            scene.cast.odile: 200,
            scene.cast.karim: 200,
            scene.cast.rosa: 200,
            scene.cast.samira: 403,
            scene.cast.newcomer: 403,
            scene.cast.helene: 403,
            elsewhere: 404,
        }
        for member, status in expected.items():
            browser = await scene.as_(member)
            assert (await browser.get(path)).status_code == status, member
            # Odile's and Karim's are the two; whoever comes third finds it counted.
            entered = (409 if member == scene.cast.rosa else 303) if status == 200 else status
            assert await enters(browser, meal, "5") == entered, member
        assert len(await run("select 1 as one from till_count")) == 1

    async def test_no_such_meal(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.get("/repas/9999/caisse")).status_code == 404
        assert await enters(odile, 9999, "5") == 404

    async def test_who_has_the_door_counts_as_well(self, scene: Scene) -> None:
        meal = await over(scene)
        async with writing():
            await make_grant(
                member_id=scene.cast.aicha, place_id=scene.cast.place, act=Act.CHECK_IN, from_at=END - HOUR
            )
        aicha = await scene.as_(scene.cast.aicha)
        page = await aicha.get(f"/repas/{meal}/caisse")
        assert (await aicha.get(f"/repas/{meal}/accueil")).status_code == 200
        assert f'href="/repas/{meal}/accueil"' in page.text
        assert (
            f'href="/repas/{meal}/accueil"'
            not in (await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal}/caisse")).text
        )


class TestWhatIsEntered:
    @pytest.mark.parametrize(
        ("written", "cents"),
        [("84,50", 8450), ("84.5", 8450), ("84", 8400), (" 1 084,5 € ", 108450), ("0", 0), ("10000", 1_000_000)],
    )
    async def test_a_sum_as_one_writes_it(self, scene: Scene, written: str, cents: int) -> None:
        meal = await over(scene)
        assert await enters(await scene.as_(scene.cast.odile), meal, written) == 303
        assert [row["cents"] for row in await run("select cents from till_entry")] == [cents]

    @pytest.mark.parametrize("written", ["", "beaucoup", "-5", "84,505", "10000,01", "1e3", "٨٤", "99999999"])
    async def test_what_is_no_sum_stays_in_its_field(self, scene: Scene, written: str) -> None:
        meal = await over(scene)
        odile = await scene.as_(scene.cast.odile)
        answer = await odile.post(f"/repas/{meal}/caisse", {"total": written})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
        assert await run("select 1 as one from till_entry") == []
        if written:
            assert f'value="{written}"' in answer.text

    async def test_before_it_begins_and_after_it_was_called_off(self, scene: Scene) -> None:
        meal = await over(scene)
        scene.world.now = START - HOUR
        odile = await scene.as_(scene.cast.odile)
        assert "La boîte se compte quand le repas a commencé" in await says(odile, meal)
        assert 'name="total"' not in (await odile.get(f"/repas/{meal}/caisse")).text
        assert await enters(odile, meal, "5") == 409
        scene.world.now = END
        await change_meal(meal, state="cancelled")
        assert await enters(odile, meal, "5") == 409

    async def test_sent_twice_it_is_one(self, scene: Scene) -> None:
        meal = await over(scene)
        odile, karim = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)
        for browser in (odile, odile, karim, karim, odile):
            assert await enters(browser, meal, "84,50") == 303
        assert await enters(odile, meal, "84") == 409
        assert await enters(await scene.as_(scene.cast.rosa), meal, "84,50") == 409
        assert len(await run("select 1 as one from ledger_line where kind = 'cash'")) == 1
        assert len(await run("select 1 as one from till_count")) == 1


class TestWhatItSays:
    async def test_nobody_reads_what_another_found(self, scene: Scene) -> None:
        meal = await over(scene)
        odile, karim = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)
        await enters(odile, meal, "84,50")
        for browser in (odile, karim):
            assert "84" not in (await says(browser, meal)).replace("84,50. Une boîte vide", "")
        assert "Ton compte est noté" in await says(odile, meal)
        assert "Quelqu’un a déjà compté" in await says(karim, meal)
        answer = await karim.post(f"/repas/{meal}/caisse", {"total": "79,25"})
        assert answer.status_code == 303
        for browser in (odile, karim):
            seen = await says(browser, meal)
            assert "Vous n’avez pas trouvé la même chose" in seen
            assert "Recomptez ensemble, puis entrez chacun le total." in seen
            assert "79" not in seen
            assert "84" not in seen.replace("84,50. Une boîte vide", "")

    async def test_whose_count_is_missing(self, scene: Scene) -> None:
        meal = await over(scene)
        karim = await scene.as_(scene.cast.karim)
        await enters(karim, meal, "5")
        assert "Il manque celui de la personne qui tient la caisse" in await says(karim, meal)
        odile = await scene.as_(scene.cast.odile)
        await enters(odile, meal, "6")
        await enters(odile, meal, "5")
        assert "Il manque celui d’une autre personne" in await says(odile, meal)

    async def test_who_counted_and_when_and_to_whom_the_sum_is_said(self, scene: Scene) -> None:
        meal = await over(scene)
        odile, karim = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)
        rosa = await scene.as_(scene.cast.rosa)
        await enters(odile, meal, "8")
        await enters(karim, meal, "8")
        for browser in (odile, karim):
            assert "C’est compté : 8 €" in await says(browser, meal)
        seen = await says(rosa, meal)
        assert "La boîte est comptée" in seen
        assert "Par Odile et Karim, vendredi 4 décembre" in seen
        assert "8 €" not in seen
        assert "se lira ici samedi 5 décembre" in seen

    async def test_names_are_for_those_whom_somebody_has_met(self, scene: Scene) -> None:
        meal = await scene.meal()
        await scene.turn(meal, Job.WASH, people=1, hours_before=-2, holders=[scene.cast.newcomer])
        scene.world.now = END + HOUR
        for member in (scene.cast.odile, scene.cast.rosa):
            await enters(await scene.as_(member), meal, "0")
        seen = await says(await scene.as_(scene.cast.newcomer), meal)
        assert "Par deux personnes" in seen
        assert "Odile" not in seen


class TestTheDifference:
    @pytest.mark.parametrize(
        ("envelopes", "found", "said"),
        [
            (3, "20", "Moins de cinq enveloppes : la différence n’est pas montrée."),
            (4, "28", "Il y avait exactement ce qui était prévu."),
            (4, "30,50", "Il y avait 2,50 € de plus que prévu."),
            (4, "25", "Il y avait 3 € de moins que prévu."),
        ],
    )
    async def test_of_five_and_once_nobody_comes_in(self, scene: Scene, envelopes: int, found: str, said: str) -> None:
        meal = await over(scene, envelopes=envelopes)
        browsers = [await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)]
        for browser in browsers:
            assert await enters(browser, meal, found) == 303
        assert "prévu se lira ici" in await says(browsers[0], meal)
        scene.world.now = NIGHT
        await jobs.close_due(NIGHT)
        await jobs.serve_past(NIGHT)
        await jobs.close_accounts(NIGHT)
        await publish_accounts(NIGHT)
        seen = await says(browsers[0], meal)
        assert said in seen
        assert "se lira ici" not in seen

    async def test_once_closed_it_moves_no_more(self, scene: Scene) -> None:
        """Whatever becomes of bookings: the figure before and the figure after would tell what one person paid."""
        meal = await over(scene, envelopes=5)
        browsers = [await scene.as_(scene.cast.odile), await scene.as_(scene.cast.karim)]
        for browser in browsers:
            await enters(browser, meal, "33")
        for job in (jobs.close_due, jobs.serve_past, jobs.close_accounts, publish_accounts):
            await job(NIGHT)
        scene.world.now = NIGHT
        await says(browsers[0], meal)  # with what was said of the last form
        before = await says(browsers[0], meal)
        assert "exactement ce qui était prévu" in before
        async with transaction():
            await run("update booking set price_cents = 300 where meal_id = {} and price_cents = 800", meal)
        assert await says(browsers[0], meal) == before


class TestOnTheMealsPage:
    async def reminder(self, scene: Scene, member: int, meal: int) -> tuple[bool, bool]:
        page = await (await scene.as_(member)).get(f"/repas/{meal}")
        return "La boîte est à compter" in page.text, f'href="/repas/{meal}/caisse"' in page.text

    async def test_whoever_has_the_till_is_reminded_until_it_is_counted(self, scene: Scene) -> None:
        cast, meal = scene.cast, await over(scene)
        assert await self.reminder(scene, cast.odile, meal) == (True, True)
        assert await self.reminder(scene, cast.rosa, meal) == (True, True)
        assert await self.reminder(scene, cast.karim, meal) == (False, True)
        assert await self.reminder(scene, cast.samira, meal) == (False, False)
        assert await self.reminder(scene, cast.helene, meal) == (False, False)
        for member in (cast.odile, cast.karim):
            await enters(await scene.as_(member), meal, "8")
        assert await self.reminder(scene, cast.odile, meal) == (False, True)

    async def test_where_somebody_takes_cash_they_are_reminded_not_the_opener(self, scene: Scene) -> None:
        cast, meal = scene.cast, await over(scene)
        async with writing():
            await make_grant(member_id=cast.yann, place_id=cast.place, act=Act.TAKE_CASH, from_at=END)
        assert await self.reminder(scene, cast.yann, meal) == (True, True)
        assert await self.reminder(scene, cast.odile, meal) == (False, True)

    async def test_not_before_its_end_nor_of_a_table_where_nobody_was(self, scene: Scene) -> None:
        cast, meal = scene.cast, await over(scene)
        scene.world.now = START - timedelta(minutes=5)
        assert await self.reminder(scene, cast.odile, meal) == (False, False)
        scene.world.now = START + HOUR
        assert await self.reminder(scene, cast.odile, meal) == (False, True)
        scene.world.now = END
        async with transaction():
            await Meal.update({Meal.taken: 0}).where(Meal.id == meal)
        assert await self.reminder(scene, cast.odile, meal) == (False, True)


class TestWhoeverHasTheTurn:
    async def test_at_the_till_of_this_meal_counts_the_float_there_and_the_box_here(self, scene: Scene) -> None:
        cast = scene.cast
        meal = await scene.meal()
        async with writing():
            duty = await make_duty(place_id=cast.place, name="Caisse", act=Act.TAKE_CASH)
        slot = await scene.turn(meal, Job.TILL, duty_id=duty, people=1, hours_before=0, holders=[cast.yann])
        await scene.turn(meal, Job.WASH, people=1, hours_before=-2, holders=[cast.karim])
        await scene.booked(meal, cast.samira)
        scene.world.now = END + HOUR / 2
        yann = await scene.as_(cast.yann)
        page = await yann.get(f"/tours/{slot}/caisse")
        assert page.status_code == 200
        assert f'<a href="/repas/{meal}">Soupe de lentilles</a>' in page.text
        assert "La boîte est à compter" in (await yann.get(f"/repas/{meal}")).text
        seen = await says(yann, meal)
        assert "Le fond de caisse n’est pas dedans" in seen
        assert "Le fond de caisse" not in await says(await scene.as_(cast.karim), meal)
        await enters(yann, meal, "5")
        await enters(await scene.as_(cast.karim), meal, "5")
        assert "C’est compté : 5 €" in await says(yann, meal)

    async def test_an_hour_after_the_turn_the_opener_has_the_till(self, scene: Scene) -> None:
        cast = scene.cast
        meal = await scene.meal()
        async with writing():
            duty = await make_duty(place_id=cast.place, name="Caisse", act=Act.TAKE_CASH)
        await scene.turn(meal, Job.TILL, duty_id=duty, people=1, hours_before=0, holders=[cast.yann])
        scene.world.now = END + 2 * HOUR
        yann, odile = await scene.as_(cast.yann), await scene.as_(cast.odile)
        await enters(yann, meal, "0")
        assert "Il manque celui de la personne qui tient la caisse, ou qui a ouvert le repas." in await says(yann, meal)
        await enters(odile, meal, "0")
        assert "C’est compté" in await says(odile, meal)


class TestWhatItCosts:
    async def test_no_question_more_for_more_people(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        meal = await over(scene)
        odile = await scene.as_(scene.cast.odile)
        asked, fetch = list[str](), type(engine()).fetch

        async def counted(store: Any, sql: str, args: Any) -> Any:
            asked.append(sql)
            return await fetch(store, sql, args)

        async def questions() -> int:
            await says(odile, meal)  # what is remembered is read once
            asked.clear()
            await says(odile, meal)
            return len(asked)

        monkeypatch.setattr(type(engine()), "fetch", counted)
        few = await questions()
        assert any("till_entry" in sql for sql in asked), "the control: they are overheard"
        for member in await make_crowd(scene.cast, 12):
            async with transaction():
                await run(
                    "insert into till_entry (meal_id, member_id, cents, has_till, differs, entered_at) "
                    "values ({}, {}, 500, {}, {}, {})",
                    *(meal, member, False, True, END),
                )
        assert await questions() == few
