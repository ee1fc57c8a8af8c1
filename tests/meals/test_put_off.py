"""A meal that is put off once it is closed is booked again; one that has fewer seats keeps nobody waiting in vain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from meals import jobs
from meals.commands.booking import add_seats
from meals.commands.giving_back import cancel_seats, hand_over
from meals.facts import turns_of
from meals.states import Job, MealRefusal, PartState
from tests.client import NOON
from tests.client import words as page_words
from tests.meals.make import AFTER_CLOSING, CLOSES, HOUR, START, make_booking
from tests.meals.plans import edited, moved, opened, turns_for, words
from tests.meals.reads import booking, counts, entry, mails, meal, parts, refused, roles, stands
from tests.meals.scene import Scene
from tests.people import Cast

WEEK = timedelta(days=7)


class TestPutOff:
    """Closed, then brought to another day: it may be booked again, for it is another day that one comes."""

    async def closed(self, cast: Cast, **changes: Any) -> int:
        made = await opened(cast, seats=4, turns=await turns_for(cast, Job.SHOP, Job.COOK), **changes)
        await jobs.close_due(CLOSES)
        assert (await meal(made))["doubtful_until"] == CLOSES + 2 * HOUR
        return made

    async def test_by_a_week_with_another_closing_it_is_booked_again(self, cast: Cast) -> None:
        made = await opened(cast, seats=4, turns=await turns_for(cast, Job.SHOP, Job.COOK))
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        handing = await make_booking(meal_id=made, member_id=cast.yann)
        waits = await make_booking(meal_id=made, member_id=cast.rosa, seats=2)
        await jobs.close_due(CLOSES)
        soon = CLOSES + HOUR / 2
        await refused(make_booking(meal_id=made, member_id=cast.karim, now=soon), MealRefusal.NOT_OPEN)
        await hand_over(actor=cast.yann, booking_id=handing, seats=1, now=soon)
        await moved(made, WEEK, actor=cast.odile, seats=7, now=soon)
        row = await meal(made)
        assert (row["state"], row["closes_at"], row["closed_at"]) == ("open", CLOSES + WEEK, None)
        assert (row["doubtful_until"], row["released_at"], row["called_at"]) == (None, None, None)
        assert (await entry(made))["joins_until"] == CLOSES + WEEK
        assert [part["handed_at"] for part in await parts(handing)] == [None]
        assert await stands(waits) == {PartState.OFFERED: 2}
        (mail,) = await mails(to=cast.samira, about="changed")
        assert "On réserve, et on rend sa place, jusqu’au jeudi 10 décembre à 18 h." in words(mail)
        assert "rends ta place en un geste" in words(mail)
        late = AFTER_CLOSING
        await make_booking(meal_id=made, member_id=cast.karim, now=late)
        await cancel_seats(actor=cast.samira, booking_id=mine, seats=1, leave=False, now=late)
        assert await stands(mine) == {PartState.CONFIRMED: 2, PartState.CANCELLED: 1}
        jobs_then = [(job, slot.starts_at) for job, slot in await turns_of(made, now=late)]
        assert jobs_then == [(Job.SHOP, CLOSES + WEEK + HOUR), (Job.COOK, START + WEEK - 3 * HOUR)]
        assert await jobs.cancel_doubtful(CLOSES + 2 * HOUR) == 0
        assert await jobs.close_due(CLOSES + WEEK) == 1
        assert (await meal(made))["doubtful_until"] == CLOSES + WEEK + 2 * HOUR, "it is asked again"

    async def test_with_the_closing_it_had_it_stays_closed(self, cast: Cast) -> None:
        made = await self.closed(cast)
        later: dict[str, Any] = {"starts_at": START + WEEK, "ends_at": START + WEEK + 2 * HOUR}
        await edited(made, actor=cast.odile, now=AFTER_CLOSING, **later)
        row = await meal(made)
        assert (row["state"], row["released_at"]) == ("closed", AFTER_CLOSING)

    @pytest.mark.parametrize(
        ("by", "closes_at", "reason"),
        [
            (0 * HOUR, START - HOUR, MealRefusal.NOT_OPEN),
            (3 * HOUR, START, MealRefusal.NOT_OPEN),
            (24 * HOUR, CLOSES - HOUR, MealRefusal.CLOSES_TOO_LATE),
            (24 * HOUR, START + 25 * HOUR, MealRefusal.CLOSES_TOO_LATE),
        ],
    )
    async def test_on_its_own_day_it_is_shopped_for_and_stays_closed(
        self, cast: Cast, by: timedelta, closes_at: datetime, reason: MealRefusal
    ) -> None:
        made = await self.closed(cast)
        times: dict[str, Any] = {"starts_at": START + by, "ends_at": START + 2 * HOUR + by, "closes_at": closes_at}
        await refused(edited(made, actor=cast.odile, now=AFTER_CLOSING, **times), reason)

    async def test_its_form_says_how(self, cast: Cast) -> None:
        made = await self.closed(cast)
        scene = Scene(cast)
        odile = await scene.as_(cast.odile)
        sentence = "Les réservations sont closes. Si tu reportes le repas à un autre jour, tu peux les rouvrir"
        other = await opened(cast, starts_at=START + WEEK, ends_at=START + WEEK + HOUR, closes_at=CLOSES + WEEK)
        scene.world.now = AFTER_CLOSING
        assert sentence in page_words(await odile.get(f"/repas/{made}/changer"))
        assert sentence not in page_words(await odile.get(f"/repas/{other}/changer"))

    async def test_one_that_has_begun_is_not_put_off(self, cast: Cast) -> None:
        made = await self.closed(cast)
        await refused(moved(made, WEEK, actor=cast.odile, now=START + HOUR), MealRefusal.NOT_OPEN)

    async def test_before_any_job_has_closed_it_the_same(self, cast: Cast) -> None:
        made = await opened(cast, seats=4)
        await moved(made, WEEK, actor=cast.odile, now=AFTER_CLOSING)
        row = await meal(made)
        assert (row["state"], row["closes_at"], row["released_at"]) == ("open", CLOSES + WEEK, None)
        await make_booking(meal_id=made, member_id=cast.karim, now=AFTER_CLOSING)


class TestFewerSeats:
    async def test_who_waits_for_more_together_than_there_are_now_is_told_and_waits_no_more(self, cast: Cast) -> None:
        made = await opened(cast, seats=5)
        await make_booking(meal_id=made, member_id=cast.samira, seats=3)
        party = await make_booking(meal_id=made, member_id=cast.karim, seats=5, together=True)
        small = await make_booking(meal_id=made, member_id=cast.yann, seats=4, together=True)
        apart = await make_booking(meal_id=made, member_id=cast.rosa, seats=6)
        assert await counts(made) == (5, 13)
        await edited(made, actor=cast.odile, seats=5, title="Mafé")
        assert await stands(party) == {PartState.WAITING: 5}, "the control: as many as there are"
        await refused(edited(made, actor=cast.odile, seats=4), MealRefusal.FEWER_THAN_TAKEN)
        await cancel_seats(actor=cast.rosa, booking_id=apart, seats=5, leave=False, now=NOON)
        await edited(made, actor=cast.odile, seats=4)
        assert await stands(party) == {PartState.LAPSED: 5}
        assert await stands(small) == {PartState.WAITING: 4}
        assert not (await booking(party))["active"]
        assert cast.karim not in await roles(made)
        assert await counts(made) == (4, 4)
        (mail,) = await mails(about="too-many")
        assert mail["member_id"] == cast.karim
        assert "Tu attendais 5 places ensemble." in words(mail)
        assert "tu n’es plus sur la liste d’attente" in words(mail)
        again = await make_booking(meal_id=made, member_id=cast.karim, seats=2, together=True)
        assert await stands(again) == {PartState.WAITING: 2}

    async def test_of_a_party_that_has_seats_only_what_waits_in_vain_ends(self, cast: Cast) -> None:
        made = await opened(cast, seats=6)
        mine = await make_booking(meal_id=made, member_id=cast.samira, seats=2, together=True)
        await make_booking(meal_id=made, member_id=cast.yann, seats=2)
        await add_seats(actor=cast.samira, booking_id=mine, seats=4, children=0, now=NOON)
        assert await stands(mine) == {PartState.CONFIRMED: 2, PartState.WAITING: 4}
        await edited(made, actor=cast.odile, seats=5)
        assert await stands(mine) == {PartState.CONFIRMED: 2, PartState.LAPSED: 4}
        assert (await booking(mine))["active"]
        assert (await roles(made))[cast.samira] == "participant"
