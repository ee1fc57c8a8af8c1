"""« Accueillir quelqu’un » over HTTP: the form, the paper that is shown once, a lost one; on both engines."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from app.database import run
from app.identity import commands, slips
from app.identity.acts import MAY, Who
from app.identity.states import Act
from tests.app.identity.steps import is_in, last_code, sign_in
from tests.client import NOON, Browser, World, words
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def house(cast: Cast) -> Cast:
    """Odile holds the welcome turn."""
    await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
    return cast


@pytest.fixture
async def odile(house: Cast, world: World) -> Browser:
    return await world.browser_of(house.odile, place_id=house.place)


async def welcome(browser: Browser, **fields: str) -> httpx.Response:
    form = {"name": "Fatou", "phone": "", "language": "fr", "charter": "1", **fields}
    return await browser.post("/accueil", {name: value for name, value in form.items() if value != "-"})


def slip(answer: httpx.Response) -> tuple[str, str]:
    """The sign-in name and the password on a paper."""
    assert answer.status_code == 200, words(answer)
    name = re.search(r'data-part="name">([^<]+)<', answer.text)
    password = re.search(r'data-part="password">(.*?)</dd>', answer.text, re.DOTALL)
    assert name
    assert password
    return name[1], re.sub(r"<[^>]+>", "", password[1]).strip()


async def members_called(name: str) -> list[dict[str, Any]]:
    return await run("select * from member where name = {}", name)


class TestTheForm:
    async def test_it_is_in_the_contents_of_whoever_holds_the_turn(
        self, house: Cast, odile: Browser, world: World
    ) -> None:
        assert 'href="/accueil"' in (await odile.get("/agenda")).text
        samira = await world.browser_of(house.samira, place_id=house.place)
        assert 'href="/accueil"' not in (await samira.get("/agenda")).text

    async def test_it_asks_neither_address_nor_situation(self, odile: Browser) -> None:
        page = await odile.get("/accueil")
        asked = set(re.findall(r'name="(\w+)"', page.text.partition("<main")[2]))
        assert asked == {"_csrf_token", "once", "name", "phone", "language", "minor", "adult_on", "charter", "q"}

    async def test_of_whoever_is_under_age_it_keeps_the_day_they_are_not_any_more(self, odile: Browser) -> None:
        slip(await welcome(odile, name="Lina", minor="1", adult_on="2028-02-29"))
        slip(await welcome(odile, name="Fatou", adult_on="2028-02-29"))
        assert (await members_called("Lina"))[0]["adult_on"] == date(2028, 2, 29)
        assert (await members_called("Fatou"))[0]["adult_on"] is None
        for day, said in (("", "Il manque le jour des 18 ans."), ("2026-11-24", "Ce jour est passé")):
            page = await welcome(odile, name="Zoé", minor="1", adult_on=day)
            assert page.status_code == 422
            assert said in words(page)
            assert 'name="minor" value="1" checked' in page.text
        assert await members_called("Zoé") == []

    async def test_the_paper_lets_in(self, odile: Browser, world: World) -> None:
        name, password = slip(await welcome(odile, phone="06 12 34 56 78"))
        fatou = world.browser()
        assert (await sign_in(fatou, name, password)).status_code == 303
        assert await is_in(fatou)
        assert "Samira" not in words(await fatou.get("/membres"))
        assert "Dans la liste" in words(await fatou.get("/membres")) or "Personne encore" in words(
            await fatou.get("/membres")
        ), "names are shown: the welcome turn has met her"

    @pytest.mark.parametrize("typed", ["{} ", "{upper}", "{spaced}", "{joined}"])
    async def test_the_name_is_read_however_it_is_typed(self, odile: Browser, world: World, typed: str) -> None:
        name, password = slip(await welcome(odile))
        written = typed.format(name, upper=name.upper(), spaced=name.replace("-", " "), joined=name.replace("-", ""))
        assert (await sign_in(world.browser(), written, password.capitalize() + " ")).status_code == 303

    async def test_the_paper_is_not_kept_by_the_browser(self, odile: Browser) -> None:
        answer = await welcome(odile)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers.get_list("set-cookie") == []

    async def test_no_log_holds_the_password(
        self, odile: Browser, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("DEBUG"):
            name, password = slip(await welcome(odile))
            await sign_in(world.browser(), name, password)
            await sign_in(world.browser(), name, password + " et encore")
        assert "/accueil" in caplog.text, "the control: what was asked for is in the log"
        assert password not in caplog.text
        assert password.replace(" ", "+") not in caplog.text

    async def test_the_paper_is_in_the_language_of_whoever_gets_it(self, odile: Browser) -> None:
        answer = await welcome(odile, language="en")
        assert '<html lang="fr"' in answer.text
        assert re.search(r'<article class="slip[^>]* lang="en"', answer.text)
        assert (await members_called("Fatou"))[0]["language"] == "en"

    async def test_it_says_where_to_sign_in(self, odile: Browser, world: World) -> None:
        assert f"{world.settings.host}/connexion" in words(await welcome(odile))

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("name", "", "Il manque un prénom"),
            ("name", "a" * 61, "C’est trop long"),
            ("phone", "chez elle", "Écris un numéro"),
            ("language", "xx", "Il reste à choisir une langue"),
            ("charter", "-", "Il reste à lire la charte ensemble"),
        ],
    )
    async def test_what_is_missing_is_said_and_the_rest_kept(
        self, odile: Browser, field: str, value: str, sentence: str
    ) -> None:
        answer = await welcome(odile, **{"phone": "06 12 34 56 78", "once": "this form", field: value})
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert f'href="#field-{field}"' in answer.text
        assert "<title>Erreur" in answer.text
        if field != "name":
            assert 'value="Fatou"' in answer.text
        if field != "phone":
            assert 'value="06 12 34 56 78"' in answer.text
        assert 'name="once" value="this form"' in answer.text
        assert await members_called("Fatou") == []

    async def test_other_fields_change_nothing(self, odile: Browser, house: Cast) -> None:
        await welcome(
            odile,
            email="fatou@exemple.fr",
            password="choisi par moi",
            mediator="1",
            listed="1",
            member_id=str(house.samira),
            place="999",
        )
        row = (await members_called("Fatou"))[0]
        assert (row["email"], bool(row["listed"])) == (None, False)
        rows = await run("select place_id, mediator from membership where member_id = {}", row["id"])
        assert [(each["place_id"], bool(each["mediator"])) for each in rows] == [(house.place, False)]

    async def test_a_name_stays_words(self, odile: Browser) -> None:
        evil = "<img src=x onerror=alert(1)>{{7*7}}"
        answer = await welcome(odile, name=evil)
        found = await odile.get(f"/accueil?q={evil[:4]}")
        member_id = (await members_called(evil))[0]["id"]
        for page in (answer, found, await odile.get(f"/accueil/{member_id}")):
            assert page.status_code == 200
            assert "<img src=x" not in page.text
            assert evil in unescape(page.text)

    async def test_the_search_field_stays_words(self, odile: Browser) -> None:
        page = await odile.get('/accueil?q="><script>alert(1)</script>')
        assert "<script>alert" not in page.text


class TestOnce:
    async def test_the_same_form_again_leads_to_where_a_new_password_is_given(
        self, odile: Browser, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(slips, "WORDS", ("yourte", "wagonnet", "xylophone"))  # that no page says of itself
        name, password = slip(await welcome(odile, once="this form"))
        again = await welcome(odile, once="this form")
        member_id = (await members_called("Fatou"))[0]["id"]
        assert (again.status_code, again.headers["location"]) == (303, f"/accueil/{member_id}")
        page = await odile.get(again.headers["location"])
        assert "C’est déjà fait" in words(page)
        assert not any(word in again.text + page.text.partition("<main")[2] for word in password.split(" "))
        assert (await sign_in(world.browser(), name, password)).status_code == 303, "nothing has changed"

    async def test_twenty_same_forms_make_one_account(self, odile: Browser, world: World) -> None:
        answers = await asyncio.gather(*(welcome(odile, once="this form") for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [303] * 19
        assert len(await members_called("Fatou")) == 1
        name, password = slip(next(answer for answer in answers if answer.status_code == 200))
        assert (await sign_in(world.browser(), name, password)).status_code == 303

    async def test_each_form_has_its_own_mark(self, odile: Browser) -> None:
        marks = {re.findall(r'name="once" value="(\w+)"', (await odile.get("/accueil")).text)[0] for _ in range(3)}
        assert len(marks) == 3
        for mark in marks:
            assert (await welcome(odile, once=mark)).status_code == 200
        assert len(await members_called("Fatou")) == 3


class TestALostPaper:
    async def test_the_person_is_found_and_gets_a_new_one(self, odile: Browser, world: World) -> None:
        name, password = slip(await welcome(odile))
        fatou = world.browser()
        await sign_in(fatou, name, password)
        found = await odile.get("/accueil?q=fat")
        path = re.findall(r'href="(/accueil/\d+)"', found.text)[0]
        question = await odile.get(path)
        assert "C’est bien cette personne" in words(question)
        once = re.findall(r'name="once" value="(\w+)"', question.text)[0]
        answer = await odile.post(path + "/mot-de-passe", {"once": once})
        assert slip(answer)[0] == name
        assert answer.headers["cache-control"] == "no-store"
        assert not await is_in(fatou)
        assert (await sign_in(world.browser(), name, password)).status_code == 422
        assert (await sign_in(world.browser(), *slip(answer))).status_code == 303
        again = await odile.post(path + "/mot-de-passe", {"once": once})
        assert (again.status_code, again.headers["location"]) == (303, path)
        assert (await sign_in(world.browser(), *slip(answer))).status_code == 303

    async def test_looking_changes_nothing(self, odile: Browser, world: World) -> None:
        entry = slip(await welcome(odile))
        member_id = (await members_called("Fatou"))[0]["id"]
        for path in ("/accueil", "/accueil?q=fatou", f"/accueil/{member_id}"):
            await odile.get(path)
            await odile.head(path)
        assert (await sign_in(world.browser(), *entry)).status_code == 303

    @pytest.mark.parametrize(("asked", "found"), [("fa", 1), ("FÀT", 1), ("dia", 1), ("f", 0), ("tou", 0), ("", 0)])
    async def test_the_beginning_of_a_name_finds(self, odile: Browser, asked: str, found: int) -> None:
        await welcome(odile, name="Fatou Diallo")
        assert (
            len(
                re.findall(
                    r'href="/accueil/\d+"',
                    (
                        await odile.get(
                            "/accueil",
                        )
                    ).text,
                )
            )
            == 0
        )
        assert len(re.findall(r'href="/accueil/\d+"', (await odile.get(f"/accueil?q={asked}")).text)) == found

    async def test_so_does_a_sign_in_name(self, odile: Browser) -> None:
        name, _ = slip(await welcome(odile))
        page = await odile.get(f"/accueil?q={name.replace('-', '%20').upper()}")
        assert len(re.findall(r'href="/accueil/\d+"', page.text)) == 1

    async def test_only_members_of_this_place_without_address(self, house: Cast, odile: Browser) -> None:
        elsewhere = await make_place(slug="ailleurs")
        away = await make_member(name="Samba", place_id=elsewhere, email=None)
        assert await make_member(name="Samir", place_id=house.place, email=None)
        page = await odile.get("/accueil?q=sam")
        assert "Samir" in words(page)
        assert "Samira" not in words(page)
        assert "Samba" not in words(page)
        for member_id in (house.samira, away, away + 1000):
            assert (await odile.get(f"/accueil/{member_id}")).status_code == 404

    async def test_whoever_has_an_address_is_refused_in_a_sentence(self, house: Cast, odile: Browser) -> None:
        answer = await odile.post(f"/accueil/{house.samira}/mot-de-passe")
        assert answer.status_code == 409
        assert "Cette personne a une adresse mail" in words(answer)
        assert "Samira" not in words(answer)

    async def test_whoever_holds_a_role_is_refused_in_a_sentence(self, house: Cast, odile: Browser) -> None:
        member_id = await make_member(name="Moussa", place_id=house.place, email=None)
        await make_grant(member_id=member_id, place_id=house.place, act=Act.OPEN_MEALS)
        page = await odile.get(f"/accueil/{member_id}")
        assert "Cette personne tient un rôle" in words(page)
        assert "mot-de-passe" not in page.text
        answer = await odile.post(f"/accueil/{member_id}/mot-de-passe")
        assert answer.status_code == 409
        assert "Cette personne tient un rôle" in words(answer)

    async def test_of_another_place_nobody_is_there(self, odile: Browser) -> None:
        elsewhere = await make_place(slug="ailleurs")
        away = await make_member(name="Samba", place_id=elsewhere, email=None)
        for member_id in (away, away + 1000):
            assert (await odile.post(f"/accueil/{member_id}/mot-de-passe")).status_code == 404


class TestAnOwnPassword:
    async def test_moi_invites_to_choose_one_and_an_offer_waits_for_it(
        self, house: Cast, odile: Browser, world: World
    ) -> None:
        name, password = slip(await welcome(odile))
        member_id = (await members_called("Fatou"))[0]["id"]
        await commands.offer_role(
            actor=house.rosa, place_id=house.place, act=Act.KEEP_PLACE, member_id=member_id, shared=True, now=NOON
        )
        handover = (await run("select id from handover"))[0]["id"]
        fatou = world.browser()
        await sign_in(fatou, name, password)
        page = await fatou.get("/moi")
        assert "Choisis le tien" in words(page)
        assert "Pour accepter, choisis d’abord ton mot de passe" in words(page)
        assert 'value="yes"' not in page.text
        assert 'value="no"' in page.text
        answer = await fatou.post(f"/moi/roles/{handover}", {"answer": "yes"})
        assert answer.status_code == 409
        assert "Choisis d’abord ton mot de passe" in words(answer)
        again = await fatou.post("/moi/mot-de-passe", {"password": password, "new_password": password.upper()})
        assert again.status_code == 422
        assert "C’est celui du papier" in words(again)
        assert 'href="#field-new_password"' in again.text
        changed = await fatou.post("/moi/mot-de-passe", {"password": password, "new_password": "une phrase à elle"})
        assert changed.status_code == 303
        page = await fatou.get("/moi")
        assert "Choisis le tien" not in words(page)
        assert 'value="yes"' in page.text
        assert (await fatou.post(f"/moi/roles/{handover}", {"answer": "yes"})).status_code == 303


class TestWhoMay:
    """Each column of the table act × who, at each address."""

    @pytest.mark.parametrize("who", Who)
    async def test_the_table(self, house: Cast, odile: Browser, world: World, who: Who) -> None:
        entry = slip(await welcome(odile))
        member_id = (await members_called("Fatou"))[0]["id"]
        browser = await self._browser(who, house, world)
        answers = [
            await browser.get("/accueil"),
            await browser.get(f"/accueil/{member_id}"),
            await welcome(browser, name="Moussa"),
            await browser.post(f"/accueil/{member_id}/mot-de-passe"),
        ]
        allowed = who in MAY[Act.REGISTER]
        expected = {200} if allowed else {303} if who is Who.VISITOR else {403}
        assert {answer.status_code for answer in answers} == expected
        assert bool(await members_called("Moussa")) is allowed
        assert ((await sign_in(world.browser(), *entry)).status_code == 303) is not allowed
        if who is Who.MEDIATOR:
            assert "Tu fais la médiation dans ce lieu" in words(answers[0])

    async def _browser(self, who: Who, house: Cast, world: World) -> Browser:
        if who is Who.VISITOR:
            return world.browser()
        if who is Who.ELSEWHERE:
            elsewhere = await make_place(slug="ailleurs")
            member_id = await make_member(name="Ali", place_id=elsewhere)
            await make_grant(member_id=member_id, place_id=elsewhere, act=Act.REGISTER)
            return await world.browser_of(member_id, place_id=house.place)
        if who is Who.MEDIATOR:
            await make_grant(member_id=house.bruno, place_id=house.place, act=Act.REGISTER)
            return await world.browser_of(house.bruno, place_id=house.place)
        member_id = {Who.MEMBER: house.samira, Who.HOLDER: house.odile}[who]
        return await world.browser_of(member_id, place_id=house.place)

    async def test_no_longer_than_the_turn(self, house: Cast, world: World) -> None:
        await make_grant(
            member_id=house.yann, place_id=house.place, act=Act.REGISTER, until_at=NOON + timedelta(minutes=5)
        )
        yann = await world.browser_of(house.yann, place_id=house.place)
        assert (await yann.get("/accueil")).status_code == 200
        world.later(minutes=5)
        assert (await yann.get("/accueil")).status_code == 403
        assert (await welcome(yann)).status_code == 403

    @pytest.mark.parametrize("path", ["/accueil", "/accueil/1/mot-de-passe"])
    async def test_not_without_the_token(self, odile: Browser, path: str) -> None:
        form = {"name": "Fatou", "language": "fr", "charter": "1"}
        assert (await odile.post(path, form, token="")).status_code == 403
        assert (await odile.post(path, form, token="x" * 40)).status_code == 403
        assert await members_called("Fatou") == []


class TestMe:
    @pytest.fixture
    async def fatou(self, odile: Browser, world: World) -> tuple[Browser, str, str]:
        name, password = slip(await welcome(odile))
        browser = world.browser()
        await sign_in(browser, name, password)
        return browser, name, password

    async def test_it_shows_the_sign_in_name_and_where_messages_are(self, fatou: tuple[Browser, str, str]) -> None:
        browser, name, _ = fatou
        page = await browser.get("/moi")
        assert name in words(page)
        assert 'href="/messages"' in page.text
        assert "elle remplace ce nom" in words(page)
        assert "par mail" not in words(page).partition("Mon mot de passe")[2]

    async def test_whoever_has_an_address_reads_nothing_of_it(self, house: Cast, world: World) -> None:
        page = words(await (await world.browser_of(house.samira, place_id=house.place)).get("/moi"))
        assert "nom d’entrée" not in page

    async def test_an_added_address_replaces_the_sign_in_name(
        self, fatou: tuple[Browser, str, str], world: World
    ) -> None:
        browser, name, password = fatou
        sent = await browser.post("/moi/adresse", {"email": "fatou@exemple.fr", "password": password})
        assert (sent.status_code, sent.headers["location"]) == (303, "/moi/adresse")
        done = await browser.post("/moi/adresse/code", {"code": await last_code("fatou@exemple.fr")})
        assert done.status_code == 303
        page = words(await browser.get("/moi"))
        assert "Ton adresse est ajoutée" in page
        assert name not in page
        assert (await sign_in(world.browser(), name, password)).status_code == 422
        assert (await sign_in(world.browser(), "fatou@exemple.fr", password)).status_code == 303
        assert (await sign_in(world.browser(), "fatou@exemple.fr", password.title())).status_code == 303

    async def test_the_password_is_changed_with_the_one_of_the_paper(
        self, fatou: tuple[Browser, str, str], world: World
    ) -> None:
        browser, name, password = fatou
        easy = await browser.post("/moi/mot-de-passe", {"password": password, "new_password": name + "   "})
        assert easy.status_code == 422
        changed = await browser.post(
            "/moi/mot-de-passe", {"password": password.upper(), "new_password": "Une Phrase bien à moi"}
        )
        assert changed.status_code == 303
        assert (await sign_in(world.browser(), name, "Une Phrase bien à moi")).status_code == 303
        assert (await sign_in(world.browser(), name, password)).status_code == 422
        assert await run("select id from outbox") == []
