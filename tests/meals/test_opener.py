"""Who answers for a meal: passed on, taken on, by command and on its page; and meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.database import run, transaction
from app.errors import Refused
from app.identity.states import Act
from app.main import REGISTRY
from meals import jobs
from meals.commands.opener import let_go, let_go_where_barred, take_on
from meals.commands.opening import cancel_meal, go_ahead
from meals.states import MealRefusal
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place, writing
from tests.meals import reads
from tests.meals.make import AFTER_CLOSING, CLOSES, DAY, START, make_booking, make_meal, make_turn
from tests.meals.plans import words
from tests.meals.scene import Scene, said
from tests.people import Cast

SOON = NOON + timedelta(minutes=5)


@pytest.fixture
async def meal_id(cast: Cast) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, title="Mafé")


async def opens(cast: Cast, member_id: int) -> None:
    """This member holds the role: from then on it is not anybody's any more."""
    async with writing():
        await make_grant(member_id=member_id, place_id=cast.place, act=Act.OPEN_MEALS, from_at=NOON - DAY)


class TestLettingGo:
    async def test_nobody_answers_for_it_and_it_takes_place(self, cast: Cast, meal_id: int) -> None:
        await make_booking(meal_id=meal_id, member_id=cast.aicha)
        await make_turn(meal_id=meal_id, holders=[cast.karim, cast.odile])
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        row = await reads.meal(meal_id)
        assert (row["state"], row["opener_id"], row["taken"]) == ("open", None, 1)
        assert (await reads.entry(meal_id))["hosts"] == ""
        assert await reads.mailed(about="opener-wanted") == {cast.karim, cast.rosa}, "the team, and who keeps the place"

    async def test_those_who_open_meals_are_asked_too(self, cast: Cast, meal_id: int) -> None:
        await opens(cast, cast.yann)
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        assert await reads.mailed(about="opener-wanted") == {cast.yann, cast.rosa}

    async def test_twice_is_once(self, cast: Cast, meal_id: int) -> None:
        for _ in range(2):
            await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        assert len(await reads.mails(about="opener-wanted")) == 1

    async def test_it_is_for_its_opener_and_as_long_as_it_is_to_come(self, cast: Cast, meal_id: int) -> None:
        for other in (cast.karim, cast.rosa, cast.bruno):
            await reads.refused(let_go(actor=other, meal_id=meal_id, now=SOON), MealRefusal.ONLY_OPENER)
        over = START + DAY
        await reads.refused(let_go(actor=cast.odile, meal_id=meal_id, now=over), MealRefusal.OVER)
        await cancel_meal(actor=cast.odile, meal_id=meal_id, reason="", now=SOON)
        await reads.refused(let_go(actor=cast.odile, meal_id=meal_id, now=SOON), MealRefusal.CANCELLED)


class TestTakingOn:
    async def test_the_first_who_says_so_answers_for_it(self, cast: Cast, meal_id: int) -> None:
        await reads.refused(take_on(actor=cast.karim, meal_id=meal_id, now=SOON), MealRefusal.TAKEN_ON)
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        await take_on(actor=cast.karim, meal_id=meal_id, now=SOON)
        await take_on(actor=cast.karim, meal_id=meal_id, now=SOON)
        assert (await reads.meal(meal_id))["opener_id"] == cast.karim
        assert (await reads.entry(meal_id))["hosts"] == "Karim"
        await reads.refused(take_on(actor=cast.aicha, meal_id=meal_id, now=SOON), MealRefusal.TAKEN_ON)
        await cancel_meal(actor=cast.karim, meal_id=meal_id, reason="", now=SOON)

    async def test_of_two_at_once_one(self, cast: Cast, meal_id: int) -> None:
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        both = [take_on(actor=each, meal_id=meal_id, now=SOON) for each in (cast.karim, cast.aicha)]
        answers = await asyncio.gather(*both, return_exceptions=True)
        (late,) = [each for each in answers if each is not None]
        assert isinstance(late, Refused)
        assert late.reason is MealRefusal.TAKEN_ON

    async def test_where_a_role_opens_meals_it_is_for_that_role_the_team_and_who_keeps_the_place(
        self, cast: Cast, meal_id: int
    ) -> None:
        await opens(cast, cast.yann)
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        await reads.refused(take_on(actor=cast.karim, meal_id=meal_id, now=SOON), MealRefusal.MAY_NOT_OPEN)
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        for each in (cast.karim, cast.yann, cast.rosa):
            await take_on(actor=each, meal_id=meal_id, now=SOON)
            assert (await reads.meal(meal_id))["opener_id"] == each
            await let_go(actor=each, meal_id=meal_id, now=SOON)

    async def test_never_for_who_mediates_here_nor_for_somebody_of_elsewhere(self, cast: Cast, meal_id: int) -> None:
        async with writing():
            elsewhere = await make_member(name="Ailleurs", place_id=await make_place(slug="ailleurs", name="Ailleurs"))
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        await reads.refused(take_on(actor=cast.bruno, meal_id=meal_id, now=SOON), MealRefusal.MEDIATOR_HERE)
        await reads.refused(take_on(actor=elsewhere, meal_id=meal_id, now=SOON), MealRefusal.NOT_A_MEMBER_HERE)


