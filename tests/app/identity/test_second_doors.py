"""Who owes a second code reaches nothing but the page that asks for it: every door, by every way of signing in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.database import run
from app.identity import commands, visits
from app.identity.commands_me import set_password
from app.identity.commands_welcome import give_new_password, register_without_email
from app.identity.states import Act
from tests.app.identity.second_steps import MINE, RECOVERY, STEP, half_in, leads_to_the_step, paper_of, scan, set_up
from tests.app.identity.steps import PASSWORD, email_of, give_password, is_in, last_code, last_link, sign_in
from tests.architecture.test_doors import BEFORE_SECOND, doors
from tests.client import NOON, World, words
from tests.factories import make_grant, writing
from tests.people import Cast

KNOW_NOBODY = ("/static/", "/calendriers/", "/healthz", "/api/", "/courrier/", "/offres/")
"""These read no session: whoever has their address is as good as anybody."""


@pytest.fixture
def world() -> World:
    return World()


def requests() -> list[tuple[str, str, str]]:
    """Each door that reads a session, with a method and a path that go through it."""
    found = []
    for door, _ in doors():
        method, path = door.split(" ")
        if not path.startswith(KNOW_NOBODY):
            found.append((door, method, re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:str\}", "x", path))))
    return found


READS_NO_SESSION = {"POST /paiements/stripe/webhook"}
"""Whoever knocks there is nobody, whatever their session."""


class TestDoors:
    async def test_every_other_door_leads_to_the_page_of_the_code(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place)
        closed: set[str] = set()
        opened: set[str] = set()
        for door, method, path in requests():
            if door == "POST /deconnexion":
                continue  # it opens: the other tests press it
            answer = await (bruno.get(path) if method == "GET" else bruno.post(path))
            (closed if leads_to_the_step(answer) else opened).add(door)
        assert opened == (BEFORE_SECOND | READS_NO_SESSION) - {"POST /deconnexion"}
        assert {"GET /", "GET /agenda", "GET /mediation", "GET /moi", "POST /ateliers", "POST /connexion"} <= closed
        assert len(closed) > 80
        assert not await run("select id from second_factor")

    async def test_without_the_guard_they_open(self, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control: the same session, by the same requests, is in everywhere."""
        monkeypatch.setattr(visits, "needs_second_factor", lambda **_: False)
        bruno = await half_in(world, cast.bruno, cast.place)
        reached = {
            door for door, method, path in requests() if method == "GET" and (await bruno.get(path)).status_code == 200
        }
        assert {"GET /", "GET /agenda", "GET /mediation", "GET /moi", "GET /journal"} <= reached

    async def test_under_htmx_the_whole_page_is_left(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place)
        page = f"{world.settings.base_url}/ateliers/3"
        answer = await bruno.partial("/ateliers/3/inscription", Referer=page)
        assert (answer.status_code, answer.headers["hx-redirect"]) == (200, f"{STEP}?suite=/ateliers/3")
        assert answer.content == b""

    async def test_a_page_that_does_not_exist_knows_nobody(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place)
        answer = await bruno.get("/nulle-part")
        assert answer.status_code == 404
        assert "/mediation" not in answer.text
        assert "Les Tanneurs" not in answer.text

    async def test_nobody_is_let_to_the_page_of_the_code_without_signing_in(self, cast: Cast, world: World) -> None:
        for path in (STEP, RECOVERY, MINE, f"{MINE}/telephone"):
            answer = await world.browser().get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/connexion")

    async def test_one_may_speak_another_language_and_leave(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place, "shared")
        assert (await bruno.post("/langue", {"language": "en", "suite": STEP})).headers["location"] == STEP
        assert 'lang="en"' in (await bruno.get(STEP)).text
        answer = await bruno.post("/deconnexion")
        assert answer.headers["clear-site-data"]
        assert not await run("select id from session")


