"""`python -m tests.attack`: what the crawler finds in the demonstration; `… doors`: who may what, as it is now."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.attack.conftest import Template, built, sqlite_ground
from tests.attack.crawl import as_table, crawl, routes
from tests.attack.doors import write
from tests.attack.town import Town, on
from tests.attack.trying import draw_up


async def main() -> None:
    told_at = 0.0

    def tell(what: str) -> None:
        """Progress, beside what is printed: one line that changes, or one every five seconds in a log."""
        nonlocal told_at
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{what}")
        elif time.monotonic() > told_at + 5:
            told_at = time.monotonic()
            sys.stderr.write(f"{what}\n")
        sys.stderr.flush()

    tell("building a town")
    with tempfile.TemporaryDirectory(prefix="reseau-attack-") as folder:
        made: list[Town] = []
        path = Path(folder) / "town.sqlite"
        await built(str(path), made)
        async with on(sqlite_ground(Template(str(path), made[0]), Path(folder))) as ground:
            found = await crawl(ground, tell=tell)
            table = write(await draw_up(ground, found, routes(), tell)) if "doors" in sys.argv else as_table(found)
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    print(table)


if __name__ == "__main__":
    asyncio.run(main())
