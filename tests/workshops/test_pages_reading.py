"""The doors of a reading when things move meanwhile: what was read is answered, and what was asked is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import Store, run, transaction
from app.identity.tables import Membership, Room
from tests.client import words
from tests.people import make_cast
from tests.workshops.reads import mails, workshop
from tests.workshops.test_pages import FORM, Scene
from workshops import commands, jobs
from workshops.states import State

ASKED = {"decision": "send_back", "reason": "Le salon est en travaux.", "way_out": "Le jeudi.", "version": "1"}


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def sent_back(scene: Scene) -> int:
    """Samira's proposal, to which Hélène asks for a change."""
    workshop_id = await scene.proposed()
    helene = await scene.as_(scene.cast.helene)
    assert (await helene.post(f"/mediation/ateliers/{workshop_id}", ASKED)).status_code == 303
    return workshop_id


async def contested(scene: Scene) -> int:
    """The same, which Samira contests."""
    workshop_id = await sent_back(scene)
    now = scene.world.now
    await commands.contest(actor=scene.cast.samira, workshop_id=workshop_id, word="C’est le bon jour.", now=now)
    return workshop_id


async def without_another(scene: Scene) -> None:
    """Hélène alone mediates."""
    async with transaction():
        await Membership.update({Membership.mediator: False}).where(Membership.member_id == scene.cast.bruno)


async def drawn(workshop_id: int) -> list[int]:
    rows = await run("select member_id from juror where workshop_id = {} order by id", workshop_id)
    return [row["member_id"] for row in rows]


async def wished(scene: Scene) -> int:
    """Yann's proposal, who would like the salon, which is taken."""
    yann = await scene.as_(scene.cast.yann)
    form = {**FORM, "title": "Autre", "room": str(scene.cast.salon), "keep_room_wish": "1"}
    answer = await yann.post("/ateliers", form)
    assert answer.status_code == 303
    workshop_id = int(answer.headers["location"].rsplit("/", 1)[1])
    assert (await workshop(workshop_id))["wished_room_id"] == scene.cast.salon
    return workshop_id