class TestWhoOwesOne:
    @pytest.mark.parametrize(("who", "owes"), [("bruno", True), ("rosa", True), ("samira", False), ("odile", False)])
    async def test_mediators_and_who_keeps_accounts(self, cast: Cast, world: World, who: str, owes: bool) -> None:
        browser = await half_in(world, getattr(cast, who), cast.place)
        assert leads_to_the_step(await browser.get("/agenda")) is owes
        assert await is_in(browser) is not owes

    async def test_at_another_place_as_well(self, cast: Cast, world: World) -> None:
        """Whoever mediates elsewhere is asked here, too: it is one account."""
        there = await commands.add_place(slug="la-halle", name="La Halle", address="1 place", now=NOON)
        await commands.make_mediator(member_id=cast.yann, place_id=there, employer="", domains=(), now=NOON)
        assert leads_to_the_step(await (await half_in(world, cast.yann, cast.place)).get("/agenda"))

    async def test_a_mandate_that_is_over_or_has_not_begun_asks_nothing(self, cast: Cast, world: World) -> None:
        async with writing():
            for member, begins, ends in ((cast.samira, -9, -1), (cast.karim, 1, None)):
                await make_grant(
                    member_id=member,
                    place_id=cast.place,
                    act=Act.KEEP_ACCOUNTS,
                    from_at=NOON + timedelta(days=begins),
                    until_at=None if ends is None else NOON + timedelta(days=ends),
                )
        karim = await half_in(world, cast.karim, cast.place)
        assert await is_in(karim)
        assert await is_in(await half_in(world, cast.samira, cast.place))
        world.later(days=1, minutes=1)
        assert leads_to_the_step(await karim.get("/agenda"))

    async def test_mediation_gained_while_signed_in_is_asked_about_at_the_next_request(
        self, cast: Cast, world: World
    ) -> None:
        yann = await half_in(world, cast.yann, cast.place)
        assert await is_in(yann)
        await commands.make_mediator(member_id=cast.yann, place_id=cast.place, employer="", domains=(), now=NOON)
        answer = await yann.get("/mediation?voir=bloques")
        assert leads_to_the_step(answer)
        await set_up(yann)
        assert (await yann.get("/mediation?voir=bloques")).status_code == 200

    async def test_the_demonstration_asks_nobody(self, cast: Cast) -> None:
        demonstration = World(demo=True)
        bruno = await half_in(demonstration, cast.bruno, cast.place)
        assert (await bruno.get("/mediation")).status_code == 200
        assert (await bruno.get(STEP)).headers["location"] == "/"
        assert (await bruno.get(MINE)).status_code == 404


class TestWaysIn:
    async def test_a_password(self, cast: Cast, world: World) -> None:
        await give_password(cast.bruno)
        browser = world.browser()
        assert (await sign_in(browser, await email_of(cast.bruno), suite="/mediation")).status_code == 303
        assert leads_to_the_step(await browser.get("/mediation"))

    async def test_a_code_and_a_link_by_mail(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.bruno)
        browser = world.browser()
        await browser.post("/connexion", {"email": email, "way": "mail"})
        code = await last_code(email)
        assert (await browser.post("/inscription/code", {"code": code, "device": "mine"})).status_code == 303
        assert leads_to_the_step(await browser.get("/mediation"))
        other = world.browser()
        await other.post("/connexion", {"email": email, "way": "mail"})
        assert (await other.post(await last_link(email), {"device": "mine"})).status_code == 303
        assert leads_to_the_step(await other.get("/mediation"))

    async def test_a_mail_that_has_just_opened_the_session_stands_for_no_second_code(
        self, cast: Cast, world: World
    ) -> None:
        email = await email_of(cast.bruno)
        browser = world.browser()
        await browser.post("/connexion", {"email": email, "way": "mail"})
        await browser.post("/inscription/code", {"code": await last_code(email), "device": "mine"})
        answer = await browser.post("/moi/mot-de-passe", {"new_password": "trois autres mots"})
        assert leads_to_the_step(answer)
        assert not await run("select id from member where id = {} and password_hash is not null", cast.bruno)

    async def test_a_paper_of_the_welcome_turn(self, cast: Cast, world: World) -> None:
        """Somebody without an address who mediates: their paper opens the same page and no more."""
        given = await register_without_email(
            actor=None, place_id=cast.place, name="Fatou", language="fr", once="a", now=NOON
        )
        fatou = (await run("select id from member where email_key = {}", given.sign_in_name))[0]["id"]
        await set_password(actor=fatou, session_id=None, password=given.password, new_password=PASSWORD, now=NOON)
        await commands.make_mediator(member_id=fatou, place_id=cast.place, employer="", domains=(), now=NOON)
        browser = world.browser()
        assert (await sign_in(browser, given.sign_in_name)).status_code == 303
        assert leads_to_the_step(await browser.get("/agenda"))
        telephone = await set_up(browser)
        # another paper, from whoever runs the server, takes nothing of it off
        again = await give_new_password(actor=None, place_id=cast.place, member_id=fatou, once="b", now=NOON)
        thief = world.browser()
        assert (await sign_in(thief, again.sign_in_name, again.password)).status_code == 303
        assert leads_to_the_step(await thief.get("/agenda"))
        page = await thief.get(STEP)
        assert "data-part" not in page.text
        assert telephone.secret not in page.text.replace(" ", "")

    async def test_joining_with_the_address_of_a_mediator(self, cast: Cast, world: World) -> None:
        email = await email_of(cast.bruno)
        browser = world.browser()
        await browser.post("/inscription", {"name": "Bruno", "email": email, "password": "", "charter": "1"})
        await browser.post("/inscription/code", {"code": await last_code(email), "device": "mine"})
        assert leads_to_the_step(await browser.get("/agenda"))


