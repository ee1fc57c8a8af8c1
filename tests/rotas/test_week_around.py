"""After something was done on a slot of a week: the slot says so itself, and what stands around it comes along."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.database import Store
from rotas.commands.claiming import claim, watch
from rotas.commands.giving_up import ask_stand_in, propose_swap, withdraw_swap
from tests.client import NOON, words
from tests.people import Cast
from tests.rotas.make import DAY, make_duty, make_practice
from tests.rotas.scene import HOUR, TOMORROW, Scene, said, turn

WEEK = {"view": "week"}


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return Scene(cast)


def brought(answer: httpx.Response, where: str) -> str:
    """What a person reads of the part that is put there out of band; `<-` for none."""
    found = re.search(rf'<div hx-swap-oob="innerHTML:#{where}">(.*?)</div>\s*(?=<div hx-swap-oob|$)', answer.text, re.S)
    return said(found[1]) if found is not None else "<-"


class TestWhatComesAlong:
    async def test_numbers_keys_and_ones_share_are_as_they_are_now(self, scene: Scene) -> None:
        cast = scene.cast
        keys = await scene.slot("Ouverture", people=1, opens_place=True)
        await scene.slot("Café", people=2, starts_at=TOMORROW + 3 * HOUR)
        karim = await scene.as_(cast.karim)
        page = await karim.get("/tours")
        assert 'id="manque"' in page.text
        assert "Il manque 3 personnes cette semaine" in words(page)
        assert "Où il manque du monde (2) Mes tours (0)" in words(page)
        assert "Personne n’a encore les clés" in words(page)
        answer = await karim.partial(f"/tours/{keys}/prise", WEEK)
        assert answer.text.strip().startswith('<li class="turn mine mine-cell"')
        assert brought(answer, "manque") == "Il manque 2 personnes cette semaine"
        assert "Où il manque du monde (1) Mes tours (1)" in brought(answer, "choix")
        around = brought(answer, "autour")
        assert "Tu as 1 tour ce mois-ci" in around
        assert "les clés" not in around
        for part in ("manque", "autour", "choix"):
            assert f'id="{part}"' in page.text, "where it is put"

    async def test_the_choice_of_the_address_stays(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, starts_at=NOON + 7 * DAY)
        karim = await scene.as_(scene.cast.karim)
        there = f"{karim.http.base_url}/tours?semaine=2026-11-30&voir=manque"
        answer = await karim.partial(f"/tours/{slot_id}/prise", WEEK, Referer=there)
        chosen = re.findall(r'href="([^"]*)" aria-current="true"', answer.text)
        assert chosen == ["/tours?semaine=2026-11-30&amp;voir=manque"]

    async def test_a_request_that_was_answered_is_asked_no_more(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.aicha,))
        swap_id = await ask_stand_in(
            actor=cast.aicha, slot_id=slot_id, member_id=cast.aicha, to_member=cast.karim, now=NOON
        )
        karim = await scene.as_(cast.karim)
        assert "On te demande" in words(await karim.get("/tours"))
        answer = await karim.partial(f"/tours/echanges/{swap_id}/reponse", {**WEEK, "yes": "1"})
        assert "C’est noté" in said(turn(answer, slot_id))
        assert "On te demande" not in brought(answer, "autour")

    async def test_it_asks_as_many_questions_for_five_slots_as_for_forty(self, scene: Scene, db: Store) -> None:
        karim = await scene.as_(scene.cast.karim)
        duty = await make_duty(place_id=scene.cast.place)
        asked = []
        for first, last in ((0, 5), (5, 40)):
            for number in range(first, last):
                await scene.slot(duty_id=duty, starts_at=TOMORROW + number * timedelta(minutes=70), hours=1)
            slot_id = await scene.slot(
                duty_id=duty, starts_at=TOMORROW - (last + 60) * timedelta(minutes=10), hours=0.1
            )
            before = db.query_id
            assert (await karim.partial(f"/tours/{slot_id}/prise", WEEK)).status_code == 200
            asked.append(db.query_id - before)
        assert asked[0] == asked[1]


class TestItSaysSoItself:
    async def test_taken_it_says_so_and_how_to_undo_it(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/tours/{slot_id}/prise", WEEK)
        shown = turn(answer, slot_id)
        assert "C’est noté, à mercredi 25 novembre !" in said(shown)
        assert "J’annule" in said(shown)
        assert 'role="alert"' not in shown
        assert "C’est noté" in brought(answer, "avis")

    async def test_a_refusal_is_read_out_there_alone(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1)
        karim = await scene.as_(cast.karim)
        await karim.get("/tours")
        await claim(actor=cast.aicha, slot_id=slot_id, now=NOON)
        late = await karim.partial(f"/tours/{slot_id}/prise", WEEK)
        assert late.status_code == 409
        shown = turn(late, slot_id)
        assert '<p class="told" role="alert">' in shown
        assert "quelqu’un vient de prendre la dernière place" in said(shown)
        assert brought(late, "avis") == "", "nothing older stays there"
        assert brought(late, "manque") == "Il ne manque personne cette semaine"

    async def test_without_scripts_the_slot_that_the_page_opens_on_says_it(self, scene: Scene) -> None:
        slot_id, other = await scene.slot(), await scene.slot("Café", starts_at=TOMORROW + 3 * HOUR)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/tours/{slot_id}/prise", WEEK, Referer=f"{karim.http.base_url}/tours")
        assert answer.headers["location"] == f"/tours#tour-{slot_id}"
        page = await karim.get("/tours")
        assert "C’est noté, à mercredi 25 novembre !" in said(turn(page, slot_id))
        assert f'action="/tours/{slot_id}/empechement"' in turn(page, slot_id), "« J’annule » is there as well"
        assert "C’est noté" not in said(turn(page, other))
        assert "C’est noté" not in said(turn(await karim.get("/tours"), slot_id)), "once"


class TestWhereSomebodyIsMissing:
    async def test_a_stand_in_that_everybody_is_asked_for_is_among_them(self, scene: Scene) -> None:
        cast = scene.cast
        open_to_all = await scene.slot("Accueil", people=1, who=(cast.aicha,))
        of_one = await scene.slot("Café", people=1, who=(cast.aicha,), starts_at=TOMORROW + 3 * HOUR)
        swapped = await scene.slot("Courses", people=1, who=(cast.aicha,), starts_at=TOMORROW + 6 * HOUR)
        wanted = await scene.slot("Ménage", people=1, who=(cast.karim,), starts_at=TOMORROW + 9 * HOUR)
        karim, aicha = await scene.as_(cast.karim), await scene.as_(cast.aicha)
        assert "Où il manque du monde (0)" in words(await karim.get("/tours"))
        me: dict[str, Any] = {"actor": cast.aicha, "member_id": cast.aicha, "now": NOON}
        await ask_stand_in(slot_id=open_to_all, **me)
        await ask_stand_in(slot_id=of_one, to_member=cast.karim, **me)
        await propose_swap(slot_id=swapped, wanted_slot_id=wanted, **me)
        for browser in (karim, aicha):
            page = await browser.get("/tours?voir=manque")
            assert "Où il manque du monde (1)" in words(page)
            assert "Il manque une personne cette semaine" in words(page)
            assert re.findall(r'<li class="turn[^>]*data-id="(\d+)"', page.text) == [str(open_to_all)]
        visitor = scene.world.browser(Accept_Language="fr")
        assert "Il ne manque personne cette semaine" in words(await visitor.get("/tours"))
        scene.world.now = TOMORROW + HOUR
        assert "Où il manque du monde (0)" in words(await karim.get("/tours")), "it has begun"


class TestAWeekThatHasNothingMore:
    async def test_visitors_too_are_led_to_the_next(self, scene: Scene) -> None:
        await scene.slot(starts_at=NOON + 6 * DAY)
        scene.world.now = NOON + 5 * DAY
        visitor = scene.world.browser(Accept_Language="fr")
        page = await visitor.get("/tours")
        assert "On n’attend personne cette semaine-là" in words(page)
        empty = page.text.split('<div class="empty">')[1]
        assert '<a class="button hollow" href="/tours?semaine=2026-11-30">' in empty
        assert "Semaine d’après" in said(empty)


class TestTheSheetOfADay:
    async def test_it_says_who_watches_and_who_looks_for_somebody(self, scene: Scene) -> None:
        cast = scene.cast
        duty = await make_duty(place_id=cast.place, name="Accueil")
        await make_practice(duty_id=duty, member_id=cast.aicha)
        slot_id = await scene.slot(duty_id=duty, people=1, who=(cast.aicha,))
        await watch(actor=cast.karim, slot_id=slot_id, now=NOON)
        samira = await scene.as_(cast.samira)
        path = "/tours/jour?jour=2026-11-25"
        assert "Aïcha Karim vient regarder" in words(await samira.get(path))
        me: dict[str, Any] = {"actor": cast.aicha, "slot_id": slot_id, "member_id": cast.aicha, "now": NOON}
        swap_id = await ask_stand_in(to_member=cast.yann, **me)
        assert "à sa place" not in words(await samira.get(path)), "that is between the two"
        await withdraw_swap(actor=cast.aicha, swap_id=swap_id, now=NOON)
        await ask_stand_in(**me)
        page = await samira.get(path)
        assert "Aïcha Karim vient regarder Aïcha cherche quelqu’un à sa place" in words(page)
        assert "<title>Tours du mercredi 25" in page.text
