"""Every move of the tables in `states` happens by some command or job, and none happens that is not in them."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta

from app.database import run
from meals import jobs
from meals.commands.booking import add_seats
from meals.commands.giving_back import cancel_seats, hand_over, take_over
from meals.commands.opening import cancel_meal
from meals.states import MEAL_MOVES, PART_MOVES, MealState, PartState
from tests.client import NOON
from tests.meals.make import AFTER_CLOSING, CLOSES, START, answer, make_booking, make_crowd, make_meal
from tests.meals.paying import Bank, answer_by_card, ended_unpaid
from tests.meals.plans import moved
from tests.people import Cast

MINUTE = timedelta(minutes=1)
TO_COME = {PartState.ATTENDED}
"""The door: nothing here moves a seat there yet."""


class Watch:
    """Which moves there were, of all meals and parts, while deeds were done one after the other."""

    def __init__(self) -> None:
        self.meals: set[tuple[str, str]] = set()
        self.parts: set[tuple[str, str]] = set()

    async def see(self, deed: Awaitable[object]) -> None:
        before = [await self._states(table) for table in ("meal", "booking_part")]
        await deed
        for moves, table, was in zip((self.meals, self.parts), ("meal", "booking_part"), before, strict=True):
            now = await self._states(table)
            moves |= {(was[each], now[each]) for each in was if was[each] != now[each]}

    async def _states(self, table: str) -> dict[int, str]:
        return {row["id"]: row["state"] for row in await run(f"select id, state from {table}")}


async def by_card(cast: Cast, bank: Bank, watch: Watch) -> None:
    """Paid, given up, not paid in time, and a moment too late; and a seat that is kept is paid for."""
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=3, cooks_least=0)
    paid, given_up, late = [await bank.books(made, each) for each in (cast.samira, cast.karim, cast.aicha)]
    waits = await make_booking(meal_id=made, member_id=cast.odile)
    await bank.pays(paid)
    await watch.see(bank.settles(paid))
    await watch.see(cancel_seats(actor=cast.karim, booking_id=given_up, seats=None, leave=False, now=bank.now))
    await watch.see(answer_by_card(cast.odile, waits, bank))
    await watch.see(ended_unpaid(late, (await bank.checkout(late))["id"], bank))
    await bank.pays(late)
    await watch.see(bank.settles(late))


async def test_every_move_of_the_tables_happens_and_no_other(cast: Cast, bank: Bank) -> None:
    watch = Watch()
    first, second, third, fourth = await make_crowd(cast, 4)

    async def full(seats: int = 1) -> tuple[int, int]:
        made = await make_meal(place_id=cast.place, opener=cast.yann, seats=seats, cooks_least=0)
        return made, await make_booking(meal_id=made, member_id=cast.samira, seats=seats)

    def give_back(actor: int, booking_id: int) -> Awaitable[None]:
        return cancel_seats(actor=actor, booking_id=booking_id, seats=None, leave=False, now=NOON)

    made, mine = await full()
    waits = [await make_booking(meal_id=made, member_id=each) for each in (first, second, third, fourth)]
    await watch.see(give_back(fourth, waits[3]))
    await watch.see(give_back(cast.samira, mine))
    await watch.see(answer(actor=first, booking_id=waits[0], yes=False, now=NOON))
    await watch.see(jobs.lapse_offers(NOON + timedelta(days=1)))
    await watch.see(answer(actor=third, booking_id=waits[2], yes=True, now=NOON + timedelta(days=1)))
    await watch.see(cancel_meal(actor=cast.yann, meal_id=made, reason="Plus de gaz.", now=NOON + timedelta(days=1)))

    made, mine = await full(2)
    for member in (first, second):
        await make_booking(meal_id=made, member_id=member)
    off, _ = await full()
    await make_booking(meal_id=off, member_id=first)
    await watch.see(jobs.close_due(CLOSES))
    await hand_over(actor=cast.samira, booking_id=mine, seats=2, now=AFTER_CLOSING)
    await watch.see(take_over(actor=first, meal_id=made, now=AFTER_CLOSING))
    await watch.see(cancel_meal(actor=cast.yann, meal_id=off, reason="Plus d’eau.", now=AFTER_CLOSING))
    await watch.see(jobs.end_lists(START))
    await watch.see(jobs.serve_past(START + timedelta(days=1)))

    made, _ = await full(2)
    group = await make_booking(meal_id=made, member_id=first, together=True)
    await watch.see(add_seats(actor=first, booking_id=group, seats=1, children=0, now=NOON))

    later, _ = await full(2)
    await jobs.close_due(CLOSES)
    await watch.see(moved(later, timedelta(days=7), actor=cast.yann, now=AFTER_CLOSING))

    await by_card(cast, bank, watch)

    assert watch.meals == {(one, other) for one in MealState for other in MEAL_MOVES[one]}
    assert watch.parts == {(one, other) for one in PartState for other in PART_MOVES[one] if not TO_COME & {one, other}}
