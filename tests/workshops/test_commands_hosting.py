"""Published sessions: edits people are told about, hosts who leave, cancelling, the room, presence; on both engines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.database import run, transaction
from app.errors import NotFound
from app.identity.tables import Membership
from tests.client import NOON
from tests.factories import a_proposal, make_member, make_place, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import (
    acts,
    entry,
    entry_state,
    host_state,
    mailed,
    mails,
    parts,
    places,
    refused,
    sign_ups,
    state,
    workshop,
)
from workshops.commands import (
    answer_invitation,
    cancel,
    edit,
    invite_host,
    last_word,
    leave_hosting,
    reopen,
    sign_up,
    sign_up_guest,
    take_over,
    tick_present,
    withdraw,
)
from workshops.facts import Words
from workshops.states import Format, Need, WorkshopRefusal

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
START = NOON + 10 * DAY


async def published(cast: Cast, *people: int, **changes: Any) -> int:
    """By Yann, with these people."""
    made = await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, **changes)
    for member in people:
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made


class TestEditWhatIsPublished:
    async def test_another_time_is_told_and_needs_no_new_reading(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, room_id=cast.salon)
        sequence = (await entry(made) or {})["sequence"]
        moved = a_proposal(starts_at=START + 3 * HOUR, room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON)
        row = await workshop(made)
        assert (row["state"], row["version"], row["edited_at"]) == ("published", 2, None)
        after = await entry(made) or {}
        assert (after["starts_at"], after["sequence"]) == (START + 3 * HOUR, sequence + 1)
        (own,) = await mails(kind="change", to=cast.yann)
        assert own["method"] == "REQUEST", "Yann knows, his calendar does not"
        (mail,) = await mails(kind="change", to=cast.samira)
        said = mail["body"].replace("\u00a0", " ")
        assert "Nouvelle heure : vendredi 4 décembre, de 15 h à 17 h, au lieu de 12 h à 14 h." in said

    @pytest.mark.parametrize(
        ("changes", "line"),
        [
            ({"hours": 3}, "Nouvelle heure : vendredi 4 décembre, de 12 h à 15 h, au lieu de 12 h à 14 h."),
            (
                {"starts_at": START + 24 * HOUR},
                "Nouvelle date : samedi 5 décembre, de 12 h à 14 h, au lieu du vendredi 4 décembre, de 12 h à 14 h.",
            ),
            ({"capacity": 9}, "Nombre de places : 9."),
            ({"title": "Autre"}, "Nouveau titre : « Autre »."),
            ({"summary": "Autrement."}, "La présentation a été récrite."),
            ({"format": Format.PRATIQUES}, "Le format n’est plus le même."),
            ({"speaker": "Mme Diallo"}, "Personne invitée : Mme Diallo."),
            ({"room_id": 2}, "Nouvelle salle : Salle du fond."),
            ({"room_id": None}, "La salle reste à trouver."),
            ({"language": "en"}, "Cela se passe en anglais."),
            ({"step_free": True}, "C’est sans marche."),
            ({"children": True}, "Les enfants sont les bienvenus."),
            ({"bring": "Un stylo"}, None),
        ],
    )
    async def test_people_and_other_hosts_are_told_what_has_changed(
        self, cast: Cast, changes: dict[str, Any], line: str | None
    ) -> None:
        assert cast.back_room == 2
        made = await published(cast, cast.samira, room_id=cast.salon)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.aicha, now=NOON)
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        changed = a_proposal(**{"room_id": cast.salon, **changes})
        await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=NOON)
        told = await mails(kind="change")
        in_calendars = line is not None and not changes.keys() & {"capacity", "speaker"}
        own = {cast.yann} if in_calendars else set()
        assert {mail["member_id"] for mail in told} == ({cast.samira, cast.aicha} | own if line else set())
        assert {mail["method"] for mail in told} == ({"REQUEST" if in_calendars else ""} if line else set())
        for mail in told:
            assert line in mail["body"].replace("\u00a0", " ").replace("\u202f", " ").split("\n\n")

    async def test_even_to_within_the_hour_but_not_into_the_past(self, cast: Cast) -> None:
        made = await published(cast)
        near = a_proposal(starts_at=NOON + HOUR)
        await edit(actor=cast.yann, workshop_id=made, proposal=near, version=1, now=NOON)
        past = a_proposal(starts_at=NOON - HOUR)
        await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=past, version=2, now=NOON), WorkshopRefusal.IN_THE_PAST
        )

    async def test_into_a_taken_room_it_is_refused(self, cast: Cast) -> None:
        await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.back_room)
        made = await published(cast, room_id=cast.salon)
        other = a_proposal(room_id=cast.back_room)
        await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=other, version=1, now=NOON), WorkshopRefusal.ROOM_TAKEN
        )
        assert (await workshop(made))["room_id"] == cast.salon

    async def test_words_are_told_and_shown_on_the_desk_as_they_were_read(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        for version, title in ((1, "Un"), (2, "Deux")):
            changed = a_proposal(title=title)
            await edit(actor=cast.yann, workshop_id=made, proposal=changed, version=version, now=NOON + HOUR)
        row = await workshop(made)
        assert row["edited_at"] == NOON + HOUR
        assert Words.before(row) == Words(
            "On se relit nos CV", "libre", "On lit à voix haute, on se dit ce qui accroche."
        )
        third = a_proposal(title="Trois")
        await edit(actor=cast.yann, workshop_id=made, proposal=third, version=3, now=NOON + 3 * DAY)
        assert (Words.before(await workshop(made)) or Words("", "", "")).title == "Deux"
        assert len(await mails(to=cast.samira, kind="change")) == 3

    async def test_a_new_need_is_not_slipped_in(self, cast: Cast) -> None:
        made = await published(cast)
        more = a_proposal(needs=frozenset({Need.ALCOHOL}))
        await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=more, version=1, now=NOON),
            WorkshopRefusal.NEEDS_THE_BUREAU,
        )

    async def test_offers_end_sooner_when_the_start_comes_nearer(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
        await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
        nearer = a_proposal(starts_at=NOON + 8 * HOUR, capacity=3)
        await edit(actor=cast.yann, workshop_id=made, proposal=nearer, version=1, now=NOON)
        offered = next(row for row in await sign_ups(made) if row["state"] == "offered")
        assert offered["offer_until"] == NOON + 2 * HOUR

    async def test_what_is_over_stays_as_it_was(self, cast: Cast) -> None:
        made = await published(cast)
        changed = a_proposal(title="Après coup")
        await refused(
            edit(actor=cast.yann, workshop_id=made, proposal=changed, version=1, now=START + 2 * HOUR),
            WorkshopRefusal.OVER,
        )


class TestHosts:
    async def test_a_mediator_comes_through_no_door(self, cast: Cast) -> None:
        made = await published(cast)
        refusal = WorkshopRefusal.MEDIATOR_CANNOT_HOST
        invited = invite_host(actor=cast.yann, workshop_id=made, member_id=cast.bruno, now=NOON)
        await refused(invited, refusal)
        edited = edit(
            actor=cast.yann, workshop_id=made, proposal=a_proposal(cohost_ids=(cast.helene,)), version=1, now=NOON
        )
        await refused(edited, refusal)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        await refused(take_over(actor=cast.bruno, workshop_id=made, now=NOON), refusal)

    async def test_somebody_invited_before_they_became_mediator_cannot_accept(self, cast: Cast) -> None:
        made = await published(cast)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.aicha, now=NOON)
        async with transaction():
            await Membership.update({Membership.mediator: True}).where(Membership.member_id == cast.aicha)
        await refused(
            answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON),
            WorkshopRefusal.MEDIATOR_CANNOT_HOST,
        )

    async def test_who_may_be_invited(self, cast: Cast) -> None:
        made = await published(cast)
        stranger = await make_member()
        attempt = invite_host(actor=cast.yann, workshop_id=made, member_id=stranger, now=NOON)
        await refused(attempt, WorkshopRefusal.NOT_A_MEMBER_HERE)
        await refused(
            invite_host(actor=cast.aicha, workshop_id=made, member_id=cast.odile, now=NOON), WorkshopRefusal.ONLY_HOSTS
        )
        with pytest.raises(NotFound):
            await invite_host(actor=cast.yann, workshop_id=made, member_id=987654, now=NOON)
        for _ in range(2):
            await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.odile, now=NOON)
        assert len(await mails(to=cast.odile, kind="hosting")) == 1

    async def test_whoever_comes_to_host_gives_their_participants_place_back(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.karim, now=NOON)
        await answer_invitation(actor=cast.karim, workshop_id=made, yes=True, now=NOON)
        assert (await parts(made))[cast.karim] == "host"
        states = await places(made)
        assert (states[cast.karim], states[cast.aicha]) == ("withdrawn", "offered")

    async def test_no_host_left_people_are_told_and_any_member_takes_over(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        for _ in range(2):
            await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        assert await parts(made) == {cast.samira: "participant"}
        (wanted,) = await mails(to=cast.samira, kind="change")
        assert "On cherche quelqu’un pour animer" in wanted["subject"].replace("\u00a0", " ")
        stranger = await make_member(place_id=await make_place(name="La Halle"))
        await refused(take_over(actor=stranger, workshop_id=made, now=NOON), WorkshopRefusal.NOT_A_MEMBER_HERE)
        for _ in range(2):
            await take_over(actor=cast.samira, workshop_id=made, now=NOON)
        assert await parts(made) == {cast.samira: "host"}
        await refused(take_over(actor=cast.karim, workshop_id=made, now=NOON), WorkshopRefusal.HAS_HOSTS)

    async def test_taking_over_takes_that_time(self, cast: Cast) -> None:
        made = await published(cast)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        await make_proposal(place_id=cast.place, host=cast.aicha, title="Autre chose")
        await refused(take_over(actor=cast.aicha, workshop_id=made, now=NOON), WorkshopRefusal.HOST_NOT_FREE)
        assert await host_state(made, cast.aicha) is None


class TestCancel:
    async def test_hosts_call_it_off_and_on_again(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, room_id=cast.salon)
        await refused(cancel(actor=cast.aicha, workshop_id=made, reason="Non", now=NOON), WorkshopRefusal.ONLY_HOSTS)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        assert (await state(made), await entry_state(made)) == ("cancelled", "cancelled")
        for _ in range(2):
            await reopen(actor=cast.yann, workshop_id=made, now=NOON)
        row = await workshop(made)
        assert (row["state"], row["cancel_reason"], row["room_id"]) == ("published", "", cast.salon)
        assert await entry_state(made) == "confirmed"

    async def test_if_the_room_has_gone_meanwhile_it_is_on_without_one(self, cast: Cast) -> None:
        made = await published(cast, room_id=cast.salon)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        await make_proposal(place_id=cast.place, host=cast.aicha, room_id=cast.salon)
        await reopen(actor=cast.yann, workshop_id=made, now=NOON)
        row = await workshop(made)
        assert (row["state"], row["room_id"], row["wished_room_id"]) == ("published", None, cast.salon)

    async def test_a_host_who_has_something_else_by_now_is_not_free(self, cast: Cast) -> None:
        made = await published(cast)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        await make_proposal(place_id=cast.place, host=cast.yann)
        await refused(reopen(actor=cast.yann, workshop_id=made, now=NOON), WorkshopRefusal.HOST_NOT_FREE)

    async def test_what_has_begun_is_not_reopened(self, cast: Cast) -> None:
        made = await published(cast)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        await refused(reopen(actor=cast.yann, workshop_id=made, now=START), WorkshopRefusal.OVER)

    async def test_whoever_keeps_the_place_cancels_when_nobody_hosts(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        attempt = cancel(actor=cast.rosa, workshop_id=made, reason="Personne", now=NOON)
        await refused(attempt, WorkshopRefusal.ONLY_HOSTS)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        await cancel(actor=cast.rosa, workshop_id=made, reason="Personne pour animer", now=NOON)
        assert await state(made) == "cancelled"
        assert await mailed(kind="cancellation") == {cast.samira}

    async def test_a_proposal_is_taken_back(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        await cancel(actor=cast.yann, workshop_id=made, reason="Je change d’avis", now=NOON)
        assert (await state(made), await entry_state(made)) == ("cancelled", "gone")
        assert "workshop.withdrawn" in await acts(made, shown=False)
        await refused(reopen(actor=cast.yann, workshop_id=made, now=NOON), WorkshopRefusal.WRONG_STATE)


class TestPresence:
    async def test_hosts_tick_who_is_there_and_may_take_it_back(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim)
        await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
        ids = [row["id"] for row in await sign_ups(made)]
        early = tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=ids, now=START - HOUR)
        await refused(early, WorkshopRefusal.NOT_STARTED)
        for here in (ids, ids[:1]):
            await tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=here, now=START)
            assert [row["id"] for row in await sign_ups(made) if row["present"]] == here

    async def test_two_hosts_who_tick_at_once_do_not_undo_each_other(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim)
        samira, karim = [row["id"] for row in await sign_ups(made)]
        for ticked in (samira, karim):  # both pages were opened before anyone was ticked
            await tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=[ticked], before=[], now=START)
        assert [row["present"] for row in await sign_ups(made)] == [True, True]
        await tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=[], before=[karim], now=START)
        assert [row["present"] for row in await sign_ups(made)] == [True, False]

    async def test_whoever_gave_up_meanwhile_is_passed_over(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim)
        ids = [row["id"] for row in await sign_ups(made)]
        await withdraw(actor=cast.samira, workshop_id=made, now=NOON)
        await tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=ids, now=START)
        assert [row["present"] for row in await sign_ups(made)] == [False, True]

    async def test_only_hosts_and_only_those_of_this_session(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        other = await make_workshop(place_id=cast.place, host=cast.aicha, mediator=cast.bruno, starts_at=START + DAY)
        await sign_up(actor=cast.karim, workshop_id=other, now=NOON)
        theirs = [row["id"] for row in await sign_ups(other)]
        with pytest.raises(NotFound):
            await tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=theirs, now=START)
        for outsider in (cast.samira, cast.bruno):
            attempt = tick_present(actor=outsider, workshop_id=made, sign_up_ids=[], now=START)
            await refused(attempt, WorkshopRefusal.ONLY_HOSTS)

    async def test_a_talking_group_has_no_list(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, format=Format.PAROLE, speaker="Mme Diallo, psychologue")
        attempt = tick_present(actor=cast.yann, workshop_id=made, sign_up_ids=[], now=START)
        await refused(attempt, WorkshopRefusal.NO_LIST)


class TestLastWord:
    async def test_by_those_who_had_a_place_and_by_hosts_shown_if_they_like(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim)
        end = START + 2 * HOUR
        early = last_word(actor=cast.samira, workshop_id=made, words="Merci", shown=True, now=START)
        await refused(early, WorkshopRefusal.NOT_STARTED)
        for actor, words, shown in ((cast.samira, "Merci", True), (cast.karim, "Bof", False), (cast.yann, "Ouf", True)):
            await last_word(actor=actor, workshop_id=made, words=words, shown=shown, now=end)
        assert [(row["last_word"], row["last_word_shown"]) for row in await sign_ups(made)] == [
            ("Merci", True),
            ("Bof", False),
        ]
        (host,) = await run("select last_word, last_word_shown from host where workshop_id = {}", made)
        assert (host["last_word"], bool(host["last_word_shown"])) == ("Ouf", True)
        await last_word(actor=cast.samira, workshop_id=made, words="", shown=True, now=end)
        assert not (await sign_ups(made))[0]["last_word_shown"]

    async def test_not_by_those_who_had_none(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        await withdraw(actor=cast.samira, workshop_id=made, now=NOON)
        for outsider in (cast.samira, cast.rosa):
            attempt = last_word(actor=outsider, workshop_id=made, words="Moi", shown=True, now=START + 2 * HOUR)
            await refused(attempt, WorkshopRefusal.NOT_THERE)
