"""Whom a lot falls on, and that it favours nobody: every outcome of the lot is gone through, not a sample of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from fractions import Fraction
from itertools import permutations
from math import perm
from secrets import SystemRandom

import pytest

from app.database import run, transaction
from app.identity import lots
from app.identity.lots import draw_members
from app.identity.tables import Membership
from tests.factories import make_member, make_place
from tests.people import Cast

AT_RANDOM: lots.Draw = SystemRandom().sample
Drawing = Callable[[lots.Draw], Awaitable[list[int]]]


def in_order(numbers: Sequence[int], most: int) -> list[int]:
    return list(numbers)[:most]


class _DrawnAgain(Exception):
    """A second lot is drawn, which may fall in each of these orders."""

    def __init__(self, numbers: Sequence[int], most: int) -> None:
        self.orders = list(permutations(numbers, most))


class _Lot:
    """The first time it falls as it is told."""

    def __init__(self, falls: tuple[int, ...]) -> None:
        self.falls = falls
        self.out_of: list[Sequence[int]] = []

    def __call__(self, numbers: Sequence[int], most: int) -> list[int]:
        if self.out_of:
            raise _DrawnAgain(numbers, most)
        self.out_of.append(numbers)
        return list(self.falls)


async def chances(drawing: Drawing, numbers: Sequence[int], most: int) -> dict[int, Fraction]:
    """How likely each is to be drawn, by trying every order in which the first lot, of `most` of these numbers, may
    fall, and after it every order of the second, if one is drawn."""
    likely: dict[int, Fraction] = defaultdict(Fraction)
    for falls in permutations(numbers, most):
        lot = _Lot(falls)
        try:
            outcomes = [tuple(await drawing(lot))]
        except _DrawnAgain as again:
            outcomes = again.orders
        assert lot.out_of == [numbers]
        for outcome in outcomes:
            for member in outcome:
                likely[member] += Fraction(1, perm(len(numbers), most) * len(outcomes))
    return likely


@pytest.fixture
async def elsewhere(cast: Cast) -> list[int]:
    """Another place, whose members have some of the numbers."""
    place = await make_place(slug="ailleurs", name="Ailleurs")
    return [await make_member(name=f"Membre {each}", place_id=place) for each in range(4)]


async def numbers_of() -> range:
    rows = await run("select id from membership order by id")
    return range(rows[0]["id"], rows[-1]["id"] + 1)


class TestWhom:
    async def test_met_members_who_do_not_mediate(self, cast: Cast, elsewhere: list[int]) -> None:
        drawn = await draw_members(cast.place, 99, without={cast.samira}, draw=in_order)
        assert drawn == [cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa]
        assert await draw_members(cast.place, 3, without={cast.samira}, draw=in_order) == drawn[:3]

    async def test_nobody_who_was_erased(self, cast: Cast) -> None:
        async with transaction():
            await run("update member set erased_at = created_at where id = {}", cast.karim)
        for most in (3, 99):
            assert cast.karim not in await draw_members(cast.place, most, without=(), draw=in_order)

    async def test_where_there_is_nobody(self, cast: Cast) -> None:
        assert await draw_members(999, 3, without=(), draw=in_order) == []
        async with transaction():
            await Membership.delete(force=True)
        assert await draw_members(cast.place, 3, without=(), draw=in_order) == []

    async def test_all_of_a_large_place_are_not_read(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        async def read(*_: object) -> list[int]:
            raise AssertionError("all were read")

        monkeypatch.setattr(lots, "_all_of", read)
        assert len(await draw_members(cast.place, 3, without={cast.samira}, draw=AT_RANDOM)) == 3
        monkeypatch.setattr(lots, "AT_ONCE", 2)
        with pytest.raises(AssertionError, match="all were read"):
            await draw_members(cast.place, 3, without={cast.samira}, draw=AT_RANDOM)


class TestFairness:
    @pytest.mark.parametrize("at_once", [1, 2, 3])
    async def test_each_is_as_likely_as_the_others(
        self, cast: Cast, elsewhere: list[int], monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        """With one number drawn at once all of the place are always read, with more of them more rarely."""
        await self.make_gaps(cast)
        monkeypatch.setattr(lots, "AT_ONCE", at_once)

        async def drawing(draw: lots.Draw) -> list[int]:
            return await draw_members(cast.place, 2, without={cast.samira}, draw=draw)

        likely = await chances(drawing, await numbers_of(), at_once)
        assert likely == dict.fromkeys((cast.karim, cast.aicha, cast.odile, cast.rosa), Fraction(2, 4))

    async def test_the_next_at_or_after_a_number_is_not(self, cast: Cast, elsewhere: list[int]) -> None:
        """The positive control: what others do, which favours whoever comes after a gap."""
        await self.make_gaps(cast)

        async def drawing(draw: lots.Draw) -> list[int]:
            (number,) = draw(await numbers_of(), 1)
            rows = await run(
                "select member_id from membership where place_id = {} and id >= {} order by id limit 1",
                cast.place,
                number,
            )
            return [row["member_id"] for row in rows]

        likely = await chances(drawing, await numbers_of(), 1)
        assert likely[cast.odile] > likely[cast.karim]

    async def make_gaps(self, cast: Cast) -> None:
        async with transaction():
            await run("delete from membership where member_id = {}", cast.yann)
