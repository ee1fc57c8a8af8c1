"""The page of a meal, kept for one reader who asks for it again: it is theirs alone, forgotten at any commit, and each
answer's form for somebody without an account is a form of its own."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from app.database import Store, is_sqlite
from meals.queries import one
from tests.app.test_stamp import by_another_program
from tests.client import Browser, words
from tests.meals.make import make_dish
from tests.meals.reads import bookings
from tests.meals.scene import Scene
from tests.people import Cast, make_cast
from tests.workshops.test_kept_for_one import still

TAKEN = "Tu as ta place"


@pytest.fixture
async def scene(cast: Cast) -> Scene:
    return Scene(cast)


async def read(browser: Browser, meal_id: int) -> httpx.Response:
    answer = await browser.get(f"/repas/{meal_id}")
    assert answer.status_code == 200
    return answer


def once_of(answer: httpx.Response) -> str:
    found = re.search(r'name="once" value="([0-9a-f]{32})"', answer.text)
    assert found is not None
    return found[1]


class TestThePageOfOneReader:
    async def test_it_is_asked_once(self, scene: Scene, db: Store) -> None:
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        before = db.query_id
        await read(browser, meal_id)
        assert db.query_id - before > 1
        before = db.query_id
        await read(browser, meal_id)
        assert db.query_id - before == (0 if is_sqlite() else 1)

    async def test_each_reads_their_own_seats_and_at_once(self, scene: Scene, db: Store) -> None:
        meal_id = await scene.meal()
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        for browser in (karim, yann, karim, yann):
            assert TAKEN not in words(await read(browser, meal_id))
        assert (await karim.post(f"/repas/{meal_id}/reservations")).status_code == 303
        for _ in range(2):
            assert TAKEN in words(await read(karim, meal_id))
            assert TAKEN not in words(page := await read(yann, meal_id))
            assert "Il reste 23 places sur 24" in words(page)
        await by_another_program(db, "update booking set active = false")
        await by_another_program(db, "update meal set taken = 0")
        assert TAKEN not in words(await read(karim, meal_id))
        assert "Il reste 24 places sur 24" in words(await read(yann, meal_id))

    async def test_with_a_stamp_that_stands_still_they_would_not(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""
        scene = Scene(await make_cast())
        meal_id = await scene.meal()
        await scene.booked(meal_id, scene.cast.karim)
        browser = await scene.as_(scene.cast.karim)
        monkeypatch.setattr(type(sqlite_only_db), "read_stamp", still)
        assert TAKEN in words(await read(browser, meal_id))
        await by_another_program(sqlite_only_db, "update booking set active = false")
        assert TAKEN in words(await read(browser, meal_id))
        scene.world.later(minutes=1)
        assert TAKEN not in words(await read(browser, meal_id)), "at most a minute"

    async def test_at_closing_it_says_so(self, scene: Scene) -> None:
        meal_id = await scene.meal(closes_at=scene.world.now.replace(minute=2))
        browser = await scene.as_(scene.cast.karim)
        assert "Combien tu peux mettre ?" in words(await read(browser, meal_id))
        scene.world.later(minutes=2)
        assert "Combien tu peux mettre ?" not in words(await read(browser, meal_id))


WRITTEN = (
    ("update dish set name = 'Minestrone'", "Minestrone"),
    ("update dish set allergens = 'celery'", "Céleri (Minestrone)"),
    ("update dish set meat = true, pork = true", "Il y en a : Minestrone."),
    ("update meal set about = 'Sans four.'", "Sans four."),
    ("update place set address = '3 quai du Canal'", "3 quai du Canal"),
    ("update meal set fair_cents = 450", "Le repas coûte 4,50 € à faire."),
    ("update meal set taken = 20", "S’il n’y en a pas assez, tu attends le reste."),
    ("update meal set taken = seats", "Je me mets en attente"),
    (
        "insert into pot (place_id, cents, borne_cents) select place_id, 9000, 0 from meal",
        "Prends-en un, sans expliquer.",
    ),
)
"""What changes, and what the page then says."""


class TestWordsThatAreRemembered:
    """By all that they go by: what changes is said at once, also to whoever comes back."""

    async def test_whatever_changes_is_said(self, scene: Scene, db: Store) -> None:
        dish = await make_dish(place_id=scene.cast.place, name="Soupe")
        meal_id = await scene.meal(dishes=[dish], room_id=scene.cast.salon)
        readers = [await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)]
        for statement, said in WRITTEN:
            for browser in readers:
                assert said not in words(await read(browser, meal_id)), said
            await by_another_program(db, statement)
            for browser in readers:
                assert said in words(await read(browser, meal_id)), statement

    async def test_remembered_by_less_it_would_not_be(
        self, scene: Scene, db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""
        dish = await make_dish(place_id=scene.cast.place, name="Soupe")
        meal_id = await scene.meal(dishes=[dish])
        make = vars(one)["_menu"]
        kept: dict[str, Any] = {}

        def menu(dishes: Any, **by: Any) -> Any:
            return kept.setdefault(by["about"], make(dishes, **by))

        monkeypatch.setattr(one, "_menu", menu)
        browser = await scene.as_(scene.cast.karim)
        await read(browser, meal_id)
        await by_another_program(db, "update dish set name = 'Minestrone'")
        assert "Minestrone" not in words(await read(browser, meal_id))


class TestTheListOfOneReader:
    """`/repas`, kept in the same way."""

    async def test_it_is_asked_once(self, scene: Scene, db: Store) -> None:
        await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        assert (await browser.get("/repas")).status_code == 200
        before = db.query_id
        assert (await browser.get("/repas")).status_code == 200
        assert db.query_id - before == (0 if is_sqlite() else 1)
        assert (await browser.get("/repas?passes=1")).status_code == 200
        assert db.query_id - before > 1, "another list"

    async def test_each_reads_their_own_seats_and_at_once(self, scene: Scene, db: Store) -> None:
        meal_id = await scene.meal()
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        for browser in (karim, yann):
            assert TAKEN not in words(await browser.get("/repas"))
        assert (await karim.post(f"/repas/{meal_id}/reservations")).status_code == 303
        for _ in range(2):
            assert TAKEN in words(await karim.get("/repas"))
            assert TAKEN not in words(page := await yann.get("/repas"))
            assert "Il reste 23 places sur 24" in words(page)
        await by_another_program(db, "update booking set active = false")
        await by_another_program(db, "update meal set title = 'Potée'")
        assert TAKEN not in words(page := await karim.get("/repas"))
        assert "Potée" in words(page)

    async def test_at_closing_it_says_so(self, scene: Scene) -> None:
        await scene.meal(closes_at=scene.world.now.replace(minute=2))
        browser = await scene.as_(scene.cast.karim)
        assert "Réservations closes" not in words(await browser.get("/repas"))
        scene.world.later(minutes=2)
        assert "Réservations closes" in words(await browser.get("/repas"))


class TestFormsOfOnePage:
    async def test_two_tabs_have_two_forms(self, scene: Scene, db: Store) -> None:
        """Both opened before anything was committed: two people of one name are two bookings."""
        meal_id = await scene.meal()
        browser = await scene.as_(scene.cast.karim)
        forms = [once_of(await read(browser, meal_id)) for _ in range(2)]
        before = db.query_id
        forms.append(once_of(await read(browser, meal_id)))
        assert db.query_id - before == (0 if is_sqlite() else 1), "the page was kept"
        assert len(set(forms)) == 3
        for once in (*forms, forms[0]):
            sent = await browser.post(f"/repas/{meal_id}/invites", {"first_name": "Ali", "once": once})
            assert sent.status_code == 303
        assert len(await bookings(meal_id)) == 3
