"""Whom nobody has met at a place is told no names there, by whatever way they ask; of people of other places nothing is
said to anybody. And what hinders somebody else is their own business.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound, Refused
from app.i18n import Text, language
from app.identity.states import Act, IdentityRefusal
from rotas.commands import ask_stand_in, claim, free, propose_swap, settle
from rotas.states import RotaRefusal
from tests.client import NOON, words
from tests.factories import make_member, make_place
from tests.people import Cast
from tests.rotas.make import DAY, SOON, make_duty, make_slot
from tests.rotas.reads import holders, refused, swap
from tests.rotas.scene import Scene


@pytest.fixture
async def elsewhere(cast: Cast) -> int:
    """Zénobie, of another place."""
    there = await make_place(slug="ailleurs", name="Ailleurs", now=NOON)
    return await make_member(name="Zénobie", place_id=there, now=NOON)


async def held(cast: Cast, member: int, **changes: Any) -> int:
    made = await make_slot(place_id=cast.place, **changes)
    await claim(actor=member, slot_id=made, sure=True, now=NOON)
    return made


def called(name: Text | str) -> str:
    """As it is read in a sentence."""
    return language("fr").say(name) if isinstance(name, Text) else name


async def paper_password(member: int) -> None:
    """They sign in with the words of a paper that somebody gave them."""
    async with transaction():
        await run("update member set password_given_at = {} where id = {}", NOON, member)


class TestPeopleOfOtherPlaces:
    async def test_nobody_can_ask_them_by_their_number(self, cast: Cast, elsewhere: int) -> None:
        mine = await held(cast, cast.karim)
        hers = await held(cast, cast.samira, starts_at=SOON + DAY)
        own: dict[str, Any] = {"actor": cast.karim, "slot_id": mine, "member_id": cast.karim, "now": NOON}
        with pytest.raises(NotFound):
            await ask_stand_in(**own, to_member=elsewhere)
        with pytest.raises(NotFound):
            await propose_swap(**own, wanted_slot_id=hers, to_member=elsewhere)
        assert await ask_stand_in(**own, to_member=cast.yann)  # somebody of the place may be asked

    async def test_nor_may_anybody_speak_for_them(self, cast: Cast, elsewhere: int) -> None:
        mine = await held(cast, cast.karim)
        for_them: dict[str, Any] = {"actor": cast.rosa, "slot_id": mine, "member_id": elsewhere, "now": NOON}
        with pytest.raises(NotFound):
            await free(**for_them)
        with pytest.raises(NotFound):
            await ask_stand_in(**for_them)
        told = await refused(free(**for_them | {"member_id": cast.yann}), RotaRefusal.NOT_THEIRS)
        assert told.details == {"name": "Yann"}


class TestRefusalsWithoutNames:
    async def test_asking_one_person(self, cast: Cast) -> None:
        for asker, shown in ((cast.karim, "Samira"), (cast.newcomer, "Cette personne")):
            start = SOON + asker * DAY
            mine = await held(cast, asker, starts_at=start)
            await held(cast, cast.samira, starts_at=start)
            attempt = ask_stand_in(actor=asker, slot_id=mine, member_id=asker, to_member=cast.samira, now=NOON)
            told = await refused(attempt, RotaRefusal.THEIR_CLASH)
            assert called(told.details["name"]) == shown

    async def test_a_swap_with_somebody_who_has_not_that_turn(self, cast: Cast) -> None:
        hers = await held(cast, cast.yann, starts_at=SOON + DAY)
        for asker, shown in ((cast.karim, "Samira"), (cast.newcomer, "Cette personne")):
            mine = await held(cast, asker)
            attempt = propose_swap(
                actor=asker, slot_id=mine, member_id=asker, wanted_slot_id=hers, to_member=cast.samira, now=NOON
            )
            assert called((await refused(attempt, RotaRefusal.NOT_THEIRS)).details["name"]) == shown

    async def test_saying_yes_to_somebody_who_is_taken_meanwhile(self, cast: Cast) -> None:
        theirs = await held(cast, cast.newcomer, starts_at=SOON + DAY)
        mine = await held(cast, cast.karim)
        asked = await propose_swap(
            actor=cast.karim, slot_id=mine, member_id=cast.karim, wanted_slot_id=theirs, now=NOON
        )
        await held(cast, cast.karim, starts_at=SOON + DAY)
        told = await refused(settle(actor=cast.newcomer, swap_id=asked, now=NOON), RotaRefusal.THEIR_CLASH)
        assert called(told.details["name"]) == "Cette personne"


class TestPasswordsThatSomebodyGave:
    """They are refused what gives a role, in words of their own; of somebody else only that it is not for them."""

    async def welcome(self, cast: Cast) -> int:
        return await make_duty(place_id=cast.place, name="À l’entrée", act=Act.CHECK_IN.value)

    async def test_asked_to_come_instead(self, cast: Cast) -> None:
        mine = await held(cast, cast.karim, duty_id=await self.welcome(cast))
        await paper_password(cast.samira)
        own: dict[str, Any] = {"actor": cast.karim, "slot_id": mine, "member_id": cast.karim, "now": NOON}
        await refused(ask_stand_in(**own, to_member=cast.samira), RotaRefusal.NOT_FOR_THEM)
        assert await ask_stand_in(**own, to_member=cast.yann)

    async def test_proposing_to_have_it(self, cast: Cast) -> None:
        theirs = await held(cast, cast.karim, duty_id=await self.welcome(cast), starts_at=SOON + DAY)
        mine = await held(cast, cast.samira)
        await paper_password(cast.samira)
        asked: dict[str, Any] = {"slot_id": mine, "member_id": cast.samira, "wanted_slot_id": theirs, "now": NOON}
        with pytest.raises(Refused) as caught:
            await propose_swap(actor=cast.samira, **asked)
        assert caught.value.reason is IdentityRefusal.GIVEN_PASSWORD
        await refused(propose_swap(actor=cast.rosa, **asked), RotaRefusal.NOT_FOR_THEM)

    async def test_whoever_says_yes_reads_nothing_of_anybodys_password(self, cast: Cast) -> None:
        theirs = await held(cast, cast.karim, duty_id=await self.welcome(cast), starts_at=SOON + DAY)
        mine = await held(cast, cast.samira)
        asked = await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=theirs, now=NOON
        )
        await paper_password(cast.samira)
        told = await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.NOT_FOR_THEM)
        assert told.details == {"name": "Samira"}
        assert (await swap(asked))["state"] == "open"
        assert (await holders(mine), await holders(theirs)) == ([cast.samira], [cast.karim])


class TestPages:
    @pytest.fixture
    async def scene(self, cast: Cast) -> Scene:
        return Scene(cast)

    async def test_nobody_is_looked_up_for_somebody_of_another_place(self, scene: Scene) -> None:
        there = await make_place(slug="ailleurs", name="Ailleurs", now=NOON)
        spy = await make_member(name="Espion", place_id=there, now=NOON)
        slot_id = await scene.slot()
        (row,) = await run("select email from member where id = {}", scene.cast.samira)
        browser = await scene.world.browser_of(spy, place_id=there)
        asked = [
            await browser.post(f"/tours/{slot_id}/empechement", {"choice": choice, "who": who, "with": "1"})
            for choice in ("stand_in", "swap")
            for who in ("Samira", row["email"], "personne@exemple.fr")
        ]
        assert {answer.status_code for answer in asked} == {409}
        assert len({words(answer) for answer in asked}) == 1

    async def test_nor_for_whoever_has_no_such_turn_or_was_never_met(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.newcomer,))
        for member, status in ((scene.cast.karim, 409), (scene.cast.newcomer, 422)):
            browser = await scene.as_(member)
            asked = [
                await browser.post(f"/tours/{slot_id}/empechement", {"choice": "stand_in", "who": who})
                for who in ("Samira", "Inconnue")
            ]
            assert {answer.status_code for answer in asked} == {status}
            assert "Samira" not in words(asked[0])
        newcomer = await scene.as_(scene.cast.newcomer)
        assert 'name="who"' not in (await newcomer.get(f"/tours/{slot_id}/empechement")).text

    async def test_control_whoever_has_the_turn_may_ask_by_name(self, scene: Scene) -> None:
        slot_id = await scene.slot(people=2, who=(scene.cast.karim,))
        karim = await scene.as_(scene.cast.karim)
        assert 'name="who"' in (await karim.get(f"/tours/{slot_id}/empechement")).text
        unknown = await karim.post(f"/tours/{slot_id}/empechement", {"choice": "stand_in", "who": "Inconnue"})
        assert unknown.status_code == 422
        assert "Inconnue" in words(unknown)
        known = await karim.post(f"/tours/{slot_id}/empechement", {"choice": "stand_in", "who": "Samira"})
        assert known.status_code == 303

    async def test_met_here_is_not_met_there(self, scene: Scene) -> None:
        cast = scene.cast
        there = await make_place(slug="ailleurs", name="Ailleurs", now=NOON)
        zed = await make_member(name="Zénobie", place_id=there, now=NOON)
        async with transaction():
            await run(
                "insert into membership (member_id, place_id, mediator, joined_at, employer) "
                "values ({}, {}, {}, {}, '')",
                cast.samira,
                there,
                False,
                NOON,
            )
        duty = await make_duty(place_id=there, name="Là-bas")
        slots = [
            await make_slot(place_id=there, duty_id=duty, starts_at=NOON + timedelta(days=days), people=2)
            for days in (1, 2)
        ]
        for slot_id in slots:
            await claim(actor=zed, slot_id=slot_id, now=NOON)
        await claim(actor=cast.samira, slot_id=slots[0], now=NOON)
        browsers = [await scene.as_(cast.samira), await scene.world.browser_of(cast.samira, place_id=there)]
        paths = [f"/tours/{slots[0]}", f"/tours/{slots[0]}/empechement"]
        for browser in browsers:
            for path in paths:
                assert "Zénobie" not in words(await browser.get(path))
        async with transaction():
            await run("update membership set met_at = {} where member_id = {}", NOON, cast.samira)
        for browser in browsers:
            for path in paths:
                assert "Zénobie" in words(await browser.get(path))
