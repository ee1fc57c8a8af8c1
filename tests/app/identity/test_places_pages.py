"""Places: their page, joining and looking at them, their settings: over HTTP, on both engines."""

from __future__ import annotations

from datetime import date

import pytest

from app.database import run, transaction
from app.identity.commands import answer_role
from app.identity.tables import Membership
from tests.app.identity.steps import email_of, sequence
from tests.client import NOON, Browser, World, words
from tests.factories import make_closure, make_member, make_place, make_workshop
from tests.people import Cast

HERE = "/lieux/les-tanneurs"
FACTS = {"name": "Les Tanneurs", "address": "14 rue des Tanneurs, 93200 Saint-Denis", "about": "Par la cour."}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def rosa(cast: Cast, world: World) -> Browser:
    """She keeps the place."""
    return await world.browser_of(cast.rosa, place_id=cast.place)


class TestThePage:
    async def test_everybody_reads_how_to_come(self, cast: Cast, world: World) -> None:
        await make_closure(place_id=cast.place, first_on=date(2026, 12, 21), last_on=date(2027, 1, 3))
        await make_closure(place_id=cast.place, first_on=date(2026, 11, 1), last_on=date(2026, 11, 2), reason="Passé")
        said = words(await world.browser().get(HERE))
        assert "14 rue des Tanneurs" in said
        assert "Métro 13" in said
        assert "Mardi aujourd’hui de 9 h à 18 h" in said
        assert "Samedi fermé" in said
        assert "du 21 décembre 2026 au 3 janvier 2027 : Congés" in said
        assert "Passé" not in said
        assert "Salle du fond 14 places" in said
        assert "Bruno" not in said
        assert "Je rejoins ce lieu" in said

    async def test_members_read_who_mediates_and_who_pays(self, cast: Cast, world: World) -> None:
        async with transaction():
            await Membership.update({Membership.employer: "La Ville"}).where(Membership.member_id == cast.bruno)
        said = words(await (await world.browser_of(cast.newcomer, place_id=cast.place)).get(HERE))
        assert "Bruno Employeur : La Ville." in said
        assert "Hélène Son employeur n’est pas indiqué." in said
        assert "Je règle le lieu" not in said

    async def test_an_unknown_one_is_404(self, cast: Cast, world: World) -> None:
        assert (await world.browser().get("/lieux/ailleurs")).status_code == 404

    async def test_all_places(self, cast: Cast, world: World) -> None:
        await make_place(slug="le-canal", name="Le Canal")
        said = words(await world.browser().get("/lieux"))
        assert "Les Tanneurs" in said
        assert "Le Canal" in said


