"""Ten thousand phones read their calendars within a minute, and again; meanwhile people sign up.

The phones are the load of the benchmarks, a program of its own. Each control is the same poll of a server that wastes
(`tests.load.wasteful`): what the poll is to notice, it is first seen to notice there.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import pytest

from app import clock
from app.database import run, transaction
from app.demo.people import CHUNK, add_crowd
from app.identity.visits import hash_token
from benchmarks.measures import get
from benchmarks.programs import Program, memory
from tests.conftest import opened
from tests.load import wasteful
from tests.load.conftest import WORKERS, Servers
from tests.load.scenes import Scene, in_ten_days, staged
from tests.servers import Server, people

pytestmark = pytest.mark.slow

PHONES = 10_000
FEW = 1500
"""Phones of a control."""
A_MINUTE = 60.0
RATE = 400
"""A second: more than twice what a minute asks for."""
CONNECTIONS = 4
STEADY = 6.0
"""MiB that a server may grow from one half of a poll to the other."""
SIGN_UPS = 60
PAUSE = 0.1
A_SECOND = 1.0
"""What nineteen of twenty who sign up meanwhile wait at most."""
FIVE_SECONDS = 5.0
FIRST = 2_000_000
"""Number of the first phone's owner: above all that other tests of this database make."""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Program]:
    with Program.module("benchmarks.load", tmp_path / "load.log") as program:
        yield program


