"""Signing in by password, sessions and their cookies, signing out: over HTTP, on both engines."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.database import run, transaction
from app.identity import throttle
from app.identity.commands import unmake_mediator
from app.identity.tables import Member, Session
from app.identity.visits import hash_token
from tests.app.identity.steps import (
    PASSWORD,
    email_of,
    give_password,
    is_in,
    sessions_of,
    set_cookies,
    sign_in,
)
from tests.client import NOON, World, words
from tests.people import Cast


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def samira(cast: Cast) -> str:
    """Her address; her password is the usual one."""
    await give_password(cast.samira)
    return await email_of(cast.samira)


class TestSigningIn:
    async def test_the_device_is_asked_with_nothing_preselected(self, samira: str, world: World) -> None:
        browser = world.browser()
        assert " checked" not in (await browser.get("/connexion")).text
        answer = await browser.post("/connexion", {"email": samira, "password": PASSWORD})
        assert answer.status_code == 422
        assert "Dis d’abord si cet appareil est à toi" in words(answer)
        assert PASSWORD not in answer.text
        assert samira in answer.text

    async def test_the_address_is_compared_whatever_its_case(self, samira: str, world: World) -> None:
        browser = world.browser()
        assert (await sign_in(browser, f" {samira.upper()} ")).status_code == 303
        assert await is_in(browser)

    async def test_it_goes_where_one_was_going(self, samira: str, world: World) -> None:
        browser = world.browser()
        sent = await browser.get("/moi/appareils")
        assert sent.headers["location"] == "/connexion?suite=/moi/appareils"
        page = await browser.get(sent.headers["location"])
        assert 'name="suite" value="/moi/appareils"' in page.text
        assert (await sign_in(browser, samira, suite="/moi/appareils")).headers["location"] == "/moi/appareils"
        evil = await sign_in(world.browser(), samira, suite="//evil.example")
        assert evil.headers["location"] == "/"

    @pytest.mark.parametrize(("secure", "name"), [(False, "session"), (True, "__Host-session")])
    async def test_the_cookie_of_ones_own_device(self, samira: str, secure: bool, name: str) -> None:
        world = World(base_url="https://reseau.exemple" if secure else "http://reseau.exemple")
        cookie = set_cookies(await sign_in(world.browser(), samira))[name].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "path=/;" in cookie + ";"
        assert "domain" not in cookie
        assert ("secure" in cookie.replace("__host-session", "")) is secure
        assert f"max-age={90 * 24 * 3600}" in cookie

    async def test_the_cookie_of_a_shared_device_ends_with_the_browser(self, samira: str, world: World) -> None:
        cookie = set_cookies(await sign_in(world.browser(), samira, device="shared"))["session"].lower()
        assert "max-age" not in cookie
        assert "expires" not in cookie

    async def test_an_outdated_hash_is_made_again(self, cast: Cast, samira: str, world: World) -> None:
        from app.identity import passwords

        old = passwords._hasher(passwords.Cost(rounds=2, memory=8)).hash(PASSWORD)
        async with transaction():
            await Member.update({Member.password_hash: old}).where(Member.id == cast.samira)
        assert (await sign_in(world.browser(), samira)).status_code == 303
        kept = (await run("select password_hash from member where id = {}", cast.samira))[0]["password_hash"]
        assert kept != old
        assert not passwords.outdated(kept)
        assert (await sign_in(world.browser(), samira)).status_code == 303


class TestTheSessionIsNew:
    async def test_what_adopting_an_unknown_id_would_mean(self, cast: Cast, samira: str, world: World) -> None:
        """The control: a session under an id that somebody else chose is open to them. So ids are never adopted."""
        planted = "chosen-by-the-attacker-0000000000"
        async with transaction():
            await Session.insert(
                Session(
                    token_hash=hash_token(planted),
                    member_id=cast.samira,
                    device="mine",
                    created_at=NOON,
                    seen_at=NOON,
                    expires_at=NOON + timedelta(days=90),
                )
            )
        attacker = world.browser()
        attacker.http.cookies.set("session", planted)
        assert await is_in(attacker)

    async def test_an_unknown_id_is_never_adopted(self, cast: Cast, samira: str, world: World) -> None:
        planted = "chosen-by-the-attacker-0000000000"
        victim, attacker = world.browser(), world.browser()
        for browser in (victim, attacker):
            browser.http.cookies.set("session", planted)
        answer = await victim.post(
            "/connexion", {"email": samira, "password": PASSWORD, "device": "mine"}, token=_visitor_token(victim)
        )
        assert answer.status_code == 303
        given = set_cookies(answer)["session"].split(";")[0].removeprefix("session=")
        assert given != planted
        assert [row["token_hash"] for row in await sessions_of(cast.samira)] == [hash_token(given)]
        assert not await is_in(attacker)

    async def test_signing_in_again_ends_the_browsers_old_session(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        old = world.browser()
        old.http.cookies.set("session", browser.http.cookies["session"])
        assert (await sign_in(browser, samira)).status_code == 303
        assert len(await sessions_of(cast.samira)) == 1
        assert await is_in(browser)
        assert not await is_in(old)

    async def test_only_a_hash_of_the_token_is_kept(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        token = browser.http.cookies["session"]
        assert len(token) >= 32
        assert all(token not in str(value) for row in await sessions_of(cast.samira) for value in row.values())


def _visitor_token(browser: object) -> str:
    """The form's token of a visitor who also shows a session cookie that opens nothing."""
    from app.web.csrf import token_for
    from tests.client import Browser

    assert isinstance(browser, Browser)
    browser.http.cookies.set("visite", "a-browser-of-a-visitor")
    return token_for(browser.world.settings, "a-browser-of-a-visitor")


