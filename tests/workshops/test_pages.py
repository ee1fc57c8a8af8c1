"""The doors of workshops over HTTP: who gets in, what is shown, what is refused, and that twice is once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.database import Store, run, transaction
from tests.client import Browser, World, words
from tests.factories import make_member, make_place
from tests.people import Cast, make_cast
from workshops import commands, jobs, views
from workshops.states import State

FORM = {
    "title": "On se relit nos CV",
    "format": "cv_troc",
    "summary": "On lit, on dit ce qui accroche.",
    "day": "2026-12-11",
    "from": "14:00",
    "to": "15:30",
    "capacity": "12",
}


class Scene:
    """The cast, the application, and a browser for each person."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.world = World()

    async def as_(self, member_id: int) -> Browser:
        return await self.world.browser_of(member_id, place_id=self.cast.place)

    async def proposed(self, **changes: str) -> int:
        """A proposal by Samira."""
        browser = await self.as_(self.cast.samira)
        answer = await browser.post("/ateliers", {**FORM, "room": str(self.cast.salon), **changes})
        assert answer.status_code == 303, words(answer)
        return int(answer.headers["location"].rsplit("/", 1)[1])

    async def published(self, **changes: str) -> int:
        workshop_id = await self.proposed(**changes)
        await commands.decide(
            actor=self.cast.helene,
            workshop_id=workshop_id,
            decision="approve",
            reason="",
            way_out="",
            version=1,
            now=self.world.now,
        )
        return workshop_id

    async def state(self, workshop_id: int) -> State:
        (row,) = await run("select state from workshop where id = {}", workshop_id)
        return State(row["state"])


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


class TestProposing:
    async def test_it_shows_the_form_and_keeps_a_proposal(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.samira)
        assert "Qu’est-ce qu’on fait ensemble" in words(await browser.get("/ateliers/nouveau"))
        workshop_id = await scene.proposed()
        page = await browser.get(f"/ateliers/{workshop_id}")
        assert "Sans réponse, c’est oui" in words(page)
        assert 'data-state="proposed"' in page.text

    async def test_the_same_form_twice_is_one_workshop(self, scene: Scene) -> None:
        assert await scene.proposed(once="abc") == await scene.proposed(once="abc")
        assert len(await run("select id from workshop")) == 1

    async def test_faults_come_back_beside_their_fields(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.samira)
        answer = await browser.post("/ateliers", {**FORM, "capacity": "2", "title": ""})
        assert answer.status_code == 422
        assert "Il faut au moins 6 places. Tu as écrit 2." in words(answer)
        assert "Il reste 2 choses à voir" in words(answer)
        assert "On lit, on dit ce qui accroche." in answer.text
        assert not await run("select id from workshop")

    async def test_a_taken_room_is_said_with_what_repairs_it(self, scene: Scene) -> None:
        await scene.published()
        browser = await scene.as_(scene.cast.yann)
        taken = {**FORM, "title": "Autre chose", "room": str(scene.cast.salon), "from": "15:00", "to": "16:30"}
        answer = await browser.post("/ateliers", taken)
        assert answer.status_code == 422
        assert "Prendre : Salle du fond" in words(answer)
        assert 'name="shift"' in answer.text
        again = await browser.post("/ateliers", {**taken, "keep_room_wish": "1"})
        assert again.status_code == 303
        (row,) = await run("select room_id, wished_room_id from workshop where title = {}", "Autre chose")
        assert (row["room_id"], row["wished_room_id"]) == (None, scene.cast.salon)

    async def test_free_rooms_are_shown_on_wish_and_nothing_is_written(self, scene: Scene) -> None:
        await scene.published()
        browser = await scene.as_(scene.cast.yann)
        answer = await browser.post("/ateliers", {**FORM, "look": "1"})
        assert answer.status_code == 200
        assert "prise à cette heure" in words(answer)
        assert len(await run("select id from workshop")) == 1

    async def test_a_mediator_finds_the_door_closed_here_and_open_elsewhere(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.helene)
        assert (await browser.get("/ateliers/nouveau")).status_code == 403
        assert (await browser.post("/ateliers", FORM)).status_code == 403
        assert not await run("select id from workshop")

    async def test_a_visitor_signs_in_first(self, scene: Scene) -> None:
        answer = await scene.world.browser().get("/ateliers/nouveau")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/connexion?suite=/ateliers/nouveau"

    async def test_a_draft_is_its_authors_alone(self, scene: Scene) -> None:
        workshop_id = await scene.proposed(draft="1")
        for member in (scene.cast.yann, scene.cast.helene, scene.cast.rosa):
            assert (await (await scene.as_(member)).get(f"/ateliers/{workshop_id}")).status_code == 404
        assert (await scene.world.browser().get(f"/ateliers/{workshop_id}")).status_code == 404

    async def test_an_invited_cohost_says_yes(self, scene: Scene) -> None:
        workshop_id = await scene.proposed(cohosts="Yann")
        yann = await scene.as_(scene.cast.yann)
        assert "On t’invite à animer" in words(await yann.get(f"/ateliers/{workshop_id}"))
        assert (await yann.post(f"/ateliers/{workshop_id}/invitation", {"answer": "yes"})).status_code == 303
        rows = await run("select member_id from host where workshop_id = {} and state = 'hosting'", workshop_id)
        assert {row["member_id"] for row in rows} == {scene.cast.samira, scene.cast.yann}

    async def test_a_name_that_nobody_has_is_a_fault_of_the_field(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.samira)
        answer = await browser.post("/ateliers", {**FORM, "cohosts": "Zorro"})
        assert answer.status_code == 422
        assert "On ne connaît personne ici qui s’appelle « Zorro »" in words(answer)


