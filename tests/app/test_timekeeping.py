"""A clock that is set: what had expired stays so, what cannot be undone waits, and afterwards the clock is followed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app import clock
from app.cli.common import with_database
from app.contracts import Domain, Job
from app.database import Store, run, transaction
from app.errors import DatabaseHeld
from app.jobs import at_work, run_due
from app.registry import Registry
from app.settings import Settings
from app.timekeeping import DOUBT, DOUBTFUL, Timekeeper, latest_seen
from tests.app.machine import Machine
from tests.client import NOON
from tests.factories import make_member, make_place
from tests.servers import serving

YEAR = timedelta(days=365)


async def nothing(now: datetime) -> int:
    return 0


PUBLISH = Job("publish", nothing)
TIDY = Job("tidy", nothing, in_doubt=True)


class Domains:
    """Domains that note what they are told."""

    def __init__(self, *jobs: Job) -> None:
        self.told: list[tuple[datetime, datetime]] = []
        self.believed: list[bool] = []
        self.fails: Exception | None = None
        self.registry = Registry.of(Domain("tests", jobs=jobs, set_back=self.set_back))

    async def set_back(self, now: datetime, latest: datetime, believed: bool) -> None:
        if self.fails is not None:
            raise self.fails
        self.told.append((now, latest))
        self.believed.append(believed)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


class TestTheLatestHour:
    async def test_it_is_noted_once_a_minute(self, db: Store) -> None:
        machine = Machine()
        keeper = Timekeeper(Domains().registry, machine.clocks())
        await keeper.look()
        assert await latest_seen() == NOON
        machine.passes(seconds=59)
        await keeper.look()
        assert await latest_seen() == NOON
        machine.passes(seconds=1)
        await keeper.look()
        assert await latest_seen() == NOON + timedelta(minutes=1)
        assert len(await run("select id from clock_seen")) == 1

    async def test_another_process_that_is_behind_does_not_lower_it(self, db: Store) -> None:
        ahead, behind = Machine(), Machine(wall=NOON - timedelta(seconds=4))
        keeper = Timekeeper(Domains().registry, ahead.clocks())
        other = Timekeeper(Domains().registry, behind.clocks())
        await asyncio.gather(keeper.look(), other.look())
        assert await latest_seen() == NOON

    async def test_a_database_that_is_held_stops_nothing(
        self, db: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def held(now: datetime, *, lower: bool, doubt_until: datetime | None) -> None:
            raise DatabaseHeld

        monkeypatch.setattr("app.timekeeping._note", held)
        assert await Timekeeper(Domains().registry, Machine().clocks()).look() == NOON
        assert warnings_in(caplog) == []


class TestSetBack:
    @pytest.mark.parametrize("by", [timedelta(seconds=6), timedelta(hours=1), YEAR])
    async def test_the_domains_are_told_once(self, db: Store, caplog: pytest.LogCaptureFixture, by: timedelta) -> None:
        machine, domains = Machine(), Domains()
        keeper = Timekeeper(domains.registry, machine.clocks())
        await keeper.look()
        machine.passes(seconds=30)
        await keeper.look()
        machine.is_set(-by)
        for _ in range(5):
            await keeper.look()
            machine.passes(minutes=2)
        latest = NOON + timedelta(seconds=30)
        assert domains.told == [(latest - by, latest)]
        assert len(warnings_in(caplog)) == 1

    async def test_small_steps_back_add_up(self, db: Store) -> None:
        machine, domains = Machine(), Domains()
        keeper = Timekeeper(domains.registry, machine.clocks())
        await keeper.look()
        for _ in range(4):
            machine.is_set(timedelta(seconds=-4))
            machine.passes(seconds=1)
            await keeper.look()
        assert len(domains.told) == 2

    async def test_a_process_that_starts_sees_it_too(self, db: Store) -> None:
        machine = Machine()
        await Timekeeper(Domains().registry, machine.clocks()).look()
        machine.is_set(timedelta(hours=-1))
        domains = Domains()
        await Timekeeper(domains.registry, machine.clocks()).look()
        assert domains.told == [(NOON - timedelta(hours=1), NOON)]
        again = Domains()
        await Timekeeper(again.registry, machine.clocks()).look()
        assert again.told == []

    async def test_a_machine_that_was_off_is_no_step(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        """Nothing has to be ended. It waits, though (`TestAfterAGap`): nobody knows whether the clock it started with
        is right, so what cannot be undone comes ten minutes later after an outage."""
        machine, domains = Machine(), Domains(PUBLISH)
        await Timekeeper(domains.registry, machine.clocks()).look()
        later = Machine(wall=NOON + timedelta(days=20))
        keeper = Timekeeper(domains.registry, later.clocks())
        await keeper.look()
        assert domains.told == []
        assert warnings_in(caplog) == ["nobody has seen the hour for 20 days, 0:00:00: jobs that cannot be undone wait"]

    async def test_a_year_ahead_and_put_right_nothing_waits_a_year(self, db: Store) -> None:
        machine, domains = Machine(), Domains(PUBLISH)
        keeper = Timekeeper(domains.registry, machine.clocks())
        await keeper.look()
        machine.is_set(YEAR)
        await keeper.look()
        machine.passes(minutes=5)
        await keeper.look()
        assert await latest_seen() == NOON + YEAR + timedelta(minutes=5)
        machine.is_set(-YEAR)
        await keeper.look()
        assert domains.told == [(machine.wall, machine.wall + YEAR)]
        assert await latest_seen() == machine.wall
        machine.passes(minutes=1)
        await keeper.look()
        assert await latest_seen() == machine.wall, "the true clock is followed again"
        machine.is_set(timedelta(hours=-1))
        await keeper.look()
        assert len(domains.told) == 2, "and a step back is seen again"
        machine.passes(DOUBT)
        assert keeper.may_do(PUBLISH)

    async def test_put_right_while_no_process_ran(self, db: Store) -> None:
        await Timekeeper(Domains().registry, Machine(wall=NOON + YEAR).clocks()).look()
        domains = Domains()
        await Timekeeper(domains.registry, Machine().clocks()).look()
        assert domains.told == [(NOON, NOON + YEAR)]
        assert await latest_seen() == NOON

    async def test_nothing_goes_on_before_it_is_done(self, db: Store) -> None:
        """And what could not be done is done at the next look, by the same latest hour."""
        machine, domains = Machine(), Domains()
        keeper = Timekeeper(domains.registry, machine.clocks())
        await keeper.look()
        machine.is_set(timedelta(hours=-1))
        domains.fails = DatabaseHeld()
        with pytest.raises(DatabaseHeld):
            await keeper.look()
        assert await latest_seen() == NOON
        machine.passes(seconds=5)
        domains.fails = None
        await keeper.look()
        assert domains.told == [(NOON - timedelta(hours=1) + timedelta(seconds=5), NOON)]


class TestInDoubt:
    @pytest.mark.parametrize("by", [DOUBTFUL, YEAR])
    async def test_what_cannot_be_undone_waits_ten_minutes_of_the_steady_clock(
        self, db: Store, caplog: pytest.LogCaptureFixture, by: timedelta
    ) -> None:
        machine = Machine()
        keeper = Timekeeper(Domains().registry, machine.clocks())
        await keeper.look()
        assert keeper.may_do(PUBLISH)
        machine.is_set(by)
        await keeper.look()
        assert not keeper.may_do(PUBLISH)
        assert keeper.may_do(TIDY)
        machine.passes(DOUBT - timedelta(seconds=1))
        await keeper.look()
        assert not keeper.may_do(PUBLISH)
        machine.passes(seconds=1)
        await keeper.look()
        assert keeper.may_do(PUBLISH)
        assert len(warnings_in(caplog)) == 1

    async def test_ntp_that_comes_late_is_no_doubt(self, db: Store) -> None:
        machine = Machine()
        keeper = Timekeeper(Domains().registry, machine.clocks())
        await keeper.look()
        machine.is_set(DOUBTFUL - timedelta(seconds=1))
        await keeper.look()
        assert keeper.may_do(PUBLISH)

    async def test_sleep_is_no_doubt(self, db: Store, caplog: pytest.LogCaptureFixture) -> None:
        machine = Machine()
        keeper = Timekeeper(Domains().registry, machine.clocks())
        await keeper.look()
        machine.sleeps(days=3)
        await keeper.look()
        assert keeper.may_do(PUBLISH)
        assert warnings_in(caplog) == []

    async def test_a_machine_that_starts_in_1970_until_ntp_comes(self, db: Store) -> None:
        await Timekeeper(Domains().registry, Machine().clocks()).look()
        machine = Machine(wall=datetime.fromisoformat("1970-01-01T00:00:00+00:00"))
        keeper = Timekeeper(Domains().registry, machine.clocks())
        await keeper.look()
        assert not keeper.may_do(PUBLISH)
        machine.passes(minutes=9)
        machine.wall = NOON + timedelta(minutes=10)
        await keeper.look()
        machine.passes(minutes=9)
        await keeper.look()
        assert not keeper.may_do(PUBLISH), "ten minutes from the last step"
        machine.passes(minutes=1)
        assert keeper.may_do(PUBLISH)


async def keeper_of(machine: Machine, domains: Domains | None = None, **how: bool) -> Timekeeper:
    """One that has looked."""
    keeper = Timekeeper((domains or Domains()).registry, machine.clocks(), **how)
    await keeper.look()
    return keeper


class TestAfterAGap:
    """Nobody has seen the hour for a quarter of an hour: the clock may be the one that a machine starts with."""

    @pytest.mark.parametrize("gap", [DOUBTFUL, timedelta(days=20)])
    async def test_a_server_that_starts_waits_ten_minutes_of_the_steady_clock(self, db: Store, gap: timedelta) -> None:
        await keeper_of(Machine())
        machine = Machine(wall=NOON + gap)
        keeper = await keeper_of(machine)
        assert not keeper.may_do(PUBLISH)
        assert keeper.may_do(TIDY)
        machine.passes(DOUBT - timedelta(seconds=1))
        await keeper.look()
        assert not keeper.may_do(PUBLISH)
        machine.passes(seconds=1)
        assert keeper.may_do(PUBLISH)

    @pytest.mark.parametrize("once", [False, True])
    async def test_an_empty_place_and_a_short_pause_wait_for_nothing(
        self, db: Store, caplog: pytest.LogCaptureFixture, once: bool
    ) -> None:
        assert (await keeper_of(Machine(), once=once)).may_do(PUBLISH)
        soon = Machine(wall=NOON + DOUBTFUL - timedelta(seconds=1), steady=1)
        assert (await keeper_of(soon, once=once)).may_do(PUBLISH)
        assert warnings_in(caplog) == []

    async def test_the_demonstration_never_waits(self, db: Store) -> None:
        await keeper_of(Machine())
        machine = Machine(wall=NOON + timedelta(days=1))
        keeper = await keeper_of(machine, waits=False)
        assert keeper.may_do(PUBLISH)
        machine.is_set(YEAR)
        await keeper.look()
        assert keeper.may_do(PUBLISH)

    async def test_processes_that_start_together_or_again_wait_together(self, db: Store) -> None:
        """The first has noted the hour, so that the others see no gap."""
        await keeper_of(Machine())
        machine = Machine(wall=NOON + timedelta(hours=2))
        await keeper_of(machine)
        assert not (await keeper_of(machine)).may_do(PUBLISH)
        machine.passes(minutes=7)
        again = await keeper_of(machine)
        assert not again.may_do(PUBLISH)
        machine.passes(minutes=3)
        assert again.may_do(PUBLISH), "from when the first began"
        assert (await keeper_of(machine)).may_do(PUBLISH)

    async def test_a_machine_that_starts_two_hours_ahead(self, db: Store) -> None:
        """Its clock is in local time until ntp comes, a minute later."""
        await keeper_of(Machine())
        domains, machine = Domains(), Machine(wall=NOON + timedelta(hours=2, minutes=1), steady=60)
        keeper = await keeper_of(machine, domains)
        assert not keeper.may_do(PUBLISH)
        machine.passes(minutes=1)
        machine.is_set(timedelta(hours=-2))
        await keeper.look()
        assert not keeper.may_do(PUBLISH)
        assert domains.told == [(NOON + timedelta(minutes=2), NOON + timedelta(hours=2, minutes=1))]
        assert domains.believed == [False]
        machine.passes(DOUBT)
        await keeper.look()
        assert keeper.may_do(PUBLISH)

    async def test_put_right_before_the_next_process_starts(self, db: Store) -> None:
        await keeper_of(Machine())
        await keeper_of(Machine(wall=NOON + timedelta(hours=2)))
        domains = Domains()
        assert not (await keeper_of(Machine(wall=NOON + timedelta(minutes=2)), domains)).may_do(PUBLISH)
        assert domains.believed == [False]

    @pytest.mark.parametrize(("after", "believed"), [(timedelta(minutes=9), False), (timedelta(minutes=11), True)])
    async def test_a_clock_that_was_not_put_right_in_ten_minutes_was_believed(
        self, db: Store, after: timedelta, believed: bool
    ) -> None:
        domains, machine = Domains(), Machine()
        keeper = await keeper_of(machine, domains)
        machine.is_set(timedelta(hours=2))
        await keeper.look()
        machine.passes(after)
        machine.is_set(timedelta(hours=-2))
        domains.fails = DatabaseHeld()
        with pytest.raises(DatabaseHeld):
            await keeper.look()
        domains.fails = None
        await keeper.look()
        assert domains.believed == [believed]


class TestByCronAlone:
    """`reseau jobs` and nothing else: each process looks once, and there is a gap before each."""

    async def may_do(self, machine: Machine) -> bool:
        return (await keeper_of(machine, once=True)).may_do(PUBLISH)

    @pytest.mark.parametrize("every", [timedelta(hours=1), timedelta(days=1)])
    async def test_on_a_machine_that_runs_it_never_waits(self, db: Store, every: timedelta) -> None:
        machine = Machine(steady=timedelta(days=30).total_seconds())
        for _ in range(4):
            assert await self.may_do(machine)
            machine.passes(every)

    async def test_each_minute_it_waits_ten_minutes_after_the_machine_has_started(self, db: Store) -> None:
        assert await self.may_do(Machine())
        machine, waited = Machine(wall=NOON + timedelta(hours=2), steady=40), []
        for minute in range(13):
            if not await self.may_do(machine):
                waited.append(minute)
            machine.passes(minutes=1)
        assert waited == list(range(10))

    async def test_each_hour_one_run_is_put_off(self, db: Store) -> None:
        assert await self.may_do(Machine())
        machine = Machine(wall=NOON + timedelta(hours=2), steady=1000)
        may = []
        for _ in range(3):
            may.append(await self.may_do(machine))
            machine.passes(hours=1)
        assert may == [False, True, True]

    async def test_where_every_run_follows_a_start_each_second_one_does_it(self, db: Store) -> None:
        assert await self.may_do(Machine())
        days = [Machine(wall=NOON + timedelta(days=day), steady=60) for day in range(1, 5)]
        assert [await self.may_do(machine) for machine in days] == [False, True, False, True]

    async def test_a_clock_that_was_ahead_and_is_put_right(self, db: Store) -> None:
        assert await self.may_do(Machine())
        machine = Machine(wall=NOON + timedelta(hours=2), steady=40)
        assert not await self.may_do(machine)
        machine.passes(minutes=1)
        machine.is_set(timedelta(hours=-2))
        for _ in range(10):
            assert not await self.may_do(machine)
            machine.passes(minutes=1)
        assert await self.may_do(machine)


class TestServe:
    @pytest.mark.parametrize(
        ("seen", "left"), [(timedelta(days=1), 0), (timedelta(minutes=-1), 1)], ids=["", "control"]
    )
    def test_it_sees_to_a_step_back_before_it_answers(
        self, sqlite_database_url: str, tmp_path: Path, seen: timedelta, left: int
    ) -> None:
        """Under a clock that was a day ahead when it was stopped."""
        now = clock.now()

        async def before() -> None:
            place = await make_place()
            member = await make_member(place_id=place)
            async with transaction():
                await run("insert into clock_seen (id, latest_at) values (1, {})", now + seen)
                await run(
                    "insert into session (token_hash, member_id, device, label, by_mail, created_at, seen_at, "
                    "expires_at) values ('x', {}, 'mine', '', {}, {}, {}, {})",
                    member,
                    False,
                    now,
                    now,
                    now + timedelta(hours=2),
                )

        async def sessions() -> int:
            return len(await run("select id from session"))

        with_database(sqlite_database_url, before)
        with serving(tmp_path, sqlite_database_url) as server:
            assert with_database(sqlite_database_url, sessions) == left
            said = [line for line in server.lines() if line["logger"] == "reseau.clock"]
        assert len(said) == 1 - left


class TestTheJobs:
    async def test_they_wait_and_then_go_on(self, db: Store) -> None:
        machine, done = Machine(), {"publish": 0, "tidy": 0}

        def counts(name: str) -> Callable[[datetime], Awaitable[int]]:
            async def count(now: datetime) -> int:
                done[name] += 1
                return 0

            return count

        every = timedelta(0)
        jobs = Domains(Job("publish", counts("publish"), every), Job("tidy", counts("tidy"), every, in_doubt=True))

        async def more_than(name: str, count: int) -> None:
            async with asyncio.timeout(5):
                while done[name] <= count:
                    await asyncio.sleep(0.005)

        async with at_work(jobs.registry, Settings(), clocks=machine.clocks(), look_every=0.01, post_every=100):
            await more_than("publish", 0)
            machine.is_set(YEAR)
            await more_than("tidy", done["tidy"] + 2)
            waited = done["publish"]
            await more_than("tidy", done["tidy"] + 3)
            assert done["publish"] == waited
            machine.passes(DOUBT)
            await more_than("publish", waited)

    async def test_at_work_sees_to_a_step_back_before_it_begins(self, db: Store) -> None:
        await Timekeeper(Domains().registry, Machine().clocks()).look()
        domains = Domains()
        earlier = Machine(wall=NOON - timedelta(hours=1))
        async with at_work(domains.registry, Settings(), clocks=earlier.clocks()):
            assert domains.told == [(earlier.wall, NOON)]

    async def test_no_job_is_done_before_the_step_back_is_seen_to(self, db: Store) -> None:
        machine, done = Machine(), 0

        async def count(now: datetime) -> int:
            nonlocal done
            done += 1
            return 0

        domains = Domains(Job("tidy", count, timedelta(0), in_doubt=True))
        async with at_work(domains.registry, Settings(), clocks=machine.clocks(), look_every=0.01, post_every=100):
            async with asyncio.timeout(5):
                while not done:
                    await asyncio.sleep(0.005)
            domains.fails = DatabaseHeld()
            machine.is_set(timedelta(minutes=-5))
            await asyncio.sleep(0.05)
            waited = done
            await asyncio.sleep(0.05)
            assert done == waited
            domains.fails = None
            async with asyncio.timeout(5):
                while done == waited:
                    await asyncio.sleep(0.005)
        assert [latest for _, latest in domains.told] == [NOON]

    async def test_by_hand_as_well(self, db: Store) -> None:
        await run_due(Domains().registry, NOON)
        domains = Domains()
        await run_due(domains.registry, NOON - timedelta(hours=1))
        assert domains.told == [(NOON - timedelta(hours=1), NOON)]

    async def test_by_hand_too_what_cannot_be_undone_waits(self, db: Store) -> None:
        jobs = Domains(PUBLISH, TIDY).registry
        assert set(await run_due(jobs, NOON)) == {"publish", "tidy"}
        assert set(await run_due(jobs, NOON - timedelta(hours=1))) == {"tidy"}
        assert set(await run_due(jobs, NOON - timedelta(minutes=51))) == {"tidy"}
        assert set(await run_due(jobs, NOON - timedelta(minutes=50))) == {"publish", "tidy"}

    @pytest.mark.parametrize("demo", [False, True])
    async def test_a_server_after_an_outage(self, db: Store, demo: bool) -> None:
        await keeper_of(Machine())
        done: list[str] = []

        async def publish(now: datetime) -> int:
            done.append("publish")
            return 0

        async def tidy(now: datetime) -> int:
            done.append("tidy")
            return 0

        jobs = Domains(Job("publish", publish), Job("tidy", tidy, timedelta(0), in_doubt=True))
        later = Machine(wall=NOON + timedelta(days=1)).clocks()
        async with at_work(jobs.registry, Settings(demo=demo), clocks=later, look_every=0.01, post_every=100):
            async with asyncio.timeout(5):
                while done.count("tidy") < 3:
                    await asyncio.sleep(0.005)
        assert ("publish" in done) is demo

    async def test_what_is_due_is_done_at_once_when_it_starts(self, db: Store) -> None:
        done = asyncio.Event()

        async def tell(now: datetime) -> int:
            done.set()
            return 1

        every = timedelta(hours=6)
        async with at_work(Domains(Job("seldom", tell, every)).registry, Settings(), look_every=3600, post_every=3600):
            await asyncio.wait_for(done.wait(), 5)

    async def test_writes_stay_possible_in_the_domains(self, db: Store) -> None:
        """They are told outside of any transaction: each opens its own."""
        await Timekeeper(Domains().registry, Machine().clocks()).look()

        async def write(now: datetime, latest: datetime, believed: bool) -> None:
            async with transaction():
                await run("delete from session where expires_at <= {}", latest)

        registry = Registry.of(Domain("tests", set_back=write))
        await Timekeeper(registry, Machine(wall=NOON - timedelta(hours=1)).clocks()).look()
