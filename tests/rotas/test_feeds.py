"""Turns in feeds: the public ones hold those that lack somebody, one's own all that are one's own; and no program is
told that nothing changed when a turn filled up, or was given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from app.calendar import entries
from app.calendar.commands import add_feed
from app.calendar.rules import FeedWishes
from app.database import run
from rotas.commands.claiming import claim, watch
from rotas.commands.duties import set_quiet
from rotas.commands.giving_up import free
from rotas.commands.patterns import change_pattern
from rotas.recurring import Weekly
from tests.people import Cast
from tests.rotas.make import SOON, make_practice, make_weeks
from tests.rotas.scene import TOMORROW, Scene

TOKEN = "a-secret-address-of-24-bytes-0001"
TURNS = "/calendriers/tours.ics"
SHARED = (TURNS, "/calendriers/agenda.ics", "/calendriers/lieux/les-tanneurs.ics")
MINE = f"/calendriers/perso/{TOKEN}.ics"


@pytest.fixture
def scene(cast: Cast) -> Scene:
    return Scene(cast)


def events(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    calendar = Calendar.from_ical(answer.content)
    assert calendar.errors == []
    return [event for event in calendar.events if event["UID"] != "nothing-yet@reseau"]


def titles(answer: httpx.Response) -> list[str]:
    return [str(event["SUMMARY"]) for event in events(answer)]


@pytest.mark.parametrize("path", SHARED)
async def test_a_public_feed_has_what_lacks_somebody_and_no_name(scene: Scene, path: str) -> None:
    cast = scene.cast
    slot_id = await scene.slot("Accueil", people=2, who=(cast.karim,))
    await scene.slot("Courses", people=1, who=(cast.karim,), starts_at=TOMORROW + timedelta(hours=3))
    answer = await scene.world.browser().get(path)
    (event,) = events(answer)
    assert event["SUMMARY"] == "Accueil"
    assert str(event["URL"]).endswith(f"/tours/{slot_id}")
    assert [str(word) for word in event["CATEGORIES"].cats] == ["Tours"]
    assert "Karim" not in answer.text


async def fills_up_and_is_free_again(scene: Scene, path: str, **asked: str) -> list[tuple[int, list[str]]]:
    """What a telephone is answered that asks with what it was told last time, while a turn fills up and is freed."""
    cast, phone = scene.cast, scene.world.browser()
    slot_id = await scene.slot("Accueil", people=1)
    await scene.slot("Courses", people=2)
    answers = []
    last = await phone.get(path)

    async def ask() -> None:
        nonlocal last
        scene.world.later(minutes=5)
        answer = await phone.get(path, **{name: last.headers[of] for name, of in asked.items()})
        answers.append((answer.status_code, sorted(titles(answer)) if answer.status_code == 200 else []))
        last = answer

    await ask()
    await claim(actor=cast.karim, slot_id=slot_id, now=scene.world.later(seconds=1))
    await ask()
    await ask()
    await free(actor=cast.karim, slot_id=slot_id, member_id=cast.karim, now=scene.world.later(seconds=1))
    await ask()
    await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=scene.world.later(seconds=1))
    await ask()
    return answers


SEEN = [(304, []), (200, ["Courses"]), (304, []), (200, ["Accueil", "Courses"]), (200, [])]


class TestUnchanged:
    @pytest.mark.parametrize("path", SHARED)
    @pytest.mark.parametrize("header", ["If_None_Match", "If_Modified_Since"])
    async def test_no_program_misses_that_a_turn_filled_up_or_was_given_up(
        self, scene: Scene, path: str, header: str
    ) -> None:
        of = {"If_None_Match": "etag", "If_Modified_Since": "last-modified"}[header]
        assert await fills_up_and_is_free_again(scene, path, **{header: of}) == SEEN

    async def test_the_control_without_its_hour_it_would_be_missed(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The positive control: when nothing says since when it is listed no more, a program that knows only dates is
        told that nothing changed."""
        monkeypatch.setattr(entries, "next_modified", lambda previous, now: previous or SOON - timedelta(days=100))
        answers = await fills_up_and_is_free_again(scene, TURNS, If_Modified_Since="last-modified")
        assert answers != SEEN
        assert answers[1] == (304, [])

    async def test_one_that_fills_up_while_another_is_freed(self, scene: Scene) -> None:
        """The same number of turns, and still another feed."""
        cast, phone = scene.cast, scene.world.browser()
        first, second = await scene.slot("Accueil", people=1), await scene.slot("Courses", people=1)
        await claim(actor=cast.karim, slot_id=first, now=scene.world.now)
        before = await phone.get(TURNS)
        assert titles(before) == ["Courses"]
        await free(actor=cast.karim, slot_id=first, member_id=cast.karim, now=scene.world.now)
        await claim(actor=cast.karim, slot_id=second, now=scene.world.now)
        after = await phone.get(TURNS, If_None_Match=before.headers["etag"])
        assert titles(after) == ["Accueil"]


