"""What holds for every job of meals: one meal whose rows are bad stops none, and none reads what it has no use for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from app.database import Store, run
from app.one_by_one import SomeFailed
from meals import jobs
from meals.commands.till import enter_count
from meals.domain import DOMAIN
from meals.queries import lists
from meals.states import Allergen, Diet
from rotas.commands import claim, free
from tests.client import NOON
from tests.meals.make import CLOSES, DAY, HOUR, START, change_meal, make_booking, make_dish, make_meal, make_turn
from tests.meals.plans import edited
from tests.meals.scene import Scene
from tests.people import Cast, make_cast

MINUTE = timedelta(minutes=1)
DOUBT = CLOSES + 2 * HOUR
END = START + 2 * HOUR


async def a_meal(cast: Cast, **changes: Any) -> int:
    return await make_meal(place_id=cast.place, opener=cast.odile, **changes)


class TestOneThatFallsOver:
    """Whatever a job asks about a meal, one whose rows are bad leaves the others alone."""

    DUE: ClassVar[dict[str, datetime]] = {
        "close_due": CLOSES,
        "cancel_doubtful": DOUBT,
        "serve_past": END,
        "call_gaps": CLOSES - 48 * HOUR,
        "team_seats": NOON,
        "lapse_offers": NOON + DAY,
        "end_lists": START,
        "close_accounts": END + DAY,
        "forget_guests_and_diets": END + DAY,
        "forget_what_was_paid": END + 40 * DAY,
        "forget_who_counted": END + 40 * DAY,
    }

    async def lively(self, cast: Cast, helper: int, starts_at: datetime) -> int:
        """Cooks are missing, somebody gave their turn up, one is offered a seat, one waits, one eats no gluten."""
        bread = await make_dish(place_id=cast.place, name=f"Pain {starts_at}", allergens=[Allergen.GLUTEN])
        made = await a_meal(cast, dishes=[bread], seats=2, cooks_least=3)
        slot_id = await make_turn(meal_id=made, people=3)
        await claim(actor=helper, slot_id=slot_id, sure=True, now=NOON)
        await make_booking(meal_id=made, member_id=helper, team=True)
        await free(actor=helper, slot_id=slot_id, member_id=helper, now=NOON)
        await make_booking(meal_id=made, member_id=cast.samira, diets={Diet.NO_GLUTEN: 1})
        for waits in (cast.karim, cast.aicha):
            await make_booking(meal_id=made, member_id=waits)
        await edited(made, actor=cast.odile, seats=3)
        return made

    def test_all_jobs_of_meals_are_here(self) -> None:
        """Holds have a test of their own (`test_card_ending`): Stripe is asked first. Figures go by places."""
        assert {job.name.removeprefix("meals.") for job in DOMAIN.jobs} == {*self.DUE, "lapse_held", "publish_accounts"}

    @pytest.mark.parametrize("name", list(DUE))
    async def test_it_leaves_the_others_alone(self, cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        meals = [await self.lively(cast, helper, START + n * MINUTE) for n, helper in enumerate((cast.yann, cast.rosa))]
        bad, good = meals
        now = self.DUE[name]
        if name in ("cancel_doubtful", "serve_past"):
            for each in meals:
                until = DOUBT if name == "cancel_doubtful" else None
                await change_meal(each, state="closed", closed_at=CLOSES, doubtful_until=until)
        if name in ("close_accounts", "forget_who_counted"):
            for each in meals:
                await change_meal(each, state="served")
                await enter_count(each, actor=cast.odile, cents=500, now=END)
        touched: list[int] = []

        def falls_for(deed: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def asked(meal_id: int, **more: Any) -> Any:
                touched.append(meal_id)
                if meal_id == bad:
                    raise RuntimeError("of this one")
                return await deed(meal_id, **more)

            return asked

        for asks in ("locked", "turns_of", "_off_the_team"):
            monkeypatch.setattr(jobs, asks, falls_for(getattr(jobs, asks)))
        with pytest.raises(SomeFailed) as caught:
            await getattr(jobs, name)(now)
        assert caught.value.failed == 1
        assert caught.value.done >= 1
        assert set(touched) == {bad, good}


class TestIndexes:
    async def test_no_job_of_every_minute_reads_all_bookings_or_all_meals(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, tuple[Any, ...]]] = []

        async def overheard(sql: str, *args: Any) -> Any:
            asked.append((sql, args))
            return await run(sql, *args)

        monkeypatch.setattr(jobs, "run", overheard)
        for job in (jobs.call_gaps, jobs.team_seats, jobs.lapse_held):
            await job(NOON)
        for sql, args in asked:
            plan = [row["detail"] for row in await run(f"explain query plan {sql}", *args)]
            assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan
            assert any(index in str(plan) for index in ("booking_of_team", "meal_to_", "booking_part_held")), plan

    async def test_the_list_of_meals_that_were_reads_only_what_it_shows(
        self, sqlite_only_db: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[tuple[str, tuple[Any, ...]]] = []

        async def overheard(sql: str, *args: Any) -> Any:
            asked.append((sql, args))
            return await run(sql, *args)

        scene = Scene(await make_cast())
        karim = await scene.as_(scene.cast.karim)
        monkeypatch.setattr(lists, "run", overheard)
        assert (await karim.get("/repas?passes=1")).status_code == 200
        (sql, args), *_ = asked
        plan = [row["detail"] for row in await run(f"explain query plan {sql}", *args)]
        assert "meal_been" in str(plan), plan
        assert "ORDER BY" not in str(plan), plan
