"""Proposing, drafts, editing before publication, taking back; on both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.i18n import language
from app.identity.tables import Membership
from tests.client import NOON
from tests.factories import a_proposal, make_place, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import acts, entry, entry_state, host_state, mailed, mails, parts, refused, state, workshop
from workshops import wording
from workshops.commands import (
    answer_invitation,
    block,
    decide,
    edit,
    leave_hosting,
    propose,
    say_yes,
    sign_up,
    submit,
    take_over,
    withdraw_proposal,
)
from workshops.states import Need, WorkshopRefusal

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
IN_TEN_DAYS = NOON + 10 * DAY


class TestPropose:
    async def test_it_waits_to_be_read_and_takes_its_room_and_its_hosts_time(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        row = await workshop(made)
        assert (row["state"], row["version"], row["room_id"], row["due_at"]) == (
            "proposed",
            1,
            cast.salon,
            NOON + 7 * DAY,
        )
        assert await entry_state(made) == "tentative"
        assert await parts(made) == {cast.yann: "host"}
        assert await acts(made, shown=False) == ["workshop.proposed"]
        assert await acts(made) == []

    async def test_the_same_form_twice_is_one_workshop(self, cast: Cast) -> None:
        ids = [
            await propose(
                actor=cast.yann, place_id=cast.place, proposal=a_proposal(), draft=False, once="form-1", now=NOON
            )
            for _ in range(3)
        ]
        assert len(set(ids)) == 1
        assert len(await run("select id from workshop")) == 1

    async def test_a_mediator_proposes_nothing_here_but_elsewhere_like_anyone(self, cast: Cast) -> None:
        await refused(make_proposal(place_id=cast.place, host=cast.bruno), WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE)
        elsewhere = await make_place(name="La Halle")
        await refused(make_proposal(place_id=elsewhere, host=cast.bruno), WorkshopRefusal.NOT_A_MEMBER_HERE)
        await run_membership(cast.bruno, elsewhere)
        made = await make_proposal(place_id=elsewhere, host=cast.bruno)
        assert await state(made) == "proposed"

    async def test_a_mediator_drafts_nothing_either(self, cast: Cast) -> None:
        attempt = propose(actor=cast.bruno, place_id=cast.place, proposal=a_proposal(), draft=True, once="x", now=NOON)
        await refused(attempt, WorkshopRefusal.MEDIATOR_CANNOT_PROPOSE)

    async def test_a_mediator_is_not_invited_to_host(self, cast: Cast) -> None:
        attempt = make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.bruno,))
        await refused(attempt, WorkshopRefusal.MEDIATOR_CANNOT_HOST)
        assert await run("select id from workshop") == []

    async def test_a_start_that_is_too_near_is_told_the_earliest_that_works(self, cast: Cast) -> None:
        near = make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 3 * HOUR)
        caught = await refused(near, WorkshopRefusal.STARTS_TOO_SOON)
        assert caught.details["earliest"] == NOON + 4 * HOUR
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=caught.details["earliest"])
        assert (await workshop(made))["due_at"] == NOON + 4 * HOUR

    async def test_a_taken_room_is_refused(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        attempt = make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon, starts_at=IN_TEN_DAYS + HOUR)
        caught = await refused(attempt, WorkshopRefusal.ROOM_TAKEN)
        assert caught.details["room"] == "Salon"
        after = make_proposal(
            place_id=cast.place, host=cast.aicha, room_id=cast.salon, starts_at=IN_TEN_DAYS + 2 * HOUR
        )
        assert await after

    async def test_unless_the_wish_is_kept_and_then_the_clock_stops(self, cast: Cast) -> None:
        first = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        made = await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon, keep_room_wish=True)
        row = await workshop(made)
        assert (row["room_id"], row["wished_room_id"], row["due_at"]) == (None, cast.salon, IN_TEN_DAYS - DAY)
        assert (await entry(first) or {})["room_id"] == cast.salon
        assert (await entry(made) or {})["room_id"] is None

    async def test_a_room_of_another_place_is_none(self, cast: Cast) -> None:
        elsewhere = await make_place(name="La Halle")
        await run_membership(cast.yann, elsewhere)
        with pytest.raises(NotFound):
            await make_proposal(place_id=elsewhere, host=cast.yann, room_id=cast.salon)

    async def test_more_people_than_the_room_holds_is_for_the_bureau(self, cast: Cast) -> None:
        attempt = make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon, capacity=16)
        await refused(attempt, WorkshopRefusal.ROOM_TOO_SMALL)
        made = await make_proposal(
            place_id=cast.place, host=cast.yann, room_id=cast.salon, capacity=16, needs=frozenset({Need.CROWD})
        )
        assert (await workshop(made))["needs"] == "crowd"
        assert await mailed(kind="duty") == {cast.rosa}

    async def test_ones_time_is_binding_and_the_sentence_names_the_thing_to_oneself(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, title="Café du matin")
        caught = await refused(
            make_proposal(place_id=cast.place, host=cast.yann, starts_at=IN_TEN_DAYS + HOUR),
            WorkshopRefusal.HOST_NOT_FREE,
        )
        said = language("fr").say(caught.details["who"])
        assert "Café du matin" in said

    async def test_signing_up_elsewhere_binds_nobody(self, cast: Cast) -> None:
        other = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno)
        await sign_up(actor=cast.yann, workshop_id=other, now=NOON)
        assert await make_proposal(place_id=cast.place, host=cast.yann)


class TestDrafts:
    async def make(self, cast: Cast, **changes: Any) -> int:
        return await propose(
            actor=cast.yann,
            place_id=cast.place,
            proposal=a_proposal(**changes),
            draft=True,
            once="draft",
            now=NOON,
        )

    async def test_it_takes_nothing_and_tells_nobody(self, cast: Cast) -> None:
        draft = await self.make(cast, room_id=cast.salon, cohost_ids=(cast.aicha,))
        assert await state(draft) == "draft"
        assert await entry(draft) is None
        assert await mails() == []
        assert await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)

    async def test_proposing_it_takes_its_room_and_invites(self, cast: Cast) -> None:
        draft = await self.make(cast, room_id=cast.salon, cohost_ids=(cast.aicha,))
        await submit(actor=cast.yann, workshop_id=draft, now=NOON + DAY)
        row = await workshop(draft)
        assert (row["state"], row["room_id"], row["proposed_at"]) == ("proposed", cast.salon, NOON + DAY)
        assert await mailed(kind="hosting") == {cast.aicha}
        await submit(actor=cast.yann, workshop_id=draft, now=NOON + 2 * DAY)
        assert (await workshop(draft))["proposed_at"] == NOON + DAY

    async def test_proposing_it_too_late_is_refused(self, cast: Cast) -> None:
        draft = await self.make(cast)
        attempt = submit(actor=cast.yann, workshop_id=draft, now=IN_TEN_DAYS - HOUR)
        await refused(attempt, WorkshopRefusal.STARTS_TOO_SOON)

    async def test_a_room_taken_meanwhile_is_refused_and_nothing_is_written(self, cast: Cast) -> None:
        draft = await self.make(cast, room_id=cast.salon)
        await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon)
        await refused(submit(actor=cast.yann, workshop_id=draft, now=NOON), WorkshopRefusal.ROOM_TAKEN)
        assert await state(draft) == "draft"

    async def test_a_wish_that_was_kept_in_it_stays_a_wish(self, cast: Cast) -> None:
        draft = await self.make(cast, room_id=cast.salon, keep_room_wish=True)
        await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon)
        await submit(actor=cast.yann, workshop_id=draft, now=NOON)
        row = await workshop(draft)
        assert (row["state"], row["room_id"], row["wished_room_id"]) == ("proposed", None, cast.salon)

    async def test_to_others_it_does_not_exist(self, cast: Cast) -> None:
        draft = await self.make(cast)
        for other in (cast.aicha, cast.bruno, cast.rosa):
            with pytest.raises(NotFound):
                await submit(actor=other, workshop_id=draft, now=NOON)
            with pytest.raises(NotFound):
                await edit(actor=other, workshop_id=draft, proposal=a_proposal(), version=1, now=NOON)

    async def test_edits_are_free_and_it_can_be_thrown_away(self, cast: Cast) -> None:
        draft = await self.make(cast)
        changed = a_proposal(title="Autre chose", room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=draft, proposal=changed, version=1, now=NOON)
        row = await workshop(draft)
        assert (row["title"], row["version"], row["room_id"]) == ("Autre chose", 2, cast.salon)
        await withdraw_proposal(actor=cast.yann, workshop_id=draft, now=NOON)
        assert await run("select id from workshop") == []


class TestEditAProposal:
    async def test_words_begin_the_reading_anew(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        later = NOON + 6 * DAY
        changed = a_proposal(title="On se relit", starts_at=NOON + 30 * DAY)
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=later)
        row = await workshop(made)
        assert (row["version"], row["proposed_at"], row["due_at"]) == (2, later, later + 7 * DAY)
        assert row["search_key"].startswith("on se relit")
        await refused(
            decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=later),
            WorkshopRefusal.CHANGED_MEANWHILE,
        )

    async def test_a_typing_error_is_put_right_even_just_before_the_start(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        changed = a_proposal(title="On se relit tous", needs=frozenset({Need.FLAME}))
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=IN_TEN_DAYS - HOUR)
        assert (await workshop(made))["due_at"] == IN_TEN_DAYS

    async def test_capacity_alone_leaves_the_clock(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(capacity=8), version=1, now=NOON + DAY)
        row = await workshop(made)
        assert (row["capacity"], row["version"], row["due_at"]) == (8, 2, NOON + 7 * DAY)

    async def test_another_room_is_taken_and_the_first_one_free_again(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        changed = a_proposal(room_id=cast.back_room)
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=NOON)
        assert await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon)
        await refused(
            make_proposal(place_id=cast.place, host=cast.odile, room_id=cast.back_room), WorkshopRefusal.ROOM_TAKEN
        )

    async def test_giving_up_the_wish_for_a_room_starts_the_clock(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        made = await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon, keep_room_wish=True)
        await edit(
            actor=cast.aicha,
            workshop_id=made,
            proposal=a_proposal(room_id=cast.back_room),
            version=1,
            now=NOON + DAY,
        )
        row = await workshop(made)
        assert (row["room_id"], row["wished_room_id"], row["due_at"]) == (cast.back_room, None, NOON + 7 * DAY)

    async def test_an_edit_of_what_has_changed_meanwhile_is_refused(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title="Un"), version=1, now=NOON)
        await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title="Deux"), version=1, now=NOON),
            WorkshopRefusal.CHANGED_MEANWHILE,
        )
        assert (await workshop(made))["title"] == "Un"

    async def test_the_same_edit_twice_is_one(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        for _ in range(2):
            await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(title="Un"), version=1, now=NOON)
        assert (await workshop(made))["version"] == 2

    async def test_an_edit_does_not_shorten_a_block(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, starts_at=NOON + 30 * DAY)
        at = NOON + 6 * DAY
        await block(actor=cast.bruno, workshop_id=made, reason="Une dispute.", now=at)
        changed = a_proposal(title="Un", starts_at=NOON + 9 * DAY)
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=at)
        row = await workshop(made)
        assert (row["blocked_until"], row["due_at"]) == (at + 2 * DAY, NOON + 9 * DAY - 20 * HOUR)

    async def test_of_what_the_bureau_alone_still_has_to_say_an_edit_is_read_again(self, cast: Cast) -> None:
        flame = frozenset({Need.FLAME})
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=flame)
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON)
        changed = a_proposal(title="Tout autre chose", needs=flame)
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=NOON)
        assert (await workshop(made))["agreed_at"] is None
        await say_yes(actor=cast.rosa, workshop_id=made, now=NOON)
        assert await state(made) == "proposed"

    async def test_only_hosts_edit(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await refused(
            edit(actor=cast.aicha, workshop_id=made, proposal=a_proposal(title="À moi"), version=1, now=NOON),
            WorkshopRefusal.ONLY_HOSTS,
        )

    async def test_a_new_need_takes_the_yes_back(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, needs=frozenset({Need.FLAME}))
        await say_yes(actor=cast.rosa, workshop_id=made, now=NOON)
        more = a_proposal(needs=frozenset({Need.FLAME, Need.ALCOHOL}))
        await edit(actor=cast.yann, workshop_id=made, proposal=more, version=1, now=NOON)
        assert (await workshop(made))["yes_at"] is None


class TestWithdraw:
    async def test_it_frees_room_and_time_and_says_nothing_aloud(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon, cohost_ids=(cast.aicha,))
        for _ in range(2):
            await withdraw_proposal(actor=cast.yann, workshop_id=made, now=NOON)
        assert await state(made) == "cancelled"
        assert await entry_state(made) == "gone"
        assert await mailed(kind="cancellation") == {cast.aicha}
        assert await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)

    async def test_what_is_published_is_cancelled_instead(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await refused(withdraw_proposal(actor=cast.yann, workshop_id=made, now=NOON), WorkshopRefusal.WRONG_STATE)


class TestCoHosts:
    async def test_an_invitation_takes_no_time_until_it_is_accepted(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        assert await host_state(made, cast.aicha) == "invited"
        assert await mailed(kind="hosting") == {cast.aicha}
        other = await make_proposal(place_id=cast.place, host=cast.aicha)
        caught = await refused(
            answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON), WorkshopRefusal.HOST_NOT_FREE
        )
        assert caught.details["who"].msgid == wording.NOT_FREE_YOURSELF
        await withdraw_proposal(actor=cast.aicha, workshop_id=other, now=NOON)
        for _ in range(2):
            await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        assert await parts(made) == {cast.yann: "host", cast.aicha: "host"}
        assert {"Aïcha", "Yann"} <= set((await entry(made) or {})["hosts"].replace(",", " ").split())

    async def test_of_others_only_the_name_is_told(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        moved = IN_TEN_DAYS + DAY
        await make_proposal(place_id=cast.place, host=cast.aicha, title="Chose secrète", starts_at=moved)
        caught = await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(starts_at=moved), version=1, now=NOON),
            WorkshopRefusal.HOST_NOT_FREE,
        )
        said = language("fr").say(caught.details["who"])
        assert said == "Aïcha n’est pas libre"
        assert "secrète" not in str(caught.details)

    async def test_saying_no_is_always_possible(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=False, now=NOON)
        assert await host_state(made, cast.aicha) == "declined"
        assert len(await mails(to=cast.yann, kind="hosting")) == 1

    async def test_whoever_was_not_invited_finds_nothing_to_answer(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        with pytest.raises(NotFound):
            await answer_invitation(actor=cast.odile, workshop_id=made, yes=True, now=NOON)

    async def test_a_host_leaves_and_has_their_time_back(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, cohost_ids=(cast.aicha,))
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        assert await parts(made) == {cast.aicha: "host"}
        await refused(leave_hosting(actor=cast.aicha, workshop_id=made, now=NOON), WorkshopRefusal.LAST_HOST)
        assert await make_proposal(place_id=cast.place, host=cast.yann)

    async def test_a_host_who_became_mediator_here_can_neither_edit_nor_take_over(self, cast: Cast) -> None:
        made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        await refused(take_over(actor=cast.bruno, workshop_id=made, now=NOON), WorkshopRefusal.MEDIATOR_CANNOT_HOST)


async def run_membership(member_id: int, place_id: int) -> None:
    """This member joins another place too."""
    async with transaction():
        await Membership.insert(
            Membership(member_id=member_id, place_id=place_id, mediator=False, joined_at=NOON, met_at=NOON)
        )
