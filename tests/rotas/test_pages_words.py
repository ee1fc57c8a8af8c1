"""What is said about a turn is true, and what undoes brings back what was: watching, every week, guests, swaps."""

from __future__ import annotations

import re

import pytest

from app.database import Store, run
from app.identity.states import Act
from rotas.commands import claim, free, propose_swap, watch
from rotas.states import Came, Level, SwapState
from tests.client import NOON, Browser, words
from tests.factories import make_member
from tests.people import make_cast
from tests.rotas.make import DAY, make_practice, make_weeks
from tests.rotas.reads import holders, holdings, swap
from tests.rotas.scene import TOMORROW, Scene
from tests.rotas.test_pages_acting import duty_of, undo


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


class TestWatching:
    async def watched(self, scene: Scene, *, people: int = 2) -> tuple[int, Browser]:
        """A turn that Aïcha has and can do, and the browser of Karim, who comes to watch."""
        slot_id = await scene.slot(people=people, who=(scene.cast.aicha,))
        await make_practice(duty_id=await duty_of(slot_id), member_id=scene.cast.aicha)
        await watch(actor=scene.cast.karim, slot_id=slot_id, now=NOON)
        return slot_id, await scene.as_(scene.cast.karim)

    async def came(self, scene: Scene, slot_id: int) -> list[str]:
        return [row["came"] for row in await holdings(slot_id, scene.cast.karim) if not row["went"]]

    @pytest.mark.parametrize("people", [1, 2])
    async def test_not_coming_is_undone_by_watching_again(self, scene: Scene, people: int) -> None:
        slot_id, karim = await self.watched(scene, people=people)
        await karim.post(f"/tours/{slot_id}/empechement", {"choice": "free"})
        page = await karim.get(f"/tours/{slot_id}")
        assert "C’est noté, tu ne viens plus regarder." in words(page)
        assert "la place est libre" not in words(page)
        assert await self.came(scene, slot_id) == []
        await undo(karim, page.text)
        assert await self.came(scene, slot_id) == [Came.WATCHES]

    async def test_so_it_is_when_sent_twice(self, scene: Scene) -> None:
        slot_id, karim = await self.watched(scene)
        for _ in range(2):
            await karim.post(f"/tours/{slot_id}/empechement", {"choice": "free"})
        await undo(karim, (await karim.get(f"/tours/{slot_id}")).text)
        assert await self.came(scene, slot_id) == [Came.WATCHES]

    async def test_the_form_speaks_of_watching(self, scene: Scene) -> None:
        slot_id, karim = await self.watched(scene)
        page = words(await karim.get(f"/tours/{slot_id}/empechement"))
        assert "Tu ne viens plus regarder ?" in page
        assert "Je ne viens plus regarder" in page
        for sentence in ("Elle est libre tout de suite", "Demander quelqu’un", "Proposer un échange", "Je libère"):
            assert sentence not in page, sentence
        rosa = await scene.as_(scene.cast.rosa)
        page = words(await rosa.get(f"/tours/{slot_id}/empechement?pour={scene.cast.karim}"))
        assert "Karim ne vient plus regarder ?" in page

    async def test_written_down_for_somebody_it_says_what_is_true(self, scene: Scene) -> None:
        slot_id, _ = await self.watched(scene)
        await free(actor=scene.cast.rosa, slot_id=slot_id, member_id=scene.cast.karim, now=NOON)
        (mail,) = [
            row
            for row in await run("select * from outbox where member_id = {} order by id", scene.cast.karim)
            if "ne viens plus" in row["subject"]
        ]
        assert "Rosa" in mail["body"]
        assert "reprends ton tour" not in mail["body"]

    async def test_not_at_hours_when_one_has_something_else(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        await make_practice(duty_id=await duty_of(slot_id), member_id=scene.cast.aicha)
        await scene.slot("Cuisine", who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        assert "Je viens regarder" not in words(await karim.get(f"/tours/{slot_id}"))
        answer = await karim.post(f"/tours/{slot_id}/prise", {"watch": "1"})
        assert answer.status_code == 409
        assert "À cette heure-là, tu as déjà « Cuisine »" in words(answer)
        assert await self.came(scene, slot_id) == []


class TestWhy:
    async def test_whoever_has_done_it_with_somebody_waits_for_one_who_can(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, needs_training=True)
        duty = await duty_of(slot_id)
        await make_practice(duty_id=duty, member_id=scene.cast.aicha)
        await make_practice(duty_id=duty, member_id=scene.cast.karim, level=Level.DID_WITH)
        page = words(await (await scene.as_(scene.cast.karim)).get(f"/tours/{slot_id}"))
        assert "Dès qu’une personne qui sait sera sur ce tour, tu pourras le prendre." in page
        assert "en regardant d’abord" not in page

    async def test_keys_and_powers_are_for_whom_somebody_has_met(self, scene: Scene) -> None:
        newcomer = await scene.as_(scene.cast.newcomer)
        tea = await scene.slot("Thé")
        for name, duty in (("Accueil", {"act": Act.REGISTER.value}), ("Clés", {"opens_place": True})):
            slot_id = await scene.slot(name, **duty)
            page = words(await newcomer.get(f"/tours/{slot_id}"))
            assert "Ce tour donne des clés ou un pouvoir : il faut d’abord" in page
            assert "Je prends ce tour" not in page
            answer = await newcomer.post(f"/tours/{slot_id}/prise")
            assert answer.status_code == 409
            assert "Ce tour donne des clés ou un pouvoir : il faut d’abord" in words(answer)
            assert await holders(slot_id) == []
        assert words(await newcomer.get("/tours")).count("Pour les membres déjà rencontrés ici") == 2
        assert (await newcomer.post(f"/tours/{tea}/prise")).status_code == 303

    async def test_one_is_not_spoken_to_by_ones_own_name(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        form = {"choice": "stand_in", "who": "Karim", "view": "cannot"}
        answer = await karim.post(f"/tours/{slot_id}/empechement", form)
        assert answer.status_code == 409
        assert "Ce tour est déjà à toi." in words(answer)
        assert "Karim a déjà ce tour" not in words(answer)


class TestGuests:
    async def test_two_of_one_first_name_both_come(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3)
        karim = await scene.as_(scene.cast.karim)
        for guests in (1, 2):
            page = (await karim.get(f"/tours/{slot_id}")).text
            found = re.search(r'name="once" value="(\w+)"', page)
            assert found is not None
            for _ in range(2):  # the same form sent twice is one guest
                await karim.post(f"/tours/{slot_id}/prise", {"first_name": "Lucie", "once": found[1]})
            assert await holders(slot_id) == [None] * guests

    async def test_a_form_that_comes_back_is_the_same(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/tours/{slot_id}/prise", {"first_name": " ", "once": "thisone"})
        assert answer.status_code == 422
        assert 'name="once" value="thisone"' in answer.text


class TestSwaps:
    async def proposed(self, scene: Scene, *holders_of_it: int) -> tuple[int, int]:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.karim,))
        wanted = await scene.slot("Cuisine", people=3, who=holders_of_it, starts_at=TOMORROW + DAY)
        made = await propose_swap(
            actor=cast.karim, slot_id=slot_id, member_id=cast.karim, wanted_slot_id=wanted, now=NOON
        )
        return slot_id, made

    async def test_whoever_alone_has_the_wanted_turn_may_say_no(self, scene: Scene) -> None:
        slot_id, made = await self.proposed(scene, scene.cast.aicha)
        aicha = await scene.as_(scene.cast.aicha)
        page = words(await aicha.get(f"/tours/{slot_id}"))
        assert "Tu donnes : Cuisine, jeudi 26 novembre à 12 h." in page
        assert "Tu prends : Accueil, mercredi 25 novembre à 12 h." in page
        assert "Non, je ne peux pas" in page
        assert (await aicha.post(f"/tours/echanges/{made}/reponse", {"yes": "0"})).status_code == 303
        assert (await swap(made))["state"] == SwapState.WITHDRAWN

    async def test_of_several_nobody_has_to_answer(self, scene: Scene) -> None:
        slot_id, made = await self.proposed(scene, scene.cast.aicha, scene.cast.yann)
        aicha = await scene.as_(scene.cast.aicha)
        page = words(await aicha.get(f"/tours/{slot_id}"))
        assert "Non, je ne peux pas" not in page
        assert "tu n’as rien à répondre" in page
        assert (await aicha.post(f"/tours/echanges/{made}/reponse", {"yes": "0"})).status_code == 409
        assert (await swap(made))["state"] == SwapState.OPEN


class TestEveryWeek:
    async def test_a_week_given_up_is_not_said_to_be_ones_own(self, scene: Scene) -> None:
        _, slots = await make_weeks(place_id=scene.cast.place, people=2)
        await claim(actor=scene.cast.karim, slot_id=slots[0], now=NOON)
        await free(actor=scene.cast.karim, slot_id=slots[0], member_id=scene.cast.karim, now=NOON)
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        assert "3 tours à venir sont à toi, mais pas celui-ci." in words(await karim.get(f"/tours/{slots[0]}"))
        assert await holders(slots[0]) == []

    async def test_no_more_is_undone_on_the_page_where_it_was_said(self, scene: Scene) -> None:
        _, slots = await make_weeks(place_id=scene.cast.place, people=2)
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/tours/{slots[0]}/prise", {"weekly": "1"})
        await karim.post(f"/tours/{slots[2]}/chaque-semaine/fin")
        where = await undo(karim, (await karim.get(f"/tours/{slots[2]}")).text)
        assert where == f"/tours/{slots[2]}"
        assert [await holders(each) for each in slots] == [[scene.cast.karim]] * 4

    async def test_whoever_did_not_hold_it_reads_so(self, scene: Scene) -> None:
        _, slots = await make_weeks(place_id=scene.cast.place)
        karim = await scene.as_(scene.cast.karim)
        assert (await karim.post(f"/tours/{slots[0]}/chaque-semaine/fin")).status_code == 303
        page = words(await karim.get(f"/tours/{slots[0]}"))
        assert "Tu ne tiens pas ce tour chaque semaine : rien ne change." in page
        assert "J’annule" not in page


class TestAttesting:
    @pytest.mark.parametrize(("level", "thanks"), [(Level.DOES, False), (Level.TEACHES, True)])
    async def test_thanks_for_teaching_and_only_whom_a_mail_reaches_is_told(
        self, scene: Scene, level: Level, thanks: bool
    ) -> None:
        slot_id = await scene.slot()
        duty = f"/tours/roles/{await duty_of(slot_id)}"
        germaine = await make_member(name="Germaine", place_id=scene.cast.place, email=None)
        rosa = await scene.as_(scene.cast.rosa)
        for member, told in ((scene.cast.karim, True), (germaine, False)):
            form = {"member": str(member), "level": level.value}
            assert (await rosa.post(f"{duty}/savoir-faire", form)).status_code == 303
            page = words(await rosa.get(duty))
            assert ("merci de transmettre" in page) is thanks
            assert ("La personne est prévenue." in page) is told
