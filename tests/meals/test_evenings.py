"""A thousand random evenings: whatever people do with the money of meals, in whatever order, the accounts agree after
each of them, with themselves and with Stripe. That each kind of difference is noticed, `test_checks` shows."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.accounts.commands import box, purchases, repaying
from app.accounts.states import LedgerKind
from app.database import Store, close_database, connect, open_database
from app.payments import gateway, noting, settling
from meals.commands import till
from rehearsal import Rehearsal
from tests.meals.season import DEEDS, EVENINGS, Evening, Season, beside
from tests.rehearsing import SECRET_KEY, WEBHOOK_SECRET

A_SEASON = 20
"""Evenings of one database: what is left of one weighs on the next."""


async def a_season(evenings: list[Evening], stripe: Rehearsal) -> Counter[str]:
    """Play these, and look after each; Stripe is compared every fifth time, and at the end. How often each deed was
    done."""
    asked = beside(stripe)
    gateway.use(asked)
    try:
        season = Season(stripe)
        await season.begin()
        for number, evening in enumerate(evenings, 1):
            await season.play(evening)
            found = await season.differences()
            if number % 5 == 0 or number == len(evenings):
                found += await season.differences_at_stripe()
            assert not found, "\n".join([f"evening {number}", *map(str, found), *season.story[-60:]])
        assert stripe.faults == []
        return season.done
    finally:
        gateway.use(None)
        await asked.aclose()


def rehearsed() -> Rehearsal:
    return Rehearsal(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET)


@pytest.fixture
def played(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> Callable[[int], Counter[str]]:
    """Plays so many seasons, each in a database of its own."""
    caplog.set_level(logging.CRITICAL, "reseau")  # Stripe is away, refunds fail: it is said each time
    folder = tmp_path_factory.mktemp("evenings")

    async def in_a_database(evenings: list[Evening], path: Path) -> Counter[str]:
        connect(f"sqlite:///{path}")
        await open_database()
        try:
            with rehearsed() as stripe:
                return await a_season(evenings, stripe)
        finally:
            await close_database()

    def play(seasons: int) -> Counter[str]:
        done: Counter[str] = Counter()

        @settings(
            max_examples=seasons,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking a season would take minutes
        )
        @given(st.lists(EVENINGS, min_size=A_SEASON, max_size=A_SEASON))
        def one(evenings: list[Evening]) -> None:
            path = folder / "season.sqlite"
            for old in folder.iterdir():
                old.unlink()
            shutil.copyfile(sqlite_template, path)
            done.update(asyncio.run(in_a_database(evenings, path)))
            done["evenings"] += len(evenings)

        one()
        return done

    return play


@pytest.fixture
async def a_place(db: Store, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Season]:
    """Where a few evenings are told, not drawn; on both engines."""
    caplog.set_level(logging.CRITICAL, "reseau")
    with rehearsed() as stripe:
        asked = beside(stripe)
        gateway.use(asked)
        season = Season(stripe)
        await season.begin()
        yield season
        gateway.use(None)
        await asked.aclose()


LIVELY = Evening(
    booking=[
        *(("books", 2, 2), ("books", 0, 1), ("books", 1, 0), ("books", 3, 0), ("books", 0, 6), ("hears", 0, 0)),
        *(("gives_back", 0, 0), ("answers", 0, 1), ("leaves_to_the_pot", 1, 0), ("answers", 0, 0), ("pays", 0, 0)),
    ],
    closed=[("hands_over", 0, 0), ("takes_over", 0, 0)],
    door=[("ticks", 0, 0), ("ticks", 1, 7), ("unticks", 0, 0), ("walks_in", 0, 0)],
    till=[("counts", 0, 1), ("counts", 1, 2), ("counts", 1, 1), ("counts", 0, 1), ("counts", 2, 0)],
    accounts=[
        *(("advances", 0, 0), ("gives_money_back", 1, 0), ("undoes", 0, 0), ("buys", 1, 1), ("strikes", 0, 0)),
        *(("corrects", 0, 5), ("deposits", 1, 1), ("pays_out", 0, 0), ("payout_fails", 0, 0)),
    ],
    called_off="",
    cooks=True,
    nights=1,
)
"""Some of all there is."""
QUARRELLED = [("disputes", 0, 0), ("wins_or_loses", 0, 0), ("refunds_by_hand", 1, 0), ("refund_fails", 1, 0)]


async def test_a_few_evenings_on_both(a_place: Season) -> None:
    for evening in (
        LIVELY,
        replace(LIVELY, nights=40),
        replace(LIVELY, called_off="after", accounts=QUARRELLED),
        LIVELY,
    ):
        await a_place.play(evening)
        assert await a_place.differences() == []
        assert await a_place.differences_at_stripe() == []
    assert a_place.done["pays_out"] >= 2
    assert len(a_place.done) > 15


@pytest.mark.parametrize("where", [till, purchases, repaying, box, settling, noting], ids=lambda it: it.__name__)
async def test_it_is_noticed_when_a_line_is_not_written(
    a_place: Season, where: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what moves money, once without its line of the ledger."""
    real = where.add_line
    kept_out: list[tuple[LedgerKind, str]] = []

    async def some(kind: LedgerKind, ref: str, cents: int, **more: Any) -> bool:
        if not kept_out or kept_out[0] == (kind, ref):  # Stripe tells of most things more than once
            kept_out.append((kind, ref))
            return True
        return bool(await real(kind, ref, cents, **more))

    monkeypatch.setattr(where, "add_line", some)
    found = []
    for evening in (LIVELY, replace(LIVELY, accounts=QUARRELLED)):
        await a_place.play(evening)
        found += [*await a_place.differences(), *await a_place.differences_at_stripe()]
    assert kept_out
    assert found


def test_forty_evenings(played: Callable[[int], Counter[str]]) -> None:
    assert played(2)["evenings"] >= 40


@pytest.mark.slow
def test_a_thousand_evenings(played: Callable[[int], Counter[str]]) -> None:
    done = played(50)
    assert done["evenings"] >= 1000
    assert [deed for deed in DEEDS if not done[deed]] == [], "each of them was done, and not only refused"
