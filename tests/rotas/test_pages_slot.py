"""One turn's page for each reader, and the sheet of a day."""

from __future__ import annotations

import re

import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from rotas.commands.claiming import claim, claim_for_guest
from rotas.commands.giving_up import ask_stand_in
from rotas.facts import slot_of
from rotas.states import Level
from tests.client import NOON, words
from tests.factories import make_member, make_place
from tests.people import make_cast
from tests.rotas.make import DAY, make_practice
from tests.rotas.scene import HOUR, TOMORROW, Scene


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


class TestOneTurn:
    async def test_what_one_does_when_where_and_what_it_allows(self, scene: Scene) -> None:
        slot_id = await scene.slot(
            "Caisse", people=1, act=Act.TAKE_CASH.value, adults_only=True, room_id=scene.cast.salon
        )
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}"))
        for sentence in (
            "Caisse Mercredi 25 novembre, de 12 h à 14 h",
            "On ouvre, on dit bonjour.",
            "Salon, Les Tanneurs, 14 rue des Tanneurs",
            "Tenir la caisse, de 11 h 30 à 15 h",
            "À partir de 18 ans",
            "Il manque une personne",
            "Je prends ce tour",
            "Personne pour l’instant.",
        ):
            assert sentence in page, sentence

    async def test_it_is_marked_for_programs(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3, who=(scene.cast.aicha,))
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}")
        assert f'data-id="{slot_id}" data-state="open" data-seats-left="2"' in page.text

    async def test_who_is_there(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3, who=(scene.cast.aicha,))
        await claim_for_guest(actor=scene.cast.karim, slot_id=slot_id, first_name="Ali", now=NOON)
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}"))
        assert "Qui est là A Aïcha A Ali sans compte Libérer sa place" in page

    @pytest.mark.parametrize("who", ["visitor", "newcomer", "stranger"])
    async def test_others_read_how_many_and_no_name(self, scene: Scene, who: str) -> None:
        slot_id = await scene.slot(people=3, who=(scene.cast.aicha,))
        await ask_stand_in(actor=scene.cast.aicha, slot_id=slot_id, member_id=scene.cast.aicha, word="Zut", now=NOON)
        if who == "visitor":
            browser = scene.world.browser(Accept_Language="fr")
        elif who == "newcomer":
            browser = await scene.as_(scene.cast.newcomer)
        else:
            elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
            stranger = await make_member(name="Zoé", place_id=elsewhere)
            browser = await scene.world.browser_of(stranger, place_id=elsewhere)
        page = await browser.get(f"/tours/{slot_id}")
        assert "Il manque 2 personnes" in words(page)
        assert "1 personne." in words(page)
        assert "Aïcha" not in page.text
        assert "Zut" not in page.text
        if who == "visitor":
            assert f'href="/connexion?suite=/tours/{slot_id}"' in page.text
        if who == "stranger":
            assert "Les tours sont pris par les membres de ce lieu." in words(page)

    async def test_of_a_past_day_no_name_is_left(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,), starts_at=NOON - 3 * HOUR)
        karim = await scene.as_(scene.cast.karim)
        assert "Aïcha" in (await karim.get(f"/tours/{slot_id}")).text
        scene.world.later(days=1)
        page = await karim.get(f"/tours/{slot_id}")
        assert "C’est passé" in words(page)
        assert "1 personne." in words(page)
        assert "Aïcha" not in page.text
        assert "<form" not in page.text[page.text.index("<article") : page.text.index("</article>")]

    async def test_one_that_is_off_says_so(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        async with transaction():
            await run("update rota_slot set state = 'cancelled' where id = {}", slot_id)
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}")
        assert "Ce tour n’a plus lieu" in words(page)
        assert 'data-state="cancelled"' in page.text
        assert "Je prends ce tour" not in words(page)

    async def test_one_that_never_was(self, scene: Scene) -> None:
        for path in ("/tours/99", "/tours/0"):
            assert (await scene.world.browser().get(path)).status_code == 404

    async def test_how_far_one_is_in_learning_it(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        karim = await scene.as_(scene.cast.karim)
        steps = re.compile(r'<li class="done"><b>.*?</svg> (.*?)</b>')
        assert steps.findall((await karim.get(f"/tours/{slot_id}")).text) == []
        duty = (await slot_of(slot_id, now=NOON))["duty_id"]
        await make_practice(duty_id=duty, member_id=scene.cast.karim, level=Level.DID_WITH)
        assert steps.findall((await karim.get(f"/tours/{slot_id}")).text) == ["Regarder", "Faire avec"]

    async def test_the_question_is_only_asked_of_whoever_may_take_it(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}?question=1"))
        assert "quand même" not in page
        assert "C’est complet" in page


class TestTheSheetOfADay:
    async def test_who_when_and_a_line_for_each_free_place(self, scene: Scene) -> None:
        await scene.slot("Accueil", people=3, who=(scene.cast.aicha,))
        await scene.slot("Cuisine", people=1, who=(scene.cast.yann,), starts_at=TOMORROW - 2 * HOUR)
        await scene.slot("Vaisselle", starts_at=TOMORROW + DAY)
        page = await (await scene.as_(scene.cast.karim)).get("/tours/jour?jour=2026-11-25")
        said = words(page)
        assert "Mercredi 25 novembre À qui le tour ?" in said
        assert said.index("10 h – 12 h Cuisine Yann") < said.index("12 h – 14 h Accueil Aïcha")
        assert page.text.count('class="blank"') == 2
        assert "Il manque 2 personnes. Écris ton prénom" in said
        assert "On la jette mercredi soir." in said
        assert "Vaisselle" not in said
        assert 'data-ink="colour"' in page.text

    async def test_in_black(self, scene: Scene) -> None:
        await scene.slot()
        page = await (await scene.as_(scene.cast.karim)).get("/tours/jour?jour=2026-11-25&encre=noir")
        assert 'data-ink="black"' in page.text
        assert "jour=2026-11-26&amp;encre=noir" in page.text

    async def test_today_without_a_day_and_never_a_day_that_is_over(self, scene: Scene) -> None:
        await scene.slot("Hier", people=1, who=(scene.cast.aicha,), starts_at=NOON - DAY)
        karim = await scene.as_(scene.cast.karim)
        for query in ("", "?jour=2026-11-23", "?jour=rien", "?jour=0001-01-01"):
            page = words(await karim.get(f"/tours/jour{query}"))
            assert "Mardi 24 novembre" in page
            assert "Aïcha" not in page
            assert "Pas de tour ce jour-là." in page

    async def test_it_is_for_whoever_is_shown_names(self, scene: Scene) -> None:
        await scene.slot()
        assert (await (await scene.as_(scene.cast.newcomer)).get("/tours/jour")).status_code == 404
        visitor = await scene.world.browser().get("/tours/jour")
        assert (visitor.status_code, visitor.headers["location"]) == (303, "/connexion?suite=/tours/jour")

    async def test_a_long_day_goes_on_on_another_sheet(self, scene: Scene) -> None:
        for number in range(30):
            await scene.slot(f"Rôle {number:02}", starts_at=TOMORROW + number * HOUR / 10)
        page = await (await scene.as_(scene.cast.karim)).get("/tours/jour?jour=2026-11-25")
        assert page.text.count("<article") == 3
        assert [f"Rôle {number:02}" for number in range(30) if f"Rôle {number:02}" not in page.text] == []

    async def test_a_quiet_place_says_nothing_of_lack(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        await scene.quiet()
        await claim(actor=scene.cast.aicha, slot_id=slot_id, now=NOON)
        assert "manque" not in words(await (await scene.as_(scene.cast.karim)).get("/tours/jour?jour=2026-11-25"))