@pytest.fixture
async def wasting(servers: Servers, request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """The server that wastes when it is asked to."""
    name = request.node.callspec.params["servers"]
    found = servers.of("wasteful", *wasteful.PROGRAM, workers=min(2, WORKERS[name]))
    async for _ in opened(found.database):
        yield found


async def phones(scene: Scene, many: int) -> list[str]:
    """So many members who come to a workshop, each with a calendar on the phone: the secrets of their addresses."""
    now = clock.now()
    workshop_id = await scene.workshop()
    (last,) = await run("select count(*) as many from member")
    chance, found = Random(1), []
    for first in range(FIRST + last["many"], FIRST + last["many"] + many, CHUNK):
        until = min(first + CHUNK, FIRST + last["many"] + many) - 1
        members = await add_crowd(first, until, place_id=scene.place, password_hash="", chance=chance, now=now)
        tokens = [secrets.token_urlsafe(24) for _ in members]
        row = "({}, {}, {}, {}, {}, {}, {}, {})"
        values: list[Any] = []
        for member, token in zip(members, tokens, strict=True):
            values += [member, hash_token(token), "téléphone", False, False, now, now, now]
        async with transaction():
            await run(
                "insert into feed (member_id, token_hash, name, discreet, private, created_at, modified_at, read_at) "
                f"values {', '.join([row] * len(members))}",
                *values,
            )
            await run(
                "insert into taking_part (entry_id, member_id, role, binding, starts_at, modified_at) "
                "select e.id, m.id, 'participant', {}, e.starts_at, {} from member m, entry e "
                "where m.id between {} and {} and e.kind = 'workshop' and e.thing_id = {}",
                False,
                now - timedelta(days=1),
                members[0],
                members[-1],
                workshop_id,
            )
        found += tokens
    return found


async def poll(
    load: Program, server: Server, tokens: Sequence[str], etags: Sequence[str] = (), *, rate: int = 0, waste: str = ""
) -> dict[str, Any]:
    """Each phone asks once, with the ETag that it has: what was seen. Never is there a cookie."""
    more = {wasteful.HEADER: waste} if waste else {}
    port = int(server.url.rpartition(":")[2])
    requests = [
        get(
            f"/calendriers/perso/{token}.ics",
            port,
            **({"If_None_Match": etags[number]} if etags else {}),
            **more,
        )
        for number, token in enumerate(tokens)
    ]
    job = {
        "port": port,
        "requests": requests,
        "connections": CONNECTIONS,
        "status": 304 if etags else 200,
        "never": "Set-Cookie",
        "etags": True,
        "show": True,
        "rate": rate,
    }
    return await asyncio.to_thread(load.ask, job)


async def halves(
    load: Program, server: Server, tokens: Sequence[str], etags: Sequence[str], *, waste: str = ""
) -> float:
    """Poll again in two halves, all unchanged: how many MiB the server grew from the one to the other."""
    half = len(tokens) // 2
    seen = await poll(load, server, tokens[:half], etags[:half], waste=waste)
    assert (seen["requests"], seen["wrongs"]) == (half, 0), seen["wrong"]
    before = memory(server.process.pid)
    seen = await poll(load, server, tokens[half:], etags[half:], waste=waste)
    assert (seen["requests"], seen["wrongs"]) == (len(tokens) - half, 0), seen["wrong"]
    return memory(server.process.pid) - before


async def sign_up(scene: Scene, members: Sequence[int], workshops: Sequence[int], over: asyncio.Event) -> list[float]:
    """One after the other signs up until the phones are done: seconds that each of them waited."""
    waited = []
    browsers = await scene.browsers(members)
    for number, browser in enumerate(browsers):
        if over.is_set():
            break
        asked = time.monotonic()
        answer = await browser.post(f"/ateliers/{workshops[number % len(workshops)]}/inscription")
        waited.append(time.monotonic() - asked)
        assert answer.status_code == 303, answer.text[:300]
        await asyncio.sleep(PAUSE)
    return waited


async def test_polling_notices_what_it_is_to_notice(wasting: Server, load: Program) -> None:
    async with people(wasting.url) as crowd:
        scene = await staged(crowd)
        tokens = await phones(scene, FEW)
        first = await poll(load, wasting, tokens)
        assert (first["requests"], first["wrongs"]) == (FEW, 0), first["wrong"]

        moving = await poll(load, wasting, tokens[:50], first["etags"], waste=wasteful.ETAG)
        assert moving["wrongs"] == 50, "an ETag that moves with each answer is seen"
        with_cookie = await asyncio.to_thread(
            load.ask,
            {
                "port": wasting.port,
                "requests": [get("/connexion", wasting.port)],
                "connections": 1,
                "status": 200,
                "never": "Set-Cookie",
            },
        )
        assert with_cookie["wrongs"] == 1, "a cookie is seen"
        grown = await halves(load, wasting, tokens, first["etags"], waste=wasteful.MEMORY)
        assert grown > STEADY, "a server that keeps something of each answer is seen to grow"


async def test_ten_thousand_phones(server: Server, load: Program) -> None:
    async with people(server.url) as crowd:
        scene = await staged(crowd, members=SIGN_UPS)
        workshops = [await scene.workshop(capacity=SIGN_UPS, starts_at=in_ten_days(hour)) for hour in (9, 11, 17)]
        tokens = await phones(scene, PHONES)
        over = asyncio.Event()
        signing_up = asyncio.create_task(sign_up(scene, scene.members, workshops, over))

        began = time.monotonic()
        first = await poll(load, server, tokens, rate=RATE)
        minute = time.monotonic() - began
        over.set()
        waited = await signing_up
        assert (first["requests"], first["wrongs"]) == (PHONES, 0), first["wrong"]
        assert minute < A_MINUTE
        assert len(waited) >= 10, "people signed up meanwhile"
        assert quantiles(waited, n=20)[-1] < A_SECOND, sorted(waited)[-5:]
        assert max(waited) < FIVE_SECONDS, "not even the one who met with another program's hour on this machine"
        assert len(set(first["etags"])) == PHONES
        assert first["body"].count("BEGIN:VEVENT") == 1

        began = time.monotonic()
        assert await halves(load, server, tokens, first["etags"]) < STEADY
        assert time.monotonic() - began < A_MINUTE
        (row,) = await run(
            "select count(*) as many from sign_up where state = 'confirmed' and workshop_id in ({}, {}, {})", *workshops
        )
        assert row["many"] == len(waited)
        assert server.troubles() == []