class TestWhatWasAsked:
    async def test_no_change_is_asked_without_a_way_out(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        helene = await scene.as_(scene.cast.helene)
        answer = await helene.post(f"/mediation/ateliers/{workshop_id}", {**ASKED, "way_out": ""})
        assert answer.status_code == 422
        assert "Dis aussi ce qui conviendrait" in words(answer)
        assert "Le salon est en travaux." in answer.text
        assert await scene.state(workshop_id) is State.PROPOSED

    async def test_whoever_reads_reads_all_that_will_appear(self, scene: Scene) -> None:
        made = await scene.proposed(bring="Un stylo bleu", children="1", step_free="1")
        page = words(await (await scene.as_(scene.cast.bruno)).get(f"/mediation/ateliers/{made}"))
        for said in ("Un stylo bleu", "Enfants bienvenus.", "Accessible sans marche."):
            assert said in page

    async def test_whoever_reads_a_contest_reads_what_was_asked(self, scene: Scene) -> None:
        workshop_id = await contested(scene)
        page = words(await (await scene.as_(scene.cast.bruno)).get(f"/mediation/ateliers/{workshop_id}"))
        for said in ("Le salon est en travaux.", "Le jeudi.", "C’est le bon jour."):
            assert said in page

    async def test_the_drawn_read_it_too(self, scene: Scene) -> None:
        await without_another(scene)
        workshop_id = await contested(scene)
        juror = await scene.as_((await drawn(workshop_id))[0])
        page = words(await juror.get(f"/ateliers/{workshop_id}"))
        for said in ("Le salon est en travaux.", "Le jeudi.", "C’est le bon jour.", "Il peut paraître"):
            assert said in page

    async def test_who_reads_what_is_blocked_reads_why(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        path = f"/mediation/ateliers/{workshop_id}"
        bruno = await scene.as_(scene.cast.bruno)
        said = {"decision": "block", "reason": "Deux groupes se disputent.", "version": "1"}
        assert (await bruno.post(path, said)).status_code == 303
        assert "Deux groupes se disputent." in words(await (await scene.as_(scene.cast.helene)).get(path))

    async def test_who_answers_second_finds_their_words_again(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        path = f"/mediation/ateliers/{workshop_id}"
        await (await scene.as_(scene.cast.bruno)).post(path, {"decision": "approve", "version": "1"})
        answer = await (await scene.as_(scene.cast.helene)).post(path, ASKED)
        assert answer.status_code == 409
        assert "Le salon est en travaux." in words(answer)


class TestWhatWasRead:
    async def test_nobody_says_yes_to_what_was_added_meanwhile(self, scene: Scene) -> None:
        workshop_id = await scene.proposed(needs="flame")
        samira, rosa = await scene.as_(scene.cast.samira), await scene.as_(scene.cast.rosa)
        assert 'name="version" value="1"' in (await rosa.get(f"/ateliers/{workshop_id}")).text
        more = {**FORM, "room": str(scene.cast.salon), "needs": ["flame", "minors"], "version": "1"}
        assert (await samira.post(f"/ateliers/{workshop_id}/modifier", more)).status_code == 303
        answer = await rosa.post(f"/ateliers/{workshop_id}/oui", {"version": "1"})
        assert answer.status_code == 409
        assert (await workshop(workshop_id))["yes_at"] is None
        assert (await rosa.post(f"/ateliers/{workshop_id}/oui", {"version": "2"})).status_code == 303

    async def test_the_bureau_is_told_of_a_need_that_comes_later(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        assert not await mails(to=scene.cast.rosa)
        samira = await scene.as_(scene.cast.samira)
        more = {**FORM, "room": str(scene.cast.salon), "needs": "flame", "version": "1"}
        assert (await samira.post(f"/ateliers/{workshop_id}/modifier", more)).status_code == 303
        assert len(await mails(to=scene.cast.rosa)) == 1

    async def test_nothing_is_blocked_that_changed_meanwhile(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        samira, bruno = await scene.as_(scene.cast.samira), await scene.as_(scene.cast.bruno)
        changed = {**FORM, "room": str(scene.cast.salon), "title": "On se relit", "version": "1"}
        assert (await samira.post(f"/ateliers/{workshop_id}/modifier", changed)).status_code == 303
        said = {"decision": "block", "reason": "Ce titre.", "version": "1"}
        answer = await bruno.post(f"/mediation/ateliers/{workshop_id}", said)
        assert answer.status_code == 409
        assert "Ce titre." in answer.text
        assert (await workshop(workshop_id))["blocked_at"] is None

    async def test_an_edit_that_comes_second_keeps_its_text_and_is_meant_when_sent_again(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        samira = await scene.as_(scene.cast.samira)
        path = f"/ateliers/{workshop_id}/modifier"
        form = {**FORM, "room": str(scene.cast.salon), "version": "1"}
        assert (await samira.post(path, {**form, "title": "Le premier"})).status_code == 303
        second = await samira.post(path, {**form, "title": "Le second"})
        assert second.status_code == 422
        assert "a changé pendant que tu lisais" in words(second)
        assert "Le second" in second.text
        assert 'name="version" value="2"' in second.text
        assert (await samira.post(path, {**form, "title": "Le second", "version": "2"})).status_code == 303

    async def test_what_is_put_back_is_what_was_read_however_often_it_is_edited(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        samira, helene = await scene.as_(scene.cast.samira), await scene.as_(scene.cast.helene)
        form = {**FORM, "room": str(scene.cast.salon)}
        await samira.post(f"/ateliers/{workshop_id}/modifier", {**form, "title": "Un autre", "version": "1"})
        scene.world.later(hours=47)
        assert (await helene.post(f"/mediation/ateliers/{workshop_id}/relecture")).status_code == 303
        scene.world.later(hours=2)
        await samira.post(f"/ateliers/{workshop_id}/modifier", {**form, "title": "Encore un", "version": "2"})
        back = await helene.post(f"/mediation/ateliers/{workshop_id}", {**ASKED, "version": "3"})
        assert back.status_code == 303
        assert (await workshop(workshop_id))["title"] == "On se relit nos CV"


class TestSentBack:
    async def test_it_is_changed_and_proposed_again_or_neither(self, scene: Scene) -> None:
        workshop_id = await sent_back(scene)
        scene.world.later(days=17, hours=-3)  # five hours before the start
        samira = await scene.as_(scene.cast.samira)
        path = f"/ateliers/{workshop_id}/modifier"
        form = {**FORM, "room": str(scene.cast.salon), "title": "Un autre", "version": "1"}
        scene.world.later(hours=2)  # too near to be read
        refused = await samira.post(path, form)
        assert refused.status_code == 422
        assert "C’est trop tôt" in words(refused)
        row = await workshop(workshop_id)
        assert (row["state"], row["version"], row["title"]) == ("sent_back", 1, "On se relit nos CV")
        assert (await samira.post(path, {**form, "day": "2026-12-18"})).status_code == 303
        row = await workshop(workshop_id)
        assert (row["state"], row["title"]) == ("proposed", "Un autre")

    async def test_a_room_that_is_no_longer_used_does_not_hold_it_up(self, scene: Scene) -> None:
        workshop_id = await sent_back(scene)
        async with transaction():
            await Room.update({Room.retired_at: scene.world.now}).where(Room.id == scene.cast.salon)
        samira = await scene.as_(scene.cast.samira)
        assert (await samira.post(f"/ateliers/{workshop_id}/proposition")).status_code == 303
        assert (await workshop(workshop_id))["room_id"] is None


class TestRooms:
    async def test_a_wished_room_that_is_no_longer_used_is_not_given(self, scene: Scene) -> None:
        cast, now = scene.cast, scene.world.now
        first = await scene.published()
        wishing = await wished(scene)
        await commands.cancel(actor=cast.samira, workshop_id=first, reason="Une panne.", now=now)
        async with transaction():
            await Room.update({Room.retired_at: now}).where(Room.id == cast.salon)
        assert await jobs.room_to_find(now) == 0
        await commands.decide(actor=cast.bruno, workshop_id=wishing, decision="approve", version=1, now=now)
        row = await workshop(wishing)
        assert (row["state"], row["room_id"]) == ("published", None)

    async def test_the_drawn_go_on_ruling_when_the_wished_room_comes_free(self, scene: Scene) -> None:
        await without_another(scene)
        cast, now = scene.cast, scene.world.now
        first = await scene.published()
        wishing = await wished(scene)
        helene = await scene.as_(cast.helene)
        assert (await helene.post(f"/mediation/ateliers/{wishing}", ASKED)).status_code == 303
        await commands.contest(actor=cast.yann, workshop_id=wishing, word="Si.", now=now)
        await commands.cancel(actor=cast.samira, workshop_id=first, reason="Une panne.", now=now)
        assert await jobs.room_to_find(now) == 1
        jurors = await drawn(wishing)
        assert len(jurors) == 3
        for member in jurors[:2]:
            browser = await scene.as_(member)
            assert (await browser.post(f"/ateliers/{wishing}/vote", {"vote": "publish"})).status_code == 303
        row = await workshop(wishing)
        assert (row["state"], row["room_id"], row["decided_how"]) == ("published", cast.salon, "drawn")


class TestVotes:
    async def test_the_vote_that_settles_it_sent_twice_is_once(self, scene: Scene) -> None:
        await without_another(scene)
        workshop_id = await contested(scene)
        first, second, third = await drawn(workshop_id)
        await (await scene.as_(first)).post(f"/ateliers/{workshop_id}/vote", {"vote": "send_back"})
        browser = await scene.as_(second)
        for _ in range(2):
            answer = await browser.post(f"/ateliers/{workshop_id}/vote", {"vote": "send_back"})
            assert answer.status_code == 303
        assert await scene.state(workshop_id) is State.SENT_BACK
        late = await (await scene.as_(third)).post(f"/ateliers/{workshop_id}/vote", {"vote": "publish"})
        assert late.status_code == 409
        assert "déjà réglé" in words(late)
        page = words(await (await scene.as_(scene.cast.samira)).get(f"/ateliers/{workshop_id}"))
        assert "Les membres tirés au sort demandent un changement" in page


class TestDrafts:
    async def test_whoever_is_asked_to_host_learns_of_a_draft_when_it_is_proposed(self, scene: Scene) -> None:
        workshop_id = await scene.proposed(draft="1", cohosts="Yann", title="Un secret")
        yann = await scene.as_(scene.cast.yann)
        assert (await yann.get(f"/ateliers/{workshop_id}")).status_code == 404
        assert "Un secret" not in words(await yann.get("/ateliers"))
        assert "Un secret" not in words(await yann.get("/recherche?q=secret"))
        await commands.submit(actor=scene.cast.samira, workshop_id=workshop_id, now=scene.world.now)
        assert (await yann.get(f"/ateliers/{workshop_id}")).status_code == 200
        assert "Un secret" in words(await yann.get("/ateliers"))

    async def test_nor_of_a_draft_whose_day_has_passed(self, scene: Scene) -> None:
        workshop_id = await scene.proposed(draft="1", cohosts="Yann", title="Un secret")
        await jobs.lapse_past(scene.world.later(days=30))
        assert await scene.state(workshop_id) is State.LAPSED
        yann = await scene.as_(scene.cast.yann)
        assert (await yann.get(f"/ateliers/{workshop_id}")).status_code == 404
        assert "Un secret" not in words(await yann.get("/recherche?q=secret"))


class TestUnderWay:
    async def test_a_session_that_has_begun_can_still_change_its_room(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        scene.world.now += timedelta(days=17, hours=2, minutes=30)
        samira = await scene.as_(scene.cast.samira)
        moved = {**FORM, "room": str(scene.cast.back_room), "version": "1"}
        assert (await samira.post(f"/ateliers/{workshop_id}/modifier", moved)).status_code == 303
        assert (await workshop(workshop_id))["room_id"] == scene.cast.back_room
