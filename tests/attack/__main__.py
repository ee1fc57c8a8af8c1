"""`python -m tests.attack`: what the crawler finds in the demonstration, as a table."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.attack.conftest import Template, built, sqlite_ground
from tests.attack.crawl import as_table, crawl
from tests.attack.town import Town, on


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="reseau-attack-") as folder:
        made: list[Town] = []
        path = Path(folder) / "town.sqlite"
        await built(str(path), made)
        async with on(sqlite_ground(Template(str(path), made[0]), Path(folder))) as ground:
            print(as_table(await crawl(ground)))


if __name__ == "__main__":
    asyncio.run(main())
