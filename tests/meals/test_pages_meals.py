"""`/repas` and the page of one meal, for each reader: what is on, what is eaten, who makes it, how many seats are
left."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from meals.states import Allergen, Diet, Job
from tests.client import NOON, words
from tests.factories import make_grant, make_member, make_place
from tests.meals.make import AFTER_CLOSING, DAY, START, change_meal, make_dish, make_meal
from tests.meals.scene import Scene, part, said
from tests.people import Cast


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


class TestTheList:
    async def test_what_is_on_by_date_and_below_what_was(self, scene: Scene) -> None:
        await scene.meal(title="Couscous", starts_at=NOON - 5 * DAY, state="served")
        await scene.meal(title="Soupe", room_id=scene.cast.salon)
        await scene.meal(title="Galettes", starts_at=START - DAY, seats=4)
        page = words(await (await scene.as_(scene.cast.karim)).get("/repas"))
        order = [
            "Galettes Jeudi 3 décembre. 3 €, 5 € ou 8 €, comme tu peux Il reste 4 places sur 4",
            "Soupe Vendredi 4 décembre. Salon. 3 €, 5 € ou 8 €, comme tu peux Il reste 24 places sur 24",
            "Passés",
            "Couscous",
        ]
        found = [page.index(sentence) for sentence in order]
        assert found == sorted(found)

    async def test_it_is_marked_for_programs(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.aicha, 3)
        page = await scene.visitor().get("/repas")
        assert f'data-id="{meal_id}" data-state="open" data-seats-left="21"' in page.text

    async def test_nothing_on_is_an_empty_table(self, scene: Scene) -> None:
        page = words(await (await scene.as_(scene.cast.karim)).get("/repas"))
        assert "Pas de repas prévu" in page
        assert "J’ouvre un repas" in page

    async def test_what_is_cancelled_says_so(self, scene: Scene) -> None:
        await scene.meal(title="Galettes", state="cancelled", reason="Four cassé")
        page = await scene.visitor().get("/repas")
        assert "<s>Galettes</s>" in page.text
        assert "Annulé" in words(page)
        assert "Il reste" not in words(page)

    @pytest.mark.parametrize(
        ("seats", "sentence"),
        [(2, "Tu as ta place"), (1, "Tu attends une place"), (3, "Tu attends 3 places")],
        ids=["seated", "waits", "waits for several"],
    )
    async def test_how_one_stands_to_it_oneself(self, scene: Scene, seats: int, sentence: str) -> None:
        meal_id = await scene.meal(seats=2)
        if seats != 2:
            await scene.booked(meal_id, scene.cast.yann, 2)
        await scene.booked(meal_id, scene.cast.karim, seats)
        assert sentence in words(await (await scene.as_(scene.cast.karim)).get("/repas"))
        assert sentence not in words(await (await scene.as_(scene.cast.aicha)).get("/repas"))

    async def test_other_places_are_for_those_who_look_at_them(self, scene: Scene) -> None:
        elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
        await make_meal(place_id=elsewhere, opener=scene.cast.odile, title="Galettes")
        assert "Galettes" not in words(await (await scene.as_(scene.cast.karim)).get("/repas"))
        visitors = words(await scene.visitor().get("/repas"))
        assert "Galettes" in visitors
        assert "Ailleurs" in visitors

    async def test_many_past_ones_have_pages(self, scene: Scene) -> None:
        for number in range(23):
            await scene.meal(title=f"Plat {number}.", starts_at=NOON - (number + 1) * DAY, state="served")
        browser = await scene.as_(scene.cast.karim)
        front = await browser.get("/repas")
        assert "Plat 4." in front.text
        assert "Plat 5." not in front.text
        assert 'href="/repas?passes=1"' in front.text
        first, second = await browser.get("/repas?passes=1"), await browser.get("/repas?passes=1&page=2")
        assert "Plat 19." in first.text
        assert "Plat 20." not in first.text
        assert 'href="/repas?passes=1&amp;page=2"' in first.text
        assert "Plat 20." in second.text

    @pytest.mark.parametrize("page", ["0", "-1", "abc", "99999999999999999999999999", "²"])
    async def test_a_page_that_is_none_is_the_first(self, scene: Scene, page: str) -> None:
        await scene.meal(title="Galettes")
        answer = await scene.visitor().get(f"/repas?page={page}")
        assert (answer.status_code, "Galettes" in answer.text) == (200, True)

    async def test_who_is_asked_to_open_one(self, scene: Scene) -> None:
        async def asked(member_id: int) -> bool:
            return "/repas/nouveau" in (await (await scene.as_(member_id)).get("/repas")).text

        cast = scene.cast
        assert [await asked(each) for each in (cast.karim, cast.odile, cast.bruno)] == [True, True, False]
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.OPEN_MEALS)
        assert [await asked(each) for each in (cast.karim, cast.odile, cast.bruno)] == [False, True, False]
        assert "/repas/nouveau" not in (await scene.visitor().get("/repas")).text

    async def test_where_it_leads_on(self, scene: Scene) -> None:
        async def found(member_id: int | None) -> list[str]:
            browser = scene.visitor() if member_id is None else await scene.as_(member_id)
            page = (await browser.get("/repas")).text
            return [way for way in ("plats", "prix") if f'href="/repas/{way}"' in page]

        assert await found(scene.cast.karim) == ["plats"]
        assert await found(scene.cast.rosa) == ["plats", "prix"]
        assert await found(None) == []
        rosa = await scene.as_(scene.cast.rosa)
        assert [(await rosa.get(f"/repas/{way}")).status_code for way in ("plats", "prix", "nouveau")] == [
            200,
            200,
            200,
        ]


class TestOneMeal:
    async def test_what_one_eats_where_and_when(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu(), about="Elle tient au corps.", room_id=scene.cast.salon)
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        for sentence in (
            "Soupe de lentilles Vendredi 4 décembre, 12 h 30",
            "Elle tient au corps.",
            "Soupe de lentilles corail Pain maison Tarte aux poires",
            "Gluten (Pain maison, Tarte aux poires) Œufs (Tarte aux poires) Lait (Tarte aux poires)",
            "Sans viande Tout le repas.",
            "De 12 h 30 à 14 h 30",
            "Salon, Les Tanneurs, 14 rue des Tanneurs",
            "De plain-pied",
            "Il reste 24 places sur 24",
            "Tu peux annuler jusqu’à jeudi 3 décembre à 18 h.",
        ):
            assert sentence in page, sentence

    async def test_allergens_stand_before_the_form(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        page = (await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")).text
        assert page.index('data-allergen="gluten"') < page.index('id="reservation"')

    async def test_a_menu_without_any_says_so(self, scene: Scene) -> None:
        plain = await make_dish(place_id=scene.cast.place, name="Riz")
        empty, without = await scene.meal(), await scene.meal(dishes=[plain])
        sentence = "Aucun des quatorze allergènes à déclarer n’est dans ces plats."
        assert sentence in words(await scene.visitor().get(f"/repas/{without}"))
        assert sentence not in words(await scene.visitor().get(f"/repas/{empty}"))

    @pytest.mark.parametrize(
        ("meat", "pork", "sentence"),
        [(True, False, "Sans viande Riz. Pas de porc."), (True, True, "Porc Il y en a : Mafé.")],
    )
    async def test_meat_of_the_dishes(self, scene: Scene, meat: bool, pork: bool, sentence: str) -> None:
        rice = await make_dish(place_id=scene.cast.place, name="Riz")
        stew = await make_dish(place_id=scene.cast.place, name="Mafé", meat=meat, pork=pork)
        meal_id = await scene.meal(dishes=[rice, stew])
        assert sentence in words(await scene.visitor().get(f"/repas/{meal_id}"))

    @pytest.mark.parametrize(
        ("meat", "pork", "sentence"),
        [
            (False, False, "Sans viande Riz et Mafé. Pour ce qui est fait à la place, pas encore noté."),
            (True, False, "Sans viande Riz. Pour ce qui est fait à la place, pas encore noté."),
            (True, True, "Porc Il y en a : Mafé."),
        ],
    )
    async def test_of_what_is_made_instead_nothing_is_promised(
        self, scene: Scene, meat: bool, pork: bool, sentence: str
    ) -> None:
        """It is a word on the menu: nobody wrote down what it holds."""
        rice = await make_dish(place_id=scene.cast.place, name="Riz")
        stew = await make_dish(place_id=scene.cast.place, name="Mafé", meat=meat, pork=pork)
        meal_id = await scene.meal(dishes=[rice, stew])
        reader = await scene.as_(scene.cast.karim)
        assert "Aucun des quatorze allergènes" in words(await reader.get(f"/repas/{meal_id}")), "the control"
        async with transaction():
            await run("update meal_dish set instead = {} where dish_id = {}", "un satay aux crevettes", stew)
        page = await reader.get(f"/repas/{meal_id}")
        read = words(page)
        assert sentence in read
        assert "Mafé ou, à la place, un satay aux crevettes" in read
        assert "Allergènes Pas encore notés pour ce qui est fait à la place de : Mafé." in read
        assert "Aucun des quatorze" not in read
        assert "Tout le repas." not in read
        assert len(re.findall(r'name="diet"', page.text)) == len(Diet)

    async def test_it_is_marked_for_programs(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.aicha, 2)
        page = await scene.visitor().get(f"/repas/{meal_id}")
        assert f'<article class="stack-wide" data-id="{meal_id}" data-state="open" data-seats-left="22">' in page.text

    @pytest.mark.parametrize("who", ["visitor", "newcomer", "stranger"])
    async def test_names_are_for_those_whom_somebody_met(self, scene: Scene, who: str) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, people=3, holders=[scene.cast.aicha, scene.cast.yann])
        browser = scene.visitor()
        if who == "newcomer":
            browser = await scene.as_(scene.cast.newcomer)
        elif who == "stranger":
            elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
            browser = await scene.world.browser_of(
                await make_member(name="Zoé", place_id=elsewhere), place_id=elsewhere
            )
        page = await browser.get(f"/repas/{meal_id}")
        assert "Aux fourneaux 2 personnes du lieu" in words(page)
        assert "Aïcha" not in page.text
        assert "Yann" not in page.text
        known = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        assert "Aux fourneaux Aïcha et Yann" in known

    async def test_who_eats_there_is_nobodys_business(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.aicha, 2, price_cents=300, give=1)
        for reader in (scene.cast.karim, scene.cast.odile, scene.cast.rosa):
            assert "Aïcha" not in (await (await scene.as_(reader)).get(f"/repas/{meal_id}")).text

    async def test_a_visitor_is_led_to_sign_in_and_comes_back(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        page = await scene.visitor().get(f"/repas/{meal_id}")
        assert f'href="/connexion?suite=/repas/{meal_id}"' in page.text
        assert 'id="reservation"' not in page.text
        assert "J’en suis" not in words(page)

    async def test_two_readers_at_once_read_each_their_own(self, scene: Scene) -> None:
        meal_id = await scene.meal(seats=2)
        await scene.booked(meal_id, scene.cast.aicha, 2)
        await scene.booked(meal_id, scene.cast.yann, 1)
        readers = scene.cast.aicha, scene.cast.yann, scene.cast.karim
        browsers = {each: await scene.as_(each) for each in readers}  # signing in writes: nothing may come between
        pages = {each: words(await browser.get(f"/repas/{meal_id}")) for each, browser in browsers.items()}
        assert "Tu as 2 places" in pages[scene.cast.aicha]
        drawn = (await browsers[scene.cast.aicha].get(f"/repas/{meal_id}")).text
        assert drawn.count('class="my-seat"') == 2, "each of them is marked at the table"
        assert 'class="my-seat"' not in (await browsers[scene.cast.yann].get(f"/repas/{meal_id}")).text
        assert "Tu attends 1 place. Tu es en tête de la liste." in pages[scene.cast.yann]
        assert "Complet. 1 place demandée en liste d’attente" in pages[scene.cast.karim]
        assert "Tu as" not in pages[scene.cast.karim]
        assert "Tu as 2 places" not in pages[scene.cast.yann]

    async def test_what_is_written_is_read_at_once(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = scene.visitor()
        assert "Il reste 24 places" in words(await browser.get(f"/repas/{meal_id}"))
        await scene.booked(meal_id, scene.cast.aicha, 4)
        assert "Il reste 20 places" in words(await browser.get(f"/repas/{meal_id}"))

    async def test_the_minute_in_which_it_closes_is_read_in_that_minute(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        scene.world.now = AFTER_CLOSING - timedelta(hours=1, minutes=1)
        for _ in range(2):  # the first visit of the day is written down, and what was read before it read again
            assert 'id="reservation"' in (await browser.get(f"/repas/{meal_id}")).text
        scene.world.later(minutes=1)
        page = await browser.get(f"/repas/{meal_id}")
        assert 'id="reservation"' not in page.text
        assert "Les réservations sont closes depuis jeudi 3 décembre à 18 h." in words(page)

    async def test_cancelled_with_the_reason_for_members(self, scene: Scene) -> None:
        meal_id = await scene.meal(state="cancelled", reason="Le four est cassé.")
        member = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        visitor = words(await scene.visitor().get(f"/repas/{meal_id}"))
        assert "Ce repas est annulé Le four est cassé." in member
        assert "Ce repas est annulé" in visitor
        assert "Le four est cassé." not in visitor
        assert "Je réserve" not in member

    async def test_served(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.aicha, 3)
        await change_meal(meal_id, state="served")
        scene.world.now = START + timedelta(hours=3)
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        assert "Ce repas est passé" in page
        assert "3 places à table" in page
        assert "Il manque" not in page

    async def test_too_few_cooks_leave_it_in_doubt(self, scene: Scene) -> None:
        meal_id = await scene.meal(state="closed", doubtful_until=AFTER_CLOSING + timedelta(hours=1))
        scene.world.now = AFTER_CLOSING
        member = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        opener = await (await scene.as_(scene.cast.odile)).get(f"/repas/{meal_id}")
        assert "On saura avant jeudi 3 décembre à 20 h si le repas a lieu." in words(member)
        assert f'action="/repas/{meal_id}/quand-meme"' in opener.text
        assert "quand-meme" not in member.text

    @pytest.mark.parametrize("path", ["/repas/999", "/repas/99999999999999999999999999", "/repas/999/reservations"])
    async def test_there_is_no_such_meal(self, scene: Scene, path: str) -> None:
        browser = await scene.as_(scene.cast.karim)
        answer = await (browser.post(path) if path.endswith("reservations") else browser.get(path))
        assert answer.status_code == 404

    async def test_who_is_led_on_to_the_work_of_it(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, holders=[scene.cast.aicha])
        ways = ("cuisine", "changer", "annulation")

        async def found(member_id: int) -> list[str]:
            page = await (await scene.as_(member_id)).get(f"/repas/{meal_id}")
            return [way for way in ways if f'href="/repas/{meal_id}/{way}"' in page.text]

        cast = scene.cast
        assert await found(cast.odile) == list(ways)
        assert await found(cast.rosa) == ["cuisine", "annulation"]
        assert await found(cast.aicha) == ["cuisine"]
        assert await found(cast.karim) == []
        assert await found(cast.bruno) == []
        odile = await scene.as_(cast.odile)
        assert [(await odile.get(f"/repas/{meal_id}/{way}")).status_code for way in ways] == [200, 200, 200]


class TestTheOtherMeals:
    async def test_of_the_same_week(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.meal(title="Galettes", starts_at=START - DAY, seats=2)
        await scene.meal(title="Couscous", starts_at=START + 3 * DAY)
        await scene.meal(title="Raclette", starts_at=START + DAY, state="cancelled")
        page = words(await scene.visitor().get(f"/repas/{meal_id}"))
        assert "L’autre repas de la semaine Il reste 2 places sur 2 Galettes, jeudi 3 décembre" in page
        assert "Couscous" not in page
        assert "Raclette" not in page

    async def test_a_full_one_has_a_list(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        other = await scene.meal(title="Galettes", starts_at=START - DAY, seats=2)
        await scene.booked(other, scene.cast.aicha, 2)
        await scene.booked(other, scene.cast.yann, 2)
        page = await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}")
        assert "Complet. 2 places demandées en liste d’attente" in words(page)
        assert f'href="/repas/{other}#reserver"' in page.text

    async def test_a_week_with_one_says_nothing(self, scene: Scene) -> None:
        page = words(await scene.visitor().get(f"/repas/{await scene.meal()}"))
        assert "de la semaine" not in page


class TestTheTeam:
    async def test_what_is_missing_in_words(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, people=3, holders=[scene.cast.aicha])
        await scene.turn(meal_id, Job.WASH, people=1, hours_before=-2, hours=1, holders=[scene.cast.yann])
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/repas/{meal_id}"))
        assert "L’équipe cuisine Il manque 2 personnes" in page
        assert "La cuisine Aïcha J’en suis : La cuisine Besoin de 2 personnes" in page
        assert "La vaisselle Yann Complet" in page

    async def test_one_takes_a_turn_and_is_back_on_the_page(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        slot_id = await scene.turn(meal_id, Job.COOK, people=3, holders=[scene.cast.aicha])
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get(f"/repas/{meal_id}")
        form = part(page, f'action="/tours/{slot_id}/prise"', "</form>")
        assert f'name="back" value="/repas/{meal_id}#equipe"' in form
        answer = await browser.post(f"/tours/{slot_id}/prise", {"back": f"/repas/{meal_id}#equipe", "sure": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal_id}#equipe")
        line = part(await browser.get(f"/repas/{meal_id}"), f'data-kind="turn" data-id="{slot_id}"', "</li>")
        assert "Aïcha et Karim" in said(line)
        assert "Tu en es" in said(line)
        assert "<form" not in line

    @pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
    async def test_nobody_is_led_off_our_pages(self, scene: Scene, back: str) -> None:
        slot_id = await scene.turn(await scene.meal(), Job.COOK, people=3, holders=[scene.cast.aicha])
        browser = await scene.as_(scene.cast.karim)
        answer = await browser.post(f"/tours/{slot_id}/prise", {"back": back, "sure": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/{slot_id}")

    async def test_whoever_mediates_here_is_not_asked(self, scene: Scene) -> None:
        meal_id = await scene.meal()
        await scene.turn(meal_id, Job.COOK, people=3)
        assert "J’en suis" not in words(await (await scene.as_(scene.cast.bruno)).get(f"/repas/{meal_id}"))


class TestWhatItCosts:
    async def test_as_many_questions_for_a_big_meal_as_for_a_small_one(self, db: Store, scene: Scene) -> None:
        place = scene.cast.place
        small = await scene.meal(title="Petit", dishes=[await make_dish(place_id=place, name="Riz")])
        await scene.turn(small, Job.COOK, holders=[scene.cast.aicha])
        dishes = [await make_dish(place_id=place, name=f"Plat {n}", allergens=list(Allergen)) for n in range(6)]
        big = await scene.meal(title="Grand", dishes=dishes, seats=300, starts_at=START - DAY)
        for job, before in ((Job.COOK, 4), (Job.SERVE, 0), (Job.WASH, -2)):
            await scene.turn(big, job, people=2, hours_before=before, hours=1, holders=[scene.cast.yann])
        for _ in range(12):
            await scene.booked(big, await make_member(place_id=place), 2, diets={Diet.NO_GLUTEN: 1})
        browser = await scene.as_(scene.cast.karim)

        async def asked(path: str) -> int:
            await browser.get("/aide")  # who is asking is asked here, if anything was committed
            before = db.query_id
            assert (await browser.get(path)).status_code == 200
            return db.query_id - before

        async with transaction():  # whatever was read before does not stand any more
            await run("update meal set about = 'Bon.' where id = {}", small)
        alone, many = await asked(f"/repas/{small}"), await asked(f"/repas/{big}")
        assert alone == many
        assert alone > await asked(f"/repas/{small}"), "what all read alike was read again"
        one = await asked("/repas")
        for number in range(6):
            await scene.meal(title=f"Encore {number}", starts_at=START + number * DAY)
        assert await asked("/repas") == one