class TestLookingAndJoining:
    async def test_a_member_looks_at_another_place(self, cast: Cast, world: World) -> None:
        other = await make_place(slug="le-canal", name="Le Canal")
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        for chosen in ("le-canal", str(other)):
            answer = await browser.post("/lieu", {"place": chosen, "suite": "/agenda"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/agenda")
            assert await run("select place_id from session") == [{"place_id": other}]
        assert (await browser.post("/lieu", {"place": "ailleurs"})).status_code == 404
        assert (await browser.post("/lieu", {"place": "le-canal", "suite": "//evil"})).headers["location"] == "/"

    async def test_a_visitor_is_sent_to_its_agenda(self, cast: Cast, world: World) -> None:
        answer = await world.browser().post("/lieu", {"place": "les-tanneurs"})
        assert answer.headers["location"] == "/agenda?lieu=les-tanneurs"

    async def test_joining_makes_a_newcomer_there(self, cast: Cast, world: World) -> None:
        other = await make_place(slug="le-canal", name="Le Canal")
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        for _ in range(2):
            answer = await browser.post("/lieux/le-canal/rejoindre")
            assert (answer.status_code, answer.headers["location"]) == (303, "/lieux/le-canal")
        rows = await run("select met_at from membership where place_id = {}", other)
        assert rows == [{"met_at": None}]
        assert await run("select place_id from session") == [{"place_id": other}]
        assert "Je rejoins ce lieu" not in words(await browser.get("/lieux/le-canal"))


PATHS: list[tuple[str, dict[str, str]]] = [
    ("/reglages", FACTS),
    ("/salles", {"name": "Cave", "seats": "8"}),
    ("/salles/1", {"name": "Cave", "seats": "8"}),
    ("/salles/1/retrait", {}),
    ("/horaires", {}),
    ("/fermetures", {"first_on": "2026-12-24"}),
    ("/fermetures/1/retrait", {}),
    ("/roles", {"act": "keep_place", "who": "Samira"}),
    ("/roles/keep_place/fin", {}),
]


class TestSettingsAreForWhoKeepsThePlace:
    @pytest.mark.parametrize(("path", "form"), PATHS)
    async def test_others_may_not(self, cast: Cast, world: World, path: str, form: dict[str, str]) -> None:
        for who in (cast.samira, cast.bruno, cast.newcomer):
            browser = await world.browser_of(who, place_id=cast.place)
            assert (await browser.post(HERE + path, form)).status_code == 403
        assert (await world.browser().post(HERE + path, form)).headers["location"] == "/connexion"

    async def test_nor_with_the_role_of_another_place(self, cast: Cast, rosa: Browser) -> None:
        other = await make_place(slug="le-canal", name="Le Canal")
        assert (await rosa.get("/lieux/le-canal/reglages")).status_code == 403
        assert (await rosa.post("/lieux/le-canal/salles", {"name": "Cave", "seats": "8"})).status_code == 403
        assert not await run("select 1 as one from room where place_id = {}", other)

    async def test_rooms_and_closures_of_another_place_are_nobodys(self, cast: Cast, rosa: Browser) -> None:
        from tests.factories import make_room

        other = await make_place(slug="le-canal", name="Le Canal")
        room = await make_room(place_id=other, name="La cale")
        await make_closure(place_id=other, first_on=date(2026, 12, 24), last_on=date(2026, 12, 24))
        closure = (await run("select id from closure"))[0]["id"]
        assert (await rosa.post(f"{HERE}/salles/{room}", {"name": "Volée", "seats": "8"})).status_code == 404
        assert (await rosa.post(f"{HERE}/salles/{room}/retrait")).status_code == 404
        await rosa.post(f"{HERE}/fermetures/{closure}/retrait")
        assert len(await run("select 1 as one from closure")) == 1

    async def test_all_is_shown(self, cast: Cast, rosa: Browser) -> None:
        said = words(await rosa.get(HERE + "/reglages"))
        assert "Salle du fond, 14 places" in said
        assert "Une seule personne" in said


class TestFacts:
    async def test_a_new_name_reaches_the_calendar(self, cast: Cast, rosa: Browser) -> None:
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno)
        before = await sequence()
        answer = await rosa.post(HERE + "/reglages", {**FACTS, "name": "La Tannerie", "step_free": "1"})
        assert answer.headers["location"] == HERE + "/reglages"
        place = (await run("select name, about, email, step_free from place where id = {}", cast.place))[0]
        assert (place["name"], place["about"], place["email"], bool(place["step_free"])) == (
            "La Tannerie",
            "Par la cour.",
            "",
            True,
        )
        entry = (await run("select sequence, ics_public from entry"))[0]
        assert entry["sequence"] == before + 1
        assert "La Tannerie" in entry["ics_public"]

    async def test_other_words_leave_the_calendar_alone(self, cast: Cast, rosa: Browser) -> None:
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno)
        before = await sequence()
        await rosa.post(HERE + "/reglages", FACTS)
        assert await sequence() == before

    async def test_faults_keep_what_was_written(self, cast: Cast, rosa: Browser) -> None:
        answer = await rosa.post(
            HERE + "/reglages", {**FACTS, "address": "", "email": "pas une adresse", "name": "Neuf"}
        )
        assert answer.status_code == 422
        assert 'value="Neuf"' in answer.text
        assert "Il manque l’adresse" in words(answer)
        assert "Une adresse s’écrit comme" in words(answer)
        assert 'href="#field-address"' in answer.text
        assert answer.text.count('id="field-address"') == 1


