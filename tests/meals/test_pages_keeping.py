"""Opening, changing and calling off a meal, « on le fait quand même », the place’s prices: by their doors."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.clock import local
from app.database import Store, run
from app.identity.states import Act
from meals.commands.prices import set_prices
from meals.rules import Prices
from tests.client import NOON, words
from tests.factories import make_grant, make_member, make_place
from tests.meals.make import AFTER_CLOSING, DAY, START, change_meal, make_dish
from tests.meals.reads import meal as meal_row
from tests.meals.scene import Scene
from tests.people import Cast
from tests.rotas.make import make_duty

MEAL = {
    "title": "Soupe et tarte",
    "day": "2026-12-04",
    "from": "12:30",
    "to": "14:30",
    "seats": "12",
    "about": "On mange dehors s’il fait beau.",
    "low": "3",
    "fair": "4,50",
    "more": "8",
    "cooks_least": "1",
    "dish_1": "Soupe de lentilles",
    "dish_2": "Tarte aux poires",
    "instead_2": "une compote",
    "portions_2": "10",
    "dish_3": "",
    "once": "une-fois",
}


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def meals() -> list[dict[str, Any]]:
    return await run("select * from meal order by id")


async def menu(meal_id: int) -> list[tuple[str, int | None, str]]:
    rows = await run(
        "select d.name, e.portions, e.instead from meal_dish e join dish d on d.id = e.dish_id "
        "where e.meal_id = {} order by e.rank",
        meal_id,
    )
    return [(row["name"], row["portions"], row["instead"]) for row in rows]


async def team(meal_id: int) -> list[tuple[str, str, str, int]]:
    rows = await run(
        "select t.job, s.starts_at, s.ends_at, s.people from meal_turn t join rota_slot s on s.id = t.slot_id "
        "where t.meal_id = {} and s.state = 'open' order by s.starts_at, s.id",
        meal_id,
    )
    return [
        (row["job"], f"{local(row['starts_at']):%d %H:%M}", f"{local(row['ends_at']):%H:%M}", row["people"])
        for row in rows
    ]


def turn(number: int, job: str, duty: int, begins: str, ends: str, people: str = "2", **more: str) -> dict[str, str]:
    return {
        f"turn_job_{number}": job,
        f"turn_duty_{number}": str(duty),
        f"turn_from_{number}": begins,
        f"turn_to_{number}": ends,
        f"turn_people_{number}": people,
        **{f"turn_{name}_{number}": value for name, value in more.items()},
    }


def fields(page: httpx.Response) -> dict[str, str]:
    """What the form of a meal would send, as the browser shows it."""
    form = page.text.split('id="repas"', 1)[1].split("</form>", 1)[0]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r' name="([^"]*)"', tag)
        value = re.search(r' value="([^"]*)"', tag)
        if name is not None:
            found[name[1]] = value[1] if value is not None else ""
    for name, body in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen is not None else ""
    for name, body in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = body
    found.pop("_csrf_token")
    return found


class TestOpening:
    async def test_the_empty_form_proposes_hours_prices_and_the_duties_of_the_place(self, scene: Scene) -> None:
        cooking = await make_duty(place_id=scene.cast.place, name="Aux fourneaux", icon="chef-hat")
        await make_dish(place_id=scene.cast.place, name="Soupe de lentilles")
        page = await (await scene.as_(scene.cast.karim)).get("/repas/nouveau")
        assert page.status_code == 200
        shown = fields(page)
        assert (shown["from"], shown["to"]) == ("12:30", "14:30")
        assert (shown["low"], shown["fair"], shown["more"]) == ("3", "5", "8")
        assert (shown["turn_job_2"], shown["turn_duty_2"], shown["turn_people_2"]) == ("cook", str(cooking), "3")
        assert shown["cooks_least"] == "2"
        assert (shown["turn_job_4"], shown["turn_duty_4"], shown["turn_people_4"]) == ("wash", "", "0")
        assert '<option value="Soupe de lentilles"></option>' in page.text
        assert "Salle du fond (14 places)" in words(page)

    async def test_where_nobody_can_be_asked_to_cook_no_cook_is_called_for(self, scene: Scene) -> None:
        """Or a meal would be called off for want of cooks that nobody could become."""
        shown = fields(await (await scene.as_(scene.cast.karim)).get("/repas/nouveau"))
        assert (shown["turn_job_2"], shown["turn_duty_2"], shown["turn_people_2"]) == ("cook", "", "0")
        assert shown["cooks_least"] == "0"

    async def test_it_is_opened_with_its_menu_and_its_team_and_sent_twice_it_is_one(self, scene: Scene) -> None:
        place = scene.cast.place
        there = await make_dish(place_id=place, name="Soupe de lentilles")
        cook, shop = await make_duty(place_id=place), await make_duty(place_id=place, name="Courses")
        odile = await scene.as_(scene.cast.odile)
        form = {
            **MEAL,
            "room": str(scene.cast.back_room),
            **turn(1, "shop", shop, "8:30", "10:00"),
            **turn(2, "cook", cook, "09:30", "12:30", "3", day="2026-12-04"),
            **turn(3, "wash", cook, "", "", "0"),
        }
        answer = await odile.post("/repas", form)
        assert answer.status_code == 303
        assert (await odile.post("/repas", form)).headers["location"] == answer.headers["location"]
        (row,) = await meals()
        assert answer.headers["location"] == f"/repas/{row['id']}"
        assert (row["starts_at"], row["ends_at"]) == (START, START + timedelta(hours=2))
        assert f"{local(row['closes_at']):%d %H:%M}" == "03 18:00"
        assert (row["low_cents"], row["fair_cents"], row["more_cents"]) == (300, 450, 800)
        assert (row["seats"], row["room_id"], row["cooks_least"]) == (12, scene.cast.back_room, 1)
        assert await menu(row["id"]) == [("Soupe de lentilles", None, ""), ("Tarte aux poires", 10, "une compote")]
        assert (await run("select count(*) as n from dish"))[0]["n"] == 2
        assert (await run("select dish_id from meal_dish where dish_id = {}", there)) != []
        assert await team(row["id"]) == [("shop", "04 08:30", "10:00", 2), ("cook", "04 09:30", "12:30", 3)]
        assert "Le repas est ouvert !" in words(await odile.get(answer.headers["location"]))

    async def test_bookings_close_when_its_opener_says(self, scene: Scene) -> None:
        form = {**MEAL, "closes_day": "2026-12-02", "closes_hour": "20:15"}
        assert (await (await scene.as_(scene.cast.odile)).post("/repas", form)).status_code == 303
        assert f"{local((await meals())[0]['closes_at']):%d %H:%M}" == "02 20:15"

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"title": ""}, "title", "Il manque le nom du repas."),
            ({"title": "x" * 81}, "title", "C’est trop long"),
            ({"day": ""}, "day", "Choisis un jour et une heure."),
            ({"day": "2026-02-30"}, "day", "Ce jour ou cette heure n’existe pas."),
            ({"day": "2026-11-20"}, "day", "Ce moment est déjà passé."),
            ({"day": "2028-01-01"}, "day", "C’est dans plus d’un an."),
            ({"to": "12:00"}, "to", "La fin vient avant le début."),
            ({"from": "01:00", "to": "14:00"}, "to", "Un repas dure douze heures au plus."),
            ({"closes_day": "2026-12-03"}, "closes_hour", "Choisis un jour et une heure, ou laisse les deux vides."),
            ({"closes_day": "2026-12-05", "closes_hour": "10:00"}, "closes_day", "avant que le repas commence"),
            ({"room": "999"}, "room", "Cette salle n’est pas dans la liste."),
            ({"seats": ""}, "seats", "Il manque le nombre de places."),
            ({"seats": "1"}, "seats", "Il faut au moins 2. Tu as écrit 1."),
            ({"seats": "301"}, "seats", "Pas plus de 300."),
            ({"fair": "2"}, "fair", "Le prix du repas ne peut pas être plus bas que le petit budget."),
            ({"more": "4"}, "more", "Qui ajoute pour quelqu’un met au moins le prix du repas."),
            ({"low": "gratuit"}, "low", "Écris un prix, comme 5 ou 4,50."),
            ({"low": ""}, "low", "Il manque un prix. Gratuit, c’est 0."),
            ({"more": "101"}, "more", "C’est plus de 100 €"),
            ({"dish_1": "", "dish_2": "", "instead_2": "", "portions_2": ""}, "dish_1", "Il manque le menu"),
            ({"dish_2": ""}, "dish_2", "Il manque le nom du plat."),
            ({"dish_3": "soupe de LENTILLES"}, "dish_3", "Ce plat est déjà là, sous le même nom."),
            ({"portions_2": "0"}, "portions_2", "Il faut au moins 1."),
            ({"turn_duty_1": ""}, "turn_duty_1", "Choisis le rôle dans la liste."),
            ({"turn_duty_1": "999"}, "turn_duty_1", "Choisis le rôle dans la liste."),
            ({"turn_from_1": ""}, "turn_from_1", "Il manque l’heure du début."),
            ({"turn_to_1": "25:00"}, "turn_to_1", "Cette heure n’existe pas. Exemple : 14:30."),
            ({"turn_day_1": "hier"}, "turn_day_1", "Ce jour n’existe pas."),
            ({"turn_day_1": "2026-11-23"}, "turn_from_1", "Ce tour serait déjà passé."),
            ({"turn_people_1": "41"}, "turn_people_1", "Pas plus de 40."),
            ({"turn_to_1": "09:00"}, "turn_to_1", "Un tour dure douze heures au plus."),
            ({"turn_job_1": "shop", "turn_day_1": "2026-12-03"}, "turn_from_1", "Les courses commencent après la fin"),
        ],
    )
    async def test_what_cannot_be_is_said_beside_the_field_and_the_rest_is_kept(
        self, scene: Scene, changes: dict[str, str], field: str, sentence: str
    ) -> None:
        duty = await make_duty(place_id=scene.cast.place)
        odile = await scene.as_(scene.cast.odile)
        form = {**MEAL, **turn(1, "cook", duty, "09:30", "12:30")}
        page = await odile.post("/repas", {**form, **changes})
        assert page.status_code == 422
        assert sentence in words(page)
        assert f'id="field-{field}-error"' in page.text
        assert re.search(r"<title>Erreur\b", page.text)
        shown = fields(page)
        for name in form.keys() - changes.keys() - {"title"}:
            assert shown[name] == form[name], name
        assert await meals() == []

    async def test_a_room_that_is_taken_is_said_beside_it_with_one_that_is_free(self, scene: Scene) -> None:
        await scene.meal(room_id=scene.cast.back_room)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.post("/repas", {**MEAL, "room": str(scene.cast.back_room)})
        assert page.status_code == 422
        assert "Quelqu’un a déjà la salle à ce moment-là : Salle du fond" in words(page)
        assert 'id="field-room-error"' in page.text
        assert f'name="room" value="{scene.cast.salon}"' in page.text
        repaired = {**fields(page), "room": [str(scene.cast.back_room), str(scene.cast.salon)]}
        assert (await odile.post("/repas", repaired)).status_code == 303
        assert (await meals())[-1]["room_id"] == scene.cast.salon

    async def test_a_room_that_is_too_small(self, scene: Scene) -> None:
        page = await (await scene.as_(scene.cast.odile)).post(
            "/repas", {**MEAL, "room": str(scene.cast.salon), "seats": "16"}
        )
        assert page.status_code == 422
        assert "Cette salle est trop petite : Salon a 15 places." in words(page)
        assert 'id="field-seats-error"' in page.text

    async def test_more_rows_without_a_script_and_nothing_is_lost(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.get("/repas/nouveau")).text.count('list="cahier"') == 4
        page = await odile.post("/repas", {**MEAL, "title": "", "add": "dishes"})
        assert page.status_code == 200
        assert page.text.count('list="cahier"') == 3 + 4
        assert fields(page)["instead_2"] == "une compote"
        assert "Erreur" not in page.text
        many = {f"dish_{n}": f"Plat {n}" for n in range(1, 13)}
        page = await odile.post("/repas", {**MEAL, **many, "add": "dishes"})
        assert page.text.count('list="cahier"') == 12
        assert "Encore des lignes" not in words(page)
        assert await meals() == []

    async def test_under_htmx_the_form_alone_comes_back(self, scene: Scene) -> None:
        odile = await scene.as_(scene.cast.odile)
        page = await odile.partial("/repas", {**MEAL, "seats": ""})
        assert page.status_code == 422
        assert page.text.lstrip().startswith("<form")
        assert (await odile.partial("/repas", MEAL)).headers["hx-redirect"] == f"/repas/{(await meals())[0]['id']}"


class TestLike:
    async def test_the_form_is_filled_from_another_meal_a_week_later(self, scene: Scene) -> None:
        dishes = [await make_dish(place_id=scene.cast.place, name=name) for name in ("Soupe", "Tarte")]
        gone = await make_dish(place_id=scene.cast.place, name="Vieux gratin", retired_at=NOON)
        like = await scene.meal(dishes=[*dishes, gone], about="Comme avant.", seats=18)
        await scene.turn(like, hours_before=3, hours=3, people=4, holders=[scene.cast.aicha])
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/nouveau?comme={like}"))
        assert (shown["title"], shown["about"], shown["seats"]) == ("Soupe de lentilles", "Comme avant.", "18")
        assert (shown["day"], shown["from"], shown["to"]) == ("2026-12-11", "12:30", "14:30")
        assert (shown["closes_day"], shown["closes_hour"]) == ("2026-12-10", "18:00")
        assert [shown[f"dish_{n}"] for n in (1, 2, 3)] == ["Soupe", "Tarte", ""]
        assert (shown["turn_day_1"], shown["turn_from_1"], shown["turn_slot_1"]) == ("2026-12-11", "09:30", "")
        assert [shown[f"turn_job_{n}"] for n in range(1, 6)] == ["cook", "shop", "serve", "wash", "till"]
        assert (await odile.post("/repas", shown)).status_code == 303
        _, made = await meals()
        assert made["starts_at"] == START + 7 * DAY
        assert await team(made["id"]) == [("cook", "11 09:30", "12:30", 4)]
        assert [line[0] for line in await team(like)] == ["cook"]

    async def test_its_prices_are_those_of_the_place_now(self, scene: Scene) -> None:
        """Or a price of long ago is copied from week to week for ever."""
        like = await scene.meal()
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/nouveau?comme={like}"))
        assert (shown["low"], shown["fair"], shown["more"]) == ("3", "5", "8"), "the control: nobody set others"
        prices = Prices(400, 650, 1000)
        await set_prices(actor=scene.cast.rosa, place_id=scene.cast.place, prices=prices, version=0, now=NOON)
        shown = fields(await odile.get(f"/repas/nouveau?comme={like}"))
        assert (shown["low"], shown["fair"], shown["more"]) == ("4", "6,50", "10")
        kept = fields(await odile.get(f"/repas/{like}/changer"))
        assert (kept["low"], kept["fair"], kept["more"]) == ("3", "5", "8"), "the meal itself keeps its own"

    async def test_it_is_one_that_can_still_be_booked(self, scene: Scene) -> None:
        """A week after it, closing is past already where bookings are long in closing."""
        like = await scene.meal(starts_at=NOON + DAY / 2, closes_at=NOON - 9 * DAY)
        shown = fields(await (await scene.as_(scene.cast.odile)).get(f"/repas/nouveau?comme={like}"))
        assert (shown["closes_day"], shown["day"]) == ("2026-11-29", "2026-12-09")

    async def test_a_meal_of_long_ago_comes_in_the_next_week_that_is_to_come(self, scene: Scene) -> None:
        like = await scene.meal(starts_at=START - 50 * DAY)
        shown = fields(await (await scene.as_(scene.cast.odile)).get(f"/repas/nouveau?comme={like}"))
        assert (shown["day"], shown["from"]) == ("2026-11-26", "13:30")

    @pytest.mark.parametrize("like", ["999", "x", "-1", "1" * 30, "²"])
    async def test_what_is_no_meal_here_is_an_empty_form(self, scene: Scene, like: str) -> None:
        page = await (await scene.as_(scene.cast.odile)).get(f"/repas/nouveau?comme={like}")
        assert page.status_code == 200
        assert fields(page)["title"] == ""


class TestChanging:
    async def test_left_as_it_is_it_changes_nothing(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await scene.turn(meal, people=3, holders=[scene.cast.aicha])
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        before, turns = await meal_row(meal), await team(meal)
        assert (await odile.post(f"/repas/{meal}/changer", shown)).status_code == 303
        after = await meal_row(meal)
        same = ("title", "starts_at", "ends_at", "closes_at", "seats", "fair_cents", "room_id", "cooks_least", "state")
        assert {name: after[name] for name in same} == {name: before[name] for name in same}
        assert await team(meal) == turns

    async def test_it_is_changed_and_its_turns_go_with_it(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await scene.turn(meal, people=3)
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        assert "Les personnes qui ont une place sont prévenues" in words(await odile.get(f"/repas/{meal}/changer"))
        changed = {**shown, "day": "2026-12-05", "dish_3": "Compote", "seats": "30", "turn_people_1": "4"}
        assert (await odile.post(f"/repas/{meal}/changer", changed)).status_code == 303
        assert (await odile.post(f"/repas/{meal}/changer", changed)).status_code == 303  # sent twice it is once
        row = await meal_row(meal)
        assert (row["starts_at"], row["seats"], row["version"]) == (START + DAY, 30, 2)
        assert [name for name, _, _ in await menu(meal)] == ["Soupe de lentilles corail", "Pain maison", "Compote"]
        assert await team(meal) == [("cook", "05 09:30", "11:30", 4)]
        assert "C’est changé." in words(await odile.get(f"/repas/{meal}"))

    async def test_a_dish_that_is_not_made_any_more_stays_on_its_menu(self, scene: Scene) -> None:
        gone = await make_dish(place_id=scene.cast.place, name="Vieux gratin", retired_at=NOON)
        meal = await scene.meal(dishes=[gone])
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        assert (await odile.post(f"/repas/{meal}/changer", {**shown, "title": "Autre nom"})).status_code == 303
        assert [row["dish_id"] for row in await run("select dish_id from meal_dish")] == [gone]

    async def test_a_form_that_says_nothing_of_turns_leaves_the_team_as_it_is(self, scene: Scene) -> None:
        meal_id = await scene.meal(dishes=await scene.menu())
        await scene.turn(meal_id, hours_before=3, hours=3, people=2, holders=[scene.cast.aicha])
        odile = await scene.as_(scene.cast.odile)
        path = f"/repas/{meal_id}/changer"
        bare = {k: v for k, v in fields(await odile.get(path)).items() if not k.startswith("turn")}
        page = await odile.post(path, {**bare, "seats": ""})
        assert page.status_code == 422
        assert fields(page)["turn_job_1"] == "cook", "sent again, it takes nobody off"
        assert fields(page)["turn_slot_1"] != ""
        moved = {**bare, "from": "13:30", "to": "15:30"}
        assert (await odile.post(path, moved)).status_code == 303
        assert await team(meal_id) == [("cook", "04 10:30", "13:30", 2)]

    async def test_a_turn_that_wants_nobody_is_wanted_no_more(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await scene.turn(meal)
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        assert (await odile.post(f"/repas/{meal}/changer", {**shown, "turn_people_1": "0"})).status_code == 303
        assert await team(meal) == []

    async def test_fewer_seats_than_are_taken_are_refused_beside_the_field(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await scene.booked(meal, scene.cast.samira, 3)
        odile = await scene.as_(scene.cast.odile)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        page = await odile.post(f"/repas/{meal}/changer", {**shown, "seats": "2"})
        assert page.status_code == 422
        assert 'id="field-seats-error"' in page.text
        assert (await odile.post(f"/repas/{meal}/changer", {**shown, "seats": "3"})).status_code == 303

    async def test_not_over_somebody_else_but_once_it_was_said(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await make_grant(member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        odile, yann = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.yann)
        shown = fields(await odile.get(f"/repas/{meal}/changer"))
        assert (await yann.post(f"/repas/{meal}/changer", {**shown, "title": "De Yann"})).status_code == 303
        page = await odile.post(f"/repas/{meal}/changer", {**shown, "title": "D’Odile"})
        assert page.status_code == 422
        assert "Cela a changé pendant que tu lisais." in words(page)
        assert (await meal_row(meal))["title"] == "De Yann"
        assert (await odile.post(f"/repas/{meal}/changer", fields(page) | {"title": "D’Odile"})).status_code == 303
        assert (await meal_row(meal))["title"] == "D’Odile"

    async def test_what_somebody_else_wrote_stands_beside_it_and_their_turns_stay(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu(), about="Dehors.", room_id=scene.cast.salon, seats=10)
        await make_grant(member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        duty = await make_duty(place_id=scene.cast.place, name="Aux fourneaux")
        odile, yann = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.yann)
        path = f"/repas/{meal}/changer"
        shown = fields(await odile.get(path))
        cooks = turn(1, "cook", duty, "09:30", "12:30", "3")
        theirs = {"about": "Dedans, il pleut.", "room": "", "day": "2026-12-05", "closes_day": "2026-12-04"}
        assert (await yann.post(path, {**shown, **theirs, **cooks})).status_code == 303
        page = await odile.post(path, {**shown, "title": "D’Odile"})
        assert page.status_code == 422
        assert (await meal_row(meal))["title"] == "Soupe de lentilles"
        read = words(page)
        assert "Maintenant, c’est : « Dedans, il pleut. ». Ce que tu as écrit est gardé." in read
        assert "Maintenant, c’est : « samedi 5 décembre »." in read
        for field in ("title", "about", "day", "closes_day", "room"):
            assert f'id="field-{field}-error"' in page.text
        assert 'id="field-seats-error"' not in page.text
        again = fields(page)
        assert (again["title"], again["about"], again["room"]) == ("D’Odile", "Dehors.", str(scene.cast.salon))
        assert (await odile.post(path, again)).status_code == 303
        assert [line[0] for line in await team(meal)] == ["cook"]

    async def test_what_is_over_or_off_is_changed_no_more(self, scene: Scene) -> None:
        over = await scene.meal(starts_at=START - 20 * DAY)
        off = await scene.meal(starts_at=START + DAY)
        await change_meal(off, state="cancelled")
        odile = await scene.as_(scene.cast.odile)
        for meal, sentence in ((over, "Ce repas est passé."), (off, "Ce repas est annulé.")):
            for answer in (await odile.get(f"/repas/{meal}/changer"), await odile.post(f"/repas/{meal}/changer", MEAL)):
                assert answer.status_code == 409
                assert sentence in words(answer)


class TestCallingOff:
    async def test_it_asks_why_tells_everybody_and_twice_is_once(self, scene: Scene) -> None:
        meal = await scene.meal()
        await scene.booked(meal, scene.cast.samira, 2)
        odile, samira = await scene.as_(scene.cast.odile), await scene.as_(scene.cast.samira)
        page = await odile.get(f"/repas/{meal}/annulation")
        assert "2 places sont prises : on prévient tout le monde." in words(page)
        page = await odile.post(f"/repas/{meal}/annulation", {"reason": " "})
        assert page.status_code == 422
        assert "Dis pourquoi" in words(page)
        assert (await meal_row(meal))["state"] == "open"
        for _ in range(2):
            answer = await odile.post(f"/repas/{meal}/annulation", {"reason": "Plus de gaz."})
            assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal}")
        row = await meal_row(meal)
        assert (row["state"], row["reason"], row["cancelled_by"]) == ("cancelled", "Plus de gaz.", scene.cast.odile)
        assert "« Soupe de lentilles » est annulé" in words(await samira.get("/messages"))

    async def test_whoever_keeps_the_place_may_too_but_does_not_change_it(self, scene: Scene) -> None:
        meal = await scene.meal()
        rosa = await scene.as_(scene.cast.rosa)
        assert (await rosa.get(f"/repas/{meal}/changer")).status_code == 403
        assert (await rosa.get(f"/repas/{meal}/annulation")).status_code == 200
        assert (await rosa.post(f"/repas/{meal}/annulation", {"reason": "Fuite d’eau."})).status_code == 303
        assert (await meal_row(meal))["state"] == "cancelled"

    async def test_what_is_over_is_not_called_off(self, scene: Scene) -> None:
        meal = await scene.meal(starts_at=START - 20 * DAY)
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.get(f"/repas/{meal}/annulation")).status_code == 409
        answer = await odile.post(f"/repas/{meal}/annulation", {"reason": "Trop tard."})
        assert answer.headers["location"] == f"/repas/{meal}"
        assert "Ce repas est passé." in words(await odile.get(f"/repas/{meal}"))


class TestGoingAhead:
    async def doubtful(self, scene: Scene) -> int:
        meal = await scene.meal()
        await scene.turn(meal, people=3, holders=[scene.cast.aicha])
        await change_meal(meal, state="closed", doubtful_until=AFTER_CLOSING + timedelta(hours=1))
        scene.world.now = AFTER_CLOSING
        return meal

    async def test_it_takes_place_and_said_twice_it_is_said(self, scene: Scene) -> None:
        meal = await self.doubtful(scene)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.get(f"/repas/{meal}/quand-meme")
        assert "1 personne est là pour cuisiner." in words(page)
        assert "Sans réponse avant jeudi 3 décembre à 20 h, le repas est annulé." in words(page)
        for _ in range(2):
            answer = await odile.post(f"/repas/{meal}/quand-meme")
            assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal}")
            assert "C’est dit : le repas a lieu !" in words(await odile.get(f"/repas/{meal}"))
        assert (await meal_row(meal))["goes_ahead_by"] == scene.cast.odile

    async def test_there_is_nothing_to_say_of_a_meal_in_no_doubt_and_after_two_hours(self, scene: Scene) -> None:
        sure = await scene.meal(starts_at=START + DAY)
        meal = await self.doubtful(scene)
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.get(f"/repas/{sure}/quand-meme")).status_code == 409
        scene.world.later(hours=2)
        assert (await odile.get(f"/repas/{meal}/quand-meme")).status_code == 409
        await odile.post(f"/repas/{meal}/quand-meme")
        assert "Il n’y a rien à confirmer" in words(await odile.get(f"/repas/{meal}"))
        assert (await meal_row(meal))["goes_ahead_at"] is None

    async def test_it_is_its_openers_to_say(self, scene: Scene) -> None:
        meal = await self.doubtful(scene)
        for member in (scene.cast.aicha, scene.cast.rosa, scene.cast.bruno):
            browser = await scene.as_(member)
            assert (await browser.get(f"/repas/{meal}/quand-meme")).status_code == 403
            assert (await browser.post(f"/repas/{meal}/quand-meme")).status_code == 403
        assert (await meal_row(meal))["goes_ahead_at"] is None


class TestWhoMay:
    async def test_any_member_opens_where_nobody_has_the_role_and_then_whoever_has(self, scene: Scene) -> None:
        karim = await scene.as_(scene.cast.karim)
        assert (await karim.get("/repas/nouveau")).status_code == 200
        await make_grant(member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        assert (await (await scene.as_(scene.cast.yann)).get("/repas/nouveau")).status_code == 200
        asked, sent = await karim.get("/repas/nouveau"), await karim.post("/repas", MEAL)
        assert (asked.status_code, sent.status_code) == (403, 403)
        assert "Qui ouvre un repas ?" in words(asked)
        assert "pour ouvrir un repas, il faut un rôle qui le permet" in words(sent)
        assert await meals() == []

    async def test_whoever_may_not_reads_which_turns_allow_it_and_keepers_where_that_is_set(self, scene: Scene) -> None:
        cast = scene.cast
        kitchen = await make_duty(place_id=cast.place, name="Chef du jour", icon="chef-hat", act="open_meals")
        await make_duty(place_id=cast.place, name="Vaisselle")
        await make_grant(member_id=cast.yann, place_id=cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        page = await (await scene.as_(cast.karim)).get("/repas/nouveau")
        assert "Ici, « ouvrir un repas » va avec un rôle. En ce moment : Yann." in words(page)
        assert f'href="/tours/roles/{kitchen}"' in page.text
        assert 'href="/tours/roles"' in page.text
        assert "Vaisselle" not in words(page)
        assert "Tu tiens le lieu" not in words(page)
        rosa = await scene.as_(cast.rosa)
        assert "Ça se règle dans un rôle" in words(await rosa.get("/repas/nouveau"))
        duties = words(await rosa.get("/tours/roles"))
        assert "Ouvrir un repas, tenir la caisse, accueillir : c’est un rôle qui le permet." in duties
        assert "Je change ce rôle" in words(await rosa.get(f"/tours/roles/{kitchen}"))

    async def test_whoever_nobody_met_reads_how_many_may(self, scene: Scene) -> None:
        newcomer = await make_member(name="Zoé", place_id=scene.cast.place, met=False)
        await make_grant(member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)
        browser = await scene.world.browser_of(newcomer, place_id=scene.cast.place)
        page = words(await browser.get("/repas/nouveau"))
        assert "En ce moment : 1 personne. Aucun tour ne le permet pour l’instant." in page
        assert "Yann" not in page

    async def test_no_mediator_and_nobody_from_elsewhere(self, scene: Scene) -> None:
        stranger = await make_member(name="Zoé", place_id=await make_place(slug="ailleurs"))
        outside = await scene.world.browser_of(stranger, place_id=scene.cast.place)
        for browser in (await scene.as_(scene.cast.bruno), outside):
            assert (await browser.get("/repas/nouveau")).status_code == 403
            assert (await browser.post("/repas", MEAL)).status_code == 403
        assert await meals() == []
        assert (await scene.world.browser().get("/repas/nouveau")).status_code == 303

    async def test_other_members_change_nothing_and_the_rest_find_nothing(self, scene: Scene) -> None:
        meal = await scene.meal()
        away = await make_place(slug="ailleurs")
        outside = await scene.world.browser_of(await make_member(name="Zoé", place_id=away), place_id=away)
        form = {**MEAL, "reason": "Parce que", "version": "1"}
        for path in (f"/repas/{meal}/changer", f"/repas/{meal}/annulation", f"/repas/{meal}/quand-meme"):
            for member in (scene.cast.karim, scene.cast.bruno):
                browser = await scene.as_(member)
                assert (await browser.get(path)).status_code == 403
                assert (await browser.post(path, form)).status_code == 403
            assert (await outside.get(path)).status_code == 404
            assert (await outside.post(path, form)).status_code == 404
            assert (await outside.get(path.replace(str(meal), "999"))).status_code == 404
        row = await meal_row(meal)
        assert (row["state"], row["title"], row["version"]) == ("open", "Soupe de lentilles", 1)

    async def test_the_form_is_filled_in_as_many_queries_however_much_it_holds(self, scene: Scene, db: Store) -> None:
        odile = await scene.as_(scene.cast.odile)
        small = await scene.meal()
        large = await scene.meal(dishes=await scene.menu(), starts_at=START + DAY)
        for number in range(4):
            await scene.turn(large, hours_before=number, people=2, holders=[])
        await scene.turn(small)
        counts = []
        for meal in (small, large, small, large):
            before = db.query_id
            assert (await odile.get(f"/repas/{meal}/changer")).status_code == 200
            counts.append(db.query_id - before)
        assert counts[2] == counts[3]
