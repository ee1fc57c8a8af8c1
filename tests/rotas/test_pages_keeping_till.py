"""The till: for whoever has the turn, from half an hour before until an hour after; for everybody else, and at every
other instant, there is nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.database import Store, run, transaction
from app.errors import NotFound
from app.identity.leaving import erase_for
from app.identity.states import Act
from app.main import REGISTRY
from rotas import rules
from rotas.commands.claiming import claim, watch
from rotas.commands.giving_up import ask_stand_in
from rotas.commands.swapping import settle
from rotas.commands.till import count_till, forget_counts
from tests.client import NOON, Browser, words
from tests.factories import make_grant, make_member, make_place
from tests.people import make_cast
from tests.rotas.make import make_practice
from tests.rotas.scene import HOUR, Scene

STARTS, ENDS = NOON + 10 * HOUR, NOON + 12 * HOUR
INSTANT = timedelta(microseconds=1)
OPENS, CLOSES = STARTS - timedelta(minutes=30), ENDS + timedelta(hours=1)
COUNT = {"moment": "opening", "amount": "50", "word": ""}


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def till(scene: Scene, *who: int, starts_at: datetime = STARTS) -> int:
    return await scene.slot("Caisse", people=2, who=who, act=Act.TAKE_CASH.value, adults_only=True, starts_at=starts_at)


async def counts(slot_id: int) -> list[tuple[str, int, str]]:
    rows = await run("select * from rota_till_count where slot_id = {} order by moment desc", slot_id)
    return [(row["moment"], row["cents"], row["word"]) for row in rows]


async def doors(browser: Browser, slot_id: int) -> list[int]:
    """What every door of the till answers: the page, a count, a count that cannot be read, and the short way."""
    path = f"/tours/{slot_id}/caisse"
    return [
        (await browser.get(path)).status_code,
        (await browser.post(path, COUNT)).status_code,
        (await browser.post(path, {"moment": "opening", "amount": ""})).status_code,
        (await browser.get("/tours/caisse")).status_code,
    ]


OPEN, SHUT = [200, 303, 422, 303], [404, 404, 404, 404]


@pytest.mark.parametrize(
    ("at", "answers"),
    [
        (OPENS - INSTANT, SHUT),
        (OPENS, OPEN),
        (STARTS, OPEN),
        (ENDS, OPEN),
        (CLOSES - INSTANT, OPEN),
        (CLOSES, SHUT),
        (NOON, SHUT),
    ],
)
async def test_it_is_open_to_its_holder_just_so_long(scene: Scene, at: datetime, answers: list[int]) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim = await scene.as_(scene.cast.karim)
    scene.world.now = at
    assert await doors(karim, slot_id) == answers
    assert await counts(slot_id) == ([("opening", 5000, "")] if answers is OPEN else [])
    shown = 'href="/tours/caisse"' in (await karim.get("/tours")).text
    assert shown == (answers is OPEN)


async def test_gone_at_once_with_the_turn(scene: Scene) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim = await scene.as_(scene.cast.karim)
    scene.world.now = STARTS
    assert await doors(karim, slot_id) == OPEN
    await karim.post(f"/tours/{slot_id}/empechement", {"choice": "free"})
    assert await doors(karim, slot_id) == SHUT
    assert 'href="/tours/caisse"' not in (await karim.get("/tours")).text
    await karim.post(f"/tours/{slot_id}/prise", {"sure": "1"})
    assert await doors(karim, slot_id) == OPEN


async def test_it_goes_to_whoever_comes_instead(scene: Scene) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim, yann = await scene.as_(scene.cast.karim), await scene.as_(scene.cast.yann)
    asked = {"actor": scene.cast.karim, "member_id": scene.cast.karim, "slot_id": slot_id}
    swap = await ask_stand_in(**asked, to_member=None, word="", now=OPENS)
    scene.world.now = OPENS
    assert (await doors(karim, slot_id), await doors(yann, slot_id)) == (OPEN, SHUT)
    await settle(actor=scene.cast.yann, swap_id=swap, now=OPENS)
    assert (await doors(karim, slot_id), await doors(yann, slot_id)) == (SHUT, OPEN)


async def test_others_have_none_whatever_they_may(scene: Scene) -> None:
    cast = scene.cast
    slot_id = await till(scene, cast.karim)
    (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
    await make_practice(duty_id=row["duty_id"], member_id=cast.karim)
    await watch(actor=cast.odile, slot_id=slot_id, now=NOON)
    await make_grant(member_id=cast.yann, place_id=cast.place, act=Act.TAKE_CASH, from_at=NOON)
    others = [cast.yann, cast.odile, cast.aicha, cast.rosa, cast.bruno, cast.newcomer]
    browsers = [await scene.as_(member) for member in others]
    elsewhere = await scene.world.browser_of(cast.karim, place_id=await make_place(slug="ailleurs"))
    scene.world.now = STARTS
    for browser in browsers:
        assert await doors(browser, slot_id) == SHUT
    assert [(await elsewhere.get(path)).status_code for path in (f"/tours/{slot_id}/caisse", "/tours/caisse")] == [
        200,
        404,
    ]
    visitor = scene.world.browser()
    assert (await visitor.get(f"/tours/{slot_id}/caisse")).status_code == 303
    assert await counts(slot_id) == []


async def test_the_morning_does_not_open_the_evening(scene: Scene) -> None:
    cast = scene.cast
    morning = await till(scene, cast.karim)
    evening = await till(scene, cast.karim, starts_at=STARTS + 8 * HOUR)
    karim = await scene.as_(cast.karim)
    scene.world.now = STARTS
    assert await doors(karim, morning) == OPEN
    assert await doors(karim, evening) == [*SHUT[:3], 303]
    with pytest.raises(NotFound):
        await count_till(actor=cast.karim, slot_id=evening, moment="opening", cents=1, word="", now=STARTS)


async def test_without_the_rule_of_hours_the_evening_would_be_open(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the test above sees the guard."""
    evening = await till(scene, scene.cast.karim, starts_at=STARTS + 8 * HOUR)
    await till(scene, scene.cast.karim)
    monkeypatch.setattr(rules, "allows_at", lambda *_: True)
    await count_till(actor=scene.cast.karim, slot_id=evening, moment="opening", cents=1, word="", now=STARTS)
    assert await counts(evening) == [("opening", 1, "")]


