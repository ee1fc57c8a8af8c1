"""The doors of those who come and of those who receive them: places, guests, the list, the last word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import Store, run
from app.identity.commands import make_mediator
from tests.client import words
from tests.factories import make_member
from tests.people import make_cast
from tests.workshops.reads import mails, places
from tests.workshops.test_pages import Scene
from workshops import commands, jobs


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def full(scene: Scene) -> int:
    """Three places, all taken on 11 December at 14 h, and Odile and Rosa who wait."""
    workshop_id = await scene.published(format="libre", capacity="3")
    cast = scene.cast
    for member in (cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa):
        await commands.sign_up(actor=member, workshop_id=workshop_id, now=scene.world.now)
    return workshop_id


def until_start(scene: Scene, **before: float) -> None:
    """Go to this much before 14 h on 11 December."""
    scene.world.later(days=17, hours=2)
    scene.world.now -= timedelta(**before)


class TestTheLastTwoHours:
    async def test_who_waits_gets_a_button_that_takes_the_free_place(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, hours=1)
        await commands.withdraw(actor=scene.cast.karim, workshop_id=workshop_id, now=scene.world.now)
        rosa = await scene.as_(scene.cast.rosa)
        page = await rosa.get(f"/ateliers/{workshop_id}")
        assert "Je prends la place" in words(page)
        assert 'data-seats-left="1"' in page.text
        answer = await rosa.post(f"/ateliers/{workshop_id}/inscription")
        assert answer.status_code == 303
        assert "Tu as ta place" in words(await rosa.get(f"/ateliers/{workshop_id}"))

    async def test_nobody_is_told_to_wait_for_what_is_free(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, hours=1)
        await commands.withdraw(actor=scene.cast.karim, workshop_id=workshop_id, now=scene.world.now)
        page = words(await (await scene.as_(scene.cast.newcomer)).get(f"/ateliers/{workshop_id}"))
        assert "Je m’inscris" in page
        assert "liste d’attente" not in page
        assert "Il reste 1 place" in words(await scene.world.browser().get("/ateliers"))

    async def test_before_them_a_freed_place_is_kept(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, hours=3)
        await commands.withdraw(actor=scene.cast.karim, workshop_id=workshop_id, now=scene.world.now)
        page = words(await (await scene.as_(scene.cast.rosa)).get(f"/ateliers/{workshop_id}"))
        assert "Je prends la place" not in page

    async def test_giving_up_ones_rank_says_so(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        rosa = await scene.as_(scene.cast.rosa)
        answer = await rosa.partial(f"/ateliers/{workshop_id}/desistement")
        assert "tu n’attends plus" in words(answer)


class TestCalledOff:
    async def test_an_offer_does_not_lapse_while_it_is_called_off(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        cast, now = scene.cast, scene.world.now
        await commands.withdraw(actor=cast.karim, workshop_id=workshop_id, now=now)
        await commands.cancel(actor=cast.samira, workshop_id=workshop_id, reason="Une panne.", now=now)
        assert await jobs.lapse_offers(scene.world.later(days=3)) == 0
        assert (await places(workshop_id))[cast.odile] == "offered"
        await commands.reopen(actor=cast.samira, workshop_id=workshop_id, now=scene.world.now)
        assert await jobs.lapse_offers(scene.world.now) == 0
        await commands.answer_offer(actor=cast.odile, workshop_id=workshop_id, yes=True, now=scene.world.now)

    async def test_reopened_only_who_had_a_place_is_told_that_it_is_kept(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        cast, now = scene.cast, scene.world.now
        await commands.cancel(actor=cast.samira, workshop_id=workshop_id, reason="Une panne.", now=now)
        await commands.reopen(actor=cast.samira, workshop_id=workshop_id, now=now)
        kept = {mail["member_id"] for mail in await mails() if "Ta place t’est gardée" in mail["body"]}
        told = {mail["member_id"] for mail in await mails() if "On redemande à celles et ceux" in mail["body"]}
        assert kept == {cast.karim, cast.aicha, cast.yann}
        assert told == {cast.odile, cast.rosa, cast.samira}, "who wait; and the host, for her calendar"

    async def test_whoever_keeps_the_place_finds_the_button_when_nobody_hosts_any_more(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        rosa = await scene.as_(scene.cast.rosa)
        assert "Annuler l’atelier" not in words(await rosa.get(f"/ateliers/{workshop_id}"))
        await commands.leave_hosting(actor=scene.cast.samira, workshop_id=workshop_id, now=scene.world.now)
        page = await rosa.get(f"/ateliers/{workshop_id}")
        assert "Annuler l’atelier" in words(page)
        assert f"/ateliers/{workshop_id}/liste" not in page.text
        answer = await rosa.post(f"/ateliers/{workshop_id}/annulation", {"reason": "Personne pour animer."})
        assert answer.status_code == 303


class TestGuests:
    async def test_a_full_workshop_still_lets_one_free_the_place_of_ones_guest(self, scene: Scene) -> None:
        workshop_id = await scene.published(format="libre", capacity="3")
        karim = await scene.as_(scene.cast.karim)
        for name in ("Denise", "Paul", "Marc"):
            await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": name})
        page = await karim.get(f"/ateliers/{workshop_id}")
        assert words(page).count("Libérer sa place") == 3

    async def test_a_place_is_freed_under_its_own_workshops_address(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        other = await scene.published(title="Un autre", day="2026-12-14")
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": "Denise"})
        (row,) = await run("select id from sign_up")
        assert (await karim.post(f"/ateliers/{other}/invites/{row['id']}/retrait")).status_code == 404
        assert (await karim.post(f"/ateliers/{workshop_id}/invites/{row['id']}/retrait")).status_code == 303

    async def test_a_talking_group_keeps_no_first_name(self, scene: Scene) -> None:
        workshop_id = await scene.published(format="parole", speaker="Mme Diallo")
        karim = await scene.as_(scene.cast.karim)
        answer = await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": "Denise"})
        assert answer.status_code == 409
        assert "aucune liste" in words(answer)
        assert not await run("select id from sign_up")

    async def test_nobody_from_elsewhere_brings_somebody(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        elsewhere = await make_member(name="Zoé")
        zoe = await scene.world.browser_of(elsewhere, place_id=None)
        answer = await zoe.post(f"/ateliers/{workshop_id}/invites", {"first_name": "Denise"})
        assert answer.status_code == 409
        assert "réservé aux membres" in words(answer)

    async def test_thirty_days_later_nothing_says_who_brought_whom(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"/ateliers/{workshop_id}/invites", {"first_name": "Denise"})
        lines = "select actor_id from journal_line where act = 'workshop.guest_signed_up'"
        assert [row["actor_id"] for row in await run(lines)] == [scene.cast.karim]
        await jobs.erase_guests(scene.world.later(days=48))
        assert [row["actor_id"] for row in await run(lines)] == [None]
        await jobs.hold_past(scene.world.now)
        page = await (await scene.as_(scene.cast.samira)).get(f"/ateliers/{workshop_id}")
        assert "Une personne sans compte" in words(page)


class TestTheList:
    async def test_a_talking_group_has_none_and_no_link_to_one(self, scene: Scene) -> None:
        workshop_id = await scene.published(format="parole", speaker="Mme Diallo")
        samira = await scene.as_(scene.cast.samira)
        assert f"/ateliers/{workshop_id}/liste" not in (await samira.get(f"/ateliers/{workshop_id}")).text

    async def test_only_those_who_have_a_place_can_be_ticked(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, minutes=20)
        page = await (await scene.as_(scene.cast.samira)).get(f"/ateliers/{workshop_id}")
        assert page.text.count('name="present"') == 3
        assert "Odile" not in words(page)

    async def test_two_hosts_who_tick_at_once_do_not_undo_each_other(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, minutes=20)
        ids = [row["id"] for row in await run("select id from sign_up order by id")]
        samira = await scene.as_(scene.cast.samira)
        path = f"/ateliers/{workshop_id}/presences"
        assert (await samira.post(path, {"view": "page", "present": [str(ids[0])]})).status_code == 303
        assert (await samira.post(path, {"view": "page", "present": [str(ids[1])]})).status_code == 303
        here = "select id from sign_up where present = {} order by id"
        assert [row["id"] for row in await run(here, True)] == ids[:2]
        undone = {"view": "page", "before": [str(ids[0]), str(ids[1])], "present": [str(ids[1])]}
        assert (await samira.post(path, undone)).status_code == 303
        assert [row["id"] for row in await run(here, True)] == [ids[1]]

    async def test_a_tick_for_somebody_who_just_left_does_not_lose_the_others(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene, minutes=20)
        rows = await run("select id, member_id from sign_up order by id")
        ids = [str(row["id"]) for row in rows[:2]]
        await commands.withdraw(actor=scene.cast.karim, workshop_id=workshop_id, now=scene.world.now)
        samira = await scene.as_(scene.cast.samira)
        sent = {"view": "page", "present": ids}
        assert (await samira.post(f"/ateliers/{workshop_id}/presences", sent)).status_code == 303
        here = await run("select member_id from sign_up where present = {}", True)
        assert [row["member_id"] for row in here] == [scene.cast.aicha]

    async def test_a_mediator_does_not_read_it_even_of_what_they_once_hosted(self, scene: Scene) -> None:
        workshop_id = await full(scene)
        until_start(scene)
        await jobs.hold_past(scene.world.later(hours=3))
        samira = await scene.as_(scene.cast.samira)
        assert "Yann" in words(await samira.get(f"/ateliers/{workshop_id}"))
        await make_mediator(member_id=scene.cast.samira, place_id=scene.cast.place, domains=(), now=scene.world.now)
        assert "Yann" not in words(await samira.get(f"/ateliers/{workshop_id}"))
        assert (await samira.get(f"/ateliers/{workshop_id}/liste")).status_code == 404
        assert (await samira.post(f"/ateliers/{workshop_id}/presences", {"present": "1"})).status_code == 409


class TestTheLastWord:
    async def test_a_host_says_one_too_and_takes_it_back(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        until_start(scene)
        scene.world.later(hours=2)
        samira = await scene.as_(scene.cast.samira)
        path = f"/ateliers/{workshop_id}"
        assert "Ton mot de la fin" in words(await samira.get(path))
        assert (await samira.post(f"{path}/mot", {"words": "On recommence !", "shown": "1"})).status_code == 303
        assert "« On recommence ! »" in words(await scene.world.browser().get(path))
        assert (await samira.post(f"{path}/mot", {"words": ""})).status_code == 303
        assert "On recommence" not in words(await samira.get(path))


class TestInvitations:
    async def test_what_waits_for_an_answer_is_the_hosts_affair(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        now = scene.world.now
        await commands.invite_host(actor=scene.cast.samira, workshop_id=workshop_id, member_id=scene.cast.yann, now=now)
        path = f"/ateliers/{workshop_id}"
        assert "Yann" in words(await (await scene.as_(scene.cast.samira)).get(path))
        assert "Yann" not in words(await (await scene.as_(scene.cast.karim)).get(path))

    async def test_whoever_became_a_mediator_can_still_say_no(self, scene: Scene) -> None:
        workshop_id = await scene.published()
        cast, now = scene.cast, scene.world.now
        await commands.invite_host(actor=cast.samira, workshop_id=workshop_id, member_id=cast.yann, now=now)
        await make_mediator(member_id=cast.yann, place_id=cast.place, domains=(), now=now)
        yann = await scene.as_(cast.yann)
        page = words(await yann.get(f"/ateliers/{workshop_id}"))
        assert "Non merci" in page
        assert "J’en suis" not in page
        assert (await yann.post(f"/ateliers/{workshop_id}/invitation", {"answer": "yes"})).status_code == 409
        assert (await yann.post(f"/ateliers/{workshop_id}/invitation", {"answer": "no"})).status_code == 303

    async def test_who_hosts_alone_can_invite_before_it_is_published(self, scene: Scene) -> None:
        workshop_id = await scene.proposed()
        samira = await scene.as_(scene.cast.samira)
        assert "Inviter quelqu’un à animer" in words(await samira.get(f"/ateliers/{workshop_id}"))
