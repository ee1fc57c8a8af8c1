"""What turns tell somebody about themselves, and what is left of them when they go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.contracts import Erasure, Renaming, Word
from app.database import run, transaction
from app.i18n import language
from app.identity.leaving import erase_for, leaving_of
from app.identity.states import Act
from app.main import REGISTRY
from rotas import own_data
from rotas.commands.claiming import claim, claim_for_guest, watch
from rotas.commands.giving_up import ask_stand_in, free, propose_swap
from rotas.commands.till import count_till
from rotas.commands.weekly import hold_weekly
from rotas.states import Level
from tests.client import NOON
from tests.factories import make_grant
from tests.people import Cast
from tests.rotas import reads
from tests.rotas.make import DAY, SOON, make_duty, make_practice, make_slot, make_weeks

LATER = NOON + timedelta(minutes=5)
WORD = "canari-un-mot-avec-la-demande"
TILL_WORD = "canari-il-manque-deux-euros"


async def live(cast: Cast) -> dict[str, int]:
    """Karim does a turn and counts the box, holds one every week, takes one for somebody, asks, is asked, watches."""
    me, place = cast.karim, cast.place
    till = await make_slot(
        place_id=place,
        duty_id=await make_duty(place_id=place, name="Caisse", act=Act.TAKE_CASH.value),
        starts_at=NOON - 3 * DAY,
    )
    await claim(actor=me, slot_id=till, now=NOON - 5 * DAY)
    await count_till(actor=me, slot_id=till, moment="opening", cents=5000, word=TILL_WORD, now=NOON - 3 * DAY)
    pattern_id, weeks = await make_weeks(place_id=place, people=2, count=3)
    await hold_weekly(actor=me, slot_id=weeks[0], now=NOON)
    guests = await make_slot(place_id=place, people=2, starts_at=SOON + DAY)
    await claim_for_guest(actor=me, slot_id=guests, first_name="Fatou", now=NOON)
    given = await make_slot(place_id=place, starts_at=SOON + 2 * DAY)
    await claim(actor=me, slot_id=given, now=NOON)
    await free(actor=me, slot_id=given, member_id=me, now=NOON)
    mine = await make_slot(place_id=place, starts_at=SOON + 3 * DAY)
    await claim(actor=me, slot_id=mine, now=NOON)
    stand_in = await ask_stand_in(
        actor=me, slot_id=mine, member_id=me, to_member=cast.samira, word=WORD, now=NOON + timedelta(seconds=1)
    )
    hers = await make_slot(place_id=place, starts_at=SOON + 4 * DAY)
    await claim(actor=cast.aicha, slot_id=hers, now=NOON)
    her_swap = await propose_swap(
        actor=cast.aicha, slot_id=hers, member_id=cast.aicha, wanted_slot_id=mine, to_member=me, word="", now=NOON
    )
    watched = await make_slot(place_id=place, starts_at=SOON + 5 * DAY)
    (row,) = await run("select duty_id from rota_slot where id = {}", watched)
    await make_practice(duty_id=row["duty_id"], member_id=cast.yann)
    await make_practice(duty_id=row["duty_id"], member_id=me, level=Level.WATCHED)
    await claim(actor=cast.yann, slot_id=watched, now=NOON)
    await watch(actor=me, slot_id=watched, now=NOON)
    return {
        "till": till,
        "pattern": pattern_id,
        "week": weeks[0],
        "guests": guests,
        "mine": mine,
        "stand_in": stand_in,
        "hers": hers,
        "her_swap": her_swap,
        "watched": watched,
    }


async def tables(member_id: int) -> dict[str, list[dict[str, Any]]]:
    return {each.key: [dict(row) for row in each.rows] for each in await own_data.export_of(member_id)}


class TestTheCopy:
    async def test_it_has_all_of_it_in_words_of_ours(self, cast: Cast) -> None:
        await live(cast)
        exported = await own_data.export_of(cast.karim)
        found = await tables(cast.karim)
        assert {name: len(rows) for name, rows in found.items()} == {
            "turns": 7,
            "turns_for_guests": 1,
            "weekly_turns": 1,
            "swaps": 2,
            "practice": 1,
            "till_counts": 1,
        }
        assert found["turns_for_guests"][0]["first_name"] == "Fatou"
        assert [row["part"].code for row in found["swaps"]] == ["from", "to"]
        assert found["swaps"][0]["word"] == WORD
        assert (found["till_counts"][0]["cents"], found["till_counts"][0]["word"]) == (5000, TILL_WORD)
        for each in exported:
            for row in each.rows:
                assert row.keys() == each.columns.keys(), each.key
                for value in row.values():
                    assert not isinstance(value, Word) or language("fr").say(value.said)

    async def test_of_others_it_says_nothing(self, cast: Cast) -> None:
        await live(cast)
        assert "Fatou" not in repr(await own_data.export_of(cast.samira))
        assert await tables(cast.odile) == {key: [] for key in await tables(cast.karim)}


class TestLeaving:
    async def test_what_becomes_of_it_is_said_before_and_nothing_hinders(self, cast: Cast) -> None:
        await live(cast)
        said = await leaving_of(cast.karim, REGISTRY.domains, now=LATER)
        assert list(said.first) == []
        words = "\n".join(language("fr").say(each).replace("\u00a0", " ") for each in said.then)
        for part in (
            "Tes 5 tours à venir sont libérés",
            "plus de tour chaque semaine",
            "demandes de remplacement sont retirées",
            "gardent leur place",
            "Le tour que tu as fait reste compté",
        ):
            assert part in words

    async def test_turns_to_come_are_free_and_people_told(self, cast: Cast) -> None:
        there = await live(cast)
        await erase_for(cast.karim, REGISTRY.domains, force=False, now=LATER)
        for name in ("mine", "week"):
            assert await reads.holders(there[name]) == []
            assert (await reads.entry(there[name]))["listed"]
        assert await reads.holders(there["guests"]) == [None], "whoever has no account comes still"
        assert await reads.holders(there["watched"]) == [cast.yann]
        assert (await reads.swap(there["her_swap"]))["state"] == "withdrawn"
        told = await run("select * from outbox where about_id in ({}, {}) order by id", there["mine"], there["hers"])
        latest = {row["member_id"]: row["subject"].replace("\u00a0", " ") for row in told if row["member_id"]}
        assert latest[cast.samira] == "une personne partie n’a plus besoin qu’on prenne son tour"
        assert latest[cast.aicha] == "une personne partie ne peut pas prendre ton tour"
        await reads.consistent(*(there[name] for name in ("mine", "week", "guests", "hers", "watched")))

    async def test_all_who_have_the_turn_they_would_have_swapped_for_are_told(self, cast: Cast) -> None:
        mine = await make_slot(place_id=cast.place)
        theirs = await make_slot(place_id=cast.place, people=2, starts_at=SOON + DAY)
        await claim(actor=cast.karim, slot_id=mine, now=NOON)
        for member in (cast.samira, cast.aicha):
            await claim(actor=member, slot_id=theirs, sure=True, now=NOON)
        await propose_swap(actor=cast.karim, slot_id=mine, member_id=cast.karim, wanted_slot_id=theirs, now=NOON)
        await erase_for(cast.karim, REGISTRY.domains, force=False, now=LATER)
        told = await run("select member_id, subject from outbox where about_id = {} order by id", mine)
        for member in (cast.samira, cast.aicha):
            latest = [row["subject"] for row in told if row["member_id"] == member][-1]
            assert latest.replace("\u00a0", " ") == "une personne partie n’a plus besoin qu’on prenne son tour"

    async def test_that_somebody_did_it_stays_not_who(self, cast: Cast) -> None:
        there = await live(cast)
        await erase_for(cast.karim, REGISTRY.domains, force=False, now=LATER)
        assert await reads.holders(there["till"]) == [None]
        assert (await reads.slot(there["till"]))["taken"] == 1
        (count,) = await run("select * from rota_till_count")
        assert (count["cents"], count["word"], count["counted_by"]) == (5000, "", None)

    async def test_no_row_and_no_message_says_who_it_was(self, cast: Cast) -> None:
        await live(cast)
        before = await everything()
        assert WORD in before, "the controls: they were there"
        assert TILL_WORD in before
        assert "Karim" in before
        await erase_for(cast.karim, REGISTRY.domains, force=False, now=LATER)
        after = await everything()
        for canary in (WORD, TILL_WORD, "Karim"):
            assert canary not in after
        for table, columns in {
            "rota_holding": ("member_id", "taken_by", "left_by"),
            "rota_weekly": ("member_id",),
            "rota_swap": ("from_member", "to_member", "asked_by", "taken_by"),
            "rota_practice": ("member_id", "said_by"),
            "rota_till_count": ("counted_by",),
        }.items():
            for column in columns:
                rows = await run(f"select id from {table} where {column} = {{}}", cast.karim)
                assert not rows, (table, column)

    async def test_twice_is_once(self, cast: Cast) -> None:
        await live(cast)
        await erase_for(cast.karim, REGISTRY.domains, force=False, now=LATER)
        left = await everything()
        async with transaction():
            await own_data.erase(Erasure(cast.karim, "Karim", "une personne partie", LATER))
        assert await everything() == left

    async def test_what_they_wrote_for_somebody_stays_that_persons(self, cast: Cast) -> None:
        await make_grant(member_id=cast.odile, place_id=cast.place, act=Act.REGISTER, from_at=NOON - DAY)
        slot_id = await make_slot(place_id=cast.place)
        await claim(actor=cast.samira, slot_id=slot_id, now=NOON)
        swap_id = await ask_stand_in(
            actor=cast.odile, slot_id=slot_id, member_id=cast.samira, to_member=None, word=WORD, now=NOON
        )
        assert "Odile" in await everything()
        await erase_for(cast.odile, REGISTRY.domains, force=True, now=LATER)
        swap = await reads.swap(swap_id)
        assert (swap["state"], swap["asked_by"], swap["word"]) == ("open", cast.samira, "")
        assert "Odile" not in await everything()
        assert await reads.holders(slot_id) == [cast.samira]


async def everything() -> str:
    """All that is kept about turns, and all messages."""
    names = ("rota_holding", "rota_weekly", "rota_swap", "rota_practice", "rota_till_count", "outbox", "entry")
    rows = [await run(f"select * from {name} order by id") for name in names]
    return repr([[{k: v for k, v in row.items() if k != "version"} for row in each] for each in rows])


class TestRenamed:
    async def test_messages_say_the_new_name(self, cast: Cast) -> None:
        there = await live(cast)
        async with transaction():
            await own_data.renamed(Renaming(cast.karim, "Karim", "Karima-la-neuve", LATER))
        (mail,) = await run(
            "select subject from outbox where member_id = {} and about_id = {}", cast.samira, there["mine"]
        )
        assert mail["subject"].startswith("Karima-la-neuve ne peut pas venir")

    async def test_not_where_somebody_else_of_that_name_has_a_part(self, cast: Cast) -> None:
        there = await live(cast)
        await run_in_transaction("update member set name = 'Karim' where id = {}", cast.samira)
        async with transaction():
            await own_data.renamed(Renaming(cast.karim, "Karim", "Karima-la-neuve", LATER))
        (mail,) = await run(
            "select subject from outbox where member_id = {} and about_id = {}", cast.samira, there["mine"]
        )
        assert mail["subject"].startswith("Karim ne peut pas venir")


async def run_in_transaction(sql: str, *args: Any) -> None:
    async with transaction():
        await run(sql, *args)


@pytest.mark.parametrize("kept", [each for each in REGISTRY.domains if each.name == "rotas"])
def test_what_is_kept_is_told_with_who_sees_it(kept: Any) -> None:
    spoken = language("fr")
    assert len(kept.keeps) == 5
    jobs = {job.name for job in REGISTRY.jobs}
    for each in kept.keeps:
        assert spoken.say(each.what)
        assert not each.job or each.job in jobs
