"""Processes of their own for tests, `python -m tests.app.runner mail|jobs …`: killed, stopped, or run side by side.

`mail` does nothing but send, for ever, with a lease of so many seconds. `jobs` does everything that is due at an hour
of the test's own, once, when the file appears for which it waits: so several begin together.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from app.contracts import Domain, Job
from app.database import close_database, connect, open_database, run, transaction
from app.jobs import at_work, run_due
from app.notices import delivery
from app.registry import Registry
from app.settings import Settings
from tests.app.programs import settings

READY = "ready"


async def send_for_ever(configured: Settings, lease: float) -> None:
    delivery.LEASE = timedelta(seconds=lease)
    async with at_work(Registry.of(), configured, look_every=0.2, post_every=0.02):
        print(READY, flush=True)
        await asyncio.sleep(3600)


async def careless(now: datetime) -> int:
    """A job as none should be: it looks, and then does it whatever others have done in between."""
    if await run("select id from attempt where key = 'careless'"):
        return 0
    await asyncio.sleep(0.5)
    async with transaction():
        await run("insert into attempt (key, tried_at) values ('careless', {})", now)
    return 1


async def do_all_once(configured: Settings, at: datetime, go: Path) -> None:
    from app.main import REGISTRY  # here: the sender starts twice as fast without

    print(READY, flush=True)
    while not go.exists():
        await asyncio.sleep(0.005)
    registry = Registry.of(*REGISTRY.domains, Domain("careless", jobs=[Job("careless", careless)]))
    done = await run_due(registry, at, settings=configured)
    assert None not in done.values(), done


async def main(mode: str, database: str, smtp: str, *more: str) -> None:
    connect(database)
    await open_database(min_size=1, max_size=4)
    try:
        if mode == "mail":
            await send_for_ever(settings(smtp), float(more[0]))
        else:
            await do_all_once(settings(smtp), datetime.fromisoformat(more[0]), Path(more[1]))
    finally:
        await close_database()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
