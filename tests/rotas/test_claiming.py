"""Taking a turn: who may, each refusal in its own words, watching, a place for somebody without an account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import run, transaction
from app.errors import NotFound, Refused
from app.identity.states import IdentityRefusal
from app.identity.tables import Member
from rotas.commands import ClaimResult, claim, claim_for_guest, free, give_guest_back, watch
from rotas.states import Level, RotaRefusal
from rotas.tables import Slot
from tests.client import NOON
from tests.factories import make_member, make_place, make_workshop
from tests.people import Cast
from tests.rotas.make import DAY, HOUR, SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import consistent, entry, holders, holdings, parts, refused, slot
from tests.workshops.reads import mails


class TestTaking:
    async def test_it_is_theirs_in_rows_calendar_and_numbers_and_they_are_told(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN
        assert await holders(made) == [cast.samira]
        assert await parts(made) == {cast.samira: True}
        assert ((await slot(made))["taken"], (await entry(made))["taken"]) == (1, 1)
        (mail,) = await mails(to=cast.samira, kind="confirmation")
        assert mail["method"] == "REQUEST"
        assert "Accueil" in mail["subject"]
        await consistent()

    async def test_twice_is_once(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        for _ in range(2):
            assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN
        assert await holders(made) == [cast.samira]
        assert len(await mails()) == 1

    async def test_when_it_is_full_it_says_since_when(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        assert (await slot(made))["filled_at"] is None
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert (await slot(made))["filled_at"] == NOON
        await free(actor=cast.samira, slot_id=made, member_id=cast.samira, now=NOON + HOUR)
        await claim(actor=cast.karim, slot_id=made, now=NOON + 2 * HOUR)
        assert (await slot(made))["filled_at"] == NOON

    async def test_a_slot_that_nobody_knows_is_not_found(self, cast: Cast) -> None:
        with pytest.raises(NotFound):
            await claim(actor=cast.samira, slot_id=999, now=NOON)

    async def test_what_opened_the_turn_does_not_clash_with_it_but_another_does(self, cast: Cast) -> None:
        workshop = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, starts_at=SOON)
        its_own = await make_slot(
            place_id=cast.place, source_kind="workshop", source_id=workshop, source_title="On se relit nos CV"
        )
        other = await make_slot(place_id=cast.place)
        refusal = await refused(claim(actor=cast.yann, slot_id=other, now=NOON), RotaRefusal.CLASH)
        assert refusal.details == {"title": "On se relit nos CV", "when": SOON}
        await claim(actor=cast.yann, slot_id=its_own, now=NOON)
        assert await holders(its_own) == [cast.yann]
        assert (await entry(its_own))["title"] == "Accueil · On se relit nos CV"


class TestRefusals:
    async def test_full(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        await refused(claim(actor=cast.karim, slot_id=made, now=NOON), RotaRefusal.FULL)

    async def test_too_late(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        await refused(claim(actor=cast.samira, slot_id=made, now=SOON + 2 * HOUR), RotaRefusal.OVER)

    async def test_one_that_has_begun_may_still_be_taken(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        assert await claim(actor=cast.samira, slot_id=made, now=SOON + HOUR) is ClaimResult.TAKEN

    async def test_cancelled(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place)
        async with transaction():
            await run("update rota_slot set state = 'cancelled' where id = {}", made)
        await refused(claim(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.CANCELLED)

    async def test_of_another_place(self, cast: Cast) -> None:
        elsewhere = await make_member(place_id=await make_place())
        made = await make_slot(place_id=cast.place)
        await refused(claim(actor=elsewhere, slot_id=made, now=NOON), RotaRefusal.NOT_OF_THIS_PLACE)

    async def test_training_that_somebody_here_has_is_needed(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place, needs_training=True)
        made = await make_slot(place_id=cast.place, duty_id=duty, people=2)
        await make_practice(duty_id=duty, member_id=cast.odile)
        await refused(claim(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.NEEDS_TRAINING)
        await make_practice(duty_id=duty, member_id=cast.samira, level=Level.WATCHED)
        await refused(claim(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.NOBODY_BESIDE)
        await claim(actor=cast.odile, slot_id=made, now=NOON)
        assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN

    async def test_training_that_nobody_here_has_is_not(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place, needs_training=True)
        elsewhere = await make_member(place_id=await make_place())
        await make_practice(duty_id=duty, member_id=elsewhere)
        made = await make_slot(place_id=cast.place, duty_id=duty)
        assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN

    async def test_under_eighteen_no_keys_until_the_birthday(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place, adults_only=True)
        birthday = SOON.date()
        async with transaction():
            await Member.update({Member.adult_on: birthday}).where(Member.id == cast.samira)
        before = await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON - DAY)
        on_it = await make_slot(place_id=cast.place, duty_id=duty)
        plain = await make_slot(place_id=cast.place, starts_at=SOON - 2 * DAY)
        await refused(claim(actor=cast.samira, slot_id=before, now=NOON), RotaRefusal.UNDER_AGE)
        assert await claim(actor=cast.samira, slot_id=on_it, now=NOON) is ClaimResult.TAKEN
        assert await claim(actor=cast.samira, slot_id=plain, now=NOON) is ClaimResult.TAKEN

    async def test_who_mediates_here_takes_no_power_but_may_help(self, cast: Cast) -> None:
        till = await make_duty(place_id=cast.place, name="Caisse", act="take_cash")
        made = await make_slot(place_id=cast.place, duty_id=till)
        plain = await make_slot(place_id=cast.place)
        await refused(claim(actor=cast.bruno, slot_id=made, now=NOON), RotaRefusal.MEDIATOR_HERE)
        assert await claim(actor=cast.bruno, slot_id=plain, now=NOON) is ClaimResult.TAKEN

    async def test_a_password_on_paper_leads_to_no_power_and_leaves_nothing_behind(self, cast: Cast) -> None:
        till = await make_duty(place_id=cast.place, name="Caisse", act="take_cash")
        made = await make_slot(place_id=cast.place, duty_id=till)
        async with transaction():
            await run("update member set password_given_at = {} where id = {}", NOON, cast.samira)
        with pytest.raises(Refused) as caught:
            await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert caught.value.reason is IdentityRefusal.GIVEN_PASSWORD
        assert await holdings(made) == []
        assert await parts(made) == {}

    async def test_a_popular_one_opens_first_to_whoever_did_least(self, cast: Cast) -> None:
        for number in range(2):
            done = await make_slot(place_id=cast.place, starts_at=NOON - (number + 1) * DAY)
            await claim(actor=cast.karim, slot_id=done, now=NOON - 20 * DAY)
        made = await make_slot(place_id=cast.place, people=2, low_load=0, mid_load=1)
        refusal = await refused(claim(actor=cast.karim, slot_id=made, now=NOON), RotaRefusal.NOT_YET_ROUND)
        assert refusal.details == {"when": NOON + 2 * DAY}
        assert await claim(actor=cast.samira, slot_id=made, now=NOON) is ClaimResult.TAKEN
        assert await claim(actor=cast.karim, slot_id=made, sure=True, now=NOON + 2 * DAY) is ClaimResult.TAKEN


class TestTheLastPlace:
    async def test_beside_first_timers_it_asks_and_never_refuses(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert await claim(actor=cast.karim, slot_id=made, now=NOON) is ClaimResult.ASKED
        assert await holders(made) == [cast.samira]
        assert await mails(to=cast.karim) == []
        assert await claim(actor=cast.karim, slot_id=made, sure=True, now=NOON) is ClaimResult.TAKEN

    async def test_not_near_the_turn_nor_beside_somebody_experienced(self, cast: Cast) -> None:
        duty = await make_duty(place_id=cast.place)
        near = await make_slot(place_id=cast.place, duty_id=duty, people=2)
        await claim(actor=cast.samira, slot_id=near, now=NOON)
        assert await claim(actor=cast.karim, slot_id=near, now=SOON - 47 * HOUR) is ClaimResult.TAKEN
        later = await make_slot(place_id=cast.place, duty_id=duty, people=2, starts_at=SOON + 20 * DAY)
        await claim(actor=cast.samira, slot_id=later, now=SOON + DAY)
        assert await claim(actor=cast.odile, slot_id=later, now=SOON + DAY) is ClaimResult.TAKEN


class TestWatching:
    async def prepare(self, cast: Cast) -> int:
        duty = await make_duty(place_id=cast.place, needs_training=True)
        await make_practice(duty_id=duty, member_id=cast.odile)
        made = await make_slot(place_id=cast.place, duty_id=duty, people=2)
        await claim(actor=cast.odile, slot_id=made, now=NOON)
        return made

    async def test_it_takes_no_place_and_no_time(self, cast: Cast) -> None:
        made = await self.prepare(cast)
        for _ in range(2):
            await watch(actor=cast.samira, slot_id=made, now=NOON)
        assert await holders(made) == [cast.odile]
        assert await parts(made) == {cast.odile: True, cast.samira: False}
        assert (await slot(made))["taken"] == 1
        other = await make_slot(place_id=cast.place)
        assert await claim(actor=cast.samira, slot_id=other, now=NOON) is ClaimResult.TAKEN

    async def test_somebody_must_be_there_who_can_do_it(self, cast: Cast) -> None:
        made = await self.prepare(cast)
        await free(actor=cast.odile, slot_id=made, member_id=cast.odile, now=NOON)
        await refused(watch(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.NOBODY_TO_WATCH)

    async def test_who_watches_may_take_a_place_when_they_may(self, cast: Cast) -> None:
        made = await self.prepare(cast)
        await watch(actor=cast.samira, slot_id=made, now=NOON)
        await refused(claim(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.NEEDS_TRAINING)
        duty = (await slot(made))["duty_id"]
        await make_practice(duty_id=duty, member_id=cast.samira, level=Level.WATCHED)
        await claim(actor=cast.samira, slot_id=made, now=NOON)
        assert await holders(made) == [cast.odile, cast.samira]
        await refused(watch(actor=cast.samira, slot_id=made, now=NOON), RotaRefusal.ALREADY_YOURS)
        await consistent()


class TestGuests:
    async def test_somebody_present_gets_a_place_in_the_name_of_whoever_wrote_it(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        first = await claim_for_guest(actor=cast.samira, slot_id=made, first_name="Monique", now=NOON)
        again = await claim_for_guest(actor=cast.samira, slot_id=made, first_name="Monique", now=NOON)
        assert first == again
        assert (await slot(made))["taken"] == 1
        (line,) = await run("select * from journal_line where kind = 'turn' and thing_id = {}", made)
        assert (line["act"], line["actor_id"], bool(line["shown"])) == ("turn.guest_taken", cast.samira, False)
        await consistent()

    async def test_no_key_no_till_no_skill_and_no_more_than_places(self, cast: Cast) -> None:
        for changes in ({"act": "take_cash"}, {"adults_only": True}, {"needs_training": True}):
            duty = await make_duty(place_id=cast.place, **changes)
            await make_practice(duty_id=duty, member_id=cast.odile)
            made = await make_slot(place_id=cast.place, duty_id=duty)
            attempt = claim_for_guest(actor=cast.samira, slot_id=made, first_name="Monique", now=NOON)
            await refused(attempt, RotaRefusal.NO_GUESTS)
        full = await make_slot(place_id=cast.place)
        await claim(actor=cast.karim, slot_id=full, now=NOON)
        await refused(
            claim_for_guest(actor=cast.samira, slot_id=full, first_name="Monique", now=NOON), RotaRefusal.FULL
        )

    async def test_it_is_given_back_by_whoever_took_it_or_keeps_the_place_and_nobody_else(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        one = await claim_for_guest(actor=cast.samira, slot_id=made, first_name="Monique", now=NOON)
        two = await claim_for_guest(actor=cast.samira, slot_id=made, first_name="René", now=NOON)
        with pytest.raises(NotFound):
            await give_guest_back(actor=cast.karim, holding_id=one, now=NOON)
        for _ in range(2):
            await give_guest_back(actor=cast.samira, holding_id=one, now=NOON)
        assert await mails() == []
        await give_guest_back(actor=cast.rosa, holding_id=two, now=NOON)
        (mail,) = await mails(to=cast.samira, kind="cancellation")
        assert "René" in mail["subject"]
        assert "Rosa" in mail["body"]
        assert await holders(made) == []
        await consistent()

    async def test_nor_of_a_member_nor_when_it_is_over(self, cast: Cast) -> None:
        made = await make_slot(place_id=cast.place, people=2)
        await claim(actor=cast.karim, slot_id=made, now=NOON)
        (theirs,) = await holdings(made)
        with pytest.raises(NotFound):
            await give_guest_back(actor=cast.rosa, holding_id=theirs["id"], now=NOON)
        guest = await claim_for_guest(actor=cast.samira, slot_id=made, first_name="Monique", now=NOON)
        over = (await slot(made))["ends_at"] + timedelta(minutes=1)
        await refused(give_guest_back(actor=cast.samira, holding_id=guest, now=over), RotaRefusal.OVER)


async def test_what_is_counted_is_kept_by_the_database_too(cast: Cast) -> None:
    """More people than places cannot be written, whatever the code does."""
    made = await make_slot(place_id=cast.place)
    with pytest.raises(Exception, match=r"(?i)check"):
        async with transaction():
            await Slot.update({Slot.taken: 2}).where(Slot.id == made)
