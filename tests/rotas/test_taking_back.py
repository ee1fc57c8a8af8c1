"""Whoever may less than before: what is not for them any more is freed, they are told, and somebody else is called.

The control is the same deed without the hook of the domains: a turn that opens nothing, and nobody knows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from app.clock import local_day
from app.database import run, transaction
from app.errors import Refused
from app.identity.commands import join_place, make_mediator
from app.identity.commands_me import set_age
from app.identity.narrowing import say_may_less
from app.identity.states import Act
from app.main import REGISTRY
from rotas import jobs
from rotas.calling_out import call_out
from rotas.commands.claiming import claim, watch
from rotas.commands.giving_up import ask_stand_in
from rotas.commands.weekly import hold_weekly
from rotas.states import SwapState
from tests.client import NOON
from tests.factories import make_grant, make_place
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot, make_weeks
from tests.rotas.reads import allowed, consistent, holders, parts, slot, swap, untold
from tests.rotas.scene import Scene
from tests.workshops.reads import mailed, mails
from tests.workshops.test_races import at_once, errors

NEAR = NOON + 40 * HOUR


async def till(cast: Cast, *, starts_at: datetime = SOON, who: int | None = None, place: int | None = None) -> int:
    """A till turn, which Karim has."""
    place = place or cast.place
    duty = await make_duty(place_id=place, name="Caisse", act=Act.TAKE_CASH.value, adults_only=True)
    made = await make_slot(place_id=place, duty_id=duty, starts_at=starts_at)
    await claim(actor=who or cast.karim, slot_id=made, now=NOON)
    return made


async def mediates(cast: Cast, member_id: int, *, hooked: bool = True, now: datetime = NOON) -> None:
    domains = REGISTRY.domains if hooked else ()
    await make_mediator(member_id=member_id, place_id=cast.place, domains=domains, now=now)


async def is_under_age(member_id: int, adult_on: date, *, now: datetime = NOON) -> None:
    await set_age(actor=member_id, adult_on=adult_on, domains=REGISTRY.domains, now=now)


class TestAMediator:
    async def test_without_the_hook_a_turn_is_left_that_opens_nothing(self, cast: Cast) -> None:
        made = await till(cast)
        await mediates(cast, cast.karim, hooked=False)
        assert await holders(made) == [cast.karim]
        assert not await allowed(cast.karim, Act.TAKE_CASH, SOON)
        with pytest.raises(AssertionError):
            await consistent()
        assert await mails(about="gone") == []

    async def test_what_a_role_allows_is_freed_and_told(self, cast: Cast) -> None:
        made = await till(cast)
        assert await allowed(cast.karim, Act.TAKE_CASH, SOON)
        await mediates(cast, cast.karim)
        assert await holders(made) == []
        assert await parts(made) == {}
        assert not await allowed(cast.karim, Act.TAKE_CASH, SOON)
        await consistent()
        assert await untold() == []
        (mail,) = await mails(about="gone")
        assert mail["member_id"] == cast.karim
        assert "n’est plus à toi" in mail["subject"]
        assert "Qui fait la médiation ici" in mail["body"]
        assert await run("select 1 as one from rota_holding where left_by is not null") == []

    async def test_somebody_else_is_called_anew(self, cast: Cast) -> None:
        made = await till(cast, starts_at=NEAR)
        async with transaction():
            await run("update rota_slot set called_at = {} where id = {}", NOON - 4 * HOUR, made)
        assert await call_out(NOON) == 0
        await mediates(cast, cast.karim)
        assert [await call_out(NOON + n * HOUR) for n in range(2)] == [1, 0]
        assert await mailed(about="called") == {cast.samira, cast.aicha, cast.yann, cast.odile, cast.rosa}
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert await holders(made) == [cast.samira]
        await consistent()

    async def test_what_allows_nothing_stays_and_so_does_watching_and_what_is_elsewhere_or_over(
        self, cast: Cast
    ) -> None:
        plain = await make_slot(place_id=cast.place)
        await claim(actor=cast.karim, slot_id=plain, now=NOON)
        watched = await till(cast, starts_at=SOON + DAY, who=cast.odile)
        (duty,) = await run("select duty_id from rota_slot where id = {}", watched)
        await make_practice(duty_id=duty["duty_id"], member_id=cast.odile)
        await watch(actor=cast.karim, slot_id=watched, now=NOON)
        there = await make_place(slug="le-canal", name="Le Canal")
        await join_place(actor=cast.karim, place_id=there, session_id=None, now=NOON)
        async with transaction():
            await run("update membership set met_at = {} where place_id = {}", NOON, there)
        elsewhere = await till(cast, starts_at=SOON + 2 * DAY, place=there)
        over = await till(cast, starts_at=NOON + HOUR)
        await mediates(cast, cast.karim, now=NOON + 3 * HOUR)
        assert [await holders(each) for each in (plain, watched, elsewhere, over)] == [
            [cast.karim],
            [cast.odile],
            [cast.karim],
            [cast.karim],
        ]
        assert cast.karim in await parts(watched)
        assert await allowed(cast.karim, Act.TAKE_CASH, SOON + 2 * DAY)
        assert await mails(about="gone") == []
        await consistent(plain, watched, elsewhere)

    async def test_a_turn_that_has_begun_is_freed_too(self, cast: Cast) -> None:
        made = await till(cast, starts_at=NOON + HOUR)
        await mediates(cast, cast.karim, now=NOON + 2 * HOUR)
        assert await holders(made) == []

    async def test_what_they_held_every_week_ends_and_no_next_one_is_given(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place, name="Caisse", act=Act.TAKE_CASH.value)
        pattern, slots = await make_weeks(place_id=cast.place, duty_id=duty)
        _, plain = await make_weeks(place_id=cast.place, starts_at=SOON + DAY)
        for first in (slots[0], plain[0]):
            await hold_weekly(actor=cast.karim, slot_id=first, now=NOON)
        await mediates(cast, cast.karim)
        assert [await holders(each) for each in slots] == [[]] * 4
        assert [await holders(each) for each in plain] == [[cast.karim]] * 4
        ended = await run("select pattern_id from rota_weekly where ended_at is not null")
        assert ended == [{"pattern_id": pattern}]
        assert len(await mails(to=cast.karim, about="gone")) == 4
        assert len(await mails(to=cast.karim, about="weekly-over")) == 1
        before = len(await mails())
        await jobs.make_slots(NOON)
        assert (
            await run(
                "select 1 as one from rota_holding h join rota_slot s on s.id = h.slot_id "
                "where s.pattern_id = {} and h.went = ''",
                pattern,
            )
            == []
        )
        assert len([row for row in (await mails())[before:] if "Caisse" in row["subject"]]) == 0
        await consistent()

    async def test_nobody_is_asked_to_come_instead_any_more(self, cast: Cast) -> None:
        made = await till(cast)
        swap_id = await ask_stand_in(
            actor=cast.karim, slot_id=made, member_id=cast.karim, to_member=cast.yann, now=NOON
        )
        await mediates(cast, cast.karim)
        assert (await swap(swap_id))["state"] == SwapState.WITHDRAWN
        assert await mailed(about="swap-withdrawn") == {cast.yann}

    async def test_refused_it_changes_nothing_and_twice_is_once(self, cast: Cast) -> None:
        kept = await till(cast, who=cast.rosa)
        with pytest.raises(Refused):
            await mediates(cast, cast.rosa)
        assert await holders(kept) == [cast.rosa]
        await till(cast, starts_at=SOON + DAY)
        for _ in range(2):
            await mediates(cast, cast.karim)
            async with transaction():
                await say_may_less(cast.karim, REGISTRY.domains, now=NOON)
        assert len(await mails(about="gone")) == 1
        await consistent()

    @pytest.mark.parametrize("hooked", [False, True], ids=["control", "hooked"])
    async def test_taking_one_at_the_same_instant_leaves_none(self, cast: Cast, hooked: bool) -> None:
        duty = await make_duty(place_id=cast.place, name="Caisse", act=Act.TAKE_CASH.value)
        slots = [
            await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + n * 3 * HOUR, people=2)
            for n in range(6)
        ]
        await claim(actor=cast.karim, slot_id=slots[0], now=NOON)
        ends = await at_once(
            [
                *(claim(actor=cast.karim, slot_id=each, sure=True, now=NOON) for each in slots[1:4]),
                mediates(cast, cast.karim, hooked=hooked),
                *(claim(actor=cast.karim, slot_id=each, sure=True, now=NOON) for each in slots[4:]),
            ]
        )
        assert [end for end in errors(ends) if not isinstance(end, Refused)] == []
        left = [each for each in slots if cast.karim in await holders(each)]
        assert left[:1] == ([] if hooked else slots[:1])
        if hooked:
            assert left == []
            await consistent()
            assert await untold() == []


class TestUnderAge:
    async def test_what_is_for_adults_is_freed_and_told_up_to_the_birthday(self, cast: Cast) -> None:
        before, on = await till(cast), await till(cast, starts_at=SOON + DAY)
        plain = await make_slot(place_id=cast.place, starts_at=SOON + 4 * HOUR)
        await claim(actor=cast.karim, slot_id=plain, now=NOON)
        await is_under_age(cast.karim, local_day(SOON + DAY))
        assert [await holders(each) for each in (before, on, plain)] == [[], [cast.karim], [cast.karim]]
        assert not await allowed(cast.karim, Act.TAKE_CASH, SOON)
        assert await allowed(cast.karim, Act.TAKE_CASH, SOON + DAY)
        (mail,) = await mails(about="gone")
        assert mail["member_id"] == cast.karim
        assert "Avant 18 ans" in mail["body"]
        await consistent()
        assert await untold() == []

    @pytest.mark.parametrize(("in_weeks", "ends"), [(3, False), (60, True)])
    async def test_every_week_is_held_on_by_whoever_is_of_age_soon(self, cast: Cast, in_weeks: int, ends: bool) -> None:
        duty = await make_duty(place_id=cast.place, name="Caisse", adults_only=True)
        _, slots = await make_weeks(place_id=cast.place, duty_id=duty)
        await hold_weekly(actor=cast.karim, slot_id=slots[0], now=NOON)
        await is_under_age(cast.karim, local_day(NOON + timedelta(weeks=in_weeks)))
        held = [bool(await holders(each)) for each in slots]
        assert held == ([False] * 4 if ends else [False, False, True, True])
        assert bool(await run("select 1 as one from rota_weekly where ended_at is not null")) is ends

    async def test_said_on_ones_own_page(self, cast: Cast) -> None:
        scene = Scene(cast)
        made = await till(cast)
        me = await scene.as_(cast.karim)
        answer = await me.post("/moi/age", {"minor": "1", "adult_on": "2027-06-01"})
        assert answer.status_code == 303
        assert await holders(made) == []
        assert await mailed(about="gone") == {cast.karim}

    async def test_of_age_nothing_changes(self, cast: Cast) -> None:
        made = await till(cast)
        await make_grant(member_id=cast.karim, place_id=cast.place, act=Act.OPEN_MEALS)
        await is_under_age(cast.karim, date(2020, 1, 1))
        assert (await slot(made))["taken"] == 1
        assert await mails(about="gone") == []


async def test_who_belongs_no_more_has_nothing_there(cast: Cast) -> None:
    plain = await make_slot(place_id=cast.place)
    watched = await make_slot(place_id=cast.place, starts_at=SOON + DAY, people=2)
    (duty,) = await run("select duty_id from rota_slot where id = {}", watched)
    await make_practice(duty_id=duty["duty_id"], member_id=cast.odile)
    await claim(actor=cast.odile, slot_id=watched, now=NOON)
    await claim(actor=cast.karim, slot_id=plain, now=NOON)
    await watch(actor=cast.karim, slot_id=watched, now=NOON)
    async with transaction():
        await run("delete from membership where member_id = {} and place_id = {}", cast.karim, cast.place)
        await say_may_less(cast.karim, REGISTRY.domains, now=NOON)
    assert [await holders(each) for each in (plain, watched)] == [[], [cast.odile]]
    assert cast.karim not in await parts(watched)
    await consistent()
    assert await untold() == []
