"""A clock that is set back revives nothing: sessions, codes and links that had expired stay so. On both engines."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.database import run, transaction
from app.identity import api, over, visits
from app.identity.jobs import forget_expired, forget_tries, stay_ended
from app.identity.states import Act
from app.identity.throttle import PASSWORD as WRONG_PASSWORDS
from tests.app.identity.steps import (
    PASSWORD,
    ask_to_join,
    email_of,
    give_password,
    is_in,
    last_code,
    last_link,
    sign_in,
)
from tests.client import NOON, Browser, World
from tests.factories import make_grant
from tests.people import Cast

CODE = "/inscription/code"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def samira(cast: Cast) -> str:
    await give_password(cast.samira)
    return await email_of(cast.samira)


def copy_of(world: World, browser: Browser) -> Browser:
    """A browser that keeps its cookies whatever it is told: as a thief has them, or a tab that slept."""
    copy = world.browser()
    copy.http.cookies.update(browser.http.cookies)
    return copy


async def how_many(table: str) -> int:
    (row,) = await run(f"select count(*) as many from {table}")
    return int(row["many"])


class TestSeenExpired:
    @pytest.mark.parametrize(
        ("device", "over_after"),
        [("mine", timedelta(days=90)), ("shared", timedelta(minutes=15))],
        ids=["its days are over", "left alone on a shared device"],
    )
    async def test_a_session(self, samira: str, world: World, device: str, over_after: timedelta) -> None:
        first = world.browser()
        await sign_in(first, samira, device=device)
        copy = copy_of(world, first)
        world.now = NOON + over_after
        assert not await is_in(first)
        assert await how_many("session") == 0, "deleted after the answer"
        world.now = NOON + timedelta(minutes=1)
        assert not await is_in(copy)

    async def test_without_deleting_it_the_session_would_be_good_again(
        self, samira: str, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""

        async def delete_nothing(found: over.Found) -> None:
            assert found.sessions

        browser = world.browser()
        await sign_in(browser, samira)
        copy = copy_of(world, browser)
        world.now = NOON + timedelta(days=90)
        with monkeypatch.context() as patch:
            patch.setattr("app.web.shell.delete_found", delete_nothing)
            assert not await is_in(browser)
        world.now = NOON + timedelta(minutes=1)
        assert await is_in(copy)

    async def test_a_code(self, cast: Cast, world: World) -> None:
        good, late = world.browser(), world.browser()
        await ask_to_join(good, "lina@exemple.fr")
        await ask_to_join(late, "nour@exemple.fr")
        world.later(minutes=9)
        answer = await good.post(CODE, {"code": await last_code("lina@exemple.fr"), "device": "mine"})
        assert answer.status_code == 303
        code = await last_code("nour@exemple.fr")
        world.later(minutes=1)
        assert (await late.post(CODE, {"code": code, "device": "mine"})).status_code == 409
        world.later(minutes=-5)
        assert (await late.post(CODE, {"code": code, "device": "mine"})).status_code == 409

    @pytest.mark.parametrize("look", ["get", "post"])
    async def test_a_link(self, samira: str, world: World, look: str) -> None:
        await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        link = await last_link(samira)
        assert (await world.browser().get(link)).status_code == 200
        world.later(minutes=10)
        browser = world.browser()
        late = await (browser.get(link) if look == "get" else browser.post(link, {"device": "mine"}))
        assert late.status_code >= 400
        world.later(minutes=-5)
        again = world.browser()
        assert (await again.get(link)).status_code >= 400
        assert (await again.post(link, {"device": "mine"})).status_code >= 400
        assert not await is_in(again)


class TestWhatNobodySawExpire:
    async def test_the_job_of_each_minute_deletes_it(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        assert await forget_expired(NOON + timedelta(minutes=9)) == 0
        assert await forget_expired(NOON + timedelta(minutes=15)) == 2
        assert not await is_in(browser)

    async def test_a_clock_that_was_ahead_leaves_nothing_good_that_had_expired(
        self, cast: Cast, samira: str, world: World
    ) -> None:
        link_asked = await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        assert link_asked.status_code == 303
        link = await last_link(samira)
        shared, mine = world.browser(), world.browser()
        await sign_in(shared, samira, device="shared")
        await sign_in(mine, samira)
        ahead = NOON + timedelta(days=1)
        world.later(minutes=2)
        assert await is_in(shared), "the control: without what follows it is good"
        assert await is_in(mine)
        assert (await world.browser().get(link)).status_code == 200
        await stay_ended(world.now, ahead)
        assert not await is_in(shared)
        assert await is_in(mine), "it would have lived on at the latest hour"
        assert (await world.browser().get(link)).status_code >= 400

    async def test_done_twice_it_ends_no_more(self, samira: str, world: World) -> None:
        ahead = NOON + timedelta(days=400)
        await stay_ended(NOON, ahead)
        await sign_in(world.browser(), samira)
        await stay_ended(NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))
        assert await how_many("session") == 1


class TestByAClockThatWasAhead:
    async def test_what_it_made_is_not_good_before_its_time_nor_then(self, samira: str, world: World) -> None:
        early = world.browser()
        world.now = NOON + timedelta(days=365)
        await sign_in(early, samira)
        await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        link = await last_link(samira)
        assert await is_in(early)
        copy = copy_of(world, early)
        world.now = NOON
        assert not await is_in(early)
        assert (await world.browser().get(link)).status_code >= 400
        assert await how_many("session") == 1, "the clock may be wrong the other way: nothing is deleted at once"
        await forget_tries(NOON + timedelta(minutes=10))
        assert await how_many("session") == await how_many("passage") == 0
        world.now = NOON + timedelta(days=366)
        assert not await is_in(copy)

    async def test_two_clocks_may_be_two_minutes_apart(self, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira)
        world.now = NOON - timedelta(minutes=2)
        assert await is_in(browser)
        world.now = NOON - timedelta(minutes=2, seconds=1)
        assert not await is_in(browser)

    async def test_a_new_sign_in_works_at_once_and_lives_its_life(self, cast: Cast, samira: str, world: World) -> None:
        old = world.browser()
        world.now = NOON + timedelta(days=365)
        await sign_in(old, samira)
        world.now = NOON
        await stay_ended(NOON, NOON + timedelta(days=365))
        page = await old.get("/connexion")  # it still sends the cookie of that time
        token = re.search(r'name="_csrf_token" value="(\w+)"', page.text)
        assert token
        form = {"email": samira, "password": PASSWORD, "device": "mine"}
        assert (await old.post("/connexion", form, token=token[1])).status_code == 303
        assert await is_in(old)
        await forget_expired(NOON)
        await forget_tries(NOON)
        world.now = NOON + timedelta(days=89)
        assert await is_in(old)
        world.now = NOON + timedelta(days=90)
        assert not await is_in(old)

    async def test_a_code_by_mail_does_not_stand_for_the_password_again(
        self, cast: Cast, samira: str, world: World
    ) -> None:
        await world.browser().post("/connexion", {"email": samira, "way": "mail"})
        browser = world.browser()
        await browser.post(await last_link(samira), {"device": "mine"})
        (session,) = await run("select by_mail from session")
        assert session["by_mail"], "the control"
        await stay_ended(NOON + timedelta(minutes=1), NOON + timedelta(minutes=29))
        assert (await run("select by_mail from session"))[0]["by_mail"]
        await stay_ended(NOON + timedelta(minutes=1), NOON + timedelta(minutes=30))
        assert not (await run("select by_mail from session"))[0]["by_mail"]
        assert await is_in(browser)

    async def test_wrong_passwords_of_that_time_lock_nobody_out_for_a_year(self, samira: str, world: World) -> None:
        async def wrong() -> int:
            return (await sign_in(world.browser(), samira, "un mot de passe faux")).status_code

        world.now = NOON + timedelta(days=365)
        for _ in range(WRONG_PASSWORDS.most):
            assert await wrong() == 422
        assert await wrong() == 429
        world.now = NOON
        assert await wrong() == 429, "the control: they count, and would for a year"
        await stay_ended(NOON, NOON + timedelta(days=365))
        assert await wrong() == 429, "still counted, as of now"
        world.later(minutes=16)
        assert (await sign_in(world.browser(), samira, PASSWORD)).status_code == 303

    async def test_a_turn_that_was_over_is_not_on_again(self, cast: Cast, world: World) -> None:
        async def holds() -> bool:
            place = (await run("select id from place"))[0]["id"]
            return await api.holds(cast.karim, place, Act.REGISTER, world.now)

        await make_grant(
            member_id=cast.karim, place_id=cast.place, act=Act.REGISTER, until_at=NOON + timedelta(minutes=30)
        )
        world.later(minutes=10)
        assert await holds()
        await stay_ended(world.now, NOON + timedelta(minutes=29))
        assert await holds(), "the control"
        await stay_ended(world.now, NOON + timedelta(minutes=30))
        assert not await holds()

    async def test_a_turn_that_runs_goes_on_after_a_clock_that_was_ahead_and_not_believed(
        self, cast: Cast, world: World
    ) -> None:
        async def holds() -> bool:
            return await api.holds(cast.karim, cast.place, Act.REGISTER, world.now)

        hour = timedelta(hours=1)
        await make_grant(
            member_id=cast.karim,
            place_id=cast.place,
            act=Act.REGISTER,
            from_at=NOON - 3 * hour,
            until_at=NOON + hour,
        )
        await stay_ended(NOON, NOON + 2 * hour, False)
        assert await holds()
        await stay_ended(NOON, NOON + 2 * hour, True)
        assert not await holds(), "the control"

    async def test_a_machine_that_starts_in_1970_leaves_the_turns_of_the_past_as_they_were(
        self, cast: Cast, world: World
    ) -> None:
        hour = timedelta(hours=1)
        await make_grant(
            member_id=cast.karim,
            place_id=cast.place,
            act=Act.REGISTER,
            from_at=NOON - 3 * hour,
            until_at=NOON - hour,
        )
        await stay_ended(datetime(1970, 1, 1, tzinfo=UTC), NOON, True)
        rows = await run("select from_at, until_at from granted_act where act = 'register'")
        assert (rows[-1]["from_at"], rows[-1]["until_at"]) == (NOON - 3 * hour, NOON - hour)

    async def test_an_idle_time_ends_as_ever(self, cast: Cast, samira: str, world: World) -> None:
        browser = world.browser()
        await sign_in(browser, samira, device="shared")
        world.later(minutes=14)
        assert await is_in(browser)
        world.now = NOON + timedelta(minutes=1)
        await stay_ended(world.now, NOON + timedelta(minutes=14))
        assert await is_in(browser)
        world.later(minutes=15)
        assert not await is_in(browser), "fourteen minutes more, if the touch of the clock that was ahead had stayed"


class TestTheBounds:
    @pytest.mark.parametrize("made", [NOON, NOON + timedelta(minutes=2)])
    def test_of_now(self, made: datetime) -> None:
        assert not over.is_of_the_future(made, NOON)

    def test_of_the_future(self) -> None:
        assert over.is_of_the_future(NOON + timedelta(minutes=2, microseconds=1), NOON)

    async def test_nothing_is_kept_of_what_no_request_saw(self, cast: Cast) -> None:
        over.session_is_over(1)
        over.passage_is_over(1)
        with over.finding() as found:
            over.session_is_over(2)
        assert (found.sessions, found.passages) == ({2}, set())
        assert await visits.visit_of_session("unknown", now=NOON, theme=None, reference="") is None

    async def test_an_answer_does_not_fall_with_a_database_that_is_held(
        self, cast: Cast, caplog: pytest.LogCaptureFixture
    ) -> None:
        found = over.Found()
        found.sessions.add(1)
        async with transaction():  # a second one inside is refused
            await over.delete_found(found)
        assert "what is over was not deleted" in caplog.text
