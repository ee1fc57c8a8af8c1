"""`python -m tests.attack`: what the crawler finds in the demonstration; `… doors`: who may what, as it is now."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.attack.conftest import Template, built, sqlite_ground
from tests.attack.crawl import as_table, crawl, routes
from tests.attack.doors import write
from tests.attack.town import Town, on
from tests.attack.trying import draw_up


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reseau-attack-") as folder:
        made: list[Town] = []
        path = Path(folder) / "town.sqlite"
        await built(str(path), made)
        async with on(sqlite_ground(Template(str(path), made[0]), Path(folder))) as ground:
            found = await crawl(ground)
            print(write(await draw_up(ground, found, routes())) if "doors" in sys.argv else as_table(found))


if __name__ == "__main__":
    asyncio.run(main())