class TestRooms:
    async def test_adding_twice_makes_one(self, cast: Cast, rosa: Browser) -> None:
        for _ in range(2):
            answer = await rosa.post(HERE + "/salles", {"name": "Cave", "seats": "8", "step_free": "1"})
            assert answer.status_code == 303
        rows = await run("select seats, step_free from room where name = 'Cave'")
        assert [(row["seats"], bool(row["step_free"])) for row in rows] == [(8, True)]
        again = await rosa.post(HERE + "/salles", {"name": "CAVE", "seats": "12"})
        assert again.status_code == 409
        assert "s’appelle déjà « CAVE »" in words(again)

    @pytest.mark.parametrize("seats", ["", "0", "-3", "2001", "beaucoup", "9" * 25])
    async def test_a_size_that_cannot_be(self, cast: Cast, rosa: Browser, seats: str) -> None:
        answer = await rosa.post(HERE + "/salles", {"name": "Cave", "seats": seats})
        assert answer.status_code == 422
        assert 'value="Cave"' in answer.text

    async def test_a_new_name_reaches_the_calendar(self, cast: Cast, rosa: Browser) -> None:
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno, room_id=cast.salon)
        before = await sequence()
        answer = await rosa.post(f"{HERE}/salles/{cast.salon}", {"name": "Grand salon", "seats": "20"})
        assert answer.status_code == 303
        room = (await run("select name, seats, step_free from room where id = {}", cast.salon))[0]
        assert (room["name"], room["seats"], bool(room["step_free"])) == ("Grand salon", 20, False)
        entry = (await run("select sequence, ics_public from entry"))[0]
        assert entry["sequence"] == before + 1
        assert "Grand salon" in entry["ics_public"]
        taken = await rosa.post(f"{HERE}/salles/{cast.salon}", {"name": "salle du FOND", "seats": "20"})
        assert taken.status_code == 409

    async def test_one_in_use_is_not_retired(self, cast: Cast, rosa: Browser) -> None:
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno, room_id=cast.salon)
        answer = await rosa.post(f"{HERE}/salles/{cast.salon}/retrait")
        assert answer.status_code == 409
        assert "Salon est prise vendredi 4 décembre à 12 h" in words(answer)
        for _ in range(2):
            assert (await rosa.post(f"{HERE}/salles/{cast.back_room}/retrait")).status_code == 303
        assert "Salle du fond" not in words(await rosa.get(HERE))
        assert (
            await rosa.post(f"{HERE}/salles/{cast.back_room}", {"name": "Revenue", "seats": "9"})
        ).status_code == 404


class TestHours:
    async def test_the_week_is_written_anew(self, cast: Cast, rosa: Browser) -> None:
        form = {"d0_from_0": "09:00", "d0_to_0": "12:30", "d0_from_1": "14h", "d0_to_1": "18:00", "d5_from_0": "10:00"}
        answer = await rosa.post(HERE + "/horaires", form)
        assert answer.status_code == 422
        assert "Il manque une heure" in words(answer)
        form["d5_to_0"] = "17:00"
        for _ in range(2):
            assert (await rosa.post(HERE + "/horaires", form)).status_code == 303
        rows = await run("select weekday, opens, closes from opening_hours order by weekday, opens")
        assert [tuple(row.values()) for row in rows] == [
            (0, "09:00", "12:30"),
            (0, "14:00", "18:00"),
            (5, "10:00", "17:00"),
        ]
        assert "Lundi de 9 h à 12 h 30, de 14 h à 18 h" in words(await rosa.get(HERE))

    @pytest.mark.parametrize(
        ("form", "sentence"),
        [
            ({"d0_from_0": "18:00", "d0_to_0": "09:00"}, "La fin vient après le début"),
            ({"d0_from_0": "neuf", "d0_to_0": "12:00"}, "Écris une heure comme 09:00"),
            ({"d0_from_0": "25:00", "d0_to_0": "26:00"}, "Écris une heure comme 09:00"),
            (
                {"d0_from_0": "09:00", "d0_to_0": "14:00", "d0_from_1": "13:00", "d0_to_1": "18:00"},
                "Ça recommence avant la fin du matin",
            ),
        ],
    )
    async def test_what_cannot_be(self, cast: Cast, rosa: Browser, form: dict[str, str], sentence: str) -> None:
        answer = await rosa.post(HERE + "/horaires", form)
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert len(await run("select 1 as one from opening_hours")) == 5


