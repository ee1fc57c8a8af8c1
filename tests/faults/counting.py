"""What a process holds, as Linux counts it: what it leaks is told from outside, whatever it does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Held:
    """At one moment."""

    threads: int
    files: tuple[str, ...]
    """What its descriptors lead to, sockets and pipes without their numbers."""

    def more_than(self, before: Held) -> list[str]:
        """What there is now that was not then."""
        more = [f"{self.threads - before.threads} threads"] if self.threads > before.threads else []
        rest = list(self.files)
        for file in before.files:
            with suppress(ValueError):
                rest.remove(file)
        return more + rest


def held_by(pid: int) -> Held:
    """Threads and descriptors of this process."""
    process = Path("/proc", str(pid))
    files = []
    for each in (process / "fd").iterdir():
        with suppress(OSError):
            files.append(os.readlink(each).partition(":[")[0])
    return Held(len(list((process / "task").iterdir())), tuple(sorted(files)))


def memory_of(pid: int) -> int:
    """Megabytes that it has in memory now."""
    status = Path("/proc", str(pid), "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


async def back_to(before: Held, now: Callable[[], Held], seconds: float = 20) -> list[str]:
    """Wait until it holds no more than before; what it still holds beyond when that does not happen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while (more := now().more_than(before)) and loop.time() < deadline:
        await asyncio.sleep(0.1)
    return more
