"""Weekly patterns and single turns on their pages: opened, changed once what that means has been said, ended."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from rotas.commands.claiming import claim, claim_for_guest, watch
from rotas.commands.patterns import open_pattern
from rotas.commands.slots import cancel_slot, put_back
from rotas.recurring import Weekly
from rotas.states import RotaRefusal
from tests.client import NOON, Browser, words
from tests.factories import make_place, make_room
from tests.people import make_cast
from tests.rotas.make import make_duty, make_practice
from tests.rotas.reads import allowed, consistent, holders, holdings, refused
from tests.rotas.scene import HOUR, TOMORROW, Scene
from tests.rotas.test_pages_acting import undo
from tests.workshops.reads import mails

WEEKLY = {"weekday": "2", "starts": "09:00", "ends": "13:00", "people": "2", "room": "", "from_on": "2026-11-24"}
ONCE = {"day": "2026-11-28", "starts": "14:00", "ends": "16:00", "people": "2", "room": ""}


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


def question(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the button that says yes."""
    form = re.search(r'<section class="inset stack" id="sens".*?</section>', page.text, re.DOTALL)
    assert form is not None, words(page)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))


async def patterns() -> list[dict[str, Any]]:
    return await run("select * from rota_pattern order by id")


async def slots(duty_id: int) -> list[dict[str, Any]]:
    return await run("select * from rota_slot where duty_id = {} and state = 'open' order by starts_at", duty_id)


