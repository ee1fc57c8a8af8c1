"""Programs that a test starts, kills and waits for, and the settings that they share with it. Quickly imported."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.settings import Settings

SENDER = "Les Tanneurs <bonjour@tanneurs.exemple>"
KEY = "une clef de trente-deux signes au moins, pour de bon"
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0


def settings(url: str | None, **more: Any) -> Settings:
    """Of an installation whose mail server is there."""
    return Settings(smtp_url=url, mail_from=SENDER, base_url="https://reseau.exemple", secret_key=KEY, **more)


class Program:
    """A Python program, which says a word when it is ready."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def says(self, word: str) -> None:
        """Wait until it says this on a line of its own."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := await self.process.stdout.readline():
                if line.decode().strip() == word:
                    return
        raise AssertionError(f"it ended without saying {word}")

    async def line(self) -> str:
        """The next line that it says; empty when it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    async def kill(self) -> None:
        """`kill -9`: it can do nothing about it."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def started(module: str, *args: str, **environ: str) -> AsyncIterator[Program]:
    """`python -m module args` in the project's folder; killed when the block ends, if it has not ended before."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *args,
        cwd=ROOT,
        env={**settings, "RESEAU_ENV_FILE": "", **environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    program = Program(process)
    try:
        yield program
    finally:
        await program.kill()
