"""The second code, as a person shows it, sets it up, replaces it and loses it; and as somebody else tries to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.identity import commands_second, throttle
from app.identity.jobs import stay_ended
from app.identity.second import hash_recovery_code, step_shown
from app.identity.tables import RecoveryCode, SecondFactor
from tests.app.identity.second_steps import (
    MINE,
    RECOVERY,
    STEP,
    Telephone,
    half_in,
    leads_to_the_step,
    paper_of,
    scan,
    set_up,
)
from tests.app.identity.steps import email_of, is_in, last_mail, set_cookies
from tests.client import NOON, Browser, World, words
from tests.people import Cast


@pytest.fixture
def world() -> World:
    return World()


class Scene:
    """Bruno, his telephone, and browsers in which he has shown his password."""

    def __init__(self, cast: Cast, world: World, own: Browser, telephone: Telephone) -> None:
        self.cast = cast
        self.world = world
        self.own = own
        self.telephone = telephone

    async def half_in(self, device: str = "mine") -> Browser:
        return await half_in(self.world, self.cast.bruno, self.cast.place, device)

    def code(self, later: int = 0) -> str:
        return self.telephone.code(self.world.now, later=later)

    def wrong(self) -> str:
        return self.telephone.wrong(self.world.now)


@pytest.fixture
async def scene(cast: Cast, world: World) -> Scene:
    """Set up an hour ago, so that no code of now has served."""
    own = await half_in(world, cast.bruno, cast.place)
    telephone = await set_up(own)
    world.later(hours=1)
    return Scene(cast, world, own, telephone)


async def everything() -> str:
    """All rows of the tables where something about a second code could stand, as one text."""
    tables = ("second_factor", "recovery_code", "session", "member", "attempt", "outbox", "journal_line")
    return repr([await run(f"select * from {table}") for table in tables])


class TestSetUp:
    async def test_scanning_confirming_and_ten_codes_on_paper(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place)
        before = await everything()
        page = await bruno.get(f"{STEP}?suite=/mediation")
        assert page.headers["cache-control"] == "no-store"
        assert '<svg class="qr"' in page.text or 'class="qr"' in page.text
        telephone = scan(page)
        assert scan(await bruno.get(STEP)).secret == telephone.secret, "read again, it is the same"
        assert await everything() == before, "and reading changes nothing"
        old = bruno.http.cookies[bruno.session_cookie]

        answer = await bruno.post(STEP, {"first": "1", "code": telephone.code(world.now), "suite": "/mediation"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        paper = paper_of(answer)
        assert len(paper) == 10
        assert 'href="/mediation"' in answer.text
        assert (await bruno.get("/mediation")).status_code == 200

        kept = await everything()
        assert telephone.secret not in kept
        assert not any(code in kept or code.replace("-", "") in kept for code in paper)
        thief = world.browser()
        thief.http.cookies.set(bruno.session_cookie, old)
        assert (await thief.get("/mediation")).headers["location"].startswith("/connexion?")
        assert "deuxième code" in (await last_mail(await email_of(cast.bruno)))["subject"]

    async def test_a_wrong_code_sets_up_nothing(self, cast: Cast, world: World) -> None:
        bruno = await half_in(world, cast.bruno, cast.place)
        telephone = scan(await bruno.get(STEP))
        for code in (telephone.wrong(world.now), "", "12345", "abcdef", telephone.code(world.now, later=2)):
            answer = await bruno.post(STEP, {"first": "1", "code": code})
            assert answer.status_code == 422
            assert scan(answer).secret == telephone.secret
        assert not await run("select id from second_factor")
        assert leads_to_the_step(await bruno.get("/agenda"))

    async def test_each_session_is_shown_a_secret_of_its_own(self, cast: Cast, world: World) -> None:
        """So a code for what one browser has shown opens nothing in another."""
        one, other = [await half_in(world, cast.bruno, cast.place) for _ in range(2)]
        telephone = scan(await one.get(STEP))
        assert scan(await other.get(STEP)).secret != telephone.secret
        assert (await other.post(STEP, {"first": "1", "code": telephone.code(world.now)})).status_code == 422

    async def test_two_at_once_set_up_one(self, cast: Cast, world: World) -> None:
        browsers = [await half_in(world, cast.bruno, cast.place) for _ in range(6)]
        telephones = [scan(await each.get(STEP)) for each in browsers]
        answers = await asyncio.gather(
            *(
                each.post(STEP, {"first": "1", "code": telephone.code(world.now)})
                for each, telephone in zip(browsers, telephones, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, *[303] * 5]
        assert all(leads_to_the_step(answer) for answer in answers if answer.status_code == 303)
        assert len(await run("select id from second_factor")) == 1
        assert len(await run("select id from recovery_code")) == 10
        assert len(await run("select id from session where second_at is not null")) == 1

    async def test_once_it_is_set_up_the_page_shows_no_secret(self, scene: Scene) -> None:
        other = await scene.half_in()
        page = await other.get(STEP)
        assert 'class="qr"' not in page.text
        assert "data-part" not in page.text
        for path in (MINE, "/moi"):
            assert scene.telephone.secret[:4] not in (await scene.own.get(path)).text
        assert leads_to_the_step(await other.post(STEP, {"first": "1", "code": scene.code()}))


class TestShowing:
    async def test_the_right_code_lets_in_and_back_to_where_one_was(self, scene: Scene) -> None:
        browser = await scene.half_in()
        location = (await browser.get("/mediation?voir=bloques")).headers["location"]
        assert location == f"{STEP}?suite=/mediation%3Fvoir%3Dbloques"
        assert 'name="suite" value="/mediation?voir=bloques"' in (await browser.get(location)).text
        before = browser.http.cookies[browser.session_cookie]
        code = f"{scene.code()[:3]} {scene.code()[3:]}"
        answer = await browser.post(STEP, {"code": code, "suite": "/mediation?voir=bloques"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/mediation?voir=bloques")
        assert browser.http.cookies[browser.session_cookie] != before
        assert await is_in(browser)

    @pytest.mark.parametrize(
        "suite", ["//evil.exemple", "https://evil.exemple", "/\\evil", "/connexion", "/deconnexion"]
    )
    async def test_it_leads_nowhere_else(self, scene: Scene, suite: str) -> None:
        browser = await scene.half_in()
        assert (await browser.post(STEP, {"code": scene.code(), "suite": suite})).headers["location"] == "/"

    async def test_a_wrong_code_says_so_and_keeps_the_page(self, scene: Scene) -> None:
        browser = await scene.half_in()
        for code in (scene.wrong(), scene.code(-2), scene.code(2), "", "12", "a" * 5000, "𝟙𝟚𝟛𝟜𝟝𝟞"):
            answer = await browser.post(STEP, {"code": code, "suite": "/mediation"})
            assert answer.status_code == 422
            assert 'id="field-code"' in answer.text
            assert "/mediation" in answer.text
        assert leads_to_the_step(await browser.get("/agenda"))

    @pytest.mark.parametrize("around", [-1, 0, 1])
    async def test_a_code_of_the_half_minutes_around_is_taken(self, scene: Scene, around: int) -> None:
        assert (await (await scene.half_in()).post(STEP, {"code": scene.code(around)})).status_code == 303

    async def test_whoever_has_shown_it_is_not_asked_again(self, scene: Scene) -> None:
        scene.world.later(days=3)
        assert await is_in(scene.own)
        for path in (STEP, RECOVERY):
            assert (await scene.own.get(f"{path}?suite=/journal")).headers["location"] == "/journal"
            assert (await scene.own.post(path, {"code": "123456"})).headers["location"] == "/"

    async def test_on_a_shared_device_it_ends_with_the_browser_and_after_a_quarter_of_an_hour(
        self, scene: Scene
    ) -> None:
        browser = await scene.half_in("shared")
        answer = await browser.post(STEP, {"code": scene.code()})
        cookie = set_cookies(answer)[browser.session_cookie]
        assert "Max-Age" not in cookie
        assert "HttpOnly" in cookie
        assert await is_in(browser)
        scene.world.later(minutes=16)
        assert (await browser.get("/moi")).headers["location"].startswith("/connexion?")

    async def test_half_in_ends_like_any_session(self, scene: Scene) -> None:
        shared, own = await scene.half_in("shared"), await scene.half_in()
        scene.world.later(minutes=16)
        assert (await shared.get(STEP)).headers["location"].startswith("/connexion?")
        assert (await own.get(STEP)).status_code == 200
        scene.world.later(days=90)
        answer = await own.post(STEP, {"code": scene.code()})
        assert answer.status_code != 200
        assert not await is_in(own)

    async def test_the_same_form_twice_leads_on(self, scene: Scene) -> None:
        """Two at once from one browser, as by a double click without scripts."""
        browser = await scene.half_in()
        form = {"code": scene.code(), "suite": "/journal", "_csrf_token": browser.csrf_token()}
        cookies = {browser.session_cookie: browser.http.cookies[browser.session_cookie]}
        hands = [Browser(scene.world, {}) for _ in range(2)]
        for hand in hands:
            hand.http.cookies.update(cookies)
        answers = await asyncio.gather(*(hand.http.post(STEP, data=form) for hand in hands))
        assert [answer.status_code for answer in answers] == [303, 303]
        assert "/journal" in {answer.headers["location"] for answer in answers}
        assert sum("set-cookie" in answer.headers for answer in answers) >= 1


class TestReplay:
    async def test_a_code_serves_once(self, scene: Scene) -> None:
        code = scene.code()
        assert (await (await scene.half_in()).post(STEP, {"code": code})).status_code == 303
        thief = await scene.half_in()
        answer = await thief.post(STEP, {"code": code})
        assert answer.status_code == 422
        assert "a déjà servi" in words(answer)
        assert leads_to_the_step(await thief.get("/agenda"))

    async def test_nor_does_an_earlier_one_after_it(self, scene: Scene) -> None:
        assert (await (await scene.half_in()).post(STEP, {"code": scene.code(1)})).status_code == 303
        thief = await scene.half_in()
        for around in (0, -1):
            assert (await thief.post(STEP, {"code": scene.code(around)})).status_code == 422

    async def test_only_the_kept_half_minute_keeps_it_out(self, scene: Scene) -> None:
        """The control: forgotten, the same code opens the door once more."""
        code = scene.code()
        assert (await (await scene.half_in()).post(STEP, {"code": code})).status_code == 303
        async with transaction():
            await SecondFactor.update({SecondFactor.last_step: 0}).where(SecondFactor.member_id == scene.cast.bruno)
        assert (await (await scene.half_in()).post(STEP, {"code": code})).status_code == 303

    async def test_the_code_that_set_it_up_has_served(self, cast: Cast, world: World) -> None:
        telephone = await set_up(await half_in(world, cast.bruno, cast.place))
        other = await half_in(world, cast.bruno, cast.place)
        assert (await other.post(STEP, {"code": telephone.code(world.now)})).status_code == 422
        world.later(seconds=30)
        assert (await other.post(STEP, {"code": telephone.code(world.now)})).status_code == 303

    @pytest.mark.parametrize("back", [timedelta(seconds=30), timedelta(minutes=5), timedelta(days=2)])
    async def test_a_clock_set_back_lets_no_used_code_in_again(self, scene: Scene, back: timedelta) -> None:
        used = []
        for _ in range(3):
            used.append((scene.world.now, scene.code()))
            assert (await (await scene.half_in()).post(STEP, {"code": scene.code()})).status_code == 303
            scene.world.later(seconds=30)
        latest = scene.world.now
        scene.world.now = latest - back
        await stay_ended(scene.world.now, latest)
        for at, code in used:
            scene.world.now = min(at, latest - back)
            thief = await scene.half_in()
            assert (await thief.post(STEP, {"code": code})).status_code == 422
            assert leads_to_the_step(await thief.get("/agenda"))
        scene.world.now = latest + timedelta(minutes=1)
        assert (await (await scene.half_in()).post(STEP, {"code": scene.code()})).status_code == 303

    async def test_twenty_at_once_with_one_code_let_one_in(self, scene: Scene) -> None:
        browsers = [await scene.half_in() for _ in range(20)]
        code = scene.code()
        answers = await asyncio.gather(*(each.post(STEP, {"code": code}) for each in browsers))
        assert sorted(answer.status_code for answer in answers) == [303, *[422] * 19]
        assert sum([await is_in(each) for each in browsers]) == 1

    async def test_without_that_rule_all_twenty_are_in(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control of it."""

        async def whatever(factor: dict[str, Any], holder: Any, code: str, *, now: Any) -> None:
            assert step_shown(scene.telephone.secret, code, now) is not None

        monkeypatch.setattr(commands_second, "_take_code", whatever)
        browsers = [await scene.half_in() for _ in range(20)]
        code = scene.code()
        answers = await asyncio.gather(*(each.post(STEP, {"code": code}) for each in browsers))
        assert {answer.status_code for answer in answers} == {303}


