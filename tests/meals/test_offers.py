"""Seats that come free go to those who wait, in the order of the list: what is offered, until when, and the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.calendar.api import next_opening
from app.database import transaction
from app.errors import NotFound
from meals.commands.giving_back import cancel_seats
from meals.commands.parts import lapse_offers_of, offer_freed, shorten_offers
from meals.commands.steps import locked
from meals.facts import offer_key
from meals.offers import OFFERS
from meals.states import MealRefusal, MealState
from tests.client import NOON
from tests.factories import make_closure
from tests.meals.make import CLOSES, START, answer, change_meal, make_booking, make_crowd, make_meal
from tests.meals.reads import all_parts, booking, counts, mailed, mails, parts, refused, roles, stands, statements
from tests.people import Cast

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def full(cast: Cast, seats: int = 3) -> tuple[int, int]:
    """A meal whose seats are all Samira's."""
    made = await make_meal(place_id=cast.place, opener=cast.yann, seats=seats)
    return made, await make_booking(meal_id=made, member_id=cast.samira, seats=seats)


async def free(cast: Cast, booking_id: int, seats: int = 1, *, now: datetime = NOON) -> None:
    """Samira gives seats back."""
    await cancel_seats(actor=cast.samira, booking_id=booking_id, seats=seats, leave=False, now=now)


async def raise_to(meal_id: int, seats: int, *, now: datetime = NOON) -> int:
    """As whoever changes the meal does."""
    await change_meal(meal_id, seats=seats)
    async with transaction():
        return await offer_freed(await locked(meal_id), now=now)


async def lapse(meal_id: int, *, now: datetime) -> int:
    async with transaction():
        return await lapse_offers_of(await locked(meal_id), now=now)


async def key_of(booking_id: int) -> str:
    """Of the offer that its part has, or had."""
    (offered,) = [part for part in await parts(booking_id) if part["offered_at"]]
    return offer_key(offered["id"], offered["offered_at"])


