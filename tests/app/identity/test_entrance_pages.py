"""Joining, signing in by code, link and password, signing out: over HTTP, on both engines."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.database import run
from app.identity import entrance, passwords
from tests.app.identity.steps import (
    PASSWORD,
    another,
    ask_to_join,
    email_of,
    give_password,
    is_in,
    last_code,
    last_link,
    last_mail,
    mails_to,
    sessions_of,
    set_cookies,
    sign_in,
)
from tests.client import NOON, World, words
from tests.people import Cast

PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130 Mobile Safari/537.36"


@pytest.fixture
def world() -> World:
    return World()


class TestJoining:
    async def test_the_code_opens_the_account_at_the_place(self, cast: Cast, world: World) -> None:
        browser = world.browser(**{"User-Agent": PHONE})
        answer = await ask_to_join(browser, "Nour@Exemple.fr", password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/inscription/code")
        assert "Nour@Exemple.fr" in words(await browser.get("/inscription/code"))
        code = await last_code("Nour@Exemple.fr")
        entered = await browser.post("/inscription/code", {"code": code, "device": "mine"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        member = (await run("select * from member where email_key = 'nour@exemple.fr'"))[0]
        assert (member["name"], member["name_key"], member["language"]) == ("Nour", "nour", "fr")
        assert await passwords.password_fits(member["password_hash"], PASSWORD)
        membership = await run("select * from membership where member_id = {}", member["id"])
        assert [(row["place_id"], row["met_at"]) for row in membership] == [(cast.place, None)]
        session = (await sessions_of(member["id"]))[0]
        assert (session["label"], session["place_id"], session["device"]) == ("Téléphone Android", cast.place, "mine")
        assert session["expires_at"] == NOON + timedelta(days=90)
        assert await is_in(browser)

    async def test_a_form_that_lacks_something_keeps_the_rest(self, cast: Cast, world: World) -> None:
        answer = await world.browser().post(
            "/inscription", {"name": "Nour", "email": "nour", "password": "courte", "charter": ""}
        )
        assert answer.status_code == 422
        assert 'value="Nour"' in answer.text
        assert "courte" not in answer.text
        said = words(answer)
        assert "Une adresse s’écrit comme" in said
        assert "Trop court" in said
        assert "Il reste à cocher cette case" in said
        assert not await run("select 1 as one from outbox")

    @pytest.mark.parametrize("password", ["motdepasse123", "AZERTYUIOP", "nour@exemple.fr", "aaaaaaaaaaaa", "court"])
    async def test_a_password_that_is_tried_first_is_refused(self, cast: Cast, world: World, password: str) -> None:
        answer = await ask_to_join(world.browser(), "nour@exemple.fr", password=password)
        assert answer.status_code == 422
        assert "mots au hasard" in words(answer)

    async def test_extra_fields_change_nothing(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr", mediator="1", member_id=str(cast.rosa), met_at="2020-01-01")
        await browser.post("/inscription/code", {"code": await last_code("nour@exemple.fr"), "device": "mine"})
        rows = await run(
            "select ms.mediator, ms.met_at from membership ms join member m on m.id = ms.member_id where m.email = {}",
            "nour@exemple.fr",
        )
        assert [(bool(row["mediator"]), row["met_at"]) for row in rows] == [(False, None)]

    async def test_where_there_are_two_places_one_is_chosen(self, cast: Cast, world: World) -> None:
        from tests.factories import make_place

        other = await make_place(slug="le-canal", name="Le Canal")
        browser = world.browser()
        assert (await ask_to_join(browser, "nour@exemple.fr")).status_code == 422
        assert (await ask_to_join(browser, "nour@exemple.fr", place="999")).status_code == 422
        assert (await ask_to_join(browser, "nour@exemple.fr", place=str(other))).status_code == 303
        await browser.post("/inscription/code", {"code": await last_code("nour@exemple.fr"), "device": "shared"})
        assert [row["place_id"] for row in await run("select place_id from session")] == [other]

    async def test_a_signed_in_member_is_sent_home(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.samira, place_id=cast.place)
        assert (await browser.get("/inscription")).headers["location"] == "/"


class TestNobodyLearnsWhoHasAnAccount:
    async def test_joining_answers_alike_with_one_mail_each(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hashed: list[str] = []
        real = passwords.hash_password

        async def counted(written: str) -> str:
            hashed.append(written)
            return await real(written)

        monkeypatch.setattr(entrance, "hash_password", counted)
        known = await email_of(cast.samira)
        answers, pages = [], []
        for email in (known.upper(), "inconnue@exemple.fr"):
            browser = world.browser()
            answers.append(await ask_to_join(browser, email, password=PASSWORD))
            pages.append(words(await browser.get("/inscription/code")).replace(email, "…"))
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, "/inscription/code")}
        assert answers[0].content == answers[1].content
        assert set(set_cookies(answers[0])) == set(set_cookies(answers[1]))
        assert pages[0] == pages[1]
        assert hashed == [PASSWORD, PASSWORD]
        assert len(await mails_to(known)) == len(await mails_to("inconnue@exemple.fr")) == 1
        assert "Tu as déjà un compte" in (await last_mail(known))["body"]

    async def test_joining_without_a_password_hashes_all_the_same(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = 0
        real = passwords.hash_password

        async def counted(written: str) -> str:
            nonlocal calls
            calls += 1
            return await real(written)

        monkeypatch.setattr(entrance, "hash_password", counted)
        await ask_to_join(world.browser(), await email_of(cast.samira))
        await ask_to_join(world.browser(), "inconnue@exemple.fr")
        assert calls == 2

    async def test_nothing_of_a_known_account_changes(self, cast: Cast, world: World) -> None:
        await give_password(cast.samira)
        email = await email_of(cast.samira)
        browser = world.browser()
        await ask_to_join(browser, email, name="Un autre nom", password="un autre mot de passe")
        await browser.post("/inscription/code", {"code": await last_code(email), "device": "mine"})
        assert len(await sessions_of(cast.samira)) == 1
        row = (await run("select name, password_hash from member where id = {}", cast.samira))[0]
        assert row["name"] == "Samira"
        assert await passwords.password_fits(row["password_hash"], PASSWORD)

    async def test_a_wrong_password_and_an_unknown_address_answer_alike(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[bool] = []
        real = passwords.password_fits

        async def counted(password_hash: str | None, written: str) -> bool:
            compared.append(password_hash is not None)
            return await real(password_hash, written)

        monkeypatch.setattr(entrance, "password_fits", counted)
        await give_password(cast.samira)
        emails = [await email_of(cast.samira), await email_of(cast.karim), "inconnue@exemple.fr"]
        answers = [await sign_in(world.browser(), email, "un mot de passe faux") for email in emails]
        assert {answer.status_code for answer in answers} == {422}
        bodies = {words(answer).replace(email, "…") for answer, email in zip(answers, emails, strict=True)}
        assert len(bodies) == 1
        assert compared == [True, False, False]  # a comparison each time, with nobody's hash if need be
        assert await run("select count(*) as n from outbox") == [{"n": 0}]

    async def test_asking_for_a_link_answers_alike_with_one_mail_each(self, cast: Cast, world: World) -> None:
        known = await email_of(cast.samira)
        answers = [
            await world.browser().post("/connexion", {"email": email, "way": "mail"})
            for email in (known, "inconnue@exemple.fr")
        ]
        assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, "/inscription/code")}
        assert len(await mails_to(known)) == len(await mails_to("inconnue@exemple.fr")) == 1
        assert (await last_link("inconnue@exemple.fr")) == "/inscription"

    async def test_comparing_takes_as_long_without_a_hash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from time import process_time

        monkeypatch.setattr(passwords, "COST", passwords.Cost(rounds=1, memory=16 * 1024))
        kept = await passwords.hash_password(PASSWORD)
        await passwords.password_fits(None, "la première fois prépare")
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(15):
            for known in (True, False):
                begun = process_time()
                assert not await passwords.password_fits(kept if known else None, "un mot de passe faux")
                times[known].append(process_time() - begun)
        assert min(times[True]) == pytest.approx(min(times[False]), rel=0.2)


class TestTheCode:
    async def test_it_works_in_the_asking_browser_alone(self, cast: Cast, world: World) -> None:
        asking, other = world.browser(), world.browser()
        await ask_to_join(asking, "nour@exemple.fr")
        await ask_to_join(other, "autre@exemple.fr")
        code = await last_code("nour@exemple.fr")
        assert (await other.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 422
        assert (await world.browser().post("/inscription/code", {"code": code, "device": "mine"})).status_code == 409
        assert (await asking.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 303

    async def test_it_ends_after_five_tries(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr")
        code = await last_code("nour@exemple.fr")
        said = []
        for _ in range(5):
            answer = await browser.post("/inscription/code", {"code": another(code), "device": "mine"})
            assert answer.status_code == 422
            said.append(words(answer))
        assert "Il reste 4 essais" in said[0]
        assert "Il reste un essai" in said[3]
        assert "demander un autre mail" in said[4]
        assert (await browser.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 409

    async def test_twenty_guesses_at_once_are_five(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr")
        code = await last_code("nour@exemple.fr")
        answers = await asyncio.gather(
            *(browser.post("/inscription/code", {"code": another(code), "device": "mine"}) for _ in range(20))
        )
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(422), statuses.count(409)) == (5, 15)

    async def test_it_ends_after_ten_minutes(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr")
        code = await last_code("nour@exemple.fr")
        await ask_to_join(another := world.browser(), "lina@exemple.fr")
        in_time = await last_code("lina@exemple.fr")
        world.later(minutes=10, seconds=-1)
        assert (await another.post("/inscription/code", {"code": in_time, "device": "mine"})).status_code == 303
        world.later(seconds=1)
        assert (await browser.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 409
        world.later(minutes=-1)
        again = await browser.post("/inscription/code", {"code": code, "device": "mine"})
        assert again.status_code == 409, "a clock that is set back revives nothing"

    async def test_it_works_once_and_sent_twice_does_no_harm(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr")
        code = await last_code("nour@exemple.fr")
        before = dict(browser.http.cookies)
        assert (await browser.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 303
        again = world.browser()
        for name, value in before.items():
            again.http.cookies.set(name, value)
        second = await again.post("/inscription/code", {"code": code, "device": "mine"})
        assert (second.status_code, second.headers["location"]) == (303, "/")
        assert not await is_in(again)
        world.later(minutes=2)
        assert (await again.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 409
        assert len(await run("select 1 as one from session")) == 1

    async def test_the_device_is_asked_without_using_a_try(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr")
        shown = (await browser.get("/inscription/code")).text
        assert " checked" not in shown
        answer = await browser.post("/inscription/code", {"code": await last_code("nour@exemple.fr")})
        assert answer.status_code == 422
        assert "à qui est cet appareil" in words(answer)
        assert await run("select tries, used_at from passage") == [{"tries": 0, "used_at": None}]

    async def test_after_twenty_wrong_ones_in_a_day_the_link_still_works(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        for _ in range(4):
            browser = world.browser()
            await browser.post("/connexion", {"email": email, "way": "mail"})
            code = await last_code(email)
            for _ in range(5):
                await browser.post("/inscription/code", {"code": another(code), "device": "mine"})
        browser = world.browser()
        await browser.post("/connexion", {"email": email, "way": "mail"})
        closed = await browser.post("/inscription/code", {"code": await last_code(email), "device": "mine"})
        assert closed.status_code == 409
        assert "Ouvre plutôt le lien" in words(closed)
        opened = await browser.post(await last_link(email), {"device": "mine"})
        assert opened.status_code == 303
        assert await is_in(browser)

    async def test_it_goes_on_to_where_the_person_was_going(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        browser = world.browser()
        asked = await browser.post("/connexion", {"email": email, "way": "mail", "suite": "/moi/appareils?a=b"})
        assert asked.headers["location"] == "/inscription/code?suite=/moi/appareils%3Fa%3Db"
        page = await browser.get(asked.headers["location"])
        assert 'name="suite" value="/moi/appareils?a=b"' in page.text
        form = {"code": await last_code(email), "device": "mine", "suite": "/moi/appareils?a=b"}
        assert (await browser.post("/inscription/code", form)).headers["location"] == "/moi/appareils?a=b"

    @pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example/", "/\\evil.example", "/connexion"])
    async def test_it_never_leaves_the_site(self, cast: Cast, world: World, evil: str) -> None:
        email = await email_of(cast.samira)
        browser = world.browser()
        await browser.post("/connexion", {"email": email, "way": "mail", "suite": evil})
        form = {"code": await last_code(email), "device": "mine", "suite": evil}
        assert (await browser.post("/inscription/code", form)).headers["location"] == "/"


class TestTheLink:
    async def test_looking_uses_nothing_up(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        link = await last_link(email)
        scanner = world.browser()
        for _ in range(3):
            shown = await scanner.get(link)
            assert shown.status_code == 200
            assert "Te revoilà, Samira" in words(shown)
            assert "session" not in set_cookies(shown)
            head = await scanner.head(link)
            assert (head.status_code, head.content) == (200, b"")
        assert await run("select used_at, tries from passage") == [{"used_at": None, "tries": 0}]
        assert not await sessions_of(cast.samira)

    async def test_it_works_once_in_any_browser_without_a_token(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        link = await last_link(email)
        phone = world.browser()
        assert (await phone.post(link, {}, token="")).status_code == 422
        assert (await phone.post(link, {"device": "shared"}, token="")).status_code == 303
        assert await is_in(phone)
        for answer in (await world.browser().post(link, {"device": "mine"}, token=""), await world.browser().get(link)):
            assert answer.status_code == 410
            assert "Demande un autre mail" in words(answer)

    async def test_it_lives_ten_minutes(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        world.later(minutes=10)
        assert (await world.browser().post(await last_link(email), {"device": "mine"}, token="")).status_code == 410
        assert (await world.browser().get("/connexion/lien/inventé")).status_code == 410

    async def test_another_site_cannot_press_its_button(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        link = await last_link(email)
        answer = await world.browser().post(link, {"device": "mine"}, token="", Sec_Fetch_Site="cross-site")
        assert answer.status_code == 403
        assert (await world.browser().get(link)).status_code == 200

    async def test_the_password_chosen_elsewhere_is_dropped(self, cast: Cast, world: World) -> None:
        """Whoever wrote somebody's address into the form must not know the password of their account."""
        await ask_to_join(world.browser(), "victime@exemple.fr", password="le mot de passe du voleur")
        victim = world.browser()
        entered = await victim.post(await last_link("victime@exemple.fr"), {"device": "mine"}, token="")
        assert entered.status_code == 303
        assert (await run("select password_hash from member where email = 'victime@exemple.fr'")) == [
            {"password_hash": None}
        ]
        thief = await sign_in(world.browser(), "victime@exemple.fr", "le mot de passe du voleur")
        assert thief.status_code == 422

    async def test_the_password_is_kept_in_the_asking_browser(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await ask_to_join(browser, "nour@exemple.fr", password=PASSWORD)
        await browser.post(await last_link("nour@exemple.fr"), {"device": "mine"})
        assert (await sign_in(world.browser(), "nour@exemple.fr")).status_code == 303

    async def test_an_address_without_account_gets_no_way_in(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await browser.post("/connexion", {"email": "inconnue@exemple.fr", "way": "mail"})
        mail = await last_mail("inconnue@exemple.fr")
        assert "/connexion/lien/" not in mail["body"] + mail["link"]
        assert not await run("select 1 as one from member where email = 'inconnue@exemple.fr'")


class TestMailsAreNotEndless:
    async def test_one_address_gets_five_an_hour_then_one_in_ten_minutes(self, cast: Cast, world: World) -> None:
        for email in (await email_of(cast.samira), "inconnue@exemple.fr"):
            for _ in range(8):
                answer = await world.browser().post("/connexion", {"email": email, "way": "mail"})
                assert answer.status_code == 303
            assert len(await mails_to(email)) == 5
        world.later(minutes=10)
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        assert len(await mails_to(email)) == 6
        victim = world.browser()
        assert (await victim.post(await last_link(email), {"device": "mine"}, token="")).status_code == 303

    async def test_two_hundred_strangers_from_one_network_end_the_mails_to_strangers_alone(
        self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from app.identity import throttle

        monkeypatch.setattr(throttle, "STRANGERS", throttle.Limit("strangers", 6, timedelta(hours=1)))
        for number in range(6):
            await world.browser().post("/connexion", {"email": f"inconnue{number}@exemple.fr", "way": "mail"})
        known = await email_of(cast.samira)
        answers = [
            await world.browser().post("/connexion", {"email": email, "way": "mail"})
            for email in (known, "encore@exemple.fr")
        ]
        assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, "/inscription/code")}
        assert len(await mails_to(known)) == 1
        assert not await mails_to("encore@exemple.fr")
        world.later(hours=1, minutes=1)
        await world.browser().post("/connexion", {"email": "encore@exemple.fr", "way": "mail"})
        assert len(await mails_to("encore@exemple.fr")) == 1
