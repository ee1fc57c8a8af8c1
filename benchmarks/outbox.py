"""How fast a backlog leaves: 5,000 mails to an aiosmtpd in a process of its own.

`python -m benchmarks.outbox [MAILS] [DATABASE_URL]`; without a URL, an embedded database in the folder for temporary
files, on whose disk each mail waits for a commit. Each fifth of the way is told apart: it must not slow down.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
from time import perf_counter
from typing import Any

from app import clock
from app.database import close_database, connect, open_database, run
from app.main import REGISTRY
from app.migrations import migrate
from app.notices.delivery import Postman
from tests.app.notices.letters import tell_all
from tests.app.notices.mail_server import MailServer
from tests.app.programs import settings
from tests.factories import make_member, make_place, writing

PEOPLE = 100


def receive(say: Any) -> None:
    """The mail server's process."""

    async def listening() -> None:
        async with MailServer().running() as server:
            say.send(server.url)
            await asyncio.sleep(3600)

    asyncio.run(listening())


async def measure(mails: int, database: str, smtp: str) -> None:
    connect(database)
    await open_database()
    try:
        await migrate()
        async with writing():
            place = await make_place(name="Les Tanneurs")
            members = [
                await make_member(place_id=place, email=f"membre{number}@exemple.fr") for number in range(PEOPLE)
            ]
        for number in range(mails // PEOPLE):
            await tell_all(members, what=f"change-{number}-{clock.now().timestamp()}", now=clock.now())
        done = 0
        last = started = perf_counter()

        def settled() -> None:
            nonlocal done, last
            done += 1
            if done % (mails // 5) == 0:
                now = perf_counter()
                print(f"{done:6} mails: {mails / 5 / (now - last):5.0f} mails/s")  # noqa: T201 - a program's output
                last = now

        postman = Postman(settings(smtp), REGISTRY.entry_kinds)
        left = await postman.deliver(settled=settled)
        seconds = perf_counter() - started
        (row,) = await run("select count(*) as many from outbox where sent_at is null")
        print(f"{left} left in {seconds:.1f} s, {left / seconds:.0f} mails/s; {row['many']} wait")  # noqa: T201 - a program's output
    finally:
        await close_database()


def main(mails: int, database: str | None) -> None:
    hear, say = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=receive, args=(say,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(mails, database or f"sqlite:///{folder}/outbox.sqlite", hear.recv()))
    server.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000, sys.argv[2] if len(sys.argv) > 2 else None)