async def test_between_two_turns_the_short_way_leads_to_the_one_that_goes_on(scene: Scene) -> None:
    first = await till(scene, scene.cast.karim)
    second = await till(scene, scene.cast.karim, starts_at=ENDS)
    karim = await scene.as_(scene.cast.karim)
    for at, slot_id in ((ENDS - INSTANT, first), (ENDS, second), (ENDS + 2 * HOUR, second)):
        scene.world.now = at
        assert (await karim.get("/tours/caisse")).headers["location"] == f"/tours/{slot_id}/caisse"


async def test_what_is_counted_stands_there_and_the_last_count_counts(scene: Scene) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim = await scene.as_(scene.cast.karim)
    scene.world.now = STARTS
    path = f"/tours/{slot_id}/caisse"
    for amount in ("50", "1 052,5 €"):
        await karim.post(path, {"moment": "opening", "amount": amount, "word": "un bouton dedans"})
    await karim.post(path, {"moment": "closing", "amount": "0", "word": ""})
    assert await counts(slot_id) == [("opening", 105250, "un bouton dedans"), ("closing", 0, "")]
    read = words(await karim.get(path))
    assert "1052,50 €, compté à 22 h" in read
    assert "« un bouton dedans »" in read
    assert "0 €, compté à 22 h" in read


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"amount": ""}, "amount", "Il manque la somme."),
        ({"amount": "beaucoup"}, "amount", "Écris une somme, comme 132,50."),
        ({"amount": "-3"}, "amount", "Écris une somme, comme 132,50."),
        ({"amount": "10000,01"}, "amount", "C’est plus de 10000 €"),
        ({"moment": "noon"}, "moment", "Au début, ou à la fin ?"),
        ({"word": "x" * 201}, "word", "C’est trop long"),
    ],
)
async def test_what_cannot_be_is_said_beside_the_field(
    scene: Scene, changes: dict[str, str], field: str, sentence: str
) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim = await scene.as_(scene.cast.karim)
    scene.world.now = STARTS
    sent = {"moment": "closing", "amount": "12,30", "word": "bizarre", **changes}
    page = await karim.post(f"/tours/{slot_id}/caisse", sent)
    assert page.status_code == 422
    assert sentence in words(page)
    if field != "moment":
        assert f'id="field-{field}-error"' in page.text
    assert 'value="bizarre"' in page.text or field == "word"
    assert await counts(slot_id) == []


async def test_it_costs_the_same_whatever_was_counted(scene: Scene, db: Store) -> None:
    slot_id = await till(scene, scene.cast.karim)
    karim = await scene.as_(scene.cast.karim)
    scene.world.now = STARTS

    async def queries() -> int:
        before = int(db.query_id)
        await karim.get(f"/tours/{slot_id}/caisse")
        return int(db.query_id) - before

    few = await queries()
    await claim(actor=scene.cast.yann, slot_id=slot_id, sure=True, now=STARTS)
    for moment in rules.MOMENTS:
        await karim.post(f"/tours/{slot_id}/caisse", {**COUNT, "moment": moment})
    assert await queries() == few


async def test_another_who_has_the_turn_sees_what_was_counted_and_counts_too(scene: Scene) -> None:
    cast = scene.cast
    slot_id = await till(scene, cast.karim, cast.yann)
    karim, yann = await scene.as_(cast.karim), await scene.as_(cast.yann)
    scene.world.now = STARTS
    path = f"/tours/{slot_id}/caisse"
    await karim.post(path, COUNT)
    page = await yann.get(path)
    assert "50 €, compté à 22 h par Karim" in words(page)
    assert 'value="50"' not in page.text
    await yann.post(path, {**COUNT, "amount": "48"})
    assert sorted(await counts(slot_id)) == [("opening", 4800, ""), ("opening", 5000, "")]


