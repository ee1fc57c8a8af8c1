"""« Je ne peux pas venir » : freed, a stand-in asked for, a swap proposed, taken back; for oneself, or for somebody who
is ill and telephones. Nobody loses a turn without being told.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.states import Act
from rotas.commands import (
    ClaimResult,
    ask_stand_in,
    claim,
    claim_for_guest,
    free,
    propose_swap,
    settle,
    watch,
    withdraw_swap,
)
from rotas.states import RotaRefusal
from tests.client import NOON
from tests.factories import make_grant, make_member, make_place
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import consistent, holders, holdings, parts, refused, slot, swap, untold
from tests.workshops.reads import mails


async def held(cast: Cast, member: int, **changes: Any) -> int:
    """A turn that this member has."""
    made = await make_slot(place_id=cast.place, **changes)
    await claim(actor=member, slot_id=made, now=NOON)
    return made


class TestFreeing:
    async def test_the_place_is_free_at_once_and_so_are_they(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert await holders(made) == []
        assert await parts(made) == {}
        assert (await slot(made))["taken"] == 0
        (row,) = await holdings(made)
        assert (row["went"], row["left_at"], row["left_by"]) == ("freed", NOON, cast.samira)
        other = await make_slot(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=other, now=NOON)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        await consistent()

    async def test_twice_is_once_and_only_what_is_theirs(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        for _ in range(2):
            await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert len(await holdings(made)) == 1
        await refused(free(actor=cast.karim, slot_id=made, member_id=cast.karim, now=NOON), RotaRefusal.NOT_YOURS)

    async def test_their_own_calendar_loses_it_and_nothing_else_is_said(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        first, last = await mails(to=cast.samira)
        assert (first["method"], last["method"]) == ("REQUEST", "CANCEL")

    async def test_when_it_is_over_it_stays(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        attempt = free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON + 3 * HOUR)
        await refused(attempt, RotaRefusal.OVER)

    async def test_freed_while_a_swap_was_proposed_all_who_were_asked_are_told(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        wanted = await held(cast, cast.karim, people=2, starts_at=SOON + DAY)
        await claim(actor=cast.yann, slot_id=wanted, sure=True, now=NOON)
        asked = await propose_swap(
            actor=cast.samira, slot_id=made, member_id=cast.samira, wanted_slot_id=wanted, now=NOON
        )
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert (await swap(asked))["state"] == "withdrawn"
        for member in (cast.karim, cast.yann):
            assert (await mails(to=member))[-1]["subject"].startswith("Samira n’a plus besoin")

    async def test_who_only_watches_may_stay_away_too(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        await make_practice(duty_id=duty, member_id=cast.odile)
        made = await held(cast, cast.odile, duty_id=duty)
        await watch(actor=cast.samira, slot_id=made, now=NOON)
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert await parts(made) == {cast.odile: True}
        assert (await slot(made))["taken"] == 1

    async def test_a_turn_that_was_called_out_may_be_called_out_anew(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        async with transaction():
            await run("update rota_slot set called_at = {} where id = {}", NOON, made)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert (await slot(made))["called_at"] == NOON
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert (await slot(made))["call_again_at"] == NOON + 3 * HOUR


class TestForSomebodyElse:
    async def test_the_welcome_turn_writes_it_down_and_they_are_told(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        attempt = free(actor=cast.karim, slot_id=made, member_id=cast.samira, now=NOON)
        await refused(attempt, RotaRefusal.MAY_NOT)
        await make_grant(member_id=cast.karim, place_id=cast.place, act=Act.REGISTER, until_at=NOON + HOUR)
        await free(actor=cast.karim, slot_id=made, member_id=cast.samira, now=NOON)
        (mail,) = await mails(to=cast.samira, kind="cancellation")
        assert "Karim" in mail["body"]
        assert mail["method"] == "CANCEL"
        assert await untold() == []
        (line,) = await run("select act, actor_id from journal_line where kind = 'turn'")
        assert (line["act"], line["actor_id"]) == ("turn.freed_for", cast.karim)
        assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN

    async def test_who_keeps_the_place_may_and_is_told_by_name_whose_it_is_not(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        refusal = await refused(
            free(actor=cast.rosa, slot_id=made, member_id=cast.karim, now=NOON), RotaRefusal.NOT_THEIRS
        )
        assert refusal.details == {"name": "Karim"}
        await free(actor=cast.rosa, slot_id=made, member_id=cast.samira, now=NOON)
        assert await holders(made) == []

    async def test_a_role_at_another_place_allows_nothing_here(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        place = await make_place()
        keeper = await make_member(place_id=place)
        await make_grant(member_id=keeper, place_id=place, act=Act.KEEP_PLACE)
        attempt = free(actor=keeper, slot_id=made, member_id=cast.samira, now=NOON)
        await refused(attempt, RotaRefusal.MAY_NOT)

    async def test_nor_a_welcome_turn_that_is_over(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await make_grant(member_id=cast.karim, place_id=cast.place, act=Act.REGISTER, until_at=NOON + HOUR)
        attempt = free(actor=cast.karim, slot_id=made, member_id=cast.samira, now=NOON + HOUR)
        await refused(attempt, RotaRefusal.MAY_NOT)

    async def test_a_stand_in_is_asked_for_them_and_they_may_take_it_back(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(actor=cast.rosa, slot_id=made, member_id=cast.samira, now=NOON)
        (mail,) = await mails(to=cast.samira, kind="change")
        assert "Rosa" in mail["body"]
        assert (await swap(asked))["asked_by"] == cast.rosa
        await withdraw_swap(actor=cast.samira, swap_id=asked, now=NOON)
        assert (await swap(asked))["state"] == "withdrawn"
        again = await ask_stand_in(actor=cast.rosa, slot_id=made, member_id=cast.samira, now=NOON)
        await withdraw_swap(actor=cast.rosa, swap_id=again, now=NOON)
        assert len(await mails(to=cast.samira, about="kept")) == 1


class TestAskingForAStandIn:
    async def test_the_turn_stays_theirs_until_somebody_takes_it(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, word="Grippe.", now=NOON)
        row = await swap(asked)
        assert (row["state"], row["to_member"], row["wanted_slot_id"]) == ("open", None, None)
        assert (row["word"], row["until_at"]) == ("Grippe.", SOON)
        assert await holders(made) == [cast.samira]
        await consistent()

    async def test_asking_the_same_again_is_once_and_asking_another_takes_the_first_back(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        first = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.karim, word="Grippe.", now=NOON
        )
        again = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.karim, now=NOON
        )
        assert first == again
        (mail,) = await mails(to=cast.karim)
        assert (mail["kind"], mail["good_until"]) == ("duty", SOON)
        assert "Grippe." in mail["body"]
        other = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.odile, now=NOON
        )
        assert [(await swap(each))["state"] for each in (first, other)] == ["withdrawn", "open"]
        assert len(await mails(to=cast.karim, about="swap-withdrawn")) == 1

    async def test_freeing_it_takes_the_request_back(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.karim, now=NOON
        )
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        assert (await swap(asked))["state"] == "withdrawn"
        assert len(await mails(to=cast.karim, about="swap-withdrawn")) == 1
        await refused(settle(actor=cast.karim, swap_id=asked, now=NOON), RotaRefusal.SWAP_OVER)

    async def test_whoever_could_not_come_is_not_asked_and_only_their_name_is_told(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        await held(cast, cast.karim)
        attempt = ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.karim, now=NOON)
        assert (await refused(attempt, RotaRefusal.THEIR_CLASH)).details == {"name": "Karim"}
        till = await make_duty(place_id=cast.place, act="take_cash")
        theirs = await held(cast, cast.samira, duty_id=till, starts_at=SOON + DAY)
        attempt = ask_stand_in(actor=cast.samira, slot_id=theirs, member_id=cast.samira, to_member=cast.bruno, now=NOON)
        assert (await refused(attempt, RotaRefusal.NOT_FOR_THEM)).details == {"name": "Bruno"}

    async def test_nor_is_whoever_has_the_turn_already(self, cast: Cast) -> None:
        made = await held(cast, cast.samira, people=3)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        for other, why in ((cast.karim, RotaRefusal.ALREADY_THEIRS), (cast.samira, RotaRefusal.ALREADY_YOURS)):
            attempt = ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=other, now=NOON)
            await refused(attempt, why)

    async def test_only_of_a_turn_that_is_theirs_and_has_not_begun(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        attempt = ask_stand_in(actor=cast.karim, slot_id=made, member_id=cast.karim, now=NOON)
        await refused(attempt, RotaRefusal.NOT_YOURS)
        attempt = ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, now=SOON)
        await refused(attempt, RotaRefusal.OVER)


class TestProposingASwap:
    async def test_everybody_who_has_the_wanted_turn_is_asked(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        wanted = await held(cast, cast.karim, people=3, starts_at=SOON + DAY)
        await claim(actor=cast.odile, slot_id=wanted, now=NOON)
        await claim_for_guest(actor=cast.karim, slot_id=wanted, first_name="Monique", now=NOON)
        asked = await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=wanted, now=NOON
        )
        again = await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=wanted, now=NOON
        )
        assert asked == again
        assert {mail["member_id"] for mail in await mails(kind="duty")} == {cast.karim, cast.odile}
        assert (await swap(asked))["until_at"] == SOON

    async def test_or_the_one_of_them_who_is_meant(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        wanted = await held(cast, cast.karim, people=2, starts_at=SOON - DAY)
        asked = await propose_swap(
            actor=cast.samira,
            slot_id=mine,
            member_id=cast.samira,
            wanted_slot_id=wanted,
            to_member=cast.karim,
            now=NOON,
        )
        assert (await swap(asked))["until_at"] == SOON - DAY
        attempt = propose_swap(
            actor=cast.samira,
            slot_id=mine,
            member_id=cast.samira,
            wanted_slot_id=wanted,
            to_member=cast.odile,
            now=NOON,
        )
        assert (await refused(attempt, RotaRefusal.NOT_THEIRS)).details == {"name": "Odile"}

    async def test_what_nobody_could_say_yes_to_is_not_proposed(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        empty = await make_slot(place_id=cast.place, starts_at=SOON + DAY)
        both = await held(cast, cast.samira, people=2, starts_at=SOON + 2 * DAY)
        await claim(actor=cast.karim, slot_id=both, sure=True, now=NOON)
        beside = await held(cast, cast.karim, starts_at=SOON + 2 * DAY + 2 * HOUR)
        clashing = await held(cast, cast.odile, starts_at=SOON + 2 * DAY + HOUR)
        begun = await held(cast, cast.karim, starts_at=NOON + HOUR)
        for wanted, reason, now in (
            (mine, RotaRefusal.SAME_SLOT, NOON),
            (empty, RotaRefusal.SWAP_NOBODY, NOON),
            (both, RotaRefusal.ALREADY_YOURS, NOON),
            (clashing, RotaRefusal.CLASH, NOON),
            (begun, RotaRefusal.OVER, NOON + HOUR),
        ):
            attempt = propose_swap(
                actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=wanted, now=now
            )
            await refused(attempt, reason)
        assert await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=beside, now=NOON
        )

    async def test_a_turn_at_the_same_hour_may_be_wanted_for_ones_own(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        wanted = await held(cast, cast.karim)
        asked = await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=wanted, now=NOON
        )
        await settle(actor=cast.karim, swap_id=asked, now=NOON)
        assert (await holders(mine), await holders(wanted)) == ([cast.karim], [cast.samira])
        await consistent()

    async def test_not_across_places(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        place = await make_place()
        elsewhere = await make_slot(place_id=place, starts_at=SOON + DAY)
        await claim(actor=await make_member(place_id=place), slot_id=elsewhere, now=NOON)
        with pytest.raises(NotFound):
            await propose_swap(
                actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=elsewhere, now=NOON
            )

    async def test_when_the_wanted_turn_changes_hands_it_lapses_and_whoever_asked_is_told(self, cast: Cast) -> None:
        mine = await held(cast, cast.samira)
        wanted = await held(cast, cast.karim, people=2, starts_at=SOON + DAY)
        await claim(actor=cast.odile, slot_id=wanted, sure=True, now=NOON)
        asked = await propose_swap(
            actor=cast.samira, slot_id=mine, member_id=cast.samira, wanted_slot_id=wanted, now=NOON
        )
        await free(actor=cast.karim, slot_id=wanted, member_id=cast.karim, now=NOON)
        assert (await swap(asked))["state"] == "open"  # Odile may still say yes
        await free(actor=cast.odile, slot_id=wanted, member_id=cast.odile, now=NOON)
        assert (await swap(asked))["state"] == "lapsed"
        assert len(await mails(to=cast.samira, about="swap-gone")) == 1
        assert await holders(mine) == [cast.samira]
        await consistent()


class TestTakingItBack:
    async def test_by_whoever_may_speak_for_them_and_once(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(
            actor=cast.samira, slot_id=made, member_id=cast.samira, to_member=cast.karim, now=NOON
        )
        with pytest.raises(NotFound):
            await withdraw_swap(actor=cast.karim, swap_id=asked, now=NOON)
        assert (await swap(asked))["state"] == "open"
        for _ in range(2):
            await withdraw_swap(actor=cast.samira, swap_id=asked, now=NOON)
        assert len(await mails(to=cast.karim, about="swap-withdrawn")) == 1
        with pytest.raises(NotFound):
            await withdraw_swap(actor=cast.samira, swap_id=999, now=NOON)

    async def test_not_once_somebody_took_it(self, cast: Cast) -> None:
        made = await held(cast, cast.samira)
        asked = await ask_stand_in(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON)
        await settle(actor=cast.karim, swap_id=asked, now=NOON)
        attempt = withdraw_swap(actor=cast.samira, swap_id=asked, now=NOON)
        await refused(attempt, RotaRefusal.SWAP_OVER)
