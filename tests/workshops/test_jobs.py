"""What the clock does, on both engines. Each job is run twice: the second time nothing is left to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.database import run
from app.one_by_one import SomeFailed
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import (
    acts,
    entry,
    entry_state,
    journal,
    mailed,
    mails,
    places,
    sign_ups,
    state,
    workshop,
)
from tests.workshops.test_commands_reading import send_back
from workshops import jobs
from workshops.commands import (
    contest,
    decide,
    edit,
    propose,
    review_again,
    say_yes,
    sign_up,
    sign_up_guest,
    withdraw,
    withdraw_proposal,
)
from workshops.commands.publishing import agree
from workshops.domain import DOMAIN
from workshops.facts import Row
from workshops.states import Format, Need

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOON + 10 * DAY


async def twice(job: Callable[[datetime], Awaitable[int]], now: datetime) -> int:
    """How many things it did; doing it again does nothing."""
    done = await job(now)
    assert await job(now) == 0
    return done


class TestOneThatFallsOver:
    async def test_the_others_are_done(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = await make_proposal(place_id=cast.place, host=cast.yann)
        other = await make_proposal(place_id=cast.place, host=cast.aicha, starts_at=START + HOUR * 5)

        async def publish(row: Row, **how: Any) -> None:
            if row["id"] == broken:
                raise ZeroDivisionError
            await agree(row, **how)

        monkeypatch.setattr(jobs, "agree", publish)
        with pytest.raises(SomeFailed) as failed:
            await jobs.publish_silent(NOON + 7 * DAY)
        assert (failed.value.done, failed.value.failed) == (1, 1)
        assert (await state(broken), await state(other)) == ("proposed", "published")


class TestSilence:
    async def test_it_publishes_when_it_is_due_and_not_before(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        assert await jobs.publish_silent(NOON + 7 * DAY - HOUR) == 0
        assert await twice(jobs.publish_silent, NOON + 7 * DAY) == 1
        row = await workshop(made)
        assert (row["state"], row["decided_by"], row["decided_how"]) == ("published", None, "silence")
        assert await entry_state(made) == "confirmed"
        assert [(line["act"], line["voice"]) for line in await journal(made)] == [("workshop.published", "silence")]
        assert len(await mails(to=cast.yann, kind="hosting")) == 1

    async def test_what_needs_the_bureau_waits_for_it_all_the_same(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.OUTING}))
        assert await twice(jobs.publish_silent, NOON + 7 * DAY) == 1
        assert await state(made) == "proposed"
        await say_yes(actor=cast.rosa, workshop_id=made, now=NOON + 8 * DAY)
        assert await state(made) == "published"
        assert (await journal(made))[-1]["voice"] == "silence"

    async def test_without_its_room_a_day_before_the_first_booking_standing(self, cast: Cast) -> None:
        first = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, room_id=cast.salon)
        made = await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon, keep_room_wish=True)
        assert await jobs.publish_silent(NOON + 8 * DAY) == 0
        assert await twice(jobs.publish_silent, START - DAY) == 1
        row = await workshop(made)
        assert (row["state"], row["room_id"], row["wished_room_id"]) == ("published", None, cast.salon)
        assert (await workshop(first))["room_id"] == cast.salon
        (mail,) = await mails(to=cast.aicha, kind="hosting")
        assert "pas encore de salle" in mail["body"].replace("\u00a0", " ")

    async def test_it_keeps_an_edit_that_was_put_back_to_be_read(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title="Un"), version=1, now=NOON)
        await review_again(actor=cast.helene, workshop_id=made, now=NOON)
        assert await jobs.publish_silent(NOON + DAY) == 0
        assert await twice(jobs.publish_silent, NOON + 7 * DAY) == 1
        row = await workshop(made)
        assert (row["title"], row["review_due_at"], row["edited_at"]) == ("Un", None, None)

    async def test_it_settles_a_contest(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        await send_back(cast, made)
        await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON + DAY)
        assert await jobs.settle_contests(NOON + 5 * DAY) == 0
        assert await twice(jobs.settle_contests, NOON + 6 * DAY) == 1
        assert await state(made) == "published"
        assert (await journal(made))[-1]["voice"] == "silence"

    async def test_a_contest_near_the_start_is_settled_before_it(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 2 * DAY)
        await send_back(cast, made)
        await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON)
        assert await twice(jobs.settle_contests, NOON + DAY) == 1
        assert await state(made) == "published"


class TestOffers:
    async def test_one_that_nobody_answers_goes_to_the_next(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, capacity=3)
        for member in (cast.samira, cast.karim, cast.odile, cast.aicha, cast.rosa):
            await sign_up(actor=member, workshop_id=made, now=NOON)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        assert await jobs.lapse_offers(NOON + DAY - HOUR) == 0
        assert await twice(jobs.lapse_offers, NOON + DAY) == 1
        states = await places(made)
        assert (states[cast.aicha], states[cast.rosa]) == ("lapsed", "offered")
        assert [mail["member_id"] for mail in await mails(kind="offer")] == [cast.aicha, cast.aicha, cast.rosa]
        assert await twice(jobs.lapse_offers, NOON + 2 * DAY) == 1
        assert (await entry(made) or {})["taken"] == 2


class TestWhatIsOver:
    async def test_drafts_and_what_was_sent_back_lapse(self, cast: Cast) -> None:
        draft = await propose(
            actor=cast.aicha, place_id=cast.place, proposal=a_proposal(), draft=True, once="draft", now=NOON
        )
        sent_back = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        await send_back(cast, sent_back)
        assert await jobs.lapse_past(START - HOUR) == 0
        assert await twice(jobs.lapse_past, START) == 2
        assert (await state(draft), await state(sent_back)) == ("lapsed", "lapsed")
        assert await entry_state(sent_back) == "gone"
        assert cast.aicha not in await mailed()

    async def test_what_waited_in_vain_for_the_bureau_lapses_too(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.MINORS}))
        await jobs.publish_silent(NOON + 7 * DAY)
        assert await jobs.lapse_past(START - HOUR) == 0
        assert await twice(jobs.lapse_past, START) == 1
        assert (await state(made), await entry_state(made)) == ("lapsed", "gone")
        assert any("oui du bureau" in mail["body"] for mail in await mails(to=cast.yann))

    async def test_what_is_published_never_lapses(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        assert await jobs.lapse_past(START + HOUR) == 0
        assert await jobs.hold_past(START + HOUR) == 0
        assert await twice(jobs.hold_past, START + 2 * HOUR) == 1
        assert (await state(made), await entry_state(made)) == ("held", "confirmed")

    async def test_what_silence_published_too_late_was_held_all_the_same(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        late = START + 5 * DAY  # the machine was off
        assert await jobs.publish_silent(late) == 1
        assert await jobs.hold_past(late) == 1
        assert await state(made) == "held"


class TestARoomToFind:
    async def test_it_is_given_when_it_comes_free_and_the_clock_goes_on(self, cast: Cast) -> None:
        first = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon, starts_at=NOON + 30 * DAY)
        made = await make_proposal(
            place_id=cast.place,
            host=cast.aicha,
            room_id=cast.salon,
            keep_room_wish=True,
            starts_at=NOON + 30 * DAY,
        )
        assert await jobs.room_to_find(NOON + DAY) == 0
        await withdraw_proposal(actor=cast.yann, workshop_id=first, now=NOON + DAY)
        assert await twice(jobs.room_to_find, NOON + DAY) == 1
        row = await workshop(made)
        assert (row["room_id"], row["wished_room_id"], row["due_at"]) == (cast.salon, None, NOON + 7 * DAY)
        assert (await entry(made) or {})["room_id"] == cast.salon
        assert await mailed(kind="hosting", about="room") == {cast.aicha}

    async def test_two_wishes_the_first_to_propose_has_it(self, cast: Cast) -> None:
        first = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        wishes = [
            await make_proposal(place_id=cast.place, host=host, room_id=cast.salon, keep_room_wish=True, now=at)
            for host, at in ((cast.aicha, NOON), (cast.odile, NOON + HOUR))
        ]
        await decide(actor=cast.bruno, workshop_id=wishes[0], decision="approve", version=1, now=NOON + HOUR)
        await sign_up(actor=cast.samira, workshop_id=wishes[0], now=NOON + HOUR)
        await withdraw_proposal(actor=cast.yann, workshop_id=first, now=NOON + HOUR)
        assert await twice(jobs.room_to_find, NOON + HOUR) == 1
        assert [(await workshop(wish))["room_id"] for wish in wishes] == [cast.salon, None]
        assert await mailed(kind="change") == {cast.aicha, cast.samira}


class TestLowNumbers:
    async def make(self, cast: Cast, people: int, *, now: datetime = NOON) -> int:
        made = await make_workshop(
            place_id=cast.place, host=cast.yann, mediator=cast.bruno, format=Format.CV_TROC, now=now
        )
        for _ in range(people):
            await sign_up(actor=await make_member(), workshop_id=made, now=now)
        return made

    async def test_hosts_are_asked_once_48_hours_before(self, cast: Cast) -> None:
        await self.make(cast, 5)
        assert await jobs.low_numbers(START - 49 * HOUR) == 0
        assert await twice(jobs.low_numbers, START - 48 * HOUR) == 1
        assert await jobs.low_numbers(START - HOUR) == 0
        (mail,) = await mails(to=cast.yann, kind="hosting", about="low")
        assert "5" in mail["body"]
        assert "6" in mail["body"]

    @pytest.mark.parametrize(("people", "published_at"), [(6, NOON), (5, START - 40 * HOUR)])
    async def test_not_when_there_are_enough_nor_when_it_was_only_just_published(
        self, cast: Cast, people: int, published_at: datetime
    ) -> None:
        await self.make(cast, people, now=published_at)
        assert await jobs.low_numbers(START - 30 * HOUR) == 0


class TestGuests:
    async def test_first_names_and_who_brought_them_are_forgotten_after_30_days(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
        await sign_up(actor=cast.karim, workshop_id=made, now=NOON)
        end = START + 2 * HOUR
        assert await jobs.erase_guests(end + 30 * DAY - HOUR) == 0
        assert await twice(jobs.erase_guests, end + 30 * DAY) == 1
        guest, member = await sign_ups(made)
        assert (guest["first_name"], guest["signed_by"], member["member_id"]) == ("", None, cast.karim)
        assert await run("select id from sign_up where first_name = 'Paul'") == []
        guests = "select actor_id from journal_line where act = 'workshop.guest_signed_up'"
        assert [line["actor_id"] for line in await run(guests)] == [None]


def test_every_job_is_in_the_registry() -> None:
    assert {job.name.removeprefix("workshops.") for job in DOMAIN.jobs} == {
        "publish_silent",
        "settle_contests",
        "lapse_offers",
        "lapse_past",
        "hold_past",
        "room_to_find",
        "low_numbers",
        "erase_guests",
    }
    assert all(job.run.__name__ == job.name.removeprefix("workshops.") for job in DOMAIN.jobs)


async def test_the_whole_clock_twice_over_does_everything_once(cast: Cast) -> None:
    await make_proposal(place_id=cast.place, host=cast.yann)
    await make_proposal(place_id=cast.place, host=cast.aicha, needs=frozenset({Need.FLAME}))
    hour = NOON
    while hour < START + DAY:
        for _ in range(2):
            for job in DOMAIN.jobs:
                await job.run(hour)
        hour += 12 * HOUR
    shown = await run("select act from journal_line where shown = {} order by id", True)
    assert [row["act"] for row in shown] == ["workshop.published"]
    dedupes = [mail["dedupe"] for mail in await mails()]
    assert len(dedupes) == len(set(dedupes))
    assert sorted(row["state"] for row in await run("select state from workshop")) == ["held", "lapsed"]
    assert await acts(1, shown=False)
