"""Mail under a clock that jumps and a machine that sleeps: nobody takes what others still send, nothing waits long."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from app.database import Store, run, transaction
from app.notices.composing import Row
from app.notices.delivery import APART, LEASE, Fate, Postman
from tests.app.machine import Machine
from tests.app.notices.letters import rows, send_code, tell_all
from tests.app.notices.mail_server import MailServer
from tests.app.programs import settings
from tests.client import NOON
from tests.factories import make_member, make_place

HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=1)


async def people(count: int = 1) -> list[int]:
    place = await make_place(name="Les Tanneurs")
    return [await make_member(place_id=place) for _ in range(count)]


def postman(server: MailServer, machine: Machine) -> Postman:
    return Postman(settings(server.url), {}, clocks=machine.clocks())


class TestLeasesOfOthers:
    @pytest.mark.parametrize("what", ["set forward", "slept"])
    async def test_they_hold_for_the_time_of_a_lease_after_the_clock_jumped(self, db: Store, what: str) -> None:
        await tell_all(await people(2))
        machine = Machine()
        async with MailServer().running() as server:
            sending, other = postman(server, machine), postman(server, machine)
            assert len(await sending._claim(machine.wall)) == 2  # and is on its way, very slowly
            machine.is_set(HOUR) if what == "set forward" else machine.sleeps(HOUR)
            assert await other.deliver() == 0
            machine.passes(LEASE - MOMENT)
            assert await other.deliver() == 0
            assert server.received == []
            machine.passes(seconds=2)
            assert await other.deliver() == 2, "the first has had its whole time, and must have died"
        assert len(server.received) == 2

    async def test_without_the_watch_they_would_be_taken(self, db: Store) -> None:
        """The control: a process that saw nothing of the jump (it has just started) takes them."""
        await tell_all(await people(2))
        machine = Machine()
        async with MailServer().running() as server:
            await postman(server, machine)._claim(machine.wall)
            machine.is_set(HOUR)
            assert await postman(server, machine).deliver() == 2

    async def test_one_goes_on_with_ones_own_after_the_jump(self, db: Store) -> None:
        await tell_all(await people(2))
        machine = Machine()
        async with MailServer().running() as server:
            man = postman(server, machine)
            await man._claim(machine.wall)  # and fell over something else than a crash
            machine.sleeps(HOUR)
            assert await man.deliver() == 2
        assert len(server.received) == 2

    async def test_what_waits_goes_on_while_one_is_wary(self, db: Store) -> None:
        members = await people(3)
        await tell_all(members[:2])
        machine = Machine()
        async with MailServer().running() as server:
            sending, other = postman(server, machine), postman(server, machine)
            await sending._claim(machine.wall)
            machine.is_set(HOUR)
            await tell_all(members[2:], what="another", now=machine.wall)
            assert await other.deliver() == 1

    async def test_a_lease_by_a_clock_that_was_ahead_is_over(self, db: Store) -> None:
        await tell_all(await people(1))
        machine = Machine(wall=NOON + 24 * HOUR)
        async with MailServer().running() as server:
            await postman(server, machine)._claim(machine.wall)  # and crashes
            other = postman(server, machine)
            machine.is_set(-24 * HOUR)
            machine.passes(MOMENT)
            assert await other.deliver() == 0, "wary: it may be alive"
            machine.passes(LEASE)
            assert await other.deliver() == 1

    async def test_a_machine_whose_clock_is_a_little_behind_keeps_off(self, db: Store) -> None:
        await tell_all(await people(1), now=NOON - HOUR)
        machine, behind = Machine(), Machine(wall=NOON - APART)
        async with MailServer().running() as server:
            await postman(server, machine)._claim(machine.wall)
            assert await postman(server, behind).deliver() == 0
            behind.wall -= timedelta(seconds=1)
            assert await postman(server, behind).deliver() == 1, "the control: further ahead it would be no lease"


class TestAClockThatWasSetBack:
    async def test_a_mail_that_nobody_has_tried_leaves_at_once(self, db: Store) -> None:
        (member,) = await people(1)
        await tell_all([member], now=NOON + 24 * HOUR)
        await send_code("nour@exemple.fr", now=NOON + 24 * HOUR)
        machine = Machine()
        async with MailServer().running() as server:
            assert await postman(server, machine).deliver() == 2
            assert await postman(server, machine).deliver() == 0

    async def test_a_later_try_waits_its_pause_and_no_more(self, db: Store) -> None:
        (member,) = await people(1)
        await tell_all([member], now=NOON + 24 * HOUR)
        machine = Machine(wall=NOON + 24 * HOUR)
        async with MailServer(data_refused="451 4.3.0 come back").running() as server:
            man = postman(server, machine)
            await man.deliver()
            assert await _tries() == 1
            machine.is_set(-24 * HOUR)
            await man.deliver()
            assert await _tries() == 2
            await man.deliver()
            assert await _tries() == 2, "two minutes, by the clock that is right"
            machine.passes(minutes=2, seconds=1)
            await man.deliver()
            assert await _tries() == 3

    async def test_a_server_that_was_away_is_asked_again_within_minutes(self, db: Store) -> None:
        await tell_all(await people(1), now=NOON - HOUR)
        machine = Machine()
        server = MailServer()
        async with server.running():
            pass
        man = postman(server, machine)
        await man.deliver()
        machine.is_set(-HOUR)
        async with server.running():
            assert await man.deliver() == 0
            machine.passes(seconds=10)
            assert await man.deliver() == 1

    async def test_a_long_round_follows_the_clock(self, db: Store) -> None:
        """What is noted in it, and leased, is of the hour at which it was."""
        await tell_all(await people(3))
        machine = Machine()
        async with MailServer(delay=0.05).running() as server:
            task = asyncio.create_task(postman(server, machine).deliver())
            while not server.received:
                await asyncio.sleep(0.002)
            machine.passes(HOUR)
            assert await task == 3
        assert {row["sent_at"] for row in (await rows())[1:]} == {NOON + HOUR}


class TestWhoeverIsNoLongerTheOne:
    @pytest.mark.parametrize("asks_again", [True, False], ids=["", "the control"])
    async def test_skips_what_another_has_taken_meanwhile(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, asks_again: bool
    ) -> None:
        """A process that was stopped for longer than its lease goes on where it was."""
        if not asks_again:
            real = Postman._write

            async def takes_for_granted(
                man: Postman, fate: Fate, waiting: Sequence[Row], at: datetime
            ) -> Sequence[Row]:
                await real(man, fate, [], at)
                return waiting

            monkeypatch.setattr(Postman, "_write", takes_for_granted)
        await tell_all(await people(5))
        machine = Machine()
        async with MailServer(delay=0.05).running() as server:
            stopped = asyncio.create_task(postman(server, machine).deliver())
            while not server.received:
                await asyncio.sleep(0.002)
            async with transaction():  # what others do in the meantime
                await run(
                    "update outbox set lease_by = 'another' where sent_at is null and lease_by is not null and id > 2"
                )
            await stopped
        if not asks_again:
            assert len(server.received) == 5
            return
        assert len(server.received) == 2
        assert [row["lease_by"] for row in await rows()] == [None, None, *["another"] * 3]

    async def test_notes_what_has_left_all_the_same(self, db: Store) -> None:
        await tell_all(await people(1))
        machine = Machine()
        async with MailServer(delay=0.1).running() as server:
            task = asyncio.create_task(postman(server, machine).deliver())
            while not server.connections or not (await rows())[0]["lease_by"]:
                await asyncio.sleep(0.002)
            async with transaction():
                await run("update outbox set lease_by = 'another'")
            assert await task == 1
        assert (await rows())[0]["sent_at"] is not None


async def _tries() -> int:
    (row,) = await rows()
    return int(row["tries"])