class TestEveryWeek:
    async def test_it_is_opened_with_its_turns_and_sent_twice_it_is_one(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        assert (await rosa.get(f"/tours/roles/{made}/semaine")).status_code == 200
        for _ in range(2):
            answer = await rosa.post(f"/tours/roles/{made}/semaine", {**WEEKLY, "room": str(scene.cast.salon)})
            assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/roles/{made}")
        (row,) = await patterns()
        assert (row["weekday"], row["starts"], row["ends"], row["people"], row["room_id"]) == (
            *(2, "09:00", "13:00", 2),
            scene.cast.salon,
        )
        assert len(await slots(made)) == 8
        read = words(await rosa.get(f"/tours/roles/{made}"))
        assert "Le mercredi, de 9 h à 13 h 2 personnes, Salon" in read

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"weekday": ""}, "weekday", "Choisis un jour de la semaine."),
            ({"weekday": "7"}, "weekday", "Choisis un jour de la semaine."),
            ({"starts": ""}, "starts", "Il manque l’heure du début."),
            ({"starts": "25:00"}, "starts", "Cette heure n’existe pas."),
            ({"ends": "9h"}, "ends", "Cette heure n’existe pas."),
            ({"ends": "09:00"}, "ends", "La fin tombe à l’heure du début."),
            ({"people": "41"}, "people", "Pas plus de 40. Tu as écrit 41."),
            ({"from_on": "2026-11-23"}, "from_on", "Ce jour est passé."),
            ({"from_on": "2026-02-30"}, "from_on", "Ce jour n’existe pas."),
            ({"from_on": "9999-01-01"}, "from_on", "Ce jour est trop loin."),
            ({"from_on": "2027-11-26"}, "from_on", "C’est dans plus d’un an"),
            ({"starts": "11:00", "ends": "10:00"}, "ends", "Un tour dure 12 heures au plus."),
            ({"from_on": ""}, "from_on", "À partir de quel jour ?"),
        ],
    )
    async def test_what_cannot_be_is_said_beside_the_field(
        self, scene: Scene, changes: dict[str, str], field: str, sentence: str
    ) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.post(f"/tours/roles/{made}/semaine", {**WEEKLY, **changes})
        assert page.status_code == 422
        assert sentence in words(page)
        assert f'id="field-{field}-error"' in page.text
        kept = "starts" if field != "starts" else "ends"
        assert f'value="{({**WEEKLY, **changes})[kept]}"' in page.text
        assert await patterns() == []

    async def test_a_room_of_another_place_is_none(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        room = await make_room(place_id=await make_place(slug="ailleurs"), name="Cave", seats=3)
        rosa = await scene.as_(scene.cast.rosa)
        for path, form in ((f"/tours/roles/{made}/semaine", WEEKLY), (f"/tours/roles/{made}/une-fois", ONCE)):
            assert (await rosa.post(path, {**form, "room": str(room)})).status_code == 404

    async def test_another_at_the_same_hour_is_said_beside_the_hour(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        await rosa.post(f"/tours/roles/{made}/semaine", WEEKLY)
        page = await rosa.post(f"/tours/roles/{made}/semaine", {**WEEKLY, "people": "3"})
        assert page.status_code == 422
        assert 'id="field-starts-error"' in page.text

    async def test_so_is_the_same_once_more_and_the_same_form_twice_is_one(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/roles/{made}/semaine"

        async def once() -> dict[str, str]:
            return {"once": re.findall(r'name="once" value="(\w+)"', (await rosa.get(path)).text)[0]}

        first = {**WEEKLY, **await once()}
        for _ in range(2):
            assert (await rosa.post(path, first)).status_code == 303
        again = await rosa.post(path, {**WEEKLY, **await once()})
        assert again.status_code == 422
        assert "Ce rôle a déjà un tour ce jour-là à cette heure." in words(again)
        other = await rosa.post(path, first | {"starts": "10:00"})
        assert other.status_code == 409
        assert "Ce formulaire a déjà ouvert des tours chaque semaine." in words(other)
        (new,) = re.findall(r'name="once" value="(\w+)"', other.text)
        assert len(await patterns()) == 1
        assert (await rosa.post(path, first | {"starts": "10:00", "once": new})).status_code == 303
        assert len(await patterns()) == 2

    @pytest.mark.parametrize(
        ("from_on", "sentence"),
        [
            ("2026-12-01", "Les tours des huit prochaines semaines sont à prendre."),
            ("2027-03-01", "Le premier tour sera le 3 mars 2027. Il sera à prendre huit semaines avant."),
        ],
    )
    async def test_what_is_said_of_it_is_what_there_is(self, scene: Scene, from_on: str, sentence: str) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        await rosa.post(f"/tours/roles/{made}/semaine", {**WEEKLY, "from_on": from_on})
        assert sentence in words(await rosa.get(f"/tours/roles/{made}"))
        assert bool(await slots(made)) is sentence.startswith("Les tours")

    async def opened(self, scene: Scene) -> tuple[int, int]:
        """Wednesdays from 9 to 13, with the first two weeks' turns taken by Karim and Aïcha."""
        made = await make_duty(place_id=scene.cast.place)
        weekly = Weekly(2, "09:00", "13:00", NOON.date())
        pattern = await open_pattern(
            actor=scene.cast.rosa, duty_id=made, weekly=weekly, people=3, room_id=None, now=NOON
        )
        for slot in (await slots(made))[:2]:
            for member in (scene.cast.karim, scene.cast.aicha):
                await claim(actor=member, slot_id=slot["id"], sure=True, now=NOON)
        return made, pattern

    async def test_what_a_change_means_is_said_and_nothing_done_before_yes(self, scene: Scene) -> None:
        made, pattern = await self.opened(scene)
        first = (await slots(made))[0]
        await claim_for_guest(actor=scene.cast.karim, slot_id=first["id"], first_name="Ali", now=NOON)
        await scene.slot("Autre", who=(scene.cast.aicha,), starts_at=first["starts_at"] + 6 * HOUR)  # 15 h – 17 h
        rosa = await scene.as_(scene.cast.rosa)
        form = await rosa.get(f"/tours/semaines/{pattern}")
        assert form.status_code == 200
        sent = {**WEEKLY, "starts": "14:00", "ends": "18:00", "people": "3", "version": "1"}
        page = await rosa.post(f"/tours/semaines/{pattern}", sent)
        assert page.status_code == 200
        read = words(page)
        assert "À partir du mardi 24 novembre : le mercredi, de 14 h à 18 h ?" in read
        assert "3 personnes ont un tour qui change d’heure. On le leur dit." in read
        assert "1 personne a déjà autre chose à la nouvelle heure : elle perd ce tour, et le saura." in read
        assert [row["starts"] for row in await patterns()] == ["09:00"]
        assert "Aïcha" not in page.text
        answer = await rosa.post(f"/tours/semaines/{pattern}", question(page))
        assert answer.status_code == 303
        assert [(row["starts"], row["follows_id"]) for row in await patterns()] == [("09:00", None), ("14:00", pattern)]
        assert await holders(first["id"]) == [scene.cast.karim, None]  # as it was said: Aïcha has something else
        assert set(await holders((await slots(made))[2]["id"])) <= {scene.cast.karim, scene.cast.aicha}

    async def test_turns_that_cannot_move_are_said_to_stay_or_go(self, scene: Scene) -> None:
        made, pattern = await self.opened(scene)
        rosa = await scene.as_(scene.cast.rosa)
        # to Tuesdays: this week's, at noon on a Tuesday, is over; taken by two, it stays once
        sent = {**WEEKLY, "weekday": "1", "starts": "08:00", "ends": "10:00", "version": "1"}
        read = words(await rosa.post(f"/tours/semaines/{pattern}", sent))
        assert "1 tour déjà pris reste à son heure d’avant, une seule fois." in read
        assert "2 personnes ont un tour qui change d’heure." in read
        later = {**sent, "from_on": "2026-12-09"}  # a Wednesday whose Tuesday is before
        read = words(await rosa.post(f"/tours/semaines/{pattern}", later))
        assert "Personne n’a de tour qui change d’heure." in read
        assert "1 tour que personne n’a pris s’en va." in read
        assert len(await slots(made)) == 8

    async def test_more_people_alone_moves_nobody(self, scene: Scene) -> None:
        _, pattern = await self.opened(scene)
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.post(f"/tours/semaines/{pattern}", {**WEEKLY, "people": "5", "version": "1"})
        assert "Personne n’a de tour qui change d’heure." in words(page)

    async def test_changed_meanwhile_it_is_read_anew(self, scene: Scene) -> None:
        _made, pattern = await self.opened(scene)
        rosa = await scene.as_(scene.cast.rosa)
        sent = {**WEEKLY, "people": "5", "version": "7", "sure": "1"}
        page = await rosa.post(f"/tours/semaines/{pattern}", sent)
        assert page.status_code == 409
        assert "Quelqu’un vient de le changer." in words(page)
        assert 'name="people" type="text" value="3"' in page.text
        assert len(await patterns()) == 1

    async def test_it_is_ended_once_what_that_means_has_been_said(self, scene: Scene) -> None:
        made, pattern = await self.opened(scene)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/semaines/{pattern}/fin"
        assert (await rosa.get(path)).status_code == 200
        wrong = await rosa.post(path, {"from_on": "hier", "version": "1"})
        assert wrong.status_code == 422
        page = await rosa.post(path, {"from_on": "2026-11-30", "version": "1"})
        assert "7 tours prévus n’auront pas lieu." in words(page)
        assert "2 personnes y sont : elles le sauront." in words(page)
        assert len(await slots(made)) == 8
        answer = await rosa.post(path, question(page))
        assert answer.status_code == 303
        assert len(await slots(made)) == 1
        assert "jusqu’au 29 novembre 2026" in words(await rosa.get(f"/tours/roles/{made}"))

    async def test_others_see_it_in_words_and_may_not_touch_it(self, scene: Scene) -> None:
        made, pattern = await self.opened(scene)
        karim = await scene.as_(scene.cast.karim)
        page = await karim.get(f"/tours/roles/{made}")
        assert "Le mercredi, de 9 h à 13 h" in words(page)
        assert "/tours/semaines/" not in page.text
        for path in (f"/tours/semaines/{pattern}", f"/tours/semaines/{pattern}/fin"):
            assert (await karim.get(path)).status_code == 403
            assert (await karim.post(path, {**WEEKLY, "version": "1", "sure": "1"})).status_code == 403
        assert (await karim.get("/tours/semaines/999")).status_code == 404
        assert [row["until_on"] for row in await patterns()] == [None]

    async def test_foreseeing_costs_no_more_queries_for_many(self, scene: Scene, db: Store) -> None:
        made, pattern = await self.opened(scene)
        rosa = await scene.as_(scene.cast.rosa)
        sent = {**WEEKLY, "starts": "14:00", "ends": "18:00", "version": "1"}

        async def queries() -> int:
            before = int(db.query_id)
            assert (await rosa.post(f"/tours/semaines/{pattern}", sent)).status_code == 200
            return int(db.query_id) - before

        few = await queries()
        for slot in await slots(made):
            for member in (scene.cast.karim, scene.cast.yann, scene.cast.odile):
                if len(await holders(slot["id"])) < 3:
                    await claim(actor=member, slot_id=slot["id"], sure=True, now=NOON)
        assert await queries() == few


class TestOnce:
    async def form_of(self, browser: Browser, path: str) -> dict[str, str]:
        page = await browser.get(path)
        assert page.status_code == 200
        return dict(re.findall(r'type="hidden" name="(version|once)" value="([^"]+)"', page.text))

    async def test_it_is_opened_and_the_same_form_twice_is_one(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/roles/{made}/une-fois"
        sent = {**ONCE, **await self.form_of(rosa, path)}
        answer = await rosa.post(path, sent)
        assert answer.status_code == 303
        assert (await rosa.post(path, sent)).headers["location"] == answer.headers["location"]
        assert len(await slots(made)) == 1
        assert "Le tour est ouvert" in words(await rosa.get(answer.headers["location"]))

    async def test_the_page_before_sent_again_for_another_day_asks_first_then_opens_it(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/roles/{made}/une-fois"
        sent = {**ONCE, **await self.form_of(rosa, path)}
        await rosa.post(path, sent)
        again = await rosa.post(path, sent | {"day": "2026-12-05"})
        assert again.status_code == 409
        assert "a déjà ouvert un tour" in words(again)
        assert 'value="2026-12-05"' in again.text
        (once,) = re.findall(r'name="once" value="([^"]+)"', again.text)
        assert (await rosa.post(path, sent | {"day": "2026-12-05", "once": once})).status_code == 303
        assert len(await slots(made)) == 2

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"day": ""}, "day", "Il manque le jour."),
            ({"day": "2026-11-23"}, "day", "C’est déjà passé."),
            ({"starts": "14"}, "starts", "Cette heure n’existe pas."),
            ({"ends": "14:00"}, "ends", "La fin tombe à l’heure du début."),
            ({"starts": "11:00", "ends": "10:00"}, "ends", "Un tour dure 12 heures au plus."),
            ({"day": "2027-03-28", "starts": "02:30"}, "starts", "Cette heure n’existe pas ce jour-là"),
            ({"people": "0"}, "people", "Il faut au moins 1."),
        ],
    )
    async def test_what_cannot_be_is_said_beside_the_field(
        self, scene: Scene, changes: dict[str, str], field: str, sentence: str
    ) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.post(f"/tours/roles/{made}/une-fois", {**ONCE, **changes})
        assert page.status_code == 422
        assert sentence in words(page)
        assert f'id="field-{field}-error"' in page.text
        assert await slots(made) == []

    async def test_past_midnight_it_ends_the_next_day(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place)
        rosa = await scene.as_(scene.cast.rosa)
        await rosa.post(f"/tours/roles/{made}/une-fois", {**ONCE, "starts": "22:00", "ends": "01:00"})
        (slot,) = await slots(made)
        assert slot["ends_at"] - slot["starts_at"] == timedelta(hours=3)
        page = words(await rosa.get(f"/tours/{slot['id']}"))
        assert page.count("de 22 h à 1 h le lendemain") == 3  # in the notice, at its head, and in short
        await rosa.post(f"/tours/roles/{made}/semaine", {**WEEKLY, "starts": "20:00", "ends": "08:00"})
        assert "Le mercredi, de 20 h à 8 h le lendemain" in words(await rosa.get(f"/tours/roles/{made}"))

    async def test_one_that_somebody_has_is_moved_after_a_question_an_empty_one_at_once(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/{slot_id}/changer"
        assert f'href="{path}"' in (await rosa.get(f"/tours/{slot_id}")).text
        assert f'href="{path}"' not in (await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}")).text
        sent = {**ONCE, **await self.form_of(rosa, path)}
        answer = await rosa.post(path, sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/{slot_id}")
        await claim(actor=scene.cast.karim, slot_id=slot_id, now=NOON)
        busy = await scene.slot("Autre", who=(scene.cast.karim,), starts_at=TOMORROW)
        sent = {**ONCE, "day": "2026-11-25", "starts": "12:00", "ends": "14:00", **await self.form_of(rosa, path)}
        page = await rosa.post(path, sent)
        assert "1 personne a un tour qui change d’heure." in words(page)
        assert "1 personne a déjà autre chose à la nouvelle heure" in words(page)
        assert await holders(slot_id) == [scene.cast.karim]
        assert (await rosa.post(path, question(page))).status_code == 303
        assert await holders(slot_id) == []
        assert await holders(busy) == [scene.cast.karim]
        stale = await rosa.post(path, {**sent, "people": "4", "version": "1", "sure": "1"})
        assert stale.status_code == 409

    async def test_it_is_taken_off_once_that_has_been_asked(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.karim,))
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.get(f"/tours/{slot_id}/annulation")
        assert "1 personne y est : elle le saura." in words(page)
        assert (await rosa.post(f"/tours/{slot_id}/annulation")).status_code == 303
        assert (await rosa.post(f"/tours/{slot_id}/annulation")).status_code == 303
        assert (await run("select state from rota_slot where id = {}", slot_id))[0]["state"] == "cancelled"
        for way in ("changer", "annulation"):
            assert (await rosa.get(f"/tours/{slot_id}/{way}")).status_code == 404
            assert f"/tours/{slot_id}/{way}" not in (await rosa.get(f"/tours/{slot_id}")).text

    async def test_that_is_undone_with_whoever_had_it_and_can_still_come(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=4, who=(cast.karim, cast.aicha), act=Act.REGISTER.value)
        rosa = await scene.as_(cast.rosa)
        await rosa.post(f"/tours/{slot_id}/annulation")
        page = await rosa.get(f"/tours/{slot_id}")
        await scene.slot("Autre", who=(cast.aicha,))
        assert await undo(rosa, page.text) == f"/tours/{slot_id}"
        assert "C’est fait, ce tour a lieu." in words(await rosa.get(f"/tours/{slot_id}"))
        assert await holders(slot_id) == [cast.karim]
        assert await allowed(cast.karim, Act.REGISTER, TOMORROW)
        assert {row["member_id"] for row in await mails(about="on-again")} == {cast.aicha}
        assert (await rosa.post(f"/tours/{slot_id}/annulation", {"back": "1"})).status_code == 303
        assert await holders(slot_id) == [cast.karim]
        await consistent()

    async def test_so_is_a_place_of_somebody_without_an_account_and_watching(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=2, who=(cast.karim,))
        await make_practice(duty_id=(await run("select id from duty"))[0]["id"], member_id=cast.karim)
        await claim_for_guest(actor=cast.karim, slot_id=slot_id, first_name="Ali", now=NOON)
        await watch(actor=cast.aicha, slot_id=slot_id, now=NOON)
        await cancel_slot(actor=cast.rosa, slot_id=slot_id, now=NOON)
        await put_back(actor=cast.rosa, slot_id=slot_id, now=NOON)
        assert await holders(slot_id) == [cast.karim, None]
        assert [row["came"] for row in await holdings(slot_id, cast.aicha)] == ["watches", "watches"]
        await consistent()

    async def test_only_whoever_keeps_the_place_puts_it_back_and_only_before_it_begins(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        rosa, karim = await scene.as_(scene.cast.rosa), await scene.as_(scene.cast.karim)
        await rosa.post(f"/tours/{slot_id}/annulation")
        assert (await karim.post(f"/tours/{slot_id}/annulation", {"back": "1"})).status_code == 403
        await refused(put_back(actor=scene.cast.rosa, slot_id=slot_id, now=TOMORROW), RotaRefusal.OVER)
        async with transaction():
            await run("update duty set retired_at = {}", NOON)
        assert (await rosa.post(f"/tours/{slot_id}/annulation", {"back": "1"})).status_code == 404

    async def test_what_a_meal_opened_is_changed_there(self, scene: Scene) -> None:
        slot_id = await scene.slot(source_kind="meal", source_id=1, source_title="Mafé")
        rosa = await scene.as_(scene.cast.rosa)
        for way in ("changer", "annulation"):
            assert (await rosa.get(f"/tours/{slot_id}/{way}")).status_code == 404
        assert (await rosa.post(f"/tours/{slot_id}/changer", {**ONCE, "version": "1"})).status_code == 409
        assert (await rosa.post(f"/tours/{slot_id}/annulation")).status_code == 303
        assert (await run("select state from rota_slot where id = {}", slot_id))[0]["state"] == "open"
