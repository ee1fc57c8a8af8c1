"""The letter box of the demonstration."""

from __future__ import annotations

from datetime import timedelta

from app.database import Store, transaction
from app.i18n import text
from app.notices.api import Kind, post_mail
from app.notices.delivery import Postman
from app.notices.tables import Outbox
from tests.client import NOON, World, words
from tests.factories import make_place


async def post(number: int, *, hours: int = 0, kind: str = "sign_in") -> None:
    async with transaction():
        await post_mail(
            member_id=None,
            to=f"membre{number}@exemple.fr",
            kind=Kind.SIGN_IN,
            dedupe=f"mail:{number}",
            subject=text("Voici ton code n° %(n)s", n=number),
            body=[text("Bonjour <b>Samira</b>,"), text("le code est 123456.")],
            link=f"/connexion/lien/secret{number}",
            now=NOON,
        )
        later = NOON + timedelta(hours=hours)
        await Outbox.update({Outbox.run_at: later, Outbox.kind: kind}).where(Outbox.dedupe == f"mail:{number}")


class TestShowDemoMails:
    async def test_it_shows_the_newest_first_each_with_its_state(self, db: Store) -> None:
        await post(1)
        world = World(demo=True)
        await Postman(world.settings, {}).deliver(NOON)
        await post(2)
        await post(3, hours=3, kind="change")
        answer = await world.browser().get("/demo/courrier")
        said = words(answer)
        assert answer.status_code == 200
        assert said.index("code n° 3") < said.index("code n° 2") < said.index("code n° 1")
        assert "Partira mardi 24 novembre à 15 h" in said
        assert "Part dans un instant" in said
        assert [answer.text.count(f'data-state="{state}"') for state in ("later", "waiting", "logged")] == [1, 1, 1]

    async def test_it_invites_when_there_is_none(self, sqlite_only_db: Store) -> None:
        assert "Pas encore de courrier" in words(await World(demo=True).browser().get("/demo/courrier"))

    async def test_it_goes_on_to_the_older_ones(self, sqlite_only_db: Store) -> None:
        for number in range(60):
            await post(number)
        browser = World(demo=True).browser()
        first = await browser.get("/demo/courrier")
        assert first.text.count("data-state") == 50
        second = await browser.get("/demo/courrier?avant=11")
        assert 'href="/demo/courrier?avant=11"' in first.text
        assert second.text.count("data-state") == 10
        for nonsense in ("x", "-1", "9" * 30, "²", ""):
            assert (await browser.get(f"/demo/courrier?avant={nonsense}")).status_code == 200

    async def test_it_exists_only_in_the_demonstration(self, sqlite_only_db: Store) -> None:
        await post(1)
        for path in ("/demo/courrier", "/demo/courrier/1"):
            answer = await World().browser().get(path)
            assert answer.status_code == 404
            assert "123456" not in answer.text


class TestShowDemoMail:
    async def test_its_link_works_and_its_words_are_only_words(self, sqlite_only_db: Store) -> None:
        await make_place(name="Les Tanneurs")
        await post(1)
        answer = await World(demo=True).browser().get("/demo/courrier/1")
        assert 'href="/connexion/lien/secret1"' in answer.text
        assert "<b>Samira</b>" not in answer.text
        said = words(answer)
        assert "le code est 123456." in said
        assert "membre1@exemple.fr" in said
        assert "Les Tanneurs" in said

    async def test_a_mail_that_is_not_or_was_forgotten_is_not_found(self, sqlite_only_db: Store) -> None:
        await post(1)
        async with transaction():
            await Outbox.update({Outbox.recipient: ""}).where(Outbox.id == 1)
        for number in (1, 2):
            assert (await World(demo=True).browser().get(f"/demo/courrier/{number}")).status_code == 404
