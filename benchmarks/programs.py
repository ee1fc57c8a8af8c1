"""The programs of a measure, each a process of its own, and what the kernel says of them.

A program is told what to do in lines of JSON and answers in lines of JSON; the server of the place is `reseau serve` as
anybody starts it. Time of the processor is read in nanoseconds from /proc: on a machine with other work it says more
than the clock on the wall.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parent.parent
RESEAU = Path(sys.executable).with_name("reseau")
KEY = "a key for benchmarks, which guards nobody's data"
_SERVED = re.compile(r"served at http://127\.0\.0\.1:(\d+)")
_STOP = 30


class Failed(Exception):
    """Something was answered wrongly, or not at all. Its text is a sentence."""


def environ(**settings: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs this."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RESEAU_")}
    return {**ours, "RESEAU_ENV_FILE": "", **settings}


class Program:
    """A running program; ended when the block ends."""

    def __init__(self, command: list[str], log: Path, **settings: str) -> None:
        self.log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                cwd=ROOT,
                env=environ(**settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    @classmethod
    def module(cls, name: str, log: Path) -> Program:
        """`python -m name`."""
        return cls([sys.executable, "-m", name], log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def line(self) -> str:
        """The next line that it says. Raises `Failed` when it has ended."""
        found = _pipe(self.process.stdout).readline()
        if not found:
            raise Failed(f"{self.process.args!r} ended. Its log:\n{self.log.read_text(errors='replace')[-3000:]}")
        return found

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Tell it what to do, and wait for what came of it."""
        print(json.dumps(question), file=_pipe(self.process.stdin), flush=True)
        answer: dict[str, Any] = json.loads(self.line())
        return answer


def answer(told: dict[str, Any]) -> None:
    """Say this to whoever asked, in a line and whole: where Python does not buffer (PYTHONUNBUFFERED), its own output
    loses what a full pipe has not taken when a signal comes."""
    line = memoryview(f"{json.dumps(told)}\n".encode())
    while line:
        line = line[os.write(sys.stdout.fileno(), line) :]


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


class Server(Program):
    """`reseau serve` on this database."""

    def __init__(self, database: str, folder: Path, *, workers: int = 1) -> None:
        log = folder / "server.log"
        super().__init__(
            [str(RESEAU), "serve", "--port", "0", "--workers", str(workers)],
            log,
            RESEAU_DATABASE_URL=database,
            RESEAU_SECRET_KEY=KEY,
        )
        served = _SERVED.search(self.line())
        if served is None:
            raise Failed(f"The server does not say where it is: {log}")
        self.port = int(served[1])
        self.base_url = f"http://127.0.0.1:{self.port}"


def tree(pid: int) -> list[int]:
    """The process and all that it started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):  # it has just ended
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def processor_seconds(pid: int) -> float:
    """Time of the processor that the process and all that it started have had, in all their threads."""
    spent = 0
    for each in tree(pid):
        for thread in Path(f"/proc/{each}/task").glob("*/schedstat"):
            try:
                spent += int(thread.read_text().split()[0])
            except OSError:  # it has just ended
                continue
    return spent / 1e9


def memory(pid: int) -> float:
    """MiB (PSS) of the process and all that it started: what is shared by n counts for a n-th in each."""
    kilobytes = 0
    for each in tree(pid):
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        kilobytes += int(rollup.partition("\nPss:")[2].split()[0])
    return kilobytes / 1024
