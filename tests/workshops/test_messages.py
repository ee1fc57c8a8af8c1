"""What each message does to its reader's calendar, when it is told at all, and where its button leads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from app.calendar.tables import Feed
from app.database import run, transaction
from app.i18n import text
from app.identity.commands_places import PlaceWords, RoomWords, edit_place, edit_room
from app.main import REGISTRY
from app.notices import api as notices
from app.notices.commands import stop_mail
from app.notices.links import StopLink
from app.notices.moves import tell_moves
from app.notices.states import Kind
from tests.client import NOON, World
from tests.factories import a_proposal, make_proposal, make_workshop
from tests.people import Cast
from tests.workshops.reads import entry, mailed, mails, parts
from workshops import jobs, wording
from workshops.commands import (
    answer_invitation,
    answer_offer,
    block,
    cancel,
    contest,
    decide,
    edit,
    invite_host,
    leave_hosting,
    reopen,
    review_again,
    say_yes,
    sign_up,
    sign_up_guest,
    submit,
    take_over,
    withdraw,
    withdraw_guest,
    withdraw_proposal,
)
from workshops.states import Format, Need

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = NOON + 10 * DAY


async def calendar(member_id: int, workshop_id: int) -> list[str]:
    """Each part that went to this member's calendar, in order. Each has a higher SEQUENCE than the one before."""
    went = [mail for mail in await mails(to=member_id) if mail["about_id"] == workshop_id and mail["method"]]
    sequences = [mail["sequence"] for mail in went]
    assert sequences == sorted(set(sequences)), "SEQUENCE rises with each part (RFC 5546, 2.1.4)"
    assert all(mail["recipient"] and mail["event"] for mail in went)
    return [mail["method"] for mail in went]


async def published(cast: Cast, *people: int, **changes: Any) -> int:
    made = await make_workshop(
        place_id=cast.place, host=cast.yann, mediator=cast.bruno, **{"room_id": cast.salon, **changes}
    )
    for member in people:
        await sign_up(actor=member, workshop_id=made, now=NOON)
    return made


async def read_a_feed(member_id: int) -> None:
    async with transaction():
        await Feed.insert(
            Feed(member_id=member_id, token_hash=f"{member_id:064}", created_at=NOON, modified_at=NOON, read_at=NOON)
        )


# ---------------------------------------------------------------------------------------------------- their calendars


