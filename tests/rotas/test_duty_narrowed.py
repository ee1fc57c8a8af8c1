"""A duty that comes to allow more, or is for adults from now on: who may not have its turns any more has them no more,
and is told so.
"""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from app.database import run, transaction
from app.identity.states import Act
from rotas import jobs
from rotas.commands.claiming import claim, claim_for_guest, watch
from rotas.commands.duties import change_duty
from rotas.commands.patterns import open_pattern
from rotas.commands.weekly import hold_weekly
from rotas.rules import DutyWords
from tests.client import NOON
from tests.people import Cast
from tests.rotas.make import HOUR, SOON, make_duty, make_practice, make_slot
from tests.rotas.reads import allowed, consistent, holders, parts, untold
from tests.rotas.test_patterns import EVENING, WEEK, slots_of
from tests.workshops.reads import mailed, mails
from tests.workshops.test_races import at_once, errors

KEYS = DutyWords("Porte", act=Act.CHECK_IN.value, opens_place=True)
TILL = DutyWords("Porte", act=Act.TAKE_CASH.value)


async def under_age(member_id: int) -> None:
    async with transaction():
        await run("update member set adult_on = {} where id = {}", date(2030, 1, 1), member_id)


async def door(cast: Cast, **changes: object) -> int:
    return await make_duty(place_id=cast.place, name="Porte", version=1, **changes)


async def test_who_is_under_age_keeps_no_keys(cast: Cast) -> None:
    duty = await door(cast, act=Act.CHECK_IN.value)
    made = await make_slot(place_id=cast.place, duty_id=duty, people=2)
    await under_age(cast.samira)
    for member in (cast.samira, cast.karim):
        await claim(actor=member, slot_id=made, sure=True, now=NOON)
    assert await allowed(cast.samira, Act.CHECK_IN, SOON)  # the control
    for _ in range(2):
        await change_duty(actor=cast.rosa, duty_id=duty, duty=KEYS, version=1, now=NOON)
    assert await holders(made) == [cast.karim]
    assert list(await parts(made)) == [cast.karim]
    assert not await allowed(cast.samira, Act.CHECK_IN, SOON)
    assert await allowed(cast.karim, Act.CHECK_IN, SOON)
    assert await mailed(about="gone") == {cast.samira}
    (mail,) = await mails(about="gone")
    assert "Avant 18 ans" in mail["body"]
    assert await untold() == []
    await consistent()


async def test_who_mediates_has_no_till_but_watches_on(cast: Cast) -> None:
    duty = await door(cast)
    await make_practice(duty_id=duty, member_id=cast.karim)
    mine, watched = [await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + n * WEEK) for n in range(2)]
    await claim(actor=cast.bruno, slot_id=mine, now=NOON)
    await claim(actor=cast.karim, slot_id=watched, now=NOON)
    await watch(actor=cast.bruno, slot_id=watched, now=NOON)
    await change_duty(actor=cast.rosa, duty_id=duty, duty=TILL, version=1, now=NOON)
    assert [await holders(each) for each in (mine, watched)] == [[], [cast.karim]]
    assert cast.bruno in await parts(watched)
    assert await mailed(about="gone") == {cast.bruno}
    assert await untold() == []
    await consistent()


async def test_who_signs_in_with_the_words_of_a_paper_has_no_role(cast: Cast) -> None:
    duty = await door(cast)
    made = await make_slot(place_id=cast.place, duty_id=duty)
    await claim(actor=cast.samira, slot_id=made, now=NOON)
    async with transaction():
        await run("update member set password_given_at = {} where id = {}", NOON, cast.samira)
    await change_duty(actor=cast.rosa, duty_id=duty, duty=TILL, version=1, now=NOON)
    assert await holders(made) == []
    (mail,) = await mails(about="gone")
    assert "ton mot de passe vient d’un papier" in mail["body"]
    await consistent()


async def test_nobody_without_an_account_has_keys(cast: Cast) -> None:
    duty = await door(cast)
    made = await make_slot(place_id=cast.place, duty_id=duty)
    await claim_for_guest(actor=cast.aicha, slot_id=made, first_name="Fatou", now=NOON)
    await change_duty(actor=cast.rosa, duty_id=duty, duty=KEYS, version=1, now=NOON)
    assert await holders(made) == []
    (mail,) = await mails(to=cast.aicha, about="gone")
    assert "Fatou" in mail["subject"]
    await consistent()


@pytest.mark.parametrize(("words", "who"), [(KEYS, "samira"), (TILL, "bruno")], ids=["under-age", "mediating"])
async def test_nor_is_it_held_every_week(cast: Cast, words: DutyWords, who: str) -> None:
    member = getattr(cast, who)
    duty = await door(cast)
    pattern = await open_pattern(actor=cast.rosa, duty_id=duty, weekly=EVENING, people=4, room_id=None, now=NOON)
    await under_age(cast.samira)
    first = (await slots_of(pattern))[0]["id"]
    for each in (member, cast.karim):
        await hold_weekly(actor=each, slot_id=first, now=NOON)
    await change_duty(actor=cast.rosa, duty_id=duty, duty=words, version=1, now=NOON)
    await jobs.make_slots(NOON + 2 * WEEK)
    held = [await holders(row["id"]) for row in await slots_of(pattern)]
    assert len(held) > 8
    assert held == [[cast.karim]] * len(held)
    assert await run("select member_id from rota_weekly where ended_at is null") == [{"member_id": cast.karim}]
    assert len(await mails(to=member, about="weekly-over")) == 1
    assert await untold() == []
    await consistent()


@pytest.mark.parametrize("guarded", [False, True], ids=["control", "change_duty"])
async def test_taking_one_at_the_same_instant_leaves_none(cast: Cast, guarded: bool) -> None:
    """The control changes what the duty says, and asks who has it of whoever had it before."""
    duty = await door(cast)
    await under_age(cast.samira)
    slots = [
        await make_slot(place_id=cast.place, duty_id=duty, starts_at=SOON + n * 3 * HOUR, people=2) for n in range(6)
    ]
    await claim(actor=cast.samira, slot_id=slots[0], now=NOON)
    read = asyncio.Event()

    async def naive() -> None:
        had = [each for each in slots if cast.samira in await holders(each)]
        read.set()
        await asyncio.sleep(0.3)
        async with transaction():
            await run("update duty set adults_only = {} where id = {}", True, duty)
            for each in had:
                await run("update rota_holding set went = 'freed' where slot_id = {}", each)

    async def changes() -> None:
        if not guarded:
            await naive()
            return
        read.set()
        await change_duty(actor=cast.rosa, duty_id=duty, duty=KEYS, version=1, now=NOON)

    async def takes(slot_id: int) -> None:
        await read.wait()
        await claim(actor=cast.samira, slot_id=slot_id, sure=True, now=NOON)

    ends = await at_once([*(takes(each) for each in slots[1:4]), changes(), *(takes(each) for each in slots[4:])])
    assert errors(ends) == []
    left = [each for each in slots if cast.samira in await holders(each)]
    assert bool(left) is not guarded
    if guarded:
        assert await untold() == []
        await consistent()