class TestOnesOwn:
    async def test_my_turns_are_in_my_feed_full_or_not_and_go_with_me(self, scene: Scene) -> None:
        cast, phone = scene.cast, scene.world.browser()
        await add_feed(actor=cast.karim, wishes=FeedWishes("Téléphone"), token=TOKEN, now=scene.world.now)
        mine = await scene.slot("Courses", people=1)
        await scene.slot("Accueil", people=1)
        assert titles(await phone.get(MINE)) == []
        await claim(actor=cast.karim, slot_id=mine, now=scene.world.later(minutes=1))
        full = await phone.get(MINE)
        assert titles(full) == ["Courses"]
        await set_quiet(actor=cast.rosa, place_id=cast.place, quiet=True, now=scene.world.later(minutes=1))
        assert titles(await phone.get(MINE)) == ["Courses"]
        await free(actor=cast.karim, slot_id=mine, member_id=cast.karim, now=scene.world.later(minutes=1))
        gone = await phone.get(MINE, If_None_Match=full.headers["etag"])
        assert (gone.status_code, titles(gone)) == (200, [])

    async def test_whoever_watches_has_it_too(self, scene: Scene) -> None:
        cast, phone = scene.cast, scene.world.browser()
        await add_feed(actor=cast.karim, wishes=FeedWishes("Téléphone"), token=TOKEN, now=scene.world.now)
        slot_id = await scene.slot("Vaisselle", people=1, who=(cast.samira,))
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        await make_practice(duty_id=row["duty_id"], member_id=cast.samira)
        await watch(actor=cast.karim, slot_id=slot_id, now=scene.world.now)
        assert titles(await phone.get(MINE)) == ["Vaisselle"]

    async def test_a_pattern_that_moves_takes_the_event_along(self, scene: Scene) -> None:
        """The same event at another hour, not one more."""
        cast, phone = scene.cast, scene.world.browser()
        await add_feed(actor=cast.karim, wishes=FeedWishes("Téléphone"), token=TOKEN, now=scene.world.now)
        pattern_id, slots = await make_weeks(place_id=cast.place, count=2)
        await claim(actor=cast.karim, slot_id=slots[0], now=scene.world.now)
        (before,) = events(await phone.get(MINE))
        (row,) = await run("select from_on, weekday, version from rota_pattern where id = {}", pattern_id)
        weekly = Weekly(row["weekday"], "15:00", "17:00", row["from_on"])
        await change_pattern(
            actor=cast.rosa,
            pattern_id=pattern_id,
            from_on=row["from_on"],
            weekly=weekly,
            people=1,
            room_id=None,
            version=row["version"],
            now=scene.world.later(minutes=1),
        )
        (after,) = events(await phone.get(MINE))
        assert after["UID"] == before["UID"]
        assert after["SEQUENCE"] > before["SEQUENCE"]
        assert after["DTSTART"].dt != before["DTSTART"].dt


async def test_one_turn_alone(scene: Scene) -> None:
    slot_id = await scene.slot("Accueil", people=1)
    assert titles(await scene.world.browser().get(f"/tours/{slot_id}.ics")) == ["Accueil"]
