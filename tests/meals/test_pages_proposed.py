"""The turns that the form of a new meal proposes: they go with its hours, unless somebody wrote others; and what is
asked about a team before, or said of it after."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from meals.labels import JOB_ICONS
from meals.states import Job
from tests.client import Browser, words
from tests.meals.scene import Scene
from tests.meals.test_pages_keeping import MEAL, fields, meals, team, turn
from tests.people import Cast
from tests.rotas.make import make_duty

DINNER = {"from": "19:00", "to": "20:30"}


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def duties(scene: Scene) -> None:
    for job, icon in JOB_ICONS.items():
        await make_duty(place_id=scene.cast.place, name=f"Rôle {job.value}", icon=icon)


async def proposed(browser: Browser, path: str = "/repas/nouveau", **written: str) -> dict[str, Any]:
    """What somebody sends who writes this into the form as it is shown."""
    return {**fields(await browser.get(path)), **{name: MEAL[name] for name in ("title", "day", "dish_1")}, **written}


def hours(page: httpx.Response) -> list[str]:
    shown = fields(page)
    return [f"{shown[f'turn_from_{number}']} {shown[f'turn_to_{number}']}" for number in range(1, 6)]


class TestProposedTurns:
    async def test_they_go_with_the_hours_of_the_meal(self, scene: Scene) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.post("/repas", await proposed(odile, **DINNER))).status_code == 303
        (row,) = await meals()
        assert {job: f"{begins} {ends}" for job, begins, ends, _ in await team(row["id"])} == {
            "shop": "04 15:00 16:30",
            "cook": "04 16:00 19:00",
            "serve": "04 18:30 20:30",
            "till": "04 18:30 19:30",
            "wash": "04 20:30 21:30",
        }

    async def test_those_that_somebody_wrote_stay(self, scene: Scene) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        mine = {"turn_from_2": "10:00", "turn_day_4": "2026-12-05", "turn_from_4": "09:00", "turn_to_4": "10:00"}
        assert (await odile.post("/repas", await proposed(odile, **DINNER, **mine))).status_code == 303
        kept = {job: (begins, ends) for job, begins, ends, _ in await team((await meals())[0]["id"])}
        assert (kept["cook"], kept["wash"]) == (("04 10:00", "12:30"), ("05 09:00", "10:00"))
        assert kept["serve"] == ("04 18:30", "20:30")

    async def test_at_the_hours_that_are_proposed_they_are_as_proposed(self, scene: Scene) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        assert (await odile.post("/repas", await proposed(odile))).status_code == 303
        kept = {job: (begins, ends) for job, begins, ends, _ in await team((await meals())[0]["id"])}
        assert (kept["shop"], kept["wash"]) == (("04 08:30", "10:00"), ("04 14:00", "15:30"))

    async def test_a_form_that_comes_back_shows_where_they_went_and_they_go_once(self, scene: Scene) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.post("/repas", await proposed(odile, **DINNER, seats=""))
        assert page.status_code == 422
        assert hours(page) == ["15:00 16:30", "16:00 19:00", "18:30 20:30", "20:30 21:30", "18:30 19:30"]
        again = await odile.post("/repas", {**fields(page), "add": "dishes"})
        assert hours(again) == hours(page)
        assert (await odile.post("/repas", {**fields(again), "seats": "12"})).status_code == 303
        assert ("cook", "04 16:00", "19:00", 3) in await team((await meals())[0]["id"])

    async def test_what_a_late_meal_brings_past_midnight_is_of_the_next_day(self, scene: Scene) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        form = await proposed(odile, **{"from": "22:30", "to": "23:59"})
        assert (await odile.post("/repas", form)).status_code == 303
        assert ("wash", "05 00:00", "00:59", 2) in await team((await meals())[0]["id"])

    async def test_those_of_a_meal_that_is_made_again_go_with_its_day_and_hours(self, scene: Scene) -> None:
        like = await scene.meal()
        await scene.turn(like, Job.SHOP, hours_before=18, hours=1)
        await scene.turn(like, Job.COOK, hours_before=3, hours=3)
        odile = await scene.as_(scene.cast.odile)
        path = f"/repas/nouveau?comme={like}"
        form = await proposed(odile, path, day="2026-12-13", closes_day="", closes_hour="", **DINNER)
        assert (await odile.post("/repas", form)).status_code == 303
        kept = {job: f"{begins} {ends}" for job, begins, ends, _ in await team((await meals())[-1]["id"])}
        assert kept == {"shop": "13 01:00 02:00", "cook": "13 16:00 19:00"}

    @pytest.mark.parametrize(
        "written",
        [
            {"meant_from": "midi"},
            {"meant_from": "²²:30"},
            {"meant_day": "9999-12-31"},
            {"meant_day": "0001-01-01"},
            {"turn_meant_2": "|09:30|99:99", "turn_to_2": "99:99"},
            {"day": "2026-02-30"},
            {"to": "11:00"},
        ],
    )
    async def test_what_no_form_proposes_moves_nothing(self, scene: Scene, written: dict[str, str]) -> None:
        await duties(scene)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.post("/repas", await proposed(odile, **{**DINNER, "seats": "", **written}))
        assert page.status_code == 422
        assert fields(page)["turn_from_2"] == "09:30"


class TestWhatIsAsked:
    async def test_a_turn_of_the_meal_that_does_not_touch_it_is_asked_about_once(self, scene: Scene) -> None:
        duty = await make_duty(place_id=scene.cast.place)
        odile = await scene.as_(scene.cast.odile)
        form = {**MEAL, **DINNER, **turn(1, "serve", duty, "12:00", "14:00"), **turn(2, "wash", duty, "21:00", "22:00")}
        page = await odile.post("/repas", form)
        assert page.status_code == 200
        sentence = (
            "Le service : ce tour est hors du repas. "
            "Il commence vendredi 4 décembre à 12 h, le repas vendredi 4 décembre à 19 h. C’est voulu ?"
        )
        assert words(page).count(sentence) == 2
        assert 'href="#field-turn_from_1"' in page.text
        assert 'id="field-turn_from_1"' in page.text
        assert 'href="#field-turn_from_2"' not in page.text
        assert page.text.count('name="sure" value="1"') == 1
        assert re.search(r"<title>Erreur\b", page.text) is None
        assert await meals() == []
        again = await odile.post("/repas", {**fields(page), "turn_from_1": "11:00"})
        assert "C’est voulu ?" in words(again)
        assert (await odile.post("/repas", {**fields(page), "sure": "1"})).status_code == 303
        assert ("serve", "04 12:00", "14:00", 2) in await team((await meals())[0]["id"])

    async def test_or_it_is_brought_to_the_meal(self, scene: Scene) -> None:
        duty = await make_duty(place_id=scene.cast.place)
        odile = await scene.as_(scene.cast.odile)
        page = await odile.post("/repas", {**MEAL, **DINNER, **turn(1, "till", duty, "12:00", "13:00")})
        mended = {**fields(page), "turn_from_1": "19:00", "turn_to_1": "20:00"}
        assert (await odile.post("/repas", mended)).status_code == 303

    async def test_of_a_meal_that_changes_only_what_somebody_wrote(self, scene: Scene) -> None:
        meal = await scene.meal(dishes=await scene.menu())
        await scene.turn(meal, Job.SERVE, hours_before=0, hours=2)
        odile = await scene.as_(scene.cast.odile)
        form = fields(await odile.get(f"/repas/{meal}/changer"))
        assert (await odile.post(f"/repas/{meal}/changer", {**form, **DINNER})).status_code == 303
        assert await team(meal) == [("serve", "04 19:00", "20:30", 2)]
        form = fields(await odile.get(f"/repas/{meal}/changer"))
        (number,) = [name[-1] for name in form if name.startswith("turn_slot_") and form[name]]
        form |= {f"turn_from_{number}": "12:00", f"turn_to_{number}": "13:00"}
        page = await odile.post(f"/repas/{meal}/changer", form)
        assert (page.status_code, "C’est voulu ?" in words(page)) == (200, True)
        assert (await odile.post(f"/repas/{meal}/changer", {**fields(page), "sure": "1"})).status_code == 303
        assert await team(meal) == [("serve", "04 12:00", "13:00", 2)]


class TestMoreHandsThanSeats:
    SENTENCE = "L’équipe compte 5 personnes pour 4 places."

    async def test_it_is_opened_and_said(self, scene: Scene) -> None:
        duty = await make_duty(place_id=scene.cast.place)
        odile = await scene.as_(scene.cast.odile)
        form = {**MEAL, **turn(1, "cook", duty, "09:30", "12:30", "5")}
        answer = await odile.post("/repas", {**form, "seats": "5", "once": "a"})
        assert "L’équipe compte" not in words(await odile.get(answer.headers["location"]))
        answer = await odile.post("/repas", {**form, "seats": "4", "once": "b"})
        assert answer.status_code == 303
        assert self.SENTENCE in words(await odile.get(answer.headers["location"]))

    @pytest.mark.parametrize("says_turns", [True, False], ids=["with its turns", "without"])
    async def test_it_is_changed_and_said(self, scene: Scene, says_turns: bool) -> None:
        meal = await scene.meal(seats=12, dishes=await scene.menu())
        await scene.turn(meal, Job.COOK, people=5)
        odile = await scene.as_(scene.cast.odile)
        form = {**fields(await odile.get(f"/repas/{meal}/changer")), "seats": "4"}
        if not says_turns:
            form = {name: value for name, value in form.items() if not name.startswith("turn")}
        answer = await odile.post(f"/repas/{meal}/changer", form)
        assert self.SENTENCE in words(await odile.get(answer.headers["location"]))