class TestAPersonsCalendar:
    async def test_from_the_place_to_the_end(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        assert await calendar(cast.samira, made) == ["REQUEST"]
        (mail,) = await mails(to=cast.samira, kind="confirmation")
        assert "SUMMARY:On se relit nos CV" in mail["event"]
        assert "STATUS:CONFIRMED" in mail["event"]
        moved = a_proposal(starts_at=START + HOUR, room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON)
        assert await calendar(cast.samira, made) == ["REQUEST", "REQUEST"]
        assert "DTSTART:20261204T120000Z" in (await mails(to=cast.samira, kind="change"))[0]["event"]
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        assert await calendar(cast.samira, made) == ["REQUEST", "REQUEST", "CANCEL"]

    async def test_given_back_and_taken_again(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        for _ in range(2):
            await withdraw(actor=cast.samira, workshop_id=made, now=NOON)
        await sign_up(actor=cast.samira, workshop_id=made, now=NOON + HOUR)
        assert await calendar(cast.samira, made) == ["REQUEST", "CANCEL", "REQUEST"]
        (left,) = await mails(to=cast.samira, about="given-back")
        assert left["subject"].replace("\u00a0", " ") == "« On se relit nos CV » : tu laisses ta place"

    async def test_whatever_moves_the_entry_goes_to_calendars(self, cast: Cast) -> None:
        """Each thing that one may edit: a part goes out just when SEQUENCE has moved, so that no calendar is behind."""
        made = await published(cast, cast.samira)
        edits: list[dict[str, Any]] = [
            {"title": "Autre"}, {"summary": "Autre."}, {"format": Format.PRATIQUES}, {"hours": 3}, {"capacity": 9},
            {"starts_at": START + HOUR}, {"room_id": None}, {"language": "en"}, {"step_free": True}, {"children": True},
            {"speaker": "Mme Diallo"}, {"bring": "Un stylo"}, {"help_wanted": True},
        ]  # fmt: skip
        state: dict[str, Any] = {"room_id": cast.salon}
        for version, changes in enumerate(edits, start=1):
            state |= changes
            before, parts_before = (await entry(made) or {})["sequence"], len(await calendar(cast.samira, made))
            await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(**state), version=version, now=NOON)
            moved = (await entry(made) or {})["sequence"] > before
            assert (len(await calendar(cast.samira, made)) > parts_before) == moved, changes

    async def test_so_does_whatever_its_place_and_its_room_become(self, cast: Cast) -> None:
        """What those who keep the place change: told by the job, just when SEQUENCE has moved."""
        made = await published(cast, cast.samira)
        place: dict[str, Any] = {"name": "Les Tanneurs", "address": "1 rue du Pont", "step_free": False}
        place |= {"about": "", "email": "", "phone": ""}
        salon: dict[str, Any] = {"name": "Salon", "seats": 15, "step_free": True}
        back: dict[str, Any] = {"name": "Salle du fond", "seats": 14, "step_free": False}
        deeds: list[tuple[int, dict[str, Any]]] = [
            (0, {}), (0, {}), (0, {"address": "2 rue du Pont"}), (0, {"name": "Les Tanneries"}), (0, {"phone": "03"}),
            (0, {"about": "Un lieu."}), (0, {"address": ""}), (0, {"address": "3 rue du Pont"}),
            (cast.salon, {"name": "Grand salon"}), (cast.salon, {"seats": 14}), (cast.salon, {"step_free": False}),
            (cast.back_room, {"name": "Cour"}),
        ]  # fmt: skip
        moves = 0
        for minute, (room, changes) in enumerate(deeds):
            now = NOON + timedelta(minutes=minute)
            before, parts_before = (await entry(made) or {})["sequence"], len(await calendar(cast.samira, made))
            if room:
                words = salon if room == cast.salon else back
                words |= changes
                await edit_room(actor=cast.rosa, place_id=cast.place, room_id=room, words=RoomWords(**words), now=now)
            else:
                place |= changes
                await edit_place(actor=cast.rosa, place_id=cast.place, words=PlaceWords(**place), now=now)
            await tell_moves(REGISTRY.entry_kinds, now)
            moved = (await entry(made) or {})["sequence"] > before
            moves += moved
            assert (len(await calendar(cast.samira, made)) > parts_before) == moved, changes
        assert moves >= 5
        assert (await mails(to=cast.samira))[-1]["event"] == (await entry(made) or {})["ics_member"]

    async def test_so_does_a_room_that_is_found(self, cast: Cast) -> None:
        first = await published(cast)
        made = await make_workshop(
            place_id=cast.place, host=cast.aicha, mediator=cast.bruno, room_id=cast.salon, keep_room_wish=True
        )
        await sign_up(actor=cast.samira, workshop_id=made, now=NOON)
        await cancel(actor=cast.yann, workshop_id=first, reason="", now=NOON)
        before = (await entry(made) or {})["sequence"]
        assert await jobs.room_to_find(NOON + HOUR) == 1
        assert (await entry(made) or {})["sequence"] > before
        assert await calendar(cast.samira, made) == ["REQUEST", "REQUEST"]

    async def test_a_change_that_no_calendar_shows(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        more = a_proposal(capacity=14, room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=more, version=1, now=NOON)
        assert await calendar(cast.samira, made) == ["REQUEST"]
        assert await mailed(kind="change") == {cast.samira}

    async def test_reopened_only_whoever_says_yes_has_it_again(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        await reopen(actor=cast.yann, workshop_id=made, now=NOON + HOUR)
        assert await calendar(cast.samira, made) == ["REQUEST", "CANCEL"]
        await answer_offer(actor=cast.samira, workshop_id=made, yes=True, now=NOON + 2 * HOUR)
        await answer_offer(actor=cast.karim, workshop_id=made, yes=False, now=NOON + 2 * HOUR)
        assert await calendar(cast.samira, made) == ["REQUEST", "CANCEL", "REQUEST"]
        assert await calendar(cast.karim, made) == ["REQUEST", "CANCEL"]

    async def test_what_is_off_leaves_a_calendar_once_also_of_whoever_stopped_such_mails(self, cast: Cast) -> None:
        """Karim stopped mails about cancellations: his calendar is put right all the same, and not again at the end."""
        made = await published(cast, cast.karim)
        await stop_mail(StopLink(cast.karim, Kind.CANCELLATION), now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        assert await calendar(cast.karim, made) == ["REQUEST", "CANCEL"]
        await reopen(actor=cast.yann, workshop_id=made, now=NOON + HOUR)
        assert await jobs.lapse_offers(NOON + 2 * DAY) == 1
        assert await calendar(cast.karim, made) == ["REQUEST", "CANCEL"]

    async def test_whoever_only_waits_has_nothing(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        assert await calendar(cast.aicha, made) == []
        assert await mailed(kind="cancellation") >= {cast.aicha}

    async def test_no_event_twice_for_whoever_reads_a_feed(self, cast: Cast) -> None:
        await read_a_feed(cast.samira)
        made = await published(cast, cast.samira, cast.karim)
        moved = a_proposal(starts_at=START + HOUR, room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON)
        await withdraw(actor=cast.samira, workshop_id=made, now=NOON)
        assert await calendar(cast.samira, made) == []
        assert [mail["kind"] for mail in await mails(to=cast.samira)] == ["confirmation", "change"]
        assert await calendar(cast.karim, made) == ["REQUEST", "REQUEST"]


class TestAHostsCalendar:
    async def test_from_publication_to_the_end(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann, room_id=cast.salon)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.aicha, now=NOON)
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        assert await calendar(cast.yann, made) == await calendar(cast.aicha, made) == []
        assert await mailed(kind="confirmation") == set(), "nothing is on yet"
        await decide(actor=cast.bruno, workshop_id=made, decision="approve", version=1, now=NOON)
        assert await calendar(cast.yann, made) == await calendar(cast.aicha, made) == ["REQUEST"]
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        assert await calendar(cast.yann, made) == await calendar(cast.aicha, made) == ["REQUEST", "CANCEL"]
        await reopen(actor=cast.aicha, workshop_id=made, now=NOON)
        assert await calendar(cast.yann, made) == await calendar(cast.aicha, made) == ["REQUEST", "CANCEL", "REQUEST"]

    async def test_coming_to_host_and_leaving(self, cast: Cast) -> None:
        made = await published(cast, cast.aicha)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.aicha, now=NOON)
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        assert await calendar(cast.aicha, made) == ["REQUEST", "REQUEST"], "her place became the host's: not taken away"
        assert await calendar(cast.yann, made) == ["REQUEST", "REQUEST"], "who hosts has changed"
        await leave_hosting(actor=cast.aicha, workshop_id=made, now=NOON + HOUR)
        assert await calendar(cast.aicha, made) == ["REQUEST", "REQUEST", "CANCEL"]
        assert (await mails(to=cast.yann, about="host-left"))[0]["method"] == "REQUEST"

    async def test_the_last_host_leaves_and_somebody_takes_over(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        await take_over(actor=cast.odile, workshop_id=made, now=NOON + HOUR)
        assert await calendar(cast.yann, made) == ["REQUEST", "CANCEL"]
        assert await calendar(cast.odile, made) == ["REQUEST"]
        assert await calendar(cast.samira, made) == ["REQUEST"] * 3

    async def test_ones_own_deeds_are_told_only_for_the_calendar(self, cast: Cast) -> None:
        await read_a_feed(cast.yann)
        made = await published(cast, cast.samira)
        moved = a_proposal(starts_at=START + HOUR, room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        await reopen(actor=cast.yann, workshop_id=made, now=NOON)
        await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON)
        assert [mail["kind"] for mail in await mails(to=cast.yann)] == ["hosting"], "that it was published"

    async def test_words_that_are_put_back(self, cast: Cast) -> None:
        made = await published(cast, cast.samira)
        other = a_proposal(title="Autre chose", room_id=cast.salon)
        await edit(actor=cast.yann, workshop_id=made, proposal=other, version=1, now=NOON)
        await review_again(actor=cast.bruno, workshop_id=made, now=NOON)
        await decide(
            actor=cast.bruno, workshop_id=made, decision="send_back", reason="Non.", way_out="Si.", version=2, now=NOON
        )
        for member in (cast.yann, cast.samira):
            last = (await mails(to=member, about="put-back"))[-1]
            assert "SUMMARY:On se relit nos CV" in last["event"]
            assert last["method"] == "REQUEST"


# ------------------------------------------------------------------------------------------------------ who is told


class TestWhoIsTold:
    async def test_co_hosts_and_whoever_is_asked_when_a_proposal_moves(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        for member in (cast.aicha, cast.odile):
            await invite_host(actor=cast.yann, workshop_id=made, member_id=member, now=NOON)
        await answer_invitation(actor=cast.aicha, workshop_id=made, yes=True, now=NOON)
        moved = a_proposal(starts_at=START + HOUR)
        await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON)
        assert await mailed(kind="hosting", about="changed") == {cast.aicha, cast.odile}
        (mail,) = await mails(to=cast.aicha, about="changed")
        assert "laisse ta place" not in mail["body"], "she hosts"

    async def test_whoever_was_asked_to_host_when_it_is_called_off(self, cast: Cast) -> None:
        made = await published(cast)
        await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.odile, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        (mail,) = await mails(to=cast.odile, kind="cancellation")
        assert "on te redemande" not in mail["body"]

    async def test_whoever_brought_a_guest_when_a_host_gives_that_place_back(self, cast: Cast) -> None:
        made = await published(cast)
        for name in ("Paul", "Jo"):
            number = await sign_up_guest(actor=cast.samira, workshop_id=made, first_name=name, now=NOON)
            actor = cast.yann if name == "Paul" else cast.samira
            await withdraw_guest(actor=actor, workshop_id=made, sign_up_id=number, now=NOON)
        (mail,) = await mails(to=cast.samira)
        assert "Paul" in mail["subject"]

    async def test_a_host_who_brought_a_guest_in_one_message(self, cast: Cast) -> None:
        made = await published(cast, cohost_ids=(cast.odile,))
        await answer_invitation(actor=cast.odile, workshop_id=made, yes=True, now=NOON)
        for host, name in ((cast.yann, "Paul"), (cast.odile, "Nora")):
            await sign_up_guest(actor=host, workshop_id=made, first_name=name, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="Malade", now=NOON)
        await reopen(actor=cast.yann, workshop_id=made, now=NOON)
        await edit(actor=cast.yann, workshop_id=made, proposal=a_proposal(capacity=9), version=1, now=NOON)
        for kind, times in (("cancellation", 1), ("change", 2)):
            for host, name in ((cast.yann, "Paul"), (cast.odile, "Nora")):
                told = await mails(to=host, kind=kind)
                assert len(told) == times
                assert all(f"Préviens {name}" in mail["body"] for mail in told)

    async def test_of_a_talking_group_all_is_discreet(self, cast: Cast) -> None:
        made = await published(cast, cast.samira, format=Format.PAROLE, speaker="Mme Diallo", capacity=8)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        told = await mails()
        assert len(told) > 2
        assert all(mail["discreet"] for mail in told)

    async def test_to_contest_is_said_only_while_one_can(self, cast: Cast) -> None:
        made = await make_proposal(place_id=cast.place, host=cast.yann)
        for mediator in (cast.bruno, cast.helene):
            words = {"reason": "Non.", "way_out": "Si."}
            await decide(actor=mediator, workshop_id=made, decision="send_back", version=1, now=NOON, **words)
            if mediator == cast.bruno:
                await contest(actor=cast.yann, workshop_id=made, word="Oui.", now=NOON)
        first, second = await mails(to=cast.yann, about="sent-back")
        disagree = text(wording.DISAGREE).msgid
        assert disagree in first["body"]
        assert disagree not in second["body"]
        assert "Ce qui conviendrait" in first["body"]
        assert first["link"] == f"/ateliers/{made}/modifier"


# -------------------------------------------------------------------------------------------- orders, buttons and links


async def everything(cast: Cast) -> None:
    """Each thing that tells somebody something, once."""
    made = await published(cast, cast.samira, cast.karim, cast.odile, cast.aicha, capacity=3)
    await sign_up_guest_elsewhere(cast)
    await withdraw(actor=cast.karim, workshop_id=made, now=NOON)
    await jobs.lapse_offers(NOON + DAY)
    moved = a_proposal(starts_at=START + HOUR, capacity=4, room_id=cast.salon)
    await edit(actor=cast.yann, workshop_id=made, proposal=moved, version=1, now=NOON + DAY)
    await invite_host(actor=cast.yann, workshop_id=made, member_id=cast.rosa, now=NOON + DAY)
    await answer_invitation(actor=cast.rosa, workshop_id=made, yes=True, now=NOON + DAY)
    await leave_hosting(actor=cast.yann, workshop_id=made, now=NOON + DAY)
    await cancel(actor=cast.rosa, workshop_id=made, reason="Fuite.", now=NOON + DAY)
    await reopen(actor=cast.rosa, workshop_id=made, now=NOON + DAY + HOUR)
    await leave_hosting(actor=cast.rosa, workshop_id=made, now=NOON + DAY + HOUR)
    await take_over(actor=cast.karim, workshop_id=made, now=NOON + DAY + HOUR)
    await jobs.low_numbers(START - 40 * HOUR)
    await withdraw(actor=cast.samira, workshop_id=made, now=START - HOUR)

    later = START + 5 * DAY
    wish = await make_proposal(place_id=cast.place, host=cast.aicha, needs=frozenset({Need.OUTING}), starts_at=later)
    await decide(actor=cast.bruno, workshop_id=wish, decision="approve", version=1, now=NOON)
    await say_yes(actor=cast.rosa, workshop_id=wish, now=NOON)
    other = a_proposal(title="Autre chose", needs=frozenset({Need.OUTING}), starts_at=later)
    await edit(actor=cast.aicha, workshop_id=wish, proposal=other, version=1, now=NOON)
    await review_again(actor=cast.bruno, workshop_id=wish, now=NOON)
    await decide(actor=cast.bruno, workshop_id=wish, decision="send_back", reason="a", way_out="b", version=2, now=NOON)

    back = await make_proposal(place_id=cast.place, host=cast.odile, starts_at=START + 6 * DAY)
    await decide(actor=cast.bruno, workshop_id=back, decision="send_back", reason="a", way_out="b", version=1, now=NOON)
    await contest(actor=cast.odile, workshop_id=back, word="Si.", now=NOON)
    await decide(
        actor=cast.helene, workshop_id=back, decision="send_back", reason="a", way_out="b", version=1, now=NOON
    )

    stopped = await make_proposal(place_id=cast.place, host=cast.odile, starts_at=START + 8 * DAY)
    await block(actor=cast.bruno, workshop_id=stopped, reason="Les voisins.", now=NOON)
    await jobs.settle_contests(NOON + 73 * HOUR)

    fallen = await make_proposal(place_id=cast.place, host=cast.odile, starts_at=START + 9 * DAY, room_id=cast.salon)
    await invite_host(actor=cast.odile, workshop_id=fallen, member_id=cast.samira, now=NOON)
    kept = await make_proposal(
        place_id=cast.place, host=cast.yann, starts_at=START + 9 * DAY, room_id=cast.salon, keep_room_wish=True
    )
    await withdraw_proposal(actor=cast.odile, workshop_id=fallen, now=NOON)
    await jobs.room_to_find(NOON + HOUR)
    await submit(actor=cast.yann, workshop_id=kept, now=NOON + HOUR)


async def sign_up_guest_elsewhere(cast: Cast) -> None:
    made = await published(cast, starts_at=START + 20 * DAY, capacity=3)
    number = await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Paul", now=NOON)
    await withdraw_guest(actor=cast.yann, workshop_id=made, sign_up_id=number, now=NOON)
    await sign_up_guest(actor=cast.samira, workshop_id=made, first_name="Jo", now=NOON)
    for member in (cast.karim, cast.odile, cast.aicha):
        await sign_up(actor=member, workshop_id=made, now=NOON)
    await withdraw(actor=cast.karim, workshop_id=made, now=START + 20 * DAY - HOUR)
    await cancel(actor=cast.yann, workshop_id=made, reason="", now=START + 20 * DAY - HOUR)


async def test_the_calendar_is_written_before_anybody_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a part goes out, the entry and the reader's part in it are already what the transaction leaves."""
    seen: list[tuple[int, Any, dict[int, str]]] = []
    left: list[tuple[Any, dict[int, str]]] = []
    tell = notices.tell

    async def watched(members: Iterable[int], **more: Any) -> int:
        told = list(members)
        about = more["about"].thing_id
        if more["part"] is not None:
            now = await entry(about)
            assert now is not None
            roles = await parts(about)
            seen.append((about, now["ics_member"], {member: roles.get(member, "") for member in told}))
        return await tell(told, **more)

    async def compare() -> None:
        for about, ics, roles in seen:
            after = await entry(about)
            assert after is not None
            assert after["ics_member"] == ics
            now = await parts(about)
            assert {member: now.get(member, "") for member in roles} == roles
            left.append((ics, roles))
        seen.clear()

    monkeypatch.setattr("workshops.commands.steps.notices.tell", watched)
    for name in (
        "answer_invitation", "answer_offer", "cancel", "decide", "edit", "leave_hosting", "reopen", "say_yes",
        "sign_up", "take_over", "withdraw", "withdraw_proposal",
    ):  # fmt: skip
        monkeypatch.setitem(globals(), name, _then(globals()[name], compare))
    for name in ("lapse_offers", "lapse_past", "room_to_find"):
        monkeypatch.setattr(jobs, name, _then(getattr(jobs, name), compare))
    await everything(cast)
    await jobs.lapse_past(START + 7 * DAY)
    await compare()
    assert len(left) > 15


def _then(command: Any, compare: Any) -> Any:
    async def both(*args: Any, **named: Any) -> Any:
        done = await command(*args, **named)
        await compare()
        return done

    return both


async def test_each_has_a_button_and_its_link_opens_for_whoever_reads_it(cast: Cast) -> None:
    await everything(cast)
    told = await mails()
    assert {mail["kind"] for mail in told} == {
        "confirmation", "change", "cancellation", "offer", "hosting", "duty",
    }  # fmt: skip
    assert all(mail["action"] for mail in told)
    world = World(NOON + DAY)
    for member in sorted({mail["member_id"] for mail in told}):
        browser = await world.browser_of(member, place_id=cast.place)
        for link in sorted({mail["link"] for mail in told if mail["member_id"] == member}):
            answer = await browser.get(link)
            gone = link.endswith("/modifier")  # what can no longer be changed says so
            assert answer.status_code == 200 or (gone and answer.status_code == 409), (member, link)


async def test_the_story_has_every_mail_that_there_is(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {name for name, thing in vars(wording).items() if _makes_a_mail(thing)}
    used: set[str] = set()

    def noted(name: str, make: Callable[..., wording.Mail]) -> Callable[..., wording.Mail]:
        def made(*args: Any, **named: Any) -> wording.Mail:
            used.add(name)
            return make(*args, **named)

        return made

    for name in written:
        monkeypatch.setattr(wording, name, noted(name, getattr(wording, name)))
    await everything(cast)
    await jobs.lapse_past(START + 7 * DAY)
    assert written - used == set()


def _makes_a_mail(thing: Any) -> bool:
    return getattr(thing, "__annotations__", {}).get("return") == "Mail" and not thing.__name__.startswith("_")


async def test_words_are_whole_in_each_language(cast: Cast) -> None:
    await everything(cast)
    for mail in await mails():
        said = mail["subject"] + mail["body"] + mail["action"]
        assert "%(" not in said
        assert "None" not in said
    assert await run("select id from outbox where subject = ''") == []
