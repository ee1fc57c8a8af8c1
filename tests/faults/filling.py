"""Disks that are full, each as it can be had: a small one, a limit of the process, or PostgreSQL's word for it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg comes without types
import pytest

from tests.servers import Server

ROOM_FOR_THE_LOG = 300_000


class SmallDisk:
    """A disk in memory, with a ballast file that leaves no room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    async def fill(self, server: Server) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (65536, 4096, 512):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    async def free(self, server: Server) -> None:
        self._ballast.unlink()


class SmallFiles:
    """The process may make no file any larger: every write beyond fails, wherever the database is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def fill(self, server: Server) -> None:
        self._limit(server, server.log.stat().st_size + ROOM_FOR_THE_LOG)

    async def free(self, server: Server) -> None:
        self._limit(server, resource.RLIM_INFINITY)

    @staticmethod
    def _limit(server: Server, size: int) -> None:
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, hard))


class FullPostgres:
    """PostgreSQL refuses each new row with the words it has for a full disk."""

    async def fill(self, server: Server) -> None:
        await self._done(
            server,
            "create or replace function full_disk() returns trigger language plpgsql as $$ begin "
            "raise exception using errcode = 'disk_full', message = 'could not extend file: No space left on device'; "
            "end $$",
            *(
                f"create trigger full_disk before insert or update on {table} execute function full_disk()"
                for table in ("sign_up", "workshop")
            ),
        )

    async def free(self, server: Server) -> None:
        await self._done(server, *(f"drop trigger full_disk on {table}" for table in ("sign_up", "workshop")))

    @staticmethod
    async def _done(server: Server, *statements: str) -> None:
        connection = await asyncpg.connect(server.database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


Disk = SmallDisk | SmallFiles | FullPostgres


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size in memory; skips the test, saying why, where none may be mounted."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("needs root, to mount a small disk")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True)
    if done.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