class TestClosures:
    async def test_days_are_added_once_and_removed(self, cast: Cast, rosa: Browser) -> None:
        form = {"first_on": "2026-12-24", "last_on": "2027-01-03", "reason": "Fêtes"}
        for _ in range(2):
            assert (await rosa.post(HERE + "/fermetures", form)).status_code == 303
        rows = await run("select id, first_on, last_on, reason from closure")
        assert [(row["first_on"], row["last_on"], row["reason"]) for row in rows] == [
            (date(2026, 12, 24), date(2027, 1, 3), "Fêtes")
        ]
        await rosa.post(HERE + "/fermetures", {"first_on": "2026-12-08"})
        for _ in range(2):
            assert (await rosa.post(f"{HERE}/fermetures/{rows[0]['id']}/retrait")).status_code == 303
        assert await run("select first_on, last_on from closure") == [
            {"first_on": date(2026, 12, 8), "last_on": date(2026, 12, 8)}
        ]

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"first_on": "hier"},
            {"first_on": "2026-02-30"},
            {"first_on": "2026-12-24", "last_on": "2026-12-23"},
            {"first_on": "9999-12-24"},
        ],
    )
    async def test_days_that_cannot_be(self, cast: Cast, rosa: Browser, form: dict[str, str]) -> None:
        assert (await rosa.post(HERE + "/fermetures", form)).status_code == 422
        assert not await run("select 1 as one from closure")


class TestRoles:
    async def test_a_role_is_offered_by_name_or_address(self, cast: Cast, rosa: Browser) -> None:
        form = {"act": "keep_place", "who": await email_of(cast.samira), "how": "share"}
        answer = await rosa.post(HERE + "/roles", form)
        assert (answer.status_code, answer.headers["location"]) == (303, HERE + "/reglages#roles")
        assert "Proposé à Samira" in words(await rosa.get(HERE + "/reglages"))
        rows = await run("select to_member, shared from handover")
        assert [(row["to_member"], bool(row["shared"])) for row in rows] == [(cast.samira, True)]

    async def test_nobody_or_too_many(self, cast: Cast, rosa: Browser) -> None:
        await make_member(name="Samir", place_id=cast.place)
        await make_member(name="Samira", place_id=cast.place)
        for who, sentence in (
            ("Samira", "Plusieurs personnes"),
            ("Sami", "Personne de ce nom"),
            ("Zorro", "Personne de ce nom"),
            ("", "Il manque le nom"),
        ):
            answer = await rosa.post(HERE + "/roles", {"act": "keep_place", "who": who})
            assert answer.status_code == 422
            assert sentence in words(answer)
        mediator = await rosa.post(HERE + "/roles", {"act": "keep_place", "who": "Bruno"})
        assert mediator.status_code == 409
        assert (await rosa.post(HERE + "/roles", {"act": "say_yes", "who": "Karim"})).status_code == 422

    async def test_the_last_keeper_stays(self, cast: Cast, rosa: Browser) -> None:
        answer = await rosa.post(HERE + "/roles/keep_place/fin")
        assert answer.status_code == 409
        assert "Personne d’autre ne tient ce lieu" in words(answer)
        assert (await rosa.post(HERE + "/roles/say_yes/fin")).status_code == 403

    async def test_who_passes_one_on_is_told_before_and_after_that_they_sign_in_again(
        self, cast: Cast, rosa: Browser
    ) -> None:
        assert "tes appareils sont déconnectés" in words(await rosa.get(HERE + "/reglages"))
        await rosa.post(HERE + "/roles", {"act": "keep_place", "who": "Samira", "how": "pass"})
        (offer,) = await run("select id from handover")
        await answer_role(actor=cast.samira, handover_id=offer["id"], yes=True, now=NOON)
        assert (await rosa.get("/moi")).status_code == 303, "the control"
        assert "quand un rôle change de mains" in words(await rosa.get("/connexion"))
