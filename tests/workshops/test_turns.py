"""A workshop's hosts ask for people to help: turns that move, are cancelled and are on again with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.calendar.api import why_clashes
from app.database import Store, run
from app.errors import NotFound, Refused
from rotas.api import people_of, slots_of
from rotas.commands.claiming import claim
from rotas.commands.duties import set_quiet
from rotas.states import RotaRefusal
from tests.client import NOON, words
from tests.factories import a_proposal, make_workshop
from tests.people import Cast, make_cast
from tests.rotas.make import make_duty, make_slot
from tests.rotas.reads import consistent, entry, holders, slot, untold
from tests.workshops.reads import mails, refused
from tests.workshops.test_pages import Scene
from tests.workshops.test_races import at_once, errors
from workshops.commands import cancel, close_turn, edit, open_turn, reopen
from workshops.facts import source_of
from workshops.states import TurnMoment, WorkshopRefusal

HOUR = timedelta(hours=1)
START = NOON + timedelta(days=10)
END = START + 2 * HOUR


async def a_workshop(cast: Cast, **changes: Any) -> int:
    return await make_workshop(place_id=cast.place, host=cast.yann, mediator=cast.bruno, **changes)


async def opened(
    cast: Cast,
    workshop_id: int,
    *,
    actor: int | None = None,
    moment: TurnMoment = TurnMoment.BEFORE,
    people: int = 2,
    duty_id: int | None = None,
    now: datetime = NOON,
) -> int:
    return await open_turn(
        actor=actor or cast.yann,
        workshop_id=workshop_id,
        duty_id=duty_id or await make_duty(place_id=cast.place, name="Tables"),
        moment=moment,
        minutes=30,
        people=people,
        now=now,
    )


async def moved(cast: Cast, workshop_id: int, by: timedelta, **changes: Any) -> None:
    version = (await run("select version from workshop where id = {}", workshop_id))[0]["version"]
    proposal = replace(a_proposal(starts_at=START + by), **changes)
    await edit(actor=cast.yann, workshop_id=workshop_id, proposal=proposal, version=version, now=NOON)


class TestOpening:
    async def test_before_during_and_after(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        for moment in TurnMoment:
            await opened(cast, made, moment=moment)
        half = timedelta(minutes=30)
        seen = await slots_of(source_of(made))
        assert [(each.starts_at, each.ends_at) for each in seen] == [
            (START - half, START),
            (START, END),
            (END, END + half),
        ]
        title = (await run("select title from workshop where id = {}", made))[0]["title"]
        assert (await entry(seen[0].id))["title"] == f"Tables · {title}"

    async def test_the_same_again_is_that_turn(self, cast: Cast) -> None:
        made, duty = await a_workshop(cast), await make_duty(place_id=cast.place)
        ids = [await opened(cast, made, duty_id=duty, people=people) for people in (2, 3)]
        assert ids[0] == ids[1]
        assert (await slot(ids[0]))["people"] == 3

    async def test_only_hosts_and_only_what_is_in_the_agenda_and_to_come(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        await refused(opened(cast, made, actor=cast.samira), WorkshopRefusal.ONLY_HOSTS)
        await refused(opened(cast, made, now=START), WorkshopRefusal.OVER)
        before: dict[str, Any] = {"moment": TurnMoment.BEFORE, "now": START - HOUR / 4}
        with pytest.raises(Refused) as caught:  # it would have begun a quarter of an hour ago
            await opened(cast, made, **before)
        assert caught.value.reason is RotaRefusal.OVER
        assert await slots_of(source_of(made)) == []
        assert await opened(cast, made, now=START - HOUR)
        with pytest.raises(NotFound):
            await opened(cast, made, duty_id=999)
        await cancel(actor=cast.yann, workshop_id=made, reason="", now=NOON)
        await refused(opened(cast, made), WorkshopRefusal.WRONG_STATE)

    async def test_it_takes_no_room_from_the_workshop(self, cast: Cast) -> None:
        made = await a_workshop(cast, room_id=cast.salon)
        await opened(cast, made, moment=TurnMoment.DURING)
        itself = ("workshop", made)
        assert await why_clashes(starts_at=START, ends_at=END, room_id=cast.salon, except_for=itself) is None
        await moved(cast, made, HOUR, room_id=cast.salon)
        assert (await run("select room_id from workshop where id = {}", made))[0]["room_id"] == cast.salon

    async def test_its_host_may_help_during_it(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        turn = await opened(cast, made, moment=TurnMoment.DURING)
        await claim(actor=cast.yann, slot_id=turn, now=NOON)
        assert await holders(turn) == [cast.yann]

    async def test_closed_by_itself_people_are_told(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        turn = await opened(cast, made)
        await claim(actor=cast.samira, slot_id=turn, now=NOON)
        await refused(
            close_turn(actor=cast.samira, workshop_id=made, slot_id=turn, now=NOON), WorkshopRefusal.ONLY_HOSTS
        )
        for _ in range(2):
            await close_turn(actor=cast.yann, workshop_id=made, slot_id=turn, now=NOON)
        assert await slots_of(source_of(made)) == []
        assert len(await mails(to=cast.samira, kind="cancellation")) == 1
        other = await make_slot(place_id=cast.place)
        with pytest.raises(NotFound):
            await close_turn(actor=cast.yann, workshop_id=made, slot_id=other, now=NOON)


class TestWithTheWorkshop:
    async def test_moved_they_go_with_it(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        before, after = await opened(cast, made), await opened(cast, made, moment=TurnMoment.AFTER)
        await claim(actor=cast.samira, slot_id=before, now=NOON)
        await moved(cast, made, 24 * HOUR)
        assert (await slot(before))["ends_at"] == START + 24 * HOUR
        assert (await slot(after))["starts_at"] == END + 24 * HOUR
        assert await holders(before) == [cast.samira]
        told = [row for row in await mails(to=cast.samira, kind="change") if row["about_kind"] == "turn"]
        assert len(told) == 1
        await consistent()

    async def test_longer_what_follows_comes_later(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        before, after = await opened(cast, made), await opened(cast, made, moment=TurnMoment.AFTER)
        await moved(cast, made, timedelta(), ends_at=END + HOUR)
        assert (await slot(before))["ends_at"] == START
        assert (await slot(after))["starts_at"] == END + HOUR

    async def test_called_otherwise_they_are_too(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        turn = await opened(cast, made)
        await moved(cast, made, timedelta(), title="Chorale")
        assert (await entry(turn))["title"] == "Tables · Chorale"

    async def test_cancelled_and_on_again(self, cast: Cast) -> None:
        made = await a_workshop(cast)
        turn = await opened(cast, made)
        await claim(actor=cast.samira, slot_id=turn, now=NOON)
        await cancel(actor=cast.yann, workshop_id=made, reason="Grippe.", now=NOON)
        assert ((await slot(turn))["state"], await holders(turn)) == ("cancelled", [])
        assert await people_of(source_of(made)) == set()
        assert await untold() == []
        await reopen(actor=cast.yann, workshop_id=made, now=NOON + HOUR)
        assert (await slot(turn))["state"] == "open"
        assert len(await mails(to=cast.samira, about="on-again")) == 1
        await claim(actor=cast.samira, slot_id=turn, now=NOON + HOUR)
        await consistent()

    async def test_moved_while_people_claim_everybody_knows_the_hour(self, cast: Cast) -> None:
        """What becomes of it without the locks is seen in tests/rotas/test_pattern_races.py."""
        made = await a_workshop(cast)
        turn = await opened(cast, made, people=6)
        people = [cast.samira, cast.karim, cast.aicha, cast.odile, cast.rosa, cast.helene]
        ends = await at_once(
            [
                *(claim(actor=each, slot_id=turn, sure=True, now=NOON) for each in people[:3]),
                moved(cast, made, 24 * HOUR),
                *(claim(actor=each, slot_id=turn, sure=True, now=NOON) for each in people[3:]),
            ]
        )
        assert errors(ends) == []
        assert sorted(each for each in await holders(turn) if each) == sorted(people)
        for each in people:
            told = await run("select about_at from outbox where member_id = {} and about_id = {}", each, turn)
            assert START + 24 * HOUR - timedelta(minutes=30) in [row["about_at"] for row in told]
        await consistent()


class TestPages:
    @pytest.fixture
    async def scene(self, db: Store) -> Scene:
        return Scene(await make_cast())

    async def test_a_host_opens_one_and_a_member_sees_it(self, scene: Scene) -> None:
        made = await scene.published(format="libre")
        duty = await make_duty(place_id=scene.cast.place, name="Tables")
        host = await scene.as_(scene.cast.samira)
        assert "Il me faut du monde pour aider" in words(await host.get(f"/ateliers/{made}"))
        form = {"duty": str(duty), "moment": "before", "minutes": "30", "people": "2"}
        sent = await host.post(f"/ateliers/{made}/tours", form)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/ateliers/{made}#tours")
        (turn,) = await slots_of(source_of(made))
        member = await scene.as_(scene.cast.karim)
        page = await member.get(f"/ateliers/{made}")
        assert "Il manque 2 personnes" in words(page)
        assert f'href="/tours/{turn.id}"' in page.text
        assert "Il me faut du monde" not in words(page)
        assert "Tables" not in words(await scene.world.browser().get(f"/ateliers/{made}"))
        await claim(actor=scene.cast.karim, slot_id=turn.id, now=scene.world.now)
        assert "Karim" in words(await host.get(f"/ateliers/{made}"))
        assert (await member.post(f"/ateliers/{made}/tours/{turn.id}/retrait")).status_code == 409
        assert (await host.post(f"/ateliers/{made}/tours/{turn.id}/retrait")).status_code == 303
        assert await slots_of(source_of(made)) == []

    async def test_a_form_that_cannot_be_read_comes_back(self, scene: Scene) -> None:
        made = await scene.published(format="libre")
        await make_duty(place_id=scene.cast.place, name="Tables")
        host = await scene.as_(scene.cast.samira)
        answer = await host.post(f"/ateliers/{made}/tours", {"duty": "", "moment": "hier", "people": "beaucoup"})
        assert answer.status_code == 422
        assert "Choisis un rôle." in words(answer)
        assert "Écris un nombre" in words(answer)

    async def test_without_keys_members_are_warned(self, scene: Scene) -> None:
        made = await scene.published(format="libre")
        member = await scene.as_(scene.cast.karim)
        warning = "Personne n’a encore les clés"
        assert warning not in words(await member.get(f"/ateliers/{made}"))
        keys = await make_duty(place_id=scene.cast.place, name="Ouverture", opens_place=True)
        assert warning not in words(await member.get(f"/ateliers/{made}"))  # there is time yet
        scene.world.later(days=11)
        assert warning in words(await member.get(f"/ateliers/{made}"))
        assert warning not in words(await scene.world.browser().get(f"/ateliers/{made}"))
        (row,) = await run("select starts_at from workshop where id = {}", made)
        turn = await make_slot(place_id=scene.cast.place, duty_id=keys, starts_at=row["starts_at"])
        assert warning in words(await member.get(f"/ateliers/{made}"))
        await claim(actor=scene.cast.aicha, slot_id=turn, now=scene.world.now)
        assert warning not in words(await member.get(f"/ateliers/{made}"))

    async def test_a_quiet_place_says_of_nothing_that_it_is_missing(self, scene: Scene) -> None:
        made = await scene.published(format="libre")
        await make_duty(place_id=scene.cast.place, name="Ouverture", opens_place=True)
        scene.world.later(days=11)
        member = await scene.as_(scene.cast.karim)
        warning = "Personne n’a encore les clés"
        duty = await make_duty(place_id=scene.cast.place, name="Tables")
        form = {"duty": str(duty), "moment": "before", "minutes": "30", "people": "2"}
        await (await scene.as_(scene.cast.samira)).post(f"/ateliers/{made}/tours", form)
        assert warning in words(await member.get(f"/ateliers/{made}"))
        assert "Il manque 2 personnes" in words(await member.get(f"/ateliers/{made}"))
        await set_quiet(actor=scene.cast.rosa, place_id=scene.cast.place, quiet=True, now=scene.world.now)
        quiet = words(await member.get(f"/ateliers/{made}"))
        assert warning not in quiet
        assert "Tables" in quiet
        assert "Il manque" not in quiet