class TestNobodyElse:
    async def test_no_page_takes_somebody_elses_telephone_off(self, cast: Cast, world: World) -> None:
        """The doors of the second code are these, and all are about oneself: their paths name nobody."""
        theirs = {door for door, _ in doors() if "deuxieme-code" in door}
        assert theirs == {
            f"GET {STEP}",
            f"POST {STEP}",
            f"GET {RECOVERY}",
            f"POST {RECOVERY}",
            f"GET {MINE}",
            f"POST {MINE}/secours",
            f"GET {MINE}/telephone",
            f"POST {MINE}/telephone",
        }
        bruno = await half_in(world, cast.bruno, cast.place)
        telephone = await set_up(bruno)
        helene = await half_in(world, cast.helene, cast.place)
        theirs_secret = scan(await helene.get(STEP))
        assert theirs_secret.secret != telephone.secret
        fields = {
            "code": telephone.code(world.now, later=1),
            "member_id": str(cast.bruno),
            "current": telephone.paper[0],
        }
        assert (await helene.post(STEP, {**fields, "first": "1"})).status_code == 422
        assert leads_to_the_step(await helene.post(f"{MINE}/telephone", fields))
        await set_up(helene)
        assert (await helene.post(f"{MINE}/telephone", fields)).status_code == 422
        assert (await helene.post(f"{MINE}/secours", fields)).status_code == 422
        assert len(await run("select id from recovery_code where member_id = {}", cast.bruno)) == 10


class TestCodesThatAreShownOnce:
    async def test_loading_their_page_again_says_where_ten_others_are_made(self, cast: Cast, world: World) -> None:
        browser = await half_in(world, cast.bruno, cast.place)
        telephone, token = scan(await browser.get(STEP)), browser.csrf_token()
        sent = {"first": "1", "code": telephone.code(world.now)}
        first = await browser.post(STEP, sent, token=token)
        assert first.status_code == 200
        assert "Recharger cette page ne les montre pas encore une fois." in words(first)
        again = await browser.post(STEP, sent, token=token)
        assert again.status_code == 403
        assert "Mon deuxième code », en fait dix autres" in words(again)
        assert "ouverte depuis longtemps" not in words(again)
        assert not paper_of(again)

    async def test_nobody_who_is_not_in_is_told_so(self, cast: Cast, world: World) -> None:
        browser = await half_in(world, cast.bruno, cast.place)
        answer = await browser.post(STEP, {"first": "1", "code": "123456"}, token="another")
        assert answer.status_code == 403
        assert "ouverte depuis longtemps" in words(answer)
