"""« Moi », devices, address and password, language: over HTTP, on both engines."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

import pytest

from app.clock import at_local
from app.database import run, transaction
from app.identity import commands, throttle
from app.identity.jobs import forget_ages
from app.identity.passwords import password_fits
from app.identity.states import Act
from app.identity.tables import Membership
from tests.app.identity.steps import (
    PASSWORD,
    another,
    email_of,
    give_password,
    is_in,
    last_code,
    last_link,
    last_mail,
    mails_to,
    sequence,
    sessions_of,
    set_cookies,
    sign_in,
)
from tests.client import NOON, Browser, World, words
from tests.factories import make_workshop
from tests.people import Cast

NEW_PASSWORD = "quatre autres mots au hasard"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def samira(cast: Cast, world: World) -> Browser:
    """Her own device, signed in by password a while ago."""
    await give_password(cast.samira)
    return await world.browser_of(cast.samira, place_id=cast.place)


async def by_mail(world: World, email: str) -> Browser:
    """A browser that has just come in by the link of a mail."""
    browser = world.browser()
    await browser.post("/connexion", {"email": email, "way": "mail"})
    await browser.post(await last_link(email), {"device": "mine"})
    return browser


PROFILE = {"name": "Samira B.", "about": "J’aime <b>les</b> cafés", "phone": "06 12 34 56 78", "listed": "1"}


class TestProfile:
    async def test_it_is_kept_and_shown_inert(self, cast: Cast, samira: Browser) -> None:
        assert (await samira.post("/moi", PROFILE)).headers["location"] == "/moi"
        row = (await run("select name, name_key, about, phone, listed from member where id = {}", cast.samira))[0]
        assert (row["name"], row["name_key"], row["phone"], bool(row["listed"])) == (
            "Samira B.",
            "samira b.",
            "06 12 34 56 78",
            True,
        )
        page = await samira.get("/moi")
        assert "<b>les</b>" not in page.text
        assert "J’aime &lt;b&gt;les&lt;/b&gt; cafés" in page.text

    async def test_an_unticked_box_takes_one_off_the_list(self, cast: Cast, samira: Browser) -> None:
        await samira.post("/moi", PROFILE)
        await samira.post("/moi", {**PROFILE, "listed": ""})
        rows = await run("select listed from member where id = {}", cast.samira)
        assert [bool(row["listed"]) for row in rows] == [False]

    async def test_what_cannot_be_is_said_beside_its_field(self, samira: Browser) -> None:
        answer = await samira.post("/moi", {"name": " ", "about": "x" * 301, "phone": "zéro six"})
        assert answer.status_code == 422
        said = words(answer)
        assert "Il manque ton nom" in said
        assert "C’est trop long" in said
        assert "Écris un numéro" in said
        assert "zéro six" in answer.text

    async def test_a_new_name_reaches_what_one_hosts(self, cast: Cast, samira: Browser) -> None:
        await make_workshop(place_id=cast.place, host=cast.samira, mediator=cast.bruno)
        before = await sequence()
        await samira.post("/moi", PROFILE)
        assert await run("select hosts, sequence from entry") == [{"hosts": "Samira B.", "sequence": before + 1}]

    async def test_whoever_is_under_age_says_until_when_and_takes_it_off(
        self, cast: Cast, samira: Browser, world: World
    ) -> None:
        async def kept() -> object:
            return (await run("select adult_on from member where id = {}", cast.samira))[0]["adult_on"]

        answer = await samira.post("/moi/age", {"minor": "1", "adult_on": "2028-02-29"})
        assert answer.headers["location"] == "/moi#age"
        assert await kept() == date(2028, 2, 29)
        page = await samira.get("/moi")
        assert 'name="minor" value="1" checked' in page.text
        assert 'value="2028-02-29"' in page.text
        await samira.post("/moi", PROFILE)
        assert await kept() == date(2028, 2, 29), "the other form says nothing of it"
        for day, said in (
            ("", "Il manque le jour des 18 ans."),
            ("2026-11-24", "Ce jour est passé"),
            ("2046-01-01", "C’est dans plus de 18 ans."),
            ("demain", "Ce jour n’existe pas."),
        ):
            page = await samira.post("/moi/age", {"minor": "1", "adult_on": day})
            assert page.status_code == 422
            assert said in words(page)
            assert 'id="field-adult_on-error"' in page.text
        assert await kept() == date(2028, 2, 29)
        await samira.post("/moi/age", {"adult_on": "2028-02-29"})
        assert await kept() is None

    async def test_the_day_is_forgotten_when_it_has_come(self, cast: Cast, samira: Browser, world: World) -> None:
        await samira.post("/moi/age", {"minor": "1", "adult_on": "2027-03-28"})
        eve = at_local(date(2027, 3, 27), time(23, 59))
        assert await forget_ages(eve) == 0
        assert [await forget_ages(eve + timedelta(minutes=1)) for _ in range(2)] == [1, 0]
        assert 'name="minor" value="1" checked' not in (await samira.get("/moi")).text

    async def test_it_shows_places_roles_and_adhesion(self, cast: Cast, world: World) -> None:
        async with transaction():
            await Membership.update({Membership.dues_on: date(2026, 9, 14)}).where(Membership.member_id == cast.rosa)
        said = words(await (await world.browser_of(cast.rosa, place_id=cast.place)).get("/moi"))
        assert "Les Tanneurs" in said
        assert "Tenir les comptes" in said
        assert "Adhésion du 14 septembre 2026" in said

    async def test_a_visitor_is_sent_to_sign_in(self, cast: Cast, world: World) -> None:
        for path in ("/moi", "/moi/appareils", "/moi/adresse"):
            assert (await world.browser().get(path)).headers["location"] == f"/connexion?suite={path}"


class TestPassword:
    async def change(self, browser: Browser, password: str = PASSWORD, new: str = NEW_PASSWORD) -> int:
        answer = await browser.post("/moi/mot-de-passe", {"password": password, "new_password": new})
        assert password not in answer.text or not password
        assert new not in answer.text
        return answer.status_code

    async def test_it_ends_all_other_sessions_and_tells(self, cast: Cast, samira: Browser, world: World) -> None:
        elsewhere = await world.browser_of(cast.samira, place_id=cast.place)
        email = await email_of(cast.samira)
        await world.browser().post("/connexion", {"email": email, "way": "mail"})
        link = await last_link(email)
        assert await self.change(samira) == 303
        assert await is_in(samira)
        assert not await is_in(elsewhere)
        assert "Ton mot de passe a changé" in (await last_mail(email))["subject"]
        assert (await world.browser().post(link, {"device": "mine"}, token="")).status_code == 410
        assert (await sign_in(world.browser(), email)).status_code == 422
        assert (await sign_in(world.browser(), email, NEW_PASSWORD)).status_code == 303

    async def test_the_present_one_is_asked(self, cast: Cast, samira: Browser) -> None:
        assert await self.change(samira, "un mot de passe faux") == 422
        assert await self.change(samira, "") == 422
        rows = await run("select password_hash from member where id = {}", cast.samira)
        assert await password_fits(rows[0]["password_hash"], PASSWORD)

    async def test_guessing_it_from_an_open_session_is_throttled(self, samira: Browser) -> None:
        for _ in range(10):
            assert await self.change(samira, "un mot de passe faux") == 422
        assert await self.change(samira) == 429

    async def test_a_bad_new_one_is_refused(self, samira: Browser) -> None:
        for new in ("court", "motdepasse123", ""):
            answer = await samira.post("/moi/mot-de-passe", {"password": PASSWORD, "new_password": new})
            assert answer.status_code == 422

    async def test_whoever_forgot_it_comes_in_by_mail_and_needs_none(self, cast: Cast, world: World) -> None:
        await give_password(cast.samira)
        browser = await by_mail(world, await email_of(cast.samira))
        world.later(minutes=29)
        assert 'name="password"' not in (await browser.get("/moi")).text
        assert await self.change(browser, "") == 303

    async def test_the_proof_can_be_had_without_leaving(self, cast: Cast, world: World) -> None:
        await give_password(cast.samira)
        samira, email = world.browser(), await email_of(cast.samira)
        await sign_in(samira, email)
        asked = await samira.post("/connexion", {"email": email, "way": "mail", "suite": "/moi"})
        page = await samira.get(asked.headers["location"])
        assert (page.status_code, 'name="code"' in page.text) == (200, True)
        form = {"code": await last_code(email), "device": "mine", "suite": "/moi"}
        assert (await samira.post("/inscription/code", form)).headers["location"] == "/moi"
        assert len(await sessions_of(cast.samira)) == 1
        assert await self.change(samira, "") == 303
        assert (await samira.get("/inscription/code")).headers["location"] == "/"

    async def test_half_an_hour_later_it_is_asked_again(self, cast: Cast, world: World) -> None:
        await give_password(cast.samira)
        browser = await by_mail(world, await email_of(cast.samira))
        world.later(minutes=30)
        assert await self.change(browser, "") == 422

    async def test_a_first_password_needs_a_code_of_just_now(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.karim, place_id=cast.place)
        page = words(await browser.get("/moi"))
        assert "Tu n’en as pas" in page
        assert await self.change(browser, "") == 409
        assert await self.change(await by_mail(world, await email_of(cast.karim)), "") == 303


class TestAddress:
    async def ask(self, browser: Browser, email: str = "neuve@exemple.fr", password: str = PASSWORD) -> int:
        answer = await browser.post("/moi/adresse", {"email": email, "password": password})
        return answer.status_code

    async def test_it_changes_with_the_code_and_the_old_one_is_told(
        self, cast: Cast, samira: Browser, world: World
    ) -> None:
        old = await email_of(cast.samira)
        elsewhere = await world.browser_of(cast.samira, place_id=cast.place)
        assert await self.ask(samira, "Neuve@Exemple.fr") == 303
        assert "Neuve@Exemple.fr" in words(await samira.get("/moi/adresse"))
        assert await email_of(cast.samira) == old
        code = await last_code("Neuve@Exemple.fr")
        wrong = await samira.post("/moi/adresse/code", {"code": another(code)})
        assert wrong.status_code == 422
        assert (await samira.post("/moi/adresse/code", {"code": code})).headers["location"] == "/moi"
        assert await email_of(cast.samira) == "Neuve@Exemple.fr"
        assert await is_in(samira)
        assert not await is_in(elsewhere)
        assert "Ton adresse a changé" in (await last_mail(old))["subject"]
        assert (await sign_in(world.browser(), old)).status_code == 422
        assert (await sign_in(world.browser(), "neuve@exemple.fr")).status_code == 303

    async def test_it_asks_for_a_proof(self, cast: Cast, samira: Browser, world: World) -> None:
        assert await self.ask(samira, password="un mot de passe faux") == 422
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        assert await self.ask(karim, password="") == 409
        assert not await mails_to("neuve@exemple.fr")

    async def test_nobody_learns_whether_somebody_else_has_it(self, cast: Cast, samira: Browser) -> None:
        taken = await email_of(cast.karim)
        answers = []
        for email in (taken, "neuve@exemple.fr"):
            answer = await samira.post("/moi/adresse", {"email": email, "password": PASSWORD})
            page = words(await samira.get("/moi/adresse")).replace(email, "…")
            answers.append((answer.status_code, answer.headers["location"], page, len(await mails_to(email))))
        assert answers[0] == answers[1]
        assert "a déjà un compte" in (await last_mail(taken))["subject"]
        assert await email_of(cast.karim) == taken

    async def test_one_cannot_write_to_endless_strangers(
        self, cast: Cast, samira: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttle, "STRANGERS", throttle.Limit("strangers", 3, timedelta(hours=1)))
        for number in range(5):
            await self.ask(samira, f"autre{number}@exemple.fr")
        assert await run("select count(*) as n from outbox") == [{"n": 3}]

    async def test_the_code_is_for_the_session_that_asked(self, cast: Cast, samira: Browser, world: World) -> None:
        await self.ask(samira)
        code = await last_code("neuve@exemple.fr")
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        karim.http.cookies.set("attente", samira.http.cookies["attente"])
        assert "neuve@exemple.fr" not in words(await karim.get("/moi/adresse"))
        assert (await karim.post("/moi/adresse/code", {"code": code})).status_code == 409
        signing_in = world.browser()
        signing_in.http.cookies.set("attente", samira.http.cookies["attente"])
        assert (await signing_in.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 409

    async def test_two_who_want_the_same_one(self, cast: Cast, samira: Browser, world: World) -> None:
        await give_password(cast.karim)
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        await self.ask(samira)
        first = await last_code("neuve@exemple.fr")
        await self.ask(karim)
        second = await last_code("neuve@exemple.fr")
        assert (await karim.post("/moi/adresse/code", {"code": second})).status_code == 303
        lost = await samira.post("/moi/adresse/code", {"code": first})
        assert lost.status_code == 409
        assert "Un autre compte a pris cette adresse" in words(lost)

    async def test_ones_own_address_is_no_new_one(self, cast: Cast, samira: Browser) -> None:
        assert await self.ask(samira, (await email_of(cast.samira)).upper()) == 422


class TestDevices:
    @staticmethod
    async def form_of(browser: Browser, session_id: int) -> dict[str, str]:
        """What the form of one device carries."""
        page = (await browser.get("/moi/appareils")).text
        _, _, form = page.partition(f'action="/moi/appareils/{session_id}/retrait"')
        found = re.search(r'name="mine" value="(\w+)"', form)
        assert found is not None
        return {"mine": found[1]}

    async def test_each_is_named_and_ended_alone(self, cast: Cast, samira: Browser, world: World) -> None:
        await give_password(cast.samira)
        phone = world.browser(**{"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"})
        await sign_in(phone, await email_of(cast.samira), device="shared")
        said = words(await samira.get("/moi/appareils"))
        assert "iPhone" in said
        assert "Appareil partagé" in said
        assert "Vu la dernière fois mardi 24 novembre" in said
        row = next(row for row in await sessions_of(cast.samira) if row["label"] == "iPhone")
        form = await self.form_of(samira, row["id"])
        for _ in range(2):
            assert (await samira.post(f"/moi/appareils/{row['id']}/retrait", form)).status_code == 303
        assert not await is_in(phone)
        assert await is_in(samira)

    async def test_a_shared_one_left_idle_is_out(self, cast: Cast, samira: Browser, world: World) -> None:
        await world.browser_of(cast.samira, place_id=cast.place, device="shared")
        assert "Appareil partagé" in words(await samira.get("/moi/appareils"))
        world.later(minutes=15)
        assert "Appareil partagé" not in words(await samira.get("/moi/appareils"))

    async def test_those_of_others_are_out_of_reach(self, cast: Cast, samira: Browser, world: World) -> None:
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        theirs, mine = (await sessions_of(cast.karim))[0]["id"], (await sessions_of(cast.samira))[0]["id"]
        forms: list[dict[str, str]] = [{}, await self.form_of(samira, mine), await self.form_of(karim, theirs)]
        for number in (theirs, 999_999):
            for form in forms:
                assert (await samira.post(f"/moi/appareils/{number}/retrait", form)).status_code == 404
        assert await is_in(karim)
        assert (await karim.post(f"/moi/appareils/{theirs}/retrait")).status_code == 303, "the control"
        assert not await is_in(karim)

    async def test_all_others_at_once(self, cast: Cast, samira: Browser, world: World) -> None:
        others = [await world.browser_of(cast.samira, place_id=cast.place) for _ in range(2)]
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        await samira.post("/moi/appareils/ailleurs")
        assert [await is_in(browser) for browser in (samira, *others, karim)] == [True, False, False, True]


class TestRoles:
    async def test_an_offered_role_is_answered_here(self, cast: Cast, samira: Browser) -> None:
        await commands.offer_role(
            actor=cast.rosa, place_id=cast.place, act=Act.KEEP_PLACE, member_id=cast.samira, shared=True, now=NOON
        )
        assert "Rosa te le propose" in words(await samira.get("/moi"))
        offer = (await run("select id from handover"))[0]["id"]
        answer = await samira.post(f"/moi/roles/{offer}", {"answer": "yes"})
        assert answer.status_code == 303
        assert "Tenir le lieu" in words(await samira.get("/moi"))
        assert (await samira.post(f"/moi/roles/{offer}", {"answer": "no"})).status_code == 409
        assert (await samira.post("/moi/roles/999", {"answer": "yes"})).status_code == 404


class TestLanguage:
    async def test_a_visitors_choice_is_a_cookie(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        assert (await browser.get("/langue")).status_code == 200
        answer = await browser.post("/langue", {"language": "en"}, Referer="http://127.0.0.1:8000/lieux?a=b")
        assert answer.headers["location"] == "/lieux?a=b"
        assert (await browser.get("/langue")).text.startswith('<!doctype html>\n<html lang="en"')

    async def test_a_members_choice_goes_with_the_account(self, cast: Cast, samira: Browser, world: World) -> None:
        await samira.post("/langue", {"language": "en"})
        assert (await run("select language from member where id = {}", cast.samira)) == [{"language": "en"}]
        other = await world.browser_of(cast.samira, place_id=cast.place)
        assert '<html lang="en"' in (await other.get("/moi")).text

    async def test_the_theme(self, cast: Cast, world: World) -> None:
        browser = world.browser()
        await browser.post("/langue", {"theme": "dark"})
        assert 'data-theme="dark"' in (await browser.get("/langue")).text
        answer = await browser.post("/langue", {"theme": "auto"})
        assert "max-age=0" in set_cookies(answer)["theme"].lower()
        assert "data-theme" not in (await browser.get("/langue")).text

    @pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example"])
    async def test_nonsense_changes_nothing_and_stays_here(self, cast: Cast, world: World, evil: str) -> None:
        browser = world.browser()
        answer = await browser.post(
            "/langue", {"language": "xx", "theme": "<script>", "suite": evil}, Referer="https://evil.example/x"
        )
        assert answer.headers["location"] == "/"
        assert "langue" not in set_cookies(answer)


class TestTimeOfProof:
    async def test_a_session_by_password_proves_nothing(self, cast: Cast, world: World) -> None:
        from app.identity.commands_me import proven_by_session

        await give_password(cast.samira)
        browser = world.browser()
        await sign_in(browser, await email_of(cast.samira))
        session = (await sessions_of(cast.samira))[0]["id"]
        assert not await proven_by_session(session, now=NOON)
        assert not await proven_by_session(None, now=NOON + timedelta(minutes=1))