class TestTrying:
    async def test_after_ten_wrong_ones_it_takes_a_quarter_of_an_hour(self, scene: Scene) -> None:
        browser = await scene.half_in()
        for _ in range(10):
            assert (await browser.post(STEP, {"code": scene.wrong()})).status_code == 422
        other = await scene.half_in()
        for each in (browser, other):
            answer = await each.post(STEP, {"code": scene.code()})
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 900
            assert "Réessaie dans 15 minutes" in words(answer)
        # who is really there still has a paper
        assert (await other.post(RECOVERY, {"code": scene.telephone.paper[0]})).status_code == 303
        scene.world.later(minutes=16)
        assert (await browser.post(STEP, {"code": scene.code()})).status_code == 303

    async def test_without_the_limit_one_could_go_on(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """The control."""
        monkeypatch.setattr(throttle, "SECOND", throttle.Limit("second", 1000, timedelta(minutes=15)))
        browser = await scene.half_in()
        for _ in range(12):
            assert (await browser.post(STEP, {"code": scene.wrong()})).status_code == 422

    async def test_whoever_comes_back_all_day_stops_at_forty(self, scene: Scene) -> None:
        browser = await scene.half_in()
        answers = []
        for _ in range(6):
            answers += [(await browser.post(STEP, {"code": scene.wrong()})).status_code for _ in range(10)]
            scene.world.later(minutes=16)
        assert answers.count(422) == 40
        assert answers[40:] == [429] * 20
        scene.world.later(days=1)
        assert (await browser.post(STEP, {"code": scene.code()})).status_code == 303

    async def test_wrong_ones_at_once_are_all_counted(self, scene: Scene) -> None:
        browsers = [await scene.half_in() for _ in range(16)]
        answers = await asyncio.gather(*(each.post(STEP, {"code": scene.wrong()}) for each in browsers))
        assert sorted(answer.status_code for answer in answers) == [*[422] * 10, *[429] * 6]

    async def test_wrong_codes_for_one_person_stop_nobody_else(self, scene: Scene) -> None:
        helene = await half_in(scene.world, scene.cast.helene, scene.cast.place)
        theirs = await set_up(helene)
        browser = await scene.half_in()
        for _ in range(11):
            await browser.post(STEP, {"code": scene.wrong()})
        scene.world.later(seconds=60)
        other = await half_in(scene.world, scene.cast.helene, scene.cast.place)
        assert (await other.post(STEP, {"code": theirs.code(scene.world.now)})).status_code == 303


class TestRecovery:
    async def test_each_code_of_the_paper_lets_in_once(self, scene: Scene) -> None:
        for many, code in enumerate(scene.telephone.paper, start=1):
            browser = await scene.half_in()
            answer = await browser.post(RECOVERY, {"code": code.upper().replace("-", " ")})
            assert (answer.status_code, answer.headers["location"]) == (303, MINE)
            page = words(await browser.get(MINE))
            assert ("Il te reste" in page) is True
            assert len(await run("select id from recovery_code")) == 10 - many
            again = await scene.half_in()
            assert (await again.post(RECOVERY, {"code": code})).status_code == 422
            assert leads_to_the_step(await again.get("/agenda"))
        assert "Un de tes codes de secours a servi" in str(await last_mail(await email_of(scene.cast.bruno)))

    async def test_that_its_row_is_gone_is_what_keeps_it_out(self, scene: Scene) -> None:
        """The control: put back, the code opens the door once more."""
        code = scene.telephone.paper[0]
        (row,) = [
            each
            for each in await run("select member_id, code_hash from recovery_code")
            if each["code_hash"] == hash_recovery_code(scene.world.settings.secret_key, scene.cast.bruno, code)
        ]
        assert (await (await scene.half_in()).post(RECOVERY, {"code": code})).status_code == 303
        async with transaction():
            await RecoveryCode.insert(RecoveryCode(**row))
        assert (await (await scene.half_in()).post(RECOVERY, {"code": code})).status_code == 303

    async def test_twenty_at_once_with_one_code_let_one_in(self, scene: Scene) -> None:
        browsers = [await scene.half_in() for _ in range(20)]
        answers = await asyncio.gather(*(each.post(RECOVERY, {"code": scene.telephone.paper[3]}) for each in browsers))
        assert sorted(answer.status_code for answer in answers) == [303, *[422] * 19]
        assert len(await run("select id from recovery_code")) == 9

    async def test_those_of_others_and_other_texts_open_nothing(self, scene: Scene) -> None:
        helene = await half_in(scene.world, scene.cast.helene, scene.cast.place)
        theirs = await set_up(helene)
        browser = await scene.half_in()
        for code in (theirs.paper[0], "", "k7mq-3xpr", scene.code(), "a" * 5000, "𝟙𝟚𝟛𝟜𝟝𝟞"):
            assert (await browser.post(RECOVERY, {"code": code})).status_code == 422
        assert len(await run("select id from recovery_code")) == 20

    async def test_guessing_them_is_stopped_as_well(self, scene: Scene) -> None:
        browser = await scene.half_in()
        answers = [(await browser.post(RECOVERY, {"code": "k7mq-3xpr"})).status_code for _ in range(62)]
        assert answers == [*[422] * 60, 429, 429]
        assert (await browser.post(STEP, {"code": scene.code()})).status_code == 303, "the telephone still does"


class TestLater:
    async def test_another_telephone_takes_the_place_of_the_old_one(self, scene: Scene) -> None:
        other = await scene.half_in()
        assert (await other.post(STEP, {"code": scene.code()})).status_code == 303
        scene.world.later(minutes=1)
        new = scan(await scene.own.get(f"{MINE}/telephone"))
        assert new.secret != scene.telephone.secret
        answer = await scene.own.post(f"{MINE}/telephone", {"current": scene.code(), "code": new.code(scene.world.now)})
        assert answer.status_code == 200
        paper = paper_of(answer)
        assert len(paper) == 10
        assert not set(paper) & set(scene.telephone.paper)
        assert await is_in(scene.own)
        assert not await is_in(other), "whoever was in elsewhere is out"
        scene.world.later(minutes=1)
        thief = await scene.half_in()
        assert (await thief.post(STEP, {"code": scene.code()})).status_code == 422
        assert (await thief.post(RECOVERY, {"code": scene.telephone.paper[0]})).status_code == 422
        assert (await thief.post(STEP, {"code": new.code(scene.world.now)})).status_code == 303
        assert scan(await scene.own.get(f"{MINE}/telephone")).secret not in (new.secret, scene.telephone.secret)

    async def test_a_recovery_code_stands_for_the_lost_one(self, scene: Scene) -> None:
        new = scan(await scene.own.get(f"{MINE}/telephone"))
        form = {"current": scene.telephone.paper[5], "code": new.code(scene.world.now)}
        assert (await scene.own.post(f"{MINE}/telephone", form)).status_code == 200

    async def test_without_the_old_one_nothing_changes(self, scene: Scene) -> None:
        """A browser left open does not give the account away."""
        new = scan(await scene.own.get(f"{MINE}/telephone"))
        before = await run("select seed from second_factor")
        right = new.code(scene.world.now)
        for current in (right, scene.wrong(), "", "k7mq-3xpr", scene.code(-2)):
            answer = await scene.own.post(f"{MINE}/telephone", {"current": current, "code": right})
            assert answer.status_code == 422
            assert 'id="field-current-error"' in answer.text
        wrong_new = {"current": scene.code(), "code": new.wrong(scene.world.now)}
        answer = await scene.own.post(f"{MINE}/telephone", wrong_new)
        assert answer.status_code == 422
        assert 'id="field-code-error"' in answer.text
        assert await run("select seed from second_factor") == before
        assert (await (await scene.half_in()).post(STEP, {"code": scene.code()})).status_code == 303

    async def test_ten_other_recovery_codes(self, scene: Scene) -> None:
        assert (await scene.own.post(f"{MINE}/secours", {"current": scene.wrong()})).status_code == 422
        answer = await scene.own.post(f"{MINE}/secours", {"current": scene.code()})
        assert answer.status_code == 200
        paper = paper_of(answer)
        assert len(paper) == 10
        browser = await scene.half_in()
        assert (await browser.post(RECOVERY, {"code": scene.telephone.paper[0]})).status_code == 422
        assert (await browser.post(RECOVERY, {"code": paper[0]})).status_code == 303

    async def test_guessing_from_an_open_browser_is_stopped_as_well(self, scene: Scene) -> None:
        answers = [(await scene.own.post(f"{MINE}/secours", {"current": scene.wrong()})).status_code for _ in range(12)]
        assert answers == [*[422] * 10, 429, 429]

    async def test_moi_leads_there_for_those_who_have_one(self, scene: Scene) -> None:
        assert f'href="{MINE}"' in (await scene.own.get("/moi")).text
        samira = await half_in(scene.world, scene.cast.samira, scene.cast.place)
        assert f'href="{MINE}"' not in (await samira.get("/moi")).text
        for path in (MINE, f"{MINE}/telephone"):
            assert (await samira.get(path)).status_code == 404


class TestReset:
    async def test_it_signs_out_tells_and_leaves_a_line(self, scene: Scene) -> None:
        assert await commands_second.reset(member_id=scene.cast.bruno, now=scene.world.now)
        assert not await is_in(scene.own)
        assert not await run("select id from second_factor")
        assert not await run("select id from recovery_code")
        (line,) = await run("select * from journal_line where act = 'identity.second_code_reset'")
        assert (line["thing_id"], line["place_id"], bool(line["shown"])) == (scene.cast.bruno, scene.cast.place, False)
        assert "est enlevé" in (await last_mail(await email_of(scene.cast.bruno)))["subject"]
        browser = await scene.half_in()
        assert (await browser.post(RECOVERY, {"code": scene.telephone.paper[0]})).status_code == 303
        assert leads_to_the_step(await browser.get("/agenda"))
        new = await set_up(browser)
        assert new.secret != scene.telephone.secret
        assert await is_in(browser)

    async def test_twice_changes_nothing_more(self, scene: Scene) -> None:
        assert await commands_second.reset(member_id=scene.cast.bruno, now=NOON)
        assert not await commands_second.reset(member_id=scene.cast.bruno, now=NOON)
        assert len(await run("select id from journal_line where act = 'identity.second_code_reset'")) == 1


class TestTheKey:
    async def test_the_database_under_another_key_gives_no_code(self, scene: Scene) -> None:
        """What a stolen backup is worth without RESEAU_SECRET_KEY; and what changing it does."""
        assert await commands_second.made_with_another_key(scene.world.settings.secret_key) == 0
        elsewhere = World(scene.world.now, secret_key="another secret for tests, long enough")
        browser = await half_in(elsewhere, scene.cast.bruno, scene.cast.place)
        assert (await browser.post(STEP, {"code": scene.code()})).status_code == 422
        assert (await browser.post(RECOVERY, {"code": scene.telephone.paper[0]})).status_code == 422
        assert await commands_second.made_with_another_key(elsewhere.settings.secret_key) == 1