class TestReading:
    async def test_a_mediator_agrees_and_everybody_sees_it(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        helene = await scene.as_(scene.cast.helene)
        assert "Ta réponse" in words(await helene.get(f"/mediation/ateliers/{workshop_id}"))
        answer = await helene.post(f"/mediation/ateliers/{workshop_id}", {"decision": "approve", "version": "1"})
        assert answer.status_code == 303
        visitor = await scene.world.browser().get(f"/ateliers/{workshop_id}")
        assert visitor.status_code == 200
        assert "Samira" not in words(visitor)

    async def test_a_change_is_asked_with_a_reason_that_the_author_reads(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        helene = await scene.as_(scene.cast.helene)
        path = f"/mediation/ateliers/{workshop_id}"
        without = await helene.post(path, {"decision": "send_back", "version": "1"})
        assert without.status_code == 422
        said = {"decision": "send_back", "version": "1", "reason": "Le salon est en travaux.", "way_out": "Le jeudi."}
        assert (await helene.post(path, said)).status_code == 303
        page = words(await (await scene.as_(scene.cast.samira)).get(f"/ateliers/{workshop_id}"))
        assert "Le salon est en travaux." in page
        assert "Le jeudi." in page

    async def test_a_version_that_was_not_read_is_refused(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        samira = await scene.as_(scene.cast.samira)
        changed = {**FORM, "room": str(scene.cast.salon), "title": "On se relit", "version": "1"}
        assert (await samira.post(f"/ateliers/{workshop_id}/modifier", changed)).status_code == 303
        helene = await scene.as_(scene.cast.helene)
        answer = await helene.post(f"/mediation/ateliers/{workshop_id}", {"decision": "approve", "version": "1"})
        assert answer.status_code == 409
        assert await scene.state(workshop_id) is State.PROPOSED

    async def test_two_mediators_at_once_one_decides_the_other_is_told(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        path = f"/mediation/ateliers/{workshop_id}"
        first = await (await scene.as_(scene.cast.helene)).post(path, {"decision": "approve", "version": "1"})
        second = await (await scene.as_(scene.cast.bruno)).post(
            path, {"decision": "send_back", "reason": "Non", "way_out": "Plus tard", "version": "1"}
        )
        assert (first.status_code, second.status_code) == (303, 409)
        assert await scene.state(workshop_id) is State.PUBLISHED

    @pytest.mark.parametrize("who", ["samira", "yann", "rosa"])
    async def test_members_do_not_read_for_the_mediators(self, scene: Scene, who: str) -> None:
        workshop_id = await scene.proposed()
        browser = await scene.as_(getattr(scene.cast, who))
        path = f"/mediation/ateliers/{workshop_id}"
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, {"decision": "approve", "version": "1"})).status_code == 404
        assert await scene.state(workshop_id) is State.PROPOSED

    async def test_silence_publishes(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        await jobs.publish_silent(scene.world.later(days=8))
        assert await scene.state(workshop_id) is State.PUBLISHED

    async def test_the_author_contests_and_another_mediator_reads(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        path = f"/mediation/ateliers/{workshop_id}"
        helene, bruno = await scene.as_(scene.cast.helene), await scene.as_(scene.cast.bruno)
        await helene.post(
            path, {"decision": "send_back", "reason": "Trop tôt.", "way_out": "Plus tard.", "version": "1"}
        )
        samira = await scene.as_(scene.cast.samira)
        assert (await samira.post(f"/ateliers/{workshop_id}/contestation", {"word": ""})).status_code == 422
        assert (
            await samira.post(f"/ateliers/{workshop_id}/contestation", {"word": "C’est le bon jour."})
        ).status_code == 303
        assert (await helene.post(path, {"decision": "approve", "version": "1"})).status_code == 409
        assert (await bruno.post(path, {"decision": "approve", "version": "1"})).status_code == 303
        assert await scene.state(workshop_id) is State.PUBLISHED


class TestSigningUp:
    async def test_one_click_and_the_place_is_mine_twice_is_once(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        karim = await scene.as_(scene.cast.karim)
        for _ in range(2):
            assert (await karim.post(f"/ateliers/{workshop_id}/inscription")).status_code == 303
        page = await karim.get(f"/ateliers/{workshop_id}")
        assert "Tu as ta place" in words(page)
        assert 'data-seats-left="11"' in page.text
        assert len(await run("select id from sign_up")) == 1

    async def test_htmx_gets_the_panel_alone(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.partial(f"/ateliers/{workshop_id}/inscription")
        assert answer.status_code == 200
        assert 'id="inscription"' in answer.text
        assert "<html" not in answer.text
        assert "HX-Request-Type" in answer.headers["vary"]

    async def test_full_means_waiting_with_a_rank_and_a_freed_place_is_offered(self, scene: Scene) -> None:
        workshop_id = await scene.published(format="libre", capacity="3")
        cast = scene.cast
        people = [cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa]
        browsers = [await scene.as_(each) for each in people]
        for browser in browsers:
            await browser.post(f"/ateliers/{workshop_id}/inscription")
        last = await browsers[4].get(f"/ateliers/{workshop_id}")
        assert 'data-rank="2"' in last.text
        assert "Il y a 1 personne avant toi." in words(last)
        asked = await browsers[0].get(f"/ateliers/{workshop_id}/desistement")
        assert "première personne en attente" in words(asked)
        await browsers[0].post(f"/ateliers/{workshop_id}/desistement")
        again = await browsers[0].get(f"/ateliers/{workshop_id}/desistement")  # the back button
        assert (again.status_code, again.headers["location"]) == (303, f"/ateliers/{workshop_id}")
        assert "Tu n’as pas de place ici." in words(await browsers[0].get(f"/ateliers/{workshop_id}"))
        assert "Une place est pour toi" in words(await browsers[3].get(f"/ateliers/{workshop_id}"))
        assert (await browsers[3].post(f"/ateliers/{workshop_id}/reponse", {"answer": "peut-être"})).status_code == 422
        assert (await browsers[3].post(f"/ateliers/{workshop_id}/reponse", {"answer": "yes"})).status_code == 303
        assert "Tu as ta place" in words(await browsers[3].get(f"/ateliers/{workshop_id}"))
        assert 'data-rank="1"' in (await browsers[4].get(f"/ateliers/{workshop_id}")).text

    async def test_a_visitor_is_invited_to_sign_in_and_comes_back(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        page = await scene.world.browser().get(f"/ateliers/{workshop_id}")
        assert f"/connexion?suite=/ateliers/{workshop_id}" in page.text

    async def test_a_mediator_attends_like_anyone(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        assert (
            await (await scene.as_(scene.cast.bruno)).post(f"/ateliers/{workshop_id}/inscription")
        ).status_code == 303

    async def test_a_host_has_no_need_to_sign_up(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        answer = await (await scene.as_(scene.cast.samira)).post(f"/ateliers/{workshop_id}/inscription")
        assert answer.status_code == 409

    async def test_somebody_without_an_account(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        karim = await scene.as_(scene.cast.karim)
        assert (await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": " "})).status_code == 422
        assert (await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": "Denise"})).status_code == 303
        assert "Denise" in words(await karim.get(f"/ateliers/{workshop_id}"))
        assert "Denise" not in words(await (await scene.as_(scene.cast.odile)).get(f"/ateliers/{workshop_id}"))
        (row,) = await run("select id from sign_up where first_name = {}", "Denise")
        path = f"/ateliers/{workshop_id}/invites/{row['id']}/retrait"
        assert (await (await scene.as_(scene.cast.odile)).post(path)).status_code in (404, 409)
        assert (await karim.post(path)).status_code == 303

    async def test_what_is_over_or_not_open_refuses(self, scene: Scene) -> None:
        proposed = await scene.proposed()
        karim = await scene.as_(scene.cast.karim)
        assert (await karim.post(f"/ateliers/{proposed}/inscription")).status_code == 404
        published = await scene.published(title="Un autre", day="2026-12-14")
        scene.world.later(days=25)
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/ateliers/{published}/inscription")
        assert answer.status_code == 409


class TestAlike:
    """What the page says to all who are the same to a workshop is made once: nothing of anybody's own is in it."""

    async def test_it_is_made_once_for_those_who_are_the_same_to_it(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = []
        facts = views.facts

        def noted(row: Mapping[str, Any], **said: Any) -> list[views.Fact]:
            made.append(row["id"])
            return facts(row, **said)

        monkeypatch.setattr(views, "facts", noted)
        workshop_id = await scene.published()
        for each in (scene.cast.karim, scene.cast.yann, scene.cast.karim):
            await (await scene.as_(each)).get(f"/ateliers/{workshop_id}")
        browsers = [await scene.as_(each) for each in (scene.cast.karim, scene.cast.yann, scene.cast.newcomer)]
        made.clear()
        pages = [await browser.get(f"/ateliers/{workshop_id}") for browser in browsers]
        assert len(made) == 2, "once for two who know names here, once for somebody whom nobody has met"
        assert ["Samira" in words(page) for page in pages] == [True, True, False]

    async def test_names_are_for_whom_somebody_of_its_place_has_met(self, scene: Scene) -> None:
        elsewhere = await make_place(name="La Halle")
        workshop_id = await scene.published()
        guest = await make_member(name="Ines", place_id=elsewhere)
        browser = await scene.as_(guest)
        assert "Samira" not in words(await browser.get(f"/ateliers/{workshop_id}"))
        async with transaction():
            await run(
                "insert into membership (member_id, place_id, mediator, employer, joined_at, met_at) "
                "select member_id, {}, mediator, employer, joined_at, met_at from membership where member_id = {}",
                scene.cast.place,
                guest,
            )
        assert "Samira" in words(await browser.get(f"/ateliers/{workshop_id}"))

    async def test_what_else_one_does_then_is_told_to_them_alone(self, scene: Scene) -> None:
        other = await scene.published(title="Le ciné du soir")
        workshop_id = await scene.published(day="2026-12-12")
        async with transaction():  # a host is bound by the time of their own: only by hand do two of theirs meet
            await run(
                "update workshop set starts_at = w.starts_at, ends_at = w.ends_at from workshop w "
                "where w.id = {} and workshop.id = {}",
                other,
                workshop_id,
            )
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        await karim.post(f"/ateliers/{other}/inscription")
        warned = "À cette heure, tu as aussi « Le ciné du soir »."
        for browser, told in ((yann, False), (karim, True), (yann, False), (karim, True)):
            assert (warned in words(await browser.get(f"/ateliers/{workshop_id}"))) is told

    async def test_whoever_is_something_else_to_it_sees_another(self, scene: Scene) -> None:
        cast = scene.cast
        workshop_id = await scene.published()
        await (await scene.as_(cast.karim)).post(f"/ateliers/{workshop_id}/inscription")
        browsers = [await scene.as_(each) for each in (cast.yann, cast.karim, cast.samira)]
        signs = ("Je m’inscris", "Tu as ta place", f"/ateliers/{workshop_id}/modifier")
        for number, browser in [*enumerate(browsers), *enumerate(browsers)]:
            page = await browser.get(f"/ateliers/{workshop_id}")
            assert [sign in words(page) or sign in page.text for sign in signs] == [number == each for each in range(3)]

    async def test_guests_are_those_of_whoever_brings_them(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        for browser, name in ((karim, "Zoé"), (yann, "Ugo")):
            await browser.post(f"/ateliers/{workshop_id}/invites", {"first_name": name})
        for browser, seen in ((karim, (True, False)), (yann, (False, True)), (karim, (True, False))):
            page = words(await browser.get(f"/ateliers/{workshop_id}"))
            assert ("Zoé" in page, "Ugo" in page) == seen

    async def test_the_clock_changes_it_though_nothing_is_written(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        visitor = scene.world.browser()
        (row,) = await run("select starts_at, ends_at from workshop where id = {}", workshop_id)
        found = []
        minute = timedelta(minutes=1)
        for at in (row["starts_at"] - minute, row["starts_at"], row["ends_at"] - minute, row["ends_at"]):
            scene.world.now = at
            page = words(await visitor.get(f"/ateliers/{workshop_id}"))
            found.append(("C’est maintenant" in page, "J’entre pour m’inscrire" in page))
        assert found == [(False, True), (True, True), (True, True), (False, False)]


class TestHosting:
    async def test_cancelling_needs_a_reason_that_people_read(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        samira = await scene.as_(scene.cast.samira)
        assert (await samira.post(f"/ateliers/{workshop_id}/annulation", {"reason": ""})).status_code == 422
        assert (await samira.post(f"/ateliers/{workshop_id}/annulation", {"reason": "Une panne."})).status_code == 303
        page = words(await scene.world.browser().get(f"/ateliers/{workshop_id}"))
        assert "Annulé" in page
        assert "Une panne." in page
        assert "L’affiche" not in page
        assert (await samira.post(f"/ateliers/{workshop_id}/reouverture")).status_code == 303
        assert await scene.state(workshop_id) is State.PUBLISHED

    @pytest.mark.parametrize(
        "path",
        ["modifier", "annulation", "depart", "reouverture", "presences", "retrait", "proposition", "invitations"],
    )
    async def test_what_is_somebody_elses_stays_theirs(self, scene: Scene, path: str) -> None:
        workshop_id = await scene.published()
        before = await run("select * from workshop where id = {}", workshop_id)
        yann = await scene.as_(scene.cast.yann)
        sent = {**FORM, "reason": "Parce que", "present": "1", "who": "Karim", "version": "1"}
        answer = await yann.post(f"/ateliers/{workshop_id}/{path}", sent)
        assert answer.status_code in (403, 404, 409)
        assert await run("select * from workshop where id = {}", workshop_id) == before

    @pytest.mark.parametrize("path", ["modifier", "annulation", "depart", "retrait"])
    async def test_the_question_and_its_answer_say_the_same(self, scene: Scene, path: str) -> None:
        """What one may see is refused with its sentence, what one may not see is not there."""
        sent = {**FORM, "reason": "Parce que", "version": "1"}
        yann, helene = await scene.as_(scene.cast.yann), await scene.as_(scene.cast.helene)
        published, proposed = await scene.published(once="a"), await scene.proposed(once="b", day="2026-12-12")
        for reader, workshop_id, status in (
            (yann, published, 409),
            (helene, published, 409),
            (helene, proposed, 409),
            (yann, proposed, 404),
            (yann, 999_999, 404),
        ):
            address = f"/ateliers/{workshop_id}/{path}"
            for answer in (await reader.get(address), await reader.post(address, sent)):
                assert answer.status_code == status, (answer.request.method, workshop_id)
                assert ("C’est aux personnes qui animent l’atelier de le faire." in words(answer)) == (status == 409)

    async def test_nobody_left_and_somebody_takes_over_but_no_mediator(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        samira, yann = await scene.as_(scene.cast.samira), await scene.as_(scene.cast.yann)
        assert (await samira.post(f"/ateliers/{workshop_id}/depart")).status_code == 303
        assert "On cherche quelqu’un pour animer" in words(await yann.get(f"/ateliers/{workshop_id}"))
        helene = await scene.as_(scene.cast.helene)
        assert (await helene.post(f"/ateliers/{workshop_id}/reprise")).status_code == 409
        assert (await yann.post(f"/ateliers/{workshop_id}/reprise")).status_code == 303

    async def test_who_is_there_is_ticked_and_who_is_not_is_noted_nowhere(self, scene: Scene) -> None:
        workshop_id = await scene.published(day="2026-12-01")
        for member in (scene.cast.karim, scene.cast.aicha):
            await (await scene.as_(member)).post(f"/ateliers/{workshop_id}/inscription")
        rows = await run("select id, member_id from sign_up order by id")
        scene.world.later(days=7, hours=2, minutes=30)
        samira = await scene.as_(scene.cast.samira)
        assert "Coche qui est là" in words(await samira.get(f"/ateliers/{workshop_id}"))
        ticked = {"present": [str(rows[0]["id"]), "999999999999", "x"]}
        assert (await samira.post(f"/ateliers/{workshop_id}/presences", ticked)).status_code == 303
        present = await run("select present from sign_up order by id")
        assert [bool(row["present"]) for row in present] == [True, False]
        helene = await scene.as_(scene.cast.helene)
        assert "Aïcha" not in words(await helene.get(f"/ateliers/{workshop_id}"))


class TestPaper:
    async def test_the_poster_names_nobody_and_carries_the_address(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        page = await scene.world.browser().get(f"/ateliers/{workshop_id}/affiche")
        assert page.status_code == 200
        assert "Samira" not in page.text
        assert f"/ateliers/{workshop_id}" in words(page)
        assert "<svg" in page.text

    async def test_the_list_is_its_hosts(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        assert (await (await scene.as_(scene.cast.samira)).get(f"/ateliers/{workshop_id}/liste")).status_code == 200
        assert (await (await scene.as_(scene.cast.yann)).get(f"/ateliers/{workshop_id}/liste")).status_code == 404


class TestList:
    async def test_pages_filters_and_what_is_mine(self, scene: Scene) -> None:
        first = await scene.published()
        draft = await scene.proposed(title="Mon idée", draft="1")
        samira = await scene.as_(scene.cast.samira)
        page = words(await samira.get("/ateliers"))
        assert "On se relit nos CV" in page
        assert "Mon idée" in page
        assert "Mon idée" not in words(await (await scene.as_(scene.cast.yann)).get("/ateliers"))
        assert "On se relit nos CV" not in words(await samira.get("/ateliers?forme=codev"))
        offered = re.findall(r'href="/ateliers\?forme=([a-z_]+)"', (await samira.get("/ateliers")).text)
        assert offered == ["cv_troc"], "a choice only of what there is"
        assert (await samira.get("/ateliers?page=zéro&forme=%00&passes=2")).status_code == 200
        scene.world.later(days=30)
        await jobs.hold_past(scene.world.now)
        past = await (await scene.as_(scene.cast.samira)).get("/ateliers?passes=1")
        assert f'data-id="{first}"' in past.text
        assert f'<article class="strip" data-kind="workshop" data-id="{draft}"' not in past.text

    async def test_as_many_queries_for_one_as_for_twenty(self, scene: Scene, db: Store) -> None:
        async def queries_of(path: str) -> int:
            before = db.query_id
            assert (await browser.get(path)).status_code == 200
            return int(db.query_id - before)

        workshop_id = await scene.published()
        browser = await scene.as_(scene.cast.samira)
        one_list, one_page = await queries_of("/ateliers"), await queries_of(f"/ateliers/{workshop_id}")
        for number in range(1, 12):
            start = scene.world.now + timedelta(days=20 + number)
            await scene.published(title=f"Le n° {number}", day=f"{start:%Y-%m-%d}")
        for member in (scene.cast.karim, scene.cast.aicha, scene.cast.yann):
            await (await scene.as_(member)).post(f"/ateliers/{workshop_id}/inscription")
        assert await queries_of("/ateliers") == one_list
        assert await queries_of(f"/ateliers/{workshop_id}") == one_page

    async def test_a_visitor_sees_the_workshops_of_all_places(self, scene: Scene) -> None:
        await scene.published()
        page = words(await scene.world.browser().get("/ateliers"))
        assert "On se relit nos CV" in page
        assert "Vendredi 11 décembre. Les Tanneurs, Salon" in page