class TestMeanwhile:
    async def test_the_clock_asks_those_who_could_take_it_on(self, cast: Cast, meal_id: int) -> None:
        """Too few cooks at closing: each who is asked can say that it goes ahead, and answers for it then."""
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        assert await jobs.close_due(CLOSES) == 1
        assert await reads.mailed(about="too-few-cooks") == {cast.karim, cast.rosa}
        asked = CLOSES + timedelta(minutes=1)
        await reads.refused(go_ahead(actor=cast.bruno, meal_id=meal_id, now=asked), MealRefusal.MEDIATOR_HERE)
        for _ in range(2):
            await go_ahead(actor=cast.karim, meal_id=meal_id, now=asked)
        row = await reads.meal(meal_id)
        assert (row["doubtful_until"], row["opener_id"], row["goes_ahead_by"]) == (None, cast.karim, cast.karim)
        assert (await reads.entry(meal_id))["hosts"] == "Karim"
        lines = await run("select act from journal_line where thing_id = {} and kind = 'meal' order by id", meal_id)
        assert [line["act"] for line in lines][-2:] == ["meal.taken_on", "meal.goes_ahead"]
        await reads.refused(go_ahead(actor=cast.rosa, meal_id=meal_id, now=asked), MealRefusal.ONLY_OPENER)

    async def test_one_who_may_not_take_it_on_does_not_say_that_it_goes_ahead(self, cast: Cast, meal_id: int) -> None:
        await opens(cast, cast.yann)
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        await jobs.close_due(CLOSES)
        await reads.refused(go_ahead(actor=cast.aicha, meal_id=meal_id, now=CLOSES), MealRefusal.MAY_NOT_OPEN)
        await go_ahead(actor=cast.rosa, meal_id=meal_id, now=CLOSES)
        assert (await reads.meal(meal_id))["opener_id"] == cast.rosa

    async def test_in_doubt_nobody_is_told_that_it_takes_place(self, cast: Cast, meal_id: int) -> None:
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        assert all("Il a toujours lieu." in words(each) for each in await reads.mails(about="opener-wanted"))
        await take_on(actor=cast.karim, meal_id=meal_id, now=SOON)
        assert await reads.mails(about="too-few-cooks") == [], "the control: nothing is in doubt"
        await jobs.close_due(CLOSES)
        assert await reads.mailed(about="too-few-cooks") == {cast.karim}
        await let_go(actor=cast.karim, meal_id=meal_id, now=CLOSES)
        asked = [each for each in await reads.mails(about="opener-wanted") if "toujours lieu" not in words(each)]
        assert {each["member_id"] for each in asked} == {cast.rosa}
        for each in asked:
            assert "Il manque du monde en cuisine : sans réponse avant le jeudi 3 décembre à 20 h" in words(each)
            assert each["link"] == f"/repas/{meal_id}/quand-meme"
        await take_on(actor=cast.rosa, meal_id=meal_id, now=CLOSES + timedelta(hours=1))
        (asked_again,) = await reads.mails(to=cast.rosa, about="too-few-cooks")
        assert "Tu as jusqu’au jeudi 3 décembre à 20 h" in words(asked_again)
        assert asked_again["link"] == f"/repas/{meal_id}/quand-meme"

    async def test_without_an_answer_it_is_off_and_all_are_told(self, cast: Cast, meal_id: int) -> None:
        await make_booking(meal_id=meal_id, member_id=cast.aicha)
        await make_turn(meal_id=meal_id)
        await let_go(actor=cast.odile, meal_id=meal_id, now=SOON)
        await jobs.close_due(CLOSES)
        assert await jobs.cancel_doubtful(CLOSES + timedelta(hours=2)) == 1
        assert await reads.mailed(kind="cancellation") == {cast.aicha}


