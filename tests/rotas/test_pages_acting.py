"""The doors of whoever does something about a turn: with and without htmx, refused, undone, and sent twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from app.identity.tables import Member
from rotas.commands.claiming import claim
from rotas.commands.giving_up import ask_stand_in, propose_swap
from rotas.states import Level, SwapState
from tests.client import NOON, Browser, words
from tests.factories import make_grant, make_member, make_workshop
from tests.people import make_cast
from tests.rotas.make import DAY, make_practice, make_weeks
from tests.rotas.reads import holders, swap
from tests.rotas.scene import HOUR, TOMORROW, Scene, said, turn


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def duty_of(slot_id: int) -> int:
    (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
    return int(row["duty_id"])


async def undo(browser: Browser, page: str) -> str:
    """Press « J’annule » of the notice in this page; where it leads."""
    from re import DOTALL, search

    form = search(
        r'<div class="notice".*?<form[^>]* action="([^"]+)">.*?<button[^>]*?(?: name="(\w+)" value="(\w*)")?>',
        page,
        DOTALL,
    )
    assert form is not None, "nothing to undo"
    answer = await browser.post(form[1], {form[2]: form[3]} if form[2] else {})
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["location"])


class TestTaking:
    async def test_without_javascript_it_comes_back_to_the_week(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(
            f"/tours/{slot_id}/prise", Referer=f"{scene.world.settings.base_url}/tours?voir=manque"
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/tours?voir=manque#tour-{slot_id}"
        assert await holders(slot_id) == [scene.cast.karim]
        page = await karim.get("/tours")
        assert "C’est noté, à mercredi 25 novembre !" in words(page)

    async def test_from_elsewhere_it_comes_back_to_the_turn(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        karim = await scene.as_(scene.cast.karim)
        for referer in ("https://ailleurs.example/tours", ""):
            answer = await karim.post(f"/tours/{slot_id}/prise", Referer=referer)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/{slot_id}")

    async def test_with_htmx_the_slot_itself_comes_back_and_is_undone_there(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,))
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/tours/{slot_id}/prise", {"view": "week"})
        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<li class="turn mine mine-cell"')
        assert "data-focus" in turn(answer, slot_id)
        assert "Toi, avec Aïcha" in said(turn(answer, slot_id))
        assert "C’est noté" in words(answer)
        assert 'hx-swap-oob="innerHTML:#avis"' in answer.text
        assert "J’annule" in said(turn(answer, slot_id))
        back = await karim.partial(f"/tours/{slot_id}/empechement", {"view": "week", "choice": "free"})
        assert 'class="turn missing"' in turn(back, slot_id)
        assert await holders(slot_id) == [scene.cast.aicha]

    async def test_twice_is_once(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3)
        karim = await scene.as_(scene.cast.karim)
        for _ in range(2):
            assert (await karim.post(f"/tours/{slot_id}/prise")).status_code == 303
        assert await holders(slot_id) == [scene.cast.karim]

    async def test_what_was_taken_or_freed_can_be_undone_from_the_notice(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slot_id}/prise")
        await undo(karim, (await karim.get("/tours")).text)
        assert await holders(slot_id) == []
        await undo(karim, (await karim.get("/tours")).text)
        assert await holders(slot_id) == [scene.cast.karim]

    async def test_the_last_place_among_beginners_is_asked_about_first(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,), starts_at=NOON + 5 * DAY)
        karim = await scene.as_(scene.cast.karim)
        asked = await karim.partial(f"/tours/{slot_id}/prise", {"view": "week"})
        assert "Tu le prends quand même ?" in said(turn(asked, slot_id))
        assert '<input type="hidden" name="sure" value="1">' in asked.text
        plain = await karim.post(f"/tours/{slot_id}/prise", {"view": "week"})
        assert (plain.status_code, plain.headers["location"]) == (303, f"/tours/{slot_id}?question=1#tour")
        page = await karim.get(f"/tours/{slot_id}?question=1")
        assert "Tu le prends quand même ?" in words(page)
        assert await holders(slot_id) == [scene.cast.aicha]
        sure = await karim.partial(f"/tours/{slot_id}/prise", {"view": "week", "sure": "1"})
        assert 'class="turn mine mine-cell"' in turn(sure, slot_id)

    async def test_a_visitor_signs_in_first(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        answer = await scene.world.browser().post(f"/tours/{slot_id}/prise")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/connexion")
        assert await holders(slot_id) == []

    async def test_a_turn_that_never_was_is_not_found(self, scene: Scene) -> None:
        karim = await scene.as_(scene.cast.karim)
        for path in (
            "/tours/99/prise",
            "/tours/99/empechement",
            "/tours/echanges/99/reponse",
            "/tours/echanges/99/retrait",
        ):
            assert (await karim.post(path, {"choice": "free", "yes": "1"})).status_code == 404, path
        for path in ("/tours/invites/99/retrait", "/tours/99/chaque-semaine/fin"):
            assert (await karim.post(path)).status_code == 404, path


class TestFromTheAgenda:
    async def test_the_strip_comes_back_as_ones_own(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/tours/{slot_id}/prise", {"view": "strip"})
        assert answer.status_code == 200
        assert f'data-kind="turn" data-id="{slot_id}"' in answer.text
        assert "C’est noté, à mercredi 25 novembre !" in words(answer)
        assert await holders(slot_id) == [scene.cast.karim]

    async def test_one_that_was_full_first_says_so(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/tours/{slot_id}/prise", {"view": "strip"})
        assert answer.status_code == 409
        assert "C’est complet" in words(answer)
        assert "Aïcha" not in answer.text

    async def test_the_question_is_asked_on_the_turns_page(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,), starts_at=NOON + 5 * DAY)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/tours/{slot_id}/prise", {"view": "strip"})
        assert answer.headers["hx-redirect"] == f"/tours/{slot_id}?question=1#tour"


class TestRefused:
    """Each refusal is its own sentence, in the slot for htmx and on the turn's page without."""

    async def refused(self, scene: Scene, member_id: int, slot_id: int, sentence: str) -> None:
        browser = await scene.as_(member_id)
        before = await holders(slot_id)
        plain = await browser.post(f"/tours/{slot_id}/prise")
        assert plain.status_code == 409
        assert sentence in words(plain)
        part = await browser.partial(f"/tours/{slot_id}/prise", {"view": "week"})
        assert part.status_code == 409
        assert sentence in words(part)
        assert f'data-id="{slot_id}"' in turn(part, slot_id)
        assert await holders(slot_id) == before

    async def test_full(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        await self.refused(
            scene, scene.cast.karim, slot_id, "C’est complet : quelqu’un vient de prendre la dernière place."
        )

    async def test_busy_with_ones_own_workshop(self, scene: Scene) -> None:
        cast = scene.cast
        at = NOON + 12 * DAY
        await make_workshop(
            place_id=cast.place, host=cast.karim, mediator=cast.bruno, starts_at=at, title="Le CV anonyme"
        )
        slot_id = await scene.slot(starts_at=at + HOUR)
        sentence = "À cette heure-là, tu as déjà « Le CV anonyme », dimanche 6 décembre à 12 h."
        await self.refused(scene, cast.karim, slot_id, sentence)
        page = await (await scene.as_(cast.karim)).get(f"/tours/{slot_id}")
        assert sentence in words(page)
        assert "Je prends ce tour" not in words(page)

    async def test_training_is_needed(self, scene: Scene) -> None:
        slot_id = await scene.slot(needs_training=True)
        await make_practice(duty_id=await duty_of(slot_id), member_id=scene.cast.aicha)
        await self.refused(scene, scene.cast.karim, slot_id, "Ce rôle s’apprend.")

    async def test_too_young(self, scene: Scene) -> None:
        slot_id = await scene.slot(adults_only=True)
        async with transaction():
            adult_on = (NOON + 200 * DAY).date()
            await Member.update({Member.adult_on: adult_on}).where(Member.id == scene.cast.karim)
        await self.refused(scene, scene.cast.karim, slot_id, "Avant 18 ans, pas de clés ni de caisse")

    async def test_too_late(self, scene: Scene) -> None:
        slot_id = await scene.slot(starts_at=NOON - 4 * HOUR)
        await self.refused(scene, scene.cast.karim, slot_id, "C’est trop tard")

    async def test_not_yet_ones_round(self, scene: Scene) -> None:
        await scene.slot("Avant", people=1, who=(scene.cast.karim,))
        slot_id = await scene.slot(starts_at=NOON + 5 * DAY, low_load=0, mid_load=0, now=NOON - HOUR)
        await self.refused(scene, scene.cast.karim, slot_id, "pour toi, jeudi 26 novembre à 11 h.")

    async def test_mediators_hold_no_power(self, scene: Scene) -> None:
        slot_id = await scene.slot(act=Act.TAKE_CASH.value)
        await self.refused(scene, scene.cast.bruno, slot_id, "Qui fait la médiation ici ne tient pas ce rôle")

    async def test_what_is_off_leads_to_its_page(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        async with transaction():
            await run("update rota_slot set state = 'cancelled' where id = {}", slot_id)
        karim = await scene.as_(scene.cast.karim)
        for answer in (
            await karim.post(f"/tours/{slot_id}/prise"),
            await karim.partial(f"/tours/{slot_id}/prise", {"view": "week"}),
        ):
            assert answer.status_code == 409
            assert "Ce tour n’a plus lieu." in words(answer)

    async def test_it_is_already_somebody_elses_before_the_undo(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slot_id}/empechement", {"choice": "free"})
        await claim(actor=scene.cast.aicha, slot_id=slot_id, now=NOON)
        again = await karim.post(f"/tours/{slot_id}/prise")
        assert again.status_code == 409
        assert "C’est complet" in words(again)


class TestCannotCome:
    async def test_its_three_ways_are_forms(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        wanted = await scene.slot("Cuisine", people=1, who=(scene.cast.aicha,), starts_at=TOMORROW + DAY)
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}/empechement")
        for way in ("free", "stand_in", "swap"):
            assert f'<input type="hidden" name="choice" value="{way}">' in page.text
        assert f'<option value="{wanted}">' in page.text
        assert '<optgroup label="La semaine du 23' in page.text
        assert "Jeudi 26 novembre, 12 h · Cuisine (Aïcha)" in words(page)

    async def test_freed(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/tours/{slot_id}/empechement", {"choice": "free", "view": "cannot"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/{slot_id}")
        assert await holders(slot_id) == []
        assert "C’est fait, la place est libre." in words(await karim.get(f"/tours/{slot_id}"))

    async def test_a_stand_in_is_asked_for_and_the_turn_stays(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        form = {"choice": "stand_in", "who": "Aïcha", "word": "Dentiste", "view": "cannot"}
        assert (await karim.post(f"/tours/{slot_id}/empechement", form)).status_code == 303
        (row,) = await run("select id, to_member, word from rota_swap")
        assert (row["to_member"], row["word"]) == (scene.cast.aicha, "Dentiste")
        assert await holders(slot_id) == [scene.cast.karim]
        page = await karim.get(f"/tours/{slot_id}")
        assert "Tu as demandé quelqu’un à ta place." in words(page)
        await undo(karim, page.text)
        assert (await swap(row["id"]))["state"] == SwapState.WITHDRAWN

    async def test_a_swap_is_proposed_answered_and_done(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        wanted = await scene.slot("Cuisine", people=1, who=(cast.aicha,), starts_at=TOMORROW + DAY)
        karim, aicha = await scene.as_(cast.karim), await scene.as_(cast.aicha)
        form = {"choice": "swap", "with": str(wanted), "word": "Je préfère jeudi"}
        assert (await karim.post(f"/tours/{slot_id}/empechement", form)).status_code == 303
        (row,) = await run("select id from rota_swap")
        for page in (await aicha.get(f"/tours/{slot_id}"), await aicha.get(f"/tours/{wanted}")):
            assert "« Je préfère jeudi »" in words(page)
            assert "D’accord, on échange" in words(page)
        answer = await aicha.partial(f"/tours/echanges/{row['id']}/reponse", {"yes": "1"})
        assert answer.status_code == 200
        assert 'id="tour"' in answer.text
        assert (await holders(slot_id), await holders(wanted)) == ([cast.aicha], [cast.karim])

    async def test_what_was_written_is_kept_beside_its_fault(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        await scene.slot("Cuisine", people=1, who=(scene.cast.aicha,), starts_at=TOMORROW + DAY)
        karim = await scene.as_(scene.cast.karim)
        faults = {
            "On ne connaît personne ici qui s’appelle « Zoé ».": {"choice": "stand_in", "who": "Zoé", "word": "Un mot"},
            "C’est trop long : 200 caractères au plus.": {"choice": "stand_in", "word": "Un mot " * 40},
            "Choisis contre quel tour.": {"choice": "swap", "word": "Un mot"},
            "Choisis une des trois façons.": {"choice": "autre", "word": "Un mot"},
        }
        for sentence, form in faults.items():
            answer = await karim.post(f"/tours/{slot_id}/empechement", form)
            assert answer.status_code == 422
            assert sentence in words(answer)
            assert "Un mot" in answer.text or form["choice"] == "autre"
        assert not await run("select id from rota_swap")

    async def test_two_of_one_name_are_told_apart(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        await make_member(name="Aïcha", place_id=scene.cast.place)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/tours/{slot_id}/empechement", {"choice": "stand_in", "who": "Aïcha"})
        assert answer.status_code == 422
        assert "Plusieurs personnes s’appellent « Aïcha ». Écris son adresse mail." in words(answer)

    async def test_a_refusal_keeps_the_form(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=2, who=(cast.karim, cast.aicha))
        karim = await scene.as_(cast.karim)
        form = {"choice": "stand_in", "who": "Aïcha", "word": "Dentiste", "view": "cannot"}
        answer = await karim.post(f"/tours/{slot_id}/empechement", form)
        assert answer.status_code == 409
        assert "Aïcha a déjà ce tour." in words(answer)
        assert 'value="Dentiste"' in answer.text

    async def test_whoever_keeps_the_place_writes_it_down_for_somebody_ill(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        rosa, yann = await scene.as_(cast.rosa), await scene.as_(cast.yann)
        link = f"/tours/{slot_id}/empechement?pour={cast.karim}"
        assert f'href="{link}"' in (await rosa.get(f"/tours/{slot_id}")).text
        assert "?pour=" not in (await yann.get(f"/tours/{slot_id}")).text
        assert (await yann.get(link)).status_code == 404
        page = await rosa.get(link)
        assert "Karim ne peut pas venir ?" in words(page)
        assert f'<input type="hidden" name="member" value="{cast.karim}">' in page.text
        form = {"choice": "free", "member": str(cast.karim), "view": "cannot"}
        assert (await yann.post(f"/tours/{slot_id}/empechement", form)).status_code in (404, 409)
        assert await holders(slot_id) == [cast.karim]
        assert (await rosa.post(f"/tours/{slot_id}/empechement", form)).status_code == 303
        assert await holders(slot_id) == []

    async def test_it_is_nobodys_form_but_the_holders(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        aicha = await scene.as_(scene.cast.aicha)
        answer = await aicha.get(f"/tours/{slot_id}/empechement")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/{slot_id}")
        refused = await aicha.post(f"/tours/{slot_id}/empechement", {"choice": "free"})
        assert refused.status_code == 409
        assert "Ce tour n’est pas à toi, ou plus." in words(refused)
        assert await holders(slot_id) == [scene.cast.karim]


class TestAnswering:
    async def test_standing_in_from_the_week_swaps_the_slot(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        swap_id = await ask_stand_in(actor=cast.karim, slot_id=slot_id, member_id=cast.karim, now=NOON)
        aicha = await scene.as_(cast.aicha)
        answer = await aicha.partial(f"/tours/echanges/{swap_id}/reponse", {"yes": "1", "view": "week"})
        assert 'class="turn mine mine-cell"' in turn(answer, slot_id)
        assert await holders(slot_id) == [cast.aicha]
        late = await (await scene.as_(cast.yann)).post(f"/tours/echanges/{swap_id}/reponse", {"yes": "1"})
        assert late.status_code == 409
        assert "C’est déjà réglé" in words(late)

    async def test_saying_no_and_saying_nothing(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        swap_id = await ask_stand_in(
            actor=cast.karim, slot_id=slot_id, member_id=cast.karim, to_member=cast.aicha, now=NOON
        )
        aicha = await scene.as_(cast.aicha)
        assert "Non, je ne peux pas" in words(await aicha.get(f"/tours/{slot_id}"))
        empty = await aicha.post(f"/tours/echanges/{swap_id}/reponse")
        assert empty.status_code == 422
        assert "Choisis une réponse." in words(empty)
        assert (await aicha.post(f"/tours/echanges/{swap_id}/reponse", {"yes": "0"})).status_code == 303
        assert (await swap(swap_id))["state"] == SwapState.WITHDRAWN
        assert await holders(slot_id) == [cast.karim]

    async def test_coming_after_all(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        wanted = await scene.slot("Cuisine", people=1, who=(cast.aicha,), starts_at=TOMORROW + DAY)
        swap_id = await propose_swap(
            actor=cast.karim, slot_id=slot_id, member_id=cast.karim, wanted_slot_id=wanted, now=NOON
        )
        karim = await scene.as_(cast.karim)
        assert "Tu as proposé un échange contre « Cuisine », jeudi 26 novembre à 12 h." in words(
            await karim.get(f"/tours/{slot_id}")
        )
        answer = await karim.partial(f"/tours/echanges/{swap_id}/retrait", {"view": "week"})
        assert "Je ne peux pas venir" in said(turn(answer, slot_id))
        assert (await swap(swap_id))["state"] == SwapState.WITHDRAWN


class TestOthersWays:
    async def test_every_week_and_no_more(self, scene: Scene) -> None:
        _, slots = await make_weeks(place_id=scene.cast.place, people=2)
        karim = await scene.as_(scene.cast.karim)
        assert "Tu peux le garder chaque semaine" in words(await karim.get(f"/tours/{slots[0]}"))
        await karim.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        page = words(await karim.get(f"/tours/{slots[0]}"))
        assert "C’est noté, chaque semaine. 4 tours sont à toi." in page
        assert "Tu tiens ce tour chaque semaine." in page
        assert [await holders(each) for each in slots] == [[scene.cast.karim]] * 4
        aicha = await scene.as_(scene.cast.aicha)
        full = await aicha.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        assert full.status_code == 409
        assert "La moitié des places est déjà tenue chaque semaine." in words(full)
        await karim.post(f"/tours/{slots[0]}/chaque-semaine/fin")
        assert [await holders(each) for each in slots] == [[]] * 4

    async def test_no_more_is_undone_from_the_first_of_them_whichever_page_it_was_said_on(self, scene: Scene) -> None:
        _, slots = await make_weeks(place_id=scene.cast.place, people=2)
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        await karim.post(f"/tours/{slots[2]}/chaque-semaine/fin")
        assert [await holders(each) for each in slots] == [[]] * 4
        await undo(karim, (await karim.get("/tours")).text)
        assert [await holders(each) for each in slots] == [[scene.cast.karim]] * 4

    async def test_of_what_ends_it_is_not_undone(self, scene: Scene) -> None:
        """Held anew it cannot be, so nothing offers it."""
        pattern, slots = await make_weeks(place_id=scene.cast.place, people=2)
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        async with transaction():
            await run("update rota_pattern set until_on = {} where id = {}", date(2027, 6, 1), pattern)
        await karim.post(f"/tours/{slots[0]}/chaque-semaine/fin")
        page = words(await karim.get("/tours"))
        assert "C’est fait : ce tour ne te revient plus chaque semaine." in page
        assert "J’annule" not in page

    async def test_somebody_without_an_account(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2)
        karim = await scene.as_(scene.cast.karim)
        empty = await karim.post(f"/tours/{slot_id}/prise", {"first_name": " "})
        assert empty.status_code == 422
        assert "Écris son prénom." in words(empty)
        long = await karim.post(f"/tours/{slot_id}/prise", {"first_name": "A" * 41})
        assert long.status_code == 422
        assert "A" * 40 in long.text
        part = await karim.partial(f"/tours/{slot_id}/prise", {"first_name": "B" * 41})
        assert part.status_code == 422
        assert part.text.lstrip().startswith('<div class="columns" id="tour">')
        assert 'value="' + "B" * 41 + '"' in part.text
        assert (await karim.post(f"/tours/{slot_id}/prise", {"first_name": "Ali"})).status_code == 303
        page = await karim.get(f"/tours/{slot_id}")
        assert "Ali sans compte" in words(page)
        assert await holders(slot_id) == [None]
        aicha = await scene.as_(scene.cast.aicha)
        assert "Libérer sa place" not in words(await aicha.get(f"/tours/{slot_id}"))
        await undo(karim, page.text)
        assert await holders(slot_id) == []

    async def test_no_guest_where_there_is_a_key(self, scene: Scene) -> None:
        slot_id = await scene.slot(adults_only=True)
        karim = await scene.as_(scene.cast.karim)
        assert "sans compte ?" not in words(await karim.get(f"/tours/{slot_id}"))
        answer = await karim.post(f"/tours/{slot_id}/prise", {"first_name": "Ali"})
        assert answer.status_code == 409
        assert "Ce tour demande un compte" in words(answer)

    async def test_watching_to_learn(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,), needs_training=True)
        elsewhere = await scene.slot(duty_id=await duty_of(slot_id), starts_at=TOMORROW + DAY)
        await make_practice(duty_id=await duty_of(slot_id), member_id=scene.cast.aicha, level=Level.DOES)
        karim = await scene.as_(scene.cast.karim)
        nobody = await karim.get(f"/tours/{elsewhere}")
        assert "Ce rôle s’apprend, en regardant d’abord un tour avec quelqu’un qui sait." in words(nobody)
        assert f'href="/tours/{slot_id}"' in nobody.text
        assert "Je viens regarder mercredi 25 novembre à 12 h" in words(nobody)
        assert "Je viens regarder" in words(await karim.get(f"/tours/{slot_id}"))
        answer = await karim.partial(f"/tours/{slot_id}/prise", {"watch": "1"})
        assert "Tu viens regarder." in words(answer)
        assert await holders(slot_id) == [scene.cast.aicha]
        await karim.partial(f"/tours/{slot_id}/empechement", {"choice": "free"})
        assert "Tu viens regarder." not in words(await karim.get(f"/tours/{slot_id}"))

    async def test_the_till_is_there_for_its_holder_alone_and_in_time(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,), act=Act.TAKE_CASH.value, starts_at=NOON + HOUR)
        karim = await scene.as_(cast.karim)
        assert f"/tours/{slot_id}/caisse" not in (await karim.get(f"/tours/{slot_id}")).text
        scene.world.later(minutes=35)
        assert f"/tours/{slot_id}/caisse" in (await karim.get(f"/tours/{slot_id}")).text
        await make_grant(member_id=cast.yann, place_id=cast.place, act=Act.TAKE_CASH, from_at=NOON - timedelta(days=1))
        assert f"/tours/{slot_id}/caisse" not in (await (await scene.as_(cast.yann)).get(f"/tours/{slot_id}")).text
