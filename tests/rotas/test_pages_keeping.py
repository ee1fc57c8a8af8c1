"""The duties of a place: who reads them, and who opens, changes and retires them; the quiet mode; who can do what."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.database import Store, run
from rotas.commands.claiming import claim
from rotas.states import Level
from tests.client import NOON, words
from tests.factories import make_member, make_place
from tests.people import make_cast
from tests.rotas.make import DAY, make_duty, make_practice, make_slot
from tests.rotas.reads import holders
from tests.rotas.scene import Scene

DUTY_ROW: dict[str, Any] = {"name": "Vaisselle", "people": 2, "icon": "wash"}
DUTY = {"name": "Vaisselle", "about": "On lave, on range.", "people": "2", "icon": "wash"}


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def duty(duty_id: int) -> dict[str, Any]:
    (row,) = await run("select * from duty where id = {}", duty_id)
    return row


def value(page: str, name: str) -> str:
    """What stands in this field of the page."""
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page) or re.search(
        rf'value="([^"]*)"[^>]* name="{name}"', page
    )
    return found[1] if found is not None else ""


class TestReading:
    async def test_members_see_what_there_is_to_do_and_who_can_show_it(self, scene: Scene) -> None:
        keys = await make_duty(place_id=scene.cast.place, name="Ouverture", opens_place=True, adults_only=True)
        await make_duty(place_id=scene.cast.place, name="Vaisselle", people=3)
        await make_practice(duty_id=keys, member_id=scene.cast.aicha)
        page = await (await scene.as_(scene.cast.karim)).get("/tours/roles")
        assert page.status_code == 200
        assert "Ouverture 1 personne. Qui le tient a les clés. Aïcha sait faire." in words(page)
        assert "Une seule personne sait faire" in words(page)
        assert "Vaisselle 3 personnes." in words(page)
        assert "/tours/roles/nouveau" not in page.text
        await make_practice(duty_id=keys, member_id=scene.cast.yann, level=Level.TEACHES)
        page = await (await scene.as_(scene.cast.karim)).get("/tours/roles")
        assert "Aïcha et Yann savent faire" in words(page)
        assert "Une seule personne sait faire" not in words(page)

    async def test_names_are_for_members_whom_somebody_has_met(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Ouverture", opens_place=True)
        await make_practice(duty_id=made, member_id=scene.cast.aicha)
        elsewhere = await make_place(slug="ailleurs")
        visitor = await scene.world.browser_of(
            await make_member(name="Zoé", place_id=elsewhere), place_id=scene.cast.place
        )
        for browser in (await scene.as_(scene.cast.newcomer), visitor):
            for path in ("/tours/roles", f"/tours/roles/{made}"):
                page = await browser.get(path)
                assert page.status_code == 200
                assert "Aïcha" not in page.text
                assert "1 personne sait faire" in words(page)
        gone = await scene.world.browser().get("/tours/roles")
        assert gone.status_code == 303

    async def test_one_duty_says_what_it_is_when_and_how_far_one_is(self, scene: Scene) -> None:
        made = await make_duty(
            place_id=scene.cast.place,
            name="Caisse",
            about="On compte.",
            act="take_cash",
            adults_only=True,
            needs_training=True,
        )
        await make_practice(duty_id=made, member_id=scene.cast.karim, level=Level.WATCHED)
        slot = await make_slot(place_id=scene.cast.place, duty_id=made)
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours/roles/{made}")
        read = words(page)
        for expected in ("On compte.", "Tenir la caisse, pendant le tour", "À partir de 18 ans", "Ça s’apprendra"):
            assert expected in read
        assert f'href="/tours/{slot}"' in page.text
        assert re.search(r'<li class="done"><b>.*?Regarder', page.text)
        assert re.search(r'<li aria-current="step"><b>.*?Faire avec', page.text)
        assert 'name="level"' not in page.text

    async def test_one_that_is_not_or_not_any_more_is_not_found(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, retired_at=NOON)
        browser = await scene.as_(scene.cast.rosa)
        for path in (
            f"/tours/roles/{made}",
            f"/tours/roles/{made}/changer",
            f"/tours/roles/{made}/fin",
            "/tours/roles/999",
        ):
            assert (await browser.get(path)).status_code == 404


class TestKeeping:
    async def test_it_is_opened_and_sent_twice_it_is_one(self, scene: Scene) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        assert (await rosa.get("/tours/roles/nouveau")).status_code == 200
        form = {**DUTY, "act": "check_in", "needs_training": "1"}
        answer = await rosa.post("/tours/roles", form)
        assert answer.status_code == 303
        assert (await rosa.post("/tours/roles", form)).headers["location"] == answer.headers["location"]
        (row,) = await run("select * from duty")
        assert (row["name"], row["people"], row["icon"], row["act"]) == ("Vaisselle", 2, "wash", "check_in")
        assert row["needs_training"]
        assert not row["adults_only"]
        assert "« Vaisselle » est ouvert" in words(await rosa.get(answer.headers["location"]))

    @pytest.mark.parametrize(
        ("changes", "field", "sentence"),
        [
            ({"name": " "}, "name", "Il manque le nom du rôle."),
            ({"people": "0"}, "people", "Il faut au moins 1. Tu as écrit 0."),
            ({"people": "deux"}, "people", "Écris un nombre, comme 12."),
            ({"people": ""}, "people", "Il manque le nombre de personnes."),
            ({"act": "keep_accounts"}, "act", "Choisis dans la liste."),
            ({"icon": "skull"}, "icon", "Choisis dans la liste."),
            ({"name": "x" * 61}, "name", "C’est trop long"),
        ],
    )
    async def test_what_cannot_be_is_said_beside_the_field(
        self, scene: Scene, changes: dict[str, str], field: str, sentence: str
    ) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.post("/tours/roles", {**DUTY, "adults_only": "1", **changes})
        assert page.status_code == 422
        assert sentence in words(page)
        assert f'id="field-{field}-error"' in page.text
        assert "On lave, on range." in page.text
        assert re.search(r'name="adults_only" value="1" checked', page.text)
        assert await run("select id from duty") == []

    async def test_a_second_of_the_same_name_is_said_beside_the_name(self, scene: Scene) -> None:
        await make_duty(place_id=scene.cast.place, name="vaisselle")
        page = await (await scene.as_(scene.cast.rosa)).post("/tours/roles", DUTY)
        assert page.status_code == 422
        assert "Ce lieu a déjà un rôle de ce nom." in words(page)
        assert 'id="field-name-error"' in page.text

    async def test_it_is_changed_as_it_was_read_and_not_over_somebody_else(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Vaisselle", icon="sunrise")
        rosa = await scene.as_(scene.cast.rosa)
        form = await rosa.get(f"/tours/roles/{made}/changer")
        assert "Comme maintenant" in words(form)
        sent = {**DUTY, "icon": "sunrise", "name": "Plonge", "version": value(form.text, "version")}
        answer = await rosa.post(f"/tours/roles/{made}/changer", sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/tours/roles/{made}")
        assert ((await duty(made))["name"], (await duty(made))["icon"]) == ("Plonge", "sunrise")
        late = await rosa.post(f"/tours/roles/{made}/changer", {**sent, "name": "Bulles"})
        assert late.status_code == 409
        assert "Quelqu’un vient de le changer." in words(late)
        assert value(late.text, "name") == "Plonge"
        again = await rosa.post(f"/tours/roles/{made}/changer", {**sent, "name": "", "version": "1"})
        assert again.status_code == 422

    async def test_asking_more_of_whoever_has_its_turns_says_first_what_that_means(self, scene: Scene) -> None:
        cast = scene.cast
        made = await make_duty(place_id=cast.place, version=1, **DUTY_ROW)
        slot_id = await make_slot(place_id=cast.place, duty_id=made, people=3)
        for member in (cast.karim, cast.newcomer):
            await claim(actor=member, slot_id=slot_id, sure=True, now=NOON)
        rosa = await scene.as_(cast.rosa)
        path = f"/tours/roles/{made}/changer"
        more = {**DUTY, "about": "On lave,\non range.", "version": "1", "opens_place": "1"}
        page = await rosa.post(path, more)
        assert page.status_code == 200
        assert "1 tour à venir est déjà pris." in words(page)
        assert "1 personne ne pourra plus avoir ses tours" in words(page)
        assert await holders(slot_id) == [cast.karim, cast.newcomer]
        form = re.search(r'id="sens".*?</section>', page.text, re.DOTALL)
        assert form is not None
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
        assert (await rosa.post(path, hidden)).status_code == 303
        assert await holders(slot_id) == [cast.karim]
        row = await duty(made)
        assert (row["about"], bool(row["opens_place"]), row["name"]) == ("On lave,\non range.", True, "Vaisselle")
        learned = await rosa.post(path, {**more, "version": "2", "needs_training": "1"})
        assert "Qui a déjà un tour le garde." in words(learned)
        less = {**DUTY, "version": "2"}
        assert (await rosa.post(path, less)).status_code == 303

    async def test_nothing_is_asked_where_nobody_has_one(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, version=1, **DUTY_ROW)
        await make_slot(place_id=scene.cast.place, duty_id=made)
        rosa = await scene.as_(scene.cast.rosa)
        answer = await rosa.post(f"/tours/roles/{made}/changer", {**DUTY, "version": "1", "opens_place": "1"})
        assert answer.status_code == 303

    async def test_it_is_retired_once_what_that_means_has_been_said(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Vaisselle")
        await scene.slot(duty_id=made, who=(scene.cast.karim, scene.cast.aicha))
        await scene.slot(duty_id=made, source_kind="meal", source_id=1)
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.get(f"/tours/roles/{made}/fin")
        read = words(page)
        assert "1 tour prévu n’aura pas lieu." in read
        assert "2 personnes y sont : elles le sauront." in read
        assert "1 tour vient d’un repas ou d’un atelier" in read
        assert (await duty(made))["retired_at"] is None
        answer = await rosa.post(f"/tours/roles/{made}/fin")
        assert answer.headers["location"] == "/tours/roles"
        assert (await duty(made))["retired_at"] is not None
        assert (await rosa.post(f"/tours/roles/{made}/fin")).headers["location"] == "/tours/roles"

    async def test_the_quiet_mode_is_set_and_undone(self, scene: Scene) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        for wanted in ("1", "0"):
            assert (await rosa.post("/tours/calme", {"quiet": wanted})).status_code == 303
            (row,) = await run("select quiet from rota_setting")
            assert bool(row["quiet"]) == (wanted == "1")
            page = await rosa.get("/tours/roles")
            assert f'name="quiet" value="{1 - int(wanted)}"' in page.text

    async def test_others_may_none_of_it(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Vaisselle")
        slot = await scene.slot(duty_id=made)
        stranger = await scene.world.browser_of(
            await make_member(name="Zoé", place_id=await make_place(slug="ailleurs")), place_id=scene.cast.place
        )
        base = f"/tours/roles/{made}"
        pages = ["/tours/roles/nouveau", f"{base}/changer", f"{base}/fin", f"{base}/semaine", f"{base}/une-fois"]
        pages += [f"/tours/{slot}/changer", f"/tours/{slot}/annulation"]
        posts = ["/tours/roles", f"{base}/changer", f"{base}/semaine", f"{base}/une-fois", "/tours/calme"]
        posts += [f"/tours/{slot}/changer"]
        for browser, status in (
            (await scene.as_(scene.cast.karim), 403),
            (stranger, 404),
            (await scene.as_(scene.cast.bruno), 403),
        ):
            for path in pages:
                assert (await browser.get(path)).status_code == status, path
            for path in posts:
                assert (await browser.post(path, DUTY)).status_code == status, path
            for path in (f"{base}/fin", f"/tours/{slot}/annulation"):
                assert (await browser.post(path)).status_code == status, path
        row = await duty(made)
        assert (row["name"], row["retired_at"]) == ("Vaisselle", None)
        assert (await run("select state from rota_slot where id = {}", slot))[0]["state"] == "open"
        assert await run("select id from rota_setting") == []


class TestLearning:
    async def level(self, duty_id: int, member_id: int) -> str:
        found = await run("select level from rota_practice where duty_id = {} and member_id = {}", duty_id, member_id)
        return found[0]["level"] if found else ""

    async def test_whoever_does_it_says_that_another_can_and_a_teacher_that_another_teaches(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Caisse", needs_training=True)
        await make_practice(duty_id=made, member_id=scene.cast.aicha, level=Level.DOES)
        await make_practice(duty_id=made, member_id=scene.cast.karim, level=Level.DID_WITH)
        path = f"/tours/roles/{made}/savoir-faire"
        aicha = await scene.as_(scene.cast.aicha)
        page = await aicha.get(f"/tours/roles/{made}")
        assert "Karim L’a fait avec quelqu’un" in words(page)
        assert 'value="teaches"' not in page.text
        answer = await aicha.post(path, {"member": str(scene.cast.karim), "level": "does"})
        assert answer.status_code == 303
        assert await self.level(made, scene.cast.karim) == "does"
        refused = await aicha.post(path, {"who": "Karim", "level": "teaches"})
        assert refused.status_code == 409
        assert await self.level(made, scene.cast.karim) == "does"

    async def test_whoever_keeps_the_place_begins_and_takes_back(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Caisse", needs_training=True)
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/roles/{made}/savoir-faire"
        for level in ("teaches", "watched", "none"):
            assert (await rosa.post(path, {"who": "yann", "level": level})).status_code == 303
            assert await self.level(made, scene.cast.yann) == ("" if level == "none" else level)

    async def test_nobody_says_it_of_themselves_and_others_say_nothing(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Caisse", needs_training=True)
        karim = await scene.as_(scene.cast.karim)
        path = f"/tours/roles/{made}/savoir-faire"
        for whose in ({"member": str(scene.cast.karim)}, {"member": str(scene.cast.yann)}, {"who": "Yann"}):
            refused = await karim.post(path, {**whose, "level": "does"})
            assert refused.status_code == 409, whose
        for member in (scene.cast.karim, scene.cast.yann):
            assert await self.level(made, member) == ""

    async def test_names_are_not_tried_out_by_whoever_may_not_say_it(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Caisse")
        karim = await scene.as_(scene.cast.karim)
        path = f"/tours/roles/{made}/savoir-faire"
        known, unknown = [await karim.post(path, {"who": who, "level": "does"}) for who in ("Yann", "Personne d’ici")]
        assert known.status_code == unknown.status_code == 409

    async def test_what_is_missing_is_said_beside_the_field(self, scene: Scene) -> None:
        made = await make_duty(place_id=scene.cast.place, name="Caisse")
        rosa = await scene.as_(scene.cast.rosa)
        path = f"/tours/roles/{made}/savoir-faire"
        page = await rosa.post(path, {"who": "", "level": ""})
        assert page.status_code == 422
        assert "Il manque son nom." in words(page)
        assert "Choisis où en est cette personne." in words(page)
        page = await rosa.post(path, {"who": "Ulysse", "level": "does"})
        assert page.status_code == 422
        assert "On ne connaît personne ici qui s’appelle « Ulysse »." in words(page)
        assert value(page.text, "who") == "Ulysse"


async def test_many_duties_and_turns_cost_no_more_queries(scene: Scene, db: Store) -> None:
    made = await make_duty(place_id=scene.cast.place)
    slot = await make_slot(place_id=scene.cast.place, duty_id=made)
    rosa = await scene.as_(scene.cast.rosa)

    async def queries_of(path: str) -> int:
        before = int(db.query_id)
        page = await rosa.get(path)
        assert page.status_code == 200
        return int(db.query_id) - before

    paths = ("/tours/roles", f"/tours/roles/{made}", f"/tours/roles/{made}/fin", f"/tours/{slot}/annulation")
    few = {path: await queries_of(path) for path in paths}
    for number in range(12):
        other = await make_duty(place_id=scene.cast.place, name=f"Rôle {number}")
        for member in (scene.cast.aicha, scene.cast.yann):
            await make_practice(duty_id=other, member_id=member)
        await scene.slot(duty_id=made, who=(scene.cast.karim,), starts_at=NOON + (2 + number) * DAY)
    for member in (scene.cast.aicha, scene.cast.yann, scene.cast.karim):
        await make_practice(duty_id=made, member_id=member)
    assert {path: await queries_of(path) for path in paths} == few
