"""What is kept for one reader, who asks for one page after another: it is theirs alone, and forgotten at any commit."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

import pytest

from app.database import Store, is_sqlite, transaction
from app.identity.states import Act
from app.identity.tables import Session
from app.identity.visits import Visit, hash_token, visit_of_session
from tests.app.test_stamp import by_another_program
from tests.client import NOON, Browser, words
from tests.factories import make_grant, make_workshop
from tests.people import make_cast
from tests.workshops.test_pages import Scene

JOIN = "Je m’inscris"
TITLE = "On se relit nos CV"


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def read(browser: Browser, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200
    return words(answer)


async def still(_: Store) -> str:
    """A stamp that moves for nothing."""
    return "still"


class TestWhoIsAsking:
    async def test_it_is_asked_once(self, scene: Scene, db: Store) -> None:
        """With what they have: on PostgreSQL who is asking comes with the stamp that all the rest goes by."""
        workshop_id = await scene.published()
        browser = await scene.as_(scene.cast.yann)
        for path in ("/agenda", f"/ateliers/{workshop_id}"):
            await read(browser, path)
            before = db.query_id
            await read(browser, path)
            assert db.query_id - before == (0 if is_sqlite() else 1), path

    async def test_a_session_that_another_program_ends_is_over_at_once(self, scene: Scene, db: Store) -> None:
        browser = await scene.as_(scene.cast.samira)
        assert "Samira" in await read(browser, "/agenda")
        await by_another_program(db, "delete from session")
        assert "Samira" not in await read(browser, "/agenda")

    async def test_with_a_stamp_that_stands_still_it_would_not_be(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""
        scene = Scene(await make_cast())
        browser = await scene.as_(scene.cast.samira)
        monkeypatch.setattr(type(sqlite_only_db), "read_stamp", still)
        await read(browser, "/agenda")
        await by_another_program(sqlite_only_db, "delete from session")
        assert "Samira" in await read(browser, "/agenda")
        scene.world.later(minutes=1)
        assert "Samira" not in await read(browser, "/agenda"), "at most a minute"

    async def test_who_signs_out_is_out_and_nobody_else(self, scene: Scene) -> None:
        samira, yann = await scene.as_(scene.cast.samira), await scene.as_(scene.cast.yann)
        for _ in range(2):
            assert "Samira" in (text := await read(samira, "/agenda"))
            assert "Yann" not in text
            assert "Yann" in (text := await read(yann, "/agenda"))
            assert "Samira" not in text
        assert (await samira.post("/deconnexion")).status_code == 303
        assert "Samira" not in await read(samira, "/agenda")
        assert "Yann" in await read(yann, "/agenda")

    async def test_what_a_role_allows_begins_and_ends_on_its_minute(self, scene: Scene) -> None:
        token = secrets.token_urlsafe(32)
        row: dict[str, Any] = {"token_hash": hash_token(token), "device": "mine", "created_at": NOON, "seen_at": NOON}
        async with transaction():
            await Session.insert(
                Session(
                    member_id=scene.cast.yann,
                    place_id=scene.cast.place,
                    expires_at=NOON + timedelta(days=9),
                    second_at=NOON,
                    **row,
                )
            )
        begins, ends = NOON + timedelta(minutes=5), NOON + timedelta(minutes=7)
        await make_grant(
            member_id=scene.cast.yann, place_id=scene.cast.place, act=Act.SAY_YES, from_at=begins, until_at=ends
        )

        async def may(at: Any) -> bool:
            visit = await visit_of_session(token, now=at, theme=None, reference="")
            assert isinstance(visit, Visit)
            return visit.may(Act.SAY_YES)

        second = timedelta(seconds=1)
        found = [await may(at) for at in (begins - 59 * second, begins - second, begins, ends - second, ends)]
        assert found == [False, False, True, True, False]


class TestWhatTheyHave:
    async def test_each_sees_their_own_part_and_at_once(self, scene: Scene, db: Store) -> None:
        workshop_id = await scene.published()
        page = f"/ateliers/{workshop_id}"
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        for browser in (karim, yann, karim, yann):
            assert JOIN in await read(browser, page)
        assert (await karim.post(f"{page}/inscription")).status_code == 303
        for _ in range(2):
            assert JOIN not in await read(karim, page)
            assert JOIN in await read(yann, page)
            assert TITLE in await read(karim, "/mes-rendez-vous")
        await by_another_program(db, "update sign_up set state = 'withdrawn'")
        assert JOIN in await read(karim, page)

    async def test_the_agenda_has_the_own_dates_of_each(self, scene: Scene, db: Store) -> None:
        workshop_id = await scene.published()
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        for browser in (karim, yann):
            assert "Tous mes rendez-vous" not in await read(browser, "/agenda")
        await karim.post(f"/ateliers/{workshop_id}/inscription")
        for _ in range(2):
            assert "Tous mes rendez-vous" in await read(karim, "/agenda")
            assert "Tous mes rendez-vous" not in await read(yann, "/agenda")
        await by_another_program(db, "delete from taking_part where role = 'participant'")
        assert "Tous mes rendez-vous" not in await read(karim, "/agenda")

    async def test_what_else_they_do_then_is_said_to_them_alone(self, scene: Scene, db: Store) -> None:
        place, mediator = scene.cast.place, scene.cast.helene
        first = await make_workshop(place_id=place, host=scene.cast.samira, mediator=mediator, title=TITLE)
        other = await make_workshop(place_id=place, host=scene.cast.aicha, mediator=mediator, title="Un autre")
        karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
        warned = f"À cette heure, tu as aussi « {TITLE} »."
        for browser in (karim, yann):
            assert warned not in await read(browser, f"/ateliers/{other}")
        await karim.post(f"/ateliers/{first}/inscription")
        for _ in range(2):
            assert warned in await read(karim, f"/ateliers/{other}")
            assert warned not in await read(yann, f"/ateliers/{other}")
        await by_another_program(db, "delete from taking_part where role = 'participant'")
        assert warned not in await read(karim, f"/ateliers/{other}")

    async def test_with_a_stamp_that_stands_still_pages_would_say_what_was(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control, and that it lasts a minute at most. Another address is another page."""
        scene = Scene(await make_cast())
        page = f"/ateliers/{await scene.published()}"
        karim = await scene.as_(scene.cast.karim)
        await karim.post(f"{page}/inscription")
        monkeypatch.setattr(type(sqlite_only_db), "read_stamp", still)
        assert JOIN not in await read(karim, page)
        assert "Tous mes rendez-vous" in await read(karim, "/agenda")
        await by_another_program(sqlite_only_db, "update sign_up set state = 'withdrawn'")
        await by_another_program(sqlite_only_db, "delete from taking_part where role = 'participant'")
        assert JOIN not in await read(karim, page)
        assert "Tous mes rendez-vous" in await read(karim, "/agenda")
        assert "Ce qui est à moi" in await read(karim, "/agenda?genre=a-moi")
        scene.world.later(minutes=1)
        assert "Tous mes rendez-vous" not in await read(karim, "/agenda")