class TestHowLong:
    async def test_a_shared_device_ends_after_fifteen_idle_minutes(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        for turn in range(1, 4):
            world.later(minutes=13)
            answer = await browser.get("/moi")
            assert answer.status_code == 200
            assert "Ton compte est encore ouvert ici" in words(answer)
            assert f"se ferme à 12 h {13 * turn + 15:02}" in words(answer)
        world.later(minutes=15)
        assert not await is_in(browser)
        assert "Ta session est finie" in words(await browser.get("/connexion"))

    async def test_a_shared_device_ends_after_two_hours_at_most(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        for _ in range(11):
            world.later(minutes=10)
            assert await is_in(browser)
        world.later(minutes=10)
        assert not await is_in(browser)

    async def test_ones_own_device_ends_after_ninety_days(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        world.later(days=89)
        assert await is_in(browser)
        world.later(days=1)
        assert not await is_in(browser)

    async def test_being_seen_is_noted_once_a_minute_after_the_answer(
        self, cast: Cast, samira: str, world: World
    ) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")

        async def seen() -> object:
            await browser.get("/moi")
            return (await sessions_of(cast.samira))[0]["seen_at"]

        world.later(seconds=30)
        assert await seen() == NOON
        world.later(seconds=30)
        assert await seen() == NOON + timedelta(minutes=1)

    async def test_a_held_database_does_not_fail_the_page(
        self, cast: Cast, samira: str, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from app.errors import DatabaseHeld
        from app.identity import sessions

        def held() -> None:
            raise DatabaseHeld

        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        world.later(minutes=5)
        monkeypatch.setattr(sessions, "transaction", held)
        assert await is_in(browser)
        assert (await sessions_of(cast.samira))[0]["seen_at"] == NOON

    async def test_a_touch_revives_no_ended_session(self, cast: Cast, samira: str, world: World) -> None:
        from app.identity.sessions import touch_session

        browser = world.browser()
        await sign_in(browser, samira)
        session = (await sessions_of(cast.samira))[0]
        await browser.post("/deconnexion")
        await touch_session(session["id"], now=NOON + timedelta(days=1))
        assert not await sessions_of(cast.samira)

    async def test_what_is_over_is_deleted_by_a_job(self, cast: Cast, samira: str, world: World) -> None:
        from app.identity.jobs import forget_expired, forget_tries

        await sign_in(world.browser(), samira, device="shared")
        await sign_in(world.browser(), samira)
        await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        await sign_in(world.browser(), samira, "un mot de passe faux")
        now = world.later(days=2)
        assert await forget_expired(now) == 2
        assert await forget_expired(now) == 0
        assert await forget_tries(now) > 0
        assert [row["device"] for row in await sessions_of(cast.samira)] == ["mine"]
        assert not await run("select 1 as one from attempt")


class TestSigningOut:
    async def test_it_ends_the_session(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        copy = world.browser()
        copy.http.cookies.set("session", browser.http.cookies["session"])
        answer = await browser.post("/deconnexion")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "clear-site-data" not in answer.headers
        assert "max-age=0" in set_cookies(answer)["session"].lower()
        assert not await sessions_of(cast.samira)
        assert not await is_in(copy)

    async def test_a_shared_device_forgets_everything(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        answer = await browser.post("/deconnexion")
        assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'

    async def test_it_asks_for_the_forms_token(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        assert (await browser.post("/deconnexion", token="")).status_code == 403
        assert await is_in(browser)

    async def test_twice_does_no_harm(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        await browser.post("/deconnexion")
        assert (await browser.post("/deconnexion")).status_code == 303


class TestEndedNow:
    async def test_an_erased_account(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        async with transaction():
            await Member.update({Member.erased_at: NOON, Member.name: ""}).where(Member.id == cast.samira)
        assert not await is_in(browser)
        assert (await sign_in(world.browser(), samira)).status_code == 422

    async def test_a_mediator_who_is_one_no_more(self, cast: Cast, world: World) -> None:
        browser = await world.browser_of(cast.bruno, place_id=cast.place)
        assert await is_in(browser)
        await unmake_mediator(member_id=cast.bruno, place_id=cast.place, now=NOON)
        assert not await is_in(browser)
        await unmake_mediator(member_id=cast.bruno, place_id=cast.place, now=NOON)

    async def test_a_standing_role_that_ends(self, cast: Cast, world: World) -> None:
        from app.identity.api import end_grant
        from app.identity.states import Act

        browser = await world.browser_of(cast.rosa, place_id=cast.place)
        async with transaction():
            ended = await end_grant(member_id=cast.rosa, place_id=cast.place, source="test", act=Act.SAY_YES, now=NOON)
        assert ended == 1
        assert not await is_in(browser)

    async def test_a_turns_role_ends_at_once_without_signing_out(self, cast: Cast, world: World) -> None:
        from app.identity.api import end_grant, holds
        from app.identity.states import Act
        from tests.factories import make_grant

        await make_grant(member_id=cast.karim, place_id=cast.place, act=Act.CHECK_IN)
        browser = await world.browser_of(cast.karim, place_id=cast.place)
        assert await holds(cast.karim, cast.place, Act.CHECK_IN, NOON)
        async with transaction():
            await end_grant(member_id=cast.karim, place_id=cast.place, source="test", now=NOON)
        assert not await holds(cast.karim, cast.place, Act.CHECK_IN, NOON)
        assert await is_in(browser)


class TestThrottling:
    async def test_ten_wrong_passwords_close_the_password_but_not_the_mail(
        self, cast: Cast, samira: str, world: World
    ) -> None:
        for _ in range(10):
            assert (await sign_in(world.browser(), samira, "un mot de passe faux")).status_code == 422
        closed = await sign_in(world.browser(), samira)
        assert closed.status_code == 429
        assert int(closed.headers["retry-after"]) == 15 * 60
        assert "reçois un lien par mail" in words(closed)
        asked = await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        assert asked.status_code == 303
        world.later(minutes=15)
        assert (await sign_in(world.browser(), samira)).status_code == 303

    async def test_it_says_the_same_of_an_unknown_account(self, samira: str, world: World) -> None:
        bodies = set()
        for email in (samira, "inconnue@exemple.fr"):
            for _ in range(10):
                await sign_in(world.browser(), email, "un mot de passe faux")
            answer = await sign_in(world.browser(), email, "un mot de passe faux")
            assert answer.status_code == 429
            bodies.add(words(answer).replace(email, "…"))
        assert len(bodies) == 1

    async def test_it_holds_over_a_restart_and_for_all_workers(self, samira: str) -> None:
        for _ in range(10):
            await sign_in(World().browser(), samira, "un mot de passe faux")
        assert (await sign_in(World().browser(), samira)).status_code == 429

    async def test_thirty_tries_at_once_are_ten(self, samira: str, world: World) -> None:
        answers = await asyncio.gather(*(sign_in(world.browser(), samira, "un mot de passe faux") for _ in range(30)))
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(422), statuses.count(429)) == (10, 20)

    async def test_the_right_password_forgives(self, samira: str, world: World) -> None:
        for _ in range(3):
            for _ in range(9):
                await sign_in(world.browser(), samira, "un mot de passe faux")
            assert (await sign_in(world.browser(), samira)).status_code == 303

    async def test_thirty_people_behind_one_address_all_get_in(self, cast: Cast, world: World) -> None:
        from tests.factories import make_member

        emails = []
        for number in range(30):
            member = await make_member(place_id=cast.place, email=f"voisine{number}@exemple.fr")
            await give_password(member)
            emails.append(f"voisine{number}@exemple.fr")
        for email in emails:
            for _ in range(2):
                await sign_in(world.browser(), email, "un mot de passe faux")
        answers = await asyncio.gather(*(sign_in(world.browser(), email) for email in emails))
        assert {answer.status_code for answer in answers} == {303}

    async def test_over_two_hundred_unknown_ones_a_network_waits_but_whoever_knows_the_password_enters(
        self, cast: Cast, samira: str, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(throttle, "STRANGERS", throttle.Limit("strangers", 5, timedelta(hours=1)))
        for number in range(5):
            answer = await sign_in(world.browser(), f"inconnue{number}@exemple.fr", "un mot de passe faux")
            assert answer.status_code == 422
        unknown = await sign_in(world.browser(), "encore@exemple.fr", "un mot de passe faux")
        assert unknown.status_code == 429
        assert (await sign_in(world.browser(), samira, "un mot de passe faux")).status_code == 429
        assert (await sign_in(world.browser(), samira)).status_code == 303


class TestNetworks:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            (None, "unknown"),
            ("testclient", "testclient"),
        ],
    )
    def test_an_ipv6_line_is_its_first_half(self, address: str | None, network: str) -> None:
        assert throttle.network_of(address) == network