async def test_whoever_has_not_been_met_reads_no_name_there(scene: Scene) -> None:
    cast = scene.cast
    slot_id = await till(scene, cast.karim, cast.samira)
    async with transaction():  # they took it when nobody asked who had met them
        await run("update membership set met_at = null where member_id = {}", cast.samira)
    karim, newcomer = await scene.as_(cast.karim), await scene.as_(cast.samira)
    scene.world.now = STARTS
    await karim.post(f"/tours/{slot_id}/caisse", COUNT)
    read = words(await newcomer.get(f"/tours/{slot_id}/caisse"))
    assert "50 €, compté à 22 h par quelqu’un" in read
    assert "Karim" not in read


class TestTheBook:
    """The last counts, for whoever keeps the place or its accounts."""

    async def counted(self, scene: Scene) -> tuple[int, str]:
        slot_id = await till(scene, scene.cast.karim, scene.cast.yann)
        for member, cents in ((scene.cast.karim, 5000), (scene.cast.yann, 4850)):
            await count_till(actor=member, slot_id=slot_id, moment="opening", cents=cents, word="", now=STARTS)
        await count_till(actor=scene.cast.karim, slot_id=slot_id, moment="closing", cents=0, word="vidée", now=ENDS)
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        return slot_id, f"/tours/roles/{row['duty_id']}"

    async def test_they_read_who_counted_what_when(self, scene: Scene) -> None:
        cast = scene.cast
        _, duty = await self.counted(scene)
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.KEEP_ACCOUNTS, from_at=NOON)
        for member in (cast.rosa, cast.odile):
            browser = await scene.as_(member)
            assert f'href="{duty}/caisse"' in (await browser.get(duty)).text
            read = words(await browser.get(f"{duty}/caisse"))
            assert "Mardi 24 novembre, de 22 h" in read
            assert "Au début 50 €, compté à 22 h par Karim" in read
            assert "Au début 48,50 €, compté à 22 h par Yann" in read
            assert "À la fin 0 €, compté à 0 h par Karim « vidée »" in read

    async def test_nobody_else_does(self, scene: Scene) -> None:
        cast = scene.cast
        _, duty = await self.counted(scene)
        for member in (cast.karim, cast.bruno, cast.newcomer):
            browser = await scene.as_(member)
            assert f'href="{duty}/caisse"' not in (await browser.get(duty)).text
            assert (await browser.get(f"{duty}/caisse")).status_code == 403
        there = await make_place(slug="ailleurs")
        stranger = await scene.world.browser_of(await make_member(name="Zoé", place_id=there, now=NOON), place_id=there)
        assert (await stranger.get(f"{duty}/caisse")).status_code == 404

    async def test_a_duty_without_a_till_has_none(self, scene: Scene) -> None:
        slot_id = await scene.slot("Accueil")
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        rosa = await scene.as_(scene.cast.rosa)
        assert (await rosa.get(f"/tours/roles/{row['duty_id']}/caisse")).status_code == 404
        assert "/caisse" not in (await rosa.get(f"/tours/roles/{row['duty_id']}")).text

    async def test_after_two_years_or_an_erasure_it_says_no_name(self, scene: Scene) -> None:
        _, duty = await self.counted(scene)
        await erase_for(scene.cast.karim, REGISTRY.domains, force=True, now=ENDS + 2 * HOUR)
        rosa = await scene.as_(scene.cast.rosa)
        read = words(await rosa.get(f"{duty}/caisse"))
        assert "compté à 22 h par une personne partie" in read
        assert "Karim" not in read
        assert "vidée" not in read
        await forget_counts(ENDS + rules.COUNTS_KEPT_FOR)
        assert "Personne n’a encore compté." in words(await rosa.get(f"{duty}/caisse"))

    async def test_it_costs_the_same_whatever_was_counted(self, scene: Scene, db: Store) -> None:
        slot_id, duty = await self.counted(scene)
        rosa = await scene.as_(scene.cast.rosa)

        async def queries() -> int:
            before = int(db.query_id)
            await rosa.get(f"{duty}/caisse")
            return int(db.query_id) - before

        await queries()
        few = await queries()
        (row,) = await run("select duty_id from rota_slot where id = {}", slot_id)
        for day in range(1, 5):
            at = STARTS + day * 24 * HOUR
            made = await scene.slot("Caisse", people=2, duty_id=row["duty_id"], starts_at=at, who=(scene.cast.aicha,))
            for moment in rules.MOMENTS:
                await count_till(actor=scene.cast.aicha, slot_id=made, moment=moment, cents=day, word="", now=at)
        await queries()  # once more, as above: who asks is asked again after a commit
        assert await queries() == few