class TestThePage:
    async def test_passed_on_and_taken_on_by_two_buttons(self, cast: Cast, meal_id: int) -> None:
        scene = Scene(cast)
        odile, karim = await scene.as_(cast.odile), await scene.as_(cast.karim)
        page = f"/repas/{meal_id}"
        assert "Je passe la main" in said((await odile.get(page)).text)
        for other in (karim, scene.visitor()):
            text = said((await other.get(page)).text)
            assert "Je passe la main" not in text
            assert "Je m’en occupe" not in text
        passed = await odile.post(f"{page}/main", {})
        assert (passed.status_code, passed.headers["location"]) == (303, f"{page}#tenir")
        assert "Personne ne s’occupe de ce repas" in said((await karim.get(page)).text)
        assert "Je m’en occupe" not in said((await scene.visitor().get(page)).text)
        assert (await karim.post(f"{page}/suite", {})).status_code == 303
        assert (await reads.meal(meal_id))["opener_id"] == cast.karim
        assert "Je passe la main" in said((await karim.get(page)).text)
        await odile.post(f"{page}/suite", {})
        assert "Quelqu’un s’occupe déjà de ce repas." in said((await odile.get(page)).text)

    async def test_whoever_is_asked_finds_the_door_open(self, cast: Cast, meal_id: int) -> None:
        scene = Scene(cast)
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        await jobs.close_due(CLOSES)
        scene.world.now = CLOSES + timedelta(minutes=1)
        odile, karim, rosa = [await scene.as_(each) for each in (cast.odile, cast.karim, cast.rosa)]
        door = f"/repas/{meal_id}/quand-meme"
        assert (await rosa.get(door)).status_code == 403, "the control: Odile answers for it"
        assert (await rosa.post(door, {})).status_code == 403
        passed = await odile.post(f"/repas/{meal_id}/main", {})
        assert "Le repas a lieu." not in said((await odile.get(passed.headers["location"])).text)
        for each in (rosa, karim):
            assert "En le disant, tu t’en occupes." in said((await each.get(door)).text)
        assert "On le fait quand même" in said((await karim.get(f"/repas/{meal_id}")).text)
        assert (await karim.post(door, {})).status_code == 303
        row = await reads.meal(meal_id)
        assert (row["opener_id"], row["doubtful_until"]) == (cast.karim, None)

    async def test_after_closing_it_is_still_passed_on(self, cast: Cast, meal_id: int) -> None:
        await jobs.close_due(CLOSES)
        await let_go(actor=cast.odile, meal_id=meal_id, now=AFTER_CLOSING)
        assert (await reads.meal(meal_id))["opener_id"] is None

    async def test_for_others_there_is_nothing_to_press(self, cast: Cast, meal_id: int) -> None:
        scene = Scene(cast)
        async with writing():
            place = await make_place(slug="ailleurs", name="Ailleurs")
            elsewhere = await make_member(name="Ailleurs", place_id=place)
        stranger = await scene.world.browser_of(elsewhere, place_id=place)
        for deed in ("main", "suite"):
            assert (await stranger.post(f"/repas/{meal_id}/{deed}", {})).status_code == 404
        await opens(cast, cast.yann)
        aicha = await scene.as_(cast.aicha)
        for deed in ("main", "suite"):
            assert (await aicha.post(f"/repas/{meal_id}/{deed}", {})).status_code == 403


class TestWhoMayNoMore:
    async def test_who_mediates_there_now_answers_for_no_meal_and_is_told(self, cast: Cast, meal_id: int) -> None:
        over = await make_meal(place_id=cast.place, opener=cast.odile, starts_at=NOON - DAY, now=NOON - 3 * DAY)
        booking_id = await make_booking(meal_id=meal_id, member_id=cast.odile)
        async with transaction():
            await let_go_where_barred(cast.odile, SOON)
        assert (await reads.meal(meal_id))["opener_id"] == cast.odile, "the control: nothing is against her"
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", True, cast.odile)
            await let_go_where_barred(cast.odile, SOON)
            await let_go_where_barred(cast.odile, SOON)
        assert (await reads.meal(meal_id))["opener_id"] is None
        assert await reads.mailed(about="opener-no-more") == {cast.odile}
        assert all("Il a toujours lieu." in words(each) for each in await reads.mails(about="opener-no-more"))
        assert await reads.mailed(about="opener-wanted") == {cast.rosa}
        assert (await reads.meal(over))["opener_id"] == cast.odile, "what was is not rewritten"
        assert await reads.stands(booking_id) == {"confirmed": 1}

    async def test_of_one_that_is_in_doubt_nobody_says_that_it_takes_place(self, cast: Cast, meal_id: int) -> None:
        await make_turn(meal_id=meal_id, holders=[cast.karim])
        await jobs.close_due(CLOSES)
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", True, cast.odile)
            await let_go_where_barred(cast.odile, CLOSES)
        for about in ("opener-no-more", "opener-wanted"):
            mails = await reads.mails(about=about)
            assert mails
            assert not any("toujours lieu" in words(each) for each in mails)

    async def test_it_is_asked_when_that_changes(self) -> None:
        (meals,) = [domain for domain in REGISTRY.domains if domain.name == "meals"]
        assert meals.may_less is let_go_where_barred
