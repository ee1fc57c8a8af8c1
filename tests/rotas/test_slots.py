"""Slots that whoever keeps the place opens once, moves or takes off; and the box of the till."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from rotas.commands.claiming import claim, watch
from rotas.commands.giving_up import ask_stand_in, free
from rotas.commands.slots import cancel_slot, change_slot, open_slot
from rotas.commands.till import count_till, forget_counts
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import allowed, consistent, entry, holders, holdings, parts, refused, slot, swap, untold
from tests.workshops.reads import mails
from tests.workshops.test_races import at_once

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def opened(cast: Cast, **changes: Any) -> int:
    wanted: dict[str, Any] = {
        "actor": cast.rosa,
        "starts_at": SOON,
        "ends_at": SOON + 2 * HOUR,
        "people": 2,
        "room_id": None,
        "once": "form",
        "now": NOON,
    }
    if "duty_id" not in changes:
        changes["duty_id"] = await make_duty(place_id=cast.place)
    return await open_slot(**(wanted | changes))


async def moved(cast: Cast, slot_id: int, **changes: Any) -> None:
    """A day later."""
    wanted: dict[str, Any] = {
        "actor": cast.rosa,
        "slot_id": slot_id,
        "starts_at": SOON + DAY,
        "ends_at": SOON + DAY + 2 * HOUR,
        "people": 2,
        "room_id": None,
        "version": 1,
        "now": NOON,
    }
    await change_slot(**(wanted | changes))


class TestOpening:
    async def test_the_same_form_twice_is_one_slot(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        ids = {await opened(cast, duty_id=duty) for _ in range(2)}
        assert len(ids) == 1
        assert (await entry(ids.pop()))["title"] == "Accueil"
        assert await opened(cast, duty_id=duty, once="another") not in ids

    async def test_the_same_form_with_something_else_in_it_is_not_swallowed(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        made = await opened(cast, duty_id=duty)
        week = timedelta(days=7)
        for other in ({"starts_at": SOON + week, "ends_at": SOON + week + 2 * HOUR}, {"people": 3}):
            await refused(opened(cast, duty_id=duty, **other), RotaRefusal.ALREADY_SENT)
        await refused(
            opened(cast, duty_id=await make_duty(place_id=cast.place, name="Vaisselle")), RotaRefusal.ALREADY_SENT
        )
        assert await opened(cast, duty_id=duty) == made
        assert len(await run("select id from rota_slot")) == 1

    async def test_who_may_and_what_may_be(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        await refused(opened(cast, duty_id=duty, actor=cast.samira), RotaRefusal.MAY_NOT)
        await refused(opened(cast, duty_id=duty, starts_at=NOON - HOUR, ends_at=NOON + HOUR), RotaRefusal.OVER)
        with pytest.raises(NotFound):
            await opened(cast, duty_id=duty, room_id=999)
        with pytest.raises(NotFound):
            await opened(cast, duty_id=999)
        with pytest.raises(ValueError, match="not a turn"):
            await opened(cast, duty_id=duty, ends_at=SOON + 25 * HOUR)

    async def test_a_room_is_where_it_is_and_stays_free_for_others(self, cast: Cast) -> None:
        made = await opened(cast, room_id=cast.salon)
        assert (await slot(made))["room_id"] == cast.salon
        assert (await entry(made))["room_id"] is None


class TestMoving:
    async def test_whoever_has_it_keeps_it_and_is_told_with_their_calendar_and_their_role(self, cast: Cast) -> None:
        made = await opened(cast, duty_id=await make_duty(place_id=cast.place, act=Act.TAKE_CASH.value))
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await moved(cast, made)
        assert await holders(made) == [cast.samira]
        (told,) = await mails(to=cast.samira, kind="change")
        assert (told["about_id"], told["about_at"], told["method"]) == (made, SOON + DAY, "REQUEST")
        assert await allowed(cast.samira, Act.TAKE_CASH, SOON + DAY)
        assert not await allowed(cast.samira, Act.TAKE_CASH, SOON)
        await consistent()

    async def test_who_is_busy_then_loses_it_and_is_told_why(self, cast: Cast) -> None:
        made = await opened(cast)
        other = await make_slot(
            place_id=cast.place, duty_id=await make_duty(place_id=cast.place, name="Caisse"), starts_at=SOON + DAY
        )
        for each in (made, other):
            await claim(actor=cast.samira, slot_id=each, now=NOON)
        asked = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=None, word="", now=NOON
        )
        await moved(cast, made)
        assert (await holders(made), await holders(other)) == ([], [cast.samira])
        assert (await swap(asked))["state"] == "lapsed"
        assert "Caisse" in (await mails(to=cast.samira, about="gone"))[0]["body"]
        assert await untold() == []
        await consistent()

    async def test_who_is_too_young_then_loses_it_too(self, cast: Cast) -> None:
        made = await opened(cast, duty_id=await make_duty(place_id=cast.place, adults_only=True))
        async with transaction():
            await run("update member set adult_on = {} where id = {}", date(2026, 12, 4), cast.samira)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await moved(cast, made)
        assert await holders(made) == [cast.samira]  # the control: later is no hindrance
        await moved(
            cast, made, starts_at=SOON - 2 * DAY, ends_at=SOON - 2 * DAY + HOUR, version=(await slot(made))["version"]
        )
        assert await holders(made) == []
        assert (await holdings(made, cast.samira))[0]["went"] == "moved"
        assert "18" in (await mails(to=cast.samira, about="gone"))[0]["body"]

    async def test_who_watches_goes_with_it_and_requests_end_at_the_new_start(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        await make_practice(duty_id=duty, member_id=cast.karim)
        made = await opened(cast, duty_id=duty)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        await watch(actor=cast.samira, slot_id=made, now=NOON)
        asked = await ask_stand_in(
            actor=cast.karim, slot_id=made, member_id=cast.karim, to_member=None, word="", now=NOON
        )
        await moved(cast, made)
        assert await parts(made) == {cast.karim: True, cast.samira: False}
        assert (await swap(asked))["until_at"] == SOON + DAY
        assert len(await mails(to=cast.samira, kind="change")) == 1

    async def test_an_older_page_is_told_and_the_same_again_is_nothing(self, cast: Cast) -> None:
        made = await opened(cast)
        await moved(cast, made)
        await moved(cast, made)
        assert (await slot(made))["version"] == 2
        await refused(moved(cast, made, people=3), RotaRefusal.CHANGED_MEANWHILE)
        await refused(moved(cast, made, people=3, version=2, actor=cast.samira), RotaRefusal.MAY_NOT)
        await refused(moved(cast, made, starts_at=NOON - HOUR, ends_at=NOON + HOUR, version=2), RotaRefusal.OVER)

    async def test_people_never_fall_below_those_who_have_it(self, cast: Cast) -> None:
        made = await opened(cast)
        for member in (cast.samira, cast.karim):
            await claim(actor=member, slot_id=made, sure=True, now=NOON)
        await moved(cast, made, people=1)
        assert (await slot(made))["people"] == 2
        await consistent()


class TestTakingOff:
    async def test_whoever_has_it_is_told_and_what_it_allowed_is_gone(self, cast: Cast) -> None:
        made = await opened(cast, duty_id=await make_duty(place_id=cast.place, act=Act.CHECK_IN.value))
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        for _ in range(2):
            await cancel_slot(actor=cast.rosa, slot_id=made, now=NOON + HOUR)
        assert len(await mails(to=cast.karim, kind="cancellation")) == 1
        assert await mails(to=cast.samira, kind="cancellation") == []
        assert not await allowed(cast.karim, Act.CHECK_IN, SOON)
        assert ((await entry(made))["state"], (await slot(made))["taken"]) == ("cancelled", 0)
        await consistent()
        await refused(claim(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.CANCELLED)
        await refused(moved(cast, made), RotaRefusal.CANCELLED)

    async def test_what_something_else_opened_is_changed_there(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, source_kind="workshop", source_id=1, source_title="CV-troc")
        refusal = await refused(cancel_slot(actor=cast.rosa, slot_id=made, now=NOON), RotaRefusal.FROM_SOURCE)
        assert refusal.details["title"] == "CV-troc"
        await refused(moved(cast, made), RotaRefusal.FROM_SOURCE)
        await refused(cancel_slot(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.MAY_NOT)


class TestTill:
    async def held(self, cast: Cast) -> int:
        made = await opened(cast, duty_id=await make_duty(place_id=cast.place, act=Act.TAKE_CASH.value))
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        return made

    async def counts(self, slot_id: int) -> list[dict[str, Any]]:
        return await run("select moment, cents, word, counted_by from rota_till_count where slot_id = {}", slot_id)

    async def test_only_its_holder_counts_and_only_then(self, cast: Cast) -> None:
        made = await self.held(cast)
        during = SOON + HOUR
        for member, at in (
            (cast.karim, during),
            (cast.rosa, during),
            (cast.samira, NOON),
            (cast.samira, SOON - timedelta(minutes=31)),
            (cast.samira, SOON + 3 * HOUR),
        ):
            with pytest.raises(NotFound):
                await count_till(actor=member, slot_id=made, moment="opening", cents=5000, word="", now=at)
        assert await self.counts(made) == []
        await count_till(actor=cast.samira, slot_id=made, moment="opening", cents=5000, word="", now=during)
        assert [row["cents"] for row in await self.counts(made)] == [5000]

    async def test_counted_again_it_is_the_last_count(self, cast: Cast) -> None:
        made = await self.held(cast)
        for cents in (5000, 5200, 5200):
            await count_till(actor=cast.samira, slot_id=made, moment="closing", cents=cents, word="oups", now=SOON)
        assert await self.counts(made) == [
            {"moment": "closing", "cents": 5200, "word": "oups", "counted_by": cast.samira}
        ]
        assert len(await run("select id from journal_line where act = 'turn.till_counted'")) == 2

    async def test_two_who_have_the_turn_count_each_for_themselves(self, cast: Cast) -> None:
        made = await self.held(cast)
        await claim(actor=cast.karim, slot_id=made, sure=True, now=NOON)
        for member, cents in ((cast.samira, 5000), (cast.karim, 4800), (cast.karim, 4900)):
            await count_till(actor=member, slot_id=made, moment="opening", cents=cents, word="", now=SOON)
        assert {(row["counted_by"], row["cents"]) for row in await self.counts(made)} == {
            (cast.samira, 5000),
            (cast.karim, 4900),
        }

    async def test_two_years_later_it_is_forgotten(self, cast: Cast) -> None:
        made = await self.held(cast)
        await count_till(actor=cast.samira, slot_id=made, moment="opening", cents=5000, word="", now=SOON)
        later = SOON + timedelta(days=730)
        assert await forget_counts(later - timedelta(seconds=1)) == 0
        assert len(await self.counts(made)) == 1
        ends = await at_once([forget_counts(later) for _ in range(3)])
        assert sorted(ends, key=str) == [0, 0, 1]
        assert await self.counts(made) == []

    async def test_gone_with_the_turn(self, cast: Cast) -> None:
        made = await self.held(cast)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON - timedelta(minutes=10))
        with pytest.raises(NotFound):
            await count_till(actor=cast.samira, slot_id=made, moment="opening", cents=1, word="", now=SOON)

    async def test_a_duty_that_allows_no_till_has_none(self, cast: Cast) -> None:
        made = await opened(cast)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        with pytest.raises(NotFound):
            await count_till(actor=cast.samira, slot_id=made, moment="opening", cents=1, word="", now=SOON)
        with pytest.raises(ValueError, match="not a count"):
            await count_till(actor=cast.samira, slot_id=made, moment="noon", cents=1, word="", now=SOON)
