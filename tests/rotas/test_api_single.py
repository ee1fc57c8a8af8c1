"""What a meal does with one turn of its own, when people are called for its turns, and who gave them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.calendar.api import lock_people_and_rooms
from app.database import RunAgain, transaction
from app.errors import NotFound
from rotas import api, calling
from rotas.api import Source, Wanted
from rotas.calling_out import call_out
from rotas.commands.claiming import claim
from rotas.commands.giving_up import free
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_slot
from tests.rotas.reads import consistent, holders, refused, slot, untold
from tests.rotas.test_api import HOUR, MEAL, a_team, opened
from tests.rotas.test_rules import NOW, OPEN, H
from tests.workshops.reads import mailed, mails

MINUTE = timedelta(minutes=1)


async def changed(
    slot_id: int,
    wanted: Wanted,
    *,
    locked: Sequence[int] = (),
    source: Source = MEAL,
    actor: int | None = None,
) -> None:
    async with transaction():
        await lock_people_and_rooms(members=locked)
        await api.change_slot(
            source=source, slot_id=slot_id, wanted=wanted, room_id=None, locked=locked, actor=actor, now=NOON
        )


def at(hours: int, people: int = 2) -> Wanted:
    return Wanted(1, SOON + hours * HOUR, SOON + (hours + 1) * HOUR, people)


class TestChangingOne:
    async def test_it_alone_has_other_hours_and_people(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        await changed(one, at(-5, people=4))
        row = await slot(one)
        assert (row["starts_at"], row["ends_at"], row["people"]) == (SOON - 5 * HOUR, SOON - 4 * HOUR, 4)
        assert (await slot(two))["starts_at"] == SOON + HOUR
        await consistent()

    async def test_whoever_has_it_is_told_or_loses_it_where_they_are_busy(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        busy = await make_slot(place_id=cast.place, starts_at=SOON - 5 * HOUR, hours=1)
        for member, turn in ((cast.samira, one), (cast.yann, one), (cast.yann, busy)):
            await claim(actor=member, slot_id=turn, sure=True, now=NOON)
        await changed(one, at(-5), locked=[cast.samira, cast.yann])
        assert await holders(one) == [cast.samira]
        assert await mailed(about="moved") >= {cast.samira}
        assert await untold() == []
        await consistent()

    async def test_whoever_did_it_is_not_told(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        before = len(await mails(to=cast.samira))
        await changed(one, at(-5), locked=[cast.samira], actor=cast.samira)
        assert len([mail for mail in (await mails(to=cast.samira))[before:] if not mail["method"]]) == 0

    async def test_the_same_again_changes_nothing_never_fewer_than_it_has(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        for member in (cast.samira, cast.yann):
            await claim(actor=member, slot_id=one, sure=True, now=NOON)
        version = (await slot(one))["version"]
        await changed(one, Wanted(1, SOON - 2 * HOUR, SOON, 1))
        assert ((await slot(one))["version"], (await slot(one))["people"]) == (version, 2)

    async def test_who_came_since_the_lock_makes_it_run_again(self, cast: Cast) -> None:
        one, _ = await a_team(cast)
        await claim(actor=cast.samira, slot_id=one, now=NOON)
        with pytest.raises(RunAgain):
            await changed(one, at(-5))
        assert (await slot(one))["starts_at"] == SOON - 2 * HOUR

    async def test_what_is_refused(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        past = Wanted(1, NOON - HOUR, NOON + HOUR, 1)
        await refused(changed(one, past), RotaRefusal.OVER)
        with pytest.raises(NotFound):
            await changed(one, at(0), source=Source("meal", 8))
        with pytest.raises(ValueError, match="not a turn"):
            await changed(one, at(0, people=0))
        async with transaction():
            await api.close_slot(source=MEAL, slot_id=two, now=NOON)
        with pytest.raises(NotFound):
            await changed(two, at(0))

    async def test_some_stay_where_they_are_when_the_others_move(self, cast: Cast) -> None:
        one, two = await a_team(cast)
        async with transaction():
            moved = await api.move_slots(
                source=MEAL,
                before=(SOON, SOON + HOUR),
                after=(SOON + HOUR, SOON + 2 * HOUR),
                room_id=None,
                locked=(),
                but=[one],
                now=NOON,
            )
        assert moved == 1
        assert (await slot(one))["starts_at"] == SOON - 2 * HOUR
        assert (await slot(two))["starts_at"] == SOON + 2 * HOUR

    async def test_what_is_something_else_is_not_opened_as_the_same(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        wanted = Wanted(duty, SOON, SOON + HOUR, 2)
        (one,) = await opened(cast, wanted)
        async with transaction():
            (two,) = await api.open_slots(
                source=MEAL, place_id=cast.place, room_id=None, wanted=[wanted], but=[one], now=NOON
            )
        assert one != two


class TestCalling:
    @pytest.mark.parametrize(
        ("again", "starts", "calls"),
        [(NOW, NOW + 90 * H, True), (NOW - H, NOW + H, True), (NOW, NOW, False), (None, NOW + H, False)],
    )
    def test_a_source_that_says_when_is_asked_and_nothing_else(
        self, again: datetime | None, starts: datetime, calls: bool
    ) -> None:
        standing = replace(OPEN, starts_at=starts)
        for called_at in (None, NOW - 5 * H):
            asked = calling.calls_now(
                standing, called_at=called_at, call_again_at=again, source_kind="meal", quiet=False, now=NOW
            )
            assert asked is calls

    async def test_for_what_lacks_somebody_at_once_and_once(self, cast: Cast) -> None:
        one, two = await a_team(cast, people=1)
        await claim(actor=cast.samira, slot_id=two, now=NOON)
        assert await call_out(NOON) == 0
        async with transaction():
            assert await api.call_for(MEAL, now=NOON) == 1
        assert [await call_out(NOON + n * MINUTE) for n in range(2)] == [1, 0]
        assert len(await mailed(about="called")) == 8
        seen = {each.id: each.called for each in await api.slots_of(MEAL)}
        assert seen == {one: True, two: False}

    async def test_again_or_only_what_nobody_was_called_for(self, cast: Cast) -> None:
        one, two = await a_team(cast, people=1)
        await claim(actor=cast.samira, slot_id=two, now=NOON)
        async with transaction():
            await api.call_for(MEAL, now=NOON)
        await call_out(NOON)
        await free(actor=cast.samira, slot_id=two, member_id=cast.samira, now=NOON + HOUR)
        async with transaction():
            assert await api.call_for(MEAL, anew=False, now=NOON + HOUR) == 1
        assert (await slot(one))["call_again_at"] is None
        async with transaction():
            assert await api.call_for(MEAL, now=NOON + HOUR) == 2


class TestWhoGaveUp:
    async def test_by_their_own_deed_and_without_another_turn_of_it(self, cast: Cast) -> None:
        one, two = await a_team(cast, people=3)
        for member in (cast.samira, cast.yann, cast.karim):
            await claim(actor=member, slot_id=one, sure=True, now=NOON)
        assert await api.gave_up(MEAL) == set()
        for member in (cast.samira, cast.yann):
            await free(actor=member, slot_id=one, member_id=member, now=NOON)
        await claim(actor=cast.yann, slot_id=two, now=NOON)
        assert await api.gave_up(MEAL) == {cast.samira}
        async with transaction():
            await api.cancel_slots(source=MEAL, now=NOON + HOUR)
        assert await api.gave_up(MEAL) == {cast.samira}  # not whoever lost theirs with the meal
