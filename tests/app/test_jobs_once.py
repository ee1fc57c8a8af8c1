"""Four processes find everything due at the same instant: each thing is done once, and told once."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from app.clock import at_local
from app.database import Store, run
from app.notices.commands import resume_mail
from app.notices.links import StopLink
from app.notices.states import Kind
from tests.app.notices.mail_server import MailServer
from tests.app.programs import started
from tests.app.runner import READY
from tests.factories import a_proposal, make_proposal, make_workshop
from tests.people import Cast, make_cast
from workshops.commands import contest, decide, propose, sign_up, sign_up_guest, withdraw

DAY = timedelta(days=1)
MONDAY = date(2026, 12, 7)
NOW = at_local(MONDAY, time(8, 30))
"""When even « Ta semaine » is due."""


def on(day: int, hour: int) -> datetime:
    """This hour so many days after that Monday."""
    return at_local(MONDAY + day * DAY, time(hour))


async def everything_is_due() -> Cast:
    """A place whose machine was off for a week."""
    cast = await make_cast(now=on(-60, 12))
    made = {"place_id": cast.place, "mediator": cast.bruno}
    asked = on(-8, 12)

    # Silence is assent: for a proposal, and for a contest that nobody settled.
    await make_proposal(place_id=cast.place, host=cast.yann, title="Le tableur", starts_at=on(9, 14), now=asked)
    contested = await make_proposal(
        place_id=cast.place, host=cast.karim, title="Les mots", starts_at=on(10, 14), now=asked
    )
    await decide(
        actor=cast.bruno,
        workshop_id=contested,
        decision="send_back",
        reason="Trop long.",
        way_out="Une heure.",
        version=1,
        now=asked,
    )
    await contest(actor=cast.karim, workshop_id=contested, word="Une heure ne suffit pas.", now=asked)

    # A draft whose start has passed; a session that is over, with a guest of long ago in another.
    draft = a_proposal(title="Un jour", starts_at=on(-1, 14))
    await propose(actor=cast.aicha, place_id=cast.place, proposal=draft, draft=True, once="draft", now=asked)
    await make_workshop(**made, host=cast.yann, title="Hier", starts_at=on(-1, 10), now=asked)
    past = await make_workshop(**made, host=cast.yann, title="Jadis", starts_at=on(-40, 14), now=on(-50, 12))
    await sign_up_guest(actor=cast.samira, workshop_id=past, first_name="Ali", now=on(-49, 12))

    # A place that was kept for somebody who did not answer: the next who waits.
    full = await make_workshop(**made, host=cast.yann, title="Complet", starts_at=on(3, 14), capacity=3, now=asked)
    for member in (cast.samira, cast.karim, cast.odile, cast.aicha, cast.rosa):
        await sign_up(actor=member, workshop_id=full, now=asked)
    await withdraw(actor=cast.karim, workshop_id=full, now=on(-2, 12))

    # Under its minimum two days before; and this afternoon, of which nobody was reminded yesterday evening.
    await make_workshop(**made, host=cast.odile, title="À peu", starts_at=on(1, 14), now=asked)
    today = await make_workshop(**made, host=cast.yann, title="Tantôt", starts_at=on(0, 15), now=asked)
    for member in (cast.samira, cast.karim, cast.aicha):
        await sign_up(actor=member, workshop_id=today, now=asked)

    for member in (cast.samira, cast.odile):
        await resume_mail(StopLink(member, Kind.DIGEST), now=asked)
    return cast


async def journal() -> Counter[str]:
    return Counter(row["act"] for row in await run("select act from journal_line"))


async def states() -> dict[str, str]:
    return {row["title"]: row["state"] for row in await run("select title, state from workshop")}


@pytest.mark.slow
async def test_four_processes_at_once(db: Store, database_url: str, tmp_path: Path) -> None:
    cast = await everything_is_due()
    written, told = await journal(), await run("select id from outbox")
    go = tmp_path / "go"
    async with MailServer(delay=0.005).running() as server, AsyncExitStack() as stack:
        arguments = ("tests.app.runner", "jobs", database_url, server.url, NOW.isoformat(), str(go))
        programs = [await stack.enter_async_context(started(*arguments)) for _ in range(4)]
        await asyncio.gather(*(program.says(READY) for program in programs))
        go.touch()
        assert [await program.end() for program in programs] == [0] * 4

        # What happened to things: once each.
        assert await states() == {
            "Le tableur": "published",
            "Les mots": "published",
            "Un jour": "lapsed",
            "Hier": "held",
            "Jadis": "held",
            "Complet": "published",
            "À peu": "published",
            "Tantôt": "published",
        }
        assert await journal() - written == Counter({"workshop.published": 2})
        places = await run(
            "select s.member_id, s.state from sign_up s join workshop w on w.id = s.workshop_id "
            "where w.title = 'Complet' order by s.id"
        )
        assert [(row["member_id"], row["state"]) for row in places] == [
            (cast.samira, "confirmed"),
            (cast.karim, "withdrawn"),
            (cast.odile, "confirmed"),
            (cast.aicha, "lapsed"),
            (cast.rosa, "offered"),
        ]

        # What people were told of it, beside what they had been told before: once each, and once by mail.
        new = [row for row in await run("select * from outbox order by id") if row["id"] > len(told)]
        kinds = Counter(row["kind"] for row in new)
        assert kinds == Counter(
            {
                "hosting": 3,  # two are published, one is asked about low numbers
                "offer": 2,  # Aïcha's is over, Rosa has the next
                "reminder": 4,  # Yann, Samira, Karim, Aïcha
                "digest": 2,
            }
        )
        assert all(row["sent_at"] for row in await run("select sent_at from outbox where recipient <> ''"))
        sent = Counter(str(mail["Message-ID"]) for mail in server.received)
        assert set(sent.values()) == {1}
        # Aïcha's offer was over before its mail could leave: it is on the site, for the record.
        by_mail = await run("select id from outbox where recipient <> ''")
        assert len(sent) == len(by_mail) == len(told) + len(new) - 1

        # The control: a job that looks first and does afterwards was done by each of the four.
        (careless,) = await run("select count(*) as many from attempt where key = 'careless'")
        assert careless["many"] > 1
