"""Another program that holds the database of a test, and stands for a backup, a maintenance, a forgotten terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
connection.execute("rollback")
connection.close()
"""


@asynccontextmanager
async def held(url: str) -> AsyncIterator[None]:
    """Nobody else can write, until the block ends. Reading goes on."""
    if url.startswith("sqlite"):
        # A process of its own: SQLite's locks are of a process.
        holder = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            HOLDER,
            url.removeprefix("sqlite:///"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            holder.stdin.close()
            await holder.wait()
        return
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            # What somebody at a terminal has after an `update` that they have not committed, and more.
            await connection.execute("lock table workshop, session, attempt, sign_up in exclusive mode")
            yield
    finally:
        await connection.close()
