"""What the tests of the `reseau` command share."""

from __future__ import annotations

from typing import Any

from app.cli.common import with_database
from app.database import run

KEY = "une clef de trente-deux signes au moins, pour de bon"
Said = tuple[int, str, str]


def rows(url: str, sql: str) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        return await run(sql)

    return with_database(url, read)


def is_one_sentence(written: str) -> bool:
    return len(written.strip().splitlines()) == 1 and written.strip()[0].isupper() and written.strip().endswith(".")
