"""The real application as a program of its own, serving the demonstration to the tests in the browser."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import RESEAU, answers, bare_environ, end, free_port

START_SECONDS = 90
TROUBLE = re.compile(r"\b(WARNING|ERROR|CRITICAL|Traceback|[A-Za-z]+Warning)\b")


@dataclass(frozen=True)
class LiveServer:
    """Where the application answers, and what it writes."""

    url: str
    log: Path

    def written(self, since: int = 0) -> str:
        """What the log holds from that byte on."""
        return self.log.read_bytes()[since:].decode(errors="replace")

    def size(self) -> int:
        """How many bytes the log holds now."""
        return self.log.stat().st_size


def troubles(log: str) -> list[str]:
    """The lines of a log that nobody should have to read: warnings, errors, tracebacks."""
    return [line for line in log.splitlines() if TROUBLE.search(line)]


@contextlib.contextmanager
def demonstration(folder: Path, program: Path = RESEAU) -> Iterator[LiveServer]:
    """`reseau demo` on a new embedded database in `folder`, until the block ends.

    Raises RuntimeError with what the program wrote when it ends or keeps silent instead of answering.
    """
    port = free_port()
    server = LiveServer(url=f"http://127.0.0.1:{port}", log=folder / "server.log")
    command = [str(program), "demo", "--port", str(port), "--database", str(folder / "demo.sqlite"), "--fresh"]
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=bare_environ(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers(server.url):
                if process.poll() is not None:
                    raise RuntimeError(f"`reseau demo` ended with {process.returncode}:\n{server.written()}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"`reseau demo` did not answer in {START_SECONDS} s:\n{server.written()}")
                time.sleep(0.1)
            yield server
        finally:
            end(process)
