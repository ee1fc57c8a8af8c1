"""Telling many people at once: who gets a mail, who reads it on the site, and whose calendar gets the event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.calendar.api import Planned, Role, put_entry, take_part
from app.calendar.tables import Feed
from app.database import Store, run, transaction
from app.i18n import text
from app.notices import rules
from app.notices.api import About, Kind, Part, tell
from app.notices.tables import CalendarRequest, MailChoice, Outbox
from app.transactions import CURRENT
from tests.client import NOON
from tests.factories import make_member, make_place

STARTS = NOON + timedelta(days=3)
THING = About("workshop", 7, STARTS)


@dataclass
class Scene:
    place: int
    samira: int
    karim: int
    paul: int
    """Without an e-mail address."""


@pytest.fixture
async def scene(db: Store) -> Scene:
    place = await make_place(name="Les Tanneurs")
    made = Scene(
        place,
        await make_member(name="Samira", place_id=place),
        await make_member(name="Karim", place_id=place, language="en", met=False),
        await make_member(name="Paul", place_id=place, email=None),
    )
    await plan()
    return made


async def plan(*, title: str = "Café-débat", now: datetime = NOON) -> None:
    async with transaction():
        await put_entry(
            Planned(
                kind="workshop",
                thing_id=7,
                place_id=1,
                room_id=None,
                starts_at=STARTS,
                ends_at=STARTS + timedelta(hours=2),
                state="confirmed",
                title=title,
                genre="cafe_debat",
                summary="",
                hosts=("Yann",),
                seats=12,
                taken=0,
                waiting=0,
                language="fr",
                step_free=False,
                children=False,
            ),
            now=now,
        )


async def say(*members: int, what: str = "said", kind: Kind = Kind.CHANGE, **more: Any) -> int:
    now = more.pop("now", NOON)
    async with transaction():
        return await tell(
            members,
            kind=kind,
            what=what,
            subject=text("Nouvelle heure : %(at)s.", at=STARTS),
            body=[text("Le reste ne change pas."), "« Venez nombreux »"],
            link="/ateliers/7",
            action=text("Je vois l’atelier"),
            place_id=1,
            about=THING,
            now=now,
            **more,
        )


async def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await Outbox.select().order_by(Outbox.id)
    return found


async def methods() -> dict[int, tuple[str, int]]:
    """The last part for each member: its method and SEQUENCE."""
    return {row["member_id"]: (row["method"], row["sequence"]) for row in await rows()}


async def choose(member_id: int, *, stopped: str) -> None:
    async with transaction():
        await MailChoice.insert(MailChoice(member_id=member_id, stopped=stopped))


async def subscribe(member_id: int, *, read_at: datetime | None, revoked_at: datetime | None = None) -> None:
    async with transaction():
        await Feed.insert(
            Feed(
                member_id=member_id,
                token_hash=f"{member_id}-{read_at}",
                name="Téléphone",
                created_at=NOON,
                modified_at=NOON,
                read_at=read_at,
                revoked_at=revoked_at,
            )
        )


class TestWhoIsTold:
    async def test_each_in_their_language_and_one_without_address_on_the_site(self, scene: Scene) -> None:
        assert await say(scene.samira, scene.karim, scene.paul) == 3
        samira, karim, paul = await rows()
        assert samira["recipient"].endswith("@exemple.fr")
        assert (samira["language"], karim["language"]) == ("fr", "en")
        assert samira["subject"].startswith("Nouvelle heure")
        assert samira["body"] == "Le reste ne change pas.\n\n> « Venez nombreux »"
        assert samira["action"] == "Je vois l’atelier"
        assert (samira["about_kind"], samira["about_id"], samira["about_at"]) == ("workshop", 7, STARTS)
        assert (paul["recipient"], bool(paul["on_site"]), bool(samira["on_site"])) == ("", True, False)
        assert {row["signature"] for row in (samira, karim, paul)} == {"Les Tanneurs"}

    async def test_the_same_thing_again_is_told_to_whoever_was_not(self, scene: Scene) -> None:
        assert await say(scene.samira) == 1
        assert await say(scene.samira, scene.karim) == 1
        assert [row["member_id"] for row in await rows()] == [scene.samira, scene.karim]

    async def test_what_is_stopped_is_read_on_the_site(self, scene: Scene) -> None:
        await choose(scene.samira, stopped="change,reminder")
        await say(scene.samira, scene.karim)
        samira, karim = await rows()
        assert (samira["recipient"], bool(samira["on_site"])) == ("", True)
        assert karim["recipient"]
        await say(scene.samira, what="other", kind=Kind.OFFER)
        assert (await rows())[-1]["recipient"]

    async def test_a_confirmation_on_the_site_is_no_news(self, scene: Scene) -> None:
        await say(scene.paul, what="1", kind=Kind.CONFIRMATION)
        await say(scene.paul, what="2", kind=Kind.CANCELLATION)
        assert [row["read_at"] for row in await rows()] == [NOON, None], "the page that answered has said it"

    async def test_whoever_left_is_told_nothing(self, scene: Scene) -> None:
        async with transaction():
            await run("update member set erased_at = {} where id = {}", NOON, scene.samira)
        assert await say(scene.samira, 987654) == 0
        assert await rows() == []

    async def test_an_act_that_is_undone_told_nobody(self, scene: Scene) -> None:
        @asynccontextmanager
        async def undone() -> AsyncIterator[None]:
            async with transaction():
                yield
                raise ZeroDivisionError

        async def act() -> None:
            async with undone():
                await tell([scene.samira], kind=Kind.CHANGE, what="u", subject=text("Oui"), body=[], now=NOON)
                assert len(await rows()) == 1

        with pytest.raises(ZeroDivisionError):
            await act()
        assert await rows() == []

    async def test_many_cost_no_more_queries_than_one(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        many = [await make_member(place_id=scene.place) for _ in range(60)]

        async def queries(*members: int, what: str) -> int:
            asked = 0
            async with transaction() as current:
                fetch = type(current).fetch

                async def counted(self: Any, *args: Any, **more: Any) -> Any:
                    nonlocal asked
                    asked += 1
                    return await fetch(self, *args, **more)

                assert CURRENT.get() is not None
                with monkeypatch.context() as patched:
                    patched.setattr(type(current), "fetch", counted)
                    await tell(
                        members,
                        kind=Kind.CONFIRMATION,
                        what=what,
                        subject=text("Oui"),
                        body=[],
                        about=THING,
                        part=Part.INVITE,
                        now=NOON,
                    )
            return asked

        one, sixty = await queries(scene.samira, what="one"), await queries(*many, what="many")
        assert one == sixty > 0


class TestTheEvent:
    async def test_it_goes_with_the_mail_of_whoever_reads_no_feed(self, scene: Scene) -> None:
        await subscribe(scene.karim, read_at=NOON - rules.READS_A_FEED + timedelta(minutes=1))
        await say(scene.samira, scene.karim, scene.paul, kind=Kind.CONFIRMATION, part=Part.INVITE)
        assert await methods() == {scene.samira: ("REQUEST", 0), scene.karim: ("", 0), scene.paul: ("", 0)}
        samira = (await rows())[0]
        assert samira["event"].startswith("BEGIN:VEVENT")
        assert "Yann" in samira["event"]

    @pytest.mark.parametrize("feed", ["never read", "read long ago", "cut"])
    async def test_a_feed_that_nobody_reads_is_none(self, scene: Scene, feed: str) -> None:
        read_at = {"never read": None, "read long ago": NOON - rules.READS_A_FEED - timedelta(minutes=1), "cut": NOON}
        await subscribe(scene.samira, read_at=read_at[feed], revoked_at=NOON if feed == "cut" else None)
        await say(scene.samira, kind=Kind.CONFIRMATION, part=Part.INVITE)
        assert (await methods())[scene.samira][0] == "REQUEST"

    async def test_whoever_nobody_has_met_gets_it_without_names(self, scene: Scene) -> None:
        await say(scene.karim, kind=Kind.CONFIRMATION, part=Part.INVITE)
        assert "Yann" not in (await rows())[0]["event"]

    async def test_changes_and_the_end_follow_only_where_it_went(self, scene: Scene) -> None:
        await say(scene.samira, what="1", kind=Kind.CONFIRMATION, part=Part.INVITE)
        await plan(title="Autre titre")
        await say(scene.samira, scene.karim, what="2", part=Part.UPDATE)
        assert await methods() == {scene.samira: ("REQUEST", 1), scene.karim: ("", 0)}
        await subscribe(scene.samira, read_at=NOON)  # from a feed since: the mail's event is still there
        await say(scene.samira, scene.karim, what="3", kind=Kind.CANCELLATION, part=Part.CANCEL)
        assert await methods() == {scene.samira: ("CANCEL", 2), scene.karim: ("", 0)}
        await say(scene.samira, what="4", kind=Kind.CANCELLATION, part=Part.CANCEL)
        assert (await methods())[scene.samira] == ("", 0), "taken back once"

    async def test_whoever_comes_back_gets_it_again_with_a_higher_sequence(self, scene: Scene) -> None:
        for what, part in enumerate((Part.INVITE, Part.CANCEL, Part.INVITE)):
            await say(scene.samira, what=str(what), kind=Kind.CONFIRMATION, part=part)
        assert [(row["method"], row["sequence"]) for row in await rows()] == [
            ("REQUEST", 0),
            ("CANCEL", 1),
            ("REQUEST", 2),
        ]
        (noted,) = await CalendarRequest.select()
        assert (noted["sequence"], noted["cancelled_at"]) == (2, None)

    async def test_the_same_message_twice_moves_no_sequence(self, scene: Scene) -> None:
        for _ in range(3):
            await say(scene.samira, kind=Kind.CONFIRMATION, part=Part.INVITE)
        (noted,) = await CalendarRequest.select()
        assert noted["sequence"] == 0

    async def test_none_goes_with_what_is_read_on_the_site(self, scene: Scene) -> None:
        await choose(scene.samira, stopped="confirmation")
        await say(scene.samira, kind=Kind.CONFIRMATION, part=Part.INVITE)
        assert (await methods())[scene.samira] == ("", 0)
        assert await CalendarRequest.select() == []

    @pytest.mark.parametrize(("part", "method"), [(Part.UPDATE, "REQUEST"), (Part.CANCEL, "CANCEL")])
    async def test_what_a_mail_put_into_a_calendar_is_put_right_whatever_is_stopped(
        self, scene: Scene, part: Part, method: str
    ) -> None:
        await say(scene.samira, what="1", kind=Kind.CONFIRMATION, part=Part.INVITE)
        await choose(scene.samira, stopped="confirmation,change")
        await choose(scene.karim, stopped="confirmation,change")
        for what, quiet in (("2", False), ("3", True)):
            told = await say(scene.samira, scene.karim, what=what, kind=Kind.CONFIRMATION, part=part, quiet=quiet)
            if part is Part.UPDATE or what == "2":
                samira = next(row for row in reversed(await rows()) if row["member_id"] == scene.samira)
                assert (samira["method"], bool(samira["recipient"]), bool(samira["on_site"])) == (method, True, False)
                assert bool(samira["stopped"]), "nobody is telephoned about it"
                assert told == (1 if quiet else 2)
            else:
                assert told == 0, "taken back once"
        karim = next(row for row in await rows() if row["member_id"] == scene.karim)
        assert (karim["method"], karim["recipient"], bool(karim["on_site"])) == ("", "", True), "nothing is there"

    async def test_somebodys_own_deed_takes_it_out_of_the_calendar(self, scene: Scene) -> None:
        await say(scene.samira, what="1", kind=Kind.CONFIRMATION, part=Part.INVITE)
        await choose(scene.samira, stopped="confirmation")
        assert await say(scene.samira, what="2", kind=Kind.CONFIRMATION, part=Part.CANCEL, quiet=True) == 1
        assert (await methods())[scene.samira] == ("CANCEL", 1)
        (noted,) = await CalendarRequest.select()
        assert noted["cancelled_at"] == NOON

    async def test_taking_part_is_no_condition(self, scene: Scene) -> None:
        async with transaction():
            await take_part("workshop", 7, scene.samira, Role.PARTICIPANT, binding=False, now=NOON)
        await say(scene.samira, kind=Kind.CONFIRMATION, part=Part.INVITE)
        assert (await methods())[scene.samira][0] == "REQUEST"


class TestWhatMayBeSaid:
    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            ({"link": "https://mal.exemple"}, "path on our own site"),
            ({"kind": Kind.SIGN_IN}, "post_mail"),
            ({"about": None, "part": Part.INVITE}, "about something in the calendar"),
            ({"about": None, "offer_keys": {1: "1-2"}}, "about something in the calendar"),
        ],
    )
    async def test_nonsense_is_refused(self, more: dict[str, Any], sentence: str) -> None:
        said: dict[str, Any] = {
            "kind": Kind.CHANGE,
            "what": "x",
            "subject": text("Oui"),
            "body": [],
            "about": THING,
            "now": NOON,
        }
        with pytest.raises(ValueError, match=sentence):
            await tell([1], **(said | more))
