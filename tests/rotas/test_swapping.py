"""Saying yes or no to whoever cannot come: a stand-in, a swap; nobody is left with none or two."""

from __future__ import annotations

from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from rotas.commands import ask_stand_in, claim, decline, free, propose_swap, settle, watch
from rotas.states import Level, RotaRefusal
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import allowed, consistent, holders, holdings, parts, refused, swap, untold
from tests.workshops.reads import mails


async def held(cast: Cast, member: int, **changes: Any) -> int:
    """A turn that this member has."""
    made = await make_slot(place_id=cast.place, **changes)
    await claim(actor=member, slot_id=made, now=NOON)
    return made


async def stand_in(member: int, slot_id: int, to: int | None = None) -> int:
    return await ask_stand_in(actor=member, slot_id=slot_id, member_id=member, to_member=to, now=NOON)


async def exchange(member: int, slot_id: int, wanted: int, to: int | None = None) -> int:
    return await propose_swap(
        actor=member, slot_id=slot_id, member_id=member, wanted_slot_id=wanted, to_member=to, now=NOON
    )


class TestStandingIn:
    async def test_the_turn_goes_over_whole_and_both_are_told(self, cast: Cast) -> None:
        till = await make_duty(place_id=cast.place, name="Caisse", act="take_cash")
        made = await held(cast, cast.samira, duty_id=till)
        asked = await stand_in(cast.samira, made)
        for _ in range(2):
            await settle(actor=cast.karim, swap_id=asked, now=NOON)
        assert await holders(made) == [cast.karim]
        assert await parts(made) == {cast.karim: True}
        assert [await allowed(each, Act.TAKE_CASH, SOON) for each in (cast.samira, cast.karim)] == [False, True]
        assert [row["came"] + ">" + row["went"] for row in await holdings(made)] == ["claimed>replaced", "stood_in>"]
        (lost,) = await mails(to=cast.samira, kind="change")
        assert "Karim" in lost["subject"]
        assert lost["method"] == "CANCEL"
        (got,) = await mails(to=cast.karim, kind="confirmation")
        assert got["method"] == "REQUEST"
        row = await swap(asked)
        assert (row["state"], row["taken_by"], row["settled_at"]) == ("taken", cast.karim, NOON)
        assert await untold() == []
        await consistent()

    async def test_a_full_turn_has_that_place_and_nobody_waits_for_a_round(self, cast: Cast) -> None:
        done = await held(cast, cast.karim, starts_at=SOON - DAY)
        assert await holders(done) == [cast.karim]
        made = await held(cast, cast.samira, low_load=0, mid_load=0)
        await settle(actor=cast.karim, swap_id=await stand_in(cast.samira, made), now=NOON)
        assert await holders(made) == [cast.karim]

    async def test_only_the_one_who_was_asked(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await stand_in(cast.samira, made, cast.karim)
        for answer in (settle, decline):  # nobody else is even told of it
            with pytest.raises(NotFound):
                await answer(actor=cast.odile, swap_id=asked, now=NOON)
        await refused(settle(actor=cast.rosa, swap_id=asked, now=NOON), RotaRefusal.SWAP_OTHERS)
        await refused(settle(actor=cast.samira, swap_id=asked, now=NOON), RotaRefusal.ALREADY_YOURS)
        await settle(actor=cast.karim, swap_id=asked, now=NOON)

    async def test_whoever_may_not_have_the_turn_may_not_stand_in(self, cast: Cast) -> None:
        till = await make_duty(place_id=cast.place, act="take_cash", needs_training=True)
        await make_practice(duty_id=till, member_id=cast.samira)
        await make_practice(duty_id=till, member_id=cast.karim, level=Level.WATCHED)
        made = await held(cast, cast.samira, duty_id=till)
        asked = await stand_in(cast.samira, made)
        await refused(settle(actor=cast.bruno, swap_id=asked, now=NOON), RotaRefusal.MEDIATOR_HERE)
        # Beside Samira he might; but she is the one who goes.
        await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.NOBODY_BESIDE)
        assert await holders(made) == [cast.samira]
        assert (await swap(asked))["state"] == "open"
        assert await mails(kind="change") == []
        assert await allowed(cast.samira, Act.TAKE_CASH, SOON)

    async def test_who_is_busy_then_is_refused_and_all_stays_as_it_was(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await held(cast, cast.karim, starts_at=SOON + HOUR)
        asked = await stand_in(cast.samira, made)
        refusal = await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.CLASH)
        assert refusal.details == {"title": "Accueil", "when": SOON + HOUR}
        assert await holders(made) == [cast.samira]
        await consistent()

    async def test_who_watched_the_turn_may_take_it(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        await make_practice(duty_id=duty, member_id=cast.samira)
        made = await held(cast, cast.samira, duty_id=duty)
        await watch(actor=cast.karim, slot_id=made, now=NOON)
        await settle(actor=cast.karim, swap_id=await stand_in(cast.samira, made), now=NOON)
        assert await holders(made) == [cast.karim]
        await consistent()

    async def test_not_once_it_has_begun_nor_from_elsewhere(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await stand_in(cast.samira, made)
        await refused(settle(actor=cast.karim, swap_id=asked, now=SOON), RotaRefusal.SWAP_OVER)
        with pytest.raises(NotFound):
            await settle(actor=await make_member(place_id=await make_place()), swap_id=asked, now=NOON)
        with pytest.raises(NotFound):
            await settle(actor=cast.karim, swap_id=999, now=NOON)

    async def test_one_asked_for_somebody_who_is_ill_is_taken_like_any_other(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER)
        asked = await ask_stand_in(actor=cast.odile, slot_id=made, member_id=cast.samira, now=NOON)
        await settle(actor=cast.odile, swap_id=asked, now=NOON)
        assert await holders(made) == [cast.odile]
        assert len(await mails(to=cast.samira, about="gone")) == 1


class TestSwapping:
    async def test_each_has_the_others_turn_and_neither_has_both(self, cast: Cast) -> None:
        till = await make_duty(place_id=cast.place, name="Caisse", act="take_cash")
        one = await held(cast, cast.samira, duty_id=till)
        two = await held(cast, cast.karim, starts_at=SOON + DAY)
        asked = await exchange(cast.samira, one, two)
        for _ in range(2):
            await settle(actor=cast.karim, swap_id=asked, now=NOON)
        assert (await holders(one), await holders(two)) == ([cast.karim], [cast.samira])
        assert await allowed(cast.karim, Act.TAKE_CASH, SOON)
        assert not await allowed(cast.samira, Act.TAKE_CASH, SOON)
        (told,) = await mails(to=cast.samira, kind="change")
        assert "Caisse" in told["subject"]
        assert "Accueil" in told["body"]
        assert [mail["method"] for mail in await mails(to=cast.samira)] == ["REQUEST", "CANCEL", "REQUEST"]
        assert await untold() == []
        await consistent()

    async def test_turns_at_the_same_hour_change_hands_too(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + HOUR)
        await settle(actor=cast.karim, swap_id=await exchange(cast.samira, one, two), now=NOON)
        assert (await holders(one), await holders(two)) == ([cast.karim], [cast.samira])
        await consistent()

    async def test_only_whoever_has_the_wanted_turn(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + DAY)
        asked = await exchange(cast.samira, one, two)
        with pytest.raises(NotFound):
            await settle(actor=cast.odile, swap_id=asked, now=NOON)
        assert (await holders(one), await holders(two)) == ([cast.samira], [cast.karim])

    async def test_whoever_had_the_wanted_turn_is_told_that_it_is_not_theirs_any_more(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + DAY, people=2)
        await claim(actor=cast.odile, slot_id=two, sure=True, now=NOON)
        asked = await exchange(cast.samira, one, two)
        await free(actor=cast.odile, slot_id=two, member_id=cast.odile, now=NOON)
        await refused(settle(actor=cast.odile, swap_id=asked, now=NOON), RotaRefusal.NOT_YOURS)
        assert (await holders(one), await holders(two)) == ([cast.samira], [cast.karim])

    async def test_if_either_is_busy_neither_moves(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + DAY)
        asked = await exchange(cast.samira, one, two)
        await held(cast, cast.samira, starts_at=SOON + DAY + HOUR)
        refusal = await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.THEIR_CLASH)
        assert refusal.details == {"name": "Samira"}
        assert (await holders(one), await holders(two)) == ([cast.samira], [cast.karim])
        await held(cast, cast.karim, starts_at=SOON - HOUR)
        await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.CLASH)
        assert await mails(kind="change") == []
        await consistent()

    async def test_if_either_may_not_neither_moves_and_why_is_their_own_business(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + DAY)
        asked = await exchange(cast.samira, one, two)
        async with transaction():
            await run("update duty set adults_only = {}", True)
            await run("update member set adult_on = {} where id = {}", (SOON + 400 * DAY).date(), cast.samira)
        refusal = await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.NOT_FOR_THEM)
        assert refusal.details == {"name": "Samira"}
        assert (await holders(one), await holders(two)) == ([cast.samira], [cast.karim])

    async def test_who_has_both_already_gives_none_for_the_other(self, cast: Cast) -> None:
        one = await held(cast, cast.samira, people=2)
        two = await held(cast, cast.karim, starts_at=SOON + DAY)
        asked = await exchange(cast.samira, one, two)
        await claim(actor=cast.karim, slot_id=one, sure=True, now=NOON)
        await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.ALREADY_YOURS)
        assert (await holders(one), await holders(two)) == ([cast.samira, cast.karim], [cast.karim])
        await consistent()

    async def test_what_others_wanted_of_them_lapses_with_it(self, cast: Cast) -> None:
        one, two = await held(cast, cast.samira), await held(cast, cast.karim, starts_at=SOON + DAY)
        three = await held(cast, cast.odile, starts_at=SOON + 2 * DAY)
        first = await exchange(cast.samira, one, two)
        second = await exchange(cast.odile, three, two, cast.karim)
        mine = await stand_in(cast.karim, two)
        await settle(actor=cast.karim, swap_id=first, now=NOON)
        assert [(await swap(each))["state"] for each in (first, second, mine)] == ["taken", "lapsed", "lapsed"]
        assert len(await mails(to=cast.odile, about="swap-gone")) == 1
        await refused(settle(actor=cast.karim, swap_id=second, now=NOON), RotaRefusal.SWAP_OVER)
        await consistent()


class TestSayingNo:
    async def test_whoever_asked_is_told_and_has_the_turn_still(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await stand_in(cast.samira, made, cast.karim)
        for _ in range(2):
            await decline(actor=cast.karim, swap_id=asked, now=NOON)
        (told,) = await mails(to=cast.samira, kind="change")
        assert "Karim" in told["subject"]
        assert await holders(made) == [cast.samira]
        assert (await swap(asked))["state"] == "withdrawn"
        await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.SWAP_OVER)

    async def test_only_the_one_who_was_asked_and_not_after_a_yes(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        anybody = await stand_in(cast.samira, made)
        await refused(decline(actor=cast.karim, swap_id=anybody, now=NOON), RotaRefusal.SWAP_OTHERS)
        asked = await stand_in(cast.samira, made, cast.karim)
        await settle(actor=cast.karim, swap_id=asked, now=NOON)
        await refused(decline(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.SWAP_OVER)
        await free(actor=cast.karim, slot_id=made, member_id=cast.karim, now=NOON)
