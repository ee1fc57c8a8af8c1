"""What a place wants done, whether it calls out, and who can do what."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from rotas.commands.claiming import claim
from rotas.commands.duties import attest, change_duty, open_duty, retire_duty, set_quiet
from rotas.commands.patterns import open_pattern
from rotas.rules import DutyWords
from rotas.states import Level, RotaRefusal
from tests.client import NOON
from tests.factories import make_member
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import allowed, consistent, entry, holders, refused, slot, untold
from tests.rotas.test_patterns import EVENING
from tests.workshops.reads import mails

WELCOME = DutyWords(name="Accueil", about="Ouvrir la porte, dire bonjour.", people=2)


async def duty(duty_id: int) -> dict[str, Any]:
    return (await run("select * from duty where id = {}", duty_id))[0]


async def level(duty_id: int, member_id: int) -> str:
    found = await run("select level from rota_practice where duty_id = {} and member_id = {}", duty_id, member_id)
    return str(found[0]["level"]) if found else ""


class TestSaying:
    async def test_the_same_twice_is_one_and_another_of_the_name_is_refused(self, cast: Cast) -> None:
        ids = {await open_duty(actor=cast.rosa, place_id=cast.place, duty=WELCOME, now=NOON) for _ in range(2)}
        assert len(ids) == 1
        other = DutyWords(name=" accueil", people=3)
        await refused(open_duty(actor=cast.rosa, place_id=cast.place, duty=other, now=NOON), RotaRefusal.DUTY_DOUBLE)

    async def test_only_whoever_keeps_the_place(self, cast: Cast) -> None:
        for member in (cast.samira, cast.bruno):
            await refused(open_duty(actor=member, place_id=cast.place, duty=WELCOME, now=NOON), RotaRefusal.MAY_NOT)
        with pytest.raises(NotFound):
            await open_duty(actor=await make_member(), place_id=cast.place, duty=WELCOME, now=NOON)

    @pytest.mark.parametrize(
        ("words", "adults"),
        [
            (DutyWords("Clés", opens_place=True), True),
            (DutyWords("Caisse", act="take_cash"), True),
            (DutyWords("Accueil", act="register"), True),
            (DutyWords("Entrée", act="check_in"), False),
            (DutyWords("Plantes"), False),
        ],
    )
    async def test_keys_tills_and_what_is_done_one_to_one_are_for_adults(
        self, cast: Cast, words: DutyWords, adults: bool
    ) -> None:
        made = await open_duty(actor=cast.rosa, place_id=cast.place, duty=words, now=NOON)
        assert bool((await duty(made))["adults_only"]) is adults


class TestChanging:
    async def test_turns_to_come_are_called_so(self, cast: Cast) -> None:
        made = await open_duty(actor=cast.rosa, place_id=cast.place, duty=WELCOME, now=NOON)
        turn = await make_slot(place_id=cast.place, duty_id=made)
        for _ in range(2):
            await change_duty(actor=cast.rosa, duty_id=made, duty=DutyWords(name="Porte"), version=1, now=NOON)
        assert (await entry(turn))["title"] == "Porte"
        assert (await duty(made))["version"] == 2
        again = change_duty(actor=cast.rosa, duty_id=made, duty=DutyWords(name="Table"), version=1, now=NOON)
        await refused(again, RotaRefusal.CHANGED_MEANWHILE)

    async def test_they_allow_what_it_allows_now(self, cast: Cast) -> None:
        made = await open_duty(actor=cast.rosa, place_id=cast.place, duty=WELCOME, now=NOON)
        turn = await make_slot(place_id=cast.place, duty_id=made, people=4)
        async with transaction():
            await run("update member set adult_on = {} where id = {}", date(2027, 1, 1), cast.yann)
        for member in (cast.samira, cast.yann, cast.bruno):
            await claim(actor=member, slot_id=turn, sure=True, now=NOON)
        till = DutyWords(name="Accueil", people=2, act=Act.TAKE_CASH.value)
        await change_duty(actor=cast.rosa, duty_id=made, duty=till, version=1, now=NOON)
        assert await allowed(cast.samira, Act.TAKE_CASH, SOON)
        for nobody in (cast.yann, cast.bruno):  # too young, and mediating here
            assert not await allowed(nobody, Act.TAKE_CASH, SOON)
        assert await holders(turn) == [cast.samira]
        await change_duty(actor=cast.rosa, duty_id=made, duty=WELCOME, version=2, now=NOON)
        assert not await allowed(cast.samira, Act.TAKE_CASH, SOON)

    async def test_retired_its_turns_are_off_and_people_are_told(self, cast: Cast) -> None:
        made = await open_duty(actor=cast.rosa, place_id=cast.place, duty=WELCOME, now=NOON)
        once = await make_slot(place_id=cast.place, duty_id=made)
        theirs = await make_slot(place_id=cast.place, duty_id=made, source_kind="workshop", source_id=3)
        pattern = await open_pattern(actor=cast.rosa, duty_id=made, weekly=EVENING, people=2, room_id=None, now=NOON)
        (weekly, *_) = await run("select id from rota_slot where pattern_id = {} order by id", pattern)
        for each in (once, weekly["id"]):
            await claim(actor=cast.samira, slot_id=each, now=NOON)
        for _ in range(2):
            await retire_duty(actor=cast.rosa, duty_id=made, now=NOON)
        assert [(await slot(each))["state"] for each in (once, weekly["id"], theirs)] == [
            "cancelled",
            "cancelled",
            "open",
        ]
        assert len(await mails(to=cast.samira, kind="cancellation")) == 2
        assert await untold() == []
        await consistent()
        wish = open_pattern(actor=cast.rosa, duty_id=made, weekly=EVENING, people=2, room_id=None, now=NOON)
        with pytest.raises(NotFound):
            await wish
        assert await open_duty(actor=cast.rosa, place_id=cast.place, duty=WELCOME, now=NOON) != made


async def test_quiet_is_said_once_by_whoever_keeps_the_place(cast: Cast) -> None:
    await refused(set_quiet(actor=cast.samira, place_id=cast.place, quiet=True, now=NOON), RotaRefusal.MAY_NOT)
    for quiet in (False, True, True, False):
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=quiet, now=NOON)
        (*_, last) = await run("select quiet from rota_setting") or [{"quiet": False}]
        assert bool(last["quiet"]) is quiet
    assert len(await run("select id from journal_line where act = 'turn.quiet'")) == 2


class TestWhoCan:
    async def test_who_can_says_it_of_others_and_they_are_told(self, cast: Cast) -> None:
        made = await make_duty(place_id=cast.place)
        await make_practice(duty_id=made, member_id=cast.karim, level=Level.DOES)
        for _ in range(2):
            await attest(actor=cast.karim, duty_id=made, member_id=cast.samira, level=Level.DOES, now=NOON)
        assert await level(made, cast.samira) == "does"
        assert len(await mails(to=cast.samira, about="attested")) == 1

    async def test_nobody_of_themselves_nor_beyond_what_they_can(self, cast: Cast) -> None:
        made = await make_duty(place_id=cast.place)
        await make_practice(duty_id=made, member_id=cast.karim, level=Level.DOES)
        await make_practice(duty_id=made, member_id=cast.aicha, level=Level.TEACHES)
        said: tuple[tuple[int, int, Level, RotaRefusal], ...] = (
            (cast.samira, cast.samira, Level.DOES, RotaRefusal.MAY_NOT),
            (cast.samira, cast.yann, Level.DOES, RotaRefusal.NOT_SKILLED),
            (cast.karim, cast.samira, Level.TEACHES, RotaRefusal.NOT_SKILLED),
            (cast.karim, cast.aicha, Level.DOES, RotaRefusal.MAY_NOT),
            (cast.aicha, cast.karim, Level.WATCHED, RotaRefusal.MAY_NOT),
        )
        for actor, member, to, reason in said:
            await refused(attest(actor=actor, duty_id=made, member_id=member, level=to, now=NOON), reason)
        with pytest.raises(NotFound):
            await attest(actor=cast.aicha, duty_id=made, member_id=await make_member(), level=Level.DOES, now=NOON)

    async def test_whoever_keeps_the_place_begins_and_takes_back(self, cast: Cast) -> None:
        made = await make_duty(place_id=cast.place)
        for member, to in ((cast.rosa, Level.TEACHES), (cast.karim, Level.DOES), (cast.karim, Level.NONE)):
            await attest(actor=cast.rosa, duty_id=made, member_id=member, level=to, now=NOON)
            assert await level(made, member) == to.value
