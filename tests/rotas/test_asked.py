"""What one is asked in person stands above one's own dates, and first on the turn's own page; and who is shown how far
they are."""

from __future__ import annotations

from typing import Any

import pytest

from app.database import Store, transaction
from rotas.commands.giving_up import ask_stand_in, propose_swap, withdraw_swap
from rotas.states import Level
from rotas.tables import Duty
from tests.client import NOON, words
from tests.people import Cast
from tests.rotas.make import make_duty, make_practice
from tests.rotas.scene import HOUR, TOMORROW, Scene

OWN = ("/", "/agenda", "/mes-rendez-vous")


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return Scene(cast)


class TestAskedInPerson:
    async def test_who_is_asked_to_come_reads_it_above_their_dates_until_it_is_over(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot("Accueil", people=1, who=(cast.aicha,))
        me: dict[str, Any] = {"actor": cast.aicha, "slot_id": slot_id, "member_id": cast.aicha, "now": NOON}
        swap_id = await ask_stand_in(to_member=cast.karim, **me)
        karim, samira = await scene.as_(cast.karim), await scene.as_(cast.samira)
        asked = "Aïcha te demande de venir à sa place : « Accueil » Mercredi 25 novembre à 12 h Je réponds"
        for path in OWN:
            page = await karim.get(path)
            assert asked in words(page)
            assert f'href="/tours/{slot_id}#echanges"' in page.text
            assert "à sa place" not in words(await samira.get(path))
        await withdraw_swap(actor=cast.aicha, swap_id=swap_id, now=NOON)
        for path in OWN:
            assert "à sa place" not in words(await karim.get(path))
        await ask_stand_in(to_member=cast.karim, **me)
        scene.world.now = TOMORROW + HOUR
        assert "à sa place" not in words(await karim.get("/agenda")), "the turn has begun"

    async def test_whose_turn_is_wanted_too_and_whom_nobody_has_met_reads_no_name(self, scene: Scene) -> None:
        cast = scene.cast
        given = await scene.slot("Accueil", people=1, who=(cast.aicha,))
        wanted = await scene.slot("Café", people=1, who=(cast.newcomer,), starts_at=TOMORROW + 3 * HOUR)
        await propose_swap(actor=cast.aicha, slot_id=given, member_id=cast.aicha, wanted_slot_id=wanted, now=NOON)
        page = await (await scene.as_(cast.newcomer)).get("/agenda")
        assert "Quelqu’un te propose un échange : « Accueil »" in words(page)
        assert "Aïcha" not in page.text

    async def test_it_costs_one_question_after_a_write_and_none_between_two(self, scene: Scene, db: Store) -> None:
        cast = scene.cast
        karim = await scene.as_(cast.karim)
        fresh: list[int] = []
        kept: list[int] = []
        for number in range(4):
            slot_id = await scene.slot(
                f"Rôle {number}", people=1, who=(cast.aicha,), starts_at=TOMORROW + number * 3 * HOUR
            )
            await ask_stand_in(actor=cast.aicha, slot_id=slot_id, member_id=cast.aicha, to_member=cast.karim, now=NOON)
            for counted in (fresh, kept):
                before = db.query_id
                page = words(await karim.get("/agenda"))
                counted.append(db.query_id - before)
                assert page.count("à sa place") == 2 * (number + 1), "read, and heard"
        assert len(set(fresh[1:])) == len(set(kept)) == 1
        assert kept[0] < fresh[1]

    async def test_the_question_is_the_first_thing_on_the_turns_page(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot("Accueil", people=1, who=(cast.aicha,))
        await ask_stand_in(actor=cast.aicha, slot_id=slot_id, member_id=cast.aicha, to_member=cast.karim, now=NOON)
        page = words(await (await scene.as_(cast.karim)).get(f"/tours/{slot_id}"))
        assert page.index("te demande si tu peux") < page.index("C’est complet") < page.index("En bref")


class TestHowFarOneIs:
    @pytest.mark.parametrize("page", ["/tours/{slot}", "/tours/roles/{duty}"])
    async def test_only_where_it_is_learnt_or_one_has_begun_to(self, scene: Scene, page: str) -> None:
        cast = scene.cast
        duty = await make_duty(place_id=cast.place)
        slot_id = await scene.slot(duty_id=duty)
        path = page.format(slot=slot_id, duty=duty)
        karim, samira = await scene.as_(cast.karim), await scene.as_(cast.samira)
        assert "Où tu en es" not in words(await karim.get(path))
        await make_practice(duty_id=duty, member_id=cast.karim, level=Level.WATCHED)
        assert "Où tu en es" in words(await karim.get(path))
        assert "Où tu en es" not in words(await samira.get(path))
        async with transaction():
            await Duty.update({Duty.needs_training: True}).where(Duty.id == duty)
        assert "Où tu en es" in words(await samira.get(path))
