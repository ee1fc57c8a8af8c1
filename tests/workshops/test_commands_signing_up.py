"""Places: taking, giving back, waiting, offers, people without an account; on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import NotFound
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import entry, mailed, mails, parts, places, refused, sign_ups
from workshops import jobs
from workshops.commands import answer_offer, cancel, edit, reopen, sign_up, sign_up_guest, withdraw, withdraw_guest
from workshops.states import SignUpState, WorkshopRefusal

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOON + 10 * DAY


async def full(cast: Cast, *waiting: int, capacity: int = 3) -> int:
    """Published by Yann, full with Samira, Karim and Odile, and these people waiting."""
    made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=capacity)
    for member in (cast.samira, cast.karim, cast.odile, *waiting):
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made


async def numbers(made: int) -> tuple[int, int]:
    """Taken and waiting, as the calendar says; they must be those of the sign-ups."""
    row = await entry(made) or {}
    states = [each["state"] for each in await sign_ups(made)]
    counted = sum(state in ("confirmed", "offered") for state in states), states.count("waiting")
    assert (row["taken"], row["waiting"]) == counted
    return counted


class TestSignUp:
    async def test_a_place_is_taken_told_and_in_the_calendar(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, bring="Ton CV\nUn stylo")
        before = (await entry(made) or {})["sequence"]
        assert await sign_up(actor=cast.samira, workshop_id=made, now=NOON) is SignUpState.CONFIRMED
        assert await parts(made) == {cast.yann: "host", cast.samira: "participant"}
        assert await numbers(made) == (1, 0)
        assert (await entry(made) or {})["sequence"] == before
        (mail,) = await mails(kind="confirmation")
        assert mail["member_id"] == cast.samira
        assert "Un stylo" in mail["body"]
        assert "Les Tanneurs, 14 rue des Tanneurs, 93200 Saint-Denis." in mail["body"], "read on the way"

    async def test_twenty_times_is_once(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        for _ in range(20):
            assert await sign_up(actor=cast.samira, workshop_id=made, now=NOON) is SignUpState.CONFIRMED
        assert len(await sign_ups(made)) == len(await mails(kind="confirmation")) == 1

    async def test_full_there_is_a_queue(self, cast: Cast) -> None:
        made = await full(cast, cast.rosa)
        assert await sign_up(actor=cast.aicha, workshop_id=made, now=NOON) is SignUpState.WAITING
        assert await sign_up(actor=cast.aicha, workshop_id=made, now=NOON) is SignUpState.WAITING
        assert await numbers(made) == (3, 2)
        assert (await parts(made))[cast.aicha] == "waiting"
        assert cast.aicha not in await mailed(kind="confirmation")

    async def test_mediators_and_people_of_other_places_come_like_anyone(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        stranger = await make_member()
        for member in (cast.bruno, stranger):
            assert await sign_up(actor=member, workshop_id=made, now=NOON) is SignUpState.CONFIRMED

    async def test_hosts_do_not_sign_up(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await refused(sign_up(actor=cast.yann, workshop_id=made, now=NOON), WorkshopRefusal.HOST_CANNOT_SIGN_UP)

    async def test_a_proposal_is_nothing_to_sign_up_to(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        with pytest.raises(NotFound):
            await sign_up(actor=cast.samira, workshop_id=made, now=NOON)
        await refused(sign_up(actor=cast.bruno, workshop_id=made, now=NOON), WorkshopRefusal.NOT_OPEN)
        with pytest.raises(NotFound):
            await sign_up(actor=cast.samira, workshop_id=made + 999, now=NOON)

    async def test_afterwards_it_is_over(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await refused(sign_up(actor=cast.samira, workshop_id=made, now=START + 2 * HOUR), WorkshopRefusal.OVER)


class TestWithdraw:
    async def test_the_place_is_free_at_once_and_offered_to_the_first_who_waits(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        assert await withdraw(actor=cast.karim, workshop_id=made, now=NOON) is SignUpState.CONFIRMED
        states = await places(made)
        assert (states[cast.karim], states[cast.aicha], states[cast.rosa]) == ("withdrawn", "offered", "waiting")
        offered = next(row for row in await sign_ups(made) if row["member_id"] == cast.aicha)
        assert offered["offer_until"] == NOON + DAY
        assert await mailed(kind="offer") == {cast.aicha}
        assert await numbers(made) == (3, 1)
        assert cast.karim not in await parts(made)

    async def test_twice_is_once_and_never_having_come_is_nothing(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        for _ in range(3):
            await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        await withdraw(actor=cast.newcomer, workshop_id=made, now=NOON)
        assert list((await places(made)).values()).count("offered") == 1

    async def test_leaving_the_queue_offers_nothing(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        await withdraw(actor=cast.aicha, workshop_id=made, now=NOON)
        assert await numbers(made) == (3, 1)
        assert await mails(kind="offer") == []

    async def test_whoever_comes_back_stands_at_the_end(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        assert await sign_up(actor=cast.karim, workshop_id=made, now=NOON) is SignUpState.WAITING
        await answer_offer(actor=cast.aicha, workshop_id=made, yes=False, now=NOON)
        assert (await places(made))[cast.karim] == "offered"

    async def test_while_anyone_waits_a_freed_place_is_nobody_elses(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        assert await sign_up(actor=cast.newcomer, workshop_id=made, now=NOON) is SignUpState.WAITING


class TestOffers:
    async def test_yes_takes_it(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        for _ in range(2):
            await answer_offer(actor=cast.aicha, workshop_id=made, yes=True, now=NOON + HOUR)
        assert (await places(made))[cast.aicha] == "confirmed"
        assert (await parts(made))[cast.aicha] == "participant"
        assert len(await mails(to=cast.aicha, kind="confirmation")) == 1

    async def test_signing_up_once_more_is_a_yes_too(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        assert await sign_up(actor=cast.aicha, workshop_id=made, now=NOON) is SignUpState.CONFIRMED

    async def test_no_passes_it_on(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        for _ in range(2):
            await answer_offer(actor=cast.aicha, workshop_id=made, yes=False, now=NOON + HOUR)
        states = await places(made)
        assert (states[cast.aicha], states[cast.rosa]) == ("withdrawn", "offered")

    async def test_no_answer_in_time_passes_it_on_even_before_the_job_has_run(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        late = NOON + DAY
        await refused(answer_offer(actor=cast.aicha, workshop_id=made, yes=True, now=late), WorkshopRefusal.OFFER_OVER)
        assert await sign_up(actor=cast.aicha, workshop_id=made, now=late) is SignUpState.WAITING
        states = await places(made)
        assert (states[cast.aicha], states[cast.rosa]) == ("waiting", "offered")

    async def test_nobody_answers_an_offer_that_is_not_theirs(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        for yes in (True, False):
            await refused(answer_offer(actor=cast.aicha, workshop_id=made, yes=yes, now=NOON), WorkshopRefusal.NO_OFFER)
            await refused(answer_offer(actor=cast.rosa, workshop_id=made, yes=yes, now=NOON), WorkshopRefusal.NO_OFFER)

    async def test_in_the_last_two_hours_the_first_who_comes_takes_it(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa)
        late = START - 2 * HOUR
        await withdraw(actor=cast.karim, workshop_id=made, now=late)
        assert (await places(made))[cast.aicha] == "waiting"
        assert await mailed(kind="offer") == {cast.aicha, cast.rosa}
        assert await sign_up(actor=cast.rosa, workshop_id=made, now=late) is SignUpState.CONFIRMED
        assert await sign_up(actor=cast.aicha, workshop_id=made, now=late) is SignUpState.WAITING
        assert await numbers(made) == (3, 1)

    async def test_a_person_without_mail_reads_the_offer_and_has_it_as_long(self, cast: Cast) -> None:
        nobody = await make_member(place_id=cast.place, email=None)
        made = await full(cast, nobody)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        assert (await places(made))[nobody] == "offered"
        (told,) = await mails(to=nobody)
        assert (told["kind"], told["recipient"], bool(told["on_site"])) == ("offer", "", True)


class TestGuests:
    async def test_a_person_without_an_account_has_a_place_and_it_is_known_through_whom(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        ids = {await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON) for _ in range(3)}
        (row,) = await sign_ups(made)
        assert ids == {row["id"]}
        assert (row["first_name"], row["signed_by"], row["state"]) == ("Paul", cast.samira, "confirmed")
        assert await numbers(made) == (1, 0)

    async def test_they_do_not_wait(self, cast: Cast) -> None:
        made = await full(cast)
        attempt = sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
        await refused(attempt, WorkshopRefusal.FULL)

    async def test_nor_do_they_pass_before_those_who_do(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        await reopen(actor=cast.yann, workshop_id=made, now=START - 3 * HOUR)
        attempt = sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=START - 3 * HOUR)
        await refused(attempt, WorkshopRefusal.FULL)
        assert (await places(made))[cast.aicha] == "offered"

    async def test_whoever_took_it_or_a_host_gives_it_back(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=3)
        first = await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
        second = await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Nora", now=NOON)
        with pytest.raises(NotFound):
            await withdraw_guest(actor=cast.karim, sign_up_id=first, now=NOON)
        for _ in range(2):
            await withdraw_guest(actor=cast.samira, sign_up_id=first, now=NOON)
        await withdraw_guest(actor=cast.yann, sign_up_id=second, now=NOON)
        assert await numbers(made) == (0, 0)

    async def test_a_members_place_is_not_given_back_so(self, cast: Cast) -> None:
        made = await full(cast)
        karims = next(row["id"] for row in await sign_ups(made) if row["member_id"] == cast.karim)
        for actor in (cast.karim, cast.yann):
            with pytest.raises(NotFound):
                await withdraw_guest(actor=actor, sign_up_id=karims, now=NOON)


class TestCapacity:
    async def test_lowered_below_what_is_taken_it_is_refused(self, cast: Cast) -> None:
        made = await full(cast)
        attempt = edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(capacity=2), version=1, now=NOON)
        caught = await refused(attempt, WorkshopRefusal.FEWER_THAN_TAKEN)
        assert caught.details["taken"] == 3

    async def test_raised_it_is_offered_to_those_who_wait_and_all_are_told(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha, cast.rosa, cast.newcomer)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(capacity=5), version=1, now=NOON)
        states = await places(made)
        assert [states[member] for member in (cast.aicha, cast.rosa, cast.newcomer)] == [
            "offered",
            "offered",
            "waiting",
        ]
        assert await numbers(made) == (5, 1)
        assert len(await mailed(kind="change")) == 6


class TestCancelAndReopen:
    async def test_the_list_is_kept_and_people_are_asked_again(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        for _ in range(2):
            await cancel(actor=cast.yann, workshop_id=made, reason="La salle est inondée.", now=NOON)
        told = await mails(kind="cancellation")
        assert {mail["member_id"] for mail in told} == {cast.samira, cast.karim, cast.odile, cast.aicha, cast.yann}
        assert len(told) == 5
        assert {mail["member_id"] for mail in told if not mail["method"]} == {cast.aicha}, "she only waits"
        assert all("inondée" in mail["body"] for mail in told)
        await refused(sign_up(actor=cast.rosa, workshop_id=made, now=NOON), WorkshopRefusal.NOT_OPEN)

        await reopen(actor=cast.yann, workshop_id=made, now=NOON + HOUR)
        states = await places(made)
        assert [states[member] for member in (cast.samira, cast.karim, cast.odile)] == ["offered"] * 3
        assert states[cast.aicha] == "waiting"
        assert await mailed(kind="offer") == {cast.samira, cast.karim, cast.odile}
        assert cast.aicha in await mailed(kind="change")
        assert await numbers(made) == (3, 1)
        await answer_offer(actor=cast.samira, workshop_id=made, yes=True, now=NOON + 2 * HOUR)
        await answer_offer(actor=cast.karim, workshop_id=made, yes=False, now=NOON + 2 * HOUR)
        assert (await places(made))[cast.aicha] == "offered"
        assert await jobs.lapse_offers(NOON + HOUR + DAY) == 1
        assert (await places(made))[cast.odile] == "lapsed"
        assert len(await mails(to=cast.samira, kind="confirmation")) == 2

    async def test_an_offer_does_not_lapse_while_it_is_cancelled(self, cast: Cast) -> None:
        made = await full(cast, cast.aicha)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        assert await jobs.lapse_offers(NOON + 2 * DAY) == 0
        await reopen(actor=cast.yann, workshop_id=made, now=NOON + 2 * DAY)
        await answer_offer(actor=cast.aicha, workshop_id=made, yes=True, now=NOON + 2 * DAY + HOUR)
        assert (await places(made))[cast.aicha] == "confirmed"

    async def test_whoever_signed_up_a_guest_is_told_for_them(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        (mail,) = await mails(to=cast.samira, kind="cancellation")
        assert "Paul" in mail["body"]
        await reopen(actor=cast.yann, workshop_id=made, now=NOON)
        (row,) = await sign_ups(made)
        assert row["state"] == "confirmed"
