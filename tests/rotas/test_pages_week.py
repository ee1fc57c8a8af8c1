"""A week of turns: who sees what of it, what is missing, one's own share, and that many slots cost no more queries."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.database import Store, run, transaction
from app.identity.states import Act
from app.identity.tables import Member
from rotas.commands.claiming import claim, claim_for_guest, watch
from rotas.commands.giving_up import ask_stand_in, propose_swap
from rotas.states import Level
from tests.client import NOON, World, words
from tests.factories import make_member, make_place
from tests.people import make_cast
from tests.rotas.make import DAY, make_duty, make_practice, make_slot
from tests.rotas.scene import HOUR, TOMORROW, Scene, said, turn


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


class TestHowASlotStands:
    async def test_a_full_one_says_who_and_has_no_button(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha, scene.cast.yann))
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        shown = turn(page, slot_id)
        assert 'class="turn full"' in shown
        assert 'data-seats-left="0"' in shown
        assert 'data-state="open"' in shown
        assert "Aïcha, Yann" in said(shown)
        assert "<form" not in shown
        assert "Il ne manque personne cette semaine" in words(page)

    async def test_one_that_lacks_people_says_how_many_and_is_taken_there(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3, who=(scene.cast.aicha,))
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        shown = turn(page, slot_id)
        assert 'class="turn missing"' in shown
        assert 'data-seats-left="2"' in shown
        assert "Aïcha Il manque 2 personnes" in said(shown)
        assert f'action="/tours/{slot_id}/prise"' in shown
        assert 'hx-target="closest li.turn"' in shown
        assert "Il manque 2 personnes cette semaine" in words(page)

    async def test_ones_own_is_filled_and_leads_to_not_being_able_to_come(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.karim, scene.cast.aicha))
        shown = turn(await (await scene.as_(scene.cast.karim)).get("/tours"), slot_id)
        assert 'class="turn mine mine-cell"' in shown
        assert "Toi, avec Aïcha" in said(shown)
        assert f'href="/tours/{slot_id}/empechement"' in shown

    async def test_a_guest_is_there_by_their_first_name(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2)
        await claim_for_guest(actor=scene.cast.aicha, slot_id=slot_id, first_name="Ali", now=NOON)
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        assert "Ali Il manque une personne" in said(turn(page, slot_id))

    async def test_whoever_watches_takes_no_place(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.aicha,))
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        await make_practice(duty_id=row["duty_id"], member_id=scene.cast.aicha)
        await watch(actor=scene.cast.karim, slot_id=slot_id, now=NOON)
        shown = turn(await (await scene.as_(scene.cast.karim)).get("/tours"), slot_id)
        assert "Tu viens regarder" in said(shown)
        assert 'class="turn missing"' in shown
        assert 'data-seats-left="1"' in shown

    async def test_nobody_has_the_keys(self, scene: Scene) -> None:
        slot_id = await scene.slot("Ouverture", people=1, opens_place=True)
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        assert "Personne n’a encore les clés" in said(turn(page, slot_id))
        assert "Personne n’a encore les clés Ouverture, mercredi 25 novembre à 12 h" in words(page)
        await claim(actor=scene.cast.yann, slot_id=slot_id, now=NOON)
        assert "les clés" not in words(await (await scene.as_(scene.cast.karim)).get("/tours"))

    async def test_training_leads_to_where_it_is_learnt(self, scene: Scene) -> None:
        slot_id = await scene.slot(needs_training=True)
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        karim = await scene.as_(scene.cast.karim)
        assert "Je prends ce tour" in said(turn(await karim.get("/tours"), slot_id))
        await make_practice(duty_id=row["duty_id"], member_id=scene.cast.aicha)
        shown = turn(await karim.get("/tours"), slot_id)
        assert "J’apprends" in said(shown)
        assert "<form" not in shown

    async def test_keys_and_tills_are_not_for_minors(self, scene: Scene) -> None:
        slot_id = await scene.slot(adults_only=True)
        karim = await scene.as_(scene.cast.karim)
        assert "Je prends ce tour" in said(turn(await karim.get("/tours"), slot_id))
        async with transaction():
            birthday = (NOON + 90 * DAY).date()
            await Member.update({Member.adult_on: birthday}).where(Member.id == scene.cast.karim)
        shown = turn(await karim.get("/tours"), slot_id)
        assert "À partir de 18 ans" in said(shown)
        assert "<form" not in shown

    async def test_a_popular_one_says_when_it_opens(self, scene: Scene) -> None:
        await scene.slot("Avant", people=1, who=(scene.cast.karim,), starts_at=TOMORROW + DAY)
        slot_id = await scene.slot(starts_at=NOON + 5 * DAY, low_load=0, mid_load=0, now=NOON - HOUR, people=1)
        karim = await (await scene.as_(scene.cast.karim)).get("/tours")
        assert "S’ouvre à toi jeudi 26 novembre à 11 h" in said(turn(karim, slot_id))
        assert "Je prends ce tour" in said(turn(await (await scene.as_(scene.cast.yann)).get("/tours"), slot_id))

    async def test_what_opened_it_is_named(self, scene: Scene) -> None:
        slot_id = await scene.slot(
            source_kind="meal", source_id=7, source_title="Repas du jeudi", source_url="/repas/7"
        )
        shown = turn(await (await scene.as_(scene.cast.karim)).get("/tours"), slot_id)
        assert '<a href="/repas/7">Repas du jeudi</a>' in shown

    async def test_what_is_off_is_not_there(self, scene: Scene) -> None:
        slot_id = await scene.slot()
        browser = await scene.as_(scene.cast.karim)
        assert turn(await browser.get("/tours"), slot_id)
        async with transaction():
            await run("update rota_slot set state = 'cancelled' where id = {}", slot_id)
        assert f'data-id="{slot_id}"' not in (await browser.get("/tours")).text


class TestSomebodyCannotCome:
    async def test_whoever_may_stands_in_from_the_week(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        swap_id = await ask_stand_in(actor=scene.cast.aicha, slot_id=slot_id, member_id=scene.cast.aicha, now=NOON)
        shown = turn(await (await scene.as_(scene.cast.karim)).get("/tours"), slot_id)
        assert "Aïcha ne peut pas venir. Qui vient à sa place ?" in said(shown)
        assert f'action="/tours/echanges/{swap_id}/reponse"' in shown
        own = turn(await (await scene.as_(scene.cast.aicha)).get("/tours"), slot_id)
        assert "Tu as demandé quelqu’un à ta place" in said(own)
        assert f'action="/tours/echanges/{swap_id}/retrait"' in own

    async def test_only_the_one_who_is_asked_reads_of_it(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=1, who=(scene.cast.aicha,))
        cast = scene.cast
        await ask_stand_in(actor=cast.aicha, slot_id=slot_id, member_id=cast.aicha, to_member=cast.yann, now=NOON)
        yann = await (await scene.as_(cast.yann)).get("/tours")
        assert "Aïcha te demande de venir à sa place : « Accueil »" in words(yann)
        assert "Je viens à sa place" in said(turn(yann, slot_id))
        karim = await (await scene.as_(cast.karim)).get("/tours")
        assert "ne peut pas venir" not in words(karim)
        assert "On te demande" not in words(karim)

    async def test_whoever_has_the_wanted_turn_is_asked_for_a_swap(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=1, who=(cast.aicha,))
        wanted = await scene.slot("Cuisine", people=1, who=(cast.yann,), starts_at=TOMORROW + 9 * DAY)
        await propose_swap(actor=cast.aicha, slot_id=slot_id, member_id=cast.aicha, wanted_slot_id=wanted, now=NOON)
        page = await (await scene.as_(cast.yann)).get("/tours")
        assert "Aïcha te propose un échange : « Accueil » mercredi 25 novembre à 12 h" in words(page)
        assert "Je réponds" in said(turn(page, slot_id))
        assert "échange" not in words(await (await scene.as_(cast.karim)).get("/tours"))


class TestWhoSeesWhat:
    async def test_visitors_see_what_is_wanted_without_a_name(self, scene: Scene) -> None:
        full = await scene.slot(people=1, who=(scene.cast.aicha,))
        lacking = await scene.slot("Cuisine", people=3, who=(scene.cast.yann,))
        over = await scene.slot("Vaisselle", starts_at=NOON - 4 * HOUR)
        visitor = scene.world.browser(Accept_Language="fr")
        page = await visitor.get("/tours")
        assert "Il manque 2 personnes cette semaine" in words(page)
        assert "1 personne Il manque 2 personnes" in said(turn(page, lacking))
        for hidden in (full, over):
            assert f'data-id="{hidden}"' not in page.text
        for name in ("Aïcha", "Yann"):
            assert name not in page.text
        assert "prise" not in turn(page, lacking)

    async def test_names_wait_until_somebody_has_been_met(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=3, who=(scene.cast.aicha,))
        await ask_stand_in(actor=scene.cast.aicha, slot_id=slot_id, member_id=scene.cast.aicha, now=NOON)
        page = await (await scene.as_(scene.cast.newcomer)).get("/tours")
        assert "Aïcha" not in page.text
        assert "Quelqu’un ne peut pas venir." in said(turn(page, slot_id))
        assert "/tours/jour" not in page.text

    async def test_of_past_days_everybody_reads_their_own_alone(self, scene: Scene) -> None:
        cast = scene.cast
        slot_id = await scene.slot(people=2, who=(cast.aicha, cast.karim), starts_at=NOON - 3 * HOUR)
        today = turn(await (await scene.as_(cast.yann)).get("/tours"), slot_id)
        assert "Aïcha, Karim" in said(today)
        scene.world.later(days=1)
        later = turn(await (await scene.as_(cast.yann)).get("/tours"), slot_id)
        assert "Aïcha" not in later
        assert "2 personnes" in said(later)
        assert said(turn(await (await scene.as_(cast.karim)).get("/tours"), slot_id)).endswith("Toi")

    async def test_each_place_has_its_own(self, scene: Scene) -> None:
        other = await make_place(slug="ailleurs", name="Ailleurs")
        duty = await make_duty(place_id=other, name="Jardin")
        elsewhere = await make_slot(place_id=other, duty_id=duty, starts_at=TOMORROW)
        here = await scene.slot()
        member = await (await scene.as_(scene.cast.karim)).get("/tours?lieu=ailleurs")
        assert f'data-id="{elsewhere}"' not in member.text
        assert turn(member, here)
        visitor = scene.world.browser(Accept_Language="fr")
        page = await visitor.get("/tours?lieu=ailleurs")
        assert turn(page, elsewhere)
        assert f'data-id="{here}"' not in page.text
        assert "/tours?lieu=les-tanneurs" in page.text
        assert turn(await visitor.get("/tours"), here)

    async def test_a_place_in_quiet_mode_says_nothing_of_lack(self, scene: Scene) -> None:
        await scene.slot("Ouverture", people=1, opens_place=True)
        slot_id = await scene.slot(people=3)
        karim = await scene.as_(scene.cast.karim)
        loud = await karim.get("/tours?voir=manque")
        assert "manque" in words(loud)
        await scene.quiet()
        for page in (
            await karim.get("/tours?voir=manque"),
            await scene.world.browser(Accept_Language="fr").get("/tours"),
        ):
            assert "manque" not in words(page)
            assert "les clés" not in words(page)
            assert 'class="turn missing"' not in page.text
            assert "Libre" in said(turn(page, slot_id))
        assert "Je prends ce tour" in said(turn(await karim.get("/tours"), slot_id))


class TestWeeksAndChoices:
    async def test_another_week_is_a_link_away(self, scene: Scene) -> None:
        slot_id = await scene.slot(starts_at=NOON + 8 * DAY)
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get("/tours")
        assert f'data-id="{slot_id}"' not in page.text
        assert 'href="/tours?semaine=2026-11-30"' in page.text
        after = await browser.get("/tours?semaine=2026-12-03")
        assert turn(after, slot_id)
        assert "du lundi 30 novembre au dimanche 6 décembre" in words(after)
        assert "Il manque 2 personnes" in words(after)
        assert "cette semaine" not in words(after).replace("Cette semaine", "")
        assert '<a class="button bare" href="/tours">Cette semaine</a>' in after.text

    @pytest.mark.parametrize("week", ["hier", "2026-02-31", "0001-01-01", "9999-12-31", "2026-W48"])
    async def test_an_address_that_says_no_day_shows_this_week(self, scene: Scene, week: str) -> None:
        slot_id = await scene.slot()
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours?semaine={week}")
        assert turn(page, slot_id)

    @pytest.mark.parametrize("week", ["1901-01-02", "2197-06-01"])
    async def test_weeks_far_off_are_empty_and_do_not_fail(self, scene: Scene, week: str) -> None:
        page = await (await scene.as_(scene.cast.karim)).get(f"/tours?semaine={week}")
        assert page.status_code == 200
        assert "Pas de tour cette semaine-là" in words(page)

    async def test_where_people_lack_and_ones_own(self, scene: Scene) -> None:
        full = await scene.slot("Cuisine", people=1, who=(scene.cast.aicha,))
        lacking = await scene.slot("Vaisselle")
        mine = await scene.slot(people=1, who=(scene.cast.karim,), starts_at=TOMORROW + 5 * HOUR)
        browser = await scene.as_(scene.cast.karim)

        async def shown(address: str) -> set[int]:
            page = await browser.get(address)
            return {int(found) for found in re.findall(r'<li class="turn[^>]*data-id="(\d+)"', page.text)}

        assert await shown("/tours") == {full, lacking, mine}
        assert await shown("/tours?voir=manque") == {lacking}
        assert await shown("/tours?voir=moi") == {mine}
        assert await shown("/tours?voir=tout") == {full, lacking, mine}
        page = words(await browser.get("/tours"))
        assert "Où il manque du monde (1)" in page
        assert "Mes tours (1)" in page

    async def test_days_that_are_over_come_after_those_to_come(self, scene: Scene) -> None:
        gone = await scene.slot("Hier", starts_at=NOON - DAY)
        browser = await scene.as_(scene.cast.karim)
        page = await browser.get("/tours")
        assert "Plus rien d’ici dimanche" in words(page)
        slot_id = await scene.slot("Demain")
        page = await browser.get("/tours")
        assert "Plus rien" not in words(page)
        parts = [page.text.index(part) for part in (f'id="tour-{slot_id}"', "Les jours d’avant", f'id="tour-{gone}"')]
        assert parts == sorted(parts)
        before = await browser.get("/tours?semaine=2026-11-16")
        assert "Les jours d’avant" not in before.text

    async def test_nothing_to_show_says_why(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.karim)
        assert "Pas de tour cette semaine-là" in words(await browser.get("/tours"))
        visitor = scene.world.browser(Accept_Language="fr")
        assert "On n’attend personne cette semaine-là" in words(await visitor.get("/tours"))
        await scene.slot(people=1, who=(scene.cast.aicha,))
        assert "Rien à toi cette semaine-là" in words(await browser.get("/tours?voir=moi"))
        assert "Il ne manque personne" in words(await browser.get("/tours?voir=manque"))

    async def test_columns_are_duties_at_their_hours_until_there_are_too_many(self, scene: Scene) -> None:
        browser = await scene.as_(scene.cast.karim)
        duty = await make_duty(place_id=scene.cast.place, name="Accueil")
        for hours in range(3):
            await scene.slot(duty_id=duty, starts_at=TOMORROW + hours * 2 * HOUR)
        page = await browser.get("/tours")
        assert 'data-roles="3"' in page.text
        assert "own-hours" not in page.text
        for hours in range(3, 8):
            await scene.slot(duty_id=duty, starts_at=TOMORROW + DAY + hours * HOUR)
        page = await browser.get("/tours")
        assert 'data-roles="1"' in page.text
        assert page.text.count('class="own-hours"') == 8
        for number in range(7):
            await scene.slot(f"Rôle {number}")
        page = await browser.get("/tours")
        assert 'data-roles="many"' in page.text
        assert "data-column" not in page.text

    async def test_before_any_place_home_says_how(self, db: Store) -> None:
        answer = await World().browser().get("/tours")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


class TestSharing:
    async def people(self, scene: Scene, *loads: int) -> None:
        """Members who have so many turns of this month."""
        for number, load in enumerate(loads):
            member = await make_member(name=f"Prénom {number}", place_id=scene.cast.place)
            for hour in range(load):
                at = NOON + (hour + 1) * 3 * HOUR
                await scene.slot(f"Rôle {number}.{hour}", people=1, who=(member,), starts_at=at)

    async def test_ones_own_load_in_words_and_the_others_without_a_name(self, scene: Scene) -> None:
        await self.people(scene, 1, 2, 2, 2)
        await scene.slot(people=1, who=(scene.cast.karim,))
        await scene.slot(people=1, who=(scene.cast.karim,), starts_at=TOMORROW + 3 * HOUR)
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        assert "Tu as 2 tours ce mois-ci C’est le rythme de la plupart." in words(page)
        label = "Tours de ce mois-ci. 1 personne : 1 tour. 4 personnes : 2 tours."
        assert label in page.text.replace("\u202f", " ").replace("\u00a0", " ")
        chart = page.text[page.text.index("<figure>") : page.text.index("</figure>")]
        assert (chart.count('class="dot"'), chart.count('class="my-dot"')) == (4, 1)
        assert "Prénom" not in chart

    async def test_of_too_few_people_there_is_no_chart(self, scene: Scene) -> None:
        await self.people(scene, 1, 2, 2)
        page = await (await scene.as_(scene.cast.karim)).get("/tours")
        assert "Pas encore de tour pour toi ce mois-ci" in words(page)
        assert "<figure>" not in page.text

    async def test_few_who_carry_much_are_said_and_not_named(self, scene: Scene) -> None:
        await self.people(scene, 7, 7, *([1] * 20))
        page = words(await (await scene.as_(scene.cast.karim)).get("/tours"))
        assert "Deux personnes portent plus du quart des tours." in page

    async def test_a_skill_of_one_person_is_said(self, scene: Scene) -> None:
        duty = await make_duty(place_id=scene.cast.place, name="Serveur", needs_training=True)
        await make_practice(duty_id=duty, member_id=scene.cast.aicha)
        await make_practice(duty_id=duty, member_id=scene.cast.yann, level=Level.DID_WITH)
        browser = await scene.as_(scene.cast.karim)
        assert "Savoir-faire tenu par une seule personne Serveur." in words(await browser.get("/tours"))
        await make_practice(duty_id=duty, member_id=scene.cast.karim, level=Level.TEACHES)
        assert "Savoir-faire" not in words(await browser.get("/tours"))

    async def test_another_persons_number_is_nowhere(self, scene: Scene) -> None:
        await self.people(scene, 3, 1, 1, 1)
        page = words(await (await scene.as_(scene.cast.karim)).get("/tours"))
        assert not re.search(r"Prénom \d+ (a|en a|:)? ?\d+ tour", page)


async def test_what_is_said_to_one_reader_is_kept_from_the_others(scene: Scene) -> None:
    """Between two writes a week is read once for all, and what is the same for several readers is said once."""
    cast = scene.cast
    slot_id = await scene.slot(people=3, who=(cast.aicha,), act=Act.TAKE_CASH.value, adults_only=True)
    popular = await scene.slot("Cuisine", low_load=0, mid_load=0, now=NOON - HOUR, starts_at=NOON + 4 * DAY)
    await scene.slot("Avant", people=1, who=(cast.yann,))
    async with transaction():
        birthday = (NOON + 90 * DAY).date()
        await Member.update({Member.adult_on: birthday}).where(Member.id == cast.odile)
    everybody = {name: await scene.as_(getattr(cast, name)) for name in ("karim", "odile", "bruno", "newcomer", "yann")}
    told = {
        "karim": ("Aïcha Il manque 2 personnes Je prends ce tour", "Je prends ce tour"),
        "odile": ("Aïcha Il manque 2 personnes À partir de 18 ans", "Je prends ce tour"),
        "bruno": ("Aïcha Il manque 2 personnes Pas pour la médiation", "Je prends ce tour"),
        "newcomer": (
            "1 personne Il manque 2 personnes Pour les membres déjà rencontrés ici",
            "Je prends ce tour",
        ),
        "yann": ("Aïcha Il manque 2 personnes Je prends ce tour", "S’ouvre à toi jeudi 26 novembre à 11 h"),
    }
    for names in (told, reversed(told)):
        for name in names:
            page = await everybody[name].get("/tours")
            for shown, sentence in zip((slot_id, popular), told[name], strict=True):
                assert sentence in said(turn(page, shown)), name
            if name != "newcomer":
                assert "Aïcha" in page.text
    visitor = scene.world.browser(Accept_Language="fr")
    assert "Aïcha" not in (await visitor.get("/tours")).text


async def test_as_many_queries_for_five_slots_as_for_sixty(scene: Scene, db: Store) -> None:
    cast = scene.cast
    browser = await scene.as_(cast.karim)

    async def queries_of(path: str) -> int:
        # Written between any two readings, so that nothing of it is kept.
        await make_duty(place_id=cast.place, name="Autre")
        before = db.query_id
        assert (await browser.get(path)).status_code == 200
        return int(db.query_id - before)

    mine = await scene.slot(people=9, who=(cast.karim,), starts_at=TOMORROW - 3 * HOUR)

    async def slots(first: int, last: int) -> None:
        """Turns of Aïcha's, who asks Karim for each of them: to come, or to give his for it."""
        for number in range(first, last):
            slot_id = await scene.slot(
                f"Rôle {number % 9}", people=3, who=(cast.aicha,), starts_at=TOMORROW + number * HOUR, hours=1
            )
            asked: dict[str, Any] = {
                "actor": cast.aicha,
                "member_id": cast.aicha,
                "slot_id": slot_id,
                "to_member": cast.karim,
            }
            if number % 2:
                await ask_stand_in(**asked, now=NOON)
            else:
                await propose_swap(**asked, wanted_slot_id=mine, now=NOON)

    await slots(0, 5)
    paths = ["/tours", "/tours?voir=moi", "/tours/jour?jour=2026-11-26", f"/tours/{mine}", f"/tours/{mine}/empechement"]
    few = {path: await queries_of(path) for path in paths}
    await slots(5, 60)
    for number in range(8):
        member = await make_member(name=f"Membre de plus {number}", place_id=cast.place)
        await claim(actor=member, slot_id=mine, sure=True, now=NOON)
    many = {path: await queries_of(path) for path in paths}
    assert many == few
    assert max(many.values()) <= 15, many
    page = await browser.get(f"/tours/{mine}")
    assert page.text.count("data-swap=") == 30
    assert page.text.count("Membre de plus") >= 8


async def test_a_week_is_read_once_between_two_writes(scene: Scene, db: Store) -> None:
    await scene.slot()
    browser = await scene.as_(scene.cast.karim)

    async def queries() -> int:
        before = db.query_id
        await browser.get("/tours")
        return int(db.query_id - before)

    first = await queries()
    assert await queries() <= first - 6
    await scene.slot("Cuisine")
    assert await queries() == first
