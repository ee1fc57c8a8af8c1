"""Four processes of the program itself find everything about turns due at the same instant: each is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from app.database import Store, run
from rotas.commands.claiming import claim, claim_for_guest
from rotas.commands.giving_up import ask_stand_in
from rotas.commands.patterns import open_pattern
from rotas.commands.weekly import hold_weekly
from tests.app.notices.mail_server import MailServer
from tests.app.programs import started
from tests.app.runner import READY
from tests.client import NOON
from tests.people import make_cast
from tests.rotas.make import make_duty, make_practice, make_slot, make_weeks
from tests.rotas.reads import consistent, holders, swap
from tests.rotas.test_patterns import EVENING, FIRST, WEEK, slots_of

LATER = NOON + 5 * WEEK
HOUR = timedelta(hours=1)


@pytest.mark.slow
async def test_four_processes_at_once(db: Store, database_url: str, tmp_path: Path) -> None:
    cast = await make_cast()
    wash = await make_duty(place_id=cast.place, name="Vaisselle")
    pattern = await open_pattern(actor=cast.rosa, duty_id=wash, weekly=EVENING, people=2, room_id=None, now=NOON)
    await hold_weekly(actor=cast.samira, slot_id=(await slots_of(pattern))[0]["id"], now=NOON)
    duty = await make_duty(place_id=cast.place, name="Plantes")
    await make_practice(duty_id=duty, member_id=cast.karim)
    learnt = await make_slot(place_id=cast.place, duty_id=duty, starts_at=LATER - 4 * HOUR, people=3)
    await claim(actor=cast.karim, slot_id=learnt, now=NOON)
    await claim(actor=cast.yann, slot_id=learnt, sure=True, now=NOON)
    asked = await ask_stand_in(actor=cast.yann, slot_id=learnt, member_id=cast.yann, to_member=None, word="", now=NOON)
    missing = await make_slot(place_id=cast.place, duty_id=duty, starts_at=LATER + 20 * HOUR)
    old = await make_slot(place_id=cast.place, duty_id=duty, starts_at=NOON + HOUR, people=2)
    await claim_for_guest(actor=cast.aicha, slot_id=old, first_name="Fatou", now=NOON)
    await make_weeks(place_id=cast.place, count=4, starts_at=NOON + 3 * HOUR)  # that nobody ever took
    told = {row["id"] for row in await run("select id from outbox")}

    go = tmp_path / "go"
    async with MailServer(delay=0.005).running() as server, AsyncExitStack() as stack:
        arguments = ("tests.app.runner", "jobs", database_url, server.url, LATER.isoformat(), str(go))
        programs = [await stack.enter_async_context(started(*arguments)) for _ in range(4)]
        await asyncio.gather(*(program.says(READY) for program in programs))
        go.touch()
        assert [await program.end() for program in programs] == [0] * 4

    made = await slots_of(pattern)
    assert [row["made_for_on"] for row in made] == [FIRST + week * WEEK for week in range(len(made))]
    assert len(made) == 13
    assert [await holders(row["id"]) for row in made] == [[cast.samira]] * len(made)
    assert (await swap(asked))["state"] == "lapsed"
    levels = await run("select member_id, level from rota_practice where duty_id = {} order by member_id", duty)
    assert {row["member_id"]: row["level"] for row in levels} == {cast.karim: "does", cast.yann: "did_with"}
    assert await run("select id from rota_holding where first_name <> ''") == []
    new = [row for row in await run("select * from outbox order by id") if row["id"] not in told]
    subjects = Counter((row["member_id"], row["subject"]) for row in new)
    assert set(subjects.values()) == {1}
    assert sum("resté vide" in subject for _, subject in subjects) == 1
    assert {row["member_id"] for row in new if row["link"] in (f"/tours/{missing}", "/tours?voir=manque")} == {
        *(cast.samira, cast.karim, cast.aicha, cast.yann, cast.odile, cast.rosa, cast.bruno, cast.helene)
    }
    await consistent()
