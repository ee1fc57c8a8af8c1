"""Mediators, the bureau, the drawn: decisions, blocks, contests, edits put back to be read; on both engines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.tables import Membership
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_place, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import acts, entry, entry_state, journal, mailed, mails, refused, state, workshop
from workshops import jobs
from workshops.commands import (
    block,
    contest,
    decide,
    edit,
    review_again,
    say_yes,
    sign_up,
    submit,
    vote,
    withdraw_proposal,
)
from workshops.states import Need, WorkshopRefusal

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FLAME = frozenset({Need.FLAME})


def first_of(eligible: Sequence[int], count: int) -> list[int]:
    """A lot that falls on the first, so that a test knows on whom."""
    return list(eligible)[:count]


async def without_helene(cast: Cast) -> None:
    """Only one mediator is left."""
    async with transaction():
        await Membership.update({Membership.mediator: False}).where(Membership.member_id == cast.helene)


async def send_back(cast: Cast, made: int, *, version: int = 1) -> None:
    await decide(
        actor=cast.bruno,
        workshop_id=made,
        decision="send_back",
        reason="Le titre promet trop.",
        way_out="Un titre plus simple.",
        version=version,
        now=NOON,
    )


class TestDecide:
    async def test_agreed_it_is_published_announced_and_told(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON + HOUR)
        row = await workshop(made)
        assert (row["state"], row["decided_by"], row["decided_how"]) == ("published", cast.bruno, "mediation")
        assert row["published_at"] == NOON + HOUR
        assert await entry_state(made) == "confirmed"
        assert await journal(made) == [
            {
                "act": "workshop.published",
                "voice": "mediation",
                "actor_id": cast.bruno,
                "title": "On se relit nos CV",
                "reason": "",
            }
        ]
        assert await mailed(kind="hosting") == {cast.yann}

    async def test_the_same_decision_twice_is_one(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        for _ in range(2):
            await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON)
        assert len(await journal(made)) == len(await mails(kind="hosting")) == 1

    async def test_a_change_is_asked_with_its_reason_and_what_would_do(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        await send_back(cast, made)
        row = await workshop(made)
        assert (row["state"], row["reason"], row["way_out"]) == (
            "sent_back",
            "Le titre promet trop.",
            "Un titre plus simple.",
        )
        (mail,) = await mails(to=cast.yann, kind="hosting")
        assert "Le titre promet trop." in mail["body"]
        assert "Un titre plus simple." in mail["body"]
        assert await entry_state(made) == "tentative"
        await refused(
            make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon), WorkshopRefusal.ROOM_TAKEN
        )

    async def test_members_read_the_reason_at_once_and_the_title_once_it_is_published(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, made)
        (line,) = await journal(made)
        assert (line["title"], line["reason"]) == ("", "Le titre promet trop.\n\nUn titre plus simple.")
        await submit(actor=cast.yann, workshop_id=made, now=NOON)
        await decide(actor=cast.helene, workshop_id=made, decision="approve", version=2, now=NOON)
        assert [line["title"] for line in await journal(made)] == ["On se relit nos CV"] * 2

    async def test_only_mediators_of_the_place_decide(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        elsewhere = await make_place(name="La Halle")
        mediator_elsewhere = await make_member(place_id=elsewhere, mediator=True)
        for other in (cast.aicha, mediator_elsewhere):
            with pytest.raises(NotFound):  # to them the proposal does not exist yet
                await decide(actor=other, workshop_id=made, decision="approve", version=1, now=NOON)
        await refused(
            decide(actor=cast.yann, workshop_id=made, decision="approve", version=1, now=NOON),
            WorkshopRefusal.ONLY_MEDIATORS,
        )
        assert await state(made) == "proposed"

    async def test_nobody_decides_on_their_own(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        async with transaction():
            await Membership.update({Membership.mediator: True}).where(Membership.member_id == cast.yann)
        await refused(
            decide(actor=cast.yann, workshop_id=made, decision="approve", version=1, now=NOON),
            WorkshopRefusal.CONCERNED,
        )

    async def test_an_unknown_decision_decides_nothing(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        with pytest.raises(ValueError, match="refuse"):
            await decide(actor=cast.bruno, workshop_id=made, decision="refuse", version=1, now=NOON)

    async def test_proposing_again_restarts_the_clock(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        await send_back(cast, made)
        await submit(actor=cast.yann, workshop_id=made, now=NOON + 3 * DAY)
        row = await workshop(made)
        assert (row["state"], row["version"], row["due_at"]) == ("proposed", 2, NOON + 10 * DAY)
        assert row["decided_at"] is None
        await refused(
            decide(actor=cast.helene, workshop_id=made, decision="approve", version=1, now=NOON + 3 * DAY),
            WorkshopRefusal.CHANGED_MEANWHILE,
        )

    async def test_a_wished_room_that_has_come_free_is_given_with_publication(self, cast: Cast) -> None:
        first = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        made = await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon, keep_room_wish=True)
        await withdraw_proposal(actor=cast.yann, workshop_id=first, now=NOON)
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON)
        row = await workshop(made)
        assert (row["room_id"], row["wished_room_id"]) == (cast.salon, None)
        assert (await entry(made) or {})["room_id"] == cast.salon


class TestTheBureausYes:
    async def test_a_mediators_agreement_is_kept_until_the_yes(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=FLAME)
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON + HOUR)
        row = await workshop(made)
        assert (row["state"], row["agreed_at"], row["decided_by"]) == ("proposed", NOON + HOUR, cast.bruno)
        assert await entry_state(made) == "tentative"
        await refused(
            decide(actor=cast.helene, workshop_id=made, decision="send_back", version=1, now=NOON + HOUR),
            WorkshopRefusal.ALREADY_DECIDED,
        )
        await say_yes(actor=cast.rosa, workshop_id=made, now=NOON + 2 * HOUR)
        row = await workshop(made)
        assert (row["state"], row["published_at"], row["decided_at"]) == ("published", NOON + 2 * HOUR, NOON + HOUR)
        assert [(line["act"], line["voice"]) for line in await journal(made)] == [
            ("workshop.yes", "bureau"),
            ("workshop.published", "mediation"),
        ]

    async def test_a_yes_before_the_reading_publishes_nothing_yet(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=FLAME)
        for _ in range(2):
            await say_yes(actor=cast.rosa, workshop_id=made, now=NOON)
        assert await state(made) == "proposed"
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON)
        assert await state(made) == "published"
        assert await acts(made) == ["workshop.yes", "workshop.published"]

    async def test_nobody_says_yes_to_what_was_added_meanwhile(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=FLAME)
        more = a_proposal(needs=FLAME | {Need.ALCOHOL})
        await edit(actor=cast.yann, workshop_id=made, proposal=more, version=1, now=NOON)
        stale = say_yes(actor=cast.rosa, workshop_id=made, version=1, now=NOON)
        await refused(stale, WorkshopRefusal.CHANGED_MEANWHILE)
        await say_yes(actor=cast.rosa, workshop_id=made, version=2, now=NOON)
        assert (await workshop(made))["yes_by"] == cast.rosa

    async def test_neither_by_the_proposer_nor_by_a_mediator_nor_by_anyone(self, cast: Cast) -> None:
        own = await make_proposal(place_id=cast.place, host=cast.rosa, needs=FLAME)
        await refused(say_yes(actor=cast.rosa, workshop_id=own, now=NOON), WorkshopRefusal.CONCERNED)
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=FLAME)
        await refused(say_yes(actor=cast.bruno, workshop_id=made, now=NOON), WorkshopRefusal.NEEDS_THE_BUREAU)
        with pytest.raises(NotFound):
            await say_yes(actor=cast.aicha, workshop_id=made, now=NOON)

    async def test_whoever_may_say_yes_is_told(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, needs=FLAME)
        (mail,) = await mails(to=cast.rosa)
        assert "flamme" in mail["body"]


class TestBlock:
    async def test_silence_stops_for_72_hours_and_then_the_drawn_have_as_long(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        at = NOON + 6 * DAY
        for _ in range(2):
            await block(actor=cast.bruno, workshop_id=made, reason="Deux groupes se disputent.", now=at)
        row = await workshop(made)
        assert (row["blocked_until"], row["due_at"]) == (at + 3 * DAY, at + 6 * DAY)
        assert await jobs.publish_silent(NOON + 8 * DAY) == 0
        assert await acts(made) == ["workshop.blocked"]
        await refused(
            block(actor=cast.helene, workshop_id=made, reason="Moi aussi.", now=at), WorkshopRefusal.ALREADY_BLOCKED
        )

    async def test_what_was_not_read_is_not_blocked(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title="Un"), version=1, now=NOON)
        stale = block(actor=cast.bruno, workshop_id=made, reason="Non.", version=1, now=NOON)
        await refused(stale, WorkshopRefusal.CHANGED_MEANWHILE)

    async def test_the_drawn_go_on_ruling_when_a_room_is_found_meanwhile(self, cast: Cast) -> None:
        first = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        made = await make_proposal(place_id=cast.place, host=cast.odile, room_id=cast.salon, keep_room_wish=True)
        await block(actor=cast.bruno, workshop_id=made, reason="Une dispute.", now=NOON)
        await jobs.settle_contests(NOON + 3 * DAY, draw=first_of)
        await withdraw_proposal(actor=cast.yann, workshop_id=first, now=NOON + 3 * DAY)
        assert await jobs.room_to_find(NOON + 3 * DAY) == 1
        assert await jobs.settle_contests(NOON + 3 * DAY, draw=first_of) == 0
        for member in (cast.samira, cast.karim):
            await vote(actor=member, workshop_id=made, vote="publish", now=NOON + 3 * DAY)
        assert await state(made) == "published"

    async def test_then_three_drawn_members_rule(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        await block(actor=cast.bruno, workshop_id=made, reason="Deux groupes se disputent.", now=NOON)
        assert await jobs.settle_contests(NOON + 3 * DAY - HOUR, draw=first_of) == 0
        assert await jobs.settle_contests(NOON + 3 * DAY, draw=first_of) == 1
        assert await jobs.settle_contests(NOON + 3 * DAY, draw=first_of) == 0
        drawn = await mailed(kind="duty")
        assert drawn == {cast.samira, cast.karim, cast.aicha}  # neither Yann, who proposes, nor a mediator
        now = NOON + 4 * DAY
        await refused(
            decide(actor=cast.helene, workshop_id=made, decision="approve", version=1, now=now),
            WorkshopRefusal.DRAWN_RULE,
        )
        with pytest.raises(NotFound):
            await vote(actor=cast.odile, workshop_id=made, vote="publish", now=now)
        await vote(actor=cast.samira, workshop_id=made, vote="send_back", now=now)
        await vote(actor=cast.samira, workshop_id=made, vote="publish", now=now)
        assert await state(made) == "proposed"
        await vote(actor=cast.karim, workshop_id=made, vote="publish", now=now)
        assert await state(made) == "published"
        assert (await journal(made))[-1]["voice"] == "drawn"
        assert (await journal(made))[-1]["actor_id"] is None

    async def test_they_may_ask_for_a_change_and_the_blocks_reason_is_theirs(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        await block(actor=cast.bruno, workshop_id=made, reason="Deux groupes se disputent.", now=NOON)
        await jobs.settle_contests(NOON + 3 * DAY, draw=first_of)
        for member in (cast.samira, cast.karim):
            await vote(actor=member, workshop_id=made, vote="send_back", now=NOON + 4 * DAY)
        row = await workshop(made)
        assert (row["state"], row["reason"], row["decided_how"]) == ("sent_back", "Deux groupes se disputent.", "drawn")

    async def test_if_they_say_nothing_it_is_published(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        await block(actor=cast.bruno, workshop_id=made, reason="Deux groupes.", now=NOON + 6 * DAY)
        await jobs.settle_contests(NOON + 9 * DAY, draw=first_of)
        assert await jobs.publish_silent(NOON + 12 * DAY) == 1
        assert (await journal(made))[-1]["voice"] == "silence"


class TestContest:
    async def test_another_mediator_settles_it(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, made)
        for _ in range(2):
            await contest(actor=cast.yann, workshop_id=made, word="Le titre dit vrai.", now=NOON)
        row = await workshop(made)
        assert (row["state"], row["contest_due_at"], row["contest_word"]) == (
            "contested",
            NOON + 5 * DAY,
            "Le titre dit vrai.",
        )
        assert await mailed(kind="hosting") == {cast.yann}
        (asked,) = await mails(kind="duty")
        assert (asked["member_id"], asked["link"]) == (cast.helene, f"/mediation/ateliers/{made}")
        await refused(
            decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON),
            WorkshopRefusal.CONCERNED,
        )
        await decide(actor=cast.helene, workshop_id=made, decision="approve", version=1, now=NOON)
        assert await state(made) == "published"
        assert await run("select id from juror") == []

    async def test_once_is_enough(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, made)
        await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON)
        await decide(actor=cast.helene, workshop_id=made, decision="send_back", reason="Non plus.", version=1, now=NOON)
        assert (await workshop(made))["reason"] == "Non plus."
        assert len(await mails(to=cast.yann, kind="hosting")) == 2
        await refused(
            contest(actor=cast.yann, workshop_id=made, word="Si !", now=NOON), WorkshopRefusal.ALREADY_CONTESTED
        )
        await submit(actor=cast.yann, workshop_id=made, now=NOON)
        await send_back(cast, made, version=2)
        await contest(actor=cast.yann, workshop_id=made, word="Si !", now=NOON)
        assert await state(made) == "contested"

    async def test_where_there_is_no_other_three_members_are_drawn(self, cast: Cast) -> None:
        await without_helene(cast)
        made = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        await send_back(cast, made)
        await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON, draw=first_of)
        assert await mailed(kind="duty") == {cast.samira, cast.karim, cast.odile}
        await refused(vote(actor=cast.yann, workshop_id=made, vote="publish", now=NOON), WorkshopRefusal.NOT_DRAWN)
        for member, said in ((cast.samira, "publish"), (cast.karim, "send_back"), (cast.odile, "publish")):
            await vote(actor=member, workshop_id=made, vote=said, now=NOON)
        assert await state(made) == "published"
        await vote(actor=cast.karim, workshop_id=made, vote="send_back", now=NOON)  # as before: nothing to refuse
        late = vote(actor=cast.karim, workshop_id=made, vote="publish", now=NOON)
        await refused(late, WorkshopRefusal.ALREADY_DECIDED)

    async def test_the_drawn_agree_with_the_mediator_and_the_reason_stays(self, cast: Cast) -> None:
        await without_helene(cast)
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, made)
        await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON, draw=first_of)
        for member in (cast.samira, cast.karim):
            await vote(actor=member, workshop_id=made, vote="send_back", now=NOON)
        row = await workshop(made)
        assert (row["state"], row["reason"], row["decided_how"]) == ("sent_back", "Le titre promet trop.", "drawn")

    async def test_the_lot_falls_on_different_people(self, cast: Cast) -> None:
        await without_helene(cast)
        seen: set[int] = set()
        for number in range(12):
            starts_at = NOON + (10 + number) * DAY
            made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=starts_at)
            await send_back(cast, made)
            await contest(actor=cast.yann, workshop_id=made, word="Si.", now=NOON)
            drawn = {row["member_id"] for row in await run("select member_id from juror where workshop_id = {}", made)}
            assert len(drawn) == 3
            assert drawn.isdisjoint({cast.yann, cast.bruno, cast.newcomer})
            seen |= drawn
        assert len(seen) > 3

    async def test_a_start_too_near_to_be_settled_is_moved_first(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 5 * HOUR)
        await send_back(cast, made)
        late = NOON + 2 * HOUR
        await refused(contest(actor=cast.yann, workshop_id=made, word="Si.", now=late), WorkshopRefusal.STARTS_TOO_SOON)

    async def test_only_its_hosts_contest(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await send_back(cast, made)
        await refused(contest(actor=cast.bruno, workshop_id=made, word="Si.", now=NOON), WorkshopRefusal.ONLY_HOSTS)
        with pytest.raises(NotFound):
            await contest(actor=cast.aicha, workshop_id=made, word="Si.", now=NOON)


class TestReviewAgain:
    async def make(self, cast: Cast) -> int:
        """Published, somebody signed up, then its words were changed twice."""
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await sign_up(actor=cast.aicha, workshop_id=made, now=NOON)
        for version, title in ((1, "Venez nombreux"), (2, "Venez tous")):
            await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title=title), version=version, now=NOON)
        return made

    async def test_the_workshop_stays_on_while_its_edit_is_read(self, cast: Cast) -> None:
        made = await self.make(cast)
        for _ in range(2):
            await review_again(actor=cast.helene, workshop_id=made, now=NOON + HOUR)
        row = await workshop(made)
        assert (row["state"], row["review_due_at"], row["title"]) == ("published", NOON + HOUR + 7 * DAY, "Venez tous")
        assert await entry_state(made) == "confirmed"
        assert await sign_up(actor=cast.odile, workshop_id=made, now=NOON + HOUR) == "confirmed"

    async def test_agreed_it_stays_as_it_is(self, cast: Cast) -> None:
        made = await self.make(cast)
        await review_again(actor=cast.helene, workshop_id=made, now=NOON)
        await decide(actor=cast.helene, workshop_id=made, decision="approve", version=3, now=NOON)
        row = await workshop(made)
        assert (row["title"], row["review_due_at"], row["edited_at"]) == ("Venez tous", None, None)
        await refused(
            decide(actor=cast.bruno, workshop_id=made, decision="send_back", version=3, now=NOON),
            WorkshopRefusal.ALREADY_DECIDED,
        )

    async def test_to_ask_for_a_change_brings_back_the_words_that_were_read(self, cast: Cast) -> None:
        made = await self.make(cast)
        await review_again(actor=cast.helene, workshop_id=made, now=NOON)
        await decide(
            actor=cast.helene,
            workshop_id=made,
            decision="send_back",
            reason="Le titre ne dit plus ce qu’on y fait.",
            version=3,
            now=NOON,
        )
        row = await workshop(made)
        assert (row["state"], row["title"], row["version"]) == ("published", "On se relit nos CV", 4)
        assert row["search_key"].startswith("on se relit nos cv")
        assert (await entry(made) or {})["title"] == "On se relit nos CV"
        assert any("Le titre ne dit plus" in mail["body"] for mail in await mails(to=cast.yann))
        assert await mailed(kind="change", about="put-back") == {cast.aicha}
        assert (await journal(made))[-1]["act"] == "workshop.edit_put_back"

    async def test_only_within_48_hours_and_only_by_a_mediator(self, cast: Cast) -> None:
        made = await self.make(cast)
        await refused(review_again(actor=cast.aicha, workshop_id=made, now=NOON), WorkshopRefusal.ONLY_MEDIATORS)
        await refused(
            review_again(actor=cast.helene, workshop_id=made, now=NOON + 2 * DAY), WorkshopRefusal.ALREADY_DECIDED
        )
