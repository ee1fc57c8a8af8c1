"""The letter box of the demonstration."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

from app.calendar.api import Planned, put_entry
from app.database import Store, transaction
from app.i18n import text
from app.identity.tables import Member
from app.notices.api import About, Kind, Part, post_mail, tell
from app.notices.delivery import Postman
from app.notices.links import read_offer
from app.notices.rules import known_by
from app.notices.tables import Outbox
from tests.client import NOON, World, words
from tests.factories import make_member, make_place


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
        await Outbox.update({Outbox.run_at: later, Outbox.kind: kind}).where(
            Outbox.dedupe == known_by(f"mail:{number}")
        )


async def told(
    *, kind: Kind = Kind.CONFIRMATION, what: str = "told", email: str | None = "samira@exemple.fr", offer_key: str = ""
) -> None:
    """Somebody is told of a workshop, with its event."""
    found = await Member.select(Member.id).first()
    if found is None:
        place = await make_place(name="Les Tanneurs")
        member = await make_member(name="Samira", place_id=place, email=email)
        await plan()
    else:
        member = found["id"]
    async with transaction():
        await tell(
            [member],
            kind=kind,
            what=what,
            subject=text("C’est noté"),
            body=[text("Tu as ta place."), "Un stylo"],
            link="/ateliers/7",
            action=text("Je vois l’atelier"),
            about=About("workshop", 7, NOON + timedelta(days=3)),
            part=Part.INVITE,
            offer_keys={member: offer_key},
            now=NOON,
        )


async def plan() -> None:
    async with transaction():
        await put_entry(
            Planned(
                kind="workshop",
                thing_id=7,
                place_id=1,
                room_id=None,
                starts_at=NOON + timedelta(days=3),
                ends_at=NOON + timedelta(days=3, hours=2),
                state="confirmed",
                title="Café-débat",
                genre="cafe_debat",
                summary="",
                hosts=(),
                seats=12,
                taken=0,
                waiting=0,
                language="fr",
                step_free=False,
                children=False,
            ),
            now=NOON,
        )


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
        for path in ("/demo/courrier", "/demo/courrier/1", "/demo/courrier/1.eml"):
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
        for name in ("1", "2", "1.eml", "2.eml", "x", "1.ics", "-1", "²", "9" * 30):
            assert (await World(demo=True).browser().get(f"/demo/courrier/{name}")).status_code == 404

    async def test_it_is_what_its_reader_gets_and_its_links_work(self, db: Store) -> None:
        world = World(demo=True)
        await told()
        browser = world.browser()
        answer = await browser.get("/demo/courrier/1")
        said = words(answer)
        assert "Cet évènement arrive dans le calendrier du téléphone" in said
        assert "<blockquote><p>Un stylo</p></blockquote>" in answer.text
        assert "Ce mail fait partie de « Confirmations »." in said
        (stop,) = re.findall(r'href="(/courrier/[^"]+/stop)"', answer.text)
        assert (await browser.get(stop)).status_code == 200
        assert "Je vois l’atelier" in said
        await told(kind=Kind.OFFER, what="offer", offer_key="1.1")
        (offer,) = re.findall(r'href="(/offres/[^"]+)"', (await browser.get("/demo/courrier/2")).text)
        link = read_offer(offer.removeprefix("/offres/"), world.settings.secret_key)
        assert link is not None
        assert (link.kind, link.key) == ("workshop", "1.1")

    async def test_the_file_is_the_mail_itself(self, db: Store) -> None:
        await told()
        answer = await World(demo=True).browser().get("/demo/courrier/1.eml")
        assert answer.headers["content-type"].startswith("message/rfc822")
        assert answer.headers["content-disposition"] == 'attachment; filename="1.eml"'
        mail = message_from_bytes(answer.content, policy=SMTP)
        assert mail["To"] == "samira@exemple.fr"
        assert [each.get_content_type() for each in mail.walk()][-1] == "text/calendar"

    async def test_what_is_only_for_the_site_is_no_mail(self, db: Store) -> None:
        await told(email=None)
        browser = World(demo=True).browser()
        assert "Pas encore de courrier" in words(await browser.get("/demo/courrier"))
        assert (await browser.get("/demo/courrier/1")).status_code == 404
