"""Thirty people at the last ten seats, by card, over HTTP; and Stripe slow, away, or mute when it has done its work.

That nobody pays twice, or for nothing, is asked of `tests.faults.till`, which asks Stripe and us.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app.database import run
from tests.conftest import opened
from tests.faults.till import wrongs
from tests.load import unguarded
from tests.load.cards import Buyers, Counter, by_card, held, much_later, selling, until
from tests.load.meals import Ask, a_booking, a_meal, rush, seats_of
from tests.load.scenes import Scene, staged, statuses
from tests.load.unguarded import LOCK
from tests.servers import people

pytestmark = pytest.mark.slow

PEOPLE, SEATS = 30, 10
TAKEN = ("offered", "held", "confirmed")


class TestThirtyAtTheLastTen:
    async def test_without_the_lock_more_are_held_than_there_are(self, database_url: str, tmp_path: Path) -> None:
        with selling(tmp_path, database_url, program=unguarded.PROGRAM) as counter:
            async for _ in opened(database_url):
                async with people(counter.server.url, X_Without=LOCK) as crowd:
                    scene = await staged(crowd, members=PEOPLE)
                    made = await a_meal(scene, seats=SEATS)
                    await rush(scene, [by_card(made, member) for member in scene.members], first=PEOPLE)
                taken = await seats_of(made, *TAKEN)
        print(f"without the lock: {taken} at {SEATS} seats")
        assert taken > SEATS

    async def test_ten_are_sold_and_everybody_s_money_is_where_it_belongs(
        self, database_url: str, tmp_path: Path
    ) -> None:
        with selling(tmp_path, database_url) as counter:
            async for _ in opened(database_url):
                async with people(counter.server.url) as crowd:
                    await self.storm(counter, await staged(crowd, members=PEOPLE))
            assert [line for line in counter.server.lines() if line["level"] == "ERROR"] == []

    async def storm(self, counter: Counter, scene: Scene) -> None:
        made, over = await a_meal(scene, seats=SEATS), asyncio.Event()
        buyers = Buyers(scene, counter.stripe, made)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(buyers.watch(over))
            try:
                turns = await rush(scene, [by_card(made, member) for member in scene.members], first=PEOPLE)
                assert statuses([turn.answer for turn in turns]) == {303: PEOPLE}
                assert len(await held(made)) == SEATS
                for wave in range(3):
                    await buyers.wave(3 * wave)
                assert set(statuses(buyers.answers)) <= {303, 409}
                await until("select id from stripe_event where handled_at is null")
                await much_later(counter.stripe)
            finally:
                over.set()
        print(f"{buyers.did}; {len(buyers.seen)} looks, {max(buyers.seen)} taken at most; ", end="")
        print(f"{len(counter.stripe.sessions)} sessions, {len(counter.stripe.refunds)} refunds")
        assert max(buyers.seen) == SEATS
        assert len(buyers.did) >= 7
        assert await wrongs(counter.stripe, [made]) == []
        assert await seats_of(made, "confirmed")


class TestStripeIsSlow:
    async def on_site(self, scene: Scene, made: int, members: list[int]) -> float:
        """They book, one after the other; how long the slowest waited, in seconds."""
        turns = await rush(scene, [a_booking(made, member) for member in members], first=1)
        assert statuses([turn.answer for turn in turns]) == {303: len(members)}
        waited = [turn.answered - turn.asked for turn in turns]
        return max(waited)

    async def paid_for(self, counter: Counter, scene: Scene, made: int, members: list[int]) -> None:
        """They ask for Stripe's page again until there is one, and pay; each of them has one session."""
        rows = await run("select member_id, id from booking where meal_id = {} order by id", made)
        mine = {row["member_id"]: row["id"] for row in rows if row["member_id"] in members}
        deadline = time.monotonic() + 40
        while len(waiting := [one for one in await held(made) if one.member in mine]) < len(members):
            assert time.monotonic() < deadline, "Stripe's page never came"
            await rush(scene, [Ask(member, f"/reservations/{mine[member]}/paiement") for member in members])
            await asyncio.sleep(0.5)
        for one in waiting:
            counter.stripe.pay(one.session)
        await rush(scene, [Ask(one.member, f"/reservations/{one.booking}/verification") for one in waiting])

    async def test_whoever_pays_on_site_does_not_wait_for_it(self, database_url: str, tmp_path: Path) -> None:
        """Quick, slow beyond our patience, away, mute: each time some book by card and some on site."""
        with selling(tmp_path, database_url) as counter:
            stripe = counter.stripe
            async for _ in opened(database_url):
                async with people(counter.server.url) as crowd:
                    scene = await staged(crowd, members=40)
                    made = await a_meal(scene, seats=60)
                    await self.on_site(scene, made, scene.members[36:])  # the first are always slower
                    took: dict[str, float] = {}
                    for number, how in enumerate(("quick", "slow", "down", "mute")):
                        cards = scene.members[9 * number : 9 * number + 3]
                        others = scene.members[9 * number + 3 : 9 * number + 9]
                        if how == "slow":
                            stripe.delay = 9.0
                        elif how == "down":
                            stripe.down = True
                        elif how == "mute":
                            stripe.do_but_never_answer(20)
                        asks = [by_card(made, member) for member in cards]
                        paying = asyncio.create_task(rush(scene, asks))
                        await asyncio.sleep(0.3)
                        took[how] = await self.on_site(scene, made, others)
                        assert how != "slow" or not paying.done(), "they waited while the others booked"
                        answered = [turn.answer for turn in await paying]
                        assert statuses(answered) == {303: 3}
                        stripe.delay, stripe.down, stripe.deaf = 0.0, False, 0
                        if how != "quick":
                            assert await seats_of(made, "held") == 3, "the hold stands"
                        await self.paid_for(counter, scene, made, cards)
                    print({how: f"{seconds:.2f} s" for how, seconds in took.items()})
                await until("select id from checkout where state in ('made', 'open')")
                assert len(stripe.sessions) == 12
                assert await wrongs(stripe, [made]) == []
        for how, seconds in took.items():
            assert seconds < max(1.0, 3 * took["quick"]), f"others waited for a Stripe that was {how}"
