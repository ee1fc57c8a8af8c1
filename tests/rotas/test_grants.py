"""What a turn allows: from half an hour before until an hour after, gone at once with the turn; at the doors that
depend on it, and in the middle of a request. A control shows each door open where the guard is taken out.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity import commands_welcome
from app.identity.states import Act
from rotas import grants
from rotas.commands import ask_stand_in, claim, free, propose_swap, settle, watch
from rotas.commands.till import count_till
from rotas.facts import slot_of
from rotas.states import Came, RotaRefusal
from tests.client import NOON, Browser, World, words
from tests.factories import make_grant, make_member
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import allowed, refused

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ENDS = SOON + 2 * HOUR
FROM, UNTIL = SOON - 30 * MINUTE, ENDS + HOUR


@pytest.fixture
async def made(cast: Cast) -> int:
    """A welcome turn that Samira has."""
    duty = await make_duty(place_id=cast.place, act=Act.REGISTER.value)
    slot_id = await make_slot(place_id=cast.place, duty_id=duty)
    await claim(actor=cast.samira, slot_id=slot_id, now=NOON)
    return slot_id


async def at(world: World, browser: Browser, hour: datetime) -> int:
    """What the door of the welcome desk answers at that hour."""
    world.now = hour
    return (await browser.get("/accueil")).status_code


async def welcome(browser: Browser) -> httpx.Response:
    form = {"name": "Fatou", "phone": "", "language": "fr", "charter": "1", "once": "form-1"}
    return await browser.post("/accueil", form)


async def accounts() -> int:
    return len(await run("select id from member where name = 'Fatou'"))


class TestAroundTheTurn:
    async def test_from_half_an_hour_before_until_an_hour_after(self, cast: Cast, made: int) -> None:
        world = World()
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        for hour, answer in (
            (FROM - SECOND, 403),
            (FROM, 200),
            (SOON + HOUR, 200),
            (UNTIL - SECOND, 200),
            (UNTIL, 403),
        ):
            assert await at(world, samira, hour) == answer, hour

    async def test_only_whoever_has_it(self, cast: Cast, made: int) -> None:
        world = World(now=SOON)
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        assert await at(world, karim, SOON) == 403
        asked = await ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        await settle(actor=cast.karim, swap_id=asked, now=NOON)
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        assert (await at(world, samira, SOON), await at(world, karim, SOON)) == (403, 200)

    async def test_a_swap_carries_it_along(self, cast: Cast, made: int) -> None:
        other = await make_slot(place_id=cast.place, starts_at=SOON + DAY)
        await claim(actor=cast.karim, slot_id=other, now=NOON)
        asked = await propose_swap(
            actor=cast.samira, slot_id=made, member_id=cast.samira, wanted_slot_id=other, now=NOON
        )
        await settle(actor=cast.karim, swap_id=asked, now=NOON)
        world = World(now=SOON)
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        karim = await world.browser_of(cast.karim, place_id=cast.place)
        assert (await at(world, samira, SOON), await at(world, karim, SOON)) == (403, 200)

    async def test_who_watches_may_nothing(self, cast: Cast, made: int) -> None:
        duty = (await slot_of(made, now=NOON))["duty_id"]
        await make_practice(duty_id=duty, member_id=cast.samira)
        await watch(actor=cast.karim, slot_id=made, now=NOON)
        assert not await allowed(cast.karim, Act.REGISTER, SOON)

    async def test_giving_one_up_leaves_what_another_allows(self, cast: Cast, made: int) -> None:
        duty = (await slot_of(made, now=NOON))["duty_id"]
        next_one = await make_slot(place_id=cast.place, duty_id=duty, starts_at=ENDS)
        await claim(actor=cast.samira, slot_id=next_one, now=NOON)
        await make_grant(member_id=cast.samira, place_id=cast.place, act=Act.SAY_YES)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert not await allowed(cast.samira, Act.REGISTER, SOON)
        assert await allowed(cast.samira, Act.REGISTER, ENDS)
        assert await allowed(cast.samira, Act.SAY_YES, SOON)

    async def test_given_up_and_taken_again_it_is_there_again(self, cast: Cast, made: int) -> None:
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON)
        assert not await allowed(cast.samira, Act.REGISTER, SOON)
        await claim(actor=cast.samira, slot_id=made, now=SOON + MINUTE)
        assert await allowed(cast.samira, Act.REGISTER, SOON + MINUTE)

    async def test_other_hours_other_grants(self, cast: Cast, made: int) -> None:
        row = await slot_of(made, now=NOON)
        async with transaction():
            later = {**row, "starts_at": SOON + DAY, "ends_at": ENDS + DAY}
            await grants.allow_anew(later, cast.samira, now=NOON)
        assert not await allowed(cast.samira, Act.REGISTER, SOON)
        assert await allowed(cast.samira, Act.REGISTER, SOON + DAY)


class TestEveryDoor:
    """All that the welcome desk does, for whoever has its turn now, and for nobody else."""

    GETS = ("/accueil", "/accueil/{person}", "/a-prevenir", "/a-prevenir/feuille")
    POSTS = (
        "/accueil",
        "/accueil/{person}/mot-de-passe",
        "/a-prevenir/{message}/dit",
        "/a-prevenir/{message}/pas-dit",
    )

    @pytest.fixture
    async def doors(self, cast: Cast, made: int) -> list[tuple[str, str]]:
        person = await make_member(name="Ginette", place_id=cast.place, email=None)
        theirs = await make_slot(place_id=cast.place, starts_at=SOON + DAY)
        await claim(actor=person, slot_id=theirs, now=NOON)
        await free(actor=cast.rosa, slot_id=theirs, member_id=person, now=NOON)
        (told,) = await run("select id from outbox where member_id = {} and kind = 'cancellation'", person)
        return [
            (method, path.format(person=person, message=told["id"]))
            for method, paths in (("get", self.GETS), ("post", self.POSTS))
            for path in paths
        ]

    async def closed(self, browser: Browser, doors: list[tuple[str, str]]) -> list[str]:
        """Which of them are."""
        answers = [
            (path, await (browser.get(path) if method == "get" else browser.post(path, {"once": f"form-{path}"})))
            for method, path in doors
        ]
        assert {answer.status_code for _, answer in answers} <= {200, 303, 403, 404, 409, 422}
        return [path for path, answer in answers if answer.status_code == 403]

    async def test_is_closed_before_open_during_and_closed_once_it_is_given_up(
        self, cast: Cast, doors: list[tuple[str, str]], made: int
    ) -> None:
        world = World(now=FROM - SECOND)
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        everything = [path for _, path in doors]
        assert await self.closed(samira, doors) == everything
        world.now = SOON
        assert await self.closed(samira, doors) == []
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON)
        assert await self.closed(samira, doors) == everything

    async def test_and_when_it_is_over(self, cast: Cast, doors: list[tuple[str, str]]) -> None:
        world = World(now=UNTIL)
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        assert await self.closed(samira, doors) == [path for _, path in doors]

    async def test_it_is_in_the_contents_as_long(self, cast: Cast, made: int) -> None:
        world = World(now=SOON)
        samira = await world.browser_of(cast.samira, place_id=cast.place)
        assert 'href="/accueil"' in (await samira.get("/agenda")).text
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON)
        assert 'href="/accueil"' not in (await samira.get("/agenda")).text


class TestAtOnce:
    """The till is counted while its turn is given up: it was counted before, or not at all."""

    async def prepare(self, cast: Cast) -> int:
        till = await make_duty(place_id=cast.place, act=Act.TAKE_CASH.value)
        slot_id = await make_slot(place_id=cast.place, duty_id=till)
        await claim(actor=cast.samira, slot_id=slot_id, now=NOON)
        return slot_id

    async def test_asked_before_and_written_after_it_is_counted_by_whoever_has_it_no_more(self, cast: Cast) -> None:
        """The control."""
        slot_id = await self.prepare(cast)
        asked, freed = asyncio.Event(), asyncio.Event()

        async def naive() -> None:
            may = await allowed(cast.samira, Act.TAKE_CASH, SOON)
            asked.set()
            await freed.wait()
            if may:
                async with transaction():
                    await run(
                        "insert into rota_till_count (slot_id, moment, cents, word, counted_by, counted_at) "
                        "values ({}, 'opening', 1, '', {}, {})",
                        slot_id,
                        cast.samira,
                        SOON,
                    )

        async def gives_up() -> None:
            await asked.wait()
            await free(actor=cast.samira, slot_id=slot_id, member_id=cast.samira, now=SOON)
            freed.set()

        await asyncio.gather(naive(), gives_up())
        assert not await allowed(cast.samira, Act.TAKE_CASH, SOON)
        assert len(await run("select id from rota_till_count")) == 1

    async def test_the_count_and_the_giving_up_come_one_after_the_other(self, cast: Cast) -> None:
        slot_id = await self.prepare(cast)
        counts = [
            count_till(actor=cast.samira, slot_id=slot_id, moment="opening", cents=cents, word="", now=SOON)
            for cents in range(10)
        ]
        give_up = free(actor=cast.samira, slot_id=slot_id, member_id=cast.samira, now=SOON)
        ends = await asyncio.gather(*counts[:5], give_up, *counts[5:], return_exceptions=True)
        gone = [end for end in ends if isinstance(end, NotFound)]
        assert all(end in (None, Came.CLAIMED) or isinstance(end, NotFound) for end in ends)
        written = await run("select id from journal_line where act = 'turn.till_counted'")
        assert len(written) == 10 - len(gone)
        assert not await allowed(cast.samira, Act.TAKE_CASH, SOON)
        with pytest.raises(NotFound):
            await count_till(actor=cast.samira, slot_id=slot_id, moment="closing", cents=1, word="", now=SOON)


class TestInTheMiddleOfARequest:
    """The door was open when the request came in; the turn is given up, or ends, before the deed."""

    async def doorway(self, cast: Cast, monkeypatch: pytest.MonkeyPatch, meanwhile: Any, now: datetime) -> Browser:
        """Samira's browser; `meanwhile` happens between the door and the deed."""
        world = World(now=now)
        register = commands_welcome.register_without_email

        async def between(**details: Any) -> Any:
            await meanwhile(world)
            return await register(**details)

        monkeypatch.setattr(commands_welcome, "register_without_email", between)
        return await world.browser_of(cast.samira, place_id=cast.place)

    async def give_up(self, cast: Cast, made: int, world: World) -> None:
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=world.now)

    async def test_without_the_end_of_the_grant_the_deed_is_done(
        self, cast: Cast, made: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The control."""

        async def forgets(slot: Any, member_id: int, *, now: datetime) -> None:
            del slot, member_id, now

        monkeypatch.setattr(grants, "disallow", forgets)
        samira = await self.doorway(cast, monkeypatch, lambda world: self.give_up(cast, made, world), SOON)
        assert (await welcome(samira)).status_code == 200
        assert await accounts() == 1

    async def test_given_up_meanwhile_nothing_is_done(
        self, cast: Cast, made: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        samira = await self.doorway(cast, monkeypatch, lambda world: self.give_up(cast, made, world), SOON)
        assert (await welcome(samira)).status_code == 409
        assert await accounts() == 0
        assert (await samira.get("/accueil")).status_code == 403

    async def test_what_began_before_the_end_is_done_whole_and_what_comes_after_is_not(
        self, cast: Cast, made: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def passes(world: World) -> None:
            world.later(minutes=5)

        samira = await self.doorway(cast, monkeypatch, passes, UNTIL - SECOND)
        answer = await welcome(samira)
        assert answer.status_code == 200, words(answer)
        assert await accounts() == 1
        assert (await welcome(samira)).status_code == 403
        assert await accounts() == 1

    async def test_the_welcome_turn_speaks_for_others_no_longer_than_it_lasts(self, cast: Cast, made: int) -> None:
        theirs = await make_slot(place_id=cast.place, starts_at=SOON + DAY)
        await claim(actor=cast.karim, slot_id=theirs, now=NOON)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON)
        attempt = free(actor=cast.samira, slot_id=theirs, member_id=cast.karim, now=SOON)
        await refused(attempt, RotaRefusal.MAY_NOT)
        await claim(actor=cast.samira, slot_id=made, now=SOON)
        await free(actor=cast.samira, slot_id=theirs, member_id=cast.karim, now=SOON)
