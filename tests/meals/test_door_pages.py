"""The pages of the door over HTTP: who reads the list and what is on it, ticking, codes of tickets, on paper."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app.database import Store
from app.identity.states import Act
from meals.queries.door import first_names, read_ticket_code, ticket_code
from meals.states import Job
from tests.client import Browser, words
from tests.factories import make_grant, make_member, make_place
from tests.meals.make import AFTER_CLOSING, START, change_meal, make_crowd
from tests.meals.reads import stands
from tests.meals.scene import Scene
from tests.people import Cast

MINUTE = timedelta(minutes=1)
DOOR = START - 10 * MINUTE
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    """Karim has the welcome turn at the hour of the meals."""
    span = {"from_at": START - 30 * MINUTE, "until_at": START + 180 * MINUTE}
    await make_grant(member_id=cast.karim, place_id=cast.place, act=Act.CHECK_IN, **span)
    return Scene(cast)


async def at_the_door(scene: Scene, member_id: int | None = None) -> Browser:
    scene.world.now = DOOR
    return await scene.as_(member_id or scene.cast.karim)


def form(page: Any, booking_id: int, seats: int = 1, path: str = "") -> dict[str, str]:
    """The fields of the button of this booking that lets so many in, as the page has them."""
    for markup in re.findall(r"<form.*?</form>", page.text, re.DOTALL):
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', markup))
        action = re.search(r'action="([^"]*)"', markup)
        theirs = (fields.get("booking"), fields.get("seats")) == (str(booking_id), str(seats))
        if theirs and action and action[1].endswith(f"/accueil{path}"):
            return fields
    raise AssertionError("no such button")


class TestTheList:
    async def test_first_names_seats_and_no_sum(self, scene: Scene) -> None:
        meal = await scene.meal()
        cast = scene.cast
        twin = await make_member(name="Samira Diallo", place_id=cast.place)
        await scene.booked(meal, cast.samira, 3, children=1, price_cents=800)
        await scene.booked(meal, twin, suspended=True)
        await scene.booked(meal, cast.aicha, price_cents=300)
        page = await (await at_the_door(scene)).get(f"/repas/{meal}/accueil")
        said = words(page)
        assert "0 sur 5 à table" in said
        assert "Il reste 19 places" in said
        assert said.index("Aïcha") < said.index("Samira 3 personnes, dont 1 enfant · Enveloppe")
        assert "Samira D. Réglé" in said
        assert "€" not in said
        assert "suspendu" not in said.casefold()

    async def test_one_page_asks_as_much_for_forty_as_for_one(self, scene: Scene, db: Store) -> None:
        meal = await scene.meal(seats=60)
        await scene.booked(meal, scene.cast.samira)
        door = await at_the_door(scene)
        await door.get(f"/repas/{meal}/accueil")
        before = db.query_id
        await door.get(f"/repas/{meal}/accueil")
        few = db.query_id - before
        scene.world.now = AFTER_CLOSING - timedelta(days=2)
        for member in await make_crowd(scene.cast, 40):
            await scene.booked(meal, member)
        scene.world.now = DOOR
        await door.get(f"/repas/{meal}/accueil")
        before = db.query_id
        await door.get(f"/repas/{meal}/accueil")
        assert db.query_id - before == few

    async def test_who_reads_it(self, scene: Scene) -> None:
        meal = await scene.meal()
        cast = scene.cast
        elsewhere = await make_member(place_id=await make_place(slug="le-canal", name="Le Canal"))
        for member, status in (
            (cast.karim, 200),
            (cast.odile, 403),
            (cast.samira, 403),
            (cast.rosa, 403),
            (cast.bruno, 403),
            (elsewhere, 404),
        ):
            for path in ("", "/feuille"):
                answer = await (await at_the_door(scene, member)).get(f"/repas/{meal}/accueil{path}")
                expected = 200 if member == cast.odile and path else status
                assert answer.status_code == expected, (member, path)
        assert (await scene.visitor().get(f"/repas/{meal}/accueil")).status_code == 303
        refused = await (await at_the_door(scene, cast.samira)).get(f"/repas/{meal}/accueil")
        assert "La liste de l’accueil est à qui a ce tour" in words(refused)

    async def test_the_page_of_the_meal_leads_there_whoever_may(self, scene: Scene) -> None:
        meal = await scene.meal()
        await scene.turn(meal, Job.COOK, holders=[scene.cast.aicha])
        door, paper = f'href="/repas/{meal}/accueil"', f'href="/repas/{meal}/accueil/feuille"'
        cast = scene.cast
        for now, member, leads in (
            (DOOR, cast.karim, (True, False)),
            (DOOR, cast.odile, (False, True)),
            (DOOR, cast.aicha, (False, True)),
            (DOOR, cast.samira, (False, False)),
            (AFTER_CLOSING, cast.odile, (False, True)),
            (START - timedelta(days=2), cast.odile, (False, False)),
            (START - 60 * MINUTE, cast.odile, (True, False)),
        ):
            scene.world.now = now
            page = await (await scene.as_(member)).get(f"/repas/{meal}")
            assert (door in page.text, paper in page.text) == leads, (now, member)

    async def test_it_is_searched_by_first_name(self, scene: Scene) -> None:
        meal = await scene.meal()
        await scene.booked(meal, scene.cast.aicha)
        await scene.booked(meal, scene.cast.samira)
        said = words(await (await at_the_door(scene)).get(f"/repas/{meal}/accueil?q=aicha"))
        assert "Aïcha" in said
        assert "Samira" not in said
        assert "0 sur 2 à table" in said, "what is counted is everybody"


class TestTicking:
    async def test_who_searched_goes_on_searching_and_may_take_all_back_at_once(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira, 3, children=2)
        await scene.booked(meal, scene.cast.aicha)
        door = await at_the_door(scene)
        page = await door.get(f"/repas/{meal}/accueil?q=sam")
        answer = await door.post(f"/repas/{meal}/accueil", form(page, made))
        assert answer.headers["location"] == f"/repas/{meal}/accueil?q=sam"
        page = await door.get(answer.headers["location"])
        assert "Encore 2 personnes, dont" in words(page)
        answer = await door.post(f"/repas/{meal}/accueil", form(page, made, 2), **HTMX)
        assert "Aïcha" not in words(answer)
        assert "plus bas" in words(answer)
        answer = await door.post(f"/repas/{meal}/accueil/retrait", form(answer, made, 3, "/retrait"), **HTMX)
        assert await stands(made) == {"confirmed": 3}

    async def test_with_and_without_htmx(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira, 3)
        door = await at_the_door(scene)
        page = await door.get(f"/repas/{meal}/accueil")
        sent = form(page, made)
        answer = await door.post(f"/repas/{meal}/accueil", sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/repas/{meal}/accueil")
        assert (await door.post(f"/repas/{meal}/accueil", sent)).status_code == 303
        assert await stands(made) == {"confirmed": 2, "attended": 1}
        page = await door.get(f"/repas/{meal}/accueil")
        answer = await door.post(f"/repas/{meal}/accueil", form(page, made, 2), **HTMX)
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert "3 sur 3 à table" in words(answer)
        answer = await door.post(f"/repas/{meal}/accueil/retrait", form(answer, made, 1, "/retrait"), **HTMX)
        assert "2 sur 3 à table" in words(answer)

    async def test_two_telephones_and_the_second_is_told(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira)
        door = await at_the_door(scene)
        one, other = [form(await door.get(f"/repas/{meal}/accueil"), made) for _ in range(2)]
        assert (await door.post(f"/repas/{meal}/accueil", one)).status_code == 303
        answer = await door.post(f"/repas/{meal}/accueil", other)
        assert answer.status_code == 409
        assert "déjà cochée en entier" in words(answer)

    @pytest.mark.parametrize(
        "bad", [{"seats": "0"}, {"seats": "many"}, {"seats": "99999999999999999999"}, {"seen": "-1"}, {"booking": "x"}]
    )
    async def test_what_is_no_number_is_422(self, scene: Scene, bad: dict[str, str]) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira)
        door = await at_the_door(scene)
        sent = form(await door.get(f"/repas/{meal}/accueil"), made) | bad
        answer = await door.post(f"/repas/{meal}/accueil", sent)
        assert answer.status_code == 422
        assert answer.text.count("data-focus") == 1, "said once, at the line or above the list"
        assert await stands(made) == {"confirmed": 1}

    async def test_without_a_booking(self, scene: Scene) -> None:
        meal = await scene.meal(seats=3)
        await scene.booked(meal, scene.cast.samira)
        door = await at_the_door(scene)
        path = f"/repas/{meal}/accueil/sans-reservation"
        wrong = await door.post(path, {"name": "Fanny", "seats": "2", "children": "2", "once": "a"})
        assert wrong.status_code == 422
        assert 'href="#field-children"' in wrong.text
        assert 'value="Fanny"' in wrong.text
        full = await door.post(path, {"name": "Fanny", "seats": "3", "children": "0", "once": "a"})
        assert full.status_code == 409
        assert "Il ne reste pas assez de places" in words(full)
        assert (await door.post(path, {"name": "Fanny", "seats": "2", "once": "a"})).status_code == 303
        said = words(await door.get(f"/repas/{meal}/accueil"))
        assert "Fanny sans réservation" in said
        assert "C’est complet" in said
        assert "Toutes les places sont à quelqu’un" in said

    async def test_who_waits_is_let_in(self, scene: Scene) -> None:
        meal = await scene.meal(seats=2)
        await scene.booked(meal, scene.cast.samira, 2)
        waits = await scene.booked(meal, scene.cast.aicha)
        door = await at_the_door(scene)
        page = await door.get(f"/repas/{meal}/accueil")
        assert "Aïcha En attente, 1 place" in words(page)
        assert "reste une place" not in words(page)
        await change_meal(meal, seats=3)
        page = await door.get(f"/repas/{meal}/accueil")
        answer = await door.post(f"/repas/{meal}/accueil", form(page, waits))
        assert answer.status_code == 303
        assert await stands(waits) == {"attended": 1}


class TestTheCode:
    async def test_of_a_ticket_is_guessed_by_nobody(self) -> None:
        code = ticket_code(12, secret_key="a secret")
        assert read_ticket_code(code, secret_key="a secret") == 12
        assert read_ticket_code(code.upper(), secret_key="a secret") == 12
        for other in (code[:-1], code[:-1] + "!", code.replace("12-", "13-"), "12", "12-", "", "é-é", "9" * 30 + code):
            assert read_ticket_code(other, secret_key="a secret") is None
        assert read_ticket_code(code, secret_key="another") is None

    async def test_leads_who_is_at_the_door_to_the_buttons(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira, 2)
        path = f"/entree/{ticket_code(made, secret_key=scene.world.settings.secret_key)}"
        door = await at_the_door(scene)
        page = await door.get(path)
        assert "Samira" in words(page)
        await door.post(f"/repas/{meal}/accueil", form(page, made, 2))
        again = words(await door.get(path))
        assert "cochée en entier" in again

    async def test_leads_whose_it_is_to_it_and_nobody_else_anywhere(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira)
        path = f"/entree/{ticket_code(made, secret_key=scene.world.settings.secret_key)}"
        mine = await (await at_the_door(scene, scene.cast.samira)).get(path)
        assert mine.headers["location"] == f"/reservations/{made}"
        for member in (scene.cast.aicha, scene.cast.bruno, scene.cast.odile):
            assert (await (await at_the_door(scene, member)).get(path)).status_code == 404
        visitor = await scene.visitor().get(path)
        assert visitor.status_code == 303
        assert visitor.headers["location"].startswith("/connexion")

    async def test_is_a_picture_on_the_ticket_of_its_owner(self, scene: Scene) -> None:
        meal = await scene.meal()
        made = await scene.booked(meal, scene.cast.samira)
        mine = await scene.as_(scene.cast.samira)
        assert f"/reservations/{made}/code" in (await mine.get(f"/reservations/{made}")).text
        picture = await mine.get(f"/reservations/{made}/code")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "no-store"
        assert picture.content.startswith(b"<?xml")
        other = await scene.as_(scene.cast.aicha)
        assert (await other.get(f"/reservations/{made}/code")).status_code == 404


class TestOnPaper:
    async def test_first_names_boxes_and_lines_to_write_on(self, scene: Scene) -> None:
        meal = await scene.meal(seats=8)
        await scene.booked(meal, scene.cast.samira, 3, children=1)
        await scene.turn(meal, Job.TILL, holders=[scene.cast.aicha])
        scene.world.now = AFTER_CLOSING
        page = await (await scene.as_(scene.cast.aicha)).get(f"/repas/{meal}/accueil/feuille")
        assert page.text.count('class="tickbox"') == 3 + 5
        said = words(page)
        assert "Samira dont 1 enfant Enveloppe" in said
        assert "On la jette le soir" in said
        assert "€" not in said


@pytest.mark.parametrize(
    ("names", "called"),
    [
        (["Anne Petit", "Bao"], ["Anne", "Bao"]),
        (["Anne Petit", "Anne Leroy"], ["Anne P.", "Anne L."]),
        (["Anne Petit", "anne Pons"], ["Anne Petit", "anne Pons"]),
        (["Inès Moreau", "Ines"], ["Inès M.", "Ines"]),
        (["", ""], ["", ""]),
    ],
)
def test_two_of_one_first_name_are_told_apart(names: list[str], called: list[str]) -> None:
    assert list(first_names(dict(enumerate(names))).values()) == called
