"""A year without a sign: a friendly mail. Another, without an answer: erased. Nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.clock import local_day
from app.database import run, transaction
from app.i18n import language
from app.identity import inactivity
from app.identity.commands import make_mediator
from app.identity.inactivity import end_inactive, in_years
from app.identity.leaving import erase_absent
from app.identity.presence import note_presence
from app.identity.states import Act
from app.main import REGISTRY
from tests.client import NOON, World
from tests.factories import make_grant, make_member, make_workshop
from tests.people import Cast
from workshops.commands import sign_up

YEAR = timedelta(days=370)
JOINED = NOON - timedelta(days=900)


@pytest.fixture
async def absent(cast: Cast) -> int:
    """Somebody who came three years ago, and was last here just then. The others of the cast are here today."""
    async with transaction():
        for row in await run("select id from member"):
            await note_presence(row["id"], now=NOON + 3 * YEAR)
        member = await make_member(name="Loin", place_id=cast.place, email="loin@exemple.fr", now=JOINED)
        await note_presence(member, now=JOINED)
    return member


async def run_job(at: datetime) -> int:
    return await end_inactive(at, REGISTRY.domains)


async def mails_to(address: str) -> list[str]:
    return [row["subject"] for row in await run("select subject from outbox where recipient = {} order by id", address)]


async def is_there(member_id: int) -> bool:
    return bool(await run("select 1 as one from member where id = {} and erased_at is null", member_id))


@pytest.mark.parametrize(
    ("months", "french", "english"),
    [
        (12, "un an", "one year"),
        (24, "2 ans", "2 years"),
        (1, "un mois", "one month"),
        (18, "18 mois", "18 months"),
    ],
)
def test_how_long_is_said_as_people_count(months: int, french: str, english: str) -> None:
    said = [language(code).say(in_years(months)).replace("\u00a0", " ") for code in ("fr", "en")]
    assert said == [french, english]


class TestAYear:
    async def test_one_mail_and_nothing_more(self, absent: int) -> None:
        assert await run_job(NOON) == 1
        assert await run_job(NOON) == 0
        assert await run_job(NOON + timedelta(days=90)) == 0
        assert await mails_to("loin@exemple.fr") == ["On se revoit quand tu veux"]
        (body,) = [row["body"] for row in await run("select body from outbox where recipient = 'loin@exemple.fr'")]
        assert "Déjà un an sans te voir ici." in body
        assert "il sera effacé dans un an, et ton nom avec." in body
        assert await is_there(absent), "only who was written to a year before is erased"

    async def test_a_year_later_they_are_erased_and_told(self, absent: int) -> None:
        await run_job(NOON)
        assert await run_job(NOON + timedelta(days=360)) == 0
        assert await run_job(NOON + YEAR) == 1
        assert not await is_there(absent)
        assert await mails_to("loin@exemple.fr") == ["Ton compte est effacé"], "the first went with them"
        assert await run_job(NOON + YEAR) == 0

    async def test_whoever_was_here_within_the_year_is_left_alone(self, cast: Cast, absent: int) -> None:
        async with transaction():
            await note_presence(absent, now=NOON - timedelta(days=300))
        assert await run_job(NOON) == 0

    async def test_whoever_comes_back_is_asked_anew_only_after_another_year(self, absent: int, cast: Cast) -> None:
        await run_job(NOON)
        browser = World(NOON + timedelta(days=200))
        async with transaction():
            await note_presence(absent, now=browser.now)
        assert await run_job(NOON + YEAR) == 0
        assert await is_there(absent)
        assert await run_job(NOON + timedelta(days=200) + YEAR) == 1, "asked again"
        assert await is_there(absent)
        assert await run_job(NOON + timedelta(days=200) + 2 * YEAR) == 1
        assert not await is_there(absent)

    async def test_opening_a_session_is_being_here(self, absent: int, cast: Cast) -> None:
        world = World()
        browser = world.browser()
        await browser.post("/connexion", {"email": "loin@exemple.fr", "way": "mail", "device": "mine"})
        (mail,) = await run("select subject from outbox where recipient = 'loin@exemple.fr'")
        code = "".join(sign for sign in mail["subject"] if sign.isdigit())
        answer = await browser.post("/inscription/code", {"code": code, "device": "mine"})
        assert answer.status_code == 303
        (seen,) = await run("select active_on from presence where member_id = {}", absent)
        assert seen["active_on"] == local_day(NOON)
        assert await run_job(NOON) == 0

    async def test_using_one_is_too(self, absent: int, cast: Cast) -> None:
        world = World()
        browser = await world.browser_of(absent, place_id=cast.place)
        world.later(days=2)
        await browser.get("/moi")
        (seen,) = await run("select active_on from presence where member_id = {}", absent)
        assert seen["active_on"] == local_day(world.now)


class TestWhoStays:
    """Each begins as one who would be erased: the first test is the control."""

    @pytest.fixture
    async def asked(self, absent: int) -> int:
        await run_job(NOON)
        return absent

    async def erased(self, member_id: int) -> bool:
        await run_job(NOON + YEAR)
        return not await is_there(member_id)

    async def test_the_control(self, asked: int) -> None:
        assert await self.erased(asked)

    async def test_whose_calendar_is_read(self, asked: int) -> None:
        async with transaction():
            await run(
                "insert into feed (member_id, token_hash, name, discreet, private, created_at, modified_at, read_at) "
                "values ({}, 'h', 'montre', {}, {}, {}, {}, {})",
                asked,
                False,
                False,
                NOON,
                NOON,
                NOON + timedelta(days=200),
            )
        assert not await self.erased(asked)

    async def test_who_takes_part(self, asked: int, cast: Cast) -> None:
        at = NOON + timedelta(days=200)
        workshop = await make_workshop(
            place_id=cast.place, host=cast.samira, mediator=cast.bruno, starts_at=at + timedelta(days=9), now=at
        )
        await sign_up(actor=asked, workshop_id=workshop, now=at)
        assert not await self.erased(asked)

    async def test_who_holds_a_role(self, asked: int, cast: Cast) -> None:
        await make_grant(member_id=asked, place_id=cast.place, act=Act.SAY_YES)
        assert not await self.erased(asked)

    async def test_who_has_no_address(self, cast: Cast, absent: int) -> None:
        async with transaction():
            await run("update member set email = null, email_key = 'loin-123' where id = {}", absent)
        assert await run_job(NOON) == 0
        assert not await self.erased(absent)

    async def test_who_mediates_also_one_of_several(self, asked: int, cast: Cast) -> None:
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", True, asked)
        assert len(await run("select 1 as one from membership where mediator = {}", True)) == 3
        assert not await self.erased(asked)
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", False, asked)
        assert await self.erased(asked), "without it, they are"

    async def test_who_mediates_is_not_asked(self, absent: int) -> None:
        async with transaction():
            await run("update membership set mediator = {} where member_id = {}", True, absent)
        assert await run_job(NOON) == 0
        assert await mails_to("loin@exemple.fr") == []


class TestWhatHappensMeanwhile:
    """After the job has looked who is gone, and before it has erased them."""

    @pytest.fixture
    async def asked(self, absent: int) -> int:
        await run_job(NOON)
        return absent

    async def erased_in_spite_of(
        self, deed: Callable[[], Awaitable[object]], member_id: int, monkeypatch: pytest.MonkeyPatch
    ) -> bool:
        async def late(*args: Any, **given: Any) -> bool:
            await deed()
            return await erase_absent(*args, **given)

        monkeypatch.setattr(inactivity, "erase_absent", late)
        await run_job(NOON + YEAR)
        return not await is_there(member_id)

    async def test_the_control(self, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
        assert await self.erased_in_spite_of(lambda: asyncio.sleep(0), asked, monkeypatch)

    async def test_who_becomes_a_mediator(self, asked: int, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        deed = partial(make_mediator, member_id=asked, place_id=cast.place, domains=(), now=NOON + YEAR)
        assert not await self.erased_in_spite_of(deed, asked, monkeypatch)

    async def test_who_is_given_a_role(self, asked: int, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        deed = partial(make_grant, member_id=asked, place_id=cast.place, act=Act.SAY_YES)
        assert not await self.erased_in_spite_of(deed, asked, monkeypatch)

    async def test_who_comes_back(self, asked: int, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        deed = partial(World(NOON + YEAR).browser_of, asked, place_id=cast.place)
        assert not await self.erased_in_spite_of(deed, asked, monkeypatch)


@pytest.mark.parametrize("day", [date(2028, 2, 29), date(2027, 3, 31), date(2027, 12, 31)])
async def test_a_year_before_is_a_day_in_every_month(absent: int, day: date) -> None:
    assert await run_job(datetime.combine(day, NOON.timetz())) >= 1