class TestWhoIsNext:
    async def test_the_first_on_the_list_and_the_rest_waits_on(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        assert await stands(karims) == {"offered": 1, "waiting": 1}
        assert await stands(odiles) == {"waiting": 1}
        assert await counts(made) == (3, 2)
        assert (await roles(made))[cast.karim] == "offered"
        queue = {part["queue"] for part in await parts(karims)}
        assert len(queue) == 1, "what is split keeps its place on the list"
        (told,) = await mails(about="offer")
        assert (told["member_id"], told["kind"]) == (cast.karim, "offer")
        assert told["offer_key"] == await key_of(karims)
        await free(cast, mine, 2)
        assert await stands(karims) == {"offered": 2}
        assert await stands(odiles) == {"offered": 1}
        assert len(await mails(about="offer")) == 3

    async def test_those_who_sit_together_are_passed_over_and_keep_their_place(self, cast: Cast) -> None:
        made, mine = await full(cast)
        group = await make_booking(meal_id=made, member_id=cast.karim, seats=3, together=True)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        assert (await stands(group), await stands(odiles)) == ({"waiting": 3}, {"offered": 1})
        await free(cast, mine, 2)
        assert await stands(group) == {"waiting": 3}
        await answer(actor=cast.odile, booking_id=odiles, yes=False, now=NOON)
        assert await stands(group) == {"offered": 3}

    async def test_seats_that_are_added_are_offered_all_at_once(self, cast: Cast) -> None:
        made, _ = await full(cast)
        people = await make_crowd(cast, 12)
        ids = [await make_booking(meal_id=made, member_id=each, seats=1 + each % 2) for each in people]
        assert await raise_to(made, 9) == 6
        assert await counts(made) == (9, sum(1 + each % 2 for each in people) - 6)
        states = [await stands(each) for each in ids]
        first_waiting = next(place for place, each in enumerate(states) if "waiting" in each)
        assert all("waiting" in each for each in states[first_waiting:])
        assert len(await mails(about="offer")) == len(await mailed(about="offer"))

    async def test_a_long_list_of_groups_does_not_hide_who_comes_after_them(self, cast: Cast) -> None:
        made, mine = await full(cast)
        for member in await make_crowd(cast, 5):
            await make_booking(meal_id=made, member_id=member, seats=2, together=True)
        last = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine, 3)
        assert await stands(last) == {"offered": 1}
        assert [part["seats"] for part in await all_parts(made) if part["state"] == "offered"] == [2, 1]

    async def test_a_seat_that_comes_free_costs_the_same_however_long_the_list_is(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []
        for waiting in (1, 60):
            made, mine = await full(cast)
            for member in await make_crowd(cast, waiting):
                await make_booking(meal_id=made, member_id=member)
            asked.append(len(await statements(monkeypatch, free(cast, mine))))
        assert asked[0] == asked[1]

    async def test_after_closing_nobody_is_offered_anything(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await free(cast, mine, now=CLOSES - MINUTE)
        assert await lapse(made, now=CLOSES) == 1
        assert await stands(karims) == {"lapsed": 1}
        await make_crowd(cast, 1)
        assert await raise_to(made, 5, now=CLOSES) == 0
        assert await counts(made) == (2, 0)

    async def test_a_meal_that_is_off_offers_nothing(self, cast: Cast) -> None:
        made, _ = await full(cast)
        await make_booking(meal_id=made, member_id=cast.karim)
        await change_meal(made, state=MealState.CANCELLED.value)
        assert await raise_to(made, 9) == 0


class TestUntilWhen:
    async def test_a_day_at_most_and_a_quarter_of_what_is_left(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        assert (await parts(karims))[0]["offer_until"] == NOON + DAY
        await free(cast, mine, now=CLOSES - 4 * HOUR)
        assert (await parts(odiles))[0]["offer_until"] == CLOSES - 3 * HOUR

    async def test_without_e_mail_until_an_opening_has_passed(self, cast: Cast) -> None:
        made, mine = await full(cast)
        people = await make_crowd(cast, 2, email=None)
        ids = [await make_booking(meal_id=made, member_id=each) for each in people]
        friday = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
        await free(cast, mine, now=friday)
        monday_at_18 = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
        assert (await parts(ids[0]))[0]["offer_until"] == monday_at_18
        await free(cast, mine, now=CLOSES - HOUR)
        assert (await parts(ids[1]))[0]["offer_until"] == CLOSES, "never past closing"

    async def test_days_on_which_the_place_stays_shut_are_no_opening(self, cast: Cast) -> None:
        await make_closure(place_id=cast.place, first_on=NOON.date(), last_on=NOON.date() + DAY)
        opening = await next_opening(cast.place, after=NOON)
        assert opening is not None
        assert opening[0] == datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
        await make_closure(place_id=cast.place, first_on=NOON.date(), last_on=NOON.date() + 60 * DAY)
        assert await next_opening(cast.place, after=NOON) is None

    async def test_when_bookings_close_sooner_so_does_the_offer(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await free(cast, mine)
        await change_meal(made, closes_at=NOON + 5 * HOUR)
        for hurried in ([cast.karim], []):
            async with transaction():
                assert await shorten_offers(await locked(made), now=NOON) == hurried
        assert (await parts(karims))[0]["offer_until"] == NOON + 5 * HOUR

    async def test_unanswered_it_goes_to_the_next(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        assert await lapse(made, now=NOON + DAY - MINUTE) == 0
        for lapsed in (1, 0):
            assert await lapse(made, now=NOON + DAY) == lapsed
        assert (await stands(karims), await stands(odiles)) == ({"lapsed": 1}, {"offered": 1})
        assert not (await booking(karims))["active"]
        assert cast.karim not in await roles(made)
        assert await mailed(about="lapsed") == {cast.karim}
        assert (await parts(odiles))[0]["offer_until"] == NOON + 2 * DAY


class TestAnswers:
    async def offered(self, cast: Cast) -> tuple[int, int]:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        return made, karims

    async def test_yes(self, cast: Cast) -> None:
        made, karims = await self.offered(cast)
        for _ in range(2):
            await answer(actor=cast.karim, booking_id=karims, yes=True, now=NOON + MINUTE)
        assert await stands(karims) == {"confirmed": 1}
        assert await counts(made) == (3, 1)
        assert (await roles(made))[cast.karim] == "participant"
        assert [mail["method"] for mail in await mails(to=cast.karim, kind="confirmation")] == ["REQUEST"]
        (offer,) = await mails(to=cast.karim, kind="offer")
        assert offer["read_at"] == NOON + MINUTE

    async def test_no_and_it_is_the_next_ones(self, cast: Cast) -> None:
        made, karims = await self.offered(cast)
        for _ in range(2):
            await answer(actor=cast.karim, booking_id=karims, yes=False, now=NOON + MINUTE)
        assert await stands(karims) == {"cancelled": 1}
        assert await mailed(about="offer") == {cast.karim, cast.odile}
        assert await counts(made) == (3, 0)

    async def test_too_late(self, cast: Cast) -> None:
        made, karims = await self.offered(cast)
        key = await key_of(karims)
        late = NOON + DAY
        await refused(answer(actor=cast.karim, booking_id=karims, yes=True, now=late), MealRefusal.OFFER_OVER)
        await lapse(made, now=late)
        for offers, reason in (([key], MealRefusal.OFFER_OVER), ([], MealRefusal.NO_OFFER)):
            attempt = answer(actor=cast.karim, booking_id=karims, yes=True, offers=offers, now=late)
            await refused(attempt, reason)
        await answer(actor=cast.karim, booking_id=karims, yes=False, now=late)
        assert await stands(karims) == {"lapsed": 1}

    async def test_nothing_was_offered(self, cast: Cast) -> None:
        made, karims = await self.offered(cast)
        attempt = answer(actor=cast.karim, booking_id=karims, yes=True, offers=["9-9"], now=NOON)
        await refused(attempt, MealRefusal.NO_OFFER)
        with pytest.raises(NotFound):
            await answer(actor=cast.odile, booking_id=karims, yes=True, now=NOON)
        await change_meal(made, state=MealState.CANCELLED.value)
        off = answer(actor=cast.karim, booking_id=karims, yes=True, now=NOON)
        await refused(off, MealRefusal.CANCELLED)

    async def test_each_offer_is_answered_by_its_own_key(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        await free(cast, mine, now=NOON)
        await free(cast, mine, now=NOON + MINUTE)
        first, second = sorted(
            (part for part in await parts(karims) if part["state"] == "offered"), key=lambda part: part["offered_at"]
        )
        keys = [offer_key(part["id"], part["offered_at"]) for part in (first, second)]
        for _ in range(2):
            await answer(actor=cast.karim, booking_id=karims, yes=True, offers=[keys[1]], now=NOON + MINUTE)
        assert await stands(karims) == {"confirmed": 1, "offered": 1}
        await answer(actor=cast.karim, booking_id=karims, yes=False, offers=[keys[0]], now=NOON + MINUTE)
        assert await stands(karims) == {"confirmed": 1, "cancelled": 1}
        assert (await booking(karims))["active"]

    async def test_a_page_that_was_read_before_answers_no_offer_that_came_after(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim, seats=2)
        await free(cast, mine)
        key = await key_of(karims)
        await answer(actor=cast.karim, booking_id=karims, yes=True, now=NOON + MINUTE)
        await free(cast, mine, now=NOON + MINUTE)
        assert await stands(karims) == {"confirmed": 1, "offered": 1}
        for yes in (True, False):
            attempt = answer(actor=cast.karim, booking_id=karims, yes=yes, offers=[key], now=NOON + 2 * MINUTE)
            await (attempt if yes else refused(attempt, MealRefusal.NO_OFFER))
        assert await stands(karims) == {"confirmed": 1, "offered": 1}

    async def test_no_is_no_to_what_else_they_wait_for(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim, seats=3)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        for _ in range(2):
            await answer(actor=cast.karim, booking_id=karims, yes=False, now=NOON + MINUTE)
        assert await stands(karims) == {"cancelled": 3}
        assert await stands(odiles) == {"offered": 1}
        assert len(await mails(to=cast.karim, about="offer")) == 1

    async def test_whoever_does_not_answer_is_asked_once(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim, seats=3)
        odiles = await make_booking(meal_id=made, member_id=cast.odile)
        await free(cast, mine)
        assert await lapse(made, now=NOON + DAY) == 1
        assert await stands(karims) == {"lapsed": 3}
        assert await stands(odiles) == {"offered": 1}
        assert len(await mails(to=cast.karim, about="offer")) == 1
        assert await counts(made) == (3, 0)


class TestFromTheMail:
    async def test_it_says_what_is_kept_and_what_became_of_it(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await free(cast, mine)
        key = await key_of(karims)
        seen = await OFFERS.look(key, cast.karim, NOON)
        assert seen is not None
        assert (seen.title, seen.state, seen.until) == ("Soupe de lentilles", "open", NOON + DAY)
        assert (seen.where, seen.href) == ("Les Tanneurs", f"/repas/{made}")
        late = await OFFERS.look(key, cast.karim, NOON + DAY)
        assert late is not None
        assert late.state == "over"
        await OFFERS.answer(key, cast.karim, True, NOON)
        taken = await OFFERS.look(key, cast.karim, NOON)
        assert taken is not None
        assert taken.state == "taken"
        past = await OFFERS.look(key, cast.karim, START + DAY)
        assert past is not None
        assert past.state == "over"

    async def test_no_is_no(self, cast: Cast) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await free(cast, mine)
        key = await key_of(karims)
        await OFFERS.answer(key, cast.karim, False, NOON)
        seen = await OFFERS.look(key, cast.karim, NOON)
        assert seen is not None
        assert seen.state == "declined"
        assert await counts(made) == (2, 0)

    @pytest.mark.parametrize("key", ["", "1", "x-1", "0-1", f"{2**31}-1", "1-1"])
    async def test_there_is_nothing_under_another_key_or_for_another_person(self, cast: Cast, key: str) -> None:
        made, mine = await full(cast)
        karims = await make_booking(meal_id=made, member_id=cast.karim)
        await free(cast, mine)
        assert await OFFERS.look(key, cast.karim, NOON) is None
        assert await OFFERS.look(await key_of(karims), cast.odile, NOON) is None
        with pytest.raises(NotFound):
            await OFFERS.answer(key, cast.karim, True, NOON)
